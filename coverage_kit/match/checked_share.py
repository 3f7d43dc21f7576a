"""The share of unanswered questions, estimated from checks and from the tool's own coverage.

Prediction-powered inference (PPI++, Angelopoulos et al. 2023), in bands of coverage: the share of
the whole log by the tool's coverage, plus what the checks show it to be wrong by. The log is
finite and its coverage is known in full, so this is the difference estimator of survey statistics.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, norm, t

from coverage_kit.match.neighborhood import Floats
from coverage_kit.match.sampling import N_BANDS, Checks, Questions, Rows, bands_of, check_weights

# Checks that a band needs; with fewer, bands are wider. Assumed.
_CHECKS_IN_BAND = 8
# Pseudo-counts of both kinds (Jeffreys 1946).
_JEFFREYS = 0.5
_NOTHING_KNOWN = (_JEFFREYS, _JEFFREYS)
# The part of a check that is always left to its residual. Assumed: it bounds a division.
_LEAST_FREEDOM = 0.1
# The part of a log that always counts as open, so that no interval has a width of 0. Assumed.
_LEAST_OPEN = 1e-3
# Shares nearer to 0 or 1 have the variance of this one. Assumed.
_LEAST_SHARE = 0.01
# Fewer checks are not combined with coverage: nothing would be left for the variance. Assumed.
_MIN_COMBINED = 5


@dataclass(frozen=True)
class ShareEstimate:
    """The share of questions (or of demand) that the site leaves unanswered, with its 90% interval.

    `share`, `low` and `high` combine checks and coverage where `is_combined`, and are those of the
    checks alone elsewhere. `correlation` is that of coverage and checks, nan where one of them does
    not vary; `tuning` is the weight of coverage in the combination (lambda of PPI++). The share has
    the beta distribution with the parameters `shape`.
    """

    share: float
    low: float
    high: float
    alone_share: float
    alone_low: float
    alone_high: float
    correlation: float
    tuning: float
    is_combined: bool
    n_checks: int
    shape: tuple[float, float]

    def draws(self, n: int, rng: np.random.Generator) -> Floats:
        """Return n draws of the share from its distribution, shape (n,)."""
        return np.asarray(rng.beta(*self.shape, size=n))


def estimate_share(questions: Questions, checks: Checks) -> ShareEstimate:
    """Return the share of unanswered demand; "partly" counts as half.

    With a demand of 1 everywhere it is the share of questions. Coverage is used where its
    correlation with the checks is over 1 / sqrt(n - 2): below that, the estimate of its weight
    costs more than it brings (Mani et al. 2026). The checks alone count as drawn at random, without
    the tool's coverage. Without checks the interval is that of complete ignorance.
    """
    n = len(checks)
    if n == 0:
        low, high = _interval(0.5, _NOTHING_KNOWN)
        nan = float("nan")
        return ShareEstimate(0.5, low, high, 0.5, low, high, nan, 0.0, False, 0, _NOTHING_KNOWN)
    weighted = _weigh(questions, checks)
    alone_share = float(np.average(weighted.unanswered, weights=weighted.weights))
    whole = np.zeros(questions.n, dtype=np.int64)
    alone = _shape(alone_share, 1 / float(_variance_factors(questions, weighted, whole)[0]))
    share, tuning, shape = alone_share, 0.0, alone
    correlation = _correlation(questions.coverage[0][checks.rows], checks.values)
    is_combined = bool(n >= _MIN_COMBINED and correlation > 1 / np.sqrt(n - 2))
    if is_combined:
        share, tuning, variance, freedom = _combine(questions, weighted)
        shape = _shape(share, _effective_checks(share, variance, freedom))
    return ShareEstimate(
        share,
        *_interval(share, shape),
        alone_share,
        *_interval(alone_share, alone),
        correlation,
        tuning,
        is_combined,
        n,
        shape,
    )


@dataclass(frozen=True)
class _WeightedChecks:
    """Checks with the demand that each stands for."""

    rows: Rows
    unanswered: Floats
    weights: Floats


def _weigh(questions: Questions, checks: Checks) -> _WeightedChecks:
    represented = np.maximum(check_weights(checks), 1)
    return _WeightedChecks(
        checks.rows, 1 - checks.values, represented * questions.demand[checks.rows]
    )


def _variance_factors(questions: Questions, checks: _WeightedChecks, bands: Rows) -> Floats:
    """Return by how much each band multiplies the variance of one question in that of the share.

    Checks stand for more than their own demand, and unchecked questions are not known: the demand
    of both is, of the whole log (Royall 1970). So an unchecked question of much demand widens the
    interval, whether or not one like it was drawn.
    """
    demand = questions.demand / questions.demand.sum()
    checked = bands[checks.rows]
    size = np.bincount(bands, weights=demand)
    weights = size[checked] * checks.weights / np.bincount(checked, checks.weights)[checked]
    open_demand = demand.copy()
    open_demand[checks.rows] = 0.0
    excess = (weights - demand[checks.rows]) ** 2
    factors = np.bincount(checked, excess) + np.bincount(bands, open_demand**2)
    least = _LEAST_OPEN * np.bincount(checked, weights**2)
    return np.asarray(np.maximum(factors, least), dtype=np.float64)


def _combine(questions: Questions, checks: _WeightedChecks) -> tuple[float, float, float, float]:
    """Return the share, the weight of the prediction, the variance and its degrees of freedom.

    In each band the mean prediction of all questions is corrected by the mean error on the checks.
    The weight of the prediction is the one with the smallest variance, for all bands together.
    """
    predicted, demand = 1 - questions.coverage[0], questions.demand
    bands = _bands_with_checks(questions.coverage[0], checks.rows)
    checked, of_checked = bands[checks.rows], predicted[checks.rows]
    size = np.bincount(bands, weights=demand)
    mean_predicted = np.bincount(bands, weights=demand * predicted) / size
    share_of_band = size / size.sum()
    weight_of_band = np.bincount(checked, weights=checks.weights)
    mean_unanswered, mean_checked = (
        np.bincount(checked, weights=checks.weights * values) / weight_of_band
        for values in (checks.unanswered, of_checked)
    )
    # what each check contributes to the error of the share; a check that made the mean of its band
    # is nearer to that mean than to the truth (MacKinnon and White 1985, HC2)
    leverage = checks.weights / weight_of_band[checked]
    freedom_left = 1 - 2 * leverage + np.bincount(checked, leverage**2)[checked]
    factors = _variance_factors(questions, checks, bands) / np.bincount(checked)
    influence = np.sqrt(factors[checked] / np.maximum(freedom_left, _LEAST_FREEDOM))
    error = influence * (checks.unanswered - mean_unanswered[checked])
    predicted_error = influence * (of_checked - mean_checked[checked])
    spread = float(predicted_error @ predicted_error)
    tuning = float(error @ predicted_error) / spread if spread > 0 else 0.0
    share = float(share_of_band @ (mean_unanswered + tuning * (mean_predicted - mean_checked)))
    freedom = max(len(checks.rows) - len(size) - 1, 1.0)
    residual = error - tuning * predicted_error
    # checks without a residual leave room for one error in n + 2 (Laplace's rule of succession)
    least = float(influence @ influence) / (len(checked) + 2)
    variance = max(float(residual @ residual) * (freedom + 1) / freedom, least)
    return min(max(share, 0.0), 1.0), tuning, variance, freedom


def _bands_with_checks(coverage: Floats, rows: Rows) -> Rows:
    """Return bands of coverage, as many as leave two checks in each."""
    for n_bands in range(min(N_BANDS, len(rows) // _CHECKS_IN_BAND), 1, -1):
        bands = np.unique(bands_of(coverage, n_bands), return_inverse=True)[1]
        if np.bincount(bands[rows], minlength=bands.max() + 1).min() >= 2:
            return bands
    return np.zeros(len(coverage), dtype=np.int64)


def _effective_checks(share: float, variance: float, freedom: float) -> float:
    """Return how many checks, drawn at random, have this variance (Korn and Graubard 1998)."""
    of_few = (t.ppf(0.95, freedom) / norm.ppf(0.95)) ** 2
    share = min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE)  # at 0 and 1 no check would be left
    return share * (1 - share) / (variance * float(of_few))


def _shape(share: float, n: float) -> tuple[float, float]:
    """Return the beta distribution of a share that n checks show (Jeffreys 1946).

    Where all checks agree, its far end is the exact one, 1 - .05^(1 / n) (Clopper & Pearson 1934):
    Jeffreys' interval held a share of 3% in only 79% of samples of 50.
    """
    if share <= 0:
        return 1.0, n
    if share >= 1:
        return n, 1.0
    return share * n + _JEFFREYS, (1 - share) * n + _JEFFREYS


def _interval(share: float, shape: tuple[float, float]) -> tuple[float, float]:
    """Return the 90% interval; it holds the share itself, also at 0 and 1."""
    low, high = beta.ppf([0.05, 0.95], *shape)
    return min(float(low), share), max(float(high), share)


def _correlation(coverage: Floats, values: Floats) -> float:
    if np.ptp(coverage) == 0 or np.ptp(values) == 0:
        return float("nan")
    return float(np.corrcoef(coverage, values)[0, 1])
