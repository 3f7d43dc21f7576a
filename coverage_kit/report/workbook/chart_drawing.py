"""How the workbook draws a chart from its cells.

The workbook is passed in, because only writer.py knows XlsxWriter.
"""

import itertools
import math
from typing import Any

from coverage_kit.report.workbook.forms import FORMATS
from coverage_kit.report.workbook.sheet import Chart

# Colours of series, in their order; they begin again after the last (assumed).
_COLORS = ("#0B5CAD", "#D9772B", "#4C8C5B", "#8A5BA6", "#B0413E", "#5A6470")
# Lines of the grid are pale, so that the series stand out.
_GRID = {"visible": True, "line": {"color": "#E3E6EA"}}


def draw_chart(book: Any, chart: Chart, sheet: str, top: int) -> Any:
    """Return a chart of the workbook.

    Args:
        book: the XlsxWriter workbook.
        chart: what the chart shows.
        sheet: the sheet that holds the chart's rows, from column A on.
        top: the row of their header, from 0; the chart's rows are below it.
    """
    options: dict[str, Any] = {"type": chart.kind}
    if chart.kind == "scatter":
        options["subtype"] = "straight"
    xlsx_chart = book.add_chart(options)
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
        # Charts with error bars have four columns, so one letter is enough.
        letter = chr(ord("A") + names.index(name))
        return f"='{sheet}'!${letter}${top + 2}:${letter}${top + 1 + len(chart.rows)}"

    length_columns = {column for pair in chart.bars.values() for column in pair}
    series_names = [name for name in names[1:] if name not in length_columns]
    for name, color in zip(series_names, itertools.cycle(_COLORS), strict=False):
        series = {
            "name": [sheet, top, names.index(name)],
            "categories": cells(names[0]),
            "values": cells(name),
            **_look(chart, str(name), color),
        }
        if name in chart.bars:
            minus, plus = (absolute(column) for column in chart.bars[name])
            series["y_error_bars"] = {
                "type": "custom",
                "minus_values": minus,
                "plus_values": plus,
                "line": {"color": "#5A6470"},
            }
        xlsx_chart.add_series(series)
    _label(xlsx_chart, chart, len(series_names))
    return xlsx_chart


def _look(chart: Chart, name: str, color: str) -> dict[str, Any]:
    """Return how a series looks; the ends of an interval are dashed lines."""
    if chart.kind in {"bar", "column"}:
        return {"fill": {"color": color}, "gap": 60}
    if chart.kind == "scatter":
        line: dict[str, Any] = {"color": color, "width": 2}
        if name.endswith(" end"):
            line["dash_type"] = "dash"
        return {"line": line}
    marker = {
        "type": "circle",
        "size": 5,
        "fill": {"color": color},
        "border": {"color": color},
    }
    return {"line": {"color": color, "width": 2}, "marker": marker}


def _label(xlsx_chart: Any, chart: Chart, n_series: int) -> None:
    """Set titles, axes and legend."""
    font = {"size": 9, "bold": False}
    value_axis = {
        "num_format": FORMATS[chart.form]["num_format"],
        "min": 0,
        "max": _find_end(chart),
        "major_gridlines": _GRID,
    }
    axis = {"name_font": font, "num_font": {"size": 8}}
    x_axis: dict[str, Any] = {"name": chart.x_title, **axis}
    y_axis: dict[str, Any] = {"name": chart.y_title, **axis}
    if chart.kind == "bar":
        # The first category is on top. "high" keeps the values below the chart: the reversed axis
        # would move them above it.
        xlsx_chart.set_x_axis({**x_axis, **value_axis, "label_position": "high"})
        xlsx_chart.set_y_axis({**y_axis, "reverse": True, "major_gridlines": {"visible": False}})
    else:
        if chart.kind == "scatter":
            x_axis = {**x_axis, "min": 0, "num_format": "#,##0"}
        xlsx_chart.set_x_axis(x_axis)
        xlsx_chart.set_y_axis({**y_axis, **value_axis})
    xlsx_chart.set_title({"name": chart.title, "name_font": {"size": 11}, "overlay": False})
    xlsx_chart.set_legend(
        {"none": True} if n_series == 1 else {"position": "bottom", "font": {"size": 8}}
    )


def _find_end(chart: Chart) -> float | None:
    """Return the end of the axis of a share: the next tenth, so that no error bar is cut.

    None leaves the end to the program that opens the workbook.
    """
    if not chart.bars:
        return None
    highest = max(
        float((chart.rows[name] + chart.rows[length_above]).max())
        for name, (_, length_above) in chart.bars.items()
    )
    # The 1e-9 gives a bar that ends exactly on a tenth the tenth above it.
    return min(1.0, math.ceil(highest * 10 + 1e-9) / 10)
