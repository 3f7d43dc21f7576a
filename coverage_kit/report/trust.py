"""How far a run can be trusted, in sentences: the self-test, what every prediction rests on, what was sampled."""

from typing import Any

import pandas as pd

from coverage_kit.report.wording import percent

LEAST_AUC = 0.70
_LEAST_ALIKE = 0.6
CANNOT_TELL = (
    "Coverage cannot be told well on this site with encoder {model}: read the ranking as a list of things to look at, not as "
    "findings. What to do, in coverage.toml: switch on a cross-encoder that reads each question with its nearest passages "
    "([match] cross_encoder, for example cross-encoder/ms-marco-MiniLM-L6-v2), or name a stronger encoder ([match] encoder, "
    "for example BAAI/bge-base-en-v1.5); log answers with their citations; or let somebody read the nearest passages beside "
    "the queries before anything is written."
)
_NEAR_LEAST = (
    f" The interval reaches below {LEAST_AUC:.2f}, under which coverage cannot be told: read a gap's nearest passages before "
    "anything is written."
)


def model_name(about: dict[str, Any]) -> str:
    """Return the name of the encoder with which the run was made."""
    named = about.get("encoder") or about.get("settings", {}).get("match", {}).get("encoder")
    return str(named or "of unknown name")


def predicted_under(about: dict[str, Any]) -> str:
    """Return the words that stand beside every prediction.

    >>> predicted_under({"encoder": "minilm", "self_test": {"auc": 0.812}})
    'predicted under model minilm, self-test AUC 0.81'
    """
    test = about.get("self_test")
    figure = f"self-test AUC {test['auc']:.2f}" if test else "without a self-test"
    return f"predicted under model {model_name(about)}, {figure}"


def can_tell_coverage(about: dict[str, Any]) -> bool:
    """Return whether the self-test was made and reached the least AUC at which coverage is worth reading."""
    test = about.get("self_test")
    return test is not None and float(test["auc"]) >= LEAST_AUC


def describe_self_test(about: dict[str, Any]) -> str:
    """Return the self-test in words, what coverage assumes, and what to do where the test was not passed."""
    test = about.get("self_test")
    if not test:
        reason = (
            "No self-test could be made: too little of the site could be hidden and asked for. "
        )
        return f"{reason}{CANNOT_TELL.format(model=model_name(about))}{_describe_assumed(about)}"
    interval = (
        f" (90% interval {test['low']:.2f} to {test['high']:.2f})"
        if {"low", "high"} <= test.keys()
        else ""
    )
    error = (
        f", with a calibration error of {test['ece']:.2f}" if test.get("ece") is not None else ""
    )
    pages = test.get("auc_pages", test["auc"])
    hidden = "topics" if pages == test["auc"] else "single passages"
    told = (
        f"Self-test: with {hidden} of the own site hidden, questions that only they answered were told from the rest with AUC "
        f"{test['auc']:.2f}{interval}{error}. 0.5 is guessing, 1 is perfect; real gaps can be harder."
    )
    if hidden != "topics" and pages == pages:
        told += f" With whole pages hidden it was {pages:.2f}: a missing page shows better than a missing paragraph."
    if not can_tell_coverage(about):
        return f"{told} {CANNOT_TELL.format(model=model_name(about))}{_describe_assumed(about)}"
    is_near = test.get("low", LEAST_AUC) < LEAST_AUC
    return f"{told}{_NEAR_LEAST if is_near else ''}{_describe_assumed(about)}"


def _describe_assumed(about: dict[str, Any]) -> str:
    """Return which share of questions without an answer coverage rests on; nothing where the run does not tell."""
    if (share := about.get("unanswered_share")) is None:
        return ""
    if about.get("settings", {}).get("match", {}).get("unanswered_share"):
        return f" Coverage rests on the share of questions without an answer here that was given: {percent(share)}."
    return (
        f" Coverage rests on an estimate that {percent(share)} of questions have no answer here; settle it with "
        "match.unanswered_share if you know better (docs/howto/not_assessed.md)."
    )


def describe_same(about: dict[str, Any]) -> str:
    """Return with which earlier run this one agrees in all that it found; nothing where it found something else.

    >>> describe_same({"same_as": "2026-11-29T18:02:33+00:00"})
    'This run found the same as the run of 2026-11-29 18:02'
    """
    at = str(about.get("same_as") or "")[:16].replace("T", " ")
    return f"This run found the same as the run of {at}" if at else ""


def describe_sampling(about: dict[str, Any], groups: pd.DataFrame) -> list[str]:
    """Return what a very long log was cut down to, a sentence each: groups of queries, a sample of answers; mostly none."""
    lines = []
    if len(groups):
        least = groups.loc[groups["query_id"] != groups["group_id"], "similarity"].min()
        told = f"{len(groups):,} distinct queries in {groups['group_id'].nunique():,} groups; those joined have a cosine of "
        warning = (
            " Under .6 unlike queries are joined: raise match.max_queries."
            if least < _LEAST_ALIKE
            else ""
        )
        lines.append(f"{told}{least:.2f} or more with the one that is read.{warning}")
    if (share := about.get("share_of_answers_kept", 1.0)) < 1:
        lines.append(
            f"Of {about['n_answers_read']:,} answers a sample of {share:.1%} is kept; all are counted."
        )
    return lines
