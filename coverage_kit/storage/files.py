"""Folders and files that appear whole or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from coverage_kit.errors import RunError


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder beside the wanted one, then put it in its place. Raises RunError when that cannot be done."""
    beside = folder.with_name(folder.name + ".new")
    old = folder.with_name(folder.name + ".old")
    try:
        if old.is_dir() and not folder.exists():
            old.replace(folder)  # a crash came between the two steps below
        for rest in (beside, old):
            shutil.rmtree(rest, ignore_errors=True)
        beside.mkdir(parents=True)
        fill(beside)
        for file in beside.rglob("*.*"):
            _sync(file)
        if folder.exists():
            folder.replace(old)
        beside.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise RunError(
            str(folder),
            "a folder that can be written",
            str(error),
            "Name another [out] folder.",
        ) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside the wanted one, then put it in its place. Raises RunError when that cannot be done."""
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        _sync(beside)
        os.replace(beside, path)
    except OSError as error:
        raise RunError(
            str(path),
            "a file that can be written",
            str(error),
            "Close it elsewhere, or name another.",
        ) from error


def _sync(file: Path) -> None:
    """Wait until the file is on the disk: put in place before that, it could be empty after a power cut."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
