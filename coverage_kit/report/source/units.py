"""The small Markdown of proposed words: headings, paragraphs, lists and quotations. Everything else in it is plain text."""

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from coverage_kit.report.source.words import words_key
from coverage_kit.report.texts import clean_text

UnitKind = Literal["heading", "text", "item", "number", "quote", "row"]

_HEADING = re.compile(r"(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
_ITEM = re.compile(r"([-*+])\s+(.*)$")
_NUMBER = re.compile(r"(\d{1,9})[.)]\s+(.*)$")
_QUOTE = re.compile(r">\s?(.*)$")
_RULE = re.compile(r"[-=*_~`\s|:]*$")
_STARTS_MARKUP = re.compile(r"([#+>|=~:-]|\d{1,9}(?=[.)]))")
_MOST_LINES_AT_ONCE = 60


@dataclass(frozen=True)
class Unit:
    """One heading, paragraph, list item, quotation or table row; its text is one line of plain words."""

    kind: UnitKind
    text: str
    level: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The unit's words as blocks of a source are compared with them."""
        return words_key(self.text)


def read_units(text: str, known: Collection[tuple[str, ...]] = ()) -> list[Unit]:
    r"""Return the units of a Markdown text; lines that stand alone in the source (`known`) stand alone here too.

    >>> [(unit.kind, unit.text) for unit in read_units("## Why\n\nBecause\nso.\n- one\n> said")]
    [('heading', 'Why'), ('text', 'Because so.'), ('item', 'one'), ('quote', 'said')]
    """
    lines = clean_text(text).replace("\r", "").split("\n")
    units: list[Unit] = []
    is_open = False  # whether the next plain line goes on with the last unit
    at = 0
    while at < len(lines):
        n_known = _count_known(lines, at, known)
        if n_known:
            units.append(
                _read_line(
                    " ".join(" ".join(lines[at : at + n_known]).split()),
                    is_whole=n_known > 1,
                )
            )
        elif _goes_on(lines[at], units, is_open=is_open):
            units[-1] = Unit(
                units[-1].kind,
                f"{units[-1].text} {_read_line(lines[at].strip()).text}",
                units[-1].level,
            )
        elif lines[at].strip() and not _RULE.match(lines[at]):
            units.append(_read_line(lines[at].strip()))
        is_open = not n_known and bool(lines[at].strip())
        at += n_known or 1
    return [unit for unit in units if unit.text.strip()]


def _count_known(lines: list[str], at: int, known: Collection[tuple[str, ...]]) -> int:
    """Return how many lines from here are one block of the source (one, or several of a code block)."""
    keys: tuple[str, ...] = ()
    longest = max(map(len, known), default=0)
    for n, line in enumerate(lines[at : at + _MOST_LINES_AT_ONCE], 1):
        keys += words_key(line)
        if not keys or len(keys) > longest:
            return 0
        if keys in known and not (
            len(lines) > at + n and (keys + words_key(lines[at + n])) in known
        ):
            return n
    return 0


def _goes_on(line: str, units: list[Unit], *, is_open: bool) -> bool:
    if not (is_open and units and line.strip()):
        return False
    kind = _read_line(line.strip()).kind
    return (
        kind == "text" and units[-1].kind in {"text", "item", "number", "quote"}
    ) or kind == units[-1].kind == "quote"


def _read_line(line: str, *, is_whole: bool = False) -> Unit:
    """Return the unit that one line begins."""
    if is_whole:
        return Unit("text", line)
    if (found := _HEADING.match(line)) is not None:
        return Unit("heading", found[2], len(found[1]))
    for pattern, kind in ((_ITEM, "item"), (_NUMBER, "number")):
        if (found := pattern.match(line)) is not None:
            return Unit(
                "item" if kind == "item" else "number",
                found[2],
                int(found[1]) if kind == "number" else 0,
            )
    if (found := _QUOTE.match(line)) is not None:
        return Unit("quote", found[1])
    return Unit("row" if " | " in line else "text", line.removeprefix("\\"))


def starts_with_heading(text: str) -> bool:
    """Return whether the first line that holds something is a heading."""
    return (
        _HEADING.match(next((line.strip() for line in text.split("\n") if line.strip()), ""))
        is not None
    )


def at_level(units: list[Unit], level: int) -> list[Unit]:
    """Return the units with the first heading at this level and the others as far below or above it as they were."""
    first = next((unit.level for unit in units if unit.kind == "heading"), level)
    return [
        Unit("heading", unit.text, min(6, max(1, unit.level - first + level)))
        if unit.kind == "heading"
        else unit
        for unit in units
    ]


def escape_html(text: str, *, is_value: bool = False) -> str:
    """Return plain words for HTML or an attribute's value, also where a template language reads the file before a browser does.

    >>> escape_html("<b> {{ x }}")
    '&lt;b&gt; &#123;&#123; x }}'
    """
    return html.escape(clean_text(text), quote=is_value).replace("{", "&#123;")


def escape_markdown(text: str) -> str:
    r"""Return plain words for one line of Markdown: neither HTML, links, code, emphasis nor a block's start.

    >>> escape_markdown("<b> [a](b) *c*"), escape_markdown("# d")
    ('&lt;b&gt; [a]\\(b) \\*c\\*', '\\# d')
    """
    words = " ".join(clean_text(text).split()).replace("\\", "\\\\").replace("&", "&amp;")
    words = words.replace("<", "&lt;").replace(">", "&gt;").replace("{", "&#123;")
    words = re.sub(
        r"[`*~]|(?<![^\W_])_+|_+(?![^\W_])",
        lambda found: "".join(f"\\{one}" for one in found[0]),
        words,
    )
    words = re.sub(r"(?<=\])[(\[:]", r"\\\g<0>", words)
    if words[:1].isdigit():
        return re.sub(r"^(\d{1,9})(?=[.)])", r"\1\\", words)
    return f"\\{words}" if _STARTS_MARKUP.match(words) else words


def write_html(units: list[Unit], indent: str = "") -> list[str]:
    """Return the lines of HTML for the units, with lists and quotations around what belongs together."""
    lines: list[str] = []
    for kind, group in groupby(units, key=lambda unit: unit.kind):
        lines += _write_group(kind, list(group))
    return [f"{indent}{line}" for line in lines]


def _write_group(kind: UnitKind, units: list[Unit]) -> Iterator[str]:
    texts = [escape_html(unit.text) for unit in units]
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
    return (
        "<tr>"
        + "".join(f"<{tag}>{escape_html(cell)}</{tag}>" for cell in split_cells(text))
        + "</tr>"
    )


def split_cells(text: str) -> list[str]:
    """Return the cells of a row as the toolkit writes it."""
    return [cell.strip() for cell in text.split(" | ")]


def write_markdown(units: list[Unit]) -> str:
    """Return Markdown for the units in which nothing but their own kinds is markup."""
    parts: list[str] = []
    for before, unit in zip([None, *units], units, strict=False):
        if before is not None:
            parts.append(
                "\n" if before.kind == unit.kind and unit.kind in {"item", "number"} else "\n\n"
            )
        parts.append(_write_unit(unit))
    return "".join(parts)


def _write_unit(unit: Unit) -> str:
    words = escape_markdown(unit.text)
    marks = {
        "heading": "#" * unit.level + " ",
        "item": "- ",
        "number": f"{unit.level}. ",
        "quote": "> ",
    }
    return marks.get(unit.kind, "") + words
