"""The store of what later runs reuse: whole or absent, checked, bounded, for several processes."""

import json
import os
import subprocess
import sys
import time

import pytest

from coverage_kit.storage.store import Store
from tests.reliability.test_damage import DAMAGES


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def put(store, name, text, **values):
    return store.put(name, values, {"text.txt": text.encode()})


def texts(store, *entries):
    found = [store.get(name) for name in entries]
    return [entry and entry.files["text.txt"].read_text() for entry in found]


def test_an_entry_comes_back_with_its_values_and_files(tmp_path):
    store = Store(tmp_path / "kind")
    assert store.get("a") is None
    put(store, "a", "one", n=1.5, names=["ä", None])
    entry = Store(tmp_path / "kind").get("a")
    assert entry.values == {"n": 1.5, "names": ["ä", None]}
    assert entry.files["text.txt"].read_text() == "one"
    assert not store.damaged


def test_a_new_entry_replaces_the_old_one_and_its_files(tmp_path):
    store = Store(tmp_path)
    put(store, "a", "one")
    put(store, "a", "two")
    put(store, "a", "two")
    assert texts(store, "a") == ["two"]
    assert len(names(tmp_path)) == 2


def test_an_entry_that_cannot_be_written_leaves_the_old_one(tmp_path):
    store = Store(tmp_path)
    put(store, "a", "one")

    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.put("a", {}, {"text.txt": b"two", "more.txt": fail})
    assert texts(store, "a") == ["one"]
    assert not [name for name in names(tmp_path) if name.endswith(".new")]


def test_what_cannot_be_kept_is_said_in_one_line_with_the_cure(tmp_path, caplog):
    def fail(path):
        raise OSError(28, "No space left on device")

    assert Store(tmp_path).keep("a", {}, {"text.txt": fail}) is None
    assert "cannot be kept" in caplog.text and "Free space on that disk" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", ["*.json", "*.text.txt"])
def test_an_entry_that_does_not_check_out_is_absent_and_can_be_made_again(tmp_path, kind, damage):
    if damage.__name__ == "lose_columns" and kind != "*.json":
        pytest.skip("a text has no columns")
    store = Store(tmp_path)
    put(store, "a", "one" * 100, n=1)
    put(store, "b", "other")
    path = next(path for path in tmp_path.glob(kind) if path.name.startswith("a."))
    damage(path)
    assert texts(store, "a", "b") == [None, "other"]
    is_gone = damage.__name__ == "remove" and kind == "*.json"
    assert store.damaged == (set() if is_gone else {"a"})
    put(store, "a", "again")
    assert texts(store, "a", "b") == ["again", "other"]


def test_a_record_cannot_name_a_file_outside_its_folder(tmp_path):
    outside = tmp_path / "secret"
    outside.write_text("secret")
    store = Store(tmp_path / "kind")
    put(store, "a", "one")
    record = json.loads((tmp_path / "kind/a.json").read_text())
    record["files"] = {"../../secret": record["files"]["text.txt"]}
    (tmp_path / "kind/a.json").write_text(json.dumps(record))
    assert store.get("a") is None
    put(store, "a", "two")
    store.prune()
    assert outside.read_text() == "secret"


def test_a_record_of_another_format_is_absent(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.storage.store.FORMAT", 2)
    put(Store(tmp_path), "a", "one")
    monkeypatch.undo()
    assert Store(tmp_path).get("a") is None


def test_the_entries_that_were_used_last_stay(tmp_path):
    store = Store(tmp_path, max_entries=2)
    for number, name in enumerate("ab"):
        put(store, name, name)
        os.utime(tmp_path / f"{name}.json", (number, number))
    assert texts(store, "a") == ["a"]  # now "b" was used longest ago
    put(store, "c", "c")
    assert texts(store, "a", "b", "c") == ["a", None, "c"]
    assert len(names(tmp_path)) == 4


def test_a_store_that_is_too_large_loses_what_was_used_longest_ago(tmp_path):
    store = Store(tmp_path, max_bytes=3000)
    for number, name in enumerate("abcd"):
        put(store, name, name * 1000)
        os.utime(tmp_path / f"{name}.json", (number, number))
    assert store.bound() == 2
    assert [entry and entry[0] for entry in texts(store, *"abcd")] == [None, None, "c", "d"]


def test_pruning_removes_what_is_damaged_and_what_was_abandoned_long_ago(tmp_path):
    store = Store(tmp_path)
    put(store, "a", "one")
    put(store, "b", "two")
    next(tmp_path.glob("b.*.text.txt")).write_text("flipped")
    for name in ("a.x.coverage-kit-0123.new", "c.0123.text.txt"):
        (tmp_path / f"old.{name}").write_text("unfinished")
        os.utime(tmp_path / f"old.{name}", (time.time() - 7 * 3600,) * 2)
        (tmp_path / f"young.{name}").write_text("another process is writing this")
    assert store.prune() == 3
    assert texts(store, "a", "b") == ["one", None]
    left = names(tmp_path)
    assert [name for name in left if name.startswith("old")] == []
    assert len([name for name in left if name.startswith("young")]) == 2


WRITES = """
import sys
from pathlib import Path
from coverage_kit.storage.store import Store
store = Store(Path(sys.argv[1]), max_entries=2)
for number in range(150):
    name, text = f"e{number % 3}", sys.argv[2] * 2000
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
