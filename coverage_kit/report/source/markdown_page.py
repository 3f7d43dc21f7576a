"""Change the words of a Markdown source and leave every other line as it is."""

import json
import re
from collections.abc import Sequence
from functools import partial
from itertools import islice, takewhile

from coverage_kit.escaping import for_line, for_markdown, for_markdown_cell
from coverage_kit.report.source.html_page import retitle
from coverage_kit.report.source.markdown_blocks import (
    Holder,
    MarkdownBlock,
    read_markdown,
)
from coverage_kit.report.source.tree import line_start
from coverage_kit.report.source.units import (
    Unit,
    at_level,
    split_cells,
    write_markdown,
)
from coverage_kit.report.source.words import (
    CannotPlaceError,
    Splice,
    Word,
    apply_splices,
    changed_words,
    words_key,
)
from coverage_kit.text.markdown.front import FrontLines, find_front
from coverage_kit.text.markdown.includes import ReadInclude

# The title in front matter: title: "Range", or title = "Range" in TOML, and a comment behind it.
_TITLE = re.compile(
    r"^title[ \t]*+[:=][ \t]*+(\"(?:\\.|[^\"\\\r\n])*+\"|'(?:''|[^'\r\n])*+'"
    r"|(?:[^ \t\r\n]|[ \t]++(?![#\r\n]|\Z))*+)[ \t]*+(?:#[^\r\n]*+)?\r?$",
    re.MULTILINE | re.IGNORECASE,
)
# The title in front matter that is JSON.
_JSON_TITLE = re.compile(r"\"title\"\s*:\s*(\"(?:\\.|[^\"\\])*+\")", re.IGNORECASE)
# The sign of a value of YAML on the lines below it, and these lines, which are indented.
_FOLDED = re.compile(r"[|>][-+\d]{0,2}[ \t]*")
_INDENTED_LINES = re.compile(r"(?:(?:\r?\n[ \t]*)*\r?\n[ \t]+[^\s][^\r\n]*)+")
# Of the titles in JSON, which may be nested, no more are tried (assumed).
_MAX_TITLES = 20
# The number at the end of what is before an item's words: "2. " or "2) ".
_NUMBER = re.compile(r"(\d{1,9})([.)]\s+)$")
# Text that YAML reads as text without quotes: it starts with a letter and has none of YAML's signs.
_PLAIN_YAML = re.compile(r"[A-Za-z][^\"'\\:#\[\]{}&*!|>%@`]*\Z")
# Words that YAML reads as true, false or null.
_YAML_WORDS = frozenset({"yes", "no", "true", "false", "null", "on", "off", "y", "n"})
# The line under the header of a table: |---|:--:|
_TABLE_RULE = re.compile(r"\r?\n[ \t>]*\|?[ \t]*:?-[-:| \t]*(?=\r?\n|\Z)")
# A line that MDX reads as JavaScript.
_STATEMENT = re.compile(r"^(?:import|export)\b", re.MULTILINE)
# White space and marks of quotations at the start of a line.
_INDENT = re.compile(r"[ \t>]*")
# What begins or ends a tag or an expression.
_TAG_SIGN = re.compile(r"[{}]|</?[A-Za-z>]|/>")
# Blank lines, and lines that are blank but for the marks of a quotation.
_BLANK_LINES = re.compile(r"(?:[ \t>]*(?:\r\n|\n|\r|\Z))*")


class MarkdownPage:
    """A Markdown source read for changes: its blocks, and the splices that change them."""

    suffix = ".md"

    def __init__(
        self,
        source: str,
        read_include: ReadInclude | None = None,
        *,
        is_mdx: bool = False,
        shows_front: bool = False,
    ) -> None:
        self.source = source
        self._parse = partial(
            read_markdown, read_include=read_include, is_mdx=is_mdx, shows_front=shows_front
        )
        self._read = self._parse(source)
        self.blocks: list[MarkdownBlock] = self._read.blocks
        # Parts that hold no words of their own, such as a group of tabs: only parts can be in them.
        holders = {
            block.parts[-1]
            for block in self.blocks
            if block.parts
            and not (block.is_attribute and block.lines_start == block.parts[-1].start)
        }
        self._groups = {part.parts[-1] for part in self._read.parts if part.parts} - holders

    @property
    def includes(self) -> tuple[str, ...]:
        """The files that the page includes, as it names them."""
        return tuple(dict.fromkeys(target for _, target in self._read.includes))

    def rewrite(self, block: MarkdownBlock, unit: Unit) -> list[Splice]:
        """Replace a block's words by a unit's.

        Where the unit only adds words before or after the block's words, these stay untouched.
        """
        self._check_words(block)
        if block.kind == "row":
            return [Splice(block.start, block.end, self._row(block, unit))]
        # Words that stay keep their links and styles.
        text = " ".join(unit.text.split())
        old = block.text
        if len(text) > len(old) and text.startswith(f"{old} "):
            new = self._escape(text[len(old) + 1 :], is_inside=True)
            return [Splice(block.end, block.end, f" {new}")]
        if len(text) > len(old) and text.endswith(f" {old}"):
            new = self._escape(text[: -len(old) - 1], is_inside=bool(block.prefix.strip()))
            return [Splice(block.start, block.start, f"{new} ")]
        has_marks = " ".join(self.source[block.start : block.end].split()) != old
        if block.has_tags or has_marks:
            try:
                return [self._rewrite_between_tags(block, text)]
            except CannotPlaceError:
                if block.has_tags:
                    raise
        return [Splice(block.start, block.end, self._escape(text))]

    def rewrite_words(self, words: Sequence[Word], text: str, block: MarkdownBlock) -> list[Splice]:
        """Replace some of a block's words by plain text."""
        self._check_words(block)
        if block.kind == "row":
            raise CannotPlaceError("the words are in a table, in code or in raw HTML")
        if block.has_tags:
            _check_positions(words)
        start, end = self._widen(block, words[0].start, words[-1].end)
        if block.has_tags:
            self._check_tags(start, end)
        return [Splice(start, end, self._escape(text, is_inside=start != block.start))]

    def remove(self, blocks: Sequence[MarkdownBlock]) -> list[Splice]:
        """Remove blocks with the blank lines behind them.

        A part, such as a tab, is removed with the last of its blocks.
        """
        emptied = self._emptied_parts(blocks)
        splices = [
            Splice(part.start, self._next_line(part.end), "")
            for part in emptied
            if not any(outer in emptied for outer in part.parts)
        ]
        for block in blocks:
            if any(part in emptied for part in block.parts):
                continue
            if block.included:
                raise CannotPlaceError(_in_included(block))
            if self._shares_lines(block):
                raise CannotPlaceError(
                    "the words are on one line with a component or a directive, of which other "
                    "words stay"
                )
            end = self._header_end(block, blocks) or block.lines_end
            splices.append(Splice(block.lines_start, self._next_line(end), ""))
        return splices

    def insert_before(self, block: MarkdownBlock, units: Sequence[Unit]) -> list[Splice]:
        """Insert units before a block.

        Before an item they become items of its list, unless they are of another kind and the block
        is the first.
        """
        is_first = not any(block.top_start <= other.start < block.start for other in self.blocks)
        if block.kind == "row" and not is_first:
            raise CannotPlaceError("only rows can be inserted between the rows of a table")
        has_items = units[0].kind in {"item", "number"}
        if block.kind == "item" and (has_items or not is_first):
            lines = [f"{block.prefix}{self._escape(unit.text)}\n" for unit in units]
            return [Splice(block.lines_start, block.lines_start, "".join(lines))]
        position = self._legal_start(block)
        # The marks of a quotation and the indent of an item are repeated on each line.
        is_moved = position != block.lines_start or bool(block.prefix.strip(" >"))
        indent = self._indent(position) if is_moved else block.prefix
        new = f"{indent}{self._write(units, indent)}\n{indent.rstrip()}\n"
        return [Splice(position, position, new)]

    def insert_after(self, block: MarkdownBlock, units: Sequence[Unit]) -> list[Splice]:
        """Insert units after a block.

        Items and rows go into its list or table. Other units go behind the list or table where the
        block is its last.
        """
        following = next((other for other in self.blocks if other.start >= block.end), None)
        is_last = following is None or following.start >= block.top_end
        if block.kind not in {"row", "item"}:
            end = max(block.lines_end, block.top_end) if is_last else block.lines_end
            return [self._insert(block, end, units)]
        kinds = {"row"} if block.kind == "row" else {"item", "number"}
        inside = list(units)
        if is_last or block.kind == "row":
            inside = list(takewhile(lambda unit: unit.kind in kinds, units))
        outside = list(units)[len(inside) :]
        lines = [
            self._row(block, unit) if block.kind == "row" else self._item(block, unit, number)
            for number, unit in enumerate(inside, 1)
        ]
        splices = []
        if inside:
            indent = self._indent(block.lines_start) if block.kind == "row" else ""
            new = "".join(f"\n{indent}{line}" for line in lines)
            splices.append(Splice(block.lines_end, block.lines_end, new))
        if outside:
            splices.append(self._insert(block, block.top_end, outside))
        return splices

    def insert_section(
        self,
        heading: MarkdownBlock | None,
        last: MarkdownBlock,
        units: list[Unit],
    ) -> list[Splice]:
        """Insert a section after the last block of another section.

        Its heading has the level of the other section's heading, but is an h2 under an h1. It goes
        behind the parts that began in the other section, and behind the steps in which that
        heading is one.
        """
        level = max(2, heading.level) if heading is not None else 2
        parts_of_heading = heading.parts if heading is not None else ()
        around = tuple(takewhile(lambda part: not part.is_steps, parts_of_heading))
        if heading is not None and last.parts[: len(around)] != around:
            # The section of a heading within a part ends with the part.
            last = [
                block
                for block in self.blocks[self.blocks.index(heading) : self.blocks.index(last)]
                if block.parts[: len(around)] == around
            ][-1]
        later = [block.start for block in self.blocks if block.kind == "heading"]
        parts = [
            part
            for part in last.parts
            if part not in around
            and (part.is_steps or not any(last.end <= start < part.end for start in later))
        ]
        end = parts[0].top_end if parts else max(last.lines_end, last.top_end)
        return [self._insert(last, self._shown_end(end, around), at_level(units, level))]

    def _shown_end(self, end: int, around: tuple[Holder, ...]) -> int:
        """Return where a section ends with the components and included files that have no words.

        Comments before the next heading stay with that heading.
        """
        following = next(
            (block for block in self.blocks if block.kind == "heading" and block.start >= end), None
        )
        limits = [len(self.source), *(part.end for part in around[-1:])]
        if following is not None:
            opened = [part.start for part in following.parts if part.start >= end]
            limits += [following.lines_start, *opened]
        limit = min(limits)
        return max(
            [
                end,
                *(part.end for part in self._read.parts if end <= part.start <= part.end <= limit),
            ]
        )

    def replace_title(self, before: str, after: str) -> list[Splice]:
        """Replace a title: in the front matter, and in the h1 with its words."""
        old = words_key(before)
        splices = self._retitle_front(before, after)
        headings = [
            block
            for block in self.blocks
            if block.kind == "heading" and block.level == 1 and block.keys == old
        ]
        for block in headings[:1]:
            splices += self.rewrite(block, Unit("text", after))
        if not splices:
            raise CannotPlaceError("neither the front matter's title nor an h1 has these words")
        return splices

    def is_beside(self, block: MarkdownBlock, candidate: MarkdownBlock) -> bool:
        """Return whether another block is in the same part: a Markdown file has only one part."""
        return block is not None and candidate is not None

    def _retitle_front(self, before: str, after: str) -> list[Splice]:
        """Replace the title in the front matter."""
        front = find_front(self.source)
        if front is None:
            return []
        if front.kind == "json":
            return self._retitle_json(front, before, after)
        title = _TITLE.search(self.source, front.start, front.end)
        if title is None:
            return []
        start, end = title.span(1)
        words = title[1]
        lines = _INDENTED_LINES.match(self.source, title.end(1), front.end)
        if front.kind == "yaml" and lines is not None:
            # A value on several lines becomes one line.
            end = lines.end()
            words = " ".join(f"{_FOLDED.sub('', words, count=1)} {lines[0]}".split())
        new = retitle(words.strip("\"'"), before, after)
        if new is None:
            return []
        # A JSON string is a TOML string, too: both escape quotes and backslashes in the same way.
        is_toml = front.kind == "toml"
        quoted = json.dumps(new, ensure_ascii=False) if is_toml else quote_yaml(new)
        return [Splice(start, end, quoted)]

    def _retitle_json(self, front: FrontLines, before: str, after: str) -> list[Splice]:
        """Replace the title in JSON, where nothing but the title changes by it."""
        text = self.source[front.start : front.end]
        values = json.loads(text)
        key = next((key for key in values if key.lower() == "title"), "")
        new = retitle(str(values.get(key, "")), before, after)
        if new is None:
            return []
        quoted = json.dumps(new, ensure_ascii=False)
        for title in islice(_JSON_TITLE.finditer(text), _MAX_TITLES):
            changed = f"{text[: title.start(1)]}{quoted}{text[title.end(1) :]}"
            if json.loads(changed) == {**values, key: new}:
                start, end = (front.start + position for position in title.span(1))
                return [Splice(start, end, quoted)]
        return []

    def _escape(self, text: str, *, is_inside: bool = False) -> str:
        words = for_markdown(text, is_inside=is_inside)
        return for_mdx(words, is_mdx=self._read.is_mdx)

    def _write(self, units: Sequence[Unit], indent: str) -> str:
        """Return units as Markdown whose lines but the first begin with an indent."""
        text = for_mdx(write_markdown(list(units)), is_mdx=self._read.is_mdx)
        return "\n".join(
            f"{indent}{line}" if line else indent.rstrip() for line in text.split("\n")
        )[len(indent) :]

    def _insert(self, block: MarkdownBlock, position: int, units: Sequence[Unit]) -> Splice:
        """Insert units behind a position at or behind a block, where text is allowed."""
        parts = list(block.parts)
        while parts and (parts[-1].end <= position or parts[-1] in self._groups):
            position = max(position, parts.pop().end)
        indent = self._indent_behind(block, parts, position)
        text = self._write(units, indent)
        return Splice(position, position, f"\n{indent.rstrip()}\n{indent}{text}")

    def _indent_behind(self, block: MarkdownBlock, parts: list[Holder], position: int) -> str:
        """Return the indent of text behind a block, which these of its parts hold."""
        start, top_start, top_end = block.lines_start, block.top_start, block.top_end
        if len(block.parts) > len(parts):
            left = block.parts[len(parts)]
            start, top_start, top_end = left.start, left.top_start, left.top_end
        if position < top_end:
            return self._indent(start) if parts or top_start != start else ""
        # Behind a quotation its mark is not repeated.
        indent = self._indent(top_start) if parts else ""
        return indent if top_start == start else indent.split(">")[0]

    def _legal_start(self, block: MarkdownBlock) -> int:
        """Return where text before a block can start."""
        position = block.lines_start
        for part in reversed(block.parts):
            if part.start == position or part in self._groups:
                position = part.start
        return position

    def _indent(self, position: int) -> str:
        """Return the white space and the marks of quotations at the start of a line."""
        indent = _INDENT.match(self.source, position)
        return indent[0] if indent is not None else ""

    def _check_words(self, block: MarkdownBlock) -> None:
        if block.included:
            raise CannotPlaceError(_in_included(block))
        if block.is_attribute:
            raise CannotPlaceError(
                "the words are an attribute of a component, such as its title or label"
            )
        if block.is_raw:
            raise CannotPlaceError("the words are in code or raw HTML of a Markdown file")

    def _check_tags(self, start: int, end: int) -> None:
        if _TAG_SIGN.search(self.source, start, end) is not None:
            raise CannotPlaceError("a component or an expression is between the words")

    def _widen(self, block: MarkdownBlock, start: int, end: int) -> tuple[int, int]:
        """Return a span with the marks and punctuation next to its words: "**word**,"."""
        while start > block.start and not self.source[start - 1].isspace():
            start -= 1
        while end < block.end and not self.source[end].isspace():
            end += 1
        return start, end

    def _rewrite_between_tags(self, block: MarkdownBlock, text: str) -> Splice:
        """Replace the words that differ, so that tags, links and styles of the others stay."""
        changed = changed_words(block.text, text)
        if changed is None:
            raise CannotPlaceError("the words have no position in the file")
        words = block.words[changed.first : changed.last + 1]
        _check_positions(words)
        start, end = self._widen(block, words[0].start, words[-1].end)
        self._check_tags(start, end)
        splice = Splice(start, end, self._escape(changed.text, is_inside=start != block.start))
        if not self._shows(block, splice, text):
            raise CannotPlaceError("a link or a style begins or ends within the words")
        return splice

    def _shows(self, block: MarkdownBlock, splice: Splice, text: str) -> bool:
        """Return whether a block has this text with the splice, and the others have theirs."""
        changed = apply_splices(self.source, [splice])
        try:
            read = self._parse(changed)
        except CannotPlaceError:
            return False
        expected = [text if other is block else other.text for other in self.blocks]
        return [other.text for other in read.blocks] == expected

    def _emptied_parts(self, blocks: Sequence[MarkdownBlock]) -> set[Holder]:
        """Return the parts all of whose blocks are among these, and that include no file."""
        kept = {part for block in self.blocks if block not in blocks for part in block.parts}
        emptied = {part for block in blocks for part in block.parts} - kept
        return {
            part
            for part in emptied
            if not any(part.start <= start < part.end for start, _ in self._read.includes)
        }

    def _header_end(self, block: MarkdownBlock, removed: Sequence[MarkdownBlock]) -> int:
        """Return where the line under a table's header ends, or 0 for a block that is no header.

        Raises CannotPlaceError where rows of the table stay.
        """
        rule = _TABLE_RULE.match(self.source, block.lines_end) if block.kind == "row" else None
        if rule is None:
            return 0
        stays = any(
            other.kind == "row"
            and not self.source[rule.end() : other.lines_start].strip(" \t\r\n>")
            for other in self.blocks
            if other.lines_start > block.lines_end and other not in removed
        )
        if stays:
            raise CannotPlaceError("the header of a table cannot go while its rows stay")
        return rule.end()

    def _shares_lines(self, block: MarkdownBlock) -> bool:
        """Return whether a part begins or ends on the lines of a block."""
        return block.is_attribute or any(
            block.lines_start <= part.start < block.lines_end or part.end == block.lines_end
            for part in block.parts
        )

    def _item(self, block: MarkdownBlock, unit: Unit, number: int) -> str:
        """Return a unit as the item so many numbers after a block's item."""
        prefix = block.prefix
        block_number = _NUMBER.search(prefix)
        if block_number is not None:
            new_number = int(block_number[1]) + number
            prefix = f"{prefix[: block_number.start()]}{new_number}{block_number[2]}"
        return prefix + self._escape(unit.text)

    def _row(self, block: MarkdownBlock, unit: Unit) -> str:
        cells = split_cells(unit.text)
        if len(cells) != len(split_cells(block.text)):
            raise CannotPlaceError("the table's row has another number of cells")
        if block.has_tags:
            raise CannotPlaceError("a component or an expression is in the table's row")
        row = "| " + " | ".join(for_markdown_cell(cell) for cell in cells) + " |"
        return for_mdx(row, is_mdx=self._read.is_mdx)

    def _next_line(self, position: int) -> int:
        """Return where the next line that is not blank starts."""
        blank = _BLANK_LINES.match(self.source, position)
        if blank is None or blank.end() == position:
            return position
        return line_start(self.source, blank.end())


def _check_positions(words: Sequence[Word]) -> None:
    """Raise CannotPlaceError where words are the value of an expression, not words of the file."""
    if any(word.start == word.end for word in words):
        raise CannotPlaceError("the words are the value of an expression or of a component")


def _in_included(block: MarkdownBlock) -> str:
    return f"the words are in {for_line(block.included)}, a file that the page includes"


def for_mdx(markdown: str, *, is_mdx: bool) -> str:
    r"""Return Markdown that `for_markdown` made as MDX reads it too: no expression, no statement.

    Generators read .md files as MDX too, so that no line may begin as a statement there either.

    >>> for_mdx("export it as a}", is_mdx=True)
    '&#101;xport it as a&#125;'
    """
    words = markdown.replace("}", "&#125;") if is_mdx else markdown
    return _STATEMENT.sub(lambda match: f"&#{ord(match[0][0])};{match[0][1:]}", words)


def quote_yaml(text: str) -> str:
    r"""Return one line of text as a YAML value.

    >>> quote_yaml("How far"), quote_yaml("a: b"), quote_yaml('say "x"')
    ('How far', '"a: b"', '\'say "x"\'')
    """
    words = " ".join(text.split())
    if _PLAIN_YAML.match(words) and words.casefold() not in _YAML_WORDS:
        return words
    if '"' in words or "\\" in words:
        # In single quotes YAML reads no escapes; only a single quote itself is doubled.
        return "'" + words.replace("'", "''") + "'"
    return f'"{words}"'
