from studies.scale import measure_scale


def test_ranking_takes_time_and_memory_by_its_size_alone():
    figures = measure_scale(n_edits=40, n_queries=200, n_passages=200)
    assert set(figures) == {"simulate_seconds", "select_seconds", "peak_megabytes"}
    assert 0 < figures["simulate_seconds"] < 30
    assert 0 < figures["select_seconds"] < 10
