"""Checked questions of a run: the file of checks, with what people chose in the workbook."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.collect.missing_items import missing_items_path, read_missing_items
from coverage_kit.collect.question_checks import (
    COLUMNS,
    FIRST_ROW,
    QuestionChecksRead,
    question_key,
    read_checks_file,
    read_question_checks,
    write_checks_file,
)
from coverage_kit.errors import SchemaError
from coverage_kit.report.wording import count
from coverage_kit.report.workbook.check_sheet import CHECKS, read_check_sheet
from coverage_kit.settings import Settings, make_settings
from coverage_kit.storage.files import locked
from coverage_kit.tables import MissingItems, Queries, QuestionChecks
from coverage_kit.vocabulary import CHOICES, PERSON, parse_choice

# The workbook in a run's folder.
WORKBOOK = "gaps.xlsx"
# Choices of people after which nothing is to be added, whatever a model misses.
_CLOSED = ("answered", "not our subject")

logger = logging.getLogger(__name__)


def collect_checks(
    settings: Settings, queries: Queries, workbooks: Iterable[Path] = ()
) -> QuestionChecks:
    """Return what was found of these queries; what the reader should know is logged.

    What people chose in the workbook of the run's folder, and in the further workbooks, is first
    written into the file of checks. Raises SchemaError as `take_choices` and `read_question_checks`
    do.
    """
    path = Path(settings.checks.path)
    for workbook in (Path(settings.out) / WORKBOOK, *workbooks):
        take_choices(path, workbook)
    return read_logged(path, queries).table


def collect_missing(settings: Settings, queries: Queries, checks: QuestionChecks) -> MissingItems:
    """Return what models found missing of the answers to these queries.

    Nothing is missing where a person chose "answered" or "not our subject". Raises SchemaError for
    a file that cannot be read.
    """
    items = read_missing_items(missing_items_path(settings.checks.path), queries)
    is_closed = (checks["checked_by"] == PERSON) & checks["choice"].isin(_CLOSED)
    closed = checks.loc[is_closed, "query_id"]
    return items[~items["query_id"].isin(closed)].reset_index(drop=True)


def read_logged(path: Path, queries: Queries) -> QuestionChecksRead:
    """Return what a file of checks says of these queries, and log its notes as warnings."""
    read = read_question_checks(path, queries)
    for note in read.notes:
        logger.warning("%s", note)
    return read


def renew_checks(analysis: Analysis, folder: Path, workbooks: Iterable[Path] = ()) -> Analysis:
    """Return a finished run with its checked questions as they are now, as `collect_checks` reads.

    Where the file of checks is gone, as in a run's folder from another machine, those of the run
    stay.
    """
    settings = make_settings(analysis.about.settings, where=str(folder))
    path = Path(settings.checks.path)
    for workbook in (folder / WORKBOOK, *workbooks):
        take_choices(path, workbook)
    if not path.exists():
        return analysis
    checks = read_logged(path, analysis.queries).table
    missing = collect_missing(settings, analysis.queries, checks)
    return replace(analysis, question_checks=checks, missing_items=missing)


def take_choices(path: Path, workbook: Path) -> int:
    """Write into a file of checks what people chose in a workbook since it was written.

    A cell counts that differs from what the workbook held then. Return the number of rows that were
    changed. Raises SchemaError, and writes nothing, for a text that is no choice, and where a
    question has been given another choice in the file since.
    """
    sheet = read_check_sheet(workbook)
    sheet["choice"] = [_choice(workbook, row, text) for row, text in sheet["choice"].items()]
    is_new = (sheet["choice"] != sheet["choice before"]) | (sheet["note"] != sheet["note before"])
    # Without the folder, the project is elsewhere: the workbook keeps what was chosen.
    if not is_new.any() or not path.parent.is_dir():
        return 0
    with locked(path.parent):
        # Where the file is gone, all of the sheet's rows come back.
        rows = read_checks_file(path)
        rows = _with_rows(rows, sheet if rows.empty else sheet[is_new])
        before = rows[["choice", "note"]].copy()
        for row in sheet[is_new].to_dict("index").items():
            _take(rows, *row, path, workbook)
        is_changed = (rows[["choice", "note"]] != before).any(axis=1)
        if is_changed.any():
            write_checks_file(path, rows)
            n = count(int(is_changed.sum()), "question")
            logger.info("%s: choices and notes of %s are new in %s", path, n, workbook)
    return int(is_changed.sum())


def _choice(workbook: Path, row: object, text: str) -> str:
    try:
        return parse_choice(text) or ""
    except ValueError:
        cure = "Choose from the cell's list, or write 1, 2, 3 or 4."
        expected = f"a choice of {', '.join(CHOICES)}"
        raise SchemaError(_cell_of(workbook, row), expected, repr(text), cure) from None


def _cell_of(workbook: Path, row: object) -> str:
    return f"{workbook}, sheet {CHECKS!r}, row {row}"


def _with_rows(rows: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Return the file's rows with those of the sheet that it lacks, as they were at first."""
    is_missing = [_rows_of(rows, cells).empty for cells in sheet.to_dict("records")]
    missing = sheet[is_missing]
    if missing.empty:
        return rows
    added = missing.assign(
        choice=missing["choice before"], note=missing["note before"], checked_by=PERSON
    ).reindex(columns=list(COLUMNS), fill_value="")
    first = int(rows.index.max()) + 1 if len(rows) else FIRST_ROW
    added.index = pd.RangeIndex(first, first + len(added))
    return pd.concat([rows, added]).fillna("")


def _rows_of(rows: pd.DataFrame, cells: Mapping[Any, str]) -> "pd.Index[Any]":
    """Return the numbers of the file's rows of people for this row of the sheet."""
    people = rows[rows["checked_by"] == PERSON]
    is_same = people["query_id"] == cells["query_id"]
    if not is_same.any():
        is_same = people["question"].map(question_key) == question_key(cells["question"])
    return people.index[is_same]


def _take(
    rows: pd.DataFrame, number: object, cells: Mapping[Any, str], path: Path, workbook: Path
) -> None:
    """Write the cells of one row of the sheet into the rows of the file."""
    row = _rows_of(rows, cells)[0]
    now = rows.loc[row, "choice"]
    if cells["choice"] not in (cells["choice before"], now):
        if now != cells["choice before"]:
            found = f"{cells['choice'] or 'nothing'!r} there and {now or 'nothing'!r} in row {row} "
            found += f"of {path} for {cells['question']!r}"
            cure = "Both were changed. Make them agree: nothing is overwritten until then."
            expected = "one choice for each question"
            raise SchemaError(_cell_of(workbook, number), expected, found, cure)
        rows.loc[row, "choice"] = cells["choice"]
    note = str(rows.loc[row, "note"])
    if cells["note"] not in (cells["note before"], note):
        # Of two notes that were written since, both stay.
        is_new = note not in ("", cells["note before"])
        rows.loc[row, "note"] = f"{note} / {cells['note']}" if is_new else cells["note"]
