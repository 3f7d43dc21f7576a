"""The site's rates, what moved since the last run, the runs and the costs, as plain values."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.llm.costs import sum_costs
from coverage_kit.report.engine_names import display_series
from coverage_kit.report.gap_lists import list_gaps, name_gap
from coverage_kit.report.page_data import Context
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.trust import describe_same
from coverage_kit.report.visibility_joined import describe_visibility, is_alone
from coverage_kit.report.wording import (
    NO_CHANGE,
    amount,
    count,
    describe_measure,
    interval,
    minutes,
    percent,
)
from coverage_kit.vocabulary import DISMISSED, GapStatus

# Gaps that rose, and gaps that fell, in the news. Assumed: more do not fit on a line.
_MAX_MOVED_GAPS = 3
# Gaps with the same new status in the news. Assumed: more hide the rest of the news.
_MAX_NEWS_GAPS = 5
# The statuses that are news, in the order of their lines.
_NEWS: tuple[GapStatus, ...] = ("closed", "reopened", "new", "shrinking", "dismissed")
# Smaller moves of coverage round to no whole percent and look like none. Assumed.
_MIN_MOVE = 0.005


def list_own_rates(analysis: Analysis, measure: str) -> list[Context]:
    """Return one measure of the site by engine and surface, never pooled.

    Each has series, value, counts, 95% interval and whether its n is low. Share of voice is left
    out where no competitor is tracked: it would be 100% whatever the answers say.
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


def news_context(analysis: Analysis) -> Context:
    """Return what changed since the last run: questions, statuses of gaps, moves, rates.

    `lead` says that there is nothing to compare with, or that this run gave the same figures as an
    earlier run; mostly it is empty. Coverage of both runs is the mean over the questions that both
    runs hold, weighted by the demand of this run.
    """
    questions = _questions_of_both_runs(analysis)
    is_first = analysis.previous.empty and analysis.history["run"].nunique() < 2
    return {
        "is_first": is_first,
        "lead": _describe_lead(analysis, is_first),
        "questions": _describe_questions(analysis, questions) if len(analysis.previous) else [],
        "gaps": _describe_gaps(analysis),
        "risen": _list_moved_gaps(analysis, questions, is_up=True),
        "fallen": _list_moved_gaps(analysis, questions, is_up=False),
        "rates": _describe_rate_changes(analysis),
    }


def _describe_lead(analysis: Analysis, is_first: bool) -> str:
    if agreement := describe_same(analysis.about):
        against = "." if is_first else "; below, what both changed against the run before them."
        return f"{agreement}{against}"
    return "This is the first run: there is no earlier run to compare with." if is_first else ""


def list_news(analysis: Analysis) -> list[str]:
    """Return what changed since the last run, one plain line each, for a terminal and a sheet."""
    news = news_context(analysis)
    moved = [("Up", gap) for gap in news["risen"]] + [("Down", gap) for gap in news["fallen"]]
    gaps = [
        f"{direction}: gap {gap['rank']}, {gap['name']}: coverage {gap['coverage']}."
        for direction, gap in moved
    ]
    return [
        *filter(None, [news["lead"]]),
        *news["questions"],
        *news["gaps"],
        *gaps,
        *(f"{line}." for line in news["rates"]),
    ]


def list_runs(analysis: Analysis) -> list[Context]:
    """Return the runs so far, oldest first: time, coverage with its interval, gaps and plan."""
    history = analysis.history[analysis.history["part"] == "all"]
    return [
        {
            "run": int(str(number)),
            "at": f"{rows['at'].iloc[0]:%Y-%m-%d %H:%M}",
            **_run_context(rows.set_index("measure")),
        }
        for number, rows in history.groupby("run")
    ]


def _run_context(figures: pd.DataFrame) -> Context:
    nan = float("nan")
    low = percent(figures["low"].get("coverage", nan))
    high = percent(figures["high"].get("coverage", nan))
    values = figures["value"]
    measures = ("severe_gaps", "planned_gain")
    return {
        "covered": percent(values.get("coverage", nan)),
        "interval": f"{low} to {high}",
        **{measure: amount(values.get(measure, nan)) for measure in measures},
        "planned_minutes": minutes(values.get("planned_minutes", nan)),
    }


def spending_context(analysis: Analysis) -> Context:
    """Return what models and engines have cost this project, most expensive first.

    There is a row for each task and model, and a summary in a sentence.
    """
    rows = [
        {
            **{str(column): None if is_missing(value) else value for column, value in row.items()},
            **{column: shorten(row[column], 80) for column in ("task", "model", "currency")},
        }
        for row in sum_costs(analysis.costs).to_dict("records")
    ]
    return {"rows": rows, "summary": _describe_costs(analysis.costs)}


def _describe_costs(costs: pd.DataFrame) -> str:
    """Return what models and engines have cost, and which models have no price.

    Texts that were embedded (task `embed`) are no calls that could be paid for.
    """
    paid = costs.dropna(subset=["money"]).groupby("currency")["money"].sum()
    sums = [f"{amount(total)} {shorten(currency, 10)}" for currency, total in paid.items()]
    calls = costs[costs["task"] != "embed"]
    unpriced = calls[calls["money"].isna()]
    if sums:
        n_tasks = count(len(calls), "task")
        sentence = f"Models and engines have cost {' and '.join(sums)} so far, in {n_tasks}"
        if len(unpriced):
            return f"{sentence}, {len(unpriced):,} of them without a price."
        return f"{sentence}."
    n_calls = unpriced.groupby("model")["n_calls"].sum()
    counted = [f"{shorten(model, 80)} {n:,}" for model, n in n_calls.items() if n]
    if not counted:
        return "Nothing paid so far."
    return f"Nothing paid so far. Asked without a price, in calls: {', '.join(counted)}."


def _questions_of_both_runs(analysis: Analysis) -> pd.DataFrame:
    """Return the questions that both runs hold, with demand, cluster and coverage.

    The columns of the previous run end with `_then`.
    """
    columns = ["query_id", "coverage", "low", "high"]
    current = analysis.coverage[columns].merge(analysis.queries[["query_id", "demand"]])
    questions = current.merge(analysis.previous[columns], on="query_id", suffixes=("", "_then"))
    clusters = analysis.clusters[["query_id", "cluster_id"]]
    return questions.merge(clusters, on="query_id", how="left")


def _describe_questions(analysis: Analysis, questions: pd.DataFrame) -> list[str]:
    old = set(analysis.previous["query_id"])
    new = set(analysis.queries["query_id"])
    came = f"{count(len(new - old), 'new question')}, {len(old - new):,} gone."
    if questions.empty:
        return [f"No question of the last run was asked again. {came}"]
    # a question clearly moved where its 90% intervals of the two runs do not overlap
    n_risen = (questions["low"] > questions["high_then"]).sum()
    n_fallen = (questions["high"] < questions["low_then"]).sum()
    clear = (
        f"{n_risen:,} rose and {n_fallen:,} fell beyond their 90% intervals"
        if n_risen or n_fallen
        else "none moved beyond its 90% interval"
    )
    means = (
        f"coverage {percent(_mean(questions, 'coverage_then'))} then, "
        f"{percent(_mean(questions, 'coverage'))} now"
    )
    return [f"{count(len(questions), 'question')} asked both times: {means}; {clear}.", came]


def _describe_gaps(analysis: Analysis) -> list[str]:
    """Return a line for each gap whose status is another than in the last run, the closed first.

    Gaps that are gone follow: their questions are now in other gaps, or not in the log.
    """
    previous = analysis.previous
    is_known = previous["gap_id"].notna()
    if not is_known.any():
        return []
    status_then = dict(previous.loc[is_known, ["gap_id", "status"]].to_numpy().tolist())
    gaps = analysis.gaps.dropna(subset=["gap_id", "status"]).sort_values("rank")
    # A gap that was open stays open: that is no news.
    then = pd.Series([status_then.get(gap_id) for gap_id in gaps["gap_id"]], gaps.index, "object")
    is_news = (gaps["status"] != "open") & (gaps["status"] != then)
    names = _name_gaps(analysis)
    lines = []
    for status in _NEWS:
        rows = gaps[is_news & (gaps["status"] == status)].to_dict("records")
        lines += [
            f"Gap {row['rank']}, {names[row['cluster_id']]}: {shorten(row['status_reason'], 300)}."
            for row in rows[:_MAX_NEWS_GAPS]
        ]
        if len(rows) > _MAX_NEWS_GAPS:
            lines.append(f"{len(rows) - _MAX_NEWS_GAPS:,} more gaps are {status}.")
    return [*lines, *_describe_gone(analysis, names)]


def _describe_gone(analysis: Analysis, names: dict[str, str]) -> list[str]:
    """Return a line for each gap of the last run that this run does not have, and where it is."""
    previous = analysis.previous.dropna(subset=["gap_id", "status"])
    gone = previous[~previous["gap_id"].isin(analysis.gaps["gap_id"])]
    gone = gone[~gone["status"].isin(["closed", DISMISSED])]
    gone = gone.merge(analysis.clusters[["query_id", "cluster_id"]], on="query_id", how="left")
    lines = []
    for _, rows in gone.groupby("gap_id"):
        now = rows["cluster_id"].value_counts()
        where = f"is now part of {names[now.index[0]]}" if len(now) else "is not in this log"
        lines.append(f"The gap {name_gap(rows['label'].iloc[0])[0]} {where}.")
    n_more = len(lines) - _MAX_NEWS_GAPS
    more = [f"{n_more:,} more gaps of the last run are gone."] if n_more > 0 else []
    return [*lines[:_MAX_NEWS_GAPS], *more]


def _name_gaps(analysis: Analysis) -> dict[str, str]:
    """Return the names of the gaps by cluster_id."""
    gaps = list_gaps(analysis)
    return dict(zip(gaps["cluster_id"], gaps["label"], strict=True))


def _list_moved_gaps(analysis: Analysis, questions: pd.DataFrame, is_up: bool) -> list[Context]:
    """Return the gaps that rose most in coverage, or fell most.

    Only gaps with a question that moved so beyond its 90% interval are among them.
    """
    is_clear = (
        questions["low"] > questions["high_then"]
        if is_up
        else questions["high"] < questions["low_then"]
    )
    clear_clusters = set(questions.loc[is_clear, "cluster_id"])
    moves = pd.DataFrame(
        [
            (str(cluster_id), _mean(rows, "coverage_then"), _mean(rows, "coverage"))
            for cluster_id, rows in questions.groupby("cluster_id")
            if cluster_id in clear_clusters
        ],
        columns=["cluster_id", "then", "now"],
    )
    moves = moves.merge(analysis.gaps[["cluster_id", "label", "rank"]], on="cluster_id")
    # A fall is a rise with the opposite sign, so that both sort the same way.
    moves["rise"] = (moves["now"] - moves["then"]) * (1 if is_up else -1)
    moves = (
        moves[moves["rise"] >= _MIN_MOVE]
        .sort_values(["rise", "rank"], ascending=[False, True])
        .head(_MAX_MOVED_GAPS)
    )
    names = _name_gaps(analysis)
    return [
        {
            "name": names[row["cluster_id"]],
            "rank": int(row["rank"]),
            "coverage": f"{percent(row['then'])} then, {percent(row['now'])} now",
        }
        for row in moves.to_dict("records")
    ]


def _describe_rate_changes(analysis: Analysis) -> list[str]:
    """Return the citation rate of each series in this run and in the run before it."""
    frame = analysis.history[analysis.history["measure"] == "citation_rate"]
    # Only runs that differ from the run before them are in the history.
    last_runs = sorted(analysis.history["run"].unique())[-2:]
    if len(last_runs) < 2:
        return []
    previous, current = (
        frame[frame["run"] == run].set_index("part").to_dict("index") for run in last_runs
    )
    title = describe_measure("citation_rate").title
    names = display_series(map(str, current))
    return [
        f"{shorten(names[str(series)], 40)}: {title} {_compare_rates(previous[series], row)}"
        for series, row in current.items()
        if series in previous
    ]


def _compare_rates(previous: dict[Any, Any], current: dict[Any, Any]) -> str:
    rates = f"{percent(previous['value'])} then, {percent(current['value'])} now"
    if is_missing(previous["low"]) or is_missing(current["low"]):
        return f"{rates}: too few prompts to show a change"
    is_clear = current["low"] > previous["high"] or current["high"] < previous["low"]
    if not is_clear:
        return f"{rates}: {NO_CHANGE}, the 95% intervals overlap"
    return f"{rates}: {'up' if current['value'] > previous['value'] else 'down'}"


def _mean(questions: pd.DataFrame, column: str) -> float:
    """Return the mean of a column, weighted by demand; the plain mean where all demand is 0."""
    total = float(questions["demand"].sum())
    if not total:
        return float(questions[column].mean())
    return float((questions[column] * questions["demand"]).sum() / total)
