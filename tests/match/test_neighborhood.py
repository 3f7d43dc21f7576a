import numpy as np
import pytest

from coverage_kit.match.neighborhood import other_best, own_neighbors
from coverage_kit.tables import MATCHES


def matches(*rows):
    names = ("query_id", "passage_id", "site", "rank", "similarity")
    return MATCHES.table([dict(zip(names, row, strict=True)) for row in rows])


def test_own_neighbors_come_by_query_and_rank_whatever_the_order_of_the_table():
    own = matches(
        ("q2", "a", "ours", 2, 0.25),
        ("q1", "b", "ours", 1, 0.75),
        ("q2", "c", "ours", 1, 0.5),
        ("q1", "a", "ours", 2, 0.125),
    )
    similarity, rows = own_neighbors(own, ["q1", "q2"], ["a", "b", "c"])
    assert similarity.tolist() == [[0.75, 0.125], [0.5, 0.25]]
    assert rows.tolist() == [[1, 0], [2, 0]]


def test_no_queries_and_no_passages_give_nothing():
    assert own_neighbors(MATCHES.empty(), [], ["a"])[1].shape == (0, 0)
    assert own_neighbors(MATCHES.empty(), ["q1"], ["a"])[1].shape == (1, 0)


def test_a_passage_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="lost"):
        own_neighbors(matches(("q1", "lost", "ours", 1, 0.5)), ["q1"], ["a"])


def test_other_best_is_the_largest_over_all_other_sites():
    others = matches(
        ("q1", "x", "theirs", 1, 0.5), ("q1", "y", "third", 1, 0.75), ("q2", "x", "theirs", 1, 0.25)
    )
    similarity, passage_ids = other_best(others, ["q2", "q1", "q3"])
    np.testing.assert_array_equal(similarity, [0.25, 0.75, np.nan])
    assert passage_ids[:2] == ["x", "y"]
