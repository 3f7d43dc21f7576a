"""Records of logs as tables.

The records are added one at a time, so that the memory has a limit however long the log is.
"""

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
from coverage_kit.collect.logs.row_order import order_rows
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

# So many new rows of a table are packed as columns at a time (assumed).
_CHUNK_ROWS = 4_000
_SCHEMAS = (QUERIES, ANSWERS, FAILURES, CITATIONS, SPANS, MENTIONS, SEARCHES)

# The same searches and pages come again in many records.
_normal = functools.lru_cache(maxsize=65536)(normal_form)
_names = functools.lru_cache(maxsize=131072)(url_names)


def query_id(query: str) -> str:
    """Return the id that all spellings of a query share.

    >>> query_id("Best CRM?") == query_id("best crm")
    True
    """
    return "q" + _digest(normal_form(query), size=5)


class LogTabulator:
    """Makes the tables of a log from its records, which are added one by one.

    Records that agree in query, engine, model, surface, run, market, time and text are one answer,
    whether they are exact duplicates or a row for each citation. Their citations, spans, mentions
    and searches are joined.

    Every query is in the tables, and each time it was asked counts. Of more than `max_answers`
    answers the tables have a sample (see `Sample`), with all that belongs to these answers, and of
    more than `max_answers` failures another sample. Nothing is known later of an answer outside the
    sample: its records are one answer where they follow each other, and otherwise count as asked
    again.
    """

    def __init__(self, max_answers: int = 200_000) -> None:
        self.spellings: dict[str, Spelling] = {}
        self.answered = Sample(max_answers)
        self.failed = Sample(max_answers)
        self.growing = {
            schema.name: GrowingTable(schema) for schema in _SCHEMAS if schema is not QUERIES
        }
        # The id of the answer that the previous record belongs to.
        self._previous = ""

    def begin_source(self) -> None:
        """Note that the next record comes from another file, so it does not continue an answer."""
        self._previous = ""

    def add(self, record: LogRecord) -> None:
        """Add a record, whose asked_at is a time or missing."""
        spelling = self.spellings.get(record.query)
        if spelling is None:
            spelling = self.spellings[record.query] = Spelling(query_id(record.query))
        spelling.note(record)
        if record.answer is None and not record.error and not record.is_observed:
            spelling.n = spelling.n + 1
            spelling.n_answered = spelling.n_answered + 1
            return
        error = record.error or _missing_answer(record)
        engine = record.engine.strip().lower() or "unknown"
        answer_id = _answer_id(record, engine, error)
        sample = self.failed if error else self.answered
        # Rows of an answer that follow each other are one answer, even outside the sample.
        if is_new := answer_id != self._previous:
            spelling.n = spelling.n + 1
            spelling.n_answered = spelling.n_answered + (not error)
            sample.n_read += 1
            self._previous = answer_id
        if ask := sample.asks.get(answer_id):
            ask.n_again += is_new
            ask.has_searched = record.has_searched or bool(ask.has_searched)
        elif answer_id < sample.end:
            ask = sample.asks[answer_id] = Ask(record.query)
            self._add_ask((answer_id, spelling.query_id, engine), record, error)
        if ask and not error:
            self._add_details(answer_id, record, ask)
        if len(sample.asks) > sample.max_answers:
            self.shrink()

    def join(self, other: "LogTabulator") -> None:
        """Add another tabulator's records, as if they followed; the other is used up."""
        other.shrink(self.answered.n_halved, self.failed.n_halved)
        for text, spelling in other.spellings.items():
            self.spellings.setdefault(text, Spelling(spelling.query_id)).join(spelling)
        # For each answer that both parts hold: the number of its pages in the first part, after
        # which the pages of the other part are counted.
        offsets = {
            answer_id: ask.n_pages
            for answer_id in other.answered.asks
            if (ask := self.answered.asks.get(answer_id))
        }
        tables = {name: growing.packed() for name, growing in other.growing.items()}
        has_searched = _as_dict(tables["answers"], "has_searched") if offsets else {}
        tables["answers"] = _new_answers(tables["answers"], self.answered)
        tables["failures"] = _new_answers(tables["failures"], self.failed)
        for name, table in tables.items():
            has_positions = name in ("citations", "spans")
            self.growing[name].append(
                _moved(table, offsets) if offsets and has_positions else table
            )
        self.answered.join(other.answered, has_searched)
        self.failed.join(other.failed, {})
        self.shrink(other.answered.n_halved, other.failed.n_halved)
        self.begin_source()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return queries, answers, failures, citations, spans, mentions and searches by name.

        No record can be added afterwards. The order of the records decides nothing (`order_rows`),
        with one exception: where several records describe the same answer, its pages, brands and
        searches are numbered as the records come, and the first record gives the further fields.
        The demand of a query is the log's own figure: the largest figure of each spelling, summed
        over the spellings. A measured figure counts before an estimate. Without a figure it is the
        number of answers, or of rows where the log holds no answers; failures do not count. A query
        with several origins has the first of `vocabulary.ORIGINS`, so that of a person.
        """
        tables = {name: growing.drain() for name, growing in self.growing.items()}
        # Only an answer that came again has a flag here.
        has_repeats = any(
            ask.has_searched is not None
            for sample in (self.answered, self.failed)
            for ask in sample.asks.values()
        )
        if has_repeats:
            tables = join_records(tables, self.answered.asks, _normal)
        self._discount()
        tables["queries"] = QUERIES.table(query_rows(self.spellings))
        tables["spans"] = tables["spans"].drop_duplicates()
        ordered = order_rows(tables)
        for schema in _SCHEMAS:
            schema.check(ordered[schema.name], "LogTabulator.tables() returned")
        return ordered

    def shrink(self, answer_halvings: int = 0, failure_halvings: int = 0) -> None:
        """Shrink the samples of answers and of failures, and drop the rows of all other answers.

        Each sample is halved at least as often as its argument says.
        """
        failure_tables = [self.growing["failures"]]
        answer_tables = [table for name, table in self.growing.items() if name != "failures"]
        for sample, min_halvings, tables in (
            (self.answered, answer_halvings, answer_tables),
            (self.failed, failure_halvings, failure_tables),
        ):
            if sample.shrink(min_halvings):
                for table in tables:
                    table.prune(sample.end)

    def _discount(self) -> None:
        """Count each answer in the samples once, however often it came."""
        for sample, is_answered in (
            (self.answered, True),
            (self.failed, False),
        ):
            for ask in sample.asks.values():
                spelling = self.spellings[ask.query]
                spelling.n -= ask.n_again
                spelling.n_answered -= ask.n_again if is_answered else 0

    def _add_ask(self, ids: tuple[str, str, str], ask: LogRecord, error: str | None) -> None:
        """Add a row to the answers or failures; `ids` are answer_id, query_id and engine."""
        if error:
            self._append("failures", [(*ids, ask.asked_at, error)])
        else:
            values = (
                ask.model,
                ask.surface,
                ask.run_id,
                ask.asked_at,
                ask.market,
                ask.answer or "",
                ask.has_searched,
                _as_json(ask.extra),
            )
            self._append("answers", [(*ids, *values)])

    def _add_details(self, answer_id: str, record: LogRecord, ask: Ask) -> None:
        """Add an answer's rows to the citations, spans, mentions and searches."""
        if record.citations or record.retrieved:
            self._add_pages(answer_id, record, ask)
        if record.mentions:
            brands = enumerate(dict.fromkeys(record.mentions))
            self._append(
                "mentions",
                [(answer_id, brand, position, None) for position, brand in brands],
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
        positions: dict[str, int] = {}
        for kind, pages in (
            ("cited", record.citations),
            ("retrieved", record.retrieved),
        ):
            for citation in pages:
                url, site, page = _names(citation.url)
                if not site:
                    continue
                start = citation.start
                end = citation.end
                if start is None or end is None or not 0 <= start < end <= n_characters:
                    start = None
                    end = None
                if page not in positions:
                    positions[page] = ask.n_pages + len(positions)
                    citations.append(
                        (
                            answer_id,
                            positions[page],
                            url,
                            site,
                            kind,
                            start,
                            end,
                            citation.title,
                        )
                    )
                # A page has one row, but a span for each of its citations.
                if start is not None and kind == "cited":
                    spans.append((answer_id, positions[page], start, end))
        ask.n_pages += len(positions)
        self._append("citations", citations)
        if spans:
            self._append("spans", spans)

    def _append(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        table = self.growing[name]
        table.rows += rows
        if len(table.rows) >= _CHUNK_ROWS:
            table.pack()


def _as_dict(table: pa.Table, column: str) -> dict[str, Any]:
    return dict(
        zip(
            table["answer_id"].to_pylist(),
            table[column].to_pylist(),
            strict=True,
        )
    )


def _new_answers(table: pa.Table, sample: Sample) -> pa.Table:
    """Return the rows of answers that are not in a sample."""
    sample_ids = pa.array(list(sample.asks), pa.large_string())
    return table.filter(pc.invert(pc.is_in(table["answer_id"], sample_ids)))


def _moved(table: pa.Table, offsets: Mapping[str, int]) -> pa.Table:
    """Return the table with the positions of each answer moved by the answer's offset."""
    row_offsets = pa.array(
        [offsets.get(answer_id, 0) for answer_id in table["answer_id"].to_pylist()],
        pa.int64(),
    )
    return table.set_column(1, "position", pc.add(table["position"], row_offsets))


def _missing_answer(record: LogRecord) -> str | None:
    """Return the error of a record without an answer, else None.

    There is an answer if the record has its words, citations or mentions, or says that there was an
    answer whose text is not logged.
    """
    has_content = bool((record.answer or "").strip() or record.citations or record.mentions)
    is_unlogged = record.answer is None and record.is_observed
    return None if has_content or is_unlogged else "no answer text"


def _answer_id(ask: LogRecord, engine: str, error: str | None) -> str:
    outcome = f"failed: {error}" if error else f"answered: {ask.answer or ''}"
    time = ask.asked_at.isoformat() if isinstance(ask.asked_at, datetime) else ""
    content = (
        ask.query,
        engine,
        ask.model or "",
        ask.surface or "",
        ask.run_id or "",
        ask.market or "",
        time,
        outcome,
    )
    # The unit separator, which texts do not have, shows where each value ends.
    return "a" + _digest("\x1f".join(content), size=6)


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _as_json(extra: Mapping[str, Any]) -> str | None:
    if not extra:
        return None
    try:
        return orjson.dumps(extra, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # orjson refuses halves of surrogate pairs, whole numbers beyond 64 bits and deep values.
        shallow = {str(key): _shallow(value) for key, value in extra.items()}
        return json.dumps(shallow, default=str, skipkeys=True)


def _shallow(value: Any) -> Any:
    """Return a value, or a note in place of one that is too deep to be written as JSON."""
    try:
        json.dumps(value, default=str, skipkeys=True)
    except RecursionError:
        return "nested too deep"
    return value


def _own_searches(ask: LogRecord) -> list[str]:
    """Return a record's searches without the prompt itself, each search once."""
    own = dict[str, str]()
    for text in ask.searches:
        own.setdefault(_normal(text), text)
    own.pop(_normal(ask.query), None)
    return list(own.values())
