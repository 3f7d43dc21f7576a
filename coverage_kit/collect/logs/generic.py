"""Rows of any log whose columns are mapped by name."""

from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.values import citations_of, error_of, flag_of, label_of, number_of, searches_of, text_of


def read_row(values: Mapping[str, Any], mapping: Mapping[str, str]) -> LogRecord:
    """Return the record of a row whose fields stand in the columns that the mapping names.

    Where no column tells whether the engine searched, it did if any page or search is named, or if the log has no
    column of citations. Raises UnreadableRecordError for a row without a query.
    """
    cells = {field: values.get(column) for field, column in mapping.items()}
    query = text_of(cells.get("query"))
    if not query:
        raise UnreadableRecordError("no query")
    citations = citations_of(cells.get("citations"))
    retrieved = tuple(citation.url for citation in citations_of(cells.get("retrieved")))
    searches = searches_of(cells.get("searches"))
    searched = flag_of(cells.get("searched"))
    return LogRecord(
        query=query,
        answer=text_of(cells["answer"]) if "answer" in mapping else None,
        engine=label_of(cells.get("engine")) or "",
        model=label_of(cells.get("model")),
        surface=label_of(cells.get("surface")),
        run_id=label_of(cells.get("run_id")),
        asked_at=cells.get("asked_at"),
        demand=number_of(cells.get("demand")),
        citations=citations,
        retrieved=retrieved,
        searches=searches,
        searched=bool(citations or retrieved or searches or "citations" not in mapping) if searched is None else searched,
        error=error_of(cells.get("error"), cells.get("status")),
    )
