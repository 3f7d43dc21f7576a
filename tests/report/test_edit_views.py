"""What each kind of edit shows, on the page, in the workbook, the to-do lists and edits.json."""

import json
import re

import lxml.html
import openpyxl
import pytest

from coverage_kit.report.edit_records import list_records
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.page import render_page
from coverage_kit.report.run_summary import describe_run
from coverage_kit.report.todo import VERSION, write_edits_json, write_todo
from coverage_kit.report.widgets import show_edit
from coverage_kit.report.wording import HOW_COUNTED
from coverage_kit.report.workbook import write_workbook
from tests.reading import words_of
from tests.report.edit_kinds import make_kinds

DOG_PAGE = "https://www.shop.example/family/carrying-a-dog.html"


@pytest.fixture(scope="module")
def kinds():
    return make_kinds()


@pytest.fixture(scope="module")
def records(kinds):
    return {record["edit_id"]: record for record in list_records(kinds)}


@pytest.fixture(scope="module")
def page(kinds):
    return lxml.html.document_fromstring(render_page(kinds))


@pytest.fixture(scope="module")
def book(kinds, tmp_path_factory):
    return openpyxl.load_workbook(
        write_workbook(kinds, tmp_path_factory.mktemp("book") / "gaps.xlsx")
    )


@pytest.fixture(scope="module")
def todo(kinds, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists") / "todo"
    return {path.stem: path.read_text(encoding="utf-8") for path in write_todo(kinds, folder)}


def cells(sheet, row, header=1):
    return {head.value: sheet.cell(row, head.column).value for head in sheet[header]}


def test_edits_are_named_by_what_is_done_and_for_which_topic(kinds):
    edits = describe_edits(kinds)
    assert list(edits["name"]) == [
        "New page: Carrying a dog (part 1 of 2)",
        "New section on “Battery care > Charging”: Charging at night",
        "More in “How young can a baby ride?”: Riding while pregnant",
        "New heading for “A box like a van”: Which bike for parcels?",
        "Repair of “Specification”: Trackers",
    ]
    assert list(edits["listed_as"])[::3] == [
        "Carrying a dog: new page (part 1 of 2)",
        "Which bike for parcels? New heading for “A box like a van”",
    ]


def test_a_new_page_has_its_address_and_the_pages_that_link_to_it(records):
    where = records["dogs"]["where"]
    assert (where["folder"], where["slug"]) == ("shop.example/family/", "carrying-a-dog.html")
    assert where["url"] == DOG_PAGE
    assert [link["title"] for link in where["links_from"]] == ["Battery care", "Children on board"]


def test_json_has_the_brief_as_an_object(kinds, tmp_path):
    content = json.loads(write_edits_json(kinds, tmp_path / "edits.json").read_text())
    brief = content["edits"][0]["brief"]
    assert content["version"] == VERSION == 2
    assert [question["text"] for question in brief["questions"]] == [
        "can I carry a dog",
        "which harness does a dog need",
    ]
    assert [fact["n_answers"] for fact in brief["facts"]] == [9, 3, 1]
    assert brief["facts"][2]["own_url"] == "https://www.shop.example/p1"
    assert brief["slots"] == ["weight limit of the box, in kg"]
    assert brief["n_words"] == 224
    assert brief["text"] == "Mend it in your own words."
    assert content["edits"][1]["where"]["words_before"] == "after four hours."
    queries = content["edits"][0]["queries"]
    assert sum(query["gain"] for query in queries) == content["edits"][0]["gain"] == 120.0


def test_page_shows_where_how_much_and_what_to_write(page):
    words = words_of(page.get_element_by_id("edit-1"))
    for text in (
        f"Where {DOG_PAGE}. Folder shop.example/family/, slug carrying-a-dog.html. "
        "Link to it from: Battery care, Children on board.",
        "How much 75 minutes of writing and 2 facts to get from others (the wait for them is not "
        "counted), about 220 words. It is done when every bracket is filled or taken out.",
        "This edit answers 120 more alone (90% interval 60 to 240). "
        "No page of yours is the right one, with a probability of 87%.",
        # 12, 3 and 21 of the 600 times that is asked
        "Expected citations per 100 answers to its questions: +2 (+0.5 to +4).",
        "can I carry a dog asked 120 times",
        "What AI answers say: check it, and write it in your own words",
        "“A dog rides on the floor.” 9 of 14 answers say so, rival.example",
        "Not yours to repeat. Find out: whether you sell a divider, and its price",
        "What your site states already “The box takes 100 kg.”",
        "What to find out Weight limit of the box, in kg",
        "Yes: dogs up to [FACT NEEDED: weight limit, in kg] ride in the box.",
    ):
        assert text in words
    assert not page.xpath(f"//a[@href='{DOG_PAGE}']")  # it is not there yet


def test_page_frames_new_text_with_the_words_around_it(page):
    (diff,) = page.get_element_by_id("edit-2").xpath(".//blockquote[@class='diff']")
    assert words_of(diff) == ("… after four hours. [added: ### Charging at night] Batteries age …")
    words = words_of(page.get_element_by_id("edit-2"))
    assert (
        "After the section “How long?”, as a heading of its own, between “… after four hours.” and "
        "“Batteries age …”." in words
    )
    assert "xpected citations" not in words


def test_table_of_an_edit_adds_up_to_its_gain(page):
    table = page.get_element_by_id("edit-1").xpath(".//table[@class='effects']")[0]
    added = [words_of(row[-1]) for row in table.iter("tr")]
    assert added == ["more answered", "90", "50", "20 fewer", "120"]
    words = words_of(page.get_element_by_id("edit-1"))
    assert HOW_COUNTED in words
    assert "Other questions lose 10 answers, which count twice." in words
    assert "drafted from" not in words


def test_a_brief_that_has_only_words_shows_them(page):
    words = words_of(page.get_element_by_id("edit-5"))
    assert "What to write Copy Mend it in your own words." in words
    assert "Questions to answer which bike for parcels asked 120 times" in words


def test_gap_says_which_edit_serves_it_or_why_none_does(page):
    first, last = (words_of(page.get_element_by_id(f"gap-{rank}")) for rank in (1, 5))
    assert "In the plan: edit 1, New page: Carrying a dog (part 1 of 2)." in first
    assert "Not in the plan: too dear: 5 minutes of the 0 that are left." in last


def test_lists_name_the_topic_first(page, kinds, tmp_path):
    hour = page.get_element_by_id("hour")
    assert "Charging at night New section on" in words_of(hour)
    assert words_of(page.get_element_by_id("edit-2").xpath(".//*[@class='name']")[0]) == (
        "Charging at night"
    )
    assert (
        "  1. Carrying a dog: new page (part 1 of 2), shop.example/family/carrying-a-dog.html: "
        "75 minutes, 120 more answered\n" in describe_run(kinds, tmp_path)
    )


def test_workbook_has_topic_place_and_brief(book):
    edits = book["edits"]
    first, second = cells(edits, 2), cells(edits, 3)
    assert (first["topic"], first["what is done"], first["part"]) == (
        "Carrying a dog",
        "New page",
        "1 of 2",
    )
    assert first["where"] == (
        "Folder shop.example/family/, slug carrying-a-dog.html. "
        "Link to it from: “Battery care”, “Children on board”."
    )
    assert first["what to write"].split("\n") == [
        "Mend it in your own words.",
        "Questions to answer:",
        "- can I carry a dog (asked 120 times)",
        "- which harness does a dog need (asked 120 times)",
        "Facts that a good answer contains:",
        "- A dog rides on the floor (9 of 14 answers say so). Source: https://rival.example/p1",
        "- A divider costs £48 (3 of 14 answers say so). "
        "Find out instead: whether you sell a divider, and its price. "
        "Source: https://rival.example/p1",
        "- The box holds 100 kg (1 of 14 answers says so). "
        "Your site states it already: “The box takes 100 kg”.",
        "Find out:",
        "- weight limit of the box, in kg",
        "A first sentence to start from:",
        "- Yes: dogs up to [FACT NEEDED: weight limit, in kg] ride in the box.",
        "Length: about 220 words.",
    ]
    assert first["expected citations"] == (
        "expected citations per 100 answers to its questions: +2 (+0.5 to +4)"
    )
    assert (second["words in front"], second["words behind"]) == (
        "after four hours.",
        "Batteries age",
    )
    # The page of the next hour's edits comes first.
    todo = cells(book["to do"], 5, header=4)
    assert (todo["topic"], todo["what is done"]) == (
        "Charging at night",
        "New section on “Battery care > Charging”",
    )
    assert cells(book["gaps"], 6)["in the plan, or why not"].startswith("Not in the plan: too dear")


def test_todo_list_of_a_new_page_holds_the_brief(todo):
    text = todo["shop-example-family-carrying-a-dog-html"]
    assert text.startswith(
        f"# New page: Carrying a dog\n\nshop.example/family/carrying-a-dog.html <{DOG_PAGE}>\n"
    )
    for line in (
        "## 1. New page: Carrying a dog (part 1 of 2)",
        "- 75 minutes and 2 facts to get from others; answers 120 more alone (90% interval 60 to "
        "240)",
        "- 90 of the 120 come from one question: “can I carry a dog”",
        "- It is done when every bracket is filled or taken out.",
        "- expected citations per 100 answers to its questions: +2 (+0.5 to +4)",
        "- can I carry a dog (asked 120 times)",
        "- [ ] A dog rides on the floor (9 of 14 answers say so). "
        "Source: <https://rival.example/p1>",
        "- [ ] find out: weight limit of the box, in kg",
        "> Yes: dogs up to [FACT NEEDED: weight limit, in kg] ride in the box.  ",
        "Length: about 220 words.",
        "| can I carry a dog | 120 | 20% | 95% | 90 |",
        "| in all | | | | 120 |",
    ):
        assert line in text.split("\n")


def test_todo_list_frames_new_text_with_the_words_around_it(todo):
    assert (
        "> … after four hours.  \n>\n> **\\### Charging at night**  \n>\n> Batteries age …  \n"
        in todo["shop-example-p1"]
    )


def test_notebook_shows_the_same(kinds, monkeypatch):
    pieces = []
    monkeypatch.setattr("IPython.display.display", lambda html: pieces.append(html.data))
    show_edit(kinds, 1)
    words = words_of(lxml.html.document_fromstring(pieces[0]))
    assert "1. New page: Carrying a dog (part 1 of 2)" in words
    assert "9 of 14 answers say so, rival.example" in words
    assert re.search(r"in all ?120", words)
