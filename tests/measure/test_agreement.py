"""Agreement, against published and hand-computed figures."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from coverage_kit.measure.agreement import (
    correlate_repeats,
    count_repeats,
    krippendorff_alpha,
    order_alike,
)

NAN = float("nan")
# The example of Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C: four
# observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_that_of_krippendorffs_own_example(level, expected):
    assert krippendorff_alpha(np.array(OBSERVERS).T, level) == pytest.approx(expected, abs=5e-4)


def test_alpha_of_full_agreement_is_one_and_of_none_below_zero():
    assert krippendorff_alpha(np.array([[1.0, 1.0], [5.0, 5.0]])) == 1
    # D_o = (16 + 16 + 16 + 16) / 1 / 4 / ... : pairs 2 * 16 each, over 4 grades = 16; D_e = 8
    # ordered pairs of 16 / 12.
    assert krippendorff_alpha(np.array([[1.0, 5.0], [5.0, 1.0]])) == pytest.approx(
        1 - 16 / (8 * 16 / 12)
    )


def test_alpha_cannot_be_told_where_all_grades_are_the_same_or_stand_alone():
    assert math.isnan(krippendorff_alpha(np.full((5, 3), 4.0)))
    assert math.isnan(krippendorff_alpha(np.array([[1.0, NAN], [NAN, 3.0]])))


def test_ordinal_alpha_ignores_how_far_apart_the_grades_are():
    grades = np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 4.0], [4.0, 4.0]])
    assert krippendorff_alpha(grades**3, "ordinal") == pytest.approx(
        krippendorff_alpha(grades, "ordinal")
    )
    assert krippendorff_alpha(grades**3) != pytest.approx(krippendorff_alpha(grades))


def test_test_retest_is_the_mean_correlation_of_pairs_of_repeats():
    grades = np.array([[1.0, 1.0, 3.0], [2.0, 2.0, 2.0], [3.0, 3.0, 1.0]])
    assert correlate_repeats(grades) == pytest.approx((1 - 1 - 1) / 3)
    assert math.isnan(correlate_repeats(np.full((4, 2), 3.0)))


def test_repeats_are_the_same_where_they_round_to_one_grade():
    same, pairs = count_repeats(np.array([[3.6, 4.4, 4.5], [2.0, NAN, 2.0]]))
    assert same.tolist() == [1, 1]
    assert pairs.tolist() == [3, 1]


def test_order_alike_is_the_share_of_pairs_in_peoples_order():
    grades, labels = np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.0, 0.0, 1.0, 2.0])
    # pairs by label: (2,0) (2,1) (3,0) (3,1) (3,2): won, tied, won, won, won
    assert order_alike(grades, labels) == pytest.approx(4.5 / 5)
    assert math.isnan(order_alike(grades, np.ones(4)))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=30))
def test_order_alike_equals_counting_every_pair(pairs):
    grades, labels = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    above = labels[:, None] > labels[None]
    counted = (np.sign(grades[:, None] - grades[None])[above] + 1) / 2
    found = order_alike(grades, labels)
    assert (math.isnan(found) and not len(counted)) or found == pytest.approx(counted.mean())
