"""What an element of an HTML page is for readers: a heading, a part of the page, an anchor.

Sites are read from lxml's tree (collect/blocks.py), and changed in a tree with positions
(report/source/html_blocks.py). Both trees answer the same questions here.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

# The level of each heading tag: 2 for "h2".
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# An anchor that can be written into a heading of Markdown: no spaces and no braces. No real one is
# longer (assumed).
_ANCHOR = re.compile(r"[^\s{}]{1,200}")
# Elements that wrap a heading with its section, so that their id leads to the heading, too.
_WRAPPERS = frozenset({"section", "article", "div", "header", "hgroup", "details", "summary", "li"})
# A heading is within so many wrappers of its section at most (assumed).
_MAX_WRAPPERS = 3
# So many elements within a heading are searched for an anchor (assumed).
_MAX_INNER = 30


class Element(Protocol):
    """An element of either tree: what both have in common.

    `text` is the text before the first child, `tail` the text behind the element's own end.
    """

    @property
    def tag(self) -> Any:
        """The name of the element, in lower case; no text for a comment."""

    @property
    def text(self) -> Any:
        """The text before the first child, or None."""

    @property
    def tail(self) -> Any:
        """The text behind the element, or None."""

    def get(self, name: str, default: str = "") -> Any:
        """Return an attribute."""

    def getparent(self) -> Any:
        """Return the element around this element, or None."""

    def getprevious(self) -> Any:
        """Return the element before this element in the same parent, or None."""

    def iter(self) -> Any:
        """Yield the element and the elements in it, in reading order."""

    def itertext(self) -> Any:
        """Yield the texts in the element, in reading order."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the children."""


def heading_level(element: Element) -> int:
    """Return 1-6 for a heading, otherwise 0."""
    level = _HEADINGS.get(str(element.tag), 0)
    if level or element.get("role", "") != "heading":
        return level
    declared = element.get("aria-level", "2")
    return int(declared) if declared in {"1", "2", "3", "4", "5", "6"} else 2


def heading_anchor(heading: Element) -> str:
    """Return the id to which a link to a heading leads, or no text.

    It is the id of the heading, or of an element within it, or the target of the heading's own
    permalink, or the id of the section that begins with the heading, or of an empty anchor before
    it.
    """
    candidates = [*_inner_anchors(heading), *_section_anchors(heading)]
    return next((anchor for anchor in candidates if _ANCHOR.fullmatch(anchor)), "")


def _inner_anchors(heading: Element) -> Iterator[str]:
    yield heading.get("id", "")
    inner = list(islice(heading.iter(), 1, _MAX_INNER))
    for element in inner:
        # The ids of drawings belong to their parts.
        if element.tag in {"a", "span", "button"}:
            yield element.get("id", "") or element.get("name", "")
    for element in inner:
        href = element.get("href", "") if element.tag == "a" else ""
        yield href[1:] if href.startswith("#") else ""


def _section_anchors(heading: Element) -> Iterator[str]:
    element: Any = heading
    for _ in range(_MAX_WRAPPERS):
        before = element.getprevious()
        while before is not None and _is_blank(before):
            if before.tag in {"a", "span"}:
                yield before.get("id", "") or before.get("name", "")
            before = before.getprevious()
        parent = element.getparent()
        is_first = before is None and parent is not None and not (parent.text or "").strip()
        if not is_first or parent.tag not in _WRAPPERS:
            return
        yield parent.get("id", "")
        element = parent


def _is_blank(element: Element) -> bool:
    """Return whether neither the element nor the text behind it has words."""
    words = (text for text in [*islice(element.itertext(), _MAX_INNER), element.tail or ""])
    return not any(text.strip() for text in words) and not heading_level(element)
