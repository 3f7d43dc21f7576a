"""read_log: files of logs in, tables out."""

import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs.columns import FIELDS
from coverage_kit.collect.logs.formats import FORMATS, TABLE_FORMATS
from coverage_kit.collect.logs.read_report import LogReadReport
from coverage_kit.collect.logs.reader import Reader
from coverage_kit.collect.logs.requests import UNANSWERED, Requests
from coverage_kit.collect.logs.sources import find_files, open_file
from coverage_kit.collect.logs.survey import (
    MAPPED,
    Survey,
    check_columns,
    check_queries,
    chosen_columns,
    map_columns,
    survey_source,
)
from coverage_kit.collect.logs.tabulate import LogTabulator
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from coverage_kit.tables import REJECTS, SOURCES, LogTables

logger = logging.getLogger(__name__)

_NOTES = {one.name: one.note for one in TABLE_FORMATS if one.note}


def read_log(log: LogSettings, must_have_columns: bool = True) -> LogTables:
    """Return the tables of a log's files and folders, whatever their formats, in memory that does not grow with the answers.

    Records of known APIs and exports are recognised by their content or columns, all others by the
    names of their columns, or as `log.columns` says; the choice is in `mapping` and `sources`.
    Records that cannot be read are in `rejects`, and a warning counts them; requests without a
    response are failures. Fields that no column holds are kept in `answers.extra`. Times are UTC.

    Every query is kept with its demand. Of more than `log.max_answers` answers a sample is kept,
    with its citations, spans, mentions and searches: rates in it are rates of the log.
    `share_of_answers_kept` tells the share, `n_answers_read` counts all. An answer outside the
    sample that comes again later in the log counts as asked again. Of failures another sample of as
    many is kept, of rejects the first as many.

    Raises LogError for a file that is missing, empty, broken or without queries, for requests
    alone, and for a column of `log.columns` that no file has, unless `must_have_columns` is False.
    """
    surveys, requests = survey_log(log, must_have_columns)
    with without_cycles():
        return make_tables(read_surveys(surveys, requests, log), log)


@contextmanager
def without_cycles() -> Iterator[None]:
    """Let nothing look for cycles of objects meanwhile: records have none, and there are many."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class LogPart:
    """What one part of a log holds: its records as tables, what was met, and the columns that were chosen.

    `chosen` has the columns of each field, `sources` the rows of the table of sources, `requests`
    those without a response.
    """

    tabulator: LogTabulator
    met: LogReadReport
    requests: Requests
    chosen: dict[str, list[str]] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def join(self, other: "LogPart") -> None:
        """Take the part that follows; the other is used up."""
        self.tabulator.join(other.tabulator)
        self.met.join(other.met)
        self.requests.join(other.requests)
        self.sources += other.sources
        for name, columns in other.chosen.items():
            self.chosen[name] = list(dict.fromkeys([*self.chosen.get(name, ()), *columns]))


def survey_log(log: LogSettings, must_have_columns: bool = True) -> tuple[list[Survey], Requests]:
    """Return what a log's sources hold, found out before they are read, and its lone requests. Raises as `read_log` does."""
    surveys, requests = survey_files(log)
    check_columns(log.columns, surveys, must_have_columns)
    check_queries(surveys)
    return surveys, requests


def survey_files(log: LogSettings) -> tuple[list[Survey], Requests]:
    """Return the same without checking it."""
    requests = Requests()
    surveys = [
        survey_source(source, named, requests)
        for named, path in list_files(log)
        for source in open_file(path)
    ]
    for survey in surveys:
        survey.mapping = map_columns(survey, log.columns)
    return surveys, requests


def list_files(log: LogSettings) -> list[tuple[str, Path]]:
    """Return each file of a log once, after the file or folder of the settings it belongs to."""
    if not log.files:
        raise LogError(
            "log.files",
            "files or folders of logs",
            "none",
            "Name them under [log] files.",
        )
    opened: dict[Path, tuple[str, Path]] = {}
    for name in log.files:
        for path in find_files(name):
            opened.setdefault(path.resolve(), (name, path))
    return list(opened.values())


def read_surveys(surveys: Sequence[Survey], requests: Requests, log: LogSettings) -> LogPart:
    """Return what the surveyed sources hold, in this order."""
    tabulator = LogTabulator(log.max_answers)
    met = LogReadReport(log.max_answers)
    reader = Reader(requests, log.columns, met)
    for survey in surveys:
        tabulator.begin_source()
        for record in reader.records(survey):
            tabulator.add(record)
    return LogPart(
        tabulator,
        met,
        requests,
        chosen_columns(surveys),
        _sources(surveys, met.counts),
    )


def make_tables(whole: LogPart, log: LogSettings) -> LogTables:
    """Return the tables of a whole log; the part is used up. Raises LogError where it holds no records."""
    _add_unanswered(whole)
    whole.met.check(", ".join(log.files))
    tabulator = whole.tabulator
    n_answers = tabulator.answered.n_distinct
    share = tabulator.answered.share
    if share < 1:
        logger.warning(
            "of %d answers a sample is kept, 1 in %d; every query is counted",
            n_answers,
            round(1 / share),
        )
    return LogTables(
        **tabulator.tables(),
        mapping={name: " or ".join(whole.chosen[name]) for name in FIELDS if name in whole.chosen},
        rejects=REJECTS.table(whole.met.rejects),
        sources=SOURCES.table(whole.sources),
        n_answers_read=n_answers,
        share_of_answers_kept=share,
    )


def _add_unanswered(whole: LogPart) -> None:
    """Add a failure for each request whose response was not met. Raises LogError where there is nothing else."""
    failures = list(whole.requests.unanswered())
    met = whole.met
    if failures and not met.counts and not met.n_rejected:
        found = f"{len(failures)} requests without responses"
        raise LogError(
            failures[0][0],
            "responses to the requests",
            found,
            "Add the file of responses to [log] files.",
        )
    if failures:
        logger.warning(
            "%d requests have no response in the log, such as in %s",
            len(failures),
            failures[0][0],
        )
    files: dict[str, int] = {}
    for file, record in failures:
        met.counts[file, UNANSWERED] += 1
        files[file] = files.get(file, 0) + 1
        whole.tabulator.add(record)
    whole.sources += [
        {"file": file, "format": UNANSWERED, "n_records": n, "fields": ""}
        for file, n in files.items()
    ]


def _sources(
    surveys: Sequence[Survey], counts: Mapping[tuple[str, str], int]
) -> list[dict[str, Any]]:
    """Return the rows of the table of sources."""
    known = {one.name: one.fields for one in FORMATS} | {
        one.name: one.fields for one in TABLE_FORMATS
    }
    mapping = {survey.source.where: survey.mapping for survey in surveys}
    rows = []
    for (file, name), n_records in counts.items():
        fields = mapping[file] if name == MAPPED else known[name]
        told = ", ".join(f"{one} = {fields[one]}" for one in FIELDS if one in fields)
        rows.append(
            {
                "file": file,
                "format": name,
                "n_records": n_records,
                "fields": told,
                "note": _NOTES.get(name),
            }
        )
    return rows
