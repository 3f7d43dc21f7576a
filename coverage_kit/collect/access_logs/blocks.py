"""Gigabytes of lines in bounded memory: blocks of whole lines, and the lines that are no text."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from coverage_kit.collect.logs.steady import SteadyFile, shown
from coverage_kit.errors import LogError

# Bytes of a block: large enough for fast searches, small beside any memory (assumed).
BLOCK_BYTES = 4 << 20
# Servers cut requests at 8 to 32 kB; a longer line is damage (assumed).
MAX_LINE_BYTES = 64 << 10
_GZIP = b"\x1f\x8b"
# All bytes that a line of text may hold: anything but control characters, tabs excepted.
_TEXT = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Attributes:
        lines: the lines with their ends; only the last line of a file may lack one.
        first_line: number of the first one, from 1.
        faults: lines that are no text or too long: their starts in `lines`, with the reason.
        skipped: numbers of lines before the first one that were too long to keep, with the reason.
    """

    lines: bytes
    first_line: int
    faults: dict[int, str] = field(default_factory=dict)
    skipped: tuple[tuple[int, str], ...] = ()

    @property
    def n_lines(self) -> int:
        """Number of lines, the skipped ones included."""
        has_rest = bool(self.lines) and not self.lines.endswith(b"\n")
        return self.lines.count(b"\n") + has_rest + len(self.skipped)

    def line_number(self, start: int) -> int:
        """Return the number in the file of the line that starts here."""
        return self.first_line + self.lines.count(b"\n", 0, start)


class LogStream:
    """The bytes of a plain or packed log. `problem` says why it ends too early, if it does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._steady = SteadyFile(path)

    @property
    def n_bytes(self) -> int:
        """Size of the log; of a packed one as gzip notes it at its end, modulo 4 GB."""
        with self.path.open("rb") as stream:
            is_packed = stream.read(2) == _GZIP
            stream.seek(-4 if is_packed else 0, io.SEEK_END)
            return int.from_bytes(stream.read(4), "little") if is_packed else stream.tell()

    def start(self, n_bytes: int = BLOCK_BYTES) -> bytes:
        """Return the first bytes of the log, unpacked."""
        with self._open() as stream:
            first = self._read(stream, n_bytes)
        self.problem = ""
        return first

    def blocks(self) -> Iterator[Block]:
        """Yield the lines of the log in blocks."""
        number, rest, skipping = 1, b"", False
        skipped: list[tuple[int, str]] = []
        with self._open() as stream:
            while piece := self._read(stream):
                if skipping:
                    # The rest of a line that was too long to keep.
                    end = piece.find(b"\n")
                    if end < 0:
                        continue
                    piece, skipping = piece[end + 1 :], False
                text = rest + piece
                end = text.rfind(b"\n") + 1
                lines, rest = text[:end], text[end:]
                if lines:
                    block = _checked(lines, number, tuple(skipped))
                    yield block
                    number, skipped = number + block.n_lines - len(skipped), []
                if len(rest) > MAX_LINE_BYTES:
                    skipped.append((number, too_long()))
                    number, rest, skipping = number + 1, b"", True
        if rest or skipped:
            yield _checked(rest, number, tuple(skipped))

    def _read(self, stream: io.BufferedReader | gzip.GzipFile, most: int = BLOCK_BYTES) -> bytes:
        """Return the next bytes; where packing breaks off, those before and none from then on."""
        pieces: list[bytes] = []
        n_bytes = 0
        while n_bytes < most and not self.problem:
            try:
                piece = stream.read1(most - n_bytes)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                self.problem = f"the packed file breaks off ({error})"
                break
            if not piece:
                break
            pieces.append(piece)
            n_bytes += len(piece)
        return b"".join(pieces)

    @contextmanager
    def _open(self) -> Iterator[io.BufferedReader | gzip.GzipFile]:
        with cast(io.BufferedReader, self._steady.open()) as plain:
            is_packed = plain.peek(2)[:2] == _GZIP
            yield gzip.GzipFile(fileobj=plain) if is_packed else plain


def too_long() -> str:
    """Return the reason for a line that is too long."""
    return f"a line of more than {MAX_LINE_BYTES:,} bytes"


def _checked(lines: bytes, number: int, skipped: tuple[tuple[int, str], ...]) -> Block:
    faults: dict[int, str] = {}
    position = 0
    while position < len(lines):
        end = lines.rfind(b"\n", position, position + MAX_LINE_BYTES) + 1
        if not end:
            if len(lines) - position < MAX_LINE_BYTES:
                break
            end = lines.find(b"\n", position) + 1 or len(lines)
            faults[position] = too_long()
        position = end
    odd = lines.translate(None, _TEXT)
    if odd:
        for character in set(odd):
            byte = bytes([character])
            found = lines.find(byte)
            while found >= 0:
                start = lines.rfind(b"\n", 0, found) + 1
                faults.setdefault(start, "bytes that are no text")
                # The next one is looked for after this line.
                end = lines.find(b"\n", found)
                found = lines.find(byte, end) if end >= 0 else -1
    return Block(lines, number, faults, skipped)


def open_log(path: Path) -> LogStream:
    """Return the stream of a log. Raises LogError for a file that is empty."""
    if not path.stat().st_size:
        raise LogError(shown(path), "an access log", "an empty file", "Leave it out.")
    return LogStream(path)
