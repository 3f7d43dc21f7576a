"""Logs of the Gemini API: chunks that support a segment of the answer are cited.

All other chunks are retrieved. Segments count bytes of UTF-8 from the start of a part
(googleapis/python-genai, types.Segment). A chunk's address is a redirect that expires; what lasts
is the chunk's title, a bare domain.
"""

import functools
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    begin_record,
    dict_of,
    dicts_of,
    further_answers,
)
from coverage_kit.collect.logs.record import Citation, LogRecord, Outcome
from coverage_kit.collect.logs.values import citations_of, label_of, searches_of

# With any other finish reason, such as SAFETY, an answer without text is a failure.
_NORMAL_FINISHES = ("STOP", "FINISH_REASON_UNSPECIFIED")
# The words of so many segments of an answer are looked for where their offsets are wrong, because
# each search reads the whole answer (assumed: real answers have far fewer).
MAX_SOUGHT = 1000
# The fields of a chunk that may hold its page, by the kind of its source.
_CHUNK_SOURCES = ("web", "retrievedContext", "maps")


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    if isinstance(body.get("candidates"), list) or dict_of(_field(body, "promptFeedback")):
        return True
    return bool(exchange.error) and "contents" in exchange.request


def _read(exchange: Exchange) -> list[Outcome]:
    body = exchange.body
    candidate = next(iter(dicts_of(body.get("candidates"))), {})
    grounding = dict_of(_field(candidate, "groundingMetadata"))
    texts = _part_texts(candidate)
    answer = "".join(texts)
    pages = [_page(chunk) for chunk in _chunks(grounding)]
    citations = tuple(_cited(grounding, texts, pages))
    fields = begin_record(exchange, "gemini", answer)
    fields["error"] = fields["error"] or _failure_reason(body, candidate, answer)
    fields["model"] = fields["model"] or label_of(_field(body, "modelVersion"))
    fields["run_id"] = fields["run_id"] or label_of(_field(body, "responseId"))
    fields["asked_at"] = fields["asked_at"] or _field(body, "createTime")
    redirects = _redirects(grounding, pages)
    record = LogRecord(
        **fields,
        citations=citations,
        retrieved=(*(page for page in pages if page), *_opened(candidate)),
        searches=searches_of(_field(grounding, "webSearchQueries")),
        has_searched=bool(_field(grounding, "webSearchQueries") or pages),
        extra={"redirects": redirects} if redirects else {},
    )
    return [record, *further_answers(body.get("candidates"))]


def _part_texts(candidate: dict[str, Any]) -> list[str]:
    """Return the text of each part of the answer, by the numbers of the parts.

    Thoughts and parts that hold no text are empty.
    """
    parts = dict_of(candidate.get("content")).get("parts")
    return [_part_text(dict_of(part)) for part in parts] if isinstance(parts, list) else []


def _part_text(part: dict[str, Any]) -> str:
    text = part.get("text")
    return readable(text) if isinstance(text, str) and not part.get("thought") else ""


def _failure_reason(body: dict[str, Any], candidate: dict[str, Any], answer: str) -> str | None:
    if blocked := label_of(_field(dict_of(_field(body, "promptFeedback")), "blockReason")):
        return f"the prompt was blocked: {blocked}"
    reason = text_of(_field(candidate, "finishReason")).split(".")[-1]
    return (
        f"no answer text, finish reason {reason}"
        if reason and reason not in _NORMAL_FINISHES and not answer.strip()
        else None
    )


def _chunks(grounding: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the page of each chunk as the API describes it, empty for a chunk without a page."""
    chunks = _field(grounding, "groundingChunks")
    return [_chunk_page(dict_of(chunk)) for chunk in chunks] if isinstance(chunks, list) else []


def _chunk_page(chunk: dict[str, Any]) -> dict[str, Any]:
    return next((page for name in _CHUNK_SOURCES if (page := dict_of(_field(chunk, name)))), {})


def _page(chunk: dict[str, Any]) -> Citation | None:
    return next(iter(citations_of([chunk])), None)


def _redirects(grounding: dict[str, Any], pages: list[Citation | None]) -> list[str]:
    """Return the addresses of chunks that the pages read from these chunks do not have."""
    uris = [text_of(chunk.get("uri")) for chunk in _chunks(grounding)]
    return [
        uri
        for uri, page in zip(uris, pages, strict=True)
        if uri and (page is None or page.url != readable(uri))
    ]


def _cited(
    grounding: dict[str, Any], texts: list[str], pages: list[Citation | None]
) -> Iterator[Citation]:
    part_starts = [0, *accumulate(map(len, texts))]
    answer = _Answer("".join(texts), texts, part_starts)
    for number, support in enumerate(dicts_of(_field(grounding, "groundingSupports"))):
        indexes = _field(support, "groundingChunkIndices")
        segment = dict_of(support.get("segment"))
        start, end = _span(segment, answer) or _span_of_words(segment, answer, number)
        for index in indexes if isinstance(indexes, list) else ():
            page = pages[index] if type(index) is int and 0 <= index < len(pages) else None
            if page:
                yield page._replace(start=start, end=end)


class _Answer(NamedTuple):
    """An answer, the texts of its parts, and where each part starts."""

    text: str
    parts: list[str]
    starts: list[int]


def _span(segment: dict[str, Any], answer: _Answer) -> tuple[int, int] | None:
    """Return a segment's characters in the answer, or None where its offsets miss its words."""
    start, end, part_index = (
        _field(segment, name) or 0 for name in ("startIndex", "endIndex", "partIndex")
    )
    words = _field(segment, "text")
    if not (
        all(type(number) is int for number in (start, end, part_index))
        and 0 <= start < end
        and 0 <= part_index < max(1, len(answer.parts))
    ):
        return None
    # The offsets count from the start of their part. Those of the whole answer are tried too.
    for text, first in (
        (answer.parts[part_index] if answer.parts else "", answer.starts[part_index]),
        (answer.text, 0),
    ):
        span = (first + _n_characters(text, start), first + _n_characters(text, end))
        if not isinstance(words, str) or answer.text[slice(*span)] == words:
            return span
    return None


def _span_of_words(
    segment: dict[str, Any], answer: _Answer, number: int
) -> tuple[int | None, int | None]:
    """Return where a segment's words are in the answer, if they are there once.

    `number` counts the segments of the answer; the words of later segments are not looked for.
    """
    words = _field(segment, "text")
    is_sought = isinstance(words, str) and bool(words) and number < MAX_SOUGHT
    if not is_sought or answer.text.count(words) != 1:
        return None, None
    return answer.text.index(words), answer.text.index(words) + len(words)


def _n_characters(text: str, n_bytes: int) -> int:
    # An offset inside a character counts as the start of that character.
    if text.isascii():
        return min(n_bytes, len(text))
    return bisect_right(_character_ends(text), n_bytes)


@functools.lru_cache(maxsize=4)
def _character_ends(text: str) -> list[int]:
    """Return the byte at which each character of a text ends."""
    return list(accumulate(len(character.encode("utf-8")) for character in text))


def _opened(candidate: dict[str, Any]) -> Iterator[Citation]:
    """Yield the pages that the model opened because the prompt named their addresses."""
    for page in dicts_of(_field(dict_of(_field(candidate, "urlContextMetadata")), "urlMetadata")):
        if url := text_of(_field(page, "retrievedUrl")):
            yield Citation(readable(url))


def _field(values: dict[str, Any], name: str) -> Any:
    """Return a field in the API's spelling or in snake case, as Python's SDK writes it."""
    return values[name] if name in values else values.get(_snake(name))


@functools.lru_cache(maxsize=64)
def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)


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
            "responseId",
            "response_id",
            "createTime",
            "create_time",
        }
    ),
)
