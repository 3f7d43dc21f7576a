"""The plan: edits that serve the list of gaps, in the order of the work, within a budget.

The first gaps come first: each gets its best edit by gain per minute that fits. The rest of the
budget goes to the edits that gain most per minute, and swaps follow (docs/method.md, The plan).
"""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.edits import edit_id, list_changes
from coverage_kit.rank.parts import HOUR, is_first_part, rest_of, subtract_effects
from coverage_kit.rank.select import (
    MIN_MINUTES,
    Limits,
    Portfolio,
    frontier_of,
    list_unedited,
    trace_selection,
)
from coverage_kit.rank.serve import say_plan, serve_gaps
from coverage_kit.rank.simulate import Simulation
from coverage_kit.rank.variants import Proposals, VariantChoice, places_of
from coverage_kit.tables import EDITS, FRONTIER, Changes, Edits, Effects, Frontier, Gaps, Queries

Floats = npt.NDArray[np.float64]
# What table `edits` says of both parts of an edit.
_PARTS = ("1 of 2", "2 of 2")
# What is predicted of citations.
_CITATIONS = {"citation_gain", "citation_low", "citation_high"}
# Days of a month.
_MONTH = 365.25 / 12
# An edit that adds a smaller share of all that is asked is not listed, however little the log asks
# (assumed).
_LEAST_SHARE = 0.005


@dataclass(frozen=True)
class Plan:
    """Edits by rank, and how they serve the gaps.

    Attributes:
        edits: the edits that add enough, those within the budget first; then the gaps that no edit
            can close.
        changes: the changes of pages that these edits make.
        effects: the queries that these edits help or harm.
        frontier: what the list costs and gains, down to each edit.
        gaps: the gaps with `plan`.
        first_parts: of each second part of an edit, the id of the first part.
        n_small: edits that are not listed: they add too little to those listed, or are other
            variants of one that is.
    """

    edits: Edits
    changes: Changes
    effects: Effects
    frontier: Frontier
    gaps: Gaps
    first_parts: dict[str, str]
    n_small: int


def months_of(queries: Queries) -> float | None:
    """Return the months over which questions were asked, at least 1; None without dates."""
    first, last = queries["first_asked_at"].min(), queries["last_asked_at"].max()
    if pd.isna(first) or pd.isna(last):
        return None
    return max(1.0, float((last - first).total_seconds()) / 86_400 / _MONTH)


def least_gain_of(queries: Queries) -> float:
    """Return the gain below which an edit is not listed, in questions asked.

    It is one question a month over the time of the log. Where the log asks few questions, it is a
    small share of them.
    """
    demand = float(demand_weights(queries).sum())
    return min(months_of(queries) or 1.0, _LEAST_SHARE * demand)


def make_plan(  # noqa: PLR0913 (the edits, what they gain, and what the plan has to respect)
    candidates: Sequence[Candidate],
    proposed: pd.DataFrame,
    simulation: Simulation,
    gaps: Gaps,
    limits: Limits,
    least_gain: float,
    unedited: Sequence[Candidate] = (),
    locked_gaps: Collection[str] = (),
) -> Plan:
    """Return the plan of these edits.

    Of the variants of a gap at most one is listed. It is listed in two parts where it takes more
    than an hour and a shorter variant is a part of it. An edit is chosen only where its gain's 90%
    interval is above 0.

    Args:
        candidates: the edits.
        proposed: the edits with gain and interval (`edit_table`), in the same order.
        simulation: their predicted effects, in the same order.
        gaps: the gaps in the order of the work.
        limits: what may be spent and edited.
        least_gain: an edit that adds less is not listed, in questions asked, above 0.
        unedited: an entry for each gap that no edit can close.
        locked_gaps: ids of the gaps for which there are edits of locked pages only.
    """
    proposals = _price(candidates, simulation)
    choice, reasons = serve_gaps(proposals, candidates, gaps, limits, least_gain)
    planned = dict(choice.chosen)
    _go_on(choice, candidates, least_gain)
    listed, first_rows = _list_parts(candidates, proposals, planned, choice.chosen, least_gain)
    while True:
        changed, split = _split(candidates, simulation, first_rows)
        order, n_chosen = _order(_price(changed, split), listed, first_rows, least_gain)
        # Where one of two parts adds too little, the edit is listed whole, or as its first part.
        undone = [second for second in first_rows if second not in order]
        if not undone:
            break
        for second in undone:
            first = first_rows.pop(second)
            del listed[second if first in order else first]
    edits, frontier = _lay_out(
        _describe_parts(proposed, changed, split, first_rows),
        _price(changed, split),
        limits,
        order,
        n_chosen,
    )
    ids = set(edits["edit_id"])
    first_parts = {edit_id(second): edit_id(first) for second, first in first_rows.items()}
    edits = _mark_next_hour(edits, first_parts)
    effects = simulation.effects
    changes = list_changes(changed)
    unedited_rows = list_unedited(unedited, len(candidates), len(edits) + 1)
    return Plan(
        edits=EDITS.table([*edits.to_dict("records"), *unedited_rows]),
        changes=changes[changes["edit_id"].isin(ids)].reset_index(drop=True),
        effects=subtract_effects(effects[effects["edit_id"].isin(ids)], first_parts),
        frontier=frontier,
        gaps=say_plan(gaps, edits, reasons, locked_gaps),
        first_parts=first_parts,
        n_small=len(candidates) - len(edits),
    )


def _price(candidates: Sequence[Candidate], simulation: Simulation) -> Proposals:
    """Return the edits with what each costs."""
    minutes = np.array([candidate.cost_minutes for candidate in candidates], dtype=np.float64)
    return Proposals(
        simulation=simulation,
        minutes=np.maximum(minutes, MIN_MINUTES),
        words=np.array([candidate.n_words for candidate in candidates], dtype=np.float64),
        pages=[candidate.page_id for candidate in candidates],
        places=[places_of(candidate) for candidate in candidates],
    )


def _go_on(choice: VariantChoice, candidates: Sequence[Candidate], least_gain: float) -> None:
    """Go on beyond the budget; the limits that are no budget stay.

    Of a gap that the plan serves, only the rest of the planned edit is added.
    """
    choice.limits = replace(choice.limits, minutes=0.0, words=0)
    rows = []
    for row, candidate in enumerate(candidates):
        planned = choice.replaced(row)
        if planned is None or is_first_part(candidates[planned], candidate):
            rows.append(row)
    choice.fill(rows, least_gain)


def _list_parts(
    candidates: Sequence[Candidate],
    proposals: Proposals,
    planned: Mapping[int, int],
    chosen: Mapping[int, int],
    least_gain: float,
) -> tuple[dict[int, bool], dict[int, int]]:
    """Return the rows of the list, with whether each is planned, and the first row by second row.

    Args:
        candidates: the edits.
        proposals: what they gain and cost.
        planned: by group the row of the edit within the budget.
        chosen: the same beyond the budget.
        least_gain: a part adds at least this, in questions asked.
    """
    gain = proposals.simulation.gain[0]
    groups = proposals.simulation.groups
    listed: dict[int, bool] = {}
    first_rows: dict[int, int] = {}
    for group, row in chosen.items():
        is_planned = planned.get(group) == row
        if group in planned and not is_planned:
            listed[planned[group]] = True
            first_rows[row] = planned[group]
        elif proposals.minutes[row] > HOUR:
            parts = [
                part
                for part in np.flatnonzero(groups == group).tolist()
                if is_first_part(candidates[part], candidates[row])
                and proposals.minutes[part] <= HOUR
                and least_gain <= gain[part] <= gain[row] - least_gain
            ]
            if parts:
                first_rows[row] = max(parts, key=gain.__getitem__)
                listed[first_rows[row]] = is_planned
        listed[row] = is_planned
    return listed, first_rows


def _split(
    candidates: Sequence[Candidate], simulation: Simulation, first_rows: Mapping[int, int]
) -> tuple[list[Candidate], Simulation]:
    """Return the edits and their effects, second parts without their first parts.

    Chances stay as they are: of a first and a second part the better counts, which is the whole.
    """
    changed = list(candidates)
    gain, harm = simulation.gain.copy(), simulation.harm.copy()
    for second, first in first_rows.items():
        changed[second] = rest_of(candidates[first], candidates[second])
        gain[:, second] -= simulation.gain[:, first]
        harm[second] -= simulation.harm[first]
    return changed, replace(simulation, gain=gain, harm=harm)


def _order(
    proposals: Proposals,
    listed: Mapping[int, bool],
    first_rows: Mapping[int, int],
    least_gain: float,
) -> tuple[list[int], int]:
    """Return the rows by gain per minute, given those above, and how many of them are planned.

    Planned edits come first, and first parts before second parts. An edit that adds too little to
    those above it is left out.
    """
    portfolio = Portfolio(proposals.simulation)
    second_rows = {first: second for second, first in first_rows.items()}
    order: list[int] = []
    n_chosen = 0

    def entry(row: int) -> tuple[float, int]:
        return -portfolio.marginal(row) / proposals.minutes[row], row

    for is_planned in (True, False):
        waiting = {row for row, flag in listed.items() if flag == is_planned}
        heap = [entry(row) for row in waiting if first_rows.get(row, -1) not in waiting]
        heapq.heapify(heap)
        while heap:
            _, row = heapq.heappop(heap)
            # Lazy evaluation, as in select_edits.
            current = entry(row)
            if portfolio.marginal(row) < least_gain:
                continue
            if heap and current > heap[0]:
                heapq.heappush(heap, current)
                continue
            portfolio.take(row)
            order.append(row)
            second = second_rows.get(row)
            if second in waiting:
                heapq.heappush(heap, entry(second))
        if is_planned:
            n_chosen = len(order)
    return order, n_chosen


def _describe_parts(
    proposed: pd.DataFrame,
    candidates: Sequence[Candidate],
    simulation: Simulation,
    first_rows: Mapping[int, int],
) -> pd.DataFrame:
    """Return the edits, second parts without what their first parts cost, gain and say.

    Args:
        proposed: the whole edits with gain and interval.
        candidates: the edits, second parts in the place of whole edits.
        simulation: their effects.
        first_rows: the row of the first part by the row of the second part.
    """
    edits = proposed.assign(part=None)
    for second, first in first_rows.items():
        rest = candidates[second]
        draws = simulation.gain[:, second]
        values = {
            "part": _PARTS[1],
            "brief": rest.brief,
            "before": rest.before,
            "cost_minutes": rest.cost_minutes,
            "n_words": rest.n_words,
            "gain": draws[0],
            "low": min(np.quantile(draws, 0.05), draws[0]),
            "high": max(np.quantile(draws, 0.95), draws[0]),
            "harm": simulation.harm[second],
        }
        # What the rest of a text adds to the citations of its first part is not predicted.
        values |= dict.fromkeys(_CITATIONS & set(map(str, edits)), np.nan)
        for name, value in values.items():
            edits.loc[edits.index[second], name] = value
        edits.loc[edits.index[first], "part"] = _PARTS[0]
    return edits


def _lay_out(
    edits: pd.DataFrame,
    proposals: Proposals,
    limits: Limits,
    order: Sequence[int],
    n_chosen: int,
) -> tuple[Edits, Frontier]:
    """Return the edits in this order with what each adds, and the running cost and gain."""
    selection = trace_selection(
        proposals.simulation, proposals.minutes, limits, proposals.pages, proposals.words, order
    )
    ranked = edits.iloc[list(order)].assign(
        rank=np.arange(1, len(order) + 1),
        marginal_gain=list(selection.marginal),
        is_chosen=np.arange(len(order)) < n_chosen,
    )
    if ranked.empty:
        return EDITS.empty(), FRONTIER.empty()
    return EDITS.typed(ranked), frontier_of(edits, proposals.simulation, selection)


def _mark_next_hour(edits: Edits, first_parts: Mapping[str, str]) -> Edits:
    """Return the edits with the next hour's marked: by rank the planned ones that still fit.

    A second part needs its first part. Where one edit alone adds more than these, it is the hour's.
    """
    picked: list[str] = []
    minutes = gain = 0.0
    single: tuple[float, str] = (0.0, "")
    for row in edits[edits["is_chosen"]].to_dict("records"):
        name, adds, cost = row["edit_id"], row["marginal_gain"], row["cost_minutes"]
        first = first_parts.get(name)
        if cost > HOUR:
            continue
        if first is None:
            single = max(single, (adds, name))
        if minutes + cost <= HOUR and (first is None or first in picked):
            picked.append(name)
            minutes, gain = minutes + cost, gain + adds
    if single[0] > gain:
        picked = [single[1]]
    return edits.assign(in_next_hour=edits["edit_id"].isin(picked))
