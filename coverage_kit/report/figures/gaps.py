"""The figures of gaps and edits: map, severity and demand, frontier, and comparison of sites."""

from typing import Any

import numpy as np
import pandas as pd
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
from coverage_kit.report.gap_lists import REST
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.trust import predicted_under
from coverage_kit.report.wording import (
    CAUSES,
    amount,
    count,
    describe_cause,
    describe_listing,
    minutes,
)


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
    figure = new_figure(
        f"{n_open:,} of {drawn}{count(len(queries), 'question')} have no answer on your site",
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
        z=density,
        contours={"type": "constraint", "operation": "<", "value": 100},
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
        figure.add_trace(key.update(showlegend=True))
    marker = _question_marker(queries["answered"], queries["size"])
    trace = points(queries["x"], queries["y"], "questions", queries["hover"], marker)
    # The page links a point to its gap by this rank.
    gap_ranks = queries["gap_rank"].fillna(0).astype("int64")
    figure.add_trace(trace.update(customdata=gap_ranks))


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
    """Return the severity of each gap, with its 90% interval, against demand, by cause.

    The gaps with most to win have names. Topics that are covered, out of reach or dismissed are
    pale, and hidden until a reader asks for them in the legend.
    """
    gaps = figure_data.gap_points(analysis)
    if gaps.empty:
        return note_figure(
            "Gaps by severity and demand",
            "There is no topic to draw.",
        )
    is_rest = gaps["listing"].isin(REST)
    figure = new_figure(
        f"Severity and demand of {count(int((~is_rest).sum()), 'gap')}",
        "Up: less of what is asked is answered. Right: asked more often. Bars: 90% interval. "
        f"Named: of the gaps to close, the {figure_data.MAX_NAMED_GAPS} with most demand x "
        "severity.",
        height=560,
    )
    # Causes in their usual order, then those of other versions.
    causes = [*CAUSES, *sorted(set(gaps["cause"]) - set(CAUSES))]
    for cause in causes:
        gaps_of_cause = gaps[(gaps["cause"] == cause) & ~is_rest]
        if len(gaps_of_cause):
            figure.add_trace(_gap_trace(gaps_of_cause, cause))
    for listing in REST:
        rest = gaps[gaps["listing"] == listing]
        if len(rest):
            title = describe_listing(listing).title
            mark = figure_data.REST_MARKS[listing]
            figure.add_trace(_gap_points(rest, title, mark).update(visible="legendonly"))
    annotate(
        figure,
        figure_data.label_gaps(gaps),
        {"font": {"size": 12}, "bgcolor": figure_data.VEIL, "borderpad": 1},
    )
    # A tick at 1, 2 and 5 of each power of ten.
    # The first tick is 0.1, the least demand that `gap_points` returns.
    ticks = [float(f"{digit}e{power}") for power in range(-1, 10) for digit in (1, 2, 5)]
    figure.update_xaxes(
        title="demand (times asked, log scale)",
        type="log",
        tickvals=ticks,
        ticktext=list(map(amount, ticks)),
    )
    return figure.update_yaxes(  # type: ignore[no-any-return]
        title="severity (share unanswered)",
        tickformat=".0%",
        range=[-0.04, 1.06],
    )


def _gap_trace(gaps: pd.DataFrame, cause: str) -> go.Scatter:
    mark = figure_data.CAUSE_MARKS.get(cause, figure_data.OTHER_MARK)
    return _gap_points(gaps, describe_cause(cause).title, mark)


def _gap_points(gaps: pd.DataFrame, title: str, mark: tuple[str, str]) -> go.Scatter:
    colour, symbol = mark
    marker = {
        "color": colour,
        "symbol": symbol,
        "size": 11,
        "line": {"width": 2 if symbol.endswith("open") else 0},
    }
    trace = points(gaps["demand"], gaps["severity"], title, gaps["hover"], marker)
    bars = {
        "array": gaps["high"] - gaps["severity"],
        "arrayminus": gaps["severity"] - gaps["low"],
        "symmetric": False,
    }
    trace.error_y = {**bars, "thickness": 1, "width": 0, "color": colour}
    is_pale = colour == figure_data.MUTED or mark in figure_data.REST_MARKS.values()
    return trace.update(opacity=0.4 if is_pale else 0.95, showlegend=True)


def frontier_figure(analysis: Analysis) -> Figure:
    """Return the predicted gain of the ranked edits, from the top, against their editor minutes."""
    frontier = figure_data.frontier_points(analysis)
    if frontier.empty:
        return note_figure(
            "What editing is predicted to bring",
            "No edit is predicted to bring anything.",
        )
    head = summarize(analysis)
    figure = new_figure(
        f"{minutes(head.planned_minutes)} minutes of editing, predicted to cover "
        f"{amount(head.planned_gain)} more queries asked",
        f"Edits from the top of the list down, {predicted_under(analysis.about)}. "
        "Band: 90% interval.",
        height=460,
    )
    _add_frontier_lines(figure, frontier)
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
    budget_minutes = budget(analysis)
    # A budget far beyond all edits would squeeze them to the left; NaN is not smaller either.
    if budget_minutes <= 3 * float(frontier["cost_minutes"].max()):
        figure.add_vline(
            x=budget_minutes,
            line={"dash": "dash", "width": 1.5, "color": figure_data.ORANGE},
            annotation_text=f"budget: {minutes(budget_minutes)} minutes",
        )
    start_at_zero(
        figure,
        "xaxis",
        title="editor minutes, all edits so far",
        tickformat=",",
    )
    return start_at_zero(figure, "yaxis", title="predicted gain (queries asked)", tickformat=",")


def _add_frontier_lines(figure: Figure, frontier: pd.DataFrame) -> None:
    """Draw the gain as steps, with the band of its interval."""
    step = {
        "x": frontier["cost_minutes"],
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }
    invisible = {"shape": "hv", "width": 0}
    visible = {"shape": "hv", "width": 2, "color": figure_data.BLUE}
    figure.add_trace(go.Scatter(**step, y=frontier["low"], line=invisible))
    figure.add_trace(
        go.Scatter(
            **step,
            y=frontier["high"],
            line=invisible,
            fill="tonexty",
            fillcolor="rgba(31,131,189,.18)",
        )
    )
    figure.add_trace(go.Scatter(**step, y=frontier["gain"], line=visible))


def sites_figure(analysis: Analysis) -> Figure:
    """Return the similarity of each site's best passage to each of the most urgent gaps.

    The sites are the run's own and its strongest competitors.
    """
    frame = figure_data.site_points(analysis)
    if frame.empty:
        return note_figure(
            "Own site and others, by gap",
            "There is no gap to close with a matched passage.",
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
        "Similarity of the best passage to what is asked: further right is nearer. Mean over "
        "queries, weighted by demand.",
        height=190 + 36 * len(ranks),
    )
    competitors = frame.loc[~frame["is_own"], "site"].value_counts().index
    n_styled = len(figure_data.SITE_MARKS)
    styles = dict(zip(competitors, figure_data.SITE_MARKS, strict=False))
    styles |= dict.fromkeys(competitors[n_styled:], figure_data.OTHER_MARK)
    # Your site has no entry in `styles`: it gets a larger, blue circle.
    for site in [*frame.loc[frame["is_own"], "site"].unique(), *competitors]:
        drawn = frame[frame["site"] == site]
        colour, symbol = styles.get(site, (figure_data.BLUE, "circle"))
        marker = {
            "color": colour,
            "symbol": symbol,
            "size": 13 if site not in styles else 9,
        }
        trace = points(
            drawn["similarity"],
            drawn["rank"].map(row_of),
            markup_lines(site, 40),
            drawn["hover"],
            marker,
        )
        figure.add_trace(trace.update(showlegend=True))
    names = [
        markup_lines(frame.loc[frame["rank"] == rank, "label"].iloc[0], width=32) for rank in ranks
    ]
    figure.update_xaxes(title="similarity (cosine)", tickformat=".2f")
    return name_rows(figure, names)
