"""How many more answers would cite your site: the log's choice model, applied to edits.

The model (`rank/choice.py`) is fitted on whom the log's answers cite. It reads how near each site's
passages come to the question, in words and in meaning. A second model (`rank/citation_rate.py`)
turns its odds into the share of answers that cite your site, and tests on held-out questions
whether they add anything to the record of your site. Where they do not, no gain is shown. An edit
changes what your site offers; its record and the competitors stay.

It predicts the models, not any answer engine: they know texts and how often each site is cited, not
whether a text is true, liked or linked to. Where competitors' pages were read only because answers
cite them, their nearest passage is nearer than that of a site that was read whole. Then the weight
of being near, and every gain, comes out too large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from coverage_kit.contracts import ANSWERED_SHARE
from coverage_kit.match.model import SiteModel
from coverage_kit.pipeline.site_offers import Drafts, Offers
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.choice import (
    MIN_CHOICES,
    ChoiceModel,
    Choices,
    fit_choice,
    fit_weights,
)
from coverage_kit.rank.citation_rate import (
    MIN_TOPICS,
    RateTest,
    SiteAnswers,
    draw_rates,
    evaluate_rate,
)
from coverage_kit.rank.edits import edit_id
from coverage_kit.rank.offers import CONTENT_FEATURES, site_record
from coverage_kit.tables import Clusters, Effects, LogTables, Passages
from coverage_kit.vectors import Embeddings, Vectors, on_one_thread

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Sites beyond the most cited ones count as "elsewhere": their features only cost memory (assumed).
MAX_SITES = 200
# A held-out AUC whose interval reaches down to this shows no skill.
_CHANCE_AUC = 0.5
# Draws of the interval of a gain (assumed).
_DRAWS = 200
# The choice model is fitted again for fewer draws where the log is large, for time: for about this
# many features of a query and a site in all, but for so many draws at least (assumed).
_REFIT_CELLS = 4_000_000
_MIN_REFITS = 20
# Keeps probabilities from 0 and 1, whose log odds are infinite.
_MIN_PROBABILITY = 1e-6
# Citations are said per so many answers.
_PER_ANSWERS = 100


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
        gains: by each edit alone, in citations per 100 answers to the questions that it is for,
            with the ends of the 90% interval, shape (n edits, 3); None where nothing may be shown.
        choice_model: features, weights (of the standardised features), auc, low, high, n_choices;
            of the share of answers that cite your site, n_topics, over_record and over_rate (value,
            low, high), slope, ece and bins (predicted, cited, n_answers) on held-out questions;
            None where nothing may be shown.
        reason: why nothing may be shown; None where something is.
    """

    gains: Floats | None
    choice_model: dict[str, Any] | None
    reason: str | None

    def columns(self, n_edits: int) -> dict[str, Floats]:
        """Return the columns of table `edits`; all missing where nothing may be shown."""
        gains = np.full((n_edits, 3), np.nan) if self.gains is None else self.gains
        names = ("citation_gain", "citation_low", "citation_high")
        return dict(zip(names, gains.T, strict=True))


def predict_citations(
    inputs: CitationInputs,
    model: SiteModel,
    candidates: Sequence[Candidate],
    effects: Effects,
    seed: int = 0,
) -> CitationGain:
    """Return how many more of 100 answers would cite your site after each edit alone.

    The answers are those to the questions of the edit's topic, by demand: the mean of answer
    probability x (share of answers that cite the site with the edit - without). Queries that the
    draft was written from count as the others of the topic do on average. No share rises by more
    than the answers that do not cite the site yet. Queries whose coverage hardly moves are not in
    `effects`, so the figure is low for what is covered but not cited. Edits are not ranked by it.

    Args:
        inputs: the log, what all sites offer, and the queries' gaps.
        model: your site with its queries, encoder and space.
        candidates: the edits.
        effects: the queries that they help (`simulate_edits`).
        seed: seed of the folds and of the bootstrap.

    Nothing is shown where the log has too few citations, where the choice model does no better than
    chance (90% interval of its held-out AUC), where nothing that an edit changes has weight, or
    where what it says of your site adds nothing to the site's record by more than noise.
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
    if doubt := doubt_of_choice(choice):
        return _without(doubt)
    row_of_query = pd.Index(log.queries["query_id"])
    topic_of = inputs.clusters.set_index("query_id")["cluster_id"].reindex(row_of_query)
    # A query without a topic is one by itself.
    topic_of = topic_of.fillna(pd.Series(row_of_query, index=row_of_query))
    topic = np.asarray(pd.factorize(topic_of)[0], dtype=np.int64)
    answers = site_answers(choices, choice, offers.expanded, topic)
    test = evaluate_rate(answers, seed)
    if doubt := doubt_of_rate(test):
        return _without(doubt)
    members = {
        str(name): row_of_query.get_indexer(pd.Index(ids))
        for name, ids in inputs.clusters.groupby("cluster_id")["query_id"]
    }
    demand = np.asarray(demand_weights(log.queries), dtype=np.float64)
    weights = QueryWeights(demand, members, row_of_query, counts.room)
    draws = draw_citations(choices, choice, answers, offers.expanded, seed)
    gains = citation_gains(draws, offers, weights, model, candidates, effects, seed)
    return CitationGain(gains, _describe_model(choice, test), None)


def _describe_model(choice: ChoiceModel, test: RateTest) -> dict[str, Any]:
    """Return the models as plain values."""
    return {
        "features": list(choice.names),
        "weights": [float(weight) for weight in choice.weights],
        "auc": float(choice.auc),
        "low": float(choice.low),
        "high": float(choice.high),
        "n_choices": choice.n_choices,
        "n_topics": test.n_topics,
        "over_record": asdict(test.over_record),
        "over_rate": asdict(test.over_rate),
        "slope": test.slope,
        "ece": test.ece,
        "bins": [asdict(cell) for cell in test.bins],
    }


def doubt_of_choice(choice: ChoiceModel) -> str:
    """Return why the choice model's predictions are not worth showing, empty where they are."""
    if np.isnan(choice.auc):
        return "no site is cited for three questions and not for three others"
    if choice.low <= _CHANCE_AUC:
        found = f"held-out AUC {choice.auc:.2f} [{choice.low:.2f}, {choice.high:.2f}]"
        return (
            f"it predicts no better than chance who is cited: {found}, {choice.n_choices} choices"
        )
    if not choice.weights[:2].any():
        return (
            f"the site's subject alone predicts who is cited (held-out AUC {choice.auc:.2f}), "
            "and an edit does not change it"
        )
    return ""


def doubt_of_rate(test: RateTest) -> str:
    """Return why no share of answers that cite your site is shown, empty where one is."""
    if test.is_better:
        return ""
    if test.n_topics < MIN_TOPICS:
        return f"answers cite your site in {test.n_topics} of the topics, {MIN_TOPICS} are needed"
    is_record = test.over_record.low <= 0
    better = test.over_record if is_record else test.over_rate
    known = "your site's citations on near questions" if is_record else "your site's citation rate"
    return (
        f"what the pages say adds nothing to {known} by more than noise (log loss of an answer "
        f"lower by {better.value:.3f} [{better.low:.3f}, {better.high:.3f}] on held-out questions)"
    )


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


@dataclass(frozen=True)
class QueryWeights:
    """How much each of n queries counts.

    `demand` (n,) is how often it is asked; `members` are the rows of each topic's queries;
    `row_of_query` gives the row of a query's id; `room` (n,) is how much its share of answers that
    cite the site may rise.
    """

    demand: Floats
    members: Mapping[str, Rows]
    row_of_query: "pd.Index[str]"
    room: Floats

    def of_edit(self, candidate: Candidate, touched: Rows) -> tuple[Rows, float]:
        """Return the queries whose mean rise is the gain, and how much the mean counts.

        These are the queries that the edit is for; those of its topic, or those that it touches,
        where it names none. The text of an answer is written from the log's own answers, so that
        it counts at `ANSWERED_SHARE`.
        """
        asked = self.row_of_query.get_indexer(pd.Index(candidate.drafted_from))
        rows = asked if len(asked) else self.members.get(candidate.cluster_id, touched)
        return np.asarray(rows, dtype=np.int64), ANSWERED_SHARE if candidate.is_answer else 1.0


@dataclass(frozen=True)
class CitationDraws:
    """Fits of both models: the first row is the estimate, the others are bootstrap draws.

    `steps` (r, f) is by how much the log odds that an answer cites your site rise with each
    feature; `log_odds` (r, n) are those of each query as the site is.
    """

    steps: Floats
    log_odds: Floats


def site_answers(
    choices: Choices, choice: ChoiceModel, expanded: Vectors, topic: Rows, site: int = 0
) -> SiteAnswers:
    """Return the answers of a log as one of its sites sees them, with held-out predictions."""
    cited = choices.cited[:, site]
    bounded = np.clip(choice.held_out[:, site], _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
    return SiteAnswers(
        cited=cited,
        n_answers=choices.n_answers,
        content=np.log(bounded / (1 - bounded)),
        record=site_record(expanded, cited, choices.n_answers, choice.fold),
        fold=choice.fold,
        topic=topic,
    )


@on_one_thread
def draw_citations(
    choices: Choices, choice: ChoiceModel, answers: SiteAnswers, expanded: Vectors, seed: int = 0
) -> CitationDraws:
    """Return the fits of your site's citations, with a Bayesian bootstrap over topics.

    Each draw weighs the topics by exponential weights and fits both models again (Rubin 1981). In a
    large log the choice model is fitted again for some draws, and the others share these fits.
    """
    n, n_topics = len(answers.cited), int(answers.topic.max()) + 1
    drawn = np.random.default_rng(seed).exponential(size=(_DRAWS, n_topics))
    weights = np.vstack([np.ones(n), drawn[:, answers.topic]])
    rates = draw_rates(answers, weights)
    n_refits = int(np.clip(_REFIT_CELLS // choices.features.size, _MIN_REFITS, _DRAWS))
    fits = [choice] + [
        fit_weights(choices.weighted(row), start=choice) for row in weights[1 : n_refits + 1]
    ]
    # The estimate has a fit of its own; the draws take turns with the others.
    fit_of = np.r_[0, 1 + np.arange(_DRAWS) % n_refits]
    content = np.stack([fit.log_odds(choices) for fit in fits])[fit_of]
    slopes = np.stack([fit.weights / fit.scale for fit in fits])[fit_of]
    # Here only the query itself is held out: the record of its topic is known.
    record = site_record(expanded, answers.cited, answers.n_answers, np.arange(n))
    return CitationDraws(
        steps=rates[:, 1:2] * slopes,
        log_odds=rates[:, :1] + rates[:, 1:2] * content + rates[:, 2:] * record,
    )


def citation_gains(  # noqa: PLR0913 (fitted models, what they are applied to, and the edits)
    draws: CitationDraws,
    offers: Offers,
    weights: QueryWeights,
    model: SiteModel,
    candidates: Sequence[Candidate],
    effects: Effects,
    seed: int = 0,
) -> Floats:
    """Return the rise of citations per 100 answers by each edit alone, shape (n edits, 3).

    The estimate comes first, then the ends of its 90% interval: models and queries are drawn
    together.
    """
    drafts = Drafts(candidates, model, offers)
    n_draws, n = draws.log_odds.shape
    drawn = np.random.default_rng(seed).exponential(size=(n_draws, n))
    drawn[0] = 1.0
    asked = drawn * weights.demand
    gains = np.zeros((len(candidates), 3))
    rows_of = np.asarray(weights.row_of_query.get_indexer(pd.Index(effects["query_id"])))
    probability = effects["answer_probability"].to_numpy(np.float64)
    touched = effects.reset_index(drop=True).groupby("edit_id").indices
    for number, candidate in enumerate(candidates):
        changed = np.asarray(touched.get(edit_id(number), ()), dtype=np.int64)
        topic, worth = weights.of_edit(candidate, rows_of[changed])
        changed = changed[np.isin(rows_of[changed], topic)]
        if not len(changed):
            continue
        rows = rows_of[changed]
        removed = offers.rows_of(candidate.removed)
        new = drafts.new_rows(number, removed)
        recall = np.asarray(
            (offers.lexicon.queries[rows] @ drafts.words[new].T).todense(),
            dtype=np.float32,
        )
        after = offers.after(rows, removed, drafts.vectors[new], recall)
        before = draws.log_odds[:, rows]
        shift = draws.steps @ (after - offers.features[rows, 0]).T
        rise = np.minimum(expit(before + shift) - expit(before), weights.room[rows])
        total = (rise * asked[:, rows]) @ probability[changed]
        gain = worth * _PER_ANSWERS * total / asked[:, topic].sum(axis=1)
        low, high = np.quantile(gain[1:], [0.05, 0.95])
        gains[number] = gain[0], min(low, gain[0]), max(high, gain[0])
    return gains


def _without(reason: str) -> CitationGain:
    return CitationGain(None, None, reason)
