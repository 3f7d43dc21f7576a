"""Selection against brute force over all subsets of a few random edits."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.select import Limits, Portfolio, rank_edits, select_edits
from coverage_kit.rank.simulate import Chances, Simulation, edit_table
from coverage_kit.tables import EFFECTS

N_QUERIES, N_EDITS = 6, 8
SEEDS = st.integers(0, 10_000)


def made_of(chance, groups, room=None, harm=None):
    """A simulation from the chance of each query by each edit, shape (n edits, n queries)."""
    chance = np.asarray(chance, np.float64)
    room = np.ones(chance.shape[1]) if room is None else np.asarray(room, np.float64)
    harm = np.zeros(len(chance)) if harm is None else np.asarray(harm, np.float64)
    chances = tuple(Chances(rows := np.flatnonzero(one), one[rows]) for one in chance)
    return Simulation(
        room, chances, (chance @ room - 2 * harm)[None], harm, np.asarray(groups), EFFECTS.empty()
    )


def at_random(seed, harm=0.0, n_groups=4):
    rng = np.random.default_rng(seed)
    chance = rng.random((N_EDITS, N_QUERIES)) * (rng.random((N_EDITS, N_QUERIES)) < 0.5)
    groups = rng.integers(n_groups, size=N_EDITS)
    simulation = made_of(chance, groups, rng.uniform(0.1, 3, N_QUERIES), harm * rng.random(N_EDITS))
    return simulation, rng.uniform(0.5, 6, N_EDITS).round(1)


def gain_of(simulation, chosen):
    """The formula of the module, without any of its shortcuts."""
    left = np.ones(len(simulation.room))
    for group in {int(simulation.groups[row]) for row in chosen}:
        best = np.zeros(len(left))
        for row in chosen:
            if simulation.groups[row] == group:
                one = simulation.chances[row]
                best[one.rows] = np.maximum(best[one.rows], one.chance)
        left *= 1 - best
    return float(simulation.room @ (1 - left)) - 2 * float(
        sum(simulation.harm[row] for row in chosen)
    )


def subsets(n=N_EDITS):
    return list(chain.from_iterable(combinations(range(n), k) for k in range(n + 1)))


def select(simulation, cost, limits=None, pages=None, words=None):
    pages = pages or [f"page{row}" for row in range(len(cost))]
    words = np.zeros(len(cost)) if words is None else words
    return select_edits(simulation, np.asarray(cost, np.float64), limits or Limits(), pages, words)


def taken(simulation, chosen):
    portfolio = Portfolio(simulation)
    for row in chosen:
        portfolio.take(row)
    return portfolio


def test_variants_of_a_gap_do_not_add_up_and_edits_of_different_gaps_combine():
    simulation = made_of([[0.5, 0], [0.3, 0.4], [0.2, 0]], [7, 7, 9], room=[2, 10])
    portfolio = Portfolio(simulation)
    assert portfolio.take(0) == pytest.approx(2 * 0.5)
    assert portfolio.marginal(1) == pytest.approx(
        10 * 0.4
    )  # the first query has a better variant already
    assert portfolio.marginal(2) == pytest.approx(2 * (1 - 0.5) * 0.2)
    portfolio.take(2)
    assert portfolio.gain == pytest.approx(2 * (1 - (1 - 0.5) * (1 - 0.2)))


def test_a_better_variant_adds_the_difference_and_a_certain_answer_leaves_nothing():
    simulation = made_of([[0.25], [0.75], [0.5], [1.0], [0.9]], [0, 0, 1, 0, 2])
    portfolio = taken(simulation, [0, 2])
    assert portfolio.marginal(1) == pytest.approx((1 - 0.5) * (0.75 - 0.25))
    portfolio.take(1)
    portfolio.take(3)
    assert portfolio.gain == pytest.approx(1)
    assert portfolio.marginal(4) == pytest.approx(0, abs=1e-8)


def test_harm_counts_twice():
    simulation = made_of([[0.5, 0.5]], [0], room=[1, 3], harm=[0.25])
    assert Portfolio(simulation).marginal(0) == pytest.approx(2 - 2 * 0.25)
    assert select(made_of([[0.5]], [0], harm=[0.25]), [1.0]).order == ()


@given(SEEDS, st.permutations(range(N_EDITS)), st.integers(0, N_EDITS))
def test_a_portfolio_gains_what_the_formula_says_in_any_order(seed, order, size):
    simulation, _ = at_random(seed, harm=0.3)
    assert taken(simulation, order[:size]).gain == pytest.approx(
        gain_of(simulation, order[:size]), abs=1e-9
    )


@given(SEEDS, st.permutations(range(N_EDITS)), st.integers(0, N_EDITS - 1), st.data())
def test_gain_is_monotone_and_submodular(seed, order, size, data):
    """No edit takes away from the others, and none adds more to a larger set than to a part of it."""
    simulation, _ = at_random(seed)
    part = data.draw(st.integers(0, size))
    small, large = taken(simulation, order[:part]), taken(simulation, order[:size])
    for row in order[size:]:
        assert large.marginal(row) >= -1e-9
        assert large.marginal(row) <= small.marginal(row) + 1e-9
    assert large.gain >= small.gain - 1e-9


@given(SEEDS, st.floats(0, 0.8))
def test_without_a_budget_each_next_edit_is_the_best_by_the_minute(seed, harm):
    """Lazy evaluation chooses as one that looks at every edit again would."""
    simulation, cost = at_random(seed, harm)
    found = select(simulation, cost)
    portfolio, left = Portfolio(simulation), set(range(N_EDITS))
    for row, marginal in zip(found.order, found.marginal, strict=True):
        rates = {other: portfolio.marginal(other) / cost[other] for other in left}
        assert rates[row] >= max(rates.values()) - 1e-9
        assert portfolio.take(row) == pytest.approx(marginal)
        left.remove(row)
    assert all(portfolio.marginal(other) <= 1e-5 for other in left)


@given(SEEDS, st.floats(0, 0.5), st.sampled_from([0.0, 4.0, 9.0]))
def test_no_set_of_the_same_cost_exceeds_the_bound(seed, harm, minutes):
    simulation, cost = at_random(seed, harm)
    found = select(simulation, cost, Limits(minutes=minutes))
    spent, gains = (
        np.cumsum(cost[list(found.order)]),
        {one: gain_of(simulation, one) for one in subsets()},
    )
    for place, (minute, bound) in enumerate(zip(spent, found.bound, strict=True)):
        best = max(gain for one, gain in gains.items() if cost[list(one)].sum() <= minute + 1e-9)
        assert bound >= best - 1e-9
        assert bound >= sum(found.marginal[: place + 1]) - 1e-9


@given(SEEDS, st.floats(0.5, 20))
def test_a_budget_brings_its_part_of_the_best_that_it_can_buy(seed, minutes):
    """Greedy or the best single edit: at least (1 - 1/e) / 2 of the best set (Leskovec et al. 2007)."""
    simulation, cost = at_random(seed)
    found = select(simulation, cost, Limits(minutes=minutes))
    best = max(gain_of(simulation, one) for one in subsets() if cost[list(one)].sum() <= minutes)
    assert gain_of(simulation, found.order) >= (1 - 1 / np.e) / 2 * best - 1e-9
    assert sum(found.marginal) == pytest.approx(gain_of(simulation, found.order))


def test_a_large_edit_stands_alone_where_small_ones_spend_its_budget():
    """The cheap edit has the better rate, and leaves no room for the one that brings ten times as much."""
    simulation = made_of([[0.1, 0], [0, 0.99]], [0, 1], room=[1, 1])
    found = select(simulation, [1.0, 10.0], Limits(minutes=10))
    assert found.order == (1,)
    assert found.marginal == pytest.approx((0.99,))
    assert found.bound[0] >= 0.99 + 0.1 * 0.99 - 1e-9
    assert select(simulation, [1.0, 10.0], Limits(minutes=11)).order == (0, 1)


def test_the_bound_of_an_edit_alone_counts_what_was_given_up_for_it():
    """Two short edits bring .55 each, a long one 1.2: nobody looked whether the short ones would go with it."""
    chance = [[0.55, 0, 0], [0, 0.55, 0], [0, 0, 0.6]]
    simulation = made_of(chance, [0, 1, 2], room=[1, 1, 2])
    found = select(simulation, [4.0, 5.0, 11.0], Limits(minutes=11))
    assert found.order == (2,)
    assert found.bound[0] >= 1.2 + 1.1 - 1e-9


@given(SEEDS, st.floats(0.5, 20), st.integers(1, 60), st.integers(1, 3))
def test_limits_are_obeyed(seed, minutes, words_allowed, per_page):
    simulation, cost = at_random(seed, 0.2)
    rng = np.random.default_rng(seed)
    words, pages = (
        rng.integers(40, size=N_EDITS).astype(float),
        [f"site/{name}" for name in rng.integers(3, size=N_EDITS)],
    )
    found = list(
        select(
            simulation, cost, Limits(minutes, words_allowed, per_page, ("site/2*",)), pages, words
        ).order
    )
    assert cost[found].sum() <= minutes
    assert words[found].sum() <= words_allowed
    assert max((sum(pages[row] == page for row in found) for page in pages), default=0) <= per_page
    assert not any(pages[row] == "site/2" for row in found)
    assert len(set(found)) == len(found)


def test_a_budget_counts_to_the_brim_and_zero_sets_none():
    simulation = made_of(np.eye(3) * 0.5, [0, 1, 2])
    assert len(select(simulation, [2.0, 2.0, 2.0], Limits(minutes=4)).order) == 2
    assert (
        len(select(simulation, [2.0, 2.0, 2.0], Limits(words=20), words=np.full(3, 10.0)).order)
        == 2
    )
    assert (
        len(
            select(
                simulation, [2.0, 2.0, 2.0], Limits(edits_per_page=1), pages=["a", "a", "b"]
            ).order
        )
        == 2
    )
    assert len(select(simulation, [2.0, 2.0, 2.0]).order) == 3


def test_pages_are_untouchable_by_name_or_pattern():
    limits = Limits(locked_pages=("example.com/legal/*", "example.com/home"))
    pages = ["example.com/legal/terms", "example.com/home", "example.com/homework"]
    assert [limits.allows(page) for page in pages] == [False, False, True]
    assert select(made_of(np.eye(3) * 0.5, [0, 1, 2]), [1.0, 1.0, 1.0], limits, pages).order == (2,)


def test_nothing_to_choose_from():
    empty = Simulation(
        np.ones(3), (), np.zeros((1, 0)), np.zeros(0), np.zeros(0, np.int64), EFFECTS.empty()
    )
    assert select(empty, []).order == ()
    assert select(made_of([[0.0, 0.0]], [0]), [1.0], Limits(minutes=5)).order == ()


def test_what_fits_the_budget_stands_first_with_what_it_adds():
    """Two variants of one gap; only the small one fits: it is chosen, ranked first, and adds its gain."""
    simulation = Simulation(
        np.array([10.0]),
        tuple(Chances(np.array([0]), np.array([chance])) for chance in (0.9, 0.5)),
        np.array([[9.0, 5.0]]),
        np.zeros(2),
        np.zeros(2, dtype=np.int64),
        EFFECTS.empty(),
    )
    made = [
        Candidate("c0", "extend_passage", "ours/a", "A", "brief", cost, (), (), n_words=10)
        for cost in (10.0, 6.0)
    ]
    edits, frontier = rank_edits(edit_table(made, simulation), simulation, Limits(minutes=8))
    assert edits["edit_id"].tolist() == ["e0001", "e0000"]
    assert edits["is_chosen"].tolist() == [True, False]
    assert edits["marginal_gain"].tolist() == pytest.approx([5.0, 4.0])
    assert frontier["bound"].iloc[0] >= frontier["gain"].iloc[0]
