"""Which edits first: lazy greedy by gain per minute, each edit's gain counted given those above it.

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
from coverage_kit.rank.simulate import Simulation
from coverage_kit.tables import EDITS, FRONTIER, Edits, Frontier, checked

Floats = npt.NDArray[np.float64]
_LEAST_GAIN = 1e-6
_LEAST_MINUTES = 0.1
_LEAST_WORTH = (
    0.001  # of the plan's gain: an edit that adds less is not worth the reading of its brief
)


@dataclass(frozen=True)
class Limits:
    """What may be spent and touched; 0 and () set no limit. Pages are page ids or patterns such as `example.com/legal/*`."""

    minutes: float = 0.0
    words: int = 0
    edits_per_page: int = 0
    locked_pages: tuple[str, ...] = ()

    def allows(self, page_id: str) -> bool:
        """Return whether a page may be edited."""
        return not any(fnmatch(page_id, pattern) for pattern in self.locked_pages)


class Portfolio:
    """Edits chosen so far, what they bring together, and what another would add."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.missed = np.ones(len(simulation.room))
        self.gain = 0.0
        self.best: dict[int, Floats] = {}

    def marginal(self, number: int) -> float:
        """Return what the edit adds to the gain of those chosen, its harm subtracted twice."""
        return self._rise(number) - 2 * float(self.simulation.harm[number])

    def take(self, number: int) -> float:
        """Choose an edit; return what it adds."""
        added = self.marginal(number)
        one = self.simulation.chances[number]
        group = int(self.simulation.groups[number])
        best = self.best.setdefault(group, np.zeros(len(self.missed)))
        better = np.maximum(best[one.rows], one.chance)
        self.missed[one.rows] *= self._left(better) / self._left(best[one.rows])
        best[one.rows] = better
        self.gain += added
        return added

    def _rise(self, number: int) -> float:
        one = self.simulation.chances[number]
        group = int(self.simulation.groups[number])
        best = self.best[group][one.rows] if group in self.best else np.zeros(len(one.rows))
        more = np.maximum(one.chance - best, 0)
        return float(
            (self.simulation.room[one.rows] * self.missed[one.rows] * more / self._left(best)).sum()
        )

    @staticmethod
    def _left(chance: Floats) -> Floats:
        return np.maximum(1 - chance, 1e-9)


@dataclass(frozen=True)
class Selection:
    """Edits in the order of choice (row numbers), what each adds, and the gain that no set of the same cost can exceed."""

    order: tuple[int, ...]
    marginal: tuple[float, ...]
    bound: tuple[float, ...]


def select_edits(
    simulation: Simulation,
    cost: Floats,
    limits: Limits,
    pages: list[str],
    words: Floats,
    chosen: Sequence[int] = (),
) -> Selection:
    """Return the edits by gain per minute given those before, as far as limits allow and gains are positive.

    With a budget of minutes or words, an edit that no longer fits is passed over; and where the
    best single edit that fits brings more than the whole selection, it stands alone. `chosen` edits
    come first, whatever the limits.
    """
    portfolio = Portfolio(simulation)
    order = []
    marginal = []
    bounds = []
    rows = [row for row, page in enumerate(pages) if limits.allows(page)]
    upper = np.array([portfolio.marginal(row) for row in range(len(cost))], dtype=np.float64)
    first = upper.copy()
    heap = [(-upper[row] / cost[row], row) for row in rows]
    variants: dict[int, list[int]] = {}
    for row in rows:
        variants.setdefault(int(simulation.groups[row]), []).append(row)
    heapq.heapify(heap)
    minutes = 0.0
    n_words = 0.0
    on_page = Counter[str]()

    def take(row: int) -> None:
        nonlocal minutes, n_words
        order.append(row)
        marginal.append(portfolio.take(row))
        minutes = minutes + cost[row]
        n_words = n_words + words[row]
        on_page[pages[row]] += 1
        for other in variants[int(simulation.groups[row])]:
            upper[other] = min(upper[other], portfolio.marginal(other))
        bounds.append(
            portfolio.gain
            + 2 * simulation.harm[order].sum()
            + _knapsack(upper[rows], cost[rows], minutes)
        )

    taken = set(chosen)
    for row in chosen:
        take(row)
    while heap:
        _, row = heapq.heappop(heap)
        fits = (not limits.minutes or minutes + cost[row] <= limits.minutes) and (
            not limits.words or n_words + words[row] <= limits.words
        )
        if (
            row in taken
            or not fits
            or (limits.edits_per_page and on_page[pages[row]] >= limits.edits_per_page)
        ):
            continue
        upper[row] = portfolio.marginal(row)
        if heap and -upper[row] / cost[row] > heap[0][0] + 1e-12:
            heapq.heappush(heap, (-upper[row] / cost[row], row))
        elif upper[row] <= _LEAST_GAIN:
            break
        else:
            take(row)
    alone = _best_single(first, cost, limits, rows, words)
    if alone is not None and (limits.minutes or limits.words) and first[alone] > sum(marginal):
        others = [row for row in rows if row != alone]
        more = 2 * float(simulation.harm[alone]) + _knapsack(
            first[others], cost[others], cost[alone]
        )
        return Selection((alone,), (float(first[alone]),), (float(first[alone]) + more,))
    return Selection(tuple(order), tuple(marginal), tuple(bounds))


def _best_single(
    gain: Floats, cost: Floats, limits: Limits, rows: list[int], words: Floats
) -> int | None:
    fits = [
        r
        for r in rows
        if cost[r] <= (limits.minutes or np.inf) and words[r] <= (limits.words or np.inf)
    ]
    return max(fits, key=lambda row: gain[row], default=None)


def _knapsack(upper: Floats, cost: Floats, minutes: float) -> float:
    """Return the most that edits of this cost could still add: greedy by density, the last one in part."""
    order = np.argsort(-upper / cost, kind="stable")
    gain = np.maximum(upper[order], 0)
    spent = np.cumsum(cost[order])
    part = np.clip((minutes - (spent - cost[order])) / cost[order], 0, 1)
    return float(gain @ part)


@checked
def rank_edits(
    edits: pd.DataFrame,
    simulation: Simulation,
    limits: Limits | None = None,
    unedited: Sequence[Candidate] = (),
) -> tuple[Edits, Frontier]:
    """Return the edits in order of marginal gain per minute, and what the list costs and brings down to each.

    Those within the budget come first (`is_chosen`). The frontier goes on beyond them, to the last
    edit that adds something. Edits that add nothing to those above them, or that limits forbid,
    come last, by their own gain per minute; after them what needs no edit, and why.
    """
    others = _list_unedited(unedited, len(edits))
    if edits.empty:
        return EDITS.table(others), FRONTIER.empty()
    limits = limits or Limits()
    cost = np.maximum(edits["cost_minutes"].to_numpy(np.float64), _LEAST_MINUTES)
    words = edits["n_words"].to_numpy(np.float64)
    pages = list(edits["page_id"])
    free = Limits(edits_per_page=limits.edits_per_page, locked_pages=limits.locked_pages)
    plan = select_edits(simulation, cost, limits, pages, words)
    worth = _LEAST_WORTH * sum(plan.marginal)
    chosen = [row for row, added in zip(plan.order, plan.marginal, strict=True) if added >= worth]
    whole = select_edits(simulation, cost, free, pages, words, chosen)
    listed = set(whole.order)
    rest = [
        int(row)
        for row in np.argsort(-edits["gain"].to_numpy() / cost, kind="stable")
        if row not in listed
    ]
    order = [*whole.order, *rest]
    ranked = edits.iloc[order].assign(
        rank=np.arange(1, len(order) + 1),
        marginal_gain=[*whole.marginal, *([0.0] * len(rest))],
        is_chosen=[row in chosen for row in order],
    )
    return EDITS.table([*ranked.to_dict("records"), *others]), _frontier(edits, simulation, whole)


def _list_unedited(unedited: Sequence[Candidate], n_before: int) -> list[dict[str, object]]:
    """Return rows that cost and bring nothing, numbered on from the candidates."""
    nothing = dict.fromkeys(
        ("cost_minutes", "gain", "low", "high", "harm", "marginal_gain"), 0.0
    ) | {"n_words": 0}
    return [
        {
            **{
                name: getattr(one, name)
                for name in (
                    "cluster_id",
                    "operation",
                    "page_id",
                    "heading_path",
                    "brief",
                )
            },
            **{
                "edit_id": edit_id(n_before + place),
                "is_chosen": False,
                "rank": n_before + place + 1,
                **nothing,
            },
        }
        for place, one in enumerate(unedited)
    ]


def _frontier(edits: pd.DataFrame, simulation: Simulation, whole: Selection) -> Frontier:
    """Return the running sums; an edit's interval is its own, in the proportion that is left of its gain."""
    chosen = list(whole.order)
    gain = simulation.gain[:, chosen]
    marginal = np.array(whole.marginal, dtype=np.float64)
    part = np.clip(marginal / np.maximum(gain[0], 1e-9), 0, 1)
    running = np.cumsum(marginal + (gain - gain[0]) * part, axis=1)
    low, high = np.quantile(running, [0.05, 0.95], axis=0) if chosen else (np.zeros(0), np.zeros(0))
    rows = [
        {
            "rank": place + 1,
            "edit_id": edits["edit_id"].iloc[row],
            "cost_minutes": float(edits["cost_minutes"].iloc[chosen[: place + 1]].sum()),
            "gain": float(running[0, place]),
            "low": float(min(low[place], running[0, place])),
            "high": float(max(high[place], running[0, place])),
            "bound": float(max(whole.bound[place], running[0, place])),
        }
        for place, row in enumerate(chosen)
    ]
    return FRONTIER.table(rows)
