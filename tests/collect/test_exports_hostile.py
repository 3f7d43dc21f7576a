"""Exports of analytics and of Search Console that are damaged, lie or are far too large."""

import json
import os
import zipfile

import pytest

from coverage_kit.collect import packed
from coverage_kit.collect.analytics import read_sessions
from coverage_kit.collect.search_console import read_search_console
from coverage_kit.errors import LogError

SESSIONS = "Session source / medium,Landing page,Sessions\n"
DEMAND = "Top queries,Clicks,Impressions,CTR,Position\n"
DEEP = "[" * 100_000 + "]" * 100_000


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def sessions_of(path):
    sessions, rejects = read_sessions([str(path)])
    return sessions[["source", "n_sessions"]].to_numpy().tolist(), reasons(rejects)


def demand_of(path):
    demand, rejects = read_search_console([str(path)])
    return demand[["query", "n_impressions"]].to_numpy().tolist(), reasons(rejects)


def reasons(rejects):
    return rejects[["line", "reason"]].to_numpy().tolist()


def test_a_quote_that_never_closes_loses_no_rows_in_silence(tmp_path):
    text = f'{SESSIONS}a.com / referral,/x,3\n"b.com / referral,/y,4\nc.com / referral,/z,5\n'
    rows, rejected = sessions_of(write(tmp_path / "ga.csv", text))
    assert rows == [["a.com", 3.0]]
    assert rejected == [[3, "a quote opens that never closes: nothing is read up to line 4"]]
    text = f'{DEMAND}best crm,1,9,11%,3\n"crm,2,8,25%,4\nerp,1,7,14%,5\n'
    rows, rejected = demand_of(write(tmp_path / "gsc.csv", text))
    assert rows == [["best crm", 9.0]]
    assert len(rejected) == 1


def test_a_file_that_breaks_off_in_a_row_says_so(tmp_path):
    rows, rejected = sessions_of(write(tmp_path / "ga.csv", f"{SESSIONS}a.com / b,/x,3\nb.com,/y"))
    assert rows == [["a.com", 3.0]]
    assert rejected == [[3, "the file breaks off in this row"]]


def test_a_line_ends_only_where_the_file_ends_it(tmp_path):
    cells = "a\x85b\u2028c\x0bd\x1ee.com"
    rows, rejected = sessions_of(write(tmp_path / "ga.csv", f"{SESSIONS}{cells} / b,/x,3\n"))
    assert rows == [[cells, 3.0]]
    assert rejected == []


@pytest.mark.parametrize("cell", ["1e300", "9" * 400, "-1", "NaN", "inf", "many"])
def test_figures_that_cannot_be_are_rejects(tmp_path, cell):
    rows, rejected = sessions_of(
        write(tmp_path / "ga.csv", f"{SESSIONS}a.com / b,/x,{cell}\nc.com / b,/x,3\n")
    )
    assert rows == [["c.com", 3.0]]
    assert rejected[0][0] == 2
    text = f"{DEMAND}a,1,{cell},1%,2\nb,1,9,1%,2\n"
    rows, rejected = demand_of(write(tmp_path / "gsc.csv", text))
    assert rows == [["b", 9.0]]
    assert rejected[0][0] == 2


@pytest.mark.parametrize("figure", ["1e999", "9" * 400, "1e300", "-5", "NaN"])
def test_figures_of_json_are_bounded_too(tmp_path, figure):
    good = '{"source": "a.com", "sessions": 3}'
    bad = f'{{"source": "b.com", "sessions": {figure}}}'
    rows, rejected = sessions_of(write(tmp_path / "ga.jsonl", f"{good}\n{bad}\n"))
    assert rows == [["a.com", 3.0]]
    assert len(rejected) == 1


@pytest.mark.parametrize("keys", ["7", "null", "{}", "[[]]", "[null]", '"x"'])
def test_keys_of_any_kind_break_nothing(tmp_path, keys):
    rows = '[{"keys": ["crm"], "clicks": 1, "impressions": 9}, {"keys": %s, "impressions": 1}]'
    demand, rejects = read_search_console(
        [str(write(tmp_path / "gsc.json", '{"rows": %s}' % (rows % keys)))]
    )
    assert len(demand) + len(rejects) == 2
    assert demand["n_impressions"].tolist() == [9.0, 1.0]


def test_records_that_nest_too_deep_are_rejects(tmp_path):
    good = json.dumps({"source": "a.com", "sessions": 3})
    nested = '{"source": "b", "sessions": 1, "geo": ' + '{"a":' * 900 + "1" + "}" * 901
    for bad in (nested, f'{{"source": {DEEP}}}'):
        rows, rejected = sessions_of(write(tmp_path / "ga.jsonl", f"{good}\n{bad}\n"))
        assert ["a.com", 3.0] in rows
        assert len(rows) + len(rejected) == 2


def test_an_answer_of_the_api_that_nests_too_deep_says_so(tmp_path):
    with pytest.raises(LogError) as raised:
        read_sessions([str(write(tmp_path / "ga.json", f'{{"rows": {DEEP}}}'))])
    assert raised.value.where and raised.value.cure


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"\x00" * 50, b"\xff\xfe\x00\x00"])
@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.jsonl", "x.parquet", "x.xlsx"])
def test_what_is_no_export_says_so(tmp_path, name, content):
    path = write(tmp_path / name, content)
    for read in (read_sessions, read_search_console):
        with pytest.raises(LogError) as raised:
            read([str(path)])
        assert raised.value.where == str(path)


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(f"{name}.csv", content)
    return path


def test_a_zip_that_unpacks_to_fill_the_disk_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_SMALL_BYTES", 1000)
    monkeypatch.setattr(packed, "_MAX_RATIO", 1)
    path = archive(tmp_path / "x.zip", a=DEMAND + "a" * 600, b=DEMAND + "b" * 600)
    with pytest.raises(LogError, match="2 files of 1,288 bytes"):
        read_search_console([str(path)])


def test_a_zip_of_many_files_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_MAX_MEMBERS", 3)
    path = archive(tmp_path / "x.zip", **{f"n{i}": DEMAND for i in range(4)})
    with pytest.raises(LogError, match="4 files of"):
        read_search_console([str(path)])


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_zip_is_no_whole_one(tmp_path, share):
    path = archive(tmp_path / "x.zip", Queries=DEMAND + "crm,1,9,11%,3\n" * 50)
    write(path, path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(LogError, match="a whole packed file"):
        read_search_console([str(path)])


def test_a_member_that_cannot_be_read_is_named(tmp_path):
    path = archive(tmp_path / "x.zip", Queries=b"\x1f\x8b\x08")
    with pytest.raises(LogError) as raised:
        read_search_console([str(path)])
    assert raised.value.where == f"{path}/Queries.csv"


def test_a_pipe_is_no_export_and_nothing_waits_for_it(tmp_path):
    for name in ("x.zip", "x.csv"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(LogError, match="a pipe or device"):
            read_search_console([str(tmp_path / name)])
    write(tmp_path / "Queries.csv", f"{DEMAND}crm,1,9,11%,3\n")
    assert demand_of(tmp_path)[0] == [["crm", 9.0]]


def test_a_long_quoted_cell_takes_linear_time(tmp_path):
    cell = "\n\nword" * 30_000
    rows, _ = sessions_of(write(tmp_path / "ga.csv", f'{SESSIONS}"{cell} / b",/x,3\n'))
    assert rows[0][1] == 3.0
