"""A large edit in two parts, each of which can be published alone."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from coverage_kit.rank.candidates import Candidate, PageChange
from coverage_kit.tables import EFFECTS, FACTS, Effects, Facts

# An edit of more minutes is split where a shorter variant of it is its first part.
HOUR = 60.0
# What a part may do. A new page is not split: its set-up takes most of an hour.
_SPLIT_ACTIONS = ("insert_section", "replace_passage")
# The heading with which the Markdown of a new section begins.
_HEADING = re.compile(r"^#{1,6} [^\n]*\n+")


def is_first_part(short: Candidate, full: Candidate) -> bool:
    """Return whether a variant does at the same places a part of what another variant does.

    New sections must have the same heading.
    """
    return (
        (short.cluster_id, short.operation, short.page_id, short.heading_path, short.removed)
        == (full.cluster_id, full.operation, full.page_id, full.heading_path, full.removed)
        and short.cost_minutes < full.cost_minutes
        and short.n_words < full.n_words
        and bool(short.changes)
        and all(change.action in _SPLIT_ACTIONS for change in short.changes)
        and {_place(change) for change in short.changes}
        <= {_place(change) for change in full.changes}
    )


def rest_of(short: Candidate, full: Candidate) -> Candidate:
    """Return what is left of an edit once its first part is made.

    Minutes and words are the differences. `before` is the text of the first part and `after` the
    whole text, so that a comparison of both shows what is added.
    """
    made = {_place(change): change for change in short.changes}
    changes = []
    for change in full.changes:
        first = made.get(_place(change))
        if first is None:
            changes.append(change)
        elif first.after != change.after:
            changes.append(_continue(first, change, short))
    return replace(
        full,
        brief=_describe_rest(full),
        before=short.after,
        cost_minutes=full.cost_minutes - short.cost_minutes,
        n_words=full.n_words - short.n_words,
        changes=tuple(changes),
    )


def _describe_rest(full: Candidate) -> str:
    """Return the brief of what is left: its first line says what is added to what part 1 writes."""
    heading = full.title or full.heading_path.rpartition(" > ")[2]
    page = full.heading_path.partition(" > ")[0] or full.page_id
    task = (
        f"Complete the text under “{heading}” on the page “{page}”. Part 1, an edit of its own, "
        "writes its beginning: make that first. This part adds what is marked as new."
    )
    _, _, rest = full.brief.partition("\n")
    return "\n".join(filter(None, (task, rest)))


def _place(change: PageChange) -> tuple[str, str, str | None, str]:
    """Return where a change is made; of a new section also its heading."""
    is_section = change.action == "insert_section"
    heading = _HEADING.match(change.after or "") if is_section else None
    return change.action, change.page_id, change.passage_id, heading[0].strip() if heading else ""


def _continue(first: PageChange, change: PageChange, short: Candidate) -> PageChange:
    """Return the change that puts the whole text in the place of the first part's."""
    if change.action != "insert_section":
        return change._replace(before=first.after)
    path = short.added[0].heading_path if short.added else first.heading_path
    return PageChange(
        action="replace_passage",
        page_id=change.page_id,
        # The passage is new, so it has no id yet.
        passage_id=None,
        heading_path=path,
        before=_HEADING.sub("", first.after or "", count=1),
        after=_HEADING.sub("", change.after or "", count=1),
    )


def subtract_effects(effects: Effects, first_parts: dict[str, str]) -> Effects:
    """Return the effects, those of a second part without those of its first part.

    Gains of queries are differences, so that the rows of both parts add up to the whole edit's.

    Args:
        effects: effects of whole edits.
        first_parts: the first part's id by the id of the second part.
    """
    effects = EFFECTS.typed(effects)
    key = ["edit_id", "query_id"]
    second = effects[effects["edit_id"].isin(first_parts)]
    first = pd.concat(
        [
            effects[effects["edit_id"] == first_id].assign(edit_id=edit_id)
            for edit_id, first_id in first_parts.items()
        ]
        or [effects.head(0)]
    )
    both = second.merge(first, on=key, how="outer", suffixes=("", "_first"))
    # A query that one of the parts leaves out is unchanged by it.
    both["coverage_before"] = both["coverage_after_first"].fillna(both["coverage_before"])
    is_new = both["coverage_after"].isna()
    both["coverage_after"] = both["coverage_after"].fillna(both["coverage_before_first"])
    if both["gain"].notna().any():
        both["gain"] = both["gain"].fillna(0) - both["gain_first"].fillna(0)
    for name in ("answer_probability", "weight"):
        both[name] = both[name].fillna(both[f"{name}_first"])
    flags = both["is_drafted_from_first"].where(is_new, both["is_drafted_from"])
    both["is_drafted_from"] = flags.astype(bool)
    others = effects[~effects["edit_id"].isin(first_parts)]
    return pd.concat([others, both[list(effects.columns)]], ignore_index=True)


def subtract_facts(facts: Facts, first_parts: dict[str, str]) -> Facts:
    """Return the facts, those of a second part without those that its first part has.

    Args:
        facts: facts of whole edits.
        first_parts: the first part's id by the id of the second part.
    """
    said = {
        str(edit_id): {_wording(row) for row in rows.to_dict("records")}
        for edit_id, rows in facts.groupby("edit_id")
    }
    rows = [
        row
        for row in facts.to_dict("records")
        if _wording(row) not in said.get(first_parts.get(row["edit_id"], ""), ())
    ]
    left = FACTS.table(rows)
    return left.assign(position=left.groupby("edit_id").cumcount())


def _wording(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    """Return the words of a fact and of its slot."""
    text, slot = (row[name] if isinstance(row[name], str) else "" for name in ("text", "slot"))
    return str(text), str(slot)
