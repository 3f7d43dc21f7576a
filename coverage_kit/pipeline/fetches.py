"""From access logs to what assistants fetch: read once, then used for causes, lists and effects."""

import logging
from dataclasses import dataclass, field

import pandas as pd

from coverage_kit.collect.access_logs import FetchLog, read_fetches, read_ranges
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.measure.fetches import OwnPages, find_fetched, rate_unfetched
from coverage_kit.measure.sites import bare_domain
from coverage_kit.settings import Settings
from coverage_kit.tables import (
    FETCH_FILES,
    FETCHES,
    REJECTS,
    Coverage,
    Fetches,
    FetchFiles,
    LogTables,
    Pages,
    Rejects,
)
from coverage_kit.vocabulary import DUPLICATE_OF

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFetches:
    """What access logs show; no rows where the settings name none.

    Attributes:
        fetches: fetches of robots, a copy of a page counted as the page that it repeats.
        files: the account of each log.
        rejects: lines that could not be read.
    """

    fetches: Fetches = field(default_factory=FETCHES.empty)
    files: FetchFiles = field(default_factory=FETCH_FILES.empty)
    rejects: Rejects = field(default_factory=REJECTS.empty)


def collect_fetches(settings: Settings, own_pages: Pages) -> RunFetches:
    """Return what the access logs of the settings show.

    Raises LogError for a log or a list of addresses that cannot be read.
    """
    given = settings.fetches
    if not given.files:
        return RunFetches()
    ranges = read_ranges(given.bot_ranges, given.ranges_read_at, given.max_list_days)
    host = site_name(settings.site.base_url) or _host_of(own_pages)
    log = read_fetches(given.files, host, ranges, set(own_pages["page_id"]))
    for line in describe_account(log):
        logger.info("%s", line)
    fetches = _without_copies(log.fetches, own_pages)
    return RunFetches(fetches, log.files, log.rejects)


def describe_account(log: FetchLog) -> list[str]:
    """Return a line for each access log that says what became of its lines."""
    return [
        f"{row['file']} ({row['format']}): {row['n_lines']:,} lines = {row['n_fetches']:,} of "
        f"assistants + {row['n_other']:,} of others + {row['n_rejects']:,} rejected"
        for row in log.files.to_dict("records")
    ]


def list_own_pages(settings: Settings, own_pages: Pages) -> OwnPages:
    """Return your site's pages with the hosts under which access logs may name them."""
    hosts = {host_of_page(page) for page in own_pages["page_id"]}
    hosts |= {bare_domain(domain) for domain in settings.site.domains}
    return OwnPages(own_pages, frozenset(hosts))


def find_unfetched(
    found: RunFetches, log: LogTables, coverage: Coverage, own_site: str
) -> "pd.Series[float]":
    """Return by query how far engines that cite others never fetched your nearest page."""
    passages = coverage.set_index("query_id")["own_passage_id"].dropna()
    # The id of a passage is its page's id, a "#" and its position.
    page_of = passages.str.rsplit("#", n=1).str[0]
    fetched = find_fetched(found.fetches)
    return rate_unfetched(log.answers, log.citations, page_of, fetched, own_site)


def host_of_page(page: str) -> str:
    """Return the host in a page's id, without a port.

    >>> host_of_page("shop.example:8080/a")
    'shop.example'
    """
    return str(page).split("/", 1)[0].split(":", 1)[0]


def _host_of(pages: Pages) -> str:
    return host_of_page(pages["page_id"].iloc[0]) if len(pages) else ""


def _without_copies(fetches: Fetches, own_pages: Pages) -> Fetches:
    """Return the fetches with those of copies counted for the page that they repeat."""
    copies = own_pages[own_pages["status"].astype("str").str.startswith(DUPLICATE_OF)]
    urls = copies["status"].str.removeprefix(DUPLICATE_OF).str.strip()
    originals = dict(zip(copies["page_id"], urls.map(page_id), strict=True))
    if not originals or fetches.empty:
        return fetches
    moved = fetches.assign(page_id=fetches["page_id"].replace(originals))
    others = [name for name in FETCHES.names if name != "n_fetches"]
    summed = moved.groupby(others, dropna=False, sort=False)["n_fetches"].sum()
    return FETCHES.typed(summed.reset_index())
