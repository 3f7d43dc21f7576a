import math

import numpy as np
import pytest
from scipy import stats

from coverage_kit.measure.permutation import Contrast, PromptChanges
from coverage_kit.measure.power import TimeBefore, find_smallest_effect, measure_noise_floors


def contrast(error=0.05, df=9, least_p=0.001):
    return Contrast(0.0, error, df, 0.5, least_p)


def test_the_smallest_effect_is_that_shown_in_four_of_five_cases():
    effect = find_smallest_effect(contrast(), 0.05)
    assert effect == pytest.approx((2.2622 + 0.8834) * 0.05, abs=1e-5)
    estimates = effect + 0.05 * stats.t.rvs(9, size=20_000, random_state=0)
    assert np.mean(estimates / 0.05 > 2.2622) == pytest.approx(0.8, abs=0.01)


def test_a_test_that_cannot_reach_the_level_shows_no_effect():
    assert math.isnan(find_smallest_effect(contrast(least_p=0.06), 0.05))
    assert math.isnan(find_smallest_effect(contrast(df=0, error=math.nan), 0.05))


def test_a_rate_cannot_move_by_more_than_everything():
    assert math.isnan(find_smallest_effect(contrast(error=0.4), 0.05))


def prompts(*is_treated):
    ones = np.ones(len(is_treated))
    return PromptChanges(ones, ones, ones, ones, np.arange(len(is_treated)), np.array(is_treated))


def test_the_floor_is_the_largest_effect_of_few_splits():
    # weeks of the treated prompt: 1, 0, 0, 0; of the untreated one: 0, 0, 1, 0
    before = TimeBefore(
        np.array([1.0, 0, 0, 0, 0, 0, 1, 0]), np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    )
    panel = prompts(True, False)
    floors = measure_noise_floors(before, panel, [panel.is_treated, ~panel.is_treated])
    # 01|23: -1/2 less +1/2; 02|13: both -1/2; 03|12: -1/2 less +1/2
    assert floors == [1.0, 0.5]


def test_prompts_answered_in_one_half_only_do_not_count():
    before = TimeBefore(np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1]), np.array([0, 1, 1]))
    panel = prompts(True, False)
    floors = measure_noise_floors(before, panel, [panel.is_treated, ~panel.is_treated])
    assert all(
        math.isnan(floor) for floor in floors
    )  # without drift the effect of the treated cannot be told
    alone = prompts(True, True)
    assert measure_noise_floors(before, alone, [alone.is_treated]) == [1.0]


def test_time_before_of_one_stretch_or_none_has_no_floor():
    panel = prompts(True)
    single = TimeBefore(np.array([1.0]), np.array([0]), np.array([0]))
    none = TimeBefore(np.zeros(0), np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    assert math.isnan(measure_noise_floors(single, panel, [panel.is_treated])[0])
    assert math.isnan(measure_noise_floors(none, panel, [panel.is_treated])[0])


def test_many_stretches_are_split_at_random_the_same_each_time():
    draw = np.random.default_rng(0)
    before = TimeBefore(
        (draw.random(2000) < 0.3).astype(float), np.arange(2000) % 100, np.arange(2000) // 100
    )
    panel = PromptChanges(*np.ones((4, 100)), np.arange(100) % 2, np.array([True, False]))
    first, second = (
        measure_noise_floors(before, panel, [panel.is_treated], seed=4)[0] for _ in range(2)
    )
    assert first == second
    # a change has variance .21 (1/10 + 1/10) a prompt, the effect of 50 against 50 prompts 1/25 of
    # it: within 1.96 sd
    assert first == pytest.approx(1.96 * math.sqrt(0.21 * 0.2 / 25), rel=0.25)
