"""Asking one engine, one query after the other.

Requests are paced, retried and kept within the budget. Each answer is stored before the next query
is asked.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from coverage_kit.collect.panel.engines import AnswerEngine, Sender
from coverage_kit.collect.panel.store import Outcome, WaveFile
from coverage_kit.collect.panel.turns import Tries, Turn, make_record
from coverage_kit.errors import AskError, BudgetError
from coverage_kit.llm.costs import Budget
from coverage_kit.llm.endpoint import MAX_WAIT_SECONDS, is_passing, seconds_to_wait
from coverage_kit.net.retry_after import Patience
from coverage_kit.usage import Spent

# An engine may pause an answer and send it in several replies. More than six are given up: assumed.
_MAX_REPLIES = 6
# Five failures in a row are more likely a fault of the engine than of the queries: assumed.
_MAX_FAILURES_IN_A_ROW = 5
# Seconds after which a waiting engine looks again whether the run was stopped.
_RECHECK_SECONDS = 1.0


@dataclass(frozen=True)
class Clock:
    """The time in seconds, and how to wait some seconds, or until the run is stopped."""

    # Tests replace both, so that they need not wait.
    now: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], object] = threading.Event.wait


CLOCK = Clock()


@dataclass
class Tally:
    """The result of one engine's turns in this run.

    `stopped` says why the engine was not asked further; it is empty where the engine was.
    """

    n_answered: int = 0
    n_failed: int = 0
    spent: Spent = field(default_factory=Spent)
    stopped: str = ""


class StoppedError(Exception):
    """The run was stopped, and nothing more is asked."""


class WaveBudget:
    """The budget of a wave, which its engines share, and the event that stops all of them.

    Where an engine's next request may cost more than is left, the engine waits for what the
    requests of other engines give back. The budget is at its end only where no request is under
    way.
    """

    def __init__(self, budget: Budget, stop: threading.Event) -> None:
        self.budget = budget
        self.stop = stop
        self._changed = threading.Condition()
        self._n_under_way = 0

    def reserve(self, model: str, max_spent: Spent) -> None:
        """Set aside what a request may cost at most.

        Raises BudgetError where that is more than is left, StoppedError where the run was stopped.
        """
        with self._changed:
            while not self.stop.is_set():
                try:
                    self.budget.reserve(model, max_spent)
                except BudgetError:
                    # Requests under way may cost less than was set aside for them.
                    if not self._n_under_way:
                        raise
                    self._changed.wait(_RECHECK_SECONDS)
                else:
                    self._n_under_way += 1
                    return
        raise StoppedError

    def settle(self, model: str, max_spent: Spent, spent: Spent) -> None:
        """Count what a request did cost, in place of what was set aside."""
        with self._changed:
            self.budget.settle(model, max_spent, spent)
            self._n_under_way -= 1
            self._changed.notify_all()


class Asker:
    """Asks one engine.

    Args:
        engine: the engine.
        sender: sends its requests.
        wave: where records are stored.
        wave_budget: what may be spent, and what stops the run.
        retries: further tries after a failure that may pass.
        clock: the time, and how to wait.
    """

    def __init__(  # noqa: PLR0913 (the last four are what an engine shares with the others)
        self,
        engine: AnswerEngine,
        sender: Sender,
        wave: WaveFile,
        wave_budget: WaveBudget,
        retries: int = 4,
        clock: Clock = CLOCK,
    ) -> None:
        self.engine = engine
        self.tally = Tally()
        self._sender = sender
        self._wave = wave
        self._wave_budget = wave_budget
        self._retries = retries
        self._clock = clock
        self._patience = Patience(MAX_WAIT_SECONDS)
        self._next_turn = clock.now()
        self._n_failed_in_a_row = 0
        self._max_spent_so_far = Spent()

    def run(self, turns: Sequence[Turn], on_stored: Callable[[], object]) -> None:
        """Take turns until none is left, the engine or the budget fails, or the run is stopped.

        `on_stored` is called after each turn that was stored.
        """
        for turn in turns:
            tries, stop_reason = self._try(turn)
            self.tally.stopped = stop_reason
            if tries.n_sent:
                self._store(turn, tries, stop_reason)
                on_stored()
            if self.tally.stopped or self._wave_budget.stop.is_set():
                return

    def _try(self, turn: Turn) -> tuple[Tries, str]:
        """Return the requests sent for a turn, and why nothing more can be asked.

        The reason is empty where the next turn can be asked.
        """
        tries = Tries()
        body = self.engine.body(turn.query)
        try:
            for _ in range(_MAX_REPLIES):
                if not self._send(turn, body, tries):
                    break
                next_body = self.engine.form.go_on(body, tries.replies[-1])
                tries.is_paused = next_body is not None
                if next_body is None:
                    break
                body = next_body
        except BudgetError as error:
            return tries, f"{error.what}: {error.found}"
        except StoppedError:
            # The user or an error stopped the run; the engine itself is not at fault.
            return tries, ""
        stop_reason = self.engine.stop_reason(tries.failure) if tries.failure else ""
        return tries, f"{tries.problem}: {stop_reason}" if stop_reason else ""

    def _send(self, turn: Turn, body: dict[str, Any], tries: Tries) -> bool:
        """Send one request, again where its failure may pass; return whether it was answered.

        Raises BudgetError and StoppedError before a request is sent.
        """
        for attempt in range(self._retries + 1):
            if attempt and tries.failure:
                self._clock.wait(
                    self._wave_budget.stop,
                    seconds_to_wait(tries.failure, attempt - 1, self._patience),
                )
            reply, tries.failure = self._send_once(turn, body, tries)
            if tries.failure is None:
                tries.replies.append(reply)
                return True
            tries.refusal = reply
            if not is_passing(tries.failure):
                break
        return False

    def _send_once(
        self, turn: Turn, body: dict[str, Any], tries: Tries
    ) -> tuple[dict[str, Any], AskError | None]:
        self._wait_turn()
        model = self.engine.model
        # A reply may read more search results than assumed. Then the next request may do so too.
        max_spent = _larger(self.engine.max_spent(body), self._max_spent_so_far)
        self._wave_budget.reserve(model, max_spent)
        # Unless a reply or the failure says otherwise, the request costs what was set aside.
        spent = max_spent
        try:
            # The note is on the disk before the request is sent: if the process is killed, the
            # request may be lost, but it is never sent twice.
            self._wave.note_sent(turn.exchange, max_spent)
            tries.n_sent = tries.n_sent + 1
            tries.asked_at = datetime.now(UTC).isoformat()
            start = self._clock.now()
            reply, failure = self._sender.post(body)
            if failure is None:
                spent = replace(
                    self.engine.spent(body, reply),
                    seconds=self._clock.now() - start,
                )
                self._max_spent_so_far = _larger(self._max_spent_so_far, spent)
            elif not failure.may_cost:
                spent = Spent()
        finally:
            self._wave_budget.settle(model, max_spent, spent)
        tries.spent += spent
        self.tally.spent += spent
        return reply, failure

    def _wait_turn(self) -> None:
        wait = self._next_turn - self._clock.now()
        if wait > 0:
            self._clock.wait(self._wave_budget.stop, wait)
        if self._wave_budget.stop.is_set():
            raise StoppedError
        # The pace counts from the start of a request, so a slow answer delays nothing further.
        self._next_turn = self._clock.now() + 60.0 / self.engine.settings.requests_per_minute

    def _store(self, turn: Turn, tries: Tries, stop_reason: str) -> None:
        outcome = self._outcome(tries, stop_reason)
        self._wave.add(make_record(self.engine, turn, tries, outcome, self._wave.wave))
        if outcome == "answered":
            self.tally.n_answered += 1
            self._n_failed_in_a_row = 0
        else:
            self.tally.n_failed += 1
            self._n_failed_in_a_row += 1
        if not stop_reason and self._n_failed_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            self.tally.stopped = (
                f"{_MAX_FAILURES_IN_A_ROW} queries in a row had no answer, "
                f"the last for: {tries.problem}"
            )

    def _outcome(self, tries: Tries, stop_reason: str) -> Outcome:
        if tries.is_answered:
            return "answered"
        # A turn that was cut short is asked again; it does not count as one of its failures.
        is_cut_short = bool(stop_reason) or self._wave_budget.stop.is_set()
        return "stopped" if is_cut_short else "failed"


def _larger(first: Spent, second: Spent) -> Spent:
    return Spent(
        *(max(getattr(first, count.name), getattr(second, count.name)) for count in fields(Spent))
    )
