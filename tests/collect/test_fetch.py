import base64
import gzip
import logging
import socket
import ssl
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.fetch import HTML_TYPES, NO_TIME, Fetched, Fetcher, Request, page_types
from coverage_kit.net import connection
from coverage_kit.net.logins import take_login
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
    assert time.perf_counter() - start < 20


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
            for _ in range(2_000):
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    site.routes["/drip"] = drip
    start = time.perf_counter()
    assert fetch(f"{site.url}/drip", timeout_seconds=0.1).status == "timeout"
    assert time.perf_counter() - start < 20


def test_a_silent_server_ends_as_timeout_after_the_retries(site, fetch, pauses):
    site.routes["/slow"] = lambda _: time.sleep(2)
    assert fetch(f"{site.url}/slow", timeout_seconds=0.5, retries=2).status == "timeout"
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


# Spellings of this machine, which the system resolves to a loopback or unspecified address.
_THIS_MACHINE = """
127.0.0.1 127.0.0.2 127.1 127.0.1 127.255.255.254 0 0.0.0.0 0.0 2130706433 0x7f000001 0x7F000001
017700000001 0177.0.0.1 0x7f.0.0.1 0x7f.1 0177.1 127.0x1 127.0.0.01 127.0.0.0x1 127.00.00.01
00.0.0.0 localhost LOCALHOST localhost. [::1] [0:0:0:0:0:0:0:1] [::]
[::ffff:127.0.0.1] [::ffff:7f00:1]
[0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b:1::7f00:1]
[2002:7f00:1::] [2001:0:7f00:1::] [fe80::1] [fc00::1] 127.0.0.1. 127%2e0%2e0%2e1 127%2E1
"""


@pytest.mark.parametrize("host", _THIS_MACHINE.split())
def test_no_spelling_of_this_machine_is_reached(site, fetch, host):
    site.routes["/"] = b"secret"
    port = site.url.rpartition(":")[2]
    status = fetch(f"http://{host}:{port}/", allow_private_addresses=False).status
    assert status in {"private address", "not a usable URL", "unreachable: unknown host"}
    assert site.asked == []


def test_a_redirect_to_a_private_address_is_not_followed(site, fetch, monkeypatch):
    target = site.url.replace("127.0.0.1", "127.1") + "/secret"
    site.routes["/"] = Answer(status=302, headers={"Location": target})
    monkeypatch.setattr(connection, "is_public", lambda _: len(site.asked) == 0)
    fetched = fetch(f"{site.url}/", allow_private_addresses=False)
    assert (fetched.status, fetched.url) == ("private address", target)
    assert site.asked == ["/"]


def resolve_to(monkeypatch, *answers):
    """Let every name resolve to the next answer; return the list of the names resolved."""
    names = []
    real = socket.getaddrinfo

    def resolve(host, port, *arguments, **options):
        if host[0].isdigit():
            return real(host, port, *arguments, **options)
        addresses = answers[min(len(names), len(answers) - 1)]
        names.append(host)
        return [entry for address in addresses for entry in real(address, port, type=1)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names


def test_a_name_that_turns_private_is_refused_before_it_connects(site, fetch, monkeypatch):
    """DNS rebinding: the connection goes to the address that was checked, in one resolution."""
    site.routes["/"] = b"public"
    url = site.url.replace("127.0.0.1", "innocent.example")
    connected = []
    real = connection.create_connection
    monkeypatch.setattr(
        connection,
        "create_connection",
        lambda address, *rest, **options: (
            connected.append(address) or real(address, *rest, **options)
        ),
    )
    resolve_to(monkeypatch, ["127.0.0.1"])
    assert fetch(url, allow_private_addresses=False).status == "private address"
    assert (site.asked, connected) == ([], [])

    names = resolve_to(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    monkeypatch.setattr(connection, "is_public", lambda address: address == "127.0.0.1")
    assert fetch(f"{url}/", allow_private_addresses=False).content == b"public"
    assert names == ["innocent.example"]
    assert site.headers["/"]["Host"] == url.removeprefix("http://")


def test_of_several_addresses_only_public_ones_are_tried(site, fetch, monkeypatch):
    site.routes["/"] = b"public"
    resolve_to(monkeypatch, ["10.0.0.1", "192.168.0.1", "127.0.0.1"])
    monkeypatch.setattr(connection, "is_public", lambda address: address == "127.0.0.1")
    url = site.url.replace("127.0.0.1", "mixed.example")
    assert fetch(f"{url}/", allow_private_addresses=False).content == b"public"


@pytest.fixture
def tls_site(monkeypatch):
    """A site on this machine with a certificate for named.example, and the names asked for."""
    pem = Path(__file__).parent / "named_example.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    local = LocalSite(context)
    yield local, names
    local.close()


def test_tls_and_host_name_the_host_and_not_the_checked_address(tls_site, fetch, monkeypatch):
    site, names = tls_site
    site.routes["/"] = b"words"
    resolve_to(monkeypatch, ["127.0.0.1"])
    monkeypatch.setattr(connection, "is_public", lambda _: True)
    port = site.url.rpartition(":")[2]
    fetched = fetch(f"https://named.example:{port}/", allow_private_addresses=False)
    assert (fetched.status, fetched.content) == ("ok", b"words")
    assert names == ["named.example"]
    assert site.headers["/"]["Host"] == f"named.example:{port}"


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_of_another_host_is_not_accepted(tls_site, fetch, monkeypatch, host):
    site, _ = tls_site
    resolve_to(monkeypatch, ["127.0.0.1"])
    url = f"https://{host}:{site.url.rpartition(':')[2]}/"
    assert fetch(url).status == "unreachable: no valid certificate"
    assert site.asked == []


def test_half_of_a_packed_page_is_tried_again_and_is_no_page(site, fetch):
    whole = gzip.compress(b"words " * 5_000)
    answers = [zipped(whole[:-30]), zipped(whole)]
    site.routes["/a"] = lambda _: answers.pop(0)
    assert fetch(f"{site.url}/a", retries=1).content == b"words " * 5_000
    site.routes["/b"] = zipped(whole[:-1])
    fetched = fetch(f"{site.url}/b")
    assert (fetched.status, fetched.content, fetched.is_passing) == ("cut off", b"", True)


def test_headers_without_an_end_are_no_page(site, fetch):
    def break_off(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-A: b\r\n")

    site.routes["/a"] = break_off
    assert fetch(f"{site.url}/a").status == "connection broken"


def test_interim_responses_precede_a_page(site, fetch):
    def hint(handler):
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-A: b\r\n\r\n" * 2)
        return Answer(b"words", headers={"Content-Type": HTML})

    site.routes["/"] = hint
    fetched = fetch(f"{site.url}/")
    assert (fetched.status, fetched.content) == ("ok", b"words")
    assert "x-a" not in fetched.headers


def test_no_connection_serves_twice(site, fetch):
    """Bytes that a server sends beyond an answer would else be taken for the next answer."""
    fetcher = Fetcher(CrawlSettings(delay_seconds=0, retries=0, allow_private_addresses=True))
    ports = []

    def keep_open(handler):
        ports.append(handler.client_address[1])
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = False
        return Answer(b"words")

    site.routes["/"] = keep_open
    assert [fetcher.fetch(f"{site.url}/").content for _ in range(3)] == [b"words"] * 3
    fetcher.close()
    assert len(set(ports)) == 3


def test_one_deadline_holds_for_redirects_that_are_slow(site, fetch):
    def slow(handler):
        time.sleep(0.3)
        return Answer(status=302, headers={"Location": f"{handler.path}x"})

    for length in range(9):
        site.routes[f"/{'x' * length}"] = slow
    # Each redirect is in time, and all together take three times as long as they may.
    fetched = fetch(f"{site.url}/", timeout_seconds=0.4)
    assert fetched.status == "timeout"
    assert len(site.asked) < 6


@pytest.mark.parametrize("ask", ["123456789", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_that_asks_for_years_gets_a_minute_and_a_warning(site, fetch, pauses, caplog, ask):
    site.routes["/a"] = Answer(status=429, headers={"Retry-After": ask})
    with caplog.at_level(logging.WARNING):
        assert fetch(f"{site.url}/a", retries=2).status == "http 429"
    assert pauses == [60.0, 60.0]
    assert len(caplog.records) == 1
    assert "the longest pause is 60 s" in caplog.text


def test_no_pause_and_no_answer_goes_beyond_the_end(site, pauses):
    site.routes["/a"] = Answer(status=503, headers={"Retry-After": "30"})
    site.routes["/b"] = lambda _: time.sleep(2)
    site.routes["/c"] = Answer(status=302, headers={"Location": "/d"})
    crawl = CrawlSettings(delay_seconds=0, retries=3, allow_private_addresses=True)
    fetcher = Fetcher(crawl, pauses.append, end=time.monotonic() + 5)
    assert fetcher.fetch(f"{site.url}/a").status == "http 503"
    assert (pauses, fetcher.is_out_of_time) == ([], True)
    fetcher.end = time.monotonic() + 0.3
    assert fetcher.fetch(f"{site.url}/b").status == "timeout"
    assert fetcher.fetch(f"{site.url}/c").status == NO_TIME
    fetcher.close()
    assert site.asked == ["/a", "/b"]


def test_a_login_in_a_redirect_is_neither_sent_nor_shown(site, fetch):
    target = f"{site.url.replace('127.0.0.1', 'maria:pass@127.1')}/b"
    site.routes["/a"] = Answer(status=302, headers={"Location": target})
    site.routes["/b"] = b"words"
    fetched = fetch(f"{site.url}/a")
    assert (fetched.status, fetched.url) == ("ok", target.replace("maria:pass@", ""))
    assert "Authorization" not in site.headers["/b"]


def test_a_login_is_sent_to_its_own_host_alone(site, fetch):
    other = LocalSite()
    site.routes["/"] = Answer(status=302, headers={"Location": f"{other.url}/"})
    site.routes["/a"] = other.routes["/"] = b"words"
    clean = take_login(f"{site.url.replace('://', '://user:pass@')}/")
    assert clean == f"{site.url}/"
    fetched = fetch(f"{site.url.replace('://', '://other:word@')}/a")
    assert (fetched.content, fetched.url) == (b"words", f"{site.url}/a")
    assert fetch(clean).content == b"words"
    other.close()
    expected = f"Basic {base64.b64encode(b'user:pass').decode()}"
    assert site.headers["/a"]["Authorization"] == site.headers["/"]["Authorization"] == expected
    assert "Authorization" not in other.headers["/"]


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


@pytest.mark.parametrize(
    ("path", "kind", "is_markdown"),
    [
        ("/a.md", "text/markdown; charset=utf-8", True),
        ("/a", "text/x-markdown", True),
        ("/a.MDX", "text/plain", True),
        ("/a.markdown?v=1", "text/plain", True),
        ("/a.txt", "text/plain", False),
        ("/a.md", "text/html", False),
    ],
)
def test_markdown_is_known_by_its_media_type_or_its_address(site, fetch, path, kind, is_markdown):
    site.routes[path] = Answer(b"# Words", headers={"Content-Type": kind})
    fetched = fetch(f"{site.url}{path}", Request(types=page_types(f"{site.url}{path}")))
    assert fetched.is_markdown is is_markdown
    assert (fetched.status == "ok") is (is_markdown or kind == "text/html")
