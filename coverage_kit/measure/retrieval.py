"""How well passages are retrieved: recall and reciprocal rank at ten.

Also what another encoder changes, with an interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from coverage_kit.vectors import Vectors, cosines

# Passages that count as found: engines read about ten (assumed).
DEPTH = 10
# Bootstraps (assumed).
DRAWS = 2000
# Queries whose cosines are in memory at a time (assumed).
_BLOCK = 512

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RelevantItems:
    """What a query should find: items of which any passage will do.

    An item is a page, or a single passage. `items` holds the rows of each item's passages,
    `ignored` rows that are neither right nor wrong.
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
    queries: Vectors,
    passages: Vectors,
    relevant: Sequence[RelevantItems],
    depth: int = DEPTH,
) -> tuple[Floats, Floats]:
    """Return each query's recall and reciprocal rank at `depth` by cosine.

    Both have the shape (n queries,). Recall = share of the query's items of which a passage is
    among the `depth` nearest; reciprocal rank = 1 / rank of the first passage of any item, 0 where
    none is among them. Of equal cosines the earlier row is nearer.

    Args:
        queries: vectors of the queries, shape (n, d).
        passages: vectors of the passages, shape (m, d).
        relevant: what each query should find.
        depth: how many passages count as found.
    """
    recall = np.zeros(len(relevant))
    reciprocal = np.zeros(len(relevant))
    for start in range(0, len(relevant), _BLOCK):
        block = cosines(queries[start : start + _BLOCK], passages)
        for row, similarity in enumerate(block, start):
            recall[row], reciprocal[row] = _rate_query(similarity, relevant[row], depth)
    return recall, reciprocal


def compare_paired(
    before: Floats, after: Floats, groups: npt.NDArray[np.int64], seed: int
) -> Difference:
    """Return the difference of two means over the same queries, with its interval.

    The interval is that of a bootstrap that draws whole groups. Percentiles of few groups are too
    near to each other; both ends are moved away from the difference by the factor that would be
    right for a mean: sqrt(g / (g - 1)) times the ratio of Student's quantile, g - 1 degrees of
    freedom, to the normal's.

    Args:
        before: a figure for each query, shape (n,).
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


def _rate_query(similarity: Vectors, relevant: RelevantItems, depth: int) -> tuple[float, float]:
    # Pages that answer the query, but are not tested, must not take a place among the nearest.
    similarity[relevant.ignored] = -np.inf
    nearest = np.argsort(-similarity, kind="stable")[:depth]
    recall = float(np.mean([bool(np.isin(item, nearest).any()) for item in relevant.items]))
    hits = np.flatnonzero(np.isin(nearest, np.concatenate(relevant.items)))
    return recall, 1 / (1 + int(hits[0])) if len(hits) else 0.0
