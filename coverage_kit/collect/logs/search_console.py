"""Google Search Console's queries: what people search for, and how often the site appeared.

There are no answers. The headers are in the language of the account, and the export may compare
periods (`search_headers.py`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coverage_kit.collect.logs.machine_searches import is_machine_made
from coverage_kit.collect.logs.record import Aside, LogRecord, Outcome, UnreadableRecordError
from coverage_kit.collect.logs.search_headers import HEADERS, find_language, find_search_columns
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import label_of
from coverage_kit.collect.numbers import number_in
from coverage_kit.vocabulary import MEASURED

_NAME = "Google Search Console"
_NOTE = (
    "queries and demand alone: demand is how often the site was shown, so a query for which it "
    "never was is missing, and rare queries are left out; of rows by page, day or country the "
    "largest counts"
)
# A key of the API that is no query but a page, a site ("sc-domain:a.com"), a day or a device.
_NO_QUERY = re.compile(r"https?://.*|sc-domain:.*|\d{4}-\d\d-\d\d|DESKTOP|MOBILE|TABLET")


@dataclass(frozen=True)
class ExportFormat(TableFormat):
    """The interface's table of queries in one language, of one period or of several compared."""

    language: str = "en"

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a table with these columns is one of queries in this language."""
        names = tuple(columns)
        return find_language(names, find_search_columns(names)) == self.language

    def fitted(self, names: tuple[str, ...]) -> "ExportFormat":
        """Return this format with the fields of a table's columns, and a note on its periods."""
        columns = find_search_columns(names)
        fields = {"query": "query", "demand": "n_impressions"}
        remark = columns.note or columns.problem
        return replace(
            self,
            fields={
                name: columns.fields[field]
                for name, field in fields.items()
                if field in columns.fields
            },
            note=f"{remark}; {self.note}" if remark else self.note,
        )


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[Outcome]:
    columns = find_search_columns(tuple(values))
    if columns.problem and "demand" not in mapping:
        raise UnreadableRecordError(f"{columns.problem}: export it without a comparison")
    fields = {"query": columns.fields.get("query", ""), **mapping}
    impressions = values.get(fields.get("demand") or columns.fields.get("n_impressions", ""))
    query = label_of(values.get(fields["query"]))
    if query and columns.left_out and number_in(impressions, is_count=True) in (None, 0):
        earlier = [values.get(column) for column in columns.left_out]
        if label_of(impressions) is None or any(number_in(cell) for cell in earlier):
            return [Aside("a question of an earlier period alone")]
    return [_record(query, impressions, values.get(columns.fields.get("n_clicks", "")))]


def _read_keys(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    """Return the record of a row of the API, whose keys have no names.

    The query is the longest key that is no page, day or device. A country's code may be among the
    other keys, and is shorter than a query (assumed).
    """
    keys = values.get(mapping.get("query", ""))
    texts = [
        text for key in (keys if isinstance(keys, list) else [keys]) if (text := label_of(key))
    ]
    query = max(
        (text for text in texts if not _NO_QUERY.fullmatch(text)),
        key=len,
        default=None,
    )
    return [_record(query, values.get("impressions"), values.get("clicks"))]


def _record(query: str | None, impressions: Any, clicks: Any) -> LogRecord:
    if not query:
        raise UnreadableRecordError(
            "no query: export the queries, or ask the API for the dimension query"
        )
    figure = number_in(impressions, is_count=True)
    is_machine = is_machine_made(query, number_in(clicks, is_count=True))
    return LogRecord(
        query=query,
        # What is no number stays, so that it is counted as unread.
        demand=impressions if figure is None else figure,
        origin="machine" if is_machine else "person",
        demand_kind=MEASURED,
    )


def _export_format(language: str) -> ExportFormat:
    queries, _, clicks, impressions = HEADERS[language]
    return ExportFormat(
        name=_NAME if language == "en" else f"{_NAME} ({language})",
        needs=(queries[0], clicks[0], impressions[0]),
        fields={"query": queries[0], "demand": impressions[0]},
        read=_read,
        note=_NOTE,
        language=language,
    )


_API_FORMAT = TableFormat(
    name=f"{_NAME} API",
    needs=("keys", "clicks", "impressions"),
    fields={"query": "keys", "demand": "impressions"},
    read=_read_keys,
    note=_NOTE,
)
FORMATS = (_API_FORMAT, *map(_export_format, HEADERS))
