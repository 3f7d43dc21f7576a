"""Thousands of damaged logs and exports: none ends a run, hangs, or loses a record in silence.

Each round takes the sample of a format, damages it, and reads it. What is checked:

- no exception but the toolkit's own, which say where, what, found and cure;
- at most 5 seconds of processor time;
- the account adds up: every record is read, merged, set aside or rejected;
- no record surprises its format, so that it is rejected for a reason that its user understands;
- tables meet their schemas, and can be stored;
- in every fourth round, a second reading gives equal tables.

A round depends on its number alone: `damage(number, folder)` makes the same files again.
"""

import copy
import csv
import decimal
import gzip
import io
import json
import logging
import math
import random
import re
import time
import zipfile
from collections import Counter

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coverage_kit.collect.analytics import read_sessions
from coverage_kit.collect.logs.formats import find_table_format
from coverage_kit.collect.logs.read import make_tables, read_surveys, survey_log
from coverage_kit.collect.logs.read_report import UNACCOUNTED
from coverage_kit.collect.logs.reader import UNEXPECTED
from coverage_kit.collect.search_console import read_search_console
from coverage_kit.errors import CoverageKitError, LogError
from coverage_kit.settings import LogSettings
from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    FAILURES,
    MENTIONS,
    QUERIES,
    REJECTS,
    SEARCH_DEMAND,
    SEARCHES,
    SESSIONS,
    SOURCES,
    SPANS,
)
from tests.collect.test_analytics import INTERFACE
from tests.collect.test_logs_fuzz import SAMPLES, paths_in
from tests.collect.test_search_console import PAGES, QUERIES as GSC_QUERIES
from tests.reliability.rounds import rounds

SEED = "logs 1"
# The samples whose fields are the columns of a table.
TABLES = tuple(record for record in SAMPLES if find_table_format(tuple(record)))
# A reading takes some milliseconds; the bound is what a user would call hanging.
MAX_SECONDS = 5
LOG_SCHEMAS = (ANSWERS, CITATIONS, FAILURES, MENTIONS, QUERIES, REJECTS, SEARCHES, SOURCES, SPANS)

GA4_API = {
    "dimensionHeaders": [{"name": "sessionSource"}, {"name": "sessionMedium"}, {"name": "date"}],
    "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}],
    "rows": [
        {
            "dimensionValues": [{"value": "chatgpt.com"}, {"value": "referral"}, {"value": "x"}],
            "metricValues": [{"value": "12"}],
        }
    ],
}
GA4_EVENT = {
    "event_name": "session_start",
    "event_date": "20260105",
    "event_params": [{"key": "page_location", "value": {"string_value": "https://a.com/x"}}],
    "traffic_source": {"source": "chatgpt.com", "medium": "referral"},
}
GSC_API = {
    "rows": [
        {"keys": ["best crm", "https://a.com/x"], "clicks": 1, "impressions": 9, "position": 2.5}
    ]
}
HOSTILE = (
    *(None, "", " ", True, 0, -1, 1.5, [], {}, [None], [[]], {"": None}, "x", "[", "{", '"'),
    *(10**30, -(10**30), 10**400, 1e300, float("nan"), float("inf"), 2**63, 253402300800),
    *("9" * 400, "1e999999", "-1", "NaN", "½", "١٢٣", "1,2,3", "0x10", "1_000"),
    *(
        "half \ud83d",
        "\ud83d" * 50,
        "a\x00b",
        "\x1b[31mred",
        "\u202eright",
        "\ufeffx",
        "\x85\u2028",
    ),
    *("2026-13-45", "9999-12-31T23:59:59-14:00", "0001-01-01", "10:15 Mars/Phobos", "12/31/99"),
    *("-253402300800", "99999999999999999999", "Mon, 13 Apr 2026 10:15:00 XYZ", "20269999"),
    *("=1+1", "https://", "http://[::1", "https://a.com:99999999/", "javascript:alert(1)"),
    *("https://" + "a" * 3000 + ".com", "a." * 3000, "," * 3000, "【" * 3000, "\ue200" * 3000),
    *("word " * 3000, ["x"] * 1000, {"x": "y"}, [{"url": None}], {"role": "user"}, "\n" * 1000),
)


# It becomes a value that nests 1,000 deep, which Python would not write.
DEEP = "@deep@"
NESTED = (b"[" * 1000 + b'"x"' + b"]" * 1000, b'{"a":' * 1000 + b"1" + b"}" * 1000)


def damaged_record(rng, record):
    """Return a copy of a record with one to four parts changed, and what was done."""
    record = json.loads(json.dumps(record))
    done = []
    for _ in range(rng.randint(1, 4)):
        paths = list(paths_in(record))
        if not paths:
            break
        *path, last = rng.choice(paths)
        holder = record
        for key in path:
            holder = holder[key]
        way = rng.choice(("remove", "rename", "retype", "hostile", "hostile", "deep", "repeat"))
        done.append(f"{way} {last}")
        change(rng, holder, last, way)
    return record, done


def change(rng, holder, last, way):
    value = holder[last]
    if way == "remove":
        del holder[last]
    elif way == "rename" and isinstance(holder, dict):
        name = rng.choice((str(last).upper(), f"{last} ", "", "\ud83d", "query", "id", "x" * 3000))
        holder[name] = holder.pop(last)
    elif way == "retype":
        holder[last] = rng.choice(([value], {"value": value}, str(value), json.dumps(value), 7))
    elif way == "deep":
        holder[last] = DEEP
    elif way == "repeat" and isinstance(value, (str, list)):
        holder[last] = value * rng.choice((2, 50))
    else:
        holder[last] = copy.deepcopy(rng.choice(HOSTILE))


def cell(value):
    """Return a value as a cell of a table."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def as_csv(rng, records):
    stream = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    delimiter = rng.choice(",,;\t")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow([cell(name) for name in names])
    writer.writerows([[cell(record.get(name, "")) for name in names] for record in records])
    return stream.getvalue().encode("utf-8", "replace")


def as_lines(rng, records):
    return "\n".join(map(json.dumps, records)).encode()


def as_array(rng, records):
    return json.dumps(records, indent=rng.choice((None, 1))).encode()


def as_object(rng, records):
    key = rng.choice(("data", "data", "rows", "conversations", "anything"))
    return json.dumps({key: records, "next": None}).encode()


def as_parquet(rng, records):
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {}
    for name in names:
        cells = [cell(record.get(name, "")) for record in records]
        columns[cell(name)] = rng.choice((text_column, text_column, typed_column))(rng, cells)
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression=rng.choice(("snappy", "gzip", "none")))
    return stream.getvalue()


def text_column(rng, cells):
    return pa.array(cells, rng.choice((pa.string(), pa.large_string(), pa.binary())))


def typed_column(rng, cells):
    """Return a column of another type with values as wide as the type."""
    kind = rng.choice(
        (
            *(pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("ms", "Mars/Phobos")),
            *(pa.date32(), pa.time64("us"), pa.duration("s"), pa.int64(), pa.float64()),
            *(
                pa.decimal128(38, 2),
                pa.list_(pa.timestamp("us")),
                pa.dictionary(pa.int8(), pa.string()),
            ),
        )
    )
    if pa.types.is_list(kind):
        return pa.array([[rng.randint(-(2**62), 2**62)] for _ in cells], kind)
    if pa.types.is_dictionary(kind):
        return pa.array(cells).dictionary_encode()
    if pa.types.is_decimal(kind):
        return pa.array([decimal.Decimal(rng.randint(-(10**30), 10**30)) for _ in cells], kind)
    if pa.types.is_floating(kind):
        return pa.array([rng.choice((1.0, -1.0, math.inf, math.nan, 1e300)) for _ in cells])
    n_bits = kind.bit_width - 1
    numbers = [rng.randint(-(2**n_bits), 2**n_bits - 1) for _ in cells]
    return pa.array(numbers, pa.int32() if n_bits == 31 else pa.int64()).cast(kind, safe=False)


def as_workbook(rng, records):
    stream = io.BytesIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    # A workbook takes no control characters, and no more than 32,767 characters in a cell.
    rows = [
        [re.sub(r"[\x00-\x1f]", "", cell(record.get(name, "")))[:30_000] for name in names]
        for record in records
    ]
    pd.DataFrame(rows, columns=[re.sub(r"[\x00-\x1f]", "", cell(name)) for name in names]).to_excel(
        stream, index=False
    )
    return stream.getvalue()


WRITERS = {
    "log.jsonl": as_lines,
    "array.json": as_array,
    "object.json": as_object,
    "log.csv": as_csv,
    "log.parquet": as_parquet,
    "log.xlsx": as_workbook,
}


def damaged_bytes(rng, data):
    """Return data with one to three places changed, and what was done."""
    done = []
    for _ in range(rng.randint(1, 3)):
        way = rng.choice(BYTE_WAYS)
        done.append(way.__name__)
        data = way(rng, data)
    return data, done


def place(rng, data):
    """Return a place in data, often at a sign of its structure."""
    sign = rng.choice((b"\n", b",", b'"', b"{", b"}", b"[", b"]", b":", b"\\", b"", b""))
    places = [match.start() for match in re.finditer(re.escape(sign), data)] if sign else []
    return rng.choice(places) + rng.randint(0, 1) if places else rng.randint(0, len(data))


def flip(rng, data):
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng, data):
    return data[: place(rng, data)]


def behead(rng, data):
    return data[place(rng, data) :]


def insert(rng, data):
    at = place(rng, data)
    junk = (
        b"\x00",
        b'"',
        b"'",
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b"\n",
        b"\r",
        b"\xff",
        b"\xed\xa0\x80",
    )
    return data[:at] + rng.choice(junk) * rng.choice((1, 2, 300)) + data[at:]


def repeat(rng, data):
    first, last = sorted((place(rng, data), place(rng, data)))
    return data[:last] + data[first:last] * rng.randint(1, 3) + data[last:]


def reorder(rng, data):
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def recode(rng, data):
    encoding = rng.choice(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-le", "cp1252"))
    return data.decode("utf-8", "replace").encode(encoding, "replace")


def pack(rng, data):
    return gzip.compress(data)[: None if rng.random() < 0.5 else len(data) // 3]


BYTE_WAYS = (flip, flip, cut, cut, behead, insert, insert, repeat, reorder, recode, pack)


def damaged_zip(rng, data):
    """Return a zip with a member changed, packed soundly again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheets = [name for name in members if "sheet1" in name or "sharedStrings" in name]
    name = rng.choice(sheets) if sheets and rng.random() < 0.8 else rng.choice(list(members))
    if rng.random() < 0.5:
        numbers = (b"999999999999", b"-1", b"1e999", b"XFD9999999", b"")
        members[name] = re.sub(
            rb"(?<=\x22)[A-Z]*\d+(?=\x22)",
            lambda match: rng.choice(numbers) if rng.random() < 0.1 else match[0],
            members[name],
        )
        done = ["numbers"]
    else:
        members[name], done = damaged_bytes(rng, members[name])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue(), [f"{way} of {name}" for way in done]


def sample(rng):
    """Return the name of a file, its data, its records (0: unknown), and the way to read it."""
    kind = rng.random()
    if kind < 0.8:
        name = rng.choice(list(WRITERS))
        is_table = name in ("log.csv", "log.parquet", "log.xlsx")
        pool = TABLES if is_table else SAMPLES
        kinds = [rng.choice(pool), *([] if is_table else [rng.choice(pool)])]
        return name, WRITERS[name], kinds * rng.randint(2, 4), read_all_logs
    if kind < 0.9:
        source = rng.choice((INTERFACE, [GA4_API], [GA4_EVENT] * 2))
        return "ga.csv" if source is INTERFACE else "ga.jsonl", source, [], read_all_sessions
    source = rng.choice((GSC_QUERIES, PAGES, [GSC_API], [GSC_API["rows"][0]] * 2))
    name = "gsc.csv" if isinstance(source, str) else "gsc.jsonl"
    return name, source, [], read_all_demand


def damage(number, folder):
    """Write the damaged file of a round; return its path, its reader and what was done to it.

    The third value is the number of records that must be accounted for, 0 where it is not known.
    """
    rng = random.Random(f"{SEED}, {number}")  # noqa: S311 (no secret)
    name, source, records, read = sample(rng)
    # An object may hold its records under a name that nobody knows.
    n_records = 0 if name == "object.json" else len(records)
    done = []
    if isinstance(source, str):
        data = source.encode()
    else:
        records = records or source
        if rng.random() < 0.6:
            which = rng.randrange(len(records))
            records = list(records)
            records[which], done = damaged_record(rng, records[which])
            # A blank row of a table is no record.
            is_blank = not any(cell(value).strip() for value in records[which].values())
            n_records -= is_blank and n_records > 0
        data = (source if callable(source) else as_lines)(rng, records)
        data = data.replace(f'"{DEEP}"'.encode(), rng.choice(NESTED))
    if not done or rng.random() < 0.2:
        is_zip = name.endswith(".xlsx") and rng.random() < 0.8
        data, more = (damaged_zip if is_zip else damaged_bytes)(rng, data)
        done += more
        n_records = 0
    if read is read_all_demand and rng.random() < 0.3:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("Queries.csv", data)
        name, data = "export.zip", stream.getvalue()
        if rng.random() < 0.5:
            data, more = damaged_bytes(rng, data)
            done += more
    path = folder / name
    path.write_bytes(data)
    return path, read, n_records, f"{name}: {', '.join(done)}"


def read_all_logs(path):
    """Return the tables of a log, and the number of its records, after a look at its account."""
    settings = LogSettings(files=(str(path),))
    part = read_surveys(*survey_log(settings), settings)
    log = make_tables(part, settings)
    report = part.report
    accounted = report.rejected.copy()
    for (file, _), n in [
        *report.counts.items(),
        *report.merged.items(),
        *report.aside.items(),
    ]:
        accounted[file] += n
    assert accounted == report.seen, "the account does not add up"
    assert log.sources["n_records"].sum() == report.counts.total()
    assert log.sources["n_merged"].sum() == report.merged.total()
    assert log.sources["n_aside"].sum() == report.aside.total()
    outcomes = ["n_records", "n_merged", "n_aside", "n_rejected"]
    assert log.sources[outcomes].to_numpy().sum() == report.seen.total()
    assert len(log.rejects) <= report.n_rejected, "parts of a record share a row"
    assert set(log.rejects["file"]) == set(report.rejected)
    reasons = log.rejects["reason"]
    surprises = reasons[reasons.str.contains(f"{UNACCOUNTED}|{UNEXPECTED}")]
    assert surprises.empty, surprises.iloc[0]
    return [(schema, getattr(log, schema.name)) for schema in LOG_SCHEMAS], report.seen.total()


def read_all_sessions(path):
    sessions, rejects = read_sessions([str(path)])
    return [(SESSIONS, sessions), (REJECTS, rejects)], len(sessions) + len(rejects)


def read_all_demand(path):
    demand, rejects = read_search_console([str(path)])
    return [(SEARCH_DEMAND, demand), (REJECTS, rejects)], len(demand) + len(rejects)


def outcome(read, path):
    """Return the error that a file ends with, or else its tables and the number of its records."""
    started = time.process_time()
    try:
        tables, n_seen = read(path)
    except CoverageKitError as error:
        assert isinstance(error, LogError)
        assert all((error.where, error.what, error.found, error.cure)), error
        assert str(path.parent) in error.where
        assert len(str(error).encode("utf-8")) < 20_000, "nobody reads a longer message"
        return str(error), [], 0
    finally:
        assert time.process_time() - started < MAX_SECONDS
    return "", tables, n_seen


def check(read, path, n_records=0, is_read_twice=True):
    """Check one damaged file, and return how it ended."""
    error, tables, n_seen = outcome(read, path)
    assert error or n_seen >= n_records, f"{n_seen} of {n_records} records are accounted for"
    for schema, table in tables:
        schema.check(table, "the reader returned")
        pa.Table.from_pandas(table)
    if is_read_twice:
        error_again, tables_again, _ = outcome(read, path)
        assert error == error_again
        for (_, table), (_, other) in zip(tables, tables_again, strict=True):
            pd.testing.assert_frame_equal(table, other)
    if error:
        return "errors"
    rejects = next(table for schema, table in tables if schema is REJECTS)
    return "with rejects" if len(rejects) else "read whole"


# Over 5,000 records in all; with COVERAGE_KIT_LONG 100,000.
N_DAMAGED = rounds(6000, 100_000) // (len(SAMPLES) + len(TABLES))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("record", "name"),
    [
        *((sample, "log.jsonl") for sample in SAMPLES),
        *((sample, "log.csv") for sample in TABLES),
    ],
)
def test_of_thousands_of_damaged_records_of_a_format_each_is_accounted_for(tmp_path, record, name):
    rng = random.Random(f"{SEED}, {json.dumps(record)}, {name}")  # noqa: S311 (no secret)
    # A sound record comes first, so that there is a header and something to read.
    records = [record, *(damaged_record(rng, record)[0] for _ in range(N_DAMAGED))]
    if name == "log.csv":
        # Names of columns that only one record has would make it another table.
        records = [{key: value for key, value in row.items() if key in record} for row in records]
        records = [row for row in records if any(cell(value).strip() for value in row.values())]
    data = WRITERS[name](rng, records).replace(f'"{DEEP}"'.encode(), rng.choice(NESTED))
    path = tmp_path / name
    path.write_bytes(data)
    ending = check(read_all_logs, path, len(records), is_read_twice=False)
    # What is no question by itself, such as a page of Bing's, ends in an error that says so.
    path.write_bytes(WRITERS[name](rng, [record]))
    assert ending != "errors" or check(read_all_logs, path, is_read_twice=False) == "errors"


@pytest.mark.filterwarnings("ignore")
def test_no_damage_to_a_log_ends_a_run_or_loses_a_record(tmp_path):
    endings = Counter()
    failures = []
    for number in range(rounds(400, 10_000)):
        path, read, n_records, done = damage(number, tmp_path)
        try:
            endings[check(read, path, n_records, is_read_twice=number % 4 == 0)] += 1
        except Exception as error:  # the other rounds show what else is wrong
            failures.append(f"round {number} ({done}): {type(error).__name__}: {error}"[:400])
        path.unlink()
    assert not failures, "\n".join([f"{len(failures)} of {sum(endings.values())}", *failures[:40]])
    # Damage that is always refused, or never noticed, would test nothing.
    assert min(endings[kind] for kind in ("errors", "with rejects", "read whole")) > 20, endings
    logging.getLogger(__name__).info("%s", dict(endings))
