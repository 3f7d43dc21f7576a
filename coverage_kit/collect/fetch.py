"""Send one polite request.

It is paced, retried, bounded in time and size, and kept on the site and off private networks.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import urldefrag, urljoin

import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from coverage_kit.collect.urls import split_http
from coverage_kit.llm.retry_after import seconds_asked
from coverage_kit.settings import CrawlSettings

# Media types that are read as pages; the body of a response of any other type is not read.
HTML_TYPES = ("text/html", "application/xhtml+xml")
# Statuses whose `location` header names another address.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A longer chain of redirects is a loop or a trap (assumed).
_MAX_REDIRECTS = 5
# Statuses after which another try may succeed.
_RETRIED = frozenset(
    {
        "timeout",
        "connection broken",
        "http 429",
        "http 500",
        "http 502",
        "http 503",
        "http 504",
    }
)
# Bytes read at a time: size and time are checked while a body arrives, not after it (assumed).
_CHUNK_BYTES = 65_536
# Bounds of the pause before another try (assumed).
_MAX_PAUSE_SECONDS = 60.0
# With a delay of 0 the pause would stay 0, however often it doubles.
_MIN_PAUSE_SECONDS = 0.1
# A full answer may take this many times the time allowed for its next bytes (assumed).
_BODY_TIMEOUTS = 3


@dataclass(frozen=True)
class Fetched:
    """The response to one request.

    `url` is the final URL; `status` is 'ok' or says why there is no content; `content` is
    decompressed; the names of `headers` are in lower case; `stored_at` is the path of the content.
    """

    url: str
    status: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fetched_at: datetime | None = None
    stored_at: str | None = None

    @property
    def content_type(self) -> str:
        """The media type in lower case, such as text/html; empty where none is named."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The encoding named by the server, or empty."""
        message = Message()
        message["content-type"] = self.headers.get("content-type", "")
        return message.get_content_charset("") or ""

    @property
    def is_passing(self) -> bool:
        """Whether the failure may be over at the next try."""
        return self.status in _RETRIED


@dataclass(frozen=True)
class Request:
    """What to request besides a URL.

    `types` are the media types that are read (empty: all); `refuse` returns the reason why the
    target of a redirect is refused, or empty text.
    """

    types: tuple[str, ...] = ()
    max_bytes: int = 8_000_000
    headers: Mapping[str, str] = field(default_factory=dict)
    refuse: Callable[[str], str] = lambda _: ""


class Fetcher:
    """Fetches one URL after another, with pauses between them.

    `n_requests` and `n_bytes` (decompressed) count its work.
    """

    def __init__(self, crawl: CrawlSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self.delay_seconds = crawl.delay_seconds
        self.n_requests = 0
        self.n_bytes = 0
        self._crawl = crawl
        self._sleep = sleep
        self._next_turn = 0.0
        self._pool = _make_pool(crawl)

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def fetch(self, url: str, request: Request = Request()) -> Fetched:
        """Return the response to a URL, after at most five redirects and the configured retries.

        Never raises for the network: the status says 'ok', 'http 404', 'timeout', 'private
        address', 'too large' and so on.
        """
        if split_http(url) is None:
            return Fetched(url, "not a usable URL")
        for _ in range(_MAX_REDIRECTS + 1):
            fetched = self._ask(url, request)
            location = fetched.headers.get("location", "")
            if fetched.status != "redirect" or not location:
                return fetched
            target = _join(url, location)
            reason = (
                request.refuse(target)
                if split_http(target) is not None
                else "redirect to no http(s) URL"
            )
            if reason:
                return Fetched(url, reason, fetched_at=fetched.fetched_at)
            url = target
        return Fetched(url, "too many redirects")

    def _ask(self, url: str, request: Request) -> Fetched:
        for attempt in range(self._crawl.retries + 1):
            self._wait_turn()
            fetched = self._ask_once(url, request)
            if not fetched.is_passing or attempt == self._crawl.retries:
                break
            self._sleep(_pause(fetched, attempt, self.delay_seconds))
        return fetched

    def _wait_turn(self) -> None:
        wait = self._next_turn - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        self._next_turn = time.monotonic() + self.delay_seconds

    def _ask_once(self, url: str, request: Request) -> Fetched:
        self.n_requests += 1
        fetched_at = datetime.now(UTC).replace(microsecond=0)
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={**self._pool.headers, **request.headers},
                # `fetch` and `_ask` follow redirects and retry, as they check targets and pause.
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except _PrivateAddressError:
            return Fetched(url, "private address", fetched_at=fetched_at)
        except (HTTPError, UnicodeError, ValueError) as error:
            return Fetched(url, _network_status(error), fetched_at=fetched_at)
        try:
            return self._read(url, response, request, fetched_at)
        except (HTTPError, OSError) as error:
            return Fetched(url, _network_status(error), fetched_at=fetched_at)
        finally:
            response.close()

    def _read(
        self,
        url: str,
        response: BaseHTTPResponse,
        request: Request,
        fetched_at: datetime,
    ) -> Fetched:
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Fetched(url, _status_of(response.status), b"", headers, fetched_at)
        if answer.status != "ok":
            return answer
        if request.types and answer.content_type and answer.content_type not in request.types:
            return Fetched(url, f"not html: {answer.content_type}", b"", headers, fetched_at)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"gzip", "x-gzip", "deflate", "identity", ""}:
            return Fetched(url, f"content encoding {encoding[:40]}", b"", headers, fetched_at)
        status, content = self._read_body(response, request.max_bytes)
        return Fetched(url, status, content, headers, fetched_at)

    def _read_body(self, response: BaseHTTPResponse, max_bytes: int) -> tuple[str, bytes]:
        """Return status and content; of a body that is too large, the content is its beginning."""
        end = time.monotonic() + _BODY_TIMEOUTS * self._crawl.timeout_seconds
        chunks: list[bytes] = []
        n_bytes = 0
        while chunk := response.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            n_bytes += len(chunk)
            self.n_bytes += len(chunk)
            if n_bytes > max_bytes:
                return "too large", b"".join(chunks)[:max_bytes]
            if time.monotonic() > end:
                return "timeout", b""
        return "ok", b"".join(chunks)


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet.

    Private, loopback, link-local and reserved addresses do not.

    >>> is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("1.1.1.1")
    (False, False, True)
    """
    ip_address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip_address, ipaddress.IPv6Address):
        # An IPv6 address may stand for an IPv4 address, which may be private.
        inner = ip_address.ipv4_mapped or ip_address.sixtofour or _nat64(ip_address)
        if inner is not None:
            return is_public(str(inner))
    return ip_address.is_global and not ip_address.is_multicast


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    is_translated = address in ipaddress.IPv6Network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if is_translated else None


class _PrivateAddressError(Exception):
    """The socket reached an address outside the public internet."""


class _PublicConnection(HTTPConnection):
    """Checks which address the socket itself reached.

    A name may resolve to another address the second time (DNS rebinding).
    """

    def _new_conn(self) -> socket.socket:
        return _checked_socket(super()._new_conn())


class _PublicTlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked_socket(super()._new_conn())


def _checked_socket(reached: socket.socket) -> socket.socket:
    address = str(reached.getpeername()[0])
    if is_public(address):
        return reached
    reached.close()
    raise _PrivateAddressError(address)


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


def _make_pool(crawl: CrawlSettings) -> urllib3.PoolManager:
    headers = {
        "User-Agent": crawl.user_agent,
        "Accept": "text/html,*/*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
    }
    timeout = urllib3.Timeout(connect=crawl.timeout_seconds, read=crawl.timeout_seconds)
    pool = urllib3.PoolManager(headers=headers, timeout=timeout)
    if not crawl.allow_private_addresses:
        pool.pool_classes_by_scheme = {
            "http": _PublicPool,
            "https": _PublicTlsPool,
        }
    return pool


def _status_of(code: int) -> str:
    if code == 304:
        return "not modified"
    if code in _REDIRECTS:
        return "redirect"
    return "ok" if code in {200, 203} else f"http {code}"


def _network_status(error: Exception) -> str:
    # The order matters: a NameResolutionError is a NewConnectionError, and that is a TimeoutError.
    statuses: list[tuple[type[Exception], str]] = [
        (exceptions.NameResolutionError, "unreachable: unknown host"),
        (exceptions.SSLError, "unreachable: no valid certificate"),
        (exceptions.NewConnectionError, "unreachable: connection refused"),
        (exceptions.TimeoutError, "timeout"),
        (exceptions.DecodeError, "broken content"),
        (exceptions.ProtocolError, "connection broken"),
        (OSError, "connection broken"),
    ]
    return next(
        (status for kind, status in statuses if isinstance(error, kind)),
        "not a usable URL",
    )


def _join(url: str, location: str) -> str:
    try:
        return urldefrag(urljoin(url, location)).url
    except ValueError:
        return ""


def _pause(fetched: Fetched, attempt: int, delay_seconds: float) -> float:
    """Return the seconds before the next try: what the server requests, or else a doubling pause.

    It is a minute at most.
    """
    growing = max(delay_seconds, _MIN_PAUSE_SECONDS) * 2.0**attempt
    return min(
        max(seconds_asked(fetched.headers.get("retry-after", "")), growing),
        _MAX_PAUSE_SECONDS,
    )
