"""NearReader: a cross-encoder that reads each query with the nearest own passages, and with added ones that come as near."""

from functools import cached_property

import numpy as np

from coverage_kit.match.added_passages import Addition
from coverage_kit.match.neighborhood import Flags, Floats, Rows, finite
from coverage_kit.vectors import PairScorer, Vectors

_READ_PASSAGES = 10


class NearReader:
    """Reads lazily: nothing is read before its score is asked for.

    Args:
        scorer: the cross-encoder.
        queries: texts of the queries.
        passages: texts of the own passages.
        near: rows of the own passages nearest to each query, nearest first, shape (n queries, k).
    """

    def __init__(
        self,
        scorer: PairScorer,
        queries: list[str],
        passages: list[str],
        near: Rows,
    ) -> None:
        self.scorer = scorer
        self.queries = queries
        self.passages = passages
        self.near = near[:, :_READ_PASSAGES]

    def best(self, rows: Rows, hide: Flags, added: Addition | None) -> Floats:
        """Return the largest score among some queries' nearest own passages that are not hidden, shape (len(rows),)."""
        scores = np.where(hide[self.near[rows]], -np.inf, self._scores[rows])
        if added is not None and added.read is not None:
            scores = np.hstack([scores, added.read[rows]])
        return finite(scores.max(axis=1), floor=float(self._scores.min()))

    def read(self, texts: list[str], similarity: Vectors, own: Vectors) -> Vectors:
        """Return the scores of new passages for the queries to which they come near, -inf for others, shape (n, len(texts)).

        `similarity` (n, len(texts)) is theirs, `own` (n, k) that of the nearest own passages,
        nearest first.
        """
        last = own[:, min(_READ_PASSAGES, own.shape[1]) - 1, None]
        queries, places = np.nonzero(similarity > last)
        scores = np.full((len(self.queries), len(texts)), -np.inf, dtype=np.float32)
        scores[queries, places] = self.scorer.score(
            [self.queries[row] for row in queries],
            [texts[place] for place in places],
        )
        return scores

    @cached_property
    def _scores(self) -> Vectors:
        """Scores of the nearest own passages, shape (n queries, up to 10)."""
        queries = np.repeat(np.arange(len(self.near)), self.near.shape[1])
        pairs = (
            [self.queries[row] for row in queries],
            [self.passages[row] for row in self.near.ravel()],
        )
        return np.asarray(self.scorer.score(*pairs), dtype=np.float32).reshape(self.near.shape)
