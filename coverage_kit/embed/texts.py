"""Vectors reused from disk.

A text is encoded once for each encoder, even if runs are repeated or interrupted.
"""

import hashlib
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from coverage_kit.contracts import PassageText
from coverage_kit.errors import EncoderError
from coverage_kit.tables import Passages
from coverage_kit.vectors import Encoder, Role, Vectors

# The most texts in a chunk (assumed).
CHUNK_TEXTS = 2048
# Some seconds of work on two cores, which is what an interrupted run may lose.
CHUNK_CHARACTERS = 250_000
# The fewest texts for which a chunk is planned, however long they are (assumed).
MIN_CHUNK_TEXTS = 64
# Keys in one query, below the limit of 999 values that older versions of SQLite have.
_LOOKUP_TEXTS = 500


def passage_texts(passages: Passages) -> list[str]:
    """Return every passage as it is embedded: its headings, then its words."""
    return [
        PassageText(*pair).embedded
        for pair in zip(passages["heading_path"], passages["text"], strict=True)
    ]


def headings(passages: Passages) -> list[str]:
    """Return every passage's own heading, or its first words where it has none."""
    return [
        PassageText(*pair).heading
        for pair in zip(passages["heading_path"], passages["text"], strict=True)
    ]


class CachedEncoder:
    """An encoder that stores its vectors in a SQLite file.

    It encodes only texts that are not in the file, and equal texts once. Each chunk of texts is
    stored in one transaction, so that an interrupted run loses at most one chunk, and several
    processes may use one file. `n_embedded` and `n_reused` count distinct texts since the object
    was made.

    Args:
        encoder: the encoder that makes new vectors.
        path: the SQLite file, which is made if it does not exist.
        is_quiet: whether to leave out the progress bar.
        chunk_texts: texts encoded at a time; 0 means as many as take some seconds.
    """

    def __init__(
        self,
        encoder: Encoder,
        path: str | Path,
        is_quiet: bool = False,
        chunk_texts: int = 0,
    ) -> None:
        self.encoder = encoder
        self.path = Path(path)
        self.is_quiet = is_quiet
        self.chunk_texts = chunk_texts
        self.n_embedded = 0
        self.n_reused = 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._database() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)"
            )

    @property
    def name(self) -> str:
        """Name and revision of the encoder."""
        return self.encoder.name

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.encoder.dimensions

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        # The row of the first text with each key; after the lookup, only of texts to be encoded.
        new: dict[bytes, int] = {}
        keys = (self._key(text, role) for text in texts)
        first_rows = np.fromiter(
            (new.setdefault(key, row) for row, key in enumerate(keys)),
            dtype=np.int64,
            count=len(texts),
        )
        with self._database() as database:
            stored = _stored(database, list(new))
            first_stored = next(stored, None)
            # A stored vector gives the dimensions, because asking the encoder would load a model
            # that may not be needed.
            dimensions = self.dimensions if first_stored is None else len(first_stored[1])
            vectors = np.zeros((len(texts), dimensions), dtype=np.float32)
            n_distinct = len(new)
            for key, vector in chain([first_stored] if first_stored else [], stored):
                vectors[new.pop(key)] = vector
            self.n_reused += n_distinct - len(new)
            self.n_embedded += len(new)
            for chunk in self._chunks(new, texts):
                keys_of_chunk, rows = zip(*chunk, strict=True)
                vectors[list(rows)] = self._embed(
                    database, keys_of_chunk, [texts[row] for row in rows], role
                )
        repeated = np.flatnonzero(first_rows != np.arange(len(texts)))
        vectors[repeated] = vectors[first_rows[repeated]]
        return vectors

    def _embed(
        self,
        database: sqlite3.Connection,
        keys: Sequence[bytes],
        texts: list[str],
        role: Role,
    ) -> Vectors:
        vectors = self.encoder.encode(texts, role)
        with database:
            rows = ((key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True))
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        return vectors

    def _key(self, text: str, role: Role) -> bytes:
        # The role is in the key, since a model may put other words before a query than a passage.
        return hashlib.blake2b(
            f"{self.name}\0{role}\0{text}".encode(errors="replace"),
            digest_size=16,
        ).digest()

    def _chunks(
        self, new: dict[bytes, int], texts: Sequence[str]
    ) -> Iterator[list[tuple[bytes, int]]]:
        # Longest first: a chunk then holds texts of similar length, and the early estimate of the
        # progress bar is rather too long than too short.
        ordered = sorted(new.items(), key=lambda pair: -len(texts[pair[1]]))
        is_quiet = self.is_quiet or not new
        with tqdm(
            total=len(new),
            desc="embedding",
            unit="text",
            file=sys.stderr,
            leave=False,
            disable=is_quiet,
        ) as progress:
            start = 0
            while start < len(ordered):
                # The first text is the longest of its chunk.
                n_characters = len(texts[ordered[start][1]]) + 1
                n_fitting = max(MIN_CHUNK_TEXTS, CHUNK_CHARACTERS // n_characters)
                n_texts = self.chunk_texts or min(n_fitting, CHUNK_TEXTS)
                chunk = ordered[start : start + n_texts]
                yield chunk
                start += len(chunk)
                progress.update(len(chunk))

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as database:
                yield database
        except sqlite3.DatabaseError as error:
            cure = "Delete the file; its vectors will be computed again."
            raise EncoderError(str(self.path), "a store of vectors", str(error), cure) from error


def _stored(database: sqlite3.Connection, keys: list[bytes]) -> Iterator[tuple[bytes, Vectors]]:
    for start in range(0, len(keys), _LOOKUP_TEXTS):
        block = keys[start : start + _LOOKUP_TEXTS]
        marks = ",".join("?" * len(block))
        query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 (only "?")
        rows = database.execute(query, block)
        yield from ((key, np.frombuffer(blob, dtype=np.float32)) for key, blob in rows)
