"""The to-do lists and edits.json."""

import hashlib
import json
import re
from dataclasses import replace

import lxml.html
import pytest
from markdown_it import MarkdownIt

from coverage_kit import tables
from coverage_kit.report.todo import write_edits_json, write_todo


@pytest.fixture(scope="module")
def folder(analysis, tmp_path_factory):
    path = tmp_path_factory.mktemp("todo") / "todo"
    write_todo(analysis, path)
    return path


@pytest.fixture(scope="module")
def content(analysis, tmp_path_factory):
    return json.loads(
        write_edits_json(analysis, tmp_path_factory.mktemp("json") / "edits.json").read_text()
    )


def rendered(path):
    return lxml.html.document_fromstring(
        MarkdownIt("commonmark").enable("table").render(path.read_text(encoding="utf-8"))
    )


def test_a_file_for_each_page_with_a_chosen_edit(analysis, folder, tmp_path):
    names = {
        "shop-example-p0.md",
        "shop-example-p1.md",
        "shop-example-p2.md",
        "shop-example-new-3.md",
        "index.md",
    }
    assert {path.name for path in folder.iterdir()} == names
    assert {path.name for path in write_todo(analysis, tmp_path / "todo")} == names


def test_page_lists_its_edits_by_rank(folder):
    text = (folder / "shop-example-p0.md").read_text(encoding="utf-8")
    # e0 and e4
    assert text.index("## 1. New heading for “range”: ") < text.index(
        "## 5. New heading for “range”"
    )
    # 10 + 14 minutes, and a gain of 20 + 16.
    assert "2 edits, 24 minutes, predicted to answer 36 more. Counted in times asked" in text
    assert (
        "- 14 minutes and 1 fact to get from others; answers 16 more alone (90% interval 6 to 26)\n"
        in text
    )
    assert "Other questions lose 2 answers, which count twice." in text
    assert "It goes 55 **to 90** km." in text
    assert "because: Not answered on the site" in text
    # .6 x 16 + 4, .4 x 16, twice a harm of 2
    assert re.findall(r"\|([^|]*)\|([^|]*)\|$", text[text.index("## 5.") :], re.M)[2:] == [
        (" 60% ", " 14 "),
        (" 50% ", " 6 "),
        (" 10% ", " 4 fewer "),
        (" ", " 16 "),
    ]
    assert text.count("- [ ] fact needed: range") == 2


def test_harm_of_nothing_is_not_mentioned(folder):
    text = (folder / "shop-example-p0.md").read_text(encoding="utf-8")
    assert "harm to other" not in text[text.index("## 1.") : text.index("## 5.")]


def test_index_has_totals_by_page_and_gaps_without_an_edit(folder):
    page = rendered(folder / "index.md")
    rows = [[cell.text_content() for cell in row.iterchildren()] for row in page.iter("tr")]
    # p0: e0, e4; p1: e1, e5; p2: e2, e6; new-3: e3; gain 20 - n, minutes 10 + n
    assert rows[1][0] == (
        "New heading for “range”: <script>alert(7)</script>, =1+1; "
        "New heading for “range”: theft, bike"
    )
    assert [row[1:] for row in rows[1:]] == [
        ["shop.example/p0", "2", "24", "36"],
        ["shop.example/p1", "2", "26", "34"],
        ["shop.example/p2", "2", "28", "32"],
        ["shop.example/new-3", "1", "13", "17"],
        ["", "7", "91", "119"],
    ]
    assert {link.get("href") for link in page.iter("a")} == {
        path.name for path in folder.iterdir()
    } - {"index.md"}
    assert "battery, bike: 4 of 5 questions unanswered, asked 28 times, possible;" in (
        page.text_content()
    )
    assert "winter, bike: Answers cite <b>third parties</b> only." in page.text_content()


def test_no_text_of_others_is_markup_or_a_link(analysis, folder, tmp_path):
    hostile = replace(
        analysis,
        pages=analysis.pages.assign(title="[x](javascript:alert(1)) <img src=x onerror=f()>"),
    )
    files = [*folder.iterdir(), *write_todo(hostile, tmp_path / "todo")]
    for path in files:
        page = rendered(path)
        assert {"script", "img", "iframe", "svg", "b", "i"}.isdisjoint(
            element.tag for element in page.iter()
        )
        attributes = [name for element in page.iter() for name in element.attrib]
        assert not [name for name in attributes if name.startswith("on")]
        links = [link.get("href") for link in page.iter("a")]
        assert all(
            link.startswith(("https://shop.example/", "https://rival.example/p1"))
            or link.endswith(".md")
            for link in links
        )


def test_file_names_never_leave_the_folder_nor_collide(analysis, tmp_path):
    ids = ["../../etc/passwd", "..", "con", "index", "A/B", "a b", "😀", "x" * 300]
    edits = analysis.edits.head(8).assign(page_id=ids, is_chosen=True)
    files = write_todo(replace(analysis, edits=edits), tmp_path / "todo")
    assert sorted(path.name for path in files) == sorted(
        [
            "etc-passwd.md",
            "page.md",
            "page-con.md",
            "page-index.md",
            "a-b.md",
            "a-b-2.md",
            "page-2.md",
            "x" * 80 + ".md",
            "index.md",
        ]
    )
    assert all(path.parent == tmp_path / "todo" and path.is_file() for path in files)


def test_json_nests_changes_slots_and_queries(content):
    first = content["edits"][0]
    assert (first["edit_id"], first["rank"], first["is_chosen"], first["marginal_gain"]) == (
        "e0",
        1,
        True,
        20.0,
    )
    assert [change["action"] for change in first["changes"]] == [
        "replace_heading",
        "replace_passage",
    ]
    second = first["changes"][1]
    assert (second["before"], second["after"]) == ("It goes 55 km.", "It goes 55 to 90 km.")
    assert second["before_sha256"] == hashlib.sha256(b"It goes 55 km.").hexdigest()
    assert first["slots"] == ["range"]
    assert [
        (query["query_id"], round(query["coverage_after"], 9)) for query in first["queries"]
    ] == [
        ("q0", 0.6),
        ("q1", 0.5),
        ("q2", 0.1),
    ]
    assert content["edits"][1]["changes"][0]["before_sha256"] is None
    assert len(content["edits"]) == 12
    assert [left["edit_id"] for left in content["no_edit"]] == ["e12"]
    assert content["run"]["predicted"] == "predicted under model minilm, self-test AUC 0.81"
    assert (
        content["status"]
        == first["status"]
        == "draft: facts to be filled and extracts to be checked by an editor"
    )
    assert content["constraints"]["settings"] == {"budget_minutes": 100.0}


def test_json_is_strict(analysis, tmp_path):
    broken = replace(analysis, edits=analysis.edits.assign(gain=float("nan"), high=float("inf")))
    text = write_edits_json(broken, tmp_path / "edits.json").read_text()
    edits = json.loads(text, parse_constant=pytest.fail)["edits"]
    assert (edits[0]["gain"], edits[0]["high"]) == (None, None)


def test_files_that_are_no_lists_stay_in_the_folder(analysis, tmp_path):
    lists = write_todo(analysis, tmp_path)
    lists[1].rename(tmp_path / "a-page-that-needs-nothing-now.md")
    (tmp_path / "mine").mkdir()
    for name in ("notes.md", "plan.xlsx", "mine/notes.txt"):
        (tmp_path / name).write_text("mine")
    write_todo(analysis, tmp_path)
    others = {path.name for path in tmp_path.iterdir()} - {path.name for path in lists}
    assert others == {"notes.md", "plan.xlsx", "mine"}
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


def test_same_analysis_gives_the_same_bytes(analysis, folder, tmp_path):
    again = write_todo(analysis, tmp_path / "todo")
    assert {path.name: path.read_bytes() for path in again} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }
    first, second = (
        write_edits_json(analysis, tmp_path / name).read_bytes()
        for name in ("one.json", "two.json")
    )
    assert first == second


def test_nothing_to_do_is_an_index_of_nothing(empty, tmp_path):
    (index,) = write_todo(empty, tmp_path / "todo")
    assert "0 edits on 0 pages: 0 minutes" in index.read_text(encoding="utf-8")
    assert json.loads(write_edits_json(empty, tmp_path / "edits.json").read_text())["edits"] == []


def test_edits_without_changes_are_listed(analysis, tmp_path):
    bare = replace(analysis, changes=tables.CHANGES.empty())
    assert len(write_todo(bare, tmp_path / "todo")) == 5
    edits = json.loads(write_edits_json(bare, tmp_path / "edits.json").read_text())["edits"]
    assert edits[0]["slots"] == ["range"]  # of the brief
