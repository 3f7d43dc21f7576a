"""Files and folders that appear completely or not at all.

Content is written to an unfinished file or folder beside the target, which then replaces the
target in one step. `write_file` and `write_folder` raise an error of the toolkit. `new_file` and
`new_folder` are context managers for other writers: they raise OSError, which the caller turns
into its own error.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from coverage_kit.errors import CoverageKitError, RunError


def write_file(
    path: Path,
    content: bytes,
    *,
    error: type[CoverageKitError] = RunError,
    cure: str = "Close it elsewhere, or name another file.",
) -> None:
    """Write a file completely or not at all. Raises `error` when the file cannot be written.

    Args:
        path: the file. Its folder is made when needed.
        content: what the file then holds.
        error: the class of the error that is raised in place of an OSError.
        cure: what that error advises.
    """
    try:
        with new_file(path) as unfinished:
            unfinished.write_bytes(content)
    except OSError as failure:
        raise error(str(path), "a file that can be written", str(failure), cure) from failure


def write_folder(
    folder: Path,
    fill: Callable[[Path], None],
    *,
    error: type[CoverageKitError] = RunError,
    cure: str = "Name another [out] folder.",
) -> None:
    """Write a folder completely or not at all. Raises `error` when the folder cannot be written.

    Args:
        folder: the folder, which is replaced where it exists.
        fill: writes the files into the unfinished folder that it is called with.
        error: the class of the error that is raised in place of an OSError.
        cure: what that error advises.
    """
    try:
        with new_folder(folder) as unfinished:
            fill(unfinished)
    except OSError as failure:
        raise error(str(folder), "a folder that can be written", str(failure), cure) from failure


@contextmanager
def new_file(path: Path, *, is_synced: bool = True) -> Iterator[Path]:
    """Yield the path of an unfinished file, which replaces `path` when the block ends.

    When the block raises, `path` stays as it was, and the unfinished file is removed. Raises
    OSError when the file cannot be written.

    Args:
        path: the file. Its folder is made when needed.
        is_synced: whether to wait until the content is on the disk. Leave it out for files that
            are checked when they are read and can be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is random, because two processes or machines may write the same file at once.
    unfinished = path.with_name(f"{path.name}.{uuid4().hex[:8]}.new")
    try:
        yield unfinished
        if is_synced:
            _sync(unfinished)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(folder: Path, *, is_synced: bool = True, is_hidden: bool = False) -> Iterator[Path]:
    """Yield an unfinished, empty folder, which replaces `folder` when the block ends.

    When the block raises, `folder` stays as it was; the next call removes the unfinished folder.
    Raises OSError when the folder cannot be written.

    Args:
        folder: the folder.
        is_synced: whether to wait until every file is on the disk.
        is_hidden: whether the unfinished and the replaced folder get hidden names that carry the
            toolkit's name. Use it where a folder FOLDER.new or FOLDER.old may belong to the user.
    """
    unfinished, replaced = (_sibling(folder, state, is_hidden) for state in ("new", "old"))
    if replaced.is_dir() and not folder.exists():
        replaced.replace(folder)  # a crash came between the two steps at the end of this function
    for leftover in (unfinished, replaced):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    if is_synced:
        for path in unfinished.rglob("*"):
            if path.is_file():
                _sync(path)
    # No system replaces a folder that holds files in one step, so this takes two.
    if folder.exists():
        folder.replace(replaced)
    unfinished.replace(folder)
    shutil.rmtree(replaced, ignore_errors=True)


def _sibling(folder: Path, state: str, is_hidden: bool) -> Path:
    name = f".{folder.name}.coverage-kit-{state}" if is_hidden else f"{folder.name}.{state}"
    return folder.with_name(name)


def _sync(path: Path) -> None:
    """Wait until the file is on the disk: otherwise a power cut could leave the target empty."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
