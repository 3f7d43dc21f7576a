"""Which sites hold each cluster's citations, and whether a company gets cited there at all."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from coverage_kit.measure.intervals import measure_ratios, sum_by
from coverage_kit.measure.sites import site_kind
from coverage_kit.measure.visibility import TrackedBrands
from coverage_kit.tables import HOLDERS, Answers, Citations, Holders, checked

# In the order of a cluster's rows.
KINDS = ("own", "competitor", "third-party", "community")
# Below this the other 60% is ceded, as in Canonry's gate.
MIN_SHARE = 0.4
# With fewer answers a share says nothing (assumed).
MIN_ANSWERS = 5


@checked
def measure_holders(
    answers: Answers,
    citations: Citations,
    panel: TrackedBrands,
    community: Collection[str] = (),
    proposed: Collection[str] = (),
) -> Holders:
    """Return four rows for each cluster with answers.

    They say what the site, competitors, third parties and communities hold: citation_share = pages
    of such sites that the cluster's answers cite / all pages that they cite, with a 95% interval
    that draws from its queries (`measure_ratios`). Engines and surfaces are counted together;
    branded queries are left out.

    `is_contested` is the same in a cluster's four rows: the site and competitors together hold at
    least 40% of the citations. It is not set where none of its answers searched the web or cites a
    page. It is set for a cluster of fewer than five answers, or of fewer than five that cite a
    page, and `reason` says that there are not enough. A company's site that is neither tracked nor
    proposed counts as a third party, so name competitors before you cede a cluster.

    Args:
        answers: answers of one log, without failed ones.
        citations: their citations, with `site` by owner (`site_owner`).
        panel: the tracked sites, the user's site first; cluster by query; branded queries.
        community: further domains whose pages are written by users.
        proposed: further sites that count as competitors, such as `find_competitors` proposes.
    """
    unbranded = answers.assign(cluster_id=answers["query_id"].map(dict(panel.clusters)))
    unbranded = unbranded[
        unbranded["cluster_id"].notna() & ~unbranded["query_id"].isin(set(panel.branded))
    ]
    cited = citations[citations["kind"] == "cited"].drop_duplicates(["answer_id", "url"])
    cited = cited.merge(unbranded[["answer_id", "query_id", "cluster_id"]], on="answer_id")
    holders = {site: _holder(site, panel, community, proposed) for site in cited["site"].unique()}
    cited = cited.assign(holder=cited["site"].map(holders))
    verdicts = _judge(unbranded, cited)
    if verdicts.empty:
        return HOLDERS.empty()
    rows = pd.concat(
        [_measure(kind, cited, verdicts.index) for kind in KINDS],
        keys=KINDS,
        names=["holder", "cluster_id"],
    )
    table = (
        rows.reset_index()
        .merge(verdicts.reset_index(), on="cluster_id")
        .merge(_top_sites(cited), how="left")
    )
    # Rows by cluster, in the order of KINDS.
    order = table["holder"].map({kind: rank for rank, kind in enumerate(KINDS)})
    return table.assign(order=order).sort_values(["cluster_id", "order"], ignore_index=True)[
        HOLDERS.names
    ]


def _holder(
    site: str,
    panel: TrackedBrands,
    community: Collection[str],
    proposed: Collection[str],
) -> str:
    if site in panel.sites[:1]:
        return "own"
    if site in panel.sites or site in proposed:
        return "competitor"
    return "community" if site_kind(site, community) else "third-party"


def _measure(kind: str, cited: pd.DataFrame, clusters: "pd.Index[str]") -> pd.DataFrame:
    """Return n_citations, citation_share, low and high of one kind of site, by cluster."""
    is_held = cited["holder"] == kind
    sums = (
        cited.assign(held=is_held.astype(float))
        .groupby(["cluster_id", "query_id"])["held"]
        .agg(["sum", "count"])
    )
    groups = clusters.get_indexer(sums.index.get_level_values("cluster_id"))
    n_held, all_cited = (sums[name].to_numpy(np.float64) for name in ("sum", "count"))
    table = measure_ratios(n_held, all_cited, groups, len(clusters)).set_index(clusters)
    n_citations = sum_by(groups, len(clusters), n_held).astype(np.int64)
    return (
        table[["value", "low", "high"]]
        .rename(columns={"value": "citation_share"})
        .assign(n_citations=n_citations)
    )


def _judge(answers: pd.DataFrame, cited: pd.DataFrame) -> pd.DataFrame:
    """Return n_answers, n_prompts, is_contested and reason by cluster."""
    by_cluster = answers.groupby("cluster_id")
    table = by_cluster.agg(
        n_answers=("answer_id", "size"),
        n_prompts=("query_id", "nunique"),
        n_searched=("has_searched", "sum"),
    )
    is_company = cited["holder"].isin(("own", "competitor"))
    table = table.join(
        cited.groupby("cluster_id").agg(
            n_citations=("url", "size"), n_citing=("answer_id", "nunique")
        )
    )
    table = (
        table.join(cited[is_company].groupby("cluster_id").size().rename("n_held"))
        .fillna(0)
        .astype("int64")
    )
    judgements = [
        _judge_cluster(
            n_answers=row["n_answers"],
            n_searched=row["n_searched"],
            n_citing=row["n_citing"],
            n_held=row["n_held"],
            n_citations=row["n_citations"],
        )
        for row in table.to_dict("records")
    ]
    return table[["n_answers", "n_prompts"]].assign(
        is_contested=pd.Series(
            [is_contested for is_contested, _ in judgements], index=table.index, dtype="bool"
        ),
        reason=pd.Series([reason for _, reason in judgements], index=table.index, dtype="str"),
    )


def _judge_cluster(
    n_answers: int,
    n_searched: int,
    n_citing: int,
    n_held: int,
    n_citations: int,
) -> tuple[bool, str]:
    """Return whether a cluster is contested, and why, in words."""
    # A cluster is not given up for lack of answers: with too few it stays contested.
    if n_answers < MIN_ANSWERS:
        return (
            True,
            f"{n_answers} {'answer' if n_answers == 1 else 'answers'}: not enough to tell",
        )
    if n_searched == 0 and n_citing == 0:
        return (
            False,
            f"none of {n_answers} answers searched the web or cites a page",
        )
    if n_citing < MIN_ANSWERS:
        return (
            True,
            f"{n_citing} of {n_answers} answers cite a page: not enough to tell",
        )
    figures = (
        f"your site and competitors hold {n_held} of {n_citations} citations "
        f"({n_held / n_citations:.0%})"
    )
    if n_held >= MIN_SHARE * n_citations:
        return True, f"{figures}, at least {MIN_SHARE:.0%}"
    return (
        False,
        f"{figures}, under {MIN_SHARE:.0%}: the rest goes to third parties and communities",
    )


def _top_sites(cited: pd.DataFrame) -> pd.DataFrame:
    """Return cluster_id, holder and top_site.

    It is the most cited site, the first by name among equals.
    """
    keys = ["cluster_id", "holder"]
    counts = cited.groupby([*keys, "site"]).size().rename("n").reset_index()
    first = counts.sort_values(
        [*keys, "n", "site"], ascending=[True, True, False, True]
    ).drop_duplicates(keys)
    return first[[*keys, "site"]].rename(columns={"site": "top_site"})
