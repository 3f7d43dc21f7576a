"""The requests for a grade: within the budget, retried where a failure may pass, all counted."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from coverage_kit.errors import JudgeError, ModelError
from coverage_kit.llm.costs import Budget, count_tokens
from coverage_kit.llm.endpoint import (
    RETRIES,
    Completion,
    Endpoint,
    Prompt,
    Reply,
    is_passing,
    seconds_to_wait,
)
from coverage_kit.measure.judge.cache import ReplyCache
from coverage_kit.settings import JudgeSettings
from coverage_kit.usage import Spent

Wait = Callable[[float], object]
# Tokens of roles and separators that an endpoint adds to a prompt (assumed).
_OVERHEAD = 20


class JudgeModel:
    """The judge's model behind any OpenAI-compatible endpoint, for all that is asked of it.

    Args:
        settings: model, endpoint, name of the key's environment variable, seconds to wait, samples.
        budget: what may be spent; it may be shared with other judges.
        cache: replies stored on disk; without a cache nothing is stored.
        retries: further tries of a request after a timeout, a lost connection, 429 or 5xx, with
            growing pauses; each counts.
        wait: waits so many seconds between them.

    Raises SettingsError where money is limited and the model has no price. The first request also
    raises it where no model is configured, the key is missing, or the `openai` library is not
    installed; none of these is needed to forecast costs.
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

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._settings.model

    @cached_property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self._settings, "judge", JudgeError, retries=0)

    def _open_asking(self) -> "Asking":
        """Return what asks the model, and counts what that costs."""
        return Asking(self._endpoint, self.budget, self._retries, self._wait)


class Asking:
    """Asks a model for a grade; `spent` is what that cost, answered or not, as the budget counts.

    Args:
        endpoint: the model. It must not retry by itself, because each request has to be counted.
        budget: what may be spent.
        retries: further tries of a request after a timeout, a lost connection, 429 or 5xx.
        wait: waits so many seconds.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        budget: Budget,
        retries: int,
        wait: Wait = time.sleep,
    ) -> None:
        self.spent = Spent()
        self._endpoint = endpoint
        self._budget = budget
        self._retries = retries
        self._wait = wait

    def ask(self, prompt: Prompt) -> tuple[Reply, ...]:
        """Return `prompt.n` replies, in several requests where the endpoint gives fewer at a time.

        Raises the endpoint's failure, and BudgetError before a request that may cost more than is
        left.
        """
        replies: tuple[Reply, ...] = ()
        while len(replies) < prompt.n:
            replies += self._ask_patiently(replace(prompt, n=prompt.n - len(replies)))
        return replies[: prompt.n]

    def _ask_patiently(self, prompt: Prompt) -> tuple[Reply, ...]:
        for attempt in range(self._retries):
            try:
                return self._ask_once(prompt)
            except ModelError as error:
                if not is_passing(error):
                    raise
                self._wait(seconds_to_wait(error, attempt, self._endpoint.patience))
        return self._ask_once(prompt)

    def _ask_once(self, prompt: Prompt) -> tuple[Reply, ...]:
        """Return the replies to a request.

        The most that it can cost is reserved before, and what it did cost is counted afterwards.
        """
        limit = max_cost(prompt)
        spent = Spent()
        self._budget.reserve(self._endpoint.model, limit)
        try:
            completion = self._endpoint.complete(prompt)
            spent = _reported_or_counted(prompt, completion)
        except ModelError as error:
            # A request that timed out may have been charged for, so it counts as its largest cost.
            spent = limit if error.may_cost else spent
            raise
        finally:
            self._budget.settle(self._endpoint.model, limit, spent)
            self.spent += spent
        return completion.replies


def max_cost(prompt: Prompt) -> Spent:
    """Return the most that a prompt's replies may cost.

    An endpoint that gives a single reply at a time reads the prompt again for each reply.
    """
    return Spent(
        prompt.n,
        n_input_tokens=_n_prompt_tokens(prompt) * prompt.n,
        n_output_tokens=prompt.max_tokens * prompt.n,
    )


def _n_prompt_tokens(prompt: Prompt) -> int:
    return count_tokens(prompt.system + prompt.user) + _OVERHEAD


def _reported_or_counted(prompt: Prompt, completion: Completion) -> Spent:
    """Return what was spent as the endpoint reports it; where it reports no tokens, as counted."""
    if completion.spent.n_tokens:
        return completion.spent
    n_written = sum(count_tokens(reply.text) for reply in completion.replies)
    return replace(
        completion.spent,
        n_input_tokens=_n_prompt_tokens(prompt) * completion.spent.n_calls,
        n_output_tokens=n_written,
    )
