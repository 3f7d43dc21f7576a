"""Read one list of addresses: a sitemap in XML, a feed, a text list or llms.txt, by its content."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal
from urllib.parse import urldefrag, urljoin

from lxml import etree

from coverage_kit.collect.decode import clean_text, decode_text
from coverage_kit.collect.urls import split_http
from coverage_kit.net.body import BodyError, TooLargeError, unpack
from coverage_kit.net.logins import without_login
from coverage_kit.text.page_markup import BOMS, WEB_NAMES, XML

# The limit that the sitemap protocol sets, after decompression.
MAX_BYTES = 52_428_800
# Alternates beyond these are not compared with the pages of a sitemap (assumed).
MAX_ALTERNATES = 200_000
# What is wrong with a document that names no address, such as an error page of status 200.
NO_URL = "no URL"
# Longer addresses are traps for crawlers rather than pages (assumed).
_MAX_ADDRESS_CHARACTERS = 10_000
# Bytes that are read at a time (assumed).
_PIECE_BYTES = 65_536
_GZIP = b"\x1f\x8b"
_SPACE = b" \t\r\n"
# The roots of sitemaps and feeds, which may be empty: RSS 2.0, RSS 1.0, Atom.
_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "RDF", "feed"})
# What an XML document may have before its root.
_PROLOG = re.compile(
    r"\s*(?:<\?[^>]*>|<!--(?:(?!-->).){0,2000}-->|<!doctype(?!\s+html)[^>\[]*>)\s*",
    re.IGNORECASE | re.DOTALL,
)
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
# Entities that every XML document knows, and characters by number.
_ENTITY = re.compile(
    r"&(?:(amp|lt|gt|quot|apos);|(#[0-9]{1,8};|#x[0-9a-fA-F]{1,8};)|([\w.-]{1,100};)?)"
)
_KNOWN = {"amp": "&#38;", "lt": "&#60;", "gt": "&#62;", "quot": "&#34;", "apos": "&#39;"}
_DECLARED = re.compile(r"<!ENTITY\s+([\w.-]{1,100})\s")
# Where signs are no markup, and how such a part ends.
_VERBATIM = re.compile(r"<!--|<!\[CDATA\[")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}
# Longer than each sign above and each entity: what is kept until the next piece arrives.
_KEPT_CHARACTERS = 128
# A character that no address has: bytes in another encoding, or an entity of the document's own.
_LOST = "\ufffd"
# A link of Markdown: its address may hold brackets in pairs.
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?((?:[^()\s<>]|\([^()\s<>]{0,1000}\))+)")
_BARE_ADDRESS = re.compile(r"(?:https?:)?//\S+|/\S*", re.IGNORECASE)
# Marks of an item in a list, before an address that is in no link.
_ITEM = re.compile(r"(?:[-*+]|\d{1,4}[.)])\s+")

Form = Literal["xml", "text", "html"]


@dataclass(frozen=True)
class Sitemap:
    """The page URLs of one list and the further lists that it names, in order.

    `problem` says why further ones may be missing; it is empty where all were read. `alternates`
    are the addresses that entries name as their page in another language. `n_unusable` entries
    have no http(s) address; `unusable` shows the first. `is_html` says that it is an HTML page, of
    which no link is read.
    """

    urls: tuple[str, ...]
    children: tuple[str, ...]
    problem: str = field(default="", compare=False)
    alternates: tuple[str, ...] = field(default=(), compare=False)
    n_unusable: int = field(default=0, compare=False)
    unusable: str = field(default="", compare=False)
    is_html: bool = field(default=False, compare=False)


def parse_sitemap(content: bytes, address: str = "") -> Sitemap:
    """Return the URLs of a sitemap or feed in XML, of a list in plain text, or of an llms.txt.

    The content decides what it is, and it may be gzipped. Relative addresses are joined to
    `address`, that of the list; entries that are then no http(s) URLs are counted. A bare `&` is
    read as itself. Entities of the document's own are not resolved and nothing is loaded from other
    addresses. Of content that is cut off, broken or over 50 MB after unpacking, the beginning is
    read, and `problem` says so. The time grows linearly with the content, whatever it holds.
    """
    pieces = _Pieces(content)
    head = pieces.head()
    links = _Links(address)
    form = form_of(head)
    is_broken = False
    if form == "xml":
        entries = _Entries(links)
        is_broken = _read_xml(pieces, head, entries)
        is_list = entries.root in _ROOTS
    elif form == "text":
        _read_text(decode_text(b"".join(pieces)), links)
        is_list = False
    else:
        return Sitemap((), (), pieces.problem or NO_URL, is_html=True)
    is_list = is_list or bool(links.urls or links.children)
    problem = pieces.problem or ("broken XML" if is_broken else "") or ("" if is_list else NO_URL)
    return Sitemap(
        tuple(links.urls),
        tuple(links.children),
        problem,
        tuple(links.alternates),
        links.n_unusable,
        links.unusable,
    )


def names_list(content: bytes) -> bool:
    """Return whether content is a sitemap or feed in XML, by its root."""
    pieces = _Pieces(content[:_PIECE_BYTES])
    head = pieces.head()
    if form_of(head) != "xml":
        return False
    text = _after_prolog(_head_text(head))
    root = re.match(r"<(?:[\w.-]{1,50}:)?([\w.-]{1,50})", text)
    return root is not None and root[1] in _ROOTS


def form_of(head: bytes) -> Form:
    """Return whether content that begins with these bytes is XML, HTML or plain text."""
    text = _head_text(head)
    if not text.startswith("<"):
        return "text"
    return "html" if _HTML.match(_after_prolog(text)) else "xml"


def _head_text(head: bytes) -> str:
    encoding, n_mark = _encoding(head)
    return head[n_mark:4096].decode(encoding, errors="replace").lstrip()


def _after_prolog(text: str) -> str:
    while not _HTML.match(text) and (prolog := _PROLOG.match(text)):
        text = text[prolog.end() :]
    return text


class _Pieces:
    """The unpacked pieces of a list.

    `problem` says, once all were read, why a part of it is missing.
    """

    def __init__(self, content: bytes) -> None:
        self.problem = ""
        pieces = _sliced(content)
        # At most twice: a compressed sitemap may have been compressed again (assumed).
        for _ in range(2):
            first = self._next(pieces)
            pieces = chain([first], pieces)
            if not first.startswith(_GZIP):
                break
            pieces = unpack(pieces, "gzip", MAX_BYTES)
        self._pieces: Iterator[bytes] = iter(pieces)

    def head(self) -> bytes:
        """Return the beginning of the content, from its first sign."""
        head = b""
        while len(head) < _PIECE_BYTES and (piece := self._next(self._pieces)):
            head = (head + piece).lstrip(_SPACE)
        self._pieces = chain([head], self._pieces)
        return head

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._next(self._pieces):
            yield piece

    def _next(self, pieces: Iterator[bytes]) -> bytes:
        try:
            return next(pieces, b"")
        except TooLargeError:
            self.problem = "too large"
        except BodyError:
            self.problem = "cut off"
        return b""


def _sliced(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), _PIECE_BYTES):
        yield content[at : at + _PIECE_BYTES]


def _encoding(head: bytes) -> tuple[str, int]:
    """Return the encoding of markup and the length of its byte order mark."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if head.startswith((b"<\0", b"\0<")):
        return ("utf-16-le" if head[0] else "utf-16-be"), 0
    declared = XML.search(head[:400])
    name = declared[1].decode("ascii", "replace").lower() if declared else "utf-8"
    try:
        encoding = codecs.lookup(WEB_NAMES.get(name, name)).name
        # What can be read so far is in no encoding of two bytes a letter, and in one of text.
        is_text = "<?xml".encode(encoding) == b"<?xml"
    except (LookupError, UnicodeError, ValueError, TypeError):
        is_text = False
    return (encoding if is_text else "utf-8"), 0


def _read_xml(pieces: Iterable[bytes], head: bytes, entries: "_Entries") -> bool:
    """Feed a document to its entries piece by piece; return whether it is broken."""
    # The stubs ask for a method for comments, which are removed.
    target: Any = entries
    parser = etree.XMLParser(
        target=target,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
    )
    try:
        for text in _mended(_decoded(pieces, head), _declared_entities(head)):
            parser.feed(text.encode("utf-8", errors="replace"))
        parser.close()
    except etree.XMLSyntaxError:
        return True
    # A prefix that is not declared, such as that of a picture, breaks no address.
    return any(entry.domain_name != "NAMESPACE" for entry in parser.feed_error_log)


def _decoded(pieces: Iterable[bytes], head: bytes) -> Iterator[str]:
    encoding, n_mark = _encoding(head)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for piece in pieces:
        yield decoder.decode(piece[n_mark:])
        n_mark = 0
    yield decoder.decode(b"", final=True)


def _declared_entities(head: bytes) -> frozenset[str]:
    text = head.decode(_encoding(head)[0], errors="replace")
    return frozenset(_DECLARED.findall(text))


def _mended(texts: Iterable[str], declared: frozenset[str]) -> Iterator[str]:
    """Yield the text of a document with each `&` as the number of a character.

    A parser that goes on after an error drops the entities behind it, right ones too, but not
    characters by number. A bare `&` becomes one, and an entity that the document declares becomes a
    sign that no address has. CDATA and comments stay as they are.
    """

    def by_number(entity: re.Match[str]) -> str:
        known, number, name = entity.groups()
        if known is not None:
            return _KNOWN[known]
        if number is not None:
            return f"&{number}"
        if name is not None and name[:-1] in declared:
            return _LOST
        return f"&#38;{name or ''}"

    waiting = ""
    end = ""
    for text in chain(texts, [None]):
        waiting += text or ""
        # What may be the beginning of a sign waits for the next piece.
        last = len(waiting) - (_KEPT_CHARACTERS if text is not None else 0)
        at = 0
        while at < last:
            start = at
            if end:
                found = waiting.find(end, at)
                at = found + len(end) if found >= 0 else max(last, at)
                end = "" if found >= 0 else end
                yield waiting[start:at]
                continue
            verbatim = _VERBATIM.search(waiting, at)
            if verbatim is not None:
                at, end = verbatim.end(), _ENDS[verbatim[0]]
            else:
                at = _before_entity(waiting, start, last)
            yield _ENTITY.sub(by_number, waiting[start:at])
            if verbatim is None:
                break
        waiting = waiting[at:]


def _before_entity(text: str, start: int, last: int) -> int:
    """Return the end of what can be mended: no entity is cut in two."""
    if last >= len(text):
        return last
    sign = text.rfind("&", max(start, last - _KEPT_CHARACTERS), last)
    return last if sign < 0 else sign


class _Entries:
    """What a parser reports of a sitemap or feed: no tree is built, so memory is bounded."""

    def __init__(self, links: "_Links") -> None:
        self.root = ""
        self._links = links
        self._path: list[str] = []
        self._bases: list[str] = []
        self._text: list[str] | None = None
        # The addresses of the item of a feed that is being read, by how sure they are.
        self._item: dict[str, str] = {}
        self._is_permalink = True

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        self.root = self.root or name
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        self._bases.append(_base_of(attributes, self._bases[-1] if self._bases else ""))
        if name in {"item", "entry"}:
            self._item = {"about": _attribute(attributes, "about")}
        elif name == "link" and attributes.get("href"):
            self._link(parent, attributes)
        elif name == "guid":
            self._is_permalink = attributes.get("isPermaLink", "true").strip().lower() != "false"
        if name in {"loc", "link", "guid", "origLink"}:
            self._text = []

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        name = _local(tag)
        text = "".join(self._text or ()).strip()
        base = self._bases.pop() if self._bases else ""
        if self._path:
            self._path.pop()
        parent = self._path[-1] if self._path else ""
        if name == "loc" and parent in {"url", "urlset"}:
            self._links.add(text, base)
        elif name == "loc" and parent in {"sitemap", "sitemapindex"}:
            self._links.add_child(text, base)
        elif name in {"link", "guid", "origLink"} and parent == "item" and text:
            if name != "guid" or self._is_permalink:
                self._item.setdefault(name, urljoin_or_empty(base, text))
        elif name in {"item", "entry"}:
            names = ("origLink", "link", "guid", "about")
            best = next((self._item[key] for key in names if self._item.get(key)), "")
            self._links.add(best, base)
            self._item = {}
        if name in {"loc", "link", "guid", "origLink"}:
            self._text = None

    def close(self) -> None:
        """End the document; a parser asks for this."""

    def _link(self, parent: str, attributes: dict[str, str]) -> None:
        rel = attributes.get("rel", "alternate").strip().lower()
        address = urljoin_or_empty(self._bases[-1], attributes["href"])
        if parent == "url" and "alternate" in rel.split():
            self._links.add_alternate(address)
        elif parent == "entry" and rel == "alternate":
            is_page = attributes.get("type", "text/html") in {"text/html", "application/xhtml+xml"}
            key = "link" if is_page else "guid"
            self._item.setdefault(key, address)
        elif parent in {"feed", "channel"} and rel in {"next", "prev-archive"}:
            # Further pages of a feed (RFC 5005).
            self._links.add_child(address, "")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attribute(attributes: dict[str, str], name: str) -> str:
    return next((value for key, value in attributes.items() if _local(key) == name), "")


def _base_of(attributes: dict[str, str], outer: str) -> str:
    """Return the address to which links within an element belong (xml:base)."""
    base = attributes.get("{http://www.w3.org/XML/1998/namespace}base", "")
    return urljoin_or_empty(outer, base) if base else outer


def _read_text(text: str, links: "_Links") -> None:
    """Read a list with an address a line, or the links of an llms.txt."""
    for line in map(str.strip, text.split("\n")):
        addresses = _MARKDOWN_LINK.findall(line)
        if not addresses and not line.startswith("#"):
            bare = _ITEM.sub("", line, count=1).strip("<> \t")
            addresses = [bare] if _BARE_ADDRESS.fullmatch(bare) else []
        for address in addresses:
            if not address.startswith("#"):
                links.add(address, "")


class _Links:
    """The addresses of one list, joined to its own address."""

    def __init__(self, address: str) -> None:
        self.urls: list[str] = []
        self.children: list[str] = []
        self.alternates: dict[str, None] = {}
        self.n_unusable = 0
        self.unusable = ""
        self._address = address

    def add(self, address: str, base: str) -> None:
        url = self._usable(address, base)
        if url:
            self.urls.append(url)

    def add_child(self, address: str, base: str) -> None:
        url = self._usable(address, base)
        if url:
            self.children.append(url)

    def add_alternate(self, address: str) -> None:
        url = self._joined(address, "")
        if url and len(self.alternates) < MAX_ALTERNATES:
            self.alternates[url] = None

    def _usable(self, address: str, base: str) -> str:
        """Return the whole address of an entry, or count it and return empty text."""
        url = self._joined(address, base)
        if not url:
            self.n_unusable += 1
            self.unusable = self.unusable or address.strip()[:200]
        return url

    def _joined(self, address: str, base: str) -> str:
        # A line break within an address, with the white space around it, is no part of it.
        plain = "".join(map(str.strip, clean_text(address).split("\n")))
        if not plain or _LOST in plain or len(plain) > _MAX_ADDRESS_CHARACTERS:
            return ""
        joined = urljoin_or_empty(urljoin_or_empty(self._address, base), plain)
        url = urldefrag(without_login(joined)).url if joined else ""
        return url if split_http(url) is not None else ""


def urljoin_or_empty(base: str, address: str) -> str:
    """Return the whole address of a link, or empty text for a broken one."""
    try:
        # urljoin raises ValueError for a broken address such as "http://[x".
        return urljoin(base, address.strip())
    except ValueError:
        return ""
