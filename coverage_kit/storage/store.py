"""Store: what a project keeps on disk between runs, one folder for each kind.

An entry is a record NAME.json and its files NAME.DIGEST.FILE. The record lists the files with their
digests and is written last, so an entry is there completely or not at all. An entry that does not
check out counts as absent: what is kept cannot stop a run. Nothing in it is ever executed.
"""

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage_kit.storage.digests import digest_bytes, digest_file
from coverage_kit.storage.files import (
    ABANDONED_SECONDS,
    cure_for,
    locked,
    make_folder,
    new_file,
    remove,
    remove_abandoned,
    set_aside,
    sync,
    unfinished_file,
)
from coverage_kit.text.parse import parse_json

# Another number than in a record means that another version wrote it: it counts as absent.
FORMAT = 1
# A record is named by a digest; of a crawl, with the word before it. Files of other names are not
# the store's: a user may keep things in a folder of this name.
_RECORD = re.compile(r"(crawl-)?[0-9a-f]{24,64}\.json")
# A file of an entry holds the beginning of its digest; an unfinished one ends as `files` names it.
_FILE = re.compile(
    r"(crawl-)?[0-9a-f]{24,64}\.[0-9a-f]{12}\..+"  # a file of an entry
    r"|\..+\.coverage-kit-[0-9a-f]{8}\.new"  # an unfinished one
    r"|(crawl-)?[0-9a-f]{24,64}\..+\.unreadable-[0-9]{8}-[0-9a-f]{4}"  # one that was set aside
)
# What reading raises for an entry that is damaged, or was written by another version.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError)
# The content of one file of an entry, or what writes it to the path that it is called with.
Fill = bytes | Callable[[Path], object]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """An entry that checks out: plain values, and the path of each file by its name."""

    values: dict[str, Any]
    files: dict[str, Path]


@dataclass(frozen=True)
class StoredSize:
    """What a store holds.

    `oldest` is when the oldest file was written or used, `last_used` when an entry was used last:
    both in seconds since 1970, nan for an empty store.
    """

    n_entries: int
    n_bytes: int
    oldest: float
    last_used: float


class Store:
    """The entries of one kind, in a folder. Several processes may use it at once.

    `damaged` holds the names of entries that `get` has met and that did not check out.

    Args:
        folder: the folder of the entries; made when needed.
        max_entries: so many entries stay, those used last; 0 for any number.
        max_bytes: `bound` removes what was used longest ago while the entries are larger; 0 for
            any size.
        is_synced: whether `put` waits until the entry is on the disk. Leave it out for what can be
            made again.
    """

    def __init__(
        self, folder: Path, max_entries: int = 0, max_bytes: int = 0, is_synced: bool = False
    ) -> None:
        self.folder = folder
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.is_synced = is_synced
        self.damaged: set[str] = set()

    def get(self, name: str) -> Entry | None:
        """Return an entry; None where there is none, or one that does not check out."""
        path = self._record_path(name)
        for _ in range(2):  # another process may replace the entry while it is read
            try:
                entry = _read(path)
                os.utime(path)  # the time of the last use
            except FileNotFoundError:
                if not path.is_symlink() and not path.exists():
                    return None
            except _DAMAGE:
                continue
            else:
                return entry
        self.damaged.add(name)
        return None

    def put(self, name: str, values: Mapping[str, Any], files: Mapping[str, Fill]) -> Entry:
        """Write an entry completely or not at all, in place of an older one; return it.

        Args:
            name: a digest, at least 24 hexadecimal digits; "crawl-" may precede it.
            values: plain values that JSON holds.
            files: by name, the content of each file, or what writes it.

        Raises OSError where the disk does not take it.
        """
        make_folder(self.folder)
        path = self._record_path(name)
        digests = {file: self._write(name, file, fill) for file, fill in files.items()}
        content = {"format": FORMAT, "values": dict(values), "files": digests}
        record = json.dumps({"digest": _digest(content), **content}, indent=1)
        with locked(self.folder):
            before = _files_of(path)
            if path.is_dir():
                set_aside(path)
            with new_file(path, is_synced=self.is_synced) as unfinished:
                unfinished.write_text(record, encoding="utf-8")
            for old in before - {_file_path(path, *pair) for pair in digests.items()}:
                with suppress(OSError):
                    remove(old)
        if self.max_entries:
            self.bound(keep=name)
        return Entry(
            dict(values), {file: _file_path(path, file, digest) for file, digest in digests.items()}
        )

    def keep(self, name: str, values: Mapping[str, Any], files: Mapping[str, Fill]) -> Entry | None:
        """Put an entry that can be made again: where that fails, say so and return None."""
        try:
            return self.put(name, values, files)
        except OSError as error:
            cure = cure_for(error, "The next run makes it again.")
            logger.warning("%s: cannot be kept (%s). %s", self.folder, error, cure)
            return None

    def warn_damaged(self) -> None:
        """Say in one line how many entries did not check out since the last time."""
        if self.damaged:
            n = len(self.damaged)
            what = "1 entry does" if n == 1 else f"{n} entries do"
            logger.warning("%s: %s not check out and count as absent", self.folder, what)
            self.damaged.clear()

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out between `get` and `replace`.

        `put` locks the same folder, so the lock is that of the folder above.
        """
        make_folder(self.folder)
        return locked(self.folder.parent)

    def set_aside(self, name: str) -> list[Path]:
        """Rename all files of an entry that nothing can make again; return their new paths."""
        return [
            set_aside(path)
            for path in sorted(self.folder.glob(f"{name}.*"))
            if ".unreadable-" not in path.name
        ]

    def bound(self, keep: str = "") -> int:
        """Remove the entries beyond the bounds, used longest ago first; return their number.

        The entry `keep` stays.
        """
        if not self.max_entries and sum(map(_size, self._paths())) <= self.max_bytes:
            return 0
        records = list(self._records())
        records.sort(key=_last_use, reverse=True)
        records.sort(key=lambda path: path.stem != keep)
        n_bytes = 0
        n_removed = 0
        for number, path in enumerate(records, 1):
            files = _files_of(path)
            n_bytes += sum(map(_size, [path, *files]))
            is_over = (self.max_entries and number > self.max_entries) or (
                self.max_bytes and n_bytes > self.max_bytes
            )
            if is_over and path.stem != keep:
                _remove_entry(path, files)
                n_removed += 1
        return n_removed

    def prune(self) -> int:
        """Remove what is damaged, abandoned or beyond the bounds; return the number of removals.

        Do not call it where entries cannot be made again.
        """
        if not self.folder.is_dir():
            return 0
        n_removed = remove_abandoned(self.folder)
        used: set[Path] = set()
        for path in self._records():
            try:
                used |= {path, *_read(path).files.values()}
            except _DAMAGE:
                _remove_entry(path, _files_of(path))
                n_removed += 1
        for path in self._paths():
            # A file without a record may belong to an entry that is being written.
            if path not in used and time.time() - _last_use(path) > ABANDONED_SECONDS:
                remove(path)
                n_removed += 1
        return n_removed + self.bound()

    def clear(self) -> int:
        """Remove every entry, and an empty folder; return the number of entries."""
        n_entries = sum(1 for _ in self._records())
        for path in self._paths():
            remove(path)
        with suppress(OSError):  # absent, or files of others are in it
            self.folder.rmdir()
        return n_entries

    def size(self) -> StoredSize:
        """Return what the store holds."""
        records = list(self._records())
        paths = [path for path in self._paths() if path.is_file()]
        return StoredSize(
            len(records),
            sum(map(_size, paths)),
            min(map(_last_use, paths), default=float("nan")),
            max(map(_last_use, records), default=float("nan")),
        )

    def _records(self) -> Iterator[Path]:
        return (path for path in self.folder.glob("*.json") if _RECORD.fullmatch(path.name))

    def _paths(self) -> list[Path]:
        """Return the paths of all that the store has written."""
        written = (_RECORD, _FILE)
        return [
            path
            for path in self.folder.glob("*")
            if any(pattern.fullmatch(path.name) for pattern in written)
        ]

    def _record_path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _write(self, name: str, file: str, fill: Fill) -> str:
        """Write a file of an entry under its digest, which is returned."""
        with unfinished_file(self.folder / f"{name}.{file}") as unfinished:
            if isinstance(fill, bytes):
                unfinished.write_bytes(fill)
            else:
                fill(unfinished)
            if self.is_synced:
                sync(unfinished)
            digest = digest_file(unfinished)
            target = _file_path(self._record_path(name), file, digest)
            if target.is_dir():
                set_aside(target)
            unfinished.replace(target)
        return digest


def _read(path: Path) -> Entry:
    """Return the entry of a record. Raises one of _DAMAGE where it does not check out."""
    record = parse_json(path.read_bytes())
    content = {key: record[key] for key in ("format", "values", "files")}
    if content["format"] != FORMAT or record["digest"] != _digest(content):
        raise ValueError("a record that does not check out")
    files = {file: _file_path(path, file, digest) for file, digest in content["files"].items()}
    for file, digest in content["files"].items():
        if digest_file(files[file]) != digest:
            raise ValueError(f"{file} is not as it was written")
    return Entry(content["values"], files)


def _digest(content: Mapping[str, Any]) -> str:
    return digest_bytes(json.dumps(content, sort_keys=True).encode())


def _file_path(record: Path, file: str, digest: str) -> Path:
    # Path().name keeps a record that somebody changed from naming a file outside the folder.
    return record.with_name(Path(f"{record.stem}.{digest[:12]}.{file}").name)


def _files_of(record: Path) -> set[Path]:
    """Return the paths of a record's files, whether they check out or not."""
    try:
        files = parse_json(record.read_bytes())["files"].items()
        return {_file_path(record, str(file), str(digest)) for file, digest in files}
    except _DAMAGE:
        return set()


def _remove_entry(record: Path, files: Iterable[Path]) -> None:
    """Remove an entry, its record first: it is then absent for other processes."""
    for path in (record, *files):
        with suppress(OSError):
            remove(path)


def _last_use(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
