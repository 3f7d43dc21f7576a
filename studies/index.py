"""A large index against exact search: seconds to build and search, bytes and recall@10.

No public set holds a million passages. So real vectors are spread: each new vector is a real vector
moved by random shares of the way towards three of its ten nearest. That keeps it among texts that
could be written about the same subjects, and as near to its neighbours as real texts are to theirs.
`near_real` and `near_spread` show how well that works: the mean cosine of a query with its nearest
and its tenth passage, for the real vectors and for as many spread vectors.
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
# Neighbours towards which a vector is moved, and the largest share of the way (both assumed).
_MIXED = 3
_REACH = 0.7
# Vectors that are made at a time.
_BLOCK = 50_000

Result = TypeVar("Result")


def read_vectors(folders: list[Path], encoder: Encoder) -> tuple[Vectors, Vectors]:
    """Return the vectors of the passages and of the queries of these sets."""
    sets = [read_set(folder, encoder) for folder in folders]
    passages = np.concatenate([bench.passage_vectors.vectors for bench in sets])
    queries = np.concatenate([bench.query_vectors.vectors for bench in sets])
    return passages, queries


def measure_index(
    passages: Vectors,
    real_queries: Vectors,
    n: int = 1_000_000,
    n_queries: int = 10_000,
) -> dict[str, Any]:
    """Return seconds, bytes and recall@10 of `NeighborIndex` against exact search.

    The index holds n passages spread from these.
    """
    vectors = spread(passages, n, seed=0)
    queries = spread(real_queries, n_queries, seed=1)
    figures: dict[str, Any] = {
        "n": n,
        "n_queries": n_queries,
        "exact_bytes": vectors.nbytes,
    }
    figures["near_real"] = _nearness(real_queries, passages)
    figures["near_spread"] = _nearness(queries, vectors[: len(passages)])
    with TemporaryDirectory() as folder:
        index = NeighborIndex(vectors, Path(folder), exact_pairs=0)
        first, approximate = _clock(lambda: index.search(queries, _NEIGHBORS))
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
        "recall_at_10": float((approximate[0] >= nearest[0][:, -1:] - 1e-6).mean()),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


def spread(real: Vectors, n: int, seed: int) -> Vectors:
    """Return n unit vectors, each a real one moved towards three of its ten nearest."""
    rng = np.random.default_rng(seed)
    neighbors = nearest_rows(real, real, _NEIGHBORS + 1)[1][:, 1:]
    vectors = np.empty((n, real.shape[1]), np.float32)
    for first in range(0, n, _BLOCK):
        start = rng.integers(len(real), size=min(_BLOCK, n - first))
        moved = real[start].copy()
        for _ in range(_MIXED):
            towards = neighbors[start, rng.integers(neighbors.shape[1], size=len(start))]
            moved += rng.uniform(0, _REACH, (len(start), 1)).astype(np.float32) * (
                real[towards] - real[start]
            )
        vectors[first : first + len(start)] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return vectors


def _nearness(queries: Vectors, passages: Vectors) -> list[float]:
    similarity = nearest_rows(queries, passages, _NEIGHBORS)[0]
    return [round(float(similarity[:, column].mean()), 3) for column in (0, -1)]


def _clock(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
