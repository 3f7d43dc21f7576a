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
from coverage_kit.match.evidence import EvidenceScorer
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
    """Queries at 0, 10, 30, 90 degrees; passages at 40, 100 and 170 under headings at 50, 90 and 180."""
    asked = Embeddings(("q0", "q1", "q2", "q3"), unit(0, 10, 30, 90), "plane")
    content = Embeddings(("p0", "p1", "p2"), unit(40, 100, 170), "plane")
    titled = Embeddings(content.ids, unit(50, 90, 180), "plane")
    texts = ["brake pads", "brake levers wear", "tyre pads", "island delivery"]
    queries = QUERIES.table(
        [{"query_id": name, "text": text} for name, text in zip(asked.ids, texts, strict=True)]
    )
    said = ["brake levers", "tyre levers", "saddles"]
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
            for name, text in zip(content.ids, said, strict=True)
        ]
    )
    matches = nearest_passages(asked, passages, content, "ours")
    return EvidenceScorer(queries, passages, matches, "ours", asked, content, titled)


@pytest.fixture
def added(scorer):
    """A passage at 5 degrees under a heading at 20, and one at 60 under a heading at 60."""
    return scorer.add(["brake pads wear", "island"], unit(5, 60), unit(20, 60))


def test_probability_by_hand():
    model = AnswerModel(np.array([1.0, 2.0]), np.array([2.0, 0.5]), np.array([-1.0, 0.5, 2.0]))
    features = np.array([[[1.0, 2.0], [3.0, 2.5]], [[-1.0, 2.25], [5.0, 1.0]]])
    expected = 1 / (1 + np.exp(-np.array([[-1.0, -1 + 0.5 + 2], [-1 - 0.5 + 1, -1 + 1 - 4]])))
    np.testing.assert_allclose(model.probability(features), expected)
    assert model.probability(np.zeros((0, 3, 2))).shape == (0, 3)


def test_the_stored_model_names_its_features_and_a_set_is_judged_by_what_others_taught():
    stored = json.loads(DEFAULT_ANSWERING.read_text(encoding="utf-8"))
    assert tuple(stored["names"]) == PAIR_FEATURES
    everything = load_answer_model()
    np.testing.assert_array_equal(load_answer_model("a hidden set").weights, everything.weights)
    for name in stored["sets"]:
        other = load_answer_model(name)
        assert other.weights.shape == everything.weights.shape == (1 + len(PAIR_FEATURES),)
        assert (other.weights != everything.weights).any()


def test_rivals_beside_by_hand():
    rivals = Rivals(3, 3)
    first = np.array([[0.1, 0.9, 0.3], [0.5, 0.2, 0.5], [-0.4, -0.5, -0.6]], np.float32)
    rivals.meet(first[:, :2], np.array([0, 1]))
    rivals.meet(first[:, 2:], np.array([2]))
    rivals.meet(
        np.array([[0.2], [0.1], [-0.9]], np.float32), np.array([0])
    )  # nearer to the first query alone
    np.testing.assert_allclose(rivals.beside(0), [0.9, 0.5, -0.5])
    np.testing.assert_allclose(rivals.beside(1), [0.3, 0.5, -0.4])
    np.testing.assert_allclose(rivals.beside(2), [0.9, 0.5, -0.4])


def test_a_group_alone_has_no_rival():
    rivals = Rivals(2, 1)
    rivals.meet(np.array([[0.4], [0.5]], np.float32), np.array([0]))
    np.testing.assert_array_equal(rivals.beside(0), [-1, -1])


def test_rivals_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    similarity, groups = (
        rng.uniform(-1, 1, (7, 12)).astype(np.float32),
        rng.permutation(np.arange(12) % 4),
    )
    rivals = Rivals(7, 4)
    for block in (slice(0, 5), slice(5, 12)):
        rivals.meet(similarity[:, block], groups[block])
    for group in range(4):
        np.testing.assert_array_equal(
            rivals.beside(group), similarity[:, groups != group].max(axis=1)
        )


def test_pair_features_by_hand(scorer, added):
    rivals = np.array([-1.0, 0.95, -1.0, -1.0], np.float32)
    values = pair_features(scorer, np.array([0, 1]), added, rivals, NOTHING)
    assert values.shape == (2, 2, len(PAIR_FEATURES))
    by_name = dict(zip(PAIR_FEATURES, np.moveaxis(values, 2, 0), strict=True))
    # q0 lies 40 from its nearest passage and 50 from its nearest heading; q1 30 and 40, and another
    # edit at .95
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
    # to the passage at 5, q0 and q1 are equally near, and nobody is nearer; from 60: q2 and q3 lie
    # at 30, q1 at 50, q0 at 60
    np.testing.assert_allclose(by_name["query_rank"], np.log1p([[0, 3], [0, 2]]), atol=1e-9)
    # neighbours of q0: q1, q2, q3, and of q1: q0, q2, q3, repeated to five: the first two count
    # twice
    near = [
        [2 * cosine(5) + 2 * cosine(25) + cosine(85), 2 * cosine(50) + 2 * cosine(30) + cosine(30)],
        [2 * cosine(5) + 2 * cosine(25) + cosine(85), 2 * cosine(60) + 2 * cosine(30) + cosine(30)],
    ]
    np.testing.assert_allclose(by_name["neighbors"], np.array(near) / 5, atol=2e-6)


def test_words_count_by_their_rarity(scorer, added):
    """Of "brake pads", p0 has "brake" (in one passage of three); nobody has "pads", which is rarer."""
    brake, pads = np.log(4 / 2) + 1, np.log(4 / 1) + 1
    words = pair_features(scorer, np.array([0]), added, np.full(4, -1, np.float32), NOTHING)[
        0, :, PAIR_FEATURES.index("words_lead")
    ]
    np.testing.assert_allclose(
        words, [1 - brake / (brake + pads), -brake / (brake + pads)], atol=1e-6
    )


def test_what_an_edit_removes_is_not_ahead_of_it(scorer, added):
    """Without p0, q0's nearest passage is 100 away, its nearest heading 90, and no passage has its words."""
    hidden = np.array([True, False, False])
    values = pair_features(scorer, np.array([0]), added, np.full(4, -1, np.float32), hidden)[0, 0]
    by_name = dict(zip(PAIR_FEATURES, values, strict=True))
    assert by_name["lead"] == pytest.approx(cosine(5) - cosine(100), abs=2e-6)
    assert by_name["heading_lead"] == pytest.approx(cosine(20) - cosine(90), abs=2e-6)
    assert by_name["words_lead"] == pytest.approx(1)


def test_share_of_by_hand(scorer):
    """q0 sees its passages at 40, 100 and 170: each weighs e times less for every .03 of cosine that it lies behind."""
    behind = np.exp((np.array([cosine(40), cosine(100), cosine(170)]) - cosine(40)) / 0.03)
    for passages in ([0], [1], [0, 2]):
        expected = behind[passages].sum() / behind.sum()
        assert scorer.share_of(np.array(passages), np.array([0]))[0] == pytest.approx(
            expected, rel=1e-3
        )
