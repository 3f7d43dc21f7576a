"""Candidate edits for each gap: operation, place, brief, cost, and the passages they would change; or no edit, and why."""

from collections.abc import Collection, Mapping
from fnmatch import fnmatch
from typing import Any

import pandas as pd

from coverage_kit.rank.candidates import Candidate, Gap, Site
from coverage_kit.rank.causes import COVERED
from coverage_kit.rank.drafts import ClaimBook
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

SHORT = 2
FULL = 5
NO_EDIT = "no_edit"


def propose_edits(
    gaps: Gaps,
    queries: Queries,
    coverage: Coverage,
    clusters: Clusters,
    site: Site,
    book: ClaimBook,
    costs: RankSettings,
    places: pd.DataFrame | None = None,
    elsewhere: Mapping[str, str] | None = None,
    holdout: Collection[str] = (),
) -> list[Candidate]:
    """Return the candidate edits of every winnable gap, at most `costs.edits_per_gap` a gap, in the gaps' order.

    Each is drafted from half of the gap's queries (every other one by demand), so that the other
    half can score it.

    Args:
        gaps: the gaps in the order of the work.
        queries: the queries.
        coverage: their coverage, with causes.
        clusters: their clusters.
        site: the own site.
        book: claims of the logged answers.
        costs: what an edit costs.
        places: by cluster_id and rank, the passage at which to edit on each of the pages that fit
            best (`best_places`).
        elsewhere: by cluster_id, the words of the best other site's passage.
        holdout: queries from which nothing is drafted, where their gap has others.
    """
    told = coverage[["query_id", "own_passage_id", "cause", "coverage"]]
    asked = clusters.merge(queries, on="query_id").merge(told, on="query_id")
    asked = asked.sort_values(["demand", "query_id"], ascending=[False, True])
    members = {str(name): group for name, group in asked.groupby("cluster_id")}
    candidates: list[Candidate] = []
    for row in gaps.to_dict("records"):
        if (
            not row["is_closable"]
            or row["cause"] == COVERED
            or not isinstance(row["own_passage_id"], str)
        ):
            continue
        members_of = members[row["cluster_id"]]
        is_open = ~members_of["query_id"].isin(list(holdout))
        gap = _gap_of(
            row,
            members_of[is_open] if is_open.any() else members_of,
            book,
            places,
            elsewhere or {},
        )
        made = [
            one
            for make in MAKERS
            for one in make(gap, site, costs)
            if not touches(one, costs.locked_pages)
        ]
        candidates += made[: costs.edits_per_gap]
    return candidates


def touches(candidate: Candidate, patterns: tuple[str, ...]) -> bool:
    """Return whether a candidate changes a page that must not be touched, be it not the page on which it is listed."""
    return any(
        fnmatch(change.page_id, pattern) for change in candidate.changes for pattern in patterns
    )


def explain_no_edits(gaps: Gaps) -> list[Candidate]:
    """Return for each gap that no edit of the own site can close an entry that says why."""
    reasons = {
        "unwinnable": "Answers here do not search, or cite only third parties: no own page is in the running. Try the media.",
        "out of scope": "The site is about something else. Leave it, or decide to offer this.",
    }
    return [
        Candidate(
            *(
                row["cluster_id"],
                NO_EDIT,
                str(row["own_passage_id"]).split("#")[0],
                "",
            ),
            brief=f"{reasons.get(row['cause'], 'No edit can close this gap.')} {row['reason']}.",
            cost_minutes=0.0,
            drafted_from=(),
            added=(),
        )
        for row in gaps[~gaps["is_closable"]].to_dict("records")
    ]


def list_changes(candidates: list[Candidate]) -> Changes:
    """Return the changes of places that the candidates make, in their order."""
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


def _gap_of(
    row: Mapping[Any, Any],
    asked: pd.DataFrame,
    book: ClaimBook,
    places: pd.DataFrame | None,
    elsewhere: Mapping[str, str],
) -> Gap:
    half = asked.iloc[::2]
    drafted_from = tuple(half["query_id"])
    claims = book.lacking(list(drafted_from), FULL)
    own = str(row["own_passage_id"])
    name = str(row["cluster_id"])
    found = [] if places is None else list(places.loc[places["cluster_id"] == name, "passage_id"])
    is_there = half[(half["own_passage_id"] == own) & (half["cause"] == row["cause"])].sort_values(
        "coverage", ascending=False
    )
    return Gap(
        name,
        str(row["label"]),
        str(row["cause"]),
        tuple(half["text"]),
        drafted_from,
        tuple(claims[:SHORT]),
        tuple(claims),
        own,
        next(iter(is_there["text"]), None),
        tuple(half["own_passage_id"]),
        tuple(found) or (own,),
        elsewhere.get(name, ""),
    )
