"""Searches for which an engine reports to have cited the site: in the workbook, on the page."""

from dataclasses import replace

import lxml.html
import numpy as np
import openpyxl
import pytest

from coverage_kit.report.page import render_page
from coverage_kit.report.reported import (
    HARDLY_ANSWERED,
    OFTEN,
    OTHERS_PREFERRED,
    UNKNOWN_SHARE,
    describe_reported,
)
from coverage_kit.report.workbook import write_workbook
from tests.reading import rows_of, words_of


@pytest.fixture
def with_report(analysis):
    """The analysis with four reported searches: two of the log, one that the log does not ask."""
    n = len(analysis.queries)
    cited, implied = np.full(n, np.nan), np.full(n, np.nan)
    cited[:4] = 10.0, 50.0, 10.0, 3.0
    implied[:3] = 100.0, 100.0, 200.0
    demand = analysis.queries["demand"].to_numpy(copy=True)
    demand[2] = 0.0
    coverage = analysis.coverage.set_index("query_id")["coverage"]
    coverage = coverage.reindex(analysis.queries["query_id"]).to_numpy(copy=True)
    coverage[:4] = 0.9, 0.9, 0.1, 0.9
    ids = analysis.queries["query_id"]
    return replace(
        analysis,
        queries=analysis.queries.assign(times_cited=cited, implied_demand=implied, demand=demand),
        coverage=analysis.coverage.set_index("query_id")
        .reindex(ids)
        .assign(coverage=coverage)
        .reset_index(),
    )


def test_share_and_coverage_together_say_what_to_look_at(with_report):
    table = describe_reported(with_report)
    ids = with_report.queries["query_id"]
    assert table["query_id"].tolist() == [ids[2], ids[1], ids[0], ids[3]], "most asked first"
    by_id = table.set_index("query_id")
    assert by_id["reading"].to_dict() == {
        ids[0]: OTHERS_PREFERRED,
        ids[1]: OFTEN,
        ids[2]: HARDLY_ANSWERED,
        ids[3]: UNKNOWN_SHARE,
    }
    assert by_id.loc[ids[0], "citation_share"] == pytest.approx(0.1)
    assert np.isnan(by_id.loc[ids[2], "logged_demand"]), "the log does not ask it"
    assert by_id.loc[ids[0], "logged_demand"] == with_report.queries["demand"].iloc[0]


def test_the_sheet_and_the_page_show_the_reports_demand_beside_the_logs(with_report, tmp_path):
    book = openpyxl.load_workbook(write_workbook(with_report, tmp_path / "gaps.xlsx"))
    rows = rows_of(book["searches that cite you"])
    assert [row["times asked (estimated by the report)"] for row in rows] == [200, 100, 100, None]
    assert [row["times your site was cited"] for row in rows] == [10, 50, 10, 3]
    page = lxml.html.fromstring(render_page(with_report))
    section = page.get_element_by_id("reported")
    assert "Your site was cited 73 times for 4 searches." in words_of(section)
    assert "proves nothing" in words_of(section)
    assert len(section.xpath(".//tbody/tr")) == 4


def test_without_a_report_there_is_neither(analysis, tmp_path):
    assert describe_reported(analysis).empty
    book = openpyxl.load_workbook(write_workbook(analysis, tmp_path / "gaps.xlsx"))
    assert "searches that cite you" not in book.sheetnames
    assert 'id="reported"' not in render_page(analysis)
