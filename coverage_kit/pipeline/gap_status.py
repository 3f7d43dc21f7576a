"""Gaps over time: which gap of earlier runs each gap is, and what became of it.

A gap is recognised by its questions. What is remembered of the runs of a series is a `GapMemory`;
`pipeline/history.py` keeps it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
import pandas as pd

from coverage_kit.pipeline.published import find_published
from coverage_kit.rank.causes import demand_weights
from coverage_kit.report.wording import count, percent
from coverage_kit.storage.cache import digest
from coverage_kit.tables import (
    CHANGES,
    GAPS,
    PASSAGES,
    Changes,
    Clusters,
    Column,
    Coverage,
    Edits,
    Gaps,
    Passages,
    Queries,
    Schema,
    checked,
)
from coverage_kit.tables.columns import HIGH, LOW, QUERY_ID, optional, text
from coverage_kit.vocabulary import (
    DISMISSED,
    LISTING_OF_CAUSE,
    OUT_OF_REACH,
    TO_CLOSE,
    GapStatus,
)

# A cluster is a gap of an earlier run if it holds this share of that gap's demand, or that gap made
# up this share of its own, counted over the questions of both runs (assumed: the majority).
_MAJORITY = 0.5
# Shares are rounded to this many decimals before they are compared, so that ties are broken in the
# same way on every machine.
_DECIMALS = 9
# A question counts as open below this coverage: it is more likely unanswered than answered.
_OPEN_BELOW = 0.5
# The reason of a gap that left the list although its coverage did not clearly rise.
_OUTSIDE = "open: coverage {}, no clear change, though it is not in the list now"
# Edits named as what closed a gap, at most (assumed: more do not fit into a sentence).
_MAX_EDITS = 3

KNOWN_GAPS = Schema(
    "known_gaps",
    "one gap that any run of a series has had",
    ("gap_id",),
    (
        text("gap_id", "id of the gap"),
        text("label", "its name when a run had it last"),
        text("listing", "the list in which it was then, whether it was dismissed or not"),
        optional("status", "text", "its status then, whether it was dismissed or not"),
        optional("status_reason", "text", "what the status rested on"),
    ),
)
KNOWN_QUESTIONS = Schema(
    "known_questions",
    "one question of any run of a series, as it was when a run had it last",
    ("query_id",),
    (
        QUERY_ID,
        text("gap_id", "id of its gap"),
        Column("coverage", "number", "its coverage"),
        LOW,
        HIGH,
    ),
)
KnownGaps = Annotated[pd.DataFrame, KNOWN_GAPS]
KnownQuestions = Annotated[pd.DataFrame, KNOWN_QUESTIONS]


@dataclass(frozen=True)
class GapMemory:
    """What the runs of a series leave to the next one.

    Attributes:
        measured: a digest of what the last run measured; empty before the first run.
        day: the day of the last run, such as 2026-11-30.
        gaps: the gaps of all runs.
        questions: the questions of all runs.
        changes: what the edits of the last run change, with the column gap_id.
        passages: your passages in the last run.
    """

    measured: str = ""
    day: str = ""
    gaps: KnownGaps = field(default_factory=KNOWN_GAPS.empty)
    questions: KnownQuestions = field(default_factory=KNOWN_QUESTIONS.empty)
    changes: Changes = field(default_factory=lambda: CHANGES.empty().assign(gap_id=""))
    passages: Passages = field(default_factory=PASSAGES.empty)


def list_asked(queries: Queries, clusters: Clusters, coverage: Coverage) -> pd.DataFrame:
    """Return the questions of a run in the order of their ids.

    The columns are query_id, cluster_id, text, demand, weight (the demand, or a trace where there
    is none), coverage, low and high.
    """
    asked = clusters[["query_id", "cluster_id"]].merge(
        queries[["query_id", "text", "demand"]], on="query_id"
    )
    asked = asked.merge(coverage[["query_id", "coverage", "low", "high"]], on="query_id")
    asked["weight"] = asked["query_id"].map(demand_weights(queries))
    return asked.sort_values("query_id").reset_index(drop=True)


@checked
def track_gaps(gaps: Gaps, asked: pd.DataFrame, passages: Passages, memory: GapMemory) -> Gaps:
    """Return the gaps with gap_id, status and status_reason, in their order.

    The first run has open gaps and no new ones. A run that measures the same as the run before
    keeps the statuses of that run. Topics that never were in the list of gaps to close have no
    status.

    Args:
        gaps: the gaps in the order of the work.
        asked: the questions of the run (`list_asked`).
        passages: your passages, in which the edits of the last run are searched.
        memory: what is known of earlier runs.
    """
    if gaps.empty:
        return gaps
    gap_ids = _assign_ids(gaps, asked, memory)
    tracked = gaps.assign(gap_id=gaps["cluster_id"].map(gap_ids))
    if memory.measured and memory.measured == digest_measured(gaps, asked):
        known = memory.gaps.set_index("gap_id")
        columns = {name: tracked["gap_id"].map(known[name]) for name in ("status", "status_reason")}
        return GAPS.typed(tracked.assign(**columns))
    moves = _compare(tracked, asked, memory)
    edits = _find_edits(moves, tracked, passages, memory)
    moves = [_explain(move, edits.get(move.gap_id, ""), memory.day) for move in moves]
    return GAPS.typed(
        tracked.assign(
            status=pd.Series([m.status for m in moves], tracked.index, dtype="object"),
            status_reason=pd.Series([m.words for m in moves], tracked.index, dtype="object"),
        )
    )


def digest_measured(gaps: Gaps, asked: pd.DataFrame) -> str:
    """Return a digest of what a run measured, whatever is dismissed and in whatever order."""
    columns = ["cluster_id", "cause", "severity", "low", "high", "is_closable"]
    return digest([gaps[columns].sort_values("cluster_id"), asked])


def remember_gaps(
    gaps: Gaps, asked: pd.DataFrame, changes: Changes, edits: Edits, passages: Passages
) -> GapMemory:
    """Return what a run of today leaves to the next one, before it is joined with earlier runs.

    Args:
        gaps: the gaps as `track_gaps` returns them.
        asked: the questions of the run (`list_asked`).
        changes: what its edits change.
        edits: its edits.
        passages: your passages.
    """
    known = gaps.assign(listing=[find_listing(row) for row in gaps.to_dict("records")])
    gap_of = gaps.set_index("cluster_id")["gap_id"]
    cluster_of = edits.set_index("edit_id")["cluster_id"]
    edit_gaps = changes["edit_id"].map(cluster_of).map(gap_of).fillna("").astype("str")
    return GapMemory(
        measured=digest_measured(gaps, asked),
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        gaps=KNOWN_GAPS.typed(known)[KNOWN_GAPS.names],
        questions=KNOWN_QUESTIONS.typed(asked.assign(gap_id=asked["cluster_id"].map(gap_of)))[
            KNOWN_QUESTIONS.names
        ],
        changes=changes.assign(gap_id=edit_gaps),
        passages=passages,
    )


def join_memories(earlier: GapMemory, last: GapMemory) -> GapMemory:
    """Return what is known after the last run; gaps and questions that it lacks stay known."""

    def joined(old: pd.DataFrame, new: pd.DataFrame, key: str) -> pd.DataFrame:
        kept = old[~old[key].isin(new[key])]
        return pd.concat([kept, new], ignore_index=True) if len(kept) else new

    return GapMemory(
        measured=last.measured,
        day=last.day,
        gaps=joined(earlier.gaps, last.gaps, "gap_id"),
        questions=joined(earlier.questions, last.questions, "query_id"),
        changes=last.changes,
        passages=last.passages,
    )


def find_listing(gap: Mapping[Any, Any]) -> str:
    """Return the list to which a gap belongs; where the table does not say, by its cause.

    >>> find_listing({"listing": None, "is_closable": True, "cause": "mis-worded"})
    'to close'
    """
    listing = gap.get("listing")
    if isinstance(listing, str) and listing != DISMISSED:
        return listing
    return LISTING_OF_CAUSE[gap["cause"]] if gap["is_closable"] else OUT_OF_REACH


def _assign_ids(gaps: Gaps, asked: pd.DataFrame, memory: GapMemory) -> dict[str, str]:
    """Return by cluster_id the id of the gap: that of an earlier run, or a new one.

    Pairs are taken greedily, those with the largest overlap (Dice, by demand) first. Questions that
    only one of the runs has do not count, so that a log may grow or move on.
    """
    both = asked.merge(memory.questions[["query_id", "gap_id"]], on="query_id")
    of_cluster = both.groupby("cluster_id")["weight"].sum()
    of_gap = both.groupby("gap_id")["weight"].sum()
    overlaps = both.groupby(["cluster_id", "gap_id"])["weight"].sum().reset_index(name="shared")
    pairs = []
    for row in overlaps.to_dict("records"):
        cluster_id, gap_id, shared = str(row["cluster_id"]), str(row["gap_id"]), row["shared"]
        smaller, larger = sorted((of_cluster[cluster_id], of_gap[gap_id]))
        if round(shared / smaller, _DECIMALS) >= _MAJORITY:
            dice = round(2 * shared / (smaller + larger), _DECIMALS)
            size = round(shared, _DECIMALS)
            pairs.append((-dice, -size, _number(gap_id), cluster_id, gap_id))
    ids: dict[str, str] = {}
    used: set[str] = set()
    for *_, cluster_id, gap_id in sorted(pairs):
        if cluster_id not in ids and gap_id not in used:
            ids[cluster_id] = gap_id
            used.add(gap_id)
    number = max(map(_number, memory.gaps["gap_id"]), default=0)
    # The most asked come first, whatever the order of the work.
    ordered = gaps.sort_values(["demand", "cluster_id"], ascending=[False, True])
    for cluster_id in ordered["cluster_id"]:
        if cluster_id not in ids:
            number += 1
            ids[cluster_id] = f"g{number:04d}"
    return ids


def _number(gap_id: str) -> int:
    return int(gap_id[1:])


@dataclass(frozen=True)
class _Move:
    """How a gap compares with the runs before.

    Attributes:
        gap_id: its id.
        status: what became of it; None where it never was a gap to close.
        words: what the status rests on; without the edits where `is_risen`.
        is_risen: whether its coverage rose, so that edits of the last run may be behind it.
        needs_edit: whether the rise is so small that only a published edit of the gap counts.
    """

    gap_id: str
    status: GapStatus | None
    words: str | None
    is_risen: bool = False
    needs_edit: bool = False


def _compare(gaps: Gaps, asked: pd.DataFrame, memory: GapMemory) -> list[_Move]:
    """Return for each gap how it compares with the runs before."""
    if not memory.measured:
        words = "open: there is no earlier run to compare with"
        return [
            _Move(str(row["gap_id"]), "open", words)
            if find_listing(row) == TO_CLOSE
            else _Move(str(row["gap_id"]), None, None)
            for row in gaps.to_dict("records")
        ]
    known = {row["gap_id"]: row for row in memory.gaps.to_dict("records")}
    questions = asked.merge(memory.questions, on="query_id", suffixes=("", "_then"))
    questions_of = dict(list(questions.groupby("cluster_id")))
    weights = asked.groupby("cluster_id")["weight"].sum()
    moves = []
    for row in gaps.to_dict("records"):
        gap_id = str(row["gap_id"])
        both = questions_of.get(row["cluster_id"], questions.head(0))
        is_known = gap_id in known
        is_listed = find_listing(row) == TO_CLOSE
        if not is_known and float(both["weight"].sum()) < _MAJORITY * weights[row["cluster_id"]]:
            n_new = int(row["n_queries"]) - len(both)
            words = f"new: {n_new:,} of {count(int(row['n_queries']), 'question')} not asked before"
            moves.append(_Move(gap_id, *(("new", words) if is_listed else (None, None))))
            continue
        # A part that was split off comes from the gap that had most of it.
        then = gap_id if is_known else str(both.groupby("gap_id")["weight"].sum().idxmax())
        before = known[then]
        if is_listed:
            moves.append(_compare_listed(gap_id, before, both, "" if is_known else then))
        elif is_known:
            moves.append(_compare_unlisted(gap_id, find_listing(row), before, both))
        else:
            moves.append(_Move(gap_id, None, None))
    return moves


def _compare_unlisted(
    gap_id: str, listing: str, before: Mapping[Any, Any], both: pd.DataFrame
) -> _Move:
    """Return the move of a topic that is not in the list of gaps to close."""
    if not isinstance(before["status"], str):
        return _Move(gap_id, None, None)
    if before["status"] == "closed":
        return _Move(gap_id, "closed", before["status_reason"])
    if listing == OUT_OF_REACH:
        return _Move(gap_id, "open", "open, but no edit of your site can close it any more")
    change = _measure_change(both)
    # Without any rise, no edit can have closed it.
    if not change.is_up and _mean(both, "coverage") <= _mean(both, "coverage_then"):
        return _Move(gap_id, "open", _OUTSIDE.format(change.words))
    return _Move(gap_id, "closed", change.words, is_risen=True, needs_edit=not change.is_up)


def _compare_listed(
    gap_id: str, before: Mapping[Any, Any], both: pd.DataFrame, split_from: str
) -> _Move:
    """Return the move of a gap to close; `split_from` is the gap that it was a part of, if any."""
    change = _measure_change(both)
    was_gap = isinstance(before["status"], str) and before["status"] != "closed"
    if not was_gap and (change.is_down or before["status"] == "closed"):
        verb = "fell from" if change.is_down else "went from"
        return _Move(gap_id, "reopened", f"reopened: coverage {verb} {change.words}")
    if was_gap and change.is_up:
        words = change.words
        if change.n_closed:
            n_open = count(change.n_open_then, "open question")
            words += f", {change.n_closed:,} of {n_open} answered since"
        return _Move(gap_id, "shrinking", words, is_risen=True)
    words = f"open: coverage {change.words}, no clear change"
    if not was_gap:
        words = f"{words}; it was not in the list before"
    if split_from:
        words = f"{words}; it was a part of {split_from}"
    return _Move(gap_id, "open", words)


@dataclass(frozen=True)
class _Change:
    """How the coverage of the questions of two runs changed.

    Attributes:
        words: coverage then and now: '31% to 78%'.
        is_up: whether it clearly rose: more questions came to be answered than the other way round,
            each beyond its interval, or the mean did.
        is_down: whether it clearly fell.
        n_closed: open questions that are answered now.
        n_open_then: questions that were open.
    """

    words: str
    is_up: bool
    is_down: bool
    n_closed: int
    n_open_then: int


def _measure_change(both: pd.DataFrame) -> _Change:
    # Only questions of both runs are compared, so that a gap does not shrink by losing some.
    then, now = both["coverage_then"], both["coverage"]
    is_answered, was_answered = now >= _OPEN_BELOW, then >= _OPEN_BELOW
    # A question that crosses the line counts where it left its earlier interval.
    n_closed = int((is_answered & ~was_answered & (now > both["high_then"])).sum())
    n_opened = int((~is_answered & was_answered & (now < both["low_then"])).sum())
    return _Change(
        words=f"{percent(_mean(both, 'coverage_then'))} to {percent(_mean(both, 'coverage'))}",
        is_up=n_closed > n_opened or _mean(both, "low") > _mean(both, "high_then"),
        is_down=n_opened > n_closed or _mean(both, "high") < _mean(both, "low_then"),
        n_closed=n_closed,
        n_open_then=int((~was_answered).sum()),
    )


def _mean(both: pd.DataFrame, column: str) -> float:
    return float(np.average(both[column], weights=both["weight"])) if len(both) else float("nan")


def _find_edits(
    moves: Collection[_Move], gaps: Gaps, passages: Passages, memory: GapMemory
) -> dict[str, str]:
    """Return by gap_id the published edits of the last run that a rise of coverage may rest on.

    These are edits of the gap itself: 'by edit e0014'; where there are none, edits of other gaps on
    the page that is now nearest to it: 'after edit e0014 on its nearest page'.
    """
    risen = [move.gap_id for move in moves if move.is_risen]
    if not risen or memory.changes.empty:
        return {}
    changes = memory.changes.drop(columns="gap_id")
    published = find_published(changes, memory.passages, passages)
    published = published[published["is_published"].astype(bool)]
    gap_of = memory.changes.drop_duplicates("edit_id").set_index("edit_id")["gap_id"]
    by_gap = published["edit_id"].groupby(published["edit_id"].map(gap_of)).agg(list).to_dict()
    by_page = published.groupby("page_id")["edit_id"].agg(list).to_dict()
    nearest = gaps.set_index("gap_id")["own_passage_id"].astype("object").fillna("")
    found = {}
    for gap_id in risen:
        page_id = str(nearest[gap_id]).rpartition("#")[0]
        if gap_id in by_gap:
            found[gap_id] = f"by {_list_edits(by_gap[gap_id])}"
        elif page_id in by_page:
            found[gap_id] = (
                f"after {_list_edits(by_page[page_id])} on the page that is nearest to it"
            )
    return found


def _list_edits(edits: list[str]) -> str:
    """Return the ids of edits in words.

    >>> _list_edits(["e0014"]), _list_edits(["e0001", "e0002", "e0003", "e0004"])
    ('edit e0014', 'edits e0001, e0002, e0003 and 1 more')
    """
    more = f" and {len(edits) - _MAX_EDITS:,} more" if len(edits) > _MAX_EDITS else ""
    return f"edit{'' if len(edits) == 1 else 's'} {', '.join(edits[:_MAX_EDITS])}{more}"


def _explain(move: _Move, edits: str, day: str) -> _Move:
    """Return a move in full words, with the edits of the run of a day that it may rest on."""
    if not move.is_risen:
        return move
    is_own = edits.startswith("by ")
    if is_own or (edits and not move.needs_edit):
        # Each run numbers its edits anew, so the run belongs to the id.
        words = f"{move.status} {edits} (run of {day}): coverage {move.words}"
        return replace(move, words=words)
    if move.needs_edit:
        return replace(move, status="open", words=_OUTSIDE.format(move.words))
    unknown = "no proposed edit was recognised on your pages"
    return replace(move, words=f"{move.status}: coverage {move.words}; {unknown}")
