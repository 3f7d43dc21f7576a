"""The key figures of a finished run."""

from dataclasses import dataclass

import pandas as pd

from coverage_kit.analysis import Analysis

CONTENT_CAUSES = ("missing", "mis-worded")


@dataclass(frozen=True)
class Headline:
    """The key figures of a run. `covered` is the demand-weighted mean coverage; its ends take all queries' ends at once."""

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
    """Return the key figures: what is asked, how much of it is covered, how many gaps, what the budget buys."""
    asked = analysis.queries.merge(analysis.coverage, on="query_id")
    covered = [_weighted(asked[column], asked["demand"]) for column in ("coverage", "low", "high")]
    gaps = analysis.gaps
    plan = chosen_edits(analysis)
    gain = float(plan["marginal_gain"].sum())
    low, high = _plan_interval(analysis, plan, gain)
    return Headline(
        n_pages=int((analysis.pages["status"] == "ok").sum()),
        n_queries=len(analysis.queries),
        n_answers=len(analysis.answers),
        demand=float(analysis.queries["demand"].sum()),
        covered=covered[0],
        covered_low=covered[1],
        covered_high=covered[2],
        n_gaps=len(gaps),
        n_severe=int((gaps["cause"].isin(CONTENT_CAUSES) & gaps["is_closable"].astype(bool)).sum()),
        n_planned=len(plan),
        budget_minutes=budget(analysis),
        planned_minutes=float(plan["cost_minutes"].sum()),
        planned_gain=gain,
        planned_low=low,
        planned_high=high,
    )


def budget(analysis: Analysis) -> float:
    """Return the editor minutes of the settings; missing where the run does not tell."""
    return float(analysis.about.get("settings", {}).get("rank", {}).get("budget_minutes", "nan"))


def chosen_edits(analysis: Analysis) -> pd.DataFrame:
    """Return the edits that are within the budget and the constraints, by rank."""
    return analysis.edits[analysis.edits["is_chosen"].astype(bool)].sort_values("rank")


def _plan_interval(analysis: Analysis, plan: pd.DataFrame, gain: float) -> tuple[float, float]:
    """Return the ends of the plan's gain: those of the frontier at the last chosen edit, in the proportion of its gain."""
    reached = analysis.frontier[analysis.frontier["edit_id"].isin(plan["edit_id"])].sort_values(
        "rank"
    )
    if reached.empty:
        return 0.0, 0.0
    last = reached.iloc[-1]
    share = gain / float(last["gain"]) if last["gain"] else 1.0
    return float(last["low"]) * share, float(last["high"]) * share


def _weighted(values: "pd.Series[float]", weights: "pd.Series[float]") -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total else float("nan")
