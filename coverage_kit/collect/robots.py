"""Read what the robots.txt of a site allows (RFC 9309)."""

import logging
import re
from urllib.parse import urljoin

from protego import Protego

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.fetch import Fetched, Fetcher, Request
from coverage_kit.collect.urls import split_http

_LOG = logging.getLogger(__name__)
# RFC 9309 asks for at least 500 KiB to be parsed; 512,000 bytes are 500 KiB.
_MAX_BYTES = 512_000
# The rules of a host without a robots.txt: everything is allowed (RFC 9309).
_NO_RULES = ""
# The rules of a host whose robots.txt cannot be read: everything is refused (RFC 9309).
_ALL_REFUSED = "User-agent: *\nDisallow: /"
# Answers that say that there is no robots.txt, besides those of 4xx. RFC 9309 lets a crawler take a
# long chain of redirects, and so a loop, for a missing file.
_ABSENT = frozenset({"too many redirects", "redirect", "redirect to no http(s) URL", "http 204"})
# A line that names the crawlers of a group, in the spellings that sites use.
_AGENT_LINE = re.compile(r"user[- ]?agent[ \t]{0,100}[: \t]", re.IGNORECASE)
# The part of a crawler's name that rules are matched by (RFC 9309, 2.2.1).
_TOKEN = re.compile(r"[a-z_-]+")
# The name of this crawler in the rules as they are matched, and that of all others.
_US, _OTHERS = "us", "?"


class Robots:
    """The rules of each host, fetched once.

    `trouble` gives, by host, the status of a robots.txt that could not be read.
    """

    def __init__(self, fetcher: Fetcher, user_agent: str) -> None:
        self.trouble: dict[str, str] = {}
        self._fetcher = fetcher
        self._names = _agent_names(user_agent)
        self._rules: dict[str, Protego] = {}

    def refuses(self, url: str) -> bool:
        """Return whether the rules of the URL's host refuse it.

        A host whose rules cannot be read refuses all URLs.
        """
        return not self._rules_of(url).can_fetch(url, _US)

    def delay_seconds(self, url: str) -> float:
        """Return the pause between two requests that the URL's host sets, or 0."""
        return float(self._rules_of(url).crawl_delay(_US) or 0.0)

    def sitemaps(self, url: str) -> list[str]:
        """Return the addresses of the sitemaps that the URL's host names, each once."""
        root = _root_of(url)
        named = [_join(root, address) for address in self._rules_of(url).sitemaps]
        return [address for address in dict.fromkeys(named) if split_http(address) is not None]

    def _rules_of(self, url: str) -> Protego:
        root = _root_of(url)
        if root not in self._rules:
            self._rules[root] = Protego.parse(rules_for(self._read_rules(root), self._names))
        return self._rules[root]

    def _read_rules(self, root: str) -> str:
        """Return the text of a host's robots.txt.

        A host that has none sets no rules. A host that fails to answer refuses all URLs. Rules to
        which another host redirects are those of this host.
        """
        fetched = self._fetcher.fetch(urljoin(root, "/robots.txt"), Request(max_bytes=_MAX_BYTES))
        if fetched.status in {"ok", "too large"}:
            return _text_of(fetched, root)
        # 429 asks to come later; it does not say that there is no robots.txt.
        is_absent = fetched.status.startswith(("http 3", "http 4")) and fetched.status != "http 429"
        if is_absent or fetched.status in _ABSENT:
            return _NO_RULES
        self.trouble[root] = fetched.status
        return _ALL_REFUSED


def rules_for(text: str, names: frozenset[str]) -> str:
    """Return a robots.txt in which each group is for this crawler, for all, or for others.

    Protego takes the beginning of a name for the name, and the time it needs grows with the square
    of the number of names; RFC 9309 compares whole product tokens, in any case of letters.

    Args:
        text: the rules of a host.
        names: the names of this crawler, in lower case.
    """
    return "\n".join(_line_for(line, names) for line in text.split("\n"))


def _line_for(line: str, names: frozenset[str]) -> str:
    line = line.strip()
    agent_line = _AGENT_LINE.match(line)
    if agent_line is None:
        return line
    value = line[agent_line.end() :].partition("#")[0].strip(" \t:").lower()
    if not value:
        return "User-agent:"
    if value.split()[0] == "*":
        return "User-agent: *"
    plain = value.replace("*", "")
    token = _TOKEN.match(plain)
    is_ours = plain in names or (token is not None and token[0] in names)
    return f"User-agent: {_US if is_ours else _OTHERS}"


def _agent_names(user_agent: str) -> frozenset[str]:
    """Return the names by which rules may address this crawler, in lower case.

    Of a browser's line such as "Mozilla/5.0 (compatible; Foobot/1.0)" that is Foobot, else it is
    the first name, with and without what follows its letters.
    """
    agent = user_agent.strip().lower()
    products = re.findall(r"([a-z_-]+[\w-]*)/", agent)
    products = [name for name in products if name not in {"mozilla", "http:", "https:"}]
    is_browser = agent.startswith("mozilla/") and products
    first = products[0] if is_browser else re.split(r"[/\s(;]", agent, maxsplit=1)[0]
    token = _TOKEN.match(first)
    return frozenset({agent, first, token[0] if token is not None else first})


def _text_of(fetched: Fetched, root: str) -> str:
    """Return the rules in an answer: none where it is an error page of status 200."""
    content = fetched.content
    if fetched.status == "too large":
        # A rule that is cut in two would be another rule.
        content = content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1]
        _LOG.info("%s: only the first %d bytes of its robots.txt are read", root, len(content))
    text = decode_text(content, fetched.charset)
    if text.lstrip().startswith("<"):
        _LOG.info("%s: its robots.txt is a page of HTML and sets no rules", root)
        return _NO_RULES
    return text


def _root_of(url: str) -> str:
    split_url = split_http(url)
    return f"{split_url.scheme}://{split_url.netloc}" if split_url is not None else ""


def _join(root: str, address: str) -> str:
    try:
        return urljoin(f"{root}/robots.txt", address)
    except ValueError:
        return ""
