"""Not written yet."""

from pathlib import Path

from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.errors import SiteError


def read_llms_full(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the pages of a file."""
    del base, unread
    raise SiteError(str(path), "a file that is read", "one that is not read yet", "Wait.")


def is_named_so(name: str) -> bool:
    """Return whether a file is named as one that holds the pages of a site."""
    return name.lower() == "llms-full.txt"


def has_page_marks(head: bytes) -> bool:
    """Return whether a text has marks of pages."""
    return b"\nSource: http" in head


def split_llms_full(text: str, base_url: str) -> list[PageRows]:
    """Return the pages."""
    del text, base_url
    return []
