"""The sheet of questions to check shows what a person needs, and nothing that sways them."""

from dataclasses import replace

import openpyxl
import pytest

from coverage_kit.report.question_checks import describe_checks
from coverage_kit.report.run_summary import describe_run
from coverage_kit.report.workbook import write_workbook
from coverage_kit.report.workbook.check_sheet import CHECKS, read_check_sheet
from coverage_kit.tables import QUESTION_CHECKS
from coverage_kit.vocabulary import CHOICES


@pytest.fixture(scope="module")
def sheet(book):
    return book[CHECKS]


def cells(sheet, title):
    index = [cell.value for cell in sheet[1]].index(title)
    return [row[index] for row in sheet.iter_rows(min_row=2)]


def test_the_sheet_holds_the_questions_of_a_person_and_no_verdict_of_a_model(sheet):
    assert [cell.value for cell in cells(sheet, "query_id")] == [f"q{n}" for n in range(6)]
    assert [cell.value for cell in cells(sheet, "choice")] == [
        *("answered", "partly", "not answered", "answered", None, None)
    ]
    assert "model-x" not in {cell.value for row in sheet for cell in row}


def test_predicted_coverage_is_not_shown(sheet, analysis):
    shown = [
        cell.value
        for row in sheet.iter_rows()
        for cell in row
        if not sheet.column_dimensions[cell.column_letter].hidden
    ]
    for value in analysis.coverage["coverage"]:
        assert value not in shown
        assert f"{value:.0%}" not in shown
    assert "coverage" not in {cell.value for cell in sheet[1]}


def test_a_choice_comes_from_a_list_and_may_be_a_number(sheet):
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == f'"{",".join(CHOICES)}"'
    assert str(validation.sqref) == "B2:B7"
    assert not validation.showErrorMessage


def test_technical_columns_are_hidden_and_texts_wrap(sheet):
    titles = [cell.value for cell in sheet[1]]
    letters = {title: sheet.cell(1, n).column_letter for n, title in enumerate(titles, 1)}
    hidden = [name for name, letter in letters.items() if is_hidden(sheet, letter)]
    assert hidden == [
        *("query_id", "stratum", "probability", "draw", "choice before", "note before")
    ]
    assert all(cell.alignment.wrap_text for cell in cells(sheet, "question"))
    assert all(cell.alignment.wrap_text for cell in cells(sheet, "passage 1"))
    assert sheet.column_dimensions["A"].width >= 36
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


def is_hidden(sheet, letter):
    """Return whether a column is hidden; openpyxl keeps equal neighbours as one."""
    number = openpyxl.utils.column_index_from_string(letter)
    return any(
        group.hidden and group.min <= number <= group.max
        for group in sheet.column_dimensions.values()
        if group.min is not None
    )


def test_links_lead_to_pages_and_never_to_scripts(sheet):
    links = [cell.hyperlink.target for cell in cells(sheet, "link 1") if cell.hyperlink]
    assert links
    assert all(link.startswith("https://") for link in links)
    assert [cell.value for cell in cells(sheet, "link 1") if cell.hyperlink] == ["open"] * len(
        links
    )


def test_a_run_without_drawn_questions_has_no_such_sheet(analysis, tmp_path):
    plain = replace(analysis, question_checks=QUESTION_CHECKS.empty())
    path = write_workbook(plain, tmp_path / "gaps.xlsx")
    assert CHECKS not in openpyxl.load_workbook(path, read_only=True).sheetnames
    assert read_check_sheet(path).empty


def test_the_terminal_says_how_many_were_checked_with_which_choices_and_of_which_draw(
    analysis, tmp_path
):
    lines = describe_checks(analysis.question_checks)
    assert lines == [
        "4 of 6 questions checked: 2 answered, 1 partly, 1 not answered, 0 not our subject "
        "(draws 1, 2).",
        "1 question checked by model-x: 1 answered, 0 partly, 0 not answered, 0 not our subject "
        "(draw 1); not used for the level.",
    ]
    assert lines[0] in describe_run(analysis, tmp_path)
    assert describe_checks(QUESTION_CHECKS.empty()) == []
