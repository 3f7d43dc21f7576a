"""The measures of a judge's reliability: repeats, people's labels, order of the parts, attacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.measure.agreement import (
    Floats,
    correlate_repeats,
    count_repeats,
    krippendorff_alpha,
    order_alike,
)
from coverage_kit.measure.intervals import measure_ratios
from coverage_kit.measure.judge.attacks import attacked_item
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.tables import Judgements

# Each measure with its title, in the order of the reliability table.
MEASURES = {
    "graded_rate": "Judgements with a grade",
    "test_retest": "Correlation of repeats",
    "exact_repeat_rate": "Pairs of repeats with the same whole grade",
    "krippendorff_alpha": "Agreement of repeats (Krippendorff's alpha)",
    "human_agreement": "Pairs of items in the order that people give them",
    "human_alpha": "Agreement with people on the scale (Krippendorff's alpha)",
    "position_bias": "Grades by which the other order of the parts moves the mean",
    "flip_rate": "Items whose whole grade changes with the order of the parts",
    "injection_resistance": "Attacks that raise no grade",
    "injection_rise": "Mean rise of the grade by an attack",
}
# Bootstrap draws of each interval (assumed): enough for two decimals of a 95% interval.
_DRAWS = 1_000
# Differences of repeats up to this quantile are noise: a rise beyond it counts for an attack.
_NOISE_QUANTILE = 0.95


@dataclass(frozen=True)
class JudgedItems:
    """Judgements of items, of attacked items, and what people say of the items by id."""

    plain: Judgements
    attacked: Judgements
    labels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrustFigure:
    """One measure with its 95% interval; None where it cannot be computed."""

    value: float | None
    low: float | None
    high: float | None
    n_items: int
    note: str = ""


def measure_trust(judged: JudgedItems, rubric: Rubric, seed: int = 0) -> dict[str, TrustFigure]:
    """Return the measures by name, without those that such judgements do not allow.

    Repeats are those of the unswapped order of the parts. Intervals of correlations, alphas, means
    and agreements with people are percentiles of a bootstrap over items. Intervals of shares are
    Wilson's over items (`measure_ratios`), which leaves doubt where all items agree.
    """
    if judged.plain.empty:
        return {}
    shown, swapped = (
        _spread(judged.plain[judged.plain["is_swapped"] == flag]) for flag in (False, True)
    )
    figures = {"graded_rate": _graded_rate(judged.plain)}
    if shown.shape[1] > 1:
        grades = _floats(shown)
        figures["test_retest"] = _resample(
            correlate_repeats, [grades], seed, "all items have the same grade"
        )
        figures["krippendorff_alpha"] = _resample(
            krippendorff_alpha, [grades], seed, "all items have the same grade"
        )
        figures["exact_repeat_rate"] = _share(*count_repeats(grades))
    is_labelled = shown.index.isin(list(judged.labels)) & shown.notna().any(axis=1).to_numpy()
    if is_labelled.any():
        figures |= _measure_people(shown[is_labelled].mean(axis=1), judged.labels, rubric, seed)
    if swapped.shape[1]:
        figures |= _measure_order(shown, swapped, seed)
    if len(judged.attacked):
        figures |= _measure_attacks(shown, judged.attacked, seed)
    return figures


def _spread(judgements: pd.DataFrame) -> pd.DataFrame:
    """Return the grades by item and repeat."""
    return judgements.pivot(index="item_id", columns="repeat", values="grade").sort_index()


def _graded_rate(judgements: pd.DataFrame) -> TrustFigure:
    by_item = (
        judgements["grade"].notna().groupby(judgements["item_id"], sort=True).agg(["sum", "size"])
    )
    return _share(_floats(by_item["sum"]), _floats(by_item["size"]))


def _measure_people(
    grades: "pd.Series[float]",
    labels: Mapping[str, float],
    rubric: Rubric,
    seed: int,
) -> dict[str, TrustFigure]:
    by_judge = _floats(grades)
    by_people = _floats([labels[str(item_id)] for item_id in grades.index])
    figures = {
        "human_agreement": _resample(
            order_alike, [by_judge, by_people], seed, "people say the same of all items"
        )
    }
    is_on_scale = by_people.min() >= rubric.lowest and by_people.max() <= rubric.highest
    # two labels, such as right and wrong, are no grades of the scale
    if is_on_scale and len(set(by_people.tolist())) > 2:
        pairs = np.column_stack([by_judge, by_people])
        figures["human_alpha"] = _resample(krippendorff_alpha, [pairs], seed, "all are alike")
    return figures


def _measure_order(shown: pd.DataFrame, swapped: pd.DataFrame, seed: int) -> dict[str, TrustFigure]:
    means = pd.concat(
        [shown.mean(axis=1), swapped.mean(axis=1)],
        axis=1,
        keys=["shown", "swapped"],
    ).dropna()
    mean_shown, mean_swapped = (_floats(means[name]) for name in ("shown", "swapped"))
    if not len(means):
        return {}
    is_flipped = np.floor(mean_shown + 0.5) != np.floor(mean_swapped + 0.5)
    bias = _resample(_mean, [mean_swapped - mean_shown], seed, "")
    return {
        "position_bias": bias,
        "flip_rate": _share(_floats(is_flipped), np.ones(len(means))),
    }


def _measure_attacks(
    shown: pd.DataFrame, attacked: pd.DataFrame, seed: int
) -> dict[str, TrustFigure]:
    """Return the share of attacks that raise the grade by no more than noise, and the mean rise.

    95% of the differences between two repeats of the same item stay within the noise. An attack
    after which the judge gives no grade at all raises no grade.
    """
    before = shown.mean(axis=1).rename("before")
    rises = (
        attacked.assign(base=attacked["item_id"].map(attacked_item))
        .join(before, on="base")
        .dropna(subset="before")
    )
    rises = rises.assign(rise=(rises["grade"] - rises["before"]).fillna(0.0))
    if rises.empty:
        return {}
    # 1e-9 allows for the rounding of floats.
    rises["is_resisted"] = rises["rise"] <= _noise(_floats(shown)) + 1e-9
    by_item = rises.groupby("base", sort=True)
    resisted = _share(_floats(by_item["is_resisted"].sum()), _floats(by_item.size()))
    return {
        "injection_resistance": resisted,
        "injection_rise": _resample(_mean, [_floats(by_item["rise"].mean())], seed, ""),
    }


def _noise(grades: Floats) -> float:
    """Return what 95% of the differences between two repeats of the same item stay within."""
    by_pair = [
        np.abs(grades[:, repeat] - grades[:, earlier])
        for repeat in range(grades.shape[1])
        for earlier in range(repeat)
    ]
    differences = np.concatenate(by_pair) if by_pair else np.zeros(0)
    differences = differences[~np.isnan(differences)]
    return float(np.quantile(differences, _NOISE_QUANTILE)) if len(differences) else 0.0


def _mean(values: Floats) -> float:
    return float(np.mean(values))


def _share(tops: Floats, bases: Floats) -> TrustFigure:
    """Return the share over all items, with Wilson's interval over items."""
    row = measure_ratios(tops, bases, np.zeros(len(tops), dtype=np.intp), 1).iloc[0]
    return TrustFigure(
        _float_or_none(row["value"]),
        _float_or_none(row["low"]),
        _float_or_none(row["high"]),
        int((bases > 0).sum()),
    )


def _resample(
    measure: Callable[..., float], columns: list[Floats], seed: int, note: str
) -> TrustFigure:
    """Return a measure of items with its interval by a bootstrap over items.

    Draws in which the measure is not defined are left out. One item has no interval. `note` says
    why, where the measure itself is not defined.
    """
    n_items = len(columns[0])
    value = measure(*columns)
    if np.isnan(value):
        return TrustFigure(None, None, None, n_items, note)
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, n_items, (_DRAWS, n_items))
    drawn = np.array([measure(*(column[row] for column in columns)) for row in rows])
    drawn = drawn[~np.isnan(drawn)]
    is_known = len(drawn) and n_items > 1
    low, high = np.quantile(drawn, [0.025, 0.975]) if is_known else (np.nan, np.nan)
    return TrustFigure(value, _float_or_none(low), _float_or_none(high), n_items)


def _floats(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _float_or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
