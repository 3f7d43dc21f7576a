"""Which passage of your site says what the logged answers of a topic say.

A question may never reach the passage that answers it, because the passage uses other words. The
answers lead to it: they share its facts, its figures and its rare words. A passage is the source of
a topic if the topic's answers are as near to it as the answers of any other topic.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.match.neighborhood import NEAR_QUERIES, Flags, Floats, Rows
from coverage_kit.match.word_index import STEM_LENGTH, split_words
from coverage_kit.tables import Claims, Passages
from coverage_kit.text.quantities import CURRENCIES, UNITS
from coverage_kit.vectors import Vectors, cosines

# Share of the other questions that a topic has to match: ten of 340 in the sample. Assumed.
_NEAR_SHARE = 0.03
# A topic counts as if one more question of it had the mean nearness, so that one question alone
# rarely names a source. Assumed.
_PSEUDO_QUERIES = 1.0
# Members of a large topic that are looked for among the questions nearest to a passage. Assumed.
_MAX_OWN = 50
# Passages from which the spread of nearness is measured, and cells of a block. Assumed.
_SPREAD_PASSAGES = 200
_BLOCK_CELLS = 2**24
# Money, and a figure with what it counts: "£39", "40 km", "24-hour".
_QUANTITY = re.compile(
    rf"(?P<money>[{CURRENCIES}]\s?\d[\d,.]*)|(?P<figure>\d[\d,.]*)[\s-]?(?P<unit>%|[^\W\d_]+)"
)


@dataclass(frozen=True)
class AnswerPassages:
    """The passage nearest to what the answers of each topic say.

    Attributes:
        topics: by cluster_id, the passage_id and its lead: how much nearer the topic's answers are
            to it than those of the nearest other questions, in standard deviations of nearness; 0
            and more names a source.
        leads: by query_id, the lead of its topic; where the question's own answers are farther from
            that passage than the average answer is, how much farther, below 0.
    """

    topics: pd.DataFrame
    leads: "pd.Series[float]"

    @property
    def sources(self) -> "pd.Series[str]":
        """The passage_id of each topic that has a source, by cluster_id."""
        return self.topics.loc[self.topics["lead"] >= 0, "passage_id"]


def find_answer_passages(
    claims: Claims,
    claim_vectors: Vectors,
    passages: Passages,
    passage_vectors: Vectors,
    cluster_of: "pd.Series[str]",
) -> AnswerPassages:
    """Return the passage nearest to the answers of each cluster that has answers.

    Nearness of a question to a passage is the mean over its answers of the nearest sentence's
    cosine, plus the cosine of rare words and figures, each divided by its standard deviation.

    Args:
        claims: sentences of the logged answers.
        claim_vectors: their vectors, shape (n claims, d).
        passages: passages of your site.
        passage_vectors: their vectors, shape (n passages, d).
        cluster_of: the cluster of each question, by query_id.
    """
    nearness = _Nearness(claims, claim_vectors, passages, passage_vectors)
    query_clusters = cluster_of.reindex(nearness.query_ids)
    codes, clusters = pd.factorize(query_clusters, sort=True)
    n_clusters, n_queries = len(clusters), len(codes)
    # clusters of fewer than two, or nothing to compare: no passage is nearer to one than to others
    if n_clusters < 2 or not len(passages):
        nothing = pd.Series(np.zeros(0), name="lead")
        return AnswerPassages(pd.DataFrame({"passage_id": [], "lead": []}), nothing)
    sizes = np.bincount(codes)
    members = sparse.csr_matrix(
        (np.ones(n_queries, np.float32), (codes, np.arange(n_queries))),
        shape=(n_clusters, n_queries),
    )
    n_near = int(np.clip(round(_NEAR_SHARE * n_queries), 1, NEAR_QUERIES))
    best = np.full(n_clusters, -np.inf)
    best_rows = np.zeros(n_clusters, np.int64)
    above_mean = np.zeros(n_queries)
    for start, block in nearness.blocks():
        mean = block.mean(axis=0)
        pooled = (members @ block + _PSEUDO_QUERIES * mean) / (sizes[:, None] + _PSEUDO_QUERIES)
        lead = pooled - _nearest_others(block, codes, sizes, n_near)
        columns = lead.argmax(axis=1)
        highest = np.round(lead[np.arange(n_clusters), columns], 6)
        is_better = highest > best
        best[is_better], best_rows[is_better] = highest[is_better], start + columns[is_better]
        own = block[np.arange(n_queries), columns[codes]] - mean[columns[codes]]
        above_mean = np.where(is_better[codes], own, above_mean)
    topics = pd.DataFrame(
        {"passage_id": passages["passage_id"].to_numpy()[best_rows], "lead": best},
        index=pd.Index(clusters, name="cluster_id"),
    )
    leads = np.where(above_mean > 0, best[codes], np.minimum(best[codes], above_mean))
    return AnswerPassages(topics, pd.Series(leads, index=nearness.query_ids, name="lead"))


class _Nearness:
    """How near the answers of each question are to the passages of your site."""

    def __init__(
        self,
        claims: Claims,
        claim_vectors: Vectors,
        passages: Passages,
        passage_vectors: Vectors,
    ) -> None:
        answers = claims["answer_id"].to_numpy()
        order = np.lexsort((answers, claims["query_id"].to_numpy()))
        ordered = claims.iloc[order]
        self._claims = claim_vectors[order]
        self._passages = passage_vectors
        self._answer_starts = _starts(ordered["query_id"] + " " + ordered["answer_id"])
        by_answer = ordered.iloc[self._answer_starts]
        self._query_starts = _starts(by_answer["query_id"])
        self.query_ids = list(by_answer["query_id"].iloc[self._query_starts])
        texts = ordered.groupby("query_id", sort=False)["text"].agg(" ".join)
        self._query_words, self._passage_words = _weigh_words(
            list(texts.reindex(self.query_ids)),
            list(passages["heading_path"] + " " + passages["text"]),
        )
        n = len(passages)
        sample = np.unique(np.linspace(0, max(n - 1, 0), min(n, _SPREAD_PASSAGES)).astype(int))
        self._spreads = tuple(
            max(float(part.std()), 1e-9) if part.size else 1.0 for part in self._parts(sample)
        )

    def blocks(self) -> Iterator[tuple[int, Floats]]:
        """Yield the first row of some passages, and nearness, shape (n queries, passages)."""
        n = len(self._passages)
        step = max(1, _BLOCK_CELLS // max(len(self._claims), 1))
        for start in range(0, n, step):
            meaning, words = self._parts(np.arange(start, min(start + step, n)))
            yield start, meaning / self._spreads[0] + words / self._spreads[1]

    def _parts(self, rows: Rows) -> tuple[Floats, Floats]:
        """Return nearness by meaning and by words, both of shape (n queries, len(rows))."""
        if not len(self._claims):
            return np.zeros((0, len(rows))), np.zeros((0, len(rows)))
        similarity = cosines(self._claims, self._passages[rows])
        by_answer = np.maximum.reduceat(similarity, self._answer_starts, axis=0)
        total = np.add.reduceat(by_answer, self._query_starts, axis=0, dtype=np.float64)
        n_answers = np.diff([*self._query_starts, len(by_answer)])
        words = (self._query_words @ self._passage_words[rows].T).toarray()
        return total / n_answers[:, None], words


def _starts(keys: "pd.Series[str]") -> Rows:
    """Return where each run of equal keys begins."""
    return np.flatnonzero((keys != keys.shift()).to_numpy())


def _nearest_others(block: Floats, codes: Rows, sizes: Rows, n_near: int) -> Floats:
    """Return the mean nearness of the nearest questions of other clusters to each passage.

    Args:
        block: nearness, shape (n queries, passages).
        codes: the cluster of each query, shape (n queries,).
        sizes: queries of each cluster, shape (n clusters,).
        n_near: how many other questions count.

    The result has shape (n clusters, passages).
    """
    n_kept = min(len(block), n_near + int(min(sizes.max(), _MAX_OWN)))
    rows = np.argpartition(-block, n_kept - 1, axis=0)[:n_kept]
    values = np.take_along_axis(block, rows, 0)
    order = np.argsort(-values, axis=0, kind="stable")
    values = np.take_along_axis(values, order, 0)
    clusters = codes[np.take_along_axis(rows, order, 0)]
    means = np.empty((len(sizes), block.shape[1]))
    for cluster in range(len(sizes)):
        is_other: Flags = clusters != cluster
        is_other &= is_other.cumsum(axis=0) <= n_near
        means[cluster] = (values * is_other).sum(axis=0) / np.maximum(is_other.sum(axis=0), 1)
    return means


def split_facts(text: str) -> list[str]:
    """Return the stems of a text's words, its money, and its figures with their units.

    Stems alone, because answers and pages bend words differently. Scripts without spaces give pairs
    of neighbouring characters.

    >>> split_facts("Covers £39, 24-hour")
    ['#cover', '#39', '#24', '#hour', '£39', '24 hour']
    """
    words = split_words(text)
    known = set(words)
    stems = [word for word in words if f"#{word[:STEM_LENGTH]}" not in known]
    return stems + [_quantity(match) for match in _QUANTITY.finditer(text.casefold())]


def _quantity(match: re.Match[str]) -> str:
    if match["money"]:
        return match["money"].replace(" ", "").replace(",", "").rstrip(".")
    unit = match["unit"]
    name = UNITS.get(unit) or UNITS.get(unit.removesuffix("s")) or unit
    return f"{match['figure'].replace(',', '').rstrip('.')} {name}"


def _weigh_words(
    answers: Sequence[str], passages: Sequence[str]
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return the words of answers and passages as unit vectors; what is rare in both weighs more.

    The square of a word's weight is its idf among the answers times its idf among the passages.
    """
    counter = CountVectorizer(analyzer=split_facts, dtype=np.float32, binary=True)
    # `word` is any further word: an empty vocabulary would be an error
    counter.fit([*answers, *passages, "word"])
    counts = [counter.transform(texts) for texts in (answers, passages)]
    rarity = [
        np.log((1 + table.shape[0]) / (1 + np.asarray(table.sum(axis=0)).ravel()))
        for table in counts
    ]
    weight = sparse.diags_array(np.sqrt(np.maximum(rarity[0] * rarity[1], 0)))
    return _to_unit_length(counts[0] @ weight), _to_unit_length(counts[1] @ weight)


def _to_unit_length(table: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(1 / np.maximum(lengths, 1e-9)) @ table)
