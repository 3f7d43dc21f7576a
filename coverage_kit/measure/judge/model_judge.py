"""A language model as judge, after G-Eval: its mean grade, by probabilities or over samples."""

import time
from collections.abc import Sequence
from dataclasses import replace

from coverage_kit.errors import BudgetError, ModelError
from coverage_kit.llm.costs import Budget
from coverage_kit.llm.endpoint import RETRIES, Prompt, Reply
from coverage_kit.measure.judge.asking import Asking, JudgeModel, Wait, max_cost
from coverage_kit.measure.judge.cache import ReplyCache
from coverage_kit.measure.judge.form import find_grade, weigh_grade, write_form
from coverage_kit.measure.judge.protocol import CostForecast, Grade, Item
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.settings import JudgeSettings
from coverage_kit.usage import Spent

# Likeliest tokens asked for where the grade stands: 20 is the most that OpenAI's endpoint gives.
N_ALTERNATIVES = 20
# The kind under which the cache stores replies that have the probabilities of their tokens.
_WEIGHTED = "weighted"
# Tokens of a reply: room for a number and a few words (assumed).
_MAX_TOKENS = 32
# Tokens of a reply of models that think before they write (assumed).
_MAX_TOKENS_TO_THINK = 2_000


class ModelJudge(JudgeModel):
    """A model behind any OpenAI-compatible endpoint.

    It is asked at temperature 0 for the likeliest tokens at the grade. An endpoint that gives no
    probabilities is asked for `settings.samples` replies at temperature 1, and their mean is the
    grade. Replies are stored in the cache.

    For the arguments and errors see JudgeModel.
    """

    def __init__(
        self,
        settings: JudgeSettings,
        budget: Budget,
        cache: ReplyCache | None = None,
        retries: int = RETRIES,
        wait: Wait = time.sleep,
    ) -> None:
        super().__init__(settings, budget, cache, retries, wait)
        self._has_probabilities: bool | None = None
        self._max_tokens = _MAX_TOKENS
        self._sampled = f"{settings.samples} samples"

    def grade(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> Grade:
        """Return the model's grade; where its replies hold no grade, a grade of None says why.

        Raises JudgeError where the endpoint gives no reply, and BudgetError where a reply would
        cost more than is left; both carry what was spent on the grade until then. Raises
        SettingsError where the model cannot be asked (see the class).
        """
        system, user = write_form(rubric, item, is_swapped)
        request = (
            self.name,
            self._settings.base_url,
            rubric.key,
            system,
            user,
            repeat,
        )
        # Both kinds are looked up: which kind the endpoint gives is known only once it was asked.
        for kind in (_WEIGHTED, self._sampled):
            cached = self._cache.find((*request, kind)) if self._cache else None
            if cached is not None:
                return self._read(rubric, cached, kind, Spent(n_reused=1))
        asking = self._open_asking()
        try:
            replies, kind = self._ask(asking, Prompt(system, user))
        except (ModelError, BudgetError) as error:
            error.spent = asking.spent
            raise
        if self._cache:
            self._cache.store((*request, kind), replies)
        return self._read(rubric, replies, kind, asking.spent)

    def foresee(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> CostForecast:
        """Return what that grade will cost; no request is made."""
        system, user = write_form(rubric, item, is_swapped)
        request = (
            self.name,
            self._settings.base_url,
            rubric.key,
            system,
            user,
            repeat,
        )
        if self._cache and any(
            self._cache.find((*request, kind)) is not None for kind in (_WEIGHTED, self._sampled)
        ):
            return CostForecast(is_cached=True)
        prompt = Prompt(system, user, max_tokens=self._max_tokens)
        sampled = max_cost(replace(prompt, n=self._settings.samples))
        return CostForecast(
            likely=sampled if self._has_probabilities is False else max_cost(prompt),
            maximum=sampled,
        )

    def _ask(self, asking: Asking, prompt: Prompt) -> tuple[tuple[Reply, ...], str]:
        """Return the replies and their kind.

        An endpoint that gave no probabilities is asked for samples from then on.
        """
        if self._has_probabilities is not False:
            replies = self._complete(asking, replace(prompt, n_alternatives=N_ALTERNATIVES))
            self._has_probabilities = any(replies[0].alternatives)
            if self._has_probabilities:
                return replies, _WEIGHTED
        return self._complete(
            asking, replace(prompt, n=self._settings.samples, temperature=1.0)
        ), self._sampled

    def _complete(self, asking: Asking, prompt: Prompt) -> tuple[Reply, ...]:
        """Return the replies; a model whose thoughts were cut off gets more tokens from then on."""
        replies = asking.ask(replace(prompt, max_tokens=self._max_tokens))
        if self._max_tokens == _MAX_TOKENS and all(_is_cut_thought(reply) for reply in replies):
            self._max_tokens = _MAX_TOKENS_TO_THINK
            return asking.ask(replace(prompt, max_tokens=self._max_tokens))
        return replies

    def _read(self, rubric: Rubric, replies: Sequence[Reply], kind: str, spent: Spent) -> Grade:
        if kind == _WEIGHTED:
            weighed = weigh_grade(replies[0], rubric)
            if weighed.grade is not None:
                return Grade(weighed.grade, is_weighted=True, spent=spent)
            reason = (
                f"all grades together have a probability of {weighed.mass:.2f}"
                if weighed.mass
                else _quote(replies[0])
            )
            return Grade(None, n_unreadable=1, spent=spent, error=f"no grade: {reason}")
        readings = [find_grade(reply.text, rubric) for reply in replies]
        grades = [reading.grade for reading in readings if reading]
        n_unreadable = len(replies) - len(grades)
        # Where half of the replies or more hold no grade, the mean of the others is not trusted.
        if len(grades) <= n_unreadable:
            reason = f"no grade in {n_unreadable} of {len(replies)} replies: {_quote(replies[-1])}"
            return Grade(None, False, len(grades), n_unreadable, spent, reason)
        return Grade(sum(grades) / len(grades), False, len(grades), n_unreadable, spent)


def _is_cut_thought(reply: Reply) -> bool:
    return reply.finish_reason == "length" and (not reply.text or reply.text.startswith("<think>"))


def _quote(reply: Reply) -> str:
    text = " ".join(reply.text.split())
    return (
        repr(text[:80]) if text else f"an empty reply ({reply.finish_reason or 'no reason given'})"
    )
