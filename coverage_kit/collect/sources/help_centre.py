"""Read articles of a help centre or site that an interface returned as JSON, by their shape."""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.decode import clean_text, decode_text
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import ITEM, Addresses, fill_page
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.errors import SiteError

# No export of articles is as large (assumed); what is parsed takes several times its memory.
_MAX_BYTES = 200_000_000
# Where interfaces put a list of articles, in an object or in an object of it.
_LISTS = ("articles", "data", "items", "results", "records", "posts", "pages")
# Keys of a list of articles that have no vendor's shape.
_TITLES = ("title", "name")
_BODIES = ("body", "content", "html", "body_html")
_URLS = ("url", "html_url", "link", "permalink", "public_url", "publicUrl", "canonical_url")
_STATES = ("status", "state")
_PUBLISHED = frozenset({"published", "publish", "live", "public", "active", "2", "1", "true", ""})
_TAG = re.compile(r"<[^<>]*>")
_TITLE_KEY = re.compile(rb'"(?:title|name)"\s{0,9}:')
_BODY_KEY = re.compile(rb'"(?:body|content|html|text|description)"\s{0,9}:\s{0,9}(?:"|null|\{)')
_URL_KEY = re.compile(
    rb'"(?:url|html_url|link|permalink|public_url|publicUrl|canonical_url|folder_id)"\s{0,9}:'
)
# A list, an object with a list, or lines of objects.
_JSON_START = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*(?:\[\s*\{|\{\s*"|\[\s*\])')

_Json = dict[str, Any]


@dataclass(frozen=True)
class _Article:
    """One article in one language; `status` is 'ok' or says why it is no page."""

    url: str
    title: str
    body: str
    status: str
    language: str = ""
    published: Any = None
    modified: Any = None


def may_be_articles(head: bytes) -> bool:
    """Return whether the start of a file looks like articles: title, text and address."""
    return bool(
        _JSON_START.match(head)
        and _TITLE_KEY.search(head)
        and _BODY_KEY.search(head)
        and _URL_KEY.search(head)
    )


def read_articles(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the articles of a JSON file: a list, an object with a list, or a line for each.

    The shapes of Zendesk, Intercom, Freshdesk, Help Scout and WordPress are known, and objects that
    all have a title, a text and an address. Drafts and articles for members are rejected. Objects
    of other shapes are counted.

    Raises SiteError for a file without such articles.
    """
    value, n_broken = _load(path)
    nodes = list(_find_articles(value))
    addresses = Addresses(base, path.stem)
    reader = _choose_shape(nodes, path)
    pages: list[PageRows] = []
    n_others = 0
    for node in nodes:
        articles = reader(node) if isinstance(node, dict) else []
        n_others += not articles
        pages += [_page(article, addresses) for article in articles]
    if n_others:
        unread.add(
            ITEM,
            "objects in JSON without the fields of an article",
            str(path),
            cure="Export them with title, text and address.",
            n_items=n_others,
        )
    if n_broken:
        reason = "lines that are no JSON"
        unread.add(ITEM, reason, str(path), cure="Export them again.", n_items=n_broken)
    addresses.report(path.name)
    return pages


def _page(article: _Article, addresses: Addresses) -> PageRows:
    status = "" if article.status == "ok" else article.status
    page = addresses.page(clean_text(article.url), status)
    if page.status:
        return page
    return fill_page(
        page,
        article.body,
        title=article.title,
        language=article.language,
        published=_time(article.published),
        modified=_time(article.modified),
    )


def _time(value: Any) -> datetime | None:
    """Return a time in ISO 8601 or in seconds since 1970 as UTC, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        return parse_time(value)
    # Seconds have ten digits in this century, and milliseconds thirteen.
    seconds = value / 1000 if value > 1e11 else value
    return datetime.fromtimestamp(seconds, UTC) if 631_152_000 <= seconds < 4e9 else None


def _load(path: Path) -> tuple[Any, int]:
    """Return the value of a file, and how many of its lines are broken where each is a value."""
    n_bytes = path.stat().st_size
    if n_bytes > _MAX_BYTES:
        raise SiteError(
            str(path), f"at most {_MAX_BYTES:,} bytes of JSON", f"{n_bytes:,} bytes", "Split it."
        )
    text = decode_text(path.read_bytes())
    try:
        return orjson.loads(text), 0
    except orjson.JSONDecodeError as error:
        found = str(error)
    lines = [line for line in text.split("\n") if line.strip()]
    values = list(_parse_lines(lines))
    # A file of which most lines are broken is no file of lines, but one broken value.
    if len(lines) < 2 or 2 * len(values) < len(lines):
        raise SiteError(
            str(path), "JSON, whole or a line for each", found, "Export it again."
        ) from None
    return values, len(lines) - len(values)


def _parse_lines(lines: list[str]) -> Iterator[Any]:
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            yield orjson.loads(line)


def _find_articles(value: Any) -> Iterator[Any]:
    """Yield the objects of the list in a value; of several pages of a list, those of each."""
    if isinstance(value, list):
        for item in value:
            inner = _list_in(item)
            yield from inner if inner is not None else [item]
    elif isinstance(value, dict):
        inner = _list_in(value)
        yield from inner if inner is not None else [value.get("article", value)]


def _list_in(value: Any) -> list[Any] | None:
    if not isinstance(value, dict):
        return None
    for key in _LISTS:
        inner = value.get(key)
        # Help Scout has {"articles": {"page": 1, "items": […]}}.
        inner = inner.get("items") if isinstance(inner, dict) else inner
        if isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
            return inner
    return None


_Shape = Callable[[_Json], list[_Article]]


def _choose_shape(nodes: list[Any], path: Path) -> _Shape:
    """Return the reader of most objects. Raises SiteError where no shape fits enough of them."""
    objects = [node for node in nodes if isinstance(node, dict)]
    for test, read in _SHAPES:
        # A shape that is no vendor's must fit nearly all (assumed).
        share = 0.9 if test is _is_plain else 0.5
        if objects and sum(map(test, objects)) >= share * len(objects):
            return lambda node, test=test, read=read: read(node) if test(node) else []  # type: ignore[misc]
    keys = Counter(key for node in objects for key in node)
    found = ", ".join(key for key, _ in keys.most_common(12)) or "no objects"
    raise SiteError(
        str(path),
        f"articles that all have a title ({', '.join(_TITLES)}), a text ({', '.join(_BODIES)}) and "
        f"an address ({', '.join(_URLS)})",
        f"objects with the fields {found}",
        "Name the fields so, or crawl the published pages.",
    )


def _text(node: _Json, *keys: str) -> str:
    """Return the first text that is not empty of a node's keys."""
    return next((node[key] for key in keys if isinstance(node.get(key), str) and node[key]), "")


def _is_zendesk(node: _Json) -> bool:
    return {"html_url", "body", "title"} <= node.keys() and bool(
        {"section_id", "locale", "draft"} & node.keys()
    )


def _read_zendesk(node: _Json) -> list[_Article]:
    status = "draft" if node.get("draft") is True else "ok"
    # A segment is a group of users; without it everybody may read the article.
    is_for_members = bool(node.get("user_segment_id") or node.get("user_segment_ids"))
    return [
        _Article(
            url=_text(node, "html_url"),
            title=_text(node, "title", "name"),
            body=_text(node, "body"),
            status="private" if status == "ok" and is_for_members else status,
            language=_text(node, "locale"),
            published=node.get("created_at"),
            modified=node.get("edited_at") or node.get("updated_at"),
        )
    ]


def _is_intercom(node: _Json) -> bool:
    return {"title", "body", "state"} <= node.keys() and bool(
        {"workspace_id", "default_locale", "author_id"} & node.keys()
    )


def _read_intercom(node: _Json) -> list[_Article]:
    default = _text(node, "default_locale")
    # Translations lie in an object by language, whose own "type" is a text.
    translations = node.get("translated_content")
    others = translations if isinstance(translations, dict) else {}
    contents = [(default, node)] + [
        (language, content)
        for language, content in others.items()
        if isinstance(content, dict) and language != default and content.get("title")
    ]
    return [
        _Article(
            url=_text(content, "url") or f"articles/{node.get('id', '')}",
            title=_text(content, "title"),
            body=_text(content, "body"),
            status="ok"
            if content.get("state") == "published"
            else _text(content, "state") or "draft",
            language=language,
            published=content.get("created_at"),
            modified=content.get("updated_at"),
        )
        for language, content in contents
    ]


def _is_freshdesk(node: _Json) -> bool:
    return {"title", "description", "status", "folder_id"} <= node.keys()


def _read_freshdesk(node: _Json) -> list[_Article]:
    # 1 is a draft and 2 a published article.
    return [
        _Article(
            url=f"/support/solutions/articles/{node.get('id', '')}",
            title=_text(node, "title"),
            body=_text(node, "description"),
            status="ok" if node.get("status") == 2 else "draft",
            published=node.get("created_at"),
            modified=node.get("updated_at"),
        )
    ]


def _is_help_scout(node: _Json) -> bool:
    return {"name", "publicUrl", "status", "collectionId"} <= node.keys()


def _read_help_scout(node: _Json) -> list[_Article]:
    state = _text(node, "status")
    # The list of articles has no texts: each article is to be asked for.
    is_listed = "text" not in node
    status = "listed without its text" if is_listed else "ok"
    return [
        _Article(
            url=_text(node, "publicUrl"),
            title=html.unescape(_text(node, "name")),
            body=_text(node, "text"),
            status=status if state == "published" else "draft",
            published=node.get("createdAt"),
            modified=node.get("lastPublishedAt") or node.get("updatedAt"),
        )
    ]


def _is_wordpress(node: _Json) -> bool:
    return all(
        isinstance(node.get(key), dict) and "rendered" in node[key] for key in ("title", "content")
    ) and isinstance(node.get("link"), str)


def _read_wordpress(node: _Json) -> list[_Article]:
    state = node.get("status", "publish")
    status = "ok" if state == "publish" else clean_text(str(state))
    return [
        _Article(
            url=_text(node, "link"),
            title=_TAG.sub("", html.unescape(_text(node["title"], "rendered"))),
            body=_text(node["content"], "rendered"),
            status="password" if node["content"].get("protected") is True else status,
            published=node.get("date_gmt"),
            modified=node.get("modified_gmt"),
        )
    ]


def _is_plain(node: _Json) -> bool:
    return bool(
        _text(node, *_TITLES)
        and any(isinstance(node.get(key), str) for key in _BODIES)
        and _text(node, *_URLS)
    )


def _read_plain(node: _Json) -> list[_Article]:
    states = [clean_text(str(node[key])) for key in _STATES if node.get(key) is not None]
    state = "draft" if node.get("draft") is True else next(iter(states), "")
    return [
        _Article(
            url=_text(node, *_URLS),
            title=_text(node, *_TITLES),
            body=_as_html(_text(node, *_BODIES)),
            status="ok" if state.lower() in _PUBLISHED else state,
            language=_text(node, "locale", "language", "lang"),
            published=node.get("published_at") or node.get("created_at") or node.get("date"),
            modified=node.get("updated_at") or node.get("modified_at"),
        )
    ]


def _as_html(text: str) -> str:
    """Return a text as it is where it has tags, or else its lines as paragraphs."""
    if _TAG.search(text):
        return text
    paragraphs = (part.strip() for part in text.split("\n\n"))
    return "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in paragraphs if part)


_SHAPES: tuple[tuple[Callable[[_Json], bool], _Shape], ...] = (
    (_is_zendesk, _read_zendesk),
    (_is_intercom, _read_intercom),
    (_is_freshdesk, _read_freshdesk),
    (_is_help_scout, _read_help_scout),
    (_is_wordpress, _read_wordpress),
    (_is_plain, _read_plain),
)
