"""The workbook and the CSV files. The only module that knows XlsxWriter. No text of a site or a log is ever a formula."""

import io
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from coverage_kit.analysis import Analysis, write_file
from coverage_kit.report.sheet import Field, Sheet
from coverage_kit.report.sheets import list_about, list_figures, list_sheets, list_tops
from coverage_kit.report.texts import clean_text, is_missing, safe_url, shorten
from coverage_kit.report.wording import describe_self_test

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_CREATED = datetime(2026, 1, 1)  # fixed, so that the same analysis gives the same bytes; Excel knows no zones
_MAX_CHARACTERS = 32_767
_MAX_LINKS = 65_000
_MAX_ROWS = 1_000_000
_LINE_POINTS, _MAX_LINES = 15, 14
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TEXT = {"text_wrap": True, "valign": "top"}
_FORMATS: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "status": _TEXT,
    "link": {**_TEXT, "font_color": "#0B5CAD", "underline": 1},
    "flag": {"valign": "top", "align": "center"},
    "integer": {"valign": "top", "num_format": "#,##0"},
    "number": {"valign": "top", "num_format": "#,##0.0"},
    "percent": {"valign": "top", "num_format": "0%"},
    "rate": {"valign": "top", "num_format": "0.0%"},
    "points": {"valign": "top", "num_format": "+0.0%;-0.0%;0.0%"},
    "signed": {"valign": "top", "num_format": "+0.00;-0.00;0.00"},
    "fine": {"valign": "top", "num_format": "0.000"},
    "severity": {"valign": "top", "num_format": "0%"},
    "coverage": {"valign": "top", "num_format": "0%"},
    "time": {"valign": "top", "num_format": "yyyy-mm-dd hh:mm"},
    "header": {**_TEXT, "bold": True, "bg_color": "#E8ECF1", "bottom": 1},
    "title": {"bold": True, "font_size": 16},
    "strong": {"bold": True, "valign": "top"},
    "note": {"font_color": "#5A6470", "valign": "top"},
}
_BAR = {
    "type": "data_bar",
    "bar_color": "#F0A878",
    "min_type": "num",
    "max_type": "num",
    "min_value": 0,
    "max_value": 1,
}
_SCALE = {
    **{"type": "3_color_scale", "min_type": "num", "mid_type": "num", "max_type": "num"},
    **{"min_value": 0, "mid_value": 0.5, "max_value": 1},
    **{"min_color": "#F3B48B", "mid_color": "#F4F5F6", "max_color": "#9CCBE6"},
}


def write_workbook(analysis: Analysis, path: str | Path) -> Path:
    """Write the workbook (summary, gaps, queries, edits, pages, visibility, about and so on) and return its path.

    The same analysis gives the same bytes. Raises RunError when the file cannot be written.
    """
    path, buffer = Path(path), io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties({"title": "Coverage of questions", "comments": "Written by coverage_kit", "created": _CREATED})
    writer = _Writer(book)
    writer.add_summary(analysis)
    for sheet in list_sheets(analysis):
        writer.add_sheet(sheet)
    writer.add_about(list_about(analysis))
    book.close()
    write_file(path, buffer.getvalue())
    return path


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table as CSV (UTF-8 with mark, for Excel) and return its path.

    Text that a spreadsheet would read as a formula (starting with = + - @, tab or carriage return) gets a ' in front, as OWASP
    advises; take it off to read the text back. Numbers stay numbers. Raises RunError when the file cannot be written.
    """
    path = Path(path)
    safe = pd.DataFrame({clean_cell(name): table[name].map(clean_cell) for name in table.columns})
    write_file(path, safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig"))
    return path


def clean_cell(value: Any) -> Any:
    """Return a cell's value for CSV: text without control characters and never a formula, other values as they are.

    >>> clean_cell("=1+1"), clean_cell(-1)
    ("'=1+1", -1)
    """
    if not isinstance(value, str):
        return value
    text = clean_text(value)
    return f"'{text}" if value.startswith(_FORMULA_STARTS) or text.startswith(_FORMULA_STARTS) else text


class _Writer:
    """Writes cells in their form, and minds a sheet's limits."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.formats = {name: book.add_format(values) for name, values in _FORMATS.items()}
        rejected = {"type": "cell", "criteria": "!=", "value": '"ok"', "format": book.add_format({"bg_color": "#FBE3CF"})}
        self.rules = {"severity": _BAR, "coverage": _SCALE, "status": rejected}
        self.n_links: dict[str, int] = {}

    def add_summary(self, analysis: Analysis) -> None:
        """Write the key figures, the self-test in words, and the first gaps and edits."""
        page = self.book.add_worksheet("summary")
        for column, field in enumerate(list_tops(analysis)[0].fields):
            page.set_column(column, column, field.width)
        page.write_string(0, 0, "Which questions does the site not answer?", self.formats["title"])
        figures = list_figures(analysis)
        for row, (name, value, form, note) in enumerate(figures, 2):
            page.write_string(row, 0, clean_text(name), self.formats["strong"])
            self._write(page, row, 1, form, value)
            page.write_string(row, 2, clean_text(note), self.formats["note"])
        row = len(figures) + 3
        self._write_paragraph(page, row, describe_self_test(analysis.about))
        row += 2
        for top in list_tops(analysis):
            row = self._write_rows(page, row, top) + 2
        page.hide_gridlines(2)
        _set_up_print(page)

    def add_sheet(self, sheet: Sheet) -> None:
        """Write one sheet of rows with header, filter and frozen first row."""
        page = self.book.add_worksheet(sheet.name)
        for column, field in enumerate(sheet.fields):
            page.set_column(column, column, field.width)
        last = self._write_rows(page, 0, sheet)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(last - 1, 1), len(sheet.fields) - 1)
        page.repeat_rows(0)
        _set_up_print(page)

    def add_about(self, rows: Sequence[tuple[str, str, Any]]) -> None:
        """Write trust, method, settings, versions and the meanings of columns."""
        table = pd.DataFrame([(part, name, _as_text(value)) for part, name, value in rows], columns=["part", "name", "value"])
        fields = (Field("part", "part", width=22), Field("name", "name", width=34), Field("value", "value", width=110))
        self.add_sheet(Sheet("about", fields, table))

    def _write_rows(self, page: Any, top: int, sheet: Sheet) -> int:
        """Write a header and rows from this row on; return the first free row."""
        for column, field in enumerate(sheet.fields):
            page.write_string(top, column, field.title, self.formats["header"])
        records = sheet.rows.head(_MAX_ROWS).to_dict("records")
        for row, record in enumerate(records, top + 1):
            for column, field in enumerate(sheet.fields):
                if isinstance(record.get(field.link), str):
                    self._write_link(page, row, column, record[field.link], record[field.column])
                else:
                    self._write(page, row, column, field.form, record[field.column])
            page.set_row(row, _LINE_POINTS * _count_lines(record, sheet.fields))
        free = top + 1 + len(records)
        if len(sheet.rows) > _MAX_ROWS:
            page.write_string(free, 0, f"… and {len(sheet.rows) - _MAX_ROWS:,} more rows in the run's tables")
        for column, field in enumerate(sheet.fields):
            if records and field.form in self.rules:
                page.conditional_format(top + 1, column, free - 1, column, self.rules[field.form])
        return free

    def _write(self, page: Any, row: int, column: int, form: str, value: Any) -> None:
        if is_missing(value):
            page.write_blank(row, column, None, self.formats[form])
        elif form in {"text", "status"}:
            page.write_string(row, column, _fit(value), self.formats[form])
        elif form == "flag":
            page.write_string(row, column, "yes" if value else "no", self.formats["flag"])
        elif form == "time":
            self._write_time(page, row, column, value)
        elif math.isfinite(value):
            page.write_number(row, column, float(value), self.formats[form])

    def _write_link(self, page: Any, row: int, column: int, link: str, value: Any) -> None:
        url = link if link.startswith("internal:'") else safe_url(link)
        text = shorten(value, 250) or shorten(link, 250)
        n_links = self.n_links.setdefault(page.get_name(), 0)
        if url is None or n_links >= _MAX_LINKS:
            page.write_string(row, column, text, self.formats["text"])
            return
        page.write_url(row, column, url, self.formats["link"], string=text)
        self.n_links[page.get_name()] += 1

    def _write_time(self, page: Any, row: int, column: int, value: Any) -> None:
        naive = value.tz_convert("UTC").tz_localize(None) if value.tzinfo else value
        if naive.year < 1900:
            page.write_string(row, column, naive.isoformat(), self.formats["text"])
        else:
            page.write_datetime(row, column, naive.to_pydatetime(), self.formats["time"])

    def _write_paragraph(self, page: Any, row: int, text: str) -> None:
        page.merge_range(row, 0, row, 3, "", self.formats["text"])
        page.write_string(row, 0, clean_text(text), self.formats["text"])
        page.set_row(row, _LINE_POINTS * (1 + len(text) // 110))


def _fit(value: Any) -> str:
    """Return the text, cut with a note where a cell cannot hold it."""
    text = clean_text(value)
    if len(text) <= _MAX_CHARACTERS:
        return text
    note = f"… [cut: {len(text):,} characters]"
    return text[: _MAX_CHARACTERS - len(note)] + note


def _as_text(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else clean_text(value)


def _count_lines(record: dict[Any, Any], fields: Sequence[Field]) -> int:
    """Return how many lines the row needs, within reason: spreadsheets do not grow rows for text of other programs."""
    texts = ((clean_text(record[field.column])[:2_000], field.width) for field in fields if field.form == "text")
    lines = [sum(1 + int(len(line) // (width * 1.1)) for line in text.split("\n")) for text, width in texts]
    return min(max(lines, default=1), _MAX_LINES)


def _set_up_print(page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
