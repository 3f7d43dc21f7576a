"""read_log: files of logs in, tables out."""

import functools
import gc
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.columns import FIELDS, choose_columns
from coverage_kit.collect.logs.exchange import LogFormat, open_exchange, own_columns
from coverage_kit.collect.logs.formats import FORMATS, TABLE_FORMATS, find_format, find_table_format
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.requests import UNANSWERED, Requests
from coverage_kit.collect.logs.sources import Source, find_files, open_file
from coverage_kit.collect.logs.survey import (
    MAPPED,
    Survey,
    check_columns,
    check_queries,
    joint_mapping,
    map_columns,
    survey_source,
)
from coverage_kit.collect.logs.tabulate import LogTabulator
from coverage_kit.collect.logs.times import is_day_first, parse_time
from coverage_kit.collect.logs.values import label_of, text_of
from coverage_kit.collect.numbers import decimal_sign, demand_of
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from coverage_kit.tables import REJECTS, SOURCES, LogTables

logger = logging.getLogger(__name__)

_Found = tuple[str, Iterable[LogRecord], dict[str, Any]]

_LOOKED_AT = 1000  # cells of a column, to learn how it writes its numbers
_NOTES = {one.name: one.note for one in TABLE_FORMATS if one.note}
_ENVELOPE = frozenset(
    {"id", "object", "model", "created", "created_at", "status", "error", "custom_id", "request", "response", "body"}
)


def read_log(log: LogSettings, must_have_columns: bool = True) -> LogTables:
    """Return the tables of a log's files and folders, whatever their formats, in memory bounded by the tables.

    Records of known APIs and exports are recognised by their content or columns, all others by the names of their columns, or
    as `log.columns` says; the choice is in `mapping` and `sources`. Records that cannot be read are in `rejects`, and a warning
    counts them; requests without a response are failures. Fields that no column holds are kept in `answers.extra`. Times are
    UTC. Raises LogError for a file that is missing, empty, broken or without queries, for requests alone, and for a column of
    `log.columns` that no file has, unless `must_have_columns` is False.
    """
    requests = Requests()
    surveys = [survey_source(source, named, requests) for named, source in _open_all(log.files)]
    check_columns(log.columns, surveys, must_have_columns)
    for survey in surveys:
        survey.mapping = map_columns(survey, log.columns)
    check_queries(surveys)
    tabulator, reader = LogTabulator(), _Reader(requests, log.columns)
    with _without_cycles():
        for survey in surveys:
            for record in reader.records(survey):
                tabulator.add(record)
        for record in reader.unanswered():
            tabulator.add(record)
    reader.check(", ".join(log.files))
    return LogTables(
        **tabulator.tables(),
        mapping=joint_mapping(surveys),
        rejects=REJECTS.table(reader.rejects),
        sources=SOURCES.table(_sources(surveys, reader.counts)),
    )


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Let nothing look for cycles of objects meanwhile: records have none, and there are many."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _open_all(names: Sequence[str]) -> list[tuple[str, Source]]:
    if not names:
        raise LogError("log.files", "files or folders of logs", "none", "Name them under [log] files.")
    opened: dict[Path, tuple[str, Path]] = {}
    for name in names:
        for path in find_files(name):
            opened.setdefault(path.resolve(), (name, path))
    return [(name, source) for name, path in opened.values() for source in open_file(path)]


@dataclass
class _Reader:
    """Reads sources record by record, and keeps count of what it met.

    `requests` are those without their responses, `by_hand` the columns of the settings; `counts` says how many records each
    (file, format) had.
    """

    requests: Requests
    by_hand: Mapping[str, str] = field(default_factory=dict)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_times: list[Any] = field(default_factory=list)
    unread_figures: list[Any] = field(default_factory=list)
    decimal: str = ""

    def records(self, survey: Survey) -> Iterator[LogRecord]:
        """Yield a source's records with their times read."""
        file = survey.source.where
        if survey.problem:
            self.rejects.append({"file": file, "line": 1, "reason": survey.problem})
            return
        is_day = is_day_first(_cells(survey, "asked_at"))
        self.decimal = decimal_sign(((text_of(cell), False) for cell in islice(_cells(survey, "demand"), _LOOKED_AT)), "")
        yield from self._pass(survey, is_day)
        if not any(where == file for where, _ in self.counts):
            yield from self._pass(survey, is_day, is_second=True)

    def _pass(self, survey: Survey, is_day: bool, is_second: bool = False) -> Iterator[LogRecord]:
        """Yield the records of all rows; in a second pass those of formats that read a source another way if they must."""
        file = survey.source.where
        for row in survey.source.rows(survey.columns):
            try:
                name, records, rest = self._read_again(row, survey) if is_second else self._read(row, survey)
                for record in records:
                    self.counts[file, name] += 1
                    record.asked_at = self._time(record.asked_at, is_day)
                    record.demand = self._figure(record.demand)
                    record.extra = {**rest, **record.extra}
                    yield record
            except UnreadableRecordError as error:
                self.rejects.append({"file": file, "line": row.line, "reason": str(error)})

    def unanswered(self) -> Iterator[LogRecord]:
        """Yield a failure for each request whose response was not met. Raises LogError where there is nothing else."""
        failures = list(self.requests.unanswered())
        if failures and not self.counts and not self.rejects:
            found = f"{len(failures)} requests without responses"
            raise LogError(failures[0][0], "responses to the requests", found, "Add the file of responses to [log] files.")
        if failures:
            logger.warning("%d requests have no response in the log, such as in %s", len(failures), failures[0][0])
        for file, record in failures:
            self.counts[file, UNANSWERED] += 1
            yield record

    def check(self, where: str) -> None:
        """Raise LogError where nothing could be read; warn of what was left out."""
        n_read, n_rejected = self.counts.total(), len(self.rejects)
        example = next((f"{one['file']}, line {one['line']}: {one['reason']}" for one in self.rejects), "no rows with a query")
        if not n_read:
            cure = "Export the log again, or name its columns in [log.columns]."
            raise LogError(where, "records with a query", f"{n_rejected} unreadable, such as {example}", cure)
        if n_rejected:
            logger.warning("%d of %d records were not read, such as %s", n_rejected, n_rejected + n_read, example)
        if self.unread_times:
            logger.warning("%d of %d times cannot be read, such as %r", len(self.unread_times), n_read, self.unread_times[0])
        if self.unread_figures:
            n_unread, example = len(self.unread_figures), self.unread_figures[0]
            logger.warning("%d of %d figures of demand cannot be read, such as %r", n_unread, n_read, example)

    def _read(self, row: Row, survey: Survey) -> _Found:
        """Return the name of a row's format, its records, and its fields that no record holds."""
        if row.problem:
            raise UnreadableRecordError(row.problem)
        values, vendor = row.values, survey.vendor
        if survey.has_header:
            read = vendor.records if vendor else generic.read_rows
            return vendor.name if vendor else MAPPED, read(values, survey.mapping), _rest(values, survey.mapping.values())
        if self.requests.add(values, survey.source.where):  # no record by itself
            return MAPPED, (), {}
        self.requests.note_answer(values)
        if vendor := find_table_format(tuple(values)):
            return vendor.name, vendor.records(values, vendor.fields), _rest(values, vendor.fields.values())
        exchange = open_exchange(values, self.requests.prompts)
        if found := find_format(exchange):
            known = _known_fields(found, tuple(exchange.outer))
            body = {} if exchange.body is exchange.outer else _rest(exchange.body, known)
            return found.name, found.read(exchange), body | _rest(exchange.outer, known)
        mapping = survey.mapping or self._columns(tuple(values))
        return MAPPED, generic.read_rows(values, mapping), _rest(values, mapping.values())

    def _read_again(self, row: Row, survey: Survey) -> _Found:
        vendor = survey.vendor or find_table_format(tuple(row.values))
        if row.problem or not vendor or not vendor.fallback:
            return MAPPED, (), {}  # told in the first pass
        mapping = survey.mapping if survey.vendor else vendor.fields
        return vendor.name, vendor.fallback(row.values, mapping), _rest(row.values, mapping.values())

    def _columns(self, names: tuple[str, ...]) -> dict[str, str]:
        return choose_columns(names, self.by_hand) if self.by_hand else own_columns(names)

    def _time(self, value: Any, is_day: bool) -> Any:
        time = parse_time(value, is_day)
        if time is None and label_of(value) is not None:
            self.unread_times.append(value)
        return time

    def _figure(self, value: Any) -> float | None:
        if value is None:
            return None
        figure = demand_of(value, self.decimal)
        if figure is None and label_of(value) is not None:
            self.unread_figures.append(value)
        return figure


def _cells(survey: Survey, field: str) -> Iterator[Any]:
    """Yield a source's cells of a field; none where no column has it."""
    if column := survey.mapping.get(field):
        yield from (row.values.get(column) for row in survey.source.rows(survey.columns))


@functools.lru_cache(maxsize=1024)
def _known_fields(found: LogFormat, outer: tuple[str, ...]) -> frozenset[str]:
    """Return the fields of a logged record and its response that a format reads."""
    return found.known | _ENVELOPE | set(own_columns(outer).values())


def _rest(values: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Return the filled fields that are not known; False and 0 are filled."""
    return {key: value for key, value in values.items() if key not in known and (value or value == 0)}


def _sources(surveys: Sequence[Survey], counts: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """Return the rows of the table of sources."""
    known: dict[str, Mapping[str, str]] = {UNANSWERED: {}}
    known |= {**{one.name: one.fields for one in FORMATS}, **{one.name: one.fields for one in TABLE_FORMATS}}
    mapping = {survey.source.where: survey.mapping for survey in surveys}
    rows = []
    for (file, name), n_records in counts.items():
        fields = mapping[file] if name == MAPPED else known[name]
        told = ", ".join(f"{one} = {fields[one]}" for one in FIELDS if one in fields)
        rows.append({"file": file, "format": name, "n_records": n_records, "fields": told, "note": _NOTES.get(name)})
    return rows
