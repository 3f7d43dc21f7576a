"""The figures of visibility.

They show which sites are cited and named, the trend by week, who holds the citations of each gap,
and what a change moved.
"""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import (
    Figure,
    add_panel,
    interval_bars,
    name_rows,
    new_figure,
    note_figure,
    panel_figure,
    points,
    stack,
    start_at_zero,
)
from coverage_kit.report.texts import clean_text, markup_lines
from coverage_kit.report.visibility_figure_data import (
    holder_bars,
    shift,
    verdict_points,
    visibility_points,
    week_points,
)
from coverage_kit.report.wording import NO_CHANGE, describe_measure

# Colour and symbol of each verdict.
_VERDICTS = {
    "up": (figure_data.GREEN, "triangle-up"),
    "down": (figure_data.ORANGE, "triangle-down"),
    NO_CHANGE: (figure_data.MUTED, "circle"),
}
# Rows of the figure of changes; the workbook has all. Assumed.
_MAX_ROWS = 30
# The sentence in a subtitle that explains hollow points.
_HOLLOW = "Hollow points rest on too few questions."
# Plotly counts the distance of ticks on an axis of dates in milliseconds.
_WEEK_MILLISECONDS = 7 * 86_400_000


def share_of_voice_figure(analysis: Analysis, measure: str = "citation_rate") -> Figure:
    """Return one measure of each site on each engine and surface, with 95% interval.

    Points of low n are hollow.

    Args:
        analysis: the run.
        measure: a measure of the visibility table, such as citation_rate, mention_rate or
            share_of_voice.
    """
    wording = describe_measure(measure)
    frame = visibility_points(analysis, measure)
    title = f"{wording.title.capitalize()} of each site, by engine"
    if frame.empty:
        return note_figure(title, f"No figure of it in this run. {wording.needs}")
    sites = frame.sort_values("row")["site"].unique()
    names = [markup_lines(site, 44, width=28) for site in sites]
    hollow = f" {_HOLLOW}" if frame["is_low_n"].any() else ""
    figure = new_figure(
        title,
        f"{wording.formula.capitalize()}, without questions that name your brand. The lines show "
        f"where the share is likely to be.{hollow}",
        height=200 + max(44, 14 + 14 * frame["series"].nunique()) * len(names),
    )
    series = list(frame["series"].unique())
    for number, name in enumerate(series):
        rates = frame[frame["series"] == name]
        legend = f"{name}, {int(rates['n_answers'].max()):,} answers"
        trace = points(
            rates["value"],
            rates["row"] + shift(number, len(series)),
            markup_lines(legend, 60),
            rates["hover"],
            {},
        )
        bars = interval_bars(
            rates["value"],
            rates["low"],
            rates["high"],
            figure_data.series_mark(number)[0],
        )
        figure.add_trace(
            trace.update(
                marker=_series_marker(rates, number),
                error_x=bars,
                showlegend=True,
            )
        )
    start_at_zero(figure, "xaxis", title=wording.title, tickformat=".0%")
    return name_rows(figure, names)


def visibility_over_time_figure(analysis: Analysis, measure: str = "citation_rate") -> Figure:
    """Return one measure of the site by week, with a panel for each engine: line and 95% band.

    Args:
        analysis: the run.
        measure: a measure of the visibility table, such as citation_rate, mention_rate or
            share_of_voice.
    """
    wording = describe_measure(measure)
    frame = week_points(analysis, measure)
    own = clean_text(analysis.about.own_site or "the site")
    title = f"{wording.title.capitalize()} of {own}, week by week"
    if frame.empty:
        return note_figure(
            title,
            "No week of it in this run: log when each answer was asked (asked_at). "
            f"{wording.needs}",
        )
    first_week, last_week = frame["week"].min(), frame["week"].max()
    changed_at = pd.to_datetime(
        analysis.about.setting("before_after", "changed_at"),
        errors="coerce",
    )
    # A comparison with no date (NaT) is false.
    is_within = bool(first_week <= changed_at <= last_week + pd.Timedelta(days=7))
    note = f" Dashed: changes of {changed_at:%-d %B %Y}." if is_within else ""
    hollow = f" {_HOLLOW}" if frame["is_low_n"].any() else ""
    years = " and ".join(map(str, sorted({first_week.year, last_week.year})))
    series = frame["series"].unique()
    figure = panel_figure(
        title,
        f"{wording.formula.capitalize()}, in weeks of {years}. The band is where the share is "
        f"likely to be.{hollow}{note}",
        len(series),
    )
    dash = {"dash": "dash", "width": 1.5, "color": figure_data.ORANGE}
    for number, name in enumerate(series):
        x, y = add_panel(figure, number, name, frame[frame["series"] == name], "week")
        if is_within:
            ends = {"x0": changed_at, "x1": changed_at, "y0": 0, "y1": 1}
            figure.add_shape(type="line", xref=x, yref=f"{y} domain", line=dash, **ends)
    # At most four ticks in a panel, each on a Monday.
    ticks = {
        "tick0": first_week,
        "dtick": _WEEK_MILLISECONDS * -(-frame["week"].nunique() // 4),
        "tickformat": "%-d %b",
    }
    return figure.update_xaxes(type="date", **ticks)  # type: ignore[no-any-return]


def holders_figure(analysis: Analysis) -> Figure:
    """Return whose pages answers link to, for the topics with most links.

    These are the site itself, competitors, third parties and communities.
    """
    frame = holder_bars(analysis)
    title = "Whose pages answers link to, topic by topic"
    if frame.empty:
        return note_figure(
            title,
            "No answer of the log cites a page. Log citations with the answers under [log] files.",
        )
    topics = frame.drop_duplicates("row")
    subtitle = "The topics with most links; their number is in brackets."
    if not topics["is_contested"].all():
        subtitle += " Pale: answers hardly link to companies' sites there."
    figure = new_figure(title, subtitle, height=150 + 36 * len(topics))
    for holder in frame.sort_values("holder_rank")["holder"].unique():
        bars = frame[frame["holder"] == holder]
        name, colour = figure_data.HOLDERS.get(holder, (str(holder), figure_data.SKY))
        marker = {
            "color": colour,
            "line": figure_data.EDGE,
            "opacity": bars["is_contested"].map({True: 0.95, False: 0.4}).tolist(),
        }
        figure.add_trace(stack(bars, "citation_share", markup_lines(name, 40), marker))
    figure.update_layout(barmode="stack", bargap=0.3, legend={"traceorder": "normal"})
    # The axis ends a little beyond 100%, so that full bars do not touch the edge (assumed).
    figure.update_xaxes(title="share of the topic's links", tickformat=".0%", range=[0, 1.02])
    return name_rows(figure, topics["name"].tolist())


def change_figure(analysis: Analysis, measure: str = "citation_rate") -> Figure:
    """Return the effect of a change by engine and group, with 95% interval and noise floor.

    The effect is in percentage points. All changed pages come first, then all unchanged pages, then
    the changed pages by gap. Colour and symbol show the verdict.

    Args:
        analysis: the run.
        measure: citation_rate or mention_rate.
    """
    wording = describe_measure(measure)
    verdicts = verdict_points(analysis, measure)
    frame = verdicts.head(_MAX_ROWS)
    title = f"Did the change move the {wording.title}?"
    if frame.empty:
        cure = (
            "Name the day on which changes were live under [before_after] changed_at, and the "
            "changed pages under [before_after] pages."
        )
        return note_figure(title, f"Nothing is compared. {cure}")
    subtitle = (
        "How far changed pages moved beyond unchanged ones, in percentage points; for unchanged "
        "pages, how far they moved. The lines show where the effect is likely to be. Grey: what "
        "chance alone does."
    )
    if len(verdicts) > len(frame):
        subtitle += f" The first {len(frame)} of {len(verdicts)} rows; the workbook has all."
    figure = new_figure(title, subtitle, height=200 + 40 * len(frame))
    # Where the time before the change cannot be split, there is no noise floor.
    floors = frame[frame["noise_floor"].notna()]
    figure.add_trace(
        go.Bar(
            # The bar reaches from minus to plus the noise floor, so it is twice as long.
            x=2 * floors["noise_floor"],
            y=floors["row"],
            base=-floors["noise_floor"],
            marker={"color": figure_data.FAINT, "line": {"width": 0}},
            width=0.8,
            name="chance",
            hoverinfo="skip",
            orientation="h",
        )
    )
    # The legend lists "up" first and "no clear change" last.
    for verdict in sorted(
        frame["verdict"].unique(),
        key=lambda name: (name == NO_CHANGE, name != "up"),
    ):
        figure.add_trace(_effect_trace(frame[frame["verdict"] == verdict], verdict))
    figure.add_vline(x=0, line={"width": 1, "color": figure_data.MUTED})
    figure.update_xaxes(title="percentage points", tickformat="+.0f")
    return name_rows(figure, frame["name"].tolist())


def _effect_trace(effects: pd.DataFrame, verdict: str) -> go.Scatter:
    colour, symbol = _VERDICTS.get(verdict, figure_data.OTHER_MARK)
    marker = {"color": colour, "symbol": symbol, "size": 11}
    trace = points(
        effects["effect"],
        effects["row"],
        markup_lines(verdict, 40),
        effects["hover"],
        marker,
    )
    return trace.update(
        error_x=interval_bars(effects["effect"], effects["low"], effects["high"], colour),
        showlegend=True,
    )


def _series_marker(rates: pd.DataFrame, number: int) -> dict[str, Any]:
    """Return the marker of a series: hollow where n is low."""
    colour, symbol = figure_data.series_mark(number)
    symbols = [f"{symbol}-open" if is_low else symbol for is_low in rates["is_low_n"]]
    return {
        "color": colour,
        "symbol": symbols,
        "size": 10,
        "line": {"width": [2 if is_low else 0 for is_low in rates["is_low_n"]]},
    }
