"""Gaps: clusters of queries with their severity and demand, their cause, and the order of work."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.rank.causes import (
    demand_weights,
    give_reason,
    name_cluster_causes,
)
from coverage_kit.tables import (
    GAPS,
    Clusters,
    Coverage,
    Gaps,
    Labels,
    Matches,
    Queries,
    checked,
)
from coverage_kit.tables.answered import find_unanswered
from coverage_kit.tables.asked import kind_of_sum, origin_of_sum
from coverage_kit.vocabulary import (
    ESTIMATED,
    LISTING_OF_CAUSE,
    LOST_CAUSES,
    UNSEEN,
    Likelihood,
    Listing,
)

# Each cluster gets this many queries with the log's mean, so that the severity of small clusters
# is drawn to that mean (docs/method.md, Gaps; the number is assumed).
_PSEUDO_QUERIES = 1.0
# A gap is likely where the lower end of the interval of its severity reaches this share, possible
# where the upper end does: most of what is asked is then unanswered. Assumed.
_MOST = 0.5
_LIKELIHOODS: tuple[Likelihood, ...] = get_args(Likelihood)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClusterFacts:
    """What is known of each cluster, by cluster_id.

    Attributes:
        pooled: the facts of its queries, pooled (`pool_facts`).
        nearest: own_passage_id and best_other_passage_id (`nearest_to_clusters`), with any further
            columns of table `gaps`.
    """

    pooled: pd.DataFrame
    nearest: pd.DataFrame


@checked
def rank_gaps(  # noqa: PLR0913 (a table for each side of a gap)
    queries: Queries,
    coverage: Coverage,
    draws: Floats,
    clusters: Clusters,
    labels: Labels,
    facts: ClusterFacts,
    seed: int = 0,
) -> Gaps:
    """Return one row for each cluster, in the order of the work.

    Severity is sum w (1 - c) / sum w over the cluster's queries, with one pseudo-query of the log's
    mean added (small clusters shrink); its interval is a bootstrap over queries and calibrations.
    Severity and demand are never multiplied. The lists follow each other: what content can close,
    what is covered and not seen, what is covered, what cannot be won. The order within a list is
    one rule: likely gaps first, then possible, then unlikely ones; within each those whose demand
    was measured, and the most asked first.

    Args:
        queries: the queries.
        coverage: their coverage, explained (`explain_coverage`).
        draws: coverage under each calibration, shape (1 + bootstraps, n queries), in the order of
            `coverage`.
        clusters: their clusters.
        labels: the clusters' names.
        facts: what is known of each cluster.
        seed: seed of the bootstrap.
    """
    frame = coverage.merge(queries, on="query_id").merge(clusters, on="query_id")
    if frame.empty:
        return GAPS.empty()
    row_of = pd.Series(np.arange(len(coverage)), index=coverage["query_id"])
    frame["row"] = row_of.loc[frame["query_id"]].to_numpy()
    frame["weight"] = demand_weights(queries).loc[frame["query_id"]].to_numpy()
    frame["is_open"] = frame["query_id"].map(find_unanswered(coverage)).astype(bool)
    labelled = _sized_clusters(frame, draws, seed).merge(labels, on="cluster_id")
    gaps = labelled.set_index("cluster_id").join(facts.nearest)
    pooled = facts.pooled.reindex(gaps.index)
    if "pairs_kept" in gaps:
        pooled = pooled.assign(pairs_kept=gaps["pairs_kept"])
    gaps["cause"] = name_cluster_causes(pooled, gaps["severity"])
    # One weighting for all figures: a reader adds coverage and severity up to 100%.
    pooled = pooled.assign(coverage=1 - gaps["severity"])
    gaps["reason"] = [
        give_reason(pooled.loc[cluster_id], str(gaps.loc[cluster_id, "cause"]))
        for cluster_id in gaps.index
    ]
    gaps["citation_rate"] = pooled["cited"]
    gaps["is_closable"] = ~gaps["cause"].isin(LOST_CAUSES)
    gaps["listing"] = gaps["cause"].map(LISTING_OF_CAUSE)
    gaps["likelihood"] = np.select(
        [gaps["low"] >= _MOST, gaps["high"] >= _MOST], _LIKELIHOODS[:2], _LIKELIHOODS[2]
    )
    return GAPS.typed(order_gaps(gaps.reset_index()))


def _sized_clusters(frame: pd.DataFrame, draws: Floats, seed: int) -> pd.DataFrame:
    """Return by cluster its queries and their demand, all and unanswered, and its severity."""
    mean_gap = float(np.average(1 - frame["coverage"], weights=frame["weight"]))
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {
                "cluster_id": cluster_id,
                "theme_id": group["theme_id"].iloc[0],
                "n_queries": len(group),
                "demand": float(group["demand"].sum()),
                "demand_kind": kind_of_sum(group),
                "origin": origin_of_sum(group),
                "n_open": int(group["is_open"].sum()),
                "open_demand": float(group.loc[group["is_open"], "demand"].sum()),
                **_severity(group, draws, mean_gap, rng),
            }
            for cluster_id, group in frame.groupby("cluster_id", sort=True)
        ]
    )


def _severity(
    group: pd.DataFrame,
    draws: Floats,
    mean_gap: float,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return a cluster's severity with its 90% interval."""
    n_queries = len(group)
    demand = group["weight"].to_numpy(np.float64)
    missing = 1 - draws[:, group["row"].to_numpy()]
    pseudo_demand = _PSEUDO_QUERIES * demand.mean()
    pseudo_gap = pseudo_demand * mean_gap
    estimate = (missing[0] @ demand + pseudo_gap) / (demand.sum() + pseudo_demand)
    # Each draw of the calibration is paired with a resample of the queries and the pseudo-query:
    # otherwise nothing would vary where a cluster is a single query.
    n_drawn = n_queries + 1
    counts = rng.multinomial(n_drawn, np.full(n_drawn, 1 / n_drawn), size=len(draws))
    weights = counts * np.r_[demand, pseudo_demand]
    gaps = np.column_stack([missing, np.full(len(draws), mean_gap)])
    sampled = (gaps * weights).sum(axis=1) / weights.sum(axis=1)
    low, high = np.quantile(sampled, [0.05, 0.95])
    return {
        "severity": float(estimate),
        "low": float(min(low, estimate)),
        "high": float(max(high, estimate)),
    }


def nearest_to_clusters(
    matches: Matches, queries: Queries, clusters: Clusters, own_site: str
) -> pd.DataFrame:
    """Return for each cluster the nearest passage of the site and of another site.

    The nearest passage has the largest demand-weighted sum of similarities. Columns own_passage_id
    and best_other_passage_id, indexed by cluster_id.
    """
    joined = matches.merge(clusters, on="query_id")
    joined["score"] = joined["query_id"].map(demand_weights(queries)) * joined["similarity"]
    is_own = joined["site"] == own_site
    nearest = {
        "own_passage_id": _highest_passage(joined[is_own]),
        "best_other_passage_id": _highest_passage(joined[~is_own]),
    }
    return pd.DataFrame(
        nearest,
        index=pd.Index(sorted(clusters["cluster_id"].unique()), name="cluster_id"),
    )


def _highest_passage(scored: pd.DataFrame) -> "pd.Series[str]":
    """Return by cluster_id the passage with the highest sum of `score`; ties by passage id."""
    sums = scored.groupby(["cluster_id", "passage_id"])["score"].sum().reset_index()
    ordered = sums.sort_values(["cluster_id", "score", "passage_id"], ascending=[True, False, True])
    return ordered.drop_duplicates("cluster_id").set_index("cluster_id")["passage_id"]


def order_gaps(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps with their rank: by list, then by likelihood, then by demand.

    Measured demand comes before estimated. What answers do not see is ordered by demand alone.
    """
    listings = get_args(Listing)
    likelihood = gaps["likelihood"].map(_LIKELIHOODS.index)
    order = np.lexsort(
        (
            gaps["cluster_id"],
            -gaps["demand"],
            gaps["demand_kind"] == ESTIMATED,
            np.where(gaps["listing"] == UNSEEN, 0, likelihood),
            gaps["listing"].map(listings.index),
        )
    )
    ordered = gaps.iloc[order].reset_index(drop=True)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))
