"""Hide-and-seek: hide random parts of the site, so that some queries become known gaps.

A query becomes a known gap if its nearest own passage is hidden. The evidence of these queries, and
of the queries whose passage is still there, is the labelled sample to which coverage is fitted.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats
from coverage_kit.tables import Clusters

# Share of pages, passages or topics that a round hides (docs/method.md, calibration). Assumed.
HIDDEN_SHARE = 0.25
# More queries than this are sampled, so that very long logs take no longer. Assumed.
_MAX_CALIBRATION_QUERIES = 2000


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
    says whether the round hid whole pages, or single passages.
    """

    features: Floats
    query_rows: npt.NDArray[np.int64]
    is_hidden: Flags
    is_page: Flags


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
        rounds.append(_play_round(scorer, hidden, query_rows, hidden[best_rows], is_page))
    return join_evidence(rounds)


def mask_topics(
    scorer: EvidenceScorer, clusters: Clusters, is_cited: Flags, plan: MaskingPlan
) -> LabelledEvidence:
    """Return the evidence of the cited queries in rounds that hide the pages of random topics.

    A topic is a cluster with cited queries; the pages nearest to these queries are hidden. Cited
    queries of other topics whose nearest page is hidden too sit the round out, because it is not
    known whether another page answers them.
    """
    rng = np.random.default_rng(plan.seed)
    page_of = scorer.page_rows
    best_rows = scorer.best_rows()
    cluster_ids = clusters.set_index("query_id")["cluster_id"].reindex(scorer.query_ids)
    topic_of = pd.factorize(cluster_ids)[0]
    topics = np.unique(topic_of[is_cited])
    cited_rows = _sample_queries(np.flatnonzero(is_cited), rng)
    rounds = []
    for _ in range(plan.calibration_rounds):
        n_hidden = max(1, round(len(topics) * HIDDEN_SHARE))
        is_drawn = np.isin(topic_of, rng.choice(topics, n_hidden, replace=False))
        hidden = np.isin(page_of, page_of[best_rows[is_drawn & is_cited]])
        playing = cited_rows[is_drawn[cited_rows] | ~hidden[best_rows[cited_rows]]]
        rounds.append(_play_round(scorer, hidden, playing, is_drawn, is_page=True))
    return join_evidence(rounds)


def join_evidence(samples: list[LabelledEvidence]) -> LabelledEvidence:
    """Return the rows of all samples, one sample after the other."""
    return LabelledEvidence(
        features=np.concatenate([sample.features for sample in samples]),
        query_rows=np.concatenate([sample.query_rows for sample in samples]),
        is_hidden=np.concatenate([sample.is_hidden for sample in samples]),
        is_page=np.concatenate([sample.is_page for sample in samples]),
    )


def _sample_queries(rows: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return at most _MAX_CALIBRATION_QUERIES of the rows, drawn at random."""
    if len(rows) <= _MAX_CALIBRATION_QUERIES:
        return rows
    return np.sort(rng.choice(rows, _MAX_CALIBRATION_QUERIES, replace=False))


def _play_round(
    scorer: EvidenceScorer,
    hidden: Flags,
    playing: npt.NDArray[np.int64],
    is_hidden: Flags,
    is_page: bool,
) -> LabelledEvidence:
    """Return the labelled evidence of a round; it has no rows if every passage is hidden.

    Args:
        scorer: evidence of the site.
        hidden: the passages that are hidden, shape (n passages,).
        playing: rows of the queries that take part.
        is_hidden: whether each query is a known gap in this round, shape (n queries,).
        is_page: whether whole pages are hidden.
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
        is_page=np.full(len(playing), is_page),
    )
