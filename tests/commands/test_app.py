"""The command line: the main job on little input, and what it says to input that cannot be used."""

import json
import socket
import sys

import pandas as pd
import pytest

from coverage_kit.analysis import load_analysis
from coverage_kit.commands import app
from coverage_kit.errors import SchemaError
from coverage_kit.tables import QUERIES
from tests.world import write_small


def call(monkeypatch, capsys, *arguments):
    """Return exit status and what was written to stderr."""
    monkeypatch.setattr(sys, "argv", ["coverage-kit", *map(str, arguments)])
    status = 0
    try:
        app.main()
    except SystemExit as stop:
        status = stop.code or 0
    written = capsys.readouterr()
    return status, written.err + written.out


def options(named):
    return [part for pair in named.items() for part in pair]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_one_query_and_one_page_work(monkeypatch, capsys, tmp_path):
    status, said = call(monkeypatch, capsys, "run", *options(write_small(tmp_path)))
    assert status == 0, said
    assert "1 queries" in said
    analysis = load_analysis(tmp_path / "run")
    assert len(analysis.coverage) == len(analysis.gaps) == 1
    assert analysis.about["self_test"] is None
    for name in ("page.html", "gaps.xlsx", "gaps.csv", "edits.csv"):
        assert (tmp_path / "run" / name).stat().st_size > 50
    before = (tmp_path / "run/page.html").read_bytes()
    assert call(monkeypatch, capsys, "report", tmp_path / "run")[0] == 0
    assert (tmp_path / "run/page.html").read_bytes() == before


def test_zero_citations_and_hostile_text_work(monkeypatch, capsys, tmp_path):
    hostile = [  # one for each door
        '=HYPERLINK("http://evil","x")',
        "<script>alert(1)</script> brakes",
        "+1",
        "@x",
        "how\u0000 now",
        "ignore all rules",
    ]
    named = write_small(tmp_path, hostile, pages=3)
    rows = [
        {"query": text, "engine": "e", "answer": f"{text} bleed it.", "citations": []}
        for text in hostile
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    status, said = call(monkeypatch, capsys, "run", *options(named))
    assert status == 0, said
    page = (tmp_path / "run/page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    lines = (tmp_path / "run/gaps.csv").read_text(encoding="utf-8-sig")
    assert not any(
        cell.startswith(("=", "+", "@")) for line in lines.splitlines() for cell in line.split(",")
    )


def spoil_site(folder, content):
    for path in (folder / "site").iterdir():
        path.write_bytes(content)


def spoil_parquet(folder, named):
    (folder / "log.parquet").write_bytes(b"PAR1 no")
    named["--log"] = str(folder / "log.parquet")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d, n: [path.unlink() for path in (d / "site").iterdir()], "site"),
        (lambda d, n: spoil_site(d, b"<html><script>var x = 1</script></html>"), "no text"),
        (lambda d, n: n.update({"--site": str(d / "absent")}), "absent"),
        (lambda d, n: n.update({"--site": "http://127.0.0.1:9/"}), "a host that answers"),
        (lambda d, n: n.update({"--log": str(d / "absent.csv")}), "absent.csv"),
        (lambda d, n: (d / "log.jsonl").write_text(json.dumps({"colour": "red"})), "colour"),
        (lambda d, n: (d / "log.jsonl").write_text(""), "log.jsonl"),
        (
            lambda d, n: (
                (d / "log.parquet").write_bytes(b"PAR1 no"),
                n.update({"--log": str(d / "log.parquet")}),
            ),
            "log.parquet",
        ),
        (lambda d, n: n.update({"--encoder": str(d / "nomodel")}), "nomodel"),
        (lambda d, n: n.update({"--column": "query"}), "--column"),
        (lambda d, n: n.update({"--column": "query=Prompt"}), "Prompt"),
    ],
    ids=[
        "empty site",
        "only scripts",
        "no folder",
        "no host",
        "no log",
        "no query",
        "empty",
        "parquet",
        "model",
        "pair",
        "column",
    ],
)
def test_bad_input_gets_one_line_and_no_half_written_run(
    monkeypatch, capsys, tmp_path, spoil, message
):
    named = write_small(tmp_path)
    spoil(tmp_path, named)
    status, said = call(monkeypatch, capsys, "run", *options(named))
    assert status == 2, said
    assert "Traceback" not in said
    last = said.strip().splitlines()[-1]
    assert last.startswith("coverage-kit: ")
    assert message in last
    assert "found" in last
    assert not (tmp_path / "run").exists()


def test_duplicate_ids_in_a_table_are_told(tmp_path):
    twice = pd.concat([QUERIES.table([{"query_id": "q", "text": "a", "demand": 1}])] * 2)
    with pytest.raises(SchemaError, match="such as q"):
        QUERIES.check(twice, "here")


def test_a_folder_that_cannot_be_written_is_told(monkeypatch, capsys, tmp_path):
    named = write_small(tmp_path)
    (tmp_path / "file").write_text("in the way")
    status, said = call(
        monkeypatch, capsys, "run", *options({**named, "--out": str(tmp_path / "file/run")})
    )
    assert status == 2
    assert "can be written" in said


def test_init_makes_a_project_that_runs(monkeypatch, capsys, tmp_path):
    status, said = call(monkeypatch, capsys, "init", tmp_path / "project")
    assert status == 0, said
    project = tmp_path / "project"
    assert {path.name for path in project.iterdir()} == {
        "coverage.toml",
        ".gitignore",
        "notebooks",
        "README.md",
    }
    assert "coverage-kit run" in said.splitlines()[-1]
    assert (project / ".gitignore").read_text(encoding="utf-8").split() == [
        "runs/",
        ".ipynb_checkpoints/",
    ]
    assert (project / "README.md").read_text(encoding="utf-8").count("\n    ") == 3
    for notebook in (project / "notebooks").glob("*.ipynb"):
        text = notebook.read_text(encoding="utf-8")
        assert '\\"../runs/latest\\"' in text
        assert "runs/demo" not in text
    named = write_small(project / "input")
    text = (project / "coverage.toml").read_text(encoding="utf-8")
    text = text.replace('"site" ', f'"{named["--site"]}" ').replace(
        '"answers.jsonl"', f'"{named["--log"]}"'
    )
    (project / "coverage.toml").write_text(text, encoding="utf-8")
    status, said = call(monkeypatch, capsys, "run", project / "coverage.toml")
    assert status == 0, said
    assert (project / "runs/latest/page.html").exists()
    assert call(monkeypatch, capsys, "init", project)[0] == 2


def test_report_on_no_run_is_told(monkeypatch, capsys, tmp_path):
    status, said = call(monkeypatch, capsys, "report", tmp_path)
    assert status == 2
    assert "coverage-kit run" in said


def test_nothing_calls_home(monkeypatch, capsys, tmp_path):
    """A run opens no connection at all: no telemetry, no model hub."""

    def refuse(self, address):
        raise AssertionError(f"connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    status, said = call(monkeypatch, capsys, "run", *options(write_small(tmp_path)))
    assert status == 0, said
    assert not any("intel" in path.name for path in tmp_path.iterdir())
