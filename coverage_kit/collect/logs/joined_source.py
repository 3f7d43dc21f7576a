"""A source whose rows are joined where several of them are one answer.

Such are the events of a stream (`streams.py`), a turn that was paused and its continuation
(`pauses.py`), and a table with a row for each message (`message_rows.py`).
"""

from collections.abc import Iterator, Sequence

from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.message_rows import message_rows
from coverage_kit.collect.logs.pauses import join_pauses
from coverage_kit.collect.logs.sources import Source
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
    if messages := message_rows(source):
        return messages
    header = source.header()
    if header is None or names_a_span(header):
        return JoinedSource(source)
    return source
