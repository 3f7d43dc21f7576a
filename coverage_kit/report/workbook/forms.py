"""How the workbook's cells look: a form's format, and the rules that colour cells. Knows no writer.

Only rules that Google Sheets keeps: colour scales and comparisons; it drops data bars and icons.
"""

from typing import Any

from coverage_kit.report.workbook.sheet import Form

_TEXT = {"text_wrap": True, "valign": "top"}
_NUMBERS = {
    **{
        "integer": "#,##0",
        "number": "#,##0.0",
        "percent": "0%",
        "rate": "0.0%",
        "severity": "0%",
        "coverage": "0%",
    },
    **{
        "points": "+0.0%;-0.0%;0.0%",
        "signed": "+0.00;-0.00;0.00",
        "fine": "0.000",
        "time": "yyyy-mm-dd hh:mm",
    },
}
LINK = {"font_color": "#0B5CAD", "underline": 1}
FORMATS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("text", "status", "progress"), _TEXT),
    "flag": {"valign": "top", "align": "center"},
    # a little room at the right: text of the next column would stand close
    **{
        name: {
            "valign": "top",
            "align": "right",
            "indent": 1,
            "num_format": form,
        }
        for name, form in _NUMBERS.items()
    },
    "header": {**_TEXT, "bold": True, "bg_color": "#E8ECF1", "bottom": 1},
    "title": {"bold": True, "font_size": 16},
    "heading": {"bold": True, "font_size": 12, "valign": "top"},
    "strong": {"bold": True, "valign": "top"},
    "note": {"font_color": "#5A6470", "valign": "top"},
}
_ENDS = {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
SCALES: dict[Form, dict[str, Any]] = {
    "severity": {
        "type": "2_color_scale",
        **_ENDS,
        "min_color": "#FFFFFF",
        "max_color": "#F0A878",
    },
    "coverage": {
        **{
            "type": "3_color_scale",
            **_ENDS,
            "mid_type": "num",
            "mid_value": 0.5,
        },
        **{
            "min_color": "#F3B48B",
            "mid_color": "#F4F5F6",
            "max_color": "#9CCBE6",
        },
    },
}
COMPARISONS: dict[Form, tuple[tuple[str, str, str], ...]] = {
    "status": (("!=", "ok", "#FBE3CF"),),
    "progress": (
        ("==", "done", "#D3EBD8"),
        ("==", "in progress", "#FDF0C4"),
        ("==", "won't do", "#E3E6EA"),
    ),
}
