import pandas as pd
import pytest

from coverage_kit.tables.asked import (
    first_origin,
    kind_of_sum,
    most_asked_first,
    origin_of_sum,
)


def questions(*rows):
    return pd.DataFrame(rows, columns=["query_id", "demand", "demand_kind", "origin"])


ASKED = questions(
    ("a", 9.0, "estimated", "machine"),
    ("b", 2.0, "measured", "person"),
    ("c", 5.0, None, None),
    ("d", 2.0, "measured", "rewrite"),
)


def test_measured_demand_comes_before_a_larger_estimate_and_ties_go_by_id():
    assert most_asked_first(ASKED, "query_id")["query_id"].tolist() == ["c", "b", "d", "a"]
    unnamed = ASKED.drop(columns="demand_kind")
    assert most_asked_first(unnamed, "query_id")["query_id"].tolist() == ["a", "c", "b", "d"]
    assert list(most_asked_first(ASKED).columns) == list(ASKED.columns)


@pytest.mark.parametrize(
    ("origins", "first"),
    [
        (("machine", "person"), "person"),
        (("generated", "machine", "rewrite"), "rewrite"),
        (("agent", "own bot"), "own bot"),
        ((None, "machine"), "machine"),
        ((None, float("nan")), None),
        ((), None),
    ],
)
def test_of_several_origins_a_person_counts_first(origins, first):
    assert first_origin(origins) == first


def test_a_sum_is_measured_where_half_of_it_is():
    assert kind_of_sum(ASKED) == "measured"
    assert kind_of_sum(ASKED.iloc[[0, 2]]) == "estimated"
    assert kind_of_sum(ASKED.iloc[[1, 2]]) == "measured"
    nothing_asked = ASKED.iloc[[0]].assign(demand=0.0)
    assert kind_of_sum(nothing_asked) == "estimated"


def test_a_sum_has_the_origin_of_most_of_it():
    assert origin_of_sum(ASKED) == "machine"
    assert origin_of_sum(ASKED.iloc[[1, 3]]) == "person"
    assert origin_of_sum(ASKED.iloc[[1, 2]]) is None
