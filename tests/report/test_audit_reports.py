"""The four pillars, wrong claims about the brand and the judges.

They are tested in the workbook, on the page and in the terminal.
"""

from dataclasses import replace

import lxml.html
import pytest

from coverage_kit.report import figures
from coverage_kit.report.page import render_page
from coverage_kit.report.page_data.audit import claims_context, list_audit_lines, list_judges
from tests.reading import rows_of, words_of

SECTIONS = ("pillars", "claims", "judges")


def test_checks_are_sorted_by_pillar_with_what_they_show(book):
    rows = rows_of(book["four pillars"])
    assert [row["pillar"] for row in rows] == ["relevance", "authority", "clarity", "freshness"]
    assert rows[0]["difference at equal coverage, points"] == pytest.approx(-0.3)
    assert rows[0]["what it shows on this log"] == "=cited less"
    assert rows[1]["difference at equal coverage, points"] is None


def test_findings_are_priced_the_strongest_causes_first_and_never_a_formula(book):
    rows = rows_of(book["findings"])
    assert [row["check"] for row in rows] == ["Words", "Years", "<b>Headings</b>"]
    assert [row["minutes"] for row in rows] == [3, 13, 3]
    assert rows[2]["found there"] == '=HYPERLINK("http://x","y")'
    cells = [cell for row in book["findings"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}


def test_a_wrong_claim_is_listed_once_with_all_answers_that_make_it(book):
    rows = rows_of(book["wrong about us"])
    assert [(row["verdict"], row["answers that say so"]) for row in rows] == [
        ("contradicted", 2),
        ("unsupported", 1),
    ]
    assert rows[0]["your site says"] == "It costs <b>£5</b>."
    assert rows[0]["engines"] == "<i>chatgpt</i>"


def test_rates_and_judges_have_their_sheets(book):
    assert [
        row["share of its claims about the brand"] for row in rows_of(book["wrong by engine"])
    ] == [0.1, 0.6]
    assert [row["met"] for row in rows_of(book["judges"])] == ["yes", "no"]
    assert len(rows_of(book["judgements"])) == 2


def test_navigation_leads_to_each_section_that_has_rows(page, empty):
    bare = lxml.html.document_fromstring(render_page(empty))
    for name in SECTIONS:
        assert page.get_element_by_id(name).tag == "section"
        assert page.xpath(f"//nav/a[@href='#{name}']")
        assert not bare.xpath(f"//*[@id='{name}'] | //nav/a[@href='#{name}']")


def test_the_page_says_what_each_check_shows_here(page):
    assert "2 pages of yours checked" in words_of(page.get_element_by_id("pillars").find("p"))
    section = page.get_element_by_id("checks")
    lines = [" ".join(map(words_of, row)) for row in section.xpath(".//table//tr")]
    assert "Words strong 1 of 4 -30 points -40 points to -10 points =cited less" in lines
    items = section.xpath(".//details[not(contains(@class, 'finding'))]//li")
    not_assessed = [words_of(item) for item in items]
    assert "Years moderate; 1 of 4 fail, 1 not assessed; too few pages to tell" in not_assessed
    assert not [line for line in lines if line.startswith("Years")]
    assert (
        "<b>Headings</b> weak 1 of 4 -20 points -50 points to +10 points shows nothing on this log"
        in lines
    )


def test_findings_are_listed_by_page_with_their_minutes(page):
    details = page.get_element_by_id("pillars").xpath(".//details[contains(@class, 'finding')]")
    assert len(details) == 2
    shop = next(item for item in details if "shop.example/p1" in words_of(item))
    assert "2 findings, 6 min" in words_of(shop.find("summary"))
    assert "Do {{ 7 * 7 }}." in words_of(shop)


def test_wrong_claims_have_the_words_of_the_site_and_the_drift(page):
    section = page.get_element_by_id("claims")
    assert words_of(section.find("p")).startswith("Answers contradict your site in 1 claim. ")
    assert "It costs <b>£5</b>." in words_of(section)
    assert "more than before: 10%, then 60%" in words_of(section)


def test_a_wrong_claim_leads_to_its_question_its_answer_and_the_passage(analysis):
    row = analysis.brand_claims[analysis.brand_claims["verdict"] == "contradicted"].iloc[0]
    asked = analysis.queries.iloc[0]
    passage = analysis.passages.iloc[1]
    claims = analysis.brand_claims.assign(
        query_id=asked["query_id"], answer_id="a1", passage_id=passage["passage_id"]
    )
    answers = analysis.answers.head(1).assign(
        answer_id="a1",
        query_id=asked["query_id"],
        engine="chatgpt",
        text=f"It depends. {row['text']} Ask them.",
    )
    made = replace(analysis, brand_claims=claims, answers=answers)
    found = next(item for item in claims_context(made)["rows"] if item["text"] == row["text"])
    source = found["source"]
    assert source["engine"] == "ChatGPT"
    assert source["question"] == " ".join(asked["text"].split())
    assert (source["before"], source["said"], source["after"]) == (
        "It depends.",
        row["text"],
        "Ask them.",
    )
    assert found["passage"] == passage["text"].strip()
    # an answer that the run does not hold leaves the claim as it is
    lost = replace(made, answers=answers.head(0))
    assert claims_context(lost)["rows"][0]["source"] is None


def test_a_judge_that_misses_a_pass_mark_is_not_used_and_says_so(page):
    words = words_of(page.get_element_by_id("judges"))
    assert "answers-query@1 by <i>m</i>: not used (misses krippendorff_alpha)" in words
    assert "repeats <b>agree</b>" in words


def test_a_judge_that_was_not_compared_with_people_is_used_with_care(analysis):
    passed = analysis.reliability.assign(is_passed=True)
    judge = list_judges(replace(analysis, reliability=passed))[0]
    assert judge["use"].startswith("used, with care")
    people = passed.assign(measure=["human_agreement", "test-retest"])
    assert list_judges(replace(analysis, reliability=people))[0]["use"] == "used"


def test_no_text_becomes_markup(analysis):
    page = lxml.html.document_fromstring(render_page(analysis))
    for name in SECTIONS:
        assert not page.get_element_by_id(name).xpath(
            ".//script[not(@type='application/json')] | .//img"
        )


def test_the_terminal_counts_findings_and_claims(analysis, empty):
    assert list_audit_lines(analysis) == [
        "Audit: 3 findings on 2 pages. Most frequent: "
        "<b>Headings</b> (1 page); Words (1 page); Years (1 page).",
        "Claims about your brand in answers: "
        "1 supported, 1 unsupported, 2 contradicted, 1 not checked.",
    ]
    assert list_audit_lines(empty) == []


def test_figures_show_only_checks_that_are_assessed(analysis):
    figure = figures.checks_figure(analysis)
    assert sorted(value for trace in figure.data for value in trace.x) == pytest.approx([-30, -20])
    assert {trace.name for trace in figures.claims_figure(analysis).data} == {
        "first half",
        "second half",
    }
    none = replace(analysis, checks=analysis.checks[analysis.checks["difference"].isna()])
    assert not figures.checks_figure(none).data
