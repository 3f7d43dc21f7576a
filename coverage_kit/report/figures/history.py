"""The figure of the runs so far: coverage and the site's citation rate, run by run."""

from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report.engine_names import display_series
from coverage_kit.report.figure_data import hover_text
from coverage_kit.report.figures.base import (
    Figure,
    add_panel,
    note_figure,
    panel_figure,
)
from coverage_kit.report.texts import markup_lines
from coverage_kit.report.trust import describe_same
from coverage_kit.report.wording import count, percent

# Runs with a label on the axis of a panel. Assumed: more labels overlap.
_MAX_TICKS = 4


def history_figure(analysis: Analysis) -> Figure:
    """Return coverage and the citation rate of each engine by run, each in a panel of its own."""
    frame = analysis.history[
        analysis.history["measure"].isin(["coverage", "citation_rate"])
        & analysis.history["value"].notna()
    ]
    title = "Answered and cited, run by run"
    if frame["run"].nunique() < 2:
        agreement = describe_same(analysis.about)
        note = (
            f"{agreement}: the trend begins with one that finds something else."
            if agreement
            else "There is one run so far: the trend begins with the second."
        )
        return note_figure(title, note)
    # the series "all" is coverage; the others are engines, by name
    series = sorted(frame["part"].unique(), key=lambda name: (name != "all", name))
    subtitle = "The band is where the share is likely to be."
    figure = panel_figure(title, subtitle, len(series))
    engines = display_series(series)
    for number, series_name in enumerate(series):
        rows = frame[frame["part"] == series_name].sort_values("run")
        is_all = series_name == "all"
        name = "Answered by your site" if is_all else f"Cited by {engines[series_name]}"
        rows = rows.assign(hover=[_hover(row, name) for row in rows.to_dict("records")])
        add_panel(figure, number, name, rows, "run")
    runs = frame.drop_duplicates("run").sort_values("run")
    runs = runs.iloc[:: -(-len(runs) // _MAX_TICKS)]
    ticks = [f"run {row['run']}<br>{row['at']:%-d %b}" for row in runs.to_dict("records")]
    ends = [float(frame["run"].min()) - 0.3, float(frame["run"].max()) + 0.3]
    figure.update_xaxes(tickvals=runs["run"].tolist(), ticktext=ticks, range=ends)
    return figure


def _hover(row: dict[Any, Any], name: str) -> str:
    ends = f"{percent(row['low'])} to {percent(row['high'])}"
    return hover_text(
        f"Run {row['run']}, {row['at']:%Y-%m-%d}",
        f"{markup_lines(name, 60)}: {percent(row['value'])} ({ends} is likely).",
        f"It rests on {count(row['n'], 'question')}.",
    )
