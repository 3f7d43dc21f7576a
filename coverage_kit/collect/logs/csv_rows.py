"""Rows of CSV and TSV files, read line by line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.lines import Row

_DELIMITERS = (",", "\t", ";")
_NO_DELIMITER = "\x1f"


class CsvFile:
    """A CSV or TSV file with a header; its encoding and delimiter are found out."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self._encoding = lines.text_encoding(path)
        with self._open() as stream:
            self._delimiter = _find_delimiter(next((line for line in _text_lines(stream, []) if line.strip()), ""))

    def header(self) -> list[str]:
        """Return the names of the columns; none where the file is empty."""
        with self._open() as stream:
            return next(iter(self._headers(self._records(stream, []))), [])

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header, with the named columns, and the problems of rows that cannot be read."""
        overlong: list[int] = []
        with self._open() as stream:
            records = self._records(stream, overlong)
            header = next(iter(self._headers(records)), [])
            wanted = {name: i for i, name in reversed(list(enumerate(header))) if name in columns}
            for line, fields in records:
                yield from (Row(number, {}, lines.too_long()) for number in overlong)
                overlong.clear()
                if isinstance(fields, str):
                    yield Row(line, {}, fields)
                elif any(value.strip() for value in fields):
                    yield _row(line, fields, header, wanted)
            yield from (Row(number, {}, lines.too_long()) for number in overlong)

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, newline="", errors="replace")

    def _records(self, stream: TextIO, overlong: list[int]) -> Iterator[tuple[int, list[str] | str]]:
        """Yield each record's first line with its fields, or with the reason why it cannot be read."""
        csv.field_size_limit(max(csv.field_size_limit(), lines.MAX_LINE_CHARACTERS))
        reader = csv.reader(_text_lines(stream, overlong), delimiter=self._delimiter)
        while True:
            line = reader.line_num + 1
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, f"broken CSV ({error})"

    @staticmethod
    def _headers(records: Iterator[tuple[int, list[str] | str]]) -> Iterator[list[str]]:
        for _, fields in records:
            if not isinstance(fields, str) and any(f.strip() for f in fields) and not _names_delimiter(fields):
                yield [field.strip() for field in fields]


def _text_lines(stream: TextIO, overlong: list[int]) -> Iterator[str]:
    # A blank line takes the place of one that is too long, so that the csv module's count of lines stays true.
    for number, line in enumerate(lines.bounded_lines(stream), 1):
        if line is None:
            overlong.append(number)
        yield "\n" if line is None else line


def _row(line: int, fields: list[str], header: list[str], wanted: dict[str, int]) -> Row:
    if any(value.strip() for value in fields[len(header) :]):
        return Row(line, {}, f"{len(fields)} fields where the header has {len(header)}")
    values: dict[str, Any] = {name: fields[i] if i < len(fields) else None for name, i in wanted.items()}
    return Row(line, values)


def _find_delimiter(line: str) -> str:
    """Return the delimiter that gives the header most fields; one that no text has where it is a single column."""
    if line.lower().startswith("sep=") and line[4:5] in {",", ";", "\t", "|"}:
        return line[4]
    counts = {sign: len(next(csv.reader([line], delimiter=sign), [])) for sign in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda sign: counts[sign])
    return best if counts[best] > 1 else _NO_DELIMITER


def _names_delimiter(fields: list[str]) -> bool:
    # Excel's first line 'sep=;' is split by the very sign it names.
    return "".join(fields).lower().strip() == "sep="
