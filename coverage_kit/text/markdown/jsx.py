"""Read tags, attributes and expressions of JSX in a text, and where JavaScript ends."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_$][\w$-]*(?:[.:][A-Za-z_$][\w$-]*)*")
_TAG_START = re.compile(r"</?[A-Za-z_$>]")
_ATTRIBUTE = re.compile(r"[A-Za-z_$@:][\w$.:@-]*")
_SPACE = re.compile(r"\s*")
# What decides where JavaScript ends: brackets, lines, strings and comments.
_SIGNS = re.compile(r"[{}()\[\]\n\"'`\\]|//|/\*")
_TEMPLATE_SIGNS = re.compile(r"[`\\]|\$\{")
# The rest of a string behind its first quote. A string ends on its line.
_STRING_RESTS = {
    quote: re.compile(rf"(?:[^{quote}\\\n]|\\.)*+{quote}", re.DOTALL) for quote in "\"'"
}
# A string or a template without expressions, as the whole of an expression.
_STRING = re.compile(
    r"\s*(?:([\"'])((?:\\.|(?!\1)[^\\])*+)\1|`((?:\\.|[^`\\$]|\$(?!\{))*+)`)\s*\Z", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_QUOTED = re.compile(r"([\"'`])((?:\\.|(?!\1)[^\\\n])*+)\1")
_OBJECT = re.compile(r"\{[^{}]*\}")
_PROPERTY = re.compile(r"(?:[\"']|(?<!\w))(\w++)[\"']?\s*+:\s*+([\"'`])((?:\\.|(?!\2)[^\\\n])*+)\2")
# Components for the parts of a table, and their elements.
_TABLE_PARTS = {name.capitalize(): name for name in ("thead", "tbody", "tfoot", "tr", "th", "td")}
_TABLE_PARTS |= {
    "Table": "table",
    "TableHeader": "thead",
    "TableBody": "tbody",
    "TableFooter": "tfoot",
}
_TABLE_PARTS |= {"TableRow": "tr", "TableHead": "th", "TableCell": "td"}
# What hides words of a line, or begins a tag or an expression: code, an escape.
_HIDES = re.compile(r"(`++)(?:(?!\1).)*?\1(?!`)|\\.|[<{]", re.DOTALL)
# Two words side by side outside strings, which JavaScript has only behind its keywords.
_TWO_WORDS = re.compile(r"([A-Za-z_]\w*)[ \t]+[A-Za-z_]\w*")
_KEYWORDS = frozenset(
    {"await", "case", "const", "delete", "function", "in", "instanceof", "let", "new", "of"}
    | {"return", "typeof", "var", "void", "async", "else", "throw", "yield", "as", "satisfies"}
)
# A tag or an expression is no longer than this (assumed): longer ones are data, not markup of text.
_MAX_LENGTH = 60_000
# Words in braces are no longer than this (assumed).
_MAX_PROSE = 2_000
# Levels of templates within one another (assumed).
_MAX_DEPTH = 20


class _BrokenError(Exception):
    """What began is no tag or expression; `reach` is how far it was read."""

    def __init__(self, reach: int) -> None:
        super().__init__(reach)
        self.reach = reach


@dataclass(frozen=True)
class Attribute:
    """An attribute of a tag.

    Attributes:
        name: its name.
        text: its value where that is text, otherwise None.
        expression: the JavaScript in its braces, or empty text.
        start: where its value starts.
        end: where its value ends.
    """

    name: str
    text: str | None
    expression: str
    start: int
    end: int


@dataclass(frozen=True)
class Tag:
    """A tag from `start` to `end`; the name of a fragment is empty."""

    name: str
    start: int
    end: int
    is_closing: bool
    is_self_closing: bool
    attributes: tuple[Attribute, ...]

    @property
    def is_component(self) -> bool:
        """Whether the tag is that of a component, or a fragment, and not of HTML."""
        return is_component(self.name)

    def find(self, names: tuple[str, ...]) -> Attribute | None:
        """Return the first of the named attributes that has text."""
        texts = {item.name: item for item in self.attributes if item.text and item.text.strip()}
        return next((texts[name] for name in names if name in texts), None)


def element_name(name: str) -> str:
    """Return the element of HTML that a component for a part of a table is, or the name as it is.

    >>> element_name("Table.Tr"), element_name("TableHead"), element_name("Card")
    ('tr', 'th', 'Card')
    """
    return _TABLE_PARTS.get(name.removeprefix("Table."), name)


def is_component(name: str) -> bool:
    """Return whether a name is that of a component, or of a fragment (empty), and not of HTML."""
    return not name or name[0].isupper() or name[0] == "$" or "." in name


class Scanner:
    """Reads tags and expressions of one page within a bound of time.

    What does not end is read again from the next sign on. So all reading together is bounded: when
    the bound is reached, nothing more is a tag or an expression.
    """

    def __init__(self, n_characters: int) -> None:
        # The characters that may be read: those of a page many times over (assumed).
        self._left = 500_000 + 6 * n_characters
        self._last: dict[str, int] = {}
        # The last closing brace of a text: behind it no expression ends.
        self._closing: tuple[str, int] = ("", -1)

    def read_tag(self, text: str, position: int, limit: int) -> Tag | None:
        """Return the tag at a position, or None where there is none."""
        if self._left <= 0 or _TAG_START.match(text, position) is None:
            return None
        try:
            tag = _read_tag(text, position, min(limit, position + _MAX_LENGTH))
        except _BrokenError as error:
            self._left -= error.reach - position + 1
            return None
        self._left -= tag.end - position
        return tag

    def has_text(self, text: str, words: str, position: int) -> bool:
        """Return whether words are in a text behind a position; each is searched for once."""
        if words not in self._last:
            self._last[words] = text.rfind(words)
            self._left -= len(text) // 100
        return self._last[words] >= position

    def find_brace(self, text: str, position: int, limit: int) -> int:
        """Return where the expression ends whose brace is at a position, or -1."""
        if self._left <= 0:
            return -1
        if self._closing[0] is not text:
            self._closing = (text, text.rfind("}"))
        if self._closing[1] < position:
            return -1
        try:
            end = _find_brace(text, position, min(limit, position + _MAX_LENGTH))
        except _BrokenError as error:
            self._left -= error.reach - position + 1
            return -1
        self._left -= end - position
        return end

    def find_statement(self, text: str, position: int, limit: int) -> list[int]:
        """Return where lines end outside brackets, from a position on, up to the first blank line.

        The list is empty where a bracket stays open.
        """
        if self._left <= 0:
            return []
        try:
            ends = _find_statement(text, position, min(limit, position + 4 * _MAX_LENGTH))
        except _BrokenError as error:
            self._left -= error.reach - position + 1
            return []
        self._left -= (ends[-1] if ends else limit) - position
        return ends


def _skip_space(text: str, position: int, limit: int) -> int:
    space = _SPACE.match(text, position, limit)
    return space.end() if space is not None else position


def _read_tag(text: str, start: int, limit: int) -> Tag:
    position = start + 1
    is_closing = text.startswith("/", position, limit)
    position += is_closing
    name_match = _NAME.match(text, position, limit)
    written = name_match[0] if name_match is not None else ""
    name = element_name(written)
    position += len(written)
    attributes: list[Attribute] = []
    while True:
        behind_space = _skip_space(text, position, limit)
        if text.startswith(">", behind_space, limit):
            return Tag(name, start, behind_space + 1, is_closing, False, tuple(attributes))
        if text.startswith("/>", behind_space, limit) and name and not is_closing:
            # A table in one tag has its rows in an attribute: it stays a component.
            return Tag(written, start, behind_space + 2, False, True, tuple(attributes))
        if is_closing or not name or behind_space >= limit:
            raise _BrokenError(behind_space)
        if behind_space == position and not (attributes and text[position - 1] in "\"'}"):
            raise _BrokenError(position)
        attribute = _read_attribute(text, behind_space, limit)
        attributes.append(attribute)
        # A value in quotes ends before its quote.
        position = attribute.end + (text[attribute.end : attribute.end + 1] in "\"'")


def _read_attribute(text: str, position: int, limit: int) -> Attribute:
    if text[position] == "{":
        # {...props}, or a comment.
        end = _find_brace(text, position, limit)
        return Attribute("", None, text[position + 1 : end - 1], position, end)
    name = _ATTRIBUTE.match(text, position, limit)
    if name is None:
        raise _BrokenError(position)
    equals = _skip_space(text, name.end(), limit)
    if not text.startswith("=", equals, limit):
        return Attribute(name[0], None, "", name.end(), name.end())
    start = _skip_space(text, equals + 1, limit)
    if text.startswith(("'", '"'), start, limit):
        end = text.find(text[start], start + 1, limit)
        if end < 0:
            raise _BrokenError(limit)
        value = html.unescape(text[start + 1 : end])
        return Attribute(name[0], " ".join(value.split()), "", start + 1, end)
    if text.startswith("{", start, limit):
        end = _find_brace(text, start, limit)
        expression = text[start + 1 : end - 1]
        return Attribute(name[0], read_text(expression), expression, start + 1, end)
    raise _BrokenError(start)


def _signs(text: str, position: int, limit: int, depth: int = 0) -> Iterator[tuple[str, int]]:
    """Yield the brackets and the ends of lines of JavaScript, outside strings and comments."""
    while (match := _SIGNS.search(text, position, limit)) is not None:
        sign = match[0]
        position = match.end()
        if sign in {'"', "'"}:
            position = _skip_string(text, position, limit, sign)
        elif sign == "`":
            position = _skip_template(text, position, limit, depth + 1)
        elif sign == "//":
            # The slashes of an address such as https://x are no comment.
            if not text.startswith(":", match.start() - 1):
                end = text.find("\n", position, limit)
                position = end if end >= 0 else limit
        elif sign == "/*":
            end = text.find("*/", position, limit)
            if end < 0:
                raise _BrokenError(limit)
            position = end + 2
        elif sign == "\\":
            position += 1
        else:
            yield sign, match.start()


def _skip_string(text: str, position: int, limit: int, quote: str) -> int:
    # An apostrophe within a word of text, as in "don't", begins no string.
    if quote == "'" and text[position - 2].isalnum() and text[position : position + 1].isalnum():
        return position
    rest = _STRING_RESTS[quote].match(text, position, limit)
    return rest.end() if rest is not None else position


def _skip_template(text: str, position: int, limit: int, depth: int) -> int:
    if depth > _MAX_DEPTH:
        raise _BrokenError(position)
    while (match := _TEMPLATE_SIGNS.search(text, position, limit)) is not None:
        if match[0] == "`":
            return match.end()
        position = match.end() + 1 if match[0] == "\\" else match.end()
        if match[0] == "${":
            position = _find_brace(text, match.end() - 1, limit, depth)
    raise _BrokenError(limit)


def _find_brace(text: str, position: int, limit: int, depth: int = 0) -> int:
    """Return the position behind the brace that closes the brace at a position."""
    n_open = 0
    for sign, start in _signs(text, position, limit, depth):
        n_open += (sign == "{") - (sign == "}")
        if not n_open:
            return start + 1
    raise _BrokenError(limit)


def _find_statement(text: str, position: int, limit: int) -> list[int]:
    ends: list[int] = []
    n_open = 0
    for sign, start in _signs(text, position, limit):
        if sign in "({[":
            n_open += 1
        elif sign in ")}]":
            n_open -= 1
            if n_open < 0:
                raise _BrokenError(start)
        elif not n_open:
            ends.append(start)
            line_end = text.find("\n", start + 1, limit)
            if not text[start + 1 : line_end if line_end >= 0 else limit].strip():
                return ends
    if n_open:
        raise _BrokenError(limit)
    return [*ends, limit]


def read_string(expression: str) -> str | None:
    """Return the text of an expression that is a string, otherwise None."""
    match = _STRING.match(expression)
    if match is None:
        return None
    value = match[2] if match[2] is not None else match[3]
    return _ESCAPE.sub(lambda escape: " " if escape[1] in "nrt\n" else escape[1], value)


def read_text(expression: str) -> str | None:
    """Return the text of a string, or of an element without expressions; otherwise None.

    >>> read_text("'a b'"), read_text("<b>a</b> b"), read_text("x")
    ('a b', 'a b', None)
    """
    text = read_string(expression)
    if text is None and expression.lstrip().startswith("<") and "{" not in expression:
        text = html.unescape(_TAG.sub(" ", expression))
    return None if text is None else " ".join(text.split())


def read_list(expression: str) -> list[dict[str, str]]:
    """Return the items of a list of strings or objects: the text properties of each.

    A string is an item with a label.

    >>> read_list("['npm', 'yarn']"), read_list("[{label: 'A', value: 'a'}]")
    ([{'label': 'npm'}, {'label': 'yarn'}], [{'label': 'A', 'value': 'a'}])
    """
    if "<" in expression:
        # A label with tags would be left out, and the others would go to the wrong item.
        return []
    objects = [
        {match[1]: match[3] for match in _PROPERTY.finditer(item)}
        for item in _OBJECT.findall(expression)
    ]
    return objects or [{"label": match[2]} for match in _QUOTED.finditer(expression)]


def looks_like_prose(expression: str) -> bool:
    """Return whether what is in braces is words, and no JavaScript.

    >>> looks_like_prose("your own name"), looks_like_prose("user.name")
    (True, False)
    """
    if len(expression) > _MAX_PROSE:
        return False
    bare = _COMMENTS.sub("", _QUOTED.sub('""', expression))
    if "<" in bare or "=>" in bare:
        return False
    return any(match[1] not in _KEYWORDS for match in _TWO_WORDS.finditer(bare))


def hide_tags(text: str) -> str:
    """Return a text of the same length with spaces for its tags and expressions, outside code."""
    scanner = Scanner(len(text))
    pieces: list[str] = []
    position = 0
    while (match := _HIDES.search(text, position)) is not None:
        start, end = match.span()
        hidden = -1
        if match[0] == "<":
            tag = scanner.read_tag(text, start, len(text))
            hidden = tag.end if tag is not None else -1
        elif match[0] == "{":
            hidden = scanner.find_brace(text, start, len(text))
        pieces += [text[position:start], " " * (hidden - start) if hidden > 0 else match[0]]
        position = max(end, hidden)
    return "".join([*pieces, text[position:]])
