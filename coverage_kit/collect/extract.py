"""Turn one HTML page into its title, dates, links and main content as Markdown."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urldefrag, urljoin

from lxml.html import HtmlElement

from coverage_kit.collect.blocks import TextBlock, plain_text, read_blocks
from coverage_kit.collect.dates import find_dates
from coverage_kit.collect.decode import clean_text, decode_page
from coverage_kit.collect.main_text import all_blocks, main_blocks
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.structured import parse_html
from coverage_kit.collect.urls import split_http
from coverage_kit.text.page_markup import LOOKS_LIKE_MARKUP

# A run of backticks in code, which its fence must exceed.
_BACKTICKS = re.compile(r"`{3,}")
# The end of a heading whose own words look like an anchor; a backslash marks them as words.
_ANCHOR_END = re.compile(r"\{#[^\s{}]+\}$")
_ESCAPED = r"\\\g<0>"
# The language at the start of a tag such as "en-GB" or "pt_BR".
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?=[-_]|$)")


@dataclass(frozen=True)
class Extract:
    """The content of an HTML page: main content as Markdown, and what its head says.

    Dates are UTC; `url` is the canonical URL that the page names (absolute) or empty; `links` are
    the absolute http(s) URLs that a crawler may follow, in order, without fragments.
    """

    title: str
    language: str
    text: str
    published_at: datetime | None
    modified_at: datetime | None
    url: str
    links: tuple[str, ...]


def extract_page(
    html: bytes, url: str = "", charset: str = "", *, is_article: bool = False
) -> Extract:
    """Return the content of an HTML page; an empty text means that there is none.

    Raises PageError for a page that is no text or too large in its parts; other errors of a hostile
    page are possible too, so callers read through `try_page`.

    Args:
        html: the page as fetched, in any encoding.
        url: the URL at which it was fetched, to which its relative links belong.
        charset: the encoding that the server names.
        is_article: whether the whole page is main content, as in a page made from Markdown.
    """
    tree = parse_html(decode_page(html, charset))
    if tree is None:
        return Extract("", "", "", None, None, "", ())
    body = tree.find("body")
    blocks = read_blocks(tree if body is None else body)
    main = all_blocks(blocks) if is_article else main_blocks(blocks, tree)
    published, modified = find_dates(tree)
    base = _base_url(tree, url)
    return Extract(
        title=_find_title(tree, main),
        language=_find_language(tree),
        text=write_markdown(main),
        published_at=published,
        modified_at=modified,
        url=_find_canonical(tree, base),
        links=_find_links(tree, base),
    )


def find_links(html: bytes, url: str, charset: str = "") -> tuple[str, ...]:
    """Return the absolute http(s) URLs that a crawler may follow from a page, in order.

    They have no fragments. A page that cannot be read has none.
    """

    def read() -> tuple[str, ...]:
        tree = parse_html(decode_page(html, charset))
        return () if tree is None else _find_links(tree, _base_url(tree, url))

    return try_page(url, read, lambda _: ())


def write_markdown(blocks: list[TextBlock]) -> str:
    """Return blocks as Markdown, separated by blank lines.

    Items of a list, rows of a table, and a lead and its text have no blank line between them. A
    heading ends with its anchor: "## Prices {#prices}".
    """
    pieces: list[str] = []
    for index, block in enumerate(blocks):
        previous = blocks[index - 1] if index else None
        if previous is not None:
            pieces.append("\n" if _is_joined(previous, block) else "\n\n")
        pieces.append(_write_block(block))
    return "".join(pieces)


def _is_joined(previous: TextBlock, block: TextBlock) -> bool:
    is_group = (
        previous.kind == block.kind
        and previous.kind in {"item", "row"}
        and previous.group == block.group
    )
    is_group = is_group or (block.is_continued and block.kind == "text")
    return is_group or (previous.kind == "lead" and block.kind not in {"heading", "code"})


def _write_block(block: TextBlock) -> str:
    if block.kind == "heading":
        return f"{'#' * block.level} {_ANCHOR_END.sub(_ESCAPED, block.text)}{_write_anchor(block)}"
    if block.kind == "item":
        return f"{'  ' * block.level}{block.marker}{block.text}"
    if block.kind == "code":
        fence = "`" * max([3, *(len(run) + 1 for run in _BACKTICKS.findall(block.text))])
        return f"{fence}{block.language}\n{block.text}\n{fence}"
    # A backslash keeps words such as "# 1 choice" from becoming a heading of the page.
    return f"\\{block.text}" if LOOKS_LIKE_MARKUP.match(block.text) else block.text


def _write_anchor(block: TextBlock) -> str:
    return f" {{#{block.anchor}}}" if block.anchor else ""


def _find_title(tree: HtmlElement, blocks: list[TextBlock]) -> str:
    """Return the page's title without the site's name.

    That is the h1 where the h1 or the title holds the words of the other.
    """
    titles = [_meta(tree, "og:title"), _plain(tree.find(".//head/title"))]
    headings = [block.text for block in blocks if block.kind == "heading" and block.level == 1]
    heading = headings[0] if headings else ""
    title = next((title for title in titles if title), "")
    is_contained = heading.lower() in title.lower() or title.lower() in heading.lower()
    return heading if heading and is_contained else title


def _plain(element: HtmlElement | None) -> str:
    return "" if element is None else plain_text(element)


def _meta(tree: HtmlElement, name: str) -> str:
    for meta in tree.iter("meta"):
        if (meta.get("property") or meta.get("name") or "").lower() == name:
            return " ".join(clean_text(meta.get("content", "")).split())
    return ""


def _find_language(tree: HtmlElement) -> str:
    declared = (
        tree.get("lang")
        or tree.get("xml:lang")
        or _meta(tree, "og:locale")
        or _meta(tree, "language")
    )
    language = _LANGUAGE.match(declared.strip())
    return language[0].lower() if language else ""


def _base_url(tree: HtmlElement, url: str) -> str:
    base = tree.find(".//head/base")
    return join_url(url, base.get("href", "")) if base is not None else url


def join_url(base: str, href: str) -> str:
    """Return the absolute URL of a link on a page, or empty text for a broken one."""
    try:
        # urljoin raises ValueError for a broken address such as "http://[x".
        return urljoin(base, href.strip())
    except ValueError:
        return ""


def _find_canonical(tree: HtmlElement, base: str) -> str:
    hrefs = [
        link.get("href", "")
        for link in tree.iter("link")
        if "canonical" in link.get("rel", "").lower().split()
    ]
    urls = [join_url(base, href) for href in [*hrefs, _meta(tree, "og:url")] if href.strip()]
    return next((url for url in urls if split_http(url) is not None), "")


def _find_links(tree: HtmlElement, base: str) -> tuple[str, ...]:
    robots = _meta(tree, "robots").lower()
    # "none" means noindex and nofollow together.
    if "nofollow" in robots or "none" in robots.split(","):
        return ()
    anchors = [
        anchor
        for anchor in tree.iter("a", "area")
        if "nofollow" not in (anchor.get("rel") or "").lower().split()
    ]
    hrefs = [
        urldefrag(join_url(base, anchor.get("href", ""))).url
        for anchor in anchors
        if anchor.get("href")
    ]
    return tuple(dict.fromkeys(href for href in hrefs if split_http(href) is not None))
