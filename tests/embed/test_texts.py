import sqlite3
from contextlib import closing

import numpy as np
import pytest

from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.errors import EncoderError
from tests.encoder import WordEncoder


def test_a_text_is_encoded_once_and_comes_back_bit_for_bit(tmp_path):
    inner = WordEncoder()
    first = CachedEncoder(inner, tmp_path / "v.sqlite", is_quiet=True)
    texts = ["one brake", "two tyres", "one brake"]
    vectors = first.encode(texts)
    assert inner.n_encoded == first.n_embedded == 2
    second = CachedEncoder(inner, tmp_path / "v.sqlite", is_quiet=True)
    np.testing.assert_array_equal(second.encode([*texts, "three"]), np.vstack([vectors, inner.encode(["three"])]))
    assert (second.n_embedded, second.n_reused) == (1, 2)


def test_another_encoder_or_role_shares_nothing(tmp_path):
    encoder = CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True)
    encoder.encode(["text"])
    encoder.encode(["text"], "query")
    assert encoder.n_embedded == 2
    other = WordEncoder()
    other.name = "words@2"
    assert CachedEncoder(other, tmp_path / "v.sqlite", is_quiet=True).encode(["text"]).shape == (1, 64)
    assert other.n_encoded == 1


def test_an_interrupted_run_keeps_its_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.embed.texts.CHUNK_TEXTS", 4)

    class Breaking(WordEncoder):
        def encode(self, texts, role="passage"):
            if self.n_encoded >= 8:
                raise KeyboardInterrupt
            return super().encode(texts, role)

    texts = [f"text number {n}" for n in range(20)]
    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(Breaking(), tmp_path / "v.sqlite", is_quiet=True).encode(texts)
    after = CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True)
    after.encode(texts)
    assert (after.n_embedded, after.n_reused) == (12, 8)


def test_longest_texts_go_first_and_order_is_kept(tmp_path):
    seen = []

    class Watching(WordEncoder):
        def encode(self, texts, role="passage"):
            seen.extend(texts)
            return super().encode(texts, role)

    texts = ["a b c", "a", "a b c d e"]
    vectors = CachedEncoder(Watching(), tmp_path / "v.sqlite", is_quiet=True).encode(texts)
    assert seen == ["a b c d e", "a b c", "a"]
    np.testing.assert_array_equal(vectors, WordEncoder().encode(texts))


def test_no_texts_give_no_vectors(tmp_path):
    assert CachedEncoder(WordEncoder(), tmp_path / "v.sqlite").encode([]).shape == (0, 64)


def test_a_file_that_is_no_store_is_told(tmp_path):
    path = tmp_path / "v.sqlite"
    path.write_bytes(b"not a database at all, but long enough to look like one" * 20)
    with pytest.raises(EncoderError, match="Delete the file"):
        CachedEncoder(WordEncoder(), path)


def test_the_store_is_a_plain_table(tmp_path):
    CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True).encode(["a", "b"])
    with closing(sqlite3.connect(tmp_path / "v.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM vectors").fetchone() == (2,)
