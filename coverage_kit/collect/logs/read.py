"""read_log: from files of logs to tables."""

import gc
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs import search_console
from coverage_kit.collect.logs.columns import FIELDS
from coverage_kit.collect.logs.doubts import (
    check_doubts,
    collect_doubts,
    doubt_left_out,
    doubt_mixed,
    doubt_rejects,
    doubt_unanswered,
    list_doubts,
)
from coverage_kit.collect.logs.formats import FORMATS, TABLE_FORMATS
from coverage_kit.collect.logs.joined_source import join_rows
from coverage_kit.collect.logs.passed_over import (
    count_passed_over,
    cure_endings,
    describe_endings,
    doubt_endings,
)
from coverage_kit.collect.logs.read_report import LogReadReport
from coverage_kit.collect.logs.reader import Reader
from coverage_kit.collect.logs.requests import ANSWERED, LONE_REQUEST, UNANSWERED, Requests
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

# The formats of tables that are left out, of files of which no record can be read, and of files of
# other endings.
LEFT_OUT = "left out"
NOT_READ = "not read"
PASSED_OVER = "passed over"
_FIELDS_OF: dict[str, Mapping[str, str]] = {
    **{log_format.name: log_format.fields for log_format in FORMATS},
    **{vendor.name: vendor.fields for vendor in TABLE_FORMATS},
}
_NOTES = {vendor.name: vendor.note for vendor in TABLE_FORMATS if vendor.note}


def read_log(log: LogSettings, must_have_columns: bool = True) -> LogTables:
    """Return the tables of a log's files and folders, whatever their formats.

    The memory that it takes does not grow with the number of answers. Records of known APIs and
    exports are recognised by their content or columns. All other records are mapped by the names of
    their columns, or as `log.columns` says; the choice is in `mapping` and `sources`. Every record
    is read, merged with another, set aside because it is no question by itself, or rejected:
    `sources` counts the first three, `rejects` has the last with reasons, and a warning counts
    them. A file that grows is read as far as it went when it was opened. Requests without a
    response are failures. Fields that no column holds are in `answers.extra`. Times are UTC.

    Every query is in the tables with its demand. Of more than `log.max_answers` answers the tables
    have a sample, with its citations, spans, mentions and searches: rates in the sample are rates
    of the log. `share_of_answers_kept` is the sample's share, `n_answers_read` counts all answers.
    An answer outside the sample that comes again later in the log counts as asked again. Failures
    have a sample of the same size, and of rejects the first as many are in the table.

    Raises LogError for a file that is missing, empty, broken or without queries, for requests
    without any response, and for a column of `log.columns` that no file has, unless
    `must_have_columns` is False. With `log.strict` it raises one that lists the doubts, too.
    """
    surveys, requests = survey_log(log, must_have_columns)
    with without_cycles():
        return make_tables(read_surveys(surveys, requests, log), log)


@contextmanager
def without_cycles() -> Iterator[None]:
    """Pause the garbage collector's search for cycles of objects.

    Records have no cycles, and there are so many records that the search would take long.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class LogPart:
    """The content of a part of a log.

    `tabulator` has the records as tables, `report` counts what was read, `requests` has the lone
    requests, `chosen` the columns of each field, and `sources` the rows of the table of sources.
    """

    tabulator: LogTabulator
    report: LogReadReport
    requests: Requests
    chosen: dict[str, list[str]] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def join(self, other: "LogPart") -> None:
        """Add the part that follows, which is used up."""
        self.tabulator.join(other.tabulator)
        self.report.join(other.report)
        self.requests.join(other.requests)
        self.sources += other.sources
        for name, columns in other.chosen.items():
            self.chosen[name] = list(dict.fromkeys([*self.chosen.get(name, ()), *columns]))


def survey_log(log: LogSettings, must_have_columns: bool = True) -> tuple[list[Survey], Requests]:
    """Return a survey of each source of a log, and the log's lone requests.

    Raises LogError as `read_log` does.
    """
    surveys, requests = survey_files(log)
    check_columns(log.columns, surveys, must_have_columns)
    check_queries(surveys)
    return surveys, requests


def survey_files(log: LogSettings) -> tuple[list[Survey], Requests]:
    """Return the surveys and lone requests of `survey_log` without its checks."""
    requests = Requests()
    surveys = [
        survey_source(source, setting, requests)
        for setting, path in list_files(log)
        for source in map(join_rows, open_file(path))
    ]
    for survey in surveys:
        map_columns(survey, log.columns)
    return surveys, requests


def list_files(log: LogSettings) -> list[tuple[str, Path]]:
    """Return (setting, path) for each file of a log once, sorted by path.

    The setting names the file or its folder. In which order the settings name them is not a fact of
    the log, so it decides nothing.
    """
    if not log.files:
        raise LogError(
            "log.files",
            "files or folders of logs",
            "none",
            "Name them with [log] files.",
        )
    files: dict[Path, tuple[str, Path]] = {}
    for setting in log.files:
        for path in _find_files(setting):
            files.setdefault(path.resolve(), (setting, path))
    return sorted(files.values(), key=lambda file: str(file[1]))


def _find_files(setting: str) -> list[Path]:
    """Return the files of a setting. The error for a folder without logs says what it holds."""
    try:
        return find_files(setting)
    except LogError as error:
        counts = count_passed_over(Path(setting))
        if not counts:
            raise
        found = describe_endings(counts).removesuffix(".")
        cure = cure_endings(counts) or error.cure
        raise LogError(error.where, error.what, found, cure) from None


def read_surveys(surveys: Sequence[Survey], requests: Requests, log: LogSettings) -> LogPart:
    """Return the content of the surveyed sources, read in this order."""
    tabulator = LogTabulator(log.max_answers)
    report = LogReadReport(log.max_answers)
    reader = Reader(requests, log.columns, report)
    for survey in surveys:
        tabulator.begin_source()
        for record in reader.records(survey):
            tabulator.add(record)
    return LogPart(
        tabulator=tabulator,
        report=report,
        requests=requests,
        chosen=chosen_columns(surveys),
        sources=_sources(surveys, report),
    )


def make_tables(part: LogPart, log: LogSettings) -> LogTables:
    """Return the tables of a part that holds the content of the log; the part is used up.

    Raises LogError where it holds no records.
    """
    _add_unanswered(part)
    location = ", ".join(log.files)
    part.report.check(location, [row["format"] for row in part.sources if not row["n_records"]])
    _add_account(part, log)
    part.sources += _list_passed_over(log)
    if log.strict:
        check_doubts(location, collect_doubts(part.sources))
    tabulator = part.tabulator
    n_answers = tabulator.answered.n_distinct
    share = tabulator.answered.share
    if share < 1:
        logger.warning(
            "the tables have a sample of 1 in %d of %d answers; every query is counted",
            round(1 / share),
            n_answers,
        )
    return LogTables(
        **tabulator.tables(),
        mapping={name: " or ".join(part.chosen[name]) for name in FIELDS if name in part.chosen},
        rejects=REJECTS.table(part.report.rejects),
        sources=SOURCES.table(part.sources),
        n_answers_read=n_answers,
        share_of_answers_kept=share,
    )


def _add_unanswered(part: LogPart) -> None:
    """Add a failure for each request without a response.

    Raises LogError where the log holds nothing else.
    """
    failures = list(part.requests.unanswered())
    report = part.report
    if failures and not report.counts and not report.n_rejected:
        raise LogError(
            failures[0][0],
            "responses to the requests",
            f"{len(failures)} requests without responses",
            "Add the file of responses to [log] files.",
        )
    if failures:
        logger.warning(
            "%d requests have no response in the log, such as in %s",
            len(failures),
            failures[0][0],
        )
    n_by_file: dict[str, int] = {}
    for file, record in failures:
        # The request was merged, because its response could have been in another file.
        report.merged[file, ANSWERED] -= 1
        report.kinds[file, ANSWERED][LONE_REQUEST.kind] -= 1
        report.counts[file, UNANSWERED] += 1
        n_by_file[file] = n_by_file.get(file, 0) + 1
        part.tabulator.add(record)
    part.sources = [
        row
        for row in part.sources
        if row["format"] != ANSWERED or report.merged[row["file"], ANSWERED]
    ]
    for row in part.sources:
        if row["format"] == ANSWERED:
            row["n_merged"] = report.merged[row["file"], ANSWERED]
    part.sources += [
        {
            "file": file,
            "format": UNANSWERED,
            "n_records": n,
            "n_merged": 0,
            "n_aside": 0,
            "fields": "",
        }
        for file, n in n_by_file.items()
    ]


def _add_account(part: LogPart, log: LogSettings) -> None:
    """Add the account of the rejects and of what may have been read wrongly to the sources' rows.

    The doubts about a file's columns are there already.
    """
    report = part.report
    reasons: dict[str, str] = {}
    for reject in report.rejects:
        reasons.setdefault(reject["file"], reject["reason"])
    n_rejected = dict(report.rejected)
    known: dict[str, set[str]] = {}
    for (file, format_name), n in report.counts.items():
        if n and format_name in _FIELDS_OF:
            known.setdefault(file, set()).add(format_name)
    exports = {
        Path(row["file"]).parent
        for row in part.sources
        if row["format"] in {vendor.name for vendor in search_console.FORMATS}
    }
    for row in part.sources:
        file, format_name = row["file"], row["format"]
        # The other tables of an export of Search Console hold no queries.
        is_left_out = format_name == LEFT_OUT
        is_beside = is_left_out and Path(file).parent in exports
        noted = "" if is_beside else row.get("doubts") or ""
        doubts = [noted]
        if format_name == UNANSWERED:
            n_requests = row["n_records"] + report.merged[file, ANSWERED]
            doubts.append(doubt_unanswered(row["n_records"], n_requests))
        if tally := report.tallies.get((file, format_name)):
            is_mapped = format_name == MAPPED
            fields = tally.fields if is_mapped else _FIELDS_OF.get(format_name, {})
            doubts += list_doubts(tally, fields, log.columns, is_mapped, noted)
            if is_mapped:
                doubts.append(doubt_mixed(tally, known.get(file, ())))
        # Rejects are those of a file, and count in its first row.
        row["n_rejected"] = n_rejected.pop(file, 0)
        if not is_left_out:
            reason = reasons.get(file, "")
            doubts.append(doubt_rejects(row["n_rejected"], report.seen[file], reason))
        row["doubts"] = "\n".join(filter(None, doubts)) or None
        kinds = report.kinds.get((file, format_name), Counter())
        row["left_out"] = ", ".join(f"{n:,} x {kind}" for kind, n in kinds.most_common() if n)


def _list_passed_over(log: LogSettings) -> Iterator[dict[str, Any]]:
    """Yield a row of the sources for each folder with files that are not read by their ending."""
    for folder in dict.fromkeys(log.files):
        if counts := count_passed_over(Path(folder)):
            numbers = dict.fromkeys(("n_records", "n_merged", "n_aside", "n_rejected"), 0)
            yield {
                "file": folder,
                "format": PASSED_OVER,
                **numbers,
                "fields": "",
                "note": describe_endings(counts),
                "doubts": doubt_endings(counts) or None,
            }


def _sources(surveys: Sequence[Survey], report: LogReadReport) -> list[dict[str, Any]]:
    """Return the rows of the table of sources."""
    surveyed = {survey.source.location: survey for survey in surveys}
    rows = []
    ranks = {file: rank for rank, file in enumerate(report.seen)}
    names = dict.fromkeys([*report.counts, *report.merged, *report.aside])
    read = {file for file, _ in names}
    names |= {
        (file, LEFT_OUT if surveyed[file].problem else NOT_READ): None
        for file in report.rejected
        if file not in read
    }
    # A header alone says something, too: Bing's, that the site was cited for no search.
    names |= {
        (file, survey.vendor.name): None
        for file, survey in surveyed.items()
        if survey.vendor and file not in ranks
    }
    for file, format_name in sorted(names, key=lambda name: ranks.get(name[0], len(ranks))):
        survey = surveyed[file]
        # The format as it fits the table's header says more than the format in general.
        fitted = survey.vendor if survey.vendor and survey.vendor.name == format_name else None
        is_table = format_name == MAPPED or fitted
        columns = survey.mapping if is_table else _FIELDS_OF.get(format_name, {})
        is_surveyed = format_name in (MAPPED, survey.vendor.name if survey.vendor else MAPPED)
        doubts = survey.guesses.notes if is_surveyed else []
        if survey.problem:
            doubts = [doubt_left_out(survey.problem, len(survey.columns))]
        rows.append(
            {
                "file": file,
                "format": format_name,
                "n_records": report.counts[file, format_name],
                "n_merged": report.merged[file, format_name],
                "n_aside": report.aside[file, format_name],
                "fields": ", ".join(
                    f"{field_name} = {columns[field_name]}"
                    for field_name in FIELDS
                    if field_name in columns
                ),
                "note": (fitted.note or None) if fitted else _NOTES.get(format_name),
                "doubts": "\n".join(filter(None, doubts)) or None,
            }
        )
    return rows
