import pytest

from coverage_kit.errors import LogError
from tests.collect.log_samples import read_records, read_rows


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Top queries,Clicks,Impressions,CTR,Position", "Google Search Console"),
        ("Häufigste Suchanfragen,Klicks,Impressionen,CTR,Position", "Google Search Console (de)"),
        (
            "Requêtes les plus fréquentes,Clics,Impressions,CTR,Position",
            "Google Search Console (fr)",
        ),
        ("Consultas principales,Clics,Impresiones,CTR,Posición", "Google Search Console (es)"),
        ("Query principali,Clic,Impressioni,CTR,Posizione", "Google Search Console (it)"),
        (
            "Populairste zoekopdrachten,Klikken,Vertoningen,CTR,Positie",
            "Google Search Console (nl)",
        ),
        ("Principais consultas,Cliques,Impressões,CTR,Posição", "Google Search Console (pt)"),
    ],
)
def test_queries_in_any_language_have_impressions_as_demand(tmp_path, header, name):
    columns = header.split(",")
    rows = [
        ["best crm", "12", "480", "2.5%", "8.4"],
        ["crm, cheap", "1", "1.200", "0,1 %", "9,1"],
        ["crm free", "0", "7", "0%", "-"],
    ]
    log = read_rows(
        tmp_path, *(dict(zip(columns, row, strict=True)) for row in rows), name="Queries.csv"
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [
        ["best crm", 480.0],
        ["crm free", 7.0],
        ["crm, cheap", 1200.0],
    ]
    assert log.answers.empty and log.failures.empty
    assert log.sources.loc[0, "format"] == name
    assert "queries and demand alone" in log.sources.loc[0, "note"]
    assert log.mapping == {"query": columns[0], "demand": columns[2]}


def test_rows_of_the_api_name_the_query_among_their_keys(tmp_path):
    figures = {"clicks": 12, "impressions": 480, "ctr": 0.025, "position": 8.4}
    keys = (
        ["best crm", "https://a.com/x"],
        ["2026-01-01", "crm free", "usa", "MOBILE"],
        ["best crm", "https://a.com/y"],
    )
    log = read_records(
        tmp_path, {"rows": [{"keys": row_keys, **figures} for row_keys in keys]}, name="log.json"
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [
        ["best crm", 480.0],
        ["crm free", 480.0],
    ]


def test_rows_of_the_api_without_queries_say_what_to_ask_for(tmp_path):
    row = {"keys": ["https://a.com/x"], "clicks": 1, "impressions": 2}
    with pytest.raises(
        LogError, match="no query: export the queries, or ask the API for the dimension query"
    ):
        read_records(tmp_path, row)


@pytest.mark.parametrize("first", ["Top pages", "Date", "Country", "Device", "Search Appearance"])
def test_other_exports_of_search_console_have_no_queries(tmp_path, first):
    with pytest.raises(
        LogError, match=f"a column with the questions; found columns '{first}', 'Clicks'"
    ):
        read_rows(
            tmp_path, {first: "x", "Clicks": "1", "Impressions": "2", "CTR": "50%", "Position": "1"}
        )


def test_beside_queries_the_other_files_of_an_export_are_one_reject_each(tmp_path):
    (tmp_path / "Pages.csv").write_text(
        "Top pages,Clicks,Impressions\nhttps://a.com,1,2\nhttps://a.com/b,1,2\n", encoding="utf-8"
    )
    (tmp_path / "Queries.csv").write_text(
        "Top queries,Clicks,Impressions\nbest crm,1,2\n", encoding="utf-8"
    )
    log = read_records(tmp_path, {"keys": ["crm free"], "clicks": 1, "impressions": 3})
    assert sorted(log.queries["text"]) == ["best crm", "crm free"]
    assert log.rejects["reason"].tolist() == [
        "no column with questions; found columns 'Top pages', 'Clicks', 'Impressions'"
    ]


def test_a_log_of_answers_with_impressions_is_no_search_console(tmp_path):
    log = read_rows(tmp_path, {"query": "x", "answer": "Acme.", "impressions": "9"})
    assert log.answers["text"].tolist() == ["Acme."]
    assert log.queries["demand"].tolist() == [9.0]
