"""Visibility, change, visits and brand facts in the joined tables, the workbook and the page."""

from dataclasses import replace

import lxml.html
import openpyxl
import pytest

from coverage_kit import tables
from coverage_kit.report import figures, visibility_joined
from coverage_kit.report.page import render_page
from coverage_kit.report.workbook import write_workbook
from tests.reading import rows_of, words_of

FURTHER = ("change", "visitors", "brand")


def cells_of(table):
    return [[words_of(cell) for cell in row] for row in table.xpath(".//tr")]


def test_figures_are_sorted_by_measure_split_and_site_the_own_first(analysis):
    table = visibility_joined.describe_visibility(analysis, ("all",))
    assert list(table["measure"].unique()) == [
        "citation_rate",
        "mention_rate",
    ]  # one measure has no value
    assert list(table["site"][:4]) == ["shop.example"] * 3 + ["other.example"]


def test_sources_count_the_rejected_rows_and_give_the_most_frequent_reason(analysis):
    table = visibility_joined.describe_sources(analysis).set_index("file")
    assert table["n_rejects"].to_dict() == {"=log.csv": 3, "b.jsonl": 0, "visits.csv": 1}
    assert table.loc["=log.csv", "reject_reason"] == "no <b>query</b>"


def test_path_of_an_own_page_has_no_host(analysis):
    assert list(visibility_joined.describe_referrals(analysis)["page"]) == [
        "/p1",
        "/",
        "/p1",
        "javascript:alert(14)",
    ]


def test_visibility_sheet_has_a_row_a_figure_with_its_fraction_and_formula(book):
    # Two measures, three series, three sites; all and branded questions, or two weeks and a market.
    rows = rows_of(book["visibility"])
    assert (len(rows), len(rows_of(book["visibility over time"]))) == (36, 54)
    first = next(row for row in rows if row["engine"] == "Perplexity (scrape)")
    assert (first["measure"], first["site"], first["answers to"]) == (
        "citation rate",
        "shop.example",
        "questions that do not name the brand",
    )
    figures = (
        "value",
        "95% interval, low",
        "95% interval, high",
        "numerator",
        "denominator",
        "questions",
        "answers",
    )
    assert [first[name] for name in figures] == pytest.approx([0.3, 0.25, 0.4, 12.0, 40, 20, 40])
    assert first["formula (numerator / denominator)"] == "answers that cite the site / answers"
    low_n = {row["engine"]: row["too few to rely on"] for row in rows}
    assert low_n == {"<i>chatgpt</i>": "yes", "Perplexity (api)": "no", "Perplexity (scrape)": "no"}


def test_segments_are_in_words_and_never_a_formula(book):
    assert {row["answers to"] for row in rows_of(book["visibility"])} == {
        "questions that do not name the brand",
        "questions that name the brand",
    }
    rows = rows_of(book["visibility over time"])
    segments = {(row["answers to"], row["week or market"]) for row in rows}
    market = ("market", '=HYPERLINK("http://x","y")')
    assert segments == {
        ("week of", "2026-09-28"),
        ("week of", "2026-10-05"),
        market,
    }


@pytest.mark.parametrize(
    "name", ["visibility by gap", "who is cited", "before and after", "AI visits"]
)
def test_gaps_are_named_and_lead_to_their_row(book, name):
    column = next(cell.column for cell in book[name][1] if cell.value in {"gap", "pages of"})
    cells = [row[column - 1] for row in book[name].iter_rows(min_row=2)]
    cell = next(cell for cell in cells if cell.value == "<script>alert(7)</script>, =1+1")
    assert cell.hyperlink.location.replace("'", "") == "gaps!A2"


def test_rates_by_gap_are_of_the_own_site_alone(book):
    rows = rows_of(book["visibility by gap"])
    assert len(rows) == 9  # three gaps, three series
    assert {round(row["citation rate"], 3) for row in rows} == {0.1, 0.3, 0.5}
    assert {round(row["mention rate"], 3) for row in rows} == {0.1, 0.3, 0.5}


def test_holders_show_share_winnable_and_reason(book):
    first = rows_of(book["who is cited"])[0]
    assert (first["kind of site"], first["its citations"], first["all citations of the gap"]) == (
        "own",
        1,
        10,
    )
    assert first["share of the gap's citations"] == pytest.approx(0.1)
    assert first["companies get cited there"] == "no"
    assert first["because"] == "<b>third parties</b> hold 7 of 10 citations"


def test_verdicts_are_sorted_and_have_their_reasons(book):
    rows = rows_of(book["before and after"])
    assert [row["verdict"] for row in rows] == [
        "up",
        "down",
        "no clear change",
        "no clear change",
        "no clear change",
    ]
    assert rows[0]["effect (difference - drift), points"] == 0.25
    assert rows[1]["drift (difference of unchanged pages), points"] is None
    assert rows[0]["because"].startswith("up: <script>alert(13)</script>")


def test_landing_page_that_is_no_link_stays_text(book):
    cells = [row[1] for row in book["AI visits"].iter_rows(min_row=2)]
    links = {cell.value: cell.hyperlink and cell.hyperlink.target for cell in cells}
    assert links == {
        "/p1": "https://shop.example/p1",
        "/": None,
        "javascript:alert(14)": None,
    }


def test_rejected_rows_are_counted_with_the_sources(book):
    rows = {
        row["file"]: (row["records read"], row["rows rejected"])
        for row in rows_of(book["log sources"])
    }
    assert rows == {"=log.csv": (30, 3), "b.jsonl": (5, 0), "visits.csv": (None, 1)}


def test_summary_shows_the_citation_rate_of_each_series_and_low_n(book):
    rows = {row[0]: row[1:3] for row in book["summary"].iter_rows(values_only=True) if row[0]}
    assert rows["citation rate, Perplexity (api)"] == (
        0.1,
        "95% interval 5% to 20%; 4 of 40 answers, 20 questions",
    )
    assert "Few prompts" in rows["citation rate, <i>chatgpt</i>"][1]
    assert rows["citation rate, Perplexity (scrape)"][0] == pytest.approx(0.3)


def test_measures_are_defined_in_about_and_columns_in_the_glossary(book):
    rows = [(row["part"], row["name"]) for row in rows_of(book["about"])]
    assert ("measures", "share of voice") in rows
    headings = [(row["sheets"], row["name"]) for row in rows_of(book["glossary"])]
    assert ("before and after", "noise floor, points") in headings


def test_tables_without_rows_have_no_sheet_and_no_section(empty, tmp_path):
    book = openpyxl.load_workbook(write_workbook(empty, tmp_path / "gaps.xlsx"))
    assert book.sheetnames == [
        *("to do", "summary", "gaps", "edits", "questions", "pages", "glossary"),
        *("glossary of hidden sheets", "about"),
    ]
    page = lxml.html.document_fromstring(render_page(empty))
    assert page.xpath("//section[@id='visibility']")
    assert not [
        name for name in FURTHER if page.xpath(f"//*[@id='{name}'] | //nav/a[@href='#{name}']")
    ]


def test_navigation_leads_to_every_further_section(page):
    for name in FURTHER:
        assert page.get_element_by_id(name).tag == "section"
        assert page.xpath(f"//nav/a[@href='#{name}']")


def test_own_measures_are_by_engine_with_their_fraction_and_branded_ones_separate(page):
    unbranded, branded = page.get_element_by_id("visibility").xpath(".//table")
    assert cells_of(unbranded)[0] == [
        "measure",
        "<i>chatgpt</i>",
        "Perplexity (api)",
        "Perplexity (scrape)",
    ]
    name, low, api, scrape = cells_of(unbranded)[1]
    assert name == "Citation rate answers that cite the site / answers"
    assert (low, api, scrape) == (
        "50% few prompts20 / 4045% to 60%",
        "10%4 / 405% to 20%",
        "30%12 / 4025% to 40%",
    )
    details = next(branded.iterancestors("details"))
    assert "name your brand" in details.find("summary").text_content()
    assert len(cells_of(branded)) == 3


def test_verdicts_come_first_changed_pages_before_unchanged_ones(page):
    section = page.get_element_by_id("change")
    assert [child.get("class", child.tag) for child in section[1:4]] == ["p", "verdicts", "muted"]
    lines = [words_of(item) for item in section.xpath("./ul[@class='verdicts']/li")]
    assert len(lines) == 1  # the unchanged pages are in the engine room's figure
    assert lines[0] == (
        "up Perplexity (api), changed pages: citation rate 20% before, 45% after. "
        "<script>alert(13)</script> 15 prompts moved"
    )


def test_drift_of_the_engines_is_shown_and_the_signs_that_did_not_move(page):
    items = page.get_element_by_id("drift").xpath("./ul[@class='queries']/li")
    drifts = [words_of(item) for item in items]
    assert drifts == [
        "<i>chatgpt</i>: model that answers, changed: <i>a</i>, =b",
        "Perplexity (api): share of answers that searched the web, down: from 0.90 to 0.80",
        "Perplexity (api): no clear change of the citations per answer",
    ]


def test_visits_are_summed_and_shown_as_a_share_of_all(page):
    section = page.get_element_by_id("visitors")
    words = words_of(section.find("p"))
    assert words.startswith(
        "AI assistants sent 19 visits, 10.0% of all in the export: "
        "ChatGPT 13, =Claude 4, <i>x</i> 2."
    )
    rows = cells_of(section.xpath(".//table")[0])
    assert rows[1] == [
        "/p1",
        "ChatGPT",
        "8",
        "7",
        "",
        "8.0%",
        "3",
        "<script>alert(7)</script>, =1+1",
    ]
    assert [link.get("href") for link in section.xpath(".//table//th/a")] == [
        "https://shop.example/p1"
    ] * 2
    assert "1 of 1 pair of series moves together more than chance explains" in words_of(section)
    engine_room = page.get_element_by_id("associations")
    assert "association, no cause: <b>demand</b> rises" in words_of(engine_room)


def test_brand_facts_are_listed(page):
    section = page.get_element_by_id("brand")
    assert words_of(section.find("p")) == (
        "3 statements about the brand, on 1 page of yours and in 1 answer, were compared."
    )
    assert cells_of(section.xpath(".//table")[0])[1][:2] == ["founded conflicting fact", "=1999"]


def test_no_disagreement_is_said(analysis):
    agreed = replace(analysis, disagreements=tables.DISAGREEMENTS.empty())
    section = lxml.html.document_fromstring(render_page(agreed)).get_element_by_id("brand")
    assert words_of(section).endswith("They agree.")
    assert not section.xpath(".//table")


def test_visits_without_associations_and_the_reverse(analysis):
    alone = lxml.html.document_fromstring(
        render_page(replace(analysis, associations=tables.ASSOCIATIONS.empty()))
    )
    assert not alone.xpath("//*[@id='plot-associations']")
    assert alone.xpath("//*[@id='plot-referrals']")
    other = lxml.html.document_fromstring(
        render_page(replace(analysis, referrals=tables.REFERRALS.empty()))
    )
    assert other.xpath("//*[@id='plot-associations']")
    assert not other.xpath("//*[@id='plot-referrals']")


def test_run_without_gaps_still_shows_all_other_results(analysis, tmp_path):
    bare = replace(analysis, gaps=tables.GAPS.empty())
    book = openpyxl.load_workbook(write_workbook(bare, tmp_path / "gaps.xlsx"))
    assert len(rows_of(book["who is cited"])) == 6
    assert [row["pages of"] for row in rows_of(book["before and after"])][-2:] == ["c0", "c1"]
    page = lxml.html.document_fromstring(render_page(bare))
    assert cells_of(page.get_element_by_id("visitors").xpath(".//table")[0])[1][-1] == ""
    assert figures.holders_figure(bare).layout.yaxis.ticktext[0] == "c0 (10)"


def test_unknown_sign_measure_and_group_are_their_own_titles(analysis):
    drifts = analysis.drifts.assign(sign="odd").head(1)
    verdicts = analysis.verdicts.assign(measure="odd", group="c99").head(1)
    odd = replace(analysis, drifts=drifts, verdicts=verdicts)
    assert list(visibility_joined.describe_drifts(odd)["sign_title"]) == ["odd"]
    row = visibility_joined.describe_verdicts(odd).iloc[0]
    assert (row["measure_title"], row["group_title"]) == ("odd", "c99")


def test_share_of_voice_is_there_only_if_a_competitor_is_tracked(analysis):
    def measures_of(run):
        page = lxml.html.document_fromstring(render_page(run))
        table = page.get_element_by_id("visibility").xpath(".//table")[0]
        return [row[0] for row in cells_of(table)]

    counted = {
        "value": 0.76,
        "low": 0.6,
        "high": 0.87,
        "numerator": 38.0,
        "denominator": 50.0,
        "is_low_n": False,
    }
    row = analysis.visibility[analysis.visibility["split_by"] == "all"].iloc[0].to_dict() | {
        "measure": "share_of_voice",
        **counted,
    }
    cited = {**row, "measure": "citation_rate"}
    rows = [
        {**row, "site": "shop.example"},
        {**row, "site": "rival.example"},
        {**cited, "site": "shop.example"},
    ]
    compared = replace(analysis, visibility=tables.VISIBILITY.table(rows))
    alone = replace(analysis, visibility=tables.VISIBILITY.table([rows[0], rows[2]]))
    assert any(name.startswith("Share of voice") for name in measures_of(compared))
    assert not [name for name in measures_of(alone) if name.startswith("Share of voice")]


def test_verdict_has_its_p_only_in_the_title(analysis):
    reason = "up: 18 prompts moved by +39 points (p 0.001, 0.005 after Holm over 4 comparisons)"
    changed = replace(analysis, verdicts=analysis.verdicts.head(1).assign(reason=reason))
    page = lxml.html.document_fromstring(render_page(changed))
    line = page.xpath("//ul[@class='verdicts']/li")[0]
    assert words_of(line).endswith(
        "18 prompts moved by +39 points, clear even after allowing for 4 comparisons"
    )
    assert line.xpath(".//@title") == [reason]


def test_no_clear_change_although_the_interval_is_clear_has_a_reason(analysis):
    odd = analysis.verdicts.head(1).assign(
        verdict="no clear change", low=0.1, high=0.4, p=0.03, p_holm=0.12
    )
    (hover,) = figures.change_figure(replace(analysis, verdicts=odd)).data[-1].hovertext
    text = hover.replace("<br>", " ")
    assert (
        "The interval alone is clear of 0, but pages drawn by lot reach it with a chance of 0.030"
        in text
    )
    assert "among all comparisons (Holm) of 0.120: no clear change above 0.05" in text
