"""Bright Data's scrapers of ChatGPT, Gemini, Perplexity, Copilot and others: a row for each prompt.

The engine is known by the row's `url`. A row without an answer may be paid for all the same, such
as one of a login wall: it is a failure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import dict_of, prompt_of
from coverage_kit.collect.logs.columns import cell_of, plain_name
from coverage_kit.collect.logs.perplexity import marked_citations
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.scraped import engine_at, titled_pages, wall_in
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import error_of, flag_of, label_of, parsed, searches_of

# The columns of an answer, and those by which it is known to be Bright Data's.
_ANSWERED = {"answertext", "answertextmarkdown"}
_SIGNS = {
    *("answerhtml", "websearchtriggered", "websearchquery", "searchsources", "linksattached"),
    *("answersectionhtml", "ismap", "shoppingvisible"),
}
# The columns of a row that failed, and columns with which a row is another vendor's.
_FAILED = {"timestamp", "input", "error"}
_OTHERS = {"output", "outputs", "traceid", "response", "messages"}


@dataclass(frozen=True)
class _Rows(TableFormat):
    """Rows with answers, and rows that say why there is none."""

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a row or table with these columns is Bright Data's."""
        names = {plain_name(name) for name in columns}
        has_answer = bool(_ANSWERED & names) and (
            bool(_SIGNS & names) or {"answertextmarkdown", "url"} <= names
        )
        return has_answer or (names >= _FAILED and not _OTHERS & names)


def _read(values: Mapping[str, Any], _: Mapping[str, str]) -> list[LogRecord]:
    request = parsed(cell_of(values, "input"))
    request = dict_of(request[0] if isinstance(request, list) and request else request)
    prompt = label_of(cell_of(values, "prompt")) or prompt_of(request)
    if not prompt:
        raise UnreadableRecordError("no prompt: neither prompt nor input.prompt is filled")
    answer = text_of(cell_of(values, "answer_text_markdown")) or text_of(
        cell_of(values, "answer_text")
    )
    listed = parsed(cell_of(values, "citations"))
    cited = titled_pages(_items(listed, is_cited=True))
    uncited = titled_pages(_items(listed, is_cited=False))
    linked = titled_pages(parsed(cell_of(values, "links_attached")))
    retrieved = titled_pages(parsed(cell_of(values, "search_sources")))
    sources = titled_pages(parsed(cell_of(values, "sources")))
    if not cited and sources:
        # Perplexity's and Gemini's rows list the sources, and mark them in the answer.
        cited, sources = marked_citations(answer, sources)
    searches = searches_of(cell_of(values, "web_search_query"))
    is_triggered = flag_of(cell_of(values, "web_search_triggered"))
    pages = (*cited, *linked, *uncited, *retrieved, *sources)
    url = text_of(cell_of(values, "url")) or text_of(request.get("url"))
    reason = error_of(cell_of(values, "error"))
    code = label_of(cell_of(values, "error_code"))
    if code and reason != code:
        reason = f"{reason or 'failed'} ({code})"
    return [
        LogRecord(
            prompt,
            answer,
            engine_at(url),
            model=label_of(cell_of(values, "model")),
            surface="scrape",
            asked_at=cell_of(values, "timestamp"),
            market=label_of(cell_of(values, "country")) or label_of(request.get("country")),
            citations=(*cited, *linked),
            retrieved=(*uncited, *retrieved, *sources),
            searches=searches,
            has_searched=bool(pages or searches) if is_triggered is None else is_triggered,
            error=reason or wall_in(answer, pages),
        )
    ]


def _items(listed: Any, is_cited: bool) -> Any:
    """Return the pages of a list of citations that the answer shows, or those that it does not."""
    if not isinstance(listed, list):
        return listed if is_cited else []
    return [
        item
        for item in listed
        if (not isinstance(item, dict) or item.get("cited") is not False) == is_cited
    ]


FORMAT = _Rows(
    name="Bright Data",
    needs=("prompt", "answer_text_markdown", "url"),
    fields={
        "query": "prompt",
        "answer": "answer_text_markdown",
        "engine": "url",
        "model": "model",
        "asked_at": "timestamp",
        "market": "country",
        "citations": "citations",
        "retrieved": "search_sources",
        "searches": "web_search_query",
        "has_searched": "web_search_triggered",
        "error": "error",
        # Read too, or another form of the same answer: they are no fields of their own.
        "text": "answer_text",
        "request": "input",
        "links": "links_attached",
        "sources": "sources",
        "reason": "error_code",
        "page": "answer_html",
        "section": "answer_section_html",
        "raw": "response_raw",
    },
    read=_read,
    surface="scrape",
    note="links in the words of an answer are read as cited pages; search sources are pages that "
    "were retrieved; a row with an error, such as a login wall, is a failure",
)
