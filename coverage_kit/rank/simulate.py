"""What an edit would bring: every query's coverage with the edited passages in place, by the fitted model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.change import Effect, TextChange
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.edits import Candidate, edit_id
from coverage_kit.tables import EFFECTS, Clusters, Effects, Queries

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
_LEAST_CHANGE = 0.005
_LEAST_ROOM = 1e-6


class CoverageModel(Protocol):
    """Whatever can say what coverage would be with other passages."""

    def simulate(self, changes: Sequence[TextChange]) -> Iterator[Effect]:
        """Yield what each change does, alone, in their order."""
        ...


@dataclass(frozen=True)
class Chances:
    """The queries that one edit may newly answer: their rows (k,), and the chance of each (k,), 0-1."""

    rows: Rows
    chance: Floats


@dataclass(frozen=True)
class Simulation:
    """Predicted effects of candidates.

    `room` (n queries,) is what is left to gain: demand x (1 - coverage). `chances` say for each edit which part of that room it
    may take. `gain` (1 + bootstraps, n edits) is the rise in queries asked net of harm counted twice, `harm` (n edits,) the fall.
    `groups` (n edits,) number the edits' gaps: edits of one gap are variants, of which the best counts.
    """

    room: Floats
    chances: tuple[Chances, ...]
    gain: Floats
    harm: Floats
    groups: Rows
    effects: Effects


def simulate_edits(
    candidates: list[Candidate], model: CoverageModel, queries: Queries, clusters: Clusters, seed: int = 0
) -> Simulation:
    """Return what each candidate would bring and harm, alone.

    A query's rise of coverage counts with the probability that it asks for the edited text (`Effect.fit`). Queries from which
    the draft was written count as the others of the gap do on the mean; a gap of one query has nobody else to ask: it is scored
    on itself, at half its worth. Intervals resample the calibration and the queries together.
    """
    demand = np.asarray(demand_weights(queries), dtype=np.float64)
    place = pd.Series(np.arange(len(queries)), index=pd.Index(queries["query_id"]))
    members = {str(name): place.loc[group].to_numpy() for name, group in clusters.groupby("cluster_id")["query_id"]}
    changes = [TextChange(one.added, one.removed, one.cluster_id, one.part, one.is_assumed) for one in candidates]
    rng = np.random.default_rng(seed)
    room = np.full(len(demand), np.nan)
    found = []
    for number, (candidate, effect) in enumerate(zip(candidates, model.simulate(changes), strict=True)):
        drafted = place.loc[list(candidate.drafted_from)].to_numpy() if candidate.drafted_from else np.zeros(0, np.int64)
        counted = _Counted(effect, members.get(candidate.cluster_id, np.zeros(0, np.int64)), drafted, demand)
        room[effect.rows] = demand[effect.rows] * (1 - effect.before[0])
        found.append((counted, counted.gain_draws(rng), counted.rows_of_effects(edit_id(number), queries)))
    groups = np.asarray(pd.factorize(np.array([one.cluster_id for one in candidates], dtype=object))[0], dtype=np.int64)
    return Simulation(
        np.nan_to_num(room),
        tuple(counted.chances() for counted, _, _ in found),
        np.stack([draws for _, draws, _ in found], axis=1) if found else np.zeros((1, 0)),
        np.array([counted.harm for counted, _, _ in found]),
        groups,
        pd.concat([rows for _, _, rows in found], ignore_index=True) if found else EFFECTS.empty(),
    )


class _Counted:
    """How one candidate's effect on each query counts."""

    def __init__(self, effect: Effect, in_gap: Rows, drafted: Rows, demand: Floats) -> None:
        self.effect, self.demand = effect, demand
        self.change = effect.after - effect.before
        self.is_drafted = np.isin(effect.rows, drafted)
        held_out, standing = demand[np.setdiff1d(in_gap, drafted)].sum(), demand[np.intersect1d(in_gap, drafted)].sum()
        is_of_gap = np.isin(effect.rows, in_gap)
        if held_out > 0:
            scale = np.where(is_of_gap, (held_out + standing) / held_out, 1.0)
            self.scale = np.where(self.is_drafted, 0.0, scale)
        else:
            self.scale = np.where(is_of_gap, 0.5, 1.0)
        self.weight = demand[effect.rows] * effect.fit * self.scale
        self.in_gap, self.drafted, self.is_alone = in_gap, drafted, held_out <= 0

    @property
    def harm(self) -> float:
        """Fall of coverage in queries asked."""
        return float(-(np.minimum(self.change[0], 0) * self.weight).sum())

    def gain_draws(self, rng: np.random.Generator) -> Floats:
        """Return the net gain, the estimate first, then under each refit with the queries resampled (Bayesian bootstrap)."""
        worth = np.where(self.change > 0, self.change, 2 * self.change) * self.weight
        resampled = np.vstack([np.ones(worth.shape[1]), rng.exponential(size=(len(worth) - 1, worth.shape[1]))])
        return np.asarray((worth * resampled).sum(axis=1), dtype=np.float64)

    def chances(self) -> Chances:
        """Return the chance of each query; those drafted from get the mean of the others of the gap."""
        rows, room = self.effect.rows, np.maximum(1 - self.effect.before[0], _LEAST_ROOM)
        half = np.where(self.is_alone & np.isin(rows, self.in_gap), 0.5, 1.0)
        rise = np.maximum(self.change[0], 0) * self.effect.fit * half
        if not self.is_alone and self.is_drafted.any():
            others = np.setdiff1d(self.in_gap, self.drafted)
            taken = np.isin(rows, others)
            rise = np.where(self.is_drafted, self.demand[rows[taken]] @ rise[taken] / self.demand[others].sum(), rise)
        kept = np.flatnonzero(rise > 0)
        return Chances(rows[kept], np.clip(rise[kept] / room[kept], 0, 1))

    def rows_of_effects(self, edit_id: str, queries: Queries) -> Effects:
        """Return the queries whose coverage changes by more than a trace."""
        shown = np.flatnonzero((np.abs(self.change[0]) >= _LEAST_CHANGE) | self.is_drafted)
        rows = self.effect.rows[shown]
        return pd.DataFrame(
            {
                "edit_id": pd.Series([edit_id] * len(rows), dtype="str"),
                "query_id": queries["query_id"].iloc[rows].to_numpy(),
                "coverage_before": self.effect.before[0, shown],
                "coverage_after": self.effect.after[0, shown],
                "fit": self.effect.fit[shown],
                "weight": self.weight[shown],
                "is_drafted_from": self.is_drafted[shown],
            }
        )


def edit_table(candidates: list[Candidate], simulation: Simulation) -> pd.DataFrame:
    """Return the candidates with gain, its 90% interval and harm, not yet ranked."""
    low, high = np.quantile(simulation.gain, [0.05, 0.95], axis=0) if candidates else (np.zeros(0), np.zeros(0))
    return pd.DataFrame(
        [
            {
                "edit_id": edit_id(number),
                "cluster_id": one.cluster_id,
                "operation": one.operation,
                "page_id": one.page_id,
                "anchor": one.anchor,
                "text": one.text,
                "before": one.before,
                "after": one.after,
                "cost_minutes": one.cost_minutes,
                "n_words": one.n_words,
                "gain": simulation.gain[0, number],
                "low": min(low[number], simulation.gain[0, number]),
                "high": max(high[number], simulation.gain[0, number]),
                "harm": simulation.harm[number],
            }
            for number, one in enumerate(candidates)
        ]
    )
