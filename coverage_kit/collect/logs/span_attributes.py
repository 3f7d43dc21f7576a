"""Spans of OpenTelemetry as records: what an exporter, a collector or a table wrote of a span.

Exporters nest the attributes, write them as a list of keys and values, or as columns. Here they
become one flat mapping, whose names are those of the conventions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coverage_kit.collect.logs.api_format import dict_of, dicts_of
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.values import label_of, parsed

# The columns of a span as this module writes it. The first holds its attributes, and the others in
# this line beside them.
CONTENT, ATTRIBUTES, EVENTS, SPAN, PARENT = "span", "attributes", "events", "span id", "parent id"
TRACE, STARTED, ERROR = "trace id", "span start", "span error"
# The names by which the attributes of a call of a model are known: of OpenTelemetry, OpenInference
# (Phoenix), Vercel's AI SDK and PostHog.
_AI_NAME = re.compile(
    r"(gen_ai|llm|openinference|ai\.(prompt|response|model)|\$ai_)|(in|out)put\.value$"
)
# The fields that may hold the attributes.
_HOLDERS = ("attributes", "spanAttributes", "span_attributes", "SpanAttributes", "properties")
_PREFIXES = ("attributes.", "spanAttributes.", "span_attributes.", "properties.", "properties_")
# The fields of a record, or of its `context`, that may hold each fact of a span.
_FACTS = {
    TRACE: ("traceId", "trace_id", "context.trace_id", "TraceId", "traceID", "$ai_trace_id"),
    SPAN: ("spanId", "span_id", "context.span_id", "SpanId", "spanID", "$ai_span_id", "id"),
    PARENT: ("parentSpanId", "parent_span_id", "parent_id", "ParentSpanId", "$ai_parent_id"),
    STARTED: ("startTimeUnixNano", "start_time", "startTime", "timestamp", "Timestamp", "_time"),
}
# Attributes nest no deeper than this (assumed).
_MAX_DEPTH = 6


def split_spans(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, with a row for each span that a row of the OTLP format holds."""
    for row in rows:
        resources = row.values.get("resourceSpans", row.values.get("resource_spans"))
        if not isinstance(resources, list):
            span = None if row.problem else span_of(row.values)
            yield Row(row.line, span) if span else row
            continue
        spans = [_span(span, _attributes(span)) for span in _nested_spans(resources)]
        yield from [Row(row.line, span) for span in spans] or [row]


def names_a_span(names: Iterable[str]) -> bool:
    """Return whether a table with these columns has spans with calls of a model."""
    return any(_AI_NAME.match(_plain(name)) and _plain(name) != name for name in names) or any(
        name.startswith(("gen_ai.", "llm.input_messages", "openinference.", "$ai_input"))
        for name in names
    )


def span_of(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the span that a record is, or None for any other record."""
    if not any(_may_hold(name) for name in values):
        return None
    attributes = _attributes(values)
    events = dicts_of(parsed(values.get("events")))
    is_ai = any(_AI_NAME.match(name) for name in attributes) or any(
        str(event.get("name")).startswith("gen_ai.") for event in events
    )
    return _span(values, attributes) if is_ai else None


def flat(value: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return nested attributes with the names of the levels joined by dots.

    >>> flat({"gen_ai": {"request": {"model": "gpt-5"}}})
    {'gen_ai.request.model': 'gpt-5'}
    """
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return {prefix: value}
    result: dict[str, Any] = {}
    for name, inner in value.items():
        key = f"{prefix}.{name}" if prefix else str(name)
        result |= flat(inner, key, depth + 1)
    return result


def _may_hold(name: str) -> bool:
    return name in _HOLDERS or name.startswith(
        (*_PREFIXES, "gen_ai", "llm.", "openinference", "$ai")
    )


def _plain(name: str) -> str:
    return next((name[len(start) :] for start in _PREFIXES if name.startswith(start)), name)


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for holder in _HOLDERS:
        held = parsed(values.get(holder))
        if isinstance(held, list):
            attributes |= _from_pairs(held)
        elif isinstance(held, dict):
            attributes |= flat(held)
    for name, value in values.items():
        plain = _plain(name)
        if (plain != name or _AI_NAME.match(name)) and _is_filled(value):
            attributes |= flat(value, plain)
    return attributes


def _is_filled(value: Any) -> bool:
    return label_of(value) is not None or (hasattr(value, "__len__") and len(value) > 0)


def _from_pairs(pairs: list[Any]) -> dict[str, Any]:
    """Return the attributes of a list of keys and values, as OTLP writes them."""
    return {str(pair.get("key")): _value(pair.get("value")) for pair in dicts_of(pairs)}


def _value(value: Any, depth: int = 0) -> Any:
    """Return a value of OTLP, such as {"stringValue": "gpt-5"}, as a plain value."""
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return value
    for name, inner in value.items():
        kind = str(name).replace("_", "").lower()
        if kind == "arrayvalue":
            items = dict_of(inner).get("values")
            return [_value(item, depth + 1) for item in items] if isinstance(items, list) else []
        if kind == "kvlistvalue":
            pairs = dicts_of(dict_of(inner).get("values"))
            return {str(pair.get("key")): _value(pair.get("value"), depth + 1) for pair in pairs}
        if kind.endswith("value"):
            return inner
    return value


def _nested_spans(resources: list[Any]) -> Iterator[dict[str, Any]]:
    for resource in dicts_of(resources):
        for name in ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"):
            for scope in dicts_of(resource.get(name)):
                yield from dicts_of(scope.get("spans"))


def _span(values: Mapping[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    context = {f"context.{name}": cell for name, cell in dict_of(values.get("context")).items()}
    cells = {**attributes, **context, **values}
    facts = {
        fact: next((cells[name] for name in names if label_of(cells.get(name))), None)
        for fact, names in _FACTS.items()
    }
    return {
        CONTENT: {
            ATTRIBUTES: attributes,
            EVENTS: _events(values.get("events")),
            SPAN: facts[SPAN],
            PARENT: facts[PARENT],
        },
        TRACE: facts[TRACE],
        STARTED: facts[STARTED],
        ERROR: _error(cells),
    }


def _events(logged: Any) -> list[dict[str, Any]]:
    """Return the events of a span, each with its name and its flat attributes."""
    return [
        {
            "name": event.get("name"),
            "attributes": _from_pairs(held)
            if isinstance(held := event.get("attributes"), list)
            else flat(dict_of(held)),
        }
        for event in dicts_of(parsed(logged))
    ]


def _error(cells: Mapping[str, Any]) -> str | None:
    status = dict_of(parsed(cells.get("status")))
    code = status.get("code", status.get("status_code", cells.get("status_code")))
    is_error = label_of(code) in ("2", "STATUS_CODE_ERROR", "ERROR", "Error", "error")
    if not is_error and cells.get("$ai_is_error") is not True:
        return None
    messages = (
        status.get("message"),
        status.get("description"),
        cells.get("status_message"),
        cells.get("error.type"),
        cells.get("$ai_error"),
    )
    return next((text for message in messages if (text := label_of(message))), "status error")
