"""Records of logs as tables, one record at a time, so that a log of any length needs no more memory than a bounded one."""

import functools
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coverage_kit.collect.logs.arrow_builder import GrowingTable
from coverage_kit.collect.logs.joining import join_records
from coverage_kit.collect.logs.normalize import normal_form
from coverage_kit.collect.logs.query_counts import Spelling, query_rows
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.sample import Ask, Sample
from coverage_kit.collect.urls import url_names
from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    FAILURES,
    MENTIONS,
    QUERIES,
    SEARCHES,
    SPANS,
)

_CHUNK = 4_000
_SCHEMAS = (QUERIES, ANSWERS, FAILURES, CITATIONS, SPANS, MENTIONS, SEARCHES)

_normal = functools.lru_cache(maxsize=65536)(normal_form)
_names = functools.lru_cache(maxsize=131072)(url_names)


def query_id(query: str) -> str:
    """Return the id that all spellings of a query share.

    >>> query_id("Best CRM?") == query_id("best crm")
    True
    """
    return "q" + _digest(normal_form(query), size=5)


class LogTabulator:
    """Takes a log's records one by one and gives its tables.

    Records that agree in query, engine, model, surface, run, time and text are one answer, be they
    exact duplicates or one row for each citation: their citations, spans, mentions and searches are
    joined.

    Every query is kept, and all its asks are counted. Of more than `most` answers a sample is kept
    (see `Sample`), with all that belongs to them, and of more than `most` failures another. An
    answer that is not kept is not remembered: its records are one answer where they follow each
    other, and otherwise count as asked again.
    """

    def __init__(self, most: int = 200_000) -> None:
        self.spellings: dict[str, Spelling] = {}
        self.answered = Sample(most)
        self.failed = Sample(most)
        self.growing = {
            schema.name: GrowingTable(schema) for schema in _SCHEMAS if schema is not QUERIES
        }
        self._previous = ""  # the answer of the record before

    def begin_source(self) -> None:
        """Note that what follows comes from another file: no record of it continues one before."""
        self._previous = ""

    def add(self, record: LogRecord) -> None:
        """Take one record, whose asked_at is a time or missing."""
        spelling = self.spellings.get(record.query)
        if spelling is None:
            spelling = self.spellings[record.query] = Spelling(query_id(record.query))
        spelling.note(record.asked_at, record.demand)
        if record.answer is None and not record.error and not record.is_observed:
            spelling.n = spelling.n + 1
            spelling.n_answered = spelling.n_answered + 1
            return
        error = record.error or _why_empty(record)
        engine = record.engine.strip().lower() or "unknown"
        answer_id = _answer_id(record, engine, error)
        sample = self.failed if error else self.answered
        if is_new := answer_id != self._previous:
            spelling.n = spelling.n + 1
            spelling.n_answered = spelling.n_answered + (not error)
            sample.n_met += 1
            self._previous = answer_id
        if ask := sample.asks.get(answer_id):
            ask.n_again += is_new
            ask.has_searched = record.has_searched or bool(ask.has_searched)
        elif answer_id < sample.end:
            ask = sample.asks[answer_id] = Ask(record.query)
            self._add_ask((answer_id, spelling.query_id, engine), record, error)
        if ask and not error:
            self._add_parts(answer_id, record, ask)
        if len(sample.asks) > sample.most:
            self.shrink()

    def join(self, other: "LogTabulator") -> None:
        """Take all that another one has taken, as if its records followed; the other is used up."""
        other.shrink(self.answered.n_halved, self.failed.n_halved)
        for text, spelling in other.spellings.items():
            self.spellings.setdefault(text, Spelling(spelling.query_id)).join(spelling)
        first = {
            name: ask.n_pages
            for name in other.answered.asks
            if (ask := self.answered.asks.get(name))
        }
        tables = {name: growing.packed() for name, growing in other.growing.items()}
        has_searched = _as_dict(tables["answers"], "has_searched") if first else {}
        tables["answers"] = _unknown(tables["answers"], self.answered)
        tables["failures"] = _unknown(tables["failures"], self.failed)
        for name, table in tables.items():
            self.growing[name].append(
                _moved(table, first) if first and name in ("citations", "spans") else table
            )
        self.answered.join(other.answered, has_searched)
        self.failed.join(other.failed, {})
        self.shrink(other.answered.n_halved, other.failed.n_halved)
        self.begin_source()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return queries, answers, failures, citations, spans, mentions and searches by name; nothing can be added after.

        Demand of a query is the log's own figure: the largest of each spelling, summed over the
        spellings. Without one it is the number of answers, or of rows where the log holds no
        answers; asks that failed do not count.
        """
        found = {name: table.whole() for name, table in self.growing.items()}
        asks = self.answered.asks
        if any(
            ask.has_searched is not None
            for sample in (self.answered, self.failed)
            for ask in sample.asks.values()
        ):
            found = join_records(found, asks, _normal)
        self._discount()
        found["queries"] = QUERIES.table(query_rows(self.spellings))
        found["spans"] = found["spans"].drop_duplicates(ignore_index=True)
        for schema in _SCHEMAS:
            schema.check(found[schema.name], "LogTabulator.tables() returned")
        return found

    def shrink(self, n_answered: int = 0, n_failed: int = 0) -> None:
        """Keep no more answers and failures than may be kept, halved at least so often, and nothing that belongs to others."""
        of_failures = [self.growing["failures"]]
        of_answers = [table for name, table in self.growing.items() if name != "failures"]
        for sample, least, tables in (
            (self.answered, n_answered, of_answers),
            (self.failed, n_failed, of_failures),
        ):
            if sample.shrink(least):
                for table in tables:
                    table.prune(sample.end)

    def _discount(self) -> None:
        """Count each ask that is kept once, however often it came."""
        for sample, is_answered in (
            (self.answered, True),
            (self.failed, False),
        ):
            for ask in sample.asks.values():
                spelling = self.spellings[ask.query]
                spelling.n -= ask.n_again
                spelling.n_answered -= ask.n_again if is_answered else 0

    def _add_ask(self, ids: tuple[str, str, str], ask: LogRecord, error: str | None) -> None:
        if error:
            self._append("failures", [(*ids, ask.asked_at, error)])
        else:
            about = (
                ask.model,
                ask.surface,
                ask.run_id,
                ask.asked_at,
                ask.market,
                ask.answer or "",
                ask.has_searched,
            )
            self._append("answers", [(*ids, *about, _as_json(ask.extra))])

    def _add_parts(self, answer_id: str, record: LogRecord, ask: Ask) -> None:
        if record.citations or record.retrieved:
            self._add_pages(answer_id, record, ask)
        if record.mentions:
            named = enumerate(dict.fromkeys(record.mentions))
            self._append(
                "mentions",
                [(answer_id, brand, position, None) for position, brand in named],
            )
        if record.searches:
            self._append(
                "searches",
                [
                    (answer_id, position, text)
                    for position, text in enumerate(_own_searches(record))
                ],
            )

    def _add_pages(self, answer_id: str, record: LogRecord, ask: Ask) -> None:
        citations = list[Any]()
        spans = list[Any]()
        n_characters = len(record.answer or "")
        places: dict[str, int] = {}
        for kind, named in (
            ("cited", record.citations),
            ("retrieved", record.retrieved),
        ):
            for citation in named:
                url, site, page = _names(citation.url)
                if not site:
                    continue
                start = citation.start
                end = citation.end
                if start is None or end is None or not 0 <= start < end <= n_characters:
                    start = end = None
                if page not in places:
                    places[page] = ask.n_pages + len(places)
                    citations.append(
                        (
                            answer_id,
                            places[page],
                            url,
                            site,
                            kind,
                            start,
                            end,
                            citation.title,
                        )
                    )
                if start is not None and kind == "cited":
                    spans.append((answer_id, places[page], start, end))
        ask.n_pages += len(places)
        self._append("citations", citations)
        if spans:
            self._append("spans", spans)

    def _append(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        table = self.growing[name]
        table.rows += rows
        if len(table.rows) >= _CHUNK:
            table.pack()


def _as_dict(table: pa.Table, column: str) -> dict[str, Any]:
    return dict(
        zip(
            table["answer_id"].to_pylist(),
            table[column].to_pylist(),
            strict=True,
        )
    )


def _unknown(table: pa.Table, known: Sample) -> pa.Table:
    """Return the rows of answers that a sample does not have."""
    return table.filter(
        pc.invert(
            pc.is_in(
                table["answer_id"],
                pa.array(list(known.asks), pa.large_string()),
            )
        )
    )


def _moved(table: pa.Table, first: Mapping[str, int]) -> pa.Table:
    """Return the table with an answer's positions after those that it has already."""
    offsets = pa.array(
        [first.get(name, 0) for name in table["answer_id"].to_pylist()],
        pa.int64(),
    )
    return table.set_column(1, "position", pc.add(table["position"], offsets))


def _why_empty(record: LogRecord) -> str | None:
    """Return why an ask without words failed; None where it has words, or cites though its words are not logged."""
    is_told = bool((record.answer or "").strip() or record.citations or record.mentions)
    return None if is_told or (record.answer is None and record.is_observed) else "no answer text"


def _answer_id(ask: LogRecord, engine: str, error: str | None) -> str:
    outcome = f"failed: {error}" if error else f"answered: {ask.answer or ''}"
    time = ask.asked_at.isoformat() if isinstance(ask.asked_at, datetime) else ""
    parts = (
        ask.query,
        engine,
        ask.model or "",
        ask.surface or "",
        ask.run_id or "",
        ask.market or "",
        time,
        outcome,
    )
    return "a" + _digest("\x1f".join(parts), size=6)


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _as_json(extra: Mapping[str, Any]) -> str | None:
    if not extra:
        return None
    try:
        return orjson.dumps(extra, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # halves of surrogate pairs, whole numbers beyond 64 bits, cycles
        return json.dumps(extra, default=str, skipkeys=True)


def _own_searches(ask: LogRecord) -> list[str]:
    """Return the searches, each once, without the prompt itself."""
    own = dict[str, str]()
    for text in ask.searches:
        own.setdefault(_normal(text), text)
    own.pop(_normal(ask.query), None)
    return list(own.values())
