"""What people choose in the workbook and in the file is one table, whichever they fill in."""

from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from coverage_kit.analysis import About
from coverage_kit.collect.missing_items import missing_items_path, write_missing_items
from coverage_kit.collect.question_checks import read_checks_file, write_checks_file
from coverage_kit.errors import SchemaError
from coverage_kit.pipeline.question_checks import renew_checks, take_choices
from coverage_kit.report.outputs import write_run
from coverage_kit.report.workbook import write_workbook
from coverage_kit.report.workbook.check_sheet import CHECKS, read_check_sheet
from coverage_kit.tables import MISSING_ITEMS, QUESTION_CHECKS
from coverage_kit.tasks.sample import draw_sample, save_choices
from tests.report.conftest import make_analysis


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checks.csv"


@pytest.fixture
def analysis(path):
    """An analysis with six drawn questions, of which the first is answered."""
    analysis = make_analysis()
    settings = {"site": {"source": "site"}, "checks": {"path": str(path)}}
    about = About(own_site=analysis.about.own_site, settings=settings)
    sample = draw_sample(analysis, path, n=6)
    save_choices(path, {sample.table["query_id"].iloc[0]: "answered"})
    sample = draw_sample(analysis, path)
    return replace(analysis, about=about, question_checks=sample.table)


@pytest.fixture
def book(analysis, tmp_path):
    return write_workbook(analysis, tmp_path / "gaps.xlsx")


def fill(book, cells):
    """Write {(row, heading): value} into the sheet, as people would."""
    workbook = openpyxl.load_workbook(book)
    sheet = workbook[CHECKS]
    headings = [cell.value for cell in sheet[1]]
    for (row, heading), value in cells.items():
        sheet.cell(row, headings.index(heading) + 1).value = value
    workbook.save(book)


def choices(path):
    return read_checks_file(path)["choice"].tolist()


def test_what_is_chosen_in_the_workbook_goes_into_the_file(path, book):
    fill(book, {(3, "choice"): "partly", (4, "choice"): 3, (4, "note"): "see FAQ"})
    assert take_choices(path, book) == 2
    assert choices(path) == ["answered", "partly", "not answered", "", "", ""]
    assert read_checks_file(path)["note"].iloc[2] == "see FAQ"
    assert take_choices(path, book) == 0


def test_a_choice_that_was_taken_back_in_the_workbook_is_taken_back_in_the_file(path, book):
    fill(book, {(2, "choice"): None})
    assert take_choices(path, book) == 1
    assert choices(path)[0] == ""


def test_the_newer_choice_of_each_question_counts(path, book, analysis):
    rows = read_checks_file(path)["query_id"].tolist()
    fill(book, {(3, "choice"): "partly"})
    save_choices(path, {rows[0]: "not answered", rows[2]: "answered"})
    take_choices(path, book)
    assert choices(path) == ["not answered", "partly", "answered", "", "", ""]
    renewed = renew_checks(analysis, book.parent)
    again = read_check_sheet(write_workbook(renewed, book))
    assert again["choice"].tolist() == choices(path)


def test_two_new_choices_that_differ_are_reported_with_both_rows_and_neither_is_lost(path, book):
    first = read_checks_file(path)["query_id"].iloc[1]
    fill(book, {(3, "choice"): "partly", (4, "choice"): "partly"})
    save_choices(path, {first: "answered"})
    before = path.read_bytes()
    with pytest.raises(SchemaError) as raised:
        take_choices(path, book)
    message = str(raised.value)
    assert "'questions to check', row 3" in message
    assert f"'partly' there and 'answered' in row 3 of {path}" in message
    assert path.read_bytes() == before
    fill(book, {(3, "choice"): "answered"})
    take_choices(path, book)
    assert choices(path)[:3] == ["answered", "answered", "partly"]


def test_two_new_notes_both_stay(path, book):
    first = read_checks_file(path)["query_id"].iloc[0]
    fill(book, {(2, "note"): "in the FAQ"})
    save_choices(path, {}, notes={first: "page 3"})
    take_choices(path, book)
    assert read_checks_file(path)["note"].iloc[0] == "page 3 / in the FAQ"


def test_a_text_that_is_no_choice_is_an_error_that_names_sheet_and_row(path, book):
    fill(book, {(5, "choice"): "perhaps"})
    with pytest.raises(SchemaError, match=r"'questions to check', row 5: .*'perhaps'"):
        take_choices(path, book)


def test_a_sheet_that_somebody_sorted_is_matched_by_its_ids(path, book):
    workbook = openpyxl.load_workbook(book)
    sheet = workbook[CHECKS]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    for number, row in enumerate(reversed(rows), 2):
        for column, value in enumerate(row, 1):
            sheet.cell(number, column, value)
    sheet.cell(2, 2, "partly")
    workbook.save(book)
    take_choices(path, book)
    assert choices(path) == ["answered", "", "", "", "", "partly"]


def test_the_file_comes_back_from_the_workbook_with_what_is_new_there(path, book):
    before = read_checks_file(path)
    path.unlink()
    assert take_choices(path, book) == 0
    assert not path.exists()
    fill(book, {(3, "choice"): "partly"})
    take_choices(path, book)
    rows = read_checks_file(path)
    assert choices(path) == ["answered", "partly", "", "", "", ""]
    kept = ["query_id", "stratum", "draw", "checked_by"]
    assert rows[kept].to_dict("records") == before[kept].to_dict("records")
    assert rows["probability"].astype(float).tolist() == pytest.approx(
        before["probability"].astype(float).tolist()
    )


def test_a_row_that_the_file_lacks_comes_back_if_it_was_filled_in(path, book):
    rows = read_checks_file(path)
    write_checks_file(path, rows.iloc[:3])
    fill(book, {(6, "choice"): "partly"})
    take_choices(path, book)
    assert (
        read_checks_file(path)["query_id"].tolist() == rows["query_id"].iloc[[0, 1, 2, 4]].tolist()
    )
    assert choices(path) == ["answered", "", "", "partly"]


def test_no_workbook_no_sheet_and_a_broken_workbook_change_nothing(path, tmp_path):
    before = path.exists()
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    for name in ("missing.xlsx", "broken.xlsx", "other.xlsx"):
        assert take_choices(path, tmp_path / name) == 0
    assert path.exists() == before


def test_what_is_filled_in_while_a_run_computes_stays_in_the_workbook(path, book, analysis):
    fill(book, {(3, "choice"): 2, (4, "note"): "later"})
    write_workbook(analysis, book)
    sheet = read_check_sheet(book)
    assert sheet["choice"].tolist()[:3] == ["answered", "partly", ""]
    assert sheet["note"].tolist()[:3] == ["", "", "later"]
    take_choices(path, book)
    assert choices(path)[:2] == ["answered", "partly"]


def test_a_rebuild_keeps_the_sheet_where_the_file_is_on_another_machine(path, analysis, tmp_path):
    write_run(analysis, tmp_path / "run")
    fill(tmp_path / "run/gaps.xlsx", {(3, "choice"): "partly"})
    elsewhere = {**analysis.about.settings, "checks": {"path": "/nowhere/checks.csv"}}
    moved = replace(analysis, about=replace(analysis.about, settings=elsewhere))
    renewed = renew_checks(moved, tmp_path / "run")
    write_workbook(renewed, tmp_path / "run/gaps.xlsx")
    sheet = read_check_sheet(tmp_path / "run/gaps.xlsx")
    assert sheet["choice"].tolist()[:3] == ["answered", "partly", ""]


def test_the_checks_are_saved_with_the_run(analysis, tmp_path):
    write_run(analysis, tmp_path / "run")
    saved = pd.read_parquet(tmp_path / "run/tables/question_checks.parquet")
    QUESTION_CHECKS.check(saved, "saved")
    assert saved["choice"].fillna("").tolist() == ["answered", "", "", "", "", ""]
    assert saved["query_id"].tolist() == analysis.question_checks["query_id"].tolist()
    empty = analysis.question_checks.assign(choice=None).astype({"choice": "str"})
    QUESTION_CHECKS.check(QUESTION_CHECKS.typed(empty), "without choices")


def test_what_a_model_missed_counts_until_a_person_says_that_the_site_answers(path, analysis):
    ids = analysis.question_checks["query_id"].tolist()
    items = MISSING_ITEMS.table(
        [{"query_id": name, "item": "its range", "checked_by": "small"} for name in ids]
    )
    write_missing_items(missing_items_path(path), items, analysis.queries, ids, "small")
    save_choices(path, {ids[1]: "not our subject", ids[2]: "partly"})
    renewed = renew_checks(analysis, path.parent / "run")
    answered = renewed.question_checks.set_index("query_id")["choice"]
    closed = {name for name in ids if answered[name] in ("answered", "not our subject")}
    assert len(closed) == 2
    assert set(renewed.missing_items["query_id"]) == set(ids) - closed
