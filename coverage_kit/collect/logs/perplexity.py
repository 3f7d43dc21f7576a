"""Logs of the Perplexity API.

Pages that `[n]` marks in the answer are cited; pages that are listed but not marked are retrieved.
"""

import re
from collections.abc import Sequence
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
    further_answers,
    missing_text,
    read_messages,
    refusal_of,
)
from coverage_kit.collect.logs.record import Citation, LogRecord, Outcome
from coverage_kit.collect.logs.values import citations_of, searches_of

# A marker in an answer, such as "[2]" or "[1, 3]".
_MARKER = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
# The types of output items that only the responses of this API have.
_SEARCH_ITEMS = ("search_results", "fetch_url_results")


def marked_citations(
    answer: str, listed: Sequence[Citation]
) -> tuple[tuple[Citation, ...], tuple[Citation, ...]]:
    """Return the citations of an answer's markers and the listed pages that no marker cites.

    `[1]` is the first page in the list, and the marker's own characters are the span. An answer
    without a marker for a page in the list cites the whole list.

    >>> pages = [Citation("https://a.com"), Citation("https://b.com")]
    >>> cited, unmarked = marked_citations("Acme [2].", pages)
    >>> cited[0].url, "Acme [2]."[cited[0].start : cited[0].end], unmarked[0].url
    ('https://b.com', '[2]', 'https://a.com')
    """
    marks = [
        (int(number) - 1, match.span())
        for match in _MARKER.finditer(answer)
        for number in match[1].split(",")
    ]
    valid_marks = [(index, span) for index, span in marks if 0 <= index < len(listed)]
    if not valid_marks:
        return tuple(listed), ()
    marked = {index for index, _ in valid_marks}
    cited = tuple(
        listed[index]._replace(start=start, end=end) for index, (start, end) in valid_marks
    )
    return cited, tuple(page for index, page in enumerate(listed) if index not in marked)


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    if any(item.get("type") in _SEARCH_ITEMS for item in dicts_of(body.get("output"))):
        return True
    # The model may have a vendor before its name, as in "perplexity/sonar-pro".
    is_sonar = (
        text_of(body.get("model") or exchange.request.get("model"))
        .lower()
        .split("/")[-1]
        .startswith("sonar")
    )
    if isinstance(body.get("choices"), list):
        return is_sonar or "citations" in body or "search_results" in body
    return is_sonar and bool(exchange.error) and bool(exchange.request)


def _read(exchange: Exchange) -> list[Outcome]:
    body = exchange.body
    if isinstance(body.get("output"), list):
        return [_read_output(exchange)]
    return [_read_choices(exchange), *further_answers(body.get("choices"))]


def _read_choices(exchange: Exchange) -> LogRecord:
    """Return the record of a response in the shape of chat completions."""
    body = exchange.body
    messages = [dict_of(choice.get("message")) for choice in dicts_of(body.get("choices"))]
    message = messages[0] if messages else {}
    answer = text_of(message.get("content"))
    results = citations_of(body.get("search_results"))
    titles = {page.url: page.title for page in results}
    urls = body.get("citations")
    listed = (
        tuple(Citation(url := _url_of(item), title=titles.get(url)) for item in urls)
        if isinstance(urls, list)
        else ()
    )
    cited, unmarked = marked_citations(answer, listed or results)
    steps = dicts_of(message.get("reasoning_steps"))
    step_searches = [dict_of(step.get("web_search")) for step in steps]
    step_results = [
        page
        for search in step_searches
        for page in citations_of(dicts_of(search.get("search_results")))
    ]
    n_searches = dict_of(body.get("usage")).get("num_search_queries")
    reason = next(
        (text_of(item.get("finish_reason")) for item in dicts_of(body.get("choices"))), ""
    )
    fields = begin_record(exchange, "perplexity", answer)
    fields["error"] = fields["error"] or missing_text(
        answer,
        refusal_of(message),
        f"finish reason {reason}" if reason not in ("", "stop") else "",
    )
    return LogRecord(
        **fields,
        citations=cited,
        retrieved=(*unmarked, *results, *step_results),
        searches=tuple(
            text for search in step_searches for text in searches_of(search.get("search_keywords"))
        ),
        has_searched=bool(listed or results) or n_searches != 0,
    )


def _read_output(exchange: Exchange) -> LogRecord:
    """Return the record of a response in the shape of OpenAI's Responses."""
    items = dicts_of(exchange.body.get("output"))
    answer, annotated = read_messages(items)
    pages = []
    for item in items:
        pages += [*dicts_of(item.get("results")), *dicts_of(item.get("contents"))]
    results = citations_of(pages)
    cited, unmarked = (annotated, results) if annotated else marked_citations(answer, results)
    return LogRecord(
        **begin_record(exchange, "perplexity", answer),
        citations=cited,
        retrieved=unmarked,
        searches=tuple(text for item in items for text in searches_of(item.get("queries"))),
    )


def _url_of(listed: Any) -> str:
    # What is no http URL keeps its position in the list, so that the markers after it stay right.
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
