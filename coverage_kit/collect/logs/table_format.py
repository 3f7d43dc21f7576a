"""Tables of vendors, known by their columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.logs.columns import plain_name
from coverage_kit.collect.logs.generic import read_rows
from coverage_kit.collect.logs.record import LogRecord

ReadRow = Callable[[Mapping[str, Any], Mapping[str, str]], Iterable[LogRecord]]


@dataclass(frozen=True)
class TableFormat:
    """One vendor's table: the columns by which it is known, and which of them holds which field.

    `needs` are columns that, all together, only this vendor's tables have, compared as
    `choose_columns` compares them. `read` turns a row and the mapping field -> column into records,
    none for a row that is no record; `fallback` reads a source in which `read` finds none; `note`
    says what the table cannot tell; `surface` is where the vendor asks: an API, or pages as people
    see them (scrape).
    """

    name: str
    needs: tuple[str, ...]
    fields: Mapping[str, str]
    read: ReadRow = read_rows
    note: str = ""
    fallback: ReadRow | None = None
    surface: str | None = None

    def records(self, values: Mapping[str, Any], mapping: Mapping[str, str]) -> Iterator[LogRecord]:
        """Yield the records of a row, with this vendor's surface where the row tells none."""
        for record in self.read(values, mapping):
            record.surface = record.surface or self.surface
            yield record

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a table or record with these columns is this vendor's."""
        return {plain_name(name) for name in self.needs} <= {plain_name(name) for name in columns}
