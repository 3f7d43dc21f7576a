"""The workbook and the CSV files: sheets, native charts, editors' notes and a glossary.

Only `writer` knows XlsxWriter.
"""

from coverage_kit.report.workbook.writer import (
    clean_cell,
    write_csv,
    write_workbook,
)

__all__ = ["clean_cell", "write_csv", "write_workbook"]
