"""Every word of the vocabulary has a wording for readers, and stages use no other words."""

from typing import get_args

import pytest

from coverage_kit import vocabulary
from coverage_kit.rank.operations import MAKERS
from coverage_kit.report.wording import (
    ACTIONS,
    CAUSES,
    CHOICE_MEANINGS,
    DEMAND_KINDS,
    LIKELIHOODS,
    LISTINGS,
    MEASURE_WORDINGS,
    OPERATIONS,
    ORIGINS,
)
from coverage_kit.vocabulary import (
    Action,
    Cause,
    Choice,
    DemandKind,
    Likelihood,
    Listing,
    Measure,
    Operation,
    Origin,
    Verdict,
)


@pytest.mark.parametrize(
    ("words", "wording"),
    [
        (Cause, CAUSES),
        (Operation, OPERATIONS),
        (Action, ACTIONS),
        (Measure, MEASURE_WORDINGS),
        (Choice, CHOICE_MEANINGS),
        (Listing, LISTINGS),
        (Likelihood, LIKELIHOODS),
        (DemandKind, DEMAND_KINDS),
        (Origin, ORIGINS),
    ],
    ids=[
        "causes",
        "operations",
        "actions",
        "measures",
        "choices",
        "lists",
        "likelihoods",
        "kinds of demand",
        "origins",
    ],
)
def test_every_word_has_a_wording_and_every_wording_a_word(words, wording):
    assert sorted(get_args(words)) == sorted(wording)


def test_groups_of_causes_are_all_causes_once():
    groups = (
        *vocabulary.CONTENT_CAUSES,
        *vocabulary.VISIBILITY_CAUSES,
        *vocabulary.LOST_CAUSES,
        vocabulary.COVERED,
        vocabulary.NOT_LOGGED,
    )
    assert sorted(groups) == sorted(get_args(Cause))


def test_every_maker_is_named_as_its_operation():
    assert {maker.__name__ for maker in MAKERS} <= set(get_args(Operation))


def test_the_sample_uses_no_other_word(sample_analysis):
    columns = [
        (sample_analysis.gaps["cause"], Cause),
        (sample_analysis.coverage["cause"], Cause),
        (sample_analysis.edits["operation"], Operation),
        (sample_analysis.changes["action"], Action),
        (sample_analysis.visibility["measure"], Measure),
        (sample_analysis.brand_claims["verdict"], Verdict),
    ]
    for values, words in columns:
        assert set(values) <= set(get_args(words)), values.name
        assert len(set(values)) > 1, values.name
    # The sample's log counts questions, and does not say who asked.
    assert set(sample_analysis.queries["demand_kind"]) == {"measured"}
    assert set(sample_analysis.gaps["demand_kind"]) == {"measured"}
    assert sample_analysis.queries["origin"].isna().all()
