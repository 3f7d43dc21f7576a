"""When a page says it was published and last modified; nothing is guessed from its text."""

import json
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml.html import HtmlElement

_PUBLISHED = frozenset(
    {
        "article:published_time",
        "og:published_time",
        "datepublished",
        "dc.date",
        "dc.date.issued",
        "dcterms.created",
    }
    | {
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
    }
    | {"dc.date.modified", "last-modified", "lastmod", "revised"}
)
_PUBLISHED_CLASSES = frozenset({"published", "dt-published", "entry-date", "pubdate"})
_MODIFIED_CLASSES = frozenset({"updated", "dt-updated", "modified"})
_MOST_JSON_CHARACTERS = 1_000_000


def find_dates(tree: HtmlElement) -> tuple[datetime | None, datetime | None]:
    """Return when the page says it was published and modified (UTC), from JSON-LD, meta and time tags; else None."""
    found = list_dates(tree)
    first = {
        which: next((moment for one, _, moment in found if one == which), None)
        for which in ("published", "modified")
    }
    return first["published"], first["modified"]


def list_dates(tree: HtmlElement) -> list[tuple[str, str, datetime]]:
    """Return (published or modified, where, when) of a page's machine-readable dates: the first of each kind of place.

    Places are JSON-LD, meta tags and time tags, in order of trust.
    """
    linked = _linked_dates(tree)
    told: list[tuple[str, str, datetime | None]] = []
    for which, key, names in (
        ("published", "datePublished", _PUBLISHED),
        ("modified", "dateModified", _MODIFIED),
    ):
        told.append((which, "JSON-LD", linked.get(key)))
        told.append((which, "meta tag", _meta_date(tree, names)))
        told.append((which, "time tag", _time_date(tree, which)))
    return [(which, where, moment) for which, where, moment in told if moment is not None]


def parse_time(text: str) -> datetime | None:
    """Return an ISO 8601 or e-mail date as UTC time, or None for anything else or a year outside 1990-2100.

    >>> str(parse_time("2024-05-01T10:00:00+02:00"))
    '2024-05-01 08:00:00+00:00'
    """
    text = text.strip()
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if 1990 <= moment.year <= 2100:
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return None


def _linked_dates(tree: HtmlElement) -> dict[str, datetime]:
    """Return the first datePublished and dateModified of the page's JSON-LD."""
    found: dict[str, datetime] = {}
    for script in tree.iter("script"):
        source = script.text or ""
        if (
            script.get("type", "").lower() != "application/ld+json"
            or len(source) > _MOST_JSON_CHARACTERS
        ):
            continue
        try:
            waiting: deque[Any] = deque([json.loads(source)])
        except (ValueError, RecursionError):
            continue
        while waiting:
            node = waiting.popleft()
            for key in ("datePublished", "dateModified") if isinstance(node, dict) else ():
                moment = parse_time(node[key]) if isinstance(node.get(key), str) else None
                if moment is not None:
                    found.setdefault(key, moment)
            waiting.extend(
                node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
            )
    return found


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


def _time_date(tree: HtmlElement, which: str) -> datetime | None:
    classes = _PUBLISHED_CLASSES if which == "published" else _MODIFIED_CLASSES
    for tag in tree.iter("time"):
        is_named = tag.get("itemprop", "").lower() == f"date{which}" or classes & set(
            (tag.get("class") or "").split()
        )
        if is_named or (which == "published" and "pubdate" in tag.attrib):
            moment = parse_time(tag.get("datetime", ""))
            if moment is not None:
                return moment
    return None
