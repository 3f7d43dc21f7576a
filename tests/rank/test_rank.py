from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coverage_kit.contracts import Effect, Home, NewPage
from coverage_kit.rank.briefs import Brief, BriefQuestion, Fact, Slot
from coverage_kit.rank.candidates import Candidate, EditedSite
from coverage_kit.rank.causes import gather_facts, pool_facts
from coverage_kit.rank.drafts import ClaimBook, DraftSources, as_question
from coverage_kit.rank.edits import (
    explain_no_edits,
    list_facts,
    open_questions,
    propose_edits,
)
from coverage_kit.rank.gaps import ClusterFacts, nearest_to_clusters, order_gaps, rank_gaps
from coverage_kit.rank.outcomes import LogParties, count_outcomes, outcome_rates
from coverage_kit.rank.select import Limits, rank_edits
from coverage_kit.rank.simulate import ANSWERED_SHARE, edit_table, simulate_edits
from coverage_kit.settings import RankSettings
from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    CLUSTERS,
    COVERAGE,
    EVIDENCE,
    LABELS,
    MATCHES,
    MENTIONS,
    PASSAGES,
    QUERIES,
)
from coverage_kit.vocabulary import NO_EDIT


def small_log():
    """Two clusters of three queries: c0 uncovered with little demand, c1 covered with much."""
    names = [f"q{n}" for n in range(6)]
    coverage = [0.1, 0.2, 0.1, 0.9, 0.8, 0.9]
    queries = QUERIES.table(
        [
            {
                "query_id": q,
                "text": f"how about topic {n // 3} part {n}",
                "demand": 1.0 if n < 3 else 50.0,
            }
            for n, q in enumerate(names)
        ]
    )
    table = COVERAGE.table(
        [
            {
                "query_id": q,
                "coverage": c,
                "low": c,
                "high": c,
                "own_passage_id": "ours/a#0",
                "cause": "unknown",
            }
            for q, c in zip(names, coverage, strict=True)
        ]
    )
    clusters = CLUSTERS.table(
        [
            {"query_id": q, "cluster_id": f"c{n // 3}", "membership": 1.0}
            for n, q in enumerate(names)
        ]
    )
    labels = LABELS.table(
        [
            {"cluster_id": f"c{k}", "label": f"topic {k}", "medoid_query_id": f"q{3 * k}"}
            for k in range(2)
        ]
    )
    others = dict.fromkeys(
        ("precedence", "focus", "coherence", "contrast", "lexical", "query_margin"), 0.5
    )
    others |= dict.fromkeys(("heading", "heading_precedence", "on_subject"), 0.5)
    evidence = EVIDENCE.table(
        [{"query_id": q, "own_best": 0.3 if n < 3 else 0.7, **others} for n, q in enumerate(names)]
    )
    return queries, table, clusters, labels, evidence


def nobody_names(queries):
    return pd.Series(False, index=queries["query_id"])


def ranked_gaps():
    queries, coverage, clusters, labels, evidence = small_log()
    no_answers = outcome_rates(
        count_outcomes(
            ANSWERS.empty(), CITATIONS.empty(), MENTIONS.empty(), LogParties("o", "O", frozenset())
        )
    )
    unlogged = no_answers.assign(unfetched=float("nan"))
    facts = gather_facts(evidence, coverage, unlogged, nobody_names(queries))
    pooled = pool_facts(facts, queries, clusters.set_index("query_id")["cluster_id"])
    draws = np.tile(coverage["coverage"].to_numpy(), (21, 1))
    near_rows = [
        ("q0", "ours/a#0", "ours", 0.5),
        ("q0", "theirs/b#0", "theirs", 0.4),
        ("q3", "ours/a#1", "ours", 0.6),
    ]
    rows = [
        {"query_id": q, "passage_id": p, "site": s, "rank": 1, "similarity": x}
        for q, p, s, x in near_rows
    ]
    nearest = nearest_to_clusters(MATCHES.table(rows), queries, clusters, "ours")
    assert nearest["own_passage_id"].tolist() == ["ours/a#0", "ours/a#1"]
    assert nearest["best_other_passage_id"].isna().tolist() == [False, True]
    return (
        rank_gaps(queries, coverage, draws, clusters, labels, ClusterFacts(pooled, nearest)),
        queries,
        coverage,
        clusters,
    )


def test_severity_and_demand_stay_two_axes():
    """The covered cluster has fifty times the demand and does not come first."""
    gaps, *_ = ranked_gaps()
    assert gaps["cluster_id"].tolist() == ["c0", "c1"]
    assert gaps["cause"].tolist() == ["missing", "covered"]
    assert gaps["demand"].tolist() == [3.0, 150.0]
    mean_gap = np.average(
        1 - np.array([0.1, 0.2, 0.1, 0.9, 0.8, 0.9]), weights=[1, 1, 1, 50, 50, 50]
    )
    assert gaps.loc[0, "severity"] == pytest.approx((0.9 + 0.8 + 0.9 + mean_gap) / 4)
    assert (gaps["low"] <= gaps["severity"]).all()
    assert (gaps["severity"] <= gaps["high"]).all()
    assert gaps["rank"].tolist() == [1, 2]


def test_measured_demand_comes_before_a_larger_estimate_of_equal_likelihood():
    gaps, *_ = ranked_gaps()
    equal = gaps.assign(listing="to close", likelihood="likely", demand=[3.0, 150.0])
    assert order_gaps(equal)["cluster_id"].tolist() == ["c1", "c0"]
    estimated = equal.assign(demand_kind=["measured", "estimated"])
    assert order_gaps(estimated)["cluster_id"].tolist() == ["c0", "c1"]
    # Of what is likely and what is possible the likely comes first, however it is known.
    possible = estimated.assign(likelihood=["possible", "likely"])
    assert order_gaps(possible)["cluster_id"].tolist() == ["c1", "c0"]


def test_a_gap_has_the_kind_and_the_origin_of_most_of_its_demand():
    gaps, *_ = ranked_gaps()
    assert gaps["demand_kind"].tolist() == ["measured", "measured"]
    assert gaps["origin"].isna().all()


def test_a_log_without_demand_still_ranks():
    queries, coverage, clusters, labels, evidence = small_log()
    queries = queries.assign(demand=0.0)
    outcomes = count_outcomes(
        ANSWERS.empty(), CITATIONS.empty(), MENTIONS.empty(), LogParties("o", "O", frozenset())
    )
    facts = gather_facts(
        evidence,
        coverage,
        outcome_rates(outcomes).assign(unfetched=float("nan")),
        nobody_names(queries),
    )
    pooled = pool_facts(facts, queries, clusters.set_index("query_id")["cluster_id"])
    draws = np.tile(coverage["coverage"].to_numpy(), (21, 1))
    cluster_facts = ClusterFacts(pooled, nearest=pd.DataFrame(index=["c0", "c1"]))
    gaps = rank_gaps(queries, coverage, draws, clusters, labels, cluster_facts)
    assert gaps["severity"].between(0, 1).all()
    simulation = simulate_edits([make_candidate("good")], HandModel(), queries)
    assert np.isfinite(simulation.gain).all()
    assert np.isfinite(simulation.chances[0].chance).all()


def test_candidates_answer_the_open_questions_and_carry_no_invented_fact():
    gaps, queries, coverage, clusters = ranked_gaps()
    own = PASSAGES.table(
        [
            {
                "passage_id": "ours/a#0",
                "page_id": "ours/a",
                "site": "ours",
                "position": 0,
                "heading_path": "A > B",
                "text": "old words",
                "n_words": 2,
            }
        ]
    )
    dog = "The box takes a dog of forty kilos."
    brief = Brief(
        "Dogs",
        tuple(BriefQuestion(f"q{n}", f"Dog {n}?", 1.0) for n in range(3)),
        (Fact(dog, 2, query_ids=("q1",)),),
        (Slot("weight of the heaviest dog, in kg", "q0"),),
        n_answers=4,
    )
    questions = open_questions(gaps, queries, coverage, clusters)
    # a covered cluster needs no edit
    assert set(questions) == {"c0"}
    at_home = DraftSources(
        {"c0": brief}, {"c0": (Home("ours/a", 0.6, "ours/a#0"),)}, no_home={"c0": 0.2}
    )
    site = EditedSite(own)
    slow = RankSettings(section_minutes=50)
    short, full = propose_edits(gaps, questions, site, at_home, slow)
    assert (short.drafted_from, full.drafted_from) == (("q0",), ("q0", "q1", "q2"))
    assert full.home_share == pytest.approx(0.75)
    assert dog not in full.after
    assert f"- {dog}" in full.brief
    assert "[FACT NEEDED: a short answer to: Dog 1?]" in full.after
    assert "[FACT NEEDED: weight of the heaviest dog, in kg]" in full.after
    assert "2 of 4 answers" in full.brief
    facts = list_facts([short, full])
    assert facts["slot"].dropna().tolist() == ["weight of the heaviest dog, in kg"] * 2
    # where no page is the home, the text is a page of its own
    nowhere = DraftSources(
        {"c0": brief},
        {"c0": (Home("ours/a", 0.1, "ours/a#0"),)},
        {"c0": NewPage("ours/pets/", ".html", ("ours/a",))},
        {"c0": 0.8},
    )
    pages = propose_edits(gaps, questions, site, nowhere, RankSettings())
    assert {edit.operation for edit in pages} == {"add_page"}
    assert pages[0].page_id == "ours/pets/dogs.html"
    assert (pages[0].home_share, pages[0].links_from) == (1.0, ("ours/a",))


class HandModel:
    """Adding 'good' lifts q0 to q2 to .9; adding 'bad' lowers q3 by .5; nothing else matters."""

    before = coverage_now = np.array([0.1, 0.2, 0.1, 0.9, 0.8, 0.9])

    def simulate(self, changes):
        for change in changes:
            after = self.before.copy()
            if "good" in change.added:
                after[:3] = 0.9
            if "bad" in change.added:
                after[3] = 0.4
            rows = np.flatnonzero(after != self.before)
            yield Effect(
                rows=rows,
                before=np.tile(self.before[rows], (21, 1)),
                after=np.tile(after[rows], (21, 1)),
                answer_probability=np.full(len(rows), change.part),
            )


def make_candidate(text, cost=10.0, drafted=("q0", "q2"), text_share=1.0):
    return Candidate(
        cluster_id="c0",
        operation="add_question_and_answer",
        page_id=f"ours/{text}",
        heading_path="A",
        brief=text,
        cost_minutes=cost,
        drafted_from=tuple(drafted),
        added=(text,),
        n_words=10,
        text_share=text_share,
    )


def test_gain_is_from_no_answer_to_an_answer_and_harm_counts_twice():
    _, queries, _, _ = ranked_gaps()
    candidates = [
        make_candidate("good"),
        make_candidate("bad"),
        make_candidate("idle"),
        make_candidate("good", text_share=0.25),
        replace(make_candidate("idle"), is_answer=True),
        replace(make_candidate("idle"), is_answer=True, home_share=0.5),
        replace(make_candidate("good"), own_words=("q0",)),
    ]
    simulation = simulate_edits(candidates, HandModel(), queries)
    read = 0.8 + 0.7 + 0.8
    # a text that is written for q0 and q2 gives either of them an answer in this share
    written = ANSWERED_SHARE * (0.9 + 0.9)
    expected = [read, -2 * 0.5 * 50, 0, read / 4, written, written / 2, read - 0.4]
    np.testing.assert_allclose(simulation.gain[0], expected, atol=1e-9)
    np.testing.assert_allclose(simulation.harm, [0, 25, 0, 0, 0, 0, 0], atol=1e-9)
    effects = simulation.effects
    # the rows of an edit add up to its gain, and list all questions that it is for
    sums = effects.groupby("edit_id")["gain"].sum().reindex([f"e{n:04d}" for n in range(7)])
    np.testing.assert_allclose(sums, expected, atol=1e-9)
    idle = effects[effects["edit_id"] == "e0002"]
    assert idle["query_id"].tolist() == ["q0", "q2"]
    assert idle["is_drafted_from"].all()
    rise = effects["coverage_after"] - effects["coverage_before"]
    is_rise = effects["gain"] > 0
    np.testing.assert_allclose((effects["weight"] * rise)[is_rise], effects["gain"][is_rise])


def test_a_text_gains_no_less_on_a_page_of_its_own():
    _, queries, _, _ = ranked_gaps()
    own_page = replace(make_candidate("good"), is_answer=True)
    elsewhere = replace(own_page, home_share=0.6)
    simulation = simulate_edits([own_page, elsewhere], HandModel(), queries)
    assert simulation.gain[0, 1] == pytest.approx(0.6 * simulation.gain[0, 0])


def test_selection_counts_what_is_left_to_gain():
    """Of two equal edits the second adds nothing; a harmful edit is never on the frontier."""
    _, queries, _, _ = ranked_gaps()
    candidates = [
        make_candidate("good", 20.0),
        make_candidate("good", 10.0),
        make_candidate("bad", 1.0),
    ]
    simulation = simulate_edits(candidates, HandModel(), queries)
    edits, frontier = rank_edits(edit_table(candidates, simulation), simulation)
    assert edits["edit_id"].tolist() == ["e0001", "e0000", "e0002"]
    assert edits["is_chosen"].tolist() == [True, False, False]
    assert edits["marginal_gain"].tolist() == pytest.approx([2.3, 0, 0])
    assert frontier["edit_id"].tolist() == ["e0001"]
    assert frontier["gain"].tolist() == pytest.approx([2.3])
    assert frontier["bound"].tolist() == pytest.approx([2.3])
    assert frontier["cost_minutes"].tolist() == [10.0]


def test_limits_keep_pages_untouched_and_the_budget():
    _, queries, _, _ = ranked_gaps()
    candidates = [make_candidate("good", 20.0)]
    simulation = simulate_edits(candidates, HandModel(), queries)
    for limits in (Limits(minutes=10), Limits(words=5), Limits(locked_pages=("ours/go*",))):
        edits, _ = rank_edits(edit_table(candidates, simulation), simulation, limits)
        assert not edits["is_chosen"].any()
    limits = Limits(minutes=20, words=10, edits_per_page=1)
    edits, _ = rank_edits(edit_table(candidates, simulation), simulation, limits)
    assert edits["is_chosen"].all()


def test_no_candidates_no_edits_but_reasons():
    gaps, queries, _, _ = ranked_gaps()
    simulation = simulate_edits([], HandModel(), queries)
    edits, frontier = rank_edits(edit_table([], simulation), simulation)
    assert edits.empty
    assert frontier.empty
    lost = gaps.assign(is_closable=False, cause="unwinnable")
    edits, _ = rank_edits(edit_table([], simulation), simulation, unedited=explain_no_edits(lost))
    assert edits["operation"].tolist() == [NO_EDIT, NO_EDIT]
    assert edits["brief"].str.contains("third parties").all()
    assert not edits["is_chosen"].any()


def test_claims_that_many_make_and_the_site_lacks_come_first_and_none_twice():
    vectors = np.array([[1, 0, 0], [0.999, 0.04, 0], [0.9, 0.43, 0], [0, 0, 1]], dtype=np.float32)
    texts = [f"claim number {n} about the dog and its box" for n in range(4)]
    claims = pd.DataFrame({"query_id": "q", "text": texts, "own_similarity": [0.2, 0.2, 0.9, 0.9]})
    first, second, *_ = ClaimBook(claims, vectors).lacking(["q"], 3)
    assert first in texts[:2]  # said most, supported least
    assert second in texts[2:]  # its twin is left out
    assert ClaimBook(claims, vectors).lacking(["other"], 2) == []


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("can i hose it", "Can i hose it?"),
        ("dog box??", "Dog box?"),
        ("", ""),
        ("heron 5-year warranty", "Heron 5-year warranty?"),
        ("heron bike £499", "Heron bike £499?"),
        ("bike with 20% off", "Bike with 20% off?"),
        ("heron 200 spare parts", "Heron 200 spare parts"),
    ],
)
def test_headings_in_the_words_of_those_who_ask(text, heading):
    assert as_question(text) == heading
