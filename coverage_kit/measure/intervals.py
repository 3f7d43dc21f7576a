"""95% intervals of rates and shares whose answers belong to prompts.

Repeats of a prompt are not independent.
"""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Half the width of a normal's 95% interval, in standard deviations.
Z_95 = 1.959964
# With fewer, the interval may cover less than 95% (measured on simulated logs, `benchmarks
# visibility`).
MIN_EVENTS = 5.0
# Prompts' worth of belief that all answers to a prompt are the same (assumed).
_PRIOR = 0.5


def measure_ratios(
    numerators: Floats, denominators: Floats, groups: Ints, n_groups: int
) -> pd.DataFrame:
    """Return value, interval and counts of each group of prompts, in the groups' order.

    The columns are value, low, high, numerator, denominator, n_prompts and n_events. value = sum of
    the prompts' numerators / sum of their denominators; missing where the latter is 0. `n_prompts`
    counts the prompts whose denominator is not 0. `n_events` = n_alike * min(value, 1 - value),
    where n_alike = (sum of denominators)^2 / sum of denominators^2: how many prompts' worth of the
    rarer side there are.

    The interval is Wilson's (1927) at the effective number of answers (Korn & Graubard 1998): that
    of a simple random sample which would vary as much as value does when whole prompts are drawn
    again. This variance of the bootstrap over prompts is computed in closed form, of the linearised
    ratio: n / (n - 1) * sum (numerator - value * denominator)^2 / (sum of denominators)^2. It is
    what infinitely many draws would give, so nothing is drawn and no seed needed. Few prompts with
    a numerator show little of how similar the answers to a prompt are. The variance is therefore
    averaged with that of answers that are all the same, value * (1 - value) / n_alike, which weighs
    as half a prompt against the prompts found on the rarer side. So a value of 0 or 1 has an
    interval too. It is missing under two prompts.

    Coverage on simulated logs: `python -m studies visibility`.

    Args:
        numerators: each prompt's part, from 0 to its denominator, shape (p,).
        denominators: what it is a part of, shape (p,).
        groups: number of the group of each prompt, from 0, shape (p,).
        n_groups: number of groups, also those without prompts.
    """
    add = partial(sum_by, groups, n_groups)
    top = add(numerators)
    base = add(denominators)
    n_prompts = add(denominators > 0)
    value = _divide(top, base)
    # Prompts on the rarer side: they show how similar the answers to a prompt are.
    n_rarer = np.minimum(add(numerators > 0), add(numerators < denominators))
    squares = add((numerators - value[groups] * denominators) ** 2) * _divide(
        n_prompts, n_prompts - 1
    )
    dispersion = np.where(n_rarer > 0, _divide(squares, base**2 * value * (1 - value)), 0.0)
    # The effective number of prompts, if all answers to a prompt were the same.
    n_alike = _divide(base**2, add(denominators**2))
    # 1 / the effective number of answers: what was found, averaged with the prior belief.
    per_answer = (n_rarer * dispersion + _PRIOR / n_alike) / (n_rarer + _PRIOR)
    low, high = _wilson(value, np.where(n_prompts > 1, per_answer, np.nan))
    return pd.DataFrame(
        {
            "value": value,
            "low": low,
            "high": high,
            "numerator": top,
            "denominator": base,
            "n_prompts": n_prompts.astype(np.int64),
            "n_events": n_alike * np.minimum(value, 1 - value),
        }
    )


def has_few_events(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return where the interval may be too short.

    There the prompts' worth of the rarer side is under five but not 0. A value of 0 or 1 is no such
    case: its interval was found to be long enough.
    """
    return (table["n_events"] > 0) & (table["n_events"] < MIN_EVENTS)


def sum_by(groups: Ints, n_groups: int, values: npt.NDArray[Any]) -> Floats:
    """Return the sum of the values of each group.

    Groups are numbered from 0; values and groups have the shape (p,).
    """
    return np.bincount(groups, values, n_groups).astype(np.float64)


def _wilson(value: Floats, per_answer: Floats) -> tuple[Floats, Floats]:
    """Return both ends of Wilson's interval.

    `per_answer` is 1 / the effective number of answers.
    """
    doubt = Z_95**2 * per_answer
    middle = (value + doubt / 2) / (1 + doubt)
    half = np.sqrt(doubt * value * (1 - value) + doubt**2 / 4) / (1 + doubt)
    # Only rounding can put an end beyond the value, 0 or 1, so the ends are clipped there.
    return np.clip(middle - half, 0.0, value), np.clip(middle + half, value, 1.0)


def _divide(top: Floats, base: Floats) -> Floats:
    """Return top / base, nan where base is 0 or less."""
    quotient: Floats = np.divide(top, base, out=np.full(len(top), np.nan), where=base > 0)
    return quotient
