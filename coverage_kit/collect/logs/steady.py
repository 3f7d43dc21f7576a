"""Files as they were when they were opened, however they change while they are read."""

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from coverage_kit.errors import LogError

logger = logging.getLogger(__name__)

# What messages call a file that was unpacked to the disk, by its path there.
_UNPACKED_NAMES: dict[Path, str] = {}

# Bytes that are read from the disk at a time (assumed), and in which the end of the last whole line
# of a growing file is looked for: a longer line is read as far as it goes.
_CHUNK_BYTES = 1 << 20


class SteadyFile:
    """A file of which no more is read than it held when it was opened for the first time.

    A log may grow faster than it is read. Its part that was there is read, up to the last whole
    line, and a warning says so. A file that became shorter, or that another file has replaced, is
    an error, because its parts would not belong together.
    """

    def __init__(self, path: Path) -> None:
        state = path.stat()
        self.path = path
        self.n_bytes = state.st_size
        self._identity = (state.st_dev, state.st_ino)
        self._is_cut = False

    def open(self) -> BinaryIO:
        """Return a stream of the file. Raises LogError for a file that was replaced or cut."""
        self.check()
        return io.BufferedReader(_Start(self.path, self.n_bytes), _CHUNK_BYTES)

    def open_text(self, encoding: str, errors: str = "replace") -> io.TextIOWrapper:
        """Return a stream of the file's text with its line ends as they are."""
        return io.TextIOWrapper(self.open(), encoding=encoding, errors=errors, newline="")

    def check(self) -> None:
        """Raise LogError for a file that was replaced or cut, and warn of one that grows."""
        state = self.path.stat()
        if (state.st_dev, state.st_ino) != self._identity or state.st_size < self.n_bytes:
            raise LogError(
                shown(self.path),
                f"the file of {self.n_bytes:,} bytes that was opened first",
                f"another file in its place, of {state.st_size:,} bytes",
                "Read the log when nothing writes to it, or read a copy.",
            )
        if state.st_size > self.n_bytes and not self._is_cut:
            self._is_cut = True
            self.n_bytes = self._end_of_lines()
            logger.warning(
                "%s grows while it is read: its first %d bytes are read, and nothing after them",
                shown(self.path),
                self.n_bytes,
            )

    def _end_of_lines(self) -> int:
        """Return where the last whole line ends, or the first size where no line ends near it."""
        first = max(0, self.n_bytes - _CHUNK_BYTES)
        with self.path.open("rb") as stream:
            stream.seek(first)
            end = stream.read(self.n_bytes - first).rfind(b"\n")
        return self.n_bytes if end < 0 else first + end + 1


class _Start(io.RawIOBase):
    """The first bytes of a file. Raises OSError where the file ends before them."""

    def __init__(self, path: Path, n_bytes: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._n_left = n_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._n_left:
            return 0
        n_read = self._file.readinto(memoryview(buffer)[: self._n_left]) or 0
        if not n_read:
            raise OSError(f"the file ends {self._n_left:,} bytes before its end was expected")
        self._n_left -= n_read
        return n_read

    def close(self) -> None:
        self._file.close()
        super().close()


def shown(path: Path) -> str:
    """Return a path as text that can be written: a file's name may hold bytes that are no text.

    Of a file that was unpacked it is the path of the archive, with the file's name in it.
    """
    return _UNPACKED_NAMES.get(path) or os.fsencode(path).decode("utf-8", "replace")


def name_unpacked(path: Path, name: str) -> None:
    """Let messages call an unpacked file by this name."""
    _UNPACKED_NAMES[path] = os.fsencode(name).decode("utf-8", "replace")


@contextmanager
def reading(location: str) -> Iterator[None]:
    """Turn every fault of a file, or of the library that reads it, into a LogError."""
    try:
        yield
    except LogError:
        raise
    except OSError as error:
        raise LogError(
            location,
            "a readable file",
            str(error),
            "Check that the file is there, and that you may read it.",
        ) from None
    except Exception as error:  # a file is data: whatever it holds, it ends no run with a traceback
        raise LogError(
            location,
            "a file in the format that its ending says",
            f"{type(error).__name__}: {error}"[:300],
            "Export the file again.",
        ) from error
