"""Selection against brute force over all subsets of a few random edits."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.select import Limits, Portfolio, rank_edits, select_edits
from coverage_kit.rank.simulate import QueryChances, Simulation, edit_table
from coverage_kit.tables import EFFECTS

N_QUERIES = 6
N_EDITS = 8
SEEDS = st.integers(0, 10_000)


def make_simulation(chance, groups, room=None, harm=None):
    """A simulation from the chance of each query by each edit, shape (n edits, n queries)."""
    chance = np.asarray(chance, np.float64)
    room = np.ones(chance.shape[1]) if room is None else np.asarray(room, np.float64)
    harm = np.zeros(len(chance)) if harm is None else np.asarray(harm, np.float64)
    chances = tuple(chances_of(row) for row in chance)
    return Simulation(
        room=room,
        chances=chances,
        gain=(chance @ room - 2 * harm)[None],
        harm=harm,
        groups=np.asarray(groups),
        effects=EFFECTS.empty(),
    )


def chances_of(chance):
    rows = np.flatnonzero(chance)
    return QueryChances(rows, chance[rows])


def at_random(seed, harm=0.0, n_groups=4):
    rng = np.random.default_rng(seed)
    chance = rng.random((N_EDITS, N_QUERIES)) * (rng.random((N_EDITS, N_QUERIES)) < 0.5)
    groups = rng.integers(n_groups, size=N_EDITS)
    room = rng.uniform(0.1, 3, N_QUERIES)
    simulation = make_simulation(chance, groups, room, harm * rng.random(N_EDITS))
    return simulation, rng.uniform(0.5, 6, N_EDITS).round(1)


def gain_of(simulation, chosen):
    """The formula of the module, without any of its shortcuts."""
    missed = np.ones(len(simulation.room))
    for group in {int(simulation.groups[row]) for row in chosen}:
        best = np.zeros(len(missed))
        for row in chosen:
            if simulation.groups[row] == group:
                edit = simulation.chances[row]
                best[edit.rows] = np.maximum(best[edit.rows], edit.chance)
        missed *= 1 - best
    harm = float(sum(simulation.harm[row] for row in chosen))
    return float(simulation.room @ (1 - missed)) - 2 * harm


def subsets(n=N_EDITS):
    return list(chain.from_iterable(combinations(range(n), k) for k in range(n + 1)))


def select(simulation, cost, limits=None, pages=None, words=None):
    pages = pages or [f"page{row}" for row in range(len(cost))]
    words = np.zeros(len(cost)) if words is None else words
    return select_edits(simulation, np.asarray(cost, np.float64), limits or Limits(), pages, words)


def portfolio_of(simulation, chosen):
    portfolio = Portfolio(simulation)
    for row in chosen:
        portfolio.take(row)
    return portfolio


def test_variants_of_a_gap_do_not_add_up_and_edits_of_different_gaps_combine():
    simulation = make_simulation([[0.5, 0], [0.3, 0.4], [0.2, 0]], [7, 7, 9], room=[2, 10])
    portfolio = Portfolio(simulation)
    assert portfolio.take(0) == pytest.approx(2 * 0.5)
    # the first query has a better variant already
    assert portfolio.marginal(1) == pytest.approx(10 * 0.4)
    assert portfolio.marginal(2) == pytest.approx(2 * (1 - 0.5) * 0.2)
    portfolio.take(2)
    assert portfolio.gain == pytest.approx(2 * (1 - (1 - 0.5) * (1 - 0.2)))


def test_a_better_variant_adds_the_difference_and_a_certain_answer_leaves_nothing():
    simulation = make_simulation([[0.25], [0.75], [0.5], [1.0], [0.9]], [0, 0, 1, 0, 2])
    portfolio = portfolio_of(simulation, [0, 2])
    assert portfolio.marginal(1) == pytest.approx((1 - 0.5) * (0.75 - 0.25))
    portfolio.take(1)
    portfolio.take(3)
    assert portfolio.gain == pytest.approx(1)
    assert portfolio.marginal(4) == pytest.approx(0, abs=1e-8)


def test_harm_counts_twice():
    simulation = make_simulation([[0.5, 0.5]], [0], room=[1, 3], harm=[0.25])
    assert Portfolio(simulation).marginal(0) == pytest.approx(2 - 2 * 0.25)
    assert select(make_simulation([[0.5]], [0], harm=[0.25]), [1.0]).order == ()


@given(SEEDS, st.permutations(range(N_EDITS)), st.integers(0, N_EDITS))
def test_a_portfolio_gains_what_the_formula_says_in_any_order(seed, order, size):
    simulation, _ = at_random(seed, harm=0.3)
    assert portfolio_of(simulation, order[:size]).gain == pytest.approx(
        gain_of(simulation, order[:size]), abs=1e-9
    )


@given(SEEDS, st.permutations(range(N_EDITS)), st.integers(0, N_EDITS - 1), st.data())
def test_gain_is_monotone_and_submodular(seed, order, size, data):
    """No edit takes away from the others, and none adds more to a larger set than to a subset."""
    simulation, _ = at_random(seed)
    subset_size = data.draw(st.integers(0, size))
    small = portfolio_of(simulation, order[:subset_size])
    large = portfolio_of(simulation, order[:size])
    for row in order[size:]:
        assert large.marginal(row) >= -1e-9
        assert large.marginal(row) <= small.marginal(row) + 1e-9
    assert large.gain >= small.gain - 1e-9


@given(SEEDS, st.floats(0, 0.8))
def test_without_a_budget_each_next_edit_is_the_best_by_the_minute(seed, harm):
    """Lazy evaluation chooses the same edits as a selection that looks at every edit again."""
    simulation, cost = at_random(seed, harm)
    selection = select(simulation, cost)
    portfolio = Portfolio(simulation)
    unselected = set(range(N_EDITS))
    for row, marginal in zip(selection.order, selection.marginal, strict=True):
        rates = {other: portfolio.marginal(other) / cost[other] for other in unselected}
        assert rates[row] >= max(rates.values()) - 1e-9
        assert portfolio.take(row) == pytest.approx(marginal)
        unselected.remove(row)
    assert all(portfolio.marginal(row) <= 1e-5 for row in unselected)


@given(SEEDS, st.floats(0, 0.5), st.sampled_from([0.0, 4.0, 9.0]))
def test_no_set_of_the_same_cost_exceeds_the_bound(seed, harm, minutes):
    simulation, cost = at_random(seed, harm)
    selection = select(simulation, cost, Limits(minutes=minutes))
    spent = np.cumsum(cost[list(selection.order)])
    gains = {subset: gain_of(simulation, subset) for subset in subsets()}
    for index, (minute, bound) in enumerate(zip(spent, selection.bound, strict=True)):
        affordable = [
            gain for subset, gain in gains.items() if cost[list(subset)].sum() <= minute + 1e-9
        ]
        assert bound >= max(affordable) - 1e-9
        assert bound >= sum(selection.marginal[: index + 1]) - 1e-9


@given(SEEDS, st.floats(0.5, 20))
def test_a_budget_gains_its_share_of_the_best_that_it_can_buy(seed, minutes):
    """Greedy or the best single edit: at least (1 - 1/e) / 2 of the best set.

    (Leskovec et al. 2007.)
    """
    simulation, cost = at_random(seed)
    selection = select(simulation, cost, Limits(minutes=minutes))
    affordable = [subset for subset in subsets() if cost[list(subset)].sum() <= minutes]
    best = max(gain_of(simulation, subset) for subset in affordable)
    assert gain_of(simulation, selection.order) >= (1 - 1 / np.e) / 2 * best - 1e-9
    assert sum(selection.marginal) == pytest.approx(gain_of(simulation, selection.order))


def test_a_large_edit_stands_alone_where_small_ones_spend_its_budget():
    """The cheap edit has the better rate, and leaves no room for the large edit."""
    simulation = make_simulation([[0.1, 0], [0, 0.99]], [0, 1], room=[1, 1])
    selection = select(simulation, [1.0, 10.0], Limits(minutes=10))
    assert selection.order == (1,)
    assert selection.marginal == pytest.approx((0.99,))
    assert selection.bound[0] >= 0.99 + 0.1 * 0.99 - 1e-9
    assert select(simulation, [1.0, 10.0], Limits(minutes=11)).order == (0, 1)


def test_the_bound_of_an_edit_alone_counts_what_was_given_up_for_it():
    """Two short edits gain .55 each, a long edit 1.2.

    Nobody looked whether the short edits would go with the long edit.
    """
    chance = [[0.55, 0, 0], [0, 0.55, 0], [0, 0, 0.6]]
    simulation = make_simulation(chance, [0, 1, 2], room=[1, 1, 2])
    selection = select(simulation, [4.0, 5.0, 11.0], Limits(minutes=11))
    assert selection.order == (2,)
    assert selection.bound[0] >= 1.2 + 1.1 - 1e-9


@given(SEEDS, st.floats(0.5, 20), st.integers(1, 60), st.integers(1, 3))
def test_limits_are_obeyed(seed, minutes, words_allowed, per_page):
    simulation, cost = at_random(seed, 0.2)
    rng = np.random.default_rng(seed)
    words = rng.integers(40, size=N_EDITS).astype(float)
    pages = [f"site/{name}" for name in rng.integers(3, size=N_EDITS)]
    limits = Limits(minutes, words_allowed, per_page, ("site/2*",))
    order = list(select(simulation, cost, limits, pages, words).order)
    assert cost[order].sum() <= minutes
    assert words[order].sum() <= words_allowed
    assert max((sum(pages[row] == page for row in order) for page in pages), default=0) <= per_page
    assert not any(pages[row] == "site/2" for row in order)
    assert len(set(order)) == len(order)


def test_a_budget_counts_to_the_brim_and_zero_sets_none():
    simulation = make_simulation(np.eye(3) * 0.5, [0, 1, 2])
    cost = [2.0, 2.0, 2.0]
    words = np.full(3, 10.0)
    pages = ["a", "a", "b"]
    assert len(select(simulation, cost, Limits(minutes=4)).order) == 2
    assert len(select(simulation, cost, Limits(words=20), words=words).order) == 2
    assert len(select(simulation, cost, Limits(edits_per_page=1), pages=pages).order) == 2
    assert len(select(simulation, cost).order) == 3


def test_pages_are_locked_by_name_or_pattern():
    limits = Limits(locked_pages=("example.com/legal/*", "example.com/home"))
    pages = ["example.com/legal/terms", "example.com/home", "example.com/homework"]
    assert [limits.allows(page) for page in pages] == [False, False, True]
    assert select(
        make_simulation(np.eye(3) * 0.5, [0, 1, 2]), [1.0, 1.0, 1.0], limits, pages
    ).order == (2,)


def test_nothing_to_choose_from():
    empty = Simulation(
        room=np.ones(3),
        chances=(),
        gain=np.zeros((1, 0)),
        harm=np.zeros(0),
        groups=np.zeros(0, np.int64),
        effects=EFFECTS.empty(),
    )
    assert select(empty, []).order == ()
    assert select(make_simulation([[0.0, 0.0]], [0]), [1.0], Limits(minutes=5)).order == ()


def test_what_fits_the_budget_stands_first_with_what_it_adds():
    """Of two variants of a gap, only the small variant fits.

    It is chosen, ranked first, and adds its gain.
    """
    simulation = make_simulation([[0.9], [0.5]], [0, 0], room=[10])
    candidates = [
        Candidate(
            cluster_id="c0",
            operation="extend_passage",
            page_id="ours/a",
            heading_path="A",
            brief="brief",
            cost_minutes=cost,
            drafted_from=(),
            added=(),
            n_words=10,
        )
        for cost in (10.0, 6.0)
    ]
    edits, frontier = rank_edits(edit_table(candidates, simulation), simulation, Limits(minutes=8))
    assert edits["edit_id"].tolist() == ["e0001", "e0000"]
    assert edits["is_chosen"].tolist() == [True, False]
    assert edits["marginal_gain"].tolist() == pytest.approx([5.0, 4.0])
    assert frontier["bound"].iloc[0] >= frontier["gain"].iloc[0]


def test_a_chosen_edit_of_a_page_that_may_not_be_edited_comes_first():
    simulation = make_simulation([[0.5, 0], [0, 0.5]], groups=[0, 1])
    limits = Limits(locked_pages=("locked",))
    done = select_edits(simulation, np.ones(2), limits, ["locked", "open"], np.zeros(2), chosen=[0])
    assert done.order == (0, 1)
