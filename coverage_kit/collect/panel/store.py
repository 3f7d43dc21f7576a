"""A wave on disk: records of exchanges, and notes of what was sent, so that nothing is asked twice.

`<wave>.jsonl` holds requests with their responses, as `read_log` reads them. A record is on the
disk before the next query is asked. `.asked/<wave>.sent` gets a line before each request is sent.
A request with such a line and no record was under way when the process was killed.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Literal

from coverage_kit.errors import RunError
from coverage_kit.storage.files import cure_for
from coverage_kit.text.parse import parse_json
from coverage_kit.usage import Spent

fcntl: ModuleType | None = None
with suppress(ImportError):  # Windows has none: there nothing keeps a second process out
    import fcntl

Outcome = Literal["answered", "failed", "stopped", "lost"]
Exchange = tuple[str, str, int]  # name of the engine, query_id, repeat
# `read_log` passes over hidden folders, so these files are not taken for logs.
HIDDEN = ".asked"
# A failed exchange is sent once more in a later run, and then left: assumed.
MAX_FAILURES = 2
_CURE = "Check the disk and the folder that ask.out names: the answers so far are stored."
# Size of the blocks in which the end of a file is searched.
_BLOCK_BYTES = 65_536
# A line with all keys of one of these sets is a record, or a note of a request that was sent.
_RECORD_KEYS = frozenset({"engine", "query_id", "repeat", "outcome", "spent", "n_tries", "setup"})
_NOTE_KEYS = frozenset({"exchange", "most"})
# Characters of a broken line that an error message quotes.
_QUOTED_CHARACTERS = 80


@dataclass
class StoredExchange:
    """What a wave holds of one exchange.

    `outcomes` and `spent` are those of its records, `setup` the settings with which it was asked
    last. `n_tries_recorded` counts the requests that records cover; `sent` holds, for every
    request, what was set aside for it.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    setup: dict[str, Any] = field(default_factory=dict)
    n_tries_recorded: int = 0
    sent: list[Spent] = field(default_factory=list)

    @property
    def lost(self) -> list[Spent]:
        """What was set aside for requests whose reply was lost when the process was killed."""
        return self.sent[self.n_tries_recorded :]

    @property
    def is_answered(self) -> bool:
        """Whether the engine answered."""
        return "answered" in self.outcomes

    @property
    def is_closed(self) -> bool:
        """Whether it is not asked again: it is answered, lost, or failed twice.

        Failures that stopped the engine do not count.
        """
        # Either a record says so, or a request without a record does.
        is_lost = "lost" in self.outcomes or bool(self.lost)
        return self.is_answered or is_lost or self.outcomes.count("failed") >= MAX_FAILURES


class WaveFile:
    """The files of one wave, open for one process at a time and safe to share between threads.

    An incomplete last line, which a process leaves that is killed while it writes, is cut off.

    Raises RunError where another process has it open, and where it cannot be read or written.
    """

    def __init__(self, out: Path, wave: str) -> None:
        self.path = out / f"{wave}.jsonl"
        self.wave = wave
        self._lock = threading.Lock()
        try:
            (out / HIDDEN).mkdir(parents=True, exist_ok=True)
            self._sent = (out / HIDDEN / f"{wave}.sent").open("ab+")
            self._lock_out_others()
            self._records = self.path.open("ab+")
            for file in (self._sent, self._records):
                _mend(file)
            if not self._records.tell():
                # `read_log` accepts a file without records in a folder, but not an empty file.
                self._records.write(b"\n")
                self._records.flush()
        except OSError as error:
            raise _unusable(self.path, error) from None
        self.stored = read_stored(out, wave)

    def __enter__(self) -> "WaveFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._records.close()
        self._sent.close()

    def note_sent(self, exchange: Exchange, max_spent: Spent) -> None:
        """Note that a request is about to be sent, and what was set aside for it."""
        self._write(self._sent, {"exchange": exchange, "most": asdict(max_spent)})

    def add(self, record: Mapping[str, Any]) -> None:
        """Add the record of an exchange; it is on the disk when this returns."""
        self._write(self._records, record)

    def _write(self, file: IO[bytes], row: Mapping[str, Any]) -> None:
        # In ASCII, because UTF-8 cannot encode half of a surrogate pair.
        line = json.dumps(row, ensure_ascii=True).encode() + b"\n"
        try:
            with self._lock:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unusable(self.path, error) from None

    def _lock_out_others(self) -> None:
        if fcntl is None:
            return
        try:
            # The system releases the lock when the process ends, however it ends.
            fcntl.flock(self._sent, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._sent.close()
            raise RunError(
                str(self.path),
                "a wave that no other process is asking",
                "another process asking it",
                "Wait until that process has ended.",
            ) from None


def read_stored(out: Path, wave: str) -> dict[Exchange, StoredExchange]:
    """Return what a wave holds; nothing where there is no such wave yet.

    Raises RunError for a line that is no record of a wave.
    """
    stored: dict[Exchange, StoredExchange] = {}
    for row in _rows(out / f"{wave}.jsonl"):
        key = (row["engine"], row["query_id"], row["repeat"])
        exchange = stored.setdefault(key, StoredExchange())
        exchange.outcomes.append(row["outcome"])
        exchange.spent += Spent(**row["spent"])
        exchange.n_tries_recorded += row["n_tries"]
        exchange.setup = row["setup"]
    for row in _rows(out / HIDDEN / f"{wave}.sent"):
        engine, query_id, repeat = row["exchange"]
        exchange = stored.setdefault((engine, query_id, repeat), StoredExchange())
        exchange.sent.append(Spent(**row["most"]))
    return stored


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                # An incomplete last line is cut off when the wave is opened.
                if line.endswith(b"\n") and line.strip():
                    yield _row(line, f"{path}, line {number}")
    except OSError as error:
        raise _unusable(path, error) from None


def _row(line: bytes, location: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
        if row.keys() >= _RECORD_KEYS or row.keys() >= _NOTE_KEYS:
            return dict(row)
    except (ValueError, AttributeError):
        pass
    raise RunError(
        location,
        "a record of 'coverage-kit ask'",
        line[:_QUOTED_CHARACTERS].decode("utf-8", "replace"),
        "Correct that line, or move the file to another folder.",
    ) from None


def _mend(file: IO[bytes]) -> None:
    """Cut off a last line that has no line end, and go to the end of the file."""
    end = file.seek(0, os.SEEK_END)
    start = end
    # Read backwards, block by block: a wave may be large, and its last record too.
    while start > 0:
        step = min(_BLOCK_BYTES, start)
        file.seek(start - step)
        line_end = file.read(step).rfind(b"\n")
        if line_end >= 0:
            start += line_end + 1 - step
            break
        start -= step
    if start < end:
        file.truncate(start)
    file.seek(0, os.SEEK_END)


def _unusable(path: Path, error: OSError) -> RunError:
    return RunError(
        str(path),
        "a wave that can be read and written",
        error.strerror or "an error of the disk",
        cure_for(error, _CURE),
    )
