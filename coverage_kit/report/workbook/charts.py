"""The charts of the workbook's summary: what each shows, from the same views as page and figures. Knows no writer."""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import (
    describe_gaps,
    name_gap,
    typical_questions,
)
from coverage_kit.report.texts import shorten
from coverage_kit.report.visibility_joined import describe_visibility
from coverage_kit.report.wording import describe_measure
from coverage_kit.report.workbook.sheet import Chart

BARS = ("interval, below", "interval, above")
_GAPS = 10
_LABEL = 44
_RATE = describe_measure("citation_rate").title


def list_charts(analysis: Analysis) -> list[Chart]:
    """Return the charts that have something to show.

    They are the first gaps by severity, the citation rate by engine and week by week, the trend of
    coverage, minutes and gain.
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
    gaps = describe_gaps(analysis).head(_GAPS)
    asked = typical_questions(analysis)
    names = [
        name_gap(row["label"], asked.get(row["cluster_id"]))[0] for row in gaps.to_dict("records")
    ]
    rows = gaps[["severity", "low", "high"]].reset_index(drop=True)
    rows.insert(
        0,
        "gap",
        pd.Series([shorten(name, _LABEL) for name in names], dtype="str"),
    )
    title = f"The first {len(rows)} gaps by severity (90% interval)"
    return Chart(
        title,
        "bar",
        _with_bars(rows, "severity"),
        "percent",
        "severity",
        "",
        {"severity": BARS},
    )


def _chart_engines(analysis: Analysis) -> Chart:
    table = _own_rates(analysis, "all")
    rows = table[["series", "value", "low", "high"]].rename(
        columns={"series": "engine (surface)", "value": _RATE}
    )
    title = "Answers that cite the site, by engine (95% interval)"
    return Chart(
        title,
        "column",
        _with_bars(rows, _RATE),
        "percent",
        "engine (surface)",
        _RATE,
        {_RATE: BARS},
    )


def _chart_weeks(analysis: Analysis) -> Chart:
    table = _own_rates(analysis, "week")
    rows = table.pivot_table(index="segment", columns="series", values="value").rename_axis(
        index="week of", columns=None
    )
    rows = rows if len(rows) > 1 else rows.head(0)
    return Chart(
        "Answers that cite the site, week by week",
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
    name = "Share of demand covered, run by run"
    return Chart(
        name,
        "line",
        rows,
        "percent",
        "run",
        "share covered",
        {"share covered": BARS},
    )


def _chart_plan(analysis: Analysis) -> Chart:
    table = analysis.frontier.sort_values("rank")[
        ["cost_minutes", "gain", "low", "high"]
    ].reset_index(drop=True)
    rows = table.rename(
        columns={
            "cost_minutes": "minutes",
            "gain": "predicted gain",
            "low": "low end",
            "high": "high end",
        }
    )
    if len(rows):
        rows = pd.concat(
            [pd.DataFrame([dict.fromkeys(rows.columns, 0.0)]), rows],
            ignore_index=True,
        )
    title = "What the ranked edits bring for their minutes (90% interval)"
    return Chart(title, "scatter", rows, "number", "editor minutes", "queries asked")


def _own_rates(analysis: Analysis, by: str) -> pd.DataFrame:
    table = describe_visibility(analysis, (by,))
    return table[table["is_own"] & (table["measure"] == "citation_rate")].reset_index(drop=True)


def _with_bars(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows with the lengths of the interval's arms instead of its ends; 0 where an end is not known."""
    value, low, high = (rows[column].astype("float64") for column in (name, "low", "high"))
    lengths = dict(
        zip(
            BARS,
            ((value - low).clip(0).fillna(0), (high - value).clip(0).fillna(0)),
            strict=True,
        )
    )
    return rows.drop(columns=["low", "high"]).assign(**lengths)
