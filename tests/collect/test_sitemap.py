import gzip
import logging
import time

import pytest

from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.sitemap import Sitemap, parse_sitemap, read_sitemaps
from coverage_kit.errors import SiteError

SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
ROOT = "https://a.com/sitemap.xml"


def urlset(*urls):
    entries = "".join(
        f"<url><loc>\n {url} </loc><lastmod>2024-01-01</lastmod></url>" for url in urls
    )
    return f"<?xml version='1.0' encoding='UTF-8'?><urlset {SPACE}>{entries}</urlset>".encode()


def index(*urls):
    return (
        f"<sitemapindex {SPACE}>"
        f"{''.join(f'<sitemap><loc>{url}</loc></sitemap>' for url in urls)}</sitemapindex>"
    ).encode()


def reading(contents, requested=None):
    def fetch(url):
        if requested is not None:
            requested.append(url)
        return Fetched(url, "ok", contents[url]) if url in contents else Fetched(url, "http 404")

    return fetch


def test_urls_of_a_sitemap():
    assert parse_sitemap(urlset("https://a.com/1", "https://a.com/2?a=1&amp;b=2")) == Sitemap(
        ("https://a.com/1", "https://a.com/2?a=1&b=2"), ()
    )


def test_image_locations_and_what_is_no_url_are_left_out():
    extra = (
        "<url><loc>/relative</loc><image:image xmlns:image='i'>"
        "<image:loc>https://a.com/i.jpg</image:loc></image:image></url>"
    )
    content = urlset("https://a.com/1").replace(b"</urlset>", f"{extra}</urlset>".encode())
    assert parse_sitemap(content).urls == ("https://a.com/1",)


def test_gzipped_index_and_plain_text_sitemaps():
    assert parse_sitemap(gzip.compress(urlset("https://a.com/1"))).urls == ("https://a.com/1",)
    assert parse_sitemap(index("https://a.com/s1.xml")).children == ("https://a.com/s1.xml",)
    assert parse_sitemap("\ufeffhttps://a.com/1\r\nhttps://a.com/2\nnonsense\n".encode()).urls == (
        "https://a.com/1",
        "https://a.com/2",
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"<", b"<urlset", b"\x1f\x8bbroken", b"<html><body>404</body></html>", b"\xff\xfe<"],
)
def test_what_is_no_sitemap_names_nothing(content):
    assert parse_sitemap(content) == Sitemap((), ())


def test_a_broken_sitemap_gives_what_stands_before_the_break():
    assert parse_sitemap(urlset("https://a.com/1")[:-12]).urls == ("https://a.com/1",)


def test_entity_bombs_and_outside_entities_are_harmless(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("https://a.com/secret")
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE u [<!ENTITY l0 "lol">{lol}<!ENTITY f SYSTEM "file://{secret}">]>'
    body = (
        f"{bomb}<urlset><url><loc>https://a.com/1</loc></url><url><loc>&l11;</loc></url>"
        f"<url><loc>&f;</loc></url></urlset>"
    )
    start = time.perf_counter()
    assert parse_sitemap(body.encode()).urls == ("https://a.com/1",)
    assert time.perf_counter() - start < 1


def test_a_gzip_bomb_is_cut_off():
    bomb = gzip.compress(b"<urlset><url><loc>https://a.com/1</loc></url>" + b" " * 150_000_000, 1)
    assert parse_sitemap(gzip.compress(bomb)).urls == ("https://a.com/1",)


def test_deep_nesting_is_no_crash():
    assert parse_sitemap(b"<urlset>" + b"<url>" * 100_000).urls == ()


def test_indexes_are_followed_three_levels_deep_and_once():
    contents = {
        ROOT: index("https://a.com/2.xml", "https://a.com/missing.xml", ROOT),
        "https://a.com/2.xml": index("https://a.com/3.xml", "https://a.com/2.xml"),
        "https://a.com/3.xml": urlset("https://a.com/1", "https://a.com/1/", "https://a.com/2")
        + index("https://a.com/4.xml").replace(b"<sitemapindex", b"<sitemapindex"),
        "https://a.com/4.xml": urlset("https://a.com/too-deep"),
    }
    requested = []
    assert read_sitemaps(ROOT, reading(contents, requested)) == [
        "https://a.com/1",
        "https://a.com/2",
    ]
    assert requested == [
        ROOT,
        "https://a.com/2.xml",
        "https://a.com/missing.xml",
        "https://a.com/3.xml",
    ]


def test_the_number_of_sitemaps_is_bounded():
    contents = {ROOT: index(*(f"https://a.com/{n}.xml" for n in range(2_000)))}
    contents["https://a.com/7.xml"] = urlset("https://a.com/1")
    requested = []
    assert read_sitemaps(ROOT, reading(contents, requested)) == ["https://a.com/1"]
    assert len(requested) == 1_000


def test_a_useless_sitemap_is_reported():
    with pytest.raises(SiteError, match="a sitemap that names pages; found http 404"):
        read_sitemaps(ROOT, reading({}))
    with pytest.raises(SiteError, match="found no URL"):
        read_sitemaps(ROOT, reading({ROOT: b"<html></html>"}))


def cut(content):
    return gzip.compress(content)[:-20]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (urlset("https://a.com/1"), ""),
        (gzip.compress(urlset("https://a.com/1")), ""),
        (urlset(), ""),
        (index(), ""),
        (b"https://a.com/1", ""),
        (cut(urlset(*(f"https://a.com/{n}" for n in range(9_000)))), "cut off"),
        (gzip.compress(cut(urlset(*(f"https://a.com/{n}" for n in range(9_000))))), "cut off"),
        (b"\x1f\x8bbroken", "cut off"),
        (gzip.compress(b" " * 60_000_000 + urlset("https://a.com/1")), "too large"),
        (urlset("https://a.com/1")[:-12], "broken XML"),
        (urlset("https://a.com/1").replace(b"<url>", b"<url>\xff\x00"), "broken XML"),
        (b"<html><body>404</body></html>", "no URL"),
        (b"Service unavailable", "no URL"),
        (b"", "no URL"),
    ],
)
def test_a_sitemap_says_what_may_be_missing(content, problem):
    assert parse_sitemap(content).problem == problem


def test_invalid_bytes_lose_no_page_after_them():
    content = urlset("https://a.com/1", "https://a.com/2").replace(b"<url>", b"<!-- \xff --><url>")
    assert parse_sitemap(content).urls == ("https://a.com/1", "https://a.com/2")


def test_logins_in_sitemaps_are_left_out():
    assert parse_sitemap(urlset("https://user:pass@a.com/1")).urls == ("https://a.com/1",)
    assert parse_sitemap(b"https://user:pass@a.com/1").urls == ("https://a.com/1",)


def test_sitemaps_that_were_not_read_are_counted_in_one_warning(caplog):
    contents = {
        ROOT: index(*(f"https://a.com/{name}.xml" for name in ("1", "2", "cut", "no", "deep"))),
        "https://a.com/cut.xml": cut(urlset(*(f"https://a.com/{n}" for n in range(9_000)))),
        "https://a.com/no.xml": b"<html></html>",
        "https://a.com/deep.xml": index("https://a.com/deeper.xml"),
        "https://a.com/deeper.xml": index("https://a.com/deepest.xml"),
    }
    with caplog.at_level(logging.WARNING):
        urls = read_sitemaps(ROOT, reading(contents))
    assert 0 < len(urls) < 9_000
    assert [record.message for record in caplog.records] == [
        f"{ROOT}: sitemaps were not read or not read to the end, so pages may be missing: "
        "2 x http 404, 1 x cut off, 1 x no URL, 1 x deeper than 3 levels"
    ]


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("_MAX_URLS", "beyond the limit of 3 pages"),
        ("_MAX_SITEMAPS", "4 x beyond the limit of 3 sitemaps"),
    ],
)
def test_a_list_that_is_cut_at_a_limit_says_so(caplog, monkeypatch, limit, said):
    monkeypatch.setattr(f"coverage_kit.collect.sitemap.{limit}", 3)
    contents = {
        ROOT: index(*(f"https://a.com/{n}.xml" for n in range(6))),
        **{
            f"https://a.com/{n}.xml": urlset(*(f"https://a.com/{n}/{m}" for m in range(2)))
            for n in range(6)
        },
    }
    with caplog.at_level(logging.WARNING):
        urls = read_sitemaps(ROOT, reading(contents))
    assert len(urls) == (3 if limit == "_MAX_URLS" else 4)
    assert said in caplog.text
    assert len(caplog.records) == 1


def test_a_whole_sitemap_gives_no_warning(caplog):
    with caplog.at_level(logging.WARNING):
        read_sitemaps(ROOT, reading({ROOT: urlset("https://a.com/1")}))
    assert not caplog.records


def test_a_sitemap_over_the_limit_gives_its_beginning(caplog):
    def fetch(url):
        return Fetched(url, "too large", urlset("https://a.com/1", "https://a.com/2")[:-60])

    with caplog.at_level(logging.WARNING):
        assert read_sitemaps(ROOT, fetch) == ["https://a.com/1"]
    assert "pages may be missing: too large" in caplog.text


def test_an_address_of_bytes_that_are_no_text_does_not_hide_the_others():
    bad, good = b"https://a.com/\xed\xa0\x80", b"https://a.com/1"
    entries = b"".join(b"<url><loc>" + url + b"</loc></url>" for url in (good, bad))
    assert "https://a.com/1" in parse_sitemap(b"<urlset>" + entries + b"</urlset>").urls
