"""Tokens of a part under a label, such as an admonition or a tab, which every dialect has.

A part is rendered as <details> with its label as <summary>: both are read as a label that leads to
the text below it, and an edit sees the label as words of the file.
"""

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token


def open_part(
    state: StateBlock, label: str, line: int, end: int | None = None, *, is_attribute: bool = False
) -> Token:
    """Add the tokens that begin a part; return the first, so that its map can be completed.

    Args:
        state: the state of the block rule.
        label: the label as inline Markdown; a part without a label has empty text.
        line: the line of the file that holds the label.
        end: the line behind the label, where it is not the next line.
        is_attribute: whether the label is an attribute of a tag, in which an edit changes nothing.
    """
    lines = (line, line + 1 if end is None else end)
    opening = state.push("part_open", "details", 1)
    opening.block = True
    opening.map = list(lines)
    if label:
        state.push("label_open", "summary", 1).map = list(lines)
        push_words(state, label, lines, is_attribute=is_attribute)
        state.push("label_close", "summary", -1)
    return opening


def close_part(state: StateBlock) -> None:
    """Add the token that ends a part."""
    state.push("part_close", "details", -1).block = True


def push_words(
    state: StateBlock, text: str, lines: tuple[int, int], *, is_attribute: bool = False
) -> None:
    """Add inline Markdown; `lines` are its first line and the line behind it."""
    words = state.push("inline", "", 0)
    words.content = text
    words.map = list(lines)
    words.children = []
    words.meta = {"is_attribute": True} if is_attribute else {}
