"""Passages with code are edited without their code, and links lead to a passage's heading."""

from dataclasses import replace

import pytest

from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site
from coverage_kit.report.edit_records import list_records
from coverage_kit.report.joined import describe_edits, describe_gaps, describe_passages
from coverage_kit.report.page_data.gaps import list_edit_contexts, passage_context
from coverage_kit.report.site_copy import APPLIED, write_site_copy
from coverage_kit.report.source.units import read_units
from coverage_kit.report.texts import link_to_anchor, link_to_words
from coverage_kit.settings import SiteSettings
from coverage_kit.tables import CHANGES

BASE = "https://kit.example/"
CODE = "kit init --here\n# then run it\n- kit run\n"
LONG_CODE = "".join(f"kit set option-{n} {n}\n" for n in range(100))
PAGES = {
    "html": "<html><head><title>Kit</title></head><body><main><h1>Kit</h1>"
    "<p>The kit is set up by one command, in the folder of your project.</p>"
    "<pre><code>{code}</code></pre>"
    "<p>Then wait until it says that it is ready.</p></main></body></html>",
    "md": "# Kit\n\nThe kit is set up by one command, in the folder of your project.\n\n"
    "```\n{code}```\n\nThen wait until it says that it is ready.\n",
}


@pytest.mark.parametrize("code", [CODE, LONG_CODE], ids=["short", "long"])
@pytest.mark.parametrize("kind", PAGES)
def test_an_edit_beside_code_leaves_the_code_alone(tmp_path, kind, code):
    source = tmp_path / "site"
    source.mkdir()
    old = PAGES[kind].format(code=code)
    (source / f"setup.{kind}").write_text(old, encoding="utf-8")
    pages = read_site(SiteSettings(source=str(source), base_url=BASE))
    passages = split_pages(pages)
    before = str(passages["text"].iloc[0])
    assert "```\nkit" in before
    after = before.replace("by one command", "by two commands")
    change = {
        "edit_id": "e1",
        "position": 0,
        "action": "replace_passage",
        "page_id": str(pages["page_id"].iloc[0]),
        "passage_id": str(passages["passage_id"].iloc[0]),
        "heading_path": str(passages["heading_path"].iloc[0]),
        "before": before,
        "after": after,
    }
    out = tmp_path / "copy"
    result = write_site_copy(source, pages, passages, CHANGES.table([change]), out)
    assert result["status"].tolist() == [APPLIED]
    new = (out / f"setup.{kind}").read_text(encoding="utf-8")
    assert new == old.replace("by one command", "by two commands")


def test_a_block_of_code_is_one_unit_whatever_its_lines_look_like():
    units = read_units("Run:\n\n```\nkit run\n# no heading\n- x\n```\n\nThen.\nMore.")
    assert [(unit.kind, unit.text) for unit in units] == [
        ("text", "Run:"),
        ("text", "kit run # no heading - x"),
        ("text", "Then. More."),
    ]


@pytest.mark.parametrize(
    ("url", "anchor", "link"),
    [
        ("https://kit.example/a", "set-up", "https://kit.example/a#set-up"),
        ("https://kit.example/a", "größe 1", "https://kit.example/a#gr%C3%B6%C3%9Fe%201"),
        ("https://kit.example/a", 'x"><script>', "https://kit.example/a#x%22%3E%3Cscript%3E"),
        ("docs/a.md", "set-up", "docs/a.md#set-up"),
        ("https://kit.example/a", None, "https://kit.example/a"),
        ("https://kit.example/a", float("nan"), "https://kit.example/a"),
        ("https://kit.example/a", "", "https://kit.example/a"),
        ("https://kit.example/a", "a\x00b", "https://kit.example/a"),
        ("https://kit.example/#/a", "b", "https://kit.example/#/a"),
        ("https://kit.example/a", "b" * 3000, "https://kit.example/a"),
        (None, "b", None),
    ],
)
def test_a_link_to_an_anchor_is_quoted_and_bounded(url, anchor, link):
    assert link_to_anchor(url, anchor) == link


def test_a_link_to_words_keeps_the_anchor():
    assert link_to_words("https://a.com/b#c", "Three years.") == (
        "https://a.com/b#c:~:text=Three%20years."
    )


def test_links_to_passages_lead_to_their_heading(analysis):
    plain = describe_passages(analysis)
    passages = analysis.passages.assign(anchor="deep down")
    anchored = replace(analysis, passages=passages)
    is_web = plain["url"].str.startswith("http")
    linked = describe_passages(anchored)["url"]
    assert is_web.any()
    assert (linked[is_web] == plain.loc[is_web, "url"] + "#deep%20down").all()
    contexts = [passage_context(row, "own") for row in describe_gaps(anchored).to_dict("records")]
    urls = [context["url"] for context in contexts if context and context["url"]]
    assert urls
    assert all(url.endswith("#deep%20down") for url in urls)


def test_where_an_edit_is_made_leads_to_its_heading(analysis):
    places = zip(analysis.edits["page_id"], analysis.edits["heading_path"], strict=True)
    known = set(zip(analysis.passages["page_id"], analysis.passages["heading_path"], strict=True))
    assert known & set(places)
    anchored = replace(analysis, passages=analysis.passages.assign(anchor="deep"))
    for row in describe_edits(anchored).to_dict("records"):
        is_known = (row["page_id"], row["heading_path"]) in known
        assert str(row["url"]).endswith("#deep") == (is_known and isinstance(row["url"], str))
    # the page itself stays what it was
    for old, new in zip(list_records(analysis), list_records(anchored), strict=True):
        assert new["where"]["url"] == old["where"]["url"]
    urls = [context["url"] for context in list_edit_contexts(anchored, 20)]
    assert any(url and url.endswith("#deep") for url in urls)
