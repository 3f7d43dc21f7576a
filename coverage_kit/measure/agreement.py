"""How far grades agree: repeats of a judge with each other, and a judge with people."""

from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(grades: Floats, level: Level = "interval") -> float:
    """Return Krippendorff's alpha = 1 - D_o / D_e of grades, nan where it is undefined.

    Grades have the shape (items, raters), nan where a rater gave none. D_o is the mean squared
    difference of two grades of the same item, where each item weighs as many as its grades; D_e is
    that of any two grades (Krippendorff 2011, Computing Krippendorff's alpha-reliability).
    Differences: nominal 0 or 1; interval that of the values; ordinal that of the values' middle
    ranks, which equals his sum over the values between. It is nan where no item has two grades, or
    all grades are the same: then nothing distinguishes the items, and agreement means nothing.

    >>> round(krippendorff_alpha(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 4.0]])), 3)
    0.878
    """
    values = np.asarray(grades, dtype=np.float64)
    # A single grade of an item has nothing to agree with.
    values = values[(~np.isnan(values)).sum(axis=1) >= 2]
    is_graded = ~np.isnan(values)
    pool = values[is_graded]
    if len(pool) < 2 or np.ptp(pool) == 0:
        return float("nan")
    if level == "ordinal":
        values = _middle_ranks(values, pool)
        pool = values[is_graded]
    observed = sum(
        _pair_sum(row[has], level) / (has.sum() - 1)
        for row, has in zip(values, is_graded, strict=True)
    ) / len(pool)
    expected = _pair_sum(pool, level) / (len(pool) * (len(pool) - 1))
    return float(1 - observed / expected)


def correlate_repeats(grades: Floats) -> float:
    """Return the test-retest correlation.

    It is Pearson's r between two repeats, averaged over all pairs of repeats. Grades have the shape
    (items, repeats), nan where a grade is missing. It is nan where a repeat gives all items the
    same grade.
    """
    correlations = [
        _correlate(grades[:, first], grades[:, second])
        for first, second in combinations(range(grades.shape[1]), 2)
    ]
    is_complete = bool(correlations) and not np.isnan(correlations).any()
    return float(np.mean(correlations)) if is_complete else float("nan")


def count_repeats(grades: Floats) -> tuple[Floats, Floats]:
    """Return for each item its pairs of repeats with the same whole grade, and all its pairs.

    Both have the shape (items,).

    >>> n_equal, n_pairs = count_repeats(np.array([[4.0, 4.2, 2.0]]))
    >>> float(n_equal[0]), float(n_pairs[0])
    (1.0, 3.0)
    """
    # Halves are rounded up; np.round would turn both 1.5 and 2.5 into 2.
    rounded = np.floor(grades + 0.5)
    n_equal = np.zeros(len(grades))
    n_pairs = np.zeros(len(grades))
    for first, second in combinations(range(grades.shape[1]), 2):
        is_graded = ~np.isnan(rounded[:, first]) & ~np.isnan(rounded[:, second])
        n_pairs += is_graded
        n_equal += is_graded & (rounded[:, first] == rounded[:, second])
    return n_equal, n_pairs


def order_alike(grades: Floats, labels: Floats) -> float:
    """Return the share of pairs of items that the grades put in the order of their labels.

    Pairs are those of items with different labels; ties count half. With two labels it is the AUC,
    with more it is Somers' D of grades given labels, rescaled to 0-1; chance gives .5. It is nan
    where all labels are the same.

    >>> order_alike(np.array([1.0, 2.0, 2.0]), np.array([0.0, 0.0, 1.0]))
    0.75
    """
    order = np.argsort(labels, kind="stable")
    groups = np.split(grades[order], np.flatnonzero(np.diff(labels[order])) + 1)
    n_ordered = n_pairs = 0.0
    # Grades of the labels so far, sorted.
    below = np.zeros(0)
    for group in groups:
        n_under = np.searchsorted(below, group, "left") + np.searchsorted(below, group, "right")
        # The mean of the counts below and up to a grade counts each tie half.
        n_ordered = n_ordered + n_under.sum() / 2
        n_pairs = n_pairs + len(group) * len(below)
        below = np.sort(np.concatenate([below, group]))
    return float(n_ordered / n_pairs) if n_pairs else float("nan")


def _correlate(first: Floats, second: Floats) -> float:
    is_graded = ~np.isnan(first) & ~np.isnan(second)
    if is_graded.sum() < 2 or np.ptp(first[is_graded]) == 0 or np.ptp(second[is_graded]) == 0:
        return float("nan")
    return float(np.corrcoef(first[is_graded], second[is_graded])[0, 1])


def _middle_ranks(values: Floats, pool: Floats) -> Floats:
    """Return the values' mean ranks in the pool; nan remains."""
    levels, counts = np.unique(pool, return_counts=True)
    ranks = np.cumsum(counts) - counts / 2
    ranked = np.full(values.shape, np.nan)
    is_graded = ~np.isnan(values)
    ranked[is_graded] = ranks[np.searchsorted(levels, values[is_graded])]
    return ranked


def _pair_sum(values: Floats, level: Level) -> float:
    """Return the sum of the squared differences of all ordered pairs of values."""
    n = len(values)
    if level == "nominal":
        counts = np.unique(values, return_counts=True)[1]
        return float(n * n - (counts**2).sum())
    # Over all ordered pairs, (x - y)^2 adds up to 2 n times the squares around the mean.
    centred = values - values.mean()
    return float(2 * n * (centred**2).sum())
