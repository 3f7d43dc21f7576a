"""read_log: files of logs in, tables out."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.exchange import is_batch_request, open_exchange
from coverage_kit.collect.logs.formats import find_format
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.record import LogRecord, UnreadableRecordError
from coverage_kit.collect.logs.sources import Source, find_files, open_file
from coverage_kit.collect.logs.survey import Survey, check_columns, check_queries, joint_mapping, survey_source
from coverage_kit.collect.logs.tabulate import (
    merge_asks,
    tabulate_answers,
    tabulate_citations,
    tabulate_failures,
    tabulate_queries,
    tabulate_searches,
)
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from coverage_kit.tables import REJECTS, LogTables

logger = logging.getLogger(__name__)


def read_log(log: LogSettings) -> LogTables:
    """Return the tables of a log's files and folders, whatever their formats.

    Records of known APIs are recognised by their content, all others by the names of their columns, or as `log.columns`
    says; the choice is in `mapping`. Records that cannot be read are in `rejects`, and a warning counts them. Times are
    UTC. Raises LogError for a file that is missing, empty, broken or without queries.
    """
    prompts: dict[str, str] = {}
    surveys = [survey_source(source, named, prompts) for named, source in _open_all(log.files)]
    check_columns(log.columns, surveys)
    for survey in surveys:
        survey.mapping = choose_columns(survey.columns, log.columns)
    check_queries(surveys)
    records, rejects = list[LogRecord](), list[dict[str, Any]]()
    for survey in surveys:
        records += _read_source(survey, prompts, rejects)
    _check_rejects(log, records, rejects)
    asks = merge_asks(records)
    return LogTables(
        queries=tabulate_queries(records, asks),
        answers=tabulate_answers(asks),
        citations=tabulate_citations(asks),
        searches=tabulate_searches(asks),
        failures=tabulate_failures(asks),
        mapping=joint_mapping(surveys),
        rejects=REJECTS.table(rejects),
    )


def _open_all(names: Sequence[str]) -> list[tuple[str, Source]]:
    if not names:
        raise LogError("log.files", "files or folders of logs", "none", "Name them under [log] files.")
    opened: dict[Any, tuple[str, Any]] = {}
    for name in names:
        for path in find_files(name):
            opened.setdefault(path.resolve(), (name, path))
    return [(name, source) for name, path in opened.values() for source in open_file(path)]


def _read_source(survey: Survey, prompts: Mapping[str, str], rejects: list[dict[str, Any]]) -> list[LogRecord]:
    """Return a source's records with their times read, and add what cannot be read to `rejects`."""
    records: list[LogRecord] = []
    file = survey.source.where
    if survey.problem:
        rejects.append({"file": file, "line": 1, "reason": survey.problem})
        return records
    for row in survey.source.rows(list(survey.mapping.values())):
        try:
            record = _read_row(row, survey, prompts)
        except UnreadableRecordError as error:
            rejects.append({"file": file, "line": row.line, "reason": str(error)})
        else:
            records += [record] if record is not None else []
    times = parse_times([record.asked_at for record in records])
    return [replace(record, asked_at=time) for record, time in zip(records, times, strict=True)]


def _read_row(row: Row, survey: Survey, prompts: Mapping[str, str]) -> LogRecord | None:
    """Return a row's record, or None for a batch's request, which is no record by itself."""
    if row.problem:
        raise UnreadableRecordError(row.problem)
    if survey.has_header:
        return generic.read_row(row.values, survey.mapping)
    if is_batch_request(row.values):
        return None
    exchange = open_exchange(row.values, prompts)
    found = find_format(exchange)
    return found.read(exchange) if found else generic.read_row(row.values, survey.mapping)


def _check_rejects(log: LogSettings, records: Sequence[LogRecord], rejects: Sequence[dict[str, Any]]) -> None:
    """Raise LogError where nothing could be read; warn of what was left out."""
    example = next((f"{one['file']}, line {one['line']}: {one['reason']}" for one in rejects), "no rows at all")
    if not records:
        where, cure = ", ".join(log.files), "Export the log again, or name its columns in [log.columns]."
        raise LogError(where, "records with a query", f"{len(rejects)} unreadable, such as {example}", cure)
    if rejects:
        logger.warning("%d of %d records were not read, such as %s", len(rejects), len(rejects) + len(records), example)
