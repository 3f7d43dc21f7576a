"""Match paths with the patterns that configurations of generators exclude files by.

A pattern is matched folder by folder, and each star takes the first text that fits, so that no
pattern and no path takes long.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Longer patterns, and more choices in braces, are none that people write (assumed).
_MAX_CHARACTERS = 300
_MAX_CHOICES = 64
_BRACES = re.compile(r"\{([^{}]*)\}")
_PART = re.compile(r"\*+|\?|\[[^\]]+\]|.", re.DOTALL)
_ANY_FOLDERS = None

# A folder's or file's name; None for any number of folders.
_Step = re.Pattern[str] | None


@dataclass(frozen=True)
class Globs:
    """Patterns of paths, such as '**/_*.md': a path matches where one of them matches it whole."""

    patterns: tuple[tuple[_Step, ...], ...] = ()

    @classmethod
    def of(cls, values: object) -> "Globs":
        """Return the patterns of a configured list; what is no text is left out."""
        texts = values if isinstance(values, list) else [values]
        return cls(
            tuple(
                _steps(choice.removeprefix("./").removeprefix("/"))
                for text in texts
                if isinstance(text, str)
                for choice in _choices(text)
            )
        )

    def match(self, path: str) -> bool:
        """Return whether one of the patterns is the whole path."""
        names = path.split("/")
        return any(len(names) in _ends(steps, names) for steps in self.patterns)


@dataclass(frozen=True)
class Ignored:
    """Lines of a file like .gitignore: the last line that matches decides.

    Each rule says whether it ignores, and what.
    """

    rules: tuple[tuple[bool, tuple[_Step, ...]], ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Ignored":
        """Return the rules of lines; blank lines and comments are none."""
        return cls(tuple(rule for line in lines for rule in _rules(line.strip())))

    def match(self, path: str) -> bool:
        """Return whether a file's path, or a folder above it, is ignored."""
        names = path.split("/")
        is_ignored = False
        for ignores, steps in self.rules:
            if is_ignored is not ignores and _ends(steps, names) - {0}:
                is_ignored = ignores
        return is_ignored


def _rules(line: str) -> list[tuple[bool, tuple[_Step, ...]]]:
    if not line or line.startswith("#") or len(line) > _MAX_CHARACTERS:
        return []
    text = line.removeprefix("!").rstrip("/")
    steps = _steps(text.lstrip("/"))
    # A name without folders is ignored in every folder.
    return [(not line.startswith("!"), steps if "/" in text else (_ANY_FOLDERS, *steps))]


def _choices(text: str) -> list[str]:
    """Return a pattern once for each choice of its braces."""
    if len(text) > _MAX_CHARACTERS:
        return []
    texts = [text]
    while len(texts) <= _MAX_CHOICES and _BRACES.search(texts[0]) is not None:
        texts = [choice for text in texts for choice in _first_choices(text)]
    return texts


def _first_choices(text: str) -> list[str]:
    match = _BRACES.search(text)
    if match is None:
        return [text]
    start, end = match.span()
    return [f"{text[:start]}{choice}{text[end:]}" for choice in match[1].split(",")]


def _steps(text: str) -> tuple[_Step, ...]:
    return tuple(_ANY_FOLDERS if name == "**" else _name(name) for name in text.split("/"))


def _name(text: str) -> re.Pattern[str]:
    """Return the pattern of one name. All stars but the last take the first text that fits."""
    sources = [[""]]
    for match in _PART.finditer(text):
        if match[0][0] == "*":
            sources.append([])
        else:
            sources[-1].append(_sign(match[0]))
    fixed = ["".join(source) for source in sources]
    middle = "".join(f"(?>.*?{source})" for source in fixed[1:-1])
    end = f".*{fixed[-1]}" if len(fixed) > 1 else ""
    return re.compile(f"{fixed[0]}{middle}{end}", re.DOTALL)


def _sign(part: str) -> str:
    if part == "?":
        return "."
    if len(part) > 2:
        inside = part[1:-1]
        negated = inside[0] in "!^" and len(inside) > 1
        signs = re.sub(r"([\\\[\]^&|~])", r"\\\1", inside[1:] if negated else inside)
        try:
            re.compile(f"[{signs}]")
        except re.error:
            return re.escape(part)
        return f"[{'^' if negated else ''}{signs}]"
    return re.escape(part)


def _ends(steps: Sequence[_Step], names: Sequence[str]) -> set[int]:
    """Return after how many of a path's names a pattern may end."""
    ends = {0}
    for step in steps:
        if step is None:
            ends = set(range(min(ends), len(names) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(names) and step.fullmatch(names[end])}
        if not ends:
            break
    return ends


NO_GLOBS = Globs()
NONE_IGNORED = Ignored()
