"""The row of totals of the to-do sheet, as formulas with their values.

This module does not know XlsxWriter.
"""

import pandas as pd

from coverage_kit.report.workbook.editor_notes import STATUSES
from coverage_kit.report.workbook.sheet import Sheet

# A row with one of these has nothing left to do.
_FINISHED = ("done", "won't do")


def list_totals(sheet: Sheet, first: int, last: int) -> dict[int, tuple[str, str | float]]:
    """Return by column the formula and the value of each total.

    The column after the status counts the rows of each status; a column that is summed adds up what
    is left. Other columns have no total.

    Args:
        sheet: a sheet whose first column is the status.
        first: the first row that is counted, from 1.
        last: the last one.
    """
    status = f"$A${first}:$A${last}"
    statuses = sheet.rows["status"]
    counts = "&".join(
        f'"{", " if number else ""}{name}: "&COUNTIF({status},"{name}")'
        for number, name in enumerate(STATUSES)
    )
    shown = ", ".join(f"{name}: {int((statuses == name).sum())}" for name in STATUSES)
    totals: dict[int, tuple[str, str | float]] = {1: (f"={counts}", shown)}
    is_left = ~statuses.isin(_FINISHED)
    for number, column in enumerate(sheet.fields):
        if column.is_summed:
            letter = chr(ord("A") + number)
            cells = f"${letter}${first}:${letter}${last}"
            finished = "".join(f'-SUMIFS({cells},{status},"{name}")' for name in _FINISHED)
            # The cells hold whole numbers, as they are shown.
            left = pd.to_numeric(sheet.rows.loc[is_left, column.column]).round().sum()
            totals[number] = (f"=SUM({cells}){finished}", float(left))
    return totals
