"""A Markdown source and the splices that change its words, with every other line left as it is."""

import json
import re
from collections.abc import Sequence
from itertools import takewhile

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
    escape_markdown,
    split_cells,
    write_markdown,
)
from coverage_kit.report.source.words import (
    CannotPlaceError,
    Splice,
    Word,
    words_key,
)

_TITLE = re.compile(
    r"^(title)([ \t]*[:=][ \t]*)(\"[^\r\n]*\"|'[^\r\n]*'|[^\r\n]*?)[ \t]*\r?$",
    re.MULTILINE | re.IGNORECASE,
)
_NUMBER = re.compile(r"(\d{1,9})([.)]\s+)$")
_PLAIN_YAML = re.compile(r"[A-Za-z][^\"'\\:#\[\]{}&*!|>%@`]*\Z")


class MarkdownPage:
    """A Markdown source read for changes: its blocks, and the splices that change them."""

    suffix = ".md"

    def __init__(self, source: str) -> None:
        self.source = source
        self.blocks: list[MarkdownBlock] = read_markdown_blocks(source)

    def rewrite(self, block: MarkdownBlock, unit: Unit) -> list[Splice]:
        """Put a unit's words in the place of a block's."""
        if block.is_raw:
            raise CannotPlaceError("the words stand in code or raw HTML of a Markdown file")
        if block.kind == "row":
            return [Splice(block.start, block.end, self._row(block, unit))]
        text = " ".join(unit.text.split())
        old = block.text
        if len(text) > len(old) and text.startswith(f"{old} "):
            return [
                Splice(
                    block.end,
                    block.end,
                    " " + escape_markdown(f"x{text[len(old) + 1 :]}")[1:],
                )
            ]
        if len(text) > len(old) and text.endswith(f" {old}"):
            return [
                Splice(
                    block.start,
                    block.start,
                    escape_markdown(text[: -len(old) - 1]) + " ",
                )
            ]
        return [Splice(block.start, block.end, escape_markdown(text))]

    def rewrite_words(self, words: Sequence[Word], text: str, block: MarkdownBlock) -> list[Splice]:
        """Put plain text in the place of some of a block's words."""
        if block.is_raw or block.kind == "row":
            raise CannotPlaceError("the words are a part of a table, of code or of raw HTML")
        start = words[0].start
        end = words[-1].end
        while start > block.start and not self.source[start - 1].isspace():
            start -= 1
        while end < block.end and not self.source[end].isspace():
            end += 1
        new = escape_markdown(text) if start == block.start else escape_markdown(f"x{text}")[1:]
        return [Splice(start, end, new)]

    def remove(self, blocks: Sequence[MarkdownBlock]) -> list[Splice]:
        """Take blocks away with the blank lines behind them."""
        return [Splice(block.lines_start, self._next_line(block.lines_end), "") for block in blocks]

    def insert_before(self, block: MarkdownBlock, units: Sequence[Unit]) -> list[Splice]:
        """Put units in front of a block; into its list, unless they are none of its kind and the block is the first."""
        is_first = not any(block.top_start <= one.start < block.start for one in self.blocks)
        if block.kind == "row" and not is_first:
            raise CannotPlaceError("nothing can be put between the rows of a table but rows")
        if block.kind == "item" and not (is_first and units[0].kind not in {"item", "number"}):
            lines = [f"{block.prefix}{escape_markdown(unit.text)}\n" for unit in units]
            return [Splice(block.lines_start, block.lines_start, "".join(lines))]
        indent = block.prefix if not block.prefix.strip(" >") else ""
        text = write_markdown(list(units)).replace("\n\n", f"\n{indent.rstrip()}\n{indent}")
        return [
            Splice(
                block.lines_start,
                block.lines_start,
                f"{indent}{text}\n{indent.rstrip()}\n",
            )
        ]

    def insert_after(self, block: MarkdownBlock, units: Sequence[Unit]) -> list[Splice]:
        """Put units behind a block: items and rows into its list or table, other units behind that where it ends there."""
        following = next((one for one in self.blocks if one.start >= block.end), None)
        is_last = following is None or following.start >= block.top_end
        if block.kind not in {"row", "item"}:
            return [
                self._behind(
                    block.lines_end if not is_last else max(block.lines_end, block.top_end),
                    units,
                )
            ]
        kinds = {"row"} if block.kind == "row" else {"item", "number"}
        inside = (
            list(takewhile(lambda unit: unit.kind in kinds, units))
            if is_last or block.kind == "row"
            else list(units)
        )
        outside = list(units)[len(inside) :]
        lines = [
            self._row(block, unit) if block.kind == "row" else self._item(block, unit, n)
            for n, unit in enumerate(inside, 1)
        ]
        splices = (
            [
                Splice(
                    block.lines_end,
                    block.lines_end,
                    "".join(f"\n{line}" for line in lines),
                )
            ]
            if inside
            else []
        )
        return [*splices, self._behind(block.top_end, outside)] if outside else splices

    def insert_section(
        self,
        heading: MarkdownBlock | None,
        last: MarkdownBlock,
        units: list[Unit],
    ) -> list[Splice]:
        """Put a section behind the last block of another, under a heading of the same level (an h2 under an h1)."""
        level = max(2, heading.level) if heading is not None else 2
        return [self._behind(max(last.lines_end, last.top_end), at_level(units, level))]

    def replace_title(self, before: str, after: str) -> list[Splice]:
        """Put a title in the place of another: in the front matter, and in the h1 with the same words."""
        old = words_key(before)
        splices = []
        front = FRONT.match(self.source)
        found = (
            _TITLE.search(self.source, front.start(2), front.end(2)) if front is not None else None
        )
        if front is not None and found is not None:
            new = retitle(found[3].strip("\"'"), before, after)
            quoted = (
                json.dumps(new, ensure_ascii=False) if front[1] == "+++" else quote_yaml(new or "")
            )
            splices += [Splice(found.start(3), found.end(3), quoted)] if new is not None else []
        tops = [
            block
            for block in self.blocks
            if block.kind == "heading" and block.level == 1 and block.keys == old
        ]
        for block in tops[:1]:
            splices += self.rewrite(block, Unit("text", after))
        if not splices:
            raise CannotPlaceError("neither the front matter's title nor an h1 has these words")
        return splices

    def is_beside(self, block: MarkdownBlock, other: MarkdownBlock) -> bool:
        """Return whether another block stands in the same part of the page: a Markdown file has one."""
        return block is not None and other is not None

    def _behind(self, place: int, units: Sequence[Unit]) -> Splice:
        return Splice(place, place, f"\n\n{write_markdown(list(units))}")

    def _item(self, block: MarkdownBlock, unit: Unit, n: int) -> str:
        number = _NUMBER.search(block.prefix)
        prefix = block.prefix
        if number is not None:
            prefix = f"{prefix[: number.start()]}{int(number[1]) + n}{number[2]}"
        return prefix + escape_markdown(unit.text)

    def _row(self, block: MarkdownBlock, unit: Unit) -> str:
        cells = split_cells(unit.text)
        if len(cells) != len(split_cells(block.text)):
            raise CannotPlaceError("the table's row has another number of cells")
        return "| " + " | ".join(escape_markdown(cell).replace("|", "\\|") for cell in cells) + " |"

    def _next_line(self, place: int) -> int:
        """Return where the next line that is not blank starts."""
        rest = re.compile(r"(?:[ \t>]*(?:\r\n|\n|\r|\Z))*").match(self.source, place)
        return (
            line_start(self.source, rest.end())
            if rest is not None and rest.end() > place
            else place
        )


def quote_yaml(text: str) -> str:
    r"""Return one line of text as a YAML value.

    >>> quote_yaml("How far"), quote_yaml("a: b"), quote_yaml('say "x"')
    ('How far', '"a: b"', '\'say "x"\'')
    """
    words = " ".join(text.split())
    if _PLAIN_YAML.match(words) and words.casefold() not in {
        "yes",
        "no",
        "true",
        "false",
        "null",
        "on",
        "off",
        "y",
        "n",
    }:
        return words
    if '"' in words or "\\" in words:
        return "'" + words.replace("'", "''") + "'"
    return f'"{words}"'
