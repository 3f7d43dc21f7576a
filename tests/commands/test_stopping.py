"""Ctrl-C, `kill` and a reader that went away: what is kept is said, and nothing else happens."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
import typer.main

from coverage_kit.commands.app import app
from coverage_kit.commands.terminal import KEPT, Stopped
from tests.chat_server import KEY, Reply, chat_server
from tests.commands.test_draft import write_drafted, write_settings

COMMANDS = typer.main.get_command(app).commands
# A shell in the background lets its children ignore Ctrl-C, and may run the tests.
MAIN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from coverage_kit.commands.app import main; main()"
)
# Long enough for a child to start on a busy machine.
PATIENCE = 120


def start(folder, *words, **options):
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "SHOP_KEY": KEY}
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *words],
        cwd=folder,
        env=environment,
        stdout=options.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize(
    ("stop", "status"), [(KeyboardInterrupt(), 130), (Stopped(signal.SIGTERM), 143)]
)
def test_every_command_says_what_is_kept(name, stop, status, monkeypatch, capsys):
    def interrupted(**_):
        raise stop

    group = typer.main.get_command(app)
    command = group.commands[name]
    monkeypatch.setattr(command, "callback", interrupted)
    arguments = [
        "x" for parameter in command.params if parameter.required and parameter.opts[0][0] != "-"
    ]
    needed = [
        word
        for parameter in command.params
        if parameter.required and parameter.opts[0][0] == "-"
        for word in (parameter.opts[0], "x")
    ]
    with pytest.raises(SystemExit) as end:
        group.main([name, *arguments, *needed], prog_name="coverage-kit")
    written = capsys.readouterr()
    assert end.value.code == status
    assert written.err == f"\ncoverage-kit: stopped. {KEPT[name]}\n"
    assert written.out == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_the_drafts_so_far(tmp_path, monkeypatch, number, status):
    monkeypatch.chdir(tmp_path)
    write_drafted(tmp_path)
    asked_again, done = threading.Event(), threading.Event()

    def answer(count, _):
        if count:
            asked_again.set()
            done.wait(PATIENCE)
        return Reply(text="Open the lever.")

    with chat_server(answer) as chat:
        options = write_settings(tmp_path, chat)
        child = start(tmp_path, "draft", "run", *options, "--top", "3", "--out", "drafts.json")
        try:
            assert asked_again.wait(PATIENCE), child.stderr.read()
            child.send_signal(number)
            _, err = child.communicate(timeout=PATIENCE)
        finally:
            done.set()
            child.kill()
            child.wait()
    assert child.returncode == status, err
    assert err.decode().strip().splitlines()[-1] == f"coverage-kit: stopped. {KEPT['draft']}"
    assert b"Traceback" not in err
    assert list(json.loads((tmp_path / "drafts.json").read_text())) == ["e2"]


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_that_went_away_stops_no_work(tmp_path):
    rows = ({"query": f"how far {n}", "answer": "Far.", "colour": "x"} for n in range(3))
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{\n")
    reading, writing = os.pipe()
    os.close(reading)
    child = start(tmp_path, "inspect", "log.jsonl", "--rejects", "r.csv", stdout=writing)
    os.close(writing)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0
    assert not any(word in err for word in (b"Traceback", b"BrokenPipe", b"Broken pipe")), err
    assert (tmp_path / "r.csv").exists()
