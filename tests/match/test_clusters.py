import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from coverage_kit.match import clusters as module
from coverage_kit.match.clusters import (
    QueryGraph,
    cluster_queries,
    part_by_coverage,
    project,
    topic_embeddings,
)
from coverage_kit.match.labels import label_clusters
from coverage_kit.tables import COVERAGE
from coverage_kit.vectors import Embeddings, embed_texts


@pytest.fixture
def asked(queries, encoder):
    return embed_texts(queries["query_id"], queries["text"], encoder, "query")


def test_no_query_is_dropped_and_topics_are_found(asked, queries):
    clusters, quality = cluster_queries(asked)
    assert clusters["query_id"].tolist() == list(queries["query_id"])
    assert clusters["membership"].between(0, 1).all()
    topics = queries["query_id"].str.split("-").str[1]
    assert adjusted_rand_score(topics, clusters["cluster_id"]) > 0.4
    for _, group in clusters.groupby("cluster_id"):
        assert topics[group.index].value_counts(normalize=True).iloc[0] > 0.6
    assert quality.n_clusters == clusters["cluster_id"].nunique()


def test_clusters_hold_across_seeds(asked):
    first, _ = cluster_queries(asked, seed=0)
    same, _ = cluster_queries(asked, seed=0)
    other, _ = cluster_queries(asked, seed=7)
    assert first.equals(same)
    assert adjusted_rand_score(first["cluster_id"], other["cluster_id"]) > 0.7


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_queries_work(asked, n):
    few = Embeddings(asked.ids[:n], asked.vectors[:n], asked.encoder)
    clusters, quality = cluster_queries(few)
    assert len(clusters) == n
    assert quality.n_clusters >= 1
    assert project(few).shape == (n, 2)


def test_equal_queries_share_a_cluster(asked):
    twin = Embeddings(
        (*asked.ids, "twin"), np.vstack([asked.vectors, asked.vectors[:1]]), asked.encoder
    )
    clusters, _ = cluster_queries(twin)
    assert clusters["cluster_id"].iloc[0] == clusters["cluster_id"].iloc[-1]


def test_a_gap_inside_a_covered_topic_becomes_a_cluster(asked, queries):
    """Two questions of one topic are uncovered: with coverage trusted they part from the rest, without trust they do not."""
    gap = queries["query_id"].isin(["q-brakes-0-0", "q-brakes-0-1", "q-brakes-1-0"])
    rows = [
        {
            "query_id": name,
            "coverage": 0.05 if low else 0.95,
            "low": 0.0,
            "high": 1.0,
            "cause": "unknown",
        }
        for name, low in zip(queries["query_id"], gap, strict=True)
    ]
    _, quality = cluster_queries(asked)
    coverage = COVERAGE.table(rows)
    trusted, _ = part_by_coverage(asked, coverage, 1.0, quality)
    for cluster_id in trusted.loc[gap, "cluster_id"]:
        members = trusted["cluster_id"] == cluster_id
        assert gap[members].mean() >= 0.5
    blind, same = part_by_coverage(asked, coverage, 0.0, quality)
    assert blind.equals(cluster_queries(asked)[0])
    assert same == quality


def test_answers_bring_queries_of_other_words_together(encoder):
    """Two topics asked in words that say nothing; what the answers say tells them apart."""
    asked = embed_texts(
        [f"q{n}" for n in range(8)], [f"what about thing {n}" for n in range(8)], encoder
    )
    said = embed_texts(
        [f"c{n}" for n in range(8)],
        ["brake pads wear down" if n < 4 else "the battery is charged" for n in range(8)],
        encoder,
    )
    mixed = topic_embeddings(asked, said, np.arange(8))
    same, other = mixed.vectors[0] @ mixed.vectors[1], mixed.vectors[0] @ mixed.vectors[5]
    assert same > 0.5
    assert other < 0


def test_labels_are_what_sets_a_cluster_apart(asked, queries):
    clusters, _ = cluster_queries(asked)
    topic = queries["query_id"].str.split("-").str[1]
    labels = label_clusters(queries, clusters.assign(cluster_id=topic), asked).set_index(
        "cluster_id"
    )
    for name, row in labels.iterrows():
        assert name.rstrip("s")[:4] in row["label"]
        assert row["medoid_query_id"].startswith(f"q-{name}")
        words = row["label"].replace(",", "").split()
        assert len(words) == len(set(words))


def test_the_map_is_the_same_twice(asked):
    np.testing.assert_array_equal(project(asked, 3), project(asked, 3))


def test_a_graph_stands_for_the_embeddings_and_is_made_once(asked, queries, monkeypatch):
    rows = [
        {"query_id": name, "coverage": n % 2, "low": 0.0, "high": 1.0, "cause": "unknown"}
        for n, name in enumerate(queries["query_id"])
    ]
    coverage, (clusters, quality) = COVERAGE.table(rows), cluster_queries(asked)
    parted = part_by_coverage(asked, coverage, 0.5, quality)[0]
    graph = QueryGraph(asked)
    assert cluster_queries(graph)[0].equals(clusters)
    monkeypatch.delattr(module, "_nearest")
    assert part_by_coverage(graph, coverage, 0.5, quality)[0].equals(parted)


def test_thousands_of_queries_are_clustered_at_a_resolution_chosen_on_a_sample():
    """7,000 queries of 100 topics: a sample of 2,000 tells how fine, and the whole gets about as many clusters."""
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
    """(1, 0) and (0, 1) are each .707107 from their mean's direction; alone, a query is its own mean."""
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    membership = module._membership(vectors, np.array([0, 0, 1]))
    np.testing.assert_allclose(membership, [2**-0.5, 2**-0.5, 1], atol=1e-6)


def test_the_graph_is_the_same_made_in_blocks(asked, monkeypatch):
    whole = QueryGraph(asked).links
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert abs(QueryGraph(asked).links - whole).max() == 0


def test_clusters_are_numbered_by_size_then_by_first_member():
    assert module._by_size(np.array([5, 3, 3, 9, 5, 7])).tolist() == [0, 1, 1, 2, 0, 3]
