"""The account of a site in sentences: how many of its pages were read, and why others were not."""

import re
from collections import Counter
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.wording import count
from coverage_kit.tables import Pages, Unread
from coverage_kit.vocabulary import DUPLICATE_OF, UNREAD_KINDS

# Items of `unread` that a sentence names, the most first; the workbook has all of them.
_MAX_ITEMS = 4
# Kinds of items that would each be a page; a sitemap or a host may hold any number.
_LIKE_PAGES = ("file", "address", "item")


class StatusGroup(NamedTuple):
    """A kind of status: how the account names such pages, and what to do about them."""

    words: str
    cure: str


_BLOCKED = StatusGroup(
    "blocked",
    "The site refuses this crawler: ask its owner, or read a folder of its pages.",
)
_UNANSWERED = StatusGroup("did not answer", "Run again later: what was fetched is kept.")
# The first pattern that a status matches decides.
_GROUPS = (
    (
        r"no text",
        StatusGroup(
            "without text",
            "A page of pictures or code alone has none. Where scripts or the site's build write "
            "the text, name the folder of the built site, or set [crawl] render for a live site.",
        ),
    ),
    (r"robots", StatusGroup("refused by robots.txt", _BLOCKED.cure)),
    (r"http (401|402|403|407|451)|private address", _BLOCKED),
    (r"http (404|410)", StatusGroup("gone", "Mend the links to them, or the sitemap.")),
    (
        r"http |timeout|unreachable|connection|cut off|no time left|too many redirects|redirect",
        _UNANSWERED,
    ),
    (
        r"not html",
        StatusGroup("not HTML", "For PDF files, install the extra pdf."),
    ),
    (
        r"too large",
        StatusGroup("too large", "Raise [crawl] max_page_megabytes, or split the page."),
    ),
    (r"needs the extra", StatusGroup("need an extra", "")),
    (r"left the site", StatusGroup("on another site", "")),
    (r"written by", StatusGroup("written by this tool", "")),
)
# What to do where the status itself names the fault.
_SEE_STATUS = "The sheet of pages names the fault of each."


def cure_of(status: str) -> str | None:
    """Return what to do about a page with this status; None where there is nothing to do."""
    if status == "ok" or status.startswith(DUPLICATE_OF):
        return None
    return group_status(status).cure or None


class SiteAccount(NamedTuple):
    """How the pages of a site add up: found = read + repeated + the counts of `not_read`.

    Files, addresses and items of exports that may be pages, and were not read, are among those
    found.

    Attributes:
        n_found: pages that were met, and what else may hold pages.
        n_read: pages whose text counts.
        n_repeated: pages with the text of another page.
        not_read: number of pages by the words of their group, the most first; files, addresses and
            items are the last of them.
        unread: rows of what else may hold pages, the most first.
    """

    n_found: int
    n_read: int
    n_repeated: int
    not_read: dict[str, int]
    unread: pd.DataFrame


def group_status(status: str) -> StatusGroup:
    """Return the group of a status other than 'ok'; another status is a group of its own.

    >>> group_status("http 404").words, group_status("unreadable: nested too deeply").words
    ('gone', 'unreadable')
    """
    other = StatusGroup(status.partition(":")[0], _SEE_STATUS)
    return next((group for pattern, group in _GROUPS if re.match(pattern, status)), other)


def count_pages(pages: Pages, unread: Unread) -> SiteAccount:
    """Return the account of a site's pages and of what else its source holds."""
    status = pages["status"].astype("str")
    is_copy = status.str.startswith(DUPLICATE_OF)
    groups = Counter(group_status(text).words for text in status[(status != "ok") & ~is_copy])
    maybe = unread[unread["may_be_pages"]].sort_values(
        ["n_items", "reason"], ascending=[False, True], kind="stable"
    )
    n_unread = int(maybe.loc[maybe["kind"].isin(_LIKE_PAGES), "n_items"].sum())
    not_read = dict(sorted(groups.items(), key=lambda group: (-group[1], group[0])))
    not_read |= {"of other kinds": n_unread} if n_unread else {}
    return SiteAccount(
        n_found=len(pages) + n_unread,
        n_read=int((status == "ok").sum()),
        n_repeated=int(is_copy.sum()),
        not_read=not_read,
        unread=maybe,
    )


def count_own_pages(analysis: Analysis) -> SiteAccount:
    """Return the account of your site in a run."""
    own_site = analysis.about.own_site
    pages, unread = analysis.pages, analysis.unread
    return count_pages(pages[pages["site"] == own_site], unread[unread["site"] == own_site])


def share_read(account: SiteAccount) -> str:
    """Return how much of a site was read; repeated pages were read too.

    >>> share_read(SiteAccount(288, 279, 2, {"without text": 7}, pd.DataFrame()))
    '281 of 288 pages'
    """
    n_read = account.n_read + account.n_repeated
    if n_read == account.n_found:
        return count(n_read, "page")
    return f"{n_read:,} of {count(account.n_found, 'page')}"


def describe_site(pages: Pages, unread: Unread, own_site: str) -> list[str]:
    """Return how the pages of your site, and of all other sites, add up.

    >>> pages = pd.DataFrame({"site": ["a.example"] * 3,
    ...                       "status": ["ok", "http 404", "duplicate of /a"]})
    >>> unread = pd.DataFrame({"site": [], "may_be_pages": pd.Series([], dtype=bool),
    ...                        "n_items": [], "reason": [], "kind": [], "example": [], "cure": []})
    >>> describe_site(pages, unread, "a.example")
    ['Your site: 2 of 3 pages are read. Of these, 1 repeats another page. Not read: 1 gone.']
    """
    lines = []
    for name, is_own in (("Your site", True), ("Other sites", False)):
        account = count_pages(
            pages[(pages["site"] == own_site) == is_own],
            unread[(unread["site"] == own_site) == is_own],
        )
        if account.n_found:
            lines.append(_describe_account(name, account))
            lines += _list_unread(account)
    return lines


def _describe_account(name: str, account: SiteAccount) -> str:
    is_one = account.n_read + account.n_repeated == account.n_found == 1
    sentences = [f"{name}: {share_read(account)} {'is' if is_one else 'are'} read."]
    if account.n_repeated:
        verb = "repeats" if account.n_repeated == 1 else "repeat"
        sentences.append(f"Of these, {account.n_repeated:,} {verb} another page.")
    if account.not_read:
        listed = ", ".join(f"{n:,} {words}" for words, n in account.not_read.items())
        sentences.append(f"Not read: {listed}.")
    return " ".join(sentences)


def _list_unread(account: SiteAccount) -> list[str]:
    """Return a line for each kind of items that may hold pages and were not read."""
    rows = account.unread.to_dict("records")
    lines = [
        f"{_count_items(row)} not read: {row['reason']}, such as {row['example']}."
        + (f" {row['cure']}" if isinstance(row["cure"], str) and row["cure"] else "")
        for row in rows[:_MAX_ITEMS]
    ]
    n_further = len(rows) - _MAX_ITEMS
    if n_further > 0:
        lines.append(f"{count(n_further, 'further kind')} of files and addresses not read.")
    return lines


def _count_items(row: dict[Any, Any]) -> str:
    n_items, kind = int(row["n_items"]), str(row["kind"])
    return f"1 {kind} is" if n_items == 1 else f"{n_items:,} {UNREAD_KINDS.get(kind, kind)} are"
