import json
import time

import pandas as pd
import pytest

from coverage_kit.collect.analytics import read_sessions
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.errors import LogError

INTERFACE = """\
# ----------------------------------------
# Traffic acquisition
# Start date: 20260105
# ----------------------------------------

Nth day,Sessions
0000,94

# ----------------------------------------
Session source / medium,Landing page,Sessions,Engaged sessions,Key events,Total revenue
,,"1,378",1000,8,70.50,Grand total
chatgpt.com / referral,/bikes?utm_source=chatgpt.com,"1,284",900,3,"1,070.50"
chatgpt.com / (not set),(not set),9,5,0,0
#1 guide / referral,/a#b,85,40,0,0
"""


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return str(path)


def read_one(folder, name, text, **options):
    sessions, rejects = read_sessions([write(folder, name, text, **options)])
    assert rejects.empty
    assert len(sessions) == 1
    return sessions.iloc[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_interface_with_comments_two_tables_and_a_grand_total(tmp_path, encoding):
    sessions, rejects = read_sessions([write(tmp_path, "ga.csv", INTERFACE, encoding)])
    assert sessions["line"].to_list() == [12, 13, 14]
    assert sessions["source"].to_list() == ["chatgpt.com", "chatgpt.com", "#1 guide"]
    assert sessions["medium"].to_list() == ["referral", "(not set)", "referral"]
    assert sessions["landing_page"].fillna("missing").to_list() == [
        "/bikes?utm_source=chatgpt.com",
        "missing",
        "/a#b",
    ]
    assert sessions["n_sessions"].to_list() == [1284, 9, 85]
    assert sessions["revenue"].to_list() == [1070.5, 0, 0]
    assert sessions["day"].isna().all()
    assert rejects["line"].to_list() == [11]
    assert "grand total" in rejects["reason"].iloc[0]


def test_german_columns_and_numbers(tmp_path):
    text = (
        "Datum;Sitzung – Quelle/Medium;Sitzungen;"  # noqa: RUF001 (as Google writes it)
        "Schlüsselereignisse;Gesamtumsatz\n"
        "20260105;claude.ai / referral;1.284;2,5;1.070,50 €\n"
    )
    row = read_one(tmp_path, "ga.csv", text)
    assert (row["source"], row["n_sessions"], row["n_key_events"], row["revenue"]) == (
        "claude.ai",
        1284,
        2.5,
        1070.5,
    )
    assert row["day"] == pd.Timestamp("2026-01-05", tz="UTC")


def test_a_row_without_a_source_or_a_number_is_rejected(tmp_path):
    text = (
        "Session source,Session "
        "medium,Sessions\n,referral,4\na.example,referral,many\nb.example,,-1\nc.example,,2\n"
    )
    sessions, rejects = read_sessions([write(tmp_path, "ga.csv", text)])
    assert sessions["source"].to_list() == ["c.example"]
    assert rejects["line"].to_list() == [2, 3, 4]
    assert rejects["reason"].to_list()[:2] == [
        "no source",
        "a number of sessions was expected, found 'many'",
    ]


def report(*rows):
    return {
        "dimensionHeaders": [
            {"name": "sessionSource"},
            {"name": "sessionMedium"},
            {"name": "landingPagePlusQueryString"},
        ],
        "metricHeaders": [
            {"name": "sessions", "type": "TYPE_INTEGER"},
            {"name": "keyEvents", "type": "TYPE_FLOAT"},
        ],
        "rows": [
            {
                "dimensionValues": [{"value": v} for v in row[:3]],
                "metricValues": [{"value": v} for v in row[3:]],
            }
            for row in rows
        ],
        "rowCount": len(rows),
    }


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_the_api_one_answer_one_a_line_or_a_batch(tmp_path, ending):
    first_report, second_report = (
        report(("chatgpt.com", "ai-assistant", "/a", "84", "3.25")),
        report(("poe.com", "(not set)", "(other)", "2", "0")),
    )
    texts = {
        "json": json.dumps({"reports": [first_report, second_report]}, indent=1),
        "jsonl": f"{json.dumps(first_report)}\n{json.dumps(second_report)}\n",
    }
    sessions, _ = read_sessions([write(tmp_path, f"ga.{ending}", texts[ending])])
    assert sessions["n_sessions"].to_list() == [84, 2]
    assert sessions["n_key_events"].to_list() == [3.25, 0]
    assert sessions["medium"].to_list() == ["ai-assistant", "(not set)"]
    assert sessions["landing_page"].fillna("missing").to_list() == ["/a", "missing"]
    assert sessions["line"].to_list() == [1, 2]


@pytest.mark.parametrize(
    "names",
    [
        ("session_source", "session_medium"),
        ("sessionSource", "sessionMedium"),
        ("source", "medium"),
    ],
)
def test_flat_tables(tmp_path, names):
    table = pd.DataFrame(
        [
            {
                names[0]: "poe.com",
                names[1]: "referral",
                "landing_page": "/a",
                "sessions": 3,
                "date": "2026-01-05",
            }
        ]
    )
    table.to_parquet(tmp_path / "ga.parquet")
    sessions, _ = read_sessions([str(tmp_path / "ga.parquet")])
    assert sessions[["source", "medium", "landing_page", "n_sessions"]].iloc[0].to_list() == [
        "poe.com",
        "referral",
        "/a",
        3,
    ]
    assert sessions["day"].iloc[0] == pd.Timestamp("2026-01-05", tz="UTC")


def event(name="session_start", **origin):
    page = {
        "key": "page_location",
        "value": {"string_value": "https://www.ours.example/a", "int_value": None},
    }
    return {"event_name": name, "event_date": "20260105", "event_params": [page], **origin}


def test_events_count_sessions_by_the_source_of_the_session_before_that_of_the_user(tmp_path):
    user = {"traffic_source": {"source": "google", "medium": "organic", "name": None}}
    last = {
        "session_traffic_source_last_click": {
            "manual_campaign": {"source": "chatgpt.com", "medium": "referral"}
        }
    }
    events = [
        event(**user, **last),
        event("page_view", **user),
        event(**user),
        event(traffic_source=None),
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, events)))
    sessions, rejects = read_sessions([str(path)])
    assert sessions["source"].to_list() == ["chatgpt.com", "google", "(direct)"]
    assert sessions["medium"].to_list() == ["referral", "organic", "(none)"]
    assert set(sessions["landing_page"]) == {"https://www.ours.example/a"}
    assert sessions["n_sessions"].to_list() == [1, 1, 1]
    assert rejects.empty
    pd.DataFrame(events[:1]).to_parquet(tmp_path / "events.parquet")
    nested, _ = read_sessions([str(tmp_path / "events.parquet")])
    assert nested.iloc[0].drop("file").equals(sessions.iloc[0].drop("file"))


def test_dotted_columns_of_events(tmp_path):
    header = "event_name,event_date,traffic_source.source,traffic_source.medium,page_location"
    text = f"{header}\nsession_start,20260105,poe.com,referral,/a\n"
    row = read_one(tmp_path, "events.csv", text)
    assert (row["source"], row["medium"], row["landing_page"], row["n_sessions"]) == (
        "poe.com",
        "referral",
        "/a",
        1,
    )


def test_a_broken_line_is_rejected_and_the_rest_read(tmp_path):
    path = write(tmp_path, "ga.jsonl", '{"source": "poe.com", "sessions": 3}\n{"source": \n')
    sessions, rejects = read_sessions([path])
    assert len(sessions) == 1
    assert rejects["line"].to_list() == [2]
    assert "broken JSON" in rejects["reason"].iloc[0]


def test_a_file_that_is_something_else_is_an_error_that_names_its_columns(tmp_path):
    with pytest.raises(LogError, match="found Prompt, Answer") as raised:
        read_sessions([write(tmp_path, "log.csv", "Prompt,Answer\na,b\n")])
    assert "Session source / medium" in raised.value.cure
    with pytest.raises(LogError, match="no such file"):
        read_sessions([str(tmp_path / "missing.csv")])


def test_a_file_named_twice_counts_once(tmp_path):
    path = write(tmp_path, "ga.csv", "Session source,Sessions\npoe.com,3\n")
    assert len(read_sessions([path, str(tmp_path)])[0]) == 1
    assert read_sessions([])[0].empty


@pytest.mark.parametrize(
    ("text", "decimal", "is_count", "number"),
    [
        ("1,234", ".", False, 1234),
        ("1.234", ".", False, 1.234),
        ("1.234", ".", True, 1234),
        ("1 234,5", ",", False, 1234.5),
        ("1’234.50", ".", False, 1234.5),  # noqa: RUF001 (Swiss thousands)
        ("$12.50", ".", False, 12.5),
        ("12 EUR", ".", False, 12),
        ("-3", ".", False, -3),
        ("1,23", ".", False, None),
        ("12 visits", ".", False, None),
        ("", ".", False, None),
        (True, ".", False, None),
    ],
)
def test_numbers(text, decimal, is_count, number):
    assert number_in(text, decimal, is_count) == number


def test_the_decimal_sign_comes_from_numbers_that_leave_no_doubt():
    assert decimal_sign([("1.234", True)]) == ","
    assert decimal_sign([("1,234", True)]) == "."
    assert decimal_sign([("0,83", False), ("12", True)]) == ","
    assert decimal_sign([("1.234", False), ("7", True)]) == "."


@pytest.mark.parametrize(
    "text", [f"1{' ' * 20_000}x", f"1{',' * 20_000}x", f"{'1 ' * 20_000}x", f"{'1,' * 20_000}x"]
)
def test_hostile_numbers_are_refused_in_time(text):
    started = time.perf_counter()
    assert number_in(text) is None
    assert decimal_sign([(text, True)]) == "."
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("value", ["9" * 400, 10**400, float("nan")])
def test_numbers_without_end_are_none(value):
    assert number_in(value) is None
    assert number_in(value, is_count=True) is None


@pytest.mark.parametrize("rows", [None, "none", {}, 5, ["plain"]])
def test_an_answer_of_the_api_without_rows_is_an_error(tmp_path, rows):
    with pytest.raises(LogError, match="a table with the source of sessions"):
        read_sessions([write(tmp_path, "ga.json", json.dumps(report() | {"rows": rows}))])


def test_headers_and_cells_of_the_api_may_be_plain(tmp_path):
    report = {"dimensionHeaders": ["sessionSource", None], "metricHeaders": ["sessions"]}
    rows = [
        {"dimensionValues": ["poe.com", "x"], "metricValues": ["3"]},
        "plain",
        {"dimensionValues": 5, "metricValues": None},
    ]
    sessions, rejects = read_sessions(
        [write(tmp_path, "ga.json", json.dumps(report | {"rows": rows}))]
    )
    assert sessions[["source", "n_sessions"]].to_numpy().tolist() == [["poe.com", 3]]
    assert rejects[["line", "reason"]].to_numpy().tolist() == [[2, "no cells"], [3, "no cells"]]
