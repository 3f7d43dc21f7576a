"""Oxylabs' scrapers of chats: results whose `content` holds the prompt and the parsed answer.

The names within `content` are not verified: they are recognised by their shape (`scraped.Shape`).
"""

from collections.abc import Iterator
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import Exchange, LogFormat, dict_of, dicts_of
from coverage_kit.collect.logs.record import Outcome, Reject
from coverage_kit.collect.logs.scraped import engine_at, read_shape, shaped_record
from coverage_kit.collect.logs.values import error_of, label_of

# What a page that was parsed without a fault says in `parse_status_code`.
_PARSED = 12000


def _results(exchange: Exchange) -> list[dict[str, Any]]:
    for values in (exchange.body, exchange.outer):
        results = [result for result in dicts_of(values.get("results")) if "content" in result]
        if results:
            return results
        if {"content", "job_id", "status_code"} <= values.keys():
            return [values]
    return []


def _recognises(exchange: Exchange) -> bool:
    return any({"job_id", "status_code"} <= result.keys() for result in _results(exchange))


def _read(exchange: Exchange) -> Iterator[Outcome]:
    results = _results(exchange)
    job = dict_of(exchange.body.get("job"))
    asked = exchange.prompt or text_of(job.get("prompt")) or text_of(job.get("query"))
    for result in results:
        yield _read_result(result, job, asked if len(results) == 1 else "")


def _read_result(result: dict[str, Any], job: dict[str, Any], asked: str) -> Outcome:
    content = dict_of(result.get("content"))
    found = read_shape(content)
    prompt = found.prompt or text_of(result.get("query")) or asked
    if not prompt:
        what = "an unparsed page: ask for it with parse = true" if not content else "no prompt"
        return Reject(f"no prompt: {what}")
    error = error_of(result.get("error"), result.get("status_code"))
    if not content:
        error = error or "an unparsed page: ask for it with parse = true"
    elif found.is_empty and content.get("parse_status_code") not in (None, _PARSED):
        error = error or f"parse status {label_of(content.get('parse_status_code'))}"
    names = (job.get("source"), result.get("source"), result.get("parser_type"), found.model)
    return shaped_record(
        found,
        prompt,
        (engine_at(result.get("url")), *names),
        error,
        run_id=label_of(result.get("job_id")),
        asked_at=result.get("created_at"),
        market=label_of(job.get("geo_location")) or label_of(result.get("geo_location")),
    )


FORMAT = LogFormat(
    name="Oxylabs (unverified)",
    fields={
        "query": "content.prompt",
        "answer": "content.markdown_text or response_text",
        "model": "content.llm_model",
        "asked_at": "created_at",
        "citations": "content.citations",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset({"results", "content", "job", "job_id", "status_code", "url", "page"}),
)
