"""Read where a page leads: links to follow, links that are not to be followed, and a refresh."""

import re
from dataclasses import dataclass
from urllib.parse import urldefrag

from lxml.html import HtmlElement

from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.extract import join_url
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.markdown import render_markdown
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.structured import parse_html
from coverage_kit.collect.urls import split_http

# A refresh after more seconds leaves readers time for the page, which is then a page (assumed).
_MAX_REFRESH_SECONDS = 10.0
# The content of a refresh: seconds, and the address after them.
_REFRESH = re.compile(
    r"\s*(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s*[;,]?\s*(?:url\s*=\s*)?['\"]?\s*([^'\"\s]{1,2000})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PageLinks:
    """The absolute http(s) URLs that a page links, in order and without fragments.

    `unfollowed` are those that the page keeps crawlers from; `refresh` is the address to which the
    page sends its readers at once, or empty text.
    """

    followed: tuple[str, ...] = ()
    unfollowed: tuple[str, ...] = ()
    refresh: str = ""


def read_links(fetched: Fetched) -> PageLinks:
    """Return where a page leads; a PDF, and a page that cannot be read, lead nowhere."""
    if fetched.is_pdf:
        return PageLinks()

    def read() -> PageLinks:
        if fetched.is_markdown:
            tree = parse_html(render_markdown(fetched.content)[1])
        else:
            tree = parse_html(decode_page(fetched.content, fetched.charset))
        return PageLinks() if tree is None else _links_of(tree, fetched)

    return try_page(fetched.url, read, lambda _: PageLinks())


def _links_of(tree: HtmlElement, fetched: Fetched) -> PageLinks:
    base_element = tree.find(".//head/base")
    base = fetched.url
    if base_element is not None:
        base = join_url(base, base_element.get("href", "")) or base
    keeps_all = _keeps_crawlers(tree, fetched.headers.get("x-robots-tag", ""))
    followed: dict[str, None] = {}
    unfollowed: dict[str, None] = {}
    for anchor in tree.iter("a", "area"):
        url = _address(base, anchor.get("href") or "")
        if url:
            is_kept = keeps_all or "nofollow" in (anchor.get("rel") or "").lower().split()
            (unfollowed if is_kept else followed)[url] = None
    return PageLinks(
        tuple(followed),
        tuple(url for url in unfollowed if url not in followed),
        _refresh(tree, base),
    )


def _address(base: str, href: str) -> str:
    if not href.strip():
        return ""
    url = urldefrag(join_url(base, href)).url
    return url if split_http(url) is not None else ""


def _keeps_crawlers(tree: HtmlElement, header: str) -> bool:
    """Return whether a page asks crawlers to follow none of its links."""
    header = header.lower()
    if "nofollow" in header or "none" in header:
        return True
    for meta in tree.iter("meta"):
        if (meta.get("name") or meta.get("property") or "").lower() == "robots":
            content = (meta.get("content") or "").lower()
            # "none" means noindex and nofollow together.
            return "nofollow" in content or "none" in [part.strip() for part in content.split(",")]
    return False


def _refresh(tree: HtmlElement, base: str) -> str:
    for meta in tree.iter("meta"):
        is_refresh = (meta.get("http-equiv") or "").strip().lower() == "refresh"
        # One within noscript often leads to a page that only asks for scripts.
        if not is_refresh or any(parent.tag == "noscript" for parent in meta.iterancestors()):
            continue
        value = _REFRESH.match((meta.get("content") or "")[:4000])
        if value is not None and float(value[1]) <= _MAX_REFRESH_SECONDS:
            return _address(base, value[2])
    return ""
