"""The workbook and the CSV files. The only module that knows XlsxWriter. No text of a site or a log is ever a formula."""

import io
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from coverage_kit.analysis import Analysis
from coverage_kit.report.page_data.trend import list_news
from coverage_kit.report.texts import clean_text, is_missing, safe_url, shorten
from coverage_kit.report.trust import describe_self_test
from coverage_kit.report.workbook.chart_drawing import draw_chart
from coverage_kit.report.workbook.charts import list_charts
from coverage_kit.report.workbook.editor_notes import STATUSES, TODO
from coverage_kit.report.workbook.forms import (
    COMPARISONS,
    FORMATS,
    LINK,
    SCALES,
)
from coverage_kit.report.workbook.sheet import (
    Chart,
    Sheet,
    SheetColumn,
    place_of,
)
from coverage_kit.report.workbook.sheets import list_sheets
from coverage_kit.report.workbook.summary_sheets import (
    list_contents,
    list_figures,
    list_tops,
)
from coverage_kit.report.workbook.todo_sheets import find_kept
from coverage_kit.storage.files import write_file

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_CREATED = datetime(
    2026, 1, 1
)  # fixed, so that the same analysis gives the same bytes; Excel knows no zones
_MAX_CHARACTERS = 32_767
_MAX_LINKS = 65_000
# of all sheets, as Google Sheets opens no more than ten million
_MAX_ROWS = 1_000_000
_MAX_CELLS = 9_000_000
_CHART_DATA = "chart data"
_CHART_WIDTH = 548
_CHART_ROWS = 16
_ROW_PIXELS = 20
_SUMMARY_WIDTH = 155
_LINE_POINTS = 15
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_workbook(
    analysis: Analysis, path: str | Path, keep_status: str | Path | None = None
) -> Path:
    """Write the workbook (summary, gaps, queries, edits, to do, pages, visibility, glossary and so on) and return its path.

    What people wrote into the to-do sheet (status, owner, note, columns of their own) is kept: of
    the workbook `keep_status`, if one is named, and of the one that stands at `path`; for an edit
    in both, the named one's counts. One at `path` that cannot be read is set aside as .old. The
    same analysis and the same kept words give the same bytes. Raises RunError when `keep_status`
    cannot be read, or the file cannot be written.
    """
    path = Path(path)
    buffer = io.BytesIO()
    sheets = list_sheets(analysis, find_kept(path, keep_status))
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties(
        {
            "title": "Coverage of questions",
            "comments": "Written by coverage_kit",
            "created": _CREATED,
        }
    )
    writer = _Writer(book, _most_rows(sheets))
    summary = book.add_worksheet("summary")
    for sheet in sheets:
        writer.add_sheet(sheet)
    writer.fill_summary(summary, analysis, sheets)
    book.close()
    write_file(path, buffer.getvalue())
    return path


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table as CSV (UTF-8 with mark, for Excel) and return its path.

    Text that a spreadsheet would read as a formula (starting with = + - @, tab or carriage return)
    gets a ' in front, as OWASP advises; take it off to read the text back. Numbers stay numbers.
    Raises RunError when the file cannot be written.
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
    return (
        f"'{text}"
        if value.startswith(_FORMULA_STARTS) or text.startswith(_FORMULA_STARTS)
        else text
    )


class _Writer:
    """Writes cells in their form, and minds a sheet's limits."""

    def __init__(self, book: Any, most_rows: int) -> None:
        self.book = book
        self.most_rows = most_rows
        self.formats = {name: book.add_format(values) for name, values in FORMATS.items()}
        self.links = {
            form: book.add_format({**FORMATS[form], **LINK}) for form in ("text", "integer")
        }
        self.rules = {form: [scale] for form, scale in SCALES.items()} | {
            form: [
                {
                    "type": "cell",
                    "criteria": sign,
                    "value": f'"{value}"',
                    "format": book.add_format({"bg_color": color}),
                }
                for sign, value, color in rules
            ]
            for form, rules in COMPARISONS.items()
        }
        self.n_links: dict[str, int] = {}

    def fill_summary(self, page: Any, analysis: Analysis, sheets: Sequence[Sheet]) -> None:
        """Write key figures, self-test, what changed, charts, the first gaps and edits, and the contents."""
        tops = list_tops(analysis)
        contents = list_contents(sheets)
        for column, field in enumerate(tops[0].fields):
            page.set_column(column, column, field.width)
        page.write_string(
            0,
            0,
            "Which questions does the site not answer?",
            self.formats["title"],
        )
        figures = list_figures(analysis)
        for row, (name, value, form, note) in enumerate(figures, 3):
            page.write_string(row, 0, clean_text(name), self.formats["strong"])
            self._write(page, row, 1, form, value)
            page.write_string(row, 2, clean_text(note), self.formats["note"])
        row = self._write_lines(
            page,
            len(figures) + 4,
            "How far to trust it",
            [describe_self_test(analysis.about)],
        )
        row = self._write_lines(page, row, "Since the last run", list_news(analysis))
        above = row
        row = self._add_charts(page, row, list_charts(analysis))
        for block in (*tops, contents):
            row = self._write_rows(page, row, block) + 2
        start = row - len(sheets) - 3
        page.write_url(
            1,
            0,
            place_of(TODO),
            self.links["text"],
            string="For editors: what to do by page",
        )
        page.write_url(
            1,
            3,
            place_of("summary", start + 1),
            self.links["text"],
            string="All sheets, and what each is for",
        )
        page.hide_gridlines(2)
        _set_up_print(page)
        page.set_portrait()
        page.set_h_pagebreaks([above, start])

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

    def _add_charts(self, page: Any, top: int, charts: Sequence[Chart]) -> int:
        """Draw the charts two a row on empty rows from this one on, over a sheet of their cells; return the first free row."""
        if not charts:
            return top
        data = self.book.add_worksheet(_CHART_DATA)
        data.set_column(0, 0, 46)
        data.set_column(1, 12, 16)
        row = 0
        for number, chart in enumerate(charts):
            fields = tuple(
                SheetColumn(str(name), name, chart.form) for name in chart.rows.columns[1:]
            )
            first = SheetColumn(
                str(chart.rows.columns[0]),
                chart.rows.columns[0],
                "number" if chart.kind == "scatter" else "text",
            )
            data.write_string(row, 0, chart.title, self.formats["heading"])
            after = self._write_rows(
                data, row + 1, Sheet(chart.title, (first, *fields), chart.rows)
            )
            drawn = draw_chart(self.book, chart, _CHART_DATA, row + 1)
            drawn.set_size(
                {
                    "width": _CHART_WIDTH,
                    "height": _CHART_ROWS * _ROW_PIXELS - _ROW_PIXELS // 2,
                }
            )
            place = {
                "x_offset": number % 2 * (_CHART_WIDTH + 6),
                "y_offset": 4,
                "object_position": 1,
                "description": chart.title,
            }
            page.insert_chart(top + number // 2 * _CHART_ROWS, 0, drawn, place)
            row = after + 1
        return top + (len(charts) + 1) // 2 * _CHART_ROWS + 1

    def _write_rows(self, page: Any, top: int, sheet: Sheet) -> int:
        """Write a header and rows from this row on; return the first free row."""
        for column, field in enumerate(sheet.fields):
            page.write_string(top, column, field.title, self.formats["header"])
        page.set_row(
            top,
            _LINE_POINTS * max(_lines_of(field.title, 0.7 * field.width) for field in sheet.fields),
        )
        records = sheet.rows.head(self.most_rows).to_dict("records")
        for row, record in enumerate(records, top + 1):
            for column, field in enumerate(sheet.fields):
                if isinstance(record.get(field.link), str):
                    self._write_link(
                        page,
                        (row, column),
                        record[field.link],
                        field.form,
                        record[field.column],
                    )
                else:
                    self._write(page, row, column, field.form, record[field.column])
            page.set_row(
                row,
                _LINE_POINTS * min(_count_lines(record, sheet.fields), sheet.most_lines),
            )
        free = top + 1 + len(records)
        if len(sheet.rows) > self.most_rows:
            page.write_string(
                free,
                0,
                f"… and {len(sheet.rows) - self.most_rows:,} more rows in the run's tables",
            )
        for column, field in enumerate(sheet.fields if records else ()):
            for rule in self.rules.get(field.form, ()):
                page.conditional_format(top + 1, column, free - 1, column, rule)
            if field.form == "progress":
                page.data_validation(
                    top + 1,
                    column,
                    free - 1,
                    column,
                    {"validate": "list", "source": list(STATUSES)},
                )
        return free

    def _write(self, page: Any, row: int, column: int, form: str, value: Any) -> None:
        if is_missing(value):
            page.write_blank(row, column, None, self.formats[form])
        elif form in {"text", "status", "progress"}:
            page.write_string(row, column, _fit(value), self.formats[form])
        elif form == "flag":
            page.write_string(row, column, "yes" if value else "no", self.formats["flag"])
        elif form == "time":
            self._write_time(page, row, column, value)
        elif math.isfinite(value):
            page.write_number(row, column, float(value), self.formats[form])

    def _write_link(
        self,
        page: Any,
        place: tuple[int, int],
        link: str,
        form: str,
        value: Any,
    ) -> None:
        url = link if link.startswith("internal:'") else safe_url(link)
        text = shorten(value, 250) or shorten(link, 250)
        n_links = self.n_links.setdefault(page.get_name(), 0)
        if url is None or n_links >= _MAX_LINKS:
            self._write(page, *place, form, value if form == "integer" else text)
            return
        page.write_url(*place, url, self.links[form], string=text)
        if form == "integer":
            page.write_number(
                *place, int(value), self.links[form]
            )  # the link stays, and the number can be sorted
        self.n_links[page.get_name()] += 1

    def _write_time(self, page: Any, row: int, column: int, value: Any) -> None:
        naive = value.tz_convert("UTC").tz_localize(None) if value.tzinfo else value
        if naive.year < 1900:
            page.write_string(row, column, naive.isoformat(), self.formats["text"])
        else:
            page.write_datetime(row, column, naive.to_pydatetime(), self.formats["time"])

    def _write_lines(self, page: Any, row: int, title: str, lines: Sequence[str]) -> int:
        """Write a heading and a line a row over the page's width; return the first row after a free one."""
        page.write_string(row, 0, title, self.formats["heading"])
        for at, line in enumerate(lines, row + 1):
            page.merge_range(at, 0, at, 3, "", self.formats["text"])
            page.write_string(at, 0, clean_text(line), self.formats["text"])
            page.set_row(at, _LINE_POINTS * _lines_of(clean_text(line), _SUMMARY_WIDTH))
        return row + len(lines) + 2


def _most_rows(sheets: Sequence[Sheet]) -> int:
    """Return how many rows each sheet may have so that all cells stay within what Google Sheets opens."""
    most = _MAX_ROWS
    while sum(min(len(sheet.rows), most) * len(sheet.fields) for sheet in sheets) > _MAX_CELLS:
        most //= 2
    return most


def _fit(value: Any) -> str:
    """Return the text, cut with a note where a cell cannot hold it."""
    text = clean_text(value)
    if len(text) <= _MAX_CHARACTERS:
        return text
    note = f"… [cut: {len(text):,} characters]"
    return text[: _MAX_CHARACTERS - len(note)] + note


def _count_lines(record: dict[Any, Any], fields: Sequence[SheetColumn]) -> int:
    """Return how many lines the row needs: spreadsheets do not grow rows for text of other programs."""
    texts = (
        (clean_text(record[field.column])[:2_000], field.width)
        for field in fields
        if field.form == "text"
    )
    return max((_lines_of(text, width) for text, width in texts), default=1)


def _lines_of(text: str, width: float) -> int:
    return sum(1 + int(len(line) // (width * 1.1)) for line in text.split("\n"))


def _set_up_print(page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
