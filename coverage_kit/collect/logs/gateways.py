"""Logs of a gateway between a program and the APIs, such as Helicone: the bodies of both sides.

Their columns may be in a table, with JSON in the cells. The fields around the bodies are read by
their names.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.stream_events import body_of, listed_events
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.traces import FindFormat, read_call
from coverage_kit.collect.logs.values import error_of, label_of, parsed


def table_format(find_format: FindFormat) -> TableFormat:
    """Return the format of requests and responses that a gateway logs.

    It reads bodies in the shape of any provider that `find_format` recognises.
    """

    def read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
        response = parsed(cell_of(values, "response_body"))
        # The body of a streamed response is the text of its events.
        if events := listed_events(response):
            response = body_of(events)
        model = label_of(cell_of(values, "model", "request_model", "response_model"))
        record = read_call(find_format, parsed(cell_of(values, "request_body")), response, model)
        status = cell_of(values, "response_status", "status", "status_code")
        return [
            replace(
                record,
                run_id=label_of(cell_of(values, "request_id")) or record.run_id,
                asked_at=cell_of(values, "request_created_at", "created_at", "timestamp")
                or record.asked_at,
                error=error_of(None, status) or record.error,
            )
        ]

    return TableFormat(
        name="gateway logs",
        needs=("request_body", "response_body"),
        fields={
            "query": "request_body",
            "answer": "response_body",
            "model": "request_model",
            "run_id": "request_id",
            "asked_at": "request_created_at",
            "status": "response_status",
        },
        read=read,
    )
