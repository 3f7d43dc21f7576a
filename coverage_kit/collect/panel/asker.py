"""Asking one engine, one query after the other: paced, retried, within the budget, each answer stored before the next."""

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
from coverage_kit.llm.endpoint import is_passing, seconds_to_wait
from coverage_kit.usage import Spent

_MOST_PARTS = 6  # of an answer that an engine pauses
_MOST_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class Clock:
    """What time it is, in seconds, and how to wait so many, but not beyond a stop."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], object] = threading.Event.wait


CLOCK = Clock()


@dataclass
class Tally:
    """What came of one engine's turns in this run; `stopped` says why it was not asked further."""

    n_answered: int = 0
    n_failed: int = 0
    spent: Spent = field(default_factory=Spent)
    stopped: str = ""


class StoppedError(Exception):
    """Nothing more is asked: the run was stopped."""


class WaveBudget:
    """The budget of a wave, shared by its engines, and what stops them all.

    An engine whose next request may cost more than is left waits for what the others' requests
    under way give back: only where none is under way is the budget at its end.
    """

    def __init__(self, budget: Budget, stop: threading.Event) -> None:
        self.budget = budget
        self.stop = stop
        self._changed = threading.Condition()
        self._n_under_way = 0

    def take(self, model: str, most: Spent) -> None:
        """Set aside what a request may cost at most.

        Raises BudgetError where that is more than is left, StoppedError where the run was stopped.
        """
        with self._changed:
            while not self.stop.is_set():
                try:
                    self.budget.reserve(model, most)
                except BudgetError:
                    if not self._n_under_way:
                        raise
                    self._changed.wait(1.0)
                else:
                    self._n_under_way += 1
                    return
        raise StoppedError

    def give_back(self, model: str, most: Spent, spent: Spent) -> None:
        """Count what a request did cost, in place of what was set aside."""
        with self._changed:
            self.budget.settle(model, most, spent)
            self._n_under_way -= 1
            self._changed.notify_all()


class Asker:
    """Asks one engine.

    Args:
        engine: the engine.
        sender: what sends its requests.
        wave: where records are stored.
        purse: what may be spent, and what stops the run.
        retries: further tries after a failure that may pass.
        clock: what time it is, and how to wait.
    """

    def __init__(
        self,
        engine: AnswerEngine,
        sender: Sender,
        wave: WaveFile,
        purse: WaveBudget,
        retries: int = 4,
        clock: Clock = CLOCK,
    ) -> None:
        self.engine = engine
        self.tally = Tally()
        self._sender = sender
        self._wave = wave
        self._purse = purse
        self._retries = retries
        self._clock = clock
        self._next_turn = clock.now()
        self._n_failed_in_a_row = 0
        self._dearest = Spent()

    def run(self, turns: Sequence[Turn], tell: Callable[[], object]) -> None:
        """Take turns until all are taken, the engine or the budget fails, or the run is stopped; tell of each one stored."""
        for turn in turns:
            tries, why = self._try(turn)
            self.tally.stopped = why
            if tries.n:
                self._store(turn, tries, why)
                tell()
            if self.tally.stopped or self._purse.stop.is_set():
                return

    def _try(self, turn: Turn) -> tuple[Tries, str]:
        """Return what was sent for a turn and came of it, and why no more is asked; empty where more is."""
        tries = Tries()
        body = self.engine.body(turn.query)
        try:
            for _ in range(_MOST_PARTS):
                if not self._send(turn, body, tries):
                    break
                more = self.engine.form.go_on(body, tries.replies[-1])
                tries.is_paused = more is not None
                if more is None:
                    break
                body = more
        except BudgetError as error:
            return tries, f"{error.what}: {error.found}"
        except StoppedError:
            return tries, ""
        why = self.engine.why_stop(tries.failure) if tries.failure else ""
        return tries, f"{tries.found}: {why}" if why else ""

    def _send(self, turn: Turn, body: dict[str, Any], tries: Tries) -> bool:
        """Send one request, again where its failure may pass, and return whether it was answered.

        Raises BudgetError and StoppedError before a request is sent.
        """
        for attempt in range(self._retries + 1):
            if attempt and tries.failure:
                self._clock.wait(
                    self._purse.stop,
                    seconds_to_wait(tries.failure, attempt - 1),
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
        most = _larger(self.engine.most(body), self._dearest)
        self._purse.take(model, most)
        spent = most
        try:
            self._wave.note_sent(turn.exchange, most)
            tries.n = tries.n + 1
            tries.asked_at = datetime.now(UTC).isoformat()
            start = self._clock.now()
            reply, failure = self._sender.post(body)
            if failure is None:
                spent = replace(
                    self.engine.spent(body, reply),
                    seconds=self._clock.now() - start,
                )
                self._dearest = _larger(self._dearest, spent)
            elif not failure.may_cost:
                spent = Spent()
        finally:
            self._purse.give_back(model, most, spent)
        tries.spent += spent
        self.tally.spent += spent
        return reply, failure

    def _wait_turn(self) -> None:
        wait = self._next_turn - self._clock.now()
        if wait > 0:
            self._clock.wait(self._purse.stop, wait)
        if self._purse.stop.is_set():
            raise StoppedError
        self._next_turn = self._clock.now() + 60.0 / self.engine.settings.requests_per_minute

    def _store(self, turn: Turn, tries: Tries, why: str) -> None:
        is_cut_short = bool(why) or self._purse.stop.is_set()
        outcome: Outcome = (
            "answered" if tries.is_answered else "stopped" if is_cut_short else "failed"
        )
        self._wave.add(make_record(self.engine, turn, tries, outcome, self._wave.wave))
        self.tally.n_answered += outcome == "answered"
        self.tally.n_failed += outcome != "answered"
        self._n_failed_in_a_row = 0 if outcome == "answered" else self._n_failed_in_a_row + 1
        if not why and self._n_failed_in_a_row >= _MOST_FAILURES_IN_A_ROW:
            self.tally.stopped = f"{_MOST_FAILURES_IN_A_ROW} queries in a row had no answer, the last for: {tries.found}"


def _larger(one: Spent, other: Spent) -> Spent:
    return Spent(
        *(max(getattr(one, each.name), getattr(other, each.name)) for each in fields(Spent))
    )
