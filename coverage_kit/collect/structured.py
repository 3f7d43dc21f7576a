"""A stored page as a tree: its visible words and its structured data (JSON-LD)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.logs.values import readable
from coverage_kit.text.page_markup import INLINE, MARKDOWN

_ADDRESS = ("streetAddress", "addressLocality", "addressRegion", "postalCode")
_NOT_SHOWN = frozenset({"script", "style", "noscript", "template", "head", "title", "svg"})
_MAX_DEPTH = 12  # of structured data; valid data are far flatter


def read_tree(path: Any) -> HtmlElement | None:
    """Return a stored page, None where there is none or it is no HTML."""
    if not isinstance(path, str) or Path(path).suffix.lower() in MARKDOWN:
        return None
    try:
        return parse_html(decode_text(Path(path).read_bytes()))
    except OSError:
        return None


def parse_html(text: str) -> HtmlElement | None:
    """Return a page's HTML as a tree without comments, None where it is no HTML."""
    parser = HTMLParser(
        encoding="utf-8",
        huge_tree=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        recover=True,
    )
    try:
        return document_fromstring(text.encode("utf-8", errors="replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def visible_text(tree: HtmlElement) -> str:
    """Return all words that a page shows, its footer too, and the phone numbers that it links; a blank line between blocks."""
    parts: list[str] = []
    walker = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        is_hidden = event == "start" and element.tag in _NOT_SHOWN
        if is_hidden:
            walker.skip_subtree()
        parts.append(
            "\n\n"
            if element.tag not in INLINE and element.tag != "br"
            else " "
            if element.tag == "br"
            else ""
        )
        text = ("" if is_hidden else element.text) if event == "start" else element.tail
        parts.append(re.sub(r"\s+", " ", text or ""))
        if event == "start" and (element.get("href") or "").lower().startswith("tel:"):
            parts.append(f"\n\n{element.get('href')[4:]}\n\n")
    return "".join(parts)


def json_blocks(tree: HtmlElement) -> tuple[list[Any], int]:
    """Return the values of a page's JSON-LD blocks, and how many are broken."""
    values = list[Any]()
    n_broken = 0
    for script in tree.iter("script"):
        if (script.get("type") or "").split(";")[0].strip().lower() == "application/ld+json" and (
            script.text or ""
        ).strip():
            try:
                values.append(json.loads(script.text or "", strict=False))
            except (ValueError, RecursionError):
                n_broken += 1
    return values, n_broken


def json_nodes(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield every node within a JSON-LD value."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from json_nodes(inner, depth + 1)


def plain_value(value: Any, depth: int = 0) -> str:
    """Return a value as one line of text: of an address its parts, of another node its name or value."""
    if depth > _MAX_DEPTH:
        return ""
    if not isinstance(value, dict):
        return (
            ""
            if value is None or isinstance(value, (list, bool))
            else " ".join(readable(str(value)).split())
        )
    parts = filter(None, (plain_value(value.get(part), depth + 1) for part in _ADDRESS))
    names = filter(
        None,
        (plain_value(value.get(key), depth + 1) for key in ("name", "value", "url")),
    )
    return ", ".join(parts) or next(names, "")


def listed(value: Any) -> list[Any]:
    """Return a JSON value as a list: itself, nothing for null, else it alone."""
    return value if isinstance(value, list) else [] if value is None else [value]
