"""Items judged several times and in both orders, within a budget, and what that will cost."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tqdm.auto import tqdm

from coverage_kit.errors import BudgetError, ModelError, SchemaError
from coverage_kit.escaping import for_line
from coverage_kit.llm.costs import Prices
from coverage_kit.measure.judge.protocol import Grade, Item, Judge
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.settings import JudgeSettings
from coverage_kit.tables import JUDGEMENTS, Judgements
from coverage_kit.usage import Spent

# So many failures in a row end a job (assumed): the endpoint is probably down.
MAX_FAILURES = 5


@dataclass(frozen=True)
class Graded:
    """The judgements, what they cost, and why judging stopped early ('' where it did not)."""

    judgements: Judgements
    spent: Spent = field(default_factory=Spent)
    stopped: str = ""


@dataclass(frozen=True)
class JudgeEstimate:
    """What a job will cost: requests, replies reused from before, tokens, and money.

    Money is None where the price table does not have the model. `max_money` is the most that the
    job can cost: where the endpoint gives no probabilities, each grade is the mean of several
    replies.
    """

    n_judgements: int
    n_calls: int
    n_cached: int
    n_input_tokens: int
    n_output_tokens: int
    money: float | None
    max_money: float | None

    def describe(self, currency: str) -> str:
        """Return the estimate in a sentence."""
        if not self.n_calls:
            return (
                f"{self.n_judgements} judgements, {self.n_cached} of them reused from before: "
                "no request is made, and it costs nothing."
            )
        cost = (
            "no price known"
            if self.money is None
            else f"about {self.money:.2f} {currency}, at most {self.max_money:.2f}"
        )
        tokens = f"{self.n_input_tokens} tokens to read and up to {self.n_output_tokens} to write"
        return (
            f"{self.n_judgements} judgements, {self.n_cached} reused from before, "
            f"{self.n_calls} requests: {tokens}, {cost}."
        )


def grade_items(
    judge: Judge,
    rubric: Rubric,
    items: Sequence[Item],
    repeats: int = 3,
    is_swapping: bool = True,
) -> Graded:
    """Return the judgements of all items, `repeats` times, in both orders where there are two.

    Where the budget is spent, or the endpoint fails `MAX_FAILURES` times in a row, the judgements
    so far are returned with the reason; with a cache, the same call resumes there. Requests that
    failed or were broken off are part of the cost. Raises SchemaError for items that repeat an id
    or lack a part.
    """
    _check(rubric, items)
    rows: list[dict[str, Any]] = []
    spent = Spent()
    stopped = ""
    n_failed = 0
    plan = list(_plan(rubric, items, repeats, is_swapping))
    for item, repeat, is_swapped in tqdm(
        plan,
        desc=for_line(f"{rubric.name} by {judge.name}"),
        unit=" grades",
        file=sys.stderr,
        leave=False,
        disable=None,
    ):
        try:
            grade = judge.grade(rubric, item, repeat, is_swapped)
            n_failed = 0
        except BudgetError as error:
            stopped = str(error)
            spent += error.spent or Spent()
            break
        except ModelError as error:
            grade = Grade(
                None,
                n_samples=0,
                spent=error.spent or Spent(),
                error=str(error),
            )
            n_failed += 1
        spent += grade.spent
        key = {
            "judge": judge.name,
            "rubric": rubric.key,
            "item_id": item.item_id,
        }
        rows.append({**key, "repeat": repeat, "is_swapped": is_swapped, **_row(grade)})
        if n_failed == MAX_FAILURES:
            stopped = f"{MAX_FAILURES} failures in a row, the last: {grade.error}"
            break
    return Graded(JUDGEMENTS.table(rows) if rows else JUDGEMENTS.empty(), spent, stopped)


def price_job(  # noqa: PLR0913 (the arguments of grade_items, and those that give the price)
    judge: Judge,
    rubric: Rubric,
    items: Sequence[Item],
    settings: JudgeSettings,
    prices: Prices,
    *,
    is_swapping: bool = True,
) -> JudgeEstimate:
    """Return what `grade_items` would cost with `settings.repeats`; no request is made.

    Raises SchemaError as `grade_items` does.
    """
    _check(rubric, items)
    forecasts = [
        judge.foresee(rubric, item, repeat, is_swapped)
        for item, repeat, is_swapped in _plan(rubric, items, settings.repeats, is_swapping)
    ]
    likely = sum((forecast.likely for forecast in forecasts), Spent())
    maximum = sum((forecast.maximum for forecast in forecasts), Spent())
    is_free = not likely.n_calls
    return JudgeEstimate(
        n_judgements=len(forecasts),
        n_calls=likely.n_calls,
        n_cached=sum(forecast.is_cached for forecast in forecasts),
        n_input_tokens=likely.n_input_tokens,
        n_output_tokens=likely.n_output_tokens,
        money=0.0 if is_free else prices.price(judge.name, likely),
        max_money=0.0 if is_free else prices.price(judge.name, maximum),
    )


def _plan(
    rubric: Rubric, items: Sequence[Item], repeats: int, is_swapping: bool
) -> Iterator[tuple[Item, int, bool]]:
    """Yield what is judged: every item once before any item is judged again.

    So a small budget covers all items before any repeat.
    """
    orders = (False, True) if is_swapping and rubric.is_swappable else (False,)
    for repeat in range(repeats):
        for is_swapped in orders:
            yield from ((item, repeat, is_swapped) for item in items)


def _check(rubric: Rubric, items: Sequence[Item]) -> None:
    ids = [item.item_id for item in items]
    repeated = (
        next((item_id for item_id in ids if ids.count(item_id) > 1), None)
        if len(set(ids)) < len(ids)
        else None
    )
    if repeated is not None:
        raise SchemaError(
            "items",
            "an id of its own for each",
            repr(repeated),
            "Make the ids unique.",
        )
    for item in items:
        missing = [name for name in rubric.parts if name not in item.parts]
        if missing:
            cure = f"Rubric {rubric.name} shows {', '.join(rubric.parts)}."
            raise SchemaError(
                f"item {item.item_id}",
                f"a text for {', '.join(missing)}",
                "none",
                cure,
            )


def _row(grade: Grade) -> dict[str, Any]:
    counts = {"n_samples": grade.n_samples, "n_unreadable": grade.n_unreadable}
    tokens = {
        "n_input_tokens": grade.spent.n_input_tokens,
        "n_output_tokens": grade.spent.n_output_tokens,
    }
    return {
        "grade": grade.value,
        "error": grade.error,
        "is_weighted": grade.is_weighted,
        **counts,
        **tokens,
    }
