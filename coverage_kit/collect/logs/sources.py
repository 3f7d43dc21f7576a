"""The files of a log, each opened as its ending says."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from coverage_kit.collect.logs.csv_rows import CsvFile
from coverage_kit.collect.logs.json_rows import open_json
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.steady import reading, shown
from coverage_kit.collect.logs.table_rows import ParquetFile, open_sheets
from coverage_kit.errors import LogError

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
_ENDINGS_LISTED = ", ".join(ENDINGS)
# The first bytes of a file that gzip packed, whatever its ending says.
_GZIP = b"\x1f\x8b"

logger = logging.getLogger(__name__)


class Source(Protocol):
    """The rows of a file, or of a sheet in a file.

    `location` is the path, with the sheet if the file has several.
    """

    location: str

    def header(self) -> list[str] | None:
        """Return the names of the columns, or None where each record names its own columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, with at least the values of these columns."""


class GuardedSource:
    """A source whose faults are LogErrors, whenever they show up."""

    def __init__(self, source: Source) -> None:
        self.location = source.location
        self._source = source

    def header(self) -> list[str] | None:
        """Return the header of the source."""
        with reading(self.location):
            return self._source.header()

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of the source."""
        with reading(self.location):
            yield from self._source.rows(columns)


def find_files(name: str) -> list[Path]:
    """Return the log file with this name, or the log files in a folder with this name.

    Files in subfolders count, hidden files do not. The files are sorted. Warns of what has the
    ending of a log and is no file, such as a pipe or a broken link. Raises LogError for a file that
    is missing, an ending that is not read, a folder that may not be read and a folder without logs.
    """
    path = Path(name)
    if path.is_dir():
        files = list(_files_in(path))
        if not files:
            raise LogError(
                shown(path),
                f"a folder with logs ({_ENDINGS_LISTED})",
                "none",
                "Name the folder that holds the exports.",
            )
        return files
    if not path.is_file():
        is_there = path.exists()
        raise LogError(
            shown(path),
            "a log file or folder",
            "a pipe or device" if is_there else "no such file",
            "Save the log as a file." if is_there else "Correct the path in [log] files.",
        )
    if path.suffix.lower() not in ENDINGS:
        is_packed = path.suffix.lower() in (".zip", ".gz", ".tar", ".7z")
        cure = (
            "Unpack it."
            if is_packed
            else "Export the log as such a file, or give the file the ending of its format."
        )
        raise LogError(
            shown(path), f"a file ending in {_ENDINGS_LISTED}", path.suffix or "no ending", cure
        )
    return [path]


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield the log files of a folder in order; links to folders are not followed."""
    logs = []
    for parent, subfolders, names in os.walk(folder, onerror=_raise_unreadable):
        subfolders[:] = [subfolder for subfolder in subfolders if not subfolder.startswith(".")]
        for link in filter(Path.is_symlink, (Path(parent, name) for name in subfolders)):
            logger.warning("%s is left out: links to folders are not followed", shown(link))
        logs += [
            Path(parent, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS
        ]
    for path in sorted(logs):
        if path.is_file():
            yield path
        else:
            logger.warning("%s is left out: it is a pipe, a device or a broken link", shown(path))


def _raise_unreadable(error: OSError) -> None:
    raise LogError(
        str(error.filename), "a readable folder", str(error), "Check its permissions."
    ) from None


def open_file(path: Path) -> Sequence[Source]:
    """Return the source of a file, or a source for each sheet of a workbook that is not empty.

    Whatever is wrong with the file, now or when it is read, is a LogError: it is empty, broken,
    packed or gone, or the user may not read it.
    """
    with reading(shown(path)):
        return [GuardedSource(source) for source in _open(path)]


def _open(path: Path) -> Sequence[Source]:
    with path.open("rb") as stream:
        start = stream.read(len(_GZIP))
    if not start:
        raise LogError(
            shown(path),
            "a log with records",
            "an empty file",
            "Export it again, or leave it out.",
        )
    if start == _GZIP:
        raise LogError(shown(path), "a file that is not packed", "a gzip file", "Unpack it.")
    ending = path.suffix.lower()
    if ending == ".parquet":
        return [ParquetFile(path)]
    if ending == ".xlsx":
        return open_sheets(path)
    return [CsvFile(path)] if ending in (".csv", ".tsv") else [open_json(path)]
