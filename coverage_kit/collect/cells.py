"""The text of a cell, whatever its type and depth."""

import math
from typing import Any

from coverage_kit.collect.decode import readable

# The fields of an object that may hold its text; the first with text counts.
_TEXT_KEYS = (
    "content",
    "text",
    "output_text",
    "answer",
    "message",
    "parts",
    "name",
    "query",
    "q",
    "title",
)
# Text is sought no deeper in nested objects and lists (assumed).
_MAX_DEPTH = 8


def text_of(value: Any, depth: int = 0) -> str:
    """Return a cell as stripped text, '' for a missing value.

    The texts of a list, such as the parts of a message, are joined by newlines.
    """
    if type(value) is str:
        return readable(value).strip()
    if value is None or depth > _MAX_DEPTH or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, dict):
        return next(
            (text for key in _TEXT_KEYS if (text := text_of(value.get(key), depth + 1))),
            "",
        )
    if isinstance(value, (list, tuple)):
        return "\n".join(text for item in value if (text := text_of(item, depth + 1)))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return readable(str(value)).strip()
