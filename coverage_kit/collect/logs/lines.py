"""Lines of text files of any size: their encodings, and a limit on the memory for a line."""

import codecs
import logging
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any, AnyStr, NamedTuple, Protocol

from coverage_kit.collect.logs.steady import SteadyFile, shown

# A longer line is skipped, which bounds the memory that a line takes (assumed: no record is that
# long).
MAX_LINE_CHARACTERS = 50_000_000
_CHUNK_BYTES = 1 << 20
# The start of a file that shows its encoding.
_HEAD_BYTES = 4096
# Any character that is not ASCII, such as "é".
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
# The mark of UTF-32 starts with that of UTF-16, so it comes first.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """A record of a file: its line or row, counted from 1, and its values.

    `problem` is the reason why the record cannot be read, empty where it can. `aside` says what it
    is where it is no record of the log, such as the header again; empty where it is one. `part`
    says what it is where it counts with an earlier row, such as a further citation of an answer.
    """

    line: int
    values: dict[str, Any]
    problem: str = ""
    aside: str = ""
    part: str = ""


class Source(Protocol):
    """The rows of a file, or of a sheet in a file.

    `location` is the path, with the sheet if the file has several.
    """

    location: str

    def header(self) -> list[str] | None:
        """Return the names of the columns, or None where each record names its own columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, with at least the values of these columns."""


def bounded_lines(stream: IO[AnyStr]) -> Iterator[AnyStr | None]:
    """Yield each line, or None for a line longer than MAX_LINE_CHARACTERS, which is skipped.

    In a binary stream bytes are counted instead of characters.
    """
    while line := stream.readline(MAX_LINE_CHARACTERS + 1):
        if len(line) <= MAX_LINE_CHARACTERS or _ends(line):
            yield line
            continue
        del line
        # The line is skipped in chunks, so that it is never in memory as a whole.
        while (chunk := stream.readline(_CHUNK_BYTES)) and not _ends(chunk):
            pass
        yield None


def too_long() -> str:
    """Return the reason for skipping a line."""
    return f"the line is longer than {MAX_LINE_CHARACTERS:,} characters"


def marked_encoding(file: SteadyFile) -> str:
    """Return the encoding that a file's first bytes show, else utf-8.

    A byte-order mark shows it, or the zero bytes of UTF-16 and UTF-32.
    """
    with file.open() as stream:
        start = stream.read(_HEAD_BYTES)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    zeros = [start[first::4].count(0) for first in range(4)]
    # Of the four bytes of a character in UTF-32 two or more are zero, and the first or the last of
    # all. One fifth of the characters is assumed here too, see below.
    if min(zeros[1:3]) * 20 > len(start) and (not zeros[0] or not zeros[3]):
        return "utf-32-le" if zeros[3] else "utf-32-be"
    return _wide_encoding(start) if any(zeros) else "utf-8"


def _wide_encoding(start: bytes) -> str:
    """Return utf-16-le or utf-16-be for text with zero bytes, or utf-8 where it is neither.

    In UTF-16 every other byte of ASCII text is zero. The share of one fifth is assumed: it leaves
    room for text that is mostly not ASCII. Of text with fewer zeros, such as Chinese, the ends of
    lines and the signs between cells show the order of its bytes.
    """
    evens, odds = start[0::2].count(0), start[1::2].count(0)
    if max(evens, odds) * 5 > len(start):
        return "utf-16-le" if odds > evens else "utf-16-be"
    if _is_utf_8(start):
        return "utf-8"
    signs = {
        encoding: sum(start.count(sign.encode(encoding)) for sign in '\n,;\t"{}')
        for encoding in ("utf-16-le", "utf-16-be")
    }
    best = max(signs, key=lambda encoding: signs[encoding])
    return best if signs[best] and "\x00" not in start.decode(best, "replace") else "utf-8"


def _is_utf_8(start: bytes) -> bool:
    # The start may end inside a character.
    return not codecs.getincrementaldecoder("utf-8")("replace").decode(start).count("\ufffd")


def text_encoding(file: SteadyFile) -> str:
    """Return the encoding of a file: as its first bytes show, else utf-8 or cp1252.

    It is cp1252 where most of what is not ASCII is not valid UTF-8. Warns of characters that may be
    of another encoding than the rest.
    """
    encoding = marked_encoding(file)
    n_broken, n_sound = _count_sequences(file, encoding)
    if encoding == "utf-8" and n_broken > n_sound:
        if n_sound:
            logger.warning(
                "%s: %d characters may be UTF-8, and are read as Windows-1252 as the others are",
                shown(file.path),
                n_sound,
            )
        return "cp1252"
    _warn_of_broken(file, encoding, n_broken)
    return encoding


def json_encoding(file: SteadyFile) -> str:
    """Return the encoding of a file of JSON, and warn of what is not of the encoding."""
    encoding = marked_encoding(file)
    _warn_of_broken(file, encoding, _count_sequences(file, encoding)[0])
    return encoding


def _warn_of_broken(file: SteadyFile, encoding: str, n_broken: int) -> None:
    if n_broken:
        logger.warning(
            "%s: %d characters are not %s and are read as U+FFFD",
            shown(file.path),
            n_broken,
            encoding.upper().removesuffix("-SIG"),
        )


def _count_sequences(file: SteadyFile, encoding: str) -> tuple[int, int]:
    """Return how many sequences beyond ASCII are not valid in an encoding, and how many are."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    n_broken = 0
    n_sound = 0
    with file.open() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if not (text := decoder.decode(chunk)).isascii():
                # The decoder writes U+FFFD for each broken sequence; the file may hold that
                # character itself, too.
                n_in_file = chunk.count("\ufffd".encode(_plain(encoding)))
                n_decoded = text.count("\ufffd")
                n_broken += max(0, n_decoded - n_in_file)
                n_sound += len(_BEYOND_ASCII.findall(text)) - n_decoded + n_in_file
    # A sequence that the end of the file cuts short is broken, too.
    return n_broken + len(decoder.decode(b"", final=True)), n_sound


def _plain(encoding: str) -> str:
    """Return an encoding that writes no byte-order mark; of UTF-16 and UTF-32 the usual order."""
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(
        encoding, encoding
    )


def _ends(line: str | bytes) -> bool:
    return line.endswith(("\n", "\r")) if isinstance(line, str) else line.endswith(b"\n")
