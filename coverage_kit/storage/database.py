"""SQLite files that a project keeps: opened by their version, replaced where they are damaged.

A file that is busy, full or forbidden is not damaged: it stays.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path

from coverage_kit.storage.files import remove, set_aside

# What SQLite reports for a file that is damaged, is no database, or has other tables or columns.
_DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_FORMAT,
}
# Files that SQLite keeps beside a database.
_SIDE_FILES = ("-wal", "-shm", "-journal")
# How long a process waits for another one that is writing (assumed: a chunk is written in less).
_WAIT_SECONDS = 30
_CURES = {
    sqlite3.SQLITE_FULL: "Free space on that disk.",
    sqlite3.SQLITE_BUSY: "Another process is writing there: wait until it has ended.",
    sqlite3.SQLITE_LOCKED: "Another process is writing there: wait until it has ended.",
    sqlite3.SQLITE_READONLY: "Give yourself the right to write there.",
    sqlite3.SQLITE_PERM: "Give yourself the right to write there.",
    sqlite3.SQLITE_CANTOPEN: "Give yourself the right to write there, or name another cache.",
    sqlite3.SQLITE_IOERR: "The disk reports a fault: check it, or name a cache on another disk.",
}


class DamagedDatabaseError(sqlite3.DatabaseError):
    """A file holds something else than this version of the toolkit writes."""


def open_database(path: Path, table: str, version: int) -> sqlite3.Connection:
    """Return a connection to a SQLite file that commits each statement at once.

    Args:
        path: the file, made if it does not exist.
        table: the statement that makes its table, with IF NOT EXISTS.
        version: the version of the table.

    Raises OSError, or sqlite3.Error: DamagedDatabaseError for a file of another version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise DamagedDatabaseError("a folder in the file's place")
    database = sqlite3.connect(
        path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        found = database.execute("PRAGMA user_version").fetchone()[0]
        n_tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if found != version and (found or n_tables):
            raise DamagedDatabaseError(f"version {found} instead of {version}")
        database.execute(table)
        if found != version:
            database.execute(f"PRAGMA user_version = {version:d}")
    except BaseException:
        database.close()
        raise
    return database


def is_damaged(error: Exception) -> bool:
    """Return whether an error says that the file is damaged or of another version."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    # The low byte is the kind of the error, the others are details.
    return (
        isinstance(error, DamagedDatabaseError)
        or code & 0xFF in _DAMAGE
        or code == sqlite3.SQLITE_IOERR_SHORT_READ
    )


def database_cure(error: Exception, otherwise: str) -> str:
    """Return what cures an error of SQLite; `otherwise` for one of another kind."""
    return _CURES.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF, otherwise)


def remove_database(path: Path) -> None:
    """Remove a SQLite file whose content can be made again, and what SQLite keeps beside it."""
    for file in (path, *_beside(path)):
        with suppress(FileNotFoundError):
            remove(file)


def set_database_aside(path: Path) -> Path:
    """Rename a SQLite file that nothing can make again; return its new path."""
    aside = set_aside(path)
    for file in _beside(path):
        with suppress(FileNotFoundError):
            file.rename(f"{aside}{file.name.removeprefix(path.name)}")
    return aside


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in _SIDE_FILES]
