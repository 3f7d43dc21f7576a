import numpy as np
import pandas as pd
import pytest

from coverage_kit.rank.causes import (
    causes_not_assessed,
    give_reason,
    lean_on_topics,
    name_causes,
    name_cluster_causes,
    pool_facts,
)
from coverage_kit.rank.outcomes import LogParties, count_outcomes, outcome_rates
from coverage_kit.tables import ANSWERS, CITATIONS, MENTIONS, QUERIES

# A covered topic of four questions, whose answers cite and name the site.
FACTS = {
    "even_coverage": np.nan,
    "coverage": 0.9,
    "limit": 0.5,
    "is_far": 0.0,
    "names_subject": 1.0,
    "naming_tells": 1.0,
    "parties_tell": 1.0,
    "answer_lead": 1.0,
    "is_reached": 1.0,
    "n_queries": 4,
    "n_answers": 12,
    "n_with_citations": 12,
    "searched": 1.0,
    "logs_citations": 1.0,
    "retrieved": 1.0,
    "has_retrieved": 1.0,
    "cited": 1.0,
    "mentioned": 1.0,
    "rival_mentioned": 0.0,
    "third_party": 0.3,
    "tracked": 1.0,
    "unfetched": np.nan,
    "own_best": 0.6,
    "margin": 0.1,
    "on_subject": 0.6,
}
UNCITED = {"cited": 0.0}
# Answers cite only others, and find neither the site nor a competitor.
NOBODYS = {"cited": 0.0, "retrieved": 0.0, "third_party": 1.0, "tracked": 0.0, "answer_lead": -1.5}
NO_CITATIONS = dict.fromkeys(
    ("cited", "retrieved", "has_retrieved", "third_party", "tracked"), np.nan
) | {"n_with_citations": 0}
NO_ANSWERS = NO_CITATIONS | dict.fromkeys(
    ("n_answers", "n_with_citations", "searched", "answer_lead", "mentioned"), np.nan
)


def cause(facts):
    row = FACTS | facts
    return name_causes(pd.DataFrame([row | {"even_coverage": row["coverage"]}])).item()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "covered"),
        ({"coverage": 0.2, **UNCITED, "answer_lead": -1.0}, "missing"),
        ({"coverage": 0.2, **NO_ANSWERS}, "missing"),
        # a passage says what the answers say, and engines do not cite it
        ({"coverage": 0.2, **UNCITED}, "mis-worded"),
        ({"coverage": 0.2, **NO_CITATIONS}, "mis-worded"),
        # a coverage that is not sure: do the questions come upon the page?
        ({"coverage": 0.6, **UNCITED, "is_reached": 0.2}, "mis-worded"),
        ({"coverage": 0.6, **UNCITED}, "retrieved but not cited"),
        # engines do cite it, so they reach it, whatever words the question uses
        ({"coverage": 0.2}, "covered"),
        # the coverage is not sure, no answer cites the site, and no passage agrees with any
        ({"coverage": 0.6, **UNCITED, "answer_lead": -1.0}, "missing"),
        (UNCITED, "retrieved but not cited"),
        ({**UNCITED, "retrieved": 0.0}, "not retrieved"),
        # access logs show that the engines that cite others never read the page
        ({**UNCITED, "retrieved": 0.0, "unfetched": 0.8}, "not fetched"),
        ({**UNCITED, "retrieved": 0.0, "unfetched": 0.2}, "not retrieved"),
        ({**UNCITED, "has_retrieved": 0.0, "retrieved": 0.0, "unfetched": 0.8}, "not fetched"),
        ({**UNCITED, "retrieved": 0.9, "unfetched": 0.8}, "retrieved but not cited"),
        ({"unfetched": 1.0}, "covered"),
        ({**UNCITED, "retrieved": 0.0, "has_retrieved": 0.0}, "not cited"),
        # nothing is said of citations on a few answers, or where answers say other things
        ({**UNCITED, "n_with_citations": 5}, "covered"),
        ({**UNCITED, "answer_lead": -1.0}, "covered"),
        # others are named in place of the brand
        ({"mentioned": 0.0, "rival_mentioned": 0.3}, "cited but not mentioned"),
        ({"mentioned": 0.0}, "covered"),
        ({"mentioned": 0.2, "rival_mentioned": 0.3}, "covered"),
        # the log has no citations
        (NO_CITATIONS, "not logged"),
        (NO_ANSWERS, "covered"),
        ({"coverage": 0.2, "searched": 0.0, **UNCITED}, "unwinnable"),
        ({"coverage": 0.2, **NOBODYS}, "unwinnable"),
        ({"coverage": 0.2, **NOBODYS, "n_queries": 1}, "missing"),
        ({"coverage": 0.2, **NOBODYS, "parties_tell": 0.0}, "missing"),
        ({"coverage": 0.2, **NOBODYS, "retrieved": 0.2, "tracked": 0.2}, "missing"),
        ({"coverage": 0.8, **NOBODYS, "names_subject": 0.2}, "out of scope"),
        ({"coverage": 0.2, "names_subject": 0.0, "is_far": 1.0, **NO_ANSWERS}, "out of scope"),
        # never where the question names the site's subject, or a competitor is found for it
        ({"coverage": 0.2, "is_far": 1.0, **NO_ANSWERS}, "missing"),
        (
            {"coverage": 0.2, "names_subject": 0.0, "is_far": 1.0, **UNCITED, "answer_lead": -1.0},
            "missing",
        ),
        # where few covered questions name the subject, not to name it says nothing
        ({"coverage": 0.2, "names_subject": 0.0, "naming_tells": 0.0, **NOBODYS}, "unwinnable"),
    ],
)
def test_each_cause_by_its_facts(facts, expected):
    assert cause(facts) == expected


def test_a_cluster_is_a_gap_by_its_severity():
    pooled = pd.DataFrame(
        [FACTS | {"answer_lead": -1.0, "even_coverage": 0.8} | UNCITED], index=["c"]
    )
    assert name_cluster_causes(pooled, pd.Series({"c": 0.7})).to_dict() == {"c": "missing"}
    assert name_cluster_causes(pooled, pd.Series({"c": 0.1})).to_dict() == {"c": "covered"}


def test_the_reason_of_a_log_without_citations_has_no_rate():
    reason = give_reason(pd.Series(FACTS | NO_CITATIONS), "not logged")
    assert "citations are not logged" in reason
    assert "cite your site" not in reason
    assert "100% of answers searched, 100% cite your site" in give_reason(
        pd.Series(FACTS), "covered"
    )


def answer(name, query, engine="e", text="x", has_searched=True):
    return {
        "answer_id": name,
        "query_id": query,
        "engine": engine,
        "text": text,
        "has_searched": has_searched,
    }


def citations_of(*rows):
    return CITATIONS.table(
        [
            {"answer_id": a, "position": n, "url": f"https://{site}/", "site": site, "kind": kind}
            for n, (a, site, kind) in enumerate(rows)
        ]
    )


def mentions_of(*rows):
    return MENTIONS.table(
        [{"answer_id": a, "brand": brand, "position": n} for n, (a, brand) in enumerate(rows)]
    )


PARTIES = LogParties("ours", "Ours", frozenset({"theirs"}))


def test_outcomes_by_hand():
    answers = ANSWERS.table([answer("a", "q"), answer("b", "q", has_searched=False)])
    citations = citations_of(
        ("a", "ours", "cited"),
        ("a", "news", "cited"),
        ("a", "theirs", "cited"),
        ("a", "news", "retrieved"),
    )
    mentions = mentions_of(("b", "Ours"), ("a", "Theirs"), ("b", "Theirs"))
    rates = outcome_rates(count_outcomes(answers, citations, mentions, PARTIES)).loc["q"]
    assert rates["n_answers"] == rates["n_with_citations"] == 2
    assert rates["searched"] == rates["cited"] == rates["retrieved"] == rates["mentioned"] == 0.5
    assert rates["tracked"] == 0.5
    assert rates["rival_mentioned"] == 1.0
    assert rates["third_party"] == pytest.approx(1 / 3)  # of answer a alone; b cites nobody


def test_only_engines_that_log_citations_count_for_citations():
    """Of engine f the log holds no page at all; e's second answer cites nobody."""
    answers = ANSWERS.table(
        [answer("a", "q"), answer("b", "q"), answer("c", "q", "f"), answer("d", "r", "f")]
    )
    outcomes = count_outcomes(answers, citations_of(("a", "ours", "cited")), mentions_of(), PARTIES)
    rates = outcome_rates(outcomes)
    assert rates["cited"].loc["q"] == 0.5
    assert rates["n_with_citations"].to_dict() == {"q": 2, "r": 0}
    assert pd.isna(rates.loc["r", ["cited", "retrieved", "tracked", "third_party"]]).all()
    assert rates["mentioned"].to_dict() == {"q": 0.0, "r": 0.0}


def test_an_answer_without_words_names_nobody_only_if_the_log_says_so():
    answers = ANSWERS.table([answer("a", "q", text=" "), answer("b", "q", text="")])
    outcomes = count_outcomes(answers, citations_of(), mentions_of(("b", "Theirs")), PARTIES)
    assert outcomes["mentioned"].isna().tolist() == [True, False]
    assert outcomes["rival_mentioned"].tolist()[1] == 1.0


def test_a_query_is_read_with_three_answers_of_its_topic():
    facts = pd.DataFrame(
        [
            FACTS | {"cited": 0.0, "n_answers": 1, "n_with_citations": 1, "n_queries": 1},
            FACTS | {"cited": 1.0, "n_answers": 3, "n_with_citations": 3, "n_queries": 1},
            FACTS | NO_ANSWERS | {"n_queries": 1, "names_subject": 0.0, "is_far": 1.0},
        ],
        index=["q0", "q1", "q2"],
    )
    queries = QUERIES.table([{"query_id": q, "text": q, "demand": 1.0} for q in facts.index])
    cluster_of = pd.Series("c", index=facts.index)
    pooled = pool_facts(facts, queries, cluster_of)
    assert pooled.loc["c", ["n_queries", "n_answers", "n_with_citations"]].tolist() == [3, 4, 4]
    assert pooled.loc["c", "cited"] == 0.5
    leant = lean_on_topics(facts, pooled, cluster_of)
    assert leant["cited"].tolist() == [
        pytest.approx((1 * 0 + 3 * 0.5) / 4),
        pytest.approx((3 * 1 + 3 * 0.5) / 6),
        0.5,
    ]
    # a far question of a near topic that names the subject is not off it
    assert leant.loc["q2", "is_far"] == pytest.approx(1 / 3)
    assert leant.loc["q2", "names_subject"] == pytest.approx(2 / 3)
    assert (leant["n_answers"] == 4).all()


def test_a_log_with_everything_shows_all_causes():
    facts = pd.DataFrame([FACTS | {"rival_mentioned": 0.5}] * 25)
    assert causes_not_assessed(facts) == {}


def test_what_a_log_lacks_is_said():
    no_answers = causes_not_assessed(pd.DataFrame([FACTS | NO_ANSWERS] * 25))
    assert set(no_answers) == {
        "mis-worded",
        "not fetched",
        "not retrieved",
        "retrieved but not cited",
        "not cited",
        "cited but not mentioned",
        "unwinnable",
    }
    assert set(no_answers.values()) == {
        "The log holds no answers.",
        "The log holds no answers, whose words would show which passage says the same.",
    }
    no_citations = causes_not_assessed(pd.DataFrame([FACTS | NO_CITATIONS] * 25))
    assert no_citations["not cited"] == "The log holds no citations."
    assert "mis-worded" not in no_citations
    few = causes_not_assessed(pd.DataFrame([FACTS] * 8))
    assert "the log has them for 8" in few["mis-worded"]
    assert "at least 20 clearly covered questions" in few["out of scope"]
