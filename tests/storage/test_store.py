"""The store of what later runs reuse: whole or absent, checked, bounded, for several processes."""

import json
import os
import subprocess
import sys
import time

import pytest

from coverage_kit.storage.store import Store
from tests.reliability.test_damage import DAMAGES

A, B, C, D = (letter * 24 for letter in "abcd")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def put(store, name, text, **values):
    return store.put(name, values, {"text.txt": text.encode()})


def texts(store, *entries):
    found = [store.get(name) for name in entries]
    return [entry and entry.files["text.txt"].read_text() for entry in found]


def test_an_entry_comes_back_with_its_values_and_files(tmp_path):
    store = Store(tmp_path / "kind")
    assert store.get(A) is None
    put(store, A, "one", n=1.5, names=["ä", None])
    entry = Store(tmp_path / "kind").get(A)
    assert entry.values == {"n": 1.5, "names": ["ä", None]}
    assert entry.files["text.txt"].read_text() == "one"
    assert not store.damaged


def test_a_new_entry_replaces_the_old_one_and_its_files(tmp_path):
    store = Store(tmp_path)
    put(store, A, "one")
    put(store, A, "two")
    put(store, A, "two")
    assert texts(store, A) == ["two"]
    assert len(names(tmp_path)) == 2


def test_an_entry_that_cannot_be_written_leaves_the_old_one(tmp_path):
    store = Store(tmp_path)
    put(store, A, "one")

    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.put(A, {}, {"text.txt": b"two", "more.txt": fail})
    assert texts(store, A) == ["one"]
    assert not [name for name in names(tmp_path) if name.endswith(".new")]


def test_what_cannot_be_kept_is_said_in_one_line_with_the_cure(tmp_path, caplog):
    def fail(path):
        raise OSError(28, "No space left on device")

    assert Store(tmp_path).keep(A, {}, {"text.txt": fail}) is None
    assert "cannot be kept" in caplog.text and "Free space on that disk" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", ["*.json", "*.text.txt"])
def test_an_entry_that_does_not_check_out_is_absent_and_can_be_made_again(tmp_path, kind, damage):
    if damage.__name__ == "lose_columns" and kind != "*.json":
        pytest.skip("a text has no columns")
    store = Store(tmp_path)
    put(store, A, "one" * 100, n=1)
    put(store, B, "other")
    path = next(path for path in tmp_path.glob(kind) if path.name.startswith(f"{A}."))
    damage(path)
    assert texts(store, A, B) == [None, "other"]
    is_gone = damage.__name__ == "remove" and kind == "*.json"
    assert store.damaged == (set() if is_gone else {A})
    put(store, A, "again")
    assert texts(store, A, B) == ["again", "other"]


def test_a_record_cannot_name_a_file_outside_its_folder(tmp_path):
    outside = tmp_path / "secret"
    outside.write_text("secret")
    store = Store(tmp_path / "kind")
    put(store, A, "one")
    record = json.loads((tmp_path / f"kind/{A}.json").read_text())
    record["files"] = {"../../secret": record["files"]["text.txt"]}
    (tmp_path / f"kind/{A}.json").write_text(json.dumps(record))
    assert store.get(A) is None
    put(store, A, "two")
    store.prune()
    assert outside.read_text() == "secret"


def test_a_record_of_another_format_is_absent(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.storage.store.FORMAT", 2)
    put(Store(tmp_path), A, "one")
    monkeypatch.undo()
    assert Store(tmp_path).get(A) is None


def test_the_entries_that_were_used_last_stay(tmp_path):
    store = Store(tmp_path, max_entries=2)
    for number, name in enumerate((A, B)):
        put(store, name, name[0])
        os.utime(tmp_path / f"{name}.json", (number, number))
    assert texts(store, A) == ["a"]  # now "b" was used longest ago
    put(store, C, "c")
    assert texts(store, A, B, C) == ["a", None, "c"]
    assert len(names(tmp_path)) == 4


def test_a_store_that_is_too_large_loses_what_was_used_longest_ago(tmp_path):
    store = Store(tmp_path, max_bytes=3000)
    for number, name in enumerate((A, B, C, D)):
        put(store, name, name[0] * 1000)
        os.utime(tmp_path / f"{name}.json", (number, number))
    assert store.bound() == 2
    assert [entry and entry[0] for entry in texts(store, A, B, C, D)] == [None, None, "c", "d"]


def test_pruning_removes_what_is_damaged_and_what_was_abandoned_long_ago(tmp_path):
    store = Store(tmp_path)
    put(store, A, "one")
    put(store, B, "two")
    next(tmp_path.glob(f"{B}.*.text.txt")).write_text("flipped")
    for name in (".x.coverage-kit-{}0123456.new", f"{{}}{C[1:]}.0123456789ab.text.txt"):
        (tmp_path / name.format(0)).write_text("unfinished")
        os.utime(tmp_path / name.format(0), (time.time() - 7 * 3600,) * 2)
        (tmp_path / name.format(1)).write_text("another process is writing this")
    assert store.prune() == 3
    assert texts(store, A, B) == ["one", None]
    left = [path for path in tmp_path.iterdir() if not path.name.startswith(A)]
    assert len(left) == 2
    assert {path.read_text() for path in left} == {"another process is writing this"}


def test_files_of_others_in_the_folder_stay(tmp_path):
    mine = ["notes.json", "town.png", "sub/x.json", ".hidden", "a.b.c", "x.coverage-kit-9.new.md"]
    for name in mine:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine" * 500)
        os.utime(tmp_path / name, (0, 0))
    store = Store(tmp_path, max_entries=1)
    assert store.size().n_entries == 0
    put(store, A, "one")
    put(store, B, "two")
    assert texts(store, A, B) == [None, "two"]
    assert store.prune() == 0
    assert Store(tmp_path, max_bytes=1000).bound() == 0
    assert store.clear() == 1
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in left) == sorted(mine)


WRITES = """
import sys
from pathlib import Path
from coverage_kit.storage.store import Store
store = Store(Path(sys.argv[1]), max_entries=2)
for number in range(150):
    name, text = f"e{number % 3}" * 12, sys.argv[2] * 2000
    store.put(name, {"text": sys.argv[2]}, {"text.txt": text.encode()})
    entry = store.get(name)
    if entry:
        try:
            assert entry.files["text.txt"].read_text() == entry.values["text"] * 2000
        except FileNotFoundError:
            pass  # another process replaced it
"""


def test_two_processes_write_the_same_entries_and_none_is_mixed(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITES, str(tmp_path), letter], stderr=subprocess.PIPE
        )
        for letter in "ab"
    ]
    for process in processes:
        assert process.communicate(timeout=120)[1].decode() == ""
        assert process.returncode == 0
    store = Store(tmp_path)
    found = [store.get(path.stem) for path in tmp_path.glob("*.json")]
    assert found
    for entry in found:
        if entry:
            assert entry.files["text.txt"].read_text() == entry.values["text"] * 2000
    assert not list(tmp_path.glob("*.new"))
