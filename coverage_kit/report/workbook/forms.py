"""How the workbook's cells look: the format of each form, and the rules that colour cells.

The rules are colour scales and comparisons only, because Google Sheets drops data bars and icons.
This module does not know XlsxWriter.
"""

from typing import Any

from coverage_kit.report.workbook.editor_notes import STATUSES
from coverage_kit.report.workbook.sheet import Form
from coverage_kit.vocabulary import CHOICES

# Long texts wrap, and all cells of a row start at its top.
_TEXT = {"text_wrap": True, "valign": "top"}
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
    "time": "yyyy-mm-dd hh:mm",
}
# Cells with a link look like links: LINK is added to the format of the form of the cell.
LINK = {"font_color": "#0B5CAD", "underline": 1}
# XlsxWriter's format of each form, then those of headers, titles and notes.
FORMATS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("text", "status", "progress", "choice", "gap status"), _TEXT),
    "flag": {"valign": "top", "align": "center"},
    # The indent leaves space between a number and the text in the next column.
    **{
        form: {
            "valign": "top",
            "align": "right",
            "indent": 1,
            "num_format": number_format,
        }
        for form, number_format in _NUMBERS.items()
    },
    "header": {**_TEXT, "bold": True, "bg_color": "#E8ECF1", "bottom": 1},
    "title": {"bold": True, "font_size": 16},
    "heading": {"bold": True, "font_size": 12, "valign": "top"},
    "strong": {"bold": True, "valign": "top"},
    "note": {"font_color": "#5A6470", "valign": "top"},
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
# By form: the list from which a cell is chosen. A choice may be written as a number, which is
# quicker, so its cell takes other texts too: whoever reads the sheet says which text is no choice.
LISTS: dict[Form, dict[str, Any]] = {
    "progress": {"source": list(STATUSES)},
    "choice": {"source": list(CHOICES), "show_error": False},
    "gap status": {"source": ["open", "dismissed"], "show_error": False},
}
