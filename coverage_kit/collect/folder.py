"""Read a folder of HTML and Markdown files as pages."""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from tqdm.auto import tqdm

from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.extract import Extract, extract_page, join_url
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import site_name, split_http
from coverage_kit.errors import SiteError
from coverage_kit.escaping import for_line
from coverage_kit.storage.written import RUN_NAMES, is_written, kind_of_folder
from coverage_kit.text.page_markup import INDEX_NAMES, MARKDOWN

# The Markdown parser takes up to twelve seconds for a hostile megabyte (measured).
_MAX_MARKDOWN_BYTES = 500_000
# Endings of the files that are read as pages, in lower case.
_SUFFIXES = frozenset({".html", ".htm"}) | MARKDOWN
# What a path of a URL may hold as it is, besides letters and digits (RFC 3986).
_PATH_CHARACTERS = "/!$&'()*+,;=:@"
# Folders of installed packages, whose files are nobody's pages: by name, or by a file in them.
_PACKAGES = "node_modules"
_ENVIRONMENT = "pyvenv.cfg"


@dataclass
class FolderFiles:
    """The files of a folder: every file is a page or is passed over for a reason.

    Attributes:
        pages: the files of pages, sorted by path.
        passed_over: by reason, such as 'in runs/latest: a run', the number of files.
        expected: the reasons that nobody needs to be warned of: hidden files, and other endings.
    """

    pages: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    expected: set[str] = field(default_factory=set)


def read_folder(
    folder: Path,
    base_url: str = "",
    max_page_bytes: int = 8_000_000,
    others: Iterable[str | Path] = (),
    unread: UnreadItems | None = None,
) -> list[PageRows]:
    """Return the pages of a folder and its subfolders, sorted by path.

    The URL of a page is the URL that the page itself names, if that is absolute (and on the site of
    base_url, where one is given). Otherwise it is base_url and the path of the file; the path of a
    Markdown file counts without its suffix. A page that cannot be read has a status that says why.
    Files that are passed over (`list_files`) are counted in `unread`. Raises SiteError for a folder
    that is missing or has no page.

    Args:
        folder: the folder of the site.
        base_url: where the site is published.
        max_page_bytes: larger files are not read.
        others: paths that are no part of the site where they are inside the folder: the run's
            folder, the cache, the folders of other sites.
        unread: counts what is passed over; None counts nothing.
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
    files = list_files(folder, others)
    unread = unread or UnreadItems()
    for reason, n_files in files.passed_over.items():
        may_be_pages = reason not in files.expected
        unread.add("file", reason, str(folder), may_be_pages=may_be_pages, n_items=n_files)
    if not files.pages:
        expected = f"files ending in {', '.join(sorted(_SUFFIXES))}"
        raise SiteError(str(folder), expected, "none", "Name the folder that holds the pages.")
    bar = tqdm(
        files.pages,
        desc=for_line(f"reading {folder.name}"),
        unit=" pages",
        file=sys.stderr,
        leave=False,
        disable=None,
    )
    return [_read_file(file, folder, base_url, max_page_bytes) for file in bar]


def list_files(folder: Path, others: Iterable[str | Path] = ()) -> FolderFiles:
    """Return the files of a folder: pages, and how many are passed over for which reason.

    Passed over are what this toolkit has written (runs, caches, changed copies), `others`, packages
    that are installed there, hidden files, links to folders, links that leave the folder, what is
    no file, and files with other endings. Files in a folder that cannot be opened count as one.
    """
    root = folder.resolve()
    inside = _inside(root, others)
    # Where the site's folder is the run's folder too, only the names of the run are passed over.
    of_run = {folder / name for name in RUN_NAMES if kind_of_folder(root) == "a run"}
    files = FolderFiles()

    def note_closed(error: OSError) -> None:
        where = _relative(Path(error.filename or folder), folder)
        files.passed_over[f"in {where}: {error.strerror}"] += 1

    for parent, folders, names in os.walk(folder, onerror=note_closed):
        paths = {Path(parent, name): "a run" for name in folders if Path(parent, name) in of_run}
        paths |= {
            path: reason
            for path in (Path(parent, name) for name in folders)
            if path not in paths and (reason := _why_not_entered(path, inside))
        }
        for path, reason in paths.items():
            _pass_over_folder(path, folder, reason, files)
        # The list is changed in place, because os.walk then does not enter the others.
        folders[:] = [name for name in folders if Path(parent, name) not in paths]
        for path in (Path(parent, name) for name in names):
            _sort_file(path, root, "a run" if path in of_run else "", files)
    files.pages.sort()
    return files


def _inside(root: Path, others: Iterable[str | Path]) -> dict[Path, str]:
    """Return what of the paths is inside the root, and what it is; URLs are left out."""
    paths = [Path(other).resolve() for other in others if "://" not in str(other)]
    return {path: "no part of this site" for path in paths if root in path.parents}


def _why_not_entered(path: Path, inside: dict[Path, str]) -> str:
    """Return why a folder is passed over, or empty text."""
    if path.name.startswith("."):
        return "hidden"
    if path.is_symlink():
        # A link may lead out of the site, or back to a folder above it.
        return "a link to a folder, which is not followed"
    if path.name == _PACKAGES or (path / _ENVIRONMENT).is_file():
        return "installed packages"
    kind = kind_of_folder(path)
    return kind or inside.get(path.resolve(), "")


def _pass_over_folder(path: Path, folder: Path, reason: str, files: FolderFiles) -> None:
    n_files = 1 if path.is_symlink() else sum(len(names) for _, _, names in os.walk(path))
    reason = f"in {_relative(path, folder)}: {reason}"
    files.passed_over[reason] += n_files
    if path.name.startswith("."):
        files.expected.add(reason)


def _sort_file(path: Path, root: Path, reason: str, files: FolderFiles) -> None:
    """Add a file to the pages, or to those that are passed over for this or another reason."""
    suffix = path.suffix.lower()
    if path.name.startswith(".") or suffix not in _SUFFIXES:
        reason = "hidden" if path.name.startswith(".") else "not HTML or Markdown"
        files.expected.add(reason)
    else:
        reason = reason or _why_no_page(path, root)
    if reason:
        files.passed_over[reason] += 1
    else:
        files.pages.append(path)


def _why_no_page(path: Path, root: Path) -> str:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            return "a link that leaves the folder"
        return "" if path.is_file() else "no file, or a link to nothing"
    except OSError as error:
        return str(error.strerror)


def _read_file(file: Path, folder: Path, base_url: str, max_page_bytes: int) -> PageRows:
    location = _location(file.relative_to(folder), folder, base_url)
    site = site_name(base_url) or _readable(folder.resolve().name)
    # A name that no table can hold is no path to read the source from again.
    html_path = str(file) if _readable(str(file)) == str(file) else None
    rejected = PageRows(location, site, "", html_path=html_path)

    def read() -> PageRows:
        is_markdown = file.suffix.lower() in MARKDOWN
        max_bytes = min(max_page_bytes, _MAX_MARKDOWN_BYTES) if is_markdown else max_page_bytes
        if file.stat().st_size > max_bytes:
            return rejected.with_status("too large")
        content = file.read_bytes()
        if is_written(content):
            return rejected.with_status("written by coverage_kit")
        extract = extract_markdown(content) if is_markdown else extract_page(content, location)
        return _row_of(extract, rejected, base_url)

    return try_page(location, read, rejected.with_status)


def _row_of(extract: Extract, rejected: PageRows, base_url: str) -> PageRows:
    declared_url = _declared_url(extract, base_url)
    return replace(
        rejected,
        site=rejected.site if base_url or not declared_url else site_name(declared_url),
        status="ok" if extract.text else "no text",
        declared_url=declared_url,
        extract=extract,
    )


def _location(relative: Path, folder: Path, base_url: str) -> str:
    """Return the URL at which a file is published, or folder/path where no base_url is given."""
    if not base_url:
        return f"{_readable(folder.resolve().name)}/{_readable(relative.as_posix())}"
    is_markdown = relative.suffix.lower() in MARKDOWN
    path = relative.with_suffix("") if is_markdown else relative
    path = path.parent if is_markdown and path.name.lower() in INDEX_NAMES else path
    # The bytes of a name that is not UTF-8 are escaped as they are.
    relative_url = quote(os.fsencode(path) if path.parts else b"", _PATH_CHARACTERS)
    return f"{base_url.rstrip('/')}/{relative_url}"


def _relative(path: Path, folder: Path) -> str:
    return _readable(path.relative_to(folder).as_posix())


def _readable(name: str) -> str:
    r"""Return a file's name as text that tables can hold: bytes that are no text are escaped.

    >>> _readable("caf\udce9\n.html")
    'caf\\xe9\\x0a.html'
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(
        character
        if character not in "\t\n" and clean_text(character)
        else f"\\x{ord(character):02x}"
        for character in text
    )


def _declared_url(extract: Extract, base_url: str) -> str:
    """Return the absolute URL that a page names for itself, or empty text where it is not believed.

    With a base_url, only a URL of the same site is believed.
    """
    url = extract.url
    if base_url and url and split_http(url) is None:
        url = join_url(base_url, url)
    is_foreign = bool(base_url) and site_name(url) != site_name(base_url)
    return "" if is_foreign or split_http(url) is None else url
