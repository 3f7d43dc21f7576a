"""Read exports of GA4 as visits.

An export is a table of GA4's interface, an answer of its API, or a list of events from BigQuery.
"""

import functools
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from coverage_kit.collect.logs.columns import find_column
from coverage_kit.collect.logs.csv_rows import CsvFile, find_delimiter, read_records
from coverage_kit.collect.logs.json_rows import MAX_JSON_BYTES, read_json
from coverage_kit.collect.logs.lines import Row, too_long
from coverage_kit.collect.logs.sources import find_files, open_file
from coverage_kit.collect.logs.steady import SteadyFile, reading, shown
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.collect.logs.values import label_of, text_of
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.errors import LogError
from coverage_kit.tables import REJECTS, SESSIONS, Rejects, Sessions, checked

# Names of columns: those of the interface (in English, German, French, Spanish, Italian, Dutch and
# Portuguese), those of the API, and those of common tables.
_NAMES: dict[str, tuple[str, ...]] = {
    "source_medium": (
        "session source / medium",
        "source / medium",
        "sitzung - quelle/medium",
        "source / support de la session",
        "fuente/medio de la sesión",
        "sorgente/mezzo sessione",
        "sessiebron/-medium",
        "origem/mídia da sessão",
    ),
    "source": (
        "session source",
        "session manual source",
        "source",
        "sitzungsquelle",
        "sitzung - quelle",
        "source de la session",
        "fuente de la sesión",
        "sorgente sessione",
        "sessiebron",
        "origem da sessão",
    ),
    "medium": (
        "session medium",
        "session manual medium",
        "medium",
        "sitzungsmedium",
        "sitzung - medium",
        "support de la session",
        "medio de la sesión",
        "mezzo sessione",
        "sessiemedium",
        "mídia da sessão",
    ),
    "channel": (
        "session default channel group",
        "session default channel grouping",
        "default channel group",
        "channel",
        "session primary channel group (default channel group)",
        "session primary channel group",
        "channel group",
    ),
    "landing_page": (
        "landing page + query string",
        "landing page plus query string",
        "landing page",
        "page location",
        "landingpage",
        "landingpage + abfragestring",
        "zielseite + abfragestring",
        "zielseite",
        "page de destination",
        "page de destination + chaîne de requête",
        "página de destino",
        "página de destino + cadena de consulta",
        "pagina di destinazione",
        "bestemmingspagina",
        "landingspagina",
    ),
    "day": ("date", "day", "event date", "datum", "fecha", "data"),
    "n_sessions": (
        "sessions",
        "sitzungen",
        "sesiones",
        "sessioni",
        "sessies",
        "sessões",
    ),
    "n_engaged": (
        "engaged sessions",
        "sitzungen mit interaktionen",
        "sessions avec engagement",
        "sesiones con interacción",
        "sessioni con coinvolgimento",
        "sessies met betrokkenheid",
        "sessões engajadas",
    ),
    "n_key_events": (
        "key events",
        "conversions",
        "schlüsselereignisse",
        "événements clés",
        "eventos clave",
        "eventi chiave",
        "belangrijke gebeurtenissen",
        "eventos principais",
    ),
    "revenue": (
        "total revenue",
        "purchase revenue",
        "revenue",
        "gesamtumsatz",
        "umsatz insgesamt",
        "revenu total",
        "ingresos totales",
        "entrate totali",
        "totale opbrengst",
        "receita total",
    ),
}
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
# Cells that mark a row as a grand total: the words of the interface in seven languages, and the
# value that the API writes.
_TOTALS = frozenset(
    {
        "grand total",
        "total",
        "totals",
        "gesamtsumme",
        "gesamt",
        "total general",
        "total général",
        "totale complessivo",
        "totale",
        "eindtotaal",
        "totaal",
        "total geral",
        "somme totale",
        "reserved_total",
    }
)
# The name under which a row keeps the cells beyond its header.
_EXTRA_CELLS = ""
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
# What a line without cells may hold, the end of the line included.
_BLANK = ' \t\r\n,;"'


@checked
def read_sessions(files: Sequence[str]) -> tuple[Sessions, Rejects]:
    """Return the visits in GA4 exports, one row for each exported row, and the rejected rows.

    It reads CSV files of the interface (with comment lines, several tables in one file, grand
    totals, in seven languages), answers of the API's runReport as JSON (one a file or one a line),
    tables with the same columns (CSV, JSON Lines, Parquet, xlsx) and events of the BigQuery export,
    where each `session_start` is one visit. Grand totals are among the rejects. Two exports of the
    same visits count twice: pass one export for each period.

    Args:
        files: files, or folders of files.

    Raises LogError for a file that is missing, broken, or has no table with sources and sessions.
    """
    rows = list[dict[str, Any]]()
    rejects = list[dict[str, Any]]()
    for path in find_exports(files):
        tables = read_tables(path)
        session_tables = [table for table in tables if any(_is_usable(row) for row in table)]
        if not session_tables:
            raise _no_sessions_error(path, tables)
        for table in session_tables:
            for record in _read_table(table):
                target = rejects if "reason" in record else rows
                target.append({"file": shown(path), **record})
    return SESSIONS.table(rows), REJECTS.table(rejects)


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


def read_tables(path: Path) -> list[list[Row]]:
    """Return the tables of a file, each as its rows; all answers of an API make up one table.

    The rows of a CSV have their line in the file; other rows are counted from 1. Raises LogError
    for a file that is empty or broken.
    """
    sources = open_file(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        with reading(shown(path)):
            return list(_csv_tables(CsvFile(path)))
    records = _answers(path) or [
        record for source in sources for record in source.rows(source.header() or ())
    ]
    rows = [row for record in records for row in _record_rows(record)]
    table = [
        Row(line, values, problem)
        for line, (values, problem) in enumerate(rows, 1)
        if values is not None
    ]
    return [table]


def _record_rows(record: Row) -> list[tuple[dict[str, Any] | None, str]]:
    """Return the rows of a record with their problems: one row where the record is too odd."""
    try:
        return [(values, record.problem) for values in _rows_of(record.values)]
    except Exception as error:  # a record is data: the others are read, whatever it holds
        return [({}, f"the record cannot be read ({type(error).__name__}: {error})"[:300])]


def _csv_tables(source: CsvFile) -> Iterator[list[Row]]:
    """Yield the tables of a CSV: blocks of lines between comments or blank lines, headers first."""
    block: list[tuple[int, str]] = []
    n_quotes = 0
    for number, line in enumerate(source.text_lines(), 1):
        if line is None:
            raise LogError(source.location, "lines of an export", too_long(), "Export it again.")
        text = line.removeprefix("\ufeff")
        # Within an open quotation every line belongs to a cell, whatever it looks like.
        if n_quotes % 2 or _has_cells(text):
            block.append((number, text))
            n_quotes += text.count('"')
        elif block:
            yield _csv_table(block)
            block = []
    if block:
        yield _csv_table(block)


def _has_cells(line: str) -> bool:
    """Return whether a line is neither blank nor a comment; a single quote opens a cell."""
    return not _COMMENT.match(line) and bool(line.strip(_BLANK) or line.count('"') % 2)


def _csv_table(block: Sequence[tuple[int, str]]) -> list[Row]:
    texts = [text for _, text in block]
    records = read_records(io.StringIO("".join(texts), newline=""), find_delimiter(texts[0]))
    _, names, _ = next(records, (1, "", True))
    header = [] if isinstance(names, str) else [name.strip() for name in names]
    rows = list[Row]()
    for number, fields, is_whole in records:
        # A quoted cell may span lines, and comments between them are not in the block.
        line = block[min(number, len(block)) - 1][0]
        if isinstance(fields, str):
            rows.append(Row(line, {}, fields))
        elif not is_whole and len(fields) < len(header):
            rows.append(Row(line, {}, "the file breaks off in this row"))
        else:
            values = {
                **dict(zip(header, fields, strict=False)),
                _EXTRA_CELLS: " ".join(fields[len(header) :]).strip(),
            }
            rows += [Row(line, record) for record in _rows_of(values) if record is not None]
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
        yield _event(_flat(values)) if "event_name" in values else _flat(values)
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
        "sessions": 1,
        "landing page": flat.get("event_params.page_location", flat.get("page_location")),
        "date": flat.get("event_date"),
    }


@functools.lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> dict[str, str]:
    columns = {field: find_column(names, synonyms) for field, synonyms in _NAMES.items()}
    return {field: name for field, name in columns.items() if name}


def _is_usable(row: Row) -> bool:
    columns = _columns(tuple(row.values))
    return "n_sessions" in columns and not columns.keys().isdisjoint(("source", "source_medium"))


def _read_table(table: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows of a table as sessions, each with its line.

    A row that cannot be read has a `reason` instead.
    """
    cells = [
        {field: row.values[name] for field, name in _columns(tuple(row.values)).items()}
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
    sessions = list[dict[str, Any]]()
    for row, row_cells, day in zip(table, cells, days, strict=True):
        session = {"line": row.line, **_read_row(row, row_cells, decimal)}
        sessions.append(session if "reason" in session else {**session, "day": day})
    return sessions


def _read_row(row: Row, cells: Mapping[str, Any], decimal: str) -> dict[str, Any]:
    texts = {field: text_of(cells.get(field)) for field in _DIMENSIONS}
    if row.problem or not row.values:
        return {"reason": row.problem or "no cells"}
    if not any(texts.values()) or not _TOTALS.isdisjoint(
        text_of(value).lower() for value in row.values.values()
    ):
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


def _no_sessions_error(path: Path, tables: Sequence[Sequence[Row]]) -> LogError:
    headers = (", ".join(filter(None, map(str, row.values))) for table in tables for row in table)
    return LogError(
        str(path),
        "a table with the source of sessions and their number",
        shorten(next(headers, "") or "no columns", 300, placeholder=" ..."),
        "Export it with 'Session source / medium', 'Landing page' and 'Sessions'.",
    )
