"""Responses stored on disk.

An interrupted crawl continues where it stopped, and a later crawl requests only what changed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.urls import site_scope
from coverage_kit.storage.store import Entry, Store

# Headers that are used again: the encoding, what a later request is conditional on, nofollow.
_STORED_HEADERS = ("content-type", "etag", "last-modified", "x-robots-tag")
# The name of a response's content in its entry.
_PAGE = "page.html"
# Pages of earlier crawls are removed before a crawl of a site that keeps more: 20,000 pages of
# 100 kB (assumed).
MAX_SITE_BYTES = 2 * 2**30


class ResponseStore:
    """The stored responses of one crawl's source, in cache/pages/<site>/.

    Each is an entry of a `Store`: the content as a file, the rest as plain values with the crawl
    that fetched it. So the store holds only whole responses, even if the program is killed, and a
    response that does not check out is fetched again.
    """

    def __init__(self, cache: Path, source: str) -> None:
        scope = site_scope(source).replace(":", "_").replace("[", "").replace("]", "")
        self.store = open_pages(cache, scope)
        self._state_name = f"crawl-{_hash(source)}"
        self._crawl_id = ""

    def begin(self, budgets: list[float]) -> bool:
        """Start a crawl and return whether it continues an earlier crawl.

        It continues a crawl that was interrupted, or that stopped at other budgets.
        """
        state = self._values(self._state_name)
        is_stopped = bool(state.get("n_left")) and state.get("budgets") != budgets
        is_resumed = bool(state.get("crawl_id")) and (not state.get("is_finished") or is_stopped)
        self._crawl_id = str(state["crawl_id"]) if is_resumed else datetime.now(UTC).isoformat()
        if not is_resumed:
            self.store.bound()  # only between crawls, so that no crawl loses its own pages
        self._write_state({"is_finished": False})
        return is_resumed

    def finish(self, budgets: list[float], left: list[str]) -> None:
        """Mark the crawl as finished and store the URLs that are left."""
        state = {"is_finished": True, "n_left": len(left), "budgets": budgets}
        self._write_state(state, {"left.txt": "\n".join(left).encode()})
        self.store.warn_damaged()

    def get(self, url: str) -> Fetched | None:
        """Return the response that this crawl has stored for a URL, or None."""
        fetched, crawl_id = self._read(url)
        return fetched if crawl_id == self._crawl_id else None

    def get_old(self, url: str) -> Fetched | None:
        """Return the readable response that any crawl has stored for a URL, or None.

        Responses of redirected URLs are not returned.
        """
        fetched, _ = self._read(url)
        return fetched if fetched and fetched.status == "ok" and fetched.url == url else None

    def put(self, url: str, fetched: Fetched) -> Fetched:
        """Store the response to a URL and return it with the path of its content.

        A failure that may be over at the next try is not stored.
        """
        if fetched.is_passing:
            return fetched
        moment = fetched.fetched_at
        values = {
            "asked": url,
            "url": fetched.url,
            "status": fetched.status,
            "headers": {
                name: fetched.headers[name] for name in _STORED_HEADERS if name in fetched.headers
            },
            "fetched_at": moment.isoformat() if moment is not None else None,
            "crawl_id": self._crawl_id,
        }
        is_page = fetched.status == "ok"
        files = {_PAGE: fetched.content} if is_page else {}
        entry = self.store.keep(_hash(url), values, files)
        return replace(fetched, stored_at=_path_of(entry))

    def _read(self, url: str) -> tuple[Fetched | None, str]:
        """Return the stored response to a URL and the crawl that fetched it, or None."""
        entry = self.store.get(_hash(url))
        if entry is None or entry.values.get("asked") != url:
            return None, ""
        values = entry.values
        moment = values["fetched_at"]
        try:
            content = entry.files[_PAGE].read_bytes() if _PAGE in entry.files else b""
        except OSError:
            return None, ""  # another process removed it a moment ago
        fetched = Fetched(
            values["url"],
            values["status"],
            content=content,
            headers=values["headers"],
            fetched_at=datetime.fromisoformat(moment) if moment else None,
            stored_at=_path_of(entry),
        )
        return fetched, values["crawl_id"]

    def _values(self, name: str) -> dict[str, Any]:
        entry = self.store.get(name)
        return entry.values if entry else {}

    def _write_state(self, state: dict[str, Any], files: Mapping[str, bytes] | None = None) -> None:
        self.store.keep(self._state_name, {"crawl_id": self._crawl_id, **state}, files or {})


def open_pages(cache: Path, scope: str) -> Store:
    """Return the store of the pages of one site in a project's cache."""
    return Store(cache / "pages" / scope, max_bytes=MAX_SITE_BYTES)


def _path_of(entry: Entry | None) -> str | None:
    return str(entry.files[_PAGE]) if entry and _PAGE in entry.files else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
