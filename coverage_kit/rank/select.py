"""Which edits first: lazy greedy by gain per minute, each edit's gain counted given those above it."""

import heapq

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.rank.simulate import Simulation
from coverage_kit.tables import EDITS, FRONTIER, Edits, Frontier, checked

Floats = npt.NDArray[np.float64]


@checked
def rank_edits(edits: pd.DataFrame, simulation: Simulation) -> tuple[Edits, Frontier]:
    """Return the edits in order of marginal gain per minute, and what the list costs and brings down to each.

    F(S) = sum over queries of the largest worth among S, less twice each edit's harm: monotone submodular in the first part, so
    lazy evaluation is exact (Minoux 1978). It is about the model, not about any answer engine. Edits that add nothing to those
    above them come last, by their own gain per minute, and are not on the frontier.
    """
    if edits.empty:
        return EDITS.empty(), FRONTIER.empty()
    cost = np.maximum(edits["cost_minutes"].to_numpy(np.float64), 0.1)
    chosen, marginal = _greedy(simulation.worth, simulation.harm, cost)
    rest = [row for row in np.argsort(-edits["gain"].to_numpy() / cost, kind="stable") if row not in set(chosen)]
    order = [*chosen, *(int(row) for row in rest)]
    ranked = edits.iloc[order].assign(rank=np.arange(1, len(order) + 1))
    return EDITS.table(ranked.to_dict("records")), _frontier(edits, simulation, chosen, marginal)


def _greedy(worth: Floats, harm: Floats, cost: Floats) -> tuple[list[int], list[float]]:
    best = np.zeros(worth.shape[1])

    def marginal(row: int) -> float:
        return float(np.maximum(worth[row] - best, 0).sum() - 2 * harm[row])

    heap = [(-marginal(row) / cost[row], row) for row in range(len(worth))]
    heapq.heapify(heap)
    chosen, gains = [], []
    while heap:
        _, row = heapq.heappop(heap)
        gain = marginal(row)
        if heap and -gain / cost[row] > heap[0][0] + 1e-12:
            heapq.heappush(heap, (-gain / cost[row], row))
        elif gain > 1e-6:
            chosen.append(row)
            gains.append(gain)
            best = np.maximum(best, worth[row])
        else:
            break
    return chosen, gains


def _frontier(edits: pd.DataFrame, simulation: Simulation, chosen: list[int], marginal: list[float]) -> Frontier:
    """Return the running sums; an edit's interval is its own, in the proportion that is left of its gain."""
    gain = simulation.gain[:, chosen]
    share = np.array(marginal) / np.maximum(gain[0], 1e-9)
    running = np.cumsum(gain * share, axis=1)
    low, high = np.quantile(running, [0.05, 0.95], axis=0) if chosen else (np.zeros(0), np.zeros(0))
    rows = [
        {
            "rank": place + 1,
            "edit_id": edits["edit_id"].iloc[row],
            "cost_minutes": float(edits["cost_minutes"].iloc[chosen[: place + 1]].sum()),
            "gain": float(running[0, place]),
            "low": float(min(low[place], running[0, place])),
            "high": float(max(high[place], running[0, place])),
        }
        for place, row in enumerate(chosen)
    ]
    return FRONTIER.table(rows)
