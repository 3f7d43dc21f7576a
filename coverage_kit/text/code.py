"""Blocks of code within a text, between fences of backticks.

A passage shows its code. What it says is compared without it.
"""

import re

# A fence: three or more backticks.
_FENCE = re.compile(r"`{3,}")


def fence_code(code: str) -> str:
    r"""Return code between fences that are longer than any run of backticks in it.

    >>> fence_code("kit run")
    '```\nkit run\n```'
    """
    longest = max((len(run) for run in _FENCE.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{code}\n{fence}"


def without_code(text: str) -> str:
    r"""Return the text without its blocks of code; a fence that is not closed is words.

    >>> without_code("Start it:\n\n```\nkit run\n```\n\nThen wait.")
    'Start it:\n\nThen wait.'
    """
    if "```" not in text:
        return text
    parts = [text[start:end].strip() for start, end in _prose_spans(text)]
    return "\n\n".join(part for part in parts if part)


def has_code(text: str) -> bool:
    """Return whether a text holds a block of code."""
    return "```" in text and _prose_spans(text) != [(0, len(text))]


def _prose_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of what is between the blocks of code, of a text in order."""
    spans: list[tuple[int, int]] = []
    start = 0
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif len(fence[0]) >= len(opening[0]):
            spans.append((start, opening.start()))
            start, opening = fence.end(), None
    return [*spans, (start, len(text))]
