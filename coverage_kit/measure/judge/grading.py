"""Items judged: each several times and in both orders, within a budget, resumable; and what that will cost, told before."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tqdm.auto import tqdm

from coverage_kit.errors import BudgetError, ModelError, SchemaError
from coverage_kit.llm.costs import Prices
from coverage_kit.measure.judge.protocol import Grade, Item, Judge
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.settings import JudgeSettings
from coverage_kit.tables import JUDGEMENTS, Judgements
from coverage_kit.usage import Spent

MOST_FAILURES = 5  # in a row, after which the endpoint is left alone


@dataclass(frozen=True)
class Graded:
    """What was judged, what it cost, and why it ended before its end ('' where it did not)."""

    judgements: Judgements
    spent: Spent = field(default_factory=Spent)
    stopped: str = ""


@dataclass(frozen=True)
class JudgeEstimate:
    """What a job will cost: requests, those kept from before, tokens, and money (None: the table has no price of the model).

    `max_money` is what it costs at most: where the endpoint gives no probabilities, each grade is
    the mean of several replies.
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
            return f"{self.n_judgements} judgements, {self.n_cached} of them kept from before: nothing is asked, it costs nothing."
        told = (
            "no price known"
            if self.money is None
            else f"about {self.money:.2f} {currency}, at most {self.max_money:.2f}"
        )
        tokens = f"{self.n_input_tokens} tokens to read and up to {self.n_output_tokens} to write"
        return f"{self.n_judgements} judgements, {self.n_cached} kept from before, {self.n_calls} requests: {tokens}, {told}."


def grade_items(
    judge: Judge,
    rubric: Rubric,
    items: Sequence[Item],
    repeats: int = 3,
    is_swapping: bool = True,
) -> Graded:
    """Return the judgements of all items, `repeats` times, in both orders where the rubric has parts to swap.

    Where the budget is spent, or the endpoint fails `MOST_FAILURES` times in a row, what was judged
    so far is returned with the reason; with a cache, the same call goes on from there. What failed
    or was broken off is in the cost all the same. Raises SchemaError for items that repeat an id or
    lack a part.
    """
    _check(rubric, items)
    rows: list[dict[str, Any]] = []
    spent = Spent()
    stopped = ""
    n_failed = 0
    plan = list(_plan(rubric, items, repeats, is_swapping))
    for item, repeat, is_swapped in tqdm(
        plan,
        desc=f"{rubric.name} by {judge.name}",
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
        told = {
            "judge": judge.name,
            "rubric": rubric.key,
            "item_id": item.item_id,
        }
        rows.append({**told, "repeat": repeat, "is_swapped": is_swapped, **_row(grade)})
        if n_failed == MOST_FAILURES:
            stopped = f"{MOST_FAILURES} failures in a row, the last: {grade.error}"
            break
    return Graded(JUDGEMENTS.table(rows) if rows else JUDGEMENTS.empty(), spent, stopped)


def price_job(
    judge: Judge,
    rubric: Rubric,
    items: Sequence[Item],
    settings: JudgeSettings,
    prices: Prices,
    *,
    is_swapping: bool = True,
) -> JudgeEstimate:
    """Return what `grade_items` would cost with `settings.repeats`, asking nobody. Raises SchemaError as that does."""
    _check(rubric, items)
    foreseen = [
        judge.foresee(rubric, *one) for one in _plan(rubric, items, settings.repeats, is_swapping)
    ]
    likely = sum((one.likely for one in foreseen), Spent())
    most = sum((one.most for one in foreseen), Spent())
    is_free = not likely.n_calls
    return JudgeEstimate(
        *(
            len(foreseen),
            likely.n_calls,
            sum(one.is_cached for one in foreseen),
        ),
        *(likely.n_input_tokens, likely.n_output_tokens),
        *(
            0.0 if is_free else prices.price(judge.name, likely),
            0.0 if is_free else prices.price(judge.name, most),
        ),
    )


def _plan(
    rubric: Rubric, items: Sequence[Item], repeats: int, is_swapping: bool
) -> Iterator[tuple[Item, int, bool]]:
    """Yield what is judged: every item once before any is judged again, so that what a small budget buys covers all."""
    orders = (False, True) if is_swapping and rubric.is_swappable else (False,)
    for repeat in range(repeats):
        for is_swapped in orders:
            yield from ((item, repeat, is_swapped) for item in items)


def _check(rubric: Rubric, items: Sequence[Item]) -> None:
    ids = [item.item_id for item in items]
    repeated = (
        next((one for one in ids if ids.count(one) > 1), None) if len(set(ids)) < len(ids) else None
    )
    if repeated is not None:
        raise SchemaError(
            "items",
            "an id of its own for each",
            repr(repeated),
            "Make the ids unique.",
        )
    for item in items:
        lacking = [part for part in rubric.parts if part not in item.parts]
        if lacking:
            cure = f"Rubric {rubric.name} shows {', '.join(rubric.parts)}."
            raise SchemaError(
                f"item {item.item_id}",
                f"a text for {', '.join(lacking)}",
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
