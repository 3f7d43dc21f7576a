"""Words: which share of a query's words a passage holds, the rarer ones weighing more."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.vectors import Vectors

_ANY_WORD = r"(?u)\b\w+\b|\S"


class Lexicon:
    """Words of the own passages with their idf, to say which share of a query's words a passage holds."""

    def __init__(self, passage_texts: list[str], query_texts: list[str]) -> None:
        self._counter = CountVectorizer(
            binary=True,
            stop_words="english",
            ngram_range=(1, 1),
            dtype=np.float32,
        )
        try:
            self._counter.fit([*passage_texts, *query_texts])
        except ValueError:  # nothing but stop words
            self._counter = CountVectorizer(binary=True, token_pattern=_ANY_WORD, dtype=np.float32)
            self._counter.fit([*passage_texts, *query_texts, "nothing"])
        self.passages = self._counter.transform(passage_texts)
        queries = self._counter.transform(query_texts)
        frequency = np.asarray(self.passages.sum(axis=0)).ravel()
        idf = np.log((1 + len(passage_texts)) / (1 + frequency)) + 1
        weighted = queries.multiply(idf).tocsr()
        total = np.maximum(np.asarray(weighted.sum(axis=1)).ravel(), 1e-9)
        self.queries = sparse.csr_matrix(weighted.multiply(1 / total[:, None]), dtype=np.float32)

    def recall(self, passage_rows: npt.NDArray[np.int64]) -> Vectors:
        """Return the share of each query's idf weight found in its passages, 0-1, of the shape of the rows (n queries, k)."""
        columns = [
            np.asarray(
                self.queries.multiply(self.passages[passage_rows[:, place]]).sum(axis=1),
                dtype=np.float32,
            ).ravel()
            for place in range(passage_rows.shape[1])
        ]
        return (
            np.stack(columns, axis=1)
            if columns
            else np.zeros((self.queries.shape[0], 0), np.float32)
        )

    def recall_of(self, texts: list[str]) -> Vectors:
        """Return the share of each query's idf weight found in each new text, shape (n queries, len(texts))."""
        return np.asarray((self.queries @ self.words_of(texts).T).todense(), dtype=np.float32)

    def words_of(self, texts: list[str]) -> sparse.csr_matrix:
        """Return which of the words are in each new text, 0 or 1, shape (len(texts), words)."""
        return self._counter.transform(texts)
