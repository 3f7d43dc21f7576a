"""SerpApi: Google's AI Mode, AI Overviews and Bing's Copilot.

An AI Overview may come as a `page_token` alone: then it was not fetched, which says neither that
Google showed none nor that it failed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import Exchange, LogFormat, dict_of, dicts_of
from coverage_kit.collect.logs.record import Citation, LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.scraped import Block, engine_named, place_blocks
from coverage_kit.collect.logs.values import citations_of, error_of, label_of

# Blocks may be nested so deep (assumed).
_MAX_DEPTH = 6
# What SerpApi says where Google shows no AI Overview.
_ABSENT = ("not available", "hasn't returned any results", "no results")
_ENGINE_OF = {"google": "google ai overviews"}


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    parameters = dict_of(body.get("search_parameters"))
    is_serpapi = bool(parameters) and "search_metadata" in body
    return is_serpapi or ("text_blocks" in body and "references" in body)


def _read(exchange: Exchange) -> list[LogRecord]:
    body = exchange.body
    parameters = dict_of(body.get("search_parameters"))
    metadata = dict_of(body.get("search_metadata"))
    prompt = text_of(parameters.get("q")) or exchange.prompt
    if not prompt:
        raise UnreadableRecordError(
            "no prompt: the response to a page_token does not repeat the question; log it beside "
            "the question, as prompt and response"
        )
    engine = text_of(parameters.get("engine"))
    is_overview = "ai_overview" in body or engine == "google"
    part = dict_of(body.get("ai_overview")) if is_overview else body
    answer, cited = _answer(part)
    error = None
    if not (answer or cited):
        reason = error_of(part.get("error")) or error_of(body.get("error"))
        if part.get("page_token"):
            reason = "not fetched: the response has only a page_token, with which SerpApi gets it"
        elif is_overview and (not reason or any(words in reason for words in _ABSENT)):
            # Google showed no AI Overview: a question without an answer, not a failure.
            answer = None
            reason = None
        elif text_of(metadata.get("status")) == "Processing":
            reason = "not fetched: SerpApi was still processing the search"
        error = reason
    return [
        LogRecord(
            prompt,
            answer,
            _ENGINE_OF.get(engine) or engine_named(engine) or "google ai overviews"
            if is_overview
            else engine_named(engine),
            surface="scrape",
            run_id=label_of(metadata.get("id")),
            asked_at=metadata.get("created_at") or metadata.get("processed_at"),
            market=label_of(parameters.get("gl")) or label_of(parameters.get("location")),
            citations=cited,
            error=error,
        )
    ]


def _answer(part: dict[str, Any]) -> tuple[str | None, tuple[Citation, ...]]:
    """Return an answer's words and citations: those of its blocks, then all other references."""
    references = dicts_of(part.get("references"))
    by_index: dict[Any, tuple[Citation, ...]] = {}
    for position, reference in enumerate(references):
        index = reference.get("index", position)
        by_index[index if isinstance(index, int) else position] = citations_of([reference])
    blocks = list(_blocks(part.get("text_blocks"), by_index))
    markdown = "" if blocks else text_of(part.get("reconstructed_markdown"))
    answer, cited = place_blocks(markdown, blocks)
    return answer, (*cited, *(page for pages in by_index.values() for page in pages))


def _blocks(
    values: Any, by_index: dict[Any, tuple[Citation, ...]], depth: int = 0
) -> Iterator[Block]:
    for value in dicts_of(values):
        names = ("title", "snippet", "text", "code")
        words = ": ".join(
            text
            for name in names
            if isinstance(value.get(name), str) and (text := text_of(value[name]))
        )
        yield words or _table(value.get("table")), _referred(value, by_index)
        if depth < _MAX_DEPTH:
            for name in ("list", "text_blocks", "comparison", "blocks"):
                yield from _blocks(value.get(name), by_index, depth + 1)


def _referred(
    value: dict[str, Any], by_index: dict[Any, tuple[Citation, ...]]
) -> Sequence[Citation]:
    indexes = value.get("reference_indexes")
    return [
        page
        for index in (indexes if isinstance(indexes, list) else [])
        if isinstance(index, int)
        for page in by_index.get(index, ())
    ]


def _table(rows: Any) -> str:
    """Return a table as lines of cells."""
    lines = rows if isinstance(rows, list) else []
    return "\n".join(
        " | ".join(text_of(cell) for cell in line) for line in lines if isinstance(line, list)
    )


FORMAT = LogFormat(
    name="SerpApi",
    fields={
        "query": "search_parameters.q",
        "answer": "text_blocks",
        "asked_at": "search_metadata.created_at",
        "market": "search_parameters.gl",
        "citations": "references",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset(
        {
            *("search_parameters", "search_metadata", "text_blocks", "references"),
            *("reconstructed_markdown", "ai_overview", "organic_results", "search_information"),
            *("pagination", "serpapi_pagination", "related_questions", "related_searches", "ads"),
            *("knowledge_graph", "inline_images", "inline_videos", "local_results", "header"),
        }
    ),
)
