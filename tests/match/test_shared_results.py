import numpy as np
import pandas as pd
import pytest

from coverage_kit.match.shared_results import (
    find_shared_results,
    no_shared_results,
    share_passages,
    weigh_kinds,
)
from coverage_kit.tables import ANSWERS, CITATIONS, MATCHES, MENTIONS, SEARCHES
from coverage_kit.vectors import to_unit_length


@pytest.fixture
def answers():
    return ANSWERS.table(
        [
            {
                "answer_id": f"a{number}",
                "query_id": f"q{number}",
                "engine": "e",
                "text": "t",
                "has_searched": True,
            }
            for number in range(4)
        ]
    )


@pytest.fixture
def matches():
    return MATCHES.table(
        [
            {
                "query_id": f"q{query}",
                "passage_id": f"p{rank}",
                "site": "ours",
                "rank": rank,
                "similarity": 0.5 - rank / 100,
            }
            for query in range(4)
            for rank in range(1, 13)
        ]
    )


def _cite(answer_ids):
    return CITATIONS.table(
        [
            {
                "answer_id": answer_id,
                "position": position,
                "url": f"x.example/{kind}",
                "site": "x.example",
                "kind": kind,
            }
            for answer_id in answer_ids
            for position, kind in enumerate(["cited", "retrieved"])
        ]
    )


def test_each_kind_has_its_items(answers, matches):
    searches = SEARCHES.table([{"answer_id": "a0", "position": 0, "text": "Battery fire"}])
    mentions = MENTIONS.table([{"answer_id": "a1", "brand": "Heron", "position": 0}])
    shared = find_shared_results(answers, _cite(["a0", "a1"]), searches, mentions, matches)
    items = shared.groupby(["query_id", "kind"])["item"].agg(set).to_dict()
    assert items == {
        ("q0", "cited"): {"x.example/cited"},
        ("q0", "retrieved"): {"x.example/cited", "x.example/retrieved"},
        ("q0", "searches"): {"battery", "#batte", "fire", "#fire"},
        ("q1", "cited"): {"x.example/cited"},
        ("q1", "retrieved"): {"x.example/cited", "x.example/retrieved"},
        ("q1", "mentions"): {"Heron"},
    }


def test_passages_stand_in_where_few_questions_have_logged_pages(answers, matches):
    shared = find_shared_results(
        answers, _cite(["a0"]), SEARCHES.empty(), MENTIONS.empty(), matches
    )
    passages = shared[shared["kind"] == "passages"]
    assert passages.groupby("query_id").size().tolist() == [10] * 4
    assert passages["strength"].iloc[0] == pytest.approx(0.49**2)
    assert passages["item"].tolist()[:10] == share_passages(matches)["item"].tolist()[:10]


def _share(kind, items):
    return pd.DataFrame(
        {
            "query_id": [f"q{row:02d}" for row in range(len(items))],
            "kind": kind,
            "item": [str(item) for item in items],
            "strength": 1.0,
        }
    )


def test_a_kind_weighs_as_much_as_it_tells():
    """60 questions of four topics: pages by topic tell all, pages at random tell nothing."""
    rng = np.random.default_rng(0)
    topics = np.arange(60) % 4
    vectors = to_unit_length(np.eye(4, 64)[topics] + 0.1 * rng.normal(size=(60, 64)))
    shared = pd.concat(
        [
            _share("cited", topics),
            _share("mentions", rng.integers(4, size=60)),
            _share("retrieved", np.arange(60)),
        ]
    )
    ids = [f"q{row:02d}" for row in range(60)]
    weights = {kind.name: kind.weight for kind in weigh_kinds(ids, vectors, shared)}
    assert weights["cited"] > 0.8
    assert weights.get("mentions", 0) < 0.1
    assert "retrieved" not in weights  # no two questions share a page
    assert weigh_kinds(ids, vectors, no_shared_results()) == []


def test_rare_items_count_more_and_rows_have_length_one():
    """Of eight questions, seven share `a` and two share `b`; one shares nothing."""
    ids = ["q00", "q01", "q02", "q03"] + [f"q{row:02d}" for row in range(4, 8)]
    vectors = to_unit_length(np.eye(8)[[0, 0, 0, 1, 0, 0, 0, 0]])
    rows = [("q00", "a"), ("q01", "a"), ("q02", "a"), ("q00", "b"), ("q01", "b")]
    rows += [(f"q{row:02d}", "a") for row in range(4, 8)]
    shared = pd.DataFrame(rows, columns=["query_id", "item"]).assign(kind="cited", strength=1.0)
    (kind,) = weigh_kinds(ids, vectors, shared)
    lengths = np.sqrt(kind.vectors.multiply(kind.vectors).sum(axis=1)).ravel().tolist()[0]
    assert lengths == pytest.approx([1, 1, 1, 0, 1, 1, 1, 1])
    rarity = np.log([8 / 7, 8 / 2])
    assert kind.vectors[0].toarray()[0] == pytest.approx(rarity / np.linalg.norm(rarity))
