import numpy as np
import pandas as pd

from coverage_kit.pipeline.levels import draw_outcomes, find_asked


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


def test_searches_that_only_a_report_has_are_no_share_of_what_is_asked():
    queries = pd.DataFrame({"times_cited": [np.nan, 5.0, 7.0], "demand": [3.0, 0.0, 2.0]})
    assert find_asked(queries).tolist() == [True, False, True], "the log asked the last one too"
    alone = pd.DataFrame({"times_cited": [5.0, 7.0], "demand": [0.0, 0.0]})
    assert find_asked(alone).tolist() == [True, True], "there is nothing else"
    assert find_asked(queries.iloc[:1]).tolist() == [True]
