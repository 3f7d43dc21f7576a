"""What commands print: text from outside commands no terminal."""

import logging
import os
import shlex
import subprocess
import sys

import pytest

from coverage_kit.commands import terminal
from coverage_kit.errors import LogError
from tests.reliability.outputs import faults_of_terminal
from tests.reliability.payloads import PAYLOADS


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_printed_only_shows(payload, capsys):
    terminal.say(f"read {payload}")
    terminal.say(LogError(payload, "a log", payload, "Look."), err=True)
    written = capsys.readouterr()
    assert list(faults_of_terminal(written.out + written.err)) == []


def test_messages_warnings_and_faults_of_any_library_only_show(tmp_path):
    program = (
        "import logging, warnings\n"
        "from coverage_kit.commands.terminal import set_up_messages, terminal\n"
        "with terminal():\n"
        "    set_up_messages()\n"
        "    logging.getLogger('lib').warning('red \\x1b[31m %s', '\\x9b2J\\rover')\n"
        "    warnings.warn('blink \\x1b[5m', stacklevel=1)\n"
        "    raise ValueError('title \\x1b]0;x\\x07 \\u202egnp.exe')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, cwd=tmp_path
    )
    error = done.stderr.decode()
    assert done.returncode == 1
    assert all(word in error for word in ("red", "blink", "title", "Traceback"))
    assert list(faults_of_terminal(error)) == []


def test_a_stream_that_lacks_a_character_shows_a_mark(tmp_path):
    program = (
        "from coverage_kit.commands.terminal import say, terminal\n"
        "with terminal():\n"
        "    say('caf\\xe9 \\ud800 \\u4e1c')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert (done.returncode, done.stdout.strip()) == (0, b"caf\xe9  ?"), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="shells of Windows close no stream")
def test_streams_that_are_closed_lead_nowhere_and_no_file_gets_their_number(tmp_path):
    program = (
        "import os, sys\n"
        "from tqdm import tqdm\n"
        "from coverage_kit.commands.terminal import say, terminal\n"
        "with terminal(), open('kept', 'w') as file:\n"
        "    say('out'), say('error', err=True)\n"
        "    list(tqdm([1], file=sys.stderr))\n"
        "    os.write(2, b'a library')\n"
    )
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(program)} <&- >&- 2>&-"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, (tmp_path / "kept").read_text()) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that is in use")
def test_a_current_folder_that_is_gone_is_said_without_a_traceback(tmp_path):
    program = "from coverage_kit.commands.app import main; main()"
    command = f"rmdir {shlex.quote(str(tmp_path))}; exec {sys.executable} -c '{program}' demo"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 2
    assert done.stderr.decode().startswith("coverage-kit: current folder: a folder that exists")


def test_logging_of_others_stays_as_it_is():
    handlers = list(logging.getLogger().handlers)
    terminal.set_up_messages()
    assert logging.getLogger().handlers == handlers
