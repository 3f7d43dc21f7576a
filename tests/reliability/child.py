"""Command lines with the tests' encoder, each in a process of its own that may meet faults.

The fault ERRNO:N lets the n-th operation that changes the folder fail, and all after it; kill:N
ends the process there, as `kill -9` does. N = 0 only counts the operations.
"""

import json
import os
import signal
import sys
import time
import traceback
from typing import Any

from coverage_kit.commands import app
from coverage_kit.parallel import work_plan
from coverage_kit.pipeline import map as pipeline_map
from tests.encoder import WordEncoder

# Events of Python's audit that change the disk.
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Faults:
    """Counts the operations that change the folder, and lets them fail from the n-th on."""

    def __init__(self, kind: str, first: int, folder: str):
        self.kind = kind
        self.first = first
        self.folder = folder
        self.n = 0

    def watch(self, event, arguments):
        is_writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
        if is_writing or (event in _CHANGES and arguments):
            self.meet(arguments[0])

    def meet(self, path):
        if str(path) == ":memory:" or not os.path.realpath(path).startswith(self.folder):
            return
        self.n += 1
        if self.first and self.n >= self.first:
            if self.kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            code = int(self.kind)
            raise OSError(code, os.strerror(code), str(path))


def install_faults(text: str, folder: str) -> Faults:
    kind, first = text.split(":")
    faults = Faults(kind, int(first), folder)
    sys.addaudithook(faults.watch)
    fsync = os.fsync

    def failing_fsync(descriptor):
        faults.meet(folder)
        fsync(descriptor)

    os.fsync = failing_fsync
    return faults


def run_command(request: dict[str, Any]) -> None:
    """Run one command line in this process, as the request says."""
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["coverage-kit", *request["arguments"]]
    faults = None
    if request["fault"]:
        faults = install_faults(request["fault"], request["folder"])
    status = 0
    try:
        app.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 70  # a traceback
    if faults:
        sys.stdout.write(f"changes: {faults.n}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve() -> None:
    """Fork a process for each request, so that the libraries are imported once."""
    # Neither the encoder nor the places on the map are tested here, and both are slow.
    work_plan.open_encoder = lambda match: WordEncoder()
    pipeline_map.project = lambda points, seed: points.vectors[:, :2]
    say("ready")
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            say(wait(request["wait"], request["seconds"]))
            continue
        pid = os.fork()
        if not pid:
            run_command(request)
        say(pid)


def say(answer: object) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def wait(pid: int, seconds: float) -> int | None:
    """Return the exit status of a process; -9 where it was killed, -1 where it does not end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1


if __name__ == "__main__":
    serve()
