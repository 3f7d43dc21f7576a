"""Sources of a log, read record by record, whatever their formats."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import islice
from typing import Any

from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.api_format import (
    LogFormat,
    open_exchange,
    own_columns,
)
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.formats import find_format, find_table_format
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.read_report import LogReadReport, Unread
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.requests import Requests
from coverage_kit.collect.logs.survey import MAPPED, Survey
from coverage_kit.collect.logs.times import is_day_first, parse_time
from coverage_kit.collect.logs.values import label_of, text_of
from coverage_kit.collect.numbers import decimal_sign, demand_of

_Found = tuple[str, Iterable[LogRecord], dict[str, Any]]

_LOOKED_AT = 1000  # cells of a column, to learn how it writes its numbers
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


class Reader:
    """Reads sources record by record, and notes in `met` what it met.

    Args:
        requests: those without their responses.
        by_hand: the columns of the settings.
        met: where to note it.
    """

    def __init__(self, requests: Requests, by_hand: Mapping[str, str], met: LogReadReport) -> None:
        self.requests = requests
        self.by_hand = by_hand
        self.met = met
        self._decimal = ""
        self._is_day_first = False

    def records(self, survey: Survey) -> Iterator[LogRecord]:
        """Yield a source's records with their times and figures read."""
        file = survey.source.where
        if survey.problem:
            self.met.reject(file, 1, survey.problem)
            return
        self._is_day_first = is_day_first(_cells(survey, "asked_at"))
        self._decimal = decimal_sign(
            ((text_of(cell), False) for cell in islice(_cells(survey, "demand"), _LOOKED_AT)),
            "",
        )
        yield from self._pass(survey)
        if not any(where == file for where, _ in self.met.counts):
            yield from self._pass(survey, is_second=True)

    def _pass(self, survey: Survey, is_second: bool = False) -> Iterator[LogRecord]:
        """Yield the records of all rows; in a second pass those of formats that read a source another way if they must."""
        file = survey.source.where
        counts = self.met.counts
        times = self.met.times
        figures = self.met.figures
        known = frozenset(survey.mapping.values())
        for row in survey.source.rows(survey.columns):
            try:
                name, records, rest = (
                    self._read_again(row, survey) if is_second else self._read(row, survey, known)
                )
                for record in records:
                    counts[file, name] += 1
                    record.asked_at = _time(record.asked_at, self._is_day_first, times)
                    if record.demand is not None:
                        record.demand = _figure(record.demand, self._decimal, figures)
                    if rest:
                        record.extra = {**rest, **record.extra}
                    yield record
            except UnreadableRecordError as error:
                self.met.reject(file, row.line, str(error))

    def _read(self, row: Row, survey: Survey, known: Set[str]) -> _Found:
        """Return the name of a row's format, its records, and its fields that no record holds."""
        if row.problem:
            raise UnreadableRecordError(row.problem)
        values = row.values
        vendor = survey.vendor
        if survey.has_header:
            read = vendor.records if vendor else generic.read_rows
            return (
                vendor.name if vendor else MAPPED,
                read(values, survey.mapping),
                _rest(values, known),
            )
        if self.requests.add(values, survey.source.where):  # no record by itself
            return MAPPED, (), {}
        self.requests.note_answer(values)
        if vendor := find_table_format(tuple(values)):
            return (
                vendor.name,
                vendor.records(values, vendor.fields),
                _rest(values, set(vendor.fields.values())),
            )
        exchange = open_exchange(values, self.requests.prompts)
        if found := find_format(exchange):
            read_fields = _known_fields(found, tuple(exchange.outer))
            body = {} if exchange.body is exchange.outer else _rest(exchange.body, read_fields)
            return (
                found.name,
                found.read(exchange),
                body | _rest(exchange.outer, read_fields),
            )
        mapping = survey.mapping or self._columns(tuple(values))
        return (
            MAPPED,
            generic.read_rows(values, mapping),
            _rest(values, set(mapping.values())),
        )

    def _read_again(self, row: Row, survey: Survey) -> _Found:
        vendor = survey.vendor or find_table_format(tuple(row.values))
        if row.problem or not vendor or not vendor.fallback:
            return MAPPED, (), {}  # told in the first pass
        mapping = survey.mapping if survey.vendor else vendor.fields
        return (
            vendor.name,
            vendor.fallback(row.values, mapping),
            _rest(row.values, set(mapping.values())),
        )

    def _columns(self, names: tuple[str, ...]) -> dict[str, str]:
        return choose_columns(names, self.by_hand) if self.by_hand else own_columns(names)


def _time(value: Any, is_day: bool, unread: Unread) -> Any:
    time = parse_time(value, is_day)
    if time is None and label_of(value) is not None:
        unread.note(value)
    return time


def _figure(value: Any, decimal: str, unread: Unread) -> float | None:
    figure = demand_of(value, decimal)
    if figure is None and label_of(value) is not None:
        unread.note(value)
    return figure


def _cells(survey: Survey, field: str) -> Iterator[Any]:
    """Yield a source's cells of a field; none where no column has it."""
    if column := survey.mapping.get(field):
        yield from (row.values.get(column) for row in survey.source.rows([column]))


@functools.lru_cache(maxsize=1024)
def _known_fields(found: LogFormat, outer: tuple[str, ...]) -> frozenset[str]:
    """Return the fields of a logged record and its response that a format reads."""
    return found.known | _ENVELOPE | set(own_columns(outer).values())


def _rest(values: Mapping[str, Any], known: Set[str]) -> dict[str, Any]:
    """Return the filled fields that are not known; False and 0 are filled."""
    if values.keys() <= known:  # the common case, and quickly told
        return {}
    return {
        key: value for key, value in values.items() if key not in known and (value or value == 0)
    }
