"""What is judged, what comes of it, and what a judge is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.usage import Spent


@dataclass(frozen=True)
class Item:
    """What is judged: texts by the names that the rubric gives its parts."""

    item_id: str
    parts: Mapping[str, str]


@dataclass(frozen=True)
class Grade:
    """One grade, and how it came: None with the reason where there is none.

    `is_weighted` by the probabilities of all grades; else the mean of `n_samples` readings, beside
    `n_unreadable` replies that held no grade.
    """

    value: float | None
    is_weighted: bool = False
    n_samples: int = 1
    n_unreadable: int = 0
    spent: Spent = field(default_factory=Spent)
    error: str | None = None


@dataclass(frozen=True)
class CostForecast:
    """What a grade will cost: nothing where it `is_cached`; `most` where the endpoint gives no probabilities."""

    is_cached: bool = False
    likely: Spent = field(default_factory=Spent)
    most: Spent = field(default_factory=Spent)


class Judge(Protocol):
    """What grades items by rubrics: a model behind an endpoint, a judge without a model, or anything else that has these."""

    @property
    def name(self) -> str:
        """Name in every table."""

    def grade(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> Grade:
        """Return the grade of an item.

        `repeat` tells repeats of the same question apart, `is_swapped` shows the rubric's orderable
        parts in reverse. Raises ModelError where there is no answer, BudgetError where it would
        cost more than is left; both with what was `spent`.
        """

    def foresee(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> CostForecast:
        """Return what that grade will cost, asking nobody."""
