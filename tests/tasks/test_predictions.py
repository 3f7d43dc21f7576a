from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from coverage_kit.errors import RunError, SchemaError
from coverage_kit.pipeline.published import PUBLISHED
from coverage_kit.tables import PREDICTIONS
from coverage_kit.tasks.predictions import (
    PredictionDrift,
    calibrate_predictions,
    compare_predictions,
    describe_comparison,
    read_predictions,
    record_predictions,
)
from tests.two_runs import ABOUT, PAGE, make_edits, make_effects, make_run

# (query_id, text, demand, cluster_id, coverage): a gap of two, a query outside it, two that nothing
# touches
ASKED = [
    ("q0", "how far in winter", 10.0, "c0", 0.1),
    ("q1", "range in the cold", 30.0, "c0", 0.2),
    ("q2", "how far in summer", 20.0, "c1", 0.8),
    ("q3", "when is delivery", 5.0, "c2", 0.5),
    ("q4", "price of delivery", 15.0, "c2", 0.6),
]
EDITS = make_edits(("e0", "c0", 8.0, 5.0, 12.0))
EFFECTS = make_effects(
    ("e0", "q0", 0.1, 0.9, True), ("e0", "q1", 0.2, 0.5, False), ("e0", "q2", 0.8, 0.7, False)
)
RUNS = ("a", "b")


def later(*changes, names=None):
    """Return the run after: coverage changed by these, other ids, and another spelling."""
    queries = zip(ASKED, changes, strict=False)
    return make_run(
        [
            (f"x{row[0]}", f"{row[1].upper()}?", row[2], row[3], row[4] + change)
            for row, change in queries
        ]
    )


def publish(*edit_ids):
    return PUBLISHED.table(
        [
            {
                "edit_id": e,
                "page_id": PAGE,
                "word_overlap": 1.0,
                "is_published": True,
                "how": "words",
            }
            for e in edit_ids
        ]
    )


def before(edits=EDITS, effects=EFFECTS, queries=ASKED, **about):
    return make_run(queries, replace(ABOUT, **about), edits=edits, effects=effects)


def compare(run, after, *edit_ids):
    return compare_predictions(run, after, publish(*edit_ids), RUNS)


def test_figures_by_hand():
    comparison = compare(before(), later(0.7, 0.25, 0.0, 0.05, 0.05), "e0")
    row = comparison.predictions.iloc[0]
    # q1 stands for the gap's 40 asked, q0 (drafted from) counts nothing, q2 counts its own 20
    assert row["predicted"] == pytest.approx(40 * 0.3 - 20 * 0.1)
    assert row["drift"] == pytest.approx(0.05)
    assert row["realised"] == pytest.approx(40 * (0.25 - 0.05) + 20 * (0.0 - 0.05))
    assert (row["low"], row["high"]) == pytest.approx(
        (10 - 3, 10 + 4)
    )  # as far from 10 as 5 and 12 from 8
    assert row["n_queries"] == 2
    assert row["is_within"]
    assert (row["edit_id"], row["run_before"], row["run_after"], row["page_id"]) == (
        "e0",
        "a",
        "b",
        PAGE,
    )
    assert (
        comparison.n_compared,
        comparison.n_only_before,
        comparison.n_only_after,
        comparison.n_left_out,
    ) == (
        5,
        0,
        0,
        0,
    )
    assert comparison.drift.n_queries == 2
    PREDICTIONS.check(comparison.predictions, "here")


def test_outside_the_interval_is_told():
    row = compare(before(), later(0.0, 0.0, 0.0, 0.0, 0.0), "e0").predictions.iloc[0]
    assert row["realised"] == 0
    assert not row["is_within"]


def test_what_moves_untouched_queries_widens_the_interval():
    comparison = compare(before(), later(0.7, 0.3, -0.1, 0.02, 0.06), "e0")
    row, drift = comparison.predictions.iloc[0], comparison.drift
    assert drift.change == pytest.approx((5 * 0.02 + 15 * 0.06) / 20)
    assert drift.spread == pytest.approx(np.sqrt((5 * 0.03**2 + 15 * 0.01**2) / 20))
    assert 0.02 <= drift.low < drift.change < drift.high <= 0.06
    noise = 1.645 * np.sqrt((60 * drift.error) ** 2 + (40**2 + 20**2) * drift.spread**2)
    assert row["low"] == pytest.approx(10 - np.hypot(3, noise))
    assert row["high"] == pytest.approx(10 + np.hypot(4, noise))


def test_drift_alone_is_no_gain():
    row = compare(before(), later(*[0.07] * 5), "e0").predictions.iloc[0]
    assert row["realised"] == pytest.approx(0)


def test_the_other_queries_of_an_edited_gap_say_nothing_of_drift():
    effects = make_effects(("e0", "q1", 0.2, 0.5, False))
    comparison = compare(before(effects=effects), later(0.9, 0.3, 0.0, 0.0, 0.0), "e0")
    assert (comparison.drift.n_queries, comparison.drift.change) == (
        3,
        0,
    )  # q2, q3 and q4; not q0, which shares the gap


def test_without_untouched_queries_there_is_no_drift():
    comparison = compare(before(queries=ASKED[:3]), later(0.0, 0.3, -0.1), "e0")
    assert comparison.drift == PredictionDrift()
    assert comparison.predictions["realised"].iloc[0] == pytest.approx(10)
    assert "nothing is taken off for drift" in describe_comparison(
        comparison, "predicted under model m"
    )


def test_a_query_that_is_not_asked_again_is_left_out_on_both_sides():
    after = make_run(
        [("x1", "Range in the cold", 1.0, "c9", 0.5), ("x9", "what is new", 1.0, "c9", 0.5)]
    )
    comparison = compare(before(), after, "e0")
    row = comparison.predictions.iloc[0]
    assert (row["predicted"], row["realised"], row["n_queries"]) == pytest.approx((12, 12, 1))
    share = 12 / (12 + 2)  # of the predicted change 12 up and 2 down
    assert (row["low"], row["high"]) == pytest.approx((12 - 3 * share, 12 + 4 * share))
    assert (comparison.n_compared, comparison.n_only_before, comparison.n_only_after) == (1, 4, 1)


def test_an_edit_without_a_query_in_both_runs_is_left_out():
    comparison = compare(before(), make_run([("x3", "when is delivery", 1.0, "c9", 0.5)]), "e0")
    assert comparison.predictions.empty
    assert comparison.n_left_out == 1


def test_two_spellings_in_the_later_run_are_one_query():
    queries = [
        ("x1", "Range in the cold", 30.0, "c", 0.4),
        ("x2", "range, in the cold!", 10.0, "c", 0.8),
    ]
    row = compare(before(), make_run(queries), "e0").predictions.iloc[0]
    assert row["realised"] == pytest.approx(40 * ((30 * 0.4 + 10 * 0.8) / 40 - 0.2))


def test_a_gap_of_one_query_counts_half():
    effects = make_effects(("e0", "q0", 0.1, 0.5, True))
    row = compare(
        before(effects=effects, queries=[ASKED[0], *ASKED[2:]]), later(0.2, 0, 0, 0, 0), "e0"
    ).predictions.iloc[0]
    assert (row["predicted"], row["realised"]) == pytest.approx((5 * 0.4, 5 * 0.2))


def test_published_edits_share_a_query_that_both_raise():
    edits = make_edits(
        ("e0", "c0", 8.0, 8.0, 8.0), ("e1", "c1", 2.0, 2.0, 2.0), ("e2", "c2", 9.0, 9.0, 9.0)
    )
    effects = make_effects(
        ("e0", "q0", 0.1, 0.5, True),
        ("e0", "q1", 0.2, 0.5, False),
        ("e1", "q1", 0.2, 0.3, False),
        ("e2", "q1", 0.2, 0.9, False),
    )
    table = compare(
        before(edits, effects), later(0.4, 0.2, 0, 0, 0), "e0", "e1"
    ).predictions.set_index("edit_id")
    # together q1 rises by the larger .3, shared 3 to 1; e2 was not published; q1 counts 40 to e0
    # and 30 to e1, outside its gap
    assert table["predicted"].to_dict() == pytest.approx({"e0": 40 * 0.225, "e1": 30 * 0.075})
    assert table["realised"].to_dict() == pytest.approx({"e0": 40 * 0.15, "e1": 30 * 0.05})


def test_a_prediction_that_was_corrected_is_compared_as_corrected():
    run = before(track_record={"n": 5, "ratio": 0.5, "spread": 0.1})
    row = compare(run, later(0, 0.15, -0.05, 0, 0), "e0").predictions.iloc[0]
    assert (row["predicted"], row["realised"], row["ratio"]) == pytest.approx((5, 5, 0.5))


changes = st.floats(-0.3, 0.4).map(lambda value: round(value, 3))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(changes, changes, changes), min_size=1, max_size=4), st.data())
def test_coverage_as_predicted_is_realised_as_predicted(rises, data):
    """With coverage as predicted, both figures are equal, with and without drift."""
    drafted = data.draw(st.lists(st.booleans(), min_size=len(rises), max_size=len(rises)))
    drift = data.draw(st.floats(-0.2, 0.2))
    clusters = data.draw(
        st.lists(st.sampled_from(["c0", "c1"]), min_size=len(rises), max_size=len(rises))
    )
    edits = make_edits(*((f"e{n}", cluster, 1.0, 0.0, 2.0) for n, cluster in enumerate(clusters)))
    effects = make_effects(
        *(
            (
                f"e{n}",
                f"q{q}",
                ASKED[q][4],
                ASKED[q][4] + rise,
                q == 0 and drafted[n] and clusters[n] == "c0",
            )
            for n, row in enumerate(rises)
            for q, rise in enumerate(row)
        )
    )
    together = [
        max(0, *column) + sum(min(0, rise) for rise in column)
        for column in zip(*rises, strict=True)
    ]
    after = later(*(change + drift for change in (*together, 0, 0)))
    comparison = compare(before(edits, effects), after, *(f"e{n}" for n in range(len(rises))))
    assert comparison.drift.change == pytest.approx(drift)
    assert comparison.predictions["realised"].to_numpy() == pytest.approx(
        comparison.predictions["predicted"].to_numpy(), abs=1e-9
    )
    assert comparison.predictions["is_within"].all()
    assert len(comparison.predictions) + comparison.n_left_out == len(rises)


def predictions(*pairs, runs=RUNS):
    shared = {
        "run_before": runs[0],
        "run_after": runs[1],
        "operation": "o",
        "page_id": "p",
        "word_overlap": 1.0,
        "n_queries": 1,
    }
    return PREDICTIONS.table(
        [
            {
                **shared,
                "edit_id": f"e{n}",
                "predicted": p,
                "realised": r,
                "low": p - 2,
                "high": p + 2,
                "drift": 0.0,
            }
            | {"is_within": abs(p - r) <= 2}
            for n, (p, r) in enumerate(pairs)
        ]
    )


def test_calibration_by_hand():
    calibration = calibrate_predictions(predictions((10.0, 8.0), (4.0, 1.0), (6.0, 7.0)))
    assert (calibration.n, calibration.predicted, calibration.realised, calibration.ratio) == (
        3,
        20.0,
        16.0,
        0.8,
    )
    assert calibration.share_of_within == pytest.approx(2 / 3)
    assert calibration.spearman == pytest.approx(1.0)
    assert calibrate_predictions(
        predictions((1.0, 3.0), (2.0, 2.0), (3.0, 1.0))
    ).spearman == pytest.approx(-1)


def test_calibration_that_cannot_be_told_is_nan():
    assert np.isnan(calibrate_predictions(predictions((1.0, 2.0), (2.0, 1.0))).spearman)
    assert np.isnan(calibrate_predictions(predictions((1.0, 2.0), (1.0, 1.0), (1.0, 3.0))).spearman)
    assert np.isnan(calibrate_predictions(predictions((0.0, 2.0))).ratio)
    assert np.isnan(calibrate_predictions(PREDICTIONS.empty()).share_of_within)


def test_words_say_predicted_and_found_and_never_why():
    words = describe_comparison(
        compare(before(), later(0.7, 0.25, 0.0, 0.05, 0.05), "e0"), "predicted under model m"
    )
    assert words.startswith(
        "Predicted under model m: 1 published edit was to gain 10.0 answered questions, in times "
        "asked; 7.0 were found"
    )
    assert "70% of it" in words
    assert "1 of 1 are within" in words
    assert "+0.050" in words
    assert not any(word in words for word in ("caused", "because", "thanks to", "nan"))


def test_a_record_grows_and_a_comparison_made_again_replaces_its_rows(tmp_path):
    path = tmp_path / "deep" / "predictions.parquet"
    record_predictions(predictions((1.0, 1.0), (2.0, 2.0)), path)
    record_predictions(predictions((3.0, 3.0), runs=("b", "c")), path)
    again = record_predictions(predictions((5.0, 4.0)), path)
    assert sorted(again["predicted"]) == [3.0, 5.0]
    pd.testing.assert_frame_equal(read_predictions(path), again)


def test_a_record_that_is_something_else_is_told(tmp_path):
    path = tmp_path / "predictions.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(RunError, match="a record of predictions"):
        record_predictions(predictions((1.0, 1.0)), path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(SchemaError, match="edit_id"):
        record_predictions(predictions((1.0, 1.0)), path)
