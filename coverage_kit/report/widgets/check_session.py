"""Checking questions one by one: what is chosen, undone and still to do, without any screen."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median

from coverage_kit.errors import CoverageKitError
from coverage_kit.vocabulary import CHOICES

# Seconds a question, from which the time left is estimated first: 50 questions in 15 minutes.
# Assumed.
_USUAL_SECONDS = 18.0
# How many usual questions weigh as much as those that were timed, so that the first few do not
# rule the estimate; and the last questions that count. Assumed.
_N_USUAL = 3
_N_TIMED = 15
# Who takes longer than these seconds for a question is away from the desk. Assumed.
_PAUSE_SECONDS = 90.0


@dataclass(frozen=True)
class CheckedQuestion:
    """One question of a sample: its choice, one of CHOICES or empty, and a person's note."""

    query_id: str
    text: str
    choice: str = ""
    note: str = ""


Save = Callable[[Mapping[str, CheckedQuestion]], None]


class CheckSession:
    """A person's way through the questions of a sample; each choice is saved at once.

    It starts at the first question that has no choice. What cannot be saved is kept, and saved
    with the next change.

    Args:
        questions: the sample, in the order in which it is shown; one at least.
        save: writes changed questions, by query_id; raises CoverageKitError where it cannot.
        clock: seconds of a clock that never goes back.

    Attributes:
        position: number of the question shown, from 0.
        failure: why the last change is not saved; empty where it is.
    """

    def __init__(
        self,
        questions: list[CheckedQuestion],
        save: Save,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._questions = list(questions)
        self._save = save
        self._clock = clock
        self._unsaved: dict[str, CheckedQuestion] = {}
        self._former: list[tuple[str, str]] = []
        self._seconds = [_USUAL_SECONDS] * _N_USUAL
        self._shown_at = clock()
        self._positions = {question.query_id: i for i, question in enumerate(self._questions)}
        self.failure = ""
        self.position = 0
        if self.question.choice:
            self._show(self._next_unchecked())

    @property
    def question(self) -> CheckedQuestion:
        """The question shown."""
        return self._questions[self.position]

    @property
    def n_questions(self) -> int:
        """Questions of the sample."""
        return len(self._questions)

    @property
    def n_checked(self) -> int:
        """Questions with a choice."""
        return sum(bool(question.choice) for question in self._questions)

    @property
    def can_undo(self) -> bool:
        """Whether this session has a choice to take back."""
        return bool(self._former)

    def count_choices(self) -> dict[str, int]:
        """Return how many questions have each choice, in the order of CHOICES."""
        counts = Counter(question.choice for question in self._questions)
        return {choice: counts[choice] for choice in CHOICES}

    def estimate_minutes(self) -> float:
        """Return the minutes that the unchecked questions take at the speed so far."""
        return (self.n_questions - self.n_checked) * median(self._seconds[-_N_TIMED:]) / 60

    def choose(self, query_id: str, choice: str, note: str | None = None) -> None:
        """Set the choice and note of a question, save it, and show the next unchecked question.

        A question or choice that the sample does not know changes nothing; a note of None stays.
        """
        if query_id not in self._positions or choice not in CHOICES:
            return
        elapsed = self._clock() - self._shown_at
        if query_id == self.question.query_id and elapsed <= _PAUSE_SECONDS:
            self._seconds.append(elapsed)
        position = self._positions[query_id]
        self._former.append((query_id, self._questions[position].choice))
        self._change(query_id, choice, note)
        self.position = position
        self._show(self._next_unchecked())

    def undo(self) -> None:
        """Take back the last choice of this session, save that, and show its question."""
        if self._former:
            query_id, choice = self._former.pop()
            self._change(query_id, choice)
            self._show(self._positions[query_id])

    def write_note(self, query_id: str, note: str) -> None:
        """Set the note of a question and save it."""
        if query_id in self._positions:
            self._change(query_id, note=note)

    def move(self, step: int) -> None:
        """Show the question so many further on; it stops at both ends."""
        self._show(min(max(self.position + step, 0), self.n_questions - 1))

    def _change(self, query_id: str, choice: str | None = None, note: str | None = None) -> None:
        position = self._positions[query_id]
        before = self._questions[position]
        after = replace(
            before,
            choice=before.choice if choice is None else choice,
            note=before.note if note is None else note,
        )
        if after != before:
            self._questions[position] = self._unsaved[query_id] = after
        if self._unsaved:
            try:
                self._save(dict(self._unsaved))
            except CoverageKitError as error:
                self.failure = str(error)
            else:
                self.failure = ""
                self._unsaved.clear()

    def _next_unchecked(self) -> int:
        """Return the first unchecked question behind the shown one, from the top again at the end.

        Where every question is checked, it is the shown one.
        """
        order = [
            *range(self.position + 1, self.n_questions),
            *range(self.position + 1),
        ]
        unchecked = (i for i in order if not self._questions[i].choice)
        return next(unchecked, self.position)

    def _show(self, position: int) -> None:
        self.position = position
        self._shown_at = self._clock()
