"""Pages that were met into rows of the pages table: one id each, duplicates named."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coverage_kit.collect.extract import Extract
from coverage_kit.collect.urls import canonical_url, page_id, split_http


@dataclass(frozen=True)
class PageRows:
    """One page that was met.

    `place` is the URL or file (as folder/path) where it was met; `status` 'ok' or why it cannot be
    read; `own_url` the URL that it names as its own, where that is believed; `html_path` where its
    source is stored.
    """

    place: str
    site: str
    status: str
    own_url: str = ""
    extract: Extract | None = None
    html_path: str | None = None
    fetched_at: datetime | None = None

    @property
    def url(self) -> str:
        """The URL that the page goes by: the one it names, unless that is the home page and the page is another."""
        names_home = (
            _is_home(self.own_url)
            and split_http(self.place) is not None
            and not _is_home(self.place)
        )
        return self.place if names_home or not self.own_url else self.own_url


def page_rows(pages: Iterable[PageRows]) -> list[dict[str, Any]]:
    """Return one row of the pages table for each page, in order.

    Of readable pages that name one URL the one found there stays, else the first; the others'
    status becomes 'duplicate of <URL>'.
    """
    met = list(pages)
    winners = _find_winners(met)
    taken = set(winners)
    rows = []
    for page in met:
        winner = winners.get(page_id(page.url)) if page.status == "ok" else None
        if winner is page:
            rows.append(_row(page, page_id(page.url), page.url, "ok"))
            continue
        status = page.status if winner is None else f"duplicate of {_shown_url(winner, winner.url)}"
        rows.append(_row(page, _free_id(page_id(page.place), taken), page.place, status))
    return rows


def _is_home(url: str) -> bool:
    return page_id(url).endswith("/") and split_http(url) is not None


def _find_winners(met: list[PageRows]) -> dict[str, PageRows]:
    winners: dict[str, PageRows] = {}
    for page in met:
        key = page_id(page.url)
        if page.status == "ok" and (key not in winners or _is_nearer(page, winners[key], key)):
            winners[key] = page
    return winners


def _is_nearer(page: PageRows, other: PageRows, key: str) -> bool:
    return page_id(page.place) == key and page_id(other.place) != key


def _free_id(wanted: str, taken: set[str]) -> str:
    number = 1
    free = wanted
    while free in taken:
        number += 1
        free = f"{wanted} ({number})"
    taken.add(free)
    return free


def _shown_url(page: PageRows, url: str) -> str:
    return canonical_url(url) if split_http(url) is not None else (page.html_path or url)


def _row(page: PageRows, identity: str, url: str, status: str) -> dict[str, Any]:
    extract = page.extract
    return {
        "page_id": identity,
        "site": page.site,
        "url": _shown_url(page, url),
        "status": status,
        "title": (extract.title or None) if extract is not None else None,
        "language": (extract.language or None) if extract is not None else None,
        "text": extract.text if extract is not None and status == "ok" else None,
        "html_path": page.html_path,
        "fetched_at": page.fetched_at,
        "published_at": extract.published_at if extract is not None else None,
        "modified_at": extract.modified_at if extract is not None else None,
    }
