"""Hexo: posts by permalink, and pages as their files lie."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from coverage_kit.collect.generators.globs import NO_GLOBS, Globs
from coverage_kit.collect.generators.literals import Values
from coverage_kit.collect.generators.model import (
    BUILT,
    DRAFT,
    OUTSIDE,
    PARTIAL,
    Decision,
    Facts,
    NotPublished,
    Published,
    below,
    has_step,
    is_rendered,
    join,
    slug_of,
    slugify,
    without_suffix,
)

_TOKEN = re.compile(
    r":(year|month|i_month|day|i_day|hour|minute|second|title|post_title|name"
    r"|category|abbrlink)"
)
_NAME_PARTS = {
    ":year": r"(?P<year>\d{4})",
    ":month": r"(?P<month>\d{2})",
    ":i_month": r"(?P<month>\d{1,2})",
    ":day": r"(?P<day>\d{2})",
    ":i_day": r"(?P<day>\d{1,2})",
    ":title": r"(?P<title>.+)",
}


@dataclass(frozen=True)
class Hexo:
    """A site of Hexo.

    Attributes:
        source: the folder of posts and pages.
        output: the folder of the built site.
        permalink: the pattern of posts' addresses.
        post_name: the pattern of posts' file names.
        default_category: the category of posts that have none.
        skipped: patterns of files that are copied as they are.
    """

    source: str = "source"
    output: str = "public"
    permalink: str = ":year/:month/:day/:title/"
    post_name: str = ":title"
    default_category: str = "uncategorized"
    skipped: Globs = NO_GLOBS
    site_url: str = ""
    name: str = "Hexo"

    def folder_path(self, folder: str) -> str | None:
        """Return where a folder is published below the site's root; None: nowhere."""
        inside = below(folder, self.source)
        if inside is not None:
            return "" if has_step(inside) else inside
        return None if below(folder, self.output) is not None else ""

    def reject(self, file: str) -> NotPublished | None:
        """Return why a file is no page, as far as its name shows it."""
        inside = below(file, self.source)
        if inside is None:
            return NotPublished(BUILT if below(file, self.output) is not None else OUTSIDE)
        if below(inside, "_drafts") is not None:
            return NotPublished(DRAFT)
        if is_rendered(file) and self.skipped.match(inside):
            return NotPublished("a file that is copied as it is")
        is_post = below(inside, "_posts")
        if has_step(is_post if is_post is not None else inside):
            return NotPublished(PARTIAL)
        return None

    def decide(self, file: str, facts: Facts) -> Decision:
        """Return where a file that `reject` lets pass is published, or why it is not."""
        inside = below(file, self.source) or ""
        if facts.flag("published") is False or facts.flag("draft"):
            return NotPublished(DRAFT)
        post = below(inside, "_posts")
        if not is_rendered(file) and not post:
            return Published(inside)
        if own := slug_of(facts.text("permalink")):
            # An address without ending gets one.
            return Published(join(own if own.endswith(("/", ".html")) else f"{own}.html"))
        if not post:
            return Published(f"{without_suffix(inside)}.html")
        named = _name_values(self.post_name, PurePosixPath(without_suffix(post)).name)
        return Published(self._post_path(without_suffix(post), facts), "", _date(named))

    def _post_path(self, path: str, facts: Facts) -> str:
        folder, _, name = path.rpartition("/")
        named = _name_values(self.post_name, name)
        date = facts.moment("date") or _date(named)
        title = join(folder, named.get("title") or name)
        category = "/".join(slugify(part) for part in facts.names("categories", "category"))
        values = {
            "title": title,
            "name": PurePosixPath(title).name,
            "post_title": slugify(facts.title),
            "category": category or self.default_category,
            "abbrlink": facts.text("abbrlink"),
        }
        if date is not None:
            values |= {"year": f"{date.year:04}", "month": f"{date:%m}", "day": f"{date:%d}"}
            values |= {"i_month": str(date.month), "i_day": str(date.day)}
            values |= {"hour": f"{date:%H}", "minute": f"{date:%M}", "second": f"{date:%S}"}
        return join(_TOKEN.sub(lambda match: values.get(match[1], ""), self.permalink))


def _name_values(pattern: str, name: str) -> Mapping[str, str]:
    """Return what a post's file name says by the pattern of such names."""
    parts = re.split(r"(:(?:year|month|i_month|day|i_day|title))", pattern.removesuffix(".md"))
    try:
        match = re.fullmatch(
            "".join(_NAME_PARTS.get(part, re.escape(part)) for part in parts), name
        )
    except re.error:
        return {}
    return match.groupdict() if match is not None else {}


def _date(values: Mapping[str, str]) -> datetime | None:
    try:
        return datetime(int(values["year"]), int(values["month"]), int(values["day"]), tzinfo=UTC)
    except (KeyError, ValueError):
        return None


def read_hexo(config: Values | None) -> Hexo:
    """Return the site that _config.yml describes."""
    values = config or {}

    def text(key: str, default: str) -> str:
        value = values.get(key)
        return value if isinstance(value, str) and value else default

    url = text("url", "")
    return Hexo(
        source=join(text("source_dir", "source")),
        output=join(text("public_dir", "public")),
        permalink=text("permalink", Hexo.permalink),
        post_name=text("new_post_name", ":title"),
        default_category=text("default_category", "uncategorized"),
        skipped=Globs.of(values.get("skip_render")),
        site_url=url if "example.com" not in url else "",
    )
