"""The files of a log, each opened as its ending says."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.logs.citation_rows import with_answers
from coverage_kit.collect.logs.csv_rows import CsvFile, find_delimiter
from coverage_kit.collect.logs.json_rows import open_json
from coverage_kit.collect.logs.lines import Row, Source
from coverage_kit.collect.logs.numbered_columns import JoinedColumns
from coverage_kit.collect.logs.packed import (
    OTHER_PACKED_ENDINGS,
    PACKED_ENDINGS,
    Unpacked,
    is_packed,
    log_name,
    unpack,
)
from coverage_kit.collect.logs.steady import reading, shown
from coverage_kit.collect.logs.table_rows import ParquetFile, open_sheets
from coverage_kit.errors import LogError
from coverage_kit.storage.written import kind_of_folder

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
_ENDINGS_LISTED = ", ".join(ENDINGS)
# By these columns a file of checks, and that of what answers lack, are known under any name
# (collect/question_checks.py, collect/missing_items.py).
_OF_CHECKS = (
    {"question", "choice", "stratum", "probability", "draw"},
    {"question", "missing", "checked_by", "query_id"},
)
# Bytes in which the header of such a file ends.
_HEADER_BYTES = 4096
# So many files in an archive are named in a message (assumed).
_MAX_NAMES = 10
# What a run writes that has the ending of a log, where its folder is that of the log too.
_OF_RUNS = (
    "tables",
    "tables.old",
    "gaps.csv",
    "edits.csv",
    "rejects.csv",
    "edits.json",
    "gaps.xlsx",
)

logger = logging.getLogger(__name__)


class GuardedSource:
    """A source whose faults are LogErrors, whenever they show up.

    It keeps the files that its rows are read from where these were unpacked.
    """

    def __init__(self, source: Source, unpacked: Unpacked | None = None) -> None:
        self.location = source.location
        self._source = source
        self._unpacked = unpacked

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

    Files that gzip or zip packed count, which `open_file` unpacks. Files in subfolders count,
    hidden files do not, nor what a run or a person's checks left there: a project's folder may be
    that of its log. The files are sorted. Warns of what has the ending of a log and is no file,
    such as a pipe or a broken link. Raises LogError for a file that is missing, an ending that is
    not read, a folder that may not be read and a folder without logs.
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
            "Save the log as a file." if is_there else "Correct the path, or name another file.",
        )
    if path.suffix.lower() not in (*ENDINGS, *PACKED_ENDINGS):
        cure = (
            "Unpack it, or pack it as .zip or .gz."
            if path.suffix.lower() in (*PACKED_ENDINGS, *OTHER_PACKED_ENDINGS)
            else "Export the log as such a file, or give the file the ending of its format."
        )
        raise LogError(
            shown(path),
            f"a file ending in {', '.join((*ENDINGS, *PACKED_ENDINGS))}",
            path.suffix or "no ending",
            cure,
        )
    return [path]


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield the log files of a folder in order; links to folders are not followed."""
    endings = (*ENDINGS, *PACKED_ENDINGS, *OTHER_PACKED_ENDINGS)
    logs = []
    for parent, subfolders, names in os.walk(folder, onerror=_raise_unreadable):
        subfolders[:] = [subfolder for subfolder in subfolders if not subfolder.startswith(".")]
        for link in filter(Path.is_symlink, (Path(parent, name) for name in subfolders)):
            logger.warning("%s is left out: links to folders are not followed", shown(link))
        subfolders[:], files = _without_runs(Path(parent), subfolders, names)
        logs += [
            Path(parent, name)
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in endings
        ]
    for path in sorted(logs):
        if not path.is_file():
            logger.warning("%s is left out: it is a pipe, a device or a broken link", shown(path))
        elif not _may_hold_logs(path.name):
            logger.warning(
                "%s is left out: its ending shows no log. If it holds one, unpack it", shown(path)
            )
        elif _is_of_checks(path):
            logger.warning("%s is left out: it holds checked questions, and is no log", shown(path))
        else:
            yield path


def _may_hold_logs(name: str) -> bool:
    ending = Path(name).suffix.lower()
    return ending in (*ENDINGS, ".zip") or Path(log_name(name)).suffix.lower() in ENDINGS


def _without_runs(
    folder: Path, subfolders: list[str], names: list[str]
) -> tuple[list[str], list[str]]:
    """Return the subfolders and files of a folder without those that runs wrote."""
    if kind_of_folder(folder):
        subfolders = [name for name in subfolders if name not in _OF_RUNS]
        names = [name for name in names if name not in _OF_RUNS]
    kinds = {name: kind_of_folder(folder / name) for name in subfolders}
    for name in filter(kinds.get, subfolders):
        logger.warning("%s is left out: it is %s, and no log", shown(folder / name), kinds[name])
    return [name for name in subfolders if not kinds[name]], names


def _is_of_checks(path: Path) -> bool:
    """Return whether a file has the columns of checks; one that cannot be read has not."""
    if path.suffix.lower() != ".csv":
        return False
    try:
        with path.open("rb") as stream:
            lines = decode_text(stream.read(_HEADER_BYTES)).splitlines()[:2]
    except OSError:
        return False
    # A spreadsheet may write "sep=;" above the header.
    cells = [{cell.strip(' "') for cell in line.split(find_delimiter(line))} for line in lines]
    return any(columns <= names for names in cells for columns in _OF_CHECKS)


def _raise_unreadable(error: OSError) -> None:
    raise LogError(
        str(error.filename), "a readable folder", str(error), "Check its permissions."
    ) from None


def open_file(path: Path) -> Sequence[Source]:
    """Return the source of a file, or a source for each file or sheet that it holds.

    A zip file holds files, and a workbook sheets; empty sheets are left out. Whatever is wrong with
    the file, now or when it is read, is a LogError: it is empty, broken or gone, or the user may
    not read it.
    """
    with reading(shown(path)):
        unpacked = unpack_logs(path)
        files = unpacked.files if unpacked else [path]
        sources = [JoinedColumns(source) for file in files for source in _open(file)]
        return [GuardedSource(with_answers(source), unpacked) for source in sources]


def unpack_logs(path: Path) -> Unpacked | None:
    """Return the files in a packed file, and None for a file that is not packed."""
    if not is_packed(path):
        return None
    unpacked = unpack(path, ENDINGS)
    if unpacked.left_out:
        logger.warning(
            "%s: left out %s, whose endings are none of a log",
            shown(path),
            ", ".join(unpacked.left_out[:_MAX_NAMES]),
        )
    return unpacked


def _open(path: Path) -> Sequence[Source]:
    if not path.stat().st_size:
        raise LogError(
            shown(path),
            "a log with records",
            "an empty file",
            "Export it again, or leave it out.",
        )
    ending = path.suffix.lower()
    if ending == ".parquet":
        return [ParquetFile(path)]
    if ending == ".xlsx":
        return open_sheets(path)
    return [CsvFile(path)] if ending in (".csv", ".tsv") else [open_json(path)]
