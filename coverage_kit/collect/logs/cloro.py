"""cloro's monitoring endpoints: `success` and a `result` with text and sources.

The prompt is in the request alone, so that it must be logged beside the response.
"""

from typing import Any

from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    dict_of,
    own_columns,
)
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.scraped import read_shape, shaped_record
from coverage_kit.collect.logs.values import error_of, label_of, parsed

_SIGNS = ("sources", "searchQueries", "shoppingCards", "entities")


def _response(exchange: Exchange) -> dict[str, Any]:
    outer = exchange.outer
    for values in (dict_of(parsed(outer.get("response"))), outer):
        if "success" in values and ("result" in values or "error" in values):
            return values
    return {}


def _recognises(exchange: Exchange) -> bool:
    response = _response(exchange)
    result = dict_of(response.get("result"))
    is_failure = response.get("success") is False and bool(exchange.prompt)
    return is_failure or any(name in result for name in _SIGNS)


def _read(exchange: Exchange) -> list[LogRecord]:
    if not exchange.prompt:
        raise UnreadableRecordError(
            "no prompt: cloro's response does not repeat it; log it beside the response, as "
            "prompt and response"
        )
    response = _response(exchange)
    outer = exchange.outer
    found = read_shape(dict_of(response.get("result")))
    own = {field: outer.get(column) for field, column in own_columns(tuple(outer)).items()}
    error = error_of(response.get("error"))
    if response.get("success") is False:
        error = error or "no success"
    return [
        shaped_record(
            found,
            exchange.prompt,
            (own.get("engine"), exchange.request.get("model"), found.model, outer.get("endpoint")),
            error,
            run_id=label_of(own.get("run_id")),
            asked_at=own.get("asked_at"),
            market=label_of(own.get("market")) or label_of(exchange.request.get("country")),
            demand=own.get("demand"),
        )
    ]


FORMAT = LogFormat(
    name="cloro",
    fields={
        "query": "request.prompt",
        "answer": "result.markdown or text",
        "model": "result.model",
        "citations": "result.sources",
        "searches": "result.searchQueries",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset({"success", "result", "prompt", "endpoint"}),
)
