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
from coverage_kit.collect.logs.record import LogRecord, Outcome
from coverage_kit.collect.logs.trace_index import TraceIndex

ReadRow = Callable[[Mapping[str, Any], Mapping[str, str]], Iterable[Outcome]]
NoteStep = Callable[[Mapping[str, Any], TraceIndex], None]
ReadStep = Callable[[Mapping[str, Any], Mapping[str, str], TraceIndex], Iterable[Outcome]]


@dataclass(frozen=True)
class TableFormat:
    """The table of one vendor: the columns that identify it, and the field that each column holds.

    `needs` are columns that together only this vendor's tables have; they are compared as
    `choose_columns` compares them. `read` turns a row and the mapping field -> column into records,
    and into an `Aside` for a row that is no question. A table of traces has `note_step`, which is
    called with each row of the log first, and `read_step` in place of `read`. `note` says what the
    table does not show. `surface` is where the vendor asks: an API, or pages as people see them
    (scrape).
    """

    name: str
    needs: tuple[str, ...]
    fields: Mapping[str, str]
    read: ReadRow = read_rows
    note: str = ""
    surface: str | None = None
    note_step: NoteStep | None = None
    read_step: ReadStep | None = None

    def outcomes(
        self, values: Mapping[str, Any], mapping: Mapping[str, str], traces: TraceIndex
    ) -> Iterator[Outcome]:
        """Yield what a row becomes; records have this vendor's surface where the row has none."""
        outcomes = (
            self.read_step(values, mapping, traces)
            if self.read_step
            else self.read(values, mapping)
        )
        for outcome in outcomes:
            if isinstance(outcome, LogRecord):
                outcome.surface = outcome.surface or self.surface
            yield outcome

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a table or record with these columns is this vendor's."""
        return {plain_name(name) for name in self.needs} <= {plain_name(name) for name in columns}
