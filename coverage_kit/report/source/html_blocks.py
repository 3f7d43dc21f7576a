"""The blocks of an HTML source with the positions of their words.

The blocks must agree with those of collect/blocks.py, which reads sites: otherwise the words of a
passage are not found in its file. What an element is and whether it is read, both ask
text/page_elements.py and text/page_rules.py. A change of the walk there (what ends a block) belongs
here, too. The tests `test_the_sample_site_changes_at_every_passage` and
`test_ugly_pages_change_too` in tests/report/test_site_copy.py, and those of test_site_copy_html.py,
check that both agree. The two are not one module, because lxml does not keep positions in the
source.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from coverage_kit.report.source.tree import Node, Text
from coverage_kit.report.source.words import (
    BlockKind,
    SourceBlock,
    Word,
    find_words,
    is_invisible,
)
from coverage_kit.text.page_elements import (
    LINE_BREAK,
    cell_text,
    ends_in_break,
    heading_level,
    heading_noise,
    holds_main,
    is_code,
    is_data_table,
    is_lead,
    is_main,
    is_noise,
    table_rows,
)
from coverage_kit.text.page_markup import INLINE, SKIPPED, SKIPPED_ROLES
from coverage_kit.text.page_rules import read_rules


@dataclass(frozen=True, eq=False)
class HtmlBlock(SourceBlock):
    """A block and its position in the source.

    Attributes:
        element: the element that holds the block.
        start: where its words start, with the inline elements around them.
        end: where they end.
        is_whole: whether the element holds nothing else.
        cells: the cells of a row, with those that span it from another row.
        panel: of a tab, the element that it opens; the block is read before that element.
    """

    element: Node = field(default_factory=lambda: Node("", {}, 0, 0))
    start: int = 0
    end: int = 0
    is_whole: bool = False
    cells: tuple[Node, ...] = ()
    panel: Node | None = None


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

    def space(self, position: int, space: str = " ") -> None:
        """Add a space that is not in the source."""
        self.characters.append((space, position, position))

    def break_line(self, position: int) -> bool:
        """Add a line break; return whether it is the second in a row, which ends a paragraph."""
        is_second = ends_in_break(character for character, _, _ in reversed(self.characters))
        self.characters.append((LINE_BREAK, position, position))
        return is_second

    def words(self, *, has_lines: bool = False) -> tuple[Word, ...]:
        """Return the words; line breaks of the source count only in code (`has_lines`)."""
        text = "".join(
            " " if character.isspace() and not has_lines else character
            for character, _, _ in self.characters
        )
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
    walker = _SourceWalker(source, body)
    walker.visit(body)
    walker.flush(body)
    return [block for block in walker.blocks if block.words]


class _SourceWalker:
    """Walk a page once and collect inline text until a block ends it."""

    def __init__(self, source: str, body: Node) -> None:
        self.source = source
        self.blocks: list[HtmlBlock] = []
        self.rules = read_rules(body)
        self.run = _TextRun()
        self.kind: BlockKind = "text"
        self.holders: list[Node] = []
        self.main_depth = 0
        # How many runs have ended, to see whether a run ended within an element.
        self.n_flushed = 0

    def visit(self, node: Node) -> None:
        if self._is_skipped(node):
            return
        if (label := self.rules.labels.get(node)) is not None:
            self._add_whole("lead", label)
            if self.blocks and self.blocks[-1].element is label:
                self.blocks[-1] = replace(self.blocks[-1], panel=node)
        if (level := heading_level(node)) > 0:
            self._add_whole("heading", node, level, left_out=heading_noise(node))
        elif is_code(node):
            self._add_whole("code", node, left_out=self.rules.skipped)
        elif node.tag in INLINE:
            self._visit_inline(node)
        elif node.tag == "br":
            if self.run.break_line(node.start):
                self._flush_around()
        elif node.tag == "hr":
            self._flush_around()
        elif node.tag == "table" and is_data_table(node):
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
        is_content = is_main(node)
        self.main_depth += is_content
        if node.tag == "li":
            self.kind = "item"
        elif is_lead(node):
            self.kind = "lead"
        self.holders.append(node)
        self._walk(node)
        self.flush(node)
        self.holders.pop()
        self.kind = "text"
        self.main_depth -= is_content

    def _visit_table(self, table: Node) -> None:
        self._flush_around()
        for child in table.children:
            if isinstance(child, Node) and child.tag == "caption":
                self._add_whole("lead", child)
        for row, cells in table_rows(table):
            self._add_row(row, cells)

    def _add_row(self, row: Node, cells: list[Node]) -> None:
        """Add a row: the words of its cells, and of those that span it from another row."""
        self._flush_around()
        runs = [_run_of(cell, self.rules.skipped) for cell in cells]
        own = [run for run, cell in zip(runs, cells, strict=True) if cell.parent is row]
        own = [run for run in own if run.start >= 0]
        joined = _TextRun()
        for run in runs:
            joined.characters += run.characters
            joined.space(row.start)
        if own:
            self.blocks.append(
                HtmlBlock(
                    "row",
                    " | ".join(cell_text(cell, self.rules.skipped) for cell in cells),
                    joined.words(),
                    element=row,
                    start=min(run.start for run in own),
                    end=max(run.end for run in own),
                    is_whole=True,
                    cells=tuple(cells),
                )
            )

    def _add_whole(
        self, kind: BlockKind, node: Node, level: int = 0, left_out: Collection[Any] = ()
    ) -> None:
        """Add a block of all the words in an element, except in the elements that are left out."""
        self._flush_around()
        is_lines = kind == "code"
        run = _run_of(node, left_out, "\n" if is_lines else " ")
        if run.text():
            self.blocks.append(
                HtmlBlock(
                    kind,
                    run.text(),
                    run.words(has_lines=is_lines),
                    level,
                    element=node,
                    start=run.start,
                    end=run.end,
                    is_whole=True,
                )
            )

    def _is_skipped(self, node: Node) -> bool:
        role = node.get("role")
        if node in self.rules.kept:
            return False
        if node.tag in SKIPPED or role in SKIPPED_ROLES or is_noise(node):
            return True
        if node in self.rules.skipped:
            return True
        if node.tag == "header" or role == "banner":
            return not self.main_depth and not holds_main(node)
        if node.tag == "aside" or role == "complementary":
            return not self.main_depth
        return node.tag == "form" and not (
            holds_main(node) or any(inner.tag == "h1" for inner in node.iter())
        )


def _run_of(node: Node, left_out: Collection[Any] = (), space: str = " ") -> _TextRun:
    run = _TextRun()
    _gather(node, run, left_out, space)
    return run


def _gather(node: Node, run: _TextRun, left_out: Collection[Any], space: str) -> None:
    """Add the words in an element to a run, except those in elements that are left out.

    `space` goes between the blocks in the element, and where it breaks a line.
    """
    for child in node.children:
        if isinstance(child, Text):
            run.add(child)
            continue
        is_separate = child.tag == "br" or child.tag not in INLINE
        if is_separate:
            run.space(child.start, space)
        if child.tag not in SKIPPED and child not in left_out and not is_noise(child):
            run_end = run.end
            _gather(child, run, left_out, space)
            if not is_separate and run.end > run_end:
                run.widen(child.start, child.end)
        if is_separate:
            run.space(child.end, space)
