import gzip
import logging
import subprocess
import sys
import time

import pytest

from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.sitemap import Sitemap, parse_sitemap, read_sitemaps
from coverage_kit.collect.unread import UnreadItems
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
    start = time.process_time()
    assert parse_sitemap(body.encode()).urls == ("https://a.com/1",)
    assert time.process_time() - start < 3


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


HEAD = "<?xml version='1.0' encoding='UTF-8'?>"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("/a", "https://a.com/a"),
        ("//a.com/b", "https://a.com/b"),
        ("https://a.com/c", "https://a.com/c"),
        ("d/e", "https://a.com/maps/d/e"),
        ("../f", "https://a.com/f"),
        ("?page=2", "https://a.com/maps/sitemap.xml?page=2"),
        ("\n\t https://a.com/g\n\t ", "https://a.com/g"),
        ("https://a.com/long/\n      address", "https://a.com/long/address"),
        ("<![CDATA[/h?x=1&y=2&amp;z]]>", "https://a.com/h?x=1&y=2&amp;z"),
        ("https://a.com/i#part", "https://a.com/i"),
        ("HTTPS://A.com/j", "HTTPS://A.com/j"),
        ("https://a.com/caf\u00e9", "https://a.com/caf\u00e9"),
    ],
)
def test_addresses_are_joined_to_that_of_the_sitemap(written, url):
    content = f"<urlset><url><loc>{written}</loc></url></urlset>".encode()
    (read,) = parse_sitemap(content, "https://a.com/maps/sitemap.xml").urls
    assert read.lower() == url.lower()


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("/authors/ann-&-bob/", "/authors/ann-&-bob/"),
        ("/list?x=1&y=2", "/list?x=1&y=2"),
        ("/c?a=1&copy=2", "/c?a=1&copy=2"),
        ("/c?a=1&copy;=2", "/c?a=1&copy;=2"),
        ("/ok?a=1&amp;b=2", "/ok?a=1&b=2"),
        ("/both?a=1&b=2&amp;c=3&d", "/both?a=1&b=2&c=3&d"),
        ("/numbers?a&#38;b&#x26;c&#X26;d", "/numbers?a&b&c&"),
        ("/end&", "/end&"),
        ("/&&&", "/&&&"),
        ("/quotes?a=&quot;1&apos;", "/quotes?a=\"1'"),
        ("/no;entity?a&amp", "/no;entity?a&amp"),
    ],
)
def test_bare_ampersands_are_read_and_right_ones_after_them_too(written, url):
    content = (
        f"{HEAD}<urlset><url><loc>/first?a=1&b=2</loc></url><url><loc>{written}</loc></url>"
        "<url><loc>/last?a=1&amp;b=2</loc></url></urlset>"
    )
    sitemap = parse_sitemap(content.encode(), ROOT)
    assert sitemap.urls == tuple(
        f"https://a.com{path}" for path in ("/first?a=1&b=2", url, "/last?a=1&b=2")
    )
    assert sitemap.problem == ""


@pytest.mark.parametrize("fault", ["<x:y/>", "\x00", "&#0;", "<a<b>"])
def test_a_fault_of_another_kind_loses_no_ampersand_behind_it(fault):
    content = f"<urlset>{fault}<url><loc>/a?x=1&amp;y=2&z=3</loc></url></urlset>"
    assert parse_sitemap(content.encode(), ROOT).urls == ("https://a.com/a?x=1&y=2&z=3",)


def test_ampersands_at_every_place_of_the_pieces_that_are_read():
    for shift in range(0, 140, 7):
        filler = "x" * (65_536 - 100 + shift)
        content = (
            f"<urlset><!-- {filler} & <![CDATA[ --><url><loc>/a?b&amp;c&d&#38;e</loc></url>"
            "<url><loc><![CDATA[/f&amp;g]]></loc></url></urlset>"
        )
        sitemap = parse_sitemap(content.encode(), ROOT)
        assert sitemap.urls == ("https://a.com/a?b&c&d&e", "https://a.com/f&amp;g"), shift


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "cp1251"])
def test_sitemaps_come_in_every_encoding(encoding):
    name = encoding.removesuffix("-sig")
    url = "https://a.com/\u0447" if encoding == "cp1251" else "https://a.com/caf\u00e9"
    content = f"<?xml version='1.0' encoding='{name}'?><urlset><url><loc>{url}</loc></url></urlset>"
    assert parse_sitemap(content.encode(encoding)).urls == (url,)


RSS = (
    "<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel><link>https://a.com/</link>"
    "<atom:link rel='self' href='https://a.com/feed'/>"
    "<atom:link rel='next' href='/feed?paged=2'/>"
    "<item><link>https://a.com/1?x=1&y=2</link><guid isPermaLink='false'>tag:1</guid></item>"
    "<item><guid>https://a.com/2</guid></item>"
    "<item><guid isPermaLink='false'>https://a.com/no</guid></item>"
    "<item><link>/3</link><enclosure url='https://a.com/3.mp3'/></item></channel></rss>"
)
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://a.com/blog/'>"
    "<link rel='alternate' href='https://a.com/'/><entry><id>tag:1</id>"
    "<link rel='edit' href='/edit'/><link rel='alternate' type='application/json' href='/1.json'/>"
    "<link rel='alternate' type='text/html' href='1'/></entry>"
    "<entry><link href='https://a.com/2'/></entry></feed>"
)
RDF = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
    "<channel rdf:about='https://a.com/'><link>https://a.com/</link></channel>"
    "<item rdf:about='https://a.com/1'><link>https://a.com/1</link></item>"
    "<item rdf:about='https://a.com/2'><title>Two</title></item></rdf:RDF>"
)
LLMS = (
    "# A.com\n\n> All about kettles, see https://elsewhere.example/x.\n\n## Docs\n\n"
    "- [Start](/start.md): how to begin\n- [API (v2)](https://a.com/api_(v2)): *the* interface\n"
    "* [Top](#top)\n- <https://a.com/bare>\n\n## Optional\n\n1. [Old](old/index.html.md)\n"
)
TEXT = "# our pages\nhttps://a.com/1\n\n  /2  \n//a.com/3\nno address\n#https://a.com/4\n"


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        (RSS, ["/1?x=1&y=2", "/2", "/3"]),
        (ATOM, ["/blog/1", "/2"]),
        (RDF, ["/1", "/2"]),
        (LLMS, ["/start.md", "/api_(v2)", "/bare", "/old/index.html.md"]),
        (TEXT, ["/1", "/2", "/3"]),
        (
            f"<!-- ours -->{HEAD}<sm:urlset xmlns:sm='x'><sm:url><sm:loc>/1</sm:loc></sm:url>",
            ["/1"],
        ),
        (
            "<urlset xmlns='http://www.google.com/schemas/sitemap/0.84'><url><loc>/1</loc></url>",
            ["/1"],
        ),
    ],
    ids=["rss", "atom", "rdf", "llms", "text", "prefix", "old"],
)
@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
def test_lists_are_recognised_by_their_content(content, paths, pack):
    sitemap = parse_sitemap(pack(content), ROOT)
    assert sitemap.urls == tuple(f"https://a.com{path}" for path in paths)


def test_what_feeds_lead_on_to_and_entries_without_an_address_are_known():
    sitemap = parse_sitemap(RSS.encode(), ROOT)
    assert sitemap.children == ("https://a.com/feed?paged=2",)
    assert sitemap.n_unusable == 1


@pytest.mark.parametrize(
    "lastmod", ["2024", "2999-01-01", "yesterday", "", "<x/>", "2024-13-45T99"]
)
def test_odd_dates_reject_no_entry(lastmod):
    content = f"<urlset><url><loc>/a</loc><lastmod>{lastmod}</lastmod></url></urlset>".encode()
    assert parse_sitemap(content, ROOT).urls == ("https://a.com/a",)


def rows(unread):
    return {
        (row["kind"], row["reason"]): (row["n_items"], row["examples"], row["cure"])
        for row in unread.table("a.com", ROOT).to_dict("records")
    }


def test_each_lost_sitemap_is_counted_with_example_and_cure():
    contents = {
        ROOT: index(
            "https://a.com/gone.xml", "https://a.com/cut.xml", "https://a.com/no.xml", "/1"
        ),
        "https://a.com/cut.xml": cut(urlset(*(f"https://a.com/{n}" for n in range(9_000)))),
        "https://a.com/no.xml": b"<html></html>",
        "https://a.com/1": urlset("https://a.com/x", "mailto:a@a.com", "", "https://a.com/\ufffd"),
    }
    unread = UnreadItems()
    read_sitemaps(ROOT, reading(contents), unread)
    found = rows(unread)
    assert found["sitemap", "http 404"][:2] == (1, "https://a.com/gone.xml")
    assert found["sitemap", "cut off"][:2] == (1, "https://a.com/cut.xml")
    assert found["sitemap", "no URL"][:2] == (1, "https://a.com/no.xml")
    entries = found["address", "an entry of a sitemap that is no http(s) address"]
    assert entries[:2] == (3, "mailto:a@a.com")
    assert all(cure for _, _, cure in found.values())


def test_alternates_are_no_further_pages_and_only_unlisted_ones_are_counted():
    def entry(path, *others):
        links = "".join(
            f"<xhtml:link rel='alternate' hreflang='{language}' href='https://a.com{other}'/>"
            for language, other in others
        )
        return f"<url><loc>https://a.com{path}</loc>{links}</url>"

    languages = (("en", "/en"), ("de", "/de"), ("fr", "/fr"), ("x-default", "/en"))
    content = (
        f"<urlset xmlns:xhtml='x'>{entry('/en', *languages)}{entry('/de', *languages)}</urlset>"
    )
    unread = UnreadItems()
    urls = read_sitemaps(ROOT, reading({ROOT: content.encode()}), unread)
    assert urls == ["https://a.com/en", "https://a.com/de"]
    assert rows(unread)["address", "only an alternate in another language"][:2] == (
        1,
        "https://a.com/fr",
    )


def test_the_links_of_a_sitemap_for_readers_are_a_list_and_an_error_page_is_none():
    html = b"<html><body><a href='/a'>A</a><a href='https://b.com/'>B</a></body></html>"
    for_readers = "https://a.com/sitemap/"
    assert read_sitemaps(for_readers, reading({for_readers: html})) == ["https://a.com/a"]
    with pytest.raises(SiteError, match="found no URL"):
        read_sitemaps(ROOT, reading({ROOT: html}))


@pytest.mark.parametrize(
    "content",
    [
        "<urlset><url><loc>" + "&" * 1_000_000,
        "<urlset>" + "&a" * 500_000,
        "<urlset>" + "<" * 1_000_000,
        "<urlset>" + "<![CDATA[" * 110_000,
        "<urlset>" + "<!--" * 250_000,
        "<urlset>" + "<url><loc>" * 100_000,
        "<" + "a" * 1_000_000,
        "<!DOCTYPE u [" + "<!ENTITY a 'b'>" * 66_000,
        "<?" * 500_000,
        "<urlset><url>" + "<xhtml:link rel='alternate' href='/x'/>" * 25_000,
        "[" * 1_000_000,
        "](" * 100_000,
        "](" + "(" * 1_000_000,
        "](" + "(a" * 500_000,
        "- " * 500_000,
        "/" * 1_000_000,
        "<urlset><url><loc>" + "a\n" * 500_000,
    ],
    ids=lambda content: content[:12] + content[-6:],
)
def test_hostile_sitemaps_take_time_in_proportion(content):
    start = time.process_time()
    parse_sitemap(content.encode(), ROOT)
    assert time.process_time() - start < 3


MEASURE = """
import gzip, resource, sys
from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.sitemap import read_sitemaps
entry = "<url><loc>https://a.com/section/page-{}?x=1&amp;y=2</loc><lastmod>2024-01-01</lastmod></url>"
entries = "".join(map(entry.format, range(50_000)))
content = f"<urlset>{entries}</urlset>".encode()
del entries
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
urls = read_sitemaps("https://a.com/s.xml", lambda url: Fetched(url, "ok", content))
print(len(urls), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is that of Linux")
def test_50_000_addresses_are_read_in_bounded_memory():
    child = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    )
    n_urls, megabytes = map(int, child.stdout.split())
    assert n_urls == 50_000
    # Measured: 18 MB, of which the addresses are most.
    assert megabytes < 60
