"""A disk that is full or faulty: an error with a cure that fits, nothing half-written, no loss."""

import errno
import logging
import random
import shutil
import subprocess

import pytest

from coverage_kit.analysis import load_analysis
from tests.reliability.projects import visible
from tests.reliability.rounds import rounds
from tests.reliability.worlds import COMMANDS

logger = logging.getLogger(__name__)
SEED = 21
CURES = {
    errno.ENOSPC: ("Free space",),
    errno.EIO: ("The disk reports a fault", "check it"),
    errno.EACCES: ("right to write",),
    errno.EROFS: ("can only be read",),
}
# Outputs of a run, which belong to one run or the other.
OUTPUTS = ("page.html", "gaps.csv", "edits.csv", "edits.json", "gaps.xlsx", "tables", "todo")


def moments():
    """Yield commands, faults, and the share of a command's changes after which all fail."""
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    for number in range(rounds(2, 60)):
        # The short form takes a run, where most is written.
        command = COMMANDS[number % len(COMMANDS)] if rounds(0, 1) else COMMANDS[1]
        yield number, command, list(CURES)[number % len(CURES)], rng.random()


def test_a_fault_of_the_disk_is_an_error_with_its_cure_and_loses_nothing(world):
    n_errors = 0
    for number, command, fault, share in moments():
        end, n_changes = world.undisturbed(command)
        where = f"round {number} of seed {SEED}: {command.name}, {errno.errorcode[fault]}"
        world.reset(command.state)
        before = snapshot(world.folder)
        first = 1 + int(share * n_changes)
        status, text = world.call(*command.arguments, fault=f"{fault}:{first}")
        assert status in (0, 1, 2), f"{where}: {text}"
        if status:
            n_errors += 1
            assert any(cure in text for cure in CURES[fault]), f"{where}: {text}"
        if command.state != "new":
            load_analysis(world.folder / "run")
        assert_one_run(world.folder, before, snapshot(end), where)
        status, text = world.call(*command.arguments)
        if command.name == "cache":
            world.check("run", "coverage.toml")
        assert status == 0, f"{where}: {text}"
        command.assert_same(world.folder, end)
    logger.info("%d rounds, %d errors", number + 1, n_errors)
    assert n_errors > 0


def snapshot(folder):
    """Return the contents of a run's outputs."""
    return {
        name: (folder / "run" / name).read_bytes()
        for name in (visible(folder / "run") if (folder / "run").exists() else ())
        if name.split("/")[0] in OUTPUTS
    }


def assert_one_run(folder, before, after, where):
    """The page and the lists are those of one run: nothing of it is of the other."""
    if (folder / "run" / ".coverage-kit-finished").exists():
        return  # marked: the next command moves the rest into place
    now = snapshot(folder)
    names = [name for name in now if name in ("gaps.csv", "edits.csv", "edits.json", "page.html")]
    is_old = [now[name] == before.get(name) for name in names]
    is_new = [before.get(name) != now[name] for name in names]
    differs = [before.get(name) != after.get(name) for name in names]
    old = [flag for flag, differ in zip(is_old, differs, strict=True) if differ]
    assert all(old) or not any(old), f"{where}: outputs of two runs: {names}, {is_old}, {is_new}"


@pytest.fixture
def disk(tmp_path):
    """A disk for a run and a half, where the tests may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this process may not mount a disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)  # noqa: S607


def test_a_disk_that_is_full_keeps_the_run_that_is_there(world, disk):
    world.reset("later")
    shutil.copytree(world.folder / "run", disk / "run")
    before = visible(disk)
    contents = {name: (disk / name).read_bytes() for name in before}
    filler = disk / "filler"
    filler.write_bytes(bytes(disk_free(disk) - 1_000_000))  # tables fit, the page does not
    status, text = world.call("run", "coverage.toml", "--out", str(disk / "run"))
    assert status == 2
    assert "Free space on that disk" in text
    filler.unlink()
    assert visible(disk) == before
    assert {name: (disk / name).read_bytes() for name in before} == contents
    world.check("run", "coverage.toml", "--out", str(disk / "run"))
    assert (disk / "run/page.html").read_bytes() != contents["run/page.html"]


def disk_free(folder):
    return shutil.disk_usage(folder).free
