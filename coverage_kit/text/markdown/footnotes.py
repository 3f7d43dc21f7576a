"""Footnotes where they are written: the sign goes, the note is text in its place."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_NOTE = re.compile(r"\[\^([^\]\s\[]{1,200})\]:[ \t]*")
_REFERENCE = re.compile(r"\[\^([^\]\s\[]{1,200})\](?!:)")


def add_footnote_rules(parser: MarkdownIt) -> None:
    """Add footnotes to a parser."""
    parser.block.ruler.before("reference", "footnote", _note, {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.before("link", "footnote", _reference)


def _note(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a note, which may go on in lines with an indent of four."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    match = _NOTE.match(state.src, begin, state.eMarks[start])
    if match is None:
        return False
    if silent:
        return True
    state.env.setdefault("footnotes", set()).add(match[1])
    old = state.bMarks[start], state.tShift[start], state.sCount[start]
    old_block = state.blkIndent, state.parentType, state.tight
    opening = state.push("footnote_open", "div", 1)
    # The line starts at the note's text, as if its sign were an indent.
    indent = state.sCount[start] + 4
    state.bMarks[start], state.tShift[start], state.sCount[start] = match.end(), 0, indent
    state.blkIndent, state.parentType = indent, "footnote"
    state.line = start
    if match.end() < state.eMarks[start]:
        state.md.block.tokenize(state, start, end)
    else:
        state.line = start + 1
    state.blkIndent, state.parentType, state.tight = old_block
    state.bMarks[start], state.tShift[start], state.sCount[start] = old
    state.push("footnote_close", "div", -1)
    opening.map = [start, state.line]
    return True


def _reference(state: StateInline, silent: bool) -> bool:
    """Pass over the sign of a note that the page has."""
    if not state.src.startswith("[^", state.pos):
        return False
    match = _REFERENCE.match(state.src, state.pos, state.posMax)
    if match is None or match[1] not in state.env.get("footnotes", ()):
        return False
    state.pos = match.end()
    return True
