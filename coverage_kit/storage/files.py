"""Files and folders that appear completely or not at all, also where two processes write them.

Content is written to an unfinished file or folder beside the target, which then replaces the
target. `write_file` and `write_folder` raise an error of the toolkit. `new_file`, `new_folder` and
`new_contents` are context managers for other writers: they raise OSError, which the caller turns
into its own error with the cure of `cure_for`.
"""

import errno
import glob
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from coverage_kit.errors import CoverageKitError, RunError
from coverage_kit.storage.others import keep_others

fcntl: ModuleType | None = None
with suppress(ImportError):  # Windows has none: there nothing keeps a second process out
    import fcntl

# An unfinished file or folder is taken for abandoned when nothing was written into its folder for
# so long: the largest table of a run is written in minutes (assumed).
ABANDONED_SECONDS = 6 * 3600
# What the names of unfinished and replaced files and folders hold, so that nothing of a user's is
# taken for one.
_MARK = ".coverage-kit-"
# What such a name ends with: a random number, and the kind.
_UNFINISHED_END = re.compile(r"\.coverage-kit-[0-9a-f]{4,8}\.(new|old)$")
# A folder of this name holds the complete contents of a run that are not yet moved into place.
_FINISHED = f"{_MARK}finished"
# In that folder: what was in the way, and a list of names that the new contents do not have.
_REPLACED = ".replaced"
_STALE = ".stale"
_RUN_AGAIN = "then run the same command again."
_FORBIDDEN = "Close it in other programs, or give yourself the right to write there"
# What cures a fault of the disk. Any other fault has the cure of the caller.
_CURES = {
    errno.ENOSPC: f"Free space on that disk, {_RUN_AGAIN}",
    errno.EDQUOT: f"Free space: your quota on that disk is used up; {_RUN_AGAIN}",
    errno.EFBIG: f"Raise the limit of a file's size (ulimit -f), {_RUN_AGAIN}",
    # Windows reports a file that is open in another program in the same way.
    errno.EACCES: f"{_FORBIDDEN}, {_RUN_AGAIN}",
    errno.EPERM: f"{_FORBIDDEN}, {_RUN_AGAIN}",
    errno.EROFS: "That disk can only be read: name a folder on another disk.",
    errno.EIO: "The disk reports a fault: check it, or name a folder on another disk.",
    errno.ENAMETOOLONG: "The name is too long: name a folder with a shorter path.",
    errno.EMFILE: f"Too many files are open: raise the limit (ulimit -n), {_RUN_AGAIN}",
    errno.ENFILE: f"Too many files are open: close other programs, {_RUN_AGAIN}",
}


def cure_for(failure: BaseException, otherwise: str) -> str:
    """Return what cures a fault of the disk; `otherwise` for a fault of another kind."""
    return _CURES.get(getattr(failure, "errno", None) or 0, otherwise)


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
        cure: what that error advises where the fault has no cure of its own.
    """
    with as_error(path, "a file that can be written", cure, error), new_file(path) as unfinished:
        unfinished.write_bytes(content)


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
        cure: what that error advises where the fault has no cure of its own.
    """
    what = "a folder that can be written"
    with as_error(folder, what, cure, error), new_folder(folder) as unfinished:
        fill(unfinished)


@contextmanager
def as_error(
    path: Path, what: str, cure: str, error: type[CoverageKitError] = RunError
) -> Iterator[None]:
    """Turn an OSError of the block into an error of the toolkit, with the cure of its fault."""
    try:
        yield
    except OSError as failure:
        raise error(str(path), what, str(failure), cure_for(failure, cure)) from failure


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
    with unfinished_file(path) as unfinished:
        yield unfinished
        if is_synced:
            sync(unfinished)
        unfinished.replace(path)


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """Yield a free path beside `path`; a file that the block leaves there is removed."""
    # The name is random, because two processes or machines may write the same file at once.
    unfinished = path.with_name(f".{path.name[:100]}{_MARK}{uuid4().hex[:8]}.new")
    try:
        yield unfinished
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: Path, *, is_synced: bool = True) -> Iterator[Path]:
    """Yield an unfinished, empty folder, which replaces `folder` when the block ends.

    When the block raises, `folder` stays as it was, and the unfinished folder is removed. Raises
    OSError when the folder cannot be written.

    Args:
        folder: the folder.
        is_synced: whether to wait until every file is on the disk.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    restore_folder(folder)
    with _unfinished_folder(folder.parent, f".{folder.name[:100]}") as unfinished:
        yield unfinished
        if is_synced:
            _sync_all(unfinished)
        replace_folder(unfinished, folder)


def replace_folder(new: Path, folder: Path) -> None:
    """Move a complete folder to its place, where an older one may be."""
    replaced = folder.with_name(f".{folder.name[:100]}{_MARK}{uuid4().hex[:8]}.old")
    with locked(folder.parent):
        # No system replaces a folder that holds files in one step, so this takes two.
        if folder.exists():
            folder.replace(replaced)
        new.replace(folder)
    shutil.rmtree(replaced, ignore_errors=True)


def restore_folder(folder: Path) -> None:
    """Put a folder back that was moved away just before a crash; else do nothing."""
    if folder.exists() or not folder.parent.is_dir():
        return
    with locked(folder.parent):
        moved = sorted(folder.parent.glob(f".{glob.escape(folder.name[:100])}{_MARK}*.old"))
        if moved and not folder.exists():
            moved[-1].replace(folder)


@contextmanager
def new_contents(
    folder: Path, stale: Collection[str] = (), merged: Collection[str] = ()
) -> Iterator[Path]:
    """Yield an unfinished, empty folder, whose contents move into `folder` when the block ends.

    They replace what was written so before; what others wrote or changed in `folder` stays
    (`keep_others`). Either all move or none: where a crash comes between, `complete_contents` moves
    the rest. When the block raises, `folder` stays as it was. Raises OSError when the folder cannot
    be written.

    Args:
        folder: the folder; made when needed.
        stale: names that are removed from the folder where the new contents do not have them.
        merged: files whose changes the block takes over into the new contents.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _unfinished_folder(folder, "") as unfinished:
        yield unfinished
        with locked(folder):
            _move_in(folder)  # what another process left that was killed
            replaced = {path.name for path in unfinished.iterdir()} | set(stale)
            keep_others(folder, unfinished, replaced, merged)
            removed = [name for name in stale if not (unfinished / name).exists()]
            (unfinished / _STALE).write_text("\n".join(removed), encoding="utf-8")
            _sync_all(unfinished)
            unfinished.replace(folder / _FINISHED)
            _move_in(folder)


def complete_contents(folder: Path) -> None:
    """Move the rest of new contents into the folder, where a crash left some of them outside.

    Raises OSError where that is impossible.
    """
    if (folder / _FINISHED).is_dir():
        with locked(folder):
            _move_in(folder)


def _move_in(folder: Path) -> None:
    """Move finished contents into the folder. It may be repeated at any point."""
    finished = folder / _FINISHED
    if not finished.is_dir():
        return
    for path in sorted(finished.iterdir()):
        if path.name not in (_STALE, _REPLACED):
            _move_away(folder / path.name, finished)
            path.replace(folder / path.name)
    stale = finished / _STALE
    for name in stale.read_text(encoding="utf-8").splitlines() if stale.is_file() else []:
        _move_away(folder / name, finished)
    # First the list of stale names: what is left after a crash here removes nothing more.
    stale.unlink(missing_ok=True)
    shutil.rmtree(finished)


def _move_away(path: Path, finished: Path) -> None:
    """Make room for new contents of this name."""
    if path.is_dir() and (finished / path.name).is_file():
        set_aside(path)  # a folder where a file belongs is not of this toolkit
    elif path.exists() and not (finished / path.name).is_file():
        (finished / _REPLACED).mkdir(exist_ok=True)
        path.replace(finished / _REPLACED / f"{path.name}.{uuid4().hex[:8]}")


@contextmanager
def _unfinished_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Yield a new folder with a random name; it is removed where the block raises."""
    remove_abandoned(parent)
    unfinished = parent / f"{prefix}{_MARK}{uuid4().hex[:8]}.new"
    unfinished.mkdir()
    try:
        yield unfinished
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def remove_abandoned(folder: Path) -> int:
    """Remove what killed processes left unfinished in the folder; return how much that was.

    What was changed in the last hours may belong to a process that is still writing, and stays.
    """
    n_removed = 0
    for path in folder.glob(f"*{_MARK}*"):
        if _UNFINISHED_END.search(path.name) is None:
            continue  # not of this toolkit
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                remove(path)
                n_removed += 1
    return n_removed


def remove(path: Path) -> None:
    """Remove a file or a folder with everything in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it; a file of its name is set aside."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        set_aside(folder)
        folder.mkdir()


def set_aside(path: Path) -> Path:
    """Rename a file or folder that cannot be read to a free name beside it; return that path."""
    aside = path.with_name(
        f"{path.name[:100]}.unreadable-{time.strftime('%Y%m%d')}-{uuid4().hex[:4]}"
    )
    path.rename(aside)
    return aside


@contextmanager
def locked(folder: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Keep other processes of the toolkit from changing a folder during the block.

    The system releases the lock when a process ends, however it ends. A disk that knows no locks,
    as some network disks, and Windows keep nobody out. The block must not lock the folder again.

    Args:
        folder: the folder.
        is_shared: whether other processes may read at the same time.
    """
    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _sync_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            sync(path)


def sync(path: Path) -> None:
    """Wait until the file is on the disk: otherwise a power cut could leave the target empty."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
