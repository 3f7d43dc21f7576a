"""Rows of Parquet files and of the sheets of xlsx workbooks."""

import functools
import itertools
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs.header_row import MAX_ROWS_ABOVE, N_SAMPLED_ROWS, find_header
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.steady import SteadyFile, reading, shown
from coverage_kit.errors import LogError

# So many rows of a Parquet file are in memory at a time (assumed).
_BATCH_ROWS = 1000
# A file of a few bytes may claim any number of empty rows. No log has so many (assumed); to read
# them takes some minutes.
_MAX_PARQUET_ROWS = 100_000_000
# The last row and the last column of a sheet, according to Excel's specification.
_LAST_ROW = 1_048_576
_LAST_COLUMN = 16_384
# A workbook is unpacked while it is read. The first bound is on time (some minutes) and on the
# memory for its texts. The second is for bombs: sheets shrink to a tenth or a thirtieth when they
# are packed, and those of a bomb to a thousandth (assumed; not asked of small workbooks, which
# take seconds anyway).
_MAX_UNPACKED_BYTES = 500_000_000
_MAX_UNPACKED_RATIO = 100
_SMALL_UNPACKED_BYTES = 20_000_000


class ParquetFile:
    """A Parquet file, read in batches. Raises LogError when it is broken."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)
        import pyarrow.parquet as pq  # noqa: PLC0415 (a log of CSV does without)

        self.location = shown(path)
        self._file = SteadyFile(path)
        try:
            metadata = pq.read_metadata(path)
            self._names = [str(name) for name in metadata.schema.to_arrow_schema().names]
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _broken(path, "a readable Parquet file", error) from None
        if metadata.num_rows > _MAX_PARQUET_ROWS:
            raise LogError(
                self.location,
                f"at most {_MAX_PARQUET_ROWS:,} rows in a file",
                f"{metadata.num_rows:,}",
                "Write the log as several files.",
            )

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return self._names

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, numbered from 1, with the values of these columns.

        Raises LogError where the file breaks off.
        """
        import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)
        import pyarrow.parquet as pq  # noqa: PLC0415 (a log of CSV does without)

        self._file.check()
        number = 0
        try:
            # An open file keeps what it has read, and a log may have many files, so each is closed.
            # Times of 96 bits have a wider range in microseconds than in nanoseconds, beyond which
            # they would turn into other times.
            with pq.ParquetFile(self._file.path, coerce_int96_timestamp_unit="us") as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
                    # Reversed, so that of columns with the same name the first counts.
                    names = batch.schema.names[::-1]
                    cells = [_cells(column) for column in batch.columns[::-1]]
                    for index in range(batch.num_rows):
                        number += 1
                        values = {
                            name: column[index] for name, column in zip(names, cells, strict=True)
                        }
                        yield Row(number, values)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _broken(self._file.path, f"readable Parquet after row {number}", error) from None


class TableSheet:
    """A sheet of a workbook; its header may have titles and dates above it."""

    def __init__(self, file: SteadyFile, name: str, is_only: bool) -> None:
        location = shown(file.path)
        self.location = location if is_only else f"{location} [{name}]"
        self._file = file
        self._name = name

    def header(self) -> list[str]:
        """Return the names of the columns, empty where the sheet is empty."""
        return next((_names(row.values) for row in self._from_header()), [])

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows below the header, with the values of these columns.

        Rows have their numbers in the sheet. Blank rows are left out.
        """
        header: dict[str, Any] | None = None
        indexes = dict[str, str]()
        for row in self._from_header():
            if row.problem:
                yield row
            elif header is None:
                header = row.values
                indexes = _indexes(header, columns)
            elif row.values == header:
                yield Row(row.line, {}, aside="the header again, as where files are put together")
            else:
                values = {name: row.values.get(index) for name, index in indexes.items()}
                yield Row(row.line, values)

    def _from_header(self) -> Iterator[Row]:
        """Yield the header, then the rows below it that are not blank."""
        rows = self._filled()
        first = list(islice(rows, MAX_ROWS_ABOVE + N_SAMPLED_ROWS))
        readable = [row for row in first if not row.problem]
        header = (
            readable[find_header([_list(row.values) for row in readable])] if readable else None
        )
        yield from [header] if header else []
        for row in itertools.chain(first, rows):
            if header and (row.problem or row.line > header.line):
                yield row

    def _filled(self) -> Iterator[Row]:
        """Yield the rows that are not blank; the names of their values are numbers of columns."""
        with _opened(self._file) as workbook, reading(self.location):
            for row in _sheet_rows(workbook, self._name):
                if row.problem or any(cell not in (None, "") for cell in row.values.values()):
                    yield row


def open_sheets(path: Path) -> list[TableSheet]:
    """Return the sheets of an xlsx workbook that hold cells.

    Raises LogError for a workbook that is broken, a bomb, or has only empty sheets.
    """
    file = SteadyFile(path)
    _check_unpacked_size(path)
    with _opened(file) as workbook:
        names = [sheet.title for sheet in workbook.worksheets]
    sheets = [
        sheet
        for name in names
        if (sheet := TableSheet(file, name, is_only=len(names) == 1)).header()
    ]
    if not sheets:
        raise LogError(
            shown(path),
            "a sheet with a header and rows",
            "empty sheets",
            "Export the log again.",
        )
    return sheets


def _sheet_rows(workbook: Any, name: str) -> Iterator[Row]:
    """Yield the rows that a sheet's file names, and none of those between them.

    openpyxl's own rows fill each gap with cells, up to any number that a row or cell claims to
    have, and leave out rows and cells that come in another order.
    """
    from openpyxl.worksheet._reader import (  # noqa: PLC0415 (a log of CSV does without)
        DATA_TAG,
        ROW_TAG,
        WorkSheetParser,
    )
    from openpyxl.xml.functions import iterparse  # noqa: PLC0415 (a log of CSV does without)

    sheet = workbook[name]
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=workbook._date_formats,
            timedelta_formats=workbook._timedelta_formats,
        )
        n_rows = 0
        for _, element in iterparse(source):
            if element.tag == ROW_TAG:
                n_rows += 1
                yield _sheet_row(functools.partial(parser.parse_row, element), n_rows)
                element.clear()
            elif element.tag == DATA_TAG:
                return


def _sheet_row(parse: Callable[[], tuple[int, list[dict[str, Any]]]], n_rows: int) -> Row:
    """Return a row by the numbers of its columns; it has a problem where it cannot be read."""
    try:
        number, cells = parse()
    except Exception as error:  # a cell is data: the other rows are read, whatever it holds
        return Row(n_rows, {}, f"a cell cannot be read ({type(error).__name__}: {error})"[:300])
    last = max((cell["column"] for cell in cells), default=1)
    if not 1 <= number <= _LAST_ROW or last > _LAST_COLUMN:
        problem = f"row {number:.15g} or column {last:.15g} is beyond the end of a sheet"
        return Row(n_rows, {}, problem)
    # A formula that failed, such as #N/A, has no value.
    values = {str(cell["column"]): cell["value"] for cell in cells if cell["data_type"] != "e"}
    return Row(number, values)


def _indexes(header: dict[str, Any], columns: Sequence[str]) -> dict[str, str]:
    """Return the number of each column; of columns with the same name the first counts."""
    named = sorted(((int(index), _name(cell)) for index, cell in header.items()), reverse=True)
    return {name: str(index) for index, name in named if name in columns}


def _check_unpacked_size(path: Path) -> None:
    """Raise LogError for a workbook that is broken or too large when it is unpacked.

    zipfile unpacks no more of a file than the archive's directory says.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _broken(path, "a readable xlsx workbook", error) from None
    n_unpacked = sum(member.file_size for member in members)
    most = min(
        _MAX_UNPACKED_BYTES,
        max(_SMALL_UNPACKED_BYTES, _MAX_UNPACKED_RATIO * path.stat().st_size),
    )
    if n_unpacked > most:
        raise LogError(
            shown(path),
            f"a workbook of at most {most:,} bytes when it is unpacked",
            f"{n_unpacked:,} bytes",
            "Save the sheet with the log as CSV.",
        )


@contextmanager
def _opened(file: SteadyFile) -> Iterator[Any]:
    """Open a workbook. Raises LogError for one that is broken."""
    from openpyxl import load_workbook  # noqa: PLC0415 (a log of CSV does without)

    file.check()
    # It warns of styles and extensions that it does not know, which do not matter here.
    with file.path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            workbook = load_workbook(stream, read_only=True, data_only=True)
        except Exception as error:  # openpyxl checks little, and raises whatever its parts raise
            raise _broken(file.path, "a readable xlsx workbook", error) from None
        try:
            yield workbook
        finally:
            workbook.close()


def _cells(column: Any) -> list[Any]:
    """Return the cells of a column as Python's values, as far as Python has values for them."""
    import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)

    kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if pa.types.is_timestamp(kind) and kind.tz:
        # Arrow keeps UTC beside the name of a zone, which nobody has to know then.
        column = column.view(pa.timestamp(kind.unit, "UTC"))
    try:
        # The way through NumPy is much faster for text.
        cells: list[Any] = (
            column.to_numpy(zero_copy_only=False).tolist() if is_text else column.to_pylist()
        )
    except Exception:  # one cell that Python has no value for must not hide the others
        return [_cell(scalar) for scalar in column]
    # Older writers store text as bytes.
    return [_text(cell) for cell in cells] if _is_bytes(kind) else cells


def _cell(scalar: Any) -> Any:
    """Return a cell as Python's value, or as text that says what it is, such as year 10000."""
    try:
        return _text(scalar.as_py())
    except UnicodeDecodeError:
        return _text(scalar.as_buffer().to_pybytes())
    except Exception:  # Python has no value for it
        return f"{scalar.type} {getattr(scalar, 'value', '')}".strip()


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415 (a log of CSV does without)

    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _text(cell: Any) -> Any:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell


def _names(header: dict[str, Any]) -> list[str]:
    return [_name(header[index]) for index in sorted(header, key=int)]


def _list(values: dict[str, Any]) -> list[Any]:
    """Return the cells of a row as a list, with None for those that it does not name."""
    return [values.get(str(index)) for index in range(1, max(map(int, values), default=0) + 1)]


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _broken(path: Path, expected: str, error: Exception) -> LogError:
    return LogError(
        shown(path),
        expected,
        f"{type(error).__name__}: {error}"[:300],
        "Export the file again.",
    )
