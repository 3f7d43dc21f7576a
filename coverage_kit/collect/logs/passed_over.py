"""The files of a log's folders that are not read, counted by their endings."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from coverage_kit.collect.logs.packed import PACKED_ENDINGS
from coverage_kit.collect.logs.sources import ENDINGS
from coverage_kit.storage.written import kind_of_folder

# What to do with the files that may hold a log although their ending is not read.
_CURES = {
    "Give a table the ending .csv, and lines of JSON the ending .jsonl.": (
        *(".txt", ".text", ".log", ".tab", ".dat", ".out", "no ending"),
    ),
    "Export the same as CSV or JSON.": (
        *(".html", ".htm", ".mhtml", ".har", ".xml", ".db", ".sqlite", ".sqlite3", ".avro", ".orc"),
        *(".feather", ".arrow", ".pkl"),
    ),
    "Save the workbook as .xlsx or .csv.": (".xls", ".xlsm", ".xlsb", ".ods", ".numbers"),
    "Unpack the archives.": (*(".bz2", ".xz", ".zst", ".tar", ".tgz", ".7z", ".rar"),),
}
# Texts that lie beside the files of many folders.
_NO_LOGS = frozenset(
    ("readme", "license", "licence", "notice", "changelog", "requirements", "robots", "llms")
)
# Endings that a message lists (assumed).
_MAX_SHOWN = 8


def count_passed_over(folder: Path) -> Counter[str]:
    """Return the number of files in a folder that are not read because of their ending, by ending.

    Hidden files and what this toolkit wrote do not count. A file has no files in it.
    """
    return Counter(
        _ending_of(path)
        for path in _files_in(folder)
        if path.suffix.lower() not in (*ENDINGS, *PACKED_ENDINGS)
    )


def _ending_of(path: Path) -> str:
    """Return a file's ending, or its name where that says what it is, such as LICENSE."""
    if path.stem.casefold() in _NO_LOGS:
        return path.name
    if path.suffix:
        return path.suffix.lower()
    # Parts of a large export are called part-00000.
    return "no ending" if any(map(str.isdigit, path.name)) else path.name


def _files_in(folder: Path) -> Iterator[Path]:
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and not kind_of_folder(Path(parent, name))
        ]
        if not kind_of_folder(Path(parent)):
            yield from (Path(parent, name) for name in names if not name.startswith("."))


def describe_endings(counts: Counter[str]) -> str:
    """Return a sentence with the number of files that were passed over.

    >>> describe_endings(Counter({".txt": 2, ".md": 1}))
    '3 files are not read because of their ending: 2 x .txt, 1 x .md.'
    """
    shown = ", ".join(f"{n:,} x {ending}" for ending, n in counts.most_common(_MAX_SHOWN))
    n_further = len(counts) - _MAX_SHOWN
    further = f" and {n_further} further endings" if n_further > 0 else ""
    n = counts.total()
    them = (
        "1 file is not read because of its"
        if n == 1
        else f"{n:,} files are not read because of their"
    )
    return f"{them} ending: {shown}{further}."


def cure_endings(counts: Counter[str]) -> str:
    """Return what to do with those of the files that may hold a log, '' for no such file."""
    return " ".join(
        cure for cure, endings in _CURES.items() if any(counts[ending] for ending in endings)
    )


def doubt_endings(counts: Counter[str]) -> str:
    """Return sentences on those of the files that may hold a log, with cures, '' for no such file.

    >>> doubt_endings(Counter({".png": 2}))
    ''
    """
    endings = {ending for endings in _CURES.values() for ending in endings}
    doubtful = Counter({ending: n for ending, n in counts.items() if ending in endings})
    if not doubtful:
        return ""
    return (
        f"{describe_endings(doubtful)} {cure_endings(doubtful)} To leave them out, name the log's "
        "files instead of the folder."
    )
