"""Digests of files, and a list of them in a folder by which damage is detected."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from coverage_kit.text.parse import parse_json

# The list in a folder, written last.
MANIFEST = "manifest.json"
# A digest of 16 bytes: damage goes undetected once in 2^128 times.
_DIGEST_BYTES = 16


def digest_file(path: Path) -> str:
    """Return a digest of a file's content. Raises OSError where it cannot be read."""
    with path.open("rb") as stream:
        return str(hashlib.file_digest(stream, _hasher).hexdigest())


def digest_bytes(content: bytes) -> str:
    """Return the digest that a file of this content has."""
    return str(_hasher(content).hexdigest())


def write_manifest(folder: Path, version: int) -> None:
    """Write the digest of every file in the folder, with the version of what they hold."""
    files = {path.name: digest_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
    files.pop(MANIFEST, None)
    text = json.dumps({"format": version, "files": files}, indent=1)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_version(folder: Path) -> int | None:
    """Return the version of what a folder holds; None where no list of its files says so."""
    try:
        return int(parse_json((folder / MANIFEST).read_text(encoding="utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None


def find_damage(folder: Path, needed: Iterable[str] = ()) -> str | None:
    """Return what is damaged in a folder with a list of its files; None where nothing is.

    Args:
        folder: the folder.
        needed: files that the list must name, as nothing else tells whether they are damaged.
    """
    try:
        files = parse_json((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        unknown = sorted(set(needed) - set(files))
        if unknown:
            return f"{unknown[0]} is not in {MANIFEST}"
        for name, digest in files.items():
            if digest_file(folder / Path(name).name) != digest:
                return f"{name} is not as it was written"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None


def _hasher(content: bytes = b"") -> Any:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES)
