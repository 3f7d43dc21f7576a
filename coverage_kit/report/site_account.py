"""The account of a site in sentences: how many of its pages were read, and why others were not."""

import re
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.wording import count
from coverage_kit.tables import Pages, Unread
from coverage_kit.vocabulary import DUPLICATE_OF, UNREAD_KINDS

# Groups of pages and kinds of items that are listed, the most first; the workbook has all of them.
_MAX_GROUPS = 4
_MAX_ITEMS = 5
# Pages that are named for each group.
_MAX_EXAMPLES = 3
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
    """How the pages of a site add up: found = read + repeated + the numbers of `not_read`.

    Files, addresses and items of exports that may be pages, and were not read, are among those
    found.

    Attributes:
        n_found: pages that were met, and what else may hold pages.
        n_read: pages whose text counts.
        n_repeated: pages with the text of another page.
        not_read: number of pages by the words of their group, the most first; files, addresses and
            items are the last of them.
        rejected: a row for each group of pages: words, n_items, examples and cure.
        unread: rows of what else may hold text for readers: parts of pages come last, else the
            most first.
    """

    n_found: int
    n_read: int
    n_repeated: int
    not_read: dict[str, int]
    rejected: pd.DataFrame
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
    rejected = _group_pages(pages[(status != "ok") & ~is_copy])
    maybe = unread[unread["may_be_pages"]]
    maybe = maybe.assign(is_part=maybe["kind"] == "part").sort_values(
        ["is_part", "n_items", "reason"], ascending=[True, False, True], kind="stable"
    )
    other = maybe.groupby("kind")["n_items"].sum().reindex(_LIKE_PAGES).dropna().astype("int64")
    not_read = dict(zip(rejected["words"], rejected["n_items"], strict=True))
    not_read |= {_name_others(str(kind), n_items): n_items for kind, n_items in other.items()}
    return SiteAccount(
        n_found=len(pages) + int(other.sum()),
        n_read=int((status == "ok").sum()),
        n_repeated=int(is_copy.sum()),
        not_read=not_read,
        rejected=rejected,
        unread=maybe,
    )


def _group_pages(pages: Pages) -> pd.DataFrame:
    """Return a row for each group of statuses, the most frequent first."""
    groups = pages["status"].astype("str").map(group_status)
    rows = [
        {
            "words": words,
            "n_items": len(members),
            "examples": "; ".join(members["url"].head(_MAX_EXAMPLES)),
            "cure": group_status(str(members["status"].iloc[0])).cure,
        }
        for words, members in pages.groupby(groups.map(lambda group: group.words), sort=True)
    ]
    table = pd.DataFrame(rows, columns=["words", "n_items", "examples", "cure"])
    return table.sort_values("n_items", ascending=False, kind="stable", ignore_index=True)


def _name_others(kind: str, n_items: int) -> str:
    return f"other {kind if n_items == 1 else UNREAD_KINDS[kind]}"


def count_own_pages(analysis: Analysis) -> SiteAccount:
    """Return the account of your site in a run."""
    own_site = analysis.about.own_site
    pages, unread = analysis.pages, analysis.unread
    return count_pages(pages[pages["site"] == own_site], unread[unread["site"] == own_site])


def share_read(account: SiteAccount) -> str:
    """Return how much of a site was read; repeated pages were read too.

    >>> empty = pd.DataFrame()
    >>> share_read(SiteAccount(288, 279, 2, {"without text": 7}, empty, empty))
    '281 of 288 pages'
    """
    n_read = account.n_read + account.n_repeated
    if n_read == account.n_found:
        return count(n_read, "page")
    return f"{n_read:,} of {count(account.n_found, 'page')}"


def describe_site(pages: Pages, unread: Unread, own_site: str) -> list[str]:
    """Return how the pages of your site, and of all other sites, add up, and what was not read.

    >>> pages = pd.DataFrame({"site": ["a.example"] * 3, "url": ["/a", "/b", "/c"],
    ...                       "status": ["ok", "http 404", "duplicate of /a"]})
    >>> unread = pd.DataFrame({"site": [], "may_be_pages": pd.Series([], dtype=bool),
    ...                        "n_items": [], "reason": [], "kind": [], "examples": [], "cure": []})
    >>> describe_site(pages, unread, "a.example")[0]
    'Your site: 2 of 3 pages are read. Of these, 1 repeats another page. Not read: 1 gone.'
    """
    return [
        line
        for counts, reasons in list_accounts(pages, unread, own_site)
        for line in (counts, *reasons)
    ]


def list_accounts(pages: Pages, unread: Unread, own_site: str) -> list[tuple[str, list[str]]]:
    """Return the lines of `describe_site`: how each account adds up, and what was not read."""
    accounts = []
    for name, is_own in (("Your site", True), ("Other sites", False)):
        account = count_pages(
            pages[(pages["site"] == own_site) == is_own],
            unread[(unread["site"] == own_site) == is_own],
        )
        if account.n_found:
            accounts.append((_describe_account(name, account), _list_unread(account)))
    return accounts


def describe_counts(pages: Pages, unread: Unread, own_site: str) -> list[str]:
    """Return how the pages of your site, and of all other sites, add up, without examples."""
    return [counts for counts, _ in list_accounts(pages, unread, own_site)]


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
    """Return a line for each group of pages that were not read, and for each kind of the rest."""
    pages = account.rejected.to_dict("records")
    rows = account.unread.to_dict("records")
    shown = pages[:_MAX_GROUPS], rows[:_MAX_ITEMS]
    lines = [
        f"{_count_pages(row)} not read: {row['words']}, such as {row['examples']}.{_cure(row)}"
        for row in shown[0]
    ]
    lines += [
        f"{_count_items(row)}: {row['reason']}, such as {row['examples']}.{_cure(row)}"
        for row in shown[1]
    ]
    if n_further := len(pages) + len(rows) - len(lines):
        lines.append(f"{count(n_further, 'further reason')} in the sheets pages and not read.")
    return lines


def _cure(row: Mapping[Hashable, Any]) -> str:
    return f" {row['cure']}" if isinstance(row["cure"], str) and row["cure"] else ""


def _count_pages(row: Mapping[Hashable, Any]) -> str:
    n_items = int(row["n_items"])
    return f"{count(n_items, 'page')} {'is' if n_items == 1 else 'are'}"


def _count_items(row: Mapping[Hashable, Any]) -> str:
    n_items, kind = int(row["n_items"]), str(row["kind"])
    if kind == "part":
        missing = "1 part is" if n_items == 1 else f"{n_items:,} parts are"
        return f"In pages that are read, {missing} missing"
    name = kind if n_items == 1 else UNREAD_KINDS[kind]
    return f"{n_items:,} {name} {'is' if n_items == 1 else 'are'} not read"
