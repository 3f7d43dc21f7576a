import numpy as np
import pytest
from scipy.optimize import check_grad

from coverage_kit.rank.choice import (
    ChoiceModel,
    Choices,
    fit_choice,
    fit_weights,
    mean_with_interval,
    penalised_loss,
    within_site_auc,
)
from coverage_kit.rank.offers import content_features, expand_queries, record_features, site_centre

NAN = float("nan")


def model(weights, outside=0.0, per_answer=1.0):
    f = len(weights)
    return ChoiceModel(
        names=tuple("abc"[:f]),
        mean=np.zeros(f),
        scale=np.ones(f),
        weights=np.array(weights, float),
        constants=np.zeros(2),
        outside=outside,
        citations_per_answer=per_answer,
        auc=NAN,
        low=NAN,
        high=NAN,
        n_choices=0,
    )


def simulated(weights, outside, n=600, m=6, per_query=8, seed=0, is_random=False):
    """Choices drawn from a logit with these weights, whose sites also differ by constants."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, m, len(weights)))
    utility = features @ np.array(weights, float) * (not is_random) + np.linspace(-1, 1, m)
    odds = np.exp(np.column_stack([utility, np.full(n, outside)]))
    counts = np.stack([rng.multinomial(per_query, row / row.sum()) for row in odds]).astype(float)
    return Choices(
        names=tuple("abc"[: len(weights)]),
        features=features,
        cited=counts[:, :-1],
        cited_outside=counts[:, -1],
        n_answers=np.full(n, 2.0),
    )


def test_the_probability_is_the_share_of_the_site_among_rivals_and_the_outside_option():
    features = np.array([[np.log(3)], [0.0]])
    rivals = np.log([[2.0, 4.0], [1.0, 1.0]])
    assert model([1], outside=0.0).probability(features, rivals) == pytest.approx([3 / 10, 1 / 4])
    assert model([1], outside=np.log(11)).probability(features, rivals) == pytest.approx(
        [3 / 20, 1 / 14]
    )
    assert model([1]).probability(features, np.zeros((2, 0))) == pytest.approx([3 / 4, 1 / 2])
    assert model([1]).probability(features, rivals, constant=np.log(2)) == pytest.approx(
        [6 / 13, 2 / 5]
    )


def test_an_answer_with_three_citations_has_three_chances_and_no_more_than_certainty():
    rivals = np.log([[3.0], [1e-9]])
    assert model([1], per_answer=3).cited_probability(np.zeros((2, 1)), rivals) == pytest.approx(
        [3 / 5, 1]
    )


def test_the_mean_probability_of_being_cited_is_the_share_of_answers_that_cite():
    choices = simulated([0.5], outside=3.0, per_query=4)
    fitted = fit_weights(choices)
    utility = fitted.utility(choices.features, fitted.constants)
    for site in range(6):
        probability = fitted.cited_probability(
            choices.features[:, site],
            rivals=np.delete(utility, site, axis=1),
            constant=fitted.constants[site],
        )
        share = choices.cited[:, site].sum() / choices.n_answers.sum()
        assert probability.mean() == pytest.approx(share, abs=0.01)


def test_huge_utilities_do_not_overflow():
    probability = model([1]).probability(
        np.array([[900.0], [-900.0]]), np.array([[900.0], [800.0]])
    )
    assert probability == pytest.approx([0.5, 0.0])


def test_a_text_that_speaks_to_nothing_gains_nothing_even_where_nobody_answers():
    features = np.array([[-5.0], [-4.9]])
    rivals = np.full((2, 3), -9.0)
    assert np.all(model([1], outside=1.0).probability(features, rivals) < 0.01)
    # what a softmax without the outside option would say
    assert model([1], outside=-50.0).probability(features, rivals)[1] > 0.9


def test_the_loss_is_the_multinomial_likelihood_by_hand():
    scaled = np.array([[[np.log(2)], [0.0]], [[0.0], [0.0]]])
    cited = np.array([[1.0, 2.0], [0.0, 0.0]])
    cited_outside = np.array([0.0, 1.0])
    loss, _ = penalised_loss(np.array([1.0, 0.0, 0.0, 0.0]), scaled, cited, cited_outside)
    by_hand = np.log(2 / 4) + 2 * np.log(1 / 4) + np.log(1 / 3)
    assert loss == pytest.approx(-by_hand + 3.0 / 2)  # the ridge of one weight of 1


def test_the_gradient_is_that_of_the_loss():
    choices = simulated([1.0, 0.5], 0.5, n=12, m=3)
    data = (choices.features, choices.cited, choices.cited_outside)
    parameters = np.array([0.3, -0.2, 0.1, 0.4, -0.5, 0.7])
    error = check_grad(
        lambda p: penalised_loss(p, *data)[0],
        lambda p: penalised_loss(p, *data)[1],
        parameters,
    )
    assert error < 1e-3


def test_weights_constants_and_outside_are_recovered_from_simulated_choices():
    fitted = fit_choice(simulated([1.2, 0.0, 0.5], outside=1.0))
    assert fitted.n_choices == 4800
    assert fitted.weights / fitted.scale == pytest.approx([1.2, 0.0, 0.5], abs=0.08)
    assert np.diff(fitted.constants) == pytest.approx(np.full(5, 0.4), abs=0.2)
    assert (
        fitted.constants.mean() - fitted.mean / fitted.scale @ fitted.weights - fitted.outside
        == pytest.approx(-1, abs=0.1)
    )
    assert fitted.citations_per_answer == pytest.approx(4)
    assert 0.7 < fitted.low < fitted.auc < fitted.high


def test_choices_that_follow_no_feature_have_a_held_out_auc_of_a_half():
    fitted = fit_choice(simulated([1.0, 1.0], outside=1.0, is_random=True))
    assert fitted.auc == pytest.approx(0.5, abs=0.04)
    assert np.all(fitted.weights < 0.08)


def test_weights_never_speak_against_being_cited():
    assert fit_choice(simulated([-1.0, 1.0], outside=0.0)).weights[0] == 0


def test_fewer_than_three_hundred_citations_are_not_fitted():
    choices = simulated([1.0], 0.0, n=100, per_query=3)
    assert fit_choice(choices) is not None
    assert fit_choice(choices.select(np.arange(99))) is None
    assert fit_choice(choices.select(np.arange(99)), min_choices=290) is not None
    uncited = Choices(
        names=("a",),
        features=choices.features,
        cited=choices.cited * 0,
        cited_outside=choices.cited_outside + 9,
        n_answers=choices.n_answers,
    )
    assert fit_choice(uncited) is None


def test_a_site_left_out_takes_its_citations_along():
    choices = simulated([1.0], outside=0.5)
    fewer = choices.select(np.ones(600, bool), np.arange(6) != 2)
    assert fewer.n_choices == choices.n_choices - choices.cited[:, 2].sum()
    assert fit_weights(fewer).weights == pytest.approx(fit_weights(choices).weights, abs=0.06)


def test_within_site_auc_by_hand():
    is_cited = np.array([[1, 1], [1, 0], [1, 0], [0, 0], [0, 0], [0, 0]], dtype=bool)
    predicted = np.column_stack([[6, 3, 3, 3, 2, 1], np.arange(6)]).astype(float)
    twice = np.vstack([np.ones(6), [0, 1, 1, 2, 0, 0]])
    auc = within_site_auc(predicted, is_cited, twice)
    # the second site is cited for one query only, and left out
    assert auc[:, 0] == pytest.approx([8 / 9, 1 / 2])
    assert auc.shape == (2, 1)
    strata = np.array([0, 1, 1, 0, 1, 1])
    assert within_site_auc(predicted, is_cited, twice[:1], strata)[0] == pytest.approx([1.0])
    assert mean_with_interval(np.array([[0.5, 0.7], [0.4, NAN]])) == pytest.approx((0.6, 0.4, 0.4))
    assert np.isnan(mean_with_interval(np.zeros((2, 0)))).all()


def test_content_features_are_the_nearest_the_most_words_and_the_subject():
    queries = np.array([[1.0, 0.0], [0.6, 0.8]], np.float32)
    content = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    recall = np.array([[0.2, 0.5], [0.0, 1.0]], np.float32)
    centre = site_centre(content)
    assert centre == pytest.approx([0.5**0.5] * 2)
    offered = content_features(queries, content, recall, centre)
    assert offered == pytest.approx(
        np.array([[1, 0.5, 0.5**0.5], [0.8, 1, 1.4 * 0.5**0.5]]), abs=1e-6
    )
    doubled = content_features(
        queries, np.vstack([content, content]), np.hstack([recall, recall]), centre
    )
    assert doubled == pytest.approx(offered)  # a duplicate gains nothing


def test_expansion_draws_a_query_half_way_to_its_nearest_passages():
    queries = np.array([[1.0, 0.0]], np.float32)
    content = np.array([[0.0, 1.0], [-1.0, 0.0]], np.float32)
    assert expand_queries(queries, content, k=1)[0] == pytest.approx([0.5**0.5] * 2)
    assert expand_queries(queries, content[:0])[0] == pytest.approx([1, 0])


def test_the_record_counts_near_queries_of_the_site_and_of_its_kin_but_never_the_query_itself():
    queries = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)  # two subjects, four queries each
    centres = np.array([[1, 0], [0.98, 0.199], [-1, 0]], np.float32)
    is_cited = np.zeros((8, 3), dtype=bool)
    is_cited[:3, 0] = True
    is_visible = np.ones((1, 8), dtype=bool)
    record = record_features(queries, is_cited, centres, is_visible)
    # for query 3, near ones cite site 0 always: (3 * 1 + 2 * 3/7) / (3 + 2) against 3/7
    assert record[3, 0, 0] == pytest.approx(np.log((3 + 6 / 7) / 5 / (3 / 7)), abs=0.02)
    assert record[7, 0, 0] < 0 < record[3, 0, 0]
    assert record[3, 1, 1] > 0.5  # site 1 is kin of site 0
    # no site like it is cited, and the site itself does not count
    assert record[3, 0, 1] == pytest.approx(0)
    flipped = is_cited.copy()
    flipped[3, 0] = True
    assert record_features(queries, flipped, centres, is_visible)[3] == pytest.approx(record[3])
    without_query_1 = is_visible & (np.arange(8) != 1)
    flipped = is_cited.copy()
    flipped[1, 0] = False
    before = record_features(queries, is_cited, centres, without_query_1)
    after = record_features(queries, flipped, centres, without_query_1)
    assert before == pytest.approx(after)
    single_site = record_features(queries, is_cited[:, :1], centres[:1], is_visible)
    assert single_site[:, 0, 1] == pytest.approx(0)  # a site without kin
