"""The account of a site adds up, whatever was met."""

import pandas as pd
import pytest

from coverage_kit.report.site_account import (
    count_pages,
    cure_of,
    describe_counts,
    describe_site,
    group_status,
    share_read,
)
from coverage_kit.tables import UNREAD

STATUSES = ["ok", "ok", "duplicate of /a", "no text", "http 404", "http 503", "robots", "not html"]


def pages(*statuses, site="a.example"):
    urls = [f"https://{site}/{number}" for number in range(len(statuses))]
    return pd.DataFrame({"site": [site] * len(statuses), "url": urls, "status": list(statuses)})


def unread(*rows):
    return UNREAD.table(
        [
            {
                "site": "a.example",
                "source": "docs",
                "kind": kind,
                "reason": reason,
                "n_items": n_items,
                "may_be_pages": may_be_pages,
                "examples": f"docs/x{reason[-4:]}",
                "cure": cure,
            }
            for kind, reason, n_items, may_be_pages, cure in rows
        ]
    )


def test_pages_add_up_with_files_that_may_hold_pages():
    account = count_pages(
        pages(*STATUSES),
        unread(
            ("file", "the ending .rst", 283, True, "Install the extra rst."),
            ("file", "a picture", 90, False, None),
        ),
    )
    assert account.n_found == len(STATUSES) + 283
    parts = account.n_read + account.n_repeated + sum(account.not_read.values())
    assert parts == account.n_found
    assert share_read(account) == "3 of 291 pages"


def test_a_site_that_was_read_whole_says_no_more_than_that():
    assert describe_site(pages("ok", "ok"), UNREAD.empty(), "a.example") == [
        "Your site: 2 pages are read."
    ]
    assert describe_site(pages("ok"), UNREAD.empty(), "a.example") == ["Your site: 1 page is read."]


def test_other_sites_are_counted_apart():
    both = pd.concat([pages("ok"), pages("ok", "timeout", site="b.example")])
    assert describe_site(both, UNREAD.empty(), "a.example") == [
        "Your site: 1 page is read.",
        "Other sites: 1 of 2 pages are read. Not read: 1 did not answer.",
        "1 page is not read: did not answer, such as https://b.example/1. Run again later: what "
        "was fetched is kept.",
    ]
    assert describe_counts(both, UNREAD.empty(), "a.example") == [
        "Your site: 1 page is read.",
        "Other sites: 1 of 2 pages are read. Not read: 1 did not answer.",
    ]


def test_what_may_hold_pages_is_named_with_its_cure():
    lines = describe_site(
        pages("ok"),
        unread(
            ("sitemap", "http 404", 1, True, "Mend it."),
            ("file", "the ending .rst", 2, True, None),
            ("part", "only the build knows it", 9, True, None),
            ("address", "crawl.max_pages is used up", 7, True, None),
        ),
        "a.example",
    )
    assert lines == [
        "Your site: 1 of 10 pages are read. Not read: 2 other files, 7 other addresses.",
        "7 addresses are not read: crawl.max_pages is used up, such as docs/xd up.",
        "2 files are not read: the ending .rst, such as docs/x.rst.",
        "1 sitemap is not read: http 404, such as docs/x 404. Mend it.",
        "In pages that are read, 9 parts are missing: only the build knows it, such as docs/xs it.",
    ]


@pytest.mark.parametrize("status", STATUSES[3:])
def test_each_status_has_a_group_and_its_own_name_stays_where_it_has_none(status):
    assert group_status(status).words
    assert group_status("too short: 3 words").words == "too short"


def test_what_was_read_has_no_cure():
    assert cure_of("ok") is None
    assert cure_of("duplicate of /a") is None
    assert "[crawl] render" in (cure_of("no text") or "")
