import json
import math
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs import describe_mapping, normal_form, read_log
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.record import Citation
from coverage_kit.collect.logs.times import parse_time, parse_times
from coverage_kit.collect.logs.values import citations_of, error_of, flag_of, number_of, searches_of
from coverage_kit.settings import LogSettings
from coverage_kit.tables import ANSWERS, CITATIONS, FAILURES, QUERIES, REJECTS, SEARCHES

A, B = "https://a.com/x", "https://b.com"


@pytest.fixture
def read(tmp_path):
    def of_text(text, name="log.csv", **columns):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_log(LogSettings(files=(str(path),), columns=columns))

    return of_text


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_normal_form_is_idempotent(text):
    once = normal_form(text)
    assert normal_form(once) == once


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet="abC +#._-?!😀é\u0345\u200b'", max_size=12))
def test_normal_form_is_idempotent_where_signs_meet(text):
    once = normal_form(text)
    assert normal_form(once) == once


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("Best  CRM, 2026?", "best crm 2026"),
        ("\uff22\uff25\uff33\uff34 \ufb01t", "best fit"),
        ("STRASSE straße", "strasse strasse"),
        ("what\u2019s new", "what s new"),
        ("zero\u200bwidth", "zerowidth"),
        ("C++ or C#?", "c++ or c#"),
        ("#1 crm + mail", "1 crm mail"),
        ("?!", "?!"),
        ("😀", "😀"),
    ],
)
def test_normal_form(query, form):
    assert normal_form(query) == form


def test_every_field_of_a_csv_is_found_by_its_name(read):
    log = read(
        "Run ID,Prompt,LLM Service,Model Name,Created At,Response Text,Cited URLs,Search Queries,"
        "Monthly Searches,Surface\n"
        "r1,Best CRM?, ChatGPT ,gpt-5,2026-01-02T03:04:05+02:00,Acme leads.,"
        f"{A}#top | {B}?utm_source=x,"
        "crm 2026;best crm,40,app\n"
    )
    assert log.mapping == {
        "query": "Prompt",
        "answer": "Response Text",
        "engine": "LLM Service",
        "model": "Model Name",
        "surface": "Surface",
        "run_id": "Run ID",
        "asked_at": "Created At",
        "demand": "Monthly Searches",
        "citations": "Cited URLs",
        "searches": "Search Queries",
    }
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["model"], answer["surface"], answer["run_id"]) == (
        "chatgpt",
        "gpt-5",
        "app",
        "r1",
    )
    assert answer["asked_at"] == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert (answer["text"], answer["has_searched"]) == ("Acme leads.", True)
    assert log.citations[["position", "site", "kind"]].to_numpy().tolist() == [
        [0, "a.com", "cited"],
        [1, "b.com", "cited"],
    ]
    assert log.citations["url"].tolist()[0] == A
    assert not log.citations["url"].str.contains("utm_").any()
    assert log.searches["text"].tolist() == ["crm 2026"], "the verbatim prompt is no fan-out"
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["Best CRM?", 40.0]]


def test_ids_follow_from_content_alone(read):
    first, second = (
        read("query,answer\nBest CRM?,Acme.\n"),
        read("question,response\nBest CRM?,Acme.\n", "other.csv"),
    )
    assert first.answers["answer_id"].tolist() == second.answers["answer_id"].tolist()
    assert first.queries["query_id"].str.fullmatch("q[0-9a-f]{10}").all()
    assert first.answers["answer_id"].str.fullmatch("a[0-9a-f]{12}").all()


def test_spellings_of_one_query_are_one_under_the_most_frequent(read):
    log = read("query,answer\nbest crm,1\nBest CRM?,2\nBest CRM?,3\nBEST  crm,4\nother,5\n")
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [
        ["Best CRM?", 4.0],
        ["other", 1.0],
    ]
    assert log.answers["query_id"].nunique() == 2


@pytest.mark.parametrize("lines", [("b crm?,1", "B CRM,2"), ("B CRM,2", "b crm?,1")])
def test_of_equally_frequent_spellings_the_first_by_its_letters_is_shown(read, lines):
    log = read("\n".join(("query,answer", *lines)) + "\n")
    assert log.queries["text"].tolist() == ["B CRM"]


def test_demand_is_the_largest_of_each_spelling_summed_over_spellings(read):
    log = read('query,volume\nbest crm,10\nbest crm,30\nBest CRM,"1,005"\nother,\nother,\n')
    assert dict(zip(log.queries["text"], log.queries["demand"], strict=True)) == {
        "best crm": 1035.0,
        "other": 2.0,
    }


def test_failed_asks_do_not_count_as_demand(read):
    log = read("query,answer,error\nx,Acme.,\nx,,timeout\ny,,timeout\n")
    assert dict(zip(log.queries["text"], log.queries["demand"], strict=True)) == {
        "x": 1.0,
        "y": 0.0,
    }


def test_first_and_last_times_of_a_query(read):
    log = read("query,answer,date\nx,1,2026-03-01\nX,2,2026-01-01\nx,3,soon\n")
    assert log.queries.loc[0, "first_asked_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert log.queries.loc[0, "last_asked_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert log.answers["asked_at"].isna().tolist() == [False, False, True]


def test_a_log_of_queries_only_has_empty_tables_of_the_right_kinds(read):
    log = read(
        '{"text": "how do I rebase?", "topic": "git"}\n{"text": "How do I rebase"}\n', "log.jsonl"
    )
    assert log.mapping == {"query": "text"}
    assert log.queries["demand"].tolist() == [2.0]
    for schema, table in (
        (ANSWERS, log.answers),
        (CITATIONS, log.citations),
        (SEARCHES, log.searches),
    ):
        assert table.empty
        schema.check(table, "read_log() returned")
    assert log.failures.empty and log.rejects.empty


def test_all_tables_meet_their_schemas(read):
    log = read(
        "query,answer,engine,date,sources,searches,error\n"
        f"x,Acme.,a,2026-01-01,{A},y,\nz,,a,,,,timeout\n,,,,,b,\n"
    )
    pairs = (
        (QUERIES, log.queries),
        (ANSWERS, log.answers),
        (CITATIONS, log.citations),
        (SEARCHES, log.searches),
    )
    for schema, table in (*pairs, (FAILURES, log.failures), (REJECTS, log.rejects)):
        assert len(table) == 1 + (schema is QUERIES)
        schema.check(table, "read_log() returned")


def test_failed_answers_never_enter_answers_but_keep_their_queries(read):
    log = read(
        "query,answer,error,status_code,citations\nok,Acme.,none,200,\n"
        f'e,half,timeout,200,{A}\ns,half,,503,\nm,"  ",,,\n'
    )
    assert log.answers["text"].tolist() == ["Acme."]
    assert log.failures["error"].tolist() == ["timeout", "HTTP status 503"]
    assert log.queries["text"].tolist() == ["e", "m", "ok", "s"]
    assert log.citations.empty


def test_a_blank_answer_is_a_question_without_a_logged_answer(read):
    log = read(f"query,answer,engine,sources\nx,Acme.,a,{A}\ny,,a,\ny,  ,a,\nz,,a,{A}\n")
    assert log.failures.empty
    assert log.queries.set_index("text")["demand"].to_dict() == {"x": 1.0, "y": 2.0, "z": 1.0}
    # what an answer cites is logged, though its words are not
    assert log.answers["text"].tolist() == ["Acme.", ""]


def test_answers_without_citations_are_kept_and_did_not_search(read):
    log = read(f"query,answer,sources\nx,Acme.,{A}\ny,Acme.,\n")
    assert log.answers["has_searched"].tolist() == [True, False]


def test_without_a_column_of_citations_every_answer_searched_unless_a_column_says_so(read):
    assert read("query,answer\nx,Acme.\n").answers["has_searched"].tolist() == [True]
    assert read("query,answer,web search\nx,1,no\ny,2,true\nz,3,?\n").answers[
        "has_searched"
    ].tolist() == [False, True, True]


def test_one_row_for_each_citation_is_one_answer(read):
    log = read(
        "query,engine,run_id,date,answer,citation_url\n"
        f"x,a,1,2026-01-01,Acme.,{A}\nx,a,1,2026-01-01,Acme.,{B}\nx,a,2,2026-01-01,Acme.,{B}\n"
    )
    assert log.answers["run_id"].tolist() == ["1", "2"]
    assert log.citations.groupby("answer_id", sort=False)["site"].agg(list).tolist() == [
        ["a.com", "b.com"],
        ["b.com"],
    ]
    assert log.queries["demand"].tolist() == [2.0]


def test_exact_duplicates_are_one_answer_but_surfaces_are_not_mixed(read):
    log = read(
        f"query,answer,surface,sources\nx,Acme.,api,{A}\nx,Acme.,api,{A}\nx,Acme.,scrape,{A}\n"
    )
    assert log.answers["surface"].tolist() == ["api", "scrape"]
    assert len(log.citations) == 2


def test_a_page_is_one_citation_however_it_is_spelled_and_cited_wins(read):
    row = {
        "query": "x",
        "answer": "Acme.",
        "citations": [
            f"{A}?utm_source=openai",
            f"{A}#frag",
            "see the manual",
            {"url": B, "title": "B"},
        ],
        "retrieved": ["https://c.com/1", A, "ftp://d.com"],
    }
    log = read(json.dumps(row), "log.jsonl")
    citations = log.citations[["position", "site", "kind"]].to_numpy().tolist()
    assert citations == [[0, "a.com", "cited"], [1, "b.com", "cited"], [2, "c.com", "retrieved"]]


def test_missing_engine_is_unknown(read):
    assert read("query,answer,engine\nx,1,\ny,2, Perplexity \n").answers["engine"].tolist() == [
        "unknown",
        "perplexity",
    ]


def test_columns_set_by_hand_win_over_names(read):
    log = read("query,q2,answer\nwrong,right,Acme.\n", query="Q2")
    assert log.mapping["query"] == "q2"
    assert log.queries["text"].tolist() == ["right"]


def test_the_text_of_passages_is_no_query():
    assert "query" not in choose_columns(["doc_id", "heading_path", "text"], {})
    assert choose_columns(["doc_id", "topic", "text", "text_with_context"], {}) == {"query": "text"}


def test_a_column_serves_one_field_only():
    assert choose_columns(["Question", "text", "TS", "Fan-Out"], {}) == {
        "query": "Question",
        "asked_at": "TS",
        "searches": "Fan-Out",
    }


def test_describe_mapping_names_what_is_missing():
    described = describe_mapping({"query": "Prompt"})
    assert described.startswith("query = 'Prompt'; not in the log: answer, engine")


@pytest.mark.parametrize(
    ("cell", "urls"),
    [
        ([A, B], [A, B]),
        (np.array([A, B]), [A, B]),
        ('["https://a.com/1,2;3", "https://b.com"]', ["https://a.com/1,2;3", B]),
        (["https://a.com/1,2;3"], ["https://a.com/1,2;3"]),
        ([{"url": A, "title": "T"}, {"link": B}, {"title": "none"}], [A, B]),
        ('[{"type": "url_citation", "url_citation": {"url": "https://a.com/x"}}]', [A]),
        ("['https://a.com/x', 'https://b.com']", [A, B]),
        ("['https://a.com/x' 'https://b.com']", [A, B]),
        ("[{'url': 'https://a.com/x', 'title': 'T'}]", [A]),
        (f"{A}\n{B}", [A, B]),
        (f"{A} | {B}", [A, B]),
        (f"{A}; {B};", [A, B]),
        (f"{A},{B}", [A, B]),
        ("https://a.com/1,2, https://b.com", ["https://a.com/1,2", B]),
        (
            "https://web.archive.org/web/2020/https://a.com",
            ["https://web.archive.org/web/2020/https://a.com"],
        ),
        ("[Acme](https://a.com/x_(y)) and <https://b.com>", ["https://a.com/x_(y)", B]),
        ("n/a", []),
        ("", []),
        (None, []),
        (float("nan"), []),
        (3, []),
        ("[not json", []),
    ],
)
def test_citations_of_any_cell(cell, urls):
    assert [citation.url for citation in citations_of(cell)] == urls


def test_spans_of_citations_are_kept():
    assert citations_of([{"url": A, "start_index": 0, "end_index": 7}]) == (Citation(A, 0, 7),)
    assert citations_of([{"url": A, "start_index": "0", "end_index": -1}]) == (Citation(A),)


def test_a_span_outside_the_answer_is_dropped(read):
    cited = [{"url": A, "start": 0, "end": 4}, {"url": B, "start": 3, "end": 99}]
    log = read(json.dumps([{"query": "x", "answer": "Acme", "citations": cited}]), "log.json")
    assert log.citations["start"].fillna(-1).tolist() == [0, -1]
    assert log.citations["end"].fillna(-1).tolist() == [4, -1]


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        (["a, b", "c"], ("a, b", "c")),
        ('["a, b", "c"]', ("a, b", "c")),
        ([{"q": "a"}, {"query": "b"}], ("a", "b")),
        ("a, b\nc", ("a, b", "c")),
        ("a | b; c", ("a", "b", "c")),
        ("['a' 'b']", ("a", "b")),
        ("nan", ()),
        (None, ()),
    ],
)
def test_searches_of_any_cell(cell, texts):
    assert searches_of(cell) == texts


def test_searches_are_kept_once_in_order(read):
    row = {"query": "x", "answer": "y", "searches": ["b", "a", "B!", "X"]}
    log = read(json.dumps(row), "log.jsonl")
    assert log.searches[["position", "text"]].to_numpy().tolist() == [[0, "b"], [1, "a"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.123456789+01:00", "2026-01-02T02:04:05.123456"),
        ("2026-01-02", "2026-01-02T00:00:00"),
        ("2026-01", "2026-01-01T00:00:00"),
        ("20260102", "2026-01-02T00:00:00"),
        (1767225600, "2026-01-01T00:00:00"),
        (1767225600.5, "2026-01-01T00:00:00.500000"),
        ("1767225600000", "2026-01-01T00:00:00"),
        (1767225600000000000, "2026-01-01T00:00:00"),
        ("Thu, 01 Jan 2026 10:00:00 +0100", "2026-01-01T09:00:00"),
        ("January 2nd, 2026", "2026-01-02T00:00:00"),
        ("Fri, Jan 2, 2026 3:04 PM", "2026-01-02T15:04:00"),
        ("2.1.2026", "2026-01-02T00:00:00"),
        ("1/2/2026", "2026-01-02T00:00:00"),
        ("31/1/26 10:30", "2026-01-31T10:30:00"),
        (date(2026, 1, 2), "2026-01-02T00:00:00"),
        (datetime(2026, 1, 2, 3), "2026-01-02T03:00:00"),
        (pd.Timestamp("2026-01-02T03:00"), "2026-01-02T03:00:00"),
        (20260102.0, "2026-01-02T00:00:00"),
    ],
)
def test_times_of_any_spelling_are_utc(value, text):
    assert parse_time(value) == datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["soon", "", None, math.nan, math.inf, True, 12, "99/99/2026", "0001-01-01", pd.NaT, [1]],
)
def test_what_is_no_time_is_missing(value):
    assert parse_time(value) is None


def test_one_date_that_is_day_first_makes_all_of_a_file_so():
    assert [time.month for time in parse_times(["03/04/2026", "31/01/2026"])] == [4, 1]
    assert [time.month for time in parse_times(["03/04/2026", "01/31/2026"])] == [3, 1]


def test_unreadable_times_are_counted(caplog):
    assert parse_times(["soon", "2026-01-01", None])[0] is None
    assert "1 of 3 times cannot be read, such as 'soon'" in caplog.text


def test_cells_as_text_numbers_flags_and_errors():
    assert [
        text_of(value)
        for value in (5.0, 2.5, None, math.nan, {"content": [{"text": "a"}, {"text": "b"}]})
    ] == [*("5", "2.5", "", "", "a\nb")]
    assert text_of("half \ud83d pair") == "half \ufffd pair"
    assert [number_of(value) for value in ("1,200", "1 200 300", 7, "x", -1, math.inf, None)] == [
        1200,
        1200300,
        7,
    ] + [None] * 4
    assert [flag_of(value) for value in (True, "No", 1, "maybe", None)] == [
        True,
        False,
        True,
        None,
        None,
    ]
    assert error_of({"message": "rate limit", "code": 429}) == "rate limit"
    assert [error_of(value) for value in (None, "", "None", False, {}, "0")] == [None] * 6
    assert error_of(True) == "failed"
    assert [
        error_of(None, status) for status in (200, "200", 500.0, "completed", "failed", None)
    ] == [*(None, None, "HTTP status 500", None, "status failed", None)]


def test_markers_in_an_answer_are_the_spans_of_the_pages_named_in_that_place(tmp_path):
    row = {
        "query": "q",
        "answer": "Acme [2]. B [1][2], C [9].",
        "citations": "https://a.com https://b.com https://c.com",
    }
    pd.DataFrame([row]).to_csv(tmp_path / "a.csv", index=False)
    log = read_log(LogSettings(files=(str(tmp_path / "a.csv"),)))
    assert log.citations[["site", "kind"]].to_numpy().tolist() == [
        [f"{name}.com", "cited"] for name in "abc"
    ]
    marked = [
        (position, row["answer"][start:end])
        for position, start, end in log.spans[["position", "start", "end"]].to_numpy()
    ]
    assert marked == [(1, "[2]"), (0, "[1]"), (1, "[2]")]
