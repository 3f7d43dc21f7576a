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
# A profile of LibreOffice in which workbooks are computed anew when they are opened.
ALWAYS_COMPUTE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
  xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode"
  oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
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
    book = openpyxl.load_workbook(path, data_only=True)
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
@pytest.mark.parametrize("is_changed", [False, True], ids=["as written", "after a person"])
def test_libreoffice_computes_the_totals_that_the_workbook_holds(
    analysis, path, tmp_path, is_changed
):
    source = path
    statuses = ["to do"] * 7
    if is_changed:
        statuses[:4] = ["done", "in progress", "won't do", "done"]
        book = openpyxl.load_workbook(path)
        for row, status in enumerate(statuses, 5):
            book["to do"].cell(row, 1, status)
        source = tmp_path / "changed.xlsx"
        book.save(source)
    # LibreOffice computes formulas of other programs anew only if it is asked to.
    user = tmp_path / "profile/user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(ALWAYS_COMPUTE, encoding="utf-8")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [SOFFICE, "--headless", "--norestore", profile, "--convert-to", "xlsx", "--outdir"]
    command += [str(tmp_path / "out"), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    sheet = openpyxl.load_workbook(tmp_path / "out" / source.name, data_only=True)["to do"]
    totals = [cell.value for cell in sheet[3] if cell.value is not None]
    rows = analysis.edits[analysis.edits["is_chosen"]].set_index("rank")
    # The sheet is in the order of the ranks.
    left = [status in {"to do", "in progress"} for status in statuses]
    counts = ", ".join(
        f"{name}: {statuses.count(name)}" for name in ("to do", "in progress", "done", "won't do")
    )
    assert totals == [
        "left",
        counts,
        rows.sort_index()["cost_minutes"][left].sum(),
        rows.sort_index()["marginal_gain"][left].sum(),
    ]
    if not is_changed:
        written = openpyxl.load_workbook(path, data_only=True)["to do"]
        assert [cell.value for cell in written[3] if cell.value is not None] == totals


@needs_office
def test_libreoffice_keeps_links_charts_lists_and_scales(path, converted):
    assert count_parts(path)["charts"] == 5
    assert count_parts(converted / "gaps.xlsx") == count_parts(path)
    books = [openpyxl.load_workbook(file) for file in (path, converted / "gaps.xlsx")]
    for book in books:
        rules = {
            str(rule.sqref): (rule.type, rule.formula1)
            for rule in book["to do"].data_validations.dataValidation
        }
        # Seven rows, and room for those that people add.
        assert rules["A5:A111"] == ("list", '"to do,in progress,done,won\'t do"')
        kinds = [kind for kind, _ in rules.values()]
        assert sorted(kinds) == ["date", "list", "list"]
        (owners,) = (cells for kind, cells in rules.values() if kind == "list" and "$" in cells)
        assert owners in {"$G$5:$G$111", "$H$5:$H$111"}
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
        "The first 2 gaps: share unanswered",
        "Answers that cite your site, by engine",
        "Answers that cite your site, week by week",
        "Share of what is asked that is covered, run by run",
        "What the first edits gain for their minutes",
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
        assert {rule.type for rule in sheet.data_validations.dataValidation} <= {"list", "date"}


def test_rows_are_cut_with_a_note_where_all_cells_would_be_too_many(
    analysis, tmp_path, monkeypatch
):
    monkeypatch.setattr(writer, "_MAX_ROWS", 64)
    # 64 rows a sheet give 3,863 cells, 32 rows 3,120 and 16 rows 2,336.
    monkeypatch.setattr(writer, "_MAX_CELLS", 2_400)
    book = openpyxl.load_workbook(write_workbook(analysis, tmp_path / "gaps.xlsx"))
    assert book["questions"].max_row == 1 + 16 + 1
    assert book["questions"]["A18"].value == "… and 24 more rows in the run's tables"
    assert book["pages"].max_row == 1 + 15
