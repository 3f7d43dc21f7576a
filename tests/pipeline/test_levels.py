import numpy as np

from coverage_kit.pipeline.levels import draw_outcomes


def test_outcomes_keep_the_estimate_and_spread_more_where_topics_are_few():
    draws = np.full((401, 60), 0.6)
    alone = draw_outcomes(draws, np.arange(60), 0)
    together = draw_outcomes(draws, np.zeros(60, np.int64), 0)
    for outcomes in (alone, together):
        assert (outcomes[0] == 0.6).all()
        assert set(np.unique(outcomes[1:])) <= {0.0, 1.0}
        assert abs(outcomes[1:].mean() - 0.6) < 0.06
    assert together[1:].mean(axis=1).std() > 2 * alone[1:].mean(axis=1).std()
    sure = draw_outcomes(np.ones((5, 3)), np.arange(3), 0)
    assert (sure == 1).all()
