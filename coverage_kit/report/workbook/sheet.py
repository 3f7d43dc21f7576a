"""The sheets and charts of the workbook as values: columns of a table, their headings and forms.

This module does not know XlsxWriter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from coverage_kit.report.texts import is_missing
from coverage_kit.tables import Schema
from coverage_kit.vocabulary import TO_CLOSE, UNSEEN

# How a cell is formatted: see forms.py. "status", "progress", "choice" and "gap status" are
# texts with colours, "owner" is a text with a list of those in its column, "rate" and "points" are
# shares of 1, "fine" and "signed" are plain numbers.
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
    "date",
    "time",
    "owner",
    "status",
    "progress",
    "choice",
    "gap status",
]

# What a sheet is for; the colour of its tab says so. Sheets of "engineer" are hidden.
Group = Literal["act", "evidence", "visibility", "pages", "help", "engineer"]

# The prefix of the heading of a column that people added to the to-do sheet.
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
        is_detail: whether it is folded away behind a + above the headings; it is not printed then.
        is_written: whether people fill it in.
        is_summed: whether the row of totals adds up its cells, without those of finished rows.
    """

    title: str
    column: str
    form: Form = "text"
    width: float = 12
    link: str = ""
    is_hidden: bool = False
    is_detail: bool = False
    is_written: bool = False
    is_summed: bool = False


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
        group: what it is for, which is the colour of its tab.
        title: a title above the headings; empty for none.
        hint: a line below the title.
    """

    name: str
    fields: tuple[SheetColumn, ...]
    rows: pd.DataFrame
    purpose: str = ""
    tables: tuple[Schema, ...] = ()
    # Assumed: a higher row would fill a screen.
    max_lines: int = 14
    remark: str = ""
    group: Group = "evidence"
    title: str = ""
    hint: str = ""

    @property
    def is_hidden(self) -> bool:
        """Whether the sheet is hidden: it is for engineers."""
        return self.group == "engineer"

    @property
    def is_totalled(self) -> bool:
        """Whether a row of totals is above the headings."""
        return any(column.is_summed for column in self.fields)


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


def fold(*columns: SheetColumn) -> tuple[SheetColumn, ...]:
    """Return the columns as details, which are folded away until somebody asks for them."""
    return tuple(replace(column, is_detail=True) for column in columns)


def name_page(page_id: Any, own_site: str) -> Any:
    """Return the path of a page of your site, which fits into a cell; other ids stay as they are.

    >>> name_page("a.example/b/c.html", "a.example"), name_page("b.example/d", "a.example")
    ('/b/c.html', 'b.example/d')
    """
    is_own = isinstance(page_id, str) and page_id.startswith(f"{own_site}/")
    return page_id.removeprefix(own_site) if is_own and own_site else page_id


def drop_empty(sheet: Sheet) -> Sheet:
    """Return the sheet without the columns that are empty in each of its rows.

    Columns that people fill in and hidden columns stay.
    """
    if sheet.rows.empty:
        return sheet
    fields = tuple(
        column
        for column in sheet.fields
        if column.is_written
        or column.is_hidden
        or not all(is_missing(value) or value == "" for value in sheet.rows[column.column])
    )
    return replace(sheet, fields=fields)


def link_to_row(sheet: str, row: int = 1) -> str:
    """Return the link to a row of a sheet within the workbook.

    >>> link_to_row("gaps", 2)
    "internal:'gaps'!A2"
    """
    return f"internal:'{sheet}'!A{row}"


# The sheet of all questions.
QUESTIONS_SHEET = "questions"
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
