"""Shared words: the share of a query's words that a passage has, where rarer words weigh more."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.vectors import Vectors

# A word of any length, or a single sign: texts of stop words alone need some vocabulary.
_ANY_WORD = r"(?u)\b\w+\b|\S"


class Lexicon:
    """The words of passages with their idf, to compute which share of a query's words they have.

    `passages` (n passages, words) says which words a passage has, 0 or 1. `queries` (n queries,
    words) holds the weight of each word in a query; the weights of a query add up to 1.
    """

    def __init__(self, passage_texts: list[str], query_texts: list[str]) -> None:
        self._counter = CountVectorizer(
            binary=True,
            stop_words="english",
            ngram_range=(1, 1),
            dtype=np.float32,
        )
        try:
            self._counter.fit([*passage_texts, *query_texts])
        except ValueError:  # the texts have stop words only
            self._counter = CountVectorizer(binary=True, token_pattern=_ANY_WORD, dtype=np.float32)
            # any further word: an empty vocabulary would be an error
            self._counter.fit([*passage_texts, *query_texts, "nothing"])
        self.passages = self._counter.transform(passage_texts)
        queries = self._counter.transform(query_texts)
        frequency = np.asarray(self.passages.sum(axis=0)).ravel()
        idf = np.log((1 + len(passage_texts)) / (1 + frequency)) + 1
        weighted = queries.multiply(idf).tocsr()
        total = np.maximum(np.asarray(weighted.sum(axis=1)).ravel(), 1e-9)
        self.queries = sparse.csr_matrix(weighted.multiply(1 / total[:, None]), dtype=np.float32)

    def recall(self, passage_rows: npt.NDArray[np.int64]) -> Vectors:
        """Return the share of each query's idf weight that each of its passages has, 0-1.

        Args:
            passage_rows: rows of k passages for each query, shape (n queries, k); the result has
                the same shape.
        """
        columns = [
            np.asarray(
                self.queries.multiply(self.passages[rows]).sum(axis=1),
                dtype=np.float32,
            ).ravel()
            for rows in passage_rows.T
        ]
        if not columns:
            return np.zeros((self.queries.shape[0], 0), np.float32)
        return np.stack(columns, axis=1)

    def recall_of(self, texts: list[str]) -> Vectors:
        """Return the share of each query's idf weight that each new text has, 0-1.

        The shape is (n queries, len(texts)).
        """
        return np.asarray((self.queries @ self.words_of(texts).T).todense(), dtype=np.float32)

    def words_of(self, texts: list[str]) -> sparse.csr_matrix:
        """Return which words each new text has, 0 or 1, shape (len(texts), words)."""
        return self._counter.transform(texts)
