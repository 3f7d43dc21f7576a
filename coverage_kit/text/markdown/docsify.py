"""Marks of Docsify in headings, callouts and links: ids, what its sidebar leaves out, files."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from coverage_kit.text.markdown.bodies import INTERRUPTS, text_of_line
from coverage_kit.text.markdown.includes import push_include

# The start of a callout: !> Time is money. ?> A tip.
_CALLOUT = re.compile(r"[!?]>[ \t]+(?=\S)")
# What is at the end of a heading: the id, and the mark of what the sidebar leaves out.
_ID = re.compile(r"[ \t]:id=([\w-]{1,200})[ \t]*\Z")
_IGNORED = re.compile(
    r"[ \t]{0,9}(?:\{docsify-ignore(?:-all)?\}"
    r"|<!--[ \t]*\{docsify-ignore(?:-all)?\}[ \t]*-->)[ \t]*\Z"
)
# Another file on a line of its own: [name](file.md ':include'), perhaps with its type.
_INCLUDE = re.compile(
    r"\[[^\[\]\n]{0,200}\]\(([^()\s]{1,500})[ \t]+(['\"]):include(?:[ \t]([^'\"\n]*))?\2\)\Z"
)
# Files that are read as text.
_TEXTS = (".md", ".markdown")


def add_docsify_rules(parser: MarkdownIt) -> None:
    """Add the marks of Docsify to a parser."""
    parser.block.ruler.before("fence", "docsify_include", _include, INTERRUPTS)
    parser.core.ruler.after("block", "docsify", _clean_text)


def _include(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    match = _INCLUDE.match(text) if text.startswith("[") else None
    if match is None:
        return False
    if not silent:
        if match[1].endswith(_TEXTS) and "type=" not in (match[3] or ""):
            push_include(state, match[1], start, start + 1)
        state.line = start + 1
    return True


def _clean_text(state: StateCore) -> None:
    """Take the marks out of headings and of paragraphs."""
    for opening, words in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open":
            _clean_heading(opening, words)
        elif opening.type == "paragraph_open":
            callout = _CALLOUT.match(words.content)
            words.content = words.content[callout.end() :] if callout else words.content


def _clean_heading(heading: Token, words: Token) -> None:
    words.content = _IGNORED.sub("", words.content)
    heading_id = _ID.search(words.content)
    if heading_id is not None:
        heading.attrSet("id", heading_id[1])
        words.content = _IGNORED.sub("", words.content[: heading_id.start()])
