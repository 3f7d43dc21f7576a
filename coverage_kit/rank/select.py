"""Which edits first: lazy greedy selection by gain per minute, given the edits above.

F(S) = sum over queries of room x (1 - product over gaps of (1 - best chance among the gap's edits
in S)): the expected number of queries asked that would be newly answered, where edits of one gap
are variants of which the best counts, and edits of different gaps are independent guesses. F is
monotone and submodular, so lazy evaluation is exact (Minoux 1978), and greedy by gain per cost, or
the best single edit, is within a constant of the best set (Leskovec et al. 2007). Harm, counted
twice, is subtracted edit by edit. All of it is about the model, not about any answer engine.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.edits import edit_id
from coverage_kit.rank.simulate import HARM_WEIGHT, Simulation
from coverage_kit.tables import EDITS, FRONTIER, Edits, Frontier, checked

Floats = npt.NDArray[np.float64]
# An edit that adds no more than this many queries asked is not selected (assumed).
_MIN_GAIN = 1e-6
# An edit without a cost counts as this many minutes, so that its gain per minute is finite.
MIN_MINUTES = 0.1
# An edit that adds less than this share of the plan's gain is not worth the reading of its brief
# (assumed).
_MIN_GAIN_SHARE = 0.001
# The chance that a query is left unanswered counts at least this much, as it is a divisor.
MIN_CHANCE_LEFT = 1e-9
# Gains per minute that differ by less than this count as equal: the difference is rounding error.
_RATE_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Limits:
    """What may be spent and edited; 0 and () set no limit.

    `locked_pages` are page ids or patterns such as `example.com/legal/*`.
    """

    minutes: float = 0.0
    words: int = 0
    edits_per_page: int = 0
    locked_pages: tuple[str, ...] = ()

    def allows(self, page_id: str) -> bool:
        """Return whether a page may be edited."""
        return not any(fnmatch(page_id, pattern) for pattern in self.locked_pages)


class Portfolio:
    """The edits chosen so far, what they gain together, and what another edit would add.

    `missed` (n queries,) is the chance that none of the chosen edits answers a query; `best` has by
    gap the best chance of each query among the gap's chosen edits.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.missed = np.ones(len(simulation.room))
        self.gain = 0.0
        self.best: dict[int, Floats] = {}

    def marginal(self, number: int) -> float:
        """Return what an edit adds to the gain of those chosen, less its harm, counted twice."""
        return self._rise(number) - HARM_WEIGHT * float(self.simulation.harm[number])

    def take(self, number: int) -> float:
        """Choose an edit; return what it adds."""
        added_gain = self.marginal(number)
        edit = self.simulation.chances[number]
        group = int(self.simulation.groups[number])
        best = self.best.setdefault(group, np.zeros(len(self.missed)))
        improved = np.maximum(best[edit.rows], edit.chance)
        # Replace the gap's factor in the product over gaps.
        self.missed[edit.rows] *= self._chance_left(improved) / self._chance_left(best[edit.rows])
        best[edit.rows] = improved
        self.gain += added_gain
        return added_gain

    def _rise(self, number: int) -> float:
        """Return what an edit adds to F."""
        edit = self.simulation.chances[number]
        group = int(self.simulation.groups[number])
        best = self.best[group][edit.rows] if group in self.best else np.zeros(len(edit.rows))
        improvement = np.maximum(edit.chance - best, 0)
        # The room that is left at each query by the edits of the other gaps and by its own.
        reachable = self.simulation.room[edit.rows] * self.missed[edit.rows]
        return float((reachable * improvement / self._chance_left(best)).sum())

    @staticmethod
    def _chance_left(chance: Floats) -> Floats:
        return np.maximum(1 - chance, MIN_CHANCE_LEFT)


@dataclass(frozen=True)
class Selection:
    """Selected edits (row numbers) in the order of choice.

    `marginal` is what each edit adds, `bound` the gain that no set of the same cost can exceed.
    """

    order: tuple[int, ...]
    marginal: tuple[float, ...]
    bound: tuple[float, ...]


class _Plan:
    """A selection in the making: what is chosen, and what it costs so far.

    `alone` (n edits,) is the gain of each edit alone, `upper` (n edits,) an upper bound of what
    each edit can still add.
    """

    def __init__(
        self,
        simulation: Simulation,
        cost: Floats,
        words: Floats,
        pages: list[str],
        limits: Limits,
    ) -> None:
        self.simulation = simulation
        self.cost = cost
        self.words = words
        self.pages = pages
        self.limits = limits
        self.portfolio = Portfolio(simulation)
        self.alone = np.array(
            [self.portfolio.marginal(row) for row in range(len(cost))], dtype=np.float64
        )
        self.upper = self.alone.copy()
        self.rows = [row for row, page_id in enumerate(pages) if limits.allows(page_id)]
        self.variants: dict[int, list[int]] = {}
        for row in self.rows:
            self.variants.setdefault(int(simulation.groups[row]), []).append(row)
        self.order: list[int] = []
        self.marginal: list[float] = []
        self.bounds: list[float] = []
        self.minutes = 0.0
        self.n_words = 0.0
        self.n_on_page = Counter[str]()

    def fits(self, row: int) -> bool:
        """Return whether an edit is within the limits, given the edits chosen so far."""
        limits = self.limits
        if limits.minutes and self.minutes + self.cost[row] > limits.minutes:
            return False
        if limits.words and self.n_words + self.words[row] > limits.words:
            return False
        return not limits.edits_per_page or (
            self.n_on_page[self.pages[row]] < limits.edits_per_page
        )

    def take(self, row: int) -> None:
        """Choose an edit."""
        self.order.append(row)
        self.marginal.append(self.portfolio.take(row))
        self.minutes = self.minutes + self.cost[row]
        self.n_words = self.n_words + self.words[row]
        self.n_on_page[self.pages[row]] += 1
        # Marginal gains only fall. Those of the edit's variants fall most, so they are computed
        # again; the others keep their older, looser bounds.
        # A chosen edit of a page that may not be edited has no variants to choose from.
        for variant in self.variants.get(int(self.simulation.groups[row]), ()):
            self.upper[variant] = min(self.upper[variant], self.portfolio.marginal(variant))
        # F without harm, plus the most that the remaining edits could add at the same cost.
        gain_without_harm = (
            self.portfolio.gain + HARM_WEIGHT * self.simulation.harm[self.order].sum()
        )
        addable = _knapsack(self.upper[self.rows], self.cost[self.rows], self.minutes)
        self.bounds.append(gain_without_harm + addable)

    def best_single(self) -> int | None:
        """Return the edit with the largest gain alone among those that fit the whole budget."""
        max_minutes = self.limits.minutes or np.inf
        max_words = self.limits.words or np.inf
        fitting = [
            row
            for row in self.rows
            if self.cost[row] <= max_minutes and self.words[row] <= max_words
        ]
        return max(fitting, key=lambda row: self.alone[row], default=None)

    def selection(self) -> Selection:
        """Return the edits chosen so far."""
        return Selection(tuple(self.order), tuple(self.marginal), tuple(self.bounds))

    def select_single(self, row: int) -> Selection:
        """Return the selection of one edit alone."""
        gain = float(self.alone[row])
        other_rows = [other for other in self.rows if other != row]
        addable = _knapsack(self.alone[other_rows], self.cost[other_rows], self.cost[row])
        harm = HARM_WEIGHT * float(self.simulation.harm[row])
        return Selection((row,), (gain,), (gain + (harm + addable),))


def select_edits(  # noqa: PLR0913 (what edits gain and cost, where they are, and the limits)
    simulation: Simulation,
    cost: Floats,
    limits: Limits,
    pages: list[str],
    words: Floats,
    chosen: Sequence[int] = (),
) -> Selection:
    """Return the edits by gain per minute, given the edits before.

    Edits are selected as far as limits allow and gains are positive. With a budget of minutes or
    words, an edit that no longer fits is passed over; and if the best single edit that fits gains
    more than the whole selection, it is selected alone.

    Args:
        simulation: the predicted effects of n edits.
        cost: minutes of each edit, (n,), above 0.
        limits: what may be spent and edited.
        pages: page id of each edit, n.
        words: number of words of each edit, (n,).
        chosen: row numbers of edits that come first, whatever the limits.
    """
    plan = _Plan(simulation, cost, words, pages, limits)
    heap = [(-plan.upper[row] / cost[row], row) for row in plan.rows]
    heapq.heapify(heap)
    for row in chosen:
        plan.take(row)
    preset = set(chosen)
    while heap:
        _, row = heapq.heappop(heap)
        if row in preset or not plan.fits(row):
            continue
        # Lazy evaluation: the gain on the heap may be out of date. The edit is taken only if its
        # present gain still exceeds all gains on the heap, which are upper bounds.
        plan.upper[row] = plan.portfolio.marginal(row)
        rate = plan.upper[row] / cost[row]
        if heap and -rate > heap[0][0] + _RATE_TOLERANCE:
            heapq.heappush(heap, (-rate, row))
        elif plan.upper[row] <= _MIN_GAIN:
            break
        else:
            plan.take(row)
    single = plan.best_single()
    has_budget = bool(limits.minutes or limits.words)
    if single is not None and has_budget and plan.alone[single] > sum(plan.marginal):
        return plan.select_single(single)
    return plan.selection()


def trace_selection(  # noqa: PLR0913 (as select_edits, with the order instead of a choice)
    simulation: Simulation,
    cost: Floats,
    limits: Limits,
    pages: list[str],
    words: Floats,
    order: Sequence[int],
) -> Selection:
    """Return the selection of these edits in this order, whatever the budget.

    The other arguments are those of `select_edits`.
    """
    plan = _Plan(simulation, cost, words, pages, limits)
    for row in order:
        plan.take(row)
    return plan.selection()


def _knapsack(upper: Floats, cost: Floats, minutes: float) -> float:
    """Return the most that edits could still add at this cost.

    This is a fractional knapsack: greedy by gain per minute, the last edit counted in proportion.
    """
    order = np.argsort(-upper / cost, kind="stable")
    gain = np.maximum(upper[order], 0)
    spent = np.cumsum(cost[order])
    share = np.clip((minutes - (spent - cost[order])) / cost[order], 0, 1)
    return float(gain @ share)


@checked
def rank_edits(
    edits: pd.DataFrame,
    simulation: Simulation,
    limits: Limits | None = None,
    unedited: Sequence[Candidate] = (),
) -> tuple[Edits, Frontier]:
    """Return the edits in order of marginal gain per minute, and the running cost and gain.

    Edits within the budget come first (`is_chosen`). The frontier goes on beyond them, to the last
    edit that adds something. Edits that add nothing to those above them, or that limits forbid,
    come last, by their own gain per minute; after them the gaps that no edit can close, with the
    reason (`unedited`).
    """
    unedited_rows = list_unedited(unedited, len(edits), len(edits) + 1)
    if edits.empty:
        return EDITS.table(unedited_rows), FRONTIER.empty()
    limits = limits or Limits()
    cost = np.maximum(edits["cost_minutes"].to_numpy(np.float64), MIN_MINUTES)
    words = edits["n_words"].to_numpy(np.float64)
    pages = list(edits["page_id"])
    plan = select_edits(simulation, cost, limits, pages, words)
    min_gain = _MIN_GAIN_SHARE * sum(plan.marginal)
    chosen = [row for row, gain in zip(plan.order, plan.marginal, strict=True) if gain >= min_gain]
    # The list goes on beyond the budget; the limits that are no budget stay.
    unbudgeted = Limits(edits_per_page=limits.edits_per_page, locked_pages=limits.locked_pages)
    full = select_edits(simulation, cost, unbudgeted, pages, words, chosen)
    selected = set(full.order)
    by_own_rate = np.argsort(-edits["gain"].to_numpy() / cost, kind="stable")
    unselected = [int(row) for row in by_own_rate if row not in selected]
    order = [*full.order, *unselected]
    ranked = edits.iloc[order].assign(
        rank=np.arange(1, len(order) + 1),
        marginal_gain=[*full.marginal, *([0.0] * len(unselected))],
        is_chosen=[row in chosen for row in order],
        in_next_hour=False,
    )
    table = EDITS.table([*ranked.to_dict("records"), *unedited_rows])
    return table, frontier_of(edits, simulation, full)


def list_unedited(
    unedited: Sequence[Candidate], first: int, first_rank: int
) -> list[dict[str, object]]:
    """Return rows of table `edits` that cost and gain nothing.

    Args:
        unedited: an entry for each gap that no edit can close.
        first: number of the first entry among all edits.
        first_rank: its rank.
    """
    return [
        {
            "cluster_id": candidate.cluster_id,
            "operation": candidate.operation,
            "page_id": candidate.page_id,
            "heading_path": candidate.heading_path,
            "brief": candidate.brief,
            "edit_id": edit_id(first + number),
            "is_chosen": False,
            "in_next_hour": False,
            "rank": first_rank + number,
            "cost_minutes": 0.0,
            "gain": 0.0,
            "low": 0.0,
            "high": 0.0,
            "harm": 0.0,
            "marginal_gain": 0.0,
            "n_words": 0,
        }
        for number, candidate in enumerate(unedited)
    ]


def frontier_of(edits: pd.DataFrame, simulation: Simulation, selection: Selection) -> Frontier:
    """Return the running cost and gain of a selection, with the gain's 90% interval.

    The interval of an edit's marginal gain is that of its own gain, in the proportion that is left
    of the gain.
    """
    order = list(selection.order)
    gain = simulation.gain[:, order]
    marginal = np.array(selection.marginal, dtype=np.float64)
    share_left = np.clip(marginal / np.maximum(gain[0], 1e-9), 0, 1)
    running = np.cumsum(marginal + (gain - gain[0]) * share_left, axis=1)
    if order:
        low, high = np.quantile(running, [0.05, 0.95], axis=0)
    else:
        low = high = np.zeros(0)
    rows = [
        {
            "rank": index + 1,
            "edit_id": edits["edit_id"].iloc[row],
            "cost_minutes": float(edits["cost_minutes"].iloc[order[: index + 1]].sum()),
            "gain": float(running[0, index]),
            "low": float(min(low[index], running[0, index])),
            "high": float(max(high[index], running[0, index])),
            "bound": float(max(selection.bound[index], running[0, index])),
        }
        for index, row in enumerate(order)
    ]
    return FRONTIER.table(rows)
