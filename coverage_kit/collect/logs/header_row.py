"""The row of a table that names its columns, below any titles, dates and comments.

A known name of a column decides. Without one, the header is the first row that is as wide as the
rows below it: titles and comments are narrower.
"""

import statistics
from collections.abc import Sequence
from typing import Any

from coverage_kit.collect.logs.columns import choose_columns

# The header is looked for in so many rows that are not blank, by so many rows below it. Assumed.
MAX_ROWS_ABOVE = 20
N_SAMPLED_ROWS = 80
# Two known names among the cells of a row are no accident.
_MIN_KNOWN_NAMES = 2
# A title has more words than the name of a column (assumed).
_MIN_TITLE_WORDS = 3


def find_header(rows: Sequence[Sequence[Any]]) -> int:
    """Return the index of the header among a table's first rows that are not blank.

    It is 0 where nothing shows that another row names the columns.
    """
    if not rows or count_known_names(rows[0]) >= _MIN_KNOWN_NAMES:
        return 0
    candidates = [
        index
        for index, row in enumerate(rows[: MAX_ROWS_ABOVE + 1])
        if _is_as_wide(rows, index) and _may_name(row, is_first=not index)
    ]
    first = candidates[0] if candidates else 0
    for index in candidates:
        n_known = count_known_names(rows[index])
        is_wider = _width(rows[index]) > _width(rows[first])
        is_below_title = len(_text(rows[first][0]).split()) >= _MIN_TITLE_WORDS
        if n_known >= _MIN_KNOWN_NAMES or (
            n_known and (index == first or is_wider or is_below_title)
        ):
            return index
    return first


def count_known_names(row: Sequence[Any]) -> int:
    """Return how many fields the names in a row show; 0 where none of them is the questions."""
    names = [_text(cell) for cell in row]
    known = choose_columns([name for name in names if name], {})
    return len(known) if "query" in known else 0


def _width(row: Sequence[Any]) -> int:
    """Return the number of cells up to the last that is filled."""
    return max((index for index, cell in enumerate(row, 1) if _text(cell)), default=0)


def _is_as_wide(rows: Sequence[Sequence[Any]], index: int) -> bool:
    """Return whether a row is as wide as most rows below it, with a name for each cell but one.

    A column without a name is the index that pandas writes.
    """
    width = _width(rows[index])
    n_filled = sum(bool(_text(cell)) for cell in rows[index])
    below = [n_cells for row in rows[index + 1 :] if (n_cells := _width(row))]
    return n_filled >= max(width - 1, 1) and width >= statistics.median_high(below or [1])


def _may_name(row: Sequence[Any], is_first: bool) -> bool:
    """Return whether a row may name columns: it is no comment, and holds texts that differ.

    The first row of a table may repeat a name, or name years.
    """
    texts = [text for cell in row if (text := _text(cell))]
    if texts[0].startswith("#") and texts[0] != "#":
        return False
    numbers = [text for text in texts if text.strip("-+%").replace(".", "").isdecimal()]
    return is_first or (not numbers and len(set(texts)) == len(texts))


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip("\ufeff \t\r\n")
