"""LangSmith's runs: the root of a trace is the question with its answer.

A trace without a root in the log is read by its calls of models.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import dict_of
from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.record import LogRecord, Outcome, Reject, UnreadableRecordError
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.trace_index import STEP, TraceIndex
from coverage_kit.collect.logs.traces import (
    FindFormat,
    plain_messages,
    read_call,
)
from coverage_kit.collect.logs.values import error_of, label_of, parsed

_NOTE = "one question for each trace: its root, or the calls of models where the log holds no root"


def table_format(find_format: FindFormat) -> TableFormat:
    """Return the format of runs.

    It reads inputs and outputs in the shape of any provider that `find_format` recognises.
    """

    def read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[Outcome]:
        return [_read(find_format, values)]

    def note_step(values: Mapping[str, Any], traces: TraceIndex) -> None:
        is_root = not label_of(cell_of(values, "parent_run_id"))
        try:
            if is_root or _is_call(values):
                _read(find_format, values)
        except UnreadableRecordError:
            # Another step of the trace has to tell of it.
            return
        if is_root:
            # A step without a trace_id knows its parent alone.
            traces.note_root(_trace(values))
            traces.note_root(text_of(cell_of(values, "id")))
        elif _is_call(values):
            traces.note_call(_trace(values))

    def read_step(
        values: Mapping[str, Any], mapping: Mapping[str, str], traces: TraceIndex
    ) -> list[Outcome]:
        if not label_of(cell_of(values, "parent_run_id")):
            return read(values, mapping)
        if traces.has_root(_trace(values)):
            return [STEP]
        if not _is_call(values):
            return [traces.step(_trace(values), "root and no call of a model")]
        if traces.roots and not label_of(cell_of(values, "trace_id")):
            return [Reject("no trace_id: the log may hold the root of its trace")]
        return read(values, mapping)

    return TableFormat(
        name="LangSmith",
        needs=("run_type", "inputs"),
        fields={
            "query": "inputs",
            "answer": "outputs",
            "run_id": "trace_id",
            "asked_at": "start_time",
            "error": "error",
            "status": "status",
        },
        read=read,
        note=_NOTE,
        note_step=note_step,
        read_step=read_step,
    )


def _is_call(values: Mapping[str, Any]) -> bool:
    return text_of(cell_of(values, "run_type")).lower() == "llm"


def _trace(values: Mapping[str, Any]) -> str:
    """Return the id of a run's trace; without one, that of its parent or its own."""
    names = ("trace_id", "parent_run_id", "id")
    return next((text for name in names if (text := label_of(cell_of(values, name)))), "")


def _read(find_format: FindFormat, values: Mapping[str, Any]) -> LogRecord:
    outputs = parsed(cell_of(values, "outputs"))
    record = read_call(
        find_format,
        parsed(cell_of(values, "inputs")),
        _call_output(outputs),
        _model(values, dict_of(outputs)),
    )
    return replace(
        record,
        run_id=label_of(cell_of(values, "trace_id")) or label_of(cell_of(values, "id")),
        asked_at=cell_of(values, "start_time") or record.asked_at,
        error=error_of(cell_of(values, "error"), cell_of(values, "status")) or record.error,
    )


def _call_output(outputs: Any) -> Any:
    """Return what a run put out.

    Of several generations it is the first, and of an output that is a message its words.
    """
    values = dict_of(outputs)
    if values.get("generations"):
        first = dict_of(next(iter(plain_messages(values["generations"])), None))
        return text_of(first.get("text")) or text_of(plain_messages(first.get("message")))
    inner = values.get("output")
    return (
        plain_messages(inner) if isinstance(inner, (dict, list)) and len(values) == 1 else outputs
    )


def _model(values: Mapping[str, Any], outputs: dict[str, Any]) -> str | None:
    extra = dict_of(parsed(cell_of(values, "extra")))
    metadata = dict_of(extra.get("metadata"))
    invocation = dict_of(extra.get("invocation_params"))
    llm_output = dict_of(outputs.get("llm_output"))
    cells = (
        metadata.get("ls_model_name"),
        invocation.get("model"),
        invocation.get("model_name"),
        llm_output.get("model_name"),
    )
    return next((name for cell in cells if (name := label_of(cell))), None)
