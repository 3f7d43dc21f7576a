"""How the site stands and what moved since the last run, as plain values for the page's template."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.llm.costs import sum_costs
from coverage_kit.report.joined import name_gap, typical_questions
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.trust import describe_same
from coverage_kit.report.visibility_joined import describe_visibility, is_alone
from coverage_kit.report.wording import (
    NO_CHANGE,
    amount,
    count,
    describe_measure,
    interval,
    percent,
)

_MOVED = 3
_LEAST_MOVE = 0.005

Story = dict[str, Any]


def tell_own_rate(analysis: Analysis, measure: str) -> list[Story]:
    """Return one measure of the own site by engine and surface, never pooled: series, value, counts, 95% interval, low n.

    Share of voice is left out where no competitor is tracked: it would be 100% whatever was found.
    """
    if measure == "share_of_voice" and is_alone(analysis):
        return []
    table = describe_visibility(analysis, ("all",))
    table = table[table["is_own"] & (table["measure"] == measure)]
    return [
        {
            "series": shorten(row["series"], 40),
            "value": float(row["value"]),
            "counts": f"{amount(row['numerator'])} of {amount(row['denominator'])}",
            "interval": interval(row["low"], row["high"]).removeprefix("95% interval "),
            "is_low_n": bool(row["is_low_n"]),
        }
        for row in table.to_dict("records")
    ]


def tell_news(analysis: Analysis) -> Story:
    """Return what changed since the last run: questions asked both times, new and gone ones, gaps that moved most, rates.

    `lead` says that there is nothing to compare with, or that this run found the same as an earlier
    one; mostly it is empty.

    Coverage then and now is the demand-weighted mean over the questions that both runs hold,
    weighed by today's demand.
    """
    both = _asked_twice(analysis)
    is_first = analysis.previous.empty and analysis.history["run"].nunique() < 2
    same = describe_same(analysis.about)
    against = "." if is_first else "; below, what both changed against the run before them."
    return {
        "is_first": is_first,
        "lead": f"{same}{against}"
        if same
        else "First run: nothing to compare with yet."
        if is_first
        else "",
        "questions": _tell_questions(analysis, both) if len(analysis.previous) else [],
        "risen": _tell_moved(analysis, both, is_up=True),
        "fallen": _tell_moved(analysis, both, is_up=False),
        "rates": _tell_rates_moved(analysis),
    }


def list_news(analysis: Analysis) -> list[str]:
    """Return what changed since the last run, a plain line each, for a terminal and a sheet."""
    news = tell_news(analysis)
    moved = [("Up", one) for one in news["risen"]] + [("Down", one) for one in news["fallen"]]
    gaps = [
        f"{way}: gap {one['rank']}, {one['name']}: coverage {one['told']}." for way, one in moved
    ]
    return [
        *filter(None, [news["lead"]]),
        *news["questions"],
        *gaps,
        *(f"{line}." for line in news["rates"]),
    ]


def tell_runs(analysis: Analysis) -> list[Story]:
    """Return the runs so far, oldest first: when, coverage with its 90% interval, severe gaps, minutes and gain of the plan."""
    return [
        {
            "run": int(str(number)),
            "at": f"{rows['at'].iloc[0]:%Y-%m-%d %H:%M}",
            **_tell_run(rows.set_index("measure")),
        }
        for number, rows in analysis.history[analysis.history["part"] == "all"].groupby("run")
    ]


def tell_spending(analysis: Analysis) -> Story:
    """Return what models and engines have cost this project: a row a task and model, dearest first, and all in a sentence."""
    rows = [
        {
            **{str(key): None if is_missing(value) else value for key, value in row.items()},
            **{name: shorten(row[name], 80) for name in ("task", "model", "currency")},
        }
        for row in sum_costs(analysis.costs).to_dict("records")
    ]
    return {"rows": rows, "told": _tell_paid(analysis.costs)}


def _tell_paid(costs: pd.DataFrame) -> str:
    """Return what models and engines have cost, and which of them were asked without a price; texts embedded are no bill."""
    paid = costs.dropna(subset=["money"]).groupby("currency")["money"].sum()
    sums = [f"{amount(total)} {shorten(name, 10)}" for name, total in paid.items()]
    asked = costs[costs["task"] != "embed"]
    unpriced = asked[asked["money"].isna()]
    if sums:
        told = f"Models and engines have cost {' and '.join(sums)} so far, in {count(len(asked), 'task')}"
        return (
            f"{told}, {len(unpriced):,} of them without a price." if len(unpriced) else f"{told}."
        )
    calls = [
        f"{shorten(name, 80)} {n:,}"
        for name, n in unpriced.groupby("model")["n_calls"].sum().items()
        if n
    ]
    return (
        f"Nothing paid so far. Asked without a price, in calls: {', '.join(calls)}."
        if calls
        else "Nothing paid so far."
    )


def _tell_run(figures: pd.DataFrame) -> Story:
    value, low, high = (figures[name] for name in ("value", "low", "high"))
    return {
        "covered": percent(value.get("coverage", float("nan"))),
        "interval": f"{percent(low.get('coverage', float('nan')))} to {percent(high.get('coverage', float('nan')))}",
        **{
            name: amount(value.get(name, float("nan")))
            for name in ("severe_gaps", "planned_minutes", "planned_gain")
        },
    }


def _asked_twice(analysis: Analysis) -> pd.DataFrame:
    """Return the questions that both runs hold, with demand, cluster, and coverage then (`_then`) and now."""
    now = analysis.coverage[["query_id", "coverage", "low", "high"]].merge(
        analysis.queries[["query_id", "demand"]]
    )
    then = analysis.previous[["query_id", "coverage", "low", "high"]]
    both = now.merge(then, on="query_id", suffixes=("", "_then"))
    return both.merge(analysis.clusters[["query_id", "cluster_id"]], on="query_id", how="left")


def _tell_questions(analysis: Analysis, both: pd.DataFrame) -> list[str]:
    old = set(analysis.previous["query_id"])
    new = set(analysis.queries["query_id"])
    came = f"{count(len(new - old), 'new question')}, {len(old - new):,} gone."
    if both.empty:
        return [f"No question of the last run was asked again. {came}"]
    then, now = (_mean(both, name) for name in ("coverage_then", "coverage"))
    risen = (both["low"] > both["high_then"]).sum()
    fallen = (both["high"] < both["low_then"]).sum()
    clear = (
        f"{risen:,} rose and {fallen:,} fell beyond their 90% intervals"
        if risen or fallen
        else "none moved beyond its 90% interval"
    )
    told = f"{count(len(both), 'question')} asked both times: coverage {percent(then)} then, {percent(now)} now; {clear}."
    return [told, came]


def _tell_moved(analysis: Analysis, both: pd.DataFrame, is_up: bool) -> list[Story]:
    """Return the gaps that rose, or fell, most in coverage, of those with a question that did so beyond its 90% interval."""
    is_clear = both["low"] > both["high_then"] if is_up else both["high"] < both["low_then"]
    clear = set(both.loc[is_clear, "cluster_id"])
    groups = {str(name): rows for name, rows in both.groupby("cluster_id") if name in clear}
    moves = pd.DataFrame(
        [
            (name, _mean(rows, "coverage_then"), _mean(rows, "coverage"))
            for name, rows in groups.items()
        ],
        columns=["cluster_id", "then", "now"],
    )
    moves = moves.merge(analysis.gaps[["cluster_id", "label", "rank"]], on="cluster_id")
    moves["rise"] = (moves["now"] - moves["then"]) * (1 if is_up else -1)
    moves = (
        moves[moves["rise"] >= _LEAST_MOVE]
        .sort_values(["rise", "rank"], ascending=[False, True])
        .head(_MOVED)
    )
    asked = typical_questions(analysis)
    return [
        {
            "name": name_gap(row["label"], asked.get(row["cluster_id"]))[0],
            "rank": int(row["rank"]),
            "told": f"{percent(row['then'])} then, {percent(row['now'])} now",
        }
        for row in moves.to_dict("records")
    ]


def _tell_rates_moved(analysis: Analysis) -> list[str]:
    """Return the citation rate of each series in this run and the one before it."""
    frame = analysis.history[analysis.history["measure"] == "citation_rate"]
    last = sorted(analysis.history["run"].unique())[-2:]
    if len(last) < 2:
        return []
    then, now = (frame[frame["run"] == run].set_index("part").to_dict("index") for run in last)
    title = describe_measure("citation_rate").title
    return [
        f"{shorten(part, 40)}: {title} {_compare(then[part], row)}"
        for part, row in now.items()
        if part in then
    ]


def _compare(then: dict[Any, Any], now: dict[Any, Any]) -> str:
    told = f"{percent(then['value'])} then, {percent(now['value'])} now"
    if is_missing(then["low"]) or is_missing(now["low"]):
        return f"{told}: too few prompts to tell a change"
    is_clear = now["low"] > then["high"] or now["high"] < then["low"]
    return (
        f"{told}: {'up' if now['value'] > then['value'] else 'down'}"
        if is_clear
        else f"{told}: {NO_CHANGE}, the 95% intervals overlap"
    )


def _mean(rows: pd.DataFrame, column: str) -> float:
    total = float(rows["demand"].sum())
    return (
        float((rows[column] * rows["demand"]).sum() / total)
        if total
        else float(rows[column].mean())
    )
