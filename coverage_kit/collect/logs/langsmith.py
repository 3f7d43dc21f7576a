"""LangSmith's runs: the root of a trace is the question with its answer.

A file without roots is read by its calls of models.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.api_format import dict_of
from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.traces import (
    FindFormat,
    plain_messages,
    read_call,
)
from coverage_kit.collect.logs.values import error_of, label_of, parsed, text_of

_NOTE = (
    "one question for each trace: its root, or the calls of models where the file holds no roots"
)


def table_format(find_format: FindFormat) -> TableFormat:
    """Return the format of runs.

    It reads inputs and outputs in the shape of any provider that `find_format` recognises.
    """

    def read_roots(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
        return [] if label_of(cell_of(values, "parent_run_id")) else [_read(find_format, values)]

    def read_calls(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
        return [_read(find_format, values)] if text_of(cell_of(values, "run_type")) == "llm" else []

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
        read=read_roots,
        fallback=read_calls,
        note=_NOTE,
    )


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
