"""Coverage: the probability that the own site answers a query, calibrated by hide-and-seek on the site itself.

Some of the site's own pages and passages are hidden in turn; queries whose nearest passage is
hidden become known gaps, and a logistic link learns to tell them from the rest (docs/method.md,
calibration). Two cases:

- The log cites the own site often enough. Queries whose answers cite it are known to be covered;
  the topics of some of them are hidden with all their pages. The share of gaps in the log then
  follows from the evidence of the whole log (Saerens et al. 2002).
- Else every query plays, and the log is taken for what it is: a mixture of covered queries and
  gaps. The evidence says little of their shares; the estimate leans on a prior, and the interval
  shows how little is known.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import beta, norm
from sklearn.metrics import roc_auc_score

from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.masking import Plan, Rounds, hide_places, hide_topics
from coverage_kit.match.neighborhood import Flags, Floats
from coverage_kit.tables import Clusters, Coverage, checked

DEFAULT_CALIBRATION = Path(__file__).parent / "default_calibration.json"
MIN_QUERIES = 12
MIN_KNOWN = 40
# answer engines' citations support what they are cited for in 74.5% of cases (Liu, Zhang and Liang
# 2023)
CITATION_ODDS = 0.745 / (1 - 0.745)
_PRIOR_WEIGHT = 0.25
_PRIOR_QUERIES = 300.0
_SHARES = np.linspace(0.01, 0.6, 30)
_SHARE_PRIOR = (
    2.0,
    10.0,
)  # of a beta distribution: one gap in six, 90% between 3% and 36%
_TRUST_IN_NORMALITY = (
    0.1  # scores are only roughly normal: the mixture's likelihood counts a tenth (docs/method.md)
)
_FOLDS = 5
_BINS = 1000


@dataclass(frozen=True)
class SelfTest:
    """How well queries whose passage was hidden were told from the rest: AUC with its 90% interval, and calibration error.

    Where the log does not say which queries are covered, single passages were hidden, which is the
    harder question; `auc_pages` is then the AUC for whole pages. Else both are for topics with all
    their pages.
    """

    auc: float
    low: float
    high: float
    ece: float
    n_queries: int
    n_hidden: int
    auc_pages: float


@dataclass(frozen=True)
class Calibration:
    """Fitted links from evidence to coverage: the first is the estimate, the others are its bootstrap.

    `is_anchored` says that the own site's citations showed which queries are covered. `weights` has
    shape (1 + bootstraps, 1 + features), intercept first; `unanswered_share` (1 + bootstraps,).
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    unanswered_share: Floats
    self_test: SelfTest | None
    is_anchored: bool = False

    def coverage(self, features: Floats, known: Flags | None = None) -> Floats:
        """Return coverage under every link, shape (1 + bootstraps, n queries), for evidence of shape (n queries, f).

        A query of which an answer cites the own site (`known`) has its odds of being covered
        multiplied by CITATION_ODDS.
        """
        inputs = _standardise(features, self.mean, self.scale)
        odds = np.exp(-np.clip(inputs @ self.weights.T, -30, 30)).T
        rule = _known_covered if self.is_anchored else _covered
        covered = rule(odds, self.unanswered_share[:, None])
        if known is None:
            return covered
        raised = CITATION_ODDS * covered / (CITATION_ODDS * covered + 1 - covered)
        return np.where(known, raised, covered)


def fit_calibration(
    scorer: EvidenceScorer,
    clusters: Clusters,
    known: Flags | None = None,
    plan: Plan | None = None,
) -> Calibration:
    """Return the link from evidence to coverage, fitted by hide-and-seek on the scorer's own site.

    With fewer than MIN_QUERIES queries, or a site with nothing left when something is hidden, the
    link fitted on public sites (`default_calibration.json`, made by `python -m benchmarks link`)
    stands in, without a self-test.

    Args:
        scorer: evidence of the queries.
        clusters: the queries' clusters: what is hidden together.
        known: which queries are known to be covered, because answers to them cite the own site;
            shape (n queries,).
        plan: rounds, bootstraps and seed.
    """
    plan = plan or Plan()
    is_anchored = known is not None and int(known.sum()) >= MIN_KNOWN
    anchors = known if known is not None and is_anchored else None
    played = (
        hide_places(scorer, plan)
        if anchors is None
        else hide_topics(scorer, clusters, anchors, plan)
    )
    if len(scorer.query_ids) < MIN_QUERIES or not _has_both(played.is_hidden):
        return _default_calibration(scorer)
    whole = scorer.features()
    fitter = CalibrationFitter(played, whole, is_anchored, plan.unanswered_share)
    rng = np.random.default_rng(plan.seed)
    fits = [fitter.fit(np.ones(len(whole)))] + [
        fitter.fit(_draw(len(whole), rng), rng) for _ in range(plan.bootstraps)
    ]
    weights = np.stack([w for w, _ in fits])
    shares = np.array([share for _, share in fits])
    return Calibration(
        tuple(scorer.names),
        fitter.mean,
        fitter.scale,
        weights,
        shares,
        _self_test(fitter, rng),
        is_anchored,
    )


@checked
def measure_coverage(
    scorer: EvidenceScorer, calibration: Calibration, known: Flags | None = None
) -> tuple[Coverage, Floats]:
    """Return coverage with its 90% interval for each query (cause still 'unknown'), and coverage under every link.

    The second has shape (1 + bootstraps, n queries); its first row is the estimate. `known` as in
    `Link.coverage`.
    """
    draws = calibration.coverage(scorer.features(), known)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    table = pd.DataFrame(
        {
            "query_id": pd.Series(scorer.query_ids, dtype="str"),
            "coverage": draws[0],
            "low": np.minimum(low, draws[0]),
            "high": np.maximum(high, draws[0]),
            "own_passage_id": scorer.passages["passage_id"].iloc[scorer.best_rows()].to_numpy(),
            "best_other_passage_id": pd.Series(scorer.other_passage, dtype="str"),
            "cause": pd.Series(["unknown"] * len(scorer.query_ids), dtype="str"),
        }
    )
    return table, draws


def _standardise(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return an intercept and the features in units of their spread; missing evidence counts as average."""
    inputs = np.nan_to_num((features - mean) / scale, nan=0.0)
    return np.hstack([np.ones((len(inputs), 1)), inputs])


def _covered(odds_of_hidden: Floats, unanswered_share: Floats) -> Floats:
    """Return 1 - share * f_hidden / f_log: the part of the log, at this evidence, that is not a gap."""
    return 1 - np.clip(unanswered_share * odds_of_hidden, 0, 1)


def _known_covered(odds_of_hidden: Floats, unanswered_share: Floats) -> Floats:
    """Return the posterior of being covered where both kinds are known: (1 - share) f_seen / the mixture."""
    return (1 - unanswered_share) / (1 - unanswered_share + unanswered_share * odds_of_hidden)


class CalibrationFitter:
    """Fits links to played rounds, for the log as it is or resampled."""

    def __init__(
        self,
        played: Rounds,
        whole: Floats,
        is_anchored: bool,
        unanswered_share: float = 0.0,
    ) -> None:
        self.played = played
        self.is_anchored = is_anchored
        self.known_share = unanswered_share
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # evidence that no query has
            self.mean = np.nan_to_num(np.nanmean(whole, axis=0))
            self.scale = np.nan_to_num(np.nanstd(whole, axis=0)) + 1e-6
        self.start: Floats | None = None
        self.inputs = _standardise(played.features, self.mean, self.scale)
        self.now = _standardise(whole, self.mean, self.scale)

    def fit(self, draws: Floats, rng: np.random.Generator | None = None) -> tuple[Floats, float]:
        """Return weights of the link and the share of gaps in the log.

        Where hidden queries are not known to have been covered, one that was a gap already says
        nothing of hiding: it counts by its coverage so far (three passes). The share is then the
        mean of its posterior, or with `rng` a draw from it.
        """
        rows = self.played.query_rows
        is_hidden = self.played.is_hidden
        covered = np.ones(len(self.now))
        weights = np.zeros(self.now.shape[1])
        share = 0.5
        for _ in range(1 if self.is_anchored else 3):
            importance = draws[rows] * np.where(is_hidden, covered[rows], 1) + 1e-9
            weights = fit_logistic(
                self.inputs,
                ~is_hidden,
                importance * len(self.now) / 2,
                self.start,
            )
            self.start = weights
            odds = np.exp(-np.clip(self.now @ weights, -30, 30))
            if self.is_anchored:
                return weights, self.known_share or _share_of_gaps(odds, draws)
            hidden_at = self.inputs[is_hidden] @ weights
            posterior = _posterior_of_share(
                self.now @ weights, hidden_at, draws, importance[is_hidden]
            )
            share = float(posterior @ _SHARES)
            covered = _covered(odds, np.array(share))
        drawn = share if rng is None else float(rng.choice(_SHARES, p=posterior))
        return weights, self.known_share or drawn


def fit_logistic(
    inputs: Floats,
    is_seen: Flags,
    importance: Floats,
    start: Floats | None = None,
) -> Floats:
    """Return weights (intercept first) that tell seen from hidden, both weighing the mean importance; none negative.

    Every piece of evidence speaks for coverage or not at all, so weights are at least 0; with
    little to learn from they stay near `_PRIOR_WEIGHT` (a ridge worth `_PRIOR_QUERIES` queries),
    which was chosen on public sets (docs/method.md). The search begins at `start`, weights of a
    similar fit.
    """
    half = importance.mean() if len(importance) else 1.0
    scaled = (
        np.where(
            is_seen,
            importance / importance[is_seen].sum(),
            importance / importance[~is_seen].sum(),
        )
        * half
    )
    sign = np.where(is_seen, 1.0, -1.0)
    prior = np.r_[0.0, np.full(inputs.shape[1] - 1, _PRIOR_WEIGHT)]
    ridge = np.r_[0.0, np.full(inputs.shape[1] - 1, _PRIOR_QUERIES)]

    def loss(weights: Floats) -> tuple[float, Floats]:
        value = sign * (inputs @ weights)
        slope = -sign * scaled * expit(-value)
        off = weights - prior
        return float(
            scaled @ np.logaddexp(0, -value) + off @ (ridge * off) / 2
        ), inputs.T @ slope + ridge * off

    bounds = [(None, None)] + [(0.0, None)] * (len(prior) - 1)
    return np.asarray(
        minimize(
            loss,
            prior if start is None else start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
        ).x
    )


def _posterior_of_share(
    scores: Floats, hidden: Floats, draws: Floats, importance: Floats
) -> Floats:
    """Return the probability of each of _SHARES as the log's share of gaps.

    The log's scores are a mixture of two normal distributions: that of gaps is known from the
    hidden, that of covered queries is fitted for each share. Many scores are counted in narrow
    bins, as the fit needs their distribution alone.
    """
    deviation_of_all = scores.std()
    scores, draws = _count_in_bins(scores, draws)
    gap = (
        norm(np.average(hidden, weights=importance), hidden.std() + 0.05).pdf(scores)[None]
        * _SHARES[:, None]
    )
    mean = np.full((len(_SHARES), 1), np.average(scores, weights=draws))
    deviation = np.full((len(_SHARES), 1), deviation_of_all + 0.05)
    for _ in range(20):
        covered = (1 - _SHARES[:, None]) * norm.pdf(scores[None], mean, deviation) + 1e-12
        part = draws * covered / (covered + gap)
        total = part.sum(axis=1, keepdims=True)
        mean = (part * scores).sum(axis=1, keepdims=True) / total
        deviation = np.sqrt((part * (scores - mean) ** 2).sum(axis=1, keepdims=True) / total) + 0.05
    fit = _TRUST_IN_NORMALITY * (draws * np.log(covered + gap)).sum(axis=1) + beta.logpdf(
        _SHARES, *_SHARE_PRIOR
    )
    posterior = np.exp(fit - fit.max())
    return np.asarray(posterior / posterior.sum(), dtype=np.float64)


def _count_in_bins(scores: Floats, draws: Floats) -> tuple[Floats, Floats]:
    """Return the mean score and the draws of each of _BINS bins of equal width; the scores as they are where they are few."""
    if len(scores) <= _BINS:
        return scores, draws
    low = float(scores.min())
    high = float(scores.max())
    bins = np.minimum(
        ((scores - low) * (_BINS / max(high - low, 1e-9))).astype(np.int64),
        _BINS - 1,
    )
    count = np.bincount(bins, weights=draws, minlength=_BINS).astype(np.float64)
    total = np.bincount(bins, weights=draws * scores, minlength=_BINS)
    is_filled = count > 0
    return total[is_filled] / count[is_filled], count[is_filled]


def _share_of_gaps(odds: Floats, draws: Floats) -> float:
    """Return the share of gaps that makes the link's own predictions agree with it (expectation maximisation)."""
    share = 0.5
    for _ in range(100):
        share = float(np.average(share * odds / (share * odds + 1 - share), weights=draws))
    return float(np.clip(share, 0.01, 0.99))


def _self_test(fitter: CalibrationFitter, rng: np.random.Generator) -> SelfTest:
    """Return how well queries whose section is hidden are told from the rest by links fitted without those queries."""
    rows = fitter.played.query_rows
    truth = ~fitter.played.is_hidden
    queries = np.unique(rows)
    fold_of = np.zeros(queries.max() + 1, dtype=np.int64)
    fold_of[queries] = rng.permutation(len(queries)) % _FOLDS
    folds = fold_of[rows]
    seen = np.full(len(rows), 0.5)
    for number in range(_FOLDS):
        train = folds != number
        test = folds == number
        if _has_both(truth[train]):
            importance = np.full(int(train.sum()), len(queries) / 2)
            seen[test] = expit(
                fitter.inputs[test] @ fit_logistic(fitter.inputs[train], truth[train], importance)
            )
    pages = fitter.played.is_page
    auc_pages = (
        float(roc_auc_score(truth[pages], seen[pages])) if _has_both(truth[pages]) else float("nan")
    )
    if _has_both(truth[~pages]):
        truth = truth[~pages]
        seen = seen[~pages]
        rows = rows[~pages]
    low, high = _auc_interval(truth, seen, rows, rng)
    balance = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    ece = expected_calibration_error(seen, truth, balance)
    return SelfTest(
        float(roc_auc_score(truth, seen)),
        low,
        high,
        ece,
        len(queries),
        int((~truth).sum()),
        auc_pages,
    )


def _auc_interval(
    truth: Flags,
    seen: Floats,
    rows: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the 90% interval of the AUC by a bootstrap over queries."""
    aucs = []
    for _ in range(100):
        draws = _draw(int(rows.max()) + 1, rng)[rows]
        if _has_both(truth[draws > 0]):
            aucs.append(roc_auc_score(truth, seen, sample_weight=draws))
    low, high = np.quantile(aucs, [0.05, 0.95]) if aucs else (0.0, 1.0)
    return float(low), float(high)


def expected_calibration_error(
    predicted: Floats,
    truth: Flags,
    weights: Floats | None = None,
    bins: int = 10,
) -> float:
    """Return the mean gap between predicted and observed share over bins of equal count (Guo et al. 2017), weighted."""
    weights = np.ones(len(predicted)) if weights is None else weights
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [
        abs(np.average(predicted[p], weights=weights[p]) - np.average(truth[p], weights=weights[p]))
        for p in parts
    ]
    return float(np.average(gaps, weights=[weights[part].sum() for part in parts]))


def _has_both(is_hidden: Flags) -> bool:
    return bool(is_hidden.any() and not is_hidden.all())


def _draw(n: int, rng: np.random.Generator) -> Floats:
    """Return how often each of n queries is drawn in one bootstrap sample."""
    return np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)


def _default_calibration(scorer: EvidenceScorer) -> Calibration:
    """Return the link of public sites; its interval is what differs from site to site."""
    stored = json.loads(DEFAULT_CALIBRATION.read_text(encoding="utf-8"))
    columns = [
        stored["names"].index(name) if name in stored["names"] else -1 for name in scorer.names
    ]
    weights = np.array(stored["weights"])
    padded = np.hstack([weights[:, 1:], np.zeros((len(weights), 1))])
    picked = np.hstack([weights[:, :1], padded[:, columns]])
    mean = np.array([*stored["mean"], 0.0])[columns]
    scale = np.array([*stored["scale"], 1.0])[columns]
    return Calibration(
        tuple(scorer.names),
        mean,
        scale,
        picked,
        np.array(stored["unanswered_share"]),
        None,
    )
