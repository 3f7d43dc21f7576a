import pandas as pd
import pytest

from coverage_kit.errors import SchemaError
from coverage_kit.tables import MATCHES, QRELS, QUERIES, SCHEMAS, Qrels, Queries, checked


def good_queries():
    return QUERIES.table([{"query_id": "q1", "text": "how far", "demand": 2}])


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_every_empty_table_meets_its_schema(schema):
    schema.check(schema.empty(), "test")
    assert schema.table([]).columns.tolist() == schema.names
    assert set(schema.key) <= set(schema.names)


def test_rows_become_kinds_and_absent_columns_become_missing():
    table = QUERIES.table(
        [{"query_id": "q1", "text": "a", "demand": 3, "first_asked_at": "2026-01-01", "further": 1}]
    )
    assert table["demand"].dtype == "float64"
    assert str(table["first_asked_at"].iloc[0]) == "2026-01-01 00:00:00+00:00"
    assert table["last_asked_at"].isna().all()
    assert table["further"].tolist() == [1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(columns="text"), "queries needs a column text"),
        (lambda t: t.assign(demand="many"), "queries.demand should be number; found str"),
        (lambda t: t.assign(text=None), "queries.text should be text; found only missing values"),
        (lambda t: pd.concat([t, t]), "should be unique; found 1 repeats, such as q1"),
        (lambda t: [1, 2], "queries should be a DataFrame; found list"),
    ],
)
def test_the_error_about_a_wrong_table_says_where_it_is_what_is_needed_and_what_was_found(
    spoil, message
):
    with pytest.raises(SchemaError, match="here: ") as caught:
        QUERIES.check(spoil(good_queries()), "here")
    assert message in str(caught.value)


def test_a_rank_that_became_a_float_is_detected():
    table = pd.DataFrame(
        {"query_id": ["q"], "passage_id": ["p"], "site": ["s"], "rank": [1.0], "similarity": [0.5]}
    )
    with pytest.raises(SchemaError, match=r"matches.rank should be integer; found float64"):
        MATCHES.check(table, "here")


@checked
def judge(queries: Queries, note: str = "", previous: Qrels | None = None) -> tuple[Qrels, int]:
    rows = [{"query_id": name, "passage_id": "p", "relevance": 1} for name in queries["query_id"]]
    return QRELS.table(rows + rows if note == "twice" else rows), len(rows)


def test_checked_accepts_good_tables_and_rejects_bad_tables():
    assert judge(good_queries())[1] == 1
    assert judge(good_queries(), previous=None)[1] == 1
    with pytest.raises(SchemaError, match=r"judge\(queries\)"):
        judge(good_queries().drop(columns="demand"))
    with pytest.raises(SchemaError, match=r"judge\(previous\)"):
        judge(good_queries(), previous=good_queries())
    with pytest.raises(SchemaError, match=r"judge\(\) returned"):
        judge(good_queries(), note="twice")
