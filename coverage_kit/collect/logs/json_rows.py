"""Records of JSON and JSON Lines files."""

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import orjson

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.lines import Row
from coverage_kit.errors import LogError

MAX_JSON_BYTES = 500_000_000
_LISTS = (
    "data",
    "records",
    "results",
    "rows",
    "items",
    "answers",
    "responses",
    "queries",
    "logs",
    "runs",
    "ai_responses",
    "conversations",
    "chats",
)
_PART = 1 << 20
_BETWEEN = "\ufeff \t\r\n,[]"  # brackets too: one array may follow another


def open_json(path: Path) -> "JsonLines | JsonArray | JsonRecords":
    """Return a file's records, whether it is one JSON value or one a line, whatever its ending.

    Raises LogError for a JSON object that is broken or larger than MAX_JSON_BYTES.
    """
    first = _first_character(path)
    if first == "[":
        return JsonArray(path)
    if path.suffix.lower() != ".json":
        return JsonLines(path)
    if path.stat().st_size > MAX_JSON_BYTES:
        cure = "Write it as JSON Lines: one record a line, ending .jsonl."
        raise LogError(
            str(path),
            f"at most {MAX_JSON_BYTES:,} bytes in one JSON object",
            f"{path.stat().st_size:,}",
            cure,
        )
    try:
        whole = json.loads(path.read_text(encoding=lines.marked_encoding(path)))
    except (ValueError, RecursionError) as error:
        if first == "{":
            return JsonLines(path)
        raise LogError(
            str(path),
            "valid JSON in UTF-8",
            str(error),
            "Export the file again.",
        ) from None
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
        for number, line in enumerate(self._lines(), 1):
            if line is None:
                yield Row(number, {}, lines.too_long())
            elif line and not line.isspace():
                yield _parse_line(number, line)

    def _lines(self) -> Iterator[bytes | None]:
        if self._encoding.startswith("utf-8"):
            with self._path.open("rb") as binary:
                binary.seek(3 if self._encoding == "utf-8-sig" else 0)
                yield from lines.bounded_lines(binary)
        else:
            with self._path.open(encoding=self._encoding, errors="surrogateescape") as stream:
                for line in lines.bounded_lines(stream):
                    yield (None if line is None else line.encode("utf-8", "surrogateescape"))


class JsonArray:
    """A file that is one JSON array, read record by record, however large it is."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self._encoding = lines.marked_encoding(path)

    def header(self) -> None:
        """Return None: each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record, numbered from 1; where the file breaks off or is broken, the last row tells it."""
        with self._path.open(encoding=self._encoding, errors="replace") as stream:
            feed = _ByteFeed(stream)
            for number in itertools.count(1):
                if not feed.skip():
                    return
                try:
                    yield _row(number, feed.take())
                except (ValueError, RecursionError) as error:
                    yield Row(
                        number,
                        {},
                        f"broken JSON ({error}): nothing of the file is read from this record on",
                    )
                    return


class _ByteFeed:
    """The text of a JSON array, no more of it than holds one record."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._position = 0
        self._decode = json.JSONDecoder().raw_decode

    def skip(self) -> bool:
        """Pass over what stands between records, and return whether anything follows."""
        while True:
            while self._position < len(self._text):
                if self._text[self._position] not in _BETWEEN:
                    return True
                self._position += 1
            if not self._read_on():
                return False

    def take(self) -> Any:
        """Return the record that starts here. Raises ValueError where it is broken, RecursionError where it is too deep."""
        while True:
            try:
                record, end = self._decode(self._text, self._position)
            except ValueError:
                if (
                    len(self._text) - self._position > lines.MAX_LINE_CHARACTERS
                    or not self._read_on()
                ):
                    raise
            else:
                if (
                    end < len(self._text) or not self._read_on()
                ):  # a number at the end of the text may go on
                    self._position = end
                    return record

    def _read_on(self) -> bool:
        rest = self._text[self._position :]
        more = self._stream.read(max(_PART, len(rest)))
        if more:
            self._text = rest + more
            self._position = 0
        return bool(more)


class JsonRecords:
    """A file that is one JSON object: one that holds a list of records, or a single record."""

    def __init__(self, path: Path, whole: Any) -> None:
        self.where = str(path)
        self._records = _records_of(whole)

    def header(self) -> None:
        """Return None: each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record, numbered from 1, with all its values."""
        for number, record in enumerate(self._records, 1):
            yield _row(number, record)


def _parse_line(number: int, line: bytes) -> Row:
    try:
        return _row(number, orjson.loads(line))
    except ValueError:
        pass
    try:  # what Python's own reader takes beyond the standard: NaN, whole numbers of any size, halves of surrogate pairs
        return _row(number, json.loads(line.decode("utf-8")))
    except UnicodeDecodeError:
        return Row(number, {}, "the line is not UTF-8")
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"broken JSON ({error})")


def _row(number: int, record: Any) -> Row:
    if not isinstance(record, dict):
        return Row(
            number,
            {},
            f"a JSON object was expected, found {type(record).__name__}",
        )
    return Row(number, record)


def _records_of(whole: Any) -> list[Any]:
    """Return the records of a list that the object holds, or the object where it is one itself: it has a query or no list."""
    if not isinstance(whole, dict) or isinstance(
        whole.get(choose_columns(tuple(whole), {}).get("query", "")), str
    ):
        return [whole]
    lists = (found for key in _LISTS if isinstance(found := whole.get(key), list))
    return next(
        (found for found in lists if any(isinstance(one, dict) for one in found)),
        [whole],
    )


def _first_character(path: Path) -> str:
    with path.open(encoding=lines.marked_encoding(path), errors="replace") as stream:
        return stream.read(4096).lstrip("\ufeff \t\r\n")[:1]
