"""Candidate edits for each gap, or the reason why no edit can close it.

A candidate has an operation, a page, a brief, a cost, and the passages that it would change.
"""

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

import pandas as pd

from coverage_kit.contracts import NewPage
from coverage_kit.rank.briefs import Fact, Slot
from coverage_kit.rank.candidates import Candidate, EditedSite, Gap
from coverage_kit.rank.drafts import DraftSources
from coverage_kit.rank.operations import MAKERS
from coverage_kit.settings import RankSettings
from coverage_kit.tables import (
    CHANGES,
    FACTS,
    Changes,
    Clusters,
    Coverage,
    Facts,
    Gaps,
    Queries,
)
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.vocabulary import (
    CONTENT_CAUSES,
    LIKELY,
    NO_EDIT,
    TO_CLOSE,
    UNSEEN,
    VISIBILITY_CAUSES,
)

# Causes of gaps whose answer is on your site, where questions or engines do not reach it.
_UNREACHED = ("mis-worded", *VISIBILITY_CAUSES)


def propose_edits(
    gaps: Gaps,
    questions: Mapping[str, pd.DataFrame],
    site: EditedSite,
    sources: DraftSources,
    effort: RankSettings,
) -> list[Candidate]:
    """Return the candidate edits of every gap that an edit can close, in the gaps' order.

    A gap has at most `effort.edits_per_gap` candidates.

    Args:
        gaps: the gaps in the order of the work.
        questions: the questions that the edits of each gap are for (`open_questions`).
        site: your site.
        sources: what the edits are drafted from: briefs, homes, and the held-out queries.
        effort: the minutes that an edit costs.
    """
    candidates: list[Candidate] = []
    for row in gaps.to_dict("records"):
        members = questions.get(str(row["cluster_id"]))
        gap = None if members is None else _draft_gap(row, members, site, sources)
        if gap is None:
            continue
        proposed = [candidate for make in MAKERS for candidate in make(gap, site, effort)]
        allowed = [
            candidate for candidate in proposed if not touches(candidate, effort.locked_pages)
        ]
        candidates += allowed[: effort.edits_per_gap]
    return candidates


def touches(candidate: Candidate, patterns: tuple[str, ...]) -> bool:
    """Return whether a candidate changes a page of these patterns.

    A merge, for example, also changes another page than that on which it is listed.
    """
    return any(
        fnmatch(change.page_id, pattern) for change in candidate.changes for pattern in patterns
    )


def explain_no_edits(gaps: Gaps) -> list[Candidate]:
    """Return for each gap that no edit of the site can close an entry that says why."""
    reasons = {
        "unwinnable": (
            "Answers here do not search, or cite only third parties: "
            "no page of yours is in the running. Being named on the sites that they cite may help."
        ),
        "out of scope": "The site is about something else. Leave it, or decide to offer this.",
    }
    return [
        Candidate(
            cluster_id=row["cluster_id"],
            operation=NO_EDIT,
            page_id=str(row["own_passage_id"]).split("#")[0],
            heading_path="",
            brief=f"{reasons.get(row['cause'], 'No edit can close this gap.')} {row['reason']}.",
            cost_minutes=0.0,
            drafted_from=(),
            added=(),
        )
        for row in gaps[~gaps["is_closable"]].to_dict("records")
    ]


def list_changes(candidates: list[Candidate]) -> Changes:
    """Return the page changes that the candidates make, in their order."""
    rows = [
        {"edit_id": edit_id(number), "position": position, **change._asdict()}
        for number, candidate in enumerate(candidates)
        for position, change in enumerate(candidate.changes)
    ]
    return CHANGES.table(rows)


def list_facts(candidates: list[Candidate]) -> Facts:
    """Return what the text of each candidate should contain, in its order."""
    rows = [
        {
            "edit_id": edit_id(number),
            "position": position,
            "n_answers_of_edit": candidate.n_answers,
            **_fact_row(fact),
        }
        for number, candidate in enumerate(candidates)
        for position, fact in enumerate(candidate.facts)
    ]
    return FACTS.table(rows)


def _fact_row(fact: Fact | Slot) -> dict[str, object]:
    if isinstance(fact, Slot):
        return {"text": None, "n_answers": 0, "is_known": False, "slot": fact.text}
    return {
        "text": fact.text,
        "n_answers": fact.n_answers,
        "source": fact.source or None,
        "is_known": fact.is_known,
        "passage_id": fact.passage_id,
        "own_words": fact.own_words,
        "slot": None if fact.is_known else fact.slot,
    }


def edit_id(number: int) -> str:
    """Return the id of the candidate of this number.

    >>> edit_id(7)
    'e0007'
    """
    return f"e{number:04d}"


def _draft_gap(
    row: Mapping[Any, Any], members: pd.DataFrame, site: EditedSite, sources: DraftSources
) -> Gap | None:
    """Return what the candidates of a gap are written from; None where it has no brief.

    Args:
        row: the gap's row of table `gaps`.
        members: the gap's questions with their coverage, most demand first.
        site: your site.
        sources: briefs, homes, and the held-out queries.
    """
    cluster_id = str(row["cluster_id"])
    brief = sources.briefs.get(cluster_id)
    if brief is None or not brief.questions:
        return None
    passage_id = str(row["own_passage_id"])
    is_nearest = members["own_passage_id"].isin(site.section(passage_id).index)
    share_nearest = float(is_nearest.mean())
    # A passage that says what the answers say has the answer, though questions may not reach it.
    is_answered = isinstance(row["answer_passage_id"], str) and row["cause"] in _UNREACHED
    if is_answered:
        passage_id = row["answer_passage_id"]
        share_nearest = 1.0
    is_open = ~members["query_id"].isin(list(sources.holdout))
    usable = members[is_open] if is_open.any() else members
    return Gap(
        cluster_id=cluster_id,
        label=str(row["label"]),
        cause=str(row["cause"]),
        brief=brief,
        query_ids=tuple(usable["query_id"]),
        passage_id=passage_id,
        is_answered=is_answered,
        share_nearest=share_nearest,
        homes=sources.homes.get(cluster_id, ()),
        no_home=sources.no_home.get(cluster_id, 1.0),
        near=sources.near.get(cluster_id, ()),
        is_likely=row["likelihood"] == LIKELY,
        new_page=sources.new_pages.get(cluster_id, NewPage("")),
    )


def open_questions(
    gaps: Gaps, queries: Queries, coverage: Coverage, clusters: Clusters
) -> dict[str, pd.DataFrame]:
    """Return by cluster_id the questions that the edits of a gap are for, the most asked first.

    Of a gap to close they are the unanswered ones: a topic may hold answered ones too. Topics that
    no edit can serve are left out. The frames have the columns of queries and of coverage.
    """
    located = coverage[["query_id", "own_passage_id", "cause", "coverage"]]
    clustered = clusters.merge(queries, on="query_id").merge(located, on="query_id")
    clustered = most_asked_first(clustered, "query_id")
    members = {str(cluster_id): group for cluster_id, group in clustered.groupby("cluster_id")}
    questions = {}
    for row in gaps.to_dict("records"):
        if row["listing"] not in (TO_CLOSE, UNSEEN) or not isinstance(row["own_passage_id"], str):
            continue
        group = members[row["cluster_id"]]
        is_open = group["cause"].isin(CONTENT_CAUSES)
        has_open = row["listing"] == TO_CLOSE and is_open.any()
        questions[str(row["cluster_id"])] = group[is_open] if has_open else group
    return questions
