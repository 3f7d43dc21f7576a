"""Which questions seem unanswered: one rule for causes, gaps, the map and every list."""

import pandas as pd

from coverage_kit.tables.matched import Coverage

# A question is as likely answered as not.
_HALF = 0.5


def gap_limit(coverage: "pd.Series[float]") -> float:
    """Return the coverage under which a query is called a gap: one half, or more.

    Where evidence is weak, every coverage lies near the log's mean, and none under one half. The
    limit is higher there: as many queries are called gaps as their calibrated coverages add up to.
    """
    if not len(coverage):
        return _HALF
    expected_gap_share = float((1 - coverage).mean())
    return max(_HALF, float(coverage.quantile(expected_gap_share)))


def is_unanswered(facts: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each question, or pooled cluster, is likely unanswered.

    It is where its coverage is under the limit, or where the evidence speaks against an answer
    whatever share of the log is assumed to be unanswered. `facts` has coverage, limit and
    even_coverage, of which none is unanswered where it is missing.
    """
    return (facts["coverage"] < facts["limit"]) | (facts["even_coverage"] < _HALF)


def find_unanswered(coverage: Coverage) -> "pd.Series[bool]":
    """Return whether each query of a run is likely unanswered, by query_id."""
    facts = coverage.set_index("query_id")
    return is_unanswered(facts.assign(limit=gap_limit(facts["coverage"])))
