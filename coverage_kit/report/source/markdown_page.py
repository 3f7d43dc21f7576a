"""Change the words of a Markdown source and leave every other line as it is."""

import json
import re
from collections.abc import Sequence
from itertools import takewhile

from coverage_kit.escaping import for_markdown, for_markdown_cell
from coverage_kit.report.source.html_page import retitle
from coverage_kit.report.source.markdown_blocks import (
    FRONT,
    MarkdownBlock,
    read_markdown_blocks,
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
    words_key,
)

# The title in front matter: title: "Range", or title = "Range" in TOML.
_TITLE = re.compile(
    r"^(title)([ \t]*[:=][ \t]*)(\"[^\r\n]*\"|'[^\r\n]*'|[^\r\n]*?)[ \t]*\r?$",
    re.MULTILINE | re.IGNORECASE,
)
# The number at the end of what is before an item's words: "2. " or "2) ".
_NUMBER = re.compile(r"(\d{1,9})([.)]\s+)$")
# Text that YAML reads as text without quotes: it starts with a letter and has none of YAML's signs.
_PLAIN_YAML = re.compile(r"[A-Za-z][^\"'\\:#\[\]{}&*!|>%@`]*\Z")
# Words that YAML reads as true, false or null.
_YAML_WORDS = frozenset({"yes", "no", "true", "false", "null", "on", "off", "y", "n"})
# Blank lines, and lines that are blank but for the marks of a quotation.
_BLANK_LINES = re.compile(r"(?:[ \t>]*(?:\r\n|\n|\r|\Z))*")


class MarkdownPage:
    """A Markdown source read for changes: its blocks, and the splices that change them."""

    suffix = ".md"

    def __init__(self, source: str) -> None:
        self.source = source
        self.blocks: list[MarkdownBlock] = read_markdown_blocks(source)

    def rewrite(self, block: MarkdownBlock, unit: Unit) -> list[Splice]:
        """Replace a block's words by a unit's.

        Where the unit only adds words before or after the block's words, these stay untouched.
        """
        if block.is_raw:
            raise CannotPlaceError("the words are in code or raw HTML of a Markdown file")
        if block.kind == "row":
            return [Splice(block.start, block.end, self._row(block, unit))]
        # Words that stay keep their links and styles.
        text = " ".join(unit.text.split())
        old = block.text
        if len(text) > len(old) and text.startswith(f"{old} "):
            new = for_markdown(text[len(old) + 1 :], is_inside=True)
            return [Splice(block.end, block.end, f" {new}")]
        if len(text) > len(old) and text.endswith(f" {old}"):
            new = for_markdown(text[: -len(old) - 1])
            return [Splice(block.start, block.start, f"{new} ")]
        return [Splice(block.start, block.end, for_markdown(text))]

    def rewrite_words(self, words: Sequence[Word], text: str, block: MarkdownBlock) -> list[Splice]:
        """Replace some of a block's words by plain text."""
        if block.is_raw or block.kind == "row":
            raise CannotPlaceError("the words are in a table, in code or in raw HTML")
        start = words[0].start
        end = words[-1].end
        # Marks and punctuation next to the words belong to them: "**word**,".
        while start > block.start and not self.source[start - 1].isspace():
            start -= 1
        while end < block.end and not self.source[end].isspace():
            end += 1
        new = for_markdown(text) if start == block.start else for_markdown(text, is_inside=True)
        return [Splice(start, end, new)]

    def remove(self, blocks: Sequence[MarkdownBlock]) -> list[Splice]:
        """Remove blocks with the blank lines behind them."""
        return [Splice(block.lines_start, self._next_line(block.lines_end), "") for block in blocks]

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
            lines = [f"{block.prefix}{for_markdown(unit.text)}\n" for unit in units]
            return [Splice(block.lines_start, block.lines_start, "".join(lines))]
        # The marks of a quotation and the indent of an item are repeated on each line.
        indent = block.prefix if not block.prefix.strip(" >") else ""
        text = write_markdown(list(units)).replace("\n\n", f"\n{indent.rstrip()}\n{indent}")
        new = f"{indent}{text}\n{indent.rstrip()}\n"
        return [Splice(block.lines_start, block.lines_start, new)]

    def insert_after(self, block: MarkdownBlock, units: Sequence[Unit]) -> list[Splice]:
        """Insert units after a block.

        Items and rows go into its list or table. Other units go behind the list or table where the
        block is its last.
        """
        following = next((other for other in self.blocks if other.start >= block.end), None)
        is_last = following is None or following.start >= block.top_end
        if block.kind not in {"row", "item"}:
            end = max(block.lines_end, block.top_end) if is_last else block.lines_end
            return [self._insert(end, units)]
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
            new = "".join(f"\n{line}" for line in lines)
            splices.append(Splice(block.lines_end, block.lines_end, new))
        if outside:
            splices.append(self._insert(block.top_end, outside))
        return splices

    def insert_section(
        self,
        heading: MarkdownBlock | None,
        last: MarkdownBlock,
        units: list[Unit],
    ) -> list[Splice]:
        """Insert a section after the last block of another section.

        Its heading has the level of the other section's heading, but is an h2 under an h1.
        """
        level = max(2, heading.level) if heading is not None else 2
        return [self._insert(max(last.lines_end, last.top_end), at_level(units, level))]

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
        front = FRONT.match(self.source)
        if front is None:
            return []
        title = _TITLE.search(self.source, front.start(2), front.end(2))
        if title is None:
            return []
        new = retitle(title[3].strip("\"'"), before, after)
        if new is None:
            return []
        is_toml = front[1] == "+++"
        # A JSON string is a TOML string, too: both escape quotes and backslashes in the same way.
        quoted = json.dumps(new, ensure_ascii=False) if is_toml else quote_yaml(new)
        return [Splice(title.start(3), title.end(3), quoted)]

    def _insert(self, position: int, units: Sequence[Unit]) -> Splice:
        return Splice(position, position, f"\n\n{write_markdown(list(units))}")

    def _item(self, block: MarkdownBlock, unit: Unit, number: int) -> str:
        """Return a unit as the item so many numbers after a block's item."""
        prefix = block.prefix
        block_number = _NUMBER.search(prefix)
        if block_number is not None:
            new_number = int(block_number[1]) + number
            prefix = f"{prefix[: block_number.start()]}{new_number}{block_number[2]}"
        return prefix + for_markdown(unit.text)

    def _row(self, block: MarkdownBlock, unit: Unit) -> str:
        cells = split_cells(unit.text)
        if len(cells) != len(split_cells(block.text)):
            raise CannotPlaceError("the table's row has another number of cells")
        return "| " + " | ".join(for_markdown_cell(cell) for cell in cells) + " |"

    def _next_line(self, position: int) -> int:
        """Return where the next line that is not blank starts."""
        blank = _BLANK_LINES.match(self.source, position)
        if blank is None or blank.end() == position:
            return position
        return line_start(self.source, blank.end())


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
