"""Bing Webmaster Tools, AI Performance: searches for which Copilot and Bing cited your site.

A search is what the engine made of a person's question. Each row is one for which your site *was*
cited, so the searches are known to be answered, and gaps are not among them. Citations divided by
the citation share is how often all sites were cited for the search.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.logs.columns import cell_of, plain_name
from coverage_kit.collect.logs.record import (
    Aside,
    LogRecord,
    Outcome,
    Reject,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import label_of
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.vocabulary import ESTIMATED

_QUERY = "Grounding Query"
_CITATIONS = "Citations"
_SHARE = "Citation Share"
_NAME = "Bing AI Performance"
_FIELDS = {"query": _QUERY, "demand": _SHARE}


@dataclass(frozen=True)
class _Report(TableFormat):
    """A report that has these columns and no others: their names are common in other tables."""

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a table has the columns of this report and no others."""
        return {plain_name(name) for name in columns} == {plain_name(name) for name in self.needs}


def _read_search(values: Mapping[str, Any], _: Mapping[str, str]) -> list[Outcome]:
    """Return the record of a search for which the site was cited.

    A row whose figures cannot be right is a reject: without a number of citations it would look
    like a search that nobody knows to be answered. Raises UnreadableRecordError for a row without a
    search.
    """
    query = label_of(cell_of(values, _QUERY))
    if not query:
        raise UnreadableRecordError("no query")
    citations = cell_of(values, _CITATIONS)
    times_cited = number_in(citations, is_count=True)
    if times_cited is None or times_cited < 0:
        return [Reject(f"no number of citations: {label_of(citations) or 'blank'}")]
    text = label_of(cell_of(values, _SHARE))
    share = _share_in(text) if text else 0.0
    if share is None:
        return [Reject(f"no citation share from 0% to 100%: {text}")]
    return [
        LogRecord(
            query,
            # Exports from before June 2026 have no share.
            demand=float(round(times_cited / share)) if share else None,
            demand_kind=ESTIMATED,
            origin="rewrite",
            times_cited=times_cited,
        )
    ]


def _share_in(text: str) -> float | None:
    """Return a citation share, over 0 to 1; None for a text that is none.

    Percent signs come with a point or a comma, as in "24.49%" and "16,09 %". A number without the
    sign is what a spreadsheet makes of it: 0.2449.
    """
    number = number_in(text, decimal_sign([(text, False)]))
    share = None if number is None else number / 100 if "%" in text else number
    return share if share is not None and 0 <= share <= 1 else None


def _read_page(values: Mapping[str, Any], _: Mapping[str, str]) -> list[Outcome]:
    return [Aside("a page with its citations")]


def _read_day(values: Mapping[str, Any], _: Mapping[str, str]) -> list[Outcome]:
    return [Aside("a day with its citations")]


FORMATS = (
    TableFormat(
        name=_NAME,
        needs=(_QUERY, _CITATIONS),
        fields=_FIELDS,
        read=_read_search,
        note="searches for which your site was cited: gaps are not among them, and a search that "
        "is missing proves nothing, because the report is a sample; a search is the engine's "
        "rewrite, not a person's words; times asked are estimated as citations / citation share; "
        "an export without rows says that your site was cited for no search",
    ),
    # AIPageStatsReport, and AIPerformanceOverviewStats with and without a filter.
    _Report(_NAME, ("Page", _CITATIONS), _FIELDS, _read_page),
    _Report(_NAME, ("Date", _CITATIONS, "Cited Pages"), _FIELDS, _read_day),
    _Report(_NAME, ("Date", _CITATIONS), _FIELDS, _read_day),
)
