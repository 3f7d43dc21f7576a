"""Terms and headings in plain words.

They come from glossary.toml and from the meanings of the tables' columns.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from coverage_kit.report.workbook.sheet import OWN, Sheet, SheetColumn

# The names of the sheets that explain terms and headings.
NAME = "glossary"
HIDDEN_NAME = "glossary of hidden sheets"
# A row for each term, then for each heading.
_FIELDS = (
    SheetColumn("name", "name", width=44),
    SheetColumn("meaning", "meaning", width=110),
    SheetColumn("sheets", "part", width=28),
)


def list_terms() -> dict[str, str]:
    """Return the terms of the toolkit with their meanings, then those of tables and settings.

    A term comes after the terms that its meaning uses.
    """
    return _read()["terms"] | _read()["table_terms"]


def explain(sheet: Sheet, column: str) -> str:
    """Return what a column of a sheet means.

    The glossary's entry for this sheet comes first, then the meaning in the sheet's tables, then
    the glossary's entry for all sheets. Raises KeyError where none of them has the column.
    """
    headings = _read()["headings"]
    # All columns that people added have one entry.
    name = OWN if column.startswith(OWN) else column
    # The first of several tables wins, so it is read last.
    meanings = {
        table_column.name: table_column.meaning
        for table in reversed(sheet.tables)
        for table_column in table.columns
    }
    return headings.get(f"{sheet.name}: {name}") or meanings.get(name) or headings[name]


def make_glossary(sheets: Sequence[Sheet]) -> Sheet:
    """Return the glossary: every term, then every heading of the sheets that are shown.

    A heading that means the same on several sheets has one row.
    """
    terms = [("term", name, meaning) for name, meaning in _read()["terms"].items()]
    shown = [sheet for sheet in sheets if not sheet.is_hidden]
    return Sheet(
        NAME,
        _FIELDS,
        _frame([*terms, *_list_headings(shown)]),
        "every term and every heading in plain words",
        group="help",
    )


def explain_hidden(sheets: Sequence[Sheet]) -> Sheet:
    """Return the glossary of the headings of hidden sheets."""
    rows = _list_headings([sheet for sheet in sheets if sheet.is_hidden])
    purpose = "every heading of the hidden sheets in plain words"
    return Sheet(HIDDEN_NAME, _FIELDS, _frame(rows), purpose, group="engineer")


def _list_headings(sheets: Sequence[Sheet]) -> list[tuple[str, str, str]]:
    """Return the headings as (sheets, a line each; heading; meaning)."""
    names: dict[tuple[str, str], list[str]] = {}
    for sheet in sheets:
        for field in sheet.fields:
            key = (field.title, explain(sheet, field.column))
            names.setdefault(key, []).append(sheet.name)
    return [
        ("\n".join(dict.fromkeys(of)), title, meaning) for (title, meaning), of in names.items()
    ]


def _frame(rows: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["part", "name", "meaning"], dtype="object")


@cache
def _read() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("glossary.toml").read_text(encoding="utf-8"))
