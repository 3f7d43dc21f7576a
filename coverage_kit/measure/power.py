"""What a log could show at all: what moves where nothing was changed, and the smallest effect that it would show."""

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

_POWER = 0.8
_N_SPLITS = 200
_WITHIN = 0.95


def find_smallest_effect(contrast: Contrast, level: float) -> float:
    """Return the smallest effect that would be shown at this level in 80% of cases; nan where no effect would be.

    (t(1 - level / 2) + t(.8)) x error: the effect whose estimate goes beyond the critical value in
    80% of cases, the error being that of the contrast. A rate moves by 1 at most, so nothing above
    1 is told.
    """
    if not contrast.df or contrast.least_p > level:
        return math.nan
    quantiles = stats.t.ppf([1 - level / 2, _POWER], contrast.df)
    effect = float(quantiles.sum()) * contrast.error
    return effect if effect <= 1 else math.nan


@dataclass(frozen=True)
class TimeBefore:
    """The answers of the time before: their values, and of which prompt and in which stretch of time they are.

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
    """Return the effect that 95% of A/A splits stay within, of each group of clusters; nan where no split can be made.

    The stretches of the time before are split into two halves in every way, or in 200 random ways.
    Nothing was changed between the halves, so each effect (mean change of the group's prompts -
    that of the untreated ones, of prompts answered in both halves) is noise. Each half has half the
    answers: the floor errs to the high side. Of few splits, as the three of four weeks, it is the
    largest.

    Args:
        before: answers of the prompts.
        prompts: the same prompts, for their clusters.
        groups: clusters of each group, shape (k,) each.
        seed: seed of the splits, where not all are tried.
    """
    changes = _split_changes(before, len(prompts.cluster), seed)
    untreated = ~prompts.is_treated
    drift = _mean_rows(changes, untreated[prompts.cluster])
    floors = []
    for group in groups:
        has_drift = untreated.any() and (group & prompts.is_treated).any()
        effects = np.abs(
            _mean_rows(changes, group[prompts.cluster]) - (drift if has_drift else 0.0)
        )
        effects = effects[~np.isnan(effects)]
        floors.append(
            float(np.quantile(effects, _WITHIN, method="higher")) if len(effects) else math.nan
        )
    return floors


def _split_changes(before: TimeBefore, n_prompts: int, seed: int) -> Floats:
    """Return each prompt's change from one half of the time before to the other, nan where one is empty, shape (p, splits)."""
    n_stretches = int(before.stretch.max(initial=-1)) + 1
    cell = before.prompt * n_stretches + before.stretch
    shape = (n_prompts, n_stretches)
    sums = np.bincount(cell, before.values, n_prompts * n_stretches).reshape(shape)
    counts = np.bincount(cell, minlength=n_prompts * n_stretches).reshape(shape)
    first = _splits(n_stretches, seed)
    early, late = (_divide(sums @ half.T, counts @ half.T) for half in (first, 1 - first))
    return late - early


def _splits(n_stretches: int, seed: int) -> Floats:
    """Return splits of the stretches into two halves, 1 for the first, shape (splits, stretches); of one stretch none."""
    n_first = n_stretches // 2
    if not n_first:
        return np.zeros((0, n_stretches))
    if math.comb(n_stretches, n_first) <= 2 * _N_SPLITS:
        chosen = np.array(list(combinations(range(n_stretches), n_first)))
    else:
        chosen = (
            np.random.default_rng(seed)
            .random((_N_SPLITS, n_stretches))
            .argsort(axis=1)[:, :n_first]
        )
    first = np.zeros((len(chosen), n_stretches))
    np.put_along_axis(first, chosen, 1.0, axis=1)
    return first


def _mean_rows(changes: Floats, rows: Flags) -> Floats:
    """Return the mean of these rows in each column, nan where all are missing."""
    told = ~np.isnan(changes[rows])
    return _divide(np.where(told, changes[rows], 0.0).sum(axis=0), told.sum(axis=0))


def _divide(top: Floats, base: Floats) -> Floats:
    """Return top / base, nan where base is 0."""
    quotients: Floats = np.divide(top, base, out=np.full(base.shape, np.nan), where=base > 0)
    return quotients
