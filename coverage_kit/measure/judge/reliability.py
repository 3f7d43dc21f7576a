"""How far a judge can be trusted with a rubric: what is measured, what the rubric demands of it, and whether it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from coverage_kit.errors import SchemaError
from coverage_kit.measure.judge.attacks import ATTACKS, attack_items
from coverage_kit.measure.judge.grading import grade_items
from coverage_kit.measure.judge.known import known_agreement
from coverage_kit.measure.judge.plain_judge import PLAIN
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

LEAST_ITEMS = 20
_AT_MOST = ("position_bias", "flip_rate")


@dataclass(frozen=True)
class Assessment:
    """How reliable a judge is with a rubric, the judgements behind it (attacked ones too), what it cost, why it stopped."""

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
    """Return how reliable a judge is with a rubric, from judging items again, in both orders, and attacked.

    Where the budget ends it, what was not measured misses its mark. With a cache the same call goes
    on from there.

    Args:
        judge: who judges.
        rubric: by which rubric.
        items: what is judged, `LEAST_ITEMS` at least, as alike as possible to what the judge is
            meant for.
        labels: what people say of the items, by id, higher for better, on any scale. Without them a
            judge whose agreement with people was measured with this rubric on a public set
            (benchmarked.toml) is held to that.
        repeats: times each item is judged in each order.

    Raises SchemaError for labels of no item, and as `grade_items` does.
    """
    _check_labels(items, labels or {})
    graded = grade_items(judge, rubric, items, repeats)
    attacked = attack_items(rubric, items, ATTACKS)
    resisted = (
        None if graded.stopped else grade_items(judge, rubric, attacked, 1, is_swapping=False)
    )
    tables = [graded.judgements, *([resisted.judgements] if resisted else [])]
    judged = JudgedItems(
        graded.judgements,
        resisted.judgements if resisted else JUDGEMENTS.empty(),
        labels or {},
    )
    told = [one for one in tables if len(one)]
    return Assessment(
        measure_reliability(judge.name, rubric, judged),
        JUDGEMENTS.table(pd.concat(told, ignore_index=True).to_dict("records"))
        if told
        else JUDGEMENTS.empty(),
        graded.spent + (resisted.spent if resisted else Spent()),
        graded.stopped or (resisted.stopped if resisted else ""),
    )


def measure_reliability(
    judge: str, rubric: Rubric, judged: JudgedItems, seed: int = 0
) -> Reliability:
    """Return every measure of a judge with a rubric, with 95% intervals (`measure_trust`), against the rubric's pass marks.

    The figure itself must meet its mark, on at least `LEAST_ITEMS` items. A measure without a mark
    passes. What was not measured misses its mark, but for agreement with people where nobody gave
    labels: that is told, and not demanded.
    """
    figures = measure_trust(judged, rubric, seed)
    if "human_agreement" not in figures and (known := known_agreement(judge, rubric.key)):
        figures["human_agreement"] = known
    marks = rubric.pass_marks.model_dump()
    names = [
        name
        for name in MEASURES
        if name in figures or (marks.get(name) is not None and _is_due(name, rubric))
    ]
    return RELIABILITY.table([_row(judge, rubric, name, figures.get(name)) for name in names])


@checked
def usable_rubrics(reliability: Reliability, judge: str) -> frozenset[str]:
    """Return the keys of the rubrics with which a judge meets every mark; one that was never assessed is not among them."""
    own = reliability[reliability["judge"] == judge]
    passed = own.groupby("rubric")["is_passed"].all()
    return frozenset(str(rubric) for rubric, is_passed in passed.items() if is_passed)


@checked
def describe_reliability(reliability: Reliability, judge: str, rubrics: Sequence[Rubric]) -> str:
    """Return for each rubric a line that says whether the judge's grades are used, and if not, why."""
    return "\n".join(
        f"{rubric.title} ({rubric.key}) by {judge}: {_tell_use(reliability, judge, rubric)}"
        for rubric in rubrics
    )


def _check_labels(items: Sequence[Item], labels: Mapping[str, float]) -> None:
    """Raise SchemaError where labels name no item: they would silently count for nothing."""
    strange = sorted(set(labels) - {item.item_id for item in items})
    if strange:
        raise SchemaError(
            "labels",
            "ids of items",
            repr(strange[0]),
            "Give labels of the items that are judged.",
        )


def _tell_use(reliability: Reliability, judge: str, rubric: Rubric) -> str:
    rows = reliability[(reliability["judge"] == judge) & (reliability["rubric"] == rubric.key)]
    if rows.empty:
        return "not used, as its reliability was never tested."
    missed = [str(text) for text in rows.loc[~rows["is_passed"].astype(bool), "reading"]]
    if missed:
        return f"not used. {' '.join(missed)}"
    has_people = ((rows["measure"] == "human_agreement") & rows["value"].notna()).any()
    if not has_people and judge.partition("+")[0] == PLAIN:
        return "used, with care: repeats and order are met by construction, and whether people would grade alike was not tested."
    return "used: it meets every mark." + (
        "" if has_people else " Whether people would grade alike was not tested."
    )


def _is_due(name: str, rubric: Rubric) -> bool:
    """Return whether a measure can be had of the rubric at all."""
    if name in _AT_MOST:
        return rubric.is_swappable
    return name != "injection_resistance" or bool(rubric.attacked)


def _row(judge: str, rubric: Rubric, name: str, figure: TrustFigure | None) -> dict[str, Any]:
    mark: float | None = rubric.pass_marks.model_dump().get(name)
    if name == "human_agreement" and figure is None:
        mark = None
    value = figure.value if figure else None
    n_items = figure.n_items if figure else 0
    is_enough = n_items >= LEAST_ITEMS
    is_met = (
        value is not None and (abs(value) <= mark if name in _AT_MOST else value >= mark)
        if mark is not None
        else True
    )
    return {
        **{
            "judge": judge,
            "rubric": rubric.key,
            "measure": name,
            "value": value,
            "n_items": n_items,
            "pass_mark": mark,
        },
        **{
            "low": figure.low if figure else None,
            "high": figure.high if figure else None,
        },
        **{
            "is_passed": is_met and (is_enough or mark is None),
            "reading": _read(name, figure, mark),
        },
    }


def _read(name: str, figure: TrustFigure | None, mark: float | None) -> str:
    """Return a figure in words, with its mark and, where it is missed, that."""
    what = MEASURES[name]
    if figure is None and name == "human_agreement":
        return f"{what}: not known, as no labels by people were given."
    if figure is None or figure.value is None:
        return (
            f"{what}: could not be measured{f' ({figure.note})' if figure and figure.note else ''}."
        )
    about = f"{figure.value:.2f}"
    if figure.low is not None and figure.high is not None:
        about += f" ({figure.low:.2f} to {figure.high:.2f})"
    about += f" on {figure.n_items} items{f', {figure.note}' if figure.note else ''}"
    if mark is None:
        return f"{what}: {about}."
    is_met = abs(figure.value) <= mark if name in _AT_MOST else figure.value >= mark
    few = f"; {LEAST_ITEMS} items are needed" if figure.n_items < LEAST_ITEMS else ""
    bound = "at most" if name in _AT_MOST else "at least"
    return f"{what}: {about}; {'met' if is_met and not few else 'missed'}: {bound} {mark:g}{few}."
