"""How much is covered in all, in sentences: the estimate with its interval, or what checks say."""

import math
import shlex
from pathlib import Path
from typing import Any

from coverage_kit.analysis import About, Analysis
from coverage_kit.headline import Headline, summarize
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.question_checks import describe_checks
from coverage_kit.report.texts import clean_text, shorten
from coverage_kit.report.trust import RELIABLE, UNKNOWN_TRUST, rate_trust
from coverage_kit.report.wording import count, percent
from coverage_kit.tables import QuestionChecks
from coverage_kit.vocabulary import CHOICES, PERSON

# Questions of a first draw, as `coverage-kit sample` draws them.
_N_DRAWN = 50
# Minutes that a person needs to check a question. Assumed.
_MINUTES = 0.3


def between(low: float, high: float) -> str:
    """Return an interval of a share in words.

    >>> between(0.5, 0.853), between(float("nan"), float("nan"))
    ('50 to 85%', 'unknown')
    """
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    return f"{100 * low:.0f} to {percent(high)}"


def name_brand(about: About) -> str:
    """Return the name of the site's brand, or the site's address where no brand is set."""
    brand = about.setting("site", "brand") or ()
    return shorten(next(iter(brand), ""), 60) or shorten(about.own_site, 80) or "Your site"


def describe_answered(about: About, head: Headline) -> str:
    """Return in one sentence how much of what people ask the site answers.

    It names a range where the interval is wide, and says so where nothing can be known.
    """
    brand = name_brand(about)
    trust = rate_trust(about)
    if math.isnan(head.covered) or trust.word == UNKNOWN_TRUST:
        return f"It is not known how much of what people ask AI {_possessive(brand)} site answers."
    tenths = [round(10 * share) for share in (head.covered_low, head.covered, head.covered_high)]
    if trust.word != RELIABLE and tenths[0] != tenths[2]:
        share = f"between {percent(head.covered_low)} and {percent(head.covered_high)}"
    elif tenths[1] in (0, 10):
        share = "almost none" if tenths[1] == 0 else "almost all"
    else:
        share = f"about {tenths[1]} in 10"
    return f"{_possessive(brand)} site answers {share} of what people ask AI."


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def describe_estimate(analysis: Analysis) -> list[str]:
    """Return how much is covered, and how sure that is, in sentences without a command.

    They say that the level is an estimate where nobody has checked questions, and how many
    questions seem unanswered where that share is another.
    """
    if analysis.about.question_check:
        return [*describe_level(analysis)[:1], *_describe_questions(analysis)]
    checks = analysis.question_checks
    by_person = checks[checks["checked_by"] == PERSON]
    n = len(by_person) or min(_N_DRAWN, len(analysis.queries))
    word = rate_trust(analysis.about).word
    scope = f"{RELIABLE} is said of the gaps. " if word == RELIABLE else ""
    advice = (
        f"{scope}The level is an estimate that nobody has checked. {count(n, 'question')} to "
        f"check, about {_minutes(n)}, make it surer."
    )
    return [
        _describe_covered(analysis),
        *_describe_questions(analysis),
        *([advice] if n else []),
    ]


def _describe_questions(analysis: Analysis) -> list[str]:
    """Return how many questions seem unanswered, each by itself, and why the level is another."""
    gaps = list_gaps(analysis)
    n_questions = int(gaps["n_queries"].sum())
    if not n_questions:
        return []
    return [
        f"Counted one by one, as the list of gaps counts them, {int(gaps['n_open'].sum()):,} of "
        f"{count(n_questions, 'question')} seem unanswered. "
        "The share above counts a question as often as it is asked, and by how likely it is that "
        "your site answers it."
    ]


def describe_level(analysis: Analysis, folder: str | Path | None = None) -> list[str]:
    """Return how much is covered, a sentence or two a line; the first line is the most important.

    Without checks of people that is the interval, and how to know more. With them it is the share
    that they did not find answered, their choices, and what the run made of them. Verdicts of
    models are counted in lines of their own.

    Args:
        analysis: the run.
        folder: the run's folder, to name in commands; by default the one of the run's settings.
    """
    checks = analysis.question_checks
    by_person = checks[checks["checked_by"] == PERSON]
    n_filled = int(by_person["choice"].notna().sum())
    check = analysis.about.question_check
    if check:
        lines = [
            *_describe_check(check, by_person),
            _describe_covered(analysis),
            _describe_separation(check),
        ]
    else:
        lines = [f"{_describe_covered(analysis)} {_advise(analysis, by_person, folder)}".strip()]
    if n_filled != (check or {"n_checks": 0})["n_checks"]:
        lines += [] if check else describe_checks(by_person)
        lines.append(
            "Not all checks are in these figures. Run again to use them: coverage-kit run "
            "coverage.toml"
        )
    return [*lines, *describe_checks(checks[checks["checked_by"] != PERSON])]


def _describe_covered(analysis: Analysis) -> str:
    head = summarize(analysis)
    if math.isnan(head.covered):
        return "How much your site answers is unknown, as there is no question."
    # Runs of earlier versions hold only the intervals of single questions.
    kind = "90% interval" if analysis.about.covered else "ends of the questions' 90% intervals"
    return (
        f"Your site answers {between(head.covered_low, head.covered_high)} of what is asked "
        f"({kind}; estimate {percent(head.covered)})."
    )


def _advise(analysis: Analysis, drawn: QuestionChecks, folder: str | Path | None) -> str:
    """Return how to know more of the level; empty where nothing can be checked."""
    if drawn["choice"].notna().any() or not len(analysis.queries):
        return ""
    if len(drawn):
        return (
            f"Check the {count(len(drawn), 'drawn question')} (about {_minutes(len(drawn))}) to "
            "know more: fill in the workbook's sheet 'questions to check'."
        )
    n = min(_N_DRAWN, len(analysis.queries))
    return (
        f"Check {count(n, 'question')} (about {_minutes(n)}) to know more: "
        f"coverage-kit sample {name_run(analysis.about, folder)}"
    )


def _minutes(n: int) -> str:
    return count(max(1, round(_MINUTES * n)), "minute")


def name_run(about: About, folder: str | Path | None = None) -> str:
    """Return a run's folder as a shell reads it: this one, the one of its settings, or RUN."""
    return shlex.quote(clean_text(str(folder or about.settings.get("out") or "RUN")))


def _describe_check(check: dict[str, Any], checks: QuestionChecks) -> list[str]:
    """Return the share that people did not find answered, and how often they chose what."""
    alone = between(check["alone_low"], check["alone_high"])
    by_checks = f"; by the checks alone {alone}" if check["is_combined"] else ""
    counts = checks["choice"].value_counts()
    answered, partly, missing, foreign = (int(counts.get(choice, 0)) for choice in CHOICES)
    basis = (
        "The share also uses the tool's own coverage of the questions that nobody checked, because "
        "it agrees with the checks."
        if check["is_combined"]
        else "The share rests on the checks alone, because the tool's own coverage adds nothing."
    )
    return [
        f"{count(check['n_checks'], 'question')} checked by people: {percent(check['share'])} not "
        f"answered (90% interval {between(check['low'], check['high'])}{by_checks}). Coverage was "
        "set to the level that the checks show.",
        f"People chose: {answered:,} answered, {missing:,} not answered; {partly:,} partly (each "
        f"counts as half); {foreign:,} not our subject (each counts as not answered). {basis}",
    ]


def _describe_separation(check: dict[str, Any]) -> str:
    """Return how well coverage separated what people read as answered and as not answered."""
    if check["auc"] is None:
        return (
            "The checks do not show how well coverage separates questions: people found all of "
            "them answered, or none."
        )
    per_gap = f", {check['auc_gaps']:.2f} per gap" if check["auc_gaps"] is not None else ""
    return (
        f"On the checks, coverage separates answered from not answered with AUC {check['auc']:.2f} "
        f"(90% interval {check['auc_low']:.2f} to {check['auc_high']:.2f}){per_gap}."
    )
