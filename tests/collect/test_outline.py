"""What a page's markup says besides its words, from HTML and Markdown files."""

import time

import pytest

from coverage_kit.collect.outline import outline_pages
from coverage_kit.collect.shown_dates import find_shown_dates
from coverage_kit.collect.site import read_site
from coverage_kit.collect.structured import parse_html, visible_text
from coverage_kit.settings import SiteSettings
from coverage_kit.tables import OUTLINES

WORDS = (
    "The kettle holds two litres and boils in four minutes on a gas ring, and its handle of "
    "beech stays cool. " * 4
)


def outline_of(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    pages = read_site(SiteSettings(source=str(folder), base_url="https://kettles.example/"))
    return outline_pages(pages)


def values(outlines, kind, column="value"):
    return outlines.loc[outlines["kind"] == kind, column].to_list()


PAGE = f"""<html lang="en"><head><title>Kettles</title>
<meta name="author" content="Ann Lee"><meta property="og:site_name" content="Kettle House">
<meta property="article:modified_time" content="2026-05-01T09:00:00+01:00">
<script type="application/ld+json">{{"@type": "Article", "dateModified": "2026-05-02",
"datePublished": "2020-01-03", "author": [{{"@type": "Person", "name": "Ann Lee"}}],
"publisher": {{"@type": "Organization", "name": "Kettle House Ltd"}}}}</script>
</head><body><nav><h2>Menu</h2><a href="https://menu.example/">menu</a></nav><main><h1>Kettles</h1>
<p>{WORDS}</p><h2>Steel</h2><p>{WORDS} See
<a href="https://steel.example/a">the steel maker</a> and <a href="/b.html">ours</a>.</p>
<h3>Rust</h3><p>{WORDS}</p><p><abbr title="Kettle Makers Guild">KMG</abbr> {WORDS}</p>
<p><b>Lime</b></p><p>{WORDS}</p>
<p class="byline">By Bob Ray</p></main><footer><p>Last updated 3 March 2026</p>
<p>© 2026 Kettle House Ltd</p></footer></body></html>"""


def test_headings_have_their_levels_and_places_in_reading_order_and_the_menu_has_none(tmp_path):
    rows = outline_of(tmp_path, "a.html", PAGE)
    headings = rows[rows["kind"] == "heading"]
    assert headings["value"].to_list() == ["Kettles", "Steel", "Rust"]
    assert headings["level"].to_list() == [1, 2, 3]
    assert headings["place"].to_list() == ["Kettles", "Kettles > Steel", "Kettles > Steel > Rust"]
    assert rows["position"].to_list() == list(range(len(rows)))


def test_outbound_links_of_the_main_content_are_reported_with_their_words_and_place(tmp_path):
    rows = outline_of(tmp_path, "a.html", PAGE)
    assert values(rows, "outbound link") == ["https://steel.example/a"]
    assert values(rows, "outbound link", "detail") == ["the steel maker"]
    assert values(rows, "outbound link", "place") == ["Kettles > Steel"]
    assert values(rows, "linked words") == ["4"]


def test_dates_differ_by_who_reads_them_and_by_their_source(tmp_path):
    rows = outline_of(tmp_path, "a.html", PAGE)
    assert values(rows, "visible modified date") == ["2026-03-03"]
    assert values(rows, "visible modified date", "detail") == ["Last updated 3 March 2026"]
    assert list(
        zip(
            values(rows, "machine modified date"),
            values(rows, "machine modified date", "detail"),
            strict=True,
        )
    ) == [
        ("2026-05-02", "JSON-LD"),
        ("2026-05-01", "meta tag"),
    ]
    assert values(rows, "machine published date") == ["2020-01-03"]


def test_authors_and_organisations_come_from_markup_and_words(tmp_path):
    rows = outline_of(tmp_path, "a.html", PAGE)
    assert set(zip(values(rows, "author"), values(rows, "author", "detail"), strict=True)) == {
        ("Ann Lee", "JSON-LD"),
        ("Ann Lee", "meta tag"),
        ("Bob Ray", "byline"),
    }
    assert set(values(rows, "organisation")) == {"Kettle House", "Kettle House Ltd"}
    assert {"Article", "Person", "Organization"} == set(values(rows, "structured type"))


def test_bold_lines_are_reported(tmp_path):
    rows = outline_of(tmp_path, "a.html", PAGE)
    assert values(rows, "bold line") == ["Lime"]
    assert values(rows, "scripted text") == []


def test_a_markdown_page_tells_headings_links_and_front_matter(tmp_path):
    text = f"""---
title: Kettles
author: Ann Lee
lastmod: 2026-05-01
---
# Kettles

{WORDS}

### Steel

{WORDS} [maker](https://steel.example/)

Last updated: 3 May 2026
"""
    rows = outline_of(tmp_path, "a.md", text)
    assert list(zip(values(rows, "heading"), values(rows, "heading", "level"), strict=True)) == [
        ("Kettles", 1),
        ("Steel", 3),
    ]
    assert values(rows, "outbound link") == ["https://steel.example/"]
    assert (values(rows, "author"), values(rows, "author", "detail")) == (
        ["Ann Lee"],
        ["front matter"],
    )
    assert values(rows, "machine modified date") == ["2026-05-01"]
    assert values(rows, "visible modified date") == ["2026-05-03"]


def test_the_outline_of_mdx_has_the_headings_and_links_of_the_page_and_of_its_parts(tmp_path):
    (tmp_path / "_steel.mdx").write_text(
        f"### Steel {{props.name}}\n\n{WORDS} [maker](https://steel.example/)\n"
    )
    text = f"""import Steel from './_steel.mdx'

export const year = 2026

## Kettles of {{year}}

{WORDS}

<Steel name="304" />
"""
    (tmp_path / "a.mdx").write_text(text)
    pages = read_site(SiteSettings(source=str(tmp_path), base_url="https://kettles.example/"))
    rows = outline_pages(pages)
    assert values(rows, "heading") == ["Kettles of 2026", "Steel 304"]
    links = rows[rows["kind"] == "outbound link"]
    assert links["value"].to_list() == ["https://steel.example/"]
    assert links["place"].str.endswith("Steel 304").all()


SCRIPTED = [
    ('<div id="app"></div><script src="a.js"></script>', "scripts fill the empty element #app"),
    (f"<main><p>{WORDS}</p><template><p>{WORDS}</p></template></main>", "<template>"),
    (f"<main><p>{WORDS}</p><p hidden>{WORDS} Hidden.</p></main>", "hidden until a script shows it"),
    (
        f'<main><p>{WORDS}</p><div class="stock">Loading stock…</div></main>'
        f"<script>load()</script>",
        "replace this placeholder",
    ),
    (
        f'<main><p>{WORDS}</p><h2>Stock</h2><ul id="stock"></ul></main><script>load()</script>',
        "the empty element #stock",
    ),
]
UNSCRIPTED = [
    f"<main><p>{WORDS}</p><template><p>{{{{name}}}} {WORDS}</p></template></main>",
    f'<main><p>{WORDS}</p></main><div class="cookie-banner" hidden>{WORDS}</div>',
    f'<main><p>{WORDS}</p><div role="tabpanel" hidden>{WORDS}</div></main>',
    f"<main><p>{WORDS}</p></main><noscript>Please enable JavaScript.</noscript>"
    f"<script>start()</script>",
    f'<main><p>{WORDS}</p><h2>Chart</h2><div id="chart"><svg></svg></div>'
    f"<p>{WORDS}</p></main><script>draw()</script>",
    f"<main><p>{WORDS}</p></main><script>say('We use cookies to keep every visitor and "
    f"basket apart')</script>",
    f'<main><p>{WORDS}</p></main><script type="application/json">{{"text": "{WORDS}"}}</script>',
]


@pytest.mark.parametrize(("body", "waits_for"), SCRIPTED)
def test_text_that_waits_for_scripts_is_reported(tmp_path, body, waits_for):
    (tmp_path / "b.html").write_text(f"<html><body><main><p>{WORDS}</p></main></body></html>")
    rows = outline_of(
        tmp_path, "a.html", f"<html><head><title>A</title></head><body>{body}</body></html>"
    )
    assert [waits_for in detail for detail in values(rows, "scripted text", "detail")] == [True]


@pytest.mark.parametrize("body", UNSCRIPTED)
def test_what_scripts_do_besides_is_not_taken_for_it(tmp_path, body):
    rows = outline_of(
        tmp_path, "a.html", f"<html><head><title>A</title></head><body>{body}</body></html>"
    )
    assert values(rows, "scripted text", "detail") == []


def test_dates_within_sentences_and_impossible_ones_are_not_the_pages_own():
    text = (
        "Prices were last updated in February 2025.\n\nUpdated on 31 February "
        "2025\n\nReviewed June 2024 • Posted 2020-02-01"
    )
    assert list(find_shown_dates(text)) == [
        ("modified", "2024-06", "Reviewed June 2024"),
        ("published", "2020-02-01", "Posted 2020-02-01"),
    ]


def test_impossible_iso_dates_are_passed_over_and_months_are_kept():
    text = "Last updated: 2024-02-31\n\nUpdated 2024-13\n\nUpdated: 2024-02-29\n\nReviewed 2023-07"
    assert [date for _, date, _ in find_shown_dates(text)] == ["2024-02-29", "2023-07"]


def test_words_within_noscript_and_templates_are_not_seen():
    page = parse_html(
        f"<body><p>Seen</p><noscript><p>{WORDS}</p></noscript>after<template>"
        f"<p>Kept</p></template></body>"
    )
    assert visible_text(page).split() == ["Seen", "after"]


def test_a_shell_with_a_long_noscript_is_seen_as_one(tmp_path):
    (tmp_path / "b.html").write_text(f"<html><body><main><p>{WORDS}</p></main></body></html>")
    body = (
        f'<div id="app"></div><noscript><p>Please turn on JavaScript.</p>'
        f'<p>{WORDS}</p></noscript><script src="a.js"></script>'
    )
    rows = outline_of(
        tmp_path, "a.html", f"<html><head><title>A</title></head><body>{body}</body></html>"
    )
    assert "scripts fill the empty element #app" in values(rows, "scripted text", "detail")


def test_the_time_of_an_outline_grows_as_its_page_does(tmp_path):
    """Thousands of empty elements are blank lines in which no copyright line begins."""

    def seconds(n):
        text = (
            f"<html><body><main><p>{WORDS}</p>{'<div></div>' * n}</main>"
            f"<p>© 2026 Kettle House Ltd</p></body></html>"
        )
        started = time.process_time()
        rows = outline_of(tmp_path, "a.html", text)
        assert values(rows, "organisation") == ["Kettle House Ltd"]
        return time.process_time() - started

    seconds(10)
    assert seconds(12_000) < 5  # a pattern that tries every line from every line takes 40 seconds


def test_rejected_pages_and_pages_without_a_source_tell_no_markup(tmp_path):
    (tmp_path / "a.html").write_text(PAGE)
    pages = read_site(SiteSettings(source=str(tmp_path), base_url="https://kettles.example/"))
    rejected = outline_pages(pages.assign(status="404"))
    assert rejected.empty
    assert list(rejected.columns) == OUTLINES.names
    unsourced = outline_pages(pages.assign(html_path=None))
    assert set(unsourced["kind"]) == {"heading"}
    assert unsourced["value"].to_list() == ["Kettles", "Steel", "Rust"]


def test_a_source_that_cannot_be_read_again_leaves_the_headings_of_its_text(tmp_path):
    (tmp_path / "a.html").write_text(
        "<title>T</title><main><h1>T</h1><h2>B</h2><p>Words.</p></main>"
    )
    pages = read_site(SiteSettings(source=str(tmp_path), base_url="https://kettles.example/"))
    (tmp_path / "a.html").write_text("<div>" * 300)
    outlines = outline_pages(pages)
    assert outlines["value"].tolist() == ["T", "B"]


def test_half_letters_and_control_characters_of_structured_data_do_not_reach_the_table(tmp_path):
    data = '{"@type": "Org\\ud800anization", "name": "A\\u001bB", "author": "Ann\\udfff Lee"}'
    head = (
        f'<script type="application/ld+json">{data}</script><meta name="author" content="B&#27;C">'
    )
    (tmp_path / "a.html").write_text(f"<html><head>{head}</head><body><p>Words.</p></body></html>")
    pages = read_site(SiteSettings(source=str(tmp_path), base_url="https://kettles.example/"))
    outlines = outline_pages(pages)
    outlines.to_parquet(tmp_path / "outlines.parquet")
    assert outlines.loc[outlines["kind"] == "structured type", "value"].tolist() == ["Organization"]
    assert set(outlines.loc[outlines["kind"] == "author", "value"]) == {"Ann\ufffd Lee", "BC"}


@pytest.mark.parametrize(
    "mark", ['rel="Author"', 'rel="nofollow AUTHOR"', 'itemprop="author name"']
)
def test_an_author_is_marked_in_any_case_and_among_other_words(tmp_path, mark):
    page = PAGE.replace('<p class="byline">By Bob Ray</p>', f"<p><a {mark}>Cy Fox</a></p>")
    assert "Cy Fox" in values(outline_of(tmp_path, "a.html", page), "author")
