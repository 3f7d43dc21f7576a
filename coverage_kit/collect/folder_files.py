"""List the files of a site's folder: each is a page, is read by another reader, or is counted."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.endings import ending_of, may_hold_text, why_unread
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import Kind, UnreadItems
from coverage_kit.storage.written import RUN_NAMES, kind_of_folder, may_be_written
from coverage_kit.text.page_markup import PAGES

# Reads a file: its path, the address of the folder that holds it, and what counts its other parts.
Reader = Callable[[Path, str, UnreadItems], list[PageRows]]

# Folders of installed packages, whose files are nobody's pages: by name, or by a file in them.
_PACKAGES = frozenset({"node_modules", "bower_components", "__pycache__", "site-packages"})
_ENVIRONMENT = "pyvenv.cfg"
# Folders and endings that have a row each; what is beyond shares one.
_MAX_FOLDERS = 20
_MAX_ENDINGS = 20
# A longer chain of folders is a loop of mounts, or hostile (assumed).
_MAX_DEPTH = 100
_SNIFFED_BYTES = 512
_HTML_MARKS = (b"<!doctype html", b"<html")


@dataclass
class FolderFiles:
    """What a folder holds that is read, as POSIX paths below it, sorted by path.

    Attributes:
        pages: files of HTML and Markdown.
        others: other files that are read, each with its reader.
        names: names of all files that are not hidden, by which generators are detected.
    """

    pages: list[str] = field(default_factory=list)
    others: list[tuple[str, Reader]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def list_files(
    folder: Path,
    others: Iterable[str | Path] = (),
    unread: UnreadItems | None = None,
    find_reader: Callable[[Path], Reader | None] = lambda _: None,
) -> FolderFiles:
    """Return the files of a folder that are read, and count all others in `unread`.

    Not read are what this toolkit has written (runs, caches, changed copies), `others`, packages
    that are installed there, hidden files, links to folders, links that leave the folder, what is
    no file, and files with other endings. A folder that cannot be opened counts as one.
    """
    return _Listing(folder, others, unread or UnreadItems(), find_reader).files()


class _Listing:
    """Lists one folder; every file is met once, and its kind is known without a further look."""

    def __init__(
        self,
        folder: Path,
        others: Iterable[str | Path],
        unread: UnreadItems,
        find_reader: Callable[[Path], Reader | None],
    ) -> None:
        self._folder = folder
        self._root = folder.resolve()
        self._others = _inside(self._root, others)
        self._unread = unread
        self._find_reader = find_reader
        self._found = FolderFiles()
        self._reasons: dict[str, set[str]] = {"folder": set(), "ending": set()}
        # Where the site's folder is the run's folder too, only the names of the run are left out.
        self._of_run = RUN_NAMES if kind_of_folder(self._root) == "a run" else frozenset()

    def files(self) -> FolderFiles:
        self._enter(self._folder, "", 0)
        self._found.pages.sort()
        self._found.others.sort(key=lambda other: other[0])
        return self._found

    def _enter(self, path: Path, where: str, depth: int) -> None:
        entries = self._scan(path, where)
        if depth and (reason := self._why_left_out(path, where, entries, depth)):
            self._leave_out(path, where, *reason)
            return
        for entry in entries:
            name = f"{where}/{entry.name}" if where else entry.name
            if not depth and entry.name in self._of_run:
                self._leave_out_entry(entry, name)
            elif _is_folder(entry):
                self._enter(Path(entry.path), name, depth + 1)
            else:
                self._sort(entry, name)

    def _scan(self, path: Path, where: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            reason = f"in {readable(where) or 'it'}: {error.strerror}"
            cure = "Let the user who runs this program read the folder."
            self._count("folder", reason, path, may_be_pages=True, cure=cure)
            return []

    def _why_left_out(
        self, path: Path, where: str, entries: list[os.DirEntry[str]], depth: int
    ) -> tuple[str, bool] | None:
        """Return why a folder is not entered, and whether the reason holds for many folders."""
        if path.name.startswith("."):
            return "hidden files", True
        if path.name in _PACKAGES or any(entry.name == _ENVIRONMENT for entry in entries):
            return "installed packages", True
        names = {entry.name for entry in entries}
        kind = kind_of_folder(path) if may_be_written(names) else ""
        kind = kind or ("no part of this site" if self._is_other(where) else "")
        if not kind and depth > _MAX_DEPTH:
            return f"more than {_MAX_DEPTH} folders within one another", True
        return (kind, False) if kind else None

    def _is_other(self, where: str) -> bool:
        return bool(self._others) and self._root / where in self._others

    def _leave_out(self, path: Path, where: str, reason: str, is_common: bool) -> None:
        """Count the files of a folder that is not entered."""
        first, n_files = None, 0
        for file in _walk(path):
            first = first or file
            n_files += 1
        text = reason if is_common else self._row("folder", f"in {readable(where)}: {reason}")
        if n_files:
            self._count("file", text, first or path, n_items=n_files)

    def _leave_out_entry(self, entry: os.DirEntry[str], name: str) -> None:
        if _is_folder(entry):
            self._leave_out(Path(entry.path), name, "a run", is_common=False)
        else:
            self._count("file", "written by coverage_kit", entry.path)

    def _sort(self, entry: os.DirEntry[str], name: str) -> None:
        """Add a file to those that are read, or count it."""
        if entry.name.startswith("."):
            self._count("file", "hidden files", entry.path)
            return
        ending = ending_of(entry.name)
        if entry.is_symlink() and not self._is_good_link(entry):
            return
        if not _is_file(entry):
            self._count("file", "no file", entry.path, may_be_pages=ending in PAGES)
            return
        self._found.names.add(entry.name)
        if ending in PAGES:
            self._found.pages.append(name)
            return
        # Only a file that may hold texts is opened to see what is in it.
        reader = self._find_reader(Path(entry.path)) if may_hold_text(entry.name) else None
        if reader is not None:
            self._found.others.append((name, reader))
            return
        self._count_unread(entry.path, name, ending)

    def _count_unread(self, path: str, name: str, ending: str) -> None:
        why = why_unread(name)
        if not ending and _looks_like_html(path):
            reason, cure = "HTML files without an ending", "End their names in .html."
            self._count("file", reason, path, may_be_pages=True, cure=cure)
            return
        # Endings that are not known are without number.
        reason = self._row("ending", why.reason) if why.reason.endswith("known") else why.reason
        self._count("file", reason, path, may_be_pages=why.may_be_pages, cure=why.cure)

    def _is_good_link(self, entry: os.DirEntry[str]) -> bool:
        """Return whether a link leads to a file of the folder, and count it where it does not."""
        try:
            target = Path(entry.path).resolve(strict=True)
        except (OSError, RuntimeError):
            self._count("file", "a link to nothing", entry.path, may_be_pages=True)
            return False
        is_folder = target.is_dir()
        is_inside = target.is_relative_to(self._root)
        if is_folder:
            # A link may lead out of the site, or back to a folder above it.
            reason = "a link to a folder, which is not followed"
            # What is inside is read where it is.
            cure = "" if is_inside else "Copy that folder to where the link is."
            self._count("folder", reason, entry.path, may_be_pages=not is_inside, cure=cure)
        elif not is_inside:
            cure = "Copy that file to where the link is."
            reason = "a link that leaves the folder"
            self._count("file", reason, entry.path, may_be_pages=True, cure=cure)
        return is_inside and not is_folder

    def _row(self, group: str, reason: str) -> str:
        """Return the reason of a row: of many folders or endings, the last ones share a row."""
        reasons = self._reasons[group]
        if reason in reasons or len(reasons) < (
            _MAX_FOLDERS if group == "folder" else _MAX_ENDINGS
        ):
            reasons.add(reason)
            return reason
        return "in further folders" if group == "folder" else "further endings that are not known"

    def _count(  # noqa: PLR0913 (what is counted)
        self,
        kind: Kind,
        reason: str,
        example: Path | str,
        *,
        may_be_pages: bool = False,
        cure: str = "",
        n_items: int = 1,
    ) -> None:
        shown = readable(str(example))
        self._unread.add(kind, reason, shown, cure=cure, may_be_pages=may_be_pages, n_items=n_items)


def _inside(root: Path, others: Iterable[str | Path]) -> set[Path]:
    """Return what of the paths is inside the root; URLs are left out."""
    paths = [Path(other).resolve() for other in others if "://" not in str(other)]
    return {path for path in paths if root in path.parents}


def _walk(folder: Path) -> Iterator[str]:
    """Yield the files below a folder, links to folders among them; closed folders have none."""
    stack = [str(folder)]
    while stack:
        try:
            with os.scandir(stack.pop()) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name, reverse=True)
        except OSError:
            continue
        yield from (entry.path for entry in reversed(entries) if not _is_folder(entry))
        stack += [entry.path for entry in entries if _is_folder(entry)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _looks_like_html(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            start = file.read(_SNIFFED_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    except OSError:
        return False
    return start.startswith(_HTML_MARKS)


def readable(name: str) -> str:
    r"""Return a file's name as text that tables can hold: bytes that are no text are escaped.

    >>> readable("caf\udce9\n.html")
    'caf\\xe9\\x0a.html'
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(
        character
        if character not in "\t\n" and clean_text(character)
        else f"\\x{ord(character):02x}"
        for character in text
    )
