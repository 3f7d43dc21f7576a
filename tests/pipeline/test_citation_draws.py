import numpy as np
import pytest

from coverage_kit.pipeline import citations
from coverage_kit.pipeline.citations import doubt_of_rate, draw_citations, site_answers
from coverage_kit.rank.choice import Choices, fit_choice
from coverage_kit.rank.citation_rate import Improvement, RateTest, fit_rate
from coverage_kit.rank.offers import CONTENT_FEATURES, site_record


def test_a_site_that_is_not_predicted_better_than_by_its_record_has_no_gain():
    better, worse = Improvement(0.03, 0.01, 0.05), Improvement(0.01, -0.01, 0.03)
    values = {"predicted": np.zeros(0), "n_topics": 12, "slope": 1.0, "ece": 0.02, "bins": ()}
    assert not doubt_of_rate(RateTest(over_record=better, over_rate=better, **values))
    assert doubt_of_rate(RateTest(over_record=worse, over_rate=better, **values)) == (
        "what the pages say adds nothing to your site's citations on near questions by more than "
        "noise (log loss of an answer lower by 0.010 [-0.010, 0.030] on held-out questions)"
    )
    assert "your site's citation rate" in doubt_of_rate(
        RateTest(over_record=better, over_rate=worse, **values)
    )
    few = RateTest(over_record=better, over_rate=better, **{**values, "n_topics": 9})
    assert doubt_of_rate(few) == "answers cite your site in 9 of the topics, 10 are needed"


@pytest.fixture
def logit_choices():
    """Choices of 120 queries among two sites, and the vectors of the queries."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 2, 3))
    odds = np.exp(features @ [1.0, 0.5, 0.0])
    share = odds / (1 + odds.sum(axis=1, keepdims=True))
    cited = rng.binomial(6, share).astype(float)
    n_answers = np.full(120, 6.0)
    choices = Choices(
        CONTENT_FEATURES, features, cited, np.maximum(6 - cited.sum(axis=1), 0), n_answers
    )
    vectors = rng.normal(size=(120, 4)).astype(np.float32)
    return choices, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_draws_hold_the_estimate_first_and_then_fits_of_weighted_topics(logit_choices, monkeypatch):
    choices, vectors = logit_choices
    choice = fit_choice(choices, min_choices=1)
    answers = site_answers(choices, choice, vectors, np.arange(120) // 4)
    draws = draw_citations(choices, choice, answers, vectors)
    intercept, content, record = fit_rate(answers.odds, answers.cited, answers.n_answers)
    assert draws.steps.shape == (201, 3)
    assert draws.steps[0] == pytest.approx(content * choice.weights / choice.scale, rel=1e-3)
    known = site_record(vectors, answers.cited, answers.n_answers, np.arange(120))
    expected = intercept + content * choice.log_odds(choices) + record * known
    assert draws.log_odds[0] == pytest.approx(expected, abs=1e-3)
    # The draws lie around the estimate, about as far as 720 answers allow.
    assert draws.steps[1:, 0].mean() == pytest.approx(draws.steps[0, 0], abs=0.1)
    assert 0.05 < draws.steps[1:, 0].std() < 0.4
    # In a large log, draws take turns with fewer fits of the choice model.
    monkeypatch.setattr(citations, "_REFIT_CELLS", 0)
    shared = draw_citations(choices, choice, answers, vectors)
    direction = shared.steps[:, 1] / shared.steps[:, 0]
    assert direction[21] == pytest.approx(direction[1])
    assert len(np.unique(np.round(direction[1:], 9))) == 20
    assert shared.steps[1:21] == pytest.approx(draws.steps[1:21])
