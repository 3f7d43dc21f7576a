"""Static vectors, the fast tier for very large logs: only this module knows model2vec.

The vector of a text is the mean of the vectors of its tokens, which are distilled from an encoder
once, in about a minute. This is hundreds of times faster than the encoder and much coarser: it
serves to group near-duplicate queries, and not to match them (docs/method.md).
"""

import contextlib
import hashlib
import io
import logging
import re
import tempfile
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from coverage_kit.embed.encoders import (
    BUNDLED,
    as_encoder_error,
    find_model,
    model_name,
)
from coverage_kit.errors import EncoderError
from coverage_kit.storage.digests import find_damage, write_manifest
from coverage_kit.storage.files import replace_folder
from coverage_kit.vectors import Role, Vectors

# The number of dimensions that docs/method.md measures.
_DIMENSIONS = 256
# The file of a distilled model that shows, where it exists, that distilling has ended.
_WEIGHTS = "model.safetensors"

logger = logging.getLogger(__name__)


class StaticEncoder:
    """Static vectors distilled from an encoder, which encodes queries and passages in the same way.

    Args:
        model: the encoder: 'minilm' (bundled), a model folder, or a name on the model hub.
        cache: the distilled model is stored in its folder 'static'; by default in the user's cache
            on this machine.

    Raises EncoderError when model2vec is not installed or cannot distil the model.
    """

    def __init__(self, model: str = BUNDLED, cache: str | Path | None = None) -> None:
        if not all(map(find_spec, ("model2vec", "skeletoken"))):
            cure = 'pip install "coverage_kit[large]"'
            raise EncoderError(
                "static vectors",
                "the libraries model2vec and skeletoken",
                "no such library",
                cure,
            )
        self.model = model
        self._source = find_model(model)
        self._label = model_name(model, self._source) if self._source else model
        self.folder = (
            Path(cache or user_cache_path("coverage_kit"))
            / "static"
            / re.sub(r"[^\w.@-]", "_", self._label)
        )

    @cached_property
    def name(self) -> str:
        """Name of the vectors.

        It holds the encoder's name and revision, the number of dimensions, and the hash of the
        distilled model.
        """
        self._distil_once()
        with (self.folder / _WEIGHTS).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return f"static of {self._label} {self.dimensions}d@{digest[:12]}"

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._loaded.dim)

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions).

        A text without tokens has the unit vector of the first axis.
        """
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        vectors = np.asarray(
            self._loaded.encode(list(texts), use_multiprocessing=False),
            dtype=np.float32,
        )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(lengths, 1e-9)
        vectors[lengths[:, 0] < 1e-9] = np.eye(1, self.dimensions, dtype=np.float32)
        return vectors

    @cached_property
    def _loaded(self) -> Any:
        from model2vec import StaticModel  # noqa: PLC0415 (half a second to import)

        self._distil_once()
        with as_encoder_error(str(self.folder), "a model that model2vec can load"):
            return StaticModel.from_pretrained(self.folder, force_download=False)

    def _distil_once(self) -> None:
        """Distil the model unless that is done, and store it whole or not at all."""
        if find_damage(self.folder) is None:
            return
        from model2vec.distill import distill  # noqa: PLC0415 (seconds to import)

        logger.info(
            "distilling static vectors from %s; this happens once and takes about a minute",
            self._label,
        )
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=self.folder.parent, ignore_cleanup_errors=True
        ) as scratch:
            unfinished = Path(scratch) / "model"
            with (
                as_encoder_error(self.model, "a model that model2vec can distil"),
                _quiet(),
            ):
                source = str(self._source or self.model)
                distill(
                    source,
                    device="cpu",
                    pca_dims=_DIMENSIONS,
                    quantize_to="float32",
                ).save_pretrained(unfinished)
                write_manifest(unfinished, 1)
            # Another process may have stored it in the meantime.
            if find_damage(self.folder) is not None:
                replace_folder(unfinished, self.folder)


def _quiet() -> contextlib.AbstractContextManager[Any]:
    """Hide the progress bar, which model2vec always shows."""
    return contextlib.redirect_stderr(io.StringIO())
