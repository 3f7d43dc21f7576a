"""Langfuse's observations and traces, from its exports or its API.

Of the observations only generations are calls of a model.
"""

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
_NOTE = (
    "every generation counts as one question: leave out those that rewrite, rate or summarise; "
    f"{_TWICE}"
)
_OBSERVATION_FIELDS = {
    "query": "input",
    "answer": "output",
    "model": "provided_model_name",
    "run_id": "trace_id",
    "asked_at": "start_time",
    "error": "status_message",
    "status": "level",
}
_TRACE_FIELDS = {
    "query": "input",
    "answer": "output",
    "run_id": "id",
    "asked_at": "timestamp",
}


def table_formats(find_format: FindFormat) -> tuple[TableFormat, TableFormat]:
    """Return the formats of observations and of traces.

    They read inputs and outputs in the shape of any provider that `find_format` recognises.
    """

    def read_observation(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
        if text_of(cell_of(values, "type")).upper() != "GENERATION":
            return []
        record = _read(
            find_format,
            values,
            mapping,
            label_of(cell_of(values, "provided_model_name", "model")),
        )
        return [
            replace(
                record,
                run_id=label_of(cell_of(values, "trace_id")),
                asked_at=cell_of(values, "start_time") or record.asked_at,
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

    observations = TableFormat(
        name="Langfuse",
        needs=("trace_id", "type", "start_time", "input"),
        fields=_OBSERVATION_FIELDS,
        read=read_observation,
        note=_NOTE,
    )
    traces = TableFormat(
        name="Langfuse traces",
        needs=("timestamp", "input", "output", "session_id", "tags"),
        fields=_TRACE_FIELDS,
        read=read_trace,
        note=_TWICE,
    )
    return observations, traces


def _read(
    find_format: FindFormat,
    values: Mapping[str, Any],
    mapping: Mapping[str, str],
    model: str | None,
) -> LogRecord:
    # A cell of CSV may hold JSON text of JSON text.
    call_input, call_output = (
        parsed(parsed(values.get(mapping.get(name, "")))) for name in ("query", "answer")
    )
    return read_call(find_format, call_input, call_output, model)


def _error(values: Mapping[str, Any]) -> str | None:
    if text_of(cell_of(values, "level")).upper() != "ERROR":
        return None
    return label_of(cell_of(values, "status_message")) or "level ERROR"
