"""Whether demand for the brand follows its visibility in AI answers.

Weekly series are compared; an association does not prove a cause.
"""

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

# Weeks from a signal to demand (assumed: demand that follows later has other reasons).
LAGS = tuple(range(7))
# With fewer pairs of weeks a rank correlation says nothing (assumed).
MIN_WEEKS = 8
# Shifted series, and bootstraps: p in steps of .001.
_DRAWS = 999
# Runs of changes that stay together when the order is drawn, as neighbouring weeks are alike
# (assumed).
_RUN_WEEKS = 4
# The usual level.
_ALPHA = 0.05
# Differences that are rounding of the machine.
_TIE = 1e-12

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Lag:
    """A lag of a pair of series.

    `n` are its pairs of weeks, `figures` correlation, low, high and p over the lags; None where
    there are none.
    """

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

    correlation = Spearman's rank correlation of both series' changes from week to week. Changes
    have no trends, nor trends that wander. Its 95% interval is a bootstrap of runs of n_weeks **
    (1/3) neighbouring pairs. p = (1 + shifted series whose correlation at any of the lags is at
    least as strong, either way) / (1 + shifted series): the signal's changes are shifted around the
    end of the series and their runs of four weeks put in random order, 999 times. p is multiplied
    by the number of pairs of series that have figures, up to 1 (Bonferroni), so it is corrected for
    all lags and all pairs. Of single pairs of simulated independent series of 26 and 52 weeks
    (autocorrelated, wandering, with trends or seasons), 2 to 7% have a p of at most .05. A planted
    link whose noise is .6 of its strength is found in 30 to 90% of cases in 26 weeks, and in 80% or
    more in 52; less often the slower the signal moves, and less often beside other pairs.

    The weeks that count are the longest run without a gap that both series have. Fewer than 8
    pairs, or a series that does not change, give missing figures, and the reading says so. An
    association does not prove a cause: campaigns, seasons and news move both series.

    Args:
        signals: weekly series by name, columns `week` (its Monday) and `value`.
        demands: the same for what may follow.
        lags: weeks from the signal to the demand, from 0.
        seed: seed of the draws.
    """
    pairs = [(signal, demand) for signal in signals for demand in demands]
    lags_by_pair = []
    for signal, demand in pairs:
        first, second = _common_weeks(signals[signal], demands[demand])
        lags_by_pair.append(_associate(first, second, lags, np.random.default_rng(seed)))
    n_pairs = sum(any(lag.figures for lag in pair_lags) for pair_lags in lags_by_pair)
    rows = [
        {"signal": signal, "demand": demand, **_lag_row(lag, n_pairs)}
        for (signal, demand), pair_lags in zip(pairs, lags_by_pair, strict=True)
        for lag in pair_lags
    ]
    return ASSOCIATIONS.table(rows)


@checked
def weekly_visits(sessions: Sessions, is_counted: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Return the visits of each whole week of an export, as week and value.

    Weeks without a visit count 0.

    Args:
        sessions: all visits of the export; its first and last day bound the weeks that are whole.
        is_counted: which of its rows count, such as those that name an assistant; by default all.
    """
    counted = sessions if is_counted is None else sessions[np.asarray(is_counted, dtype=bool)]
    return _weekly(counted["day"], counted["n_sessions"], sessions["day"])


@checked
def weekly_branded(
    search_demand: SearchDemand,
    names: Sequence[str],
    column: str = "n_impressions",
) -> pd.DataFrame:
    """Return each whole week's impressions of queries that name the brand, as week and value.

    Queries that a program made do not count.

    Args:
        search_demand: rows with a day and a query count.
        names: names of the brand and its aliases. They are found as whole words in any case; their
            spaces and hyphens are optional.
        column: n_impressions or n_clicks.
    """
    spelled = (
        r"[\s-]*".join(map(re.escape, re.split(r"[\s-]+", name.strip())))
        for name in names
        if name.strip()
    )
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(spelled) or '(?!)'})(?!\w)", re.IGNORECASE)
    by_people = search_demand[search_demand["origin"] != "machine"]
    with_query = by_people.dropna(subset="query")
    is_branded = (
        with_query["query"].map(lambda query: pattern.search(query) is not None).astype(bool)
    )
    branded = with_query[is_branded]
    return _weekly(branded["day"], branded[column], with_query["day"])


@checked
def weekly_page_clicks(search_demand: SearchDemand, is_page: Callable[[str], bool]) -> pd.DataFrame:
    """Return the clicks of each whole week on the URLs that `is_page` accepts.

    It may accept the home page only, for example.
    """
    with_page = search_demand.dropna(subset="page")
    clicks = with_page[with_page["page"].map(is_page).astype(bool)]
    return _weekly(clicks["day"], clicks["n_clicks"], with_page["day"])


def _weekly(
    days: "pd.Series[Any]", values: "pd.Series[Any]", covered: "pd.Series[Any]"
) -> pd.DataFrame:
    """Return the sums by week of the whole weeks that the covered days span."""
    if covered.dropna().empty:
        return pd.DataFrame(
            {
                "week": pd.Series(dtype="datetime64[us, UTC]"),
                "value": pd.Series(dtype="float64"),
            }
        )
    start = covered.min().normalize()
    end = covered.max().normalize() + pd.Timedelta(days=1)
    # From the first Monday to the last whole week: a part of a week would look like a fall.
    weeks = pd.date_range(
        start + pd.Timedelta(days=-start.weekday() % 7),
        end - pd.Timedelta(days=7),
        freq="7D",
    )
    mondays = days.dt.normalize() - pd.to_timedelta(days.dt.day_of_week, unit="D")
    sums = values.groupby(mondays).sum().reindex(weeks, fill_value=0.0)
    return pd.DataFrame({"week": weeks, "value": sums.to_numpy(np.float64)})


def _common_weeks(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return both series over the longest run of weeks that both have.

    Of equally long runs it is the latest.
    """
    left, right = (
        series.assign(week=pd.to_datetime(series["week"], utc=True)).dropna()
        for series in (first, second)
    )
    joined = left.merge(right, on="week").sort_values("week")
    run = (joined["week"].diff() != pd.Timedelta(days=7)).cumsum()
    sizes = run.map(run.value_counts())
    longest = joined[run == run[sizes == sizes.max()].max()]
    return longest["value_x"].to_numpy(np.float64), longest["value_y"].to_numpy(np.float64)


def _associate(
    signal: Floats,
    demand: Floats,
    lags: Sequence[int],
    rng: np.random.Generator,
) -> list[_Lag]:
    # Two series with trends correlate even without a link; weekly changes have no trend.
    before, after = (np.diff(series) for series in (signal, demand))
    sizes = {lag: max(0, len(before) - lag) for lag in lags}
    usable = [lag for lag in lags if sizes[lag] >= MIN_WEEKS]
    if not usable or not before.any() or not after.any():
        return [_Lag(lag, sizes[lag]) for lag in lags]
    shifted = before[_reorder(len(before), rng)]
    # The strongest correlation of each draw over all lags corrects p for the lags.
    strongest = np.max([np.abs(_correlate(shifted, after, lag)) for lag in usable], axis=0)
    rows = []
    for lag in lags:
        figures = None
        if lag in usable:
            correlation = float(_correlate(before[None], after, lag)[0])
            p = (1 + int((strongest >= abs(correlation) - _TIE).sum())) / (1 + _DRAWS)
            figures = (correlation, *_interval(before, after, lag, rng), p)
        rows.append(_Lag(lag, sizes[lag], figures))
    return rows


def _reorder(n: int, rng: np.random.Generator) -> Ints:
    """Return draws of the positions 0 to n - 1.

    They are shifted around the end, with their runs of four in random order.
    """
    draws = []
    for _ in range(_DRAWS):
        shifted = np.roll(np.arange(n), rng.integers(n))
        runs = np.split(shifted, range(_RUN_WEEKS, n, _RUN_WEEKS))
        draws.append(np.concatenate([runs[index] for index in rng.permutation(len(runs))]))
    return np.array(draws)


def _correlate(before: Floats, after: Floats, lag: int) -> Floats:
    """Return the rank correlation of each row of `before` with `after`, `lag` weeks later."""
    n = after.shape[-1] - lag
    return np.asarray((_ranks(before[:, :n]) * _ranks(after[..., lag:])).sum(axis=-1))


def _ranks(values: Floats) -> Floats:
    """Return ranks along the last axis, of mean 0 and length 1; 0 where all are equal."""
    ranks = rankdata(values, axis=-1)
    # So the sum of products of two rows is their correlation.
    ranks = ranks - ranks.mean(axis=-1, keepdims=True)
    return np.asarray(ranks / np.maximum(np.sqrt((ranks**2).sum(axis=-1, keepdims=True)), _TIE))


def _interval(
    before: Floats, after: Floats, lag: int, rng: np.random.Generator
) -> tuple[float, float]:
    n = len(before) - lag
    length = max(2, round(n ** (1 / 3)))
    # Runs of neighbouring pairs are drawn until there are n pairs.
    starts = rng.integers(n - length + 1, size=(_DRAWS, -(-n // length)))
    positions = (starts[..., None] + np.arange(length)).reshape(_DRAWS, -1)[:, :n]
    correlations = _correlate(before[:n][positions], after[lag:][positions], 0)
    low, high = np.quantile(correlations, [0.025, 0.975])
    return float(low), float(high)


def _lag_row(lag: _Lag, n_pairs: int) -> dict[str, Any]:
    """Return the row of a lag, with p corrected for the pairs of series."""
    row = {"lag_weeks": lag.lag, "n_weeks": lag.n}
    if lag.figures is None:
        reading = "one of the series does not change"
        if lag.n < MIN_WEEKS:
            reading = f"too few weeks: {lag.n} of at least {MIN_WEEKS}"
        missing = dict.fromkeys(("correlation", "low", "high", "p"))
        return {**row, **missing, "reading": reading}
    correlation, low, high, p = lag.figures
    figures = {
        "correlation": correlation,
        "low": low,
        "high": high,
        "p": min(1.0, p * n_pairs),
    }
    return {**row, **figures, "reading": _read(lag.lag, lag.n, figures, n_pairs)}


def _read(lag: int, n: int, figures: Mapping[str, float], n_pairs: int) -> str:
    over = "all lags" + f" and all {n_pairs} pairs of series" * (n_pairs > 1)
    within = f"95% interval {figures['low']:+.2f} to {figures['high']:+.2f}"
    evidence = (
        f"rank correlation {figures['correlation']:+.2f} ({within}), p {figures['p']:.3f} over "
        f"{over}, {n} weeks"
    )
    later = "in the same week" if not lag else f"{lag} week{'s' if lag > 1 else ''} later"
    if figures["p"] > _ALPHA:
        return f"no association beyond chance with demand {later}: {evidence}"
    way = "rises" if figures["correlation"] > 0 else "falls"
    return f"association, no cause: where the signal rises, demand {way} {later}: {evidence}"
