from dataclasses import replace

import numpy as np
import pytest

from coverage_kit.match.checked_share import estimate_share
from coverage_kit.match.sampling import draw_sample
from tests.match.check_samples import check, make_log


def simulate(questions, is_answered, n, repetitions=150):
    """Shares estimated from repeated samples."""
    nothing = np.zeros(questions.n, dtype=bool)
    for seed in range(repetitions):
        rows = draw_sample(questions, n, seed, nothing).rows
        yield estimate_share(questions, check(rows, is_answered[rows], questions.n))


@pytest.mark.parametrize(("n", "spread"), [(20, 1.5), (50, 0.5), (50, 4.0), (100, 1.5)])
def test_intervals_hold_the_truth_about_nine_times_in_ten(n, spread):
    questions, is_answered = make_log(600, spread=spread, seed=1)
    truth = 1 - is_answered.mean()
    holds = [share.low <= truth <= share.high for share in simulate(questions, is_answered, n)]
    assert 0.83 <= np.mean(holds) <= 0.97


@pytest.mark.parametrize("answered", [0.03, 0.97])
def test_intervals_near_0_and_1_hold_the_truth(answered):
    questions, is_answered = make_log(600, answered=answered, spread=1.0, seed=2)
    truth = 1 - is_answered.mean()
    holds = [share.low <= truth <= share.high for share in simulate(questions, is_answered, 50)]
    assert np.mean(holds) > 0.83


def test_coverage_that_is_right_makes_the_interval_narrower():
    questions, is_answered = make_log(600, spread=4.0)
    shares = list(simulate(questions, is_answered, 50, 20))
    assert all(share.is_combined for share in shares)
    width = np.mean([share.high - share.low for share in shares])
    alone = np.mean([share.alone_high - share.alone_low for share in shares])
    assert width < 0.8 * alone


def test_coverage_that_says_nothing_is_left_out():
    questions, is_answered = make_log(600)
    shuffled = np.random.default_rng(0).permutation(is_answered)
    shares = list(simulate(questions, shuffled, 50, 100))
    assert np.mean([share.is_combined for share in shares]) < 0.3
    for share in shares:
        assert share.is_combined == (share.correlation > 1 / np.sqrt(48))
        if not share.is_combined:
            assert (share.share, share.low, share.tuning) == (share.alone_share, share.alone_low, 0)


def test_checks_alone_are_their_mean():
    questions, _ = make_log(100)
    share = estimate_share(questions, check([1, 2, 3, 4], [1, 0.5, 0, 1], 100))
    assert share.alone_share == pytest.approx(1.5 / 4)
    assert share.n_checks == 4
    assert not share.is_combined


@pytest.mark.parametrize(("value", "low", "high"), [(1.0, 0.0, 0.06), (0.0, 0.94, 1.0)])
def test_checks_that_all_agree_leave_the_interval_open(value, low, high):
    questions, _ = make_log(600)
    share = estimate_share(questions, check(range(50), [value] * 50, 600))
    assert share.low <= share.share <= share.high
    assert low <= share.low < share.high <= high
    assert share.high - share.low > 0.02


def test_bands_that_agree_within_themselves_leave_the_interval_open():
    questions, _ = make_log(600)
    rows = np.arange(0, 600, 12)
    values = questions.coverage[0][rows] > np.median(questions.coverage[0])
    share = estimate_share(questions, check(rows, values, 600))
    assert share.high - share.low > 0.05


def test_one_check_and_no_check_say_little():
    questions, _ = make_log(100)
    one = estimate_share(questions, check([5], [1.0], 100))
    none = estimate_share(questions, check([], [], 100, probability=1.0))
    assert one.high - one.low > 0.5
    assert none.low < 0.01
    assert none.high > 0.99
    assert none.n_checks == 0


def test_a_log_checked_whole_has_its_share_and_nearly_no_interval():
    questions, is_answered = make_log(60)
    share = estimate_share(questions, check(range(60), is_answered, 60))
    assert share.share == pytest.approx(1 - is_answered.mean())
    assert share.high - share.low < 0.02


def test_one_stratum_is_enough():
    questions, is_answered = make_log(100)
    questions = replace(questions, coverage=np.full((1, 100), 0.7))
    share = estimate_share(questions, check(range(50), is_answered[:50], 100))
    assert np.isnan(share.correlation)
    assert share.share == pytest.approx(1 - is_answered[:50].mean())


def test_the_share_of_demand_weighs_questions_by_demand():
    questions, is_answered = make_log(400, spread=2.0, seed=5)
    demand = np.where(is_answered, 1.0, 3.0)
    questions = replace(questions, demand=demand)
    truth = 1 - (demand @ is_answered) / demand.sum()
    shares = list(simulate(questions, is_answered, 100, 100))
    assert np.mean([share.share for share in shares]) == pytest.approx(truth, abs=0.02)
    assert np.mean([share.low <= truth <= share.high for share in shares]) > 0.83


def test_draws_of_the_share_have_its_interval():
    questions, is_answered = make_log(600)
    share = next(simulate(questions, is_answered, 50))
    draws = share.draws(20_000, np.random.default_rng(0))
    assert np.quantile(draws, [0.05, 0.95]) == pytest.approx([share.low, share.high], abs=0.005)


@pytest.mark.parametrize("n", [50, 150])
@pytest.mark.parametrize("answered", [0.75, 0.9])
def test_intervals_by_demand_hold_the_truth_where_few_questions_have_most_of_the_demand(
    n, answered
):
    holds = []
    for seed in range(4):
        questions, is_answered = make_log(600, answered=answered, seed=seed)
        demand = np.exp(1.5 * np.random.default_rng(seed).standard_normal(600))
        questions = replace(questions, demand=demand)
        truth = 1 - (demand @ is_answered) / demand.sum()
        shares = list(simulate(questions, is_answered, n, 40))
        holds += [share.low <= truth <= share.high for share in shares]
    assert np.mean(holds) > 0.86


def test_a_share_at_its_bound_has_an_interval_and_draws():
    # one question has most of the demand; the correction by the checks leads below 0
    questions, _ = make_log(200, answered=0.9, spread=3.0)
    demand = np.ones(200)
    demand[np.argmax(questions.coverage[0])] = 10_000.0
    questions = replace(questions, demand=demand)
    rows = np.arange(0, 200, 4)
    values = questions.coverage[0][rows] > 0.02
    for is_answered in (values, ~values, np.arange(50) > 0):
        share = estimate_share(questions, check(rows, is_answered, 200))
        assert 0 <= share.low <= share.share <= share.high <= 1
        assert np.isfinite(share.draws(20, np.random.default_rng(0))).all()
