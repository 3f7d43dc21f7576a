"""Logs of chat completions and dialogues.

What the user said is the query. What the assistant said next is the answer.
"""

from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
    engine_of,
    own_columns,
    user_text,
)
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.values import citations_of, readable, text_of


def _recognises(exchange: Exchange) -> bool:
    is_completion = any("message" in choice for choice in dicts_of(exchange.body.get("choices")))
    is_dialogue = any(
        message.get("role") == "user" for message in dicts_of(exchange.body.get("messages"))
    )
    return is_completion or is_dialogue or (bool(exchange.error) and "messages" in exchange.request)


def _read(exchange: Exchange) -> list[LogRecord]:
    """Return the record of a completion, or the records of a dialogue.

    A dialogue has a record for each turn of the user that the assistant answered, and a record for
    the last turn whether or not it was answered.
    """
    choices = dicts_of(exchange.body.get("choices"))
    if choices:
        return [_read_turn(exchange, dict_of(choices[0].get("message")))]
    turns = _turns(dicts_of(exchange.body.get("messages"))) or [(exchange.prompt, {})]
    turns_to_read = [turn for turn in turns[:-1] if turn[1]] + turns[-1:]
    return [
        _read_turn(replace(exchange, prompt=prompt), message) for prompt, message in turns_to_read
    ]


def _read_turn(exchange: Exchange, message: dict[str, Any]) -> LogRecord:
    """Return the record of a turn; `message` is the assistant's, empty where there is none."""
    content = message.get("content")
    # A string is not stripped, because the offsets of spans count white space at the start.
    answer = readable(content) if isinstance(content, str) else text_of(content)
    if not message:
        answer = text_of(exchange.outer.get(own_columns(tuple(exchange.outer)).get("answer", "")))
    engine = engine_of(exchange.body.get("model") or exchange.request.get("model"))
    citations = citations_of(dicts_of(message.get("annotations")))
    return LogRecord(**begin_record(exchange, engine, answer), citations=citations)


def _turns(messages: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return each prompt of the user with the assistant's last message about it, {} for none."""
    turns: list[tuple[str, dict[str, Any]]] = []
    for message in messages:
        if prompt := user_text(message):
            turns.append((prompt, {}))
        elif turns and message.get("role") == "assistant" and text_of(message.get("content")):
            turns[-1] = (turns[-1][0], message)
    return turns


FORMAT = LogFormat(
    name="chat completions",
    fields={
        "query": "messages",
        "answer": "message.content",
        "model": "model",
        "asked_at": "created",
        "citations": "annotations",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset({"messages", "choices"}),
)
