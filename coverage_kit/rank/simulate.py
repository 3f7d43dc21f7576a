"""What an edit would bring: every query's coverage with the edited passages in place, by the fitted model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.passage import PassageText
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.edits import Candidate
from coverage_kit.tables import EFFECTS, Clusters, Effects, Queries

Floats = npt.NDArray[np.float64]
_LEAST_CHANGE = 0.005


class CoverageModel(Protocol):
    """Whatever can say what coverage would be with other passages."""

    def prepare(self, added: Sequence[PassageText]) -> None:
        """Encode new passages ahead, all at once."""
        ...

    def coverage_with(self, added: Sequence[PassageText], removed: Sequence[str] = ()) -> Floats:
        """Return coverage, shape (1 + bootstraps, n queries), the estimate first."""
        ...


@dataclass(frozen=True)
class Simulation:
    """Predicted effects of candidates.

    `worth` (n edits, n queries) is each query's rise in queries asked, scaled so that held-out queries stand for those the
    draft was written from; `gain` (1 + bootstraps, n edits) is net of harm counted twice; `harm` (n edits,).
    """

    worth: Floats
    gain: Floats
    harm: Floats
    effects: Effects


def simulate_edits(candidates: list[Candidate], model: CoverageModel, queries: Queries, clusters: Clusters) -> Simulation:
    """Return what each candidate would bring and harm, alone.

    A candidate is scored on the queries of its gap from which it was not drafted, scaled to the whole gap's demand, and on
    every query outside the gap. A gap of one query has nobody else to ask: it is scored on itself, at half its worth.
    """
    model.prepare([passage for candidate in candidates for passage in candidate.added])
    before = model.coverage_with([])
    demand = np.asarray(demand_weights(queries), dtype=np.float64)
    cluster_of = clusters.set_index("query_id")["cluster_id"].reindex(queries["query_id"]).to_numpy()
    worth, gains, harms, effects = [], [], [], []
    for number, candidate in enumerate(candidates):
        drafted = queries["query_id"].isin(candidate.drafted_from).to_numpy()
        weights = _weights(cluster_of == candidate.cluster_id, drafted, demand)
        after = model.coverage_with(candidate.added, candidate.removed)
        rise = (after - before) * weights
        harm = -np.minimum(rise, 0).sum(axis=1)
        worth.append(np.maximum(rise[0], 0))
        gains.append(np.maximum(rise, 0).sum(axis=1) - 2 * harm)
        harms.append(harm[0])
        effects += _effect_rows(f"e{number:04d}", queries, before[0], after[0], drafted)
    return Simulation(
        np.stack(worth) if worth else np.zeros((0, len(queries))),
        np.stack(gains, axis=1) if gains else np.zeros((len(before), 0)),
        np.array(harms),
        EFFECTS.table(effects),
    )


def _weights(in_gap: npt.NDArray[np.bool_], drafted: npt.NDArray[np.bool_], demand: Floats) -> Floats:
    """Return the demand with which each query counts for one candidate."""
    held_out = in_gap & ~drafted
    if not held_out.any():
        return np.where(in_gap, demand / 2, demand)
    scale = demand[in_gap].sum() / demand[held_out].sum()
    return np.where(held_out, demand * scale, np.where(in_gap, 0.0, demand))


def _effect_rows(
    edit_id: str, queries: Queries, before: Floats, after: Floats, drafted: npt.NDArray[np.bool_]
) -> list[dict[str, object]]:
    changed = np.flatnonzero(np.abs(after - before) >= _LEAST_CHANGE)
    return [
        {
            "edit_id": edit_id,
            "query_id": queries["query_id"].iloc[row],
            "coverage_before": float(before[row]),
            "coverage_after": float(after[row]),
            "is_drafted_from": bool(drafted[row]),
        }
        for row in changed
    ]


def edit_table(candidates: list[Candidate], simulation: Simulation) -> pd.DataFrame:
    """Return the candidates with gain, its 90% interval and harm, not yet ranked."""
    low, high = np.quantile(simulation.gain, [0.05, 0.95], axis=0) if candidates else (np.zeros(0), np.zeros(0))
    return pd.DataFrame(
        [
            {
                "edit_id": f"e{number:04d}",
                "cluster_id": one.cluster_id,
                "operation": one.operation,
                "page_id": one.page_id,
                "anchor": one.anchor,
                "text": one.text,
                "before": one.before,
                "cost_minutes": one.cost_minutes,
                "gain": simulation.gain[0, number],
                "low": min(low[number], simulation.gain[0, number]),
                "high": max(high[number], simulation.gain[0, number]),
                "harm": simulation.harm[number],
            }
            for number, one in enumerate(candidates)
        ]
    )
