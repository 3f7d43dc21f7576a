"""The figures of visibility: who is cited and named, week by week, who holds the citations, what a change moved."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import (
    Figure,
    add_line,
    interval_bars,
    name_rows,
    new_figure,
    note_figure,
    points,
    stack,
    start_at_zero,
)
from coverage_kit.report.texts import clean_text, markup_lines
from coverage_kit.report.visibility_figure_data import (
    mark_holders,
    mark_verdicts,
    mark_visibility,
    mark_weeks,
    shift,
)
from coverage_kit.report.wording import NO_CHANGE, describe_measure

_HOLDERS = {
    "own": figure_data.BLUE,
    "competitor": figure_data.ORANGE,
    "third-party": figure_data.MUTED,
    "community": figure_data.AMBER,
}
_VERDICTS = {
    "up": (figure_data.GREEN, "triangle-up"),
    "down": (figure_data.ORANGE, "triangle-down"),
    NO_CHANGE: (figure_data.MUTED, "circle"),
}
_MOST_ROWS = 30
_HOLLOW = "Hollow: low n."


def share_of_voice_figure(analysis: Analysis, measure: str = "citation_rate") -> Figure:
    """Return one measure of each site on each engine and surface, with 95% interval; points of low n are hollow.

    Args:
        analysis: the run.
        measure: a measure of the visibility table, such as citation_rate, mention_rate or
            share_of_voice.
    """
    words = describe_measure(measure)
    frame = mark_visibility(analysis, measure)
    title = f"{words.title.capitalize()} of each site, by engine"
    if frame.empty:
        return note_figure(title, f"No figure of it in this run. {words.needs}")
    names = [
        markup_lines(site, 44, width=28) for site in frame.sort_values("place")["site"].unique()
    ]
    lead = f"{words.formula.capitalize()}; questions that name the brand left out. "
    figure = new_figure(
        title,
        f"{lead}Bars: 95% interval, by prompt. {_HOLLOW}",
        height=200 + 44 * len(names),
    )
    series = list(frame["series"].unique())
    for number, name in enumerate(series):
        some = frame[frame["series"] == name]
        legend = f"{name}, {int(some['n_answers'].max()):,} answers"
        trace = points(
            some["value"],
            some["place"] + shift(number, len(series)),
            markup_lines(legend, 60),
            some["hover"],
            {},
        )
        bars = interval_bars(
            some["value"],
            some["low"],
            some["high"],
            figure_data.series_mark(number)[0],
        )
        figure.add_trace(
            trace.update(
                marker=_series_marker(some, number),
                error_x=bars,
                showlegend=True,
            )
        )
    start_at_zero(figure, "xaxis", title=words.title, tickformat=".0%")
    return name_rows(figure, names)


def visibility_over_time_figure(analysis: Analysis, measure: str = "citation_rate") -> Figure:
    """Return one measure of the own site by week, a line with its band of 95% for each engine and surface.

    Args:
        analysis: the run.
        measure: a measure of the visibility table, such as citation_rate, mention_rate or
            share_of_voice.
    """
    words = describe_measure(measure)
    frame = mark_weeks(analysis, measure)
    own = clean_text(analysis.about.get("own_site", "the site"))
    title = f"{words.title.capitalize()} of {own}, by week"
    if frame.empty:
        return note_figure(
            title,
            f"No week of it in this run: log when each answer was asked (asked_at). {words.needs}",
        )
    live = pd.to_datetime(
        analysis.about.get("settings", {}).get("before_after", {}).get("changed_at"),
        errors="coerce",
    )
    is_within = bool(
        frame["week"].min() <= live <= frame["week"].max() + pd.Timedelta(days=7)
    )  # never where there is none
    line = f" Dashed: changes live on {live:%Y-%m-%d}." if is_within else ""
    figure = new_figure(
        title,
        f"{words.formula.capitalize()}. Bands: 95% interval, by prompt. {_HOLLOW}{line}",
        height=440,
    )
    for number, name in enumerate(frame["series"].unique()):
        some = frame[frame["series"] == name]
        add_line(
            figure,
            some,
            "week",
            markup_lines(name, 60),
            _series_marker(some, number),
        )
    if is_within:
        figure.add_vline(
            x=live,
            line={"dash": "dash", "width": 1.5, "color": figure_data.MUTED},
        )
    step = (
        7 * 86_400_000 * -(-frame["week"].nunique() // 10)
    )  # milliseconds: a tick on every so many Mondays
    years = " to ".join(map(str, sorted({frame["week"].min().year, frame["week"].max().year})))
    ticks = {
        "tick0": frame["week"].min(),
        "dtick": step,
        "tickformat": "%-d %b",
    }
    figure.update_xaxes(title=f"week of, {years}", type="date", **ticks)
    return start_at_zero(figure, "yaxis", title=words.title, tickformat=".0%")


def holders_figure(analysis: Analysis) -> Figure:
    """Return who holds the citations of the gaps with most citations: own site, competitors, third parties, communities."""
    frame = mark_holders(analysis)
    title = "Who holds the citations, by gap"
    if frame.empty:
        return note_figure(
            title,
            "No answer of the log cites a page. Log citations with the answers under [log] files.",
        )
    heads = frame.drop_duplicates("place")
    told = "Of all citations of a gap, the share that goes to each kind of site; the gaps with most citations, most first."
    lost = (
        ""
        if heads["is_contested"].all()
        else " Pale, 'not winnable': companies' sites hardly get cited there."
    )
    figure = new_figure(title, told + lost, height=190 + 40 * len(heads))
    for holder in frame.sort_values("holder_rank")["holder"].unique():
        some = frame[frame["holder"] == holder]
        marker = {
            "color": _HOLDERS.get(holder, figure_data.SKY),
            "opacity": some["is_contested"].map({True: 0.95, False: 0.4}).tolist(),
        }
        figure.add_trace(stack(some, "citation_share", markup_lines(holder, 40), marker))
    figure.update_layout(barmode="stack", bargap=0.3, legend={"traceorder": "normal"})
    figure.update_xaxes(title="share of the gap's citations", tickformat=".0%", range=[0, 1.02])
    return name_rows(figure, heads["name"].tolist())


def change_figure(analysis: Analysis, measure: str = "citation_rate") -> Figure:
    """Return the effect of a change in percentage points by engine and group, with 95% interval and noise floor.

    All changed pages stand first, then all unchanged ones, then the changed pages by gap; colour
    and symbol tell the verdict.

    Args:
        analysis: the run.
        measure: citation_rate or mention_rate.
    """
    words = describe_measure(measure)
    every = mark_verdicts(analysis, measure)
    frame = every.head(_MOST_ROWS)
    title = f"What the change moved: {words.title}, before and after"
    if frame.empty:
        cure = "Name the day on which changes were live under [before_after] changed_at, and the changed pages under [before_after] pages."
        return note_figure(title, f"Nothing is compared. {cure}")
    told = "Effect: the change of the questions of changed pages less that of unchanged ones; for unchanged pages, their own "
    bars = "change. Bars: 95% interval. Grey ground: what 95% of splits of the time before stay within, where nothing changed."
    cut = (
        f" The first {len(frame)} of {len(every)} rows; the workbook has all."
        if len(every) > len(frame)
        else ""
    )
    figure = new_figure(title, told + bars + cut, height=200 + 40 * len(frame))
    floors = frame[frame["noise_floor"].notna()]
    ground = {
        "base": -floors["noise_floor"],
        "marker": {"color": figure_data.FAINT, "line": {"width": 0}},
        "width": 0.8,
    }
    ground |= {"name": "noise floor", "hoverinfo": "skip", "orientation": "h"}
    figure.add_trace(go.Bar(x=2 * floors["noise_floor"], y=floors["place"], **ground))
    for verdict in sorted(
        frame["verdict"].unique(),
        key=lambda name: (name == NO_CHANGE, name != "up"),
    ):
        figure.add_trace(_effect_trace(frame[frame["verdict"] == verdict], verdict))
    figure.add_vline(x=0, line={"width": 1, "color": figure_data.MUTED})
    figure.update_xaxes(title="effect (percentage points)", tickformat="+.0f")
    return name_rows(figure, frame["name"].tolist())


def _effect_trace(some: pd.DataFrame, verdict: str) -> go.Scatter:
    colour, symbol = _VERDICTS.get(verdict, figure_data.OTHER_MARK)
    marker = {"color": colour, "symbol": symbol, "size": 11}
    trace = points(
        some["effect"],
        some["place"],
        markup_lines(verdict, 40),
        some["hover"],
        marker,
    )
    return trace.update(
        error_x=interval_bars(some["effect"], some["low"], some["high"], colour),
        showlegend=True,
    )


def _series_marker(some: pd.DataFrame, number: int) -> dict[str, Any]:
    """Return the marker of a series: hollow where n is low."""
    colour, symbol = figure_data.series_mark(number)
    symbols = [f"{symbol}-open" if is_low else symbol for is_low in some["is_low_n"]]
    return {
        "color": colour,
        "symbol": symbols,
        "size": 10,
        "line": {"width": [2 if is_low else 0 for is_low in some["is_low_n"]]},
    }
