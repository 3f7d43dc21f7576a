"""Clusters of queries on their neighbour graph: stable across seeds, and no query is dropped. UMAP is for pictures only."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.tables import CLUSTERS, Clusters, checked
from coverage_kit.vectors import Embeddings, Vectors

RESOLUTIONS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_GRAPH_NEIGHBORS = 10
_STABILITY_DRAWS = 6
_STABILITY_QUERIES = 4000
_TIE = 0.02

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClusterQuality:
    """What is known of a clustering: resolution chosen, number of clusters, stability (mean adjusted Rand index between
    clusterings of random 80% samples with other seeds), and the share of queries with membership under .5."""

    resolution: float
    n_clusters: int
    stability: float
    low_membership_share: float


@checked
def cluster_queries(embeddings: Embeddings, seed: int = 0) -> tuple[Clusters, ClusterQuality]:
    """Return each query's cluster and the clustering's quality.

    Leiden communities of the mutual-nearest-neighbour graph (edges weighted by cosine), at the resolution whose clusterings of
    random samples agree best; among equals, the finest. Every query gets a cluster; `membership` says how well it fits.

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


def project(embeddings: Embeddings, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return two coordinates a vector for a picture, shape (n, 2), by UMAP with a fixed seed (PCA for fewer than 10)."""
    vectors = embeddings.vectors
    if len(vectors) < 10:
        centred = vectors - vectors.mean(axis=0) if len(vectors) else vectors
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2] if len(vectors) else np.zeros((2, 1))
        flat = np.zeros((len(vectors), 2))
        flat[:, : len(axes)] = centred @ axes.T
        return flat
    from umap import UMAP  # noqa: PLC0415 (seconds to import)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mapper = UMAP(n_neighbors=min(15, len(vectors) - 1), min_dist=0.1, metric="cosine", random_state=seed, n_jobs=1)
        return np.asarray(mapper.fit_transform(vectors), dtype=np.float64)


def _best_resolution(vectors: Vectors, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    if len(vectors) > _STABILITY_QUERIES:
        vectors = vectors[rng.choice(len(vectors), _STABILITY_QUERIES, replace=False)]
    draws = [rng.choice(len(vectors), max(4, int(len(vectors) * 0.8)), replace=False) for _ in range(_STABILITY_DRAWS)]
    best, best_stability = RESOLUTIONS[0], -1.0
    for resolution in RESOLUTIONS:
        parts = [_partial(vectors, draw, resolution, seed + 1 + i) for i, draw in enumerate(draws)]
        stability = float(np.mean([_agreement(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]))
        if stability >= best_stability - _TIE:
            best, best_stability = resolution, max(stability, best_stability)
    return best, best_stability


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
    nearest = sparse.csr_matrix(directed)[lonely].argmax(axis=1).A1 if len(lonely) else np.array([], dtype=int)
    bridge = sparse.csr_matrix((np.asarray(directed[lonely, nearest]).ravel(), (lonely, nearest)), shape=(n, n))
    return sparse.csr_matrix(mutual.maximum(bridge).maximum(bridge.T))


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
    return np.clip((vectors * centres[labels]).sum(axis=1).astype(np.float64), 0, 1)
