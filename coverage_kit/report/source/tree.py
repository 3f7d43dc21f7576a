"""HTML as a tree of elements and texts with their positions in the source.

A parser that repairs a page and writes it again (lxml) would change every line. With the positions
known, everything except the changed words stays as it is, byte for byte.

collect/blocks.py reads pages with lxml, and html_blocks.py reads them with this tree. Both must see
the same blocks, because otherwise the words of a passage are not found in its file. The tests
`test_the_sample_site_changes_at_every_passage` and `test_ugly_pages_change_too` in
tests/report/test_site_copy.py check that.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby
from typing import NamedTuple

# Elements that have no end tag (HTML standard, void elements).
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
# Elements whose start tag ends an open paragraph (HTML standard, the p element).
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
# By tag: the open elements that its start tag ends, unless one of the second set is open in them.
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
# A deeper page would exhaust the stack (assumed: no real page is that deep). A deeper element is
# read as empty, and its content as content of the element around it.
_MAX_DEPTH = 200
# An end tag ends no element outside of these, except tags of the table itself.
_CELLS = frozenset({"td", "th", "table", "button"})
_TABLE_TAGS = frozenset({"td", "th", "tr", "tbody", "thead", "tfoot", "table"})


class Text(NamedTuple):
    """A piece of text: its position in the source, and its characters with entities decoded."""

    start: int
    end: int
    text: str


@dataclass(eq=False)
class Node:
    """An element.

    Its start tag is from `start` to `open_end`, its end tag from `close_start` to `end`.
    """

    tag: str
    attributes: dict[str, str]
    start: int
    open_end: int
    parent: "Node | None" = None
    children: list["Node | Text"] = field(default_factory=list)
    close_start: int = -1
    end: int = -1
    # The text before the first child, and the text behind the element: as in lxml's elements.
    text: str = ""
    tail: str = ""
    previous: "Node | None" = None

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def getparent(self) -> "Node | None":
        """Return the element around this element; None for the root."""
        return self.parent

    def getprevious(self) -> "Node | None":
        """Return the element before this element in the same parent."""
        return self.previous

    def __iter__(self) -> Iterator["Node"]:
        return (child for child in self.children if isinstance(child, Node))

    def iter(self) -> Iterator["Node"]:
        """Yield the element and the elements in it, in the order of their start tags."""
        return self.iterate()

    def itertext(self) -> Iterator[str]:
        """Yield the texts in the element, in the order of the source."""
        for child in self.children:
            if isinstance(child, Text):
                yield child.text
            else:
                yield from child.itertext()

    def iterate(self) -> Iterator["Node"]:
        """Yield the element and the elements in it, in the order of their start tags."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.iterate()

    def ancestors(self) -> Iterator["Node"]:
        """Yield the elements around the element, the nearest first."""
        ancestor = self.parent
        while ancestor is not None:
            yield ancestor
            ancestor = ancestor.parent


def read_tree(source: str) -> Node:
    """Return the root of a page's tree. Broken HTML has a tree, too."""
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
        # Where each line starts: the parser reports a line and a column instead of an index.
        self.lines = [0, *(line_end.end() for line_end in re.finditer("\n", source))]

    def finish(self) -> Node:
        """Close the open elements and return the root."""
        self._close(1, len(self.source), len(self.source))
        self.root.close_start = len(self.source)
        self.root.end = len(self.source)
        for node in self.root.iterate():
            _link(node)
        return self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._position()
        self._end_implied(tag, start)
        end = start + len(self.get_starttag_text() or "")
        node = Node(
            tag,
            # Of repeated attributes the first counts in HTML. In a dict the last counts, so they
            # are reversed.
            {name: value or "" for name, value in reversed(attrs)},
            start,
            end,
            self.open[-1],
        )
        self.open[-1].children.append(node)
        if tag not in VOID and len(self.open) < _MAX_DEPTH:
            self.open.append(node)
        else:
            node.close_start = end
            node.end = end

    def parse_html_declaration(self, i: int) -> int:
        """Read a declaration.

        What only looks like a declaration, such as <![if IE]>, is read as a comment, because the
        standard library would raise an error.
        """
        is_section = self.rawdata.startswith("<![", i)
        return self.parse_bogus_comment(i) if is_section else super().parse_html_declaration(i)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        start = self._position()
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag == tag:
                after = self.source.find(">", start)
                self._close(depth, start, len(self.source) if after < 0 else after + 1)
                return
            if self.open[depth].tag in _CELLS and tag not in _TABLE_TAGS:
                return

    def handle_data(self, data: str) -> None:
        start = self._position()
        self._add(start, start + len(data), data)

    def handle_entityref(self, name: str) -> None:
        self._add_reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._add_reference(f"&#{name}")

    def _add_reference(self, raw: str) -> None:
        start = self._position()
        end = start + len(raw)
        end += self.source.startswith(";", end)
        self._add(start, end, html.unescape(f"{raw};"))

    def _add(self, start: int, end: int, text: str) -> None:
        self.open[-1].children.append(Text(start, end, text))

    def _position(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def _end_implied(self, tag: str, position: int) -> None:
        """Close the elements that a start tag ends without their end tags."""
        ended, walls = _ENDS.get(tag, (frozenset[str](), frozenset[str]()))
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag in walls:
                return
            if self.open[depth].tag in ended:
                self._close(depth, position, position)

    def _close(self, depth: int, start: int, end: int) -> None:
        """Close the open elements from this depth on.

        The outermost one ends with the end tag, the others end where the end tag starts.
        """
        for node in self.open[depth:]:
            node.close_start = start
            node.end = start
        if depth < len(self.open):
            self.open[depth].end = end
        del self.open[depth:]


def _link(node: Node) -> None:
    """Set the texts before and behind the children, and which child is before which."""
    previous: Node | None = None
    for is_text, children in groupby(node.children, lambda child: isinstance(child, Text)):
        if is_text:
            text = "".join(child.text for child in children)
            if previous is None:
                node.text = text
            else:
                previous.tail = text
            continue
        for child in children:
            if isinstance(child, Node):
                child.previous = previous
                previous = child


def tags_within(root: Node, start: int, end: int) -> list[tuple[int, int]]:
    """Return the positions of the tags between start and end whose other tag is outside.

    These tags must stay where the text between start and end is replaced.
    """
    positions = []
    for node in root.iterate():
        opens = start <= node.start < end
        closes = start <= node.close_start < end and node.end > node.close_start
        if opens and not (node.end <= end):
            positions.append((node.start, node.open_end))
        elif closes and node.start < start:
            positions.append((node.close_start, node.end))
    return sorted(positions)


def line_start(source: str, position: int) -> int:
    """Return where the line of a position starts."""
    return source.rfind("\n", 0, position) + 1
