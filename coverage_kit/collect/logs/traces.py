"""One call of a model as tracing tools log it: what went in and what came out, in any provider's shape or as plain text."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    dict_of,
    engine_of,
    open_exchange,
    own_columns,
    prompt_of,
    words_of,
)
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.values import label_of, text_of

FindFormat = Callable[[Exchange], LogFormat | None]

_MAX_DEPTH = 8
_ROLES = {"human": "user", "ai": "assistant"}


def read_call(find_format: FindFormat, asked: Any, told: Any, model: str | None) -> LogRecord:
    """Return the record of a call from its input and output, read as a provider's response where they are one.

    Raises UnreadableRecordError where nobody asked anything.
    """
    request = _request(asked)
    prompt = prompt_of(request) or _asked_text(request)
    if not prompt:
        raise UnreadableRecordError("no query: the call has no message of a user")
    exchange = open_exchange(
        {
            "prompt": prompt,
            "request": request,
            "response": dict_of(told),
            "model": model,
        },
        {},
    )
    found = find_format(exchange) if dict_of(told) and "messages" not in told else None
    record = (list(found.read(exchange)) if found else [_read_plain(prompt, told)])[-1]
    engine = record.engine or engine_of(record.model or model)
    own = record.model or model
    return replace(record, engine=engine, model=own, surface=record.surface or "api")


def plain_messages(value: Any, depth: int = 0) -> list[Any]:
    """Return messages, nested or not, each with role and content: LangChain's spellings as OpenAI's.

    >>> plain_messages([[{"id": ["langchain", "HumanMessage"], "kwargs": {"content": "best crm"}}], ["ai", "Acme"]])
    [{'content': 'best crm', 'role': 'user'}, {'role': 'assistant', 'content': 'Acme'}]
    """
    if isinstance(value, dict):
        return [_plain_message(value)]
    if not isinstance(value, list) or depth > _MAX_DEPTH:
        return [value]
    if len(value) == 2 and all(isinstance(one, str) for one in value):
        return [{"role": _ROLES.get(value[0], value[0]), "content": value[1]}]
    return [message for one in value for message in plain_messages(one, depth + 1)]


def _plain_message(message: dict[str, Any]) -> dict[str, Any]:
    inner = dict_of(message.get("kwargs")) or dict_of(message.get("data")) or message
    name = message["id"][-1:] if isinstance(message.get("id"), list) else []
    kind = text_of(inner.get("role") or inner.get("type") or name or message.get("type"))
    kind = kind.lower().removesuffix("chunk").removesuffix("message")
    return {**inner, "role": _ROLES.get(kind, kind)} if "content" in inner else message


def _request(asked: Any) -> dict[str, Any]:
    if isinstance(asked, dict) and "content" not in asked and "kwargs" not in asked:
        lists = {
            key: plain_messages(value) for key, value in asked.items() if isinstance(value, list)
        }
        return {**asked, **lists}
    return (
        {"messages": plain_messages(asked)}
        if isinstance(asked, (dict, list))
        else {"prompt": text_of(asked)}
    )


def _asked_text(request: dict[str, Any]) -> str:
    """Return the text of the field that is named as a query is, else of the only one that holds text."""
    named = text_of(request.get(own_columns(tuple(request)).get("query", "")))
    texts = [value for value in request.values() if isinstance(value, str) and value.strip()]
    return named or (texts[0].strip() if len(texts) == 1 else "")


def _read_plain(prompt: str, told: Any) -> LogRecord:
    values = dict_of(told)
    mapping = {
        field: name for field, name in own_columns(tuple(values)).items() if field != "query"
    }
    record = generic.read_row({**values, "": prompt}, {**mapping, "query": ""})
    said = plain_messages(values.get("messages", told))
    last = next(
        (one for one in reversed(said) if dict_of(one).get("role") == "assistant"),
        None,
    )
    if last is not None or not record.answer:
        record = replace(
            record,
            answer=words_of(dict_of(last).get("content")) if last else _told_text(told),
        )
    return record


def _told_text(told: Any) -> str:
    texts = [value for value in dict_of(told).values() if isinstance(value, str) and value.strip()]
    return label_of(told) or (texts[0].strip() if len(texts) == 1 else "")
