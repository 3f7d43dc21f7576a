from dataclasses import replace

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
from coverage_kit.rank.offers import (
    content_features,
    expand_queries,
    record_features,
    site_centre,
    site_record,
)

NAN = float("nan")


def model(weights, outside=0.0, m=2):
    f = len(weights)
    return ChoiceModel(
        names=tuple("abc"[:f]),
        mean=np.zeros(f),
        scale=np.ones(f),
        weights=np.array(weights, float),
        constants=np.zeros(m),
        outside=outside,
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


def chances(fitted, utilities):
    """Return the probability of each site where it has one feature, (n, m), by its log odds."""
    features = np.array(utilities, float)[..., None]
    n, m = features.shape[:2]
    choices = Choices(("a",), features, np.zeros((n, m)), np.zeros(n), np.ones(n))
    odds = [fitted.log_odds(choices, site) for site in range(m)]
    return 1 / (1 + np.exp(-np.clip(np.stack(odds, axis=1), -700, 700)))


def test_the_odds_are_those_of_the_site_among_rivals_and_the_outside_option():
    three = np.log([[3.0, 2.0], [1.0, 4.0]])
    assert chances(model([1]), three) == pytest.approx(np.array([[3, 2], [1, 4]]) / 6)
    assert chances(model([1], outside=np.log(5)), three) == pytest.approx(
        np.array([[3, 2], [1, 4]]) / 10
    )
    assert chances(model([1], m=1), np.log([[3.0]])) == pytest.approx(3 / 4)
    constants = replace(model([1]), constants=np.log([2.0, 1.0]))
    assert chances(constants, three) == pytest.approx(np.array([[6 / 9, 2 / 9], [2 / 7, 4 / 7]]))


def test_the_mean_probability_of_a_citation_is_the_share_of_citations():
    choices = simulated([0.5], outside=3.0, per_query=4)
    fitted = fit_weights(choices)
    for site in range(6):
        probability = 1 / (1 + np.exp(-fitted.log_odds(choices, site)))
        share = choices.cited[:, site].sum() / choices.n_choices
        assert probability.mean() == pytest.approx(share, abs=0.005)


def test_huge_utilities_do_not_overflow():
    probability = chances(model([1]), [[900.0, 900.0], [-900.0, 800.0]])
    assert probability == pytest.approx(np.array([[0.5, 0.5], [0, 1]]))


def test_a_text_that_speaks_to_nothing_is_not_cited_even_where_nobody_answers():
    utilities = [[-4.9, -9.0]]
    assert chances(model([1], outside=1.0), utilities)[0, 0] < 0.01
    # what a softmax without the outside option would say
    assert chances(model([1], outside=-50.0), utilities)[0, 0] > 0.9


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


def test_held_out_predictions_come_from_models_without_the_query():
    choices = simulated([1.2, 0.5], outside=1.0)
    fitted = fit_choice(choices)
    assert fitted.held_out.shape == (600, 6)
    assert np.bincount(fitted.fold).tolist() == [120] * 5
    is_out = fitted.fold == 3
    other = fit_weights(choices.select(~is_out))
    odds = np.log(fitted.held_out[is_out, 2] / (1 - fitted.held_out[is_out, 2]))
    assert odds == pytest.approx(other.log_odds(choices.select(is_out), 2))
    given = fit_choice(choices, fold=np.arange(600) // 120)
    assert given.fold.tolist() == (np.arange(600) // 120).tolist()
    # Nothing is held out of nine queries.
    assert not fit_choice(choices.select(np.arange(9)), min_choices=1).held_out.size


def test_weighted_choices_are_repeated_choices_and_a_fit_may_start_from_another():
    choices = simulated([1.2, 0.5], outside=1.0, n=100)
    weights = np.repeat([0.0, 2.0], 50)
    twice = choices.select(np.r_[np.arange(50), np.arange(50, 100), np.arange(50, 100)])
    repeated = fit_weights(choices.weighted(weights))
    assert choices.weighted(weights).n_choices == 100 * 8
    expected = twice.cited[50:].sum(axis=0)
    assert choices.weighted(weights).cited.sum(axis=0) == pytest.approx(expected)
    again = fit_weights(choices.weighted(weights), start=fit_weights(choices))
    assert again.weights == pytest.approx(repeated.weights, abs=1e-3)


def test_the_record_of_a_site_is_the_rate_of_near_queries_of_other_folds():
    expanded = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    cited = np.array([0.0, 2.0, 0.0, 1.0])
    n_answers = np.array([4.0, 2.0, 0.0, 4.0])
    odds = site_record(expanded, cited, n_answers, np.array([0, 1, 1, 2]))
    # Of the first query, the second (rate 1) is equally worded, the third has no answer, and the
    # fourth (rate 1/4) is far: it weighs w. Two queries at the overall rate are added.
    w = np.exp(-1 / 0.15)
    near, overall, n = (1 + w / 4) / (1 + w), 5 / 8, (1 + w) ** 2 / (1 + w**2)
    rate = (n * near + 2 * overall) / (n + 2)
    assert odds[0] == pytest.approx(np.log(rate / (1 - rate)))
    # Of the fourth query, both others with answers are equally far: their rates are 0 and 1.
    assert odds[3] == pytest.approx(0)
    # A site that is never cited has a record, too.
    assert site_record(expanded, cited * 0, n_answers, np.arange(4))[0] == pytest.approx(
        np.log(0.001 / 0.999)
    )
