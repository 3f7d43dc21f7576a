"""What a judge is given (items), what it returns (grades, costs), and the protocol of a judge."""

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
    """A grade and how it came about; without a grade, `value` is None and `error` says why.

    Where `is_weighted`, the value is weighted by the probabilities of all grades. Otherwise it is
    the mean of `n_samples` readings; `n_unreadable` further replies held no grade.
    """

    value: float | None
    is_weighted: bool = False
    n_samples: int = 1
    n_unreadable: int = 0
    spent: Spent = field(default_factory=Spent)
    error: str | None = None


@dataclass(frozen=True)
class CostForecast:
    """What a grade will cost: nothing where it `is_cached`.

    `maximum` is the cost where the endpoint gives no probabilities.
    """

    is_cached: bool = False
    likely: Spent = field(default_factory=Spent)
    maximum: Spent = field(default_factory=Spent)


class Judge(Protocol):
    """What grades items by rubrics: a model behind an endpoint, or any other class like this."""

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

        `repeat` numbers the repeats of the same question, `is_swapped` shows the rubric's orderable
        parts in reverse. Raises ModelError where there is no answer, and BudgetError where the
        answer would cost more than is left; both carry what was `spent`.
        """

    def foresee(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> CostForecast:
        """Return what that grade will cost; no request is made."""
