"""Google Search Console's queries: what people search for, and how often the site appeared.

There are no answers. The headers are in the language of the account.
"""

import re
from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import label_of, number_of

_NAME = "Google Search Console"
_NOTE = (
    "queries and demand alone: demand is how often the site was shown, so a query for which it "
    "never was is missing, and rare queries are left out; of rows by page, day or country the "
    "largest counts"
)
# By language: the names of the column of queries, of the column of clicks and of impressions.
HEADERS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "en": (("Query", "Top queries"), "Clicks", "Impressions"),
    "de": (
        ("Suchanfrage", "Suchanfragen", "Häufigste Suchanfragen"),
        "Klicks",
        "Impressionen",
    ),
    "fr": (
        (
            "Requêtes",
            "Requêtes principales",
            "Principales requêtes",
            "Requêtes les plus fréquentes",
        ),
        "Clics",
        "Impressions",
    ),
    "es": (
        ("Consultas", "Consultas más frecuentes", "Consultas principales"),
        "Clics",
        "Impresiones",
    ),
    "it": (("Query più frequenti", "Query principali"), "Clic", "Impressioni"),
    "nl": (
        ("Zoekopdrachten", "Populairste zoekopdrachten"),
        "Klikken",
        "Vertoningen",
    ),
    "pt": (
        ("Consultas", "Consultas mais frequentes", "Principais consultas"),
        "Cliques",
        "Impressões",
    ),
}
# A key of the API that is no query but a page, a site ("sc-domain:a.com"), a day or a device.
_NO_QUERY = re.compile(r"https?://.*|sc-domain:.*|\d{4}-\d\d-\d\d|DESKTOP|MOBILE|TABLET")
# The sign between thousands in any of these languages, as in "1.234", "1,234" and "1'234".
# Impressions are whole numbers, so a point before three digits is no decimal point.
_THOUSANDS_SEPARATOR = re.compile(
    r"(?<=\d)[.,'’\s](?=\d{3}(?!\d))"  # noqa: RUF001 (the typographic sign is meant)
)


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    return [
        _record(
            label_of(values.get(mapping.get("query", ""))),
            values.get(mapping.get("demand", "")),
        )
    ]


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
    return [_record(query, values.get("impressions"))]


def _record(query: str | None, impressions: Any) -> LogRecord:
    if not query:
        raise UnreadableRecordError(
            "no query: export the queries, or ask the API for the dimension query"
        )
    if isinstance(impressions, str):
        impressions = _THOUSANDS_SEPARATOR.sub("", impressions)
    figure = number_of(impressions)
    # What is no number stays, so that it is counted as unread.
    return LogRecord(query=query, demand=impressions if figure is None else figure)


def _table(language: str, query: str, clicks: str, impressions: str) -> TableFormat:
    return TableFormat(
        name=_NAME if language == "en" else f"{_NAME} ({language})",
        needs=(query, clicks, impressions),
        fields={"query": query, "demand": impressions},
        read=_read,
        note=_NOTE,
    )


_API_FORMAT = TableFormat(
    name=f"{_NAME} API",
    needs=("keys", "clicks", "impressions"),
    fields={"query": "keys", "demand": "impressions"},
    read=_read_keys,
    note=_NOTE,
)
# A format for each language and each name that the column of queries has in it.
_EXPORT_FORMATS = [
    _table(language, query, clicks, impressions)
    for language, (queries, clicks, impressions) in HEADERS.items()
    for query in queries
]
FORMATS = (_API_FORMAT, *_EXPORT_FORMATS)
