"""Read exports of GA4 as visits.

An export is a table of GA4's interface, an answer of its API, or a list of events from BigQuery.
"""

import io
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.csv_rows import CsvFile, find_delimiter, read_records
from coverage_kit.collect.logs.json_rows import MAX_JSON_BYTES, read_json
from coverage_kit.collect.logs.lines import Row, too_long
from coverage_kit.collect.logs.sources import find_files, open_file, unpack_logs
from coverage_kit.collect.logs.steady import SteadyFile, reading, shown
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.collect.logs.values import label_of, shown_value
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.collect.visit_columns import (
    VisitColumns,
    find_sessions,
    find_visit_columns,
    is_total,
)
from coverage_kit.collect.visit_pivots import Pivot, find_pivot
from coverage_kit.collect.visits_once import (
    ExportTable,
    choose_tables,
    find_repeats,
    find_subtotals,
)
from coverage_kit.errors import LogError
from coverage_kit.tables import REJECTS, SESSIONS, Rejects, Sessions, checked

logger = logging.getLogger(__name__)

# The fields that say where a visit came from, where it landed and when.
_DIMENSIONS = (
    "source_medium",
    "source",
    "medium",
    "channel",
    "landing_page",
    "day",
)
# Fields that are whole numbers: three digits after a sign are thousands there.
_COUNTS = ("n_sessions", "n_engaged")
# All fields that are numbers. Key events and revenue may have decimals, so they are no counts.
_METRICS = (*_COUNTS, "n_key_events", "revenue")
# The name under which a row keeps the cells beyond its header.
_EXTRA_CELLS = ""
# The name under which a row of a cross table keeps the number of its value above the columns.
_PLACE = " place"
# The name under which an event keeps the id of its visit.
_VISIT = " visit"
# Fields of a BigQuery event that name the source of a visit, in order of preference, each with the
# field in the same record that names the medium.
_ORIGINS = (
    (
        "session_traffic_source_last_click.cross_channel_campaign.source",
        "medium",
    ),
    ("session_traffic_source_last_click.manual_campaign.source", "medium"),
    ("collected_traffic_source.manual_source", "manual_medium"),
    ("event_params.source", "medium"),
    ("traffic_source.source", "medium"),
)
# A comment line of the interface's CSV, such as "# Start date: 20250101" or "#----", but no cell
# such as "#tea".
_COMMENT = re.compile(r"#([\s\-,;]|$)")
# A day in a comment, such as "# Start date: 20250101".
_DAY = re.compile(r"(?<!\d)20\d\d-?[01]\d-?[0-3]\d(?!\d)")
# What a line without cells may hold, the end of the line included.
_BLANK = ' \t\r\n,;"'


@checked
def read_sessions(files: Sequence[str]) -> tuple[Sessions, Rejects]:
    """Return the visits in GA4 exports, one row for each exported row, and the rejected rows.

    It reads CSV files of the interface (with comment lines, several tables in one file, sources
    above the columns, grand totals, in seven languages), answers of the API's runReport as JSON
    (one a file or one a line), tables with the same columns (CSV, JSON Lines, Parquet, xlsx) and
    events of the BigQuery export, where each `session_start` is one visit. Totals are among the
    rejects.

    A visit counts once (`choose_tables`, `find_repeats`): of several tables of the same visits one
    counts, of a visit's events the first, of compared periods the latest. What is left out is among
    the rejects, and a warning says so. Two files of the same visits count twice, unless they hold
    the same rows: pass one export for each period.

    Args:
        files: files, or folders of files.

    Raises LogError for a file that is missing, broken, has no table with sources and sessions, or
    counts visits several times in a way that cannot be undone.
    """
    rows = list[dict[str, Any]]()
    rejects = list[dict[str, Any]]()
    seen: dict[str, str] = {}
    days: dict[str, tuple[str, str]] = {}
    for path in (file for _, members in open_exports(files) for file in members):
        file = shown(path)
        tables = read_tables(path)
        usable = [table for table in tables if table.columns.is_usable]
        if not usable:
            raise _no_sessions_error(path, tables)
        chosen, left_out = choose_tables(file, usable)
        rejects += [{"file": file, **reject} for reject in left_out]
        for table in chosen:
            texts = [list(map(text_of, (*row.values, *row.values.values()))) for row in table.rows]
            content = repr((table.days, texts))
            if content in seen:
                reason = f"these {len(table.rows)} rows are those of {seen[content]}"
                logger.warning("%s: %s, so they are left out", file, reason)
                rejects.append({"file": file, "line": table.rows[0].line, "reason": reason})
                continue
            seen[content] = file
            _warn_of_overlap(file, table, days)
            for record in _read_table(table.rows, table.columns, file):
                target = rejects if "reason" in record else rows
                target.append({"file": file, **record})
    return SESSIONS.table(rows), REJECTS.table(_by_line(rejects))


def _by_line(rejects: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one reject for each line: the values of a line in a cross table share theirs."""
    return list(
        {(reject["file"], reject["line"]): reject for reject in reversed(rejects)}.values()
    )[::-1]


def _warn_of_overlap(file: str, table: ExportTable, days: dict[str, tuple[str, str]]) -> None:
    """Warn of an earlier file with some of a table's days, and add the table's days to `days`."""
    if not table.days:
        return
    first, last = table.days
    other = next(
        (
            name
            for name, (start, end) in days.items()
            if name != file and start <= last >= first <= end
        ),
        None,
    )
    if other:
        logger.warning(
            "%s and %s have days in common: visits that are in both files count twice. Pass one "
            "export for each period",
            other,
            file,
        )
    start, end = days.get(file, table.days)
    days[file] = (min(start, first), max(end, last))


def find_exports(names: Sequence[str]) -> list[Path]:
    """Return the files that these names of files and folders stand for, each once.

    Raises LogError for a file or folder that is missing.
    """
    try:
        paths = [path for name in names for path in find_files(name)]
    except LogError as error:
        raise LogError(
            error.where,
            error.what,
            error.found,
            "Correct the path under [analytics].",
        ) from None
    # A file that is named twice, by itself and by its folder, is read once.
    return list({path.resolve(): path for path in paths}.values())


def open_exports(names: Sequence[str]) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each export with its files: those that it holds where it is packed, else itself.

    An unpacked file is there until the next export is asked for. Messages call it by its name in
    the packed file. Raises LogError for a file or folder that is missing, and for a packed file
    that cannot be unpacked.
    """
    for path in find_exports(names):
        with reading(shown(path)):
            unpacked = unpack_logs(path)
        files = unpacked.files if unpacked else [path]
        # Exports have empty tables for what was not filtered.
        yield path, [file for file in files if file.stat().st_size] or files


def read_tables(path: Path) -> list[ExportTable]:
    """Return the tables of a file: blocks of a CSV, sheets, and the answers of an API.

    The API's answers with the same headers make up one table. The rows of a CSV have their line in
    the file; other rows are counted from 1. Raises LogError for a file that is empty or broken.
    """
    sources = open_file(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        with reading(shown(path)):
            return list(_csv_tables(CsvFile(path)))
    if answers := _answers(path):
        return [ExportTable(rows) for rows in _by_headers(answers)]
    tables = list[ExportTable]()
    for source in sources:
        records = list(source.rows(source.header() or ()))
        parts = (
            _by_headers(records)
            if all(_is_answer(row.values) for row in records)
            else [_numbered(records)]
        )
        tables += [ExportTable(rows) for rows in parts]
    return tables


def _by_headers(answers: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of the API's answers, those with the same headers together."""
    by_headers: dict[tuple[str, ...], list[Row]] = {}
    for answer in answers:
        names = [text_of(name) for name in _entries(answer.values, "Headers", "name")]
        by_headers.setdefault(tuple(names), []).append(answer)
    return [_numbered(group) for group in by_headers.values()]


def _numbered(records: Sequence[Row]) -> list[Row]:
    """Return the rows of records, counted from 1."""
    rows = [row for record in records for row in _record_rows(record)]
    return [
        Row(line, values, problem)
        for line, (values, problem) in enumerate(rows, 1)
        if values is not None
    ]


def _record_rows(record: Row) -> list[tuple[dict[str, Any] | None, str]]:
    """Return the rows of a record with their problems: one row where the record is too odd."""
    try:
        return [(values, record.problem) for values in _rows_of(record.values)]
    except Exception as error:  # a record is data: the others are read, whatever it holds
        return [({}, f"the record cannot be read ({type(error).__name__}: {error})"[:300])]


def _csv_tables(source: CsvFile) -> Iterator[ExportTable]:
    """Yield the tables of a CSV: blocks of lines between comments or blank lines, headers first."""
    block: list[tuple[int, str]] = []
    comments: list[str] = []
    table = ExportTable([])
    n_quotes = 0
    for number, line in enumerate((*source.text_lines(), ""), 1):
        if line is None:
            raise LogError(source.location, "lines of an export", too_long(), "Export it again.")
        text = line.removeprefix("\ufeff")
        # Within an open quotation every line belongs to a cell, whatever it looks like.
        if line and (n_quotes % 2 or _has_cells(text)):
            block.append((number, text))
            n_quotes += text.count('"')
            continue
        if block:
            # A line of hyphens opens a report; the tables of one report have only their days.
            is_report = any("----" in comment for comment in comments)
            days = _days_of(comments) or (None if is_report else table.days)
            rows = _csv_table(block, source.location)
            table = ExportTable(rows, days, table.report + is_report)
            yield table
            block = []
            comments = []
            n_quotes = 0
        comments.append(text)


def _days_of(comments: Sequence[str]) -> tuple[str, str] | None:
    """Return the first and last day that comments name, or None where they name none."""
    days = [re.sub(r"\D", "", day) for text in comments for day in _DAY.findall(text)]
    return (min(days), max(days)) if days else None


def _has_cells(line: str) -> bool:
    """Return whether a line is neither blank nor a comment; a single quote opens a cell."""
    return not _COMMENT.match(line) and bool(line.strip(_BLANK) or line.count('"') % 2)


def _csv_table(block: Sequence[tuple[int, str]], file: str) -> list[Row]:
    texts = [text for _, text in block]
    records = read_records(io.StringIO("".join(texts), newline=""), find_delimiter(texts[0]))
    _, names, _ = next(records, (1, "", True))
    header = [] if isinstance(names, str) else [name.strip() for name in names]
    rows = list[Row]()
    pivot: Pivot | None = None
    for number, fields, is_whole in records:
        # A quoted cell may span lines, and comments between them are not in the block.
        line = block[min(number, len(block)) - 1][0]
        if isinstance(fields, str):
            rows.append(Row(line, {}, fields))
        elif not rows and pivot is None and (pivot := find_pivot(header, fields)):
            continue
        elif pivot:
            rows += [
                Row(line, {**values, _PLACE: place})
                for place, values in enumerate(pivot.rows_of(fields))
            ]
        elif not is_whole and len(fields) < len(header):
            rows.append(Row(line, {}, "the file breaks off in this row"))
        else:
            values = {
                **dict(zip(header, fields, strict=False)),
                _EXTRA_CELLS: " ".join(fields[len(header) :]).strip(),
            }
            rows += [Row(line, record) for record in _rows_of(values) if record is not None]
    repeated = find_sessions(header)
    if pivot is None and repeated and header.count(repeated) > 1:
        raise LogError(
            file,
            "visits of one period",
            f"the column {shown_value(repeated)} {header.count(repeated)} times",
            "Export one date range, and no comparison.",
        )
    return rows


def _answers(path: Path) -> list[Row]:
    """Return the API's answers in a JSON file: a single answer, a list of answers or a batch.

    The list is empty where the file is no JSON or holds anything else.
    """
    if path.suffix.lower() != ".json":
        return []
    try:
        file = SteadyFile(path)
        content = read_json(file) if file.n_bytes <= MAX_JSON_BYTES else None
    except (ValueError, RecursionError, OSError):
        # The reader of records, which comes next, reports what is wrong with the file.
        return []
    reports = content.get("reports", [content]) if isinstance(content, dict) else content
    if not isinstance(reports, list) or not all(
        isinstance(report, dict) and _is_answer(report) for report in reports
    ):
        return []
    return [Row(number, report) for number, report in enumerate(reports, 1)]


def _is_answer(values: Mapping[str, Any]) -> bool:
    return (
        isinstance(values.get("rows"), list)
        or "metricHeaders" in values
        or "metric_headers" in values
    )


def _rows_of(values: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    """Yield the rows of an API's answer by its headers' names, or else the record itself, flat.

    An event that starts no session becomes None.
    """
    if not _is_answer(values):
        flat = _flat(values)
        # Counts by event and source are a table, and no list of events.
        is_event = "event_name" in values and not find_visit_columns(tuple(flat)).is_usable
        yield _event(flat) if is_event else flat
        return
    names = [text_of(name) for name in _entries(values, "Headers", "name")]
    rows = values.get("rows")
    for entry in rows if isinstance(rows, list) else []:
        row = entry if isinstance(entry, dict) else {}
        yield dict(zip(names, _entries(row, "Values", "value"), strict=False)) if names else row


def _entries(values: Mapping[str, Any], suffix: str, key: str) -> list[Any]:
    """Return the header names of an answer or the cells of a row: dimensions first, then metrics.

    The lists are written as dimensionHeaders or dimension_headers; their entries are records with
    this key, or plain values.
    """
    fields = ("dimension", "metric")
    lists = [
        values.get(field + suffix) or values.get(f"{field}_{suffix.lower()}") for field in fields
    ]
    entries = [entry for entries in lists if isinstance(entries, list) for entry in entries]
    return [entry.get(key) if isinstance(entry, dict) else entry for entry in entries]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested records under dotted names, and an event's parameters by their own names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name == "event_params":
            flat |= {
                f"{name}.{parameter.get('key')}": _parameter(parameter.get("value"))
                for parameter in _dicts(value)
            }
        elif isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return the records in a list, which may be written as JSON."""
    try:
        records = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return []
    return (
        [record for record in records if isinstance(record, dict)]
        if isinstance(records, list)
        else []
    )


def _parameter(value: Any) -> Any:
    return (
        next((typed_value for typed_value in value.values() if typed_value is not None), None)
        if isinstance(value, dict)
        else value
    )


def _event(flat: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an event that starts a session as one visit, or None for any other event.

    The visit's source is that of the session, or else that of the user.
    """
    if flat.get("event_name") != "session_start":
        return None
    origin = next(
        (
            (source_field, medium_name)
            for source_field, medium_name in _ORIGINS
            if label_of(flat.get(source_field))
        ),
        None,
    )
    if origin:
        source_field, medium_name = origin
        source = flat[source_field]
        medium = flat.get(f"{source_field.rsplit('.', 1)[0]}.{medium_name}")
    else:
        source = "(direct)"
        medium = "(none)"
    return {
        "source": source,
        "medium": medium,
        "sessions": flat.get("event_count", 1),
        _VISIT: _visit_id(flat),
        "landing page": flat.get("event_params.page_location", flat.get("page_location")),
        "date": flat.get("event_date"),
    }


def _visit_id(flat: Mapping[str, Any]) -> str:
    """Return the id of an event's visit, empty where the export does not have it."""
    ids = (flat.get("user_pseudo_id"), flat.get("event_params.ga_session_id"))
    return " ".join(map(text_of, ids)) if all(map(label_of, ids)) else ""


def _read_table(table: Sequence[Row], columns: VisitColumns, file: str) -> list[dict[str, Any]]:
    """Return the rows of a table as sessions, each with its line.

    A row that cannot be read, or shows visits of other rows again, has a `reason` instead. Raises
    LogError for rows that show visits several times in a way that cannot be undone.
    """
    repeats = find_repeats(file, table, columns)
    cells = [
        {
            field: row.values[name]
            for field, name in find_visit_columns(tuple(row.values)).fields.items()
        }
        for row in table
    ]
    metrics = [
        (text_of(row_cells.get(metric)), metric in _COUNTS)
        for row_cells in cells
        for metric in _METRICS
    ]
    # All numbers of a table decide together, because 1.200 alone may be either 1.2 or 1,200.
    decimal = decimal_sign(metrics)
    days = parse_times([row_cells.get("day") for row_cells in cells])
    dimensions = [field for field in _DIMENSIONS if field in columns.fields]
    subtotals = find_subtotals(
        [tuple(text_of(row_cells.get(field)) for field in dimensions) for row_cells in cells],
        [number_in(row_cells.get("n_sessions"), decimal, is_count=True) for row_cells in cells],
    )
    visits = set[str]()
    sessions = list[dict[str, Any]]()
    for number, (row, row_cells, day) in enumerate(zip(table, cells, days, strict=True)):
        place = {"place": row.values[_PLACE]} if _PLACE in row.values else {}
        session = {"line": row.line, **place, **_read_row(row, row_cells, decimal)}
        visit = text_of(row.values.get(_VISIT))
        reason = repeats.get(number)
        if number in subtotals:
            reason = "a subtotal, which other rows add up to"
        elif visit and visit in visits:
            reason = "the same visit again: its session_start was logged twice"
        visits.add(visit)
        if reason and "reason" not in session:
            session = {"line": row.line, "reason": reason}
        elif columns.event and "reason" not in session:
            # Key events and revenue belong to other events than the one that counts the visit.
            session |= {"n_key_events": None, "revenue": None}
        sessions.append(session if "reason" in session else {**session, "day": day})
    return sessions


def _read_row(row: Row, cells: Mapping[str, Any], decimal: str) -> dict[str, Any]:
    texts = {field: text_of(cells.get(field)) for field in _DIMENSIONS}
    if row.problem or not row.values:
        return {"reason": row.problem or "no cells"}
    if not any(texts.values()) or any(is_total(text_of(value)) for value in row.values.values()):
        return {"reason": "a grand total, which the other rows add up to"}
    # Where the cell has no " / ", it is a source alone, and rpartition puts it into `medium`.
    joined, _, medium = texts["source_medium"].rpartition(" / ")
    source = texts["source"] or joined or medium
    medium = texts["medium"] or (medium if joined else "")
    numbers = {
        metric: number_in(cells.get(metric), decimal, metric in _COUNTS) for metric in _METRICS
    }
    if not source:
        return {"reason": "no source"}
    if numbers["n_sessions"] is None or numbers["n_sessions"] < 0:
        cell = repr(text_of(cells.get("n_sessions")))
        return {"reason": f"a number of sessions was expected, found {cell}"}
    landing_page = texts["landing_page"]
    return {
        "source": source,
        "medium": medium or None,
        "channel": texts["channel"] or None,
        "landing_page": None if landing_page in ("", "(not set)", "(other)") else landing_page,
        **numbers,
    }


def _no_sessions_error(path: Path, tables: Sequence[ExportTable]) -> LogError:
    rows = (row for table in tables for row in table.rows)
    headers = (", ".join(filter(None, map(str, row.values))) for row in rows)
    return LogError(
        str(path),
        "a table with the source of sessions and their number",
        shorten(next(headers, "") or "no columns", 300, placeholder=" ..."),
        "Export it with 'Session source / medium', 'Landing page' and 'Sessions'.",
    )
