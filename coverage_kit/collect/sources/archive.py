"""Read a zip file as a site: an export of Notion or Confluence, or a folder of pages."""

import re
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, quote_plus

from lxml.html import tostring

from coverage_kit.collect.decode import clean_text, decode_page
from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.packed import BROKEN, bomb, check_members, is_hidden, most_bytes
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import Addresses, fill_page, with_extract
from coverage_kit.collect.structured import parse_html
from coverage_kit.collect.unread import RenamedItems, UnreadItems
from coverage_kit.collect.urls import site_name, split_http
from coverage_kit.errors import SiteError
from coverage_kit.text.page_markup import HTML, MARKDOWN, PAGES

_CHUNK_BYTES = 1 << 20
# No export has so many files (assumed).
_MAX_MEMBERS = 50_000
# Files without words for readers, which are not unpacked.
_MEDIA = frozenset(
    {
        ".avif", ".avi", ".bmp", ".css", ".eot", ".gif", ".heic", ".ico", ".jpeg", ".jpg", ".js",
        ".map", ".m4a", ".mov", ".mp3", ".mp4", ".ogg", ".otf", ".png", ".svg", ".ttf", ".wav",
        ".webm", ".webp", ".woff", ".woff2",
    }
)  # fmt: skip
# The id at the end of a name in a Notion export, such as "Prices 8c14a3b7b53f4b908b0f8db1eaa2fb87".
_NOTION_ID = re.compile(r"[ -]([0-9a-f]{32})(?=\.[a-z]+$|/|$)")
# Larger files are no pages (assumed), as in a folder.
_MAX_PAGE_BYTES = 8_000_000
# The number at the end of a page's name in a Confluence export.
_CONFLUENCE_ID = re.compile(r"(?:^|_)(\d+)$")
# The date in "Created by Ann, last modified by Bob on Jan 05, 2024".
_CONFLUENCE_DATE = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4})\s*$")
# Pages that are looked at to see which program has written an export.
_N_SAMPLES = 5


def read_archive(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the pages of a zip file: those of a Notion or Confluence export, or of a folder.

    Zip files in it are read too, one level deep. Files that are no pages are counted. No page has
    an `html_path`, because what was unpacked is deleted. In a folder of pages, a folder that holds
    all others is left out of the addresses.

    Raises SiteError for a file that is broken, encrypted or a bomb, that has paths outside of it,
    or that has no page.
    """
    unpacked = _Unpacked(path, unread)
    folder = unpacked.root
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    pages = [file for file in files if file.suffix.lower() in PAGES]
    named = [file for file in pages if _NOTION_ID.search(file.name)]
    if named and 2 * len(named) >= len(pages):
        return _read_notion(path, base, unread, files, folder)
    if any(_is_confluence(file) for file in _samples(pages)):
        return _read_confluence(path, base, unread, files, folder)
    if not pages:
        return _read_members(path, base, unread, files, folder)
    return _read_folder(path, base, unread, folder)


class _Unpacked:
    """The files of a zip file on the disk, which are deleted when nothing keeps this object."""

    def __init__(self, path: Path, unread: UnreadItems) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="coverage-kit-"))
        weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)
        self._path = path
        self._unread = unread
        self._n_bytes = 0
        self._n_members = 0
        self.root = self._temporary / (clean_text(path.stem) or "site")
        self.root.mkdir()
        try:
            self._unpack(path, self.root, is_outer=True)
        except (*BROKEN, NotImplementedError, RuntimeError, OSError) as error:
            raise SiteError(
                str(path),
                "a whole zip file",
                f"it cannot be unpacked ({error})",
                "Export it again.",
            ) from None

    def _unpack(self, path: Path, folder: Path, *, is_outer: bool) -> None:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            check_members(path, str(path), members, SiteError)
            self._n_members += len(members)
            if self._n_members > _MAX_MEMBERS:
                raise SiteError(
                    str(self._path),
                    f"at most {_MAX_MEMBERS:,} files in it and in the zip files in it",
                    "more than that",
                    "Unpack it, and name the folder.",
                )
            for member in sorted(members, key=lambda member: member.filename):
                reason = self._why_not(member.filename, is_outer=is_outer)
                if reason:
                    self._unread.add(
                        "file",
                        reason,
                        f"{self._path}/{clean_text(member.filename)}",
                        may_be_pages=reason.startswith("a zip"),
                    )
                    continue
                file = self._write(archive, member, folder)
                if file is not None and file.suffix.lower() == ".zip":
                    self._unpack_inner(file, folder)

    def _why_not(self, name: str, *, is_outer: bool) -> str:
        ending = PurePosixPath(name).suffix.lower()
        if is_hidden(name):
            return "hidden"
        if ending in _MEDIA:
            return "pictures, scripts and styles"
        return "a zip file in a zip file in a zip file" if ending == ".zip" and not is_outer else ""

    def _unpack_inner(self, file: Path, folder: Path) -> None:
        try:
            self._unpack(file, folder, is_outer=False)
        except (*BROKEN, SiteError, NotImplementedError, RuntimeError) as error:
            found = error.found if isinstance(error, SiteError) else str(error)
            self._unread.add(
                "file",
                f"a zip file in the zip file that cannot be unpacked: {found}",
                f"{self._path}/{file.name}",
                cure="Export it again.",
            )
        finally:
            file.unlink()

    def _write(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path
    ) -> Path | None:
        """Write a member below the folder and return it, or None for a name that no file can have.

        Paths outside were refused before. What the archive calls a link is a file with its target.
        """
        file = folder.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            target = file.open("xb")
        except (OSError, ValueError) as error:
            reason = (
                "there twice" if isinstance(error, FileExistsError) else "its name is no file's"
            )
            self._unread.add("file", reason, f"{self._path}/{clean_text(member.filename)}")
            return None
        most = most_bytes(self._path)
        with target, archive.open(member) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                self._n_bytes += len(chunk)
                if self._n_bytes > most:
                    raise bomb(self._path, str(self._path), f"more than {most:,} bytes", SiteError)
                target.write(chunk)
        return file


def _samples(pages: list[Path]) -> list[Path]:
    return [page for page in pages if page.suffix.lower() in HTML][:_N_SAMPLES]


def _is_confluence(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_CHUNK_BYTES)
    return b'id="title-text"' in head and b"wiki-content" in head


def _read_folder(path: Path, base: str, unread: UnreadItems, folder: Path) -> list[PageRows]:
    """Return the pages of an unpacked folder, without the paths that are deleted with it."""
    from coverage_kit.collect.sources.find import (  # noqa: PLC0415 (it imports this module)
        find_reader,
    )

    entries = list(folder.iterdir())
    while len(entries) == 1 and entries[0].is_dir():
        folder = entries[0]
        entries = list(folder.iterdir())
    try:
        pages = read_folder(
            folder,
            base if split_http(base) else "",
            unread=RenamedItems(unread, folder, str(path)),
            find_reader=find_reader,
        )
    except SiteError as error:
        raise SiteError(str(path), error.what, error.found, error.cure) from None
    return [replace(page, html_path=None) for page in pages]


def _read_members(
    path: Path, base: str, unread: UnreadItems, files: list[Path], folder: Path
) -> list[PageRows]:
    """Return the pages of the exports in a zip file, such as the parts of a WordPress export."""
    # The finder of readers knows this module.
    from coverage_kit.collect.sources.find import find_reader  # noqa: PLC0415

    pages: list[PageRows] = []
    for file in files:
        shown = f"{path}/{file.relative_to(folder).as_posix()}"
        reader = find_reader(file)
        if reader is None:
            ending = file.suffix.lower() or file.name
            unread.add("file", f"the ending {ending}", shown, may_be_pages=False)
            continue
        try:
            pages += reader(file, base, RenamedItems(unread, folder, str(path)))
        except SiteError as error:
            reason = f"{error.what}; found {error.found}"
            unread.add("file", reason, shown, cure=error.cure)
    if not pages:
        endings = sorted({file.suffix.lower() for file in files})
        raise SiteError(
            str(path),
            "a zip file with HTML, Markdown or an export",
            f"files ending in {', '.join(endings[:8])}" if files else "no files",
            "Export the pages as HTML or Markdown.",
        )
    return pages


def _read_pages(
    files: list[Path], path: Path, unread: UnreadItems, folder: Path, *, endings: frozenset[str]
) -> Iterator[tuple[Path, str]]:
    """Yield the pages among the files, with their paths in the zip file, and count the others."""
    for file in files:
        inner = file.relative_to(folder).as_posix()
        ending = file.suffix.lower()
        if ending not in endings:
            is_table = ending == ".csv"
            unread.add(
                "file",
                "tables of databases (CSV)" if is_table else f"the ending {ending or file.name}",
                f"{path}/{inner}",
                may_be_pages=False,
            )
        elif "attachments" in file.parent.parts:
            unread.add("file", "attachments", f"{path}/{inner}")
        else:
            yield file, inner


def _try_file(file: Path, page: PageRows, read: Callable[[bytes], PageRows]) -> PageRows:
    def read_file() -> PageRows:
        if file.stat().st_size > _MAX_PAGE_BYTES:
            return page.with_status("too large")
        return read(file.read_bytes())

    return try_page(page.location, read_file, page.with_status)


def _read_notion(
    path: Path, base: str, unread: UnreadItems, files: list[Path], folder: Path
) -> list[PageRows]:
    addresses = Addresses(base, path.stem)
    pages: list[PageRows] = []
    used: set[str] = set()
    for file, inner in _read_pages(files, path, unread, folder, endings=PAGES):
        if file.name == "index.html" and not _NOTION_ID.search(file.name):
            unread.add("file", "an index of the export", f"{path}/{inner}", may_be_pages=False)
            continue
        url = _notion_url(inner, base)
        # Pages may share a name; then the id stays in the address.
        url = url if url not in used else quote(str(PurePosixPath(inner).with_suffix("")))
        used.add(url)
        page = addresses.page(url)
        pages.append(_try_file(file, page, _notion_reader(page, file)))
    return pages


def _notion_url(inner: str, base: str) -> str:
    """Return the path of a page: the names of its folders and its own, without the ids.

    On Notion's own hosts it is the name with dashes and the id, which is where Notion publishes it.

    >>> _notion_url("Help 8c14a3b7b53f4b908b0f8db1eaa2fb87/My prices 0c14a3b7b53f4b908b0f8db1eaa2fb87.md", "")
    'Help/My%20prices'
    """  # noqa: E501
    name = PurePosixPath(inner).with_suffix("").as_posix()
    mark = _NOTION_ID.search(PurePosixPath(name).name)
    if mark and site_name(base).endswith(("notion.site", "notion.so")):
        title = re.sub(r"\W+", "-", PurePosixPath(name).name[: mark.start()]).strip("-")
        return quote(f"/{title}-{mark[1]}" if title else f"/{mark[1]}")
    return quote(_NOTION_ID.sub("", name))


def _notion_reader(page: PageRows, file: Path) -> Callable[[bytes], PageRows]:
    def read(content: bytes) -> PageRows:
        if file.suffix.lower() in MARKDOWN:
            extract = extract_markdown(content)
            title = extract.title or _NOTION_ID.sub("", file.stem)
            return with_extract(page, replace(extract, title=title, url=""))
        extract = extract_page(content, page.location, is_article=True)
        return with_extract(page, replace(extract, url=""))

    return read


def _read_confluence(
    path: Path, base: str, unread: UnreadItems, files: list[Path], folder: Path
) -> list[PageRows]:
    addresses = Addresses(base, path.stem)
    pages: list[PageRows] = []
    for file, inner in _read_pages(files, path, unread, folder, endings=HTML):
        if file.name == "index.html":
            unread.add("file", "an index of the export", f"{path}/{inner}", may_be_pages=False)
            continue
        page = addresses.page(quote(file.name))
        pages.append(_try_file(file, page, _confluence_reader(page, file, addresses)))
    return pages


def _confluence_reader(
    page: PageRows, file: Path, addresses: Addresses
) -> Callable[[bytes], PageRows]:
    def read(content: bytes) -> PageRows:
        tree = parse_html(decode_page(content))
        main = None if tree is None else tree.find(".//*[@id='main-content']")
        if tree is None or main is None:
            return page.with_status("no text")
        # The title begins with the name of the space: "Help : Prices".
        titles = tree.xpath("string(//*[@id='title-text'])")
        space = str(tree.xpath("string(//*[@id='breadcrumbs']//a)")).strip()
        title = " ".join(str(titles).split()).removeprefix(f"{space} : ")
        for listing in main.find_class("toc-macro"):
            listing.drop_tree()
        placed = _on_confluence(page, file, addresses, title)
        body = tostring(main, encoding="unicode", with_tail=False)
        metadata = str(tree.xpath("string(//*[@class='page-metadata'])"))
        return fill_page(placed, body, title=title, modified=_confluence_date(metadata))

    return read


def _on_confluence(page: PageRows, file: Path, addresses: Addresses, title: str) -> PageRows:
    """Return the page at the address that Confluence has for it, where `base` is a space there."""
    number = _CONFLUENCE_ID.search(file.stem)
    if number is None or "/spaces/" not in addresses.base:
        return page
    url = f"{addresses.base.rstrip('/')}/pages/{number[1]}/{quote_plus(title)}"
    return replace(page, location=url)


def _confluence_date(metadata: str) -> datetime | None:
    found = _CONFLUENCE_DATE.search(" ".join(metadata.split()))
    if found is None:
        return None
    try:
        return datetime.strptime(" ".join(found.groups()), "%b %d %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
