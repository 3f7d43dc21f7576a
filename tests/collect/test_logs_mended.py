"""Logs of unusual shapes, whose records were once lost or mixed up without a warning."""

import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.chatgpt_export import _MARKER
from coverage_kit.collect.logs.values import citations_of, error_of, names_of
from coverage_kit.collect.numbers import decimal_sign, demand_of
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import OPENAI_CHAT, A, B, kinds, read_records, read_rows
from tests.timing import is_in_proportion

REPLY = {"response": {"status_code": 200, "body": OPENAI_CHAT}}


@pytest.fixture
def read(tmp_path):
    def of_files(columns=None, **texts):
        for name, text in texts.items():
            data = text if isinstance(text, bytes) else text.encode()
            (tmp_path / name.replace("_", ".")).write_bytes(data)
        return read_log(LogSettings(files=(str(tmp_path),), columns=columns or {}))

    return of_files


def lines_of(*records):
    return "\n".join(json.dumps(record) for record in records)


def request(name, prompt, **fields):
    messages = [{"role": "user", "content": prompt}]
    return {
        "custom_id": name,
        "method": "POST",
        "body": {"model": "gpt-5", "messages": messages},
        **fields,
    }


def cited(log):
    return log.citations["url"].tolist()


def test_responses_to_an_id_that_two_requests_have_are_rejects(read):
    log = read(
        a_jsonl=lines_of(request("1", "crm?"), request("2", "erp?")),
        b_jsonl=lines_of(request("1", "other?"), request("2", "erp?")),
        c_jsonl=lines_of({"custom_id": "1", **REPLY}, {"custom_id": "2", **REPLY}),
    )
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [1, "two requests have this id: 1"]
    ]
    assert log.queries["text"].tolist() == ["erp?"]


def test_a_request_without_a_response_is_a_failure(read, caplog):
    log = read(
        a_jsonl=lines_of(
            request("1", "crm?"), request("2", "erp?"), request("3", "cms?", remark="Acme.")
        ),
        b_jsonl=lines_of({"custom_id": "1", **REPLY}),
    )
    assert log.failures[["engine", "error"]].to_numpy().tolist() == [
        ["openai", "no response logged; fields that are not known: remark"],
        ["openai", "no response logged"],
    ]
    assert dict(zip(log.queries["text"], log.queries["demand"], strict=True)) == {
        "crm?": 1.0,
        "erp?": 0.0,
        "cms?": 0.0,
    }
    assert log.sources[["format", "n_records", "n_merged", "n_aside"]].to_numpy().tolist() == [
        ["requests with a response elsewhere", 0, 1, 0],
        ["chat completions", 1, 0, 1],
        ["requests without a response", 2, 0, 0],
    ]
    assert "2 requests have no response in the log" in caplog.text


def test_a_log_of_requests_alone_says_so(read):
    with pytest.raises(LogError, match="found 2 requests without responses"):
        read(a_jsonl=lines_of(request("1", "crm?"), request("2", "erp?")))


def test_requests_and_columns_beyond_the_surveyed_records_are_read(read, monkeypatch):
    monkeypatch.setattr("coverage_kit.collect.logs.survey._MAX_UNIFORM_RECORDS", 2)
    pairs = [
        {"custom_id": name, "request": {"messages": [{"role": "user", "content": name}]}, **REPLY}
        for name in "ab"
    ]
    late = request("c", "late?"), {"custom_id": "c", **REPLY}, {"Ask": "by hand", "answer": "Acme."}
    log = read({"query": "Ask"}, a_jsonl=lines_of(*pairs, *late))
    assert log.queries["text"].tolist() == ["a", "b", "by hand", "late?"]
    assert log.rejects.empty and log.failures.empty


@pytest.mark.parametrize(
    "row",
    [
        {"Cited": "Yes", "Citation URL": A},
        {"Citations": "2", "Citation URLs": f"{A}, {B}"},
        {"Sources": "2", "Source URLs": f"{A}, {B}"},
        {"URL": A},
    ],
)
def test_columns_of_urls_come_before_flags_and_counts(tmp_path, row):
    log = read_rows(
        tmp_path, {"Prompt": "crm", "Engine": "e", "Date": "2026-01-02", "Response": "Acme.", **row}
    )
    assert cited(log) == ([A, B] if B in str(row) else [A])


@pytest.mark.parametrize(
    ("cell", "urls"),
    [
        ("a.com, www.b.com/x", ["https://a.com", "https://www.b.com/x"]),
        ('["a.com","www.b.com/p"]', ["https://a.com", "https://www.b.com/p"]),
        (f"{A}, b.com", [A, "https://b.com"]),
        ([{"url": "a.com"}], ["https://a.com"]),
        ("https://a.com/1,b.net", ["https://a.com/1,b.net"]),
        ("see Booking.com for more; manual.pdf; 3.5; n/a", []),
        ("[A](https://a.com/x)[B](https://b.com/y)", [A, B]),
        ("Read https://a.com/x. Then rest.", [A]),
    ],
)
def test_hosts_without_a_scheme_and_links_of_markdown_are_pages(cell, urls):
    assert [page.url for page in citations_of(cell)] == urls


def test_names_that_look_like_hosts_are_mentions_and_no_citations(tmp_path):
    log = read_rows(
        tmp_path, {"query": "x", "answer": "Go.", "mentions": "Booking.com, 3M", "citations": "2"}
    )
    assert log.mentions["brand"].tolist() == ["Booking.com", "3M"]
    assert log.citations.empty


def test_mentions_may_be_objects():
    assert names_of([{"brand": "Acme", "rank": 1}, {"name": "Beta"}, "C"]) == ("Acme", "Beta", "C")


def test_records_between_two_open_quotes_are_reported_as_lost(read):
    log = read(
        a_csv='query,engine,answer\nq1,x,"unclosed\nq2,x,b\nq3,x,"fine"\n'
        'q4,x,"two\nlines"\nq5,x,5" wide\n'
    )
    assert log.queries["text"].tolist() == ["q4", "q5"]
    reason = "a quote opens that never closes: nothing is read up to line 4"
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [[2, reason]]


def test_one_bad_byte_leaves_the_rest_of_a_file_utf_8(read, caplog):
    log = read(a_csv="query,answer\nGröße?,Maß für Maß\nb,x\n".encode() + b"c,\xff\n")
    assert log.answers["text"].tolist() == ["Maß für Maß", "x", "\ufffd"]
    assert "1 characters are not UTF-8" in caplog.text


@pytest.mark.parametrize(
    ("cells", "figures"),
    [
        (["1.200", "3.400"], [1200, 3400]),
        (["1.2K", "3M", "7"], [1200, 3_000_000, 7]),
        (["1.234,0", "1.200", "2,5"], [1234, 1200, 2.5]),
        (["2.5", "1.234", "1,200"], [2.5, 1.234, 1200]),
        (["1,200,300", "1 200", "0.125", 1.234], [1200300, 1200, 0.125, 1.234]),
        (["1,2,3", "<10", "-1", True], [None] * 4),
        (["1e15", 1e16, 1e300, "999999999999T"], [None, None, None, None]),
    ],
)
def test_figures_of_demand_are_read_as_their_column_writes_them(cells, figures):
    sign = decimal_sign([(str(cell), False) for cell in cells], "")
    assert [demand_of(cell, sign) for cell in cells] == figures


def test_figures_of_demand_that_are_not_read_are_counted(read, caplog):
    log = read(a_csv='query,volume\na,"1.234,0"\nb,1.200\nc,lots\n')
    assert log.queries["demand"].tolist() == [1234.0, 1200.0, 1.0]
    assert "1 of 3 figures of demand cannot be read, such as 'lots'" in caplog.text


def test_one_odd_element_does_not_hide_a_list_of_records(read):
    log = read(a_json=json.dumps({"conversations": [{"query": "a"}, None, {"query": "b"}]}))
    assert log.queries["text"].tolist() == ["a", "b"]
    assert log.rejects["line"].tolist() == [2]


def test_an_object_with_a_query_is_a_record_whatever_lists_it_holds(read):
    log = read(a_json=json.dumps({"query": "a", "answer": "Acme.", "results": [{"title": "T"}]}))
    assert log.answers["text"].tolist() == ["Acme."]


def test_statuses_and_errors_that_are_none():
    assert [error_of(None, status) for status in ("500.0", 204, "201.0", "200")] == [
        "HTTP status 500",
        None,
        None,
        None,
    ]
    assert error_of("No errors") is None


def test_a_chat_id_is_a_run(tmp_path):
    assert read_rows(tmp_path, {"query": "x", "answer": "y", "chat id": "c7"}).answers[
        "run_id"
    ].tolist() == ["c7"]


def test_ahrefs_reads_what_people_see(tmp_path):
    row = {"question": "crm", "response": "Acme.", "data_source": "chatgpt", "volume": 5}
    assert read_records(tmp_path, row).answers["surface"].tolist() == ["scrape"]


def test_cells_of_separators_and_markers_take_linear_time():
    def read_cells(n: int) -> None:
        half = n // 2
        cells = [A + "," * n, A + ")" * n, A + ")[" * half, "a." * half, "," * n + A]
        assert [len(citations_of(cell)) for cell in cells] == [1, 1, 1, 0, 1]
        marked = "【" + "†" * n
        assert _MARKER.sub("", marked) == marked

    assert is_in_proportion(read_cells, 10_000, 40_000)


def test_citations_of_objects_keep_their_pages(tmp_path):
    log = read_records(
        tmp_path, {"query": "x", "answer": "y", "citations": [{"url": A}, {"link": "b.com/y"}]}
    )
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"]]
