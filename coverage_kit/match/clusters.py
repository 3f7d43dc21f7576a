"""Clusters of queries on their neighbour graph: stable across seeds, and no query is dropped. UMAP is for pictures only."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.tables import CLUSTERS, Clusters, Coverage, checked
from coverage_kit.vectors import Embeddings, Vectors

RESOLUTIONS = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_GRAPH_NEIGHBORS = 10
_STABILITY_DRAWS = 10
_STABILITY_QUERIES = 4000
_TIE = 0.03
_MEAN_SIZE = 4
_SPLIT = 0.4

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClusterQuality:
    """What is known of a clustering.

    Resolution chosen, number of clusters, stability (mean adjusted Rand index between clusterings of random 80% samples with
    other seeds), and the share of queries with membership under .5.
    """

    resolution: float
    n_clusters: int
    stability: float
    low_membership_share: float


@checked
def cluster_queries(embeddings: Embeddings, seed: int = 0) -> tuple[Clusters, ClusterQuality]:
    """Return each query's cluster and the clustering's quality.

    Leiden communities of the mutual-nearest-neighbour graph (edges weighted by cosine), at the resolution whose clusterings
    of random samples agree best; among equals (within .03), the finest whose clusters hold four queries on average. Every
    query gets a cluster; `membership` says how well it fits.

    Args:
        embeddings: query embeddings.
        seed: seed of Leiden and of the samples.
    """
    vectors = embeddings.vectors
    if len(vectors) < 4:
        labels, resolution, stability = np.zeros(len(vectors), np.int64), 1.0, 1.0
    else:
        resolution, stability = _best_resolution(vectors, seed)
        labels = _communities(vectors, resolution, seed)
    labels = _by_size(labels)
    membership = _membership(vectors, labels)
    width = len(str(max(labels.max(initial=0), 1)))
    table = pd.DataFrame(
        {
            "query_id": pd.Series(embeddings.ids, dtype="str"),
            "cluster_id": pd.Series([f"c{label:0{width}d}" for label in labels], dtype="str"),
            "membership": membership,
        }
    )
    quality = ClusterQuality(resolution, len(np.unique(labels)), stability, float((membership < 0.5).mean()))
    return (table if len(table) else CLUSTERS.empty()), quality


@checked
def split_clusters(clusters: Clusters, embeddings: Embeddings, coverage: Coverage) -> Clusters:
    """Return the clusters with those divided in which a well-covered part hides a gap, or a gap a well-covered part.

    A cluster is divided where its queries' coverage falls into two groups of at least two that lie `_SPLIT` apart, and the
    uncovered ones are nearer to each other than to the rest: chance alone would not make them a topic.

    Args:
        clusters: each query's cluster.
        embeddings: the embeddings by which they were clustered.
        coverage: each query's coverage.
    """
    covered = coverage.set_index("query_id")["coverage"]
    place = {name: row for row, name in enumerate(embeddings.ids)}
    parts = []
    for cluster_id, group in clusters.groupby("cluster_id", sort=True):
        vectors = embeddings.vectors[[place[name] for name in group["query_id"]]]
        is_low = _low_part(vectors, covered[group["query_id"]].to_numpy(np.float64))
        names = np.where(is_low, f"{cluster_id}b", f"{cluster_id}a") if is_low.any() else str(cluster_id)
        parts.append(group.assign(cluster_id=pd.Series(names, index=group.index, dtype="str")))
    return pd.concat(parts).sort_index() if parts else clusters


def topic_embeddings(queries: Embeddings, said: Embeddings, query_rows: npt.NDArray[np.int64]) -> Embeddings:
    """Return embeddings by which queries are clustered: the query, and twice the mean of what its logged answers say.

    Both are centred first: on a site about one thing every query shares its direction. Answers tell topics apart better than
    the varied words of those who ask (docs/method.md, clusters). A query without answers counts alone.

    Args:
        queries: query embeddings.
        said: embeddings of the answers' claims.
        query_rows: the query of each claim, shape (len(said),).
    """
    answers = np.zeros_like(queries.vectors)
    np.add.at(answers, query_rows, said.vectors)
    has_answers = np.bincount(query_rows, minlength=len(queries)) > 0
    mixed = _unit(queries.vectors - queries.vectors.mean(axis=0)) if len(queries) > 2 else queries.vectors.copy()
    if has_answers.sum() > 2:
        answers[has_answers] = _unit(answers[has_answers])
        mixed[has_answers] += 2 * _unit(answers[has_answers] - answers[has_answers].mean(axis=0))
    return Embeddings(queries.ids, _unit(mixed), f"{queries.encoder} topics")


def project(embeddings: Embeddings, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return two coordinates a vector for a picture, shape (n, 2), by UMAP with a fixed seed (PCA for fewer than 10)."""
    vectors = embeddings.vectors
    if len(vectors) < 10:
        centred = vectors - vectors.mean(axis=0) if len(vectors) else vectors
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2] if len(vectors) else np.zeros((2, 1))
        flat = np.zeros((len(vectors), 2))
        flat[:, : len(axes)] = centred @ axes.T
        return flat
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an optional library, and that a seed means one thread
        from umap import UMAP  # noqa: PLC0415 (seconds to import)

        mapper = UMAP(n_neighbors=min(15, len(vectors) - 1), min_dist=0.1, metric="cosine", random_state=seed, n_jobs=1)
        mapped: npt.NDArray[np.float64] = np.asarray(mapper.fit_transform(vectors), dtype=np.float64)
    return mapped


def _best_resolution(vectors: Vectors, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    if len(vectors) > _STABILITY_QUERIES:
        vectors = vectors[rng.choice(len(vectors), _STABILITY_QUERIES, replace=False)]
    draws = [rng.choice(len(vectors), max(4, int(len(vectors) * 0.8)), replace=False) for _ in range(_STABILITY_DRAWS)]
    found: list[tuple[float, float]] = []
    for resolution in RESOLUTIONS:
        parts = [_partial(vectors, draw, resolution, seed + 1 + i) for i, draw in enumerate(draws)]
        if found and np.mean([part.max() + 1 for part in parts]) > 0.8 * len(vectors) / _MEAN_SIZE:
            break
        pairs = zip(parts[::2], parts[1::2], strict=True)
        found.append((resolution, float(np.mean([_agreement(a, b) for a, b in pairs]))))
    best = max(stability for _, stability in found)
    return next((resolution, stability) for resolution, stability in reversed(found) if stability >= best - _TIE)


def _partial(vectors: Vectors, rows: Labels, resolution: float, seed: int) -> Labels:
    labels = np.full(len(vectors), -1)
    labels[rows] = _communities(vectors[rows], resolution, seed)
    return labels


def _agreement(first: Labels, second: Labels) -> float:
    both = (first >= 0) & (second >= 0)
    return float(adjusted_rand_score(first[both], second[both]))


def _communities(vectors: Vectors, resolution: float, seed: int) -> Labels:
    from sknetwork.clustering import Leiden  # noqa: PLC0415

    graph = _graph(vectors)
    labels = Leiden(resolution=resolution, random_state=seed).fit_predict(graph)
    return np.asarray(labels, dtype=np.int64)


def _graph(vectors: Vectors) -> sparse.csr_matrix:
    """Return the symmetric graph of mutual nearest neighbours; a query that nobody returns keeps its nearest one."""
    n = len(vectors)
    similarity, rows = nearest_rows(vectors, vectors, min(_GRAPH_NEIGHBORS + 1, n))
    start = np.repeat(np.arange(n), rows.shape[1])
    weight = np.maximum(similarity.ravel().astype(np.float64), 1e-6)
    keep = start != rows.ravel()
    directed = sparse.csr_matrix((weight[keep], (start[keep], rows.ravel()[keep])), shape=(n, n))
    mutual = directed.minimum(directed.T)
    lonely = np.flatnonzero(np.diff(mutual.indptr) == 0)
    place = (rows[lonely, 0] == lonely).astype(int)
    nearest = (np.maximum(similarity[lonely, place], 1e-6).astype(np.float64), (lonely, rows[lonely, place]))
    bridge = sparse.csr_matrix(nearest, shape=(n, n))
    return sparse.csr_matrix(mutual.maximum(bridge).maximum(bridge.T))


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    fallback = np.eye(1, vectors.shape[1], dtype=np.float32)
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), fallback).astype(np.float32)


def _low_part(vectors: Vectors, covered: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which queries are the cluster's uncovered part; none where it has no two parts, or the part is no topic."""
    order = np.sort(covered)
    nothing = np.zeros(len(covered), dtype=bool)
    if len(order) < 4:
        return nothing
    cuts = range(2, len(order) - 1)
    within = [order[:cut].var() * cut + order[cut:].var() * (len(order) - cut) for cut in cuts]
    cut = cuts[int(np.argmin(np.round(within, 9)))]
    is_low = covered <= order[cut - 1]
    if order[cut:].mean() - order[:cut].mean() < _SPLIT or is_low.sum() != cut:
        return nothing
    near = np.round(vectors @ vectors.T, 6)
    among = (near[np.ix_(is_low, is_low)].sum() - cut) / (cut * (cut - 1))
    return is_low if among > near[np.ix_(is_low, ~is_low)].mean() else nothing


def _by_size(labels: Labels) -> Labels:
    """Return labels renumbered from 0, largest cluster first, ties by first member."""
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    rank = {int(values[place]): number for number, place in enumerate(order)}
    return np.array([rank[int(label)] for label in labels], dtype=np.int64)


def _membership(vectors: Vectors, labels: Labels) -> npt.NDArray[np.float64]:
    if not len(labels):
        return np.zeros(0)
    centres = np.stack([vectors[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    near: npt.NDArray[np.float64] = (vectors * centres[labels]).sum(axis=1).astype(np.float64)
    return near.clip(0, 1)
