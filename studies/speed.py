"""Speed of a first and a second run against a plain script and BERTopic, on real text.

Every task runs in a process of its own, start and imports included, in turn with the tasks that it
is compared with; medians count.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from studies.speed_data import (
    change_site,
    changed_share,
    real_passages,
    real_queries,
    write_sample,
    write_site,
)

Run = dict[str, Any]
# Share of passages and queries that change before the second run.
CHANGED = 0.01


@dataclass(frozen=True)
class Size:
    """How much text is run, how often, and which multiples of the sample."""

    n_passages: int = 5_000
    n_queries: int = 20_000
    n_rounds: int = 3
    times: tuple[int, ...] = (1, 10)


def measure_speed(size: Size | None = None) -> dict[str, Any]:
    """Return ratios, and the runs from which they are computed.

    `first_run_vs_plain`: seconds of the plain script over ours, for embedding and top-10 search of
    the same texts. `second_run_speedup`: seconds of our first run over those of a second one with
    1% of passages and queries changed. `clusters_vs_bertopic`: seconds of BERTopic's default
    pipeline over those of our clusters and labels, vectors given. `top10_overlap`: mean share of
    each query's ten nearest passages that both find; `_fp32` the same in single precision.
    `whole_...`: the same of a whole analysis: calibration, gaps, edits, map, page and workbook.
    """
    size = size or Size()
    with tempfile.TemporaryDirectory() as scratch:
        runs = _run_rounds(Path(scratch), size)
        overlap = {name: _overlap(Path(scratch) / name) for name in ("first", "single")}
        sample = {
            str(times): _measure_sample(Path(scratch) / f"sample{times}", times)
            for times in size.times
        }
    seconds = {
        name: float(np.median([run["seconds"] for run in of_task]))
        for name, of_task in runs.items()
    }
    return {
        "first_run_vs_plain": seconds["plain"] / seconds["first"],
        "first_run_fp32_vs_plain": seconds["plain"] / seconds["single"],
        "second_run_speedup": seconds["first"] / seconds["second"],
        "clusters_vs_bertopic": seconds["bertopic"] / seconds["clusters"],
        "top10_overlap": overlap["first"],
        "top10_overlap_fp32": overlap["single"],
        "whole_second_run_speedup": seconds["whole_first"] / seconds["whole_second"],
        "median_seconds": seconds,
        "peak_megabytes": {
            name: max(run["peak_megabytes"] for run in of_task) for name, of_task in runs.items()
        },
        "sample": sample,
        "runs": runs,
    }


def print_speed(figures: dict[str, Any]) -> None:
    """Print the ratios, the medians, and the stages of the sample's runs."""
    for name, value in figures.items():
        if isinstance(value, float):
            print(f"{name:<28}{value:>10.3f}")
    for name, value in figures["median_seconds"].items():
        print(f"{name:<28}{value:>10.1f} s{figures['peak_megabytes'][name]:>10.0f} MB")
    for times, sample_runs in figures["sample"].items():
        for which, run in sample_runs.items():
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in run["stages"].items())
            counts = (
                f"{run['queries']} queries, {run['answers']} answers, {run['passages']} passages"
            )
            print(
                f"sample x{times}, {which}: {run['seconds']:.1f} s, "
                f"{run['peak_megabytes']:.0f} MB; {stages}; {counts}"
            )


def _run_rounds(scratch: Path, size: Size) -> dict[str, list[Run]]:
    """Return the runs of each task, one for each round; those of the complete analysis once."""
    passages = real_passages(size.n_passages)
    queries = real_queries(size.n_queries)
    texts = list(passages["heading"] + ". " + passages["text"])
    first, single = (_write_texts(scratch / name, texts, queries) for name in ("first", "single"))
    (single / "fp32").touch()
    runs: dict[str, list[Run]] = defaultdict(list)
    for _ in range(size.n_rounds):
        runs["plain"].append(_run("plain", first))
        shutil.copytree(first / "plain", single / "plain", dirs_exist_ok=True)
        for name, folder in (("first", first), ("single", single)):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            runs[name].append(_run("ours", folder))
        second = scratch / "second"
        shutil.rmtree(second, ignore_errors=True)
        _write_texts(
            second,
            changed_share(texts, CHANGED),
            changed_share(queries, CHANGED),
        )
        shutil.copytree(first / "cache", second / "cache")
        runs["second"].append(_run("ours", second))
        for task in ("bertopic", "clusters"):
            runs[task].append(_run(task, first))
    project = scratch / "project"
    write_site(passages, queries, project)
    runs["whole_first"].append(_run("whole", project))
    change_site(project, CHANGED)
    runs["whole_second"].append(_run("whole", project))
    runs["whole_unchanged"].append(_run("whole", project))
    return runs


def _measure_sample(folder: Path, times: int) -> dict[str, Run]:
    """Return a first and a second run of the sample so many times as large."""
    write_sample(folder, times)
    return {which: _run("whole", folder) for which in ("first", "second")}


def _write_texts(folder: Path, passages: list[str], queries: list[str]) -> Path:
    folder.mkdir(parents=True)
    for name, texts in (("passages", passages), ("queries", queries)):
        (folder / f"{name}.json").write_text(json.dumps(texts), encoding="utf-8")
    return folder


def _run(task: str, folder: Path) -> Run:
    command = [
        sys.executable,
        "-m",
        "studies.speed_tasks",
        task,
        str(folder),
    ]
    process = subprocess.run(  # noqa: S603 (this very Python)
        command, check=False, capture_output=True, text=True
    )
    if process.returncode:
        raise RuntimeError(f"{task} failed: {process.stderr[-2000:]}")
    run: Run = json.loads(process.stdout.splitlines()[-1])
    print(f"{task} in {folder.name}: {run['seconds']:.1f} s", file=sys.stderr)
    return run


def _overlap(folder: Path) -> float:
    """Return the mean share of nearest passages that are as near as those of the plain script.

    As near by the plain script's vectors, to six decimals: of copies of a passage either is right.
    """
    queries, passages, plain_rows = (
        np.load(folder / "plain" / f"{name}.npy") for name in ("asked", "content", "rows")
    )
    own_rows = np.load(folder / "ours" / "rows.npy")
    shares = []
    for start in range(0, len(queries), 1000):
        block = slice(start, start + 1000)
        similarity = queries[block] @ passages.T
        last = np.take_along_axis(similarity, plain_rows[block], 1).min(axis=1, keepdims=True)
        own = np.take_along_axis(similarity, own_rows[block], 1)
        shares.append((own >= last - 1e-6).mean(axis=1))
    return float(np.concatenate(shares).mean())
