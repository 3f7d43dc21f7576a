import numpy as np
import pytest

from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import EncoderError
from coverage_kit.match.neighbors import (
    Indexes,
    NeighborIndex,
    best_similarity,
    nearest_passages,
    nearest_rows,
)
from coverage_kit.vectors import Embeddings, embed_texts


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_nearest_rows_by_hand():
    similarity, rows = nearest_rows(unit([1, 0]), unit([0, 1], [1, 0], [1, 1]), 2)
    assert rows.tolist() == [[1, 2]]
    np.testing.assert_allclose(similarity, [[1, 0.707107]], atol=1e-6)


def test_ties_are_in_order_of_row_and_nothing_gives_nothing():
    _, rows = nearest_rows(unit([1, 0]), unit([1, 0], [1, 0], [1, 0]), 3)
    assert rows.tolist() == [[0, 1, 2]]
    assert nearest_rows(unit([1, 0]), np.zeros((0, 2), np.float32), 3)[0].shape == (1, 0)


def test_each_site_is_searched_by_itself(passages, queries, encoder):
    """A single search over all sites would leave no own passage among a gap's neighbours."""
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    query_embeddings = embed_texts(queries["query_id"], queries["text"], encoder)
    matches = nearest_passages(query_embeddings, passages, content, "ours", (5, 2))
    counts = matches.groupby(["query_id", "site"]).size().unstack()
    assert (counts["ours"] == 5).all()
    assert (counts["theirs"] == 2).all()
    assert matches.groupby(["query_id", "site"])["similarity"].is_monotonic_decreasing.all()


def test_best_similarity_among_none_is_missing():
    embeddings = Embeddings(("a",), unit([1, 0]), "e")
    assert np.isnan(best_similarity(embeddings, embeddings, [])).all()
    assert best_similarity(embeddings, embeddings, ["a"]).tolist() == [1.0]


def test_vectors_of_two_encoders_never_meet(passages, queries, encoder):
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    query_embeddings = embed_texts(queries["query_id"], queries["text"], encoder)
    other = Embeddings(query_embeddings.ids, query_embeddings.vectors, "another")
    with pytest.raises(EncoderError, match="another"):
        nearest_passages(other, passages, content, "ours")
    with pytest.raises(EncoderError, match="length 1"):
        Embeddings(("a",), np.array([[2.0, 0.0]], np.float32), "e")


@pytest.fixture(scope="module")
def many():
    """6,000 vectors around 300 topics, which are too many for exact search with many queries."""
    rng = np.random.default_rng(0)
    return unit(
        *(rng.normal(size=(300, 16))[np.arange(6000) % 300] + 0.4 * rng.normal(size=(6000, 16)))
    )


def test_an_index_finds_nearly_all_that_exact_search_finds(many):
    queries = unit(*(many[:800] + many[300:1100]))
    index = NeighborIndex(many, exact_pairs=0)
    similarity, rows = index.search(queries, 10)
    exact, _ = nearest_rows(queries, many, 10)
    assert (similarity >= exact[:, -1:]).mean() > 0.97
    assert index.about.kind == "IVF128,SQfp16"
    assert 0.985 <= index.about.recall_at_10 <= 1
    assert 0 < index.about.n_probed < 128
    np.testing.assert_allclose(similarity, np.take_along_axis(queries @ many.T, rows, 1), atol=2e-6)
    assert (np.diff(similarity) <= 0).all()


def test_search_is_exact_while_it_is_cheap(many):
    index = NeighborIndex(many)
    index.search(many[:5], 3)
    assert (index.about.kind, index.about.recall_at_10) == ("exact", 1.0)
    few = NeighborIndex(many[:5000], exact_pairs=0)
    few.search(many[:5], 3)
    assert few.about.kind == "exact"


def test_a_query_whose_lists_hold_too_few_is_searched_exactly(many):
    similarity, rows = NeighborIndex(many, exact_pairs=0).search(many[:20], 3000)
    exact, exact_rows = nearest_rows(many[:20], many, 3000)
    np.testing.assert_allclose(similarity, exact, atol=2e-6)
    assert (rows == exact_rows).mean() > 0.99


def test_an_index_is_kept_until_its_vectors_change(many, tmp_path):
    first = NeighborIndex(many, tmp_path, exact_pairs=0)
    again = NeighborIndex(many.copy(), tmp_path, exact_pairs=0)
    _, rows = first.search(many[:50], 10)
    np.testing.assert_array_equal(again.search(many[:50], 10)[1], rows)
    assert (first.about.is_reused, again.about.is_reused) == (False, True)
    stored = list(tmp_path.glob("*.faiss"))
    changed = NeighborIndex(many[1:], tmp_path, exact_pairs=0)
    changed.search(many[:50], 10)
    assert not changed.about.is_reused
    assert len(stored) == len(list(tmp_path.glob("*.faiss"))) == 1
    assert stored != list(tmp_path.glob("*.faiss"))


def test_a_broken_index_is_built_again(many, tmp_path):
    NeighborIndex(many, tmp_path, exact_pairs=0).search(many[:50], 10)
    next(tmp_path.glob("*.faiss")).write_bytes(b"no index")
    index = NeighborIndex(many, tmp_path, exact_pairs=0)
    index.search(many[:50], 10)
    assert not index.about.is_reused


def test_what_was_chosen_is_remembered_by_site(passages, queries, encoder):
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    query_embeddings = embed_texts(queries["query_id"], queries["text"], encoder)
    indexes = Indexes()
    nearest_passages(query_embeddings, passages, content, "ours", (5, 2), indexes)
    assert {site: facts.kind for site, facts in indexes.about.items()} == {
        "ours": "exact",
        "theirs": "exact",
    }


def test_best_similarity_among_unknown_ids_names_one():
    embeddings = Embeddings(("a", "b"), unit([1, 0], [0, 1]), "e")
    with pytest.raises(KeyError, match="lost"):
        best_similarity(embeddings, embeddings, ["b", "lost"])
    assert best_similarity(embeddings, embeddings, ["b", "a"]).tolist() == [1.0, 1.0]
