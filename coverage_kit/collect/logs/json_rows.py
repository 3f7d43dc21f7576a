"""Records of JSON and JSON Lines files."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.lines import Row
from coverage_kit.errors import LogError

MAX_JSON_BYTES = 500_000_000
_LISTS = ("data", "records", "results", "rows", "items", "answers", "responses", "queries", "logs")


def open_json(path: Path) -> "JsonLines | JsonRecords":
    """Return a file's records, whether it is one JSON value or one a line, whatever its ending.

    Raises LogError for a JSON array that is broken or larger than MAX_JSON_BYTES.
    """
    first = _first_character(path)
    if first != "[" and path.suffix.lower() != ".json":
        return JsonLines(path)
    if path.stat().st_size > MAX_JSON_BYTES:
        cure = "Write it as JSON Lines: one record a line, ending .jsonl."
        raise LogError(str(path), f"at most {MAX_JSON_BYTES:,} bytes of JSON", f"{path.stat().st_size:,}", cure)
    try:
        whole = json.loads(path.read_text(encoding=lines.marked_encoding(path)))
    except (ValueError, RecursionError) as error:
        if first == "{":
            return JsonLines(path)
        raise LogError(str(path), "valid JSON in UTF-8", str(error), "Export the file again.") from None
    return JsonRecords(path, whole)


class JsonLines:
    """A file of one JSON record a line, read line by line."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self._encoding = lines.marked_encoding(path)

    def header(self) -> None:
        """Return None: each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record with all its values, and the problems of lines that cannot be read."""
        with self._path.open(encoding=self._encoding, errors="surrogateescape") as stream:
            for number, line in enumerate(lines.bounded_lines(stream), 1):
                if line is None:
                    yield Row(number, {}, lines.too_long())
                elif line.strip():
                    yield _parse_line(number, line)


class JsonRecords:
    """A file that is one JSON value: an array of records, an object that holds one, or a single record."""

    def __init__(self, path: Path, whole: Any) -> None:
        self.where = str(path)
        self._records = _records_of(whole)

    def header(self) -> None:
        """Return None: each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record, numbered from 1, with all its values."""
        for number, record in enumerate(self._records, 1):
            yield _row(number, record)


def _parse_line(number: int, line: str) -> Row:
    if lines.has_bad_bytes(line):
        return Row(number, {}, "the line is not UTF-8")
    try:
        return _row(number, json.loads(line))
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"broken JSON ({error})")


def _row(number: int, record: Any) -> Row:
    if not isinstance(record, dict):
        return Row(number, {}, f"a JSON object was expected, found {type(record).__name__}")
    return Row(number, record)


def _records_of(whole: Any) -> list[Any]:
    if isinstance(whole, list):
        return whole
    lists = [whole[key] for key in _LISTS if isinstance(whole, dict) and isinstance(whole.get(key), list)]
    return next((found for found in lists if found and all(isinstance(one, dict) for one in found)), [whole])


def _first_character(path: Path) -> str:
    with path.open(encoding=lines.marked_encoding(path), errors="replace") as stream:
        return stream.read(4096).lstrip("\ufeff \t\r\n")[:1]
