"""The figure of access logs: how often assistants fetch your pages, and what for."""

from coverage_kit.analysis import Analysis
from coverage_kit.report import figure_data
from coverage_kit.report.fetch_joined import PURPOSES, list_visits
from coverage_kit.report.figures.base import Figure, name_rows, new_figure, note_figure, stack
from coverage_kit.report.texts import markup_lines

# The colour of each purpose.
_COLOURS = {
    "live": figure_data.BLUE,
    "index": figure_data.SKY,
    "training": figure_data.MUTED,
    "unknown": figure_data.AMBER,
}


def fetches_figure(analysis: Analysis) -> Figure:
    """Return how often each assistant's robots fetched your pages, by purpose; spoofed ones not."""
    visits = list_visits(analysis)
    title = "Fetches of your pages, by assistant"
    if visits.empty:
        return note_figure(
            title, "No access log was read. Name the logs of your web server under [fetches] files."
        )
    counts = visits.groupby(["assistant", "purpose"], as_index=False)["n_fetches"].sum()
    totals = counts.groupby("assistant")["n_fetches"].sum().sort_values(ascending=False)
    rows = {assistant: row for row, assistant in enumerate(totals.index)}
    days = visits["day"].dropna()
    span = f" From {days.min():%-d %B} to {days.max():%-d %B %Y}." if len(days) else ""
    figure = new_figure(
        title,
        f"Requests for pages, without spoofed ones.{span} A fetch for a user who waits is a "
        "question that led to your site.",
        height=200 + 34 * len(rows),
    )
    for purpose, name in PURPOSES.items():
        bars = counts[counts["purpose"] == purpose]
        if bars.empty:
            continue
        bars = bars.assign(
            row=bars["assistant"].map(rows),
            hover=[
                f"{markup_lines(row['assistant'], 40)}, {name}: {row['n_fetches']:,}"
                for row in bars.to_dict("records")
            ],
        )
        marker = {"color": _COLOURS[purpose], "line": figure_data.EDGE}
        figure.add_trace(stack(bars, "n_fetches", name, marker))
    figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})
    figure.update_xaxes(title="fetches", tickformat=",", rangemode="tozero")
    return name_rows(figure, [markup_lines(assistant, 40) for assistant in rows])
