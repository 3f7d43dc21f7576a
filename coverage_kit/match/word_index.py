"""The second retriever: the passages of the whole site that share a query's words (BM25).

It knows nothing of the encoder, so that each can check the other. bm25s computes the same scores
(the tests compare them), but only of texts that were in its index: an edit's text has to be scored
with the frequencies of the site as it is.
"""

import re
import zlib
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.text.length import UNSPACED
from coverage_kit.vectors import Vectors

# BM25's saturation of repeated words and its correction for length: the usual values (Robertson and
# Zaragoza 2009).
_SATURATION = 1.5
_LENGTH_CORRECTION = 0.75
# Characters that stand for the stem of a longer word: prefixes of 5 raised the mean AUC on XQuAD in
# German from .894 to .914, and cost English nothing (docs/method.md, evidence).
STEM_LENGTH = 5
# Cells of a block of scores, 4 bytes each. Assumed.
_BLOCK_CELLS = 2**24
# Either a run of such letters, or a word of letters, digits and marks.
_RUN = re.compile(rf"[{UNSPACED}]+|[^\W{UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{UNSPACED}]")


def split_words(text: str) -> list[str]:
    """Return the words of a text, and `#` with the first five letters of each.

    Scripts without spaces give pairs of neighbouring characters.

    >>> split_words("Die Batterien")
    ['die', '#die', 'batterien', '#batte']
    >>> split_words("电池安全")
    ['电池', '池安', '安全']
    """
    words = []
    for run in _RUN.findall(text.casefold()):
        if _IS_UNSPACED.match(run):
            words += [run[start : start + 2] for start in range(max(1, len(run) - 1))]
        else:
            words += [run, "#" + run[:STEM_LENGTH]]
    return words


class WordIndex:
    """BM25 of queries with the passages of a site, as a share of what a query could reach.

    A score of 1 would need a passage that repeats each of the query's words without end. Words that
    no passage has count among a query's words, as the rarest.

    Args:
        passage_texts: texts of the n passages.
        query_texts: texts of the queries.
    """

    def __init__(self, passage_texts: list[str], query_texts: list[str]) -> None:
        # `word` is any further word: an empty vocabulary would be an error
        self._counter = CountVectorizer(analyzer=split_words, dtype=np.float32)
        self._counter.fit([*passage_texts, *query_texts, "word"])
        counts = self._counter.transform(passage_texts)
        n = len(passage_texts)
        n_with = np.bincount(counts.indices, minlength=counts.shape[1])
        self._rarity = np.log(1 + (n - n_with + 0.5) / (n_with + 0.5)).astype(np.float32)
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        self._mean_length = max(float(lengths.mean()), 1.0) if n else 1.0
        # BM25 of each passage's words, (n passages, words)
        self._passages = self._weighted(counts)
        self._queries = self._share_of_rarity(query_texts)

    def _weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return the BM25 weight of each text's words, shape (texts, words)."""
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        scale = 1 - _LENGTH_CORRECTION + _LENGTH_CORRECTION * lengths / self._mean_length
        per_word = np.repeat(_SATURATION * scale, np.diff(counts.indptr))
        weights = counts.copy()
        weights.data = counts.data / (counts.data + per_word) * self._rarity[counts.indices]
        return weights.astype(np.float32)

    def _share_of_rarity(self, texts: list[str]) -> sparse.csr_matrix:
        """Return which words each query has, divided by the rarity of all its words together."""
        known = self.incidence(texts)
        total = known @ self._rarity
        scale = sparse.diags_array(1 / np.maximum(total, 1e-9))
        return sparse.csr_matrix(scale @ known, dtype=np.float32)

    def incidence(self, texts: list[str]) -> sparse.csr_matrix:
        """Return which of the index's words each text has, 0 or 1, shape (texts, words)."""
        known = self._counter.transform(texts)
        known.data[:] = 1
        return known

    def stem_shares(self, texts: list[str]) -> sparse.csr_matrix:
        """Return each stem's share of the rarity of its text's stems, shape (texts, words)."""
        rarity = np.where(self.stems, self._rarity, 0)
        weights = self.incidence(texts) @ sparse.diags_array(rarity)
        total = np.asarray(weights.sum(axis=1)).ravel()
        scale = sparse.diags_array(1 / np.maximum(total, 1e-9))
        return sparse.csr_matrix(scale @ weights, dtype=np.float32)

    def nearest(self, k: int) -> tuple[Vectors, Rows]:
        """Return the k best scores of each query, 0 to 1, and the rows of these passages.

        Both have shape (n queries, min(k, n passages)), best first; equal scores are in order of
        row. Scores are rounded to 6 decimals.
        """
        n_queries = self._queries.shape[0]
        n_passages = self._passages.shape[0]
        k = min(k, n_passages)
        scores = np.zeros((n_queries, k), np.float32)
        rows = np.zeros((n_queries, k), np.int64)
        for block in _blocks(n_queries, n_passages) if k else ():
            all_scores = np.round((self._queries[block] @ self._passages.T).toarray(), 6)
            # of equal scores at the end of the k best, any may be among them
            best = np.sort(np.argpartition(all_scores, n_passages - k, axis=1)[:, n_passages - k :])
            best_scores = np.take_along_axis(all_scores, best, 1)
            order = np.argsort(-best_scores, axis=1, kind="stable")
            rows[block] = np.take_along_axis(best, order, 1)
            scores[block] = np.take_along_axis(best_scores, order, 1)
        return scores, rows

    @cached_property
    def stems(self) -> Flags:
        """Which words of the index are stems, or pairs of characters, shape (words,)."""
        words = self._counter.get_feature_names_out()
        return np.array([word[0] == "#" or bool(_IS_UNSPACED.match(word)) for word in words])

    def nearest_by_halves(self, seed: int, query_rows: Rows) -> tuple[Rows, Rows, Flags]:
        """Return the best passage of each query by either half of the vocabulary, and which count.

        A word and its stem are in the same half, which the seed draws. All have shape
        (len(query_rows),); a query counts where both halves reach a passage.
        """
        queries = self._queries[query_rows]
        is_first = self._half(seed)
        best = []
        is_reached = np.ones(len(query_rows), dtype=bool)
        for half in (is_first, ~is_first):
            rows = np.zeros(len(query_rows), np.int64)
            words = queries @ sparse.diags_array(half.astype(np.float32))
            for block in _blocks(len(query_rows), self._passages.shape[0]):
                scores = (words[block] @ self._passages.T).toarray()
                rows[block] = scores.argmax(axis=1)
                is_reached[block] &= scores.max(axis=1) > 0
            best.append(rows)
        return best[0], best[1], is_reached

    def _half(self, seed: int) -> Flags:
        """Return which words of the vocabulary are in the first half that this seed draws."""
        stems = [
            word if word.startswith("#") else "#" + word[:STEM_LENGTH]
            for word in self._counter.get_feature_names_out()
        ]
        return np.array([zlib.crc32(f"{seed}{stem}".encode()) % 2 == 0 for stem in stems])

    def score(self, texts: list[str]) -> Vectors:
        """Return the scores of all queries with new texts, 0 to 1, shape (n queries, texts)."""
        weights = self._weighted(self._counter.transform(texts))
        scores = (self._queries @ weights.T).toarray()
        return np.asarray(np.round(scores, 6), dtype=np.float32)

    def mean_of_best(self, k: int, texts: list[str] | None = None) -> Floats:
        """Return the mean score of the k queries that fit each passage best, shape (passages,).

        Args:
            k: number of queries.
            texts: new texts, in place of the site's passages.
        """
        weights = self._passages
        if texts is not None:
            weights = self._weighted(self._counter.transform(texts))
        n_queries = self._queries.shape[0]
        k = min(k, n_queries)
        means = np.zeros(weights.shape[0])
        for block in _blocks(weights.shape[0], n_queries):
            scores = (weights[block] @ self._queries.T).toarray()
            if k:
                means[block] = np.partition(scores, -k, axis=1)[:, -k:].mean(axis=1)
        return means


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield slices of rows, so that each has at most _BLOCK_CELLS cells of so many columns."""
    step = max(1, _BLOCK_CELLS // max(n_columns, 1))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
