"""Where a page of its own belongs: the folder of its siblings, and the pages that link to it."""

import re
from collections.abc import Sequence

import numpy as np

from coverage_kit.contracts import NewPage
from coverage_kit.match.neighborhood import Floats

# The nearest pages that decide on the folder (assumed).
_SIBLINGS = 5
# Pages that link to a new page.
_MAX_LINKS = 3
# The end of a page's file name, such as ".html".
_SUFFIX = re.compile(r"\.[A-Za-z]{2,5}\Z")


def place_page(page_ids: Sequence[str], weights: Floats, is_relevant: Sequence[bool]) -> NewPage:
    """Return where a page belongs that is as near to the site's pages as these weights say.

    The folder is that with the largest weight of the five nearest pages; of equal ones the first by
    name.

    Args:
        page_ids: the site's pages.
        weights: how near each is, shape (p,).
        is_relevant: which pages are near enough to link to the new one, shape (p,).
    """
    folders = find_folders(page_ids)
    nearest = np.argsort(-np.asarray(weights), kind="stable")
    votes: dict[str, float] = {}
    for row in nearest[:_SIBLINGS]:
        votes[folders[row]] = votes.get(folders[row], 0.0) + float(weights[row])
    folder = min(votes, key=lambda name: (-votes[name], name))
    links = [page_ids[row] for row in nearest if is_relevant[row]][:_MAX_LINKS]
    return NewPage(folder, find_suffix(page_ids, folders, folder), tuple(links))


def find_folders(page_ids: Sequence[str]) -> list[str]:
    """Return the folder of each page; a page with pages below it is the first of its own folder.

    >>> find_folders(["a.example/guides/hills.html", "a.example/guides", "a.example"])
    ['a.example/guides/', 'a.example/guides/', 'a.example/']
    """
    parents = {name.rsplit("/", 1)[0] + "/" for name in page_ids if "/" in name}
    return [
        name.rstrip("/") + "/"
        if name.rstrip("/") + "/" in parents or "/" not in name
        else name.rsplit("/", 1)[0] + "/"
        for name in page_ids
    ]


def find_suffix(page_ids: Sequence[str], folders: Sequence[str], folder: str) -> str:
    """Return how most ids of a folder's pages end, of all pages where the folder has none other.

    >>> find_suffix(["a.example/b/c.html", "a.example/b"], ["a.example/b/"] * 2, "a.example/b/")
    '.html'
    """
    names = [name for name, own in zip(page_ids, folders, strict=True) if own == folder]
    files = [name for name in names if name.rstrip("/") + "/" != folder]
    files = files or [name for name in page_ids if "/" in name]
    endings = [
        match[0] if (match := _SUFFIX.search(name.rsplit("/", 1)[-1])) else "" for name in files
    ]
    return max(sorted(set(endings)), key=endings.count, default="")
