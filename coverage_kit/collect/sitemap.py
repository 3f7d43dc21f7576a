"""Read sitemaps: XML, gzipped XML, indexes of further sitemaps, and plain lists of URLs."""

import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.urls import page_id, split_http
from coverage_kit.errors import SiteError
from coverage_kit.net.body import BodyError, TooLargeError, unpack
from coverage_kit.net.logins import without_login

_LOG = logging.getLogger(__name__)
# The limit that the sitemap protocol sets, after decompression.
MAX_BYTES = 52_428_800
# Bounds on what one sitemap can make a run read; the numbers are assumed.
_MAX_DEPTH = 3
_MAX_SITEMAPS = 1_000
_MAX_URLS = 200_000
# The roots of a sitemap in XML, which may be empty.
_ROOTS = ("urlset", "sitemapindex")
# What is wrong with another document, such as an error page of status 200.
_NO_URL = "no URL"


@dataclass(frozen=True)
class Sitemap:
    """The page URLs of one sitemap and the sitemaps that it names, in order.

    `problem` says why further ones may be missing; it is empty where all were read.
    """

    urls: tuple[str, ...]
    children: tuple[str, ...]
    problem: str = field(default="", compare=False)


def parse_sitemap(content: bytes) -> Sitemap:
    """Return the URLs of a sitemap in XML (gzipped or not) or plain text.

    Entries that are no http(s) URLs are left out. Entities are not resolved and nothing is loaded
    from other addresses. Of content that is cut off, broken or over 50 MB after unpacking, the
    beginning is read, and `problem` says so.
    """
    content, problem = _unpack(content)
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        urls = _clean_urls(decode_text(content).split("\n"))
        return Sitemap(urls, (), problem or ("" if urls else _NO_URL))
    root, is_broken = _parse_xml(content)
    problem = problem or ("broken XML" if is_broken else "")
    # The parser returns None where it recovers nothing.
    if root is None:
        return Sitemap((), (), problem)
    urls, children = _locations(root, "url"), _locations(root, "sitemap")
    is_sitemap = bool(urls or children) or etree.QName(root).localname in _ROOTS
    return Sitemap(urls, children, problem or ("" if is_sitemap else _NO_URL))


def read_sitemaps(url: str, fetch: Callable[[str], Fetched]) -> list[str]:
    """Return the page URLs of a sitemap and of the sitemaps that it names, each page once.

    Sitemaps are followed three levels deep. What cannot be read or is beyond a limit is counted in
    one warning. Raises SiteError when the first sitemap cannot be fetched or no sitemap names a
    page.
    """
    waiting = deque([(url, 1)])
    queued = {url}
    urls: dict[str, str] = {}
    lost: Counter[str] = Counter()
    while waiting and len(urls) < _MAX_URLS:
        sitemap_url, depth = waiting.popleft()
        sitemap = _fetch_one(sitemap_url, fetch)
        if sitemap.problem:
            lost[sitemap.problem] += 1
        for page_url in sitemap.urls:
            urls.setdefault(page_id(page_url), page_url)
        for child in sitemap.children:
            if child in queued:
                continue
            if depth >= _MAX_DEPTH:
                lost[f"deeper than {_MAX_DEPTH} levels"] += 1
            elif len(queued) >= _MAX_SITEMAPS:
                lost[f"beyond the limit of {_MAX_SITEMAPS:,} sitemaps"] += 1
            else:
                queued.add(child)
                waiting.append((child, depth + 1))
    if waiting or len(urls) > _MAX_URLS:
        lost[f"beyond the limit of {_MAX_URLS:,} pages"] += max(len(waiting), 1)
    if not urls:
        raise _empty_error(url, lost)
    if lost:
        _LOG.warning(
            "%s: sitemaps were not read or not read to the end, so pages may be missing: %s",
            url,
            _describe(lost),
        )
    return list(urls.values())[:_MAX_URLS]


def _fetch_one(url: str, fetch: Callable[[str], Fetched]) -> Sitemap:
    fetched = fetch(url)
    if fetched.status not in {"ok", "too large"}:
        return Sitemap((), (), fetched.status)
    sitemap = parse_sitemap(fetched.content)
    if fetched.status == "ok":
        return sitemap
    return Sitemap(sitemap.urls, sitemap.children, fetched.status)


def _empty_error(url: str, lost: Counter[str]) -> SiteError:
    found = _describe(lost) or _NO_URL
    cure = "Name another sitemap, or a URL to start a crawl at."
    return SiteError(url, "a sitemap that names pages", found, cure)


def _describe(lost: Counter[str]) -> str:
    if lost.total() == 1:
        return next(iter(lost))
    return ", ".join(f"{count} x {problem}" for problem, count in lost.most_common())


def _unpack(content: bytes) -> tuple[bytes, str]:
    """Return the unpacked content and why a part of it is missing."""
    # At most twice: a compressed sitemap may have been compressed again (assumed).
    for _ in range(2):
        if not content.startswith(b"\x1f\x8b"):
            break
        whole = bytearray()
        try:
            for piece in unpack([content], "gzip", MAX_BYTES):
                whole += piece
        except TooLargeError:
            return bytes(whole[:MAX_BYTES]), "too large"
        except BodyError:
            return bytes(whole), "cut off"
        content = bytes(whole)
    return content, ""


def _parse_xml(content: bytes) -> tuple[etree._Element | None, bool]:
    """Return the root of a document, None where nothing is recovered, and whether it is broken."""
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
        return None, True
    return root, bool(parser.error_log)


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
    urls = (without_login(line.strip()) for line in lines)
    return tuple(url for url in urls if split_http(url) is not None)
