"""Read the pages of a site politely and resumably.

A crawl follows links breadth-first from a start URL, or reads a list of URLs one by one.
"""

import logging
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tqdm.auto import tqdm

from coverage_kit.collect.fetch import Fetched, Fetcher, Request, page_types
from coverage_kit.collect.link_account import MAX_ADDRESSES, LinkAccount
from coverage_kit.collect.page_links import PageLinks, read_links
from coverage_kit.collect.rendered import Manners, RenderedPages
from coverage_kit.collect.robots import Robots
from coverage_kit.collect.sitemap import MAX_BYTES, OTHER_HOST, read_sitemaps, seed_urls
from coverage_kit.collect.store import ResponseStore
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.url_lists import names_list
from coverage_kit.collect.urls import canonical_url, host_scope, page_id, site_scope
from coverage_kit.errors import SiteError
from coverage_kit.escaping import for_line
from coverage_kit.net.logins import take_login, without_login
from coverage_kit.settings import CrawlSettings
from coverage_kit.vocabulary import DUPLICATE_OF

_LOG = logging.getLogger(__name__)
# Longer tags and dates of a page are no tags and dates (assumed).
_MAX_CONDITION_CHARACTERS = 1_000
# Media types of sitemaps, feeds and text lists, which the start of a crawl may be.
_LIST_TYPES = (
    "application/xml",
    "text/xml",
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "text/plain",
    "application/gzip",
    "application/x-gzip",
)
# What raises each budget.
_BUDGET_CURE = "Raise crawl.{} to read more."


def crawl_site(
    start: str,
    crawl: CrawlSettings,
    cache: Path | None = None,
    unread: UnreadItems | None = None,
) -> Iterator[Fetched]:
    """Yield the response of each page of a site, following links on its own host from a start URL.

    Links are followed breadth-first, and with `crawl.use_sitemaps` also the sitemaps that the
    host's robots.txt names. Where the start URL is itself a sitemap, a feed or a text list, its
    pages are read as `fetch_sitemap` reads them. A login in the start URL
    (https://user:pass@host/) is sent to that host alone, and is in no response. What is not read is
    counted in `unread` where it is given. Raises SiteError when the host cannot be reached, is on a
    private network that is not allowed, or its robots.txt fails.
    """
    with closing(_Crawler(start, crawl, cache, unread)) as crawler:
        crawler.ask_robots()
        yield from crawler.read([crawler.source], follow=True)


def fetch_sitemap(
    url: str,
    crawl: CrawlSettings,
    cache: Path | None = None,
    unread: UnreadItems | None = None,
) -> Iterator[Fetched]:
    """Yield the response of each page that a sitemap names.

    Raises SiteError as `crawl_site` does, and for a sitemap that cannot be read or names no page.
    """
    with closing(_Crawler(url, crawl, cache, unread)) as crawler:
        crawler.ask_robots()
        yield from crawler.read(crawler.sitemap_urls(), follow=False)


def fetch_file(url: str, crawl: CrawlSettings) -> Fetched:
    """Return the response to the address of one file that holds all pages of a site.

    Its status says why there is no content. Raises SiteError as `crawl_site` does.
    """
    crawl = crawl.model_copy(update={"render": False})
    with closing(_Crawler(url, crawl, None, None)) as crawler:
        crawler.ask_robots()
        return crawler.fetch_source()


class _Crawler:
    """One crawl: the URLs that wait, the pages that were reached, and the budgets."""

    def __init__(
        self, source: str, crawl: CrawlSettings, cache: Path | None, unread: UnreadItems | None
    ) -> None:
        source = take_login(source)
        self.source = source
        self._crawl = crawl
        self._unread = unread if unread is not None else UnreadItems()
        self._scope = site_scope(source)
        self._sitemap_scopes = frozenset(map(host_scope, crawl.other_sitemap_hosts))
        self._end = time.monotonic() + crawl.max_seconds
        self._fetcher = Fetcher(crawl, end=self._end)
        self._robots = Robots(self._fetcher, crawl.user_agent)
        self._store = ResponseStore(cache, source) if cache is not None else None
        self._account = LinkAccount(self._scope)
        self._other_hosts: set[str] = set()
        self._waiting: deque[str] = deque()
        self._reached_ids: set[str] = set()
        self._n_pages = 0
        self._n_stored_bytes = 0
        self._n_dropped = 0
        self._rendered = RenderedPages(self._manners(), self._store) if crawl.render else None

    def close(self) -> None:
        if self._rendered is not None:
            self._rendered.close()
        self._fetcher.close()

    def _manners(self) -> Manners:
        return Manners(
            self._crawl,
            self._scope,
            self._fetcher,
            self._robots,
            self._unread,
            self._spent_on_pages,
        )

    def ask_robots(self) -> None:
        """Read the start host's robots.txt.

        Raises SiteError where the site must not be read or cannot be reached.
        """
        requested_delay = self._fetcher.patience.bound(
            self._robots.delay_seconds(self.source), f"robots.txt of {self._scope}"
        )
        # A site may ask for a longer pause than the settings do, but not for a shorter one.
        self._fetcher.delay_seconds = max(self._crawl.delay_seconds, requested_delay)
        for status in self._robots.trouble.values():
            raise _host_error(self.source, status)

    def fetch_source(self) -> Fetched:
        """Return the response to the source, whatever its kind."""
        if self._robots.refuses(self.source):
            return Fetched(self.source, "robots")
        return self._fetch_sitemap(self.source)

    def sitemap_urls(self, first: Fetched | None = None) -> list[str]:
        """Return the page URLs of the source, which is a sitemap or another list of addresses.

        Args:
            first: the response to the source, where it was fetched already.
        """

        def fetch(url: str) -> Fetched:
            is_first = first is not None and url == self.source
            return first if first is not None and is_first else self._fetch_sitemap(url)

        return read_sitemaps(self.source, fetch, self._unread, self._refuse_sitemap)

    def read(self, urls: Sequence[str], *, follow: bool) -> Iterator[Fetched]:
        """Yield one response a page until no URL waits or a budget is spent."""
        if self._store is not None and self._store.begin(self._budgets()):
            _LOG.info("%s: continuing an unfinished crawl", self.source)
        self._add(urls)
        bar = tqdm(
            desc=for_line(f"reading {self._scope}"),
            unit=" pages",
            file=sys.stderr,
            leave=False,
            disable=None,
        )
        with closing(bar):
            while self._waiting and not self._spent():
                url = self._waiting.popleft()
                is_start = follow and url == self.source
                fetched = self._read_page(url, _LIST_TYPES if is_start else ())
                if is_start and _is_list(fetched):
                    follow = False
                    self._n_pages -= 1
                    self._add(self.sitemap_urls(fetched))
                    continue
                links = read_links(fetched) if fetched.status == "ok" else PageLinks()
                if links.refresh:
                    fetched, links = self._refresh(fetched, links)
                yield fetched
                bar.update()
                if follow:
                    self._add(self._account.sort(links))
                if is_start and self._crawl.use_sitemaps:
                    self._add(self._account.sort(PageLinks(self._seeds())))
        self._finish()

    def _read_page(self, url: str, further_types: tuple[str, ...] = ()) -> Fetched:
        reason = self._refuse_foreign(url) or ("robots" if self._robots.refuses(url) else "")
        if reason:
            return Fetched(url, reason)
        fetched = self._from_store(url) or self._fetch(url, further_types)
        self._reached_ids.add(page_id(fetched.url))
        self._n_pages += 1
        if page_id(fetched.url) != page_id(url):
            self._account.redirected(url)
        return self._rendered.render(fetched) if self._rendered is not None else fetched

    def _refresh(self, fetched: Fetched, links: PageLinks) -> tuple[Fetched, PageLinks]:
        """Return the page to which a page sends its readers at once, or why it is not read."""
        target = links.refresh
        if page_id(target) == page_id(fetched.url):
            return fetched, links
        reason = self._refuse_redirect(fetched.url, target)
        if not reason and self._spent():
            reason = f"crawl.{self._spent()} is used up"
        if reason:
            return Fetched(fetched.url, reason, fetched_at=fetched.fetched_at), PageLinks()
        # The two are one page: only the second counts.
        self._n_pages -= 1
        self._account.redirected(fetched.url)
        self._reached_ids.add(page_id(target))
        page = self._read_page(target)
        return page, read_links(page) if page.status == "ok" else PageLinks()

    def _seeds(self) -> tuple[str, ...]:
        """Return the pages of the sitemaps that robots.txt names, which links may not lead to."""
        sitemaps = self._robots.sitemaps(self.source)
        return tuple(seed_urls(sitemaps, self._fetch_sitemap, self._unread, self._refuse_sitemap))

    def _from_store(self, url: str) -> Fetched | None:
        fetched = self._store.get(url) if self._store is not None else None
        self._n_stored_bytes += len(fetched.content) if fetched is not None else 0
        return fetched

    def _fetch(self, url: str, further_types: tuple[str, ...]) -> Fetched:
        stored = self._store.get_old(url) if self._store is not None else None
        request = Request(
            types=(*page_types(url), *further_types),
            max_bytes=int(self._crawl.max_page_megabytes * 1e6),
            headers=_conditions(stored),
            refuse=lambda target: self._refuse_redirect(url, target),
        )
        fetched = self._fetcher.fetch(url, request)
        if fetched.status == "not modified" and stored is not None:
            fetched = replace(stored, fetched_at=fetched.fetched_at)
        return self._store.put(url, fetched) if self._store is not None else fetched

    def _fetch_sitemap(self, url: str) -> Fetched:
        spent = self._spent()
        if spent:
            return Fetched(url, f"crawl.{spent} is used up")
        request = Request(
            max_bytes=MAX_BYTES, refuse=lambda target: self._refuse_sitemap(target, url)
        )
        return self._fetcher.fetch(url, request)

    def _refuse_foreign(self, url: str) -> str:
        return "" if site_scope(url) == self._scope else "left the site"

    def _refuse_sitemap(self, url: str, named_by: str) -> str:
        """Return why a sitemap is not read: nobody vouches for its host.

        A sitemap vouches for those on its own host, and robots.txt for those that it names
        (sitemaps.org).
        """
        scope = site_scope(url)
        is_known = scope in {self._scope, site_scope(named_by)} or scope in self._sitemap_scopes
        if is_known or url in self._robots.sitemaps(self.source):
            return ""
        if scope not in self._other_hosts:
            self._other_hosts.add(scope)
            self._unread.add(
                "host",
                "sitemaps on it, which the site's robots.txt does not name",
                url,
                cure="Add the host to crawl.other_sitemap_hosts if it is yours.",
            )
        return OTHER_HOST

    def _refuse_redirect(self, url: str, target: str) -> str:
        reason = self._refuse_foreign(target)
        if not reason and page_id(target) != page_id(url) and page_id(target) in self._reached_ids:
            reason = f"{DUPLICATE_OF}{canonical_url(target)}"
        return reason or ("robots" if self._robots.refuses(target) else "")

    def _add(self, urls: Sequence[str]) -> None:
        for url in map(without_login, urls):
            if page_id(url) in self._reached_ids:
                continue
            if len(self._waiting) >= MAX_ADDRESSES:
                self._n_dropped += 1
                self._account.drop(url)
                continue
            # Marked when it is queued, not when it is read, so that it is queued once.
            self._reached_ids.add(page_id(url))
            self._waiting.append(url)

    def _spent(self) -> str:
        """Return the name of the budget that is used up, or empty text."""
        return "max_pages" if self._n_pages >= self._crawl.max_pages else self._spent_on_pages()

    def _spent_on_pages(self) -> str:
        """Return the name of the budget that leaves no page anything to load, or empty text."""
        # Whatever was fetched counts, pages or not: also sitemaps, and tries that were cut off.
        if self._n_stored_bytes + self._fetcher.n_bytes >= self._crawl.max_megabytes * 1e6:
            return "max_megabytes"
        # The pause counts too: a request that could only start after the end is not made.
        next_start = time.monotonic() + self._fetcher.delay_seconds
        return "max_seconds" if self._fetcher.is_out_of_time or next_start > self._end else ""

    def _finish(self) -> None:
        if self._n_dropped:
            _LOG.warning(
                "%s: %d links were left out because %d pages waited to be read",
                self.source,
                self._n_dropped,
                MAX_ADDRESSES,
            )
        if self._waiting:
            _LOG.warning(
                "%s: %d pages were not read because crawl.%s is used up",
                self.source,
                len(self._waiting),
                self._spent(),
            )
            spent = self._spent()
            self._unread.add(
                "address",
                f"crawl.{spent} is used up",
                self._waiting[0],
                cure=_BUDGET_CURE.format(spent),
                n_items=len(self._waiting),
            )
        if self._rendered is not None and self._rendered.n_rendered:
            _LOG.warning(
                "%s: %d pages show their text only in a browser, which most assistants' readers "
                "do not use",
                self.source,
                self._rendered.n_rendered,
            )
        self._account.close(self._reached_ids, self._unread)
        if self._store is not None:
            self._store.finish(self._budgets(), list(self._waiting))

    def _budgets(self) -> list[float]:
        return [
            float(self._crawl.max_pages),
            self._crawl.max_megabytes,
            self._crawl.max_seconds,
        ]


def _is_list(fetched: Fetched) -> bool:
    """Return whether a page is in fact a sitemap, a feed or a text list."""
    if fetched.status != "ok":
        return False
    is_text = fetched.content_type in _LIST_TYPES and not fetched.is_markdown
    return is_text or names_list(fetched.content)


def _conditions(stored: Fetched | None) -> dict[str, str]:
    headers = stored.headers if stored is not None else {}
    conditions = {
        "If-None-Match": headers.get("etag", ""),
        "If-Modified-Since": headers.get("last-modified", ""),
    }
    return {name: value for name, value in conditions.items() if _may_be_sent(value)}


def _may_be_sent(value: str) -> bool:
    """Return whether a header that a server sent once can be sent back."""
    return 0 < len(value) <= _MAX_CONDITION_CHARACTERS and value.isascii() and value.isprintable()


def _host_error(source: str, status: str) -> SiteError:
    if status == "private address":
        cure = (
            "Set crawl.allow_private_addresses = true to read a site on this machine "
            "or a private network."
        )
        return SiteError(source, "a public address", "a private or local one", cure)
    if status.startswith("http"):
        cure = (
            "A site whose robots.txt fails must not be crawled (RFC 9309). "
            "Try later, or read a folder of its pages."
        )
        return SiteError(source, "a robots.txt that can be read, or none", status, cure)
    return SiteError(
        source,
        "a host that answers",
        status,
        "Check the URL and the connection, then try again.",
    )
