"""Why there is a gap: one rule, used for a single query and for a pooled cluster alike (docs/method.md, causes)."""

import numpy as np
import pandas as pd

from coverage_kit.tables import Coverage, Evidence, Queries, checked

COVERED = "covered"
CONTENT_CAUSES = ("missing", "mis-worded")
VISIBILITY_CAUSES = (
    "not retrieved",
    "retrieved but not cited",
    "not cited",
    "cited but not mentioned",
)
LOST_CAUSES = ("unwinnable", "out of scope")

THIRD_PARTY_SHARE = 0.8
SELDOM = 0.25
_LEAST_DEMAND = 1e-3


def gather_facts(evidence: Evidence, coverage: Coverage, rates: pd.DataFrame) -> pd.DataFrame:
    """Return one row a query with what the causes are told from: coverage, evidence as percentiles, outcomes of answers."""
    facts = evidence.set_index("query_id")[
        ["own_best", "on_subject", "margin", "answer_support"]
    ].copy()
    facts["coverage"] = coverage.set_index("query_id")["coverage"]
    facts["limit"] = _gap_limit(facts["coverage"])
    facts["is_far"] = (facts["on_subject"] < _far_limit(facts)).astype(float)
    facts["support_ahead"] = _percentile(facts["answer_support"]) - _percentile(facts["own_best"])
    return facts.join(rates)


def demand_weights(queries: Queries) -> "pd.Series[float]":
    """Return the weight of each query (by query_id): its demand, at least a trace, so that a query of demand 0 still counts."""
    return queries.set_index("query_id")["demand"].clip(lower=_LEAST_DEMAND)


def pool_facts(facts: pd.DataFrame, queries: Queries, cluster_of: "pd.Series[str]") -> pd.DataFrame:
    """Return the facts of clusters: demand-weighted means of their queries', missing values left out."""
    demand = demand_weights(queries).reindex(facts.index)
    keys = cluster_of.reindex(facts.index)
    numeric = facts.astype(float)
    weights = numeric.notna().mul(demand, axis=0)
    total = numeric.mul(demand, axis=0).groupby(keys).sum()
    return total / weights.groupby(keys).sum().replace(0.0, np.nan)


def name_causes(facts: pd.DataFrame) -> "pd.Series[str]":
    """Return the cause for each row of facts (of queries or of pooled clusters); 'covered' where there is no gap.

    Order matters: what cannot be won comes before what could be written, and content before
    visibility.
    """
    answered = facts["n_answers"].fillna(0) > 0
    cited_by_none = answered & (facts["cited"].fillna(0) < SELDOM)
    is_retrieved = facts["retrieved"] >= 0.5
    gap = facts["coverage"] < facts["limit"]
    rules: list[tuple[str, pd.Series[bool]]] = [
        (
            "out of scope",
            gap
            & (facts["is_far"] > 0.5)
            & ~(answered & (facts["third_party"] < THIRD_PARTY_SHARE)),
        ),
        ("unwinnable", answered & (facts["searched"] < 0.5)),
        (
            "unwinnable",
            cited_by_none & (facts["third_party"] >= THIRD_PARTY_SHARE) & ~is_retrieved,
        ),
        ("mis-worded", gap & (facts["support_ahead"] > SELDOM)),
        ("missing", gap),
        ("retrieved but not cited", cited_by_none & is_retrieved),
        ("not retrieved", cited_by_none & (facts["has_retrieved"] > 0)),
        ("not cited", cited_by_none),  # the log does not say what was retrieved
        (
            "cited but not mentioned",
            answered & (facts["cited"] >= 0.5) & (facts["mentioned"] < SELDOM),
        ),
    ]
    names = np.select(
        [np.asarray(test, dtype=bool) for _, test in rules],
        [name for name, _ in rules],
        default=COVERED,
    )
    return pd.Series(names, index=facts.index, dtype="str")


@checked
def explain_coverage(coverage: Coverage, facts: pd.DataFrame) -> Coverage:
    """Return the coverage table with the cause of each query's gap."""
    causes = name_causes(facts).reindex(coverage["query_id"])
    return coverage.assign(cause=causes.to_numpy()).astype({"cause": "str"})


def _gap_limit(coverage: "pd.Series[float]") -> float:
    """Return the coverage under which a query is called a gap: one half, or more where that would call too few gaps.

    Where evidence is weak, every coverage lies near the log's mean and none under one half. As many
    queries are called gaps as their calibrated coverages add up to.
    """
    return (
        max(0.5, float(coverage.quantile(float((1 - coverage).mean())))) if len(coverage) else 0.5
    )


def _far_limit(facts: pd.DataFrame) -> float:
    """Return the nearness to the subject that 95% of the covered queries reach: what lies under it is off topic."""
    covered = facts.loc[facts["coverage"] >= 0.5, "on_subject"]
    return float(covered.quantile(0.05)) if len(covered) >= 20 else -1.0


def _percentile(values: "pd.Series[float]") -> "pd.Series[float]":
    return values.rank(pct=True)
