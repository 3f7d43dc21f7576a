"""Round trips: a copy with edits, read again, has the changed passages.

Everything else in its files stays as it is, byte for byte.
"""

import difflib
import os
from pathlib import Path

import lxml.html
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt

from coverage_kit.collect.decode import clean_text
from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.passages import split_pages, split_text
from coverage_kit.collect.site import read_site
from coverage_kit.errors import RunError
from coverage_kit.report import site_copy
from coverage_kit.report.site_copy import write_site_copy
from coverage_kit.report.source.changes import make_change
from coverage_kit.report.source.html_blocks import read_html_blocks
from coverage_kit.report.source.tree import read_tree
from coverage_kit.report.source.words import CannotPlaceError
from coverage_kit.settings import SiteSettings
from coverage_kit.storage.written import COPY_MARK
from coverage_kit.tables import CHANGES
from tests.world import DATA

BASE = "https://www.shop.example/"
SECTION = (
    "## How far uphill?\n\nA loaded bike climbs & stops <here>.\n\n- one\n- two\n\n"
    "> [EXTRACT TO CHECK] “far”\n\n[FACT NEEDED: km]"
)

# The lines of the page are as long as they are on real sites.
PAGE = """<!doctype html>
<html lang="en-GB"><head><title>Range | Shop</title><meta property="og:title" content='Range | Shop'>
<script>if (1 < 2 && "<p>It goes far.</p>") { run() }</script></head>
<body><nav><a href=/range>Range</a></nav>
<main><h1 id=top>Range</h1>
<p class="lead">A <b>Heron</b> goes 55&nbsp;km on a charge, caf&eacute; stops &amp; all. See <a href="/care">care</a>.</p>
<h2>Cold</h2>
<p>In the cold it goes less far.</p>
<ol><li>Keep it warm.<li>Ride <em>slowly</em>.</ol>
<h3>Snow</h3>
<p>Snow costs a fifth of it.</p>
<h2>Hills</h2>
<table><tr><th>hill<th>range<tr><td>steep<td>40 km<tr><td>gentle<td>60 km</table>
</main><aside><h2>Letter</h2><p>One a month.</p></aside><footer><p>It goes far.</p></footer></body></html>
"""  # noqa: E501
MARKDOWN = """---
title: "Range"
date: 2024-05-01
---

# Range

A **Heron** goes 55 km on a charge. See [care](/care "Care").

## Cold

In the cold it goes
less far.

1. Keep it warm.
2. Ride *slowly*.

### Snow

Snow costs a fifth of it.

Hills
-----

| hill | range |
|------|-------|
| steep | 40 km |
| gentle | 60 km |

<div onclick="run()">Own <b>HTML</b> stays.</div>
"""


def write_site(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    pages = read_site(SiteSettings(source=str(folder), base_url=BASE))
    return pages, split_pages(pages)


def row(
    action,
    before=None,
    after=None,
    path="Range > Cold",
    passage=None,
    page="shop.example/range.html",
    edit="e1",
    position=0,
):
    return {
        "edit_id": edit,
        "position": position,
        "action": action,
        "page_id": page,
        "passage_id": passage,
        "heading_path": path,
        "before": before,
        "after": after,
    }


def copy(source: Path, rows, drafts=None):
    """Return the results of the changes, and pages and passages of the copy."""
    pages, passages = read(source)
    results = write_site_copy(
        source, pages, passages, CHANGES.table(rows), source.parent / "copy", drafts
    )
    return results, *read(source.parent / "copy")


def texts(passages, path):
    return list(passages.loc[passages["heading_path"] == path, "text"])


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line.startswith(("+", "-"))]


@pytest.fixture
def site(tmp_path):
    return write_site(tmp_path / "site", range_html=PAGE)


@pytest.fixture
def markdown_site(tmp_path):
    return write_site(tmp_path / "site", range_md=MARKDOWN)


def source_of(folder, name="range.html"):
    return (folder.parent / "copy" / name).read_text(encoding="utf-8")


def test_title_changes_in_title_share_title_and_h1(site):
    results, pages, passages = copy(site, [row("replace_title", "Range", 'How far & "why"?')])
    assert list(results["status"]) == ["applied"]
    assert pages["title"][0] == 'How far & "why"?'
    assert changed_lines(PAGE, source_of(site)) == [
        '- <html lang="en-GB"><head><title>Range | Shop</title>'
        "<meta property=\"og:title\" content='Range | Shop'>",
        '+ <html lang="en-GB"><head><title>How far &amp; "why"? | Shop</title>'
        "<meta property=\"og:title\" content='How far &amp; &quot;why&quot;? | Shop'>",
        "- <main><h1 id=top>Range</h1>",
        '+ <main><h1 id=top>How far &amp; "why"?</h1>',
    ]
    assert passages["heading_path"][0] == 'How far & "why"?'


def test_heading_keeps_its_element(site):
    _, _, passages = copy(site, [row("replace_heading", "Cold", "Does cold matter?")])
    assert changed_lines(PAGE, source_of(site)) == [
        "- <h2>Cold</h2>",
        "+ <h2>Does cold matter?</h2>",
    ]
    assert "Range > Does cold matter? > Snow" in set(passages["heading_path"])


def test_passage_keeps_blocks_whose_words_stay(site):
    before = "In the cold it goes less far.\n\n1. Keep it warm.\n2. Ride slowly."
    after = (
        "In the cold it goes a fifth less far.\n\n1. Keep it warm.\n2. Ride slowly.\n"
        "3. Carry a spare.\n\nAsk us <first>."
    )
    _, _, passages = copy(site, [row("replace_passage", before, after)])
    assert changed_lines(PAGE, source_of(site)) == [
        "- <p>In the cold it goes less far.</p>",
        "+ <p>In the cold it goes a fifth less far.</p>",
        "- <ol><li>Keep it warm.<li>Ride <em>slowly</em>.</ol>",
        "+ <ol><li>Keep it warm.<li>Ride <em>slowly</em>.",
        "+ <li>Carry a spare.</li></ol>",
        "+ <p>Ask us &lt;first&gt;.</p>",
    ]
    assert texts(passages, "Range > Cold") == [after]


def test_words_added_to_a_paragraph_leave_its_links(site):
    before = "A Heron goes 55 km on a charge, café stops & all. See care."
    _, _, passages = copy(
        site, [row("replace_passage", before, f"{before} Ask {{{{us}}}}.", path="Range")]
    )
    old = '<a href="/care">care</a>.</p>'
    assert source_of(site) == PAGE.replace(
        old, old.removesuffix("</p>") + " Ask &#123;&#123;us}}.</p>"
    )
    assert texts(passages, "Range") == [f"{before} Ask {{{{us}}}}."]


@pytest.mark.parametrize(
    ("paragraph", "old", "new", "result"),
    [
        (
            "Read <a href='/x'>my old book</a> now.",
            "now",
            "later",
            "Read <a href='/x'>my old book</a> later.",
        ),
        (
            "Read <a href='/x'>my old book</a> now.",
            "old",
            "new",
            "Read <a href='/x'>my new book</a> now.",
        ),
        ("Read <a href='/x'>my old book</a> now.", "Read my", "Lend my", None),
        ("Read <b>it</b>, now &amp; then.", "then", "later", "Read <b>it</b>, now &amp; later."),
    ],
)
def test_links_and_styles_stay_beside_words_that_change(paragraph, old, new, result):
    page = f"<html><body><main><h1>T</h1><p>{paragraph}</p></main></body></html>"
    text = lxml.html.fromstring(paragraph).text_content()
    change = {"before": text, "after": text.replace(old, new), "heading_path": "T"}
    changed = make_change(
        page, {"action": "replace_passage", **change}, [(0, text)], is_markdown=False
    )
    result = result or paragraph.replace(old.split()[0], new.split()[0])
    assert changed == page.replace(paragraph, result)


def test_table_row_changes_cell_by_cell(site):
    before = "hill | range\nsteep | 40 km\ngentle | 60 km"
    _, _, passages = copy(
        site,
        [
            row(
                "replace_passage",
                before,
                before.replace("40 km", "35 km") + "\nflat | 80 km",
                path="Range > Hills",
            )
        ],
    )
    assert changed_lines(PAGE, source_of(site)) == [
        "- <table><tr><th>hill<th>range<tr><td>steep<td>40 km<tr><td>gentle<td>60 km</table>",
        "+ <table><tr><th>hill<th>range<tr><td>steep<td>35 km<tr><td>gentle<td>60 km",
        "+ <tr><td>flat</td><td>80 km</td></tr></table>",
    ]
    assert texts(passages, "Range > Hills") == [before.replace("40 km", "35 km") + "\nflat | 80 km"]


def test_section_goes_behind_the_section_and_the_sections_in_it(site):
    _, _, passages = copy(
        site, [row("insert_section", after=SECTION, passage="shop.example/range.html#1")]
    )
    assert list(passages["heading_path"]) == [
        "Range",
        "Range > Cold",
        "Range > Cold > Snow",
        "Range > How far uphill?",
        "Range > Hills",
    ]
    (text,) = texts(passages, "Range > How far uphill?")
    assert text == (
        "A loaded bike climbs & stops <here>.\n\n- one\n- two\n\n"
        "[EXTRACT TO CHECK] “far”\n\n[FACT NEEDED: km]"
    )
    assert [line for line in changed_lines(PAGE, source_of(site)) if line.startswith("-")] == []


def test_section_behind_an_introduction_comes_before_the_next_heading(site):
    _, _, passages = copy(
        site, [row("insert_section", after=SECTION, passage="shop.example/range.html#0")]
    )
    assert list(passages["heading_path"])[:3] == [
        "Range",
        "Range > How far uphill?",
        "Range > Cold",
    ]


def test_section_under_a_deep_heading_is_as_deep(site):
    _, _, passages = copy(
        site, [row("insert_section", after=SECTION, passage="shop.example/range.html#2")]
    )
    assert "Range > Cold > How far uphill?" in set(passages["heading_path"])


def test_last_section_goes_into_main_not_into_the_aside(site):
    _, _, passages = copy(
        site, [row("insert_section", after=SECTION, passage="shop.example/range.html#3")]
    )
    assert passages["heading_path"].iloc[-1] == "Range > How far uphill?"
    assert source_of(site).index("How far uphill?") < source_of(site).index("</main>")


def test_removed_section_takes_its_heading_when_nothing_is_left(site):
    results, _, passages = copy(
        site, [row("remove_section", "Snow costs a fifth of it.", path="Range > Cold > Snow")]
    )
    assert changed_lines(PAGE, source_of(site)) == [
        "- <h3>Snow</h3>",
        "- <p>Snow costs a fifth of it.</p>",
    ]
    assert list(results["status"]) == ["applied"]
    assert "Range > Cold > Snow" not in set(passages["heading_path"])


def test_heading_stays_while_another_stands_under_it(site):
    before = "In the cold it goes less far.\n\n1. Keep it warm.\n2. Ride slowly."
    _, _, passages = copy(site, [row("remove_section", before)])
    assert changed_lines(PAGE, source_of(site)) == [
        "- <p>In the cold it goes less far.</p>",
        "- <ol><li>Keep it warm.<li>Ride <em>slowly</em>.</ol>",
    ]
    assert "Range > Cold > Snow" in set(passages["heading_path"])


def test_new_page_is_like_its_siblings_and_keeps_its_id(site):
    results, pages, passages = copy(
        site,
        [
            row(
                "add_page",
                after="# Why <us>?\n\nBecause.\n\n## Price\n\n- low",
                page="shop.example/help/why",
            )
        ],
    )
    assert list(results["file"]) == ["help/why.html"]
    assert (site.parent / "copy/help/why.html").read_text() == (
        '<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Why &lt;us&gt;?</title>\n"
        '<link rel="canonical" href="https://www.shop.example/help/why">\n</head>\n<body>\n'
        "<main>\n<article>\n"
        "<h1>Why &lt;us&gt;?</h1>\n<p>Because.</p>\n<h2>Price</h2>\n<ul>\n<li>low</li>\n</ul>\n"
        "</article>\n</main>\n</body>\n</html>\n"
    )
    assert "shop.example/help/why" in set(pages["page_id"])
    assert texts(passages, "Why <us>? > Price") == ["- low"]


@pytest.mark.parametrize(
    "page",
    [
        "shop.example/../../evil",
        "shop.example",
        "shop.example/",
        "shop.example/%2e%2e/x/..",
        "shop.example/range.html/x",
        "shop.example/range",
    ],
)
def test_new_page_never_leaves_the_folder_nor_overwrites(site, page):
    results, _, _ = copy(site, [row("add_page", after="# X\n\nWords.", page=page)])
    assert results["status"][0] != "applied"
    assert not list(site.parent.glob("evil*"))


def test_markdown_changes_in_its_own_format(markdown_site):
    page = "shop.example/range"
    care = "A Heron goes 55 km on a charge. See care."
    snow = ("Snow costs a fifth of it.", "Snow costs <b>a fifth</b>.", "Range > Cold > Snow")
    rows = [
        row("replace_title", "Range", 'How far: "why"?', page=page),
        row("replace_heading", "Cold", "Does *cold* matter?", page=page, edit="e2"),
        row("replace_passage", *snow, page=page, edit="e3"),
        row("replace_heading", "Hills", "And hills?", page=page, edit="e4"),
        row("replace_passage", care, f"{care} Ask.", "Range", page=page, edit="e5"),
    ]
    results, pages, passages = copy(markdown_site, rows)
    assert list(results["status"]) == ["applied"] * 5
    assert changed_lines(MARKDOWN, source_of(markdown_site, "range.md")) == [
        '- title: "Range"',
        "+ title: 'How far: \"why\"?'",
        "- # Range",
        '+ # How far: "why"?',
        '- A **Heron** goes 55 km on a charge. See [care](/care "Care").',
        '+ A **Heron** goes 55 km on a charge. See [care](/care "Care"). Ask.',
        "- ## Cold",
        "+ ## Does \\*cold\\* matter?",
        "- Snow costs a fifth of it.",
        "+ Snow costs &lt;b&gt;a fifth&lt;/b&gt;.",
        "- Hills",
        "+ And hills?",
    ]
    title = 'How far: "why"?'
    assert pages["title"][0] == title
    assert texts(passages, f"{title} > Does *cold* matter? > Snow") == [
        "Snow costs <b>a fifth</b>."
    ]


def test_markdown_lists_tables_and_sections(markdown_site):
    page = "shop.example/range"
    before = "In the cold it goes less far.\n\n1. Keep it warm.\n2. Ride slowly."
    hills = "hill | range\nsteep | 40 km\ngentle | 60 km"
    rows = [
        row("replace_passage", before, f"{before}\n3. Carry a spare.\n\nAsk <us>.", page=page),
        row("insert_section", after=SECTION, passage=f"{page}#1", page=page, edit="e2"),
        row(
            "replace_passage",
            hills,
            hills.replace("40", "35"),
            "Range > Hills",
            page=page,
            edit="e3",
        ),
    ]
    results, _, passages = copy(markdown_site, rows)
    assert list(results["status"]) == ["applied"] * 3
    assert texts(passages, "Range > Cold") == [f"{before}\n3. Carry a spare.\n\nAsk <us>."]
    assert list(passages["heading_path"]) == [
        "Range",
        "Range > Cold",
        "Range > Cold > Snow",
        "Range > How far uphill?",
        "Range > Hills",
    ]
    assert texts(passages, "Range > Hills")[0].startswith(hills.replace("40", "35"))
    assert "2. Ride *slowly*.\n3. Carry a spare.\n\nAsk &lt;us&gt;.\n" in source_of(
        markdown_site, "range.md"
    )


def test_new_markdown_page_has_front_matter_as_its_siblings(markdown_site):
    results, pages, _ = copy(
        markdown_site, [row("add_page", after="# Why: us?\n\nBecause.", page="shop.example/why")]
    )
    assert list(results["file"]) == ["why.md"]
    assert (
        source_of(markdown_site, "why.md")
        == '---\ntitle: "Why: us?"\n---\n\n# Why: us?\n\nBecause.\n'
    )
    assert "shop.example/why" in set(pages["page_id"])


def test_edits_of_one_page_are_made_in_order_and_conflicts_reported(site):
    words = "In the cold it goes less far."
    rows = [
        row("replace_heading", "Cold", "Winter", edit="e7"),
        row("replace_passage", words, "Half as far.", edit="e2"),
        row("replace_passage", words, "A third.", edit="e3"),
        row("replace_passage", "Never there.", "x", edit="e4"),
        row("insert_section", after=SECTION, passage="shop.example/range.html#1", edit="e5"),
    ]
    results, _, passages = copy(site, rows)
    assert list(results["status"]) == [
        "applied",
        "applied",
        "in conflict with e7, e2, made before: the words are not in the file",
        "the words are not in the file",
        "applied",
    ]
    assert texts(passages, "Range > Winter") == [
        "Half as far.\n\n1. Keep it warm.\n2. Ride slowly."
    ]
    assert "Range > How far uphill?" in set(passages["heading_path"])


def test_an_edit_is_made_whole_or_not_at_all(site):
    rows = [
        row("remove_section", "Snow costs a fifth of it.", path="Range > Cold > Snow"),
        row("replace_passage", "Never there.", "Snow is told here now.", position=1),
        row("replace_heading", "Hills", "Hill", page="shop.example/none", position=2),
    ]
    results, _, _ = copy(site, rows)
    assert list(results["status"]) == [
        "left out: another change of this edit cannot be made",
        "the words are not in the file",
        "the page has no file in the folder of the site",
    ]
    assert source_of(site) == PAGE


def test_drafts_replace_the_outline(site):
    drafts = {"e1": "Uphill it goes 40 km.", "e2": "## My own heading\n\nMine."}
    rows = [
        row("insert_section", after=SECTION, passage="shop.example/range.html#1", edit=name)
        for name in ("e1", "e2", "e3")
    ]
    _, _, passages = copy(site, rows, drafts)
    assert texts(passages, "Range > How far uphill?")[-1] == "Uphill it goes 40 km."
    assert texts(passages, "Range > My own heading") == ["Mine."]


UGLY = {
    "buttons": (
        "<body><main><h1>Help</h1><div class=acc>"
        "<h3><button aria-expanded=false>How far? <svg><path d='M0'/></svg></button></h3>"
        "<div class=panel><div><div>It goes <span>55</span> km.</div></div></div></div>"
        "<div class=acc><h3><button aria-expanded=false>How fast?</button></h3>"
        "<div class=panel><p>Fast.</div></div></main>"
    ),
    "divs": (
        "<body><div><div><h1>Help</h1></div>"
        "<div><div><h2><a href=#x>How far?</a></h2></div><div><span>It goes </span>"
        "<b>55</b><span> km.</span></div></div><h2>How fast?</h2><div>Fast.</div></div>"
    ),
    "details": (
        "<body><main><h1>Help</h1>"
        "<details><summary><h2>How far?</h2></summary><p>It goes 55 km.</p></details>"
        "<details><summary><h2>How fast?</h2></summary>Fast.</details></main>"
    ),
    "layout": (
        "<body><table role=presentation><tr><td><h1>Help</h1><h2>How far?</h2>It goes<br>55 km."
        "<h2>How fast?</h2>Fast.</td><td>side</td></tr></table>"
    ),
    "entities": (
        "<body><main><h1>Help</h1><h2>How&nbsp;far&quest;</h2><p>It &#103;oes &#x35;5&nbsp;km."
        "<h2>How fast?</h2><p>Fast.</main>"
    ),
    "form": (
        "<form><body><h1>Help</h1><h2>How far?</h2><dl><dt>It goes</dt><dd>55 km.</dd></dl>"
        "<h2>How fast?</h2><p>Fast.</form>"
    ),
}


@pytest.mark.parametrize("name", UGLY)
def test_ugly_pages_change_too(tmp_path, name):
    site = write_site(tmp_path / "site", range_html=f"<title>Help</title>{UGLY[name]}")
    _, passages = read(site)
    passage = passages[passages["heading_path"].str.endswith("How far?")].iloc[0]
    rows = [
        row("replace_heading", "How far?", "How far & <wide>?", passage["heading_path"]),
        row(
            "replace_passage",
            passage["text"],
            f"{passage['text']}\n\nUphill less.",
            passage["heading_path"],
            edit="e2",
        ),
        row(
            "insert_section",
            None,
            SECTION,
            passage["heading_path"],
            passage["passage_id"],
            edit="e3",
        ),
    ]
    results, _, new = copy(site, rows)
    assert list(results["status"]) == ["applied"] * 3
    assert list(new["heading_path"].str.split(" > ").str[-1]) == [
        "How far & <wide>?",
        "How far uphill?",
        "How fast?",
    ]
    assert " ".join(new["text"][0].split()) == " ".join(f"{passage['text']} Uphill less.".split())
    assert new["text"][2].startswith("Fast.")


def test_page_without_headings_and_in_an_old_charset(tmp_path):
    content = (
        "<meta charset=iso-8859-1><body><p>Das Café kostet 5 £.</p><p>Sonst nichts.</p>"
        "<!-- \x81 -->"
    )
    site = write_site(tmp_path / "site", range_html=content.encode("latin-1"))
    _, passages = read(site)
    rows = [
        row(
            "replace_passage",
            "Das Café kostet 5 £.\n\nSonst nichts.",
            "Das Café kostet 6 € 😀.\n\nSonst nichts.",
            "",
        ),
        row("insert_section", None, "## Größe\n\nGroß.", "", passages["passage_id"][0], edit="e2"),
    ]
    results, _, new = copy(site, rows)
    assert list(results["status"]) == ["applied"] * 2
    raw = (site.parent / "copy/range.html").read_bytes()
    assert b"<p>Das Caf\xe9 kostet 6 \x80 &#128512;.</p><p>Sonst nichts.</p>" in raw
    assert raw.endswith(b"<!-- \x81 -->")
    assert list(new["text"]) == ["Das Café kostet 6 € 😀.\n\nSonst nichts.", "Groß."]


def test_windows_line_ends_stay(tmp_path):
    site = write_site(tmp_path / "site", range_md=MARKDOWN.replace("\n", "\r\n"))
    page = "shop.example/range"
    copy(site, [row("insert_section", after=SECTION, passage=f"{page}#1", page=page)])
    raw = (site.parent / "copy/range.md").read_bytes()
    assert b"\r\n## How far uphill?\r\n" in raw
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_the_same_words_under_two_headings_change_under_the_named_heading(tmp_path):
    body = "<main><h1>T</h1><h2>A</h2><p>Same words.</p><h2>B</h2><p>Same words.</p></main>"
    site = write_site(tmp_path / "site", range_html=f"<title>T</title><body>{body}")
    results, _, passages = copy(
        site, [row("replace_passage", "Same words.", "Other words.", "T > B")]
    )
    assert list(passages["text"]) == ["Same words.", "Other words."]
    results, _, _ = copy(site, [row("replace_passage", "Same words.", "Other words.", "T > C")])
    assert list(results["status"]) == [
        "the words occur 2 times in the file, never under the heading of the change"
    ]


def test_part_of_a_long_paragraph_changes_alone(tmp_path):
    long = [f"Sentence {n} has <i>some</i> words in it." for n in range(60)]
    site = write_site(
        tmp_path / "site", range_html=f"<body><main><h1>T</h1><p>{' '.join(long)}</p></main>"
    )
    _, passages = read(site)
    second = passages["text"][1]
    results, _, new = copy(
        site, [row("replace_passage", second, "Short instead.", "T", "shop.example/range.html#1")]
    )
    assert list(results["status"]) == ["applied"]
    words = " ".join(new["text"]).split()
    assert words == " ".join([passages["text"][0], "Short instead.", *passages["text"][2:]]).split()
    assert source_of(site).count("<i>") == source_of(site).count("</i>")


def test_everything_else_is_copied_and_links_out_are_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/page.html").write_text("<p>elsewhere</p>")
    site = write_site(tmp_path / "site", range_html=PAGE, img__a_png=b"\x89PNG\0", _htaccess="deny")
    (site / "leak.txt").symlink_to(tmp_path / "secret.txt")
    (site / "out").symlink_to(tmp_path / "elsewhere")
    (site / "same.html").symlink_to(site / "range.html")
    (site / ".git").mkdir()
    (site / ".git/config").write_text("own")
    os.mkfifo(site / "pipe")
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    copy(site, [row("replace_heading", "Cold", "Winter")])
    copied = {
        path.relative_to(tmp_path / "copy").as_posix()
        for path in (tmp_path / "copy").rglob("*")
        if path.is_file()
    }
    assert copied == {"range.html", "img/a.png", ".htaccess", "same.html", COPY_MARK}
    assert {path: path.read_bytes() for path in before} == before
    assert not list(tmp_path.glob(".*coverage-kit*"))


def test_other_files_are_never_replaced_and_the_site_never_written_into(site):
    pages, passages = read(site)
    changes = CHANGES.table([row("replace_heading", "Cold", "Winter")])
    other_folder = write_site(site.parent / "other", notes_txt="mine")
    for out in (other_folder, site, site / "inner", site.parent, other_folder / "notes.txt"):
        with pytest.raises(RunError):
            write_site_copy(site, pages, passages, changes, out)
    assert (other_folder / "notes.txt").read_text() == "mine"
    for source in (site / "range.html", site / "none"):
        with pytest.raises(RunError, match="local folder"):
            write_site_copy(source, pages, passages, changes, site.parent / "copy")


def test_an_earlier_copy_is_replaced_whole(site):
    copy(site, [row("replace_heading", "Cold", "Winter")])
    (site.parent / "copy/stray.txt").write_text("from before")
    copy(site, [row("replace_heading", "Hills", "Hill")])
    assert not (site.parent / "copy/stray.txt").exists()
    assert "Winter" not in source_of(site)


def test_a_copy_that_fails_leaves_the_earlier_one(site, monkeypatch):
    copy(site, [row("replace_heading", "Cold", "Winter")])

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(site_copy.shutil, "copy2", fail)
    write_site(site, more_txt="x")
    with pytest.raises(RunError, match="disk full"):
        copy(site, [row("replace_heading", "Hills", "Hill")])
    assert "Winter" in source_of(site)


PIECES = [
    *"<>/&\"'`{}[]()!#-*_~|=:;.\\ \n\t\0ab1",
    "script",
    "onerror=",
    "javascript:",
    "<img src=x ",
    "</main>",
    "\n\n",
    "&lt;",
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(
    st.lists(
        st.sampled_from(
            [
                *PIECES,
                "<p>",
                "</p>",
                "<table><tr><td>",
                "</td>",
                "<li>",
                "<!--",
                "-->",
                "<![if",
                "<![CDATA[",
            ]
        )
    )
)
def test_broken_html_gives_a_tree_with_positions(pieces):
    source = "".join(pieces)
    for node in read_tree(source).iterate():
        assert node.start <= node.open_end <= node.close_start <= node.end <= len(source)
        assert not node.tag or source[node.start : node.open_end].lower().startswith(f"<{node.tag}")
        ends = [child.end for child in node.children]
        assert ends == sorted(ends)
        assert all(
            node.open_end <= child.start and child.end <= node.close_start
            for child in node.children
        )


def test_a_box_that_is_emptied_goes_and_new_words_follow_it():
    body = (
        "<body><main><h1>T</h1><p>One here.</p>\n<figure>\n<pre>two here</pre>\n</figure>\n"
        "<p>Next.</p></main>"
    )
    change = {
        "action": "replace_passage",
        "before": "One here.\n\ntwo here",
        "after": "Other.\n\n- item",
        "heading_path": "T",
    }
    assert make_change(body, change, [], is_markdown=False) == (
        "<body><main><h1>T</h1><p>Other.</p>\n<ul>\n<li>item</li>\n</ul>\n<p>Next.</p></main>"
    )


def test_a_deep_page_is_read_and_changed():
    deep = "<div>" * 3_000
    change = {
        "action": "replace_passage",
        "before": "Deep words.",
        "after": "Other words.",
        "heading_path": "T",
    }
    source = f"<body><main><h1>T</h1>{deep}Deep words.{'</div>' * 3_000}</main>"
    assert make_change(source, change, [], is_markdown=False) == source.replace(
        "Deep words.", "Other words."
    )


def elements(html: str) -> list[tuple]:
    tree = lxml.html.document_fromstring(html)
    own_tags = {
        "p",
        "li",
        "ul",
        "ol",
        "blockquote",
        "table",
        "tr",
        "td",
        "tbody",
        *(f"h{n}" for n in range(1, 7)),
    }
    return sorted(
        (str(element.tag), *sorted(element.attrib.items()))
        for element in tree.iter()
        if element.tag not in own_tags
    )


@pytest.mark.parametrize(
    "action", ["replace_title", "replace_heading", "replace_passage", "insert_section"]
)
@given(after=HOSTILE)
def test_words_never_add_an_element_or_a_handler(action, after):
    before = {"replace_title": "Range", "replace_heading": "Cold"}.get(
        action, "In the cold it goes less far."
    )
    change = {"action": action, "before": before, "after": after, "heading_path": "Range > Cold"}
    for source, is_markdown in ((PAGE, False), (MARKDOWN, True)):
        try:
            new = make_change(source, change, [(0, before)], is_markdown=is_markdown)
        except CannotPlaceError:
            continue
        pages = [_render(text) if is_markdown else text for text in (source, new)]
        elements_before, elements_after = (
            [element for element in elements(page) if element[0] != "meta"] for page in pages
        )
        assert elements_before == elements_after
        tree = lxml.html.document_fromstring(pages[1])
        handlers = [name for node in tree.iter() for name in node.attrib if name.startswith("on")]
        assert handlers == (["onclick"] if is_markdown else [])
        assert len(tree.xpath("//script")) == (0 if is_markdown else 1)


def _render(markdown: str) -> str:
    body = markdown.split("---\n", 2)[2]
    return f"<main>{MarkdownIt('commonmark').enable('table').render(body)}</main>"


@given(line=st.text(max_size=60) | HOSTILE, is_markdown=st.booleans())
def test_any_words_put_in_are_read_as_they_are(line, is_markdown):
    words = " ".join(f"Start {line} end".replace("#", "").split())
    change = {
        "action": "insert_section",
        "before": "",
        "after": f"## Probe\n\n{words}",
        "heading_path": "Range > Cold",
    }
    source = MARKDOWN if is_markdown else PAGE
    new = make_change(
        source, change, [(0, "In the cold it goes less far.")], is_markdown=is_markdown
    )
    extract = (extract_markdown if is_markdown else extract_page)(new.encode("utf-8", "replace"))
    read_texts = [
        text for path, text in split_text(extract.text, extract.title) if path.endswith("> Probe")
    ]
    assert read_texts == [" ".join(clean_text(words).split())]


@pytest.mark.parametrize("site_name", ["larkmoor", "pedalhaven"])
def test_the_sample_site_changes_at_every_passage(tmp_path, site_name):
    """Edits of each kind at many passages of a site, all in one copy, which is read again."""
    source = DATA / site_name
    base = f"https://www.{site_name}.example/"
    pages = read_site(SiteSettings(source=str(source), base_url=base))
    passages = split_pages(pages)
    first = passages.groupby("page_id").nth([1]).reset_index(drop=True)
    rows = []
    for number, passage in enumerate(first.to_dict("records")):
        target = (passage["heading_path"], passage["passage_id"], passage["page_id"])
        rows.append(
            row(
                "replace_passage",
                passage["text"],
                f"{passage['text']}\n\nProbe {number} stands here.",
                *target,
                edit=f"a{number}",
            )
        )
        rows.append(
            row(
                "insert_section",
                None,
                f"## Probe section {number}?\n\nIt says {number}.",
                *target,
                edit=f"b{number}",
            )
        )
        heading = passage["heading_path"].split(" > ")[-1]
        rows.append(
            row("replace_heading", heading, f"Reworded {number}?", *target, edit=f"c{number}")
        )
    results = write_site_copy(source, pages, passages, CHANGES.table(rows), tmp_path / "copy")
    assert set(results["status"]) == {"applied"}
    new = split_pages(read_site(SiteSettings(source=str(tmp_path / "copy"), base_url=base)))
    assert set(new["page_id"]) == set(passages["page_id"])
    for number, passage in enumerate(first.to_dict("records")):
        own = new[new["page_id"] == passage["page_id"]]
        reworded = " ".join(
            own.loc[own["heading_path"].str.endswith(f"Reworded {number}?"), "text"]
        )
        assert f"Probe {number} stands here." in reworded
        assert list(
            own.loc[own["heading_path"].str.endswith(f"Probe section {number}?"), "text"]
        ) == [f"It says {number}."]
    untouched = passages[~passages["passage_id"].isin(first["passage_id"])]
    assert set(untouched["text"]) - set(new["text"]) == set()


@pytest.mark.parametrize("tag", ["aside", 'div role="complementary"'])
def test_an_aside_before_the_main_content_is_no_text_of_the_page(tag):
    end = tag.partition(" ")[0]
    source = (
        f"<body><{tag}><p>It goes far.</p></{end}><main><h1>Range</h1><p>It goes far.</p>"
        f"<{tag}><p>Note.</p></{end}></main></body>"
    )
    blocks = read_html_blocks(source, read_tree(source))
    assert [block.text for block in blocks] == ["Range", "It goes far.", "Note."]
