"""Profound's answers, in versions 1 and 2 of its API, and in the CSV of its interface.

Each response of an answer engine is a record.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.generic import read_row
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.table_format import TableFormat


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    # The versions have different columns. A column that this version lacks must not be read as an
    # empty cell, which would make every answer a failure.
    columns_there = {field: column for field, column in mapping.items() if column in values}
    record = read_row(values, columns_there)
    return [replace(record, asked_at=record.asked_at or values.get("date"))]


_NOTE = (
    "a model is the answer engine as Profound names it; pages that were retrieved but not "
    "cited are not reported"
)

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
    note=_NOTE,
)

# The columns `citation_1` to `citation_48` hold a page each. Whether your brand is mentioned
# ("mentioned?") and at which rank ("position", such as "#2") is kept as it is.
CSV_FORMAT = TableFormat(
    name="Profound (CSV)",
    needs=("run_id", "platformId", "platform", "prompt", "normalized_mentions", "mentioned?"),
    fields={
        "query": "prompt",
        "answer": "response",
        "engine": "platform",
        "run_id": "run_id",
        "asked_at": "date",
        "market": "region",
        "mentions": "normalized_mentions",
        "citations": "citation_*",
        "searches": "search_queries",
    },
    surface="scrape",
    note=_NOTE,
)
