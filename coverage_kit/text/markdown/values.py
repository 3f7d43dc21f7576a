"""Values of the names in expressions of MDX, such as {port} behind `export const port = 8443`.

No code is run: names are those of texts, numbers, lists and objects that the page, the component's
attributes, the front matter or a file of data state.
"""

import json
import re
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.text.markdown.front import FrontLines
from coverage_kit.text.markdown.includes import ReadInclude, include_reader_of
from coverage_kit.text.markdown.jsx import read_text

# What is shown for a value that is not known.
UNKNOWN = "\N{HORIZONTAL ELLIPSIS}"
# Longer statements, front matter and files are data, not values of a text (assumed).
_MAX_CHARACTERS = 60_000
_MAX_FILE = 500_000
# Levels of objects within one another (assumed).
_MAX_DEPTH = 20
_SPACE = re.compile(r"(?:\s++|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
_STRING = re.compile(
    r"\"((?:\\.|[^\"\\\n])*+)\"|'((?:\\.|[^'\\\n])*+)'|`((?:\\.|[^`\\])*+)`", re.DOTALL
)
# An escape of JavaScript, and an expression in a template.
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r?\n|.))", re.DOTALL
)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_TEMPLATE_PARTS = re.compile(r"\\.|\$\{([^{}]*+)(\}?)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d[\d_]*+(?:\.\d++)?|\.\d++)(?![\w.])")
_PATH = re.compile(
    r"([A-Za-z_$][\w$]*+)"
    r"((?:\s*+\??\.\s*+[A-Za-z_$][\w$]*+|\[\s*+(?:\d++|'[^'\n]*+'|\"[^\"\n]*+\")\s*+\])*+)"
)
_STEP = re.compile(r"[A-Za-z_$][\w$]*+|\d++|'[^'\n]*+'|\"[^\"\n]*+\"")
_KEY = re.compile(r"([A-Za-z_$][\w$]*+)|\"([^\"\\\n]*+)\"|'([^'\\\n]*+)'|(\d++)")
# Values that React shows as nothing.
_NOTHING = frozenset({"true", "false", "null", "undefined"})
# The words between the tags of a component, which are shown beside it.
_CHILDREN = frozenset({"children", "props.children"})
# A name that a statement gives a value, and what may be behind the value.
_DECLARATION = re.compile(r"export\s+(?:declare\s+)?(?:const|let|var)\s+")
_DECLARED = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*(?::[^=\n]{0,200})?=(?![=>])")
_TAIL = re.compile(r"[ \t]*(?:(?:as|satisfies)\s+[\w.$<>\[\], ]{1,200}?)?\s*(,|;|\Z|\n)")
_PROPERTY = re.compile(r"(?:[\"']|(?<!\w))(\w++)[\"']?\s*+:\s*+([\"'`])((?:\\.|(?!\2)[^\\\n])*+)\2")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
# Names that MDX or a generator gives every page.
_GLOBALS = frozenset(
    {"props", "frontMatter", "frontmatter", "children", "toc", "contentTitle", "metadata", "assets"}
    | {"React", "Math", "JSON", "Object", "String", "Date", "process", "require", "data"}
)
# Words in braces that are no JavaScript: {aix,arm}, {a|b}, {0..9}, {...}.
_LISTED = r"[\w-]++(?:\.[\w-]++)*+"
_WORD_LIST = re.compile(
    rf"\s*+{_LISTED}(?:\s*+(?:,|\||\.\.)\s*+{_LISTED})++\s*+\Z|\s*+\.{{2,}}+\s*+\Z"
)
_ONE_WORD = re.compile(r"\s*+(?:([A-Za-z_$][\w$]*+)[\w$.-]*+|\d++|)\s*+\Z")
# A file that is imported as its text.
_RAW_TARGET = re.compile(r"!!?raw-loader!(.+)|(.+)\?raw\Z")
# A key of YAML with a value on its line, the value in quotes, and what begins no plain text.
_FRONT_LINE = re.compile(r"^([A-Za-z_][\w-]*+):[ \t]++([^\r\n]++)", re.MULTILINE)
_FRONT_QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*+)\"|'((?:''|[^'])*+)'")
_COMMENT = re.compile(r"[ \t]#")
_NO_PLAIN = ('"', "'", "|", ">", "[", "{", "&", "*", "!", "#", "%", "@", "`")


class _UnknownError(Exception):
    """An expression whose value is not known."""


@dataclass
class Names:
    """The names that the expressions of one page may use.

    Attributes:
        env: what the parser knows of the page.
        known: values by names: texts, lists and mappings.
        files: targets of the files that are imported under a name.
        declared: every name in imports and exports, whether its value is known or not.
        are_braces_words: whether a name that nothing declares is a word in braces.
    """

    env: MutableMapping[str, Any]
    known: dict[str, object] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    are_braces_words: bool = False

    def declare(self, statement: str, imports: Mapping[str, str]) -> None:
        """Add the names of an import or export."""
        self.files.update(imports)
        self.declared.update(_IDENTIFIER.findall(statement))
        if len(statement) <= _MAX_CHARACTERS:
            self.known.update(_read_declarations(statement, self))

    def find(self, name: str) -> object:
        """Return the value of a name; raises _UnknownError where it is not known."""
        if name not in self.known and name in self.files:
            self.known[name] = self._read_file(self.files[name])
        if self.known.get(name) is None:
            raise _UnknownError
        return self.known[name]

    def _read_file(self, target: str) -> object:
        raw = _RAW_TARGET.match(target)
        path = (raw[1] or raw[2]) if raw is not None else target
        if raw is None and not path.endswith(".json"):
            return None
        text = include_reader_of(self.env).read_text(path)
        if text is None or len(text) > _MAX_FILE or raw is not None:
            return text
        return _read_json(text)


def new_env(
    source: str,
    front: FrontLines | None,
    read_include: ReadInclude | None,
    *,
    is_mdx_by_signs: bool = False,
) -> dict[str, Any]:
    """Return what the parser knows of a page before it reads it.

    Args:
        source: the page's file.
        front: where its front matter is.
        read_include: returns the text of a file that the page includes, by its target.
        is_mdx_by_signs: whether the file is MDX by its signs alone: then a name in braces that the
            file declares nowhere is a word, such as a placeholder.
    """
    values = _front_values(source, front) if front is not None else {}
    return {"read_include": read_include, "front": values, "are_braces_words": is_mdx_by_signs}


def names_of(env: MutableMapping[str, Any]) -> Names:
    """Return the names of the page that is being parsed."""
    names: Names | None = env.get("names")
    if names is None:
        front = env.get("front", {})
        known = {"frontMatter": front, "frontmatter": front, "props": env.get("props")}
        are_words = bool(env.get("are_braces_words"))
        names = env["names"] = Names(env, known, are_braces_words=are_words)
    return names


def value_of(expression: str, names: Names) -> str | None:
    """Return the text of an expression, or None where it is not known.

    A part of a template that is not known is shown as "…".
    """
    reader = _ValueReader(expression, names)
    if reader.is_at_end() or expression.strip() in _CHILDREN:
        return ""
    try:
        value = reader.read()
    except _UnknownError:
        value = None
    if value is None or not reader.is_at_end():
        return read_text(expression)
    return value if isinstance(value, str) else None


def is_prose(expression: str, names: Names) -> bool:
    """Return whether braces hold words that are no JavaScript, or a name that nothing declares.

    >>> is_prose("aix,arm", Names({})), is_prose("port", Names({}))
    (True, False)
    """
    if _WORD_LIST.match(expression) is not None:
        return True
    if not names.are_braces_words:
        return False
    word = _ONE_WORD.match(expression)
    return word is not None and word[1] not in _GLOBALS | names.declared


class _ValueReader:
    """Reads one value of JavaScript from the start of a text."""

    def __init__(self, text: str, names: Names, position: int = 0) -> None:
        self.text = text
        self.names = names
        self.position = position

    def is_at_end(self) -> bool:
        """Return whether nothing but comments is left."""
        self._skip()
        return self.position >= len(self.text)

    def read(self, depth: int = 0) -> object:
        """Return the value; raises _UnknownError where it is not known."""
        self._skip()
        if depth > _MAX_DEPTH:
            raise _UnknownError
        if (match := self._take(_STRING)) is not None:
            if match[3] is not None:
                return self._fill(match[3])
            return _unescape(match[1] if match[1] is not None else match[2])
        if (match := self._take(_NUMBER)) is not None:
            return _number(match[0])
        if self._take_sign("{"):
            return self._read_object(depth)
        if self._take_sign("["):
            return self._read_list(depth)
        if (match := self._take(_PATH)) is not None:
            return self._find(match)
        raise _UnknownError

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.position)
        self.position = space.end() if space is not None else self.position

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match is not None else self.position
        return match

    def _take_sign(self, sign: str) -> bool:
        self._skip()
        is_next = self.text.startswith(sign, self.position)
        self.position += len(sign) if is_next else 0
        return is_next

    def _read_object(self, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        while not self._take_sign("}"):
            key = self._take(_KEY)
            if key is None:
                raise _UnknownError
            name = next(text for text in key.groups() if text is not None)
            if self._take_sign(":"):
                values[name] = self.read(depth + 1)
            else:
                values[name] = self.names.find(name)
            if not self._take_sign(","):
                if not self._take_sign("}"):
                    raise _UnknownError
                break
        return values

    def _read_list(self, depth: int) -> list[object]:
        values = []
        while not self._take_sign("]"):
            values.append(self.read(depth + 1))
            if not self._take_sign(","):
                if not self._take_sign("]"):
                    raise _UnknownError
                break
        return values

    def _find(self, path: re.Match[str]) -> object:
        if path[0] in _NOTHING:
            return ""
        value = self.names.find(path[1])
        for step in _STEP.findall(path[2]):
            key = step.strip("\"'")
            if isinstance(value, Mapping) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdecimal() and int(key[:9]) < len(value):
                value = value[int(key[:9])]
            elif path[1] == "props":
                # An attribute that the component lacks is shown as nothing.
                value = ""
            else:
                raise _UnknownError
        return value

    def _fill(self, template: str) -> str:
        """Return the text of a template with the values of its expressions."""

        def fill(match: re.Match[str]) -> str:
            if match[1] is None:
                return _unescape(match[0])
            if not match[2]:
                raise _UnknownError
            value = value_of(match[1], self.names)
            return UNKNOWN if value is None else value

        return _TEMPLATE_PARTS.sub(fill, template)


def _read_declarations(statement: str, names: Names) -> dict[str, object]:
    """Return the values that an export states, by names."""
    start = _DECLARATION.match(statement)
    values: dict[str, object] = {}
    position = start.end() if start is not None else len(statement)
    while (declared := _DECLARED.match(statement, position)) is not None:
        reader = _ValueReader(statement, names, declared.end())
        try:
            value = reader.read()
        except _UnknownError:
            value = None
        tail = _TAIL.match(statement, reader.position) if value is not None else None
        if tail is None:
            texts = _texts_of_object(statement, declared.end())
            return values | ({declared[1]: texts} if texts else {})
        values[declared[1]] = value
        if tail[1] != ",":
            break
        position = tail.end()
    return values


def _texts_of_object(statement: str, start: int) -> dict[str, object]:
    """Return the texts of an object that also holds other things, but no objects."""
    rest = statement[start:].strip()
    if not rest.startswith("{") or rest.count("{") > 1:
        return {}
    return {match[1]: _unescape(match[3]) for match in _PROPERTY.finditer(rest)}


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            number = int(code, 16)
            is_character = number < 0x110000 and not 0xD800 <= number < 0xE000
            return chr(number) if is_character else UNKNOWN
        return "" if match[4].endswith("\n") else _CONTROLS.get(match[4], match[4])

    return _ESCAPE.sub(replace, text) if "\\" in text else text


def _number(text: str) -> str:
    """Return a number as JavaScript shows it.

    >>> _number("8_443"), _number("2.0"), _number("1.50")
    ('8443', '2', '1.5')
    """
    digits = text.replace("_", "")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _plain(value: object) -> object:
    """Return a value of JSON or TOML with its numbers as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return ""
    return _number(str(value)) if isinstance(value, int | float) else str(value)


def _read_json(text: str) -> object:
    try:
        return _plain(json.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return None


def _front_values(source: str, front: FrontLines) -> object:
    """Return what front matter states as one line, by its keys."""
    text = source[front.start : front.end]
    if len(text) > _MAX_CHARACTERS:
        return {}
    if front.kind == "json":
        return _read_json(text) or {}
    if front.kind == "toml":
        try:
            return _plain(tomllib.loads(text))
        except (ValueError, RecursionError):
            return {}
    values: dict[str, object] = {}
    for key, value in _FRONT_LINE.findall(text):
        quoted = _FRONT_QUOTED.match(value)
        comment = _COMMENT.search(value)
        plain = (value[: comment.start()] if comment is not None else value).strip()
        if quoted is not None:
            double, single = quoted.groups()
            values[key] = _unescape(double) if double is not None else single.replace("''", "'")
        elif not plain.startswith(_NO_PLAIN):
            values[key] = _number(plain) if _NUMBER.fullmatch(plain) is not None else plain
    return values
