"""What is near what, in numbers: nearest own passages, nearest queries, spread. Evidence is made of these."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.vectors import Vectors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

NEAR_QUERIES = 10
OTHER_QUERIES = 5


def own_neighbors(
    own: pd.DataFrame, query_ids: list[str], passage_ids: list[str]
) -> tuple[Vectors, Rows]:
    """Return similarity and passage row of the own neighbours, both (n queries, k), nearest first."""
    shape = len(query_ids), len(own) // max(len(query_ids), 1)
    order = np.lexsort((own["rank"], _rows_of(own["query_id"], query_ids)))
    similarity = own["similarity"].to_numpy(np.float32)[order]
    return similarity.reshape(shape), _rows_of(own["passage_id"], passage_ids)[order].reshape(shape)


def other_best(others: pd.DataFrame, query_ids: list[str]) -> tuple[Floats, list[str | None]]:
    """Return each query's largest similarity to a passage of another site, nan without one, and that passage's id."""
    if others.empty:
        return np.full(len(query_ids), np.nan), [None] * len(query_ids)
    best = (
        others.loc[others.groupby("query_id")["similarity"].idxmax()]
        .set_index("query_id")
        .reindex(query_ids)
    )
    return best["similarity"].to_numpy(np.float64), list(best["passage_id"])


def nearness_of_others(similarity: Vectors, rows: Rows) -> Floats:
    """Return the mean cosine of each query with its nearest other queries, shape (n,).

    `similarity` and `rows` (n, k) are those of its nearest among all queries, itself included.
    """
    is_other = rows != np.arange(len(rows))[:, None]
    is_other[is_other.all(axis=1), -1:] = (
        False  # more twins than places: one of them stands for the query itself
    )
    total = (similarity * is_other).sum(axis=1, dtype=np.float64)
    return np.asarray(total / np.maximum(is_other.sum(axis=1), 1), dtype=np.float64)


def mean_of_nearest(passages: Vectors, queries: Vectors, k: int) -> Floats:
    """Return the mean cosine of each passage with the k queries nearest to it, shape (n passages,)."""
    similarity, _ = nearest_rows(passages, queries, k)
    return np.asarray(
        similarity.mean(axis=1) if similarity.shape[1] else np.zeros(len(passages)),
        dtype=np.float64,
    )


def spread_over(queries: Vectors, passages: Vectors) -> Floats:
    """Return the standard deviation of each query's cosines with all passages, from their covariance."""
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


def _rows_of(names: "pd.Series[str]", among: list[str]) -> Rows:
    """Return the place of each name. Raises KeyError for one that is not there."""
    codes, distinct = pd.factorize(names)
    rows = pd.Index(among, dtype="str").get_indexer(pd.Index(distinct))
    if len(rows) and rows.min() < 0:
        raise KeyError(distinct[int(rows.argmin())])
    return np.asarray(rows[codes], dtype=np.int64)
