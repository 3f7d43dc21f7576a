"""Logs of chat completions and dialogues.

What the user said is the query. What the assistant said next is the answer.
"""

from dataclasses import replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    called_tools,
    dict_of,
    dicts_of,
    engine_of,
    further_answers,
    missing_text,
    own_columns,
    refusal_of,
    user_text,
)
from coverage_kit.collect.logs.record import Aside, LogRecord, Outcome, Reject
from coverage_kit.collect.logs.values import citations_of


def _recognises(exchange: Exchange) -> bool:
    is_completion = any("message" in choice for choice in dicts_of(exchange.body.get("choices")))
    is_dialogue = any(
        message.get("role") == "user" for message in dicts_of(exchange.body.get("messages"))
    )
    return is_completion or is_dialogue or (bool(exchange.error) and "messages" in exchange.request)


def _read(exchange: Exchange) -> list[Outcome]:
    """Return the record of a completion, or the records of a dialogue.

    A dialogue has a record for each turn of the user that the assistant answered, and a record for
    the last turn whether or not it was answered. Earlier turns without an answer are rejects.
    """
    choices = dicts_of(exchange.body.get("choices"))
    if choices:
        reason = text_of(choices[0].get("finish_reason"))
        record = _read_turn(exchange, dict_of(choices[0].get("message")), reason)
        return [record, *further_answers(choices)]
    messages = dicts_of(exchange.body.get("messages"))
    turns = _turns(messages) or [(exchange.prompt, {})]
    last = len(turns) - 1
    return [
        *_greetings(messages),
        *(
            _read_dialogue_turn(exchange, prompt, message, is_last=number == last)
            for number, (prompt, message) in enumerate(turns)
        ),
    ]


def _read_dialogue_turn(
    exchange: Exchange, prompt: str, message: dict[str, Any], is_last: bool
) -> Outcome:
    if not prompt and (message or not is_last):
        return Reject("no query: a message of the user without words")
    if message or is_last:
        return _read_turn(replace(exchange, prompt=prompt), message)
    return Reject("no answer: the next message is the user's again")


def _greetings(messages: list[dict[str, Any]]) -> list[Outcome]:
    """Return an `Aside` for each message with which the assistant opens a dialogue."""
    first = next((i for i, message in enumerate(messages) if message.get("role") == "user"), 0)
    return [Aside("a greeting") for message in messages[:first] if _is_reply(message)]


def _read_turn(exchange: Exchange, message: dict[str, Any], finish_reason: str = "") -> LogRecord:
    """Return the record of a turn; `message` is the assistant's, empty where there is none."""
    content = message.get("content")
    # A string is not stripped, because the offsets of spans count white space at the start.
    answer = readable(content) if isinstance(content, str) else text_of(content)
    if not message:
        answer = text_of(exchange.outer.get(own_columns(tuple(exchange.outer)).get("answer", "")))
    engine = engine_of(exchange.body.get("model") or exchange.request.get("model"))
    citations = citations_of(dicts_of(message.get("annotations")))
    fields = begin_record(exchange, engine, answer)
    # "stop" and "length" alone would not say more than that there is no text.
    called = called_tools(message)
    reasons = (
        f"finish reason {finish_reason}" if finish_reason not in ("", "stop") else "",
        f"it calls {called}" if called else "",
    )
    fields["error"] = fields["error"] or missing_text(
        answer, refusal_of(message), ": ".join(reason for reason in reasons if reason)
    )
    return LogRecord(**fields, citations=citations)


def _turns(messages: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return each prompt of the user with the assistant's last message about it, {} for none.

    The prompt is empty where the user sent no words, such as a picture.
    """
    turns: list[tuple[str, dict[str, Any]]] = []
    for message in messages:
        prompt = user_text(message)
        if prompt or (message.get("role") == "user" and not _is_tool_result(message)):
            turns.append((prompt, {}))
        elif turns and (_is_reply(message) or (_is_stop(message) and not turns[-1][1])):
            turns[-1] = (turns[-1][0], message)
    return turns


def _is_reply(message: dict[str, Any]) -> bool:
    has_words = bool(text_of(message.get("content")) or refusal_of(message))
    return message.get("role") == "assistant" and has_words


def _is_stop(message: dict[str, Any]) -> bool:
    """Return whether the assistant hands over to tools, without words."""
    return message.get("role") == "assistant" and bool(called_tools(message))


def _is_tool_result(message: dict[str, Any]) -> bool:
    """Return whether a message only hands on what tools returned, so that it asks nothing new."""
    kinds = [part.get("type") for part in dicts_of(message.get("content"))]
    return bool(kinds) and all(kind == "tool_result" for kind in kinds)


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
