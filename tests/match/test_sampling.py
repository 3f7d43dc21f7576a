from dataclasses import replace

import numpy as np
import pytest

from coverage_kit.match.sampling import (
    Checks,
    check_weights,
    draw_next,
    draw_sample,
    inclusion_probability,
    rank_uncertainty,
)
from tests.match.check_samples import check, make_log


def drawn_share(n_queries, draw, repetitions):
    counts = np.zeros(n_queries)
    for seed in range(repetitions):
        counts[draw(seed).rows] += 1
    return counts / repetitions


def test_every_question_is_drawn_with_the_probability_that_is_written():
    questions, _ = make_log(40)
    nothing = np.zeros(40, dtype=bool)
    share = drawn_share(40, lambda seed: draw_sample(questions, 9, seed, nothing), 800)
    sample = draw_sample(questions, 9, 0, nothing)
    assert len(np.unique(sample.rows)) == 9
    assert sample.probability == pytest.approx(9 / 40)
    # four standard deviations of a share of .225 in 800 draws
    assert np.abs(share - 9 / 40).max() < 4 * np.sqrt(0.225 * 0.775 / 800)


def test_a_further_draw_has_exact_probabilities_that_differ():
    questions, is_answered = make_log(40, spread=3.0)
    questions = replace(questions, coverage=np.vstack([questions.coverage] * 2))
    first = draw_sample(questions, 12, 0, np.zeros(40, dtype=bool))
    checks = check(first.rows, is_answered[first.rows], 40)
    share = drawn_share(40, lambda seed: draw_next(questions, 8, seed, checks), 800)
    expected = np.zeros(40)
    for seed in range(50):
        sample = draw_next(questions, 8, seed, checks)
        expected[sample.rows] = sample.probability
    assert not share[first.rows].any()
    assert expected[expected > 0].min() < 0.95 * expected.max()
    assert np.abs(share - expected).max() < 4 * np.sqrt(0.25 / 800)


def test_each_band_has_its_part_of_the_sample_and_of_its_first_half():
    questions, _ = make_log(500)
    sample = draw_sample(questions, 50, 3, np.zeros(500, dtype=bool))
    assert np.bincount(questions.bands[sample.rows]).tolist() == [10] * 5
    assert len(set(sample.strata)) == 5
    half = np.bincount(questions.bands[sample.rows[:25]], minlength=5)
    assert half.min() >= 4
    assert half.max() <= 6


def test_the_stratum_is_the_range_of_coverage_of_its_band():
    questions, _ = make_log(10)
    questions = replace(questions, coverage=np.linspace(0.05, 0.95, 10)[None])
    sample = draw_sample(questions, 10, 0, np.zeros(10, dtype=bool))
    strata = dict(zip(sample.rows.tolist(), sample.strata, strict=True))
    assert strata[0] == strata[1] == "0.05-0.15"
    assert strata[9] == "0.85-0.95"


def test_questions_that_were_checked_are_not_drawn_and_a_short_log_is_drawn_whole():
    questions, _ = make_log(20)
    is_checked = np.arange(20) < 15
    sample = draw_sample(questions, 50, 0, is_checked)
    assert sorted(sample.rows) == [15, 16, 17, 18, 19]
    assert sample.probability.tolist() == [1.0] * 5


def test_the_same_seed_draws_the_same_questions():
    questions, _ = make_log(60)
    nothing = np.zeros(60, dtype=bool)
    samples = [draw_sample(questions, 9, seed, nothing).rows.tolist() for seed in (4, 4, 5)]
    assert samples[0] == samples[1] != samples[2]


def test_probabilities_over_one_are_cut_and_the_others_raised():
    # the two large ones are certain; .25 is what is left for each of the four others
    sizes = np.array([50.0, 60.0, 1.0, 1.0, 1.0, 1.0])
    assert inclusion_probability(sizes, 3).tolist() == [1, 1, 0.25, 0.25, 0.25, 0.25]


def test_weights_of_two_draws_give_the_total_on_average_although_the_second_depends_on_the_first():
    questions, is_answered = make_log(80, answered=0.8, spread=2.0, seed=3)
    totals = []
    for seed in range(300):
        first = draw_sample(questions, 10, seed, np.zeros(80, dtype=bool))
        checks = check(first.rows, is_answered[first.rows], 80)
        second = draw_next(questions, 10, seed + 9999, checks)
        rows = np.r_[first.rows, second.rows]
        both = Checks(
            rows,
            is_answered[rows].astype(float),
            np.repeat([1, 2], 10),
            np.r_[first.probability, second.probability],
        )
        totals.append(float(check_weights(both) @ both.values))
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - is_answered.sum()) < 3 * error


def test_a_further_draw_prefers_bands_whose_checks_differ():
    questions, _ = make_log(500, spread=2.0)
    rows = np.arange(0, 500, 5)
    # the lowest band is answered by half, the others always
    values = np.where(questions.bands[rows] == 0, np.arange(100) % 2, 1.0)
    sample = draw_next(questions, 60, 0, check(rows, values, 500))
    counts = np.bincount(questions.bands[sample.rows], minlength=5)
    assert counts[0] > 1.5 * counts[1:].max()
    assert counts.min() > 0


def test_ranks_are_uncertain_where_refits_disagree_which_gap_belongs_to_the_top():
    n_clusters = 12
    questions, _ = make_log(n_clusters)
    certain = np.linspace(0.1, 0.9, n_clusters)
    swapped = certain.copy()
    swapped[[9, 10]] = swapped[[10, 9]]
    questions = replace(
        questions, clusters=np.arange(n_clusters), coverage=np.stack([certain, swapped])
    )
    uncertainty = rank_uncertainty(questions)
    assert uncertainty[[9, 10]].tolist() == [1.0, 1.0]
    assert uncertainty[[0, 5, 11]].tolist() == [0.0, 0.0, 0.0]
