"""Parts whose ends are lines of their own: components of MDX and directives.

Their opening and closing lines are tokens beside each other, not levels of the tree: so a part that
is never closed, or closed within another block, loses nothing of the text around it.
"""

from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from coverage_kit.text.markdown.labels import close_part, open_part
from coverage_kit.text.markdown.limits import MAX_NESTING, MarkupError


@dataclass
class OpenPart:
    """A part that has begun.

    Attributes:
        name: the name of its component, or the colons of its directive.
        opening: the token that begins it; its map is completed when the part ends.
        has_label: whether it has a label, and so a closing token.
        html: what closes its HTML element, or empty text.
        tabs: the tabs that the part names itself: labels and values.
        n_tabs: how many of its tabs have begun.
    """

    name: str
    opening: Token
    has_label: bool = False
    html: str = ""
    tabs: list[dict[str, str]] = field(default_factory=list)
    n_tabs: int = 0


class OpenParts:
    """The parts of a page that have begun and not ended."""

    def __init__(self) -> None:
        self.stack: list[OpenPart] = []
        self._counts: Counter[str] = Counter()

    def begin(
        self,
        state: StateBlock,
        name: str,
        label: str,
        lines: tuple[int, int],
        *,
        is_attribute: bool = False,
    ) -> OpenPart:
        """Begin a part on these lines (the first, and the line behind the last) and return it.

        Raises MarkupError where parts are nested too deeply.
        """
        if label:
            opening = open_part(state, label, *lines, is_attribute=is_attribute)
            # The part may end in another block, so that it is no level of the tree.
            state.level -= 1
        else:
            opening = push_hidden(state, "component_open", lines)
        return self.add(OpenPart(name, opening, bool(label)))

    def add(self, part: OpenPart) -> OpenPart:
        """Add a part whose opening token is there already, and return it."""
        if len(self.stack) >= MAX_NESTING:
            raise MarkupError("nested too deeply")
        self.stack.append(part)
        self._counts[part.name] += 1
        return part

    def end(self, state: StateBlock, name: str, line: int) -> bool:
        """End the innermost part of this name, and those within it, before a line.

        Returns False where no such part is open.
        """
        if not self._counts[name]:
            return False
        while True:
            part = self.stack.pop()
            self._counts[part.name] -= 1
            self._close(state, part, line)
            if part.name == name:
                return True

    def _close(self, state: StateBlock, part: OpenPart, line: int) -> None:
        if part.has_label:
            state.level += 1
            close_part(state)
        if part.html:
            push_hidden(state, "html_tag", (line - 1, line)).content = part.html
        if part.opening.map is not None:
            part.opening.map[1] = line
            part.opening.meta["is_closed"] = True


def push_hidden(state: StateBlock, kind: str, lines: tuple[int, int]) -> Token:
    """Add a token that is not rendered as an element of its own."""
    token = state.push(kind, "", 0)
    token.block = True
    token.hidden = True
    token.map = list(lines)
    return token


def open_parts(env: MutableMapping[str, Any]) -> OpenParts:
    """Return the parts of the page that is being parsed."""
    parts: OpenParts = env.setdefault("open_parts", OpenParts())
    return parts
