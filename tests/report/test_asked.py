"""Measured or estimated, and who asked: shown beside times asked where it differs."""

import json
from dataclasses import replace

import lxml.html
import openpyxl
import pandas as pd
import pytest

from coverage_kit.report.asked import AskedWords
from coverage_kit.report.joined import describe_queries, sample_queries
from coverage_kit.report.page import render_page
from coverage_kit.report.visibility_joined import describe_exposure
from coverage_kit.report.workbook.writer import write_workbook
from coverage_kit.tables import SEARCH_DEMAND


def with_words(analysis, kinds, origins):
    """Return the analysis with these kinds and origins, which take turns over its questions."""
    n = len(analysis.queries)
    queries = analysis.queries.assign(
        demand_kind=pd.array([kinds[k % len(kinds)] for k in range(n)], dtype="str"),
        origin=pd.array([origins[k % len(origins)] for k in range(n)], dtype="str"),
    )
    gaps = analysis.gaps.assign(
        demand_kind=pd.array(
            ["estimated" if k == 1 else "measured" for k in range(len(analysis.gaps))], dtype="str"
        )
    )
    return replace(analysis, queries=queries, gaps=gaps)


@pytest.fixture
def mixed(analysis):
    return with_words(analysis, ["measured", "estimated"], ["person", "person", "machine"])


def test_what_is_the_same_for_all_questions_has_no_word(analysis):
    for kinds, origins in ((["measured"], ["person"]), ([None], [None])):
        words = AskedWords(with_words(analysis, kinds, origins))
        assert words.note == ""
        assert words.beside({"demand_kind": "estimated", "origin": "machine"}) == ""
    all_estimated = AskedWords(with_words(analysis, ["estimated"], ["machine"]))
    assert all_estimated.note == "Times asked are estimates of the log."
    assert all_estimated.beside({"demand_kind": "estimated", "origin": "machine"}) == ""


def test_words_name_what_readers_do_not_expect(mixed):
    words = AskedWords(mixed)
    assert words.beside({"demand_kind": "measured", "origin": "person"}) == ""
    assert words.beside({"demand_kind": "estimated", "origin": "machine"}) == (
        "estimated, by a program"
    )
    assert words.beside({"demand_kind": None, "origin": float("nan")}) == ""
    assert words.note == (
        "Times asked are measured, except those marked “estimated”; measured ones come first. "
        "“by a program” means that a program searched so, such as a rank tracker or "
        "an engine."
    )


def test_measured_questions_come_before_estimated_in_every_list(mixed):
    queries = describe_queries(mixed)
    for table in (queries, sample_queries(mixed, 9).iloc[1:]):
        for _, rows in table.groupby("cluster_id"):
            # The medoid comes first, whatever is known of it.
            is_medoid = rows.get("is_medoid", pd.Series(False, index=rows.index))
            kinds = rows.loc[~is_medoid, "demand_kind"].tolist()
            assert kinds == sorted(kinds, reverse=True)
    data = lxml.html.document_fromstring(render_page(mixed)).get_element_by_id("questions-data")
    asked = json.loads(data.text)
    n_measured = int((mixed.queries["demand_kind"] == "measured").sum())
    assert ["estimated" in word for word in asked["beside"]] == [
        n >= n_measured for n in range(len(asked["beside"]))
    ]


def test_the_page_shows_the_words_beside_times_asked(mixed, analysis):
    page = lxml.html.document_fromstring(render_page(mixed))
    (asked,) = page.xpath("//*[@id='gap-2']//summary//*[@class='asked']")
    assert asked.text_content().endswith(" times, estimated")
    assert "“by a program” means that" in page.get_element_by_id("gaps").text_content()
    texts = page.xpath("//*[@id='gaps']//ul[@class='queries']/li/small/text()")
    assert any("(by a program)" in text for text in texts)
    plain = render_page(analysis)
    assert "by a program" not in plain
    assert (
        json.loads(lxml.html.document_fromstring(plain).get_element_by_id("questions-data").text)[
            "beside"
        ]
        == []
    )


def test_the_workbook_has_their_columns_only_where_they_differ(mixed, analysis, tmp_path):
    for run, has_columns in ((mixed, True), (analysis, False)):
        write_workbook(run, tmp_path / "gaps.xlsx")
        book = openpyxl.load_workbook(tmp_path / "gaps.xlsx")
        heads = [cell.value for cell in next(book["questions"].iter_rows())]
        assert ("measured or estimated" in heads, "who asked" in heads) == (has_columns,) * 2


def exposed(analysis):
    shown = {"n_clicks": None, "file": "ai.csv"}
    rows = [
        {"page": "https://shop.example/p1", "page_id": "shop.example/p1", "n_ai_impressions": 70},
        {"page": "https://shop.example/p1", "page_id": "shop.example/p1", "n_ai_impressions": 20},
        {"page": "https://shop.example/p2", "page_id": "shop.example/p2", "n_ai_impressions": 95},
        {"page": "https://shop.example/p2", "page_id": "shop.example/p2", "n_impressions": 5000},
    ]
    table = SEARCH_DEMAND.table([{**shown, "line": n, **row} for n, row in enumerate(rows)])
    return replace(analysis, search_demand=table)


def test_exposure_in_ai_answers_is_by_page_and_apart_from_web_search(analysis, tmp_path):
    run = exposed(analysis)
    table = describe_exposure(run)
    assert table[["page", "n_ai_impressions"]].to_numpy().tolist() == [["/p2", 95], ["/p1", 90]]
    page = lxml.html.document_fromstring(render_page(run))
    visitors = page.get_element_by_id("visitors").text_content()
    assert "showed these pages 185 times" in visitors
    assert "5,000" not in visitors
    write_workbook(run, tmp_path / "gaps.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "gaps.xlsx")["AI exposure"]
    assert [row[:2] for row in sheet.iter_rows(min_row=2, values_only=True)][:2] == [
        ("/p2", 95),
        ("/p1", 90),
    ]
    without = lxml.html.document_fromstring(render_page(analysis)).get_element_by_id("visitors")
    assert "Generative AI report" not in without.text_content()
