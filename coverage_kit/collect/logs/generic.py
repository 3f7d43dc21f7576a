"""Rows of any log whose columns are mapped by name."""

from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.perplexity import marked_citations
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.values import (
    citations_of,
    error_of,
    flag_of,
    label_of,
    names_of,
    searches_of,
)

_LABELS = {"model", "surface", "run_id", "market"}


def read_rows(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    """Return the one record of a row, as `read_row` does."""
    return [read_row(values, mapping)]


def read_row(values: Mapping[str, Any], mapping: Mapping[str, str]) -> LogRecord:
    """Return the record of a row whose fields stand in the columns that the mapping names.

    Where no column tells whether the engine searched, it did if any page or search is named, or if
    the log has no column of citations. A cell of citations that names no page, as a count does,
    tells of no answer by itself. Markers such as `[2]` in the answer are the spans of the pages
    that the citations name in that place. Raises UnreadableRecordError for a row without a query.
    """
    cells = {
        field: cell for field, column in mapping.items() if (cell := values.get(column)) is not None
    }
    query = label_of(cells.get("query"))
    if not query:
        raise UnreadableRecordError("no query")
    answer = label_of(cells.get("answer")) or "" if "answer" in mapping else None
    citations = citations_of(cells["citations"]) if "citations" in cells else ()
    marked = [one for one in marked_citations(answer or "", citations)[0] if one.start is not None]
    record = LogRecord(
        query,
        answer,
        label_of(cells.get("engine")) or "",
        citations=(*citations, *marked),
    )
    for field in _LABELS & cells.keys():
        setattr(record, field, label_of(cells[field]))
    record.asked_at = cells.get("asked_at")
    record.demand = cells.get("demand")
    record.retrieved = citations_of(cells["retrieved"]) if "retrieved" in cells else ()
    record.mentions = names_of(cells["mentions"]) if "mentions" in cells else ()
    record.searches = searches_of(cells["searches"]) if "searches" in cells else ()
    has_searched = flag_of(cells["has_searched"]) if "has_searched" in cells else None
    found = bool(citations or record.retrieved or record.searches or "citations" not in mapping)
    record.has_searched = found if has_searched is None else has_searched
    is_told = "citations" in mapping and (
        bool(citations) or label_of(cells.get("citations")) is None
    )
    record.is_observed = is_told and label_of(cells.get("engine")) is not None
    record.error = (
        error_of(cells.get("error"), cells.get("status"))
        if "error" in cells or "status" in cells
        else None
    )
    return record
