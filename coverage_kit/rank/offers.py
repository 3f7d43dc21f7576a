"""What the sites of a log offer for its queries: the features from which `choice` tells which site an answer cites.

All are computed from the queries, the sites' passages and what is cited for *other* queries; none
looks at an answer. An edit changes `nearest` and `lexical`; `subject` and RECORD_FEATURES say where
the site stands and are held while it is tried out.
"""

import numpy as np
import numpy.typing as npt

from coverage_kit.vectors import Vectors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CONTENT_FEATURES = ("nearest", "lexical", "subject")
RECORD_FEATURES = ("record", "kin_record")
_FEEDBACK = 20
_QUERY_WIDTH = 0.15
_SITE_WIDTH = 0.1
_PRIOR_QUERIES = 2.0
_LEAST_RATE = 1e-3
_BLOCK = 20_000_000


def expand_queries(asked: Vectors, content: Vectors, k: int = _FEEDBACK) -> Vectors:
    """Return each query's vector drawn half-way to the mean of its k nearest passages of any site, unit length, (n, d).

    Pseudo-relevance feedback (Rocchio 1971): what sites write about a question says more of its
    subject than its few words. Expand once, with the sites as they are: an edit that is tried out
    must not move the question towards itself.
    """
    k = min(k, len(content))
    if not k:
        return asked
    parts = []
    for block in np.array_split(asked, max(1, len(asked) * len(content) // _BLOCK)):
        near = np.argpartition(-(block @ content.T), k - 1, axis=1)[:, :k]
        parts.append(_unit(block + _unit(content[near].mean(axis=1))))
    return np.concatenate(parts)


def content_features(
    expanded: Vectors, content: Vectors, recall: Vectors, centre: Vectors
) -> Floats:
    """Return what one site offers for each query, shape (n, 3): `CONTENT_FEATURES`.

    nearest: similarity of the nearest passage; lexical: largest share of the query's idf weight
        found in a passage; subject:
    similarity of the site's centre, which one edit leaves as it is.

    Args:
        expanded: vectors of the queries (`expand_queries`), (n, d).
        content: vectors of the site's passages, after an edit those that are then there, (p, d), p
            at least 1.
        recall: share of each query's idf weight found in each passage, (n, p).
        centre: mean of the site's passages before any edit, of unit length (`site_centre`), (d,).
    """
    nearest = np.round(expanded @ content.T, 6).max(axis=1)
    return np.column_stack([nearest, recall.max(axis=1), np.round(expanded @ centre, 6)]).astype(
        np.float64
    )


def site_centre(content: Vectors) -> Vectors:
    """Return the mean of a site's passages, of unit length, shape (d,)."""
    centre: Vectors = _unit(content.mean(axis=0, keepdims=True))[0]
    return centre


def record_features(expanded: Vectors, is_cited: Flags, centres: Vectors, known: Flags) -> Floats:
    """Return how often a site, and sites like it, are cited for other queries near this one: `RECORD_FEATURES`, (n, m, 2).

    record: log of the site's citation rate over near queries, two queries at its overall rate
        added, against that rate;
    kin_record: the same for sites with a near centre, the site itself left out. No query's own
        citations count for it.

    Args:
        expanded: vectors of the queries, (n, d).
        is_cited: whether an answer to the query cites the site, (n, m).
        centres: of the sites (`site_centre`), (m, d).
        known: whose citations may be looked at for each query, (n, n) or (1, n); a query's own
            never count.
    """
    allowed = known & ~np.eye(len(expanded), dtype=bool)
    near = np.where(allowed, np.exp((expanded @ expanded.T - 1) / _QUERY_WIDTH), 0.0)
    near /= np.maximum(near.sum(axis=1, keepdims=True), 1e-12)
    flags = is_cited.astype(np.float64)
    rate = near @ flags
    overall = allowed @ flags / np.maximum(allowed.sum(axis=1, keepdims=True), 1)
    n_near = 1 / np.maximum((near**2).sum(axis=1, keepdims=True), 1e-12)
    shrunk = (n_near * rate + _PRIOR_QUERIES * overall) / (n_near + _PRIOR_QUERIES)
    kin = _kinship(centres).T
    return np.stack([_lift(shrunk, overall), _lift(rate @ kin, overall @ kin)], axis=2)


def _kinship(centres: Vectors) -> Floats:
    """Return the weight of each other site as kin of each, rows adding up to 1, or to 0 for a single site, (m, m)."""
    closeness = (centres @ centres.T).astype(np.float64)
    np.fill_diagonal(closeness, -np.inf)
    peak = np.maximum(closeness.max(axis=1, keepdims=True), -1.0)
    weight = np.exp((closeness - peak) / _SITE_WIDTH)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12))


def _lift(rate: Floats, overall: Floats) -> Floats:
    return np.asarray(np.log((rate + _LEAST_RATE) / (overall + _LEAST_RATE)), dtype=np.float64)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(
        vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9),
        dtype=np.float32,
    )
