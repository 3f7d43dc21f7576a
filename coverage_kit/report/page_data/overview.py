"""The first screen: what the site answers, what it lacks, what to do first, how far to trust it.

All as plain values for the page.
"""

import math
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import (
    Headline,
    chosen_edits,
    describe_minutes,
    describe_rise,
    summarize,
)
from coverage_kit.report.audit_joined import describe_wrong_claims
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.level import describe_answered, describe_estimate, name_brand
from coverage_kit.report.page_data import Context
from coverage_kit.report.page_data.trend import list_own_rates
from coverage_kit.report.site_account import count_own_pages, share_read
from coverage_kit.report.texts import shorten
from coverage_kit.report.trust import RELIABLE, rate_trust
from coverage_kit.report.wording import count, percent, times
from coverage_kit.vocabulary import TO_CLOSE, UNSEEN

# Gaps and edits that the overview names: three are read, more are not. Assumed.
_N_FIRST = 3
_NUMBERS = {2: "two", 3: "three"}
# A change of a share that whole percents do not show is none to a reader.
_MIN_CHANGE = 0.005


def overview_context(analysis: Analysis, gaps: list[Context], edits: list[Context]) -> Context:
    """Return the first screen: a sentence, tiles, the first gaps and edits, and the plan.

    Args:
        analysis: the run.
        gaps: as `list_gap_contexts` returns them.
        edits: as `list_edit_contexts` returns them.
    """
    head = summarize(analysis)
    plan_rows = _list_plan(analysis, head, edits)
    first_gaps = [gap for gap in gaps if gap["listing"] == TO_CLOSE][:_N_FIRST]
    return {
        "brand": name_brand(analysis.about),
        "sentence": describe_answered(analysis.about, head),
        "basis": describe_basis(analysis, head),
        "tiles": _list_tiles(analysis, head),
        "rates_note": describe_rates_note(analysis),
        "estimate": describe_estimate(analysis),
        "next_step": _describe_next_step(analysis, head),
        "worth_a_look": _list_worth_a_look(analysis),
        "run_at": _describe_time(analysis),
        "gaps": first_gaps,
        "edits": edits[:_N_FIRST],
        "plan": describe_plan_rise(head),
        "plan_rows": plan_rows,
        "has_citations": any(row["citations"] for row in plan_rows),
        "lost": _describe_loss(head, first_gaps),
    }


def describe_basis(analysis: Analysis, head: Headline) -> str:
    """Return what the run read: questions, their period, answers and pages."""
    answers = f"{count(head.n_answers, 'logged answer')}, " if head.n_answers else ""
    return (
        f"{count(head.n_queries, 'question')}{_describe_log(analysis)} asked {times(head.demand)}"
        f"{_describe_period(analysis)}"
        f", {answers}{share_read(count_own_pages(analysis))} of your site read."
    )


def _describe_log(analysis: Analysis) -> str:
    """Return which log holds the questions; empty where the run does not say it."""
    files = sorted({str(name) for name in analysis.sources["file"]})
    if not files:
        return ""
    name = shorten(files[0].replace("\\", "/").rpartition("/")[2], 60)
    return f" of the log {name}" if len(files) == 1 else f" of {len(files):,} log files"


def _describe_period(analysis: Analysis) -> str:
    first = analysis.queries["first_asked_at"].min()
    last = analysis.queries["last_asked_at"].max()
    if pd.isna(first) or pd.isna(last):
        return ""
    return f" from {first:%-d %B %Y} to {last:%-d %B %Y}"


def _describe_time(analysis: Analysis) -> str:
    """Return the day of the run; empty where the run does not say it."""
    if analysis.history.empty:
        return ""
    return f"{analysis.history['at'].max():%-d %B %Y}"


def describe_plan_rise(head: Headline) -> Context:
    """Return the share answered now and with the plan, the time, and the rise; empty if none.

    Values: now, after, time, rise, budget, each as words.
    """
    if not head.n_planned or math.isnan(head.covered):
        return {}
    # A decimal where whole percents would hide the rise.
    digits = 0 if round(100 * head.covered) != round(100 * head.covered_after) else 1
    return {
        "now": f"{head.covered:.{digits}%}",
        "after": f"{head.covered_after:.{digits}%}",
        "time": describe_minutes(head.planned_minutes),
        "rise": describe_rise(head),
        "budget": "" if math.isnan(head.budget_minutes) else describe_minutes(head.budget_minutes),
    }


def _describe_next_step(analysis: Analysis, head: Headline) -> Context:
    """Return the first edit beyond the plan: rank, topic, its time, and the share with it."""
    edits = describe_edits(analysis)
    later = edits[~edits["is_chosen"]]
    if later.empty or not head.n_planned or not head.demand or math.isnan(head.covered):
        return {}
    row = later.iloc[0]
    share = min(1.0, head.covered_after + float(row["marginal_gain"]) / head.demand)
    return {
        "rank": int(row["rank"]),
        "subject": row["subject"] or row["task"],
        "time": describe_minutes(float(row["cost_minutes"])),
        "after": percent(share),
    }


def _list_worth_a_look(analysis: Analysis) -> list[Context]:
    """Return what else a manager should know, with links: wrong claims, facts, unseen topics."""
    wrong = describe_wrong_claims(analysis)
    n_contradicted = int((wrong["verdict"] == "contradicted").sum())
    n_facts = len(analysis.disagreements)
    n_unseen = int((list_gaps(analysis)["listing"] == UNSEEN).sum())
    texts = [
        (
            n_contradicted,
            f"{count(n_contradicted, 'claim')} of AI contradict your site.",
            "#claims",
        ),
        (n_facts, f"{count(n_facts, 'brand fact')} are stated in more than one way.", "#brand"),
        (
            n_unseen,
            f"{count(n_unseen, 'topic')} are answered on your site, but not seen.",
            f"#list-{UNSEEN}",
        ),
    ]
    return [{"text": text, "link": link} for n, text, link in texts if n]


def _describe_loss(head: Headline, gaps: list[Context]) -> str:
    """Return how much of what is asked the first gaps hold, in a sentence; empty without any."""
    demand = sum(gap["open_demand"] for gap in gaps)
    if not demand or not head.demand:
        return ""
    which = (
        "Its largest gap leaves"
        if len(gaps) == 1
        else f"Its {_NUMBERS[len(gaps)]} largest gaps leave"
    )
    return f"{which} {percent(demand / head.demand)} of all that is asked unanswered."


def _list_tiles(analysis: Analysis, head: Headline) -> list[Context]:
    """Return the tiles: a word, a figure, a note, and the change since the last run."""
    is_reliable = rate_trust(analysis.about).word == RELIABLE
    covered = "unknown" if math.isnan(head.covered) else percent(head.covered)
    between = f"{percent(head.covered_low)} to {percent(head.covered_high)}"
    has_interval = not math.isnan(head.covered_low)
    check = analysis.about.question_check
    checked = f", set by {count(check['n_checks'], 'checked question')}" if check else ""
    answered = {
        "word": "Answered",
        "figure": covered if is_reliable or not has_interval else between,
        "note": (f"likely {between}" if is_reliable else f"estimate {covered}") + checked
        if has_interval
        else "of what is asked",
        "trend": _describe_trend(analysis, "coverage"),
        "link": "#trust",
    }
    gaps = {
        "word": "Gaps",
        "figure": f"{head.n_severe:,}",
        "note": f"of {count(head.n_gaps, 'topic')}",
        "trend": _describe_trend(analysis, "severe_gaps"),
        "link": "#gaps",
    }
    plan = {
        "word": "Planned",
        "figure": describe_minutes(head.planned_minutes) if head.n_planned else "no edit",
        "note": count(head.n_planned, "edit"),
        "trend": "",
        "link": "#edits",
    }
    rates = [
        _rate_tile(analysis, "citation_rate", "Cited", "not logged: the log holds no citations"),
        _rate_tile(analysis, "mention_rate", "Named", "no words are logged"),
    ]
    return [answered, gaps, plan, *rates]


def _rate_tile(analysis: Analysis, measure: str, word: str, missing: str) -> Context:
    """Return the tile of a rate: the engines with the lowest and highest, which are never pooled.

    The engines are named, so that nobody takes both figures for an interval.
    """
    rows = sorted(list_own_rates(analysis, measure), key=lambda row: float(row["value"]))
    tile = {"word": word, "trend": "", "link": "#visibility"}
    if not rows:
        return {**tile, "figure": "none", "note": missing}
    low, high = rows[0], rows[-1]
    few = "; few prompts" if low["is_low_n"] or high["is_low_n"] else ""
    if len(rows) == 1:
        note = f"of answers of {_name_series(low)}"
    else:
        note = f"of answers: {_name_series(low)} least, {_name_series(high)} most"
    shown = list(dict.fromkeys(percent(row["value"]) for row in (low, high)))
    return {**tile, "figure": " to ".join(shown), "note": f"{note}{few}"}


def _name_series(row: Context) -> str:
    return "an engine that is not logged" if row["series"] == "unknown" else str(row["series"])


def describe_rates_note(analysis: Analysis) -> str:
    """Return which answers the rates count, in a sentence; empty where these are all.

    Answers to questions that name the brand are counted separately, as nearly all of them name it.
    """
    table = analysis.visibility
    rows = table[(table["split_by"] == "branded") & (table["site"] == analysis.about.own_site)]
    n = int(rows.groupby(["engine", "surface"])["n_answers"].max().sum()) if len(rows) else 0
    if not n:
        return ""
    return (
        "How often answers cite or name you is counted for questions that do not name "
        f"{name_brand(analysis.about)}. {count(n, 'answer')} to questions that do are counted "
        "separately."
    )


def _describe_trend(analysis: Analysis, measure: str) -> str:
    """Return how a figure changed since the last run that differs; empty for a first run."""
    history = analysis.history
    rows = history[(history["measure"] == measure) & (history["part"] == "all")].sort_values("run")
    if len(rows) < 2:
        return ""
    previous, current = (float(value) for value in rows["value"].iloc[-2:])
    change = current - previous
    if measure == "coverage":
        shown = f"{100 * abs(change):.0f} points"
        is_change = abs(change) >= _MIN_CHANGE
    else:
        shown = f"{abs(change):,.0f}"
        is_change = bool(change)
    if not is_change:
        return "unchanged"
    return f"{'▲' if change > 0 else '▼'} {shown}"


def _list_plan(analysis: Analysis, head: Headline, edits: list[Context]) -> list[Context]:
    """Return the planned edits with minutes, gain, and the share answered after each."""
    plan = chosen_edits(analysis)
    listed = {edit["edit_id"]: edit for edit in edits}
    shares = _running_shares(head, plan["marginal_gain"])
    # A decimal where whole percents would hide what an edit brings.
    whole = {percent(share) for share in shares}
    digits = 0 if len(whole) == len(shares) else 1
    rows: list[dict[Any, Any]] = plan.to_dict("records")
    return [
        {
            **{key: edit[key] for key in ("rank", "subject", "task", "gap_rank", "label")},
            "minutes": edit["cost_minutes"],
            "gain": edit["marginal_gain"],
            "citations": edit["citation_rise"],
            "after": "" if math.isnan(share) else f"{share:.{digits}%}",
        }
        for row, share in zip(rows, shares, strict=True)
        if (edit := listed.get(row["edit_id"]))
    ]


def _running_shares(head: Headline, gains: "pd.Series[float]") -> list[float]:
    """Return the share answered after each planned edit, at most 1."""
    if not head.demand:
        return [float("nan")] * len(gains)
    return [min(1.0, head.covered + gain / head.demand) for gain in gains.cumsum()]
