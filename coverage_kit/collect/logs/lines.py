"""Lines of text files of any size: their encodings, and a limit on the memory for a line."""

import codecs
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, AnyStr, NamedTuple

# A longer line is skipped, which bounds the memory that a line takes (assumed: no record is that
# long).
MAX_LINE_CHARACTERS = 50_000_000
_CHUNK_BYTES = 1 << 20
# The start of a file that shows its encoding.
_HEAD_BYTES = 4096
# Any character that is not ASCII, such as "é".
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """A record of a file: its line or row, counted from 1, and its values.

    `problem` is the reason why the record cannot be read, empty where it can.
    """

    line: int
    values: dict[str, Any]
    problem: str = ""


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


def marked_encoding(path: Path) -> str:
    """Return the encoding that a file's first bytes show, else utf-8.

    A byte-order mark shows it, or the zero bytes of UTF-16.
    """
    with path.open("rb") as stream:
        start = stream.read(_HEAD_BYTES)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    zeros = start[0::2].count(0), start[1::2].count(0)
    # In UTF-16 every other byte of ASCII text is zero; other encodings have no zero bytes. The
    # share of one fifth is assumed: it leaves room for text that is mostly not ASCII.
    if max(zeros) * 5 > len(start):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    return "utf-8"


def text_encoding(path: Path) -> str:
    """Return the encoding of a file: as its first bytes show, else utf-8 or cp1252.

    It is cp1252 where most of what is not ASCII is not valid UTF-8. Warns of single bytes that are
    not UTF-8 in a file that is otherwise UTF-8.
    """
    encoding = marked_encoding(path)
    if encoding != "utf-8":
        return encoding
    n_broken, n_sound = _count_sequences(path)
    if n_broken > n_sound:
        return "cp1252"
    if n_broken:
        logger.warning(
            "%s: %d characters are not UTF-8 and are read as U+FFFD",
            path,
            n_broken,
        )
    return "utf-8"


def _count_sequences(path: Path) -> tuple[int, int]:
    """Return how many sequences beyond ASCII in a file are not valid UTF-8, and how many are."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    n_broken = 0
    n_sound = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if not (text := decoder.decode(chunk)).isascii():
                # The decoder writes U+FFFD for each broken sequence; the file may hold that
                # character itself, too.
                n_in_file = chunk.count(b"\xef\xbf\xbd")
                n_decoded = text.count("\ufffd")
                n_broken += max(0, n_decoded - n_in_file)
                n_sound += len(_BEYOND_ASCII.findall(text)) - n_decoded + n_in_file
    # A sequence that the end of the file cuts short is broken, too.
    return n_broken + len(decoder.decode(b"", final=True)), n_sound


def _ends(line: str | bytes) -> bool:
    return line.endswith(("\n", "\r")) if isinstance(line, str) else line.endswith(b"\n")
