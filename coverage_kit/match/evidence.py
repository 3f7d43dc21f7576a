"""Evidence that the own site answers a query, as it is, with passages hidden, or with passages added.

Up to thirteen numbers a query (docs/method.md, evidence), each speaking for coverage when it is
high. They say how near the nearest own passage is; whether this query comes first among all that
are near that passage; whether one page stands out; whether the query's words are there; what other
sites offer; and what the logged answers say that the site does not.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from coverage_kit.match.added_passages import Addition, gather_vectors
from coverage_kit.match.cross_encoder import NearReader
from coverage_kit.match.lexicon import Lexicon
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
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.tables import EVIDENCE, Evidence, Matches, Passages, Queries
from coverage_kit.vectors import Embeddings, PairScorer, Vectors, cosines

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
    "cross_encoder",
    "margin",
    "answer_support",
    "answer_margin",
)
_NEAR_PASSAGES = 10
_FOCUS_PASSAGES = 20
_LEVEL_PASSAGES = 50
_COHERENT_PASSAGES = 5
_CLAIM_PASSAGES = 20
_SHARP = 0.03


@dataclass(frozen=True)
class Claims:
    """Claims of the logged answers.

    `query_rows` (m,) says of which query each is; `embeddings` are m vectors; `other_best` (m,) is
    the similarity of each to the nearest passage of another site, nan without other sites.
    """

    query_rows: Rows
    embeddings: Embeddings
    other_best: Floats


class EvidenceScorer:
    """Holds what is near each query, and returns its evidence under any change of the own site.

    Args:
        queries: the queries, in the order of all results.
        passages: the own passages; only the rows of the own site.
        matches: nearest passages of every site.
        own_site: the own site's name.
        asked: embeddings of the queries, in their order.
        content: embeddings of the own passages, in their order.
        titled: embeddings of the own passages' headings, in the same order.
        claims: claims of the logged answers, where the log has answers.
        reader: a cross-encoder that reads a query and a passage together, where one is switched on.
    """

    def __init__(
        self,
        queries: Queries,
        passages: Passages,
        matches: Matches,
        own_site: str,
        asked: Embeddings,
        content: Embeddings,
        titled: Embeddings,
        claims: Claims | None = None,
        reader: PairScorer | None = None,
    ) -> None:
        self.query_ids = list(queries["query_id"])
        self.query_texts = list(queries["text"])
        self.passages = passages.reset_index(drop=True)
        self.asked = asked.vectors
        self.content = content.vectors
        own = matches[matches["site"] == own_site]
        self.similarity, self.rows = own_neighbors(
            own, self.query_ids, list(self.passages["passage_id"])
        )
        self.other_best, self.other_passage = other_best(
            matches[matches["site"] != own_site], self.query_ids
        )
        texts = list(self.passages["heading_path"] + " " + self.passages["text"])
        self.lexicon = Lexicon(texts, self.query_texts)
        self.reader = (
            NearReader(reader, self.query_texts, texts, self.rows) if reader is not None else None
        )
        self.claims = claims if claims is not None and len(claims.embeddings) else None
        self.page_rows = np.asarray(pd.factorize(self.passages["page_id"])[0], dtype=np.int64)
        self._recall = self.lexicon.recall(self.rows[:, :_FOCUS_PASSAGES])
        self._level = (
            max(float(self.similarity[:, :_LEVEL_PASSAGES].std()), 1e-6)
            if self.similarity.size
            else 1.0
        )
        self._rivals = mean_of_nearest(self.content, self.asked, NEAR_QUERIES)
        self._nearest_queries = nearest_rows(self.asked, self.asked, OTHER_QUERIES + 1)
        self._near_queries = nearness_of_others(*self._nearest_queries)
        self._contrast = spread_over(self.asked, self.content)
        self.headings, self._heading = np.unique(titled.vectors, axis=0, return_inverse=True)
        self._near_headings = nearest_rows(self.asked, self.headings, _FOCUS_PASSAGES)
        self._heading_rivals = mean_of_nearest(self.headings, self.asked, NEAR_QUERIES)
        if self.claims is not None:
            near = nearest_rows(self.claims.embeddings.vectors, self.content, _CLAIM_PASSAGES)
            self.claim_similarity, self.claim_rows = near

    @cached_property
    def names(self) -> list[str]:
        """The names of the features in use: no margin without other sites, no answer support without answers."""
        no_others = bool(np.isnan(self.other_best).all())
        no_claims = self.claims is None
        absent = {
            "margin": no_others,
            "answer_support": no_claims,
            "answer_margin": no_claims or no_others,
        }
        absent["cross_encoder"] = self.reader is None
        return [name for name in FEATURES if not absent.get(name, False)]

    def features(self, hidden: Flags | None = None, added: Addition | None = None) -> Floats:
        """Return the evidence, shape (n queries, len(names)); nan where a query has no such evidence.

        Args:
            hidden: which own passages to leave out, shape (n passages,).
            added: passages to add in thought.
        """
        values = self._as_it_is.copy()
        if hidden is not None or added is not None:
            rows, changed = self.changed(hidden, added)
            values[rows] = changed
        return values

    def changed(
        self, hidden: Flags | None = None, added: Addition | None = None
    ) -> tuple[Rows, Floats]:
        """Return the rows of the queries whose evidence such a change touches, and that evidence, shape (rows, len(names))."""
        hide = np.zeros(max(len(self.passages), 1), dtype=bool) if hidden is None else hidden
        support = self._claim_support(hide, added) if self.claims is not None else None
        rows = np.flatnonzero(self._touched(hide, added, support))
        values = self._as_it_is[rows]
        values[:, : len(OWN_FEATURES)] = self._compare(rows, hide, added)
        by_name = dict(zip(self.names, range(len(self.names)), strict=True))
        values[:, [by_name[name] for name in HEADING_FEATURES]] = self._compare_headings(
            rows, hide, added
        )
        if "margin" in by_name:
            values[:, by_name["margin"]] = values[:, 0] - self.other_best[rows]
        if self.reader is not None:
            values[:, by_name["cross_encoder"]] = self.reader.best(rows, hide, added)
        if support is not None and self.claims is not None:
            values[:, by_name["answer_support"]] = self._mean_by_query(support)[rows]
            if "answer_margin" in by_name:
                values[:, by_name["answer_margin"]] = self._mean_by_query(
                    support - self.claims.other_best
                )[rows]
        return rows, values

    def _touched(self, hide: Flags, added: Addition | None, support: Floats | None) -> Flags:
        """Return which queries have a near passage, heading or claim that such a change takes away or outdoes."""
        touched = np.asarray(hide[self.rows[:, :_FOCUS_PASSAGES]].any(axis=1), dtype=bool)
        if hide.any():
            touched |= ~self._headings_left(hide)[self._near_headings[1]].all(axis=1)
        if added is not None:
            last = self.similarity[:, min(_FOCUS_PASSAGES, self.similarity.shape[1]) - 1, None]
            heading, ahead = (self._headings_as_they_are[:, place, None] for place in (0, 1))
            touched |= (added.similarity > last).any(axis=1)
            touched |= (added.recall > self._recall.max(axis=1, keepdims=True)).any(axis=1)
            touched |= (added.heading_similarity > heading).any(axis=1)
            touched |= (added.heading_similarity - added.heading_rivals > ahead).any(axis=1)
        if support is not None and self.claims is not None:
            touched[self.claims.query_rows[support != self.claim_support()]] = True
        return touched

    def add(self, texts: list[str], vectors: Vectors, headings: Vectors) -> Addition:
        """Return passages to add in thought: their texts as embedded, their vectors and those of their headings (a, d)."""
        near = nearest_rows(vectors, self.content, _COHERENT_PASSAGES)
        claims = (
            self.claims.embeddings.vectors
            if self.claims is not None
            else np.zeros((0, vectors.shape[1]), np.float32)
        )
        similarity = cosines(self.asked, vectors)
        return Addition(
            vectors,
            headings,
            similarity,
            cosines(self.asked, headings),
            self.lexicon.recall_of(texts),
            cosines(claims, vectors),
            mean_of_nearest(vectors, self.asked, NEAR_QUERIES),
            mean_of_nearest(headings, self.asked, NEAR_QUERIES),
            self.page_rows[near[1][:, 0]] if near[1].size else np.full(len(vectors), -1),
            near,
            self.reader.read(texts, similarity, self.similarity)
            if self.reader is not None
            else None,
        )

    def own_bests(self, rows: Rows, hidden: Flags) -> Floats:
        """Return the best similarity, heading similarity and word recall that the site offers some queries: (len(rows), 3)."""
        near = hidden[self.rows[rows]]
        best = finite(np.where(near, -np.inf, self.similarity[rows]).max(axis=1), -1.0)
        words = np.where(near[:, :_FOCUS_PASSAGES], 0, self._recall[rows]).max(axis=1)
        return np.column_stack([best, self._compare_headings(rows, hidden, None)[:, 0], words])

    def share_of(self, passages: Rows, rows: Rows) -> Floats:
        """Return the chance that one of these passages is what some queries are answered by, if by any, shape (len(rows),).

        A share of the twenty nearest own passages, each weighing e times less for every _SHARP of
        similarity that it lies behind.
        """
        near = self.rows[rows, :_FOCUS_PASSAGES]
        similarity = self.similarity[rows, :_FOCUS_PASSAGES]
        weight = np.exp((similarity - similarity[:, :1]) / _SHARP)
        return np.asarray(
            (weight * np.isin(near, passages)).sum(axis=1) / weight.sum(axis=1),
            dtype=np.float64,
        )

    def nearness_of_neighbors(self, added: Addition, rows: Rows) -> Vectors:
        """Return how near the five queries nearest to each of these are to each added passage, shape (len(rows), a)."""
        return np.asarray(
            added.similarity[self._neighbors[rows]].mean(axis=1),
            dtype=np.float32,
        )

    @cached_property
    def _neighbors(self) -> Rows:
        """Rows of the five queries nearest to each query, itself left out, shape (n, 5)."""
        near = self._nearest_queries[1]
        is_self = near == np.arange(len(near))[:, None]
        others = np.take_along_axis(near, np.argsort(is_self, axis=1, kind="stable"), 1)
        n_others = max(1, min(OTHER_QUERIES, len(near) - 1))
        return others[:, np.arange(OTHER_QUERIES) % n_others]

    def best_rows(self) -> Rows:
        """Return the row of each query's nearest own passage, shape (n queries,)."""
        return self.rows[:, 0]

    def claim_support(self) -> Vectors:
        """Return the similarity of each claim to its nearest own passage, shape (n claims,)."""
        return self.claim_similarity[:, 0] if self.claims is not None else np.zeros(0, np.float32)

    def table(self, on_subject: Floats) -> Evidence:
        """Return the evidence of the site as it is, beside how near each query is to the subject of all sites (n,)."""
        values = pd.DataFrame(self.features(), columns=self.names)
        for name in FEATURES:
            if name not in values:
                values[name] = np.nan
        values["on_subject"] = on_subject
        values.insert(0, "query_id", pd.Series(self.query_ids, dtype="str"))
        values["own_passage_id"] = self.passages["passage_id"].iloc[self.best_rows()].to_numpy()
        values["best_other_passage_id"] = pd.Series(self.other_passage, dtype="str")
        return values[EVIDENCE.names]

    @cached_property
    def _as_it_is(self) -> Floats:
        hide = np.zeros(max(len(self.passages), 1), dtype=bool)
        everyone = np.arange(len(self.query_ids))
        own = np.hstack([self._compare(everyone, hide, None), self._headings_as_they_are])
        values = {
            name: own[:, place] for place, name in enumerate((*OWN_FEATURES, *HEADING_FEATURES))
        }
        values["margin"] = own[:, 0] - self.other_best
        if self.reader is not None:
            values["cross_encoder"] = self.reader.best(everyone, hide, None)
        if self.claims is not None:
            support = self._claim_support(hide, None)
            values["answer_support"] = self._mean_by_query(support)
            values["answer_margin"] = self._mean_by_query(support - self.claims.other_best)
        return np.column_stack([values[name] for name in self.names]).astype(np.float64)

    @cached_property
    def _headings_as_they_are(self) -> Floats:
        """HEADING_FEATURES of all queries, shape (n, 2)."""
        nothing = np.zeros(max(len(self.passages), 1), dtype=bool)
        return self._compare_headings(np.arange(len(self.query_ids)), nothing, None)

    def _compare(self, rows: Rows, hide: Flags, added: Addition | None) -> Floats:
        """Return OWN_FEATURES of some queries, shape (len(rows), 7)."""
        vectors = self.content
        page = self.page_rows
        rivals = self._rivals
        # as many of the nearest as leave _FOCUS_PASSAGES when the hidden are out: the others change
        # nothing
        n_near = (
            _FOCUS_PASSAGES + int(hide[self.rows[rows]].sum(axis=1).max(initial=0))
            if hide.any()
            else _FOCUS_PASSAGES
        )
        near = self.rows[rows, :n_near]
        similarity = np.where(hide[near], -np.inf, self.similarity[rows, :n_near])
        recall = np.where(hide[near[:, :_FOCUS_PASSAGES]], 0, self._recall[rows])
        if added is not None:
            n_old = len(self.passages)
            n_new = len(added.vectors)
            near = np.hstack([near, np.tile(np.arange(n_old, n_old + n_new), (len(rows), 1))])
            similarity = np.hstack([similarity, added.similarity[rows]])
            recall = np.hstack([recall, added.recall[rows]])
            page = np.append(page, added.page_rows)
            rivals = np.append(rivals, added.rivals)
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :_FOCUS_PASSAGES]
        near = np.take_along_axis(near, order, 1)
        similarity = np.take_along_axis(similarity, order, 1)
        is_there = np.isfinite(similarity)
        best = finite(similarity[:, 0], floor=-1.0)
        ahead = np.where(is_there, similarity - rivals[near], -1.0)[:, :_NEAR_PASSAGES]
        weight = np.where(
            is_there,
            np.exp((finite(similarity, -1.0) - best[:, None]) / self._level),
            0.0,
        )
        own_page = weight * (page[near] == page[near[:, :1]])
        few = gather_vectors(vectors, added, near[:, :_COHERENT_PASSAGES])
        some = is_there[:, :_COHERENT_PASSAGES].astype(np.float32)
        count = some.sum(axis=1)
        together = np.square((few * some[:, :, None]).sum(axis=1)).sum(axis=1) - count
        return np.column_stack(
            [
                best,
                ahead.max(axis=1),
                own_page.sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9),
                together / np.maximum(count * (count - 1), 1),
                self._contrast[rows],
                recall.max(axis=1),
                best - self._near_queries[rows],
            ]
        ).astype(np.float64)

    def _compare_headings(self, rows: Rows, hide: Flags, added: Addition | None) -> Floats:
        """Return HEADING_FEATURES of some queries, shape (len(rows), 2)."""
        near = self._near_headings[1][rows]
        similarity = np.where(
            self._headings_left(hide)[near],
            self._near_headings[0][rows],
            -np.inf,
        )
        ahead = similarity - self._heading_rivals[near]
        if added is not None:
            new = added.heading_similarity[rows]
            ahead = np.hstack([ahead, new - added.heading_rivals])
            similarity = np.hstack([similarity, new])
        return np.column_stack(
            [
                finite(similarity.max(axis=1), -1.0),
                finite(ahead.max(axis=1), -1.0),
            ]
        )

    def _headings_left(self, hide: Flags) -> Flags:
        """Return which distinct headings still have a passage below them, shape (n headings,)."""
        if not hide.any():
            return np.ones(len(self.headings), dtype=bool)
        return (
            np.bincount(
                self._heading[~hide[: len(self._heading)]],
                minlength=len(self.headings),
            )
            > 0
        )

    def _claim_support(self, hide: Flags, added: Addition | None) -> Floats:
        best = self.claim_similarity[:, 0]
        lost = np.flatnonzero(hide[self.claim_rows[:, 0]]) if hide.any() else np.zeros(0, np.int64)
        if len(lost):
            best = best.copy()
            best[lost] = np.where(
                hide[self.claim_rows[lost]],
                -np.inf,
                self.claim_similarity[lost],
            ).max(axis=1)
        if added is not None:
            best = np.maximum(best, added.claim_similarity.max(axis=1, initial=-np.inf))
        return finite(best, floor=float(self.claim_similarity.min()))

    def _mean_by_query(self, values: Floats) -> Floats:
        """Return the mean of the claims' values for each query; nan where it has no claim."""
        assert self.claims is not None
        rows = self.claims.query_rows
        n = len(self.query_ids)
        count = np.bincount(rows, minlength=n)
        total = np.bincount(rows, weights=values, minlength=n)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)
