"""Outline pages: what the markup of a page says besides its words.

That is headings, links, dates, authors, organisations, and text that waits for scripts.
"""

import os
import re
import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement
from tqdm.auto import tqdm

from coverage_kit.collect.blocks import (
    TextBlock,
    plain_text,
    read_blocks,
)
from coverage_kit.collect.dates import list_dates
from coverage_kit.collect.decode import clean_row
from coverage_kit.collect.front_matter import MODIFIED_KEYS, PUBLISHED_KEYS, FrontMatter
from coverage_kit.collect.includes import Includes
from coverage_kit.collect.markdown import render_markdown
from coverage_kit.collect.page_try import try_page
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
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import site_name, split_http
from coverage_kit.tables import OUTLINES, Outlines, Pages, checked
from coverage_kit.text.page_elements import heading_level
from coverage_kit.text.page_markup import MARKDOWN
from coverage_kit.text.sections import add_heading, heading_path, read_headings

# Enough of a scripted text to recognise it by (assumed).
_MAX_SCRIPTED_CHARACTERS = 400
# More texts of one page add nothing, and the heading above each is searched for (assumed).
_MAX_SCRIPTED = 100
# Classes and ids of elements that name the author.
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
# What comes before an author: "By ", "Reviewed by: ", "Authors: ".
_BY = re.compile(
    r"(?:written |posted |reviewed |published )?by:? (?=[A-Z])|authors?: ",
    re.IGNORECASE,
)
# Longer lines are sentences that mention an author (assumed).
_MAX_BYLINE_WORDS = 15
# A capitalised word of a name, such as "Ann", "O'Neil" or "J.".
_WORD = r"[A-Z][\w.'\u2019-]*"
# A name of up to eight words: "Ann Lee", "Ludwig van Beethoven and Ann Lee".
_NAME = re.compile(rf"{_WORD}(?: (?:{_WORD}|de|van|von|der|la|al|bin|and|&|,)){{0,7}}")
# Types of structured data that are organisations: "Organization", "LocalBusiness", "Brand".
_ORGANISATION = re.compile(r"Organization$|Corporation$|Business$|^NGO$|^Brand$|Store$")
# A copyright line, and its owner: "© 2019-2025 Larkmoor Tea Ltd", "(c) by Larkmoor".
_RIGHTS = re.compile(
    rf"^[ \t]*(?:[Cc]opyright\s*)?(?:©|\([Cc]\)|[Cc]opyright(?= \d{{4}}))\s*"
    rf"(?:\d{{4}}(?:\s*[-\u2013]\s*\d{{4}})?,?\s*)?"
    rf"(?:by )?({_WORD}(?: [\w&.'\u2019-]+){{0,5}})",
    re.MULTILINE,
)
# Keys of front matter that name authors and dates, in order of preference.
_FRONT_AUTHORS = ("author", "authors", "byline")
_FRONT_DATES = {"published": PUBLISHED_KEYS, "modified": MODIFIED_KEYS}

OutlineRow = Mapping[str, Any]


@checked
def outline_pages(pages: Pages) -> Outlines:
    """Return what the markup of each readable page says besides its words.

    Headings and outbound links are those of the main content, as `read_site` found it; authors,
    organisations, dates and structured data are those of the whole page. Of a page without a stored
    source, only the headings are known. Pages without any text are included, because their text may
    be waiting for scripts.

    Args:
        pages: pages with status 'ok' or 'no text'; all other pages are skipped.
    """
    records = pages[pages["status"].isin(["ok", "no text"])].to_dict("records")
    bar = tqdm(
        records,
        desc="outlining",
        unit=" pages",
        file=sys.stderr,
        leave=False,
        disable=None,
    )
    rows: list[dict[str, Any]] = []
    folders = _folders(records)
    for record in bar:
        page = {str(column): value for column, value in record.items()}
        rows += [
            {"page_id": page["page_id"], "position": position, **clean_row(row)}
            for position, row in enumerate(_try_outline(page, folders.get(str(page["site"]))))
        ]
    return OUTLINES.table(rows)


def _folders(records: Sequence[Mapping[Hashable, Any]]) -> dict[str, Path]:
    """Return the folder that holds the Markdown files of each site's pages."""
    files: dict[str, list[str]] = {}
    for record in records:
        path = record["html_path"]
        if isinstance(path, str) and Path(path).suffix.lower() in MARKDOWN:
            files.setdefault(str(record["site"]), []).append(str(Path(path).absolute().parent))
    folders: dict[str, Path] = {}
    for site, parents in files.items():
        # Files on several drives have no folder in common.
        with suppress(ValueError):
            folders[site] = Path(os.path.commonpath(parents))
    # The root of a drive is the folder of no site.
    return {site: folder for site, folder in folders.items() if folder != folder.parent}


def _try_outline(page: Mapping[str, Any], folder: Path | None) -> list[OutlineRow]:
    """Return the outline of a page; of a source that cannot be read, the headings of its text."""
    text, title = (page[name] if isinstance(page[name], str) else "" for name in ("text", "title"))
    return try_page(
        str(page["page_id"]),
        lambda: list(_outline(page, text, title, folder)),
        lambda _: list(_headings(text, title)),
    )


def _outline(
    page: Mapping[str, Any], text: str, title: str, folder: Path | None
) -> Iterator[OutlineRow]:
    html_path = page["html_path"]
    if isinstance(html_path, str) and Path(html_path).suffix.lower() in MARKDOWN:
        yield from _outline_markdown(html_path, page, text, title, folder)
        return
    tree = read_tree(html_path)
    if tree is None:
        yield from _headings(text, title)
        return
    yield from _main_content(tree, page, text, title)
    yield from _head(tree)
    words = visible_text(tree)
    yield from _shown_dates(words)
    yield from _bylines(tree, words)
    rights = _RIGHTS.search(words)
    if rights:
        yield {"kind": "organisation", "value": rights[1], "detail": "copyright line"}
    paths = {heading: path for _, heading, path in read_headings(text, title)}
    for scripted in islice(find_scripted(tree, text), _MAX_SCRIPTED):
        yield {
            "kind": "scripted text",
            "value": scripted.text[:_MAX_SCRIPTED_CHARACTERS],
            "detail": scripted.waits_for,
            "place": paths.get(_heading_before(scripted.element)),
        }


def _outline_markdown(
    path: str, page: Mapping[str, Any], text: str, title: str, folder: Path | None
) -> Iterator[OutlineRow]:
    file = Path(path)
    # Parts of the page are read as where the site was read; what is missing was counted there.
    includes = Includes(folder, folder, (), UnreadItems()) if folder is not None else None
    reader = includes.reader_of(file.absolute()) if includes is not None else None
    try:
        is_mdx = file.suffix.lower() == ".mdx"
        front, html, _ = render_markdown(file.read_bytes(), reader, is_mdx=is_mdx)
    except OSError:
        front = FrontMatter()
        html = ""
    tree = parse_html(html) if html else None
    yield from (
        _main_content(tree, page, text, title) if tree is not None else _headings(text, title)
    )
    for key in _FRONT_AUTHORS:
        authors = ", ".join(front.texts(key))
        if authors:
            yield {"kind": "author", "value": authors, "detail": "front matter"}
    for event, keys in _FRONT_DATES.items():
        moment = front.date(keys)
        if moment is not None:
            yield {
                "kind": f"machine {event} date",
                "value": moment.date().isoformat(),
                "detail": "front matter",
            }
    yield from _shown_dates(text)


def _shown_dates(words: str) -> Iterator[OutlineRow]:
    for event, value, sentence in find_shown_dates(words):
        yield {"kind": f"visible {event} date", "value": value, "detail": sentence}


def _headings(text: str, title: str) -> Iterator[OutlineRow]:
    yield from (
        {"kind": "heading", "level": level, "value": words, "place": path}
        for level, words, path in read_headings(text, title)
    )


def _main_content(
    tree: HtmlElement, page: Mapping[str, Any], text: str, title: str
) -> Iterator[OutlineRow]:
    """Yield headings and outbound links in reading order, then other markup of the main content."""
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
            headings = add_heading(headings, block.level, block.text)
            yield waiting.pop(0)
        elif block.links and block.text in text:
            yield from _outbound(block, page, heading_path(title, headings))
    yield from waiting
    n_linked = sum(block.n_linked_words for block in blocks if block.text and block.text in text)
    if n_linked:
        yield {"kind": "linked words", "value": str(n_linked)}
    yield from (
        {"kind": "page heading", "level": 1, "value": plain_text(heading)}
        for heading in _page_headings(body)
    )
    yield from _bold_lines(body, text)
    yield from (
        {"kind": "form", "value": str(n_fields)} for n_fields in _form_fields(body) if n_fields
    )
    yield from (
        {"kind": "player", "value": str(element.tag)}
        for element in body.iter("video", "audio", "canvas", "iframe")
    )


def _outbound(block: TextBlock, page: Mapping[str, Any], path: str) -> Iterator[OutlineRow]:
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
                "place": path,
            }


def _page_headings(body: HtmlElement) -> list[HtmlElement]:
    return [
        element
        for element in body.iter()
        if isinstance(element.tag, str) and heading_level(element) == 1 and plain_text(element)
    ]


def _bold_lines(body: HtmlElement, text: str) -> Iterator[OutlineRow]:
    """Yield short paragraphs in bold that are above text: headings in everything but markup."""
    main_words = " ".join(text.split())
    for element in body.iter("p"):
        words = plain_text(element)
        bold = " ".join(plain_text(child) for child in element if child.tag in {"b", "strong"})
        following = element.getnext()
        is_heading = (
            words
            and words == bold
            # A longer bold paragraph is emphasis rather than a heading (assumed).
            and 1 <= len(words.split()) <= 10
            and not re.search(r"[.!,;]$", words)
        )
        if not is_heading or words not in text or following is None:
            continue
        if following.tag not in {"p", "ul", "ol", "table", "div"}:
            continue
        text_below = plain_text(following)
        # Fewer than twelve words may be a label or a price rather than text (assumed).
        is_above_text = len(text_below.split()) >= 12 and text_below[:40] in main_words
        if is_above_text and not any(
            ancestor.tag in {"table", "li", "blockquote", "aside"}
            for ancestor in element.iterancestors()
        ):
            yield {"kind": "bold line", "value": words}


def _form_fields(body: HtmlElement) -> Iterator[int]:
    """Yield the number of fields of each form outside headers, footers, menus and asides."""
    for form in body.iter("form"):
        if not any(
            ancestor.tag in {"nav", "header", "footer", "aside"}
            for ancestor in form.iterancestors()
        ):
            yield sum(
                field.get("type") not in {"hidden", "submit", "button"}
                for field in form.iter("input", "select", "textarea")
            )


def _head(tree: HtmlElement) -> Iterator[OutlineRow]:
    """Yield what structured data and meta tags say: types, dates, authors, organisations."""
    for event, source, moment in list_dates(tree):
        yield {
            "kind": f"machine {event} date",
            "value": moment.date().isoformat(),
            "detail": source,
        }
    yield from _structured_data(tree)
    yield from _meta_tags(tree)


def _structured_data(tree: HtmlElement) -> Iterator[OutlineRow]:
    blocks, _ = json_blocks(tree)
    for node in (node for block in blocks for node in json_nodes(block)):
        kinds = [str(kind).rsplit("/", 1)[-1] for kind in listed(node.get("@type"))]
        yield from (
            {"kind": "structured type", "value": kind, "detail": "JSON-LD"} for kind in kinds
        )
        for key in ("author", "creator"):
            names = (plain_value(person) for person in listed(node.get(key)))
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


def _meta_tags(tree: HtmlElement) -> Iterator[OutlineRow]:
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


def _bylines(tree: HtmlElement, words: str) -> Iterator[OutlineRow]:
    """Yield the authors that the page shows.

    They are in elements that are marked as bylines, and in short lines such as 'By Ann Lee'.
    """
    for element in tree.iter("a", "span", "p", "div", "address", "cite", "li"):
        names = set((element.get("class") or "").lower().split())
        names.add((element.get("id") or "").lower())
        is_marked = (
            "author" in (element.get("rel") or "").lower().split()
            or "author" in (element.get("itemprop") or "").split()
        )
        if is_marked or names & _BYLINES:
            name = _NAME.match(_BY.sub("", plain_text(element), count=1))
            if name and len(plain_text(element).split()) <= _MAX_BYLINE_WORDS:
                yield {"kind": "author", "value": name[0], "detail": "byline"}
    for line in words.split("\n"):
        plain = " ".join(line.split())
        opening = _BY.match(plain)
        name = _NAME.match(plain[opening.end() :]) if opening else None
        # Without markup a byline needs two words of a name: "By Monday" has only one.
        is_byline = name and " " in name[0] and len(plain.split()) <= _MAX_BYLINE_WORDS
        if name and is_byline and not re.search(r"\d", name[0]):
            yield {"kind": "author", "value": name[0], "detail": "byline"}


def _heading_before(element: HtmlElement) -> str:
    """Return the words of the last heading before an element."""
    headings = element.xpath(
        "(preceding::h1|preceding::h2|preceding::h3"
        "|preceding::h4|preceding::h5|preceding::h6)[last()]"
    )
    return plain_text(headings[0]) if headings else ""
