"""The spellings of a log's queries, and the counts of each spelling."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.tables.asked import first_origin
from coverage_kit.vocabulary import ESTIMATED, MEASURED

_TIME = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("text", pa.large_string()),
        ("query_id", pa.large_string()),
        ("n", pa.int64()),
        ("n_answered", pa.int64()),
        ("figure", pa.float64()),
        ("estimate", pa.float64()),
        ("first_asked_at", _TIME),
        ("last_asked_at", _TIME),
        ("origin", pa.large_string()),
        ("times_cited", pa.float64()),
    ]
)


@dataclass(slots=True)
class Spelling:
    """How often a query was asked in one spelling, and the log's largest figures of its demand.

    `n` counts all questions, `n_answered` those that did not fail. `figure` is measured, `estimate`
    is estimated. `origin` is the first of `vocabulary.ORIGINS` that a record has.
    `times_cited` is the largest number of citations of your site that an engine reports.
    """

    query_id: str
    n: int = 0
    n_answered: int = 0
    figure: float | None = None
    estimate: float | None = None
    first_asked_at: datetime | None = None
    last_asked_at: datetime | None = None
    origin: str | None = None
    times_cited: float | None = None

    def note(self, record: LogRecord) -> None:
        """Add a record's time, origin and figure of demand, where they are known."""
        self._note_time(record.asked_at)
        self.origin = first_origin((self.origin, record.origin))
        self.times_cited = _edge(max, (self.times_cited, record.times_cited))
        if isinstance(record.demand, (int, float)):
            if record.demand_kind == ESTIMATED:
                self.estimate = max(record.demand, self.estimate or 0.0)
            else:
                self.figure = max(record.demand, self.figure or 0.0)

    def join(self, other: "Spelling") -> None:
        """Add the counts of the same spelling in another part of the log."""
        self.n = self.n + other.n
        self.n_answered = self.n_answered + other.n_answered
        for time in (other.first_asked_at, other.last_asked_at):
            self._note_time(time)
        self.figure = _edge(max, (self.figure, other.figure))
        self.estimate = _edge(max, (self.estimate, other.estimate))
        self.origin = first_origin((self.origin, other.origin))
        self.times_cited = _edge(max, (self.times_cited, other.times_cited))

    def _note_time(self, time: Any) -> None:
        if isinstance(time, datetime):
            if self.first_asked_at is None or time < self.first_asked_at:
                self.first_asked_at = time
            if self.last_asked_at is None or time > self.last_asked_at:
                self.last_asked_at = time


def query_rows(spellings: Mapping[str, Spelling]) -> list[dict[str, Any]]:
    """Return the rows of the table of queries. The order of the spellings changes none of them.

    Searches that only an engine's report has, beside questions of a log, have the demand 0: the
    report counts all of the engine's users, and a log a part of yours. What the report implies is
    in `implied_demand`.
    """
    queries: dict[str, list[tuple[str, Spelling]]] = {}
    for text, spelling in sorted(spellings.items(), key=lambda pair: pair[0]):
        queries.setdefault(spelling.query_id, []).append((text, spelling))
    rows = [_query_row(query_id, spelled) for query_id, spelled in queries.items()]
    is_reported = [
        all(spelling.times_cited is not None and not spelling.n_answered for _, spelling in spelled)
        for spelled in queries.values()
    ]
    if not all(is_reported):
        for row in itertools.compress(rows, is_reported):
            row["demand"] = 0.0
    return rows


def to_arrow(spellings: Mapping[str, Spelling]) -> pa.Table:
    """Return the spellings as a table that can be stored."""
    columns = [
        [getattr(spelling, name) for spelling in spellings.values()] for name in SCHEMA.names[1:]
    ]
    return pa.table([list(spellings), *columns], schema=SCHEMA)


def from_arrow(table: pa.Table) -> dict[str, Spelling]:
    """Return the spellings that a table stores."""
    columns = (table[name].to_pylist() for name in SCHEMA.names[1:])
    return dict(zip(table["text"].to_pylist(), map(Spelling, *columns), strict=True))


def _query_row(query_id: str, spelled: list[tuple[str, Spelling]]) -> dict[str, Any]:
    """Return the row of a query from its spellings with their texts."""
    spellings = [spelling for _, spelling in spelled]
    # The log's own figures come before counted answers, measured ones before estimates, and
    # spellings add up.
    figures = [spelling.figure for spelling in spellings if spelling.figure is not None]
    estimates = [spelling.estimate for spelling in spellings if spelling.estimate is not None]
    n_answered = sum(spelling.n_answered for spelling in spellings)
    times_cited = [
        spelling.times_cited for spelling in spellings if spelling.times_cited is not None
    ]
    implied = float(sum(estimates)) if times_cited and estimates else None
    origin = first_origin(spelling.origin for spelling in spellings)
    if times_cited and n_answered:
        # The log asked it too. Its own count is measured, and was not that of an engine's search.
        estimates = []
        origin = None if origin == "rewrite" else origin
    return {
        "query_id": query_id,
        # The most asked spelling; of equals the first by its letters.
        "text": min(spelled, key=lambda pair: (-pair[1].n, pair[0]))[0],
        "demand": float(sum(figures or estimates or ([n_answered] if n_answered else times_cited))),
        "demand_kind": ESTIMATED if estimates and not figures else MEASURED,
        "origin": origin,
        "times_cited": float(sum(times_cited)) if times_cited else None,
        "implied_demand": implied,
        "first_asked_at": _edge(min, (spelling.first_asked_at for spelling in spellings)),
        "last_asked_at": _edge(max, (spelling.last_asked_at for spelling in spellings)),
    }


def _edge(choose: Any, values: Iterable[Any]) -> Any:
    return choose((value for value in values if value is not None), default=None)
