"""Read sitemaps: XML, gzipped XML, indexes of further sitemaps, and plain lists of URLs."""

import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.urls import page_id, split_http
from coverage_kit.errors import SiteError

# The limit that the sitemap protocol sets, after decompression.
MAX_BYTES = 52_428_800
# Bounds on what one sitemap can make a run read; the numbers are assumed.
_MAX_DEPTH = 3
_MAX_SITEMAPS = 1_000
_MAX_URLS = 200_000


@dataclass(frozen=True)
class Sitemap:
    """The page URLs of one sitemap and the sitemaps that it names, in order."""

    urls: tuple[str, ...]
    children: tuple[str, ...]


def parse_sitemap(content: bytes) -> Sitemap:
    """Return the URLs of a sitemap in XML (gzipped or not) or plain text.

    Entries that are no http(s) URLs are left out. Entities are not resolved and nothing is loaded
    from other addresses. Content beyond 50 MB after unpacking is cut off.
    """
    content = _unpack(content)
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return Sitemap(_clean_urls(decode_text(content).split("\n")), ())
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
    )
    try:
        root: etree._Element | None = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        root = None
    # The parser returns None where it recovers nothing.
    if root is None:
        return Sitemap((), ())
    return Sitemap(_locations(root, "url"), _locations(root, "sitemap"))


def read_sitemaps(url: str, fetch: Callable[[str], Fetched]) -> list[str]:
    """Return the page URLs of a sitemap and of the sitemaps that it names, each page once.

    Sitemaps are followed three levels deep. Raises SiteError when the first sitemap cannot be
    fetched or no sitemap names a page.
    """
    waiting = deque([(url, 1)])
    queued = {url}
    urls: dict[str, str] = {}
    status = ""
    while waiting and len(urls) < _MAX_URLS:
        sitemap_url, depth = waiting.popleft()
        fetched = fetch(sitemap_url)
        status = status or fetched.status
        sitemap = parse_sitemap(fetched.content) if fetched.status == "ok" else Sitemap((), ())
        for page_url in sitemap.urls:
            urls.setdefault(page_id(page_url), page_url)
        for child in sitemap.children if depth < _MAX_DEPTH else ():
            if child not in queued and len(queued) < _MAX_SITEMAPS:
                queued.add(child)
                waiting.append((child, depth + 1))
    if not urls:
        raise SiteError(
            url,
            "a sitemap that names pages",
            "no URL" if status == "ok" else status,
            "Name another sitemap, or a URL to start a crawl at.",
        )
    return list(urls.values())[:_MAX_URLS]


def _unpack(content: bytes) -> bytes:
    # At most twice: a compressed sitemap may have been compressed again (assumed).
    for _ in range(2):
        if not content.startswith(b"\x1f\x8b"):
            break
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, MAX_BYTES)
        except zlib.error:
            return b""
    return content


def _locations(root: etree._Element, parent: str) -> tuple[str, ...]:
    # local-name() ignores the XML namespace, so that a sitemap without a namespace is read too.
    found = root.xpath(f"//*[local-name()='{parent}']/*[local-name()='loc']")
    return _clean_urls([_text_of(element) for element in found] if isinstance(found, list) else [])


def _text_of(element: Any) -> str:
    """Return an element's text, or empty text for bytes that the parser took over undecoded."""
    try:
        return str(element.text or "")
    except UnicodeDecodeError:
        return ""


def _clean_urls(lines: list[str]) -> tuple[str, ...]:
    return tuple(url for line in lines if split_http(url := line.strip()) is not None)
