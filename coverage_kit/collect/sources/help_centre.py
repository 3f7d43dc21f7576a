"""Not written yet."""

from pathlib import Path

from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.errors import SiteError


def read_articles(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the pages of a file."""
    del base, unread
    raise SiteError(str(path), "a file that is read", "one that is not read yet", "Wait.")


def may_be_articles(head: bytes) -> bool:
    """Return whether a file may hold articles."""
    return b'"html_url"' in head
