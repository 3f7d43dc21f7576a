"""Logs of the Gemini API: chunks that support a segment of the answer are cited, all others retrieved.

Segments count bytes of UTF-8 from the start of a part (googleapis/python-genai, types.Segment). A
chunk's address is a redirect that expires; what lasts of it is its title, a bare domain.
"""

import functools
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
)
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import (
    citations_of,
    label_of,
    readable,
    searches_of,
    text_of,
)

_DONE = ("STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED")


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    if isinstance(body.get("candidates"), list) or dict_of(_field(body, "promptFeedback")):
        return True
    return bool(exchange.error) and "contents" in exchange.request


def _read(exchange: Exchange) -> list[LogRecord]:
    body = exchange.body
    candidate = next(iter(dicts_of(body.get("candidates"))), {})
    grounding = dict_of(_field(candidate, "groundingMetadata"))
    parts = _texts(candidate)
    answer = "".join(parts)
    pages = [_page(chunk) for chunk in _chunks(grounding)]
    cited = list(_cited(grounding, parts, pages))
    started = begin_record(exchange, "gemini", answer)
    record = LogRecord(
        **{
            **started,
            "error": started["error"] or _why_failed(body, candidate, answer),
        }
        | {"model": started["model"] or label_of(_field(body, "modelVersion"))}
        | {"run_id": started["run_id"] or label_of(_field(body, "responseId"))}
        | {"asked_at": started["asked_at"] or _field(body, "createTime")},
        citations=tuple(cited),
        retrieved=(*(page for page in pages if page), *_opened(candidate)),
        searches=searches_of(_field(grounding, "webSearchQueries")),
        has_searched=bool(_field(grounding, "webSearchQueries") or pages),
        extra={"redirects": redirects} if (redirects := _redirects(grounding, pages)) else {},
    )
    return [record]


def _texts(candidate: dict[str, Any]) -> list[str]:
    """Return the text of each part of the answer, by the parts' numbers; thoughts and what is no text are empty."""
    parts = dict_of(candidate.get("content")).get("parts")
    texts = [dict_of(part) for part in parts] if isinstance(parts, list) else []
    return [
        readable(text)
        if isinstance(text := part.get("text"), str) and not part.get("thought")
        else ""
        for part in texts
    ]


def _why_failed(body: dict[str, Any], candidate: dict[str, Any], answer: str) -> str | None:
    if blocked := label_of(_field(dict_of(_field(body, "promptFeedback")), "blockReason")):
        return f"the prompt was blocked: {blocked}"
    reason = text_of(_field(candidate, "finishReason")).split(".")[-1]
    return (
        f"no answer text, finish reason {reason}"
        if reason and reason not in _DONE and not answer.strip()
        else None
    )


def _chunks(grounding: dict[str, Any]) -> list[dict[str, Any]]:
    chunks = _field(grounding, "groundingChunks")
    found = [dict_of(chunk) for chunk in chunks] if isinstance(chunks, list) else []
    names = ("web", "retrievedContext", "maps")
    return [
        next((one for name in names if (one := dict_of(_field(chunk, name)))), {})
        for chunk in found
    ]


def _page(chunk: dict[str, Any]) -> Citation | None:
    return next(iter(citations_of([chunk])), None)


def _redirects(grounding: dict[str, Any], pages: list[Citation | None]) -> list[str]:
    """Return the addresses of chunks that the pages read from them do not have."""
    uris = [text_of(chunk.get("uri")) for chunk in _chunks(grounding)]
    return [
        uri
        for uri, page in zip(uris, pages, strict=True)
        if uri and (page is None or page.url != readable(uri))
    ]


def _cited(
    grounding: dict[str, Any], parts: list[str], pages: list[Citation | None]
) -> Iterator[Citation]:
    for support in dicts_of(_field(grounding, "groundingSupports")):
        numbers = _field(support, "groundingChunkIndices")
        start, end = _span(dict_of(support.get("segment")), parts)
        for number in numbers if isinstance(numbers, list) else ():
            page = pages[number] if type(number) is int and 0 <= number < len(pages) else None
            if page:
                yield page._replace(start=start, end=end)


def _span(segment: dict[str, Any], parts: list[str]) -> tuple[int | None, int | None]:
    """Return a segment's characters in the joined parts; by its words where its offsets do not lead to them."""
    start, end, number = (
        _field(segment, name) or 0 for name in ("startIndex", "endIndex", "partIndex")
    )
    answer = "".join(parts)
    words = _field(segment, "text")
    starts = [0, *accumulate(map(len, parts))]
    if (
        all(type(one) is int for one in (start, end, number))
        and 0 <= start < end
        and 0 <= number < max(1, len(parts))
    ):
        for text, first in (
            (parts[number] if parts else "", starts[number]),
            (answer, 0),
        ):
            span = (
                first + _n_characters(text, start),
                first + _n_characters(text, end),
            )
            if not isinstance(words, str) or answer[slice(*span)] == words:
                return span
    if isinstance(words, str) and words and answer.count(words) == 1:
        return answer.index(words), answer.index(words) + len(words)
    return None, None


def _n_characters(text: str, n_bytes: int) -> int:
    return len(text.encode("utf-8")[:n_bytes].decode("utf-8", "ignore"))


def _opened(candidate: dict[str, Any]) -> Iterator[Citation]:
    for page in dicts_of(_field(dict_of(_field(candidate, "urlContextMetadata")), "urlMetadata")):
        if url := text_of(_field(page, "retrievedUrl")):
            yield Citation(readable(url))


def _field(values: dict[str, Any], name: str) -> Any:
    """Return a field in the API's spelling or, as Python's SDK writes it, in snake case."""
    return values[name] if name in values else values.get(_snake(name))


@functools.lru_cache(maxsize=64)
def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


FORMAT = LogFormat(
    name="Gemini",
    fields={
        "query": "request.contents",
        "answer": "candidates.content.parts",
        "model": "modelVersion",
        "citations": "groundingSupports",
        "retrieved": "groundingChunks",
        "searches": "webSearchQueries",
        "has_searched": "groundingMetadata",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset(
        {
            "candidates",
            "promptFeedback",
            "prompt_feedback",
            "modelVersion",
            "model_version",
            "key",
            "contents",
        }
    )
    | {"responseId", "response_id", "createTime", "create_time"},
)
