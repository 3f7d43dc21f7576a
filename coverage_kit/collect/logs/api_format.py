"""An API call as logged: the request, the response, and what stands around them."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.record import (
    Citation,
    LogRecord,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.values import (
    citations_of,
    error_of,
    label_of,
    parsed,
    readable,
    text_of,
)

_PROMPT_KEYS = (
    *("input", "messages", "contents", "query", "prompt", "question"),
    *("user_query", "user_prompt", "user_input"),
)
_ID_KEYS = ("custom_id", "request_id", "key", "id")
_REQUEST_KEYS = ("request", "params", "body")
_OUTCOMES = frozenset({"response", "result", "error"})
_WORDS = (None, "text", "input_text", "output_text")
_FAMILY = re.compile(
    r"(?<![a-z])(gpt|chatgpt|o[134](?![^-])|claude|gemini|sonar|grok|deepseek|mistral)"
)
_OWN_NAME = ("claude", "gemini", "grok", "deepseek", "mistral")


@dataclass(frozen=True)
class Exchange:
    """One request and its response: `body` is the response's, `outer` the whole logged record."""

    prompt: str
    request: dict[str, Any]
    body: dict[str, Any]
    outer: dict[str, Any]
    error: str | None


@dataclass(frozen=True, eq=False)
class LogFormat:
    """One API's format: which exchanges are its own, how to read one, and where the fields come from.

    `read` gives one record or, for a dialogue, several; it raises UnreadableRecordError for an
    exchange that cannot be read. `known` are the fields of the logged record and of its response
    that it reads: all others are kept as the record's `extra`.
    """

    name: str
    fields: dict[str, str]
    recognises: Callable[[Exchange], bool]
    read: Callable[[Exchange], Iterable[LogRecord]]
    known: frozenset[str] = frozenset()


def open_exchange(values: dict[str, Any], prompts: Mapping[str, str]) -> Exchange:
    """Return the exchange of a logged record: a bare response, a request with its response, or a line of a batch.

    `prompts` are those of requests by their id, for responses that are logged without their
    request; they are empty where two requests have one id. Raises UnreadableRecordError for a
    response to such an id.
    """
    response = dict_of(parsed(values.get("response")))
    result = dict_of(values.get("result"))
    request = dict_of(parsed(values.get("request"))) or dict_of(values.get("params"))
    request = dict_of(request.get("body")) or request
    is_wrapped = bool(response or result) or "custom_id" in values
    inner = (
        response.get("body")
        or result.get("message")
        or (values.get("body") if is_wrapped or not request else None)
    )
    body = dict_of(parsed(inner)) or (response if is_wrapped else values)
    prompt = prompt_of(request) or prompt_of(values) or _prompt_elsewhere(values, prompts)
    status = response.get("status_code", values.get("status_code"))
    error = error_of(body.get("error"), body.get("status")) or error_of(values.get("error"), status)
    return Exchange(
        prompt,
        request,
        body,
        values,
        error or error_of(result.get("error"), result.get("type")),
    )


def lone_request(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the id and the prompt of a request whose response is logged elsewhere; None for any other record.

    Such as a line of a batch's input: an id beside a request, and no outcome.
    """
    if not _OUTCOMES.isdisjoint(values):
        return None
    name = next(iter(ids_of(values)), "")
    if not name or "answer" in own_columns(tuple(values)):
        return None
    prompt = prompt_of(request_of(values))
    return (name, prompt) if prompt else None


def request_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that a record holds and that has a prompt; empty where it holds none."""
    return next(
        (found for key in _REQUEST_KEYS if prompt_of(found := dict_of(values.get(key)))),
        {},
    )


def ids_of(values: Mapping[str, Any]) -> list[str]:
    """Return the ids by which a record may be paired with its request."""
    return [text for key in _ID_KEYS if (text := text_of(values.get(key)))]


def unread_fields(values: Mapping[str, Any]) -> list[str]:
    """Return the filled fields of a lone request that are not those of a line of a batch."""
    known = {*_ID_KEYS, *_REQUEST_KEYS, "method", "url", "metadata"}
    return [name for name, value in values.items() if name not in known and label_of(value)]


def prompt_of(request: Mapping[str, Any]) -> str:
    """Return the last thing the user said in a request: its input, its messages or its prompt; empty where unknown."""
    return next(
        (text for key in _PROMPT_KEYS if (text := _last_said(request.get(key)))),
        "",
    )


def said_by_user(message: Any) -> str:
    """Return the words of a message by the user, without what tools returned; empty for anyone else's."""
    if not isinstance(message, dict):
        return text_of(message) if isinstance(message, str) else ""
    is_theirs = message.get("role") == "user" or (
        "role" not in message and ("parts" in message or "text" in message)
    )
    return (
        words_of(message.get("content", message.get("parts", message.get("text"))))
        if is_theirs
        else ""
    )


def words_of(content: Any) -> str:
    """Return the text of a message's content: a string or a list of parts, of which only texts count."""
    if not isinstance(content, list):
        return text_of(content)
    parts = (part for part in content if not isinstance(part, dict) or part.get("type") in _WORDS)
    return "\n".join(text for part in parts if (text := text_of(part)))


def engine_of(model: Any) -> str:
    """Return the engine that a model's name tells, such as openai of gpt-5; empty where it tells none.

    >>> engine_of("openai/gpt-5"), engine_of("claude-sonnet-4"), engine_of("llama-4")
    ('openai', 'claude', '')
    """
    found = _FAMILY.search(text_of(model).lower())
    if not found:
        return ""
    return found[1] if found[1] in _OWN_NAME else "perplexity" if found[1] == "sonar" else "openai"


def begin_record(exchange: Exchange, engine: str, answer: str) -> dict[str, Any]:
    """Return a LogRecord's fields that all exchanges share, the record's own columns before the response's.

    Raises UnreadableRecordError where the prompt is unknown.
    """
    if not exchange.prompt:
        raise UnreadableRecordError("no prompt: the response stands without its request")
    outer = exchange.outer
    body = exchange.body
    own = {field: outer.get(column) for field, column in own_columns(tuple(outer)).items()}
    return {
        "query": exchange.prompt,
        "answer": answer,
        "engine": label_of(own.get("engine")) or engine,
        "model": label_of(body.get("model"))
        or label_of(exchange.request.get("model"))
        or label_of(own.get("model")),
        "surface": label_of(own.get("surface")) or "api",
        "run_id": label_of(own.get("run_id")) or label_of(body.get("id")),
        "asked_at": own.get("asked_at") or body.get("created_at") or body.get("created"),
        "market": label_of(own.get("market")),
        "demand": own.get("demand"),
        "error": exchange.error,
    }


def read_messages(
    output: list[dict[str, Any]],
) -> tuple[str, tuple[Citation, ...]]:
    """Return the text of all messages of a response, joined by newlines, and its citations with their spans in it."""
    answer = ""
    citations = list[Citation]()
    for part in (part for item in output for part in dicts_of(item.get("content"))):
        text = part.get("text")
        if part.get("type") != "output_text" or not isinstance(text, str):
            continue
        answer += "\n" if answer else ""
        found = citations_of(dicts_of(part.get("annotations")))
        citations += [_moved(citation, len(answer)) for citation in found] if answer else found
        answer += readable(text)
    return answer, tuple(citations)


def dict_of(value: Any) -> dict[str, Any]:
    """Return the value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@functools.lru_cache(maxsize=256)
def own_columns(names: tuple[str, ...]) -> dict[str, str]:
    """Return the fields that a logged record holds beside its request and response: field -> its name there."""
    return choose_columns(names, {})


def _moved(citation: Citation, offset: int) -> Citation:
    if citation.start is None or citation.end is None:
        return Citation(citation.url, title=citation.title)
    return Citation(
        citation.url,
        citation.start + offset,
        citation.end + offset,
        citation.title,
    )


def _last_said(value: Any) -> str:
    if isinstance(value, str):
        return text_of(value)
    messages = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
    return next(
        (text for message in reversed(messages) if (text := said_by_user(message))),
        "",
    )


def _prompt_elsewhere(values: Mapping[str, Any], prompts: Mapping[str, str]) -> str:
    name = next((name for name in ids_of(values) if name in prompts), "") if prompts else ""
    if name and not prompts[name]:
        raise UnreadableRecordError(f"two requests have this id: {name}")
    return prompts[name] if name else ""
