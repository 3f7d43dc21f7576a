"""Logs that gzip or zip packed, unpacked to the disk while they are read.

The memory that it takes does not grow with the files. What a bomb or a broken archive holds is
never read.
"""

import gzip
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from coverage_kit.collect.logs.steady import name_unpacked, shown
from coverage_kit.collect.packed import BROKEN, bomb, check_members, is_hidden, most_bytes
from coverage_kit.errors import LogError

PACKED_ENDINGS = (".gz", ".zip")
# Archives that are not read. A file with such an ending is named when it is passed over.
OTHER_PACKED_ENDINGS = (
    ".7z", ".bz2", ".lz4", ".rar", ".tar", ".tbz2", ".tgz", ".txz", ".xz", ".zst",
)  # fmt: skip
# The first bytes of a file that gzip packed, and of a zip file, whatever their endings say.
GZIP_MARK = b"\x1f\x8b"
_ZIP_MARK = b"PK\x03\x04"
# These are zip files, too, and read as what they are.
_ZIPPED_FORMATS = (".xlsx", ".xlsm", ".ods", ".docx")
_CHUNK_BYTES = 1 << 20
_Stream = IO[bytes] | gzip.GzipFile


class Unpacked:
    """The files of an archive on the disk, which are deleted when nothing keeps this object.

    `left_out` are the names of the files in it whose endings are none of a log.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="coverage-kit-"))
        self.files = list[Path]()
        self.left_out = list[str]()
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def unpack(path: Path, endings: Sequence[str]) -> Unpacked:
    """Return the logs in a packed file, unpacked.

    Args:
        path: a file that gzip or zip packed.
        endings: the endings of logs. Hidden files, those of the system and those with other endings
            are left out.

    Raises LogError for a file that is broken, cut short, encrypted, a bomb or without logs, for a
    zip file with paths outside of it, and where the disk has no room.
    """
    unpacked = Unpacked()
    try:
        if _starts_with(path, GZIP_MARK) or path.suffix.lower() == ".gz":
            _unpack_gzip(path, endings, unpacked)
        else:
            _unpack_zip(path, endings, unpacked)
    except BROKEN as error:
        # The directory of a zip file is at its end.
        is_cut = isinstance(error, EOFError) or (
            _starts_with(path, _ZIP_MARK) and not zipfile.is_zipfile(path)
        )
        found = "its end is missing" if is_cut else f"it is damaged ({error})"
        raise LogError(
            shown(path), "a whole packed file", found, "Download or copy it again."
        ) from None
    return unpacked


def is_packed(path: Path) -> bool:
    """Return whether a file is packed, as its ending or its first bytes say."""
    ending = path.suffix.lower()
    is_zip = _starts_with(path, _ZIP_MARK) and ending not in _ZIPPED_FORMATS
    return ending in PACKED_ENDINGS or _starts_with(path, GZIP_MARK) or is_zip


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


def log_name(name: str) -> str:
    """Return the name of a file without the ending of gzip.

    >>> log_name("answers.jsonl.gz"), log_name("answers.jsonl")
    ('answers.jsonl', 'answers.jsonl')
    """
    return name[:-3] if name.lower().endswith(".gz") else name


def _unpack_gzip(path: Path, endings: Sequence[str], unpacked: Unpacked) -> None:
    if not _starts_with(path, GZIP_MARK) and path.stat().st_size:
        raise LogError(
            shown(path),
            f"a {path.suffix} file",
            "a file that is not packed, as some browsers leave it",
            f"Name it {path.name.removesuffix(path.suffix)}, or download it again.",
        )
    with gzip.open(path) as stream:
        name = _name_in(log_name(path.name), stream, endings)
        if not name:
            raise LogError(
                shown(path),
                f"a packed file whose name ends in {endings[0]}.gz, {endings[1]}.gz or the like",
                path.name,
                f"Name it after what it holds, such as {log_name(path.stem)}{endings[2]}.gz.",
            )
        file = _write(stream, path, name, unpacked)
    name_unpacked(file, shown(path))


def _name_in(name: str, stream: gzip.GzipFile, endings: Sequence[str]) -> str:
    """Return a name with the ending of what a gzip file holds, '' where that is not known."""
    if PurePosixPath(name).suffix.lower() in endings:
        return name
    # A log of JSON shows itself. What else there is may be any text, such as a server's log.
    first = stream.peek(1).lstrip()[:1]
    return f"{name}.jsonl" if first in (b"{", b"[") else ""


def _unpack_zip(path: Path, endings: Sequence[str], unpacked: Unpacked) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        check_members(path, shown(path), members)
        logs = [member for member in members if not is_hidden(member.filename)]
        for member in sorted(logs, key=lambda member: member.filename):
            name = PurePosixPath(member.filename).name
            if PurePosixPath(log_name(name)).suffix.lower() not in endings:
                unpacked.left_out.append(member.filename)
                continue
            with _opened(archive, member, path) as stream:
                file = _write(stream, path, log_name(name), unpacked)
            name_unpacked(file, f"{shown(path)}/{member.filename}")
    if not unpacked.files:
        others = ", ".join(unpacked.left_out[:5]) or "no files"
        raise LogError(
            shown(path),
            f"a zip file with logs ({', '.join(endings)})",
            others,
            "Export the log as such a file.",
        )


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> _Stream:
    try:
        stream = archive.open(member)
    except NotImplementedError as error:
        raise LogError(
            f"{shown(path)}/{member.filename}",
            "a file packed as zip programs usually do",
            str(error),
            "Unpack it with the program that packed it, and name the files.",
        ) from None
    is_gzip = member.filename.lower().endswith(".gz")
    return gzip.GzipFile(fileobj=stream) if is_gzip else stream


def _write(stream: _Stream, path: Path, name: str, unpacked: Unpacked) -> Path:
    """Write a file of an archive to the disk, and return it."""
    folder = unpacked.folder / str(len(unpacked.files))
    folder.mkdir()
    # The name decides only how the file is read: one that no file may have is cut.
    file = folder / f"log{PurePosixPath(name).suffix.lower()}"
    most = most_bytes(path)
    n_written = sum(_size(written) for written in unpacked.files)
    with file.open("wb") as target:
        for chunk in _chunks(stream):
            n_written += len(chunk)
            if n_written > most:
                raise bomb(path, shown(path), f"more than {most:,} bytes")
            if shutil.disk_usage(folder).free < 2 * _CHUNK_BYTES:
                raise LogError(
                    shown(path),
                    "room to unpack it",
                    f"a full disk at {folder.parent} after {n_written:,} bytes",
                    "Free some space, or set TMPDIR to a folder on a larger disk.",
                )
            target.write(chunk)
    unpacked.files.append(file)
    return file


def _chunks(stream: _Stream) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _size(file: Path) -> int:
    return file.stat().st_size
