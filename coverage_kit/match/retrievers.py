"""How far each retriever can be trusted on this site and log, without anybody's labels.

There are two retrievers: nearest vectors, and shared words. The words are split into two halves at
random, which makes three views of a query. Where the errors of the views are independent, two of
them agree on a page as often as both are right, so the three rates of agreement give the three
accuracies (Parisi, Strino, Nadler and Kluger 2014). On public sets, the estimates are near the true
accuracies (docs/method.md, two retrievers).
"""

from dataclasses import dataclass

import numpy as np

from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.word_index import WordIndex

# Draws of halves of the vocabulary over which agreement is averaged. Assumed.
_HALVES = 6
# More queries than this are sampled. Assumed.
_MAX_QUERIES = 2000
# An accuracy is never thought to be higher. Assumed.
_MAX_ACCURACY = 0.95
# Agreement of which the upper end is under this is none, or hardly any. Assumed.
NO_AGREEMENT = 0.15
# A fused passage's points are weight / (_FUSION + rank). Measured with 1, 5, 10, 20 and 60 on
# public sets (docs/method.md, two retrievers).
_FUSION = 5


@dataclass(frozen=True)
class Reliability:
    """Estimated accuracy of both retrievers: how often the page that they name first is right.

    `agreement` is how often both name the same page first, beyond chance; `low` and `high` are the
    ends of its 90% interval. Where `low` is 0 or less, the accuracies are not known. If `high` is
    small, the retrievers do not agree: `meaning` is 0, and `words` is the accuracy of half of the
    words. Otherwise there are too few queries to say so, and both have that accuracy.
    """

    meaning: float
    words: float
    agreement: float
    low: float
    high: float

    @property
    def certainty(self) -> float:
        """How certain the agreement is, 0-1: its lower end as a share of it."""
        return max(self.low, 0.0) / self.agreement if self.agreement > 0 else 0.0

    @property
    def weights(self) -> tuple[float, float]:
        """Weights of the two retrievers, meaning first; the larger is 1."""
        largest = max(self.meaning, self.words, 1e-9)
        return self.meaning / largest, self.words / largest


def measure_reliability(
    best_rows: Rows, word_index: WordIndex, word_rows: Rows, page_rows: Rows, seed: int = 0
) -> Reliability:
    """Return how far the two retrievers can be trusted.

    Args:
        best_rows: the passage nearest to each query by its vector, shape (n queries,).
        word_index: the words of the queries and passages.
        word_rows: the passage with most of each query's words, shape (n queries,).
        page_rows: the page of each passage, shape (n passages,).
        seed: draws queries, where there are many, and halves of the vocabulary.
    """
    n = len(best_rows)
    if not n or not len(page_rows):
        return Reliability(0.5, 0.5, 0.0, -1.0, 1.0)
    if page_rows.max() == 0:  # one page, so that passages are compared
        page_rows = np.arange(len(page_rows), dtype=np.int64)
    rng = np.random.default_rng(seed)
    rows = (
        np.arange(n) if n <= _MAX_QUERIES else np.sort(rng.choice(n, _MAX_QUERIES, replace=False))
    )
    by_meaning = page_rows[best_rows[rows]]
    is_same = by_meaning == page_rows[word_rows[rows]]
    agreement, chance = _agreement(by_meaning, page_rows[word_rows[rows]])
    share = float(is_same.mean())
    # without any agreement, as uncertain as with one query that agrees
    spread = float(np.sqrt(max(share * (1 - share), 1.0 / n) / len(rows)))
    margin = 1.645 * spread / (1 - chance)
    low, high = agreement - margin, agreement + margin
    with_halves = []
    of_halves = []
    for draw in range(_HALVES):
        first, second, counts = word_index.nearest_by_halves(seed + draw, rows)
        first, second = page_rows[first[counts]], page_rows[second[counts]]
        with_halves += [_agreement(by_meaning[counts], half)[0] for half in (first, second)]
        of_halves.append(_agreement(first, second)[0])
    half_accuracy = float(np.sqrt(max(float(np.mean(of_halves)), 1e-6)))
    if low <= 0:
        words = min(half_accuracy, _MAX_ACCURACY)
        return Reliability(0.0 if high < NO_AGREEMENT else words, words, agreement, low, high)
    meaning = float(np.clip(np.mean(with_halves) / half_accuracy, 1e-3, _MAX_ACCURACY))
    words = float(np.clip(agreement / meaning, 1e-3, _MAX_ACCURACY))
    return Reliability(meaning, words, agreement, low, high)


def _agreement(pages: Rows, others: Rows) -> tuple[float, float]:
    """Return how often two lists name the same page, beyond chance, and how often by chance.

    Chance is that of two lists with these shares of pages; agreement of 1 is perfect (Cohen 1960).
    """
    if not len(pages):
        return 0.0, 0.0
    n = int(max(pages.max(), others.max())) + 1
    shares = np.bincount(pages, minlength=n) / len(pages)
    other_shares = np.bincount(others, minlength=n) / len(pages)
    chance = min(float(shares @ other_shares), 1 - 1e-6)
    return (float((pages == others).mean()) - chance) / (1 - chance), chance


def fuse(
    rows: tuple[Rows, Rows], is_counted: tuple[Flags, Flags], reliability: Reliability, k: int
) -> Rows:
    """Return the k best own passages of each query by both retrievers, best first, (n queries, k).

    A passage has points from each retriever that names it: the square of the retriever's accuracy,
    divided by 5 plus its rank (reciprocal rank fusion, Cormack, Clarke and Buettcher 2009). Equal
    points are in order of row.

    Args:
        rows: passages by meaning and by words, best first, each of shape (n queries, m).
        is_counted: which of them count, same shapes.
        reliability: the retrievers' accuracies.
        k: number of passages; fewer are returned where fewer are named.
    """
    weights = (reliability.meaning**2, reliability.words**2)
    points: Floats = np.hstack(
        [
            np.where(counted, weight / (_FUSION + 1 + np.arange(counted.shape[1])), 0.0)
            for counted, weight in zip(is_counted, weights, strict=True)
        ]
    )
    named = np.hstack(rows)
    order = np.argsort(named, axis=1, kind="stable")
    named = np.take_along_axis(named, order, 1)
    points = np.take_along_axis(points, order, 1)
    # a passage that both name is in two neighbouring columns: the first gets the points of both
    is_repeated = np.zeros(named.shape, dtype=bool)
    is_repeated[:, 1:] = named[:, 1:] == named[:, :-1]
    points[:, :-1] += np.where(is_repeated[:, 1:], points[:, 1:], 0.0)
    points[is_repeated] = -1.0
    best = np.argsort(-points, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(named, best, 1)
