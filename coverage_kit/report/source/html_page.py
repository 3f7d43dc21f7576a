"""An HTML source and the splices that change its words, with everything around them left as it is."""

import html
import re
from collections.abc import Sequence
from itertools import takewhile

from coverage_kit.report.source.html_blocks import (
    HtmlBlock,
    cells_of,
    heading_level,
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
    escape_html,
    split_cells,
    write_html,
    write_row,
)
from coverage_kit.report.source.words import (
    CannotPlaceError,
    Splice,
    Word,
    find_words,
    words_key,
)

_ROOTS = frozenset({"", "html", "body", "main", "article"})
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
_TITLE_METAS = frozenset({"og:title", "twitter:title"})
_CONTENT = re.compile(r"\scontent\s*=\s*([\"'])(.*?)\1", re.IGNORECASE | re.DOTALL)


class HtmlPage:
    """An HTML source read for changes: its blocks, and the splices that change them."""

    suffix = ".html"

    def __init__(self, source: str) -> None:
        self.source = source
        self.root = read_tree(source)
        self.blocks: list[HtmlBlock] = read_html_blocks(source, self.root)

    def rewrite(self, block: HtmlBlock, unit: Unit) -> list[Splice]:
        """Put a unit's words in the place of a block's, within the block's own element."""
        if block.kind == "row":
            return self._rewrite_cells(block, unit)
        text = " ".join(unit.text.split())
        old = block.text
        if len(text) > len(old) and text.startswith(f"{old} "):
            return [Splice(block.end, block.end, escape_html(text[len(old) :]))]
        if len(text) > len(old) and text.endswith(f" {old}"):
            return [Splice(block.start, block.start, escape_html(text[: -len(old)]))]
        return self.rewrite_words(block.words, text, block)

    def rewrite_words(self, words: Sequence[Word], text: str, block: HtmlBlock) -> list[Splice]:
        """Put plain text in the place of some of a block's words; tags that begin or end elsewhere stay."""
        start, end = self._text_span(words, block)
        kept = "".join(self.source[one:two] for one, two in tags_within(self.root, start, end))
        return [Splice(start, end, escape_html(text) + kept)]

    def remove(self, blocks: Sequence[HtmlBlock]) -> list[Splice]:
        """Take blocks away, and the lists, tables and boxes that nothing is left in."""
        gone: list[tuple[int, int]] = []
        for block in blocks:
            is_apart = block.is_whole and (
                block.element.tag in _LEAVES | _EMPTIED or heading_level(block.element) > 0
            )
            gone.append(
                (block.element.start, block.element.end) if is_apart else (block.start, block.end)
            )
        changed = True
        while changed:
            changed = False
            for block in blocks:
                for node in (block.element, *block.element.ancestors()):
                    span = (node.start, node.end)
                    if node.tag in _EMPTIED and span not in gone and self._is_emptied(node, gone):
                        gone.append(span)
                        changed = True
        outermost = [
            one
            for one in gone
            if not any(other != one and other[0] <= one[0] and one[1] <= other[1] for other in gone)
        ]
        return [self._whole_lines(start, end) for start, end in sorted(set(outermost))]

    def insert_before(self, block: HtmlBlock, units: Sequence[Unit]) -> list[Splice]:
        """Put units in front of a block."""
        indent = self._indent(block.start)
        item = _nearest(block.element, "li")
        if block.kind == "row" or (item is not None and item.parent is not None):
            node = block.element if item is None or block.kind == "row" else item
            group = next(
                (above for above in node.ancestors() if above.tag in {"table", "ul", "ol"}),
                node,
            )
            is_first = not any(group.start <= one.start < block.start for one in self.blocks)
            is_alike = units[0].kind in ({"row"} if block.kind == "row" else {"item", "number"})
            lines = (
                write_html(list(units))
                if is_first and not is_alike
                else [_in_group(unit, block.kind) for unit in units]
            )
            place = group.start if is_first and not is_alike else node.start
            return [Splice(place, place, "".join(f"{line}\n{indent}" for line in lines))]
        place = (
            block.element.start if block.is_whole and block.element.tag in _LEAVES else block.start
        )
        lines = (
            _definitions(units) if block.element.tag in {"dt", "dd"} else write_html(list(units))
        )
        return [Splice(place, place, "".join(f"{line}\n{indent}" for line in lines))]

    def insert_after(self, block: HtmlBlock, units: Sequence[Unit]) -> list[Splice]:
        """Put units behind a block: items and rows into its list or table, other units behind that where it ends there."""
        following = self._following(block)
        item = _nearest(block.element, "li")
        if block.kind == "row":
            return self._after_member(block, block.element, "table", {"row"}, following, units)
        if item is not None and item.parent is not None:
            return self._after_member(
                block,
                item,
                item.parent.tag,
                {"item", "number"},
                following,
                units,
            )
        if block.element.tag in {"dt", "dd"}:
            return [self._lines_at(block.element.end, _definitions(units), block)]
        place = block.element.end if block.is_whole and block.element.tag in _LEAVES else block.end
        return [self._lines_at(place, write_html(list(units)), block)]

    def insert_section(
        self, heading: HtmlBlock | None, last: HtmlBlock, units: list[Unit]
    ) -> list[Splice]:
        """Put a section behind the last block of another, under a heading of the same level (an h2 under an h1)."""
        following = self._following(last)
        place = last.end
        for node in (last.element, *last.element.ancestors()):
            is_crowded = following is not None and node.start <= following.start < node.end
            holds_heading = (
                heading is not None
                and node.start <= heading.start < node.end
                and node.tag != "details"
            )
            is_kept = heading is None and node.tag not in _NO_HEADINGS
            if node.tag in _ROOTS or is_crowded or holds_heading or is_kept:
                break
            place = node.end
        level = max(2, heading.level) if heading is not None else 2
        return [self._lines_at(place, write_html(at_level(units, level)), last)]

    def replace_title(self, before: str, after: str) -> list[Splice]:
        """Put a title in the place of another: in <title>, in the title for sharing, and in the h1 with the same words."""
        splices: list[Splice] = []
        for node in self.root.iterate():
            if node.tag == "title" and not any(above.tag == "svg" for above in node.ancestors()):
                new = retitle(
                    html.unescape(self.source[node.open_end : node.close_start]),
                    before,
                    after,
                )
                splices += (
                    [Splice(node.open_end, node.close_start, escape_html(new))]
                    if new is not None
                    else []
                )
            elif node.tag == "meta" and _meta_name(node) in _TITLE_METAS:
                splices += self._retitle_meta(node, before, after)
        old = words_key(before)
        tops = [
            block
            for block in self.blocks
            if block.kind == "heading" and block.level == 1 and block.keys == old
        ]
        for block in tops[:1]:
            splices += self.rewrite(block, Unit("text", after))
        if not splices:
            raise CannotPlaceError("neither <title> nor h1 has these words")
        return splices

    def _retitle_meta(self, node: Node, before: str, after: str) -> list[Splice]:
        found = _CONTENT.search(self.source, node.start, node.open_end)
        new = retitle(node.attributes.get("content", ""), before, after)
        return (
            [
                Splice(
                    found.start(2),
                    found.end(2),
                    escape_html(new, is_value=True),
                )
            ]
            if found is not None and new is not None
            else []
        )

    def _rewrite_cells(self, block: HtmlBlock, unit: Unit) -> list[Splice]:
        nodes = cells_of(block.element)
        texts = split_cells(unit.text)
        if len(nodes) != len(texts):
            raise CannotPlaceError("the table's row has another number of cells")
        splices = []
        for node, text, old in zip(nodes, texts, split_cells(block.text), strict=True):
            if words_key(text) != words_key(old):
                splices.append(Splice(node.open_end, node.close_start, escape_html(text)))
        return splices

    def _after_member(
        self,
        block: HtmlBlock,
        node: Node,
        group: str,
        kinds: set[str],
        following: HtmlBlock | None,
        units: Sequence[Unit],
    ) -> list[Splice]:
        """Put units behind an item or a row: its like into the group, others too unless the group ends here."""
        around = next((above for above in node.ancestors() if above.tag == group), node)
        is_last = following is None or not around.start <= following.start < around.end
        inside = list(takewhile(lambda unit: unit.kind in kinds, units)) if is_last else list(units)
        outside = list(units)[len(inside) :]
        splices = (
            [
                self._lines_at(
                    node.end,
                    [_in_group(unit, block.kind) for unit in inside],
                    block,
                )
            ]
            if inside
            else []
        )
        while (upper := _nearest(around, "li")) is not None and upper.parent is not None:
            around = upper.parent
        if outside:
            splices.append(self._lines_at(around.end, write_html(outside), block))
        return splices

    def _following(self, block: HtmlBlock) -> HtmlBlock | None:
        return next((one for one in self.blocks if one.start >= block.end), None)

    def _lines_at(self, place: int, lines: Sequence[str], beside: HtmlBlock) -> Splice:
        indent = self._indent(beside.start)
        return Splice(place, place, "".join(f"\n{indent}{line}" for line in lines))

    def _indent(self, place: int) -> str:
        line = self.source[line_start(self.source, place) : place]
        return line[: len(line) - len(line.lstrip())]

    def _is_emptied(self, node: Node, gone: list[tuple[int, int]]) -> bool:
        """Return whether nothing but space is left in an element."""
        rest = ""
        at = node.open_end
        for start, end in sorted(
            one for one in gone if node.open_end <= one[0] and one[1] <= node.close_start
        ):
            rest += self.source[at : max(at, start)]
            at = max(at, end)
        return not (rest + self.source[at : node.close_start]).strip()

    def _whole_lines(self, start: int, end: int) -> Splice:
        """Take the line break with what is taken away where nothing else stands on its lines."""
        first = line_start(self.source, start)
        after = self.source.find("\n", end)
        after = len(self.source) if after < 0 else after + 1
        is_alone = not self.source[first:start].strip() and not self.source[end:after].strip()
        return Splice(first, after, "") if is_alone else Splice(start, end, "")

    def _text_span(self, words: Sequence[Word], block: HtmlBlock) -> tuple[int, int]:
        """Return where words stand with their punctuation; of a whole block all of it but a link or style around all of it."""
        start = words[0].start
        end = words[-1].end
        if len(words) < len(block.words):
            while (
                start > block.start
                and not self.source[start - 1].isspace()
                and self.source[start - 1] != ">"
            ):
                start -= 1
            while end < block.end and not self.source[end].isspace() and self.source[end] != "<":
                end += 1
            return start, end
        start = block.start
        end = block.end
        around = {
            (node.start, node.end): node
            for node in self.root.iterate()
            if node.end > node.close_start
        }
        while (node := around.pop((start, end), None)) is not None:
            start = node.open_end
            end = node.close_start
        return start, end

    def is_beside(self, block: HtmlBlock, other: HtmlBlock) -> bool:
        """Return whether another block stands in the same part of the page, and not in an aside of it."""
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
                (other.element, *other.element.ancestors()),
            )
        )
        is_aside = any(
            node.tag == "aside" or node.attributes.get("role") == "complementary" for node in inner
        )
        return scope.start <= other.start < scope.end and not is_aside


def _nearest(node: Node, tag: str) -> Node | None:
    """Return the element itself or the nearest one around it of this tag, within the same cell."""
    for one in (node, *node.ancestors()):
        if one.tag == tag:
            return one
        if one.tag in {"td", "th", "section", "article", "main"}:
            return None
    return None


def _in_group(unit: Unit, kind: str) -> str:
    return write_row(unit.text) if kind == "row" else f"<li>{escape_html(unit.text)}</li>"


def _definitions(units: Sequence[Unit]) -> list[str]:
    return [f"<dd>{escape_html(unit.text)}</dd>" for unit in units]


def _meta_name(node: Node) -> str:
    return (node.attributes.get("property") or node.attributes.get("name") or "").lower()


def retitle(text: str, before: str, after: str) -> str | None:
    """Return a title with the old words replaced, or None where it is another title. A site's name around them stays.

    >>> retitle("Range | Larkmoor", "Range", "How far?"), retitle("Prices", "Range", "How far?")
    ('How far? | Larkmoor', None)
    """
    old = words_key(before)
    words = find_words(text)
    keys = tuple(word.key for word in words)
    for at in range(len(keys) - len(old) + 1):
        if old and keys[at : at + len(old)] == old:
            return (
                text[: words[at].start] + after + text[words[at + len(old) - 1].end :].lstrip("?!.")
            )
    is_part = bool(keys) and any(old[at : at + len(keys)] == keys for at in range(len(old)))
    return after if is_part else None
