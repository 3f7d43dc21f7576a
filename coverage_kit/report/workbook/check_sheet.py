"""The sheet of questions to check: written for people, and read for what they chose.

The sheet holds the choice and the note as they were when it was written, so that a choice of a
person can be distinguished from an older one.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.question_checks import N_PASSAGES, list_nearest, spread_nearest
from coverage_kit.report.texts import clean_text, safe_url
from coverage_kit.report.workbook.sheet import Sheet, SheetColumn
from coverage_kit.vocabulary import PERSON, parse_choice

# Workbooks of earlier runs are searched for this name.
CHECKS = "questions to check"
# How much of a passage is shown: with more, a row fills a screen (assumed). The link leads to the
# whole page.
_MAX_CHARACTERS = 600
_MAX_LINES = 18
# What openpyxl raises, beside its own exception, for a file that is no workbook.
_FAULTS = (OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, BadZipFile)
# The text of a link to a page.
_OPEN = "open"
# By which columns a row of an earlier sheet is read.
_READ = (
    *("question", "choice", "note", "query_id", "stratum", "probability", "draw"),
    *("choice before", "note before"),
)
_FIELDS = (
    SheetColumn("question", "question", width=36),
    SheetColumn("choice", "choice", "choice", 16, is_written=True),
    SheetColumn("note", "note", width=20, is_written=True),
    *(
        field
        for rank in range(1, N_PASSAGES + 1)
        for field in (
            SheetColumn(f"passage {rank}", f"passage {rank}", width=38),
            SheetColumn(f"link {rank}", f"open {rank}", width=7, link=f"link {rank}"),
        )
    ),
    SheetColumn("query_id", "query_id", is_hidden=True),
    SheetColumn("stratum", "stratum", is_hidden=True),
    SheetColumn("probability", "probability", "fine", is_hidden=True),
    SheetColumn("draw", "draw", "integer", is_hidden=True),
    SheetColumn("choice before", "choice before", is_hidden=True),
    SheetColumn("note before", "note before", is_hidden=True),
)


def list_check_sheets(analysis: Analysis, earlier: pd.DataFrame | None = None) -> list[Sheet]:
    """Return the sheet of questions to check; none where no question was drawn for a person.

    Args:
        analysis: the run.
        earlier: rows of earlier sheets, as `read_check_sheet` returns them. What people wrote into
            them since counts more than the run's choices, which are older.
    """
    checks = analysis.question_checks
    checks = checks[checks["checked_by"] == PERSON]
    if checks.empty:
        return []
    rows = checks.rename(columns={"text": "question"}).join(
        spread_nearest(list_nearest(analysis, checks["query_id"]), _MAX_CHARACTERS), on="query_id"
    )
    changed = pd.DataFrame(columns=_READ) if earlier is None else earlier
    changed = changed.assign(choice=changed["choice"].map(_plain_choice))
    for name in ("choice", "note"):
        known = rows[name] if name in rows else pd.Series("", index=rows.index)
        rows[f"{name} before"] = known.map(clean_text)
        since = changed[changed[name] != changed[f"{name} before"]].drop_duplicates("query_id")
        written = rows["query_id"].map(since.set_index("query_id")[name])
        texts = written.where(written.notna(), rows[f"{name} before"])
        rows[name] = texts.astype("object").where(texts != "", None)
    for rank in range(1, N_PASSAGES + 1):
        for name in (f"passage {rank}", f"link {rank}"):
            rows[name] = rows[name].fillna("") if name in rows else ""
        links = rows[f"link {rank}"]
        # A page without a URL has the path of its file.
        rows[f"open {rank}"] = [_OPEN if safe_url(link) else link for link in links]
    sheet = Sheet(
        CHECKS,
        _FIELDS,
        rows.reset_index(drop=True),
        "does your site answer the question? Choose from the list, or write 1 to 4; the next run "
        "reads it",
        (tables.QUESTION_CHECKS,),
        max_lines=_MAX_LINES,
        group="act",
    )
    return [sheet]


def _plain_choice(text: str) -> str:
    """Return a choice in its exact words; a text that is none stays, and the next run says so."""
    try:
        return parse_choice(text) or ""
    except ValueError:
        return text


def read_check_sheet(path: Path) -> pd.DataFrame:
    """Return the rows of a workbook's sheet of questions to check, as text.

    The columns are question, choice, note, query_id, stratum, probability, draw, and choice and
    note as they were before people wrote; the index is the row's number. There are no rows where
    there is no such workbook, no such sheet, or none that can be read (`find_notes` sets a workbook
    aside that cannot be read).
    """
    return read_sheet(path, CHECKS, _READ, "query_id")


def read_sheet(path: Path, name: str, columns: Sequence[str], key: str) -> pd.DataFrame:
    """Return rows of a sheet of a workbook as text, by the row's number.

    There are no rows where there is no workbook that can be read, no such sheet, or no header with
    the key.

    Args:
        path: the workbook.
        name: the sheet.
        columns: headings of the columns to read; one that the sheet lacks is empty.
        key: heading of a column that is filled in each row.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 (slow to import)
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    nothing = pd.DataFrame(columns=list(columns), dtype="str")
    if not path.is_file():
        return nothing
    try:
        with warnings.catch_warnings():
            # openpyxl warns of extensions by other programs, which are not read here.
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True, data_only=True)
            if name not in book.sheetnames:
                book.close()
                return nothing
            book[name].reset_dimensions()  # other programs may write wrong dimensions
            rows = [list(map(_as_text, row)) for row in book[name].iter_rows(values_only=True)]
            book.close()
    except (*_FAULTS, InvalidFileException):
        return nothing
    # People may have put rows above the header.
    first = next((number for number, row in enumerate(rows) if key in row), None)
    if first is None:
        return nothing
    width = len(rows[first])
    cells = [[*row, *[""] * width][:width] for row in rows[first + 1 :]]
    frame = pd.DataFrame(cells, columns=rows[first], index=range(first + 2, len(rows) + 1))
    frame = frame.loc[:, ~frame.columns.duplicated()].reindex(columns=list(columns), fill_value="")
    return frame[frame[key] != ""].astype("str")


def _as_text(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return clean_text(int(value) if is_whole else value).strip()
