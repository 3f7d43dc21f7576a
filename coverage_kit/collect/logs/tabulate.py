"""Records of logs as tables, one record at a time, so that a log of any size needs the memory of its tables alone."""

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa

from coverage_kit.collect.logs.normalize import normal_form
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.urls import page_id, url_names
from coverage_kit.schema import Schema
from coverage_kit.tables import ANSWERS, CITATIONS, FAILURES, MENTIONS, QUERIES, SEARCHES, SPANS

_CHUNK = 4_000
_POOL = pa.system_memory_pool()  # gives memory back more readily than the default one, which matters over many small chunks
_SCHEMAS = (QUERIES, ANSWERS, FAILURES, CITATIONS, SPANS, MENTIONS, SEARCHES)

_ARROW_TYPES = {
    **{"text": pa.large_string(), "integer": pa.int64(), "number": pa.float64()},
    **{"flag": pa.bool_(), "time": pa.timestamp("us", "UTC")},
}

_normal = functools.lru_cache(maxsize=65536)(normal_form)
_names = functools.lru_cache(maxsize=131072)(url_names)


def query_id(query: str) -> str:
    """Return the id that all spellings of a query share.

    >>> query_id("Best CRM?") == query_id("best crm")
    True
    """
    return "q" + _digest(_normal(query), size=5)


class LogTabulator:
    """Takes a log's records one by one and gives its tables.

    Records that agree in query, engine, model, surface, run, time and text are one answer, be they exact duplicates or one row
    for each citation: their citations, spans, mentions and searches are joined.
    """

    def __init__(self) -> None:
        self._queries: dict[str, _Spellings] = {}
        self._n_pages: dict[str, int] = {}
        self._searched: dict[str, bool] = {}  # of answers that several records tell of
        self._tables = {schema.name: _Growing(schema) for schema in _SCHEMAS if schema is not QUERIES}

    def add(self, record: LogRecord) -> None:
        """Take one record, whose asked_at is a time or missing."""
        spellings = self._queries.setdefault(_normal(record.query), _Spellings())
        spellings.note(record)
        if record.answer is None and not record.error and not record.is_observed:
            spellings.count(record.query, is_answered=True)
            return
        error, engine = record.error or _why_empty(record), record.engine.strip().lower() or "unknown"
        answer_id = _answer_id(record, engine, error)
        if answer_id in self._n_pages:
            self._searched[answer_id] = record.searched or self._searched.get(answer_id, False)
        else:
            self._n_pages[answer_id] = 0
            spellings.count(record.query, is_answered=not error)
            self._add_ask(answer_id, record, engine, error)
        if not error:
            self._add_parts(answer_id, record)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return queries, answers, failures, citations, spans, mentions and searches by name; nothing can be added after.

        Demand of a query is the log's own figure: the largest of each spelling, summed over the spellings. Without one it is
        the number of answers, or of rows where the log holds no answers; asks that failed do not count.
        """
        found = {name: table.whole() for name, table in self._tables.items()}
        if self._searched:
            found = self._joined(found)
        found["queries"] = QUERIES.table([_query_row(form, spellings) for form, spellings in self._queries.items()])
        found["spans"] = found["spans"].drop_duplicates(ignore_index=True)
        for schema in _SCHEMAS:
            schema.check(found[schema.name], "LogTabulator.tables() returned")
        return found

    def _add_ask(self, answer_id: str, ask: LogRecord, engine: str, error: str | None) -> None:
        ids = (answer_id, query_id(ask.query), engine)
        if error:
            self._tables["failures"].rows.append((*ids, ask.asked_at, error))
        else:
            about = (ask.model, ask.surface, ask.run_id, ask.asked_at, ask.market, ask.answer or "", ask.searched)
            self._tables["answers"].rows.append((*ids, *about, _as_json(ask.extra)))

    def _add_parts(self, answer_id: str, ask: LogRecord) -> None:
        self._add_pages(answer_id, ask)
        if ask.mentions:
            named = enumerate(dict.fromkeys(ask.mentions))
            self._tables["mentions"].rows += [(answer_id, brand, position, None) for position, brand in named]
        if ask.searches:
            self._tables["searches"].rows += [(answer_id, position, text) for position, text in enumerate(_own_searches(ask))]
        for table in self._tables.values():
            table.pack()

    def _add_pages(self, answer_id: str, ask: LogRecord) -> None:
        citations, spans = self._tables["citations"].rows, self._tables["spans"].rows
        first, n_characters = self._n_pages[answer_id], len(ask.answer or "")
        places: dict[str, int] = {}
        for kind, named in (("cited", ask.citations), ("retrieved", ask.retrieved)):
            for citation in named:
                url, site, page = _names(citation.url)
                if not site:
                    continue
                start, end = citation.start, citation.end
                if start is None or end is None or not 0 <= start < end <= n_characters:
                    start = end = None
                if page not in places:
                    places[page] = first + len(places)
                    citations.append((answer_id, places[page], url, site, kind, start, end, citation.title))
                if start is not None and kind == "cited":
                    spans.append((answer_id, places[page], start, end))
        self._n_pages[answer_id] = first + len(places)

    def _joined(self, found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Return the tables with what several records tell of one answer told once."""
        answers, order = found["answers"], {name: place for place, name in enumerate(self._n_pages)}
        searched = answers["searched"] | answers["answer_id"].map(self._searched).eq(other=True)
        citations, spans = _join_citations(found["citations"], found["spans"], order)
        mentions = _renumbered(found["mentions"].drop_duplicates(["answer_id", "brand"]), order)
        forms = found["searches"]["text"].map(_normal)
        searches = found["searches"][~pd.concat([found["searches"]["answer_id"], forms], axis=1).duplicated()]
        return {
            **found,
            "answers": answers.assign(searched=searched),
            **{"citations": citations, "spans": spans, "mentions": mentions, "searches": _renumbered(searches, order)},
        }


class _Growing:
    """A table that grows row by row, in the schema's order of columns; all but the last rows are packed as columns."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._types = [_ARROW_TYPES[column.kind] for column in schema.columns]
        self._chunks: list[pa.Table] = []
        self.rows: list[tuple[Any, ...]] = []

    def pack(self, least: int = _CHUNK) -> None:
        """Pack the rows, where there are at least so many."""
        if len(self.rows) >= least:
            arrays = [
                pa.array(values, kind, memory_pool=_POOL)
                for values, kind in zip(zip(*self.rows, strict=True), self._types, strict=True)
            ]
            self._chunks.append(pa.Table.from_arrays(arrays, self._schema.names))
            self.rows.clear()

    def whole(self) -> pd.DataFrame:
        """Return the table, and keep nothing of it."""
        self.pack(least=1)
        chunks, self._chunks = self._chunks, []
        return self._schema.typed(pa.concat_tables(chunks).to_pandas()) if chunks else self._schema.empty()


@dataclass
class _Spellings:
    """What the spellings of one query add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    figures: dict[str, float] = field(default_factory=dict)
    first_asked_at: datetime | None = None
    last_asked_at: datetime | None = None
    n_answered: int = 0

    def note(self, record: LogRecord) -> None:
        self.counts.setdefault(record.query, 0)
        if isinstance(time := record.asked_at, datetime):
            self.first_asked_at = min(self.first_asked_at or time, time)
            self.last_asked_at = max(self.last_asked_at or time, time)
        if isinstance(figure := record.demand, (int, float)):
            self.figures[record.query] = max(figure, self.figures.get(record.query, 0.0))

    def count(self, query: str, is_answered: bool) -> None:
        self.counts[query] += 1
        self.n_answered += is_answered


def _query_row(form: str, spellings: _Spellings) -> dict[str, Any]:
    return {
        "query_id": query_id(form),
        "text": max(spellings.counts, key=lambda spelling: spellings.counts[spelling]),
        "demand": float(sum(spellings.figures.values()) if spellings.figures else spellings.n_answered),
        "first_asked_at": spellings.first_asked_at,
        "last_asked_at": spellings.last_asked_at,
    }


def _why_empty(record: LogRecord) -> str | None:
    """Return why an ask without words failed; None where it has words, or cites though its words are not logged."""
    is_told = bool((record.answer or "").strip() or record.citations or record.mentions)
    return None if is_told or (record.answer is None and record.is_observed) else "no answer text"


def _answer_id(ask: LogRecord, engine: str, error: str | None) -> str:
    outcome = f"failed: {error}" if error else f"answered: {ask.answer or ''}"
    time = ask.asked_at.isoformat() if isinstance(ask.asked_at, datetime) else ""
    parts = (ask.query, engine, ask.model or "", ask.surface or "", ask.run_id or "", ask.market or "", time, outcome)
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


def _join_citations(
    citations: pd.DataFrame, spans: pd.DataFrame, order: Mapping[str, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the citations, each page of an answer once, cited ones first, and the spans at their new positions."""
    every = citations.assign(page=citations["url"].map(page_id), place=citations["answer_id"].map(order))
    every = every.sort_values(["place", "kind", "position"], kind="stable")
    once = every.drop_duplicates(["answer_id", "page"])
    once = once.assign(new=once.groupby("answer_id", sort=False).cumcount())
    moved = every[["answer_id", "position", "page"]].merge(once[["answer_id", "page", "new"]], on=["answer_id", "page"])
    spans = spans.merge(moved[["answer_id", "position", "new"]], on=["answer_id", "position"])
    spans = spans.assign(position=spans["new"])[SPANS.names]
    return once.assign(position=once["new"])[citations.columns].reset_index(drop=True), spans


def _renumbered(table: pd.DataFrame, order: Mapping[str, int]) -> pd.DataFrame:
    """Return an answer's rows together, in the answers' order, with positions from 0."""
    table = table.assign(place=table["answer_id"].map(order)).sort_values("place", kind="stable").drop(columns="place")
    return table.assign(position=table.groupby("answer_id", sort=False).cumcount()).reset_index(drop=True)
