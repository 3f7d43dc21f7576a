"""SurfacedBy's Cited URLs: a row for each page.

Where a row names the prompts that cite the page, these prompts are queries.
"""

from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.columns import cell_of
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import number_of, searches_of

_PROMPT_COLUMNS = ("Cited Prompts", "Missed Prompts")


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    cells = [cell_of(values, name) for name in _PROMPT_COLUMNS]
    # Some exports have the number of prompts in place of the prompts.
    prompts = [
        prompt for cell in cells for prompt in searches_of(cell) if number_of(prompt) is None
    ]
    if not prompts:
        raise UnreadableRecordError(
            "no query: this table counts prompts and does not name them; export the tracked prompts"
        )
    return [LogRecord(query=prompt, demand=1.0) for prompt in dict.fromkeys(prompts)]


FORMAT = TableFormat(
    name="SurfacedBy Cited URLs",
    needs=("URL", "Cited Prompts", "Missed Prompts", "Lifetime Citations"),
    fields={"query": "Cited Prompts"},
    read=_read,
    note="queries only: the table does not say which engine gave which answer, so there are no "
    "answers to count; how often a prompt was asked is not reported either",
)
