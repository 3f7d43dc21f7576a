"""Coverage recalibrated on checks: a line on the log odds, and the level of the estimated share."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from coverage_kit.match.checked_share import ShareEstimate
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.sampling import Checks, Questions, check_weights

# Mean and standard deviation of the slope before anything is checked: on public sets slopes are
# .1 to 1.8 (docs/method.md, checks).
_SLOPE = (0.7, 0.5)
# The slope never falls to 0, so that the order of the questions stays.
_LEAST_SLOPE = 0.05
# Standard deviation of the intercept, and of what citations add to or take from CITATION_ODDS, in
# log odds. Assumed: the first is nearly free; the second moves with some tens of checks.
_INTERCEPT_DEVIATION = 3.0
_CITED_DEVIATION = 0.5
# Coverage nearer to 0 or 1 demand as this, so that its log odds stay finite. Assumed.
_LEAST_COVERAGE = 0.01
# Newton's steps of a fit, and halvings of the interval in which a level is sought.
_STEPS = 25
_HALVINGS = 40
_WIDEST_SHIFT = 15.0


@dataclass(frozen=True)
class Recalibration:
    """What checks change in coverage, for the estimate and each refit, shape (1 + bootstraps,).

    The log odds of coverage are multiplied by `slopes`; `of_cited` is added for cited questions,
    and `shifts` for all. `rows` are the checked questions, `values` what was read there, 0-1.
    """

    slopes: Floats
    of_cited: Floats
    shifts: Floats
    rows: Rows
    values: Floats

    def move(self, coverage: Floats, is_cited: Flags | None = None) -> Floats:
        """Return coverage that agrees with the checks, shape (1 + bootstraps, n).

        Args:
            coverage: of any n questions, under the estimate and each refit.
            is_cited: which of them are cited, shape (n,); by default none is.
        """
        odds = logit(np.clip(coverage, _LEAST_COVERAGE, 1 - _LEAST_COVERAGE))
        moved = self.slopes[:, None] * odds + self.shifts[:, None]
        if is_cited is not None:
            moved = moved + self.of_cited[:, None] * is_cited
        return np.asarray(expit(moved), dtype=np.float64)

    def pin(self, coverage: Floats) -> Floats:
        """Return coverage of the log in which checked questions have the value that was read."""
        pinned = coverage.copy()
        pinned[:, self.rows] = self.values
        return pinned


def fit_recalibration(
    questions: Questions, checks: Checks, share: ShareEstimate, seed: int = 0
) -> Recalibration:
    """Return what makes coverage agree with the checks.

    The log odds of coverage get a new slope, and the intercept with which the mean coverage, by
    demand, is 1 - share: that of the estimate first, and of a draw from the share's distribution
    for each refit, whose slope is fitted to resampled checks (Bayesian bootstrap, Rubin 1981).
    Coverage of cited questions holds CITATION_ODDS already; the checks of such questions show how
    far it is off.

    Args:
        questions: the log.
        checks: the questions that were checked, at least one.
        share: the unanswered share of these questions and checks (`estimate_share`).
        seed: of the draws and of the resampling.
    """
    rng = np.random.default_rng(seed)
    cited = questions.is_cited.astype(np.float64)
    weights = check_weights(checks)
    shares = np.r_[share.share, share.draws(len(questions.coverage) - 1, rng)]
    # half a check is always left on either side
    shares = np.clip(shares, 0.5 / len(checks), 1 - 0.5 / len(checks))
    fits = []
    for number, covered in enumerate(questions.coverage):
        resampled = weights * rng.exponential(size=len(weights)) if number else weights
        odds = logit(np.clip(covered, _LEAST_COVERAGE, 1 - _LEAST_COVERAGE))
        slope, of_cited = _fit(odds[checks.rows], cited[checks.rows], checks.values, resampled)
        line = slope * odds + of_cited * cited
        fits.append((slope, of_cited, _shift(line, 1 - shares[number], questions.demand, checks)))
    slopes, of_cited, shifts = np.array(fits).T
    return Recalibration(slopes, of_cited, shifts, checks.rows, checks.values)


def recalibrate(
    questions: Questions, checks: Checks, share: ShareEstimate, seed: int = 0
) -> Floats:
    """Return coverage that agrees with the checks, shape (1 + bootstraps, n queries).

    A question that was checked has the value that was read. Without checks nothing changes. For
    the arguments see `fit_recalibration`.
    """
    if not len(checks):
        return questions.coverage
    fitted = fit_recalibration(questions, checks, share, seed)
    return fitted.pin(fitted.move(questions.coverage, questions.is_cited))


def _fit(odds: Floats, cited: Floats, values: Floats, weights: Floats) -> tuple[float, float]:
    """Return the slope of the log odds and what a citation adds, by penalised likelihood."""
    inputs = np.column_stack([np.ones(len(odds)), odds, cited])
    prior = np.array([0.0, _SLOPE[0], 0.0])
    precision = np.array([_INTERCEPT_DEVIATION, _SLOPE[1], _CITED_DEVIATION]) ** -2
    weights = weights * len(weights) / weights.sum()
    fitted = prior.copy()
    for _ in range(_STEPS):
        predicted = expit(inputs @ fitted)
        gradient = inputs.T @ (weights * (values - predicted)) - precision * (fitted - prior)
        curvature = weights * predicted * (1 - predicted)
        hessian = (inputs.T * curvature) @ inputs + np.diag(precision)
        # steps are bounded, so that far starts do not overshoot
        step = np.clip(np.linalg.solve(hessian, gradient), -2, 2)
        fitted += step
        if np.abs(step).max() < 1e-6:
            break
    return max(float(fitted[1]), _LEAST_SLOPE), float(fitted[2])


def _shift(odds: Floats, mean: float, demand: Floats, checks: Checks) -> float:
    """Return what to add to these log odds, so that mean coverage by demand is this one.

    Checked questions keep their values, so the others make up for them, as far as they can.
    """
    is_open = np.ones(len(odds), dtype=bool)
    is_open[checks.rows] = False
    if not is_open.any():
        return 0.0
    missing = mean * demand.sum() - float(demand[checks.rows] @ checks.values)
    low, high = -_WIDEST_SHIFT, _WIDEST_SHIFT
    for _ in range(_HALVINGS):
        shift = (low + high) / 2
        if float(demand[is_open] @ expit(odds[is_open] + shift)) < missing:
            low = shift
        else:
            high = shift
    return (low + high) / 2
