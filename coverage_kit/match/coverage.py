"""Coverage: the probability that the site answers a query, calibrated by hide-and-seek on the site.

Some of the site's pages and passages are hidden in turn. Queries whose nearest passage is hidden
become known gaps, and a logistic regression learns to separate them from the other queries
(docs/method.md, calibration). There are two cases:

- Answers in the log cite the site often enough. Queries whose answers cite it are known to be
  covered; the topics of some of them are hidden with all their pages. The unanswered share in
  the log then follows from the evidence of the whole log (Saerens et al. 2002). Where they cite it
  too seldom, an engine's report of citations (`CitedPages.is_reported`) counts as well.
- Otherwise every query takes part, and the log is a mixture of covered queries and gaps. The
  evidence says little about their shares. So the estimate depends on a prior, and the interval
  shows how little is known.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta, norm, t

from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.logistic import fit_logistic
from coverage_kit.match.masking import (
    CitedPages,
    LabelledEvidence,
    MaskingPlan,
    mask_cited_topics,
    mask_pages_and_passages,
    mask_topics,
    number_topics,
)
from coverage_kit.match.neighborhood import Floats
from coverage_kit.match.recalibration import Recalibration
from coverage_kit.match.self_test import (
    SelfTest,
    SelfTestInputs,
    bootstrap_counts,
    has_both,
    run_self_test,
)
from coverage_kit.tables import Clusters, Coverage, checked
from coverage_kit.vectors import on_one_thread

DEFAULT_CALIBRATION = Path(__file__).parent / "default_calibration.json"
# With fewer queries, hide-and-seek cannot be played. Assumed.
MIN_QUERIES = 12
# On a site of fewer passages, what is hidden leaves nothing that is nearly as near, so that every
# question seems answered: a page of two passages was said to answer 99% of them. Assumed.
MIN_PASSAGES = 12
# With fewer queries that are known to be covered, they are not used as such. Assumed.
MIN_CITED = 40
# Answer engines' citations support what they are cited for in 74.5% of cases (Liu, Zhang and Liang
# 2023).
CITATION_ODDS = 0.745 / (1 - 0.745)
# At most this share of the covered questions is taken to be cited. Then an answer that does not
# cite the site divides the odds by 7. Assumed.
_MAX_CITED_SHARE = 0.9
# Where the passages on a question's subject do not state what it asks for, its coverage falls to
# this share. Assumed: under one half, as more such questions are gaps than are false alarms
# (docs/method.md, related is not answered).
UNSTATED_SHARE = 0.4
# Shares of gaps in the log that are considered.
_SHARES = np.linspace(0.01, 0.95, 48)


@dataclass(frozen=True)
class ShareBelief:
    """What is believed of the unanswered share before and beside the scores.

    `prior` are the parameters of its beta distribution; `trust` is what the likelihood of the
    mixture counts, as scores are only roughly normal.
    """

    prior: tuple[float, float]
    trust: float


# For the estimate: one gap in six. Measured: the mean calibration error is .098, and .136 with the
# full likelihood (docs/method.md, what did not help).
_ESTIMATE = ShareBelief((2.0, 10.0), 0.1)
# For the interval: 25% gaps, 90% between 2% and 63%. Chosen so that intervals hold the truth on
# small logs as well (docs/method.md, checks).
_INTERVAL = ShareBelief((1.0, 3.0), 0.03)
# Bins in which scores are counted, so that the mixture of a long log is fitted as fast.
_BINS = 1000


@dataclass(frozen=True)
class Calibration:
    """Fitted functions from evidence to coverage: the estimate first, then its bootstrap refits.

    `names` are the features; `mean` and `scale` (features,) standardise them. `weights` has shape
    (1 + bootstraps, 1 + features), intercept first; `unanswered_share` (1 + bootstraps,).
    `is_anchored` says that citations of the site showed which queries are covered. `recalibration`
    is what people's checks changed.
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    unanswered_share: Floats
    self_test: SelfTest | None
    is_anchored: bool = False
    recalibration: Recalibration | None = None

    def coverage(
        self,
        features: Floats,
        citation_odds: Floats | None = None,
        stated: Floats | None = None,
    ) -> Floats:
        """Return coverage under the estimate and every refit, (1 + bootstraps, n queries).

        Args:
            features: evidence, shape (n queries, f).
            citation_odds: by what the log's citations multiply the odds of being covered, shape
                (n queries,); see `weigh_citations`.
            stated: 1 where a passage on a query's subject states what the query asks for, 0 where
                none does, nan where nothing is known, shape (n queries,). Where it is 0, coverage
                is multiplied by UNSTATED_SHARE.
        """
        inputs = _standardise(features, self.mean, self.scale)
        odds = np.exp(-np.clip(inputs @ self.weights.T, -30, 30)).T
        rule = _covered_by_posterior if self.is_anchored else _covered_by_ratio
        covered = rule(odds, self.unanswered_share[:, None])
        covered = _lower_unstated(covered, stated)
        if citation_odds is None:
            return self.recalibration.move(covered) if self.recalibration else covered
        covered = citation_odds * covered / (citation_odds * covered + 1 - covered)
        if self.recalibration is None:
            return np.asarray(covered, dtype=np.float64)
        return self.recalibration.move(covered, citation_odds > 1)

    def even_coverage(
        self,
        features: Floats,
        citation_odds: Floats | None = None,
        stated: Floats | None = None,
    ) -> Floats:
        """Return coverage if half of the log's questions were unanswered, shape (n queries,).

        It is what the evidence says alone: it does not depend on the share that is assumed. With
        checks the share is measured, and this is the coverage.
        """
        if self.recalibration:
            return np.asarray(self.coverage(features, citation_odds, stated)[0], dtype=np.float64)
        scores = _standardise(features, self.mean, self.scale) @ self.weights[0]
        covered = _lower_unstated(1 / (1 + _odds_of_hidden(scores)), stated)
        odds = 1.0 if citation_odds is None else citation_odds
        return np.asarray(odds * covered / (odds * covered + 1 - covered), dtype=np.float64)


def _lower_unstated(covered: Floats, stated: Floats | None) -> Floats:
    """Return coverage, lower where no passage on the subject states what is asked for."""
    return covered if stated is None else np.where(stated == 0, UNSTATED_SHARE * covered, covered)


def weigh_citations(cited: CitedPages, unanswered_share: float) -> Floats:
    """Return by what citations multiply each question's odds of being covered, shape (n queries,).

    A question with an answer that cites the site is CITATION_ODDS times as likely to be covered.
    So a question whose answers cite other pages is less likely to be: by how much follows from
    Bayes' rule and the share of cited questions. Where few are cited, it is next to nothing. A
    question without a logged citation keeps its odds. That an engine reports to have cited the site
    counts as a citation; that it reports nothing counts for nothing, as reports are samples.

    Args:
        cited: which questions have answers that cite the site, and which have any citation.
        unanswered_share: the share of questions that the site does not answer.
    """
    odds = np.ones(len(cited.is_cited))
    if not cited.is_logged.any():
        odds[cited.is_reported] = CITATION_ODDS
        return odds
    cited_share = float(cited.is_cited[cited.is_logged].mean())
    # P(cited) = P(cited | covered) (1 - share) + P(cited | gap) share, and the two probabilities
    # are CITATION_ODDS apart.
    of_covered = cited_share / (1 - unanswered_share + unanswered_share / CITATION_ODDS)
    of_covered = min(of_covered, _MAX_CITED_SHARE)
    odds[cited.is_logged] = (1 - of_covered) / (1 - of_covered / CITATION_ODDS)
    odds[cited.is_covered] = CITATION_ODDS
    return odds


@on_one_thread
def fit_calibration(
    scorer: EvidenceScorer,
    clusters: Clusters,
    cited: CitedPages | None = None,
    plan: MaskingPlan | None = None,
) -> Calibration:
    """Return the calibration of evidence, fitted by hide-and-seek on the scorer's site.

    With fewer than MIN_QUERIES queries, with fewer than MIN_PASSAGES passages, or where nothing is
    left when a part is hidden, the default calibration is returned. It was fitted on public sites
    (`default_calibration.json`, made by `python -m benchmarks calibration`) and has no self-test.

    Args:
        scorer: evidence of the queries.
        clusters: the queries' clusters: what is hidden together.
        cited: which queries are known to be covered, because answers to them cite your pages.
        plan: rounds, bootstraps and seed.
    """
    plan = plan or MaskingPlan()
    if len(scorer.query_ids) < MIN_QUERIES or len(scorer.passages) < MIN_PASSAGES:
        return _default_calibration(scorer)
    # Of citations in the log the pages are known, so they come first: with reported ones beside
    # them the calibration is no better (docs/method.md, calibration).
    has_cited_pages = cited is not None and int(cited.is_cited.sum()) >= MIN_CITED
    if cited is not None and not has_cited_pages:
        cited = cited.with_reported(scorer)
    is_anchored = cited is not None and int(cited.is_cited.sum()) >= MIN_CITED
    topic_of = number_topics(scorer, clusters)
    if is_anchored and cited is not None:
        topics = labelled = mask_cited_topics(scorer, topic_of, cited, plan)
    else:
        labelled = mask_pages_and_passages(scorer, plan)
        topics = mask_topics(scorer, topic_of, plan)
    if not has_both(labelled.is_hidden):
        return _default_calibration(scorer)
    features = scorer.features()
    is_asked = None if cited is None else cited.is_asked.astype(np.float64)
    fitter = CalibrationFitter(
        labelled, features, is_anchored, scorer.trust, plan.unanswered_share, is_asked
    )
    rng = np.random.default_rng(plan.seed)
    fits = [fitter.fit(np.ones(len(features)))]
    for _ in range(plan.bootstraps):
        counts = bootstrap_counts(len(features), rng)
        fits.append(fitter.fit(counts, rng))
    test = SelfTestInputs(
        inputs=fitter.inputs,
        labelled=labelled,
        topic_inputs=_standardise(topics.features, fitter.mean, fitter.scale),
        topics=topics,
        topic_of=topic_of,
        trust=scorer.trust,
    )
    # The pages of reported citations are only presumed, as they are without any citation.
    certainty = 1.0 if has_cited_pages else scorer.reliability.certainty
    return Calibration(
        names=tuple(scorer.names),
        mean=fitter.mean,
        scale=fitter.scale,
        weights=np.stack([weights for weights, _ in fits]),
        unanswered_share=np.array([share for _, share in fits]),
        self_test=run_self_test(test, certainty, rng),
        is_anchored=is_anchored,
    )


@checked
def measure_coverage(
    scorer: EvidenceScorer, calibration: Calibration, citation_odds: Floats | None = None
) -> tuple[Coverage, Floats]:
    """Return each query's coverage with its 90% interval, and coverage under every refit.

    The table's cause is still 'unknown'. The coverage under every refit has shape (1 + bootstraps,
    n queries); its first row is the estimate. Questions that somebody checked have the coverage
    that was read.

    Args:
        scorer: evidence of the queries.
        calibration: the fitted calibration.
        citation_odds: what the log's citations say, as in `Calibration.coverage`.
    """
    features = scorer.features()
    stated = scorer.stated()
    draws = calibration.coverage(features, citation_odds, stated)
    if calibration.recalibration:
        draws = calibration.recalibration.pin(draws)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    table = pd.DataFrame(
        {
            "query_id": pd.Series(scorer.query_ids, dtype="str"),
            "coverage": draws[0],
            "low": np.minimum(low, draws[0]),
            "high": np.maximum(high, draws[0]),
            "even_coverage": calibration.even_coverage(features, citation_odds, stated),
            "own_passage_id": scorer.passages["passage_id"].iloc[scorer.best_rows()].to_numpy(),
            "best_other_passage_id": pd.Series(scorer.other_passage, dtype="str"),
            "cause": pd.Series(["unknown"] * len(scorer.query_ids), dtype="str"),
        }
    )
    return table, draws


def _standardise(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return a column of ones and the features in units of their spread, (n queries, 1 + f).

    Missing evidence counts as average.
    """
    inputs = np.nan_to_num((features - mean) / scale, nan=0.0)
    return np.hstack([np.ones((len(inputs), 1)), inputs])


def _covered_by_ratio(odds_of_hidden: Floats, unanswered_share: Floats) -> Floats:
    """Return 1 - share * f_hidden / f_log: the share of the log, at this evidence, without gaps."""
    return 1 - np.clip(unanswered_share * odds_of_hidden, 0, 1)


def _covered_by_posterior(odds_of_hidden: Floats, unanswered_share: Floats) -> Floats:
    """Return the posterior of being covered, where covered queries are known too.

    It is (1 - share) f_covered / ((1 - share) f_covered + share * f_hidden).
    """
    return (1 - unanswered_share) / (1 - unanswered_share + unanswered_share * odds_of_hidden)


class CalibrationFitter:
    """Fits calibrations to labelled evidence, for the log as it is or resampled.

    Args:
        labelled: evidence of queries with parts of the site hidden.
        log_features: evidence of all queries on the site as it is, shape (n queries, f).
        is_anchored: whether the labelled queries that were not hidden are known to be covered.
        trust: how far each feature is trusted before the fit, 0-1, shape (f,).
        unanswered_share: the unanswered share in the log, where a person has determined it; 0 if it
            is to be estimated.
        is_asked: 1 for the queries that the log asks, 0 for those of a report alone, shape
            (n queries,): the share is that of the queries asked. By default all are asked.
    """

    def __init__(  # noqa: PLR0913 (labelled and log evidence, and what is known of both)
        self,
        labelled: LabelledEvidence,
        log_features: Floats,
        is_anchored: bool,
        trust: Floats,
        unanswered_share: float = 0.0,
        is_asked: Floats | None = None,
    ) -> None:
        self.labelled = labelled
        self.is_asked = np.ones(len(log_features)) if is_asked is None else is_asked
        self.is_anchored = is_anchored
        self.trust = trust
        self.unanswered_share = unanswered_share
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # evidence that no query has
            self.mean = np.nan_to_num(np.nanmean(log_features, axis=0))
            # evidence that varies only where something is hidden has no spread in the log
            spread = [np.nanstd(values, axis=0) for values in (log_features, labelled.features)]
            self.scale = np.nan_to_num(np.fmax(*spread)) + 1e-6
        self.inputs = _standardise(labelled.features, self.mean, self.scale)
        self.log_inputs = _standardise(log_features, self.mean, self.scale)
        self._last_weights: Floats | None = None

    def fit(self, counts: Floats, rng: np.random.Generator | None = None) -> tuple[Floats, float]:
        """Return the weights of a calibration, and the unanswered share in the log.

        Without anchors, a hidden query may have been a gap before, and then says nothing about
        hiding. So it counts by its estimated coverage (three passes). The unanswered share is the
        mean of its posterior, or a draw from it if `rng` is given.

        Args:
            counts: how often each query of the log counts, shape (n queries,).
            rng: draws the unanswered share.
        """
        if self.is_anchored:
            return self._fit_anchored(counts)
        counts = counts * self.is_asked
        rows = self.labelled.query_rows
        is_hidden = self.labelled.is_hidden
        belief = _ESTIMATE if rng is None else _INTERVAL
        covered = np.ones(len(self.log_inputs))
        for _ in range(3):
            importance = counts[rows] * np.where(is_hidden, covered[rows], 1) + 1e-9
            weights = self._fit_weights(importance)
            scores = self.log_inputs @ weights
            posterior = _posterior_of_share(
                scores, self.inputs[is_hidden] @ weights, counts, importance[is_hidden], belief
            )
            share = float(posterior @ _SHARES)
            covered = _covered_by_ratio(_odds_of_hidden(scores), np.array(share))
        drawn = share if rng is None else float(rng.choice(_SHARES, p=posterior))
        return weights, self.unanswered_share or drawn

    def _fit_anchored(self, counts: Floats) -> tuple[Floats, float]:
        """Return weights and unanswered share where covered queries are known."""
        weights = self._fit_weights(counts[self.labelled.query_rows] + 1e-9)
        odds = _odds_of_hidden(self.log_inputs @ weights)
        return weights, self.unanswered_share or _share_of_gaps(odds, counts * self.is_asked)

    def _fit_weights(self, importance: Floats) -> Floats:
        """Return the weights for labelled evidence of this importance.

        The search starts at the last weights.
        """
        self._last_weights = fit_logistic(
            self.inputs,
            ~self.labelled.is_hidden,
            importance * len(self.log_inputs) / 2,
            self.trust,
            self._last_weights,
        )
        return self._last_weights


def _odds_of_hidden(scores: Floats) -> Floats:
    """Return the odds of being hidden; scores are clipped, so that they stay finite."""
    return np.exp(-np.clip(scores, -30, 30))


def _posterior_of_share(
    scores: Floats,
    hidden_scores: Floats,
    counts: Floats,
    importance: Floats,
    belief: ShareBelief,
) -> Floats:
    """Return the probability of each of _SHARES as the log's unanswered share.

    The log's scores are a mixture of two normal distributions. The distribution of gaps is known
    from the hidden queries; the distribution of covered queries is fitted for each share. Many
    scores are counted in narrow bins, since the fit only needs their distribution.

    Args:
        scores: scores of the log's queries, shape (n queries,).
        hidden_scores: scores of the hidden queries.
        counts: how often each query of the log counts, shape (n queries,).
        importance: how much each hidden query counts.
        belief: what is believed of the share.
    """
    deviation_of_all = scores.std()
    scores, counts = _count_in_bins(scores, counts)
    # .05 keeps a deviation away from zero
    hidden_distribution = norm(
        np.average(hidden_scores, weights=importance), hidden_scores.std() + 0.05
    )
    gap = hidden_distribution.pdf(scores)[None] * _SHARES[:, None]
    # expectation maximisation of the covered queries' mean and deviation, for all shares at once
    mean = np.full((len(_SHARES), 1), np.average(scores, weights=counts))
    deviation = np.full((len(_SHARES), 1), deviation_of_all + 0.05)
    for _ in range(20):
        covered = (1 - _SHARES[:, None]) * norm.pdf(scores[None], mean, deviation) + 1e-12
        weight = counts * covered / (covered + gap)
        total = weight.sum(axis=1, keepdims=True)
        mean = (weight * scores).sum(axis=1, keepdims=True) / total
        variance = (weight * (scores - mean) ** 2).sum(axis=1, keepdims=True) / total
        deviation = np.sqrt(variance) + 0.05
    log_likelihood = (counts * np.log(covered + gap)).sum(axis=1)
    log_posterior = belief.trust * log_likelihood + beta.logpdf(_SHARES, *belief.prior)
    posterior = np.exp(log_posterior - log_posterior.max())
    return np.asarray(posterior / posterior.sum(), dtype=np.float64)


def _count_in_bins(scores: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return the mean score and the count of each of _BINS bins of equal width.

    Empty bins are left out. Few scores are returned as they are.
    """
    if len(scores) <= _BINS:
        return scores, counts
    low = float(scores.min())
    high = float(scores.max())
    bins = np.minimum(
        ((scores - low) * (_BINS / max(high - low, 1e-9))).astype(np.int64),
        _BINS - 1,
    )
    count = np.bincount(bins, weights=counts, minlength=_BINS).astype(np.float64)
    total = np.bincount(bins, weights=counts * scores, minlength=_BINS)
    is_filled = count > 0
    return total[is_filled] / count[is_filled], count[is_filled]


def _share_of_gaps(odds: Floats, counts: Floats) -> float:
    """Return the unanswered share with which the calibration's predictions agree.

    It is found by expectation maximisation (Saerens et al. 2002).
    """
    share = 0.5
    for _ in range(100):
        share = float(np.average(share * odds / (share * odds + 1 - share), weights=counts))
    return float(np.clip(share, 0.01, 0.99))


def _default_calibration(scorer: EvidenceScorer) -> Calibration:
    """Return the calibration of public sites; its interval is what differs from site to site.

    Each site's refit counts with three intercepts: three sites show little of how far a further
    site may be from them (`_intercept_margin`).
    """
    stored = json.loads(DEFAULT_CALIBRATION.read_text(encoding="utf-8"))
    # a feature that the public sites lack gets the last column: weight 0, mean 0 and scale 1
    columns = [
        stored["names"].index(name) if name in stored["names"] else -1 for name in scorer.names
    ]
    weights = np.array(stored["weights"])
    shares = np.array(stored["unanswered_share"])
    margin = _intercept_margin(weights[1:, 0])
    refits = [
        weights[1:] + np.r_[shift, np.zeros(weights.shape[1] - 1)]
        for shift in (-margin, 0.0, margin)
    ]
    weights = np.concatenate([weights[:1], *refits])
    intercepts = weights[:, :1]
    padded = np.hstack([weights[:, 1:], np.zeros((len(weights), 1))])
    return Calibration(
        names=tuple(scorer.names),
        mean=np.array([*stored["mean"], 0.0])[columns],
        scale=np.array([*stored["scale"], 1.0])[columns],
        weights=np.hstack([intercepts, padded[:, columns]]),
        unanswered_share=np.r_[shares[:1], np.tile(shares[1:], len(refits))],
        self_test=None,
    )


def _intercept_margin(intercepts: Floats) -> float:
    """Return how far the intercept of a further site lies from that of these sites, at 90%.

    It is half of the prediction interval of one more value: t(.95, n - 1) s sqrt(1 + 1 / n).
    """
    n = len(intercepts)
    return float(t.ppf(0.95, n - 1) * intercepts.std(ddof=1) * np.sqrt(1 + 1 / n))
