import numpy as np
import pytest

import coverage_kit.pipeline.map as run_map
from coverage_kit.pipeline.coverage import RunVectors
from coverage_kit.pipeline.map import draw_map
from coverage_kit.settings import make_settings
from coverage_kit.storage.cache import ResultCache
from coverage_kit.vectors import Embeddings


def vectors_of(n_queries: int, n_passages: int, seed: int = 0) -> RunVectors:
    draws = np.random.default_rng(seed).normal(size=(n_queries + n_passages, 8)).astype(np.float32)
    draws /= np.linalg.norm(draws, axis=1, keepdims=True)
    queries = Embeddings(tuple(f"q{n}" for n in range(n_queries)), draws[:n_queries], "e")
    content = Embeddings(tuple(f"p{n}" for n in range(n_passages)), draws[n_queries:], "e")
    return RunVectors(queries, content, content, content.select([]))


def with_query(vectors: RunVectors, vector) -> RunVectors:
    queries = Embeddings(
        (*vectors.queries.ids, "new"),
        np.vstack([vectors.queries.vectors, vector]).astype(np.float32),
        "e",
    )
    return RunVectors(queries, vectors.passages, vectors.headings, vectors.claims)


@pytest.fixture
def draw(tmp_path):
    settings = make_settings({"site": {"source": "here"}, "cache": str(tmp_path)})

    def draw_points(vectors):
        is_own = np.arange(len(vectors.passages)) % 2 == 0
        return draw_map(
            vectors, vectors, is_own, settings, ResultCache(tmp_path / "results")
        ).set_index("point_id")

    return draw_points


def test_a_new_point_goes_where_its_neighbours_are_and_the_others_stay(draw):
    vectors = vectors_of(20, 10)
    before = draw(vectors)
    vector = vectors.queries.vectors[3] + vectors.passages.vectors[4]
    vector /= np.linalg.norm(vector)
    after = draw(with_query(vectors, vector))
    assert after.loc[before.index].equals(before)
    together = np.vstack([vectors.queries.vectors, vectors.passages.vectors])
    neighbours = np.argsort(-np.round(together @ vector, 6), kind="stable")[:5]
    expected = before.iloc[neighbours][["x", "y"]].mean()
    assert after.loc["new", ["x", "y"]].to_numpy(float) == pytest.approx(
        expected.to_numpy(), abs=1e-4
    )


def test_a_map_with_more_than_a_fifth_of_new_points_is_drawn_again(draw, monkeypatch):
    before = draw(vectors_of(20, 10))
    monkeypatch.setattr(run_map, "project", lambda points, seed: np.full((len(points), 2), 7.0))
    after = draw(vectors_of(20, 10, seed=1))
    assert (after[["x", "y"]] == 7).all(axis=None)
    assert list(before["kind"].value_counts().sort_index()) == [5, 5, 20]


def test_a_sample_of_many_points_is_drawn_and_hardly_changes_with_a_further_point(
    draw, monkeypatch
):
    monkeypatch.setattr(run_map, "MAX_MAP_POINTS", 40)
    vectors = vectors_of(100, 50)
    before = draw(vectors)
    after = draw(with_query(vectors, vectors.queries.vectors[3]))
    assert list(before["kind"].value_counts().sort_index()[["query"]]) == [20]
    assert len(before) == len(after) == 40
    assert len(set(before.index) - set(after.index)) <= 1
