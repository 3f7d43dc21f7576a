import re
import time
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.extract import extract_page, find_links
from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.page_try import PageError
from coverage_kit.collect.passages import split_text

WORDS = (
    "Take the parcel to any post office within thirty days of the delivery and keep the "
    "receipt that you are given there."
)


def extract(body, head="", url="https://acme.com/faq"):
    return extract_page(f"<html><head>{head}</head><body>{body}</body></html>".encode(), url)


def headings(text):
    return re.findall(r"^(#+) (.+)$", text, re.MULTILINE)


def test_headings_in_accordion_buttons_are_kept():
    questions = [f"How do I return item {n}?" for n in range(6)]
    body = "".join(
        f"<button><h3>{q}</h3></button><div><p>{WORDS} {n}</p></div>"
        for n, q in enumerate(questions)
    )
    assert headings(
        extract(f"<nav><ul><li>Home</ul></nav><main><h1>FAQ</h1>{body}</main>").text
    ) == [
        ("#", "FAQ"),
        *(("###", question) for question in questions),
    ]


def test_an_accordion_button_without_heading_leads_its_answer():
    text = extract(
        f"<main><button aria-expanded='false'>Is it free?</button><div><p>{WORDS}</p></div></main>"
    ).text
    assert text == f"Is it free?\n{WORDS}"


def test_a_plain_button_is_no_text():
    assert extract(f"<main><p>{WORDS}</p><button>Add to basket</button></main>").text == WORDS


def test_a_header_inside_the_article_keeps_its_h1_and_the_page_header_goes():
    body = (
        f"<header><h1>ACME</h1><a href='/'>Home</a></header><article><header>"
        f"<h1>Returns</h1></header><p>{WORDS}</p></article>"
    )
    assert extract(body).text == f"# Returns\n\n{WORDS}"


def test_navigation_footer_forms_scripts_and_asides_go():
    body = (
        f"<nav>Menu</nav><main><h1>T</h1><p>{WORDS}</p><form><p>Subscribe now</p></form>"
        f"<script>var x</script></main>"
        "<aside><p>Related posts of ours</p></aside><div role='contentinfo'>Imprint</div>"
        "<footer>Terms</footer>"
    )
    assert extract(body).text == f"# T\n\n{WORDS}"


def test_a_form_around_the_whole_page_stays():
    assert extract(f"<form><div><h1>T</h1><p>{WORDS}</p></div></form>").text == f"# T\n\n{WORDS}"


def test_lists_tables_code_and_breaks_are_readable_text():
    body = (
        "<main><h1>Soap</h1><p>Wool<br>soap &amp;\n water</p><ul><li>One <b>bold</b>"
        "<ol start=3><li>in</ol></li><li>Two</ul>"
        "<table><caption>Sizes</caption><tr><th>Size<th>Price</tr><tr><td>S<td>10 €</tr></table>"
        "<pre>a = 1\n\n# note ``` x</pre><dl><dt>-q<dt>--quiet<dd>Say less.</dl>"
        "<p># no heading</p></main>"
    )
    assert extract(body).text.split("\n\n") == [
        "# Soap",
        "Wool soap & water",
        "- One bold\n  3. in\n- Two",
        "Sizes\nSize | Price\nS | 10 €",
        "````\na = 1",
        "# note ``` x\n````",
        "-q\n--quiet\nSay less.",
        "\\# no heading",
    ]


def test_what_is_written_is_read_again():
    body = "<main><h1>T</h1><p># no heading</p><pre># code\n```</pre><ol><li>a</ol></main>"
    text = "# no heading\n\n````\n# code\n```\n````\n\n1. a"
    assert split_text(extract(body).text, "T") == [("T", text)]


def test_a_layout_table_is_no_table():
    body = (
        f"<table><tr><td><h2>Left</h2><p>{WORDS}</p></td><td>"
        f"<p>Short words here.</p></td></tr></table>"
    )
    assert extract(body).text == f"## Left\n\n{WORDS}\n\nShort words here."


def test_permalinks_are_no_part_of_a_heading():
    body = (
        f"<main><h2>Use<a class='headerlink' href='#u'>¶</a></h2><p>{WORDS}</p>"
        f"<h2>C# #</h2><p>{WORDS}</p></main>"
    )
    assert headings(extract(body).text) == [("##", "Use {#u}"), ("##", "C#")]


def test_short_sections_between_long_ones_are_kept():
    paragraphs = [f"Paragraph {n} says: {WORDS}" for n in range(4)]
    body = (
        f"<h1>T</h1><h2>Cost</h2><p>Free.</p><h2>A</h2><p>{paragraphs[0]}</p>"
        f"<h2>Name</h2><p>Soap</p>"
    )
    body += f"<h2>B</h2><p>{'</p><p>'.join(paragraphs[1:])}</p>"
    assert [words for _, words in headings(extract(f"<div>{body}</div>").text)] == [
        "T",
        "Cost",
        "A",
        "Name",
        "B",
    ]


def test_a_page_of_only_scripts_has_no_text():
    assert (
        extract(
            "<div id='app'></div><noscript>Switch JavaScript on</noscript><script>go()</script>"
        ).text
        == ""
    )


@pytest.mark.parametrize(
    "html",
    [b"", b"   ", b"<", b"<!-- -->", b"<html></html>"],
)
def test_what_is_no_page_has_no_text(html):
    assert len(extract_page(html).text) < 20


def test_title_prefers_the_heading_without_the_site_name():
    assert (
        extract(f"<h1>Returns</h1><p>{WORDS}</p>", "<title>Returns | Acme</title>").title
        == "Returns"
    )
    assert (
        extract(f"<h1>Hello</h1><p>{WORDS}</p>", "<title>Returns | Acme</title>").title
        == "Returns | Acme"
    )
    assert extract(f"<h1>Hello</h1><p>{WORDS}</p>").title == "Hello"
    assert extract("").title == ""


def test_language_comes_from_the_page():
    assert extract_page(b"<html lang='en-GB'><body><p>A</p></body></html>").language == "en"
    assert extract_page(b"<html><body><p>A</p></body></html>").language == ""


def test_canonical_url_is_absolute_and_og_url_stands_in():
    assert extract("", "<link rel='canonical' href='/a'>").url == "https://acme.com/a"
    assert (
        extract("", "<meta property='og:url' content='https://acme.com/b'>").url
        == "https://acme.com/b"
    )
    assert extract("", "<link rel='canonical' href='/a'>", url="").url == ""


def test_links_are_absolute_once_and_without_nofollow():
    body = (
        "<a href='b#x'>1</a><a href='/b'>2</a><a href='https://o.com/'>3</a>"
        "<a href='mailto:a@b.c'>4</a>"
    )
    body += "<a rel='nofollow noopener' href='/c'>5</a><a href='http://['>6</a><area href='/d'>"
    assert extract(body).links == ("https://acme.com/b", "https://o.com/", "https://acme.com/d")
    assert find_links(
        b"<base href='https://acme.com/x/'><a href='y'>1</a>", "https://acme.com/"
    ) == ("https://acme.com/x/y",)


def test_meta_robots_nofollow_leaves_no_links():
    assert (
        extract("<a href='/b'>1</a>", "<meta name='robots' content='noindex, nofollow'>").links
        == ()
    )


def test_dates_are_the_ones_the_page_names():
    linked = '{"@graph":[{"datePublished":"2024-01-02","dateModified":"2024-03-04T05:06:07Z"}]}'
    page = extract("", f'<script type="application/ld+json">{linked}</script>')
    assert page.published_at == datetime(2024, 1, 2, tzinfo=UTC)
    assert page.modified_at == datetime(2024, 3, 4, 5, 6, 7, tzinfo=UTC)
    meta = "<meta property='article:published_time' content='2023-05-01T10:00:00+02:00'>"
    assert extract("", meta).published_at == datetime(2023, 5, 1, 8, tzinfo=UTC)
    timed = extract("<time itemprop='dateModified' datetime='2022-02-02'>2 Feb</time>")
    assert timed.modified_at == datetime(2022, 2, 2, tzinfo=UTC)


def test_no_date_is_invented_from_words():
    page = extract(
        f"<main><p>{WORDS} On 3 May 2021 we moved. Copyright 2019.</p>"
        f"<time datetime='2020-01-01'>x</time></main>"
    )
    assert (page.published_at, page.modified_at) == (None, None)
    assert parse_time("yesterday") is None
    assert parse_time("0001-01-01") is None
    assert parse_time("Mon, 05 Feb 2024 10:00:00 GMT") == datetime(2024, 2, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("Größe “10” €".encode(), "iso-8859-1"),
        ("Größe “10” €".encode("utf-8-sig"), ""),
        ("Größe “10” €".encode("utf-16"), ""),
        ("Größe “10” €".encode("utf-16-le"), ""),
        ("Größe “10” €".encode("cp1252"), "ISO-8859-1"),
        (b"<meta charset=windows-1252>" + "Größe “10” €".encode("cp1252"), ""),
        (b"<meta charset=nonsense>" + "Größe “10” €".encode("cp1252"), "zlib"),
    ],
)
def test_encodings(content, declared):
    assert decode_text(content, declared).endswith("Größe “10” €")


def test_declared_encodings_of_other_scripts():
    assert decode_text("猫は寝る".encode("shift_jis"), "Shift_JIS") == "猫は寝る"
    assert "привет" in extract_page("<meta charset='koi8-r'><p>привет</p>".encode("koi8-r")).text


def test_an_undeclared_other_script_is_guessed():
    text = (
        "Возьмите посылку в любое почтовое отделение в течение тридцати дней и сохраните "
        "квитанцию. " * 3
    )
    assert decode_text(text.encode("cp1251")) == text


def test_control_and_direction_characters_are_stripped():
    assert extract("<p>a\u202eb\x07c\u200bd\x9be\u00ad</p>").text == "abcde"


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 100_000 + b"<p>deep</p>" + b"</div>" * 100_000,
        b"<ul><li>x" * 5_000,
        # The parser would read only what comes before the depth, and this is in none of its words.
        b"<p>First.</p>" + b"<b>" * 300 + b"deep" + b"</b>" * 300 + b"<p>Last.</p>",
    ],
    ids=["blocks", "lists", "inline"],
)
def test_a_page_of_which_only_the_start_would_be_read_is_refused(html):
    with pytest.raises(PageError, match="nested too deeply"):
        extract_page(html)


def test_nested_elements_are_read_to_the_end():
    html = b"<div>" * 200 + b"<p>deep</p>" + b"</div>" * 200 + b"<p>Last.</p>"
    assert extract_page(html).text == "deep\n\nLast."


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("<p ", ">"),
        ("<script ", "></script>"),
        ("<p a='>' b=\">\" ", ">"),
        ("<!-- <p a=' --><p ", ">"),
        ("<style>p{content:'<a'}</style><p ", "/>"),
    ],
)
def test_a_tag_of_very_many_attributes_is_refused(start, end):
    attributes = " ".join(f"a{number}='<a'" for number in range(20_000))
    with pytest.raises(PageError, match="more than 1,000 attributes"):
        extract_page(f"{start}{attributes}{end}words".encode())


def test_words_that_look_like_attributes_are_no_tag():
    words = "is less < than, and more > than it " * 20_000
    html = f"<p>{words}</p><script>if (a <b {words}</script><!-- <p {words} --><p>Last."
    assert extract_page(html.encode()).text.endswith("Last.")


def test_a_page_of_very_many_elements_is_refused():
    with pytest.raises(PageError, match="more than 250,000 elements"):
        extract_page(b"<i>x</i>" * 300_000)


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02", b"%PDF-1.7 \xff\xfe\x00", b"GIF89a\x01\x00" * 9]
)
def test_what_is_no_text_is_refused(content):
    with pytest.raises(PageError, match="no text"):
        extract_page(content)


@pytest.mark.parametrize(
    "name",
    ["punycode", "idna", "rot13", "hex", "zip", "base64", "unicode_escape", "utf-7", "undefined"],
)
def test_an_encoding_that_no_browser_knows_does_not_count(name):
    words = "Größe \\u0041 +AGE- und Maß"
    html = f"<meta charset='{name}'><p>{words}".encode("cp1252")
    assert extract_page(html).text == words
    assert extract_page(html, charset=name).text == words


def test_a_page_cannot_name_an_encoding_in_which_its_own_name_could_not_be_read():
    html = "<meta charset='utf-16'><p>Größe".encode("cp1252")
    assert extract_page(html).text == "Größe"


def test_japanese_escapes_are_read_where_the_page_names_them():
    html = "<meta charset='iso-2022-jp'><p>お茶です。".encode("iso-2022-jp")
    assert extract_page(html).text == "お茶です。"


@pytest.mark.parametrize(
    "html",
    [
        "<title>T</title><main><p>Words.</p></main><p>Last.</p>",
        "<title>T</title><meta name=a><section>Words.</section>\n<article>Last.</article>",
        "<head><title>T</title><x-page>Words.</x-page><p>Last.</p>",
    ],
)
def test_a_page_without_tags_of_head_and_body_is_read(html):
    page = extract_page(html.encode())
    assert page.text == "Words.\n\nLast."
    assert page.title == "T"


def test_markdown_of_very_many_brackets_is_refused():
    with pytest.raises(PageError, match="more than 50,000 brackets"):
        extract_markdown(b"[" * 60_000)


def test_long_lines_and_many_blocks_take_seconds_at_most():
    start = time.process_time()
    assert len(extract_page(b"<p>" + b"x" * 8_000_000).text) in {0, 8_000_000}
    assert extract_page(b"<p>word " * 50_000).text.startswith("word")
    extract_page(b"<" * 1_000_000)
    extract_page(b"<a href='/x'>" * 50_000)
    assert time.process_time() - start < 15


def test_broken_and_deep_linked_data_is_passed_over():
    deep = '<script type="application/ld+json">' + "[" * 100_000 + "</script>"
    assert (
        extract(f"<p>{WORDS}</p>", f"{deep}<script type='application/ld+json'>{{</script>").text
        == WORDS
    )


def test_markdown_becomes_the_same_text():
    source = (
        "---\ntitle: 'Wool care'\nurl: https://a.com/wool\ndate: 2024-01-02\nlastmod: "
        "2024-02-03\nlang: en\n---\n"
    )
    source += "# Wool\n\nWash *cold*, see [soap](/soap).\nGently.\n\n- One\n- Two\n\n"
    source += "| A | B |\n|---|---|\n| 1 | 2 |\n\n```sh\n# ls\n```\n"
    page = extract_markdown(source.encode())
    assert (page.title, page.url, page.language) == ("Wool care", "https://a.com/wool", "en")
    assert page.published_at == datetime(2024, 1, 2, tzinfo=UTC)
    assert page.modified_at == datetime(2024, 2, 3, tzinfo=UTC)
    assert page.text == (
        "# Wool\n\nWash cold, see soap. Gently.\n\n- One\n- Two\n\nA | B\n1 | 2\n\n```sh\n# ls\n```"
    )


def test_markdown_without_or_with_other_front_matter():
    assert extract_markdown(b"# Wool\n\nWarm.").title == "Wool"
    toml = extract_markdown(b'+++\ntitle = "Wool"\ndate = 2024-01-02\n+++\nWarm.')
    assert (toml.title, toml.text, toml.published_at) == (
        "Wool",
        "Warm.",
        datetime(2024, 1, 2, tzinfo=UTC),
    )
    assert extract_markdown(b"+++\n= broken\n+++\nWarm.").text == "Warm."
    assert extract_markdown(b"---\nWarm.\n\nNot closed.").text == "Warm.\n\nNot closed."
    assert extract_markdown("# Größe\n\nÄpfel.".encode("utf-16")).text == "# Größe\n\nÄpfel."
    assert (
        extract_markdown(b"<script>x</script>\n\n<p>Raw <b>words</b>.</p>\n\n<!-- note -->").text
        == "Raw words."
    )
