"""Logistic regression with weights that are never negative, drawn towards a prior."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from coverage_kit.match.neighborhood import Flags, Floats

# The weight towards which a ridge draws each weight, and how many queries the ridge is worth. Both
# were chosen on public sets (docs/method.md, calibration).
_PRIOR_WEIGHT = 0.25
_PRIOR_QUERIES = 300.0


def fit_logistic(
    inputs: Floats,
    is_visible: Flags,
    importance: Floats,
    trust: Floats,
    start: Floats | None = None,
) -> Floats:
    """Return weights (intercept first) that separate visible from hidden; none is negative.

    Both groups weigh the mean importance. Each piece of evidence speaks for coverage or not at all,
    so weights are at least 0. With little data they stay near `_PRIOR_WEIGHT` times their `trust`
    (f,), by a ridge worth `_PRIOR_QUERIES` queries, which was chosen on public sets
    (docs/method.md). The search begins at `start`, the weights of a similar fit.

    Args:
        inputs: a column of ones and the features in units of their spread, shape (r, 1 + f).
        is_visible: which rows are visible, shape (r,).
        importance: how much each row counts, shape (r,).
        trust: how far each feature is trusted before the fit, 0-1, shape (f,).
        start: weights at which the search begins, shape (1 + f,).
    """
    half = importance.mean() if len(importance) else 1.0
    scaled = (
        np.where(
            is_visible,
            importance / importance[is_visible].sum(),
            importance / importance[~is_visible].sum(),
        )
        * half
    )
    sign = np.where(is_visible, 1.0, -1.0)
    prior = np.r_[0.0, _PRIOR_WEIGHT * trust]
    ridge = np.r_[0.0, np.full(inputs.shape[1] - 1, _PRIOR_QUERIES)]

    def loss(weights: Floats) -> tuple[float, Floats]:
        value = sign * (inputs @ weights)
        slope = -sign * scaled * expit(-value)
        deviation = weights - prior
        total = float(scaled @ np.logaddexp(0, -value) + deviation @ (ridge * deviation) / 2)
        return total, inputs.T @ slope + ridge * deviation

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
