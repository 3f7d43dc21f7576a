"""What a generator of sites makes of a file: a page at an address, or no page for a reason."""

import posixpath
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import unquote

from coverage_kit.collect.dates import parse_time
from coverage_kit.text.page_markup import MARKDOWN

# Suffixes of files that a generator renders, Sphinx also its own format; HTML files it copies.
_RENDERED = (*MARKDOWN, ".rst")
# Servers and browsers refuse longer paths (assumed).
_MAX_SLUG = 2000
# Generators that name a page without title by its file.
_TITLES_OF_PATHS = frozenset({"MkDocs", "Nextra", "Jekyll"})
PARTIAL = "a partial, which is no page by itself"
DRAFT = "a draft"
OUTSIDE = "no page of the generator: outside its folders of pages"
NOT_NOW = "a page for a later day, or whose time is over"
BUILT = "the output of the generator, whose sources are read"


@dataclass(frozen=True)
class Facts:
    """What a page says of its own address.

    Attributes:
        front: its front matter, by keys in lower case.
        has_front: whether it has front matter, which may be empty.
        title: its title, or empty text.
    """

    front: Mapping[str, object] = field(default_factory=dict)
    has_front: bool = False
    title: str = ""

    def text(self, *keys: str) -> str:
        """Return the first of the keys' values that is text or a number, as text."""
        for key in keys:
            value = self.front.get(key)
            is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
            if is_text and (text := str(value).strip()):
                return text
        return ""

    def flag(self, key: str) -> bool | None:
        """Return a value that is true or false, also where it is quoted, or None."""
        value = self.front.get(key)
        if isinstance(value, bool):
            return value
        words = {"true": True, "yes": True, "false": False, "no": False}
        return words.get(str(value).strip().lower())

    def day(self, *keys: str) -> date | None:
        """Return the first of the keys' values that is a date, as its own time zone has it."""
        for key in keys:
            with suppress(ValueError):
                return date.fromisoformat(str(self.front.get(key))[:10])
        moment = self.moment(*keys)
        return moment.date() if moment is not None else None

    def moment(self, *keys: str) -> datetime | None:
        """Return the first of the keys' values that is a date, in UTC."""
        for key in keys:
            value = self.front.get(key)
            if isinstance(value, str) and (time := parse_time(value)) is not None:
                return time
        return None

    def names(self, *keys: str) -> list[str]:
        """Return the first of the keys' values as a list of texts; text is parted at spaces."""
        for key in keys:
            value = self.front.get(key)
            if isinstance(value, list):
                return [str(item) for item in value if isinstance(item, str | int)]
            if isinstance(value, str) and value.strip():
                listed = value.strip()
                if listed.startswith("[") and listed.endswith("]"):
                    return [part.strip(" \"'") for part in listed[1:-1].split(",") if part.strip()]
                return value.split()
        return []


@dataclass(frozen=True)
class Published:
    """Where a page is published.

    Attributes:
        path: its path below the site's root, without a slash before it.
        language: the language by its path; empty where the path has none.
        date: the day of publication (UTC) by its file's name; None where the name has none.
    """

    path: str
    language: str = ""
    date: datetime | None = None


@dataclass(frozen=True)
class NotPublished:
    """Why a file is no page of the site, and what to do to have it read."""

    reason: str
    cure: str = ""
    may_be_pages: bool = False


Decision = Published | NotPublished


class Generator(Protocol):
    """A generator of sites, as the configuration of one site sets it.

    All files and folders are POSIX paths below the folder of the configuration.
    """

    @property
    def name(self) -> str:
        """The generator's name, such as Docusaurus."""

    @property
    def site_url(self) -> str:
        """Where the configuration says that the site is published, or empty text."""

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""


def title_of_path(path: str, generator: str) -> str:
    """Return the title that some generators make of a page's path, or empty text.

    >>> title_of_path("docs/getting-started", "Nextra"), title_of_path("docs/a", "Hugo")
    ('Getting started', '')
    >>> title_of_path("2024/01/03/a-new-pump.html", "Jekyll"), title_of_path("", "MkDocs")
    ('A new pump', '')
    """
    if generator not in _TITLES_OF_PATHS:
        return ""
    name = PurePosixPath(path).name.removesuffix(".html")
    words = " ".join(re.split(r"[-_ ]+", name)).strip()
    return words[:1].upper() + words[1:]


def is_later(date: str) -> bool:
    """Return whether a date is in the future, so that generators do not publish the page yet."""
    moment = parse_time(date)
    return moment is not None and moment > datetime.now(UTC)


def is_past(date: str) -> bool:
    """Return whether a date is in the past; a text that is no date is not."""
    moment = parse_time(date)
    return moment is not None and moment < datetime.now(UTC)


def is_rendered(file: str) -> bool:
    """Return whether a file is a text that a generator renders, and not HTML."""
    return file.lower().endswith(_RENDERED)


def without_suffix(file: str) -> str:
    """Return a path without the suffix of its file."""
    return str(PurePosixPath(file).with_suffix("")) if file else ""


def join(*parts: str) -> str:
    """Return parts of a path joined and normalised, without slashes around; '..' ends at the root.

    >>> join("/docs/", "a/../b", "", "/c/")
    'docs/b/c'
    """
    path = posixpath.normpath("/" + "/".join(parts))
    return path.strip("/")


def folder_of(value: object, default: str = "") -> str:
    """Return a configured folder as a normalised path, which may lead out of the root by '..'.

    >>> folder_of("./docs/"), folder_of("../docs"), folder_of(None, "docs")
    ('docs', '../docs', 'docs')
    """
    if not isinstance(value, str) or not value:
        return default
    path = posixpath.normpath(value.strip("/"))
    return "" if path == "." else path


def below(file: str, root: str) -> str | None:
    """Return the path of a file or folder below a root, or None where it is elsewhere.

    >>> below("docs/a.md", "docs"), below("docs", "docs"), below("docsx/a.md", "docs")
    ('a.md', '', None)
    >>> below("a.md", ""), below("../a.md", "")
    ('a.md', None)
    """
    if not root:
        return None if file == ".." or file.startswith("../") else file
    if file == root:
        return ""
    return file.removeprefix(f"{root}/") if file.startswith(f"{root}/") else None


def index_path(path: str, names: frozenset[str]) -> str:
    """Return a path without suffix as its folder's path, where its last part is an index's name."""
    folder, _, name = path.rpartition("/")
    return folder if name.lower() in names else path


def has_step(file: str, mark: str = "_") -> bool:
    """Return whether a folder or the file of a path begins with a mark."""
    return any(step.startswith(mark) for step in file.split("/"))


def slug_of(text: str) -> str:
    """Return the path that a page's front matter names, without escapes, query and fragment.

    A longer text than a URL may be is no path.
    """
    if len(text) > _MAX_SLUG:
        return ""
    return unquote(re.split(r"[?#]", text, maxsplit=1)[0])


def slugify(text: str) -> str:
    """Return a title as a part of a path: words in lower case, joined by hyphens.

    >>> slugify("Storing a pump: what's new?")
    'storing-a-pump-whats-new'
    """
    kept = "".join(
        sign for sign in text.lower().replace("_", " ") if sign.isalnum() or sign in " -."
    )
    return re.sub(r"[\s-]+", "-", kept.replace(".", "")).strip("-")
