"""Rows of Parquet files and of the sheets of xlsx workbooks."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs.lines import Row
from coverage_kit.errors import LogError

_BATCH_ROWS = 1000


class ParquetFile:
    """A Parquet file, read in batches. Raises LogError when it is broken."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.where = str(path)
        self._path = path
        try:
            self._names = [str(name) for name in pq.read_schema(path).names]
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, "a readable Parquet file", error) from None

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return self._names

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, numbered from 1, with the named columns. Raises LogError where the file breaks off."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(
                self._path
            ) as file:  # an open one keeps what it has read, and a log may have many
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
                    names = batch.schema.names
                    for cells in zip(*map(_cells, batch.columns), strict=True):
                        number += 1
                        yield Row(number, dict(zip(names, cells, strict=True)))
        except (pa.ArrowException, OSError) as error:
            raise _broken(Path(self.where), f"readable Parquet after row {number}", error) from None


class TableSheet:
    """One sheet of a workbook, whose first row that is not blank is the header."""

    def __init__(self, path: Path, name: str, only: bool) -> None:
        self.where = str(path) if only else f"{path} [{name}]"
        self._path = path
        self._name = name

    def header(self) -> list[str]:
        """Return the names of the columns; none where the sheet is empty."""
        return next((_names(cells) for _, cells in self._filled()), [])

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header by their row in the sheet, with the named columns; blank rows are left out."""
        filled = self._filled()
        names = next((_names(cells) for _, cells in filled), [])
        wanted = {name: i for i, name in reversed(list(enumerate(names))) if name in columns}
        for number, cells in filled:
            yield Row(
                number,
                {name: cells[i] if i < len(cells) else None for name, i in wanted.items()},
            )

    def _filled(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        workbook = _load(self._path)
        try:
            sheet = workbook[self._name]
            sheet.reset_dimensions()  # writers other than Excel often state a wrong size, which would cut rows off
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if any(cell not in (None, "") for cell in cells):
                    yield number, cells
        finally:
            workbook.close()


def open_sheets(path: Path) -> list[TableSheet]:
    """Return the sheets of an xlsx workbook that hold cells. Raises LogError when it is broken or all are empty."""
    workbook = _load(path)
    names = [sheet.title for sheet in workbook.worksheets]
    workbook.close()
    sheets = [
        sheet for name in names if (sheet := TableSheet(path, name, only=len(names) == 1)).header()
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
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # styles and extensions that openpyxl does not know do not matter here
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
    import pyarrow as pa

    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    cells: list[Any] = (
        column.to_numpy(zero_copy_only=False).tolist() if is_text else column.to_pylist()
    )  # far faster for text
    return cells


def _names(cells: tuple[Any, ...]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _broken(path: Path, what: str, error: Exception) -> LogError:
    return LogError(
        str(path),
        what,
        f"{type(error).__name__}: {error}"[:300],
        "Export the file again.",
    )
