"""Candidate edits for each gap, or the reason why no edit can close it.

A candidate has an operation, a page, a brief, a cost, and the passages that it would change.
"""

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

import pandas as pd

from coverage_kit.rank.candidates import Candidate, EditedSite, Gap
from coverage_kit.rank.drafts import DraftSources
from coverage_kit.rank.operations import MAKERS
from coverage_kit.settings import RankSettings
from coverage_kit.tables import (
    CHANGES,
    Changes,
    Clusters,
    Coverage,
    Gaps,
    Queries,
)
from coverage_kit.vocabulary import CONTENT_CAUSES, NO_EDIT, TO_CLOSE, UNSEEN

# The number of claims in the short and in the full variant of an edit (assumed).
N_SHORT_CLAIMS = 2
N_FULL_CLAIMS = 5
# What a brief says is missing, at most (assumed): more is hard to follow.
N_MISSING = 6


def propose_edits(  # noqa: PLR0913 (a table for each thing that an edit is made of)
    gaps: Gaps,
    queries: Queries,
    coverage: Coverage,
    clusters: Clusters,
    site: EditedSite,
    sources: DraftSources,
    effort: RankSettings,
) -> list[Candidate]:
    """Return the candidate edits of every gap that an edit can close, in the gaps' order.

    A gap has at most `effort.edits_per_gap` candidates. They are for its unanswered queries. Each
    is drafted from half of these (every other query by demand), so that the other half can score
    it.

    Args:
        gaps: the gaps in the order of the work.
        queries: the queries.
        coverage: their coverage, with causes.
        clusters: their clusters.
        site: your site.
        sources: what the edits are drafted from: claims, anchors, and the held-out queries.
        effort: the minutes that an edit costs.
    """
    located = coverage[["query_id", "own_passage_id", "cause", "coverage"]]
    clustered = clusters.merge(queries, on="query_id").merge(located, on="query_id")
    clustered = clustered.sort_values(["demand", "query_id"], ascending=[False, True])
    members = {str(cluster_id): group for cluster_id, group in clustered.groupby("cluster_id")}
    candidates: list[Candidate] = []
    for row in gaps.to_dict("records"):
        is_editable = row["listing"] in (TO_CLOSE, UNSEEN)
        if not is_editable or not isinstance(row["own_passage_id"], str):
            continue
        gap = _draft_gap(row, _open_members(row, members[row["cluster_id"]]), sources)
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
            "no own page is in the running. Try the media."
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


def edit_id(number: int) -> str:
    """Return the id of the candidate of this number.

    >>> edit_id(7)
    'e0007'
    """
    return f"e{number:04d}"


def _open_members(row: Mapping[Any, Any], members: pd.DataFrame) -> pd.DataFrame:
    """Return the queries of a gap that its edits are for.

    Of a gap to close they are the unanswered ones: a topic may hold answered ones too.
    """
    is_open = members["cause"].isin(CONTENT_CAUSES)
    return members[is_open] if row["listing"] == TO_CLOSE and is_open.any() else members


def _draft_gap(row: Mapping[Any, Any], members: pd.DataFrame, sources: DraftSources) -> Gap:
    """Return what the candidates of a gap are written from.

    Args:
        row: the gap's row of table `gaps`.
        members: the gap's queries with their coverage, most demand first.
        sources: claims, anchors, and the held-out queries.
    """
    is_open = ~members["query_id"].isin(list(sources.holdout))
    # A gap whose queries are all held out is drafted from them all the same.
    usable = members[is_open] if is_open.any() else members
    # Every other query: the draft sees both frequent and rare queries, and so does its score.
    drafted = usable.iloc[::2]
    drafted_from = tuple(drafted["query_id"])
    claims = sources.book.lacking(list(drafted_from), N_FULL_CLAIMS)
    missing = dict.fromkeys(
        item for query_id in drafted_from for item in sources.missing.get(query_id, ())
    )
    passage_id = str(row["own_passage_id"])
    cluster_id = str(row["cluster_id"])
    anchors: tuple[str, ...] = ()
    if sources.anchors is not None:
        is_of_gap = sources.anchors["cluster_id"] == cluster_id
        anchors = tuple(sources.anchors.loc[is_of_gap, "passage_id"])
    # A heading takes the words of the best covered query that the passage is nearest to and that
    # has the gap's cause.
    suits_heading = (drafted["own_passage_id"] == passage_id) & (drafted["cause"] == row["cause"])
    heading_queries = drafted[suits_heading].sort_values("coverage", ascending=False)
    return Gap(
        cluster_id=cluster_id,
        label=str(row["label"]),
        cause=str(row["cause"]),
        questions=tuple(drafted["text"]),
        drafted_from=drafted_from,
        short_claims=tuple(claims[:N_SHORT_CLAIMS]),
        full_claims=tuple(claims),
        passage_id=passage_id,
        heading_question=next(iter(heading_queries["text"]), None),
        nearest_passage_ids=tuple(drafted["own_passage_id"]),
        anchor_passage_ids=anchors or (passage_id,),
        other_site_text=sources.other_site_texts.get(cluster_id, ""),
        missing=tuple(missing)[:N_MISSING],
    )
