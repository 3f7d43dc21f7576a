"""The figure of the runs so far: coverage and the site's citation rate, run by run."""

from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.engine_names import display_series
from coverage_kit.report.figure_data import hover_text
from coverage_kit.report.figures.base import (
    Figure,
    add_line,
    new_figure,
    note_figure,
    start_at_zero,
)
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.trust import describe_same
from coverage_kit.report.wording import count, percent

# Runs with a label on the axis. Assumed: more labels overlap.
_MAX_TICKS = 8


def history_figure(analysis: Analysis) -> Figure:
    """Return coverage and the citation rate of each engine and surface by run, with intervals."""
    frame = analysis.history[
        analysis.history["measure"].isin(["coverage", "citation_rate"])
        & analysis.history["value"].notna()
    ]
    title = "Coverage and citation rate, run by run"
    if frame["run"].nunique() < 2:
        agreement = describe_same(analysis.about)
        note = (
            f"{agreement}: the trend begins with one that finds something else."
            if agreement
            else "There is one run so far: the trend begins with the second."
        )
        return note_figure(title, note)
    subtitle = (
        "Coverage: 90% interval at the ends of the queries' own. Citation rate: 95% interval, by "
        "prompt."
    )
    figure = new_figure(title, subtitle, height=420)
    # the series "all" is coverage; the others are engines, by name
    series = sorted(frame["part"].unique(), key=lambda name: (name != "all", name))
    for number, series_name in enumerate(series):
        rows = frame[frame["part"] == series_name].sort_values("run")
        legend = (
            "coverage"
            if series_name == "all"
            else f"cited by {display_series(series_name, analysis.answers)}"
        )
        rows = rows.assign(hover=[_hover(row, legend) for row in rows.to_dict("records")])
        colour, symbol = figure_data.series_mark(number)
        add_line(
            figure,
            rows,
            "run",
            markup_lines(legend, 60),
            {"color": colour, "symbol": symbol, "size": 9},
        )
    runs = frame.drop_duplicates("run").sort_values("run")
    runs = runs.iloc[:: -(-len(runs) // _MAX_TICKS)]
    ticks = [f"run {row['run']}<br>{row['at']:%Y-%m-%d}" for row in runs.to_dict("records")]
    ends = [float(frame["run"].min()) - 0.3, float(frame["run"].max()) + 0.3]
    figure.update_xaxes(tickvals=runs["run"].tolist(), ticktext=ticks, range=ends)
    return start_at_zero(figure, "yaxis", tickformat=".0%")


def _hover(row: dict[Any, Any], name: str) -> str:
    ends = f"{percent(row['low'])} to {percent(row['high'])}"
    return hover_text(
        f"run {row['run']}, {row['at']:%Y-%m-%d}",
        f"{markup_lines(name, 60)} {percent(row['value'])} ({ends})",
        count(row["n"], "question"),
    )
