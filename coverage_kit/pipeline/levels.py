"""How much is covered and how many questions are unanswered, with intervals, as plain values."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from coverage_kit.match.checked_coverage import CheckedCoverage
from coverage_kit.tables import Queries

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


# Correlation of the outcomes of questions of one topic, on a normal scale: a topic is mostly
# answered or missing as a whole. Assumed.
_CORRELATION = 0.5


def draw_outcomes(draws: Floats, topics: Rows, seed: int) -> Floats:
    """Return draws of which questions are answered: 0 or 1, except for the estimate, same shape.

    Coverage is a probability. Which of the questions are answered is not known beyond it, and where
    few questions hold most of the demand, that is most of what is not known of its share.

    Args:
        draws: coverage under the estimate and each refit, shape (1 + bootstraps, n queries).
        topics: the topic of each query, shape (n queries,).
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    codes = np.unique(topics, return_inverse=True)[1]
    n_refits = len(draws) - 1
    shared = rng.standard_normal((n_refits, int(codes.max(initial=0)) + 1))[:, codes]
    own = rng.standard_normal((n_refits, len(codes)))
    ranks = norm.cdf(np.sqrt(_CORRELATION) * shared + np.sqrt(1 - _CORRELATION) * own)
    return np.vstack([draws[:1], (ranks < draws[1:]).astype(np.float64)])


def find_asked(queries: Queries) -> npt.NDArray[np.bool_]:
    """Return which questions count for the level: those that the log asked, (n queries,).

    Searches of an engine's report are those for which your site was cited, so that a share of them
    says nothing of all questions. They count only where the log holds nothing else.
    """
    is_reported = (queries["times_cited"].notna() & (queries["demand"] <= 0)).to_numpy(bool)
    return np.ones(len(queries), dtype=bool) if is_reported.all() else ~is_reported


def share_covered(draws: Floats, demand: "pd.Series[float]") -> dict[str, float]:
    """Return the covered share of demand under the estimate, and its 90% interval.

    The interval is that of the share in each draw, so that it holds what is not known of the level.

    Args:
        draws: coverage under the estimate and each refit, shape (1 + bootstraps, n queries).
        demand: how often each query was asked, in the same order.

    >>> share_covered(np.array([[1.0, 0.0], [1.0, 1.0]]), pd.Series([3.0, 1.0]))
    {'value': 0.75, 'low': 0.75, 'high': 1.0}
    """
    weights = demand.to_numpy(np.float64)
    return _interval(draws @ weights / weights.sum())


def share_unanswered(draws: Floats) -> dict[str, float]:
    """Return the share of questions that the site does not answer, with its 90% interval.

    >>> share_unanswered(np.array([[1.0, 0.0], [1.0, 1.0]]))
    {'value': 0.5, 'low': 0.0, 'high': 0.5}
    """
    return _interval(1 - draws.mean(axis=1))


def _interval(shares: Floats) -> dict[str, float]:
    """Return the first share, and the ends of the others' 90% interval, which holds it."""
    value = float(shares[0])
    low, high = np.quantile(shares[1:] if len(shares) > 1 else shares, [0.05, 0.95])
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value)}


def describe_checked(checked: CheckedCoverage | None) -> dict[str, Any] | None:
    """Return what people's checks say as plain values; None where nobody checked."""
    if checked is None:
        return None
    share = checked.share
    return {
        "n_checks": share.n_checks,
        "share": share.share,
        "low": share.low,
        "high": share.high,
        "alone_share": share.alone_share,
        "alone_low": share.alone_low,
        "alone_high": share.alone_high,
        "is_combined": share.is_combined,
        "correlation": _known(share.correlation),
        "auc": _known(checked.auc),
        "auc_low": checked.low,
        "auc_high": checked.high,
        "auc_gaps": _known(checked.auc_gaps),
    }


def _known(value: float) -> float | None:
    """Return a figure, or None in place of nan, which JSON does not have."""
    return float(value) if np.isfinite(value) else None
