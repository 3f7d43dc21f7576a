import numpy as np
import pytest

from coverage_kit.measure import retrieval
from coverage_kit.measure.retrieval import RelevantItems, compare_paired, measure_found

NOBODY = np.zeros(0, np.int64)


def rows(*numbers):
    return np.array(numbers, dtype=np.int64)


def test_recall_counts_items_and_reciprocal_rank_the_first_of_their_passages():
    passages = np.eye(4, dtype=np.float32)
    queries = np.array([[0.8, 0.5, 0.3, 0.14]], dtype=np.float32)  # nearest: rows 0, 1, 2, 3
    relevant = [RelevantItems((rows(1), rows(3)), NOBODY)]
    recall, reciprocal = measure_found(queries, passages, relevant, depth=2)
    assert recall.tolist() == [0.5]  # row 1 is among two, row 3 is not
    assert reciprocal.tolist() == [0.5]


def test_a_page_is_found_with_any_of_its_passages_and_counts_once():
    passages = np.eye(4, dtype=np.float32)
    queries = np.array([[0.8, 0.5, 0.3, 0.14]], dtype=np.float32)
    recall, reciprocal = measure_found(
        queries, passages, [RelevantItems((rows(0, 1, 3),), NOBODY)], depth=1
    )
    assert (recall.tolist(), reciprocal.tolist()) == ([1.0], [1.0])


def test_what_is_ignored_takes_no_place_among_the_nearest():
    passages = np.eye(4, dtype=np.float32)
    queries = np.array([[0.8, 0.5, 0.3, 0.14]], dtype=np.float32)
    recall, reciprocal = measure_found(
        queries, passages, [RelevantItems((rows(2),), rows(0, 1))], depth=1
    )
    assert (recall.tolist(), reciprocal.tolist()) == ([1.0], [1.0])


def test_what_is_not_found_counts_nothing_and_equal_cosines_go_by_row():
    passages = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    queries = np.array([[1, 0], [1, 0]], dtype=np.float32)
    recall, reciprocal = measure_found(
        queries,
        passages,
        [RelevantItems((rows(1),), NOBODY), RelevantItems((rows(0),), NOBODY)],
        depth=1,
    )
    assert (recall.tolist(), reciprocal.tolist()) == ([0.0, 1.0], [0.0, 1.0])


def test_queries_beyond_one_block_are_measured_as_the_first(monkeypatch):
    monkeypatch.setattr(retrieval, "_BLOCK", 2)
    vectors = np.eye(5, dtype=np.float32)
    recall, _ = measure_found(
        vectors, vectors, [RelevantItems((rows(number),), NOBODY) for number in range(5)], depth=1
    )
    assert recall.tolist() == [1.0] * 5


def test_an_equal_rise_of_every_query_has_an_interval_without_width():
    difference = compare_paired(np.zeros(30), np.full(30, 0.5), np.arange(30), seed=0)
    assert (
        difference.before,
        difference.after,
        difference.value,
        difference.low,
        difference.high,
    ) == (
        0.0,
        0.5,
        0.5,
        0.5,
        0.5,
    )


def test_whole_groups_are_drawn_so_that_queries_of_one_page_do_not_pass_for_many():
    after = np.repeat(
        [1.0, 0.0], 50
    )  # two pages of fifty queries: one rises whole, the other not at all
    by_page = compare_paired(np.zeros(100), after, np.repeat([0, 1], 50), seed=0)
    by_query = compare_paired(np.zeros(100), after, np.arange(100), seed=0)
    half = (
        0.5 * 2**0.5 * 12.7062 / 1.95996
    )  # 0 to 1, widened as Student's t with one degree of freedom says
    assert (by_page.low, by_page.high) == pytest.approx((0.5 - half, 0.5 + half), rel=1e-4)
    assert by_query.low == pytest.approx(0.4, abs=0.02)  # .5 - 1.96 sqrt(.25 / 100)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 3)
    n_inside = 0
    for _ in range(300):
        after = np.repeat(rng.normal(0.1, 1, 60), 3) + rng.normal(0, 0.5, 180)
        difference = compare_paired(np.zeros(180), after, groups, seed=1)
        n_inside += difference.low <= 0.1 <= difference.high
    assert 0.90 <= n_inside / 300 <= 0.98


def test_the_same_seed_gives_the_same_interval():
    after = np.random.default_rng(3).normal(size=40)
    first, again, other = (
        compare_paired(np.zeros(40), after, np.arange(40), seed) for seed in (5, 5, 6)
    )
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
