"""What a log's files hold, found out before they are read: formats, columns, prompts of batches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from coverage_kit.collect.logs.api_format import open_exchange
from coverage_kit.collect.logs.columns import (
    FIELDS,
    choose_columns,
    find_column,
)
from coverage_kit.collect.logs.formats import find_format, find_table_format
from coverage_kit.collect.logs.requests import Requests
from coverage_kit.collect.logs.sources import Source
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.errors import LogError

MAPPED = "mapped columns"
_ENOUGH = 1000


@dataclass
class Survey:
    """What is known of a source before it is read.

    `named` is the file or folder of the settings it belongs to, `has_header` whether one header
    names the columns of all its rows, `vendor` whose table it is where the header tells, `formats`
    the fields of each format whose records it holds, `is_partial` that its later records were not
    looked at, and `problem` why it is left out.
    """

    source: Source
    named: str
    has_header: bool
    columns: list[str] = field(default_factory=list)
    vendor: TableFormat | None = None
    formats: dict[str, Mapping[str, str]] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)
    is_partial: bool = False
    problem: str = ""


def survey_source(source: Source, named: str, requests: Requests) -> Survey:
    """Return a source's columns and formats, and add the lone requests it holds to `requests`."""
    header = source.header()
    if header is not None:
        columns = [name for name in dict.fromkeys(header) if name]
        vendor = find_table_format(tuple(columns))
        formats = {vendor.name: vendor.fields} if vendor else {}
        return Survey(
            source,
            named,
            has_header=True,
            columns=columns,
            vendor=vendor,
            formats=formats,
        )
    seen: dict[str, None] = {}
    survey = Survey(source, named, has_header=False)
    n_alike = 0
    for row in source.rows(()):
        exchange = open_exchange(row.values, {})
        if requests.add(row.values, source.where):
            continue
        if vendor := find_table_format(tuple(row.values)):
            survey.formats[vendor.name] = vendor.fields
        elif found := find_format(exchange):
            survey.formats[found.name] = found.fields
            n_alike += bool(exchange.prompt)
        else:
            seen |= dict.fromkeys(row.values)
        if n_alike == row.line == _ENOUGH:
            survey.is_partial = True  # all are requests with their responses: the rest will be told by its own content
            break
    return replace(survey, columns=list(seen))


def map_columns(survey: Survey, by_hand: Mapping[str, str]) -> dict[str, str]:
    """Return field -> column of a source: as set by hand, else as its vendor has them, else by name."""
    chosen = dict(by_hand)
    if survey.vendor:
        chosen = {**survey.vendor.fields, **by_hand}
        return {
            name: found
            for name, one in chosen.items()
            if (found := find_column(survey.columns, (one,)))
        }
    return choose_columns(survey.columns, chosen)


def check_columns(
    by_hand: Mapping[str, str],
    surveys: Sequence[Survey],
    must_be_there: bool = True,
) -> None:
    """Raise LogError for a field set by hand that is unknown, or, where it must be there, whose column no source has.

    A source that was not looked at to its end may have any column.
    """
    may_lack = not must_be_there or any(survey.is_partial for survey in surveys)
    columns = list(dict.fromkeys(column for survey in surveys for column in survey.columns))
    for name, column in by_hand.items():
        if name not in FIELDS:
            raise LogError(
                "log.columns",
                "a known field",
                repr(name),
                f"Fields are: {', '.join(FIELDS)}.",
            )
        if find_column(columns, (column,)) is None and not may_lack:
            found = f"columns {', '.join(map(repr, columns)) or 'none'}"
            raise LogError(
                "log.columns",
                f"a column {column!r} for {name}",
                found,
                "Name one of these.",
            )


def check_queries(surveys: Sequence[Survey]) -> None:
    """Raise LogError for a named file or folder in which nothing has queries; mark what has none beside others."""
    usable = {survey.named for survey in surveys if "query" in survey.mapping or survey.formats}
    for survey in surveys:
        if "query" in survey.mapping or survey.formats or not survey.columns:
            continue
        found = f"columns {', '.join(map(repr, survey.columns))}"
        if survey.named not in usable:
            cure = 'Say which column holds the queries: [log.columns] query = "its name".'
            raise LogError(survey.source.where, "a column with the queries", found, cure)
        survey.problem = f"no column with queries; found {found}"


def chosen_columns(surveys: Iterable[Survey]) -> dict[str, list[str]]:
    """Return the columns that were chosen for each field over all sources, each once."""
    chosen: dict[str, dict[str, None]] = {}
    for survey in surveys:
        known = [] if survey.vendor else list(survey.formats.values())
        for mapping in (*known, *([] if survey.problem else [survey.mapping])):
            for name, column in mapping.items():
                chosen.setdefault(name, {})[column] = None
    return {name: list(columns) for name, columns in chosen.items()}
