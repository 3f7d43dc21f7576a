"""A language model as judge, after G-Eval: the mean over its grades, weighted by their probabilities or over samples."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from coverage_kit.errors import BudgetError, JudgeError, ModelError
from coverage_kit.llm.costs import Budget
from coverage_kit.llm.endpoint import RETRIES, Endpoint, Prompt, Reply
from coverage_kit.measure.judge.asking import Asking, Wait, most_of
from coverage_kit.measure.judge.cache import ReplyCache
from coverage_kit.measure.judge.form import find_grade, weigh_grade, write_form
from coverage_kit.measure.judge.protocol import CostForecast, Grade, Item
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.settings import JudgeSettings
from coverage_kit.usage import Spent

N_ALTERNATIVES = 20
_WEIGHTED = "weighted"
_ROOM = 32  # tokens for a number and a few words
_ROOM_TO_THINK = 2_000  # for models that think before they write


class ModelJudge:
    """A model behind any OpenAI-compatible endpoint.

    It is asked at temperature 0 for the likeliest tokens where the grade stands. An endpoint that
    gives no probabilities is asked for `settings.samples` replies at temperature 1, whose mean is
    the grade. What it replied is kept in the cache.

    Args:
        settings: model, endpoint, name of the key's environment variable, seconds to wait, samples.
        budget: what may be spent; it is shared with whoever else is given it.
        cache: replies kept on disk; without one nothing is kept.
        retries: further tries of a request after a timeout, a lost connection, 429 or 5xx, with
            growing pauses; each counts.
        wait: waits so many seconds between them.

    Raises SettingsError where money is limited and the model has no price; at the first request
    also where no model is configured, the key is missing, or the `openai` library is not installed:
    to foresee costs none of these is needed.
    """

    def __init__(
        self,
        settings: JudgeSettings,
        budget: Budget,
        cache: ReplyCache | None = None,
        retries: int = RETRIES,
        wait: Wait = time.sleep,
    ) -> None:
        budget.check_price(settings.model)
        self.budget = budget
        self._settings = settings
        self._cache = cache
        self._retries = retries
        self._wait = wait
        self._has_probabilities: bool | None = None
        self._room = _ROOM
        self._sampled = f"{settings.samples} samples"

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._settings.model

    @cached_property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self._settings, "judge", JudgeError, retries=0)

    def grade(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> Grade:
        """Return the model's grade; without one, and told why, where what it replies is none.

        Raises JudgeError where the endpoint gives no reply, BudgetError where one would cost more
        than is left; both tell what was spent on the grade until then. Raises SettingsError where
        the model cannot be asked (see the class).
        """
        system, user = write_form(rubric, item, is_swapped)
        asked = (
            self.name,
            self._settings.base_url,
            rubric.key,
            system,
            user,
            repeat,
        )
        for kind in (_WEIGHTED, self._sampled):
            kept = self._cache.find((*asked, kind)) if self._cache else None
            if kept is not None:
                return self._read(rubric, kept, kind, Spent(n_reused=1))
        asking = Asking(self._endpoint, self.budget, self._retries, self._wait)
        try:
            replies, kind = self._ask(asking, Prompt(system, user))
        except (ModelError, BudgetError) as error:
            error.spent = asking.spent
            raise
        if self._cache:
            self._cache.keep((*asked, kind), replies)
        return self._read(rubric, replies, kind, asking.spent)

    def foresee(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> CostForecast:
        """Return what that grade will cost, asking nobody."""
        system, user = write_form(rubric, item, is_swapped)
        asked = (
            self.name,
            self._settings.base_url,
            rubric.key,
            system,
            user,
            repeat,
        )
        if self._cache and any(
            self._cache.find((*asked, kind)) is not None for kind in (_WEIGHTED, self._sampled)
        ):
            return CostForecast(is_cached=True)
        prompt = Prompt(system, user, max_tokens=self._room)
        sampled = most_of(replace(prompt, n=self._settings.samples))
        return CostForecast(
            likely=sampled if self._has_probabilities is False else most_of(prompt),
            most=sampled,
        )

    def _ask(self, asking: Asking, prompt: Prompt) -> tuple[tuple[Reply, ...], str]:
        """Return the replies and their kind; an endpoint that once gave no probabilities is asked for samples from then on."""
        if self._has_probabilities is not False:
            replies = self._complete(asking, replace(prompt, n_alternatives=N_ALTERNATIVES))
            self._has_probabilities = any(replies[0].alternatives)
            if self._has_probabilities:
                return replies, _WEIGHTED
        return self._complete(
            asking, replace(prompt, n=self._settings.samples, temperature=1.0)
        ), self._sampled

    def _complete(self, asking: Asking, prompt: Prompt) -> tuple[Reply, ...]:
        """Return the replies; a model whose thoughts were cut off is given more room once and for all."""
        replies = asking.ask(replace(prompt, max_tokens=self._room))
        if self._room == _ROOM and all(_is_cut_thought(reply) for reply in replies):
            self._room = _ROOM_TO_THINK
            return asking.ask(replace(prompt, max_tokens=self._room))
        return replies

    def _read(self, rubric: Rubric, replies: Sequence[Reply], kind: str, spent: Spent) -> Grade:
        if kind == _WEIGHTED:
            weighed = weigh_grade(replies[0], rubric)
            if weighed.grade is not None:
                return Grade(weighed.grade, is_weighted=True, spent=spent)
            told = (
                f"all grades together have a probability of {weighed.mass:.2f}"
                if weighed.mass
                else _tell(replies[0])
            )
            return Grade(None, n_unreadable=1, spent=spent, error=f"no grade: {told}")
        found = [one.grade for reply in replies if (one := find_grade(reply.text, rubric))]
        n_unreadable = len(replies) - len(found)
        if len(found) <= n_unreadable:
            told = f"no grade in {n_unreadable} of {len(replies)} replies: {_tell(replies[-1])}"
            return Grade(None, False, len(found), n_unreadable, spent, told)
        return Grade(sum(found) / len(found), False, len(found), n_unreadable, spent)


def _is_cut_thought(reply: Reply) -> bool:
    return reply.finish_reason == "length" and (not reply.text or reply.text.startswith("<think>"))


def _tell(reply: Reply) -> str:
    text = " ".join(reply.text.split())
    return (
        repr(text[:80]) if text else f"an empty reply ({reply.finish_reason or 'no reason told'})"
    )
