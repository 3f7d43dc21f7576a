"""Which folders and files this toolkit has written: they are no content of a site."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

# A file in each changed copy of a site: a folder without it is never replaced.
COPY_MARK = ".coverage-kit-copy.json"
# By what a folder holds, what it is. Each tuple names files of one kind of folder, all of which
# must be there: a run with its tables, a run without them, a changed copy, a cache.
_KINDS = (
    (("tables/summary.json",), "a run"),
    (("tables.old/summary.json",), "a run"),
    (("edits.json", "gaps.xlsx"), "a run"),
    (("page.html", "gaps.xlsx"), "a run"),
    ((COPY_MARK,), "a changed copy of a site"),
    (("vectors.sqlite",), "a cache"),
)
_FIRST_NAMES = frozenset(name.split("/")[0] for names, _ in _KINDS for name in names)
# The folder of a site's fetched pages holds the state of its crawls.
_CRAWL_STATES = "crawl-*.json"
# The names that a run's folder gives to what could be read as pages.
RUN_NAMES = frozenset({"page.html", "comparison.md", "todo", "tables", "tables.old"})
# Words that are in every page and to-do list of a run, and nowhere else; the last two are those of
# earlier versions.
_FILE_MARKS = (
    b'<meta name="generator" content="coverage_kit">',
    b" more. Counted in times asked: this log's questions were asked ",
    b'<div class="kicker"><span>coverage_kit</span>',
    b" more queries asked (predicted under model ",
)


def may_be_written(names: Collection[str]) -> bool:
    """Return whether a folder of these names may be one that the toolkit has written.

    It saves a look at each file that `kind_of_folder` looks for.
    """
    return not _FIRST_NAMES.isdisjoint(names) or any(
        fnmatchcase(name, _CRAWL_STATES) for name in names
    )


def kind_of_folder(folder: Path) -> str:
    """Return what the toolkit has written into a folder, or empty text where it has not.

    That is 'a run', 'a changed copy of a site' or 'a cache', whatever the folder's name is.
    """
    for names, kind in _KINDS:
        if all((folder / name).is_file() for name in names):
            return kind
    return "a cache" if any(folder.glob(_CRAWL_STATES)) else ""


def is_written(content: bytes) -> bool:
    """Return whether the content of a file is a page or a to-do list of a run."""
    return any(mark in content for mark in _FILE_MARKS)
