"""Jekyll: posts with dates in their names, permalinks, collections and pages."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from coverage_kit.collect.generators.globs import NONE_IGNORED, Globs, Ignored
from coverage_kit.collect.generators.literals import Values, read_text
from coverage_kit.collect.generators.model import (
    BUILT,
    DRAFT,
    NOT_NOW,
    OUTSIDE,
    PARTIAL,
    Decision,
    Facts,
    NotPublished,
    Published,
    below,
    has_step,
    is_later,
    is_rendered,
    join,
    slug_of,
    slugify,
    without_suffix,
)

_POST = re.compile(r"(\d{2,4})-(\d{1,2})-(\d{1,2})-(.+)")
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
_TOKEN = re.compile(r":([a-z_]+)")
# Files that GitHub's plugin never takes for pages.
_NO_PAGES = frozenset(
    {"readme", "license", "licence", "copying", "code_of_conduct", "contributing"}
)
# Folders and files that Jekyll leaves out by default.
_EXCLUDED = ("vendor", "node_modules", "gemfiles", "Gemfile", "Gemfile.lock", ".sass-cache")
NO_FRONT = "without front matter: Jekyll makes no page of it"
_ADD_FRONT = "Add front matter (a line of ---, and another), if it is to be a page."


@dataclass(frozen=True)
class Jekyll:
    """A site of Jekyll.

    Attributes:
        source: the folder of the site's files.
        output: the folder of the built site, below `source`.
        permalink: a style or pattern of addresses.
        collections: patterns of addresses by collection; None: its files are no pages.
        collections_folder: the folder of collections, below `source`.
        excluded: patterns of files that are no pages.
        included: names with an underscore that are read all the same.
        defaults: pairs of a scope (path, type) and the front matter that files in it have.
        needs_front: whether a Markdown file without front matter is no page.
        has_future: whether posts for a later day are published.
        is_github: whether a README is the page of its folder, as on GitHub Pages.
        is_sure: whether it is known which plugins there are; else GitHub Pages may publish files
            without front matter.
        is_guess: whether only posts are known to be Jekyll's: other pages then have no ending.
    """

    source: str = ""
    output: str = "_site"
    permalink: str = "date"
    collections: Mapping[str, str | None] = field(default_factory=dict)
    collections_folder: str = ""
    excluded: Ignored = NONE_IGNORED
    included: frozenset[str] = frozenset()
    defaults: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = ()
    needs_front: bool = True
    has_future: bool = False
    is_github: bool = False
    is_sure: bool = True
    is_guess: bool = False
    site_url: str = ""
    name: str = "Jekyll"

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""
        inside = below(folder, self.source)
        if inside is None:
            return ""
        if inside and below(inside, self.output) is not None:
            return None
        return "" if has_step(inside) else inside

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        inside = below(file, self.source)
        reason = OUTSIDE if inside is None else self._why_no_page(inside)
        return NotPublished(reason) if reason else None

    def _why_no_page(self, inside: str) -> str:
        if below(inside, self.output) is not None:
            return BUILT
        if self.excluded.match(inside):
            return "excluded by _config.yml"
        special = [step for step in inside.split("/") if step.startswith("_")]
        reason = PARTIAL if any(step not in self.included for step in special) else ""
        name, _ = self._collection(inside)
        if "_drafts" in special:
            reason = DRAFT
        elif "_posts" in special:
            is_post = _POST.fullmatch(PurePosixPath(inside).stem) is not None
            reason = "" if is_post else "a post whose name has no date"
        elif name:
            is_hidden = self.collections[name] is None
            reason = f"the collection {name}, which has no output: true" if is_hidden else ""
        return reason

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""
        inside = below(file, self.source) or ""
        is_post = "_posts" in inside.split("/")
        collection, rest = self._collection(inside)
        if not facts.has_front and not is_rendered(file):
            return Published(inside)
        if not facts.has_front and not is_post and self._needs_front(inside, collection):
            return NotPublished(NO_FRONT, _ADD_FRONT, may_be_pages=not self.is_sure)
        facts = replace(facts, front={**self._defaults(inside, collection, is_post), **facts.front})
        date = _file_date(inside) if is_post else None
        if withheld := self._withheld(
            facts, date, is_post=is_post, has_dates=is_post or bool(collection)
        ):
            return withheld
        if is_post:
            return Published(self._post_path(inside, facts), "", date)
        if collection:
            return Published(self._collection_path(collection, without_suffix(rest), facts))
        return Published(self._page_path(without_suffix(inside), facts))

    def _withheld(
        self, facts: Facts, date: datetime | None, *, is_post: bool, has_dates: bool
    ) -> NotPublished | None:
        """Return why a page holds itself back: a draft, or a later day in it or in its name."""
        if facts.flag("published") is False or (facts.flag("draft") and is_post):
            return NotPublished(DRAFT)
        day = facts.text("date") or (date.isoformat() if date is not None else "")
        if has_dates and not self.has_future and is_later(day):
            return NotPublished(NOT_NOW, may_be_pages=True)
        return None

    def _needs_front(self, inside: str, collection: str) -> bool:
        """Return whether a file of Markdown is a page only with front matter."""
        stem = PurePosixPath(inside).stem
        is_no_page = stem.lower() in _NO_PAGES and not (self.is_github and stem == "README")
        return self.needs_front or bool(collection) or is_no_page

    def _collection(self, inside: str) -> tuple[str, str]:
        """Return the collection of a file, and its path in it; empty texts where it has none."""
        for name in self.collections:
            rest = below(inside, join(self.collections_folder, f"_{name}"))
            if rest:
                return name, rest
        return "", ""

    def _defaults(self, inside: str, collection: str, is_post: bool) -> dict[str, Any]:
        kind = "posts" if is_post else collection or "pages"
        values: dict[str, Any] = {}
        for scope, given in self.defaults:
            path = str(scope.get("path") or "").strip("/")
            is_there = below(inside, path) is not None or Globs.of(path).match(inside)
            if is_there and scope.get("type", kind) == kind:
                values |= {str(key).lower(): value for key, value in given.items()}
        return values

    def _post_path(self, inside: str, facts: Facts) -> str:
        match = _POST.fullmatch(PurePosixPath(inside).stem)
        year, month, day, title = match.groups() if match is not None else ("1", "1", "1", "")
        date = facts.moment("date") or _date(year, month, day)
        folders = [step for step in inside.split("/")[:-1] if not step.startswith("_")]
        categories = [*folders, *facts.names("categories", "category")]
        values = {
            **_date_values(date),
            "categories": "/".join(dict.fromkeys(name.lower() for name in categories)),
            "title": facts.text("slug") or title,
            "slug": slugify(facts.text("slug") or title),
        }
        pattern = facts.text("permalink") or self.permalink
        return _fill(_STYLES.get(pattern, pattern), values)

    def _collection_path(self, name: str, path: str, facts: Facts) -> str:
        pattern = facts.text("permalink") or self.collections[name] or ""
        stem = PurePosixPath(path).name
        values = {
            **_date_values(facts.moment("date")),
            "collection": name,
            "path": path,
            "name": stem,
            "title": facts.text("slug") or stem,
            "slug": slugify(facts.text("slug") or stem),
            "categories": "/".join(part.lower() for part in facts.names("categories", "category")),
        }
        own = pattern or self._with_ending("/:collection/:path")
        return _fill(_STYLES.get(own, own), values)

    def _page_path(self, path: str, facts: Facts) -> str:
        folder, _, name = path.rpartition("/")
        values = {"path": folder, "basename": name}
        if pattern := facts.text("permalink"):
            return _fill(pattern, values)
        if name == "index" or (self.is_github and name.lower() == "readme"):
            return folder
        if self.is_guess:
            return path
        return _fill(self._with_ending("/:path/:basename"), values)

    def _with_ending(self, pattern: str) -> str:
        """Return a pattern that ends as those of the site's posts do."""
        if self.permalink in {"pretty"} or self.permalink.endswith("/"):
            return f"{pattern}/"
        is_style = self.permalink in _STYLES
        return f"{pattern}:output_ext" if is_style or ":output_ext" in self.permalink else pattern


def _file_date(inside: str) -> datetime | None:
    match = _POST.fullmatch(PurePosixPath(inside).stem)
    return _date(match[1], match[2], match[3]) if match is not None else None


def _date(year: str, month: str, day: str) -> datetime | None:
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        return None


def _date_values(date: datetime | None) -> dict[str, str]:
    if date is None:
        return {}
    return {
        "year": f"{date.year:04}",
        "short_year": f"{date:%y}",
        "month": f"{date:%m}",
        "i_month": str(date.month),
        "short_month": f"{date:%b}",
        "long_month": f"{date:%B}",
        "day": f"{date:%d}",
        "i_day": str(date.day),
        "y_day": f"{date:%j}",
        "week": f"{date:%V}",
        "short_day": f"{date:%a}",
        "hour": f"{date:%H}",
        "minute": f"{date:%M}",
        "second": f"{date:%S}",
    }


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """Return a pattern of an address with its values; the ending of files is .html."""
    known = {"output_ext": ".html", **values}

    def value(match: re.Match[str]) -> str:
        # Names are read as far as they are known: ":title_x" is the title and "_x".
        names = (match[1][:end] for end in range(len(match[1]), 0, -1))
        name = next((name for name in names if name in known), "")
        return known[name] + match[1][len(name) :] if name else ""

    return join(slug_of(_TOKEN.sub(value, pattern.lstrip("/"))))


def read_jekyll(root: Path, config: Values | None) -> Jekyll:
    """Return the site that _config.yml describes; `root` is its folder."""
    values = config or {}
    gems = read_text(root / "Gemfile")
    plugins = values.get("plugins") or values.get("gems") or []
    is_github = "github-pages" in gems
    is_optional = "jekyll-optional-front-matter" in (gems, *map(str, _list(plugins))) or (
        "jekyll-optional-front-matter" in gems
    )
    url, base = values.get("url"), values.get("baseurl")
    pattern = values.get("permalink")
    source, output = values.get("source"), values.get("destination")
    return Jekyll(
        source=join(source) if isinstance(source, str) else "",
        output=join(output) if isinstance(output, str) else "_site",
        permalink=pattern if isinstance(pattern, str) else "date",
        collections=_collections(values.get("collections")),
        collections_folder=_text(values.get("collections_dir")),
        excluded=Ignored.of([*_EXCLUDED, *map(str, _list(values.get("exclude")))]),
        included=frozenset(map(str, _list(values.get("include")))),
        defaults=_defaults(values.get("defaults")),
        needs_front=not (is_github or is_optional),
        has_future=values.get("future") is True,
        is_github=is_github,
        is_sure=bool(gems),
        site_url=f"{url.rstrip('/')}/{join(_text(base))}" if isinstance(url, str) and url else "",
    )


def jekyll_alone() -> Jekyll:
    """Return a site of which only posts with dates in their names are known."""
    return Jekyll(permalink="date", needs_front=False, is_guess=True)


def _collections(value: Any) -> dict[str, str | None]:
    if isinstance(value, list):
        return dict.fromkeys(map(str, value))
    named = value if isinstance(value, dict) else {}
    return {
        str(name): (_text(options.get("permalink")) if options.get("output") is True else None)
        for name, options in named.items()
        if isinstance(options, dict) and name != "posts"
    }


def _defaults(value: Any) -> tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]:
    entries = [entry for entry in _list(value) if isinstance(entry, dict)]
    pairs = ((entry.get("scope") or {}, entry.get("values") or {}) for entry in entries)
    return tuple(
        (scope, given)
        for scope, given in pairs
        if isinstance(scope, dict) and isinstance(given, dict)
    )


def _list(value: Any) -> Collection[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
