"""Tables of visits whose sources, or other values, stand above the columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coverage_kit.collect.logs.search_headers import names_difference, names_period
from coverage_kit.collect.visit_columns import find_sessions, find_visit_columns, is_total


@dataclass(frozen=True)
class Pivot:
    """The header of such a table in two rows.

    `names` are the columns' own names, of dimensions and figures; `values` has the value above each
    column of a figure by the column's number; `dimension` is what these are values of.
    """

    names: tuple[str, ...]
    values: dict[int, str]
    dimension: str

    def rows_of(self, cells: Sequence[str]) -> Iterator[dict[str, str]]:
        """Yield a row of the table as a row for each value above the columns.

        A value without any figure in this row has no row, and totals have none.
        """
        cells = [*cells, *[""] * (len(self.names) - len(cells))]
        shared = {
            name: cells[number]
            for number, name in enumerate(self.names)
            if number not in self.values and name
        }
        for value in dict.fromkeys(self.values.values()):
            figures = {
                self.names[number]: cells[number]
                for number, above in self.values.items()
                if above == value
            }
            if any(cell.strip() for cell in figures.values()) and not is_total(value):
                yield {**shared, self.dimension: value, **figures}


def find_pivot(first: Sequence[str], second: Sequence[str]) -> Pivot | None:
    """Return the header that a table's first two rows make up; None where the first is all of it.

    The second row then names figures, as often as there are values in the first, and may name the
    dimensions of the rows. The first row also names the dimension of its values, or shows it: a
    source with a medium, or a period.
    """
    below = [cell.strip() for cell in second]
    above = [cell.strip() for cell in first]
    if not find_sessions(below):
        return None
    above += [""] * (len(below) - len(above))
    first_figure = min(map(below.index, filter(_is_figure, below)))
    figures = [number for number in range(first_figure, len(below)) if below[number]]
    # A dimension above a blank cell is one of the rows; any other is that of the values.
    label = next(
        (
            cell
            for number, cell in enumerate(above)
            if _is_dimension(cell) and (number >= first_figure or below[number])
        ),
        "",
    )
    texts = [
        cell
        for number, cell in enumerate(above)
        if cell and cell != label and (number >= first_figure or label)
    ]
    # Names of the rows' dimensions may stand in the first row where the second leaves them out.
    names = [
        below[n] or (above[n] if n < first_figure and above[n] != label else "")
        for n in range(len(below))
    ]
    texts = [text for text in texts if text not in names[:first_figure]]
    if not texts or len(figures) % len(texts):
        return None
    if not label:
        is_source = all(" / " in text or is_total(text) for text in texts)
        label = "Session source / medium" if is_source else ""
        labels = [text.casefold() for text in texts]
        if all(names_period(text) or names_difference(text) for text in labels):
            label = "Date range"
    if not label:
        return None
    n_each = len(figures) // len(texts)
    values = {number: texts[place // n_each] for place, number in enumerate(figures)}
    return Pivot(tuple(names), values, label)


def _is_figure(name: str) -> bool:
    columns = find_visit_columns((name,))
    return not columns.fields.keys().isdisjoint(
        ("n_sessions", "n_engaged", "n_key_events", "revenue")
    )


def _is_dimension(name: str) -> bool:
    columns = find_visit_columns((name,))
    is_field = not columns.fields.keys().isdisjoint(
        ("source_medium", "source", "medium", "channel", "landing_page", "day")
    )
    return bool(name) and (is_field or name in (columns.event, columns.range))
