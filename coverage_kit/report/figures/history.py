"""The figure of the runs so far: coverage and the own site's citation rate, run by run."""

from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
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

_MOST_TICKS = 8


def history_figure(analysis: Analysis) -> Figure:
    """Return coverage and the citation rate of each engine and surface by run, each with the band of its interval."""
    frame = analysis.history[
        analysis.history["measure"].isin(["coverage", "citation_rate"])
        & analysis.history["value"].notna()
    ]
    title = "Coverage and citation rate, run by run"
    if frame["run"].nunique() < 2:
        same = describe_same(analysis.about)
        other = f"{same}: the trend begins with one that finds something else."
        return note_figure(
            title,
            other if same else "There is one run so far: the trend begins with the second.",
        )
    told = "Coverage: 90% interval at the ends of the queries' own. Citation rate: 95% interval, by prompt."
    figure = new_figure(title, told, height=420)
    parts = sorted(frame["part"].unique(), key=lambda part: (part != "all", part))
    for number, part in enumerate(parts):
        some = frame[frame["part"] == part].sort_values("run")
        name = "coverage" if part == "all" else f"cited by {part}"
        some = some.assign(hover=[_hover(row, name) for row in some.to_dict("records")])
        colour, symbol = figure_data.series_mark(number)
        add_line(
            figure,
            some,
            "run",
            markup_lines(name, 60),
            {"color": colour, "symbol": symbol, "size": 9},
        )
    runs = frame.drop_duplicates("run").sort_values("run")
    runs = runs.iloc[:: -(-len(runs) // _MOST_TICKS)]
    ticks = [f"run {row['run']}<br>{row['at']:%Y-%m-%d}" for row in runs.to_dict("records")]
    ends = [float(frame["run"].min()) - 0.3, float(frame["run"].max()) + 0.3]
    figure.update_xaxes(tickvals=runs["run"].tolist(), ticktext=ticks, range=ends)
    return start_at_zero(figure, "yaxis", tickformat=".0%")


def _hover(row: dict[Any, Any], name: str) -> str:
    return hover_text(
        f"run {row['run']}, {row['at']:%Y-%m-%d}",
        f"{markup_lines(name, 60)} {percent(row['value'])} ({percent(row['low'])} to {percent(row['high'])})",
        count(row["n"], "question"),
    )
