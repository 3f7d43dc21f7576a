from dataclasses import replace

import numpy as np
import pytest

from coverage_kit.match.checked_share import estimate_share
from coverage_kit.match.recalibration import recalibrate
from coverage_kit.match.sampling import draw_sample
from coverage_kit.match.self_test import expected_calibration_error
from tests.match.check_samples import check, make_log


def recalibrated(questions, is_answered, n, seed=0):
    rows = draw_sample(questions, n, seed, np.zeros(questions.n, dtype=bool)).rows
    checks = check(rows, is_answered[rows], questions.n)
    share = estimate_share(questions, checks)
    return recalibrate(questions, checks, share, seed), checks, share


def distort(questions, slope, shift, refits=0):
    odds = np.log(questions.coverage / (1 - questions.coverage))
    coverage = 1 / (1 + np.exp(-(slope * odds + shift)))
    return replace(questions, coverage=np.repeat(coverage, 1 + refits, axis=0))


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 1.5), (2.0, 0.0), (0.5, -1.0)])
def test_checks_take_the_error_out_of_coverage(slope, shift):
    questions, is_answered = make_log(2000, spread=1.5)
    wrong = distort(questions, slope, shift)
    before = expected_calibration_error(wrong.coverage[0], is_answered)
    errors = [
        expected_calibration_error(recalibrated(wrong, is_answered, 100, seed)[0][0], is_answered)
        for seed in range(8)
    ]
    assert before > 0.07
    assert np.median(errors) < 0.05


def test_unchecked_questions_keep_their_order_even_where_coverage_says_nothing():
    questions, is_answered = make_log(300)
    shuffled = np.random.default_rng(1).permutation(is_answered)
    covered, checks, _ = recalibrated(questions, shuffled, 50)
    is_open = np.ones(300, dtype=bool)
    is_open[checks.rows] = False
    order = np.argsort(questions.coverage[0][is_open])
    differences = np.diff(covered[0][is_open][order])
    assert differences.min() >= 0
    assert np.mean(differences > 0) > 0.9


def test_the_mean_is_the_share_in_every_row():
    questions, is_answered = make_log(500)
    covered, _, share = recalibrated(distort(questions, 1, 1, refits=200), is_answered, 60)
    assert covered[0].mean() == pytest.approx(1 - share.share, abs=1e-6)
    low, high = np.quantile(1 - covered[1:].mean(axis=1), [0.05, 0.95])
    assert (low, high) == pytest.approx((share.low, share.high), abs=0.02)


def test_the_mean_by_demand_is_the_share_of_demand():
    questions, is_answered = make_log(500)
    questions = replace(questions, demand=np.random.default_rng(0).exponential(size=500))
    covered, _, share = recalibrated(questions, is_answered, 60)
    mean = np.average(covered[0], weights=questions.demand)
    assert mean == pytest.approx(1 - share.share, abs=1e-6)


def test_checked_questions_have_the_value_that_was_read():
    questions, is_answered = make_log(200)
    covered, checks, _ = recalibrated(questions, is_answered, 40)
    assert covered[0][checks.rows].tolist() == checks.values.tolist()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_checks_that_all_agree_leave_others_between_0_and_1(value):
    questions, _ = make_log(200)
    checks = check(range(30), [value] * 30, 200)
    covered = recalibrate(questions, checks, estimate_share(questions, checks))[0][30:]
    assert covered.min() > 0
    assert covered.max() < 1
    assert abs(covered.mean() - value) < 0.05


def test_without_checks_nothing_changes_and_with_one_little():
    questions, _ = make_log(200)
    none = check([], [], 200, probability=1.0)
    one = check([3], [1.0], 200)
    assert recalibrate(questions, none, estimate_share(questions, none)) is questions.coverage
    covered = recalibrate(questions, one, estimate_share(questions, one))[0]
    assert 0 < covered.mean() < 1


def test_a_log_checked_whole_has_the_values_that_were_read():
    questions, is_answered = make_log(30)
    checks = check(range(30), is_answered, 30)
    covered = recalibrate(questions, checks, estimate_share(questions, checks))[0]
    assert covered.tolist() == is_answered.astype(float).tolist()


def test_citations_that_are_wrong_lose_their_weight_where_checks_show_it():
    questions, is_answered = make_log(1000, spread=0.5, seed=3)
    is_cited = np.arange(1000) % 2 == 0
    questions = replace(questions, is_cited=is_cited)
    # cited questions are raised, but no more often answered than others
    odds = questions.coverage / (1 - questions.coverage) * np.where(is_cited, 2.9, 1.0)
    raised = replace(questions, coverage=odds / (1 + odds))

    def difference(covered):
        return covered[is_cited].mean() - covered[~is_cited].mean()

    covered, _, _ = recalibrated(raised, is_answered, 200)
    assert difference(covered[0]) < 0.6 * difference(raised.coverage[0])
