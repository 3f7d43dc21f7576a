"""Read the front matter of a Markdown file: YAML, TOML or JSON, whole or what of it can be read."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

import yaml

from coverage_kit.collect.dates import parse_time
from coverage_kit.text.markdown.front import FrontKind

# Longer front matter is not read, because its parser is slow.
_MAX_CHARACTERS = 64_000
# More values, or values nested more deeply, are no front matter that people write (assumed).
_MAX_VALUES = 5_000
_MAX_DEPTH = 20
# Keys of the date of publication and of the last change, in order of preference. A point leads to
# a key within a key.
PUBLISHED_KEYS = (
    "date",
    "date.created",
    "published",
    "published_at",
    "published_date",
    "published_time",
    "publishdate",
    "publish_date",
    "pubdate",
    "pub_date",
    "date_published",
    "datepublished",
    "created",
    "created_at",
    "creation_date",
    "git_creation_date",
)
MODIFIED_KEYS = (
    "lastmod",
    "last_modified",
    "last_modified_at",
    "lastmodified",
    "modified",
    "modified_at",
    "date_modified",
    "datemodified",
    "updated",
    "updated_at",
    "date_updated",
    "updated_date",
    "updateddate",
    "date.updated",
    "lastupdated",
    "last_updated",
    "last_update.date",
    "revision_date",
    "git_revision_date",
    "git_revision_date_localized",
)
URL_KEYS = ("url", "canonical", "canonical_url", "canonicalurl", "permalink")
# Titles of a page that has neither a title nor a heading.
_SHORT_TITLES = ("linktitle", "sidebar_label", "sidebartitle", "nav_title", "short_title")
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
# A template in a value, such as "{{ site.title }}", which only the generator can fill in.
_TEMPLATE = re.compile(r"\{\{|\{%")
# A key of YAML or TOML at the start of a line, and what follows it.
_YAML_KEY = re.compile(r"([A-Za-z_][\w.-]*|\"[^\"\n]*\"|'[^'\n]*')[ \t]*:(?:[ \t]+(.*)|$)")
_TOML_KEY = re.compile(r"([A-Za-z_][\w-]*|\"[^\"\n]*\")[ \t]*=[ \t]*(.*)")
# Permalinks that are patterns, of which only the generator makes an address.
_URL_PATTERN = re.compile(r"[/.]?:\w|[{}<>\s]|\A(?:pretty|date|none|ordinal|weekdate)\Z")
_LANGUAGE = re.compile(r"\A([A-Za-z]{2,3})(?=[-_]|\Z)")
_DIGIT = re.compile(r"\d")

Plain = str | int | float | bool | None


class _FrontLoader(yaml.SafeLoader):
    """A safe loader to which only true, false, nothing and whole numbers are more than text.

    So a title "No" and a version 1.10 stay as they are written, and dates are read with all others.
    """


# The resolvers of its base read dates, fractions and words such as "No" as more than text.
_FrontLoader.yaml_implicit_resolvers = {}
_FrontLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_FrontLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_FrontLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9]\d{0,17})$"), list("-0123456789")
)


class _TooMuchError(Exception):
    """Front matter of too many values; its text says of what."""


@dataclass(frozen=True)
class FrontMatter:
    """The front matter of a page.

    Attributes:
        values: texts, numbers, true or false, None, lists and mappings, by keys in lower case.
        problem: why it could not be read as a whole, such as 'front matter that is no YAML', or
            empty text.
        detail: what is only of this page, such as 'line 2', or empty text.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    problem: str = ""
    detail: str = ""

    def text(self, *keys: str) -> str:
        """Return the first text or number under these keys on one line, or empty text.

        A key such as 'last_update.date' leads to a key within a key.
        """
        return next((text for key in keys for text in self.texts(key)[:1]), "")

    def texts(self, key: str) -> list[str]:
        """Return the texts under a key: of a list each, and of a mapping its name or title."""
        value = self._value(key)
        items = value if isinstance(value, list) else [value]
        return [text for item in items if (text := _text_of(item))]

    def date(self, keys: Sequence[str]) -> datetime | None:
        """Return the first time under these keys, in UTC, or None without any."""
        moments = (parse_time(self._value(key)) for key in keys)
        return next((moment for moment in moments if moment is not None), None)

    @property
    def url(self) -> str:
        """The address that the page names for itself, or empty text; patterns are none."""
        urls = (self.text(key) for key in URL_KEYS)
        return next((url for url in urls if url and not _URL_PATTERN.search(url)), "")

    @property
    def language(self) -> str:
        """The code of the page's language, such as 'en', or empty text."""
        match = _LANGUAGE.match(self.text("lang", "language", "locale"))
        return match[1].lower() if match is not None else ""

    @property
    def title(self) -> str:
        """The page's title, or empty text."""
        return self.text("title")

    @property
    def short_title(self) -> str:
        """The page's name in menus, or empty text."""
        return self.text(*_SHORT_TITLES)

    @property
    def is_draft(self) -> bool:
        """Whether the generator does not publish the page: a draft, or published is false."""
        published = self.text("published", "publish").lower()
        return self.text("draft").lower() in _YES or published in _NO

    def _value(self, key: str) -> object:
        value: object = self.values
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


def read_front_matter(kind: FrontKind, text: str) -> FrontMatter:
    """Return the front matter of a text; whatever is wrong with it is its problem.

    Where the text as a whole cannot be read, its keys are read line by line.

    Args:
        kind: the language of the text.
        text: what is between the marks of the front matter.
    """
    if len(text) > _MAX_CHARACTERS:
        return FrontMatter(problem=f"front matter of more than {_MAX_CHARACTERS:,} characters")
    try:
        loaded = _LOADERS[kind](text)
        problem = detail = ""
    except _FAULTS as error:
        loaded = _read_lines(kind, text)
        problem, detail = f"front matter that is no {kind.upper()}", _line_of(error)
    if loaded is None:
        return FrontMatter()
    if not isinstance(loaded, Mapping):
        return FrontMatter(problem=f"front matter that is {_kind_of(loaded)}, not keys and values")
    try:
        values = _plain_mapping(loaded)
    except _TooMuchError as error:
        return FrontMatter(problem=str(error))
    if not problem and (date := _unread_date(FrontMatter(values))):
        problem, detail = "a date that cannot be read without a guess", date
    return FrontMatter(values, problem, detail)


def _load_yaml(text: str) -> object:
    loader = _FrontLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


_LOADERS: Mapping[FrontKind, Callable[[str], object]] = {
    "yaml": _load_yaml,
    "toml": tomllib.loads,
    "json": json.loads,
}
# What the loaders raise: for wrong text, for values that no key or number can be, for deep nesting.
_FAULTS = (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError)


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    # The first line of the file is the mark of the front matter.
    return f"line {mark.line + 2}" if mark is not None else ""


def _kind_of(value: object) -> str:
    return "a list" if isinstance(value, list) else "a text"


def _read_lines(kind: FrontKind, text: str) -> dict[str, object]:
    """Return the values of front matter that cannot be read as a whole, each read alone."""
    values: dict[str, object] = {}
    if kind == "json":
        return values
    pattern = _YAML_KEY if kind == "yaml" else _TOML_KEY
    for lines in _parts(text, pattern):
        match = pattern.match(lines[0])
        if match is None:
            continue
        key = match[1].strip("\"'")
        try:
            loaded = _LOADERS[kind]("\n".join(lines))
            value = next(iter(loaded.values())) if isinstance(loaded, Mapping) else None
        except _FAULTS:
            value = _unquote(match[2] or "")
        if not (isinstance(value, str) and _TEMPLATE.search(value)):
            values[key] = value
    return values


def _parts(text: str, pattern: re.Pattern[str]) -> Iterator[list[str]]:
    """Yield each line that starts with a key, with the lines below it that do not."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("[") and pattern is _TOML_KEY:
            # What follows belongs to a table of TOML.
            break
        if pattern.match(line) and lines:
            yield lines
            lines = []
        lines.append(line)
    if lines:
        yield lines


def _unquote(value: str) -> str:
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    # Only an unquoted value may have a comment behind it: within quotes "#" is text.
    return value[1:-1] if is_quoted else re.split(r"\s#", value, maxsplit=1)[0].rstrip()


def _plain_mapping(loaded: Mapping[object, object]) -> dict[str, object]:
    """Return a copy of bounded size, whose parts are not shared, with keys in lower case.

    Aliases of YAML may repeat a part very often, or within itself.
    """
    n_left = _MAX_VALUES

    def copy(value: object, depth: int) -> object:
        nonlocal n_left
        n_left -= 1
        if n_left < 0 or depth > _MAX_DEPTH:
            what = f"more than {_MAX_VALUES:,} values" if n_left < 0 else "values nested too deeply"
            raise _TooMuchError(f"front matter of {what}")
        if isinstance(value, Mapping):
            return {str(key).lower(): copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [copy(item, depth + 1) for item in value]
        if isinstance(value, (date, time)):
            return value.isoformat()
        return value if isinstance(value, Plain) else str(value)

    return {str(key).lower(): copy(value, 1) for key, value in loaded.items()}


def _unread_date(front: FrontMatter) -> str:
    """Return which date cannot be read without a guess, or empty text."""
    for key in (*PUBLISHED_KEYS, *MODIFIED_KEYS):
        text = front.text(key)
        if _DIGIT.search(text) and parse_time(text) is None and text not in _NO | _YES:
            return f"{key}: {text[:40]}"
    return ""


def _text_of(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("title")
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""
