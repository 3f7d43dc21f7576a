"""The pages of a crawl that need a browser: what they may load, and what is kept of them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from coverage_kit.collect.fetch import Fetched, Fetcher, Request
from coverage_kit.collect.rendering import Renderer, RenderError, needs_browser
from coverage_kit.collect.robots import Robots
from coverage_kit.collect.store import ResponseStore
from coverage_kit.collect.unread import Kind, UnreadItems
from coverage_kit.collect.urls import host_scope, site_scope
from coverage_kit.settings import CrawlSettings

_LOG = logging.getLogger(__name__)
# Scripts and data that the pages of a site share are fetched once, up to this size (assumed).
_MAX_KEPT_BYTES = 50_000_000


@dataclass(frozen=True)
class Manners:
    """The rules of a crawl that hold for a browser too.

    `spent` returns the name of a budget that is used up, or empty text.
    """

    crawl: CrawlSettings
    scope: str
    fetcher: Fetcher
    robots: Robots
    unread: UnreadItems
    spent: Callable[[], str]


@dataclass
class _Kept:
    """Answers that several pages share."""

    answers: dict[str, Fetched] = field(default_factory=dict)
    n_bytes: int = 0

    def add(self, url: str, answer: Fetched) -> None:
        if self.n_bytes + len(answer.content) <= _MAX_KEPT_BYTES:
            self.answers[url] = answer
            self.n_bytes += len(answer.content)


class RenderedPages:
    """Renders the pages of one crawl, in the same host and budget rules.

    `n_rendered` counts the pages that have a text after it.
    Raises SiteError where the extra or the browser is missing.
    """

    def __init__(self, manners: Manners, store: ResponseStore | None) -> None:
        self.n_rendered = 0
        self._manners = manners
        self._store = store
        self._scopes = {manners.scope, *map(host_scope, manners.crawl.render_hosts)}
        self._kept = _Kept()
        self._refused: set[str] = set()
        self._renderer = Renderer(manners.crawl, self._load)

    def close(self) -> None:
        """Close the browser."""
        self._renderer.close()

    def render(self, fetched: Fetched) -> Fetched:
        """Return a page as it is after its scripts have run, or as it was if it needs none."""
        if fetched.status != "ok" or fetched.is_markdown or not needs_browser(fetched):
            return fetched
        key = f"{fetched.url}#rendered"
        stored = self._store.get(key) if self._store is not None else None
        if stored is None:
            try:
                content = self._renderer.render(fetched)
            except RenderError as error:
                _LOG.warning("%s: not shown by the browser: %s", fetched.url, error)
                return fetched
            headers = {**fetched.headers, "content-type": "text/html; charset=utf-8"}
            stored = replace(fetched, content=content, headers=headers)
            stored = self._store.put(key, stored) if self._store is not None else stored
        self.n_rendered += not needs_browser(stored)
        return stored

    def _load(self, url: str, headers: Mapping[str, str]) -> Fetched:
        if url in self._kept.answers:
            return self._kept.answers[url]
        reason = self._refuse(url)
        if reason:
            return Fetched(url, reason)
        request = Request(
            max_bytes=int(self._manners.crawl.max_page_megabytes * 1e6),
            headers=headers,
            refuse=self._refuse,
        )
        fetched = self._manners.fetcher.fetch(url, request)
        if fetched.status == "ok":
            self._kept.add(url, fetched)
        return fetched

    def _refuse(self, url: str) -> str:
        """Return why a page may not load an address, or empty text; each host counts once."""
        spent = self._manners.spent()
        if spent:
            return f"crawl.{spent} is used up"
        scope = site_scope(url)
        if scope not in self._scopes:
            cure = "Add it to crawl.render_hosts if the text of your pages comes from it."
            self._count("host", scope, "what rendered pages load from it", url, cure)
            return "left the site"
        if self._manners.robots.refuses(url):
            cure = "Allow it in the robots.txt of its host if the text of your pages comes from it."
            self._count("address", url, "loaded by rendered pages, refused by robots", url, cure)
            return "robots"
        return ""

    def _count(self, kind: Kind, identity: str, reason: str, url: str, cure: str) -> None:
        if identity in self._refused:
            return
        self._refused.add(identity)
        self._manners.unread.add(kind, reason, url, cure=cure, may_be_pages=False)
