"""Columns that several tables share."""

from coverage_kit.tables.schema import Column, Kind


def text(name: str, meaning: str) -> Column:
    """Return a column of text that is never missing."""
    return Column(name, "text", meaning)


def optional(name: str, kind: Kind, meaning: str) -> Column:
    """Return a column whose values may be missing."""
    return Column(name, kind, meaning, optional=True)


# Columns by which tables are joined: each means the same in every table.
QUERY_ID = text("query_id", "id of the query")
PASSAGE_ID = text("passage_id", "id of the passage: its page's id, '#', its position")
CLUSTER_ID = text("cluster_id", "id of the cluster of queries")
THEME_ID = optional("theme_id", "text", "id of the theme, a group of clusters")
ANSWER_ID = text("answer_id", "id of the answer")
PAGE_ID = text("page_id", "id of the page: its canonical URL without the scheme")
SITE = text("site", "the site's name: its host without www., or its folder's name")
# Intervals of coverage and edits are 90%, those of rates 95%: see docs/method.md.
LOW = Column("low", "number", "lower end of the 90% interval")
HIGH = Column("high", "number", "upper end of the 90% interval")
ENGINE = text("engine", "answer engine, such as perplexity")
SURFACE = text(
    "surface",
    "api, scrape, app or as logged; 'unknown' where the log does not say; never pooled",
)
# Optional, because one prompt alone gives no interval (measure/intervals.py).
LOW_95 = optional(
    "low",
    "number",
    "lower end of the 95% interval; missing where it cannot be computed",
)
HIGH_95 = optional(
    "high",
    "number",
    "upper end of the 95% interval; missing where it cannot be computed",
)
