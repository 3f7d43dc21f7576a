"""Nearest neighbours: the one place that knows FAISS. Search is exact up to a stated size, then measured against exact."""

import hashlib
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import faiss
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from coverage_kit.tables import MATCHES, Matches, Passages, checked
from coverage_kit.vectors import Embeddings, Vectors

EXACT_VECTORS = 5000
EXACT_PAIRS = 1_000_000_000
RECALL = 0.985
_SAMPLE = 500
_FEWEST_LISTS = 4
_TRAINING = 50
_ROUNDS = 6

Rows = npt.NDArray[np.int64]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexFacts:
    """What is known of an index.

    Its kind (FAISS's name, or "exact"), number of vectors, lists of vectors read a query, share of
    the ten exact nearest that it finds (measured on at most 500 of the queries searched), bytes
    held beside the vectors, seconds to build it, and whether it was read from disk instead.
    """

    kind: str
    n_vectors: int
    n_probed: int = 0
    recall_at_10: float = 1.0
    n_bytes: int = 0
    build_seconds: float = 0.0
    is_reused: bool = False


class NeighborIndex:
    """Finds the nearest of many unit vectors, shape (n, dimensions).

    Exact up to 5,000 vectors, and while queries times vectors are at most `exact_pairs`. Beyond,
    vectors are put in about 2 sqrt(n) lists in half precision (IVF), and as many of the lists
    nearest to a query are read as it takes to find the share `recall` of the ten exact nearest.
    Cosines are always computed from the vectors themselves.

    Args:
        vectors: the vectors to search; they are not copied.
        folder: where an index is kept for the next run, under the digest of the vectors; None keeps
            none.
        exact_pairs: by default a billion: 20,000 queries in 50,000 passages.
        recall: by default .985.
    """

    def __init__(
        self,
        vectors: Vectors,
        folder: Path | None = None,
        exact_pairs: int = EXACT_PAIRS,
        recall: float = RECALL,
    ) -> None:
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self.folder = folder
        self.exact_pairs = exact_pairs
        self.recall = recall
        self.about = IndexFacts("exact", len(vectors))

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, Rows]:
        """Return the k largest cosines of each query, shape (len(queries), min(k, n)), nearest first, and the vectors' rows.

        Cosines are rounded to 6 decimals, beyond which they depend on the batch in which a text was
        encoded; equal ones are in order of row. `about` says how they were found.
        """
        k = min(k, len(self.vectors))
        n = len(self.vectors)
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if k == 0 or not len(queries):
            return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
        if n <= EXACT_VECTORS or n * len(queries) <= self.exact_pairs:
            self.about = IndexFacts("exact", n)
            return _ordered(*self._exact(queries, k))
        self._probe_enough(queries)
        logger.info("%s", self.about)
        return _ordered(*self._approximate(queries, k))

    def _exact(self, queries: Vectors, k: int) -> tuple[Vectors, Rows]:
        similarity, rows = faiss.knn(queries, self.vectors, k, faiss.METRIC_INNER_PRODUCT)
        return similarity, rows

    def _approximate(self, queries: Vectors, k: int) -> tuple[Vectors, Rows]:
        _, rows = self._index[0].search(queries, k)
        similarity = np.empty(rows.shape, np.float32)
        pointers = (faiss.swig_ptr(array) for array in (similarity, queries, self.vectors, rows))
        faiss.fvec_inner_products_by_idx(  # type: ignore[attr-defined]  # its types leave this out
            *pointers, queries.shape[1], len(queries), k
        )
        short = np.flatnonzero(rows[:, -1] < 0)  # the lists read held fewer than k
        if len(short):
            similarity[short], rows[short] = self._exact(queries[short], k)
        return similarity, rows

    def _probe_enough(self, queries: Vectors) -> None:
        """Read as many lists as the recall asks for, of a sample of these queries."""
        index, facts = self._index
        sample = queries[np.unique(np.linspace(0, len(queries) - 1, _SAMPLE).astype(np.int64))]
        tenth = (
            self._exact(sample, 10)[0][:, -1:] - 1e-6
        )  # a copy of what is among the ten is as good
        index.nprobe = _FEWEST_LISTS
        recall = 0.0
        while recall < self.recall and index.nprobe < index.nlist:
            index.nprobe *= 2
            recall = float((self._approximate(sample, 10)[0] >= tenth).mean())
        self.about = replace(facts, n_probed=index.nprobe, recall_at_10=round(recall, 4))

    @cached_property
    def _index(self) -> tuple[Any, IndexFacts]:
        """The index of lists and what is known of it: read from disk where it was kept, else built and kept."""
        path = self.folder / f"{_digest(self.vectors)}.faiss" if self.folder else None
        start = time.perf_counter()
        kept = _read(path) if path else None
        index = _built(self.vectors) if kept is None else kept
        seconds = time.perf_counter() - start
        if path and kept is None:
            _write(index, path)
        kind = f"IVF{index.nlist},SQfp16"
        n_bytes = index.ntotal * (index.code_size + 8) + index.nlist * index.d * 4
        return index, IndexFacts(
            kind, len(self.vectors), 0, 0.0, n_bytes, seconds, kept is not None
        )


@dataclass
class Indexes:
    """Opens indexes by name, keeps those that are not exact in `folder`, and remembers what was chosen: `about[name]`."""

    folder: Path | None = None
    about: dict[str, IndexFacts] = field(default_factory=dict)

    def search(self, name: str, vectors: Vectors, others: Vectors, k: int) -> tuple[Vectors, Rows]:
        """Return `nearest_rows(vectors, others, k)`."""
        index = NeighborIndex(others, self.folder / quote(name, safe="") if self.folder else None)
        found = index.search(vectors, k)
        self.about[name] = index.about
        return found


def nearest_rows(vectors: Vectors, others: Vectors, k: int) -> tuple[Vectors, Rows]:
    """Return the k largest cosines of each vector with the others, and the others' rows, as `NeighborIndex.search` does."""
    return NeighborIndex(others).search(vectors, k)


def best_similarity(
    embeddings: Embeddings, others: Embeddings, among: Iterable[str]
) -> npt.NDArray[np.float64]:
    """Return the similarity of each embedding to the nearest of the others with these ids; nan where there is none."""
    similarity, _ = nearest_rows(embeddings.vectors, _vectors_of(others, list(among)), 1)
    return (
        similarity[:, 0].astype(np.float64)
        if similarity.shape[1]
        else np.full(len(embeddings), np.nan)
    )


@checked
def nearest_passages(
    queries: Embeddings,
    passages: Passages,
    embeddings: Embeddings,
    own_site: str,
    k: tuple[int, int] = (100, 5),
    indexes: Indexes | None = None,
) -> Matches:
    """Return each query's nearest passages, searched in each site separately.

    One search over all sites would hide the worst gaps: no own passage would be among the
    neighbours.

    Args:
        queries: query embeddings.
        passages: the passages of all sites.
        embeddings: their embeddings, by passage_id.
        own_site: the own site's name.
        k: neighbours kept of the own site, and of each other site.
        indexes: opens the index of each site, and remembers what was chosen; by default none is
            kept.
    """
    queries.similarity(embeddings.select([]))  # raises where the encoders differ
    indexes = indexes or Indexes()
    parts = []
    for site, group in passages.groupby("site", sort=True):
        ids = list(group["passage_id"])
        found = indexes.search(
            str(site),
            queries.vectors,
            _vectors_of(embeddings, ids),
            k[0] if site == own_site else k[1],
        )
        parts.append(_match_rows(queries.ids, ids, str(site), found))
    matches = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return matches if len(matches) else MATCHES.empty()


def _match_rows(
    query_ids: tuple[str, ...],
    passage_ids: list[str],
    site: str,
    found: tuple[Vectors, Rows],
) -> pd.DataFrame:
    (n, k), (similarity, rows) = found[0].shape, found
    return pd.DataFrame(
        {
            "query_id": _texts_at(list(query_ids), np.repeat(np.arange(n), k)),
            "passage_id": _texts_at(passage_ids, rows.ravel()),
            "site": _texts_at([site], np.zeros(n * k, np.int64)),
            "rank": np.tile(np.arange(1, k + 1), n),
            "similarity": similarity.ravel().astype(np.float64),
        }
    )


def _texts_at(texts: list[str], rows: Rows) -> "pd.Series[str]":
    # pandas' own take needs ten times as long, and lists of Python strings ten times the memory
    return pd.Series(pa.array(texts, pa.large_string()).take(pa.array(rows)), dtype="str")


def _vectors_of(embeddings: Embeddings, ids: list[str]) -> Vectors:
    """Return the vectors of these ids: a view where they stand together, as those of a site mostly do."""
    rows = pd.Index(embeddings.ids, dtype="str").get_indexer(pd.Index(ids, dtype="str"))
    if len(rows) and rows.min() < 0:
        raise KeyError(ids[int(rows.argmin())])
    is_together = len(rows) > 0 and bool((np.diff(rows) == 1).all())
    return (
        embeddings.vectors[rows[0] : rows[0] + len(rows)]
        if is_together
        else embeddings.vectors[rows]
    )


def _ordered(similarity: Vectors, rows: Rows) -> tuple[Vectors, Rows]:
    """Return cosines rounded to 6 decimals, largest first, equal ones in order of row."""
    similarity = np.clip(np.round(similarity, 6), -1, 1)
    step = similarity[:, 1:] - similarity[:, :-1]
    amiss = np.flatnonzero(((step > 0) | ((step == 0) & (rows[:, 1:] < rows[:, :-1]))).any(axis=1))
    order = np.lexsort((rows[amiss], -similarity[amiss]), axis=1)
    similarity[amiss] = np.take_along_axis(similarity[amiss], order, 1)
    rows[amiss] = np.take_along_axis(rows[amiss], order, 1)
    return similarity, rows


def _built(vectors: Vectors) -> Any:
    n_lists = 1 << round(np.log2(2 * np.sqrt(len(vectors))))
    index: Any = faiss.index_factory(
        vectors.shape[1], f"IVF{n_lists},SQfp16", faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = _ROUNDS
    index.train(vectors[:: max(1, len(vectors) // (_TRAINING * n_lists))])
    index.add(vectors)
    return index


def _digest(vectors: Vectors) -> str:
    made_by = f"{faiss.__version__} {vectors.shape} {_TRAINING} {_ROUNDS}".encode()
    return hashlib.blake2b(vectors.data, key=made_by[:64], digest_size=16).hexdigest()


def _read(path: Path) -> Any:
    """Return the index of a file, its lists left on disk; None where there is none that can be read."""
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP) if path.exists() else None
    except RuntimeError:
        logger.warning("%s cannot be read; it is made again", path)
        return None


def _write(index: Any, path: Path) -> None:
    """Write an index whole or not at all, in place of what its folder holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stale = list(path.parent.glob("*.faiss"))
    unfinished = path.with_suffix(f".{os.getpid()}")
    faiss.write_index(index, str(unfinished))
    unfinished.replace(path)
    for old in stale:
        old.unlink(missing_ok=True)
