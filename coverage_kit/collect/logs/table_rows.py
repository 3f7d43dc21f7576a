"""Rows of Parquet files and of the sheets of xlsx workbooks."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs.lines import Row
from coverage_kit.errors import LogError

# So many rows of a Parquet file are in memory at a time (assumed).
_BATCH_ROWS = 1000


class ParquetFile:
    """A Parquet file, read in batches. Raises LogError when it is broken."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)
        import pyarrow.parquet as pq  # noqa: PLC0415 (a log of CSV does without)

        self.location = str(path)
        self._path = path
        try:
            self._names = [str(name) for name in pq.read_schema(path).names]
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, "a readable Parquet file", error) from None

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return self._names

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, numbered from 1, with the values of these columns.

        Raises LogError where the file breaks off.
        """
        import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)
        import pyarrow.parquet as pq  # noqa: PLC0415 (a log of CSV does without)

        number = 0
        try:
            # An open file keeps what it has read, and a log may have many files, so each is closed.
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
                    names = batch.schema.names
                    for cells in zip(*map(_cells, batch.columns), strict=True):
                        number += 1
                        yield Row(number, dict(zip(names, cells, strict=True)))
        except (pa.ArrowException, OSError) as error:
            raise _broken(self._path, f"readable Parquet after row {number}", error) from None


class TableSheet:
    """A sheet of a workbook, whose first row that is not blank is the header."""

    def __init__(self, path: Path, name: str, is_only: bool) -> None:
        self.location = str(path) if is_only else f"{path} [{name}]"
        self._path = path
        self._name = name

    def header(self) -> list[str]:
        """Return the names of the columns, empty where the sheet is empty."""
        return next((_names(cells) for _, cells in self._filled()), [])

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header, with the values of these columns.

        Rows have their numbers in the sheet. Blank rows are left out.
        """
        filled = self._filled()
        names = next((_names(cells) for _, cells in filled), [])
        # Reversed, so that of columns with the same name the first counts.
        indexes = {
            name: index for index, name in reversed(list(enumerate(names))) if name in columns
        }
        for number, cells in filled:
            values = {
                name: cells[index] if index < len(cells) else None
                for name, index in indexes.items()
            }
            yield Row(number, values)

    def _filled(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        workbook = _load(self._path)
        try:
            sheet = workbook[self._name]
            # Writers other than Excel often state a wrong size, which would cut rows off.
            sheet.reset_dimensions()
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if any(cell not in (None, "") for cell in cells):
                    yield number, cells
        finally:
            workbook.close()


def open_sheets(path: Path) -> list[TableSheet]:
    """Return the sheets of an xlsx workbook that hold cells.

    Raises LogError for a workbook that is broken or has only empty sheets.
    """
    workbook = _load(path)
    names = [sheet.title for sheet in workbook.worksheets]
    workbook.close()
    sheets = [
        sheet
        for name in names
        if (sheet := TableSheet(path, name, is_only=len(names) == 1)).header()
    ]
    if not sheets:
        raise LogError(
            str(path),
            "a sheet with a header and rows",
            "empty sheets",
            "Export the log again.",
        )
    return sheets


def _load(path: Path) -> Any:
    from openpyxl import load_workbook  # noqa: PLC0415 (a log of CSV does without)
    from openpyxl.utils.exceptions import (  # noqa: PLC0415 (a log of CSV does without)
        InvalidFileException,
    )

    try:
        with warnings.catch_warnings():
            # It warns of styles and extensions that it does not know, which do not matter here.
            warnings.simplefilter("ignore")
            return load_workbook(path, read_only=True, data_only=True)
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        SyntaxError,
    ) as error:
        raise _broken(path, "a readable xlsx workbook", error) from None


def _cells(column: Any) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)

    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    # The way through NumPy is much faster for text.
    cells: list[Any] = (
        column.to_numpy(zero_copy_only=False).tolist() if is_text else column.to_pylist()
    )
    return cells


def _names(cells: tuple[Any, ...]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _broken(path: Path, expected: str, error: Exception) -> LogError:
    return LogError(
        str(path),
        expected,
        f"{type(error).__name__}: {error}"[:300],
        "Export the file again.",
    )
