"""A wave on disk: a record an exchange, safe before the next is asked; and what was sent, so that nothing is asked twice.

`<wave>.jsonl` holds requests with their responses, as `read_log` reads them. `.asked/<wave>.sent`
holds a line for each request before it is sent: one that has no record after it was under way when
the process was killed.
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
from coverage_kit.usage import Spent

fcntl: ModuleType | None = None
with suppress(ImportError):  # Windows has none: there two processes are not kept apart
    import fcntl

Outcome = Literal["answered", "failed", "stopped", "lost"]
Exchange = tuple[str, str, int]  # name of the engine, query_id, repeat
HIDDEN = ".asked"
MOST_FAILURES = 2
_BLOCK_BYTES = 65_536
_OURS = frozenset({"engine", "query_id", "repeat", "outcome", "spent", "n_tries", "setup"})


@dataclass
class Stored:
    """What a wave holds of one exchange: its records' outcomes and their cost, how it was asked, and what was sent for it."""

    outcomes: list[Outcome] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    setup: dict[str, Any] = field(default_factory=dict)
    n_tries_told: int = 0
    sent: list[Spent] = field(default_factory=list)

    @property
    def lost(self) -> list[Spent]:
        """What was set aside for requests whose reply was lost when the process was killed."""
        return self.sent[self.n_tries_told :]

    @property
    def is_answered(self) -> bool:
        """Whether it was answered."""
        return "answered" in self.outcomes

    @property
    def is_closed(self) -> bool:
        """Whether it is not asked again: answered, lost, or failed twice (failures that stopped its engine not counted)."""
        is_lost = "lost" in self.outcomes or bool(self.lost)
        return self.is_answered or is_lost or self.outcomes.count("failed") >= MOST_FAILURES


class WaveFile:
    """The files of one wave, open for one process at a time and safe to share between threads.

    A last line that is torn, as of a process killed while it wrote, is cut off.

    Raises RunError where another process has it open, and where it cannot be read or written.
    """

    def __init__(self, out: Path, wave: str) -> None:
        self.path = out / f"{wave}.jsonl"
        self.wave = wave
        self._lock = threading.Lock()
        try:
            (out / HIDDEN).mkdir(parents=True, exist_ok=True)
            self._sent = (out / HIDDEN / f"{wave}.sent").open("ab+")
            self._keep_others_out()
            self._records = self.path.open("ab+")
            for file in (self._sent, self._records):
                _mend(file)
            if not self._records.tell():
                self._records.write(
                    b"\n"
                )  # a folder of logs may hold a file of no records, but not an empty one
                self._records.flush()
        except OSError as error:
            raise _unusable(self.path, error) from None
        self.stored = read_stored(out, wave)

    def __enter__(self) -> "WaveFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._records.close()
        self._sent.close()

    def note_sent(self, exchange: Exchange, most: Spent) -> None:
        """Note that a request is about to be sent, and what was set aside for it."""
        self._write(self._sent, {"exchange": exchange, "most": asdict(most)})

    def add(self, record: Mapping[str, Any]) -> None:
        """Add the record of an exchange; it is on the disk when this returns."""
        self._write(self._records, record)

    def _write(self, file: IO[bytes], row: Mapping[str, Any]) -> None:
        line = (
            json.dumps(row, ensure_ascii=True).encode() + b"\n"
        )  # ASCII: halves of surrogate pairs cannot be written else
        try:
            with self._lock:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unusable(self.path, error) from None

    def _keep_others_out(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._sent, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._sent.close()
            what = "a wave that nobody else is asking"
            found = "another process asking it"
            raise RunError(str(self.path), what, found, "Wait until it has ended.") from None


def read_stored(out: Path, wave: str) -> dict[Exchange, Stored]:
    """Return what a wave holds; nothing where there is none yet. Raises RunError for a line that is none of ours."""
    stored: dict[Exchange, Stored] = {}
    for row in _rows(out / f"{wave}.jsonl"):
        one = stored.setdefault((row["engine"], row["query_id"], row["repeat"]), Stored())
        one.outcomes.append(row["outcome"])
        one.spent += Spent(**row["spent"])
        one.n_tries_told += row["n_tries"]
        one.setup = row["setup"]
    for row in _rows(out / HIDDEN / f"{wave}.sent"):
        engine, query_id, repeat = row["exchange"]
        stored.setdefault((engine, query_id, repeat), Stored()).sent.append(Spent(**row["most"]))
    return stored


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if (
                    line.endswith(b"\n") and line.strip()
                ):  # else torn: it is cut off when the wave is opened
                    yield _row(line, f"{path}, line {number}")
    except OSError as error:
        raise _unusable(path, error) from None


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if row.keys() >= _OURS or row.keys() >= {"exchange", "most"}:
            return dict(row)
    except (ValueError, AttributeError):
        pass
    found = line[:80].decode("utf-8", "replace")
    raise RunError(
        where,
        "a record of 'coverage-kit ask'",
        found,
        "Mend that line, or move the file elsewhere.",
    ) from None


def _mend(file: IO[bytes]) -> None:
    """Cut off a last line without an end."""
    end = file.seek(0, os.SEEK_END)
    start = end
    while start > 0:
        step = min(_BLOCK_BYTES, start)
        file.seek(start - step)
        place = file.read(step).rfind(b"\n")
        if place >= 0:
            start += place + 1 - step
            break
        start -= step
    if start < end:
        file.truncate(start)
    file.seek(0, os.SEEK_END)


def _unusable(path: Path, error: OSError) -> RunError:
    cure = "See to the disk and the folder that ask.out names: what was answered is kept."
    return RunError(
        str(path),
        "a wave that can be read and written",
        error.strerror or "an error of the disk",
        cure,
    )
