"""Two runs at once on one cache and one folder: both end, and their results are as usual."""

import json

import pandas as pd

from tests.reliability.rounds import rounds
from tests.reliability.worlds import COMMANDS, same_run


def test_two_runs_at_once_end_as_one_run_does(world):
    for number in range(rounds(1, 20)):
        command = COMMANDS[number % 2]
        end, _ = world.undisturbed(command)
        world.reset(command.state)
        pids = [world.start(*command.arguments) for _ in range(2)]
        for pid in pids:
            status, text = world.command_line.end(pid)
            assert status == 0, f"pair {number}: {text}"
            assert "check out" not in text and "kept" not in text, f"pair {number}: {text}"
        same_run(world.folder, end)
        lines = (world.folder / "cache/costs.jsonl").read_text().splitlines()
        assert len([json.loads(line) for line in lines]) == (2 if command.state == "new" else 3)


def test_runs_of_two_projects_at_once_keep_both_histories(world):
    world.reset("run")
    other = world.folder / "other.toml"
    other.write_text(
        (world.folder / "coverage.toml")
        .read_text()
        .replace('out = "run"', 'out = "other"')
        .replace("calibration_rounds = 4", "calibration_rounds = 5")
    )
    pids = [world.start("run", name) for name in ("coverage.toml", "other.toml")]
    for pid in pids:
        status, text = world.command_line.end(pid)
        assert status == 0, text
    assert len(list((world.folder / "cache/history").glob("*.json"))) == 2
    for name in ("run", "other"):
        assert len(pd.read_parquet(world.folder / name / "tables/history.parquet"))
