import numpy as np
import pytest

from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import EncoderError
from coverage_kit.match.neighbors import best_similarity, nearest_passages, nearest_rows
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
    """One search over all sites would leave no own passage among the neighbours of a gap."""
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    asked = embed_texts(queries["query_id"], queries["text"], encoder)
    matches = nearest_passages(asked, passages, content, "ours", (5, 2))
    counts = matches.groupby(["query_id", "site"]).size().unstack()
    assert (counts["ours"] == 5).all()
    assert (counts["theirs"] == 2).all()
    assert matches.groupby(["query_id", "site"])["similarity"].is_monotonic_decreasing.all()


def test_best_similarity_among_none_is_missing():
    some = Embeddings(("a",), unit([1, 0]), "e")
    assert np.isnan(best_similarity(some, some, [])).all()
    assert best_similarity(some, some, ["a"]).tolist() == [1.0]


def test_vectors_of_two_encoders_never_meet(passages, queries, encoder):
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    asked = embed_texts(queries["query_id"], queries["text"], encoder)
    other = Embeddings(asked.ids, asked.vectors, "another")
    with pytest.raises(EncoderError, match="another"):
        nearest_passages(other, passages, content, "ours")
    with pytest.raises(EncoderError, match="length 1"):
        Embeddings(("a",), np.array([[2.0, 0.0]], np.float32), "e")
