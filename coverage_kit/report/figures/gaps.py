"""The figures of gaps and edits: map, severity and demand, frontier, own site beside others."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from coverage_kit.analysis import Analysis
from coverage_kit.headline import budget, summarize
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import (
    Figure,
    annotate,
    name_rows,
    new_figure,
    note_figure,
    points,
    start_at_zero,
)
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.wording import CAUSES, amount, describe_cause


def map_figure(analysis: Analysis) -> Figure:
    """Return the map: queries coloured by coverage and sized by demand, passages small behind them, the first gaps named."""
    queries = figure_data.mark_queries(analysis)
    passages = figure_data.mark_passages(analysis)
    if queries.empty:
        return note_figure("Map of the queries", "There is no query to draw.")
    figure = new_figure(
        f"{_counted(queries, analysis.queries, 'queries')} and {_counted(passages, analysis.passages, 'passages')}: "
        "where coverage is low",
        "A UMAP picture: near is roughly alike, axes mean nothing. Size: demand. Named: the first gaps.",
        height=660,
    )
    for kind, symbol in (
        ("own passage", "diamond"),
        ("other passage", "x-thin-open"),
    ):
        some = passages[passages["kind"] == kind]
        marker = {
            "symbol": symbol,
            "size": 5,
            "color": figure_data.MUTED,
            "opacity": 0.45,
            "line": {"width": 1, "color": figure_data.MUTED},
        }
        figure.add_trace(points(some["x"], some["y"], f"{kind}s", some["hover"], marker))
    asked = points(
        queries["x"],
        queries["y"],
        "queries",
        queries["hover"],
        _coverage_marker(queries),
    )
    figure.add_trace(
        asked.update(customdata=queries["gap_rank"].fillna(0).astype("int64"))
    )  # the page links points and gaps by it
    figure.update_traces(showlegend=True)
    chip = {
        "font": {"size": 11, "color": "#ffffff"},
        "bgcolor": "rgba(32,38,46,.78)",
        "borderpad": 2,
        "captureevents": True,
    }
    annotate(figure, figure_data.label_map(analysis, queries), chip)
    axis = {
        "showgrid": False,
        "showticklabels": False,
        "zeroline": False,
        "title": None,
    }
    # fixed ranges: names that stand aside would otherwise widen the axes and crowd the points
    x_range, y_range = (figure_data.span_of([*queries[name], *passages[name]]) for name in "xy")
    return figure.update_layout(xaxis={**axis, "range": x_range}, yaxis={**axis, "range": y_range})  # type: ignore[no-any-return]


def _counted(drawn: Any, whole: Any, name: str) -> str:
    """Return how many there are, and how many of them are drawn where not all are."""
    return (
        f"{len(whole):,} {name}"
        if len(drawn) == len(whole)
        else f"{len(drawn):,} of {len(whole):,} {name}"
    )


def _coverage_marker(queries: Any) -> dict[str, Any]:
    return {
        "size": queries["size"],
        "color": queries["coverage"],
        "colorscale": figure_data.COVERAGE_SCALE,
        "cmin": 0,
        "cmax": 1,
        "opacity": 0.9,
        "line": {"width": 0.6, "color": "rgba(60,66,74,.7)"},
        "colorbar": {
            "title": {"text": "coverage", "font": {"size": 13}},
            "tickformat": ".0%",
            "thickness": 10,
            "len": 0.34,
            **{
                "orientation": "h",
                "x": 1,
                "xanchor": "right",
                "y": -0.02,
                "yanchor": "top",
            },
            "outlinewidth": 0,
        },
    }


def gaps_figure(analysis: Analysis) -> Figure:
    """Return severity with its 90% interval against demand, by cause; those with most to win named, others muted."""
    gaps = figure_data.mark_gaps(analysis)
    if gaps.empty:
        return note_figure(
            "Gaps by severity and demand",
            "There is no cluster of queries to draw.",
        )
    figure = new_figure(
        f"Severity and demand of {len(gaps):,} clusters of queries",
        "Up: less of what is asked is answered. Right: asked more often. Bars: 90% interval. "
        f"Named: of those that an edit can close, the {figure_data.NAMED_GAPS} with most demand x severity.",
        height=560,
    )
    known = [*CAUSES, *sorted(set(gaps["cause"]) - set(CAUSES))]
    for cause in known:
        some = gaps[gaps["cause"] == cause]
        if len(some):
            figure.add_trace(_gap_trace(some, cause))
    annotate(
        figure,
        figure_data.label_gaps(gaps),
        {"font": {"size": 12}, "bgcolor": figure_data.VEIL, "borderpad": 1},
    )
    ticks = [float(f"{digit}e{power}") for power in range(-1, 10) for digit in (1, 2, 5)]
    figure.update_xaxes(
        title="demand (times asked, log scale)",
        type="log",
        tickvals=ticks,
        ticktext=list(map(amount, ticks)),
    )
    return figure.update_yaxes(
        title="severity (share not covered)",
        tickformat=".0%",
        range=[-0.04, 1.06],
    )  # type: ignore[no-any-return]


def _gap_trace(some: Any, cause: str) -> go.Scatter:
    colour, symbol = figure_data.CAUSE_MARKS.get(cause, figure_data.OTHER_MARK)
    marker = {
        "color": colour,
        "symbol": symbol,
        "size": 11,
        "line": {"width": 2 if symbol.endswith("open") else 0},
    }
    trace = points(
        some["demand"],
        some["severity"],
        describe_cause(cause).title,
        some["hover"],
        marker,
    )
    bars = {
        "array": some["high"] - some["severity"],
        "arrayminus": some["severity"] - some["low"],
        "symmetric": False,
    }
    trace.error_y = {**bars, "thickness": 1, "width": 0, "color": colour}
    is_quiet = colour == figure_data.MUTED or cause == "covered"
    return trace.update(opacity=0.4 if is_quiet else 0.95, showlegend=True)


def frontier_figure(analysis: Analysis) -> Figure:
    """Return the predicted gain of the ranked edits, taken from the top, against the editor minutes they cost."""
    frontier = figure_data.mark_frontier(analysis)
    if frontier.empty:
        return note_figure(
            "What editing is predicted to bring",
            "No edit is predicted to bring anything.",
        )
    head = summarize(analysis)
    figure = new_figure(
        f"{amount(head.planned_minutes)} minutes of editing, predicted to cover {amount(head.planned_gain)} more queries asked",
        f"Edits from the top of the list down, {predicted_under(analysis.about)}. Band: 90% interval.",
        height=460,
    )
    step = {
        "x": frontier["cost_minutes"],
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }
    clear = {"shape": "hv", "width": 0}
    figure.add_trace(go.Scatter(**step, y=frontier["low"], line=clear))
    figure.add_trace(
        go.Scatter(
            **step,
            y=frontier["high"],
            line=clear,
            fill="tonexty",
            fillcolor="rgba(31,131,189,.18)",
        )
    )
    figure.add_trace(
        go.Scatter(
            **step,
            y=frontier["gain"],
            line={"shape": "hv", "width": 2, "color": figure_data.BLUE},
        )
    )
    colour = np.where(frontier["is_chosen"].astype(bool), figure_data.BLUE, figure_data.MUTED)
    marker = {"color": colour, "size": 8}
    figure.add_trace(
        points(
            frontier["cost_minutes"],
            frontier["gain"],
            "edits",
            frontier["hover"],
            marker,
        )
    )
    figure.update_layout(margin={"b": 60})
    limit = budget(analysis)
    if limit <= 3 * float(frontier["cost_minutes"].max()):
        note = f"budget: {amount(limit)} minutes"
        figure.add_vline(
            x=limit,
            line={"dash": "dash", "width": 1.5, "color": figure_data.ORANGE},
            annotation_text=note,
        )
    start_at_zero(
        figure,
        "xaxis",
        title="editor minutes, all edits so far",
        tickformat=",",
    )
    return start_at_zero(figure, "yaxis", title="predicted gain (queries asked)", tickformat=",")


def sites_figure(analysis: Analysis) -> Figure:
    """Return how near the best passage of the own site and of the strongest others comes, for each of the first gaps."""
    frame = figure_data.mark_sites(analysis)
    if frame.empty:
        return note_figure(
            "Own site and others, by gap",
            "There is no gap with a matched passage to draw.",
        )
    ranks = sorted(frame["rank"].unique())
    row_of = {rank: row for row, rank in enumerate(ranks)}
    title = (
        "Own site against the strongest others"
        if not frame["is_own"].all()
        else "Own site (no other site was read)"
    )
    figure = new_figure(
        f"{title}, for the first {len(ranks)} gaps",
        "Similarity of the best passage to what is asked: further right is nearer. Mean over queries, weighted by demand.",
        height=190 + 36 * len(ranks),
    )
    others = frame.loc[~frame["is_own"], "site"].value_counts().index
    sites = [*frame.loc[frame["is_own"], "site"].unique(), *others]
    styles = {
        site: figure_data.SITE_MARKS[n]
        if n < len(figure_data.SITE_MARKS)
        else figure_data.OTHER_MARK
        for n, site in enumerate(others)
    }
    for site in sites:
        some = frame[frame["site"] == site]
        colour, symbol = styles.get(site, (figure_data.BLUE, "circle"))
        marker = {
            "color": colour,
            "symbol": symbol,
            "size": 13 if site not in styles else 9,
        }
        trace = points(
            some["similarity"],
            some["rank"].map(row_of),
            markup_lines(site, 40),
            some["hover"],
            marker,
        )
        figure.add_trace(trace.update(showlegend=True))
    names = [
        markup_lines(frame.loc[frame["rank"] == rank, "label"].iloc[0], 44, width=28)
        for rank in ranks
    ]
    figure.update_xaxes(title="similarity (cosine)", tickformat=".2f")
    return name_rows(figure, names)
