"""Files and folders appear completely or not at all."""

import pytest

from coverage_kit.errors import RunError, SettingsError
from coverage_kit.storage.files import new_file, new_folder, write_file, write_folder


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
