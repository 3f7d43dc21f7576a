"""Rows of CSV and TSV files, read line by line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.steady import SteadyFile, shown

# The delimiter is sought in this much of a header (assumed: enough for any header).
_HEADER_CHARACTERS = 100_000
_DELIMITERS = (",", "\t", ";")
# A control character (unit separator), which no text has: a file of a single column has no
# delimiter, so its commas belong to its text.
_NO_DELIMITER = "\x1f"
# Excel's first line "sep=;" names the delimiter, and is split by that very character.
_DELIMITER_LINE = "sep="


class CsvFile:
    """A CSV or TSV file with a header; its encoding and delimiter are detected."""

    def __init__(self, path: Path) -> None:
        self.location = shown(path)
        self._file = SteadyFile(path)
        self.encoding = lines.text_encoding(self._file)
        csv.field_size_limit(max(csv.field_size_limit(), lines.MAX_LINE_CHARACTERS))
        with self._open() as stream:
            self._delimiter = find_delimiter(
                next((line for line in _LineFeed(stream) if line.strip()), "")
            )

    def header(self) -> list[str]:
        """Return the names of the columns, empty where the file is empty."""
        with self._open() as stream:
            return _header(read_records(stream, self._delimiter))

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header, with the values of these columns.

        A row that cannot be read has a problem in place of values.
        """
        with self._open() as stream:
            records = read_records(stream, self._delimiter)
            header = _header(records)
            # Reversed, so that of columns with the same name the first counts.
            indexes = {
                name: index for index, name in reversed(list(enumerate(header))) if name in columns
            }
            for line, fields, is_whole in records:
                if isinstance(fields, str):
                    yield Row(line, {}, fields)
                elif not is_whole and len(fields) < len(header):
                    yield Row(line, {}, "the file breaks off in this row")
                elif _names(fields) == header:
                    yield Row(line, {}, "the header again, as where files are put together")
                elif any(value.strip() for value in fields):
                    yield _row(line, fields, header, indexes)

    def _open(self) -> TextIO:
        return self._file.open_text(self.encoding)

    def text_lines(self) -> Iterator[str | None]:
        """Yield the lines of the file with their ends, or None for each line that is too long."""
        with self._open() as stream:
            yield from lines.bounded_lines(stream)


# The first line of a record, its fields or the reason why it cannot be read, and whether its last
# line has an end.
_Record = tuple[int, list[str] | str, bool]


def read_records(stream: TextIO, delimiter: str) -> Iterator[_Record]:
    """Yield each record of a stream of CSV."""
    feed = _LineFeed(stream)
    reader = csv.reader(feed, delimiter=delimiter)
    while not feed.has_ended:
        line = feed.n_lines + 1
        feed.n_quotes = 0
        feed.record_lines.clear()
        try:
            fields: list[str] | str = next(reader, [])
        except csv.Error as error:
            fields = f"broken CSV ({error})"
            feed.close_quote()
        yield from ((number, lines.too_long(), True) for number in feed.overlong)
        feed.overlong.clear()
        # An odd number of quotes at the end of the file means that the last one never closes.
        is_open = feed.has_ended and feed.n_quotes % 2
        if is_open or (
            not isinstance(fields, str) and _has_swallowed(feed.record_lines, delimiter)
        ):
            fields = f"a quote opens that never closes: nothing is read up to line {feed.n_lines}"
        if fields:
            yield line, fields, feed.is_whole


def _has_swallowed(record_lines: list[str], delimiter: str) -> bool:
    """Return whether the quote that closes a field of these lines belongs to a later record.

    The rows between the two quotes are then lost in that field. A strict reader refuses such
    lines.
    """
    try:
        several_lines = record_lines if len(record_lines) > 1 else ()
        list(csv.reader(several_lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


class _LineFeed:
    """The lines of a CSV file, with what the csv module does not report about them.

    `record_lines` are the lines of the current record, `overlong` the numbers of lines that are
    too long. `is_whole` says whether the last line has an end.
    """

    def __init__(self, stream: TextIO) -> None:
        self._lines = lines.bounded_lines(stream)
        self.overlong: list[int] = []
        self.record_lines: list[str] = []
        self.n_lines = 0
        self.n_quotes = 0
        self.has_ended = False
        self.is_whole = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.has_ended = True
            raise
        self.n_lines += 1
        # The csv module gets an empty line in place of an overlong line.
        if line is None:
            self.overlong.append(self.n_lines)
            return "\n"
        self.is_whole = line.endswith(("\n", "\r"))
        self.n_quotes += line.count('"')
        self.record_lines.append(line)
        return line

    def close_quote(self) -> None:
        """Skip to the end of a quoted field, so that its lines are not read as records."""
        while self.n_quotes % 2 and next(self, None) is not None:
            # The lines are lost; kept, they would fill the memory.
            self.record_lines.clear()


def _header(records: Iterator[_Record]) -> list[str]:
    filled = (_names(fields) for _, fields, _ in records if not isinstance(fields, str))
    return next(
        (names for names in filled if any(names) and "".join(names).lower() != _DELIMITER_LINE),
        [],
    )


def _names(fields: list[str]) -> list[str]:
    # A file that is put behind another may bring its byte-order mark.
    return [name.strip("\ufeff \t\r\n") for name in fields]


def _row(line: int, fields: list[str], header: list[str], indexes: dict[str, int]) -> Row:
    if any(value.strip() for value in fields[len(header) :]):
        return Row(line, {}, f"{len(fields)} fields where the header has {len(header)}")
    values: dict[str, Any] = {
        name: fields[index] if index < len(fields) else None for name, index in indexes.items()
    }
    return Row(line, values)


def find_delimiter(line: str) -> str:
    """Return the delimiter that splits a header into most fields.

    For a header of a single column it is a character that no text has.
    """
    if line.lower().startswith(_DELIMITER_LINE) and line[4:5] in {
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
