"""Exports of Google Search Console: tables of its interface, alone or zipped, rows of its API, and its BigQuery export."""

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
from coverage_kit.collect.logs.times import parse_times
from coverage_kit.collect.logs.values import flag_of, label_of, text_of
from coverage_kit.collect.numbers import decimal_sign, number_in
from coverage_kit.errors import LogError
from coverage_kit.tables import (
    REJECTS,
    SEARCH_DEMAND,
    Rejects,
    SearchDemand,
    checked,
)

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
        *(
            "top pages",
            "page",
            "pages",
            "url",
            "häufigste seiten",
            "seiten",
            "pages les plus populaires",
        ),
        *(
            "pages principales",
            "páginas principales",
            "páginas",
            "pagine principali",
            "pagine più frequenti",
            "pagine",
        ),
        *(
            "populairste pagina's",
            "pagina's",
            "principais páginas",
            "páginas principais",
        ),
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
    "n_impressions": tuple(shown for _, _, shown in HEADERS.values()),
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
_PLACES = ("day", "query", "page", "country")
_COUNTS = ("n_clicks", "n_impressions")
_METRICS = (*_COUNTS, "position", "sum_position")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T.*)?|(19|20)\d{6}")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_ASIDE = re.compile(
    r"desktop|mobile|tablet|[A-Z]+(_[A-Z]+)+", re.IGNORECASE
)  # devices and kinds of search results
_MOST_MEMBER_BYTES = 500_000_000
_COUNTRIES = """
    abw afg ago aia ala alb and are arg arm asm ata atf atg aus aut aze bdi bel ben bes bfa bgd bgr bhr bhs bih blm blr blz
    bmu bol bra brb brn btn bvt bwa caf can cck che chl chn civ cmr cod cog cok col com cpv cri cub cuw cxr cym cyp cze deu dji
    dma dnk dom dza ecu egy eri esh esp est eth fin fji flk fra fro fsm gab gbr geo ggy gha gib gin glp gmb gnb gnq grc grd grl
    gtm guf gum guy hkg hmd hnd hrv hti hun idn imn ind iot irl irn irq isl isr ita jam jey jor jpn kaz ken kgz khm kir kna kor
    kwt lao lbn lbr lby lca lie lka lso ltu lux lva mac maf mar mco mda mdg mdv mex mhl mkd mli mlt mmr mne mng mnp moz mrt msr
    mtq mus mwi mys myt nam ncl ner nfk nga nic niu nld nor npl nru nzl omn pak pan pcn per phl plw png pol pri prk prt pry pse
    pyf qat reu rou rus rwa sau sdn sen sgp sgs shn sjm slb sle slv smr som spm srb ssd stp sur svk svn swe swz sxm syc syr tca
    tcd tgo tha tjk tkl tkm tls ton tto tun tur tuv twn tza uga ukr umi ury usa uzb vat vct ven vgb vir vnm vut wlf wsm xkk yem
    zaf zmb zwe zzz"""  # ISO 3166, as the API spells them; zzz is an unknown one


@checked
def read_search_console(files: Sequence[str]) -> tuple[SearchDemand, Rejects]:
    """Return the rows of Search Console exports, and those that could not be read.

    Read are CSV files of the interface (Queries, Pages, Dates, Countries; seven languages,
    otherwise by place: clicks, impressions, CTR with %, position) alone or in its zip, API answers
    whose `keys` are told by their content, and tables with such columns, as of the BigQuery export:
    there position = sum_position / impressions + 1, and anonymised queries stay missing. Tables of
    devices or of kinds of results are passed over, and so is whatever has no impressions.

    The tables of one export show the same searches in several ways: add up rows of one kind only
    (those with a query, or those with a page). Rare queries are left out by Google, so queries add
    up to less than dates and pages do. The Generative AI report has impressions only, by page.

    Args:
        files: files, or folders of them.

    Raises LogError for a file that is missing, broken, or has no table with impressions.
    """
    rows = list[dict[str, Any]]()
    rejects = list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as folder:
        for name, members in _open_all(files, Path(folder)):
            found = [
                row
                for shown, path in members
                for table in read_tables(path)
                for row in _read_table(table, shown, path)
            ]
            if not found:
                cure = "Export 'Performance' as CSV, or the API's rows as JSON."
                raise LogError(
                    name,
                    "a table with impressions by day, query, page or country",
                    "none",
                    cure,
                )
            for row in found:
                (rejects if "reason" in row else rows).append(row)
    return SEARCH_DEMAND.table(rows), REJECTS.table(rejects)


def _open_all(names: Sequence[str], folder: Path) -> Iterator[tuple[str, list[tuple[str, Path]]]]:
    """Yield each export with its files, as (name to show, path); those of a zip are unpacked into the folder."""
    archives = {path: None for name in names for path in _archives(Path(name))}
    plain = [
        name
        for name in names
        if Path(name).suffix.lower() != ".zip" and not _holds_archives_only(Path(name))
    ]
    for path in archives:
        yield (
            str(path),
            _unpack(path, folder / str(len(list(folder.iterdir())))),
        )
    for path in find_exports(plain):
        yield str(path), [(str(path), path)]


def _archives(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.suffix.lower() == ".zip")
    return [path] if path.suffix.lower() == ".zip" else []


def _holds_archives_only(path: Path) -> bool:
    return (
        path.is_dir()
        and {one for one in path.rglob("*") if one.is_file()} == set(_archives(path)) != set()
    )


def _unpack(path: Path, folder: Path) -> list[tuple[str, Path]]:
    folder.mkdir()
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                one
                for one in archive.infolist()
                if one.filename.lower().endswith(".csv") and one.file_size
            ]
            if large := [one.filename for one in members if one.file_size > _MOST_MEMBER_BYTES]:
                raise LogError(
                    str(path),
                    f"files of at most {_MOST_MEMBER_BYTES:,} bytes",
                    large[0],
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
    ) as error:
        raise LogError(
            str(path),
            "a readable zip of the export",
            str(error),
            "Export it again.",
        ) from None
    return sorted((f"{path}/{name}", file) for name, file in files.items())


def _write_members(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path
) -> dict[str, Path]:
    """Return the files written, by name to show: each in a folder of its own number, so that none overwrites another."""
    files: dict[str, Path] = {}
    for number, one in enumerate(members):
        name = one.filename.lstrip("./")
        file = folder / str(number) / Path(one.filename).name
        file.parent.mkdir()
        file.write_bytes(archive.read(one))
        files[f"{name} ({number})" if name in files else name] = file
    return files


def _read_table(table: Sequence[Row], file: str, path: Path) -> list[dict[str, Any]]:
    """Return a table's rows with their file and line; what cannot be read has a `reason` instead. None of a table of others."""
    by_place = (
        _columns_by_place(table, path)
        if not any("n_impressions" in _columns(tuple(row.values)) for row in table)
        else {}
    )
    cells = [_cells(row, by_place or _columns(tuple(row.values))) for row in table]
    kinds = _key_kinds([one["keys"] for one in cells if isinstance(one.get("keys"), list)])
    cells = [{**one, **dict(zip(kinds, one.get("keys") or (), strict=False))} for one in cells]
    if not any("n_impressions" in one and not one.keys().isdisjoint(_PLACES) for one in cells):
        return []
    decimal = decimal_sign(
        [(text_of(one.get(metric)), metric in _COUNTS) for one in cells for metric in _METRICS]
    )
    days = parse_times([one.get("day") for one in cells])
    read = (_read_row(row, one, decimal) for row, one in zip(table, cells, strict=True))
    rows = [
        {"file": file, "line": row.line, **found} for row, found in zip(table, read, strict=True)
    ]
    return [
        row if "reason" in row else {**row, "day": day} for row, day in zip(rows, days, strict=True)
    ]


@functools.lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> dict[str, str]:
    found = {field: find_column(names, synonyms) for field, synonyms in _NAMES.items()}
    return {field: name for field, name in found.items() if name}


def _cells(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    return {field: row.values[name] for field, name in columns.items() if name in row.values}


def _columns_by_place(table: Sequence[Row], path: Path) -> dict[str, str]:
    """Return the columns of a table in another language: its last four are clicks, impressions, CTR and position.

    The first is told by its content, else by the file's name, else it is the query.
    """
    names = [name for name in table[0].values if name] if table else []
    if len(names) < 5 or not all(
        text_of(row.values.get(names[-2])).rstrip().endswith("%") for row in table
    ):
        return {}
    first = [text_of(row.values[names[0]]) for row in table]
    named = [field for field in _PLACES if find_column((path.stem,), _NAMES[field])]
    kind = (
        "day"
        if all(map(_DAY.fullmatch, first))
        else "page"
        if all(map(_URL.fullmatch, first))
        else (*named, "query")[0]
    )
    place = {} if all(map(_ASIDE.fullmatch, first)) else {kind: names[0]}
    return {
        **place,
        "n_clicks": names[-4],
        "n_impressions": names[-3],
        "position": names[-1],
    }


def _key_kinds(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return what each place of the API's keys holds, told by all its values."""
    columns = list(zip(*([text_of(key) for key in keys] for keys in rows), strict=False))
    return [_kind(column) for column in columns]


def _kind(values: Sequence[str]) -> str:
    if all(map(_DAY.fullmatch, values)):
        return "day"
    if all(map(_URL.fullmatch, values)):
        return "page"
    if set(values) <= set(_COUNTRIES.split()):
        return "country"
    return "aside" if all(map(_ASIDE.fullmatch, values)) and values[0].isupper() else "query"


def _read_row(row: Row, cells: Mapping[str, Any], decimal: str) -> dict[str, Any]:
    numbers = {
        metric: number_in(cells.get(metric), decimal, metric in _COUNTS) for metric in _METRICS
    }
    shown = numbers["n_impressions"]
    summed = numbers.pop("sum_position")
    if row.problem or shown is None or shown < 0:
        return {
            "reason": row.problem
            or f"impressions were expected, found {text_of(cells.get('n_impressions'))!r}"
        }
    if summed is not None and shown:
        numbers["position"] = summed / shown + 1
    texts = {field: label_of(cells.get(field)) for field in ("query", "page", "country")}
    if flag_of(cells.get("is_anonymized")):
        texts["query"] = None
    return {**texts, **numbers}
