"""The key figures of a finished run."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.tables import Edits, Frontier
from coverage_kit.vocabulary import CONTENT_CAUSES, TO_CLOSE


@dataclass(frozen=True)
class Headline:
    """The key figures of a run; demand and gains are in queries asked.

    `n_gaps` counts all topics, `n_severe` those that are gaps to close.
    `covered` is the mean coverage of the queries, weighted by demand; `covered_low` and
    `covered_high` are the ends of its 90% interval. `covered_after` is the same with the planned
    edits, and the ends of its interval are those of the plan's gain alone.
    """

    n_pages: int
    n_queries: int
    n_answers: int
    demand: float
    covered: float
    covered_low: float
    covered_high: float
    n_gaps: int
    n_severe: int
    n_planned: int
    budget_minutes: float
    planned_minutes: float
    planned_gain: float
    planned_low: float
    planned_high: float
    covered_after: float
    covered_after_low: float
    covered_after_high: float


def summarize(analysis: Analysis) -> Headline:
    """Return the key figures: demand, coverage, number of gaps, and what the budget buys."""
    queries = analysis.queries.merge(analysis.coverage, on="query_id")
    covered = analysis.about.covered or _cautious_interval(queries)
    gaps = analysis.gaps
    # Where a run does not say, a gap is to close if the site's words are its cause.
    is_severe = gaps["listing"].eq(TO_CLOSE) | (
        gaps["listing"].isna()
        & gaps["cause"].isin(CONTENT_CAUSES)
        & gaps["is_closable"].astype(bool)
    )
    plan = chosen_edits(analysis)
    demand = float(analysis.queries["demand"].sum())
    gain = float(plan["marginal_gain"].sum())
    low, high = _plan_interval(analysis.frontier, plan, gain)
    after = predict_covered(covered["value"], demand, analysis.edits, analysis.frontier)
    return Headline(
        n_pages=int((analysis.pages["status"] == "ok").sum()),
        n_queries=len(analysis.queries),
        n_answers=len(analysis.answers),
        demand=demand,
        covered=covered["value"],
        covered_low=covered["low"],
        covered_high=covered["high"],
        n_gaps=len(gaps),
        n_severe=int(is_severe.sum()),
        n_planned=len(plan),
        budget_minutes=budget(analysis),
        planned_minutes=float(plan["cost_minutes"].sum()),
        planned_gain=gain,
        planned_low=low,
        planned_high=high,
        covered_after=after["covered_after"],
        covered_after_low=after["low"],
        covered_after_high=after["high"],
    )


def predict_covered(
    covered_now: float, demand: float, edits: Edits, frontier: Frontier
) -> dict[str, float]:
    """Return the share of what is asked that your site answers, now and with the planned edits.

    The values are covered_now, covered_after, low and high (the 90% interval of covered_after, that
    of the plan's gain alone; below covered_now where the plan may harm), minutes and n_edits.

    Args:
        covered_now: the share now.
        demand: demand of all queries.
        edits: the edits of a run.
        frontier: its running cost and gain.
    """
    plan = edits[edits["is_chosen"].astype(bool)]
    gain = float(plan["marginal_gain"].sum())
    low, high = _plan_interval(frontier, plan, gain)
    after, lowest, highest = (
        # Gains of edits that share questions may add up to more than there is.
        # numpy's minimum, as Python's makes 1 of a share that is not known.
        float(np.minimum(1.0, covered_now + added / demand if demand else covered_now))
        for added in (gain, low, high)
    )
    return {
        "covered_now": covered_now,
        "covered_after": after,
        "low": lowest,
        "high": highest,
        "minutes": float(plan["cost_minutes"].sum()),
        "n_edits": len(plan),
    }


def describe_plan(headline: Headline) -> str:
    """Return what the planned edits bring in a sentence's words.

    It is '' where none is planned, and where the share of today is not known.

    Such as: 54% to 57% for 8 hours of work (likely 1 to 6 points more). The interval is that of the
    rise alone (90%), as both shares are as uncertain as each other.
    """
    if not headline.n_planned or math.isnan(headline.covered):
        return ""
    now, after = headline.covered, headline.covered_after
    # A decimal where whole percents would hide the rise.
    digits = 0 if round(100 * now) != round(100 * after) else 1
    start, end = (f"{share:.{digits}%}" for share in (now, after))
    time = describe_minutes(headline.planned_minutes)
    return f"{start} to {end} for {time} of work (likely {describe_rise(headline)})"


def describe_rise(headline: Headline) -> str:
    """Return by how many percentage points the plan is likely to raise the share answered.

    It is the 90% interval of the plan's gain, such as: 5 to 11 points more.
    """
    ends = [
        100 * (share - headline.covered)
        for share in (headline.covered_after_low, headline.covered_after_high)
    ]
    # A decimal where both ends would be the same.
    digits = 0 if round(ends[0]) != round(ends[1]) else 1
    return f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f} points more"


def describe_minutes(minutes: float) -> str:
    """Return minutes in words, from an hour and a half on to the nearest half hour.

    >>> describe_minutes(45), describe_minutes(100), describe_minutes(475)
    ('45 minutes', '1.5 hours', '8 hours')
    """
    if minutes < 90:
        return f"{minutes:,.0f} minutes"
    return f"{round(minutes / 30) / 2:,g} hours"


def budget(analysis: Analysis) -> float:
    """Return the editor minutes of the settings; NaN where the run does not hold them."""
    return float(analysis.about.setting("rank", "budget_minutes", "nan"))


def chosen_edits(analysis: Analysis) -> pd.DataFrame:
    """Return the edits that are within the budget and the constraints, by rank."""
    return analysis.edits[analysis.edits["is_chosen"].astype(bool)].sort_values("rank")


def _plan_interval(frontier: Frontier, plan: pd.DataFrame, gain: float) -> tuple[float, float]:
    """Return the ends of the interval of the plan's gain.

    They are the ends of the frontier at the last chosen edit, scaled by the plan's share of the
    frontier's gain there: a plan may leave out edits that the frontier counts.
    """
    planned = frontier[frontier["edit_id"].isin(plan["edit_id"])].sort_values("rank")
    if planned.empty:
        return 0.0, 0.0
    last_row = planned.iloc[-1]
    share = gain / float(last_row["gain"]) if last_row["gain"] else 1.0
    return float(last_row["low"]) * share, float(last_row["high"]) * share


def _cautious_interval(queries: pd.DataFrame) -> dict[str, float]:
    """Return covered demand of a run that does not hold it, with an interval that is too wide.

    All queries are at the same end of their own intervals there.
    """
    columns = {"value": "coverage", "low": "low", "high": "high"}
    return {
        name: _weighted_mean(queries[column], queries["demand"]) for name, column in columns.items()
    }


def _weighted_mean(values: "pd.Series[float]", weights: "pd.Series[float]") -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total else float("nan")
