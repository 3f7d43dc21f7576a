"""Google Search Console's queries: what people search and how often the site was shown; no answers.

Headers follow the account's language.
"""

import re
from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import label_of, number_of

_NAME = "Google Search Console"
_NOTE = (
    "queries and demand alone: demand is how often the site was shown, so a query for which it never was is missing, and rare "
    "queries are left out; of rows by page, day or country the largest counts"
)
HEADERS = {  # by language: names of the column of queries, then those of clicks and impressions
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
_NO_QUERY = re.compile(r"https?://.*|sc-domain:.*|\d{4}-\d\d-\d\d|DESKTOP|MOBILE|TABLET")


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    return [
        _record(
            label_of(values.get(mapping.get("query", ""))),
            values.get(mapping.get("demand", "")),
        )
    ]


def _read_keys(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[LogRecord]:
    """Return the record of a row of the API, whose keys have no names: the longest that is no page, day or device."""
    keys = values.get(mapping.get("query", ""))
    found = [
        text for key in (keys if isinstance(keys, list) else [keys]) if (text := label_of(key))
    ]
    return [
        _record(
            max(
                (key for key in found if not _NO_QUERY.fullmatch(key)),
                key=len,
                default=None,
            ),
            values.get("impressions"),
        )
    ]


def _record(query: str | None, shown: Any) -> LogRecord:
    if not query:
        raise UnreadableRecordError(
            "no query: export the queries, or ask the API for the dimension query"
        )
    digits = (
        re.sub(r"(?<=\d)[.,'’\s](?=\d{3}(?!\d))", "", shown) if isinstance(shown, str) else shown
    )
    return LogRecord(query=query, demand=number_of(digits))


def _table(language: str, query: str, clicks: str, shown: str) -> TableFormat:
    name = _NAME if language == "en" else f"{_NAME} ({language})"
    return TableFormat(
        name,
        (query, clicks, shown),
        {"query": query, "demand": shown},
        _read,
        _NOTE,
    )


_API_FIELDS = {"query": "keys", "demand": "impressions"}
FORMATS = (
    TableFormat(
        f"{_NAME} API",
        ("keys", "clicks", "impressions"),
        _API_FIELDS,
        _read_keys,
        _NOTE,
    ),
    *(
        _table(language, query, *figures)
        for language, (queries, *figures) in HEADERS.items()
        for query in queries
    ),
)
