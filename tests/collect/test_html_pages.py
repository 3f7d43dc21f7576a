"""What is read of pages as real sites write them: folds, tabs, tables, notices, code, anchors."""

import re
import time

import pytest

from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.main_text import is_dateline, is_note
from coverage_kit.collect.page_try import PageError
from coverage_kit.text.sections import read_headings

WORDS = (
    "Take the parcel to any post office within thirty days of the delivery and keep the "
    "receipt that you are given there."
)
MORE = "Parcels above thirty kilograms go by freight, and the driver calls you an hour before."


def read(body, head="<title>T</title>"):
    return extract_page(f"<html><head>{head}</head><body>{body}</body></html>".encode()).text


def main(body):
    return read(f"<main><h1>T</h1><p>{WORDS}</p>{body}</main>").removeprefix(f"# T\n\n{WORDS}\n\n")


def test_bare_text_under_a_heading_of_an_old_page_is_kept():
    text = read(
        "<h2>Rules</h2>\nThe rules hold for all tenants since the assembly of members in March."
        f"<ul><li>The hedge may be 1.25 metres high.<li>Be quiet.</ul><p>{WORDS}"
    )
    assert text.startswith(
        "## Rules\n\nThe rules hold for all tenants since the assembly of members in March.\n\n"
        "- The hedge may be 1.25 metres high."
    )


def test_columns_that_gitbook_hides_are_left_out():
    head = "<tr><th>Card</th><th>Words</th><th data-hidden data-card-target></th></tr>"
    row = "<tr><td>One</td><td>Begin here.</td><td><a href='/q.md'>q.md</a></td></tr>"
    assert main(f"<table>{head}{row}</table>") == "Card | Words\nOne | Begin here."


def test_two_line_breaks_divide_paragraphs_and_one_does_not():
    assert main("<font>One<br>line.<br>\n<br/>Another.<br><br></font>") == "One line.\n\nAnother."


def test_text_in_cells_of_a_layout_table_is_paragraphs():
    body = (
        f"<table><tr><td><a href=/>Home</a></td><td>{WORDS}<br><br>{MORE} {MORE} {MORE} {MORE} "
        f"{MORE} {MORE}<center>Ask us.</center></td></tr></table>"
    )
    assert "\n\nParcels above" in main(body)
    assert " | " not in main(body)


def test_lists_in_cells_stay_in_their_row():
    body = (
        "<table><caption>Kilns</caption><tr><th></th><th>Small<th>Large</tr><tr><th scope=row>Box"
        "<td><ul><li>two shelves</li>\n<li>a <b>stand</b></ul><td><p>four</p><p>shelves</p></table>"
    )
    assert main(body) == "Kilns\n | Small | Large\nBox | two shelves; a stand | four shelves"


def test_labels_that_span_rows_and_columns_are_repeated():
    body = (
        "<table><tr><th>Size<th colspan=2>Price</tr><tr><td rowspan=2>Small<td>2 kg<td>£3</tr>"
        "<tr><td>5 kg<td>£4</tr><tr><td colspan=3>All prices with tax</table>"
    )
    assert main(body).split("\n") == [
        "Size | Price | Price",
        "Small | 2 kg | £3",
        "Small | 5 kg | £4",
        "All prices with tax",
    ]


def test_terms_lead_all_of_their_definitions():
    body = "<dl><dt>Slip<dd>Wet clay.<dd>Also glue.<dt>Grog<dd><p>Fired clay.</p></dl>"
    assert main(body) == "Slip\nWet clay.\nAlso glue.\n\nGrog\nFired clay."


FOLDS = {
    "bootstrap": (
        "<h2><button data-bs-toggle=collapse data-bs-target='#a' aria-expanded=false>Q?</button>"
        f"</h2><div id=a class='collapse'>{MORE}</div>"
    ),
    "hidden and controlled": (
        f"<h2><button aria-controls=a>Q?</button></h2><div id=a hidden><p>{MORE}</p></div>"
    ),
    "classes alone": (
        f"<h2 class=faq-question>Q?</h2><div class=faq-answer style='display : none'>{MORE}</div>"
    ),
    "details": f"<details><summary><h2>Q?</h2></summary>{MORE}</details>",
    "aria-hidden": f"<h2><a href='#a'>Q?</a></h2><div id=a aria-hidden=true>{MORE}</div>",
    "heading in a term": f"<dl><dt><h2>Q?</h2></dt><dd hidden>{MORE}</dd></dl>",
}


@pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS)
def test_folded_answers_are_kept_under_their_question(fold):
    assert re.sub(r" \{#\w+\}", "", main(fold)) == f"## Q?\n\n{MORE}"


TABS = {
    "roles in order": (
        "<div><ul role=tablist><li role=tab>npm<li role=tab>yarn</ul><div>"
        "<div role=tabpanel>{}</div><div role=tabpanel hidden>{}</div></div></div>"
    ),
    "links to panels": (
        "<ul class='nav nav-tabs'><li><a data-toggle=tab href='#n'>npm</a></li>"
        "<li><a data-toggle=tab href='#y'>yarn</a></li></ul><div class=tab-content>"
        "<div class='tab-pane active' id=n>{}</div><div class=tab-pane id=y>{}</div></div>"
    ),
    "controls": (
        "<div role=tablist><button role=tab aria-controls=n>npm</button>"
        "<button role=tab aria-controls=y>yarn</button></div>"
        "<div id=n role=tabpanel>{}</div><div id=y role=tabpanel hidden>{}</div>"
    ),
    "labels of a documentation theme": (
        "<div class=tabbed-set><input type=radio id=i><input type=radio id=j><div "
        "class=tabbed-labels><label for=i>npm</label><label for=j>yarn</label></div>"
        "<div class=tabbed-content><div class=tabbed-block>{}</div>"
        "<div class=tabbed-block>{}</div></div></div>"
    ),
}


@pytest.mark.parametrize("tabs", TABS.values(), ids=TABS)
def test_the_label_of_a_tab_leads_its_panel(tabs):
    first = "Run the command in the folder of the project and wait for it to end."
    assert main(tabs.format(first, MORE)) == f"npm\n{first}\n\nyarn\n{MORE}"


def test_hidden_windows_templates_and_menus_are_no_content():
    hidden = (
        f"<div style='display:none' id=offer-modal><h2>Join us</h2><p>{MORE}</p></div>"
        f"<div hidden><p>{MORE}</p></div><template><p>{MORE}</p></template>"
        f"<div aria-modal=true><p>{MORE}</p></div><div role=dialog>{MORE}</div>"
        f"<button aria-controls=m>Menu</button><ul id=m class=dropdown-menu hidden><li>{MORE}</ul>"
    )
    assert main(f"{hidden}<p>Last.</p>") == "Menu\nLast."


def test_a_page_that_hides_all_of_itself_until_its_scripts_run_is_read():
    assert read(f"<div style='display:none'><p>{WORDS}</p><p>{MORE}</p></div>") == (
        f"{WORDS}\n\n{MORE}"
    )


def test_what_two_widths_of_screen_show_is_read_once():
    twins = f"<div class='d-none d-md-block'>{MORE}</div><div class=d-md-none>{MORE}</div>"
    assert main(f"{twins}<p>Last.</p>") == f"{MORE}\n\nLast."


@pytest.mark.parametrize(
    "notice",
    [
        "<div id=onetrust-consent-sdk><p>{}</p></div>",
        "<div id=CybotCookiebotDialog>{}</div>",
        "<div id=usercentrics-root>{}</div>",
        "<div class=cky-consent-container>{}</div>",
        "<div id=cmplz-cookiebanner-container>{}</div>",
        "<div id=BorlabsCookieBox>{}</div>",
        "<div id=didomi-host>{}</div>",
        "<div class='qc-cmp2-container'>{}</div>",
        "<div class=klaro>{}</div>",
        "<div class='cookie-banner'>{}<button>OK</button></div>",
    ],
)
def test_notices_of_consent_tools_are_no_content(notice):
    cookies = "We and our partners store cookies on your device to measure the use of our pages."
    assert main(f"{notice.format(cookies)}<p>Last.</p>") == "Last."


def test_a_section_about_cookies_is_content():
    section = (
        f"<section id=cookie-policy><h2>Cookies</h2><p>{MORE}</p><a href=/x>More</a></section>"
    )
    assert main(section).startswith("## Cookies {#cookie-policy}\n\n" + MORE)


FURNITURE = (
    "<a class=skip-link href='#c'>Skip to main content</a>",
    "<a href='#c'>Skip to content</a>",
    "<div class=breadcrumbs><a href=/>Home</a> / <a href=/d>Docs</a> / Install</div>",
    "<div class=share-buttons><span>Share this page</span><a href=#>Post</a></div>",
    "<div class=pagination><a href=/1>Previous page</a> <a href=/2>Next page</a></div>",
    "<div class=toc><p>On this page</p><ul><li><a href='#a'>Linux</a><li><a href='#b'>macOS</a>"
    "</ul></div>",
    f"<div class=newsletter-signup><p>{MORE[:60]}</p><form><input></form></div>",
    f"<section class=related-posts><h2>Read on</h2><a href=/p><h3>A post of ours</h3></a><p>{MORE}"
    "</p><a href=/q><h3>One more of our posts for you</h3></a></section>",
    "<div class=page-feedback><p>Was this page helpful?</p><button>Yes</button></div>",
    "<p>Was this article helpful?</p>",
    "<a class=edit-this-page href=/e>Edit this page</a>",
    "<p>© 2025 Acme Ltd. All rights reserved.</p>",
    "<div class=search-box><label>Search our pages</label><input></div>",
    "<div class=skeleton>Loading…</div>",
    "<p>Back to top ↑</p>",
    f"<div class=comments><h2>2 comments</h2><p>{MORE}</p></div>",
)


@pytest.mark.parametrize("part", FURNITURE)
def test_what_frames_the_content_is_no_content(part):
    assert main(f"<p>{MORE}</p>{part}<p>{MORE} Then sign.</p>") == f"{MORE}\n\n{MORE} Then sign."


def test_dates_and_names_are_content_where_a_term_or_a_heading_leads_to_them():
    body = (
        f"<h2>Release date</h2><p>3 May 2024</p><h2>Why</h2><p>{MORE}</p>"
        "<dl><dt>Kind</dt><dd>Video</dd></dl>"
    )
    assert main(body) == (f"## Release date\n\n3 May 2024\n\n## Why\n\n{MORE}\n\nKind\nVideo")
    assert is_dateline("Nov. 19, 2019 8:03 am ET")
    assert not is_dateline("12 May guests came at 8 am")
    assert not is_note("Close the door")


def test_headings_are_read_without_permalinks_and_buttons():
    body = "".join(
        f"<h2>{heading}</h2><p>{MORE}</p>"
        for heading in (
            "Use<a href='#use' title='Link to this heading'>Link to this heading</a>",
            "<a href='#fire'>Fire</a>",
            "Dry <button>Copy link</button><span class=sr-only>(section)</span>",
            "<a href='#rest'>Rest</a> <button>Copy link</button>",
            "<button aria-expanded=false>Sell<svg><title>open</title></svg></button>",
        )
    )
    headings = [words for _, words, _ in read_headings(main(body), "")]
    assert headings == ["Use", "Fire", "Dry", "Rest", "Sell"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("<h2 id=a>H</h2>", "a"),
        ("<h2><a name=a></a>H</h2>", "a"),
        ("<h2>H<a class=headerlink href='#a'>¶</a></h2>", "a"),
        ("<section id=a><h2>H</h2></section>", "a"),
        ("<section id=a><div><h2>H</h2></div></section>", "a"),
        ("<a id=a></a><h2>H</h2>", "a"),
        ("<section id=b>Words.<h2>H</h2></section>", ""),
        ("<h2 id='a b'>H</h2>", ""),
        ("<h2 id='a}'>H</h2>", ""),
        ("<div role=heading aria-level=2 id=a>H</div>", "a"),
    ],
)
def test_a_heading_knows_its_anchor(heading, anchor):
    end = f" {{#{anchor}}}" if anchor else ""
    assert f"## H{end}\n\n{MORE}" in main(f"{heading}<p>{MORE}</p>")


def test_words_that_look_like_an_anchor_stay_words():
    text = main(f"<h2 id=x>Set {{#id}}</h2><p>{MORE}</p><h2>Or {{#id}}</h2><p>{MORE}</p>")
    assert text.startswith("## Set \\{#id} {#x}\n")
    assert [words for _, words, _ in read_headings(text, "")][1] == "Or {#id}"


CODE = {
    "pre": ("<pre>$ a\n$ b</pre>", ""),
    "language of the code": ("<pre><code class='hljs language-bash'>$ a\n$ b</code></pre>", "bash"),
    "language around it": (
        "<div class='highlight-bash notranslate'><div class=highlight><pre>$ a\n$ b\n</pre></div>"
        "<button>Copy</button></div>",
        "bash",
    ),
    "line numbers in a table": (
        "<table class=highlighttable><tr><td class=linenos><pre>1\n2</pre></td><td class=code>"
        "<pre>$ a\n$ b</pre></td></tr></table>",
        "",
    ),
    "lines with breaks": (
        "<pre data-language=sh><code><span>$ a<br></span><span>$ b<br></span></code></pre>",
        "sh",
    ),
    "lines as blocks": ("<pre><code><div>$ a</div><div>$ b</div></code></pre>", ""),
    "numbers in lines": (
        "<pre><span class=lineno>1 </span>$ a\n<span class=lineno>2 </span>$ b"
        "<button class=copy>Copied!</button></pre>",
        "",
    ),
    "code without pre": ("<div><code class=lang-sh>$ a\n$ b</code></div>", "sh"),
}


@pytest.mark.parametrize(("code", "language"), CODE.values(), ids=CODE)
def test_code_is_a_fence_with_its_language_and_nothing_else(code, language):
    assert main(f"{code}<p>Last.</p>") == f"```{language}\n$ a\n$ b\n```\n\nLast."


def test_noscript_is_read_only_where_the_content_is_nowhere_else():
    twin = (
        f"<main><p>{WORDS}</p><p>{MORE} {MORE} {MORE}</p></main><noscript><p>{MORE}</p></noscript>"
    )
    assert read(twin) == f"{WORDS}\n\n{MORE} {MORE} {MORE}"
    assert read(f"<div id=app></div><noscript><h1>T</h1><p>{WORDS} {MORE}</p></noscript>") == (
        f"# T\n\n{WORDS} {MORE}"
    )


def test_an_open_shadow_root_is_read():
    shadow = f"<x-card><template shadowrootmode=open><p>{MORE}</p></template></x-card>"
    assert main(f"{shadow}<p>Last.</p>") == f"{MORE}\n\nLast."


HOSTILE = {
    "tables": "<table><tr><td>x",
    "details": "<details><summary>x",
    "closed details": "<details><summary>x</summary>y</details>",
    "cells": "<table><tr><th rowspan=99999 colspan=99999>x<th colspan=9999>y</table>",
    "one table": "<tr><th rowspan=60000>x</th><td>y</td></tr>",
    "tabs": "<ul role=tablist><li role=tab>x</ul><div role=tabpanel hidden>y</div>",
    "hidden": "<div hidden class='tab-pane faq'>x</div>",
    "breaks": "<br><i></i>",
    "twins": "<div class=d-none>a b c d e f</div>",
    "headings": "<h2><a href='#x'>x</a><button>y</button></h2>",
    "empty anchors": "<a id=x></a>",
    "code": "<code>\n</code>",
    "controls": "<button aria-controls='a b c'>x",
    "noscript": "<noscript>a b c",
    "backslashes": "<h2>{#x} \\\\{#",
}


# Kinds that are refused, or quick, at the size of a megabyte.
LARGE = ("tables", "details", "closed details", "controls", "noscript", "backslashes")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_is_read_or_refused_within_seconds(name):
    piece = HOSTILE[name]
    size = 1_000_000 if name in LARGE else 300_000
    start = time.process_time()
    try:
        extract_page(f"<title>T</title><p>{WORDS}</p>{piece * (size // len(piece))}".encode())
    except PageError as error:
        assert "nested" in str(error) or "elements" in str(error)
    # Each takes less than three seconds (measured); the square of its size would take minutes.
    assert time.process_time() - start < 12
