"""What an edit would bring: every query's coverage with the edited passages in place, by the fitted model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.contracts import Effect, TextChange
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.edits import edit_id
from coverage_kit.tables import EFFECTS, Clusters, Effects, Queries

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
_LEAST_CHANGE = 0.005
_LEAST_ROOM = 1e-6


class CoverageModel(Protocol):
    """Whatever can say what coverage is, and would be with other passages."""

    @property
    def coverage_now(self) -> Floats:
        """Coverage of each query as the site is, shape (n queries,)."""
        ...

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

    `room` (n queries,) is what is left to gain: demand x (1 - coverage). `chances` say for each
    edit which part of that room it may take. `gain` (1 + bootstraps, n edits) is the rise in
    queries asked net of harm counted twice, `harm` (n edits,) the fall. `groups` (n edits,) number
    the edits' gaps: edits of one gap are variants, of which the best counts.
    """

    room: Floats
    chances: tuple[Chances, ...]
    gain: Floats
    harm: Floats
    groups: Rows
    effects: Effects


def simulate_edits(
    candidates: list[Candidate],
    model: CoverageModel,
    queries: Queries,
    clusters: Clusters,
    seed: int = 0,
    first: int = 0,
) -> Simulation:
    """Return what each candidate would bring and harm, alone.

    A query's rise of coverage counts with the probability that it asks for the edited text
    (`Effect.answer_probability`). Queries from which the draft was written are taken to gain, where
    it comes near them, the same part of their room as the others of the gap; a gap of one query has
    nobody else to ask: it is scored on itself, at half its worth. Intervals resample the
    calibration and the queries together. `first` is the number of the first candidate among all
    that are simulated.
    """
    demand = np.asarray(demand_weights(queries), dtype=np.float64)
    place = pd.Series(np.arange(len(queries)), index=pd.Index(queries["query_id"]))
    members = {
        str(name): place.loc[group].to_numpy()
        for name, group in clusters.groupby("cluster_id")["query_id"]
    }
    changes = [
        TextChange(one.added, one.removed, one.cluster_id, one.part, one.is_assumed)
        for one in candidates
    ]
    rng = np.random.default_rng(seed)
    room = demand * np.maximum(1 - model.coverage_now, _LEAST_ROOM)
    found = []
    for number, (candidate, touched) in enumerate(
        zip(candidates, model.simulate(changes), strict=True)
    ):
        drafted = (
            place.loc[list(candidate.drafted_from)].to_numpy()
            if candidate.drafted_from
            else np.zeros(0, np.int64)
        )
        effect = _with_rows(touched, drafted, model.coverage_now)
        counted = _QueryCounts(
            effect,
            members.get(candidate.cluster_id, np.zeros(0, np.int64)),
            drafted,
            demand,
            room,
        )
        draws = counted.gain_draws(rng)
        rows = counted.rows_of_effects(edit_id(first + number), queries)
        found.append(
            (counted.chances(), counted.harm, draws, rows)
        )  # not the effect itself: of all edits they fill gigabytes
    groups = np.asarray(
        pd.factorize(np.array([one.cluster_id for one in candidates], dtype=object))[0],
        dtype=np.int64,
    )
    return Simulation(
        room,
        tuple(chances for chances, *_ in found),
        np.stack([draws for _, _, draws, _ in found], axis=1) if found else np.zeros((1, 0)),
        np.array([harm for _, harm, _, _ in found]),
        groups,
        pd.concat([rows for *_, rows in found], ignore_index=True) if found else EFFECTS.empty(),
    )


def join_simulations(edits: Simulation, repairs: Simulation) -> Simulation:
    """Return both as one, the repairs behind the edits: no variants of them nor of each other, as each mends another place."""
    start = int(edits.groups.max()) + 1 if len(edits.groups) else 0
    return Simulation(
        edits.room,
        edits.chances + repairs.chances,
        np.hstack([edits.gain, repairs.gain]) if edits.chances else repairs.gain,
        np.r_[edits.harm, repairs.harm],
        np.r_[edits.groups, start + np.arange(len(repairs.groups), dtype=np.int64)],
        pd.concat([edits.effects, repairs.effects], ignore_index=True),
    )


def _with_rows(effect: Effect, rows: Rows, now: Floats) -> Effect:
    """Return the effect with these queries in it, unchanged where it does not touch them."""
    more = np.setdiff1d(rows, effect.rows)
    same = np.tile(now[more], (len(effect.before), 1))
    before = np.hstack([effect.before, same])
    after = np.hstack([effect.after, same])
    return Effect(
        np.r_[effect.rows, more],
        before,
        after,
        np.r_[effect.answer_probability, np.zeros(len(more))],
    )


class _QueryCounts:
    """How one candidate's effect on each query counts."""

    def __init__(
        self,
        effect: Effect,
        in_gap: Rows,
        drafted: Rows,
        demand: Floats,
        room: Floats,
    ) -> None:
        self.effect = effect
        self.room = room[effect.rows]
        self.change = effect.after - effect.before
        self.is_drafted = np.isin(effect.rows, drafted)
        is_of_gap = np.isin(effect.rows, in_gap)
        self.is_standing = self.is_drafted & (effect.answer_probability > 0)
        held_out = room[np.setdiff1d(in_gap, drafted)].sum()
        standing = self.room[self.is_standing].sum()
        self.is_alone = held_out <= 0
        scale = 0.5 if self.is_alone else (held_out + standing) / held_out
        counts = np.where(
            self.is_drafted & (not self.is_alone),
            0.0,
            np.where(is_of_gap, scale, 1.0),
        )
        self.weight = demand[effect.rows] * effect.answer_probability * counts
        self.held_out_rows = is_of_gap & ~self.is_drafted
        self.held_out = held_out
        self.plain = demand[effect.rows] * effect.answer_probability

    @property
    def harm(self) -> float:
        """Fall of coverage in queries asked."""
        return float(-(np.minimum(self.change[0], 0) * self.weight).sum())

    def gain_draws(self, rng: np.random.Generator) -> Floats:
        """Return the net gain, the estimate first, then under each refit with the queries resampled (Bayesian bootstrap)."""
        worth = np.where(self.change > 0, self.change, 2 * self.change) * self.weight
        resampled = np.vstack(
            [
                np.ones(worth.shape[1]),
                rng.exponential(size=(len(worth) - 1, worth.shape[1])),
            ]
        )
        return np.asarray((worth * resampled).sum(axis=1), dtype=np.float64)

    def chances(self) -> Chances:
        """Return the chance of each query; those drafted from get the part of the room that the others of the gap gain."""
        rise = np.maximum(self.change[0], 0) * self.plain * (0.5 if self.is_alone else 1.0)
        chance = rise / self.room
        if not self.is_alone:
            part = rise[self.held_out_rows].sum() / self.held_out
            chance = np.where(self.is_drafted, part * self.is_standing, chance)
        kept = np.flatnonzero(chance > 0)
        return Chances(self.effect.rows[kept], np.clip(chance[kept], 0, 1))

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
                "answer_probability": self.effect.answer_probability[shown],
                "weight": self.weight[shown],
                "is_drafted_from": self.is_drafted[shown],
            }
        )


def edit_table(candidates: list[Candidate], simulation: Simulation) -> pd.DataFrame:
    """Return the candidates with gain, its 90% interval and harm, not yet ranked."""
    low, high = (
        np.quantile(simulation.gain, [0.05, 0.95], axis=0)
        if candidates
        else (np.zeros(0), np.zeros(0))
    )
    return pd.DataFrame(
        [
            {
                "edit_id": edit_id(number),
                "cluster_id": one.cluster_id,
                "operation": one.operation,
                "page_id": one.page_id,
                "heading_path": one.heading_path,
                "brief": one.brief,
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
