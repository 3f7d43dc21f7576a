"""A large index against exact search: seconds to build and search, bytes and recall@10, on made-up neighbours of real texts.

No public set holds a million passages. So real vectors are spread: each new one is a real one moved
by random shares of the way towards three of its ten nearest, which keeps it among texts that could
be written about the same things, and as near to its neighbours as real texts are to theirs.
`near_real` and `near_spread` say how well that went: the mean cosine of a query with its nearest
and its tenth passage, of the real ones and of as many spread ones.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from benchmarks.sets import read_set
from coverage_kit.match.neighbors import NeighborIndex, nearest_rows
from coverage_kit.vectors import Encoder, Vectors

_NEIGHBORS = 10
_MIXED = 3
_REACH = 0.7
_BLOCK = 50_000

Found = TypeVar("Found")


def read_vectors(folders: list[Path], encoder: Encoder) -> tuple[Vectors, Vectors]:
    """Return the vectors of the passages and of the queries of these sets."""
    sets = [read_set(folder, encoder) for folder in folders]
    return np.concatenate([one.content.vectors for one in sets]), np.concatenate(
        [one.asked.vectors for one in sets]
    )


def measure_index(
    passages: Vectors,
    asked: Vectors,
    n: int = 1_000_000,
    n_queries: int = 10_000,
) -> dict[str, Any]:
    """Return seconds, bytes and recall@10 of `NeighborIndex`, against exact search, for n passages spread from these."""
    vectors = spread(passages, n, seed=0)
    queries = spread(asked, n_queries, seed=1)
    figures: dict[str, Any] = {
        "n": n,
        "n_queries": n_queries,
        "exact_bytes": vectors.nbytes,
    }
    figures["near_real"], figures["near_spread"] = (
        _nearness(asked, passages),
        _nearness(queries, vectors[: len(passages)]),
    )
    with TemporaryDirectory() as folder:
        index = NeighborIndex(vectors, Path(folder), exact_pairs=0)
        first, found = _clock(lambda: index.search(queries, _NEIGHBORS))
        again, _ = _clock(lambda: index.search(queries, _NEIGHBORS))
        opened, _ = _clock(
            lambda: NeighborIndex(vectors, Path(folder), exact_pairs=0).search(queries, _NEIGHBORS)
        )
        figures["disk_bytes"] = sum(file.stat().st_size for file in Path(folder).iterdir())
    exact, nearest = _clock(
        lambda: NeighborIndex(vectors, exact_pairs=n * n_queries).search(queries, _NEIGHBORS)
    )
    about = index.about
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return figures | {
        "kind": about.kind,
        "n_probed": about.n_probed,
        "index_bytes": about.n_bytes,
        "build_seconds": about.build_seconds,
        "first_seconds": first,
        "search_seconds": again,
        "reopened_seconds": opened,
        "exact_seconds": exact,
        "recall_at_10_of_sample": about.recall_at_10,
        "recall_at_10": float((found[0] >= nearest[0][:, -1:] - 1e-6).mean()),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


def spread(real: Vectors, n: int, seed: int) -> Vectors:
    """Return n unit vectors, each a real one moved towards three of its ten nearest."""
    rng = np.random.default_rng(seed)
    near = nearest_rows(real, real, _NEIGHBORS + 1)[1][:, 1:]
    vectors = np.empty((n, real.shape[1]), np.float32)
    for at in range(0, n, _BLOCK):
        start = rng.integers(len(real), size=min(_BLOCK, n - at))
        moved = real[start].copy()
        for _ in range(_MIXED):
            towards = near[start, rng.integers(near.shape[1], size=len(start))]
            moved += rng.uniform(0, _REACH, (len(start), 1)).astype(np.float32) * (
                real[towards] - real[start]
            )
        vectors[at : at + len(start)] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return vectors


def _nearness(queries: Vectors, passages: Vectors) -> list[float]:
    similarity = nearest_rows(queries, passages, _NEIGHBORS)[0]
    return [round(float(similarity[:, place].mean()), 3) for place in (0, -1)]


def _clock(work: Callable[[], Found]) -> tuple[float, Found]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
