"""Which column is read for which field where names alone do not show it."""

import csv
import io
import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings

A, B, C = "https://a.example/x", "https://b.example/y", "https://c.example/z"


@pytest.fixture
def read(tmp_path):
    def of_rows(*rows, as_json=False, **columns):
        path = tmp_path / ("log.jsonl" if as_json else "log.csv")
        if as_json:
            path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        else:
            text = io.StringIO()
            writer = csv.DictWriter(text, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
            path.write_text(text.getvalue(), encoding="utf-8")
        return read_log(LogSettings(files=(str(path),), columns=columns))

    return of_rows


def urls(log):
    return log.citations["url"].tolist()


def note(log):
    """Return the guesses about the first file."""
    return str(log.sources["doubts"].iloc[0])


ASKED = {"prompt": "Which tent is light?", "engine": "ChatGPT", "answer": "The Reed is light."}


@pytest.mark.parametrize(
    "names",
    [
        ("citation_1", "citation_2", "citation_10"),
        ("source_url_1", "source_url_2", "source_url_3"),
        ("Citation 1", "Citation 2", "Citation 3"),
        ("Source 1 URL", "Source 2 URL", "Source 3 URL"),
        ("citations/0/url", "citations/1/url", "citations/2/url"),
        ("citations[0].url", "citations[1].url", "citations[2].url"),
        ("sources.0.url", "sources.1.url", "sources.2.url"),
        ("URL #1", "URL #2", "URL #3"),
        ("Quelle 1", "Quelle 2", "Quelle 3"),
        ("citation1", "citation2", "citation3"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_numbered_columns_are_a_list(read, names, as_json):
    # The order of the columns is not that of the numbers.
    cells = dict(reversed(list(zip(names, (A, B, C), strict=True))))
    log = read({**ASKED, **cells}, {**ASKED, **dict.fromkeys(names, "")}, as_json=as_json)
    assert urls(log) == [A, B, C]
    assert log.mapping["citations"].count("*") == 1


def test_titles_and_other_numbers_are_no_addresses(read):
    row = {"Source 1 Title": "A tent", "Source 1 URL": A, "Source 2 Title": "B", "Source 2 URL": B}
    log = read({**ASKED, **row, "top_10": "yes", "week 36": "3"})
    assert urls(log) == [A, B]
    assert "A tent" in log.answers["extra"].iloc[0]


def test_any_of_the_numbered_columns_may_be_named_in_the_settings(read):
    row = {**ASKED, "source_1": A, "source_2": B, "url": C}
    assert urls(read(row, citations="source_2")) == [A, B]
    assert urls(read(row, citations="url")) == [C]


def test_numbered_searches_and_brands(read):
    row = {"search_query_1": "light tent", "search_query_2": "tent 2026"}
    log = read({**ASKED, **row, "mentioned_brand_1": "Reed", "mentioned_brand_2": ""})
    assert log.searches["text"].tolist() == ["light tent", "tent 2026"]
    assert log.mentions["brand"].tolist() == ["Reed"]


@pytest.mark.parametrize(
    "counts",
    [["3", "1"], ["3 sources", "none"], ["Yes", "No"], ["", "2"]],
)
def test_a_column_of_citations_without_addresses_does_not_hide_the_one_with_them(read, counts):
    rows = [
        {**ASKED, "Citations": counts[0], "Cited in the answer": f"{A}; {B}"},
        {**ASKED, "prompt": "why?", "Citations": counts[1], "Cited in the answer": C},
    ]
    log = read(*rows)
    assert log.mapping["citations"] == "Cited in the answer"
    assert sorted(urls(log)) == [A, B, C]
    assert "Not read as citations: column “Citations” (no addresses" in note(log)


def test_addresses_of_the_chats_are_no_citations(read):
    share = "https://chatgpt.com/share/"
    rows = [
        {**ASKED, "prompt": f"question {n}?", "url": f"{share}{n}", "Belege": page}
        for n, page in enumerate((A, B, C))
    ]
    log = read(*rows)
    assert sorted(urls(log)) == [A, B, C]
    log = read(*({name: row[name] for name in ("prompt", "answer", "url")} for row in rows))
    assert log.citations.empty
    assert "addresses of the chats themselves" in note(log)


def test_dates_in_two_orders_are_asked_and_not_guessed(read):
    dates = ["2026-04-13", "13/04/2026", "04/25/2026", "03/04/2026"]
    log = read(*({**ASKED, "prompt": f"{date}?", "Date": date} for date in dates))
    assert len(log.answers) == 4 and log.answers["asked_at"].isna().all()
    assert "“13/04/2026” has the day first and “04/25/2026” the month" in note(log)
    assert "Write all dates as 2026-03-04" in note(log)


def test_dates_in_one_order_are_read(read):
    dates = ["2026-04-13", "13/04/2026", "25/04/2026", "03/04/2026"]
    log = read(*({**ASKED, "prompt": f"{date}?", "Date": date} for date in dates))
    assert log.answers["asked_at"].dt.month.unique().tolist() == [4]
    assert "day first" not in note(log)


@pytest.mark.parametrize(
    ("cells", "figures"),
    [
        (["1,300", "210"], [1300, 210]),
        (["1.300", "210"], [1300, 210]),
        (["1.3K", "90"], [1300, 90]),
        (["1,3K", "90"], [1300, 90]),
        (["2M", "1.5m"], [2e6, 1.5e6]),
        (["1.234.567", "90"], [1234567, 90]),
        (["1,234,567", "90"], [1234567, 90]),
        (["1 300", "1\u202f300"], [1300, 1300]),
        # What is no count of questions is left out, and the question counts once.
        (["1e308", "90"], [1, 90]),
        (["-5", "90"], [1, 90]),
        (["inf", "nan"], [1, 1]),
        (["12%", "90"], [1, 90]),
        (["1K \u2013 10K", "90"], [1, 90]),
        (["<10", ">5000"], [1, 1]),
        (["€12", "90"], [1, 90]),
    ],
)
def test_counts_are_read_rightly_or_said(read, cells, figures, caplog):
    log = read(*({"query": f"question {n}", "volume": cell} for n, cell in enumerate(cells)))
    assert log.queries.sort_values("text")["demand"].tolist() == figures
    n_unread = sum(figure == 1 for figure in figures) - cells.count("nan")
    assert ("figures of demand cannot be read" in caplog.text) == bool(n_unread)
