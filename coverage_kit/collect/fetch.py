"""Send one polite request.

It is paced, retried, bounded in time and size, and kept on the site and off private networks.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from importlib.util import find_spec
from urllib.parse import urldefrag, urljoin

from urllib3 import exceptions
from urllib3.response import BaseHTTPResponse

from coverage_kit.collect.urls import site_scope, split_http
from coverage_kit.net.addresses import is_public  # noqa: F401 (what the crawler may reach)
from coverage_kit.net.body import (
    ACCEPTED,
    BrokenError,
    CutOffError,
    EncodingError,
    TooLargeError,
    shown,
    unpack,
)
from coverage_kit.net.connection import PrivateAddressError, open_pool
from coverage_kit.net.deadline import Deadline
from coverage_kit.net.logins import login_headers, without_login
from coverage_kit.net.retry_after import Patience, seconds_asked
from coverage_kit.settings import CrawlSettings
from coverage_kit.text.page_markup import MARKDOWN

# Media types that are read as pages; the body of a response of any other type is not read.
HTML_TYPES = ("text/html", "application/xhtml+xml")
_PDF_TYPE = "application/pdf"
MARKDOWN_TYPES = ("text/markdown", "text/x-markdown")
# Many servers send Markdown as plain text; the ending of the address then says what it is.
_PLAIN_TYPE = "text/plain"
# The status of a page for which the time of the crawl is too short.
NO_TIME = "no time left"
# One pause is a minute at most, whatever robots.txt or a server asks for: longer ones are mistakes
# or traps, and at one page a minute no site is under load (assumed).
MAX_PAUSE_SECONDS = 60.0
# Statuses whose `location` header names another address.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A longer chain of redirects is a loop or a trap (assumed).
_MAX_REDIRECTS = 5
# Statuses after which another try may succeed.
_RETRIED = frozenset(
    {
        "timeout",
        "connection broken",
        "cut off",
        "http 429",
        "http 500",
        "http 502",
        "http 503",
        "http 504",
        NO_TIME,
    }
)
# Bytes read at a time: size and time are checked while a body arrives, not after it (assumed).
_CHUNK_BYTES = 65_536
# With a delay of 0 the pause would stay 0, however often it doubles.
_MIN_PAUSE_SECONDS = 0.1
# A whole exchange, with its redirects, may take this many times the time allowed for its next
# bytes (assumed).
_EXCHANGE_TIMEOUTS = 3
# What a network, an answer or a URL can raise.
_TROUBLES = (exceptions.HTTPError, HTTPException, OSError, ValueError, OverflowError)


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
    def is_pdf(self) -> bool:
        """Whether the content is a PDF."""
        return self.content_type == _PDF_TYPE

    @property
    def is_markdown(self) -> bool:
        """Whether the content is Markdown, by its media type, or as plain text by its address."""
        return self.content_type in MARKDOWN_TYPES or (
            self.content_type in {_PLAIN_TYPE, ""} and is_markdown_address(self.url)
        )

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

    `n_requests` and `n_bytes` (decompressed) count its work. No pause and no exchange goes beyond
    `end`, a moment of the monotonic clock; `is_out_of_time` says that one would have.
    """

    def __init__(
        self,
        crawl: CrawlSettings,
        sleep: Callable[[float], None] = time.sleep,
        end: float = math.inf,
    ) -> None:
        self.delay_seconds = crawl.delay_seconds
        self.end = end
        self.is_out_of_time = False
        self.n_requests = 0
        self.n_bytes = 0
        self.patience = Patience(MAX_PAUSE_SECONDS)
        self._crawl = crawl
        self._sleep = sleep
        self._next_turn = 0.0
        self._headers = {
            "User-Agent": crawl.user_agent,
            "Accept": "text/html,*/*;q=0.5",
            "Accept-Encoding": ACCEPTED,
        }
        self._pool = open_pool(
            crawl.timeout_seconds, self._headers, public_only=not crawl.allow_private_addresses
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def fetch(self, url: str, request: Request = Request()) -> Fetched:
        """Return the response to a URL, after at most five redirects and the configured retries.

        Never raises for the network: the status says 'ok', 'http 404', 'timeout', 'private
        address', 'too large', 'cut off' and so on. One deadline, three times the timeout of the
        settings, holds for a try with all its redirects.
        """
        url = without_login(url)
        if split_http(url) is None:
            return Fetched(url, "not a usable URL")
        for attempt in range(self._crawl.retries + 1):
            fetched = self._follow(url, request)
            if not fetched.is_passing or attempt == self._crawl.retries:
                break
            if not self._wait(self._pause(fetched, attempt)):
                break
        return fetched

    def _follow(self, url: str, request: Request) -> Fetched:
        seconds_left = _EXCHANGE_TIMEOUTS * self._crawl.timeout_seconds
        for _ in range(_MAX_REDIRECTS + 1):
            if not self._wait_turn():
                return Fetched(url, NO_TIME)
            # The pauses between requests do not count: they are ours.
            start = time.monotonic()
            fetched = self._ask(url, request, min(seconds_left, self.end - start))
            seconds_left -= time.monotonic() - start
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

    def _pause(self, fetched: Fetched, attempt: int) -> float:
        """Return the seconds before the next try.

        They are what the server asks for, or else a doubling pause; a minute at most.
        """
        growing = max(self.delay_seconds, _MIN_PAUSE_SECONDS) * 2.0**attempt
        asked = self.patience.bound(
            seconds_asked(fetched.headers.get("retry-after", "")), site_scope(fetched.url)
        )
        return min(max(asked, growing), MAX_PAUSE_SECONDS)

    def _wait_turn(self) -> bool:
        if not self._wait(self._next_turn - time.monotonic()):
            return False
        self._next_turn = time.monotonic() + self.delay_seconds
        return True

    def _wait(self, seconds: float) -> bool:
        """Return whether there is time for a pause, after it."""
        if time.monotonic() + max(seconds, 0.0) > self.end:
            self.is_out_of_time = True
            return False
        if seconds > 0:
            self._sleep(seconds)
        return True

    def _ask(self, url: str, request: Request, seconds: float) -> Fetched:
        self.n_requests += 1
        fetched_at = datetime.now(UTC).replace(microsecond=0)
        with Deadline(seconds) as deadline:
            try:
                fetched = self._exchange(url, request, fetched_at)
            except PrivateAddressError:
                return Fetched(url, "private address", fetched_at=fetched_at)
            except _TROUBLES as error:
                fetched = Fetched(url, _network_status(error), fetched_at=fetched_at)
            finally:
                # An answer may have had more bytes than it said: no connection serves twice.
                self._pool.clear()
            # The deadline cuts an answer, which may look complete.
            return Fetched(url, "timeout", fetched_at=fetched_at) if deadline.is_over else fetched

    def _exchange(self, url: str, request: Request, fetched_at: datetime) -> Fetched:
        response = self._pool.request(
            "GET",
            url,
            headers={**self._pool.headers, **request.headers, **login_headers(url)},
            # `fetch` and `_follow` retry and follow redirects, as they pause and check targets.
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            return self._read(url, response, request, fetched_at)
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
            status = f"not html: {shown(answer.content_type)}"
            return Fetched(url, status, b"", headers, fetched_at)
        pieces = unpack(_chunks(response), headers.get("content-encoding", ""), request.max_bytes)
        status, content = self._read_body(pieces, request.max_bytes)
        if status == "ok" and not content and not _says_empty(headers):
            status = "cut off"
        return Fetched(url, status, content, headers, fetched_at)

    def _read_body(self, pieces: Iterator[bytes], max_bytes: int) -> tuple[str, bytes]:
        """Return status and content; of a body that is too large, the content is its beginning."""
        content = bytearray()
        try:
            for piece in pieces:
                content += piece
                self.n_bytes += len(piece)
        except TooLargeError:
            return "too large", bytes(content[:max_bytes])
        except CutOffError:
            return "cut off", b""
        except BrokenError:
            return "broken content", b""
        except EncodingError as error:
            return f"content encoding {error.encoding}", b""
        return "ok", bytes(content)


def is_markdown_address(url: str) -> bool:
    """Return whether an address ends as that of a Markdown file does."""
    split_url = split_http(url)
    return split_url is not None and split_url.path.lower().endswith(tuple(MARKDOWN))


def page_types(url: str) -> tuple[str, ...]:
    """Return the media types that are read as a page at an address."""
    plain = (_PLAIN_TYPE,) if is_markdown_address(url) else ()
    # Without the reader of PDF, such files need not be fetched.
    pdf = (_PDF_TYPE,) if find_spec("pypdf") is not None else ()
    return (*HTML_TYPES, *MARKDOWN_TYPES, *plain, *pdf)


def _says_empty(headers: Mapping[str, str]) -> bool:
    """Return whether an answer without a byte says that it has none; else it may have lost them."""
    length = headers.get("content-length", "").strip()
    return length == "0" or "chunked" in headers.get("transfer-encoding", "").lower()


def _chunks(response: BaseHTTPResponse) -> Iterator[bytes]:
    while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
        yield chunk


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
        (exceptions.ProtocolError, "connection broken"),
        (exceptions.InvalidHeader, "connection broken"),
        (HTTPException, "connection broken"),
        (OSError, "connection broken"),
    ]
    return next(
        (status for kind, status in statuses if isinstance(error, kind)),
        "not a usable URL",
    )


def _join(url: str, location: str) -> str:
    try:
        return without_login(urldefrag(urljoin(url, location)).url)
    except ValueError:
        return ""
