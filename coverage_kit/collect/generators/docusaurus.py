"""Docusaurus: docs with versions and translations, blogs, and pages."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.generators.globs import Globs
from coverage_kit.collect.generators.literals import Values, read_text
from coverage_kit.collect.generators.model import (
    BUILT,
    DRAFT,
    OUTSIDE,
    PARTIAL,
    Decision,
    Facts,
    NotPublished,
    Published,
    below,
    folder_of,
    index_path,
    is_rendered,
    join,
    slug_of,
    without_suffix,
)

# A number that only orders a file, such as "01-intro"; dates and versions are no such numbers.
_NUMBER = re.compile(r"(\d+)\s*[-_.]+\s*([^-_.\s].*)")
_DATE_OR_VERSION = re.compile(r"\d+[-_.]\d+")
# The date in a blog post's path, with folders above it and the name behind it.
_POST = re.compile(r"(.*?)(\d{4}[-/]\d{1,2}[-/]\d{1,2})[-/]?(.*?)(?:/index)?")
_EXCLUDED = ["**/_*.{js,jsx,ts,tsx,md,mdx}", "**/_*/**", "**/*.test.{js,jsx,ts,tsx}"]
_INDEXES = frozenset({"index", "readme"})
_NO_OUTPUT = ("build", ".docusaurus")


@dataclass(frozen=True)
class Area:
    """A folder of Docusaurus' files, and where its pages are published.

    Attributes:
        kind: 'docs', 'blog', 'pages' or 'static'.
        folder: the folder, below the folder of the configuration.
        path: where its pages are, below the site's root.
        excluded: patterns of files that are no pages, below the folder.
        language: the language of a translation; empty for the site's own.
        withheld: why its files are no pages of the site, such as an older version.
        strips_numbers: whether numbers before names are left out of addresses.
        instance: id of one of several plugins of a kind; empty for the default.
    """

    kind: str
    folder: str
    path: str
    excluded: Globs = field(default_factory=lambda: Globs.of(_EXCLUDED))
    language: str = ""
    withheld: str = ""
    strips_numbers: bool = True
    instance: str = ""


@dataclass(frozen=True)
class Docusaurus:
    """A site of Docusaurus: its areas, the deepest folders first."""

    areas: tuple[Area, ...]
    site_url: str = ""
    name: str = "Docusaurus"

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""
        for area in self.areas:
            inside = below(folder, area.folder)
            if inside is not None:
                return join(area.path, _strip(inside) if area.strips_numbers else inside)
        return "" if not _output(folder) else None

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        area = self._area(file)
        if area is None:
            return NotPublished(BUILT if _output(file) else OUTSIDE)
        if area.withheld:
            return NotPublished(area.withheld, f"Name {area.folder} as source to have it read.")
        inside = below(file, area.folder) or ""
        if area.kind == "static":
            return NotPublished("a file that is copied as it is") if is_rendered(file) else None
        if not is_rendered(file):
            return NotPublished(OUTSIDE)
        return NotPublished(PARTIAL) if area.excluded.match(inside) else None

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""
        area = self._area(file)
        inside = below(file, area.folder) if area is not None else None
        if area is None or inside is None:
            return NotPublished(OUTSIDE)
        if facts.flag("draft"):
            return NotPublished(DRAFT)
        if area.kind == "static":
            return Published(join(area.path, inside), area.language)
        path = {"docs": _doc_path, "blog": _post_path, "pages": _page_path}[area.kind](
            area, without_suffix(inside), facts
        )
        day = _day(inside) if area.kind == "blog" else None
        return Published(join(area.path, path), area.language, day)

    def _area(self, file: str) -> Area | None:
        return next((area for area in self.areas if below(file, area.folder) is not None), None)


def _output(file: str) -> bool:
    return any(below(file, folder) is not None for folder in _NO_OUTPUT)


def _strip(path: str) -> str:
    """Return a path without the numbers that order its parts."""
    return "/".join(_strip_name(step) for step in path.split("/"))


def _strip_name(name: str) -> str:
    match = _NUMBER.fullmatch(name)
    return name if match is None or _DATE_OR_VERSION.match(name) else match[2]


def _doc_path(area: Area, path: str, facts: Facts) -> str:
    folder, _, name = path.rpartition("/")
    public = _strip(folder) if area.strips_numbers else folder
    slug = slug_of(facts.text("slug"))
    if slug.startswith("/"):
        return join(slug)
    if slug:
        return join(public, slug)
    # A folder's page has its name, or that of an index.
    if name.lower() in _INDEXES | {folder.rpartition("/")[2].lower()} - {""}:
        return public
    stripped = _strip_name(name) if area.strips_numbers else name
    return join(public, facts.text("id") or stripped)


def _post_path(_: Area, path: str, facts: Facts) -> str:
    if slug := slug_of(facts.text("slug")):
        return join(slug)
    match = _POST.fullmatch(path)
    if match is None:
        return index_path(path, frozenset({"index"}))
    return join(match[2].replace("-", "/"), f"{match[1]}{match[3]}")


def _day(path: str) -> datetime | None:
    """Return the day in a post's path."""
    match = _POST.fullmatch(path)
    return parse_time(match[2].replace("/", "-")) if match is not None else None


def _page_path(_: Area, path: str, facts: Facts) -> str:
    return slug_of(facts.text("slug")) or index_path(path, frozenset({"index"}))


def read_docusaurus(root: Path, config: Values | None, chosen: str) -> Docusaurus:
    """Return the site that a folder's configuration describes.

    Args:
        root: the folder of the configuration.
        config: its values; None: every setting is the default.
        chosen: the folder below it that is read: a version in it counts as chosen.
    """
    config = config or {}
    areas: list[Area] = []
    for kind, options in _plugins(config):
        if kind == "docs":
            areas += _docs_areas(root, options, chosen)
        elif kind == "blog":
            folder = folder_of(options.get("path"), "blog")
            areas.append(
                Area(
                    "blog",
                    folder,
                    _route(options, "blog"),
                    _excluded(options),
                    instance=_instance(options),
                )
            )
        else:
            folder = folder_of(options.get("path"), "src/pages")
            areas.append(Area("pages", folder, _route(options, ""), _excluded(options)))
    areas += [*_translated(root, areas, config), Area("static", "static", "")]
    # The deepest folder decides, where one is inside another.
    areas.sort(key=lambda area: (-len(area.folder), area.folder))
    url = config.get("url")
    base = config.get("baseUrl")
    site_url = f"{url.rstrip('/')}/{join(str(base or ''))}" if isinstance(url, str) else ""
    return Docusaurus(tuple(areas), site_url)


def docs_alone() -> Docusaurus:
    """Return a site of which only a folder of docs is known."""
    return Docusaurus((Area("docs", "", ""),))


def _plugins(config: Values) -> list[tuple[str, Values]]:
    """Return each area of docs, blog and pages that is configured, with its options."""
    found: list[tuple[str, Values]] = []
    presets = _entries(config.get("presets"))
    options = [values for name, values in presets if "classic" in name] or (
        [] if presets else [{}] if "presets" not in config else []
    )
    for values in options:
        found += [
            (kind, _mapping(values.get(kind)))
            for kind in ("docs", "blog", "pages")
            if values.get(kind, True) is not False
        ]
    for name, values in _entries(config.get("plugins")):
        for kind in ("docs", "blog", "pages"):
            is_official = name.endswith(f"content-{kind}")
            # A wrapper of the blog plugin has its options.
            is_wrapper = kind == "blog" and "blog" in name and "path" in values
            if is_official or is_wrapper:
                found.append((kind, values))
    return found


def _entries(value: Any) -> list[tuple[str, Values]]:
    """Return the plugins of a list by name, with their options."""
    listed = value if isinstance(value, list) else []
    entries: list[tuple[str, Values]] = []
    for entry in listed:
        if isinstance(entry, str):
            entries.append((entry, {}))
        elif isinstance(entry, list) and entry:
            # What `require.resolve` names is not known; a preset is then the classic one.
            name = entry[0] if isinstance(entry[0], str) else "classic"
            entries.append((name, _mapping(entry[1] if len(entry) > 1 else {})))
    return entries


def _mapping(value: Any) -> Values:
    return value if isinstance(value, dict) else {}


def _route(options: Values, default: str) -> str:
    route = options.get("routeBasePath")
    return join(route) if isinstance(route, str) else default


def _excluded(options: Values) -> Globs:
    listed = options.get("exclude")
    return Globs.of(listed if isinstance(listed, list) else _EXCLUDED)


def _docs_areas(root: Path, options: Values, chosen: str) -> list[Area]:
    """Return the areas of docs: the current version, and each version that was kept."""
    instance = _instance(options)
    prefix = f"{instance}_" if instance else ""
    versions = [] if options.get("disableVersioning") else _versions(root, f"{prefix}versions.json")
    folder, route = folder_of(options.get("path"), "docs"), _route(options, "docs")
    last = options.get("lastVersion") or (versions[0] if versions else "current")
    folders = {"current": folder}
    folders |= {name: f"{prefix}versioned_docs/version-{name}" for name in versions}
    paths = _mapping(options.get("versions"))
    return [
        Area(
            "docs",
            place,
            join(route, _version_path(name, last, _mapping(paths.get(name)))),
            _excluded(options),
            "",
            "" if name == last or below(chosen, place) is not None else _withheld(name),
            options.get("numberPrefixParser") is not False,
            instance,
        )
        for name, place in folders.items()
    ]


def _instance(options: Values) -> str:
    identity = options.get("id")
    return identity if isinstance(identity, str) and identity != "default" else ""


def _withheld(name: str) -> str:
    if name == "current":
        return "the next version, which is not released"
    return f"an older version (version-{name})"


def _version_path(name: str, last: object, options: Values) -> str:
    path = options.get("path")
    if isinstance(path, str):
        return path
    return "" if name == last else "next" if name == "current" else name


def _versions(root: Path, file: str) -> list[str]:
    try:
        names = json.loads(read_text(root / file) or "[]")
    except (ValueError, RecursionError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _translated(root: Path, areas: Iterable[Area], config: Values) -> list[Area]:
    """Return an area for each translation of each area."""
    i18n = _mapping(config.get("i18n"))
    default = str(i18n.get("defaultLocale") or "en")
    built = [name for name in i18n.get("locales") or [] if isinstance(name, str)]
    translated: list[Area] = []
    for locale in _folders(root / "i18n"):
        where = f"i18n/{locale}"
        withheld = "a translation that is not published" if built and locale not in built else ""
        language = locale[:2].lower()
        path = "" if locale == default else locale
        for area in areas:
            folder = f"{where}/{_translated_folder(area)}"
            translated.append(
                replace(
                    area,
                    folder=folder,
                    path=join(path, area.path),
                    language=language,
                    withheld=withheld or (area.withheld and f"{area.withheld}, {locale}"),
                )
            )
    return translated


def _translated_folder(area: Area) -> str:
    """Return the folder of an area's translation, below the folder of the language."""
    kind = f"docusaurus-plugin-content-{area.kind}"
    plugin = f"{kind}-{area.instance}" if area.instance else kind
    if area.kind != "docs":
        return plugin
    version = re.search(r"(?:^|_)versioned_docs/(version-.+)", area.folder)
    return f"{plugin}/{version[1] if version is not None else 'current'}"


def _folders(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.iterdir() if entry.is_dir())
    except OSError:
        return []
