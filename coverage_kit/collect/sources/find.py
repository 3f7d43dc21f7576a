"""Find the reader of a file by its ending and by what is in it."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources import (
    archive,
    help_centre,
    llms_full,
    pdf,
    rst,
    warc,
    wordpress,
)
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.text.page_markup import PAGES

# Reads a file, and returns its pages: read, or rejected with a status that says why. What is no
# page is counted in the collector.
#
# The text is the address of the folder that holds the file: a URL such as
# https://example.com/guides/, or where no URL is known a path such as content/guides, or '' for a
# file that is the whole site. Relative addresses are joined to it.
#
# A reader raises SiteError where nothing of the file can be read, and no other error.
Reader = Callable[[Path, str, UnreadItems], list[PageRows]]

# What is looked at to see what a file is (assumed: the first article of a help centre is shorter).
_HEAD_BYTES = 262_144
_ZIP_MARK = b"PK\x03\x04"
_EMPTY_ZIP_MARK = b"PK\x05\x06"
# The namespace of a WordPress export, in the first lines of the file.
_WORDPRESS = re.compile(rb"<rss\b[^>]{0,4000}wordpress\.org/export/")
# What a zip file of a site holds: pages, exports, and further zip files.
_SITE_ENDINGS = PAGES | {".xml", ".zip"}
# Members by which formats that are zip files too are recognised: they are no sites.
_OTHER_ZIPS = ("[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF")


def find_reader(path: Path) -> Reader | None:
    """Return the reader of a file, or None where it is no export and no document that is read.

    The content decides where endings are shared: a .json, .xml, .txt or .zip may be many things. A
    file that cannot be opened has none.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return None
    ending = path.suffix.lower()
    if ending == ".pdf" or head[:1024].lstrip().startswith(b"%PDF-"):
        return pdf.read_pdf
    if ending == ".rst":
        return rst.read_rst
    if path.name.lower().endswith((".warc", ".warc.gz")) or head.startswith(b"WARC/"):
        return warc.read_warc
    if ending == ".zip" or head.startswith((_ZIP_MARK, _EMPTY_ZIP_MARK)):
        return archive.read_archive if _is_site(path, ending) else None
    return _find_text_reader(path, ending, head)


def _find_text_reader(path: Path, ending: str, head: bytes) -> Reader | None:
    if ending == ".xml" and _WORDPRESS.search(head.replace(b"\0", b"")):
        return wordpress.read_wordpress
    if ending in {".json", ".jsonl", ".ndjson"} and help_centre.may_be_articles(head):
        return help_centre.read_articles
    if ending == ".txt" and (llms_full.is_named_so(path.name) or llms_full.has_page_marks(head)):
        return llms_full.read_llms_full
    return None


def _is_site(path: Path, ending: str) -> bool:
    """Return whether a zip file holds pages; a broken one counts by its ending."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ending == ".zip"
    if ending != ".zip" and not set(_OTHER_ZIPS).isdisjoint(names):
        return False
    return any(PurePosixPath(name).suffix.lower() in _SITE_ENDINGS for name in names)
