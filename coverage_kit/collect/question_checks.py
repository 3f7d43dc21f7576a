"""The file of checks: questions that people check, as CSV, read as any spreadsheet saves it."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.collect.decode import clean_text, decode_text
from coverage_kit.collect.logs.csv_rows import find_delimiter
from coverage_kit.collect.logs.normalize import normal_form
from coverage_kit.errors import SchemaError
from coverage_kit.escaping import for_cell, from_cell
from coverage_kit.storage.files import as_error, write_file
from coverage_kit.tables import QUESTION_CHECKS, Queries, QuestionChecks, checked
from coverage_kit.vocabulary import CHOICES, PERSON, parse_choice

# Nearest own passages beside each question: more are rarely read (assumed).
N_PASSAGES = 3
PASSAGE_COLUMNS = tuple(
    name for rank in range(1, N_PASSAGES + 1) for name in (f"passage {rank}", f"link {rank}")
)
COLUMNS = (
    *("question", "choice", "note"),
    *PASSAGE_COLUMNS,
    *("checked_by", "query_id", "stratum", "probability", "draw"),
)
# The first bytes of a zip, which a workbook is.
_ZIP = b"PK\x03\x04"
# The number of the first row below the header in a spreadsheet.
FIRST_ROW = 2
# Without these a file says nothing of its questions.
_REQUIRED = ("question", "choice", "stratum", "probability", "draw")
# Where a larger share of the questions is not in the log, the file may be another site's (assumed).
_MAX_UNKNOWN_SHARE = 0.5
# From so many checks on, the same choice for all says more of the checker than of the site
# (assumed).
_MIN_SAME = 10
_CURE_CHOICE = "Write one of them, or its number 1, 2, 3 or 4, or leave the cell empty."
_CURE_FILE = "Draw the questions again: coverage-kit sample RUN --out checks.csv"


@dataclass(frozen=True)
class QuestionChecksRead:
    """What a file of checks says of a log's questions.

    Attributes:
        table: the drawn questions that the log holds, each once for each checker, with or without a
            choice. It has the further column `note`.
        notes: what the reader should know, each a sentence: rows that are not counted, and so on.
        n_rows: rows in the file.
        n_unknown: rows whose question is not in the log.
    """

    table: QuestionChecks
    notes: tuple[str, ...] = ()
    n_rows: int = 0
    n_unknown: int = 0

    @property
    def is_foreign(self) -> bool:
        """Whether most of the questions are not in the log, as in another site's file."""
        return self.n_unknown > _MAX_UNKNOWN_SHARE * self.n_rows


def question_key(text: str) -> str:
    """Return what identifies a question in another run: its words without case and punctuation."""
    return normal_form(text)


def read_checks_file(path: str | Path) -> pd.DataFrame:
    """Return the rows of a file of checks as text, with every column of `COLUMNS` and any further.

    The index is the number of the row in a spreadsheet; the header is row 1. Choices have their
    exact words, or are empty. CSV is read in the encoding and with the separator that it has. There
    are no rows where there is no file. Raises SchemaError for a missing column, and naming the row
    for a choice, a probability or a draw that cannot be read.
    """
    path = Path(path)
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    lines = read_cells(path)
    header_row = next((number for number in sorted(lines)), None)
    if header_row is None:
        found = "an empty file"
        raise SchemaError(str(path), f"columns {', '.join(_REQUIRED)}", found, _CURE_FILE)
    header = _read_header(str(path), lines.pop(header_row))
    rows = {number: _read_row(str(path), number, cells, header) for number, cells in lines.items()}
    frame = pd.DataFrame(list(rows.values()), index=list(rows), columns=_all_columns(header))
    return frame.fillna("").astype("str")


def read_cells(path: Path) -> dict[int, list[str]]:
    """Return the cells of each row of a CSV that is not empty, by its number in a spreadsheet.

    The file has whatever encoding and separator a spreadsheet gave it. Raises SchemaError where it
    cannot be read.
    """
    with as_error(path, "a CSV that can be read", "Check its permissions.", SchemaError):
        content = path.read_bytes()
    if content.startswith(_ZIP):
        cure = "Save it as CSV: in a spreadsheet, File, Save as."
        raise SchemaError(str(path), "a CSV file", "a workbook or an archive", cure)
    return _read_lines(str(path), decode_text(content))


def write_cells(path: Path, rows: Iterable[Iterable[str]]) -> None:
    """Write rows of cells as CSV: UTF-8 with a byte-order mark, for Excel; no text is a formula.

    A file that had semicolons keeps them. Raises SchemaError when it cannot be written.
    """
    stream = io.StringIO()
    delimiter = ";" if path.exists() and _delimiter(decode_text(path.read_bytes())) == ";" else ","
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows([for_cell(cell) for cell in cells] for cells in rows)
    cure = "Close it in other programs."
    write_file(path, stream.getvalue().encode("utf-8-sig"), error=SchemaError, cure=cure)


def write_checks_file(path: str | Path, rows: pd.DataFrame) -> Path:
    """Write rows as `read_checks_file` returns them; return the path.

    See `write_cells`. Raises SchemaError when the file cannot be written.
    """
    path = Path(path)
    columns = _all_columns(list(rows.columns))
    records = rows.reindex(columns=columns, fill_value="").to_dict("records")
    cells = [[clean_text(str(row[name])) for name in columns] for row in records]
    write_cells(path, [columns, *cells])
    return path


@checked
def read_question_checks(path: str | Path, queries: Queries) -> QuestionChecksRead:
    """Return what a file of checks says of these queries; nothing where there is no file.

    A row belongs to the query with its id or, where ids have changed, with its words (case, spaces
    and punctuation do not count). Raises SchemaError as `read_checks_file` does, and for two rows
    of a question and checker whose choices differ, naming both rows.
    """
    path = Path(path)
    rows = read_checks_file(path)
    rows = rows.assign(known_id=_match(rows, queries), row=rows.index)
    rows["key"] = [
        known or question_key(question)
        for known, question in zip(rows["known_id"], rows["question"], strict=True)
    ]
    _check_contradictions(path, rows)
    # Of rows that repeat, one that was drawn counts, and one with a choice.
    unique = rows.assign(is_added=rows["probability"] == "", is_empty=rows["choice"] == "")
    unique = unique.sort_values(["is_added", "is_empty", "row"], kind="stable")
    unique = unique.drop_duplicates(["key", "checked_by"]).sort_values("row")
    is_known = unique["known_id"] != ""
    is_drawn = unique["probability"] != ""
    counted = unique[is_known & is_drawn]
    n_unknown = int((~is_known).sum())
    read = QuestionChecksRead(_as_table(counted), (), len(unique), n_unknown)
    notes = _describe(path, rows, unique, read.is_foreign)
    return QuestionChecksRead(read.table, tuple(notes), read.n_rows, n_unknown)


def _delimiter(text: str) -> str:
    return find_delimiter(next((line for line in text.split("\n") if line.strip()), ""))


def _read_lines(where: str, text: str) -> dict[int, list[str]]:
    """Return the cells of each row that is not empty, by its number in a spreadsheet."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    delimiter = _delimiter(text)
    lines: dict[int, list[str]] = {}
    number = 0
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            # Spreadsheets hide the line "sep=;" that names the separator.
            if not lines and "".join(cells).lower().startswith("sep="):
                continue
            number += 1
            if any(cell.strip() for cell in cells):
                lines[number] = [from_cell(cell).strip() for cell in cells]
    except csv.Error as error:
        cure = "Correct the quotes there, or save the file again from a spreadsheet."
        raise SchemaError(where, f"CSV in row {number + 1}", str(error), cure) from None
    return lines


def _read_header(where: str, cells: list[str]) -> list[str]:
    """Return the names of the columns: the toolkit's as they are written, others as they are."""
    names = {name.casefold().replace("_", " "): name for name in COLUMNS}
    header = [
        names.get(" ".join(cell.casefold().replace("_", " ").split()), cell) for cell in cells
    ]
    if missing := [name for name in _REQUIRED if name not in header]:
        found = ", ".join(filter(None, header))[:200]
        raise SchemaError(where, f"a column {missing[0]!r}", f"columns {found}", _CURE_FILE)
    if repeated := [name for name in COLUMNS if header.count(name) > 1]:
        found = f"{header.count(repeated[0])}"
        raise SchemaError(where, f"one column {repeated[0]!r}", found, "Delete the others.")
    return header


def _all_columns(names: list[str]) -> list[str]:
    """Return the toolkit's columns, with those that people added before the technical ones."""
    own = [name for name in dict.fromkeys(names) if name and name not in COLUMNS]
    n_read = COLUMNS.index("checked_by")
    return [*COLUMNS[:n_read], *own, *COLUMNS[n_read:]]


def _read_row(where: str, number: int, cells: list[str], header: list[str]) -> dict[str, str]:
    row = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    checker = row.get("checked_by") or PERSON
    row["checked_by"] = PERSON if checker.casefold() == PERSON else checker
    try:
        row["choice"] = parse_choice(row.get("choice", "")) or ""
    except ValueError:
        expected = f"row {number}: a choice of {', '.join(CHOICES)}"
        raise SchemaError(where, expected, repr(row["choice"]), _CURE_CHOICE) from None
    if not row.get("question"):
        expected = f"row {number}: a question"
        raise SchemaError(where, expected, "an empty cell", "Write it there, or delete the row.")
    _check_numbers(where, number, row)
    return row


def _check_numbers(where: str, number: int, row: dict[str, str]) -> None:
    """Put the probability and the draw of a row into plain form."""
    cure = "Put back what was there: coverage-kit wrote it, and figures are weighed by it."
    if not row.get("probability"):
        return  # a row that a person added
    # A spreadsheet may write 0,5 for 0.5, and 1.0 for 1.
    probability = _number(row["probability"])
    if not 0 < probability <= 1:
        expected = f"row {number}: a probability over 0 and up to 1"
        raise SchemaError(where, expected, repr(row["probability"]), cure)
    draw = _number(row.get("draw", ""))
    if not (draw >= 1 and draw.is_integer()):
        expected = f"row {number}: the number of a draw, from 1"
        raise SchemaError(where, expected, repr(row.get("draw", "")), cure)
    row["probability"], row["draw"] = repr(probability), str(int(draw))


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return float("nan")


def _match(rows: pd.DataFrame, queries: Queries) -> list[str]:
    """Return for each row the id of its query, or empty text where the log does not hold it."""
    ids = set(queries["query_id"])
    id_of = {
        question_key(str(text)): str(query_id)
        for text, query_id in zip(queries["text"], queries["query_id"], strict=True)
    }
    return [
        query_id if query_id in ids else id_of.get(question_key(question), "")
        for query_id, question in zip(rows["query_id"], rows["question"], strict=True)
    ]


def _check_contradictions(path: Path, rows: pd.DataFrame) -> None:
    filled: dict[tuple[str, str], Mapping[Any, Any]] = {}
    for row in rows[rows["choice"] != ""].to_dict("records"):
        other = filled.setdefault((row["key"], row["checked_by"]), row)
        if other["choice"] != row["choice"]:
            found = f"{other['choice']} in row {other['row']} and {row['choice']} in row "
            found += f"{row['row']} for {row['question']!r}"
            cure = "Correct one of the two rows, or delete it."
            raise SchemaError(str(path), "one choice for each question", found, cure)


def _as_table(rows: pd.DataFrame) -> QuestionChecks:
    if rows.empty:
        return QUESTION_CHECKS.empty().assign(note=pd.Series(dtype="str"))
    return QUESTION_CHECKS.typed(
        pd.DataFrame(
            {
                "query_id": rows["known_id"],
                "text": rows["question"],
                "choice": rows["choice"].where(rows["choice"] != "", None).astype("object"),
                "checked_by": rows["checked_by"],
                "stratum": rows["stratum"],
                "probability": rows["probability"].astype(float),
                "draw": rows["draw"].astype(int),
                "note": rows["note"],
            }
        )
    ).reset_index(drop=True)


def _describe(path: Path, rows: pd.DataFrame, unique: pd.DataFrame, is_foreign: bool) -> list[str]:
    """Return what the reader of a run should know about the file, each as a sentence."""
    notes = []
    if len(rows) > len(unique):
        repeated = rows[rows.duplicated(["key", "checked_by"])]["row"].astype(str)
        numbers = _list_rows(repeated)
        notes.append(f"{path}: a question of another row again in {numbers}. It counts once.")
    unknown = unique[unique["known_id"] == ""]
    if is_foreign:
        notes.append(
            f"{path}: {len(unknown)} of {len(unique)} questions are not in this log. Is it the "
            "file of another site, or of another log? Name the right one under [checks] path."
        )
    elif len(unknown):
        notes.append(
            f"{path}: {len(unknown)} of {len(unique)} questions are not in this log. They stay in "
            f"the file and are not counted ({_list_rows(unknown['row'].astype(str))})."
        )
    added = unique[(unique["probability"] == "") & (unique["known_id"] != "")]
    if len(added):
        notes.append(
            f"{path}: {_list_rows(added['row'].astype(str))} {'has' if len(added) == 1 else 'have'}"
            " no probability: nobody drew the question. It stays in the file and is not counted."
        )
    for name, filled in unique[unique["choice"] != ""].groupby("checked_by"):
        if len(filled) >= _MIN_SAME and filled["choice"].nunique() == 1:
            notes.append(
                f"{path}: {name} chose {filled['choice'].iloc[0]!r} for all {len(filled)} "
                "questions. That says nothing about the difference between questions."
            )
    return notes


def _list_rows(numbers: "pd.Series[str]", limit: int = 10) -> str:
    """Return row numbers in words, of which the first are named.

    >>> _list_rows(pd.Series(["3", "7"]))
    'rows 3, 7'
    """
    listed = ", ".join(numbers.iloc[:limit])
    more = f" and {len(numbers) - limit} more" if len(numbers) > limit else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {listed}{more}"
