"""Rows of any log whose columns are mapped by name."""

from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.perplexity import marked_citations
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.values import citations_of, error_of, flag_of, label_of, names_of, searches_of


def read_rows(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    """Return the one record of a row, as `read_row` does."""
    return [read_row(values, mapping)]


def read_row(values: Mapping[str, Any], mapping: Mapping[str, str]) -> LogRecord:
    """Return the record of a row whose fields stand in the columns that the mapping names.

    Where no column tells whether the engine searched, it did if any page or search is named, or if the log has no
    column of citations. A cell of citations that names no page, as a count does, tells of no answer by itself. Markers such as
    `[2]` in the answer are the spans of the pages that the citations name in that place. Raises UnreadableRecordError for a
    row without a query.
    """
    cells = {field: values.get(column) for field, column in mapping.items()}
    query = label_of(cells.get("query"))
    if not query:
        raise UnreadableRecordError("no query")
    answer = label_of(cells["answer"]) or "" if "answer" in mapping else None
    citations = citations_of(cells.get("citations"))
    marked = [one for one in marked_citations(answer or "", citations)[0] if one.start is not None]
    retrieved = citations_of(cells.get("retrieved"))
    searches = searches_of(cells.get("searches"))
    searched = flag_of(cells.get("searched"))
    return LogRecord(
        query=query,
        answer=answer,
        engine=label_of(cells.get("engine")) or "",
        model=label_of(cells.get("model")),
        surface=label_of(cells.get("surface")),
        run_id=label_of(cells.get("run_id")),
        asked_at=cells.get("asked_at"),
        market=label_of(cells.get("market")),
        demand=cells.get("demand"),
        citations=(*citations, *marked),
        retrieved=retrieved,
        mentions=names_of(cells.get("mentions")),
        searches=searches,
        searched=bool(citations or retrieved or searches or "citations" not in mapping) if searched is None else searched,
        is_observed=_tells_citations(cells, has_pages=bool(citations)) and label_of(cells.get("engine")) is not None,
        error=error_of(cells.get("error"), cells.get("status")),
    )


def _tells_citations(cells: Mapping[str, Any], has_pages: bool) -> bool:
    return "citations" in cells and (has_pages or label_of(cells["citations"]) is None)
