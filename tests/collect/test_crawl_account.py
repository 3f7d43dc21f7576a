"""What a crawl met is read, rejected with a row, or counted: nothing is passed over silently."""

import pytest

from coverage_kit.collect.site import read_source
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings, SiteSettings
from tests.collect.local_site import HTML, Answer, LocalSite, page
from tests.collect.sources.test_pdf import pdf

WORDS = "The kettle whistles when the water boils in the morning."
MARKDOWN = {"Content-Type": "text/markdown; charset=utf-8"}
XML = {"Content-Type": "application/xml"}


@pytest.fixture
def site():
    local = LocalSite()
    yield local
    local.close()


@pytest.fixture
def other():
    local = LocalSite()
    yield local
    local.close()


def read(site, path="/", **options):
    manners = {"delay_seconds": 0, "retries": 0, "timeout_seconds": 5}
    crawl = CrawlSettings(**{**manners, "allow_private_addresses": True, **options})
    return read_source(SiteSettings(source=site.url + path), crawl)


def statuses(site, reading):
    host = site.url.removeprefix("http://")
    ids = reading.pages["page_id"].str.removeprefix(host)
    return dict(zip(ids, reading.pages["status"], strict=True))


def counts(reading):
    return {
        (row["kind"], row["reason"]): row["n_items"] for row in reading.unread.to_dict("records")
    }


def sitemap(*addresses):
    entries = "".join(f"<url><loc>{address}</loc></url>" for address in addresses)
    return Answer(f"<urlset>{entries}</urlset>".encode(), headers=XML)


def index(*addresses):
    entries = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return Answer(f"<sitemapindex>{entries}</sitemapindex>".encode(), headers=XML)


def test_every_address_of_a_site_is_a_row_or_counted_once(site):
    links = [
        *("/a", "/b", "/old", "/stub", "/private", "/locked", "/paper.pdf", "/gone", "/away"),
        *("/logo.png", "/logo.png?v=2", "/style.css", "/feed.rss", "/" + "x" * 2_500),
        *("https://other.example/", "https://other.example/2", "mailto:a@b.c", "#part"),
    ]
    unfollowed = "<a rel=nofollow href=/quiet>q</a><a rel=nofollow href=/a>a</a>"
    site.routes["/"] = page("Home", WORDS, *links).replace("</nav>", f"{unfollowed}</nav>")
    site.routes["/a"] = page("A", f"A. {WORDS}", "/", "/b", "https://other.example/")
    site.routes["/b"] = page(
        "B", f"B. {WORDS}", head="<meta name=robots content=nofollow>"
    ).replace("<nav>", "<nav><a href=/only-from-b>x</a>")
    site.routes["/old"] = Answer(status=301, headers={"Location": "/new"})
    site.routes["/new"] = page("New", f"New. {WORDS}")
    site.routes["/stub"] = "<meta http-equiv=refresh content='0; url=/target'>"
    site.routes["/target"] = page("Target", f"Target. {WORDS}")
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /private"
    site.routes["/locked"] = Answer(status=403)
    site.routes["/paper.pdf"] = Answer(b"PK", headers={"Content-Type": "application/epub+zip"})
    site.routes["/away"] = Answer(status=302, headers={"Location": "https://other.example/"})
    reading = read(site)
    assert statuses(site, reading) == {
        "/": "ok",
        "/a": "ok",
        "/b": "ok",
        "/new": "ok",
        "/target": "ok",
        "/private": "robots",
        "/locked": "http 403",
        "/paper.pdf": "not html: application/epub+zip",
        "/gone": "http 404",
        "/away": "left the site",
    }
    assert counts(reading) == {
        ("address", "a redirect to another address of the site"): 2,
        ("address", "a link marked nofollow"): 2,
        ("address", "a link to another host"): 2,
        ("address", "an address of more than 2,000 characters"): 1,
        ("address", "the ending .png"): 2,
        ("address", "the ending .css"): 1,
        ("address", "the ending .rss"): 1,
    }


@pytest.mark.parametrize("source", ["/", "/sitemap.xml"])
def test_pages_beyond_a_budget_are_counted(site, source):
    paths = [f"/{number}" for number in range(9)]
    site.routes["/"] = page("Home", WORDS, *paths)
    site.routes["/sitemap.xml"] = sitemap("/", *paths)
    for path in paths:
        site.routes[path] = page(path, f"{path} {WORDS}")
    reading = read(site, source, max_pages=3)
    assert len(reading.pages) == 3
    (row,) = reading.unread.to_dict("records")
    assert (row["reason"], row["n_items"]) == ("crawl.max_pages is used up", 7)
    assert row["cure"] == "Raise crawl.max_pages to read more."
    assert row["may_be_pages"]


def test_sitemaps_in_robots_name_pages_that_no_link_leads_to(site):
    site.routes["/robots.txt"] = "Sitemap: /map.xml\nSitemap: /lost.xml"
    site.routes["/map.xml"] = sitemap("/orphan", "/", "https://other.example/x")
    site.routes["/"] = page("Home", WORDS)
    site.routes["/orphan"] = page("Orphan", f"Orphan. {WORDS}")
    reading = read(site)
    assert statuses(site, reading) == {"/": "ok", "/orphan": "ok"}
    assert counts(reading) == {
        ("sitemap", "http 404"): 1,
        ("address", "a link to another host"): 1,
    }
    assert statuses(site, read(site, use_sitemaps=False)) == {"/": "ok"}


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("is_allowed", [True, False])
def test_sitemaps_on_other_hosts_need_robots_or_a_setting(site, other, is_named, is_allowed):
    if is_named:
        site.routes["/robots.txt"] = f"Sitemap: {other.url}/map.xml"
    site.routes["/sitemap.xml"] = index("/own.xml", f"{other.url}/map.xml", f"{other.url}/no.xml")
    site.routes["/own.xml"] = sitemap("/a")
    other.routes["/map.xml"] = sitemap(f"{site.url}/b", "/foreign")
    for path in ("/a", "/b"):
        site.routes[path] = page(path, f"{path} {WORDS}")
    host = other.url.removeprefix("http://")
    reading = read(site, "/sitemap.xml", other_sitemap_hosts=(host,) if is_allowed else ())
    expected = {"/a": "ok"}
    if is_named or is_allowed:
        expected |= {"/b": "ok", f"{host}/foreign": "left the site"}
    assert statuses(site, reading) == expected
    found = counts(reading)
    reason = "sitemaps on it, which the site's robots.txt does not name"
    assert found.get(("host", reason), 0) == (0 if is_allowed else 1)
    assert found.get(("sitemap", "http 404"), 0) == (1 if is_allowed else 0)


def test_an_index_on_another_host_that_robots_name_speaks_for_its_own_host(site, other):
    site.routes["/robots.txt"] = f"Sitemap: {other.url}/index.xml"
    other.routes["/index.xml"] = index("/child.xml")
    other.routes["/child.xml"] = sitemap(f"{site.url}/a")
    site.routes["/"] = page("Home", WORDS)
    site.routes["/a"] = page("A", f"A. {WORDS}")
    assert statuses(site, read(site)) == {"/": "ok", "/a": "ok"}


def test_a_sitemap_that_redirects_to_another_host_is_not_followed(site, other):
    site.routes["/sitemap.xml"] = Answer(status=302, headers={"Location": f"{other.url}/map.xml"})
    with pytest.raises(SiteError, match="found on another host"):
        read(site, "/sitemap.xml")
    assert other.asked == []


@pytest.mark.parametrize(
    ("address", "kind", "body"),
    [
        (
            "/feed/",
            "application/rss+xml",
            "<rss><channel><item><link>/a</link></item></channel></rss>",
        ),
        ("/posts", "application/atom+xml", "<feed><entry><link href='/a'/></entry></feed>"),
        ("/all", HTML, "<urlset><url><loc>/a</loc></url></urlset>"),
        ("/pages", "text/xml", "<sitemapindex><sitemap><loc>/m</loc></sitemap></sitemapindex>"),
        ("/list", "text/plain", "/a\n"),
        ("/llms.txt", "text/plain", "# Us\n\n- [A](/a): words\n"),
        ("/urls.txt.gz", "application/gzip", "/a\n"),
        ("/sitemap", HTML, "<html><body><a href='/a'>A</a></body></html>"),
    ],
)
def test_lists_are_recognised_by_content_whatever_their_address(site, address, kind, body):
    site.routes[address] = Answer(body.encode(), headers={"Content-Type": kind})
    site.routes["/m"] = sitemap("/a")
    site.routes["/a"] = page("A", WORDS, "/not-followed")
    assert statuses(site, read(site, address)) == {"/a": "ok"}


@pytest.mark.parametrize(
    ("address", "headers", "expected"),
    [
        ("/a.md", MARKDOWN, "/a"),
        ("/b.mdx", {"Content-Type": "text/plain"}, "/b"),
        ("/c.html.md", MARKDOWN, "/c.html"),
        ("/index.md", MARKDOWN, "/"),
        ("/docs/index.md?v=2", MARKDOWN, "/docs?v=2"),
        ("/d", MARKDOWN, "/d"),
    ],
)
def test_markdown_twins_are_read_as_the_pages_that_they_are_the_source_of(
    site, address, headers, expected
):
    site.routes["/llms.txt"] = Answer(f"# Us\n- [It]({address})".encode())
    site.routes[address] = Answer(f"# Title\n\n{WORDS}\n".encode(), headers=headers)
    reading = read(site, "/llms.txt")
    assert statuses(site, reading) == {expected: "ok"}
    assert reading.pages.iloc[0]["title"] == "Title"
    assert reading.pages.iloc[0]["url"] == site.url + expected


def test_a_page_and_its_markdown_twin_are_one_page(site):
    site.routes["/"] = page("Home", f"Home. {WORDS}", "/a.md", "/a")
    site.routes["/a.md"] = Answer(f"# A\n\n{WORDS} [B](/b.md)\n".encode(), headers=MARKDOWN)
    site.routes["/a"] = page("A", WORDS)
    site.routes["/b.md"] = Answer(b"# B\n\nOther words of B.\n", headers=MARKDOWN)
    assert statuses(site, read(site)) == {
        "/": "ok",
        "/a": "ok",
        "/a.md": f"duplicate of {site.url}/a",
        "/b": "ok",
    }


def test_plain_text_that_is_no_markdown_is_no_page(site):
    site.routes["/"] = page("Home", WORDS, "/notes.text")
    site.routes["/notes.text"] = Answer(b"notes", headers={"Content-Type": "text/plain"})
    assert statuses(site, read(site))["/notes.text"] == "not html: text/plain"


def test_a_file_of_all_pages_is_split_into_them(site):
    body = f"# A\n\nSource: {site.url}/a\n\n{WORDS}\n\n# B\n\nSource: {site.url}/b\n\nB. {WORDS}\n"
    site.routes["/llms-full.txt"] = Answer(body.encode(), headers={"Content-Type": "text/plain"})
    reading = read(site, "/llms-full.txt")
    assert statuses(site, reading) == {"/a": "ok", "/b": "ok"}
    assert site.asked == ["/robots.txt", "/llms-full.txt"]


def test_a_file_of_all_pages_that_is_not_there_or_refused_is_an_error(site):
    with pytest.raises(SiteError, match="a file with all pages of a site; found http 404"):
        read(site, "/llms-full.txt")
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /"
    with pytest.raises(SiteError, match="a file with all pages of a site; found robots"):
        read(site, "/llms-full.txt")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("0;url=/b", {"/b": "ok"}),
        ("5; URL='/b'", {"/b": "ok"}),
        ("0, /b", {"/b": "ok"}),
        ("300;url=/b", {"/a": "ok"}),
        ("5", {"/a": "ok"}),
        ("0;url=/a#again", {"/a": "ok"}),
        ("0;url=https://other.example/", {"/a": "left the site"}),
        ("0;url=/private", {"/a": "robots"}),
        ("0;url=/gone", {"/gone": "http 404"}),
        ("0;url=/loop", {"/loop": "ok"}),
    ],
)
def test_a_refresh_is_followed_like_a_redirect_once(site, content, expected):
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /private"
    site.routes["/"] = page("Home", f"Home. {WORDS}", "/a")
    site.routes["/a"] = page(
        "A", f"A. {WORDS}", head=f'<meta http-equiv=Refresh content="{content}">'
    )
    site.routes["/b"] = page("B", f"B. {WORDS}")
    site.routes["/loop"] = page("L", f"L. {WORDS}", head="<meta http-equiv=refresh content='0;/a'>")
    assert statuses(site, read(site)) == {"/": "ok", **expected}


@pytest.mark.parametrize("length", [2, 3, 5])
def test_pages_that_name_one_another_as_their_url_keep_their_urls(site, length):
    paths = [f"/{number}" for number in range(length)]
    site.routes["/"] = page("Home", f"Home. {WORDS}", *paths)
    for path, canonical in zip(paths, paths[1:] + paths[:1], strict=True):
        head = f"<link rel=canonical href={canonical}>"
        site.routes[path] = page(f"Page {path}", f"Words of {path}.", head=head)
    pages = read(site).pages
    for path in paths:
        (row,) = pages[pages["url"] == site.url + path].to_dict("records")
        assert (row["status"], row["title"]) == ("ok", f"Page {path}")


def test_a_start_that_leads_to_another_host_names_the_cure(site, other):
    site.routes["/"] = Answer(status=301, headers={"Location": f"{other.url}/"})
    with pytest.raises(SiteError, match="name an address of that host as the source"):
        read(site)


def test_a_pdf_that_a_page_links_is_a_page_with_its_own_address(site):
    lines = [(50, 700, 24, "Winter care"), (50, 640, 11, "Drain the pump before the first frost.")]
    site.routes["/"] = page("Home", f"Home. {WORDS}").replace(
        "<nav>", "<nav><a href=/care.pdf>x</a>"
    )
    site.routes["/care.pdf"] = Answer(
        pdf([lines]), headers={"Content-Type": "application/pdf; charset=binary"}
    )
    pages = read(site).pages.set_index("url")
    care = pages.loc[f"{site.url}/care.pdf"]
    assert care["status"] == "ok"
    assert care["title"] == "Winter care"
    assert "Drain the pump before the first frost." in care["text"]


def test_a_damaged_pdf_has_its_reason(site):
    site.routes["/"] = page("Home", f"Home. {WORDS}").replace("<nav>", "<nav><a href=/a.pdf>x</a>")
    site.routes["/a.pdf"] = Answer(b"%PDF-1.4 x", headers={"Content-Type": "application/pdf"})
    assert statuses(site, read(site))["/a.pdf"] == "unreadable: a damaged PDF"
