"""Let a model check questions of a run: which ones, at what cost, and what it found.

Its verdicts are rows beside those of people. They are never used as they are: what they are worth
shows on the questions that people checked as well (`correct_judge`).
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from coverage_kit.analysis import Analysis
from coverage_kit.collect.missing_items import missing_items_path, write_missing_items
from coverage_kit.collect.question_checks import read_question_checks
from coverage_kit.embed.texts import full_texts
from coverage_kit.errors import BudgetError, ModelError, SettingsError
from coverage_kit.escaping import for_line
from coverage_kit.llm.costs import Budget, Prices, open_ledger
from coverage_kit.match.judge_correction import JudgeCorrection, correct_judge
from coverage_kit.measure.judge.answer_check import AnswerCheck, AnswerChecker
from coverage_kit.measure.judge.cache import CACHE, ReplyCache
from coverage_kit.measure.judge.grading import MAX_FAILURES
from coverage_kit.settings import Settings
from coverage_kit.tables import MISSING_ITEMS, QUESTION_CHECKS, MissingItems, QuestionChecks
from coverage_kit.tasks.sample import add_checks
from coverage_kit.usage import Spent
from coverage_kit.vocabulary import CHOICE_VALUES, CHOICES, PERSON, Choice

# Nearest own passages that the model reads: twice as many as a person (assumed).
_N_PASSAGES = 6
# The task under which the ledger books what the model cost.
_TASK = "check"
# The stratum of questions that were drawn from the whole log.
_WHOLE_LOG = "all"
# What a site lacks shows in these choices; a question about something else asks for nothing.
_LACKING: tuple[Choice, ...] = ("partly", "not answered")


class QuestionToCheck(NamedTuple):
    """A question, how it was drawn (as in QUESTION_CHECKS), and the own passages nearest to it.

    It has no probability where nobody drew it.
    """

    query_id: str
    text: str
    stratum: str
    probability: float | None
    draw: int
    passages: tuple[str, ...]


@dataclass(frozen=True)
class ModelChecks:
    """What a model found.

    Attributes:
        checks: its verdicts, one row a question.
        missing: what a complete answer needs and no passage states.
        failures: of each question without a verdict, why there is none.
        n_false_quotes: quotes that occur in no passage, and so count for nothing.
        stopped: why checking ended early; empty where it did not.
    """

    checks: QuestionChecks
    missing: MissingItems
    failures: tuple[str, ...]
    n_false_quotes: int
    stopped: str


class CheckEstimate(NamedTuple):
    """What checking will cost: `n_questions` that the budget is likely to allow, of `n_all`.

    `n_stored` of them need no request.
    """

    n_questions: int
    n_all: int
    n_stored: int
    likely: Spent
    maximum: Spent


def check_by_model(
    analysis: Analysis, settings: Settings, path: Path, *, is_confirmed: bool
) -> str:
    """Let the model of [judge] check a run's questions; return what a reader should know.

    First come the questions that people checked, because the model's errors are counted on them,
    then the others that were drawn, then further ones of the log, until the budget is spent.
    Without `is_confirmed` nothing is sent, and the text says what it would cost. Costs are booked
    also where the work is stopped; the same call goes on from there.

    Args:
        analysis: the run.
        settings: its settings.
        path: the file of checks. Verdicts become rows of it, beside those of people; what is
            missing goes into a file beside it (`missing_items_path`).
        is_confirmed: whether the model may be asked.

    Raises SettingsError where the settings name no model, and SchemaError for a file of checks that
    cannot be read.
    """
    ledger = open_ledger(settings)
    checker = _open_checker(settings, ledger.prices)
    drawn = read_question_checks(path, analysis.queries).table
    questions = list_questions(analysis, drawn)
    site = f"{analysis.about.brand} ({analysis.about.own_site})"
    if not is_confirmed:
        estimate = estimate_checks(checker, questions, site)
        return _describe_estimate(estimate, checker.name, ledger.prices)
    try:
        done = check_questions(checker, questions, site)
    finally:
        # Replies are stored as they come, and paid for even where the work is stopped.
        spent = checker.budget.spent.get(checker.name, Spent())
        ledger.add(str(path), _TASK, checker.name, spent)
    if len(done.checks):
        add_checks(path, done.checks)
        ids = list(done.checks["query_id"])
        write_missing_items(
            missing_items_path(path), done.missing, analysis.queries, ids, checker.name
        )
    return _describe_checks(done, drawn, checker.name, path)


def list_questions(analysis: Analysis, drawn: QuestionChecks) -> list[QuestionToCheck]:
    """Return the questions of a run in the order in which a model checks them.

    Those that were drawn for people come first, those with a person's choice before the others.
    All others follow in a random order that depends on the run's seed alone: those that a budget
    reaches are a random sample, and a larger budget reaches the same ones and more.
    """
    people = drawn[drawn["checked_by"] == PERSON]
    ordered = people.assign(is_open=people["choice"].isna()).sort_values(
        ["is_open", "draw"], kind="stable"
    )
    how_drawn = {
        row["query_id"]: (row["stratum"], row["probability"], row["draw"])
        for row in ordered.to_dict("records")
    }
    text_of = analysis.queries.set_index("query_id")["text"]
    others = np.random.default_rng(analysis.about.seed).permutation(sorted(text_of.index))
    n_draws = int(people["draw"].max()) if len(people) else 0
    for query_id in others.tolist():
        how_drawn.setdefault(query_id, (_WHOLE_LOG, None, n_draws + 1))
    passages = _nearest_passages(analysis)
    return [
        QuestionToCheck(query_id, text_of[query_id], *how, passages.get(query_id, ()))
        for query_id, how in how_drawn.items()
    ]


def estimate_checks(
    checker: AnswerChecker, questions: Sequence[QuestionToCheck], site: str
) -> CheckEstimate:
    """Return what `check_questions` will cost, as far as the budget is likely to reach.

    No request is made.
    """
    budget = checker.budget
    n_questions = n_stored = 0
    likely, maximum = Spent(), Spent()
    for question in questions:
        forecast = checker.foresee(question.text, question.passages, site)
        total = likely + forecast.likely
        money = budget.prices.price(checker.name, total) or 0.0
        if (budget.max_tokens and total.n_tokens > budget.max_tokens) or (
            budget.max_money and money > budget.max_money
        ):
            break
        likely, maximum = total, maximum + forecast.maximum
        n_questions += 1
        n_stored += forecast.is_cached
    return CheckEstimate(n_questions, len(questions), n_stored, likely, maximum)


def check_questions(
    checker: AnswerChecker, questions: Sequence[QuestionToCheck], site: str
) -> ModelChecks:
    """Return what the model finds of the questions, in their order.

    It stops where the budget is spent, or the endpoint fails `MAX_FAILURES` times in a row. A
    question whose reply cannot be read has no verdict. Questions that nobody drew get as their
    probability the share of them that was reached.
    """
    found, stopped = _ask(checker, questions, site)
    n_further = sum(question.probability is None for question in questions)
    n_reached = sum(question.probability is None for question in found)
    checks = [
        {
            "query_id": question.query_id,
            "text": question.text,
            "choice": check.choice,
            "checked_by": checker.name,
            "stratum": question.stratum,
            "probability": question.probability or n_reached / n_further,
            "draw": question.draw,
        }
        for question, check in found.items()
        if check.choice
    ]
    missing = [
        {"query_id": question.query_id, "item": item.text, "checked_by": checker.name}
        for question, check in found.items()
        if check.choice in _LACKING
        for item in check.items
        if not item.quote
    ]
    return ModelChecks(
        QUESTION_CHECKS.table(checks),
        MISSING_ITEMS.table(missing),
        tuple(check.error for check in found.values() if not check.choice),
        sum(check.n_false_quotes for check in found.values()),
        stopped,
    )


def _open_checker(settings: Settings, prices: Prices) -> AnswerChecker:
    model = settings.judge.model
    if model in ("", PERSON):
        raise SettingsError(
            "judge.model",
            "the name of a language model, which checks the questions",
            repr(model) if model else "no model",
            'Set model = "…" under [judge] in coverage.toml. People need none.',
        )
    budget = Budget(prices, settings.judge.max_tokens, settings.judge.max_money)
    return AnswerChecker(settings.judge, budget, ReplyCache(Path(settings.cache) / CACHE))


def _nearest_passages(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """Return by query_id the texts of the nearest own passages, the nearest first."""
    passages = analysis.passages
    text_of = dict(zip(passages["passage_id"], full_texts(passages), strict=True))
    is_own = analysis.matches["site"] == analysis.about.own_site
    own = analysis.matches[is_own & (analysis.matches["rank"] <= _N_PASSAGES)].sort_values("rank")
    return {
        str(query_id): tuple(text_of[passage_id] for passage_id in rows)
        for query_id, rows in own.groupby("query_id")["passage_id"]
    }


def _ask(
    checker: AnswerChecker, questions: Sequence[QuestionToCheck], site: str
) -> tuple[dict[QuestionToCheck, AnswerCheck], str]:
    """Return what the model finds of each question that is reached, and why it stopped early."""
    found = dict[QuestionToCheck, AnswerCheck]()
    n_failures = 0
    for question in tqdm(
        questions,
        desc=for_line(f"checking with {checker.name}"),
        unit=" questions",
        file=sys.stderr,
        leave=False,
        disable=None,
    ):
        try:
            found[question] = checker.check(question.text, question.passages, site)
            n_failures = 0
        except BudgetError as error:
            return found, str(error)
        except ModelError as error:
            found[question] = AnswerCheck(None, error=str(error))
            n_failures += 1
            if n_failures == MAX_FAILURES:
                return found, f"{MAX_FAILURES} failures in a row, the last: {error}"
    return found, ""


def _describe_estimate(estimate: CheckEstimate, model: str, prices: Prices) -> str:
    likely, maximum = (prices.price(model, cost) for cost in (estimate.likely, estimate.maximum))
    money = (
        "no price known"
        if likely is None or maximum is None
        else f"about {likely:.2f} {prices.currency}, at most {maximum:.2f}"
    )
    n_tokens = estimate.likely.n_input_tokens
    lines = [
        f"{model} would check {estimate.n_questions} of {estimate.n_all} questions, "
        f"{estimate.n_stored} of them by replies that are stored: "
        f"{estimate.likely.n_calls} requests, about {n_tokens} tokens to read and "
        f"{estimate.likely.n_output_tokens} to write, {money}."
    ]
    if estimate.n_questions < estimate.n_all:
        lines.append("More need a larger judge.max_tokens or judge.max_money.")
    return "\n".join([*lines, "Nothing was sent. To let it check, add --yes."])


def _describe_checks(done: ModelChecks, drawn: QuestionChecks, model: str, path: Path) -> str:
    choices = done.checks.set_index("query_id")["choice"]
    counts = choices.value_counts()
    listed = ", ".join(f"{counts.get(choice, 0)} {choice}" for choice in CHOICES)
    lines = [f"{model} checked {len(choices)} questions: {listed}."]
    people = drawn[(drawn["checked_by"] == PERSON) & drawn["choice"].notna()]
    both = people[people["query_id"].isin(choices.index)]
    n_same = int((both["query_id"].map(choices) == both["choice"]).sum())
    lines.append(
        f"A person checked {len(both)} of them too, and made the same choice for {n_same}."
    )
    if len(choices):
        values = choices.map(CHOICE_VALUES)
        lines.append(
            _describe_correction(
                correct_judge(
                    np.asarray(values, dtype=np.float64),
                    np.asarray(both["query_id"].map(values), dtype=np.float64),
                    np.asarray(both["choice"].map(CHOICE_VALUES), dtype=np.float64),
                )
            )
        )
    if done.n_false_quotes:
        lines.append(
            f"{done.n_false_quotes} of its quotes occur in no passage, and count for nothing."
        )
    if done.failures:
        lines.append(
            f"{len(done.failures)} questions have no verdict. The first reason: {done.failures[0]}"
        )
    if done.stopped:
        lines.append(f"It ended early: {done.stopped}")
    if len(done.missing):
        n_lacking = done.missing["query_id"].nunique()
        lines.append(f"What {n_lacking} answers lack: {missing_items_path(path)}")
    return "\n".join([*lines, f"Its choices: {path}"])


def _describe_correction(correction: JudgeCorrection) -> str:
    if not correction.is_used:
        return f"Its verdicts are shown and not used. {correction.reason}"
    return (
        f"By its verdicts {correction.raw_share:.0%} of the questions are not answered; corrected "
        f"by its errors {correction.share:.0%} ({correction.low:.0%} to {correction.high:.0%})."
    )
