"""Tables with a column for each item of a list, such as citation_1 to citation_48."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coverage_kit.collect.logs.citation_rows import RowSource
from coverage_kit.collect.logs.columns import join_numbered
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.values import label_of


class JoinedColumns:
    """A source whose numbered columns are one column, with the filled cells of a row as a list."""

    def __init__(self, source: RowSource) -> None:
        self.location = source.location
        self._source = source

    def header(self) -> list[str] | None:
        """Return the names of the columns, or None where each record names its own columns."""
        header = self._source.header()
        if header is None:
            return None
        groups = join_numbered(tuple(header))
        joined = {column: name for name, columns in groups.items() for column in columns}
        return list(dict.fromkeys(joined.get(name, name) for name in header))

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, with at least the values of these columns."""
        groups = join_numbered(tuple(self._source.header() or ()))
        names = [part for name in columns for part in groups.get(name, (name,))]
        for row in self._source.rows(names):
            joined = join_numbered(tuple(row.values))
            yield row._replace(values=_joined(row.values, joined)) if joined else row


def _joined(values: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    parts = {part for columns in groups.values() for part in columns}
    kept = {name: value for name, value in values.items() if name not in parts}
    for name, columns in groups.items():
        items = [values[part] for part in columns if label_of(values[part]) is not None]
        kept[name] = items or None
    return kept
