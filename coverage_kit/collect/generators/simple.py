"""Generators whose addresses follow the paths of files, with an ending and a few exceptions."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from coverage_kit.collect.generators.globs import NO_GLOBS, NONE_IGNORED, Globs, Ignored
from coverage_kit.collect.generators.literals import Values, read_config, read_text
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
    has_step,
    is_rendered,
    join,
    slug_of,
    without_suffix,
)

_INDEX = frozenset({"index"})
_README = frozenset({"readme", "index"})
# A link of a table of contents: [Title](path/file.md).
_LINK = re.compile(r"\]\(\s*(?:<([^<>\n#]{1,300})|([^()<>\s#]{1,300}))")
# A folder of an app that groups routes, such as "(docs)", and is no part of addresses.
_GROUP = re.compile(r"\([^()/]*\)")
# A number that only orders a file, such as "2." in "2.install".
_NUMBER = re.compile(r"\A\d+\.(?=.)")
_DOCSIFY_MENUS = ("_sidebar.md", "_navbar.md", "_coverpage.md", "_footer.md", "_404.md")
_MINTLIFY_IGNORED = (
    "/snippets/",
    "/_snippets/",
    "README.md",
    "LICENSE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
)


@dataclass(frozen=True)
class Root:
    """A folder of pages, and where they are published below the site's root."""

    folder: str = ""
    path: str = ""


@dataclass(frozen=True)
class Simple:
    """A site whose pages have the paths of their files.

    Attributes:
        name: the generator's name.
        roots: the folders of pages, the deepest first.
        ending: what a page's address ends in: '', '.html' or '/'.
        indexes: names of files, in lower case, that are the page of their folder.
        excluded: files that are no pages.
        reason: why these are none.
        listed: where only the files that a table of contents lists are pages, those files.
        copied: a folder whose HTML files are copied to the site's root; None: no such folder.
        has_html: whether HTML files below the roots are pages.
        hides_underscore: whether files and folders that begin with '_' are partials.
        is_slugged: whether capitals and spaces are left out of addresses.
        strips_numbers: whether numbers before names ("1.start") are left out of addresses.
        slug_keys: keys of front matter that give the whole path.
        has_drafts: whether draft: true holds a page back.
        apps: folders in which only files named page are pages, each of its folder.
        languages: languages that a file's name ends in (a.de.mdx).
        default_language: that of them whose pages are at the site's root.
        output: the folders of the built site.
    """

    name: str
    roots: tuple[Root, ...] = (Root(),)
    ending: str = ""
    indexes: frozenset[str] = _INDEX
    excluded: Ignored = NONE_IGNORED
    globs: Globs = NO_GLOBS
    reason: str = "excluded by the configuration"
    listed: frozenset[str] | None = None
    copied: str | None = None
    has_html: bool = False
    hides_underscore: bool = False
    is_slugged: bool = False
    strips_numbers: bool = False
    slug_keys: tuple[str, ...] = ()
    has_drafts: bool = False
    apps: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    default_language: str = ""
    output: tuple[str, ...] = ()
    site_url: str = ""

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""
        for root in self.roots:
            inside = below(folder, root.folder)
            if inside is not None and not self._is_output(folder):
                return join(root.path, self._spell(inside))
        return None if self._is_output(folder) else ""

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        if self._is_output(file):
            return NotPublished(BUILT)
        if self.copied and below(file, self.copied) is not None:
            is_copy = is_rendered(file)
            return NotPublished("a file that is copied as it is") if is_copy else None
        root = self._root(file)
        if root is None:
            return NotPublished(OUTSIDE)
        if not (self.has_html or is_rendered(file)):
            reason = f"HTML in the folders of pages, which {self.name} does not publish"
            cure = "Name its folder as source, if it is published in another way."
            return NotPublished(reason, cure, may_be_pages=True)
        inside = below(file, root.folder) or ""
        reason = ""
        if root.folder in self.apps and PurePosixPath(inside).stem != "page":
            reason = OUTSIDE
        elif self.hides_underscore and has_step(inside):
            reason = PARTIAL
        elif self.excluded.match(inside) or self.globs.match(inside):
            reason = self.reason
        elif self.listed is not None and is_rendered(file) and file not in self.listed:
            reason = "not in SUMMARY.md, whose pages alone are published"
        return NotPublished(reason) if reason else None

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""
        copy = below(file, self.copied) if self.copied else None
        if copy:
            return Published(copy)
        if reason := self._withheld(facts):
            return NotPublished(reason)
        root = self._root(file) or Root()
        inside = below(file, root.folder) or ""
        if not is_rendered(file):
            return Published(join(root.path, inside))
        for key in self.slug_keys:
            slug = slug_of(facts.text(key))
            if slug and "://" not in slug:
                return Published(join(root.path, slug))
        stem, language = self._language(without_suffix(inside))
        folder, _, name = stem.rpartition("/")
        name = _NUMBER.sub("", name) if self.strips_numbers else name
        top = language if language != self.default_language else ""
        if name.lower() in self.indexes or root.folder in self.apps:
            return Published(join(top, root.path, self._spell(folder)), language)
        path = join(top, root.path, self._spell(stem))
        return Published(f"{path}{self.ending}".rstrip("/"), language)

    def _withheld(self, facts: Facts) -> str:
        """Return why a page holds itself back, or empty text."""
        if self.has_drafts and facts.flag("draft"):
            return DRAFT
        is_hidden = "permalink" in self.slug_keys and facts.flag("permalink") is False
        return "a page that its front matter does not publish" if is_hidden else ""

    def _root(self, file: str) -> Root | None:
        return next((root for root in self.roots if below(file, root.folder) is not None), None)

    def _is_output(self, file: str) -> bool:
        return any(below(file, folder) is not None for folder in self.output)

    def _language(self, stem: str) -> tuple[str, str]:
        rest, _, suffix = stem.rpartition(".")
        return (rest, suffix) if rest and suffix in self.languages else (stem, "")

    def _spell(self, path: str) -> str:
        path = join(*(step for step in path.split("/") if not _GROUP.fullmatch(step)))
        if self.strips_numbers:
            path = "/".join(_NUMBER.sub("", step) for step in path.split("/"))
        if not self.is_slugged:
            return path
        kept = "".join(sign for sign in path.lower() if sign.isalnum() or sign in "-_/ ")
        return kept.replace(" ", "-")


def read_vitepress(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder that has .vitepress."""
    values = config or {}
    folder = values.get("srcDir")
    return Simple(
        "VitePress",
        (Root(join(folder) if isinstance(folder, str) else ""),),
        "" if values.get("cleanUrls") is True else ".html",
        globs=Globs.of(values.get("srcExclude")),
        copied=join(folder if isinstance(folder, str) else "", "public"),
        output=(".vitepress/dist", "node_modules"),
    )


def read_vuepress(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder that has .vuepress."""
    return Simple(
        "VuePress",
        ending=".html",
        indexes=_README,
        slug_keys=("permalink",),
        output=(".vuepress/dist",),
    )


def read_sphinx(root: Path, config: Values | None) -> Simple:
    """Return the site that conf.py describes; its builder is read from .readthedocs.yaml."""
    values = config or {}
    url = values.get("html_baseurl")
    listed = values.get("exclude_patterns")
    patterns = [text for text in listed if isinstance(text, str)] if listed else []
    return Simple(
        "Sphinx",
        ending="/" if _builder(root) == "dirhtml" else ".html",
        excluded=Ignored.of(
            [f"/{text.removeprefix('**/')}" for text in patterns if "**/" not in text]
        ),
        globs=Globs.of(patterns),
        has_html=False,
        output=("_build", "_static", "_templates", "build"),
        site_url=url if isinstance(url, str) else "",
    )


def _builder(root: Path) -> str:
    for folder in (root, *list(root.parents)[:3]):
        for name in (".readthedocs.yaml", ".readthedocs.yml"):
            sphinx = (read_config(folder / name) or {}).get("sphinx")
            if isinstance(sphinx, dict):
                return str(sphinx.get("builder") or "html")
    return "html"


def read_jupyter_book(root: Path, config: Values | None) -> Simple:
    """Return the book of a folder that has _config.yml and _toc.yml."""
    return Simple("Jupyter Book", ending=".html", output=("_build",))


def read_mintlify(root: Path, config: Values | None) -> Simple:
    """Return the site that docs.json or mint.json describes."""
    own = read_text(root / ".mintignore").splitlines()
    return Simple(
        "Mintlify",
        excluded=Ignored.of([*_MINTLIFY_IGNORED, *own]),
        reason="a snippet or a file that Mintlify ignores",
    )


def read_nextra(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder of Next.js with Nextra, or with pages of MDX."""
    values = _arguments(config)
    base = values.get("contentDirBasePath")
    path = join(base) if isinstance(base, str) else ""
    i18n = (config or {}).get("i18n")
    i18n = i18n if isinstance(i18n, dict) else {}
    locales, default = i18n.get("locales"), i18n.get("defaultLocale")
    return Simple(
        "Nextra",
        (
            Root("src/content", path),
            Root("src/app"),
            Root("app"),
            Root("src/pages"),
            Root("content", path),
            Root("pages"),
        ),
        copied="public",
        hides_underscore=True,
        apps=("app", "src/app"),
        languages=frozenset(name for name in locales or [] if isinstance(name, str)),
        default_language=default if isinstance(default, str) else "",
        globs=Globs.of(["**/[[]*", "**/404.*", "**/500.*", "**/_error.*"]),
        reason="a page for errors, or for addresses that a program fills in",
        output=(".next", "out"),
    )


def read_astro(root: Path, config: Values | None, *, is_starlight: bool) -> Simple:
    """Return the site that astro.config describes."""
    values = config or {}
    url, base = values.get("site"), values.get("base")
    site_url = (
        f"{url.rstrip('/')}/{join(base if isinstance(base, str) else '')}"
        if isinstance(url, str)
        else ""
    )
    pages = Root("src/pages")
    roots = (Root("src/content/docs"), pages) if is_starlight else (Root("src/content"), pages)
    return Simple(
        "Starlight" if is_starlight else "Astro",
        roots,
        copied="public",
        has_html=True,
        hides_underscore=True,
        is_slugged=True,
        slug_keys=("slug",),
        has_drafts=True,
        output=("dist",),
        site_url=site_url,
    )


def read_fumadocs(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder with Fumadocs: where it is published is in its source.ts."""
    texts = [
        read_text(root / name) for name in ("lib/source.ts", "src/lib/source.ts", "lib/source.tsx")
    ]
    base = re.search(r"\bbaseUrl\s*:\s*[\"']([^\"'\n]{0,200})", "\n".join(texts))
    folder = re.search(r"\bdir\s*:\s*[\"']([^\"'\n]{1,200})", read_text(root / "source.config.ts"))
    i18n = re.search(
        r"\blanguages\s*:\s*\[([^\]]{0,300})\]",
        "\n".join(read_text(root / name) for name in ("lib/i18n.ts", "src/lib/i18n.ts")),
    )
    languages = re.findall(r"[\"']([\w-]{2,10})[\"']", i18n[1]) if i18n is not None else []
    return Simple(
        "Fumadocs",
        (Root(join(folder[1]) if folder else "content/docs", join(base[1]) if base else "docs"),),
        languages=frozenset(languages),
        output=(".next", "out"),
    )


def read_gitbook(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder with SUMMARY.md; with book.json it has files ending in .html."""
    values = config or {}
    structure = values.get("structure")
    named = structure if isinstance(structure, dict) else {}
    folder = join(str(values.get("root") or ""))
    summary = str(named.get("summary") or "SUMMARY.md")
    is_old = (root / "book.json").is_file()
    readme = without_suffix(str(named.get("readme") or "README.md")).lower()
    site = Simple(
        "GitBook",
        (Root(folder),),
        ".html" if is_old else "",
        indexes=_README | {PurePosixPath(readme).name},
        excluded=Ignored.of([f"/{summary}", "/SUMMARY.md", "/GLOSSARY.md", "/LANGS.md"]),
        reason="the table of contents or the glossary",
        output=("_book",),
    )
    return replace(site, listed=_listed(root, folder, summary)) if is_old else site


def read_mdbook(root: Path, config: Values | None) -> Simple:
    """Return the book that book.toml describes; only what SUMMARY.md lists is published."""
    book = (config or {}).get("book")
    source = book.get("src") if isinstance(book, dict) else None
    folder = join(source) if isinstance(source, str) else "src"
    return Simple(
        "mdBook",
        (Root(folder),),
        ".html",
        indexes=_README,
        excluded=Ignored.of(["/SUMMARY.md"]),
        reason="the table of contents",
        listed=_listed(root, folder, "SUMMARY.md"),
        output=("book",),
    )


def read_eleventy(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder with a configuration of Eleventy."""
    names = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs")
    text = "\n".join(read_text(root / name) for name in names)
    folder = re.search(r"\binput\s*:\s*[\"']([^\"'\n]{1,200})", text)
    output = re.search(r"\boutput\s*:\s*[\"']([^\"'\n]{1,200})", text)
    return Simple(
        "Eleventy",
        (Root(join(folder[1]) if folder else ""),),
        excluded=Ignored.of(["_includes/", "_data/", "_layouts/"]),
        reason=PARTIAL,
        has_html=True,
        slug_keys=("permalink",),
        output=(join(output[1]) if output else "_site",),
    )


def read_nuxt_content(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder with Nuxt and its module for content."""
    return Simple(
        "Nuxt Content",
        (Root("content"),),
        copied="public",
        hides_underscore=True,
        is_slugged=True,
        strips_numbers=True,
        has_drafts=True,
        output=(".output", "dist"),
    )


def read_docsify(root: Path, config: Values | None) -> Simple:
    """Return the site of a folder with Docsify; its menus and cover are no pages."""
    return Simple(
        "Docsify",
        indexes=_README,
        excluded=Ignored.of(["/index.html", *_DOCSIFY_MENUS]),
        reason="a menu, a cover, or the page that loads the others",
        has_html=True,
    )


def read_wiki(root: Path, config: Values | None) -> Simple:
    """Return a wiki of GitHub or GitLab; its menu and footer are no pages."""
    return Simple(
        "Wiki",
        indexes=frozenset({"home"}),
        excluded=Ignored.of(["_Sidebar.md", "_Footer.md", "_Header.md", "_sidebar.md"]),
        reason="a menu or a footer",
    )


def mdx_alone(name: str) -> Simple:
    """Return a site of which only a folder of MDX is known: partials begin with '_'."""
    is_mintlify = name == "Mintlify"
    return Simple(
        name,
        excluded=Ignored.of(_MINTLIFY_IGNORED if is_mintlify else []),
        reason="a snippet or a file that Mintlify ignores",
        hides_underscore=not is_mintlify,
        has_html=True,
        is_slugged=name == "Starlight",
        slug_keys=("slug",) if name == "Starlight" else (),
        has_drafts=name == "Starlight",
    )


def _listed(root: Path, folder: str, summary: str) -> frozenset[str] | None:
    """Return the files that a table of contents names; None where it names none."""
    text = read_text(root / folder / summary)
    links = (unquote(match[1] or match[2]) for match in _LINK.finditer(text))
    files = {join(folder, link) for link in links if is_rendered(link)}
    readme: Collection[str] = {join(folder, name) for name in ("README.md", "index.md")}
    return frozenset(files | set(readme)) if files else None


def _arguments(config: Values | None) -> Mapping[str, Any]:
    """Return the options of a wrapper such as `nextra({...})` that is the configuration."""
    values = config or {}
    listed = values.get("arguments") if "call" in values else [values]
    first = listed[0] if isinstance(listed, list) and listed else {}
    return first if isinstance(first, dict) else {}
