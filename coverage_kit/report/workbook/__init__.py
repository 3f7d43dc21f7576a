"""The workbook and the CSV files: sheets, native charts, what editors wrote, a glossary. `writer` alone knows XlsxWriter."""

from coverage_kit.report.workbook.writer import (
    clean_cell,
    write_csv,
    write_workbook,
)

__all__ = ["clean_cell", "write_csv", "write_workbook"]
