"""Rows of CSV and TSV files, read line by line."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.header_row import (
    MAX_ROWS_ABOVE,
    N_SAMPLED_ROWS,
    count_known_names,
    find_header,
)
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
# The header is looked for in so many lines: a row may have several (assumed).
_N_SAMPLED_LINES = 4 * N_SAMPLED_ROWS
# Of the rows below a header whose names are unknown this share has as many cells (assumed).
_MIN_EVEN_SHARE = 0.8


# The first line of a record, its fields or the reason why it cannot be read, and whether its last
# line has an end.
_Record = tuple[int, list[str] | str, bool]


class CsvFile:
    """A CSV or TSV file with a header; its encoding and delimiter are detected."""

    def __init__(self, path: Path) -> None:
        self.location = shown(path)
        self._file = SteadyFile(path)
        self.encoding = lines.text_encoding(self._file)
        csv.field_size_limit(max(csv.field_size_limit(), lines.MAX_LINE_CHARACTERS))
        with self._open() as stream:
            first_lines = [
                line if len(line) < _HEADER_CHARACTERS else f"{line[:_HEADER_CHARACTERS]}\n"
                for line in islice(_LineFeed(stream), _N_SAMPLED_LINES)
            ]
        self._delimiter, self._header_line = _find_layout(first_lines)

    def header(self) -> list[str]:
        """Return the names of the columns, empty where the file is empty."""
        with self._open() as stream:
            return self._header(read_records(stream, self._delimiter))

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header, with the values of these columns.

        A row that cannot be read has a problem in place of values.
        """
        with self._open() as stream:
            records = read_records(stream, self._delimiter)
            header = self._header(records)
            wanted = frozenset(columns)
            # Reversed, so that of columns with the same name the first counts.
            indexes = {
                name: index for index, name in reversed(list(enumerate(header))) if name in wanted
            }
            for line, fields, is_whole in records:
                if isinstance(fields, str):
                    yield Row(line, {}, fields)
                elif not is_whole and len(fields) < len(header):
                    yield Row(line, {}, "the file breaks off in this row")
                elif _names(fields) == header:
                    yield Row(line, {}, aside="the header again, as where files are put together")
                elif any(value.strip() for value in fields):
                    yield _row(line, fields, header, indexes)

    def _header(self, records: Iterator[_Record]) -> list[str]:
        """Return the names of the columns, with which the records go on below the header."""
        rows = (
            _names(fields)
            for line, fields, _ in records
            if line >= self._header_line and not isinstance(fields, str)
        )
        return next((names for names in rows if any(names)), [])

    def _open(self) -> TextIO:
        return self._file.open_text(self.encoding)

    def text_lines(self) -> Iterator[str | None]:
        """Yield the lines of the file with their ends, or None for each line that is too long."""
        with self._open() as stream:
            yield from lines.bounded_lines(stream)


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


def _find_layout(first_lines: list[str]) -> tuple[str, int]:
    """Return the delimiter of a table, and the line of its header or a blank line above that.

    The first line that is not blank is the header where it has a known name, or where no line
    below it looks more like one.
    """
    filled = [(number, line) for number, line in enumerate(first_lines, 1) if line.strip()]
    first_number, first = filled[0] if filled else (1, "")
    plain = find_delimiter(first)
    if first.lower().startswith(_DELIMITER_LINE):
        records = _first_records(first_lines[first_number:], plain)
        line = records[find_header([fields for _, fields in records])][0] if records else 1
        return plain, first_number + line
    if plain != _NO_DELIMITER and count_known_names(first.split(plain)):
        return plain, first_number
    best = (0, False, 0.0, 0)
    layout = (plain, first_number)
    for delimiter in (*_DELIMITERS, _NO_DELIMITER):
        records = _first_records(first_lines, delimiter)
        if not records:
            continue
        index = find_header([fields for _, fields in records])
        line, header = records[index]
        below = [len(fields) for _, fields in records[index + 1 :]] or [0]
        even = below.count(len(header)) / len(below)
        n_known = count_known_names(header)
        is_sure = n_known or (len(header) > 1 and even >= _MIN_EVEN_SHARE)
        if is_sure and (rank := (n_known, not index, even, len(header))) > best:
            best = rank
            layout = (delimiter, line)
    return layout


def _first_records(first_lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the first records that can be read and hold cells, each with its first line."""
    stream = io.StringIO("".join(first_lines), newline="")
    records = [
        (line, fields)
        for line, fields, _ in read_records(stream, delimiter)
        if not isinstance(fields, str) and any(cell.strip() for cell in fields)
    ]
    return records[: MAX_ROWS_ABOVE + N_SAMPLED_ROWS]
