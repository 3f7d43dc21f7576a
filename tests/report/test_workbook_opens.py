"""The workbook in other programs.

LibreOffice reads every value, and the workbook holds nothing that Google Sheets refuses.
"""

import os
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest

from coverage_kit import tables
from coverage_kit.report.workbook import write_workbook, writer

SOFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(
    SOFFICE is None and not os.environ.get("CI"), reason="LibreOffice is not installed"
)


@pytest.fixture(scope="module")
def path(analysis, tmp_path_factory):
    """The workbook of the made-up analysis, with two runs in its history."""
    figures = [
        {
            "run": run,
            "at": f"2026-0{run}-01",
            "measure": "coverage",
            "part": "all",
            "value": 0.3 * run,
            "n": 40,
        }
        for run in (1, 2)
    ]
    analysis = replace(analysis, history=tables.HISTORY.table(figures))
    return write_workbook(analysis, tmp_path_factory.mktemp("book") / "gaps.xlsx")


@pytest.fixture(scope="module")
def converted(path, tmp_path_factory):
    """The folder into which LibreOffice has converted the workbook, as xlsx and as ods."""
    folder = tmp_path_factory.mktemp("office")
    for kind in ("xlsx", "ods"):
        profile = f"-env:UserInstallation={folder.as_uri()}/profile"
        command = [
            SOFFICE,
            "--headless",
            "--norestore",
            profile,
            "--convert-to",
            kind,
            "--outdir",
            str(folder),
            str(path),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
    back = [
        SOFFICE,
        "--headless",
        "--norestore",
        profile,
        "--convert-to",
        "xlsx",
        "--outdir",
        str(folder / "back"),
    ]
    subprocess.run([*back, str(folder / "gaps.ods")], check=True, capture_output=True, timeout=240)
    return folder


def values_of(path):
    """Return the value by sheet, row and column: numbers to nine digits, text with one line end."""
    book = openpyxl.load_workbook(path)
    return {
        (sheet.title, cell.row, cell.column): plain(cell.value)
        for sheet in book
        for row in sheet
        for cell in row
        if cell.value not in (None, "")
    }


def plain(value):
    if isinstance(value, bool | datetime):
        return value
    if isinstance(value, int | float):
        return ("number", round(float(value), 9))
    return value.replace("\r\n", "\n")


def count_parts(path):
    """Return the links and charts in a workbook's file."""
    with zipfile.ZipFile(path) as file:
        sheets = [name for name in file.namelist() if name.startswith("xl/worksheets/sheet")]
        links = sum(file.read(name).count(b"<hyperlink ") for name in sheets)
        return {
            "links": links,
            "charts": sum(name.startswith("xl/charts/chart") for name in file.namelist()),
        }


@needs_office
@pytest.mark.parametrize(
    "name", ["gaps.xlsx", "back/gaps.xlsx"], ids=["as xlsx", "as ods and back"]
)
def test_libreoffice_reads_every_value(path, converted, name):
    written = values_of(path)
    read = values_of(converted / name)
    assert len(written) > 3_000
    if name.startswith("back"):  # ods has no tabs within a cell
        written = {
            cell: value.replace("\t", "") if isinstance(value, str) else value
            for cell, value in written.items()
        }
    assert {
        cell: (value, read.get(cell)) for cell, value in written.items() if read.get(cell) != value
    } == {}
    assert read.keys() == written.keys()


@needs_office
def test_libreoffice_keeps_links_charts_lists_and_scales(path, converted):
    assert count_parts(path)["charts"] == 5
    assert count_parts(converted / "gaps.xlsx") == count_parts(path)
    books = [openpyxl.load_workbook(file) for file in (path, converted / "gaps.xlsx")]
    for book in books:
        (choice,) = book["to do by page"].data_validations.dataValidation
        assert choice.formula1 == '"to do,in progress,done,won\'t do"'
        assert str(choice.sqref) == "D2:D8"
    for sheet in books[0]:
        kinds = [
            [
                rule.type
                for rules in book[sheet.title].conditional_formatting
                for rule in rules.rules
            ]
            for book in books
        ]
        assert sorted(kinds[0]) == sorted(kinds[1])


def test_charts_have_titles_read_cells_and_cover_none(path):
    book = openpyxl.load_workbook(path)
    summary, data = book["summary"], book["chart data"]
    assert [text_of(chart.title) for chart in summary._charts] == [
        "The first 2 gaps: severity (90% interval)",
        "Answers that cite the site, by engine (95% interval)",
        "Answers that cite the site, week by week",
        "Share of demand covered, run by run",
        "What the ranked edits bring for their minutes (90% interval)",
    ]
    for chart in summary._charts:
        assert chart.y_axis.title or chart.x_axis.title
        for series in chart.series:
            values = (series.val or series.yVal).numRef.f.split("!")[1].replace("$", "")
            assert all(isinstance(row[0].value, int | float) for row in data[values])
        top, bottom = chart.anchor._from.row + 1, chart.anchor.to.row + 1
        assert [
            cell.value
            for row in summary.iter_rows(top, bottom)
            for cell in row
            if cell.value is not None
        ] == []


def text_of(title):
    return "".join(run.t for paragraph in title.tx.rich.p for run in paragraph.r)


def test_it_holds_nothing_that_google_sheets_refuses_or_drops(path):
    book = openpyxl.load_workbook(path)
    assert sum(sheet.max_row * sheet.max_column for sheet in book) < 10_000_000
    assert len(book.sheetnames) <= 200
    for sheet in book:
        assert 0 < len(sheet.title) <= 31
        assert not set(sheet.title) & set("[]:*?/\\'")
        assert not sheet.tables
        assert (
            max(
                (len(cell.value) for row in sheet for cell in row if isinstance(cell.value, str)),
                default=0,
            )
            < 50_000
        )
        kinds = {rule.type for rules in sheet.conditional_formatting for rule in rules.rules}
        assert kinds <= {"colorScale", "cellIs", "expression"}
        assert {rule.type for rule in sheet.data_validations.dataValidation} <= {"list"}


def test_rows_are_cut_with_a_note_where_all_cells_would_be_too_many(
    analysis, tmp_path, monkeypatch
):
    monkeypatch.setattr(writer, "_MAX_ROWS", 64)
    # 64 rows a sheet give 3,271 cells, 32 rows 2,548 and 16 rows 2,020.
    monkeypatch.setattr(writer, "_MAX_CELLS", 2_200)
    book = openpyxl.load_workbook(write_workbook(analysis, tmp_path / "gaps.xlsx"))
    assert book["queries"].max_row == 1 + 16 + 1
    assert book["queries"]["A18"].value == "… and 24 more rows in the run's tables"
    assert book["pages"].max_row == 1 + 15
