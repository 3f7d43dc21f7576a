"""The blocks of a Markdown source with their positions.

The same parser reads sites, so that the words of a passage are found in its file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markdown_it.token import Token

from coverage_kit.report.source.words import (
    BlockKind,
    CannotPlaceError,
    SourceBlock,
    Word,
    find_words,
)
from coverage_kit.text.markdown.front import FrontLines, find_front
from coverage_kit.text.markdown.includes import ReadInclude, include_reader_of, included_env
from coverage_kit.text.markdown.jsx import hide_tags
from coverage_kit.text.markdown.limits import MarkupError
from coverage_kit.text.markdown.mdx import looks_like_mdx
from coverage_kit.text.markdown.parser import open_parser
from coverage_kit.text.markdown.shown_front import GENERATORS, shown_paragraphs
from coverage_kit.text.markdown.values import new_env
from coverage_kit.text.page_markup import INLINE

# One line with its end.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# What a reader does not see: the target of a link, "(url)" or "[label]" behind "[text]", and tags.
_HIDDEN = re.compile(r"(?<=\])\([^()\s]*(?:\s+\"[^\"]*\")?\)|(?<=\])\[[^\]]*\]|<[^<>]*>")
# Code, in which tags of templates are words, and such tags outside it.
_TEMPLATES = re.compile(r"(`++)(?:(?!\1).)*?\1(?!`)|\{\{[^{}\n]*+\}\}|\{%[^%{}\n]*+%\}", re.DOTALL)
# The name of a tag.
_TAG_NAME = re.compile(r"</?([A-Za-z][\w-]*)")
# A tag that begins or ends an element.
_ELEMENT = re.compile(r"<(/?)([A-Za-z][\w-]*)(?:\s[^<>]*)?(?<!/)>")
# A comment or a tag of raw HTML.
_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)


# Blocks of the parser's tree that hold others, and parts with an opening and a closing line.
_TREE_HOLDERS = frozenset(
    {"bullet_list_open", "ordered_list_open", "blockquote_open", "table_open", "dl_open"}
)
_PARTS = frozenset({"part_open", "component_open", "html_tag", "footnote_reference_open"})
# What is before a cell of a table, which is read with its row, and before a label or a term.
# A part whose headings are steps of an instruction.
_STEPS = re.compile(r"[ \t>]*(?:<(?:\w+\.)?Steps?|\{\{[<%]\s*steps?)(?![\w.-])")
_CELLS = frozenset({"th_open", "td_open"})
_LEADS = frozenset({"label_open", "dt_open"})
# Closing tags at the end of a line's words.
_CLOSING_TAGS = re.compile(r"(?:\s*</[A-Za-z][\w.]*\s*>)+\Z")


@dataclass(frozen=True, eq=False)
class Holder:
    """A list, a quotation or a table, or a part such as a component, by its lines in the source.

    Attributes:
        start: where its first line starts.
        end: where its last line ends.
        is_part: whether it is a part, with an opening and perhaps a closing line.
        is_steps: whether its headings are steps of an instruction, so that another section in it
            would be a step.
        top_start: where the list, quotation or table around it starts, within its part.
        top_end: where that ends.
        parts: the parts around it, the outermost first.
    """

    start: int
    end: int
    is_part: bool
    is_steps: bool
    top_start: int
    top_end: int
    parts: tuple["Holder", ...]


@dataclass(frozen=True, eq=False)
class MarkdownBlock(SourceBlock):
    """A block and its position in the source.

    Attributes:
        start: where its words start.
        end: where its words end.
        lines_start: where its lines start.
        lines_end: where its lines end.
        top_start: where the list, quotation or table around it starts, within its part.
        top_end: where that ends.
        prefix: what is before its words on their line, such as "- ".
        is_raw: whether it is raw HTML or code, whose words are not replaced.
        is_attribute: whether its words are an attribute of a tag.
        has_tags: whether a component or an expression is within its words.
        parts: the parts around it, the outermost first.
        included: the file that holds its words and that the page includes, or empty text.
    """

    start: int = 0
    end: int = 0
    lines_start: int = 0
    lines_end: int = 0
    top_start: int = 0
    top_end: int = 0
    prefix: str = ""
    is_raw: bool = False
    is_attribute: bool = False
    has_tags: bool = False
    parts: tuple[Holder, ...] = ()
    included: str = ""


@dataclass(frozen=True)
class MarkdownSource:
    """What is read of a Markdown source.

    Attributes:
        blocks: its blocks, in reading order.
        parts: its components, directives and other parts.
        includes: the files that it includes: where its line starts, and its target.
        is_mdx: whether it is MDX.
    """

    blocks: list[MarkdownBlock]
    parts: tuple[Holder, ...]
    includes: tuple[tuple[int, str], ...]
    is_mdx: bool


def read_markdown(
    source: str,
    read_include: ReadInclude | None = None,
    *,
    is_mdx: bool = False,
    shows_front: bool = False,
) -> MarkdownSource:
    """Return the blocks of a Markdown source without its front matter.

    Args:
        source: the source.
        read_include: returns the text of a file that the source includes, by its target.
        is_mdx: whether it is MDX by the name of its file; otherwise its signs decide.
        shows_front: whether words of the front matter are blocks above the others.

    Raises CannotPlaceError where it cannot be parsed.
    """
    front = find_front(source)
    begin = front.body if front is not None else 0
    has_signs = not is_mdx and looks_like_mdx(source[begin:])
    env = new_env(source, front, read_include, is_mdx_by_signs=has_signs)
    try:
        read = _BlockReader(source, begin, env, is_mdx=is_mdx or has_signs).read()
    except MarkupError as error:
        raise CannotPlaceError(f"the file cannot be parsed: {error}") from error
    if front is None or not shows_front:
        return read
    return replace(read, blocks=[*_shown_blocks(env["front"], front), *read.blocks])


def _shown_blocks(front: Mapping[str, object], lines: FrontLines) -> list[MarkdownBlock]:
    """Return blocks for words of front matter that pages may show; they are not rewritten."""
    values = {key.lower(): value for key, value in front.items()}
    paragraphs = dict.fromkeys(
        text for generator in sorted(GENERATORS) for text in shown_paragraphs(values, generator)
    )
    start = lines.body
    return [
        MarkdownBlock(
            "text",
            text,
            tuple(Word(word.key, start, start) for word in _locate_words(text, text, 0)),
            start=start,
            end=start,
            lines_start=start,
            lines_end=start,
            top_start=start,
            top_end=start,
            is_raw=True,
        )
        for text in paragraphs
    ]


class _BlockReader:
    def __init__(self, source: str, begin: int, env: dict[str, Any], *, is_mdx: bool) -> None:
        self.source = source
        self.env = env
        self.is_mdx = is_mdx
        self.lines = [begin + line.start() for line in _LINE.finditer(source[begin:])]
        self.tokens = open_parser(is_mdx=is_mdx).parse(source[begin:], env)
        self.blocks: list[MarkdownBlock] = []
        self.parts: list[Holder] = []
        self.includes: list[tuple[int, str]] = []
        self.holders: list[Holder] = []
        self.html_ends = self._find_html_ends()

    def read(self) -> MarkdownSource:
        # `kinds` has an entry for each open item.
        kinds: list[BlockKind] = []
        for index, token in enumerate(self.tokens):
            if token.map is not None:
                self._enter(token, token.map)
            if token.type == "list_item_open":
                kinds.append("item")
            elif token.type == "list_item_close":
                kinds.pop()
            elif token.type == "tr_open":
                self._add_row(index)
            elif token.type == "inline" and self.tokens[index - 1].type not in _CELLS:
                self._add_inline(token, self.tokens[index - 1], kinds)
            elif token.type in {"fence", "code_block", "html_block"}:
                self._add_raw(token)
            elif token.type == "include":
                self._add_include(token, self._span(token.map or (0, 0)))
        blocks = [block for block in self.blocks if block.words]
        return MarkdownSource(blocks, tuple(self.parts), tuple(self.includes), self.is_mdx)

    def _find_html_ends(self) -> dict[int, int]:
        """Return where elements of raw HTML end that hold Markdown, by where they start."""
        ends: dict[int, int] = {}
        opened: dict[str, list[int]] = {}
        for token in self.tokens:
            if token.type != "html_block" or token.map is None:
                continue
            start, end = self._span(token.map)
            for match in _ELEMENT.finditer(token.content):
                starts = opened.setdefault(match[2].lower(), [])
                if not match[1]:
                    starts.append(start)
                elif starts and (first := starts.pop()) != start:
                    ends[first] = max(end, ends.get(first, end))
        return ends

    def _enter(self, token: Token, lines: Sequence[int]) -> None:
        """Leave the holders that end before a token, and enter the holder that it begins."""
        start, end = self._span(lines)
        end = max(end, self.html_ends.get(start, end))
        while self.holders and self.holders[-1].end <= start:
            self.holders.pop()
        is_part = token.type in _PARTS or start in self.html_ends
        if not is_part and token.type not in _TREE_HOLDERS:
            return
        # A part that ends on the line on which the next begins does not hold it.
        while self.holders and is_part and self.holders[-1].end < end:
            self.holders.pop()
        is_steps = _STEPS.match(self.source, start) is not None
        holder = Holder(start, end, is_part, is_steps, *self._top((start, end)), self._parts())
        self.holders.append(holder)
        if is_part:
            self.parts.append(holder)

    def _add_inline(self, token: Token, opening: Token, kinds: list[BlockKind]) -> None:
        level = int(opening.tag[1]) if opening.type == "heading_open" else 0
        kind: BlockKind = kinds[-1] if kinds else "text"
        if level:
            kind = "heading"
        elif opening.type in _LEADS:
            kind = "lead"
        if kinds and not level:
            # A second paragraph of an item is text, as where sites are read.
            kinds[-1] = "text"
        span = self._span(token.map or (0, 0))
        is_attribute = bool(token.meta.get("is_attribute"))
        is_html = bool(opening.meta.get("is_html"))
        self._add(
            kind,
            plain_words(token),
            span if is_attribute or is_html else self._words_span(token.content, span),
            span,
            level=level,
            is_raw=is_html,
            is_attribute=is_attribute,
            has_tags=any(child.meta.get("is_tag") for child in token.children or ()),
        )

    def _words_span(self, content: str, span: tuple[int, int]) -> tuple[int, int]:
        """Return where the words of a paragraph start and end, without tags that end a part."""
        start, end = span
        closing = _CLOSING_TAGS.search(content) if self.is_mdx else None
        lines = (content[: closing.start()] if closing is not None else content).split("\n")
        # A position of -1 means that the parser changed the line: then the block's lines count.
        words_start = max(self.source.find(lines[0], start, end), start)
        last_line = lines[-1].strip()
        last_start = self.source.rfind(last_line, words_start, end)
        return words_start, last_start + len(last_line) if last_start >= 0 else end

    def _add_row(self, index: int) -> None:
        cells = []
        has_tags = False
        for token in self.tokens[index + 1 :]:
            if token.type == "tr_close":
                break
            if token.type == "inline":
                cells.append(plain_words(token))
                has_tags |= any(child.meta.get("is_tag") for child in token.children or ())
        span = self._span(self.tokens[index].map or (0, 0))
        self._add("row", " | ".join(cells), span, span, has_tags=has_tags)

    def _add_raw(self, token: Token) -> None:
        span = self._span(token.map or (0, 0))
        text = _TAG.sub(" ", token.content) if token.type == "html_block" else token.content
        kind: BlockKind = "text" if token.type == "html_block" else "code"
        self._add(kind, text, span, span, is_raw=True)

    def _add_include(self, token: Token, span: tuple[int, int]) -> None:
        """Add the blocks of an included file, in the position of the line that includes it."""
        target = str(token.meta["target"])
        self.includes.append((span[0], target))
        included = include_reader_of(self.env).enter(target)
        if included is None:
            return
        text, inner = included
        env = included_env(token, inner, self.env)
        reader = _BlockReader(text, 0, env, is_mdx=self.is_mdx)
        start, end = span
        top_start, top_end = self._top(span)
        for block in reader.read().blocks:
            self.blocks.append(
                replace(
                    block,
                    words=tuple(Word(word.key, start, start) for word in block.words),
                    start=start,
                    end=end,
                    lines_start=start,
                    lines_end=end,
                    top_start=top_start,
                    top_end=top_end,
                    prefix="",
                    parts=self._parts(),
                    included=block.included or target,
                )
            )

    def _add(  # noqa: PLR0913 (what a block consists of)
        self,
        kind: BlockKind,
        text: str,
        span: tuple[int, int],
        lines: tuple[int, int],
        *,
        level: int = 0,
        is_raw: bool = False,
        is_attribute: bool = False,
        has_tags: bool = False,
    ) -> None:
        start, end = span
        lines_start, lines_end = lines
        top_start, top_end = self._top(lines)
        source = self.source[start:end]
        hides_tags = self.is_mdx and not is_raw and not is_attribute
        visible = hide_tags(source) if hides_tags else source
        self.blocks.append(
            MarkdownBlock(
                kind,
                " ".join(text.split()),
                _locate_words(visible, text, start, is_attribute=is_attribute),
                level,
                start=start,
                end=end,
                lines_start=lines_start,
                lines_end=lines_end,
                top_start=top_start,
                top_end=top_end,
                prefix=self.source[lines_start:start],
                is_raw=is_raw,
                is_attribute=is_attribute,
                has_tags=has_tags,
                parts=self._parts(),
            )
        )

    def _parts(self) -> tuple[Holder, ...]:
        return tuple(holder for holder in self.holders if holder.is_part)

    def _top(self, lines: tuple[int, int]) -> tuple[int, int]:
        """Return the outermost list, quotation or table around a block within its part."""
        n_outside = max(
            (index + 1 for index, holder in enumerate(self.holders) if holder.is_part), default=0
        )
        tops = self.holders[n_outside:]
        return (tops[0].start, tops[0].end) if tops else lines

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
        elif child.type in {"softbreak", "hardbreak"} or _ends_word(child):
            texts.append(" ")
    return "".join(texts)


def _ends_word(token: Token) -> bool:
    """Return whether a token is the tag of an element that is no part of a line of text."""
    name = _TAG_NAME.match(token.content) if token.type == "html_inline" else None
    return name is not None and name[1].lower() not in INLINE


def _hide_tag(match: re.Match[str]) -> str:
    """Return spaces in place of a tag, and code as it is."""
    return match[0] if match[1] else " " * len(match[0])


def _locate_words(
    source: str, text: str, start: int, *, is_attribute: bool = False
) -> tuple[Word, ...]:
    """Return the words of a block with their positions in the source.

    Targets of links and tags are skipped, except for words of an attribute. A word that is not
    found as it is gets an empty position behind the word before it.

    Args:
        source: the source of the block.
        text: its words.
        start: where the source of the block starts.
        is_attribute: whether the words are an attribute of a tag.
    """
    visible = source
    if not is_attribute:
        visible = _HIDDEN.sub(lambda match: " " * len(match[0]), source)
        visible = _TEMPLATES.sub(_hide_tag, visible)
    visible = visible.casefold()
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
