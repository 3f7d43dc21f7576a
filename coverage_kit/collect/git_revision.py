"""Read a folder of a git repository as it is at a revision, without changing the repository.

A source is written `git+PATH@REVISION` or `git+PATH@REVISION#FOLDER`, such as
`git+../our-site@v2.1#docs`.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.folder_files import Reader
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.unread import RenamedItems, UnreadItems
from coverage_kit.errors import SiteError

_PREFIX = "git+"
_SOURCE = re.compile(r"git\+(?P<path>.+?)@(?P<revision>[^@#]+)(?:#(?P<folder>.*))?", re.DOTALL)
# Names of revisions as people write them: tags, branches, hashes, HEAD~3, v2^. A hyphen at the
# start would be an option.
_REVISION = re.compile(r"[A-Za-z0-9_.][\w./~^+-]{0,199}")
_SECONDS = 300
# Nothing of the user's or the machine's settings of git, and no program that they name.
_SETTINGS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "submodule.recurse=false",
)
_HOW = "Write it as git+path/to/repository@revision#folder, such as git+../our-site@v2.1#docs."


@dataclass(frozen=True)
class GitSource:
    """A folder of a repository at a revision; `folder` is '' for the whole repository."""

    path: Path
    revision: str
    folder: str = ""


def is_git_source(source: str) -> bool:
    """Return whether a source is a folder of a git repository at a revision."""
    return source.startswith(_PREFIX)


def parse_git_source(source: str) -> GitSource:
    """Return the parts of a source such as 'git+../our-site@v2.1#docs'.

    Raises SiteError where it is written in another way.
    """
    match = _SOURCE.fullmatch(source)
    if match is None or "://" in source:
        found = "an address" if "://" in source else "another form"
        cure = f"Clone the repository first. {_HOW}" if "://" in source else _HOW
        raise SiteError(source, "a folder of a git repository", found, cure)
    revision, folder = match["revision"].strip(), (match["folder"] or "").strip("/")
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise SiteError(source, "a tag, branch or commit after '@'", repr(revision), _HOW)
    if ".." in PurePosixPath(folder).parts or "\0" in folder:
        raise SiteError(source, "a folder of the repository after '#'", repr(folder), _HOW)
    return GitSource(Path(match["path"]), revision, folder)


def read_revision(
    source: str,
    base_url: str = "",
    max_page_bytes: int = 8_000_000,
    unread: UnreadItems | None = None,
    find_reader: Callable[[Path], Reader | None] = lambda _: None,
) -> list[PageRows]:
    """Return the pages of a source, as `read_folder` reads its folder.

    No page has a stored source, because the files are there only while they are read. The arguments
    are those of `read_folder`. Raises SiteError as `checked_out` and `read_folder` do.
    """
    with checked_out(source) as folder:
        # Paths are shown as they are in the repository.
        shown = RenamedItems(unread or UnreadItems(), folder, source)
        try:
            pages = read_folder(folder, base_url, max_page_bytes, (), shown, find_reader)
        except SiteError as error:
            raise SiteError(source, error.what, error.found, error.cure) from None
    return [replace(page, html_path=None) for page in pages]


@contextmanager
def checked_out(source: str) -> Iterator[Path]:
    """Yield a temporary folder with the files of a source; it is removed afterwards.

    The whole repository is written, so that the configuration of the site's generator is there.
    The yielded path is the source's folder in it. Links and files outside it are not written.
    Raises SiteError without git, and where the repository, the revision or the folder is not there.
    """
    wanted = parse_git_source(source)
    if not wanted.path.is_dir():
        cure = "Name the folder of the repository."
        raise SiteError(source, f"a git repository at {wanted.path}", "no folder", cure)
    commit = _resolve(source, wanted)
    kind = _git(wanted, "cat-file", "-t", f"{commit}:{wanted.folder}").stdout.strip()
    if kind != b"tree":
        found = "a file" if kind else "nothing there"
        cure = "Write the folder as the repository has it at this revision."
        raise SiteError(source, f"the folder {wanted.folder}", found, cure)
    with tempfile.TemporaryDirectory(prefix="coverage-kit-") as temporary:
        root = Path(temporary) / (wanted.path.resolve().name.removesuffix(".git") or "repository")
        root.mkdir()
        _write_files(source, wanted, commit, root)
        yield root / wanted.folder


def _resolve(source: str, wanted: GitSource) -> str:
    """Return the hash of the source's commit."""
    if _git(wanted, "rev-parse", "--git-dir").returncode:
        raise SiteError(
            source,
            f"a git repository at {wanted.path}",
            "none that git opens",
            "Name the folder of a clone. Git also refuses a clone that belongs to another user.",
        )
    result = _git(wanted, "rev-parse", "--verify", "--quiet", f"{wanted.revision}^{{commit}}")
    commit = result.stdout.decode("ascii", "replace").strip()
    if result.returncode or not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise SiteError(
            source,
            f"the revision {wanted.revision}",
            "no such revision",
            f"List what there is: git -C {wanted.path} tag; git -C {wanted.path} branch --all.",
        )
    return commit


def _write_files(source: str, wanted: GitSource, commit: str, root: Path) -> None:
    """Write the files of a commit as git holds them, so that no filter of the repository runs."""
    listed = _git(wanted, "ls-tree", "-r", "-z", "--full-tree", commit)
    if listed.returncode:
        raise _broken(source, listed.stderr)
    files = [file for line in listed.stdout.split(b"\0") if (file := _file(line)) is not None]
    with tempfile.TemporaryFile() as hashes:
        hashes.write(b"".join(name + b"\n" for name, _ in files))
        hashes.seek(0)
        with subprocess.Popen(  # noqa: S603 (fixed arguments)
            _command(wanted, "cat-file", "--batch"),
            env=_environment(),
            stdin=hashes,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            if process.stdout is None or not all(
                _write_file(process.stdout, root / path) for _, path in files
            ):
                process.kill()
                raise _broken(source, b"a file is missing")


def _file(line: bytes) -> tuple[bytes, Path] | None:
    """Return the hash and path of a line of `git ls-tree`, if it is a file and no link."""
    match = re.fullmatch(rb"100\d{3} blob ([0-9a-f]{40,64})\t(.+)", line, re.DOTALL)
    if match is None:
        return None
    path = PurePosixPath(os.fsdecode(match[2]))
    is_safe = not path.is_absolute() and {"..", ".git"}.isdisjoint(path.parts)
    return (match[1], Path(path)) if is_safe else None


def _write_file(stream: IO[bytes], path: Path) -> bool:
    """Write the next file of `git cat-file --batch`; return whether it was there."""
    header = re.fullmatch(rb"[0-9a-f]+ blob (\d+)\n", stream.readline())
    if header is None:
        return False
    n_left = int(header[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while n_left:
            piece = stream.read(min(n_left, 1 << 20))
            if not piece:
                return False
            file.write(piece)
            n_left -= len(piece)
    return stream.read(1) == b"\n"


def _broken(source: str, message: bytes) -> SiteError:
    found = message.decode("utf-8", "replace").strip()[-200:] or "an error of git"
    cure = "Check the repository: git fsck."
    return SiteError(source, "the files of the revision", found, cure)


def _git(wanted: GitSource, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(  # noqa: S603 (fixed arguments, and a revision of safe signs)
            _command(wanted, *arguments),
            env=_environment(),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        cure = "Install git, or check the revision out and name its folder as source."
        raise SiteError(str(wanted.path), "the program git", "no such program", cure) from None
    except subprocess.TimeoutExpired:
        cure = "Check the revision out, and name its folder as source."
        found = f"no answer in {_SECONDS} s"
        raise SiteError(str(wanted.path), "an answer of git", found, cure) from None


def _command(wanted: GitSource, *arguments: str) -> list[str]:
    return ["git", "--no-pager", *_SETTINGS, "-C", str(wanted.path.resolve()), *arguments]


def _environment() -> dict[str, str]:
    """Return the environment of git: nothing of the user's that would change what it does."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
    }
