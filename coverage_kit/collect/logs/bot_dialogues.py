"""Dialogues of an own bot or chat tool: one record a conversation, with its messages in a list.

They are known by their messages alone, as `message_rows.py` knows a table of messages. Lists of
questions with their answers, as question-and-answer bots export them, are read too.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    dict_of,
    dicts_of,
    own_columns,
)
from coverage_kit.collect.logs.message_rows import read_dialogue
from coverage_kit.collect.logs.record import (
    LogRecord,
    Outcome,
    Reject,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.values import label_of

# The fields that may hold the messages of a conversation, or an object with them.
_LISTS = (
    *("messages", "conversations", "conversation", "turns", "events", "transcript", "history"),
    *("dialog", "dialogue", "comments", "interactions", "conversation_parts", "chat", "parts"),
    *("question_answers", "questions", "qa_pairs", "thread", "replies"),
)
# The field that may hold the first message, apart from the others (Intercom).
_OPENINGS = ("source", "conversation_message")
# Objects nest the messages no deeper than this (assumed).
_MAX_DEPTH = 3
_IDS = ("conversation_id", "conversationId", "chat_id", "thread_id", "session_id", "sender_id")
_TIMES = ("created_at", "createdAt", "create_time", "timestamp", "updated_at")


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    if "query" in own_columns(tuple(body)) and label_of(
        body.get(own_columns(tuple(body))["query"])
    ):
        return False
    return any(_outcomes(messages) for messages in _lists_in(body))


def _read(exchange: Exchange) -> list[Outcome]:
    body = exchange.body
    outcomes = next((turns for messages in _lists_in(body) if (turns := _outcomes(messages))), [])
    own = own_columns(tuple(exchange.outer))
    for record in outcomes:
        if isinstance(record, LogRecord):
            ids = (body.get(name) for name in (*_IDS, "id", "uuid"))
            record.run_id = record.run_id or next(
                (text for cell in ids if (text := label_of(cell))), None
            )
            times = (body.get(name) for name in _TIMES)
            record.asked_at = record.asked_at or next((cell for cell in times if cell), None)
            record.market = record.market or label_of(exchange.outer.get(own.get("market", "")))
            record.model = record.model or label_of(exchange.outer.get(own.get("model", "")))
    return outcomes


def _lists_in(body: dict[str, Any], depth: int = 0) -> Iterator[list[dict[str, Any]]]:
    """Yield the lists of a record that may be its messages."""
    for name in _LISTS:
        held = body.get(name)
        if messages := dicts_of(held):
            yield [*_opening(body), *messages]
        elif isinstance(held, dict) and depth < _MAX_DEPTH:
            for messages in _lists_in(held, depth + 1):
                yield [*_opening(body), *messages]
            # Some tools hold messages by their ids.
            if by_id := [message for message in held.values() if isinstance(message, dict)]:
                yield by_id


def _opening(body: dict[str, Any]) -> list[dict[str, Any]]:
    first = next((dict_of(body.get(name)) for name in _OPENINGS if dict_of(body.get(name))), {})
    opening: dict[str, Any] = {name: first[name] for name in ("body", "author") if name in first}
    if len(opening) < 2:
        return []
    time = next((body[name] for name in _TIMES if body.get(name)), None)
    return [{**opening, "created_at": first.get("created_at", time)}]


def _outcomes(messages: list[dict[str, Any]]) -> list[Outcome]:
    return _pairs(messages) or read_dialogue(messages)


def _pairs(messages: Iterable[dict[str, Any]]) -> list[Outcome]:
    """Return the records of a list of questions with their answers, [] for any other list."""
    outcomes = list[Outcome]()
    for message in messages:
        columns = own_columns(tuple(message))
        is_pair = {"query", "answer"} <= columns.keys() and columns["query"] not in (
            "text",
            "input",
        )
        if not is_pair or not isinstance(message[columns["query"]], str):
            return []
        try:
            outcomes.append(generic.read_row(message, columns))
        except UnreadableRecordError as error:
            outcomes.append(Reject(str(error)))
    return outcomes


FORMAT: LogFormat = LogFormat(
    name="dialogues of a bot",
    fields={"query": "messages of users", "answer": "messages of assistants"},
    recognises=_recognises,
    read=_read,
    known=frozenset({*_LISTS, *_OPENINGS, *_IDS, *_TIMES, "uuid", "title"}),
)
