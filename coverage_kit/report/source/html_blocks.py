"""The blocks of an HTML source, told apart as the reading of sites tells them: only then are a passage's words found again."""

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
from coverage_kit.text.page_markup import (
    INLINE,
    NOISE_CLASSES,
    SKIPPED,
    SKIPPED_ROLES,
)

_LEADS = frozenset({"dt", "summary", "caption", "legend", "button"})
_IN_CELL = frozenset({"table", "pre", "ul", "ol", "h1", "h2", "h3", "h4"})


@dataclass(frozen=True, eq=False)
class HtmlBlock(SourceBlock):
    """A block and its place: the element that holds it, and where its words with the inline elements around them stand."""

    element: Node = field(default_factory=lambda: Node("", {}, 0, 0))
    start: int = 0
    end: int = 0
    is_whole: bool = False  # whether the element holds nothing else


@dataclass
class _TextRun:
    """Inline text up to the block's end: its characters with their places."""

    characters: list[tuple[str, int, int]] = field(default_factory=list)
    start: int = -1
    end: int = -1

    def add(self, piece: Text) -> None:
        is_plain = len(piece.text) == piece.end - piece.start
        for at, character in enumerate(piece.text):
            place = piece.start + at if is_plain else piece.start
            if not is_invisible(character):
                self.characters.append((character, place, place + 1 if is_plain else piece.end))
        if (inner := piece.text.strip()) != "":
            lead = piece.text.find(inner[0]) if is_plain else 0
            self.widen(
                piece.start + lead,
                piece.start + lead + len(inner) if is_plain else piece.end,
            )

    def widen(self, start: int, end: int) -> None:
        """Let the run reach over this place too."""
        self.start = start if self.start < 0 else min(self.start, start)
        self.end = max(self.end, end)

    def space(self, place: int) -> None:
        self.characters.append((" ", place, place))

    def words(self) -> tuple[Word, ...]:
        text = "".join(one[0] for one in self.characters)
        places = self.characters
        return tuple(
            Word(word.key, places[word.start][1], places[word.end - 1][2])
            for word in find_words(text)
        )

    def text(self) -> str:
        return " ".join("".join(one[0] for one in self.characters).split())


def read_html_blocks(source: str, root: Node) -> list[HtmlBlock]:
    """Return the blocks of a page in reading order, without navigation, page header and footer, forms and scripts."""
    body = next((node for node in root.iterate() if node.tag == "body"), root)
    walker = _SourceWalker(source)
    walker.visit(body)
    walker.flush(body)
    return [block for block in walker.blocks if block.words]


class _SourceWalker:
    def __init__(self, source: str) -> None:
        self.source = source
        self.blocks: list[HtmlBlock] = []
        self.run = _TextRun()
        self.kind: BlockKind = "text"
        self.holders: list[Node] = []
        self.main_depth = 0
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
        """End the run of inline text that the holder's children make."""
        run = self.run
        self.run = _TextRun()
        self.n_flushed += 1
        if run.text():
            around = (
                self.source[holder.open_end : run.start] + self.source[run.end : holder.close_start]
            )
            block = HtmlBlock(
                self.kind,
                run.text(),
                run.words(),
                0,
                holder,
                run.start,
                run.end,
                not around.strip(),
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
        before = self.n_flushed
        had_words = self.run.end
        self._walk(node)
        if self.n_flushed == before and self.run.end > had_words:
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
        for caption in (
            child for child in table.children if isinstance(child, Node) and child.tag == "caption"
        ):
            self._add_whole("lead", caption)
        for row in (node for node in table.iterate() if node.tag == "tr"):
            self._add_whole("row", row)
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
                    node,
                    run.start,
                    run.end,
                    is_whole=True,
                )
            )

    def _is_skipped(self, node: Node) -> bool:
        role = node.attributes.get("role", "")
        if node.tag in SKIPPED or role in SKIPPED_ROLES or _is_noise(node):
            return True
        if node.tag == "header" or role == "banner":
            return not self.main_depth and not _holds_page(node)
        if node.tag == "form":
            return not _holds_page(node)
        return node.tag == "button" and not _is_accordion(node)


def _gather(node: Node, run: _TextRun) -> None:
    for child in node.children:
        if isinstance(child, Text):
            run.add(child)
        elif child.tag not in SKIPPED and not _is_noise(child):
            is_apart = child.tag == "br" or child.tag not in INLINE
            if is_apart:
                run.space(child.start)
            before = run.end
            _gather(child, run)
            if is_apart:
                run.space(child.end)
            elif run.end > before:
                run.widen(child.start, child.end)


def _text_of(node: Node) -> str:
    run = _TextRun()
    _gather(node, run)
    return run.text()


def heading_level(node: Node) -> int:
    """Return 1-6 for a heading, otherwise 0."""
    if len(node.tag) == 2 and node.tag[0] == "h" and node.tag[1] in "123456":
        return int(node.tag[1])
    if node.attributes.get("role") != "heading":
        return 0
    level = node.attributes.get("aria-level", "2")
    return int(level) if level in {"1", "2", "3", "4", "5", "6"} else 2


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
    inner = list(_inner(node))
    return any(_is_main(one) for one in inner) or (
        node.tag == "form" and any(one.tag == "h1" for one in inner)
    )


def _is_accordion(button: Node) -> bool:
    opens = not {"aria-expanded", "aria-controls", "data-bs-toggle"}.isdisjoint(button.attributes)
    return opens or any(heading_level(inner) for inner in _inner(button))


def _is_data_table(table: Node) -> bool:
    if table.attributes.get("role") == "presentation":
        return False
    return not any(inner.tag in _IN_CELL for inner in _inner(table))
