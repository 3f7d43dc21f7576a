"""The lists of topics in sentences: how the gaps are ordered, and what is not among them."""

from pathlib import Path
from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report.gap_lists import count_rest, list_gaps
from coverage_kit.report.level import describe_level
from coverage_kit.report.wording import (
    GAP_ORDER,
    count,
    describe_cause,
    describe_open,
    percent,
    times,
)
from coverage_kit.vocabulary import COVERED, TO_CLOSE, UNSEEN

# Topics that are named where no gap is listed. Assumed: they fit in a sentence or two.
_MAX_EVIDENCE = 3


def describe_lists(analysis: Analysis, folder: str | Path | None = None) -> list[str]:
    """Return the rule of the gaps' order, or what to do where none is listed; then other lists.

    `folder` is the run's folder, to name in commands; by default the one of the run's settings.
    """
    gaps = list_gaps(analysis)
    is_listed = TO_CLOSE in set(gaps["listing"])
    n_unseen = int((gaps["listing"] == UNSEEN).sum())
    lines = [
        GAP_ORDER if is_listed else describe_no_gaps(analysis, folder),
        f"{count(n_unseen, 'topic')} answered, but not seen." if n_unseen else "",
        f"{count_rest(gaps)}." if count_rest(gaps) else "",
    ]
    return [line for line in lines if line]


def describe_gap(row: dict[Any, Any]) -> str:
    """Return a gap in a line: name, unanswered questions, how often asked, likelihood and cause.

    `row` is a row of `list_gaps`.
    """
    facts = [
        describe_open(row["n_open"], row["n_queries"]),
        f"asked {times(row['demand'])}",
        row["likelihood"],
    ]
    cause = describe_cause(str(row["cause"])).title.lower()
    return f"{row['label']}: {', '.join(filter(None, facts))}; {cause}"


def describe_no_gaps(analysis: Analysis, folder: str | Path | None = None) -> str:
    """Return what to say where no gap is listed: the strongest evidence of one, and what to do.

    Says how much is covered in all, and how to know more (`describe_level`).
    """
    gaps = list_gaps(analysis)
    weakest = gaps[gaps["listing"].isin([COVERED, UNSEEN])].nlargest(_MAX_EVIDENCE, "severity")
    if weakest.empty:
        return "No topic of questions was found." if gaps.empty else "No topic is listed as a gap."
    evidence = "; ".join(
        f"{row['label']} ({describe_open(row['n_open'], row['n_queries'])}, "
        f"severity {percent(row['severity'])})"
        for row in weakest.to_dict("records")
    )
    return (
        "No topic is listed as a gap, but single questions may be unanswered. Strongest evidence: "
        f"{evidence}. {describe_level(analysis, folder)[0]}"
    )
