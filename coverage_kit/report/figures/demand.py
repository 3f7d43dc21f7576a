"""The figures of visitors and demand.

They show which assistants send visits to which pages, and what goes with AI visibility.
"""

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.figures.base import (
    Figure,
    interval_bars,
    name_rows,
    new_figure,
    note_figure,
    points,
    stack,
)
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.visibility_figure_data import (
    association_points,
    referral_bars,
    shift,
)


def referrals_figure(analysis: Analysis) -> Figure:
    """Return the visits that AI assistants send to the most visited landing pages."""
    frame = referral_bars(analysis)
    title = "Visits from AI assistants, by landing page"
    if frame.empty:
        cure = (
            "Name an export of web analytics with source, landing page and visits under "
            "[analytics] sessions."
        )
        return note_figure(title, f"No visit from an AI assistant is known. {cure}")
    pages = frame.sort_values("row")["page"].unique()
    names = [markup_lines(page, 60, width=34) for page in pages]
    subtitle = (
        f"The {len(names)} pages with most such visits. Visits without a source, as from many "
        "apps, cannot be detected."
    )
    figure = new_figure(title, subtitle, height=190 + 30 * len(names))
    assistants = (
        frame.groupby("assistant")["n_sessions"]
        .sum()
        .sort_values(ascending=False, kind="stable")
        .index
    )
    # More assistants than colours share a grey.
    for number, assistant in enumerate(assistants):
        colour = (
            figure_data.SERIES_MARKS[number][0]
            if number < len(figure_data.SERIES_MARKS)
            else figure_data.MUTED
        )
        bars = frame[frame["assistant"] == assistant]
        name = markup_lines(assistant, 40)
        figure.add_trace(
            stack(bars, "n_sessions", name, {"color": colour, "line": figure_data.EDGE})
        )
    figure.update_layout(barmode="stack", bargap=0.3, legend={"traceorder": "normal"})
    figure.update_xaxes(title="visits", tickformat=",", rangemode="tozero")
    return name_rows(figure, names)


def associations_figure(analysis: Analysis) -> Figure:
    """Return how AI visibility in a week goes with demand some weeks later.

    It is a rank correlation by lag, with 95% interval.
    """
    frame = association_points(analysis)
    title = "AI visibility and the demand of later weeks: an association, no cause"
    if frame.empty:
        readings = analysis.associations["reading"]
        reading = f"{readings.iloc[0]}. " if len(readings) else ""
        cure = (
            "Name exports of ten weeks or more, with days, under [analytics] sessions and "
            "search_console."
        )
        return note_figure(title, f"No correlation can be measured. {reading}{cure}")
    subtitle = (
        "How far weekly changes of both go together, from -1 to 1, by the weeks between them. "
        "Filled: clear beyond chance. Whatever moves both looks just like this."
    )
    figure = new_figure(title, subtitle, height=460)
    pairs = list(frame["pair"].unique())
    for number, pair in enumerate(pairs):
        lags = frame[frame["pair"] == pair]
        colour, symbol = figure_data.series_mark(number)
        marker = {
            "color": colour,
            "size": 9,
            "symbol": [symbol if is_clear else f"{symbol}-open" for is_clear in lags["is_clear"]],
        }
        trace = points(
            lags["lag_weeks"] + shift(number, len(pairs)),
            lags["correlation"],
            markup_lines(pair, 100, width=50),
            lags["hover"],
            marker,
        )
        bars = interval_bars(lags["correlation"], lags["low"], lags["high"], colour)
        figure.add_trace(trace.update(error_y=bars, showlegend=True))
    figure.add_hline(y=0, line={"width": 1, "color": figure_data.MUTED})
    figure.update_xaxes(title="weeks from the signal to the demand", dtick=1, zeroline=False)
    figure.update_yaxes(title="how far they go together", range=[-1.05, 1.05])
    return figure
