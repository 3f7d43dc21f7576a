"""Whether one of each pair changed more than the other, where a draw chose which was treated."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from coverage_kit.measure.permutation import N_DRAWS, Contrast, Floats, flip_signs
from coverage_kit.measure.power import find_smallest_effect

# The usual level.
LEVEL = 0.05
# The fewest pairs of which the two most extreme outcomes of a draw, 2 of 2^6, are under LEVEL.
MIN_PAIRS = 6
# Pairs of which all subsets are tried (4,096); of more, subsets are drawn (assumed).
_MAX_EXACT = 12
# The usual power, and the simulated draws by which it is found (assumed: to 1 point).
_POWER = 0.8
_N_TRIALS = 1000
# Differences that are rounding of the machine.
_TIE = 1e-9


@dataclass(frozen=True)
class PairedContrast:
    """By how much the treated of the pairs changed beyond the others.

    `low` and `high` are the ends of an interval that holds at `level`: .95, or the highest that so
    few pairs allow. `smallest_effect` would be shown in 80% of cases, if differences spread
    normally. What is not defined is nan.
    """

    n_pairs: int
    effect: float
    low: float
    high: float
    level: float
    p: float
    smallest_effect: float


def contrast_pairs(differences: Floats, seed: int = 0) -> PairedContrast:
    """Return the mean difference of the pairs, with its test and its interval.

    A coin chose in each pair which one is treated. Where the treatment does nothing, each
    difference had its sign from that coin alone, whatever else moves the two. So p is the share of
    sign flips whose mean is at least as far from 0 (randomisation inference; Fisher 1935). The
    interval is the one of the means of subsets (Hartigan 1969): in the order of the means of all
    non-empty subsets, the true difference lies between any two neighbours with the same
    probability, if differences spread alike to both sides. With n pairs, the mean of the smallest
    and the largest subset hold it with probability 1 - 2 / 2^n: under six pairs this is less than
    .95, and p is never under .05.

    Args:
        differences: change of the treated minus change of the other of each pair, shape (k,).
        seed: seed of subsets and sign flips, where not all are tried.
    """
    n = len(differences)
    if not n:
        return PairedContrast(0, *[math.nan] * 6)
    effect = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    p = flip_signs(differences, seed)
    if error < _TIE:  # that all pairs moved by the same says nothing of other pairs
        return PairedContrast(n, effect, math.nan, math.nan, math.nan, p, math.nan)
    means = np.sort(_subset_means(differences, seed))
    n_between = len(means) + 1
    n_cut = max(int(LEVEL / 2 * n_between), 1)
    return PairedContrast(
        n,
        effect,
        float(means[n_cut - 1]),
        float(means[-n_cut]),
        1 - 2 * n_cut / n_between,
        p,
        _find_smallest_effect(Contrast(effect, error, n - 1, p, 2.0 ** (1 - n))),
    )


def _find_smallest_effect(contrast: Contrast) -> float:
    """Return the smallest effect that the sign flips would show in 80% of cases, or nan."""
    n = contrast.df + 1
    if n < MIN_PAIRS or n > _MAX_EXACT:  # of many pairs, the flips agree with a t test
        return find_smallest_effect(contrast, LEVEL)
    effect = _detectable(n) * contrast.error * math.sqrt(n)
    return effect if effect <= 1 else math.nan


@lru_cache(maxsize=8)
def _detectable(n: int) -> float:
    """Return the smallest mean that flips of n values show, in their standard deviations."""
    values = np.random.default_rng(0).normal(size=(_N_TRIALS, n))
    signs = np.array([(1, *rest) for rest in product((1, -1), repeat=n - 1)], dtype=np.float64)
    flipped, shifted = values @ signs.T, signs.sum(axis=1)

    def power(mean: float) -> float:
        sums = np.abs(flipped + mean * shifted)
        return float(np.mean((sums >= sums[:, :1] - _TIE).mean(axis=1) <= LEVEL))

    low, high = 0.0, 4.0
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= _POWER else (middle, high)
    return high


def _subset_means(values: Floats, seed: int) -> Floats:
    """Return the means of all non-empty subsets of the values, or of drawn ones."""
    n = len(values)
    if n <= _MAX_EXACT:
        subsets = np.array(list(product((0, 1), repeat=n)), dtype=np.float64)
    else:
        rng = np.random.default_rng(seed)
        subsets = rng.integers(0, 2, size=(N_DRAWS, n)).astype(np.float64)
    sizes = subsets.sum(axis=1)
    means: Floats = (subsets @ values)[sizes > 0] / sizes[sizes > 0]
    return means
