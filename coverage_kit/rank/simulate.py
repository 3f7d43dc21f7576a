"""What an edit would gain: each query's coverage with the edited passages, by the fitted model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

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
# A fall of coverage counts this many times a rise (docs/method.md, What counts as a gain; assumed).
HARM_WEIGHT = 2
# A gap without held-out queries is scored on the queries that its draft was written from, at this
# share of their worth (docs/method.md, What counts as a gain; assumed).
ALONE_WEIGHT = 0.5
# Table `effects` leaves out queries whose coverage changes by less: half a percent (assumed).
_MIN_CHANGE = 0.005
# The least room of a query, as share of its demand, so that a rise can be divided by it.
MIN_ROOM = 1e-6


class CoverageModel(Protocol):
    """A model that knows the coverage of each query, now and with other passages."""

    @property
    def coverage_now(self) -> Floats:
        """Coverage of each query as the site is, shape (n queries,)."""
        ...

    def simulate(self, changes: Sequence[TextChange]) -> Iterator[Effect]:
        """Yield what each change does alone, in their order."""
        ...


@dataclass(frozen=True)
class QueryChances:
    """The queries that an edit may newly answer.

    `rows` (k,) are the rows of the queries, `chance` (k,) is the chance of each, from 0 to 1.
    """

    rows: Rows
    chance: Floats


@dataclass(frozen=True)
class Simulation:
    """Predicted effects of candidates.

    `room` (n queries,) is what is left to gain: demand x (1 - coverage). `chances` has for each
    edit the share of that room that it may take. `gain` (1 + bootstraps, n edits) is the rise in
    queries asked net of harm counted twice, `harm` (n edits,) the fall. `groups` (n edits,) numbers
    the edits' gaps: edits of one gap are variants, of which the best counts.
    """

    room: Floats
    chances: tuple[QueryChances, ...]
    gain: Floats
    harm: Floats
    groups: Rows
    effects: Effects


class _Score(NamedTuple):
    """What a simulation keeps of a candidate; the effects of all of them would fill gigabytes."""

    chances: QueryChances
    harm: float
    draws: Floats
    effects: Effects


def simulate_edits(  # noqa: PLR0913 (what is simulated, on what, and how it is numbered)
    candidates: list[Candidate],
    model: CoverageModel,
    queries: Queries,
    clusters: Clusters,
    seed: int = 0,
    first: int = 0,
) -> Simulation:
    """Return what each candidate would gain and harm, alone.

    A query's rise of coverage counts with the probability that it asks for the edited text
    (`Effect.answer_probability`). Queries from which the draft was written are taken to gain, where
    it comes near them, the same share of their room as the other queries of the gap. A gap with a
    single query has no other queries: it is scored on itself, at half its worth. Intervals resample
    the calibration and the queries together.

    Args:
        candidates: the edits.
        model: the model of coverage.
        queries: the queries, in the order of the model's.
        clusters: their clusters.
        seed: seed of the bootstrap.
        first: number of the first candidate among all that are simulated.
    """
    demand = np.asarray(demand_weights(queries), dtype=np.float64)
    row_of = pd.Series(np.arange(len(queries)), index=pd.Index(queries["query_id"]))
    members = {
        str(cluster_id): row_of.loc[query_ids].to_numpy()
        for cluster_id, query_ids in clusters.groupby("cluster_id")["query_id"]
    }
    no_rows = np.zeros(0, np.int64)
    rng = np.random.default_rng(seed)
    room = demand * np.maximum(1 - model.coverage_now, MIN_ROOM)
    scores = []
    effects = model.simulate([_text_change(candidate) for candidate in candidates])
    for number, (candidate, effect) in enumerate(zip(candidates, effects, strict=True)):
        drafted_from = list(candidate.drafted_from)
        drafted = row_of.loc[drafted_from].to_numpy() if drafted_from else no_rows
        weighted = _WeightedEffect(
            effect=_with_rows(effect, drafted, model.coverage_now),
            in_gap=members.get(candidate.cluster_id, no_rows),
            drafted=drafted,
            demand=demand,
            room=room,
        )
        scores.append(
            _Score(
                chances=weighted.chances(),
                harm=weighted.harm,
                draws=weighted.gain_draws(rng),
                effects=weighted.rows_of_effects(edit_id(first + number), queries),
            )
        )
    return _join_scores(scores, candidates, room)


def _text_change(candidate: Candidate) -> TextChange:
    """Return what the model of coverage needs to know of a candidate."""
    return TextChange(
        added=candidate.added,
        removed=candidate.removed,
        group=candidate.cluster_id,
        part=candidate.text_share,
        is_assumed=candidate.is_assumed,
    )


def _join_scores(scores: list[_Score], candidates: list[Candidate], room: Floats) -> Simulation:
    """Return the simulation of these candidates."""
    cluster_ids = np.array([candidate.cluster_id for candidate in candidates], dtype=object)
    draws = [score.draws for score in scores]
    tables = [score.effects for score in scores]
    return Simulation(
        room=room,
        chances=tuple(score.chances for score in scores),
        gain=np.stack(draws, axis=1) if draws else np.zeros((1, 0)),
        harm=np.array([score.harm for score in scores]),
        # Edits of one gap are variants, so a gap's number is that of their group.
        groups=np.asarray(pd.factorize(cluster_ids)[0], dtype=np.int64),
        effects=pd.concat(tables, ignore_index=True) if tables else EFFECTS.empty(),
    )


def join_simulations(edits: Simulation, repairs: Simulation) -> Simulation:
    """Return both simulations as a single simulation, the repairs after the edits.

    Each repair is a group of its own: repairs are variants neither of the edits nor of each other,
    as each changes a different passage.
    """
    first_group = int(edits.groups.max()) + 1 if len(edits.groups) else 0
    repair_groups = first_group + np.arange(len(repairs.groups), dtype=np.int64)
    return Simulation(
        room=edits.room,
        chances=edits.chances + repairs.chances,
        gain=np.hstack([edits.gain, repairs.gain]) if edits.chances else repairs.gain,
        harm=np.r_[edits.harm, repairs.harm],
        groups=np.r_[edits.groups, repair_groups],
        effects=pd.concat([edits.effects, repairs.effects], ignore_index=True),
    )


def _with_rows(effect: Effect, rows: Rows, coverage: Floats) -> Effect:
    """Return the effect with these queries in it, unchanged where the edit does not touch them."""
    untouched = np.setdiff1d(rows, effect.rows)
    unchanged = np.tile(coverage[untouched], (len(effect.before), 1))
    return Effect(
        rows=np.r_[effect.rows, untouched],
        before=np.hstack([effect.before, unchanged]),
        after=np.hstack([effect.after, unchanged]),
        answer_probability=np.r_[effect.answer_probability, np.zeros(len(untouched))],
    )


class _WeightedEffect:
    """How much a candidate's effect on each query counts.

    Args:
        effect: the effect on k queries, those drafted from included.
        in_gap: rows of the gap's queries.
        drafted: rows of the queries that the draft was written from.
        demand: demand of each query, (n,).
        room: what is left to gain at each query, (n,).
    """

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
        self.asked = float(demand[effect.rows].sum())
        self.change = effect.after - effect.before
        self.is_drafted = np.isin(effect.rows, drafted)
        is_of_gap = np.isin(effect.rows, in_gap)
        # Drafted queries gain only where the text comes near them.
        self.is_reached = self.is_drafted & (effect.answer_probability > 0)
        self.held_out_room = room[np.setdiff1d(in_gap, drafted)].sum()
        self.is_alone = self.held_out_room <= 0
        # Held-out queries count also for the drafted queries: by the room of both over their own.
        if self.is_alone:
            gap_weight = ALONE_WEIGHT
        else:
            reached_room = self.room[self.is_reached].sum()
            gap_weight = (self.held_out_room + reached_room) / self.held_out_room
        counts = np.where(
            self.is_drafted & (not self.is_alone),
            0.0,
            np.where(is_of_gap, gap_weight, 1.0),
        )
        self.is_held_out = is_of_gap & ~self.is_drafted
        self.asked_demand = demand[effect.rows] * effect.answer_probability
        self.weight = self.asked_demand * counts

    @property
    def harm(self) -> float:
        """Fall of coverage in queries asked."""
        return float(-(np.minimum(self.change[0], 0) * self.weight).sum())

    def gain_draws(self, rng: np.random.Generator) -> Floats:
        """Return the net gain, (1 + bootstraps,).

        The estimate comes first, then the gain under each refit of the calibration with the queries
        resampled (Bayesian bootstrap: exponential weights). No refit gains or harms more than the
        queries that the edit touches are asked: few held-out queries that count for many others
        would else gain a multiple of it.
        """
        net_change = np.where(self.change > 0, self.change, HARM_WEIGHT * self.change)
        net_gain = net_change * self.weight
        n_draws = len(net_gain) - 1
        n_queries = net_gain.shape[1]
        query_weights = np.vstack([np.ones(n_queries), rng.exponential(size=(n_draws, n_queries))])
        draws = (net_gain * query_weights).sum(axis=1)
        return np.asarray(np.clip(draws, -HARM_WEIGHT * self.asked, self.asked), dtype=np.float64)

    def chances(self) -> QueryChances:
        """Return the chance of each query that is above 0.

        Drafted queries get the share of their room that the held-out queries of the gap gain.
        """
        alone_weight = ALONE_WEIGHT if self.is_alone else 1.0
        rise = np.maximum(self.change[0], 0) * self.asked_demand * alone_weight
        chance = rise / self.room
        if not self.is_alone:
            held_out_share = rise[self.is_held_out].sum() / self.held_out_room
            chance = np.where(self.is_drafted, held_out_share * self.is_reached, chance)
        columns = np.flatnonzero(chance > 0)
        return QueryChances(
            rows=self.effect.rows[columns],
            chance=np.clip(chance[columns], 0, 1),
        )

    def rows_of_effects(self, edit_id: str, queries: Queries) -> Effects:
        """Return the rows of table `effects`: drafted queries, and those that change enough."""
        is_changed = np.abs(self.change[0]) >= _MIN_CHANGE
        columns = np.flatnonzero(is_changed | self.is_drafted)
        rows = self.effect.rows[columns]
        return pd.DataFrame(
            {
                "edit_id": pd.Series([edit_id] * len(rows), dtype="str"),
                "query_id": queries["query_id"].iloc[rows].to_numpy(),
                "coverage_before": self.effect.before[0, columns],
                "coverage_after": self.effect.after[0, columns],
                "answer_probability": self.effect.answer_probability[columns],
                "weight": self.weight[columns],
                "is_drafted_from": self.is_drafted[columns],
            }
        )


def edit_table(candidates: list[Candidate], simulation: Simulation) -> pd.DataFrame:
    """Return the candidates with gain, its 90% interval and harm, not yet ranked."""
    if candidates:
        low, high = np.quantile(simulation.gain, [0.05, 0.95], axis=0)
    else:
        low = high = np.zeros(0)
    gain = simulation.gain[0]
    return pd.DataFrame(
        [
            {
                "edit_id": edit_id(number),
                "cluster_id": candidate.cluster_id,
                "operation": candidate.operation,
                "page_id": candidate.page_id,
                "heading_path": candidate.heading_path,
                "brief": candidate.brief,
                "before": candidate.before,
                "after": candidate.after,
                "cost_minutes": candidate.cost_minutes,
                "n_words": candidate.n_words,
                "gain": gain[number],
                "low": min(low[number], gain[number]),
                "high": max(high[number], gain[number]),
                "harm": simulation.harm[number],
            }
            for number, candidate in enumerate(candidates)
        ]
    )
