"""The file of dismissed gaps: what nobody means to answer, as CSV, read as a spreadsheet saves it.

A row holds the gap's questions, so that the gap is recognised in later runs and on other machines.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.question_checks import FIRST_ROW, question_key, read_cells, write_cells
from coverage_kit.errors import SchemaError

COLUMNS = ("gap_id", "label", "why", "dismissed_at", "demand", "questions")
# Without these a file says nothing of its gaps.
_REQUIRED = ("gap_id", "questions")
_CURE = "Dismiss the gap again: coverage-kit dismiss RUN GAP"


def read_dismissals_file(path: str | Path) -> pd.DataFrame:
    """Return the rows of a file of dismissed gaps as text, with any further columns.

    The index is the number of the row in a spreadsheet; the header is row 1. There are no rows
    where there is no file. Raises SchemaError for a missing column, and naming the row where it
    holds neither gap nor questions, or where its demand is no number.
    """
    path = Path(path)
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    lines = read_cells(path)
    header = [" ".join(cell.casefold().split()) for cell in lines.pop(min(lines))] if lines else []
    header = [name if name in COLUMNS else name.replace(" ", "_") for name in header]
    for name in _REQUIRED:
        if header.count(name) != 1:
            found = f"columns {', '.join(header)[:200]}" if header else "an empty file"
            raise SchemaError(str(path), f"one column {name!r}", found, _CURE)
    rows = [dict(zip(header, cells, strict=False)) for cells in lines.values()]
    columns = list(dict.fromkeys([*COLUMNS, *filter(None, header)]))
    frame = pd.DataFrame(rows, index=list(lines), columns=columns, dtype="object")
    frame = frame.fillna("").astype("str")
    for number, row in frame.iterrows():
        _check_row(f"{path}, row {number}", row)
    return frame


def _check_row(where: str, row: "pd.Series[str]") -> None:
    if not row["gap_id"] and not row["questions"]:
        cure = "Write the gap's id there, or delete the row."
        raise SchemaError(where, "a gap_id or questions", "neither", cure)
    try:
        parse_demand(row["demand"])
    except ValueError:
        cure = "Write how often the gap was asked, or leave the cell empty."
        raise SchemaError(where, "a number as demand", repr(row["demand"]), cure) from None


def write_dismissals_file(path: str | Path, rows: pd.DataFrame) -> None:
    """Write rows as `read_dismissals_file` returns them; further columns stay.

    Raises SchemaError when the file cannot be written.
    """
    columns = list(dict.fromkeys([*COLUMNS, *rows.columns]))
    records = rows.reindex(columns=columns, fill_value="").to_dict("records")
    cells = [[clean_text(str(row[name])) for name in columns] for row in records]
    write_cells(Path(path), [columns, *cells])


def add_dismissal(rows: pd.DataFrame, row: dict[str, str]) -> pd.DataFrame:
    """Return the rows of a file with one more at the end."""
    number = max([FIRST_ROW - 1, *rows.index]) + 1
    added = pd.DataFrame([row], index=[number], columns=list(rows.columns)).fillna("")
    return pd.concat([rows, added.astype("str")])


def match_questions(rows: pd.DataFrame, queries: pd.DataFrame) -> list[frozenset[str]]:
    """Return for each row of a file of dismissals the ids of its questions that the log holds.

    `queries` has columns query_id and text.
    """
    keys = map(question_key, queries["text"])
    id_of = dict(zip(keys, queries["query_id"].astype(str), strict=True))
    return [
        frozenset(id_of[key] for line in text.split("\n") if (key := question_key(line)) in id_of)
        for text in rows["questions"]
    ]


def parse_demand(text: str) -> float:
    """Return the demand of a row; nan where it is empty.

    >>> parse_demand("12,5")
    12.5
    """
    return float(text.replace(",", ".")) if text else np.nan
