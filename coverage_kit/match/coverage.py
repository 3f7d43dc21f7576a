"""Coverage: the probability that the own site answers a query, calibrated by hide-and-seek on the site itself.

Some of the site's own pages and sections are hidden in turn; queries whose nearest passage is hidden become known gaps. A
logistic link then tells known gaps from the log as it is. The log is taken for what it is: a mixture of covered queries and
gaps, whose share of gaps is estimated too (docs/method.md, calibration).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from coverage_kit.match.evidence import EvidenceScorer, Flags, Floats
from coverage_kit.tables import Coverage, checked

DEFAULT_LINK = Path(__file__).parent / "default_link.json"
HIDDEN_SHARE = 0.25
MIN_QUERIES = 12
_MAX_CALIBRATION_QUERIES = 2000
_RIDGE = 1.0


@dataclass(frozen=True)
class SelfTest:
    """How well hidden sections of the own site were told from the rest: AUC with its 90% interval, and calibration error."""

    auc: float
    low: float
    high: float
    ece: float
    n_queries: int
    n_hidden: int


@dataclass(frozen=True)
class Rounds:
    """The rounds of hide-and-seek: evidence (r, f), query row (r,) and whether that query's nearest section was hidden."""

    features: Floats
    query_rows: npt.NDArray[np.int64]
    is_hidden: Flags


@dataclass(frozen=True)
class Link:
    """Fitted links from evidence to coverage: the first is the estimate, the others are its bootstrap.

    `weights` has shape (1 + bootstraps, 1 + features), intercept first; `share_of_gaps` (1 + bootstraps,).
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    share_of_gaps: Floats
    self_test: SelfTest | None

    def coverage(self, features: Floats) -> Floats:
        """Return coverage under every link, shape (1 + bootstraps, n queries), for evidence of shape (n queries, f)."""
        inputs = _standardise(features, self.mean, self.scale)
        odds = np.exp(-np.clip(inputs @ self.weights.T, -30, 30)).T
        return _covered(odds, self.share_of_gaps[:, None])


def play_hide_and_seek(scorer: EvidenceScorer, rounds: int, seed: int) -> Rounds:
    """Return the evidence of every query in rounds that hide own pages (even rounds) or sections (odd rounds) by chance."""
    rng = np.random.default_rng(seed)
    query_rows = np.arange(len(scorer.query_ids))
    page = pd.factorize(scorer.passages["page_id"])[0]
    section = pd.factorize(scorer.passages["page_id"] + "\0" + scorer.passages["heading_path"])[0]
    features, hidden = [], []
    for number in range(rounds):
        unit = page if number % 2 == 0 else section
        candidates = np.unique(unit[scorer.best_rows()])
        n_hidden = max(1, round(len(candidates) * HIDDEN_SHARE))
        hide = np.isin(unit, rng.choice(candidates, n_hidden, replace=False))
        if hide.all():
            continue
        features.append(scorer.features(hide))
        hidden.append(hide[scorer.best_rows()])
    n_rounds = len(features)
    return Rounds(
        np.concatenate(features) if features else np.zeros((0, len(scorer.names))),
        np.tile(query_rows, n_rounds),
        np.concatenate(hidden) if hidden else np.zeros(0, dtype=bool),
    )


def fit_link(scorer: EvidenceScorer, rounds: int = 12, bootstraps: int = 60, seed: int = 0) -> Link:
    """Return the link from evidence to coverage, fitted by hide-and-seek on the scorer's own site.

    With fewer than MIN_QUERIES queries, or a site with nothing left when something is hidden, the link fitted on public sites
    (`default_link.json`, made by `python -m benchmarks link`) stands in, without a self-test.
    """
    played = play_hide_and_seek(scorer, rounds, seed)
    if len(scorer.query_ids) < MIN_QUERIES or not _has_both(played.is_hidden):
        return _default_link(scorer)
    rng = np.random.default_rng(seed)
    played = _sample(played, len(scorer.query_ids), rng)
    whole = scorer.features()
    mean, scale = np.nanmean(whole, axis=0), np.nanstd(whole, axis=0) + 1e-6
    inputs = _standardise(played.features, mean, scale)
    now = _standardise(whole, mean, scale)
    estimate, most_gaps = _fit(inputs, played, now, np.ones(len(scorer.query_ids)))
    fits = [(estimate, most_gaps / 2)]
    for _ in range(bootstraps):
        draws = np.bincount(rng.integers(len(whole), size=len(whole)), minlength=len(whole)).astype(np.float64)
        weights, most = _fit(inputs, played, now, draws)
        fits.append((weights, rng.uniform(0, most)))
    self_test = _self_test(inputs, played, rng)
    weights, shares = np.stack([w for w, _ in fits]), np.array([s for _, s in fits])
    return Link(tuple(scorer.names), mean, scale, weights, shares, self_test)


@checked
def measure_coverage(scorer: EvidenceScorer, link: Link) -> tuple[Coverage, Floats]:
    """Return coverage with its 90% interval for each query (cause still 'unknown'), and coverage under every link.

    The second has shape (1 + bootstraps, n queries); its first row is the estimate.
    """
    draws = link.coverage(scorer.features())
    evidence = scorer.table()
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    table = pd.DataFrame(
        {
            "query_id": evidence["query_id"],
            "coverage": draws[0],
            "low": np.minimum(low, draws[0]),
            "high": np.maximum(high, draws[0]),
            "own_passage_id": evidence["own_passage_id"],
            "best_other_passage_id": evidence["best_other_passage_id"],
            "cause": pd.Series(["unknown"] * len(evidence), dtype="str"),
        }
    )
    return table, draws


def _standardise(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return an intercept and the features in units of their spread; missing evidence counts as average."""
    inputs = np.nan_to_num((features - mean) / scale, nan=0.0)
    return np.hstack([np.ones((len(inputs), 1)), inputs])


def _covered(odds_of_hidden: Floats, share_of_gaps: Floats) -> Floats:
    """Return 1 - share * f_hidden / f_log: the part of the log, at this evidence, that is not a gap."""
    return 1 - np.clip(share_of_gaps * odds_of_hidden, 0, 1)


def _fit(inputs: Floats, played: Rounds, now: Floats, draws: Floats) -> tuple[Floats, float]:
    """Return weights of the logistic link, and the largest share of gaps that the log can hold.

    A hidden query that was a gap already says nothing of hiding: it counts by its coverage so far (three passes).
    """
    covered = np.ones(len(now))
    weights, most_gaps = np.zeros(inputs.shape[1]), 0.5
    for _ in range(3):
        importance = draws[played.query_rows] * np.where(played.is_hidden, covered[played.query_rows], 1) + 1e-6
        weights = _logistic(inputs, played.is_hidden, importance)
        odds = np.exp(-np.clip(now @ weights, -30, 30))
        most_gaps = float(min(0.9, 1 / np.mean(np.sort(odds)[-max(1, len(odds) // 10) :])))
        covered = _covered(odds, np.array(most_gaps / 2))
    return weights, most_gaps


def _logistic(inputs: Floats, is_hidden: Flags, importance: Floats) -> Floats:
    """Return the weights that tell seen (1) from hidden (0), both classes weighing the same."""
    hidden, seen = importance[is_hidden].sum(), importance[~is_hidden].sum()
    balanced = np.where(is_hidden, importance / hidden, importance / seen) * len(inputs) / 2
    model = LogisticRegression(C=1 / _RIDGE, max_iter=200).fit(inputs[:, 1:], ~is_hidden, sample_weight=balanced)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _self_test(inputs: Floats, played: Rounds, rng: np.random.Generator) -> SelfTest:
    """Return how well queries whose section is hidden are told from the rest by links fitted without those queries."""
    queries = np.unique(played.query_rows)
    fold = dict(zip(queries, rng.permutation(len(queries)) % 5, strict=True))
    folds = np.array([fold[row] for row in played.query_rows])
    seen = np.full(len(inputs), np.nan)
    for number in range(5):
        train, test = folds != number, folds == number
        if _has_both(played.is_hidden[train]):
            weights = _logistic(inputs[train], played.is_hidden[train], np.ones(int(train.sum())))
            seen[test] = 1 / (1 + np.exp(-np.clip(inputs[test] @ weights, -30, 30)))
    seen = np.nan_to_num(seen, nan=0.5)
    truth = ~played.is_hidden
    aucs = []
    for _ in range(100):
        draws = np.bincount(rng.choice(queries, len(queries)), minlength=queries.max() + 1)[played.query_rows]
        if _has_both(played.is_hidden[draws > 0]):
            aucs.append(roc_auc_score(truth, seen, sample_weight=draws))
    low, high = np.quantile(aucs, [0.05, 0.95]) if aucs else (0.5, 0.5)
    balance = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    auc = float(roc_auc_score(truth, seen))
    ece = expected_calibration_error(seen, truth, balance)
    return SelfTest(auc, float(low), float(high), ece, len(queries), int((~truth).sum()))


def expected_calibration_error(predicted: Floats, truth: Flags, weights: Floats | None = None, bins: int = 10) -> float:
    """Return the mean gap between predicted and observed share over bins of equal count (Guo et al. 2017), weighted."""
    weights = np.ones(len(predicted)) if weights is None else weights
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(np.average(predicted[p], weights=weights[p]) - np.average(truth[p], weights=weights[p])) for p in parts]
    return float(np.average(gaps, weights=[weights[part].sum() for part in parts]))


def _has_both(is_hidden: Flags) -> bool:
    return bool(is_hidden.any() and not is_hidden.all())


def _sample(played: Rounds, n_queries: int, rng: np.random.Generator) -> Rounds:
    """Return the rounds of at most _MAX_CALIBRATION_QUERIES queries, drawn by chance."""
    if n_queries <= _MAX_CALIBRATION_QUERIES:
        return played
    chosen = np.isin(played.query_rows, rng.choice(n_queries, _MAX_CALIBRATION_QUERIES, replace=False))
    return Rounds(played.features[chosen], played.query_rows[chosen], played.is_hidden[chosen])


def _default_link(scorer: EvidenceScorer) -> Link:
    """Return the link of public sites; its interval is what differs from site to site."""
    stored = json.loads(DEFAULT_LINK.read_text(encoding="utf-8"))
    columns = [stored["names"].index(name) if name in stored["names"] else -1 for name in scorer.names]
    weights = np.array(stored["weights"])
    padded = np.hstack([weights[:, 1:], np.zeros((len(weights), 1))])
    picked = np.hstack([weights[:, :1], padded[:, columns]])
    mean, scale = np.array([*stored["mean"], 0.0])[columns], np.array([*stored["scale"], 1.0])[columns]
    return Link(tuple(scorer.names), mean, scale, picked, np.array(stored["share_of_gaps"]), None)
