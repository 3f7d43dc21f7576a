"""Records of logs as tables."""

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from coverage_kit.collect.logs.normalize import normal_form
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.urls import canonical_url, page_id, site_name
from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    FAILURES,
    QUERIES,
    SEARCHES,
    Answers,
    Citations,
    Failures,
    Queries,
    Searches,
    checked,
)

_normal = functools.lru_cache(maxsize=65536)(normal_form)


def merge_asks(records: Iterable[LogRecord]) -> dict[str, LogRecord]:
    """Return answer_id -> record of everything that was answered or failed, in order of first sight.

    Records that agree in query, engine, model, surface, run, time and text are one answer, be they exact duplicates or
    one row for each citation: their citations and searches are joined.
    """
    asks: dict[str, list[LogRecord]] = {}
    for record in records:
        if record.answer is not None or record.error:
            error = record.error or (None if (record.answer or "").strip() else "no answer text")
            ask = replace(record, error=error, engine=record.engine.strip().lower() or "unknown")
            asks.setdefault(_answer_id(ask), []).append(ask)
    return {answer_id: _joined(same) for answer_id, same in asks.items()}


@checked
def tabulate_queries(records: Sequence[LogRecord], asks: Mapping[str, LogRecord]) -> Queries:
    """Return the queries of all records; spellings of one normal form are one query, under the most frequent spelling.

    Demand is the log's own figure: the largest of each spelling, summed over the spellings. Without one it is the
    number of answers, or of rows where the log holds no answers; asks that failed do not count.
    """
    groups: dict[str, _Spellings] = {}
    for record in records:
        groups.setdefault(_normal(record.query), _Spellings()).note(record)
    for record in (*asks.values(), *(record for record in records if record.answer is None and not record.error)):
        groups[_normal(record.query)].count(record)
    return QUERIES.table([_query_row(form, spellings) for form, spellings in groups.items()])


@checked
def tabulate_answers(asks: Mapping[str, LogRecord]) -> Answers:
    """Return the answers that did not fail."""
    columns = ("engine", "model", "surface", "run_id", "asked_at", "searched")
    return ANSWERS.table(
        [
            {**_ids(answer_id, ask), **{name: getattr(ask, name) for name in columns}, "text": ask.answer}
            for answer_id, ask in asks.items()
            if not ask.error
        ]
    )


@checked
def tabulate_failures(asks: Mapping[str, LogRecord]) -> Failures:
    """Return the asks that failed, with the reasons."""
    return FAILURES.table(
        [
            {**_ids(answer_id, ask), "engine": ask.engine, "asked_at": ask.asked_at, "error": ask.error}
            for answer_id, ask in asks.items()
            if ask.error
        ]
    )


@checked
def tabulate_citations(asks: Mapping[str, LogRecord]) -> Citations:
    """Return the pages that answers name, each once: the cited ones, then those only retrieved."""
    return CITATIONS.table([row for answer_id, ask in asks.items() if not ask.error for row in _citation_rows(answer_id, ask)])


@checked
def tabulate_searches(asks: Mapping[str, LogRecord]) -> Searches:
    """Return the searches behind the answers, each once, without the prompt itself."""
    rows: list[dict[str, Any]] = []
    for answer_id, ask in asks.items():
        own = dict[str, str]()
        for text in ask.searches if not ask.error else ():
            own.setdefault(_normal(text), text)
        own.pop(_normal(ask.query), None)
        rows += [{"answer_id": answer_id, "position": i, "text": text} for i, text in enumerate(own.values())]
    return SEARCHES.table(rows)


def query_id(query: str) -> str:
    """Return the id that all spellings of a query share.

    >>> query_id("Best CRM?") == query_id("best crm")
    True
    """
    return "q" + _digest(_normal(query), size=5)


@dataclass
class _Spellings:
    """What the spellings of one query add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    figures: dict[str, float] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    n_answered: int = 0

    def note(self, record: LogRecord) -> None:
        self.counts.setdefault(record.query, 0)
        if isinstance(record.asked_at, datetime):
            self.times.append(record.asked_at)
        if record.demand is not None:
            self.figures[record.query] = max(record.demand, self.figures.get(record.query, 0.0))

    def count(self, record: LogRecord) -> None:
        self.counts[record.query] += 1
        self.n_answered += not record.error


def _query_row(form: str, spellings: _Spellings) -> dict[str, Any]:
    return {
        "query_id": query_id(form),
        "text": max(spellings.counts, key=lambda spelling: spellings.counts[spelling]),
        "demand": float(sum(spellings.figures.values()) if spellings.figures else spellings.n_answered),
        "first_asked_at": min(spellings.times, default=None),
        "last_asked_at": max(spellings.times, default=None),
    }


def _ids(answer_id: str, ask: LogRecord) -> dict[str, str]:
    return {"answer_id": answer_id, "query_id": query_id(ask.query)}


def _answer_id(ask: LogRecord) -> str:
    outcome = f"failed: {ask.error}" if ask.error else f"answered: {ask.answer}"
    time = ask.asked_at.isoformat() if isinstance(ask.asked_at, datetime) else ""
    parts = (ask.query, ask.engine, ask.model or "", ask.surface or "", ask.run_id or "", time, outcome)
    return "a" + _digest("\x1f".join(parts), size=6)


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _joined(same: list[LogRecord]) -> LogRecord:
    if len(same) == 1:
        return same[0]
    return replace(
        same[0],
        citations=tuple(citation for ask in same for citation in ask.citations),
        retrieved=tuple(url for ask in same for url in ask.retrieved),
        searches=tuple(text for ask in same for text in ask.searches),
        searched=any(ask.searched for ask in same),
    )


def _citation_rows(answer_id: str, ask: LogRecord) -> Iterator[dict[str, Any]]:
    named = [*((one, "cited") for one in ask.citations), *((Citation(url), "retrieved") for url in ask.retrieved)]
    pages: set[str] = set()
    for citation, kind in named:
        url, site, page = _page(citation.url)
        if site and page not in pages:
            start, end = _span(citation, len(ask.answer or ""))
            row = {"answer_id": answer_id, "position": len(pages), "url": url, "site": site}
            yield {**row, "kind": kind, "start": start, "end": end}
            pages.add(page)


@functools.lru_cache(maxsize=65536)
def _page(url: str) -> tuple[str, str, str]:
    """Return a URL's canonical spelling, its site and the id of its page."""
    return canonical_url(url), site_name(url), page_id(url)


def _span(citation: Citation, n_characters: int) -> tuple[int | None, int | None]:
    start, end = citation.start, citation.end
    is_span = start is not None and end is not None and 0 <= start < end <= n_characters
    return (start, end) if is_span else (None, None)
