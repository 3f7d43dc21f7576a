"""Tags of templates in Markdown: Hugo's shortcodes, Liquid's tags and what they print.

Liquid's tags are those of Jekyll, Hexo, GitBook and Eleventy; Jinja's in MkDocs look the same.
"""

import re
from collections import Counter
from collections.abc import Mapping
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
# Tags whose body is code. That of GitBook's `code` is a fence.
_CODE_TAGS = frozenset(
    {
        "highlight",
        "codeblock",
        "code-block",
        "code-toggle",
        "tabcodeblock",
        "terminal",
        "prism",
        "mermaid",
        "plantuml",
        "graphviz",
        "chart",
        "math",
        "katex",
    }
)
# Tags that choose or repeat text and are no part of their own.
CONTROL_TAGS = frozenset({"if", "unless", "for", "case", "capture", "liquid", "block", "filter"})
# Tags whose body is a program, a style or a comment, which no reader sees.
_HIDDEN_TAGS = frozenset({"comment", "css", "js", "javascript", "script", "stylesheet", "scss"})
_HIDDEN_LIQUID_TAGS = frozenset({"style", "schema"})
# Tags whose body is text as it is.
_VERBATIM_TAGS = frozenset({"raw", "verbatim"})
# An example of a shortcode that Hugo shows as text: {{</* ref */>}}.
EXAMPLE = re.compile(r"\{\{([<%])/\*(.{0,500}?)\*/([>%])\}\}", re.DOTALL)
_EXAMPLE_START = "/*"
# The end of what a tag begins: {{< /tab >}}, {% endtab %}.
_END = re.compile(
    r"\{\{[<%]\s{0,9}/\s{0,9}([\w./-]{1,100})|\{%-?\s{0,9}end([\w./-]{1,100})", re.IGNORECASE
)


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
        variables: the names of arguments that are not in quotes, as names of variables are.
        rest: what is written behind its name.
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
    variables: frozenset[str] = frozenset()
    rest: str = ""

    @property
    def key(self) -> str:
        """What a tag and its end have in common."""
        return f"{self.family} {self.name}"

    @property
    def is_code(self) -> bool:
        """Whether the body of the tag is code."""
        return self.name in _CODE_TAGS or (self.family == "hugo" and self.name == "code")

    @property
    def is_hidden(self) -> bool:
        """Whether the body of the tag is no text."""
        is_hidden_liquid = self.family == "liquid" and self.name in _HIDDEN_LIQUID_TAGS
        return self.name in _HIDDEN_TAGS or is_hidden_liquid

    @property
    def is_verbatim(self) -> bool:
        """Whether other tags within the body are none."""
        return self.is_code or self.is_hidden or self.name in _VERBATIM_TAGS


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
        if family == "hugo" and body.startswith(_EXAMPLE_START):
            return None
        return _parse_tag(family, body, start, end + len(closing))
    return None


def shown_example(example: re.Match[str]) -> str:
    """Return what Hugo shows for an example of a shortcode: {{< ref >}} for {{</* ref */>}}."""
    return f"{{{{{example[1]}{example[2]}{example[3]}}}}}"


def _parse_tag(family: TagFamily, body: str, start: int, end: int) -> Tag:
    match = _NAME.match(body)
    name = ((match and match[2]) or "").lower()
    is_end = bool(match and match[1])
    rest = body[match.end() if match else 0 :].rstrip().removesuffix("-")
    is_whole = rest.endswith("/") or name.endswith("/")
    name = name.rstrip("/")
    rest = rest.removesuffix("/").strip()
    if family == "liquid" and name.startswith("end") and len(name) > 3:
        name = name[3:]
        is_end = True
    named: dict[str, str] = {}
    words: list[tuple[str, bool]] = []
    variables: set[str] = set()
    for argument in _ARGUMENT.finditer(rest):
        quoted = next((argument[n] for n in (2, 3, 4) if argument[n] is not None), None)
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else argument[5]
        if argument[1]:
            named.setdefault(argument[1].lower(), value)
            variables |= {argument[1].lower()} if quoted is None else set()
        else:
            words.append((value, quoted is not None))
    return Tag(
        family,
        name,
        start,
        end,
        is_end,
        is_whole,
        named,
        tuple(words),
        frozenset(variables),
        rest,
    )


@lru_cache(maxsize=4)
def find_ends(source: str) -> Mapping[str, tuple[int, ...]]:
    """Return where a text holds ends of tags, by the name of the tag, in order."""
    ends: dict[str, list[int]] = {}
    for match in _END.finditer(source):
        ends.setdefault((match[1] or match[2]).lower(), []).append(match.start())
    return {name: tuple(starts) for name, starts in ends.items()}


@lru_cache(maxsize=4)
def find_tag_lines(source: str) -> TagLines:
    """Return the lines of a document that consist of tags alone, outside code.

    It reads the document once, whatever is in it.
    """
    scan = _Scan()
    scan.read(source)
    return TagLines(scan.lines, scan.ends)


class _Scan:
    """One pass over the lines of a document, which pairs tags with their ends."""

    def __init__(self) -> None:
        self.lines: dict[int, TagLine] = {}
        self.ends: dict[Position, Position] = {}
        self._waiting: list[tuple[str, Position]] = []
        self._n_waiting: Counter[str] = Counter()
        # What ends a tag whose body holds no tags, and the mark and the indent of a fence of code.
        self._verbatim = ""
        self._fence = ""
        self._fence_indent = 0
        self._n_before_fence: Counter[str] = Counter()

    def read(self, source: str) -> None:
        """Read a document."""
        start = 0
        behind = -1
        for number, line in enumerate(source.split("\n")):
            bare = line.lstrip(_QUOTED)
            indent = len(line) - len(bare)
            is_code = self._is_code(bare, indent)
            if number > behind and bare.startswith(("{%", "{{", "{#")):
                tag_line = _read_line(source, start + indent, number)
                if tag_line is not None and (not is_code or self._ends_fence(tag_line)):
                    behind = tag_line.last
                    self._fence = ""
                    self._add(number, tag_line)
            start += len(line) + 1

    def _is_code(self, bare: str, indent: int) -> bool:
        """Return whether a line is code, or the mark of a fence."""
        mark = _FENCE.match(bare)
        if self._fence:
            # A fence within an item of a list ends with the item.
            is_outside = bool(bare) and 2 <= self._fence_indent > indent
            if not is_outside:
                is_end = mark and mark[1].startswith(self._fence) and not mark[2].strip()
                self._fence = "" if is_end else self._fence
                return True
            self._fence = ""
        if mark is None or mark[2].lstrip().startswith("{"):
            return False
        self._fence, self._fence_indent = mark[1], indent
        self._n_before_fence = Counter(self._n_waiting)
        return True

    def _ends_fence(self, line: TagLine) -> bool:
        """Return whether Hugo ends here a shortcode around a fence that is not closed.

        Hugo reads shortcodes before fences; examples of them are written in another way.
        """
        tag = line.tags[0]
        return tag.family == "hugo" and tag.is_end and self._n_before_fence[tag.key] > 0

    def _add(self, number: int, line: TagLine) -> None:
        is_read = False
        for index, tag in enumerate(line.tags):
            if self._verbatim and not (tag.is_end and tag.key == self._verbatim):
                continue
            is_read = True
            self._verbatim = ""
            if tag.is_end:
                self._end(tag.key, (number, index))
            elif not tag.is_whole and tag.family in {"hugo", "liquid"}:
                self._waiting.append((tag.key, (number, index)))
                self._n_waiting[tag.key] += 1
                self._verbatim = tag.key if tag.is_verbatim else ""
        if is_read:
            self.lines[number] = line

    def _end(self, key: str, position: Position) -> None:
        if not self._n_waiting[key]:
            return
        name = ""
        while name != key:
            name, begin = self._waiting.pop()
            self._n_waiting[name] -= 1
        self.ends[begin] = position


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
