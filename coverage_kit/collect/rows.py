"""Turn the pages that were read into rows of the pages table, with one id each."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coverage_kit.collect.copies import text_key, url_rank
from coverage_kit.collect.decode import clean_row
from coverage_kit.collect.extract import Extract
from coverage_kit.collect.urls import canonical_url, page_id, split_http
from coverage_kit.vocabulary import DUPLICATE_OF


@dataclass(frozen=True)
class PageRows:
    """One page that was read or rejected.

    `location` is the URL or file (as folder/path) of the page; `status` is 'ok' or says why the
    page cannot be read; `declared_url` is the URL that the page names as its own, where that is
    believed; `html_path` is where its source is stored.
    """

    location: str
    site: str
    status: str
    declared_url: str = ""
    extract: Extract | None = None
    html_path: str | None = None
    fetched_at: datetime | None = None

    @property
    def url(self) -> str:
        """The URL of the page: the one it declares, or else its location.

        A declared URL that is the home page counts only for the home page itself.
        """
        is_home_declared = (
            _is_home(self.declared_url)
            and split_http(self.location) is not None
            and not _is_home(self.location)
        )
        return self.location if is_home_declared or not self.declared_url else self.declared_url

    def with_status(self, status: str) -> "PageRows":
        """Return the page with another status."""
        return replace(self, status=status)


def page_rows(pages: Iterable[PageRows]) -> list[dict[str, Any]]:
    """Return one row of the pages table for each page, sorted by location.

    Of several readable pages that declare the same URL, the page whose location is that URL is
    kept, or else the first one by location, whatever was read first. Of pages of one site with
    equal text, the page of the best URL is kept (`url_rank`). The status of the others becomes
    'duplicate of <URL>'.
    """
    pages = sorted(pages, key=lambda page: page.location)
    winners = _find_winners(pages)
    originals = _find_originals(winners.values())
    # Winners keep their ids. The other pages get free ids, since page_id is the key of the table.
    used_ids = set(winners)
    rows = []
    for page in pages:
        if page.status != "ok":
            identity = _free_id(page_id(page.location), used_ids)
            rows.append(_row(page, identity, page.location, page.status))
            continue
        winner = winners[page_id(page.url)]
        original = originals[_content(winner)]
        status = "ok" if original is page else f"{DUPLICATE_OF}{_table_url(original, original.url)}"
        if winner is page:
            rows.append(_row(page, page_id(page.url), page.url, status))
        else:
            identity = _free_id(page_id(page.location), used_ids)
            rows.append(_row(page, identity, page.location, status))
    return rows


def _is_home(url: str) -> bool:
    return page_id(url).endswith("/") and split_http(url) is not None


def _find_winners(pages: list[PageRows]) -> dict[str, PageRows]:
    winners: dict[str, PageRows] = {}
    for page in pages:
        key = page_id(page.url)
        if page.status == "ok" and (
            key not in winners or _is_better_placed(page, winners[key], key)
        ):
            winners[key] = page
    return winners


def _find_originals(winners: Iterable[PageRows]) -> dict[tuple[str, str], PageRows]:
    """Return by site and text the page that stays of the pages with that text."""
    originals: dict[tuple[str, str], PageRows] = {}
    for page in winners:
        other = originals.setdefault(_content(page), page)
        if url_rank(page_id(page.url)) < url_rank(page_id(other.url)):
            originals[_content(page)] = page
    return originals


def _content(page: PageRows) -> tuple[str, str]:
    return page.site, text_key(page.extract.text if page.extract is not None else "")


def _is_better_placed(page: PageRows, other: PageRows, shared_id: str) -> bool:
    return page_id(page.location) == shared_id and page_id(other.location) != shared_id


def _free_id(preferred_id: str, used_ids: set[str]) -> str:
    number = 1
    free_id = preferred_id
    while free_id in used_ids:
        number += 1
        free_id = f"{preferred_id} ({number})"
    used_ids.add(free_id)
    return free_id


def _table_url(page: PageRows, url: str) -> str:
    return canonical_url(url) if split_http(url) is not None else (page.html_path or url)


def _row(page: PageRows, identity: str, url: str, status: str) -> dict[str, Any]:
    extract = page.extract
    return clean_row(
        {
            "page_id": identity,
            "site": page.site,
            "url": _table_url(page, url),
            "status": status,
            "title": (extract.title or None) if extract is not None else None,
            "language": (extract.language or None) if extract is not None else None,
            "text": extract.text if extract is not None and status == "ok" else None,
            "html_path": page.html_path,
            "fetched_at": page.fetched_at,
            "published_at": extract.published_at if extract is not None else None,
            "modified_at": extract.modified_at if extract is not None else None,
        }
    )
