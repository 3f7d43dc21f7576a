"""The requests for one grade: each within the budget, again where its failure may pass, all of them counted."""

import time
from collections.abc import Callable
from dataclasses import replace

from coverage_kit.errors import ModelError
from coverage_kit.llm.costs import Budget, count_tokens
from coverage_kit.llm.endpoint import (
    Completion,
    Endpoint,
    Prompt,
    Reply,
    is_passing,
    seconds_to_wait,
)
from coverage_kit.usage import Spent

Wait = Callable[[float], object]
_OVERHEAD = 20  # tokens of roles and separators


class Asking:
    """Asks a model for one grade; `spent` is what that took, answered or not, as the budget counts it.

    Args:
        endpoint: the model, which tries nothing again by itself: each request has to be counted.
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
        """Return `prompt.n` replies, asked for again where the endpoint gives fewer at a time.

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
                self._wait(seconds_to_wait(error, attempt))
        return self._ask_once(prompt)

    def _ask_once(self, prompt: Prompt) -> tuple[Reply, ...]:
        """Return the replies to a request whose most was set aside before, and what it did cost counted."""
        most = most_of(prompt)
        spent = Spent()
        self._budget.reserve(self._endpoint.model, most)
        try:
            done = self._endpoint.complete(prompt)
            spent = _told_or_counted(prompt, done)
        except ModelError as error:
            spent = most if error.may_cost else spent
            raise
        finally:
            self._budget.settle(self._endpoint.model, most, spent)
            self.spent += spent
        return done.replies


def most_of(prompt: Prompt) -> Spent:
    """Return what a prompt's replies may cost at most: an endpoint that gives one at a time reads the prompt for each."""
    return Spent(
        prompt.n,
        n_input_tokens=_n_read(prompt) * prompt.n,
        n_output_tokens=prompt.max_tokens * prompt.n,
    )


def _n_read(prompt: Prompt) -> int:
    return count_tokens(prompt.system + prompt.user) + _OVERHEAD


def _told_or_counted(prompt: Prompt, done: Completion) -> Spent:
    """Return what was spent, as told; where the endpoint tells no tokens, as counted."""
    if done.spent.n_tokens:
        return done.spent
    n_written = sum(count_tokens(reply.text) for reply in done.replies)
    return replace(
        done.spent,
        n_input_tokens=_n_read(prompt) * done.spent.n_calls,
        n_output_tokens=n_written,
    )
