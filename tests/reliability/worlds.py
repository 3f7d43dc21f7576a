"""A project with finished runs and servers, the commands that write in it, and what they leave."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from coverage_kit.analysis import load_analysis
from tests.chat_server import Reply, chat_server
from tests.engine_server import engine_server
from tests.reliability.projects import CommandLine, assert_same_run, visible, write_project

SETTINGS = """
[draft]
model = "small"
base_url = "{chat}"
api_key_env = "CHAT_KEY"
[judge]
model = "small"
base_url = "{chat}"
api_key_env = "CHAT_KEY"
repeats = 2
max_money = 0
[ask]
repeats = 1
retries = 0
max_tokens = 0
max_money = 0
[[ask.engines]]
name = "one"
kind = "responses"
model = "small"
base_url = "{engine}/openai/v1"
api_key_env = "CHAT_KEY"
requests_per_minute = 1e6
"""
# Where the servers of the tests are, and the key that they do not check.
ENVIRONMENT = {"NO_PROXY": "127.0.0.1", "CHAT_KEY": "sk-secret-0123456789"}


@dataclass(frozen=True)
class Command:
    """A command that writes: its name and arguments, the state that it starts from, its outputs.

    `assert_same(folder, other)` compares what it left in two folders.
    """

    name: str
    arguments: tuple[str, ...]
    state: str
    assert_same: Callable[[Path, Path], None]


class World:
    """A folder that is put into any of its states.

    They are "new", "run" (after a run), "later" (the site has changed) and "compared" (after a run
    of the changed site).
    All states have one path, because paths are in the settings of a run.
    """

    def __init__(self, folder: Path, command_line: CommandLine) -> None:
        self.folder = folder / "work"
        self.states = folder / "states"
        self.ends = folder / "ends"
        self.command_line = command_line

    def reset(self, state: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.states / state, self.folder)

    def call(self, *arguments: object, fault: str = "") -> tuple[int, str]:
        return self.command_line.call(self.folder, *arguments, fault=fault, **ENVIRONMENT)

    def check(self, *arguments: object) -> str:
        """Run a command that must succeed; return what it says."""
        status, text = self.call(*arguments)
        assert status == 0, text
        return text

    def start(self, *arguments: object, fault: str = "") -> int:
        return self.command_line.start(self.folder, *arguments, fault=fault, **ENVIRONMENT)

    def undisturbed(self, command: Command) -> tuple[Path, int]:
        """Return what a command leaves that nothing disturbs, and how often it changes the disk."""
        end = self.ends / command.name
        if not end.exists():
            self.reset(command.state)
            status, text = self.call(*command.arguments, fault="28:0")
            assert status == 0, text
            shutil.copytree(self.folder, end)
            (self.ends / f"{command.name}.changes").write_text(
                re.search(r"changes: (\d+)", text)[1]
            )
        return end, int((self.ends / f"{command.name}.changes").read_text())

    def save(self, state: str) -> None:
        shutil.copytree(self.folder, self.states / state)


@contextmanager
def make_world(folder: Path, command_line: CommandLine) -> Iterator[World]:
    world = World(folder, command_line)
    grade = Reply(text="4", top_logprobs=({"4": -0.01},), usage=(100, 1))
    draft = Reply(text="All about it, told in a sentence.", usage=(100, 10))
    with (
        chat_server(
            lambda _, body: grade if "rubric" in json.dumps(body).lower() else draft
        ) as chat,
        engine_server() as engine,
    ):
        path = write_project(world.folder)
        text = path.read_text() + SETTINGS.format(chat=chat.base_url, engine=engine.url)
        path.write_text(text)
        rows = ["query,is_holdout", *(f"which thing {number},no" for number in range(5))]
        (world.folder / "panel.csv").write_text("\n".join(rows))
        world.save("new")
        world.check("run", "coverage.toml")
        world.save("run")
        shutil.copytree(world.folder / "run", world.folder / "march")
        # The first edit is published, and a page is new.
        world.check("apply", "run", "--to", "changed", "--top", "1")
        shutil.rmtree(world.folder / "site")
        (world.folder / "changed").rename(world.folder / "site")
        (world.folder / "site/delivery.md").write_text("# delivery\n\nA van brings it.\n")
        world.save("later")
        world.check("run", "coverage.toml")
        world.save("compared")
        yield world


def same_run(folder: Path, other: Path) -> None:
    assert_same_run(folder / "run", other / "run")


def same_files(name: str) -> Callable[[Path, Path], None]:
    def assert_same(folder: Path, other: Path) -> None:
        assert visible(folder / name) == visible(other / name)
        for file in visible(folder / name):
            assert (folder / name / file).read_bytes() == (other / name / file).read_bytes(), file

    return assert_same


def same_file(name: str) -> Callable[[Path, Path], None]:
    def assert_same(folder: Path, other: Path) -> None:
        assert (folder / name).read_bytes() == (other / name).read_bytes()

    return assert_same


def same_comparison(folder: Path, other: Path) -> None:
    same_file("run/comparison.md")(folder, other)
    for name in ("run/predictions.parquet", "cache/predictions.parquet"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(folder / name), pd.read_parquet(other / name), obj=name
        )


def same_wave(folder: Path, other: Path) -> None:
    """Every exchange has one answer, or its reply was lost when the process was killed.

    A wave that was complete before the kill is followed by a new one.
    """
    waves = sorted((folder / "panel").glob("*.jsonl"))
    assert waves
    for path in waves:
        rows = [json.loads(line) for line in path.read_text().splitlines() if line]
        ended = [row["query_id"] for row in rows if row["outcome"] in ("answered", "lost")]
        assert len(ended) == len(set(ended)) == 5, f"{path.name}: {ended}"


def same_replies(folder: Path, other: Path) -> None:
    first, second = load_analysis(folder / "run"), load_analysis(other / "run")
    # Replies that the killed process paid for are reused, so that they cost nothing again.
    graded = [
        run.judgements.drop(columns=["n_input_tokens", "n_output_tokens"])
        for run in (first, second)
    ]
    pd.testing.assert_frame_equal(*graded)
    pd.testing.assert_frame_equal(first.reliability, second.reliability)


COMMANDS = [
    Command("run", ("run", "coverage.toml"), "new", same_run),
    Command("run again", ("run", "coverage.toml"), "later", same_run),
    Command("report", ("report", "run"), "run", same_run),
    Command("panel", ("panel", "run", "--force"), "run", same_file("panel.csv")),
    Command(
        "draft",
        ("draft", "run", "--settings", "coverage.toml", "--top", "3"),
        "run",
        same_file("run/drafts.json"),
    ),
    Command("apply", ("apply", "run", "--to", "copy", "--top", "2"), "run", same_files("copy")),
    Command("ask", ("ask", "coverage.toml"), "run", same_wave),
    Command("judge", ("judge", "run", "--settings", "coverage.toml"), "run", same_replies),
    Command(
        "compare",
        ("compare", "march", "run", "--published", "e0002"),
        "compared",
        same_comparison,
    ),
    Command("init", ("init", "project"), "new", same_files("project")),
    Command("cache", ("cache", "--prune", "--all"), "run", same_run),
]
