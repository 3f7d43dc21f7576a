import csv
import json
import logging
import re
import tracemalloc

import pandas as pd
import pytest

from coverage_kit.collect.logs import lines, read_log
from coverage_kit.collect.logs.json_rows import JsonLines
from coverage_kit.collect.urls import canonical_url
from coverage_kit.errors import LogError
from coverage_kit.report.outputs import write_run
from coverage_kit.settings import LogSettings
from coverage_kit.tasks.sample import draw_sample
from tests.report.conftest import make_analysis

ROWS = [
    {
        "query": "Größe?",
        "answer": "Acme €5.",
        "citations": ["https://a.com/1,2", "https://b.com"],
        "n": 1,
    },
    {"query": "two", "answer": "", "citations": [], "n": None},
]


def read(*paths, **columns):
    return read_log(LogSettings(files=tuple(map(str, paths)), columns=columns))


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def texts(log):
    return log.queries["text"].tolist()


def test_the_same_rows_in_every_format_make_the_same_tables(tmp_path):
    frame = pd.DataFrame(ROWS)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.ndjson", orient="records", lines=True)
    write(tmp_path / "a.json", json.dumps({"count": 2, "data": ROWS}))
    frame.assign(citations=frame["citations"].map(" | ".join)).to_excel(
        tmp_path / "a.xlsx", index=False
    )
    expected = read(tmp_path / "a.parquet")
    assert expected.citations["url"].tolist() == [
        "https://a.com/1,2",
        canonical_url("https://b.com"),
    ]
    assert len(expected.answers) + 1 == len(expected.queries)
    assert expected.failures.empty  # a blank answer is none that failed
    for ending in ("csv", "tsv", "jsonl", "ndjson", "json", "xlsx"):
        other = read(tmp_path / f"a.{ending}")
        for name in ("queries", "answers", "citations", "failures"):
            left, right = (
                getattr(log, name).drop(columns="extra", errors="ignore")
                for log in (other, expected)
            )
            # Without `extra`, because CSV does not tell numbers from text.
            pd.testing.assert_frame_equal(left, right)
    together = read(tmp_path)
    pd.testing.assert_frame_equal(
        together.answers.drop(columns="extra"), expected.answers.drop(columns="extra")
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_any_encoding_and_delimiter(tmp_path, encoding, delimiter):
    text = (
        delimiter.join(["query", "answer"])
        + "\r\n"
        + delimiter.join(['"Größe, €;\nneu?"', "Acme."])
        + "\r\n"
    )
    log = read(write(tmp_path / "log.csv", text.encode(encoding)))
    assert texts(log) == ["Größe, €;\nneu?"]
    assert log.answers["text"].tolist() == ["Acme."]


def test_encodings_may_differ_between_files(tmp_path):
    write(tmp_path / "a.csv", "query\nGröße\n".encode("cp1252"))
    write(tmp_path / "b.csv", "query\nMaß\n".encode("utf-16"))
    assert texts(read(tmp_path)) == ["Größe", "Maß"]


def test_two_encodings_in_a_file_are_said(tmp_path, caplog):
    rows = "query\nGrün\n".encode() + "Größe blau\n".encode("cp1252")
    assert "Größe blau" in texts(read(write(tmp_path / "log.csv", rows)))
    assert "1 characters may be UTF-8, and are read as Windows-1252" in caplog.text


def test_csv_of_one_column_keeps_its_commas(tmp_path):
    log = read(write(tmp_path / "log.csv", 'query\nbest crm, cheap; new\n"quoted, too"\n'))
    assert texts(log) == ["best crm, cheap; new", "quoted, too"]


def test_csv_with_excels_line_of_its_delimiter(tmp_path):
    assert texts(read(write(tmp_path / "log.csv", "\nsep=;\nquery;answer\na,b;Acme.\n"))) == ["a,b"]


def test_csv_rows_of_another_length(tmp_path):
    log = read(write(tmp_path / "log.csv", "query,answer\na,1,\nb,2,3\nc\n\n,\nd,4\n"))
    assert log.answers["text"].tolist() == ["1", "4"]
    assert log.failures.empty  # c has no logged answer
    assert set(log.queries["text"]) == {"a", "c", "d"}
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [3, "3 fields where the header has 2"]
    ]


def test_huge_csv_fields_are_read_up_to_a_bound(tmp_path, monkeypatch):
    long = "word " * 60_000
    path = write(tmp_path / "log.csv", f'query,answer\na,"{long}"\nb,short\nc,"{long}\n{long}"\n')
    assert read(path).answers["text"].str.len().tolist() == [299_999, 5, 600_000]
    monkeypatch.setattr(lines, "MAX_LINE_CHARACTERS", 200_000)
    log = read(write(tmp_path / "log.csv", f"query,answer\na,{long}\nb,short\n"))
    assert texts(log) == ["b"]
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [2, "the line is longer than 200,000 characters"]
    ]


def test_a_quote_that_never_closes_is_one_reject_that_says_how_much_is_lost(tmp_path):
    log = read(write(tmp_path / "log.csv", 'query,answer\na,1\nb,"open\nc,3\nd,4\n'))
    assert texts(log) == ["a"]
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [3, "a quote opens that never closes: nothing is read up to line 5"]
    ]


def test_fields_over_the_bound_are_rejects(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE_CHARACTERS", 200_000)
    limit = csv.field_size_limit(200_000)
    long = "\n".join(["word " * 1000] * 60)
    try:
        log = read(write(tmp_path / "log.csv", f'query,answer\na,1\nb,"{long}"\n'))
    finally:
        csv.field_size_limit(limit)
    assert texts(log) == ["a"]
    assert "field larger than field limit" in log.rejects["reason"].tolist()[0]


def test_bad_lines_are_counted_and_the_rest_is_read(tmp_path, caplog):
    good = b'{"query": "a", "answer": "Acme."}\n'
    bad = [
        b'{"query": "b", \n',
        b"[1, 2]\n",
        b'{"answer": "no query"}\n',
        b'{"query": "\xff"}\n',
        b"[" * 100_000 + b"\n",
        b"\n",
    ]
    with caplog.at_level(logging.WARNING):
        log = read(
            write(tmp_path / "log.jsonl", good + b"".join(bad) + good.replace(b"a", b"z", 1))
        )
    assert log.rejects["line"].tolist() == [2, 3, 4, 5, 6]
    reasons = log.rejects["reason"].tolist()
    assert reasons[0].startswith("broken JSON (")
    assert reasons[1:4] == [
        "a JSON object was expected, found list",
        "no query",
        "the line is not UTF-8",
    ]
    assert log.rejects["file"].unique().tolist() == [str(tmp_path / "log.jsonl")]
    assert "log.jsonl, line 2: broken JSON" in caplog.text


def test_an_overlong_line_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE_CHARACTERS", 1000)
    long = json.dumps({"query": "b", "answer": "x" * 3_000_000})
    path = write(tmp_path / "log.jsonl", f'{{"query": "a"}}\n{long}\n{{"query": "c"}}\n{long}')
    log = read(path)
    assert texts(log) == ["a", "c"]
    assert log.rejects["line"].tolist() == [2, 4]


def test_a_line_of_100_megabytes_takes_bounded_memory(tmp_path):
    path = tmp_path / "log.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"query": "')
        for _ in range(100):
            stream.write(b"x" * 1_000_000)
        stream.write(b'"}\n{"query": "after"}\n')
    tracemalloc.start()
    rows = list(JsonLines(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [bool(row.problem) for row in rows] == [True, False]
    assert rows[1].values == {"query": "after"}
    assert peak < 150_000_000


def test_utf_16_json_lines_and_half_surrogates(tmp_path):
    assert texts(read(write(tmp_path / "a.jsonl", '{"query": "Größe"}\n'.encode("utf-16")))) == [
        "Größe"
    ]
    assert texts(read(write(tmp_path / "b.jsonl", '{"query": "half \\ud83d"}\n'))) == [
        "half \ufffd"
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("array.jsonl", '[{"query": "a"},\n {"query": "b"}]'),
        ("lines.json", '{"query": "a"}\n{"query": "b"}\n'),
        ("wrapped.json", '{"next": null, "results": [{"query": "a"}, {"query": "b"}]}'),
    ],
)
def test_json_is_read_whatever_its_ending(tmp_path, name, text):
    assert texts(read(write(tmp_path / name, text))) == ["a", "b"]


def test_a_folder_is_read_with_its_subfolders_and_other_tables_are_rejects(tmp_path):
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "b.csv", "query\nb\n")
    write(tmp_path / "a.csv", "query\na\n")
    write(tmp_path / ".hidden.csv", "query\nh\n")
    write(tmp_path / "domains.csv", "domain,pages\na.com,3\n")
    write(tmp_path / "notes.txt", "nothing")
    log = read(tmp_path, tmp_path / "a.csv")
    assert texts(log) == ["a", "b"]
    assert log.queries["demand"].tolist() == [1.0, 1.0], "a file named twice is read once"
    assert log.rejects["reason"].tolist() == [
        "no column with questions; found columns 'domain', 'pages'"
    ]


def test_a_log_in_the_folder_of_its_project_is_read_without_runs_and_checked_questions(
    tmp_path, caplog
):
    """What the toolkit wrote would be counted as questions that people ask."""
    write(tmp_path / "log.csv", "query\na\n")
    draw_sample(make_analysis(), tmp_path / "checks.csv", n=12)
    semicolons = (tmp_path / "checks.csv").read_text("utf-8-sig").replace(",", ";")
    write(tmp_path / "second.csv", f"sep=;\n{semicolons}")
    write(tmp_path / "checks.missing.csv", "question,missing,checked_by,query_id\nq?,m,model,x\n")
    write_run(make_analysis(), tmp_path / "runs" / "latest")
    assert texts(read(tmp_path)) == ["a"]
    for name in ("checks.csv", "second.csv", "checks.missing.csv", "latest"):
        assert f"{name} is left out" in caplog.text
    write_run(make_analysis(), tmp_path)
    assert texts(read(tmp_path)) == ["a"]


def test_the_sheet_with_queries_is_found(tmp_path):
    path = tmp_path / "log.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"about": ["this export"]}).to_excel(book, sheet_name="Notes", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Empty", index=False)
        frame = pd.DataFrame(
            {
                "Prompt": ["a", None, 7],
                "Response": ["1", "2", "3"],
                "Date": pd.Timestamp("2026-01-02"),
            }
        )
        frame.to_excel(book, sheet_name="Data", index=False, startrow=2)
    log = read(path)
    assert texts(log) == ["7", "a"]
    assert log.answers["asked_at"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-02"] * 2
    assert log.rejects[["file", "line"]].to_numpy().tolist() == [
        [f"{path} [Notes]", 1],
        [f"{path} [Data]", 5],
    ]


def test_parquet_rows_are_read_over_batches(tmp_path):
    pd.DataFrame(
        {"question": [f"q {i}" for i in range(2500)], "vector": [[0.0] * 8] * 2500}
    ).to_parquet(tmp_path / "a.parquet")
    assert len(read(tmp_path / "a.parquet").queries) == 2500


def test_columns_set_by_hand_hold_where_they_are(tmp_path):
    write(tmp_path / "a.csv", "ask,answer\na,1\n")
    write(tmp_path / "b.csv", "query,answer\nb,2\n")
    log = read(tmp_path, query="ask")
    assert texts(log) == ["a", "b"]
    assert log.mapping["query"] == "ask or query"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("log.txt", b"query\na\n", ["a file ending in .csv", "found .txt"]),
        ("log.csv", b"", ["an empty file"]),
        ("log.csv", b"query,answer\n", ["no rows with a query"]),
        (
            "log.csv",
            b"name,age\nann,3\n",
            ["a column with the questions", "'name', 'age'", "[log.columns] query"],
        ),
        ("log.parquet", b"PAR1 but not really", ["a readable Parquet file"]),
        ("log.xlsx", b"not a zip", ["a readable xlsx workbook"]),
        (
            "log.jsonl",
            b"{broken\n{again\n",
            ["records with a query", "2 unreadable", "line 1: broken JSON"],
        ),
        (
            "log.json",
            b"[{broken",
            ["records with a query", "line 1: broken JSON", "nothing of the file is read"],
        ),
        ("log.json", b"{broken", ["records with a query", "line 1: broken JSON"]),
        ("log.jsonl", b'{"name": "ann"}\n', ["a column with the questions", "'name'"]),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, name, data, words):
    with pytest.raises(LogError) as raised:
        read(write(tmp_path / name, data))
    assert str(tmp_path / name) in str(raised.value)
    for word in words:
        assert word in str(raised.value)


def test_files_that_are_not_there_say_so(tmp_path):
    with pytest.raises(LogError, match="no such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(LogError, match="a folder with logs"):
        read(tmp_path)
    with pytest.raises(LogError, match="files or folders of logs; found none"):
        read_log(LogSettings())


def test_a_workbook_of_empty_sheets_says_so(tmp_path):
    pd.DataFrame().to_excel(tmp_path / "a.xlsx")
    with pytest.raises(LogError, match="empty sheets"):
        read(tmp_path / "a.xlsx")


def test_a_parquet_file_cut_short_says_so(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame(ROWS).to_parquet(path)
    write(path, path.read_bytes()[:-40])
    with pytest.raises(LogError, match="a readable Parquet file"):
        read(path)


def test_json_objects_over_the_bound_ask_for_lines(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.collect.logs.json_rows.MAX_JSON_BYTES", 10)
    with pytest.raises(LogError, match=r"JSON Lines"):
        read(write(tmp_path / "a.json", '{"data": [{"query": "a long one"}]}'))


@pytest.mark.parametrize("n_characters", [1, 7, 1 << 20])
def test_arrays_are_read_record_by_record_and_one_may_follow_another(
    tmp_path, monkeypatch, n_characters
):
    monkeypatch.setattr("coverage_kit.collect.logs.json_rows._CHUNK_CHARACTERS", n_characters)
    text = (
        '\ufeff [{"query": "größe", "n": NaN}, {"query": "b"},\n 12, {"query": "c"}]\n'
        '[{"query": "d"}]'
    )
    log = read(write(tmp_path / "a.json", text))
    assert texts(log) == ["b", "c", "d", "größe"]
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [3, "a JSON object was expected, found int"]
    ]


def test_an_array_that_breaks_off_keeps_what_was_read_and_says_so(tmp_path):
    log = read(write(tmp_path / "a.json", '[{"query": "a"}, {"query": "b'))
    assert texts(log) == ["a"]
    assert log.rejects["line"].tolist() == [2]
    assert "nothing of the file is read from this record on" in log.rejects["reason"].iloc[0]


def test_columns_set_by_hand_must_be_there(tmp_path):
    path = write(tmp_path / "a.csv", "query,answer\na,1\n")
    with pytest.raises(LogError, match="a column 'ask' for query; found columns 'query', 'answer'"):
        read(path, query="ask")
    with pytest.raises(LogError, match="a known field; found 'prompt'"):
        read(path, prompt="query")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"log": {"version": "1.2", "entries": []}}, "a browser recorded"),
        ({"openapi": "3.1.0", "info": {"title": "x"}, "paths": {"/a": {}}}, "OpenAPI"),
        ({"name": "site", "version": "1.0.0", "scripts": {"build": "x"}}, "package.json"),
        (
            {"dimensionHeaders": [{"name": "date"}], "metricHeaders": [], "rows": [{}]},
            "a GA4 report. Name it under [analytics]",
        ),
        ({"nbformat": 4, "cells": [{"source": "x"}]}, "a Jupyter notebook"),
    ],
)
def test_a_nested_file_that_is_no_log_is_named_for_what_it_looks_like(tmp_path, value, words):
    path = write(tmp_path / "other.json", json.dumps(value))
    with pytest.raises(LogError, match=re.escape(words)):
        read(path)
    write(tmp_path / "log.csv", "query\na?\n")
    log = read(tmp_path)
    assert texts(log) == ["a?"]
    assert words in log.rejects["reason"].iloc[0]
