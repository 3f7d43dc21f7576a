"""Responses stored on disk.

An interrupted crawl continues where it stopped, and a later crawl requests only what changed.
"""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.urls import site_scope
from coverage_kit.storage.files import new_file

# Headers that are used again: the encoding, what a later request is conditional on, nofollow.
_STORED_HEADERS = ("content-type", "etag", "last-modified", "x-robots-tag")


class ResponseStore:
    """The stored responses of one crawl's source, in cache/<site>/.

    A content is stored under its own hash and is never changed. The JSON of a response names its
    content and the crawl that fetched it, and is written last. So the store holds only whole
    responses, even if the program is killed.
    """

    def __init__(self, cache: Path, source: str) -> None:
        self.folder = cache / site_scope(source).replace(":", "_").replace("[", "").replace("]", "")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state_path = self.folder / f"crawl-{_hash(source.encode())}.json"
        self._crawl_id = ""

    def begin(self, budgets: list[float]) -> bool:
        """Start a crawl and return whether it continues an earlier crawl.

        It continues a crawl that was interrupted, or that stopped at other budgets.
        """
        state = _read_json(self._state_path) or {}
        is_stopped = bool(state.get("n_left")) and state.get("budgets") != budgets
        is_resumed = bool(state.get("crawl_id")) and (not state.get("is_finished") or is_stopped)
        self._crawl_id = state["crawl_id"] if is_resumed else datetime.now(UTC).isoformat()
        self._write_state({"crawl_id": self._crawl_id, "is_finished": False})
        return is_resumed

    def finish(self, budgets: list[float], left: list[str]) -> None:
        """Mark the crawl as finished and store the URLs that are left."""
        _write(self._state_path.with_suffix(".left.txt"), "\n".join(left).encode())
        self._write_state(
            {
                "crawl_id": self._crawl_id,
                "is_finished": True,
                "n_left": len(left),
                "budgets": budgets,
            }
        )

    def get(self, url: str) -> Fetched | None:
        """Return the response that this crawl has stored for a URL, or None."""
        record = self._record(url)
        return self._read(record) if record and record.get("crawl_id") == self._crawl_id else None

    def get_old(self, url: str) -> Fetched | None:
        """Return the readable response that any crawl has stored for a URL, or None.

        Responses of redirected URLs are not returned.
        """
        record = self._record(url)
        return (
            self._read(record)
            if record and record.get("status") == "ok" and record.get("url") == url
            else None
        )

    def put(self, url: str, fetched: Fetched) -> Fetched:
        """Store the response to a URL and return it with the path of its content.

        A failure that may be over at the next try is not stored.
        """
        if fetched.is_passing:
            return fetched
        path = self.folder / f"{_hash(fetched.content)}.html" if fetched.status == "ok" else None
        if path is not None and not _holds(path, fetched.content):
            _write(path, fetched.content)
        record = {
            "asked": url,
            "url": fetched.url,
            "status": fetched.status,
            "content": path.name if path is not None else None,
            "headers": {
                name: fetched.headers[name] for name in _STORED_HEADERS if name in fetched.headers
            },
            "fetched_at": fetched.fetched_at.isoformat()
            if fetched.fetched_at is not None
            else None,
            "crawl_id": self._crawl_id,
        }
        _write(self._record_path(url), json.dumps(record, indent=1).encode())
        return _with_path(fetched, path)

    def _record_path(self, url: str) -> Path:
        return self.folder / f"{_hash(url.encode('utf-8', 'replace'))}.json"

    def _record(self, url: str) -> dict[str, Any] | None:
        record = _read_json(self._record_path(url))
        return record if record and record.get("asked") == url else None

    def _read(self, record: dict[str, Any]) -> Fetched | None:
        path = self.folder / record["content"] if record["content"] else None
        if path is not None and not path.is_file():
            return None
        moment = datetime.fromisoformat(record["fetched_at"]) if record["fetched_at"] else None
        content = path.read_bytes() if path is not None else b""
        # A content that is not what its name says was cut or changed: its URL is fetched again.
        if path is not None and path.stem != _hash(content):
            return None
        fetched = Fetched(
            record["url"],
            record["status"],
            content=content,
            headers=record["headers"],
            fetched_at=moment,
        )
        return _with_path(fetched, path)

    def _write_state(self, state: dict[str, Any]) -> None:
        _write(self._state_path, json.dumps(state).encode())


def _with_path(fetched: Fetched, path: Path | None) -> Fetched:
    return replace(fetched, stored_at=str(path) if path is not None else None)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _read_json(path: Path) -> dict[str, Any] | None:
    """Return a stored object, or None where there is none.

    A broken file counts as missing, so that its URL is fetched again.
    """
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all, so that no reader sees a half-written one."""
    with new_file(path) as unfinished:
        unfinished.write_bytes(content)
