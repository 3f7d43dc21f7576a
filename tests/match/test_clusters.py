import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from coverage_kit.match import clusters as module
from coverage_kit.match.clusters import (
    cluster_queries,
    project,
    topic_embeddings,
)
from coverage_kit.match.labels import label_clusters
from coverage_kit.vectors import Embeddings, embed_texts, to_unit_length


@pytest.fixture
def query_embeddings(queries, encoder):
    return embed_texts(queries["query_id"], queries["text"], encoder, "query")


def test_no_query_is_dropped_and_topics_are_found(query_embeddings, queries):
    clusters, quality = cluster_queries(query_embeddings)
    assert clusters["query_id"].tolist() == list(queries["query_id"])
    assert clusters["membership"].between(0, 1).all()
    topics = queries["query_id"].str.split("-").str[1]
    assert adjusted_rand_score(topics, clusters["cluster_id"]) > 0.4
    for _, group in clusters.groupby("cluster_id"):
        assert topics[group.index].value_counts(normalize=True).iloc[0] >= 0.5
    assert quality.n_clusters == clusters["cluster_id"].nunique()


def test_clusters_are_the_same_twice(query_embeddings):
    clusters, quality = cluster_queries(query_embeddings)
    repeated, repeated_quality = cluster_queries(query_embeddings)
    assert repeated.equals(clusters)
    assert repeated_quality == quality


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_queries_work(query_embeddings, n):
    few = Embeddings(
        query_embeddings.ids[:n], query_embeddings.vectors[:n], query_embeddings.encoder
    )
    clusters, quality = cluster_queries(few)
    assert len(clusters) == n
    assert quality.n_clusters >= 1
    assert project(few).shape == (n, 2)


def test_equal_queries_share_a_cluster(query_embeddings):
    twin = Embeddings(
        (*query_embeddings.ids, "twin"),
        np.vstack([query_embeddings.vectors, query_embeddings.vectors[:1]]),
        query_embeddings.encoder,
    )
    clusters, _ = cluster_queries(twin)
    assert clusters["cluster_id"].iloc[0] == clusters["cluster_id"].iloc[-1]


def test_the_order_of_queries_decides_nothing(query_embeddings):
    rows = np.random.default_rng(1).permutation(len(query_embeddings))
    shuffled = query_embeddings.select([query_embeddings.ids[row] for row in rows])
    clusters, quality = cluster_queries(query_embeddings)
    others, other_quality = cluster_queries(shuffled)
    assert others.set_index("query_id").loc[clusters["query_id"]].reset_index().equals(clusters)
    assert other_quality == quality


def test_a_query_near_no_other_stands_alone():
    """Of nine queries, four point along each of two axes and one along a third."""
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 0, 0, 1, 1, 1, 1, 2]]
    clusters, quality = cluster_queries(Embeddings(tuple("abcdefghi"), vectors, "e"))
    assert clusters["cluster_id"].tolist() == ["c0"] * 4 + ["c1"] * 4 + ["c2"]
    assert quality.n_alone == 1
    assert quality.pairs_kept == 1


def test_pages_that_answers_cite_bring_questions_together():
    """Random vectors say nothing; each of four pages is cited for ten of the questions."""
    noise = _random_embeddings(40)
    shared = pd.DataFrame(
        {
            "query_id": noise.ids,
            "kind": "cited",
            "item": [f"page {row % 4}" for row in range(40)],
            "strength": 1.0,
        }
    )
    near = Embeddings(
        noise.ids,
        to_unit_length(noise.vectors + 0.25 * np.eye(40, 384)[np.arange(40) % 4]),
        "e",
    )
    clusters, quality = cluster_queries(near, shared)
    topics = np.arange(40) % 4
    without = cluster_queries(near)[0]["cluster_id"]
    assert 0 < quality.weights["cited"] <= 1
    assert adjusted_rand_score(topics, clusters["cluster_id"]) == 1
    assert adjusted_rand_score(topics, without) < 0.9


@pytest.mark.parametrize(("n_dimensions", "n_alone"), [(384, 290), (24, 30)])
def test_noise_does_not_look_stable(n_dimensions, n_alone):
    _, quality = cluster_queries(_random_embeddings(300, n_dimensions))
    assert quality.stability is None or quality.stability < 0.8
    assert quality.n_alone > n_alone


def test_pairs_that_samples_part_are_counted():
    """Cluster 0 has four queries. The first sample keeps two of its six pairs; the second draws

    three of it, and keeps their three pairs. Cluster 2 is a single query.
    """
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    draws = np.array([[0, 0, 1, 1, 2, 2, 3], [5, 5, 5, -1, 1, 2, -1]])
    pairs = module._count_pairs(labels, draws)
    assert pairs.to_dict("index") == {0: {"all": 9, "kept": 5}, 1: {"all": 2, "kept": 1}}


@pytest.mark.parametrize(
    ("n_clusters", "n_themes"), [(1, 1), (6, 4), (21, 10), (99, 15), (400, 25)]
)
def test_themes_are_ten_to_twenty_five(n_clusters, n_themes):
    vectors = _random_embeddings(n_clusters).vectors
    features = module._Features(vectors, sparse.csr_matrix((n_clusters, 0), dtype=np.float32))
    themes = module._group_themes(features, np.arange(n_clusters))
    assert len(np.unique(themes)) == n_themes
    assert np.bincount(themes).max() <= max(3, n_clusters / 3)


def test_clusters_beyond_the_largest_join_the_nearest_theme(monkeypatch):
    """Of 40 clusters on four axes, 12 make the themes; the others follow their axis."""
    monkeypatch.setattr(module, "_MAX_LINKED", 12)
    axes = np.arange(40) % 4
    vectors = to_unit_length(np.eye(4)[axes] + 0.01 * np.arange(40)[:, None] % 0.07)
    features = module._Features(vectors, sparse.csr_matrix((40, 0), dtype=np.float32))
    themes = module._group_themes(features, np.arange(40))
    for theme in np.unique(themes):
        assert len(np.unique(axes[themes == theme])) == 1


def test_a_theme_holds_whole_clusters(query_embeddings):
    clusters, quality = cluster_queries(query_embeddings)
    assert (clusters.groupby("cluster_id")["theme_id"].nunique() == 1).all()
    assert clusters["theme_id"].nunique() == quality.n_themes <= quality.n_clusters


def _random_embeddings(n, n_dimensions=384):
    vectors = np.random.default_rng(0).normal(size=(n, n_dimensions))
    return Embeddings(tuple(f"q{row:03d}" for row in range(n)), to_unit_length(vectors), "e")


def test_answers_bring_queries_of_other_words_together(encoder):
    """The words of two topics' queries say nothing; what the answers say separates them."""
    query_embeddings = embed_texts(
        [f"q{n}" for n in range(8)], [f"what about thing {n}" for n in range(8)], encoder
    )
    claims = embed_texts(
        [f"c{n}" for n in range(8)],
        ["brake pads wear down" if n < 4 else "the battery is charged" for n in range(8)],
        encoder,
    )
    mixed = topic_embeddings(query_embeddings, claims, np.arange(8))
    assert mixed.vectors[0] @ mixed.vectors[1] > 0.5
    assert mixed.vectors[0] @ mixed.vectors[5] < 0


def test_labels_are_what_sets_a_cluster_apart(query_embeddings, queries):
    clusters, _ = cluster_queries(query_embeddings)
    topic = queries["query_id"].str.split("-").str[1]
    labels = label_clusters(queries, clusters.assign(cluster_id=topic), query_embeddings).set_index(
        "cluster_id"
    )
    for name, row in labels.iterrows():
        assert name.rstrip("s")[:4] in row["label"]
        assert row["medoid_query_id"].startswith(f"q-{name}")
        words = row["label"].replace(",", "").split()
        assert len(words) == len(set(words))


def test_the_map_is_the_same_twice(query_embeddings):
    np.testing.assert_array_equal(project(query_embeddings, 3), project(query_embeddings, 3))


def test_thousands_of_queries_are_clustered_in_parts():
    """7,000 queries on 100 topics are more than fit in one matrix."""
    rng = np.random.default_rng(0)
    topics = np.arange(7000) % 100
    vectors = rng.normal(size=(100, 24))[topics] + 0.35 * rng.normal(size=(7000, 24))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    many = Embeddings(tuple(f"q{n}" for n in range(7000)), vectors, "e")
    clusters, quality = cluster_queries(many)
    assert adjusted_rand_score(topics, clusters["cluster_id"]) > 0.95
    assert 90 <= quality.n_clusters <= 110
    assert quality.stability > 0.9
    assert cluster_queries(many)[0].equals(clusters)


def test_membership_is_the_cosine_with_the_mean_of_the_cluster():
    """(1, 0) and (0, 1) have cosine .707107 with their mean; a query alone is its own mean."""
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    membership = module._membership(vectors, np.array([0, 0, 1]))
    np.testing.assert_allclose(membership, [2**-0.5, 2**-0.5, 1], atol=1e-6)


def test_the_graph_is_the_same_made_in_blocks(query_embeddings, monkeypatch):
    graph = module._graph(query_embeddings.vectors)
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert abs(module._graph(query_embeddings.vectors) - graph).max() == 0


def test_clusters_are_numbered_by_size_then_by_first_member():
    assert module._by_size(np.array([5, 3, 3, 9, 5, 7])).tolist() == [0, 1, 1, 2, 0, 3]
