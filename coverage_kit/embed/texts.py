"""Vectors reused from disk: a text is encoded once for each encoder, whatever is run again or interrupted."""

import hashlib
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from coverage_kit.errors import EncoderError
from coverage_kit.passage import PassageText
from coverage_kit.tables import Passages
from coverage_kit.vectors import Encoder, Role, Vectors

CHUNK_TEXTS = 256
_LOOKUP_TEXTS = 500


def passage_texts(passages: Passages) -> list[str]:
    """Return every passage as it is embedded: its headings, then its words."""
    return [PassageText(*pair).embedded for pair in zip(passages["heading_path"], passages["text"], strict=True)]


def headings(passages: Passages) -> list[str]:
    """Return every passage's own heading, or its first words where it has none."""
    return [PassageText(*pair).heading for pair in zip(passages["heading_path"], passages["text"], strict=True)]


class CachedEncoder:
    """An encoder that keeps its vectors in a SQLite file and encodes only texts it has not seen.

    Each chunk of texts is stored in one transaction, so that an interrupted run loses at most one chunk.
    `n_embedded` and `n_reused` count distinct texts since it was made.

    Args:
        encoder: the encoder that makes new vectors.
        path: the SQLite file; made when absent.
        is_quiet: whether to leave out the progress bar.
    """

    def __init__(self, encoder: Encoder, path: str | Path, is_quiet: bool = False) -> None:
        self.encoder, self.path, self.is_quiet = encoder, Path(path), is_quiet
        self.n_embedded = self.n_reused = 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._database() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    @property
    def name(self) -> str:
        """Name and revision of the encoder within."""
        return self.encoder.name

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.encoder.dimensions

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        keys = [self._key(text, role) for text in texts]
        distinct = dict(zip(keys, texts, strict=True))
        with self._database() as database:
            known = _stored(database, list(distinct))
            self.n_reused += len(known)
            # longest first: a batch holds texts of one length, and the progress bar's early estimate errs on the safe side
            new = sorted((key for key in distinct if key not in known), key=lambda key: -len(distinct[key]))
            self.n_embedded += len(new)
            for chunk in self._chunks(new):
                vectors = self.encoder.encode([distinct[key] for key in chunk], role)
                rows = list(zip(chunk, vectors, strict=True))
                with database:
                    database.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)", [(key, row.tobytes()) for key, row in rows]
                    )
                known.update(rows)
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([known[key] for key in keys])

    def _key(self, text: str, role: Role) -> bytes:
        return hashlib.blake2b(f"{self.name}\0{role}\0{text}".encode(errors="replace"), digest_size=16).digest()

    def _chunks(self, keys: list[bytes]) -> Iterator[list[bytes]]:
        is_quiet = self.is_quiet or not keys
        with tqdm(total=len(keys), desc="embedding", unit="text", file=sys.stderr, leave=False, disable=is_quiet) as progress:
            for start in range(0, len(keys), CHUNK_TEXTS):
                chunk = keys[start : start + CHUNK_TEXTS]
                yield chunk
                progress.update(len(chunk))

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as database:
                yield database
        except sqlite3.DatabaseError as error:
            cure = "Delete the file; its vectors will be made again."
            raise EncoderError(str(self.path), "a store of vectors", str(error), cure) from error


def _stored(database: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, Vectors]:
    found: dict[bytes, Vectors] = {}
    for start in range(0, len(keys), _LOOKUP_TEXTS):
        part = keys[start : start + _LOOKUP_TEXTS]
        marks = ",".join("?" * len(part))
        rows = database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part)  # noqa: S608 (only ?)
        found.update((key, np.frombuffer(blob, dtype=np.float32)) for key, blob in rows)
    return found
