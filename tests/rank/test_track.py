import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from coverage_kit.rank.track import (
    MAX_EDIT_RATIO,
    MIN_RATIO,
    TrackRecord,
    estimate_track,
    read_track,
)
from coverage_kit.tables import PREDICTIONS


def past(*pairs, **columns):
    """Comparisons with these pairs of a predicted and a realised gain."""
    shared = {
        "run_before": "a",
        "run_after": "b",
        "operation": "o",
        "page_id": "p",
        "word_overlap": 1.0,
        "n_queries": 1,
    }
    shared |= {"low": 0.0, "high": 1.0, "drift": 0.0, "is_within": True, **columns}
    return PREDICTIONS.table(
        [
            {**shared, "edit_id": f"e{n}", "predicted": predicted, "realised": realised}
            for n, (predicted, realised) in enumerate(pairs)
        ]
    )


def test_no_past_changes_nothing():
    gain = np.random.default_rng(1).normal(size=(61, 7))
    record = estimate_track(PREDICTIONS.empty())
    assert record == TrackRecord(0, 1.0, 0.0)
    assert record.adjust(gain, seed=3) is gain


def test_ratio_and_spread_by_hand():
    record = estimate_track(past((10.0, 5.0), (10.0, 5.0)))
    ratio = (5 * 1 + 2 * 0.5) / 7
    variance = (5 * 0.25 + 2 * (0.5 - ratio) ** 2) / 7
    assert (record.n, record.ratio) == (2, pytest.approx(ratio))
    assert record.spread == pytest.approx(np.sqrt(variance * (1 + 1 / 7)))


def test_edits_weigh_by_what_was_predicted():
    record = estimate_track(past((30.0, 30.0), (10.0, 0.0)))
    n = 40**2 / (30**2 + 10**2)
    assert record.ratio == pytest.approx((5 + n * 0.75) / (5 + n))


def test_a_prediction_near_nothing_says_nothing():
    sober = estimate_track(past((10.0, 8.0), (10.0, 8.0)))
    wild = estimate_track(past((10.0, 8.0), (10.0, 8.0), (1e-9, 50.0), (0.0, -40.0)))
    assert wild.ratio == pytest.approx(sober.ratio)
    assert wild.spread == pytest.approx(sober.spread)
    assert estimate_track(past((0.0, 5.0))) == TrackRecord()


def test_predicted_harm_that_came_counts_as_kept():
    assert estimate_track(past((-4.0, -4.0))).ratio == 1


def test_one_wild_edit_is_kept_within_bounds():
    assert estimate_track(past((1.0, 1000.0))).ratio == pytest.approx((5 + MAX_EDIT_RATIO) / 6)


def test_however_bad_the_past_an_order_stays():
    assert estimate_track(past(*[(1.0, -9.0)] * 50)).ratio == MIN_RATIO


def test_much_past_outweighs_the_prior():
    record = estimate_track(past(*[(2.0, 1.0)] * 500))
    assert record.ratio == pytest.approx(0.5, abs=0.01)
    assert record.spread < 0.06


def test_a_correction_in_force_is_taken_out():
    """Half of the raw gain came, as the corrected prediction said.

    The model's own ratio is still one half.
    """
    plain = estimate_track(past((10.0, 5.0)))
    corrected = estimate_track(past((5.0, 5.0)).assign(ratio=0.5))
    assert corrected == plain


def test_an_edit_compared_twice_counts_once_by_its_last_comparison():
    twice = pd.concat([past((10.0, 1.0)), past((10.0, 6.0), run_after="c")], ignore_index=True)
    assert estimate_track(twice) == estimate_track(past((10.0, 6.0)))


def test_gains_are_multiplied_and_their_intervals_widen():
    record = TrackRecord(n=10, ratio=0.8, spread=0.3)
    gain = np.tile([10.0, -2.0, 0.0], (4001, 1))
    adjusted = record.adjust(gain, seed=5)
    assert adjusted.shape == gain.shape
    assert adjusted[0].tolist() == pytest.approx([8.0, -1.6, 0.0])
    draws = adjusted[1:, 0] / 10
    assert draws.mean() == pytest.approx(0.8, abs=0.02)
    assert draws.std() == pytest.approx(0.3, abs=0.015)
    assert (adjusted[:, 0] >= 0).all()
    assert (adjusted[:, 1] <= 0).all()
    assert (adjusted[:, 2] == 0).all()
    assert (gain == np.tile([10.0, -2.0, 0.0], (4001, 1))).all()  # the argument is not touched


def test_draws_share_the_part_that_is_about_the_mean():
    drawn = TrackRecord(n=4, ratio=1.0, spread=0.1).adjust(np.ones((20_001, 2)), seed=0)[1:]
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(1 / (5 + 4 + 1), abs=0.03)


def test_the_same_seed_gives_the_same_draws():
    record = TrackRecord(3, 0.9, 0.2)
    gain = np.ones((61, 4))
    assert (record.adjust(gain, 1) == record.adjust(gain, 1)).all()
    assert (record.adjust(gain, 1) != record.adjust(gain, 2)).any()
    assert record.adjust(np.ones((1, 2)), 0).tolist() == [[0.9, 0.9]]
    assert record.adjust(np.zeros((61, 0)), 0).shape == (61, 0)


sizes = st.floats(-100, 100).map(lambda value: round(value, 2))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(sizes, sizes), max_size=20))
def test_any_past_gives_a_ratio_in_bounds_that_realised_gains_raise(pairs):
    record = estimate_track(past(*pairs))
    assert MIN_RATIO <= record.ratio <= MAX_EDIT_RATIO
    assert np.isfinite(record.spread)
    better = estimate_track(past(*((p, r + abs(p) * np.sign(p)) for p, r in pairs)))
    assert better.ratio >= record.ratio - 1e-12


def test_the_record_on_disk_is_read_for_this_site_and_encoder(tmp_path):
    path = tmp_path / "predictions.parquet"
    assert read_track(path, "ours", "m") == TrackRecord()
    own = past((10.0, 5.0)).assign(site="ours", encoder="m")
    other = past((10.0, 9.0), run_before="x").assign(site="theirs", encoder="m")
    pd.concat([own, other]).to_parquet(path)
    assert read_track(path, "ours", "m") == estimate_track(own)
    assert read_track(path, "ours", "n") == TrackRecord()


def test_a_file_that_is_no_record_is_set_aside_and_stops_no_run(tmp_path, caplog):
    path = tmp_path / "predictions.parquet"
    for write in (
        lambda: path.write_bytes(b"no parquet"),
        lambda: pd.DataFrame({"a": [1]}).to_parquet(path),
        path.mkdir,
    ):
        write()
        assert read_track(path, "ours", "m") == TrackRecord()
        assert not path.exists()
    assert caplog.text.count("cannot be read") == 3
    assert len(list(tmp_path.glob("predictions.parquet.unreadable-*"))) == 3
