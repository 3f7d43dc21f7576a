"""HTML as a light tree of elements and texts that know where they stand in the source.

A parser that repairs and writes a page anew (lxml) would touch every line of it; with the places
known, everything but the changed words stays as it is, byte for byte.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple

VOID = frozenset(
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)
_ENDS_PARAGRAPH = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "details",
        "div",
        "dl",
        "fieldset",
        "figure",
        "footer",
        "form",
        "header",
    }
    | {
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    }
)
# a start tag ends these open elements, unless one of those stands between
_ENDS = {
    **dict.fromkeys(
        _ENDS_PARAGRAPH,
        (frozenset({"p"}), frozenset({"button", "td", "th", "table"})),
    ),
    "li": (frozenset({"li", "p"}), frozenset({"ul", "ol", "menu"})),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd", "p"}), frozenset({"dl"}))),
    **dict.fromkeys(("td", "th"), (frozenset({"td", "th"}), frozenset({"table", "tr"}))),
    "tr": (frozenset({"tr", "td", "th"}), frozenset({"table"})),
    **dict.fromkeys(
        ("tbody", "thead", "tfoot"),
        (
            frozenset({"tbody", "thead", "tfoot", "tr", "td", "th"}),
            frozenset({"table"}),
        ),
    ),
}
_DEEPEST = (
    200  # deeper pages are hostile, and would exhaust the stack; what is deeper counts as beside
)
_CELLS = frozenset({"td", "th", "table", "button"})
_TABLE_TAGS = frozenset({"td", "th", "tr", "tbody", "thead", "tfoot", "table"})


class Text(NamedTuple):
    """A piece of text: its place in the source, and what it says with its entities read."""

    start: int
    end: int
    text: str


@dataclass(eq=False)
class Node:
    """An element: its start tag from `start` to `open_end`, its end tag from `close_start` to `end`."""

    tag: str
    attributes: dict[str, str]
    start: int
    open_end: int
    parent: "Node | None" = None
    children: list["Node | Text"] = field(default_factory=list)
    close_start: int = -1
    end: int = -1

    def iterate(self) -> Iterator["Node"]:
        """Yield the element and those in it, in the order of their start tags."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.iterate()

    def ancestors(self) -> Iterator["Node"]:
        """Yield the elements around it, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


def read_tree(source: str) -> Node:
    """Return the root of a page's tree; broken HTML gives a tree too."""
    reader = _TreeReader(source)
    reader.feed(source)
    reader.close()
    return reader.finish()


class _TreeReader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.source = source
        self.root = Node("", {}, 0, 0)
        self.open = [self.root]
        self.lines = [0, *(found.end() for found in re.finditer("\n", source))]

    def finish(self) -> Node:
        """Close what is open and return the root."""
        self._close(1, len(self.source), len(self.source))
        self.root.close_start = self.root.end = len(self.source)
        return self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._place()
        self._end_implied(tag, start)
        end = start + len(self.get_starttag_text() or "")
        node = Node(
            tag,
            {name: value or "" for name, value in reversed(attrs)},
            start,
            end,
            self.open[-1],
        )
        self.open[-1].children.append(node)
        if tag in VOID:
            node.close_start = node.end = end
        elif len(self.open) < _DEEPEST:
            self.open.append(node)
        else:
            node.close_start = node.end = end

    def parse_html_declaration(self, i: int) -> int:
        """Read a declaration; what is none, such as <![if IE]>, as a comment (the standard library raises)."""
        is_section = self.rawdata.startswith("<![", i)
        return self.parse_bogus_comment(i) if is_section else super().parse_html_declaration(i)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        start = self._place()
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag == tag:
                after = self.source.find(">", start)
                self._close(depth, start, len(self.source) if after < 0 else after + 1)
                return
            if self.open[depth].tag in _CELLS and tag not in _TABLE_TAGS:
                return

    def handle_data(self, data: str) -> None:
        start = self._place()
        self._add(start, start + len(data), data)

    def handle_entityref(self, name: str) -> None:
        self._add_reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._add_reference(f"&#{name}")

    def _add_reference(self, raw: str) -> None:
        start = self._place()
        end = start + len(raw)
        end += self.source.startswith(";", end)
        self._add(start, end, html.unescape(f"{raw};"))

    def _add(self, start: int, end: int, text: str) -> None:
        self.open[-1].children.append(Text(start, end, text))

    def _place(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def _end_implied(self, tag: str, place: int) -> None:
        ended, walls = _ENDS.get(tag, (frozenset[str](), frozenset[str]()))
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag in walls:
                return
            if self.open[depth].tag in ended:
                self._close(depth, place, place)

    def _close(self, depth: int, start: int, end: int) -> None:
        """Close the open elements from this depth on; the outermost by the end tag, those in it where that begins."""
        for node in self.open[depth:]:
            node.close_start = start
            node.end = start
        if depth < len(self.open):
            self.open[depth].end = end
        del self.open[depth:]


def tags_within(root: Node, start: int, end: int) -> list[tuple[int, int]]:
    """Return the places of tags between start and end whose other tag stands outside: those that must stay."""
    found = []
    for node in root.iterate():
        opens = start <= node.start < end
        closes = start <= node.close_start < end and node.end > node.close_start
        if opens and not (node.end <= end):
            found.append((node.start, node.open_end))
        elif closes and node.start < start:
            found.append((node.close_start, node.end))
    return sorted(found)


def line_start(source: str, place: int) -> int:
    """Return where the line of a place starts."""
    return source.rfind("\n", 0, place) + 1
