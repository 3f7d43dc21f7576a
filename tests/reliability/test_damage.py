"""Every kind of damage to everything that is kept: no traceback, one line, results as usual."""

import itertools
import json
import logging
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coverage_kit.analysis import load_analysis
from coverage_kit.errors import RunError
from coverage_kit.tables import PREDICTIONS
from tests.reliability.rounds import rounds
from tests.reliability.worlds import COMMANDS

logger = logging.getLogger(__name__)
SEED = 22


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(bytes(content))


def flip_first(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 0x10
    path.write_bytes(bytes(content))


def fill_with_noise(path: Path) -> None:
    path.write_bytes(random.Random(SEED).randbytes(5000))  # noqa: S311 (no secret)


def remove(path: Path) -> None:
    path.unlink()


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_text("in the way")


def replace_by_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def other_json(path: Path) -> None:
    path.write_text('[{"quality": null}, 3]')


def other_object(path: Path) -> None:
    path.write_text('{"format": 1, "values": [], "files": {"../../x": 3}, "digest": "0"}')


def other_version(path: Path) -> None:
    if path.suffix == ".json":
        with suppress(ValueError, AttributeError):
            path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    else:
        path.write_bytes(b"PAR1" + path.read_bytes())


def other_table(path: Path) -> None:
    pd.DataFrame({"a": ["b"]}).to_parquet(path)


def pickled_array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.array([{"a": print}], dtype=object), allow_pickle=True)


def zip_header(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(100))


def lose_columns(path: Path) -> None:
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        table[table.columns[1:]].to_parquet(path)
    elif path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as database:
            database.execute("ALTER TABLE vectors RENAME COLUMN vector TO other")
    else:
        path.write_text("{}")


def nest_deeply(path: Path) -> None:
    path.write_text("[" * 100_000)


DAMAGES = [
    cut,
    empty,
    flip,
    flip_first,
    fill_with_noise,
    remove,
    replace_by_folder,
    replace_by_link,
    other_json,
    other_object,
    other_version,
    other_table,
    pickled_array,
    zip_header,
    lose_columns,
    nest_deeply,
]
# What the cache holds, as patterns; each may fit several files, of which one is damaged.
KEPT = (
    "found/matches/*.json",
    "found/calibration/*.json",
    "found/calibration/*.npy",
    "found/clusters/*.parquet",
    "found/map/*.npy",
    "history/*.json",
    "history/*.history.parquet",
    "history/*.previous.parquet",
    "maps/*.json",
    "maps/*.parquet",
    "vectors.sqlite",
    "costs.jsonl",
    "predictions.parquet",
)
FOLDERS = ("found", "found/matches", "history", "maps", "pages")


# A folder in the place of the costs is an error with a cure: where would a run book its costs?
_IS_ERROR = ("costs.jsonl", replace_by_folder)


def damage_one(cache: Path, pattern: str, damage) -> None:
    path = sorted(cache.glob(pattern))[0] if list(cache.glob(pattern)) else cache / pattern
    if not path.exists():
        PREDICTIONS.empty().to_parquet(path)
    damage(path)


def test_a_run_on_a_damaged_cache_has_the_results_of_a_run_on_an_empty_one(world):
    """In each round everything is damaged, each in another way; all rounds have all ways."""
    command = COMMANDS[1]
    end, _ = world.undisturbed(command)
    n = 0
    for number in range(rounds(2, len(DAMAGES))):
        world.reset(command.state)
        damages = []
        for row, pattern in enumerate(KEPT):
            damage = DAMAGES[(row + number) % len(DAMAGES)]
            if (pattern, damage) != _IS_ERROR:
                damage_one(world.folder / "cache", pattern, damage)
                damages.append(f"{pattern} {damage.__name__}")
        n += len(damages)
        where = f"round {number}: {', '.join(damages)}"
        status, text = run_with(world, where)
        assert status == 0, f"{where}: {text}"
        # A line for a kind: six kinds of results, map, history, vectors, costs, predictions.
        said = [line for line in text.splitlines() if "check out" in line or "cannot be" in line]
        assert 1 <= len(said) <= 12, said
        assert_same_results(world.folder / "run", end / "run", where)
    logger.info("%d damaged files", n)


def test_a_folder_in_the_place_of_the_costs_is_an_error_with_its_cure(world):
    world.reset("run")
    damage_one(world.folder / "cache", *_IS_ERROR)
    status, text = world.call("run", "coverage.toml")
    assert status == 2
    assert "a ledger that can be" in text


@pytest.mark.parametrize("folder", FOLDERS[: rounds(1, len(FOLDERS))])
def test_a_file_in_the_place_of_a_kept_folder_stops_no_run(world, folder):
    command = COMMANDS[1]
    end, _ = world.undisturbed(command)
    world.reset(command.state)
    path = world.folder / "cache" / folder
    if path.exists():
        shutil.rmtree(path)
    path.write_text("no folder")
    status, text = run_with(world, folder)
    assert status == 0, text
    assert_same_results(world.folder / "run", end / "run", folder)
    world.check("run", "coverage.toml")


def test_a_damaged_run_says_to_run_again(world):
    world.reset("run")
    tables = sorted((world.folder / "run/tables").iterdir())
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    every = list(itertools.product(tables, DAMAGES))
    rng.shuffle(every)
    for path, damage in every[: rounds(40, len(every))]:
        content = path.read_bytes()
        damage(path)
        is_damaged = path.is_dir() or path.is_symlink() or not path.exists()
        if is_damaged or path.read_bytes() != content:
            with pytest.raises(RunError, match=r"[Rr]un"):
                load_analysis(world.folder / "run")
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
    load_analysis(world.folder / "run")
    tables[0].write_bytes(b"")
    for arguments in (
        ("report", "run"),
        ("panel", "run", "--force"),
        ("apply", "run", "--to", "copy"),
        ("draft", "run"),
        ("judge", "run"),
        ("pictures", "run"),
        ("compare", "run", "run"),
    ):
        status, text = world.call(*arguments)
        assert status == 2, text
        assert "not as it was written. Run again" in text
    world.check("run", "coverage.toml")


def run_with(world, where):
    try:
        return world.call("run", "coverage.toml")
    except AssertionError as error:
        raise AssertionError(f"{where}: {error}") from error


def assert_same_results(run, other, where):
    """The results are as usual; a damaged history begins anew, a damaged map is drawn anew."""
    # What a gap was called, and what became of it, is in the history alone.
    remembered = ["gap_id", "status", "status_reason"]
    first, second = (
        replace(analysis, gaps=analysis.gaps.drop(columns=remembered))
        for analysis in (load_analysis(run), load_analysis(other))
    )
    for name in ("gaps", "edits", "coverage", "clusters", "evidence", "effects", "visibility"):
        pd.testing.assert_frame_equal(
            first.tables()[name], second.tables()[name], obj=f"{where}: {name}"
        )
