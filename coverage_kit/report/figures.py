"""The figures of an analysis, for notebooks and for the page. The only module that knows plotly.

Importing it in a notebook makes plotly safe: its "Share chart" button would upload a figure's data: customers' queries.
"""

import html
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from plotly.offline import get_plotlyjs

from coverage_kit.analysis import Analysis, write_file
from coverage_kit.report import marks
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.views import budget, summarize
from coverage_kit.report.wording import CAUSES, amount, describe_cause, predicted_under

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
    """Give every renderer of plotly the safe configuration, so that `figure.show()` and a bare figure never offer an upload."""
    for renderer in map(pio.renderers.__getitem__, pio.renderers):  # no dict: it has no values()
        if hasattr(renderer, "config"):
            renderer.config = {**(renderer.config or {}), **CONFIG}


_AXIS = {
    **dict.fromkeys(("gridcolor", "zerolinecolor", "linecolor"), marks.FAINT),
    "automargin": True,
    "title": {"standoff": 8, "font": {"size": 13}},
}
_LEGEND = {"orientation": "h", "yref": "container", "y": 0.0, "yanchor": "bottom", "x": 0, "title": {"text": ""}}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 13, "color": marks.INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 60, "r": 20, "t": 84, "b": 90},
        "title": {"x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 12}, "font": {"size": 17}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": marks.INK, "activecolor": marks.BLUE},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": _LEGEND,
        "hoverlabel": {"align": "left", "bgcolor": "#20262e", "bordercolor": "#20262e", "font": {"color": "#f4f6f8"}},
        "hovermode": "closest",
        "dragmode": "pan",
    }
)

if "IPython" in sys.modules:  # a notebook; elsewhere plotly's renderers would cost seconds of import for nothing
    set_up_safely()


class Figure(go.Figure):  # type: ignore[misc]  # plotly is not typed
    """A plotly figure that stays safe when it is shown or written with a configuration of one's own."""

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
        "config": {**CONFIG, **(kwargs.get("config") or {}), "showSendToCloud": False, "plotlyServerURL": ""},
    }


def map_figure(analysis: Analysis) -> Figure:
    """Return the map: queries coloured by coverage and sized by demand, passages small behind them, the worst gaps named."""
    queries, passages = marks.mark_queries(analysis), marks.mark_passages(analysis)
    if queries.empty:
        return _note("Map of the queries", "There is no query to draw.")
    figure = _figure(
        f"{len(queries):,} queries and {len(passages):,} passages: where coverage is low",
        "A UMAP picture: near is roughly alike, axes mean nothing. Size: demand. Named: the first gaps.",
        height=660,
    )
    for kind, symbol in (("own passage", "diamond"), ("other passage", "x-thin-open")):
        some = passages[passages["kind"] == kind]
        marker = {
            "symbol": symbol,
            "size": 5,
            "color": marks.MUTED,
            "opacity": 0.45,
            "line": {"width": 1, "color": marks.MUTED},
        }
        figure.add_trace(_points(some["x"], some["y"], f"{kind}s", some["hover"], marker))
    figure.add_trace(_points(queries["x"], queries["y"], "queries", queries["hover"], _coverage_marker(queries)))
    figure.update_traces(showlegend=True)
    chip = {"font": {"size": 11, "color": "#ffffff"}, "bgcolor": "rgba(32,38,46,.72)", "borderpad": 2}
    _annotate(figure, marks.label_map(analysis, queries), chip)
    axis = {"showgrid": False, "showticklabels": False, "zeroline": False, "title": None}
    # fixed ranges: names that stand aside would otherwise widen the axes and crowd the points
    x_range, y_range = (marks.span_of([*queries[name], *passages[name]]) for name in "xy")
    return figure.update_layout(xaxis={**axis, "range": x_range}, yaxis={**axis, "range": y_range})  # type: ignore[no-any-return]


def _coverage_marker(queries: Any) -> dict[str, Any]:
    return {
        "size": queries["size"],
        "color": queries["coverage"],
        "colorscale": marks.COVERAGE_SCALE,
        "cmin": 0,
        "cmax": 1,
        "opacity": 0.9,
        "line": {"width": 0.6, "color": "rgba(60,66,74,.7)"},
        "colorbar": {
            "title": {"text": "coverage", "font": {"size": 13}},
            "tickformat": ".0%",
            "thickness": 12,
            "len": 0.6,
            "outlinewidth": 0,
        },
    }


def gaps_figure(analysis: Analysis) -> Figure:
    """Return severity with its 90% interval against demand, by cause; the first ten named, what cannot be won muted."""
    gaps = marks.mark_gaps(analysis)
    if gaps.empty:
        return _note("Gaps by severity and demand", "There is no cluster of queries to draw.")
    figure = _figure(
        f"Severity and demand of {len(gaps):,} clusters of queries",
        "Up: less of what is asked is answered. Right: asked more often. Bars: 90% interval. Named: the first ten.",
        height=560,
    )
    known = [*CAUSES, *sorted(set(gaps["cause"]) - set(CAUSES))]
    for cause in known:
        some = gaps[gaps["cause"] == cause]
        if len(some):
            figure.add_trace(_gap_trace(some, cause))
    _annotate(figure, marks.label_gaps(gaps), {"font": {"size": 11}})
    ticks = [float(f"{digit}e{power}") for power in range(-1, 10) for digit in (1, 2, 5)]
    figure.update_xaxes(title="demand (times asked, log scale)", type="log", tickvals=ticks, ticktext=list(map(amount, ticks)))
    return figure.update_yaxes(title="severity (share not covered)", tickformat=".0%", range=[-0.04, 1.06])  # type: ignore[no-any-return]


def _gap_trace(some: Any, cause: str) -> go.Scatter:
    colour, symbol = marks.CAUSE_MARKS.get(cause, marks.OTHER_MARK)
    marker = {"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2 if symbol.endswith("open") else 0}}
    trace = _points(some["demand"], some["severity"], describe_cause(cause).title, some["hover"], marker)
    bars = {"array": some["high"] - some["severity"], "arrayminus": some["severity"] - some["low"], "symmetric": False}
    trace.error_y = {**bars, "thickness": 1, "width": 0, "color": colour}
    return trace.update(opacity=0.55 if colour == marks.MUTED else 0.95, showlegend=True)


def frontier_figure(analysis: Analysis) -> Figure:
    """Return the predicted gain of the ranked edits, taken from the top, against the editor minutes they cost."""
    frontier = marks.mark_frontier(analysis)
    if frontier.empty:
        return _note("What editing is predicted to bring", "No edit is predicted to bring anything.")
    head = summarize(analysis)
    figure = _figure(
        f"{amount(head.planned_minutes)} minutes of editing, predicted to cover {amount(head.planned_gain)} more queries asked",
        f"Edits from the top of the list down, {predicted_under(analysis.about)}. Band: 90% interval.",
        height=460,
    )
    step = {"x": frontier["cost_minutes"], "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    clear = {"shape": "hv", "width": 0}
    figure.add_trace(go.Scatter(**step, y=frontier["low"], line=clear))
    figure.add_trace(go.Scatter(**step, y=frontier["high"], line=clear, fill="tonexty", fillcolor="rgba(31,131,189,.18)"))
    figure.add_trace(go.Scatter(**step, y=frontier["gain"], line={"shape": "hv", "width": 2, "color": marks.BLUE}))
    colour = np.where(frontier["is_chosen"].astype(bool), marks.BLUE, marks.MUTED)
    marker = {"color": colour, "size": 8}
    figure.add_trace(_points(frontier["cost_minutes"], frontier["gain"], "edits", frontier["hover"], marker))
    figure.update_layout(margin={"b": 60})
    limit = budget(analysis)
    if limit <= 3 * float(frontier["cost_minutes"].max()):
        note = f"budget: {amount(limit)} minutes"
        figure.add_vline(x=limit, line={"dash": "dash", "width": 1.5, "color": marks.ORANGE}, annotation_text=note)
    figure.update_xaxes(title="editor minutes, all edits so far", rangemode="tozero", tickformat=",")
    return figure.update_yaxes(title="predicted gain (queries asked)", rangemode="tozero", tickformat=",")  # type: ignore[no-any-return]


def sites_figure(analysis: Analysis) -> Figure:
    """Return how near the best passage of the own site and of the strongest others comes, for each of the first gaps."""
    frame = marks.mark_sites(analysis)
    if frame.empty:
        return _note("Own site and others, by gap", "There is no gap with a matched passage to draw.")
    ranks = sorted(frame["rank"].unique())
    row_of = {rank: row for row, rank in enumerate(ranks)}
    title = "Own site against the strongest others" if not frame["is_own"].all() else "Own site (no other site was read)"
    figure = _figure(
        f"{title}, for the first {len(ranks)} gaps",
        "Similarity of the best passage to what is asked: further right is nearer. Mean over queries, weighted by demand.",
        height=190 + 36 * len(ranks),
    )
    others = frame.loc[~frame["is_own"], "site"].value_counts().index
    sites = [*frame.loc[frame["is_own"], "site"].unique(), *others]
    styles = {site: marks.SITE_MARKS[n] if n < len(marks.SITE_MARKS) else marks.OTHER_MARK for n, site in enumerate(others)}
    for site in sites:
        some = frame[frame["site"] == site]
        colour, symbol = styles.get(site, (marks.BLUE, "circle"))
        marker = {"color": colour, "symbol": symbol, "size": 13 if site not in styles else 9}
        trace = _points(some["similarity"], some["rank"].map(row_of), markup_lines(site, 40), some["hover"], marker)
        figure.add_trace(trace.update(showlegend=True))
    names = [markup_lines(frame.loc[frame["rank"] == rank, "label"].iloc[0], 44, width=28) for rank in ranks]
    figure.update_xaxes(title="similarity (cosine)", tickformat=".2f")
    return _name_rows(figure, names)


def share_of_voice_figure(analysis: Analysis) -> Figure:
    """Return the citation rate of each site on each engine, with 90% interval and the number of answers."""
    frame = marks.mark_visibility(analysis)
    if frame.empty:
        return _note("Share of answers that cite each site", "The log holds no answers to measure visibility from.")
    names = [markup_lines(site, 44, width=28) for site in frame.sort_values("place")["site"].unique()]
    figure = _figure(
        "Share of answers that cite each site, by engine",
        "Bars: 90% interval, by prompt. Hover: share of voice and position-adjusted word count.",
        height=200 + 44 * len(names),
    )
    engines = sorted(frame["engine"].unique())
    for place, engine in enumerate(engines):
        some = frame[frame["engine"] == engine]
        colour, symbol = (marks.BLUE, "circle") if place == 0 else marks.SITE_MARKS[(place - 1) % len(marks.SITE_MARKS)]
        shift = 0.5 * ((place + 0.5) / len(engines) - 0.5)
        name = f"{markup_lines(engine, 40)} ({int(some['n_answers'].max()):,} answers)"
        marker = {"color": colour, "symbol": symbol, "size": 10}
        trace = _points(some["citation_rate"], some["place"] + shift, name, some["hover"], marker)
        bars = {"array": some["high"] - some["citation_rate"], "arrayminus": some["citation_rate"] - some["low"]}
        trace.error_x = {**bars, "symmetric": False, "thickness": 1.2, "width": 0, "color": colour}
        figure.add_trace(trace.update(showlegend=True))
    figure.update_xaxes(title="citation rate (answers that cite it / answers)", tickformat=".0%", rangemode="tozero")
    return _name_rows(figure, names)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write the figure as a self-contained HTML file. Raises RunError when the file cannot be written."""
    path = Path(path)
    write_file(path, figure.to_html(include_plotlyjs=True, div_id="figure").encode())
    return path


def embed_figure(figure: Figure) -> dict[str, Any]:
    """Return title and subtitle as plain text, and what Plotly.newPlot needs to draw the figure without them."""
    bare = Figure(figure)
    title, subtitle = (
        html.unescape(str(text or "").replace("<br>", " "))
        for text in (bare.layout.title.text, bare.layout.title.subtitle.text)
    )
    bare.update_layout(title={"text": None, "subtitle": {"text": None}}, margin={"t": 30, "l": 16, "r": 12})
    return {"title": title, "subtitle": subtitle, "plot": {**json.loads(bare.to_json()), "config": CONFIG}}


def plotly_script() -> str:
    """Return the source of plotly.js, to be held once by a page."""
    return str(get_plotlyjs())


def _figure(title: str, subtitle: str, height: int) -> Figure:
    lines = markup_lines(subtitle, 400, width=124)
    heading = {"text": markup_lines(title, 200, width=90), "subtitle": {"text": lines, "font": {"size": 12}}}
    margin = {"t": 68 + 16 * (1 + lines.count("<br>"))}
    return Figure(layout={"template": TEMPLATE, "title": heading, "height": height, "margin": margin})


def _note(title: str, text: str) -> Figure:
    """Return a figure that says why there is nothing to see."""
    figure = _figure(title, "", height=220)
    place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    figure.add_annotation(text=text, font={"size": 14}, **place)
    return figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})  # type: ignore[no-any-return]


def _annotate(figure: Figure, labels: list[marks.Label], style: dict[str, Any]) -> None:
    for label in labels:
        place = {"x": label.x, "y": label.y, "xshift": label.x_shift, "yshift": label.y_shift}
        figure.add_annotation(text=markup_lines(label.text), showarrow=False, **place, **style)


def _points(x: Any, y: Any, name: str, hover: Any, marker: dict[str, Any]) -> go.Scatter:
    """Return points with their own hover texts. SVG, not WebGL: WebGL needs eval, which the page's policy forbids."""
    return go.Scatter(x=x, y=y, name=name, mode="markers", marker=marker, hovertext=hover, hoverinfo="text", showlegend=False)


def _name_rows(figure: Figure, names: list[str]) -> Figure:
    """Name the rows of a dot plot, the first on top."""
    rows = {"tickvals": list(range(len(names))), "ticktext": names, "range": [len(names) - 0.4, -0.6]}
    return figure.update_yaxes(**rows, title=None, showgrid=True)  # type: ignore[no-any-return]
