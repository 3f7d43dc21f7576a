"""Terms and headings in plain words.

They come from glossary.toml and from the meanings of the tables' columns.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from coverage_kit.report.workbook.sheet import OWN, Sheet, SheetColumn, link_to_row

# The name of the sheet that explains terms and headings.
NAME = "glossary"
# A row for each term, then for each heading of each sheet.
_FIELDS = (
    SheetColumn("term, or sheet", "part", width=22, link="sheet_at"),
    SheetColumn("name", "name", width=40),
    SheetColumn("meaning", "meaning", width=100),
)


def list_terms() -> dict[str, str]:
    """Return the terms of the toolkit with their meanings.

    A term comes after the terms that its meaning uses.
    """
    return _read()["terms"]


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
    """Return the glossary sheet: every term, then every heading of these sheets with a link."""
    rows: list[tuple[str, str, str, str | None]] = [
        ("term", name, meaning, None) for name, meaning in list_terms().items()
    ]
    for sheet in sheets:
        rows += [
            (
                sheet.name,
                field.title,
                explain(sheet, field.column),
                link_to_row(sheet.name),
            )
            for field in sheet.fields
        ]
    frame = pd.DataFrame(rows, columns=["part", "name", "meaning", "sheet_at"], dtype="object")
    return Sheet(
        NAME,
        _FIELDS,
        frame,
        "every term and every column heading in plain words",
    )


@cache
def _read() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("glossary.toml").read_text(encoding="utf-8"))
