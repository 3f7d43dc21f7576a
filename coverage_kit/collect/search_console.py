"""Read exports of Google Search Console.

An export is a table of its interface, alone or zipped, rows of its API, or a BigQuery export.
"""

import functools
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coverage_kit.collect.analytics import find_exports, read_tables
from coverage_kit.collect.logs.columns import find_column
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.search_console import HEADERS
from coverage_kit.collect.logs.steady import shown
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.collect.logs.values import flag_of, label_of, readable, text_of
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.errors import LogError
from coverage_kit.tables import (
    REJECTS,
    SEARCH_DEMAND,
    Rejects,
    SearchDemand,
    checked,
)

# Names of columns in the interface (seven languages), the API and the BigQuery export.
_NAMES: dict[str, tuple[str, ...]] = {
    "day": (
        "date",
        "data date",
        "day",
        "dates",
        "datum",
        "datums",
        "fecha",
        "fechas",
        "data",
        "datas",
        "tag",
        "jour",
    ),
    "query": (
        "queries",
        "search query",
        *(name for names, *_ in HEADERS.values() for name in names),
    ),
    "page": (
        "top pages",
        "page",
        "pages",
        "url",
        "häufigste seiten",
        "seiten",
        "pages les plus populaires",
        "pages principales",
        "páginas principales",
        "páginas",
        "pagine principali",
        "pagine più frequenti",
        "pagine",
        "populairste pagina's",
        "pagina's",
        "principais páginas",
        "páginas principais",
    ),
    "country": (
        "country",
        "countries",
        "land",
        "länder",
        "pays",
        "país",
        "países",
        "paese",
        "paesi",
        "landen",
    ),
    "n_clicks": ("url clicks", *(clicks for _, clicks, _ in HEADERS.values())),
    "n_impressions": tuple(impressions for _, _, impressions in HEADERS.values()),
    "position": (
        "position",
        "average position",
        "avg position",
        "posición",
        "posizione",
        "positie",
        "posição",
    ),
    "sum_position": ("sum position", "sum top position"),
    "is_anonymized": ("is anonymized query",),
    "keys": ("keys",),
}
# What an export can be broken down by; a table without any of these is skipped.
_DIMENSIONS = ("day", "query", "page", "country")
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
# Real exports are far smaller; the bounds stop a zip that unpacks to fill the disk (assumed).
_MAX_UNPACKED_BYTES = 500_000_000
_MAX_MEMBERS = 1000
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
    a CSV are known in seven languages; in other languages they are found by their position: clicks,
    impressions, CTR with %, position. The `keys` of an API answer are recognised by their content.
    In the BigQuery export, position = sum_position / impressions + 1, and anonymised queries stay
    missing. Tables of devices or of kinds of results are skipped, and so is every table without
    impressions.

    The tables of one export show the same searches in several ways: add up rows of one kind only
    (those with a query, or those with a page). Google leaves out rare queries, so queries add up to
    less than dates and pages do. The Generative AI report has only impressions, by page.

    Args:
        files: files, or folders of files.

    Raises LogError for a file that is missing, broken, or has no table with impressions.
    """
    rows = list[dict[str, Any]]()
    rejects = list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as folder:
        for name, members in _open_all(files, Path(folder)):
            records = [
                record
                for label, path in members
                for table in _tables_of(path, label)
                for record in _read_table(table, label, path)
            ]
            if not records:
                raise LogError(
                    name,
                    "a table with impressions by day, query, page or country",
                    "none",
                    "Export 'Performance' as CSV, or the API's rows as JSON.",
                )
            for record in records:
                (rejects if "reason" in record else rows).append(record)
    return SEARCH_DEMAND.table(rows), REJECTS.table(rejects)


def _tables_of(path: Path, label: str) -> list[list[Row]]:
    """Return the tables of a file; an error names the file as the export does."""
    try:
        return read_tables(path)
    except LogError as error:
        raise LogError(label, error.what, error.found, error.cure) from None


def _open_all(names: Sequence[str], folder: Path) -> Iterator[tuple[str, list[tuple[str, Path]]]]:
    """Yield each export with its files, as (name to show, path).

    The files of a zip are unpacked into the folder.
    """
    archives = {path: None for name in names for path in _archives(Path(name))}
    plain = [
        name
        for name in names
        if Path(name).suffix.lower() != ".zip" and not _holds_archives_only(Path(name))
    ]
    for path in archives:
        # Each archive has a folder of its own number, so that none overwrites another.
        n_unpacked = len(list(folder.iterdir()))
        yield shown(path), _unpack(path, folder / str(n_unpacked))
    for path in find_exports(plain):
        yield shown(path), [(shown(path), path)]


def _archives(path: Path) -> list[Path]:
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.suffix.lower() == ".zip")
        return sorted(file for file in files if file.is_file())
    return [path] if path.suffix.lower() == ".zip" else []


def _holds_archives_only(path: Path) -> bool:
    if not path.is_dir():
        return False
    archives = set(_archives(path))
    return bool(archives) and {file for file in path.rglob("*") if file.is_file()} == archives


def _unpack(path: Path, folder: Path) -> list[tuple[str, Path]]:
    folder.mkdir()
    # A pipe would be waited for.
    if path.exists() and not path.is_file():
        raise LogError(
            shown(path), "a zip of the export", "a pipe or device", "Save the export as a file."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                member
                for member in archive.infolist()
                if member.filename.lower().endswith(".csv") and member.file_size
            ]
            n_unpacked = sum(member.file_size for member in members)
            if n_unpacked > _MAX_UNPACKED_BYTES or len(members) > _MAX_MEMBERS:
                raise LogError(
                    shown(path),
                    f"at most {_MAX_UNPACKED_BYTES:,} bytes in {_MAX_MEMBERS:,} files",
                    f"{n_unpacked:,} bytes in {len(members):,} files",
                    "Export a shorter period.",
                )
            files = _write_members(archive, members, folder)
    except (
        OSError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise LogError(
            shown(path),
            "a readable zip of the export",
            str(error),
            "Export it again.",
        ) from None
    return sorted((f"{shown(path)}/{name}", file) for name, file in files.items())


def _write_members(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path
) -> dict[str, Path]:
    """Return the files that were written, by the name to show.

    Each file has a folder of its own number, so that none overwrites another.
    """
    files: dict[str, Path] = {}
    for number, member in enumerate(members):
        name = readable(member.filename.lstrip("./"))
        file = folder / str(number) / Path(member.filename).name
        file.parent.mkdir()
        file.write_bytes(archive.read(member))
        files[f"{name} ({number})" if name in files else name] = file
    return files


def _read_table(table: Sequence[Row], file: str, path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table with their file and line.

    A row that cannot be read has a `reason` instead. A table that is about something else has no
    rows.
    """
    is_recognised = any("n_impressions" in _columns(tuple(row.values)) for row in table)
    by_position = {} if is_recognised else _columns_by_position(table, path)
    cells = [_cells(row, by_position or _columns(tuple(row.values))) for row in table]
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
    records = list[dict[str, Any]]()
    for row, row_cells, day in zip(table, cells, days, strict=True):
        record = {"file": file, "line": row.line, **_read_row(row, row_cells, decimal)}
        records.append(record if "reason" in record else {**record, "day": day})
    return records


@functools.lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> dict[str, str]:
    columns = {field: find_column(names, synonyms) for field, synonyms in _NAMES.items()}
    return {field: name for field, name in columns.items() if name}


def _cells(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    return {field: row.values[name] for field, name in columns.items() if name in row.values}


def _columns_by_position(table: Sequence[Row], path: Path) -> dict[str, str]:
    """Return the columns of a table in another language.

    Its last four columns are clicks, impressions, CTR and position. The first column is recognised
    by its content, or else by the name of the file, and otherwise it is the query.
    """
    sound_rows = [row for row in table if not row.problem]
    names = [name for name in sound_rows[0].values if name] if sound_rows else []
    if len(names) < 5 or not all(
        text_of(row.values.get(names[-2])).rstrip().endswith("%") for row in sound_rows
    ):
        return {}
    values = [text_of(row.values.get(names[0])) for row in sound_rows]
    fields_of_file = [field for field in _DIMENSIONS if find_column((path.stem,), _NAMES[field])]
    if all(map(_DAY.fullmatch, values)):
        kind = "day"
    elif all(map(_URL.fullmatch, values)):
        kind = "page"
    else:
        kind = (*fields_of_file, "query")[0]
    dimension = {} if all(map(_DEVICE_OR_KIND.fullmatch, values)) else {kind: names[0]}
    return {
        **dimension,
        "n_clicks": names[-4],
        "n_impressions": names[-3],
        "position": names[-1],
    }


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


def _read_row(row: Row, cells: Mapping[str, Any], decimal: str) -> dict[str, Any]:
    numbers = {
        metric: number_in(cells.get(metric), decimal, metric in _COUNTS) for metric in _METRICS
    }
    impressions = numbers["n_impressions"]
    sum_position = numbers.pop("sum_position")
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
    return {**texts, **numbers}
