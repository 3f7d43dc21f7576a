import gzip
import socket
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.fetch import HTML_TYPES, Fetched, Fetcher, Request, is_public
from coverage_kit.settings import CrawlSettings
from tests.collect.local_site import HTML, Answer, LocalSite


@pytest.fixture
def site():
    local = LocalSite()
    yield local
    local.close()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def fetch(pauses):
    fetchers = []

    def fetch(url, request=None, **settings):
        options = {
            "delay_seconds": 0,
            "retries": 0,
            "timeout_seconds": 2,
            "allow_private_addresses": True,
            **settings,
        }
        fetchers.append(Fetcher(CrawlSettings(**options), pauses.append))
        return fetchers[-1].fetch(url, request or Request())

    yield fetch
    for fetcher in fetchers:
        fetcher.close()


def zipped(body, encoding="gzip"):
    return Answer(body, headers={"Content-Type": HTML, "Content-Encoding": encoding})


def test_a_page_comes_with_its_headers(site, fetch):
    site.routes["/a"] = Answer(
        "ä".encode(), headers={"Content-Type": "Text/HTML; charset=UTF-8", "ETag": '"1"'}
    )
    fetched = fetch(f"{site.url}/a", user_agent="our_name")
    assert (fetched.status, fetched.content, fetched.url) == ("ok", "ä".encode(), f"{site.url}/a")
    assert (fetched.content_type, fetched.charset, fetched.headers["etag"]) == (
        "text/html",
        "utf-8",
        '"1"',
    )
    assert abs(fetched.fetched_at - datetime.now(UTC)) < timedelta(seconds=5)
    assert site.headers["/a"]["User-Agent"] == "our_name"


def test_statuses_are_reported(site, fetch):
    site.routes["/empty"] = Answer(status=204)
    site.routes["/moved"] = Answer(status=301)
    assert fetch(f"{site.url}/none").status == "http 404"
    assert fetch(f"{site.url}/empty").status == "http 204"
    assert fetch(f"{site.url}/moved").status == "redirect"


def test_other_media_types_are_not_read(site, fetch):
    site.routes["/a.pdf"] = Answer(b"%PDF", headers={"Content-Type": "application/pdf"})
    fetched = fetch(f"{site.url}/a.pdf", Request(types=HTML_TYPES))
    assert (fetched.status, fetched.content) == ("not html: application/pdf", b"")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_pages_are_unpacked(site, fetch, encoding):
    body = (
        gzip.compress(b"words " * 50_000)
        if encoding == "gzip"
        else zlib.compress(b"words " * 50_000)
    )
    site.routes["/a"] = zipped(body, encoding)
    assert fetch(f"{site.url}/a").content == b"words " * 50_000


def test_a_compression_bomb_stops_at_the_limit(site, fetch):
    packer = zlib.compressobj(9, wbits=31)
    site.routes["/bomb"] = zipped(
        b"".join(packer.compress(bytes(10_000_000)) for _ in range(20)) + packer.flush()
    )
    start = time.perf_counter()
    fetched = fetch(f"{site.url}/bomb", Request(max_bytes=1_000_000))
    assert (fetched.status, len(fetched.content)) == ("too large", 1_000_000)
    assert time.perf_counter() - start < 2


def test_encodings_that_nobody_asked_for_and_broken_ones(site, fetch):
    site.routes["/br"] = zipped(b"\x8b\x02\x80words\x03", "br")
    site.routes["/broken"] = zipped(b"no gzip at all")
    assert fetch(f"{site.url}/br").status == "content encoding br"
    assert fetch(f"{site.url}/broken").status == "broken content"


def test_a_line_of_100_megabytes_is_too_large(site, fetch):
    def pour(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", HTML)
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x" * 1_000_000)
        except OSError:
            pass

    site.routes["/long"] = pour
    assert fetch(f"{site.url}/long", Request(max_bytes=2_000_000)).status == "too large"


def test_a_body_that_drips_ends_as_timeout(site, fetch):
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    site.routes["/drip"] = drip
    start = time.perf_counter()
    assert fetch(f"{site.url}/drip", timeout_seconds=0.1).status == "timeout"
    assert time.perf_counter() - start < 1.5


def test_a_silent_server_ends_as_timeout_after_the_retries(site, fetch, pauses):
    site.routes["/slow"] = lambda _: time.sleep(0.3)
    assert fetch(f"{site.url}/slow", timeout_seconds=0.05, retries=2).status == "timeout"
    assert site.asked == ["/slow"] * 3
    assert pauses == [0.1, 0.2]


def test_a_body_that_breaks_off_is_tried_again(site, fetch):
    answers = [
        Answer(b"half", headers={"Content-Length": "1000", "Connection": "close"}),
        Answer(b"whole"),
    ]
    site.routes["/a"] = lambda _: answers.pop(0)
    assert fetch(f"{site.url}/a", retries=1).content == b"whole"
    site.routes["/b"] = Answer(b"half", headers={"Content-Length": "1000", "Connection": "close"})
    assert fetch(f"{site.url}/b").status == "connection broken"


def test_pauses_double_from_the_delay_and_obey_retry_after(site, fetch, pauses):
    later = format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True)
    asks = ["", "", "30", "99999", later, "soon"]
    answers = [Answer(status=503, headers={"Retry-After": ask} if ask else {}) for ask in asks] + [
        Answer(b"up")
    ]
    site.routes["/a"] = lambda _: answers.pop(0)
    options = {"delay_seconds": 0.5, "retries": 6}
    assert fetch(f"{site.url}/a", **options).content == b"up"
    assert [pause for pause in pauses if pause >= 0.5] == [0.5, 1.0, 30.0, 60.0, 60.0, 16.0]


def test_429_is_tried_again_and_404_is_not(site, fetch):
    site.routes["/busy"] = Answer(status=429)
    assert fetch(f"{site.url}/busy", retries=1).status == "http 429"
    assert fetch(f"{site.url}/none", retries=3).status == "http 404"
    assert site.asked == ["/busy", "/busy", "/none"]


def test_requests_keep_the_delay(site, pauses):
    fetcher = Fetcher(CrawlSettings(delay_seconds=5, allow_private_addresses=True), pauses.append)
    for _ in range(3):
        fetcher.fetch(f"{site.url}/none")
    fetcher.close()
    assert [round(pause) for pause in pauses] == [5, 5]
    assert fetcher.n_requests == 3


def test_redirects_are_followed_five_times(site, fetch):
    for n in range(7):
        site.routes[f"/{n}"] = Answer(status=302, headers={"Location": f"/{n + 1}#part"})
    site.routes["/7"] = b"end"
    assert fetch(f"{site.url}/2").url == f"{site.url}/7"
    assert fetch(f"{site.url}/1").status == "too many redirects"


def test_redirects_may_be_refused(site, fetch):
    site.routes["/a"] = Answer(status=301, headers={"Location": "http://other.example/"})
    site.routes["/file"] = Answer(status=301, headers={"Location": "file:///etc/passwd"})
    refusing = Request(refuse=lambda target: f"no {target}")
    assert fetch(f"{site.url}/a", refusing).status == "no http://other.example/"
    assert fetch(f"{site.url}/file").status == "redirect to no http(s) URL"
    assert site.asked == ["/a", "/file"]


def test_private_addresses_are_refused_unless_allowed(site, fetch):
    site.routes["/"] = b"secret"
    assert fetch(f"{site.url}/", allow_private_addresses=False).status == "private address"
    assert (
        fetch(
            f"{site.url.replace('127.0.0.1', 'localhost')}/", allow_private_addresses=False
        ).status
        == "private address"
    )
    assert site.asked == []


def test_a_name_that_turns_private_is_refused_where_it_connects(site, fetch, monkeypatch):
    """DNS rebinding: the address that the socket reached counts, not what the name was before."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *arguments, **options: real("127.0.0.1", *arguments, **options),
    )
    url = site.url.replace("127.0.0.1", "innocent.example")
    assert fetch(url, allow_private_addresses=False).status == "private address"
    assert site.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 (no socket binds to it)
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("::ffff:1.1.1.1", True),
        ("64:ff9b::101:101", True),
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) is public


def test_hosts_that_cannot_be_reached(fetch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert fetch(f"http://127.0.0.1:{port}/").status == "unreachable: connection refused"
    assert fetch("http://nobody.invalid/").status == "unreachable: unknown host"


@pytest.mark.parametrize(
    "url", ["http://[", "ftp://a/", "http://a b/", f"http://{'a' * 300}.com/", "nonsense"]
)
def test_urls_that_cannot_be_used(fetch, url):
    assert fetch(url).status == "not a usable URL"


def test_charset_of_a_hostile_header_is_harmless():
    charset = Fetched("u", "ok", headers={"content-type": 'text/html; charset="\0;;'}).charset
    assert decode_text(b"caf\xe9", charset) == "café"
    assert Fetched("u", "ok").content_type == ""
