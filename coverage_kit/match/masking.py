"""Hide-and-seek: parts of the own site are hidden by chance, and queries whose nearest passage went become known gaps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats
from coverage_kit.tables import Clusters

HIDDEN_SHARE = 0.25
_MAX_CALIBRATION_QUERIES = 2000


@dataclass(frozen=True)
class Plan:
    """How much of hide-and-seek is played: rounds, refits for the interval, and the seed.

    `unanswered_share` is the share of the log's queries that somebody found unanswered by reading a
    sample, 0 where nobody did.
    """

    calibration_rounds: int = 12
    bootstraps: int = 60
    seed: int = 0
    unanswered_share: float = 0.0


@dataclass(frozen=True)
class Rounds:
    """The rounds of hide-and-seek: evidence (r, f), query row (r,), whether that query's nearest passage was hidden.

    `is_page` (r,) says whether whole pages were hidden in that round, or single passages.
    """

    features: Floats
    query_rows: npt.NDArray[np.int64]
    is_hidden: Flags
    is_page: Flags


def hide_places(scorer: EvidenceScorer, plan: Plan) -> Rounds:
    """Return the evidence of every query in rounds that hide own pages (even rounds) or passages (odd rounds) by chance."""
    rng = np.random.default_rng(plan.seed)
    places = (scorer.page_rows, np.arange(len(scorer.passages)))
    chosen = _some_queries(np.arange(len(scorer.query_ids)), rng)
    parts = []
    for number in range(plan.calibration_rounds):
        place = places[number % 2]
        candidates = np.unique(place[scorer.best_rows()])
        hide = np.isin(
            place,
            rng.choice(
                candidates,
                max(1, round(len(candidates) * HIDDEN_SHARE)),
                replace=False,
            ),
        )
        parts.append(
            _round(
                scorer,
                hide,
                chosen,
                hide[scorer.best_rows()],
                is_page=number % 2 == 0,
            )
        )
    return join_rounds(parts)


def hide_topics(scorer: EvidenceScorer, clusters: Clusters, known: Flags, plan: Plan) -> Rounds:
    """Return the evidence of the known covered queries in rounds that hide the pages nearest to some clusters of them.

    Queries of other clusters whose nearest page is hidden along with these sit the round out:
    nobody knows what became of them.
    """
    rng = np.random.default_rng(plan.seed)
    page = scorer.page_rows
    best = scorer.best_rows()
    topic = pd.factorize(clusters.set_index("query_id")["cluster_id"].reindex(scorer.query_ids))[0]
    topics = np.unique(topic[known])
    chosen = _some_queries(np.flatnonzero(known), rng)
    parts = []
    for _ in range(plan.calibration_rounds):
        drawn = np.isin(
            topic,
            rng.choice(topics, max(1, round(len(topics) * HIDDEN_SHARE)), replace=False),
        )
        hide = np.isin(page, page[best[drawn & known]])
        playing = chosen[drawn[chosen] | ~hide[best[chosen]]]
        parts.append(_round(scorer, hide, playing, drawn, is_page=True))
    return join_rounds(parts)


def join_rounds(parts: list[Rounds]) -> Rounds:
    """Return the rounds of all parts, one after the other."""
    names = ("features", "query_rows", "is_hidden", "is_page")
    return Rounds(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _some_queries(rows: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return at most _MAX_CALIBRATION_QUERIES of the rows, drawn by chance."""
    if len(rows) <= _MAX_CALIBRATION_QUERIES:
        return rows
    return np.sort(rng.choice(rows, _MAX_CALIBRATION_QUERIES, replace=False))


def _round(
    scorer: EvidenceScorer,
    hide: Flags,
    playing: npt.NDArray[np.int64],
    is_hidden: Flags,
    is_page: bool,
) -> Rounds:
    """Return one round; an empty one where nothing is left to find."""
    playing = playing[:0] if hide.all() else playing
    features = scorer.features(hide)[playing] if len(playing) else np.zeros((0, len(scorer.names)))
    return Rounds(features, playing, is_hidden[playing], np.full(len(playing), is_page))
