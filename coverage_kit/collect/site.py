"""Read one site into the pages table, from the web, a folder, a repository or an export."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.git_revision import is_git_source, read_revision
from coverage_kit.collect.rows import PageRows, page_rows
from coverage_kit.collect.sources import find_reader
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
    *,
    warns: bool = True,
) -> SiteReading:
    """Return what a site's source holds, on the web, in a folder, a repository or an export.

    Args:
        site: where the pages are. A URL is a list of pages when its path contains 'sitemap' or ends
            in .xml, .txt or the like, or its content is a sitemap or a feed. Otherwise it is where
            a crawl starts. A path is a folder of HTML, Markdown and other documents, or the file
            of an export. `git+PATH@REVISION#FOLDER` is a folder of a repository at a revision.
        crawl: manners and budgets, for URLs; `max_page_megabytes` applies to files too.
        cache: folder in which fetched pages are stored, so that an interrupted crawl continues;
            None stores nothing.
        others: paths that are no part of the site where its folder holds them, such as the run's
            folder. What this toolkit has written is passed over wherever it is.
        warns: whether what was not read is logged. Without a page that was read, it always is.

    Raises SiteError when the source is missing or unreachable, or no page of it can be read.
    """
    unread = UnreadItems()
    if "://" in site.source:
        pages = read_web(site.source, crawl, Path(cache) if cache is not None else None, unread)
    else:
        others = [*others, *([cache] if cache is not None else [])]
        pages = _read_files(site, int(crawl.max_page_megabytes * 1e6), others, unread)
    rows = page_rows(pages)
    has_pages = any(row["status"] == "ok" for row in rows)
    if warns or not has_pages:
        unread.report(site.source)
    if not has_pages:
        raise _no_page_error(site.source, [str(row["status"]) for row in rows])
    name = Counter(str(row["site"]) for row in rows if row["status"] == "ok").most_common(1)[0][0]
    return SiteReading(PAGES.table(rows), unread.table(name, site.source))


def _read_files(
    site: SiteSettings, max_page_bytes: int, others: list[str | Path], unread: UnreadItems
) -> list[PageRows]:
    """Return the pages of a folder, of a revision of a repository, or of an export's file."""
    if is_git_source(site.source):
        return read_revision(site.source, site.base_url, max_page_bytes, unread, find_reader)
    path = Path(site.source)
    if path.is_file():
        reader = find_reader(path)
        if reader is None:
            expected = "a folder of pages, or an export or document that is read"
            cure = (
                "docs/howto/site_sources.md lists what is read. Name the folder of a page's file."
            )
            raise SiteError(site.source, expected, "a file of another kind", cure)
        return reader(path, site.base_url, unread)
    return read_folder(path, site.base_url, max_page_bytes, others, unread, find_reader)


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
