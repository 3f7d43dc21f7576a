"""Split an llms-full.txt, which holds all pages of a site as Markdown, into its pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from coverage_kit.collect.decode import clean_text, decode_page
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import Addresses, with_extract
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import site_name, split_http
from coverage_kit.errors import SiteError
from coverage_kit.text.page_markup import INDEX_NAMES

# No site's text is as large (assumed).
_MAX_BYTES = 200_000_000
# A longer page takes the parser of Markdown too long, as in a folder.
_MAX_PAGE_BYTES = 500_000
# Lines below a title in which its address is, and lines that front matter may have (assumed).
_N_LINES_BELOW = 4
_N_FRONT_LINES = 60
# Words before the first page from which they are a text of their own (assumed).
_MIN_PREFACE_WORDS = 60
_HEADING = re.compile(r"^#\s+(\S.*?)\s*#*\s*$")
_LINKED_HEADING = re.compile(r"^#{1,2}\s+\[([^\[\]]+)\]\((\S+?)\)\s*$")
# "# Prices (/docs/prices)"
_HEADING_WITH_PATH = re.compile(r"^#\s+(\S.*?)\s+\((/[^\s()]*|https?://[^\s()]+)\)\s*$")
# A line with an address: "Source: https://…", "URL: /docs", "**URL:** https://…", "> Source: …".
_ADDRESS = re.compile(
    r"^(?:>\s*)?\**(?P<key>URL Source|Source URL|URL|Source|Canonical|Link|Permalink)\**\s?:\**\s*"
    r"(?:\[[^\[\]]*\]\()?<?(?P<url>https?://[^\s<>()]+|/[^\s<>()]*)>?\)?\s*$",
    re.IGNORECASE,
)
_BARE_ADDRESS = re.compile(r"^<?(https?://[^\s<>]+)>?\s*$")
_TITLE = re.compile(r"^Title:\s*(\S.*)$")
_TAG = re.compile(r"^\s*<(page|doc|document)\b([^<>]*)>", re.IGNORECASE)
_TAG_END = re.compile(
    r"</(?:page|doc|document|content|source|pages|docs|documents)>\s*$", re.IGNORECASE
)
_TAG_ADDRESS = re.compile(
    r"\b(?:url|href|source|src|path|link)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE
)
_TAG_TITLE = re.compile(r"\btitle\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_INNER_ADDRESS = re.compile(r"<(url|source|href|link)>\s*([^<>\s]+)\s*</\1>", re.IGNORECASE)
_INNER_LINE = re.compile(
    r"^\s*<(title|url|source|href|link|description)>[^<>]*</\1>\s*$", re.IGNORECASE
)
_CONTENT_TAG = re.compile(
    r"^\s*(?:<(?:content|document_content)>|Markdown Content:[ ]*\n)", re.IGNORECASE
)
_FRONT_ADDRESS = re.compile(
    r"^\s*(?:url|source_url|source|html|permalink|canonical|canonical_url|link)\s*:\s*[\"']?"
    r"(https?://[^\s\"']+|/[^\s\"']*)[\"']?\s*$",
    re.IGNORECASE,
)
_FRONT_LINE = re.compile(r"^(?:\s*#.*|\s*-\s.*|\s+\S.*|[\w-]+\s*:.*|\s*)$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_SEPARATOR = re.compile(r"^\s*(?:[-=*_]\s*){3,}$")
# Hosts of the files from which a site is made, and not of its pages.
_CODE_HOSTS = ("github.com", "raw.githubusercontent.com", "gitlab.com", "bitbucket.org")


@dataclass(frozen=True)
class _Mark:
    """Where a page begins: its first line, the first line of its text, its title and address."""

    line: int
    text_line: int
    title: str
    url: str


def is_named_so(name: str) -> bool:
    """Return whether a file is named as one that holds all pages of a site."""
    return name.lower() in {"llms-full.txt", "llms_full.txt", "llms-ctx-full.txt"}


def has_page_marks(head: bytes) -> bool:
    """Return whether the start of a text has pages with their addresses."""
    return len(_find_marks(head.decode("utf-8", "replace").splitlines())) > 1


def read_llms_full(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the pages of a file, as `split_llms_full` does. Raises SiteError for a huge file."""
    del unread
    n_bytes = path.stat().st_size
    if n_bytes > _MAX_BYTES:
        raise SiteError(str(path), f"at most {_MAX_BYTES:,} bytes", f"{n_bytes:,}", "Split it.")
    rejected = PageRows(path.name, site_name(base) or path.stem, "")
    return try_page(
        path.name,
        lambda: split_llms_full(decode_page(path.read_bytes()), base),
        lambda status: [rejected.with_status(status)],
    )


def split_llms_full(text: str, base_url: str) -> list[PageRows]:
    """Return the pages of an llms-full.txt, in their order.

    Pages are recognised by their addresses: 'Source:' or 'URL:' below a title, front matter with
    one, tags of pages, or titles that are links. A text without such marks is one rejected row,
    because a page without an address is no page of the site. So is a text before the first page.

    Args:
        text: the whole file.
        base_url: where the site is published, for addresses without a host; '' where that is not
            known.
    """
    lines = clean_text(text).split("\n")
    marks = _find_marks(lines)
    addresses = Addresses(base_url, "llms-full.txt")
    whole = PageRows(base_url or "llms-full.txt", addresses.site(base_url or "llms-full.txt"), "")
    if not marks:
        return [whole.with_status("no page in it has an address")]
    pages: list[PageRows] = []
    if sum(len(line.split()) for line in lines[: marks[0].line]) >= _MIN_PREFACE_WORDS:
        start = replace(whole, location=f"{whole.location}#start")
        pages.append(start.with_status("text without an address"))
    ends = [mark.line for mark in marks[1:]] + [len(lines)]
    pages += [
        _page(mark, lines[mark.text_line : end], addresses)
        for mark, end in zip(marks, ends, strict=True)
    ]
    addresses.report("llms-full.txt")
    return pages


def _page(mark: _Mark, lines: list[str], addresses: Addresses) -> PageRows:
    page = addresses.page(_page_url(mark.url))
    while lines and (not lines[-1].strip() or _SEPARATOR.match(lines[-1])):
        lines.pop()
    body = "\n".join(line for line in lines if not _INNER_LINE.match(line))
    body = _CONTENT_TAG.sub("", _TAG_END.sub("", _TAG_END.sub("", _TAG.sub("", body, count=1))))
    content = body.encode()

    def read() -> PageRows:
        if len(content) > _MAX_PAGE_BYTES:
            return page.with_status("too large")
        extract = extract_markdown(content)
        title = mark.title or extract.title
        return with_extract(page, replace(extract, title=title, url=""))

    return try_page(page.location, read, page.with_status)


def _page_url(url: str) -> str:
    """Return the address of the page from that of its Markdown.

    >>> _page_url("/docs/prices.md"), _page_url("https://example.com/docs/index.md")
    ('/docs/prices', 'https://example.com/docs')
    """
    address, _, fragment = url.partition("#")
    del fragment
    path = PurePosixPath(address)
    if path.suffix.lower() not in {".md", ".mdx"}:
        return address
    plain = address[: -len(path.suffix)]
    return plain.rsplit("/", 1)[0] or "/" if path.stem.lower() in INDEX_NAMES else plain


def _find_marks(lines: Sequence[str]) -> list[_Mark]:
    """Return where pages begin, by the form that most pages of the text have."""
    in_code = _code_lines(lines)
    found: dict[str, list[_Mark]] = {"tag": [], "front": [], "address": [], "link": [], "bare": []}
    passed = -1
    for index, line in enumerate(lines):
        if index <= passed or in_code[index]:
            continue
        kind, mark = _mark_at(lines, index, line)
        if mark is not None:
            found[kind].append(mark)
            # The address within front matter or a tag is not that of a second page.
            passed = max(mark.text_line - 1, _front_end(lines, index))
    # Tags and front matter hold whole pages, whose own lines may have the other forms.
    for kind in ("tag", "front", "address"):
        if found[kind]:
            return found[kind]
    # Links and addresses below titles are common within pages: several make a list of pages.
    return next((found[kind] for kind in ("link", "bare") if len(found[kind]) > 1), [])


def _code_lines(lines: Sequence[str]) -> list[bool]:
    """Return for each line whether it is in a fenced block that ends."""
    flags = [False] * len(lines)
    start, mark = -1, ""
    for index, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if not mark:
            start, mark = index, fence[1]
        elif fence[1][0] == mark[0] and len(fence[1]) >= len(mark) and not fence[2].strip():
            flags[start : index + 1] = [True] * (index + 1 - start)
            mark = ""
    return flags


def _mark_at(lines: Sequence[str], index: int, line: str) -> tuple[str, _Mark | None]:
    if line.startswith("#"):
        return _heading_mark(lines, index, line)
    if line.rstrip() == "---":
        return "front", _front_mark(lines, index)
    if _TITLE.match(line):
        return "address", _address_below(lines, index, line.split(":", 1)[1].strip())
    tag = _TAG.match(line)
    return ("tag", _tag_mark(lines, index, tag)) if tag else ("", None)


def _heading_mark(lines: Sequence[str], index: int, line: str) -> tuple[str, _Mark | None]:
    linked = _LINKED_HEADING.match(line)
    if linked and (split_http(linked[2]) or linked[2].startswith("/")):
        return "link", _Mark(index, index + 1, linked[1], linked[2])
    heading = _HEADING.match(line)
    if heading is None:
        return "", None
    below = _address_below(lines, index, heading[1])
    if below is not None:
        return "address", below
    with_path = _HEADING_WITH_PATH.match(line)
    if with_path:
        return "link", _Mark(index, index + 1, with_path[1], with_path[2])
    for number in range(index + 1, min(index + 1 + _N_LINES_BELOW, len(lines))):
        bare = _BARE_ADDRESS.match(lines[number])
        if bare:
            return "bare", _Mark(index, number + 1, heading[1], bare[1])
        if lines[number].strip():
            break
    return "", None


def _address_below(lines: Sequence[str], index: int, title: str) -> _Mark | None:
    """Return the mark of a title with an address below it, before any other text."""
    urls: dict[str, str] = {}
    end = index + 1
    for number in range(index + 1, min(index + 1 + _N_LINES_BELOW, len(lines))):
        address = _ADDRESS.match(lines[number])
        if address:
            urls[address["key"].lower()] = address["url"]
            end = number + 1
        elif lines[number].strip():
            break
    # "Source" may name the file of which the page "URL" is made.
    usable = [url for url in urls.values() if site_name(url) not in _CODE_HOSTS]
    chosen = urls.get("url") or next(iter(usable), "")
    return _Mark(index, end, title, chosen) if chosen else None


def _front_end(lines: Sequence[str], index: int) -> int:
    """Return the line that ends the front matter from this line, or this line."""
    for number in range(index + 1, min(index + 1 + _N_FRONT_LINES, len(lines))):
        if lines[number].rstrip() == "---":
            return number
        if not _FRONT_LINE.match(lines[number]):
            break
    return index


def _front_mark(lines: Sequence[str], index: int) -> _Mark | None:
    end = _front_end(lines, index)
    addresses = (_FRONT_ADDRESS.match(line) for line in lines[index + 1 : end])
    urls = [address[1] for address in addresses if address]
    usable = [url for url in urls if site_name(url) not in _CODE_HOSTS]
    # The front matter is read with the page: it has the title and the dates.
    return _Mark(index, index, "", usable[0]) if usable else None


def _tag_mark(lines: Sequence[str], index: int, tag: re.Match[str]) -> _Mark | None:
    title = _TAG_TITLE.search(tag[2])
    address = _TAG_ADDRESS.search(tag[2])
    if address:
        return _Mark(index, index, title[1] if title else "", address[1])
    for number in range(index + 1, min(index + 1 + _N_LINES_BELOW, len(lines))):
        inner = _INNER_ADDRESS.search(lines[number])
        if inner:
            return _Mark(index, index, title[1] if title else "", inner[2])
        if lines[number].rstrip() == "---":
            front = _front_mark(lines, number)
            return replace(front, line=index) if front is not None else None
    return None
