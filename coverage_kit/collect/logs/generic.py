"""Rows of any log whose columns are mapped by their names."""

from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.columns import RUN_COLUMN
from coverage_kit.collect.logs.demand_kinds import kind_of_demand
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

# The fields of a record that are short texts and are read alike.
_LABELS = {"model", "surface", "run_id", "market"}


def read_rows(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    """Return the record of a row in a list, as `read_row` reads it."""
    return [read_row(values, mapping)]


def read_row(values: Mapping[str, Any], mapping: Mapping[str, str]) -> LogRecord:
    """Return the record of a row whose fields are in the columns that the mapping names.

    Where no column says whether the engine searched, it did so if the row names a page or a search,
    or if the log has no column of citations. A cell of citations that names no page, such as a
    count, does not show by itself that there was an answer. A marker such as `[2]` in the answer is
    a span of the page at that position of the citations. A row with a blank answer is a question
    without a logged answer. Raises UnreadableRecordError for a row without a query.
    """
    cells = {
        field: cell for field, column in mapping.items() if (cell := values.get(column)) is not None
    }
    query = label_of(cells.get("query"))
    if not query:
        raise UnreadableRecordError("no query")
    answer = label_of(cells.get("answer"))
    citations = citations_of(cells["citations"]) if "citations" in cells else ()
    marked = [
        citation
        for citation in marked_citations(answer or "", citations)[0]
        if citation.start is not None
    ]
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
    record.demand_kind = kind_of_demand(mapping.get("demand"))
    record.retrieved = citations_of(cells["retrieved"]) if "retrieved" in cells else ()
    record.mentions = names_of(cells["mentions"]) if "mentions" in cells else ()
    record.searches = searches_of(cells["searches"]) if "searches" in cells else ()
    logged_flag = flag_of(cells["has_searched"]) if "has_searched" in cells else None
    shows_search = bool(
        citations or record.retrieved or record.searches or "citations" not in mapping
    )
    record.has_searched = shows_search if logged_flag is None else logged_flag
    shows_answer = "citations" in mapping and (
        bool(citations) or label_of(cells.get("citations")) is None
    )
    if "answer" not in mapping:
        # A log of citations without texts still shows which engine answered, and a table with a row
        # for each citation that there were answers.
        is_known = RUN_COLUMN in values or label_of(cells.get("engine")) is not None
        record.is_observed = shows_answer and is_known
    elif record.answer is None and (record.citations or record.mentions):
        record.answer = ""  # what the answer cites or names is logged, only its words are not
    record.error = (
        error_of(cells.get("error"), cells.get("status"))
        if "error" in cells or "status" in cells
        else None
    )
    return record
