"""Tokens of a part under a label, such as an admonition or a tab, which every dialect has.

A part is rendered as <details> with its label as <summary>: both are read as a label that leads to
the text below it, and an edit sees the label as words of the file.
"""

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token


def open_part(state: StateBlock, label: str, line: int) -> Token:
    """Add the tokens that begin a part; return the first, so that its map can be completed.

    Args:
        state: the state of the block rule.
        label: the label as inline Markdown; a part without a label has empty text.
        line: the line of the file that holds the label.
    """
    opening = state.push("part_open", "details", 1)
    opening.block = True
    opening.map = [line, line + 1]
    if label:
        state.push("label_open", "summary", 1).map = [line, line + 1]
        words = state.push("inline", "", 0)
        words.content = label
        words.map = [line, line + 1]
        words.children = []
        state.push("label_close", "summary", -1)
    return opening


def close_part(state: StateBlock) -> None:
    """Add the token that ends a part."""
    state.push("part_close", "details", -1).block = True
