"""Clusters of queries: communities of the graph that links each query with its nearest queries.

They are stable across seeds, and no query is dropped. UMAP is used for pictures only.
"""

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from coverage_kit.match.neighbors import NeighborIndex, nearest_rows
from coverage_kit.tables import CLUSTERS, Clusters, Coverage, checked
from coverage_kit.vectors import Embeddings, Vectors, to_unit_length

# Resolutions of Louvain that are compared, coarsest first.
RESOLUTIONS = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0)
# Random samples that are clustered to measure stability: of all queries, or of a sample. Assumed.
_DRAWS = 10
_DRAWS_OF_SAMPLE = 5
# Share of the queries in each of these samples.
_DRAWN_SHARE = 0.8
# Queries that a cluster has to hold on average. Assumed.
_MIN_MEAN_SIZE = 4
# How strongly a difference of coverage weakens an edge: exp(-8 trust difference). Assumed.
_COVERAGE_PENALTY = 8.0
# With more queries than this, the resolution is chosen on a sample; chosen with CLINC150 in view
# (docs/method.md, clusters).
_MAX_UNSAMPLED = 6000
_SAMPLE = 2000
# Pairs of queries up to which neighbours are exact, so 10,000 queries, and the recall of the index
# for more. A graph of nearly all neighbours has the same communities.
_EXACT_PAIRS = 100_000_000
_RECALL = 0.96
# Rows of the graph that are multiplied at a time, to bound memory.
_BLOCK = 20_000
# Fewer queries than this are a single cluster.
_MIN_QUERIES = 4
# Further seeds by which all queries are clustered, to say how much the seed decides. Assumed: their
# mean is within about .02 of that of ten on the sample.
_FURTHER_SEEDS = 3

Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClusterQuality:
    """The quality of a clustering.

    `resolution` is the resolution that was chosen. `stability` is the mean adjusted Rand index
    between clusterings of random 80% samples with different seeds, at that resolution.
    `low_membership_share` is the share of queries with a membership under .5. `seed_agreement` is
    the mean adjusted Rand index with clusterings of all queries that differ by the seed alone, and
    `pairs_kept` the share of the pairs of queries of one cluster that these keep together; None
    where that was not measured, where each cluster is a single query, or where too few queries were
    there to be clustered. `pairs_kept_by_cluster` is the same of each cluster of several queries.
    """

    resolution: float
    n_clusters: int
    stability: float
    low_membership_share: float
    seed_agreement: float | None = None
    pairs_kept: float | None = None
    pairs_kept_by_cluster: dict[str, float] = field(default_factory=dict)


class QueryGraph:
    """A graph that links queries with their nearest queries.

    It can be passed in place of the embeddings, so that neighbours are searched only once.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self.embeddings = embeddings

    def __len__(self) -> int:
        return len(self.embeddings)

    @cached_property
    def neighbors(self) -> Rows:
        """Rows of the queries nearest to each, nearest first, shape (n, at most 2 log2 n)."""
        return _nearest(self.embeddings.vectors)

    @cached_property
    def adjacency(self) -> sparse.csr_matrix:
        """The weights of the edges, symmetric, shape (n, n)."""
        return _graph(self.neighbors)


@checked
def cluster_queries(
    embeddings: Embeddings | QueryGraph, seed: int = 0
) -> tuple[Clusters, ClusterQuality]:
    """Return each query's cluster and the clustering's quality.

    The clusters are Louvain communities of a graph. The graph links each query with its log2(n)
    nearest queries; an edge's weight is the share of neighbours in common. The resolution is the
    finest of those whose clusterings of random samples agree within one standard error of the best,
    and whose clusters hold four queries on average.

    Every query gets a cluster; `membership` says how well it fits. With more than 6,000 queries,
    the resolution is chosen on 2,000 queries and scaled by 2,000 / n, which keeps the number of
    clusters. (On all queries, the samples would agree best on ever fewer clusters.)

    Args:
        embeddings: query embeddings, or their graph.
        seed: seed of the order in which queries are visited, and of the samples.
    """
    graph = embeddings if isinstance(embeddings, QueryGraph) else QueryGraph(embeddings)
    if len(graph) < _MIN_QUERIES:
        labels = np.zeros(len(graph), np.int64)
        resolution = 1.0
        stability = 1.0
    else:
        resolution, stability = _choose_resolution(graph, seed)
        labels = _communities(graph.adjacency, resolution, seed)
    table = _cluster_table(graph.embeddings, labels)
    quality = ClusterQuality(
        resolution=resolution,
        n_clusters=table["cluster_id"].nunique(),
        stability=stability,
        low_membership_share=_low_membership_share(table),
    )
    return table, quality


@checked
def part_by_coverage(
    embeddings: Embeddings | QueryGraph,
    coverage: Coverage,
    trust: float,
    quality: ClusterQuality,
    seed: int = 0,
) -> tuple[Clusters, ClusterQuality]:
    """Return clusters that separate covered from uncovered queries.

    So no gap hides in the mean of a covered topic. Graph and resolution are those of the clusters
    without coverage; each edge's weight is multiplied by exp(-8 trust |difference of coverage|). So
    the separation depends on how well coverage can be assessed. The stability is that of the
    clusters without coverage. `pairs_kept` is that of further seeds, which choose a resolution and
    cluster by the same coverage.

    Args:
        embeddings: query embeddings, or their graph.
        coverage: each query's coverage.
        trust: 0 where coverage cannot be assessed, 1 where it is certain: 2 AUC - 1 of the
            self-test.
        quality: quality of the clusters without coverage.
        seed: seed of the order in which queries are visited.
    """
    graph = embeddings if isinstance(embeddings, QueryGraph) else QueryGraph(embeddings)
    if len(graph) < _MIN_QUERIES:
        labels = np.zeros(len(graph), np.int64)
        further = labels[None]
    else:
        parted = _weaken(graph, coverage, trust)
        labels = _communities(parted, quality.resolution, seed)
        further = np.stack(
            [
                _communities(parted, _choose_resolution(graph, other)[0], other)
                for other in range(seed + 1, seed + 1 + _FURTHER_SEEDS)
            ]
        )
    table = _cluster_table(graph.embeddings, labels)
    pairs = _count_pairs(table["cluster_id"], further)
    return table, replace(
        quality,
        n_clusters=table["cluster_id"].nunique(),
        low_membership_share=_low_membership_share(table),
        seed_agreement=float(np.mean([adjusted_rand_score(labels, other) for other in further])),
        pairs_kept=float(pairs["kept"].sum() / pairs["all"].sum())
        if len(pairs) and len(graph) >= _MIN_QUERIES
        else None,
        pairs_kept_by_cluster={
            str(name): float(share) for name, share in (pairs["kept"] / pairs["all"]).items()
        },
    )


def _weaken(graph: QueryGraph, coverage: Coverage, trust: float) -> sparse.csr_matrix:
    """Return the graph's weights, weaker between covered and uncovered queries, shape (n, n)."""
    covered = (
        coverage.set_index("query_id")["coverage"]
        .loc[list(graph.embeddings.ids)]
        .to_numpy(np.float64)
    )
    edges = graph.adjacency.tocoo()
    difference = np.abs(covered[edges.row] - covered[edges.col])
    weights = edges.data * np.exp(-_COVERAGE_PENALTY * max(trust, 0.0) * difference)
    return sparse.csr_matrix((weights, (edges.row, edges.col)), shape=edges.shape)


def _count_pairs(cluster_ids: "pd.Series[str]", further: Labels) -> pd.DataFrame:
    """Return the pairs of queries of each cluster of several, and how many are kept together.

    The columns are all and kept, over all further clusterings, shape (clusterings, n).
    """
    sizes = cluster_ids.value_counts(sort=False).astype(np.float64)
    sizes = sizes[sizes > 1]
    kept = pd.Series(0.0, index=sizes.index)
    for labels in further:
        parts = cluster_ids.groupby([cluster_ids, labels]).size()
        kept = kept.add((parts * (parts - 1) / 2).groupby(level=0).sum().reindex(kept.index))
    return pd.DataFrame({"all": len(further) * sizes * (sizes - 1) / 2, "kept": kept})


def topic_embeddings(
    queries: Embeddings, claims: Embeddings, query_rows: npt.NDArray[np.int64]
) -> Embeddings:
    """Return the embeddings by which queries are clustered.

    An embedding is the query's own, plus twice the mean of what its logged answers say. Both are
    centred first, because on a site about a single subject all queries share a direction. Answers
    separate topics better than the varied words of the people who ask (docs/method.md, clusters). A
    query without answers counts alone.

    Args:
        queries: query embeddings.
        claims: embeddings of the answers' claims.
        query_rows: the query of each claim, shape (len(claims),).
    """
    answers = np.zeros_like(queries.vectors)
    np.add.at(answers, query_rows, claims.vectors)
    has_answers = np.bincount(query_rows, minlength=len(queries)) > 0
    # the mean of one or two vectors is no shared direction
    if len(queries) > 2:
        mixed = to_unit_length(queries.vectors - queries.vectors.mean(axis=0))
    else:
        mixed = queries.vectors.copy()
    if has_answers.sum() > 2:
        answers[has_answers] = to_unit_length(answers[has_answers])
        mixed[has_answers] += 2 * to_unit_length(
            answers[has_answers] - answers[has_answers].mean(axis=0)
        )
    return Embeddings(queries.ids, to_unit_length(mixed), f"{queries.encoder} topics")


def project(embeddings: Embeddings, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return two coordinates for each vector, for a picture, shape (n, 2).

    They come from UMAP with a fixed seed, or from PCA for fewer than 10 vectors.
    """
    vectors = embeddings.vectors
    if len(vectors) < 10:
        return _principal_components(vectors)
    with warnings.catch_warnings():
        # UMAP warns that an optional library is missing, and that a seed means a single thread
        warnings.simplefilter("ignore")
        from umap import UMAP  # noqa: PLC0415 (takes seconds to import)

        # with exact neighbours, UMAP need not compile a search of its own, which would take longer
        # than everything else here
        similarity, rows = nearest_rows(vectors, vectors, min(15, len(vectors)))
        mapper = UMAP(
            min_dist=0.1,
            metric="cosine",
            random_state=seed,
            n_jobs=1,
            n_neighbors=rows.shape[1],
            precomputed_knn=(rows, np.maximum(1 - similarity, 0)),
        )
        mapped: npt.NDArray[np.float64] = np.asarray(
            mapper.fit_transform(vectors), dtype=np.float64
        )
    return mapped


def _principal_components(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Return the first two principal components of each vector, shape (n, 2)."""
    components = np.zeros((len(vectors), 2))
    if len(vectors):
        centred = vectors - vectors.mean(axis=0)
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
        components[:, : len(axes)] = centred @ axes.T
    return components


def _choose_resolution(graph: QueryGraph, seed: int) -> tuple[float, float]:
    """Return the resolution for the graph, and the stability of samples at this resolution."""
    n = len(graph)
    if n <= _MAX_UNSAMPLED:
        return _best_resolution(graph.neighbors, seed)
    drawn = np.sort(np.random.default_rng(seed).choice(n, _SAMPLE, replace=False))
    resolution, stability = _best_resolution(
        _nearest(graph.embeddings.vectors[drawn]), seed, _DRAWS_OF_SAMPLE
    )
    # scaled, so that there are as many clusters as in the sample
    return resolution * _SAMPLE / n, stability


class _Trial(NamedTuple):
    """A resolution with the mean agreement between samples, and its standard error."""

    resolution: float
    stability: float
    error: float


def _best_resolution(neighbors: Rows, seed: int, n_draws: int = _DRAWS) -> tuple[float, float]:
    """Return the best resolution and its stability, from random samples of the queries.

    `neighbors` are the rows of each query's nearest queries, shape (n, neighbours).
    """
    n = len(neighbors)
    rng = np.random.default_rng(seed)
    n_drawn = max(_MIN_QUERIES, int(n * _DRAWN_SHARE))
    draws = [np.sort(rng.choice(n, n_drawn, replace=False)) for _ in range(n_draws)]
    graphs = [_graph(neighbors, draw) for draw in draws]
    trials: list[_Trial] = []
    for resolution in RESOLUTIONS:
        # the cluster of each query in each sample, -1 where it was not drawn
        labels = np.full((n_draws, n), -1)
        for number, (draw, graph) in enumerate(zip(draws, graphs, strict=True)):
            labels[number, draw] = _communities(graph, resolution, seed + 1 + number)
        if trials and np.mean(labels.max(axis=1) + 1) > _DRAWN_SHARE * n / _MIN_MEAN_SIZE:
            break
        agreement = _mean_agreement(labels)
        error = float(np.std(agreement, ddof=1) / np.sqrt(len(agreement)))
        trials.append(_Trial(resolution, float(np.mean(agreement)), error))
    best = max(trials, key=lambda trial: trial.stability)
    finest = next(
        trial for trial in reversed(trials) if trial.stability >= best.stability - best.error
    )
    return finest.resolution, finest.stability


def _mean_agreement(labels: Labels) -> npt.NDArray[np.float64]:
    """Return the mean adjusted Rand index of each clustering with the others, (clusterings,)."""
    n = len(labels)
    agreement = np.eye(n)
    for row, column in combinations(range(n), 2):
        agreement[row, column] = _agreement(labels[row], labels[column])
        agreement[column, row] = agreement[row, column]
    return np.asarray((agreement.sum(axis=1) - 1) / (n - 1))


def _agreement(first: Labels, second: Labels) -> float:
    """Return the adjusted Rand index over the queries that are in both samples."""
    is_shared = (first >= 0) & (second >= 0)
    return float(adjusted_rand_score(first[is_shared], second[is_shared]))


def _cluster_table(embeddings: Embeddings, labels: Labels) -> pd.DataFrame:
    if not len(labels):
        return CLUSTERS.empty()
    labels = _by_size(labels)
    # as many digits in every id, so that ids sort as numbers
    width = len(str(max(labels.max(), 1)))
    frame = pd.DataFrame(
        {
            "query_id": pd.Series(embeddings.ids, dtype="str"),
            "cluster_id": pd.Series([f"c{label:0{width}d}" for label in labels], dtype="str"),
            "membership": _membership(embeddings.vectors, labels),
        }
    )
    return CLUSTERS.typed(frame)


def _communities(graph: sparse.csr_matrix, resolution: float, seed: int) -> Labels:
    # Louvain, not Leiden: scikit-network's Leiden draws from the C library's rand(), which no seed
    # reaches, so that results would change from run to run
    from sknetwork.clustering import Louvain  # noqa: PLC0415 (only needed here)

    graph.sort_indices()  # neighbours are visited in their stored order
    louvain = Louvain(
        resolution,
        random_state=seed,
        shuffle_nodes=True,
        sort_clusters=False,
        return_probs=False,
    )
    return np.asarray(louvain.fit_predict(graph), dtype=np.int64)


def _nearest(vectors: Vectors) -> Rows:
    """Return the rows of the queries nearest to each, nearest first, (n, at most 2 log2 n).

    There are twice as many as the graph needs, because some are missing in a sample.
    """
    n = len(vectors)
    index = NeighborIndex(vectors, None, _EXACT_PAIRS, _RECALL)
    _, rows = index.search(vectors, 2 * _n_neighbors(n) + 1)
    is_self = rows == np.arange(n)[:, None]
    # a query with many copies may be missing among its own neighbours: drop the last copy instead
    is_self[~is_self.any(axis=1), -1] = True
    others: Rows = rows[~is_self].reshape(n, -1)
    return others


def _n_neighbors(n: int) -> int:
    # log2 n: with fewer than about log n neighbours, such a graph falls to pieces
    return (n - 1).bit_length()


def _graph(neighbors: Rows, drawn: Rows | None = None) -> sparse.csr_matrix:
    """Return the symmetric graph of the drawn queries, shape (len(drawn), len(drawn)).

    Each query is linked with its log2(n) nearest drawn queries, where n is the number of all
    queries. The weight of an edge is what the neighbourhoods of its two ends (each with its own
    query) have in common: the size of the intersection over the size of the union. Without `drawn`,
    the graph is that of all queries.
    """
    drawn = np.arange(len(neighbors)) if drawn is None else drawn
    n = len(drawn)
    # each query's number in the sample, -1 where it was not drawn
    number_of = np.full(len(neighbors), -1)
    number_of[drawn] = np.arange(n)
    ends = number_of[neighbors[drawn]]
    is_drawn = ends >= 0
    is_linked = is_drawn & (np.cumsum(is_drawn, axis=1) <= _n_neighbors(len(neighbors)))
    start, column = np.nonzero(is_linked)
    links = sparse.csr_matrix((np.ones(len(start)), (start, ends[start, column])), shape=(n, n))
    links += sparse.identity(n, format="csr")
    sizes = np.diff(links.indptr)
    either = links.maximum(links.T).tocsr()
    blocks = [
        (links[row : row + _BLOCK] @ links.T).multiply(either[row : row + _BLOCK])
        for row in range(0, n, _BLOCK)
    ]
    common = sparse.triu(sparse.vstack(blocks), 1).tocoo()
    weights = common.data / (sizes[common.row] + sizes[common.col] - common.data)
    half = sparse.csr_matrix((weights, (common.row, common.col)), shape=(n, n))
    return sparse.csr_matrix(half + half.T)


def _by_size(labels: Labels) -> Labels:
    """Return labels renumbered from 0, largest cluster first; ties go by the first member."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    return np.asarray(np.argsort(np.lexsort((first, -counts)))[inverse], dtype=np.int64)


def _membership(vectors: Vectors, labels: Labels) -> npt.NDArray[np.float64]:
    """Return the cosine of each query with the mean of its cluster, at least 0, shape (n,)."""
    n = len(labels)
    centres = sparse.csr_matrix((np.ones(n, np.float32), (labels, np.arange(n)))) @ vectors
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    similarity: npt.NDArray[np.float64] = np.einsum("ij,ij->i", vectors, centres[labels]).astype(
        np.float64
    )
    return similarity.clip(0, 1)


def _low_membership_share(clusters: pd.DataFrame) -> float:
    return float((clusters["membership"] < 0.5).mean()) if len(clusters) else 0.0
