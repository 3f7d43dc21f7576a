"""The template and the safe configuration of all figures, and their notes, points and rows."""

import html
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from plotly.offline import get_plotlyjs

from coverage_kit.escaping import for_html
from coverage_kit.report import figure_data
from coverage_kit.report.texts import markup_lines
from coverage_kit.storage.files import write_file

# Plotly's configuration of every figure. The first two entries remove the button that would upload
# the data of a figure, and its address.
CONFIG: dict[str, Any] = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "typesetMath": False,
    "displayModeBar": "hover",
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


def set_up_safely() -> None:
    """Give every renderer of plotly the safe configuration.

    `figure.show()` and a bare figure at the end of a cell then offer no upload.
    """
    # The renderers are no dict, so they have no values().
    for renderer in map(pio.renderers.__getitem__, pio.renderers):
        if hasattr(renderer, "config"):
            renderer.config = {**(renderer.config or {}), **CONFIG}


# Small multiples: panels beside each other, and the height of one with its title. Assumed.
_PANELS_A_ROW = 4
_PANEL_HEIGHT = 190
# Every axis: faint lines, and room for long labels.
_AXIS = {
    **dict.fromkeys(("gridcolor", "zerolinecolor", "linecolor"), figure_data.FAINT),
    "automargin": True,
    "title": {"standoff": 8, "font": {"size": 13}},
}
# The legend is below the figure, so that long names do not narrow it.
_LEGEND = {
    "orientation": "h",
    "yref": "container",
    "y": 0.0,
    "yanchor": "bottom",
    "x": 0,
    "title": {"text": ""},
}
# Transparent grounds and mid-grey texts: figures are on light and on dark pages.
TEMPLATE = go.layout.Template(
    layout={
        "font": {
            "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
            "size": 13,
            "color": figure_data.INK,
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 60, "r": 20, "t": 84, "b": 90},
        "title": {
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 12},
            "font": {"size": 17, "weight": 600},
        },
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": figure_data.INK,
            "activecolor": figure_data.BLUE,
        },
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": _LEGEND,
        "hoverlabel": {
            "align": "left",
            "bgcolor": "#20262e",
            "bordercolor": "#20262e",
            "font": {"color": "#f4f6f8"},
        },
        "hovermode": "closest",
        "dragmode": "pan",
    }
)

# Only notebooks use plotly's renderers, and importing them takes seconds.
if "IPython" in sys.modules:
    set_up_safely()


class Figure(go.Figure):  # type: ignore[misc]  # plotly is not typed
    """A plotly figure that stays safe when a caller shows or writes it with a configuration."""

    def show(self, *args: Any, **kwargs: Any) -> Any:
        """Show the figure, never with an upload button."""
        return super().show(*args, **_safe(kwargs))

    def to_html(self, *args: Any, **kwargs: Any) -> str:
        """Return the figure as HTML, never with an upload button."""
        return str(super().to_html(*args, **_safe(kwargs)))

    def write_html(self, *args: Any, **kwargs: Any) -> None:
        """Write the figure as HTML, never with an upload button."""
        super().write_html(*args, **_safe(kwargs))


def _safe(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {
        **kwargs,
        "config": {
            **CONFIG,
            **(kwargs.get("config") or {}),
            # a caller's configuration cannot switch these on
            "showSendToCloud": False,
            "plotlyServerURL": "",
        },
    }


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write the figure as a self-contained HTML file and return its path.

    Raises RunError when the file cannot be written.
    """
    path = Path(path)
    write_file(path, figure.to_html(include_plotlyjs=True, div_id="figure").encode())
    return path


def embed_figure(figure: Figure) -> dict[str, Any]:
    """Return a figure for a template: title, subtitle and counts as plain text, and the plot.

    The plot is what Plotly.newPlot needs to draw the figure without title and subtitle.
    """
    bare = Figure(figure)
    title, subtitle = (
        html.unescape(str(text or "").replace("<br>", " "))
        for text in (bare.layout.title.text, bare.layout.title.subtitle.text)
    )
    bare.update_layout(
        title={"text": None, "subtitle": {"text": None}},
        margin={"t": 30, "l": 16, "r": 12},
    )
    return {
        "title": title,
        "subtitle": subtitle,
        "drawn": _count_marks(bare),
        "plot": {**json.loads(bare.to_json()), "config": CONFIG},
    }


def _count_marks(figure: Figure) -> str:
    """Return how many marks of each kind the figure draws, for readers who do not see it."""
    counts = [
        f"{html.unescape(trace.name)}, {len(trace.hovertext)}"
        for trace in figure.data
        if trace.hovertext is not None
    ]
    return "; ".join(counts)


def plotly_script() -> str:
    """Return the source of plotly.js; a page needs it once."""
    return str(get_plotlyjs())


def new_figure(title: str, subtitle: str, height: int) -> Figure:
    """Return a figure without points; title and subtitle are data, not markup."""
    # Widths in characters at which the lines fit the width of the page. Assumed.
    lines = markup_lines(subtitle, 400, width=124)
    heading = {
        "text": markup_lines(title, 200, width=90),
        "subtitle": {"text": lines, "font": {"size": 12}},
    }
    # Each line of the subtitle needs 16 pixels above the plot.
    margin = {"t": 68 + 16 * (1 + lines.count("<br>"))}
    return Figure(
        layout={
            "template": TEMPLATE,
            "title": heading,
            "height": height,
            "margin": margin,
        }
    )


def note_figure(title: str, text: str) -> Figure:
    """Return a figure that says why there is nothing to see."""
    figure = new_figure(title, "", height=220)
    position = {
        "x": 0.5,
        "y": 0.5,
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
    }
    figure.add_annotation(text=markup_lines(text, 400, width=64), font={"size": 14}, **position)
    figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
    return figure


def annotate(figure: Figure, labels: list[figure_data.Label], style: dict[str, Any]) -> None:
    """Write the labels into the figure; lines are never cut."""
    for label in labels:
        position = {
            "x": label.x,
            "y": label.y,
            "ax": label.x_shift,
            "ay": -label.y_shift,
            "name": label.name,
        }
        text = "<br>".join(map(for_html, label.lines))
        figure.add_annotation(text=text, showarrow=True, arrowhead=0, **position, **style)


def points(x: Any, y: Any, name: str, hover: Any, marker: dict[str, Any]) -> go.Scatter:
    """Return points with hover texts, drawn as SVG.

    WebGL needs eval, which the page's Content-Security-Policy forbids.
    """
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="markers",
        marker=marker,
        hovertext=hover,
        hoverinfo="text",
        showlegend=False,
    )


def interval_bars(value: Any, low: Any, high: Any, colour: str) -> dict[str, Any]:
    """Return the error bars of points whose intervals end at `low` and `high`."""
    ends = {
        "array": high - value,
        "arrayminus": value - low,
        "symmetric": False,
    }
    return {**ends, "thickness": 1.2, "width": 0, "color": colour}


def panel_figure(title: str, subtitle: str, n_panels: int) -> Figure:
    """Return a figure for small multiples, which `add_panel` fills.

    All panels have the same y axis, which starts at 0. The page puts them into as many columns as
    there is room for.
    """
    n_rows = -(-n_panels // _PANELS_A_ROW)
    n_columns = -(-n_panels // n_rows)
    figure = new_figure(title, subtitle, height=130 + _PANEL_HEIGHT * n_rows)
    grid = {
        "rows": n_rows,
        "columns": n_columns,
        "pattern": "independent",
        "xgap": 0.14,
        "ygap": 0.34,
    }
    # Room for the titles of the panels.
    margin = {"t": figure.layout.margin.t + 20, "b": 40}
    return figure.update_layout(  # type: ignore[no-any-return]
        grid=grid, meta={"panels": n_panels}, margin=margin
    )


def add_panel(
    figure: Figure, number: int, name: str, series: pd.DataFrame, x: str
) -> tuple[str, str]:
    """Draw one series in a panel of its own: line, points, and a band of intervals.

    Return the ids of its axes, such as x2 and y2.

    Args:
        figure: a figure of `panel_figure`.
        number: the panel's number, from 0.
        name: its title, which is data, no markup.
        series: the series with value, low, high and hover, and optionally is_low_n.
        x: the column of x.
    """
    of_panel = "" if number == 0 else str(number + 1)
    axes = {"xaxis": f"x{of_panel}", "yaxis": f"y{of_panel}"}
    # The band is the area between two invisible lines.
    band = series.dropna(subset=["low", "high"])
    invisible = {
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
        "line": {"width": 0},
        **axes,
    }
    figure.add_trace(go.Scatter(x=band[x], y=band["low"], **invisible))
    filled = {"fill": "tonexty", "fillcolor": "rgba(31,131,189,.16)"}
    figure.add_trace(go.Scatter(x=band[x], y=band["high"], **invisible, **filled))
    is_low = series.get("is_low_n", pd.Series(data=False, index=series.index))
    marker = {
        "color": figure_data.BLUE,
        "size": 6,
        "symbol": ["circle-open" if low else "circle" for low in is_low],
    }
    line = {"color": figure_data.BLUE, "width": 2}
    title = markup_lines(name, 60, width=34)
    trace = points(series[x], series["value"], title, series["hover"], marker)
    figure.add_trace(trace.update(mode="lines+markers", line=line, cliponaxis=False, **axes))
    figure.add_annotation(
        text=f"<b>{title}</b>",
        xref=f"{axes['xaxis']} domain",
        yref=f"{axes['yaxis']} domain",
        x=0,
        y=1,
        xanchor="left",
        yanchor="bottom",
        yshift=4,
        showarrow=False,
        font={"size": 13},
    )
    shared = {"matches": "y"} if number else {}
    tick = {"tickformat": ".0%", "nticks": 5, "rangemode": "tozero"}
    figure.update_layout({f"yaxis{of_panel}": {**tick, **shared}, f"xaxis{of_panel}": {}})
    return axes["xaxis"], axes["yaxis"]


def stack(bars: pd.DataFrame, value: str, name: str, marker: dict[str, Any]) -> go.Bar:
    """Return stacked bars of the lengths in the column `value`, one in each row of the figure.

    A column `gap_rank` becomes the customdata by which the page filters and opens gaps.
    """
    style = {
        "hovertext": bars["hover"],
        "hoverinfo": "text",
        "textposition": "none",
        "showlegend": True,
    }
    ranks = {"customdata": bars["gap_rank"].tolist()} if "gap_rank" in bars else {}
    # Lists, as the page's script reads them; plotly packs arrays.
    return go.Bar(
        x=bars[value].tolist(),
        y=bars["row"].tolist(),
        orientation="h",
        name=name,
        marker=marker,
        **style,
        **ranks,
    )


def start_at_zero(figure: Figure, axis: str, **options: Any) -> Figure:
    """Let an axis ('xaxis' or 'yaxis') begin at 0, and do not cut the points at 0."""
    figure.update_traces(cliponaxis=False, selector={"type": "scatter"})
    figure.update_layout({axis: {"rangemode": "tozero", **options}})
    return figure


def name_rows(figure: Figure, names: list[str], n_in_sight: int | None = None) -> Figure:
    """Name the rows of a figure, the first on top; all are in sight without a number of them."""
    rows = {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        # from the bottom to the top, with a margin of about half a row
        "range": [(n_in_sight or len(names)) - 0.4, -0.6],
        "ticklabelstandoff": 8,
    }
    is_bars = any(trace.type == "bar" and trace.hovertext is not None for trace in figure.data)
    return figure.update_yaxes(**rows, title=None, showgrid=not is_bars)  # type: ignore[no-any-return]
