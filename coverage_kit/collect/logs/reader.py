"""The sources of a log, read record by record, whatever their formats."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import islice
from typing import Any, NamedTuple

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.api_format import (
    LogFormat,
    open_exchange,
    own_columns,
)
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.formats import find_format, find_table_format
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.read_report import LogReadReport
from coverage_kit.collect.logs.record import (
    Aside,
    LogRecord,
    Merged,
    Outcome,
    Reject,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.requests import ANSWERED, LONE_REQUEST, Requests
from coverage_kit.collect.logs.survey import MAPPED, Survey
from coverage_kit.collect.logs.tally import Cells, Tally
from coverage_kit.collect.logs.times import is_day_first, parse_time
from coverage_kit.collect.logs.values import label_of
from coverage_kit.collect.numbers import decimal_sign, demand_of

# The reason for a record by which a format was taken by surprise: a fault of the toolkit.
UNEXPECTED = "the format cannot read this record"
# This many cells of a column show how it writes its numbers (assumed).
_N_SAMPLED_CELLS = 1000
# The fields around a request and its response that never become extra fields.
_ENVELOPE = frozenset(
    {
        "id",
        "object",
        "model",
        "created",
        "created_at",
        "status",
        "error",
        "custom_id",
        "request",
        "response",
        "body",
    }
)


class _Reading(NamedTuple):
    """What a row becomes: the name of its format, its outcomes, and the fields that none holds.

    `mapping` has the columns of the fields where the row is one of a table.
    """

    format_name: str
    outcomes: Iterable[Outcome]
    unread_fields: dict[str, Any]
    mapping: Mapping[str, str] = {}


class Reader:
    """Reads sources record by record, and counts in a report what it reads.

    Args:
        requests: the lone requests of the log.
        by_hand: the columns that the settings name.
        report: the report to fill.
    """

    def __init__(
        self, requests: Requests, by_hand: Mapping[str, str], report: LogReadReport
    ) -> None:
        self.requests = requests
        self.by_hand = by_hand
        self.report = report
        self._decimal = ""
        self._is_day_first = False

    def records(self, survey: Survey) -> Iterator[LogRecord]:
        """Yield a source's records with times as UTC and figures as numbers."""
        file = survey.source.location
        if survey.problem:
            self.report.reject(file, 1, survey.problem)
            self.report.settle(file, 1, n_outcomes=1)
            return
        self._is_day_first = is_day_first(_cells(survey, "asked_at"))
        self._decimal = decimal_sign(
            ((text_of(cell), False) for cell in islice(_cells(survey, "demand"), _N_SAMPLED_CELLS)),
            "",
        )
        read_columns = frozenset(survey.mapping.values())
        for row in survey.source.rows(survey.columns):
            yield from self._row_records(row, survey, read_columns)

    def _row_records(self, row: Row, survey: Survey, read_columns: Set[str]) -> Iterator[LogRecord]:
        """Yield the records of a row, and count everything else that it becomes.

        Every row of every format passes here, so that no record is lost without being counted. A
        record that breaks its format is a reject, like a record that the format refuses.
        """
        report = self.report
        file = survey.source.location
        n_outcomes = 0
        records = list[LogRecord]()
        try:
            reading = self._read(row, survey, read_columns)
            name = reading.format_name
            for outcome in reading.outcomes:
                if isinstance(outcome, LogRecord):
                    records.append(self._finished(outcome, reading, report.tally(file, name)))
                    if row.part:
                        report.leave_out(file, name, Merged(row.part))
                    else:
                        report.counts[file, name] += 1
                elif isinstance(outcome, Reject):
                    report.reject(file, row.line, outcome.reason)
                else:
                    report.leave_out(file, name, outcome)
                n_outcomes += 1
        except UnreadableRecordError as error:
            n_outcomes += 1
            report.reject(file, row.line, str(error))
        except Exception as error:  # whatever a record does, the others are read
            n_outcomes += 1
            report.reject(file, row.line, f"{UNEXPECTED} ({type(error).__name__}: {error})"[:300])
        report.settle(file, row.line, n_outcomes)
        if records:
            report.tally(file, name).look(
                records,
                row.values,
                reading.unread_fields,
                reading.mapping,
                is_mapped=name == MAPPED,
            )
        yield from records

    def _finished(self, record: LogRecord, reading: _Reading, tally: Tally) -> LogRecord:
        """Return a record with its time as UTC, its figure as a number, and further fields."""
        record.asked_at = _time(record.asked_at, self._is_day_first, tally.times)
        if record.demand is not None:
            record.demand = _figure(record.demand, self._decimal, tally.figures)
        # What the format puts into `extra` comes before a field of the same name.
        if reading.unread_fields:
            record.extra = {**reading.unread_fields, **record.extra}
        tally.count(record)
        return record

    def _read(self, row: Row, survey: Survey, read_columns: Set[str]) -> _Reading:
        """Return what a row becomes."""
        if row.problem:
            raise UnreadableRecordError(row.problem)
        values = row.values
        if survey.has_header:
            vendor = survey.vendor
            if row.aside:
                return _Reading(vendor.name if vendor else MAPPED, (Aside(row.aside),), {})
            return _Reading(
                vendor.name if vendor else MAPPED,
                vendor.outcomes(values, survey.mapping, self.requests.traces)
                if vendor
                else generic.read_rows(values, survey.mapping),
                _unread(values, read_columns),
                survey.mapping,
            )
        if self.requests.add(values, survey.source.location):
            return _Reading(ANSWERED, (LONE_REQUEST,), {})
        self.requests.note_answer(values)
        if vendor := find_table_format(tuple(values)):
            return _Reading(
                vendor.name,
                vendor.outcomes(values, vendor.fields, self.requests.traces),
                _unread(values, set(vendor.fields.values())),
                vendor.fields,
            )
        exchange = open_exchange(values, self.requests.prompts)
        if log_format := find_format(exchange):
            read_fields = _read_fields(log_format, tuple(exchange.outer))
            body = {} if exchange.body is exchange.outer else _unread(exchange.body, read_fields)
            return _Reading(
                log_format.name,
                log_format.read(exchange),
                body | _unread(exchange.outer, read_fields),
            )
        mapping = survey.mapping or self._columns(tuple(values))
        return _Reading(
            MAPPED,
            generic.read_rows(values, mapping),
            _unread(values, set(mapping.values())),
            mapping,
        )

    def _columns(self, names: tuple[str, ...]) -> dict[str, str]:
        return choose_columns(names, self.by_hand) if self.by_hand else own_columns(names)


def _time(value: Any, is_day_first: bool, unread: Cells) -> Any:
    time = parse_time(value, is_day_first)
    if time is None and _is_filled(value):
        unread.note(value)
    return time


def _figure(value: Any, decimal: str, unread: Cells) -> float | None:
    figure = demand_of(value, decimal)
    if figure is None and _is_filled(value):
        unread.note(value)
    return figure


def _is_filled(value: Any) -> bool:
    """Return whether a cell holds something; an object or list does even where it has no text."""
    return label_of(value) is not None or (isinstance(value, (dict, list)) and bool(value))


def _cells(survey: Survey, field: str) -> Iterator[Any]:
    """Yield a source's cells of a field, and no cells where no column holds the field."""
    if column := survey.mapping.get(field):
        yield from (row.values.get(column) for row in survey.source.rows([column]))


@functools.lru_cache(maxsize=1024)
def _read_fields(log_format: LogFormat, outer: tuple[str, ...]) -> frozenset[str]:
    """Return the fields of a logged record and of its response that a format reads."""
    return log_format.known | _ENVELOPE | set(own_columns(outer).values())


def _unread(values: Mapping[str, Any], read_fields: Set[str]) -> dict[str, Any]:
    """Return the filled fields that are not read; False and 0 count as filled."""
    # In most records every field is read, and this test is fast.
    if values.keys() <= read_fields:
        return {}
    return {
        key: value
        for key, value in values.items()
        if key not in read_fields and (value or value == 0)
    }
