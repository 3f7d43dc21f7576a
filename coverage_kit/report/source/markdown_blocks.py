"""The blocks of a Markdown source with their places, told apart by the parser with which sites are read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from coverage_kit.report.source.words import (
    BlockKind,
    SourceBlock,
    Word,
    find_words,
)

FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_HIDDEN = re.compile(r"(?<=\])\([^()\s]*(?:\s+\"[^\"]*\")?\)|(?<=\])\[[^\]]*\]|<[^<>]*>")
_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)


@dataclass(frozen=True, eq=False)
class MarkdownBlock(SourceBlock):
    """A block and its place: its words from `start` to `end` within its lines, and where the list or table around it ends.

    `prefix` is what stands on its first line before its words, such as "- ".
    """

    start: int = 0
    end: int = 0
    lines_start: int = 0
    lines_end: int = 0
    top_start: int = 0
    top_end: int = 0
    prefix: str = ""
    is_raw: bool = False  # raw HTML or code, of which words are not replaced


def read_markdown_blocks(source: str) -> list[MarkdownBlock]:
    """Return the blocks of a Markdown source without its front matter, in reading order."""
    front = FRONT.match(source)
    begin = front.end() if front is not None else 0
    return _BlockReader(source, begin).read()


class _BlockReader:
    def __init__(self, source: str, begin: int) -> None:
        self.source = source
        self.lines = [begin + found.start() for found in _LINE.finditer(source[begin:])]
        self.tokens = MarkdownIt("commonmark").enable("table").parse(source[begin:])
        self.blocks: list[MarkdownBlock] = []

    def read(self) -> list[MarkdownBlock]:
        top: Sequence[int] = (0, 0)
        kinds: list[BlockKind] = []
        for place, token in enumerate(self.tokens):
            top = token.map if token.level == 0 and token.map is not None else top
            if token.type == "list_item_open":
                kinds.append("item")
            elif token.type == "list_item_close":
                kinds.pop()
            elif token.type == "tr_open":
                self._add_row(place, top)
            elif token.type == "inline" and self.tokens[place - 1].type in {
                "paragraph_open",
                "heading_open",
            }:
                self._add_inline(token, self.tokens[place - 1], kinds, top)
            elif token.type in {"fence", "code_block", "html_block"}:
                self._add_raw(token, top)
        return [block for block in self.blocks if block.words]

    def _add_inline(
        self,
        token: Token,
        opening: Token,
        kinds: list[BlockKind],
        top: Sequence[int],
    ) -> None:
        level = int(opening.tag[1]) if opening.type == "heading_open" else 0
        kind: BlockKind = "heading" if level else kinds[-1] if kinds else "text"
        if kinds and not level:
            kinds[-1] = (
                "text"  # a second paragraph of an item is text, as the reading of sites has it
            )
        start, end = self._span(token.map or top)
        lines = token.content.split("\n")
        at = self.source.find(lines[0], start, end)
        begin = max(at, start)
        last = self.source.rfind(lines[-1].strip(), begin, end)
        finish = last + len(lines[-1].strip()) if last >= 0 else end
        self._add(
            kind,
            plain_words(token),
            (begin, finish),
            (start, end),
            top,
            level=level,
        )

    def _add_row(self, place: int, top: Sequence[int]) -> None:
        cells = []
        for token in self.tokens[place + 1 :]:
            if token.type == "tr_close":
                break
            if token.type == "inline":
                cells.append(plain_words(token))
        start, end = self._span(self.tokens[place].map or top)
        self._add("row", " | ".join(cells), (start, end), (start, end), top)

    def _add_raw(self, token: Token, top: Sequence[int]) -> None:
        start, end = self._span(token.map or top)
        text = _TAG.sub(" ", token.content) if token.type == "html_block" else token.content
        kind: BlockKind = "text" if token.type == "html_block" else "code"
        self._add(kind, text, (start, end), (start, end), top, is_raw=True)

    def _add(
        self,
        kind: BlockKind,
        text: str,
        span: tuple[int, int],
        lines: tuple[int, int],
        top: Sequence[int],
        *,
        level: int = 0,
        is_raw: bool = False,
    ) -> None:
        words = _find_places(self.source, text, span)
        line = self.source[lines[0] : span[0]]
        top_start, top_end = self._span(top)
        self.blocks.append(
            MarkdownBlock(
                kind,
                " ".join(text.split()),
                words,
                level,
                *span,
                *lines,
                top_start,
                top_end,
                line,
                is_raw,
            )
        )

    def _span(self, lines: Sequence[int]) -> tuple[int, int]:
        """Return the characters of these lines, without blank ones at their end and without the last line's end."""
        start = self.lines[lines[0]]
        end = self.lines[lines[1]] if lines[1] < len(self.lines) else len(self.source)
        return start, start + len(self.source[start:end].rstrip())


def plain_words(token: Token) -> str:
    """Return the words of inline Markdown as a reader sees them."""
    parts = []
    for child in token.children or ():
        if child.type in {"text", "code_inline"}:
            parts.append(child.content)
        elif child.type in {
            "softbreak",
            "hardbreak",
        } or child.content.lower().startswith("<br"):
            parts.append(" ")
    return "".join(parts)


def _find_places(source: str, text: str, span: tuple[int, int]) -> tuple[Word, ...]:
    """Return the words of a block with their places in its source, where link targets and tags are passed over."""
    shown = _HIDDEN.sub(lambda found: " " * len(found[0]), source[span[0] : span[1]]).casefold()
    words = []
    at = 0
    for word in find_words(text):
        found = shown.find(word.key, at)
        start = at if found < 0 else found
        at = start + (0 if found < 0 else len(word.key))
        words.append(Word(word.key, span[0] + start, span[0] + at))
    return tuple(words)
