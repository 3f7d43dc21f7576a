"""Responses kept on disk, so that an interrupted crawl goes on where it stopped and a later one asks only for changes."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.urls import site_scope

_KEPT_HEADERS = ("content-type", "etag", "last-modified", "x-robots-tag")


class ResponseStore:
    """The stored responses of one crawl's source in cache/<site>/.

    Contents lie under their own hash and are never changed; a response's JSON names its content and
    the crawl that fetched it, and is written last. Killing the program at any moment thus leaves
    whole responses only.
    """

    def __init__(self, cache: Path, source: str) -> None:
        self.folder = cache / site_scope(source).replace(":", "_").replace("[", "").replace("]", "")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state_path = self.folder / f"crawl-{_hash(source.encode())}.json"
        self._crawl_id = ""

    def begin(self, budgets: list[float]) -> bool:
        """Start a crawl and return whether it goes on with one that was interrupted, or had spent other budgets."""
        state = _read_json(self._state_path) or {}
        is_stopped = bool(state.get("n_left")) and state.get("budgets") != budgets
        is_resumed = bool(state.get("crawl_id")) and (not state.get("is_finished") or is_stopped)
        self._crawl_id = state["crawl_id"] if is_resumed else datetime.now(UTC).isoformat()
        self._write_state({"crawl_id": self._crawl_id, "is_finished": False})
        return is_resumed

    def finish(self, budgets: list[float], left: list[str]) -> None:
        """Mark the crawl as finished and store the URLs left over."""
        _write_whole(self._state_path.with_suffix(".left.txt"), "\n".join(left).encode())
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
        """Return the readable response that any crawl has stored for a URL that was not redirected, or None."""
        record = self._record(url)
        return (
            self._read(record)
            if record and record.get("status") == "ok" and record.get("url") == url
            else None
        )

    def put(self, url: str, fetched: Fetched) -> Fetched:
        """Store the response to a URL, unless the failure may pass; return it with the place of its content."""
        if fetched.is_passing:
            return fetched
        path = self.folder / f"{_hash(fetched.content)}.html" if fetched.status == "ok" else None
        if path is not None and not path.exists():
            _write_whole(path, fetched.content)
        record = {
            "asked": url,
            "url": fetched.url,
            "status": fetched.status,
            "content": path.name if path is not None else None,
            "headers": {
                name: fetched.headers[name] for name in _KEPT_HEADERS if name in fetched.headers
            },
            "fetched_at": fetched.fetched_at.isoformat()
            if fetched.fetched_at is not None
            else None,
            "crawl_id": self._crawl_id,
        }
        _write_whole(self._record_path(url), json.dumps(record, indent=1).encode())
        return _with_place(fetched, path)

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
        return _with_place(
            Fetched(
                record["url"],
                record["status"],
                content,
                record["headers"],
                moment,
            ),
            path,
        )

    def _write_state(self, state: dict[str, Any]) -> None:
        _write_whole(self._state_path, json.dumps(state).encode())


def _with_place(fetched: Fetched, path: Path | None) -> Fetched:
    place = str(path) if path is not None else None
    return Fetched(
        fetched.url,
        fetched.status,
        fetched.content,
        fetched.headers,
        fetched.fetched_at,
        place,
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _read_json(path: Path) -> dict[str, Any] | None:
    """Return a stored object, or None where there is none or it is broken (it is then fetched again)."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside the file, then put in its place, so that it is never seen half written."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
