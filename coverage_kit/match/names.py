"""Names: which identifiers of a question occur on the site, and which versions and years agree."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverage_kit.text.atoms import atoms
from coverage_kit.text.identifiers import Name, find_identifiers, identifiers, proper_names

__all__ = ["NameIndex", "identifiers", "proper_names"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class KeyScanner:
    """Detects which of many keys a text has, in one pass over its atoms."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._columns = {key: column for column, key in enumerate(keys)}
        self._starts = {key[:end] for key in keys for end in range(1, len(key) + 1)}

    def columns(self, text: str) -> set[int]:
        """Return the columns of the keys that the text has, as runs of whole atoms."""
        words = atoms(text)
        found: set[int] = set()
        for position, word in enumerate(words):
            if word in self._starts or "." in word:
                self._extend(words, position, found)
        return found

    def _extend(self, words: list[str], position: int, found: set[int]) -> None:
        """Add the columns of the keys that begin at this position."""
        run = ""
        for word in words[position:]:
            if "." in word:  # a version is part of each coarser one: 3.13.1 of 3.13
                parts = word.split(".")
                for end in range(1, len(parts)):
                    self._add(f"{run}{'.'.join(parts[:end])}.*", found)
            run += word
            self._add(run, found)
            if run not in self._starts:
                return

    def _add(self, key: str, found: set[int]) -> None:
        column = self._columns.get(key)
        if column is not None:
            found.add(column)


class NameIndex:
    def __init__(self, passage_texts: Sequence[str], query_texts: Sequence[str], find=find_identifiers) -> None:
        by_query = [find(text) for text in query_texts]
        self.names = list(dict.fromkeys(name for names in by_query for name in names))
        column_of = {name: column for column, name in enumerate(self.names)}
        self.queries = _flags([[column_of[name] for name in names] for names in by_query], len(self.names))
        keys = sorted({key for name in self.names for key in name.keys})
        key_of = {key: row for row, key in enumerate(keys)}
        self._names_of_keys = _flags([[] for _ in keys], len(self.names))
        cols = [[] for _ in keys]
        for c, name in enumerate(self.names):
            for key in name.keys:
                cols[key_of[key]].append(c)
        self._names_of_keys = _flags(cols, len(self.names))
        self._scanner = KeyScanner(keys)
        self.passages = self.names_in(passage_texts)
        self._holders = self.passages.T.tocsr()

    def names_in(self, texts):
        keys = _flags([sorted(self._scanner.columns(text)) for text in texts], self._names_of_keys.shape[0])
        return ((keys @ self._names_of_keys) > 0).astype(np.float64).tocsr()

    def presence(self, hidden=None, added_texts=()):
        if hidden is None:
            n = np.asarray(self._holders.sum(axis=1)).ravel()
        else:
            n = self._holders @ (~hidden).astype(np.float64)
        if len(added_texts):
            n = n + np.asarray(self.names_in(added_texts).sum(axis=0)).ravel()
        total = np.asarray(self.queries.sum(axis=1)).ravel()
        with np.errstate(invalid="ignore"):
            return (self.queries @ (n > 0).astype(np.float64)) / np.where(total, total, np.nan)


def _flags(columns, n):
    lengths = [len(c) for c in columns]
    indices = [i for c in columns for i in c]
    return sparse.csr_matrix(
        (np.ones(len(indices)), np.asarray(indices, np.int64), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)),
        shape=(len(columns), n),
    )
