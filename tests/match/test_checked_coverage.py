"""Negative control: checks that have nothing to do with coverage."""

import numpy as np

from coverage_kit.match.checked_coverage import check_coverage
from coverage_kit.match.sampling import Checks, Questions

N_QUESTIONS = 300
N_CHECKS = 60


def check_at_random(seed):
    rng = np.random.default_rng(seed)
    questions = Questions(
        coverage=rng.uniform(size=(5, N_QUESTIONS)),
        clusters=np.arange(N_QUESTIONS) % 30,
        demand=np.ones(N_QUESTIONS),
        is_cited=np.zeros(N_QUESTIONS, bool),
    )
    checks = Checks(
        rows=rng.choice(N_QUESTIONS, N_CHECKS, replace=False),
        values=rng.integers(2, size=N_CHECKS).astype(float),
        draws=np.ones(N_CHECKS, np.int64),
        probability=np.full(N_CHECKS, N_CHECKS / N_QUESTIONS),
    )
    return check_coverage(questions, checks, seed)


def test_checks_at_random_give_coverage_no_credit():
    checked = [check_at_random(seed) for seed in range(40)]
    assert abs(np.mean([result.auc for result in checked]) - 0.5) < 0.03
    assert np.mean([result.low < 0.5 < result.high for result in checked]) > 0.75
    assert np.mean([result.share.is_combined for result in checked]) < 0.3
    assert abs(np.mean([result.share.share for result in checked]) - 0.5) < 0.03
