"""Read sitemaps and the further sitemaps that they name, and count those that were not read."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence

from coverage_kit.collect.extract import find_links
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.url_lists import MAX_BYTES, NO_URL, Sitemap, parse_sitemap
from coverage_kit.collect.urls import page_id, site_scope, split_http
from coverage_kit.errors import SiteError

__all__ = ["MAX_BYTES", "Sitemap", "parse_sitemap", "read_sitemaps", "seed_urls"]

_LOG = logging.getLogger(__name__)
# Bounds on what one sitemap can make a run read; the numbers are assumed.
_MAX_DEPTH = 3
_MAX_SITEMAPS = 1_000
_MAX_URLS = 200_000
# Fewer sitemaps are read beside a crawl, which waits for them (assumed).
_MAX_SEED_SITEMAPS = 50
# Endings of lists: an HTML page at such an address is an error page rather than a page of links.
_LIST_ENDINGS = (".xml", ".gz", ".txt", ".rss", ".atom")
# What to do about a sitemap that was not read, by the beginning of the reason.
_CURES = (
    ("http 4", "Correct the sitemap that names it, or remove it there."),
    ("http 5", "Its server failed: try again later."),
    ("timeout", "Try again, or raise crawl.timeout_seconds."),
    ("unreachable", "Check its address, and try again."),
    ("too large", "Split it: the sitemap protocol allows 50 MB."),
    ("cut off", "Try again; if it stays so, its server does not send all of it."),
    ("broken XML", "Mend it: addresses behind the fault may be missing."),
    ("deeper than", "Name it as the source of a site of its own."),
    ("beyond the limit", "Name it as the source of a site of its own."),
    ("crawl.", "Raise this budget in [crawl]."),
    (NO_URL, "It holds no address of a page: see what its address leads to."),
)

# The problem of a sitemap on another host, which nobody vouches for.
OTHER_HOST = "on another host"
Fetch = Callable[[str], Fetched]
Refuse = Callable[[str, str], str]


def read_sitemaps(
    url: str,
    fetch: Fetch,
    unread: UnreadItems | None = None,
    refuse: Refuse = lambda _url, _named_by: "",
) -> list[str]:
    """Return the page URLs of a sitemap and of the sitemaps that it names, each page once.

    Sitemaps are followed three levels deep. What cannot be read or is beyond a limit is counted in
    `unread` and in one warning. Where the address leads to an HTML page, as that of a sitemap for
    readers does, the links on it that lead to its own site are the list.

    Args:
        url: address of the first sitemap, feed, text list or llms.txt.
        fetch: returns the response to a URL; its status says why one is not read.
        unread: counts what was not read.
        refuse: returns why a sitemap that another one names is not to be read, or empty text; its
            arguments are the addresses of both.

    Raises SiteError when the first sitemap cannot be fetched or no sitemap names a page.
    """
    walk = _Walk(fetch, unread if unread is not None else UnreadItems(), refuse, _MAX_SITEMAPS)
    walk.read([url], reads_html=not _path(url).endswith(_LIST_ENDINGS))
    if not walk.urls:
        raise _empty_error(url, walk.lost)
    walk.warn(url)
    return list(walk.urls.values())


def seed_urls(urls: Sequence[str], fetch: Fetch, unread: UnreadItems, refuse: Refuse) -> list[str]:
    """Return the page URLs of the sitemaps that a robots.txt names, each page once.

    They may be none: a crawl needs no sitemap. What cannot be read is counted as `read_sitemaps`
    counts it.
    """
    walk = _Walk(fetch, unread, refuse, _MAX_SEED_SITEMAPS)
    walk.read(urls, reads_html=False)
    if urls:
        walk.warn(urls[0])
    return list(walk.urls.values())


class _Walk:
    """The sitemaps that wait, and what those before them named."""

    def __init__(
        self, fetch: Fetch, unread: UnreadItems, refuse: Refuse, max_sitemaps: int
    ) -> None:
        self.urls: dict[str, str] = {}
        self.lost: Counter[str] = Counter()
        self._fetch = fetch
        self._unread = unread
        self._refuse = refuse
        self._max_sitemaps = max_sitemaps
        self._waiting: deque[tuple[str, int]] = deque()
        self._queued: set[str] = set()
        self._alternates: dict[str, None] = {}

    def read(self, urls: Sequence[str], *, reads_html: bool) -> None:
        """Read sitemaps and what they name until none waits or a limit is reached."""
        for url in urls:
            self._queue(url, "", 1)
        while self._waiting and len(self.urls) < _MAX_URLS:
            url, depth = self._waiting.popleft()
            sitemap = self._read_one(url, reads_html=reads_html and depth == 1)
            if sitemap.problem:
                self._lose(url, sitemap.problem)
            for page_url in sitemap.urls:
                self.urls.setdefault(page_id(page_url), page_url)
            for child in sitemap.children:
                self._queue(child, url, depth + 1)
            self._count_entries(sitemap)
        self._end()

    def warn(self, url: str) -> None:
        """Log the sitemaps that were not read, if there are any."""
        if self.lost:
            _LOG.warning(
                "%s: sitemaps were not read or not read to the end, so pages may be missing: %s",
                url,
                _describe(self.lost),
            )

    def _queue(self, url: str, named_by: str, depth: int) -> None:
        if url in self._queued:
            return
        reason = self._refuse(url, named_by) if named_by else ""
        if reason:
            self._lose(url, reason)
        elif depth > _MAX_DEPTH:
            self._lose(url, f"deeper than {_MAX_DEPTH} levels")
        elif len(self._queued) >= self._max_sitemaps:
            self._lose(url, f"beyond the limit of {self._max_sitemaps:,} sitemaps")
        else:
            self._queued.add(url)
            self._waiting.append((url, depth))

    def _read_one(self, url: str, *, reads_html: bool) -> Sitemap:
        fetched = self._fetch(url)
        if fetched.status not in {"ok", "too large"}:
            return Sitemap((), (), fetched.status)
        sitemap = parse_sitemap(fetched.content, fetched.url)
        if sitemap.is_html and reads_html:
            sitemap = _links_on(fetched)
        if fetched.status == "ok":
            return sitemap
        return Sitemap(sitemap.urls, sitemap.children, fetched.status, sitemap.alternates)

    def _count_entries(self, sitemap: Sitemap) -> None:
        if sitemap.n_unusable:
            self._unread.add(
                "address",
                "an entry of a sitemap that is no http(s) address",
                sitemap.unusable,
                cure="Correct this entry of the sitemap.",
                n_items=sitemap.n_unusable,
            )
        if len(self._alternates) < _MAX_URLS:
            self._alternates.update(dict.fromkeys(sitemap.alternates))

    def _lose(self, url: str, problem: str, n_items: int = 1) -> None:
        self.lost[problem] += n_items
        if problem.startswith(OTHER_HOST):
            return  # counted by host, by whoever refused it
        cure = next((cure for start, cure in _CURES if problem.startswith(start)), "")
        self._unread.add("sitemap", problem, url, cure=cure, n_items=n_items)

    def _end(self) -> None:
        problem = f"beyond the limit of {_MAX_URLS:,} pages"
        if self._waiting:
            self._lose(self._waiting[0][0], problem, len(self._waiting))
        beyond = list(self.urls)[_MAX_URLS:]
        if beyond:
            self.lost[problem] += not self._waiting
            cure = "Name the sitemaps that list them as the sources of further sites."
            example = self.urls[beyond[0]]
            self._unread.add("address", problem, example, cure=cure, n_items=len(beyond))
        for identity in beyond:
            del self.urls[identity]
        self._count_alternates()

    def _count_alternates(self) -> None:
        """Count pages that are named as another page in another language, and as nothing else."""
        listed = set(self.urls.values())
        others = [url for url in self._alternates if url not in listed]
        others = [url for url in others if page_id(url) not in self.urls]
        if others:
            self._unread.add(
                "address",
                "only an alternate in another language",
                others[0],
                cure="Give it a <loc> of its own in the sitemap if it is a page of your site.",
                may_be_pages=False,
                n_items=len(others),
            )


def _links_on(fetched: Fetched) -> Sitemap:
    links = find_links(fetched.content, fetched.url, fetched.charset)
    scope = site_scope(fetched.url)
    on_site = tuple(link for link in links if site_scope(link) == scope)
    _LOG.info("%s: it is an HTML page: its %d links are the list", fetched.url, len(on_site))
    return Sitemap(on_site, (), "" if on_site else NO_URL)


def _path(url: str) -> str:
    split_url = split_http(url)
    return split_url.path.lower() if split_url is not None else ""


def _empty_error(url: str, lost: Counter[str]) -> SiteError:
    found = _describe(lost) or NO_URL
    cure = "Name another sitemap, or a URL to start a crawl at."
    return SiteError(url, "a sitemap that names pages", found, cure)


def _describe(lost: Counter[str]) -> str:
    if lost.total() == 1:
        return next(iter(lost))
    return ", ".join(f"{count} x {problem}" for problem, count in lost.most_common())
