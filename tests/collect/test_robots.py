"""robots.txt by RFC 9309, over a real server and rule by rule."""

import logging
import time

import pytest
from protego import Protego

from coverage_kit.collect.crawl import crawl_site
from coverage_kit.collect.fetch import Fetcher
from coverage_kit.collect.robots import Robots, rules_for
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings
from tests.collect.local_site import Answer, LocalSite, page

OPTIONS = {"delay_seconds": 0, "retries": 0, "allow_private_addresses": True}
PLAIN = {"Content-Type": "text/plain"}


@pytest.fixture
def site():
    local = LocalSite()
    yield local
    local.close()


@pytest.fixture
def robots(site):
    fetchers = []

    def open_robots(body, user_agent="coverage_kit", headers=PLAIN):
        content = body if isinstance(body, bytes) else body.encode()
        site.routes["/robots.txt"] = Answer(content, headers=headers)
        fetchers.append(Fetcher(CrawlSettings(**OPTIONS)))
        return Robots(fetchers[-1], user_agent)

    yield open_robots
    for fetcher in fetchers:
        fetcher.close()


def allowed(robots, site, *paths):
    return [path for path in paths if not robots.refuses(site.url + path)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_an_unavailable_file_sets_no_rules(site, status):
    site.routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /", status)
    site.routes["/"] = page("H", "Words.")
    assert [fetched.status for fetched in crawl_site(f"{site.url}/", CrawlSettings(**OPTIONS))] == [
        "ok"
    ]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_a_file_that_fails_refuses_everything_and_the_error_names_it(site, status):
    site.routes["/robots.txt"] = Answer(status=status)
    with pytest.raises(SiteError, match=f"a robots.txt that can be read.*http {status}"):
        list(crawl_site(f"{site.url}/", CrawlSettings(**OPTIONS)))
    assert site.pages_asked() == []


@pytest.mark.parametrize("n_redirects", [1, 3, 5])
def test_five_redirects_are_followed(site, robots, n_redirects):
    rules = robots("")
    for number in range(n_redirects):
        name = "/robots.txt" if number == 0 else f"/r{number}"
        site.routes[name] = Answer(status=302, headers={"Location": f"/r{number + 1}"})
    site.routes[f"/r{n_redirects}"] = "User-agent: *\nDisallow: /a"
    assert allowed(rules, site, "/a", "/b") == ["/b"]


def test_rules_at_another_host_are_those_of_the_first(site, robots):
    other = LocalSite()
    other.routes["/rules"] = "User-agent: *\nDisallow: /a\nSitemap: /map.xml"
    other.routes["/robots.txt"] = "User-agent: *\nDisallow: /"
    rules = robots("")
    site.routes["/robots.txt"] = Answer(status=301, headers={"Location": f"{other.url}/rules"})
    assert allowed(rules, site, "/a", "/b") == ["/b"]
    assert rules.sitemaps(site.url) == [f"{site.url}/map.xml"]
    assert other.asked == ["/rules"]
    other.close()


@pytest.mark.parametrize("location", ["/robots.txt", "ftp://a.example/robots.txt", ""])
def test_redirects_that_lead_nowhere_set_no_rules(site, robots, location):
    rules = robots("")
    headers = {"Location": location} if location else {}
    site.routes["/robots.txt"] = Answer(status=302, headers=headers)
    assert allowed(rules, site, "/a") == ["/a"]
    assert rules.trouble == {}


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_of_a_large_file_the_first_500_kib_are_read_up_to_the_end_of_a_line(site, robots, end):
    first = f"User-agent: *{end}Disallow: /first{end}"
    line = f"Disallow: /some/where{end}"
    body = first + line * ((511_990 - len(first)) // len(line))
    body = body + "#" * (511_990 - len(body) - len(end)) + end
    body += f"Disallow: /cut-off-here{end}Disallow: /beyond{end}"
    assert len(body) > 512_000
    rules = robots(body)
    assert allowed(rules, site, "/first", "/beyond", "/", "/cu") == ["/beyond", "/", "/cu"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /a\n",
        b"User-agent: *\rDisallow: /a\r",
        b"User-agent: *\r\nDisallow: /a\r\n",
        "\ufeffUser-agent: *\nDisallow: /a\n".encode("utf-16"),
        b"  user-AGENT :*   # all\n\tDISALLOW:/a # that\n",
        b"User-agent: *\nDisallow: /\xff\xfe\nDisallow: /a",
    ],
)
def test_marks_line_ends_spaces_and_broken_bytes_do_not_hide_rules(site, robots, content):
    assert allowed(robots(content), site, "/a", "/b") == ["/b"]


@pytest.mark.parametrize(
    "kind", ["text/html", "application/octet-stream", "text/plain; charset=x", ""]
)
def test_rules_of_a_wrong_media_type_are_rules(site, robots, kind):
    headers = {"Content-Type": kind} if kind else {}
    assert allowed(robots("User-agent: *\nDisallow: /a", headers=headers), site, "/a", "/b") == [
        "/b"
    ]


def test_an_error_page_of_status_200_sets_no_rules_and_is_logged(site, robots, caplog):
    body = "\n<!DOCTYPE html><html><body>User-agent: *\nDisallow: /\n</body></html>"
    with caplog.at_level(logging.INFO):
        assert allowed(robots(body), site, "/a") == ["/a"]
    assert "its robots.txt is a page of HTML" in caplog.text


@pytest.mark.parametrize(
    ("agents", "user_agent", "is_ours"),
    [
        ("Coverage_Kit", "coverage_kit", True),
        ("COVERAGE_KIT/2.0", "coverage_kit", True),
        ("coverage_kit", "coverage_kit/1.0 (+https://a.example/bot)", True),
        ("coverage_kit*", "coverage_kit", True),
        ("coverage", "coverage_kit", False),
        ("kit", "coverage_kit", False),
        ("c", "coverage_kit", False),
        ("coverage_kit_news", "coverage_kit", False),
        ("foobot", "Mozilla/5.0 (compatible; Foobot/1.0; +https://a.example/)", True),
        ("mozilla", "Mozilla/5.0 (compatible; Foobot/1.0)", False),
        ("bot2", "bot2", True),
        ("other\nUser-agent: coverage_kit", "coverage_kit", True),
    ],
)
def test_groups_are_matched_by_whole_product_tokens(site, robots, agents, user_agent, is_ours):
    body = f"User-agent: *\nDisallow: /all\n\nUser-agent: {agents}\nDisallow: /ours\n"
    expected = ["/all"] if is_ours else ["/ours"]
    assert allowed(robots(body, user_agent), site, "/all", "/ours") == expected


def test_groups_of_one_name_are_one_group_and_empty_rules_allow_all(site, robots):
    body = "User-agent: us_\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nUser-agent: us_\n"
    rules = robots(f"{body}Sitemap: /s.xml\nDisallow: /b", "us_")
    assert allowed(rules, site, "/a", "/b", "/c") == ["/c"]
    rules = robots("User-agent: us_\nDisallow:\n\nUser-agent: *\nDisallow: /", "us_")
    assert allowed(rules, site, "/a") == ["/a"]


@pytest.mark.parametrize(
    ("rules", "path", "is_allowed"),
    [
        ("Disallow: /a\nAllow: /a", "/a", True),  # a tie: the least restrictive
        ("Allow: /a\nDisallow: /a/b", "/a/b/c", False),  # the longest match
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Disallow: /*.gif$", "/x/y.gif", False),
        ("Disallow: /*.gif$", "/x/y.gif?a", True),
        ("Disallow: /a*c", "/abbbc/d", False),
        ("Disallow: /a$", "/a/b", True),
        ("Disallow: /foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", False),
        ("Disallow: /foo/bar/ツ", "/foo/bar/%E3%83%84", False),
        ("Disallow: /foo/bar/%E3%83%84", "/foo/bar/ツ", False),
        ("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", False),
        ("Disallow: /foo/bar/baz", "/foo/bar/%62%61%7A", False),
        ("Disallow: /a%2fb", "/a%2Fb", False),
        ("Disallow: /A", "/a", True),
        ("Disallow: /", "/robots.txt", True),
        ("Disallow: /page%2A", "/page*", False),
        ("Disallow:", "/a", True),
    ],
)
def test_rules_match_as_the_rfc_says(site, robots, rules, path, is_allowed):
    body = f"User-agent: *\n{rules}\n"
    assert bool(allowed(robots(body), site, path)) == is_allowed


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("2 # s", 2.0), ("-1", 0.0), ("nan", 0.0), ("1e999", 0.0), ("", 0)],
)
def test_odd_crawl_delays_are_none(site, robots, delay, seconds):
    rules = robots(f"User-agent: *\nCrawl-delay: {delay}\n")
    assert rules.delay_seconds(f"{site.url}/a") == seconds


def test_sitemaps_are_joined_to_the_host_and_named_once(site, robots):
    rules = robots(
        "Sitemap: /a.xml\nsitemap: b.xml\nSITEMAP: https://c.example/c.xml\nSitemap: /a.xml\n"
        "User-agent: x\nDisallow: /\nSitemap: ftp://d.example/d.xml\nSitemap:\n"
        "Sitemap: //e.example/e.xml"
    )
    assert rules.sitemaps(f"{site.url}/x") == [
        f"{site.url}/a.xml",
        f"{site.url}/b.xml",
        "https://c.example/c.xml",
        "http://e.example/e.xml",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"User-agent: a{number}\n" for number in range(20_000)) * 2 + "Disallow: /a\n" * 9,
        "User-agent: *\nDisallow: /" + "*a" * 200_000,
        "User-agent: *\n" + "Disallow: /*a*b*c$\n" * 20_000,
        "User-agent" + " " * 400_000,
        "User-agent: " + "a" * 400_000,
        "&" * 400_000,
    ],
)
def test_hostile_rules_take_no_time(text):
    start = time.perf_counter()
    rules = Protego.parse(rules_for(text, frozenset({"coverage_kit"})))
    rules.can_fetch("https://a.example/" + "a" * 1_000, "us")
    assert time.perf_counter() - start < 2
