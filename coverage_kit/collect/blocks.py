"""Read an HTML page as blocks in reading order.

A block is a heading, a paragraph, a list item, a table row or a piece of code.

report/source/html_blocks.py reads the same blocks from a tree with positions (tree.py). Both must
agree; otherwise the words of a passage are not found in its file. What an element is and whether it
is read, both ask text/page_elements.py and text/page_rules.py. In tests/report/test_site_copy.py
test_the_sample_site_changes_at_every_passage and test_ugly_pages_change_too check that both agree,
and so does tests/report/test_site_copy_html.py.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

from lxml.html import HtmlElement

from coverage_kit.collect.decode import clean_text
from coverage_kit.text.page_elements import (
    LINE_BREAK,
    cell_text,
    code_language,
    code_text,
    ends_in_break,
    heading_anchor,
    heading_level,
    heading_noise,
    holds_main,
    is_code,
    is_data_table,
    is_lead,
    is_main,
    is_noise,
    own_text,
    table_rows,
)
from coverage_kit.text.page_markup import INLINE, SKIPPED, SKIPPED_ROLES
from coverage_kit.text.page_rules import read_rules

# A lead is a line that leads to the text after it, such as a term or the button of an accordion.
BlockKind = Literal["heading", "text", "lead", "item", "row", "code"]

# So many elements around a block say which blocks are of its kind (assumed).
_N_HOLDERS = 4
# The sign that links a heading to itself, such as the "¶" of "Install ¶" or the "#" of "#
# Install".
_PERMALINK = re.compile(r"^[¶#§🔗]+\s+|(?:\s+[#§]+|\s*[¶🔗]+)$")


@dataclass(frozen=True)
class TextBlock:
    """One block of a page.

    `level` is the level of a heading, or the depth of a list item, from 0; `group` numbers lists
    and tables; `is_aside` says that the block is outside the main text; `n_linked_words` of its
    words are links; `links` are their targets, as written, and their words; `anchor` is the id that
    leads to a heading, without "#"; `language` is that of code, where the page names it;
    `is_continued` says that the block belongs to the one before, as a second definition does;
    `holder` names the elements around the block, the nearest last, by tags and classes.
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
    language: str = ""
    is_continued: bool = False
    holder: str = ""


def read_blocks(body: HtmlElement) -> list[TextBlock]:
    """Return the blocks of a page.

    Navigation, the page's header and footer, forms, scripts, notices and what is hidden are left
    out.
    """
    walker = _BlockWalker(body)
    walker.visit(body)
    walker.flush()
    return walker.blocks


def plain_text(element: HtmlElement, left_out: Collection[Any] = ()) -> str:
    """Return an element's words on one line, without scripts, permalinks and what is left out."""
    return " ".join(clean_text(own_text(element, left_out)).split())


class _BlockWalker:
    """Walk a page once and collect inline text until a block ends it."""

    def __init__(self, body: HtmlElement) -> None:
        self.blocks: list[TextBlock] = []
        self._rules = read_rules(body)
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
        self._is_continued = False
        self._holders: list[str] = []

    def visit(self, element: HtmlElement) -> None:
        """Add the blocks of an element."""
        tag = str(element.tag)
        if self._is_skipped(element, tag):
            return
        if (label := self._rules.labels.get(element)) is not None:
            self._add("lead", plain_text(label))
        if (level := heading_level(element)) > 0:
            words = _PERMALINK.sub("", plain_text(element, heading_noise(element)))
            self._add("heading", words, level, anchor=heading_anchor(element))
        elif is_code(element):
            self._add(
                "code",
                clean_text(code_text(element, self._rules.skipped)),
                language=code_language(element),
            )
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
        elif tag == "br":
            self._break_line()
        elif tag == "hr":
            self.flush()
        elif tag in {"ul", "ol"}:
            self._visit_list(element)
        elif tag == "table" and is_data_table(element):
            self._visit_table(element)
        else:
            self._visit_container(element, tag)

    def _break_line(self) -> None:
        """Add a line break; a second one ends the paragraph."""
        is_second = ends_in_break(reversed(self._run))
        self._run.append(LINE_BREAK)
        if is_second:
            self.flush()

    def flush(self) -> None:
        """End the run of inline text."""
        text = " ".join(clean_text("".join(self._run).replace(LINE_BREAK, " ")).split())
        self._run = []
        if text:
            depth = max(len(self._counters) - 1, 0)
            self._append(TextBlock(self._kind, text, depth, self._marker))
            self._marker = ""
            self._kind = "text"

    def _add(
        self, kind: BlockKind, text: str, level: int = 0, *, anchor: str = "", language: str = ""
    ) -> None:
        self.flush()
        if text.strip():
            block = TextBlock(kind, text, level, anchor=anchor, language=language)
            self._append(block)

    def _append(self, block: TextBlock) -> None:
        """Add a block, with what is known of its surroundings."""
        self.blocks.append(
            replace(
                block,
                group=self._group,
                is_aside=self._aside_depth > 0,
                n_linked_words=self._n_linked_words,
                links=tuple(self._links),
                is_continued=self._is_continued,
                holder=" ".join(self._holders[-_N_HOLDERS:]),
            )
        )
        self._n_linked_words = 0
        self._links = []
        self._is_continued = False

    def _walk(self, element: HtmlElement) -> None:
        self._run.append(element.text or "")
        for child in element:
            self.visit(child)
            self._run.append(child.tail or "")

    def _visit_container(self, element: HtmlElement, tag: str) -> None:
        self.flush()
        self._holders.append(f"{tag}.{'.'.join((element.get('class') or '').split())}")
        is_content = is_main(element)
        is_aside = tag == "aside" or element.get("role") == "complementary"
        self._main_depth += is_content
        self._aside_depth += is_aside
        if tag == "li":
            self._kind = "item"
            self._marker = self._next_marker()
        elif is_lead(element):
            self._kind = "lead"
        elif tag == "dd":
            # Where their end tags are missing, the parser nests definitions.
            neighbors = (element.getprevious(), element.getparent())
            self._is_continued = any(
                neighbor is not None and neighbor.tag == "dd" for neighbor in neighbors
            )
        self._walk(element)
        self.flush()
        self._kind = "text"
        self._marker = ""
        self._is_continued = False
        self._holders.pop()
        self._main_depth -= is_content
        self._aside_depth -= is_aside

    def _visit_list(self, element: HtmlElement) -> None:
        self.flush()
        # A list within another list belongs to the group of the outer list.
        self._group += not self._counters
        start = element.get("start", "1")
        # A number of more than five digits is a mistake or an attack, so the list starts at 1.
        first_number = int(start) if start.isdecimal() and len(start) < 6 else 1
        self._holders.append(f"{element.tag}.{'.'.join((element.get('class') or '').split())}")
        self._counters.append(first_number if element.tag == "ol" else None)
        self._walk(element)
        self.flush()
        self._counters.pop()
        self._holders.pop()

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
        # A cell that spans rows or columns is in several places.
        texts: dict[Any, str] = {}
        for row, row_cells in table_rows(table):
            self._links += _links_in(row)
            for cell in row_cells:
                if cell not in texts:
                    texts[cell] = self._cell_text(cell)
            cells = [texts[cell] for cell in row_cells]
            self._add("row", " | ".join(cells) if any(cells) else "")

    def _cell_text(self, cell: HtmlElement) -> str:
        return " ".join(clean_text(cell_text(cell, self._rules.skipped)).split())

    def _is_skipped(self, element: HtmlElement, tag: str) -> bool:
        role = element.get("role", "")
        if element in self._rules.kept:
            return False
        if tag in SKIPPED or role in SKIPPED_ROLES or is_noise(element):
            return True
        if element in self._rules.skipped:
            return True
        # Within the main content a header heads an article; elsewhere it is the header of the site.
        if tag == "header" or role == "banner":
            return not self._main_depth and not holds_main(element)
        if tag == "aside" or role == "complementary":
            return not self._main_depth
        return tag == "form" and not (
            holds_main(element) or any(inner.tag == "h1" for inner in element.iter())
        )


def _links_in(element: HtmlElement) -> list[tuple[str, str]]:
    return [
        (str(anchor.get("href")), plain_text(anchor))
        for anchor in element.iter("a")
        if anchor.get("href")
    ]
