"""Read exports of Google Search Console.

An export is a table of its interface, alone or zipped, rows of its API, or a BigQuery export.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coverage_kit.collect.analytics import open_exports, read_tables
from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.columns import find_column
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.machine_searches import is_machine_made
from coverage_kit.collect.logs.search_headers import (
    NAMES,
    SearchColumns,
    columns_by_position,
    find_search_columns,
)
from coverage_kit.collect.logs.steady import shown
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.collect.logs.values import flag_of, label_of
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.collect.urls import page_id
from coverage_kit.errors import LogError
from coverage_kit.tables import (
    REJECTS,
    SEARCH_DEMAND,
    Rejects,
    SearchDemand,
    checked,
)

logger = logging.getLogger(__name__)

# What an export can be broken down by; a table without any of these is skipped.
_DIMENSIONS = ("day", "query", "page", "country")
# What the Generative AI report is broken down by, beside devices.
_PLACES = ("day", "page", "country")
# The columns of a table that compares two periods: a dimension, and four figures of each.
_N_COMPARED = 9
# Fields that are whole numbers: three digits after a sign are thousands there.
_COUNTS = ("n_clicks", "n_impressions")
# All fields that are numbers. Positions are averages and may have decimals.
_METRICS = (*_COUNTS, "position", "sum_position")
# A day such as "2025-01-31" or "20250131".
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T.*)?|(19|20)\d{6}")
# A cell that is a whole URL: a column of such cells names pages.
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
# A device, or a kind of search result such as "AMP_TOP_STORIES".
_DEVICE_OR_KIND = re.compile(r"desktop|mobile|tablet|[A-Z]+(_[A-Z]+)+", re.IGNORECASE)
# ISO 3166 codes, as the API spells them; zzz is an unknown country.
_COUNTRIES = """
    abw afg ago aia ala alb and are arg arm asm ata atf atg aus aut aze bdi bel ben bes bfa bgd
    bgr bhr bhs bih blm blr blz bmu bol bra brb brn btn bvt bwa caf can cck che chl chn civ cmr
    cod cog cok col com cpv cri cub cuw cxr cym cyp cze deu dji dma dnk dom dza ecu egy eri esh
    esp est eth fin fji flk fra fro fsm gab gbr geo ggy gha gib gin glp gmb gnb gnq grc grd grl
    gtm guf gum guy hkg hmd hnd hrv hti hun idn imn ind iot irl irn irq isl isr ita jam jey jor
    jpn kaz ken kgz khm kir kna kor kwt lao lbn lbr lby lca lie lka lso ltu lux lva mac maf mar
    mco mda mdg mdv mex mhl mkd mli mlt mmr mne mng mnp moz mrt msr mtq mus mwi mys myt nam ncl
    ner nfk nga nic niu nld nor npl nru nzl omn pak pan pcn per phl plw png pol pri prk prt pry
    pse pyf qat reu rou rus rwa sau sdn sen sgp sgs shn sjm slb sle slv smr som spm srb ssd stp
    sur svk svn swe swz sxm syc syr tca tcd tgo tha tjk tkl tkm tls ton tto tun tur tuv twn tza
    uga ukr umi ury usa uzb vat vct ven vgb vir vnm vut wlf wsm xkk yem zaf zmb zwe zzz"""


@checked
def read_search_console(files: Sequence[str]) -> tuple[SearchDemand, Rejects]:
    """Return the rows of Search Console exports, and the rows that could not be read.

    It reads CSV files of the interface (Queries, Pages, Dates, Countries), alone or in its zip,
    answers of the API, and tables with the same columns, as in the BigQuery export. The columns of
    a CSV are known in the languages of `HEADERS`; in other languages they are found by their
    position: clicks, impressions, CTR with %, position. The `keys` of an API answer are recognised
    by their content. In the BigQuery export, position = sum_position / impressions + 1, and
    anonymised queries stay missing. Tables of devices or of kinds of results are skipped, and so is
    every table without impressions. Of an export that compares periods the latest counts, which a
    warning says. A search that a program made has the origin machine (`is_machine_made`).

    The tables of one export show the same searches in several ways: add up rows of one kind only
    (those with a query, or those with a page). Google leaves out rare queries, so queries add up to
    less than dates and pages do. The Generative AI report has impressions alone, which are in
    `n_ai_impressions`, apart from those of web search.

    Args:
        files: files, or folders of files.

    Raises LogError for a file that is missing, broken, has no table with impressions, or compares
    what are no periods of a known order.
    """
    rows = list[dict[str, Any]]()
    rejects = list[dict[str, Any]]()
    for export, members in open_exports(files):
        records = [
            record
            for path in members
            for table in read_tables(path)
            for record in _read_table(table.rows, shown(path), path)
        ]
        if not records:
            raise LogError(
                shown(export),
                "a table with impressions by day, query, page or country",
                "none",
                "Export 'Performance' as CSV, or the API's rows as JSON.",
            )
        for record in records:
            (rejects if "reason" in record else rows).append(record)
    return SEARCH_DEMAND.table(rows), REJECTS.table(rejects)


def _read_table(table: Sequence[Row], file: str, path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table with their file and line.

    A row that cannot be read has a `reason` instead. A table that is about something else has no
    rows. Raises LogError for a table that compares what are no periods of a known order.
    """
    columns = [find_search_columns(tuple(row.values)) for row in table]
    if not any("n_impressions" in found.fields or found.problem for found in columns):
        columns = [_columns_by_position(table, path)] * len(table)
    for found in dict.fromkeys(columns):
        if found.problem:
            raise LogError(
                file, "impressions of one period", found.problem, "Export it without a comparison."
            )
        if found.note:
            logger.warning("%s: %s", file, found.note)
    cells = [_cells(row, found.fields) for row, found in zip(table, columns, strict=True)]
    # The API writes the dimensions of a row as a list, without saying which they are.
    key_lists = [
        row_cells["keys"] for row_cells in cells if isinstance(row_cells.get("keys"), list)
    ]
    kinds = _key_kinds(key_lists)
    cells = [
        {**row_cells, **dict(zip(kinds, keys if isinstance(keys, list) else (), strict=False))}
        for row_cells in cells
        for keys in [row_cells.get("keys")]
    ]
    if not any(
        "n_impressions" in row_cells and not row_cells.keys().isdisjoint(_DIMENSIONS)
        for row_cells in cells
    ):
        return []
    metrics = [
        (text_of(row_cells.get(metric)), metric in _COUNTS)
        for row_cells in cells
        for metric in _METRICS
    ]
    decimal = decimal_sign(metrics)
    days = parse_times([row_cells.get("day") for row_cells in cells])
    is_exposure = all(map(_shows_exposure, cells, table))
    if is_exposure:
        logger.warning(
            "%s: it has impressions alone, as the Generative AI report does: they are counted as "
            "exposure in AI answers, apart from web search",
            file,
        )
    records = list[dict[str, Any]]()
    for row, found, row_cells, day in zip(table, columns, cells, days, strict=True):
        record = {"file": file, "line": row.line, **_read_row(row, found, row_cells, decimal)}
        if is_exposure and "reason" not in record:
            record["n_ai_impressions"] = record.pop("n_impressions")
        records.append(record if "reason" in record else {**record, "day": day})
    return records


def _shows_exposure(cells: Mapping[str, Any], row: Row) -> bool:
    """Return whether a row may be one of the Generative AI report: only a place and impressions.

    Names with an underscore are those of a table that somebody selected from the BigQuery export.
    """
    names = [name for name in row.values if name]
    is_whole = len(names) == len(cells) and not any("_" in name for name in names)
    return row.problem != "" or (is_whole and cells.keys() <= {*_PLACES, "n_impressions"})


def _cells(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    return {field: row.values[name] for field, name in columns.items() if name in row.values}


def _columns_by_position(table: Sequence[Row], path: Path) -> SearchColumns:
    """Return the columns of a table in another language.

    Its last columns are clicks, impressions, CTR and position, each once for each period. The first
    column is recognised by its content, or else by the name of the file, and otherwise it is the
    query.
    """
    sound_rows = [row for row in table if not row.problem]
    names = [name for name in sound_rows[0].values if name] if sound_rows else []
    n_periods = 2 if len(names) == _N_COMPARED else 1
    rates = names[-2 * n_periods : -n_periods]
    if len(names) < 5 or not all(
        text_of(row.values.get(rate)).rstrip().endswith("%") or (rate != rates[0])
        for row in sound_rows
        for rate in rates
    ):
        return SearchColumns()
    values = [text_of(row.values.get(names[0])) for row in sound_rows]
    fields_of_file = [field for field in _DIMENSIONS if find_column((path.stem,), NAMES[field])]
    if all(map(_DAY.fullmatch, values)):
        kind = "day"
    elif all(map(_URL.fullmatch, values)):
        kind = "page"
    else:
        kind = (*fields_of_file, "query")[0]
    dimension = {} if all(map(_DEVICE_OR_KIND.fullmatch, values)) else {kind: names[0]}
    return columns_by_position(dimension, names[-4 * n_periods :], n_periods)


def _key_kinds(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the dimension at each position of the API's keys, recognised by all its values."""
    texts = ([text_of(key) for key in keys] for keys in rows)
    columns = list(zip(*texts, strict=False))
    return [_kind(column) for column in columns]


def _kind(values: Sequence[str]) -> str:
    if all(map(_DAY.fullmatch, values)):
        return "day"
    if all(map(_URL.fullmatch, values)):
        return "page"
    # All values must be codes, because a single one, such as "can", may well be a query.
    if set(values) <= set(_COUNTRIES.split()):
        return "country"
    return (
        "aside" if all(map(_DEVICE_OR_KIND.fullmatch, values)) and values[0].isupper() else "query"
    )


def _read_row(
    row: Row, columns: SearchColumns, cells: Mapping[str, Any], decimal: str
) -> dict[str, Any]:
    numbers = {
        metric: number_in(cells.get(metric), decimal, metric in _COUNTS) for metric in _METRICS
    }
    impressions = numbers["n_impressions"]
    sum_position = numbers.pop("sum_position")
    if columns.left_out and label_of(cells.get("n_impressions")) is None and not row.problem:
        return {"reason": "no impressions in the later of the compared periods"}
    if row.problem or impressions is None or impressions < 0:
        return {
            "reason": row.problem
            or f"impressions were expected, found {text_of(cells.get('n_impressions'))!r}"
        }
    if sum_position is not None and impressions:
        numbers["position"] = sum_position / impressions + 1
    texts = {field: label_of(cells.get(field)) for field in ("query", "page", "country")}
    if flag_of(cells.get("is_anonymized")):
        texts["query"] = None
    query = texts["query"]
    is_machine = query is not None and is_machine_made(query, numbers["n_clicks"])
    origin = None if query is None else "machine" if is_machine else "person"
    page = texts["page"]
    return {**texts, "page_id": page_id(page) if page else None, **numbers, "origin": origin}
