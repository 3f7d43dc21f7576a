import numpy as np
import pandas as pd
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
def query_embeddings(queries, encoder):
    return embed_texts(queries["query_id"], queries["text"], encoder, "query")


def test_no_query_is_dropped_and_topics_are_found(query_embeddings, queries):
    clusters, quality = cluster_queries(query_embeddings)
    assert clusters["query_id"].tolist() == list(queries["query_id"])
    assert clusters["membership"].between(0, 1).all()
    topics = queries["query_id"].str.split("-").str[1]
    assert adjusted_rand_score(topics, clusters["cluster_id"]) > 0.4
    for _, group in clusters.groupby("cluster_id"):
        assert topics[group.index].value_counts(normalize=True).iloc[0] > 0.6
    assert quality.n_clusters == clusters["cluster_id"].nunique()


def test_clusters_hold_across_seeds(query_embeddings):
    first, _ = cluster_queries(query_embeddings, seed=0)
    repeated, _ = cluster_queries(query_embeddings, seed=0)
    other, _ = cluster_queries(query_embeddings, seed=7)
    assert first.equals(repeated)
    assert adjusted_rand_score(first["cluster_id"], other["cluster_id"]) > 0.7


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


def test_a_gap_inside_a_covered_topic_becomes_a_cluster(query_embeddings, queries):
    """Uncovered questions of a topic are separated if coverage is trusted, and not otherwise."""
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
    _, quality = cluster_queries(query_embeddings)
    coverage = COVERAGE.table(rows)
    trusted, _ = part_by_coverage(query_embeddings, coverage, 1.0, quality)
    for cluster_id in trusted.loc[gap, "cluster_id"]:
        members = trusted["cluster_id"] == cluster_id
        assert gap[members].mean() >= 0.5
    untrusted, untrusted_quality = part_by_coverage(query_embeddings, coverage, 0.0, quality)
    assert untrusted.equals(cluster_queries(query_embeddings)[0])
    assert untrusted_quality.resolution == quality.resolution
    assert untrusted_quality.stability == quality.stability


def test_pairs_that_further_seeds_part_are_counted():
    """Of the six pairs of `a` the first clustering keeps two and the second all; `c` is alone."""
    cluster_ids = pd.Series(["a", "a", "a", "a", "b", "b", "c"])
    further = np.array([[0, 0, 1, 1, 2, 2, 3], [5, 5, 5, 5, 1, 2, 3]])
    pairs = module._count_pairs(cluster_ids, further)
    assert pairs.to_dict("index") == {"a": {"all": 12, "kept": 8}, "b": {"all": 2, "kept": 1}}


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


def test_a_graph_stands_for_the_embeddings_and_is_made_once(query_embeddings, queries, monkeypatch):
    rows = [
        {"query_id": name, "coverage": n % 2, "low": 0.0, "high": 1.0, "cause": "unknown"}
        for n, name in enumerate(queries["query_id"])
    ]
    coverage = COVERAGE.table(rows)
    clusters, quality = cluster_queries(query_embeddings)
    parted = part_by_coverage(query_embeddings, coverage, 0.5, quality)[0]
    graph = QueryGraph(query_embeddings)
    assert cluster_queries(graph)[0].equals(clusters)
    monkeypatch.delattr(module, "_nearest")
    assert part_by_coverage(graph, coverage, 0.5, quality)[0].equals(parted)


def test_thousands_of_queries_are_clustered_at_a_resolution_chosen_on_a_sample():
    """Of 7,000 queries on 100 topics, a sample of 2,000 gives a fitting number of clusters."""
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
    adjacency = QueryGraph(query_embeddings).adjacency
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert abs(QueryGraph(query_embeddings).adjacency - adjacency).max() == 0


def test_clusters_are_numbered_by_size_then_by_first_member():
    assert module._by_size(np.array([5, 3, 3, 9, 5, 7])).tolist() == [0, 1, 1, 2, 0, 3]
