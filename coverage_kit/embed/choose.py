"""Which encoder runs on this machine: a GPU through torch, else OpenVINO where it is installed, else torch."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from coverage_kit.embed.encoders import (
    BUNDLED,
    Precision,
    SentenceTransformerEncoder,
    find_gpu,
    find_model,
    has_native_bf16,
)
from coverage_kit.embed.openvino import OpenVinoEncoder
from coverage_kit.errors import EncoderError
from coverage_kit.vectors import Encoder

Runtime = Literal["torch", "openvino"]

_GPU_BATCH = 256
_CPU_BATCH = 16
_log = logging.getLogger(__name__)


def choose_encoder(
    model: str = BUNDLED,
    runtime: Runtime | Literal["auto"] = "auto",
    precision: Precision | Literal["auto"] = "auto",
    cache: str | Path | None = None,
) -> Encoder:
    """Return the fastest encoder that this machine has for a model, within what is wished for.

    Args:
        model: 'minilm' (bundled), a model folder, or a name on the model hub.
        runtime: 'auto': torch on a GPU, else OpenVINO where it is installed and can run the model,
            else torch.
        precision: 'auto': fp16 on a GPU, else bf16 where the processor has it, else fp32.
        cache: models converted for OpenVINO are kept in its folder models; by default the user's
            cache on this machine.

    Raises EncoderError when a wish cannot be met on this machine, or the model cannot be had.
    """
    gpu = None if runtime == "openvino" else find_gpu()
    chosen = _choose_precision(precision, gpu)
    wants_openvino = runtime == "openvino" or (
        runtime == "auto" and not gpu and find_spec("openvino")
    )
    if wants_openvino and chosen != "fp16":
        try:
            return OpenVinoEncoder(model, chosen, cache)
        except EncoderError as error:
            find_model(
                model
            )  # a model that is not there, or not the one it should be, is no matter of runtimes
            if runtime == "openvino":
                raise
            _log.warning(
                "OpenVINO does not run this model, torch does, slower: %s",
                error,
            )
    return SentenceTransformerEncoder(model, _GPU_BATCH if gpu else _CPU_BATCH, chosen)


def _choose_precision(wish: Precision | Literal["auto"], gpu: str | None) -> Precision:
    if wish == "auto":
        return "fp16" if gpu else "bf16" if has_native_bf16() else "fp32"
    cure = 'Set match.precision to "auto" or "fp32".'
    if wish == "fp16" and not gpu:
        raise EncoderError("match.precision", "fp16 on a GPU", "no GPU", cure)
    if wish == "bf16" and not gpu and not has_native_bf16():
        raise EncoderError(
            "match.precision",
            "bf16 on a processor that has it",
            "a processor without avx512_bf16 or amx_bf16",
            cure,
        )
    return wish
