"""What a log file holds, told before anything is made of it. Glue between reading and telling."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from coverage_kit.collect.logs import read_log
from coverage_kit.measure.visibility import name_surfaces
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.workbook import write_csv
from coverage_kit.settings import LogSettings
from coverage_kit.tables import LogTables
from coverage_kit.tasks.compare import as_columns

_ROWS = 5
_WIDTH = 34


def inspect_log(file: Path, columns: Mapping[str, str], rejects: Path | None = None) -> str:
    """Return in words what format a log file or folder has, what was found in it, what not and why, and the first rows.

    Writes what could not be read as CSV to `rejects`, where that is given. Raises LogError for a
    file without any query.
    """
    log = read_log(LogSettings(files=(str(file),), columns=dict(columns)))
    if rejects is not None and len(log.rejects):
        write_csv(log.rejects, rejects)
    parts = [
        _tell_sources(log),
        _tell_counts(log),
        _tell_rejects(log, rejects),
        _tell_extra(log),
        _tell_rows(log),
    ]
    return "\n\n".join(part for part in parts if part)


def _tell_sources(log: LogTables) -> str:
    rows = log.sources.to_dict("records")
    told = [
        f"{row['file']}: {row['format']}, {row['n_records']:,} records\n  {shorten(row['fields'], 400)}"
        for row in rows
    ]
    notes = dict.fromkeys(row["note"] for row in rows if not is_missing(row["note"]))
    return "\n".join([*told, *(f"  Note: {note}" for note in notes)])


def _tell_counts(log: LogTables) -> str:
    kinds = log.citations["kind"].value_counts()
    cited = log.citations[log.citations["kind"] == "cited"]
    n_cited = kinds.get("cited", 0)
    n_retrieved = kinds.get("retrieved", 0)
    times = log.answers["asked_at"].dropna()
    lines = [
        f"{len(log.queries):,} queries, {len(log.answers):,} answers, {len(log.failures):,} failed",
        f"{n_cited:,} citations of {cited['site'].nunique():,} sites, {n_retrieved:,} pages retrieved and not cited, "
        f"{len(log.searches):,} searches, {len(log.mentions):,} mentions as logged",
    ]
    asked = Counter(
        zip(log.answers["engine"], name_surfaces(log.answers), strict=True)
    ).most_common(8)
    named = [
        f"{shorten(engine, 30)} ({shorten(surface, 20)}) {n:,}" for (engine, surface), n in asked
    ]
    lines += [f"engines: {', '.join(named)}"] if named else []
    lines += (
        [f"asked from {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d} (UTC)"]
        if len(times)
        else ["no times"]
    )
    return "\n".join(lines)


def _tell_rejects(log: LogTables, rejects: Path | None) -> str:
    if log.rejects.empty:
        return "Every record was read."
    kinds = log.rejects["reason"].str.replace(r" \(.*", "", regex=True)
    counts = log.rejects.groupby(kinds, sort=False).agg(
        n=("line", "size"), line=("line", "first"), reason=("reason", "first")
    )
    rows = counts.sort_values("n", ascending=False).head(6).to_dict("records")
    told = [
        f"  {row['n']:,} x {shorten(row['reason'], 120)}, first in line {row['line']}"
        for row in rows
    ]
    more = [f"  and {len(counts) - 6} further reasons"] if len(counts) > 6 else []
    place = f"all are in {rejects}" if rejects else "--rejects FILE.csv lists them all"
    return "\n".join([f"{len(log.rejects):,} records were not read ({place}):", *told, *more])


def _tell_extra(log: LogTables) -> str:
    counts = Counter(
        key for text in log.answers["extra"].dropna().head(1000) for key in json.loads(text)
    )
    named = ", ".join(shorten(key, 30) for key, _ in counts.most_common(15))
    return f"Kept aside, in answers.extra: {named}" if named else ""


def _tell_rows(log: LogTables) -> str:
    answers = log.answers.head(_ROWS)
    if answers.empty:
        shown = log.queries.head(_ROWS)[["text", "demand"]].rename(columns={"text": "query"})
    else:
        cited = log.citations[log.citations["kind"] == "cited"].drop_duplicates(
            ["answer_id", "site"]
        )
        sites = cited.groupby("answer_id")["site"].agg(", ".join)
        shown = pd.DataFrame(
            {
                "query": answers["query_id"].map(log.queries.set_index("query_id")["text"]),
                **{
                    "engine": answers["engine"],
                    "asked (UTC)": answers["asked_at"].dt.strftime("%Y-%m-%d %H:%M"),
                },
                "answer": answers["text"],
                "cites": answers["answer_id"].map(sites),
            }
        )
    cells = [[shorten(value, _WIDTH) for value in row] for row in shown.itertuples(index=False)]
    return as_columns([list(shown.columns), *cells])
