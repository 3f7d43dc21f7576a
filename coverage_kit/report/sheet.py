"""What one sheet of the workbook is: columns of a view under headings, in a form. Knows no writer."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Form = Literal[
    "text", "integer", "number", "percent", "rate", "severity", "coverage", "points", "signed", "fine", "flag", "time", "status"
]


@dataclass(frozen=True)
class Field:
    """One column of a sheet: heading, column of the view, form, width; `link` is the view's column with a URL or a place."""

    title: str
    column: str
    form: Form = "text"
    width: float = 12
    link: str = ""


@dataclass(frozen=True)
class Sheet:
    """One sheet of rows: name, columns, rows."""

    name: str
    fields: tuple[Field, ...]
    rows: pd.DataFrame


def places_of(sheet: str, ids: "pd.Series[str]") -> dict[str, str]:
    """Return where each id's row stands, as a link within the workbook."""
    return {name: f"internal:'{sheet}'!A{row}" for row, name in enumerate(ids, 2)}


def with_gap_link(frame: pd.DataFrame, places: dict[str, str]) -> pd.DataFrame:
    """Return the frame with `gap_at`: where the row of each row's gap stands."""
    return frame.assign(gap_at=frame["cluster_id"].map(places))
