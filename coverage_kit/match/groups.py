"""Groups of near-duplicate queries: of very many queries, one query of each group is analysed."""

import logging
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.tables import GROUPS, Groups, LogTables, Queries, checked
from coverage_kit.tables.asked import first_origin, kind_of_sum
from coverage_kit.vectors import Embeddings, Vectors, to_unit_length

# Thresholds that are tried, highest first: .98, .96, ..., .00. The last accepts every similarity.
THRESHOLDS = (*(round(0.98 - 0.02 * step, 2) for step in range(50)), -1.1)
# Queries in a cell, on average: within a cell, all are compared with all. Assumed.
_CELL = 500
# Queries for each cell from which the cells' centres are found, and rounds of k-means. Assumed.
_TRAINING = 50
_ROUNDS = 3
# Queries on which thresholds are tried. Assumed: enough for a share of groups.
_TRIAL_QUERIES = 20_000
# Rows of a cell that are compared at a time, and vectors of the log that are in memory at a time.
_BLOCK = 256
_CHUNK = 200_000

# Columns of what engines report, which are missing for most queries.
_REPORTED = ("times_cited", "implied_demand")

Rows = npt.NDArray[np.int64]

logger = logging.getLogger(__name__)


@checked
def group_queries(queries: Queries, vectors: Embeddings, max_groups: int, seed: int = 0) -> Groups:
    """Return at most `max_groups` groups of queries, each represented by its most asked query.

    The mean of all vectors is subtracted first, because what all queries share does not separate
    them. Each query is put in the cell of its nearest centre; a cell has about 500 queries. The
    queries of a cell are visited from the most to the least asked. A query joins the most similar
    earlier representative if their similarity reaches a threshold, and else represents itself. The
    threshold is the highest of THRESHOLDS with few enough groups; the last of them makes each cell
    a group.

    If there are at most `max_groups` queries, each query is a group. Near-duplicates in different
    cells stay in different groups. Memory is that of the vectors.

    Args:
        queries: the queries.
        vectors: their embeddings, by query_id; static vectors suffice.
        max_groups: the largest number of groups.
        seed: seed of the sample from which centres are found.

    Raises KeyError for a query without a vector.
    """
    n = len(queries)
    if n <= max_groups:
        return _group_table(queries, np.arange(n), np.ones(n))
    row_of = {query_id: row for row, query_id in enumerate(vectors.ids)}
    vector_rows = np.array([row_of[query_id] for query_id in queries["query_id"]])
    space = _GroupSpace(vectors.vectors, vector_rows)
    most_asked_first = np.lexsort((queries["query_id"].to_numpy(), -queries["demand"].to_numpy()))
    n_cells = min(max(1, n // _CELL), max_groups)
    cells = _cells(space, most_asked_first, n_cells, seed)
    for threshold in THRESHOLDS[_first_threshold(space, cells, max_groups / n) :]:
        leaders, similarity = _lead_all(space, cells, threshold)
        n_groups = int((leaders == np.arange(n)).sum())
        if n_groups <= max_groups:
            break
    logger.info(
        "%d queries in %d groups: cosine with the representative at least %.2f",
        n,
        n_groups,
        threshold,
    )
    return _group_table(queries, leaders, similarity)


def merge_groups(log: LogTables, groups: Groups) -> LogTables:
    """Return the log with each group of queries replaced by its representative.

    The representative has the sums of the group's demand and of what engines report, all of its
    answers, and of its origins the first of `vocabulary.ORIGINS`. Queries in no group stay as they
    are.
    """
    ids = log.queries["query_id"]
    group_of = ids.map(_group_by_query(groups)).fillna(ids)
    totals = log.queries.groupby(group_of.to_numpy(), sort=False).agg(
        demand=("demand", "sum"),
        first_asked_at=("first_asked_at", "min"),
        last_asked_at=("last_asked_at", "max"),
        **{name: (name, partial(pd.Series.sum, min_count=1)) for name in _REPORTED},
    )
    parts = log.queries.groupby(group_of.to_numpy(), sort=False)
    kinds = {name: kind_of_sum(part) for name, part in parts}
    origins = {name: first_origin(part["origin"].dropna()) for name, part in parts}
    queries = log.queries[ids == group_of]
    return replace(
        log,
        queries=queries.assign(
            demand=totals["demand"].loc[queries["query_id"]].to_numpy(),
            demand_kind=queries["query_id"].map(kinds).astype("str"),
            origin=pd.array([origins[name] for name in queries["query_id"]], dtype="str"),
            first_asked_at=queries["query_id"].map(totals["first_asked_at"]),
            last_asked_at=queries["query_id"].map(totals["last_asked_at"]),
            **{name: queries["query_id"].map(totals[name]) for name in _REPORTED},
        ).reset_index(drop=True),
        answers=_with_representatives(log.answers, groups),
        failures=_with_representatives(log.failures, groups),
    )


def _group_by_query(groups: Groups) -> "pd.Series[str]":
    return groups.set_index("query_id")["group_id"]


def _with_representatives(table: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """Return the table with the representative in place of each query."""
    ids = table["query_id"]
    return table.assign(query_id=ids.map(_group_by_query(groups)).fillna(ids).astype("str"))


class _GroupSpace:
    """The queries' vectors without their mean, shape (n, dimensions), computed when needed.

    Only some of them are in memory at a time.
    """

    def __init__(self, vectors: Vectors, rows: Rows) -> None:
        self._vectors = vectors
        self._rows = rows
        self._mean = vectors.mean(axis=0)

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, query_rows: Rows) -> Vectors:
        """Return the unit vectors of these queries; a vector that equals the mean is unchanged."""
        vectors = self._vectors[self._rows[query_rows]]
        return to_unit_length(vectors - self._mean, vectors)


def _cells(space: _GroupSpace, ordered: Rows, n: int, seed: int) -> list[Rows]:
    """Return the rows of each cell's queries, in the order of `ordered`.

    The centres of the n cells come from spherical k-means on a sample.
    """
    rng = np.random.default_rng(seed)
    n_sample = min(len(space), n * _TRAINING)
    sample = space.of(np.sort(rng.choice(len(space), n_sample, replace=False)))
    centres = sample[rng.choice(len(sample), n, replace=False)]
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, _nearest(sample, centres), sample)
        centres = to_unit_length(sums, centres)
    chunks = (
        np.arange(start, min(len(space), start + _CHUNK)) for start in range(0, len(space), _CHUNK)
    )
    cell_of = np.concatenate([_nearest(space.of(chunk), centres) for chunk in chunks])[ordered]
    by_cell = np.argsort(cell_of, kind="stable")
    return np.split(ordered[by_cell], np.flatnonzero(np.diff(cell_of[by_cell])) + 1)


def _nearest(vectors: Vectors, centres: Vectors) -> Rows:
    return nearest_rows(vectors, centres, 1)[1][:, 0]


def _first_threshold(space: _GroupSpace, cells: list[Rows], max_share: float) -> int:
    """Return the index of the highest threshold that leaves few enough groups in some cells.

    At most `max_share` of these cells' queries may represent a group.
    """
    trial_cells = [space.of(cell) for cell in cells[:: max(1, len(space) // _TRIAL_QUERIES)]]
    n = sum(map(len, trial_cells))
    # bisection: the number of groups falls with the threshold
    low = 0
    high = len(THRESHOLDS) - 1
    while low < high:
        middle = (low + high) // 2
        n_groups = sum(len(np.unique(_lead(cell, THRESHOLDS[middle])[0])) for cell in trial_cells)
        if n_groups <= max_share * n:
            high = middle
        else:
            low = middle + 1
    return low


def _lead_all(
    space: _GroupSpace, cells: list[Rows], threshold: float
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Return the row of each query's representative, and their similarity, both of shape (n,)."""
    leaders = np.arange(len(space))
    similarity = np.ones(len(space))
    for cell in cells:
        leaders_in_cell, similarity[cell] = _lead(space.of(cell), threshold)
        leaders[cell] = cell[leaders_in_cell]
    return leaders, similarity


def _lead(vectors: Vectors, threshold: float) -> tuple[Rows, Vectors]:
    """Return the row that represents each row of a cell, and their similarity.

    A row represents itself, unless an earlier representative is similar enough.

    Args:
        vectors: unit vectors of a cell, the most asked first, shape (n, dimensions).
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
            # the row is a representative: later rows that it is nearest to so far may join it
            leaders[row] = row
            best[row] = 1
            later = slice(row + 1, None)
            later_similarity = similarity[row + 1 - start :]
            is_nearer = later_similarity > best[later]
            best[later][is_nearer] = later_similarity[is_nearer]
            leaders[later][is_nearer] = row
    return leaders, best.clip(-1, 1)


def _group_table(queries: Queries, leaders: Rows, similarity: npt.NDArray[np.floating]) -> Groups:
    ids = queries["query_id"].reset_index(drop=True)
    group_ids = ids.iloc[leaders].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "query_id": ids,
            "group_id": group_ids,
            "similarity": similarity.astype(np.float64),
        }
    ).join(queries[["text", "demand"]].reset_index(drop=True))
    return table if len(table) else GROUPS.empty()
