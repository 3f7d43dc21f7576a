"""Scrapeless' scrapers of chats: a `task_result` with the answer of the actor that was asked.

The names within `task_result` are not verified: they are recognised by their shape
(`scraped.Shape`).
"""

from typing import Any

from coverage_kit.collect.logs.api_format import Exchange, LogFormat, dict_of, prompt_of
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.scraped import engine_at, read_shape, shaped_record
from coverage_kit.collect.logs.values import error_of, label_of, parsed


def _response(exchange: Exchange) -> dict[str, Any]:
    outer = exchange.outer
    for values in (exchange.body, outer):
        if "task_id" in values and ("task_result" in values or "status" in values):
            return values
    return {}


def _recognises(exchange: Exchange) -> bool:
    response = _response(exchange)
    return "task_result" in response or ("actor" in exchange.outer and bool(response))


def _read(exchange: Exchange) -> list[LogRecord]:
    response = _response(exchange)
    outer = exchange.outer
    result = dict_of(parsed(response.get("task_result")))
    found = read_shape(result)
    request = exchange.request or outer
    asked = dict_of(request.get("input")) or dict_of(response.get("input"))
    prompt = found.prompt or exchange.prompt or prompt_of(asked)
    if not prompt:
        raise UnreadableRecordError("no prompt: log the request's input beside the response")
    names = (request.get("actor"), response.get("actor"), outer.get("actor"), found.model)
    error = error_of(response.get("error") or result.get("error"), response.get("status"))
    if found.is_empty and not error:
        error = error_of(response.get("message")) or "no answer text"
    return [
        shaped_record(
            found,
            prompt,
            (*names, engine_at(result.get("url"))),
            error,
            run_id=label_of(response.get("task_id")),
            asked_at=response.get("created_at") or outer.get("created_at"),
            market=label_of(asked.get("country")),
        )
    ]


FORMAT = LogFormat(
    name="Scrapeless (unverified)",
    fields={
        "query": "input.prompt",
        "answer": "task_result.result_text",
        "citations": "task_result.citations",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset({"task_id", "task_result", "status", "actor", "input"}),
)
