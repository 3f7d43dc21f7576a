"""Logs of the Anthropic Messages API: a text block with citations is itself the cited span."""

from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
    engine_of,
    missing_text,
)
from coverage_kit.collect.logs.pauses import PAUSE
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import citations_of

# The types of the blocks that hold what the server's tools returned.
_TOOL_RESULTS = ("web_search_tool_result", "web_fetch_tool_result")
# The types of result in a line of a message batch's output.
_BATCH_OUTCOMES = ("succeeded", "errored", "canceled", "expired")


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    outer = exchange.outer
    if isinstance(body.get("content"), list) and body.get("role") == "assistant":
        return (
            body.get("type") == "message"
            or engine_of(body.get("model") or exchange.request.get("model")) == "claude"
        )
    # A failed call may have no content: its request or the type of its body shows the API.
    is_claude = engine_of(exchange.request.get("model")) == "claude" or body.get("type") == "error"
    is_batch = "custom_id" in outer and dict_of(outer.get("result")).get("type") in _BATCH_OUTCOMES
    return is_batch or (bool(exchange.error) and is_claude)


def _read(exchange: Exchange) -> list[LogRecord]:
    blocks = dicts_of(exchange.body.get("content"))
    answer, citations = _read_blocks(blocks)
    calls = [block for block in blocks if block.get("type") == "server_tool_use"]
    results = [block.get("content") for block in blocks if block.get("type") in _TOOL_RESULTS]
    # A search returns a list of pages, a fetch a single page, and a failed call a single error.
    pages = [page for result in results for page in (dicts_of(result) or [dict_of(result)])]
    shared_fields = begin_record(exchange, "claude", answer)
    reason = text_of(exchange.body.get("stop_reason"))
    refusal = answer.strip() if reason == "refusal" else ""
    error = missing_text(answer, refusal, f"stop reason {reason}" if reason else "")
    if reason == PAUSE:
        error = "the turn was paused, and its continuation is not in the log"
    shared_fields["error"] = shared_fields["error"] or error
    record = LogRecord(
        **shared_fields,
        citations=citations,
        retrieved=citations_of(pages),
        searches=tuple(
            text for call in calls if (text := text_of(dict_of(call.get("input")).get("query")))
        ),
        has_searched=bool(calls or results),
    )
    return [record]


def _read_blocks(
    blocks: list[dict[str, Any]],
) -> tuple[str, tuple[Citation, ...]]:
    """Return the joined text of the blocks, and their citations.

    Text blocks follow each other without a break, unless the model did something between them. A
    cited block is a span. Citations of documents without a URL are left out.
    """
    answer = ""
    citations = list[Citation]()
    is_broken = False
    for block in blocks:
        text = block.get("text")
        if block.get("type") != "text" or not isinstance(text, str):
            is_broken = True
            continue
        if is_broken and answer and not answer[-1].isspace():
            answer += "\n"
        start = len(answer)
        answer = answer + readable(text)
        is_broken = False
        citations += [page._replace(start=start, end=len(answer)) for page in _pages(block)]
    return answer, tuple(citations)


def _pages(block: dict[str, Any]) -> tuple[Citation, ...]:
    """Return the pages that a text block cites."""
    return citations_of(
        [
            {
                "url": citation.get("url") or citation.get("source"),
                "title": citation.get("title"),
            }
            for citation in dicts_of(block.get("citations"))
        ]
    )


FORMAT = LogFormat(
    name="Anthropic Messages",
    fields={
        "query": "request.messages",
        "answer": "content.text",
        "model": "model",
        "citations": "content.citations",
        "retrieved": "web_search_tool_result",
        "searches": "server_tool_use.input.query",
        "has_searched": "server_tool_use",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset(
        {
            "content",
            "role",
            "type",
            "result",
            "params",
            "stop_reason",
            "stop_sequence",
        }
    ),
)
