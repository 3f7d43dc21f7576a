"""Neighbourhoods as arrays: nearest own passages, nearest queries, and spread.

Evidence is computed from them. A row is the position of a query or passage in its table.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.vectors import Vectors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# The number of queries nearest to a passage that a query has to beat (docs/method.md, precedence),
# and of other queries nearest to a query (query_margin). Assumed.
NEAR_QUERIES = 10
OTHER_QUERIES = 5


def own_neighbors(
    own_matches: pd.DataFrame, query_ids: list[str], passage_ids: list[str]
) -> tuple[Vectors, Rows]:
    """Return similarity and row of each query's nearest own passages, nearest first.

    Both have shape (n queries, k). `own_matches` are the matches with own passages, equally many
    for each query. Raises KeyError for a query or passage that is not in the lists.
    """
    shape = len(query_ids), len(own_matches) // max(len(query_ids), 1)
    query_rows = _rows_of(own_matches["query_id"], query_ids)
    order = np.lexsort((own_matches["rank"], query_rows))
    similarity = own_matches["similarity"].to_numpy(np.float32)[order]
    passage_rows = _rows_of(own_matches["passage_id"], passage_ids)[order]
    return similarity.reshape(shape), passage_rows.reshape(shape)


def other_best(
    other_matches: pd.DataFrame, query_ids: list[str]
) -> tuple[Floats, list[str | None]]:
    """Return each query's similarity to the nearest passage of another site, and its passage_id.

    The similarity is nan for a query without such a passage.
    """
    if other_matches.empty:
        return np.full(len(query_ids), np.nan), [None] * len(query_ids)
    best = (
        other_matches.loc[other_matches.groupby("query_id")["similarity"].idxmax()]
        .set_index("query_id")
        .reindex(query_ids)
    )
    return best["similarity"].to_numpy(np.float64), list(best["passage_id"])


def nearness_of_others(similarity: Vectors, rows: Rows) -> Floats:
    """Return the mean cosine of each query with its nearest other queries, shape (n,).

    `similarity` and `rows` (n, k) are those of its nearest among all queries, itself included.
    """
    is_other = rows != np.arange(len(rows))[:, None]
    # A query with more identical copies than k may be missing among its own neighbours: the last
    # copy then represents the query itself.
    is_other[is_other.all(axis=1), -1:] = False
    total = (similarity * is_other).sum(axis=1, dtype=np.float64)
    return np.asarray(total / np.maximum(is_other.sum(axis=1), 1), dtype=np.float64)


def mean_of_nearest(passages: Vectors, queries: Vectors, k: int) -> Floats:
    """Return the mean cosine of each passage with the k queries nearest to it, (n passages,)."""
    similarity, _ = nearest_rows(passages, queries, k)
    return np.asarray(
        similarity.mean(axis=1) if similarity.shape[1] else np.zeros(len(passages)),
        dtype=np.float64,
    )


def spread_over(queries: Vectors, passages: Vectors) -> Floats:
    """Return the standard deviation of each query's cosines with all passages, (n queries,).

    It is computed from the passages' covariance, so that the cosines are not needed one by one.
    """
    if len(passages) < 2:
        return np.zeros(len(queries))
    covariance = np.cov(passages.T.astype(np.float64))
    return np.asarray(
        np.sqrt(np.maximum(((queries @ covariance) * queries).sum(axis=1), 0.0)),
        dtype=np.float64,
    )


def finite(values: Vectors, floor: float) -> Floats:
    """Return the values with `floor` in place of what is not finite."""
    return np.where(np.isfinite(values), values, floor).astype(np.float64)


def _rows_of(ids: "pd.Series[str]", all_ids: list[str]) -> Rows:
    """Return the position of each id in `all_ids`. Raises KeyError for an id that is not there."""
    codes, distinct = pd.factorize(ids)
    rows = pd.Index(all_ids, dtype="str").get_indexer(pd.Index(distinct))
    if len(rows) and rows.min() < 0:
        raise KeyError(distinct[int(rows.argmin())])
    return np.asarray(rows[codes], dtype=np.int64)
