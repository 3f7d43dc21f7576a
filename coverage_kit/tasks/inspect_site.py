"""Describe how a site is read before it is analyzed: its pages, its passages, what is not read."""

import pandas as pd

from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import SiteReading, read_source
from coverage_kit.embed.tokens import read_token_limit
from coverage_kit.parallel.jobs import open_encoder
from coverage_kit.report.site_account import cure_of, describe_site
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.wording import count
from coverage_kit.settings import Settings
from coverage_kit.tables import Passages, Unread
from coverage_kit.tasks.compare import as_columns

# Pages that are listed, and characters of a cell (assumed).
_ROWS = 10
_WIDTH = 60


def inspect_site(settings: Settings, page: str = "", *, lists_all: bool = False) -> str:
    """Return a description of a site: its account, its first pages, and what was not read.

    Fetched pages are stored in the cache of the settings, so that a run reads them from there.

    Args:
        settings: the site, the manners of the crawler, and the encoder that limits passages.
        page: the end or a part of a page's address; the passages of this page are shown.
        lists_all: whether all pages are listed, not only the first.

    Raises SiteError for a site of which no page can be read.
    """
    # The description lists what was not read.
    reading = read_source(settings.site, settings.crawl, settings.cache, warns=False)
    limit = read_token_limit(open_encoder(settings.match))
    passages = split_pages(reading.pages, settings.match.passage_words, *limit)
    if page:
        return _show_page(reading, passages, page)
    name = str(reading.pages.loc[reading.pages["status"] == "ok", "site"].mode().iloc[0])
    paragraphs = [
        "\n".join(describe_site(reading.pages, reading.unread, name)),
        _describe_left_out(reading.unread),
        _describe_passages(passages),
        _list_pages(reading, passages, None if lists_all else _ROWS),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _describe_left_out(unread: Unread) -> str:
    """Return what holds no text for readers by its kind, such as drafts and pictures."""
    rows = unread[~unread["may_be_pages"]].sort_values("n_items", ascending=False, kind="stable")
    kinds = [
        f"{row['n_items']:,} x {row['reason']} (such as {shorten(row['examples'], _WIDTH)})"
        for row in rows.to_dict("records")
    ]
    return "\n  ".join(["Left out:", *kinds]) if kinds else ""


def _describe_passages(passages: Passages) -> str:
    words = passages["n_words"]
    n_pages = passages["page_id"].nunique()
    return (
        f"{count(len(passages), 'passage')} of {count(n_pages, 'page')}, "
        f"{int(words.min())} to {int(words.max())} words each ({int(words.median())} at the median)"
    )


def _list_pages(reading: SiteReading, passages: Passages, n_rows: int | None) -> str:
    n_passages = passages["page_id"].value_counts()
    pages = reading.pages[reading.pages["status"] == "ok"]
    rows = [
        [
            shorten(row["url"], _WIDTH) if n_rows is not None else row["url"],
            shorten("" if is_missing(row["title"]) else row["title"], _WIDTH),
            "" if pd.isna(row["modified_at"]) else f"{row['modified_at']:%Y-%m-%d}",
            f"{int(n_passages.get(row['page_id'], 0)):,}",
        ]
        for row in pages.head(len(pages) if n_rows is None else n_rows).to_dict("records")
    ]
    table = as_columns([["page", "title", "modified", "passages"], *rows])
    n_further = len(pages) - len(rows)
    return f"{table}\n{count(n_further, 'further page')}: --all lists them." if n_further else table


def _show_page(reading: SiteReading, passages: Passages, part: str) -> str:
    """Return the passages of the page whose address ends with `part`, else of one that holds it."""
    pages = reading.pages
    urls = pages["url"].str.rstrip("/")
    matching = pages[urls.str.contains(part.rstrip("/"), regex=False)]
    if matching.empty:
        return f"No page has '{shorten(part, 80)}' in its address."
    ends = urls[matching.index].str.endswith(part.rstrip("/"))
    is_read = matching["status"] == "ok"
    page = (
        matching.assign(ends=ends, is_read=is_read)
        .sort_values(["ends", "is_read"], ascending=False, kind="stable")
        .iloc[0]
    )
    if page["status"] != "ok":
        return (
            f"{page['url']} is not read: {page['status']}. {cure_of(page['status']) or ''}".strip()
        )
    own = passages[passages["page_id"] == page["page_id"]]
    texts = [f"[{row.heading_path}]\n{row.text}" for row in own.itertuples()]
    return "\n\n".join([f"{page['url']}: {count(len(own), 'passage')}", *texts])
