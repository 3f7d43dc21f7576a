"""How reliable a judge is with a rubric, what the rubric demands, and whether it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from coverage_kit.errors import SchemaError
from coverage_kit.measure.judge.attacks import ATTACKS, attack_items
from coverage_kit.measure.judge.grading import Graded, grade_items
from coverage_kit.measure.judge.protocol import Item, Judge
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.measure.judge.trust import (
    MEASURES,
    JudgedItems,
    TrustFigure,
    measure_trust,
)
from coverage_kit.tables import (
    JUDGEMENTS,
    RELIABILITY,
    Judgements,
    Reliability,
    checked,
)
from coverage_kit.usage import Spent

# Items that a measure needs to count (assumed): with fewer, its interval says next to nothing.
MIN_ITEMS = 20
# Measures whose mark is an upper bound; all other marks are lower bounds.
_UPPER_BOUNDS = ("position_bias", "flip_rate")


@dataclass(frozen=True)
class Assessment:
    """How reliable a judge is with a rubric, the judgements behind that, and what they cost.

    The judgements include those of attacked items. `stopped` says why judging ended early, '' where
    it did not.
    """

    reliability: Reliability
    judgements: Judgements
    spent: Spent = field(default_factory=Spent)
    stopped: str = ""


def assess_reliability(
    judge: Judge,
    rubric: Rubric,
    items: Sequence[Item],
    labels: Mapping[str, float] | None = None,
    repeats: int = 3,
) -> Assessment:
    """Return how reliable a judge is with a rubric, from repeats, both orders and attacks.

    Where the budget ends the test, what was not measured misses its mark. With a cache, the same
    call resumes there.

    Args:
        judge: who judges.
        rubric: by which rubric.
        items: what is judged, at least `MIN_ITEMS`, as similar as possible to what the judge is
            meant for.
        labels: what people say of the items, by id, higher for better, on any scale.
        repeats: times each item is judged in each order.

    Raises SchemaError for labels of no item, and as `grade_items` does.
    """
    _check_labels(items, labels or {})
    graded = grade_items(judge, rubric, items, repeats)
    attacked = attack_items(rubric, items, ATTACKS)
    if graded.stopped:
        resisted = Graded(JUDGEMENTS.empty())
    else:
        resisted = grade_items(judge, rubric, attacked, 1, is_swapping=False)
    judged = JudgedItems(graded.judgements, resisted.judgements, labels or {})
    tables = [table for table in (graded.judgements, resisted.judgements) if len(table)]
    return Assessment(
        measure_reliability(judge.name, rubric, judged),
        JUDGEMENTS.table(pd.concat(tables, ignore_index=True).to_dict("records"))
        if tables
        else JUDGEMENTS.empty(),
        graded.spent + resisted.spent,
        graded.stopped or resisted.stopped,
    )


def measure_reliability(
    judge: str, rubric: Rubric, judged: JudgedItems, seed: int = 0
) -> Reliability:
    """Return every measure of a judge with a rubric against the rubric's pass marks.

    Measures have 95% intervals (`measure_trust`). The figure itself must meet its mark, on at least
    `MIN_ITEMS` items. A measure without a mark passes. What was not measured misses its mark,
    except for agreement with people where nobody gave labels: that is reported, and not demanded.
    """
    figures = measure_trust(judged, rubric, seed)
    marks = rubric.pass_marks.model_dump()
    names = [
        name
        for name in MEASURES
        if name in figures or (marks.get(name) is not None and _is_due(name, rubric))
    ]
    return RELIABILITY.table([_row(judge, rubric, name, figures.get(name)) for name in names])


@checked
def usable_rubrics(reliability: Reliability, judge: str) -> frozenset[str]:
    """Return the keys of the rubrics with which a judge meets every mark.

    A rubric that was never assessed is not among them.
    """
    of_judge = reliability[reliability["judge"] == judge]
    passed = of_judge.groupby("rubric")["is_passed"].all()
    return frozenset(str(rubric) for rubric, is_passed in passed.items() if is_passed)


@checked
def describe_reliability(reliability: Reliability, judge: str, rubrics: Sequence[Rubric]) -> str:
    """Return a line for each rubric: whether the judge's grades are used, and if not, why."""
    return "\n".join(
        f"{rubric.title} ({rubric.key}) by {judge}: {_describe_use(reliability, judge, rubric)}"
        for rubric in rubrics
    )


def _check_labels(items: Sequence[Item], labels: Mapping[str, float]) -> None:
    """Raise SchemaError where labels name no item: they would silently be ignored."""
    unknown = sorted(set(labels) - {item.item_id for item in items})
    if unknown:
        raise SchemaError(
            "labels",
            "ids of items",
            repr(unknown[0]),
            "Give labels of the items that are judged.",
        )


def _describe_use(reliability: Reliability, judge: str, rubric: Rubric) -> str:
    rows = reliability[(reliability["judge"] == judge) & (reliability["rubric"] == rubric.key)]
    if rows.empty:
        return "not used, as its reliability was never tested."
    missed = [str(text) for text in rows.loc[~rows["is_passed"].astype(bool), "reading"]]
    if missed:
        return f"not used. {' '.join(missed)}"
    has_people = ((rows["measure"] == "human_agreement") & rows["value"].notna()).any()
    return "used: it meets every mark." + (
        "" if has_people else " Whether people would give the same grades was not tested."
    )


def _is_due(name: str, rubric: Rubric) -> bool:
    """Return whether the rubric allows a measure at all."""
    if name in _UPPER_BOUNDS:
        return rubric.is_swappable
    return name != "injection_resistance" or bool(rubric.attacked)


def _row(judge: str, rubric: Rubric, name: str, figure: TrustFigure | None) -> dict[str, Any]:
    mark: float | None = rubric.pass_marks.model_dump().get(name)
    if name == "human_agreement" and figure is None:
        mark = None
    value = figure.value if figure else None
    n_items = figure.n_items if figure else 0
    is_enough = n_items >= MIN_ITEMS
    is_met = value is not None and _meets(name, value, mark) if mark is not None else True
    return {
        "judge": judge,
        "rubric": rubric.key,
        "measure": name,
        "value": value,
        "n_items": n_items,
        "pass_mark": mark,
        "low": figure.low if figure else None,
        "high": figure.high if figure else None,
        "is_passed": is_met and (is_enough or mark is None),
        "reading": _read(name, figure, mark),
    }


def _meets(name: str, value: float, mark: float) -> bool:
    return abs(value) <= mark if name in _UPPER_BOUNDS else value >= mark


def _read(name: str, figure: TrustFigure | None, mark: float | None) -> str:
    """Return a figure in words, with its mark and whether it is met."""
    title = MEASURES[name]
    if figure is None and name == "human_agreement":
        return f"{title}: not known, as no labels by people were given."
    if figure is None or figure.value is None:
        note = f" ({figure.note})" if figure and figure.note else ""
        return f"{title}: could not be measured{note}."
    value = f"{figure.value:.2f}"
    if figure.low is not None and figure.high is not None:
        value += f" ({figure.low:.2f} to {figure.high:.2f})"
    value += f" on {figure.n_items} items{f', {figure.note}' if figure.note else ''}"
    if mark is None:
        return f"{title}: {value}."
    is_met = _meets(name, figure.value, mark)
    few = f"; {MIN_ITEMS} items are needed" if figure.n_items < MIN_ITEMS else ""
    bound = "at most" if name in _UPPER_BOUNDS else "at least"
    return f"{title}: {value}; {'met' if is_met and not few else 'missed'}: {bound} {mark:g}{few}."
