import json

import numpy as np
import pytest

from coverage_kit.match.answering import (
    DEFAULT_ANSWERING,
    PAIR_FEATURES,
    AnswerModel,
    Rivals,
    load_answer_model,
    pair_features,
)
from coverage_kit.match.evidence import EvidenceScorer, EvidenceVectors
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.tables import PASSAGES, QUERIES
from coverage_kit.vectors import Embeddings

NOTHING = np.zeros(3, bool)


def unit(*angles):
    """Vectors in the plane at these angles in degrees: cosines are those of the differences."""
    return np.array(
        [[np.cos(np.radians(angle)), np.sin(np.radians(angle))] for angle in angles], np.float32
    )


def cosine(degrees):
    return np.cos(np.radians(degrees))


@pytest.fixture
def scorer():
    """Queries at 0, 10, 30, 90 degrees; passages at 40, 100, 170 with headings at 50, 90, 180."""
    query_embeddings = Embeddings(("q0", "q1", "q2", "q3"), unit(0, 10, 30, 90), "plane")
    content = Embeddings(("p0", "p1", "p2"), unit(40, 100, 170), "plane")
    heading_vectors = Embeddings(content.ids, unit(50, 90, 180), "plane")
    texts = ["brake pads", "brake levers wear", "tyre pads", "island delivery"]
    queries = QUERIES.table(
        [
            {"query_id": name, "text": text}
            for name, text in zip(query_embeddings.ids, texts, strict=True)
        ]
    )
    passage_texts = ["brake levers", "tyre levers", "saddles"]
    passages = PASSAGES.table(
        [
            {
                "passage_id": name,
                "page_id": name,
                "site": "ours",
                "position": 0,
                "heading_path": "",
                "text": text,
                "n_words": 2,
            }
            for name, text in zip(content.ids, passage_texts, strict=True)
        ]
    )
    matches = nearest_passages(query_embeddings, passages, content, "ours")
    vectors = EvidenceVectors(queries=query_embeddings, passages=content, headings=heading_vectors)
    return EvidenceScorer(queries, passages, matches, "ours", vectors)


@pytest.fixture
def added(scorer):
    """A passage at 5 degrees under a heading at 20, and one at 60 under a heading at 60."""
    return scorer.add(
        ["brake pads wear", "island"], ["brake pads wear", "island"], unit(5, 60), unit(20, 60)
    )


def test_probability_by_hand():
    model = AnswerModel(np.array([1.0, 2.0]), np.array([2.0, 0.5]), np.array([-1.0, 0.5, 2.0]))
    features = np.array([[[1.0, 2.0], [3.0, 2.5]], [[-1.0, 2.25], [5.0, 1.0]]])
    expected = 1 / (1 + np.exp(-np.array([[-1.0, -1 + 0.5 + 2], [-1 - 0.5 + 1, -1 + 1 - 4]])))
    np.testing.assert_allclose(model.probability(features), expected)
    assert model.probability(np.zeros((0, 3, 2))).shape == (0, 3)


def test_the_stored_model_names_its_features_and_a_set_is_tested_with_the_fit_of_the_others():
    stored = json.loads(DEFAULT_ANSWERING.read_text(encoding="utf-8"))
    assert tuple(stored["names"]) == PAIR_FEATURES
    everything = load_answer_model()
    np.testing.assert_array_equal(load_answer_model("a hidden set").weights, everything.weights)
    for name in stored["sets"]:
        other = load_answer_model(name)
        assert other.weights.shape == everything.weights.shape == (1 + len(PAIR_FEATURES),)
        assert (other.weights != everything.weights).any()


def test_the_nearest_rival_by_hand():
    rivals = Rivals(3, 3)
    first = np.array([[0.1, 0.9, 0.3], [0.5, 0.2, 0.5], [-0.4, -0.5, -0.6]], np.float32)
    rivals.add_passages(first[:, :2], np.array([0, 1]))
    rivals.add_passages(first[:, 2:], np.array([2]))
    rivals.add_passages(
        np.array([[0.2], [0.1], [-0.9]], np.float32), np.array([0])
    )  # only nearer to the first query
    np.testing.assert_allclose(rivals.nearest_other(0), [0.9, 0.5, -0.5])
    np.testing.assert_allclose(rivals.nearest_other(1), [0.3, 0.5, -0.4])
    np.testing.assert_allclose(rivals.nearest_other(2), [0.9, 0.5, -0.4])


def test_a_group_alone_has_no_rival():
    rivals = Rivals(2, 1)
    rivals.add_passages(np.array([[0.4], [0.5]], np.float32), np.array([0]))
    np.testing.assert_array_equal(rivals.nearest_other(0), [-1, -1])


def test_rivals_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    similarity = rng.uniform(-1, 1, (7, 12)).astype(np.float32)
    groups = rng.permutation(np.arange(12) % 4)
    rivals = Rivals(7, 4)
    for block in (slice(0, 5), slice(5, 12)):
        rivals.add_passages(similarity[:, block], groups[block])
    for group in range(4):
        np.testing.assert_array_equal(
            rivals.nearest_other(group), similarity[:, groups != group].max(axis=1)
        )


def test_pair_features_by_hand(scorer, added):
    rivals = np.array([-1.0, 0.95, -1.0, -1.0], np.float32)
    values = pair_features(scorer, np.array([0, 1]), added, rivals, NOTHING)
    assert values.shape == (2, 2, len(PAIR_FEATURES))
    by_name = dict(zip(PAIR_FEATURES, np.moveaxis(values, 2, 0), strict=True))
    # q0 is 40 degrees from its nearest passage and 50 from its nearest heading; q1 is 30 and 40
    # from them, and has a rival edit at .95
    lead = [
        [cosine(5) - cosine(40), cosine(60) - cosine(40)],
        [cosine(5) - 0.95, cosine(50) - 0.95],
    ]
    np.testing.assert_allclose(by_name["lead"], lead, atol=2e-6)
    heading = np.array([[cosine(20), cosine(60)], [cosine(10), cosine(50)]])
    np.testing.assert_allclose(by_name["heading"], heading, atol=2e-6)
    np.testing.assert_allclose(
        by_name["heading_lead"], heading - [[cosine(50)], [cosine(40)]], atol=2e-6
    )
    # q0 and q1 are equally near to the passage at 5, and no query is nearer; from the passage at
    # 60, q2 and q3 are 30 degrees away, q1 is 50 and q0 60
    np.testing.assert_allclose(by_name["query_rank"], np.log1p([[0, 3], [0, 2]]), atol=1e-9)
    # neighbours of q0 are q1, q2, q3, and of q1 are q0, q2, q3; they are repeated to five, so the
    # first two count twice
    sums = [
        [2 * cosine(5) + 2 * cosine(25) + cosine(85), 2 * cosine(50) + 2 * cosine(30) + cosine(30)],
        [2 * cosine(5) + 2 * cosine(25) + cosine(85), 2 * cosine(60) + 2 * cosine(30) + cosine(30)],
    ]
    np.testing.assert_allclose(by_name["neighbors"], np.array(sums) / 5, atol=2e-6)


def test_words_count_by_their_rarity(scorer, added):
    """Of "brake pads", p0 has "brake" (as one of three); none has "pads", which is rarer."""
    brake = np.log(4 / 2) + 1
    pads = np.log(4 / 1) + 1
    words = pair_features(scorer, np.array([0]), added, np.full(4, -1, np.float32), NOTHING)[
        0, :, PAIR_FEATURES.index("words_lead")
    ]
    np.testing.assert_allclose(
        words, [1 - brake / (brake + pads), -brake / (brake + pads)], atol=1e-6
    )


def test_what_an_edit_removes_is_not_ahead_of_it(scorer, added):
    """Without p0, q0 is 100 from its nearest passage, 90 from a heading, and without its words."""
    hidden = np.array([True, False, False])
    values = pair_features(scorer, np.array([0]), added, np.full(4, -1, np.float32), hidden)[0, 0]
    by_name = dict(zip(PAIR_FEATURES, values, strict=True))
    assert by_name["lead"] == pytest.approx(cosine(5) - cosine(100), abs=2e-6)
    assert by_name["heading_lead"] == pytest.approx(cosine(20) - cosine(90), abs=2e-6)
    assert by_name["words_lead"] == pytest.approx(1)


def test_answer_share_by_hand(scorer):
    """A passage weighs e times less for every .03 of cosine that it is behind the nearest."""
    behind = np.exp((np.array([cosine(40), cosine(100), cosine(170)]) - cosine(40)) / 0.03)
    for passages in ([0], [1], [0, 2]):
        expected = behind[passages].sum() / behind.sum()
        assert scorer.answer_share(np.array(passages), np.array([0]))[0] == pytest.approx(
            expected, rel=1e-3
        )
