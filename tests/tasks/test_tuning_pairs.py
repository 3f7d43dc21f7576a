import numpy as np
import pandas as pd
import pytest

from coverage_kit.embed.finetune import TextPair
from coverage_kit.tables import CLAIMS, PASSAGES, QUERIES
from coverage_kit.tasks.tuning_pairs import (
    TuningData,
    cited_pairs,
    draw_pairs,
    heading_pairs,
    list_relevant,
    split_by_page,
)
from coverage_kit.vectors import Embeddings


def label(query, page, passage=pd.NA):
    return {"query_id": query, "page_id": page, "passage_id": passage}


def passage(page, position, heading, text):
    position = {
        "passage_id": f"{page}#{position}",
        "page_id": page,
        "site": "s",
        "position": position,
    }
    return {**position, "heading_path": heading, "text": text, "n_words": len(text.split())}


PASSAGE_TABLE = PASSAGES.table(
    [passage("a", 0, "A", "one"), passage("a", 1, "A > B", "two"), passage("b", 0, "", "three")]
)
QUERY_TABLE = QUERIES.table(
    [{"query_id": name, "text": f"what is {name}", "demand": 1.0} for name in ("q", "r")]
)


@pytest.fixture(scope="module")
def labels():
    """200 queries on 40 pages, every tenth of them on two."""
    rows = [label(f"q{number}", f"p{number % 40}") for number in range(200)]
    return pd.DataFrame(
        rows + [label(f"q{number}", f"p{(number + 1) % 40}") for number in range(0, 200, 10)]
    )


def test_pages_are_held_out_until_the_share_of_queries_is_reached(labels):
    split = split_by_page(labels, 0.3, seed=0)
    assert 60 <= len(split.queries) <= 72
    assert set(split.tested["page_id"]) <= split.held_out


def test_nothing_held_out_is_trained_on_neither_pages_nor_queries(labels):
    split = split_by_page(labels, 0.3, seed=1)
    assert not set(split.trained["page_id"]) & split.held_out
    assert not set(split.trained["query_id"]) & set(split.queries)
    assert len(split.trained) > 100


def test_a_page_that_most_queries_ask_for_is_not_held_out():
    rows = [label(f"q{number}", "home") for number in range(90)] + [
        label(f"r{number}", f"p{number}") for number in range(60)
    ]
    for seed in range(8):
        split = split_by_page(pd.DataFrame(rows), 0.3, seed)
        assert "home" not in split.held_out
        assert len(split.queries) == 45


def test_queries_are_grouped_by_the_page_that_most_of_them_share():
    tested = [
        label("q1", "a"),
        label("q2", "b"),
        label("q2", "a"),
        label("q3", "b"),
        label("q3", "a"),
        label("q4", "c"),
    ]
    split = split_by_page(pd.DataFrame([*tested, label("q5", "b")]), 1.0, seed=0)
    group = dict(zip(split.queries, split.groups.tolist(), strict=True))
    assert group["q1"] == group["q2"] == group["q3"]
    assert len({group["q1"], group["q4"], group["q5"]}) == 3


def test_a_log_that_cites_no_page_leaves_nothing_to_hold_out():
    split = split_by_page(
        pd.DataFrame({name: [] for name in ("query_id", "page_id", "passage_id")}, dtype="object"),
        0.3,
        0,
    )
    assert (split.held_out, split.queries, len(split.groups), len(split.trained)) == (
        frozenset(),
        (),
        0,
        0,
    )


def test_the_same_seed_holds_out_the_same_pages(labels):
    assert (
        split_by_page(labels, 0.3, 7).held_out
        == split_by_page(labels.sample(frac=1, random_state=0), 0.3, 7).held_out
    )
    assert split_by_page(labels, 0.3, 7).held_out != split_by_page(labels, 0.3, 8).held_out


def test_a_query_seeks_a_passage_where_it_is_known_and_else_any_of_its_page():
    table = pd.DataFrame([label("q", "a"), label("r", "a", "a#1")])
    data = TuningData(PASSAGE_TABLE, QUERY_TABLE, table, CLAIMS.empty())
    relevant = dict(zip(("q", "r"), list_relevant(data, split_by_page(table, 1.0, 0)), strict=True))
    assert [item.tolist() for item in relevant["q"].items] == [[0, 1]]
    assert [item.tolist() for item in relevant["r"].items] == [[1]]


def test_other_pages_of_a_tested_query_are_neither_right_nor_wrong():
    table = pd.DataFrame([label("q", "a"), label("q", "b")])
    data = TuningData(PASSAGE_TABLE, QUERY_TABLE, table, CLAIMS.empty())
    split = split_by_page(table, 0.1, 0)
    ignored = {"a": [2], "b": [0, 1]}[next(iter(split.held_out))]
    assert list_relevant(data, split)[0].ignored.tolist() == ignored


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(tuple(str(row) for row in range(len(rows))), vectors, "e@1")


def nothing_held(table):
    return split_by_page(table, 0.0, 0)


def test_of_a_cited_page_the_passage_nearest_to_the_query_is_learned():
    table = pd.DataFrame([label("q", "a"), label("q", "b")])
    data = TuningData(PASSAGE_TABLE, QUERY_TABLE, table, CLAIMS.empty())
    vectors = (
        unit([0, 1], [1, 0]),
        unit([1, 0.1], [0.1, 1], [1, 1]),
        Embeddings((), np.zeros((0, 2), np.float32), "e@1"),
    )
    pairs = cited_pairs(data, nothing_held(table), vectors)
    assert pairs == [TextPair("what is q", "A > B. two", "a"), TextPair("what is q", "three", "b")]


def test_what_answers_said_moves_the_choice():
    table = pd.DataFrame([label("q", "a")])
    claims = CLAIMS.table(
        [{"claim_id": "c", "answer_id": "x", "query_id": "q", "text": "they say so"}]
    )
    data = TuningData(PASSAGE_TABLE, QUERY_TABLE, table, claims)
    vectors = (unit([0.7, 1], [1, 0]), unit([1, 0.1], [0.1, 1], [1, 1]), unit([1, 0]))
    assert cited_pairs(data, nothing_held(table), vectors) == [TextPair("what is q", "A. one", "a")]


def test_where_people_named_the_passage_it_is_that_one():
    table = pd.DataFrame([label("q", "a", "a#0")])
    vectors = (
        unit([0, 1], [1, 0]),
        unit([1, 0.1], [0.1, 1], [1, 1]),
        Embeddings((), np.zeros((0, 2), np.float32), "e@1"),
    )
    data = TuningData(PASSAGE_TABLE, QUERY_TABLE, table, CLAIMS.empty())
    assert cited_pairs(data, nothing_held(table), vectors)[0].passage == "A. one"


def test_headings_stand_for_queries_once_and_never_those_of_pages_held_out():
    long = "word " * 11 + "end"
    passages = PASSAGES.table(
        [
            passage("a", 0, "Bikes > Brakes", long),
            passage("a", 1, "Bikes > Brakes", f"more {long}"),
            passage("b", 0, "Bikes > Tyres", "too short"),
            passage("c", 0, "Bikes > Lamps", long),
            passage("d", 0, "", long),
        ]
    )
    table = pd.DataFrame([label("q", "c")])
    assert heading_pairs(passages, split_by_page(table, 1.0, 0)) == [TextPair("Brakes", long, "a")]


def test_of_too_many_pairs_every_querys_first_comes_before_any_second():
    pairs = [TextPair(f"q{number % 5}", f"p{number}", "x") for number in range(20)]
    drawn = draw_pairs(pairs, 7, seed=0)
    assert len(drawn) == 7
    assert {pair.query for pair in drawn[:5]} == {f"q{number}" for number in range(5)}
    assert draw_pairs(pairs, 7, seed=0) == drawn
    assert draw_pairs(pairs, 20, seed=0) == pairs
