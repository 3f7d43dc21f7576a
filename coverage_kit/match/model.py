"""SiteModel: what coverage would be with passages added or removed. Ranking receives it as an argument."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from coverage_kit.contracts import Effect, PassageText, TextChange
from coverage_kit.match.added_passages import Addition
from coverage_kit.match.answering import (
    AnswerModel,
    Rivals,
    load_answer_model,
    pair_features,
)
from coverage_kit.match.coverage import Calibration
from coverage_kit.match.echo_filter import Substance, retained_share
from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.whitening import Space
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vectors import Encoder, Vectors, cosines

BLOCK_PASSAGES = 128
SAME = 0.97
_LEAST_NEW = 0.05


@dataclass(frozen=True)
class SiteModel:
    """A fitted link with the evidence, the encoder and the space behind it, and the probability that new text answers."""

    scorer: EvidenceScorer
    calibration: Calibration
    encoder: Encoder
    space: Space
    known: Flags | None = None
    answering: AnswerModel = field(default_factory=load_answer_model)

    def coverage_with(self, added: Sequence[PassageText], removed: Sequence[str] = ()) -> Floats:
        """Return coverage with passages added and removed (their ids).

        Shape (1 + bootstraps, n queries); the first row is the estimate. Added text that says
        nothing adds nothing.
        """
        hidden = self.scorer.passages["passage_id"].isin(list(removed)).to_numpy()
        told = self.told(TextChange(tuple(added), tuple(removed)))
        addition = self._new_only(self._addition(told), hidden) if told else None
        return self.calibration.coverage(self.scorer.features(hidden, addition), self.known)

    def simulate(self, changes: Sequence[TextChange]) -> Iterator[Effect]:
        """Yield what each change does, alone, in their order.

        All texts are encoded at once; then blocks of changes are compared with queries, passages
        and claims, so that memory stays bounded. What others offer a query counts against a change:
        `fit` falls where another group comes nearer.
        """
        plan = _ChangePlan(self, changes)
        rivals = self._meet(plan)
        for block in plan.blocks:
            addition = self._addition_of(plan, block)
            start = 0
            for number in block:
                columns = np.arange(start, start + len(plan.told[number]))
                start += len(columns)
                yield self._effect(
                    changes[number],
                    plan.told[number],
                    addition.pick(columns),
                    rivals.beside(plan.groups[number]),
                )

    def told(self, change: TextChange) -> list[PassageText]:
        """Return the change's passages without sentences that say nothing; what it takes over from the site stays."""
        if change.is_assumed:
            return list(change.added)
        texts = self.scorer.passages["text"].iloc[
            self._place.reindex(list(change.removed)).dropna().astype(np.int64)
        ]
        there = {sentence for text in texts for sentence in split_sentences(text)}
        said = [PassageText(path, self._substance.of(text, there)) for path, text in change.added]
        return [passage for passage in said if passage.text]

    @cached_property
    def _substance(self) -> Substance:
        return Substance(self.scorer.query_texts)

    @property
    def coverage_now(self) -> Floats:
        """Coverage of each query as the site is, shape (n queries,)."""
        return np.asarray(self._before[0], dtype=np.float64)

    @cached_property
    def _before(self) -> Floats:
        return self.calibration.coverage(self.scorer.features(), self.known)

    @cached_property
    def _place(self) -> "pd.Series[int]":
        ids = self.scorer.passages["passage_id"]
        return pd.Series(np.arange(len(ids)), index=pd.Index(ids))

    def _effect(
        self,
        change: TextChange,
        told: list[PassageText],
        added: Addition,
        rivals: Vectors,
    ) -> Effect:
        hidden = np.zeros(len(self.scorer.passages), dtype=bool)
        hidden[self._place.reindex(list(change.removed)).dropna().astype(np.int64)] = True
        new = self._new_only(added, hidden)
        rows, evidence = self.scorer.changed(hidden, new if len(new.vectors) else None)
        known = None if self.known is None else self.known[rows]
        before = self._before[:, rows]
        after = self.calibration.coverage(evidence, known)
        fit = change.part * self._fit(rows, new, hidden, rivals)
        if hidden.any():
            removed = np.flatnonzero(hidden)
            there = self.scorer.share_of(removed, rows)
            retained, is_new = self._compare_words(told, removed)
            lost = there * (1 - retained)
            trust = retained if is_new else retained * there * before[0]
            after = np.maximum(after - lost * before, 0)
            fit = np.maximum(fit * trust, lost)
            if not len(new.vectors):
                after = np.minimum(after, before)  # that less is left to choose from answers nobody
        return Effect(rows, before, after, fit)

    def _compare_words(self, told: list[PassageText], removed: Rows) -> tuple[float, bool]:
        """Return the share of the removed words that the change still says, and whether it says anything beyond them.

        A rewrite is trusted as far as it keeps what it replaces. One that only moves words, or puts
        others in the headings, can bring an answer nearer but not make one: it counts as far as the
        place is likely to hold the answer.
        """
        own = list(self.scorer.passages["text"].iloc[removed])
        new = [passage.text for passage in told]
        return retained_share(own, new), retained_share(new, own) < 1 - _LEAST_NEW

    def _fit(self, rows: Rows, added: Addition, hidden: Flags, rivals: Vectors) -> Floats:
        """Return for each query the probability that it asks for what one of these passages says, shape (len(rows),)."""
        if not len(added.vectors) or not len(rows):
            return np.zeros(len(rows))
        features = pair_features(self.scorer, rows, added, rivals, hidden)
        return np.asarray(self.answering.probability(features).max(axis=1))

    def _new_only(self, added: Addition, hidden: Flags) -> Addition:
        """Return the passages that the site does not have already: a copy says nothing new."""
        if not len(added.vectors):
            return added
        is_copy = added.nearest_kept(hidden) >= SAME
        return added.pick(np.flatnonzero(~is_copy))

    def _meet(self, plan: "_ChangePlan") -> Rivals:
        rivals = Rivals(len(self.scorer.query_ids), max(1, len(set(plan.groups))))
        for block in plan.blocks:
            vectors, _ = plan.vectors(block)
            owners = np.array(
                [plan.groups[number] for number in block for _ in plan.told[number]],
                dtype=np.int64,
            )
            rivals.meet(cosines(self.scorer.asked, vectors), owners)
        return rivals

    def _addition_of(self, plan: "_ChangePlan", block: list[int]) -> Addition:
        texts = [passage.embedded for number in block for passage in plan.told[number]]
        return self.scorer.add(texts, *plan.vectors(block))

    def _addition(self, added: list[PassageText]) -> Addition:
        texts = [passage.embedded for passage in added]
        vectors = self.space.move_passages(self.encoder.encode(texts))
        return self.scorer.add(
            texts,
            vectors,
            self.space.move_passages(self.encoder.encode([one.heading for one in added])),
        )


class _ChangePlan:
    """Changes with what their passages say, encoded, and cut into blocks of about BLOCK_PASSAGES passages."""

    def __init__(self, model: SiteModel, changes: Sequence[TextChange]) -> None:
        self.told = [model.told(change) for change in changes]
        self.groups = np.asarray(
            pd.factorize(np.array([change.group for change in changes], dtype=object))[0],
            dtype=np.int64,
        )
        texts = list(
            dict.fromkeys(
                text for told in self.told for one in told for text in (one.embedded, one.heading)
            )
        )
        self._row = {text: row for row, text in enumerate(texts)}
        self._vectors = model.space.move_passages(model.encoder.encode(texts))
        self.blocks: list[list[int]] = []
        room = 0
        for number, told in enumerate(self.told):
            if not self.blocks or len(told) > room:
                self.blocks.append([])
                room = BLOCK_PASSAGES
            self.blocks[-1].append(number)
            room -= len(told)

    def vectors(self, block: list[int]) -> tuple[Vectors, Vectors]:
        """Return the vectors of a block's passages and of their headings."""
        told = [one for number in block for one in self.told[number]]
        rows = [[self._row[text] for text in (one.embedded, one.heading)] for one in told]
        places = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return self._vectors[places[:, 0]], self._vectors[places[:, 1]]
