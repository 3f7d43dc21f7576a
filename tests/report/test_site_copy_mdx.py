"""Edits of pages in MDX: the words change, and everything else stays byte for byte."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.passages import split_pages, split_text
from coverage_kit.collect.site import read_site
from coverage_kit.report.site_copy import write_site_copy
from coverage_kit.report.source.changes import make_change
from coverage_kit.report.source.markdown_page import MarkdownPage
from coverage_kit.report.source.words import CannotPlaceError
from coverage_kit.settings import SiteSettings
from coverage_kit.tables import CHANGES
from tests.mdx_pages import PAGES, PARTIALS
from tests.report.test_site_copy import row

SECTION = "## A probe?\n\nimport {it}, a <b> & c.\n\n- one\n- two"
PASSAGES = [
    (name, number)
    for name in PAGES
    for number, _ in enumerate(
        split_text(extract_markdown(PAGES[name].encode(), PARTIALS.get, is_mdx=True).text, "")
    )
]


def text_of(name: str, source: str) -> str:
    return extract_markdown(source.encode(), PARTIALS.get, is_mdx=name.endswith(".mdx")).text


def passage_of(name: str, number: int) -> tuple[str, str]:
    """Return the heading path and the text of a passage of a page."""
    page = extract_markdown(PAGES[name].encode(), PARTIALS.get, is_mdx=name.endswith(".mdx"))
    return list(split_text(page.text, page.title))[number]


def change_page(name: str, change: Mapping[str, Any], text: str) -> str:
    return make_change(
        PAGES[name],
        {"before": "", "after": "", **change},
        [(0, text)],
        PARTIALS.get,
        is_markdown=True,
        is_mdx=name.endswith(".mdx"),
    )


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that are gone, and those that are new; the empty ones do not count."""
    lines = list(difflib.ndiff(before.split("\n"), after.split("\n")))
    gone = [line[2:] for line in lines if line.startswith("-") and line[2:].strip(" >")]
    return gone, [line[2:] for line in lines if line.startswith("+") and line[2:].strip(" >")]


@pytest.mark.parametrize(("name", "number"), PASSAGES)
@pytest.mark.parametrize("is_first", [True, False])
def test_text_added_to_a_passage_changes_no_other_byte(name, number, is_first):
    path, text = passage_of(name, number)
    added = "export {it}: a <b> & c."
    after = f"{added}\n\n{text}" if is_first else f"{text}\n\n{added}"
    change = {"action": "replace_passage", "before": text, "after": after, "heading_path": path}
    new = change_page(name, change, text)
    gone, lines = changed_lines(PAGES[name], new)
    assert gone == []
    assert len(lines) == 1
    assert re.fullmatch(r"[\s>]*&#101;xport &#123;it(\}|&#125;): a &lt;b&gt; &amp; c\.", lines[0])
    read = text_of(name, new)
    assert read.count(added) == 1
    assert read.replace(added, " ").split() == text_of(name, PAGES[name]).split()


@pytest.mark.parametrize(("name", "number"), PASSAGES)
def test_a_section_goes_where_mdx_allows_text(name, number):
    path, text = passage_of(name, number)
    new = change_page(
        name, {"action": "insert_section", "after": SECTION, "heading_path": path}, text
    )
    gone, lines = changed_lines(PAGES[name], new)
    assert gone == []
    assert len(lines) == 4
    read = text_of(name, new)
    assert SECTION in read
    # The new heading has the level of those beside it.
    assert (
        re.sub(f"#*{re.escape(SECTION)}", " ", read).split() == text_of(name, PAGES[name]).split()
    )
    # In components the new heading would be a part of theirs: it is behind them.
    (heading,) = [
        block for block in MarkdownPage(new, is_mdx=True).blocks if block.text == "A probe?"
    ]
    assert not heading.parts


@pytest.mark.parametrize(("name", "number"), PASSAGES)
def test_a_removed_passage_takes_whole_components_with_it(name, number):
    path, text = passage_of(name, number)
    try:
        new = change_page(
            name, {"action": "remove_section", "before": text, "heading_path": path}, text
        )
    except CannotPlaceError as error:
        assert "a file that the page includes" in str(error)
        return
    assert changed_lines(PAGES[name], new)[1] == []
    assert len(re.findall(r"<[A-Z][\w.]*[^<>]*[^/]>", new)) >= len(re.findall(r"</[A-Z]", new))
    for kind in ("Tabs", "TabItem", "Steps", "Card", "Accordion", "Callout", "details", "table"):
        assert len(re.findall(rf"<{kind}[\s>]", new)) == new.count(f"</{kind}>")
    rest = text_of(name, PAGES[name]).replace(text, " ")
    assert set(text_of(name, new).split()) <= set(rest.split())


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("start/install.mdx", "Pick your board"),
        ("start/install.mdx", "Take it off again"),
        ("guides/alarms.md", "Alarms by mail"),
        ("docs/updates.mdx", "Go back"),
    ],
)
def test_a_heading_keeps_its_id(name, path):
    change = {
        "action": "replace_heading",
        "before": path,
        "after": "How {so}?",
        "heading_path": path,
    }
    new = change_page(name, change, "")
    (gone,), (line,) = changed_lines(PAGES[name], new)
    assert line == gone.replace(
        path, "How &#123;so&#125;?" if name.endswith("x") else "How &#123;so}?"
    )
    assert "## How {so}?" in text_of(name, new)


def test_a_title_changes_in_front_matter_alone():
    change = {
        "action": "replace_title",
        "before": "Quickstart",
        "after": "Begin",
        "heading_path": "",
    }
    assert change_page("quickstart.mdx", change, "") == PAGES["quickstart.mdx"].replace(
        'title: "Quickstart"', "title: Begin"
    )


@pytest.mark.parametrize(
    ("name", "before", "after", "new"),
    [
        # Words in a tab, in a card on one line, in a directive, around a component.
        ("start/install.mdx", "and boot twice.", "and boot once.", "and boot once."),
        (
            "guides/sensors.mdx",
            "Hold the plus sign.",
            "Hold the {sign}.",
            'panel">Hold the &#123;sign&#125;.</',
        ),
        (
            "guides/sensors.mdx",
            "move closer.",
            "move near.",
            "   No tone means no radio: move near.",
        ),
        (
            "guides/sensors.mdx",
            "thirty metres of",
            "ten metres of",
            "<Range metres={30} /> ten metres of",
        ),
        ("help.mdx", "as KNX-RF does.", "as KNX-RF did.", "KNX-RF</Tooltip> did."),
        (
            "help.mdx",
            "We answer within a day.",
            "We answer at once.",
            "    We answer at once.\n  </Card>",
        ),
        (
            "start/install.mdx",
            "Before you begin",
            "Before anything",
            ":::caution Before anything\n",
        ),
    ],
)
def test_words_change_inside_what_holds_them(name, before, after, new):
    path, text = next(
        passage_of(name, number)
        for other, number in PASSAGES
        if other == name and before in passage_of(name, number)[1]
    )
    change = {
        "action": "replace_passage",
        "before": text,
        "after": text.replace(before, after),
        "heading_path": path,
    }
    source = change_page(name, change, text)
    assert new in source
    gone, lines = changed_lines(PAGES[name], source)
    assert len(gone) == len(lines) == 1
    assert text_of(name, source) == text_of(name, PAGES[name]).replace(before, after)


@pytest.mark.parametrize(
    ("name", "before", "after", "reason"),
    [
        ("start/install.mdx", "Arm boards", "ARM", "an attribute of a component"),
        ("help.mdx", "Which radio does it use?", "Which radio?", "an attribute of a component"),
        ("start/install.mdx", "four watts", "five watts", "the words are in ./_power.mdx"),
        ("quickstart.mdx", "ninety days", "a year", "the words are in /snippets/keys.mdx"),
        ("guides/sensors.mdx", "metres of the hub, in … or", "m of", "between the words"),
        ("reference/limits.mdx", "A hub holds", "Hubs hold", "raw HTML"),
    ],
)
def test_words_that_cannot_change_are_a_reason(name, before, after, reason):
    path, text = next(
        passage_of(name, number)
        for other, number in PASSAGES
        if other == name and before in passage_of(name, number)[1]
    )
    change = {
        "action": "replace_passage",
        "before": text,
        "after": text.replace(before, after),
        "heading_path": path,
    }
    with pytest.raises(CannotPlaceError, match=re.escape(reason)):
        change_page(name, change, text)


def test_an_included_file_that_cannot_be_read_is_named():
    source = "import Note from './_note.mdx'\n\n# T\n\nOwn words.\n\n<Note />\n"
    change = {
        "action": "replace_passage",
        "before": "Own words.\n\nNote words.",
        "after": "Other words.",
        "heading_path": "T",
    }
    with pytest.raises(CannotPlaceError, match=r"may be in a file that it includes: \./_note\.mdx"):
        make_change(source, change, [], is_markdown=True)


def test_a_markup_that_cannot_be_parsed_is_a_reason():
    change = {"action": "replace_heading", "before": "T", "after": "U", "heading_path": "T"}
    with pytest.raises(CannotPlaceError, match="nested too deeply"):
        make_change("# T\n\n" + "<Tabs>\n" * 1_000, change, [], is_markdown=True)


def write_site(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def test_a_copy_of_a_site_in_mdx_changes_the_edited_pages_alone(tmp_path):
    files = {name: PAGES[name] for name in PAGES if name.startswith(("start", "guides"))}
    partial = {"start/_power.mdx": PARTIALS["./_power.mdx"]}
    site = write_site(tmp_path / "site", files | partial)
    pages = read_site(SiteSettings(source=str(site), base_url="https://hub.example/"))
    passages = split_pages(pages)
    is_mail = passages["heading_path"].str.endswith("Alarms by mail")
    (mail,) = passages[is_mail].to_dict("records")
    rows = [
        row(
            "replace_passage",
            mail["text"],
            f"{mail['text']} They are signed.",
            mail["heading_path"],
            mail["passage_id"],
            mail["page_id"],
        ),
        row("add_page", after="# Why {us}?\n\nBecause.", page="hub.example/start/why", edit="e2"),
        row("add_page", after="# Why?\n\nBecause.", page="hub.example/guides/why", edit="e3"),
    ]
    results = write_site_copy(site, pages, passages, CHANGES.table(rows), tmp_path / "copy")
    assert list(results["status"]) == ["applied"] * 3
    assert list(results["file"][1:]) == ["start/why.mdx", "guides/why.mdx"]
    assert (tmp_path / "copy/start/why.mdx").read_text() == (
        "---\ntitle: 'Why {us}?'\n---\n\n# Why &#123;us&#125;?\n\nBecause.\n"
    ).replace("'", '"')
    copied = {name: (tmp_path / "copy" / name).read_text() for name in files | partial}
    assert {name for name in copied if copied[name] != (files | partial)[name]} == {
        "guides/alarms.md"
    }
    assert copied["guides/alarms.md"] == files["guides/alarms.md"].replace(
        "through your own server.", "through your own server. They are signed."
    )


@pytest.mark.parametrize("name", ["start/install.mdx", "guides/sensors.mdx"])
def test_windows_line_ends_are_read_the_same(name):
    path, text = passage_of(name, 0)
    source = PAGES[name].replace("\n", "\r\n")
    change = {
        "action": "replace_passage",
        "before": text,
        "after": f"{text} More.",
        "heading_path": path,
    }
    section = [(0, text)]
    new = make_change(source, change, section, PARTIALS.get, is_markdown=True, is_mdx=True)
    assert new.replace("\r\n", "\n") == change_page(name, change, text)
