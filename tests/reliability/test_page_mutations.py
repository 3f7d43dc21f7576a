"""Pages, names of files, sitemaps and robots.txt, changed at random: no reader fails or hangs."""

import os
import random
import time

import pandas as pd
import pytest
from protego import Protego

from coverage_kit.collect.extract import find_links
from coverage_kit.collect.outline import outline_pages
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site, read_source
from coverage_kit.collect.sitemap import parse_sitemap
from coverage_kit.collect.statements import collect_statements
from coverage_kit.errors import SiteError
from coverage_kit.settings import SiteSettings
from coverage_kit.tables import ANSWERS
from tests.reliability.rounds import rounds

SEED = 20
# Seconds of this process that one item may take: waiting for a busy machine does not count.
MAX_SECONDS = 5.0
# Files in one folder: enough that the folder itself is read often with other neighbours.
FILES = 20
HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Range</title>
<link rel="canonical" href="https://a.com/range"><meta name="author" content="Ann Lee">
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Organization",
"name": "Larkmoor", "telephone": "+44 1632 960417", "datePublished": "2024-05-01",
"address": {"streetAddress": "1 Mill St", "addressLocality": "Kendal"}}</script></head>
<body><nav><a href="/a">A</a></nav><main><h1>Range</h1><p>Last updated 3 March 2024. The range of a
bike with two children is <b>40 km</b>, and less in winter.</p><h2>Cold</h2><ul><li>Charge it
inside.</li><li>Cover <a href="https://b.com/x">it</a>.</li></ul><table><tr><th>Wind</th><td>km
</td></tr><tr><td>none</td><td>44</td></tr></table><pre>a = 1</pre><form><input><button
aria-expanded="false">More</button></form></main><footer>© 2024 Larkmoor Ltd</footer></body>
</html>"""
MARKDOWN = """---
title: Range
url: /range
date: 2024-05-01
author: "Ann Lee"
---
# Range

The range is **40 km** with [two children](https://b.com/x "t"), ![less](a.png) in winter.

## Cold

- Charge it inside.
  1. Cover it.

| wind | km |
|---|---|
| none | 44 |

```
a = 1
```
"""
SITEMAP = """<?xml version="1.0" encoding="utf-8"?><urlset
xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://a.com/1</loc>
<lastmod>2024-05-01</lastmod></url><sitemap><loc>https://a.com/s.xml</loc></sitemap></urlset>"""
ROBOTS = "User-agent: *\nDisallow: /a\nAllow: /b$\nCrawl-delay: 2\nSitemap: https://a.com/s.xml\n"
# Signs that no table, page or terminal should hold.
CONTROL = {chr(code) for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x202E)}
# What readers have failed on, or may fail on.
HOSTILE = (
    *(f'<meta charset="{name}">'.encode() for name in ("punycode", "idna", "rot13", "hex", "zip")),
    *(f'<meta charset="{name}">'.encode() for name in ("utf-7", "unicode_escape", "utf-16", "x")),
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1b$B",
    b"\xed\xa0\x80",
    b"&#xD800;&#27;&#x202E;&#0;&#9999999999;",
    b"<script>",
    b"</main>",
    b"<!--",
    b"<![CDATA[",
    b"<plaintext>",
    b"<table><tr><td>",
    b"<base href='http://[x'>",
    b"<a href='http://[x'>y</a><a href='//\xff:99999/'>z</a><link rel=canonical href='http://['>",
    b'<script type="application/ld+json">{"name": "\\ud800", "@type": ["a", {"b": 1}, null]}'
    b"</script>",
    b'<script type="application/ld+json">{"@type":"Organization","name":{"name":[1]},"author":5}'
    b"</script>",
    b'<script type="application/ld+json">1e999</script>',
    b'<script type="application/ld+json">' + b"[" * 10_000 + b"</script>",
    b'<meta property="article:published_time" content="0000-00-00">',
    b'<meta name="date" content="99999-01-01T00:00:00+99:99">',
    b"<ol start='99999999999999999999'><li>x</ol><p role=heading aria-level='\xc2\xb2'>x</p>",
    b"---\ndate: [1\n---\n",
    b"+++\na = 1979-05-27\nb = {c = 1}\n+++\n",
    b"[" * 300,
    b"`" * 300,
    b"> " * 300,
    b"%" * 100,
    b"Crawl-delay: 1e999\nDisallow: " + b"*" * 60 + b"$\n",
    b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]><url><loc>&c;</loc></url>",
)


def seeded(seed):
    """Return a generator that gives the same changes each time."""
    return random.Random(seed)  # noqa: S311 (nothing here is secret)


def mutated(content, random_):
    """Return the content after one to four changes."""
    for _ in range(random_.randint(1, 4)):
        change = random_.choice((flip, cut, repeat, nest, insert, insert, encode))
        content = change(content, random_)
    return content[:200_000]


def flip(content, random_):
    changed = bytearray(content)
    for _ in range(random_.randint(1, 20)) if changed else ():
        changed[random_.randrange(len(changed))] = random_.randrange(256)
    return bytes(changed)


def cut(content, random_):
    start, end = sorted(random_.randrange(len(content) + 1) for _ in range(2))
    return content[:start] + content[end:] if random_.random() < 0.5 else content[start:end]


def repeat(content, random_):
    start = random_.randrange(len(content) + 1)
    piece = content[start : start + random_.randint(1, 60)]
    return content[:start] + piece * random_.choice((2, 50, 2000)) + content[start:]


def nest(content, random_):
    tag = random_.choice(("div", "a", "b", "ul", "li", "table", "header", "form", "p", "button"))
    n = random_.choice((10, 200, 300, 5000))
    return f"<{tag}>".encode() * n + content + f"</{tag}>".encode() * n


def insert(content, random_):
    at = random_.randrange(len(content) + 1)
    return content[:at] + random_.choice(HOSTILE) + content[at:]


def encode(content, random_):
    name = random_.choice(("utf-16", "utf-16-le", "utf-32", "cp1252", "shift_jis", "utf-8-sig"))
    return content.decode("utf-8", "replace").encode(name, "replace")


def name_of(index, random_):
    """Return a name of a file, as bytes, that ends as a page or nearly so."""
    stem = bytes(
        random_.choice(b"ab%20.\\\n\t;'\"<>&?#= \xc3\xa9\xff\x1b\xe2\x80\xae") for _ in range(9)
    )
    long = b"x" * random_.choice((0, 0, 200))
    suffix = random_.choice((b".html", b".md", b".HTM", b".markdown", b".txt", b".html", b".md"))
    return b"%d" % index + stem + long + suffix


def write_folder(folder, random_):
    """Fill a folder with mutated pages, and return the number of files."""
    folder.mkdir(parents=True)
    (folder / "sound.html").write_text("<p>A sound page.")
    for index in range(FILES):
        source = HTML if random_.random() < 0.6 else MARKDOWN
        path = folder / os.fsdecode(name_of(index, random_))
        path.write_bytes(mutated(source.encode(), random_))
    return FILES + 1


def assert_clean(table, folder):
    """Check that every text of a table is clean, and that a file holds the table unchanged."""
    for column in table.select_dtypes(include=["object", "str"]):
        for text in table[column].dropna():
            text.encode("utf-8")
            assert not set(text) & CONTROL, f"{column}: {text[:80]!r}"
    table.to_parquet(folder / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "table.parquet"), table)


class Timed:
    """Measures the seconds of this process that a block takes."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        self.start = time.process_time()

    def __exit__(self, *error):
        seconds = time.process_time() - self.start
        assert error[0] is not None or seconds < MAX_SECONDS, f"{self.what}: {seconds:.1f} s"


@pytest.mark.parametrize("base_url", ["", "https://a.com"])
def test_a_folder_of_mutated_pages_is_read_whole(tmp_path, base_url):
    for number in range(rounds(5, 200)):
        seed = f"{SEED} {base_url} {number}"
        random_ = seeded(seed)
        folder = tmp_path / str(number)
        n_files = write_folder(folder, random_)
        with Timed(seed):
            reading = read_source(SiteSettings(source=str(folder), base_url=base_url))
        pages = reading.pages
        # Front matter that cannot be read is a part of a page that is counted itself.
        files = reading.unread[reading.unread["kind"] != "part"]
        assert len(pages) + files["n_items"].sum() == n_files, seed
        is_read = pages["text"].notna()
        assert (is_read == (pages["status"] == "ok")).all(), seed
        with Timed(seed):
            tables = (
                pages,
                split_pages(pages),
                outline_pages(pages),
                collect_statements(pages, ANSWERS.empty(), ["Larkmoor"]),
            )
        for table in tables:
            try:
                assert_clean(table, tmp_path)
            except (AssertionError, UnicodeError) as error:
                raise AssertionError(f"seed {seed!r}: {error}") from error


def test_mutated_pages_of_a_crawl_have_links_or_none():
    for number in range(rounds(50, 1000)):
        random_ = seeded(f"{SEED} links {number}")
        content = mutated(HTML.encode(), random_)
        with Timed(number):
            links = find_links(
                content, "https://a.com/x", random_.choice(("", "utf-8", "punycode"))
            )
        assert all(link.startswith(("http://", "https://")) for link in links), number


def test_mutated_sitemaps_give_addresses_or_none():
    for number in range(rounds(50, 1000)):
        random_ = seeded(f"{SEED} sitemap {number}")
        with Timed(number):
            sitemap = parse_sitemap(mutated(SITEMAP.encode(), random_))
        for url in (*sitemap.urls, *sitemap.children):
            assert url.lower().startswith("http"), number


def test_mutated_robots_texts_give_rules():
    for number in range(rounds(50, 1000)):
        random_ = seeded(f"{SEED} robots {number}")
        text = mutated(ROBOTS.encode(), random_).decode("utf-8-sig", "replace")
        with Timed(number):
            rules = Protego.parse(text)
            assert rules.can_fetch("https://a.com/a%ff/é", "coverage-kit") in (True, False), number


def test_a_folder_of_nothing_but_broken_pages_is_an_error_with_counts(tmp_path):
    for number in range(rounds(5, 50)):
        random_ = seeded(f"{SEED} broken {number}")
        folder = tmp_path / str(number)
        folder.mkdir()
        for index in range(3):
            (folder / f"{index}.html").write_bytes(b"\x00" + random_.randbytes(3000))
        with pytest.raises(SiteError, match="found 3 x unreadable"):
            read_site(SiteSettings(source=str(folder)))
