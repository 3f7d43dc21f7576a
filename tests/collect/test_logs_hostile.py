"""Files that are damaged, lie or change: an error of the toolkit, or counted rejects, in time."""

import csv
import json
import logging
import os
import threading
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coverage_kit.collect.logs import read_log, table_rows
from coverage_kit.collect.logs.csv_rows import CsvFile
from coverage_kit.collect.logs.json_rows import JsonLines
from coverage_kit.collect.logs.lines import marked_encoding
from coverage_kit.collect.logs.sources import open_file
from coverage_kit.collect.logs.steady import SteadyFile
from coverage_kit.collect.logs.times import parse_time
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.hostile_tables import row, workbook
from tests.collect.test_logs_chatgpt_export import ASKED, conversation, message

ROWS = "query,answer\na,Acme.\nb,Beta.\n"


def read(*paths):
    return read_log(LogSettings(files=tuple(map(str, paths))))


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def texts(log):
    return log.queries["text"].tolist()


def reasons(log):
    return log.rejects[["line", "reason"]].to_numpy().tolist()


def refused(path):
    """Return the error of a log that cannot be read; all four of its parts say something."""
    with pytest.raises(LogError) as raised:
        read(path)
    error = raised.value
    assert all((error.where, error.what, error.found, error.cure))
    assert str(path) in error.where
    return str(error)


HEADER = row(1, "query", "answer")


@pytest.mark.parametrize("number", ["999999999999", "1048577", "1" + "0" * 40, "-3", "0"])
def test_a_row_beyond_the_end_of_a_sheet_is_a_reject(tmp_path, number):
    data = workbook(HEADER + row(2, "a", "Acme.") + row(number, "b", "Beta.") + row(5, "c", "x"))
    started = time.process_time()
    log = read(write(tmp_path / "log.xlsx", data))
    assert texts(log) == ["a", "c"]
    assert len(reasons(log)) == 1 and "beyond the end of a sheet" in reasons(log)[0][1]
    assert time.process_time() - started < 20


def test_a_row_far_down_is_read_without_the_rows_between(tmp_path):
    log = read(write(tmp_path / "log.xlsx", workbook(HEADER + row(1_048_576, "a", "Acme."))))
    assert texts(log) == ["a"]


@pytest.mark.parametrize("place", ["XFD9999999", "XFE2", "ZZZ2", "2", "AAAAAAAA2"])
def test_a_cell_that_is_nowhere_makes_its_row_a_reject(tmp_path, place):
    data = workbook(HEADER + row(2, "a", "Acme.") + row(3, "b", (place, "x")))
    log = read(write(tmp_path / "log.xlsx", data))
    assert "a" in texts(log)
    assert len(log.rejects) + len(texts(log)) == 2


def test_cells_and_rows_in_any_order_are_read(tmp_path):
    rows = HEADER + row(3, ("B3", "Beta."), ("A3", "b")) + row(2, "a", "Acme.")
    log = read(write(tmp_path / "log.xlsx", workbook(rows)))
    assert texts(log) == ["a", "b"]
    assert log.answers["text"].tolist() == ["Acme.", "Beta."]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<dimension ref="A1:A1"/>', ""),
        ('<dimension ref="A1:XFD1048576"/>', ""),
        ("", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        ('<cols><col min="1" max="16384"/></cols>', "<mergeCells>broken</mergeCells>"),
    ],
)
def test_what_a_sheet_says_of_its_size_changes_nothing(tmp_path, before, after):
    data = workbook(HEADER + row(2, "a", "Acme."), before=before, after=after)
    assert texts(read(write(tmp_path / "log.xlsx", data))) == ["a"]


def test_a_cell_that_cannot_be_read_makes_its_row_a_reject(tmp_path):
    broken = '<row r="3"><c r="A3"><v>many</v></c></row><row r="4"><c t="s"><v>99</v></c></row>'
    data = workbook(HEADER + row(2, "a", "Acme.") + broken + row(5, "b", "Beta."))
    log = read(write(tmp_path / "log.xlsx", data))
    assert texts(log) == ["a", "b"]
    assert [line for line, reason in reasons(log) if "a cell cannot be read" in reason] == [3, 4]


def test_a_formula_that_failed_is_no_question(tmp_path):
    failed = '<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2" t="str"><v>x</v></c></row>'
    log = read(write(tmp_path / "log.xlsx", workbook(HEADER + failed + row(3, "a", "Acme."))))
    assert texts(log) == ["a"]
    assert reasons(log) == [[2, "no query"]]


def test_a_bomb_of_a_workbook_says_so(tmp_path):
    rows = HEADER + row(2, "a", "A" * 60_000_000)
    path = write(tmp_path / "log.xlsx", workbook(rows))
    assert path.stat().st_size < 200_000
    assert "Save the sheet with the log as CSV" in refused(path)


def test_a_bomb_of_shared_texts_says_so(tmp_path):
    strings = b"<sst>" + b"<si><t>a</t></si>" * 3_000_000 + b"</sst>"
    assert "when it is unpacked" in refused(
        write(tmp_path / "log.xlsx", workbook(HEADER, strings=strings))
    )


@pytest.mark.parametrize(
    "entity",
    [
        '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY x "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    ],
)
def test_entities_of_a_sheet_are_not_followed(tmp_path, entity):
    data = workbook(HEADER + row(2, "a", "&x;"), start=entity)
    assert "Export the file again" in refused(write(tmp_path / "log.xlsx", data))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_cut_short_says_so(tmp_path, share):
    data = workbook(HEADER + row(2, "a", "Acme."))
    path = write(tmp_path / "log.xlsx", data[: int(len(data) * share)])
    assert "a readable xlsx workbook" in refused(path)


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    "times",
    [
        pa.array([253402300800_000_000, 1767225600_000_000], pa.timestamp("us")),
        pa.array([253402300800_000_000, 1767225600_000_000], pa.timestamp("us", "UTC")),
        pa.array([-(2**62), 1767225600_000_000], pa.timestamp("us")),
        pa.array([2**62, 1767225600_000], pa.timestamp("ms", "Europe/Berlin")),
        pa.array([2**31 - 1, 20454], pa.date32()),
    ],
)
def test_parquet_dates_beyond_the_calendar_are_counted_and_the_others_read(tmp_path, caplog, times):
    path = parquet(tmp_path / "log.parquet", query=["a", "b"], answer=["A", "B"], date=times)
    log = read(path)
    assert log.answers["asked_at"].isna().tolist() == [True, False]
    assert log.answers["asked_at"].dropna().tolist() == [datetime(2026, 1, 1, tzinfo=UTC)]
    assert "1 of 2 times cannot be read" in caplog.text


@pytest.mark.parametrize("zone", ["Mars/Phobos", "+99:99", "", "UTC", "Europe/Berlin"])
def test_parquet_times_need_no_known_zone(tmp_path, zone):
    times = pa.array([1767225600_000_000], pa.timestamp("us", zone or None))
    log = read(parquet(tmp_path / "log.parquet", query=["a"], answer=["A"], date=times))
    assert log.answers["asked_at"].tolist() == [datetime(2026, 1, 1, tzinfo=UTC)]


def test_parquet_times_of_96_bits_beyond_nanoseconds_do_not_turn_into_others(tmp_path):
    path = tmp_path / "log.parquet"
    times = pa.array([95_617_584_000_000, 1767225600_000], pa.timestamp("ms"))
    table = pa.table({"query": ["a", "b"], "answer": ["A", "B"], "date": times})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    assert read(path).answers["asked_at"].isna().tolist() == [True, False]


def test_parquet_text_may_be_bytes_a_dictionary_or_damaged(tmp_path):
    damaged = pa.Array.from_buffers(
        pa.string(),
        2,
        [None, pa.py_buffer(np.array([0, 2, 5], "int32")), pa.py_buffer(b"\xff\xfeok!")],
    )
    path = parquet(
        tmp_path / "log.parquet",
        query=pa.array([b"Gr\xc3\xb6\xc3\x9fe?", b"b\xff?"], pa.binary()),
        answer=damaged,
        engine=pa.array(["chatgpt", "gemini"]).dictionary_encode(),
        volume=pa.array([1, 10**30], pa.decimal128(38, 0)),
    )
    log = read(path)
    assert texts(log) == ["Größe?", "b\ufffd?"]
    assert log.answers["text"].tolist() == ["\ufffd\ufffd", "ok!"]
    assert log.answers["engine"].tolist() == ["chatgpt", "gemini"]
    assert log.queries["demand"].tolist() == [1.0, 1.0], "no query is asked so often"


def test_a_parquet_file_of_endless_empty_rows_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(table_rows, "_MAX_PARQUET_ROWS", 1000)
    path = parquet(tmp_path / "log.parquet", query=pa.nulls(1001, pa.string()))
    assert "at most 1,000 rows" in refused(path)


@pytest.mark.parametrize("size", [10, 60, 200])
def test_a_parquet_file_cut_short_says_so(tmp_path, size):
    path = parquet(tmp_path / "log.parquet", query=["a"] * 50, answer=["b"] * 50)
    write(path, path.read_bytes()[:-size])
    assert "a readable Parquet file" in refused(path)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02 10:15 Mars/Phobos",
        "13 Apr 2026 10:15:00 CEST",
        "13 Apr 2026 10:15:00 IST",
        "2026-01-02T10:15:00[Mars/Phobos]",
        "2026-01-02T10:15:00+99:99",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9" * 400,
        "1e999999",
    ],
)
def test_times_in_unknown_zones_or_out_of_range_are_unread(text):
    assert parse_time(text) is None


@pytest.mark.parametrize("zone", ["PST", "-0800"])
def test_zones_that_rfc_2822_names_are_read(zone):
    assert parse_time(f"13 Apr 2026 10:15:00 {zone}") == datetime(2026, 4, 13, 18, 15, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["-1", "NaN", "inf", "1e300", "9" * 400, "1e999999"])
def test_figures_of_demand_that_nobody_can_ask_for_are_unread(tmp_path, caplog, cell):
    log = read(write(tmp_path / "a.csv", f"query,volume\na,{cell}\nb,5\n"))
    assert log.queries["demand"].tolist() == [1.0, 5.0]
    is_said = "1 of 2 figures of demand cannot be read" in caplog.text
    assert is_said or cell == "NaN", "NaN is how an empty cell is written"


@pytest.mark.parametrize("figure", [-1, 10**400, 1e300, float("inf")])
def test_figures_of_demand_in_json_are_bounded_too(tmp_path, caplog, figure):
    log = read(write(tmp_path / "a.jsonl", json.dumps({"query": "a", "volume": figure})))
    assert log.queries["demand"].tolist() == [1.0]
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("figure", ["-1", "many", "1e300"])
def test_impressions_that_are_no_number_are_counted(tmp_path, caplog, figure):
    text = f"Top queries,Clicks,Impressions\na,1,{figure}\nb,1,5\n"
    log = read(write(tmp_path / "Queries.csv", text))
    assert log.queries["demand"].tolist() == [1.0, 5.0]
    assert "1 of 2 figures of demand cannot be read" in caplog.text


def test_times_and_figures_that_are_objects_are_counted(tmp_path, caplog):
    record = {"query": "a", "answer": "A", "date": {"$date": "2026-01-01"}, "volume": {"n": 1}}
    log = read(write(tmp_path / "log.jsonl", json.dumps(record)))
    assert log.answers["asked_at"].isna().all()
    assert "1 of 1 times cannot be read, such as {'$date': '2026-01-01'}" in caplog.text
    assert "1 of 1 figures of demand cannot be read, such as {'n': 1}" in caplog.text


@pytest.mark.parametrize("key", ["date", "volume", "error"])
def test_a_value_that_is_too_deep_to_be_shown_is_no_surprise(tmp_path, key):
    record = '{"query": "a", "answer": "A", "%s": %s}'
    deep = '{"a":' * 1000 + "1" + "}" * 1000
    log = read(write(tmp_path / "log.jsonl", record % (key, deep)))
    assert texts(log) == ["a"]
    assert log.rejects.empty
    assert log.failures["error"].tolist() == (
        ["a dict that is nested too deep"] if key == "error" else []
    )


@pytest.mark.parametrize("kind", ["utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.json"])
def test_utf_32_is_read(tmp_path, kind, name):
    records = [{"query": "Größe?", "answer": "Acme €."}, {"query": "b", "answer": "Beta."}]
    text = {
        "log.csv": "query,answer\nGröße?,Acme €.\nb,Beta.\n",
        "log.jsonl": "\n".join(map(json.dumps, records)),
        "log.json": json.dumps(records),
    }[name]
    log = read(write(tmp_path / name, text.encode(kind)))
    assert texts(log) == ["Größe?", "b"]


@pytest.mark.parametrize("kind", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_even_where_little_is_ascii(tmp_path, kind):
    text = "问题,答案\n" + "最好的客户关系管理软件是哪一个呢,我们的软件最适合小企业\n" * 3
    log = read_log(
        LogSettings(
            files=(str(write(tmp_path / "log.csv", text.encode(kind))),),
            columns={"query": "问题", "answer": "答案"},
        )
    )
    assert texts(log) == ["最好的客户关系管理软件是哪一个呢"]


@pytest.mark.parametrize("data", [b"a\x00b,c\n" * 50, "é\x00,c\n".encode() * 50])
def test_zero_bytes_alone_make_no_other_encoding(tmp_path, data):
    assert marked_encoding(SteadyFile(write(tmp_path / "a.csv", data))) == "utf-8"


@pytest.mark.parametrize("name", ["log.csv", "log.json", "log.jsonl"])
def test_characters_that_are_no_text_are_said(tmp_path, caplog, name):
    half = b"\x00\xd8"
    start, end = {
        "log.csv": ("query,answer\na,x", "y\n"),
        "log.json": ('[{"query": "a", "answer": "x', 'y"}]'),
        "log.jsonl": ('{"query": "a", "answer": "x', 'y"}'),
    }[name]
    data = b"\xff\xfe" + start.encode("utf-16-le") + half + end.encode("utf-16-le")
    log = read(write(tmp_path / name, data))
    assert log.answers["text"].tolist() == ["x\ufffdy"]
    assert "1 characters are not UTF-16 and are read as U+FFFD" in caplog.text


def test_a_csv_that_breaks_off_in_a_row_says_so(tmp_path):
    log = read(write(tmp_path / "log.csv", "query,engine,answer\na,x,Acme.\nb,x"))
    assert reasons(log) == [[3, "the file breaks off in this row"]]
    assert texts(log) == ["a"]
    whole = read(write(tmp_path / "log.csv", "query,engine,answer\na,x,Acme.\nb,x,Beta."))
    assert texts(whole) == ["a", "b"]


@pytest.mark.parametrize("end", ["", ",", ",\n  ", ",[", "],["])
def test_an_array_that_breaks_off_between_its_records_says_so(tmp_path, end):
    log = read(write(tmp_path / "log.json", f'[{{"query": "a"}}, {{"query": "b"}}{end}'))
    assert texts(log) == ["a", "b"]
    assert reasons(log) == [[3, "the file breaks off: its array has no end"]]


def test_a_quote_that_never_closes_takes_no_memory_for_what_is_lost(tmp_path):
    path = write(tmp_path / "log.csv", 'query,answer\nz,1\na,"open\n' + "b,lost\n" * 100_000)
    source = CsvFile(path)
    limit = csv.field_size_limit(10_000)
    tracemalloc.start()
    try:
        rows = list(source.rows(["query"]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        csv.field_size_limit(limit)
    assert [row.values.get("query") for row in rows] == ["z", None]
    # The buffer for reading takes 1 MB; the lines that are lost would take 6 MB.
    assert peak < 4_000_000


def test_a_log_that_grows_is_read_as_far_as_it_went(tmp_path, caplog):
    path = write(tmp_path / "log.csv", "query,answer\na,Acme.\nb,Be")
    [source] = open_file(path)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("ta.\nc,late\n")
    with caplog.at_level(logging.WARNING):
        values = [row.values for row in source.rows(["query", "answer"])]
    assert values == [{"query": "a", "answer": "Acme."}], "b was only half there"
    assert "grows while it is read: its first 21 bytes are read" in caplog.text


@pytest.mark.parametrize("source_of", [CsvFile, JsonLines])
def test_a_log_that_grows_faster_than_it_is_read_ends(tmp_path, source_of):
    line = "a,Acme.\n" if source_of is CsvFile else '{"query": "a"}\n'
    start = "query,answer\n" if source_of is CsvFile else ""
    path = write(tmp_path / "log", start + line * 100)
    source = source_of(path)
    with path.open("a", encoding="utf-8") as stream:
        n_rows = 0
        for _ in source.rows(["query"]):
            n_rows += 1
            stream.write(line * 3)
            stream.flush()
            assert n_rows <= 100
    assert n_rows == 100


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.json", "log.parquet", "log.xlsx"])
@pytest.mark.parametrize("change", ["gone", "cut", "replaced"])
def test_a_file_that_changes_between_two_looks_is_an_error(tmp_path, name, change):
    path = tmp_path / name
    frame = pd.DataFrame({"query": ["a", "b"], "answer": ["Acme.", "Beta."]})
    {
        "log.csv": lambda: frame.to_csv(path, index=False),
        "log.jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        "log.json": lambda: frame.to_json(path, orient="records"),
        "log.parquet": lambda: frame.to_parquet(path),
        "log.xlsx": lambda: frame.to_excel(path, index=False),
    }[name]()
    [source] = open_file(path)
    header = source.header()
    if change == "replaced":
        other = write(tmp_path / "other", path.read_bytes() * 2)
        other.replace(path)
    elif change == "cut":
        os.truncate(path, 8)
    else:
        path.unlink()
    with pytest.raises(LogError) as raised:
        list(source.rows(header or ()))
    assert raised.value.where == str(path)
    assert raised.value.cure


def test_a_pipe_is_no_log_and_nothing_waits_for_it(tmp_path, caplog):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(LogError, match="found a pipe or device"):
        read(tmp_path / "pipe.csv")
    write(tmp_path / "log.csv", ROWS)
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nothing.csv")
    (tmp_path / "round.csv").symlink_to(tmp_path / "round.csv")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert texts(read(tmp_path)) == ["a", "b"]
    for name in ("pipe.csv", "gone.csv", "round.csv", "loop"):
        assert f"{name} is left out" in caplog.text


def test_a_packed_file_with_another_ending_is_read_as_what_it_is(tmp_path):
    assert "its end is missing" in refused(write(tmp_path / "log.csv", b"\x1f\x8b\x08\x00rest"))


def test_a_name_that_is_no_text_can_be_shown(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/l\xffg.csv")
    with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123 (a name of bytes)
        stream.write(ROWS + "c,d,e\n")
    log = read(path)
    assert log.sources["file"].tolist() == [f"{tmp_path}/l\ufffdg.csv"]
    assert log.rejects["file"].tolist() == [f"{tmp_path}/l\ufffdg.csv"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"query": "x", "a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"query": ' + "9" * 5000 + "}",
        '{"query": "a", "n": 1e999999}',
        '{"query": "a", "query": "b"}',
        '{"query": "half \\ud83d", "\\ud83d": 1}',
        '{"query": "\\u0000a"}',
    ],
)
@pytest.mark.parametrize("name", ["log.jsonl", "log.json"])
def test_odd_json_is_read_or_rejected(tmp_path, name, text):
    good = '{"query": "good"}'
    data = f"{good}\n{text}\n" if name == "log.jsonl" else f"[{good}, {text}]"
    log = read(write(tmp_path / name, data))
    assert "good" in texts(log)
    assert len(log.queries) + len(log.rejects) == 2
    if "b" in text and "half" not in text:
        assert texts(log) == ["b", "good"], "of two fields of one name the last counts"
    assert all(table.to_csv().encode("utf-8") for table in (log.queries, log.sources))


@pytest.mark.parametrize("n_characters", [1, 50, 1 << 20])
@pytest.mark.parametrize(
    "odd",
    [
        '{"query": "]}", "a": ' + "[" * 20_000 + '"\\"]"' + "]" * 20_000 + "}",
        '{"query": "b", "n": ' + "9" * 5000 + ', "m": "{"}',
    ],
)
def test_a_record_that_is_too_deep_hides_no_later_record(tmp_path, monkeypatch, odd, n_characters):
    monkeypatch.setattr("coverage_kit.collect.logs.json_rows._CHUNK_CHARACTERS", n_characters)
    text = f'[{{"query": "a"}}, {odd}, {{"query": "c"}}]'
    log = read(write(tmp_path / "log.json", text))
    assert texts(log) == ["a", "c"]
    assert log.rejects["line"].tolist() == [2]


def test_an_answer_of_thousands_of_references_takes_seconds(tmp_path):
    n = 20_000
    marker = "\ue200cite\ue202turn0search0\ue201"
    references = [{"type": "grouped_webpages", "matched_text": f"{marker}{i}"} for i in range(n)]
    notes = [{**note, "items": [{"url": "https://a.com"}]} for note in references]
    turn = message("assistant", f"Acme. {marker} " * n, metadata={"content_references": notes})
    supports = [{"segment": {"endIndex": i + 1, "text": "x"}} for i in range(n)]
    grounding = {"groundingSupports": supports}
    parts = {"content": {"parts": [{"text": "Größe. " * n}]}, "groundingMetadata": grounding}
    gemini = {"request": {"contents": "Q?"}, "response": {"candidates": [parts]}}
    started = time.process_time()
    log = read(write(tmp_path / "log.json", json.dumps([conversation(ASKED, turn), gemini])))
    assert len(log.answers) == 2
    assert time.process_time() - started < 20, "it took minutes while each looked at all others"


def test_a_writer_beside_the_reader_does_no_harm(tmp_path):
    path = write(tmp_path / "log.jsonl", '{"query": "a", "answer": "Acme."}\n' * 1000)
    has_ended = threading.Event()

    def append():
        with path.open("a", encoding="utf-8") as stream:
            while not has_ended.is_set() and stream.tell() < 20_000_000:
                stream.write('{"query": "late", "answer": "Acme."}\n' * 100)

    writer = threading.Thread(target=append)
    writer.start()
    try:
        log = read(path)
    finally:
        has_ended.set()
        writer.join()
    assert log.rejects.empty
    assert log.queries["text"].iloc[0] == "a"


def test_a_workbook_of_damaged_parts_says_so(tmp_path):
    path = write(tmp_path / "log.xlsx", workbook(HEADER + row(2, "a", "Acme.")))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in members:
        with zipfile.ZipFile(path, "w") as archive:
            for other, data in members.items():
                archive.writestr(other, b"\x00<broken" if other == name else data)
        try:
            assert texts(read(path)) == ["a"]
        except LogError as error:
            assert error.where == str(path) and error.cure
