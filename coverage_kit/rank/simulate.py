"""What an edit would gain: each query's coverage with the edited passages, by the fitted model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.contracts import ANSWERED_SHARE, Effect, TextChange
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.edits import edit_id
from coverage_kit.tables import EFFECTS, Effects, Queries

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# A fall of coverage counts this many times a rise (docs/method.md, What counts as a gain; assumed).
HARM_WEIGHT = 2
# A query whose own words an edit puts on the page counts at this share of its worth (assumed).
OWN_WORDS_WEIGHT = 0.5
# A change of coverage under half a percent counts nothing (assumed).
_MIN_CHANGE = 0.005
# How much that share differs between texts: it is drawn from a beta distribution whose parameters
# add up to this (1 / intraclass correlation - 1, measured with it).
_ANSWERED_WEIGHT = 1.65
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


def simulate_edits(
    candidates: list[Candidate],
    model: CoverageModel,
    queries: Queries,
    seed: int = 0,
    first: int = 0,
) -> Simulation:
    """Return what each candidate would gain and harm, alone.

    Gain is what those who ask get: from no answer to an answer. A text that is written to answer a
    query gains the probability that the query has no answer today, times ANSWERED_SHARE. For all
    other queries, and for edits that only reword or move words, the model of coverage reads the
    edited passages, and a rise counts with the probability that the query asks for them
    (`Effect.answer_probability`). All of it counts with the probability that the page is the right
    one (`Candidate.home_share`). Changes of coverage under half a percent count nothing. Intervals
    cover refits of the calibration, and whether the queries are then answered.

    Args:
        candidates: the edits.
        model: the model of coverage.
        queries: the queries, in the order of the model's.
        seed: seed of the bootstrap.
        first: number of the first candidate among all that are simulated.
    """
    demand = np.asarray(demand_weights(queries), dtype=np.float64)
    query_ids = pd.Index(queries["query_id"])
    rng = np.random.default_rng(seed)
    coverage = model.coverage_now
    room = demand * np.maximum(1 - coverage, MIN_ROOM)
    effects = model.simulate([_text_change(candidate) for candidate in candidates])
    scores = []
    # A text is as good in its short variant as in its full one.
    shares: dict[str, Floats] = {}
    for number, (candidate, effect) in enumerate(zip(candidates, effects, strict=True)):
        asked = np.flatnonzero(query_ids.isin(list(candidate.drafted_from)))
        share = _draw_shares(rng, len(effect.before))
        scored = _ScoredEdit(
            candidate,
            _with_rows(effect, asked, coverage),
            demand,
            room,
            is_asked=query_ids.isin(list(candidate.drafted_from)),
            is_own_words=query_ids.isin(list(candidate.own_words)),
        )
        scores.append(
            _Score(
                chances=scored.chances(),
                harm=scored.harm,
                draws=scored.gain_draws(rng, shares.setdefault(candidate.cluster_id, share)),
                effects=scored.rows_of_effects(edit_id(first + number), queries),
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
        holds_answer=candidate.holds_answer,
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


def _draw_shares(rng: np.random.Generator, n: int) -> Floats:
    """Return how many of those who ask get an answer from a text, in n draws."""
    written = ANSWERED_SHARE * _ANSWERED_WEIGHT
    return rng.beta(written, _ANSWERED_WEIGHT - written, n)


class _ScoredEdit:
    """How much a candidate's effect on each query counts.

    Args:
        candidate: the edit.
        effect: its effect on k queries.
        demand: demand of each query, (n,).
        room: what is left to gain at each query, (n,).
        is_asked: whether the edit is for the query, (n,).
        is_own_words: whether the edit has the query's own words, (n,).
    """

    def __init__(  # noqa: PLR0913 (the edit, its effect, and what is known of the queries)
        self,
        candidate: Candidate,
        effect: Effect,
        demand: Floats,
        room: Floats,
        is_asked: Flags,
        is_own_words: Flags,
    ) -> None:
        self.rows = effect.rows
        self.room = room[effect.rows]
        self.is_asked = is_asked[effect.rows]
        self.asked_as = {
            query_id: question.text
            for question in candidate.questions
            for query_id in (question.query_id, *question.also)
        }
        self.before = effect.before
        after, probability = effect.after, effect.answer_probability
        self.is_written = self.is_asked & candidate.is_answer
        if candidate.is_answer:
            written = self.before + ANSWERED_SHARE * (1 - self.before)
            after = np.where(self.is_asked, written, after)
            probability = np.where(self.is_asked, 1.0, probability)
        change = after - self.before
        self.change = np.where(np.abs(change[0]) >= _MIN_CHANGE, change, 0.0)
        self.probability = probability * candidate.home_share
        own = np.where(is_own_words[effect.rows], OWN_WORDS_WEIGHT, 1.0)
        self.weight = demand[effect.rows] * self.probability * own

    @property
    def net_gain(self) -> Floats:
        """What each query adds, harm counted twice, (1 + refits, k)."""
        net_change = np.where(self.change > 0, self.change, HARM_WEIGHT * self.change)
        return np.asarray(net_change * self.weight, dtype=np.float64)

    @property
    def harm(self) -> float:
        """Fall of coverage in queries asked."""
        return float(-(np.minimum(self.change[0], 0) * self.weight).sum())

    def gain_draws(self, rng: np.random.Generator, share: Floats) -> Floats:
        """Return the net gain, (1 + refits,): the estimate first.

        Each further row is the gain under a refit of the calibration. What a text that is written
        to answer gives its queries, `share` (1 + refits,), is the same for all of them, because a
        text is good or it is not. The other queries are resampled (Bayesian bootstrap: exponential
        weights).
        """
        net_gain = self.net_gain
        n_refits, n_queries = net_gain.shape
        weights = np.where(
            self.is_written,
            share[:, None] / ANSWERED_SHARE,
            rng.exponential(size=(n_refits, n_queries)),
        )
        weights[0] = 1.0
        return np.asarray((net_gain * weights).sum(axis=1), dtype=np.float64)

    def chances(self) -> QueryChances:
        """Return the chance of each query that is above 0."""
        chance = np.maximum(self.net_gain[0], 0) / self.room
        columns = np.flatnonzero(chance > 0)
        return QueryChances(rows=self.rows[columns], chance=np.clip(chance[columns], 0, 1))

    def rows_of_effects(self, edit_id: str, queries: Queries) -> Effects:
        """Return the rows of table `effects`: queries that the text is for, or that change."""
        columns = np.flatnonzero((self.change[0] != 0) & (self.weight > 0) | self.is_asked)
        rows = self.rows[columns]
        query_ids = queries["query_id"].iloc[rows].to_numpy()
        return pd.DataFrame(
            {
                "edit_id": pd.Series([edit_id] * len(rows), dtype="str"),
                "query_id": query_ids,
                "coverage_before": self.before[0, columns],
                "coverage_after": self.before[0, columns] + self.change[0, columns],
                "answer_probability": self.probability[columns],
                "weight": self.weight[columns],
                "is_drafted_from": self.is_asked[columns],
                "gain": self.net_gain[0, columns],
                "asked_as": [self.asked_as.get(name) for name in query_ids],
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
                "title": candidate.title or None,
                "words_before": candidate.words_before or None,
                "words_after": candidate.words_after or None,
                "opening": candidate.opening or None,
                "links_from": "\n".join(candidate.links_from) or None,
                "home_probability": candidate.home_probability,
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
