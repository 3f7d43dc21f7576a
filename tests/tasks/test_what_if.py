import pytest

from coverage_kit.errors import RunError
from coverage_kit.tasks.what_if import what_if


def test_one_edit_alone_brings_its_gain(sample_analysis):
    for row in (
        sample_analysis.edits[sample_analysis.edits["gain"] > 0.1].iloc[::6].to_dict("records")
    ):
        answer = what_if(sample_analysis, [row["edit_id"]])
        assert answer.cost_minutes == row["cost_minutes"]
        assert answer.gain == pytest.approx(row["gain"], rel=0.1, abs=0.05)
        assert answer.low <= answer.gain <= answer.high


def test_the_chosen_edits_bring_what_the_list_says(sample_analysis):
    chosen = sample_analysis.edits[sample_analysis.edits["is_chosen"]]
    answer = what_if(sample_analysis, chosen["edit_id"])
    assert answer.gain == pytest.approx(chosen["marginal_gain"].sum(), rel=0.1)
    assert (answer.queries["coverage_after"] >= answer.queries["coverage_before"] - 1e-9).all()


def test_two_parts_of_an_edit_add_up_in_either_order(sample_analysis):
    edits = sample_analysis.edits
    for cluster_id in edits.loc[edits["part"] == "2 of 2", "cluster_id"]:
        parts = edits[(edits["cluster_id"] == cluster_id) & edits["part"].notna()]
        assert len(parts) == 2
        for ids in (list(parts["edit_id"]), list(parts["edit_id"])[::-1]):
            answer = what_if(sample_analysis, ids)
            assert answer.gain == pytest.approx(parts["gain"].sum(), rel=0.1)


def test_an_edit_that_is_not_there_is_named(sample_analysis):
    with pytest.raises(RunError, match="e9999"):
        what_if(sample_analysis, ["e9999"])
    assert what_if(sample_analysis, []).gain == 0
