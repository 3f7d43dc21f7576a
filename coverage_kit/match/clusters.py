"""Clusters of queries on their neighbour graph: stable across seeds, and no query is dropped. UMAP is for pictures only."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from coverage_kit.match.neighbors import NeighborIndex, nearest_rows
from coverage_kit.tables import CLUSTERS, Clusters, Coverage, checked
from coverage_kit.vectors import Embeddings, Vectors

RESOLUTIONS = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_DRAWS = 10
_DRAWS_OF_SAMPLE = 5
_MEAN_SIZE = 4
_PARTING = 8.0
_MOST_DRAWN_FROM = 6000
_SAMPLE = 2000
_EXACT_PAIRS = 100_000_000
_RECALL = 0.96
_BLOCK = 20_000

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClusterQuality:
    """What is known of a clustering.

    Resolution chosen, number of clusters, stability (mean adjusted Rand index between clusterings
    of random 80% samples with other seeds, at that resolution), and the share of queries with
    membership under .5.
    """

    resolution: float
    n_clusters: int
    stability: float
    low_membership_share: float


class QueryGraph:
    """Queries linked with their nearest: pass it in place of the embeddings, and neighbours are searched once."""

    def __init__(self, embeddings: Embeddings) -> None:
        self.embeddings = embeddings

    def __len__(self) -> int:
        return len(self.embeddings)

    @cached_property
    def near(self) -> Labels:
        """The rows of each query's nearest others, nearest first, shape (n, at most 2 log2 n)."""
        return _nearest(self.embeddings.vectors)

    @cached_property
    def links(self) -> sparse.csr_matrix:
        """The symmetric graph of all queries, shape (n, n)."""
        return _graph(self.near)


@checked
def cluster_queries(
    embeddings: Embeddings | QueryGraph, seed: int = 0
) -> tuple[Clusters, ClusterQuality]:
    """Return each query's cluster and the clustering's quality.

    Louvain communities of the graph that links each query with its log2(n) nearest, edges weighted
    by the share of neighbours in common, at the resolution whose clusterings of random samples
    agree best; among equals (within one standard error), the finest whose clusters hold four
    queries on average. Every query gets a cluster; `membership` says how well it fits. Of more than
    6,000 queries the resolution is chosen on 2,000 and scaled by 2,000 / n, which keeps the number
    of clusters: on all, the samples agree best on ever fewer.

    Args:
        embeddings: query embeddings, or their graph.
        seed: seed of the order in which queries are visited, and of the samples.
    """
    graph = embeddings if isinstance(embeddings, QueryGraph) else QueryGraph(embeddings)
    if len(graph) < 4:
        labels = np.zeros(len(graph), np.int64)
        resolution = 1.0
        stability = 1.0
    else:
        resolution, stability = _chosen_resolution(graph, seed)
        labels = _communities(graph.links, resolution, seed)
    table = _cluster_table(graph.embeddings, labels)
    low = float((table["membership"] < 0.5).mean()) if len(table) else 0.0
    return table, ClusterQuality(resolution, table["cluster_id"].nunique(), stability, low)


@checked
def part_by_coverage(
    embeddings: Embeddings | QueryGraph,
    coverage: Coverage,
    trust: float,
    quality: ClusterQuality,
    seed: int = 0,
) -> tuple[Clusters, ClusterQuality]:
    """Return clusters that keep covered and uncovered queries apart, so that no gap hides in the mean of a covered topic.

    The same graph and resolution, with each edge's weight times exp(-8 trust |difference of
    coverage|): how far the two are parted depends on how well coverage can be told. The stability
    stays that of the clusters without coverage.

    Args:
        embeddings: query embeddings, or their graph.
        coverage: each query's coverage.
        trust: 0 where coverage cannot be told, 1 where it is certain: 2 AUC - 1 of the self-test.
        quality: of the clusters found without coverage.
        seed: seed of the order in which queries are visited.
    """
    graph = embeddings if isinstance(embeddings, QueryGraph) else QueryGraph(embeddings)
    if len(graph) < 4:
        labels = np.zeros(len(graph), np.int64)
    else:
        covered = (
            coverage.set_index("query_id")["coverage"]
            .loc[list(graph.embeddings.ids)]
            .to_numpy(np.float64)
        )
        edges = graph.links.tocoo()
        apart = np.abs(covered[edges.row] - covered[edges.col])
        weights = edges.data * np.exp(-_PARTING * max(trust, 0.0) * apart)
        labels = _communities(
            sparse.csr_matrix((weights, (edges.row, edges.col)), shape=edges.shape),
            quality.resolution,
            seed,
        )
    table = _cluster_table(graph.embeddings, labels)
    low = float((table["membership"] < 0.5).mean()) if len(table) else 0.0
    return table, replace(
        quality,
        n_clusters=table["cluster_id"].nunique(),
        low_membership_share=low,
    )


def topic_embeddings(
    queries: Embeddings, said: Embeddings, query_rows: npt.NDArray[np.int64]
) -> Embeddings:
    """Return embeddings by which queries are clustered: the query, and twice the mean of what its logged answers say.

    Both are centred first: on a site about one thing every query shares its direction. Answers tell
    topics apart better than the varied words of those who ask (docs/method.md, clusters). A query
    without answers counts alone.

    Args:
        queries: query embeddings.
        said: embeddings of the answers' claims.
        query_rows: the query of each claim, shape (len(said),).
    """
    answers = np.zeros_like(queries.vectors)
    np.add.at(answers, query_rows, said.vectors)
    has_answers = np.bincount(query_rows, minlength=len(queries)) > 0
    mixed = (
        _unit(queries.vectors - queries.vectors.mean(axis=0))
        if len(queries) > 2
        else queries.vectors.copy()
    )
    if has_answers.sum() > 2:
        answers[has_answers] = _unit(answers[has_answers])
        mixed[has_answers] += 2 * _unit(answers[has_answers] - answers[has_answers].mean(axis=0))
    return Embeddings(queries.ids, _unit(mixed), f"{queries.encoder} topics")


def project(embeddings: Embeddings, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return two coordinates a vector for a picture, shape (n, 2), by UMAP with a fixed seed (PCA for fewer than 10)."""
    vectors = embeddings.vectors
    if len(vectors) < 10:
        centred = vectors - vectors.mean(axis=0) if len(vectors) else vectors
        axes = (
            np.linalg.svd(centred, full_matrices=False)[2][:2] if len(vectors) else np.zeros((2, 1))
        )
        flat = np.zeros((len(vectors), 2))
        flat[:, : len(axes)] = centred @ axes.T
        return flat
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an optional library, and that a seed means one thread
        from umap import UMAP

        # neighbours given are exact, and spare UMAP compiling a search of its own, which takes
        # longer than all else here
        similarity, rows = nearest_rows(vectors, vectors, min(15, len(vectors)))
        same: dict[str, Any] = {
            "precomputed_knn": (rows, np.maximum(1 - similarity, 0)),
            "n_neighbors": rows.shape[1],
        }
        mapper = UMAP(min_dist=0.1, metric="cosine", random_state=seed, n_jobs=1, **same)
        mapped: npt.NDArray[np.float64] = np.asarray(
            mapper.fit_transform(vectors), dtype=np.float64
        )
    return mapped


def _chosen_resolution(graph: QueryGraph, seed: int) -> tuple[float, float]:
    """Return the resolution for the graph and the stability of samples at it."""
    n = len(graph)
    if n <= _MOST_DRAWN_FROM:
        return _best_resolution(graph.near, seed)
    drawn = np.sort(np.random.default_rng(seed).choice(n, _SAMPLE, replace=False))
    resolution, stability = _best_resolution(
        _nearest(graph.embeddings.vectors[drawn]), seed, _DRAWS_OF_SAMPLE
    )
    return (
        resolution * _SAMPLE / n,
        stability,
    )  # as many clusters as of the sample


def _best_resolution(near: Labels, seed: int, n_draws: int = _DRAWS) -> tuple[float, float]:
    """Return the resolution and its stability, from random samples of the neighbours `near`, shape (n, neighbours)."""
    n = len(near)
    rng = np.random.default_rng(seed)
    draws = [np.sort(rng.choice(n, max(4, int(n * 0.8)), replace=False)) for _ in range(n_draws)]
    graphs = [_graph(near, draw) for draw in draws]
    found: list[tuple[float, float, float]] = []
    for resolution in RESOLUTIONS:
        parts = np.full((n_draws, n), -1)
        for i, (draw, graph) in enumerate(zip(draws, graphs, strict=True)):
            parts[i, draw] = _communities(graph, resolution, seed + 1 + i)
        if found and np.mean(parts.max(axis=1) + 1) > 0.8 * n / _MEAN_SIZE:
            break
        pairs = np.eye(n_draws)
        for one, other in combinations(range(n_draws), 2):
            pairs[one, other] = pairs[other, one] = _agreement(parts[one], parts[other])
        agreed = (pairs.sum(axis=1) - 1) / (n_draws - 1)
        found.append(
            (
                resolution,
                float(np.mean(agreed)),
                float(np.std(agreed, ddof=1) / np.sqrt(len(agreed))),
            )
        )
    _, best, error = max(found, key=lambda one: one[1])
    return next(
        (resolution, stability)
        for resolution, stability, _ in reversed(found)
        if stability >= best - error
    )


def _agreement(first: Labels, second: Labels) -> float:
    both = (first >= 0) & (second >= 0)
    return float(adjusted_rand_score(first[both], second[both]))


def _cluster_table(embeddings: Embeddings, labels: Labels) -> pd.DataFrame:
    if not len(labels):
        return CLUSTERS.empty()
    labels = _by_size(labels)
    width = len(str(max(labels.max(), 1)))
    return pd.DataFrame(
        {
            "query_id": pd.Series(embeddings.ids, dtype="str"),
            "cluster_id": pd.Series([f"c{label:0{width}d}" for label in labels], dtype="str"),
            "membership": _membership(embeddings.vectors, labels),
        }
    )


def _communities(graph: sparse.csr_matrix, resolution: float, seed: int) -> Labels:
    # scikit-network's Leiden draws from the C library's rand(), which no seed of ours reaches:
    # results changed from run to run
    from sknetwork.clustering import Louvain

    graph.sort_indices()  # neighbours are visited in their stored order
    louvain = Louvain(
        resolution,
        random_state=seed,
        shuffle_nodes=True,
        sort_clusters=False,
        return_probs=False,
    )
    return np.asarray(louvain.fit_predict(graph), dtype=np.int64)


def _nearest(vectors: Vectors) -> Labels:
    """Return the rows of each query's nearest others, nearest first, shape (n, at most 2 log2 n): samples need them too."""
    n = len(vectors)
    # a graph of nearly all neighbours holds the same communities: past 10,000 queries an index will
    # do
    _, rows = NeighborIndex(vectors, None, _EXACT_PAIRS, _RECALL).search(
        vectors, 2 * _neighbors(n) + 1
    )
    is_self = rows == np.arange(n)[:, None]
    is_self[~is_self.any(axis=1), -1] = True  # lost among its copies
    others: Labels = rows[~is_self].reshape(n, -1)
    return others


def _neighbors(n: int) -> int:
    return (n - 1).bit_length()  # log2 n: below about log n such a graph falls to pieces


def _graph(near: Labels, drawn: Labels | None = None) -> sparse.csr_matrix:
    """Return the symmetric graph of the drawn queries, shape (len(drawn), len(drawn)); of all, when None.

    Each is linked with its log2(n) nearest among the drawn, n the number of all. An edge weighs
    what its two ends' neighbourhoods (each with its own query) have in common: size of the
    intersection over size of the union.
    """
    drawn = np.arange(len(near)) if drawn is None else drawn
    n = len(drawn)
    place = np.full(len(near), -1)
    place[drawn] = np.arange(n)
    ends = place[near[drawn]]
    start, column = np.nonzero(
        (ends >= 0) & (np.cumsum(ends >= 0, axis=1) <= _neighbors(len(near)))
    )
    links = sparse.csr_matrix((np.ones(len(start)), (start, ends[start, column])), shape=(n, n))
    links += sparse.identity(n, format="csr")
    sizes = np.diff(links.indptr)
    either = links.maximum(links.T).tocsr()
    blocks = [
        (links[at : at + _BLOCK] @ links.T).multiply(either[at : at + _BLOCK])
        for at in range(0, n, _BLOCK)
    ]
    common = sparse.triu(sparse.vstack(blocks), 1).tocoo()
    weights = common.data / (sizes[common.row] + sizes[common.col] - common.data)
    half = sparse.csr_matrix((weights, (common.row, common.col)), shape=(n, n))
    return sparse.csr_matrix(half + half.T)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    fallback = np.eye(1, vectors.shape[1], dtype=np.float32)
    return np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), fallback).astype(
        np.float32
    )


def _by_size(labels: Labels) -> Labels:
    """Return labels renumbered from 0, largest cluster first, ties by first member."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    return np.asarray(np.argsort(np.lexsort((first, -counts)))[inverse], dtype=np.int64)


def _membership(vectors: Vectors, labels: Labels) -> npt.NDArray[np.float64]:
    n = len(labels)
    centres = sparse.csr_matrix((np.ones(n, np.float32), (labels, np.arange(n)))) @ vectors
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    near: npt.NDArray[np.float64] = np.einsum("ij,ij->i", vectors, centres[labels]).astype(
        np.float64
    )
    return near.clip(0, 1)
