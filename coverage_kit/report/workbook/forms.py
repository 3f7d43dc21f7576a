"""How the workbook's cells look: the format of each form, and the rules that colour cells.

The rules are colour scales and comparisons only, because Google Sheets drops data bars and icons.
This module does not know XlsxWriter.
"""

from datetime import date
from typing import Any

from coverage_kit.report.workbook.editor_notes import STATUSES
from coverage_kit.report.workbook.sheet import Form, Group
from coverage_kit.vocabulary import CHOICES

# Long texts wrap, and all cells of a row start at its top. Texts and numbers are indented, so that
# a number and the text beside it never touch.
_TEXT = {"text_wrap": True, "valign": "top", "align": "left", "indent": 1}
_NUMBER = {"valign": "top", "align": "right", "indent": 1}
# A pale line below each row leads the eye.
_RULE = {"bottom": 1, "bottom_color": "#E3E6EA"}
# Excel's number formats. "number" has a decimal below ten only; this order
# of its parts keeps the minus sign in LibreOffice. "points" and "signed" have a part
# each for positive, negative and zero.
_NUMBERS = {
    "integer": "#,##0",
    "number": "[<9.95]#,##0.0;#,##0",
    "percent": "0%",
    "rate": "0.0%",
    "severity": "0%",
    "coverage": "0%",
    "points": "+0.0%;-0.0%;0.0%",
    "signed": "+0.00;-0.00;0.00",
    "fine": "0.000",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}
# The forms of numbers and times: their headings are aligned as they are.
NUMBERS = frozenset(_NUMBERS)
TEXTS = ("text", "status", "progress", "choice", "gap status", "owner")
# Cells with a link look like links: LINK is added to the format of the form of the cell.
LINK = {"font_color": "#0B5CAD", "underline": 1}
_HEADER = {"bold": True, "bg_color": "#E8ECF1", "bottom": 1}
# XlsxWriter's format of each form, then those of headers, titles and notes.
FORMATS: dict[str, dict[str, Any]] = {
    **{form: {**_TEXT, **_RULE} for form in TEXTS},
    "flag": {"valign": "top", "align": "center", **_RULE},
    **{form: {**_NUMBER, **_RULE, "num_format": code} for form, code in _NUMBERS.items()},
    "header": {**_TEXT, **_HEADER},
    "header of numbers": {**_TEXT, **_HEADER, "align": "right"},
    "header to fill": {**_TEXT, **_HEADER, "bg_color": "#FDF0C4"},
    "total": {**_TEXT, "bold": True, "top": 1, "bottom": 1},
    "total of numbers": {
        **_NUMBER,
        "bold": True,
        "top": 1,
        "bottom": 1,
        "num_format": _NUMBERS["integer"],
    },
    "title": {"bold": True, "font_size": 16, "align": "left", "indent": 1},
    "lead": {**_TEXT, "font_size": 13},
    "line": _TEXT,
    "heading": {"bold": True, "font_size": 12, "valign": "top", "align": "left", "indent": 1},
    "strong": {**_TEXT, "bold": True},
    "figure": _NUMBER,
    "note": {**_TEXT, "font_color": "#5A6470"},
    "hint": {"font_color": "#5A6470", "align": "left", "indent": 1},
}
# The colours of the tabs, by what a sheet is for.
TAB_COLORS: dict[Group, str] = {
    "act": "#0B5CAD",
    "evidence": "#D9772B",
    "visibility": "#4C8C5B",
    "pages": "#8A5BA6",
    "help": "#5A6470",
    "engineer": "#B8BEC6",
}
# Colour scales run from 0 to 1 whatever the cells hold, so that colours mean the same in each run.
_ENDS = {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
SCALES: dict[Form, dict[str, Any]] = {
    "severity": {
        "type": "2_color_scale",
        **_ENDS,
        "min_color": "#FFFFFF",
        "max_color": "#F0A878",
    },
    "coverage": {
        "type": "3_color_scale",
        **_ENDS,
        "mid_type": "num",
        "mid_value": 0.5,
        "min_color": "#F3B48B",
        "mid_color": "#F4F5F6",
        "max_color": "#9CCBE6",
    },
}
# By form: the comparison, the text that a cell is compared with, and the colour of the cell.
COMPARISONS: dict[Form, tuple[tuple[str, str, str], ...]] = {
    "status": (("!=", "ok", "#FBE3CF"),),
    "progress": (
        ("==", "done", "#D3EBD8"),
        ("==", "in progress", "#FDF0C4"),
        ("==", "won't do", "#E3E6EA"),
    ),
    "choice": (
        ("==", "answered", "#D3EBD8"),
        ("==", "partly", "#FDF0C4"),
        ("==", "not answered", "#FBE3CF"),
        ("==", "not our subject", "#E3E6EA"),
    ),
    "gap status": (
        ("==", "closed", "#D3EBD8"),
        ("==", "shrinking", "#FDF0C4"),
        ("==", "reopened", "#FBE3CF"),
        ("==", "dismissed", "#E3E6EA"),
    ),
}
# By form: what a cell may hold. A choice may be written as a number, which is quicker, so its cell
# takes other texts too: whoever reads the sheet says which text is no choice. The list of owners
# is the column itself, so that each name is offered once somebody has written it.
VALIDATIONS: dict[Form, dict[str, Any]] = {
    "progress": {"validate": "list", "source": list(STATUSES)},
    "choice": {"validate": "list", "source": list(CHOICES), "show_error": False},
    "gap status": {"validate": "list", "source": ["open", "dismissed"], "show_error": False},
    "owner": {"validate": "list", "show_error": False},
    "date": {
        "validate": "date",
        "criteria": ">=",
        "value": date(2000, 1, 1),
        "error_title": "No date",
        "error_message": "Write a date, such as 2026-12-24.",
    },
}
