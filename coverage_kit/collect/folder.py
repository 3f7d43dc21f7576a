"""Read a folder of HTML and Markdown files as pages."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urljoin

from tqdm.auto import tqdm

from coverage_kit.collect.extract import Extract, extract_page
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.urls import site_name, split_http
from coverage_kit.errors import SiteError
from coverage_kit.escaping import for_line
from coverage_kit.text.page_markup import INDEX_NAMES, MARKDOWN

# The Markdown parser takes up to half a minute for a hostile megabyte (measured).
_MAX_MARKDOWN_BYTES = 1_000_000
# Endings of the files that are read as pages, in lower case.
_SUFFIXES = frozenset({".html", ".htm"}) | MARKDOWN
# What a path of a URL may hold as it is, besides letters and digits (RFC 3986).
_PATH_CHARACTERS = "/!$&'()*+,;=:@"


def read_folder(
    folder: Path, base_url: str = "", max_page_bytes: int = 8_000_000
) -> list[PageRows]:
    """Return the pages of a folder and its subfolders, sorted by path.

    The URL of a page is the URL that the page itself names, if that is absolute (and on the site of
    base_url, where one is given). Otherwise it is base_url and the path of the file; the path of a
    Markdown file counts without its suffix. Raises SiteError for a folder that is missing or has no
    page.
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
    files = sorted(_find_files(folder))
    if not files:
        expected = f"files ending in {', '.join(sorted(_SUFFIXES))}"
        raise SiteError(str(folder), expected, "none", "Name the folder that holds the pages.")
    bar = tqdm(
        files,
        desc=for_line(f"reading {folder.name}"),
        unit=" pages",
        file=sys.stderr,
        leave=False,
        disable=None,
    )
    return [_read_file(file, folder, base_url, max_page_bytes) for file in bar]


def _find_files(folder: Path) -> Iterator[Path]:
    """Yield the files of pages; hidden files and links that leave the folder are skipped."""
    root = folder.resolve()
    for parent, folders, names in os.walk(folder):
        # The list is changed in place, because os.walk then does not enter the hidden folders.
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in (Path(parent, name) for name in names if not name.startswith(".")):
            if (
                file.suffix.lower() in _SUFFIXES
                and file.is_file()
                and file.resolve().is_relative_to(root)
            ):
                yield file


def _read_file(file: Path, folder: Path, base_url: str, max_page_bytes: int) -> PageRows:
    relative = file.relative_to(folder)
    location = _location(relative, folder, base_url)
    site = site_name(base_url) or folder.resolve().name
    is_markdown = file.suffix.lower() in MARKDOWN
    max_bytes = min(max_page_bytes, _MAX_MARKDOWN_BYTES) if is_markdown else max_page_bytes
    try:
        content = file.read_bytes() if file.stat().st_size <= max_bytes else None
    except OSError as error:
        return PageRows(location, site, f"unreadable: {error.strerror}", html_path=str(file))
    if content is None:
        return PageRows(location, site, "too large", html_path=str(file))
    extract = extract_markdown(content) if is_markdown else extract_page(content, location)
    declared_url = _declared_url(extract, base_url)
    status = "ok" if extract.text else "no text"
    return PageRows(
        location,
        site if base_url or not declared_url else site_name(declared_url),
        status,
        declared_url=declared_url,
        extract=extract,
        html_path=str(file),
    )


def _location(relative: Path, folder: Path, base_url: str) -> str:
    """Return the URL at which a file is published, or folder/path where no base_url is given."""
    if not base_url:
        return f"{folder.resolve().name}/{relative.as_posix()}"
    is_markdown = relative.suffix.lower() in MARKDOWN
    path = relative.with_suffix("") if is_markdown else relative
    path = path.parent if is_markdown and path.name.lower() in INDEX_NAMES else path
    relative_url = quote(path.as_posix() if path.parts else "", _PATH_CHARACTERS, errors="replace")
    return f"{base_url.rstrip('/')}/{relative_url}"


def _declared_url(extract: Extract, base_url: str) -> str:
    """Return the absolute URL that a page names for itself, or empty text where it is not believed.

    With a base_url, only a URL of the same site is believed.
    """
    url = extract.url
    if base_url and url and split_http(url) is None:
        url = urljoin(base_url, url)
    is_foreign = bool(base_url) and site_name(url) != site_name(base_url)
    return "" if is_foreign or split_http(url) is None else url
