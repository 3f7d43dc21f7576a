"""The figures of the audit and of wrong claims: which checks go with being cited less, which engines are wrong more often."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.audit_joined import (
    WEIGHTS,
    describe_checks,
    describe_claim_rates,
)
from coverage_kit.report.figure_data import hover_text
from coverage_kit.report.figures.base import (
    Figure,
    interval_bars,
    name_rows,
    new_figure,
    note_figure,
    points,
    start_at_zero,
)
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.visibility_figure_data import shift
from coverage_kit.report.wording import in_points, interval, percent

_COLOURS = dict(
    zip(
        WEIGHTS,
        (figure_data.BLUE, figure_data.SKY, figure_data.MUTED),
        strict=True,
    )
)
_HALVES = {
    "first": (figure_data.MUTED, "circle-open"),
    "second": (figure_data.ORANGE, "circle"),
}


def checks_figure(analysis: Analysis) -> Figure:
    """Return for each check how much less, or more, the pages that fail it are cited, with 95% interval, coverage held equal.

    Colour tells how strong a cause research holds the check for.
    """
    frame = describe_checks(analysis)
    frame = frame[frame["difference"].notna()].reset_index(drop=True)
    title = "Are pages that fail a check cited less?"
    if frame.empty:
        return note_figure(
            title,
            "No check has enough pages that pass and that fail, with answers near them, to tell.",
        )
    told = "Citation rate near pages that fail, less that near pages that pass, at equal coverage. Bars: 95% interval. "
    figure = new_figure(
        title,
        f"{told}Left of 0: cited less. An association is no cause.",
        height=190 + 34 * len(frame),
    )
    hover = [
        hover_text(
            row["title"],
            f"{row['n_failed']} of {row['n_pages']} pages fail",
            f"{percent(row['cited_failed'])} cited where it fails, {percent(row['cited_passed'])} where it passes",
            f"difference {in_points(row['difference'])} ({in_points(row['low'])} to {in_points(row['high'])})",
            markup_lines(row["reading"], 200),
        )
        for row in frame.to_dict("records")
    ]
    frame = frame.assign(place=range(len(frame)), hover=hover)
    for weight in (one for one in WEIGHTS if (frame["weight"] == one).any()):
        some = frame[frame["weight"] == weight]
        marker = {"color": _COLOURS[weight], "size": 10}
        trace = points(
            100 * some["difference"],
            some["place"],
            f"{weight} cause, by research",
            some["hover"],
            marker,
        )
        bars = interval_bars(
            100 * some["difference"],
            100 * some["low"],
            100 * some["high"],
            _COLOURS[weight],
        )
        figure.add_trace(trace.update(error_x=bars, showlegend=True))
    figure.add_vline(x=0, line={"width": 1, "color": figure_data.MUTED})
    figure.update_xaxes(title="difference (percentage points)", tickformat="+.0f")
    return name_rows(figure, [markup_lines(name, 60, width=44) for name in frame["title"]])


def claims_figure(analysis: Analysis) -> Figure:
    """Return the shares of each engine's claims about the brand that are contradicted and unsupported, earlier and later."""
    frame = describe_claim_rates(analysis)
    frame = frame[(frame["split_by"] == "half") & frame["value"].notna()].reset_index(drop=True)
    title = "What engines claim of the brand that the site contradicts or does not say"
    if frame.empty:
        return note_figure(
            title,
            "No answer with a time says anything of the brand that can be held against its pages.",
        )
    rows = frame.drop_duplicates(["series", "verdict"]).reset_index(drop=True)
    places = {
        (row["series"], row["verdict"]): place for place, row in enumerate(rows.to_dict("records"))
    }
    told = "Of its claims about the brand on which there is a verdict, in the first and the second half of the log's time."
    figure = new_figure(
        title,
        f"{told} Bars: 95% interval, by prompt.",
        height=190 + 48 * len(rows),
    )
    for number, half in enumerate(one for one in _HALVES if (frame["segment"] == one).any()):
        some = frame[frame["segment"] == half]
        colour, symbol = _HALVES[half]
        place = pd.Series(
            [
                places[key] + shift(number, 2)
                for key in zip(some["series"], some["verdict"], strict=True)
            ],
            some.index,
        )
        marker = {"color": colour, "symbol": symbol, "size": 10}
        trace = points(
            some["value"],
            place,
            f"{half} half",
            [_hover_rate(row) for row in some.to_dict("records")],
            marker,
        )
        bars = interval_bars(some["value"], some["low"], some["high"], colour)
        figure.add_trace(trace.update(error_x=bars, showlegend=True))
    start_at_zero(figure, "xaxis", title="share of claims", tickformat=".0%")
    names = [
        f"{markup_lines(row['series'], 40)}<br>{markup_lines(row['verdict'], 40)}"
        for row in rows.to_dict("records")
    ]
    return name_rows(figure, names)


def _hover_rate(row: dict[Any, Any]) -> str:
    return hover_text(
        f"{row['series']}: {row['verdict']}",
        f"{percent(row['value'])} of {row['n_claims']} claims, {interval(row['low'], row['high'])}",
        f"{row['n_prompts']} prompts",
        markup_lines(row["reading"], 120),
    )
