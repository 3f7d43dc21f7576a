"""Describe a log file before it is analyzed: its format, its counts, what could not be read."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.doubts import collect_doubts
from coverage_kit.measure.visibility import name_surfaces
from coverage_kit.report.engine_names import (
    describe_surfaces,
    name_engine,
    with_engine_names,
)
from coverage_kit.report.log_account import describe_account
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.wording import count
from coverage_kit.report.workbook import write_csv
from coverage_kit.settings import LogSettings
from coverage_kit.tables import LogTables
from coverage_kit.tasks.compare import as_columns

# Rows shown, and characters of a cell (assumed).
_ROWS = 5
_WIDTH = 34
# Reasons of rejects that are listed, the most frequent first; the others are counted.
_MAX_REASONS = 6


def inspect_log(
    file: Path,
    columns: Mapping[str, str],
    rejects: Path | None = None,
    *,
    is_strict: bool = False,
) -> str:
    """Return a description of a log file or folder: format, counts, rejects and first rows.

    Writes the records that could not be read as CSV to `rejects`, where that is given. Raises
    LogError for a file without any query; with `is_strict` also for a log that may be read wrongly.
    """
    log = read_log(LogSettings(files=(str(file),), columns=dict(columns), strict=is_strict))
    if rejects is not None and len(log.rejects):
        write_csv(log.rejects, rejects)
    paragraphs = [
        _describe_sources(log),
        _describe_account(log),
        _describe_doubts(log),
        _describe_counts(log),
        _describe_rejects(log, rejects),
        _describe_extra(log),
        _describe_rows(log),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _describe_sources(log: LogTables) -> str:
    rows = log.sources.to_dict("records")
    lines = [
        f"{row['file']}: {row['format']}, {count(row['n_records'], 'record')}"
        + (f"\n  {shorten(row['fields'], 400)}" if row["fields"] else "")
        for row in rows
    ]
    notes = dict.fromkeys(row["note"] for row in rows if not is_missing(row["note"]))
    return "\n".join([*lines, *(f"  Note: {note}" for note in notes)])


def _describe_account(log: LogTables) -> str:
    """Return how the records add up, and what those are that are no questions by themselves."""
    left_out = [
        f"  {row['file']}: {row['left_out']}"
        for row in log.sources.to_dict("records")
        if not is_missing(row["left_out"]) and row["left_out"]
    ]
    return "\n".join([describe_account(log.sources), *left_out])


def _describe_doubts(log: LogTables) -> str:
    doubts = collect_doubts(log.sources.to_dict("records"))
    if not doubts:
        return ""
    return "\n".join(
        ["To check before you go on:", *(f"  {shorten(doubt, 500)}" for doubt in doubts)]
    )


def _describe_counts(log: LogTables) -> str:
    kinds = log.citations["kind"].value_counts()
    cited = log.citations[log.citations["kind"] == "cited"]
    n_cited = kinds.get("cited", 0)
    n_retrieved = kinds.get("retrieved", 0)
    times = log.answers["asked_at"].dropna()
    has_answer = log.queries["query_id"].isin(log.answers["query_id"])
    has_record = has_answer | log.queries["query_id"].isin(log.failures["query_id"])
    n_blank = int((~has_record).sum()) if len(log.answers) else 0
    blank = f", {count(n_blank, 'question')} without a logged answer" if n_blank else ""
    lines = [
        f"{count(len(log.queries), 'question')}, {count(len(log.answers), 'answer')}, "
        f"{len(log.failures):,} failed{blank}",
        ", ".join(
            [
                f"{count(n_cited, 'citation')} of {count(cited['site'].nunique(), 'site')}"
                if n_cited
                else "no citations",
                *([f"{count(n_retrieved, 'page')} retrieved and not cited"] if n_retrieved else []),
                *([_count_searches(len(log.searches))] if len(log.searches) else []),
                *(
                    [f"{count(len(log.mentions), 'mention')} as logged"]
                    if len(log.mentions)
                    else []
                ),
            ]
        ),
    ]
    answers = log.answers.assign(surface=name_surfaces(log.answers))
    series = Counter(with_engine_names(answers, answers)["series"]).most_common(8)
    engines = [f"{shorten(engine, 50)} {n:,}" for engine, n in series]
    lines += [f"engines: {', '.join(engines)}"] if engines else []
    lines += filter(None, [describe_surfaces(answers)])
    lines += (
        [f"asked from {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d} (UTC)"]
        if len(times)
        else ["no times"]
    )
    return "\n".join(lines)


def _count_searches(n: int) -> str:
    return f"{n:,} search{'' if n == 1 else 'es'}"


def _describe_rejects(log: LogTables, rejects: Path | None) -> str:
    if log.rejects.empty:
        return "Every record was read."
    kinds = log.rejects["reason"].str.replace(r" \(.*", "", regex=True)
    counts = log.rejects.groupby(kinds, sort=False).agg(
        n=("line", "size"), line=("line", "first"), reason=("reason", "first")
    )
    rows = counts.sort_values("n", ascending=False).head(_MAX_REASONS).to_dict("records")
    lines = [
        f"  {row['n']:,} x {shorten(row['reason'], 120)}, first in line {row['line']}"
        for row in rows
    ]
    n_further = len(counts) - _MAX_REASONS
    further = [f"  and {n_further} further reasons"] if n_further > 0 else []
    hint = f"all are in {rejects}" if rejects else "--rejects FILE.csv lists them all"
    return "\n".join([f"{count(len(log.rejects), 'record')} not read ({hint}):", *lines, *further])


def _describe_extra(log: LogTables) -> str:
    counts = Counter(
        key for text in log.answers["extra"].dropna().head(1000) for key in json.loads(text)
    )
    keys = ", ".join(shorten(key, 30) for key, _ in counts.most_common(15))
    return f"Kept aside, in answers.extra: {keys}" if keys else ""


def _describe_rows(log: LogTables) -> str:
    answers = log.answers.head(_ROWS)
    if answers.empty:
        table = log.queries.head(_ROWS)[["text", "demand"]].rename(
            columns={"text": "question", "demand": "times asked"}
        )
    else:
        cited = log.citations[log.citations["kind"] == "cited"].drop_duplicates(
            ["answer_id", "site"]
        )
        sites = cited.groupby("answer_id")["site"].agg(", ".join)
        table = pd.DataFrame(
            {
                "question": answers["query_id"].map(log.queries.set_index("query_id")["text"]),
                "engine": answers["engine"].map(name_engine),
                "asked (UTC)": answers["asked_at"].dt.strftime("%Y-%m-%d %H:%M"),
                "answer": answers["text"],
                "cites": answers["answer_id"].map(sites),
            }
        )
    cells = [[shorten(value, _WIDTH) for value in row] for row in table.itertuples(index=False)]
    return as_columns([list(table.columns), *cells])
