"""Evidence by a cross-encoder, which reads each query with its nearest own and added passages."""

from functools import cached_property

import numpy as np

from coverage_kit.match.added_passages import AddedPassages
from coverage_kit.match.neighborhood import Flags, Floats, Rows, finite
from coverage_kit.vectors import PairScorer, Vectors

# How many of a query's nearest own passages are read (docs/method.md, evidence). Assumed: a
# compromise between evidence and reading time.
_READ_PASSAGES = 10


class CrossEncoderReader:
    """A cross-encoder that reads lazily: a pair is read when its score is first needed.

    Args:
        scorer: the cross-encoder.
        queries: texts of the queries.
        passages: texts of the own passages.
        nearest: rows of the own passages nearest to each query, nearest first, shape
            (n queries, k).
    """

    def __init__(
        self,
        scorer: PairScorer,
        queries: list[str],
        passages: list[str],
        nearest: Rows,
    ) -> None:
        self.scorer = scorer
        self.queries = queries
        self.passages = passages
        self.nearest = nearest[:, :_READ_PASSAGES]

    def best_scores(self, rows: Rows, hidden: Flags, added: AddedPassages | None) -> Floats:
        """Return the best score of each of these queries, shape (len(rows),).

        The nearest own passages that are not hidden count, and the added passages that were read.
        """
        scores = np.where(hidden[self.nearest[rows]], -np.inf, self._scores[rows])
        if added is not None and added.cross_encoder_scores is not None:
            scores = np.hstack([scores, added.cross_encoder_scores[rows]])
        return finite(scores.max(axis=1), floor=float(self._scores.min()))

    def score_added(
        self, texts: list[str], similarity: Vectors, own_similarity: Vectors
    ) -> Vectors:
        """Return the scores of new passages, shape (n, len(texts)).

        A new passage is read with the queries to which it is nearer than the last of the own
        passages that are read; its score is -inf for all other queries.

        Args:
            texts: texts of the new passages.
            similarity: similarity of the queries to the new passages, shape (n, len(texts)).
            own_similarity: similarity of the queries to their nearest own passages, nearest first,
                shape (n, k).
        """
        n_read = min(_READ_PASSAGES, own_similarity.shape[1])
        last = own_similarity[:, n_read - 1, None]
        query_rows, columns = np.nonzero(similarity > last)
        scores = np.full((len(self.queries), len(texts)), -np.inf, dtype=np.float32)
        scores[query_rows, columns] = self.scorer.score(
            [self.queries[row] for row in query_rows],
            [texts[column] for column in columns],
        )
        return scores

    @cached_property
    def _scores(self) -> Vectors:
        """Scores of the nearest own passages, shape (n queries, up to 10)."""
        query_rows = np.repeat(np.arange(len(self.nearest)), self.nearest.shape[1])
        queries = [self.queries[row] for row in query_rows]
        passages = [self.passages[row] for row in self.nearest.ravel()]
        scores = self.scorer.score(queries, passages)
        return np.asarray(scores, dtype=np.float32).reshape(self.nearest.shape)
