"""A long log read in parts, file by file and on several machines if need be, and merged again.

plan = plan_log(log)                                          # once, first
save_log_part(read_log_part(log, file, plan), folder)         # for each of plan.files, anywhere
tables = merge_log_parts(map(load_log_part, folders), log)    # equals read_log(log)
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coverage_kit.collect.logs import query_counts
from coverage_kit.collect.logs.read import (
    LogPart,
    list_files,
    make_tables,
    read_surveys,
    survey_files,
    survey_log,
    without_cycles,
)
from coverage_kit.collect.logs.read_report import LogReadReport
from coverage_kit.collect.logs.requests import Requests
from coverage_kit.collect.logs.sample import Ask, Sample
from coverage_kit.collect.logs.tabulate import LogTabulator
from coverage_kit.collect.logs.tally import Tally
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from coverage_kit.storage.digests import find_damage, read_version, write_manifest
from coverage_kit.storage.files import new_folder
from coverage_kit.tables import LogTables
from coverage_kit.text.parse import parse_json

# A part of another version is read again.
_FORMAT = 2
_ASKS = pa.schema(
    [
        ("answer_id", pa.string()),
        ("query", pa.large_string()),
        ("n_pages", pa.int64()),
        ("n_again", pa.int64()),
        ("has_searched", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class LogPlan:
    """What a worker must know of the other files of a log to read one file. It can be pickled.

    `requests` are the requests whose responses may be in other files. `problems` has the reason for
    each source that is left out.
    """

    files: tuple[str, ...]
    requests: Requests
    problems: Mapping[str, str]


def plan_log(log: LogSettings, must_have_columns: bool = True) -> LogPlan:
    """Return the plan by which the files of a log are read in parts.

    Raises LogError as `read_log` does.
    """
    surveys, requests = survey_log(log, must_have_columns)
    problems = {survey.source.location: survey.problem for survey in surveys if survey.problem}
    files = tuple(str(path) for _, path in list_files(log))
    return LogPlan(files=files, requests=requests, problems=problems)


def read_log_part(log: LogSettings, file: str, plan: LogPlan | None = None) -> LogPart:
    """Return what a file of a log holds, in bounded memory.

    Columns are mapped as `read_log` maps them. Without a plan the file is read as if the log had no
    other files. Raises LogError as `read_log` does.
    """
    file_log = log.model_copy(update={"files": (file,)})
    surveys, requests = survey_files(file_log) if plan else survey_log(file_log)
    if plan:
        requests = Requests(
            prompts=dict(plan.requests.prompts),
            details=dict(plan.requests.details),
            traces=plan.requests.traces,
        )
        for survey in surveys:
            survey.problem = plan.problems.get(survey.source.location, "")
    with without_cycles():
        return read_surveys(surveys, requests, log)


def merge_log_parts(parts: Iterable[LogPart], log: LogSettings) -> LogTables:
    """Return the tables that `read_log` would return, from a log's parts in the order of its files.

    The parts may come from an iterator that loads them one after another. They are used up. Raises
    LogError where they hold no records.
    """
    with without_cycles():
        return make_tables(reduce(_joined, parts, _empty(log)), log)


def save_log_part(part: LogPart, folder: str | Path) -> None:
    """Write a part as a folder with Parquet files and a JSON file.

    The folder appears only when all its files are written.
    """
    folder = Path(folder)
    tabulator = part.tabulator
    tables = {name: growing.packed() for name, growing in tabulator.growing.items()}
    tables["spellings"] = query_counts.to_arrow(tabulator.spellings)
    samples = {"answered": tabulator.answered, "failed": tabulator.failed}
    tables |= {name: _asks_table(sample) for name, sample in samples.items()}
    sizes = {
        name: [sample.max_answers, sample.n_halved, sample.n_read]
        for name, sample in samples.items()
    }
    fields = json.dumps({"samples": sizes, **_json_fields(part)})
    # A part is read with care, and can be made again: it need not be on the disk yet.
    with new_folder(folder, is_synced=False) as unfinished:
        for name, table in tables.items():
            pq.write_table(table, unfinished / f"{name}.parquet", compression="zstd")
        (unfinished / "part.json").write_text(fields, encoding="utf-8")
        write_manifest(unfinished, _FORMAT)


def load_log_part(folder: str | Path) -> LogPart:
    """Return the part in a folder. Raises LogError where the folder holds none."""
    folder = Path(folder)
    try:
        damage = find_damage(folder)
        if damage or read_version(folder) != _FORMAT:
            raise ValueError(damage or "a part of another version")
        stored = parse_json((folder / "part.json").read_text(encoding="utf-8"))
        tabulator = LogTabulator()
        tabulator.spellings = query_counts.from_arrow(pq.read_table(folder / "spellings.parquet"))
        for name, growing in tabulator.growing.items():
            growing.append(pq.read_table(folder / f"{name}.parquet").cast(growing.arrow_schema))
        for name, (max_answers, n_halved, n_read) in stored["samples"].items():
            rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
            sample = Sample(
                max_answers,
                n_read=n_read,
                asks={row.pop("answer_id"): Ask(**row) for row in rows},
            )
            sample.shrink(n_halved)
            setattr(tabulator, name, sample)
        return _part_from(tabulator, stored)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        cure = "Read that file of the log again."
        raise LogError(
            str(folder),
            "a part of a log",
            f"{type(error).__name__}: {error}"[:300],
            cure,
        ) from None


def _empty(log: LogSettings) -> LogPart:
    return LogPart(
        tabulator=LogTabulator(log.max_answers),
        report=LogReadReport(log.max_answers),
        requests=Requests(),
    )


def _joined(merged: LogPart, part: LogPart) -> LogPart:
    merged.join(part)
    return merged


def _asks_table(sample: Sample) -> pa.Table:
    rows = (
        (name, ask.query, ask.n_pages, ask.n_again, ask.has_searched)
        for name, ask in sample.asks.items()
    )
    columns = list(zip(*rows, strict=True)) or [()] * len(_ASKS)
    return pa.table(
        [pa.array(values, kind) for values, kind in zip(columns, _ASKS.types, strict=True)],
        schema=_ASKS,
    )


def _json_fields(part: LogPart) -> dict[str, Any]:
    """Return what a part holds besides its tables, in values that JSON has."""
    report = part.report
    requests = part.requests
    return {
        "report": {
            "max_rejects": report.max_rejects,
            "counts": [[file, name, n] for (file, name), n in report.counts.items()],
            "merged": [[file, name, n] for (file, name), n in report.merged.items()],
            "aside": [[file, name, n] for (file, name), n in report.aside.items()],
            "kinds": [[file, name, dict(kinds)] for (file, name), kinds in report.kinds.items()],
            "seen": dict(report.seen),
            "rejected": dict(report.rejected),
            "rejects": report.rejects,
            "tallies": [
                [file, name, asdict(tally)] for (file, name), tally in report.tallies.items()
            ],
        },
        "requests": [
            [request_id, prompt, *details]
            for (request_id, prompt), details in requests.details.items()
        ],
        "answered": sorted(requests.answered),
        "chosen": part.chosen,
        "sources": part.sources,
    }


def _part_from(tabulator: LogTabulator, stored: dict[str, Any]) -> LogPart:
    """Return the part of a tabulator and of the fields that `_json_fields` returned."""
    stored_report = stored["report"]
    report = LogReadReport(
        max_rejects=stored_report["max_rejects"],
        counts=Counter({(file, name): n for file, name, n in stored_report["counts"]}),
        merged=Counter({(file, name): n for file, name, n in stored_report["merged"]}),
        aside=Counter({(file, name): n for file, name, n in stored_report["aside"]}),
        kinds={(file, name): Counter(kinds) for file, name, kinds in stored_report["kinds"]},
        seen=Counter(stored_report["seen"]),
        rejected=Counter(stored_report["rejected"]),
        rejects=stored_report["rejects"],
        tallies={
            (file, name): Tally.of_json(tally) for file, name, tally in stored_report["tallies"]
        },
    )
    details = {
        (request_id, prompt): (file, model, error)
        for request_id, prompt, file, model, error in stored["requests"]
    }
    requests = Requests(answered=set(stored["answered"]))
    # Joining fills in the prompts.
    requests.join(Requests(details=details))
    return LogPart(
        tabulator=tabulator,
        report=report,
        requests=requests,
        chosen=stored["chosen"],
        sources=stored["sources"],
    )
