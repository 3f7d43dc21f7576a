"""MkDocs: pages below docs_dir, with Material's blog and translations by suffix or folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.generators.globs import NONE_IGNORED, Ignored
from coverage_kit.collect.generators.literals import Values, read_config
from coverage_kit.collect.generators.model import (
    BUILT,
    DRAFT,
    OUTSIDE,
    Decision,
    Facts,
    NotPublished,
    Published,
    below,
    folder_of,
    is_rendered,
    join,
    slugify,
    without_suffix,
)

_INDEXES = frozenset({"index", "readme"})


@dataclass(frozen=True)
class MkDocs:
    """A site of MkDocs.

    Attributes:
        docs: the folder of the pages.
        output: the folder of the built site.
        has_folders: whether a page has a folder (a/), or a file (a.html).
        excluded: files that are no pages.
        drafts: files that are only served to their writer.
        blog: folder of Material's blog below `docs`; None: no blog.
        languages: languages other than the default, by suffix (a.de.md) or folder (de/a.md).
        default_language: its suffix and folder are left out of addresses.
        by_folder: whether languages are folders.
        snippets: folders in which included files are looked for.
    """

    docs: str = "docs"
    output: str = "site"
    has_folders: bool = True
    excluded: Ignored = NONE_IGNORED
    drafts: Ignored = NONE_IGNORED
    blog: str | None = None
    languages: frozenset[str] = frozenset()
    default_language: str = ""
    by_folder: bool = False
    snippets: tuple[str, ...] = ()
    site_url: str = ""
    name: str = "MkDocs"

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""
        inside = below(folder, self.docs)
        if inside is not None:
            return inside
        return None if below(folder, self.output) is not None else ""

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        inside = below(file, self.docs)
        if inside is None:
            return NotPublished(BUILT if below(file, self.output) is not None else OUTSIDE)
        if below(inside, "templates") is not None or self.excluded.match(inside):
            return NotPublished("excluded by mkdocs.yml")
        return NotPublished(DRAFT) if self.drafts.match(inside) else None

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""
        inside = below(file, self.docs) or ""
        if not is_rendered(file):
            return Published(inside)
        path, language = self._language(without_suffix(inside))
        if self.blog is not None and (post := below(path, join(self.blog, "posts"))):
            if facts.flag("draft"):
                return NotPublished(DRAFT)
            path = self._post_path(post, facts)
        folder, _, name = path.rpartition("/")
        if name.lower() in _INDEXES:
            return Published(join(language_path(language, self.default_language), folder), language)
        ending = "" if self.has_folders else ".html"
        where = language_path(language, self.default_language)
        return Published(join(where, f"{path}{ending}"), language)

    def _language(self, path: str) -> tuple[str, str]:
        """Return a path without its language, and the language; empty where it has none."""
        known = self.languages | {self.default_language} - {""}
        folder, _, name = path.partition("/") if self.by_folder else ("", "", "")
        if self.by_folder and folder in known:
            return name, folder
        stem, _, suffix = path.rpartition(".")
        if not self.by_folder and stem and suffix in known:
            return stem, suffix
        return path, ""

    def _post_path(self, post: str, facts: Facts) -> str:
        """Return where Material publishes a post: by its date and the words of its title."""
        value = facts.front.get("date")
        created = value.get("created") if isinstance(value, dict) else value
        date = parse_time(str(created or ""))
        slug = facts.text("slug") or slugify(facts.title) or post
        return join(self.blog or "", date.strftime("%Y/%m/%d") if date is not None else "", slug)


def language_path(language: str, default: str) -> str:
    """Return the folder of a language below the site's root; the default language has none."""
    return "" if language == default else language


def read_mkdocs(root: Path, config: Values | None) -> MkDocs:
    """Return the site that mkdocs.yml describes; a file that it inherits from comes first."""
    config = config or {}
    parent = config.get("INHERIT")
    if isinstance(parent, str):
        config = {**(read_config(root / parent) or {}), **config}
    plugins = _plugins(config.get("plugins"))
    languages, default, by_folder = _languages(plugins.get("i18n"))
    url = config.get("site_url")
    return MkDocs(
        docs=folder_of(config.get("docs_dir"), "docs"),
        output=folder_of(config.get("site_dir"), "site"),
        has_folders=config.get("use_directory_urls") is not False,
        excluded=_ignored(config.get("exclude_docs")),
        drafts=_ignored(config.get("draft_docs")),
        blog=_blog(plugins),
        languages=languages,
        default_language=default,
        by_folder=by_folder,
        snippets=_snippets(config.get("markdown_extensions")),
        site_url=url if isinstance(url, str) else "",
    )


def _ignored(value: Any) -> Ignored:
    return Ignored.of(value.splitlines() if isinstance(value, str) else [])


def _plugins(value: Any) -> dict[str, Any]:
    """Return plugins by name without their maker, with their options."""
    if isinstance(value, dict):
        named = {str(name): options for name, options in value.items()}
    else:
        listed = value if isinstance(value, list) else []
        named = {}
        for entry in listed:
            named |= entry if isinstance(entry, dict) else {str(entry): {}}
    return {re.sub(r".*/", "", str(name)): options or {} for name, options in named.items()}


def _snippets(extensions: Any) -> tuple[str, ...]:
    options = _plugins(extensions).get("pymdownx.snippets")
    folders = options.get("base_path") if isinstance(options, dict) else None
    listed = folders if isinstance(folders, list) else [folders]
    return tuple(join(folder) for folder in listed if isinstance(folder, str))


def _blog(plugins: dict[str, Any]) -> str | None:
    if "blog" not in plugins:
        return None
    options = plugins["blog"] if isinstance(plugins["blog"], dict) else {}
    folder = options.get("blog_dir", "blog")
    return join(folder) if isinstance(folder, str) else "blog"


def _languages(options: Any) -> tuple[frozenset[str], str, bool]:
    """Return the languages, the default of them, and whether they are folders."""
    values = options if isinstance(options, dict) else {}
    listed = values.get("languages")
    entries = [entry for entry in listed if isinstance(entry, dict)] if listed else []
    names = frozenset(str(entry.get("locale")) for entry in entries if entry.get("build", True))
    default = next((str(entry.get("locale")) for entry in entries if entry.get("default")), "")
    return names, default, values.get("docs_structure") == "folder"
