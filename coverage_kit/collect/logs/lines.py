"""Lines of text files of any size: encodings, and a bound on the memory that one line may take."""

import codecs
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, AnyStr, NamedTuple

MAX_LINE_CHARACTERS = 50_000_000
_CHUNK = 1 << 20
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """One record of a file: its line or row from 1 and its values, or the problem for which it cannot be read."""

    line: int
    values: dict[str, Any]
    problem: str = ""


def bounded_lines(stream: IO[AnyStr]) -> Iterator[AnyStr | None]:
    """Yield each line; None in place of one longer than MAX_LINE_CHARACTERS, which is passed over in chunks.

    Of a binary stream, bytes stand for characters.
    """
    while line := stream.readline(MAX_LINE_CHARACTERS + 1):
        if len(line) <= MAX_LINE_CHARACTERS or _ends(line):
            yield line
            continue
        del line
        while (rest := stream.readline(_CHUNK)) and not _ends(rest):
            pass
        yield None


def too_long() -> str:
    """Return the reason for passing over a line."""
    return f"the line is longer than {MAX_LINE_CHARACTERS:,} characters"


def marked_encoding(path: Path) -> str:
    """Return the encoding that a file's first bytes tell: by byte-order mark or the zero bytes of UTF-16; else utf-8."""
    with path.open("rb") as stream:
        start = stream.read(4096)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    zeros = start[0::2].count(0), start[1::2].count(0)
    if max(zeros) * 5 > len(start):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    return "utf-8"


def text_encoding(path: Path) -> str:
    """Return the encoding of a whole file: as marked, else utf-8, or cp1252 where most of what is not ASCII is no UTF-8.

    Warns of single bytes that are not UTF-8 in a file that is.
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
    """Return how many of a file's sequences beyond ASCII are not UTF-8, and how many are."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    n_broken = n_sound = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if not (text := decoder.decode(chunk)).isascii():
                n_known = chunk.count(b"\xef\xbf\xbd")
                n_found = text.count("\ufffd")
                n_broken += max(0, n_found - n_known)
                n_sound += len(_BEYOND_ASCII.findall(text)) - n_found + n_known
    return n_broken + len(decoder.decode(b"", final=True)), n_sound


def _ends(line: str | bytes) -> bool:
    return line.endswith(("\n", "\r")) if isinstance(line, str) else line.endswith(b"\n")
