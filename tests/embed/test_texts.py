import sqlite3
import subprocess
import sys
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
    np.testing.assert_array_equal(
        second.encode([*texts, "three"]), np.vstack([vectors, inner.encode(["three"])])
    )
    assert (second.n_embedded, second.n_reused) == (1, 2)


def test_another_encoder_or_role_shares_nothing(tmp_path):
    encoder = CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True)
    encoder.encode(["text"])
    encoder.encode(["text"], "query")
    assert encoder.n_embedded == 2
    other = WordEncoder()
    other.name = "words@2"
    assert CachedEncoder(other, tmp_path / "v.sqlite", is_quiet=True).encode(["text"]).shape == (
        1,
        64,
    )
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
    encoded = []

    class Watching(WordEncoder):
        def encode(self, texts, role="passage"):
            encoded.extend(texts)
            return super().encode(texts, role)

    texts = ["a b c", "a", "a b c d e"]
    vectors = CachedEncoder(Watching(), tmp_path / "v.sqlite", is_quiet=True).encode(texts)
    assert encoded == ["a b c d e", "a b c", "a"]
    np.testing.assert_array_equal(vectors, WordEncoder().encode(texts))


def test_no_texts_give_no_vectors(tmp_path):
    assert CachedEncoder(WordEncoder(), tmp_path / "v.sqlite").encode([]).shape == (0, 64)


def test_a_file_that_is_no_store_is_reported(tmp_path):
    path = tmp_path / "v.sqlite"
    path.write_bytes(b"not a database at all, but long enough to look like one" * 20)
    with pytest.raises(EncoderError, match="Delete the file"):
        CachedEncoder(WordEncoder(), path)


def test_the_store_is_a_plain_table(tmp_path):
    CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True).encode(["a", "b"])
    with closing(sqlite3.connect(tmp_path / "v.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM vectors").fetchone() == (2,)


def test_equal_texts_get_one_vector_and_every_row_its_own(tmp_path):
    inner = WordEncoder()
    encoder = CachedEncoder(inner, tmp_path / "v.sqlite", is_quiet=True)
    encoder.encode(["known"])
    texts = ["b", "known", "a a", "b", "known", "a a", "c"]
    np.testing.assert_array_equal(encoder.encode(texts), WordEncoder().encode(texts))
    assert (inner.n_encoded, encoder.n_embedded, encoder.n_reused) == (4, 4, 1)


def test_a_chunk_ends_at_its_number_of_characters(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.embed.texts.CHUNK_CHARACTERS", 660)
    monkeypatch.setattr("coverage_kit.embed.texts.MIN_CHUNK_TEXTS", 3)
    sizes = []

    class Watching(WordEncoder):
        def encode(self, texts, role="passage"):
            sizes.append(len(texts))
            return super().encode(texts, role)

    texts = [f"{n} " + "word " * words for words in (500, 20) for n in range(10, 20)]
    CachedEncoder(Watching(), tmp_path / "v.sqlite", is_quiet=True).encode(texts)
    # The long texts have 2,504 characters. The fourth chunk begins with the last of them. Of the
    # short texts, with 103 characters, 660 // 104 = 6 fit.
    assert sizes == [3, 3, 3, 3, 6, 2]


def test_vectors_from_disk_ask_nothing_of_the_encoder(tmp_path):
    CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True).encode(["a", "b"])

    class Unloaded:
        name = WordEncoder.name

    encoder = CachedEncoder(Unloaded(), tmp_path / "v.sqlite", is_quiet=True)
    np.testing.assert_array_equal(
        encoder.encode(["b", "a", "b"]), WordEncoder().encode(["b", "a", "b"])
    )


def test_a_store_of_an_earlier_layout_is_read(tmp_path):
    CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True).encode(["a", "b"])
    with closing(sqlite3.connect(tmp_path / "v.sqlite")) as database, database:
        database.execute("ALTER TABLE vectors RENAME TO now")
        database.execute("CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        database.execute("INSERT INTO vectors SELECT * FROM now")
    encoder = CachedEncoder(WordEncoder(), tmp_path / "v.sqlite", is_quiet=True)
    np.testing.assert_array_equal(encoder.encode(["b", "c"]), WordEncoder().encode(["b", "c"]))
    assert (encoder.n_embedded, encoder.n_reused) == (1, 1)


def test_two_processes_may_write_at_once(tmp_path):
    script = (
        "import sys; from coverage_kit.embed import texts; from tests.encoder import WordEncoder\n"
        "texts.CHUNK_TEXTS = 5\n"
        "encoder = texts.CachedEncoder(WordEncoder(), sys.argv[1], is_quiet=True)\n"
        "encoder.encode([f'text {n}' for n in range(int(sys.argv[2]), int(sys.argv[2]) + 300)])"
    )
    path = tmp_path / "v.sqlite"
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(path), first]) for first in ("0", "150")
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    encoder = CachedEncoder(WordEncoder(), path, is_quiet=True)
    texts = [f"text {n}" for n in range(450)]
    np.testing.assert_array_equal(encoder.encode(texts), WordEncoder().encode(texts))
    assert encoder.n_embedded == 0
