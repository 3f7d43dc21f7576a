"""How far grades agree: repeats of one judge among each other, a judge with people."""

from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(grades: Floats, level: Level = "interval") -> float:
    """Return Krippendorff's alpha = 1 - D_o / D_e of grades of shape (items, raters), nan where a rater gave none.

    D_o is the mean squared difference of two grades of one item, each item weighing as its grades,
    D_e that of any two grades (Krippendorff 2011, Computing Krippendorff's alpha-reliability).
    Differences: nominal 0 or 1; interval that of the values; ordinal that of the values' middle
    ranks, which is the same as his sum over the values between. nan where no item has two grades,
    or all are the same: then nothing tells the items apart, and agreement means nothing.

    >>> round(krippendorff_alpha(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 4.0]])), 3)
    0.878
    """
    values = np.asarray(grades, dtype=np.float64)
    values = values[(~np.isnan(values)).sum(axis=1) >= 2]
    given = ~np.isnan(values)
    pool = values[given]
    if len(pool) < 2 or np.ptp(pool) == 0:
        return float("nan")
    if level == "ordinal":
        values = _middle_ranks(values, pool)
        pool = values[given]
    observed = sum(
        _pair_sum(row[has], level) / (has.sum() - 1) for row, has in zip(values, given, strict=True)
    ) / len(pool)
    expected = _pair_sum(pool, level) / (len(pool) * (len(pool) - 1))
    return float(1 - observed / expected)


def correlate_repeats(grades: Floats) -> float:
    """Return the test-retest correlation: Pearson's r between two repeats, mean over all pairs of repeats.

    Grades have the shape (items, repeats), nan where one is missing. nan where a repeat gives all
    items the same grade.
    """
    found = [
        _correlate(grades[:, one], grades[:, other])
        for one, other in combinations(range(grades.shape[1]), 2)
    ]
    told = [one for one in found if not np.isnan(one)]
    return float(np.mean(told)) if told and len(told) == len(found) else float("nan")


def count_repeats(grades: Floats) -> tuple[Floats, Floats]:
    """Return for each item its pairs of repeats with the same whole grade, and all its pairs; shape (items,) each.

    >>> same, pairs = count_repeats(np.array([[4.0, 4.2, 2.0]]))
    >>> float(same[0]), float(pairs[0])
    (1.0, 3.0)
    """
    rounded = np.floor(grades + 0.5)
    same = np.zeros(len(grades))
    pairs = np.zeros(len(grades))
    for one, other in combinations(range(grades.shape[1]), 2):
        both = ~np.isnan(rounded[:, one]) & ~np.isnan(rounded[:, other])
        pairs += both
        same += both & (rounded[:, one] == rounded[:, other])
    return same, pairs


def order_alike(grades: Floats, labels: Floats) -> float:
    """Return the share of pairs of items with different labels that the grades put in the labels' order; ties count half.

    With two labels it is the AUC, with more Somers' D of grades given labels, brought to 0-1; .5 is
    what chance gives. nan where all labels are the same.

    >>> order_alike(np.array([1.0, 2.0, 2.0]), np.array([0.0, 0.0, 1.0]))
    0.75
    """
    order = np.argsort(labels, kind="stable")
    parts = np.split(grades[order], np.flatnonzero(np.diff(labels[order])) + 1)
    won = n_pairs = 0.0
    below = np.zeros(0)
    for part in parts:
        n_under = np.searchsorted(below, part, "left") + np.searchsorted(below, part, "right")
        won = won + n_under.sum() / 2
        n_pairs = n_pairs + len(part) * len(below)
        below = np.sort(np.concatenate([below, part]))
    return float(won / n_pairs) if n_pairs else float("nan")


def _correlate(one: Floats, other: Floats) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < 2 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return float("nan")
    return float(np.corrcoef(one[both], other[both])[0, 1])


def _middle_ranks(values: Floats, pool: Floats) -> Floats:
    """Return the values' mean ranks in the pool; nan stays."""
    kinds, counts = np.unique(pool, return_counts=True)
    ranks = np.cumsum(counts) - counts / 2
    ranked = np.full(values.shape, np.nan)
    given = ~np.isnan(values)
    ranked[given] = ranks[np.searchsorted(kinds, values[given])]
    return ranked


def _pair_sum(values: Floats, level: Level) -> float:
    """Return the sum of the squared differences of all ordered pairs of values."""
    n = len(values)
    if level == "nominal":
        counts = np.unique(values, return_counts=True)[1]
        return float(n * n - (counts**2).sum())
    centred = values - values.mean()
    return float(2 * n * (centred**2).sum())
