"""Read what the robots.txt of a site allows (RFC 9309)."""

from urllib.parse import urljoin

from protego import Protego

from coverage_kit.collect.fetch import Fetcher, Request
from coverage_kit.collect.urls import split_http

# RFC 9309 asks for at least 500 KiB to be parsed; 512,000 bytes are 500 KiB.
_MAX_BYTES = 512_000
# The rules of a host without a robots.txt: everything is allowed (RFC 9309).
_NO_RULES = ""
# The rules of a host whose robots.txt cannot be read: everything is refused (RFC 9309).
_ALL_REFUSED = "User-agent: *\nDisallow: /"


class Robots:
    """The rules of each host, fetched once.

    `trouble` gives, by host, the status of a robots.txt that could not be read.
    """

    def __init__(self, fetcher: Fetcher, user_agent: str) -> None:
        self.trouble: dict[str, str] = {}
        self._fetcher = fetcher
        self._user_agent = user_agent
        self._rules: dict[str, Protego] = {}

    def refuses(self, url: str) -> bool:
        """Return whether the rules of the URL's host refuse it.

        A host whose rules cannot be read refuses all URLs.
        """
        return not self._rules_of(url).can_fetch(url, self._user_agent)

    def delay_seconds(self, url: str) -> float:
        """Return the pause between two requests that the URL's host sets, or 0."""
        return float(self._rules_of(url).crawl_delay(self._user_agent) or 0.0)

    def _rules_of(self, url: str) -> Protego:
        split_url = split_http(url)
        root = f"{split_url.scheme}://{split_url.netloc}" if split_url is not None else ""
        if root not in self._rules:
            self._rules[root] = Protego.parse(self._read_rules(root))
        return self._rules[root]

    def _read_rules(self, root: str) -> str:
        """Return the text of a host's robots.txt.

        A host that has none sets no rules. A host that fails to answer refuses all URLs.
        """
        fetched = self._fetcher.fetch(urljoin(root, "/robots.txt"), Request(max_bytes=_MAX_BYTES))
        if fetched.status in {"ok", "too large"}:
            return fetched.content.decode("utf-8-sig", errors="replace")
        # 429 asks to come later; it does not say that there is no robots.txt.
        is_absent = fetched.status.startswith("http 4") and fetched.status != "http 429"
        if is_absent or fetched.status in {
            "too many redirects",
            "redirect",
            "http 204",
        }:
            return _NO_RULES
        self.trouble[root] = fetched.status
        return _ALL_REFUSED
