"""Notes that editors wrote into an earlier workbook, which the next workbook keeps.

Notes are a row's status, owner, due date and note, and columns that people added. An edit has a
new id in each run, so each row of the to-do sheet carries in hidden columns a key (digests of the
edit's job, that is operation and page; of its section, that is operation, page and heading; and of
the question that it answers first) and the questions of its gap. The cells of an earlier workbook
are read as text, never as formulas.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.report.texts import clean_text, is_missing
from coverage_kit.report.wording import describe_operation
from coverage_kit.report.workbook.gap_choices import list_questions
from coverage_kit.tables.asked import most_asked_first

# The list from which an editor chooses a status. A row starts with the first, so that it says
# nothing that a person wrote. forms.py colours the last three.
STATUSES = ("to do", "in progress", "done", "won't do")
# The names of the two sheets that hold notes. An earlier workbook is searched for them, so another
# name would lose the notes in it: the first sheet had another name before.
TODO = "to do"
EARLIER = "earlier edits"
_TODO_NAMES = (TODO, "to do by page")
# Headings of the columns that editors fill in, and of the columns that identify the edit.
WRITTEN = ("status", "owner", "due date", "note")
KEY = "key (leave as it is)"
QUESTIONS = "all questions"
OPERATION = "operation"
PART = "part"
# The header is searched for in so many rows, as people may put rows above it (assumed).
_MAX_ROWS_BEFORE_HEADER = 50
# A key consists of the digests of job, section and question.
_N_DIGESTS = 3


@dataclass(frozen=True)
class EditorNotes:
    """One row of an earlier to-do sheet.

    Attributes:
        key: the edit's key; empty in rows that people added.
        cells: the row's texts by heading.
        written: those of them that people wrote; a status that is left as it was is none.
    """

    key: str
    cells: dict[str, str]
    written: dict[str, str]

    @property
    def is_written(self) -> bool:
        """Whether somebody wrote something into the row, or added the row."""
        return bool(self.written) or (not self.key and bool(self.cells))

    @property
    def questions(self) -> frozenset[str]:
        """The questions of the edit's gap in small letters; none in workbooks of old versions."""
        return frozenset(self.cells.get(QUESTIONS, "").casefold().split("\n")) - {""}


class EditKey(NamedTuple):
    """What identifies an edit in another run, as digests.

    Attributes:
        job: its operation and page.
        section: its operation, page and heading path.
        question: the question that it answers first.
        gap_questions: all questions of its gap.
        gap_texts: these questions as the hidden column holds them, in small letters.
        part: which part of a larger edit it is; empty for a whole edit.
        new_page: the title of its operation where it makes a new page, else empty.
    """

    job: str
    section: str
    question: str
    gap_questions: frozenset[str] = frozenset()
    gap_texts: frozenset[str] = frozenset()
    part: str = ""
    new_page: str = ""

    def __str__(self) -> str:
        return f"{self.job}-{self.section}-{self.question}"


def key_edits(analysis: Analysis) -> dict[str, EditKey]:
    """Return by edit_id the key of each edit.

    Its question is the most asked one of those that the edit was drafted from. For an edit that was
    drafted from no question, its brief takes the question's place.
    """
    texts = analysis.queries.set_index("query_id")[["text", "demand", "demand_kind"]]
    drafted = analysis.effects[analysis.effects["is_drafted_from"].astype(bool)].join(
        texts, on="query_id"
    )
    drafted = most_asked_first(drafted, "text")
    first = drafted.drop_duplicates("edit_id").set_index("edit_id")["text"].to_dict()
    questions = analysis.clusters.join(texts, on="query_id").groupby("cluster_id")["text"]
    gap_questions = {
        str(cluster_id): frozenset(_digest(str(text)) for text in gap_texts)
        for cluster_id, gap_texts in questions
    }
    gap_texts = {
        cluster_id: frozenset(lines.casefold().split("\n"))
        for cluster_id, lines in list_questions(analysis).items()
    }
    return {
        row["edit_id"]: EditKey(
            _digest(row["operation"], row["page_id"]),
            _digest(row["operation"], row["page_id"], row["heading_path"]),
            _digest(first.get(row["edit_id"], row["brief"])),
            gap_questions.get(row["cluster_id"], frozenset()),
            gap_texts.get(row["cluster_id"], frozenset()),
            clean_text(row["part"]),
            describe_operation("add_page") if row["operation"] == "add_page" else "",
        )
        for row in analysis.edits.to_dict("records")
    }


def merge_notes(*books: Sequence[EditorNotes]) -> list[EditorNotes]:
    """Return the rows of several workbooks, each once.

    Where several workbooks have a row for an edit, the row of the first workbook counts.
    """
    merged: list[EditorNotes] = []
    for rows in books:
        keys = {row.key for row in merged if row.key}
        new = [row for row in rows if row.key not in keys and row not in merged]
        merged += [
            row
            for index, row in enumerate(new)
            if not any(_is_same(row, earlier) for earlier in new[:index])
        ]
    return merged


def match_notes(
    keys: Sequence[EditKey], notes: Sequence[EditorNotes]
) -> tuple[dict[int, EditorNotes], list[EditorNotes]]:
    """Return by index among the keys the row of that edit, and the written rows of no edit.

    First, rows are matched whose section and question agree; then rows whose job (operation and
    page) and question agree, as headings change; then rows whose section agrees if their question
    is still a question of the edit's gap. Then the gap decides, as topics may be grouped anew: rows
    whose job and part agree, then parts of new pages (whose address is made from the topic's name),
    if most questions of the row's gap are questions of the edit's gap. Another operation, or
    another question in the same section, is another job: that one of them is done says nothing
    about the other.
    """
    # Each test gets an edit's key, a row, and the digests of its key: job, section, question.
    agrees: tuple[Callable[[EditKey, EditorNotes, list[str]], bool], ...] = (
        lambda key, _, digests: [key.section, key.question] == digests[1:],
        lambda key, _, digests: [key.job, key.question] == digests[::2],
        lambda key, _, digests: key.section == digests[1] and digests[2] in key.gap_questions,
        lambda key, row, digests: key.job == digests[0] and _is_of_gap(key, row),
        lambda key, row, _: key.new_page == row.cells.get(OPERATION) and _is_of_gap(key, row),
    )
    matched: dict[int, EditorNotes] = {}
    unmatched = [row for row in notes if row.is_written]
    for agree in agrees:
        for row in list(unmatched):
            digests = row.key.split("-")
            indices = (
                index
                for index, key in enumerate(keys)
                if index not in matched and len(digests) == _N_DIGESTS and agree(key, row, digests)
            )
            first = next(indices, None)
            if first is not None:
                matched[first] = row
                unmatched.remove(row)
    return matched, unmatched


def _is_of_gap(key: EditKey, row: EditorNotes) -> bool:
    """Return whether a row is of the same part, and most of its gap's questions are the edit's."""
    n_shared = len(row.questions & key.gap_texts)
    return key.part == row.cells.get(PART, "") and n_shared > len(row.questions) / 2


def _digest(*texts: str) -> str:
    return blake2b(
        "\0".join(map(str, texts)).encode("utf-8", "surrogatepass"),
        # 8 characters for each digest: the key of three digests fits its column (assumed to be
        # enough).
        digest_size=4,
    ).hexdigest()


def _is_same(row: EditorNotes, earlier: EditorNotes) -> bool:
    """Return whether both rows are of the same edit and hold the same notes."""
    if not row.key:
        return row == earlier
    return (row.key, row.written) == (earlier.key, earlier.written)


def read_notes(path: Path, toolkit_headings: Collection[str]) -> list[EditorNotes]:
    """Return the rows of a workbook's to-do sheet and of its earlier edits.

    Args:
        path: the workbook.
        toolkit_headings: the headings that the toolkit writes: people added any further column.

    Raises RunError where the file is no workbook with a to-do sheet.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 (slow to import)
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    cure = (
        "Name a workbook (.xlsx) that coverage-kit wrote. If another program saved it in another "
        "format, save it as .xlsx."
    )
    try:
        with warnings.catch_warnings():
            # openpyxl warns of extensions by other programs, which are not read here.
            warnings.simplefilter("ignore")
            values, formulas = (
                load_workbook(path, read_only=True, data_only=flag) for flag in (True, False)
            )
            names = values.sheetnames
            rows_by_sheet = {
                name: _read_sheet(values[name], formulas[name], toolkit_headings)
                for name in (*_TODO_NAMES, EARLIER)
                if name in names
            }
            for book in (values, formulas):
                book.close()
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        SyntaxError,
        BadZipFile,
        InvalidFileException,
    ) as error:
        raise RunError(
            str(path), "a workbook of an earlier run", _first_line(error), cure
        ) from error
    if all(rows_by_sheet.get(name) is None for name in _TODO_NAMES):
        problem = (
            f"no column {KEY!r}"
            if any(name in rows_by_sheet for name in _TODO_NAMES)
            else f"sheets {', '.join(map(repr, names[:30]))}"
        )
        raise RunError(str(path), f"a sheet {TODO!r} with a column {KEY!r}", problem, cure)
    return [row for rows in rows_by_sheet.values() for row in rows or ()]


def _read_sheet(
    values: Any, formulas: Any, toolkit_headings: Collection[str]
) -> list[EditorNotes] | None:
    """Return the rows below the header, or None where there is no header.

    Where a cell has a formula, its value is read, or the formula as text if no value is stored.
    """
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # other programs may write wrong dimensions
    headings: list[str] = []
    rows: list[EditorNotes] | None = None
    rows_of_cells = zip(
        values.iter_rows(values_only=True),
        formulas.iter_rows(values_only=True),
        strict=True,
    )
    for number, (row_values, row_formulas) in enumerate(rows_of_cells):
        cells = [
            _as_text(value if value is not None else formula)
            for value, formula in zip(row_values, row_formulas, strict=True)
        ]
        if rows is not None:
            row = _read_row(headings, cells, toolkit_headings)
            if row is not None:
                rows.append(row)
        elif number < _MAX_ROWS_BEFORE_HEADER and KEY in [cell.casefold() for cell in cells]:
            headings = _read_headings(cells, toolkit_headings)
            rows = []
    return rows


def _read_row(
    headings: Sequence[str], cells: Sequence[str], toolkit_headings: Collection[str]
) -> EditorNotes | None:
    """Return the row with these cells, or None where it is empty."""
    texts = {
        heading: cell for heading, cell in zip(headings, cells, strict=False) if heading and cell
    }
    written = {
        heading: cell
        for heading, cell in texts.items()
        if (heading in WRITTEN or heading not in toolkit_headings)
        and (heading, cell.casefold()) != ("status", STATUSES[0])
    }
    return EditorNotes(texts.pop(KEY, ""), texts, written) if texts else None


def _read_headings(cells: Sequence[str], toolkit_headings: Collection[str]) -> list[str]:
    """Return the headings: the toolkit's in lower case, an empty text for a repeated heading."""
    folded = [cell.casefold() for cell in cells]
    headings = [
        heading if heading in toolkit_headings else cell
        for heading, cell in zip(folded, cells, strict=True)
    ]
    return [
        "" if heading in headings[:index] else heading for index, heading in enumerate(headings)
    ]


def _as_text(value: Any) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return clean_text(
        int(value) if isinstance(value, float) and value.is_integer() else value
    ).strip()


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    line = error.strerror if isinstance(error, OSError) else lines[0]
    return line or type(error).__name__


def list_own_columns(notes: Sequence[EditorNotes]) -> list[str]:
    """Return the headings of the columns that people added, in the order of the rows."""
    names = dict.fromkeys(name for row in notes for name in row.written if name not in WRITTEN)
    return list(names)


def written_frame(rows: Sequence[EditorNotes | None], columns: Sequence[str]) -> pd.DataFrame:
    """Return what people wrote into these rows, in a column for each name."""
    cells = [[row.written.get(name) if row else None for name in columns] for row in rows]
    return pd.DataFrame(cells, columns=list(columns), dtype="object")
