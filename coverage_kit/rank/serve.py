"""Which gaps the plan serves, and why it does not serve the others."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.select import Limits
from coverage_kit.rank.simulate import Simulation
from coverage_kit.rank.swaps import improve_by_swaps
from coverage_kit.rank.variants import Proposals, VariantChoice
from coverage_kit.tables import Edits, Gaps
from coverage_kit.vocabulary import PLANNED, TO_CLOSE

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
# The gaps at the head of the list that the plan serves before all others (assumed).
N_SERVED = 10
# An edit of at most these minutes is quick (assumed).
_QUICK = 30.0
# The share of the plan's gain that may be given up for the first gaps (assumed).
_MAX_LOSS = 0.1
_NO_EDIT_KNOWN = "Not planned: no edit is known for it."
_LOCKED = "Not planned: its pages are locked (rank.locked_pages)."
_TOO_SMALL = "Not planned: its best edit adds under one question asked a month."
_TOO_UNSURE = "Not planned: its best edit is too unsure, as it may add nothing."
_OVERLAP = "Not planned: edits of other gaps answer its questions."
_OTHERS_FIRST = "Not planned: other edits gain more within the budget."
_GAVE_WAY = "Not planned: an edit for a gap before it needs its minutes."


def serve_gaps(
    proposals: Proposals,
    candidates: Sequence[Candidate],
    gaps: Gaps,
    limits: Limits,
    least_gain: float,
) -> tuple[VariantChoice, dict[str, str]]:
    """Return the planned edits, and for each gap to close why the plan may not serve it.

    Each of the first gaps, in order, gets its best edit by gain per minute among those that fit,
    unless the plan would gain much less. The others are chosen by gain per minute. Where a swap
    gains more, edits give way to another; those of a first gap, only to one of a gap before it.

    Args:
        proposals: what the edits gain and cost.
        candidates: the edits.
        gaps: the gaps.
        limits: what may be spent and edited.
        least_gain: an edit that adds less is not chosen, in questions asked, above 0.
    """
    is_sure = _gain_low(proposals.simulation) > 0
    sure_rows = np.flatnonzero(is_sure).tolist()
    quick_rows = [row for row in sure_rows if proposals.minutes[row] <= _QUICK]
    rows_of: dict[str, list[int]] = {}
    for row, candidate in enumerate(candidates):
        rows_of.setdefault(candidate.cluster_id, []).append(row)

    def plan_with(first: Sequence[int]) -> VariantChoice:
        choice = VariantChoice(proposals, limits)
        for row in first:
            choice.take(row)
        choice.fill(sure_rows, least_gain)
        # Without first gaps to serve, the gain alone counts.
        return improve_by_swaps(choice, sure_rows, least_gain, places if first else {})

    to_close = gaps[gaps["listing"] == TO_CLOSE].sort_values("rank")["cluster_id"]
    first_gaps = {cluster_id: place for place, cluster_id in enumerate(to_close.head(N_SERVED))}
    places = {
        row: first_gaps[candidate.cluster_id]
        for row, candidate in enumerate(candidates)
        if candidate.cluster_id in first_gaps
    }
    plan = plan_with(())
    least_of_plan = (1 - _MAX_LOSS) * plan.gain()
    served = VariantChoice(proposals, limits)
    first_rows: list[int] = []
    reasons: dict[str, str] = {}
    for cluster_id in to_close.head(N_SERVED):
        rows = rows_of.get(cluster_id, [])
        usable = _usable(served, rows, is_sure, least_gain)
        fitting = [row for row in usable if served.fits(row)]
        if fitting:
            row = max(fitting, key=served.rate)
            # Quick edits that gain more per minute come first, whatever gap they are for.
            for quick in sorted(quick_rows, key=served.rate, reverse=True):
                gains_more = served.added_gain(quick) >= least_gain
                if gains_more and served.rate(quick) > served.rate(row) and served.fits(quick):
                    served.take(quick)
                    first_rows.append(quick)
            if not served.fits(row):
                reasons[cluster_id] = _explain_limits(served, usable)
                continue
            trial = plan_with([*first_rows, row])
            if trial.gain() >= least_of_plan:
                plan = trial
                served.take(row)
                first_rows.append(row)
                # Where edits of other gaps take over its questions, this edit is left out again.
                reasons[cluster_id] = _OVERLAP
            else:
                reasons[cluster_id] = (
                    f"Not planned: its best edit takes {proposals.minutes[row]:,.0f} minutes, "
                    "in which other edits gain far more."
                )
        else:
            reasons[cluster_id] = (
                _explain_limits(served, usable)
                if usable
                else _explain_gain(served, rows, is_sure, least_gain)
            )
    planned = {candidates[row].cluster_id for row in plan.chosen.values()}
    for row in first_rows:
        cluster_id = candidates[row].cluster_id
        if cluster_id in first_gaps and cluster_id not in planned:
            reasons[cluster_id] = _GAVE_WAY
    for cluster_id in to_close.iloc[N_SERVED:]:
        rows = rows_of.get(cluster_id, [])
        has_usable = bool(_usable(plan, rows, is_sure, least_gain))
        reasons[cluster_id] = (
            _OTHERS_FIRST if has_usable else _explain_gain(plan, rows, is_sure, least_gain)
        )
    return plan, reasons


def _gain_low(simulation: Simulation) -> Floats:
    """Return the lower end of each gain's 90% interval, (n edits,)."""
    low = np.quantile(simulation.gain, 0.05, axis=0)
    return np.asarray(np.minimum(low, simulation.gain[0]), dtype=np.float64)


def _usable(
    choice: VariantChoice, rows: Sequence[int], is_sure: Flags, least_gain: float
) -> list[int]:
    """Return the edits of a gap that are worth their reading, whatever they cost."""
    return [row for row in rows if is_sure[row] and choice.added_gain(row) >= least_gain]


def _explain_gain(
    choice: VariantChoice, rows: Sequence[int], is_sure: Flags, least_gain: float
) -> str:
    """Return why no edit of a gap is worth its reading."""
    if not rows:
        return _NO_EDIT_KNOWN
    gain = choice.proposals.simulation.gain[0]
    large = [row for row in rows if gain[row] >= least_gain]
    if not large:
        return _TOO_SMALL
    return _OVERLAP if any(is_sure[row] for row in large) else _TOO_UNSURE


def _explain_limits(choice: VariantChoice, rows: Sequence[int]) -> str:
    """Return the limit that keeps these edits out of the plan."""
    limits = choice.limits
    allowed = [row for row in rows if limits.allows(choice.proposals.pages[row])]
    if not allowed:
        return _LOCKED
    on_free_pages = [row for row in allowed if choice.fits_page(row)]
    if not on_free_pages:
        return (
            "Not planned: its page has as many planned edits as are allowed "
            f"({limits.edits_per_page:,})."
        )
    cheapest = min(on_free_pages, key=choice.added_minutes)
    if not choice.fits_minutes(cheapest):
        return (
            f"Not planned: its smallest edit takes {choice.added_minutes(cheapest):,.0f} minutes, "
            "more than the edits before it leave of the budget."
        )
    shortest = min(on_free_pages, key=choice.added_words)
    if not choice.fits_words(shortest):
        return (
            f"Not planned: its shortest edit has {choice.added_words(shortest):,.0f} words, "
            f"{limits.words - choice.n_words:,.0f} are left."
        )
    return _OVERLAP


def say_plan(
    gaps: Gaps, edits: Edits, reasons: Mapping[str, str], locked_gaps: Collection[str]
) -> Gaps:
    """Return the gaps with `plan`: planned, or the reason why not."""
    served = set(edits.loc[edits["is_chosen"], "cluster_id"])
    said = {
        cluster_id: _LOCKED if reason == _NO_EDIT_KNOWN and cluster_id in locked_gaps else reason
        for cluster_id, reason in reasons.items()
    }
    said |= dict.fromkeys(served, PLANNED)
    plans = [said.get(cluster_id) for cluster_id in gaps["cluster_id"]]
    return gaps.assign(plan=pd.Series(plans, index=gaps.index, dtype="str"))
