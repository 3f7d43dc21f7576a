"""An API call as logged: the request, the response, and what stands around them."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.record import Citation, LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.values import citations_of, error_of, label_of, number_of, readable, text_of

_PROMPT_KEYS = ("input", "messages", "query", "prompt", "question", "user_query", "user_prompt", "user_input")


@dataclass(frozen=True)
class Exchange:
    """One request and its response: `body` is the response's, `outer` the whole logged record."""

    prompt: str
    request: dict[str, Any]
    body: dict[str, Any]
    outer: dict[str, Any]
    error: str | None


@dataclass(frozen=True)
class LogFormat:
    """One API's format: which exchanges are its own, how to read one, and where the fields come from.

    `read` raises UnreadableRecordError for an exchange that cannot be read.
    """

    name: str
    fields: dict[str, str]
    recognises: Callable[[Exchange], bool]
    read: Callable[[Exchange], LogRecord]


def open_exchange(values: dict[str, Any], prompts: Mapping[str, str]) -> Exchange:
    """Return the exchange of a logged record: a bare response, a request with its response, or a line of a batch.

    `prompts` are those of a batch's requests by custom_id, for responses that are logged without their request.
    """
    response = dict_of(values.get("response"))
    request = dict_of(values.get("request"))
    request = dict_of(request.get("body")) or request
    is_wrapped = bool(response) or "custom_id" in values
    body = dict_of(response.get("body")) or (response if is_wrapped else values)
    prompt = prompt_of(request) or prompt_of(values) or prompts.get(text_of(values.get("custom_id")), "")
    status = response.get("status_code", values.get("status_code"))
    error = error_of(body.get("error"), body.get("status")) or error_of(values.get("error"), status)
    return Exchange(prompt, request, body, values, error)


def is_batch_request(values: dict[str, Any]) -> bool:
    """Return whether a record is a line of a batch's input: a request whose response stands elsewhere."""
    return "custom_id" in values and isinstance(values.get("body"), dict) and "response" not in values


def prompt_of(request: Mapping[str, Any]) -> str:
    """Return the last thing the user said in a request: its input, its messages or its prompt; empty where unknown."""
    return next((text for key in _PROMPT_KEYS if (text := _last_said(request.get(key)))), "")


def begin_record(exchange: Exchange, engine: str, answer: str) -> dict[str, Any]:
    """Return a LogRecord's fields that all exchanges share, the record's own columns before the response's.

    Raises UnreadableRecordError where the prompt is unknown.
    """
    if not exchange.prompt:
        raise UnreadableRecordError("no prompt: the response stands without its request")
    outer, body = exchange.outer, exchange.body
    own = {field: outer.get(column) for field, column in _own_columns(tuple(outer)).items()}
    return {
        "query": exchange.prompt,
        "answer": answer,
        "engine": label_of(own.get("engine")) or engine,
        "model": label_of(body.get("model")) or label_of(exchange.request.get("model")) or label_of(own.get("model")),
        "surface": label_of(own.get("surface")) or "api",
        "run_id": label_of(own.get("run_id")) or label_of(body.get("id")),
        "asked_at": own.get("asked_at") or body.get("created_at") or body.get("created"),
        "demand": number_of(own.get("demand")),
        "error": exchange.error,
    }


def read_messages(output: list[dict[str, Any]]) -> tuple[str, tuple[Citation, ...]]:
    """Return the text of all messages of a response, joined by newlines, and its citations with their spans in it."""
    answer, citations = "", list[Citation]()
    for part in (part for item in output for part in dicts_of(item.get("content"))):
        text = part.get("text")
        if part.get("type") != "output_text" or not isinstance(text, str):
            continue
        answer += "\n" if answer else ""
        citations += [_moved(citation, len(answer)) for citation in citations_of(dicts_of(part.get("annotations")))]
        answer += readable(text)
    return answer, tuple(citations)


def dict_of(value: Any) -> dict[str, Any]:
    """Return the value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@functools.lru_cache(maxsize=256)
def _own_columns(names: tuple[str, ...]) -> dict[str, str]:
    return choose_columns(names, {})


def _moved(citation: Citation, offset: int) -> Citation:
    if citation.start is None or citation.end is None:
        return Citation(citation.url)
    return Citation(citation.url, citation.start + offset, citation.end + offset)


def _last_said(value: Any) -> str:
    if isinstance(value, str):
        return text_of(value)
    said = [text_of(message.get("content")) for message in dicts_of(value) if message.get("role") == "user"]
    return next((text for text in reversed(said) if text), "")
