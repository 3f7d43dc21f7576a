"""WordPress exports: published posts are pages, the rest has a status or is counted."""

import resource
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.sources.shortcodes import expand_shortcodes, make_paragraphs
from coverage_kit.errors import SiteError
from tests.collect.sources.reading import read, statuses, texts

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Pumps</title><link>https://pump.example</link><language>en-GB</language>
<wp:base_blog_url>https://pump.example</wp:base_blog_url>
<wp:author><wp:author_login>ann</wp:author_login></wp:author>
"""
TAIL = "</channel></rss>"


def item(name, content, status="publish", kind="post", title="", key="", more=""):
    return f"""<item><title>{title or name}</title><link>https://pump.example/{name}/</link>
<content:encoded><![CDATA[{content}]]></content:encoded>
<excerpt:encoded><![CDATA[An excerpt]]></excerpt:encoded>
<wp:post_date_gmt>2024-03-05 10:20:30</wp:post_date_gmt>
<wp:post_modified_gmt>2025-01-02 03:04:05</wp:post_modified_gmt>
<wp:status>{status}</wp:status><wp:post_type>{kind}</wp:post_type>
<wp:post_password>{key}</wp:post_password>{more}</item>
"""


def export(tmp_path, *items, head=HEAD, tail=TAIL):
    path = tmp_path / "pumps.xml"
    path.write_text(head + "".join(items) + tail, encoding="utf-8")
    return path


def page_text(tmp_path, content):
    pages, _ = read(export(tmp_path, item("a", content)))
    return texts(pages)["https://pump.example/a/"]


def test_published_posts_pages_and_custom_types_are_pages(tmp_path):
    kinds = ("post", "page", "docs", "product", "knowledgebase")
    pages, unread = read(export(tmp_path, *(item(kind, "Words.", kind=kind) for kind in kinds)))
    assert statuses(pages) == {f"https://pump.example/{kind}/": "ok" for kind in kinds}
    assert unread == {}


def test_drafts_and_locked_posts_are_rejected_and_other_items_counted(tmp_path):
    pages, unread = read(
        export(
            tmp_path,
            item("a", "Words."),
            item("b", "Words.", status="draft"),
            item("c", "Words.", status="private", kind="page"),
            item("d", "Words.", key="abc"),
            item("e", "<!-- wp:paragraph -->\n<!-- /wp:paragraph -->"),
            item("f", "x", kind="nav_menu_item"),
            item("g", "x", kind="nav_menu_item"),
            item("h", "Call us.", kind="wp_block"),
        )
    )
    assert list(statuses(pages).values()) == ["ok", "draft", "private", "password", "no text"]
    assert unread == {
        "WordPress items of the type nav_menu_item, which are no pages": (2, False),
        "WordPress items of the type wp_block, which are no pages": (1, True),
    }


def test_title_language_and_dates_come_from_the_item(tmp_path):
    pages, _ = read(export(tmp_path, item("a", "Words.", title="Tom &amp;amp; Ann &#8211; pumps")))
    extract = pages[0].extract
    assert extract.title == "Tom & Ann – pumps"  # noqa: RUF001
    assert extract.language == "en"
    assert extract.published_at == datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
    assert extract.modified_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert pages[0].html_path is None


def test_blank_lines_are_paragraphs_and_blocks_stay(tmp_path):
    text = page_text(
        tmp_path,
        "First line\nsecond line.\n\nNext.\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        "<h2>Care</h2>\nAfter it.\n\n<pre>a\n\nb</pre>",
    )
    assert text == (
        "# a\n\nFirst line second line.\n\nNext.\n\n- one\n- two\n\n## Care\n\nAfter it."
        "\n\n```\na\n\nb\n```"
    )


def test_a_post_of_blocks_has_no_marks_of_them(tmp_path):
    text = page_text(
        tmp_path,
        '<!-- wp:heading {"level":2} -->\n<h2>Care</h2>\n<!-- /wp:heading -->\n\n'
        "<!-- wp:paragraph -->\n<p>Oil it.</p>\n<!-- /wp:paragraph -->",
    )
    assert text == "# a\n\n## Care\n\nOil it."


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("[gallery ids='1,2'] Words.", "Words."),
        ('[caption id="a" width="3"]<img src="a.png"/> The lid[/caption]', "The lid"),
        ('[vc_row css=".a{b:c}"][vc_column_text]Oil it.[/vc_column_text][/vc_row]', "Oil it."),
        ('[et_pb_text admin_label="Text"]<p>Oil it.</p>[/et_pb_text]', "Oil it."),
        (
            '[vc_tta_section title="Delivery &amp; returns" tab_id="1"]Two days.[/vc_tta_section]',
            "Delivery & returns\nTwo days.",
        ),
        ('[et_pb_toggle title="May I?" open="on"]Yes.[/et_pb_toggle]', "May I?\nYes."),
        ('[vc_custom_heading text="Care"]\n\nOil it.', "### Care\n\nOil it."),
        ("[fusion_title size='2']Care[/fusion_title]Oil it.", "## Care\n\nOil it."),
        (
            '[vc_custom_heading text="Care" font_container="tag:h2|text_align:center"]Oil it.',
            "## Care\n\nOil it.",
        ),
        ('[vc_empty_space height="16px"][vc_single_image image="4"]Words.', "Words."),
        ("As he says [sic] in [1] and [see there].", "As he says [sic] in [1] and [see there]."),
        ("Write [[gallery]] here.", "Write [gallery] here."),
        ("Use <code>a[b_c]</code> here.", "Use a[b_c] here."),
        ("[vc_raw_html]aGVsbG8=[/vc_raw_html]Words.", "Words."),
        ("[embed]https://video.example/1[/embed]Words.", "Words."),
    ],
)
def test_shortcodes_leave_their_words(tmp_path, content, shown):
    assert page_text(tmp_path, content) == f"# a\n\n{shown}"


def test_a_shortcode_that_wordpress_fills_in_is_counted(tmp_path):
    pages, unread = read(
        export(tmp_path, item("a", "Words. [price_table id=3]"), item("b", "[price_table id=4] x"))
    )
    assert texts(pages)["https://pump.example/a/"] == "# a\n\nWords."
    assert unread == {"WordPress fills in what these shortcodes show: [price_table]": (2, True)}


def test_the_addresses_of_a_copy_become_those_of_the_base_url(tmp_path, caplog):
    head = HEAD.replace("https://pump.example", "https://dev.local/new")
    one = item("a", "Words.").replace("https://pump.example", "https://dev.local/new")
    pages, _ = read(export(tmp_path, one, head=head), "https://www.pump.example/blog/")
    assert pages[0].url == "https://www.pump.example/blog/a/"
    assert "dev.local" in caplog.text


def test_a_bare_ampersand_costs_no_other(tmp_path):
    pages, unread = read(
        export(
            tmp_path,
            item("a", "Before &amp; after."),
            item("b", "In & out.", title="Oil & water"),
            item("c", "Words.", title="Salt &amp; pepper"),
        )
    )
    assert [page.extract.title for page in pages] == ["a", "Oil & water", "Salt & pepper"]
    assert texts(pages)["https://pump.example/b/"] == "# Oil & water\n\nIn & out."
    assert any("damaged" in reason for reason in unread)


def test_control_characters_and_a_cut_file_lose_only_what_is_missing(tmp_path):
    path = export(tmp_path, item("a", "Wor\x0bds."), item("b", "Whole."), tail="<item><title>c")
    pages, unread = read(path)
    assert list(texts(pages)) == ["https://pump.example/a/", "https://pump.example/b/"]
    assert any("damaged" in reason for reason in unread)


def test_entities_and_files_are_not_expanded(tmp_path):
    bomb = '<!DOCTYPE r [<!ENTITY a "boom"><!ENTITY b SYSTEM "file:///etc/passwd">]>\n<rss'
    head = HEAD.replace("<rss", bomb)
    pages, _ = read(export(tmp_path, item("a", "Words.", title="A &a;&b; B"), head=head))
    assert "boom" not in pages[0].extract.title
    assert "root" not in pages[0].extract.title


@pytest.mark.parametrize("text", ["", "<rss", HEAD, HEAD + TAIL, HEAD + "<item>" * 300])
def test_a_file_without_posts_says_so(tmp_path, text):
    path = tmp_path / "pumps.xml"
    path.write_text(HEAD.partition("<channel>")[0] + text, encoding="utf-8")
    with pytest.raises(SiteError, match="posts or pages"):
        read(path)


@pytest.mark.parametrize(
    "sign",
    ["[", "[a ", '[a b="', "[a]", "[/a]", "<", "<p", "<pre>", "\n\n", " \n\t", "[vc_raw_js]"],
)
def test_hostile_posts_take_time_in_proportion(sign):
    start = time.perf_counter()
    make_paragraphs(expand_shortcodes(sign * (300_000 // len(sign)))[0])
    assert time.perf_counter() - start < 8


def test_memory_does_not_grow_with_the_file(tmp_path):
    script = """
import resource, sys
from pathlib import Path
from coverage_kit.collect.sources import find_reader
from coverage_kit.collect.unread import UnreadItems
path = Path(sys.argv[1])
reader = find_reader(path)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pages = reader(path, "", UnreadItems())
print(len(pages), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    assert resource.RUSAGE_SELF == 0
    path = tmp_path / "large.xml"
    body = "A sentence on pumps and their filters. " * 30
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEAD)
        for number in range(20_000):
            stream.write(item(f"p{number}", body, status="draft" if number % 100 else "publish"))
        stream.write(TAIL)
    assert path.stat().st_size > 30_000_000
    result = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    n_pages, kilobytes = map(int, result.stdout.split())
    assert n_pages == 20_000
    # The rows themselves take half of it.
    assert kilobytes < 30_000


def test_an_item_without_an_address_is_rejected(tmp_path):
    one = item("a", "Words.").replace("<link>https://pump.example/a/</link>", "<link/>")
    pages, _ = read(export(tmp_path, one, item("b", "Words.")), "https://pump.example")
    assert [page.status for page in pages] == ["no address", "ok"]
    assert pages[0].location != pages[1].location


def test_an_item_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.collect.sources.wordpress._MAX_ITEM_BYTES", 2_000_000)
    path = export(tmp_path, item("a", "Words."), "<item>" + "<b>x</b>" * 1_000_000)
    pages, unread = read(path)
    assert list(texts(pages)) == ["https://pump.example/a/"]
    assert any("more than 2,000,000 bytes" in reason for reason in unread)
