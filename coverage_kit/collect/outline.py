"""What a page's markup tells beside its words: headings, links, dates, who wrote it, and text that waits for scripts."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement
from tqdm.auto import tqdm

from coverage_kit.collect.blocks import (
    TextBlock,
    heading_level,
    plain_text,
    read_blocks,
)
from coverage_kit.collect.dates import list_dates, parse_time
from coverage_kit.collect.markdown import render_markdown
from coverage_kit.collect.scripted import find_scripted
from coverage_kit.collect.shown_dates import find_shown_dates
from coverage_kit.collect.structured import (
    json_blocks,
    json_nodes,
    listed,
    parse_html,
    plain_value,
    read_tree,
    visible_text,
)
from coverage_kit.collect.urls import site_name, split_http
from coverage_kit.tables import OUTLINES, Outlines, Pages, checked
from coverage_kit.text.page_markup import MARKDOWN
from coverage_kit.text.sections import heading_path, read_headings

_SHOWN_CHARACTERS = 400
_BYLINES = frozenset(
    {
        "byline",
        "by-line",
        "author",
        "authors",
        "author-name",
        "post-author",
        "entry-author",
        "article-author",
        "p-author",
        "vcard",
    }
)
_BY = re.compile(
    r"(?:written |posted |reviewed |published )?by:? (?=[A-Z])|authors?: ",
    re.IGNORECASE,
)
_WORD = r"[A-Z][\w.'\u2019-]*"
_NAME = re.compile(rf"{_WORD}(?: (?:{_WORD}|de|van|von|der|la|al|bin|and|&|,)){{0,7}}")
_ORGANISATION = re.compile(r"Organization$|Corporation$|Business$|^NGO$|^Brand$|Store$")
_RIGHTS = re.compile(
    rf"^[ \t]*(?:[Cc]opyright\s*)?(?:©|\([Cc]\)|[Cc]opyright(?= \d{{4}}))\s*(?:\d{{4}}(?:\s*[-\u2013]\s*\d{{4}})?,?\s*)?"
    rf"(?:by )?({_WORD}(?: [\w&.'\u2019-]+){{0,5}})",
    re.MULTILINE,
)
_FRONT_AUTHORS = ("author", "authors", "byline")
_FRONT_DATES = {
    "published": (
        "date",
        "published",
        "published_at",
        "publishdate",
        "pubdate",
    ),
    "modified": (
        "lastmod",
        "last_modified",
        "modified",
        "modified_at",
        "updated",
        "updated_at",
        "last_modified_at",
    ),
}

Told = Mapping[str, Any]


@checked
def outline_pages(pages: Pages) -> Outlines:
    """Return what the markup of each readable page tells beside its words.

    Headings and outbound links are those of the main content, as `read_site` found it; names, dates
    and structured data are of the whole page. Of a page without a stored source, headings alone can
    be told. Pages without any text are looked at too: it may be waiting for scripts.

    Args:
        pages: pages with status 'ok' or 'no text'; the rest are passed over.
    """
    read = pages[pages["status"].isin(["ok", "no text"])].to_dict("records")
    bar = tqdm(
        read,
        desc="outlining",
        unit=" pages",
        file=sys.stderr,
        leave=False,
        disable=None,
    )
    rows = [
        {"page_id": page["page_id"], "position": position, **told}
        for page in bar
        for position, told in enumerate(_outline({str(key): value for key, value in page.items()}))
    ]
    return OUTLINES.table(rows)


def _outline(page: Mapping[str, Any]) -> Iterator[Told]:
    text = page["text"] if isinstance(page["text"], str) else ""
    title = page["title"] if isinstance(page["title"], str) else ""
    path = page["html_path"]
    if isinstance(path, str) and Path(path).suffix.lower() in MARKDOWN:
        yield from _outline_markdown(path, page, text, title)
        return
    tree = read_tree(path)
    if tree is None:
        yield from _headings(text, title)
        return
    yield from _main_content(tree, page, text, title)
    yield from _head(tree)
    words = visible_text(tree)
    yield from (
        {"kind": f"visible {which} date", "value": told, "detail": shown}
        for which, told, shown in find_shown_dates(words)
    )
    yield from _bylines(tree, words)
    rights = _RIGHTS.search(words)
    yield from (
        [
            {
                "kind": "organisation",
                "value": rights[1],
                "detail": "copyright line",
            }
        ]
        if rights
        else []
    )
    paths = {words: place for _, words, place in read_headings(text, title)}
    for one in find_scripted(tree, text):
        place = paths.get(_heading_before(one.element))
        yield {
            "kind": "scripted text",
            "value": one.text[:_SHOWN_CHARACTERS],
            "detail": one.waits_for,
            "place": place,
        }


def _outline_markdown(path: str, page: Mapping[str, Any], text: str, title: str) -> Iterator[Told]:
    try:
        front, html = render_markdown(Path(path).read_bytes())
    except OSError:
        front = {}
        html = ""
    tree = parse_html(html) if html else None
    yield from (
        _main_content(tree, page, text, title) if tree is not None else _headings(text, title)
    )
    for key in _FRONT_AUTHORS:
        if front.get(key, "").strip("[] "):
            yield {
                "kind": "author",
                "value": front[key].strip("[] "),
                "detail": "front matter",
            }
    for which, keys in _FRONT_DATES.items():
        moment = next(
            (parsed for key in keys if (parsed := parse_time(front.get(key, ""))) is not None),
            None,
        )
        if moment is not None:
            yield {
                "kind": f"machine {which} date",
                "value": moment.date().isoformat(),
                "detail": "front matter",
            }
    for which, told, shown in find_shown_dates(text):
        yield {"kind": f"visible {which} date", "value": told, "detail": shown}


def _headings(text: str, title: str) -> Iterator[Told]:
    yield from (
        {"kind": "heading", "level": level, "value": words, "place": place}
        for level, words, place in read_headings(text, title)
    )


def _main_content(
    tree: HtmlElement, page: Mapping[str, Any], text: str, title: str
) -> Iterator[Told]:
    """Yield headings and outbound links in reading order, then what else the main content's markup tells."""
    body = tree.find("body")
    body = tree if body is None else body
    headings: dict[int, str] = {}
    waiting = list(_headings(text, title))
    blocks = read_blocks(body)
    for block in blocks:
        if (
            waiting
            and block.kind == "heading"
            and (block.level, block.text) == (waiting[0]["level"], waiting[0]["value"])
        ):
            headings = {at: above for at, above in headings.items() if at < block.level} | {
                block.level: block.text
            }
            yield waiting.pop(0)
        elif block.links and block.text in text:
            yield from _outbound(block, page, heading_path(title, headings))
    yield from waiting
    n_linked = sum(block.n_linked_words for block in blocks if block.text and block.text in text)
    yield from ([{"kind": "linked words", "value": str(n_linked)}] if n_linked else [])
    yield from (
        {"kind": "page heading", "level": 1, "value": plain_text(one)}
        for one in _page_headings(body)
    )
    yield from _bold_lines(body, text)
    for element in body.iter("abbr", "dfn"):
        if element.get("title"):
            yield {
                "kind": "abbreviation",
                "value": plain_text(element),
                "detail": element.get("title"),
            }
    yield from ({"kind": "form", "value": str(n)} for n in _form_fields(body) if n)
    yield from (
        {"kind": "player", "value": str(one.tag)}
        for one in body.iter("video", "audio", "canvas", "iframe")
    )


def _outbound(block: TextBlock, page: Mapping[str, Any], place: str) -> Iterator[Told]:
    for href, words in block.links:
        try:
            url = urljoin(str(page["url"]), href.strip())
        except ValueError:
            continue
        if split_http(url) is not None and site_name(url) not in (
            page["site"],
            site_name(str(page["url"])),
        ):
            yield {
                "kind": "outbound link",
                "value": url,
                "detail": words,
                "place": place,
            }


def _page_headings(body: HtmlElement) -> list[HtmlElement]:
    return [
        one
        for one in body.iter()
        if isinstance(one.tag, str) and heading_level(one) == 1 and plain_text(one)
    ]


def _bold_lines(body: HtmlElement, text: str) -> Iterator[Told]:
    """Yield short paragraphs that are bold from end to end and stand above text: headings in all but markup."""
    for element in body.iter("p"):
        words = plain_text(element)
        bold = " ".join(plain_text(one) for one in element if one.tag in {"b", "strong"})
        after = element.getnext()
        is_heading = (
            words
            and words == bold
            and 1 <= len(words.split()) <= 10
            and not re.search(r"[.!,;]$", words)
        )
        if (
            is_heading
            and words in text
            and after is not None
            and after.tag in {"p", "ul", "ol", "table", "div"}
        ):
            is_above_text = len(plain_text(after).split()) >= 12 and plain_text(after)[
                :40
            ] in " ".join(text.split())
            if is_above_text and not any(
                one.tag in {"table", "li", "blockquote", "aside"} for one in element.iterancestors()
            ):
                yield {"kind": "bold line", "value": words}


def _form_fields(body: HtmlElement) -> Iterator[int]:
    """Yield how many fields each form has that is not part of what stands on every page."""
    for form in body.iter("form"):
        if not any(one.tag in {"nav", "header", "footer", "aside"} for one in form.iterancestors()):
            yield sum(
                field.get("type") not in {"hidden", "submit", "button"}
                for field in form.iter("input", "select", "textarea")
            )


def _head(tree: HtmlElement) -> Iterator[Told]:
    """Yield what structured data and meta tags tell: types, dates, authors, organisations."""
    for which, where, moment in list_dates(tree):
        yield {
            "kind": f"machine {which} date",
            "value": moment.date().isoformat(),
            "detail": where,
        }
    for node in (node for block in json_blocks(tree)[0] for node in json_nodes(block)):
        kinds = [str(kind).rsplit("/", 1)[-1] for kind in listed(node.get("@type"))]
        yield from (
            {"kind": "structured type", "value": kind, "detail": "JSON-LD"} for kind in kinds
        )
        for key in ("author", "creator"):
            names = (plain_value(one) for one in listed(node.get(key)))
            yield from (
                {"kind": "author", "value": name, "detail": "JSON-LD"} for name in names if name
            )
        if any(map(_ORGANISATION.search, kinds)) and plain_value(node.get("name")):
            yield {
                "kind": "organisation",
                "value": plain_value(node.get("name")),
                "detail": "JSON-LD",
            }
        elif plain_value(node.get("publisher")):
            yield {
                "kind": "organisation",
                "value": plain_value(node.get("publisher")),
                "detail": "JSON-LD publisher",
            }
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        value = (meta.get("content") or "").strip()
        if value and name in (
            "author",
            "article:author",
            "dc.creator",
            "citation_author",
            "parsely-author",
        ):
            yield {"kind": "author", "value": value, "detail": "meta tag"}
        elif value and name in (
            "og:site_name",
            "application-name",
            "publisher",
            "dc.publisher",
        ):
            yield {"kind": "organisation", "value": value, "detail": "meta tag"}
        elif value and name == "og:type":
            yield {
                "kind": "structured type",
                "value": value,
                "detail": "meta tag",
            }


def _bylines(tree: HtmlElement, words: str) -> Iterator[Told]:
    """Yield the authors that the page shows: in elements that are marked so, and in short lines such as 'By Ann Lee'."""
    for element in tree.iter("a", "span", "p", "div", "address", "cite", "li"):
        names = {
            *(element.get("class") or "").lower().split(),
            (element.get("id") or "").lower(),
        }
        is_marked = (
            "author" in (element.get("rel") or "").split() or element.get("itemprop") == "author"
        )
        if is_marked or names & _BYLINES:
            found = _NAME.match(_BY.sub("", plain_text(element), count=1))
            if found and len(plain_text(element).split()) <= 15:
                yield {"kind": "author", "value": found[0], "detail": "byline"}
    for line in words.split("\n"):
        started = _BY.match(" ".join(line.split()))
        found = _NAME.match(" ".join(line.split())[started.end() :]) if started else None
        if found and " " in found[0] and len(line.split()) <= 15 and not re.search(r"\d", found[0]):
            yield {"kind": "author", "value": found[0], "detail": "byline"}


def _heading_before(element: HtmlElement) -> str:
    """Return the words of the last heading before an element."""
    found = element.xpath(
        "(preceding::h1|preceding::h2|preceding::h3|preceding::h4|preceding::h5|preceding::h6)[last()]"
    )
    return plain_text(found[0]) if found else ""
