import numpy as np
import pytest

from coverage_kit.match.judge_correction import MIN_BOTH, correct_judge


def judge(is_answered, sensitivity, specificity, rng):
    chance = np.where(is_answered, sensitivity, 1 - specificity)
    return (rng.random(len(is_answered)) < chance).astype(float)


@pytest.mark.parametrize("answered", [0.5, 0.75])
def test_the_share_of_a_judge_that_is_right_in_80_percent_covers_the_truth(answered):
    rng = np.random.default_rng(0)
    holds, raw = [], []
    for seed in range(200):
        is_answered = rng.random(400) < answered
        verdicts = judge(is_answered, 0.8, 0.8, rng)
        correction = correct_judge(verdicts, verdicts[:60], is_answered[:60].astype(float), seed)
        if correction.is_used:
            holds.append(correction.low <= 1 - answered <= correction.high)
        raw.append(correction.raw_share)
    assert len(holds) > 180
    assert np.mean(holds) >= 0.87
    # as they are, the verdicts are off wherever the share is not a half: .2 + .6 share
    assert np.mean(raw) == pytest.approx(0.2 + 0.6 * (1 - answered), abs=0.01)


def test_a_judge_that_always_says_answered_is_found_out():
    is_answered = (np.arange(60) % 4 > 0).astype(float)
    correction = correct_judge(np.ones(300), np.ones(60), is_answered)
    assert not correction.is_used
    assert "hardly depend" in correction.reason
    assert np.isnan([correction.share, correction.low, correction.high]).all()
    assert correction.raw_share == 0


def test_a_judge_that_guesses_is_seldom_used():
    rng = np.random.default_rng(0)
    used = []
    for seed in range(200):
        is_answered = rng.random(80) < 0.7
        verdicts = (rng.random(300) < 0.9).astype(float)
        used.append(correct_judge(verdicts, verdicts[:80], is_answered.astype(float), seed).is_used)
    assert np.mean(used) < 0.08


def test_too_few_questions_checked_by_both_are_shown_and_not_used():
    is_answered = (np.arange(MIN_BOTH - 1) % 2).astype(float)
    correction = correct_judge(is_answered, is_answered, is_answered)
    assert not correction.is_used
    assert "29 of the questions" in correction.reason
    assert correction.n_both == MIN_BOTH - 1
    assert correction.raw_share == pytest.approx(1 - is_answered.mean())


def test_a_judge_that_is_always_right_keeps_the_share_of_its_verdicts():
    is_answered = (np.arange(300) % 3 > 0).astype(float)
    correction = correct_judge(is_answered, is_answered[:90], is_answered[:90])
    assert correction.is_used
    assert correction.share == pytest.approx(1 / 3, abs=0.02)
    assert correction.low < 1 / 3 < correction.high
    assert correction.sensitivity > 0.98


def test_partly_counts_as_half_of_either_kind():
    checks = np.array([1.0] * 20 + [0.5] * 20 + [0.0] * 20)
    correction = correct_judge(checks, checks, checks)
    # hits 20 + 5, misses 5: the posterior mean of 25.5 / 31
    assert correction.sensitivity == pytest.approx(25.5 / 31, abs=0.01)
    assert correction.specificity == pytest.approx(25.5 / 31, abs=0.01)


def test_no_verdict_is_no_share():
    nothing = np.zeros(0)
    correction = correct_judge(nothing, nothing, nothing)
    assert not correction.is_used
    assert np.isnan(correction.raw_share)
