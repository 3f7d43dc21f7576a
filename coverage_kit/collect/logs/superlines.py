"""Superlines' Citations Data: a row for each page that an answer cites.

The texts of the answers are not in it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.generic import read_row
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import label_of


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    record = read_row(values, mapping)
    title = label_of(cell_of(values, "Page Title"))
    return [
        replace(
            record,
            citations=tuple(page._replace(title=title) for page in record.citations),
        )
    ]


FORMAT = TableFormat(
    name="Superlines",
    needs=("LLM Service", "Prompt", "Cited Status"),
    fields={
        "query": "Prompt",
        "engine": "LLM Service",
        "asked_at": "Date",
        "market": "Country",
        "citations": "Page URL",
    },
    read=_read,
    surface="scrape",
    note="no answers' texts; Cited Status is about your domain alone, so every row's page is "
    "read as cited; what one engine answered to one prompt in one country on one date is taken for "
    "one answer",
)
