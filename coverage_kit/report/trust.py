"""How far a run can be trusted, in sentences.

They describe the self-test, what every prediction depends on, and how a long log was sampled.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from coverage_kit.analysis import About
from coverage_kit.report.wording import CAUSES, describe_cause, percent

# The AUC per question under which coverage is not assessed, where there is none per gap. Assumed.
MIN_AUC = 0.70
# The AUC per gap under which coverage is not assessed. It is lower than MIN_AUC because this figure
# is biased low by construction: on public sets it was .03 to .30 under the truth.
MIN_AUC_GAPS = 0.60
# An interval of what is covered that is wider than this leaves the level open. Assumed.
_MAX_WIDTH = 0.30
# The encoder cannot read texts where the upper end of the retrievers' agreement is under the first,
# and the share of questions for which it names the right page under the second. On public sets: .06
# and .07 in Arabic, .29 and .33 in Chinese, .5 and .7 in German and Spanish (bundled encoder).
_HARDLY_AGREED = 0.15
_HARDLY_RIGHT = 0.2
# The cosine under which queries that were grouped as near-duplicates differ too much. Assumed.
_MIN_GROUP_SIMILARITY = 0.6
# What a reader is advised after a failed self-test, and without a self-test.
_UNRELIABLE = (
    "The tool cannot detect gaps well on this site with encoder {model}: read the ranking as a "
    "list of things to look at, not as findings. What to do: in coverage.toml, switch on a "
    "cross-encoder that reads each question with its nearest passages ([match] cross_encoder, for "
    "example cross-encoder/ms-marco-MiniLM-L6-v2), or name a stronger encoder ([match] encoder, "
    "for example BAAI/bge-base-en-v1.5); log answers with their citations; or read the nearest "
    "passages beside the questions before anything is written."
)
# What is added to a passed self-test without a figure per gap whose interval reaches below MIN_AUC.
_NEAR_MIN_AUC = (
    f" The interval reaches below {MIN_AUC:.2f}, under which gaps cannot be detected well: read a "
    "gap's nearest passages before anything is written."
)


# The three words for how far a run can be trusted.
RELIABLE = "Reliable"
CARE = "Use with care"
UNKNOWN_TRUST = "Not enough to tell"


@dataclass(frozen=True)
class Verdict:
    """How far a run can be trusted: Reliable, Use with care or Not enough to tell, and why."""

    word: str
    reason: str


def rate_trust(about: About) -> Verdict:
    """Return in a line how far a run can be trusted.

    The first of these rules that fits counts:

    1. *Not enough to tell* without a self-test, or where it failed (`is_coverage_reliable`).
    2. *Use with care* where the encoder cannot read these texts (`retrievers["meaning"]` is 0).
    3. *Use with care* where the 90% interval of what is covered is wider than 30 points. Runs of
       earlier versions do not hold that interval.
    4. *Reliable* otherwise.

    >>> rate_trust(About(self_test={"auc": 0.7, "auc_gaps": 0.72})).word
    'Reliable'
    """
    if not is_coverage_reliable(about):
        if not _can_read(about):
            reason = "The encoder cannot read these texts"
        elif about.self_test:
            reason = "The tool cannot detect gaps well on this site"
        else:
            reason = "The site or the log is too small to test how well gaps are detected"
        return Verdict(UNKNOWN_TRUST, f"{reason}: read the gaps as hints.")
    if not _can_read(about):
        return Verdict(CARE, "The encoder cannot read these texts: coverage rests on words alone.")
    covered = about.covered
    if covered and covered["high"] - covered["low"] > _MAX_WIDTH:
        return Verdict(
            CARE,
            "The order of the gaps can be used. How much is covered in all is open.",
        )
    return Verdict(RELIABLE, "With parts of your site hidden, the tool detected the gaps.")


def model_name(about: About) -> str:
    """Return the name of the encoder with which the run was made."""
    name = about.encoder or about.setting("match", "encoder")
    return str(name or "of unknown name")


def predicted_under(about: About) -> str:
    """Return the words that accompany every prediction.

    >>> predicted_under(About(encoder="minilm", self_test={"auc": 0.75, "auc_gaps": 0.812}))
    'predicted under model minilm, self-test AUC per gap 0.81'
    >>> predicted_under(About(encoder="minilm", self_test={"auc": 0.812}))
    'predicted under model minilm, self-test AUC 0.81'
    """
    test = about.self_test
    per_gap = _auc_per_gap(about)
    if per_gap is not None:
        figure = f"self-test AUC per gap {per_gap:.2f}"
    else:
        figure = f"self-test AUC {test['auc']:.2f}" if test else "without a self-test"
    return f"predicted under model {model_name(about)}, {figure}"


def is_coverage_reliable(about: About) -> bool:
    """Return whether the self-test's figure of the level shown reached its minimum.

    Gaps are shown, so that is the AUC per gap (MIN_AUC_GAPS); without it, the AUC per question
    (MIN_AUC).
    """
    per_gap = _auc_per_gap(about)
    if per_gap is not None:
        return per_gap >= MIN_AUC_GAPS
    return about.self_test is not None and float(about.self_test["auc"]) >= MIN_AUC


def _auc_per_gap(about: About) -> float | None:
    """Return the self-test's AUC per gap; None where there is none."""
    value = (about.self_test or {}).get("auc_gaps")
    return None if value is None or pd.isna(value) else float(value)


def _can_read(about: About) -> bool:
    """Return whether nothing shows that the encoder cannot read these texts.

    It cannot where its choice of pages hardly agrees with the choice by words, on enough questions,
    and where it is right on few of them.
    """
    retrievers = about.retrievers
    if retrievers is None:
        return True
    is_agreed = retrievers.get("high", 1.0 if retrievers["meaning"] else 0.0) >= _HARDLY_AGREED
    return is_agreed or retrievers["meaning"] >= _HARDLY_RIGHT


def describe_self_test(about: About) -> str:
    """Return the self-test in words, what coverage assumes, and what to do after a failed test."""
    test = about.self_test
    parts = (
        _describe_figures(test)
        if test
        else ["No self-test could be made: too little of the site could be hidden and asked for."]
    )
    if not is_coverage_reliable(about):
        parts.append(_UNRELIABLE.format(model=model_name(about)))
    elif _auc_per_gap(about) is None and (test or {}).get("low", MIN_AUC) < MIN_AUC:
        parts.append(_NEAR_MIN_AUC.strip())
    parts += [describe_reading(about), _describe_assumption(about)]
    return " ".join(filter(None, parts))


def _describe_figures(test: dict[str, Any]) -> list[str]:
    """Return what was hidden, how well it was detected, and how to read these figures."""
    has_interval = {"low", "high"} <= test.keys()
    has_error = test.get("ece") is not None
    per_gap = test.get("auc_gaps")
    has_gaps = per_gap is not None and not pd.isna(per_gap)
    interval = f" (90% interval {test['low']:.2f} to {test['high']:.2f})" if has_interval else ""
    error = f", with a calibration error of {test['ece']:.2f}" if has_error else ""
    # Without citations in the log the test hides single passages, and `auc_pages` is the AUC for
    # whole pages. With citations it hides topics, and both figures are the same.
    auc_pages = test.get("auc_pages", test["auc"])
    certainty = test.get("certainty")
    is_by_topic = auc_pages == test["auc"] if certainty is None else certainty == 1
    figures = f"AUC {test['auc']:.2f}{interval}{' per question' if has_gaps else ''}{error}"
    parts = [
        f"Self-test: the tool hid {'topics' if is_by_topic else 'single passages'} of your site, "
        "and separated the questions that only they answered from the others with "
        f"{figures}{f', and AUC {per_gap:.2f} per gap' if has_gaps else ''}.",
        "0.5 is guessing, 1 is perfect.",
    ]
    parts += list(filter(None, [describe_bias(test)]))
    if not is_by_topic and not pd.isna(auc_pages) and auc_pages > test["auc"]:
        parts.append(
            f"With whole pages hidden it was {auc_pages:.2f}: a missing page is easier to detect "
            "than a missing paragraph."
        )
    return parts


def describe_bias(test: dict[str, Any]) -> str:
    """Return on which side the self-test's figures err, and why.

    Empty where citations show which pages answer, and for older runs: nothing is known of it there.

    >>> describe_bias({"auc": 0.7, "auc_gaps": 0.75, "certainty": 0.9})[:59]
    'Both figures are biased low: real figures are mostly higher'
    """
    certainty = test.get("certainty")
    if certainty is None or certainty >= 1:
        return ""
    return (
        "Both figures are biased low: real figures are mostly higher. They count only as far as "
        f"two independent searches, by meaning and by words, agree ({percent(certainty)})."
    )


def describe_reading(about: About) -> str:
    """Return that the encoder cannot read these texts, and the cure; empty where it can."""
    if _can_read(about):
        return ""
    return (
        f"The encoder {model_name(about)} cannot read these texts: its choice of pages hardly "
        "ever agrees with the choice by words. So coverage rests on words alone. The "
        "cure is a stronger encoder, or one for the language of your site: [match] encoder, for "
        "example intfloat/multilingual-e5-small."
    )


def _describe_assumption(about: About) -> str:
    """Return which share of questions without an answer coverage assumes.

    Empty for older runs, and where people's checks have set the level.
    """
    share = about.unanswered_share
    if share is None or about.question_check:
        return ""
    if about.setting("match", "unanswered_share"):
        return (
            "Coverage rests on the share of questions without an answer here that was given: "
            f"{percent(share)}."
        )
    return (
        f"Coverage rests on an estimate that {percent(share)} of questions have no answer here. "
        "Checked questions replace it; if you know the share already, set match.unanswered_share "
        "(docs/howto/not_assessed.md)."
    )


def describe_stability(about: About) -> str:
    """Return how far the gaps depend on single questions; empty where that was not measured.

    >>> describe_stability(About(clustering={"pairs_kept": 0.83}))
    'Without a fifth of the log, 8 of 10 pairs of questions of one topic stay together.'
    """
    kept = about.clustering.get("pairs_kept")
    if kept is None:
        return ""
    return (
        f"Without a fifth of the log, {10 * kept:.0f} of 10 pairs of questions of one topic stay "
        "together."
    )


def describe_not_assessed(about: About) -> str:
    """Return which causes the log cannot show, and why; '' where it can show all.

    >>> describe_not_assessed(About(causes_not_assessed={"not cited": "No citations."}))
    'Causes that this log cannot show: “Answered, but not cited” (no citations).'
    """
    titles: dict[str, list[str]] = {}
    # In the order of the vocabulary: a run that was saved has them by name.
    for cause in CAUSES:
        reason = about.causes_not_assessed.get(cause)
        if reason is None:
            continue
        titles.setdefault(reason, []).append(f"“{describe_cause(cause).title}”")
    parts = [
        f"{', '.join(causes)} ({reason[:1].lower()}{reason[1:].rstrip('.')})"
        for reason, causes in titles.items()
    ]
    return f"Causes that this log cannot show: {'; '.join(parts)}." if parts else ""


def describe_same(about: About) -> str:
    """Return which earlier run gave the same figures as this run; empty where the figures are new.

    >>> describe_same(About(same_as="2026-11-29T18:02:33+00:00"))
    'This run found the same as the run of 2026-11-29 18:02'
    """
    at = str(about.same_as or "")[:16].replace("T", " ")
    return f"This run found the same as the run of {at}" if at else ""


def describe_sampling(about: About, groups: pd.DataFrame) -> list[str]:
    """Return what a very long log was cut down to, one sentence each; mostly none.

    Queries are grouped where there are too many, and answers are sampled.
    """
    lines = []
    if len(groups):
        is_joined = groups["query_id"] != groups["group_id"]
        min_similarity = groups.loc[is_joined, "similarity"].min()
        warning = (
            " Under .6 unlike queries are joined: raise match.max_queries."
            if min_similarity < _MIN_GROUP_SIMILARITY
            else ""
        )
        lines.append(
            f"{len(groups):,} distinct queries in {groups['group_id'].nunique():,} groups; those "
            f"joined have a cosine of {min_similarity:.2f} or more with the one that is read."
            f"{warning}"
        )
    share = about.share_of_answers_kept
    if share < 1:
        lines.append(
            f"Of {about.n_answers_read:,} answers a sample of {share:.1%} is kept; all are counted."
        )
    return lines
