"""Read plain values out of configurations, without running any of them."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

# Configurations are small: a larger one holds something else (assumed).
_MAX_BYTES = 400_000
_MAX_DEPTH = 40
# Objects of a script that are tried as its configuration, and those of them that may be broken.
_MAX_OBJECTS = 200
_MAX_BROKEN = 3
# Keys of the configurations of Docusaurus, VitePress, Astro and Next.js at their top level.
_WRAPPED = ("contentDirBasePath", "i18n")
_KEYS = frozenset(
    {
        *("title", "url", "baseUrl", "presets", "plugins", "themeConfig", "i18n", "trailingSlash"),
        *("base", "srcDir", "srcExclude", "cleanUrls", "rewrites", "site", "integrations"),
        *("contentDirBasePath", "pageExtensions", "output"),
    }
)
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d_]*(?:\.\d+)?")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_CONSTANT = re.compile(
    r"\b(?:const|let|var)\s+([A-Za-z_$][\w$]{0,60})(?:\s*:\s*\w{1,30})?\s*=\s*"
    r"(\"[^\"\n]{0,300}\"|'[^'\n]{0,300}')"
)
# Where an object may begin that is a configuration: after '=', '(', 'default' and 'return'.
_OBJECT = re.compile(r"(?:=|\(|\bdefault|\breturn)\s*(?=\{)")
_CLOSERS = {"{": "}", "[": "]", "(": ")"}
_ESCAPES = {"n": "\n", "t": "\t"}

Values = dict[str, Any]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # one of the two
    """YAML's safe loader, to which an unknown tag is no error: MkDocs has tags of its own."""


def _unknown(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    """Return the value of a tag such as `!ENV [NAME, value]`: the last of a list, else None."""
    if isinstance(node, yaml.SequenceNode) and node.value:
        last = node.value[-1]
        return last.value if isinstance(last, yaml.ScalarNode) else None
    return None


_Loader.add_multi_constructor("", _unknown)


def read_text(path: Path) -> str:
    """Return the text of a small file; empty text where it is missing, large or unreadable."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return ""
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


def read_config(path: Path) -> Values | None:
    """Return the values of a configuration by its ending; None where it cannot be read.

    YAML, TOML, JSON, Python's assignments and the first object of a script are read. Expressions
    that are no plain values are None.
    """
    text = read_text(path)
    if not text:
        return None
    readers = {
        ".yml": read_yaml,
        ".yaml": read_yaml,
        ".toml": _read_toml,
        ".json": _read_json,
        ".py": _read_python,
    }
    return readers.get(path.suffix.lower(), read_script)(text)


def read_yaml(text: str) -> Values | None:
    """Return the mapping of a YAML text, or None where it is none."""
    try:
        values = yaml.load(text, _Loader)  # noqa: S506 (a safe loader)
    # Hostile dates and numbers raise ValueError.
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return None
    return _mapping(values)


def _read_toml(text: str) -> Values | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None


def _read_json(text: str) -> Values | None:
    try:
        return _mapping(json.loads(text))
    except (ValueError, RecursionError):
        # With comments and trailing commas it is an object of a script.
        return read_script(f"({text})")


def _mapping(values: object) -> Values | None:
    if not isinstance(values, dict):
        return None
    return {str(key): value for key, value in values.items()}


def _read_python(text: str) -> Values | None:
    """Return the plain values that a script of Python assigns at its top level."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values: Values = {}
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                values[statement.targets[0].id] = ast.literal_eval(statement.value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                values[statement.targets[0].id] = None
    return values


def read_script(text: str) -> Values | None:
    """Return the values of the object of a JavaScript or TypeScript text that is a configuration.

    That is the object with the most keys that configurations have, and of several the largest. What
    Nextra and Next.js name in two objects, `nextra({...})({...})`, counts together.

    A call such as `starlight({...})` is {"call": "starlight", "arguments": [...]}.
    """
    constants = {match[1]: match[2][1:-1] for match in _CONSTANT.finditer(text)}
    best: Values | None = None
    wrapped: Values = {}
    start = n_broken = 0
    for _ in range(_MAX_OBJECTS):
        match = _OBJECT.search(text, start)
        if match is None or n_broken > _MAX_BROKEN:
            break
        reader = _Script(text, match.end(), constants)
        start = match.end() + 1
        try:
            values = reader.value(0)
        except (_NoValueError, RecursionError):
            n_broken += 1
            continue
        if isinstance(values, dict):
            start = max(start, reader.at)
            wrapped |= {key: values[key] for key in _WRAPPED if key in values}
            best = values if best is None or _score(values) > _score(best) else best
    return wrapped | best if best is not None else None


def _score(values: Values) -> tuple[int, int]:
    return len(_KEYS.intersection(values)), len(values)


class _NoValueError(Exception):
    """The text is no value, or its end is missing."""


class _Script:
    """Reads one value of a script, from a position on."""

    def __init__(self, text: str, at: int, constants: dict[str, str]) -> None:
        self.text, self.at, self.constants = text, at, constants

    def value(self, depth: int) -> Any:
        """Return the value at the position, and move behind it."""
        if depth > _MAX_DEPTH:
            raise _NoValueError
        self._skip_space()
        value = self._simple_value(depth)
        if depth == 0:
            return value
        self._skip_space()
        if self._sign() not in ",}])" and not self._is_typed():
            # An operator, a dot or a call follows: the value is not known.
            self._skip_expression()
            return None
        return value

    def _simple_value(self, depth: int) -> Any:
        sign = self._sign()
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return list(self._items("]", depth))
        if sign == "(":
            values = list(self._items(")", depth))
            return values[0] if len(values) == 1 else None
        if string := _STRING.match(self.text, self.at):
            self.at = string.end()
            return _plain_string(string[0])
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return float(number[0].replace("_", ""))
        return self._named(depth)

    def _named(self, depth: int) -> Any:
        name = _NAME.match(self.text, self.at)
        if name is None:
            self._skip_expression()
            return None
        self.at = name.end()
        self._skip_space()
        if self._sign() == "(":
            return {"call": name[0], "arguments": list(self._items(")", depth))}
        words = {"true": True, "false": False}
        return words.get(name[0], self.constants.get(name[0]))

    def _object(self, depth: int) -> Values:
        values: Values = {}
        self.at += 1
        while True:
            self._skip_space()
            sign = self._sign()
            if sign == "}":
                self.at += 1
                return values
            if sign == ",":
                self.at += 1
                continue
            start = self.at
            self._pair(values, depth)
            if self.at == start:
                raise _NoValueError

    def _pair(self, values: Values, depth: int) -> None:
        match = _STRING.match(self.text, self.at) or _NAME.match(self.text, self.at)
        if match is None:
            # A spread, or a computed key.
            self._skip_expression()
            return
        key = _plain_string(match[0]) if match[0][0] in "\"'`" else match[0]
        self.at = match.end()
        self._skip_space()
        sign = self._sign()
        if sign == ":":
            self.at += 1
            values[str(key)] = self.value(depth + 1)
        elif sign in ",}":
            values[str(key)] = self.constants.get(str(key))
        else:
            # A method.
            self._skip_expression(ends_with_block=True)

    def _items(self, closer: str, depth: int) -> Iterator[Any]:
        self.at += 1
        while True:
            self._skip_space()
            sign = self._sign()
            if sign == closer:
                self.at += 1
                return
            if sign == ",":
                self.at += 1
                continue
            start = self.at
            yield self.value(depth + 1)
            if self.at == start:
                raise _NoValueError

    def _is_typed(self) -> bool:
        """Return whether only a type follows, as in `{...} satisfies Config`, and pass it."""
        match = re.compile(r"(?:as|satisfies)\s").match(self.text, self.at)
        if match is not None:
            self._skip_expression()
        return match is not None

    def _skip_expression(self, *, ends_with_block: bool = False) -> None:
        """Move to the next ',' or closing bracket of this level, or behind a method's block."""
        closers: list[str] = []
        while self.at < len(self.text):
            self._skip_space()
            if self.at >= len(self.text):
                return
            sign = self.text[self.at]
            if not closers and sign in ",}])":
                return
            if string := _STRING.match(self.text, self.at):
                self.at = string.end()
                continue
            if sign == "`" or self.text.startswith("/*", self.at):
                # Without an end: searching for it from each such sign would take long.
                raise _NoValueError
            self.at += 1
            if sign in _CLOSERS:
                closers.append(_CLOSERS[sign])
            elif closers and sign == closers[-1]:
                closers.pop()
                if ends_with_block and sign == "}" and not closers:
                    return

    def _skip_space(self) -> None:
        if match := _SPACE.match(self.text, self.at):
            self.at = match.end()

    def _sign(self) -> str:
        if self.at >= len(self.text):
            raise _NoValueError
        return self.text[self.at]


def _plain_string(quoted: str) -> str | None:
    """Return a quoted string's text; None where a template has values in it."""
    inside = quoted[1:-1]
    if quoted[0] == "`" and "${" in inside:
        return None
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), inside, flags=re.DOTALL)
