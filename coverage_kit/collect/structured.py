"""Read a stored page as a tree: its visible words and its structured data (JSON-LD)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from coverage_kit.collect.decode import decode_text, readable
from coverage_kit.collect.page_try import PageError
from coverage_kit.text.page_markup import INLINE, MARKDOWN

# The properties of a postal address, in the order in which it is written.
_ADDRESS = ("streetAddress", "addressLocality", "addressRegion", "postalCode")
# Elements whose text a browser does not show on the page.
_HIDDEN_TAGS = frozenset({"script", "style", "noscript", "template", "head", "title", "svg"})
# The elements that a head can hold; any other begins the body.
_HEAD_TAGS = frozenset(
    {"title", "meta", "link", "script", "style", "base", "noscript", "template", "bgsound"}
)
# Valid structured data are far flatter; the bound stops a hostile page (assumed).
_MAX_DEPTH = 12
# The parser compares each attribute of a tag with all before it: 45,000 take seconds, and 300,000
# minutes (measured). A shorter text cannot hold so many.
_MIN_HOSTILE_CHARACTERS = 100_000
# No tag of a real page has a tenth of these (assumed).
_MAX_ATTRIBUTES = 1_000
# One attribute of a tag, as browsers read it: a name, with or without a value in quotes.
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+|))?+[\s/]*+"""
# Pages with more elements take over five seconds (measured: 13 microseconds an element). The
# longest pages of real sites have a fifth of them (assumed).
_MAX_ELEMENTS = 250_000
# What a page consists of besides words: comments, and tags, with their content where that is no
# markup. Of a tag with too many attributes, the group "large" is not empty.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?:(?P<raw>script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[\s/>])"
    rf"|[a-z][^\s/>]*+)[\s/]*+(?P<large>(?:{_ATTRIBUTE}){{{_MAX_ATTRIBUTES}}})?+(?:{_ATTRIBUTE})*+>?"
    r"(?(raw).*?(?:</(?P=raw)|\Z))",
    re.IGNORECASE | re.DOTALL,
)


def read_tree(path: Any) -> HtmlElement | None:
    """Return a stored page as a tree, or None where there is none or it is no HTML."""
    if not isinstance(path, str) or Path(path).suffix.lower() in MARKDOWN:
        return None
    try:
        return parse_html(decode_text(Path(path).read_bytes()))
    except OSError:
        return None


def parse_html(text: str) -> HtmlElement | None:
    """Return a page's HTML as a tree without comments, or None where it is no HTML.

    Raises PageError for a tag with so many attributes that the parser would take minutes, for a
    page of which the parser reads only the start, because its elements are nested too deeply, and
    for a page of too many elements.
    """
    if len(text) > _MIN_HOSTILE_CHARACTERS and any(
        match["large"] for match in _MARKUP.finditer(text)
    ):
        raise PageError(f"a tag with more than {_MAX_ATTRIBUTES:,} attributes")
    parser = HTMLParser(
        encoding="utf-8",
        huge_tree=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        recover=True,
    )
    try:
        tree = document_fromstring(text.encode("utf-8", errors="replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    # The parser gives up at 256 elements within one another, and at a text of 10 MB (libxml2).
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise PageError("nested too deeply, or one text of it too long")
    if sum(1 for _ in tree.iter()) > _MAX_ELEMENTS:
        raise PageError(f"more than {_MAX_ELEMENTS:,} elements")
    _end_head(tree)
    return tree


def _end_head(tree: HtmlElement) -> None:
    """Move what the head cannot hold into the body.

    A page may leave out the tags of head and body, and the parser does not know that elements such
    as main and section end the head.
    """
    head = tree.find("head")
    children = [] if head is None else list(head)
    n_head = next((n for n, child in enumerate(children) if child.tag not in _HEAD_TAGS), None)
    if n_head is None:
        return
    body = tree.find("body")
    body = etree.SubElement(tree, "body") if body is None else body
    children[-1].tail = (children[-1].tail or "") + (body.text or "")
    body.text = None
    for position, child in enumerate(children[n_head:]):
        body.insert(position, child)


def visible_text(tree: HtmlElement) -> str:
    """Return all words that a page shows, its footer too, with a blank line between blocks.

    Phone numbers that the page only links are included.
    """
    pieces: list[str] = []
    walker = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        is_hidden = event == "start" and element.tag in _HIDDEN_TAGS
        if is_hidden:
            walker.skip_subtree()
        if element.tag == "br":
            pieces.append(" ")
        elif element.tag not in INLINE:
            pieces.append("\n\n")
        words = element.text if event == "start" else element.tail
        text = "" if is_hidden else words
        pieces.append(re.sub(r"\s+", " ", text or ""))
        if event == "start" and (element.get("href") or "").lower().startswith("tel:"):
            pieces.append(f"\n\n{element.get('href')[4:]}\n\n")
    return "".join(pieces)


def json_blocks(tree: HtmlElement) -> tuple[list[Any], int]:
    """Return the values of a page's JSON-LD blocks, and the number of broken blocks."""
    values = list[Any]()
    n_broken = 0
    for script in tree.iter("script"):
        media_type = (script.get("type") or "").split(";")[0].strip().lower()
        source = script.text or ""
        if media_type != "application/ld+json" or not source.strip():
            continue
        try:
            # strict=False accepts line breaks within strings, which JSON forbids.
            values.append(json.loads(source, strict=False))
        except (ValueError, RecursionError):
            n_broken += 1
    return values, n_broken


def json_nodes(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield every node within a JSON-LD value."""
    if depth > _MAX_DEPTH:
        return
    children = value if isinstance(value, list) else []
    if isinstance(value, dict):
        yield value
        children = list(value.values())
    for child in children:
        yield from json_nodes(child, depth + 1)


def plain_value(value: Any, depth: int = 0) -> str:
    """Return a value as one line of text.

    An address is returned as its properties, and another node as its name, value or URL.
    """
    if depth > _MAX_DEPTH:
        return ""
    if value is None or isinstance(value, (list, bool)):
        return ""
    if not isinstance(value, dict):
        return " ".join(readable(str(value)).split())
    address = [plain_value(value.get(key), depth + 1) for key in _ADDRESS]
    if any(address):
        return ", ".join(filter(None, address))
    names = (plain_value(value.get(key), depth + 1) for key in ("name", "value", "url"))
    return next(filter(None, names), "")


def listed(value: Any) -> list[Any]:
    """Return a JSON value as a list: a list as it is, null as no value, anything else alone."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
