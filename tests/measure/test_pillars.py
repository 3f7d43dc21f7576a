"""Every check of the pillars.

A fault planted in a sound page is found at its place, and its sound twin has no fault.
"""

import gc
import time
import weakref

import numpy as np
import pandas as pd
import pytest

from coverage_kit.collect.outline import outline_pages
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site
from coverage_kit.collect.statements import collect_statements
from coverage_kit.collect.urls import page_id
from coverage_kit.measure.consistency import find_disagreements
from coverage_kit.measure.pillars.audit import CHECKS, MAX_FINDINGS, audit_pages
from coverage_kit.measure.pillars.check_associations import CitedLog, measure_checks
from coverage_kit.measure.pillars.relevance import (
    check_completeness,
    check_plain_words,
    find_runs,
)
from coverage_kit.measure.pillars.site import PageSection, Paragraph, SiteTables, view_site
from coverage_kit.settings import SiteSettings
from coverage_kit.tables import (
    ANSWERS,
    AUDITS,
    CITATIONS,
    CLUSTERS,
    COVERAGE,
    GAPS,
    MENTIONS,
    OUTLINES,
    PAGES,
    PASSAGES,
    QUERIES,
)

FILLER = (
    "The kettle holds two litres and boils in four minutes on a gas ring. Its handle stays cool "
    "because it is made of beech, and the lid has a whistle that can be taken off for cleaning. "
    "We press the body from one sheet of steel, so that there is no seam to leak. Every kettle "
    "is filled, boiled and dried by hand before it leaves the workshop in Leeds, and it comes "
    "with a spare seal. If the spout is furred with lime, fill it with warm vinegar, wait for "
    "an hour, and rinse it twice with clean water. The handle can be replaced with one screw, "
    "and a new one costs six pounds with postage to any address in the country. Kettles are "
    "sent in a box of card with no plastic, and most of them arrive within three days of the "
    "order being made. A kettle that leaks in its first five years is mended or replaced, "
    "whoever owns it by then, and we pay for the post both ways; it helps to know the year, "
    "which is stamped under the foot."
)
DATED = '<meta property="article:modified_time" content="2026-05-01">'


def html(body="", head=DATED, language="en", heading="<h1>The York kettle</h1>", filler=FILLER):
    return (
        f'<html lang="{language}"><head><title>The York '
        f"kettle</title>{head}</head><body><main>{heading}"
        f"<h2>How much does the kettle hold?</h2><p>{filler}</p>{body}</main></body></html>"
    )


def tables_of(folder, pages, this_year=2026, **tables):
    for number, (name, text) in enumerate(pages.items()):
        # Pages of equal text count once, so each has a year of its own.
        own = text.replace("which is stamped", f"such as {1990 + number}, which is stamped")
        (folder / name).write_text(own, encoding="utf-8")
    read = read_site(SiteSettings(source=str(folder), base_url="https://kettles.example/"))
    outlines = outline_pages(read)
    return SiteTables(
        "kettles.example", read, split_pages(read), outlines, this_year=this_year, **tables
    )


def audited(folder, pages, check, **tables):
    """The outcomes of one check by page, and its findings."""
    audits, findings = audit_pages(tables_of(folder, pages, **tables))
    rows = audits[audits["check"] == check]
    return dict(zip(rows["page_id"], rows["outcome"], strict=True)), findings[
        findings["check"] == check
    ]


PAGE = "kettles.example/a.html"
STEPS = (
    "First rinse the pot. Then fill it with water. Next put it on the ring. Finally wait for "
    "the whistle."
)
GADGET = (
    "The filter is a mesh of steel that keeps lime out of the cup, and it lifts out for "
    "cleaning under a tap."
)

# check, sound body, body with the fault, last heading of its place (or place), words of its
# evidence
FAULTS = [
    (
        "heading_levels",
        f"<h3>Lid</h3><p>{GADGET}</p>",
        f"<h4>Lid</h4><p>{GADGET}</p>",
        "Lid",
        "h4 right below",
    ),
    (
        "heading_words",
        f"<h2>The filter</h2><p>{GADGET}</p>",
        f"<h2>Details</h2><p>{GADGET}</p>",
        "Details",
        "Details",
    ),
    (
        "heading_words",
        f"<h2>In the box</h2><p>{GADGET}</p><h2>In the tin</h2><p>{GADGET} Twice.</p>",
        f"<h2>In the box</h2><p>{GADGET}</p><h2>In the box</h2><p>{GADGET} Twice.</p>",
        "In the box",
        "In the box",
    ),
    (
        "marked_headings",
        f"<h3>The filter</h3><p>{GADGET}</p>",
        f"<p><strong>The filter</strong></p><p>{GADGET}</p>",
        "whole page",
        "The filter",
    ),
    (
        "section_length",
        f"<h2>Steel</h2><p>{FILLER}</p><h2>Card</h2><p>{FILLER} "
        f"Again.</p><h2>Wood</h2><p>{FILLER} Once more.</p>",
        f"<h2>Steel</h2><p>{FILLER}</p><p>{FILLER} Again.</p><p>{FILLER} Once more.</p>",
        "Steel",
        "words without a heading",
    ),
    (
        "lists_and_tables",
        "<h2>Use</h2><p>First rinse the pot. Then wait.</p>",
        f"<h2>Use</h2><p>{STEPS}</p>",
        "Use",
        "4 steps",
    ),
    (
        "lists_and_tables",
        "<h2>Sizes</h2><p>The small one costs £10, the large one £20.</p>",
        "<h2>Sizes</h2><p>The XS costs £10, the S £12, the M £14, the L £16, the XL £18 and the "
        "XXL £20.</p>",
        "Sizes",
        "6 figures in £",
    ),
    (
        "scripted_text",
        f'<h2>Stock</h2><div id="stock"><p>{GADGET}</p></div><script>track("stock")</script>',
        "<h2>Stock</h2><div "
        f'id="stock"></div><script>document.getElementById("stock").innerHTML = "<p>{GADGET} It '
        'fits all kettles that were made since the workshop opened.</p>"</script>',
        "whole page",
        "a script writes it",
    ),
    (
        "scripted_text",
        f"<h2>Stock</h2><p>{GADGET}</p><noscript>Thank you for reading this page about our "
        "kettles.</noscript>",
        f"<h2>Stock</h2><p>{GADGET}</p><noscript>Please enable JavaScript to see the "
        "stock.</noscript>",
        "Stock",
        "enable JavaScript",
    ),
    (
        "scripted_text",
        f"<details><summary>Filter</summary><p>{GADGET} {GADGET}</p></details>",
        f'<div style="display: none"><p>{GADGET} {GADGET}</p></div>',
        "How much does the kettle hold?",
        "hidden until a script",
    ),
    (
        "answer_first",
        f"<h2>How do I clean it?</h2><p>With warm vinegar, in an hour. {GADGET}</p>",
        f"<h2>How do I clean it?</h2><p>In this section we will look at cleaning. {GADGET}</p>",
        "How do I clean it?",
        "In this section we",
    ),
    (
        "one_topic",
        f"<h2>Care</h2><p>Is vinegar safe for steel? Yes. {GADGET}</p>",
        f"<h2>Care</h2><p>Is vinegar safe for steel? Yes. {GADGET}</p><p>Can it go in the oven? "
        "No, the handle would burn.</p>",
        "Care",
        "2 questions",
    ),
    (
        "stale_years",
        "<h2>Prices</h2><p>Founded in 2014, we raised the price in 2021 to £38. The prices are "
        "correct as of March 2026.</p>",
        "<h2>Prices</h2><p>A kettle costs £38. The prices are correct as of March 2022.</p>",
        "Prices",
        "2022",
    ),
    (
        "stale_years",
        "<h2>Shops</h2><p>A second shop opened in spring 2023, as planned. A third will open in "
        "2027.</p>",
        "<h2>Shops</h2><p>A second shop will open in spring 2023.</p>",
        "Shops",
        "2023",
    ),
    (
        "sources",
        "<h2>Tea</h2><p>According to the Tea Council, 84% of adults drink tea. About 70% of our "
        "customers drink it black.</p>",
        "<h2>Tea</h2><p>About 84% of adults drink tea every day.</p>",
        "Tea",
        "84% of adults",
    ),
    (
        "sources",
        '<h2>Tea</h2><p>Studies show that tea calms, <a href="https://tea.example/study">as '
        "this one did</a>.</p>",
        "<h2>Tea</h2><p>Studies show that tea calms.</p>",
        "Tea",
        "Studies show",
    ),
    (
        "dated_figures",
        "<h2>Users</h2><p>In our survey of 2025, 62% of owners named the whistle.</p>",
        "<h2>Users</h2><p>In our survey, 62% of owners named the whistle.</p>",
        "Users",
        "our survey",
    ),
    (
        "superlatives",
        "<h2>About us</h2><p>It is the best kettle we make. “The best in the world,” says a "
        "cook. Is it Britain's best?</p>",
        "<h2>About us</h2><p>We make the UK's best kettles.</p>",
        "About us",
        "the UK's best",
    ),
    (
        "superlatives",
        "<h2>Steel</h2><p>Of all, red sells best.</p>",
        "<h2>Steel</h2><p>Our finish is second to none.</p>",
        "Steel",
        "second",
    ),
]


@pytest.mark.parametrize(("check", "sound", "faulty", "place", "evidence"), FAULTS)
def test_a_fault_is_found_at_its_place_and_its_sound_twin_gives_none(
    tmp_path, check, sound, faulty, place, evidence
):
    outcomes, findings = audited(tmp_path, {"a.html": html(faulty), "b.html": html(sound)}, check)
    assert outcomes[PAGE] == "failed"
    assert outcomes["kettles.example/b.html"] in ("passed", "not applicable")
    assert set(findings["page_id"]) == {PAGE}
    rows = [row for row in findings.to_dict("records") if row["place"].endswith(place)]
    assert any(evidence in row["evidence"] for row in rows), findings[
        ["place", "evidence"]
    ].to_dict("records")


def test_the_words_of_before_stand_in_the_passage_that_a_finding_names(tmp_path):
    body = "".join(
        faulty
        for check, _, faulty, *_ in FAULTS
        if check not in ("heading_levels", "scripted_text", "section_length")
    )
    site = tables_of(tmp_path, {"a.html": html(body)})
    _, findings = audit_pages(site)
    texts = site.passages.set_index("passage_id")
    rows = findings[findings["before"].notna() & findings["passage_id"].notna()]
    assert len(rows) >= 10
    for row in rows.to_dict("records"):
        passage = texts.loc[row["passage_id"]]
        assert row["before"] in passage["text"] or row["before"] in passage["heading_path"], row


def test_the_operation_of_a_finding_says_whose_words_it_rewrites(tmp_path):
    old = f"<h2>Prices for 2019</h2><p>{GADGET} Each is sold with a lid.</p>"
    body = old + "".join(faulty for check, _, faulty, *_ in FAULTS if check != "section_length")
    questions = [
        ("how many cups does it make", f"{PAGE}#0"),
        ("is it big enough for six", f"{PAGE}#0"),
    ]
    site = tables_of(
        tmp_path, {"a.html": html(body)}, **log_of(*questions, cause="mis-worded", coverage=0.3)
    )
    _, findings = audit_pages(site)
    texts = site.passages.set_index("passage_id")["text"]
    headings = set(site.outlines.loc[site.outlines["kind"] == "heading", "value"])
    rows = findings.to_dict("records")
    for row in rows:
        has_both = isinstance(row["before"], str) and isinstance(row["after"], str)
        if row["operation"] == "reword_heading":
            assert has_both, row
            assert row["before"] in headings, row
        elif row["operation"] == "rewrite":
            assert has_both, row
            assert row["before"] in texts[row["passage_id"]], row
        else:
            assert row["operation"] == "by_hand", row
            assert not has_both, row
    by_operation = findings.groupby("operation")["check"].agg(set)
    assert by_operation["reword_heading"] == {"asked_words", "heading_words", "stale_years"}
    assert {
        "stale_years",
        "sources",
        "superlatives",
        "answer_first",
    } <= by_operation["rewrite"]
    assert {"heading_levels", "marked_headings", "lists_and_tables", "one_topic"} <= by_operation[
        "by_hand"
    ]


def test_facts_of_the_page_head_are_put_right_by_hand(tmp_path):
    def page_of(year):
        node = f'{{"@type": "Organization", "name": "Kettles", "foundingDate": "{year}"}}'
        return html(head=f'<script type="application/ld+json">{node}</script>')

    pages = {"a.html": page_of(2014), "b.html": page_of(2015)}
    statements = collect_statements(tables_of(tmp_path, pages).pages, ANSWERS.empty(), ("Kettles",))
    tables = {"statements": statements, "disagreements": find_disagreements(statements)}
    _, findings = audited(tmp_path, pages, "one_story", **tables)
    assert findings["operation"].to_list() == ["by_hand", "by_hand"]


def test_questions_within_one_section_are_parted_by_hand_and_their_words_counted(tmp_path):
    body = (
        f"<h2>Care</h2><p>How long does it last? It lasts ten years. {GADGET}</p><p>Can it go "
        "in the oven? No.</p>"
    )
    _, findings = audited(tmp_path, {"a.html": html(body)}, "one_topic")
    assert findings["operation"].to_list() == ["by_hand"]
    assert findings["after"].isna().all()
    assert findings["n_words"].to_list() == [11]  # five of the first question, six of the second


def test_an_impossible_date_that_a_page_shows_stops_no_audit(tmp_path):
    outcomes, _ = audited(
        tmp_path, {"a.html": html("<p>Last updated: 2024-02-31</p>")}, "dates_agree"
    )
    assert outcomes == {PAGE: "passed"}


def test_every_english_check_of_words_is_not_assessed_on_a_german_page(tmp_path):
    german = (
        "Der Kessel fasst zwei Liter und kocht in vier Minuten auf dem Herd. Wie oben erwähnt, "
        "gilt das seit 2019. " * 8
    )
    for language in ("de", "en", ""):  # also where its tag is wrong or missing
        audits, _ = audit_pages(
            tables_of(tmp_path, {"a.html": html(language=language, filler=german)})
        )
        outcomes = dict(zip(audits["check"], audits["outcome"], strict=True))
        assert {outcomes[check.name] for check in CHECKS if check.languages} == {"not assessed"}
        assert outcomes["heading_levels"] == "passed"


def test_a_thin_page_is_found_but_not_a_form_or_a_list_of_links(tmp_path):
    links = "".join(
        f'<li><a href="/{n}.html">Kettle number {n} of steel</a></li>' for n in range(6)
    )
    form = "<form><input name=a><input name=b></form>"
    pages = {
        "a.html": html(filler="We answer by post."),
        "b.html": html(),
        "c.html": html(f"<ul>{links}</ul>", filler="All our kettles."),
        "d.html": html(form, filler="Write to us."),
    }
    outcomes, findings = audited(tmp_path, pages, "page_length")
    assert outcomes == {
        PAGE: "failed",
        "kettles.example/b.html": "passed",
        "kettles.example/c.html": "not applicable",
        "kettles.example/d.html": "not applicable",
    }
    assert findings["evidence"].to_list() == ["4 words of main content"]
    assert findings["n_words"].to_list() == [76]


def test_a_page_without_a_main_heading_and_one_with_three_are_found(tmp_path):
    pages = {
        "a.html": html(heading=""),
        "b.html": html(),
        "c.html": html(f"<h1>Second</h1><p>{GADGET}</p><h1>Third</h1><p>{GADGET}</p>"),
    }
    outcomes, findings = audited(tmp_path, pages, "main_heading")
    assert [outcomes[f"kettles.example/{name}.html"] for name in "abc"] == [
        "failed",
        "passed",
        "failed",
    ]
    assert findings["evidence"].to_list()[0] == "no h1 on the page"
    assert findings["evidence"].to_list()[1].startswith("3 h1")


def test_an_article_without_an_author_is_found_and_a_signed_or_other_page_is_not(tmp_path):
    article = '{"@type": "Article", "headline": "Kettles"%s}'
    script = '<script type="application/ld+json">%s</script>'
    pages = {
        "a.html": html(head=script % (article % "")),
        "b.html": html(
            head=script % (article % ', "author": {"@type": "Person", "name": "Ann Lee"}')
        ),
        "c.html": html("<p class='byline'>By Ann Lee</p>", head=script % (article % "")),
        "d.html": html(),
    }
    outcomes, findings = audited(tmp_path, pages, "author")
    assert [outcomes[f"kettles.example/{name}.html"] for name in "abcd"] == [
        "failed",
        "passed",
        "passed",
        "not applicable",
    ]
    assert findings["place"].to_list() == ["page head"]


def test_dates_that_disagree_are_found(tmp_path):
    linked = (
        '<script type="application/ld+json">{"@type": "WebPage", "dateModified": '
        '"2026-05-01"}</script>'
    )
    pages = {
        "a.html": html("<p>Last updated 12 May 2024</p>"),
        "b.html": html("<p>Last updated 1 May 2026</p>"),
        "c.html": html(
            head=linked + '<meta property="article:modified_time" content="2025-01-09">'
        ),
        "d.html": html("<p>Updated May 2026</p>", head=linked + DATED),
    }
    outcomes, findings = audited(tmp_path, pages, "dates_agree")
    assert [outcomes[f"kettles.example/{name}.html"] for name in "abcd"] == [
        "failed",
        "passed",
        "failed",
        "passed",
    ]
    assert "12 May 2024" in findings["evidence"].iloc[0]
    assert "JSON-LD: 2026-05-01, meta tag: 2025-01-09" in findings["evidence"].iloc[1]


def test_a_page_without_a_date_is_found_only_where_most_pages_have_one(tmp_path):
    dated = {f"p{n}.html": html() for n in range(3)}
    outcomes, _ = audited(tmp_path, {"a.html": html(head=""), **dated}, "dated_pages")
    assert [name for name, outcome in outcomes.items() if outcome == "failed"] == [PAGE]
    (other := tmp_path / "other").mkdir()
    outcomes, _ = audited(other, {f"p{n}.html": html(head="") for n in range(4)}, "dated_pages")
    assert set(outcomes.values()) == {"not applicable"}


def test_what_is_lacking_on_the_whole_site_is_found_once_at_its_home(tmp_path):
    pages = {"index.html": html(), "a.html": html(), "b.html": html()}
    for check in ("organisation", "shown_dates"):
        outcomes, findings = audited(tmp_path, pages, check)
        assert outcomes == {"kettles.example/": "failed"}
        assert findings["place"].to_list() == ["whole site"]
    pages["b.html"] = html(
        "<p>Last updated 1 May 2026</p>",
        head=DATED + '<meta property="og:site_name" content="Kettles">',
    )
    for check in ("organisation", "shown_dates"):
        outcomes, findings = audited(tmp_path, pages, check)
        assert outcomes == {"kettles.example/": "passed"}
        assert findings.empty


def test_facts_of_the_brand_that_disagree_stand_on_the_pages_of_the_minority_or_on_both(tmp_path):
    def page_of(year):
        node = f'{{"@type": "Organization", "name": "Kettles", "foundingDate": "{year}"}}'
        return html(head=f'<script type="application/ld+json">{node}</script>')

    def failing(pages):
        site = tables_of(tmp_path, pages)
        statements = collect_statements(site.pages, ANSWERS.empty(), ("Kettles",))
        tables = {"statements": statements, "disagreements": find_disagreements(statements)}
        outcomes, _ = audited(tmp_path, pages, "one_story", **tables)
        return {name[-6] for name, outcome in outcomes.items() if outcome == "failed"}

    assert failing({"a.html": page_of(2014), "b.html": page_of(2014), "c.html": page_of(2015)}) == {
        "c"
    }
    assert failing({"a.html": page_of(2014), "b.html": page_of(2015), "c.html": html()}) == {
        "a",
        "b",
    }
    assert (
        failing({"a.html": page_of(2014), "b.html": page_of(2014), "c.html": page_of(2014)})
        == set()
    )


def test_many_findings_of_one_check_on_a_page_are_cut_and_counted(tmp_path):
    body = "".join(f"<h2>Part {n}</h2><p>{GADGET} Number {n} is of brass.</p>" for n in range(8))
    audits, findings = audit_pages(tables_of(tmp_path, {"a.html": html(body)}))
    assert audits.loc[audits["check"] == "heading_words", "n_failed"].to_list() == [8]
    assert (findings["check"] == "heading_words").sum() == MAX_FINDINGS
    assert findings["finding_id"].is_unique


def test_a_page_that_is_empty_without_scripts_is_found_although_it_has_no_text(tmp_path):
    shell = (
        '<html lang="en"><title>Kettles</title><body><div id="root"></div><script '
        'src="/app.js"></script></body></html>'
    )
    audits, findings = audit_pages(tables_of(tmp_path, {"a.html": shell, "b.html": html()}))
    mine = audits[audits["page_id"] == PAGE].set_index("check")["outcome"]
    assert mine["scripted_text"] == "failed"
    of_site = [check.name for check in CHECKS if check.is_of_site]
    assert set(mine.drop(["scripted_text", *of_site])) == {"not assessed"}
    visible = findings[(findings["page_id"] == PAGE) & ~findings["check"].isin(of_site)]
    assert visible["evidence"].str.contains("#root").all()


def test_what_the_whole_site_lacks_is_reported_also_where_its_home_has_no_text(tmp_path):
    shell = (
        '<html lang="en"><title>Kettles</title><body><div id="root"></div><script '
        'src="/app.js"></script></body></html>'
    )
    naming = html(head='<meta property="og:site_name" content="Kettles">')
    pages = {"index.html": shell, "a.html": naming, "b.html": html(), "c.html": html()}
    assert audited(tmp_path, pages, "organisation")[0] == {"kettles.example/": "passed"}
    assert audited(tmp_path, pages, "shown_dates")[0] == {"kettles.example/": "failed"}


def log_of(*questions, texts=("some words",) * 6, cause="covered", rate=0.5, coverage=0.9):
    """Return coverage, clusters, gaps and queries of a log.

    Each question has its nearest passage; all are in one cluster.
    """
    ids = [f"q{n}" for n in range(len(questions))]
    at = {"coverage": coverage, "low": 0.1, "high": 1.0, "cause": cause}
    gap = {
        "cluster_id": "c",
        "label": "tea",
        "n_queries": len(questions),
        "demand": 9.0,
        "severity": 0.1,
        "low": 0.0,
        "high": 1.0,
    }
    gap |= {
        "cause": cause,
        "reason": "2 of 3",
        "citation_rate": rate,
        "medoid_query_id": "q0",
        "is_closable": True,
        "rank": 1,
    }
    return {
        "queries": QUERIES.table(
            [
                {"query_id": i, "text": text, "demand": 1.0}
                for i, (text, _) in zip(ids, questions, strict=True)
            ]
        ),
        "coverage": COVERAGE.table(
            [
                {"query_id": i, "own_passage_id": p, **at}
                for i, (_, p) in zip(ids, questions, strict=True)
            ]
        ),
        "clusters": CLUSTERS.table(
            [{"query_id": i, "cluster_id": "c", "membership": 1.0} for i in ids]
        ),
        "gaps": GAPS.table(
            [
                {
                    **gap,
                    "own_passage_id": questions[0][1],
                    "unsupported_claims": "Descale it monthly.",
                }
            ]
        ),
        "answers": ANSWERS.table(
            [
                {
                    "answer_id": f"a{n}",
                    "query_id": "q0",
                    "engine": "e",
                    "text": text,
                    "has_searched": True,
                }
                for n, text in enumerate(texts)
            ]
        ),
    }


def test_without_a_log_relevance_is_not_assessed(tmp_path):
    audits, _ = audit_pages(tables_of(tmp_path, {"a.html": html()}))
    assert set(audits.loc[audits["pillar"] == "relevance", "outcome"]) == {"not assessed"}


def test_a_passage_that_a_misworded_group_of_questions_ends_at_is_found(tmp_path):
    pages = {"a.html": html(), "b.html": html()}
    questions = [
        ("how many cups does it make", f"{PAGE}#0"),
        ("is it big enough for six", f"{PAGE}#0"),
    ]
    outcomes, findings = audited(
        tmp_path, pages, "asked_words", **log_of(*questions, cause="mis-worded", coverage=0.3)
    )
    assert outcomes == {PAGE: "failed", "kettles.example/b.html": "not applicable"}
    assert findings["passage_id"].to_list() == [f"{PAGE}#0"]
    assert "how many cups does it make" in findings["evidence"].iloc[0]
    outcomes, findings = audited(
        tmp_path, pages, "asked_words", **log_of(*questions, cause="missing", coverage=0.1)
    )
    assert outcomes[PAGE] == "passed", "no page is blamed for what no page says"


def test_a_question_that_is_held_out_is_neither_proposed_nor_quoted(tmp_path):
    questions = [
        ("how many cups does it make", f"{PAGE}#0"),
        ("is it big enough for six", f"{PAGE}#0"),
    ]
    log = log_of(*questions, cause="mis-worded", coverage=0.3)
    first = audited(tmp_path, {"a.html": html()}, "asked_words", **log)[1]
    assert first["after"].to_list() == ["how many cups does it make"]
    _, findings = audited(
        tmp_path, {"a.html": html()}, "asked_words", **log, holdout=frozenset({"q0"})
    )
    assert findings["after"].to_list() == ["is it big enough for six"]
    assert findings["evidence"].to_list() == ["asked 9 times: “is it big enough for six”"]
    _, findings = audited(
        tmp_path, {"a.html": html()}, "asked_words", **log, holdout=frozenset({"q0", "q1"})
    )
    assert findings["operation"].to_list() == ["by_hand"]
    assert findings["evidence"].to_list() == ["asked 9 times"]


def test_a_heading_is_reworded_once_however_many_groups_of_questions_end_below_it(tmp_path):
    questions = [
        ("how many cups does it make", f"{PAGE}#0"),
        ("is it big enough for six", f"{PAGE}#0"),
    ]
    log = log_of(*questions, cause="mis-worded", coverage=0.3)
    log["clusters"] = log["clusters"].assign(cluster_id=["c", "d"])
    log["gaps"] = pd.concat(
        [log["gaps"], log["gaps"].assign(cluster_id="d", rank=2)], ignore_index=True
    )
    _, findings = audited(tmp_path, {"a.html": html()}, "asked_words", **log)
    assert findings["operation"].to_list() == ["reword_heading", "by_hand"]
    assert findings["evidence"].str.extract("“(.*)”")[0].to_list() == [
        text for text, _ in questions
    ]


def test_passed_over_questions_that_are_held_out_are_counted_and_not_quoted(tmp_path):
    questions = [(f"how do I descale kettle {n}", f"{PAGE}#0") for n in range(4)]
    log = log_of(*questions, rate=0.0, cause="retrieved but not cited")
    _, findings = audited(
        tmp_path, {"a.html": html()}, "passed_over", **log, holdout=frozenset({"q0", "q2"})
    )
    assert findings["evidence"].iloc[0].startswith("4 questions end here")
    assert findings["evidence"].str.findall(r"kettle \d").iloc[0] == ["kettle 1", "kettle 3"]


def test_the_time_of_an_audit_grows_as_pages_and_gaps_and_not_as_pages_times_gaps():
    n_pages = 300
    names = [f"kettles.example/p{n}" for n in range(n_pages)]
    page = {
        "site": "kettles.example",
        "status": "ok",
        "title": "Kettles",
        "language": "en",
        "text": FILLER,
    }
    passage = {
        "site": "kettles.example",
        "position": 0,
        "heading_path": "Kettles",
        "text": FILLER,
        "n_words": 9,
    }
    log = log_of(
        *((f"how do I descale kettle {n}", f"{name}#0") for n, name in enumerate(names)), rate=0.0
    )
    log["clusters"] = log["clusters"].assign(cluster_id=[f"c{n}" for n in range(n_pages)])
    gap = log["gaps"].iloc[0].to_dict() | {"cause": "retrieved but not cited", "n_queries": 4}
    log["gaps"] = GAPS.table([gap | {"cluster_id": f"c{n}", "rank": n + 1} for n in range(n_pages)])
    pages = PAGES.table([page | {"page_id": name, "url": f"https://{name}"} for name in names])
    passages = PASSAGES.table(
        [passage | {"page_id": name, "passage_id": f"{name}#0"} for name in names]
    )
    view = view_site(SiteTables("kettles.example", pages, passages, OUTLINES.empty(), **log))
    started = time.process_time()
    assert [check_completeness(page, view).n_examined for page in view.pages] == [1] * n_pages
    assert time.process_time() - started < 4  # every gap weighed on every page: 20 seconds


def test_the_time_of_plain_words_grows_as_its_sentences_do(tmp_path):
    text = " ".join(f"It is red {n}." for n in range(1500)) + " The kettle whistles loudly." * 12
    log = log_of(
        ("is it red", f"{PAGE}#0"), texts=tuple(f"{FILLER} {number}" for number in range(90))
    )
    site = tables_of(tmp_path, {"a.html": html(f"<h2>Colours</h2><p>{text}</p>")}, **log)
    view = view_site(site)
    started = time.process_time()
    assert check_plain_words(view.pages[0], view).n_examined == 2
    assert time.process_time() - started < 4  # each run read anew from each start: minutes


def test_a_run_to_judge_words_by_is_the_shortest_from_each_sentence_with_longer_words_on():
    six, five, none = (
        "Kettles whistle loudly after boiling water there.",
        "Steel holds three litres while boiling.",
        "It is red.",
    )
    # longer words without a capital: whistle, loudly, after, boiling, water, there; holds, three,
    # litres, while, boiling
    section = PageSection(
        "", "", 1, (Paragraph("text", " ".join([none, six, six, none, five, six, six])),)
    )
    assert find_runs(section) == [
        f"{six} {six}",
        f"{six} {none} {five} {six}",
        f"{five} {six} {six}",
        f"{six} {six}",
    ]


def test_a_page_that_is_found_and_passed_over_is_found(tmp_path):
    questions = [(f"how do I descale kettle {n}", f"{PAGE}#0") for n in range(4)]
    over = {"cause": "retrieved but not cited"}
    outcomes, findings = audited(
        tmp_path, {"a.html": html()}, "passed_over", **log_of(*questions, rate=0.0, **over)
    )
    assert outcomes == {PAGE: "failed"}
    assert "Descale it monthly." in findings["reason"].iloc[0]
    outcomes, _ = audited(
        tmp_path, {"a.html": html()}, "passed_over", **log_of(*questions, rate=0.4, **over)
    )
    assert outcomes == {PAGE: "passed"}


def test_a_passage_in_words_that_nobody_uses_is_found_where_the_log_is_large_enough(tmp_path):
    jargon = (
        "The vessel accommodates volumetric ingress commensurate with communal infusion "
        "requirements, predicated upon instantaneous thermal transference throughout the "
        "circumferential periphery of the receptacle."
    )
    plain = "It makes enough tea for six, and the water boils fast because the base is wide."
    pages = {
        "a.html": html(f"<h2>Capacity</h2><p>{jargon}</p>"),
        "b.html": html(f"<h2>Capacity</h2><p>{plain}</p>"),
    }
    questions = [("how many cups of tea does it make", "kettles.example/b.html#1")]
    log = log_of(*questions, texts=(FILLER,) * 3)
    assert set(audited(tmp_path, pages, "plain_words", **log)[0].values()) == {"not assessed"}
    log = log_of(*questions, texts=tuple(f"{FILLER} {number}" for number in range(90)))
    outcomes, findings = audited(tmp_path, pages, "plain_words", **log)
    assert outcomes == {PAGE: "failed", "kettles.example/b.html": "passed"}
    assert findings["place"].iloc[0].endswith("Capacity")
    assert "volumetric" in findings["reason"].iloc[0]


def test_a_brand_that_no_third_party_is_cited_for_is_found(tmp_path):
    def outcome(sites):
        mentions = [
            {"answer_id": f"a{n}", "brand": "Kettles", "position": 0} for n in range(len(sites))
        ]
        cited = [
            {
                "answer_id": f"a{n}",
                "position": 0,
                "url": f"https://{site}/",
                "site": site,
                "kind": "cited",
            }
            for n, site in enumerate(sites)
        ]
        log = {
            "mentions": MENTIONS.table(mentions),
            "citations": CITATIONS.table(cited),
            "names": ("Kettles",),
        }
        return audited(tmp_path, {"index.html": html()}, "third_parties", **log)[0][
            "kettles.example/"
        ]

    assert outcome(["kettles.example"] * 20) == "failed"
    assert outcome(["kettles.example"] * 19 + ["magazine.example"]) == "passed"
    assert outcome(["kettles.example"] * 19) == "not assessed"


def cited_world(seed, effect, n_pages=60, n_queries=6, n_answers=4):
    """Return the row of a check that half of the pages of a log fail.

    These pages are cited less by `effect`; coverage moves citations too.
    """
    rng = pd.Series(range(n_pages)).sample(n_pages, random_state=seed).to_numpy()
    draw = np.random.default_rng(seed)
    failed = rng < n_pages // 2
    covered = draw.uniform(0.2, 1.0, n_pages)
    audits, answers, citations, coverage = [], [], [], []
    for page in range(n_pages):
        name = f"kettles.example/p{page}"
        columns = {"pillar": "clarity", "n_examined": 1, "n_failed": int(failed[page])}
        audits.append(
            {
                "page_id": name,
                "check": "heading_words",
                "outcome": "failed" if failed[page] else "passed",
                **columns,
            }
        )
        rate = np.clip(
            0.1 + 0.6 * covered[page] + draw.normal(0, 0.05) - effect * failed[page], 0, 1
        )
        for query in range(n_queries):
            query_id = f"{page}-{query}"
            columns = {"coverage": covered[page], "low": 0.0, "high": 1.0, "cause": "covered"}
            coverage.append({"query_id": query_id, "own_passage_id": f"{name}#0", **columns})
            for number in range(n_answers):
                answer = f"{query_id}-{number}"
                answers.append(
                    {
                        "answer_id": answer,
                        "query_id": query_id,
                        "engine": "e",
                        "text": "",
                        "has_searched": True,
                    }
                )
                if draw.uniform() < rate:
                    columns = {
                        "url": f"https://www.{name}",
                        "site": "kettles.example",
                        "kind": "cited",
                    }
                    citations.append({"answer_id": answer, "position": 0, **columns})
    log = CitedLog(
        ANSWERS.table(answers), CITATIONS.table(citations), COVERAGE.table(coverage), page_id
    )
    return measure_checks(AUDITS.table(audits), log, seed).set_index("check").loc["heading_words"]


def test_a_check_that_goes_with_being_cited_less_is_reported_with_its_interval():
    row = cited_world(seed=1, effect=0.25)
    assert row["low"] < -0.25 < row["high"] < 0
    assert row["p"] < 0.01
    assert row["reading"].startswith("association, no cause: pages that fail are cited less")
    assert (row["n_pages"], row["n_failed"]) == (60, 30)


def test_a_check_without_association_says_so_and_its_interval_covers_zero_as_often_as_stated():
    rows = [
        cited_world(seed, effect=0.0, n_pages=30, n_queries=4, n_answers=2) for seed in range(24)
    ]
    covers = sum(row["low"] <= 0 <= row["high"] for row in rows)
    false = sum(row["p"] <= 0.05 for row in rows)
    assert covers >= 20
    assert false <= 4
    assert sum(row["reading"].startswith("shows nothing on this log") for row in rows) == 24 - false


def test_few_pages_a_log_without_citations_and_circular_checks_have_no_figures():
    audits = AUDITS.table(
        [
            {
                "page_id": f"k/{n}",
                "check": check,
                "pillar": "x",
                "outcome": "failed" if n < 4 else "passed",
                "n_examined": 1,
                "n_failed": 1,
            }
            for n in range(20)
            for check in ("heading_words", "passed_over")
        ]
    )
    questions = [
        {
            "query_id": str(n),
            "own_passage_id": f"k/{n}#0",
            "coverage": 0.5,
            "low": 0.0,
            "high": 1.0,
            "cause": "x",
        }
        for n in range(20)
    ]
    answers = [
        {"answer_id": str(n), "query_id": str(n), "engine": "e", "text": "", "has_searched": True}
        for n in range(20)
    ]
    cited = [{"answer_id": "7", "position": 0, "url": "https://k/7", "site": "k", "kind": "cited"}]
    tables = ANSWERS.table(answers), CITATIONS.table(cited), COVERAGE.table(questions)
    readings = measure_checks(audits, CitedLog(*tables, page_id)).set_index("check")["reading"]
    assert readings["heading_words"].startswith(
        "too few pages to tell: 4 of the pages that questions end at fail, and 16 pass"
    )
    assert "circular" in readings["passed_over"]
    nobody = measure_checks(
        audits, CitedLog(tables[0], CITATIONS.empty(), tables[2], page_id)
    ).set_index("check")
    assert nobody.loc["heading_words", "reading"].startswith("not assessed")
    assert nobody["difference"].isna().all()


def test_what_is_found_on_a_site_is_found_once_and_goes_with_it(tmp_path):
    log = log_of(
        ("is it red", f"{PAGE}#0"), texts=tuple(f"{FILLER} {number}" for number in range(90))
    )
    view = view_site(tables_of(tmp_path, {"a.html": html(), "b.html": html()}, **log))
    outcomes = [check.look(page, view) for page in view.pages for check in CHECKS]
    n_cached = len(view.cache)
    assert [check.look(page, view) for page in view.pages for check in CHECKS] == outcomes
    assert n_cached == len(view.cache) > 0
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None


def test_the_same_input_gives_the_same_audit_and_figures(tmp_path):
    site = tables_of(tmp_path, {"a.html": html(STEPS), "b.html": html()})
    first, second = audit_pages(site), audit_pages(site)
    pd.testing.assert_frame_equal(first[0], second[0])
    pd.testing.assert_frame_equal(first[1], second[1])
    assert cited_world(3, 0.1).equals(cited_world(3, 0.1))
