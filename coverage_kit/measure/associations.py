"""Whether demand for the brand follows its visibility in AI answers: associations between weekly series, never causes."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from coverage_kit.tables import (
    ASSOCIATIONS,
    Associations,
    SearchDemand,
    Sessions,
    checked,
)

LAGS = tuple(range(7))
LEAST_WEEKS = 8
_DRAWS = 999
_PIECE_WEEKS = 4
_ALPHA = 0.05
_EXACT = 1e-12

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Lag:
    """One lag of one pair of series: pairs of weeks, and correlation, low, high and p over the lags; None where not told."""

    lag: int
    n: int
    figures: tuple[float, float, float, float] | None = None


@checked
def associate_demand(
    signals: Mapping[str, pd.DataFrame],
    demands: Mapping[str, pd.DataFrame],
    lags: Sequence[int] = LAGS,
    seed: int = 0,
) -> Associations:
    """Return how each signal's weekly changes go with each demand's changes some weeks later.

    correlation = Spearman's rank correlation of both series' changes from week to week, which takes
    out trends, also those that wander. Its 95% interval is a bootstrap of runs of n_weeks ** (1/3)
    neighbouring pairs. p = (1 + shifted series whose correlation at any of the lags is at least as
    strong, either way) / (1 + shifted series): the signal's changes are shifted around the end of
    the series and their runs of four weeks put in random order, 999 times. That share is multiplied
    by the number of pairs of series that have figures, at most to 1 (Bonferroni), so p is corrected
    for all lags and all pairs. Of single pairs of simulated independent series of 26 and 52 weeks
    (autocorrelated, wandering, with trends or seasons), 2 to 7% have a p of at most .05; a planted
    link whose noise is .6 of its strength is found in 30 to 90% of cases in 26 weeks, in 80% or
    more in 52, the less the slower the signal moves, and less often beside other pairs.

    The weeks that count are the longest run that both series have without a gap. Fewer than 8
    pairs, or a series that does not change, give missing figures and say so. An association is no
    cause: campaigns, seasons and news move both.

    Args:
        signals: weekly series by name, columns `week` (its Monday) and `value`.
        demands: the same of what may follow.
        lags: weeks from the signal to the demand, from 0.
        seed: seed of the draws.
    """
    pairs = [(signal, demand) for signal in signals for demand in demands]
    found = [
        _associate(
            *_common_weeks(signals[one], demands[two]),
            lags,
            np.random.default_rng(seed),
        )
        for one, two in pairs
    ]
    n_pairs = sum(any(lag.figures for lag in of_pair) for of_pair in found)
    rows = [
        {"signal": signal, "demand": demand, **_tell_lag(lag, n_pairs)}
        for (signal, demand), of_pair in zip(pairs, found, strict=True)
        for lag in of_pair
    ]
    return ASSOCIATIONS.table(rows)


@checked
def weekly_visits(sessions: Sessions, is_counted: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Return the visits of each whole week of an export, as week and value; weeks without a visit count 0.

    Args:
        sessions: all visits of the export: its first and last day bound the weeks that are whole.
        is_counted: which of its rows count, such as those that name an assistant; all of them by
            default.
    """
    kept = sessions if is_counted is None else sessions[np.asarray(is_counted, dtype=bool)]
    return _weekly(kept["day"], kept["n_sessions"], sessions["day"])


@checked
def weekly_branded(
    search_demand: SearchDemand,
    names: Sequence[str],
    column: str = "n_impressions",
) -> pd.DataFrame:
    """Return the impressions (or n_clicks) of each whole week's queries that name the brand, as week and value.

    Args:
        search_demand: rows with a day and a query count.
        names: names of the brand and its aliases, found as whole words in any case, their spaces
            and hyphens optional.
        column: n_impressions or n_clicks.
    """
    spelled = (
        r"[\s-]*".join(map(re.escape, re.split(r"[\s-]+", name.strip())))
        for name in names
        if name.strip()
    )
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(spelled) or '(?!)'})(?!\w)", re.IGNORECASE)
    with_query = search_demand.dropna(subset="query")
    is_branded = (
        with_query["query"].map(lambda query: pattern.search(query) is not None).astype(bool)
    )
    kept = with_query[is_branded]
    return _weekly(kept["day"], kept[column], with_query["day"])


@checked
def weekly_page_clicks(search_demand: SearchDemand, is_page: Callable[[str], bool]) -> pd.DataFrame:
    """Return the clicks of each whole week on the URLs for which `is_page` says so, such as the home page's."""
    with_page = search_demand.dropna(subset="page")
    kept = with_page[with_page["page"].map(is_page).astype(bool)]
    return _weekly(kept["day"], kept["n_clicks"], with_page["day"])


def _weekly(
    days: "pd.Series[Any]", values: "pd.Series[Any]", covered: "pd.Series[Any]"
) -> pd.DataFrame:
    """Return sums by week of the whole weeks that the covered days span."""
    if covered.dropna().empty:
        return pd.DataFrame(
            {
                "week": pd.Series(dtype="datetime64[us, UTC]"),
                "value": pd.Series(dtype="float64"),
            }
        )
    start = covered.min().normalize()
    end = covered.max().normalize() + pd.Timedelta(days=1)
    weeks = pd.date_range(
        start + pd.Timedelta(days=-start.weekday() % 7),
        end - pd.Timedelta(days=7),
        freq="7D",
    )
    mondays = days.dt.normalize() - pd.to_timedelta(days.dt.day_of_week, unit="D")
    sums = values.groupby(mondays).sum().reindex(weeks, fill_value=0.0)
    return pd.DataFrame({"week": weeks, "value": sums.to_numpy(np.float64)})


def _common_weeks(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return both series over the longest run of weeks that both have; of equals, the latest."""
    left, right = (
        one.assign(week=pd.to_datetime(one["week"], utc=True)).dropna() for one in (first, second)
    )
    both = left.merge(right, on="week").sort_values("week")
    run = (both["week"].diff() != pd.Timedelta(days=7)).cumsum()
    sizes = run.map(run.value_counts())
    kept = both[run == run[sizes == sizes.max()].max()]
    return kept["value_x"].to_numpy(np.float64), kept["value_y"].to_numpy(np.float64)


def _associate(
    signal: Floats,
    demand: Floats,
    lags: Sequence[int],
    rng: np.random.Generator,
) -> list[_Lag]:
    before, after = (np.diff(series) for series in (signal, demand))
    sizes = {lag: max(0, len(before) - lag) for lag in lags}
    usable = [lag for lag in lags if sizes[lag] >= LEAST_WEEKS]
    if not usable or not before.any() or not after.any():
        return [_Lag(lag, sizes[lag]) for lag in lags]
    shifted = before[_reorder(len(before), rng)]
    strongest = np.max([np.abs(_correlate(shifted, after, lag)) for lag in usable], axis=0)
    rows = []
    for lag in lags:
        figures = None
        if lag in usable:
            found = float(_correlate(before[None], after, lag)[0])
            p = (1 + int((strongest >= abs(found) - _EXACT).sum())) / (1 + _DRAWS)
            figures = (found, *_interval(before, after, lag, rng), p)
        rows.append(_Lag(lag, sizes[lag], figures))
    return rows


def _reorder(n: int, rng: np.random.Generator) -> Ints:
    """Return draws of the places 0 to n - 1, shifted around the end, with their runs of four in random order."""
    draws = []
    for _ in range(_DRAWS):
        shifted = np.roll(np.arange(n), rng.integers(n))
        pieces = np.split(shifted, range(_PIECE_WEEKS, n, _PIECE_WEEKS))
        draws.append(np.concatenate([pieces[place] for place in rng.permutation(len(pieces))]))
    return np.array(draws)


def _correlate(before: Floats, after: Floats, lag: int) -> Floats:
    """Return the rank correlation of each row of `before` with what is `lag` weeks later in `after`."""
    n = after.shape[-1] - lag
    return np.asarray((_ranks(before[:, :n]) * _ranks(after[..., lag:])).sum(axis=-1))


def _ranks(values: Floats) -> Floats:
    """Return ranks along the last axis, of mean 0 and length 1; 0 where all are equal."""
    ranks = rankdata(values, axis=-1)
    ranks = ranks - ranks.mean(axis=-1, keepdims=True)
    return np.asarray(ranks / np.maximum(np.sqrt((ranks**2).sum(axis=-1, keepdims=True)), _EXACT))


def _interval(
    before: Floats, after: Floats, lag: int, rng: np.random.Generator
) -> tuple[float, float]:
    n = len(before) - lag
    length = max(2, round(n ** (1 / 3)))
    starts = rng.integers(n - length + 1, size=(_DRAWS, -(-n // length)))
    places = (starts[..., None] + np.arange(length)).reshape(_DRAWS, -1)[:, :n]
    draws = _correlate(before[:n][places], after[lag:][places], 0)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _tell_lag(told: _Lag, n_pairs: int) -> dict[str, Any]:
    """Return the row of a lag, its p corrected for the pairs of series."""
    row = {"lag_weeks": told.lag, "n_weeks": told.n}
    if told.figures is None:
        is_short = told.n < LEAST_WEEKS
        why = (
            f"too few weeks: {told.n} of at least {LEAST_WEEKS}"
            if is_short
            else "one of the series does not change"
        )
        return {
            **row,
            **dict.fromkeys(("correlation", "low", "high", "p")),
            "reading": why,
        }
    found, low, high, p = told.figures
    figures = {
        "correlation": found,
        "low": low,
        "high": high,
        "p": min(1.0, p * n_pairs),
    }
    return {
        **row,
        **figures,
        "reading": _read(told.lag, told.n, figures, n_pairs),
    }


def _read(lag: int, n: int, figures: Mapping[str, float], n_pairs: int) -> str:
    over = "all lags" + f" and all {n_pairs} pairs of series" * (n_pairs > 1)
    within = f"95% interval {figures['low']:+.2f} to {figures['high']:+.2f}"
    told = f"rank correlation {figures['correlation']:+.2f} ({within}), p {figures['p']:.3f} over {over}, {n} weeks"
    later = "in the same week" if not lag else f"{lag} week{'s' if lag > 1 else ''} later"
    if figures["p"] > _ALPHA:
        return f"no association to be told from chance with demand {later}: {told}"
    way = "rises" if figures["correlation"] > 0 else "falls"
    return f"association, no cause: where the signal rises, demand {way} {later}: {told}"
