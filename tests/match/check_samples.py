"""Made-up logs whose coverage is as right as a test wants it."""

import numpy as np

from coverage_kit.match.sampling import Checks, Questions


def make_log(n: int = 600, answered: float = 0.75, spread: float = 1.5, seed: int = 0):
    """Questions whose coverage is calibrated, and which of them are answered.

    `spread` is the standard deviation of the log odds: 0 for coverage that says nothing.
    """
    rng = np.random.default_rng(seed)
    odds = np.log(answered / (1 - answered)) + spread * rng.standard_normal(n)
    coverage = 1 / (1 + np.exp(-odds))
    is_answered = rng.random(n) < coverage
    questions = Questions(
        coverage[None], rng.integers(0, n // 8 + 1, n), np.ones(n), np.zeros(n, dtype=bool)
    )
    return questions, is_answered


def check(rows, values, n_queries, draw=1, probability=None):
    """Checks of these rows that were drawn with the same probability."""
    n = len(rows)
    probability = n / n_queries if probability is None else probability
    return Checks(
        np.asarray(rows, dtype=np.int64),
        np.asarray(values, dtype=np.float64),
        np.full(n, draw),
        np.full(n, probability, dtype=np.float64),
    )
