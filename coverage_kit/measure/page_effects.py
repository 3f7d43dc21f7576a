"""Do changed pages get more fetches and visits than untouched ones: difference-in-differences."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from coverage_kit.measure.fetches import ANSWERING, honest_visits
from coverage_kit.measure.permutation import correct_holm
from coverage_kit.tables import PAGE_EFFECTS, Fetches, PageEffects, checked

Floats = npt.NDArray[np.float64]

# The usual level.
_LEVEL = 0.05
# With fewer untouched pages, nothing shows how far pages move by themselves (assumed).
_MIN_PAGES = 5
# Choices of changed pages that are drawn for p, the real one among them.
_N_DRAWS = 4999
# Earlier dates that are tried as placebos, at most.
_MAX_PLACEBOS = 20
# Placebos compare this part of the days before the change, on each side, but a week at least: so
# that some dates fit in. Shorter stretches vary more, which makes them the stricter (assumed).
_PLACEBO_PART = 4
_WEEK = 7
# A count of half a visit is added on both sides, so that a page without any has a growth.
_HALF = 0.5
_COLUMNS = ["page_id", "day", "n"]
ALL = "all"


@dataclass(frozen=True)
class PageChangeWindow:
    """Which pages were changed, when, and how many days before and after count.

    Attributes:
        pages: ids of the changed pages.
        changed_at: when the change was live.
        window_days: days before and after.
    """

    pages: Collection[str]
    changed_at: pd.Timestamp
    window_days: int


@checked
def measure_page_effects(
    fetches: Fetches, visits: pd.DataFrame, window: PageChangeWindow, seed: int = 0
) -> PageEffects:
    """Return by how much fetches and visits of the changed pages grew beyond the untouched pages.

    growth of a page = log((n_after + 1/2) / (n_before + 1/2)), over equally many days on both
    sides. effect = exp(mean growth of the changed pages - mean growth of the untouched ones) - 1. p
    = share of choices of as many pages as were changed, of all pages, whose difference is at least
    as far from 0 (randomisation inference, seeded); corrected by Holm for all rows. The interval is
    Welch's, of the two means. Placebo dates are days before the change with shorter stretches on
    either side: where many of them show an effect as large, it is chance. Pages without a count on
    either side are left out, and so are days after the last one that was logged: both sides are cut
    to the same length.

    A verdict is up or down where p is at most .05 and under one in ten placebo dates show as much;
    with fewer than five untouched pages, or no changed one, there is none.

    Args:
        fetches: fetches of robots.
        visits: visits of people sent by assistants: page_id, day (UTC) and n; may be empty.
        window: what was changed, and when.
        seed: seed of the draws.
    """
    rows = [
        _measure(measure, assistant, counts, window, seed)
        for measure, assistant, counts in _list_series(fetches, visits)
    ]
    table = PAGE_EFFECTS.table([row for row in rows if row])
    if table.empty:
        return table
    corrected = correct_holm(table["p"].to_numpy(dtype=np.float64))
    table = table.assign(p=corrected)
    verdicts = [_judge(row) for row in table.to_dict("records")]
    return table.assign(
        verdict=[verdict for verdict, _ in verdicts], reading=[reading for _, reading in verdicts]
    )


def _list_series(fetches: Fetches, visits: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield each count by page and day: of all assistants, and of each that has enough."""
    honest = honest_visits(fetches).rename(columns={"n_fetches": "n"})
    for purpose, measure in zip(ANSWERING, ("fetches for the index", "live fetches"), strict=True):
        of_purpose = honest[honest["purpose"] == purpose]
        if of_purpose.empty:
            continue
        yield measure, ALL, of_purpose[_COLUMNS]
        assistants = sorted(of_purpose["assistant"].unique())
        for assistant in assistants if len(assistants) > 1 else ():
            yield (
                measure,
                str(assistant),
                of_purpose.loc[of_purpose["assistant"] == assistant, _COLUMNS],
            )
    if len(visits):
        yield "visits", ALL, visits[_COLUMNS]


def _measure(
    measure: str, assistant: str, counts: pd.DataFrame, window: PageChangeWindow, seed: int
) -> dict[str, Any]:
    """Return the row of one count; nothing where no changed page has any."""
    counts = counts.dropna(subset=["day"])
    at = window.changed_at.normalize()
    if counts.empty:
        return {}
    # Days of which the logs hold nothing, before their start or after their end, show nothing.
    first, last = counts["day"].min(), counts["day"].max()
    n_days = min(window.window_days, (at - first).days, (last - at).days + 1)
    if n_days < 1:
        return {}
    growth, is_changed, before, after = _grow(counts, at, n_days, window.pages)
    row: dict[str, Any] = {
        "measure": measure,
        "assistant": assistant,
        "n_changed": int(is_changed.sum()),
        "n_untouched": int((~is_changed).sum()),
        "before": float(before[is_changed].sum()) / n_days,
        "after": float(after[is_changed].sum()) / n_days,
        "n_placebos": 0,
        "verdict": "",
        "reading": "",
    }
    if not is_changed.any() or (~is_changed).sum() < _MIN_PAGES:
        return row if is_changed.any() else {}
    effect = _difference(growth, is_changed)
    placebos = _placebos(counts, at, n_days, window.pages)
    low, high = _interval(growth, is_changed)
    return row | {
        "effect": float(np.expm1(effect)),
        "low": float(np.expm1(low)) if np.isfinite(low) else None,
        "high": float(np.expm1(high)) if np.isfinite(high) else None,
        "p": _permute(growth, is_changed, effect, seed),
        "placebo_share": (
            float(np.mean(np.abs(placebos) >= abs(effect))) if len(placebos) else None
        ),
        "n_placebos": len(placebos),
    }


def _grow(
    counts: pd.DataFrame, at: pd.Timestamp, n_days: int, pages: Collection[str]
) -> tuple[Floats, npt.NDArray[np.bool_], Floats, Floats]:
    """Return each page's growth, whether it was changed, and its counts before and after."""
    since = (counts["day"] - at).dt.days
    inside = counts[(since >= -n_days) & (since < n_days)]
    is_after = inside["day"] >= at
    after = inside[is_after].groupby("page_id")["n"].sum()
    before = inside[~is_after].groupby("page_id")["n"].sum()
    index = after.index.union(before.index)
    n_after, n_before = (
        side.reindex(index, fill_value=0).to_numpy(dtype=np.float64) for side in (after, before)
    )
    growth = np.log((n_after + _HALF) / (n_before + _HALF))
    return growth, np.asarray(index.isin(list(pages)), dtype=np.bool_), n_before, n_after


def _difference(growth: Floats, is_changed: npt.NDArray[np.bool_]) -> float:
    return float(growth[is_changed].mean() - growth[~is_changed].mean())


def _placebos(
    counts: pd.DataFrame, at: pd.Timestamp, n_days: int, pages: Collection[str]
) -> Floats:
    """Return the differences at earlier dates, both stretches of which are before the change."""
    first = counts["day"].min()
    n_days = min(n_days, max(_WEEK, (at - first).days // _PLACEBO_PART))
    latest = at - timedelta(days=n_days)
    n_dates = (latest - first).days - n_days + 1
    if n_dates < 1:
        return np.zeros(0)
    steps = np.unique(np.linspace(0, n_dates - 1, min(n_dates, _MAX_PLACEBOS)).round().astype(int))
    differences = []
    for step in steps:
        growth, is_changed, _, _ = _grow(counts, latest - timedelta(days=int(step)), n_days, pages)
        if is_changed.any() and (~is_changed).any():
            differences.append(_difference(growth, is_changed))
    return np.array(differences)


def _permute(
    growth: Floats, is_changed: npt.NDArray[np.bool_], observed: float, seed: int
) -> float:
    """Return the share of choices of as many pages whose difference is at least as far from 0."""
    n, k = len(growth), int(is_changed.sum())
    order = np.random.default_rng(seed).random((_N_DRAWS, n)).argsort(axis=1)[:, :k]
    chosen = growth[order].sum(axis=1)
    differences = chosen / k - (growth.sum() - chosen) / (n - k)
    return float((np.sum(np.abs(differences) >= abs(observed) - 1e-9) + 1) / (_N_DRAWS + 1))


def _interval(growth: Floats, is_changed: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the ends of Welch's 95% interval; nan where one side has fewer than two pages."""
    changed, untouched = growth[is_changed], growth[~is_changed]
    if min(len(changed), len(untouched)) < 2:
        return float("nan"), float("nan")
    found = stats.ttest_ind(changed, untouched, equal_var=False).confidence_interval(0.95)
    return float(found.low), float(found.high)


def _judge(row: dict[Any, Any]) -> tuple[str, str]:
    """Return the verdict of a row, and the figure in words."""
    pages = f"{row['n_changed']} changed and {row['n_untouched']} untouched pages"
    if pd.isna(row["p"]):
        return "", f"too few untouched pages to compare with ({pages})"
    placebo = row["placebo_share"]
    is_clear = row["p"] <= _LEVEL and (pd.isna(placebo) or placebo <= 0.1)
    word = "more" if row["effect"] > 0 else "fewer"
    tried = (
        "no earlier date to try"
        if pd.isna(placebo)
        else f"as much on {placebo:.0%} of {row['n_placebos']} earlier dates without a change"
    )
    reading = f"{abs(row['effect']):.0%} {word} than the untouched pages ({pages}; {tried})"
    if not is_clear:
        return "no clear change", reading
    return ("up" if row["effect"] > 0 else "down"), reading
