"""The format of an API's logged calls: the request, the response and the fields around them.

A new format is a module of this folder with `FORMAT`, a `LogFormat`: `recognises` detects an
exchange of that API by its content, `read` turns the exchange into `LogRecord`s, and `fields` says
where each field comes from. `openai_responses.py` is a short example. CONTRIBUTING.md lists every
file to touch.

A table of a vendor, which is recognised by its columns, is a `TableFormat` (`table_format.py`).
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.record import (
    Aside,
    Citation,
    Outcome,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.values import citations_of, error_of, label_of, parsed

# The fields of a request that may hold the prompt: the first with text counts. The names of the
# APIs come before the names that people give to their own fields.
_PROMPT_KEYS = (
    "input",
    "messages",
    "contents",
    "query",
    "prompt",
    "question",
    "user_query",
    "user_prompt",
    "user_input",
)
# The fields that may hold the id by which a request and its response are paired.
_ID_KEYS = ("custom_id", "request_id", "key", "id")
# The fields of a record that may hold the request.
_REQUEST_KEYS = ("request", "params", "body")
# A record with any of these fields has a response, so it is no lone request.
_OUTCOMES = frozenset({"response", "result", "error"})
# The types of those parts of a message that are words; other parts are pictures, files or calls.
_TEXT_TYPES = (None, "text", "input_text", "output_text")
# The family in a model's name, such as "gpt" in "openai/gpt-5" and "o3" in "o3-mini". A letter
# before the family makes it another word, and so does anything but a hyphen after "o3".
_FAMILY = re.compile(
    r"(?<![a-z])(gpt|chatgpt|o[134](?![^-])|claude|gemini|sonar|grok|deepseek|mistral)"
)
# The families that bear the name of their engine.
_FAMILIES_NAMED_AS_ENGINE = ("claude", "gemini", "grok", "deepseek", "mistral")


@dataclass(frozen=True)
class Exchange:
    """One request and its response.

    `body` is the response's body, `outer` the whole logged record.
    """

    prompt: str
    request: dict[str, Any]
    body: dict[str, Any]
    outer: dict[str, Any]
    error: str | None


@dataclass(frozen=True, eq=False)
class LogFormat:
    """The format of one API.

    `recognises` returns whether an exchange is of this API. `read` returns one record or, for a
    dialogue, several, with an `Aside` or a `Reject` for each part that is none; it raises
    UnreadableRecordError for an exchange that cannot be read. `fields` says for each field of a
    record where it comes from. `known` are the fields of the logged record and of its response that
    `read` uses: all other fields become the record's `extra`.
    """

    name: str
    fields: dict[str, str]
    recognises: Callable[[Exchange], bool]
    read: Callable[[Exchange], Iterable[Outcome]]
    known: frozenset[str] = frozenset()


def open_exchange(values: dict[str, Any], prompts: Mapping[str, str]) -> Exchange:
    """Return the exchange of a logged record.

    The record is a bare response, a request with its response, or a line of a batch. `prompts` has
    the prompts of requests by their ids, for responses that are logged without their request. A
    prompt is empty where two requests have the same id. Raises UnreadableRecordError for a response
    with such an id.
    """
    response = dict_of(parsed(values.get("response")))
    result = dict_of(values.get("result"))
    request = dict_of(parsed(values.get("request"))) or dict_of(values.get("params"))
    request = dict_of(request.get("body")) or request
    # A record without a wrapper is itself the response, or has the response in `body`.
    is_wrapped = bool(response or result) or "custom_id" in values
    inner = (
        response.get("body")
        or result.get("message")
        or (values.get("body") if is_wrapped or not request else None)
    )
    body = dict_of(parsed(inner)) or (response if is_wrapped else values)
    prompt = prompt_of(request) or prompt_of(values) or _prompt_by_id(values, prompts)
    status = response.get("status_code", values.get("status_code"))
    error = error_of(body.get("error"), body.get("status")) or error_of(values.get("error"), status)
    return Exchange(
        prompt=prompt,
        request=request,
        body=body,
        outer=values,
        error=error or error_of(result.get("error"), result.get("type")),
    )


def lone_request(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the id and the prompt of a request whose response is in another record, else None.

    A line of a batch's input is such a record: it has an id and a request, but no outcome.
    """
    if not _OUTCOMES.isdisjoint(values):
        return None
    request_id = next(iter(ids_of(values)), "")
    if not request_id or "answer" in own_columns(tuple(values)):
        return None
    prompt = prompt_of(request_of(values))
    return (request_id, prompt) if prompt else None


def request_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with a prompt that a record holds, empty where it holds none."""
    return next(
        (request for key in _REQUEST_KEYS if prompt_of(request := dict_of(values.get(key)))),
        {},
    )


def ids_of(values: Mapping[str, Any]) -> list[str]:
    """Return the ids by which a record may be paired with its request."""
    return [text for key in _ID_KEYS if (text := text_of(values.get(key)))]


def unread_fields(values: Mapping[str, Any]) -> list[str]:
    """Return the filled fields of a lone request that a line of a batch does not have."""
    batch_fields = {*_ID_KEYS, *_REQUEST_KEYS, "method", "url", "metadata"}
    return [name for name, value in values.items() if name not in batch_fields and label_of(value)]


def prompt_of(request: Mapping[str, Any]) -> str:
    """Return the last message of the user in a request's input, messages or prompt, else ''."""
    return next(
        (text for key in _PROMPT_KEYS if (text := _last_user_text(request.get(key)))),
        "",
    )


def user_text(message: Any) -> str:
    """Return the words of a message if the user wrote it, else ''. Tools' results do not count."""
    if not isinstance(message, dict):
        return text_of(message) if isinstance(message, str) else ""
    is_by_user = message.get("role") == "user" or (
        "role" not in message and ("parts" in message or "text" in message)
    )
    return (
        words_of(message.get("content", message.get("parts", message.get("text"))))
        if is_by_user
        else ""
    )


def words_of(content: Any) -> str:
    """Return the text of a message's content: a string, or a list of parts with text among them."""
    if not isinstance(content, list):
        return text_of(content)
    text_parts = (
        item for item in content if not isinstance(item, dict) or item.get("type") in _TEXT_TYPES
    )
    return "\n".join(text for item in text_parts if (text := text_of(item)))


def engine_of(model: Any) -> str:
    """Return the engine that a model's name shows, such as openai for gpt-5; '' for other names.

    >>> engine_of("openai/gpt-5"), engine_of("claude-sonnet-4"), engine_of("llama-4")
    ('openai', 'claude', '')
    """
    match = _FAMILY.search(text_of(model).lower())
    if not match:
        return ""
    family = match[1]
    if family in _FAMILIES_NAMED_AS_ENGINE:
        return family
    return "perplexity" if family == "sonar" else "openai"


def begin_record(exchange: Exchange, engine: str, answer: str) -> dict[str, Any]:
    """Return the fields of a LogRecord that all formats read in the same way.

    The record's own columns come before the fields of the response. Raises UnreadableRecordError
    where the prompt is unknown.
    """
    if not exchange.prompt:
        raise UnreadableRecordError("no prompt: a response without its request")
    outer = exchange.outer
    body = exchange.body
    # A log may add columns of its own, such as a market, around the request and the response.
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
    """Return the joined text of a response's messages, and its citations with their spans in it.

    Newlines join the messages.
    """
    answer = ""
    citations = list[Citation]()
    contents = [content for item in output for content in dicts_of(item.get("content"))]
    for content in contents:
        text = content.get("text")
        if content.get("type") != "output_text" or not isinstance(text, str):
            continue
        answer += "\n" if answer else ""
        annotations = citations_of(dicts_of(content.get("annotations")))
        # Offsets count from the start of their own message.
        citations += (
            [_moved(citation, len(answer)) for citation in annotations] if answer else annotations
        )
        answer += readable(text)
    return answer, tuple(citations)


def refusal_of(message: Mapping[str, Any]) -> str:
    """Return the words by which a message refuses to answer, '' where it does not refuse.

    They are in a field of the message or in a part of its content.
    """
    parts = [message, *dicts_of(message.get("content"))]
    return "\n".join(text for part in parts if (text := label_of(part.get("refusal"))))


def missing_text(answer: str, refusal: str, reason: str) -> str | None:
    """Return why an answer counts as a failure, or None for an answer with text.

    `refusal` has the words by which the model refused, `reason` says why the answer ended. An
    answer that was cut off counts, as far as it goes; a refusal never does.

    >>> missing_text("", "I won't.", ""), missing_text("Acme", "", "finish reason length")
    ("refusal: I won't.", None)
    """
    if refusal:
        return f"refusal: {refusal}"
    return f"no answer text, {reason}" if reason and not answer.strip() else None


def called_tools(message: Mapping[str, Any]) -> str:
    """Return the names of the tools that a message calls, separated by commas."""
    calls = [*dicts_of(message.get("tool_calls")), {"function": message.get("function_call")}]
    names = (label_of(dict_of(call.get("function")).get("name")) for call in calls)
    return ", ".join(name for name in names if name)


def further_answers(answers: Any) -> list[Outcome]:
    """Return an `Aside` for each answer of a list but the first, which alone counts."""
    n_further = len(dicts_of(answers)) - 1
    return [Aside("a further answer to the same request")] * n_further


def dict_of(value: Any) -> dict[str, Any]:
    """Return the value where it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list, and no objects for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


@functools.lru_cache(maxsize=256)
def own_columns(names: tuple[str, ...]) -> dict[str, str]:
    """Return field -> column for the fields that a logged record has next to its response."""
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


def _last_user_text(value: Any) -> str:
    if isinstance(value, str):
        return text_of(value)
    messages = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return next(
        (text for message in reversed(messages) if (text := user_text(message))),
        "",
    )


def _prompt_by_id(values: Mapping[str, Any], prompts: Mapping[str, str]) -> str:
    """Return the prompt of the request that has one of a record's ids, else ''."""
    name = next((name for name in ids_of(values) if name in prompts), "") if prompts else ""
    if name and not prompts[name]:
        raise UnreadableRecordError(f"two requests have this id: {name}")
    return prompts[name] if name else ""
