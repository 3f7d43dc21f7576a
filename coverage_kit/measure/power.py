"""What a log could show at all.

That is what moves where nothing was changed, and the smallest effect that would be detected.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from coverage_kit.measure.permutation import (
    Contrast,
    Flags,
    Floats,
    Ints,
    PromptChanges,
)

# The usual power.
_POWER = 0.8
# Splits that are drawn where there are more (assumed: enough for the 95% quantile).
_MAX_SPLITS = 200
# The share of splits that stay within a noise floor.
_WITHIN = 0.95


def find_smallest_effect(contrast: Contrast, level: float) -> float:
    """Return the smallest effect that would be detected at this level in 80% of cases, or nan.

    (t(1 - level / 2) + t(.8)) x error: the effect whose estimate exceeds the critical value in 80%
    of cases; the error is that of the contrast. It is nan where no effect would be detected. A rate
    moves by at most 1, so nothing above 1 is returned.
    """
    if not contrast.df or contrast.least_p > level:
        return math.nan
    quantiles = stats.t.ppf([1 - level / 2, _POWER], contrast.df)
    effect = float(quantiles.sum()) * contrast.error
    return effect if effect <= 1 else math.nan


@dataclass(frozen=True)
class TimeBefore:
    """The answers before the change: their values, their prompts, and when they were given.

    Attributes:
        values: what each answer counts, 0-1, shape (a,).
        prompt: number of its prompt, from 0, shape (a,).
        stretch: number of its stretch of time, such as a week, from 0, shape (a,).
    """

    values: Floats
    prompt: Ints
    stretch: Ints


def measure_noise_floors(
    before: TimeBefore,
    prompts: PromptChanges,
    groups: Sequence[Flags],
    seed: int = 0,
) -> list[float]:
    """Return for each group of clusters the effect that 95% of A/A splits stay within.

    It is nan where no split can be made. The stretches of the time before are split into two halves
    in every way, or in 200 random ways. Nothing was changed between the halves, so each effect
    (mean change of the group's prompts - that of the untreated ones, of prompts answered in both
    halves) is noise. Each half has half the answers, so the floor is rather too high. Of few
    splits, such as the three of four weeks, it is the largest.

    Args:
        before: answers of the prompts.
        prompts: the same prompts, for their clusters.
        groups: clusters of each group, shape (k,) each.
        seed: seed of the splits, where not all are made.
    """
    changes = _split_changes(before, len(prompts.cluster), seed)
    untreated = ~prompts.is_treated
    drift = _mean_rows(changes, untreated[prompts.cluster])
    floors = []
    for group in groups:
        has_drift = untreated.any() and (group & prompts.is_treated).any()
        changes_of_group = _mean_rows(changes, group[prompts.cluster])
        effects = np.abs(changes_of_group - (drift if has_drift else 0.0))
        effects = effects[~np.isnan(effects)]
        floors.append(
            float(np.quantile(effects, _WITHIN, method="higher")) if len(effects) else math.nan
        )
    return floors


def _split_changes(before: TimeBefore, n_prompts: int, seed: int) -> Floats:
    """Return each prompt's change from one half of the time before to the other, shape (p, splits).

    It is nan where a half is empty.
    """
    n_stretches = int(before.stretch.max(initial=-1)) + 1
    cell = before.prompt * n_stretches + before.stretch
    shape = (n_prompts, n_stretches)
    sums = np.bincount(cell, before.values, n_prompts * n_stretches).reshape(shape)
    counts = np.bincount(cell, minlength=n_prompts * n_stretches).reshape(shape)
    # The stretches of the first half of each split are 1, the others 0.
    first = _splits(n_stretches, seed)
    early, late = (_divide(sums @ half.T, counts @ half.T) for half in (first, 1 - first))
    return late - early


def _splits(n_stretches: int, seed: int) -> Floats:
    """Return splits of the stretches into two halves, 1 for the first, shape (splits, stretches).

    A single stretch has no split.
    """
    n_first = n_stretches // 2
    if not n_first:
        return np.zeros((0, n_stretches))
    if math.comb(n_stretches, n_first) <= 2 * _MAX_SPLITS:
        chosen = np.array(list(combinations(range(n_stretches), n_first)))
    else:
        chosen = (
            np.random.default_rng(seed)
            .random((_MAX_SPLITS, n_stretches))
            .argsort(axis=1)[:, :n_first]
        )
    first = np.zeros((len(chosen), n_stretches))
    np.put_along_axis(first, chosen, 1.0, axis=1)
    return first


def _mean_rows(changes: Floats, rows: Flags) -> Floats:
    """Return the mean of these rows in each column, nan where all are missing."""
    is_present = ~np.isnan(changes[rows])
    return _divide(np.where(is_present, changes[rows], 0.0).sum(axis=0), is_present.sum(axis=0))


def _divide(top: Floats, base: Floats) -> Floats:
    """Return top / base, nan where base is 0."""
    quotients: Floats = np.divide(top, base, out=np.full(base.shape, np.nan), where=base > 0)
    return quotients
