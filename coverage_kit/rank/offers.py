"""What the sites of a log offer for its queries: features that predict which site an answer cites.

All features are computed from the queries, the sites' passages and what is cited for *other*
queries; none looks at an answer. An edit changes `nearest` and `lexical`; `subject` and
RECORD_FEATURES describe the site itself and stay fixed while an edit is simulated. The model over
these features is in `choice`.
"""

import numpy as np
import numpy.typing as npt

from coverage_kit.vectors import Vectors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

CONTENT_FEATURES = ("nearest", "lexical", "subject")
RECORD_FEATURES = ("record", "kin_record")
# A query is expanded by this many nearest passages (assumed).
_N_FEEDBACK_PASSAGES = 20
# Another query weighs e times less for each of these steps of similarity that it is away (assumed).
_QUERY_WIDTH = 0.15
# Likewise for other sites, by the similarity of their centres (assumed).
_SITE_WIDTH = 0.1
# A site's citation rate over near queries is drawn to its overall rate by a prior worth this many
# queries (assumed).
_PRIOR_QUERIES = 2.0
# Added to rates, so that the logarithm of a rate of 0 is finite (assumed).
_MIN_RATE = 1e-3
# At most about this many similarities are in memory at a time: 80 MB of float32.
_BLOCK_CELLS = 20_000_000
# Keeps sums of weights and norms of vectors from dividing by 0.
_MIN_WEIGHT = 1e-12
_MIN_NORM = 1e-9


def expand_queries(queries: Vectors, content: Vectors, k: int = _N_FEEDBACK_PASSAGES) -> Vectors:
    """Return each query's vector drawn half-way to the mean of its k nearest passages.

    Pseudo-relevance feedback (Rocchio 1971): what sites write about a question says more of its
    subject than its few words. Expand once, with the sites as they are: an edit that is simulated
    must not move the question towards itself.

    Args:
        queries: vectors of the queries, (n, d).
        content: vectors of the passages of all sites, (p, d).
        k: number of passages.

    Returns vectors of unit length, (n, d).
    """
    k = min(k, len(content))
    if not k:
        return queries
    expanded = []
    for block in np.array_split(queries, max(1, len(queries) * len(content) // _BLOCK_CELLS)):
        nearest = np.argpartition(-(block @ content.T), k - 1, axis=1)[:, :k]
        expanded.append(_unit(block + _unit(content[nearest].mean(axis=1))))
    return np.concatenate(expanded)


def content_features(
    expanded: Vectors, content: Vectors, recall: Vectors, centre: Vectors
) -> Floats:
    """Return what a site offers for each query, shape (n, 3): `CONTENT_FEATURES`.

    nearest: similarity of the nearest passage.
    lexical: largest share of the query's idf weight found in a passage.
    subject: similarity of the site's centre, which an edit leaves as it is.

    Args:
        expanded: vectors of the queries (`expand_queries`), (n, d).
        content: vectors of the site's passages, after an edit those that are then there, (p, d), p
            at least 1.
        recall: share of each query's idf weight found in each passage, (n, p).
        centre: mean of the site's passages before any edit, of unit length (`site_centre`), (d,).
    """
    # Rounded: the last digits of a matrix product depend on its shape and on the machine.
    nearest = np.round(expanded @ content.T, 6).max(axis=1)
    return np.column_stack([nearest, recall.max(axis=1), np.round(expanded @ centre, 6)]).astype(
        np.float64
    )


def site_centre(content: Vectors) -> Vectors:
    """Return the mean of a site's passages, of unit length, shape (d,)."""
    centre: Vectors = _unit(content.mean(axis=0, keepdims=True))[0]
    return centre


def record_features(
    expanded: Vectors, is_cited: Flags, centres: Vectors, is_visible: Flags
) -> Floats:
    """Return how often a site, and sites like it, are cited for near queries: `RECORD_FEATURES`.

    record: log of the site's citation rate over near queries, with two queries at its overall rate
    added, against that rate.
    kin_record: the same for sites with a near centre, the site itself left out.

    No query's own citations count for it.

    Args:
        expanded: vectors of the queries, (n, d).
        is_cited: whether an answer to the query cites the site, (n, m).
        centres: of the sites (`site_centre`), (m, d).
        is_visible: for each query (rows) the queries (columns) whose citations may be used, (n, n),
            or (1, n) if they are the same for all; a query's own never count.

    Returns features of shape (n, m, 2).
    """
    is_usable = is_visible & ~np.eye(len(expanded), dtype=bool)
    closeness = np.exp((expanded @ expanded.T - 1) / _QUERY_WIDTH)
    weights = np.where(is_usable, closeness, 0.0)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), _MIN_WEIGHT)
    citations = is_cited.astype(np.float64)
    nearby_rate = weights @ citations
    n_usable = np.maximum(is_usable.sum(axis=1, keepdims=True), 1)
    overall_rate = is_usable @ citations / n_usable
    # As many equally weighted queries would have the same variance (Kish's effective size).
    n_effective = 1 / np.maximum((weights**2).sum(axis=1, keepdims=True), _MIN_WEIGHT)
    shrunk_rate = (n_effective * nearby_rate + _PRIOR_QUERIES * overall_rate) / (
        n_effective + _PRIOR_QUERIES
    )
    kin = _kinship(centres).T
    record = _log_lift(shrunk_rate, overall_rate)
    kin_record = _log_lift(nearby_rate @ kin, overall_rate @ kin)
    return np.stack([record, kin_record], axis=2)


def site_record(expanded: Vectors, cited: Floats, n_answers: Floats, fold: Rows) -> Floats:
    """Return the log odds of a site's citation rate over near queries of other folds, shape (n,).

    The rate is that of `record_features`, of answers instead of queries: near queries count more,
    and two queries at the site's overall rate are added. Queries without answers do not count.

    Args:
        expanded: vectors of the queries, (n, d).
        cited: number of answers to each query that cite the site, (n,).
        n_answers: number of answers to each query, (n,).
        fold: fold of each query, (n,).
    """
    rate = cited / np.maximum(n_answers, 1)
    near = []
    # These are in double precision, and there are two of them.
    for rows in np.array_split(np.arange(len(fold)), 1 + 4 * len(fold) ** 2 // _BLOCK_CELLS):
        is_usable = (fold[rows, None] != fold) & (n_answers > 0)
        # Rounded as in `content_features`.
        similarity = np.round((expanded[rows] @ expanded.T).astype(np.float64), 6)
        closeness = np.exp((similarity - 1) / _QUERY_WIDTH)
        weights = np.where(is_usable, closeness, 0.0)
        total = np.maximum(weights.sum(axis=1), _MIN_WEIGHT)
        overall = is_usable @ rate / np.maximum(is_usable.sum(axis=1), 1)
        n_effective = total**2 / np.maximum((weights**2).sum(axis=1), _MIN_WEIGHT)
        near.append(
            (n_effective * (weights @ rate) / total + _PRIOR_QUERIES * overall)
            / (n_effective + _PRIOR_QUERIES)
        )
    bounded = np.clip(np.concatenate(near), _MIN_RATE, 1 - _MIN_RATE)
    return np.asarray(np.log(bounded / (1 - bounded)), dtype=np.float64)


def _kinship(centres: Vectors) -> Floats:
    """Return the weight of each other site as kin of each site, (m, m).

    Rows add up to 1, or to 0 for a single site.
    """
    closeness = (centres @ centres.T).astype(np.float64)
    np.fill_diagonal(closeness, -np.inf)
    # The peak is subtracted so that the exponentials do not underflow; -1 where there is no peak.
    peak = np.maximum(closeness.max(axis=1, keepdims=True), -1.0)
    weight = np.exp((closeness - peak) / _SITE_WIDTH)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), _MIN_WEIGHT))


def _log_lift(rate: Floats, overall_rate: Floats) -> Floats:
    """Return the log of a rate against the overall rate."""
    lift = (rate + _MIN_RATE) / (overall_rate + _MIN_RATE)
    return np.asarray(np.log(lift), dtype=np.float64)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(
        vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _MIN_NORM),
        dtype=np.float32,
    )
