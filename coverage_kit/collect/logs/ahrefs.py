"""Ahrefs' Brand Radar: one record for each answer that its crawlers got.

`volume` is the demand that Ahrefs estimates for the question.
"""

from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.generic import read_row
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.vocabulary import ESTIMATED


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    record = read_row(values, mapping)
    record.demand_kind = ESTIMATED
    return [record]


FORMAT = TableFormat(
    name="Ahrefs Brand Radar",
    needs=("question", "response", "data_source"),
    fields={
        "query": "question",
        "answer": "response",
        "engine": "data_source",
        "asked_at": "last_updated",
        "demand": "volume",
        "market": "country",
        "citations": "links",
        "searches": "search_queries",
    },
    read=_read,
    surface="scrape",
    note="demand is Ahrefs' estimate; links are read as citations, though some pages may only have "
    "been retrieved; fan-out searches are reported for chatgpt and perplexity only",
)
