"""The charts of the workbook's summary, from the same joined tables as the page and its figures.

This module does not know XlsxWriter.
"""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import chosen_edits
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.visibility_joined import describe_visibility
from coverage_kit.report.wording import describe_measure
from coverage_kit.report.workbook.sheet import Chart
from coverage_kit.vocabulary import TO_CLOSE

# The columns with the lengths of error bars.
BARS = ("interval, below", "interval, above")
# How many gaps the chart shows: what is readable in it (assumed).
_MAX_GAPS = 10
# The measure that the charts of engines and weeks show, as a heading of their cells.
_RATE = describe_measure("citation_rate").title
# What the chart of gaps shows, as a heading of its cells.
_UNANSWERED = "share unanswered"
# The chart of edits ends shortly after the plan. Assumed.
_PLAN_SHARE = 1.5


def list_charts(analysis: Analysis) -> list[Chart]:
    """Return the charts that have something to show.

    They show the first gaps by severity, the citation rate by engine and week by week, the trend of
    coverage, and what the ranked edits cost and bring.
    """
    charts = [
        _chart_gaps(analysis),
        _chart_engines(analysis),
        _chart_weeks(analysis),
        _chart_runs(analysis),
        _chart_plan(analysis),
    ]
    return [chart for chart in charts if len(chart.rows)]


def _chart_gaps(analysis: Analysis) -> Chart:
    gaps = list_gaps(analysis)
    gaps = gaps[gaps["listing"] == TO_CLOSE].head(_MAX_GAPS)
    rows = gaps[["label", "severity", "low", "high"]].rename(
        columns={"label": "gap", "severity": _UNANSWERED}
    )
    rows = rows.reset_index(drop=True)
    title = f"The first {len(rows)} gaps: share unanswered"
    return Chart(
        title,
        "bar",
        _with_bars(rows, _UNANSWERED),
        "percent",
        f"{_UNANSWERED} (lines: 90% interval)",
        "",
        {_UNANSWERED: BARS},
    )


def _chart_engines(analysis: Analysis) -> Chart:
    table = _own_rates(analysis, "all")
    rows = table[["series", "value", "low", "high"]].rename(
        columns={"series": "engine", "value": _RATE}
    )
    title = "Answers that cite your site, by engine"
    return Chart(
        title,
        "column",
        _with_bars(rows, _RATE),
        "percent",
        "engine (lines: 95% interval)",
        _RATE,
        {_RATE: BARS},
    )


def _chart_weeks(analysis: Analysis) -> Chart:
    table = _own_rates(analysis, "week")
    rows = table.pivot_table(index="segment", columns="series", values="value").rename_axis(
        index="week of", columns=None
    )
    # A line needs two points.
    rows = rows if len(rows) > 1 else rows.head(0)
    return Chart(
        "Answers that cite your site, week by week",
        "line",
        rows.reset_index(),
        "percent",
        "week of",
        _RATE,
    )


def _chart_runs(analysis: Analysis) -> Chart:
    table = analysis.history[
        (analysis.history["measure"] == "coverage") & (analysis.history["part"] == "all")
    ].sort_values("run")
    days = [f"{row['run']}: {row['at']:%Y-%m-%d}" for row in table.to_dict("records")]
    rows = table.rename(columns={"value": "share covered"})[
        ["share covered", "low", "high"]
    ].reset_index(drop=True)
    rows.insert(0, "run", pd.Series(days, dtype="str"))
    rows = rows if len(rows) > 1 else rows.head(0)
    rows = _with_bars(rows, "share covered")
    return Chart(
        "Share of what is asked that is covered, run by run",
        "line",
        rows,
        "percent",
        "run",
        "share covered",
        {"share covered": BARS},
    )


def _chart_plan(analysis: Analysis) -> Chart:
    end = _PLAN_SHARE * chosen_edits(analysis)["cost_minutes"].sum()
    table = analysis.frontier.sort_values("rank")
    # Without a plan, all edits are shown.
    table = table[(table["cost_minutes"] <= end) | (end == 0)]
    table = table[["cost_minutes", "gain", "low", "high"]].reset_index(drop=True)
    rows = table.rename(
        columns={
            "cost_minutes": "minutes",
            "gain": "predicted gain",
            "low": "low end",
            "high": "high end",
        }
    )
    if len(rows):
        # The lines start at zero minutes and zero gain.
        rows = pd.concat(
            [pd.DataFrame([dict.fromkeys(rows.columns, 0.0)]), rows],
            ignore_index=True,
        )
    title = "What the first edits gain for their minutes"
    return Chart(
        title,
        "scatter",
        rows,
        "integer",
        "minutes of work (dashes: 90% interval)",
        "questions gained",
    )


def _own_rates(analysis: Analysis, split_by: str) -> pd.DataFrame:
    table = describe_visibility(analysis, (split_by,))
    return table[table["is_own"] & (table["measure"] == "citation_rate")].reset_index(drop=True)


def _with_bars(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows with the lengths of the error bars instead of the interval's ends.

    A length is 0 where the end is missing.
    """
    value, low, high = (rows[column].astype("float64") for column in (name, "low", "high"))
    below, above = BARS
    lengths = {
        below: (value - low).clip(0).fillna(0),
        above: (high - value).clip(0).fillna(0),
    }
    return rows.drop(columns=["low", "high"]).assign(**lengths)
