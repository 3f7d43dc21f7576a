import base64
import hashlib
import json
import re
from dataclasses import replace

import lxml.html
import pytest

from coverage_kit.report.figures import history_figure
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.page import render_page, write_page
from coverage_kit.report.page_data import gaps as gaps_data
from coverage_kit.report.page_data.engine import retrieval_context
from coverage_kit.report.page_data.gaps import pick_hour
from coverage_kit.report.page_data.trend import list_runs, news_context, spending_context
from coverage_kit.report.wording import GAP_ORDER, HOW_COUNTED
from coverage_kit.tables import GROUPS, PREVIOUS
from tests.reading import words_of


@pytest.fixture(scope="module")
def text(analysis):
    return render_page(analysis)


@pytest.fixture(scope="module")
def page(text):
    return lxml.html.document_fromstring(text)


def test_only_our_scripts_are_there_and_run_by_their_hash(page):
    running = [script for script in page.iter("script") if script.get("type") != "application/json"]
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    hashes = [
        base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
        for script in running
    ]
    assert len(running) == 2
    assert re.search("script-src ([^;]*);", policy)[1].split() == [
        f"'sha256-{text}'" for text in hashes
    ]
    assert policy.startswith("default-src 'none';")


def test_no_text_became_an_element_or_a_handler(page):
    assert {"img", "iframe", "object", "embed", "link", "base", "svg"}.isdisjoint(
        element.tag for element in page.iter()
    )
    names = {name for element in page.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text_content()


def test_nothing_is_loaded_from_another_place(page, text):
    assert not page.xpath("//@src")
    hrefs = {str(href) for href in page.xpath("//@href")}
    assert all(href.startswith(("#", "https://", "http://")) for href in hrefs)
    assert {element.tag for element in page.xpath("//*[@href]")} == {"a"}
    assert "url(" not in page.xpath("//style")[0].text
    assert "@import" not in text


def test_links_outward_send_no_referrer(page):
    outward = [link for link in page.iter("a") if not link.get("href").startswith("#")]
    assert outward
    assert {link.get("rel") for link in outward} == {"noopener noreferrer"}


def test_links_inward_lead_to_an_element(page):
    ids = set(page.xpath("//@id"))
    assert {href[1:] for href in map(str, page.xpath("//a/@href")) if href.startswith("#")} <= ids
    assert len(ids) == len(page.xpath("//@id"))


def test_figures_have_no_upload_button(page):
    scripts = page.xpath("//script[starts-with(@id, 'plot-')]")
    plots = [json.loads(script.text) for script in scripts]
    assert len(plots) == 13
    assert all(plot["config"]["showSendToCloud"] is False for plot in plots)
    assert all(plot["data"] for plot in plots)


def test_text_of_data_blocks_cannot_end_them(text):
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert len(blocks) == 14  # the figures and the questions
    assert not [block for block in blocks if "<" in block]


def test_gap_shows_queries_passages_answers_and_edits(page):
    gap = page.get_element_by_id("gap-2")
    words = " ".join(gap.text_content().split())
    for text in (
        "battery, bike",
        "Said in other words",
        "80%",
        "70% to 85%",
        "Nearest on your site",
        "Edits: 2, 7, 12.",
    ):
        assert text in words
    assert gap.get("data-cause") == "Said in other words"


def test_edit_shows_brief_change_and_gain(page):
    words = " ".join(page.get_element_by_id("edit-2").text_content().split())
    for text in (
        "battery, bike planned part 1 of 2 New section on “<script>alert(1)</script>”",
        "[FACT NEEDED: range]",
        "11 min",
        "19 more",
        "answers 19 more alone (90% interval 9 to 29)",
    ):
        assert text in words


def test_edit_shows_what_it_adds_to_the_edits_above_and_its_gain_alone_in_the_figures_behind(
    analysis,
):
    overlapping = replace(analysis, edits=analysis.edits.assign(marginal_gain=2.5))
    edit = lxml.html.document_fromstring(render_page(overlapping)).get_element_by_id("edit-2")
    assert words_of(edit.xpath(".//*[@class='gain']")[0]) == "2.5 more"
    behind = words_of(edit.xpath(".//*[@class='figures-behind']")[0])
    assert "answers 19 more alone (90% interval 9 to 29), 2.5 beyond the edits above it" in behind


def test_edit_shows_its_diff_with_words_for_screen_readers(page):
    edit = page.get_element_by_id("edit-1")
    diffs = edit.xpath(".//blockquote[@class='diff']")
    assert len(diffs) == 2
    assert "".join(diffs[1].itertext()) == "It goes 55 [added: to 90] km."
    assert "Replace the passage" in edit.text_content()


def test_edit_shows_its_reason_and_the_coverage_of_its_queries(page):
    edit = page.get_element_by_id("edit-2")
    words = " ".join(edit.text_content().split())
    why = words_of(edit.xpath(".//dt[text()='Why']/following-sibling::dd")[0])
    assert why.startswith("Said in other words")
    assert why.endswith("See gap 2.")
    rows = [
        [" ".join(cell.text_content().split()) for cell in row.iter("td")]
        for row in edit.xpath(".//tbody/tr | .//tfoot/tr")
    ]
    assert [row[1:] for row in rows] == [
        ["2", "20%", "60%", "12"],  # .6 x 19 + 1
        ["3", "20%", "50%", "8"],  # .4 x 19
        ["4", "20%", "10%", "1 fewer"],  # a harm of .5 counts twice
        ["", "", "19"],
    ]
    assert HOW_COUNTED in words


def test_a_log_that_was_cut_down_is_reported(tiny):
    def muted(analysis):
        page = lxml.html.fromstring(render_page(analysis))
        trust = page.get_element_by_id("trust")
        return [paragraph.text_content() for paragraph in trust.findall("p[@class='muted']")]

    query_ids = list(tiny.queries["query_id"])
    rows = [
        {"query_id": name, "group_id": name, "similarity": 1.0, "text": name, "demand": 1.0}
        for name in query_ids
    ]
    joined = {
        "query_id": "q-gone",
        "group_id": query_ids[0],
        "similarity": 0.875,
        "text": "gone",
        "demand": 1.0,
    }
    about = replace(tiny.about, share_of_answers_kept=0.25, n_answers_read=4_000)
    cut = replace(tiny, groups=GROUPS.table([*rows, joined]), about=about)
    grouped, sampled = muted(cut)
    assert grouped.startswith(f"{len(rows) + 1} distinct queries in {len(rows)} groups")
    assert "cosine of 0.88 or more" in grouped
    assert sampled == "Of 4,000 answers a sample of 25.0% is kept; all are counted."
    assert muted(tiny) == []


def test_what_was_read_is_counted_and_what_was_not_is_named(tiny):
    def reading(analysis):
        trust = lxml.html.fromstring(render_page(analysis)).get_element_by_id("trust")
        return [part.text_content() for part in trust.xpath("p[@class='reading'] | ul/li")]

    site = reading(tiny)
    assert site[0] == "Your site: 4 of 17 pages are read. Not read: 1 too short, 12 other files."
    assert site[1].startswith("1 page is not read: too short, such as https://")
    assert site[2].startswith("12 files are not read: the ending .rst, such as site/")
    assert site[2].endswith("Install the extra rst.")
    assert site[3] == "Other sites: 8 of 10 pages are read. Not read: 2 too short."
    status = tiny.pages["status"].where(tiny.pages["status"] == "ok", "duplicate of https://a.com/")
    copies = replace(tiny, pages=tiny.pages.assign(status=status))
    assert reading(copies)[0] == (
        "Your site: 5 of 17 pages are read. Of these, 1 repeats another page. "
        "Not read: 12 other files."
    )


def test_harm_is_reported_only_where_there_is_some(page):
    assert "lose" not in words_of(page.get_element_by_id("edit-1")).replace(HOW_COUNTED, "")
    assert "Other questions lose 0.50 answers" in words_of(page.get_element_by_id("edit-2"))


def test_no_edit_is_listed_separately(page):
    assert (
        "winter, bike: Answers cite <b>third parties</b> only."
        in page.get_element_by_id("edits").text_content()
    )
    assert not page.xpath("//*[@id='edit-13']")


def test_same_analysis_gives_the_same_bytes(analysis, text, tmp_path):
    assert write_page(analysis, tmp_path / "page.html").read_bytes() == text.encode("utf-8")


def test_empty_analysis_says_that_coverage_is_unreliable(empty):
    page = lxml.html.document_fromstring(render_page(empty))
    assert page.get_element_by_id("trust").xpath(".//*[@class='box warning']")
    assert "not known" in page.xpath("//h1")[0].text_content()
    assert "cannot detect gaps well" in page.get_element_by_id("trust").text_content()
    assert "No topic of questions was found." in page.text_content()


def test_weak_self_test_is_a_warning(tiny):
    about = replace(tiny.about, self_test={**tiny.about.self_test, "auc": 0.6})
    weak = replace(tiny, about=about)
    page = lxml.html.document_fromstring(render_page(weak))
    (box,) = page.get_element_by_id("trust").xpath(".//*[@class='box warning']")
    assert box.find("p").text_content().startswith("Not enough to tell.")
    assert "read the ranking as a list of things to look at" in box.text_content()


def test_five_thousand_queries_stay_light(large):
    text = render_page(large)
    page = lxml.html.document_fromstring(text)
    assert len(text) < 8_000_000
    # 2,830 elements: gaps, edits and settings have rows, but queries do not
    assert len(list(page.iter())) < 2_950
    assert (
        "and 617 more" in page.get_element_by_id("gap-1").text_content()
    )  # 5,000 / 8 queries, 8 shown


def test_the_first_run_has_nothing_to_compare_with(page):
    assert (
        "This is the first run: there is no earlier run to compare with."
        in page.get_element_by_id("news").text_content()
    )


def test_news_compare_the_questions_that_both_runs_hold(tiny):
    # then: q0 at .1 (demand 3) and q-gone; now: q0 at .2, its interval from .1; q1 is new
    previous = PREVIOUS.table(
        [
            {
                "query_id": "q0",
                "text": "how far uphill",
                "coverage": 0.1,
                "low": 0.02,
                "high": 0.09,
                "label": "range",
            },
            {
                "query_id": "q-gone",
                "text": "gone",
                "coverage": 0.5,
                "low": 0.4,
                "high": 0.6,
                "label": None,
            },
        ]
    )
    news = news_context(replace(tiny, previous=previous))
    assert news["questions"] == [
        "1 question asked both times: coverage 10% then, 20% now; "
        "1 rose and 0 fell beyond their 90% intervals.",
        "1 new question, 1 gone.",
    ]
    assert [(gap["rank"], gap["coverage"]) for gap in news["risen"]] == [(1, "10% then, 20% now")]
    assert news["fallen"] == []


@pytest.mark.parametrize(
    ("low_then", "fallen"),
    [(0.95, [(1, "32% then, 30% now")]), (0.85, [])],  # q1 is at .6 now, its interval up to .9
)
def test_gaps_are_news_only_where_a_question_moved_beyond_its_interval(tiny, low_then, fallen):
    # q0, of three times the demand, rose from .1 to .2 within its intervals: (3 x .1 + .97) / 4 =
    # .3175 then, .3 now
    previous = PREVIOUS.table(
        [
            {
                "query_id": "q0",
                "text": "how far uphill",
                "coverage": 0.1,
                "low": 0.02,
                "high": 0.15,
                "label": "range",
            },
            {
                "query_id": "q1",
                "text": "range in hills",
                "coverage": 0.97,
                "low": low_then,
                "high": 1.0,
                "label": "range",
            },
        ]
    )
    news = news_context(replace(tiny, previous=previous))
    assert [(gap["rank"], gap["coverage"]) for gap in news["fallen"]] == fallen
    assert news["risen"] == []


def test_a_run_that_found_the_same_says_so_instead_of_first_run(tiny, second_run):
    same_as = "2026-11-29T18:02:33.5+00:00"
    lead = "This run found the same as the run of 2026-11-29 18:02"
    tiny_again = replace(tiny, about=replace(tiny.about, same_as=same_as))
    second_again = replace(second_run, about=replace(second_run.about, same_as=same_as))
    assert news_context(tiny_again)["lead"] == f"{lead}."
    assert news_context(second_again)["lead"].startswith(f"{lead}; below")
    assert news_context(second_run)["lead"] == ""
    note = history_figure(tiny_again).layout.annotations[0].text
    assert lead in note.replace("<br>", " ")


def test_citation_rates_whose_intervals_overlap_show_no_clear_change(second_run):
    assert news_context(second_run)["rates"] == [
        "Perplexity (api): citation rate 10% then, 30% now: up",
        "Perplexity (scrape): citation rate 25% then, 30% now: "
        "no clear change, the 95% intervals overlap",
    ]


def test_runs_are_listed_oldest_first(second_run):
    assert [(row["run"], row["covered"], row["severe_gaps"]) for row in list_runs(second_run)] == [
        (1, "40%", "3"),
        (2, "50%", "2"),
    ]


def test_costs_are_summed_by_task_and_model_and_tasks_without_a_price_are_counted(second_run):
    spending = spending_context(second_run)
    assert (
        spending["summary"]
        == "Models and engines have cost 3.5 USD so far, in 3 tasks, 1 of them without a price."
    )
    assert [(row["task"], row["n_calls"], row["money"]) for row in spending["rows"]] == [
        ("ask", 30, 3.5),
        ("tune", 5, None),
    ]


@pytest.mark.parametrize(
    ("task", "summary"),
    [
        ("embed", "Nothing paid so far."),
        ("ask", "Nothing paid so far. Asked without a price, in calls: =minilm 5."),
    ],
)
def test_embedded_texts_cost_nothing_but_models_without_a_price_are_reported(
    second_run, task, summary
):
    unpriced = second_run.costs[second_run.costs["money"].isna()].assign(task=task)
    assert spending_context(replace(second_run, costs=unpriced))["summary"] == summary


def test_every_view_is_on_the_page(second_run):
    page = lxml.html.document_fromstring(render_page(second_run))
    sections = [
        ("overview", "trust"),
        ("gaps", "questions"),
        ("edits", "hour"),
        ("visibility", "trend"),
        ("pages", "pillars"),
        ("engine", "ledger"),
    ]
    for view, section in sections:
        assert page.get_element_by_id(section) in page.get_element_by_id(f"view={view}").iter()
    assert "3.5 USD so far, in 3 tasks, 1 of them without a price" in " ".join(
        page.get_element_by_id("ledger").text_content().split()
    )


def test_the_hour_holds_the_first_edits_that_fill_it(page):
    # minutes 10, 11, 12, 13, 14 make 60; gains 20, 19, 18, 17, 16
    hour = page.get_element_by_id("hour")
    words = " ".join(hour.text_content().split())
    assert len(hour.xpath(".//li")) == 5
    assert "5 edits, 60 minutes. Together they are predicted to answer 90 more." in words


def test_an_edit_longer_than_an_hour_is_passed_over():
    edits = [
        {"cost_minutes": 70.0, "marginal_gain": 5.0},
        {"cost_minutes": 10.0, "marginal_gain": 1.0},
    ]
    assert [(edit["minutes_so_far"], edit["gain_so_far"]) for edit in pick_hour(edits)] == [
        (10.0, 1.0)
    ]


def test_all_questions_are_there_most_asked_first(page, analysis):
    questions = json.loads(page.get_element_by_id("questions-data").text)
    assert len(questions["text"]) == questions["n"] == len(analysis.queries)
    assert questions["demand"] == sorted(questions["demand"], reverse=True)
    rank = dict(zip(analysis.gaps["cluster_id"], analysis.gaps["rank"], strict=True))
    cluster = analysis.queries.merge(analysis.clusters).set_index("text")["cluster_id"]
    position = next(n for n, text in enumerate(questions["text"]) if text.startswith("how does"))
    assert questions["gap"][position] == rank[cluster[questions["text"][position]]]


def test_questions_are_cut_where_they_are_very_many_and_the_page_says_so(analysis, monkeypatch):
    monkeypatch.setattr(gaps_data, "_MAX_QUESTIONS", 10)
    page = lxml.html.document_fromstring(render_page(analysis))
    assert len(json.loads(page.get_element_by_id("questions-data").text)["text"]) == 10
    assert (
        "The 10 most asked of 40 questions; the workbook has all."
        in page.get_element_by_id("questions").text_content()
    )


def test_retrieval_shows_how_often_an_own_passage_is_nearest(tiny):
    # similarities of own and rival: .4 and .5 for both engines' q0 (demand 3), .8 and .9 for q1:
    # the rival is nearer
    assert retrieval_context(tiny)["nearer_share"] == 0
    own = tiny.matches["similarity"] + (
        tiny.matches["query_id"].eq("q0") & tiny.matches["site"].eq("shop.example")
    )
    assert retrieval_context(replace(tiny, matches=tiny.matches.assign(similarity=own)))[
        "nearer_share"
    ] == pytest.approx(3 / 4)


def test_checks_that_are_not_assessed_are_folded(page):
    pillars = page.get_element_by_id("checks")
    assert "2 checks cannot be assessed on this log" in pillars.text_content()
    assert [
        row[0].text_content().split(" ")[0]
        for row in pillars.xpath(".//table//tr[th[@scope='row']]")
    ] == [
        "Words",
        "<b>Headings</b>",
    ]


def read_gap(analysis, part, rank=1):
    page = lxml.html.document_fromstring(render_page(analysis))
    return [
        " ".join(found.text_content().split())
        for found in page.get_element_by_id(f"gap-{rank}").xpath(f".//summary//*[@class='{part}']")
    ]


@pytest.mark.parametrize(
    ("label", "example"),
    [
        ("Range in hills", "how far uphill · "),
        ("How far does it go uphill?", ""),
        ("How far uphill", ""),
    ],
)
def test_gap_shows_an_example_where_that_adds_to_its_name(tiny, label, example):
    named = replace(tiny, gaps=tiny.gaps.assign(label=label))
    assert read_gap(named, "name") == [label]
    assert read_gap(named, "typical") == [f"{example}Theme: <b>Rides</b> & range"]


def test_gap_says_how_many_questions_are_unanswered_and_how_likely_that_is(tiny):
    assert read_gap(tiny, "severity") == ["1 of 2 questions"]
    assert read_gap(tiny, "cause") == ["likely Not answered on the site"]
    assert read_gap(tiny, "badge") == ["new"]


def test_long_names_are_never_cut(tiny):
    label = "Renting by the month, subscribing, and trying a bike for a weekend or a whole holiday"
    text = render_page(replace(tiny, gaps=tiny.gaps.assign(label=label)))
    page = lxml.html.document_fromstring(text)
    assert page.get_element_by_id("gap-1").xpath(".//*[@class='name']/text()") == [label]
    assert not re.search(r"Renting by the month[^<\"]*…", text)


def test_each_list_has_its_gaps_and_its_remedy_and_the_rest_is_closed(page):
    lists = {
        found.get("data-list"): [
            item.get("data-rank") for item in found.xpath(".//details[@data-rank]")
        ]
        for found in page.xpath("//*[@id='gaps']//section[@class='list']")
    }
    assert lists == {
        "to close": ["1", "2"],
        "unseen": ["3", "4", "5"],
        "covered": ["8"],
        "out of reach": ["6", "7"],
    }
    rest = page.get_element_by_id("rest")
    assert rest.get("open") is None
    assert rest.find("summary").text == "3 more topics: 1 covered, 2 out of reach"
    words = page.get_element_by_id("gaps").text_content()
    assert GAP_ORDER in words
    assert "New text is not the remedy" in words


def test_no_gap_is_an_invitation_to_check_with_the_strongest_evidence(tiny):
    covered = tiny.gaps.assign(listing="covered")
    none = replace(tiny, gaps=covered, question_checks=tiny.question_checks.head(0))
    words = lxml.html.document_fromstring(render_page(none)).get_element_by_id("gaps")
    words = " ".join(words.text_content().split())
    assert "Strongest evidence: range, hills (1 of 2 questions unanswered, severity 70%)." in words
    assert "coverage-kit sample" in words
    assert "covered topics" not in words


def test_run_without_lists_and_themes_has_lists_by_cause(analysis):
    older = replace(
        analysis,
        gaps=analysis.gaps.assign(
            listing=None, likelihood=None, n_open=None, open_demand=None, theme_id=None, status=None
        ),
        themes=analysis.themes.head(0),
    )
    gaps = list_gaps(older)
    assert list(gaps["listing"]) == list(analysis.gaps["listing"])
    below = analysis.clusters.merge(analysis.coverage, on="query_id").query("coverage < 0.5")
    counts = below["cluster_id"].value_counts().reindex(gaps["cluster_id"]).fillna(0)
    assert list(gaps["n_open"]) == list(counts)
    page = lxml.html.document_fromstring(render_page(older))
    assert not page.xpath("//*[@data-key='theme' or @data-key='likelihood']")
