"""The small Markdown of proposed words: headings, paragraphs, lists, quotations and table rows.

Everything else in it is plain text.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from coverage_kit.escaping import for_html, for_markdown
from coverage_kit.report.source.words import words_key
from coverage_kit.report.texts import clean_text

UnitKind = Literal["heading", "text", "item", "number", "quote", "row"]

# A heading: "## Why" or "## Why ##".
_HEADING = re.compile(r"(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
# An item of a list: "- one".
_ITEM = re.compile(r"([-*+])\s+(.*)$")
# An item of a numbered list: "2. two" or "2) two".
_NUMBER = re.compile(r"(\d{1,9})[.)]\s+(.*)$")
# A line of a quotation: "> said".
_QUOTE = re.compile(r">\s?(.*)$")
# A line without words: "---", "***", "```" or the line under a table's header, "|---|---|".
_RULE = re.compile(r"[-=*_~`\s|:]*$")
# The line before and after a block of code of a passage (`contracts.py`).
_FENCE = re.compile(r"`{3,}")
# A block of code is compared with up to so many lines (assumed), which bounds the time for a text.
_MAX_BLOCK_LINES = 60


@dataclass(frozen=True)
class Unit:
    """One heading, paragraph, list item, quotation or table row.

    `text` is one line of plain words. `level` is the level of a heading, or the number of an item.
    """

    kind: UnitKind
    text: str
    level: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The unit's words as they are compared with those of a source's blocks."""
        return words_key(self.text)


def read_units(text: str, source_keys: Collection[tuple[str, ...]] = ()) -> list[Unit]:
    r"""Return the units of a Markdown text.

    Args:
        text: the text.
        source_keys: words of the blocks of a source. Lines with the words of a block are a unit of
            their own.

    >>> [(unit.kind, unit.text) for unit in read_units("## Why\n\nBecause\nso.\n- one\n> said")]
    [('heading', 'Why'), ('text', 'Because so.'), ('item', 'one'), ('quote', 'said')]
    """
    lines = clean_text(text).replace("\r", "").split("\n")
    units: list[Unit] = []
    code_ends = _find_code(lines)
    is_open = False  # whether the next plain line continues the last unit
    index = 0
    while index < len(lines):
        line = lines[index].strip()
        if index in code_ends:
            code = lines[index + 1 : code_ends[index]]
            units.append(_read_line(" ".join(" ".join(code).split()), is_code=True))
            is_open = False
            index = code_ends[index] + 1
            continue
        n_block_lines = _count_block_lines(lines, index, source_keys)
        if n_block_lines:
            block_lines = lines[index : index + n_block_lines]
            units.append(
                _read_line(" ".join(" ".join(block_lines).split()), is_code=n_block_lines > 1)
            )
        elif _continues(line, units, is_open=is_open):
            last = units[-1]
            units[-1] = Unit(last.kind, f"{last.text} {_read_line(line).text}", last.level)
        elif line and not _RULE.match(lines[index]):
            units.append(_read_line(line))
        is_open = not n_block_lines and bool(line)
        index += n_block_lines or 1
    return [unit for unit in units if unit.text.strip()]


def _find_code(lines: list[str]) -> dict[int, int]:
    """Return the line of the closing fence of each block of code, by the line of its opening."""
    ends: dict[int, int] = {}
    opening = 0
    length = 0
    for index, line in enumerate(lines):
        fence = line.strip()
        if _FENCE.fullmatch(fence) is None:
            continue
        if not length:
            opening, length = index, len(fence)
        elif len(fence) >= length:
            ends[opening] = index
            length = 0
    return ends


def _count_block_lines(
    lines: list[str], index: int, source_keys: Collection[tuple[str, ...]]
) -> int:
    """Return how many lines from this index are one block of the source: several for code."""
    keys: tuple[str, ...] = ()
    max_words = max(map(len, source_keys), default=0)
    for n_lines, line in enumerate(lines[index : index + _MAX_BLOCK_LINES], 1):
        keys += words_key(line)
        if not keys or len(keys) > max_words:
            return 0
        next_index = index + n_lines
        # A longer block that begins with the same words goes first.
        is_longer = len(lines) > next_index and (keys + words_key(lines[next_index])) in source_keys
        if keys in source_keys and not is_longer:
            return n_lines
    return 0


def _continues(line: str, units: list[Unit], *, is_open: bool) -> bool:
    """Return whether a line continues the last unit."""
    if not (is_open and units and line):
        return False
    kind = _read_line(line).kind
    last_kind = units[-1].kind
    if kind == "text":
        return last_kind in {"text", "item", "number", "quote"}
    return kind == last_kind == "quote"


def _read_line(line: str, *, is_code: bool = False) -> Unit:
    """Return the unit that a line begins; lines of code are text, whatever they look like."""
    if is_code:
        return Unit("text", line)
    if (heading := _HEADING.match(line)) is not None:
        return Unit("heading", heading[2], len(heading[1]))
    if (item := _ITEM.match(line)) is not None:
        return Unit("item", item[2])
    if (number := _NUMBER.match(line)) is not None:
        return Unit("number", number[2], int(number[1]))
    if (quote := _QUOTE.match(line)) is not None:
        return Unit("quote", quote[1])
    return Unit("row" if " | " in line else "text", line.removeprefix("\\"))


def starts_with_heading(text: str) -> bool:
    """Return whether the first line that is not blank is a heading."""
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return _HEADING.match(first) is not None


def at_level(units: list[Unit], level: int) -> list[Unit]:
    """Return the units with the first heading at this level.

    The other headings stay as far below or above it as they were.
    """
    first = next((unit.level for unit in units if unit.kind == "heading"), level)
    return [
        Unit("heading", unit.text, min(6, max(1, unit.level - first + level)))
        if unit.kind == "heading"
        else unit
        for unit in units
    ]


def write_html(units: list[Unit], indent: str = "") -> list[str]:
    """Return the units as lines of HTML; neighbouring items and rows share a list or a table."""
    lines: list[str] = []
    for kind, group in groupby(units, key=lambda unit: unit.kind):
        lines += _write_group(kind, list(group))
    return [f"{indent}{line}" for line in lines]


def _write_group(kind: UnitKind, units: list[Unit]) -> Iterator[str]:
    texts = [for_html(unit.text) for unit in units]
    if kind == "heading":
        yield from (
            f"<h{unit.level}>{text}</h{unit.level}>"
            for unit, text in zip(units, texts, strict=True)
        )
    elif kind in {"item", "number"}:
        tag = "ul" if kind == "item" else "ol"
        start = f' start="{units[0].level}"' if units[0].level > 1 else ""
        yield from (
            f"<{tag}{start}>",
            *(f"<li>{text}</li>" for text in texts),
            f"</{tag}>",
        )
    elif kind == "quote":
        yield from (f"<blockquote><p>{text}</p></blockquote>" for text in texts)
    elif kind == "row":
        rows = (write_row(unit.text) for unit in units)
        yield from ("<table>", *rows, "</table>")
    else:
        yield from (f"<p>{text}</p>" for text in texts)


def write_row(text: str, tag: str = "td") -> str:
    """Return the HTML of a table's row."""
    cells = "".join(f"<{tag}>{for_html(cell)}</{tag}>" for cell in split_cells(text))
    return f"<tr>{cells}</tr>"


def split_cells(text: str) -> list[str]:
    """Return the cells of a row that the toolkit wrote, such as "a | b"."""
    return [cell.strip() for cell in text.split(" | ")]


def write_markdown(units: list[Unit]) -> str:
    """Return the units as Markdown, in which only the kinds of the units are markup."""
    texts: list[str] = []
    for previous, unit in zip([None, *units], units, strict=False):
        if previous is not None:
            continues_list = previous.kind == unit.kind and unit.kind in {"item", "number"}
            texts.append("\n" if continues_list else "\n\n")
        texts.append(_write_unit(unit))
    return "".join(texts)


def _write_unit(unit: Unit) -> str:
    words = for_markdown(unit.text)
    marks = {
        "heading": "#" * unit.level + " ",
        "item": "- ",
        "number": f"{unit.level}. ",
        "quote": "> ",
    }
    return marks.get(unit.kind, "") + words
