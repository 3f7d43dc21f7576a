"""Pages that scripts write, in Debian's chromium against real servers on this machine."""

import logging
import shutil
import time
from pathlib import Path

import pytest

from coverage_kit.collect.fetch import Fetched
from coverage_kit.collect.rendering import needs_browser
from coverage_kit.collect.site import read_source
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings, SiteSettings
from tests.collect.local_site import Answer, LocalSite, page

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
SCRIPT = {"Content-Type": "text/javascript"}
JSON = {"Content-Type": "application/json"}
PROSE = "The boiler keeps its pressure for two years if the valve is closed by hand each autumn. "
# "Clean the tank in spring and in autumn."
CHINESE = "春天和秋天各清洗一次水箱。"


@pytest.fixture
def site():
    local = LocalSite()
    yield local
    local.close()


def shell(script, lang="en"):
    return (
        f"<!doctype html><html lang={lang}><head><title>Shop</title></head>"
        f"<body><div id=root></div>{script}</body></html>"
    )


def writing(text):
    """A script that writes a heading and a paragraph into the empty element of a shell."""
    return (
        "document.getElementById('root').innerHTML = "
        f"'<main><h1>Valves</h1><p>{text}</p><a href=\"/second\">More</a></main>'"
    )


def read(site, cache=None, path="/", **options):
    crawl = CrawlSettings(
        **{
            "delay_seconds": 0,
            "retries": 0,
            "timeout_seconds": 5,
            "allow_private_addresses": True,
            "render": True,
            **options,
        }
    )
    return read_source(SiteSettings(source=site.url + path), crawl, cache)


def statuses(site, reading):
    host = site.url.removeprefix("http://")
    return dict(
        zip(reading.pages["page_id"].str.removeprefix(host), reading.pages["status"], strict=True)
    )


def counted(reading):
    return {
        (row["kind"], row["reason"]): row["n_items"] for row in reading.unread.to_dict("records")
    }


@needs_chromium
def test_a_page_that_a_script_writes_is_read_with_its_links_and_language(site, tmp_path, caplog):
    site.routes["/"] = shell("<script src=/app.js></script>", "de")
    site.routes["/app.js"] = Answer(writing(PROSE * 3).encode(), headers=SCRIPT)
    site.routes["/second"] = page("Second", PROSE * 5)
    with caplog.at_level(logging.WARNING):
        reading = read(site, tmp_path)
    assert statuses(site, reading) == {"/": "ok", "/second": "ok"}
    first = reading.pages.iloc[0]
    assert PROSE.strip() in first["text"] and first["language"] == "de"
    stored = Path(first["html_path"]).read_text(encoding="utf-8")
    assert "<h1>Valves</h1>" in stored
    assert site.asked == ["/robots.txt", "/", "/app.js", "/second"]
    assert "1 pages show their text only in a browser" in caplog.text


@needs_chromium
def test_data_that_a_script_asks_for_is_part_of_the_page(site):
    script = (
        "fetch('/api/text.json', {headers: {'X-App': '1'}}).then(r => r.json())"
        ".then(d => { document.getElementById('root').textContent = d.text })"
    )
    site.routes["/"] = shell(f"<script>{script}</script>")
    site.routes["/api/text.json"] = Answer(f'{{"text": "{PROSE * 3}"}}'.encode(), headers=JSON)
    reading = read(site)
    assert PROSE.strip() in reading.pages.iloc[0]["text"]
    assert site.headers["/api/text.json"]["x-app"] == "1"


@needs_chromium
def test_what_elements_keep_for_themselves_is_read(site):
    script = (
        "customElements.define('x-a', class extends HTMLElement { connectedCallback() {"
        f"this.attachShadow({{mode: 'open'}}).innerHTML = '<h2>Shade</h2><p>{PROSE * 3}</p>'"
        "} });"
        "document.getElementById('root').innerHTML = '<main><x-a></x-a></main>'"
    )
    site.routes["/"] = shell(f"<script>{script}</script>")
    assert "## Shade" in read(site).pages.iloc[0]["text"]


@needs_chromium
def test_without_the_setting_the_page_has_no_text_and_the_cure_names_it(site, caplog):
    site.routes["/"] = shell(f"<script>{writing(PROSE * 3)}</script>")
    with pytest.raises(SiteError, match=r"1 x no text.*crawl.render = true"):
        read(site, render=False)
    assert "1 pages have no text without scripts" in caplog.text


@needs_chromium
def test_pages_with_text_are_not_opened(site):
    site.routes["/"] = page("Home", PROSE * 5).replace(
        "</main>", "</main><script src=/app.js></script>"
    )
    read(site)
    assert "/app.js" not in site.asked


@needs_chromium
def test_other_hosts_are_asked_for_nothing_unless_they_are_named(site):
    other = LocalSite()
    other.routes["/app.js"] = Answer(writing(PROSE * 3).encode(), headers=SCRIPT)
    site.routes["/"] = shell(
        f"<p>{PROSE}</p><img src={other.url}/a.png><iframe src={other.url}/frame></iframe>"
        f"<script src={other.url}/app.js></script>"
    )
    reading = read(site)
    assert other.asked == []
    assert counted(reading)[("host", "what rendered pages load from it")] == 1
    host = other.url.removeprefix("http://")
    reading = read(site, render_hosts=(host,))
    assert "Valves" in reading.pages.iloc[0]["text"]
    assert other.asked == ["/robots.txt", "/app.js"]
    other.close()


@needs_chromium
def test_robots_hold_for_what_a_page_loads(site):
    site.routes["/robots.txt"] = "User-agent: *\nDisallow: /js/"
    site.routes["/"] = shell(f"<p>{PROSE}</p><script src=/js/app.js></script>")
    site.routes["/js/app.js"] = Answer(writing(PROSE * 3).encode(), headers=SCRIPT)
    reading = read(site)
    assert "/js/app.js" not in site.asked
    assert counted(reading)[("address", "loaded by rendered pages, refused by robots")] == 1


@needs_chromium
def test_private_addresses_stay_out_of_reach(site, monkeypatch):
    monkeypatch.setattr("coverage_kit.collect.rendering._PAGE_SECONDS", 5.0)
    other = LocalSite()
    other.routes["/"] = b"secret"
    reach = (
        f"fetch('{other.url}/').then(r => r.text()).then(t => document.body.append(t));"
        f"new WebSocket('{other.url.replace('http', 'ws')}/');"
        f"navigator.sendBeacon('{other.url}/beacon', 'x');"
        f"new Image().src = '{other.url}/a.png'; location.href = '{other.url}/away';"
        f"window.open('{other.url}/popup')"
    )
    site.routes["/"] = shell(f"<script>{writing(PROSE * 3)}; {reach}</script>")
    reading = read(site)
    assert "Valves" in reading.pages.iloc[0]["text"]
    assert other.asked == []
    other.close()


HOSTILE = (
    "while (true) {}",
    "setTimeout(() => { while (true) {} }, 700)",
    "alert('stop'); confirm('sure?'); prompt('name')",
    "setInterval(() => fetch('/poll?' + Math.random()), 50)",
    "location.href = '/elsewhere'",
    "document.documentElement.remove()",
    "window.close()",
)


@needs_chromium
def test_hostile_scripts_end_in_time_and_the_crawl_goes_on(site, monkeypatch):
    monkeypatch.setattr("coverage_kit.collect.rendering._PAGE_SECONDS", 3.0)
    monkeypatch.setattr("coverage_kit.collect.rendering._IDLE_SECONDS", 1.5)
    monkeypatch.setattr("coverage_kit.collect.rendering._ANSWER_SECONDS", 1.0)
    paths = [f"/{number}" for number in range(len(HOSTILE))]
    site.routes["/"] = page("Home", PROSE * 5, *paths, "/good")
    for path, script in zip(paths, HOSTILE, strict=True):
        site.routes[path] = shell(f"<script>{script}</script>")
    site.routes["/good"] = shell(f"<script>{writing(PROSE * 3)}</script>")
    start = time.monotonic()
    reading = read(site)
    assert time.monotonic() - start < 20 * len(HOSTILE)
    found = statuses(site, reading)
    assert [found[path] for path in paths] == ["no text"] * len(HOSTILE)
    assert found["/good"] == "ok"


@needs_chromium
def test_an_interrupted_crawl_keeps_rendered_pages(site, tmp_path):
    site.routes["/"] = shell("<script src=/app.js></script>")
    site.routes["/app.js"] = Answer(writing(PROSE * 3).encode(), headers=SCRIPT)
    site.routes["/second"] = page("Second", PROSE * 5)
    read(site, tmp_path, max_pages=1)
    n_before = len(site.asked)
    reading = read(site, tmp_path)
    assert site.asked[n_before:] == ["/robots.txt", "/second"]
    assert "Valves" in reading.pages.iloc[0]["text"]


@needs_chromium
def test_the_budget_of_bytes_counts_what_pages_load(site):
    site.routes["/"] = shell("<script src=/app.js></script>")
    site.routes["/app.js"] = Answer(
        (writing(PROSE * 3) + "//" + "x" * 300_000).encode(), headers=SCRIPT
    )
    site.routes["/second"] = page("Second", PROSE * 5)
    reading = read(site, max_megabytes=0.2)
    assert counted(reading)[("address", "crawl.max_megabytes is used up")] == 1


def test_a_missing_browser_is_an_error_with_its_cure(site, tmp_path, monkeypatch):
    with pytest.raises(SiteError, match=r"crawl\.browser: a program; found"):
        read(site, browser=str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SiteError, match="an installed Chromium or Chrome; found none"):
        read(site)
    assert site.asked == []


def test_a_program_that_is_no_browser_is_an_error(site, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(SiteError, match="a browser that starts"):
        read(site, browser=str(program))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (shell("<script src=/a.js></script>"), True),
        (shell("<script src=/a.js></script><noscript>Please enable JavaScript.</noscript>"), True),
        ("<body><main><p>Loading...</p></main><script src=a.js></script></body>", True),
        ("<body><script src=a.js></script></body>", True),
        ("<body></body>", False),
        ("<body><p>A short page without scripts.</p></body>", False),
        (
            page("T", PROSE * 5).replace(
                "</main>", "</main><div id=root></div><script>a()</script>"
            ),
            False,
        ),
        (
            page("T", CHINESE * 10).replace(
                "</main>", "</main><div id=root></div><script>a()</script>"
            ),
            False,
        ),
        (
            "<body><h1>Short</h1><p>Few words with a counter.</p><script>count()</script></body>",
            False,
        ),
        ("\0\1\2%PDF", False),
    ],
)
def test_only_pages_whose_text_is_missing_need_a_browser(body, expected):
    assert needs_browser(Fetched("https://a.example/", "ok", body.encode())) is expected
