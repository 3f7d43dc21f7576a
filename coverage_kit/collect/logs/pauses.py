"""Turns that Claude paused, joined with their continuations: both are one answer.

The API ends a long turn with the stop reason `pause_turn`. The caller sends what there is so far as
the assistant's words, and the next response goes on from there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import (
    Exchange,
    dict_of,
    dicts_of,
    open_exchange,
    prompt_of,
    user_text,
)
from coverage_kit.collect.logs.joined_rows import merged_row
from coverage_kit.collect.logs.lines import Row

PAUSE = "pause_turn"
_CONTINUATION = "the continuation of a paused turn"
# So many calls wait for the rest of their turns (assumed); a log has few at a time.
_MAX_WAITING = 1000
# What a caller may say to let a paused turn go on: it is no question.
_GO_ON = frozenset({"continue", "please continue", "go on", "please go on", "continue please"})
# The fields that hold a request or a response, and those of a response that is logged bare.
_EXCHANGE_FIELDS = frozenset(
    ("request", "params", "response", "result", "body", "content", "role", "type", "model")
) | {"stop_reason", "stop_sequence", "stop_details", "usage", "container", "context_management"}


@dataclass(frozen=True)
class _Call:
    """A call of the API: its row, and what was asked and said."""

    row: Row
    exchange: Exchange
    messages: list[dict[str, Any]]
    content: list[dict[str, Any]]

    @property
    def question(self) -> str:
        """The last words of the user that ask something."""
        texts = (user_text(message) for message in reversed(self.messages))
        asked = (text for text in texts if text and not _is_go_on(text))
        return next(asked, self.exchange.prompt)

    @property
    def is_paused(self) -> bool:
        return text_of(self.exchange.body.get("stop_reason")) == PAUSE

    @property
    def said_before(self) -> list[dict[str, Any]]:
        """The blocks that the request repeats as the assistant's words about its question."""
        blocks: list[dict[str, Any]] = []
        for message in reversed(self.messages):
            if message.get("role") == "assistant":
                content = message.get("content")
                text = [{"type": "text", "text": content}] if isinstance(content, str) else []
                blocks = [*text, *dicts_of(content), *blocks]
            elif not _is_go_on(user_text(message)):
                break
        return blocks


def join_pauses(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, with each paused turn and its continuations as one record.

    The record has the request of the first and the words of all. A turn without its continuation is
    left as it is, and so is a continuation without its turn.
    """
    paused = _Waiting(lambda waiting, call: _continues(call, waiting))
    early = _Waiting(_continues)
    for row in rows:
        call = _call_of(row)
        if call is None:
            yield row
            continue
        while (first := paused.take(call)) is not None:
            yield merged_row(call.row.line, _CONTINUATION)
            call = _joined(first, call)
        # In a log that lists the newest first, the continuation comes before its turn.
        while call.is_paused and (later := early.take(call)) is not None:
            yield merged_row(later.row.line, _CONTINUATION)
            call = _joined(call, later)
        if call.is_paused:
            yield from paused.keep(call)
        elif any(block.get("type") == "server_tool_use" for block in call.said_before):
            yield from early.keep(call)
        else:
            yield call.row
    yield from (*early.rows(), *paused.rows())


class _Waiting:
    """Calls that wait for the rest of their turns, by their questions.

    `belongs` returns whether a call that waits and another one are parts of the same turn.
    """

    def __init__(self, belongs: Callable[[_Call, _Call], bool]) -> None:
        self._belongs = belongs
        self._calls: dict[str, list[_Call]] = {}
        self._n_calls = 0

    def take(self, call: _Call) -> _Call | None:
        """Return the first call of the turn of another one, which waits no more; else None."""
        calls = self._calls.get(call.question, [])
        first = next((waiting for waiting in calls if self._belongs(waiting, call)), None)
        if first is not None:
            calls.remove(first)
            self._n_calls -= 1
        return first

    def keep(self, call: _Call) -> Iterator[Row]:
        """Keep a call, and yield the row of the oldest question where too many wait."""
        self._calls.setdefault(call.question, []).append(call)
        self._n_calls += 1
        if self._n_calls > _MAX_WAITING:
            oldest = self._calls.pop(next(iter(self._calls)))
            self._n_calls -= len(oldest)
            yield from (other.row for other in oldest)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all calls that wait."""
        yield from (call.row for calls in self._calls.values() for call in calls)


def _call_of(row: Row) -> _Call | None:
    """Return the call of a row that is paused or may continue a paused one, else None."""
    values = row.values
    if row.problem or not _may_matter(values):
        return None
    exchange = open_exchange(values, {})
    request = exchange.request or values
    messages = dicts_of(request.get("messages"))
    call = _Call(row, exchange, messages, dicts_of(exchange.body.get("content")))
    has_content = bool(call.content) and "stop_reason" in exchange.body
    return call if has_content or call.is_paused else None


def _may_matter(values: dict[str, Any]) -> bool:
    """Return whether a record may be a message of this API."""
    if "stop_reason" in values:
        return True
    for key in ("response", "result", "body"):
        inner = values.get(key)
        if isinstance(inner, str) and '"stop_reason"' in inner:
            return True
        inner = dict_of(inner)
        if "stop_reason" in inner or any(
            "stop_reason" in dict_of(inner.get(name)) for name in ("body", "message")
        ):
            return True
    return False


def _continues(call: _Call, paused: _Call) -> bool:
    """Return whether a call goes on where another was paused."""
    if call.question != paused.question or not paused.question:
        return False
    said = call.said_before
    ids = {text_of(block.get("id")) for block in said if block.get("id")}
    paused_ids = {text_of(block.get("id")) for block in paused.content if block.get("id")}
    if ids and paused_ids:
        return bool(ids & paused_ids)
    repeats = bool(paused.content) and call.content[: len(paused.content)] == paused.content
    return bool(said) or repeats


def _joined(first: _Call, then: _Call) -> _Call:
    """Return two calls as one, in the place of the first."""
    rest = list(then.content)
    # The continuation may repeat what was said before the pause.
    while rest and rest[0] in first.content:
        rest.pop(0)
    content = [*first.content, *rest]
    outer = {
        name: value
        for call in (then, first)
        for name, value in call.row.values.items()
        if name not in _EXCHANGE_FIELDS
    }
    body = {**then.exchange.body, "content": content}
    request = first.exchange.request or {"messages": first.messages}
    if not prompt_of(request):
        request = {**request, "prompt": first.exchange.prompt}
    values = {**outer, "request": request, "response": body}
    row = Row(first.row.line, values)
    return _Call(row, open_exchange(values, {}), first.messages, content)


def _is_go_on(text: str) -> bool:
    return not text or text.strip(" .!").lower() in _GO_ON
