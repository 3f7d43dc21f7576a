import math

import numpy as np
import pytest

from coverage_kit.measure.paired import LEVEL, contrast_pairs


def test_the_interval_of_few_pairs_is_that_of_the_means_of_subsets():
    found = contrast_pairs(np.array([0.1, 0.3, 0.2]))
    assert (found.n_pairs, found.effect) == (3, pytest.approx(0.2))
    # of 8 intervals between the means of subsets, the two outer ones are left out
    assert (found.low, found.high, found.level) == (pytest.approx(0.1), pytest.approx(0.3), 0.75)
    assert found.p == pytest.approx(2 / 8)
    assert math.isnan(found.smallest_effect)


def test_six_pairs_are_the_fewest_that_can_be_clear():
    differences = np.array([0.1, 0.3, 0.2, 0.25, 0.15, 0.05])
    assert contrast_pairs(differences).p == pytest.approx(2 / 64)
    assert contrast_pairs(differences).level == pytest.approx(62 / 64)
    assert contrast_pairs(differences[:5]).p > LEVEL


def test_pairs_that_do_not_differ_have_no_interval():
    found = contrast_pairs(np.zeros(7))
    assert (found.effect, found.p) == (0, 1)
    assert math.isnan(found.low) and math.isnan(found.smallest_effect)
    assert contrast_pairs(np.zeros(0)).n_pairs == 0


@pytest.mark.parametrize("n_pairs", [6, 9, 20])
def test_chance_is_seldom_clear_and_the_interval_holds_the_truth(n_pairs):
    """Differences of clusters that drift by themselves: no normal distribution, heavy tails."""
    rng = np.random.default_rng(n_pairs)
    draws = 0.1 * rng.standard_t(3, size=(400, n_pairs))
    found = [contrast_pairs(row) for row in draws]
    assert np.mean([one.p <= LEVEL for one in found]) <= 0.07
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.93


@pytest.mark.parametrize("n_pairs", [6, 8, 12, 20])
def test_the_smallest_effect_is_shown_in_four_of_five_cases(n_pairs):
    rng = np.random.default_rng(1)
    noise = 0.05 * rng.normal(size=(300, n_pairs))
    # at the true spread: the smallest effect of a sample varies with its own
    smallest = np.mean([contrast_pairs(row).smallest_effect for row in noise])
    shown = np.mean([contrast_pairs(row + smallest).p <= LEVEL for row in noise])
    assert shown == pytest.approx(0.8, abs=0.08)
