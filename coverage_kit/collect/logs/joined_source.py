"""A source whose rows are joined where several of them are one answer.

Such are the events of a stream (`streams.py`), a turn that was paused and its continuation
(`pauses.py`), and a table with a row for each message (`message_rows.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from coverage_kit.collect.logs.api_format import open_exchange
from coverage_kit.collect.logs.formats import find_format, find_table_format
from coverage_kit.collect.logs.lines import Row, Source
from coverage_kit.collect.logs.message_rows import N_SAMPLED, open_messages
from coverage_kit.collect.logs.pauses import join_pauses
from coverage_kit.collect.logs.span_attributes import names_a_span, split_spans
from coverage_kit.collect.logs.streams import join_streams


class JoinedSource:
    """The records of a source, with those of one answer joined."""

    def __init__(self, source: Source) -> None:
        self.location = source.location
        self._source = source
        self._names = source.header() or ()

    def header(self) -> None:
        """Return None, because each record names its own columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the records, and for each that is joined to another a row that says so."""
        rows = split_spans(self._source.rows(columns or self._names))
        return join_pauses(join_streams(rows))


def join_rows(source: Source) -> Source:
    """Return a source with its rows joined where several of them are one answer."""
    header = source.header()
    sample = list(islice(source.rows(header or ()), N_SAMPLED))
    rows = [row.values for row in sample if not row.problem]
    names = header or list(dict.fromkeys(name for values in rows for name in values))
    is_known = find_table_format(tuple(names)) is not None
    messages = None if is_known or not rows else open_messages(source, names, rows)
    if messages and (header is not None or not _are_of_an_api(rows)):
        return messages
    return JoinedSource(source) if header is None or names_a_span(header) else source


def _are_of_an_api(rows: Iterable[dict[str, Any]]) -> bool:
    """Return whether a format of an API reads these records, such as bare responses."""
    return any(
        find_table_format(tuple(values)) or find_format(open_exchange(values, {}))
        for values in rows
    )
