"""How the workbook draws a chart over its cells. The book is passed in: only workbook.py knows the writer."""

import itertools
import math
from typing import Any

from coverage_kit.report.workbook.forms import FORMATS
from coverage_kit.report.workbook.sheet import Chart

_COLORS = ("#0B5CAD", "#D9772B", "#4C8C5B", "#8A5BA6", "#B0413E", "#5A6470")
_GRID = {"visible": True, "line": {"color": "#E3E6EA"}}


def draw_chart(book: Any, chart: Chart, sheet: str, top: int) -> Any:
    """Return the chart over cells of a sheet: a header in row `top` (from 0), the chart's rows below it, from column A on."""
    drawn = book.add_chart(
        {
            "type": chart.kind,
            **({"subtype": "straight"} if chart.kind == "scatter" else {}),
        }
    )
    names = list(chart.rows.columns)

    def cells(name: Any) -> list[Any]:
        return [
            sheet,
            top + 1,
            names.index(name),
            top + len(chart.rows),
            names.index(name),
        ]

    def absolute(name: Any) -> str:
        column = chr(ord("A") + names.index(name))
        return f"='{sheet}'!${column}${top + 2}:${column}${top + 1 + len(chart.rows)}"

    lengths = {column for pair in chart.bars.values() for column in pair}
    shown = [name for name in names[1:] if name not in lengths]
    for name, color in zip(shown, itertools.cycle(_COLORS), strict=False):
        place = {
            "name": [sheet, top, names.index(name)],
            "categories": cells(names[0]),
            "values": cells(name),
        }
        series = {**place, **_look(chart, str(name), color)}
        if name in chart.bars:
            minus, plus = (absolute(column) for column in chart.bars[name])
            told = {
                "type": "custom",
                "minus_values": minus,
                "plus_values": plus,
                "line": {"color": "#5A6470"},
            }
            series["y_error_bars"] = told
        drawn.add_series(series)
    _label(drawn, chart, len(shown))
    return drawn


def _look(chart: Chart, name: str, color: str) -> dict[str, Any]:
    if chart.kind in {"bar", "column"}:
        return {"fill": {"color": color}, "gap": 60}
    if chart.kind == "scatter":
        return {
            "line": {
                "color": color,
                "width": 2,
                **({"dash_type": "dash"} if name.endswith(" end") else {}),
            }
        }
    marker = {
        "type": "circle",
        "size": 5,
        "fill": {"color": color},
        "border": {"color": color},
    }
    return {"line": {"color": color, "width": 2}, "marker": marker}


def _label(drawn: Any, chart: Chart, n_series: int) -> None:
    """Set titles, axes and legend."""
    font = {"size": 9, "bold": False}
    form = {
        "num_format": FORMATS[chart.form]["num_format"],
        "min": 0,
        "max": _find_end(chart),
        "major_gridlines": _GRID,
    }
    named = [
        {"name": title, "name_font": font, "num_font": {"size": 8}}
        for title in (chart.x_title, chart.y_title)
    ]
    if chart.kind == "bar":
        drawn.set_x_axis(
            {**named[0], **form, "label_position": "high"}
        )  # the reversed axis would put them on top
        drawn.set_y_axis({**named[1], "reverse": True, "major_gridlines": {"visible": False}})
    else:
        drawn.set_x_axis(
            {
                **named[0],
                **({"min": 0, "num_format": "#,##0"} if chart.kind == "scatter" else {}),
            }
        )
        drawn.set_y_axis({**named[1], **form})
    drawn.set_title({"name": chart.title, "name_font": {"size": 11}, "overlay": False})
    drawn.set_legend(
        {"none": True} if n_series == 1 else {"position": "bottom", "font": {"size": 8}}
    )


def _find_end(chart: Chart) -> float | None:
    """Return where the axis of a share ends, so that no error bar is cut: the next tenth; None leaves it to the program."""
    if not chart.bars:
        return None
    most = max(
        float((chart.rows[name] + chart.rows[above]).max())
        for name, (_, above) in chart.bars.items()
    )
    return min(1.0, math.ceil(most * 10 + 1e-9) / 10)
