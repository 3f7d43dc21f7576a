"""How many more answers would cite your site: the log's choice model, applied to edits.

The model (`rank/choice.py`) is fitted on whom the log's answers cite. It reads how near each site's
passages come to the question, in words and in meaning. An edit changes what your site offers; the
competitors stay. It predicts the model, not any answer engine: the model knows texts and how often
each site is cited, not whether a text is true, liked or linked to. Where competitors' pages were
read only because answers cite them, their nearest passage is nearer than that of a site that was
read whole. Then the weight of being near, and every gain, comes out too large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.contracts import TextChange
from coverage_kit.match.lexicon import Lexicon
from coverage_kit.match.model import COPY_SIMILARITY, SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.choice import MIN_CHOICES, ChoiceModel, Choices, fit_choice
from coverage_kit.rank.edits import edit_id
from coverage_kit.rank.offers import (
    CONTENT_FEATURES,
    content_features,
    expand_queries,
    site_centre,
)
from coverage_kit.rank.simulate import ANSWERED_SHARE as ALONE_WEIGHT
from coverage_kit.tables import Clusters, Effects, LogTables, Passages
from coverage_kit.vectors import Embeddings, Vectors, cosines

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Sites beyond the most cited ones count as "elsewhere": their features only cost memory (assumed).
MAX_SITES = 200
# A held-out AUC whose interval reaches down to this shows no skill.
_CHANCE_AUC = 0.5
# Passages of your site that a draft is compared with: does it copy one of them? (assumed)
_COPY_NEIGHBORS = 5
# Cosines in single precision differ by about this much when they are computed in another order.
_ROUNDING = 1e-5
# Query-passage pairs that are compared at a time: about 80 MB of float32.
_BLOCK_PAIRS = 20_000_000


@dataclass(frozen=True)
class CitationInputs:
    """What the choice model reads: log, passages of all sites with their vectors, clusters."""

    log: LogTables
    passages: Passages
    vectors: Embeddings
    clusters: Clusters


@dataclass(frozen=True)
class CitationGain:
    """The predicted rise of answers that cite your site, and the model that predicts it.

    Attributes:
        gains: by each edit alone, in queries asked, shape (n edits,); None where no model can be
            used.
        choice_model: features, weights (of the standardised features), auc, low, high, n_choices;
            None where no model can be used.
        reason: why no model can be used; None where one is.
    """

    gains: Floats | None
    choice_model: dict[str, Any] | None
    reason: str | None


def predict_citations(
    inputs: CitationInputs,
    model: SiteModel,
    candidates: Sequence[Candidate],
    effects: Effects,
    seed: int = 0,
) -> CitationGain:
    """Return by how much each edit alone raises the answers that cite your site, in queries asked.

    The sum over the edit's `effects` of demand x answer probability x (chance that an answer cites
    the site with the edit - without). Queries that the draft was written from count as the others
    of the gap do on average. No query rises by more than the share of its answers that do not cite
    the site yet. Queries whose coverage hardly moves are not in `effects`, so the figure is low for
    what is covered but not cited. Edits are not ranked by it.

    Args:
        inputs: the log, what all sites offer, and the queries' gaps.
        model: your site with its queries, encoder and space.
        candidates: the edits.
        effects: the queries that they help (`simulate_edits`).
        seed: seed of the folds and of the bootstrap.

    There is no model where the log has too few citations, where the model does no better than
    chance (90% interval of its held-out AUC), or where nothing that an edit changes has weight.
    """
    log = inputs.log
    own_site = str(model.scorer.passages["site"].iloc[0])
    counts = count_choices(log, inputs.passages, own_site)
    if counts.n_citations < MIN_CHOICES:
        return _without(f"the log has {counts.n_citations} citations, {MIN_CHOICES} are needed")
    offers = Offers(
        model.scorer.query_texts,
        model.scorer.query_vectors,
        inputs.passages,
        inputs.vectors.vectors,
        counts.sites,
    )
    choices = Choices(
        CONTENT_FEATURES,
        offers.features,
        counts.cited,
        counts.elsewhere,
        counts.n_answers,
    )
    choice = fit_choice(choices, seed)
    if choice is None:
        return _without("no answer cites a site whose pages were read")
    doubt = doubt_of(choice)
    if doubt:
        return _without(doubt)
    row_of_query = pd.Index(log.queries["query_id"])
    members = {
        str(name): row_of_query.get_indexer(pd.Index(ids))
        for name, ids in inputs.clusters.groupby("cluster_id")["query_id"]
    }
    demand = np.asarray(demand_weights(log.queries), dtype=np.float64)
    weights = QueryWeights(demand, members, row_of_query, counts.room)
    gains = citation_gains(choice, offers, weights, model, candidates, effects)
    return CitationGain(gains, _describe_model(choice), None)


def _describe_model(choice: ChoiceModel) -> dict[str, Any]:
    """Return the choice model as plain values."""
    return {
        "features": list(choice.names),
        "weights": [float(weight) for weight in choice.weights],
        "auc": float(choice.auc),
        "low": float(choice.low),
        "high": float(choice.high),
        "n_choices": choice.n_choices,
    }


@dataclass(frozen=True)
class ChoiceCounts:
    """Who is cited in a log, for n queries and m sites with passages, yours first (see `Choices`).

    `n_citations` counts a site once an answer. An answer that cites nobody chose elsewhere, once.
    """

    sites: list[str]
    cited: Floats
    elsewhere: Floats
    n_answers: Floats
    n_citations: int

    @property
    def room(self) -> Floats:
        """Share of each query's answers that do not cite your site, (n,); 1 without answers."""
        return np.asarray(
            1 - self.cited[:, 0] / np.maximum(self.n_answers, 1),
            dtype=np.float64,
        )


def count_choices(log: LogTables, passages: Passages, own_site: str) -> ChoiceCounts:
    """Return who is cited for each query: your site, the most cited others, or somebody else."""
    row_of_query = pd.Index(log.queries["query_id"])
    query_rows = pd.Series(
        row_of_query.get_indexer(pd.Index(log.answers["query_id"])),
        index=pd.Index(log.answers["answer_id"]),
    )
    is_cited = (log.citations["kind"] == "cited") & log.citations["answer_id"].isin(
        query_rows.index
    )
    citations = log.citations[is_cited].drop_duplicates(["answer_id", "site"])
    # The names are sorted first, and the later sort is stable: sites with equally many citations
    # come in the order of their names, in every run.
    others = sorted(set(passages["site"]) - {own_site})
    n_citations = citations["site"].value_counts().reindex(others, fill_value=0)
    by_n_citations = n_citations.sort_values(ascending=False, kind="stable").index
    sites = [own_site, *by_n_citations[: MAX_SITES - 1]]
    rows = query_rows.loc[citations["answer_id"]].to_numpy()
    columns = pd.Index(sites).get_indexer(pd.Index(citations["site"]))
    has_column = columns >= 0
    cited = np.zeros((len(row_of_query), len(sites)))
    np.add.at(cited, (rows[has_column], columns[has_column]), 1)
    cites_nobody = query_rows[~query_rows.index.isin(citations["answer_id"])].to_numpy()
    elsewhere = np.concatenate([rows[~has_column], cites_nobody])
    return ChoiceCounts(
        sites=sites,
        cited=cited,
        elsewhere=_count_rows(elsewhere, len(row_of_query)),
        n_answers=_count_rows(query_rows.to_numpy(), len(row_of_query)),
        n_citations=len(citations),
    )


def _count_rows(rows: Rows, n: int) -> Floats:
    """Return how often each of n rows occurs, shape (n,)."""
    return np.bincount(rows, minlength=n).astype(np.float64)


class Offers:
    """What sites offer for each query, as they are; for the first site also after an edit.

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
        self._row_of = {name: row for row, name in enumerate(passages["passage_id"])}
        all_queries = np.arange(len(asked))
        rows_by_site = [np.asarray(rows_of[site], dtype=np.int64) for site in sites]
        features = [
            self._features(all_queries, rows, site_centre(content[rows])) for rows in rows_by_site
        ]
        self.own = rows_by_site[0]
        self._centre = site_centre(content[rows_by_site[0]])
        self.features: Floats = np.stack(features, axis=1)

    def after(self, queries: Rows, removed: Rows, vectors: Vectors, recall: Vectors) -> Floats:
        """Return what your site offers queries (k,) with some passages replaced, shape (k, 3).

        `vectors` (a, d) are the new passages', `recall` (k, a) the share of each query's idf weight
        found in each.
        """
        features: Floats = self.features[queries, 0]
        if len(removed):
            removed_features = self._features(queries, removed, self._centre)
            # A query loses something only where a removed passage was the site's best for it. The
            # third feature, the site's subject, stays as it is under an edit.
            is_lost = (removed_features >= features - _ROUNDING)[:, :2].any(axis=1)
            lost = np.flatnonzero(is_lost)
            features[lost] = self._features(
                queries[lost], np.setdiff1d(self.own, removed), self._centre
            )
        nearest = cosines(self.expanded[queries], vectors).max(axis=1, initial=-1.0)
        features[:, 0] = np.maximum(features[:, 0], nearest)
        features[:, 1] = np.maximum(features[:, 1], recall.max(axis=1, initial=0.0))
        return features

    def rows_of(self, passage_ids: Sequence[str]) -> Rows:
        """Return the rows of these passages; ids that are not there are left out."""
        return np.array(
            [self._row_of[name] for name in passage_ids if name in self._row_of],
            dtype=np.int64,
        )

    def _features(self, queries: Rows, rows: Rows, centre: Vectors) -> Floats:
        """Return CONTENT_FEATURES of some queries with only these passages, block by block."""
        # A site without passages has the lowest cosine and shares no word with a query.
        if not len(rows) or not len(queries):
            subject = np.round(self.expanded[queries] @ centre, 6)
            return np.column_stack([np.full(len(queries), -1.0), np.zeros(len(queries)), subject])
        content = self.content[rows]
        words = self.lexicon.passages[rows].T.tocsc()
        blocks = []
        for block in np.array_split(queries, 1 + len(queries) * len(rows) // _BLOCK_PAIRS):
            recall = np.asarray(
                (self.lexicon.queries[block] @ words).todense(),
                dtype=np.float32,
            )
            blocks.append(content_features(self.expanded[block], content, recall, centre))
        return np.concatenate(blocks)


class Drafts:
    """Texts of edits, encoded once: each is a row of `vectors` (t, d) and `words` (t, v)."""

    def __init__(self, candidates: Sequence[Candidate], model: SiteModel, offers: Offers) -> None:
        passages_by_edit = [
            model.substantial_passages(TextChange(edit.added, edit.removed)) for edit in candidates
        ]
        texts_by_edit = [[passage.embedded for passage in edit] for edit in passages_by_edit]
        texts = list(dict.fromkeys(text for edit in texts_by_edit for text in edit))
        row_of = {text: row for row, text in enumerate(texts)}
        self._rows = [
            np.array([row_of[text] for text in edit], dtype=np.int64) for edit in texts_by_edit
        ]
        self.vectors = model.space.move_passages(model.encoder.encode(texts))
        self.words = offers.lexicon.words_of(texts)
        own_content = offers.content[offers.own]
        self._similarity, nearest = nearest_rows(self.vectors, own_content, _COPY_NEIGHBORS)
        self._near = offers.own[nearest]

    def new_rows(self, number: int, removed: Rows) -> Rows:
        """Return the texts of an edit that copy no passage that stays: a copy says nothing new."""
        rows: Rows = self._rows[number]
        # A text may repeat a passage that the edit itself removes: that is a rewrite, not a copy.
        similarity = np.where(np.isin(self._near[rows], removed), -1.0, self._similarity[rows])
        return np.asarray(
            rows[similarity.max(axis=1, initial=-1.0) < COPY_SIMILARITY], dtype=np.int64
        )


@dataclass(frozen=True)
class QueryWeights:
    """How much each of n queries counts.

    `demand` (n,) is how often it is asked; `members` are the rows of each gap's queries;
    `row_of_query` gives the row of a query's id.

    `room` (n,) is how much its share of answers that cite the site may rise.
    """

    demand: Floats
    members: Mapping[str, Rows]
    row_of_query: "pd.Index[str]"
    room: Floats

    def of_gap(self, candidate: Candidate, rows: Rows) -> Floats:
        """Return the demand of some queries, with what they stand for, shape (len(rows),).

        Queries that the draft was written from count nothing, the others of the gap so much more
        that all of its demand is there; a gap without others is scored on itself, at half its
        worth.
        """
        in_gap = self.members.get(candidate.cluster_id, np.zeros(0, np.int64))
        others = np.setdiff1d(
            in_gap, self.row_of_query.get_indexer(pd.Index(candidate.drafted_from))
        )
        if not len(others):
            return self.demand[rows] * np.where(np.isin(rows, in_gap), ALONE_WEIGHT, 1.0)
        scale = np.where(
            np.isin(rows, others),
            self.demand[in_gap].sum() / self.demand[others].sum(),
            0.0,
        )
        return self.demand[rows] * np.where(np.isin(rows, in_gap), scale, 1.0)


def citation_gains(  # noqa: PLR0913 (a fitted model, what it is applied to, and the edits)
    choice: ChoiceModel,
    offers: Offers,
    weights: QueryWeights,
    model: SiteModel,
    candidates: Sequence[Candidate],
    effects: Effects,
) -> Floats:
    """Return by how much each edit alone raises answers that cite your site, shape (n edits,)."""
    constant = float(choice.constants[0])
    others = choice.utility(offers.features[:, 1:], choice.constants[1:])
    # An edit does not change what competitors offer, so their utilities are added up only once.
    rivals = np.logaddexp.reduce(others, axis=1)[:, None]
    before = choice.cited_probability(offers.features[:, 0], rivals, constant)
    drafts = Drafts(candidates, model, offers)
    gain = np.zeros(len(candidates))
    rows_of = weights.row_of_query.get_indexer(pd.Index(effects["query_id"]))
    probability = effects["answer_probability"].to_numpy(np.float64)
    touched = effects.reset_index(drop=True).groupby("edit_id").indices
    for number, candidate in enumerate(candidates):
        if edit_id(number) not in touched:
            continue
        rows = rows_of[touched[edit_id(number)]]
        removed = offers.rows_of(candidate.removed)
        new = drafts.new_rows(number, removed)
        recall = np.asarray(
            (offers.lexicon.queries[rows] @ drafts.words[new].T).todense(),
            dtype=np.float32,
        )
        features = offers.after(rows, removed, drafts.vectors[new], recall)
        rise = np.minimum(
            choice.cited_probability(features, rivals[rows], constant) - before[rows],
            weights.room[rows],
        )
        gain[number] = (
            weights.of_gap(candidate, rows) * probability[touched[edit_id(number)]]
        ) @ rise
    return gain


def doubt_of(choice: ChoiceModel) -> str:
    """Return why the model's predictions of edits are not worth showing, empty where they are."""
    if np.isnan(choice.auc):
        return "no site is cited for three questions and not for three others"
    if choice.low <= _CHANCE_AUC:
        found = f"held-out AUC {choice.auc:.2f} [{choice.low:.2f}, {choice.high:.2f}]"
        return f"it tells no better than chance who is cited: {found}, {choice.n_choices} choices"
    if not choice.weights[:2].any():
        return (
            f"the site's subject alone tells who is cited (held-out AUC {choice.auc:.2f}), "
            "and an edit does not change it"
        )
    return ""


def _without(reason: str) -> CitationGain:
    return CitationGain(None, None, reason)
