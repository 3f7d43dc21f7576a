"""Two workers on Ray, one of them killed: the same tables as in one process."""

import json
import logging
import os
import signal
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from coverage_kit.errors import RunError
from coverage_kit.parallel import open_work_plan
from coverage_kit.parallel.ray import _start as start_ray, share_cpus
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import make_settings
from coverage_kit.storage.files import locked
from tests.conftest import TOPICS
from tests.encoder import WordEncoder
from tests.parallel.encoders import FailingEncoder, SlowEncoder, TracedEncoder, traces

pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning:ray.*", "ignore::DeprecationWarning:ray.*"
)


def settings_of(folder, name, part_rows=24):
    return make_settings(
        {
            "site": {"source": str(folder / "site")},
            "log": {"files": [str(folder / "log")]},
            "match": {"calibration_rounds": 4, "bootstraps": 20},
            "rank": {"edits_per_gap": 1},
            "parallel": {"backend": name, "part_rows": part_rows, "workers": 2},
            "cache": str(folder / name),
        }
    )


@pytest.fixture(scope="module")
def _ray(tmp_path_factory):
    """Ray, started by whichever test needs it first, and left after the last.

    Tests may be spread over processes: one at a time has Ray, because each start takes all cores.
    """
    with locked(tmp_path_factory.getbasetemp().parent):
        yield
        sys.modules["ray"].shutdown()


@pytest.fixture
def project(tmp_path):
    """A site with a page a topic but one, and its log in two files."""
    for name in ("site", "log"):
        (tmp_path / name).mkdir()
    for topic, subjects in list(TOPICS.items())[:3]:
        sections = "\n".join(
            f"## {words}\n\nAll about {words} of a {topic}, told in a sentence.\n"
            for words in subjects
        )
        (tmp_path / f"site/{topic}.md").write_text(f"# {topic}\n\n{sections}")
    rows = [
        {
            "query": f"{start} {words}",
            "engine": "e",
            "asked_at": "2026-01-05",
            "answer": f"The {topic}: {words}.",
            "citations": [],
        }
        for topic, subjects in TOPICS.items()
        for words in subjects
        for start in ("how about", "why", "my")
    ]
    for number in range(2):
        (tmp_path / f"log/{number}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows[number::2])
        )
    return tmp_path


def kill_one(folder):
    """Kill a worker while both are at work, then let the others go on."""
    until = time.monotonic() + 90
    own = os.getpid()
    while (
        len(workers := {process for process, _ in traces(folder) if process != own}) < 2
        and time.monotonic() < until
    ):
        time.sleep(0.05)
    if workers:  # else the test fails by what it asserts
        os.kill(min(workers), signal.SIGKILL)
    (folder / "go").touch()


@pytest.mark.usefixtures("_ray")
def test_tables_of_a_run_are_those_of_one_process_though_a_worker_is_killed(
    project, caplog, monkeypatch
):
    monkeypatch.setattr(
        "coverage_kit.pipeline.map.project", lambda embeddings, *_: embeddings.vectors[:, :2]
    )  # because UMAP is slow
    killer = threading.Thread(target=kill_one, args=(project,))
    killer.start()
    with caplog.at_level(logging.INFO, "coverage_kit.parallel"):
        spread = analyze(settings_of(project, "ray"), SlowEncoder(project)).tables()
    killer.join()
    alone = analyze(settings_of(project, "local", 20_000), WordEncoder()).tables()
    for name in alone.keys() - {"stages"}:
        pd.testing.assert_frame_equal(spread[name], alone[name], check_exact=True, obj=name)

    for message in (
        "read: 2 of 2 parts done",
        "embed: 2 of 2 parts done",
        "match: 2 of 2 parts done",
    ):
        assert message in caplog.text
    in_workers = [n for process, n in traces(project) if process != os.getpid()]
    # 48 queries; everything else fits in one part, but for the candidate names of topics
    assert in_workers.count(24) > 2  # the part of the killed worker was begun again
    assert max(in_workers) == 24


@pytest.mark.usefixtures("_ray")
def test_vectors_are_those_of_one_process_and_no_part_is_done_twice(tmp_path, queries):
    texts = list(queries["text"])
    spread = open_work_plan(settings_of(tmp_path, "ray"), TracedEncoder(tmp_path)).encoder
    assert np.array_equal(spread.encode(texts, "query"), WordEncoder().encode(texts))
    assert np.array_equal(spread.encode(texts, "query"), WordEncoder().encode(texts))
    assert sorted(n for _, n in traces(tmp_path)) == [24, 24]


@pytest.mark.usefixtures("_ray")
def test_an_error_in_a_worker_is_reported_in_its_own_words(tmp_path, queries):
    spread = open_work_plan(settings_of(tmp_path, "ray"), FailingEncoder(tmp_path, at=1))
    with pytest.raises(
        RunError,
        match=r"backend 'ray', embed: every part done; "
        r"found model: .*half of one\. Copy it again\.",
    ):
        spread.encoder.encode(list(queries["text"]))


class LateRay:
    """Stands for Ray on a machine that is too busy: it starts at the n-th try, or never."""

    def __init__(self, n_late):
        self.n_late = n_late
        self.folders = []
        self.n_shut = 0

    def init(self, **options):
        self.folders.append(options["_temp_dir"])
        if len(self.folders) <= self.n_late:
            raise Exception("The current node timed out during startup.")  # as Ray does

    def shutdown(self):
        self.n_shut += 1


def test_a_start_of_ray_that_is_late_is_repeated_and_then_an_error(caplog):
    ray = LateRay(n_late=2)
    start_ray(ray, workers=2, address="")
    assert (len(set(ray.folders)), ray.n_shut) == (3, 2)
    assert caplog.text.count("started again") == 2
    with pytest.raises(RunError, match=r"Ray started; found The current node.*less busy"):
        start_ray(LateRay(n_late=9), workers=2, address="")


def test_missing_ray_is_reported_with_its_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(RunError, match=r'pip install "coverage_kit\[ray\]"'):
        open_work_plan(settings_of(tmp_path, "ray"), WordEncoder())


@pytest.mark.parametrize(
    ("node_cpus", "workers", "expected"),
    [
        ([4], 2, (2, 1)),  # two of two cores each would leave none free
        ([10], 2, (2, 4)),
        ([16] * 10, 10, (10, 15)),
        ([16] * 10, 12, (12, 8)),  # two on a machine
        ([16] * 10, 160, (159, 1)),
        ([2], 5, (1, 1)),
        ([8, 4], 2, (2, 4)),  # as many as the smallest machine has
    ],
)
def test_workers_leave_a_core_free(node_cpus, workers, expected):
    assert share_cpus(node_cpus, workers) == expected
    assert expected[0] * expected[1] < sum(node_cpus)


@pytest.mark.parametrize("node_cpus", [[], [1]])
def test_a_cluster_without_a_core_to_spare_is_refused(node_cpus):
    with pytest.raises(RunError, match="a cluster with two cores or more"):
        share_cpus(node_cpus, 1)
