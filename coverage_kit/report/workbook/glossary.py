"""Terms and headings in plain words, from glossary.toml and the meanings of the tables' columns."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from coverage_kit.report.workbook.sheet import OWN, Sheet, SheetColumn, place_of

NAME = "glossary"
_FIELDS = (
    SheetColumn("term, or sheet", "part", width=22, link="sheet_at"),
    SheetColumn("name", "name", width=40),
    SheetColumn("meaning", "meaning", width=100),
)


def list_terms() -> dict[str, str]:
    """Return the terms of the toolkit with their meanings, in the order in which they build on each other."""
    return _read()["terms"]


def explain(sheet: Sheet, column: str) -> str:
    """Return what a column of a sheet means: what the glossary says of this sheet, else its tables, else the glossary of all.

    Raises KeyError where neither tells.
    """
    headings = _read()["headings"]
    name = OWN if column.startswith(OWN) else column
    told = {one.name: one.meaning for table in reversed(sheet.tables) for one in table.columns}
    return headings.get(f"{sheet.name}: {name}") or told.get(name) or headings[name]


def make_glossary(sheets: Sequence[Sheet]) -> Sheet:
    """Return the glossary sheet: every term, then every heading of these sheets, which it leads to."""
    rows: list[tuple[str, str, str, str | None]] = [
        ("term", name, told, None) for name, told in list_terms().items()
    ]
    for sheet in sheets:
        rows += [
            (
                sheet.name,
                field.title,
                explain(sheet, field.column),
                place_of(sheet.name),
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
