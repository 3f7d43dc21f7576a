"""The figures of gaps and edits: map, gaps by size, plan, and who answers instead."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from coverage_kit.analysis import Analysis
from coverage_kit.headline import describe_minutes, summarize
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import (
    Figure,
    annotate,
    name_rows,
    new_figure,
    note_figure,
    points,
    stack,
)
from coverage_kit.report.texts import markup_lines, shorten
from coverage_kit.report.wording import (
    CAUSES,
    amount,
    count,
    describe_cause,
    percent,
)

# Gaps whose bars are in sight; the page's filters bring up others. Assumed.
_MAX_BARS = 15


def map_figure(analysis: Analysis) -> Figure:
    """Return the map of questions and passages, with the themes as regions with their names.

    The colour of a question shows whether it is answered, and its size how often it was asked;
    passages are small and behind them. Names of gaps are in the figure, but not visible: the page
    shows them to whoever looks closer.
    """
    queries = figure_data.query_points(analysis)
    passages = figure_data.passage_points(analysis)
    if queries.empty:
        return note_figure("Map of the questions", "There is no question to draw.")
    n_open = int((queries["answered"] == 0).sum())
    drawn = "" if len(queries) == len(analysis.queries) else "the most asked "
    questions = f"{drawn}{count(len(queries), 'question')}"
    figure = new_figure(
        f"{n_open:,} of {questions} seem to have no answer on your site",
        "Each circle is a question: the larger, the more often it was asked. Questions that are "
        "near each other are alike. "
        + ("The grey regions are themes." if len(analysis.themes) else "Named: the first gaps."),
        height=660,
    )
    grid = figure_data.region_grid(queries)
    for density in figure_data.theme_regions(analysis, queries)["density"]:
        figure.add_trace(_region(*grid, density))
    _add_map_points(figure, queries, passages)
    # A halo keeps a name readable over points; it is in contrast to the colour of the text.
    style = {"captureevents": True, "arrowcolor": "rgba(0,0,0,0)"}
    bold = {"size": 13, "weight": 600, "shadow": "auto"}
    annotate(figure, figure_data.label_map(analysis, queries), {**style, "font": bold})
    closer = {**style, "font": {"size": 12, "shadow": "auto"}, "visible": False}
    if len(analysis.themes):
        annotate(figure, figure_data.label_closer(analysis, queries), closer)
    axis = {
        "showgrid": False,
        "showticklabels": False,
        "ticks": "",
        "zeroline": False,
        "title": None,
    }
    # Fixed ranges: labels beside their points would widen the axes and crowd the points.
    x_range, y_range = (figure_data.span_of([*queries[name], *passages[name]]) for name in "xy")
    return figure.update_layout(  # type: ignore[no-any-return]
        xaxis={**axis, "range": x_range},
        yaxis={**axis, "range": y_range},
        legend={"itemclick": False, "itemdoubleclick": False},
    )


def _region(x: Any, y: Any, density: Any) -> go.Contour:
    """Return the ground of a theme's region, where its density is above 100."""
    return go.Contour(
        x=x,
        y=y,
        # Plotly fills where the constraint does not hold, so the density is turned over.
        z=200 - density,
        contours={"type": "constraint", "operation": ">", "value": 100},
        fillcolor=figure_data.REGION_FILL,
        line={"color": figure_data.REGION_LINE, "width": 1, "smoothing": 1.3},
        hoverinfo="skip",
        showlegend=False,
        showscale=False,
    )


def _add_map_points(figure: Figure, queries: pd.DataFrame, passages: pd.DataFrame) -> None:
    """Draw the passages, and the questions over them."""
    for kind, name, symbol in (
        ("own passage", "passage of your site", "diamond"),
        ("other passage", "passage of another site", "x-thin-open"),
    ):
        drawn = passages[passages["kind"] == kind]
        marker = {
            "symbol": symbol,
            "size": 5,
            "color": figure_data.MUTED,
            "opacity": 0.45,
            "line": {"width": 1, "color": figure_data.MUTED},
        }
        trace = points(drawn["x"], drawn["y"], name, drawn["hover"], marker)
        figure.add_trace(trace.update(showlegend=len(drawn) > 0))
    for name, answered in (("question without an answer", 0.0), ("answered question", 1.0)):
        key = points([None], [None], name, None, _question_marker([answered], 13))
        figure.add_trace(key.update(showlegend=True, legendrank=1))
    marker = _question_marker(queries["answered"], queries["size"])
    # Lists, as the page's script reads them; plotly packs arrays.
    x, y = (queries[name].round(4).tolist() for name in "xy")
    trace = points(x, y, "questions", queries["hover"], marker)
    # The page links a point to its gap by this rank.
    gap_ranks = queries["gap_rank"].fillna(0).astype("int64")
    figure.add_trace(trace.update(customdata=gap_ranks.tolist()))


def _question_marker(answered: Any, size: Any) -> dict[str, Any]:
    """Return the marker of questions by whether they are answered: 0, 1, or 0.5 if unknown."""
    scale = {"color": answered, "cmin": 0, "cmax": 1}
    line = {**scale, "colorscale": figure_data.ANSWERED_LINES, "width": 1.2}
    return {
        **scale,
        "colorscale": figure_data.ANSWERED_FILLS,
        "showscale": False,
        "size": size,
        "opacity": 0.9,
        "line": line,
    }


def gaps_figure(analysis: Analysis) -> Figure:
    """Return how often each gap was asked without an answer, as bars, the largest first.

    The colour shows the cause. The page can filter the rows by the ranks in `customdata`.
    """
    gaps = figure_data.gap_bars(analysis)
    if gaps.empty:
        return note_figure("Gaps, the largest first", "There is no gap to draw.")
    n_to_close = int((~gaps["is_unseen"]).sum())
    n_shown = min(n_to_close or len(gaps), _MAX_BARS)
    shown = f" The first {n_shown} are shown." if n_shown < n_to_close else ""
    figure = new_figure(
        f"{count(n_to_close, 'gap')}, the largest first"
        if n_to_close
        else f"{count(len(gaps), 'topic')} answered, but not seen, the largest first",
        f"How often each was asked: coloured without an answer, grey with one.{shown}",
        height=150 + 28 * n_shown,
    )
    gaps = gaps.rename(columns={"rank": "gap_rank"})
    # Causes in their usual order, then those of other versions.
    causes = [*CAUSES, *sorted(set(gaps["cause"]) - set(CAUSES))]
    for cause in causes:
        bars = gaps[gaps["cause"] == cause]
        if len(bars):
            colour = figure_data.CAUSE_COLOURS.get(cause, figure_data.MUTED)
            trace = stack(bars, "open", describe_cause(cause).title, {"color": colour})
            figure.add_trace(trace.update(showlegend=bool(bars["row"].min() < n_shown)))
    rest = stack(gaps, "rest", "asked and answered", {"color": figure_data.PALE})
    figure.add_trace(
        rest.update(
            hovertext=None,
            hoverinfo="skip",
            text=[amount(demand) for demand in gaps["demand"]],
            textposition="outside",
            cliponaxis=False,
        )
    )
    figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})
    # Room for the figures beside the longest bar.
    end = 1.18 * float(gaps["demand"].max()) or 1.0
    figure.update_xaxes(title="times asked", tickformat=",", range=[0, end])
    names = [markup_lines(name, width=44) for name in gaps["label"]]
    # The rows below those in sight are for filters, so the figure is not dragged.
    figure.update_layout(dragmode=False)
    return name_rows(figure, names, n_shown)


def frontier_figure(analysis: Analysis) -> Figure:
    """Return how much of what is asked your site answers with more and more edits, by hours."""
    frontier = figure_data.frontier_points(analysis)
    if frontier.empty:
        return note_figure("What the edits bring", "No edit is predicted to bring anything.")
    head = summarize(analysis)
    title = (
        f"{describe_minutes(head.planned_minutes)} of edits: from {percent(head.covered)} to "
        f"{percent(head.covered_after)} answered"
        if head.n_planned
        else "What the edits bring"
    )
    figure = new_figure(
        title,
        "Each step is an edit with its number, from the top of the list. Blue: in the plan. The "
        "band is where the result is likely to be.",
        height=420,
    )
    # The number of an edit is above its step.
    step = {"x": frontier["hours"], "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    invisible = {"shape": "hv", "width": 0}
    figure.add_trace(go.Scatter(**step, y=frontier["low"], line=invisible))
    band = {"fill": "tonexty", "fillcolor": "rgba(31,131,189,.16)"}
    figure.add_trace(go.Scatter(**step, y=frontier["high"], line=invisible, **band))
    line = {"shape": "hv", "width": 2, "color": figure_data.BLUE}
    figure.add_trace(go.Scatter(**step, y=frontier["share"], line=line))
    colour = np.where(frontier["is_chosen"].astype(bool), figure_data.BLUE, figure_data.MUTED)
    marker = {"color": colour, "size": 8}
    trace = points(frontier["hours"], frontier["share"], "edits", frontier["hover"], marker)
    figure.add_trace(
        trace.update(
            mode="markers+text",
            text=_step_names(frontier),
            textposition="top center",
            cliponaxis=False,
            customdata=frontier["rank"].astype("int64"),
        )
    )
    limit = head.budget_minutes / 60
    last = float(frontier["hours"].max())
    # A budget far beyond all edits would squeeze them to the left; NaN is not smaller either.
    if limit <= 1.5 * last:
        figure.add_vline(
            x=limit,
            line={"dash": "dash", "width": 1.5, "color": figure_data.ORANGE},
            annotation={
                "text": f"budget: {figure_data.hours(limit)}",
                "yref": "paper",
                "y": 1,
                "yanchor": "bottom",
                "xanchor": "center",
            },
        )
    figure.update_layout(margin={"b": 60})
    figure.update_xaxes(title="hours of an editor, all edits so far", rangemode="tozero")
    return figure.update_yaxes(  # type: ignore[no-any-return]
        title="answered share of what is asked", tickformat=".0%"
    )


def _step_names(frontier: pd.DataFrame) -> list[str]:
    """Return the numbers of the edits, without those that would cover the one before."""
    steps = frontier[["hours", "share"]].to_numpy(np.float64)
    spans = np.maximum(np.ptp(steps, axis=0), 1e-9)
    names = [""]
    last = np.array([-1.0, -1.0])
    for rank, step in zip(frontier["rank"].iloc[1:], steps[1:] / spans, strict=True):
        # Shares of the width and height of the figure that a number takes. Assumed.
        is_free = bool((np.abs(step - last) >= (0.03, 0.06)).any())
        names.append(str(int(rank)) if is_free else "")
        last = step if is_free else last
    return names


def sites_figure(analysis: Analysis) -> Figure:
    """Return which sites answer instead of yours: their shares of the links in your gaps' answers.

    Where the log holds no such link: how much of what the gaps ask other sites are nearer to.
    """
    cited = figure_data.site_bars(analysis)
    bars = cited if len(cited) else figure_data.nearer_bars(analysis)
    title = "Who answers instead of you"
    if bars.empty:
        cure = "Log citations with the answers under [log] files, or name [[competitors]]."
        return note_figure(title, f"No other site is known in your gaps. {cure}")
    if len(cited):
        subtitle = (
            f"The share of the {int(bars['n_all'].iloc[0]):,} links that answers to the questions "
            "of your gaps give to each site."
        )
        axis = "share of the links"
    else:
        subtitle = (
            "How much of what your gaps ask another site's pages are nearer to than yours, by "
            "times asked. The log holds no links of these answers."
        )
        axis = "share of the times asked"
    figure = new_figure(_name_first_site(bars, title), subtitle, height=150 + 28 * len(bars))
    for holder, (name, colour) in figure_data.HOLDERS.items():
        of_holder = bars[bars["holder"] == holder]
        if len(of_holder):
            trace = stack(of_holder, "share", name, {"color": colour})
            figure.add_trace(
                trace.update(
                    text=[
                        f"{percent(share)} ({amount(n)})"
                        for share, n in zip(of_holder["share"], of_holder["n"], strict=True)
                    ],
                    textposition="outside",
                    cliponaxis=False,
                )
            )
    figure.update_layout(bargap=0.35, legend={"traceorder": "normal"})
    # Room for the figures beside the longest bar.
    end = 1.25 * max(float(bars["share"].max()), 0.04)
    figure.update_xaxes(title=axis, tickformat=".0%", range=[0, end], fixedrange=True)
    return name_rows(figure, [markup_lines(site, 60, width=44) for site in bars["site"]])


def _name_first_site(bars: pd.DataFrame, title: str) -> str:
    """Return a title that names the first other site, where it has a share."""
    others = bars[(bars["holder"] != "own") & (bars["n"] > 0)]
    if others.empty:
        return title
    first = others.iloc[0]
    return f"{title}: most often {shorten(first['site'], 60)} ({percent(first['share'])})"
