"""Logs of the Perplexity API: what `[n]` marks in the answer is cited, what is listed but never marked is retrieved."""

import re
from collections.abc import Sequence
from typing import Any

from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
    read_messages,
)
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import citations_of, searches_of, text_of

_MARKER = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_FOUND = ("search_results", "fetch_url_results")


def marked_citations(
    answer: str, listed: Sequence[Citation]
) -> tuple[tuple[Citation, ...], tuple[Citation, ...]]:
    """Return what the answer's markers cite of the list, each marker with its place as the span, and what it never marks.

    `[1]` is the first of the list. An answer without any marker that the list knows cites all of
    it.

    >>> cited, unmarked = marked_citations("Acme [2].", [Citation("https://a.com"), Citation("https://b.com")])
    >>> cited[0].url, "Acme [2]."[cited[0].start : cited[0].end], unmarked[0].url
    ('https://b.com', '[2]', 'https://a.com')
    """
    marks = [
        (int(n) - 1, found.span())
        for found in _MARKER.finditer(answer)
        for n in found[1].split(",")
    ]
    known = [(number, span) for number, span in marks if 0 <= number < len(listed)]
    if not known:
        return tuple(listed), ()
    marked = {number for number, _ in known}
    cited = tuple(listed[number]._replace(start=start, end=end) for number, (start, end) in known)
    return cited, tuple(page for i, page in enumerate(listed) if i not in marked)


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    if any(item.get("type") in _FOUND for item in dicts_of(body.get("output"))):
        return True
    is_sonar = (
        text_of(body.get("model") or exchange.request.get("model"))
        .lower()
        .split("/")[-1]
        .startswith("sonar")
    )
    if isinstance(body.get("choices"), list):
        return is_sonar or "citations" in body or "search_results" in body
    return is_sonar and bool(exchange.error) and bool(exchange.request)


def _read(exchange: Exchange) -> list[LogRecord]:
    body = exchange.body
    return [
        _read_output(exchange) if isinstance(body.get("output"), list) else _read_choices(exchange)
    ]


def _read_choices(exchange: Exchange) -> LogRecord:
    body = exchange.body
    messages = [dict_of(choice.get("message")) for choice in dicts_of(body.get("choices"))]
    answer = text_of(messages[0].get("content")) if messages else ""
    results = citations_of(body.get("search_results"))
    titles = {page.url: page.title for page in results}
    listed = body.get("citations")
    named = (
        tuple(Citation(url := _url_of(one), title=titles.get(url)) for one in listed)
        if isinstance(listed, list)
        else ()
    )
    cited, unmarked = marked_citations(answer, named or results)
    steps = (
        [dict_of(step.get("web_search")) for step in dicts_of(messages[0].get("reasoning_steps"))]
        if messages
        else []
    )
    return LogRecord(
        **begin_record(exchange, "perplexity", answer),
        citations=cited,
        retrieved=(
            *unmarked,
            *results,
            *(
                page
                for step in steps
                for page in citations_of(dicts_of(step.get("search_results")))
            ),
        ),
        searches=tuple(text for step in steps for text in searches_of(step.get("search_keywords"))),
        has_searched=bool(named or results)
        or dict_of(body.get("usage")).get("num_search_queries") != 0,
    )


def _read_output(exchange: Exchange) -> LogRecord:
    items = dicts_of(exchange.body.get("output"))
    answer, noted = read_messages(items)
    found = [
        one for item in items for key in ("results", "contents") for one in dicts_of(item.get(key))
    ]
    results = citations_of(found)
    cited, unmarked = (noted, results) if noted else marked_citations(answer, results)
    return LogRecord(
        **begin_record(exchange, "perplexity", answer),
        citations=cited,
        retrieved=unmarked,
        searches=tuple(text for item in items for text in searches_of(item.get("queries"))),
    )


def _url_of(listed: Any) -> str:
    # What is no http URL keeps its place in the list, so that the markers after it stay true.
    return next((citation.url for citation in citations_of([listed])), "")


FORMAT = LogFormat(
    name="Perplexity",
    fields={
        "query": "request.messages",
        "answer": "choices.message.content",
        "model": "model",
        "asked_at": "created",
        "citations": "citations",
        "retrieved": "search_results",
        "searches": "search_keywords or queries",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset({"choices", "output", "citations", "search_results"}),
)
