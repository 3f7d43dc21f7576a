"""Edits that mend: what the audit found on pages that people's questions lead to, and facts that answers get wrong.

No maker writes a fact: words are the site's own, or slots for the editor to fill.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.contracts import PassageText
from coverage_kit.rank.candidates import Candidate, PageChange, Site
from coverage_kit.settings import RankSettings
from coverage_kit.tables import (
    BrandClaims,
    Clusters,
    Coverage,
    Findings,
    Passages,
    Queries,
)

REPAIR = "repair"
STATE_FACT = "state_fact"
REWORD_HEADING = "reword_heading"  # of a finding: the words are a heading's
_SLOT = re.compile(r"\[(?:FACT|SOURCE) NEEDED:")


def price_finding(finding: Mapping[Any, Any], costs: RankSettings) -> float:
    """Return the editor minutes of a finding's remedy: a heading's, its words changed, its claims to check."""
    words = costs.changed_word_minutes * finding["n_words"]
    return float(
        round(
            costs.heading_minutes + words + costs.claim_minutes * finding["n_claims"],
            1,
        )
    )


def clusters_of_pages(
    coverage: Coverage, clusters: Clusters, queries: Queries, passages: Passages
) -> dict[str, str]:
    """Return by page_id the cluster with most of the demand that is nearest to the page; pages that none is nearest to lack."""
    asked = (
        coverage[["query_id", "own_passage_id"]]
        .merge(clusters, on="query_id")
        .merge(queries, on="query_id")
    )
    asked = asked.assign(
        page_id=asked["own_passage_id"].map(passages.set_index("passage_id")["page_id"])
    )
    sums = asked.groupby(["page_id", "cluster_id"])["demand"].sum().reset_index()
    best = sums.sort_values(["demand", "cluster_id"], ascending=[False, True]).drop_duplicates(
        "page_id"
    )
    return {
        str(page): str(cluster)
        for page, cluster in zip(best["page_id"], best["cluster_id"], strict=True)
    }


def propose_repairs(
    findings: Findings,
    cluster_of: Mapping[str, str],
    site: Site,
    costs: RankSettings,
) -> list[Candidate]:
    """Return one candidate for each page and check that found something, where questions lead to the page.

    What is found on pages that no question leads to stands in the findings alone. A remedy that
    rewrites words of a passage is simulated with them, unless a fact is missing in them; the others
    change nothing that the coverage model reads, so that their predicted gain is 0: their worth is
    what the check's association with being cited says (table `checks`).
    """
    told = findings[findings["page_id"].isin(list(cluster_of))]
    groups = told.groupby(["page_id", "check"], sort=False)
    return [_repair(group, cluster_of[str(page)], site, costs) for (page, _), group in groups]


class _Mended(NamedTuple):
    """One passage that a remedy rewrites, or whose heading it rewords: where it stands, what stands there, before and after."""

    passage_id: str
    page_id: str
    path: str
    text: str
    is_heading: bool
    before: str
    after: str

    @property
    def change(self) -> PageChange:
        """The change of the place."""
        action = "replace_heading" if self.is_heading else "replace_passage"
        return PageChange(
            action,
            self.page_id,
            self.passage_id,
            self.path,
            self.before,
            self.after,
        )

    @property
    def result(self) -> PassageText:
        """The passage as it is read then."""
        if not self.is_heading:
            return PassageText(self.path, self.after)
        return PassageText(" > ".join([*self.path.split(" > ")[:-1], self.after]), self.text)


def _repair(group: pd.DataFrame, cluster_id: str, site: Site, costs: RankSettings) -> Candidate:
    """Return the candidate that mends what one check found on one page."""
    first = group.iloc[0]
    rows = group.to_dict("records")
    mended = _mend(rows, site)
    told = [one for one in mended if not _SLOT.search(one.after)]
    found = "\n".join(str(row["evidence"]) for row in rows)
    by_hand = PageChange(
        "by_hand",
        str(first["page_id"]),
        None,
        str(first["place"]),
        found,
        str(first["remedy"]),
    )
    text = "\n".join(
        dict.fromkeys(
            [
                f"{first['reason']} {first['remedy']}",
                *(f"- {_where(row)}" for row in rows),
            ]
        )
    )
    return Candidate(
        *(cluster_id, REPAIR, str(first["page_id"]), str(first["place"]), text),
        cost_minutes=round(sum(price_finding(row, costs) for row in rows), 1),
        drafted_from=(),
        added=tuple(one.result for one in told),
        removed=tuple(one.passage_id for one in told),
        before="\n\n".join(one.before for one in mended) or None,
        after="\n\n".join(one.after for one in mended) or None,
        n_words=int(group["n_words"].sum()),
        changes=tuple(one.change for one in mended) or (by_hand,),
    )


def _mend(rows: list[dict[Any, Any]], site: Site) -> list[_Mended]:
    """Return what the remedies rewrite, one a passage: its heading, or its words with each remedy's in their place."""
    found: dict[str, _Mended] = {}
    for row in rows:
        name = row["passage_id"]
        before = row["before"]
        after = row["after"]
        if (
            not all(isinstance(one, str) for one in (name, before, after))
            or name not in site.by_id.index
        ):
            continue
        page_id, path, text = (
            str(site.by_id.loc[name, column]) for column in ("page_id", "heading_path", "text")
        )
        if row["operation"] == REWORD_HEADING:
            is_there = path.rsplit(" > ", maxsplit=1)[-1] == before
            found |= (
                {name: _Mended(name, page_id, path, text, True, before, after)}
                if is_there and name not in found
                else {}
            )
        else:
            now = found.get(name, _Mended(name, page_id, path, text, False, text, text))
            found |= (
                {name: now._replace(after=now.after.replace(before, after, 1))}
                if before in now.after
                else {}
            )
    return list(found.values())


def _where(row: Mapping[Any, Any]) -> str:
    return f"{row['place']}: {' '.join(str(row['evidence']).split())}"


def propose_facts(
    claims: BrandClaims,
    queries: Queries,
    clusters: Clusters,
    site: Site,
    costs: RankSettings,
) -> list[Candidate]:
    """Return the edits that state plainly what answers get wrong about the brand, one for each own passage and verdict.

    Where the site says otherwise, its own sentence moves to the front of its passage; where it says
    nothing, a slot behind the nearest passage asks the editor whether it is true.
    """
    wrong = claims[
        claims["verdict"].isin(["contradicted", "unsupported"])
        & claims["passage_id"].isin(site.by_id.index)
    ]
    asked = wrong.merge(queries[["query_id", "demand"]], on="query_id").merge(
        clusters[["query_id", "cluster_id"]], on="query_id"
    )
    asked = asked.sort_values(["demand", "claim_id"], ascending=[False, True])
    groups = asked.groupby(["verdict", "passage_id"], sort=True)
    return [_state(group, verdict == "contradicted", site, costs) for (verdict, _), group in groups]


def _state(group: pd.DataFrame, is_told: bool, site: Site, costs: RankSettings) -> Candidate:
    first = group.iloc[0]
    passage = site.by_id.loc[group["passage_id"].iloc[0]]
    before, path, page = (str(passage[name]) for name in ("text", "heading_path", "page_id"))
    said = list(dict.fromkeys(group["text"]))
    own = (
        [one for one in dict.fromkeys(group["own_words"]) if isinstance(one, str) and one in before]
        if is_told
        else []
    )
    slots = (
        []
        if is_told
        else [f"[FACT NEEDED: is it true that “{claim}”? Say what is.]" for claim in said]
    )
    after = "\n\n".join([_put_first(own, before), *slots])
    engines = ", ".join(dict.fromkeys(group["engine"]))
    fault = "contradict the site" if is_told else "tell what the site does not say"
    lines = [
        f"Answers of {engines} {fault}. State the fact plainly, in a sentence of its own.",
        *map("- “{}”".format, said),
    ]
    changes = (
        PageChange(
            "replace_passage",
            page,
            str(first["passage_id"]),
            path,
            before,
            after,
        ),
    )
    if (
        after == before
    ):  # the sentence stands in front already, or is no part of the passage's words
        changes = (
            PageChange(
                "by_hand",
                page,
                str(first["passage_id"]),
                path,
                "\n".join(said),
                str(first["own_words"]),
            ),
        )
    n_changed = len(" ".join([*own, *slots]).split())
    cost = (
        costs.extend_minutes
        + costs.changed_word_minutes * n_changed
        + costs.claim_minutes * len(slots)
    )
    return Candidate(
        *(str(first["cluster_id"]), STATE_FACT, page, path, "\n".join(lines)),
        cost_minutes=round(cost, 1),
        drafted_from=(),
        added=(PassageText(path, after),) if own and after != before else (),
        removed=(str(first["passage_id"]),) if own and after != before else (),
        before=before,
        after=after if after != before else None,
        n_words=n_changed,
        changes=changes,
    )


def _put_first(sentences: list[str], text: str) -> str:
    """Return a text with some of its sentences in front of the rest."""
    rest = text
    for one in sentences:
        rest = re.sub(re.escape(one) + r"\s?", "", rest, count=1)
    return (
        " ".join([*sentences, rest]).strip()
        if sentences and not text.startswith(sentences[0])
        else text
    )
