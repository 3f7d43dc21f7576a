"""Embeddings (ids, unit vectors and the name of their encoder), and the protocols of encoders."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from coverage_kit.errors import EncoderError

Role = Literal["query", "passage"]
Vectors = npt.NDArray[np.float32]
P = ParamSpec("P")
R = TypeVar("R")


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """Name and revision: vectors with equal names may be compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions).

        Some encoders treat queries (`role="query"`) and passages that may answer them
        (`role="passage"`) differently.
        """
        ...


class PairScorer(Protocol):
    """Anything that scores how well a passage answers a query by reading both: a cross-encoder."""

    @property
    def name(self) -> str:
        """Name and revision."""
        ...

    def score(self, queries: Sequence[str], passages: Sequence[str]) -> Vectors:
        """Return one score a pair: float32, shape (len(queries),).

        A higher score means a better answer.
        """
        ...


@dataclass(frozen=True)
class Embeddings:
    """Unit vectors (float32, shape (n, dimensions)) with one id each and the name of their encoder.

    Raises EncoderError when a vector is not of unit length, or when there is not one vector an id.
    """

    ids: tuple[str, ...]
    vectors: Vectors
    encoder: str

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.ids):
            raise EncoderError(
                "Embeddings",
                f"one vector for each of {len(self.ids)} ids",
                f"shape {self.vectors.shape}",
                "Embed again.",
            )
        lengths = np.linalg.norm(self.vectors, axis=1)
        # Encoders that compute in 16 bits round; a vector off by more was not normalised. Assumed.
        if len(lengths) and not np.allclose(lengths, 1, atol=1e-3):
            worst = float(lengths[np.argmax(np.abs(lengths - 1))])
            raise EncoderError(
                "Embeddings",
                "vectors of length 1",
                f"length {worst:.3f}",
                "Normalise them first.",
            )

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, ids: Sequence[str]) -> "Embeddings":
        """Return the embeddings of these ids, in this order. Raises KeyError for an unknown id."""
        row_of_id = {vector_id: row for row, vector_id in enumerate(self.ids)}
        return Embeddings(
            tuple(ids),
            self.vectors[[row_of_id[vector_id] for vector_id in ids]],
            self.encoder,
        )

    def similarity(self, other: "Embeddings") -> Vectors:
        """Return the cosine of each vector with each of `other`, shape (len(self), len(other)).

        Raises EncoderError when different encoders made them.
        """
        if self.encoder != other.encoder:
            raise EncoderError(
                "similarity",
                f"vectors of {self.encoder}",
                other.encoder,
                "Embed both with one encoder.",
            )
        return np.asarray(self.vectors @ other.vectors.T, dtype=np.float32)


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with its matrix products on one thread.

    The last digits of such sums depend on how many threads share them, and a fit makes them larger.
    So what is fitted on one thread is the same on every number of cores.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return wrapper


def to_unit_length(vectors: npt.NDArray[Any], fallback: Vectors | None = None) -> Vectors:
    """Return the vectors at unit length: float32, shape (n, dimensions).

    A zero vector, which has no direction, becomes the row of `fallback`, by default the first axis.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if fallback is None:
        fallback = np.eye(1, vectors.shape[1], dtype=np.float32)
    # Sums of unit vectors that cancel out leave lengths of rounding errors, far below 1e-6.
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), fallback).astype(
        np.float32
    )


def cosines(vectors: Vectors, other_vectors: Vectors) -> Vectors:
    """Return the cosines of unit vectors with other unit vectors, rounded to 6 decimals.

    The shape is (len(vectors), len(other_vectors)). The sums are made in double precision, because
    the last digits of a product in single precision depend on its shape and on the processor.
    """
    return np.asarray(
        np.round(vectors.astype(np.float64) @ other_vectors.T.astype(np.float64), 6),
        dtype=np.float32,
    )


def embed_texts(
    ids: Iterable[str],
    texts: Iterable[str],
    encoder: Encoder,
    role: Role = "passage",
) -> Embeddings:
    """Return the embeddings of texts (one id each, same order) by this encoder."""
    return Embeddings(tuple(ids), encoder.encode(list(texts), role), encoder.name)
