"""Read a site on the web: a list of its pages or a crawl, each page as HTML or as Markdown."""

import logging
import re
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from coverage_kit.collect.crawl import crawl_site, fetch_file, fetch_sitemap
from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.extract import extract_page, join_url
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.llms_full import split_llms_full
from coverage_kit.collect.sources.pdf import read_pdf
from coverage_kit.collect.unread import RenamedItems, UnreadItems
from coverage_kit.collect.urls import canonical_url, page_id, site_name, site_scope, split_http
from coverage_kit.errors import SiteError
from coverage_kit.escaping import for_file_name
from coverage_kit.settings import CrawlSettings
from coverage_kit.storage.written import is_written
from coverage_kit.text.page_markup import MARKDOWN

# How to read pages whose text scripts write.
RENDER_CURE = (
    "To read pages that scripts write, set crawl.render = true (it needs the extra browser)."
)
_LOG = logging.getLogger(__name__)
# Endings of addresses that are lists of pages.
_LIST_ENDINGS = (".xml", ".xml.gz", ".txt", ".txt.gz", ".rss", ".atom")
# What the address of a Markdown file has beyond that of its page.
_MARKDOWN_ENDING = re.compile(
    rf"(?:(?<=/)index)?(?:{'|'.join(map(re.escape, sorted(MARKDOWN)))})$", re.IGNORECASE
)


def read_web(
    source: str, crawl: CrawlSettings, cache: Path | None, unread: UnreadItems
) -> list[PageRows]:
    """Return the pages of a site on the web, read or rejected: of a list of pages, or of a crawl.

    Args:
        source: a URL: a sitemap, a feed, a text list or an llms.txt, or where a crawl starts.
        crawl: manners and budgets.
        cache: folder in which fetched pages are stored, or None.
        unread: counts what is not read.

    Raises SiteError as `crawl_site` and `fetch_sitemap` do, and for what is no such URL.
    """
    split_url = split_http(source)
    if split_url is None:
        cure = "Write it as https://example.com/."
        raise SiteError("site.source", "a folder or an http(s) URL", repr(source), cure)
    path = split_url.path.lower()
    if path.endswith("/llms-full.txt"):
        return _read_llms_full(source, crawl)
    # Other lists, such as feeds, are recognised by their content.
    is_list = "sitemap" in path or path.endswith(_LIST_ENDINGS)
    responses: Iterable[Fetched] = (fetch_sitemap if is_list else crawl_site)(
        source, crawl, cache, unread
    )
    pages = _without_loops([_read_response(fetched, source, unread) for fetched in responses])
    n_empty = sum(page.status == "no text" for page in pages)
    if n_empty and not crawl.render:
        _LOG.warning("%s: %d pages have no text without scripts. %s", source, n_empty, RENDER_CURE)
    return pages


def _read_llms_full(source: str, crawl: CrawlSettings) -> list[PageRows]:
    fetched = fetch_file(source, crawl)
    if fetched.status != "ok":
        cure = "Check the address, or name the site's llms.txt or its sitemap."
        raise SiteError(source, "a file with all pages of a site", fetched.status, cure)
    text = decode_text(fetched.content, fetched.charset)
    pages = split_llms_full(text, join_url(fetched.url, "/"))
    return [replace(page, fetched_at=fetched.fetched_at) for page in pages]


def _without_loops(pages: list[PageRows]) -> list[PageRows]:
    """Return the pages, believing no URL of a page that, over other pages, names itself again."""
    by_id = {page_id(page.location): page for page in pages}
    return [replace(page, declared_url="") if _is_in_loop(page, by_id) else page for page in pages]


def _is_in_loop(page: PageRows, by_id: dict[str, PageRows]) -> bool:
    start = page_id(page.location)
    passed = {start}
    target = page_id(page.declared_url)
    # A page that names itself is no loop.
    while target not in passed and target in by_id and by_id[target].declared_url:
        passed.add(target)
        target = page_id(by_id[target].declared_url)
        if target == start:
            return True
    return False


def _read_response(fetched: Fetched, source: str, unread: UnreadItems) -> PageRows:
    rejected = PageRows(
        fetched.url,
        site_name(source),
        fetched.status,
        html_path=fetched.stored_at,
        fetched_at=fetched.fetched_at,
    )
    if fetched.status != "ok":
        return rejected
    if fetched.is_pdf:
        return _read_pdf(fetched, rejected, unread)

    def read() -> PageRows:
        if is_written(fetched.content):
            return rejected.with_status("written by coverage_kit")
        if fetched.is_markdown:
            extract = extract_markdown(fetched.content)
        else:
            extract = extract_page(fetched.content, fetched.url, fetched.charset)
        # A page that names a URL of another site as its own stays a page of this site.
        declared_url = extract.url if site_scope(extract.url) == site_scope(source) else ""
        status = "ok" if extract.text else "no text"
        page = replace(rejected, status=status, declared_url=declared_url, extract=extract)
        return _as_twin(page) if fetched.is_markdown and not declared_url else page

    return try_page(fetched.url, read, rejected.with_status)


def _read_pdf(fetched: Fetched, rejected: PageRows, unread: UnreadItems) -> PageRows:
    """Return the one page of a PDF, without the path of its source, which is no HTML."""
    name = PurePosixPath(unquote(urlsplit(fetched.url).path)).name
    with tempfile.TemporaryDirectory(prefix="coverage-kit-") as folder:
        path = Path(folder, for_file_name(name) or "document.pdf")
        path.write_bytes(fetched.content)
        page = read_pdf(path, "", RenamedItems(unread, path, fetched.url))[0]
    return replace(
        rejected, status=page.status, extract=page.extract, html_path=None, declared_url=""
    )


def _as_twin(page: PageRows) -> PageRows:
    """Return a Markdown file under the URL of the page that it is the source of.

    That is its own without `.md`, as documentation offers both (llmstxt.org).
    """
    path, mark, query = page.location.partition("?")
    twin = f"{re.sub(_MARKDOWN_ENDING, '', path)}{mark}{query}"
    # A home page as the declared URL counts only for the home page itself.
    is_home = canonical_url(twin).count("/") == 3 and canonical_url(twin).endswith("/")
    return replace(page, location=twin if is_home else page.location, declared_url=twin)
