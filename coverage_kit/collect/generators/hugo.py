"""Hugo: content with sections, bundles, languages and permalinks."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from coverage_kit.collect.generators.literals import Values, read_config
from coverage_kit.collect.generators.model import (
    BUILT,
    DRAFT,
    NOT_NOW,
    OUTSIDE,
    Decision,
    Facts,
    NotPublished,
    Published,
    below,
    folder_of,
    is_later,
    is_past,
    is_rendered,
    join,
    slug_of,
    slugify,
    without_suffix,
)

# Signs that Hugo keeps in paths, besides letters and digits.
_KEPT = frozenset("-_./~+#")
_TOKEN = re.compile(r":([a-z]+)(\[[^\]]*\])?")
_NAMES = ("hugo", "config")
_ENDINGS = (".toml", ".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Mount:
    """A folder of content, where its pages are published, and their language."""

    folder: str
    path: str = ""
    language: str = ""


@dataclass(frozen=True)
class Hugo:
    """A site of Hugo.

    Attributes:
        mounts: the folders of content, the deepest first.
        languages: languages by suffix (about.de.md).
        default_language: it has no folder of its own.
        default_has_folder: whether the default language has a folder.
        has_future: whether pages for a later day are published.
        has_expired: whether pages are published whose time is over.
        permalinks: the pattern of addresses by section.
        has_files: whether a page has a file (a.html), and no folder (a/).
        keeps_case: whether capitals stay in addresses.
        bundles: folders whose index.md has the other files as its parts.
    """

    mounts: tuple[Mount, ...] = (Mount("content"),)
    languages: frozenset[str] = frozenset()
    default_language: str = "en"
    default_has_folder: bool = False
    has_future: bool = False
    has_expired: bool = False
    permalinks: Mapping[str, str] = field(default_factory=dict)
    has_files: bool = False
    keeps_case: bool = False
    bundles: frozenset[str] = frozenset()
    site_url: str = ""
    output: str = "public"
    name: str = "Hugo"

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""
        for mount in self.mounts:
            inside = below(folder, mount.folder)
            if inside is not None:
                where = self._language_path(mount.language)
                return join(where, mount.path, self._spell(inside))
        return None if below(folder, self.output) is not None else ""

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        if self._mount(file) is None:
            if below(file, "static") is not None and not is_rendered(file):
                return None
            return NotPublished(BUILT if below(file, self.output) is not None else OUTSIDE)
        stem = self._split(without_suffix(file))[0]
        folders = [str(parent) for parent in PurePosixPath(stem).parents]
        own = folders[0] if folders and PurePosixPath(stem).name == "index" else ""
        if any(folder in self.bundles and folder != own for folder in folders):
            return NotPublished("a part of the page beside it")
        return None

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""
        mount = self._mount(file)
        if mount is None:
            return Published(below(file, "static") or file)
        if facts.flag("draft"):
            return NotPublished(DRAFT)
        if _is_not_rendered(facts):
            return NotPublished("a page that its front matter does not publish")
        is_expired = not self.has_expired and is_past(facts.text("expirydate"))
        is_coming = not self.has_future and is_later(facts.text("publishdate", "date"))
        if is_expired or is_coming:
            return NotPublished(NOT_NOW, may_be_pages=True)
        stem, language = self._split(without_suffix(below(file, mount.folder) or ""))
        language = language or mount.language
        where = self._language_path(language)
        url = slug_of(facts.text("url"))
        if url and "://" not in url:
            return Published(join(url) if url.startswith("/") else join(where, url), language)
        return Published(join(where, mount.path, self._path(stem, facts)), language)

    def _mount(self, file: str) -> Mount | None:
        return next((mount for mount in self.mounts if below(file, mount.folder)), None)

    def _split(self, stem: str) -> tuple[str, str]:
        """Return a path without suffix and without its language, and the language."""
        rest, _, suffix = stem.rpartition(".")
        return (rest, suffix) if rest and suffix in self.languages else (stem, "")

    def _language_path(self, language: str) -> str:
        if not language or (language == self.default_language and not self.default_has_folder):
            return self.default_language if self.default_has_folder and not language else ""
        return language

    def _path(self, stem: str, facts: Facts) -> str:
        folder, _, name = stem.rpartition("/")
        if name == "_index":
            return self._spell(folder)
        if name == "index":
            # A bundle is named by its folder.
            folder, _, name = folder.rpartition("/")
        section = stem.partition("/")[0] if "/" in stem else ""
        if section in self.permalinks:
            path = _permalink(self.permalinks[section], section, folder, name, facts)
            return self._spell(path)
        path = self._spell(join(folder, slug_of(facts.text("slug")) or name))
        return f"{path}.html" if self.has_files and path else path

    def _spell(self, path: str) -> str:
        spelled = re.sub(r"\s+", "-", path if self.keeps_case else path.lower())
        kept = (sign for sign in spelled if sign.isalnum() or sign in _KEPT or not sign.isascii())
        return join("".join(kept))


def _is_not_rendered(facts: Facts) -> bool:
    options = facts.front.get("build") or facts.front.get("_build")
    render = options.get("render") if isinstance(options, dict) else None
    is_never = render is False or str(render).lower() in {"never", "false"}
    return facts.flag("headless") is True or is_never


def _permalink(pattern: str, section: str, folder: str, name: str, facts: Facts) -> str:
    date = facts.day("date", "publishdate")
    slug = slug_of(facts.text("slug"))
    title = slugify(facts.title) or name
    values = {
        "slug": slug or title,
        "title": title,
        "filename": name,
        "contentbasename": name,
        "slugorfilename": slug or name,
        "slugorcontentbasename": slug or name,
        "section": section,
        "sections": folder,
    }
    if date is not None:
        values |= {"year": f"{date:%Y}", "month": f"{date:%m}", "day": f"{date:%d}"}
        values |= {"monthname": f"{date:%B}", "yearday": str(date.timetuple().tm_yday)}
    return _TOKEN.sub(lambda match: values.get(match[1], ""), pattern)


def read_hugo(root: Path, config: Values | None, files: Collection[str]) -> Hugo:
    """Return the site that a folder's configuration describes.

    Args:
        root: the folder of the configuration.
        config: its values; None: every setting is the default.
        files: the files below the root, of which those named index make bundles.
    """
    values = _lower(config or {})
    for name in ("hugo", "config"):
        for ending in _ENDINGS:
            values |= _lower(read_config(root / "config" / "_default" / f"{name}{ending}") or {})
    for name in ("languages", "permalinks"):
        for ending in _ENDINGS:
            part = read_config(root / "config" / "_default" / f"{name}{ending}")
            values |= {name: part} if part is not None else {}
    default = str(values.get("defaultcontentlanguage") or "en")
    languages = {
        str(name): _lower(options)
        for name, options in _mapping(values.get("languages")).items()
        if isinstance(options, dict) and not _lower(options).get("disabled")
    }
    mounts = _mounts(values, languages)
    bundles = _bundles(files, mounts, frozenset(languages) | {default})
    url = values.get("baseurl")
    return Hugo(
        mounts=mounts,
        languages=frozenset(languages) | {default},
        default_language=default,
        default_has_folder=values.get("defaultcontentlanguageinsubdir") is True,
        has_future=values.get("buildfuture") is True,
        has_expired=values.get("buildexpired") is True,
        permalinks=_permalinks(values.get("permalinks")),
        has_files=values.get("uglyurls") is True,
        keeps_case=values.get("disablepathtolower") is True,
        bundles=bundles,
        site_url=url if isinstance(url, str) and "://" in url else "",
        output=folder_of(values.get("publishdir"), "public"),
    )


def hugo_alone(files: Collection[str]) -> Hugo:
    """Return a site of which only a folder of content is known."""
    mounts = (Mount(""),)
    return Hugo(mounts=mounts, output="public", bundles=_bundles(files, mounts, frozenset()))


def _mounts(values: Values, languages: Mapping[str, Values]) -> tuple[Mount, ...]:
    folder = folder_of(values.get("contentdir"), "content")
    mounts = [
        Mount(folder_of(options.get("contentdir"), ""), "", name)
        for name, options in languages.items()
        if options.get("contentdir")
    ]
    listed = _lower(_mapping(values.get("module"))).get("mounts")
    for entry in listed if isinstance(listed, list) else []:
        mount = _lower(_mapping(entry))
        target = below(folder_of(mount.get("target"), ""), "content")
        source = mount.get("source")
        if target is not None and isinstance(source, str):
            mounts.append(Mount(folder_of(source), target, str(mount.get("lang") or "")))
    mounts.append(Mount(folder))
    return tuple(sorted(mounts, key=lambda mount: (-len(mount.folder), mount.folder)))


def _bundles(
    files: Collection[str], mounts: Collection[Mount], languages: frozenset[str]
) -> frozenset[str]:
    roots = {mount.folder or "." for mount in mounts}
    bundles = set()
    for file in files:
        path = PurePosixPath(file)
        name, _, language = path.stem.partition(".")
        is_index = name == "index" and (not language or language in languages)
        folder = str(path.parent)
        is_content = folder not in roots and any(below(file, mount.folder) for mount in mounts)
        if is_index and is_rendered(file) and is_content:
            bundles.add(str(path.parent))
    return frozenset(bundles)


def _permalinks(value: Any) -> dict[str, str]:
    values = _mapping(value)
    pages = {**values, **_mapping(values.get("page"))}
    return {name: pattern for name, pattern in pages.items() if isinstance(pattern, str)}


def _lower(values: Values) -> Values:
    return {name.lower(): value for name, value in values.items()}


def _mapping(value: Any) -> Values:
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}
