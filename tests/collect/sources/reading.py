"""What the tests of the readers share."""

from pathlib import Path

from coverage_kit.collect.rows import page_rows
from coverage_kit.collect.sources import find_reader
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.tables import PAGES


def read(path: Path, base: str = ""):
    """Return the pages of a file and what is not read of it, as (pages, {reason: (n, cure)})."""
    unread = UnreadItems()
    reader = find_reader(path)
    assert reader is not None
    pages = reader(path, base, unread)
    # Whatever a reader returns can be written to the tables.
    PAGES.table(page_rows(pages))
    rows = unread.table("site", str(path)).to_dict("records")
    return pages, {row["reason"]: (row["n_items"], row["may_be_pages"]) for row in rows}


def texts(pages):
    """Return the text of each page that can be read, by its URL."""
    return {page.url: page.extract.text for page in pages if page.status == "ok"}


def statuses(pages):
    return {page.location: page.status for page in pages}
