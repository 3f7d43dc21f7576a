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
from coverage_kit.tables import Passages
from coverage_kit.tasks.compare import as_columns

# Pages that are listed, and characters of a cell (assumed).
_ROWS = 10
_WIDTH = 60
# Statuses that are listed, the most frequent first; the account counts them all.
_MAX_STATUSES = 8


def inspect_site(settings: Settings, page: str = "") -> str:
    """Return a description of a site: its account, its first pages, and what was not read.

    Fetched pages are stored in the cache of the settings, so that a run reads them from there.

    Args:
        settings: the site, the manners of the crawler, and the encoder that limits passages.
        page: part of a page's address; the passages of the first such page are shown.

    Raises SiteError for a site of which no page can be read.
    """
    # The description lists what was not read.
    reading = read_source(settings.site, settings.crawl, settings.cache, warns=False)
    limit = read_token_limit(open_encoder(settings.match))
    passages = split_pages(reading.pages, settings.match.passage_words, *limit)
    name = str(reading.pages.loc[reading.pages["status"] == "ok", "site"].mode().iloc[0])
    paragraphs = [
        "\n".join(describe_site(reading.pages, reading.unread, name)),
        _describe_statuses(reading),
        _describe_passages(passages),
        _show_page(reading, passages, page) if page else _list_pages(reading, passages),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _describe_statuses(reading: SiteReading) -> str:
    """Return the statuses of pages that were not read, each with an example and its cure."""
    rejected = reading.pages[reading.pages["status"] != "ok"]
    rejected = rejected[rejected["status"].map(cure_of).notna()]
    counts = rejected.groupby("status").agg(n=("url", "size"), url=("url", "first"))
    rows = counts.sort_values("n", ascending=False, kind="stable").head(_MAX_STATUSES)
    lines = [
        f"  {n:,} x {shorten(status, 120)}, such as {url}. {cure_of(status)}"
        for status, n, url in zip(map(str, rows.index), rows["n"], rows["url"], strict=True)
    ]
    return "\n".join(["Pages that were not read:", *lines]) if lines else ""


def _describe_passages(passages: Passages) -> str:
    words = passages["n_words"]
    n_pages = passages["page_id"].nunique()
    return (
        f"{count(len(passages), 'passage')} of {count(n_pages, 'page')}, "
        f"{int(words.min())} to {int(words.max())} words each ({int(words.median())} at the median)"
    )


def _list_pages(reading: SiteReading, passages: Passages) -> str:
    n_passages = passages["page_id"].value_counts()
    first = reading.pages[reading.pages["status"] == "ok"].head(_ROWS)
    rows = [
        [
            shorten(row["url"], _WIDTH),
            shorten("" if is_missing(row["title"]) else row["title"], _WIDTH),
            "" if pd.isna(row["modified_at"]) else f"{row['modified_at']:%Y-%m-%d}",
            f"{int(n_passages.get(row['page_id'], 0)):,}",
        ]
        for row in first.to_dict("records")
    ]
    return as_columns([["page", "title", "modified", "passages"], *rows])


def _show_page(reading: SiteReading, passages: Passages, part: str) -> str:
    """Return the passages of the first page whose address holds `part`."""
    pages = reading.pages
    matching = pages[pages["url"].str.contains(part, regex=False) & (pages["status"] == "ok")]
    if matching.empty:
        return f"No page that was read has '{shorten(part, 80)}' in its address."
    page = matching.iloc[0]
    own = passages[passages["page_id"] == page["page_id"]]
    texts = [f"[{row.heading_path}]\n{row.text}" for row in own.itertuples()]
    return "\n\n".join([f"{page['url']}: {count(len(own), 'passage')}", *texts])
