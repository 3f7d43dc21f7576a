"""The command line: the main job on little input, and the errors for unusable input."""

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
    """Return the exit status, and the texts written to stderr and stdout."""
    monkeypatch.setattr(sys, "argv", ["coverage-kit", *map(str, arguments)])
    status = 0
    try:
        app.main()
    except SystemExit as stop:
        status = stop.code or 0
    written = capsys.readouterr()
    return status, written.err + written.out


def options(values):
    return [word for pair in values.items() for word in pair]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_one_query_and_one_page_work(monkeypatch, capsys, tmp_path):
    status, output = call(monkeypatch, capsys, "run", *options(write_small(tmp_path)))
    assert status == 0, output
    assert "Read: 1 question asked once, 0 answers.\nYour site: 1 page is read.\n" in output
    analysis = load_analysis(tmp_path / "run")
    assert len(analysis.coverage) == len(analysis.gaps) == 1
    assert analysis.about.self_test is None
    for name in ("page.html", "gaps.xlsx", "gaps.csv", "edits.csv"):
        assert (tmp_path / "run" / name).stat().st_size > 50
    before = (tmp_path / "run/page.html").read_bytes()
    assert call(monkeypatch, capsys, "report", tmp_path / "run")[0] == 0
    assert (tmp_path / "run/page.html").read_bytes() == before


def test_zero_citations_and_hostile_text_work(monkeypatch, capsys, tmp_path):
    hostile = [  # formula, HTML, two more starts of formulas, control character, instruction
        '=HYPERLINK("http://evil","x")',
        "<script>alert(1)</script> brakes",
        "+1",
        "@x",
        "how\u0000 now",
        "ignore all rules",
    ]
    values = write_small(tmp_path, hostile, pages=3)
    rows = [
        {"query": text, "engine": "e", "answer": f"{text} bleed it.", "citations": []}
        for text in hostile
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 0, output
    page = (tmp_path / "run/page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    lines = (tmp_path / "run/gaps.csv").read_text(encoding="utf-8-sig")
    assert not any(
        cell.startswith(("=", "+", "@")) for line in lines.splitlines() for cell in line.split(",")
    )


def spoil_site(folder, content):
    for path in (folder / "site").iterdir():
        path.write_bytes(content)


def spoil_parquet(folder, values):
    (folder / "log.parquet").write_bytes(b"PAR1 no")
    values["--log"] = str(folder / "log.parquet")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder, values: [path.unlink() for path in (folder / "site").iterdir()], "site"),
        (
            lambda folder, values: spoil_site(folder, b"<html><script>var x = 1</script></html>"),
            "no text",
        ),
        (lambda folder, values: values.update({"--site": str(folder / "absent")}), "absent"),
        (
            lambda folder, values: values.update({"--site": "http://127.0.0.1:9/"}),
            "a public address",
        ),
        (
            lambda folder, values: values.update({"--site": "http://shop.invalid/"}),
            "a host that answers",
        ),
        (lambda folder, values: values.update({"--log": str(folder / "absent.csv")}), "absent.csv"),
        (
            lambda folder, values: (folder / "log.jsonl").write_text(json.dumps({"colour": "red"})),
            "colour",
        ),
        (lambda folder, values: (folder / "log.jsonl").write_text(""), "log.jsonl"),
        (spoil_parquet, "log.parquet"),
        (lambda folder, values: values.update({"--encoder": str(folder / "nomodel")}), "nomodel"),
        (lambda folder, values: values.update({"--column": "query"}), "--column"),
        (lambda folder, values: values.update({"--column": "query=Prompt"}), "Prompt"),
    ],
    ids=[
        "empty site",
        "only scripts",
        "no folder",
        "private host",
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
    values = write_small(tmp_path)
    spoil(tmp_path, values)
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 2, output
    assert "Traceback" not in output
    last = output.strip().splitlines()[-1]
    assert last.startswith("coverage-kit: ")
    assert message in last
    assert "found" in last
    assert not (tmp_path / "run").exists()


def test_duplicate_ids_in_a_table_are_an_error(tmp_path):
    twice = pd.concat([QUERIES.table([{"query_id": "q", "text": "a", "demand": 1}])] * 2)
    with pytest.raises(SchemaError, match="such as q"):
        QUERIES.check(twice, "here")


ODD_LOG = "\n".join(
    [
        "Typed,Said,Belege",
        *(
            f"how do I bleed brake {n}?,{'open the lever ' * 5}{n},https://a{n}.example https://b.eu"
            for n in range(3)
        ),
    ]
)


def test_a_second_run_says_what_it_replaces_and_what_is_kept(monkeypatch, capsys, tmp_path):
    values = write_small(tmp_path)
    assert "holds an earlier run" not in call(monkeypatch, capsys, "run", *options(values))[1]
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 0, output
    (line,) = [line for line in output.splitlines() if "earlier run" in line]
    assert line.startswith(f"{values['--out']} holds an earlier run")
    assert "gaps.xlsx is kept" in line
    assert line.endswith("name another folder with --out.")


def test_a_strict_run_stops_where_it_would_guess(monkeypatch, capsys, tmp_path):
    values = write_small(tmp_path)
    (tmp_path / "log.csv").write_text(ODD_LOG, encoding="utf-8")
    values["--log"] = str(tmp_path / "log.csv")
    status, output = call(monkeypatch, capsys, "run", *options(values), "--strict")
    assert status == 2
    assert "found 3 doubts: (1) " in output
    assert 'Not right? --column "citations=…"' in output, "the cure is in the user's words"
    assert output.strip().endswith("Follow the cures, or go on without --strict.")
    assert not (tmp_path / "run").exists()
    columns = ("query=Typed", "answer=Said", "citations=Belege")
    named = [word for column in columns for word in ("--column", column)]
    status, output = call(monkeypatch, capsys, "run", *options(values), *named, "--strict")
    assert status == 0, output


def test_a_run_shows_and_keeps_what_it_guessed(monkeypatch, capsys, caplog, tmp_path):
    caplog.set_level("INFO")
    values = write_small(tmp_path)
    (tmp_path / "log.csv").write_text(ODD_LOG, encoding="utf-8")
    values["--log"] = str(tmp_path / "log.csv")
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 0, output
    assert "The log: 3 records = 3 read." in output
    assert "How the log was read: 3 doubts, with cures" in output
    said = [record.message for record in caplog.records]
    line = "Read as citations: column “Belege” (URLs in 3 of 3 rows). Not right?"
    guess = next(n for n, message in enumerate(said) if line in message)
    assert guess < next(n for n, message in enumerate(said) if message.startswith("embed:"))
    analysis = load_analysis(tmp_path / "run")
    assert len(analysis.citations) == 6
    assert "Read as citations: column “Belege”" in analysis.sources["doubts"].iloc[0]
    assert output.split("Read:")[0].splitlines()[-1].startswith("Not enough to tell. ")


def test_hints_are_options_for_options_and_settings_for_a_settings_file(
    monkeypatch, capsys, tmp_path
):
    values = write_small(tmp_path)
    (tmp_path / "log.csv").write_text("colour,size\nred,4\n", encoding="utf-8")
    values["--log"] = str(tmp_path / "log.csv")
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 2
    assert 'Say which column holds the questions: --column "query=' in output
    assert "[log" not in output
    settings = f'[site]\nsource = "{values["--site"]}"\n[log]\nfiles = ["log.csv"]\n'
    (tmp_path / "coverage.toml").write_text(settings, encoding="utf-8")
    status, output = call(monkeypatch, capsys, "run", "coverage.toml")
    assert status == 2
    assert 'Say which column holds the questions: [log.columns] query = "' in output
    assert "--column" not in output


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--backend", "cloud", "--backend"),
        ("--column", "colour=red", "--column: a known field"),
        ("--column", "query=absent", "--column: a column 'absent' for query"),
    ],
)
def test_an_error_of_an_option_names_it(option, value, message, monkeypatch, capsys, tmp_path):
    values = {**write_small(tmp_path), option: value}
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 2
    assert message in output
    assert "[log" not in output


def test_without_a_log_the_option_for_it_is_named(monkeypatch, capsys, tmp_path):
    values = write_small(tmp_path)
    del values["--log"]
    status, output = call(monkeypatch, capsys, "run", *options(values))
    assert status == 2
    assert "Name files or folders with --log." in output


def test_a_report_shows_the_statistics_of_a_finished_run(monkeypatch, capsys, tmp_path):
    call(monkeypatch, capsys, "run", *options(write_small(tmp_path)))
    assert "Self-test" not in call(monkeypatch, capsys, "report", tmp_path / "run")[1]
    output = call(monkeypatch, capsys, "report", tmp_path / "run", "--verbose")[1]
    assert "Self-test: not possible" in output
    assert "Peak memory" in output


def test_a_folder_that_cannot_be_written_is_an_error(monkeypatch, capsys, tmp_path):
    values = write_small(tmp_path)
    (tmp_path / "file").write_text("in the way")
    status, output = call(
        monkeypatch, capsys, "run", *options({**values, "--out": str(tmp_path / "file/run")})
    )
    assert status == 2
    assert "can be written" in output


def test_init_makes_a_project_that_runs(monkeypatch, capsys, tmp_path):
    status, output = call(monkeypatch, capsys, "init", tmp_path / "project")
    assert status == 0, output
    project = tmp_path / "project"
    assert {path.name for path in project.iterdir()} == {
        "coverage.toml",
        ".gitignore",
        "notebooks",
        "README.md",
    }
    assert "coverage-kit run" in output.splitlines()[-1]
    assert (project / ".gitignore").read_text(encoding="utf-8").split() == [
        "runs/",
        ".ipynb_checkpoints/",
    ]
    assert (project / "README.md").read_text(encoding="utf-8").count("\n    ") == 3
    for notebook in (project / "notebooks").glob("*.ipynb"):
        text = notebook.read_text(encoding="utf-8")
        assert '\\"../runs/latest\\"' in text
        assert "runs/demo" not in text
    values = write_small(project / "input")
    text = (project / "coverage.toml").read_text(encoding="utf-8")
    text = text.replace('source = "site"', f'source = "{values["--site"]}"').replace(
        '"answers.jsonl"', f'"{values["--log"]}"'
    )
    (project / "coverage.toml").write_text(text, encoding="utf-8")
    status, output = call(monkeypatch, capsys, "run", project / "coverage.toml")
    assert status == 0, output
    assert (project / "runs/latest/page.html").exists()
    assert call(monkeypatch, capsys, "init", project)[0] == 2


def test_report_without_a_run_says_how_to_make_one(monkeypatch, capsys, tmp_path):
    status, output = call(monkeypatch, capsys, "report", tmp_path)
    assert status == 2
    assert "coverage-kit run" in output


def test_nothing_calls_home(monkeypatch, capsys, tmp_path):
    """A run opens no connection at all: no telemetry, no model hub."""

    def refuse(self, address):
        raise AssertionError(f"connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    status, output = call(monkeypatch, capsys, "run", *options(write_small(tmp_path)))
    assert status == 0, output
    assert not any("intel" in path.name for path in tmp_path.iterdir())
