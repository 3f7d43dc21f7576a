"""The files of a log, opened by their endings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from coverage_kit.collect.logs.csv_rows import CsvFile
from coverage_kit.collect.logs.json_rows import open_json
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.table_rows import ParquetFile, open_sheets
from coverage_kit.errors import LogError

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
_KNOWN = ", ".join(ENDINGS)


class Source(Protocol):
    """A file, or one sheet of it, as rows: `header` names the columns, or is None where each record names its own."""

    where: str

    def header(self) -> list[str] | None:
        """Return the names of the columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, with at least the named columns."""


def find_files(name: str) -> list[Path]:
    """Return the log files a name stands for: itself, or all below a folder, sorted, without hidden ones.

    Raises LogError for a file that is not there, an ending that is not read and a folder without
    logs.
    """
    path = Path(name)
    if path.is_dir():
        inside = (
            file
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in ENDINGS and file.is_file()
        )
        files = [
            file
            for file in inside
            if not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
        if not files:
            raise LogError(
                name,
                f"a folder with logs ({_KNOWN})",
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
            else "Export the log in one of these, or name the file by what it is."
        )
        raise LogError(name, f"a file ending in {_KNOWN}", path.suffix or "no ending", cure)
    return [path]


def open_file(path: Path) -> Sequence[Source]:
    """Return a file's sources: one, or one for each filled sheet of a workbook.

    Raises LogError for a file that is empty, broken or may not be read.
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
