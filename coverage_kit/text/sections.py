"""Split a page's Markdown into its headings and the words under each of them.

All stages read a stored page in this way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from coverage_kit.text.page_markup import LOOKS_LIKE_MARKUP

# The start of a heading such as "## Brakes".
_HEADING = re.compile(r"(#{1,6})\s")
# The id at the end of a heading: "## Brakes {#brakes}". An escaped brace is words.
_ANCHOR = re.compile(r"(?:\A|\s)\{#([^\s{}]+)\}\Z")
_ESCAPED_ANCHOR = re.compile(r"\\(?=\{#[^\s{}]+\}\Z)")
# The line that opens or closes a block of code.
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
# Headings of levels five and six are too fine to divide a page into passages (assumed).
_LOWEST_PATH_LEVEL = 4


@dataclass
class Section:
    """The words under one heading, as paragraphs, each with whether it is code.

    `path` holds the title and the headings above, joined by ' > '; `level` is the level of the
    section's own heading, and 0 for words before the first heading. `anchor` is the id of that
    heading on its page, or of the nearest heading above it that has an id; empty without any.
    """

    path: str
    paragraphs: list[tuple[str, bool]] = field(default_factory=list)
    level: int = 0
    heading: str = ""
    anchor: str = ""


class _Heading(NamedTuple):
    """A heading: its level from 1, its words, and its id on the page; empty without an id."""

    level: int
    words: str
    anchor: str


def read_sections(text: str, title: str) -> list[Section]:
    """Return the sections of a page's Markdown in reading order.

    Headings below the fourth level count as words.
    """
    headings: dict[int, str] = {}
    anchors: dict[int, str] = {}
    sections = [Section(heading_path(title, headings))]
    for paragraph, kind in _read_paragraphs(text):
        if kind != "heading":
            sections[-1].paragraphs.append((paragraph, kind == "code"))
            continue
        level, words, anchor = _read_heading(paragraph)
        if level > _LOWEST_PATH_LEVEL:
            sections[-1].paragraphs.append((words, False))
            continue
        headings = add_heading(headings, level, words)
        anchors = add_heading(anchors, level, anchor)
        nearest = next((name for name in reversed(anchors.values()) if name), "")
        path = heading_path(title, headings)
        sections.append(Section(path, level=level, heading=words, anchor=nearest))
    return sections


def read_headings(text: str, title: str) -> Iterator[tuple[int, str, str]]:
    """Yield level, words and heading path of all headings of a page's Markdown."""
    headings: dict[int, str] = {}
    for line, kind in _read_paragraphs(text):
        if kind == "heading":
            level, words, _ = _read_heading(line)
            headings = add_heading(headings, level, words)
            yield level, words, heading_path(title, headings)


def add_heading(headings: dict[int, str], level: int, words: str) -> dict[int, str]:
    """Return the headings by level after a further heading, which ends those below its level."""
    above = {other: heading for other, heading in headings.items() if other < level}
    return {**above, level: words}


def _read_heading(line: str) -> _Heading:
    """Return what a line says that starts as a heading does."""
    level = len(line) - len(line.lstrip("#"))
    words = line[level:].strip()
    # Marks at the end are no words: "## Brakes ##".
    unclosed = words.rstrip("#")
    if unclosed != words and unclosed[-1:].isspace():
        words = unclosed.rstrip()
    anchor = _ANCHOR.search(words, max(0, words.rfind("{") - 1))
    if anchor is not None:
        words = words[: anchor.start()].rstrip()
    name = anchor[1] if anchor is not None else ""
    return _Heading(level, _ESCAPED_ANCHOR.sub("", words), name)


def heading_path(title: str, headings: dict[int, str]) -> str:
    """Return a page's title and the headings above a text, by level, joined by ' > '.

    A heading that repeats the title or the heading above it is left out.
    """
    steps: list[str] = []
    for words in [title, *headings.values()]:
        step = " ".join(words.split()).replace(" > ", " / ")
        repeated = {other.casefold() for other in (*steps[:1], *steps[-1:])}
        if step and step.casefold() not in repeated:
            steps.append(step)
    return " > ".join(steps)


def _read_paragraphs(
    text: str,
) -> Iterator[tuple[str, Literal["heading", "text", "code"]]]:
    """Yield headings, paragraphs (their lines) and code blocks, each with its kind.

    The fences of code blocks are left out.
    """
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            is_end = mark is not None and mark[1].startswith(fence) and line.strip() == mark[1]
            if is_end:
                yield "\n".join(lines), "code"
                lines = []
                fence = ""
            else:
                lines.append(line)
        elif mark is not None or not line.strip() or _HEADING.match(line):
            yield "\n".join(lines), "text"
            lines = []
            fence = mark[1] if mark is not None else ""
            if mark is None and line.strip():
                yield line, "heading"
        else:
            lines.append(_unescape(line))
    yield "\n".join(lines), "code" if fence else "text"


def _unescape(line: str) -> str:
    return line[1:] if line.startswith("\\") and LOOKS_LIKE_MARKUP.match(line[1:]) else line
