"""Gaps: clusters of queries with severity and demand side by side, their cause, and the order of the work."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.rank.causes import (
    CONTENT_CAUSES,
    COVERED,
    LOST_CAUSES,
    VISIBILITY_CAUSES,
    demand_weights,
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

_PSEUDO_QUERIES = 1.0
_PAGE_PASSAGES = 20
_PAGE_LEVEL = 0.05
_ORDER = {
    **dict.fromkeys(CONTENT_CAUSES, 0),
    **dict.fromkeys(VISIBILITY_CAUSES, 1),
    "cited but not mentioned": 2,
    COVERED: 2,
    **dict.fromkeys(LOST_CAUSES, 3),
}

Floats = npt.NDArray[np.float64]


@checked
def rank_gaps(
    queries: Queries,
    coverage: Coverage,
    draws: Floats,
    clusters: Clusters,
    labels: Labels,
    facts: pd.DataFrame,
    nearest: pd.DataFrame,
    seed: int = 0,
) -> Gaps:
    """Return one row a cluster, in the order of the work.

    Severity is sum w (1 - c) / sum w over the cluster's queries, with one pseudo-query of the log's
    mean added (small clusters shrink); its interval is a bootstrap over queries and calibrations.
    Severity and demand are never multiplied. Order: gaps that content can close, by severity; then
    what is covered but not cited, by the share of answers that cite others; then what is covered,
    by severity; then what cannot be won; ties by demand.

    Args:
        queries: the queries.
        coverage: their coverage, explained (`explain_coverage`).
        draws: coverage under each calibration, shape (1 + bootstraps, n queries), in the order of
            `coverage`.
        clusters: their clusters.
        labels: the clusters' names.
        facts: pooled facts by cluster_id (`pool_facts`).
        nearest: own_passage_id and best_other_passage_id by cluster_id (`nearest_to_clusters`).
        seed: seed of the bootstrap.
    """
    frame = coverage.merge(queries, on="query_id").merge(clusters, on="query_id")
    if frame.empty:
        return GAPS.empty()
    frame["row"] = (
        pd.Series(np.arange(len(coverage)), index=coverage["query_id"])
        .loc[frame["query_id"]]
        .to_numpy()
    )
    frame["weight"] = demand_weights(queries).loc[frame["query_id"]].to_numpy()
    mean_gap = float(np.average(1 - frame["coverage"], weights=frame["weight"]))
    rng = np.random.default_rng(seed)
    rows = [
        {
            "cluster_id": cluster_id,
            "n_queries": len(group),
            "demand": float(group["demand"].sum()),
            **_severity(group, draws, mean_gap, rng),
        }
        for cluster_id, group in frame.groupby("cluster_id", sort=True)
    ]
    gaps = pd.DataFrame(rows).merge(labels, on="cluster_id").set_index("cluster_id").join(nearest)
    pooled = facts.reindex(gaps.index)
    is_severe = gaps["severity"] >= 1 - pooled["limit"]
    gaps["cause"] = [
        _cause(
            frame.loc[frame["cluster_id"] == name, "cause"],
            bool(is_severe[name]),
        )
        for name in gaps.index
    ]
    gaps["reason"] = [
        _reason(pooled.loc[name], str(gaps.loc[name, "cause"])) for name in gaps.index
    ]
    gaps["citation_rate"] = pooled["cited"]
    gaps["is_closable"] = ~gaps["cause"].isin(LOST_CAUSES)
    return GAPS.table(_ordered(gaps.reset_index()).to_dict("records"))


def _severity(
    group: pd.DataFrame,
    draws: Floats,
    mean_gap: float,
    rng: np.random.Generator,
) -> dict[str, float]:
    demand = group["weight"].to_numpy(np.float64)
    missing = 1 - draws[:, group["row"].to_numpy()]
    pseudo = _PSEUDO_QUERIES * demand.mean()
    estimate = (missing[0] @ demand + pseudo * mean_gap) / (demand.sum() + pseudo)
    counts = (
        rng.multinomial(len(group), np.full(len(group), 1 / len(group)), size=len(draws)) * demand
    )
    sampled = ((missing * counts).sum(axis=1) + pseudo * mean_gap) / (counts.sum(axis=1) + pseudo)
    low, high = np.quantile(sampled, [0.05, 0.95])
    return {
        "severity": float(estimate),
        "low": float(min(low, estimate)),
        "high": float(max(high, estimate)),
    }


def nearest_to_clusters(
    matches: Matches, queries: Queries, clusters: Clusters, own_site: str
) -> pd.DataFrame:
    """Return for each cluster the own and the other passage with the largest demand-weighted sum of similarities."""
    joined = matches.merge(clusters, on="query_id")
    joined["worth"] = joined["query_id"].map(demand_weights(queries)) * joined["similarity"]
    found = {}
    for column, part in (
        ("own_passage_id", joined[joined["site"] == own_site]),
        ("best_other_passage_id", joined[joined["site"] != own_site]),
    ):
        worth = part.groupby(["cluster_id", "passage_id"])["worth"].sum().reset_index()
        first = worth.sort_values(
            ["cluster_id", "worth", "passage_id"], ascending=[True, False, True]
        )
        found[column] = first.drop_duplicates("cluster_id").set_index("cluster_id")["passage_id"]
    return pd.DataFrame(
        found,
        index=pd.Index(sorted(clusters["cluster_id"].unique()), name="cluster_id"),
    )


def best_places(
    matches: Matches,
    queries: Queries,
    clusters: Clusters,
    own_site: str,
    n: int = 2,
) -> pd.DataFrame:
    """Return the pages on which a cluster's answer would stand best: cluster_id, rank (from 1), page_id, passage_id.

    A page's worth is the demand of the cluster's queries times the share of it among each query's
    twenty nearest own passages, each weighing e times less for every _PAGE_LEVEL of similarity that
    it lies behind; passage_id is its heaviest passage.
    """
    near = matches[(matches["site"] == own_site) & (matches["rank"] <= _PAGE_PASSAGES)].merge(
        clusters, on="query_id"
    )
    behind = near["similarity"] - near.groupby("query_id")["similarity"].transform("max")
    near["worth"] = np.exp(behind / _PAGE_LEVEL)
    near["worth"] *= near["query_id"].map(demand_weights(queries)) / near.groupby("query_id")[
        "worth"
    ].transform("sum")
    near["page_id"] = near["passage_id"].str.rsplit("#", n=1).str[0]
    passages = near.groupby(["cluster_id", "page_id", "passage_id"])["worth"].sum().reset_index()
    pages = passages.groupby(["cluster_id", "page_id"])["worth"].transform("sum")
    order = passages.assign(
        page_worth=pages.round(9), worth=passages["worth"].round(9)
    ).sort_values(
        ["cluster_id", "page_worth", "page_id", "worth", "passage_id"],
        ascending=[True, False, True, False, True],
    )
    first = order.drop_duplicates(["cluster_id", "page_id"]).groupby("cluster_id").head(n)
    return first.assign(rank=first.groupby("cluster_id").cumcount() + 1)[
        ["cluster_id", "rank", "page_id", "passage_id"]
    ]


def _cause(of_queries: "pd.Series[str]", is_severe: bool) -> str:
    """Return a cluster's cause by the votes of its queries.

    Half of them lost: it is lost. Else its pooled severity says whether content lacks, and if not,
    half of them whether it is unseen.
    """
    votes = of_queries.value_counts(sort=True)
    for causes, is_theirs in (
        (LOST_CAUSES, _share(of_queries, LOST_CAUSES) >= 0.5),
        (CONTENT_CAUSES, is_severe),
        (VISIBILITY_CAUSES, _share(of_queries, VISIBILITY_CAUSES) >= 0.5),
    ):
        if is_theirs:
            return max(causes, key=lambda cause: votes.get(cause, 0))
    return COVERED


def _share(of_queries: "pd.Series[str]", causes: tuple[str, ...]) -> float:
    return float(of_queries.isin(causes).mean())


def _ordered(gaps: pd.DataFrame) -> pd.DataFrame:
    tier = gaps["cause"].map(_ORDER)
    within = np.where(
        tier == 1,
        1 - gaps["citation_rate"].fillna(0),
        np.where(tier == 3, 0, gaps["severity"]),
    )
    order = np.lexsort((gaps["cluster_id"], -gaps["demand"], -np.round(within, 6), tier))
    ordered = gaps.iloc[order].reset_index(drop=True)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))


def _reason(facts: "pd.Series[float]", cause: str) -> str:
    """Return the figures behind the cause."""
    words = [
        f"coverage {facts['coverage']:.0%}",
        f"nearest own passage at similarity {facts['own_best']:.2f}",
    ]
    if pd.notna(facts["margin"]):
        side = "ahead of" if facts["margin"] >= 0 else "behind"
        words.append(f"{abs(facts['margin']):.2f} {side} the nearest other site")
    if cause == "mis-worded":
        words.append("the site supports what answers say better than it matches how people ask")
    if pd.notna(facts.get("n_answers")):
        searched = (
            f"{facts['searched']:.0%} of answers searched, "
            if pd.notna(facts["searched"])
            else "of the answers, "
        )
        words.append(f"{searched}{facts['cited']:.0%} cite the site")
        if pd.notna(facts["third_party"]):
            words.append(
                f"{facts['third_party']:.0%} of citations go to neither the site nor a known competitor"
            )
    return "; ".join(words)
