"""The first sentence of each notebook: the answer to its question, computed from the run."""

import math
from collections.abc import Callable

from coverage_kit.analysis import Analysis
from coverage_kit.headline import chosen_edits, describe_minutes, summarize
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.level import between
from coverage_kit.report.page_data.trend import list_own_rates
from coverage_kit.report.texts import clean_text, shorten
from coverage_kit.report.visibility_joined import describe_verdicts
from coverage_kit.report.wording import NO_CHANGE, count, in_points, percent, times
from coverage_kit.vocabulary import TO_CLOSE

# Topics that a sentence names, and characters of a name in it. Assumed.
_MAX_TOPICS = 3
_MAX_NAME = 80
_CITATION_RATE = "citation_rate"


def describe_questions(analysis: Analysis) -> str:
    """Return how much is asked, and about what most."""
    head = summarize(analysis)
    if not head.n_queries:
        return "The log holds no question."
    top = list_gaps(analysis).nlargest(1, "demand").iloc[0]
    return (
        f"People asked {count(head.n_queries, 'question')}, {times(head.demand)} in all. They ask "
        f"most about “{shorten(top['label'], _MAX_NAME)}” ({times(top['demand'])})."
    )


def describe_standing(analysis: Analysis) -> str:
    """Return which share of what is asked the site answers, and how often engines cite it."""
    rates = list_own_rates(analysis, _CITATION_RATE)
    cited = ", ".join(f"{rate['series']} in {percent(rate['value'])}" for rate in rates)
    citing = f"Answers that cite it: {cited}." if cited else "The log holds no citations."
    return f"{_describe_covered(analysis)}. {citing}"


def describe_gaps_left(analysis: Analysis) -> str:
    """Return which share of what is asked the site answers, how many gaps it has, and the first."""
    gaps = list_gaps(analysis)
    to_close = gaps[gaps["listing"] == TO_CLOSE]
    if to_close.empty:
        return f"{_describe_covered(analysis)}. No topic is listed as a gap."
    first = [
        f"“{shorten(row['label'], _MAX_NAME)}” ({times(row['demand'])})"
        for row in to_close.head(_MAX_TOPICS).to_dict("records")
    ]
    are_left = "1 gap is left" if len(to_close) == 1 else f"{len(to_close):,} gaps are left"
    return f"{_describe_covered(analysis)}; {are_left}. First on the list: {', '.join(first)}."


def describe_first_edits(analysis: Analysis) -> str:
    """Return what the planned edits cost and bring, and the one that brings most."""
    head = summarize(analysis)
    chosen = chosen_edits(analysis)
    if chosen.empty or math.isnan(head.covered):
        return "No edit is planned."
    edits = describe_edits(analysis)
    best = edits[edits["is_chosen"]].nlargest(1, "marginal_gain").iloc[0]
    return (
        f"With {count(len(chosen), 'edit')} in {describe_minutes(head.planned_minutes)}, "
        f"{name_site(analysis)} would answer {percent(head.covered_after)} of what people ask "
        f"instead of {percent(head.covered)}. The largest gain is edit {best['rank']}, "
        f"“{shorten(best['listed_as'], 2 * _MAX_NAME)}”."
    )


def describe_effect(analysis: Analysis) -> str:
    """Return how engines cite the changed pages since the change, less the drift."""
    verdicts = describe_verdicts(analysis)
    is_shown = (verdicts["group"] == "treated") & (verdicts["measure"] == _CITATION_RATE)
    rows = verdicts[is_shown].to_dict("records")
    moved = [
        f"{row['series']} cites the changed pages {'more' if row['verdict'] == 'up' else 'less'} "
        f"({in_points(row['effect'])})"
        for row in rows
        if row["verdict"] != NO_CHANGE
    ]
    unmoved = [str(row["series"]) for row in rows if row["verdict"] == NO_CHANGE]
    parts = [*moved, *([f"{NO_CHANGE} on {', '.join(unmoved)}"] if unmoved else [])]
    if not parts:
        return "No change can be judged yet: name its date and pages under [before_after]."
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def describe_audit(analysis: Analysis) -> str:
    """Return what the checks of the site's pages found, and which answers contradict it."""
    is_own = (analysis.pages["site"] == analysis.about.own_site) & (
        analysis.pages["status"] == "ok"
    )
    claims = analysis.brand_claims
    n_wrong = claims.loc[claims["verdict"] == "contradicted", "text"].nunique()
    return (
        f"The checks found {count(len(analysis.findings), 'fault')} on "
        f"{count(int(is_own.sum()), 'page')} of {name_site(analysis)}. Answers contradict your "
        f"site in {count(n_wrong, 'sentence')}."
    )


def describe_run_time(analysis: Analysis) -> str:
    """Return how long the run took, and which stage took longest."""
    stages = analysis.stages
    compared = (
        f"It compared {count(len(analysis.queries), 'question')} with "
        f"{count(len(analysis.passages), 'passage')}."
    )
    if stages.empty:
        return compared
    longest = stages.nlargest(1, "seconds").iloc[0]
    return (
        f"This run took {stages['seconds'].sum():,.0f} seconds, {longest['seconds']:,.0f} of them "
        f"in the stage “{longest['stage']}”. {compared}"
    )


def describe_open_level(analysis: Analysis) -> str:
    """Return how wide the estimate of what the site answers is, and what narrows it."""
    head = summarize(analysis)
    if math.isnan(head.covered):
        return f"{_describe_covered(analysis)}."
    share = between(head.covered_low, head.covered_high)
    known = (
        "People's checks are in this figure."
        if analysis.about.question_check
        else "Fifty checked questions narrow this down, in about fifteen minutes."
    )
    return f"{name_site(analysis)} answers {share} of what people ask. {known}"


# By the name that a notebook gives to `show_lead`.
LEADS: dict[str, Callable[[Analysis], str]] = {
    "questions": describe_questions,
    "standing": describe_standing,
    "gaps": describe_gaps_left,
    "edits": describe_first_edits,
    "change": describe_effect,
    "pages": describe_audit,
    "stages": describe_run_time,
    "checks": describe_open_level,
}


def name_site(analysis: Analysis) -> str:
    """Return the brand of the site, or its address where the run names no brand."""
    return shorten(analysis.about.brand, _MAX_NAME) or clean_text(analysis.about.own_site)


def _describe_covered(analysis: Analysis) -> str:
    """Return which share of what is asked the site answers, without a full stop."""
    covered = summarize(analysis).covered
    if math.isnan(covered):
        return f"How much {name_site(analysis)} answers is not known, as there is no question"
    return f"{name_site(analysis)} answers {percent(covered)} of what people ask"
