from pathlib import Path

import pandas as pd
import pytest

from coverage_kit.embed.finetune import TunedModel
from coverage_kit.tasks.tuning_result import (
    AS_ENCODED,
    IN_SPACE,
    RECALL,
    RECIPROCAL_RANK,
    Tuned,
    describe_tuning,
)


def tuned_by(plain, moved, folder=None, ranks=None):
    """A tuning that changed its measures by (difference, low, high).

    `plain` is as encoded, `moved` in the site's space, where `ranks` is the change of MRR.
    """
    rows = [
        {
            "measure": measure,
            "space": space,
            "before": 0.5,
            "after": 0.5 + change[0],
            "difference": change[0],
        }
        | {"low": change[1], "high": change[2]}
        for space, recall, rank in ((AS_ENCODED, plain, plain), (IN_SPACE, moved, ranks or moved))
        for measure, change in ((RECALL, recall), (RECIPROCAL_RANK, rank))
    ]
    trained = TunedModel(None, 90, 6, 360, 12_345, 61.4, (2.0, 1.0))
    return Tuned(
        pd.DataFrame(rows),
        folder,
        ("a", "b"),
        ("p", "q"),
        40,
        60,
        30,
        1_234,
        trained,
        99.6,
        has_passages=False,
    )


UP, NOISE, DOWN = (0.06, 0.02, 0.1), (0.02, -0.01, 0.05), (-0.06, -0.1, -0.02)


@pytest.mark.parametrize(
    ("plain", "moved", "is_better", "words"),
    [
        (UP, UP, True, "Better by more than noise: +6.0 points of recall@10, at least 2.0 (95%)."),
        (UP, NOISE, True, "Better by more than noise"),
        (
            NOISE,
            UP,
            False,
            "Not better by more than noise: +2.0 points of recall@10, and the interval holds 0.",
        ),
        (DOWN, UP, False, "Worse: -6.0 points of recall@10."),
        (
            UP,
            DOWN,
            False,
            "but lower in the site's space, where runs compare: recall@10 -0.060, MRR@10 -0.060.",
        ),
    ],
)
def test_better_is_recall_above_noise_and_no_lower_where_runs_compare(
    plain, moved, is_better, words
):
    tuned = tuned_by(plain, moved)
    assert tuned.is_better == is_better
    assert words in describe_tuning(tuned)


def test_what_was_read_and_what_it_cost_is_reported_in_one_glance():
    description = describe_tuning(tuned_by(UP, UP))
    assert (
        "60 pairs of a query and a passage, and 30 of a heading and its words: "
        "12,345 tokens in 61 s; 100 s with the test." in description
    )
    assert (
        "Tested on 40 other queries on 2 other pages, searching all 1,234 passages." in description
    )
    assert "recall@10 as encoded           0.500 -> 0.560  +0.060 [+0.020, +0.100]" in description


def test_an_interval_that_ends_at_0_is_noise():
    assert not tuned_by((0.03, 0.0, 0.06), UP).is_better


def test_what_is_not_adopted_but_brings_right_passages_higher_says_so():
    assert (
        "ranks higher among the ten, where runs compare (MRR@10 +0.060, at least 0.020): --keep"
        in describe_tuning(tuned_by(NOISE, UP))
    )
    assert "--keep" not in describe_tuning(tuned_by(NOISE, NOISE))
    assert "--keep" not in describe_tuning(tuned_by(UP, UP, Path("enc")))


def test_a_first_right_passage_that_stands_lower_by_more_than_noise_is_a_loss():
    assert tuned_by(UP, UP, ranks=(-0.02, -0.05, 0.01)).is_better
    worse = tuned_by(UP, UP, ranks=DOWN)
    assert not worse.is_better
    assert "where runs compare: MRR@10 -0.060." in describe_tuning(worse)
