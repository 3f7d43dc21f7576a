"""Nearest neighbours, exact up to a stated size and with a measured recall beyond it.

This is the only module that knows FAISS.
"""

import hashlib
import logging
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

from coverage_kit.storage.store import Store
from coverage_kit.tables import MATCHES, Matches, Passages, checked
from coverage_kit.vectors import Embeddings, Vectors

# Search is exact up to so many vectors, whatever the number of queries: building an index would not
# pay. Assumed.
EXACT_VECTORS = 5000
# Search is exact up to so many pairs of queries and vectors: 20,000 queries in 50,000 passages.
# Assumed. Ten times as many took 366 s on two busy cores (docs/method.md, nearest neighbours).
EXACT_PAIRS = 1_000_000_000
# Share of the ten exact nearest vectors that an index has to find. Assumed.
RECALL = 0.985
# Queries on which the recall of an index is measured. Assumed.
_SAMPLE = 500
# Half of the number of lists that is tried first. It is doubled until the recall is reached.
# Assumed.
_MIN_LISTS = 4
# Vectors for each list from which the lists' centres are found, and rounds of k-means. Assumed.
_TRAINING = 50
_ROUNDS = 6

# The name of its file in the store.
_FILE = "index.faiss"

Rows = npt.NDArray[np.int64]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexFacts:
    """How an index searches, how well, and at which cost.

    `kind` is FAISS's name of the index, or "exact". `n_probed` is the number of lists of vectors
    read for each query. `recall_at_10` is the share of the ten exact nearest vectors that it finds,
    measured on at most 500 of the queries. `n_bytes` is its size in addition to the vectors.
    `build_seconds` is how long it took to build, or to read from disk where `is_reused`.
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

    Search is exact up to 5,000 vectors, and as long as queries times vectors are at most
    `exact_pairs`. For more, the vectors are put in about 2 sqrt(n) lists in half precision (IVF).
    As many of the lists nearest to a query are read as are needed to find the share `recall` of the
    ten exact nearest vectors. Cosines are always computed from the vectors themselves.

    Args:
        vectors: the vectors to search; they are not copied.
        folder: where an index is stored for the next run, under the digest of the vectors; None
            stores no index.
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
        """Return the k largest cosines of each query, and the rows of these vectors.

        Both have shape (len(queries), min(k, n)), nearest first. Cosines are rounded to 6 decimals,
        because further decimals depend on the batch in which a text was encoded; equal cosines are
        in order of row. `about` says how they were found.
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
        incomplete = np.flatnonzero(rows[:, -1] < 0)  # the lists read held fewer than k vectors
        if len(incomplete):
            similarity[incomplete], rows[incomplete] = self._exact(queries[incomplete], k)
        return similarity, rows

    def _probe_enough(self, queries: Vectors) -> None:
        """Set how many lists are read: enough for the recall on a sample of these queries."""
        index, facts = self._index
        sample = queries[np.unique(np.linspace(0, len(queries) - 1, _SAMPLE).astype(np.int64))]
        # vectors as near as the tenth count as found, so that copies of the ten nearest count too
        tenth = self._exact(sample, 10)[0][:, -1:] - 1e-6
        index.nprobe = _MIN_LISTS
        recall = 0.0
        while recall < self.recall and index.nprobe < index.nlist:
            index.nprobe *= 2
            recall = float((self._approximate(sample, 10)[0] >= tenth).mean())
        self.about = replace(facts, n_probed=index.nprobe, recall_at_10=round(recall, 4))

    @cached_property
    def _index(self) -> tuple[Any, IndexFacts]:
        """The index of lists and its facts: read from disk, or else built and stored."""
        # Only the index of the last vectors is kept, because it may take gigabytes.
        store = open_indexes(self.folder) if self.folder else None
        key = _digest(self.vectors)
        start = time.perf_counter()
        stored = _read(store, key) if store else None
        index = _built(self.vectors) if stored is None else stored
        seconds = time.perf_counter() - start
        if store and stored is None:
            store.keep(key, {}, {_FILE: lambda path: _write(index, path)})
        facts = IndexFacts(
            kind=f"IVF{index.nlist},SQfp16",
            n_vectors=len(self.vectors),
            n_probed=0,
            recall_at_10=0.0,
            # the vectors' codes with their ids, and the lists' centres
            n_bytes=index.ntotal * (index.code_size + 8) + index.nlist * index.d * 4,
            build_seconds=seconds,
            is_reused=stored is not None,
        )
        return index, facts


@dataclass
class Indexes:
    """Indexes by name: those that are not exact are stored in `folder`.

    `about[name]` says how the index searched.
    """

    folder: Path | None = None
    about: dict[str, IndexFacts] = field(default_factory=dict)

    def search(self, name: str, vectors: Vectors, others: Vectors, k: int) -> tuple[Vectors, Rows]:
        """Return `nearest_rows(vectors, others, k)`."""
        index = NeighborIndex(others, self.folder / quote(name, safe="") if self.folder else None)
        nearest = index.search(vectors, k)
        self.about[name] = index.about
        return nearest


def nearest_rows(vectors: Vectors, others: Vectors, k: int) -> tuple[Vectors, Rows]:
    """Return the k largest cosines of each vector with the others, and the others' rows.

    Order and rounding are those of `NeighborIndex.search`.
    """
    return NeighborIndex(others).search(vectors, k)


def best_similarity(
    embeddings: Embeddings, others: Embeddings, among: Iterable[str]
) -> npt.NDArray[np.float64]:
    """Return the similarity of each embedding to the nearest of the others, shape (n,).

    Only the others with the ids in `among` count; nan where there are none. Raises KeyError for an
    unknown id.
    """
    similarity, _ = nearest_rows(embeddings.vectors, _vectors_of(others, list(among)), 1)
    if not similarity.shape[1]:
        return np.full(len(embeddings), np.nan)
    return similarity[:, 0].astype(np.float64)


@checked
def nearest_passages(  # noqa: PLR0913 (what to search, how far, and with what)
    queries: Embeddings,
    passages: Passages,
    embeddings: Embeddings,
    own_site: str,
    k: tuple[int, int] = (100, 5),
    indexes: Indexes | None = None,
) -> Matches:
    """Return each query's nearest passages, searched in each site separately.

    A single search over all sites would hide the worst gaps, because no own passage would be among
    the neighbours.

    Args:
        queries: query embeddings.
        passages: the passages of all sites.
        embeddings: their embeddings, by passage_id.
        own_site: the name of your site.
        k: number of neighbours from your site, and from each other site.
        indexes: opens the index of each site and says how it searched; by default no index is
            stored.

    Raises EncoderError when queries and passages were encoded by different encoders.
    """
    queries.similarity(embeddings.select([]))  # raises where the encoders differ
    indexes = indexes or Indexes()
    matches_by_site = []
    for site, group in passages.groupby("site", sort=True):
        ids = list(group["passage_id"])
        nearest = indexes.search(
            str(site),
            queries.vectors,
            _vectors_of(embeddings, ids),
            k[0] if site == own_site else k[1],
        )
        matches_by_site.append(match_table(queries.ids, ids, str(site), nearest))
    if not any(map(len, matches_by_site)):
        return MATCHES.empty()
    return pd.concat(matches_by_site, ignore_index=True)


def match_table(
    query_ids: tuple[str, ...],
    passage_ids: list[str],
    site: str,
    nearest: tuple[Vectors, Rows],
) -> pd.DataFrame:
    """Return the matches of all queries with one site.

    Args:
        query_ids: ids of the n queries.
        passage_ids: ids of the site's passages.
        site: its name.
        nearest: similarity and rows of each query's passages, best first, both (n, k).
    """
    similarity, rows = nearest
    n, k = similarity.shape
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
    """Return the vectors of these ids. Raises KeyError for an unknown id.

    The result is a view where the ids are next to each other, as those of a site mostly are.
    """
    rows = pd.Index(embeddings.ids, dtype="str").get_indexer(pd.Index(ids, dtype="str"))
    if len(rows) and rows.min() < 0:
        raise KeyError(ids[int(rows.argmin())])
    is_slice = len(rows) > 0 and bool((np.diff(rows) == 1).all())
    if is_slice:
        return embeddings.vectors[rows[0] : rows[0] + len(rows)]
    return embeddings.vectors[rows]


def _ordered(similarity: Vectors, rows: Rows) -> tuple[Vectors, Rows]:
    """Return cosines rounded to 6 decimals, largest first, equal cosines in order of row."""
    similarity = np.clip(np.round(similarity, 6), -1, 1)
    step = similarity[:, 1:] - similarity[:, :-1]
    is_swapped = (step > 0) | ((step == 0) & (rows[:, 1:] < rows[:, :-1]))
    unordered = np.flatnonzero(is_swapped.any(axis=1))
    order = np.lexsort((rows[unordered], -similarity[unordered]), axis=1)
    similarity[unordered] = np.take_along_axis(similarity[unordered], order, 1)
    rows[unordered] = np.take_along_axis(rows[unordered], order, 1)
    return similarity, rows


def _built(vectors: Vectors) -> Any:
    # the power of two nearest to 2 sqrt(n)
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


def open_indexes(folder: Path) -> Store:
    """Return the store of the index of one site."""
    return Store(folder, max_entries=1)


def _read(store: Store, key: str) -> Any:
    """Return the index in a store, with its lists left on disk; None if it cannot be read."""
    entry = store.get(key)
    store.warn_damaged()
    try:
        return faiss.read_index(str(entry.files[_FILE]), faiss.IO_FLAG_MMAP) if entry else None
    except RuntimeError:
        logger.warning("%s: cannot be read; the index is built again", store.folder)
        return None


def _write(index: Any, path: Path) -> None:
    """Write an index. Raises OSError as other writers do."""
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise OSError(str(error).splitlines()[-1]) from error
