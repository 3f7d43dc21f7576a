"""Write the workbook and the CSV files. This is the only module that knows XlsxWriter.

A text of a site or a log is never written as a formula.
"""

import io
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_range_abs

from coverage_kit.analysis import Analysis
from coverage_kit.escaping import for_cell
from coverage_kit.headline import describe_plan, summarize
from coverage_kit.report.gap_texts import describe_lists
from coverage_kit.report.level import describe_level
from coverage_kit.report.page_data.trend import list_news
from coverage_kit.report.texts import clean_text, is_missing, safe_url, shorten
from coverage_kit.report.trust import rate_trust
from coverage_kit.report.workbook.chart_drawing import draw_chart
from coverage_kit.report.workbook.charts import list_charts
from coverage_kit.report.workbook.check_sheet import read_check_sheet
from coverage_kit.report.workbook.forms import (
    COMPARISONS,
    FORMATS,
    LINK,
    NUMBERS,
    SCALES,
    TAB_COLORS,
    TEXTS,
    VALIDATIONS,
)
from coverage_kit.report.workbook.gap_choices import read_gap_sheet
from coverage_kit.report.workbook.sheet import (
    Chart,
    Form,
    Sheet,
    SheetColumn,
)
from coverage_kit.report.workbook.sheets import list_sheets
from coverage_kit.report.workbook.summary_sheets import (
    HOW_TO_SHOW,
    describe_answer,
    list_contents,
    list_figures,
    list_tops,
)
from coverage_kit.report.workbook.todo_sheets import find_notes
from coverage_kit.report.workbook.totals import list_totals
from coverage_kit.storage.files import write_file

# Texts stay texts: XlsxWriter must not turn them into formulas, links or numbers.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
# The time is fixed, so that the same analysis gives the same bytes. Excel has no time zones.
_CREATED = datetime(2026, 1, 1)
# Excel's limit for the characters of a cell.
_MAX_CHARACTERS = 32_767
# Excel allows 65,530 links in a sheet.
_MAX_LINKS = 65_000
# Excel's texts of links have at most 255 characters.
_MAX_LINK_CHARACTERS = 250
# Excel allows 1,048,576 rows in a sheet.
_MAX_ROWS = 1_000_000
# The limit is for all sheets together: Google Sheets opens workbooks of up to ten million cells.
_MAX_CELLS = 9_000_000
# Excel has no dates before 1900.
_FIRST_YEAR = 1900
# The sheet with the cells of the charts.
_CHART_DATA = "chart data"
# Pixels: two charts side by side fit over the summary's four columns.
_CHART_WIDTH = 482
# Rows of the summary that are kept free for a chart, and the height of a row in pixels, which is
# Excel's default. A test checks that a chart covers no cell (tests/report/test_workbook_opens.py).
_CHART_ROWS = 19
_ROW_PIXELS = 20
# The width of the summary's four columns, in characters.
_SUMMARY_WIDTH = 135
# The width of the two of them in which the notes of key figures are.
_NOTE_WIDTH = 69
# Excel's default size of a font.
_FONT_SIZE = 11
# Excel's default height of a row with one line.
_LINE_POINTS = 15
# A line of a column holds about so many characters more than its width without the indent says
# (assumed), and headings, which are bold and larger, fewer.
_CHARACTERS_PER_WIDTH = 1.2
_INDENT = 1.5
_HEADING_WIDTH_SHARE = 0.8
# Rows below the last of a sheet with totals that count with it, for rows that people add. Assumed.
_SPARE_ROWS = 100


def write_workbook(
    analysis: Analysis,
    path: str | Path,
    keep_status: str | Path | None = None,
    earlier: Path | None = None,
) -> Path:
    """Write the workbook and return its path.

    Its sheets are to do, summary, gaps, edits, questions, visibility, pages, glossary and so on;
    those for engineers are hidden.

    What people wrote into the to-do sheet (status, owner, due date, note, columns that they added),
    and into the sheets of gaps (status, note), is kept from the workbook `keep_status`, if it is
    named, and from the workbook `earlier`, which is the one at `path` unless it is named. For an
    edit in both, the row in `keep_status` counts. An earlier workbook that cannot be read is set
    aside as .old. The same analysis and the same notes give the same bytes. Raises RunError when
    `keep_status` cannot be read, or the file cannot be written.
    """
    path = Path(path)
    buffer = io.BytesIO()
    books = [Path(keep_status)] if keep_status else []
    books.append(earlier or path)
    checks = pd.concat([read_check_sheet(book) for book in books])
    choices = pd.concat([read_gap_sheet(book) for book in books], ignore_index=True)
    sheets = list_sheets(analysis, find_notes(earlier or path, keep_status), checks, choices)
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties(
        {
            "title": "Coverage of questions",
            "comments": "Written by coverage_kit",
            "created": _CREATED,
        }
    )
    writer = _Writer(book, _find_max_rows(sheets))
    first, *others = sheets
    writer.add_sheet(first)
    summary = book.add_worksheet("summary")
    for sheet in others:
        writer.add_sheet(sheet)
    writer.fill_summary(summary, analysis, sheets)
    book.close()
    write_file(path, buffer.getvalue())
    return path


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table as CSV (UTF-8 with a byte-order mark, for Excel) and return its path.

    Where a spreadsheet would read a formula (= + - @ where a cell starts, with whatever separator),
    text gets a ' in front, as OWASP advises (`escaping.for_cell`). Numbers stay numbers.
    Raises RunError when the file cannot be written.
    """
    path = Path(path)
    safe = pd.DataFrame({clean_cell(name): table[name].map(clean_cell) for name in table.columns})
    write_file(path, safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig"))
    return path


def clean_cell(value: Any) -> Any:
    """Return a cell's value for CSV.

    Text has no control characters and is never a formula. Other values stay as they are.

    >>> clean_cell("=1+1"), clean_cell(-1)
    ("'=1+1", -1)
    """
    if not isinstance(value, str):
        return value
    return for_cell(clean_text(value))


class _Writer:
    """Writes cells in their form, within the limits of a sheet."""

    def __init__(self, book: Any, max_rows: int) -> None:
        self.book = book
        self.max_rows = max_rows
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
        """Write the answer, trust, news, top gaps and edits, charts, key figures and contents."""
        tops = list_tops(analysis)
        for column, field in enumerate(tops[0].fields):
            page.set_column(column, column, field.width)
        page.write_string(0, 0, "Which questions does your site not answer?", self.formats["title"])
        page.set_row(0, 2 * _LINE_POINTS)
        verdict = rate_trust(analysis.about)
        plan = describe_plan(summarize(analysis))
        row = self._write_lines(page, 1, [describe_answer(analysis)], "lead")
        lines = [
            f"How far to trust it: {verdict.word}. {verdict.reason}",
            *([f"The plan: {plan}."] if plan else []),
            *list_news(analysis),
        ]
        row = self._write_lines(page, row, lines) + 1
        for sheet in tops:
            row = self._write_rows(page, row, sheet) + 1
        row = self._add_charts(page, row, list_charts(analysis))
        row = self._write_figures(page, row, list_figures(analysis))
        details_row = row
        if more := describe_level(analysis)[1:]:
            row = self._write_section(page, row, "How much is covered", more)
        row = self._write_section(page, row, "The gaps", describe_lists(analysis))
        row = self._write_section(page, row, "The sheets of this workbook", [HOW_TO_SHOW]) - 1
        self._write_rows(page, row, list_contents(sheets))
        page.hide_gridlines(2)
        page.set_tab_color(TAB_COLORS["act"])
        _set_up_print(page)
        page.set_portrait()
        page.set_h_pagebreaks([details_row])

    def add_sheet(self, sheet: Sheet) -> None:
        """Write one sheet of rows with header, filter and frozen rows down to the header."""
        page = self.book.add_worksheet(sheet.name)
        page.set_tab_color(TAB_COLORS[sheet.group])
        if sheet.is_hidden:
            page.hide()
        was_detail = False
        for column, field in enumerate(sheet.fields):
            options = {"hidden": field.is_hidden or field.is_detail, "level": int(field.is_detail)}
            # The + is above the column after the details.
            options["collapsed"] = was_detail and not field.is_detail
            page.set_column(column, column, field.width, None, options)
            was_detail = field.is_detail
        if was_detail:
            page.set_column(len(sheet.fields), len(sheet.fields), None, None, {"collapsed": True})
        top = self._write_top(page, sheet)
        free_row = self._write_rows(page, top, sheet)
        remarks = [sheet.remark]
        if any(field.is_detail for field in sheet.fields):
            remarks.append("A + above the headings opens further columns.")
        if remark := "\n".join(filter(None, remarks)):
            page.write_comment(top, 0, remark, {"x_scale": 2.5})
        page.freeze_panes(top + 1, 0)
        page.autofilter(top, 0, max(free_row - 1, top + 1), len(sheet.fields) - 1)
        page.repeat_rows(top)
        _set_up_print(page)

    def _write_top(self, page: Any, sheet: Sheet) -> int:
        """Write title, hint and totals above the header; return the row of the header."""
        row = 0
        if sheet.title:
            page.write_string(row, 0, sheet.title, self.formats["title"])
            page.write_string(row + 1, 0, sheet.hint, self.formats["hint"])
            page.set_row(row, 2 * _LINE_POINTS)
            row += 2
        if not sheet.is_totalled or sheet.rows.empty:
            return row
        first = row + 3
        last = row + 2 + len(sheet.rows) + _SPARE_ROWS
        totals = list_totals(sheet, first, last)
        for column, field in enumerate(sheet.fields):
            style = self.formats["total of numbers" if field.form in NUMBERS else "total"]
            if column in totals:
                formula, value = totals[column]
                page.write_formula(row, column, formula, style, value)
            else:
                page.write_blank(row, column, None, style)
        page.write_string(row, 0, "left", self.formats["total"])
        page.set_row(row, 3 * _LINE_POINTS)
        return row + 1

    def _add_charts(self, page: Any, top: int, charts: Sequence[Chart]) -> int:
        """Draw the charts, two side by side, from row `top` on; return the first free row.

        Their cells are in a sheet for the data of charts.
        """
        if not charts:
            return top
        data = self.book.add_worksheet(_CHART_DATA)
        data.set_tab_color(TAB_COLORS["engineer"])
        data.hide()
        data.set_column(0, 0, 46)
        data.set_column(1, 12, 16)
        row = 0
        for number, chart in enumerate(charts):
            categories, *series = chart.rows.columns
            fields = (
                SheetColumn(
                    str(categories),
                    categories,
                    "number" if chart.kind == "scatter" else "text",
                ),
                *(SheetColumn(str(name), name, chart.form) for name in series),
            )
            data.write_string(row, 0, chart.title, self.formats["heading"])
            free_row = self._write_rows(data, row + 1, Sheet(chart.title, fields, chart.rows))
            xlsx_chart = draw_chart(self.book, chart, _CHART_DATA, row + 1)
            xlsx_chart.set_size(
                {
                    "width": _CHART_WIDTH,
                    "height": _CHART_ROWS * _ROW_PIXELS - _ROW_PIXELS // 2,
                }
            )
            options = {
                "x_offset": number % 2 * (_CHART_WIDTH + 6),
                "y_offset": 4,
                "object_position": 1,
                "description": chart.title,
            }
            page.insert_chart(top + number // 2 * _CHART_ROWS, 0, xlsx_chart, options)
            row = free_row + 1
        return top + (len(charts) + 1) // 2 * _CHART_ROWS + 1

    def _write_rows(self, page: Any, top: int, sheet: Sheet) -> int:
        """Write a header and rows from row `top` on; return the first free row."""
        for column, field in enumerate(sheet.fields):
            page.write_string(top, column, field.title, self.formats[_choose_header(field)])
        shown = [field for field in sheet.fields if not field.is_hidden and not field.is_detail]
        n_lines = max(_lines_of(field.title, _HEADING_WIDTH_SHARE * field.width) for field in shown)
        page.set_row(top, _LINE_POINTS * n_lines)
        records = sheet.rows.head(self.max_rows).to_dict("records")
        for row, record in enumerate(records, top + 1):
            for column, field in enumerate(sheet.fields):
                if isinstance(record.get(field.link), str):
                    self._write_link(page, row, column, field, record)
                else:
                    self._write(page, row, column, field.form, record[field.column])
            n_lines = min(_count_lines(record, shown), sheet.max_lines)
            page.set_row(row, _LINE_POINTS * n_lines)
        free_row = top + 1 + len(records)
        if len(sheet.rows) > self.max_rows:
            page.write_string(
                free_row,
                0,
                f"… and {len(sheet.rows) - self.max_rows:,} more rows in the run's tables",
            )
        last = free_row - 1 + (_SPARE_ROWS if sheet.is_totalled else 0)
        for column, field in enumerate(sheet.fields if records else ()):
            for rule in self.rules.get(field.form, ()):
                page.conditional_format(top + 1, column, free_row - 1, column, rule)
            if field.form in VALIDATIONS:
                # Names of owners are offered from their own column.
                cells = f"={xl_range_abs(top + 1, column, last, column)}"
                options = {"source": cells} if field.form == "owner" else {}
                page.data_validation(
                    top + 1, column, last, column, VALIDATIONS[field.form] | options
                )
        return free_row

    def _write(self, page: Any, row: int, column: int, form: str, value: Any) -> None:
        if is_missing(value):
            page.write_blank(row, column, None, self.formats[form])
        elif form in TEXTS or (form == "date" and isinstance(value, str)):
            page.write_string(row, column, _fit(value), self.formats[form])
        elif form == "flag":
            page.write_string(row, column, "yes" if value else "no", self.formats["flag"])
        elif form in {"date", "time"}:
            self._write_time(page, row, column, form, value)
        # Excel has no infinite numbers: such a cell stays empty.
        elif math.isfinite(value):
            number = round(value) if form == "integer" else float(value)
            page.write_number(row, column, number, self.formats[form])

    def _write_link(
        self, page: Any, row: int, column: int, field: SheetColumn, record: dict[Any, Any]
    ) -> None:
        """Write a cell with its link, or without it where the link is unsafe or one too many."""
        link = record[field.link]
        value = record[field.column]
        is_number = field.form == "integer"
        url = link if link.startswith("internal:'") else safe_url(link)
        text = shorten(value, _MAX_LINK_CHARACTERS) or shorten(link, _MAX_LINK_CHARACTERS)
        n_links = self.n_links.setdefault(page.get_name(), 0)
        if url is None or n_links >= _MAX_LINKS:
            self._write(page, row, column, field.form, value if is_number else text)
            return
        page.write_url(row, column, url, self.links[field.form], string=text)
        if is_number:
            # The link stays, and the number can be sorted.
            page.write_number(row, column, round(value), self.links[field.form])
        self.n_links[page.get_name()] += 1

    def _write_time(self, page: Any, row: int, column: int, form: str, value: Any) -> None:
        naive = value.tz_convert("UTC").tz_localize(None) if value.tzinfo else value
        if naive.year < _FIRST_YEAR:
            page.write_string(row, column, naive.isoformat(), self.formats["text"])
        else:
            page.write_datetime(row, column, naive.to_pydatetime(), self.formats[form])

    def _write_figures(
        self, page: Any, row: int, figures: Sequence[tuple[str, float | str, Form, str]]
    ) -> int:
        """Write a row for each key figure; return the first row after an empty one."""
        page.write_string(row, 0, "Key figures", self.formats["heading"])
        for figure_row, (name, value, form, note) in enumerate(figures, row + 1):
            page.write_string(figure_row, 0, clean_text(name), self.formats["strong"])
            if isinstance(value, str):
                page.write_string(figure_row, 1, clean_text(value), self.formats["figure"])
            else:
                self._write(page, figure_row, 1, form, value)
            self._merge(page, figure_row, 2, clean_text(note), "note")
            n_lines = _lines_of(clean_text(note), _NOTE_WIDTH)
            page.set_row(figure_row, _LINE_POINTS * n_lines)
        return row + len(figures) + 2

    def _write_section(self, page: Any, row: int, title: str, lines: Sequence[str]) -> int:
        """Write a heading with its lines; return the first row after an empty one."""
        page.write_string(row, 0, title, self.formats["heading"])
        return self._write_lines(page, row + 1, lines) + 1

    def _write_lines(self, page: Any, row: int, lines: Sequence[str], style: str = "line") -> int:
        """Write each line in a row of its own over the page's width; return the first free row."""
        width = _SUMMARY_WIDTH * (_HEADING_WIDTH_SHARE if style == "lead" else 1)
        points = _LINE_POINTS * FORMATS[style].get("font_size", _FONT_SIZE) / _FONT_SIZE
        for line_row, line in enumerate(lines, row):
            self._merge(page, line_row, 0, clean_text(line), style)
            page.set_row(line_row, points * _lines_of(clean_text(line), width))
        return row + len(lines)

    def _merge(self, page: Any, row: int, column: int, text: str, style: str) -> None:
        """Write a text over the columns of the summary from this one on."""
        page.merge_range(row, column, row, 3, "", self.formats[style])
        # merge_range guesses the type of what it writes, so the text is written into the merged
        # cell afterwards, as a text.
        page.write_string(row, column, text, self.formats[style])


def _choose_header(field: SheetColumn) -> str:
    """Return the format of a heading."""
    if field.is_written:
        return "header to fill"
    return "header of numbers" if field.form in NUMBERS else "header"


def _find_max_rows(sheets: Sequence[Sheet]) -> int:
    """Return how many rows each sheet may have so that Google Sheets can open the workbook."""
    max_rows = _MAX_ROWS
    while sum(min(len(sheet.rows), max_rows) * len(sheet.fields) for sheet in sheets) > _MAX_CELLS:
        max_rows //= 2
    return max_rows


def _fit(value: Any) -> str:
    """Return the text; where a cell cannot hold it, it is cut and ends with a note."""
    text = clean_text(value)
    if len(text) <= _MAX_CHARACTERS:
        return text
    note = f"… [cut: {len(text):,} characters]"
    return text[: _MAX_CHARACTERS - len(note)] + note


def _count_lines(record: dict[Any, Any], fields: Sequence[SheetColumn]) -> int:
    """Return how many lines the row needs.

    Spreadsheets do not make rows higher for text that another program wrote.
    """
    # The start of a text is enough: no row is as high as 2,000 characters.
    counts = (
        _lines_of(clean_text(record[field.column])[:2_000], field.width)
        for field in fields
        if field.form in TEXTS
    )
    return max(counts, default=1)


def _lines_of(text: str, width: float) -> int:
    """Return how many lines a text takes in a column of this width."""
    n_characters = max(1, width - _INDENT) * _CHARACTERS_PER_WIDTH
    return sum(1 + int(len(line) // n_characters) for line in text.split("\n"))


def _set_up_print(page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)  # A4
    # One page wide, and as many pages long as are needed.
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&L&A&RPage &P of &N")
