"""Sitemaps: XML, gzipped, indexes of further sitemaps, and plain lists of URLs."""

import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.urls import page_id, split_http
from coverage_kit.errors import SiteError

MOST_BYTES = 52_428_800  # the protocol's own limit, after decompression
_MOST_DEPTH = 3
_MOST_SITEMAPS = 1_000
_MOST_URLS = 200_000


@dataclass(frozen=True)
class Sitemap:
    """The page URLs of one sitemap and the sitemaps that it names, in order."""

    urls: tuple[str, ...]
    children: tuple[str, ...]


def parse_sitemap(content: bytes) -> Sitemap:
    """Return the URLs of a sitemap in XML (gzipped or not) or plain text, without those that are no http(s) URLs.

    Entities are not resolved and nothing is loaded from elsewhere; what exceeds 50 MB when unpacked
    is cut off.
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
    if root is None:  # what the parser returns where it recovers nothing
        return Sitemap((), ())
    return Sitemap(_locations(root, "url"), _locations(root, "sitemap"))


def read_sitemaps(url: str, fetch: Callable[[str], Fetched]) -> list[str]:
    """Return the page URLs of a sitemap and of those it names, three levels deep at most, each page once.

    Raises SiteError when the first one cannot be fetched or none names a page.
    """
    waiting = deque([(url, 1)])
    met = {url}
    urls: dict[str, str] = {}
    status = ""
    while waiting and len(urls) < _MOST_URLS:
        place, depth = waiting.popleft()
        fetched = fetch(place)
        status = status or fetched.status
        sitemap = parse_sitemap(fetched.content) if fetched.status == "ok" else Sitemap((), ())
        for found in sitemap.urls:
            urls.setdefault(page_id(found), found)
        for child in sitemap.children if depth < _MOST_DEPTH else ():
            if child not in met and len(met) < _MOST_SITEMAPS:
                met.add(child)
                waiting.append((child, depth + 1))
    if not urls:
        found = "no URL" if status == "ok" else status
        raise SiteError(
            url,
            "a sitemap that names pages",
            found,
            "Name another sitemap, or a URL to start a crawl at.",
        )
    return list(urls.values())[:_MOST_URLS]


def _unpack(content: bytes) -> bytes:
    for _ in range(2):
        if not content.startswith(b"\x1f\x8b"):
            break
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, MOST_BYTES)
        except zlib.error:
            return b""
    return content


def _locations(root: etree._Element, parent: str) -> tuple[str, ...]:
    found = root.xpath(f"//*[local-name()='{parent}']/*[local-name()='loc']/text()")
    return _clean_urls([str(text) for text in found] if isinstance(found, list) else [])


def _clean_urls(lines: list[str]) -> tuple[str, ...]:
    return tuple(url for line in lines if split_http(url := line.strip()) is not None)
