"""What may be unpacked: the same bounds for archives of logs and of pages."""

import gzip
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from coverage_kit.errors import CoverageKitError, LogError

# What reading a broken archive raises.
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)
# Texts shrink to a tenth or a fiftieth when they are packed, and bombs to a thousandth. Small files
# may hold anything. Assumed.
_MAX_RATIO = 250
_SMALL_BYTES = 100_000_000
# No archive of logs or pages has so many files (assumed); to list them takes seconds.
_MAX_MEMBERS = 10_000
# The folders and files that archive programs and desktops add.
_SYSTEM_NAMES = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


def check_members(
    path: Path,
    where: str,
    members: Sequence[zipfile.ZipInfo],
    error: type[CoverageKitError] = LogError,
) -> None:
    """Raise an error for an archive that is encrypted, a bomb, or has paths outside of it.

    Args:
        path: the archive.
        where: its name, as messages show it.
        members: its files.
        error: the kind of error.
    """
    n_unpacked = sum(member.file_size for member in members)
    outside = [member.filename for member in members if _is_outside(member.filename)]
    if outside:
        raise error(
            where,
            "a zip file whose files are inside it",
            f"a path outside: {outside[0]!r}",
            "Do not unpack it. Export it again, or ask who sent it.",
        )
    if any(member.flag_bits & 1 for member in members):
        raise error(
            where,
            "a zip file without a password",
            "encrypted files",
            "Unpack it with its password, and name the files.",
        )
    if len(members) > _MAX_MEMBERS or n_unpacked > most_bytes(path):
        raise bomb(path, where, f"{len(members):,} files of {n_unpacked:,} bytes", error)


def is_hidden(name: str) -> bool:
    """Return whether a file of an archive is hidden, or of a system that packed it."""
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part in _SYSTEM_NAMES for part in parts)


def most_bytes(path: Path) -> int:
    """Return how many bytes a packed file may hold."""
    return max(_SMALL_BYTES, _MAX_RATIO * path.stat().st_size)


def bomb(
    path: Path, where: str, found: str, error: type[CoverageKitError] = LogError
) -> CoverageKitError:
    """Return the error for a packed file that holds more than it may."""
    size = path.stat().st_size
    return error(
        where,
        f"a packed file of {size:,} bytes with at most {most_bytes(path):,} bytes in it",
        found,
        "It may be a trap. If you trust it, unpack it yourself, and name the files.",
    )


def _is_outside(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return ".." in parts or name.startswith(("/", "\\")) or name[1:3] in (":\\", ":/")
