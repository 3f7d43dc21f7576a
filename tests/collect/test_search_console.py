import json
import zipfile

import pandas as pd
import pytest

from coverage_kit.collect.search_console import read_search_console
from coverage_kit.errors import LogError

QUERIES = 'Top queries,Clicks,Impressions,CTR,Position\nbest crm,12,"1,480",0.8%,8.4\n'
PAGES = "Top pages,Clicks,Impressions,CTR,Position\nhttps://a.example/x,3,90,3.3%,5\n"


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def read(path):
    demand, rejects = read_search_console([path])
    assert rejects.empty
    return demand


def columns_of(demand, *columns):
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for row in demand[list(columns)].itertuples(index=False)
    ]


def test_queries_pages_and_dates_of_the_interface(tmp_path):
    demand = read(write(tmp_path, "Queries.csv", QUERIES))
    assert columns_of(demand, "query", "page", "n_clicks", "n_impressions", "position") == [
        ("best crm", None, 12, 1480, 8.4)
    ]
    assert columns_of(read(write(tmp_path, "Pages.csv", PAGES)), "query", "page") == [
        (None, "https://a.example/x")
    ]
    dates = read(
        write(
            tmp_path, "Dates.csv", "Date,Clicks,Impressions,CTR,Position\n2026-01-05,1,9,11.1%,3\n"
        )
    )
    assert dates["day"].iloc[0] == pd.Timestamp("2026-01-05", tz="UTC")


@pytest.mark.parametrize(
    ("name", "header", "cell", "column"),
    [
        (
            "Suchanfragen.csv",
            "Häufigste Suchanfragen,Klicks,Impressionen,CTR,Position",
            "crm test",
            "query",
        ),
        (
            "Requetes.csv",
            "Requêtes les plus fréquentes,Clics,Impressions,CTR,Position",
            "crm test",
            "query",
        ),
        (
            "Consultas.csv",
            "Consultas principales,Clics,Impresiones,CTR,Posición",
            "crm test",
            "query",
        ),
        ("Query.csv", "Query principali,Clic,Impressioni,CTR,Posizione", "crm test", "query"),
        (
            "Zoek.csv",
            "Populairste zoekopdrachten,Klikken,Vertoningen,CTR,Positie",
            "crm test",
            "query",
        ),
        (
            "Consultas.csv",
            "Principais consultas,Cliques,Impressões,CTR,Posição",
            "crm test",
            "query",
        ),
        (
            "Strony.csv",
            "Najpopularniejsze strony,Kliknięcia,Wyświetlenia,CTR,Pozycja",
            "https://a.example/x",
            "page",
        ),
        ("Zapytania.csv", "Zapytanie,Kliknięcia,Wyświetlenia,CTR,Pozycja", "crm test", "query"),
        ("Länder.csv", "Quelque chose,Un,Deux,CTR,Quatre", "Deutschland", "country"),
    ],
)
def test_headers_in_other_languages(tmp_path, name, header, cell, column):
    demand = read(write(tmp_path, name, f'{header}\n{cell},12,1.480,"0,8 %","8,4"\n'))
    assert columns_of(demand, column, "n_clicks", "n_impressions", "position") == [
        (cell, 12, 1480, 8.4)
    ]


def test_the_zip_of_the_interface_without_devices_and_filters(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("Queries.csv", QUERIES)
        archive.writestr("../Pages.csv", PAGES)
        archive.writestr(
            "Devices.csv", "Device,Clicks,Impressions,CTR,Position\nDesktop,15,1570,1%,7\n"
        )
        archive.writestr("Filters.csv", "Filter,Value\nSearch type,Web\n")
    for source in (tmp_path / "export.zip", tmp_path):
        demand = read(str(source))
        assert columns_of(demand, "query", "page") == [
            (None, "https://a.example/x"),
            ("best crm", None),
        ]
        assert demand["file"].str.endswith(("export.zip/Pages.csv", "export.zip/Queries.csv")).all()
    assert not (tmp_path.parent / "Pages.csv").exists()


def test_the_kinds_of_the_api_keys_come_from_all_their_values(tmp_path):
    rows = [
        {
            "keys": ["2026-01-05", "crm", "https://a.example/x", "gbr", "MOBILE"],
            "clicks": 1,
            "impressions": 9,
            "ctr": 0.1,
            "position": 3.5,
        },
        {
            "keys": ["2026-01-06", "best crm", "https://a.example/y", "usa", "DESKTOP"],
            "clicks": 0,
            "impressions": 2,
            "position": 4,
        },
    ]
    demand = read(
        write(tmp_path, "api.json", json.dumps({"rows": rows, "responseAggregationType": "byPage"}))
    )
    assert columns_of(demand, "query", "page", "country") == [
        ("crm", "https://a.example/x", "gbr"),
        ("best crm", "https://a.example/y", "usa"),
    ]
    assert demand["day"].dt.day.to_list() == [5, 6]
    assert demand["position"].to_list() == [3.5, 4]
    lines = "\n".join(json.dumps({"rows": [row]}) for row in rows)
    assert columns_of(read(write(tmp_path, "api.jsonl", lines)), "query") == [
        ("crm",),
        ("best crm",),
    ]


def test_a_query_of_three_letters_is_no_country(tmp_path):
    rows = [{"keys": ["crm"], "clicks": 1, "impressions": 9}]
    assert columns_of(
        read(write(tmp_path, "api.json", json.dumps({"rows": rows}))), "query", "country"
    ) == [("crm", None)]


def test_the_bulk_export_keeps_anonymised_queries_missing_and_counts_positions_from_one(tmp_path):
    row = {
        "data_date": "2026-01-05",
        "url": "https://a.example/x",
        "country": "gbr",
        "impressions": 4,
        "clicks": 1,
        "sum_position": 10,
    }
    rows = [
        {**row, "query": "", "is_anonymized_query": True},
        {**row, "query": "best crm", "is_anonymized_query": False},
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "bulk.parquet")
    demand = read(str(tmp_path / "bulk.parquet"))
    assert columns_of(demand, "query", "position") == [(None, 3.5), ("best crm", 3.5)]


def test_the_generative_ai_report_has_impressions_only(tmp_path):
    demand = read(write(tmp_path, "ai.csv", "Top pages,Impressions\nhttps://a.example/x,90\n"))
    assert columns_of(demand, "page", "query", "n_clicks", "n_impressions") == [
        ("https://a.example/x", None, None, 90)
    ]


def test_a_row_without_impressions_is_rejected(tmp_path):
    demand, rejects = read_search_console(
        [write(tmp_path, "q.csv", QUERIES + "other,1,few,1%,2\n")]
    )
    assert len(demand) == 1
    assert columns_of(rejects, "line", "reason") == [(3, "impressions were expected, found 'few'")]


def test_what_is_no_export_is_an_error(tmp_path):
    with pytest.raises(LogError, match="a table with impressions"):
        read_search_console([write(tmp_path, "a.csv", "Prompt,Answer\na,b\n")])
    with pytest.raises(LogError, match="a readable zip"):
        read_search_console([write(tmp_path, "a.zip", "no zip")])
    with pytest.raises(LogError, match="no such file"):
        read_search_console([str(tmp_path / "missing.csv")])
    with pytest.raises(LogError, match="No such file"):
        read_search_console([str(tmp_path / "missing.zip")])


def test_files_of_one_name_in_a_zip_are_all_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for folder in ("siteA/", "siteB/", "./siteB/"):
            archive.writestr(
                f"{folder}Queries.csv", QUERIES.replace("best crm", f"crm of {folder}")
            )
    demand = read(str(tmp_path / "export.zip"))
    assert demand["query"].to_list() == ["crm of siteA/", "crm of siteB/", "crm of ./siteB/"]
    assert [name.partition("export.zip/")[2] for name in demand["file"]] == [
        "siteA/Queries.csv",
        "siteB/Queries.csv",
        "siteB/Queries.csv (2)",
    ]


def test_a_zip_with_a_broken_member_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Queries.csv", QUERIES * 9)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[42:60] = b"\xff" * 18
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(LogError, match="a readable zip"):
        read_search_console([str(tmp_path / "a.zip")])
