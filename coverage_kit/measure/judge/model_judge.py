"""A language model as judge, after G-Eval: the mean over its grades, weighted by their probabilities or over samples."""

from collections.abc import Sequence
from dataclasses import replace

from coverage_kit.chat import RETRIES, Completion, Endpoint, Prompt, Reply
from coverage_kit.costs import Budget, Spent, count_tokens
from coverage_kit.errors import JudgeError, ModelError
from coverage_kit.measure.judge.cache import ReplyCache
from coverage_kit.measure.judge.form import find_grade, weigh_grade, write_form
from coverage_kit.measure.judge.protocol import Foreseen, Grade, Item
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.settings import JudgeSettings

N_ALTERNATIVES = 20
_WEIGHTED = "weighted"
_ROOM = 32  # tokens for a number and a few words
_ROOM_TO_THINK = 2_000  # for models that think before they write
_OVERHEAD = 20  # tokens of roles and separators


class ModelJudge:
    """A model behind any OpenAI-compatible endpoint.

    It is asked at temperature 0 for the likeliest tokens where the grade stands. An endpoint that gives no probabilities is
    asked for `settings.samples` replies at temperature 1, whose mean is the grade. What it replied is kept in the cache.

    Args:
        settings: model, endpoint, name of the key's environment variable, seconds to wait, samples.
        budget: what may be spent; it is shared with whoever else is given it.
        cache: replies kept on disk; without one nothing is kept.
        retries: further tries after a timeout, a lost connection, 429 or 5xx, with growing pauses.

    Raises SettingsError where no model is configured, the key is missing, money is limited and the model has no price, or the
    `openai` library is not installed.
    """

    def __init__(
        self, settings: JudgeSettings, budget: Budget, cache: ReplyCache | None = None, retries: int = RETRIES
    ) -> None:
        self._endpoint = Endpoint(settings, "judge", JudgeError, retries)
        budget.check_price(settings.model)
        self.budget, self._settings, self._cache = budget, settings, cache
        self._has_probabilities: bool | None = None
        self._room = _ROOM
        self._sampled = f"{settings.samples} samples"

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._endpoint.model

    def grade(self, rubric: Rubric, item: Item, repeat: int = 0, is_swapped: bool = False) -> Grade:
        """Return the model's grade; without one, and told why, where what it replies is none.

        Raises JudgeError where the endpoint gives no reply, BudgetError where one would cost more than is left.
        """
        system, user = write_form(rubric, item, is_swapped)
        asked = (self.name, self._settings.base_url, rubric.key, system, user, repeat)
        for kind in (_WEIGHTED, self._sampled):
            kept = self._cache.find((*asked, kind)) if self._cache else None
            if kept is not None:
                return self._read(rubric, kept, kind, Spent(n_reused=1))
        done, kind = self._ask(Prompt(system, user))
        if self._cache:
            self._cache.keep((*asked, kind), done.replies)
        return self._read(rubric, done.replies, kind, done.spent)

    def foresee(self, rubric: Rubric, item: Item, repeat: int = 0, is_swapped: bool = False) -> Foreseen:
        """Return what that grade will cost, asking nobody."""
        system, user = write_form(rubric, item, is_swapped)
        asked = (self.name, self._settings.base_url, rubric.key, system, user, repeat)
        if self._cache and any(self._cache.find((*asked, kind)) is not None for kind in (_WEIGHTED, self._sampled)):
            return Foreseen(is_cached=True)
        prompt = Prompt(system, user)
        sampled = self._most(replace(prompt, n=self._settings.samples))
        return Foreseen(likely=sampled if self._has_probabilities is False else self._most(prompt), most=sampled)

    def _ask(self, prompt: Prompt) -> tuple[Completion, str]:
        """Return the replies and their kind; an endpoint that once gave no probabilities is asked for samples from then on."""
        spent = Spent()
        if self._has_probabilities is not False:
            done = self._complete(replace(prompt, n_alternatives=N_ALTERNATIVES))
            self._has_probabilities = any(done.replies[0].alternatives)
            if self._has_probabilities:
                return done, _WEIGHTED
            spent = done.spent
        done = self._complete(replace(prompt, n=self._settings.samples, temperature=1.0))
        return replace(done, spent=spent + done.spent), self._sampled

    def _complete(self, prompt: Prompt) -> Completion:
        done = self._complete_within(prompt)
        if self._room == _ROOM and all(_is_cut_thought(reply) for reply in done.replies):
            self._room = _ROOM_TO_THINK
            more = self._complete_within(prompt)
            return replace(more, spent=done.spent + more.spent)
        return done

    def _complete_within(self, prompt: Prompt) -> Completion:
        """Return the replies, for which what they may cost at most was set aside before, and what they did cost counted."""
        most, spent = self._most(prompt), Spent()
        self.budget.reserve(self.name, most)
        try:
            done = self._endpoint.complete(replace(prompt, most_tokens=self._room))
            spent = _told_or_counted(prompt, done)
        except ModelError as error:
            spent = most if error.may_cost else spent
            raise
        finally:
            self.budget.settle(self.name, most, spent)
        return replace(done, spent=spent)

    def _most(self, prompt: Prompt) -> Spent:
        """Return what a request may cost at most: an endpoint that gives one reply at a time reads the prompt for each."""
        n_read = count_tokens(prompt.system + prompt.user) + _OVERHEAD
        return Spent(prompt.n, n_input_tokens=n_read * prompt.n, n_output_tokens=self._room * prompt.n)

    def _read(self, rubric: Rubric, replies: Sequence[Reply], kind: str, spent: Spent) -> Grade:
        if kind == _WEIGHTED:
            weighed = weigh_grade(replies[0], rubric)
            if weighed.grade is not None:
                return Grade(weighed.grade, is_weighted=True, spent=spent)
            told = f"all grades together have a probability of {weighed.mass:.2f}" if weighed.mass else _tell(replies[0])
            return Grade(None, n_unreadable=1, spent=spent, error=f"no grade: {told}")
        found = [one.grade for reply in replies if (one := find_grade(reply.text, rubric))]
        n_unreadable = len(replies) - len(found)
        if len(found) <= n_unreadable:
            told = f"no grade in {n_unreadable} of {len(replies)} replies: {_tell(replies[-1])}"
            return Grade(None, False, len(found), n_unreadable, spent, told)
        return Grade(sum(found) / len(found), False, len(found), n_unreadable, spent)


def _told_or_counted(prompt: Prompt, done: Completion) -> Spent:
    """Return what was spent, as told; where the endpoint tells no tokens, as counted."""
    if done.spent.n_tokens:
        return done.spent
    n_written = sum(count_tokens(reply.text) for reply in done.replies)
    n_read = (count_tokens(prompt.system + prompt.user) + _OVERHEAD) * done.spent.n_calls
    return replace(done.spent, n_input_tokens=n_read, n_output_tokens=n_written)


def _is_cut_thought(reply: Reply) -> bool:
    return reply.finish_reason == "length" and (not reply.text or reply.text.startswith("<think>"))


def _tell(reply: Reply) -> str:
    text = " ".join(reply.text.split())
    return repr(text[:80]) if text else f"an empty reply ({reply.finish_reason or 'no reason told'})"
