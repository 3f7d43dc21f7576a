"""How many more answers would cite the site: the log's choice model, applied to edits. Glue between stages.

The model (`rank/choice.py`) is fitted on whom the log's answers cite, by how near each site's
passages come to the question, in words and in meaning. An edit changes what the own site offers;
the competitors stay. It is a prediction about the model, not about any answer engine: the model
knows texts and each site's usual luck, not whether a text is true, liked or linked to. And where
competitors' pages were read only because answers cite them, their nearest passage is nearer than
that of a site read whole, so that the weight of being near, and every gain, comes out too large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.contracts import TextChange
from coverage_kit.match.lexicon import Lexicon
from coverage_kit.match.model import SAME, SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.choice import (
    MIN_CHOICES,
    ChoiceModel,
    Choices,
    fit_choice,
)
from coverage_kit.rank.edits import edit_id
from coverage_kit.rank.offers import (
    CONTENT_FEATURES,
    content_features,
    expand_queries,
    site_centre,
)
from coverage_kit.tables import Clusters, Effects, LogTables, Passages
from coverage_kit.vectors import Embeddings, Vectors, cosines

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_SITES = 200
_NO_BETTER_THAN_CHANCE = 0.5
_NEAR_COPIES = 5
_TRACE = 1e-5
_BLOCK = 20_000_000


def predict_citations(
    log: LogTables,
    passages: Passages,
    content: Embeddings,
    model: SiteModel,
    clusters: Clusters,
    candidates: Sequence[Candidate],
    effects: Effects,
    seed: int = 0,
) -> tuple[Floats | None, dict[str, Any]]:
    """Return the predicted rise, by each edit alone, of the answers that cite the own site, and on what it rests.

    In queries asked: the sum over the edit's `effects` of demand x fit x (chance that an answer
    cites the site with the edit - without), where fit is the probability that the query asks for
    the edited text, and queries that the draft was written from count as the others of the gap do
    on the mean. No query rises by more than the share of its answers that do not cite the site yet.
    Queries whose coverage hardly moves are not in `effects`: for what is covered but not cited the
    figure is low. Edits are not ranked by it.

    Args:
        log: its answers and citations.
        passages: those of all sites.
        content: their embeddings in the site's space, in their order.
        model: the own site with its queries, encoder and space.
        clusters: the queries' gaps.
        candidates: the edits.
        effects: whom they help (`simulate_edits`).
        seed: of the folds and of the bootstrap.

    The rises have shape (n edits,); None where the log has too few citations, where the model tells
    no better than chance who is cited (90% interval of its held-out AUC), or where nothing that an
    edit changes has weight. The second part has `choice_model`: features, weights (of the
    standardised features), auc, low, high, n_choices; or None, and then `no_choice_model` says why.
    """
    own_site = str(model.scorer.passages["site"].iloc[0])
    counts = count_choices(log, passages, own_site)
    if counts.n_citations < MIN_CHOICES:
        return None, _without(
            f"the log has {counts.n_citations} citations, {MIN_CHOICES} are needed"
        )
    offers = Offers(
        model.scorer.query_texts,
        model.scorer.asked,
        passages,
        content.vectors,
        counts.sites,
    )
    choice = fit_choice(
        Choices(
            CONTENT_FEATURES,
            offers.features,
            counts.cited,
            counts.elsewhere,
            counts.n_answers,
        ),
        seed,
    )
    if choice is None:
        return None, _without("no answer cites a site whose pages were read")
    doubt = doubt_of(choice)
    if doubt:
        return None, _without(doubt)
    figures = {name: float(getattr(choice, name)) for name in ("auc", "low", "high")}
    weights = [float(weight) for weight in choice.weights]
    about = {
        "features": list(choice.names),
        "weights": weights,
        **figures,
        "n_choices": choice.n_choices,
    }
    place = pd.Index(log.queries["query_id"])
    members = {
        str(name): place.get_indexer(pd.Index(ids))
        for name, ids in clusters.groupby("cluster_id")["query_id"]
    }
    worth = Worth(
        np.asarray(demand_weights(log.queries), dtype=np.float64),
        members,
        place,
        counts.room,
    )
    gain = citation_gains(choice, offers, worth, model, candidates, effects)
    return gain, {"choice_model": about, "no_choice_model": None}


@dataclass(frozen=True)
class Counts:
    """Who is cited in a log, for n queries and m sites that have passages, the own site first (see `Choices`).

    `n_citations` counts a site once an answer. An answer that cites nobody chose elsewhere, once.
    """

    sites: list[str]
    cited: Floats
    elsewhere: Floats
    n_answers: Floats
    n_citations: int

    @property
    def room(self) -> Floats:
        """Share of a query's answers that do not cite the own site, 1 where it has no answers, (n,)."""
        return np.asarray(
            1 - self.cited[:, 0] / np.maximum(self.n_answers, 1),
            dtype=np.float64,
        )


def count_choices(log: LogTables, passages: Passages, own_site: str) -> Counts:
    """Return who is cited for each query: the own site and the most cited others that have passages, all else is elsewhere."""
    place = pd.Index(log.queries["query_id"])
    query_of = pd.Series(
        place.get_indexer(pd.Index(log.answers["query_id"])),
        index=pd.Index(log.answers["answer_id"]),
    )
    named = log.citations[
        (log.citations["kind"] == "cited") & log.citations["answer_id"].isin(query_of.index)
    ]
    named = named.drop_duplicates(["answer_id", "site"])
    others = sorted(set(passages["site"]) - {own_site})
    often = named["site"].value_counts().reindex(others, fill_value=0)
    sites = [
        own_site,
        *often.sort_values(ascending=False, kind="stable").index[: MOST_SITES - 1],
    ]
    rows = query_of.loc[named["answer_id"]].to_numpy()
    columns = pd.Index(sites).get_indexer(pd.Index(named["site"]))
    cited = np.zeros((len(place), len(sites)))
    np.add.at(cited, (rows[columns >= 0], columns[columns >= 0]), 1)
    cites_nobody = query_of[~query_of.index.isin(named["answer_id"])].to_numpy()
    elsewhere = np.concatenate([rows[columns < 0], cites_nobody])
    totals = [
        np.bincount(one, minlength=len(place)).astype(np.float64)
        for one in (elsewhere, query_of.to_numpy())
    ]
    return Counts(sites, cited, totals[0], totals[1], len(named))


class Offers:
    """What sites offer for each query, as they are and, the first of them, after an edit.

    `features` (n, m, 3) are CONTENT_FEATURES of n queries and m sites; `expanded` (n, d) are the
    queries; `own` (p,) are the rows of the first site's passages.
    """

    def __init__(
        self,
        query_texts: list[str],
        asked: Vectors,
        passages: Passages,
        content: Vectors,
        sites: Sequence[str],
    ) -> None:
        self.content = content
        self.expanded = expand_queries(asked, content)
        self.lexicon = Lexicon(list(passages["heading_path"] + " " + passages["text"]), query_texts)
        rows_of = passages.reset_index(drop=True).groupby("site").indices
        self._place = {name: row for row, name in enumerate(passages["passage_id"])}
        everyone = np.arange(len(asked))
        every_site = [np.asarray(rows_of[site], dtype=np.int64) for site in sites]
        parts = [self._offered(everyone, rows, site_centre(content[rows])) for rows in every_site]
        self.own = every_site[0]
        self._centre = site_centre(content[every_site[0]])
        self.features: Floats = np.stack(parts, axis=1)

    def after(self, queries: Rows, removed: Rows, vectors: Vectors, recall: Vectors) -> Floats:
        """Return what the own site offers some queries (k,) once passages (rows) are gone and others are there, shape (k, 3).

        `vectors` (a, d) are the new passages', `recall` (k, a) the share of each query's idf weight
        found in each.
        """
        features: Floats = self.features[queries, 0]
        if len(removed):
            gone = self._offered(queries, removed, self._centre)
            lost = np.flatnonzero((gone >= features - _TRACE)[:, :2].any(axis=1))
            features[lost] = self._offered(
                queries[lost], np.setdiff1d(self.own, removed), self._centre
            )
        nearest = cosines(self.expanded[queries], vectors).max(axis=1, initial=-1.0)
        features[:, 0] = np.maximum(features[:, 0], nearest)
        features[:, 1] = np.maximum(features[:, 1], recall.max(axis=1, initial=0.0))
        return features

    def rows_of(self, passage_ids: Sequence[str]) -> Rows:
        """Return the rows of these passages; ids that are not there are left out."""
        return np.array(
            [self._place[name] for name in passage_ids if name in self._place],
            dtype=np.int64,
        )

    def _offered(self, queries: Rows, rows: Rows, centre: Vectors) -> Floats:
        """Return CONTENT_FEATURES of some queries with these passages alone, in blocks that need little memory."""
        if not len(rows) or not len(queries):
            subject = np.round(self.expanded[queries] @ centre, 6)
            return np.column_stack([np.full(len(queries), -1.0), np.zeros(len(queries)), subject])
        content = self.content[rows]
        words = self.lexicon.passages[rows].T.tocsc()
        parts = []
        for block in np.array_split(queries, 1 + len(queries) * len(rows) // _BLOCK):
            recall = np.asarray(
                (self.lexicon.queries[block] @ words).todense(),
                dtype=np.float32,
            )
            parts.append(content_features(self.expanded[block], content, recall, centre))
        return np.concatenate(parts)


class Drafts:
    """What edits would say, without what says nothing, encoded once: a text is a row of `vectors` (t, d) and `words` (t, v)."""

    def __init__(self, candidates: Sequence[Candidate], model: SiteModel, offers: Offers) -> None:
        told = [
            model.told(TextChange(one.added, one.removed, is_assumed=one.is_assumed))
            for one in candidates
        ]
        texts = list(dict.fromkeys(passage.embedded for passages in told for passage in passages))
        row = {text: place for place, text in enumerate(texts)}
        self._rows = [
            np.array([row[one.embedded] for one in passages], dtype=np.int64) for passages in told
        ]
        self.vectors = model.space.move_passages(model.encoder.encode(texts))
        self.words = offers.lexicon.words_of(texts)
        self._similarity, near = nearest_rows(
            self.vectors, offers.content[offers.own], _NEAR_COPIES
        )
        self._near = offers.own[near]

    def new_rows(self, number: int, removed: Rows) -> Rows:
        """Return the texts of an edit that are no copies of passages that stay: a copy says nothing new."""
        rows: Rows = self._rows[number]
        similarity = np.where(np.isin(self._near[rows], removed), -1.0, self._similarity[rows])
        return np.asarray(rows[similarity.max(axis=1, initial=-1.0) < SAME], dtype=np.int64)


@dataclass(frozen=True)
class Worth:
    """How much each of n queries counts: its demand (n,), the rows of each gap's queries, and the row of each query's id.

    `room` (n,) is by how much its chance of an answer that cites the site may rise.
    """

    demand: Floats
    members: Mapping[str, Rows]
    place: "pd.Index[str]"
    room: Floats

    def of_gap(self, candidate: Candidate, rows: Rows) -> Floats:
        """Return the demand of some queries, with what they stand for, shape (len(rows),).

        Queries that the draft was written from count nothing, the others of the gap so much more
        that all of its demand is there; a gap without others is scored on itself, at half its
        worth.
        """
        in_gap = self.members.get(candidate.cluster_id, np.zeros(0, np.int64))
        others = np.setdiff1d(in_gap, self.place.get_indexer(pd.Index(candidate.drafted_from)))
        if not len(others):
            return self.demand[rows] * np.where(np.isin(rows, in_gap), 0.5, 1.0)
        scale = np.where(
            np.isin(rows, others),
            self.demand[in_gap].sum() / self.demand[others].sum(),
            0.0,
        )
        return self.demand[rows] * np.where(np.isin(rows, in_gap), scale, 1.0)


def citation_gains(
    choice: ChoiceModel,
    offers: Offers,
    worth: Worth,
    model: SiteModel,
    candidates: Sequence[Candidate],
    effects: Effects,
) -> Floats:
    """Return the rise of the answers that cite the own site by each edit alone, in queries asked, (n edits,)."""
    constant = float(choice.constants[0])
    others = choice.utility(offers.features[:, 1:], choice.constants[1:])
    rivals = np.logaddexp.reduce(others, axis=1)[:, None]
    before = choice.cited_probability(offers.features[:, 0], rivals, constant)
    drafts = Drafts(candidates, model, offers)
    gain = np.zeros(len(candidates))
    rows_of = worth.place.get_indexer(pd.Index(effects["query_id"]))
    fit = effects["answer_probability"].to_numpy(np.float64)
    touched = effects.reset_index(drop=True).groupby("edit_id").indices
    for number, one in enumerate(candidates):
        if edit_id(number) not in touched:
            continue
        rows = rows_of[touched[edit_id(number)]]
        removed = offers.rows_of(one.removed)
        new = drafts.new_rows(number, removed)
        recall = np.asarray(
            (offers.lexicon.queries[rows] @ drafts.words[new].T).todense(),
            dtype=np.float32,
        )
        features = offers.after(rows, removed, drafts.vectors[new], recall)
        rise = np.minimum(
            choice.cited_probability(features, rivals[rows], constant) - before[rows],
            worth.room[rows],
        )
        gain[number] = (worth.of_gap(one, rows) * fit[touched[edit_id(number)]]) @ rise
    return gain


def doubt_of(choice: ChoiceModel) -> str:
    """Return why the model's predictions of edits are not worth showing, empty where they are."""
    if np.isnan(choice.auc):
        return "no site is cited for three questions and not for three others"
    if choice.low <= _NO_BETTER_THAN_CHANCE:
        found = f"held-out AUC {choice.auc:.2f} [{choice.low:.2f}, {choice.high:.2f}]"
        return f"it tells no better than chance who is cited: {found}, {choice.n_choices} choices"
    if not choice.weights[:2].any():
        return f"the site's subject alone tells who is cited (held-out AUC {choice.auc:.2f}), and an edit does not change it"
    return ""


def _without(reason: str) -> dict[str, Any]:
    return {"choice_model": None, "no_choice_model": reason}
