"""Langfuse's observations and traces, from its exports or its API: of observations only generations are calls of a model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.traces import FindFormat, read_call
from coverage_kit.collect.logs.values import label_of, parsed, text_of

_TWICE = (
    "traces and observations tell of the same questions: name only one of the two in [log] files"
)
_NOTE = f"every generation counts as one question: leave out those that rewrite, rate or summarise; {_TWICE}"


def table_formats(find_format: FindFormat) -> tuple[TableFormat, TableFormat]:
    """Return the formats, which read inputs and outputs in the shape of any provider that `find_format` knows."""

    def read_observation(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
        if text_of(cell_of(values, "type")).upper() != "GENERATION":
            return []
        record = _read(
            find_format,
            values,
            mapping,
            label_of(cell_of(values, "provided_model_name", "model")),
        )
        about = (
            label_of(cell_of(values, "trace_id")),
            cell_of(values, "start_time"),
        )
        return [
            replace(
                record,
                run_id=about[0],
                asked_at=about[1] or record.asked_at,
                error=_error(values) or record.error,
            )
        ]

    def read_trace(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
        record = _read(find_format, values, mapping, None)
        return [
            replace(
                record,
                run_id=label_of(cell_of(values, "id")),
                asked_at=cell_of(values, "timestamp"),
            )
        ]

    asked = {"query": "input", "answer": "output"}
    call = {
        "model": "provided_model_name",
        "run_id": "trace_id",
        "asked_at": "start_time",
        "error": "status_message",
    }
    whole = {"run_id": "id", "asked_at": "timestamp"}
    is_call = ("trace_id", "type", "start_time", "input")
    is_whole = ("timestamp", "input", "output", "session_id", "tags")
    return (
        TableFormat(
            "Langfuse",
            is_call,
            {**asked, **call, "status": "level"},
            read_observation,
            _NOTE,
        ),
        TableFormat("Langfuse traces", is_whole, {**asked, **whole}, read_trace, _TWICE),
    )


def _read(
    find_format: FindFormat,
    values: Mapping[str, Any],
    mapping: Mapping[str, str],
    model: str | None,
) -> LogRecord:
    # a cell of CSV may hold JSON text of JSON text
    asked, told = (
        parsed(parsed(values.get(mapping.get(name, "")))) for name in ("query", "answer")
    )
    return read_call(find_format, asked, told, model)


def _error(values: Mapping[str, Any]) -> str | None:
    if text_of(cell_of(values, "level")).upper() != "ERROR":
        return None
    return label_of(cell_of(values, "status_message")) or "level ERROR"
