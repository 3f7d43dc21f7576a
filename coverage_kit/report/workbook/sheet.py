"""The sheets and charts of the workbook as values: columns of a table, their headings and forms.

This module does not know XlsxWriter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from coverage_kit.tables import Schema
from coverage_kit.vocabulary import TO_CLOSE, UNSEEN

# How a cell is formatted: see forms.py. "status", "progress", "choice" and "gap status" are
# texts with colours, "rate" and "points" are shares of 1, "fine" and "signed" are plain numbers.
Form = Literal[
    "text",
    "integer",
    "number",
    "percent",
    "rate",
    "severity",
    "coverage",
    "points",
    "signed",
    "fine",
    "flag",
    "time",
    "status",
    "progress",
    "choice",
    "gap status",
]

# Stands before the heading of a column that people added to the to-do sheet.
OWN = "own:"


@dataclass(frozen=True)
class SheetColumn:
    """One column of a sheet.

    Attributes:
        title: the heading.
        column: the column of the sheet's rows.
        form: the form of its cells.
        width: in characters.
        link: the column of the rows with a URL or a link within the workbook; empty for none.
        is_hidden: whether people need not see it.
    """

    title: str
    column: str
    form: Form = "text"
    width: float = 12
    link: str = ""
    is_hidden: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet of rows.

    Attributes:
        name: name of the sheet.
        fields: its columns.
        rows: its rows.
        purpose: what the sheet is for.
        tables: the tables whose columns it shows under the same names.
        max_lines: how many lines high a row is at most.
        remark: a note on the first heading; empty for none.
    """

    name: str
    fields: tuple[SheetColumn, ...]
    rows: pd.DataFrame
    purpose: str = ""
    tables: tuple[Schema, ...] = ()
    # Assumed: a higher row would fill a screen.
    max_lines: int = 14
    remark: str = ""


@dataclass(frozen=True)
class Chart:
    """One chart of the summary, drawn from its own cells.

    Attributes:
        title: the title.
        kind: the kind of chart.
        rows: the cells: the first column holds the categories, each further column is a series.
        form: the form of the values.
        x_title: title of the axis of the categories.
        y_title: title of the axis of the values.
        bars: by series, the columns with the lengths of its error bars, below and above the value.
    """

    title: str
    kind: Literal["bar", "column", "line", "scatter"]
    rows: pd.DataFrame
    form: Form
    x_title: str
    y_title: str
    bars: dict[str, tuple[str, str]] = field(default_factory=dict)


def link_to_row(sheet: str, row: int = 1) -> str:
    """Return the link to a row of a sheet within the workbook.

    >>> link_to_row("gaps", 2)
    "internal:'gaps'!A2"
    """
    return f"internal:'{sheet}'!A{row}"


# The sheet of each list of topics: gaps to close, then what needs another remedy, then the rest.
GAPS_SHEET = "gaps"
UNSEEN_SHEET = "answered, not seen"
REST_SHEET = "covered and out of reach"
GAP_SHEETS = (GAPS_SHEET, UNSEEN_SHEET, REST_SHEET)


def split_gaps(gaps: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the gaps by the name of their sheet."""
    is_to_close = gaps["listing"] == TO_CLOSE
    is_unseen = gaps["listing"] == UNSEEN
    parts = {
        GAPS_SHEET: is_to_close,
        UNSEEN_SHEET: is_unseen,
        REST_SHEET: ~is_to_close & ~is_unseen,
    }
    return {name: gaps[is_part] for name, is_part in parts.items()}


def link_gaps(gaps: pd.DataFrame) -> dict[str, str]:
    """Return by cluster_id the link to the gap's row, in the sheet of its list."""
    return {
        cluster_id: link
        for name, part in split_gaps(gaps).items()
        for cluster_id, link in link_rows(name, part["cluster_id"]).items()
    }


def link_rows(sheet: str, ids: Iterable[str]) -> dict[str, str]:
    """Return by id the link to its row within the workbook, the first one where it has several."""
    links: dict[str, str] = {}
    # The first row below the header is row 2.
    for row, row_id in enumerate(ids, 2):
        links.setdefault(row_id, link_to_row(sheet, row))
    return links


def with_gap_link(frame: pd.DataFrame, gap_links: dict[str, str]) -> pd.DataFrame:
    """Return the frame with `gap_at`: the link to each row's gap."""
    return frame.assign(gap_at=frame["cluster_id"].map(gap_links))
