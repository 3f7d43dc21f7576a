"""What a site's robots.txt allows (RFC 9309)."""

from urllib.parse import urljoin

from protego import Protego

from coverage_kit.collect.fetch import Fetcher, Request
from coverage_kit.collect.urls import split_http

_MOST_BYTES = 512_000
_NO_RULES = ""
_ALL_REFUSED = "User-agent: *\nDisallow: /"


class Robots:
    """The rules of each host, fetched once; `trouble` says why a host's rules could not be had."""

    def __init__(self, fetcher: Fetcher, user_agent: str) -> None:
        self.trouble: dict[str, str] = {}
        self._fetcher = fetcher
        self._user_agent = user_agent
        self._rules: dict[str, Protego] = {}

    def refuses(self, url: str) -> bool:
        """Return whether the rules of the URL's host refuse it; they refuse all while they cannot be had."""
        return not self._rules_of(url).can_fetch(url, self._user_agent)

    def delay_seconds(self, url: str) -> float:
        """Return the pause between two requests that the URL's host asks for, or 0."""
        return float(self._rules_of(url).crawl_delay(self._user_agent) or 0.0)

    def _rules_of(self, url: str) -> Protego:
        parts = split_http(url)
        root = f"{parts.scheme}://{parts.netloc}" if parts is not None else ""
        if root not in self._rules:
            self._rules[root] = Protego.parse(self._read_rules(root))
        return self._rules[root]

    def _read_rules(self, root: str) -> str:
        """Return the text of a host's robots.txt: no rules where it has none, all refused where it fails to answer."""
        fetched = self._fetcher.fetch(urljoin(root, "/robots.txt"), Request(most_bytes=_MOST_BYTES))
        if fetched.status in {"ok", "too large"}:
            return fetched.content.decode("utf-8-sig", errors="replace")
        is_told = fetched.status.startswith("http 4") and fetched.status != "http 429"
        if is_told or fetched.status in {
            "too many redirects",
            "redirect",
            "http 204",
        }:
            return _NO_RULES
        self.trouble[root] = fetched.status
        return _ALL_REFUSED
