import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
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
        (
            "Najpopularniejsze zapytania,Kliknięcia,Wyświetlenia,CTR,Pozycja",
            "Google Search Console (pl)",
        ),
        ("En çok yapılan sorgular,Tıklamalar,Gösterimler,TO,Konum", "Google Search Console (tr)"),  # noqa: RUF001
        ("Популярные запросы,Клики,Показы,CTR,Позиция", "Google Search Console (ru)"),
        ("上位のクエリ,クリック数,表示回数,CTR,掲載順位", "Google Search Console (ja)"),
        ("인기 검색어,클릭수,노출,CTR,게재 순위", "Google Search Console (ko)"),
        ("热门查询,点击次数,展示,点击率,排名", "Google Search Console (zh)"),
        ("熱門查詢,點擊次數,曝光次數,點閱率,平均排序", "Google Search Console (zh)"),
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


FIGURES = ("Clicks", "Impressions", "CTR", "Position")


def compared(first, later, earlier, words=FIGURES):
    """Return the header of an export that compares two periods, the later one first."""
    return [first, *(f"{label} {word}" for word in words for label in (later, earlier))]


def read_compared(tmp_path, header):
    rows = [
        ["tent for three", "12", "9", "480", "300", "2.5%", "3%", "8.4", "9"],
        ["how to dry a tent", "0", "", "35", "", "0%", "", "12", ""],
        ["tent of last year", "", "4", "", "70", "", "5%", "", "3"],
    ]
    return read_rows(
        tmp_path, *(dict(zip(header, row, strict=True)) for row in rows), name="Queries.csv"
    )


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (compared("Top queries", "Last 28 days", "Previous 28 days"), "Google Search Console"),
        (compared("Top queries", "4/1/26 - 6/30/26", "1/1/26 - 3/31/26"), "Google Search Console"),
        (compared("Top queries", "2026-04-01 - 2026-06-30", "2025-04-01 - 2025-06-30"), None),
        (compared("Top queries", "Last 7 days", "Same period last year"), None),
        (
            compared(
                "Häufigste Suchanfragen",
                "Letzte 3 Monate",
                "Vorherige 3 Monate",
                ("Klicks", "Impressionen", "Klickrate", "Position"),
            ),
            "Google Search Console (de)",
        ),
        (
            compared(
                "Requêtes les plus fréquentes",
                "3 derniers mois",
                "3 mois précédents",
                ("Clics", "Impressions", "CTR", "Position"),
            ),
            "Google Search Console (fr)",
        ),
        (
            compared(
                "Najpopularniejsze zapytania",
                "Ostatnie 3 miesiące",
                "Poprzednie 3 miesiące",
                ("Kliknięcia", "Wyświetlenia", "CTR", "Pozycja"),
            ),
            "Google Search Console (pl)",
        ),
    ],
)
def test_of_compared_periods_the_later_counts_and_the_source_says_so(tmp_path, header, name):
    log = read_compared(tmp_path, header)
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [
        ["how to dry a tent", 35.0],
        ["tent for three", 480.0],
    ]
    (source,) = log.sources.to_dict("records")
    assert source["format"] == (name or "Google Search Console")
    assert source["fields"] == f"query = {header[0]}, demand = {header[3]}"
    assert f"only '{header[3]}' counts, because it is the later period" in source["note"]
    assert f"'{header[4]}' is left out" in source["note"]
    assert (source["n_records"], source["n_aside"]) == (2, 1)
    assert log.rejects.empty


def test_the_later_period_counts_wherever_its_columns_are(tmp_path):
    header = compared("Top queries", "1/1/25 - 3/31/25", "1/1/26 - 3/31/26")
    log = read_compared(tmp_path, header)
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [
        ["tent for three", 300.0],
        ["tent of last year", 70.0],
    ]


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("Desktop", "Mobile"),
        ("France", "Belgium"),
        ("tent 3", "tent 4"),
        # Read month first the second ends later, read day first the first does.
        ("1/2/26 - 3/2/26", "2/1/26 - 4/1/26"),
    ],
)
def test_what_is_no_period_of_a_known_order_is_refused_with_the_cure(tmp_path, later, earlier):
    with pytest.raises(LogError, match=r"no periods of a known order: export it without a compar"):
        read_compared(tmp_path, compared("Top queries", later, earlier))


def test_a_column_that_is_named_by_hand_settles_what_the_header_leaves_open(tmp_path):
    path = tmp_path / "Queries.csv"
    path.write_text(
        "Top queries,Desktop Clicks,Mobile Clicks,Desktop Impressions,Mobile Impressions\n"
        "tents,1,2,7,9\n",
        encoding="utf-8",
    )
    columns = {"demand": "Mobile Impressions"}
    log = read_log(LogSettings(files=(str(path),), columns=columns))
    assert log.queries["demand"].tolist() == [9.0]
