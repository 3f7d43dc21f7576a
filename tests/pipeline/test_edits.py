"""The edits of the sample: sums, places, and how the plan serves the gaps."""

import numpy as np

from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import read_settings
from coverage_kit.vocabulary import NO_EDIT, PLANNED, TO_CLOSE
from tests.match.test_self_test import RandomEncoder
from tests.world import write_project

# Operations that add text to answer questions.
WRITTEN = ("add_page", "add_question_and_answer", "extend_passage")


def listed(analysis):
    edits = analysis.edits
    return edits[edits["operation"] != NO_EDIT]


def test_the_rows_of_every_edit_add_up_to_its_gain(sample_analysis):
    edits = listed(sample_analysis).set_index("edit_id")
    assert len(edits) > 15
    sums = sample_analysis.effects.groupby("edit_id")["gain"].sum().reindex(edits.index)
    np.testing.assert_allclose(sums, edits["gain"], atol=1e-6)


def test_text_is_written_only_where_no_passage_answers_and_on_a_page_that_is_the_home(
    sample_analysis,
):
    edits = listed(sample_analysis).merge(
        sample_analysis.gaps[["cluster_id", "cause", "own_passage_id"]], on="cluster_id"
    )
    written = edits[edits["operation"].isin(WRITTEN)]
    assert set(written["cause"]) == {"missing"}
    sections = written[written["operation"] == "add_question_and_answer"]
    assert (sections["home_probability"] >= 0.6).all()
    pages = written[written["operation"] == "add_page"]
    known = set(sample_analysis.pages["page_id"])
    assert not known & set(pages["page_id"])
    # a page of its own is in a folder of the site, and other pages link to it
    folders = {page_id.rpartition("/")[0] for page_id in known}
    assert {page_id.rpartition("/")[0] for page_id in pages["page_id"]} <= folders
    is_linked = pages["links_from"].notna()
    assert is_linked.mean() > 0.8
    links = {link for lines in pages.loc[is_linked, "links_from"] for link in lines.split("\n")}
    alone = pages.loc[~is_linked, "brief"]
    assert alone.str.contains("No page is near enough to link to it", regex=False).all()
    assert links <= known


def test_the_questions_of_an_edit_are_the_open_questions_of_its_gap(sample_analysis):
    coverage = sample_analysis.coverage.set_index("query_id")["cause"]
    cluster_of = sample_analysis.clusters.set_index("query_id")["cluster_id"]
    edits = listed(sample_analysis).set_index("edit_id")
    asked = sample_analysis.effects[sample_analysis.effects["is_drafted_from"].astype(bool)]
    asked = asked[asked["edit_id"].map(edits["operation"]).isin(WRITTEN)]
    assert len(asked) > 50
    assert set(coverage[asked["query_id"]]) <= {"missing", "mis-worded"}
    same = cluster_of[asked["query_id"]].to_numpy() == asked["edit_id"].map(edits["cluster_id"])
    assert same.all()


def test_minutes_are_multiples_of_five_within_the_budget(sample_analysis):
    edits = listed(sample_analysis)
    assert (edits["cost_minutes"] % 5 == 0).all()
    assert edits.loc[edits["is_chosen"], "cost_minutes"].sum() <= 480


def test_each_of_the_first_ten_gaps_is_planned_or_says_why_not(sample_analysis):
    gaps = sample_analysis.gaps
    first = gaps[gaps["listing"] == TO_CLOSE].sort_values("rank").head(10)
    planned = set(listed(sample_analysis).query("is_chosen")["cluster_id"])
    is_planned = first["plan"] == PLANNED
    assert is_planned.sum() >= 4
    assert set(first.loc[is_planned, "cluster_id"]) <= planned
    assert first.loc[~is_planned, "plan"].str.startswith("Not planned: ").all()


def test_no_slot_is_generic_and_no_rivals_fact_is_in_a_draft(sample_analysis):
    facts = sample_analysis.facts
    assert len(facts) > 100
    slots = facts["slot"].dropna()
    assert not slots.str.contains("what is true of your own offer").any()
    # what has a slot is another company's or doubtful: its words are in no draft
    after = sample_analysis.edits.set_index("edit_id")["after"]
    foreign = facts[facts["slot"].notna() & facts["text"].notna() & ~facts["is_known"]]
    assert len(foreign) > 20
    for row in foreign.to_dict("records"):
        assert row["text"] not in after[row["edit_id"]]


def test_no_page_is_a_home_where_the_encoder_cannot_read(tmp_path):
    blind = analyze(read_settings(write_project(tmp_path)), RandomEncoder())
    assert blind.about.retrievers["meaning"] == 0
    edits = listed(blind)
    assert "add_question_and_answer" not in set(edits["operation"])
