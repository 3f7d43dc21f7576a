"""Rows of CSV and TSV files, read line by line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.lines import Row

_HEADER_CHARACTERS = 100_000
_DELIMITERS = (",", "\t", ";")
_NO_DELIMITER = "\x1f"
_NAMES_DELIMITER = "sep="  # Excel's first line 'sep=;', split by the very sign it names


class CsvFile:
    """A CSV or TSV file with a header; its encoding and delimiter are found out."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self.encoding = lines.text_encoding(path)
        csv.field_size_limit(max(csv.field_size_limit(), lines.MAX_LINE_CHARACTERS))
        with self._open() as stream:
            self._delimiter = find_delimiter(
                next((line for line in _LineFeed(stream) if line.strip()), "")
            )

    def header(self) -> list[str]:
        """Return the names of the columns; none where the file is empty."""
        with self._open() as stream:
            return _header(self._records(stream))

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header, with the named columns, and the problems of rows that cannot be read."""
        with self._open() as stream:
            records = self._records(stream)
            header = _header(records)
            wanted = {name: i for i, name in reversed(list(enumerate(header))) if name in columns}
            for line, fields in records:
                if isinstance(fields, str):
                    yield Row(line, {}, fields)
                elif any(value.strip() for value in fields):
                    yield _row(line, fields, header, wanted)

    def _open(self) -> TextIO:
        return self._path.open(encoding=self.encoding, newline="", errors="replace")

    def _records(self, stream: TextIO) -> Iterator[tuple[int, list[str] | str]]:
        """Yield each record's first line with its fields, or with the reason why it cannot be read."""
        feed = _LineFeed(stream)
        reader = csv.reader(feed, delimiter=self._delimiter)
        while not feed.has_ended:
            line = feed.n_lines + 1
            feed.n_quotes = 0
            feed.taken.clear()
            try:
                fields: list[str] | str = next(reader, [])
            except csv.Error as error:
                fields = f"broken CSV ({error})"
                feed.close_quote()
            yield from ((number, lines.too_long()) for number in feed.overlong)
            feed.overlong.clear()
            is_open = feed.has_ended and feed.n_quotes % 2
            if is_open or (not isinstance(fields, str) and self._has_swallowed(feed.taken)):
                fields = (
                    f"a quote opens that never closes: nothing is read up to line {feed.n_lines}"
                )
            if fields:
                yield line, fields

    def _has_swallowed(self, taken: list[str]) -> bool:
        """Return whether a quote of an earlier record's field is what closes this one's, so that rows lie in between."""
        try:
            list(
                csv.reader(
                    taken if len(taken) > 1 else (),
                    delimiter=self._delimiter,
                    strict=True,
                )
            )
        except csv.Error:
            return True
        return False


class _LineFeed:
    """The lines of a CSV file, with what the csv module does not tell of them."""

    def __init__(self, stream: TextIO) -> None:
        self._lines = lines.bounded_lines(stream)
        self.overlong: list[int] = []
        self.taken: list[str] = []  # the lines of one record
        self.n_lines = self.n_quotes = 0
        self.has_ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.has_ended = True
            raise
        self.n_lines += 1
        if line is None:
            self.overlong.append(self.n_lines)
            return "\n"
        self.n_quotes += line.count('"')
        self.taken.append(line)
        return line

    def close_quote(self) -> None:
        """Pass over the rest of a quoted field, so that its lines are not taken for records."""
        while self.n_quotes % 2 and next(self, None) is not None:
            pass


def _header(records: Iterator[tuple[int, list[str] | str]]) -> list[str]:
    filled = (
        [name.strip() for name in fields] for _, fields in records if not isinstance(fields, str)
    )
    return next(
        (names for names in filled if any(names) and "".join(names).lower() != _NAMES_DELIMITER),
        [],
    )


def _row(line: int, fields: list[str], header: list[str], wanted: dict[str, int]) -> Row:
    if any(value.strip() for value in fields[len(header) :]):
        return Row(line, {}, f"{len(fields)} fields where the header has {len(header)}")
    values: dict[str, Any] = {
        name: fields[i] if i < len(fields) else None for name, i in wanted.items()
    }
    return Row(line, values)


def find_delimiter(line: str) -> str:
    """Return the delimiter that gives the header most fields; one that no text has where it is a single column."""
    if line.lower().startswith(_NAMES_DELIMITER) and line[4:5] in {
        ",",
        ";",
        "\t",
        "|",
    }:
        return line[4]
    counts = {
        sign: len(next(csv.reader([line[:_HEADER_CHARACTERS]], delimiter=sign), []))
        for sign in _DELIMITERS
    }
    best = max(_DELIMITERS, key=lambda sign: counts[sign])
    return best if counts[best] > 1 else _NO_DELIMITER
