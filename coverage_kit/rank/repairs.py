"""Edits that repair pages: what the audit finds on them, and facts that answers get wrong.

Only pages to which people's questions lead are repaired. No maker writes a fact: words are the
site's own, or slots for the editor to fill.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.contracts import PassageText
from coverage_kit.rank.candidates import Candidate, EditedSite, PageChange
from coverage_kit.rank.effort import round_minutes
from coverage_kit.settings import RankSettings
from coverage_kit.tables import (
    BrandClaims,
    Clusters,
    Coverage,
    Findings,
    Passages,
    Queries,
)
from coverage_kit.text.length import count_words
from coverage_kit.vocabulary import REPAIR, STATE_FACT, Operation

# The operation of a finding whose words are those of a heading.
REWORD_HEADING: Operation = "reword_heading"
# The start of a slot that an editor fills: "[FACT NEEDED: since when?]" or "[SOURCE NEEDED: who?]".
_SLOT = re.compile(r"\[(?:FACT|SOURCE) NEEDED:")


def price_finding(finding: Mapping[Any, Any], effort: RankSettings) -> float:
    """Return the editor minutes of a finding's remedy.

    They are those of a heading, of the words that change, and of the claims to check.
    """
    word_minutes = effort.changed_word_minutes * finding["n_words"]
    claim_minutes = effort.claim_minutes * finding["n_claims"]
    return float(effort.heading_minutes + word_minutes + claim_minutes)


def clusters_of_pages(
    coverage: Coverage, clusters: Clusters, queries: Queries, passages: Passages
) -> dict[str, str]:
    """Return by page_id the cluster with most demand among the queries nearest to the page.

    Pages to which no query is nearest are left out.
    """
    located = (
        coverage[["query_id", "own_passage_id"]]
        .merge(clusters, on="query_id")
        .merge(queries, on="query_id")
    )
    page_of = passages.set_index("passage_id")["page_id"]
    located = located.assign(page_id=located["own_passage_id"].map(page_of))
    sums = located.groupby(["page_id", "cluster_id"])["demand"].sum().reset_index()
    ordered = sums.sort_values(["demand", "cluster_id"], ascending=[False, True])
    best = ordered.drop_duplicates("page_id")
    return {
        str(page_id): str(cluster_id)
        for page_id, cluster_id in zip(best["page_id"], best["cluster_id"], strict=True)
    }


def propose_repairs(
    findings: Findings,
    cluster_of: Mapping[str, str],
    site: EditedSite,
    effort: RankSettings,
) -> list[Candidate]:
    """Return a candidate for each page and check with findings, where questions lead to the page.

    Findings on pages to which no question leads are only in the findings. A remedy that rewrites
    words of a passage is simulated with the new words, unless a fact is missing in them. The other
    remedies change nothing that the coverage model reads, so that their predicted gain is 0: their
    value is what the check's association with being cited says (table `checks`).

    Args:
        findings: what the audit found.
        cluster_of: by page_id, the cluster to which the page's repairs belong.
        site: the site.
        effort: the minutes that an edit costs.
    """
    reached = findings[findings["page_id"].isin(list(cluster_of))]
    groups = reached.groupby(["page_id", "check"], sort=False)
    return [
        _repair(group, cluster_of[str(page_id)], site, effort) for (page_id, _), group in groups
    ]


class _Rewrite(NamedTuple):
    """A passage that remedies rewrite, or whose heading a remedy rewords.

    `text` is the passage's text; `before` and `after` are the words or the heading that change.
    """

    passage_id: str
    page_id: str
    path: str
    text: str
    is_heading: bool
    before: str
    after: str

    @property
    def change(self) -> PageChange:
        """The change of the page."""
        return PageChange(
            action="replace_heading" if self.is_heading else "replace_passage",
            page_id=self.page_id,
            passage_id=self.passage_id,
            heading_path=self.path,
            before=self.before,
            after=self.after,
        )

    @property
    def result(self) -> PassageText:
        """The passage after the change."""
        if not self.is_heading:
            return PassageText(self.path, self.after)
        return PassageText(" > ".join([*self.path.split(" > ")[:-1], self.after]), self.text)


def _repair(
    group: pd.DataFrame, cluster_id: str, site: EditedSite, effort: RankSettings
) -> Candidate:
    """Return the candidate that repairs what one check found on one page."""
    first = group.iloc[0]
    page_id = str(first["page_id"])
    path = str(first["place"])
    findings = group.to_dict("records")
    rewrites = _rewrite(findings, site)
    # A passage with an open slot is not simulated: nobody knows yet what will be in the slot.
    simulated = [rewrite for rewrite in rewrites if not _SLOT.search(rewrite.after)]
    by_hand = PageChange(
        action="by_hand",
        page_id=page_id,
        passage_id=None,
        heading_path=path,
        before="\n".join(str(finding["evidence"]) for finding in findings),
        after=str(first["remedy"]),
    )
    brief_lines = [
        f"{first['reason']} {first['remedy']}",
        *(f"- {_describe(finding)}" for finding in findings),
    ]
    minutes = sum(price_finding(finding, effort) for finding in findings)
    return Candidate(
        cluster_id=cluster_id,
        operation=REPAIR,
        page_id=page_id,
        heading_path=path,
        # Findings that read the same are listed once.
        brief="\n".join(dict.fromkeys(brief_lines)),
        cost_minutes=round_minutes(minutes),
        drafted_from=(),
        added=tuple(rewrite.result for rewrite in simulated),
        removed=tuple(rewrite.passage_id for rewrite in simulated),
        before="\n\n".join(rewrite.before for rewrite in rewrites) or None,
        after="\n\n".join(rewrite.after for rewrite in rewrites) or None,
        n_words=int(group["n_words"].sum()),
        changes=tuple(rewrite.change for rewrite in rewrites) or (by_hand,),
    )


def _rewrite(findings: list[dict[Any, Any]], site: EditedSite) -> list[_Rewrite]:
    """Return what the remedies rewrite, once for each passage.

    A passage has either its heading reworded or its words rewritten; all remedies of its words are
    applied in turn.
    """
    rewrites: dict[str, _Rewrite] = {}
    for finding in findings:
        passage_id = finding["passage_id"]
        before = finding["before"]
        after = finding["after"]
        has_words = all(isinstance(value, str) for value in (passage_id, before, after))
        if not has_words or passage_id not in site.by_id.index:
            continue
        passage = site.by_id.loc[passage_id]
        text = str(passage["text"])
        path = str(passage["heading_path"])
        rewrite = _Rewrite(
            passage_id=passage_id,
            page_id=str(passage["page_id"]),
            path=path,
            text=text,
            is_heading=False,
            before=text,
            after=text,
        )
        if finding["operation"] == REWORD_HEADING:
            is_heading = path.rsplit(" > ", maxsplit=1)[-1] == before
            if is_heading and passage_id not in rewrites:
                rewrites[passage_id] = rewrite._replace(is_heading=True, before=before, after=after)
            continue
        rewrite = rewrites.get(passage_id, rewrite)
        # An earlier remedy may have replaced these words already.
        if before in rewrite.after:
            rewrites[passage_id] = rewrite._replace(after=rewrite.after.replace(before, after, 1))
    return list(rewrites.values())


def _describe(finding: Mapping[Any, Any]) -> str:
    """Return where something was found, and what, on one line."""
    return f"{finding['place']}: {' '.join(str(finding['evidence']).split())}"


def propose_facts(
    claims: BrandClaims,
    queries: Queries,
    clusters: Clusters,
    site: EditedSite,
    effort: RankSettings,
) -> list[Candidate]:
    """Return the edits that state plainly what answers get wrong about the brand.

    There is an edit for each passage of the site and verdict. Where the site contradicts the
    answers, its own sentence moves to the front of its passage. Where it does not mention the
    claim, a slot behind the nearest passage asks the editor whether the claim is true.
    """
    wrong = claims[
        claims["verdict"].isin(["contradicted", "unsupported"])
        & claims["passage_id"].isin(site.by_id.index)
    ]
    clustered = wrong.merge(queries[["query_id", "demand"]], on="query_id").merge(
        clusters[["query_id", "cluster_id"]], on="query_id"
    )
    clustered = clustered.sort_values(["demand", "claim_id"], ascending=[False, True])
    groups = clustered.groupby(["verdict", "passage_id"], sort=True)
    return [
        _state_fact(group, verdict == "contradicted", site, effort)
        for (verdict, _), group in groups
    ]


def _state_fact(
    group: pd.DataFrame, is_contradicted: bool, site: EditedSite, effort: RankSettings
) -> Candidate:
    """Return the candidate for wrong claims with the same nearest passage and verdict."""
    first = group.iloc[0]
    passage_id = str(first["passage_id"])
    passage = site.by_id.loc[passage_id]
    page_id = str(passage["page_id"])
    path = str(passage["heading_path"])
    before = str(passage["text"])
    claims = list(dict.fromkeys(group["text"]))
    sentences: list[str] = []
    slots: list[str] = []
    if is_contradicted:
        sentences = [
            sentence
            for sentence in dict.fromkeys(group["own_words"])
            if isinstance(sentence, str) and sentence in before
        ]
    else:
        slots = [f"[FACT NEEDED: is it true that “{claim}”? Say what is.]" for claim in claims]
    after = "\n\n".join([_put_first(sentences, before), *slots])
    # The sentence may be in front already, or not be in the passage's words.
    is_changed = after != before
    if is_changed:
        change = site.replace_passage(passage_id, after)
    else:
        change = PageChange(
            action="by_hand",
            page_id=page_id,
            passage_id=passage_id,
            heading_path=path,
            before="\n".join(claims),
            after=str(first["own_words"]),
        )
    n_changed = count_words(" ".join([*sentences, *slots]))
    word_minutes = effort.changed_word_minutes * n_changed
    cost_minutes = effort.extend_minutes + word_minutes + effort.claim_minutes * len(slots)
    # A text with slots is not simulated: nobody knows yet what will be in them.
    is_simulated = bool(sentences) and is_changed
    return Candidate(
        cluster_id=str(first["cluster_id"]),
        operation=STATE_FACT,
        page_id=page_id,
        heading_path=path,
        brief=_fact_brief(group, claims, is_contradicted),
        cost_minutes=round_minutes(cost_minutes),
        drafted_from=(),
        added=(PassageText(path, after),) if is_simulated else (),
        removed=(passage_id,) if is_simulated else (),
        before=before,
        after=after if is_changed else None,
        n_words=n_changed,
        changes=(change,),
    )


def _fact_brief(group: pd.DataFrame, claims: list[str], is_contradicted: bool) -> str:
    """Return the brief: which engines get it wrong, and what they claim."""
    engines = ", ".join(dict.fromkeys(group["engine"]))
    fault = "contradict the site" if is_contradicted else "say what the site does not say"
    lines = [
        f"Answers of {engines} {fault}. State the fact plainly, in a sentence of its own.",
        *(f"- “{claim}”" for claim in claims),
    ]
    return "\n".join(lines)


def _put_first(sentences: list[str], text: str) -> str:
    """Return a text with some of its sentences moved to the front."""
    if not sentences or text.startswith(sentences[0]):
        return text
    remaining_text = text
    for sentence in sentences:
        remaining_text = re.sub(re.escape(sentence) + r"\s?", "", remaining_text, count=1)
    return " ".join([*sentences, remaining_text]).strip()
