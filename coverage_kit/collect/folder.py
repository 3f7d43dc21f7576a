"""Read a folder of HTML and Markdown files as the pages that its generator publishes."""

import logging
import os
import posixpath
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from tqdm.auto import tqdm

from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.extract import Extract, extract_page, join_url
from coverage_kit.collect.folder_files import Reader, list_files, readable
from coverage_kit.collect.front_matter import (
    MODIFIED_KEYS,
    PUBLISHED_KEYS,
    FrontMatter,
    read_front_matter,
)
from coverage_kit.collect.generators import (
    OUTSIDE,
    PARTIAL,
    Decision,
    Detected,
    Facts,
    NotPublished,
    Published,
    below,
    detect,
    is_rendered,
    join,
    slug_of,
    title_of_path,
)
from coverage_kit.collect.includes import Includes
from coverage_kit.collect.markdown import read_markdown_page
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import page_id, site_name, site_scope, split_http
from coverage_kit.errors import SiteError
from coverage_kit.escaping import for_line
from coverage_kit.storage.written import is_written
from coverage_kit.text.markdown.front import find_front
from coverage_kit.text.markdown.shown_front import shown_paragraphs
from coverage_kit.text.markdown.template_html import (
    PlainHtml,
    replace_template_tags,
    without_template_tags,
)
from coverage_kit.text.page_markup import INDEX_NAMES, MARKDOWN, PAGES

# The Markdown parser takes up to twelve seconds for a hostile megabyte (measured).
_MAX_MARKDOWN_BYTES = 500_000
_MEND_FRONT = "The page is read. Mend the line: its title, address or dates may be wrong."
# What a path of a URL may hold as it is, besides letters and digits (RFC 3986).
_PATH_CHARACTERS = "/!$&'()*+,;=:@"
_DRAFT = NotPublished(
    "a draft, or a page with published: false",
    "Take that line out of its front matter, if the page is published.",
)

logger = logging.getLogger(__name__)


def _no_reader(_: Path) -> Reader | None:
    return None


def read_folder(  # noqa: PLR0913 (what a folder's reading depends on)
    folder: Path,
    base_url: str = "",
    max_page_bytes: int = 8_000_000,
    others: Iterable[str | Path] = (),
    unread: UnreadItems | None = None,
    find_reader: Callable[[Path], Reader | None] = _no_reader,
) -> list[PageRows]:
    """Return the pages of a folder and its subfolders, sorted by path.

    The folder is read as the generator publishes it that its configuration names (`detect`): which
    files are pages, and where each is published. Without a generator every file of HTML or Markdown
    is a page, and its URL is base_url and the path of the file; the path of a Markdown file counts
    without its suffix. A URL that the page itself names comes first, if that is absolute (and on
    the site of base_url, where one is given). A page that cannot be read has a status that says
    why. Files that are not read are counted in `unread`. Raises SiteError for a folder that is
    missing or has no page.

    Args:
        folder: the folder of the site.
        base_url: where the folder is published. Without it the URL of the generator's configuration
            counts.
        max_page_bytes: larger files are not read.
        others: paths that are no part of the site where they are inside the folder: the run's
            folder, the cache, the folders of other sites.
        unread: counts what is not read; None counts nothing.
        find_reader: returns the reader of a file that is neither HTML nor Markdown, if it has one.
    """
    if base_url and split_http(base_url) is None:
        raise SiteError(
            "site.base_url",
            "an http(s) URL",
            repr(base_url),
            "Write it as https://example.com/.",
        )
    if not folder.is_dir():
        raise SiteError(
            str(folder),
            "a folder of HTML or Markdown files",
            "a file" if folder.exists() else "nothing there",
            "Name a folder, or a URL that starts with https:// for a site to crawl.",
        )
    unread = unread or UnreadItems()
    files = list_files(folder, others, unread, find_reader)
    detected = detect(folder, files.pages, files.names)
    site = _FolderSite(folder, _base_url(base_url, detected, folder), max_page_bytes, detected)
    pages = site.read(files.pages, unread)
    for name, reader in files.others:
        pages += site.read_other(name, reader, unread)
    if not pages:
        raise _no_page_error(folder, unread)
    return pages


def _no_page_error(folder: Path, unread: UnreadItems) -> SiteError:
    """Return an error that says what the folder holds instead of pages, and the cure."""
    expected = f"files ending in {', '.join(sorted(PAGES))}"
    reasons = unread.reasons()[:3]
    kinds = ", ".join(f"{n_items:,} x {reason}" for reason, n_items, _ in reasons)
    cure = next((cure for _, _, cure in reasons if cure), "Name the folder that holds the pages.")
    return SiteError(str(folder), expected, f"none, but {kinds}" if kinds else "none", cure)


def _base_url(base_url: str, detected: Detected | None, folder: Path) -> str:
    """Return where the folder is published, and log what was detected and where it disagrees."""
    if detected is None:
        return base_url
    name = detected.generator.name
    if not detected.config:
        logger.warning(
            "%s looks like pages of %s, but its configuration is not there. Addresses follow the "
            "rules that it has without one. Name the folder of the configuration as source, or "
            "check some addresses",
            folder,
            name,
        )
        return base_url
    logger.info("%s is read as %s publishes it, by %s", folder, name, detected.config)
    site_url = detected.generator.site_url
    if split_http(site_url) is None:
        return base_url
    configured = f"{site_url.rstrip('/')}/{quote(os.fsencode(detected.path), _PATH_CHARACTERS)}"
    if not base_url:
        logger.info("base_url is not set. By %s it is %s", detected.config, configured)
        return configured
    is_same_site = site_scope(configured) == site_scope(base_url)
    if is_same_site and page_id(configured) != page_id(base_url):
        logger.warning(
            "%s is published at %s, as %s says, but base_url is %s. Addresses are made from "
            "base_url: correct it if cited pages are not recognised",
            folder,
            configured,
            detected.config,
            base_url,
        )
    return base_url


@dataclass(frozen=True)
class _FolderSite:
    """The site that a folder holds.

    Attributes:
        folder: the folder.
        base_url: where it is published; empty where that is not known.
        max_page_bytes: larger files are not read.
        detected: its generator; None: the paths of files give the addresses.
    """

    folder: Path
    base_url: str
    max_page_bytes: int
    detected: Detected | None

    def read(self, names: list[str], unread: UnreadItems) -> list[PageRows]:
        """Return the pages among the files, and count those that are not published."""
        includes = self._includes(unread)
        pages: list[PageRows] = []
        # Of two files at one address the first is kept: index.md, and not the README beside it.
        names = sorted(names, key=lambda name: PurePosixPath(name).stem.lower() == "readme")
        bar = tqdm(
            names,
            desc=for_line(f"reading {self.folder.name}"),
            unit=" pages",
            file=sys.stderr,
            leave=False,
            disable=None,
        )
        for name in bar:
            result = self._reject(name) or self._read_file(name, includes)
            if isinstance(result, PageRows):
                pages.append(result)
                continue
            self._count(name, result, unread)
        return pages

    def _count(self, name: str, result: NotPublished, unread: UnreadItems) -> None:
        unread.add(
            "file",
            result.reason,
            readable(str(self.folder / name)),
            cure=result.cure,
            may_be_pages=result.may_be_pages,
        )

    def read_other(self, name: str, reader: Reader, unread: UnreadItems) -> list[PageRows]:
        """Return the pages of an export or document; a broken one is a page with its reason."""
        parent = posixpath.dirname(name)
        address = f"{self.location(parent, self._folder_path(parent)).rstrip('/')}/"
        location = f"{address}{readable(posixpath.basename(name))}"
        rejected = PageRows(location, self.site, "")
        decision = self._decide_rst(name)
        if isinstance(decision, NotPublished):
            self._count(name, decision, unread)
            return []

        def read() -> list[PageRows]:
            try:
                pages = reader(self.folder / name, address, unread)
            except SiteError as error:
                return [rejected.with_status(f"unreadable: {error.found}. {error.cure}")]
            if decision is None:
                return pages
            return [replace(page, location=self.location(name, decision)) for page in pages]

        return try_page(location, read, lambda status: [rejected.with_status(status)])

    def _decide_rst(self, name: str) -> Decision | None:
        """Return where Sphinx publishes a file of its own format, or why it does not."""
        is_sphinx = self.detected is not None and self.detected.generator.name == "Sphinx"
        if not is_sphinx or not name.lower().endswith(".rst"):
            return None
        return self._reject(name) or self._decide(name, Facts())

    @property
    def site(self) -> str:
        """The site's name: the host of its pages, or else the folder's name."""
        return site_name(self.base_url) or readable(self.folder.resolve().name)

    def location(self, name: str, published: Published | None) -> str:
        """Return the URL of a file, or folder/path where no base_url is known."""
        if not self.base_url:
            return f"{readable(self.folder.resolve().name)}/{readable(name)}"
        relative = _plain_path(name)
        if published is not None:
            start = self.detected.path if self.detected is not None else ""
            # What is published above the folder is above base_url.
            relative = posixpath.relpath(f"/{published.path}", f"/{start}")
        # The bytes of a name that is not UTF-8 are escaped as they are.
        escaped = quote(os.fsencode(relative if relative != "." else ""), _PATH_CHARACTERS)
        base = self.base_url.rstrip("/")
        return join_url(f"{base}/", escaped) if relative.startswith("..") else f"{base}/{escaped}"

    def _folder_path(self, name: str) -> Published | None:
        """Return where a folder is published; None where its path says it."""
        if self.detected is None:
            return None
        path = self.detected.generator.folder_path(self.detected.name_in_root(name))
        return Published(path) if path is not None else None

    def _includes(self, unread: UnreadItems) -> Includes:
        if self.detected is None:
            return Includes(self.folder, self.folder, (), unread)
        folders = [self.detected.prefix, *self.detected.snippets]
        return Includes(self.detected.root, self.folder, folders, unread)

    def _reject(self, name: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        if self.detected is None:
            is_partial = name.rpartition("/")[2].startswith("_") and name.lower().endswith(".mdx")
            return NotPublished(PARTIAL) if is_partial else None
        rejected = self.detected.generator.reject(self.detected.name_in_root(name))
        where, generator = self.detected.offset, self.detected.generator.name
        is_outside = rejected is not None and rejected.reason == OUTSIDE
        if not where or not is_outside or below(name, where) is not None:
            return rejected
        return NotPublished(
            f"outside the site of {generator}, which is in {where}",
            "Name its folder as source to have it read.",
            may_be_pages=True,
        )

    def _decide(self, name: str, facts: Facts) -> Published | NotPublished | None:
        """Return where a file is published, or why it is not; None: where its path says."""
        if self.detected is not None:
            return self.detected.generator.decide(self.detected.name_in_root(name), facts)
        if slug := slug_of(facts.text("slug")):
            folder = "" if slug.startswith("/") else posixpath.dirname(name)
            return Published(join(folder, slug))
        return None

    def _read_file(self, name: str, includes: Includes) -> PageRows | NotPublished:
        file = self.folder / name
        guess = self._decide(name, Facts())
        location = self.location(name, guess if isinstance(guess, Published) else None)
        # A name that no table can hold is no path to read the source from again.
        html_path = str(file) if readable(str(file)) == str(file) else None
        rejected = PageRows(location, self.site, "", html_path=html_path)

        def read() -> PageRows | NotPublished:
            is_markdown = is_rendered(name)
            limit = min(self.max_page_bytes, _MAX_MARKDOWN_BYTES)
            if file.stat().st_size > (limit if is_markdown else self.max_page_bytes):
                return rejected.with_status("too large")
            content = file.read_bytes()
            if is_written(content):
                return rejected.with_status("written by coverage_kit")
            if is_markdown:
                is_mdx = name.lower().endswith(".mdx")
                page = read_markdown_page(content, includes.reader_of(file), is_mdx=is_mdx)
                _count_problem(file, page.front, includes.unread)
                if page.is_draft and self.detected is None:
                    return _DRAFT
                facts = Facts(page.front.values, _has_front(content), page.extract.title)
                row = self._place(name, rejected, page.extract, facts)
                if isinstance(row, PageRows):
                    includes.count_unknown(file, page.unknown)
                return row
            return self._read_html(name, rejected, content, includes)

        return try_page(location, read, rejected.with_status)

    def _read_html(
        self, name: str, rejected: PageRows, content: bytes, includes: Includes
    ) -> PageRows | NotPublished:
        split = _split_front(content)
        if split is None:
            extract = extract_page(content, rejected.location)
            return self._place(name, rejected, extract, Facts(title=extract.title))
        front, body = split
        file = self.folder / name
        _count_problem(file, front, includes.unread)
        if front.is_draft and self.detected is None:
            return _DRAFT
        extract = _with_front(extract_page(body.text.encode(), rejected.location), front)
        facts = Facts(front.values, has_front=True, title=extract.title)
        # In the file words of a tag look like words of the page, and an edit might change them.
        rejected = replace(rejected, html_path=None) if body.is_mixed else rejected
        row = self._place(name, rejected, extract, facts)
        if isinstance(row, PageRows):
            includes.count_unknown(file, body.unknown)
        return row

    def _place(
        self, name: str, rejected: PageRows, extract: Extract, facts: Facts
    ) -> PageRows | NotPublished:
        decision = self._decide(name, facts)
        if isinstance(decision, NotPublished):
            return decision
        if decision is not None:
            rejected = replace(rejected, location=self.location(name, decision))
            extract = replace(
                extract,
                language=extract.language or decision.language[:2],
                published_at=extract.published_at or decision.date,
            )
        if self.detected is not None:
            generator = self.detected.generator.name
            shown = shown_paragraphs(facts.front, generator)
            extract = replace(extract, text="\n\n".join([*shown, extract.text]).strip())
            if decision is not None and is_rendered(name) and not extract.title:
                extract = replace(extract, title=title_of_path(decision.path, generator))
        return self._row(name, rejected, extract)

    def _row(self, name: str, rejected: PageRows, extract: Extract) -> PageRows:
        declared_url = _declared_url(extract, self.base_url)
        # The generator has read what a page of Markdown says of its path.
        if self.detected is not None and is_rendered(name) and split_http(extract.url) is None:
            declared_url = ""
        return replace(
            rejected,
            site=rejected.site if self.base_url or not declared_url else site_name(declared_url),
            status="ok" if extract.text else "no text",
            declared_url=declared_url,
            extract=extract,
        )


def _plain_path(name: str) -> str:
    """Return the path at which a file is published where no generator is known."""
    path = PurePosixPath(name)
    if path.suffix.lower() not in MARKDOWN:
        return name
    path = path.with_suffix("")
    path = path.parent if path.name.lower() in INDEX_NAMES else path
    return "" if path == PurePosixPath() else str(path)


def _has_front(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").startswith((b"---", b"+++", b"{"))


def _split_front(content: bytes) -> tuple[FrontMatter, PlainHtml] | None:
    """Return the front matter of an HTML file and its body without tags of templates.

    None is returned for a file without front matter.
    """
    if not _has_front(content):
        return None
    text = decode_page(content)
    lines = find_front(text)
    if lines is None:
        return None
    front = read_front_matter(lines.kind, text[lines.start : lines.end])
    body = text[lines.body :]
    is_large = len(body) > _MAX_MARKDOWN_BYTES
    return front, PlainHtml(body) if is_large else replace_template_tags(body)


def _with_front(extract: Extract, front: FrontMatter) -> Extract:
    """Return the content of an HTML file with what its front matter says of it."""
    return replace(
        extract,
        title=without_template_tags(front.title) or extract.title,
        language=front.language or extract.language,
        url=extract.url or (front.url if split_http(front.url) is not None else ""),
        published_at=front.date(PUBLISHED_KEYS) or extract.published_at,
        modified_at=front.date(MODIFIED_KEYS) or extract.modified_at,
    )


def _count_problem(file: Path, front: FrontMatter, unread: UnreadItems) -> None:
    """Count front matter that could not be read as a whole."""
    if front.problem:
        detail = f" ({front.detail})" if front.detail else ""
        example = f"{readable(str(file))}{detail}"
        unread.add("part", front.problem, example, cure=_MEND_FRONT)


def _declared_url(extract: Extract, base_url: str) -> str:
    """Return the absolute URL that a page names for itself, or empty text where it is not believed.

    With a base_url, only a URL of the same site is believed.
    """
    url = extract.url
    if base_url and url and split_http(url) is None:
        url = join_url(base_url, url)
    is_foreign = bool(base_url) and site_name(url) != site_name(base_url)
    return "" if is_foreign or split_http(url) is None else url
