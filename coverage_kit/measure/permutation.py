"""Whether groups of clusters changed more than the untreated ones.

The tests hold when clusters drift by themselves.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

# With the observed labelling 5,000: p in steps of .0002.
N_DRAWS = 4999
# With fewer, two-sided p seldom gets to 5% whatever happened.
_MIN_LABELLINGS = 40
# Values of which all sign flips are tried (4,096 flips), and of which sign flips are drawn
# (assumed: more cost memory, and the normal distribution fits).
_MAX_EXACT = 12
_MAX_DRAWN = 500
# Differences that are rounding of the machine.
_TIE = 1e-9


@dataclass(frozen=True)
class PromptChanges:
    """How much the rate of each prompt of a panel changed, in its cluster.

    Attributes:
        before: each prompt's rate over its answers before, shape (p,).
        after: the same after, shape (p,).
        n_before: its answers before, at least 1, shape (p,).
        n_after: its answers after, at least 1, shape (p,).
        cluster: number of its cluster, from 0 to k - 1, each at least once, shape (p,).
        is_treated: whether each cluster is treated, shape (k,).
    """

    before: Floats
    after: Floats
    n_before: Floats
    n_after: Floats
    cluster: Ints
    is_treated: Flags

    @property
    def change(self) -> Floats:
        """Return after - before of each prompt."""
        return self.after - self.before

    def sum_by_cluster(self, values: Floats) -> Floats:
        """Return the sum of the prompts' values in each cluster, shape (k,)."""
        return np.bincount(self.cluster, values, len(self.is_treated)).astype(np.float64)


@dataclass(frozen=True)
class Contrast:
    """How much a group of clusters changed beyond the untreated ones, with its test.

    The test is its standard error, degrees of freedom, and p. `error` and `p` are nan and `df` is 0
    where too few clusters are left to show how much clusters drift by themselves. `least_p` is the
    smallest p that the test could give.
    """

    effect: float
    error: float
    df: int
    p: float
    least_p: float


@dataclass(frozen=True)
class _Clusters:
    """The clusters' changes on one scale, shape (k,).

    `unit` is how much a cluster's rate moves when the scale moves by 1, `mean` the cluster's mean
    change on the scale, `noise` its binomial variance, and `weight` what the cluster counts in the
    mean of several: its prompts x `unit`.
    """

    unit: Floats
    mean: Floats
    noise: Floats
    weight: Floats


def contrast_groups(prompts: PromptChanges, groups: list[Flags], seed: int = 0) -> list[Contrast]:
    """Return the contrast of each group of clusters with the untreated clusters.

    effect = mean change of the group's prompts - mean change of the untreated clusters' prompts,
    each prompt weighing the same. A group of untreated clusters is compared with no change at all.

    A group can move without any edit for two reasons: its own prompts' answers vary, and its
    clusters drift by themselves. Repeats and prompts say nothing about the second, other clusters
    do. Where at least 40 labellings of the clusters exist, all treated clusters together are tested
    by permutation of the label over clusters, of effect / error: p = share of labellings at least
    as extreme. With fewer, as for a single cluster, which has as many as there are clusters, p is
    the larger of

    - that of the spread between clusters: a t test of effect / error, which covers drift;
    - that of the group's own prompts: the share of sign flips of their changes less drift with a
      mean at least as far from 0, which covers groups whose prompts vary more than those of others.
      Under six prompts it is never below 5%.

    error^2 = phi x (noise of the group + noise of the untreated clusters). The noise of a cluster's
    mean change is what independent answers at its rate r would have: r (1 - r) x sum (1 / n_before
    + 1 / n_after) / n_prompts^2, where r is the mean of before and after with one answer of 1/2
    added. phi = sum ((cluster's change - mean of its side)^2 / noise) / df says how much more
    clusters vary than that (quasi-binomial dispersion, McCullagh & Nelder 1989). It is of the
    clusters outside the group, treated and untreated each around their own mean, and of those
    inside around theirs; unlike effects within a side only make the test more cautious.

    The same drift of an engine moves middling rates by more points than rates near 0 or 1, so
    clusters that are seldom cited seem to gain when all lose. Each test is therefore made twice,
    with a drift of the same points everywhere and with one in proportion to r (1 - r), as of a
    common shift of the log odds; the larger p and error count. `effect` is of the former. `error`
    is at least the standard error over the group's own prompts.

    How often this errs on simulated logs: `python -m studies change`.

    Args:
        prompts: changes of the prompts of one measure, engine and surface.
        groups: clusters of each group, all treated or all untreated, shape (k,) each.
        seed: seed of labellings and sign flips, where not all are tried.
    """
    scales = _scale(prompts)
    return [_contrast(prompts, scales, group, seed) for group in groups]


def correct_holm(p: Floats) -> Floats:
    """Return p corrected for the number of tests (Holm 1979), at most 1.

    Missing values are no tests and remain missing.

    >>> correct_holm(np.array([0.01, 0.04, 0.03])).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    corrected = np.full(len(p), np.nan)
    # A larger p must not get a smaller corrected p, hence the running maximum.
    corrected[order] = np.minimum(
        np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0
    )
    return corrected


def flip_signs(values: Floats, seed: int = 0) -> float:
    """Return the share of sign flips of the values whose mean is at least as far from 0.

    It is nan without values. All flips of up to 12 values are tried. Of more, flips are drawn, and
    the observed signs are among them. Of over 500, it is the normal distribution with the flips'
    variance, sum of values^2.
    """
    total = abs(float(values.sum()))
    if len(values) > _MAX_DRAWN:
        return 2 * float(stats.norm.sf(_divide(total, math.sqrt(float(values @ values)))))
    sums = np.abs(_signs(len(values), seed).astype(np.float64) @ values)
    return float(np.mean(sums >= total - _TIE)) if len(values) else math.nan


def _scale(prompts: PromptChanges) -> list[_Clusters]:
    """Return the clusters on the scale of rates, and on that of a common shift of the log odds."""
    size = prompts.sum_by_cluster(np.ones(len(prompts.cluster)))
    # One answer of 1/2 is added, so that no rate is 0 or 1, where nothing could vary.
    answer = size / prompts.sum_by_cluster(prompts.n_before + prompts.n_after)
    rate = (prompts.sum_by_cluster((prompts.before + prompts.after) / 2) + answer / 2) / (
        size + answer
    )
    spread = rate * (1 - rate)
    noise = spread * prompts.sum_by_cluster(1 / prompts.n_before + 1 / prompts.n_after) / size**2
    mean = prompts.sum_by_cluster(prompts.change) / size
    return [
        _Clusters(unit, mean / unit, noise / unit**2, size * unit)
        for unit in (np.ones(len(size)), spread)
    ]


def _contrast(prompts: PromptChanges, scales: list[_Clusters], group: Flags, seed: int) -> Contrast:
    """Return the contrast on rates, with the larger error and p of both scales."""
    rates, other = (_contrast_on(clusters, prompts, group, seed) for clusters in scales)
    own = prompts.change[group[prompts.cluster]]
    own_error = float(own.std(ddof=1)) / math.sqrt(len(own)) if len(own) > 1 else 0.0
    return replace(
        rates,
        error=max(rates.error, other.error, own_error) if rates.df else math.nan,
        p=max(rates.p, other.p),
    )


def _contrast_on(clusters: _Clusters, prompts: PromptChanges, group: Flags, seed: int) -> Contrast:
    """Return the contrast on one scale; effect and error are of the group's rate."""
    untreated = ~prompts.is_treated
    is_of_treated = bool((group & prompts.is_treated).any())
    against = untreated & is_of_treated
    # Untreated clusters are compared with no change, treated ones with the untreated.
    drift = _mean(clusters, against) if against.any() else 0.0
    own = (prompts.change - drift * clusters.unit[prompts.cluster])[group[prompts.cluster]]
    effect = float(own.mean())
    unit = float(clusters.unit[prompts.cluster][group[prompts.cluster]].mean())
    phi, df = _dispersion(clusters, (prompts.is_treated & ~group, untreated & ~group, group))
    if not df or not untreated.any():
        return Contrast(effect, math.nan, 0, math.nan, math.nan)
    error = unit * math.sqrt(phi * (_noise(clusters, group) + _noise(clusters, against)))
    ratio = _divide(effect, error)
    if (group == prompts.is_treated).all() and math.comb(
        len(group), int(group.sum())
    ) >= _MIN_LABELLINGS:
        labels = _labellings(tuple(group.tolist()), seed)
        return Contrast(
            effect,
            error,
            df,
            _permute(clusters, labels, ratio),
            1 / len(labels),
        )
    # Too few labellings: the larger p of clusters and of the group's own prompts.
    p = max(2 * float(stats.t.sf(abs(ratio), df)), flip_signs(own, seed))
    return Contrast(effect, error, df, p, max(2.0 ** (1 - len(own)), 1 / (N_DRAWS + 1)))


def _mean(clusters: _Clusters, group: Flags) -> float:
    return float(np.average(clusters.mean[group], weights=clusters.weight[group]))


def _noise(clusters: _Clusters, group: Flags) -> float:
    """Return the binomial variance of the mean change of these clusters, 0 if there are none."""
    weight = clusters.weight[group]
    return float(weight**2 @ clusters.noise[group] / weight.sum() ** 2) if group.any() else 0.0


def _dispersion(clusters: _Clusters, sides: tuple[Flags, ...]) -> tuple[float, int]:
    """Return phi and its degrees of freedom, over sides that each have a mean of their own."""
    sides = tuple(side for side in sides if side.any())
    df = sum(int(side.sum()) - 1 for side in sides)
    squares = sum(
        float(np.sum((clusters.mean[side] - _mean(clusters, side)) ** 2 / clusters.noise[side]))
        for side in sides
    )
    return squares / max(df, 1), df


def _divide(effect: float, error: float) -> float:
    """Return effect / error; 0 where both are 0."""
    if abs(effect) < _TIE:
        return 0.0
    return effect / error if error > _TIE else math.copysign(math.inf, effect)


def _permute(clusters: _Clusters, labels: Floats, observed: float) -> float:
    """Return the share of labellings whose effect / error is at least as far from 0.

    Labellings have the shape (l, k), of 0 and 1.
    """
    means = []
    noise = np.zeros(len(labels))
    squares = np.zeros(len(labels))
    # Both sides of all labellings at once.
    for side in (labels, 1 - labels):
        weight = side @ clusters.weight
        mean = side @ (clusters.weight * clusters.mean) / weight
        squares += np.sum(side * (clusters.mean - mean[:, None]) ** 2 / clusters.noise, axis=1)
        noise += side @ (clusters.weight**2 * clusters.noise) / weight**2
        means.append(mean)
    effect = np.abs(means[0] - means[1])
    # Two degrees of freedom go to the means of the two sides.
    error = np.sqrt(squares / (labels.shape[1] - 2) * noise)
    ratio = np.divide(
        effect,
        error,
        out=np.where(effect > _TIE, np.inf, 0.0),
        where=error > _TIE,
    )
    return float(np.mean(ratio >= abs(observed) - _TIE))


@lru_cache(maxsize=8)
def _labellings(observed: tuple[bool, ...], seed: int) -> Floats:
    """Return labellings of the clusters, 1 for treated, shape (l, k).

    All of them are returned, or draws, of which the first is the observed one.
    """
    n_clusters = len(observed)
    n_treated = sum(observed)
    if math.comb(n_clusters, n_treated) <= N_DRAWS + 1:
        chosen = np.array(list(combinations(range(n_clusters), n_treated)))
    else:
        chosen = (
            np.random.default_rng(seed)
            .random((N_DRAWS + 1, n_clusters))
            .argsort(axis=1)[:, :n_treated]
        )
        # With the observed labelling among the draws, p is never 0.
        chosen[0] = np.flatnonzero(observed)
    labels = np.zeros((len(chosen), n_clusters))
    np.put_along_axis(labels, chosen, 1.0, axis=1)
    return labels


@lru_cache(maxsize=8)
def _signs(n_values: int, seed: int) -> npt.NDArray[np.int8]:
    """Return sign flips of the values, shape (f, n).

    All of them are returned, or draws, of which the first flips none.
    """
    if n_values <= _MAX_EXACT:
        return np.array(list(product((1, -1), repeat=n_values)), dtype=np.int8)
    signs = (
        np.random.default_rng(seed).integers(0, 2, size=(N_DRAWS + 1, n_values), dtype=np.int8) * 2
        - 1
    )
    signs[0] = 1
    return signs
