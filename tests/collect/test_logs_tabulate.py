import itertools
import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from coverage_kit.collect.logs import normalize, query_counts, read_log
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.tabulate import LogTabulator
from coverage_kit.settings import LogSettings

A, B = "https://a.com/x", "https://b.com/y"


def tabulate(*records):
    tabulator = LogTabulator()
    for record in records:
        tabulator.add(record)
    return tabulator.tables()


def rows(table, *columns):
    return table[list(columns)].to_numpy().tolist()


def test_rows_of_one_answer_are_joined_cited_pages_first():
    shared = {"query": "q", "answer": "Acme leads, B lags.", "engine": "e"}
    tables = tabulate(
        LogRecord(**shared, retrieved=(Citation(A),), searches=("acme", "b"), has_searched=False),
        LogRecord(
            **shared,
            citations=(Citation(B, 12, 18),),
            searches=("Acme!", "c"),
            mentions=("Acme",),
            has_searched=True,
        ),
        LogRecord(
            **shared,
            citations=(Citation(f"{A}?utm_source=openai", 0, 4, "On A"),),
            mentions=("B", "Acme"),
        ),
        LogRecord(query="other", answer="Yes.", engine="e", citations=(Citation(A, 0, 3),)),
    )
    # "other" comes before "q".
    second, first = tables["answers"]["answer_id"]
    assert tables["answers"]["has_searched"].tolist() == [True, True]
    assert rows(tables["citations"], "answer_id", "position", "site", "kind") == [
        [second, 0, "a.com", "cited"],
        [first, 0, "b.com", "cited"],
        [first, 1, "a.com", "cited"],
    ]
    assert tables["citations"]["title"].tolist()[2] == "On A"
    assert sorted(rows(tables["spans"], "answer_id", "position", "start", "end")) == sorted(
        [[first, 0, 12, 18], [first, 1, 0, 4], [second, 0, 0, 3]]
    )
    assert rows(tables["searches"], "position", "text") == [[0, "acme"], [1, "b"], [2, "c"]]
    assert rows(tables["mentions"], "brand", "position") == [["Acme", 0], ["B", 1]]
    assert rows(tables["queries"], "text", "demand") == [["other", 1.0], ["q", 1.0]]


def test_a_page_cited_for_several_spans_is_one_citation_with_each_of_its_spans():
    tables = tabulate(
        LogRecord(
            "q",
            "One. Two.",
            "e",
            citations=(Citation(A, 0, 4), Citation(A, 5, 9), Citation(A, 5, 9)),
        )
    )
    assert rows(tables["citations"], "position", "start", "end") == [[0, 0, 4]]
    assert rows(tables["spans"], "position", "start", "end") == [[0, 0, 4], [0, 5, 9]]


def test_spans_outside_the_answer_are_no_spans():
    tables = tabulate(
        LogRecord("q", "Short.", "e", citations=(Citation(A, 2, 99), Citation(B, 4, 4)))
    )
    assert len(tables["citations"]) == 2
    assert tables["spans"].empty


def test_an_answer_without_logged_text_counts_and_one_with_empty_text_failed():
    tables = tabulate(
        LogRecord("a", None, "e", is_observed=True),
        LogRecord("b", None, "e", is_observed=True, citations=(Citation(A),)),
        LogRecord("c", "  ", "e"),
        LogRecord("d", None, "e"),
    )
    assert tables["answers"]["text"].tolist() == ["", ""]
    assert tables["failures"]["error"].tolist() == ["no answer text"]
    assert tables["queries"]["demand"].tolist() == [1.0, 1.0, 0.0, 1.0]


def test_tables_are_the_same_however_often_rows_are_packed(monkeypatch):
    records = [
        LogRecord(
            f"q{n % 7}",
            f"Answer {n % 11}.",
            "e",
            citations=(Citation(A, 0, 3), Citation(f"{B}{n}")),
        )
        for n in range(40)
    ]
    expected = tabulate(*records)
    monkeypatch.setattr("coverage_kit.collect.logs.tabulate._CHUNK_ROWS", 3)
    for name, table in tabulate(*records).items():
        assert table.equals(expected[name]), name


@pytest.mark.parametrize(
    "lines", [["{}"], ['{"usage": {"n": 1}, "tools": [], "note": null, "n": 0, "ok": false}']]
)
def test_unknown_fields_are_kept_and_empty_ones_are_not(tmp_path, lines):
    record = {"query": "q", "answer": "a", **json.loads(lines[0])}
    (tmp_path / "log.jsonl").write_text(json.dumps(record), encoding="utf-8")
    extra = read_log(LogSettings(files=(str(tmp_path),))).answers["extra"].iloc[0]
    expected = {key: record[key] for key in ("usage", "n", "ok") if key in record}
    assert (json.loads(extra) if isinstance(extra, str) else {}) == expected


def test_fields_that_only_python_can_write_are_kept(tmp_path):
    (tmp_path / "log.jsonl").write_text(
        '{"query": "q", "answer": "a", "x": "\\ud800", "n": 99999999999999999999}', encoding="utf-8"
    )
    extra = read_log(LogSettings(files=(str(tmp_path),))).answers["extra"].iloc[0]
    assert json.loads(extra) == {"x": "\ud800", "n": 99999999999999999999}


@given(st.text(st.characters(max_codepoint=127), max_size=30))
def test_the_short_way_to_a_normal_form_is_the_long_one(query):
    spelled = f"a{query}b"
    # A soft hyphen, which no form has, forces the long way.
    assert normalize.normal_form(spelled) == normalize.normal_form(f"{spelled}\u00ad")


def test_one_date_that_cannot_be_read_otherwise_shows_that_days_come_first(tmp_path):
    text = "query,answer,date\na,x,03/04/2026\nb,y,13/04/2026\n"
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    times = read_log(LogSettings(files=(str(tmp_path),))).answers["asked_at"]
    assert times.dt.strftime("%d %b").tolist() == ["03 Apr", "13 Apr"]


def test_the_order_of_the_records_decides_no_row():
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    records = [
        LogRecord(
            query, f"Answer {n}.", engine, asked_at=time, citations=(Citation(A), Citation(B))
        )
        for n, (query, engine, time) in enumerate(
            [
                ("b?", "y", times[0]),
                ("B", "x", times[0]),
                ("a", "x", times[1]),
                ("a", "x", times[2]),
                ("c", "x", None),
            ]
        )
    ]
    expected = tabulate(*records)
    assert expected["queries"]["text"].tolist() == ["B", "a", "c"]
    assert expected["answers"]["text"].tolist() == [f"Answer {n}." for n in (1, 0, 2, 3, 4)]
    for order in itertools.permutations(records):
        for name, table in tabulate(*order).items():
            pd.testing.assert_frame_equal(table, expected[name])


def test_a_measured_figure_counts_before_a_larger_estimate_and_estimates_before_counts():
    tables = tabulate(
        LogRecord("both", demand=900.0, demand_kind="estimated"),
        LogRecord("both", demand=7.0, demand_kind="measured"),
        LogRecord("Both?", demand=3.0),
        LogRecord("guessed", "Yes.", demand=40.0, demand_kind="estimated"),
        LogRecord("guessed", "No.", demand=50.0, demand_kind="estimated"),
        LogRecord("counted", "Yes."),
        LogRecord("counted", "No."),
    )
    assert rows(tables["queries"], "text", "demand", "demand_kind") == [
        ["both", 10.0, "measured"],
        ["counted", 2.0, "measured"],
        ["guessed", 50.0, "estimated"],
    ]


@given(st.permutations(["person", None, "machine", "rewrite", "generated"]))
def test_what_a_person_asked_too_is_a_persons_question_in_any_order_and_in_parts(origins):
    records = [LogRecord("q" if n % 2 else "Q?", origin=name) for n, name in enumerate(origins)]
    whole = tabulate(*records)["queries"]
    assert whole["origin"].tolist() == ["person"]
    first, second = LogTabulator(), LogTabulator()
    for record in records[:2]:
        first.add(record)
    for record in records[2:]:
        second.add(record)
    second.spellings = query_counts.from_arrow(query_counts.to_arrow(second.spellings))
    first.join(second)
    pd.testing.assert_frame_equal(first.tables()["queries"], whole)
