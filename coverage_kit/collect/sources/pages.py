"""What the readers share: addresses of pages, and pages from a title and a body of HTML."""

import logging
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.extract import Extract, extract_page, join_url
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import Kind
from coverage_kit.collect.urls import site_name, split_http

# What an export holds besides pages is counted as this kind.
ITEM: Kind = "item"
# What is a part of one page, or of many, is no page that is missing.
PART: Kind = "part"
# A longer text is no page (assumed); `[crawl] max_page_megabytes` has the same default.
_MAX_CHARACTERS = 8_000_000
# What a path of a URL may hold as it is, besides letters and digits (RFC 3986).
_PATH_CHARACTERS = "/!$&'()*+,;=:@%"
# The anchor at the end of a heading, as Markdown writes it.
_ANCHOR = re.compile(r" \{#[^{}]*\}\Z")

logger = logging.getLogger(__name__)


@dataclass
class Addresses:
    """The addresses of a source's pages.

    Attributes:
        base: the address of the folder that holds the source, as `Reader` has it.
        name: what the pages are below where neither `base` nor a page has a URL.
        old_base: where the export says that the site was published.
    """

    base: str
    name: str
    old_base: str = ""
    _moved: dict[str, int] = field(default_factory=dict)
    _n_without: int = 0

    def page(self, url: str, status: str = "") -> PageRows:
        """Return a page without content at an address as the export has it.

        A page without any address is rejected.
        """
        if url.strip():
            location = self.place(url.strip())
            return PageRows(location, self.site(location), status)
        self._n_without += 1
        location = f"{self.base.rstrip('/') or self.name}#{self._n_without}"
        return PageRows(location, self.site(location), status or "no address")

    def place(self, url: str) -> str:
        """Return the address of a page, from the URL or path that the export has for it.

        An absolute URL stays. Only where `base` is a URL of another site, the path is joined to
        `base`, because exports are often made on a copy of the site.
        """
        folder = self.base if split_http(self.base) else self.old_base
        absolute = join_url(f"{folder.rstrip('/')}/", url)
        if split_http(absolute) is None:
            return "/".join(filter(None, (self.base.rstrip("/") or self.name, url.lstrip("/"))))
        if split_http(self.base) is None or are_related(site_name(absolute), site_name(self.base)):
            return absolute
        host = site_name(absolute)
        self._moved[host] = self._moved.get(host, 0) + 1
        return self._move(absolute)

    def site(self, location: str) -> str:
        """Return the name of the site to which a page belongs."""
        return site_name(self.base) or site_name(location) or location.split("/", 1)[0]

    def report(self, source: str) -> None:
        """Warn of the pages whose URLs were on another site than `base`."""
        for host, n_pages in self._moved.items():
            logger.warning(
                "%s: %d pages have addresses at %s. They are read as pages of %s, which is the "
                "base_url",
                source,
                n_pages,
                host,
                self.base,
            )

    def _move(self, url: str) -> str:
        parts = split_http(url)
        old = split_http(self.old_base)
        assert parts is not None  # noqa: S101 (for mypy; the caller has checked)
        path = parts.path
        if old is not None and path.startswith(old.path.rstrip("/")):
            path = self.base.rstrip("/") + "/" + path[len(old.path.rstrip("/")) :].lstrip("/")
        query = f"?{parts.query}" if parts.query else ""
        return join_url(self.base, path + query)


def are_related(host: str, other: str) -> bool:
    """Return whether two hosts are the same, or one belongs to the other, as a help centre does."""
    return host == other or host.endswith(f".{other}") or other.endswith(f".{host}")


def file_address(path: Path, base: str, name: str = "") -> str:
    """Return the address of a document: its name, or another, in the folder `base`.

    >>> file_address(Path("a b.pdf"), "https://example.com/guides/")
    'https://example.com/guides/a%20b.pdf'
    """
    name = clean_text((name or path.name).encode(errors="backslashreplace").decode())
    if split_http(base) is None:
        return f"{base.rstrip('/')}/{name}" if base else name
    return f"{base.rstrip('/')}/{quote(name, _PATH_CHARACTERS.replace('%', ''))}"


def with_cure(page: PageRows, status: str, cure: str) -> PageRows:
    """Return a page with a status, and log what would cure it."""
    logger.warning("%r: %s. %s", page.location, status, cure)
    return page.with_status(status)


def needs_extra(page: PageRows, extra: str) -> PageRows:
    """Return a page for which a package is missing that one of our extras installs."""
    cure = f"Run pip install 'coverage_kit[{extra}]'."
    return with_cure(page, f"needs the extra {extra}", cure)


def document_page(path: Path, base: str, name: str = "") -> PageRows:
    """Return a page without content for a document that is one file."""
    location = file_address(path, base, name)
    return PageRows(location, site_name(base) or location.split("/", 1)[0], "")


def fill_page(  # noqa: PLR0913 (what a page consists of)
    page: PageRows,
    body: str,
    *,
    title: str = "",
    language: str = "",
    published: datetime | None = None,
    modified: datetime | None = None,
) -> PageRows:
    """Return a page with the content of its HTML body, below its title; bad bodies give a status.

    Args:
        page: the page without content.
        body: HTML, whole or a part.
        title: plain text, written as the heading of the page if the body does not begin with it.
        language: a tag such as en-US; empty where it is not known.
        published: UTC.
        modified: UTC.
    """
    if len(body) > _MAX_CHARACTERS:
        return page.with_status("too large")

    def read() -> PageRows:
        extract = extract_page(body.encode(errors="replace"), page.location, is_article=True)
        return with_extract(
            page,
            replace(
                extract,
                title=" ".join(clean_text(title).split()) or extract.title,
                language=language[:2].lower() or extract.language,
                published_at=published or extract.published_at,
                modified_at=modified or extract.modified_at,
                # The export knows the address of a page, and its text may quote others.
                url="",
            ),
        )

    return try_page(page.location, read, page.with_status)


def with_extract(page: PageRows, extract: Extract) -> PageRows:
    """Return a page with its content below its title, or with the status 'no text'."""
    if not extract.text:
        return replace(page, status="no text", extract=extract)
    heading = f"# {extract.title}"
    first_line = _ANCHOR.sub("", extract.text.split("\n", 1)[0])
    if extract.title and first_line.casefold() != heading.casefold():
        extract = replace(extract, text=f"{heading}\n\n{extract.text}")
    return replace(page, status="ok", extract=extract)
