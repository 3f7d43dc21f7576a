"""Evidence that the own site answers a query, as it is, with sections hidden, or with passages added.

Up to six numbers a query (docs/method.md, evidence): similarity of the nearest own passage, spread of the nearest
similarities, share of the query's words found, margin over the other sites, how well the own site supports what the logged
answers say, and by how much better or worse than the other sites.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.tables import EVIDENCE, Evidence, Matches, Passages, Queries
from coverage_kit.vectors import Embeddings, Vectors

FEATURES = ("own_best", "spread", "lexical", "margin", "answer_support", "answer_margin")
_SPREAD_PASSAGES = 50
_LEXICAL_PASSAGES = 20
_CLAIM_PASSAGES = 20
_ANY_WORD = r"(?u)\b\w+\b|\S"

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Claims:
    """Claims of the logged answers.

    `query_rows` (m,) says of which query each is; `embeddings` are m vectors; `other_best` (m,) is the similarity of each to
    the nearest passage of another site, nan without other sites.
    """

    query_rows: Rows
    embeddings: Embeddings
    other_best: Floats


@dataclass(frozen=True)
class Addition:
    """Passages to add in thought: similarity to every query (n, a) and claim (m, a), and word recall (n, a)."""

    similarity: Vectors
    recall: Vectors
    claim_similarity: Vectors


class Lexicon:
    """Words of the own passages with their idf, to say which share of a query's words a passage holds."""

    def __init__(self, passage_texts: list[str], query_texts: list[str]) -> None:
        self._counter = CountVectorizer(binary=True, stop_words="english", ngram_range=(1, 1), dtype=np.float32)
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

    def recall(self, query_rows: Rows, passage_rows: Rows) -> Vectors:
        """Return for pairs of query and passage the share of the query's idf weight found in the passage, 0-1."""
        shared = self.queries[query_rows].multiply(self.passages[passage_rows])
        return np.asarray(shared.sum(axis=1), dtype=np.float32).ravel()

    def recall_of(self, texts: list[str]) -> Vectors:
        """Return the share of each query's idf weight found in each new text, shape (n queries, len(texts))."""
        return np.asarray((self.queries @ self._counter.transform(texts).T).todense(), dtype=np.float32)


class EvidenceScorer:
    """Holds what is near each query, and returns its evidence under any change of the own site.

    Args:
        queries: the queries, in the order of all results.
        passages: the own passages; only the rows of the own site.
        matches: nearest passages of every site.
        own_site: the own site's name.
        passage_embeddings: embeddings of the own passages, in their order.
        claims: claims of the logged answers, where the log has answers.
    """

    def __init__(  # noqa: PLR0913 (one value for each source of evidence)
        self,
        queries: Queries,
        passages: Passages,
        matches: Matches,
        own_site: str,
        passage_embeddings: Embeddings,
        claims: Claims | None = None,
    ) -> None:
        self.query_ids = list(queries["query_id"])
        self.passages = passages.reset_index(drop=True)
        own = matches[matches["site"] == own_site]
        self.similarity, self.rows = _own_neighbors(own, self.query_ids, list(self.passages["passage_id"]))
        self.other_best, self.other_passage = _other_best(matches[matches["site"] != own_site], self.query_ids)
        texts = list(passages["heading_path"] + " " + passages["text"])
        self.lexicon = Lexicon(texts, list(queries["text"]))
        self.recall = self._recall_of_nearest()
        self.claims = claims
        if claims is not None and self._has_claims:
            near = nearest_rows(claims.embeddings.vectors, passage_embeddings.vectors, _CLAIM_PASSAGES)
            self.claim_similarity, self.claim_rows = near

    @property
    def _has_claims(self) -> bool:
        return self.claims is not None and len(self.claims.embeddings) > 0

    @property
    def names(self) -> list[str]:
        """The names of the features in use: no margin without other sites, no answer support without answers."""
        no_others, no_claims = bool(np.isnan(self.other_best).all()), not self._has_claims
        absent = {"margin": no_others, "answer_support": no_claims, "answer_margin": no_claims or no_others}
        return [name for name in FEATURES if not absent.get(name, False)]

    def features(self, hidden: Flags | None = None, added: Addition | None = None) -> Floats:
        """Return the evidence, shape (n queries, len(names)); nan where a query has no such evidence.

        Args:
            hidden: which own passages to leave out, shape (n passages,).
            added: passages to add in thought.
        """
        hide = np.zeros(max(len(self.passages), 1), dtype=bool) if hidden is None else hidden
        similarity = np.where(hide[self.rows], -np.inf, self.similarity)
        recall = np.where(hide[self.rows[:, :_LEXICAL_PASSAGES]], 0, self.recall)
        if added is not None:
            similarity = np.hstack([similarity, added.similarity])
            recall = np.hstack([recall, added.recall])
        similarity = -np.sort(-similarity, axis=1)
        own_best = _finite(similarity[:, 0], floor=-1.0)
        values = {
            "own_best": own_best,
            "spread": _spread(similarity[:, :_SPREAD_PASSAGES]),
            "lexical": recall.max(axis=1) if recall.shape[1] else np.zeros(len(own_best)),
            "margin": own_best - self.other_best,
        }
        if self.claims is not None and self._has_claims:
            support = self._claim_support(hide, added)
            values["answer_support"] = self._mean_by_query(support)
            values["answer_margin"] = self._mean_by_query(support - self.claims.other_best)
        return np.column_stack([values[name] for name in self.names]).astype(np.float64)

    def best_rows(self) -> Rows:
        """Return the row of each query's nearest own passage, shape (n queries,)."""
        return self.rows[:, 0]

    def claim_support(self) -> Vectors:
        """Return the similarity of each claim to its nearest own passage, shape (n claims,)."""
        return self.claim_similarity[:, 0] if self._has_claims else np.zeros(0, np.float32)

    def table(self) -> Evidence:
        """Return the evidence of the site as it is."""
        values = pd.DataFrame(self.features(), columns=self.names)
        for name in FEATURES:
            if name not in values:
                values[name] = np.nan
        values.insert(0, "query_id", pd.Series(self.query_ids, dtype="str"))
        values["own_passage_id"] = self.passages["passage_id"].iloc[self.best_rows()].to_numpy()
        values["best_other_passage_id"] = pd.Series(self.other_passage, dtype="str")
        return values[EVIDENCE.names]

    def _recall_of_nearest(self) -> Vectors:
        near = self.rows[:, :_LEXICAL_PASSAGES]
        query_rows = np.repeat(np.arange(len(near)), near.shape[1])
        return self.lexicon.recall(query_rows, near.ravel()).reshape(near.shape)

    def _claim_support(self, hide: Flags, added: Addition | None) -> Floats:
        similarity = np.where(hide[self.claim_rows], -np.inf, self.claim_similarity)
        if added is not None:
            similarity = np.hstack([similarity, added.claim_similarity])
        return _finite(similarity.max(axis=1), floor=float(self.claim_similarity.min()))

    def _mean_by_query(self, values: Floats) -> Floats:
        """Return the mean of the claims' values for each query; nan where it has no claim."""
        assert self.claims is not None  # noqa: S101 (asked only where there are claims)
        rows, n = self.claims.query_rows, len(self.query_ids)
        count = np.bincount(rows, minlength=n)
        total = np.bincount(rows, weights=values, minlength=n)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _own_neighbors(own: pd.DataFrame, query_ids: list[str], passage_ids: list[str]) -> tuple[Vectors, Rows]:
    """Return similarity and passage row of the own neighbours, both (n queries, k), nearest first."""
    n = len(query_ids)
    place = pd.Series(np.arange(len(passage_ids)), index=passage_ids)
    order = pd.Series(np.arange(n), index=query_ids)
    sorted_own = own.assign(query_row=order.loc[own["query_id"]].to_numpy()).sort_values(["query_row", "rank"])
    k = len(sorted_own) // max(n, 1)
    similarity = sorted_own["similarity"].to_numpy(np.float32).reshape(n, k)
    return similarity, place.loc[sorted_own["passage_id"]].to_numpy(np.int64).reshape(n, k)


def _other_best(others: pd.DataFrame, query_ids: list[str]) -> tuple[Floats, list[str | None]]:
    if others.empty:
        return np.full(len(query_ids), np.nan), [None] * len(query_ids)
    best = others.loc[others.groupby("query_id")["similarity"].idxmax()].set_index("query_id").reindex(query_ids)
    return best["similarity"].to_numpy(np.float64), list(best["passage_id"])


def _finite(values: Vectors, floor: float) -> Floats:
    return np.where(np.isfinite(values), values, floor).astype(np.float64)


def _spread(similarity: Vectors) -> Floats:
    """Return the standard deviation of each row's finite values."""
    finite = np.isfinite(similarity)
    count = np.maximum(finite.sum(axis=1), 1)
    values = np.where(finite, similarity, 0.0)
    mean = values.sum(axis=1) / count
    squares = np.where(finite, (values - mean[:, None]) ** 2, 0.0)
    return np.asarray(np.sqrt(squares.sum(axis=1) / count), dtype=np.float64)
