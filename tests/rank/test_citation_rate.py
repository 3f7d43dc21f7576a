import numpy as np
import pytest
from scipy.special import expit, logit

from coverage_kit.rank import citation_rate
from coverage_kit.rank.citation_rate import (
    ReliabilityBin,
    SiteAnswers,
    calibration_error,
    calibration_slope,
    draw_rates,
    evaluate_rate,
    fit_rate,
    reliability_bins,
)


def answers_of(rate, content, record, seed=0, per_topic=5):
    """Four answers to each question, which cite the site with this probability."""
    n = len(rate)
    rng = np.random.default_rng(seed)
    return SiteAnswers(
        cited=rng.binomial(4, rate).astype(float),
        n_answers=np.full(n, 4.0),
        content=content,
        record=record,
        fold=rng.permutation(n) % 5,
        topic=np.arange(n) // per_topic,
    )


def simulated(content_slope, record_slope, seed=0, n=400):
    """Answers that follow content and record with these slopes."""
    content, record = np.random.default_rng((seed, 1)).normal(size=(2, n))
    rate = expit(-1 + content_slope * content + record_slope * record)
    return answers_of(rate, content, record, seed)


def test_content_that_tells_who_is_cited_is_better_and_calibrated():
    test = evaluate_rate(simulated(1.0, 0.5))
    assert test.is_better
    assert test.n_topics == 80
    assert 0 < test.over_record.low < test.over_record.value < test.over_record.high
    assert test.over_rate.value > test.over_record.value
    assert test.slope == pytest.approx(1, abs=0.15)
    assert test.ece < 0.05
    assert len(test.bins) == 10
    assert test.predicted.mean() == pytest.approx(simulated(1.0, 0.5).cited.mean() / 4, abs=0.01)


def test_content_that_adds_nothing_to_the_record_is_not_better():
    shown = [evaluate_rate(simulated(0.0, 1.0, seed)).is_better for seed in range(30)]
    assert sum(shown) <= 2
    # The record is worth something: it is the content that is not.
    assert evaluate_rate(simulated(0.0, 1.0)).over_rate.low > 0


def test_record_and_content_that_say_nothing_are_not_better():
    shown = [evaluate_rate(simulated(0.0, 0.0, seed)).is_better for seed in range(30)]
    assert sum(shown) <= 1


def test_few_topics_that_cite_the_site_do_not_show_it_however_good_the_model(monkeypatch):
    content = np.full(400, -4.0)
    content[:45] = 4.0
    test = evaluate_rate(answers_of(expit(content), content, np.zeros(400)))
    assert test.over_record.low > 0
    assert test.n_topics >= 9
    monkeypatch.setattr(citation_rate, "MIN_TOPICS", test.n_topics)
    assert test.is_better
    monkeypatch.setattr(citation_rate, "MIN_TOPICS", test.n_topics + 1)
    assert not test.is_better


def test_the_improvement_by_hand():
    # All models say one half: the content has no spread, so nothing improves.
    flat = answers_of(np.full(40, 0.5), np.zeros(40), np.zeros(40))
    test = evaluate_rate(flat)
    assert test.over_record.value == pytest.approx(0, abs=1e-6)
    assert not test.is_better


def test_the_rate_is_the_fit_of_a_drawn_logistic_regression():
    content = np.repeat([-1.0, 1.0], 50)
    cited, n_answers = np.repeat([100.0, 300.0], 50), np.full(100, 400.0)
    # Many answers outweigh the prior: log odds of 1/4 and 3/4 a step of 2 apart.
    intercept, slope = fit_rate(content[:, None], cited, n_answers)
    assert intercept == pytest.approx(0, abs=1e-3)
    assert slope == pytest.approx(np.log(3), abs=1e-3)
    # Without answers the prior is left, and slopes are never negative.
    assert fit_rate(content[:, None], cited * 0, n_answers * 0)[1] == pytest.approx(0.5)
    assert fit_rate(-content[:, None], cited, n_answers)[1] == 0
    # Without odds it is the plain rate.
    assert fit_rate(np.zeros((2, 0)), np.array([1.0, 0]), np.array([2.0, 2])) == pytest.approx(
        [logit(0.25)], abs=1e-4
    )


def test_draws_fit_the_weighted_answers():
    answers = simulated(1.0, 0.5)
    weights = np.vstack([np.ones(400), np.repeat([0.0, 2.0], 200)])
    estimate, drawn = draw_rates(answers, weights)
    assert estimate == pytest.approx([-1, 1, 0.5], abs=0.2)
    half = fit_rate(answers.odds[200:], answers.cited[200:] * 2, answers.n_answers[200:] * 2)
    assert drawn == pytest.approx(half, abs=1e-4)


def test_the_reliability_diagram_by_hand():
    predicted = np.repeat([0.2, 0.6], 20)
    cited = np.repeat([0.0, 2.0], 20)
    bins = reliability_bins(predicted, cited, np.full(40, 4.0))
    assert bins == (
        ReliabilityBin(pytest.approx(0.2), 0.0, 80),
        ReliabilityBin(pytest.approx(0.6), 0.5, 80),
    )
    assert calibration_error(bins) == pytest.approx((0.2 + 0.1) / 2)
    # Questions without answers are in no bin.
    assert reliability_bins(predicted, cited * 0, np.zeros(40)) == ()
    assert np.isnan(calibration_error(()))


def test_the_slope_says_whether_predictions_are_too_extreme():
    odds = np.random.default_rng(0).normal(size=2000)
    n_answers = np.full(2000, 100.0)
    cited = 100 * expit(odds)
    assert calibration_slope(expit(odds), cited, n_answers) == pytest.approx(1, abs=0.01)
    assert calibration_slope(expit(2 * odds), cited, n_answers) == pytest.approx(0.5, abs=0.01)
