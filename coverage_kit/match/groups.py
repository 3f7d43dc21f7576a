"""Near-duplicate queries in groups, so that of very many queries one of each group is read in place of all."""

import logging
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.tables import GROUPS, Groups, LogTables, Queries, checked
from coverage_kit.vectors import Embeddings, Vectors

THRESHOLDS = (*(round(0.98 - 0.02 * step, 2) for step in range(50)), -1.1)
_CELL = 500  # queries in a cell, on average
_TRAINING = 50  # queries for each cell from which the cells' centres are found
_ROUNDS = 3
_TRIED = 20_000  # queries on which thresholds are tried
_BLOCK = 256
_CHUNK = 200_000

Rows = npt.NDArray[np.int64]

logger = logging.getLogger(__name__)


@checked
def group_queries(queries: Queries, vectors: Embeddings, most: int, seed: int = 0) -> Groups:
    """Return at most `most` groups of queries, each with its most asked query as representative.

    The mean of all vectors is taken off first: what every query shares tells none apart. Queries
    are put in cells of about 500 by their nearest centre. In each cell the queries, most asked
    first, represent themselves unless one before is at least as similar as a threshold: they then
    belong to the most similar of those. The threshold is the highest of THRESHOLDS with few enough
    groups; the last makes each cell one group. Where there are at most `most` queries, each is a
    group. Near-duplicates in different cells stay apart. Memory is that of the vectors.

    Args:
        queries: the queries.
        vectors: their embeddings, by query_id; static vectors suffice.
        most: groups at most.
        seed: seed of the sample from which centres are found.

    Raises KeyError for a query without a vector.
    """
    if len(queries) <= most:
        return _group_table(queries, np.arange(len(queries)), np.ones(len(queries)))
    place = {name: row for row, name in enumerate(vectors.ids)}
    space = _GroupSpace(vectors.vectors, np.array([place[name] for name in queries["query_id"]]))
    asked_most_first = np.lexsort((queries["query_id"].to_numpy(), -queries["demand"].to_numpy()))
    cells = _cells(space, asked_most_first, min(max(1, len(queries) // _CELL), most), seed)
    for threshold in THRESHOLDS[_try_thresholds(space, cells, most / len(queries)) :]:
        leaders, similarity = _lead_all(space, cells, threshold)
        n_groups = int((leaders == np.arange(len(queries))).sum())
        if n_groups <= most:
            break
    logger.info(
        "%d queries in %d groups: cosine with the representative at least %.2f",
        len(queries),
        n_groups,
        threshold,
    )
    return _group_table(queries, leaders, similarity)


def merge_groups(log: LogTables, groups: Groups) -> LogTables:
    """Return the log with each group of queries as one: its representative, with the sum of their demand and all answers.

    Queries in no group stay as they are.
    """
    ids = log.queries["query_id"]
    group_of = ids.map(_by_query(groups)).fillna(ids)
    told = log.queries.groupby(group_of.to_numpy(), sort=False).agg(
        demand=("demand", "sum"),
        first_asked_at=("first_asked_at", "min"),
        last_asked_at=("last_asked_at", "max"),
    )
    queries = log.queries[ids == group_of]
    merged = {column: told[column].loc[queries["query_id"]].to_numpy() for column in ("demand",)}
    times = {
        column: queries["query_id"].map(told[column])
        for column in ("first_asked_at", "last_asked_at")
    }
    return replace(
        log,
        queries=queries.assign(**merged, **times).reset_index(drop=True),
        answers=_repointed(log.answers, groups),
        failures=_repointed(log.failures, groups),
    )


def _by_query(groups: Groups) -> "pd.Series[str]":
    return groups.set_index("query_id")["group_id"]


def _repointed(table: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    return table.assign(
        query_id=table["query_id"].map(_by_query(groups)).fillna(table["query_id"]).astype("str")
    )


class _GroupSpace:
    """The queries' vectors without their mean, shape (n, dimensions), of which only some are in memory at a time."""

    def __init__(self, vectors: Vectors, rows: Rows) -> None:
        self._vectors = vectors
        self._rows = rows
        self._mean = vectors.mean(axis=0)

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, places: Rows) -> Vectors:
        """Return the unit vectors of the queries in these places; of one that is the mean, itself."""
        own = self._vectors[self._rows[places]]
        return _unit(own - self._mean, own)


def _unit(vectors: Vectors, instead: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), instead).astype(np.float32)


def _cells(space: _GroupSpace, ordered: Rows, n: int, seed: int) -> list[Rows]:
    """Return the places of each cell's queries, in the order of `ordered`; centres by spherical k-means on a sample."""
    rng = np.random.default_rng(seed)
    sample = space.of(
        np.sort(rng.choice(len(space), min(len(space), n * _TRAINING), replace=False))
    )
    centres = sample[rng.choice(len(sample), n, replace=False)]
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, _nearest(sample, centres), sample)
        centres = _unit(sums, centres)
    chunks = (
        np.arange(start, min(len(space), start + _CHUNK)) for start in range(0, len(space), _CHUNK)
    )
    cell = np.concatenate([_nearest(space.of(chunk), centres) for chunk in chunks])[ordered]
    by_cell = np.argsort(cell, kind="stable")
    return np.split(ordered[by_cell], np.flatnonzero(np.diff(cell[by_cell])) + 1)


def _nearest(vectors: Vectors, centres: Vectors) -> Rows:
    return nearest_rows(vectors, centres, 1)[1][:, 0]


def _try_thresholds(space: _GroupSpace, cells: list[Rows], share: float) -> int:
    """Return the place of the highest threshold that leaves at most this share of some cells' queries as groups."""
    tried = [space.of(cell) for cell in cells[:: max(1, len(space) // _TRIED)]]
    n = sum(map(len, tried))
    low = 0
    high = len(THRESHOLDS) - 1
    while low < high:
        middle = (low + high) // 2
        n_groups = sum(len(np.unique(_lead(one, THRESHOLDS[middle])[0])) for one in tried)
        low, high = (low, middle) if n_groups <= share * n else (middle + 1, high)
    return low


def _lead_all(
    space: _GroupSpace, cells: list[Rows], threshold: float
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Return the place of each query's representative, and their similarity, both of shape (n,)."""
    leaders = np.arange(len(space))
    similarity = np.ones(len(space))
    for cell in cells:
        chosen, similarity[cell] = _lead(space.of(cell), threshold)
        leaders[cell] = cell[chosen]
    return leaders, similarity


def _lead(vectors: Vectors, threshold: float) -> tuple[Rows, Vectors]:
    """Return the row that represents each row, and their similarity: itself, unless an earlier one is similar enough.

    Args:
        vectors: unit vectors of one cell, the most asked first, shape (n, dimensions).
        threshold: similarity that is enough.
    """
    n = len(vectors)
    leaders = np.arange(n)
    best = np.full(n, -np.inf, dtype=np.float32)
    for start in range(0, n, _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors[start:].T
        for row, similarity in enumerate(block, start):
            if best[row] >= threshold:
                continue
            leaders[row], best[row] = row, 1
            rest = slice(row + 1, None)
            nearer = similarity[row + 1 - start :] > best[rest]
            best[rest][nearer] = similarity[row + 1 - start :][nearer]
            leaders[rest][nearer] = row
    return leaders, best.clip(-1, 1)


def _group_table(queries: Queries, leaders: Rows, similarity: npt.NDArray[np.floating]) -> Groups:
    ids = queries["query_id"].reset_index(drop=True)
    group_ids = ids.iloc[leaders].reset_index(drop=True)
    told = queries[["text", "demand"]].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "query_id": ids,
            "group_id": group_ids,
            "similarity": similarity.astype(np.float64),
        }
    ).join(told)
    return table if len(table) else GROUPS.empty()
