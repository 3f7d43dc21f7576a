"""Edits that repair pages: priced, simulated with the words they rewrite, with no invented fact."""

import pandas as pd
import pytest

from coverage_kit.rank.candidates import EditedSite
from coverage_kit.rank.repairs import (
    clusters_of_pages,
    price_finding,
    propose_facts,
    propose_repairs,
)
from coverage_kit.settings import RankSettings
from coverage_kit.tables import BRAND_CLAIMS, CLUSTERS, COVERAGE, FINDINGS, PASSAGES, QUERIES

EFFORT = RankSettings()
TEXTS = {
    "a.example/p": ["As said above, it is red.", "We are the best."],
    "a.example/q": ["It is a bike. It costs £5. Buy it."],
}
SITE = EditedSite(
    PASSAGES.table(
        [
            {
                "passage_id": f"{page_id}#{n}",
                "page_id": page_id,
                "site": "a.example",
                "position": n,
                "heading_path": f"{page_id[-1]} > Part {n}",
                "text": text,
                "n_words": len(text.split()),
            }
            for page_id, texts in TEXTS.items()
            for n, text in enumerate(texts)
        ]
    )
)
QUERY = QUERIES.table(
    [
        {"query_id": f"q{n}", "text": text, "demand": float(demand)}
        for n, (text, demand) in enumerate([("red", 1), ("how much", 9)])
    ]
)
CLUSTER = CLUSTERS.table(
    [{"query_id": f"q{n}", "cluster_id": f"c{n}", "membership": 1.0} for n in range(2)]
)


def finding(number, check="superlatives", **values):
    return {
        "finding_id": f"f{number}",
        "page_id": "a.example/p",
        "passage_id": None,
        "pillar": "clarity",
        "check": check,
        "place": "p > Part 0",
        "evidence": "words",
        "reason": "It is weak.",
        "remedy": "Mend it.",
        "before": None,
        "after": None,
        "n_words": 0,
        "n_claims": 0,
        "operation": "by_hand",
        **values,
    }


def claim(number, verdict, **values):
    return {
        "claim_id": f"k{number}",
        "answer_id": "a0",
        "query_id": "q1",
        "engine": "chatgpt",
        "surface": "api",
        "text": f"Acme costs £{number}.",
        "verdict": verdict,
        "passage_id": "a.example/q#0",
        "own_words": "It costs £5.",
        "reason": "",
        "judge": "plain",
        "asked_at": None,
        **values,
    }


def test_a_remedy_costs_a_heading_its_words_and_its_claims():
    assert price_finding(finding(0, n_words=50, n_claims=2), EFFORT) == pytest.approx(
        3 + 50 * 0.02 + 2 * 10
    )


def test_a_page_belongs_to_the_cluster_with_most_demand_near_it():
    own = ["a.example/p#0", "a.example/p#1"]
    coverage = [
        {
            "query_id": f"q{n}",
            "coverage": 0.5,
            "low": 0,
            "high": 1,
            "own_passage_id": own[n],
            "cause": "x",
        }
        for n in range(2)
    ]
    assert clusters_of_pages(COVERAGE.table(coverage), CLUSTER, QUERY, SITE.passages) == {
        "a.example/p": "c1"
    }


def test_one_candidate_a_page_and_check_and_none_where_no_question_leads():
    findings = FINDINGS.table(
        [finding(0), finding(1), finding(2, "headings"), finding(3, page_id="a.example/q")]
    )
    repairs = propose_repairs(findings, {"a.example/p": "c1"}, SITE, EFFORT)
    assert [(repair.operation, repair.page_id, repair.cost_minutes) for repair in repairs] == [
        ("repair", "a.example/p", cost) for cost in (5, 5)
    ]
    assert repairs[0].brief.count("- p > Part 0") == 1
    assert [change.action for change in repairs[0].changes] == ["by_hand"]
    assert (repairs[0].added, repairs[0].removed) == ((), ())


def test_words_that_a_remedy_rewrites_are_simulated_in_their_passage():
    rewrite = finding(
        0, passage_id="a.example/p#0", before="As said above, it", after="It", operation="rewrite"
    )
    (repair,) = propose_repairs(FINDINGS.table([rewrite]), {"a.example/p": "c1"}, SITE, EFFORT)
    assert repair.changes[0][:3] == ("replace_passage", "a.example/p", "a.example/p#0")
    assert repair.changes[0].after == "It is red."
    assert repair.added[0].text == "It is red."
    assert repair.removed == ("a.example/p#0",)


def test_a_remedy_with_a_slot_is_written_down_and_not_simulated():
    rewrite = finding(
        0,
        passage_id="a.example/p#1",
        before="the best",
        after="the best [SOURCE NEEDED: who?]",
        operation="rewrite",
    )
    (repair,) = propose_repairs(FINDINGS.table([rewrite]), {"a.example/p": "c1"}, SITE, EFFORT)
    assert repair.after == "We are the best [SOURCE NEEDED: who?]."
    assert repair.added == ()


def test_a_reworded_heading_changes_the_heading_and_not_the_same_words_in_the_text():
    rewrite = finding(
        0,
        passage_id="a.example/p#0",
        before="Part 0",
        after="Is it red?",
        operation="reword_heading",
    )
    (repair,) = propose_repairs(FINDINGS.table([rewrite]), {"a.example/p": "c1"}, SITE, EFFORT)
    assert repair.changes[0][:4] == (
        "replace_heading",
        "a.example/p",
        "a.example/p#0",
        "p > Part 0",
    )
    assert repair.added == (("p > Is it red?", "As said above, it is red."),)


def test_what_the_site_says_otherwise_moves_to_the_front_of_its_passage():
    claims = BRAND_CLAIMS.table(
        [claim(7, "contradicted"), claim(9, "contradicted", engine="gemini"), claim(1, "supported")]
    )
    (repair,) = propose_facts(claims, QUERY, CLUSTER, SITE, EFFORT)
    assert repair.after == "It costs £5. It is a bike. Buy it."
    assert (repair.operation, repair.cluster_id, repair.page_id) == (
        "state_fact",
        "c1",
        "a.example/q",
    )
    assert (repair.added[0].text, repair.removed) == (repair.after, ("a.example/q#0",))
    assert "Answers of chatgpt, gemini contradict the site." in repair.brief
    assert repair.cost_minutes == 10


def test_a_sentence_that_stands_in_front_already_is_left_to_the_editor():
    claims = BRAND_CLAIMS.table([claim(7, "contradicted", own_words="It is a bike.")])
    (repair,) = propose_facts(claims, QUERY, CLUSTER, SITE, EFFORT)
    assert [change.action for change in repair.changes] == ["by_hand"]
    assert (repair.after, repair.added) == (None, ())


def test_what_the_site_does_not_say_is_asked_of_the_editor_and_gains_nothing():
    (repair,) = propose_facts(
        BRAND_CLAIMS.table([claim(7, "unsupported")]), QUERY, CLUSTER, SITE, EFFORT
    )
    slot = "[FACT NEEDED: is it true that “Acme costs £7.”? Say what is.]"
    assert repair.after == f"It is a bike. It costs £5. Buy it.\n\n{slot}"
    assert repair.added == ()
    assert repair.cost_minutes == 20


def test_claims_without_an_own_passage_make_no_edit():
    claims = BRAND_CLAIMS.table([claim(7, "unsupported", passage_id=None)])
    assert propose_facts(claims, QUERY, CLUSTER, SITE, EFFORT) == []
    assert propose_facts(BRAND_CLAIMS.empty(), QUERY, CLUSTER, SITE, EFFORT) == []
    assert propose_repairs(FINDINGS.empty(), {}, SITE, EFFORT) == []
    assert isinstance(SITE.twins, pd.DataFrame)
