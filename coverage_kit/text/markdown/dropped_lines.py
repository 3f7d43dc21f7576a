"""Lines that are marks of a generator and no text, such as tables of contents and attributes."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from coverage_kit.text.markdown.bodies import INTERRUPTS, text_of_line
from coverage_kit.text.markdown.includes import push_include
from coverage_kit.text.markdown.inline_marks import is_attribute_line

# A line that stands for the table of contents.
_CONTENTS = re.compile(r"\[TOC\]|\[\[_?TOC_?\]\]|\$\{toc\}|\{:\s*toc\b[^}]*\}", re.IGNORECASE)
# An abbreviation: *[HTML]: HyperText Markup Language.
_ABBREVIATION = re.compile(r"\*\[[^\]]{1,100}\]:\s")
# Code of another file: <<< @/snippets/a.js{2}.
_CODE_FILE = re.compile(r"<<<\s*[@.~/\w-]*[/.]\S*(?:\s.*)?\Z")
# Code of another file in FastAPI's pages: {* ../docs_src/a.py hl[1:3,7] *}.
_CODE_TAG = re.compile(r"\{\*\s[^{}\n]*\*\}\Z|\{!>[^{}\n]*!\}\Z")
# Another file: {!docs/note.md!}.
_INCLUDE_TAG = re.compile(r"\{!\s*([^\s{}!>][^\s{}!]*)\s*!\}\Z")
# Another file in a comment: <!--@include: ./parts/a.md{1,3}-->.
_INCLUDE = re.compile(r"<!--\s*@include:\s*([^\s{}#]+)[^\n]*-->\Z")
# An item of a list that kramdown replaces by the table of contents: * TOC, 1. TOC.
_CONTENTS_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+\S")
_COMMENT = re.compile(r"\{::comment[^{}\n]*\}\Z")
_COMMENT_END = "{:/"
# No end of a comment is looked for in more lines (assumed).
_MAX_COMMENT = 200


def add_dropped_lines(parser: MarkdownIt) -> None:
    """Add the rules for lines without text to a parser."""
    ruler = parser.block.ruler
    ruler.before("fence", "dropped_line", _dropped_line, INTERRUPTS)
    ruler.before("list", "contents_list", _contents_list)


def _dropped_line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    if text[:1] not in {"[", "$", "{", "*", "<"}:
        return False
    include = _INCLUDE.match(text) or _INCLUDE_TAG.match(text)
    last = _comment_end(state, start, end) if _COMMENT.match(text) else start
    is_dropped = (
        include is not None
        or last > start
        or _CONTENTS.fullmatch(text) is not None
        or _ABBREVIATION.match(text) is not None
        or _CODE_FILE.match(text) is not None
        or _CODE_TAG.match(text) is not None
        or is_attribute_line(text)
    )
    if silent or not is_dropped:
        return is_dropped
    if include is not None:
        push_include(state, include[1], start, start + 1)
    state.line = last + 1
    return True


def _comment_end(state: StateBlock, start: int, end: int) -> int:
    """Return the line of the end of a comment, or that of its start without an end."""
    lines = range(start + 1, min(end, start + _MAX_COMMENT))
    ends = (line for line in lines if text_of_line(state, line).startswith(_COMMENT_END))
    return next(ends, start)


def _contents_list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Pass over an item of a list that stands for the table of contents."""
    if silent or start + 1 >= end or state.is_code_block(start):
        return False
    is_contents = _CONTENTS_ITEM.match(text_of_line(state, start)) and text_of_line(
        state, start + 1
    ).startswith("{:")
    if not is_contents or not _CONTENTS.fullmatch(text_of_line(state, start + 1)):
        return False
    state.line = start + 2
    return True
