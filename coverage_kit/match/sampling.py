"""Which questions to check: a random sample of the log, in which every question has its chance.

A sample is spread over the questions in the order of predicted coverage (in bands) and of clusters
(within a band). So every band and every large cluster has its part of the sample, and the
probability with which each question is drawn is known exactly.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coverage_kit.match.neighborhood import Flags, Floats

Rows = npt.NDArray[np.int64]

# Bands of predicted coverage in which a sample is drawn; as many questions in each. Assumed.
N_BANDS = 5
# How many checks the mean variance over all bands counts for in that of a band. Assumed.
_PRIOR_CHECKS = 2.0
# Gaps that are read first. Assumed.
N_TOP = 10
# How much more often a question is drawn whose gap may or may not belong to the top. Assumed.
_PRIORITY = 2.0


@dataclass(frozen=True)
class Questions:
    """The questions of a log, of which some are checked.

    `coverage` is predicted coverage 0-1 under the estimate and every refit, the estimate first,
    shape (1 + bootstraps, n queries). The others have shape (n queries,): `clusters` (any codes),
    `demand` (what a question counts for) and `is_cited` (whether an answer to it cites the site).
    """

    coverage: Floats
    clusters: Rows
    demand: Floats
    is_cited: Flags

    @property
    def n(self) -> int:
        """The number of questions."""
        return len(self.clusters)

    @property
    def bands(self) -> Rows:
        """The band of coverage of each question, of N_BANDS."""
        return bands_of(self.coverage[0], N_BANDS)


@dataclass(frozen=True)
class Checks:
    """Questions that were checked: how far the site answers each, and how each was drawn.

    All have shape (c,): `rows` are rows of the log's questions, `values` 0-1, `draws` the number
    of the draw (1, 2, ...), and `probability` the probability of being drawn in that draw if not
    drawn before.
    """

    rows: Rows
    values: Floats
    draws: Rows
    probability: Floats

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Sample:
    """Questions to check, in the order of checking: a half-filled sheet is a random part as well.

    All have shape (n,): `rows` of the questions, `strata` (the band of predicted coverage, as
    "0.12-0.35"), and `probability` of being drawn.
    """

    rows: Rows
    strata: tuple[str, ...]
    probability: Floats


def draw_sample(questions: Questions, n: int, seed: int, is_checked: Flags) -> Sample:
    """Return a first sample of questions, each of which is drawn with the same probability.

    Args:
        questions: the log.
        n: how many questions to draw; fewer are drawn where fewer are left.
        seed: of the draw.
        is_checked: which questions are not to be drawn, shape (n queries,).
    """
    return _draw(questions, n, seed, np.where(is_checked, 0.0, 1.0))


def draw_next(questions: Questions, n: int, seed: int, checks: Checks) -> Sample:
    """Return a further sample of unchecked questions, where checks show most.

    A question is drawn in proportion to the standard deviation of the checks in its band (Neyman
    1934), and up to `1 + _PRIORITY` times as often where the rank of its gap is uncertain
    (`rank_uncertainty`). Every unchecked question keeps a chance, and `check_weights` takes the
    different chances out again.

    Args:
        questions: the log, with its coverage as the checks have left it.
        n: how many questions to draw; fewer are drawn where fewer are left.
        seed: of the draw.
        checks: what has been checked.
    """
    deviation = np.sqrt(_variances(questions.bands, checks))
    sizes = deviation[questions.bands] * (1 + _PRIORITY * rank_uncertainty(questions))
    sizes[checks.rows] = 0.0
    return _draw(questions, n, seed, sizes)


def check_weights(checks: Checks) -> Floats:
    """Return how many questions of the log each check stands for, shape (c,).

    The checks of draw d and of the draws before it are an unbiased sample of the log: a question
    of draw d stands for 1 / probability of those that were left, and each earlier one for itself
    (Des Raj 1956). These samples are averaged in proportion to their draws' sizes, which allows a
    draw to depend on what earlier draws showed.

    >>> checks = Checks(np.arange(3), np.ones(3), np.array([1, 1, 2]), np.array([.2, .2, .125]))
    >>> check_weights(checks).round(2).tolist()
    [3.67, 3.67, 2.67]
    """
    numbers, counts = np.unique(checks.draws, return_counts=True)
    weights = np.zeros(len(checks))
    for number, share in zip(numbers, counts / max(len(checks), 1), strict=True):
        weights += np.where(checks.draws < number, share, 0.0)
        weights += np.where(checks.draws == number, share / checks.probability, 0.0)
    return weights


def rank_uncertainty(questions: Questions) -> Floats:
    """Return for each question how open it is whether its cluster is among the top gaps, 0-1.

    It is 4 p (1 - p) for a cluster that is among the N_TOP with most unanswered demand in a share p
    of the refits; shape (n queries,).
    """
    codes = np.unique(questions.clusters, return_inverse=True)[1]
    unanswered = np.stack(
        [
            np.bincount(codes, weights=questions.demand * (1 - covered))
            for covered in questions.coverage
        ]
    )
    if unanswered.shape[1] <= N_TOP:
        return np.zeros(questions.n)
    threshold = np.partition(unanswered, -N_TOP, axis=1)[:, -N_TOP]
    probability = (unanswered >= threshold[:, None]).mean(axis=0)
    return np.asarray(4 * probability * (1 - probability))[codes]


def bands_of(coverage: Floats, n_bands: int) -> Rows:
    """Return the band of each question, 0 for the lowest coverage; bands have equal counts.

    Equal coverage is never in two bands.

    >>> bands_of(np.array([.9, .1, .5, .5]), 2).tolist()
    [1, 0, 1, 1]
    """
    inner = np.quantile(coverage, np.arange(1, n_bands) / n_bands, method="higher")
    return np.searchsorted(inner, coverage, side="right")


def _variances(bands: Rows, checks: Checks) -> Floats:
    """Return the variance of the checks in each band, drawn towards the variance of all checks."""
    checked = bands[checks.rows]
    overall = _smooth_variance(checks.values)
    variances = np.full(N_BANDS, overall)
    for band in np.unique(checked):
        values = checks.values[checked == band]
        total = len(values) * _smooth_variance(values) + _PRIOR_CHECKS * overall
        variances[band] = total / (len(values) + _PRIOR_CHECKS)
    return variances


def _smooth_variance(values: Floats) -> float:
    """Return p (1 - p) of the share, with one further check of either kind: it is never 0."""
    share = (values.sum() + 1) / (len(values) + 2)
    return float(share * (1 - share))


def _draw(questions: Questions, n: int, seed: int, sizes: Floats) -> Sample:
    """Return a sample in proportion to `sizes`, spread over bands and clusters."""
    rng = np.random.default_rng(seed)
    probability = inclusion_probability(sizes, n)
    coverage, bands = questions.coverage[0], questions.bands
    # ties in a random order, which leaves the probabilities as they are
    order = np.lexsort((rng.random(questions.n), questions.clusters, bands))
    rows = _spread_first(order[_select(probability[order], rng)], rng)
    labels = {int(band): _label(coverage[bands == band]) for band in np.unique(bands)}
    return Sample(rows, tuple(labels[int(band)] for band in bands[rows]), probability[rows])


def _select(probability: Floats, rng: np.random.Generator) -> Rows:
    """Return the positions that the ordered pivotal method selects, shape (n,).

    Neighbours compete: the winner takes the probabilities of both, and is selected when they reach
    1; the loser then goes on with what is over 1. So each is selected with its probability exactly,
    and neighbours are seldom selected together (Deville and Tille 1998).

    Args:
        probability: 0-1, in the order in which the selection is spread; it sums to whole n.
        rng: decides who wins.
    """
    selected = []
    rival, chance = -1, 0.0
    for position in np.flatnonzero(probability > 0):
        own = float(probability[position])
        both = chance + own
        if both < 1 - 1e-9:
            if rng.random() * both >= chance:
                rival = int(position)
            chance = both
            continue
        if rng.random() * (2 - both) < 1 - own:
            selected.append(rival)
            rival = int(position)
        else:
            selected.append(int(position))
        chance = max(both - 1, 0.0)
    if chance > 0.5:
        selected.append(rival)
    return np.array(selected, dtype=np.int64)


def _spread_first(rows: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows in an order of which every first part is spread over all of them."""
    if len(rows) < 3:
        return rng.permutation(rows)
    n_first = (len(rows) + 1) // 2
    is_first = np.zeros(len(rows), dtype=bool)
    is_first[_select(np.full(len(rows), n_first / len(rows)), rng)] = True
    return np.concatenate([_spread_first(rows[is_first], rng), _spread_first(rows[~is_first], rng)])


def inclusion_probability(sizes: Floats, n: int) -> Floats:
    """Return probabilities in proportion to sizes that sum to n, none over 1, shape (n queries,).

    >>> inclusion_probability(np.array([1.0, 1.0, 8.0, 0.0]), 2).tolist()
    [0.5, 0.5, 1.0, 0.0]
    """
    is_certain = np.zeros(len(sizes), dtype=bool)
    n = min(n, int((sizes > 0).sum()))
    while True:
        rest = np.where(is_certain, 0.0, sizes)
        scale = (n - is_certain.sum()) / max(rest.sum(), 1e-300)
        is_over = rest * scale >= 1
        if not is_over.any():
            return np.where(is_certain, 1.0, rest * scale)
        is_certain |= is_over


def _label(coverage: Floats) -> str:
    return f"{coverage.min():.2f}-{coverage.max():.2f}"
