"""Tags of templates in Markdown: Hugo's shortcodes, Liquid's tags and what they print.

Liquid's tags are those of Jekyll, Hexo, GitBook and Eleventy; Jinja's in MkDocs look the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

TagFamily = Literal["hugo", "liquid", "output", "comment"]
# Where a tag is: the first of the lines that hold tags only, and its number among their tags.
Position = tuple[int, int]

# Longer tags are text (assumed).
_MAX_CHARACTERS = 2_000
_ENDS: tuple[tuple[str, str, TagFamily], ...] = (
    ("{{<", ">}}", "hugo"),
    ("{{%", "%}}", "hugo"),
    ("{{", "}}", "output"),
    ("{%", "%}", "liquid"),
    ("{#", "#}", "comment"),
)
# An argument: key="text", key=word, "text" or a word.
_ARGUMENT = re.compile(
    r"(?:([\w.-]+)\s*[=:]\s*)?(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|`([^`]*)`|([^\s\"'`=,]+))"
)
_NAME = re.compile(r"[-+]?\s*(/)?\s*([\w][\w./-]*|\$\w+)?")
_ESCAPED = re.compile(r"\\(.)")
# The start of a fence of code, and what is before it within a quotation.
_FENCE = re.compile(r"(`{3,}|~{3,})([^`\n]*)$")
_QUOTED = " \t>"
# Tags whose body is no Markdown with tags: code, text as it is, and comments.
CODE_TAGS = frozenset({"highlight", "codeblock", "code-block", "mermaid", "math", "katex"})
# Tags that choose or repeat text and are no part of their own.
CONTROL_TAGS = frozenset({"if", "unless", "for", "case", "capture", "liquid", "block", "filter"})
VERBATIM_TAGS = CODE_TAGS | {"raw", "comment", "verbatim"}


@dataclass(frozen=True)
class Tag:
    """One tag of a template.

    Attributes:
        family: whether it is a shortcode, a tag of Liquid, an output or a comment.
        name: its name in lower case; that of 'endtab' is 'tab'.
        is_end: whether it ends what another tag begins.
        is_whole: whether it has no end, as in `{{< x />}}`.
        named: its arguments with names, by names in lower case.
        words: its other arguments, and whether each is in quotes.
        start: where it starts in the text.
        end: where it ends.
    """

    family: TagFamily
    name: str
    start: int
    end: int
    is_end: bool = False
    is_whole: bool = False
    named: Mapping[str, str] = field(default_factory=dict)
    words: tuple[tuple[str, bool], ...] = ()

    @property
    def key(self) -> str:
        """What a tag and its end have in common."""
        return f"{self.family} {self.name}"


@dataclass(frozen=True)
class TagLine:
    """Lines that consist of tags alone: the tags, and the last of the lines."""

    tags: tuple[Tag, ...]
    last: int


@dataclass(frozen=True)
class TagLines:
    """The lines of a document that consist of tags alone.

    Attributes:
        lines: by the number of the first line.
        ends: of each tag that has an end, by line and number in the line, that of the end.
    """

    lines: Mapping[int, TagLine]
    ends: Mapping[Position, Position]


def read_tag(text: str, start: int) -> Tag | None:
    """Return the tag that starts at a position, or None."""
    for opening, closing, family in _ENDS:
        if not text.startswith(opening, start):
            continue
        end = text.find(closing, start + len(opening), start + _MAX_CHARACTERS)
        if end < 0:
            return None
        body = text[start + len(opening) : end]
        if family in {"output", "comment"}:
            return Tag(family, "", start, end + len(closing))
        return _parse_tag(family, body, start, end + len(closing))
    return None


def _parse_tag(family: TagFamily, body: str, start: int, end: int) -> Tag:
    match = _NAME.match(body)
    name = ((match and match[2]) or "").lower()
    is_end = bool(match and match[1])
    rest = body[match.end() if match else 0 :].rstrip().removesuffix("-")
    is_whole = rest.endswith("/")
    if family == "liquid" and name.startswith("end") and len(name) > 3:
        name = name[3:]
        is_end = True
    named: dict[str, str] = {}
    words: list[tuple[str, bool]] = []
    for argument in _ARGUMENT.finditer(rest.removesuffix("/")):
        quoted = next((argument[n] for n in (2, 3, 4) if argument[n] is not None), None)
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else argument[5]
        if argument[1]:
            named.setdefault(argument[1].lower(), value)
        else:
            words.append((value, quoted is not None))
    return Tag(family, name, start, end, is_end, is_whole, named, tuple(words))


@lru_cache(maxsize=4)
def find_tag_lines(source: str) -> TagLines:
    """Return the lines of a document that consist of tags alone, outside code.

    It reads the document once, whatever is in it.
    """
    lines: dict[int, TagLine] = {}
    ends: dict[Position, Position] = {}
    waiting: list[tuple[str, Position]] = []
    n_waiting: dict[str, int] = {}
    verbatim = ""
    for number, line in _lines_of_tags(source):
        tags = tuple(
            tag for tag in line.tags if not verbatim or (tag.is_end and tag.key == verbatim)
        )
        for index, tag in enumerate(line.tags):
            if verbatim and not (tag.is_end and tag.key == verbatim):
                continue
            verbatim = ""
            position = (number, index)
            if not tag.is_end and not tag.is_whole:
                waiting.append((tag.key, position))
                n_waiting[tag.key] = n_waiting.get(tag.key, 0) + 1
                verbatim = tag.key if tag.name in VERBATIM_TAGS else ""
            elif tag.is_end and n_waiting.get(tag.key):
                key = ""
                while key != tag.key:
                    key, begin = waiting.pop()
                    n_waiting[key] -= 1
                ends[begin] = position
        if tags:
            lines[number] = line
    return TagLines(lines, ends)


def _lines_of_tags(source: str) -> Iterator[tuple[int, TagLine]]:
    """Yield the number of the first line and the tags of lines that consist of tags, not in code."""
    fence = ""
    position = 0
    skipped = -1
    for number, line in enumerate(source.split("\n")):
        start = position
        position += len(line) + 1
        bare = line.lstrip(_QUOTED)
        mark = _FENCE.match(bare)
        if fence:
            is_end = mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence)
            fence = "" if is_end and mark and not mark[2].strip() else fence
        elif mark and not mark[2].lstrip().startswith("{"):
            fence = mark[1]
        elif number > skipped and bare.startswith(("{%", "{{", "{#")):
            tag_line = _read_line(source, start + len(line) - len(bare), number)
            if tag_line is not None:
                skipped = tag_line.last
                yield number, tag_line


def _read_line(source: str, start: int, number: int) -> TagLine | None:
    tags: list[Tag] = []
    position = start
    while (tag := read_tag(source, position)) is not None:
        tags.append(tag)
        position = tag.end
        while position < len(source) and source[position] in " \t":
            position += 1
    is_line = bool(tags) and (position >= len(source) or source[position] == "\n")
    return TagLine(tuple(tags), number + source.count("\n", start, position)) if is_line else None
