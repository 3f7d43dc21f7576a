"""A long log read in parts, file by file, on several machines if need be, and put together again.

plan = plan_log(log)                        # once, before
read_log_part(log, file, plan).save(folder) # for each of plan.files, anywhere
merge_log_parts(map(load_log_part, folders), log)  # equals read_log(log)
"""

import json
import shutil
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
from coverage_kit.collect.logs.read_report import LogReadReport, Unread
from coverage_kit.collect.logs.requests import Requests
from coverage_kit.collect.logs.sample import Ask, Sample
from coverage_kit.collect.logs.tabulate import LogTabulator
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from coverage_kit.tables import LogTables

_ASKS = pa.schema(
    [
        *(
            ("answer_id", pa.string()),
            ("query", pa.large_string()),
            ("n_pages", pa.int64()),
            ("n_again", pa.int64()),
        ),
        ("has_searched", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class LogPlan:
    """What must be known of a whole log to read one of its files alone. It can be pickled.

    `requests` are those whose responses may stand in other files, `problems` says why a source is
    left out.
    """

    files: tuple[str, ...]
    requests: Requests
    problems: Mapping[str, str]


def plan_log(log: LogSettings, must_have_columns: bool = True) -> LogPlan:
    """Return the plan by which the files of a log are read in parts. Raises as `read_log` does."""
    surveys, requests = survey_log(log, must_have_columns)
    problems = {survey.source.where: survey.problem for survey in surveys if survey.problem}
    return LogPlan(tuple(str(path) for _, path in list_files(log)), requests, problems)


def read_log_part(log: LogSettings, file: str, plan: LogPlan | None = None) -> LogPart:
    """Return what one file of a log holds, in bounded memory; columns are mapped as `read_log` maps them.

    Without a plan the file is read as if the log had no other. Raises LogError as `read_log` does.
    """
    alone = log.model_copy(update={"files": (file,)})
    surveys, requests = survey_files(alone) if plan else survey_log(alone)
    if plan:
        requests = Requests(dict(plan.requests.prompts), dict(plan.requests.asked))
        for survey in surveys:
            survey.problem = plan.problems.get(survey.source.where, "")
    with without_cycles():
        return read_surveys(surveys, requests, log)


def merge_log_parts(parts: Iterable[LogPart], log: LogSettings) -> LogTables:
    """Return the tables of a log from its parts in the order of its files: those that `read_log` would return.

    Parts may come from an iterator that loads one after another; they are used up. Raises LogError
    where they hold no records.
    """
    with without_cycles():
        return make_tables(reduce(_joined, parts, _empty(log)), log)


def save_log_part(part: LogPart, folder: str | Path) -> None:
    """Write a part as a folder of Parquet files and one of JSON; the folder is there only when all of it is."""
    folder = Path(folder)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tabulator = part.tabulator
    tables = {name: growing.packed() for name, growing in tabulator.growing.items()}
    tables["spellings"] = query_counts.to_arrow(tabulator.spellings)
    samples = {"answered": tabulator.answered, "failed": tabulator.failed}
    for name, table in (
        tables | {name: _asks_table(sample) for name, sample in samples.items()}
    ).items():
        pq.write_table(table, partial / f"{name}.parquet", compression="zstd")
    sizes = {name: [sample.most, sample.n_halved, sample.n_met] for name, sample in samples.items()}
    (partial / "part.json").write_text(
        json.dumps({"samples": sizes, **_rest_of(part)}), encoding="utf-8"
    )
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def load_log_part(folder: str | Path) -> LogPart:
    """Return the part that a folder holds. Raises LogError where there is none."""
    folder = Path(folder)
    try:
        stored = json.loads((folder / "part.json").read_text(encoding="utf-8"))
        tabulator = LogTabulator()
        tabulator.spellings = query_counts.from_arrow(pq.read_table(folder / "spellings.parquet"))
        for name, growing in tabulator.growing.items():
            growing.append(pq.read_table(folder / f"{name}.parquet").cast(growing.arrow_schema))
        for name, (most, n_halved, n_met) in stored["samples"].items():
            rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
            sample = Sample(
                most,
                n_met=n_met,
                asks={row.pop("answer_id"): Ask(**row) for row in rows},
            )
            sample.shrink(n_halved)
            setattr(tabulator, name, sample)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        cure = "Read that file of the log again."
        raise LogError(
            str(folder),
            "a part of a log",
            f"{type(error).__name__}: {error}"[:300],
            cure,
        ) from None
    return _part_of(tabulator, stored)


def _empty(log: LogSettings) -> LogPart:
    return LogPart(
        LogTabulator(log.max_answers),
        LogReadReport(log.max_answers),
        Requests(),
    )


def _joined(whole: LogPart, part: LogPart) -> LogPart:
    whole.join(part)
    return whole


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


def _rest_of(part: LogPart) -> dict[str, Any]:
    """Return what is not in a part's tables, as JSON can hold it."""
    met = part.met
    requests = part.requests
    return {
        "met": {
            **asdict(met),
            "counts": [[*place, n] for place, n in met.counts.items()],
        },
        "requests": [[*name, *request] for name, request in requests.asked.items()],
        "answered": sorted(requests.answered),
        "chosen": part.chosen,
        "sources": part.sources,
    }


def _part_of(tabulator: LogTabulator, stored: dict[str, Any]) -> LogPart:
    told = stored["met"]
    asked = {(name, prompt): tuple(rest) for name, prompt, *rest in stored["requests"]}
    counts = Counter({(file, name): n for file, name, n in told["counts"]})
    times = Unread(**told["times"])
    figures = Unread(**told["figures"])
    met = LogReadReport(
        told["most"],
        counts,
        told["rejects"],
        told["n_rejected"],
        times,
        figures,
    )
    requests = Requests(answered=set(stored["answered"]))
    requests.join(Requests(asked=asked))
    return LogPart(tabulator, met, requests, stored["chosen"], stored["sources"])
