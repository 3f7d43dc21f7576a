"""Match paths with the patterns that configurations of generators exclude files by."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Longer patterns, and those with more stars, are no patterns that people write (assumed); the
# search could take long on them.
_MAX_CHARACTERS = 300
_MAX_STARS = 8
_PART = re.compile(r"\*\*/|\*\*|\*|\?|\{[^{}]*\}|\[[^\]]*\]|.", re.DOTALL)


@dataclass(frozen=True)
class Globs:
    """Patterns of paths, such as '**/_*.md': a path matches where one of them matches it whole."""

    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, values: object) -> "Globs":
        """Return the patterns of a configured list; what is no text is left out."""
        texts = values if isinstance(values, list) else [values]
        return cls(tuple(_pattern(text) for text in texts if isinstance(text, str) and _fits(text)))

    def match(self, path: str) -> bool:
        """Return whether one of the patterns is the whole path."""
        return any(pattern.fullmatch(path) for pattern in self.patterns)


@dataclass(frozen=True)
class Ignored:
    """Lines of a file like .gitignore: the last line that matches decides."""

    rules: tuple[tuple[bool, re.Pattern[str]], ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Ignored":
        """Return the rules of lines; blank lines and comments are none."""
        return cls(tuple(rule for line in lines for rule in _rules(line.strip())))

    def match(self, path: str) -> bool:
        """Return whether a file's path, or a folder above it, is ignored."""
        is_ignored = False
        for ignores, pattern in self.rules:
            if is_ignored is not ignores and pattern.fullmatch(path):
                is_ignored = ignores
        return is_ignored


def _rules(line: str) -> list[tuple[bool, re.Pattern[str]]]:
    if not line or line.startswith("#") or not _fits(line):
        return []
    ignores = not line.startswith("!")
    text = line.removeprefix("!").rstrip("/")
    anchored = "/" in text
    body = _source(text.lstrip("/"))
    return [(ignores, re.compile(f"{'' if anchored else '(?:.*/)?'}{body}(?:/.*)?", re.DOTALL))]


def _fits(text: str) -> bool:
    return len(text) <= _MAX_CHARACTERS and text.count("*") <= _MAX_STARS


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_source(text.removeprefix("./").removeprefix("/")), re.DOTALL)


def _source(text: str) -> str:
    return "".join(_part_source(match[0]) for match in _PART.finditer(text))


def _part_source(part: str) -> str:
    fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in fixed:
        return fixed[part]
    if len(part) > 1 and part[0] == "{":
        return f"(?:{'|'.join(_source(choice) for choice in part[1:-1].split(','))})"
    if len(part) > 2 and part[0] == "[":
        negated = part[1] in "!^"
        signs = part[2:] if negated else part[1:]
        inside = signs[:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
        return f"[{'^' if negated else ''}{inside}]" if inside else re.escape(part)
    return re.escape(part)


NO_GLOBS = Globs()
NONE_IGNORED = Ignored()
