"""The key figures of a finished run."""

from dataclasses import dataclass

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.vocabulary import CONTENT_CAUSES, TO_CLOSE


@dataclass(frozen=True)
class Headline:
    """The key figures of a run; demand and gains are in queries asked.

    `n_gaps` counts all topics, `n_severe` those that are gaps to close.
    `covered` is the mean coverage of the queries, weighted by demand; `covered_low` and
    `covered_high` are the ends of its 90% interval.
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
    gain = float(plan["marginal_gain"].sum())
    low, high = _plan_interval(analysis, plan, gain)
    return Headline(
        n_pages=int((analysis.pages["status"] == "ok").sum()),
        n_queries=len(analysis.queries),
        n_answers=len(analysis.answers),
        demand=float(analysis.queries["demand"].sum()),
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
    )


def budget(analysis: Analysis) -> float:
    """Return the editor minutes of the settings; NaN where the run does not hold them."""
    return float(analysis.about.setting("rank", "budget_minutes", "nan"))


def chosen_edits(analysis: Analysis) -> pd.DataFrame:
    """Return the edits that are within the budget and the constraints, by rank."""
    return analysis.edits[analysis.edits["is_chosen"].astype(bool)].sort_values("rank")


def _plan_interval(analysis: Analysis, plan: pd.DataFrame, gain: float) -> tuple[float, float]:
    """Return the ends of the interval of the plan's gain.

    They are the ends of the frontier at the last chosen edit, scaled by the plan's share of the
    frontier's gain there: a plan may leave out edits that the frontier counts.
    """
    is_planned = analysis.frontier["edit_id"].isin(plan["edit_id"])
    frontier = analysis.frontier[is_planned].sort_values("rank")
    if frontier.empty:
        return 0.0, 0.0
    last_row = frontier.iloc[-1]
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
