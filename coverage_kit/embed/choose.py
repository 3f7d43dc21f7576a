"""Choose the encoder for this machine.

It is torch on a GPU, or else OpenVINO where that is installed, or else torch.
"""

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

# Texts that are encoded together on a GPU (assumed).
_GPU_BATCH = 256
# Small batches are fastest on a CPU.
_CPU_BATCH = 16
_log = logging.getLogger(__name__)


def choose_encoder(
    model: str = BUNDLED,
    runtime: Runtime | Literal["auto"] = "auto",
    precision: Precision | Literal["auto"] = "auto",
    cache: str | Path | None = None,
) -> Encoder:
    """Return the fastest encoder that this machine has for a model, within the given settings.

    Args:
        model: 'minilm' (bundled), a model folder, or a name on the model hub.
        runtime: 'auto': torch on a GPU, or else OpenVINO where it is installed and can run the
            model, or else torch.
        precision: 'auto': fp16 on a GPU, or else bf16 where the processor has it, or else fp32.
        cache: models converted for OpenVINO are stored in its folder models; by default in the
            user's cache on this machine.

    Raises EncoderError when this machine cannot meet a setting, or the model is not available.
    """
    gpu = None if runtime == "openvino" else find_gpu()
    chosen_precision = _choose_precision(precision, gpu)
    wants_openvino = runtime == "openvino" or (
        runtime == "auto" and not gpu and find_spec("openvino")
    )
    if wants_openvino and chosen_precision != "fp16":
        try:
            return OpenVinoEncoder(model, chosen_precision, cache)
        except EncoderError as error:
            # Another runtime does not help where the model is missing or is not the right model.
            find_model(model)
            if runtime == "openvino":
                raise
            _log.warning(
                "OpenVINO cannot run this model, so torch runs it, more slowly: %s",
                error,
            )
    return SentenceTransformerEncoder(model, _GPU_BATCH if gpu else _CPU_BATCH, chosen_precision)


def _choose_precision(setting: Precision | Literal["auto"], gpu: str | None) -> Precision:
    if setting == "auto":
        if gpu:
            return "fp16"
        return "bf16" if has_native_bf16() else "fp32"
    cure = 'Set match.precision to "auto" or "fp32".'
    if setting == "fp16" and not gpu:
        raise EncoderError("match.precision", "fp16 on a GPU", "no GPU", cure)
    if setting == "bf16" and not gpu and not has_native_bf16():
        raise EncoderError(
            "match.precision",
            "bf16 on a processor that has it",
            "a processor without avx512_bf16 or amx_bf16",
            cure,
        )
    return setting
