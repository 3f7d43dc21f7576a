"""The figures of the audit and of wrong claims.

They show which checks go with being cited less, and which engines are wrong more often.
"""

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

# The stronger the cause, by research, the stronger the colour.
_COLOURS = dict(
    zip(
        WEIGHTS,
        (figure_data.BLUE, figure_data.SKY, figure_data.MUTED),
        strict=True,
    )
)
# The earlier half of the log is muted and hollow, so that the later one stands out.
_HALVES = {
    "first": (figure_data.MUTED, "circle-open"),
    "second": (figure_data.ORANGE, "circle"),
}


def checks_figure(analysis: Analysis) -> Figure:
    """Return for each check how much less the pages that fail it are cited, at equal coverage.

    With 95% interval. The colour shows how strong a cause the check is, by research.
    """
    frame = describe_checks(analysis)
    frame = frame[frame["difference"].notna()].reset_index(drop=True)
    title = "Are pages that fail a check cited less?"
    if frame.empty:
        return note_figure(
            title,
            "No check has enough pages that pass and that fail, with answers near them, to tell.",
        )
    subtitle = (
        "How much more or less answers link to pages that fail than to pages that pass, at equal "
        "coverage. Left of 0: less. The lines show where the difference is likely to be. An "
        "association is no cause."
    )
    figure = new_figure(title, subtitle, height=190 + 34 * len(frame))
    hover = [_hover_check(row) for row in frame.to_dict("records")]
    frame = frame.assign(row=range(len(frame)), hover=hover)
    for weight in WEIGHTS:
        checks = frame[frame["weight"] == weight]
        if checks.empty:
            continue
        marker = {"color": _COLOURS[weight], "size": 10}
        trace = points(
            100 * checks["difference"],
            checks["row"],
            f"{weight} cause, by research",
            checks["hover"],
            marker,
        )
        bars = interval_bars(
            100 * checks["difference"],
            100 * checks["low"],
            100 * checks["high"],
            _COLOURS[weight],
        )
        figure.add_trace(trace.update(error_x=bars, showlegend=True))
    figure.add_vline(x=0, line={"width": 1, "color": figure_data.MUTED})
    figure.update_xaxes(title="percentage points", tickformat="+.0f")
    return name_rows(figure, [markup_lines(name, 60, width=44) for name in frame["title"]])


def claims_figure(analysis: Analysis) -> Figure:
    """Return the shares of each engine's claims about the brand that are wrong, earlier and later.

    A claim is wrong if the site contradicts or does not support it.
    """
    frame = describe_claim_rates(analysis)
    frame = frame[(frame["split_by"] == "half") & frame["value"].notna()].reset_index(drop=True)
    title = "Claims about your brand that your site contradicts or does not support"
    if frame.empty:
        return note_figure(
            title,
            "No answer with a time claims anything of the brand that its pages could settle.",
        )
    rows = frame.drop_duplicates(["series", "verdict"]).reset_index(drop=True)
    row_of = dict(zip(zip(rows["series"], rows["verdict"], strict=True), rows.index, strict=True))
    subtitle = (
        "Their share of each engine's claims, in the first and the second half of the log's time. "
        "The lines show where the share is likely to be."
    )
    figure = new_figure(title, subtitle, height=190 + 48 * len(rows))
    # A row for each engine and verdict, with a point for each half of the log.
    halves = [half for half in _HALVES if (frame["segment"] == half).any()]
    for number, half in enumerate(halves):
        rates = frame[frame["segment"] == half]
        colour, symbol = _HALVES[half]
        y = [
            row_of[key] + shift(number, 2)
            for key in zip(rates["series"], rates["verdict"], strict=True)
        ]
        marker = {"color": colour, "symbol": symbol, "size": 10}
        trace = points(
            rates["value"],
            pd.Series(y, rates.index),
            f"{half} half",
            [_hover_rate(row) for row in rates.to_dict("records")],
            marker,
        )
        bars = interval_bars(rates["value"], rates["low"], rates["high"], colour)
        figure.add_trace(trace.update(error_x=bars, showlegend=True))
    start_at_zero(figure, "xaxis", title="share of claims", tickformat=".0%")
    names = [
        f"{markup_lines(row['series'], 40)}<br>{markup_lines(row['verdict'], 40)}"
        for row in rows.to_dict("records")
    ]
    return name_rows(figure, names)


def _hover_check(row: dict[Any, Any]) -> str:
    failing = f"{percent(row['cited_failed'])} cited where it fails"
    ends = f"{in_points(row['low'])} to {in_points(row['high'])}"
    return hover_text(
        row["title"],
        f"{row['n_failed']} of {row['n_pages']} pages fail",
        f"{failing}, {percent(row['cited_passed'])} where it passes",
        f"difference {in_points(row['difference'])} ({ends})",
        markup_lines(row["reading"], 200),
    )


def _hover_rate(row: dict[Any, Any]) -> str:
    return hover_text(
        f"{row['series']}: {row['verdict']}",
        f"{percent(row['value'])} of {row['n_claims']} claims, {interval(row['low'], row['high'])}",
        f"{row['n_prompts']} prompts",
        markup_lines(row["reading"], 120),
    )
