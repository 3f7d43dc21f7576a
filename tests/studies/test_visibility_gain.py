import numpy as np
import pytest
from scipy.special import expit

from coverage_kit.rank.citation_rate import SiteAnswers
from studies.visibility_gain import _bins, _figures, _Half, _tested


def site(content_slope, seed=0, n=400):
    """Answers of 80 topics that follow the content with this slope, and the record with 0.5."""
    rng = np.random.default_rng(seed)
    content, record = rng.normal(size=(2, n))
    rate = expit(-1 + content_slope * content + 0.5 * record)
    return SiteAnswers(
        cited=rng.binomial(4, rate).astype(float),
        n_answers=np.full(n, 4.0),
        content=content,
        record=record,
        fold=rng.permutation(n) % 5,
        topic=np.arange(n) // 5,
    )


def test_sites_that_content_predicts_are_shown_and_others_are_not():
    figures = _figures([site(1.0), site(1.0, seed=1), site(0.0, seed=2)])
    assert figures["n_sites"] == 3
    assert figures["n_enough"] == 3
    assert figures["n_shown"] == 2
    assert figures["slope"] == pytest.approx(1, abs=0.1)
    assert figures["ece"] < 0.03
    # Nothing is pooled where nothing is shown.
    unseen = _figures([site(0.0, seed=2)])
    assert np.isnan(unseen["slope"])
    assert unseen["bins"] == []


def test_the_other_half_is_predicted_from_the_first_half_alone():
    halves = [_Half(site(1.0), site(1.0, seed=1), 80), _Half(site(1.0), site(0.0, seed=2), 80)]
    assert halves[0].over_record > 0 > halves[1].over_record
    figures = _tested(halves)
    assert figures["n_shown"] == 2
    assert figures["share_better"] == 0.5
    assert figures["over_record"] == pytest.approx(
        (halves[0].over_record + halves[1].over_record) / 2
    )
    assert _tested(halves[:1])["slope"] == pytest.approx(1, abs=0.15)


def test_bins_have_fixed_edges():
    predicted = np.array([0.005, 0.02, 0.02, 0.7, 0.8])
    cited = np.array([0.0, 1.0, 0.0, 1.0, 2.0])
    bins = _bins(predicted, cited, np.array([2.0, 2.0, 2.0, 2.0, 2.0]))
    assert [(cell.predicted, cell.cited, cell.n_answers) for cell in bins] == [
        (pytest.approx(0.005), 0.0, 2),
        (pytest.approx(0.02), 0.25, 4),
        (pytest.approx(0.75), 0.75, 4),
    ]
