"""What a file leaves to its site's build: values and components whose words are not in it."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

# Longer sources are shortened where they are shown.
_MAX_SHOWN = 60


@dataclass
class Unknown:
    """What a page shows and its file does not say.

    Attributes:
        values: the sources of values, such as '{events.map(…)}' and '{{ site.phone }}'.
        components: the sources of components and shortcodes without words in the file, such as
            '<DocCardList />' and '{{< version >}}'.
    """

    values: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)

    def add_value(self, source: str) -> None:
        """Add a value by its source."""
        self.values.append(_shorten(source))

    def add_component(self, source: str) -> None:
        """Add a component or shortcode by its source."""
        self.components.append(_shorten(source))


def unknown_of(env: MutableMapping[str, Any]) -> Unknown:
    """Return what the page that is being parsed leaves to the build, with the files it includes."""
    unknown: Unknown = env.setdefault("unknown", Unknown())
    return unknown


def _shorten(source: str) -> str:
    line = " ".join(source[: 2 * _MAX_SHOWN].split())
    return line if len(line) <= _MAX_SHOWN else f"{line[:_MAX_SHOWN]}…"
