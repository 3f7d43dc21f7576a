"""The blocks of a Markdown source with their positions.

The same parser reads sites, so that the words of a passage are found in its file.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from coverage_kit.report.source.words import (
    BlockKind,
    SourceBlock,
    Word,
    find_words,
)
from coverage_kit.text.markdown.parser import open_parser

# Front matter: lines between two lines of "---" (YAML) or "+++" (TOML) at the start of a file.
FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
# One line with its end.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# What a reader does not see: the target of a link, "(url)" or "[label]" behind "[text]", and tags.
_HIDDEN = re.compile(r"(?<=\])\([^()\s]*(?:\s+\"[^\"]*\")?\)|(?<=\])\[[^\]]*\]|<[^<>]*>")
# A comment or a tag of raw HTML.
_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)


@dataclass(frozen=True, eq=False)
class MarkdownBlock(SourceBlock):
    """A block and its position in the source.

    Attributes:
        start: where its words start.
        end: where its words end.
        lines_start: where its lines start.
        lines_end: where its lines end.
        top_start: where the list, quotation or table around it starts.
        top_end: where that ends.
        prefix: what is before its words on their line, such as "- ".
        is_raw: whether it is raw HTML or code, whose words are not replaced.
    """

    start: int = 0
    end: int = 0
    lines_start: int = 0
    lines_end: int = 0
    top_start: int = 0
    top_end: int = 0
    prefix: str = ""
    is_raw: bool = False


def read_markdown_blocks(source: str) -> list[MarkdownBlock]:
    """Return the blocks of a Markdown source without its front matter, in reading order."""
    front = FRONT.match(source)
    begin = front.end() if front is not None else 0
    return _BlockReader(source, begin).read()


class _BlockReader:
    def __init__(self, source: str, begin: int) -> None:
        self.source = source
        self.lines = [begin + line.start() for line in _LINE.finditer(source[begin:])]
        self.tokens = open_parser().parse(source[begin:])
        self.blocks: list[MarkdownBlock] = []

    def read(self) -> list[MarkdownBlock]:
        # `top` is the lines of the block at the top level; `kinds` has an entry for each open item.
        top: Sequence[int] = (0, 0)
        kinds: list[BlockKind] = []
        for index, token in enumerate(self.tokens):
            top = token.map if token.level == 0 and token.map is not None else top
            if token.type == "list_item_open":
                kinds.append("item")
            elif token.type == "list_item_close":
                kinds.pop()
            elif token.type == "tr_open":
                self._add_row(index, top)
            elif token.type == "inline" and self.tokens[index - 1].type in {
                "paragraph_open",
                "heading_open",
            }:
                self._add_inline(token, self.tokens[index - 1], kinds, top)
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
        kind: BlockKind = kinds[-1] if kinds else "text"
        if level:
            kind = "heading"
        if kinds and not level:
            # A second paragraph of an item is text, as where sites are read.
            kinds[-1] = "text"
        start, end = self._span(token.map or top)
        lines = token.content.split("\n")
        # A position of -1 means that the parser changed the line: then the block's lines count.
        words_start = max(self.source.find(lines[0], start, end), start)
        last_line = lines[-1].strip()
        last_start = self.source.rfind(last_line, words_start, end)
        words_end = last_start + len(last_line) if last_start >= 0 else end
        self._add(
            kind,
            plain_words(token),
            (words_start, words_end),
            (start, end),
            top,
            level=level,
        )

    def _add_row(self, index: int, top: Sequence[int]) -> None:
        cells = []
        for token in self.tokens[index + 1 :]:
            if token.type == "tr_close":
                break
            if token.type == "inline":
                cells.append(plain_words(token))
        start, end = self._span(self.tokens[index].map or top)
        self._add("row", " | ".join(cells), (start, end), (start, end), top)

    def _add_raw(self, token: Token, top: Sequence[int]) -> None:
        start, end = self._span(token.map or top)
        text = _TAG.sub(" ", token.content) if token.type == "html_block" else token.content
        kind: BlockKind = "text" if token.type == "html_block" else "code"
        self._add(kind, text, (start, end), (start, end), top, is_raw=True)

    def _add(  # noqa: PLR0913 (what a block consists of)
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
        start, end = span
        lines_start, lines_end = lines
        top_start, top_end = self._span(top)
        self.blocks.append(
            MarkdownBlock(
                kind,
                " ".join(text.split()),
                _locate_words(self.source, text, span),
                level,
                start=start,
                end=end,
                lines_start=lines_start,
                lines_end=lines_end,
                top_start=top_start,
                top_end=top_end,
                prefix=self.source[lines_start:start],
                is_raw=is_raw,
            )
        )

    def _span(self, lines: Sequence[int]) -> tuple[int, int]:
        """Return where lines start and end, without blank lines and the line break at the end."""
        start = self.lines[lines[0]]
        end = self.lines[lines[1]] if lines[1] < len(self.lines) else len(self.source)
        return start, start + len(self.source[start:end].rstrip())


def plain_words(token: Token) -> str:
    """Return the words of inline Markdown as a reader sees them."""
    texts = []
    for child in token.children or ():
        if child.type in {"text", "code_inline"}:
            texts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"} or child.content.lower().startswith("<br"):
            texts.append(" ")
    return "".join(texts)


def _locate_words(source: str, text: str, span: tuple[int, int]) -> tuple[Word, ...]:
    """Return the words of a block with their positions in the source.

    Targets of links and tags are skipped. A word that is not found as it is gets an empty position
    behind the word before it.
    """
    start, end = span
    visible = _HIDDEN.sub(lambda match: " " * len(match[0]), source[start:end]).casefold()
    words = []
    position = 0
    for word in find_words(text):
        word_start = visible.find(word.key, position)
        if word_start < 0:
            words.append(Word(word.key, start + position, start + position))
            continue
        position = word_start + len(word.key)
        words.append(Word(word.key, start + word_start, start + position))
    return tuple(words)
