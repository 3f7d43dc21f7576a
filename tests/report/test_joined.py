from dataclasses import replace

import pytest

from coverage_kit.analysis import About
from coverage_kit.headline import summarize
from coverage_kit.report import joined
from coverage_kit.report.trust import describe_self_test, is_coverage_reliable, predicted_under
from coverage_kit.report.wording import CAUSES


def test_headline_of_two_queries_is_weighted_by_demand(tiny):
    head = summarize(tiny)
    assert (head.n_queries, head.demand) == (2, 4.0)
    assert (head.covered, head.covered_low, head.covered_high) == pytest.approx((0.3, 0.2, 0.45))
    assert (head.n_gaps, head.n_severe) == (1, 1)


def test_plan_is_what_was_chosen(analysis):
    head = summarize(analysis)
    # minutes 10 + ... + 16; gains 20 + ... + 14
    assert (head.n_planned, head.planned_minutes, head.planned_gain) == (7, 91.0, 119.0)
    # the frontier at the seventh edit: 10 + ... + 4; 30 + ... + 24
    assert (head.planned_low, head.planned_high) == (49.0, 189.0)
    assert list(joined.describe_edits(analysis)["is_chosen"]) == [True] * 7 + [False] * 5


def test_plan_with_a_hole_has_the_frontiers_interval_in_proportion(analysis):
    edits = analysis.edits.assign(is_chosen=analysis.edits["rank"].isin([1, 3]))
    head = summarize(replace(analysis, edits=edits))
    # minutes 10 + 12; gains 20 + 18
    assert (head.n_planned, head.planned_minutes, head.planned_gain) == (2, 22.0, 38.0)
    # the frontier at the third edit: 57 [27, 87]
    assert (head.planned_low, head.planned_high) == (
        pytest.approx(27 * 38 / 57),
        pytest.approx(87 * 38 / 57),
    )


def test_nothing_chosen_is_a_plan_of_nothing(analysis):
    head = summarize(replace(analysis, edits=analysis.edits.assign(is_chosen=False)))
    assert (head.n_planned, head.planned_minutes, head.planned_gain, head.planned_high) == (
        0,
        0.0,
        0.0,
        0.0,
    )


def test_no_edit_is_listed_separately(analysis):
    assert "no_edit" not in set(joined.describe_edits(analysis)["operation"])
    unedited = joined.list_unedited(analysis)
    assert list(unedited["edit_id"]) == ["e12"]
    assert list(unedited["label"]) == ["winter, bike"]


def test_gaps_that_no_edit_can_close_are_not_severe(analysis):
    lost = replace(analysis, gaps=analysis.gaps.assign(listing="out of reach"))
    assert (summarize(analysis).n_severe, summarize(lost).n_severe) == (2, 0)


def test_gap_names_its_medoid_first_then_the_most_asked(tiny):
    gaps = tiny.gaps.assign(medoid_query_id="q1")
    assert (
        joined.describe_gaps(replace(tiny, gaps=gaps))["queries"].iloc[0]
        == "range in hills\nhow far uphill"
    )


def test_page_has_the_queries_nearest_to_it_and_the_demand_it_covers(tiny):
    pages = joined.describe_pages(tiny).set_index("page_id")
    own, other = pages.loc["shop.example/p1"], pages.loc["rival.example/p1"]
    assert (own["n_nearest"], own["demand_covered"]) == (1, pytest.approx(0.6))
    assert other["n_nearest"] == 1
    assert other[["demand_covered"]].isna().all()
    assert list(pages["is_own"][:5]) == [True] * 5


def test_query_counts_answers_and_those_that_cite_the_site(analysis):
    queries = joined.describe_queries(analysis).set_index("query_id")
    # every other query has one answer; every third answer cites shop.example
    assert queries["n_answers"].sum() == 20
    assert (
        queries.loc["q0", "n_cited"],
        queries.loc["q2", "n_cited"],
        queries["n_cited"].sum(),
    ) == (1, 0, 7)


def test_edit_helps_queries_that_add_to_its_gain(analysis):
    second = joined.describe_edits(analysis).iloc[1]
    assert second["n_helped"] == 2
    assert list(analysis.queries["text"][1:3]) == second["helped"].split("\n")


def test_rows_of_an_edit_add_up_to_its_gain(analysis):
    effects = joined.list_effects(analysis).groupby("edit_id")["gain"].sum()
    edits = joined.describe_edits(analysis).set_index("edit_id")["gain"]
    assert effects.reindex(edits.index).to_list() == pytest.approx(edits.to_list())


def test_gain_of_a_row_is_weight_times_rise_and_twice_what_is_lost(analysis):
    older = analysis.effects.assign(gain=float("nan"), weight=10.0)
    effects = joined.list_effects(replace(analysis, effects=older))
    gains = effects[effects["edit_id"] == "e0"]["gain"]
    # rises by .4 and .3, falls by .1
    assert gains.to_list() == pytest.approx([4.0, 3.0, -2.0])


def test_plan_of_a_gap_names_its_edits_or_the_reason(analysis):
    gaps = joined.describe_gaps(analysis)
    assert list(gaps["in_plan"][:3]) == [
        "In the plan: edits 1, 6",  # e0 and e5 are for c0
        "Not in the plan: too <b>dear</b>",
        "",
    ]


def test_gap_without_an_edit_of_its_own_is_served_by_the_edit_that_gains_most_from_it(analysis):
    plan = joined.plan_of_gaps(analysis)
    # c5 holds q5, q13 and so on; of the seven chosen edits e3 to e5 change q5, and of e5 it is the
    # first question, which gains .6 x 15 + 5.
    assert plan["c5"] == [6]
    assert "c7" in plan


@pytest.mark.parametrize(
    "describe",
    [joined.describe_gaps, joined.describe_queries, joined.describe_edits, joined.describe_pages],
)
def test_joined_tables_of_an_empty_run_are_empty(empty, describe):
    assert len(describe(empty)) == 0


def test_every_cause_has_words():
    assert all(wording.title and wording.what_to_do for wording in CAUSES.values())


@pytest.mark.parametrize("test", [None, {"auc": 0.69, "low": 0.6, "high": 0.7, "ece": 0.1}])
def test_failed_self_test_says_so_and_what_to_do(test):
    about = About(encoder="minilm", self_test=test)
    assert not is_coverage_reliable(about)
    assert "cannot detect gaps well on this site with encoder minilm" in describe_self_test(about)
    assert "stronger encoder" in describe_self_test(about)


def test_passed_self_test_has_its_interval(analysis):
    assert "AUC 0.81 (90% interval 0.76 to 0.86)" in describe_self_test(analysis.about)
    assert "cannot detect" not in describe_self_test(analysis.about)
    assert predicted_under(analysis.about) == "predicted under model minilm, self-test AUC 0.81"


def test_self_test_says_which_unanswered_share_coverage_assumes(analysis):
    estimated = describe_self_test(replace(analysis.about, unanswered_share=0.404))
    assert (
        "rests on an estimate that 40% of questions have no answer here. Checked questions replace "
        "it; if you know the share already, set match.unanswered_share" in estimated
    )
    configured = replace(
        analysis.about,
        unanswered_share=0.2,
        settings={"match": {"unanswered_share": 0.2}},
    )
    assert (
        "rests on the share of questions without an answer here that was given: 20%"
        in describe_self_test(configured)
    )
    assert "rests on" not in describe_self_test(analysis.about)  # an older run


@pytest.mark.parametrize(("low", "is_near"), [(0.69, True), (0.70, False)])
def test_self_test_whose_interval_reaches_below_the_minimum_auc_advises_caution(
    analysis, low, is_near
):
    about = replace(analysis.about, self_test={"auc": 0.72, "low": low, "high": 0.8})
    assert ("The interval reaches below 0.70" in describe_self_test(about)) is is_near
