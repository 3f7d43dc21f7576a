"""Vectors reused from disk.

A text is encoded once for each encoder, even if runs are repeated or interrupted.
"""

import hashlib
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm.auto import tqdm

from coverage_kit.contracts import PassageText
from coverage_kit.storage.database import (
    database_cure,
    is_damaged,
    open_database,
    remove_database,
)
from coverage_kit.storage.files import cure_for
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
# The file is halved when it holds more: 2.6 million vectors of 384 dimensions (assumed: a large
# project has a tenth).
MAX_VECTOR_BYTES = 4 * 2**30
# A damaged vector goes undetected once in 2^64 times.
_CHECK_BYTES = 8
# Each vector is followed by its check. Version 1 had none.
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)"
_VERSION = 2

T = TypeVar("T")
logger = logging.getLogger(__name__)


def full_texts(passages: Passages) -> list[str]:
    """Return every passage as it is read: its headings, then its words with its code."""
    return [
        PassageText(*pair).full
        for pair in zip(passages["heading_path"], passages["text"], strict=True)
    ]


def passage_texts(passages: Passages) -> list[str]:
    """Return every passage as it is embedded: its headings, then its words without code."""
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
    processes may use one file. A vector that does not check out is made again, as are all vectors
    of a file that cannot be read; where the file cannot be used, vectors are kept in memory.
    `n_embedded` and `n_reused` count distinct texts since the object was made.

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
        self._file = VectorFile(self.path)

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
        stored = self._file.read(list(new))
        # A stored vector gives the dimensions, because asking the encoder would load a model that
        # may not be needed.
        dimensions = len(next(iter(stored.values()))) if stored else self.dimensions
        vectors = np.zeros((len(texts), dimensions), dtype=np.float32)
        for key, vector in stored.items():
            vectors[new.pop(key)] = vector
        self.n_reused += len(stored)
        self.n_embedded += len(new)
        for chunk in self._chunks(new, texts):
            chunk_keys, rows = zip(*chunk, strict=True)
            made = self.encoder.encode([texts[row] for row in rows], role)
            vectors[list(rows)] = made
            self._file.add(chunk_keys, made)
        repeated = np.flatnonzero(first_rows != np.arange(len(texts)))
        vectors[repeated] = vectors[first_rows[repeated]]
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


class VectorFile:
    """A SQLite file of vectors by key. What is wrong with it is said once, and stops nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_replaced = False
        # Takes the file's place where the file cannot be used.
        self._in_memory: sqlite3.Connection | None = None
        self._use(_prepare)

    def read(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        """Return the vectors of those keys that the file has, as far as they check out."""
        rows = self._use(lambda database: dict(_rows(database, keys)))
        vectors = {key: vector for key, vector in rows.items() if vector is not None}
        n_damaged = len(rows) - len(vectors)
        if n_damaged:
            logger.warning("%s: %d vectors do not check out: made again", self.path, n_damaged)
        return vectors

    def add(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Store vectors by key, all or none of them."""
        contents = (np.ascontiguousarray(vector, dtype=np.float32).tobytes() for vector in vectors)
        rows = [
            (key, content + _check(key, content))
            for key, content in zip(keys, contents, strict=True)
        ]
        self._use(lambda database: _insert(database, rows))

    def count(self) -> int:
        """Return the number of vectors."""
        query = "SELECT count(*) FROM vectors"
        return self._use(lambda database: int(database.execute(query).fetchone()[0]))

    def prune(self) -> int:
        """Remove the oldest vectors beyond the bound, and free their space; return their number."""
        n_removed = self._use(_bound)
        self._use(lambda database: database.execute("VACUUM"))
        return n_removed

    def _use(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Return what the action returns of the file, or of memory where the file cannot be used.

        A damaged file is replaced by an empty one.
        """
        while self._in_memory is None:
            try:
                with closing(open_database(self.path, _TABLE, _VERSION)) as database:
                    return action(database)
            except (OSError, sqlite3.Error) as error:
                self._give_up(error)
        return action(self._in_memory)

    def _give_up(self, error: Exception) -> None:
        try:
            if is_damaged(error) and not self._is_replaced:
                self._is_replaced = True
                remove_database(self.path)
                logger.warning("%s: cannot be read (%s): vectors are made again", self.path, error)
                return
        except OSError as failure:
            error = failure
        self._in_memory = open_database(Path(":memory:"), _TABLE, _VERSION)
        cure = cure_for(error, database_cure(error, "The next run tries again."))
        logger.warning("%s: vectors of this run are not kept (%s). %s", self.path, error, cure)


def _prepare(database: sqlite3.Connection) -> None:
    # Readers and a writer then do not wait for each other. A file that is busy keeps its mode.
    with suppress(sqlite3.OperationalError):
        database.execute("PRAGMA journal_mode=WAL")
    _bound(database)


def _bound(database: sqlite3.Connection) -> int:
    """Remove the oldest vectors of a file that is too large; return their number."""
    n_pages, n_free, page_bytes = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    if (n_pages - n_free) * page_bytes <= MAX_VECTOR_BYTES:
        return 0
    # The older half goes, so that this is not done again for a long time.
    half = "SELECT (min(rowid) + max(rowid)) / 2 FROM vectors"
    return database.execute(f"DELETE FROM vectors WHERE rowid <= ({half})").rowcount  # noqa: S608 (a constant)


def _insert(database: sqlite3.Connection, rows: list[tuple[bytes, bytes]]) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
    database.execute("COMMIT")


def _check(key: bytes, content: bytes) -> bytes:
    """Return what shows that a vector is as it was written, and belongs to its key."""
    return hashlib.blake2b(content, key=key, digest_size=_CHECK_BYTES).digest()


def _rows(
    database: sqlite3.Connection, keys: list[bytes]
) -> Iterator[tuple[bytes, Vectors | None]]:
    """Yield each key that is stored with its vector; with None where that does not check out."""
    for start in range(0, len(keys), _LOOKUP_TEXTS):
        block = keys[start : start + _LOOKUP_TEXTS]
        marks = ",".join("?" * len(block))
        query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 (only "?")
        # Another type than BLOB was not written by this toolkit.
        for key, row in database.execute(f"{query} AND typeof(vector) = 'blob'", block):
            content, check = row[:-_CHECK_BYTES], row[-_CHECK_BYTES:]
            is_whole = check == _check(key, content)
            yield key, np.frombuffer(content, dtype=np.float32) if is_whole else None
