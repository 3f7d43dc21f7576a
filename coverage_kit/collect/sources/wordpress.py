"""Read a WordPress export (WXR): its published posts and pages, item by item."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lxml import etree

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import ITEM, PART, Addresses, fill_page
from coverage_kit.collect.sources.shortcodes import expand_shortcodes, make_paragraphs
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.errors import SiteError

# WordPress splits its exports, and none is as large (assumed).
_MAX_BYTES = 2_000_000_000
# The parser keeps an item whole until it ends: no post is as long (assumed).
_MAX_ITEM_BYTES = 100_000_000
# Types of items that WordPress and its common plugins keep for themselves: menus, media, styles,
# forms, orders. Any other type has pages of its own.
_NO_PAGES = frozenset(
    {
        "acf-field", "acf-field-group", "acf-post-type", "acf-taxonomy",
        "amp_validated_url", "attachment", "custom-css", "custom_css",
        "customize_changeset", "elementor_font", "elementor_icons", "elementor_library",
        "elementor_snippet", "et_pb_layout", "et_template", "et_theme_builder", "feedback",
        "flamingo_inbound", "forminator_forms", "fusion_element", "fusion_template",
        "jp_img_sitemap", "jp_sitemap", "jp_sitemap_master", "mc4wp-form", "ml-slider",
        "nav_menu_item", "oembed_cache", "product_variation", "revision",
        "scheduled-action", "shop_coupon", "shop_order", "shop_order_refund",
        "user_request", "vc_grid_item", "vc4_templates", "wp_block", "wp_font_face",
        "wp_font_family", "wp_global_styles", "wp_navigation", "wp_template",
        "wp_template_part", "wpcf7_contact_form", "wpforms", "wp_router_page",
    }
)  # fmt: skip
# What of these may hold words that visitors read on pages.
_SHARED_TEXT = frozenset(
    {
        "wp_block", "elementor_library", "et_pb_layout", "fusion_template",
    }
)  # fmt: skip
# Control characters that XML forbids, and that posts pasted from elsewhere hold.
_FORBIDDEN = bytes([*range(9), 11, 12, *range(14, 32)])
# Encodings in which each of these bytes is a character by itself.
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
# The marks around a text in which "&" is a character, and an "&" that is none of XML's references.
_MARK_OR_AMPERSAND = re.compile(
    rb"<!\[CDATA\[|\]\]>|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)"
)
# The first byte of a mark or reference, and the most bytes that it has.
_START = re.compile(rb"[<&\]]")
_MAX_MARK_BYTES = 10
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class _Post:
    """What an item of an export says of itself; texts as they are in the file."""

    title: str
    link: str
    kind: str
    status: str
    content: str
    is_locked: bool
    published: str
    modified: str


@dataclass
class _Export:
    """What was read of an export so far."""

    path: Path
    addresses: Addresses
    pages: list[PageRows] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    shortcodes: dict[str, str] = field(default_factory=dict)
    n_shortcodes: int = 0
    language: str = ""


def read_wordpress(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the posts and pages of a WordPress export, in its order.

    Drafts, private posts and posts with a password are rejected. What is no page (media, menus,
    styles) is counted, and so are shortcodes that WordPress fills in. Where the XML is damaged, the
    rest is read as far as it can be, and the damage is counted.

    Raises SiteError for a file without a post or page.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise SiteError(
            str(path),
            f"an export of at most {_MAX_BYTES:,} bytes",
            f"{path.stat().st_size:,} bytes",
            "Export posts and pages separately, or by year.",
        )
    export = _Export(path, Addresses(base, path.stem))
    damage = _read_items(export, is_mended=False)
    if damage:
        n_before = len(export.pages) + export.others.total()
        _read_items(export, is_mended=True, n_known=n_before)
        unread.add(
            PART,
            f"the XML is damaged ({damage}): posts after that may lack words",
            str(path),
            cure="Export the site again.",
        )
    _report(export, unread)
    if not export.pages:
        raise SiteError(
            str(path),
            "a WordPress export with posts or pages",
            ", ".join(f"{n} x {kind}" for kind, n in export.others.most_common(5))
            or damage
            or "none",
            "Export all content: Tools > Export > All content.",
        )
    return export.pages


def _report(export: _Export, unread: UnreadItems) -> None:
    for kind, n_items in export.others.items():
        unread.add(
            ITEM,
            f"WordPress items of the type {kind or '(none)'}, which are no pages",
            str(export.path),
            may_be_pages=kind in _SHARED_TEXT,
            n_items=n_items,
        )
    if export.shortcodes:
        names = ", ".join(f"[{name}]" for name in sorted(export.shortcodes)[:8])
        unread.add(
            PART,
            f"WordPress fills in what these shortcodes show: {names}",
            next(iter(export.shortcodes.values())),
            cure="Crawl the published site to read it.",
            n_items=export.n_shortcodes,
        )
    export.addresses.report(export.path.name)


def _read_items(export: _Export, *, is_mended: bool, n_known: int = 0) -> str:
    """Add the items of a file after the first `n_known`, and return what is wrong with the XML."""
    n_items = 0
    with export.path.open("rb") as stream:
        try:
            for element in _iterate(stream, export, is_mended=is_mended):
                n_items += 1
                if n_items > n_known:
                    _add(_post_of(element), export)
        except (etree.XMLSyntaxError, etree.ParseError, LookupError, ValueError) as error:
            return clean_text(str(error)).split(" (")[0][:200]
    return ""


class _Cleaned:
    """A stream of bytes without the control characters that XML forbids.

    `is_mended` writes a bare "&" as XML has it. The parser would drop it, and every "&" after it.
    """

    def __init__(self, stream: IO[bytes], *, is_mended: bool) -> None:
        self._stream = stream
        self._is_mended = is_mended
        self._is_wide: bool | None = None
        self._rest = b""
        self._is_in_cdata = False
        self.n_bytes_since_item = 0

    def read(self, n_bytes: int = -1) -> bytes:
        """Return the next bytes; only at the end there are none."""
        while chunk := self._stream.read(n_bytes):
            self.n_bytes_since_item += len(chunk)
            if self.n_bytes_since_item > _MAX_ITEM_BYTES:
                raise ValueError(f"an item of more than {_MAX_ITEM_BYTES:,} bytes")
            if self._is_wide is None:
                self._is_wide = chunk.startswith(_WIDE_MARKS) or b"\0" in chunk[:4]
                chunk = chunk if self._is_wide else chunk.lstrip()
            kept = chunk if self._is_wide else self._mend(chunk.translate(None, _FORBIDDEN))
            if kept:
                return kept
        kept, self._rest = self._rest, b""
        return _MARK_OR_AMPERSAND.sub(self._replace, kept)

    def _mend(self, chunk: bytes) -> bytes:
        if not self._is_mended:
            return chunk
        whole = self._rest + chunk
        # What may be the start of a reference or of a mark is looked at with the next chunk.
        start = _START.search(whole, max(len(whole) - _MAX_MARK_BYTES, 0))
        end = start.start() if start else len(whole)
        self._rest = whole[end:]
        return _MARK_OR_AMPERSAND.sub(self._replace, whole[:end])

    def _replace(self, match: re.Match[bytes]) -> bytes:
        if match[0] == b"&":
            return b"&" if self._is_in_cdata else b"&amp;"
        self._is_in_cdata = match[0] != b"]]>"
        return match[0]


def _iterate(stream: IO[bytes], export: _Export, *, is_mended: bool) -> Iterator[etree._Element]:
    """Yield the items one after another; what was yielded or passed is let go."""
    tags = ("item", "language", "link", *(f"{{*}}{name}" for name in _OF_SITE))
    cleaned = _Cleaned(stream, is_mended=is_mended)
    walker = etree.iterparse(
        cleaned,
        events=("end",),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=is_mended,
        remove_comments=True,
        remove_pis=True,
    )
    for _, element in walker:
        cleaned.n_bytes_since_item = 0
        parent = element.getparent()
        if parent is None or etree.QName(parent).localname != "channel":
            continue
        if element.tag == "item":
            yield element
        elif element.tag == "language":
            export.language = _clean(element.text)
        elif element.tag == "link" or etree.QName(element).localname == "base_blog_url":
            export.addresses.old_base = _clean(element.text)
        element.clear()
        while element.getprevious() is not None:
            del parent[0]


# What the channel holds besides items: there may be thousands of these.
_OF_SITE = ("base_blog_url", "author", "category", "tag", "term")


def _clean(text: str | None) -> str:
    return clean_text(text or "").strip()


def _post_of(element: etree._Element) -> _Post:
    values: dict[str, str] = {}
    for child in element:
        if isinstance(child.tag, str):
            name = etree.QName(child)
            is_content = name.localname == "encoded" and "content" in (name.namespace or "")
            # A title has no namespace, and excerpts are encoded too.
            key = "content" if is_content else name.localname
            values.setdefault(key, child.text or "")
    published = values.get("post_date_gmt", "")
    return _Post(
        title=_TAG.sub("", html.unescape(values.get("title", ""))),
        link=_clean(values.get("link")) or _clean(values.get("guid")),
        kind=_clean(values.get("post_type")),
        status=_clean(values.get("status")),
        content=values.get("content", ""),
        is_locked=bool(_clean(values.get("post_password"))),
        published=published if parse_time(published) else values.get("pubDate", ""),
        modified=values.get("post_modified_gmt", ""),
    )


def _add(post: _Post, export: _Export) -> None:
    if post.kind in _NO_PAGES or not post.kind:
        export.others[post.kind] += 1
        return
    status = "password" if post.is_locked else post.status or "no status"
    page = export.addresses.page(post.link, "" if status == "publish" else status)
    if page.status:
        export.pages.append(page)
        return
    body, shortcodes = _render(post.content)
    for name in shortcodes:
        export.shortcodes.setdefault(name, page.location)
        export.n_shortcodes += 1
    page = fill_page(
        page,
        body,
        title=post.title,
        language=export.language,
        published=parse_time(post.published),
        modified=parse_time(post.modified),
    )
    export.pages.append(page)


def _render(content: str) -> tuple[str, list[str]]:
    """Return a post's content as HTML, and the names of its shortcodes that stay unknown."""
    # The block editor writes paragraphs itself, in comments that name its blocks.
    has_blocks = "<!-- wp:" in content
    text = _COMMENT.sub("", content.replace("\r\n", "\n").replace("\r", "\n"))
    text, shortcodes = expand_shortcodes(text)
    return text if has_blocks else make_paragraphs(text), shortcodes
