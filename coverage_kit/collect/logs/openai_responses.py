"""Logs of the OpenAI Responses API: annotations are cited, the sources of its searches are retrieved."""

from typing import Any

from coverage_kit.collect.logs.exchange import Exchange, LogFormat, begin_record, dict_of, dicts_of
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import citations_of, readable, text_of


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    if body.get("object") == "response" or (body.get("error") and "input" in exchange.request):
        return True
    kinds = {text_of(item.get("type")) for item in dicts_of(body.get("output"))}
    return bool(kinds & {"message", "web_search_call", "reasoning"}) or (not body.get("output") and _only_asked(exchange))


def _only_asked(exchange: Exchange) -> bool:
    return bool(exchange.error) and "input" in exchange.request


def _read(exchange: Exchange) -> LogRecord:
    output = dicts_of(exchange.body.get("output"))
    answer, citations = _answer(output)
    calls = [item for item in output if item.get("type") == "web_search_call"]
    actions = [dict_of(call.get("action")) for call in calls]
    return LogRecord(
        **begin_record(exchange, "openai", answer),
        citations=citations,
        retrieved=tuple(url for action in actions for url in _retrieved(action)),
        searches=tuple(search for action in actions for search in _searches(action)),
        searched=bool(calls),
    )


def _answer(output: list[dict[str, Any]]) -> tuple[str, tuple[Citation, ...]]:
    """Return the text of all messages, joined by newlines, and its citations with spans moved accordingly."""
    answer, citations = "", list[Citation]()
    for part in (part for item in output for part in dicts_of(item.get("content"))):
        text = part.get("text")
        if part.get("type") != "output_text" or not isinstance(text, str):
            continue
        answer += "\n" if answer else ""
        notes = [note for note in dicts_of(part.get("annotations")) if note.get("type") == "url_citation"]
        citations += [_moved(citation, len(answer)) for citation in citations_of(notes)]
        answer += readable(text)
    return answer, tuple(citations)


def _moved(citation: Citation, offset: int) -> Citation:
    if citation.start is None or citation.end is None:
        return Citation(citation.url)
    return Citation(citation.url, citation.start + offset, citation.end + offset)


def _retrieved(action: dict[str, Any]) -> list[str]:
    opened = [{"url": action.get("url")}] if action.get("type") == "open_page" else []
    return [citation.url for citation in citations_of([*dicts_of(action.get("sources")), *opened])]


def _searches(action: dict[str, Any]) -> list[str]:
    queries = action.get("queries")
    found = queries if isinstance(queries, list) and queries else [action.get("query")]
    return [text for search in found if (text := text_of(search))]


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
        "searched": "web_search_call",
    },
    recognises=_recognises,
    read=_read,
)
