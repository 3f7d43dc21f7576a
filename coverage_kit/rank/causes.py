"""Why there is a gap: the same rule for a query and for a cluster (docs/method.md, Causes)."""

import numpy as np
import pandas as pd

from coverage_kit.tables import Coverage, Evidence, Queries, checked
from coverage_kit.vocabulary import COVERED, Cause

# The thresholds of this module are plain choices (assumed; docs/method.md, Causes).
# From this share of citations on, answers cite third parties: neither the site nor a competitor.
MIN_THIRD_PARTY_SHARE = 0.8
# A site is seldom cited, and a brand seldom named, under this share of the answers.
SELDOM_RATE = 0.25
# A site "supports answers better than it matches the question" if its percentile of the one is
# ahead of its percentile of the other by this much, a quarter of all ranks.
MIN_SUPPORT_LEAD = 0.25
# Most of a query's answers, or of a cluster's queries.
_HALF = 0.5
# The demand of a query that the log gives no demand: it still counts with a trace (assumed).
_MIN_DEMAND = 1e-3
# 95% of the covered queries are taken to be on topic (docs/method.md, Causes), if there are at
# least 20 of them: with fewer, a 5th percentile means little (assumed).
_OFF_TOPIC_QUANTILE = 0.05
_MIN_COVERED_QUERIES = 20
# No cosine is under this, so nothing is off topic.
_NO_LIMIT = -1.0


def gather_facts(evidence: Evidence, coverage: Coverage, rates: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each query with the facts that its cause depends on.

    These are coverage, evidence as percentiles, and the outcomes of answers (`rates`).
    """
    facts = evidence.set_index("query_id")[
        ["own_best", "on_subject", "margin", "answer_support"]
    ].copy()
    facts["coverage"] = coverage.set_index("query_id")["coverage"]
    facts["limit"] = _gap_limit(facts["coverage"])
    facts["even_coverage"] = coverage.set_index("query_id")["even_coverage"]
    facts["is_far"] = (facts["on_subject"] < _on_topic_limit(facts)).astype(float)
    facts["support_ahead"] = _percentile(facts["answer_support"]) - _percentile(facts["own_best"])
    return facts.join(rates)


def demand_weights(queries: Queries) -> "pd.Series[float]":
    """Return the weight of each query (by query_id): its demand, or a trace where it has none."""
    return queries.set_index("query_id")["demand"].clip(lower=_MIN_DEMAND)


def pool_facts(facts: pd.DataFrame, queries: Queries, cluster_of: "pd.Series[str]") -> pd.DataFrame:
    """Return the facts of clusters: demand-weighted means over their queries.

    Missing values are left out of a mean.
    """
    demand = demand_weights(queries).reindex(facts.index)
    keys = cluster_of.reindex(facts.index)
    numeric = facts.astype(float)
    weights = numeric.notna().mul(demand, axis=0)
    total = numeric.mul(demand, axis=0).groupby(keys).sum()
    return total / weights.groupby(keys).sum().replace(0.0, np.nan)


def name_causes(facts: pd.DataFrame) -> "pd.Series[str]":
    """Return the cause for each row of facts, of queries or of pooled clusters.

    The cause is 'covered' where there is no gap. The order of the rules matters: what cannot be won
    comes before what could be written, and content before visibility.
    """
    # Comparisons with a missing value are False, so a rule does not apply where the log lacks it.
    is_answered = facts["n_answers"].fillna(0) > 0
    is_seldom_cited = is_answered & (facts["cited"].fillna(0) < SELDOM_RATE)
    is_retrieved = facts["retrieved"] >= _HALF
    is_third_party = facts["third_party"] >= MIN_THIRD_PARTY_SHARE
    # Not the opposite of the line above: both are False where the share is missing.
    is_first_party = facts["third_party"] < MIN_THIRD_PARTY_SHARE
    is_gap = is_unanswered(facts)
    is_off_topic = facts["is_far"] > _HALF
    rules: list[tuple[Cause, pd.Series[bool]]] = [
        ("out of scope", is_gap & is_off_topic & ~(is_answered & is_first_party)),
        ("unwinnable", is_answered & (facts["searched"] < _HALF)),
        ("unwinnable", is_seldom_cited & is_third_party & ~is_retrieved),
        ("mis-worded", is_gap & (facts["support_ahead"] > MIN_SUPPORT_LEAD)),
        ("missing", is_gap),
        ("retrieved but not cited", is_seldom_cited & is_retrieved),
        ("not retrieved", is_seldom_cited & (facts["has_retrieved"] > 0)),
        # The log does not say what was retrieved.
        ("not cited", is_seldom_cited),
        (
            "cited but not mentioned",
            is_answered & (facts["cited"] >= _HALF) & (facts["mentioned"] < SELDOM_RATE),
        ),
    ]
    causes = np.select(
        [np.asarray(applies, dtype=bool) for _, applies in rules],
        [cause for cause, _ in rules],
        default=COVERED,
    )
    return pd.Series(causes, index=facts.index, dtype="str")


@checked
def explain_coverage(coverage: Coverage, facts: pd.DataFrame) -> Coverage:
    """Return the coverage table with the cause of each query's gap."""
    causes = name_causes(facts).reindex(coverage["query_id"])
    return coverage.assign(cause=causes.to_numpy()).astype({"cause": "str"})


def is_unanswered(facts: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each question, or pooled cluster, is likely unanswered.

    It is where its coverage is under the limit, or where the evidence speaks against an answer
    whatever share of the log is assumed to be unanswered.
    """
    return (facts["coverage"] < facts["limit"]) | (facts["even_coverage"] < _HALF)


def _gap_limit(coverage: "pd.Series[float]") -> float:
    """Return the coverage under which a query is called a gap: one half, or more.

    Where evidence is weak, every coverage lies near the log's mean, and none under one half. The
    limit is higher there: as many queries are called gaps as their calibrated coverages add up to.
    """
    if not len(coverage):
        return _HALF
    expected_gap_share = float((1 - coverage).mean())
    return max(_HALF, float(coverage.quantile(expected_gap_share)))


def _on_topic_limit(facts: pd.DataFrame) -> float:
    """Return the nearness to the site's subject under which a query is off topic.

    95% of the covered queries reach it.
    """
    covered = facts.loc[facts["coverage"] >= _HALF, "on_subject"]
    if len(covered) < _MIN_COVERED_QUERIES:
        return _NO_LIMIT
    return float(covered.quantile(_OFF_TOPIC_QUANTILE))


def _percentile(values: "pd.Series[float]") -> "pd.Series[float]":
    return values.rank(pct=True)
