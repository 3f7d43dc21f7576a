"""Files and folders appear completely or not at all."""

import errno
import os
import time
from contextlib import suppress

import pytest

from coverage_kit.errors import RunError, SettingsError
from coverage_kit.storage import files
from coverage_kit.storage.files import (
    complete_contents,
    new_contents,
    new_file,
    new_folder,
    write_file,
    write_folder,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_replaces_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    write_file(path, b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["file.txt"]


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_a_file_stays_as_it_was_where_writing_fails(tmp_path, failure):
    path = tmp_path / "file.txt"
    write_file(path, b"old")
    with pytest.raises(failure), new_file(path) as unfinished:
        unfinished.write_bytes(b"half of the n")
        raise failure
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file.txt"]


def test_two_writers_of_a_file_do_not_mix_their_content(tmp_path):
    path = tmp_path / "file.txt"
    with new_file(path) as first, new_file(path, is_synced=False) as second:
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["file.txt"]


def test_a_folder_is_replaced_completely(tmp_path):
    folder = tmp_path / "run"
    for name in ("a", "b.c"):
        with new_folder(folder) as unfinished:
            (unfinished / "sub.folder").mkdir()
            (unfinished / "sub.folder" / name).write_text(name)
    assert names(folder / "sub.folder") == ["b.c"]
    assert names(tmp_path) == ["run"]


def test_a_folder_of_the_user_is_left_alone(tmp_path):
    for name in ("site", "site.new", "site.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(name)
    with new_folder(tmp_path / "site") as unfinished:
        (unfinished / "page.html").write_text("copy")
    assert (tmp_path / "site" / "page.html").read_text() == "copy"
    assert names(tmp_path) == ["site", "site.new", "site.old"]


def test_a_folder_stays_as_it_was_where_writing_fails(tmp_path):
    folder = tmp_path / "run"
    write_folder(folder, lambda unfinished: (unfinished / "a").write_text("old") and None)
    with pytest.raises(ZeroDivisionError), new_folder(folder) as unfinished:
        (unfinished / "a").write_text(str(1 / 0))
    assert (folder / "a").read_text() == "old"


def test_the_error_is_that_of_the_caller(tmp_path):
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "new"
    with pytest.raises(RunError, match="a file that can be written"):
        write_file(path, b"")
    with pytest.raises(SettingsError, match=r"a file that can be written.*Free the disk\."):
        write_file(path, b"", error=SettingsError, cure="Free the disk.")
    with pytest.raises(SettingsError, match=r"a folder that can be written.*Free the disk\."):
        write_folder(path, print, error=SettingsError, cure="Free the disk.")
    with pytest.raises(OSError), new_file(path):
        pass


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        (errno.ENOSPC, "Free space on that disk"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "Close it in other programs, or give yourself the right"),
        (errno.EROFS, "can only be read: name a folder on another disk"),
        (errno.EIO, "The disk reports a fault"),
        (errno.ENAMETOOLONG, "shorter path"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOTDIR, "Name another one."),
    ],
)
def test_a_fault_of_the_disk_has_a_cure_that_fits(tmp_path, fault, cure):
    def fail(folder):
        raise OSError(fault, "as the system says")

    with pytest.raises(RunError) as caught:
        write_folder(tmp_path / "run", fail, cure="Name another one.")
    assert cure in caught.value.cure


def write_contents(folder, texts, stale=(), merged=()):
    """Write new contents: text by path."""
    with new_contents(folder, stale, merged) as unfinished:
        for name, text in texts.items():
            (unfinished / name).parent.mkdir(exist_ok=True)
            (unfinished / name).write_text(text)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name[0] != "."
    }


def test_new_contents_replace_what_was_written_before_and_leave_the_rest(tmp_path):
    folder = tmp_path / "run"
    stale = ["rejects.csv", "never.csv"]
    write_contents(folder, dict.fromkeys(("page.html", "todo/old.md", "rejects.csv"), "old"))
    for name in ("notes.txt", "todo/notes.md", "todo/more/notes.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
    new = dict.fromkeys(("page.html", "todo/new.md", "gaps.csv"), "new")
    mine = dict.fromkeys(("notes.txt", "todo/notes.md", "todo/more/notes.md"), "mine")
    for _ in range(2):
        write_contents(folder, new, stale)
        assert contents(folder) == new | mine


def test_what_others_changed_or_had_there_before_is_kept_beside_the_new_contents(tmp_path, caplog):
    before = ("page.html", "todo/a.md", "rejects.csv", "tables")
    for name in before:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    new = dict.fromkeys(("page.html", "todo/a.md", "todo/b.md", "gaps.xlsx", "tables/a"), "new")
    kept = ("page.html.old", "todo/a.md.old", "rejects.csv", "tables.old")
    write_contents(tmp_path, new, ["rejects.csv"], ["gaps.xlsx"])
    assert contents(tmp_path) == new | dict.fromkeys(kept, "mine")
    assert "3 files there were not as a run wrote it: kept, such as page.html.old" in caplog.text
    (tmp_path / "todo" / "a.md").write_text("[x] done")
    (tmp_path / "gaps.xlsx").write_text("done, and taken over")
    write_contents(tmp_path, new, ["rejects.csv"], ["gaps.xlsx"])
    assert contents(tmp_path) == new | dict.fromkeys(kept, "mine") | {"todo/a.md.old2": "[x] done"}


def test_contents_that_fail_leave_the_folder_as_it_was(tmp_path):
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(OSError), new_contents(tmp_path) as unfinished:
        (unfinished / "page.html").write_text("new")
        raise OSError(errno.ENOSPC, "full")
    assert names(tmp_path) == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "old"


@pytest.mark.parametrize("n_moves", range(9))
def test_contents_are_completed_after_a_crash_at_any_point(tmp_path, monkeypatch, n_moves):
    """The crash comes after n renames and removals; the next command moves the rest."""
    folder = tmp_path / "run"
    write_contents(folder, dict.fromkeys(("a.html", "todo/old.md", "rejects.csv"), "old"))
    made = []

    class CrashError(BaseException):
        pass

    def count(function):
        def counted(*arguments, **keywords):
            made.append(function)
            if len(made) > n_moves:
                raise CrashError
            return function(*arguments, **keywords)

        return counted

    with (
        monkeypatch.context() as patch,
        suppress(CrashError),
        new_contents(folder, ["rejects.csv"]) as unfinished,
    ):
        (unfinished / "todo").mkdir()
        for name in ("a.html", "b.csv", "todo/new.md"):
            (unfinished / name).write_text("new")
        for name in ("replace", "unlink"):
            patch.setattr(files.Path, name, count(getattr(files.Path, name)))
        patch.setattr(files.shutil, "rmtree", count(files.shutil.rmtree))
    is_committed = (folder / ".coverage-kit-finished").exists() or (folder / "b.csv").exists()
    complete_contents(folder)
    if is_committed:
        assert (folder / "a.html").read_text() == "new"
        assert names(folder / "todo") == ["new.md"]
        assert not (folder / "rejects.csv").exists()
        assert [name for name in names(folder) if name[0] == "."] == [".written.json"]
    else:
        assert (folder / "a.html").read_text() == "old"
        assert names(folder / "todo") == ["old.md"]


def test_a_folder_that_was_moved_away_just_before_a_crash_is_put_back(tmp_path):
    (tmp_path / ".site.coverage-kit-0123abcd.old").mkdir()
    (tmp_path / ".site.coverage-kit-0123abcd.old" / "page").write_text("old")
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "site"):
        raise ZeroDivisionError
    assert (tmp_path / "site/page").read_text() == "old"


def test_only_what_was_abandoned_long_ago_is_removed(tmp_path):
    for name, hours in (("01d0", 7), ("abcd", 1)):
        leftover = tmp_path / f".site.coverage-kit-{name}.new"
        leftover.mkdir()
        os.utime(leftover, (time.time() - hours * 3600,) * 2)
    mine = tmp_path / "notes.coverage-kit-2025.new.md"
    mine.write_text("mine")
    os.utime(mine, (0, 0))
    with new_folder(tmp_path / "site"):
        pass
    assert names(tmp_path) == [".site.coverage-kit-abcd.new", mine.name, "site"]
