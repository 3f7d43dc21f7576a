"""Logs of the OpenAI Responses API.

Annotations of the answer are cited pages; the sources of its searches are retrieved pages.
"""

from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
    missing_text,
    read_messages,
    refusal_of,
)
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import citations_of, label_of

# The types of output items by which a response is recognised.
_ITEM_TYPES = {"message", "web_search_call", "reasoning"}


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    outer = exchange.outer
    if body.get("object") == "response":
        return True
    kinds = {text_of(item.get("type")) for item in dicts_of(body.get("output"))}
    has_request = "input" in exchange.request or {"custom_id", "response"} <= outer.keys()
    return bool(kinds & _ITEM_TYPES) or (bool(exchange.error) and has_request)


def _read(exchange: Exchange) -> list[LogRecord]:
    output = dicts_of(exchange.body.get("output"))
    answer, citations = read_messages(output)
    calls = [item for item in output if item.get("type") == "web_search_call"]
    actions = [dict_of(call.get("action")) for call in calls]
    fields = begin_record(exchange, "openai", answer)
    fields["error"] = fields["error"] or _failure_reason(exchange.body, output, answer)
    record = LogRecord(
        **fields,
        citations=citations,
        retrieved=tuple(page for action in actions for page in _retrieved(action)),
        searches=tuple(search for action in actions for search in _searches(action)),
        has_searched=bool(calls),
    )
    return [record]


def _failure_reason(body: dict[str, Any], output: list[dict[str, Any]], answer: str) -> str | None:
    refusal = "\n".join(words for item in output if (words := refusal_of(item)))
    if reason := label_of(dict_of(body.get("incomplete_details")).get("reason")):
        return missing_text(answer, refusal, f"incomplete: {reason}")
    # A call of a tool that the caller has to run ends the output, as does a request for approval.
    last = output[-1] if output else {}
    kind = text_of(last.get("type"))
    called = " ".join(word for word in (kind, text_of(last.get("name"))) if word)
    is_handed_over = kind not in ("message", "reasoning")
    return missing_text(
        answer, refusal, f"it ends with {called}" if is_handed_over and kind else ""
    )


def _retrieved(action: dict[str, Any]) -> tuple[Citation, ...]:
    """Return what a search found, or the page that was opened or searched for words."""
    return citations_of([*dicts_of(action.get("sources")), {"url": action.get("url")}])


def _searches(action: dict[str, Any]) -> list[str]:
    queries = action.get("queries")
    searches = queries if isinstance(queries, list) and queries else [action.get("query")]
    return [text for search in searches if (text := text_of(search))]


FORMAT = LogFormat(
    name="OpenAI Responses",
    fields={
        "query": "request.input",
        "answer": "output_text",
        "model": "model",
        "asked_at": "created_at",
        "citations": "annotations",
        "retrieved": "action.sources",
        "searches": "action.queries",
        "has_searched": "web_search_call",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset({"output", "output_text", "incomplete_details"}),
)
