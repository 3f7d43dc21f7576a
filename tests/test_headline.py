"""What a plan lifts coverage to, and how it is said."""

import pandas as pd
import pytest

from coverage_kit.headline import Headline, describe_plan, predict_covered


def make_edits(gains, chosen):
    return pd.DataFrame(
        {
            "edit_id": [f"e{row}" for row in range(len(gains))],
            "marginal_gain": gains,
            "cost_minutes": 30.0,
            "is_chosen": chosen,
        }
    )


def make_frontier(gains, half_width):
    total = pd.Series(gains).cumsum()
    return pd.DataFrame(
        {
            "rank": range(1, len(gains) + 1),
            "edit_id": [f"e{row}" for row in range(len(gains))],
            "gain": total,
            "low": total - half_width,
            "high": total + half_width,
        }
    )


def test_the_planned_edits_lift_the_share_by_their_gain():
    gains = [20.0, 10.0, 50.0]
    planned = predict_covered(
        0.5, 1000.0, make_edits(gains, [True, True, False]), make_frontier(gains, 40.0)
    )
    assert planned == pytest.approx(
        {
            "covered_now": 0.5,
            "covered_after": 0.53,
            # the plan may harm
            "low": 0.49,
            "high": 0.57,
            "minutes": 60.0,
            "n_edits": 2,
        }
    )


def test_no_plan_lifts_nothing_and_no_share_exceeds_1():
    none = predict_covered(0.5, 10.0, make_edits([1.0], [False]), make_frontier([1.0], 1.0))
    assert [none[name] for name in ("covered_after", "low", "high", "n_edits")] == [
        0.5,
        0.5,
        0.5,
        0,
    ]
    full = predict_covered(0.9, 10.0, make_edits([5.0], [True]), make_frontier([5.0], 1.0))
    assert [full[name] for name in ("covered_after", "high")] == [1.0, 1.0]


def headline_of(**values):
    names = dict.fromkeys(Headline.__dataclass_fields__, 0)
    return Headline(**{**names, **values})


def test_the_plan_is_said_in_whole_percents_unless_they_hide_the_rise():
    shares = {"covered": 0.541, "covered_after": 0.572, "planned_minutes": 475.0, "n_planned": 9}
    ends = {"covered_after_low": 0.55, "covered_after_high": 0.6}
    assert describe_plan(headline_of(**shares, **ends)) == (
        "54% to 57% for 8 hours of work (likely 1 to 6 points more)"
    )
    small = headline_of(**{**shares, "covered_after": 0.5435, "planned_minutes": 20.0}, **ends)
    assert describe_plan(small) == (
        "54.1% to 54.4% for 20 minutes of work (likely 1 to 6 points more)"
    )
    assert describe_plan(headline_of()) == ""
