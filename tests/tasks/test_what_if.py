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


def test_the_chosen_edits_bring_what_the_list_says_and_variants_do_not_add_up(sample_analysis):
    chosen = sample_analysis.edits[sample_analysis.edits["is_chosen"]]
    answer = what_if(sample_analysis, chosen["edit_id"])
    assert answer.gain == pytest.approx(chosen["marginal_gain"].sum(), rel=0.1)
    assert (answer.queries["coverage_after"] >= answer.queries["coverage_before"] - 1e-9).all()
    first = chosen.iloc[chosen["gain"].argmax()]
    others = sample_analysis.edits[
        (sample_analysis.edits["cluster_id"] == first["cluster_id"])
        & (sample_analysis.edits["gain"] > 0)
    ]
    together = what_if(sample_analysis, others["edit_id"])
    assert together.gain < others["gain"].sum() - 1
    assert together.gain >= others["gain"].max() * 0.9


def test_an_edit_that_is_not_there_is_named(sample_analysis):
    with pytest.raises(RunError, match="e9999"):
        what_if(sample_analysis, ["e9999"])
    assert what_if(sample_analysis, []).gain == 0
