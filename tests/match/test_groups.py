import numpy as np
import pandas as pd
import pytest

from coverage_kit.match.groups import group_queries, merge_groups
from coverage_kit.tables import ANSWERS, CITATIONS, FAILURES, GROUPS, QUERIES, SEARCHES, LogTables
from coverage_kit.vectors import Embeddings, embed_texts
from tests.encoder import WordEncoder


def query_table(*rows):
    """Queries by (id, text, demand)."""
    return QUERIES.table(
        [{"query_id": name, "text": text, "demand": float(demand)} for name, text, demand in rows]
    )


def in_the_plane(degrees):
    """Queries with unit vectors in the plane, each with its opposite, so that their mean is 0."""
    queries = query_table(*((name, "x", demand) for name, (demand, _) in degrees.items()))
    opposite = queries.assign(query_id="-" + queries["query_id"])
    angles = np.deg2rad([angle for _, angle in degrees.values()])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pairs = pd.concat([queries, opposite], ignore_index=True)
    return pairs, Embeddings(tuple(pairs["query_id"]), np.concatenate([vectors, -vectors]), "e")


def groups_in_the_plane(max_groups, **degrees):
    groups = (
        group_queries(*in_the_plane(degrees), max_groups).head(len(degrees)).set_index("query_id")
    )
    return groups["group_id"].to_dict(), groups["similarity"].to_dict()


def test_the_most_asked_of_near_duplicates_represents_them():
    group_of, similarity = groups_in_the_plane(4, a=(1, 0), b=(5, 10), c=(2, 12), d=(9, 90))
    assert group_of == {"a": "b", "b": "b", "c": "b", "d": "d"}
    assert similarity == pytest.approx(
        {"a": np.cos(np.deg2rad(10)), "b": 1, "c": np.cos(np.deg2rad(2)), "d": 1}, abs=1e-6
    )


def test_a_query_belongs_to_the_most_similar_representative_and_ties_of_demand_go_by_id():
    assert groups_in_the_plane(4, b=(9, 0), a=(9, 30), m=(1, 13))[0] == {
        "b": "b",
        "a": "a",
        "m": "b",
    }
    assert groups_in_the_plane(4, b=(9, 0), a=(9, 0), m=(1, 90))[0] == {
        "b": "a",
        "a": "a",
        "m": "m",
    }


def test_what_all_queries_share_does_not_separate_them():
    shared = np.array(
        [[3, 0.2, 0], [3, 0.19, 0], [3, -0.2, 0], [3, 0, 0.2], [3, 0, -0.2]], dtype=np.float32
    )
    vectors = shared / np.linalg.norm(shared, axis=1, keepdims=True)
    queries = query_table(*((name, "x", 1) for name in "abcde"))
    assert (vectors @ vectors.T).min() > 0.98
    assert group_queries(queries, Embeddings(tuple("abcde"), vectors, "e"), 4)[
        "group_id"
    ].tolist() == list("aacde")


def test_few_queries_are_left_alone_and_none_is_no_error():
    queries = query_table(("a", "x", 1), ("b", "x", 5))
    groups = group_queries(queries, Embeddings(("a", "b"), np.eye(2, dtype=np.float32), "e"), 2)
    assert groups["group_id"].tolist() == ["a", "b"]
    GROUPS.check(
        group_queries(QUERIES.empty(), Embeddings((), np.zeros((0, 2), np.float32), "e"), 2),
        "no queries",
    )


@pytest.mark.parametrize("max_groups", [1, 40, 300, 1500])
def test_there_are_never_more_groups_than_asked_for(max_groups):
    rng = np.random.default_rng(0)
    texts = [f"{a} {b} {c}" for a, b, c in rng.integers(0, 30, (2000, 3))]
    queries = query_table(*((f"q{n:04d}", text, 1 + n % 7) for n, text in enumerate(texts)))
    vectors = embed_texts(queries["query_id"], queries["text"], WordEncoder())
    groups = group_queries(queries, vectors, max_groups)
    n = groups["group_id"].nunique()
    assert max_groups / 4 <= n <= max_groups
    pd.testing.assert_frame_equal(groups, group_queries(queries, vectors, max_groups))
    leaders = groups[groups["query_id"] == groups["group_id"]]
    assert len(leaders) == n
    assert (leaders["similarity"] == 1).all()
    demand = queries.set_index("query_id")["demand"]
    assert (demand[groups["group_id"]].to_numpy() >= demand[groups["query_id"]].to_numpy()).all()
    centred = vectors.vectors - vectors.vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    cosines = (
        centred * centred[queries.index.get_indexer(groups["group_id"].str[1:].astype(int))]
    ).sum(axis=1)
    assert groups["similarity"].to_numpy() == pytest.approx(cosines, abs=1e-5)


def test_a_merged_log_asks_each_group_once_and_keeps_all_answers():
    days = pd.to_datetime(["2026-01-03", "2026-01-01", "2026-01-02"], utc=True)
    queries = query_table(("a", "crm", 2), ("b", "best crm", 5), ("c", "bikes", 1)).assign(
        first_asked_at=days, last_asked_at=days
    )
    answers = ANSWERS.table(
        [
            {
                "answer_id": f"a{n}",
                "query_id": name,
                "engine": "e",
                "text": "Yes.",
                "has_searched": True,
            }
            for n, name in enumerate("abc")
        ]
    )
    failures = FAILURES.table(
        [{"answer_id": "f", "query_id": "a", "engine": "e", "error": "timeout"}]
    )
    log = LogTables(queries, answers, CITATIONS.empty(), SEARCHES.empty(), failures, mapping={})
    groups = GROUPS.table(
        [
            {"query_id": "a", "group_id": "b", "similarity": 0.9},
            {"query_id": "b", "group_id": "b", "similarity": 1.0},
        ]
    )
    merged = merge_groups(log, groups)
    QUERIES.check(merged.queries, "merged")
    assert merged.queries[["query_id", "text", "demand"]].to_numpy().tolist() == [
        ["b", "best crm", 7.0],
        ["c", "bikes", 1.0],
    ]
    assert merged.queries["first_asked_at"].dt.day.tolist() == [1, 2]
    assert merged.queries["last_asked_at"].dt.day.tolist() == [3, 2]
    assert merged.answers["query_id"].tolist() == ["b", "b", "c"]
    assert merged.failures["query_id"].tolist() == ["b"]
    assert log.queries["demand"].sum() == merged.queries["demand"].sum()


def test_a_group_has_the_first_origin_of_its_queries_and_the_kind_of_most_of_its_demand():
    queries = query_table(("a", "x", 5), ("b", "x", 1), ("c", "x", 3), ("d", "x", 9)).assign(
        origin=["machine", "person", None, None],
        demand_kind=["estimated", "measured", "measured", "estimated"],
    )
    groups = GROUPS.table(
        [
            {"query_id": name, "group_id": group, "similarity": 1.0}
            for name, group in zip("abcd", "aacc", strict=True)
        ]
    )
    empty = {schema.name: schema.empty() for schema in (ANSWERS, CITATIONS, SEARCHES, FAILURES)}
    merged = merge_groups(LogTables(queries=queries, mapping={}, **empty), groups).queries
    assert merged["demand_kind"].tolist() == ["estimated", "estimated"]
    assert merged["origin"].fillna("").tolist() == ["person", ""]
    assert merged["demand"].tolist() == [6.0, 12.0]
