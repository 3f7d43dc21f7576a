"""Evidence that reads words over the whole site, without the encoder."""

import numpy as np

from coverage_kit.match.added_passages import AddedPassages
from coverage_kit.match.neighborhood import NEAR_QUERIES, Flags, Floats, Rows
from coverage_kit.match.word_index import WordIndex
from coverage_kit.vectors import Vectors

WORD_FEATURES = ("words", "word_precedence", "word_margin")
# How many of the passages with most of a query's words count. Assumed.
_NEAR_PASSAGES = 20


class WordEvidence:
    """The words of a site and a log, and what they say under any change of the site.

    `scores` and `rows`, both of shape (n queries, k), are the own passages with most of each
    query's words.

    Args:
        texts: the site's passages, with their headings.
        query_texts: the queries; all results have their order.
        page_rows: the number of each passage's page, shape (n passages,).
        k: how many passages are kept for each query.
    """

    def __init__(self, texts: list[str], query_texts: list[str], page_rows: Rows, k: int) -> None:
        self.index = WordIndex(texts, query_texts)
        self.scores, self.rows = self.index.nearest(k)
        self._rivals = self.index.mean_of_best(NEAR_QUERIES)
        self._page_rows = page_rows

    def features(
        self,
        rows: Rows,
        hidden: Flags,
        added: AddedPassages | None,
        similarity: Vectors,
        own_best: Floats,
    ) -> Floats:
        """Return WORD_FEATURES and agreement of these queries, shape (len(rows), 4).

        Args:
            rows: rows of queries.
            hidden: which own passages to leave out, shape (n passages,).
            added: passages that the site has in addition.
            similarity: cosine of every query with its passages in `self.rows`, the same shape.
            own_best: similarity of the passage that is nearest by meaning, shape (len(rows),).
        """
        n_near = _NEAR_PASSAGES
        if hidden.any():
            n_near += int(hidden[self.rows[rows]].sum(axis=1).max(initial=0))
        nearest = self.rows[rows, :n_near]
        scores = np.where(hidden[nearest], 0.0, self.scores[rows, :n_near])
        precedence = scores - self._rivals[nearest]
        pages = self._page_rows[nearest]
        similarity = similarity[rows, :n_near]
        if added is not None:
            scores = np.hstack([scores, added.words[rows]])
            precedence = np.hstack([precedence, added.words[rows] - added.rival_words])
            pages = np.hstack([pages, np.tile(added.page_rows, (len(rows), 1))])
            similarity = np.hstack([similarity, added.similarity[rows]])
        if not scores.shape[1]:
            return np.zeros((len(rows), 4))
        best_column = scores.argmax(axis=1)[:, None]
        best = np.take_along_axis(scores, best_column, 1)
        is_other_page = pages != np.take_along_axis(pages, best_column, 1)
        return np.column_stack(
            [
                best[:, 0],
                precedence.max(axis=1),
                best[:, 0] - np.where(is_other_page, scores, 0.0).max(axis=1),
                np.take_along_axis(similarity, best_column, 1)[:, 0] - own_best,
            ]
        ).astype(np.float64)

    def is_affected(self, hidden: Flags, added: AddedPassages | None) -> Flags:
        """Return for which queries a change hides or surpasses passages with many of its words."""
        is_affected = np.asarray(hidden[self.rows[:, :_NEAR_PASSAGES]].any(axis=1), dtype=bool)
        if added is not None:
            last = self.scores[:, :_NEAR_PASSAGES][:, -1:]
            is_affected |= (added.words > last).any(axis=1)
        return is_affected

    def score_added(self, texts: list[str], bodies: list[str]) -> Vectors:
        """Return the score by words of each query with each added passage, (n queries, a).

        Words of a heading may keep what the site has, and raise nothing: a title that repeats what
        people ask says nothing new.
        """
        best = self.scores.max(axis=1, initial=0.0)[:, None]
        with_headings = np.minimum(self.index.score(texts), best)
        words = np.maximum(self.index.score(bodies), with_headings)
        return np.asarray(words, dtype=np.float32)
