import bm25s
import numpy as np
import pytest

from coverage_kit.match.word_index import WordIndex, split_words

PASSAGES = [
    "Brake pads wear out after 2000 km",
    "Brake levers and brake cables",
    "A battery lasts for years; a battery is dear",
    "Ρόδες και φρένα",
    "",
]
QUERIES = ["brake pads", "battery years dear", "unknown words alone", "", "brake quokka"]


def test_scores_are_those_of_bm25s_as_a_share_of_what_a_query_could_reach():
    index = WordIndex(PASSAGES, QUERIES)
    other = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    other.index([split_words(text) for text in PASSAGES], show_progress=False)
    scores, rows = index.nearest(len(PASSAGES))
    by_row = np.take_along_axis(scores, np.argsort(rows, axis=1), 1)
    for number, query in enumerate(QUERIES[:2]):
        theirs = other.get_scores(sorted(set(split_words(query))))
        ours = by_row[number]
        is_scored = theirs > 0
        # the same scores in another unit: BM25 as bm25s writes it has a factor of k1 + 1
        assert (ours > 0).tolist() == is_scored.tolist()
        ratio = ours[is_scored] / theirs[is_scored]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_words_that_no_passage_has_lower_the_score():
    scores, _ = WordIndex(PASSAGES, QUERIES).nearest(1)
    assert scores[4, 0] < scores[0, 0] / 2
    assert scores[2, 0] == scores[3, 0] == 0
    assert scores.max() < 1


def test_new_texts_have_the_scores_of_equal_passages():
    index = WordIndex(PASSAGES, QUERIES)
    scores, rows = index.nearest(len(PASSAGES))
    by_row = np.take_along_axis(scores, np.argsort(rows, axis=1), 1)
    np.testing.assert_allclose(index.score(PASSAGES), by_row, atol=1e-6)
    np.testing.assert_allclose(index.mean_of_best(2, PASSAGES), index.mean_of_best(2), atol=1e-6)
    assert index.mean_of_best(1).tolist() == pytest.approx(by_row.max(axis=0).tolist(), abs=1e-6)


def test_halves_of_the_vocabulary_share_no_stem():
    index = WordIndex(PASSAGES, QUERIES)
    words = index._counter.get_feature_names_out()
    half = dict(zip(words, index._half(3), strict=True))
    assert half["battery"] == half["#batte"]
    assert 0 < np.mean(list(half.values())) < 1
    first, second, counts = index.nearest_by_halves(3, np.arange(len(QUERIES)))
    assert first.shape == second.shape == counts.shape == (len(QUERIES),)
    assert not counts[2]


@pytest.mark.parametrize("passages", [[], [""], ["the"], ["电池安全"]])
@pytest.mark.parametrize("queries", [[], [""], ["the"], ["电池"]])
def test_sites_and_logs_of_nearly_nothing_have_scores(passages, queries):
    index = WordIndex(passages, queries)
    scores, rows = index.nearest(3)
    assert scores.shape == rows.shape == (len(queries), min(3, len(passages)))
    assert np.isfinite(scores).all()
    assert index.score(["any text"]).shape == (len(queries), 1)
    assert index.mean_of_best(10).shape == (len(passages),)
