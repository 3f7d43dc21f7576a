"""Replies of judges stored on disk: nothing is asked twice, and an interrupted job resumes."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coverage_kit.errors import RunError
from coverage_kit.llm.endpoint import Reply

# The name of the file in the folder of the cache.
CACHE = "judge.sqlite"


class ReplyCache:
    """A file of replies by request: model, endpoint, rubric, prompt, kind of sampling, repeat.

    Keys of endpoints never reach it. Raises RunError for a file that cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Each reply is committed at once: an interrupted job keeps what was paid for.
            self._database = sqlite3.connect(
                path, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS replies "
                "(asked TEXT PRIMARY KEY, model TEXT, replies TEXT)"
            )
        except (OSError, sqlite3.Error) as error:
            raise self._fail(error) from error

    def find(self, request: Sequence[str | int]) -> list[Reply] | None:
        """Return the replies to a request, or None where it was never made."""
        try:
            row = self._database.execute(
                "SELECT replies FROM replies WHERE asked = ?", (_digest(request),)
            ).fetchone()
            return None if row is None else [_read(reply) for reply in json.loads(row[0])]
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise self._fail(error) from error

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

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _fail(self, error: Exception) -> RunError:
        return RunError(
            str(self.path),
            "a file of judges' replies",
            str(error),
            "Delete it, or name another cache.",
        )


def _digest(request: Sequence[str | int]) -> str:
    return hashlib.sha256(json.dumps(list(request)).encode()).hexdigest()


def _read(stored: dict[str, Any]) -> Reply:
    values = {
        **stored,
        "alternatives": tuple(stored["alternatives"]),
        "tokens": tuple(stored["tokens"]),
    }
    return Reply(**values)
