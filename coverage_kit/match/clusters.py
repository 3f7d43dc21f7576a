"""Clusters of queries, one topic each, and themes: groups of clusters.

Queries are linked by what they and their answers say, and by the results that their searches share.
A query near no other stands alone. UMAP is used for pictures only.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import normalize

from coverage_kit.match.neighbors import NeighborIndex, nearest_rows
from coverage_kit.match.shared_results import no_shared_results, weigh_kinds
from coverage_kit.tables import CLUSTERS, Clusters, checked
from coverage_kit.vectors import Embeddings, Vectors, to_unit_length

# Maximum distances of two clusters that are joined; the log decides among them by stability.
MAX_DISTANCES = tuple(round(0.5 + step * 0.025, 3) for step in range(11))
# Random samples that are clustered to measure stability, and where there are many queries. Assumed.
_DRAWS = 10
_DRAWS_OF_MANY = 3
_MANY = 2000
# Share of the queries in each of these samples.
_DRAWN_SHARE = 0.8
# Weight of common nearest queries beside similarity. Without them, the topics of CLINC150 are found
# worse (docs/method.md, clusters).
_AGREEMENT_WEIGHT = 0.5
# More queries than this are first parted into communities, each smaller than that: to bound memory,
# and as average linkage takes the square of the time.
_MAX_LINKED = 2000
# Pairs of queries up to which neighbours for these communities are exact, so 10,000 queries, and
# the recall of the index for more.
_EXACT_PAIRS = 100_000_000
_RECALL = 0.96
# Rows of the graph that are multiplied at a time, to bound memory.
_BLOCK = 20_000
# Fewer queries than this say nothing of stability.
_MIN_QUERIES = 4
# Numbers of themes where there are at least 20 clusters. Assumed: what a reader can take in, and a
# map can show.
_MIN_THEMES = 10
_MAX_THEMES = 25
# Themes are so many times the square root of the clusters: 13 themes of 80 clusters. Assumed.
_THEMES_PER_ROOT = 1.5

Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Similarities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ClusterQuality:
    """The quality of a clustering.

    Attributes:
        max_distance: the distance up to which clusters are joined.
        weights: by kind of what searches share, how telling it is on this log, 0 to 1.
        n_clusters: clusters, those of a single query included.
        n_themes: groups of clusters.
        n_alone: queries that are a cluster of their own.
        stability: mean adjusted Rand index between the clusterings of random 80% samples and of all
            queries, over the queries of the sample; None where no queries share a cluster, or
            fewer than four are there.
        low_membership_share: share of queries with a membership under .5.
        pairs_kept: share of the pairs of queries of one cluster that these samples keep together;
            None where there is no such pair.
        pairs_kept_by_cluster: the same of each cluster of several queries.
    """

    max_distance: float
    n_clusters: int
    n_themes: int
    n_alone: int
    stability: float | None
    low_membership_share: float
    weights: dict[str, float] = field(default_factory=dict)
    pairs_kept: float | None = None
    pairs_kept_by_cluster: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Features:
    """Unit vectors of queries in two parts: topics, dense, and what they share, sparse.

    The similarity of two queries is the sum of both parts' products.
    """

    topics: Vectors
    shared: sparse.csr_matrix

    def __len__(self) -> int:
        return len(self.topics)

    def select(self, rows: Rows) -> "_Features":
        return _Features(self.topics[rows], self.shared[rows])

    def means(self, labels: Labels) -> "_Features":
        """Return the mean of each cluster, of length 1; labels are numbered from 0, shape (n,)."""
        n = len(labels)
        sums = sparse.csr_matrix((np.ones(n, np.float32), (labels, np.arange(n))))
        topics, shared = sums @ self.topics, sums @ self.shared
        squares = (topics**2).sum(axis=1) + _squares(shared)
        scale = (1 / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32)
        return _Features(topics * scale[:, None], sparse.csr_matrix(sparse.diags(scale) @ shared))

    def similarities(self, other: "_Features") -> Similarities:
        """Return the similarity with each of others, shape (len(self), len(other))."""
        similarities: Similarities = self.topics @ other.topics.T
        if self.shared.nnz:
            similarities += (self.shared @ other.shared.T).toarray()
        return similarities


@checked
def cluster_queries(
    embeddings: Embeddings, shared: pd.DataFrame | None = None, seed: int = 0
) -> tuple[Clusters, ClusterQuality]:
    """Return each query's cluster and theme, and the clustering's quality.

    Clusters are joined by average linkage up to a maximum distance. The similarity of two queries
    is the cosine of their embeddings beside what their searches share, each kind weighted by how
    telling it is on this log. Where queries are crowded, nearness counts less; nearest queries in
    common count in addition. The maximum distance is the largest whose clusterings of random 80%
    samples agree with that of all queries within one standard error of the best.

    Every query gets a cluster; `membership` says how well it fits. The order of the queries decides
    nothing.

    Args:
        embeddings: query embeddings (`topic_embeddings`).
        shared: what their searches share (`find_shared_results`).
        seed: seed of the samples.
    """
    if not len(embeddings):
        return CLUSTERS.empty(), ClusterQuality(MAX_DISTANCES[0], 0, 0, 0, None, 0.0)
    shared = no_shared_results() if shared is None else shared
    order = np.argsort(np.asarray(embeddings.ids), kind="stable")
    ids = [embeddings.ids[row] for row in order]
    vectors = embeddings.vectors[order]
    features, weights = _weighted_features(ids, vectors, shared, seed)
    by_distance = _labels_by_distance(features, seed)
    draws = _draw_samples(ids, vectors, shared, seed)
    number, stability = _choose_distance(by_distance, draws)
    labels = _by_size(by_distance[number])
    themes = _group_themes(features, labels)
    table = _cluster_table(ids, vectors, labels, themes)
    pairs = _count_pairs(labels, draws[:, number])
    kept = pairs["kept"] / pairs["all"]
    quality = ClusterQuality(
        max_distance=MAX_DISTANCES[number],
        n_clusters=int(labels.max()) + 1,
        n_themes=int(themes.max()) + 1,
        n_alone=int((np.bincount(labels) == 1).sum()),
        stability=stability if len(pairs) else None,
        low_membership_share=float((table["membership"] < 0.5).mean()),
        weights=weights,
        pairs_kept=float(pairs["kept"].sum() / pairs["all"].sum()) if len(pairs) else None,
        pairs_kept_by_cluster={
            name: float(share)
            for name, share in zip(_names("c", kept.index, labels.max()), kept, strict=True)
        },
    )
    rows = np.argsort(order)  # back to the order of the embeddings
    return table.iloc[rows].reset_index(drop=True), quality


def _group_themes(features: _Features, labels: Labels) -> Labels:
    """Return the theme of each query, numbered from 0, largest first, shape (n,).

    Themes are groups of clusters that are near each other, by Ward's method: 1.5 times the square
    root of the clusters, and 10 to 25 where there are at least 20 clusters. Of very many clusters,
    the 2,000 largest make the themes, and each other joins the nearest.

    Args:
        features: features of the queries.
        labels: their clusters, numbered from 0, largest first, shape (n,).
    """
    clusters = features.means(labels)
    n_clusters = len(clusters)
    n_themes = min(n_clusters, round(_THEMES_PER_ROOT * np.sqrt(n_clusters)), _MAX_THEMES)
    if n_clusters >= 2 * _MIN_THEMES:
        n_themes = max(_MIN_THEMES, n_themes)
    if n_themes == n_clusters:
        return _by_size(labels)
    large = clusters.select(np.arange(min(n_clusters, _MAX_LINKED)))
    distances = np.sqrt((2 - 2 * large.similarities(large)).clip(min=0))
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "ward")
    themes = _by_size(fcluster(tree, n_themes, "maxclust"))
    small = clusters.select(np.arange(len(large), n_clusters))
    nearest = small.similarities(large.means(themes)).argmax(axis=1)
    return _by_size(np.concatenate([themes, nearest])[labels])


def _weighted_features(
    ids: Sequence[str], vectors: Vectors, shared: pd.DataFrame, seed: int
) -> tuple[_Features, dict[str, float]]:
    """Return the features of queries, and the weight of each kind of what they share."""
    kinds = weigh_kinds(ids, vectors, shared, seed)
    parts = [kind.vectors * np.sqrt(kind.weight) for kind in kinds]
    together = (
        sparse.csr_matrix(sparse.hstack(parts, format="csr"), dtype=np.float32)
        if parts
        else sparse.csr_matrix((len(ids), 0), dtype=np.float32)
    )
    scale = (1 / np.sqrt(1 + _squares(together))).astype(np.float32)
    features = _Features(
        vectors * scale[:, None], sparse.csr_matrix(sparse.diags(scale) @ together)
    )
    return features, {kind.name: kind.weight for kind in kinds}


def _squares(rows: sparse.csr_matrix) -> npt.NDArray[np.float64]:
    """Return the sum of squares of each row, shape (n,)."""
    return np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel()


def _draw_samples(ids: Sequence[str], vectors: Vectors, shared: pd.DataFrame, seed: int) -> Labels:
    """Return the clusters of random 80% samples, by maximum distance; -1 for queries not drawn.

    The shape is (draws, distances, n). Nothing of a sample is known from outside it.
    """
    n = len(ids)
    rng = np.random.default_rng(seed)
    n_draws = 0 if n < _MIN_QUERIES else _DRAWS if n <= _MANY else _DRAWS_OF_MANY
    draws = np.full((n_draws, len(MAX_DISTANCES), n), -1)
    for draw in draws:
        drawn = np.sort(rng.choice(n, int(n * _DRAWN_SHARE), replace=False))
        features, _ = _weighted_features([ids[row] for row in drawn], vectors[drawn], shared, seed)
        draw[:, drawn] = _labels_by_distance(features, seed)
    return draws


def _choose_distance(by_distance: Labels, draws: Labels) -> tuple[int, float | None]:
    """Return the number of the maximum distance, and the stability of its clusters.

    It is the largest whose agreement is within one standard error of the best.
    """
    if not len(draws):
        return 0, None
    agreement = np.array(
        [
            [_agreement(labels, drawn) for labels, drawn in zip(by_distance, draw, strict=True)]
            for draw in draws
        ]
    )
    stability = agreement.mean(axis=0)
    best = int(stability.argmax())
    error = agreement[:, best].std(ddof=1) / np.sqrt(len(agreement))
    number = int(np.flatnonzero(stability >= stability[best] - error)[-1])
    return number, float(stability[number])


def _agreement(labels: Labels, drawn: Labels) -> float:
    """Return the adjusted Rand index over the queries of a sample; 0 where all are alone.

    Where all are alone in both, the index is 1, although nothing was found again.
    """
    is_drawn = drawn >= 0
    if len(np.unique(drawn[is_drawn])) == is_drawn.sum():
        return 0.0
    return float(adjusted_rand_score(labels[is_drawn], drawn[is_drawn]))


def _labels_by_distance(features: _Features, seed: int) -> Labels:
    """Return the clusters of queries for each maximum distance, shape (distances, n).

    Many queries are parted into communities first, and each is clustered for itself.
    """
    parts = _parts(features, seed)
    n_neighbors = _n_neighbors(len(features))
    crowding = np.zeros(len(features), np.float32)
    for rows in parts:
        part = features.select(rows)
        crowding[rows] = _crowding(part.similarities(part), n_neighbors)
    excess = np.maximum(crowding - np.median(crowding), 0)
    labels = np.zeros((len(MAX_DISTANCES), len(features)), np.int64)
    for rows in parts:
        part = features.select(rows)
        similarities = part.similarities(part)
        joined = _link(_adjusted(similarities, crowding[rows], excess[rows], n_neighbors))
        labels[:, rows] = joined + labels.max(axis=1, keepdims=True) + 1
    return labels


def _crowding(similarities: Similarities, n_neighbors: int) -> Similarities:
    """Return the mean similarity of each query with its nearest others, shape (n,)."""
    k = min(n_neighbors, len(similarities) - 1)
    if k < 1:
        return np.zeros(len(similarities), np.float32)
    np.fill_diagonal(similarities, -np.inf)
    nearest = -np.partition(-similarities, k - 1, axis=1)[:, :k]
    return np.asarray(nearest.mean(axis=1), dtype=np.float32)


def _adjusted(
    similarities: Similarities, crowding: Similarities, excess: Similarities, n_neighbors: int
) -> Similarities:
    """Return similarities that count nearest queries in common, and less where it is crowded.

    Args:
        similarities: similarity of each pair, shape (n, n).
        crowding: how near the nearest of each query are, shape (n,).
        excess: by how much that exceeds the log's median, shape (n,).
        n_neighbors: how many queries are nearest.
    """
    n = len(similarities)
    k = min(n_neighbors + 1, n)
    np.fill_diagonal(similarities, np.inf)  # each query is the nearest to itself
    rows = np.argpartition(crowding / 2 - similarities, k - 1, axis=1)[:, :k]
    links = sparse.csr_matrix(
        (np.ones(rows.size, np.float32), rows.ravel(), np.arange(n + 1) * k), shape=(n, n)
    )
    links = normalize(links)
    common = (links @ links.T).toarray()
    adjusted = similarities - (excess[:, None] + excess) / 2
    return np.asarray((adjusted + _AGREEMENT_WEIGHT * common) / (1 + _AGREEMENT_WEIGHT))


def _link(similarities: Similarities) -> Labels:
    """Return the clusters of average linkage for each maximum distance, (distances, n), from 0."""
    n = len(similarities)
    if n == 1:
        return np.zeros((len(MAX_DISTANCES), 1), np.int64)
    distances = 1 - similarities
    np.fill_diagonal(distances, 0)
    # what is nearer than equal is equal
    tree = linkage(squareform(distances.clip(min=0), checks=False), "average")
    return np.stack([fcluster(tree, most, "distance") - 1 for most in MAX_DISTANCES])


def _parts(features: _Features, seed: int) -> list[Rows]:
    """Return rows of queries that are clustered together, at most 2,000 each.

    They are all queries, or communities of the graph of nearest queries.
    """
    n = len(features)
    if n <= _MAX_LINKED:
        return [np.arange(n)]
    graph = _graph(to_unit_length(features.topics))
    resolution = 1.0
    labels = _communities(graph, resolution, seed)
    while np.bincount(labels).max() > _MAX_LINKED:
        resolution *= 2
        labels = _communities(graph, resolution, seed)
    return [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]


def _count_pairs(labels: Labels, draws: Labels) -> pd.DataFrame:
    """Return the pairs of queries of each cluster of several that samples draw, and keep together.

    The columns are all and kept, over all samples, shape (draws, n); -1 marks what is not drawn.
    """
    pairs = pd.DataFrame({"all": 0.0, "kept": 0.0}, index=np.unique(labels))
    for drawn in draws:
        is_drawn = drawn >= 0
        parts = pd.Series(labels[is_drawn]).groupby([labels[is_drawn], drawn[is_drawn]]).size()
        whole = parts.groupby(level=0).sum()
        kept = (parts * (parts - 1) / 2).groupby(level=0).sum()
        pairs["all"] = pairs["all"].add(whole * (whole - 1) / 2, fill_value=0)
        pairs["kept"] = pairs["kept"].add(kept, fill_value=0)
    return pairs[pairs["all"] > 0]


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


def _cluster_table(
    ids: Sequence[str], vectors: Vectors, labels: Labels, themes: Labels
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "query_id": pd.Series(ids, dtype="str"),
            "cluster_id": pd.Series(_names("c", labels, labels.max()), dtype="str"),
            "theme_id": pd.Series(_names("t", themes, themes.max()), dtype="str"),
            "membership": _membership(vectors, labels),
        }
    )
    return CLUSTERS.typed(frame)


def _names(prefix: str, numbers: "npt.ArrayLike", largest: int) -> list[str]:
    # as many digits in every id, so that ids sort as numbers
    width = len(str(max(int(largest), 1)))
    return [f"{prefix}{number:0{width}d}" for number in np.asarray(numbers)]


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


def _n_neighbors(n: int) -> int:
    # log2 n: with fewer than about log n neighbours, a graph of them falls to pieces
    return (n - 1).bit_length()


def _graph(vectors: Vectors) -> sparse.csr_matrix:
    """Return the symmetric graph that links each query with its log2(n) nearest, shape (n, n).

    The weight of an edge is what the neighbourhoods of its two ends (each with its own query) have
    in common: the size of the intersection over the size of the union.
    """
    n = len(vectors)
    index = NeighborIndex(vectors, None, _EXACT_PAIRS, _RECALL)
    _, rows = index.search(vectors, _n_neighbors(n) + 1)
    starts = np.repeat(np.arange(n), rows.shape[1])
    links = sparse.csr_matrix((np.ones(rows.size), (starts, rows.ravel())), shape=(n, n))
    links = links.maximum(sparse.identity(n, format="csr")).tocsr()
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
    sums = sparse.csr_matrix((np.ones(n, np.float32), (labels, np.arange(n)))) @ vectors
    centres = to_unit_length(sums)
    similarity: npt.NDArray[np.float64] = np.einsum("ij,ij->i", vectors, centres[labels]).astype(
        np.float64
    )
    return similarity.clip(0, 1)
