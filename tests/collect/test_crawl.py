import base64
import gzip
import logging
import subprocess
import sys
import time

import pytest

from coverage_kit.collect import fetch as fetching
from coverage_kit.collect.crawl import crawl_site, fetch_sitemap
from coverage_kit.collect.store import ResponseStore
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings
from tests.collect.local_site import HTML, Answer, LocalSite, page
from tests.reliability.test_damage import DAMAGES


@pytest.fixture
def site():
    local = LocalSite()
    yield local
    local.close()


def settings(**options):
    return CrawlSettings(
        **{
            "delay_seconds": 0,
            "retries": 0,
            "timeout_seconds": 5,
            "allow_private_addresses": True,
            **options,
        }
    )


def crawl(site, start="/", cache=None, **options):
    """Return the status of each path in the order of the crawl."""
    responses = crawl_site(site.url + start, settings(**options), cache)
    return {fetched.url.removeprefix(site.url): fetched.status for fetched in responses}


def chain(site, n_pages):
    """A home page that links all others, so that they wait in the frontier."""
    site.routes["/"] = page("Home", "Words.", *(f"/{n}" for n in range(n_pages)))
    for n in range(n_pages):
        site.routes[f"/{n}"] = page(f"Page {n}", f"Words of page {n}.", "/")


def test_pages_come_breadth_first_and_once(site):
    site.routes["/"] = page(
        "H", "W.", "/a", "/b", "/a/", "/a#x", "/a?utm_source=y", "/logo.png", "mailto:a@b.c"
    )
    site.routes["/a"] = page("A", "W.", "/c", "/")
    site.routes["/b"] = page("B", "W.", "/b2", "c")
    site.routes["/c"] = page("C", "W.")
    assert list(crawl(site)) == ["/", "/a", "/b", "/c", "/b2"]
    assert site.asked == ["/robots.txt", "/", "/a", "/b", "/c", "/b2"]


def test_every_rejected_page_is_reported(site):
    site.routes["/"] = page(
        "H", "W.", "/none", "/pdf", "/large", "/away", "/old", "/private/x", "/broken"
    )
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /private/"
    site.routes["/pdf"] = Answer(b"PK", headers={"Content-Type": "application/epub+zip"})
    site.routes["/large"] = page("L", "x" * 20_000)
    site.routes["/away"] = Answer(status=302, headers={"Location": "https://other.example/"})
    site.routes["/old"] = Answer(status=301, headers={"Location": "/pdf"})
    site.routes["/broken"] = Answer(
        b"no gzip at all", headers={"Content-Encoding": "gzip", "Content-Type": HTML}
    )
    assert crawl(site, max_page_megabytes=0.01) == {
        "/": "ok",
        "/none": "http 404",
        "/pdf": "not html: application/epub+zip",
        "/large": "too large",
        "/away": "left the site",
        "/old": f"duplicate of {site.url}/pdf",
        "/private/x": "robots",
        "/broken": "broken content",
    }
    assert "/private/x" not in site.asked


def test_a_redirect_to_a_new_page_is_that_page(site):
    site.routes["/"] = page("H", "W.", "/old", "/new")
    site.routes["/old"] = Answer(status=301, headers={"Location": "/newer"})
    site.routes["/newer"] = page("N", "W.", "/newer", "/deep")
    assert crawl(site) == {"/": "ok", "/newer": "ok", "/new": "http 404", "/deep": "http 404"}


def test_a_redirect_into_what_robots_refuse_is_not_followed(site):
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /private"
    site.routes["/"] = page("H", "W.", "/old")
    site.routes["/old"] = Answer(status=301, headers={"Location": "/private"})
    assert crawl(site) == {"/": "ok", "/old": "robots"}
    assert "/private" not in site.asked


def test_other_hosts_and_ports_are_not_followed(site):
    other = LocalSite()
    other.routes["/"] = page("Other", "W.")
    site.routes["/"] = page(
        "H",
        "W.",
        f"{other.url}/",
        "https://example.com/",
        site.url.replace("127.0.0.1", "localhost"),
    )
    assert crawl(site) == {"/": "ok"}
    assert other.asked == []
    other.close()


def test_robots_rules_for_this_crawler_win_and_wildcards_count(site):
    site.routes["/robots.txt"] = (
        "User-agent: *\nDisallow: /\n\nUser-agent: our_name\nDisallow: /*?sort=\nAllow: /\n"
    )
    site.routes["/"] = page("H", "W.", "/a?sort=x", "/b")
    site.routes["/b"] = page("B", "W.")
    assert crawl(site, user_agent="our_name") == {"/": "ok", "/a?sort=x": "robots", "/b": "ok"}
    assert crawl(site, user_agent="stranger") == {"/": "robots"}


def test_the_crawl_delay_of_robots_is_kept(site):
    site.routes["/robots.txt"] = "User-agent: *\nCrawl-delay: 0.2"
    chain(site, 2)
    start = time.perf_counter()
    assert len(crawl(site)) == 3
    assert time.perf_counter() - start > 0.4


@pytest.mark.parametrize("status", [404, 403, 410])
def test_without_robots_all_is_allowed(site, status):
    site.routes["/robots.txt"] = Answer(b"Disallow: /", status)
    site.routes["/"] = page("H", "W.")
    assert crawl(site) == {"/": "ok"}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_site_whose_robots_fail_is_left_alone(site, status):
    site.routes["/robots.txt"] = Answer(status=status)
    with pytest.raises(
        SiteError, match=rf"a robots.txt that can be read, or none; found http {status}.*RFC 9309"
    ):
        crawl(site)
    assert site.asked == ["/robots.txt"]


def test_a_host_that_does_not_answer_is_reported(site):
    with pytest.raises(SiteError, match="a host that answers; found unreachable: unknown host"):
        list(crawl_site("http://nobody.invalid/", settings()))


def test_a_private_start_names_the_setting(site):
    with pytest.raises(
        SiteError, match=r"a public address; found a private .*crawl.allow_private_addresses"
    ):
        crawl(site, allow_private_addresses=False)
    assert site.asked == []


def test_nofollow_is_honoured(site):
    site.routes["/"] = page("H", "W.", "/meta", "/header").replace(
        "</nav>", "<a rel='nofollow' href='/link'>x</a></nav>"
    )
    site.routes["/meta"] = page(
        "M", "W.", "/from-meta", head="<meta name='robots' content='nofollow'>"
    )
    header = Answer(
        page("X", "W.", "/from-header").encode(),
        headers={"Content-Type": HTML, "X-Robots-Tag": "nofollow"},
    )
    site.routes["/header"] = header
    assert list(crawl(site)) == ["/", "/meta", "/header"]


@pytest.mark.parametrize(
    ("budget", "n_read"),
    [
        ({"max_pages": 3}, (3,)),
        ({"max_megabytes": 0.0003}, (2,)),
        # On a busy machine the first page takes the time of two.
        ({"max_seconds": 0.5, "delay_seconds": 0.2}, (1, 2)),
    ],
)
def test_budgets_end_the_crawl_with_one_warning(site, caplog, budget, n_read):
    chain(site, 9)
    with caplog.at_level(logging.WARNING):
        read = crawl(site, **budget)
    assert len(read) in n_read
    assert [record.message for record in caplog.records] == [
        f"{site.url}/: {10 - len(read)} pages were not read "
        f"because crawl.{next(iter(budget))} is used up"
    ]


def test_an_endless_site_ends_at_the_budget(site):
    def deeper(handler):
        return Answer(
            page("T", "W.", f"{handler.path}x", f"{handler.path}y").encode(),
            headers={"Content-Type": HTML},
        )

    class Routes(dict):
        def get(self, key, default=None):
            return default if key == "/robots.txt" else deeper

    site.routes = Routes()
    assert len(crawl(site, max_pages=30)) == 30


def test_an_interrupted_crawl_goes_on_without_asking_again(site, tmp_path):
    chain(site, 6)
    responses = crawl_site(f"{site.url}/", settings(), tmp_path)
    first = [next(responses).url for _ in range(3)]
    with pytest.raises(KeyboardInterrupt):
        responses.throw(KeyboardInterrupt)
    assert len(first) == 3
    read = crawl(site, cache=tmp_path)
    assert list(read) == ["/", *(f"/{n}" for n in range(6))]
    assert sorted(site.pages_asked()) == sorted(read)


def test_a_killed_crawl_goes_on_without_asking_again(site, tmp_path):
    chain(site, 30)
    code = (
        "import sys; from pathlib import Path; from coverage_kit.collect.crawl import crawl_site\n"
        "from coverage_kit.settings import CrawlSettings\n"
        "crawl = CrawlSettings(delay_seconds=0.05, allow_private_addresses=True)\n"
        "for page in crawl_site(sys.argv[1], crawl, Path(sys.argv[2])): print(page.url, flush=True)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, f"{site.url}/", str(tmp_path)], stdout=subprocess.PIPE
    )
    for _ in range(5):
        child.stdout.readline()
    child.kill()
    child.communicate()
    n_before = len(site.pages_asked())
    assert 5 <= n_before < 31
    read = crawl(site, cache=tmp_path)
    assert set(read.values()) == {"ok"}
    assert len(read) == 31
    # At most the request that was being sent when the process died is sent again.
    assert 31 <= len(site.pages_asked()) <= 32
    assert not [path for path in tmp_path.rglob("*.json") if not path.read_text().endswith("}")]


def test_a_finished_crawl_starts_anew_and_asks_only_for_changes(site, tmp_path):
    def tagged(handler):
        if handler.headers.get("If-None-Match") == '"1"':
            return Answer(status=304)
        return Answer(
            page("A", "Old words.").encode(), headers={"Content-Type": HTML, "ETag": '"1"'}
        )

    def dated(handler):
        if handler.headers.get("If-Modified-Since"):
            return Answer(status=304)
        date = "Mon, 05 Feb 2024 10:00:00 GMT"
        return Answer(
            page("B", "Words.").encode(), headers={"Content-Type": HTML, "Last-Modified": date}
        )

    site.routes.update(
        {"/": page("H", "W.", "/tagged", "/dated"), "/tagged": tagged, "/dated": dated}
    )
    first = list(crawl_site(f"{site.url}/", settings(), tmp_path))
    site.routes["/"] = page("H", "New words.", "/tagged", "/dated")
    second = list(crawl_site(f"{site.url}/", settings(), tmp_path))
    assert len(site.pages_asked()) == 6
    assert [fetched.status for fetched in second] == ["ok"] * 3
    assert second[0].content != first[0].content
    assert [fetched.content for fetched in second[1:]] == [fetched.content for fetched in first[1:]]


def test_a_raised_budget_goes_on_where_the_smaller_one_ended(site, tmp_path):
    chain(site, 6)
    crawl(site, cache=tmp_path, max_pages=3)
    left = next(tmp_path.rglob("*.left.txt")).read_text().split()
    assert left == [f"{site.url}/{n}" for n in range(2, 6)]
    assert len(crawl(site, cache=tmp_path, max_pages=7)) == 7
    assert len(site.pages_asked()) == 7


def test_passing_failures_are_asked_again_and_broken_records_too(site, tmp_path):
    chain(site, 2)
    good = site.routes["/1"]
    site.routes["/1"] = Answer(status=503)
    responses = crawl_site(f"{site.url}/", settings(), tmp_path)
    assert [next(responses).status for _ in range(3)] == ["ok", "ok", "http 503"]
    responses.close()
    site.routes["/1"] = good
    for path in tmp_path.rglob("*.html"):
        if b"Page 0" in path.read_bytes():
            path.unlink()
    assert crawl(site, cache=tmp_path) == {"/": "ok", "/0": "ok", "/1": "ok"}
    assert site.pages_asked() == ["/", "/0", "/1", "/0", "/1"]


def test_a_crawl_delay_of_years_is_capped_and_said_once(site, caplog, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_PAUSE_SECONDS", 0.05)
    site.routes["/robots.txt"] = "User-agent: *\nCrawl-delay: 1000000000"
    chain(site, 3)
    with caplog.at_level(logging.WARNING):
        assert len(crawl(site)) == 4
    assert [record.message for record in caplog.records] == [
        f"robots.txt of {site.url.removeprefix('http://')} asks for a pause of 1,000,000,000 s; "
        "the longest pause is 0.05 s, so it gets that"
    ]


@pytest.mark.parametrize("delay", ["-5", "nan", "inf", "soon"])
def test_a_crawl_delay_that_is_no_time_is_none(site, delay):
    site.routes["/robots.txt"] = f"User-agent: *\nCrawl-delay: {delay}"
    chain(site, 1)
    assert len(crawl(site)) == 2


def test_a_pause_beyond_the_budget_ends_the_crawl_and_not_the_count(site, caplog):
    chain(site, 3)
    site.routes["/0"] = Answer(status=503, headers={"Retry-After": "50"})
    start = time.monotonic()
    with caplog.at_level(logging.WARNING):
        read = crawl(site, retries=3, max_seconds=20)
    assert time.monotonic() - start < 20
    assert read == {"/": "ok", "/0": "http 503"}
    assert "2 pages were not read because crawl.max_seconds is used up" in caplog.text


def sitemaps(site, n_sitemaps, answer=None):
    """An index whose sitemaps name a page each."""
    names = [f"{site.url}/{number}.xml" for number in range(n_sitemaps)]
    site.routes["/sitemap.xml"] = "".join(f"<sitemap><loc>{name}</loc></sitemap>" for name in names)
    site.routes["/sitemap.xml"] = f"<sitemapindex>{site.routes['/sitemap.xml']}</sitemapindex>"
    for number in range(n_sitemaps):
        content = f"<urlset><url><loc>{site.url}/page{number}</loc></url></urlset>"
        site.routes[f"/{number}.xml"] = answer or content
        site.routes[f"/page{number}"] = page(f"Page {number}", "Words.")


def test_the_seconds_of_the_budget_count_while_sitemaps_are_read(site, caplog):
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            for _ in range(400):
                handler.wfile.write(b"X")
                time.sleep(0.05)
        except OSError:
            pass

    sitemaps(site, 30)
    for number in range(1, 30):
        site.routes[f"/{number}.xml"] = drip
    with caplog.at_level(logging.WARNING):
        read = list(
            fetch_sitemap(f"{site.url}/sitemap.xml", settings(max_seconds=5, timeout_seconds=1))
        )
    assert read == []
    assert len(site.asked) < 9
    assert " x crawl.max_seconds is used up" in caplog.text
    assert "1 pages were not read because crawl.max_seconds is used up" in caplog.text


def test_the_megabytes_of_the_budget_count_while_sitemaps_are_read(site, caplog):
    filler = "<!-- " + "x" * 300_000 + " -->"
    sitemaps(site, 9)
    for number in range(9):
        site.routes[f"/{number}.xml"] = site.routes[f"/{number}.xml"].replace(
            "</url>", filler + "</url>"
        )
    with caplog.at_level(logging.WARNING):
        list(fetch_sitemap(f"{site.url}/sitemap.xml", settings(max_megabytes=1)))
    assert "5 x crawl.max_megabytes is used up" in caplog.text
    assert len(site.asked) == 6


def test_the_delay_is_kept_between_sitemaps(site):
    site.routes["/robots.txt"] = "User-agent: *\nCrawl-delay: 0.2"
    sitemaps(site, 3)
    start = time.monotonic()
    assert len(list(fetch_sitemap(f"{site.url}/sitemap.xml", settings()))) == 3
    assert time.monotonic() - start > 1.2


def test_a_page_that_is_cut_off_is_never_stored(site, tmp_path):
    site.routes["/"] = page("Home", "Words.", "/gzip", "/length")
    content = page("Page", "Words of a page.").encode()
    packed = gzip.compress(content)
    gzipped = {"Content-Type": HTML, "Content-Encoding": "gzip"}
    site.routes["/gzip"] = Answer(packed[:-9], headers=gzipped)
    longer = {"Content-Type": HTML, "Content-Length": "9999", "Connection": "close"}
    site.routes["/length"] = Answer(content, headers=longer)
    assert crawl(site, cache=tmp_path) == {
        "/": "ok",
        "/gzip": "cut off",
        "/length": "connection broken",
    }
    assert len(list(tmp_path.rglob("*.html"))) == 1
    site.routes["/gzip"] = Answer(packed, headers=gzipped)
    site.routes["/length"] = content
    assert set(crawl(site, cache=tmp_path).values()) == {"ok"}


@pytest.mark.parametrize(
    "damage", [lambda content: content[:40], lambda content: b"", lambda content: content + b"x"]
)
def test_a_stored_page_that_was_damaged_is_fetched_again(site, tmp_path, damage):
    conditions = []

    def tagged(handler):
        conditions.append(handler.headers.get("If-None-Match"))
        if conditions[-1]:
            return Answer(status=304)
        headers = {"Content-Type": HTML, "ETag": '"1"'}
        return Answer(page("A", "Words of a page.").encode(), headers=headers)

    site.routes["/"] = tagged
    (first,) = crawl_site(f"{site.url}/", settings(), tmp_path)
    (stored,) = tmp_path.rglob("*.html")
    stored.write_bytes(damage(stored.read_bytes()))
    (again,) = crawl_site(f"{site.url}/", settings(), tmp_path)
    (kept,) = crawl_site(f"{site.url}/", settings(), tmp_path)
    assert [again.status, kept.status] == ["ok", "ok"]
    assert again.content == kept.content == first.content
    # What does not check out is no reason to ask for changes only; what was fetched again is.
    assert conditions == [None, None, '"1"']


def test_a_login_reads_the_site_and_is_nowhere(site, tmp_path, caplog):
    login = f"Basic {base64.b64encode(b'maria:pass-word').decode()}"
    links = ["/a", site.url.replace("://", "://maria:pass-word@") + "/b"]

    def locked(handler):
        if handler.headers.get("Authorization") != login:
            return Answer(status=401)
        return Answer(page(handler.path, "Words.", *links).encode(), headers={"Content-Type": HTML})

    site.routes.update({"/": locked, "/a": locked, "/b": locked, "/c": Answer(status=503)})
    with caplog.at_level(logging.DEBUG):
        start = site.url.replace("://", "://maria:pass-word@")
        read = list(crawl_site(f"{start}/", settings(max_pages=2), tmp_path))
        read += crawl_site(f"{start}/", settings(), tmp_path)
    assert [fetched.status for fetched in read] == ["ok"] * 5
    where = [fetched.url for fetched in read] + [caplog.text]
    for path in tmp_path.rglob("*"):
        where.append(str(path))
        if path.suffix in {".json", ".txt"}:
            where.append(path.read_text())
    assert not [text for text in where if "pass-word" in text or login in text or "maria" in text]
    with pytest.raises(SiteError) as caught:
        list(fetch_sitemap(f"{start}/none.xml", settings()))
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("tag", ["\x00\x01", "\xe4\xff", '"' + "x" * 60_000 + '"', "a\tb"])
def test_a_strange_tag_of_a_page_is_not_sent_back(site, tmp_path, tag):
    def tagged(handler):
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nETag: {tag}\r\n".encode("latin-1"))
        handler.wfile.write(b"Content-Type: text/html\r\n\r\n" + page("A", "Words.").encode())

    site.routes["/"] = tagged
    for _ in range(2):
        assert crawl(site, cache=tmp_path) == {"/": "ok"}
    assert "If-None-Match" not in site.headers["/"]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_stored_page_that_does_not_check_out_is_fetched_again(site, tmp_path, damage, caplog):
    chain(site, 2)
    first = crawl(site, cache=tmp_path, max_pages=2)
    (path,) = (path for path in tmp_path.rglob("*.html") if b"Words of page 0" in path.read_bytes())
    if damage.__name__ != "lose_columns":
        damage(path)
    again = list(crawl_site(f"{site.url}/", settings(), tmp_path))
    assert [fetched.content for fetched in again if b"page 0" in fetched.content] == [
        site.routes["/0"].encode()
    ]
    assert len(first) == 2 and len(again) == 3
    if damage.__name__ != "lose_columns":
        assert site.pages_asked() == ["/", "/0", "/0", "/1"]
        assert caplog.text.count("1 entry does not check out") == 1


def test_pages_beyond_the_bound_are_removed_before_the_next_crawl(site, tmp_path, monkeypatch):
    chain(site, 3)
    crawl(site, cache=tmp_path)
    monkeypatch.setattr("coverage_kit.collect.store.MAX_SITE_BYTES", 2000)
    assert len(crawl(site, cache=tmp_path)) == 4
    n_before = len(list(tmp_path.rglob("*.html")))
    monkeypatch.setattr("coverage_kit.collect.store.MAX_SITE_BYTES", 1)
    ResponseStore(tmp_path, f"{site.url}/").begin([])
    assert (n_before, len(list(tmp_path.rglob("*.html")))) == (4, 0)
