"""Better plans by swaps: one or two chosen edits give way to an edit that gains more.

Greedy choice can leave minutes over in which nothing fits. A bounded local search follows it. Each
swap raises the gain, so the search ends; ties go to the lowest row, so that it is the same each
time.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from coverage_kit.rank.variants import VariantChoice

# What a search looks at, at most, so that it takes seconds on large logs (assumed): swaps in all,
# edits that may come in, and edits that may give way.
_MAX_SWAPS = 20
_MAX_NEWCOMERS = 40
_MAX_LEAVING = 30


def improve_by_swaps(
    choice: VariantChoice,
    rows: Sequence[int],
    least_gain: float,
    places: Mapping[int, int],
) -> VariantChoice:
    """Return the edits after all swaps that raise their gain by the least gain.

    They are within the limits. Without a budget, nothing is swapped.

    Args:
        choice: the chosen edits.
        rows: rows of the edits that may be chosen.
        least_gain: what a swap has to add, in questions asked, above 0.
        places: by row of an edit, the place of its gap in the order of the work, where that counts:
            an edit gives way only to one whose gap comes no later. Edits without a place give way
            to all.
    """
    has_budget = bool(choice.limits.minutes or choice.limits.words)
    for _ in range(_MAX_SWAPS if has_budget else 0):
        better = _best_swap(choice, rows, least_gain, places)
        if better is None:
            break
        better.fill(rows, least_gain)
        choice = better
    return choice


def _best_swap(
    choice: VariantChoice,
    rows: Sequence[int],
    least_gain: float,
    places: Mapping[int, int],
) -> VariantChoice | None:
    """Return the choice after the swap that gains most; None where none gains enough."""
    chosen = sorted(choice.chosen.values())
    gain = choice.gain()
    losses = {row: gain - _without(choice, (row,)).gain() for row in chosen}
    cheapest = sorted(chosen, key=lambda row: (losses[row], row))
    least, best = gain + least_gain, None
    for newcomer in _newcomers(choice, rows):
        replaced = choice.replaced(newcomer)
        leaving = [row for row in cheapest if row != replaced and _gives_way(row, newcomer, places)]
        # What an edit gains alone is the most that it can add.
        alone = float(choice.proposals.rates[newcomer] * choice.proposals.minutes[newcomer])
        for loss, way in _ways(leaving[:_MAX_LEAVING], losses):
            if gain - loss + alone <= least:
                break
            trial = _without(choice, way)
            if not trial.fits(newcomer):
                continue
            trial.take(newcomer)
            if trial.gain() > least:
                least, best = trial.gain(), trial
    return best


def _gives_way(row: int, newcomer: int, places: Mapping[int, int]) -> bool:
    return row not in places or (newcomer in places and places[newcomer] <= places[row])


def _newcomers(choice: VariantChoice, rows: Sequence[int]) -> list[int]:
    """Return the edits that are not chosen and add most to those chosen, whatever they cost."""
    taken = set(choice.chosen.values())
    added = {row: choice.added_gain(row) for row in rows if row not in taken}
    return sorted(added, key=lambda row: (-added[row], row))[:_MAX_NEWCOMERS]


def _ways(
    leaving: Sequence[int], losses: Mapping[int, float]
) -> list[tuple[float, tuple[int, ...]]]:
    """Return one or two edits that could give way with what they lose, those that lose least first.

    Two edits lose at least what both lose alone.
    """
    return sorted(
        (sum(losses[row] for row in way), way)
        for size in (1, 2)
        for way in combinations(sorted(leaving), size)
    )


def _without(choice: VariantChoice, leaving: Collection[int]) -> VariantChoice:
    """Return the same choice without some edits."""
    left = VariantChoice(choice.proposals, choice.limits)
    for row in sorted(choice.chosen.values()):
        if row not in leaving:
            left.take(row)
    return left
