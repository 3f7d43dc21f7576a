"""Evidence that the site answers a query: as it is, with passages hidden, or with passages added.

There are up to thirteen numbers for each query (docs/method.md, evidence). Each speaks for coverage
when it is high. They say how near the nearest own passage is; whether this query is the first among
all queries near that passage; whether a single page stands out; whether the query's words are
there; what other sites offer; and what the logged answers say that the site does not.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from coverage_kit.match.added_passages import AddedPassages, gather_vectors
from coverage_kit.match.asked_for import NEAR_PASSAGES, AskedFor
from coverage_kit.match.cross_encoder import CrossEncoderReader
from coverage_kit.match.lexicon import Lexicon
from coverage_kit.match.name_evidence import NAME_FEATURES, NameEvidence
from coverage_kit.match.neighborhood import (
    NEAR_QUERIES,
    OTHER_QUERIES,
    Flags,
    Floats,
    Rows,
    finite,
    mean_of_nearest,
    nearness_of_others,
    other_best,
    own_neighbors,
    spread_over,
)
from coverage_kit.match.neighbors import match_table, nearest_rows
from coverage_kit.match.retrievers import Reliability, fuse, measure_reliability
from coverage_kit.match.word_evidence import WORD_FEATURES, WordEvidence
from coverage_kit.tables import EVIDENCE, Evidence, Matches, Passages, Queries
from coverage_kit.vectors import Embeddings, PairScorer, Vectors, cosines

# The numbers are described in docs/method.md, evidence. The order is that of the features' columns.
OWN_FEATURES = (
    "own_best",
    "precedence",
    "focus",
    "coherence",
    "contrast",
    "lexical",
    "query_margin",
)
HEADING_FEATURES = ("heading", "heading_precedence")
FEATURES = (
    *OWN_FEATURES,
    *HEADING_FEATURES,
    *WORD_FEATURES,
    "agreement",
    *NAME_FEATURES,
    "versions",
    "cross_encoder",
    "margin",
    "answer_support",
    "answer_margin",
)
# How many of the nearest own passages count for precedence, for focus and lexical, and for
# coherence. Assumed.
_NEAR_PASSAGES = 10
_FOCUS_PASSAGES = 20
_COHERENT_PASSAGES = 5
# How many of the nearest own passages give the spread that scales the weights of focus. Assumed.
_LEVEL_PASSAGES = 50
# How many of the own passages nearest to a claim are stored: if all of them are hidden, the claim
# counts as far from the site. Assumed.
_CLAIM_PASSAGES = 20
# Queries whose passages' vectors are gathered at a time: 150 kB each at 100 passages. Assumed.
_BLOCK_QUERIES = 256
# A passage's chance to hold the answer falls by a factor e for so much similarity that it is behind
# the nearest. Assumed.
_SHARPNESS = 0.03


@dataclass(frozen=True)
class Claims:
    """Claims of the logged answers.

    `query_rows` (m,) is the row of each claim's query. `embeddings` are m vectors. `other_best`
    (m,) is the similarity of each claim to the nearest passage of another site, nan without other
    sites.
    """

    query_rows: Rows
    embeddings: Embeddings
    other_best: Floats


@dataclass(frozen=True)
class EvidenceVectors:
    """Embeddings of what is compared: queries, own passages, and the headings of these passages.

    Each is in the order of its table; headings are in the order of their passages.
    """

    queries: Embeddings
    passages: Embeddings
    headings: Embeddings


class EvidenceScorer:
    """Knows what is near each query, and computes its evidence under any change of the site.

    Args:
        queries: the queries; all results have their order.
        passages: the site's own passages.
        matches: nearest passages of every site.
        own_site: the name of the site.
        vectors: embeddings of the queries, of the own passages and of their headings.
        claims: claims of the logged answers, where the log has answers.
        cross_encoder: a cross-encoder that reads a query and a passage together; None if it is
            switched off.
    """

    def __init__(  # noqa: PLR0913 (each is a source of evidence)
        self,
        queries: Queries,
        passages: Passages,
        matches: Matches,
        own_site: str,
        vectors: EvidenceVectors,
        claims: Claims | None = None,
        cross_encoder: PairScorer | None = None,
    ) -> None:
        self.query_ids = list(queries["query_id"])
        self.query_texts = list(queries["text"])
        self.passages = passages.reset_index(drop=True)
        self.query_vectors = vectors.queries.vectors
        self.passage_vectors = vectors.passages.vectors
        is_own = matches["site"] == own_site
        # the nearest own passages of each query, both of shape (n queries, k)
        self.similarity, self.rows = own_neighbors(
            matches[is_own], self.query_ids, list(self.passages["passage_id"])
        )
        self.other_best, self.other_passage = other_best(matches[~is_own], self.query_ids)
        texts = list(self.passages["heading_path"] + " " + self.passages["text"])
        self.lexicon = Lexicon(texts, self.query_texts)
        self._recall = self.lexicon.recall(self.rows[:, :_FOCUS_PASSAGES])
        self.page_rows = np.asarray(pd.factorize(self.passages["page_id"])[0], dtype=np.int64)
        self.words = WordEvidence(texts, self.query_texts, self.page_rows, self.rows.shape[1])
        self._names = NameEvidence(self.passages, queries)
        self.reader = (
            CrossEncoderReader(cross_encoder, self.query_texts, texts, self.rows)
            if cross_encoder is not None
            else None
        )
        self.claims = claims if claims is not None and len(claims.embeddings) else None
        self._level = (
            max(float(self.similarity[:, :_LEVEL_PASSAGES].std()), 1e-6)
            if self.similarity.size
            else 1.0
        )
        self._compare_queries()
        self._find_headings(vectors.headings.vectors)
        if self.claims is not None:
            # the own passages nearest to each claim, both of shape (n claims, k)
            self.claim_similarity, self.claim_rows = nearest_rows(
                self.claims.embeddings.vectors, self.passage_vectors, _CLAIM_PASSAGES
            )

    def _compare_queries(self) -> None:
        """Compute how near queries are to passages and to each other, which no change affects."""
        self._rival_similarity = mean_of_nearest(
            self.passage_vectors, self.query_vectors, NEAR_QUERIES
        )
        # the queries nearest to each query, itself included: similarity and rows
        self._nearest_queries = nearest_rows(
            self.query_vectors, self.query_vectors, OTHER_QUERIES + 1
        )
        self._other_query_similarity = nearness_of_others(*self._nearest_queries)
        self._contrast = spread_over(self.query_vectors, self.passage_vectors)

    def _find_headings(self, headings: Vectors) -> None:
        """Compute the distinct headings, the heading of each passage, and what is near them."""
        self.heading_vectors, self._heading_rows = np.unique(headings, axis=0, return_inverse=True)
        # the headings nearest to each query: similarity and rows
        self._nearest_headings = nearest_rows(
            self.query_vectors, self.heading_vectors, _FOCUS_PASSAGES
        )
        self._heading_rival_similarity = mean_of_nearest(
            self.heading_vectors, self.query_vectors, NEAR_QUERIES
        )

    @cached_property
    def names(self) -> list[str]:
        """The names of the features in use.

        The margins need other sites, and answer support needs answers.
        """
        has_others = not np.isnan(self.other_best).all()
        has_claims = self.claims is not None
        is_available = {
            "margin": has_others,
            "answer_support": has_claims,
            "answer_margin": has_claims and has_others,
            "cross_encoder": self.reader is not None,
            "names": bool((self._unchanged_names[:, 0] >= 0).any()),
            "proper_names": bool((self._unchanged_names[:, 1] >= 0).any()),
        }
        return [name for name in FEATURES if is_available.get(name, True)]

    def features(self, hidden: Flags | None = None, added: AddedPassages | None = None) -> Floats:
        """Return the evidence, shape (n queries, len(names)); nan where a query lacks it.

        Args:
            hidden: which own passages to leave out, shape (n passages,).
            added: passages that the site has in addition.
        """
        values = self._unchanged_features.copy()
        if hidden is not None or added is not None:
            rows, changed = self.changed_features(hidden, added)
            values[rows] = changed
        return values

    @cached_property
    def asked_for(self) -> AskedFor:
        """What the queries ask for, and which passages near them state it."""
        return AskedFor(
            self.query_texts,
            self.passages,
            self.words.index,
            self._names,
            self.fused_rows[:, : 2 * NEAR_PASSAGES],
        )

    def stated(self, hidden: Flags | None = None, added: AddedPassages | None = None) -> Floats:
        """Return whether passages on each query's subject state what it asks for, (n queries,).

        It is 1 or 0, and nan where nothing is known. For the arguments see `features`.
        """
        return self.asked_for.stated(hidden, added.asked_for if added is not None else None)

    def changed_features(
        self, hidden: Flags | None = None, added: AddedPassages | None = None
    ) -> tuple[Rows, Floats]:
        """Return the rows of the queries whose evidence such a change affects, and their evidence.

        The evidence has shape (len(rows), len(names)). For the arguments see `features`.
        """
        hidden = self._nothing_hidden() if hidden is None else hidden
        support = self._claim_support(hidden, added) if self.claims is not None else None
        names = self._names.shares(hidden, added)
        is_affected = self._is_affected(hidden, added, support)
        is_affected |= (names != self._unchanged_names).any(axis=1)
        is_affected |= ~np.isclose(
            self.stated(hidden, added), self._unchanged_stated, equal_nan=True
        )
        rows = np.flatnonzero(is_affected)
        values = self._unchanged_features[rows]
        values[:, : len(OWN_FEATURES)] = self._own_features(rows, hidden, added)
        column_of = {name: column for column, name in enumerate(self.names)}
        heading_columns = [column_of[name] for name in HEADING_FEATURES]
        values[:, heading_columns] = self._heading_features(rows, hidden, added)
        word_columns = [column_of[name] for name in (*WORD_FEATURES, "agreement")]
        values[:, word_columns] = self.words.features(
            rows, hidden, added, self._word_similarity, values[:, 0]
        )
        for column, name in enumerate(NAME_FEATURES):
            if name in column_of:
                values[:, column_of[name]] = _nan_for_none(names[rows, column])
        values[:, column_of["versions"]] = self._version_agreement(hidden)[rows]
        if "margin" in column_of:
            values[:, column_of["margin"]] = values[:, 0] - self.other_best[rows]
        if self.reader is not None:
            values[:, column_of["cross_encoder"]] = self.reader.best_scores(rows, hidden, added)
        if support is not None and self.claims is not None:
            values[:, column_of["answer_support"]] = self._mean_by_query(support)[rows]
            if "answer_margin" in column_of:
                margin = support - self.claims.other_best
                values[:, column_of["answer_margin"]] = self._mean_by_query(margin)[rows]
        return rows, values

    def _is_affected(
        self, hidden: Flags, added: AddedPassages | None, support: Floats | None
    ) -> Flags:
        """Return for which queries such a change hides or surpasses something near, (n queries,).

        This may be a passage, a heading, or a passage that supports a claim.
        """
        is_affected = np.asarray(hidden[self.rows[:, :_FOCUS_PASSAGES]].any(axis=1), dtype=bool)
        is_affected |= self.words.is_affected(hidden, added)
        if hidden.any():
            is_affected |= ~self._has_passages(hidden)[self._nearest_headings[1]].all(axis=1)
        if added is not None:
            n_near = min(_FOCUS_PASSAGES, self.similarity.shape[1])
            last = self.similarity[:, n_near - 1, None]
            heading = self._unchanged_heading_features[:, 0, None]
            precedence = self._unchanged_heading_features[:, 1, None]
            added_precedence = added.heading_similarity - added.heading_rival_similarity
            is_affected |= (added.similarity > last).any(axis=1)
            is_affected |= (added.recall > self._recall.max(axis=1, keepdims=True)).any(axis=1)
            is_affected |= (added.heading_similarity > heading).any(axis=1)
            is_affected |= (added_precedence > precedence).any(axis=1)
        if support is not None and self.claims is not None:
            is_affected[self.claims.query_rows[support != self.claim_support()]] = True
        return is_affected

    def add(
        self, texts: list[str], bodies: list[str], vectors: Vectors, headings: Vectors
    ) -> AddedPassages:
        """Return passages to add, compared with the site and the log. The scorer does not change.

        Args:
            texts: the a passages' texts with their headings in front, and with their code.
            bodies: the same texts without their headings.
            vectors: their vectors, shape (a, d).
            headings: the vectors of their headings, shape (a, d).
        """
        own_similarity, own_rows = nearest_rows(vectors, self.passage_vectors, _COHERENT_PASSAGES)
        if self.claims is not None:
            claims = self.claims.embeddings.vectors
        else:
            claims = np.zeros((0, vectors.shape[1]), np.float32)
        similarity = cosines(self.query_vectors, vectors)
        scores = None
        if self.reader is not None:
            scores = self.reader.score_added(texts, similarity, self.similarity)
        return AddedPassages(
            texts=tuple(texts),
            vectors=vectors,
            heading_vectors=headings,
            similarity=similarity,
            heading_similarity=cosines(self.query_vectors, headings),
            recall=self.lexicon.recall_of(texts),
            claim_similarity=cosines(claims, vectors),
            rival_similarity=mean_of_nearest(vectors, self.query_vectors, NEAR_QUERIES),
            heading_rival_similarity=mean_of_nearest(headings, self.query_vectors, NEAR_QUERIES),
            page_rows=(
                self.page_rows[own_rows[:, 0]] if own_rows.size else np.full(len(vectors), -1)
            ),
            own_similarity=own_similarity,
            own_rows=own_rows,
            words=self.words.score_added(texts, bodies),
            rival_words=self.words.index.mean_of_best(NEAR_QUERIES, texts),
            asked_for=self.asked_for.compare(_headings(texts, bodies), bodies),
            cross_encoder_scores=scores,
        )

    def own_bests(self, rows: Rows, hidden: Flags) -> Floats:
        """Return the best that the site offers these queries, shape (len(rows), 3).

        The columns are similarity, heading similarity and word recall.
        """
        is_hidden = hidden[self.rows[rows]]
        best = finite(np.where(is_hidden, -np.inf, self.similarity[rows]).max(axis=1), -1.0)
        recall = np.where(is_hidden[:, :_FOCUS_PASSAGES], 0, self._recall[rows]).max(axis=1)
        heading = self._heading_features(rows, hidden, None)[:, 0]
        return np.column_stack([best, heading, recall])

    def answer_share(self, passages: Rows, rows: Rows) -> Floats:
        """Return the chance that these passages answer each query, if the site does, (len(rows),).

        It is their share of the query's twenty nearest own passages. A passage weighs e times less
        for every .03 of similarity that it is behind the nearest.
        """
        nearest = self.rows[rows, :_FOCUS_PASSAGES]
        similarity = self.similarity[rows, :_FOCUS_PASSAGES]
        weight = np.exp((similarity - similarity[:, :1]) / _SHARPNESS)
        return np.asarray(
            (weight * np.isin(nearest, passages)).sum(axis=1) / weight.sum(axis=1),
            dtype=np.float64,
        )

    def neighbor_similarity(self, added: AddedPassages, rows: Rows) -> Vectors:
        """Return the mean similarity of each query's neighbours to each added passage.

        The neighbours are the five nearest other queries. The shape is (len(rows), a).
        """
        return np.asarray(
            added.similarity[self._neighbors[rows]].mean(axis=1),
            dtype=np.float32,
        )

    @cached_property
    def _neighbors(self) -> Rows:
        """Rows of the five queries nearest to each query, itself left out, shape (n, 5).

        Where there are fewer other queries, they are repeated.
        """
        nearest = self._nearest_queries[1]
        is_self = nearest == np.arange(len(nearest))[:, None]
        # the query itself goes last
        others = np.take_along_axis(nearest, np.argsort(is_self, axis=1, kind="stable"), 1)
        n_others = max(1, min(OTHER_QUERIES, len(nearest) - 1))
        return others[:, np.arange(OTHER_QUERIES) % n_others]

    def best_rows(self) -> Rows:
        """Return the row of each query's nearest own passage, shape (n queries,)."""
        return self.fused_rows[:, 0]

    @cached_property
    def reliability(self) -> Reliability:
        """How far nearest vectors and shared words can be trusted here."""
        return measure_reliability(
            self.rows[:, 0], self.words.index, self.words.rows[:, 0], self.page_rows
        )

    @cached_property
    def fused_rows(self) -> Rows:
        """Rows of the own passages that both retrievers name, best first, (n queries, k)."""
        is_near = np.ones(self.rows.shape, dtype=bool)
        return fuse(
            (self.rows, self.words.rows),
            (is_near, self.words.scores > 0),
            self.reliability,
            self.rows.shape[1],
        )

    @property
    def trust(self) -> Floats:
        """How far each feature can be trusted before anything is fitted, 0-1, (len(names),).

        It is the weight of the retriever on which the feature rests; the smaller one if on both.
        """
        meaning, words = self.reliability.weights
        of_name = dict.fromkeys(WORD_FEATURES, words) | {
            "lexical": min(meaning, words),
            "agreement": min(meaning, words),
            "cross_encoder": 1.0,
            "versions": 1.0,
        }
        of_name |= dict.fromkeys(NAME_FEATURES, 1.0)
        return np.array([of_name.get(name, meaning) for name in self.names])

    def claim_support(self) -> Vectors:
        """Return the similarity of each claim to its nearest own passage, shape (n claims,)."""
        return self.claim_similarity[:, 0] if self.claims is not None else np.zeros(0, np.float32)

    def table(self, on_subject: Floats) -> Evidence:
        """Return the evidence of the site as it is, as a table.

        Args:
            on_subject: how near each query is to the subject of all sites, shape (n queries,).
        """
        values = pd.DataFrame(self.features(), columns=self.names)
        for name in FEATURES:
            if name not in values:
                values[name] = np.nan
        values["stated"] = self.stated()
        values["asks_for"] = pd.Series(self.asked_for.conditions(), dtype="str")
        values["on_subject"] = on_subject
        values.insert(0, "query_id", pd.Series(self.query_ids, dtype="str"))
        values["own_passage_id"] = self.passages["passage_id"].iloc[self.best_rows()].to_numpy()
        values["best_other_passage_id"] = pd.Series(self.other_passage, dtype="str")
        return EVIDENCE.typed(values)[EVIDENCE.names]

    def _nothing_hidden(self) -> Flags:
        # at least one entry, so that a site without passages can be indexed too
        return np.zeros(max(len(self.passages), 1), dtype=bool)

    @cached_property
    def _unchanged_features(self) -> Floats:
        """The evidence of the site as it is, shape (n queries, len(names))."""
        hidden = self._nothing_hidden()
        rows = np.arange(len(self.query_ids))
        own = self._own_features(rows, hidden, None)
        by_words = self.words.features(rows, hidden, None, self._word_similarity, own[:, 0])
        by_names = _nan_for_none(self._unchanged_names)
        columns = np.hstack([own, self._unchanged_heading_features, by_words, by_names])
        names = (*OWN_FEATURES, *HEADING_FEATURES, *WORD_FEATURES, "agreement", *NAME_FEATURES)
        values = dict(zip(names, columns.T, strict=True))
        values["versions"] = self._version_agreement(hidden)
        values["margin"] = own[:, 0] - self.other_best
        if self.reader is not None:
            values["cross_encoder"] = self.reader.best_scores(rows, hidden, None)
        if self.claims is not None:
            support = self._claim_support(hidden, None)
            values["answer_support"] = self._mean_by_query(support)
            values["answer_margin"] = self._mean_by_query(support - self.claims.other_best)
        return np.column_stack([values[name] for name in self.names]).astype(np.float64)

    @cached_property
    def _unchanged_heading_features(self) -> Floats:
        """HEADING_FEATURES of the site as it is, shape (n queries, 2)."""
        rows = np.arange(len(self.query_ids))
        return self._heading_features(rows, self._nothing_hidden(), None)

    def _own_features(self, rows: Rows, hidden: Flags, added: AddedPassages | None) -> Floats:
        """Return OWN_FEATURES of these queries, shape (len(rows), 7)."""
        page_of = self.page_rows
        rival_similarity = self._rival_similarity
        # enough of the nearest passages that _FOCUS_PASSAGES remain without the hidden passages;
        # passages further away change nothing
        n_near = _FOCUS_PASSAGES
        if hidden.any():
            n_near += int(hidden[self.rows[rows]].sum(axis=1).max(initial=0))
        nearest = self.rows[rows, :n_near]
        similarity = np.where(hidden[nearest], -np.inf, self.similarity[rows, :n_near])
        recall = np.where(hidden[nearest[:, :_FOCUS_PASSAGES]], 0, self._recall[rows])
        if added is not None:
            n_own = len(self.passages)
            added_rows = np.arange(n_own, n_own + len(added.vectors))
            nearest = np.hstack([nearest, np.tile(added_rows, (len(rows), 1))])
            similarity = np.hstack([similarity, added.similarity[rows]])
            recall = np.hstack([recall, added.recall[rows]])
            page_of = np.append(page_of, added.page_rows)
            rival_similarity = np.append(rival_similarity, added.rival_similarity)
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :_FOCUS_PASSAGES]
        nearest = np.take_along_axis(nearest, order, 1)
        similarity = np.take_along_axis(similarity, order, 1)
        is_there = np.isfinite(similarity)
        best = finite(similarity[:, 0], floor=-1.0)
        precedence = np.where(is_there, similarity - rival_similarity[nearest], -1.0)
        # focus: nearer passages weigh more
        weight = np.where(
            is_there,
            np.exp((finite(similarity, -1.0) - best[:, None]) / self._level),
            0.0,
        )
        weight_of_page = weight * (page_of[nearest] == page_of[nearest[:, :1]])
        vectors = gather_vectors(self.passage_vectors, added, nearest[:, :_COHERENT_PASSAGES])
        return np.column_stack(
            [
                best,
                precedence[:, :_NEAR_PASSAGES].max(axis=1),
                weight_of_page.sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9),
                _coherence(vectors, is_there[:, :_COHERENT_PASSAGES]),
                self._contrast[rows],
                recall.max(axis=1),
                best - self._other_query_similarity[rows],
            ]
        ).astype(np.float64)

    @cached_property
    def _unchanged_stated(self) -> Floats:
        """What `stated` is for the site as it is, shape (n queries,)."""
        return self.stated()

    @cached_property
    def _unchanged_names(self) -> Floats:
        """NAME_FEATURES of the site as it is, shape (n queries, 2); -1 where it has no names."""
        return self._names.shares(self._nothing_hidden(), None)

    def _version_agreement(self, hidden: Flags) -> Floats:
        """Return whether the best passages are about each query's version or year, (n queries,)."""
        return self._names.version_agreement(self.fused_rows, hidden)

    @cached_property
    def _word_similarity(self) -> Vectors:
        """Cosine of each query with its passages in `words.rows`, the same shape."""
        return self._similarity_to(self.words.rows)

    def _similarity_to(self, passage_rows: Rows) -> Vectors:
        """Return the cosine of each query with its passages in these rows, (n queries, k)."""
        similarity = np.zeros(passage_rows.shape, np.float32)
        for start in range(0, len(similarity), _BLOCK_QUERIES):
            block = slice(start, start + _BLOCK_QUERIES)
            vectors = self.passage_vectors[passage_rows[block]]
            similarity[block] = np.einsum("nkd,nd->nk", vectors, self.query_vectors[block])
        return np.asarray(np.clip(np.round(similarity, 6), -1, 1), dtype=np.float32)

    def own_matches(self, site: str) -> pd.DataFrame:
        """Return the own passages that both retrievers name for each query, as rows of matches.

        `site` is the name of your site.
        """
        nearest = (self._similarity_to(self.fused_rows), self.fused_rows)
        return match_table(tuple(self.query_ids), list(self.passages["passage_id"]), site, nearest)

    def _heading_features(self, rows: Rows, hidden: Flags, added: AddedPassages | None) -> Floats:
        """Return HEADING_FEATURES of these queries, shape (len(rows), 2)."""
        nearest_similarity, nearest_headings = self._nearest_headings
        heading_rows = nearest_headings[rows]
        similarity = np.where(
            self._has_passages(hidden)[heading_rows],
            nearest_similarity[rows],
            -np.inf,
        )
        precedence = similarity - self._heading_rival_similarity[heading_rows]
        if added is not None:
            added_similarity = added.heading_similarity[rows]
            added_precedence = added_similarity - added.heading_rival_similarity
            precedence = np.hstack([precedence, added_precedence])
            similarity = np.hstack([similarity, added_similarity])
        return np.column_stack(
            [
                finite(similarity.max(axis=1), -1.0),
                finite(precedence.max(axis=1), -1.0),
            ]
        )

    def _has_passages(self, hidden: Flags) -> Flags:
        """Return which distinct headings still have a passage below them, shape (n headings,)."""
        n_headings = len(self.heading_vectors)
        if not hidden.any():
            return np.ones(n_headings, dtype=bool)
        remaining = self._heading_rows[~hidden[: len(self._heading_rows)]]
        return np.bincount(remaining, minlength=n_headings) > 0

    def _claim_support(self, hidden: Flags, added: AddedPassages | None) -> Floats:
        """Return the similarity of each claim to its nearest own or added passage, (n claims,)."""
        best = self.claim_similarity[:, 0]
        if hidden.any():
            # claims whose nearest passage is hidden
            lost = np.flatnonzero(hidden[self.claim_rows[:, 0]])
        else:
            lost = np.zeros(0, np.int64)
        if len(lost):
            best = best.copy()
            best[lost] = np.where(
                hidden[self.claim_rows[lost]],
                -np.inf,
                self.claim_similarity[lost],
            ).max(axis=1)
        if added is not None:
            best = np.maximum(best, added.claim_similarity.max(axis=1, initial=-np.inf))
        return finite(best, floor=float(self.claim_similarity.min()))

    def _mean_by_query(self, values: Floats) -> Floats:
        """Return the mean of the claims' values for each query; nan where a query has no claim."""
        assert self.claims is not None  # noqa: S101 (called only where there are claims)
        rows = self.claims.query_rows
        n = len(self.query_ids)
        count = np.bincount(rows, minlength=n)
        total = np.bincount(rows, weights=values, minlength=n)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _headings(texts: list[str], bodies: list[str]) -> list[str]:
    """Return the headings in front of passages' bodies, where texts are both together."""
    pairs = zip(texts, bodies, strict=True)
    return [text.removesuffix(body) if body else text for text, body in pairs]


def _nan_for_none(shares: Floats) -> Floats:
    """Return the shares, with nan in place of -1."""
    return np.where(shares < 0, np.nan, shares)


def _coherence(vectors: Vectors, is_there: Flags) -> Vectors:
    """Return the mean cosine between the passages of each query that are there, shape (n,).

    `vectors` has shape (n, k, d), `is_there` (n, k). The squared length of the sum of m unit
    vectors is m plus the sum of the cosines of all their ordered pairs.
    """
    weight = is_there.astype(np.float32)
    count = weight.sum(axis=1)
    pair_sum = np.square((vectors * weight[:, :, None]).sum(axis=1)).sum(axis=1) - count
    return np.asarray(pair_sum / np.maximum(count * (count - 1), 1))
