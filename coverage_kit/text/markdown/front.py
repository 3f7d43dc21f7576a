"""Where the front matter of a Markdown file starts and ends.

Reading a page and editing its file use the same function, so that both see the same body.
"""

import json
import re
from dataclasses import dataclass
from typing import Literal

FrontKind = Literal["yaml", "toml", "json"]

# Lines between two "---" (YAML, which may also end with "...") or two "+++" (TOML).
_FENCED = re.compile(
    r"\A\ufeff?(?:(---)|\+\+\+)[ \t]*\r?\n"
    r"((?:.*?\r?\n)??)(?(1)(?:---|\.\.\.)|\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)
# Lines with keys from the start of a file to "---", as Hexo allows it.
_UNOPENED = re.compile(
    r"\A\ufeff?((?:title|layout|date)[ \t]*:[^\r\n]*\r?\n"
    r"(?:(?:[A-Za-z_][\w-]{0,40}[ \t]*:|[ \t]*- |[ \t]+\S)[^\r\n]*\r?\n){1,40})"
    r"---[ \t]*(?:\r?\n|\Z)"
)
# The start of JSON with a key, and what may be behind its end.
_JSON_START = re.compile(r"\A\ufeff?(?=\{\s*\")")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|\Z)")
# A line with a key of YAML or TOML, such as "title: Tea".
_KEY_LINE = re.compile(r"^[\"']?[A-Za-z_][\w.-]*[\"']?[ \t]*[:=]", re.MULTILINE)
_BLANK_LINE = re.compile(r"^[ \t]*\r?\n", re.MULTILINE)


@dataclass(frozen=True)
class FrontLines:
    """Front matter in a file: its language, where its text starts and ends, and the body's start.

    Positions are characters of the file.
    """

    kind: FrontKind
    start: int
    end: int
    body: int


def find_front(source: str) -> FrontLines | None:
    """Return where the front matter of a Markdown file is, or None without front matter.

    Lines between two "---" without any key, of several paragraphs, are text between two rules.
    """
    fenced = _FENCED.match(source)
    if fenced is not None:
        text = fenced[2]
        if _BLANK_LINE.search(text.strip("\r\n")) and not _KEY_LINE.search(text):
            return None
        kind: FrontKind = "yaml" if fenced[1] else "toml"
        return FrontLines(kind, fenced.start(2), fenced.end(2), fenced.end())
    unopened = _UNOPENED.match(source)
    if unopened is not None:
        return FrontLines("yaml", unopened.start(1), unopened.end(1), unopened.end())
    opening = _JSON_START.match(source)
    if opening is None:
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(source, opening.end())
    except (ValueError, RecursionError):
        return None
    line_end = _LINE_END.match(source, end)
    return line_end and FrontLines("json", opening.end(), end, line_end.end())
