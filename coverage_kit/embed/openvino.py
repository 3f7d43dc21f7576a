"""The encoder on OpenVINO: only this module knows that library.

A converted model is stored, so that later runs need no torch. Texts with the same number of tokens
are encoded together and nothing is padded. This is the fastest way on a CPU, and the vector of a
text then depends on the text alone, to the last bit, whatever else is encoded with it.
"""

import hashlib
import json
import os
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from coverage_kit.storage.files import replace_folder
from coverage_kit.text.parse import parse_json
from coverage_kit.vectors import Role, Vectors

# Tokens that are encoded together (assumed).
_BATCH_TOKENS = 1024
# Texts whose token ids are held in memory at a time (assumed).
_BLOCK_TEXTS = 4096
# OpenVINO's names of the precisions; fp16 is for GPUs, where torch runs the model.
_HINTS = {"fp32": "f32", "bf16": "bf16"}
# The token ids of one text.
_Ids = tuple[int, ...]
# The largest difference from torch that a number of a vector may have; 0.000001 was measured for
# all-MiniLM-L6-v2.
_MAX_DIFFERENCE = 5e-5
# Texts on which a converted model is compared with the original: empty, short, long, with capitals
# and with letters beyond ASCII.
_PROBES = (
    "",
    "Brake",
    "How do I charge the battery, e.g. in winter?",
    "naïve CAFÉ ﬁn 日本語 🚲\t\n 1,5 €",
    "a long text " * 700,
)


class OpenVinoEncoder:
    """A sentence-transformers model on OpenVINO, for machines without a GPU.

    In fp32 its vectors have the name of those of SentenceTransformerEncoder: no number differs by
    over 0.00005, which is checked when a model is converted (all-MiniLM-L6-v2: 0.000001). In bf16
    its vectors have a name of their own. It computes on as many threads as the process has cores,
    or as OMP_NUM_THREADS says.

    Args:
        model: 'minilm' (the bundled all-MiniLM-L6-v2, verified by its hash) or a model folder.
        precision: 'fp32', or 'bf16' where the processor has it.
        cache: converted models are stored in its folder models, by their hash and the version of
            OpenVINO; by default in the user's cache on this machine, because a model is converted
            once for all projects.

    Raises EncoderError when the model is missing, has the wrong hash, or differs on OpenVINO from
    torch.
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

    @property
    def max_tokens(self) -> int:
        """The most tokens that are read of a text, with those that open and close it."""
        return self._model.max_tokens

    @property
    def passage_prompt(self) -> str:
        """The words that come before a passage; mostly none."""
        return self._model.prompts["passage"]

    @property
    def tokenizer_source(self) -> Path:
        """The file of the tokenizer."""
        return self._model.folder / "tokenizer.json"

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK_TEXTS):
            block = slice(start, start + _BLOCK_TEXTS)
            vectors[block] = self._model.encode(texts[block], role)
        return vectors


@dataclass(frozen=True)
class _Converted:
    """A converted model.

    Its folder holds model.xml, model.bin, tokenizer.json, and the other fields in recipe.json.
    """

    folder: Path
    precision: str
    dimensions: int
    max_tokens: int
    prompts: dict[str, str]

    def encode(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return the vectors of the texts.

        Texts that are the same to the model, such as a text in capitals and in lower case, are
        encoded once.
        """
        rows: dict[_Ids, list[int]] = defaultdict(list)
        prompted_texts = [self.prompts[role] + text for text in texts]
        for row, encoding in enumerate(self._tokenizer.encode_batch_fast(prompted_texts)):
            rows[tuple(encoding.ids)].append(row)
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        batches = list(_batches(rows))
        requests = self._requests
        # The first batch is encoded before any thread starts: OpenVINO's binding sets itself up in
        # its first call, and two calls at once may hang.
        first_result = [_infer(requests, batch) for batch in batches[:1]]
        # These are Python's threads, because the threads of OpenVINO need Python's lock for a
        # callback and may hang while its objects are freed.
        with ThreadPoolExecutor(_count_threads()) as threads:
            other_results = threads.map(partial(_infer, requests), batches[1:])
            for batch, batch_vectors in zip(
                batches, chain(first_result, other_results), strict=True
            ):
                for ids, vector in zip(batch, batch_vectors, strict=True):
                    vectors[rows[ids]] = vector
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 (needed for encoding only)

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.enable_truncation(self.max_tokens)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _requests(self) -> SimpleQueue[Any]:
        """The idle inference requests of the model, one for each thread."""
        core = _openvino().Core()
        n_threads = _count_threads()
        options = {
            # OpenVINO's own choice of precision differs between machines.
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "NUM_STREAMS": str(n_threads),
            "INFERENCE_NUM_THREADS": n_threads,
            # With pinning, several processes would be pinned to the same cores.
            "ENABLE_CPU_PINNING": False,
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
    """Yield texts with the same number of tokens, longest first.

    All threads then end at about the same time.
    """
    by_length: dict[int, list[_Ids]] = defaultdict(list)
    for ids in texts:
        by_length[len(ids)].append(ids)
    for length in sorted(by_length, reverse=True):
        group = by_length[length]
        size = max(1, _BATCH_TOKENS // max(1, length))
        yield from (group[start : start + size] for start in range(0, len(group), size))


def _convert(model: str, folder: Path, precision: str) -> _Converted:
    """Convert a model, compare it with the original, and store it whole or not at all."""
    original = SentenceTransformerEncoder(model)
    opened = original.open_up()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix="unfinished-", ignore_cleanup_errors=True
    ) as scratch:
        converted = _Converted(
            Path(scratch) / "model",
            precision="fp32",
            dimensions=original.dimensions,
            max_tokens=opened.max_tokens,
            prompts=opened.prompts,
        )
        with as_encoder_error(model, "a model that OpenVINO can convert"):
            _write(converted, opened)
            _compare(converted, original)
        # The folder may exist: it is damaged, or another process has just made it.
        if not _read(folder, precision):
            replace_folder(converted.folder, folder)
    return replace(converted, folder=folder, precision=precision)


def _write(converted: _Converted, opened: OpenedModel) -> None:
    with warnings.catch_warnings():
        # Tracing warns that it keeps one branch of the model's code. The comparison shows whether
        # it is the right branch.
        warnings.simplefilter("ignore")
        graph = _openvino().convert_model(opened.module, example_input=(opened.example,))
    _openvino().save_model(graph, converted.folder / "model.xml", compress_to_fp16=False)
    (converted.folder / "tokenizer.json").write_text(opened.tokenizer, encoding="utf-8")
    recipe = {name: getattr(converted, name) for name in ("dimensions", "max_tokens", "prompts")}
    recipe["sha256"] = {file.name: _hash(file) for file in sorted(converted.folder.iterdir())}
    (converted.folder / "recipe.json").write_text(json.dumps(recipe, indent=1), encoding="utf-8")


def _compare(converted: _Converted, original: SentenceTransformerEncoder) -> None:
    for role in get_args(Role):
        difference = float(
            np.abs(converted.encode(_PROBES, role) - original.encode(_PROBES, role)).max()
        )
        if not difference < _MAX_DIFFERENCE:
            raise EncoderError(
                original.model,
                "the vectors of torch from OpenVINO",
                f"a difference of {difference:.2g}",
                'Set match.runtime to "torch".',
            )


def _read(folder: Path, precision: str) -> _Converted | None:
    """Return the converted model in this folder, or None when it is missing or incomplete."""
    try:
        recipe = parse_json((folder / "recipe.json").read_text(encoding="utf-8"))
        hashes = recipe.pop("sha256")
        is_complete = all(_hash(folder / name) == expected for name, expected in hashes.items())
        return _Converted(folder, precision, **recipe) if is_complete else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _count_threads() -> int:
    setting = os.environ.get("OMP_NUM_THREADS", "")
    if setting.isdigit() and int(setting):
        return int(setting)
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
    # Importing OpenVINO starts its telemetry, which writes to the home folder and sends data to its
    # makers, unless this module is missing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # noqa: PLC0415 (half a second to import)

    return openvino
