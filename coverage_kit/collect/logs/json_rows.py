"""Records of JSON and JSON Lines files."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import orjson

from coverage_kit.collect.logs import lines
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.other_json import describe_other
from coverage_kit.collect.logs.steady import SteadyFile, shown
from coverage_kit.errors import LogError

# A JSON object is read as a whole, so this bounds the memory that it takes (assumed).
MAX_JSON_BYTES = 500_000_000
# The fields of a JSON object that may hold the list of records; the first that does counts.
_LIST_KEYS = (
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
# An array is read in chunks of at least this many characters (assumed).
_CHUNK_CHARACTERS = 1 << 20
# A bracket, or a text with its end, which is missing where the text goes on in the next chunk.
_TOKEN = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*(?P<end>"|\\?\Z)', re.DOTALL)
# So many brackets and texts of a record that cannot be read are passed over to find its end: they
# take about a second (assumed: no record has more).
_MAX_TOKENS = 1_000_000
# What may be between two records; brackets too, because one array may follow another.
_BETWEEN = "\ufeff \t\r\n,[]"


def open_json(path: Path) -> "JsonLines | JsonArray | JsonRecords":
    """Return the records of a file that is a JSON value or has a JSON value on each line.

    The content decides which it is, not the file's ending. Raises LogError for a JSON object that
    is broken or larger than MAX_JSON_BYTES.
    """
    file = SteadyFile(path)
    first = _first_character(file)
    if first == "[":
        return JsonArray(path)
    if path.suffix.lower() != ".json":
        return JsonLines(path)
    if file.n_bytes > MAX_JSON_BYTES:
        cure = "Write it as JSON Lines: one record on each line, in a file ending in .jsonl."
        raise LogError(
            shown(path),
            f"at most {MAX_JSON_BYTES:,} bytes in one JSON object",
            f"{file.n_bytes:,}",
            cure,
        )
    try:
        value = read_json(file)
    except (ValueError, RecursionError) as error:
        # A file of JSON Lines may end in .json: its first line is an object, the whole is not JSON.
        if first == "{":
            return JsonLines(path)
        raise LogError(
            shown(path),
            "valid JSON in UTF-8",
            str(error),
            "Export the file again.",
        ) from None
    return JsonRecords(path, value)


def read_json(file: SteadyFile) -> Any:
    """Return the value of a whole file of JSON; of keys that come twice the last counts.

    Raises ValueError for a file that is no JSON, RecursionError for one that nests too deep.
    """
    with file.open_text(lines.marked_encoding(file), errors="strict") as stream:
        return json.loads(stream.read())


class JsonLines:
    """A file with a JSON record on each line, read line by line."""

    def __init__(self, path: Path) -> None:
        self.location = shown(path)
        self._file = SteadyFile(path)
        self._encoding = lines.marked_encoding(self._file)
        if not self._encoding.startswith("utf-8"):
            # In UTF-8 a broken line is a reject; in wider encodings the file cannot be split so.
            self._encoding = lines.json_encoding(self._file)

    def header(self) -> None:
        """Return None, because each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record with all its values, and the problem of each line that is broken."""
        for number, line in enumerate(self._lines(), 1):
            if line is None:
                yield Row(number, {}, lines.too_long())
            elif line and not line.isspace():
                yield _parse_line(number, line)

    def _lines(self) -> Iterator[bytes | None]:
        if self._encoding.startswith("utf-8"):
            with self._file.open() as binary:
                # A byte-order mark of UTF-8 takes three bytes.
                binary.read(3 if self._encoding == "utf-8-sig" else 0)
                yield from lines.bounded_lines(binary)
        else:
            with self._file.open_text(self._encoding) as stream:
                for line in lines.bounded_lines(stream):
                    yield None if line is None else line.encode("utf-8")


class JsonArray:
    """A file that is one JSON array, read record by record, however large it is."""

    def __init__(self, path: Path) -> None:
        self.location = shown(path)
        self._file = SteadyFile(path)
        self._encoding = lines.json_encoding(self._file)

    def header(self) -> None:
        """Return None, because each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record, numbered from 1.

        Where the file breaks off or is broken, the last row has the problem.
        """
        with self._file.open_text(self._encoding) as stream:
            feed = _ArrayFeed(stream)
            for number in itertools.count(1):
                if not feed.skip():
                    if feed.depth > 0:
                        yield Row(number, {}, "the file breaks off: its array has no end")
                    return
                try:
                    yield _row(number, feed.take())
                except (ValueError, RecursionError) as error:
                    # A record that is too deep, or has too long a number, does not hide where it
                    # ends. Behind any other fault nothing is sure.
                    is_sound = not isinstance(error, json.JSONDecodeError)
                    if is_sound and feed.pass_over():
                        yield Row(number, {}, f"broken JSON ({error})")
                        continue
                    yield Row(
                        number,
                        {},
                        f"broken JSON ({error}): nothing of the file is read from this record on",
                    )
                    return


class _ArrayFeed:
    """The text of a JSON array, of which no more is in memory than a record needs.

    `depth` is the number of arrays that are open between the records.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._position = 0
        self.depth = 0
        self._decode = json.JSONDecoder().raw_decode

    def skip(self) -> bool:
        """Go to the next record, and return whether there is another."""
        while True:
            while self._position < len(self._text):
                character = self._text[self._position]
                if character not in _BETWEEN:
                    return True
                self.depth += (character == "[") - (character == "]")
                self._position += 1
            if not self._read_on():
                return False

    def take(self) -> Any:
        """Return the record that starts here.

        Raises ValueError for a record that is broken, RecursionError for one that is too deep.
        """
        while True:
            try:
                record, end = self._decode(self._text, self._position)
            except ValueError:
                n_characters = len(self._text) - self._position
                if n_characters > lines.MAX_LINE_CHARACTERS or not self._read_on():
                    raise
            else:
                # A number at the end of the text may continue in the next chunk.
                if end < len(self._text) or not self._read_on():
                    self._position = end
                    return record

    def pass_over(self) -> bool:
        """Go behind the record that starts here, and return whether its end was found."""
        depth = 0
        # Counted from the start of the record.
        position = 0
        for _ in range(_MAX_TOKENS):
            token = _TOKEN.search(self._text, self._position + position)
            while not token or token["end"] not in (None, '"'):
                if not self._read_on():
                    return False
                token = _TOKEN.search(self._text, self._position + position)
            position = token.end() - self._position
            depth += (token[0] in "{[") - (token[0] in "}]")
            if depth <= 0:
                self._position += position
                return depth == 0
        return False

    def _read_on(self) -> bool:
        unread = self._text[self._position :]
        # Each chunk is at least as long as the text before it, so that a long record is decoded
        # only a few times.
        chunk = self._stream.read(max(_CHUNK_CHARACTERS, len(unread)))
        if chunk:
            self._text = unread + chunk
            self._position = 0
        return bool(chunk)


class JsonRecords:
    """A file that is one JSON object: a list of records in an object, or a single record."""

    def __init__(self, path: Path, value: Any) -> None:
        self.location = shown(path)
        self._other = describe_other(value) if isinstance(value, dict) else ""
        self._records, self._unread = ([], []) if self._other else _records_of(value)

    def header(self) -> None:
        """Return None, because each record names its own columns."""

    def rows(self, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Yield every record, numbered from 1, with all its values.

        A file that is no log is one row, whose problem says what it looks like.
        """
        if self._other:
            yield Row(1, {}, self._other)
        for number, record in enumerate(self._records, 1):
            yield _row(number, record)
        for number, (key, n_records) in enumerate(self._unread, len(self._records) + 1):
            yield Row(number, {}, f"the object has a second list of {n_records} records: {key!r}")


def _parse_line(number: int, line: bytes) -> Row:
    try:
        return _row(number, orjson.loads(line))
    except ValueError:
        pass
    # Python's own reader accepts more than the standard: NaN, whole numbers of any size, and halves
    # of surrogate pairs.
    try:
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


def _records_of(value: Any) -> tuple[list[Any], list[tuple[str, int]]]:
    """Return the records in a list that an object holds, and (key, length) of its further lists.

    An object is a record itself if it has a query or no list of objects.
    """
    if not isinstance(value, dict) or isinstance(
        value.get(choose_columns(tuple(value), {}).get("query", "")), str
    ):
        return [value], []
    lists = [
        (key, records)
        for key in _LIST_KEYS
        if isinstance(records := value.get(key), list)
        and any(isinstance(record, dict) for record in records)
    ]
    if not lists:
        return [value], []
    records = lists[0][1]
    listed = {key for key, _ in lists}
    # A list of any name, such as "failed", has records too where they name their query.
    named = [
        (key, others)
        for key, others in value.items()
        if key not in listed and isinstance(others, list) and any(map(_has_query, others))
    ]
    return records, [(key, len(others)) for key, others in [*lists[1:], *named]]


def _has_query(record: Any) -> bool:
    return isinstance(record, dict) and "query" in choose_columns(tuple(record), {})


def _first_character(file: SteadyFile) -> str:
    with file.open_text(lines.marked_encoding(file)) as stream:
        return stream.read(4096).lstrip("\ufeff \t\r\n")[:1]
