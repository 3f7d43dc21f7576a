"""Edits that mend: what the audit found on pages that people's questions lead to, and facts that answers get wrong.

No maker writes a fact: words are the site's own, or slots for the editor to fill.
"""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from coverage_kit.passage import PassageText
from coverage_kit.rank.drafts import as_question
from coverage_kit.rank.edits import Candidate, Change, Site
from coverage_kit.settings import RankSettings
from coverage_kit.tables import BrandClaims, Clusters, Coverage, Findings, Passages, Queries

REPAIR, STATE_FACT = "repair", "state_fact"
_SLOT = re.compile(r"\[(?:FACT|SOURCE) NEEDED:")


def price_finding(finding: Mapping[Any, Any], costs: RankSettings) -> float:
    """Return the editor minutes of a finding's remedy: a heading's, its words changed, its claims to check."""
    words = costs.changed_word_minutes * finding["n_words"]
    return float(round(costs.heading_minutes + words + costs.claim_minutes * finding["n_claims"], 1))


def clusters_of_pages(coverage: Coverage, clusters: Clusters, queries: Queries, passages: Passages) -> dict[str, str]:
    """Return by page_id the cluster with most of the demand that is nearest to the page; pages that none is nearest to lack."""
    asked = coverage[["query_id", "own_passage_id"]].merge(clusters, on="query_id").merge(queries, on="query_id")
    asked = asked.assign(page_id=asked["own_passage_id"].map(passages.set_index("passage_id")["page_id"]))
    sums = asked.groupby(["page_id", "cluster_id"])["demand"].sum().reset_index()
    best = sums.sort_values(["demand", "cluster_id"], ascending=[False, True]).drop_duplicates("page_id")
    return {str(page): str(cluster) for page, cluster in zip(best["page_id"], best["cluster_id"], strict=True)}


def propose_repairs(findings: Findings, cluster_of: Mapping[str, str], site: Site, costs: RankSettings) -> list[Candidate]:
    """Return one candidate for each page and check that found something, where questions lead to the page.

    What is found on pages that no question leads to stands in the findings alone. A remedy that rewrites words of a passage is
    simulated with them, unless a fact is missing in them; the others change nothing that the coverage model reads, so that
    their predicted gain is 0: their worth is what the check's association with being cited says (table `checks`).
    """
    told = findings[findings["page_id"].isin(list(cluster_of))]
    groups = told.groupby(["page_id", "check"], sort=False)
    return [_repair(group, cluster_of[str(page)], site, costs) for (page, _), group in groups]


def _repair(group: pd.DataFrame, cluster_id: str, site: Site, costs: RankSettings) -> Candidate:
    """Return the candidate that mends what one check found on one page."""
    first, rows = group.iloc[0], group.to_dict("records")
    rewritten = _rewrite(rows, site)
    changes = [
        Change("replace_passage", str(first["page_id"]), name, str(site.by_id.loc[name, "heading_path"]), old, new)
        for name, (old, new) in rewritten.items()
    ]
    if not changes:
        found = "\n".join(str(row["evidence"]) for row in rows)
        changes = [Change("by_hand", str(first["page_id"]), None, str(first["place"]), found, str(first["remedy"]))]
    told = [(name, old, new) for name, (old, new) in rewritten.items() if not _SLOT.search(new)]
    text = "\n".join(dict.fromkeys([f"{first['reason']} {first['remedy']}", *(f"- {_where(row)}" for row in rows)]))
    return Candidate(
        *(cluster_id, REPAIR, str(first["page_id"]), str(first["place"]), text),
        cost_minutes=round(sum(price_finding(row, costs) for row in rows), 1),
        drafted_from=(),
        added=tuple(PassageText(str(site.by_id.loc[name, "heading_path"]), new) for name, _, new in told),
        removed=tuple(name for name, *_ in told),
        before="\n\n".join(old for old, _ in rewritten.values()) or None,
        after="\n\n".join(new for _, new in rewritten.values()) or None,
        n_words=int(group["n_words"].sum()),
        changes=tuple(changes),
    )


def _rewrite(rows: list[dict[Any, Any]], site: Site) -> dict[str, tuple[str, str]]:
    """Return by passage_id its words before and after, where the remedies rewrite some."""
    found: dict[str, tuple[str, str]] = {}
    for row in rows:
        name, before, after = row["passage_id"], row["before"], row["after"]
        if isinstance(name, str) and isinstance(before, str) and isinstance(after, str) and name in site.by_id.index:
            old, new = found.get(name, (str(site.by_id.loc[name, "text"]),) * 2)
            if before in new:
                found[name] = (old, new.replace(before, after, 1))
    return found


def _where(row: Mapping[Any, Any]) -> str:
    return f"{row['place']}: “{' '.join(str(row['evidence']).split())}”"


def propose_facts(
    claims: BrandClaims, queries: Queries, clusters: Clusters, site: Site, costs: RankSettings
) -> list[Candidate]:
    """Return the edits that state plainly what answers get wrong about the brand, one for each own passage and verdict.

    Where the site says otherwise, its own sentence stands first under the question; where it says nothing, a slot asks the
    editor whether it is true.
    """
    wrong = claims[claims["verdict"].isin(["contradicted", "unsupported"]) & claims["passage_id"].isin(site.by_id.index)]
    asked = wrong.merge(queries[["query_id", "text", "demand"]], on="query_id", suffixes=("", "_asked"))
    asked = asked.merge(clusters[["query_id", "cluster_id"]], on="query_id")
    asked = asked.sort_values(["demand", "claim_id"], ascending=[False, True])
    groups = asked.groupby(["verdict", "passage_id"], sort=True)
    return [_state(group, verdict == "contradicted", site, costs) for (verdict, _), group in groups]


def _state(group: pd.DataFrame, is_told: bool, site: Site, costs: RankSettings) -> Candidate:
    first, passage = group.iloc[0], site.by_id.loc[group["passage_id"].iloc[0]]
    said = list(dict.fromkeys(group["text"]))
    heading, path = as_question(str(first["text_asked"])), str(passage["heading_path"])
    own = list(dict.fromkeys(group["own_words"])) if is_told else []
    body = "\n\n".join(own or [f"[FACT NEEDED: is it true that “{claim}”? Say what is.]" for claim in said])
    after = f"## {heading}\n\n{body}"
    engines = ", ".join(dict.fromkeys(group["engine"]))
    fault = "contradict the site" if is_told else "tell what the site does not say"
    lines = [
        f"Answers of {engines} {fault}. State the fact plainly, under the question that is asked.",
        *map("- “{}”".format, said),
    ]
    words = costs.added_word_minutes * len(after.split())
    return Candidate(
        *(str(first["cluster_id"]), STATE_FACT, str(passage["page_id"]), path, "\n".join(lines)),
        cost_minutes=round(costs.section_minutes + words + costs.claim_minutes * (0 if is_told else len(said)), 1),
        drafted_from=(),
        added=(PassageText(f"{path} > {heading}", body),) if is_told else (),
        after=after,
        n_words=len(after.split()),
        changes=(Change("insert_section", str(passage["page_id"]), str(first["passage_id"]), path, None, after),),
    )
