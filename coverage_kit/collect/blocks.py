"""Read an HTML page as blocks in reading order.

A block is a heading, a paragraph, a list item, a table row or a piece of code.

report/source/html_blocks.py reads the same blocks from a tree with positions (tree.py). Both must
agree; otherwise the words of a passage are not found in its file. In tests/report/test_site_copy.py
test_the_sample_site_changes_at_every_passage and test_ugly_pages_change_too check that.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from lxml.html import HtmlElement

from coverage_kit.collect.decode import clean_text
from coverage_kit.text.page_elements import heading_anchor, heading_level
from coverage_kit.text.page_markup import (
    INLINE,
    NOISE_CLASSES,
    SKIPPED,
    SKIPPED_ROLES,
)

# A lead is a line that leads to the text after it, such as a term or the button of an accordion.
BlockKind = Literal["heading", "text", "lead", "item", "row", "code"]

# Elements whose words lead to the text after them: a term, the title of a fold or a caption.
_LEADS = frozenset({"dt", "summary", "caption", "legend"})
# What a table for layout holds and a table of data does not: tables, code, lists and headings.
_IN_CELL = "|".join(
    f"descendant::{tag}" for tag in ("table", "pre", "ul", "ol", "h1", "h2", "h3", "h4")
)
# The sign that links a heading to itself, such as the "¶" of "Install ¶" or the "#" of "#
# Install".
_PERMALINK = re.compile(r"^[¶#§🔗]+\s+|(?:\s+[#§]+|\s*[¶🔗]+)$")


@dataclass(frozen=True)
class TextBlock:
    """One block of a page.

    `level` is the level of a heading, or the depth of a list item, from 0; `group` numbers lists
    and tables; `is_aside` says that the block is outside the main text; `n_linked_words` of its
    words are links; `links` are their targets, as written, and their words; `anchor` is the id that
    leads to a heading, without "#".
    """

    kind: BlockKind
    text: str
    level: int = 0
    marker: str = ""
    group: int = 0
    is_aside: bool = False
    n_linked_words: int = 0
    links: tuple[tuple[str, str], ...] = ()
    anchor: str = ""


def read_blocks(body: HtmlElement) -> list[TextBlock]:
    """Return the blocks of a page.

    Navigation, the page's header and footer, forms and scripts are left out.
    """
    walker = _BlockWalker()
    walker.visit(body)
    walker.flush()
    return walker.blocks


def plain_text(element: HtmlElement) -> str:
    """Return an element's words on one line, without scripts and permalinks."""
    return " ".join(clean_text(_inner_text(element)).split())


def _inner_text(element: HtmlElement) -> str:
    pieces = [element.text or ""]
    for child in element:
        if child.tag == "br" or child.tag not in INLINE:
            pieces.append(" ")
        if child.tag not in SKIPPED and not _is_noise(child):
            pieces.append(_inner_text(child))
        pieces.append(" " if child.tag not in INLINE else "")
        pieces.append(child.tail or "")
    return "".join(pieces)


class _BlockWalker:
    """Walk a page once and collect inline text until a block ends it."""

    def __init__(self) -> None:
        self.blocks: list[TextBlock] = []
        self._run: list[str] = []
        self._kind: BlockKind = "text"
        self._marker = ""
        self._counters: list[int | None] = []
        self._group = 0
        self._main_depth = 0
        self._aside_depth = 0
        self._link_depth = 0
        self._n_linked_words = 0
        self._links: list[tuple[str, str]] = []

    def visit(self, element: HtmlElement) -> None:
        """Add the blocks of an element."""
        tag = str(element.tag)
        if self._is_skipped(element, tag):
            return
        if (level := heading_level(element)) > 0:
            words = _PERMALINK.sub("", plain_text(element))
            self._add("heading", words, level, heading_anchor(element))
        elif tag in INLINE:
            is_link = tag == "a"
            # A link in a link is part of the outer one: counted again, nested links would take the
            # square of their number.
            if is_link and not self._link_depth:
                self._n_linked_words += len(plain_text(element).split())
                self._links += _links_in(element)
            self._link_depth += is_link
            self._walk(element)
            self._link_depth -= is_link
        elif tag in {"br", "hr"}:
            self._run.append(" ")
        elif tag == "pre":
            self._add(
                "code",
                clean_text("".join(element.itertext())).strip("\n").rstrip(),
            )
        elif tag in {"ul", "ol"}:
            self._visit_list(element)
        elif tag == "table" and _is_data_table(element):
            self._visit_table(element)
        else:
            self._visit_container(element, tag)

    def flush(self) -> None:
        """End the run of inline text."""
        text = " ".join(clean_text("".join(self._run)).split())
        self._run = []
        if text:
            self._append(self._kind, text, max(len(self._counters) - 1, 0), self._marker)
            self._marker = ""
            self._kind = "text"

    def _add(self, kind: BlockKind, text: str, level: int = 0, anchor: str = "") -> None:
        self.flush()
        if text.strip():
            self._append(kind, text, level, "", anchor)

    def _append(
        self, kind: BlockKind, text: str, level: int, marker: str, anchor: str = ""
    ) -> None:
        block = TextBlock(
            kind,
            text,
            level,
            marker,
            group=self._group,
            is_aside=self._aside_depth > 0,
            n_linked_words=self._n_linked_words,
            links=tuple(self._links),
            anchor=anchor,
        )
        self.blocks.append(block)
        self._n_linked_words = 0
        self._links = []

    def _walk(self, element: HtmlElement) -> None:
        self._run.append(element.text or "")
        for child in element:
            self.visit(child)
            self._run.append(child.tail or "")

    def _visit_container(self, element: HtmlElement, tag: str) -> None:
        self.flush()
        is_main = _is_main(element)
        is_aside = tag == "aside" or element.get("role") == "complementary"
        self._main_depth += is_main
        self._aside_depth += is_aside
        if tag == "li":
            self._kind = "item"
            self._marker = self._next_marker()
        elif tag in _LEADS or tag == "button":
            self._kind = "lead"
        self._walk(element)
        self.flush()
        self._kind = "text"
        self._marker = ""
        self._main_depth -= is_main
        self._aside_depth -= is_aside

    def _visit_list(self, element: HtmlElement) -> None:
        self.flush()
        # A list within another list belongs to the group of the outer list.
        self._group += not self._counters
        start = element.get("start", "1")
        # A number of more than five digits is a mistake or an attack, so the list starts at 1.
        first_number = int(start) if start.isdecimal() and len(start) < 6 else 1
        self._counters.append(first_number if element.tag == "ol" else None)
        self._walk(element)
        self.flush()
        self._counters.pop()

    def _next_marker(self) -> str:
        number = self._counters[-1] if self._counters else None
        if number is None:
            return "- "
        self._counters[-1] = number + 1
        return f"{number}. "

    def _visit_table(self, table: HtmlElement) -> None:
        self.flush()
        self._group += 1
        for caption in table.iterchildren("caption"):
            self._add("lead", plain_text(caption))
        for row in _outer_rows(table):
            self._links += _links_in(row)
            cells = [plain_text(cell) for cell in row.iterchildren("td", "th")]
            self._add("row", " | ".join(cells) if any(cells) else "")

    def _is_skipped(self, element: HtmlElement, tag: str) -> bool:
        role = element.get("role", "")
        if tag in SKIPPED or role in SKIPPED_ROLES or _is_noise(element):
            return True
        # Within the main content a header heads an article; elsewhere it is the header of the site.
        if tag == "header" or role == "banner":
            return not self._main_depth and not _holds_page(element)
        if tag == "aside" or role == "complementary":
            return not self._main_depth
        if tag == "form":
            return not _holds_page(element)
        return tag == "button" and not _is_accordion(element)


def _outer_rows(table: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the rows of a table that are in no other row, whose words they would repeat."""
    for row in table.iter("tr"):
        holders = takewhile(lambda holder: holder is not table, row.iterancestors())
        if all(holder.tag != "tr" for holder in holders):
            yield row


def _links_in(element: HtmlElement) -> list[tuple[str, str]]:
    return [
        (str(anchor.get("href")), plain_text(anchor))
        for anchor in element.iter("a")
        if anchor.get("href")
    ]


def _is_noise(element: HtmlElement) -> bool:
    return not NOISE_CLASSES.isdisjoint((element.get("class") or "").split())


def _is_main(element: HtmlElement) -> bool:
    return element.tag in {"main", "article"} or element.get("role") in {
        "main",
        "article",
    }


def _holds_page(element: HtmlElement) -> bool:
    """Return whether a form or header wraps the whole page, as some web frameworks make it."""
    return any(_is_main(inner) for inner in element.iter("main", "article", "div")) or (
        element.tag == "form" and element.find(".//h1") is not None
    )


def _is_accordion(button: HtmlElement) -> bool:
    """Return whether a button opens a section of text and thus serves as its heading."""
    attributes = button.attrib
    opens = (
        "aria-expanded" in attributes
        or "aria-controls" in attributes
        or "data-bs-toggle" in attributes
    )
    return opens or any(heading_level(inner) for inner in button.iter())


def _is_data_table(table: HtmlElement) -> bool:
    return table.get("role") != "presentation" and not table.xpath(f"boolean({_IN_CELL})")
