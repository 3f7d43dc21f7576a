import pandas as pd

from benchmarks.rows import make_queries, measure_rows, write_rows


def test_made_up_rows_are_all_counted():
    figures = measure_rows(n_rows=3000, n_queries=400)
    assert (figures["queries"], figures["answers"], figures["citations"], figures["demand"]) == (
        400,
        3000,
        3000,
        3000,
    )
    assert figures["rejects"] == 0
    assert figures["peak_megabytes"] > 0


def test_the_same_seed_writes_the_same_rows_and_few_queries_are_asked_most(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_rows(tmp_path / name, 3000, 400, seed=3)
    first, second = (pd.read_parquet(tmp_path / name) for name in ("a", "b"))
    pd.testing.assert_frame_equal(first, second)
    demand = first["query"].value_counts()
    assert demand.min() >= 1
    assert demand.head(4).sum() > 3000 * 0.2


def test_made_up_queries_are_distinct():
    assert len(set(make_queries(250_000))) == 250_000
