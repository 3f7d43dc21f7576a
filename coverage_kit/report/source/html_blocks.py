"""The blocks of an HTML source with the positions of their words.

The blocks must agree with those of collect/blocks.py, which reads sites: otherwise the words of a
passage are not found in its file. A change of the rules there (which elements are skipped, what
ends a block, what is a table of data) belongs here, too. The tests
`test_the_sample_site_changes_at_every_passage` and `test_ugly_pages_change_too` in
tests/report/test_site_copy.py check that both agree. The two are not one module, because lxml does
not keep positions in the source.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from coverage_kit.report.source.tree import Node, Text
from coverage_kit.report.source.words import (
    BlockKind,
    SourceBlock,
    Word,
    find_words,
    is_invisible,
)
from coverage_kit.text.page_elements import heading_level
from coverage_kit.text.page_markup import (
    INLINE,
    NOISE_CLASSES,
    SKIPPED,
    SKIPPED_ROLES,
)

# Elements whose words lead to the text after them: a term, the title of a fold or a caption.
_LEADS = frozenset({"dt", "summary", "caption", "legend", "button"})
# What a table for layout holds and a table of data does not: tables, code, lists and headings.
_IN_CELL = frozenset({"table", "pre", "ul", "ol", "h1", "h2", "h3", "h4"})


@dataclass(frozen=True, eq=False)
class HtmlBlock(SourceBlock):
    """A block and its position in the source.

    Attributes:
        element: the element that holds the block.
        start: where its words start, with the inline elements around them.
        end: where they end.
        is_whole: whether the element holds nothing else.
    """

    element: Node = field(default_factory=lambda: Node("", {}, 0, 0))
    start: int = 0
    end: int = 0
    is_whole: bool = False


@dataclass
class _TextRun:
    """Inline text up to the end of a block: its characters, each with its start and end."""

    characters: list[tuple[str, int, int]] = field(default_factory=list)
    start: int = -1
    end: int = -1

    def add(self, piece: Text) -> None:
        """Add a piece of text. All characters of an entity have the entity's position."""
        is_plain = len(piece.text) == piece.end - piece.start
        for index, character in enumerate(piece.text):
            start = piece.start + index if is_plain else piece.start
            if not is_invisible(character):
                self.characters.append((character, start, start + 1 if is_plain else piece.end))
        words = piece.text.strip()
        if words and is_plain:
            start = piece.start + piece.text.find(words[0])
            self.widen(start, start + len(words))
        elif words:
            self.widen(piece.start, piece.end)

    def widen(self, start: int, end: int) -> None:
        """Let the run reach from `start` to `end`, too."""
        self.start = start if self.start < 0 else min(self.start, start)
        self.end = max(self.end, end)

    def space(self, position: int) -> None:
        """Add a space that is not in the source."""
        self.characters.append((" ", position, position))

    def words(self) -> tuple[Word, ...]:
        text = "".join(character for character, _, _ in self.characters)
        return tuple(
            Word(word.key, self.characters[word.start][1], self.characters[word.end - 1][2])
            for word in find_words(text)
        )

    def text(self) -> str:
        return " ".join("".join(character for character, _, _ in self.characters).split())


def read_html_blocks(source: str, root: Node) -> list[HtmlBlock]:
    """Return the blocks of a page in reading order.

    Navigation, the page's header and footer, forms and scripts are left out.
    """
    # A page without a body tag is read as a whole.
    body = next((node for node in root.iterate() if node.tag == "body"), root)
    walker = _SourceWalker(source)
    walker.visit(body)
    walker.flush(body)
    return [block for block in walker.blocks if block.words]


class _SourceWalker:
    """Walk a page once and collect inline text until a block ends it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.blocks: list[HtmlBlock] = []
        self.run = _TextRun()
        self.kind: BlockKind = "text"
        self.holders: list[Node] = []
        self.main_depth = 0
        # How many runs have ended, to see whether a run ended within an element.
        self.n_flushed = 0

    def visit(self, node: Node) -> None:
        if self._is_skipped(node):
            return
        if (level := heading_level(node)) > 0:
            self._add_whole("heading", node, level)
        elif node.tag in INLINE:
            self._visit_inline(node)
        elif node.tag in {"br", "hr"}:
            self.run.space(node.start)
        elif node.tag == "pre":
            self._add_whole("code", node)
        elif node.tag == "table" and _is_data_table(node):
            self._visit_table(node)
        else:
            self._visit_container(node)

    def flush(self, holder: Node) -> None:
        """End the run of inline text among the children of the holder."""
        run = self.run
        self.run = _TextRun()
        self.n_flushed += 1
        if run.text():
            text_before = self.source[holder.open_end : run.start]
            text_after = self.source[run.end : holder.close_start]
            block = HtmlBlock(
                self.kind,
                run.text(),
                run.words(),
                element=holder,
                start=run.start,
                end=run.end,
                is_whole=not (text_before + text_after).strip(),
            )
            self.blocks.append(block)
            self.kind = "text"

    def _holder(self) -> Node:
        return self.holders[-1]

    def _flush_around(self) -> None:
        if self.holders:
            self.flush(self._holder())

    def _walk(self, node: Node) -> None:
        for child in node.children:
            if isinstance(child, Text):
                self.run.add(child)
            else:
                self.visit(child)

    def _visit_inline(self, node: Node) -> None:
        n_flushed = self.n_flushed
        run_end = self.run.end
        self._walk(node)
        # The run reaches over the element's tags only if no block ended within the element.
        if self.n_flushed == n_flushed and self.run.end > run_end:
            self.run.widen(node.start, node.end)

    def _visit_container(self, node: Node) -> None:
        self._flush_around()
        is_main = _is_main(node)
        self.main_depth += is_main
        if node.tag == "li":
            self.kind = "item"
        elif node.tag in _LEADS:
            self.kind = "lead"
        self.holders.append(node)
        self._walk(node)
        self.flush(node)
        self.holders.pop()
        self.kind = "text"
        self.main_depth -= is_main

    def _visit_table(self, table: Node) -> None:
        self._flush_around()
        for child in table.children:
            if isinstance(child, Node) and child.tag == "caption":
                self._add_whole("lead", child)
        for row in table.iterate():
            if row.tag != "tr":
                continue
            self._add_whole("row", row)
            # A row without words has no block.
            if self.blocks and self.blocks[-1].element is row:
                self.blocks[-1] = replace(
                    self.blocks[-1],
                    text=" | ".join(map(_text_of, cells_of(row))),
                )

    def _add_whole(self, kind: BlockKind, node: Node, level: int = 0) -> None:
        """Add a block of all the words in an element."""
        self._flush_around()
        run = _TextRun()
        _gather(node, run)
        if run.text():
            self.blocks.append(
                HtmlBlock(
                    kind,
                    run.text(),
                    run.words(),
                    level,
                    element=node,
                    start=run.start,
                    end=run.end,
                    is_whole=True,
                )
            )

    def _is_skipped(self, node: Node) -> bool:
        role = node.attributes.get("role", "")
        if node.tag in SKIPPED or role in SKIPPED_ROLES or _is_noise(node):
            return True
        if node.tag == "header" or role == "banner":
            return not self.main_depth and not _holds_page(node)
        if node.tag == "aside" or role == "complementary":
            return not self.main_depth
        if node.tag == "form":
            return not _holds_page(node)
        return node.tag == "button" and not _is_accordion(node)


def _gather(node: Node, run: _TextRun) -> None:
    """Add all the words in an element to a run."""
    for child in node.children:
        if isinstance(child, Text):
            run.add(child)
        elif child.tag not in SKIPPED and not _is_noise(child):
            is_separate = child.tag == "br" or child.tag not in INLINE
            if is_separate:
                run.space(child.start)
            run_end = run.end
            _gather(child, run)
            if is_separate:
                run.space(child.end)
            elif run.end > run_end:
                run.widen(child.start, child.end)


def _text_of(node: Node) -> str:
    run = _TextRun()
    _gather(node, run)
    return run.text()


def cells_of(row: Node) -> list[Node]:
    """Return the cells of a table's row."""
    return [
        child for child in row.children if isinstance(child, Node) and child.tag in {"td", "th"}
    ]


def _inner(node: Node) -> Iterator[Node]:
    return (inner for inner in node.iterate() if inner is not node)


def _is_noise(node: Node) -> bool:
    return not NOISE_CLASSES.isdisjoint(node.attributes.get("class", "").split())


def _is_main(node: Node) -> bool:
    return node.tag in {"main", "article"} or node.attributes.get("role") in {
        "main",
        "article",
    }


def _holds_page(node: Node) -> bool:
    """Return whether a form or header wraps the whole page, as some web frameworks make it."""
    inner_nodes = list(_inner(node))
    return any(_is_main(inner) for inner in inner_nodes) or (
        node.tag == "form" and any(inner.tag == "h1" for inner in inner_nodes)
    )


def _is_accordion(button: Node) -> bool:
    """Return whether a button opens a section of text and thus serves as its heading."""
    opens = not {"aria-expanded", "aria-controls", "data-bs-toggle"}.isdisjoint(button.attributes)
    return opens or any(heading_level(inner) for inner in _inner(button))


def _is_data_table(table: Node) -> bool:
    if table.attributes.get("role") == "presentation":
        return False
    return not any(inner.tag in _IN_CELL for inner in _inner(table))
