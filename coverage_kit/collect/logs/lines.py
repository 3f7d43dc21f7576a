"""Lines of text files of any size: encodings, and a bound on the memory that one line may take."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, AnyStr

MAX_LINE_CHARACTERS = 50_000_000
_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Row:
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
    """Return the encoding of a whole file: as marked, else utf-8 where every byte of it is, else cp1252."""
    encoding = marked_encoding(path)
    if encoding != "utf-8":
        return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _ends(line: str | bytes) -> bool:
    return line.endswith(("\n", "\r")) if isinstance(line, str) else line.endswith(b"\n")
