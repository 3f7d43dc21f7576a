"""From access logs to what assistants fetch: read once, then used for causes, lists and effects."""

import logging
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from urllib.parse import urljoin

import pandas as pd

from coverage_kit.collect.access_logs import FetchLog, read_fetches, read_ranges
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.measure.fetches import (
    OwnPages,
    assistant_of,
    find_fetched,
    find_refetch,
    rate_unfetched,
)
from coverage_kit.measure.page_effects import PageChangeWindow, measure_page_effects
from coverage_kit.measure.referrals import name_assistants
from coverage_kit.measure.sites import bare_domain
from coverage_kit.settings import Settings
from coverage_kit.tables import (
    FETCH_FILES,
    FETCHES,
    PAGE_EFFECTS,
    REJECTS,
    Answers,
    Coverage,
    Fetches,
    FetchFiles,
    LogTables,
    PageEffects,
    Pages,
    Rejects,
    Sessions,
)
from coverage_kit.vocabulary import DUPLICATE_OF

# A page's address before its host: scheme and www., as in "https://www.shop.example/a".
_SCHEME = re.compile(r"^(https?://)?(www\.)?")

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


def measure_effects(
    settings: Settings, found: RunFetches, own_pages: Pages, sessions: Sessions, home: str
) -> PageEffects:
    """Return by how much fetches and visits of the changed pages grew beyond the untouched pages.

    There are no rows without access logs, without a day of the change, or without changed pages.
    """
    change = settings.before_after
    changed = find_changed_pages(change.pages, own_pages)
    if change.changed_at is None or found.files.empty or not changed:
        return PAGE_EFFECTS.empty()
    at = pd.Timestamp(change.changed_at, tz="UTC")
    own = set(own_pages["page_id"])
    window = PageChangeWindow(changed, at, change.window_days)
    fetches = found.fetches[found.fetches["page_id"].isin(own)]
    visits = _count_visits(settings, sessions, home)
    return measure_page_effects(fetches, visits[visits["page_id"].isin(own)], window, settings.seed)


def leave_out_unseen(
    answers: Answers, found: RunFetches, settings: Settings, own_pages: Pages
) -> tuple[Answers, dict[str, "pd.Timestamp | None"]]:
    """Return the answers without those given between a change and its first fetch, and the days.

    An engine cannot answer from what it has not read: for it, after begins on the day on which its
    robots had fetched most of the changed pages again. The days are by engine, None for an engine
    that came and did not fetch them; engines that the access logs do not show keep all answers.
    """
    change = settings.before_after
    changed = find_changed_pages(change.pages, own_pages)
    if change.changed_at is None or found.files.empty or not changed:
        return answers, {}
    at = pd.Timestamp(change.changed_at, tz="UTC")
    days = find_refetch(found.fetches, changed, at)
    engines = answers["engine"].astype("str")
    seen = {
        engine: days[assistant]
        for engine in sorted(engines.unique())
        if (assistant := assistant_of(engine)) in days
    }
    begins = engines.map({engine: day or pd.Timestamp.max for engine, day in seen.items()})
    is_between = (answers["asked_at"] >= at) & engines.isin(list(seen))
    asked = answers["asked_at"]
    is_unseen = is_between & (asked < pd.to_datetime(begins, utc=True, errors="coerce"))
    return answers[~is_unseen], seen


def find_changed_pages(patterns: tuple[str, ...], own_pages: Pages) -> frozenset[str]:
    """Return the ids of your pages that fit the patterns of [before_after]."""
    page_patterns = [as_page_pattern(pattern) for pattern in patterns]
    return frozenset(
        page
        for page in map(str, own_pages["page_id"])
        if any(fnmatch(page, pattern) for pattern in page_patterns)
    )


def as_page_pattern(pattern: str) -> str:
    """Return a page id, a URL or a pattern of either as a pattern of page ids."""
    if "*" in pattern:
        # A pattern is no URL that could be made canonical. It only loses what page ids do not have.
        return _SCHEME.sub("", pattern.strip())
    return page_id(pattern if "://" in pattern else f"https://{pattern}")


def _count_visits(settings: Settings, sessions: Sessions, home: str) -> pd.DataFrame:
    """Return the visits that assistants sent by page and day: page_id, day and n."""
    empty = pd.DataFrame({"page_id": [], "day": [], "n": []})
    if sessions.empty:
        return empty
    is_ai = name_assistants(sessions, settings.analytics.ai_sources).notna()
    visits = sessions[is_ai].dropna(subset=["landing_page", "day"])
    pages = {
        path: page_id(urljoin(home, str(path).split("?", 1)[0]))
        for path in visits["landing_page"].unique()
    }
    counted = visits.assign(page_id=visits["landing_page"].map(pages), n=visits["n_sessions"])
    return counted[["page_id", "day", "n"]] if len(counted) else empty
