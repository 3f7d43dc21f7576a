"""Change the words of an HTML source and leave everything around them as it is."""

import html
import re
from collections.abc import Sequence
from itertools import takewhile

from coverage_kit.escaping import for_html
from coverage_kit.report.source.html_blocks import (
    HtmlBlock,
    read_html_blocks,
)
from coverage_kit.report.source.tree import (
    Node,
    line_start,
    read_tree,
    tags_within,
)
from coverage_kit.report.source.units import (
    Unit,
    at_level,
    split_cells,
    write_html,
    write_row,
)
from coverage_kit.report.source.words import (
    CannotPlaceError,
    Splice,
    Word,
    apply_splices,
    changed_words,
    find_words,
    words_key,
)
from coverage_kit.text.page_elements import heading_level

# Elements that hold the whole page: a new section never goes behind them.
_ROOTS = frozenset({"", "html", "body", "main", "article"})
# Elements that are one block: they are removed with it, and new blocks go behind them.
_LEAVES = frozenset(
    {
        "p",
        "pre",
        "div",
        "summary",
        "button",
        "legend",
        "caption",
        "figcaption",
        "address",
        "dt",
        "dd",
    }
)
# Elements that are removed when nothing is left in them.
_EMPTIED = frozenset(
    {
        "ul",
        "ol",
        "li",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "tr",
        "dl",
        "blockquote",
        "figure",
        "div",
        "section",
    }
)
# Elements in which a heading does not belong: a new section goes behind them.
_NO_HEADINGS = frozenset(
    {
        "p",
        "li",
        "ul",
        "ol",
        "tr",
        "tbody",
        "thead",
        "tfoot",
        "table",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "pre",
    }
)
# Meta tags with the title that is shown where a page is shared.
_TITLE_METAS = frozenset({"og:title", "twitter:title"})
# The content of a meta tag, with its quotes: content="Range | Shop".
_CONTENT = re.compile(r"\scontent\s*=\s*([\"'])(.*?)\1", re.IGNORECASE | re.DOTALL)


class HtmlPage:
    """An HTML source read for changes: its blocks, and the splices that change them."""

    suffix = ".html"

    def __init__(self, source: str) -> None:
        self.source = source
        self.root = read_tree(source)
        self.blocks: list[HtmlBlock] = read_html_blocks(source, self.root)

    def rewrite(self, block: HtmlBlock, unit: Unit) -> list[Splice]:
        """Replace a block's words by a unit's, within the block's own element.

        Where the unit only adds words before or after the block's words, these stay untouched.
        """
        if block.kind == "row":
            return self._rewrite_cells(block, unit)
        # Words that stay keep their links and styles.
        text = " ".join(unit.text.split())
        old = block.text
        if len(text) > len(old) and text.startswith(f"{old} "):
            return [Splice(block.end, block.end, for_html(text[len(old) :]))]
        if len(text) > len(old) and text.endswith(f" {old}"):
            return [Splice(block.start, block.start, for_html(text[: -len(old)]))]
        has_tags = "<" in self.source[block.start : block.end]
        changed = changed_words(old, text) if has_tags else None
        if changed is not None:
            words = block.words[changed.first : changed.last + 1]
            splices = self.rewrite_words(words, changed.text, block)
            if self._shows(block, splices, text):
                return splices
        return self.rewrite_words(block.words, text, block)

    def _shows(self, block: HtmlBlock, splices: Sequence[Splice], text: str) -> bool:
        """Return whether a block has this text with the splices, and the others have theirs."""
        expected = [text if other is block else other.text for other in self.blocks]
        return [
            other.text for other in HtmlPage(apply_splices(self.source, splices)).blocks
        ] == expected

    def rewrite_words(self, words: Sequence[Word], text: str, block: HtmlBlock) -> list[Splice]:
        """Replace some of a block's words by plain text.

        A tag between the words stays if its element starts or ends outside of them.
        """
        start, end = self._text_span(words, block)
        tags = "".join(
            self.source[tag_start:tag_end]
            for tag_start, tag_end in tags_within(self.root, start, end)
        )
        return [Splice(start, end, for_html(text) + tags)]

    def remove(self, blocks: Sequence[HtmlBlock]) -> list[Splice]:
        """Remove blocks, and the lists, tables and boxes in which nothing is left."""
        spans: list[tuple[int, int]] = []
        for block in blocks:
            has_own_element = block.is_whole and (
                block.element.tag in _LEAVES | _EMPTIED or heading_level(block.element) > 0
            )
            spans.append(
                (block.element.start, block.element.end)
                if has_own_element
                else (block.start, block.end)
            )
        self._add_emptied(blocks, spans)
        outermost = {
            (start, end)
            for start, end in spans
            if not any(
                outer_start <= start
                and end <= outer_end
                and (outer_start, outer_end) != (start, end)
                for outer_start, outer_end in spans
            )
        }
        return [self._remove_lines(start, end) for start, end in sorted(outermost)]

    def _add_emptied(self, blocks: Sequence[HtmlBlock], spans: list[tuple[int, int]]) -> None:
        """Add the spans of elements in which nothing is left when these spans are removed."""
        # An element may be emptied only after an element in it was removed, so this is repeated.
        has_changed = True
        while has_changed:
            has_changed = False
            for block in blocks:
                for node in (block.element, *block.element.ancestors()):
                    span = (node.start, node.end)
                    if node.tag in _EMPTIED and span not in spans and self._is_emptied(node, spans):
                        spans.append(span)
                        has_changed = True

    def insert_before(self, block: HtmlBlock, units: Sequence[Unit]) -> list[Splice]:
        """Insert units before a block."""
        item = _nearest(block.element, "li")
        if block.panel is not None:
            return [self._lines_before(block.panel.start, write_html(list(units)), block)]
        if block.kind == "row":
            return [self._insert_before_member(block, block.element, {"row"}, units)]
        if item is not None and item.parent is not None:
            return [self._insert_before_member(block, item, {"item", "number"}, units)]
        is_leaf = block.is_whole and block.element.tag in _LEAVES
        position = block.element.start if is_leaf else block.start
        is_definition = block.element.tag in {"dt", "dd"}
        lines = _definitions(units) if is_definition else write_html(list(units))
        return [self._lines_before(position, lines, block)]

    def _insert_before_member(
        self, block: HtmlBlock, node: Node, kinds: set[str], units: Sequence[Unit]
    ) -> Splice:
        """Insert units before an item or a row.

        They become members of its list or table, unless they are of another kind and the block is
        the first: then they go before the list or table.
        """
        group = next(
            (ancestor for ancestor in node.ancestors() if ancestor.tag in {"table", "ul", "ol"}),
            node,
        )
        is_first = not any(group.start <= other.start < block.start for other in self.blocks)
        if is_first and units[0].kind not in kinds:
            return self._lines_before(group.start, write_html(list(units)), block)
        members = [_as_member(unit, block.kind) for unit in units]
        return self._lines_before(node.start, members, block)

    def insert_after(self, block: HtmlBlock, units: Sequence[Unit]) -> list[Splice]:
        """Insert units after a block.

        Items and rows go into its list or table. Other units go behind the list or table where the
        block is its last.
        """
        item = _nearest(block.element, "li")
        if block.panel is not None:
            return [self._lines_after(block.panel.open_end, write_html(list(units)), block)]
        if block.kind == "row":
            group = _nearest_ancestor(block.element, "table")
            return self._insert_after_member(block, block.element, group, {"row"}, units)
        if item is not None and item.parent is not None:
            group = _nearest_ancestor(item, item.parent.tag)
            return self._insert_after_member(block, item, group, {"item", "number"}, units)
        if block.element.tag in {"dt", "dd"}:
            return [self._lines_after(block.element.end, _definitions(units), block)]
        is_leaf = block.is_whole and block.element.tag in _LEAVES
        position = block.element.end if is_leaf else block.end
        return [self._lines_after(position, write_html(list(units)), block)]

    def insert_section(
        self, heading: HtmlBlock | None, last: HtmlBlock, units: list[Unit]
    ) -> list[Splice]:
        """Insert a section after the last block of another section.

        Its heading has the level of the other section's heading, but is an h2 under an h1.
        """
        following = self._following(last)
        # The section goes behind the elements that end with the last block.
        position = last.end
        for node in (last.element, *last.element.ancestors()):
            holds_following = following is not None and node.start <= following.start < node.end
            holds_heading = (
                heading is not None
                and node.start <= heading.start < node.end
                and node.tag != "details"
            )
            allows_heading = heading is None and node.tag not in _NO_HEADINGS
            if node.tag in _ROOTS or holds_following or holds_heading or allows_heading:
                break
            position = node.end
        level = max(2, heading.level) if heading is not None else 2
        return [self._lines_after(position, write_html(at_level(units, level)), last)]

    def replace_title(self, before: str, after: str) -> list[Splice]:
        """Replace a title: in <title>, in the titles for sharing, and in the h1 with its words."""
        splices: list[Splice] = []
        for node in self.root.iterate():
            if node.tag == "title" and all(ancestor.tag != "svg" for ancestor in node.ancestors()):
                title = html.unescape(self.source[node.open_end : node.close_start])
                new = retitle(title, before, after)
                if new is not None:
                    splices.append(Splice(node.open_end, node.close_start, for_html(new)))
            elif node.tag == "meta" and _meta_name(node) in _TITLE_METAS:
                splices += self._retitle_meta(node, before, after)
        old = words_key(before)
        headings = [
            block
            for block in self.blocks
            if block.kind == "heading" and block.level == 1 and block.keys == old
        ]
        # Only the first: a second h1 is not the title of the page.
        for block in headings[:1]:
            splices += self.rewrite(block, Unit("text", after))
        if not splices:
            raise CannotPlaceError("neither <title> nor h1 has these words")
        return splices

    def _retitle_meta(self, node: Node, before: str, after: str) -> list[Splice]:
        content = _CONTENT.search(self.source, node.start, node.open_end)
        new = retitle(node.attributes.get("content", ""), before, after)
        if content is None or new is None:
            return []
        return [Splice(content.start(2), content.end(2), for_html(new, is_value=True))]

    def _rewrite_cells(self, block: HtmlBlock, unit: Unit) -> list[Splice]:
        """Replace the words of the cells that differ."""
        texts = split_cells(unit.text)
        if len(block.cells) != len(texts):
            raise CannotPlaceError("the table's row has another number of cells")
        splices: list[Splice] = []
        for cell, text, old in zip(block.cells, texts, split_cells(block.text), strict=True):
            if words_key(text) == words_key(old):
                continue
            if cell.parent is not block.element or block.cells.count(cell) > 1:
                raise CannotPlaceError("a cell of the row belongs to other rows or columns, too")
            splices += _rewrite_cell(cell, text, old)
        return splices

    def _insert_after_member(
        self,
        block: HtmlBlock,
        node: Node,
        group: Node,
        kinds: set[str],
        units: Sequence[Unit],
    ) -> list[Splice]:
        """Insert units after an item or a row (`node`) of a list or table (`group`).

        Units of these kinds become members. Where the block is the group's last, the units from
        the first one of another kind on go behind the group; otherwise they become members, too.
        """
        following = self._following(block)
        is_last = following is None or not group.start <= following.start < group.end
        inside = list(takewhile(lambda unit: unit.kind in kinds, units)) if is_last else list(units)
        outside = list(units)[len(inside) :]
        splices = []
        if inside:
            members = [_as_member(unit, block.kind) for unit in inside]
            splices.append(self._lines_after(node.end, members, block))
        if outside:
            # Behind the outermost list, where lists are nested.
            outer = group
            while (item := _nearest(outer, "li")) is not None and item.parent is not None:
                outer = item.parent
            splices.append(self._lines_after(outer.end, write_html(outside), block))
        return splices

    def _following(self, block: HtmlBlock) -> HtmlBlock | None:
        return next((other for other in self.blocks if other.start >= block.end), None)

    def _lines_before(self, position: int, lines: Sequence[str], block: HtmlBlock) -> Splice:
        """Return the insertion of lines that are indented as a block."""
        indent = self._indent(block.start)
        return Splice(position, position, "".join(f"{line}\n{indent}" for line in lines))

    def _lines_after(self, position: int, lines: Sequence[str], block: HtmlBlock) -> Splice:
        """Return the insertion of lines that are indented as a block."""
        indent = self._indent(block.start)
        return Splice(position, position, "".join(f"\n{indent}{line}" for line in lines))

    def _indent(self, position: int) -> str:
        line = self.source[line_start(self.source, position) : position]
        return line[: len(line) - len(line.lstrip())]

    def _is_emptied(self, node: Node, spans: list[tuple[int, int]]) -> bool:
        """Return whether nothing but space is left in an element when these spans are removed."""
        remaining = ""
        position = node.open_end
        inner_spans = (
            (start, end)
            for start, end in spans
            if node.open_end <= start and end <= node.close_start
        )
        for start, end in sorted(inner_spans):
            remaining += self.source[position : max(position, start)]
            position = max(position, end)
        return not (remaining + self.source[position : node.close_start]).strip()

    def _remove_lines(self, start: int, end: int) -> Splice:
        """Return the removal of a span, with its line breaks where it is alone on its lines."""
        first = line_start(self.source, start)
        line_end = self.source.find("\n", end)
        next_line = len(self.source) if line_end < 0 else line_end + 1
        is_alone = not (self.source[first:start] + self.source[end:next_line]).strip()
        return Splice(first, next_line, "") if is_alone else Splice(start, end, "")

    def _text_span(self, words: Sequence[Word], block: HtmlBlock) -> tuple[int, int]:
        """Return where words start and end, with their punctuation.

        The words of a whole block include the elements around them, but not a link or style that is
        around all of them.
        """
        if len(words) < len(block.words):
            return self._punctuated(words[0].start, words[-1].end, block)
        start = block.start
        end = block.end
        nodes = {
            (node.start, node.end): node
            for node in self.root.iterate()
            if node.end > node.close_start
        }
        while (node := nodes.pop((start, end), None)) is not None:
            start = node.open_end
            end = node.close_start
        return start, end

    def _punctuated(self, start: int, end: int, block: HtmlBlock) -> tuple[int, int]:
        """Return the span with the characters around it, up to spaces and tags."""
        while (
            start > block.start
            and not self.source[start - 1].isspace()
            and self.source[start - 1] != ">"
        ):
            start -= 1
        while end < block.end and not self.source[end].isspace() and self.source[end] != "<":
            end += 1
        return start, end

    def is_beside(self, block: HtmlBlock, candidate: HtmlBlock) -> bool:
        """Return whether another block is in the same part of the page, but not in an aside."""
        nodes = [block.element, *block.element.ancestors()]
        scope = next(
            (
                node
                for node in nodes
                if node.tag not in _NO_HEADINGS and not (node is block.element and block.is_whole)
            ),
            self.root,
        )
        inner = list(
            takewhile(
                lambda node: node is not scope,
                (candidate.element, *candidate.element.ancestors()),
            )
        )
        is_aside = any(
            node.tag == "aside" or node.attributes.get("role") == "complementary" for node in inner
        )
        return scope.start <= candidate.start < scope.end and not is_aside


def _rewrite_cell(cell: Node, text: str, old: str) -> list[Splice]:
    """Replace the words of a cell: of a list with as many items, those of the items that differ."""
    items = [node for node in cell.iterate() if node.tag == "li"]
    new_items, old_items = text.split("; "), old.split("; ")
    if not items or not len(items) == len(new_items) == len(old_items):
        return [Splice(cell.open_end, cell.close_start, for_html(text))]
    return [
        Splice(item.open_end, item.close_start, for_html(new))
        for item, new, before in zip(items, new_items, old_items, strict=True)
        if words_key(new) != words_key(before)
    ]


def _nearest(node: Node, tag: str) -> Node | None:
    """Return the element or the nearest element of this tag around it, within the same cell."""
    for candidate in (node, *node.ancestors()):
        if candidate.tag == tag:
            return candidate
        if candidate.tag in {"td", "th", "section", "article", "main"}:
            return None
    return None


def _nearest_ancestor(node: Node, tag: str) -> Node:
    """Return the nearest element of this tag around an element, or the element if there is none."""
    return next((ancestor for ancestor in node.ancestors() if ancestor.tag == tag), node)


def _as_member(unit: Unit, kind: str) -> str:
    """Return a unit as a row of a table or as an item of a list."""
    return write_row(unit.text) if kind == "row" else f"<li>{for_html(unit.text)}</li>"


def _definitions(units: Sequence[Unit]) -> list[str]:
    return [f"<dd>{for_html(unit.text)}</dd>" for unit in units]


def _meta_name(node: Node) -> str:
    return (node.attributes.get("property") or node.attributes.get("name") or "").lower()


def retitle(text: str, before: str, after: str) -> str | None:
    """Return a title with the old words replaced, or None where it does not have these words.

    The name of the site before or after them stays.

    >>> retitle("Range | Larkmoor", "Range", "How far?"), retitle("Prices", "Range", "How far?")
    ('How far? | Larkmoor', None)
    """
    old = words_key(before)
    words = find_words(text)
    keys = tuple(word.key for word in words)
    for index in range(len(keys) - len(old) + 1):
        end_index = index + len(old)
        if old and keys[index:end_index] == old:
            text_after = text[words[end_index - 1].end :].lstrip("?!.")
            return text[: words[index].start] + after + text_after
    # A title that holds only a part of the old words is replaced, too.
    is_within = bool(keys) and any(
        old[index : index + len(keys)] == keys for index in range(len(old))
    )
    return after if is_within else None
