import gzip
from pathlib import Path

import pandas as pd
import pytest

from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings, SiteSettings
from tests.collect.local_site import Answer, LocalSite, page

CRAWL = CrawlSettings(delay_seconds=0, retries=0, timeout_seconds=5, allow_private_addresses=True)


@pytest.fixture
def site():
    local = LocalSite()
    yield local
    local.close()


def read(site, path="/", cache=None, crawl=CRAWL):
    return read_site(SiteSettings(source=site.url + path), crawl, cache)


def name(site):
    return site.url.removeprefix("http://")


def sitemap(site, *paths):
    return (
        "<urlset>"
        + "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in paths)
        + "</urlset>"
    )


def test_a_crawl_becomes_the_pages_table(site, tmp_path):
    site.routes["/"] = page("Home", "Welcome to us.", "/a?ref=1", "/a", "/app", "/none")
    site.routes["/a?ref=1"] = site.routes["/a"] = page(
        "A", "Words of a.", head="<link rel='canonical' href='/a'>"
    )
    site.routes["/app"] = "<body><script>go()</script></body>"
    pages = read(site, cache=tmp_path).set_index("page_id")
    host = name(site)
    assert pages["status"].to_dict() == {
        f"{host}/": "ok",
        f"{host}/a?ref=1": f"duplicate of {site.url}/a",
        f"{host}/a": "ok",
        f"{host}/app": "no text",
        f"{host}/none": "http 404",
    }
    assert set(pages["site"]) == {"127.0.0.1"}
    assert pages.loc[f"{host}/a", "text"] == "# A\n\nWords of a."
    assert pages["text"].notna().sum() == 2
    assert pages["fetched_at"].notna().all()
    assert b"Welcome" in Path(pages.loc[f"{host}/", "html_path"]).read_bytes()
    assert split_pages(pages.reset_index())["text"].tolist() == ["Welcome to us.", "Words of a."]


def test_a_page_that_only_names_another_url_goes_by_that_url(site):
    site.routes["/"] = page("Home", "Welcome.", "/a?x=1")
    site.routes["/a?x=1"] = page("A", "Words.", head="<link rel='canonical' href='/a'>")
    assert read(site)["url"].tolist() == [f"{site.url}/", f"{site.url}/a"]


def test_a_canonical_url_on_another_site_is_not_believed(site):
    site.routes["/"] = page(
        "Home", "Welcome.", head="<link rel='canonical' href='https://other.example/'>"
    )
    assert read(site)["url"].tolist() == [f"{site.url}/"]


def test_noindex_pages_are_read(site):
    site.routes["/"] = page("Home", "Welcome.", head="<meta name='robots' content='noindex'>")
    assert read(site)["status"].tolist() == ["ok"]


def test_a_sitemap_is_read_page_by_page(site):
    site.routes["/sitemap_index.xml"] = (
        f"<sitemapindex><sitemap><loc>{site.url}/deep.xml.gz</loc></sitemap>"
        "<sitemap><loc>https://other.example/s.xml</loc></sitemap></sitemapindex>"
    )
    listed = sitemap(site, "/a", "/b", "/private").replace(
        "</urlset>", "<url><loc>https://other.example/</loc></url></urlset>"
    )
    site.routes["/deep.xml.gz"] = Answer(
        gzip.compress(listed.encode()), headers={"Content-Type": "application/x-gzip"}
    )
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /private"
    site.routes["/a"] = page("A", "Words of a.", "/not-in-the-sitemap")
    pages = read(site, "/sitemap_index.xml")
    assert dict(zip(pages["url"].str.removeprefix(site.url), pages["status"], strict=True)) == {
        "/a": "ok",
        "/b": "http 404",
        "/private": "robots",
        "https://other.example/": "left the site",
    }
    assert site.asked == ["/robots.txt", "/sitemap_index.xml", "/deep.xml.gz", "/a", "/b"]


@pytest.mark.parametrize("path", ["/sitemap", "/sitemap.txt", "/map.xml", "/MAP.XML.GZ"])
def test_what_counts_as_a_sitemap(site, path):
    site.routes[path] = f"{site.url}/a\n"
    site.routes["/a"] = page("A", "Words.")
    assert read(site, path)["url"].tolist() == [f"{site.url}/a"]


def test_a_site_without_any_readable_page_is_reported_with_counts(site):
    site.routes["/"] = page("", "", "/a", "/b")
    with pytest.raises(
        SiteError, match="at least one readable page; found 2 x http 404, 1 x no text"
    ):
        read(site)


def test_a_site_that_asks_for_more_time_than_there_is_names_the_budget(site, caplog):
    site.routes["/robots.txt"] = "User-agent: *\nCrawl-delay: 1000000000"
    site.routes["/"] = page("Home", "Welcome.")
    with pytest.raises(SiteError, match=r"found no page\. The budgets of \[crawl\]"):
        read(site, crawl=CRAWL.model_copy(update={"max_seconds": 20}))
    assert "asks for a pause of 1,000,000,000 s; the longest pause is 60 s" in caplog.text
    assert "crawl.max_seconds is used up" in caplog.text


def test_a_site_that_asks_for_a_login_is_reported_and_read_with_one(site):
    def locked(handler):
        login = handler.headers.get("Authorization")
        return Answer(page("Home", "Welcome.").encode(), 200 if login else 401)

    site.routes["/"] = locked
    with pytest.raises(SiteError, match=r"found 1 x http 401\. It asks for a login"):
        read(site)
    settings = SiteSettings(source=site.url.replace("://", "://maria:pass-word@") + "/")
    pages = read_site(settings, CRAWL)
    assert pages["status"].tolist() == ["ok"]
    assert "pass-word" not in pages.to_csv()


def test_a_site_that_refuses_crawlers_is_reported(site):
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /"
    with pytest.raises(SiteError, match=r"found 1 x robots\. Its robots.txt refuses"):
        read(site)


def test_errors_of_the_source_are_reported(site):
    with pytest.raises(SiteError, match="a folder or an http"):
        read_site(SiteSettings(source="ftp://a.com/"))
    with pytest.raises(SiteError, match="https://"):
        read_site(SiteSettings(source="example.com"))
    with pytest.raises(SiteError, match="allow_private_addresses"):
        read(site, crawl=CrawlSettings())
    with pytest.raises(SiteError, match="a sitemap that names pages; found http 404"):
        read(site, "/sitemap.xml")


def test_two_crawls_give_the_same_table(site):
    site.routes["/"] = page("Home", "Welcome.", "/a", "/none")
    site.routes["/a"] = page("A", "Words.")
    pd.testing.assert_frame_equal(
        read(site).drop(columns="fetched_at"), read(site).drop(columns="fetched_at")
    )


def test_session_and_print_copies_of_a_crawl_are_duplicates_of_the_page(site):
    same = "Welcome to the page about tea."
    site.routes["/"] = page("Home", "Hello.", "/tea", "/tea?sid=1", "/tea?sid=2", "/print/tea")
    for path in ("/tea", "/tea?sid=1", "/tea?sid=2", "/print/tea"):
        site.routes[path] = page("Tea", same)
    pages = read(site).set_index("page_id")
    copy = f"duplicate of {site.url}/tea"
    assert pages["status"].to_dict() == {
        f"{name(site)}/": "ok",
        f"{name(site)}/tea": "ok",
        f"{name(site)}/tea?sid=1": copy,
        f"{name(site)}/tea?sid=2": copy,
        f"{name(site)}/print/tea": copy,
    }


def test_a_page_that_cannot_be_read_is_a_status_of_the_crawl(site):
    site.routes["/"] = page("Home", "Hello.", "/deep", "/last", "/odd")
    site.routes["/deep"] = "<a href='/never'>x</a>" + "<div>" * 5000 + "x"
    site.routes["/odd"] = Answer(
        "<p>Größe".encode("cp1252"), headers={"Content-Type": "text/html; charset=punycode"}
    )
    site.routes["/last"] = page("Last", "Bye.")
    statuses = read(site).set_index("page_id")["status"]
    assert statuses[f"{name(site)}/deep"].startswith("unreadable: nested too deeply")
    assert statuses[[f"{name(site)}/", f"{name(site)}/last", f"{name(site)}/odd"]].eq("ok").all()
