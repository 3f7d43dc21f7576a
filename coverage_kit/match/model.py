"""SiteModel: coverage with passages added or removed. Ranking receives the model as an argument."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from coverage_kit.contracts import Effect, PassageText, TextChange
from coverage_kit.match.added_passages import AddedPassages
from coverage_kit.match.answering import (
    AnswerModel,
    Rivals,
    load_answer_model,
    pair_features,
)
from coverage_kit.match.coverage import Calibration
from coverage_kit.match.echo_filter import EchoFilter, retained_share
from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.whitening import Space
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vectors import Encoder, Vectors, cosines

# Added passages that are compared at a time, so that memory stays bounded.
BLOCK_PASSAGES = 128
# A new passage at least as similar to an own passage is a copy, and adds nothing. Assumed.
COPY_SIMILARITY = 0.97
# A rewrite says something new if at least this share of its content words is new. Assumed.
_MIN_NEW_SHARE = 0.05


@dataclass(frozen=True)
class SiteModel:
    """A fitted calibration with its evidence, encoder and space, and a model of new answers.

    `citation_odds` (n queries,) is what the log's citations say (`weigh_citations`). `answering`
    gives the probability that new text answers a query.
    """

    scorer: EvidenceScorer
    calibration: Calibration
    encoder: Encoder
    space: Space
    citation_odds: Floats | None = None
    answering: AnswerModel = field(default_factory=load_answer_model)

    def coverage_with(self, added: Sequence[PassageText], removed: Sequence[str] = ()) -> Floats:
        """Return coverage with passages added and removed (their ids).

        The shape is (1 + bootstraps, n queries); the first row is the estimate. Added text that
        says nothing adds nothing.
        """
        hidden = self.scorer.passages["passage_id"].isin(list(removed)).to_numpy()
        texts = self.substantial_passages(TextChange(tuple(added), tuple(removed)))
        compared = self._without_copies(self._compare_added(texts), hidden) if texts else None
        return self.calibration.coverage(
            self.scorer.features(hidden, compared),
            self.citation_odds,
            self.scorer.stated(hidden, compared),
        )

    def simulate(self, changes: Sequence[TextChange]) -> Iterator[Effect]:
        """Yield the effect of each change alone, in the order of the changes.

        All texts are encoded at once. Then blocks of changes are compared with queries, passages
        and claims, so that memory stays bounded. What other groups of changes offer a query counts
        against a change: its answer probability falls where another group comes nearer.
        """
        batch = _ChangeBatch(self, changes)
        rivals = self._collect_rivals(batch)
        for block in batch.blocks:
            added = self._compare_block(batch, block)
            start = 0
            for number in block:
                columns = np.arange(start, start + len(batch.passages[number]))
                start += len(columns)
                yield self._effect(
                    changes[number],
                    batch.passages[number],
                    added.select(columns),
                    rivals.nearest_other(batch.groups[number]),
                )

    def substantial_passages(self, change: TextChange) -> list[PassageText]:
        """Return the change's passages without sentences that say nothing.

        Sentences of the passages that the change replaces stay.
        """
        removed_texts = self.scorer.passages["text"].iloc[self._rows_of(change.removed)]
        existing = {sentence for text in removed_texts for sentence in split_sentences(text)}
        passages = [
            PassageText(path, self._echo_filter.remove_echoes(text, existing))
            for path, text in change.added
        ]
        return [passage for passage in passages if passage.text]

    @cached_property
    def _echo_filter(self) -> EchoFilter:
        return EchoFilter(self.scorer.query_texts)

    @property
    def coverage_now(self) -> Floats:
        """Coverage of each query on the site as it is, shape (n queries,)."""
        return np.asarray(self._before[0], dtype=np.float64)

    @cached_property
    def _before(self) -> Floats:
        """Coverage on the site as it is, shape (1 + bootstraps, n queries)."""
        return self.calibration.coverage(
            self.scorer.features(), self.citation_odds, self.scorer.stated()
        )

    @cached_property
    def _row_by_id(self) -> "pd.Series[int]":
        ids = self.scorer.passages["passage_id"]
        return pd.Series(np.arange(len(ids)), index=pd.Index(ids))

    def _rows_of(self, passage_ids: Sequence[str]) -> "pd.Series[int]":
        """Return the rows of these own passages; unknown ids are left out."""
        return self._row_by_id.reindex(list(passage_ids)).dropna().astype(np.int64)

    def _effect(
        self,
        change: TextChange,
        passages: list[PassageText],
        added: AddedPassages,
        rivals: Vectors,
    ) -> Effect:
        """Return the effect of a change.

        Args:
            change: the change.
            passages: its passages without sentences that say nothing.
            added: the same passages, compared with the site and the log.
            rivals: similarity of each query to the nearest passage of another group, (n queries,).
        """
        hidden = np.zeros(len(self.scorer.passages), dtype=bool)
        hidden[self._rows_of(change.removed)] = True
        new = self._without_copies(added, hidden)
        new_passages = new if len(new.vectors) else None
        rows, evidence = self.scorer.changed_features(hidden, new_passages)
        stated = self.scorer.stated(hidden, new_passages)[rows]
        citation_odds = None if self.citation_odds is None else self.citation_odds[rows]
        before = self._before[:, rows]
        after = self.calibration.coverage(evidence, citation_odds, stated)
        probability = change.part * self._answer_probability(rows, new, hidden, rivals)
        if hidden.any():
            removed = np.flatnonzero(hidden)
            answer_share = self.scorer.answer_share(removed, rows)
            retained, says_more = self._compare_words(passages, removed)
            lost = answer_share * (1 - retained)
            is_trusted = says_more or change.holds_answer
            trust = retained if is_trusted else retained * answer_share * before[0]
            after = np.maximum(after - lost * before, 0)
            probability = np.maximum(probability * trust, lost)
            if not len(new.vectors):
                # the evidence may rise because less is left to choose from, but that answers nobody
                after = np.minimum(after, before)
        return Effect(rows=rows, before=before, after=after, answer_probability=probability)

    def _compare_words(self, passages: list[PassageText], removed: Rows) -> tuple[float, bool]:
        """Return the share of the removed words that the change keeps, and whether it says more.

        A rewrite is trusted as far as it keeps what it replaces. Unless the passages are known to
        hold the answer (`TextChange.holds_answer`), a rewrite that only moves words,
        or puts other words in the headings, can bring an answer nearer, but cannot make one: it
        counts as far as the replaced passages are likely to have the answer.
        """
        old_texts = list(self.scorer.passages["text"].iloc[removed])
        new_texts = [passage.text for passage in passages]
        says_more = retained_share(new_texts, old_texts) < 1 - _MIN_NEW_SHARE
        return retained_share(old_texts, new_texts), says_more

    def _answer_probability(
        self, rows: Rows, added: AddedPassages, hidden: Flags, rivals: Vectors
    ) -> Floats:
        """Return for each of these queries the probability that a passage answers it, (len(rows),).

        The best of the added passages counts.
        """
        if not len(added.vectors) or not len(rows):
            return np.zeros(len(rows))
        features = pair_features(self.scorer, rows, added, rivals, hidden)
        return np.asarray(self.answering.probability(features).max(axis=1))

    def _without_copies(self, added: AddedPassages, hidden: Flags) -> AddedPassages:
        """Return the passages that the site does not have already: a copy says nothing new."""
        if not len(added.vectors):
            return added
        is_copy = added.similarity_to_remaining(hidden) >= COPY_SIMILARITY
        return added.select(np.flatnonzero(~is_copy))

    def _collect_rivals(self, batch: "_ChangeBatch") -> Rivals:
        """Return how near the passages of each group of changes come to each query."""
        rivals = Rivals(len(self.scorer.query_ids), max(1, len(set(batch.groups))))
        for block in batch.blocks:
            vectors, _ = batch.vectors(block)
            groups = np.array(
                [batch.groups[number] for number in block for _ in batch.passages[number]],
                dtype=np.int64,
            )
            rivals.add_passages(cosines(self.scorer.query_vectors, vectors), groups)
        return rivals

    def _compare_block(self, batch: "_ChangeBatch", block: list[int]) -> AddedPassages:
        """Return the passages of a block, compared with the site and the log."""
        passages = [passage for number in block for passage in batch.passages[number]]
        texts = [passage.full for passage in passages]
        bodies = [passage.text for passage in passages]
        return self.scorer.add(texts, bodies, *batch.vectors(block))

    def _compare_added(self, passages: list[PassageText]) -> AddedPassages:
        """Return these passages, encoded and compared with the site and the log."""
        headings = [passage.heading for passage in passages]
        embedded = [passage.embedded for passage in passages]
        return self.scorer.add(
            [passage.full for passage in passages],
            [passage.text for passage in passages],
            self.space.move_passages(self.encoder.encode(embedded)),
            self.space.move_passages(self.encoder.encode(headings)),
        )


class _ChangeBatch:
    """Changes with their passages, encoded, and cut into blocks of about BLOCK_PASSAGES passages.

    `passages` are those of each change without sentences that say nothing; `groups` is the number
    of each change's group; `blocks` are lists of numbers of changes.
    """

    def __init__(self, model: SiteModel, changes: Sequence[TextChange]) -> None:
        self.passages = [model.substantial_passages(change) for change in changes]
        self.groups = np.asarray(
            pd.factorize(np.array([change.group for change in changes], dtype=object))[0],
            dtype=np.int64,
        )
        texts: list[str] = []
        for passages in self.passages:
            for passage in passages:
                texts += [passage.embedded, passage.heading]
        distinct = list(dict.fromkeys(texts))
        self._row_of = {text: row for row, text in enumerate(distinct)}
        self._vectors = model.space.move_passages(model.encoder.encode(distinct))
        self.blocks: list[list[int]] = []
        room = 0
        for number, passages in enumerate(self.passages):
            if not self.blocks or len(passages) > room:
                self.blocks.append([])
                room = BLOCK_PASSAGES
            self.blocks[-1].append(number)
            room -= len(passages)

    def vectors(self, block: list[int]) -> tuple[Vectors, Vectors]:
        """Return the vectors of a block's passages, and of their headings."""
        passages = [passage for number in block for passage in self.passages[number]]
        text_rows = [self._row_of[passage.embedded] for passage in passages]
        heading_rows = [self._row_of[passage.heading] for passage in passages]
        return (
            self._vectors[np.array(text_rows, dtype=np.int64)],
            self._vectors[np.array(heading_rows, dtype=np.int64)],
        )
