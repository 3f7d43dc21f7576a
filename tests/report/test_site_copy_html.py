"""Edits of HTML pages as sites write them: bare text, lists in cells, tabs, folds, headings."""

import pytest

from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.passages import split_text
from coverage_kit.report.source.html_page import HtmlPage
from coverage_kit.report.source.place import find_passage, path_keys
from coverage_kit.report.source.units import Unit
from coverage_kit.report.source.words import CannotPlaceError, apply_splices, words_key
from studies.extraction_pages import PAGES
from tests.report.test_site_copy import copy, row, source_of, texts, write_site

WORDS = (
    "Take the parcel to any post office within thirty days of the delivery and keep the "
    "receipt that you are given there."
)
MORE = "Parcels above thirty kilograms go by freight, and the driver calls you an hour before."


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_passage_of_a_written_page_is_in_its_source(page):
    read = extract_page(page.html.encode())
    blocks = HtmlPage(page.html).blocks
    passages = split_text(read.text, read.title)
    assert passages
    for path, text in passages:
        pieces = find_passage(blocks, words_key(text), path_keys(path))
        keys = tuple(key for piece in pieces for key in piece.keys)
        assert keys == words_key(text)


def change(tmp_path, body, before, after, path="T"):
    """Return the source of a page after one edit of a passage, and the passages under its path."""
    html = f"<title>T</title><body><main><h1>T</h1>{body}</main></body>"
    site = write_site(tmp_path / "site", range_html=html)
    results, _, passages = copy(site, [row("replace_passage", before, after, path)])
    assert list(results["status"]) == ["applied"]
    return source_of(site), texts(passages, path)


def test_bare_text_under_a_heading_changes(tmp_path):
    source, after = change(
        tmp_path,
        f"<p>{WORDS}</p><h2>Rules</h2>Be <b>quiet</b> after ten.<ul><li>No dogs.</ul>",
        "Be quiet after ten.\n\n- No dogs.",
        "Be quiet after nine.\n\n- No dogs.",
        "T > Rules",
    )
    assert "<h2>Rules</h2>Be <b>quiet</b> after nine.<ul><li>No dogs.</ul>" in source
    assert after == ["Be quiet after nine.\n\n- No dogs."]


def test_an_item_in_a_cell_changes_within_its_list(tmp_path):
    table = (
        "<table><tr><th>In the box</th><td><ul><li>two <i>shelves</i></li><li>six posts</li></ul>"
        "</td></tr></table>"
    )
    before = f"{WORDS}\n\nIn the box | two shelves; six posts"
    source, after = change(
        tmp_path, f"<p>{WORDS}</p>{table}", before, before.replace("six", "eight")
    )
    assert "<ul><li>two <i>shelves</i></li><li>eight posts</li></ul>" in source
    assert after == [before.replace("six", "eight")]


def test_a_tab_panel_changes_and_its_list_of_tabs_stays(tmp_path):
    tabs = (
        "<div><ul role=tablist><li role=tab>npm</li><li role=tab>yarn</li></ul>"
        f"<div role=tabpanel><p>{MORE}</p></div>\n<div role=tabpanel hidden>"
        "<p>It is quick.</p></div></div>"
    )
    before = f"{WORDS}\n\nnpm\n{MORE}\n\nyarn\nIt is quick."
    after = before.replace("yarn\nIt is quick.", "yarn\nFirst install it.\n\nIt is quick now.")
    source, read = change(tmp_path, f"<p>{WORDS}</p>{tabs}", before, after)
    assert "<li role=tab>npm</li><li role=tab>yarn</li></ul>" in source
    assert "It is quick now." in source.partition("hidden>")[2]
    assert "First install it." in source.partition("hidden>")[2]
    assert read == [after]


def test_the_label_of_a_tab_changes_in_the_list_of_tabs(tmp_path):
    tabs = (
        "<ul role=tablist><li role=tab aria-controls=a>npm</li></ul>"
        f"<div id=a role=tabpanel hidden><p>{MORE}</p></div>"
    )
    before = f"{WORDS}\n\nnpm\n{MORE}"
    source, read = change(
        tmp_path, f"<p>{WORDS}</p>{tabs}", before, before.replace("npm", "With npm")
    )
    assert "<li role=tab aria-controls=a>With npm</li>" in source
    assert read == [before.replace("npm", "With npm")]


def test_a_folded_answer_changes_where_it_is(tmp_path):
    fold = (
        "<h2><button aria-expanded=false aria-controls=a>How much?</button></h2>"
        "<div id=a class=collapse hidden>It is free.</div>"
    )
    source, read = change(
        tmp_path, f"<p>{WORDS}</p>{fold}", "It is free.", "It costs £5.", "T > How much?"
    )
    assert "<div id=a class=collapse hidden>It costs £5.</div>" in source
    assert read == ["It costs £5."]


@pytest.mark.parametrize(
    ("heading", "changed"),
    [
        ("<a href=/x><h2>Cold</h2></a>", "<a href=/x><h2>Winter</h2></a>"),
        ("<h2><a href=/x>Cold</a></h2>", "<h2><a href=/x>Winter</a></h2>"),
        (
            "<h2 id=c>Cold<a class=headerlink href='#c'>¶</a></h2>",
            "<h2 id=c>Winter<a class=headerlink href='#c'>¶</a></h2>",
        ),
        (
            "<h2 id=c>Cold <a href='#c'>Link to this heading</a></h2>",
            "<h2 id=c>Winter <a href='#c'>Link to this heading</a></h2>",
        ),
        (
            "<button aria-expanded=false><h2>Cold</h2></button>",
            "<button aria-expanded=false><h2>Winter</h2></button>",
        ),
        (
            "<h2>Cold <button>Copy link</button></h2>",
            "<h2>Winter <button>Copy link</button></h2>",
        ),
    ],
)
def test_a_heading_keeps_its_links_and_buttons(tmp_path, heading, changed):
    html = f"<title>T</title><main><h1>T</h1><p>{WORDS}</p>{heading}<p>{MORE}</p></main>"
    site = write_site(tmp_path / "site", range_html=html)
    results, _, passages = copy(site, [row("replace_heading", "Cold", "Winter", "T > Cold")])
    assert list(results["status"]) == ["applied"]
    assert source_of(site) == html.replace(heading, changed)
    assert "T > Winter" in set(passages["heading_path"])


def test_a_cell_that_spans_rows_is_not_changed_in_one_of_them():
    html = "<table><tr><th>Size<th>Price<tr><td rowspan=2>Small<td>£3<tr><td>£4</table>"
    page = HtmlPage(html)
    last = page.blocks[-1]
    assert last.text == "Small | £4"
    assert apply_splices(html, page.rewrite(last, Unit("row", "Small | £5"))) == html.replace(
        "£4", "£5"
    )
    with pytest.raises(CannotPlaceError, match="other rows"):
        page.rewrite(last, Unit("row", "Tiny | £4"))


def test_numbers_at_the_start_of_a_line_of_the_source_are_words(tmp_path):
    before = f"{WORDS} It costs 5. Then you sign."
    source, read = change(
        tmp_path,
        f"<p>{WORDS} It costs\n5. Then you sign.</p>",
        before,
        before.replace("sign", "pay"),
    )
    assert "Then you pay." in source
    assert read == [before.replace("sign", "pay")]
