"""Profound's answers, versions 1 and 2 of its API: one record a response of one answer engine."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.generic import read_row
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.table_format import TableFormat


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    record = read_row(
        values,
        {name: column for name, column in mapping.items() if column in values},
    )
    return [replace(record, asked_at=record.asked_at or values.get("date"))]


FORMAT = TableFormat(
    name="Profound",
    needs=("run_id", "prompt", "prompt_id", "region", "model", "mentions"),
    fields={
        "query": "prompt",
        "answer": "response",
        "engine": "model",
        "run_id": "run_id",
        "asked_at": "created_at",
        "market": "region",
        "mentions": "mentions",
        "citations": "citations",
        "searches": "search_queries",
    },
    read=_read,
    surface="scrape",
    note="a model is the answer engine as Profound names it; pages that were found but not cited are not told",
)
