"""Directives: parts between lines of colons, as Docusaurus, VitePress and Starlight have them."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from coverage_kit.text.markdown.parts import open_parts

# A line of colons, and what follows them.
_LINE = re.compile(r"(:{3,})(.*)\Z", re.DOTALL)
# The kind of a directive: "tip" in ":::tip Title", ":::tip[Title]" and ":::tip{title=…}".
_KIND = re.compile(r"[A-Za-z][\w-]*(?=[\s\[{]|\Z)")
# What is in square brackets behind the kind.
_BRACKETS = re.compile(r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]")
# Attributes at the end: {title="Title"}, {open}.
_ATTRIBUTES = re.compile(r"(?<!\\)\{([^{}]*)\}\Z")
_TITLE = re.compile(r"(?:^|\s)title=(?:\"([^\"]*)\"|'([^']*)')")
# A division that has only a class or an id: ::: {.note}
_UNNAMED = re.compile(r"\{[.#][^{}]*\}\Z")


def add_directives(parser: MarkdownIt) -> None:
    """Add directives to a parser. Their kind is no text; their title is the label of a part."""
    parser.block.ruler.before(
        "fence",
        "directive",
        _read_directive,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},
    )


def _read_directive(state: StateBlock, line: int, _: int, silent: bool) -> bool:
    start = state.bMarks[line] + state.tShift[line]
    if state.is_code_block(line) or not state.src.startswith(":::", start):
        return False
    match = _LINE.match(state.src[start : state.eMarks[line]])
    if match is None:
        return False
    colons, rest = match[1], match[2].strip()
    kind = _KIND.match(rest)
    if rest and kind is None and not _UNNAMED.match(rest):
        return False
    if silent:
        return True
    state.line = line + 1
    if not rest:
        _end(state, colons, line + 1)
        return True
    title, is_attribute = _read_title(rest[kind.end() :] if kind is not None else "")
    lines = (line, line + 1)
    open_parts(state.env).begin(state, colons, title, lines, is_attribute=is_attribute)
    return True


def _end(state: StateBlock, colons: str, line: int) -> None:
    """End the innermost directive that so many colons can end; otherwise the line is nothing."""
    parts = open_parts(state.env)
    names = (part.name for part in reversed(parts.stack) if part.name.startswith(":"))
    name = next((name for name in names if len(name) <= len(colons)), None)
    if name is not None:
        parts.end(state, name, line)


def _read_title(text: str) -> tuple[str, bool]:
    """Return the title as Markdown, and whether it is an attribute."""
    attributes = _ATTRIBUTES.search(text)
    named = _TITLE.search(attributes[1]) if attributes is not None else None
    words = text[: attributes.start()] if attributes is not None else text
    brackets = _BRACKETS.match(words)
    title = brackets[1] if brackets is not None else words
    if not title.strip() and named is not None:
        return (named[1] or named[2] or "").strip(), True
    return title.strip(), False
