"""What a project keeps in its cache: how much of each kind, and how it is pruned."""

import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coverage_kit.collect.store import open_pages
from coverage_kit.embed.texts import VectorFile
from coverage_kit.llm.costs import LEDGER
from coverage_kit.match.neighbors import open_indexes
from coverage_kit.measure.judge.cache import CACHE as REPLIES
from coverage_kit.pipeline.edits import RECORD
from coverage_kit.pipeline.history import open_histories
from coverage_kit.pipeline.map import open_maps
from coverage_kit.pipeline.run import FOUND, VECTORS
from coverage_kit.storage.cache import open_results
from coverage_kit.storage.database import remove_database
from coverage_kit.storage.files import as_error, remove
from coverage_kit.storage.store import Store, StoredSize

# Parts of a run on a cluster are used until the run has ended. A run that was interrupted longer
# ago is hardly continued (assumed).
_PARTS_DAYS = 14
_DAY_SECONDS = 86_400
_UNITS = ("B", "kB", "MB", "GB", "TB")
# Folders and files of parts: a word, a digest, and what an unfinished one ends with.
_PART = re.compile(r"\.?[a-z]+-[0-9a-f]{24}(\.parquet)?(\.coverage-kit-[0-9a-f]{8}\.(new|old))?")
# What nothing can make again, or only for money.
_NEVER_REMOVED = {
    "history": "history",
    "past predictions": RECORD,
    "costs": LEDGER,
    "replies of judges": REPLIES,
}


@dataclass(frozen=True)
class Kept:
    """One kind of what is kept: its size, and whether it can be made again."""

    kind: str
    size: StoredSize
    can_be_removed: bool


def list_kept(cache: Path) -> list[Kept]:
    """Return what a cache keeps, kind by kind: first what can be made again."""
    kept = [
        Kept(kind, _sum([store.size() for store in stores]), True)
        for kind, stores in _stores(cache).items()
    ]
    vectors = _size_of([cache / VECTORS])
    if vectors.n_entries:
        vectors = StoredSize(VectorFile(cache / VECTORS).count(), *_rest(vectors))
    kept.append(Kept("vectors", vectors, True))
    kept.append(Kept("parts", _size_of(_parts(cache)), True))
    for kind, name in _NEVER_REMOVED.items():
        size = open_histories(cache).size() if kind == "history" else _size_of([cache / name])
        kept.append(Kept(kind, size, False))
    return kept


def prune_kept(cache: Path, is_all: bool = False) -> int:
    """Remove what is damaged, abandoned or beyond its bounds; return the number of removals.

    Histories, past predictions, costs and replies of judges stay in any case. Raises RunError where
    the cache cannot be changed.

    Args:
        cache: the folder.
        is_all: whether to remove everything that can be made again.
    """
    with as_error(cache, "a cache that can be changed", "Name another cache."):
        stores = [store for kind in _stores(cache).values() for store in kind]
        n_removed = sum(store.clear() if is_all else store.prune() for store in stores)
        for path in _parts(cache):
            age = time.time() - _size_of([path]).last_used
            if is_all or age > _PARTS_DAYS * _DAY_SECONDS:
                remove(path)
                n_removed += 1
        if (cache / VECTORS).exists():
            file = VectorFile(cache / VECTORS)
            n_removed += file.count() if is_all else file.prune()
            if is_all:
                remove_database(cache / VECTORS)
    return n_removed


def describe_kept(kept: list[Kept]) -> list[list[str]]:
    """Return what is kept as cells, a header first."""
    header = ["kind", "entries", "size", "oldest", "last use", "--prune --all"]
    return [header] + [
        [
            row.kind,
            f"{row.size.n_entries:,}",
            _describe_bytes(row.size.n_bytes),
            _describe_day(row.size.oldest),
            _describe_day(row.size.last_used),
            "removes it" if row.can_be_removed else "keeps it",
        ]
        for row in kept
    ]


def _stores(cache: Path) -> dict[str, list[Store]]:
    """Return the stores of what can be made again, by kind."""
    return {
        "pages": [open_pages(cache, name) for name in _folders(cache / "pages")],
        "results": [open_results(cache / FOUND, name) for name in _folders(cache / FOUND)],
        "indexes": [open_indexes(path) for path in _folder_paths(cache / "indexes")],
        "maps": [open_maps(cache)],
    }


def _parts(cache: Path) -> list[Path]:
    return [path for path in (cache / "parts").glob("*") if _PART.fullmatch(path.name)]


def _folder_paths(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*")) if path.is_dir())


def _folders(folder: Path) -> list[str]:
    return [path.name for path in _folder_paths(folder)]


def _sum(sizes: list[StoredSize]) -> StoredSize:
    return StoredSize(
        sum(size.n_entries for size in sizes),
        sum(size.n_bytes for size in sizes),
        min((size.oldest for size in sizes if size.n_entries), default=math.nan),
        max((size.last_used for size in sizes if size.n_entries), default=math.nan),
    )


def _rest(size: StoredSize) -> tuple[int, float, float]:
    return size.n_bytes, size.oldest, size.last_used


def _size_of(paths: list[Path]) -> StoredSize:
    """Return the size of files and folders, each an entry."""
    existing = [path for path in paths if path.exists()]
    files = [file for path in existing for file in [path, *path.rglob("*")] if file.is_file()]
    times = [file.stat().st_mtime for file in files]
    return StoredSize(
        len(existing),
        sum(file.stat().st_size for file in files),
        min(times, default=math.nan),
        max(times, default=math.nan),
    )


def _describe_bytes(n_bytes: float) -> str:
    power = min(int(math.log(n_bytes, 1000)), len(_UNITS) - 1) if n_bytes >= 1 else 0
    return f"{n_bytes / 1000**power:.3g} {_UNITS[power]}" if n_bytes else "-"


def _describe_day(moment: float) -> str:
    return "-" if math.isnan(moment) else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
