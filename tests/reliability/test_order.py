"""The same content gives the same result: in whatever order it comes, and on whatever machine."""

import itertools
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from coverage_kit.analysis import load_analysis
from coverage_kit.match.whitening import fit_space
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import read_settings
from coverage_kit.vectors import Embeddings, to_unit_length
from tests.reliability.rounds import rounds
from tests.reliability.small_run import (
    SUBJECTS,
    compared_tables,
    list_differences,
    run_small,
    sample_pages,
    sample_records,
    write_log,
    write_pages,
)
from tests.world import DATA, write_project

RECORDS = sample_records()
_N_FILES = 3
# Line orders and file orders that are tried: few in the short form, all in the long one.
_SEEDS = range(rounds(1, 25))
# The last is "cba".
_ORDERS = list(itertools.permutations("abc"))[-1 : 0 : -rounds(5, 1)]


def write_parts(folder, names="abc"):
    """Write the log as three files; return them by name."""
    return [
        write_log(folder / f"{name}.jsonl", RECORDS[number::_N_FILES])
        for number, name in enumerate(names)
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("order")
    write_pages(folder / "other", sample_pages(len(SUBJECTS)))
    return write_pages(folder / "site", sample_pages())


@pytest.fixture(scope="module")
def expected(site):
    folder = site.parent / "expected"
    return compared_tables(run_small(site, write_parts(folder), folder / "run"))


def check_same(expected, site, logs, out, **sections):
    found = compared_tables(run_small(site, logs, out, **sections))
    assert list_differences(expected, found) == []


def test_the_run_has_what_the_order_could_change(expected):
    assert len(expected["gaps"]) > 3
    assert expected["edits"]["is_chosen"].any()
    assert len(expected["failures"]) > 2


@pytest.mark.parametrize("order", _ORDERS)
def test_the_order_of_the_files_decides_nothing(expected, site, tmp_path, order):
    files = dict(zip("abc", write_parts(tmp_path), strict=True))
    check_same(expected, site, [files[name] for name in order], tmp_path / "run")


@pytest.mark.parametrize("names", ["bca", "cba"][: rounds(1, 2)])
def test_the_names_of_the_files_decide_nothing(expected, site, tmp_path, names):
    check_same(expected, site, write_parts(tmp_path, names), tmp_path / "run")


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_order_of_the_lines_decides_nothing(expected, site, tmp_path, seed):
    shuffled = random.Random(seed).sample(RECORDS, len(RECORDS))  # noqa: S311 (no secret)
    log = write_log(tmp_path / "log.jsonl", shuffled)
    check_same(expected, site, [log], tmp_path / "run")


def test_lines_reversed_and_files_in_a_folder_decide_nothing(expected, site, tmp_path):
    write_log(tmp_path / "log" / "z" / "late.jsonl", RECORDS[:10][::-1])
    write_log(tmp_path / "log" / "early.jsonl", RECORDS[10:][::-1])
    check_same(expected, site, [tmp_path / "log"], tmp_path / "run")


def run_apart(site, logs, out, **environment):
    """Run in a process of its own with these variables; return the tables that it wrote."""
    subprocess.run(
        [sys.executable, "-m", "tests.reliability.small_run", site, out, *logs],
        check=True,
        timeout=600,
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, **environment},
    )
    return compared_tables(load_analysis(out))


# Variables of the environment that say how a machine is, not what is analysed.
_MACHINES = [
    {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2", "TZ": "Pacific/Auckland", "LC_ALL": "C"},
    {
        "PYTHONHASHSEED": "2",
        "OMP_NUM_THREADS": "1",
        "TZ": "America/St_Johns",
        "LANG": "tr_TR.UTF-8",
    },
    {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "2", "TZ": "Asia/Kathmandu", "LANG": "de_DE.UTF-8"},
]


@pytest.mark.parametrize("machine", _MACHINES[: rounds(1, 3)])
def test_hashes_threads_zone_and_language_of_the_machine_decide_nothing(
    expected, site, tmp_path, machine
):
    found = run_apart(site, write_parts(tmp_path), tmp_path / "run", **machine)
    assert list_differences(stored(expected, tmp_path), found) == []


def stored(tables, folder):
    """Return tables as a run's files hold them."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in tables}


def test_the_current_folder_and_the_umask_decide_nothing(expected, site, tmp_path, monkeypatch):
    logs = [path.relative_to(tmp_path) for path in write_parts(tmp_path / "here")]
    for name in ("site", "other"):
        shutil.copytree(site.parent / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    umask = os.umask(0o077)
    try:
        found = compared_tables(run_small(Path("site"), logs, Path("run")))
    finally:
        os.umask(umask)
    # Where the pages' files are is the only thing that a run writes of its place.
    for tables in (expected, found):
        tables["pages"] = tables["pages"].drop(columns="html_path")
    assert list_differences(expected, found) == []


def test_a_space_is_the_same_on_one_thread_and_on_two():
    vectors = to_unit_length(np.random.default_rng(0).normal(size=(600, 384)))
    embeddings = Embeddings(tuple(map(str, range(600))), vectors, "e")
    spaces = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            spaces.append(fit_space(embeddings, embeddings).whitening)
    assert np.array_equal(*spaces)


@pytest.mark.skipif(not rounds(0, 1), reason="takes minutes")
@pytest.mark.parametrize("order", ["cba", "reversed"])
def test_the_order_of_the_samples_log_decides_nothing(
    sample_analysis, sample_project, tmp_path, order
):
    lines = (DATA / "log" / "answers.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    parts = {name: lines[number::_N_FILES] for number, name in enumerate("abc")}
    if order == "reversed":
        parts = {order: lines[::-1]}
    paths = [tmp_path / f"{name}.jsonl" for name in sorted(parts, reverse=True)]
    for path in paths:
        path.write_text("".join(parts[path.stem]), encoding="utf-8")
    settings = read_settings(write_project(tmp_path))
    files = {"log": settings.log.model_copy(update={"files": tuple(map(str, paths))})}
    # The vectors alone are reused: all figures are made again.
    (tmp_path / "cache").mkdir()
    shutil.copy(sample_project.parent / "cache" / "vectors.sqlite", tmp_path / "cache")
    found = compared_tables(analyze(settings.model_copy(update=files)))
    assert list_differences(compared_tables(sample_analysis), found) == []
