"""When a page was published and last modified, as its markup says; its text is not searched."""

import json
from collections import deque
from datetime import date, datetime
from typing import Any

from lxml.html import HtmlElement

from coverage_kit.collect.moments import SLASHED, read_moment

# Names of meta tags, in lower case, that give the date of publication or modification.
_PUBLISHED = frozenset(
    {
        "article:published_time",
        "og:published_time",
        "datepublished",
        "dc.date",
        "dc.date.issued",
        "dcterms.created",
        "dc.date.created",
        "date",
        "pubdate",
        "publishdate",
        "citation_publication_date",
        "parsely-pub-date",
    }
)
_MODIFIED = frozenset(
    {
        "article:modified_time",
        "og:updated_time",
        "og:modified_time",
        "datemodified",
        "dcterms.modified",
        "dc.date.modified",
        "last-modified",
        "lastmod",
        "revised",
    }
)
# Classes of time tags, as microformats and common blog themes write them.
_PUBLISHED_CLASSES = frozenset({"published", "dt-published", "entry-date", "pubdate"})
_MODIFIED_CLASSES = frozenset({"updated", "dt-updated", "modified"})
# Longer JSON-LD is not parsed, so that no page can stop a run (assumed).
_MAX_JSON_CHARACTERS = 1_000_000
# No date is longer than this (assumed); a longer text is cut, and then it is none.
_MAX_DATE_CHARACTERS = 200


def find_dates(tree: HtmlElement) -> tuple[datetime | None, datetime | None]:
    """Return when a page says it was published and modified (UTC), or None where it does not say.

    JSON-LD comes before meta tags, and meta tags before time tags.
    """
    moments: dict[str, datetime] = {}
    for event, _, moment in list_dates(tree):
        moments.setdefault(event, moment)
    return moments.get("published"), moments.get("modified")


def list_dates(tree: HtmlElement) -> list[tuple[str, str, datetime]]:
    """Return the machine-readable dates of a page, as (published or modified, source, moment).

    The sources are JSON-LD, meta tags and time tags, in this order of trust. Of each source only
    the first date counts.
    """
    json_dates = _json_dates(tree)
    candidates: list[tuple[str, str, datetime | None]] = []
    for event, key, names in (
        ("published", "datePublished", _PUBLISHED),
        ("modified", "dateModified", _MODIFIED),
    ):
        candidates.append((event, "JSON-LD", json_dates.get(key)))
        candidates.append((event, "meta tag", _meta_date(tree, names)))
        candidates.append((event, "time tag", _time_date(tree, event)))
    return [(event, source, moment) for event, source, moment in candidates if moment is not None]


def parse_time(value: object) -> datetime | None:
    """Return the time that a page or its front matter names, as UTC, or None for anything else.

    It reads what `read_moment` reads. Where day and month can be read in two ways, as in 03/04/2026
    and in years of two digits, it guesses nothing and returns None.

    >>> str(parse_time("2024-05-01T10:00:00+02:00"))
    '2024-05-01 08:00:00+00:00'
    >>> str(parse_time("Mar 9, 2024")), parse_time("03/04/2024")
    ('2024-03-09 00:00:00+00:00', None)
    """
    if isinstance(value, str):
        text = " ".join(value[:_MAX_DATE_CHARACTERS].split())
        return None if _is_ambiguous(text) else read_moment(text)
    return read_moment(value) if isinstance(value, (int, float, date)) else None


def _is_ambiguous(text: str) -> bool:
    match = SLASHED.match(text)
    if match is None:
        return False
    first, second, year = match.groups()
    return len(year) == 2 or (first != second and max(int(first), int(second)) <= 12)


def _json_dates(tree: HtmlElement) -> dict[str, datetime]:
    """Return the first datePublished and dateModified of the page's JSON-LD."""
    dates: dict[str, datetime] = {}
    for script in tree.iter("script"):
        source = script.text or ""
        if (
            script.get("type", "").lower() != "application/ld+json"
            or len(source) > _MAX_JSON_CHARACTERS
        ):
            continue
        try:
            waiting: deque[Any] = deque([json.loads(source)])
        except (ValueError, RecursionError):
            continue
        # Breadth-first: a date of the page itself comes before the date of a node within it.
        while waiting:
            node = waiting.popleft()
            for key in ("datePublished", "dateModified") if isinstance(node, dict) else ():
                moment = parse_time(node[key]) if isinstance(node.get(key), str) else None
                if moment is not None:
                    dates.setdefault(key, moment)
            if isinstance(node, dict):
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)
    return dates


def _meta_date(tree: HtmlElement, names: frozenset[str]) -> datetime | None:
    for meta in tree.iter("meta"):
        name = (
            meta.get("property")
            or meta.get("name")
            or meta.get("itemprop")
            or meta.get("http-equiv")
            or ""
        )
        moment = parse_time(meta.get("content", "")) if name.lower() in names else None
        if moment is not None:
            return moment
    return None


def _time_date(tree: HtmlElement, event: str) -> datetime | None:
    classes = _PUBLISHED_CLASSES if event == "published" else _MODIFIED_CLASSES
    for tag in tree.iter("time"):
        is_dated = tag.get("itemprop", "").lower() == f"date{event}" or classes & set(
            (tag.get("class") or "").split()
        )
        if is_dated or (event == "published" and "pubdate" in tag.attrib):
            moment = parse_time(tag.get("datetime", ""))
            if moment is not None:
                return moment
    return None
