"""Count the links of a crawl that were not followed, each address once."""

from dataclasses import dataclass

from coverage_kit.collect.page_links import PageLinks
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import page_id, site_scope, split_http

# Keeps the memory of a crawl bounded where a site makes up URLs without end (assumed).
MAX_ADDRESSES = 200_000
# Longer URLs are traps for crawlers or searches rather than pages (assumed).
_MAX_URL_CHARACTERS = 2_000
# Endings of paths that are no pages: pictures, styles, scripts, fonts, media, archives and feeds.
_ASSETS = (
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".webp",
    ".avif",
    ".svg",
    ".ico",
    ".css",
    ".js",
    ".mjs",
    ".json",
    ".woff",
    ".woff2",
    ".ttf",
    ".mp3",
    ".mp4",
    ".webm",
    ".mov",
    ".avi",
    ".zip",
    ".gz",
    ".tar",
    ".rar",
    ".7z",
    ".exe",
    ".dmg",
    ".xml",
    ".rss",
)


@dataclass(frozen=True)
class _Passed:
    """One address that was passed over."""

    url: str
    reason: str
    cure: str = ""
    may_be_pages: bool = False
    is_redirect: bool = False


class LinkAccount:
    """The links of one crawl that were not followed, with the reason."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._passed: dict[str, _Passed] = {}
        self._n_beyond = 0

    def sort(self, links: PageLinks) -> list[str]:
        """Return the links to follow, and count the others."""
        for url in links.unfollowed:
            if site_scope(url) == self._scope:
                cure = "Remove nofollow from the links to it, or list it in a sitemap."
                self._pass_over(_Passed(url, "a link marked nofollow", cure, may_be_pages=True))
            else:
                self._pass_over(_Passed(url, "a link to another host"))
        return [url for url in links.followed if self._is_followed(url)]

    def redirected(self, url: str) -> None:
        """Count an address that leads to another address, which has a row."""
        reason = "a redirect to another address of the site"
        self._pass_over(_Passed(url, reason, is_redirect=True))

    def drop(self, url: str) -> None:
        """Count an address for which too many others wait."""
        reason = f"beyond the limit of {MAX_ADDRESSES:,} waiting addresses"
        cure = "List the pages that matter in a sitemap, and name it as the source."
        self._pass_over(_Passed(url, reason, cure, may_be_pages=True))

    def close(self, reached_ids: set[str], unread: UnreadItems) -> None:
        """Count in `unread` the addresses that no other link led to."""
        for identity, passed in self._passed.items():
            if passed.is_redirect or identity not in reached_ids:
                unread.add(
                    "address",
                    passed.reason,
                    passed.url,
                    cure=passed.cure,
                    may_be_pages=passed.may_be_pages,
                )
        if self._n_beyond:
            example = next(iter(self._passed.values())).url
            reason = "beyond the limit of counted links"
            unread.add("address", reason, example, n_items=self._n_beyond, may_be_pages=False)

    def _is_followed(self, url: str) -> bool:
        split_url = split_http(url)
        if split_url is None:
            return False
        if site_scope(url) != self._scope:
            self._pass_over(_Passed(url, "a link to another host"))
            return False
        if len(url) > _MAX_URL_CHARACTERS:
            reason = f"an address of more than {_MAX_URL_CHARACTERS:,} characters"
            self._pass_over(_Passed(url, reason))
            return False
        path = split_url.path.lower()
        if path.endswith(_ASSETS):
            self._pass_over(_Passed(url, f"the ending .{path.rpartition('.')[2]}"))
            return False
        return True

    def _pass_over(self, passed: _Passed) -> None:
        identity = page_id(passed.url)
        if identity in self._passed:
            return
        if len(self._passed) < MAX_ADDRESSES:
            self._passed[identity] = passed
        else:
            self._n_beyond += 1
