"""Surveys of a log's sources, made before they are read: formats, columns, prompts of batches."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from coverage_kit.collect.logs.api_format import open_exchange
from coverage_kit.collect.logs.columns import (
    FIELDS,
    choose_columns,
    find_column,
)
from coverage_kit.collect.logs.formats import find_format, find_table_format
from coverage_kit.collect.logs.guesses import Guesses, describe_candidates, guess_columns
from coverage_kit.collect.logs.lines import Row, Source
from coverage_kit.collect.logs.requests import Requests
from coverage_kit.collect.logs.search_headers import HEADERS
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.times import is_ambiguous
from coverage_kit.collect.logs.values import shown_value
from coverage_kit.errors import LogError

logger = logging.getLogger(__name__)

MAPPED = "mapped columns"
# A table with such a column is an export of web analytics.
_SESSIONS = ("sessions", "engaged sessions", "active users")
# A message names so many columns (assumed: a table of a log has fewer).
_MAX_SHOWN_COLUMNS = 60
# Where the first records are all requests with their responses, only this many are surveyed. That
# saves a second pass over the large logs of an API, and is assumed to be enough.
_MAX_UNIFORM_RECORDS = 1000


@dataclass
class Survey:
    """What is known of a source before it is read.

    `setting` is the file or folder in the settings that it belongs to. `has_header` says whether a
    header names the columns of all its rows, `vendor` whose table it is if the header shows that.
    `formats` has the fields of each format whose records it holds. `is_partial` says that its later
    records were not surveyed, and `problem` why the source is left out. `mapping` has the chosen
    columns by field, of which `guesses` were chosen by their content.
    """

    source: Source
    setting: str
    has_header: bool
    columns: list[str] = field(default_factory=list)
    vendor: TableFormat | None = None
    formats: dict[str, Mapping[str, str]] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)
    is_partial: bool = False
    problem: str = ""
    guesses: Guesses = field(default_factory=Guesses)


def survey_source(source: Source, setting: str, requests: Requests) -> Survey:
    """Return a source's columns and formats, and add its lone requests to `requests`."""
    header = source.header()
    if header is not None:
        columns = [name for name in dict.fromkeys(header) if name]
        vendor = find_table_format(tuple(columns))
        formats = {vendor.name: vendor.fields} if vendor else {}
        if vendor and vendor.note_step:
            for row in source.rows(columns):
                _note_step(vendor, row, requests)
        return Survey(
            source,
            setting,
            has_header=True,
            columns=columns,
            vendor=vendor,
            formats=formats,
        )
    column_names: dict[str, None] = {}
    survey = Survey(source, setting, has_header=False)
    n_uniform = 0
    for row in source.rows(()):
        try:
            n_uniform += _survey_row(row, survey, requests, column_names)
        except Exception:  # the reader, which comes later, reports the record
            column_names |= dict.fromkeys(row.values)
        # Every row so far is uniform, because their number is the number of this row.
        if n_uniform == row.line == _MAX_UNIFORM_RECORDS:
            # The content of each later record shows its format when the record is read.
            survey.is_partial = True
            break
    # Sorted, so that the order of the records does not choose among columns of similar names.
    return replace(survey, columns=sorted(column_names))


def _survey_row(
    row: Row, survey: Survey, requests: Requests, column_names: dict[str, None]
) -> bool:
    """Add to a survey what a record shows, and return whether it is a request with a response."""
    if requests.add(row.values, survey.source.location):
        return False
    if vendor := find_table_format(tuple(row.values)):
        survey.formats[vendor.name] = vendor.fields
        _note_step(vendor, row, requests)
        return False
    exchange = open_exchange(row.values, {})
    if log_format := find_format(exchange):
        survey.formats[log_format.name] = log_format.fields
        return bool(exchange.prompt)
    column_names |= dict.fromkeys(row.values)
    return False


def _note_step(vendor: TableFormat, row: Row, requests: Requests) -> None:
    if vendor.note_step and not row.problem:
        try:
            vendor.note_step(row.values, requests.traces)
        except Exception as error:  # the reader, which comes later, rejects it
            logger.debug("%s, row %d: %r", vendor.name, row.line, error)


def map_columns(survey: Survey, by_hand: Mapping[str, str]) -> None:
    """Choose the column of each field of a source.

    The columns of the settings come first, then those of the vendor, then those with known names,
    then those whose content shows what they hold.
    """
    if survey.vendor:
        chosen = {**survey.vendor.fields, **by_hand}
        survey.mapping = {
            field_name: column
            for field_name, name in chosen.items()
            if (column := find_column(survey.columns, (name,)))
        }
        if column := survey.mapping.get("asked_at"):
            cells = (row.values.get(column) for row in survey.source.rows([column]))
            if is_ambiguous(cells):
                survey.guesses.notes.append(
                    f"Dates of column “{column}” can be read in two ways. They are read with the "
                    "month first. Write them as 2026-03-04 where that is wrong."
                )
        return
    named = choose_columns(survey.columns, by_hand)
    # Records of an API beside others hold no table.
    if not survey.formats:
        survey.guesses = guess_columns(survey.source.rows, survey.columns, named, by_hand)
    chosen = {**named, **survey.guesses.columns}
    # A guess without a column says that the column of that name does not hold the field.
    survey.mapping = {name: chosen[name] for name in FIELDS if chosen.get(name)}


def _hint_renamed(name: str) -> str:
    """Return what a field of an earlier version is called now; '' for other names."""
    return f"It is now called has_{name}. " if f"has_{name}" in FIELDS else ""


def check_columns(
    by_hand: Mapping[str, str],
    surveys: Sequence[Survey],
    must_have_columns: bool = True,
) -> None:
    """Raise LogError for a field in the settings that is unknown or whose column no source has.

    A missing column is no error if `must_have_columns` is False, or if a source was not surveyed to
    its end, because such a source may have any column.
    """
    may_lack = not must_have_columns or any(survey.is_partial for survey in surveys)
    columns = list(dict.fromkeys(column for survey in surveys for column in survey.columns))
    for name, column in by_hand.items():
        if name not in FIELDS:
            raise LogError(
                "log.columns",
                "a known field",
                repr(name),
                f"{_hint_renamed(name)}Fields are: {', '.join(FIELDS)}.",
            )
        if column and find_column(columns, (column,)) is None and not may_lack:
            formats = ", ".join(dict.fromkeys(name for one in surveys for name in one.formats))
            cure = (
                "Name one of these."
                if columns
                else f"Leave it out: the fields of {formats or 'this log'} are known."
            )
            what = f"a column {column!r} for {name}"
            raise LogError("log.columns", what, _shown_columns(columns), cure)


def check_queries(surveys: Sequence[Survey]) -> None:
    """Raise LogError for a file or folder of the settings in which no source has queries.

    A source without queries gets a problem if other sources of its folder have queries. So does a
    source whose queries are a guess, if the others' are not: it may be another kind of table.
    """
    usable = {survey.setting for survey in surveys if "query" in survey.mapping or survey.formats}
    sure = {survey.setting for survey in surveys if _has_named_queries(survey)}
    for survey in surveys:
        is_guess = "query" in survey.guesses.columns and survey.setting not in sure
        if is_guess or _has_named_queries(survey) or not survey.columns:
            continue
        columns = _shown_columns(survey.columns)
        if survey.setting not in usable:
            candidates = survey.guesses.candidates
            likely = f". Likely: {describe_candidates(candidates)}" if candidates else ""
            name = next(iter(candidates), "its name")
            cure = (
                _other_table(survey.columns)
                or f'Say which column holds the questions: [log.columns] query = "{name}"'
            )
            what = "a column with the questions"
            raise LogError(survey.source.location, what, f"{columns}{likely}", cure)
        survey.problem = f"no column with questions; found {columns}"


def _other_table(columns: Sequence[str]) -> str:
    """Return what to do with a table of visits or pages, which holds no questions; else ''."""
    names = set(columns)
    if any(names & set(clicks) and names & set(shown) for _, _, clicks, shown in HEADERS.values()):
        return "This is another table of Search Console: export Queries.csv, and name that."
    if find_column(columns, _SESSIONS):
        return "This shows visits, and no questions: name it under [analytics] sessions."
    return ""


def _has_named_queries(survey: Survey) -> bool:
    """Return whether a format, the settings or a column's name show a source's queries."""
    is_named = "query" in survey.mapping and "query" not in survey.guesses.columns
    return is_named or bool(survey.formats)


def _shown_columns(columns: Sequence[str]) -> str:
    """Return the names of columns for a message: what is no table may have any number of them."""
    names = ", ".join(map(shown_value, columns[:_MAX_SHOWN_COLUMNS]))
    n_further = len(columns) - _MAX_SHOWN_COLUMNS
    further = f" and {n_further} more" if n_further > 0 else ""
    return f"columns {names or 'none'}{further}"


def chosen_columns(surveys: Iterable[Survey]) -> dict[str, list[str]]:
    """Return the columns that were chosen for each field over all sources, each column once."""
    chosen: dict[str, dict[str, None]] = {}
    for survey in surveys:
        mappings = [] if survey.vendor else list(survey.formats.values())
        if not survey.problem:
            mappings.append(survey.mapping)
        for mapping in mappings:
            for name, column in mapping.items():
                chosen.setdefault(name, {})[column] = None
    return {name: list(columns) for name, columns in chosen.items()}
