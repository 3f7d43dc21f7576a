"""The format of a vendor's table, which is recognised by its columns.

A new table is a module of this folder with `FORMAT`, a `TableFormat`: `needs` are the columns that
only this table has together, `fields` says which column holds which field, and `read` is a function
where a row needs more than that. `ahrefs.py` has no such function, `profound.py` has one.
CONTRIBUTING.md lists every file to touch.

The logs of an API, which are recognised by their content, have a `LogFormat` (`api_format.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.logs.columns import plain_name
from coverage_kit.collect.logs.generic import read_rows
from coverage_kit.collect.logs.record import LogRecord

ReadRow = Callable[[Mapping[str, Any], Mapping[str, str]], Iterable[LogRecord]]


@dataclass(frozen=True)
class TableFormat:
    """The table of one vendor: the columns that identify it, and the field that each column holds.

    `needs` are columns that together only this vendor's tables have; they are compared as
    `choose_columns` compares them. `read` turns a row and the mapping field -> column into records,
    and returns no records for a row that is none. `fallback` reads a source in which `read` finds
    no records. `note` says what the table does not show. `surface` is where the vendor asks: an
    API, or pages as people see them (scrape).
    """

    name: str
    needs: tuple[str, ...]
    fields: Mapping[str, str]
    read: ReadRow = read_rows
    note: str = ""
    fallback: ReadRow | None = None
    surface: str | None = None

    def records(self, values: Mapping[str, Any], mapping: Mapping[str, str]) -> Iterator[LogRecord]:
        """Yield the records of a row, with this vendor's surface where the row has none."""
        for record in self.read(values, mapping):
            record.surface = record.surface or self.surface
            yield record

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a table or record with these columns is this vendor's."""
        return {plain_name(name) for name in self.needs} <= {plain_name(name) for name in columns}
