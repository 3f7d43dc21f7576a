import numpy as np
import pytest

from coverage_kit.measure.intervals import has_few_events, measure_ratios


def ratios(*groups):
    """Return the ratios of groups of (numerator, denominator) pairs, one pair a prompt."""
    pairs = np.array([pair for group in groups for pair in group], dtype=np.float64).reshape(-1, 2)
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return measure_ratios(pairs[:, 0], pairs[:, 1], numbers, len(groups))


def test_the_interval_by_hand():
    row = ratios([(1, 1)] * 10 + [(0, 1)] * 10).iloc[0]
    per_answer = (
        10 * (1 / 19) + 0.5 * (1 / 20)
    ) / 10.5  # variance 20/19 * 20 * .25 / 400, over .25; ten prompts on a side
    doubt = 1.959964**2 * per_answer
    half = np.sqrt(doubt * 0.25 + doubt**2 / 4) / (1 + doubt)
    assert (row["value"], row["numerator"], row["denominator"], row["n_prompts"]) == (
        0.5,
        10,
        20,
        20,
    )
    assert (row["low"], row["high"]) == pytest.approx((0.5 - half, 0.5 + half))
    assert row["n_events"] == 10  # twenty prompts of one answer, half of them on either side


def test_repeats_that_all_agree_tell_no_more_than_one_answer_to_each_prompt():
    once, thrice = ratios([(1, 1)] * 6 + [(0, 1)] * 24, [(3, 3)] * 6 + [(0, 3)] * 24).to_numpy()[
        :, :3
    ]
    assert thrice == pytest.approx(once)


def test_repeats_that_disagree_tell_more():
    alike, mixed = (
        row["high"] - row["low"]
        for _, row in ratios([(2, 2), (0, 2)] * 15, [(2, 2), (0, 2), (1, 2), (1, 2)] * 8).iterrows()
    )
    assert mixed < 0.8 * alike


def test_rates_of_nothing_and_of_all_have_an_interval():
    table = ratios([(0, 3)] * 40, [(3, 3)] * 40)
    edge = 1.959964**2 / (
        40 + 1.959964**2
    )  # Wilson's with 0 of 40, as if each prompt had one answer
    assert table["low"].tolist() == pytest.approx([0, 1 - edge])
    assert table["high"].tolist() == pytest.approx([edge, 1])
    assert not has_few_events(table).any()


def test_a_prompt_of_many_answers_weighs_as_such_but_is_one_prompt():
    row = ratios([(0, 1)] * 10 + [(0, 10)]).iloc[0]
    n_alike = 20**2 / (10 + 100)
    assert row["high"] == pytest.approx(1.959964**2 / (n_alike + 1.959964**2))


def test_one_prompt_or_none_has_no_interval():
    table = ratios([(1, 2)], [], [(0, 0), (0, 0)])
    assert table["value"].tolist() == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    assert table[["low", "high"]].isna().all(axis=None)
    assert table["n_prompts"].tolist() == [1, 0, 0]


def test_groups_without_prompts_in_a_table_without_prompts():
    assert ratios([], [])["value"].isna().tolist() == [True, True]


def test_few_events_are_counted_in_prompts_not_in_answers():
    table = ratios(
        [(3, 3)] * 4 + [(0, 3)] * 96, [(3, 3)] * 5 + [(0, 3)] * 95, [(3, 3)] * 96 + [(0, 3)] * 4
    )
    assert table["n_events"].tolist() == pytest.approx([4, 5, 4])
    assert has_few_events(table).tolist() == [True, False, True]


def test_the_variance_is_that_of_the_bootstrap_over_prompts():
    rng = np.random.default_rng(3)
    base = rng.integers(1, 9, size=200).astype(float)
    top = rng.binomial(base.astype(int), rng.beta(2, 5, size=200)).astype(float)
    weights = rng.multinomial(200, np.full(200, 1 / 200), size=4000)
    row = measure_ratios(top, base, np.zeros(200, dtype=np.intp), 1).iloc[0]
    drawn = np.std((weights @ top) / (weights @ base))
    assert (row["high"] - row["low"]) / 2 / 1.959964 == pytest.approx(drawn, rel=0.05)


def test_the_interval_always_holds_the_value():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 4, size=3000).astype(float)
    table = measure_ratios(
        rng.binomial(base.astype(int), 0.1).astype(float), base, np.repeat(np.arange(300), 10), 300
    )
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"]))[
        table["n_prompts"] > 1
    ].all()
    assert table[["low", "high"]].stack().between(0, 1).all()
