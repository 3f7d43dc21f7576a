"""Replies of judges stored on disk: nothing is asked twice, and an interrupted job resumes."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coverage_kit.errors import RunError
from coverage_kit.llm.endpoint import Reply
from coverage_kit.storage.database import (
    DamagedDatabaseError,
    database_cure,
    is_damaged,
    open_database,
    set_database_aside,
)
from coverage_kit.storage.files import cure_for
from coverage_kit.text.parse import parse_json

# The name of the file in the folder of the cache.
CACHE = "judge.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS replies (asked TEXT PRIMARY KEY, model TEXT, replies TEXT)"
# SQLite's own number for a file without one, so that replies of earlier versions are used.
_VERSION = 0

logger = logging.getLogger(__name__)


class ReplyCache:
    """A file of replies by request: model, endpoint, rubric, prompt, kind of sampling, repeat.

    Keys of endpoints never reach it. Raises RunError for a file that cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._database = self._open()
        except (OSError, sqlite3.Error) as error:
            raise self._fail(error) from error

    def find(self, request: Sequence[str | int]) -> list[Reply] | None:
        """Return the replies to a request, or None where it was never made.

        Replies that do not check out count as never made.
        """
        try:
            row = self._database.execute(
                "SELECT replies FROM replies WHERE asked = ?", (_digest(request),)
            ).fetchone()
            return None if row is None else [_read(reply) for reply in parse_json(row[0])]
        except sqlite3.Error as error:
            raise self._fail(error) from error
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def store(self, request: Sequence[str | int], replies: Sequence[Reply]) -> None:
        """Store the replies to a request, whose first element is the model."""
        text = json.dumps([asdict(reply) for reply in replies], ensure_ascii=False)
        try:
            self._database.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?)",
                (_digest(request), str(request[0]), text),
            )
        except (sqlite3.Error, UnicodeError) as error:
            raise self._fail(error) from error

    def _open(self) -> sqlite3.Connection:
        """Return the file; a damaged one is set aside, because its replies were paid for."""
        try:
            database = open_database(self.path, _TABLE, _VERSION)
            problem = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem != "ok":
                raise DamagedDatabaseError(problem)
            database.execute("SELECT asked, model, replies FROM replies LIMIT 1").fetchone()
        except sqlite3.Error as error:
            if not is_damaged(error):
                raise
            aside = set_database_aside(self.path)
            logger.warning(
                "%s: cannot be read (%s): judges are asked again, the old file is %s",
                self.path,
                error,
                aside,
            )
            return open_database(self.path, _TABLE, _VERSION)
        return database

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _fail(self, error: Exception) -> RunError:
        cure = database_cure(error, cure_for(error, "Run again, or name another cache."))
        return RunError(str(self.path), "a file of judges' replies", str(error), cure)


def _digest(request: Sequence[str | int]) -> str:
    return hashlib.sha256(json.dumps(list(request)).encode()).hexdigest()


def _read(stored: dict[str, Any]) -> Reply:
    values = {
        **stored,
        "alternatives": tuple(stored["alternatives"]),
        "tokens": tuple(stored["tokens"]),
    }
    return Reply(**values)
