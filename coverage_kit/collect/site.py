"""Read one site into the pages table, from a folder, a sitemap or a crawl."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.rows import page_rows
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.web import RENDER_CURE, read_web
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings, SiteSettings
from coverage_kit.tables import PAGES, UNREAD, Pages, Unread, checked


@dataclass(frozen=True)
class SiteReading:
    """What one source of a site holds: its pages, read or rejected, and what is no page of it.

    Every file and address that was met is in one of the two tables.
    """

    pages: Pages
    unread: Unread = field(default_factory=UNREAD.empty)


@checked
def read_site(
    site: SiteSettings,
    crawl: CrawlSettings = CrawlSettings(),  # noqa: B008 (settings are frozen)
    cache: str | Path | None = None,
    others: Iterable[str | Path] = (),
) -> Pages:
    """Return the pages of a site, read or rejected, as `read_source` reads them."""
    return read_source(site, crawl, cache, others).pages


def read_source(
    site: SiteSettings,
    crawl: CrawlSettings = CrawlSettings(),  # noqa: B008 (settings are frozen)
    cache: str | Path | None = None,
    others: Iterable[str | Path] = (),
) -> SiteReading:
    """Return what a site's source holds: a folder, a sitemap, or a crawl from a URL.

    Args:
        site: where the pages are. A URL is a list of pages when its path contains 'sitemap' or ends
            in .xml, .txt or the like, or its content is a sitemap or a feed; a folder holds HTML or
            Markdown files.
        crawl: manners and budgets, for URLs; `max_page_megabytes` applies to files too.
        cache: folder in which fetched pages are stored, so that an interrupted crawl continues;
            None stores nothing.
        others: paths that are no part of the site where its folder holds them, such as the run's
            folder. What this toolkit has written is passed over wherever it is.

    Raises SiteError when the source is missing or unreachable, or no page of it can be read.
    """
    unread = UnreadItems()
    if "://" not in site.source:
        pages = read_folder(
            Path(site.source),
            site.base_url,
            int(crawl.max_page_megabytes * 1e6),
            [*others, *([cache] if cache is not None else [])],
            unread,
        )
    else:
        pages = read_web(site.source, crawl, Path(cache) if cache is not None else None, unread)
    unread.report(site.source)
    rows = page_rows(pages)
    if not any(row["status"] == "ok" for row in rows):
        raise _no_page_error(site.source, [str(row["status"]) for row in rows])
    name = Counter(str(row["site"]) for row in rows if row["status"] == "ok").most_common(1)[0][0]
    return SiteReading(PAGES.table(rows), unread.table(name, site.source))


def _no_page_error(source: str, statuses: list[str]) -> SiteError:
    counts = ", ".join(f"{count} x {status}" for status, count in Counter(statuses).most_common())
    cure = (
        "Open one of them in a browser with scripts turned off: "
        f"only what the browser then shows can be read. {RENDER_CURE}"
    )
    if not statuses:
        cure = "The budgets of [crawl] ended before the first page: raise the one that was used up."
    if set(statuses) == {"http 401"}:
        cure = "It asks for a login: write source as https://user:password@host/."
    if set(statuses) == {"left the site"}:
        cure = "Its pages are on another host: name an address of that host as the source."
    if set(statuses) == {"robots"}:
        cure = "Its robots.txt refuses this crawler: ask its owner, or read a folder of its pages."
    return SiteError(source, "at least one readable page", counts or "no page", cure)
