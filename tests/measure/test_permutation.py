import math

import numpy as np
import pytest
from scipy import stats

from coverage_kit.measure.permutation import (
    PromptChanges,
    contrast_groups,
    correct_holm,
    flip_signs,
)


def make(changes, n_treated, before=None):
    """Return prompts whose rates are around 1/2.

    So every cluster of n prompts has the same binomial variance.
    """
    changes = np.asarray(changes, dtype=float)
    k, n = changes.shape
    first = 0.5 - changes.ravel() / 2 if before is None else np.asarray(before, dtype=float).ravel()
    twos = np.full(k * n, 2.0)
    return PromptChanges(
        first,
        first + changes.ravel(),
        twos,
        twos,
        np.repeat(np.arange(k), n),
        np.arange(k) < n_treated,
    )


def group(prompts, *clusters):
    return np.isin(np.arange(len(prompts.is_treated)), clusters)


def test_holm_multiplies_by_the_tests_left_and_never_turns_the_order():
    assert correct_holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    assert correct_holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_a_missing_p_is_no_test():
    corrected = correct_holm(np.array([np.nan, 0.02, 0.03]))
    assert math.isnan(corrected[0])
    assert corrected[1:].tolist() == pytest.approx([0.04, 0.04])
    assert len(correct_holm(np.array([]))) == 0


def test_sign_flips_by_hand():
    assert flip_signs(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert flip_signs(np.array([1.0, 2.0, -3.0])) == 1.0
    assert (
        flip_signs(np.array([3.0, 2.0, -1.0])) == 4 / 8
    )  # sums of 6 and 4, and their mirror images
    assert flip_signs(np.zeros(4)) == 1.0
    assert math.isnan(flip_signs(np.array([])))


def test_drawn_sign_flips_count_the_one_found():
    assert flip_signs(np.ones(40), seed=3) == 1 / 5000


@pytest.mark.parametrize("n", [40, 600])
def test_many_sign_flips_are_nearly_normal(n):
    values = np.random.default_rng(0).normal(0.2, 1, n)
    p = 2 * stats.norm.sf(abs(values.sum()) / math.sqrt(values @ values))
    assert flip_signs(values) == pytest.approx(p, abs=0.02)


def test_one_cluster_is_compared_with_the_spread_of_the_others():
    prompts = make([[0.5] * 8, [0.1] * 8, [0.2] * 8, [0.3] * 8], 1)
    (contrast,) = contrast_groups(prompts, [group(prompts, 0)])
    assert contrast.effect == pytest.approx(0.3)
    assert contrast.error == pytest.approx(0.1 * math.sqrt(1 + 1 / 3))
    assert contrast.df == 2
    assert contrast.p == pytest.approx(2 * stats.t.sf(0.3 / contrast.error, 2))


def test_clusters_that_agree_are_not_enough_where_a_cluster_has_few_prompts():
    prompts = make([[0.5] * 4, [0.01] * 4, [0.0] * 4, [-0.01] * 4], 1)
    (contrast,) = contrast_groups(prompts, [group(prompts, 0)])
    assert contrast.p == contrast.least_p == 2 / 2**4


def test_other_treated_clusters_show_drift_around_their_own_mean():
    prompts = make([[0.4] * 8, [0.3] * 8, [0.1] * 8, [0.0] * 8, [0.2] * 8], 3)
    (contrast,) = contrast_groups(prompts, [group(prompts, 0)])
    assert contrast.df == 2
    assert contrast.effect == pytest.approx(0.3)
    assert contrast.error == pytest.approx(math.sqrt((0.02 + 0.02) / 2 * (1 + 1 / 2)))


def test_all_treated_together_are_tested_by_every_labelling_of_the_clusters():
    changes = np.array([0.3, 0.32, 0.34, 0.36, 0.0, 0.02, 0.04, 0.06])
    prompts = make(np.repeat(changes[:, None], 3, axis=1), 4)
    (contrast,) = contrast_groups(prompts, [prompts.is_treated])
    assert contrast.p == pytest.approx(2 / math.comb(8, 4))  # the one found and its mirror image
    assert contrast.effect == pytest.approx(0.3)


def test_the_untreated_are_compared_with_no_change():
    prompts = make([[0.0] * 8, [0.1] * 8, [0.2] * 8, [0.3] * 8], 1)
    (contrast,) = contrast_groups(prompts, [~prompts.is_treated])
    assert (contrast.effect, contrast.df) == (pytest.approx(0.2), 2)
    assert contrast.error == pytest.approx(0.1 / math.sqrt(3))


@pytest.mark.parametrize("n_treated", [1, 2])
def test_too_few_clusters_give_no_p(n_treated):
    prompts = make([[0.5] * 8, [0.4] * 8], n_treated)
    (contrast,) = contrast_groups(prompts, [prompts.is_treated])
    assert math.isnan(contrast.p)
    assert math.isnan(contrast.error)
    assert contrast.df == 0


def test_treated_clusters_alone_give_no_p():
    prompts = make([[0.5] * 8, [0.4] * 8, [0.3] * 8], 3)
    (contrast,) = contrast_groups(prompts, [prompts.is_treated])
    assert math.isnan(contrast.p)
    assert contrast.effect == pytest.approx(0.4)


def test_prompts_that_never_change_are_no_change():
    prompts = make(np.zeros((8, 3)), 4, before=np.zeros((8, 3)))
    for contrast in contrast_groups(
        prompts, [prompts.is_treated, group(prompts, 0), ~prompts.is_treated]
    ):
        assert (contrast.effect, contrast.p) == (0, 1)


def test_a_drift_in_proportion_is_not_taken_for_an_effect_on_seldom_cited_clusters():
    """The engine shifts all log odds by the same.

    On rates alone, clusters that are seldom cited lose less, and so seem to gain.
    """
    before = np.repeat([0.05, 0.5], 6)[:, None] * np.ones((12, 10))
    noise = np.random.default_rng(0).normal(0, 0.1, (12, 10)) * np.sqrt(before * (1 - before))
    prompts = make(-before * (1 - before) + noise, 6, before)
    (contrast,) = contrast_groups(prompts, [prompts.is_treated])
    means = prompts.sum_by_cluster(prompts.change)
    assert contrast.effect > 0.15
    assert stats.ttest_ind(means[:6], means[6:]).pvalue < 0.001
    assert contrast.p > 0.05


def test_labellings_beyond_five_thousand_are_drawn_the_same_each_time():
    prompts = make(np.random.default_rng(1).normal(0, 0.1, (20, 4)), 10)
    first, second = (contrast_groups(prompts, [prompts.is_treated], seed=5)[0] for _ in range(2))
    assert first == second
    assert first.least_p == 1 / 5000
