"""The encoder on OpenVINO: the one place that knows it. A converted model is kept, so that later runs need no torch.

Texts with equally many tokens are encoded together and nothing is padded: this is the fastest way
on a CPU, and the vector of a text then depends on the text alone, to the last bit, whatever else is
encoded with it.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, get_args

import numpy as np
from platformdirs import user_cache_path

from coverage_kit.embed.encoders import (
    BUNDLED,
    OpenedModel,
    SentenceTransformerEncoder,
    as_encoder_error,
    find_model,
    model_name,
)
from coverage_kit.errors import EncoderError
from coverage_kit.vectors import Role, Vectors

_BATCH_TOKENS = 1024
_BLOCK_TEXTS = 4096
_HINTS = {"fp32": "f32", "bf16": "bf16"}
_Ids = tuple[int, ...]
_LARGEST_DIFFERENCE = 5e-5
_PROBES = (
    "",
    "Brake",
    "How do I charge the battery, e.g. in winter?",
    "naïve CAFÉ ﬁn 日本語 🚲\t\n 1,5 €",
    "a long text " * 700,
)


class OpenVinoEncoder:
    """A sentence-transformers model on OpenVINO, for machines without a GPU.

    In fp32 its vectors have the name of SentenceTransformerEncoder's: no number differs by over
    0.00005, which is tried when a model is converted (all-MiniLM-L6-v2: 0.000001). In bf16 they
    have a name of their own. It computes on as many threads as the process has cores, or as
    OMP_NUM_THREADS says.

    Args:
        model: 'minilm' (the bundled all-MiniLM-L6-v2, verified by its hash) or a model folder.
        precision: 'fp32', or 'bf16' where the processor has it.
        cache: converted models are kept in its folder models, by their hash and OpenVINO's version;
            by default the user's cache on this machine, as a model is converted once for all
            projects.

    Raises EncoderError when the model is not there, is not the one it should be, or OpenVINO cannot
    do as torch does.
    """

    def __init__(
        self,
        model: str = BUNDLED,
        precision: Literal["fp32", "bf16"] = "fp32",
        cache: str | Path | None = None,
    ) -> None:
        source = find_model(model)
        if source is None:
            cure = 'Download it and name its folder, or set match.runtime to "torch".'
            raise EncoderError(
                model,
                "a model folder, for OpenVINO",
                "a name on the model hub",
                cure,
            )
        self.precision = precision
        revision = model_name(model, source)
        self.name = revision if precision == "fp32" else f"{revision} {precision}"
        folder = (
            Path(cache or user_cache_path("coverage_kit"))
            / "models"
            / f"{revision}-openvino-{_version()}"
        )
        self._model = _read(folder, precision) or _convert(model, folder, precision)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._model.dimensions

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK_TEXTS):
            block = slice(start, start + _BLOCK_TEXTS)
            vectors[block] = self._model.encode(texts[block], role)
        return vectors


@dataclass(frozen=True)
class _Converted:
    """A converted model: its folder holds model.xml, model.bin, tokenizer.json, and the other fields as recipe.json."""

    folder: Path
    precision: str
    dimensions: int
    max_tokens: int
    prompts: dict[str, str]

    def encode(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return the texts' vectors; what is the same to the model, such as text in capitals and without, is encoded once."""
        rows: dict[_Ids, list[int]] = defaultdict(list)
        for row, encoding in enumerate(
            self._tokenizer.encode_batch_fast([self.prompts[role] + text for text in texts])
        ):
            rows[tuple(encoding.ids)].append(row)
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        batches = list(_batches(rows))
        requests = self._requests
        # the first batch before any thread: OpenVINO's binding sets itself up in its first call,
        # and two at once may hang
        first = [_infer(requests, batch) for batch in batches[:1]]
        # threads of ours, since OpenVINO's own need Python's lock for a callback and may hang while
        # its objects are let go
        with ThreadPoolExecutor(_count_threads()) as threads:
            others = threads.map(partial(_infer, requests), batches[1:])
            for batch, found in zip(batches, chain(first, others), strict=True):
                for ids, vector in zip(batch, found, strict=True):
                    vectors[rows[ids]] = vector
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.enable_truncation(self.max_tokens)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _requests(self) -> SimpleQueue[Any]:
        """The idle places at which the model computes: one a thread."""
        core = _openvino().Core()
        n_threads = _count_threads()
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[
                self.precision
            ],  # its own choice differs between machines
            "NUM_STREAMS": str(n_threads),
            "INFERENCE_NUM_THREADS": n_threads,
            "ENABLE_CPU_PINNING": False,  # processes side by side would be pinned to the same cores
        }
        compiled = core.compile_model(core.read_model(self.folder / "model.xml"), "CPU", options)
        requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(n_threads):
            requests.put(compiled.create_infer_request())
        return requests


def _infer(requests: SimpleQueue[Any], batch: list[_Ids]) -> Vectors:
    request = requests.get()
    try:
        return np.asarray(request.infer([np.array(batch, dtype=np.int64)])[0])
    finally:
        requests.put(request)


def _batches(texts: Iterable[_Ids]) -> Iterator[list[_Ids]]:
    """Yield texts with equally many tokens, longest first: the threads then end at about the same time."""
    by_length: dict[int, list[_Ids]] = defaultdict(list)
    for ids in texts:
        by_length[len(ids)].append(ids)
    for length in sorted(by_length, reverse=True):
        same = by_length[length]
        size = max(1, _BATCH_TOKENS // max(1, length))
        yield from (same[start : start + size] for start in range(0, len(same), size))


def _convert(model: str, folder: Path, precision: str) -> _Converted:
    """Convert a model, compare it with the original, and put it in place whole or not at all."""
    original = SentenceTransformerEncoder(model)
    opened = original.open_up()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix="unfinished-", ignore_cleanup_errors=True
    ) as scratch:
        made = _Converted(
            Path(scratch) / "model",
            "fp32",
            original.dimensions,
            opened.max_tokens,
            opened.prompts,
        )
        with as_encoder_error(model, "a model that OpenVINO can convert"):
            _write(made, opened)
            _compare(made, original)
        with suppress(
            OSError
        ):  # the folder is there: broken, or put there by another process meanwhile
            made.folder.rename(folder)
        if not _read(folder, precision):
            shutil.rmtree(folder, ignore_errors=True)
            made.folder.rename(folder)
    return replace(made, folder=folder, precision=precision)


def _write(made: _Converted, opened: OpenedModel) -> None:
    with warnings.catch_warnings():
        # tracing warns that it keeps one branch of the model's code; the comparison tells whether
        # it is the right one
        warnings.simplefilter("ignore")
        graph = _openvino().convert_model(opened.module, example_input=(opened.example,))
    _openvino().save_model(graph, made.folder / "model.xml", compress_to_fp16=False)
    (made.folder / "tokenizer.json").write_text(opened.tokenizer, encoding="utf-8")
    recipe = {name: getattr(made, name) for name in ("dimensions", "max_tokens", "prompts")}
    recipe["sha256"] = {file.name: _hash(file) for file in sorted(made.folder.iterdir())}
    (made.folder / "recipe.json").write_text(json.dumps(recipe, indent=1), encoding="utf-8")


def _compare(made: _Converted, original: SentenceTransformerEncoder) -> None:
    for role in get_args(Role):
        difference = float(
            np.abs(made.encode(_PROBES, role) - original.encode(_PROBES, role)).max()
        )
        if not difference < _LARGEST_DIFFERENCE:
            found = f"a difference of {difference:.2g}"
            raise EncoderError(
                original.model,
                "the vectors of torch from OpenVINO",
                found,
                'Set match.runtime to "torch".',
            )


def _read(folder: Path, precision: str) -> _Converted | None:
    """Return the converted model in this folder, or None when it is not there whole."""
    try:
        recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        hashes = recipe.pop("sha256")
        is_whole = all(_hash(folder / name) == expected for name, expected in hashes.items())
        return _Converted(folder, precision, **recipe) if is_whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _count_threads() -> int:
    wish = os.environ.get("OMP_NUM_THREADS", "")
    if wish.isdigit() and int(wish):
        return int(wish)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version() -> str:
    try:
        return version("openvino")
    except PackageNotFoundError:
        cure = 'pip install "coverage_kit[fast]", or set match.runtime to "torch".'
        raise EncoderError(
            "match.runtime", "the library openvino", "no such library", cure
        ) from None


def _openvino() -> Any:
    # importing OpenVINO starts its telemetry, which writes to the home folder and calls home,
    # unless this module is missing
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
