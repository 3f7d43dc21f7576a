"""The files of a log, each opened as its ending says."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from coverage_kit.collect.logs.csv_rows import CsvFile
from coverage_kit.collect.logs.json_rows import open_json
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.table_rows import ParquetFile, open_sheets
from coverage_kit.errors import LogError

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
_ENDINGS_LISTED = ", ".join(ENDINGS)


class Source(Protocol):
    """The rows of a file, or of a sheet in a file.

    `location` is the path, with the sheet if the file has several.
    """

    location: str

    def header(self) -> list[str] | None:
        """Return the names of the columns, or None where each record names its own columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, with at least the values of these columns."""


def find_files(name: str) -> list[Path]:
    """Return the log file with this name, or the log files in a folder with this name.

    Files in subfolders count, hidden files do not. The files are sorted. Raises LogError for a file
    that is missing, an ending that is not read and a folder without logs.
    """
    path = Path(name)
    if path.is_dir():
        logs = (
            file
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in ENDINGS and file.is_file()
        )
        files = [
            file
            for file in logs
            if not any(folder.startswith(".") for folder in file.relative_to(path).parts)
        ]
        if not files:
            raise LogError(
                name,
                f"a folder with logs ({_ENDINGS_LISTED})",
                "none",
                "Name the folder that holds the exports.",
            )
        return files
    if not path.is_file():
        raise LogError(
            name,
            "a log file or folder",
            "no such file",
            "Correct the path in [log] files.",
        )
    if path.suffix.lower() not in ENDINGS:
        is_packed = path.suffix.lower() in (".zip", ".gz", ".tar", ".7z")
        cure = (
            "Unpack it."
            if is_packed
            else "Export the log as such a file, or give the file the ending of its format."
        )
        raise LogError(
            name, f"a file ending in {_ENDINGS_LISTED}", path.suffix or "no ending", cure
        )
    return [path]


def open_file(path: Path) -> Sequence[Source]:
    """Return the source of a file, or a source for each sheet of a workbook that is not empty.

    Raises LogError for a file that is empty or broken, or that the user may not read.
    """
    ending = path.suffix.lower()
    try:
        if not path.stat().st_size:
            raise LogError(
                str(path),
                "a log with records",
                "an empty file",
                "Export it again, or leave it out.",
            )
        if ending == ".parquet":
            return [ParquetFile(path)]
        if ending == ".xlsx":
            return open_sheets(path)
        return [CsvFile(path)] if ending in (".csv", ".tsv") else [open_json(path)]
    except OSError as error:
        raise LogError(str(path), "a readable file", str(error), "Check its permissions.") from None
