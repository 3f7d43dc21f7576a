"""Detect which generator publishes a folder, by its configuration or by signs in its files."""

import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coverage_kit.collect.generators.docusaurus import docs_alone, read_docusaurus
from coverage_kit.collect.generators.hexo import read_hexo
from coverage_kit.collect.generators.hugo import hugo_alone, read_hugo
from coverage_kit.collect.generators.jekyll import jekyll_alone, read_jekyll
from coverage_kit.collect.generators.literals import read_config, read_text
from coverage_kit.collect.generators.mkdocs import MkDocs, read_mkdocs
from coverage_kit.collect.generators.model import BUILT, OUTSIDE, Generator, below
from coverage_kit.collect.generators.simple import (
    mdx_alone,
    read_astro,
    read_docsify,
    read_eleventy,
    read_fumadocs,
    read_gitbook,
    read_jupyter_book,
    read_mdbook,
    read_mintlify,
    read_nextra,
    read_nuxt_content,
    read_sphinx,
    read_vitepress,
    read_vuepress,
    read_wiki,
)

# How far above the folder a configuration may be.
_LEVELS_ABOVE = 3
# Files whose names are looked at, and whose starts are read, to see what a folder holds.
_MAX_NAMES = 2000
_MAX_TEXTS = 60
_MAX_CHARACTERS = 4000
# Folders that hold a generator whose pages are in a folder beside.
_BESIDE = ("website", "site", "docs-site", "docusaurus", "www", "web", "documentation")
_SCRIPTS = ("js", "ts", "mjs", "mts", "cjs", "cts")
_POST = re.compile(r"(?:^|/)_posts/(?:.*/)?\d{4}-\d{2}-\d{2}-[^/]+\.(?:md|markdown|html)$")
_THEME = re.compile(r"from\s+['\"]@(?:theme|docusaurus|site)[/'\"-]")
_SNIPPET = re.compile(r"from\s+['\"]/_?snippets/")
_STARLIGHT = re.compile(r"from\s+['\"]@astrojs/starlight")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Detected:
    """The generator of a folder.

    Attributes:
        generator: its rules for this site.
        root: the folder of the configuration.
        prefix: the read folder as a path from the root, such as 'docs' or '../docs'; empty where
            it is the root or is above it.
        offset: the root below the read folder; empty where it is not.
        config: the configuration's name; empty where the folder only looks like the generator's.
    """

    generator: Generator
    root: Path
    prefix: str = ""
    offset: str = ""
    config: str = ""

    def name_in_root(self, file: str) -> str:
        """Return the path from the root of a file or folder of the read folder."""
        return _name_in_root(file, self.prefix, self.offset)

    @property
    def snippets(self) -> tuple[str, ...]:
        """Folders below the root in which the configuration has included files looked for."""
        return self.generator.snippets if isinstance(self.generator, MkDocs) else ()

    @property
    def path(self) -> str:
        """Where the read folder is published below the site's root."""
        return "" if self.offset else self.generator.folder_path(self.prefix) or ""


@dataclass(frozen=True)
class _Place:
    """A folder that may have a configuration, with its names and what is read.

    Attributes:
        root: the folder.
        names: names of the files and folders in it.
        chosen: the read folder as a path from it, as `Detected.prefix` has it.
        offset: the folder below the read folder; empty where it is not.
        read: the files of the read folder.
    """

    root: Path
    names: frozenset[str]
    chosen: str = ""
    offset: str = ""
    read: Sequence[str] = ()

    @cached_property
    def files(self) -> list[str]:
        """The files that are read, as paths below the folder."""
        return [_name_in_root(file, self.chosen, self.offset) for file in self.read]

    def first(self, *names: str) -> str:
        return next((name for name in names if name in self.names), "")

    def script(self, name: str) -> str:
        return self.first(*(f"{name}.{ending}" for ending in _SCRIPTS))


def detect(folder: Path, files: Sequence[str], names: Iterable[str]) -> Detected | None:
    """Return the generator that publishes a folder, or None where none is known.

    A configuration is looked for in the folder, up to three levels above it and one below it.
    Without one, signs in the files decide.

    Args:
        folder: the folder that is read.
        files: its files that may be pages, as POSIX paths below it.
        names: names of all its files, for signs such as _category_.json.
    """
    if not files:
        return None
    real = Path(os.path.abspath(folder))  # noqa: PTH100 (links above stay as they are)
    return (
        _at(real, "", "", files)
        or _above(real, files)
        or _beside(real, files)
        or _below(real, files)
        or _by_signs(real, files, names)
    )


def _at(root: Path, prefix: str, offset: str, files: Sequence[str]) -> Detected | None:
    """Return the generator whose configuration is in a folder, if it has pages of the files."""
    place = _Place(root, _listed(root), prefix, offset, files)
    for config, read in _READERS:
        name = config(place)
        generator = read(place, name) if name else None
        if generator is not None and _has_pages(generator, place.files):
            return Detected(generator, root, prefix, offset, name)
    return None


def _above(folder: Path, files: Sequence[str]) -> Detected | None:
    root, steps = folder, [folder.name]
    for _ in range(_LEVELS_ABOVE):
        # A configuration above a repository is not the repository's.
        if (root / ".git").exists() or root.parent == root:
            return None
        root = root.parent
        detected = _at(root, "/".join(reversed(steps)), "", files)
        if detected is not None and detected.generator.folder_path(detected.prefix) is not None:
            return detected
        steps.append(root.name)
    return None


def _beside(folder: Path, files: Sequence[str]) -> Detected | None:
    """Return the generator in a folder beside, such as website/, whose pages are in the folder."""
    if (folder / ".git").exists():
        return None
    for name in _BESIDE:
        root = folder.parent / name
        if root != folder and (detected := _at(root, f"../{folder.name}", "", files)) is not None:
            return detected
    return None


def _below(folder: Path, files: Sequence[str]) -> Detected | None:
    """Return the generator of the one folder below that has a configuration."""
    tops = sorted({file.partition("/")[0] for file in files if "/" in file} | _sites(folder))
    found = [
        detected for top in tops if (detected := _at(folder / top, "", top, files)) is not None
    ]
    if len(found) > 1:
        logger.warning(
            "%s: %d sites are in it (%s), so addresses follow the paths of files. "
            "Name one of them as source.",
            folder.name,
            len(found),
            ", ".join(detected.offset for detected in found[:5]),
        )
        return None
    return found[0] if found else None


def _name_in_root(file: str, prefix: str, offset: str) -> str:
    if not offset:
        return f"{prefix}/{file}".strip("/") if file else prefix
    inside = below(file, offset)
    return inside if inside is not None else f"{'../' * (offset.count('/') + 1)}{file}"


def _has_pages(generator: Generator, files: Sequence[str]) -> bool:
    """Return whether the generator publishes some of the files."""
    for file in files:
        rejected = generator.reject(file)
        if rejected is None or rejected.reason not in {OUTSIDE, BUILT}:
            return True
    return False


def _sites(folder: Path) -> set[str]:
    """Return the folders below that may hold a generator without pages of its own."""
    return {name for name in _BESIDE if (folder / name).is_dir()}


def _listed(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()


def _by_signs(folder: Path, files: Sequence[str], names: Iterable[str]) -> Detected | None:
    generator = _looks_like(folder, files, frozenset(names))
    return Detected(generator, folder) if generator is not None else None


def _looks_like(folder: Path, files: Sequence[str], names: frozenset[str]) -> Generator | None:
    if any(file.startswith("source/_posts/") for file in files):
        return read_hexo(None)
    if any(_POST.search(file) for file in files):
        return jekyll_alone()
    texts = _texts(folder, files)
    if names & {"_category_.json", "_category_.yml", "_category_.yaml"} or any(
        _THEME.search(text) for text in texts
    ):
        return docs_alone()
    if any(file.rpartition("/")[2].lower() == "_index.md" for file in files):
        has_content = any(file.startswith("content/") for file in files)
        return read_hugo(folder, None, files) if has_content else hugo_alone(files)
    signs = {
        "Mintlify": any(_SNIPPET.search(text) for text in texts),
        "Starlight": any(_STARLIGHT.search(text) for text in texts),
        "Nextra": bool(names & {"_meta.json", "_meta.js", "_meta.ts", "_meta.tsx"}),
    }
    name = next((name for name, is_there in signs.items() if is_there), "")
    return mdx_alone(name) if name else None


def _texts(folder: Path, files: Sequence[str]) -> list[str]:
    """Return the starts of some files of Markdown, first those of MDX."""
    rendered = [file for file in files if file.lower().endswith(".mdx")][:_MAX_TEXTS]
    rendered += [file for file in files if file.lower().endswith(".md")][:_MAX_TEXTS]
    return [_start(folder / file) for file in rendered]


def _start(path: Path) -> str:
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_CHARACTERS).decode("utf-8", "replace")
    except OSError:
        return ""


def _values(place: _Place, name: str) -> dict[str, object] | None:
    """Return a configuration's values; None, with a warning, where it cannot be read."""
    path = place.root / name
    values = read_config(path)
    if values is None and path.is_file() and path.stat().st_size:
        logger.warning(
            "%s cannot be read, so its defaults are assumed: check the addresses of your pages.",
            path.name,
        )
    return values


def _docusaurus_name(place: _Place) -> str:
    is_bare = "docs" in place.names and (
        place.script("sidebars") or place.first("sidebars.json", "versioned_docs")
    )
    return place.script("docusaurus.config") or is_bare or ""


def _docusaurus(place: _Place, name: str) -> Generator:
    is_config = name.startswith("docusaurus")
    return read_docusaurus(place.root, _values(place, name) if is_config else None, place.chosen)


def _press_name(folder: str) -> Callable[[_Place], str]:
    def name(place: _Place) -> str:
        if folder not in place.names:
            return ""
        for name, stem in (("", "config"), ("config", "index")):
            inside = _Place(place.root / folder, _listed(place.root / folder / name))
            config = inside.script(stem) or inside.first(f"{stem}.json")
            if config:
                return "/".join(filter(None, (folder, name, config)))
        return folder

    return name


def _vitepress(place: _Place, name: str) -> Generator:
    values = _values(place, name) if "/" in name else None
    if values and values.get("rewrites"):
        logger.warning("%s: its rewrites are not followed, so some addresses are wrong.", name)
    return read_vitepress(place.root, values)


def _vuepress(place: _Place, name: str) -> Generator:
    return read_vuepress(place.root, None)


def _hugo_name(place: _Place) -> str:
    name = place.first("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json")
    if name:
        return name
    if "config" in place.names and (place.root / "config" / "_default").is_dir():
        return "config" if "content" in place.names else ""
    name = place.first("config.toml", "config.yaml", "config.yml", "config.json")
    return name if name and "content" in place.names else ""


def _hugo(place: _Place, name: str) -> Generator:
    return read_hugo(place.root, None if name == "config" else _values(place, name), place.files)


def _hexo_name(place: _Place) -> str:
    name = place.first("_config.yml", "_config.yaml")
    is_hexo = '"hexo' in read_text(place.root / "package.json") or (
        (place.root / "source" / "_posts").is_dir()
    )
    return name if is_hexo else ""


def _jupyter_name(place: _Place) -> str:
    return place.first("_config.yml") if "_toc.yml" in place.names else ""


def _astro(place: _Place, name: str) -> Generator:
    text = read_text(place.root / name)
    is_starlight = "starlight" in text
    if not is_starlight and any(file.startswith("src/content/") for file in place.files):
        logger.warning(
            "Astro publishes src/content where the site's code says, which is not read. The "
            "addresses of these pages follow their paths: check some of them"
        )
    return read_astro(place.root, _values(place, name), is_starlight=is_starlight)


def _mintlify_name(place: _Place) -> str:
    if "mint.json" in place.names:
        return "mint.json"
    text = read_text(place.root / "docs.json")
    return "docs.json" if '"navigation"' in text or "mintlify" in text else ""


def _nuxt_name(place: _Place) -> str:
    name = place.script("nuxt.config")
    texts = (read_text(place.root / file) for file in (name, "package.json") if name)
    return name if any("@nuxt/content" in text or "docus" in text for text in texts) else ""


def _docsify_name(place: _Place) -> str:
    is_docsify = "docsify" in read_text(place.root / "index.html")
    return "index.html" if is_docsify else ""


def _fumadocs_name(place: _Place) -> str:
    is_known = "fumadocs" in read_text(place.root / "package.json")
    return place.script("source.config") or ("package.json" if is_known else "")


def _nextra_name(place: _Place) -> str:
    name = place.script("next.config")
    is_nextra = any(
        re.search(r"nextra|@next/mdx|next-mdx-remote", read_text(place.root / file))
        for file in (name, "package.json")
        if file
    )
    theme = place.first("theme.config.jsx", "theme.config.tsx", "theme.config.js")
    return (name or theme) if name and (is_nextra or theme) else ""


def _nextra(place: _Place, name: str) -> Generator:
    return read_nextra(place.root, read_config(place.root / name))


def _sphinx_name(place: _Place) -> str:
    text = read_text(place.root / "conf.py")
    return "conf.py" if re.search(r"^(?:extensions|project|html_theme)\s*=", text, re.M) else ""


def _gitbook_name(place: _Place) -> str:
    return place.first(".gitbook.yaml", ".gitbook.yml", "book.json", "SUMMARY.md")


def _gitbook(place: _Place, name: str) -> Generator:
    return read_gitbook(place.root, None if name == "SUMMARY.md" else _values(place, name))


_Name = Callable[[_Place], str]
_Read = Callable[[_Place, str], Generator]
# How each generator's configuration is named and read; the first that is there counts.
_READERS: tuple[tuple[_Name, _Read], ...] = (
    (_docusaurus_name, _docusaurus),
    (_press_name(".vitepress"), _vitepress),
    (_press_name(".vuepress"), _vuepress),
    (
        lambda p: p.first("mkdocs.yml", "mkdocs.yaml"),
        lambda p, n: read_mkdocs(p.root, _values(p, n)),
    ),
    (_hugo_name, _hugo),
    (_hexo_name, lambda p, n: read_hexo(_values(p, n))),
    (_jupyter_name, lambda p, n: read_jupyter_book(p.root, None)),
    (lambda p: p.script("astro.config"), _astro),
    (_mintlify_name, lambda p, n: read_mintlify(p.root, None)),
    (_nuxt_name, lambda p, n: read_nuxt_content(p.root, None)),
    (_docsify_name, lambda p, n: read_docsify(p.root, None)),
    (
        lambda p: p.first("_Sidebar.md") if "Home.md" in p.names else "",
        lambda p, n: read_wiki(p.root, None),
    ),
    (_fumadocs_name, lambda p, n: read_fumadocs(p.root, None)),
    (_nextra_name, _nextra),
    (
        lambda p: p.first("_config.yml", "_config.yaml", "_config.toml"),
        lambda p, n: read_jekyll(p.root, _values(p, n)),
    ),
    (lambda p: p.first("book.toml"), lambda p, n: read_mdbook(p.root, _values(p, n))),
    (_sphinx_name, lambda p, n: read_sphinx(p.root, _values(p, n))),
    (
        lambda p: p.first(".eleventy.js") or p.script("eleventy.config"),
        lambda p, n: read_eleventy(p.root, None),
    ),
    (_gitbook_name, _gitbook),
)
