"""A process that is killed at any moment loses nothing: the same command then ends as usual."""

import logging
import os
import random
import signal
import time
from contextlib import suppress

from coverage_kit.analysis import load_analysis
from tests.reliability.rounds import rounds
from tests.reliability.worlds import COMMANDS

logger = logging.getLogger(__name__)
SEED = 20
# The short form takes commands that end in a second or two, and a run.
SHORT = ("run again", "draft", "apply")


def commands_to_kill(rng):
    n = rounds(len(SHORT), 60)
    chosen = COMMANDS if n > len(SHORT) else [row for row in COMMANDS if row.name in SHORT]
    return [(chosen[number % len(chosen)], rng.random()) for number in range(n)]


def test_a_killed_command_leaves_whole_files_and_ends_as_usual_when_it_is_repeated(world):
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    n_killed = 0
    for number, (command, share) in enumerate(commands_to_kill(rng)):
        end, n_changes = world.undisturbed(command)
        where = f"round {number} of seed {SEED}: {command.name}, {share:.3f} of its changes"
        world.reset(command.state)
        status, _ = world.call(*command.arguments, fault=f"kill:{1 + int(share * n_changes)}")
        n_killed += status == -signal.SIGKILL
        check_readable(world, command)
        if command.name == "cache":
            world.check("run", "coverage.toml")
        status, text = world.call(*command.arguments)
        # A project that was complete before the kill is not made twice.
        is_made = command.name == "init" and "one that has it" in text
        assert status == 0 or is_made, f"{where}: {text}"
        try:
            command.assert_same(world.folder, end)
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        logger.info("%s: as usual after %d kills", where, n_killed)
    logger.info("%d rounds, %d killed", number + 1, n_killed)
    assert n_killed > 0.9 * number


def test_a_run_killed_at_any_time_ends_as_usual_when_it_is_repeated(world):
    command = COMMANDS[1]
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    start = time.monotonic()
    end, _ = world.undisturbed(command)
    seconds = max(2.0, time.monotonic() - start)
    for number in range(rounds(1, 10)):
        world.reset(command.state)
        pid = world.start(*command.arguments)
        time.sleep(rng.random() * seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        world.command_line.end(pid)
        check_readable(world, command)
        world.check(*command.arguments)
        try:
            command.assert_same(world.folder, end)
        except AssertionError as error:
            raise AssertionError(f"round {number} of seed {SEED}: {error}") from error


def check_readable(world, command):
    """A run that was there before the kill can be opened after it, old or new."""
    if command.state != "new":
        load_analysis(world.folder / "run")
