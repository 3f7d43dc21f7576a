"""Files of others in a folder of results: they stay when new contents replace the old ones."""

import json
import logging
import shutil
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path

from coverage_kit.storage.digests import digest_file
from coverage_kit.storage.written import is_written, kind_of_folder
from coverage_kit.text.parse import parse_json

# A list in the folder: the digest of each file that the toolkit wrote, by its path there.
WRITTEN = ".written.json"
# Files of these kinds in a folder of a run without that list are the run's tables.
_TABLES = frozenset({".parquet", ".json"})

logger = logging.getLogger(__name__)


def keep_others(folder: Path, new: Path, names: Collection[str], merged: Collection[str]) -> None:
    """Copy what others wrote or changed under these names in a folder into its new contents.

    A file for whose path the new contents have another gets the next free name with .old. Raises
    OSError where a file cannot be copied.

    Args:
        folder: the folder.
        new: its new contents, complete. They get the list of what they hold.
        names: files and folders of the folder that are about to be replaced or removed.
        merged: files whose changes the new contents hold already.
    """
    written = _read_list(folder)
    listed = {path.relative_to(new).as_posix(): digest_file(path) for path in _files(new)}
    renamed = []
    for name in sorted(names):
        for path in _files(folder / name):
            relative = path.relative_to(folder).as_posix()
            if not _is_own(path, relative, folder, written, merged):
                kept = _free(new, folder, relative)
                (new / kept).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, new / kept, follow_symlinks=False)
                renamed += [kept] if kept != relative else []
    if renamed:
        n = len(renamed)
        what = "1 file there was" if n == 1 else f"{n} files there were"
        logger.warning("%s: %s not as a run wrote it: kept, such as %s", folder, what, renamed[0])
    others = {path: digest for path, digest in (written or {}).items() if _top(path) not in names}
    (new / WRITTEN).write_text(json.dumps(others | listed, indent=1), encoding="utf-8")


def _read_list(folder: Path) -> dict[str, str] | None:
    """Return the folder's list; None where there is none that can be read."""
    try:
        listed = parse_json((folder / WRITTEN).read_text(encoding="utf-8"))
        return {str(path): str(digest) for path, digest in listed.items()}
    except (OSError, ValueError, AttributeError):
        return None


def _is_own(
    path: Path,
    relative: str,
    folder: Path,
    written: dict[str, str] | None,
    merged: Collection[str],
) -> bool:
    """Return whether a file is as the toolkit wrote it, or whether its changes are kept anyway."""
    if written is not None:
        return relative in written and (relative in merged or written[relative] == _digest(path))
    # An earlier version wrote no list.
    return kind_of_folder(folder) == "a run" and (
        path.parent == folder or path.suffix in _TABLES or is_written(path.read_bytes())
    )


def _digest(path: Path) -> str:
    return "" if path.is_symlink() else digest_file(path)


def _files(path: Path) -> Iterator[Path]:
    """Yield a file, or all files and links in a folder."""
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file() or file.is_symlink())


def _free(new: Path, folder: Path, relative: str) -> str:
    """Return the path of a kept file: its own where that is free, else the next one with .old."""
    if not (new / relative).exists():
        return relative
    names = (f"{relative}.old{number if number > 1 else ''}" for number in count(1))
    return next(
        name for name in names if not (new / name).exists() and not (folder / name).exists()
    )


def _top(path: str) -> str:
    return path.split("/", maxsplit=1)[0]
