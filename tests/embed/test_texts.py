import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from coverage_kit.embed.texts import CachedEncoder
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


def replace_by_text(path):
    path.write_bytes(b"not a database at all, but long enough to look like one" * 20)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_another_version(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    "damage", [replace_by_text, replace_by_folder, replace_by_another_version, cut]
)
def test_vectors_of_a_damaged_file_are_made_again(tmp_path, damage, caplog):
    path = tmp_path / "v.sqlite"
    texts = [f"text {number}" for number in range(200)]
    CachedEncoder(WordEncoder(), path, is_quiet=True).encode(texts)
    damage(path)
    again = CachedEncoder(WordEncoder(), path, is_quiet=True)
    np.testing.assert_array_equal(again.encode(texts), WordEncoder().encode(texts))
    assert again.n_embedded == 200
    assert caplog.text.count("made again") == 1
    third = CachedEncoder(WordEncoder(), path, is_quiet=True)
    third.encode(texts)
    assert (third.n_embedded, third.n_reused) == (0, 200)


def test_a_vector_that_is_not_as_it_was_written_is_made_again(tmp_path, caplog):
    path = tmp_path / "v.sqlite"
    texts = ["a", "b", "c", "d"]
    CachedEncoder(WordEncoder(), path, is_quiet=True).encode(texts)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE vectors SET vector = zeroblob(264) WHERE rowid = 1")
        database.execute("UPDATE vectors SET vector = 'text' WHERE rowid = 2")
        # A vector of another text, which is whole but in the wrong row.
        database.execute(
            "UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE rowid = 4) "
            "WHERE rowid = 3"
        )
    again = CachedEncoder(WordEncoder(), path, is_quiet=True)
    np.testing.assert_array_equal(again.encode(texts), WordEncoder().encode(texts))
    assert (again.n_embedded, again.n_reused) == (3, 1)
    assert "2 vectors do not check out" in caplog.text


def test_a_file_that_another_process_holds_leaves_the_run_without_a_store(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("coverage_kit.storage.database._WAIT_SECONDS", 0.1)
    path = tmp_path / "v.sqlite"
    CachedEncoder(WordEncoder(), path, is_quiet=True).encode(["a"])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        encoder = CachedEncoder(WordEncoder(), path, is_quiet=True)
        vectors = encoder.encode(["a", "b"])
        np.testing.assert_array_equal(vectors, WordEncoder().encode(["a", "b"]))
        encoder.encode(["b", "c"])
    assert encoder.n_embedded <= 3  # what was made is reused in this run
    assert caplog.text.count("not kept") == 1
    assert CachedEncoder(WordEncoder(), path, is_quiet=True)._file.count() == 1


def test_a_file_beyond_its_bound_loses_the_older_half(tmp_path, monkeypatch):
    path = tmp_path / "v.sqlite"
    CachedEncoder(WordEncoder(), path, is_quiet=True, chunk_texts=10).encode(
        [f"text {number}" for number in range(100)]
    )
    monkeypatch.setattr("coverage_kit.embed.texts.MAX_VECTOR_BYTES", 10_000)
    CachedEncoder(WordEncoder(), path, is_quiet=True)
    assert CachedEncoder(WordEncoder(), path)._file.count() in (25, 50)


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
