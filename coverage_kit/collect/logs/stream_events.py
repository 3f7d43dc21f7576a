"""The events of streamed answers: which API sent one, and the response that they make together.

Each API has a function that makes of a stream's events the body that the API sends without
streaming, so that the API's format reads both.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import dict_of, dicts_of
from coverage_kit.collect.logs.values import error_of, label_of, parsed
from coverage_kit.text.english_words import words_of

# The types of events of the Responses API that end a stream.
_RESPONSE_ENDS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
# The field that each event of the Anthropic API has beside its type, "" for none.
_ANTHROPIC_FIELDS = {
    "message_start": "message",
    "content_block_start": "content_block",
    "content_block_delta": "delta",
    "content_block_stop": "index",
    "message_delta": "delta",
    "message_stop": "",
    "ping": "",
}
# The kinds of object by which Chat Completions and Perplexity name their chunks.
_CHUNKS = frozenset(
    {"chat.completion.chunk", "chat.completion.done", "chat.reasoning", "chat.reasoning.done"}
)
# The fields of a logged record that may hold the event itself; the first that does counts.
_PAYLOAD_KEYS = ("event", "data", "chunk", "response", "body", "payload", "message")
# A record with any of these fields is more than the error that it may hold.
_ANSWERS = frozenset({"response", "result", "choices", "output", "answer"})
# What the text of an event has near its start, which saves reading other texts as JSON.
_EVENT_SIGN = re.compile(r'"(type|delta|candidates|chat\.[a-z.]*chunk)"')
_SIGN_CHARACTERS = 300
# The fields of events themselves; all others are fields of the log around them.
_EVENT_FIELDS = words_of(
    "type sequence_number response item item_id output_index content_index part delta text "
    "annotation annotation_index logprobs obfuscation refusal arguments summary_index code param "
    "error event message content_block index usage candidates usageMetadata usage_metadata "
    "modelVersion model_version responseId response_id createTime create_time promptFeedback "
    "prompt_feedback id object created model choices system_fingerprint service_tier citations "
    "search_results images related_questions"
)
# Lists of these fields of a Gemini response belong together over its chunks.
_GROUNDING_LISTS = ("groundingChunks", "groundingSupports", "webSearchQueries")
_SNAKE = {
    "groundingChunks": "grounding_chunks",
    "groundingSupports": "grounding_supports",
    "webSearchQueries": "web_search_queries",
    "groundingMetadata": "grounding_metadata",
    "groundingChunkIndices": "grounding_chunk_indices",
    "finishReason": "finish_reason",
}

RESPONSES, CHAT, ANTHROPIC, GEMINI = "Responses", "Chat Completions", "Anthropic", "Gemini"


class Event(NamedTuple):
    """One event of a stream.

    A response of Gemini, and one of Perplexity with a message beside its empty delta, has the shape
    of a chunk although it is whole.

    `stream_id` is the id of the response that it is a part of, '' where it does not name it.
    `outer` are the fields of the logged record around the event.
    """

    api: str
    stream_id: str
    is_start: bool
    is_end: bool
    payload: dict[str, Any]
    outer: dict[str, Any]

    @property
    def may_be_whole(self) -> bool:
        """Whether the event may be a whole response, if no stream is open for it."""
        choices = dicts_of(self.payload.get("choices"))
        is_message = any("message" in choice for choice in choices)
        return self.is_end and (self.api == GEMINI or (self.api == CHAT and is_message))


def event_of(values: dict[str, Any]) -> Event | None:
    """Return the event that a logged record holds, or None for any other record."""
    if event := _event(values):
        outer = {name: cell for name, cell in values.items() if name not in _EVENT_FIELDS}
        return event._replace(outer=outer)
    for key in _PAYLOAD_KEYS:
        payload = values.get(key)
        if isinstance(payload, str) and _EVENT_SIGN.search(payload, 0, _SIGN_CHARACTERS):
            payload = parsed(payload)
        if isinstance(payload, dict) and (event := _event(payload)):
            inner = {"type", "event"} if isinstance(values.get("event"), str) else {"type"}
            outer = {name: cell for name, cell in values.items() if name not in {key, *inner}}
            return event._replace(outer=outer)
    return None


def is_error_event(values: Mapping[str, Any]) -> bool:
    """Return whether a record is an API's event of an error, which breaks off a stream."""
    is_event = values.get("type") == "error"
    has_answer = bool(_ANSWERS & values.keys())
    return is_event or (not has_answer and error_of(values.get("error")) is not None)


def listed_events(value: Any) -> list[Event]:
    """Return the events in a list of chunks or in the text of a stream (SSE), [] for none."""
    if isinstance(value, str):
        if not value.startswith(("data:", "event:", ":")):
            return []
        lines = (line[5:].strip() for line in value.splitlines() if line.startswith("data:"))
        value = [parsed(line) for line in lines]
    items = dicts_of(value)
    # The first item shows what the list holds.
    if not items or event_of(items[0]) is None:
        return []
    events = [event_of(item) or _event_of_error(item) for item in items]
    return [event for event in events if event is not None]


def body_of(events: list[Event]) -> dict[str, Any]:
    """Return the body of the response that the events of one stream make."""
    return _BODIES[events[0].api]([event.payload for event in events])


def error_in(events: Iterable[Event]) -> str | None:
    """Return the error that an event of a stream reports, None where none does."""
    for event in events:
        payload = event.payload
        is_error = payload.get("type") == "error" or event.api in (CHAT, GEMINI)
        error = payload.get("error") if is_error else None
        if reason := error_of(error or (is_error and payload.get("message"))):
            return reason
    return None


def _event_of_error(item: dict[str, Any]) -> Event | None:
    return Event("", "", False, True, item, {}) if is_error_event(item) else None


def _event(values: dict[str, Any]) -> Event | None:
    kind = values.get("type")
    if isinstance(kind, str):
        if kind.startswith("response."):
            response = dict_of(values.get("response"))
            stream_id = text_of(response.get("id") or values.get("response_id"))
            is_start = kind == "response.created"
            return Event(RESPONSES, stream_id, is_start, kind in _RESPONSE_ENDS, values, {})
        field = _ANTHROPIC_FIELDS.get(kind)
        if field is not None and (not field or field in values):
            stream_id = text_of(dict_of(values.get("message")).get("id"))
            is_start = kind == "message_start"
            return Event(ANTHROPIC, stream_id, is_start, kind == "message_stop", values, {})
    if isinstance(values.get("candidates"), list):
        stream_id = text_of(values.get("responseId") or values.get("response_id"))
        is_end = any(_finish_reason(candidate) for candidate in dicts_of(values["candidates"]))
        return Event(GEMINI, stream_id, False, is_end, values, {})
    if _is_chat_chunk(values):
        is_end = any(choice.get("finish_reason") for choice in dicts_of(values.get("choices")))
        return Event(CHAT, text_of(values.get("id")), False, is_end, values, {})
    return None


def _is_chat_chunk(values: dict[str, Any]) -> bool:
    if not isinstance(values.get("choices"), list):
        return False
    kind = values.get("object")
    first = next(iter(dicts_of(values["choices"])), {})
    return (isinstance(kind, str) and kind in _CHUNKS) or isinstance(first.get("delta"), dict)


def _responses_body(payloads: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response that the last event holds; without output there, that of the others."""
    body: dict[str, Any] = {"object": "response"}
    items: dict[int, dict[str, Any]] = {}
    parts: dict[tuple[int, int], dict[str, Any]] = {}
    for payload in payloads:
        body |= dict_of(payload.get("response"))
        kind = text_of(payload.get("type"))
        index, part_index = (
            _index(payload.get("output_index")),
            _index(payload.get("content_index")),
        )
        if item := dict_of(payload.get("item")):
            items[index] = item
        elif kind.startswith(("response.output_text", "response.refusal")):
            part = parts.setdefault((index, part_index), _empty_part(kind))
            name = "refusal" if part["type"] == "refusal" else "text"
            if kind.endswith(".delta"):
                part[name] += _string(payload.get("delta"))
            elif kind.endswith(".done"):
                part[name] = _string(payload.get(name)) or part[name]
            elif annotation := dict_of(payload.get("annotation")):
                part["annotations"].append(annotation)
    if not dicts_of(body.get("output")):
        for (index, _), part in sorted(parts.items()):
            message = items.setdefault(index, {"type": "message", "role": "assistant"})
            if not dicts_of(message.get("content")):
                items[index] = message | {"content": [part]}
            elif part not in message["content"] and message["content"][-1] in parts.values():
                message["content"].append(part)
        body["output"] = [item for _, item in sorted(items.items())]
    return body


def _empty_part(kind: str) -> dict[str, Any]:
    if kind.startswith("response.refusal"):
        return {"type": "refusal", "refusal": ""}
    return {"type": "output_text", "text": "", "annotations": []}


def _anthropic_body(payloads: list[dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "message", "role": "assistant"}
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for payload in payloads:
        kind = payload.get("type")
        index = _index(payload.get("index"))
        delta = dict_of(payload.get("delta"))
        if kind == "message_start":
            body |= dict_of(payload.get("message"))
        elif kind == "message_delta":
            body |= {name: value for name, value in delta.items() if value is not None}
        elif kind == "content_block_start":
            blocks[index] = dict(dict_of(payload.get("content_block")))
        elif kind == "content_block_delta":
            block = blocks.setdefault(index, {"type": "text", "text": ""})
            inputs[index] = inputs.get(index, "") + _string(delta.get("partial_json"))
            if "text" in delta:
                block["text"] = _string(block.get("text")) + _string(delta["text"])
            if citation := dict_of(delta.get("citation")):
                block["citations"] = [*dicts_of(block.get("citations")), citation]
    for index, text in inputs.items():
        if text:
            blocks[index]["input"] = parsed(text)
    return body | {"content": [block for _, block in sorted(blocks.items())]}


def _chat_body(payloads: list[dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for payload in payloads:
        # What a later chunk leaves out, such as Perplexity's pages, an earlier one says.
        body |= {name: value for name, value in payload.items() if value or name not in body}
        for choice in dicts_of(payload.get("choices")):
            whole = choices.setdefault(
                _index(choice.get("index")), {"message": {"role": "assistant", "content": ""}}
            )
            whole["finish_reason"] = choice.get("finish_reason") or whole.get("finish_reason")
            _add_delta(whole["message"], dict_of(choice.get("delta")))
            # Perplexity sends the whole message so far beside each delta.
            so_far = dict_of(choice.get("message"))
            if len(_string(so_far.get("content"))) >= len(_string(whole["message"]["content"])):
                whole["message"] |= so_far
    return body | {
        "object": "chat.completion",
        "choices": [choice for _, choice in sorted(choices.items())],
    }


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name in ("content", "refusal"):
        if words := _string(delta.get(name)):
            message[name] = _string(message.get(name)) + words
    for name in ("annotations", "tool_calls"):
        if further := dicts_of(delta.get(name)):
            message[name] = [*dicts_of(message.get(name)), *further]


def _gemini_body(payloads: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response of all chunks, with the texts of parts that follow each other joined.

    Offsets of a streamed answer's citations count from its start.
    """
    body: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    grounding: dict[str, Any] = {}
    for payload in payloads:
        body |= {name: value for name, value in payload.items() if value or name not in body}
        chunk = next(iter(dicts_of(payload.get("candidates"))), {})
        candidate |= {name: value for name, value in chunk.items() if value is not None}
        for part in dicts_of(dict_of(chunk.get("content")).get("parts")):
            if parts and _is_words(part) and _is_words(parts[-1]):
                parts[-1] = parts[-1] | {"text": parts[-1]["text"] + part["text"]}
            else:
                parts.append(part)
        _add_grounding(grounding, dict_of(_either(chunk, "groundingMetadata")))
    candidate["content"] = {"role": "model", "parts": parts}
    if grounding:
        candidate.pop(_SNAKE["groundingMetadata"], None)
        candidate["groundingMetadata"] = grounding
    return body | {"candidates": [candidate]}


def _add_grounding(grounding: dict[str, Any], further: dict[str, Any]) -> None:
    """Add a chunk's grounding to that of the chunks before it.

    A chunk that repeats the pages of the earlier ones adds to them; otherwise its supports count
    from its own first page (assumed: the API does not document it).
    """
    pages = grounding.get("groundingChunks", [])
    new_pages = dicts_of(_either(further, "groundingChunks"))
    repeats = new_pages[: len(pages)] == pages
    offset = 0 if repeats else len(pages)
    for name in _GROUNDING_LISTS:
        values = _either(further, name)
        if not isinstance(values, list):
            continue
        if name == "groundingChunks":
            grounding[name] = new_pages if repeats else [*pages, *new_pages]
        elif name == "webSearchQueries":
            old = grounding.get(name, [])
            grounding[name] = [*old, *(search for search in values if search not in old)]
        else:
            supports = [_moved(support, offset) for support in dicts_of(values)]
            old = grounding.get(name, [])
            grounding[name] = [*old, *(support for support in supports if support not in old)]


def _moved(support: dict[str, Any], offset: int) -> dict[str, Any]:
    indexes = _either(support, "groundingChunkIndices")
    if not offset or not isinstance(indexes, list):
        return support
    moved = [index + offset for index in indexes if type(index) is int]
    return support | {"groundingChunkIndices": moved}


def _is_words(part: dict[str, Any]) -> bool:
    return isinstance(part.get("text"), str) and not part.get("thought")


def _finish_reason(candidate: dict[str, Any]) -> str | None:
    return label_of(_either(candidate, "finishReason"))


def _either(values: dict[str, Any], name: str) -> Any:
    """Return a field in the API's spelling or in snake case."""
    return values[name] if name in values else values.get(_SNAKE[name])


def _index(value: Any) -> int:
    return value if type(value) is int else 0


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def digest_of(value: Any) -> str:
    """Return a text that two equal values of JSON share."""
    return json.dumps(value, sort_keys=True, default=str) if value else ""


_BODIES = {
    RESPONSES: _responses_body,
    CHAT: _chat_body,
    ANTHROPIC: _anthropic_body,
    GEMINI: _gemini_body,
}
