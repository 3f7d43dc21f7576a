"""How well passages are found: recall and reciprocal rank at ten, and what another encoder changes, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from coverage_kit.vectors import Vectors, cosines

DEPTH = 10
DRAWS = 2000
_BLOCK = 512

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RelevantItems:
    """What one query should find: items of which any passage will do (a page is an item, or a single passage).

    `items` holds the rows of each item's passages, `ignored` rows that are neither right nor wrong.
    """

    items: tuple[Rows, ...]
    ignored: Rows


@dataclass(frozen=True)
class Difference:
    """A mean before and after, their difference and its 95% interval."""

    before: float
    after: float
    value: float
    low: float
    high: float


def measure_found(
    asked: Vectors,
    content: Vectors,
    sought: Sequence[RelevantItems],
    depth: int = DEPTH,
) -> tuple[Floats, Floats]:
    """Return each query's recall and reciprocal rank at `depth` by cosine, both of shape (n queries,).

    Recall = share of the query's items of which a passage is among the `depth` nearest; reciprocal
    rank = 1 / rank of the first passage of any item, 0 where none is among them. Of equal cosines
    the earlier row is nearer.

    Args:
        asked: vectors of the queries, shape (n, d).
        content: vectors of the passages, shape (m, d).
        sought: what each query should find.
        depth: how many passages count as found.
    """
    recall = np.zeros(len(sought))
    reciprocal = np.zeros(len(sought))
    for start in range(0, len(sought), _BLOCK):
        block = cosines(asked[start : start + _BLOCK], content)
        for row, similarity in enumerate(block, start):
            recall[row], reciprocal[row] = _found(similarity, sought[row], depth)
    return recall, reciprocal


def compare_paired(
    before: Floats, after: Floats, groups: npt.NDArray[np.int64], seed: int
) -> Difference:
    """Return the difference of two means over the same queries, with the interval of a bootstrap that draws whole groups.

    Percentiles of few groups lie too near to each other; both ends are moved away from the
    difference by the factor that would be right for a mean: sqrt(g / (g - 1)) times the ratio of
    Student's quantile, g - 1 degrees of freedom, to the normal's.

    Args:
        before: one figure a query, shape (n,).
        after: the same queries' figures, shape (n,).
        groups: number of each query's group, from 0, shape (n,): queries of one page rise and fall
            together.
        seed: of the draws.
    """
    n_groups = int(groups.max()) + 1
    sums = np.bincount(groups, after - before, n_groups)
    sizes = np.bincount(groups, minlength=n_groups)
    drawn = np.random.default_rng(seed).multinomial(
        n_groups, np.full(n_groups, 1 / n_groups), size=DRAWS
    )
    value = float(sums.sum() / sizes.sum())
    ends = np.percentile((drawn @ sums) / (drawn @ sizes), (2.5, 97.5)) - value
    low, high = value + ends * _widening(n_groups)
    return Difference(
        float(before.mean()),
        float(after.mean()),
        value,
        float(low),
        float(high),
    )


def _widening(n_groups: int) -> float:
    if n_groups < 2:
        return float("inf")
    return float(
        np.sqrt(n_groups / (n_groups - 1))
        * stats.t.ppf(0.975, n_groups - 1)
        / stats.norm.ppf(0.975)
    )


def _found(similarity: Vectors, sought: RelevantItems, depth: int) -> tuple[float, float]:
    similarity[sought.ignored] = -np.inf
    nearest = np.argsort(-similarity, kind="stable")[:depth]
    recall = float(np.mean([bool(np.isin(item, nearest).any()) for item in sought.items]))
    hits = np.flatnonzero(np.isin(nearest, np.concatenate(sought.items)))
    return recall, 1 / (1 + int(hits[0])) if len(hits) else 0.0
