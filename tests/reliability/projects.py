"""A small project on disk, its runs in processes of their own, and what two runs must agree on."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from coverage_kit.analysis import load_analysis
from tests.conftest import TOPICS

ROOT = Path(__file__).parent.parent.parent
# Clocks, and what the ledger of the cache holds: these differ from run to run.
CLOCKS = {"stages": None, "costs": None, "history": ["at"], "pages": ["fetched_at"]}


def write_project(folder: Path) -> Path:
    """Write a site of three topics, a log of four, and a coverage.toml; return its path."""
    site = folder / "site"
    site.mkdir(parents=True)
    for topic, subjects in list(TOPICS.items())[:3]:
        sections = "\n".join(
            f"## {words}\n\nAll about {words} of a {topic}, told in a sentence.\n"
            for words in subjects
        )
        (site / f"{topic}.md").write_text(f"# {topic}\n\n{sections}")
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
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "coverage.toml"
    path.write_text(
        'out = "run"\ncache = "cache"\n[site]\nsource = "site"\n[log]\nfiles = ["log.jsonl"]\n'
        "[match]\ncalibration_rounds = 4\nbootstraps = 20\n[rank]\nedits_per_gap = 1\n"
    )
    return path


class CommandLine:
    """Runs command lines in processes of their own, forked from one with all libraries loaded."""

    def __init__(self):
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.child"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout.readline() == "ready\n"
        self._outputs: dict[int, Path] = {}

    def close(self) -> None:
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def start(self, folder: Path, *arguments: object, fault: str = "", **environment: str) -> int:
        """Start a command in a folder; return the number of its process."""
        output = Path(tempfile.mkstemp(suffix=".out")[1])
        request = {
            "folder": str(folder.resolve()),
            "arguments": list(map(str, arguments)),
            "fault": fault,
            "environment": environment,
            "output": str(output),
        }
        pid = int(self._ask(request))
        self._outputs[pid] = output
        return pid

    def end(self, pid: int, seconds: float = 120) -> tuple[int, str]:
        """Wait for the end of a process; return its status and what it says."""
        status = int(self._ask({"wait": pid, "seconds": seconds}))
        output = self._outputs.pop(pid)
        text = output.read_text(errors="replace")
        output.unlink()
        assert status != -1, f"does not end: {text[-2000:]}"
        assert "Traceback" not in text, text[-4000:]
        return status, text

    def call(self, folder: Path, *arguments: object, fault: str = "", **environment: str):
        """Run a command to its end; return its status and what it says."""
        return self.end(self.start(folder, *arguments, fault=fault, **environment))

    def _ask(self, request: dict[str, object]) -> str:
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()


def assert_same_run(run: Path, other: Path) -> None:
    """Assert that two runs agree in every table but for clocks, and hold all outputs."""
    first, second = load_analysis(run), load_analysis(other)
    for name, table in first.tables().items():
        dropped = CLOCKS.get(name, [])
        if dropped is not None:
            expected = second.tables()[name].drop(columns=dropped)
            pd.testing.assert_frame_equal(table.drop(columns=dropped), expected, obj=name)
    for name, vectors in first.embeddings.items():
        np.testing.assert_array_equal(vectors.vectors, second.embeddings[name].vectors)
    assert visible(run) == visible(other)


def visible(folder: Path) -> list[str]:
    """Return the names of all files in a folder, but for hidden ones."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix() for path in paths if not any(part[0] == "." for part in path.parts)
    )
