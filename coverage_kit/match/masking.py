"""Hide-and-seek: hide random parts of the site, so that some queries become known gaps.

A query becomes a known gap if its nearest own passage is hidden. The evidence of these queries, and
of the queries whose passage is still there, is the labelled sample to which coverage is fitted.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.tables import Clusters

# Share of pages, passages or topics that a round hides (docs/method.md, calibration). Assumed.
HIDDEN_SHARE = 0.25
# The best passages of each query that are hidden with its topic. Assumed.
_TOPIC_PASSAGES = 3
# More queries than this are sampled, so that very long logs take no longer. Assumed.
_MAX_CALIBRATION_QUERIES = 2000
# As likely nearer as not: what an engine cites the site for is no farther than what people ask.
_AS_NEAR = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MaskingPlan:
    """How much hide-and-seek is played: rounds, refits for the interval, and the seed.

    `unanswered_share` is the share of the log's queries that a person found unanswered by reading a
    sample; 0 where nobody has read a sample.
    """

    calibration_rounds: int = 12
    bootstraps: int = 60
    seed: int = 0
    unanswered_share: float = 0.0


@dataclass(frozen=True)
class LabelledEvidence:
    """Evidence of queries in rounds of hide-and-seek, with the labels that the rounds give them.

    There is a row for each query of each round: its evidence `features` (r, f), the query's row
    `query_rows` (r,), and `is_hidden` (r,): whether its nearest passage was hidden. `is_page` (r,)
    says whether the round hid whole pages, or single passages; `round_numbers` (r,) count rounds.
    """

    features: Floats
    query_rows: Rows
    is_hidden: Flags
    is_page: Flags
    round_numbers: Rows


@dataclass(frozen=True)
class CitedPages:
    """Which queries have answers that cite which of your pages.

    `is_cited` (n queries,) says which queries have one, `is_logged` (n queries,) which have an
    answer with any citation. `query_rows` and `page_ids`, both of length m, are the citations of
    pages that the site has. `is_reported` (n queries,) says for which queries an engine reports to
    have cited the site, without the answers and without the pages. `is_asked` (n queries,) says
    which the log asks; the others come from a report alone, and say nothing of the share of the
    log that is answered.
    """

    is_cited: Flags
    is_logged: Flags
    query_rows: Rows
    page_ids: tuple[str, ...]
    is_reported: Flags
    is_asked: Flags

    @property
    def is_covered(self) -> Flags:
        """Which queries are known to be covered, by the log or by a report, (n queries,)."""
        return np.asarray(self.is_cited | self.is_reported, dtype=bool)

    def with_reported(self, scorer: EvidenceScorer) -> "CitedPages":
        """Return these citations with those that are reported, of the query's nearest own page."""
        rows = np.flatnonzero(self.is_reported & ~self.is_cited)
        pages = scorer.passages["page_id"].iloc[scorer.best_rows()[rows]]
        return replace(
            self,
            is_cited=self.is_covered,
            query_rows=np.concatenate([self.query_rows, rows]),
            page_ids=(*self.page_ids, *pages),
        )

    def without_far_report(self, scorer: EvidenceScorer) -> "CitedPages":
        """Return these citations without the report where the site is far from its queries.

        A report is believed where the site is as near to its queries as to those that the log asks.
        The report of another site, or of queries that no page answers, would teach that everything
        is answered.
        """
        nearest = scorer.features()[:, scorer.names.index("own_best")]
        reported, asked = nearest[self.is_reported], nearest[self.is_asked]
        if not len(reported) or not len(asked):
            return self
        # How often a reported query is nearer than one that is asked.
        auc = mannwhitneyu(reported, asked).statistic / (len(reported) * len(asked))
        if auc >= _AS_NEAR:
            return self
        logger.warning(
            "the engine's report of citations is not used: your site is farther from its %d "
            "searches than from the log's questions (it is nearer in %.0f%% of pairs). Check that "
            "the report is of this site",
            len(reported),
            100 * auc,
        )
        return replace(self, is_reported=np.zeros_like(self.is_reported))


def number_topics(scorer: EvidenceScorer, clusters: Clusters) -> Rows:
    """Return the number of each query's cluster, from 0, shape (n queries,).

    A query without a cluster is a topic of its own.
    """
    cluster_ids = clusters.set_index("query_id")["cluster_id"].reindex(scorer.query_ids)
    ids = np.where(cluster_ids.isna(), "query " + pd.Series(scorer.query_ids), cluster_ids)
    return np.asarray(pd.factorize(ids)[0], dtype=np.int64)


def mask_pages_and_passages(scorer: EvidenceScorer, plan: MaskingPlan) -> LabelledEvidence:
    """Return the evidence of every query in rounds that hide random parts of the site.

    Even rounds hide own pages, odd rounds hide own passages.
    """
    rng = np.random.default_rng(plan.seed)
    query_rows = _sample_queries(np.arange(len(scorer.query_ids)), rng)
    best_rows = scorer.best_rows()
    rounds = []
    for number in range(plan.calibration_rounds):
        is_page = number % 2 == 0
        unit_of = scorer.page_rows if is_page else np.arange(len(scorer.passages))
        candidates = np.unique(unit_of[best_rows])
        n_hidden = max(1, round(len(candidates) * HIDDEN_SHARE))
        hidden = np.isin(unit_of, rng.choice(candidates, n_hidden, replace=False))
        rounds.append(_play_round(scorer, hidden, query_rows, hidden[best_rows], number))
    return join_evidence(rounds)


def mask_topics(scorer: EvidenceScorer, topic_of: Rows, plan: MaskingPlan) -> LabelledEvidence:
    """Return the evidence of every query in rounds that hide random topics whole.

    A topic's three best passages of each of its queries are hidden. Queries of other topics whose
    best passage is hidden too sit the round out.

    Args:
        scorer: evidence of the site.
        topic_of: the number of each query's topic, shape (n queries,).
        plan: rounds and seed.
    """
    rng = np.random.default_rng(plan.seed)
    query_rows = _sample_queries(np.arange(len(scorer.query_ids)), rng)
    best_rows = scorer.best_rows()
    topics = np.unique(topic_of)
    rounds = []
    for number in range(plan.calibration_rounds):
        is_drawn = np.isin(topic_of, _draw_share(topics, rng))
        hidden = np.zeros(len(scorer.passages), dtype=bool)
        hidden[scorer.fused_rows[is_drawn, :_TOPIC_PASSAGES]] = True
        playing = query_rows[is_drawn[query_rows] | ~hidden[best_rows[query_rows]]]
        rounds.append(_play_round(scorer, hidden, playing, is_drawn, 2 * number))
    return join_evidence(rounds)


def mask_cited_topics(
    scorer: EvidenceScorer, topic_of: Rows, cited: CitedPages, plan: MaskingPlan
) -> LabelledEvidence:
    """Return the evidence of the cited queries in rounds that hide the pages of random topics.

    A topic is a cluster with cited queries; the pages that answers to these queries cite are
    hidden. Cited queries of other topics with such a page sit the round out, because it is not
    known whether another page answers them.

    Args:
        scorer: evidence of the site.
        topic_of: the number of each query's topic, shape (n queries,).
        cited: which queries are cited, and with which pages.
        plan: rounds and seed.
    """
    rng = np.random.default_rng(plan.seed)
    page_ids = scorer.passages["page_id"]
    topics = np.unique(topic_of[cited.is_cited])
    cited_rows = _sample_queries(np.flatnonzero(cited.is_cited), rng)
    cited_pages = np.array(cited.page_ids, dtype=object)
    rounds = []
    for number in range(plan.calibration_rounds):
        is_drawn = np.isin(topic_of, _draw_share(topics, rng))
        pages = cited_pages[is_drawn[cited.query_rows]]
        hidden = page_ids.isin(pages).to_numpy(dtype=bool)
        is_touched = np.zeros(len(topic_of), dtype=bool)
        is_touched[cited.query_rows[np.isin(cited_pages, pages)]] = True
        playing = cited_rows[is_drawn[cited_rows] | ~is_touched[cited_rows]]
        rounds.append(_play_round(scorer, hidden, playing, is_drawn, 2 * number))
    return join_evidence(rounds)


def _draw_share(topics: Rows, rng: np.random.Generator) -> Rows:
    """Return a random HIDDEN_SHARE of the topics, at least one."""
    n_hidden = max(1, round(len(topics) * HIDDEN_SHARE))
    return np.asarray(rng.choice(topics, n_hidden, replace=False), dtype=np.int64)


def join_evidence(samples: list[LabelledEvidence]) -> LabelledEvidence:
    """Return the rows of all samples, one sample after the other."""
    return LabelledEvidence(
        features=np.concatenate([sample.features for sample in samples]),
        query_rows=np.concatenate([sample.query_rows for sample in samples]),
        is_hidden=np.concatenate([sample.is_hidden for sample in samples]),
        is_page=np.concatenate([sample.is_page for sample in samples]),
        round_numbers=np.concatenate([sample.round_numbers for sample in samples]),
    )


def _sample_queries(rows: Rows, rng: np.random.Generator) -> Rows:
    """Return at most _MAX_CALIBRATION_QUERIES of the rows, drawn at random."""
    if len(rows) <= _MAX_CALIBRATION_QUERIES:
        return rows
    return np.sort(rng.choice(rows, _MAX_CALIBRATION_QUERIES, replace=False))


def _play_round(
    scorer: EvidenceScorer,
    hidden: Flags,
    playing: Rows,
    is_hidden: Flags,
    number: int,
) -> LabelledEvidence:
    """Return the labelled evidence of a round; it has no rows if every passage is hidden.

    Args:
        scorer: evidence of the site.
        hidden: the passages that are hidden, shape (n passages,).
        playing: rows of the queries that take part.
        is_hidden: whether each query is a known gap in this round, shape (n queries,).
        number: number of the round; even rounds hide whole pages.
    """
    playing = playing[:0] if hidden.all() else playing
    if len(playing):
        features = scorer.features(hidden)[playing]
    else:
        features = np.zeros((0, len(scorer.names)))
    return LabelledEvidence(
        features=features,
        query_rows=playing,
        is_hidden=is_hidden[playing],
        is_page=np.full(len(playing), number % 2 == 0),
        round_numbers=np.full(len(playing), number),
    )
