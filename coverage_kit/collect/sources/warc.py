"""Read the HTML pages of a web archive (WARC)."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.fetch import HTML_TYPES
from coverage_kit.collect.packed import most_bytes
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import PART, are_related, needs_extra
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import canonical_url, site_name, site_scope, split_http
from coverage_kit.errors import SiteError

# A larger body is no page (assumed); `[crawl] max_page_megabytes` has the same default.
_MAX_PAGE_BYTES = 8_000_000
# A small file of records may hold as much, however well it is packed.
_SMALL_BYTES = 1_000_000_000
_CHUNK_BYTES = 1 << 20
# Records about other records, which hold no page.
_ABOUT = frozenset({"warcinfo", "request", "metadata"})

logger = logging.getLogger(__name__)


@dataclass
class _Capture:
    """The pages of an archive so far, by canonical URL, and what else is in it."""

    pages: dict[str, PageRows] = field(default_factory=dict)
    others: Counter[tuple[str, bool]] = field(default_factory=Counter)
    n_older: int = 0


def read_warc(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the HTML pages of a web archive that a server answered with 200, in their order.

    Of several captures of a URL the last one counts. With a URL as `base`, pages of other sites are
    counted, not read; without, those of other hosts than most pages have. Other records are counted
    by type, status or kind of content.

    Raises SiteError for a file without such pages, and for a bomb.
    """
    location = path.name
    try:
        import warcio  # noqa: F401, PLC0415
    except ImportError:
        return [needs_extra(PageRows(location, site_name(base) or path.stem, ""), "warc")]
    capture = _Capture()
    damage = _read_records(path, base, capture)
    pages = _of_site(list(capture.pages.values()), base, capture)
    for (reason, may_be_pages), n_records in capture.others.items():
        unread.add("address", reason, str(path), may_be_pages=may_be_pages, n_items=n_records)
    if capture.n_older:
        unread.add(
            "address",
            "earlier captures of a page",
            str(path),
            may_be_pages=False,
            n_items=capture.n_older,
        )
    if not pages:
        found = ", ".join(f"{n} x {reason}" for (reason, _), n in capture.others.most_common(5))
        raise SiteError(
            str(path),
            "a web archive with HTML pages",
            found or damage or "no records",
            "Capture the pages of the site, or name a folder of them.",
        )
    if damage:
        unread.add(PART, f"the archive is damaged: {damage}", str(path), cure="Copy it again.")
    return pages


def _of_site(pages: list[PageRows], base: str, capture: _Capture) -> list[PageRows]:
    hosts = Counter(page.site for page in pages)
    own = site_name(base) or (hosts.most_common(1)[0][0] if hosts else "")
    kept = [page for page in pages if are_related(page.site, own)]
    n_others = len(pages) - len(kept)
    if n_others:
        capture.others["pages of other sites", False] += n_others
    return [replace(page, site=own) for page in kept]


def _read_records(path: Path, base: str, capture: _Capture) -> str:
    """Add the records of a file, and return what ends the reading before the end of the file."""
    most = max(_SMALL_BYTES, most_bytes(path))
    n_bytes = 0
    try:
        with path.open("rb") as stream:
            for record in _records(stream):
                content = _read_record(record, capture)
                n_bytes += len(content or b"")
                # The rest of the record is read here, where it is counted.
                while chunk := record.raw_stream.read(_CHUNK_BYTES):
                    n_bytes += len(chunk)
                    if n_bytes > most:
                        raise SiteError(
                            str(path),
                            f"an archive with at most {most:,} bytes",
                            "more than that",
                            "It may be a trap. Capture the site again.",
                        )
                if record.rec_type is None or getattr(record.raw_stream, "limit", 0) > 0:
                    return "it ends within a record"
                if content is not None:
                    _add_page(record, content, base, capture)
    except SiteError:
        raise
    # The parser raises errors of many kinds for damaged records.
    except Exception as error:
        logger.debug("%r", path, exc_info=error)
        return "a record that is none of a web archive"
    return ""


def _records(stream: Any) -> Iterator[Any]:
    from warcio.archiveiterator import ArchiveIterator  # noqa: PLC0415

    yield from ArchiveIterator(stream)


def _read_record(record: Any, capture: _Capture) -> bytes | None:
    """Return the body of an HTML page, or None for another record, which is counted."""
    reason, may_be_pages = _why_no_page(record)
    content = None
    if not reason:
        content = record.content_stream().read(_MAX_PAGE_BYTES + 1)
        if len(content) > _MAX_PAGE_BYTES:
            reason, may_be_pages, content = "too large", True, None
    if reason and record.rec_type is not None:
        capture.others[reason, may_be_pages] += 1
    return content


def _why_no_page(record: Any) -> tuple[str, bool]:
    """Return why a record is no page, '' for a page, and whether it may hold words for readers."""
    kind = clean_text(str(record.rec_type))
    if kind != "response" or record.http_headers is None:
        # Records of the types 'conversion' and 'revisit' stand for pages that are not in the file.
        return f"records of the type {kind[:40]}", kind not in _ABOUT
    status = str(record.http_headers.get_statuscode() or "")
    if status != "200":
        return f"http {clean_text(status)[:10]}", not status.startswith("3")
    media_type = (record.http_headers.get_header("Content-Type") or "").split(";")[0].strip()
    encoding = (record.http_headers.get_header("Content-Encoding") or "").lower().strip()
    if media_type.lower() not in HTML_TYPES:
        return f"the kind of content {clean_text(media_type)[:60] or '(none)'}", False
    if encoding in {"br", "zstd"}:
        return f"packed by {encoding}", True
    return "", True


def _add_page(record: Any, content: bytes, base: str, capture: _Capture) -> None:
    url = clean_text(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    if split_http(url) is None:
        capture.others["addresses that are no http(s) URL", False] += 1
        return
    moment = parse_time(record.rec_headers.get_header("WARC-Date") or "")
    key = canonical_url(url)
    known = capture.pages.get(key)
    if known is not None:
        capture.n_older += 1
        if moment and known.fetched_at and moment < known.fetched_at:
            return
    if base and not are_related(site_name(url), site_name(base)):
        # Pages of other sites are counted, so that their words need not be read.
        capture.pages[key] = PageRows(url, site_name(url), "", fetched_at=moment)
        return
    rejected = PageRows(url, site_name(url), "", fetched_at=moment)
    charset = _charset(record.http_headers.get_header("Content-Type") or "")

    def read() -> PageRows:
        extract = extract_page(content, url, charset)
        declared_url = extract.url if site_scope(extract.url) == site_scope(url) else ""
        status = "ok" if extract.text else "no text"
        return replace(rejected, status=status, declared_url=declared_url, extract=extract)

    capture.pages[key] = try_page(url, read, rejected.with_status)


def _charset(content_type: str) -> str:
    for part in content_type.split(";")[1:]:
        with suppress(ValueError):
            name, value = part.split("=", 1)
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'")
    return ""
