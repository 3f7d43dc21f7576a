"""Spans with calls of a model, as OpenTelemetry's conventions for generative AI describe them.

Of a trace its root counts where it holds the question, else the calls of models in it: of the calls
with the same question the last one, because a call that uses tools is made again and again.
The older names of the conventions are read too, and those of OpenInference (Phoenix), Vercel's AI
SDK and PostHog.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import dict_of, dicts_of, engine_of
from coverage_kit.collect.logs.record import Aside, LogRecord, Outcome, UnreadableRecordError
from coverage_kit.collect.logs.span_attributes import (
    ATTRIBUTES,
    CONTENT,
    ERROR,
    EVENTS,
    PARENT,
    SPAN,
    STARTED,
    TRACE,
)
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.times import parse_time
from coverage_kit.collect.logs.trace_index import STEP, TraceIndex
from coverage_kit.collect.logs.traces import FindFormat, read_call
from coverage_kit.collect.logs.values import label_of, parsed

_NOTE = "one question for each trace: its root, or the last call of a model with that question"
_EARLIER = Aside("an earlier call with the same question")
# The kinds of span that may hold a question with its answer.
_CALLS = frozenset({"", "chat", "text_completion", "generate_content", "llm", "$ai_generation"})
_ROOTS = frozenset({"invoke_agent", "agent", "chain", "$ai_trace", "invoke_workflow", "workflow"})
# The attributes that hold what went in, and what came out; the first that is filled counts.
_INPUTS = ("gen_ai.input.messages", "gen_ai.prompt", "ai.prompt.messages", "ai.prompt", "$ai_input")
_OUTPUTS = (
    *("gen_ai.output.messages", "gen_ai.completion", "ai.response.text", "$ai_output_choices"),
    "$ai_output",
)
_MODELS = (
    *("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "ai.model.id"),
    "$ai_model",
)
_CONVERSATIONS = ("gen_ai.conversation.id", "session.id", "$ai_session_id")
# An attribute of one message of many, such as "gen_ai.prompt.0.content".
_INDEXED = re.compile(
    r"(?P<list>gen_ai\.prompt|gen_ai\.completion|llm\.input_messages|llm\.output_messages)\."
    r"(?P<number>\d{1,6})\.(?:message\.)?(?P<field>role|content|finish_reason|contents\..*text)$"
)
# The events of older conventions, with the roles of their messages.
_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def table_format(find_format: FindFormat) -> TableFormat:
    """Return the format of spans.

    It reads outputs in the shape of any provider that `find_format` recognises.
    """

    def note_step(values: Mapping[str, Any], traces: TraceIndex) -> None:
        kind, trace = _kind(values), text_of(values.get(TRACE))
        if kind not in _CALLS | _ROOTS:
            return
        try:
            record = _read(find_format, values)
        except UnreadableRecordError:
            # Another span of the trace has to tell of it.
            return
        if _is_root(values) and record.answer:
            traces.note_root(trace)
        if kind in _CALLS:
            traces.note_call(trace)
            traces.note_last(f"{trace}\n{record.query}", _rank(values))

    def read_step(
        values: Mapping[str, Any], mapping: Mapping[str, str], traces: TraceIndex
    ) -> list[Outcome]:
        kind, trace = _kind(values), text_of(values.get(TRACE))
        if kind in _CALLS | _ROOTS:
            try:
                record = _read(find_format, values)
            except UnreadableRecordError:
                if not trace:
                    raise
            else:
                if traces.has_root(trace):
                    return [record] if _is_root(values) and record.answer else [STEP]
                if kind in _CALLS:
                    name = f"{trace}\n{record.query}"
                    is_last = not trace or traces.is_last(name, _rank(values))
                    return [record if is_last else _EARLIER]
        return [traces.step(trace, "call of a model with its question")]

    return TableFormat(
        name="OpenTelemetry spans",
        needs=(CONTENT, TRACE, STARTED, ERROR),
        fields={
            "query": CONTENT,
            "answer": CONTENT,
            "model": CONTENT,
            "run_id": TRACE,
            "asked_at": STARTED,
            "error": ERROR,
        },
        note=_NOTE,
        note_step=note_step,
        read_step=read_step,
    )


def _held(values: Mapping[str, Any], name: str) -> Any:
    return dict_of(values.get(CONTENT)).get(name)


def _is_root(values: Mapping[str, Any]) -> bool:
    return label_of(_held(values, PARENT)) is None or not text_of(_held(values, PARENT)).strip("0")


def _rank(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return what orders the calls of a trace: when they started, then their ids."""
    time = parse_time(values.get(STARTED))
    return (time.isoformat() if time else ""), text_of(_held(values, SPAN))


def _kind(values: Mapping[str, Any]) -> str:
    attributes = dict_of(_held(values, ATTRIBUTES))
    names = (
        "gen_ai.operation.name",
        "openinference.span.kind",
        "gen_ai.span.kind",
        "llm.request.type",
    )
    kind = next((text for name in names if (text := text_of(attributes.get(name)))), "")
    return kind.lower()


def _read(find_format: FindFormat, values: Mapping[str, Any]) -> LogRecord:
    """Return the record of a span. Raises UnreadableRecordError where it holds no question."""
    attributes = dict_of(_held(values, ATTRIBUTES))
    events = dicts_of(_held(values, EVENTS))
    for event in events:
        # The latest convention repeats the attributes in an event of their own.
        attributes = {**dict_of(event.get("attributes")), **attributes}
    model = next((text for name in _MODELS if (text := label_of(attributes.get(name)))), None)
    asked = _messages(attributes, events, _INPUTS, "gen_ai.prompt", "llm.input_messages")
    answered = _messages(attributes, events, _OUTPUTS, "gen_ai.completion", "llm.output_messages")
    call_input: Any = {"messages": asked} if asked else parsed(attributes.get("input.value"))
    call_output: Any = parsed(attributes.get("output.value"))
    reply = [message for message in answered if message.get("role") in ("assistant", "model", "")]
    if reply and not _is_response(call_output):
        call_output = {"role": "assistant", "content": reply[0].get("content")}
    record = read_call(find_format, call_input, call_output, model)
    return replace(
        record,
        engine=record.engine or engine_of(attributes.get("gen_ai.provider.name")),
        run_id=next(
            (text for name in _CONVERSATIONS if (text := label_of(attributes.get(name)))),
            label_of(values.get(TRACE)),
        ),
        asked_at=values.get(STARTED) or record.asked_at,
        error=label_of(values.get(ERROR)) or record.error or _reason(record, attributes, reply),
    )


def _is_response(output: Any) -> bool:
    """Return whether an output is the response of a provider, which shows what it cites."""
    names = ("choices", "output", "candidates", "content")
    return any(isinstance(dict_of(output).get(name), list) for name in names)


def _reason(
    record: LogRecord, attributes: Mapping[str, Any], reply: list[dict[str, Any]]
) -> str | None:
    """Return why there is no answer: how it ended, or that it refuses."""
    if record.answer:
        return None
    reasons = parsed(attributes.get("gen_ai.response.finish_reasons"))
    logged = [*(message.get("finish_reason") for message in reply), reasons]
    reason = next((text for value in logged if (text := text_of(value))), "")
    return f"no answer text, finish reason {reason}" if reason else None


def _messages(
    attributes: Mapping[str, Any],
    events: list[dict[str, Any]],
    names: tuple[str, ...],
    *indexed: str,
) -> list[dict[str, Any]]:
    """Return messages with their roles and words, from wherever a span holds them."""
    is_output = "gen_ai.completion" in indexed
    for name in names:
        value = parsed(attributes.get(name))
        if isinstance(value, dict):
            value = value.get("messages") or value.get("choices") or [value]
        if isinstance(value, list) and (messages := [_message(item) for item in value]):
            return messages
        if text := label_of(value):
            return [{"role": "assistant" if is_output else "user", "content": text}]
    for name in indexed:
        value = parsed(attributes.get(name))
        value = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(value, list) and value:
            return [_message(item) for item in value]
    return _indexed(attributes, indexed) or _of_events(events, is_output)


def _indexed(attributes: Mapping[str, Any], lists: tuple[str, ...]) -> list[dict[str, Any]]:
    messages: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        match = _INDEXED.fullmatch(name)
        if match and match["list"] in lists:
            message = messages.setdefault(int(match["number"]), {"role": "", "content": ""})
            if match["field"].startswith("contents"):
                message["content"] = "\n".join(filter(None, (message["content"], text_of(value))))
            else:
                message[match["field"]] = parsed(value) if match["field"] == "content" else value
    return [_message(message) for _, message in sorted(messages.items())]


def _of_events(events: list[dict[str, Any]], is_output: bool) -> list[dict[str, Any]]:
    messages = list[dict[str, Any]]()
    for event in events:
        name, held = text_of(event.get("name")), dict_of(event.get("attributes"))
        if name == "gen_ai.choice" and is_output:
            message = parsed(held.get("message")) or {
                "role": "assistant",
                "content": held.get("message.content", held.get("content")),
            }
            messages.append(_message(message) | {"finish_reason": held.get("finish_reason")})
        elif name in _EVENT_ROLES and not is_output:
            messages.append({"role": _EVENT_ROLES[name], "content": _words(held.get("content"))})
    return messages


def _message(item: Any) -> dict[str, Any]:
    """Return a message with its role and its words."""
    values = dict_of(item)
    values = dict_of(values.get("message")) or values
    content = values.get("parts", values.get("content", values.get("message.content")))
    role = text_of(values.get("role", values.get("message.role"))).lower()
    return {
        "role": {"human": "user", "model": "assistant"}.get(role, role),
        "content": _words(content) if isinstance(item, dict) else text_of(item),
        "finish_reason": values.get("finish_reason"),
    }


def _words(content: Any) -> str:
    """Return the words of a message: a text, or the parts that are texts."""
    content = parsed(content) if isinstance(content, str) and content[:1] in "[{" else content
    if not isinstance(content, list):
        return text_of(content)
    texts = [
        part.get("content", part.get("text"))
        for part in dicts_of(content)
        if part.get("type") in (None, "text", "output_text", "input_text")
    ]
    return "\n".join(text for item in texts if (text := text_of(item)))
