import numpy as np
import pandas as pd
import pytest

from coverage_kit.measure.associations import (
    associate_demand,
    weekly_branded,
    weekly_page_clicks,
    weekly_visits,
)
from coverage_kit.tables import SEARCH_DEMAND, SESSIONS

MONDAYS = pd.date_range("2026-01-05", periods=60, freq="7D", tz="UTC")


def series(values, weeks=MONDAYS):
    return pd.DataFrame({"week": weeks[: len(values)], "value": np.asarray(values, dtype=float)})


def associate(signal, demand, **named):
    return associate_demand(
        {"mentions": series(signal)}, {"clicks": series(demand)}, **named
    ).set_index("lag_weeks")


def autocorrelated(rng, n, phi=0.6):
    values = np.zeros(n)
    for index in range(1, n):
        values[index] = phi * values[index - 1] + rng.normal()
    return values


def test_a_planted_link_two_weeks_later_is_found():
    rng = np.random.default_rng(1)
    signal = autocorrelated(rng, 42)
    table = associate(signal[2:], 10 + signal[:-2] + rng.normal(size=40) * 0.4)
    assert table["correlation"].idxmax() == 2
    row = table.loc[2]
    assert row["p"] <= 0.01
    assert 0.3 < row["low"] < row["correlation"] < row["high"] <= 1
    assert row["n_weeks"] == 37  # 39 changes, the last two without a demand two weeks later
    assert row["reading"].startswith(
        "association, no cause: where the signal rises, demand rises 2 weeks later"
    )
    assert table.drop(index=2)["p"].min() > 0.05
    assert "no association" in table.loc[5, "reading"]


def test_independent_series_rarely_seem_linked():
    rng = np.random.default_rng(0)
    pairs = [
        (autocorrelated(rng, 26), autocorrelated(rng, 26) + np.arange(26) * 0.1) for _ in range(60)
    ]
    result = [associate(*pair, seed=seed)["p"].min() <= 0.05 for seed, pair in enumerate(pairs)]
    assert sum(result) <= 6  # 3 expected; more than 6 of 60 in 3% of cases


def test_p_is_corrected_for_all_pairs_that_have_figures():
    values = np.random.default_rng(6).normal(size=30)
    alone = associate(values, values).loc[0]
    others = {
        "more": series(np.random.default_rng(7).normal(size=30)),
        "still": series(np.ones(30)),
    }
    table = associate_demand({"mentions": series(values)}, {"clicks": series(values)} | others)
    row = table[table["demand"] == "clicks"].iloc[0]
    assert (alone["p"], row["p"]) == (0.001, 0.002)  # the series that does not change is no test
    assert "p 0.002 over all lags and all 2 pairs of series" in row["reading"]
    assert table["p"].max() == 1


def test_a_correlation_by_hand():
    # changes 1 2 3 4 5 6 7 8 and 2 1 3 4 5 6 7 8: ranks differ by 1 twice, 1 - 6 x 2 / (8 x 63)
    signal, demand = np.cumsum([0, 1, 2, 3, 4, 5, 6, 7, 8]), np.cumsum([0, 2, 1, 3, 4, 5, 6, 7, 8])
    table = associate(signal, demand)
    assert table.loc[0, "correlation"] == pytest.approx(1 - 12 / (8 * 63))
    assert table.loc[1, "reading"] == "too few weeks: 7 of at least 8"
    assert table.loc[1:, "correlation"].isna().all()


def test_a_common_trend_alone_is_no_association():
    rng = np.random.default_rng(3)
    table = associate(
        np.arange(52) * 5 + rng.normal(size=52), np.arange(52) * 9 + rng.normal(size=52)
    )
    assert table["p"].min() > 0.05


def test_a_falling_demand_is_detected():
    values = np.random.default_rng(2).normal(size=30)
    assert "demand falls in the same week" in associate(values, -values).loc[0, "reading"]


def test_a_series_that_does_not_change_says_so():
    table = associate(np.random.default_rng(2).normal(size=30), np.ones(30))
    assert set(table["reading"]) == {"one of the series does not change"}
    assert table["p"].isna().all()


def test_the_longest_run_without_a_gap_counts():
    values = np.random.default_rng(4).normal(size=30)
    broken = series(values).drop(index=[5])
    table = associate_demand({"m": broken}, {"c": series(values)}, lags=(0,))
    assert table["n_weeks"].to_list() == [23]  # weeks 6 to 29 are 24, with 23 changes
    assert associate_demand({"m": broken[:0]}, {"c": series(values)}, lags=(0,))[
        "n_weeks"
    ].to_list() == [0]


def test_the_same_seed_gives_the_same_figures_and_nothing_is_called_a_cause():
    rng = np.random.default_rng(5)
    signal, demand = rng.normal(size=30), rng.normal(size=30)
    pd.testing.assert_frame_equal(associate(signal, demand), associate(signal, demand))
    words = " ".join(associate(signal, demand)["reading"])
    assert not any(word in words for word in ("causes", "because", "drives", "leads to"))


def demand(*rows):
    names = ("day", "query", "page", "n_clicks", "n_impressions")
    return SEARCH_DEMAND.table(
        [
            {"file": "f", "line": n, **dict(zip(names, row, strict=True))}
            for n, row in enumerate(rows, 1)
        ]
    )


def test_whole_weeks_of_branded_queries():
    table = demand(
        ("2026-01-04", "lark moor", None, 1, 100),  # Sunday of a week that is not whole
        ("2026-01-05", "LARKMOOR bikes", None, 2, 10),
        ("2026-01-11", "lark-moor prices", None, 1, 5),
        ("2026-01-12", "clarkmoor", None, 9, 70),
        ("2026-01-18", None, None, 9, 80),
        ("2026-01-18", "crm", None, 9, 90),
        ("2026-01-20", "larkmoor", None, 9, 90),
    )
    result = weekly_branded(table, ("Lark Moor",))
    assert result["week"].dt.strftime("%d").to_list() == ["05", "12"]
    assert result["value"].to_list() == [15, 0]
    assert weekly_branded(table, ("Lark Moor",), "n_clicks")["value"].to_list() == [3, 0]
    assert weekly_branded(table, ())["value"].to_list() == [0, 0]
    assert weekly_branded(SEARCH_DEMAND.empty(), ("x",)).empty


def test_searches_that_a_program_made_are_no_demand_for_the_brand():
    table = demand(
        ("2026-01-05", "larkmoor", None, 2, 10),
        ("2026-01-06", '"larkmoor" -site:a.example', None, 0, 700),
        ("2026-01-11", "larkmoor", None, 1, 5),
    ).assign(origin=["person", "machine", None])
    assert weekly_branded(table, ("Larkmoor",))["value"].to_list() == [15]


def test_weekly_clicks_of_the_home_page():
    table = demand(
        *[
            ("2026-01-05", None, "https://a.example/", 2, 10),
            ("2026-01-11", None, "https://a.example", 3, 10),
        ],
        *[("2026-01-06", None, "https://a.example/x", 9, 10), ("2026-01-06", "q", None, 9, 10)],
    )
    assert weekly_page_clicks(table, lambda url: url.rstrip("/") == "https://a.example")[
        "value"
    ].to_list() == [5]


def test_weekly_visits_of_some_rows():
    rows = [("2026-01-05", 3, "poe.com"), ("2026-01-11", 4, "google"), ("2026-01-18", 5, "google")]
    table = SESSIONS.table(
        [
            {"file": "f", "line": n, "day": d, "n_sessions": v, "source": s}
            for n, (d, v, s) in enumerate(rows)
        ]
    )
    assert weekly_visits(table)["value"].to_list() == [7, 5]
    assert weekly_visits(table, table["source"] == "poe.com")["value"].to_list() == [3, 0]
    undated = table.assign(day=pd.Series([None] * 3, dtype="datetime64[us, UTC]"))
    assert weekly_visits(undated).empty
