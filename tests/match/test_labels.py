import numpy as np

from coverage_kit.match.labels import label_clusters
from coverage_kit.tables import CLUSTERS, QUERIES
from coverage_kit.vectors import Embeddings

TEXTS = {
    "q1": "which pads fit the brakes",
    "q2": "brakes squeal with new pads",
    "q3": "brakes",
    "q4": "when does the shop open",
    "q5": "charging the battery overnight",
    "q6": "battery charging in the cold",
}
CLUSTER_OF = {"q1": "c0", "q2": "c0", "q3": "c0", "q4": "c1", "q5": "c2", "q6": "c2"}
VECTORS = {"q1": (1, 0), "q2": (0.8, 0.6), "q3": (0, 1), "q4": (1, 0), "q5": (0, 1), "q6": (0, 1)}


def labels_of(ids):
    queries = QUERIES.table(
        [{"query_id": name, "text": TEXTS[name], "demand": 1.0} for name in ids]
    )
    clusters = CLUSTERS.table(
        [{"query_id": name, "cluster_id": CLUSTER_OF[name], "membership": 1.0} for name in ids]
    )
    vectors = np.array([VECTORS[name] for name in sorted(ids)], np.float32)
    return label_clusters(
        queries, clusters, Embeddings(tuple(sorted(ids)), vectors, "e")
    ).set_index("cluster_id")


def test_words_that_several_queries_share_name_a_cluster_and_the_medoid_where_too_few_do():
    """Weights: "brakes" 3^1.5 times its rarity, "pads" 2^1.5; a single query shares nothing."""
    labels = labels_of(list(TEXTS))
    assert labels["label"].to_dict() == {
        "c0": "brakes, pads",
        "c1": "when does the shop open",
        "c2": "battery, charging",
    }


def test_the_medoid_is_nearest_to_the_mean_and_the_first_of_equals():
    """The mean of (1, 0), (.8, .6), (0, 1) is (.6, .533): cosines go as .6, .8 and .533."""
    assert labels_of(list(TEXTS))["medoid_query_id"].to_dict() == {
        "c0": "q2",
        "c1": "q4",
        "c2": "q5",
    }


def test_the_order_of_the_queries_decides_only_between_equals():
    backwards = labels_of(list(reversed(TEXTS)))
    assert backwards["label"].equals(labels_of(list(TEXTS))["label"])
    assert backwards["medoid_query_id"].to_dict() == {"c0": "q2", "c1": "q4", "c2": "q6"}


def test_nothing_but_stop_words_is_labelled_by_the_query_itself():
    queries = QUERIES.table([{"query_id": "q", "text": "what is it", "demand": 1.0}])
    clusters = CLUSTERS.table([{"query_id": "q", "cluster_id": "c0", "membership": 1.0}])
    labels = label_clusters(
        queries, clusters, Embeddings(("q",), np.array([[1, 0]], np.float32), "e")
    )
    assert labels["label"].tolist() == ["what is it"]
