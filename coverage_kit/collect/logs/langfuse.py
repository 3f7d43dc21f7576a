"""Langfuse's observations and traces, from its exports or its API.

Of the observations only generations are calls of a model.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.record import LogRecord, Outcome, Reject, UnreadableRecordError
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.trace_index import TraceIndex
from coverage_kit.collect.logs.traces import FindFormat, read_call
from coverage_kit.collect.logs.values import label_of, parsed

_TWICE = "traces and observations hold the same questions: name only one of the two in [log] files"
_NOTE = (
    "every generation counts as one question: leave out those that rewrite, rate or summarise; "
    f"{_TWICE}"
)
_CALL = "GENERATION"
# The types of all other observations, as Langfuse documents them: steps that are no calls of a
# model, or none that answers (EMBEDDING).
_STEPS = frozenset(
    {
        "SPAN",
        "EVENT",
        "AGENT",
        "TOOL",
        "CHAIN",
        "RETRIEVER",
        "EVALUATOR",
        "EMBEDDING",
        "GUARDRAIL",
    }
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


def table_formats(find_format: FindFormat) -> tuple[TableFormat, ...]:
    """Return the formats of observations and of traces.

    They read inputs and outputs in the shape of any provider that `find_format` recognises.
    """

    def read_generation(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[Outcome]:
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

    def note_step(values: Mapping[str, Any], traces: TraceIndex) -> None:
        if _type(values) == _CALL:
            try:
                _read(find_format, {"input": cell_of(values, "input")}, {"query": "input"}, None)
            except UnreadableRecordError:
                # Another generation of the trace has to tell of it.
                return
            traces.note_call(text_of(cell_of(values, "trace_id")))

    def read_step(
        values: Mapping[str, Any], mapping: Mapping[str, str], traces: TraceIndex
    ) -> list[Outcome]:
        kind = _type(values)
        if kind == _CALL:
            return read_generation(values, mapping)
        if kind in _STEPS:
            return [traces.step(text_of(cell_of(values, "trace_id")), "generation")]
        return [Reject(f"type GENERATION or a type of step was expected, found {kind or 'none'!r}")]

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
        read=read_generation,
        note=_NOTE,
        note_step=note_step,
        read_step=read_step,
    )
    # A record of JSON may lack its type; these columns show that it is an observation, too.
    untyped = replace(observations, needs=("trace_id", "parent_observation_id", "input"))
    traces = TableFormat(
        name="Langfuse traces",
        needs=("timestamp", "input", "output", "session_id", "tags"),
        fields=_TRACE_FIELDS,
        read=read_trace,
        note=_TWICE,
    )
    return observations, untyped, traces


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


def _type(values: Mapping[str, Any]) -> str:
    return (label_of(cell_of(values, "type")) or "").upper()


def _error(values: Mapping[str, Any]) -> str | None:
    if text_of(cell_of(values, "level")).upper() != "ERROR":
        return None
    return label_of(cell_of(values, "status_message")) or "level ERROR"
