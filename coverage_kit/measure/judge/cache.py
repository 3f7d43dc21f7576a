"""Replies of judges kept on disk: what was asked once is not asked again, and an interrupted job goes on where it was."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from coverage_kit.errors import RunError
from coverage_kit.llm.endpoint import Reply

CACHE = "judge.sqlite"


class ReplyCache:
    """A file of replies by all that was asked: model, endpoint, rubric, prompt, kind of sampling, number of the repeat.

    Keys of endpoints never reach it. Raises RunError for a file that cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(
                path, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS replies (asked TEXT PRIMARY KEY, model TEXT, replies TEXT)"
            )
        except (OSError, sqlite3.Error) as error:
            raise self._fail(error) from error

    def find(self, asked: Sequence[str | int]) -> list[Reply] | None:
        """Return the replies to what was asked, or None where nobody asked it."""
        try:
            row = self._base.execute(
                "SELECT replies FROM replies WHERE asked = ?", (_digest(asked),)
            ).fetchone()
            return None if row is None else [_read(one) for one in json.loads(row[0])]
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise self._fail(error) from error

    def keep(self, asked: Sequence[str | int], replies: Sequence[Reply]) -> None:
        """Keep the replies to what was asked, whose first part is the model."""
        text = json.dumps([asdict(one) for one in replies], ensure_ascii=False)
        try:
            self._base.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?)",
                (_digest(asked), str(asked[0]), text),
            )
        except (sqlite3.Error, UnicodeError) as error:
            raise self._fail(error) from error

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _fail(self, error: Exception) -> RunError:
        return RunError(
            str(self.path),
            "a file of judges' replies",
            str(error),
            "Delete it, or name another cache.",
        )


def _digest(asked: Sequence[str | int]) -> str:
    return hashlib.sha256(json.dumps(list(asked)).encode()).hexdigest()


def _read(stored: dict[str, object]) -> Reply:
    values = {
        **stored,
        "alternatives": tuple(stored["alternatives"]),
        "tokens": tuple(stored["tokens"]),
    }  # type: ignore[arg-type]
    return Reply(**values)  # type: ignore[arg-type]
