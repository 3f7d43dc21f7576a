"""Exports of GA4 as visits: tables of its interface, answers of its API, and events of BigQuery."""

import csv
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coverage_kit.collect.logs.columns import find_column
from coverage_kit.collect.logs.csv_rows import CsvFile, find_delimiter
from coverage_kit.collect.logs.lines import Row, marked_encoding
from coverage_kit.collect.logs.sources import find_files, open_file
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.collect.logs.values import label_of, text_of
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.errors import LogError
from coverage_kit.tables import REJECTS, SESSIONS, Rejects, Sessions, checked

# The interface's columns in English, German, French, Spanish, Italian, Dutch and Portuguese; the
# API's; common tables'.
_NAMES: dict[str, tuple[str, ...]] = {
    "source_medium": (
        *(
            "session source / medium",
            "source / medium",
            "sitzung - quelle/medium",
            "source / support de la session",
        ),
        *(
            "fuente/medio de la sesión",
            "sorgente/mezzo sessione",
            "sessiebron/-medium",
            "origem/mídia da sessão",
        ),
    ),
    "source": (
        *(
            "session source",
            "session manual source",
            "source",
            "sitzungsquelle",
            "sitzung - quelle",
            "source de la session",
        ),
        *(
            "fuente de la sesión",
            "sorgente sessione",
            "sessiebron",
            "origem da sessão",
        ),
    ),
    "medium": (
        *(
            "session medium",
            "session manual medium",
            "medium",
            "sitzungsmedium",
            "sitzung - medium",
            "support de la session",
        ),
        *(
            "medio de la sesión",
            "mezzo sessione",
            "sessiemedium",
            "mídia da sessão",
        ),
    ),
    "channel": (
        *(
            "session default channel group",
            "session default channel grouping",
            "default channel group",
            "channel",
        ),
        *(
            "session primary channel group (default channel group)",
            "session primary channel group",
            "channel group",
        ),
    ),
    "landing_page": (
        *(
            "landing page + query string",
            "landing page plus query string",
            "landing page",
            "page location",
            "landingpage",
        ),
        *(
            "landingpage + abfragestring",
            "zielseite + abfragestring",
            "zielseite",
            "page de destination",
        ),
        *(
            "page de destination + chaîne de requête",
            "página de destino",
            "página de destino + cadena de consulta",
        ),
        *("pagina di destinazione", "bestemmingspagina", "landingspagina"),
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
        *(
            "engaged sessions",
            "sitzungen mit interaktionen",
            "sessions avec engagement",
            "sesiones con interacción",
        ),
        *(
            "sessioni con coinvolgimento",
            "sessies met betrokkenheid",
            "sessões engajadas",
        ),
    ),
    "n_key_events": (
        *(
            "key events",
            "conversions",
            "schlüsselereignisse",
            "événements clés",
            "eventos clave",
            "eventi chiave",
        ),
        *("belangrijke gebeurtenissen", "eventos principais"),
    ),
    "revenue": (
        *(
            "total revenue",
            "purchase revenue",
            "revenue",
            "gesamtumsatz",
            "umsatz insgesamt",
            "revenu total",
        ),
        *(
            "ingresos totales",
            "entrate totali",
            "totale opbrengst",
            "receita total",
        ),
    ),
}
_PLACES = (
    "source_medium",
    "source",
    "medium",
    "channel",
    "landing_page",
    "day",
)
_COUNTS = ("n_sessions", "n_engaged")
_METRICS = (*_COUNTS, "n_key_events", "revenue")
_TOTALS = frozenset(
    {
        "grand total",
        "total",
        "totals",
        "gesamtsumme",
        "gesamt",
        "total general",
        "total général",
    }
) | {
    *(
        "totale complessivo",
        "totale",
        "eindtotaal",
        "totaal",
        "total geral",
        "somme totale",
        "reserved_total",
    )
}
_REST = ""  # name under which a row keeps the cells that stand beyond its header
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
_COMMENT = re.compile(r"#([\s\-,;]|$)")


@checked
def read_sessions(files: Sequence[str]) -> tuple[Sessions, Rejects]:
    """Return the visits of GA4 exports, one row for each of theirs, and the rows that could not be read.

    Read are CSV files of the interface (comment lines, several tables in one file, grand totals,
    seven languages), answers of the API's runReport as JSON or one a line, tables with such columns
    (CSV, JSON Lines, Parquet, xlsx) and events of the BigQuery export, of which each
    `session_start` is one visit. Grand totals stand among the rejects. Two exports of the same
    visits count twice: pass one of each period.

    Args:
        files: files, or folders of them.

    Raises LogError for a file that is missing, broken, or has no table with sources and sessions.
    """
    rows = list[dict[str, Any]]()
    rejects = list[dict[str, Any]]()
    for path in find_exports(files):
        found = read_tables(path)
        tables = [table for table in found if any(_is_usable(row) for row in table)]
        if not tables:
            raise _unknown(path, found)
        for row in (read for table in tables for read in _read_table(table)):
            (rejects if "reason" in row else rows).append({"file": str(path), **row})
    return SESSIONS.table(rows), REJECTS.table(rejects)


def find_exports(names: Sequence[str]) -> list[Path]:
    """Return the files that these names of files and folders stand for, each once. Raises LogError for a missing one."""
    try:
        return list({path.resolve(): path for name in names for path in find_files(name)}.values())
    except LogError as error:
        raise LogError(
            error.where,
            error.what,
            error.found,
            "Correct the path under [analytics].",
        ) from None


def read_tables(path: Path) -> list[list[Row]]:
    """Return a file's tables, each as its rows; of an API's answers, one table of the rows of all of them.

    Rows of a CSV have their line in the file, others count from 1. Raises LogError for a file that
    is empty or broken.
    """
    if path.suffix.lower() in (".csv", ".tsv"):
        return [
            table
            for source in open_file(path)
            if isinstance(source, CsvFile)
            for table in _csv_tables(source)
        ]
    records = _answers(path) or [
        row for source in open_file(path) for row in source.rows(source.header() or ())
    ]
    rows = [(found, row.problem) for row in records for found in _rows_of(row.values)]
    return [
        [
            Row(line, found, problem)
            for line, (found, problem) in enumerate(rows, 1)
            if found is not None
        ]
    ]


def _csv_tables(source: CsvFile) -> Iterator[list[Row]]:
    """Yield the tables of a CSV: what stands between comment lines and blank ones, below a header each."""
    block: list[tuple[int, str]] = []
    text = (
        Path(source.where)
        .read_text(encoding=source.encoding, errors="replace")
        .removeprefix("\ufeff")
    )
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip(' \t,;"') and not _COMMENT.match(line):
            block.append((number, line))
        elif block and not _is_open([text for _, text in block]):
            yield _csv_table(block)
            block = []
    if block:
        yield _csv_table(block)


def _is_open(lines: Iterable[str]) -> bool:
    return sum(line.count('"') for line in lines) % 2 == 1


def _csv_table(block: Sequence[tuple[int, str]]) -> list[Row]:
    texts = [text for _, text in block]
    reader = csv.reader(texts, delimiter=find_delimiter(texts[0]))
    header = [name.strip() for name in next(reader)]
    rows = list[Row]()
    while reader.line_num < len(texts):
        line = block[reader.line_num][0]
        fields = next(reader)
        values = {
            **dict(zip(header, fields, strict=False)),
            _REST: " ".join(fields[len(header) :]).strip(),
        }
        rows += [Row(line, found) for found in _rows_of(values) if found is not None]
    return rows


def _answers(path: Path) -> list[Row]:
    """Return the answers of an API that a JSON file is as a whole: one, several in a list, or a batch; none otherwise."""
    if path.suffix.lower() != ".json":
        return []
    try:
        whole = json.loads(path.read_text(encoding=marked_encoding(path)))
    except (
        ValueError,
        RecursionError,
        OSError,
    ):  # what reads it next says which
        return []
    listed = whole.get("reports", [whole]) if isinstance(whole, dict) else whole
    are_answers = isinstance(listed, list) and all(
        isinstance(one, dict) and _is_answer(one) for one in listed
    )
    return [Row(number, one) for number, one in enumerate(listed, 1)] if are_answers else []


def _is_answer(values: Mapping[str, Any]) -> bool:
    return (
        isinstance(values.get("rows"), list)
        or "metricHeaders" in values
        or "metric_headers" in values
    )


def _rows_of(values: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    """Yield the rows of an API's answer under the names of its headers, or the record itself, flat; None for other events."""
    if not _is_answer(values):
        yield _event(_flat(values)) if "event_name" in values else _flat(values)
        return
    names = [text_of(name) for name in _of(values, "Headers", "name")]
    rows = values.get("rows")
    for row in (
        one if isinstance(one, dict) else {} for one in (rows if isinstance(rows, list) else [])
    ):
        yield (dict(zip(names, _of(row, "Values", "value"), strict=False)) if names else row)


def _of(values: Mapping[str, Any], part: str, name: str) -> list[Any]:
    """Return what the dimensions and then the metrics of an answer are named, or of a row hold, also where written plainly."""
    keys = ("dimension", "metric")
    lists = [values.get(key + part) or values.get(f"{key}_{part.lower()}") for key in keys]
    cells = [one for listed in lists if isinstance(listed, list) for one in listed]
    return [one.get(name) if isinstance(one, dict) else one for one in cells]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested records under dotted names, and the parameters of an event under theirs."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name == "event_params":
            flat |= {
                f"{name}.{one.get('key')}": _parameter(one.get("value")) for one in _dicts(value)
            }
        elif isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return the records in a list, which may be written as JSON."""
    try:
        listed = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _parameter(value: Any) -> Any:
    return (
        next((one for one in value.values() if one is not None), None)
        if isinstance(value, dict)
        else value
    )


def _event(flat: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an event that starts a session as one visit, None for any other. Its source is the session's, else the user's."""
    if flat.get("event_name") != "session_start":
        return None
    found = next(
        ((source, part) for source, part in _ORIGINS if label_of(flat.get(source))),
        None,
    )
    medium = flat.get(f"{found[0].rsplit('.', 1)[0]}.{found[1]}") if found else "(none)"
    return {
        **{
            "source": flat[found[0]] if found else "(direct)",
            "medium": medium,
            "sessions": 1,
        },
        **{
            "landing page": flat.get("event_params.page_location", flat.get("page_location")),
            "date": flat.get("event_date"),
        },
    }


@functools.lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> dict[str, str]:
    found = {field: find_column(names, synonyms) for field, synonyms in _NAMES.items()}
    return {field: name for field, name in found.items() if name}


def _is_usable(row: Row) -> bool:
    columns = _columns(tuple(row.values))
    return "n_sessions" in columns and not columns.keys().isdisjoint(("source", "source_medium"))


def _read_table(table: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a table's rows as sessions, each with its line; what cannot be read has a `reason` instead."""
    cells = [
        {field: row.values[name] for field, name in _columns(tuple(row.values)).items()}
        for row in table
    ]
    told = [(text_of(one.get(metric)), metric in _COUNTS) for one in cells for metric in _METRICS]
    decimal = decimal_sign(told)
    days = parse_times([one.get("day") for one in cells])
    read = (_read_row(row, one, decimal) for row, one in zip(table, cells, strict=True))
    rows = [{"line": row.line, **found} for row, found in zip(table, read, strict=True)]
    return [
        row if "reason" in row else {**row, "day": day} for row, day in zip(rows, days, strict=True)
    ]


def _read_row(row: Row, cells: Mapping[str, Any], decimal: str) -> dict[str, Any]:
    places = {field: text_of(cells.get(field)) for field in _PLACES}
    if row.problem or not row.values:
        return {"reason": row.problem or "no cells"}
    if not any(places.values()) or not _TOTALS.isdisjoint(
        text_of(value).lower() for value in row.values.values()
    ):
        return {"reason": "a grand total, which the other rows add up to"}
    joined, _, medium = places["source_medium"].rpartition(" / ")
    source = places["source"] or joined or medium
    medium = places["medium"] or (medium if joined else "")
    numbers = {
        metric: number_in(cells.get(metric), decimal, metric in _COUNTS) for metric in _METRICS
    }
    if not source or numbers["n_sessions"] is None or numbers["n_sessions"] < 0:
        found = repr(text_of(cells.get("n_sessions")))
        return {
            "reason": "no source"
            if not source
            else f"a number of sessions was expected, found {found}"
        }
    page = places["landing_page"]
    told = {"landing_page": None if page in ("", "(not set)", "(other)") else page}
    return {
        "source": source,
        "medium": medium or None,
        "channel": places["channel"] or None,
        **told,
        **numbers,
    }


def _unknown(path: Path, tables: Sequence[Sequence[Row]]) -> LogError:
    names = (
        next(
            (", ".join(filter(None, map(str, row.values))) for table in tables for row in table),
            "",
        )
        or "no columns"
    )
    what = "a table with the source of sessions and their number"
    return LogError(
        str(path),
        what,
        names,
        "Export it with 'Session source / medium', 'Landing page' and 'Sessions'.",
    )
