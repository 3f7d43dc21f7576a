"""What one sheet of the workbook is: columns of a view under headings, in a form. Knows no writer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from coverage_kit.tables import Schema

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
]


OWN = "own:"  # before the heading of a column that people added


@dataclass(frozen=True)
class SheetColumn:
    """One column of a sheet: heading, column of the view, form, width; `link` is the view's column with a URL or a place."""

    title: str
    column: str
    form: Form = "text"
    width: float = 12
    link: str = ""


@dataclass(frozen=True)
class Sheet:
    """One sheet of rows: name, columns, rows, what it is for, and the tables whose columns it shows under the same names.

    A row is at most `most_lines` lines high.
    """

    name: str
    fields: tuple[SheetColumn, ...]
    rows: pd.DataFrame
    purpose: str = ""
    tables: tuple[Schema, ...] = ()
    most_lines: int = 14


@dataclass(frozen=True)
class Chart:
    """One chart of the summary over its own cells: the first column of `rows` holds the categories, each further one a series.

    `bars` name for a series the columns that tell how far its interval reaches below and above it:
    drawn as error bars.
    """

    title: str
    kind: Literal["bar", "column", "line", "scatter"]
    rows: pd.DataFrame
    form: Form
    x_title: str
    y_title: str
    bars: dict[str, tuple[str, str]] = field(default_factory=dict)


def place_of(sheet: str, row: int = 1) -> str:
    """Return the link to a row of a sheet within the workbook.

    >>> place_of("gaps", 2)
    "internal:'gaps'!A2"
    """
    return f"internal:'{sheet}'!A{row}"


def places_of(sheet: str, ids: Iterable[str]) -> dict[str, str]:
    """Return where each id's row stands, as a link within the workbook; of an id in several rows, the first of them."""
    places: dict[str, str] = {}
    for row, name in enumerate(ids, 2):
        places.setdefault(name, place_of(sheet, row))
    return places


def with_gap_link(frame: pd.DataFrame, places: dict[str, str]) -> pd.DataFrame:
    """Return the frame with `gap_at`: where the row of each row's gap stands."""
    return frame.assign(gap_at=frame["cluster_id"].map(places))
