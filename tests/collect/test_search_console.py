import json
import zipfile

import pandas as pd
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.search_console import read_search_console
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings

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
        archive.writestr("Pages.csv", PAGES)
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
    with zipfile.ZipFile(tmp_path / "export.zip", "a") as archive:
        archive.writestr("../Countries.csv", PAGES)
    with pytest.raises(LogError, match="a path outside"):
        read_search_console([str(tmp_path / "export.zip")])
    assert not (tmp_path.parent / "Countries.csv").exists()


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


@pytest.mark.parametrize(
    ("first", "cell"),
    [("Top pages", "https://a.example/x"), ("Date", "2026-09-01"), ("Country", "Norway")],
)
def test_the_generative_ai_report_is_exposure_and_no_web_impression(tmp_path, caplog, first, cell):
    demand = read(write(tmp_path, "ai.csv", f"{first},Impressions\n{cell},90\n"))
    assert columns_of(demand, "query", "n_clicks", "n_impressions", "n_ai_impressions") == [
        (None, None, None, 90)
    ]
    assert "counted as exposure in AI answers, apart from web search" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "Top pages,Clicks,Impressions\nhttps://a.example/x,3,90\n",
        "data_date,url,impressions\n2026-01-05,https://a.example/x,90\n",
        "Query,Impressions\ntents,90\n",
    ],
)
def test_impressions_beside_clicks_or_queries_or_from_bigquery_are_no_exposure(tmp_path, text):
    demand = read(write(tmp_path, "web.csv", text))
    assert columns_of(demand, "n_impressions", "n_ai_impressions") == [(90, None)]


COMPARED = (
    "{first},Last 3 months Clicks,Previous 3 months Clicks,Last 3 months Impressions,"
    "Previous 3 months Impressions,Last 3 months CTR,Previous 3 months CTR,"
    "Last 3 months Position,Previous 3 months Position\n"
)


def test_of_compared_periods_the_later_counts_and_a_warning_says_so(tmp_path, caplog):
    rows = "https://a.example/x,12,9,480,300,2.5%,3%,8.4,9\nhttps://a.example/y,,9,,300,,3%,,9\n"
    path = write(tmp_path, "Pages.csv", COMPARED.format(first="Top pages") + rows)
    demand, rejects = read_search_console([path])
    assert columns_of(demand, "page", "n_clicks", "n_impressions", "position") == [
        ("https://a.example/x", 12, 480, 8.4)
    ]
    assert columns_of(rejects, "line", "reason") == [
        (3, "no impressions in the later of the compared periods")
    ]
    assert "only 'Last 3 months Impressions' counts" in caplog.text


def test_both_readers_take_the_same_period_of_a_file(tmp_path):
    path = write(
        tmp_path,
        "Queries.csv",
        "Top queries,1/1/25 - 3/31/25 Clicks,1/1/26 - 3/31/26 Clicks,"
        "1/1/25 - 3/31/25 Impressions,1/1/26 - 3/31/26 Impressions\ntents,1,2,70,90\n",
    )
    assert columns_of(read(path), "query", "n_clicks", "n_impressions") == [("tents", 2, 90)]
    queries = read_log(LogSettings(files=(path,))).queries
    assert columns_of(queries, "text", "demand") == [("tents", 90)]


def test_periods_compared_in_an_unknown_language_are_found_by_position(tmp_path, caplog):
    figures = [
        f"{label} {word}"
        for word in ("Kliky", "Ukazy", "Miera", "Miesto")
        for label in ("Posl. 3 m.", "Pred. 3 m.")
    ]
    text = ",".join(["Hladania", *figures]) + '\nstan,4,3,40,30,"10 %","10 %","5,5","6"\n'
    demand = read(write(tmp_path, "x.csv", text))
    assert columns_of(demand, "query", "n_clicks", "n_impressions", "position") == [
        ("stan", 4, 40, 5.5)
    ]
    assert "it comes first, which is assumed to be the later period" in caplog.text


@pytest.mark.parametrize(
    "header",
    [
        "Date,Web Clicks,Image Clicks,Web Impressions,Image Impressions",
        "Date,1/2/26 - 3/2/26 Clicks,2/1/26 - 4/1/26 Clicks,1/2/26 - 3/2/26 Impressions,"
        "2/1/26 - 4/1/26 Impressions",
    ],
)
def test_what_is_no_period_of_a_known_order_is_an_error(tmp_path, header):
    path = write(tmp_path, "Dates.csv", f"{header}\n2026-01-05,1,2,3,4\n")
    with pytest.raises(LogError, match="no periods of a known order") as raised:
        read_search_console([path])
    assert raised.value.cure == "Export it without a comparison."


@pytest.mark.parametrize(
    ("query", "clicks", "origin"),
    [
        ("best tents", 0, "person"),
        ('"best tents" 2026', 0, "machine"),
        ('"best tents" 2026', 3, "person"),
        ("best tents -site:reddit.com -site:quora.com", 1, "machine"),
        ("best tents site:reddit.com", 0, "person"),
        (" ".join(["tents"] * 21), 0, "machine"),
        (" ".join(["tents"] * 21), 1, "person"),
        (" ".join(["tents"] * 20), 0, "person"),
        ("テント" * 51, 0, "machine"),
    ],
)
def test_searches_that_a_program_made_are_marked_by_both_readers(tmp_path, query, clicks, origin):
    cell = query.replace('"', '""')
    text = f'Top queries,Clicks,Impressions,CTR,Position\n"{cell}",{clicks},9,0%,3\n'
    path = write(tmp_path, "Queries.csv", text)
    assert columns_of(read(path), "query", "origin") == [(query, origin)]
    queries = read_log(LogSettings(files=(path,))).queries
    assert columns_of(queries, "origin", "demand_kind") == [(origin, "measured")]


def test_a_row_without_impressions_is_rejected(tmp_path):
    demand, rejects = read_search_console(
        [write(tmp_path, "q.csv", QUERIES + "other,1,few,1%,2\n")]
    )
    assert len(demand) == 1
    assert columns_of(rejects, "line", "reason") == [(3, "impressions were expected, found 'few'")]


def test_what_is_no_export_is_an_error(tmp_path):
    with pytest.raises(LogError, match="a table with impressions"):
        read_search_console([write(tmp_path, "a.csv", "Prompt,Answer\na,b\n")])
    with pytest.raises(LogError, match="a whole packed file; found it is damaged"):
        read_search_console([write(tmp_path, "a.zip", "no zip")])
    with pytest.raises(LogError, match="no such file"):
        read_search_console([str(tmp_path / "missing.csv")])
    with pytest.raises(LogError, match="no such file"):
        read_search_console([str(tmp_path / "missing.zip")])


def test_files_of_one_name_in_a_zip_are_all_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for folder in ("siteA/", "siteB/", "./siteB/"):
            archive.writestr(
                f"{folder}Queries.csv", QUERIES.replace("best crm", f"crm of {folder}")
            )
    demand = read(str(tmp_path / "export.zip"))
    assert demand["query"].to_list() == ["crm of ./siteB/", "crm of siteA/", "crm of siteB/"]
    assert [name.partition("export.zip/")[2] for name in demand["file"]] == [
        "./siteB/Queries.csv",
        "siteA/Queries.csv",
        "siteB/Queries.csv",
    ]


def test_a_zip_with_a_broken_member_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Queries.csv", QUERIES * 9)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[42:60] = b"\xff" * 18
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(LogError, match="a whole packed file; found it is damaged"):
        read_search_console([str(tmp_path / "a.zip")])
