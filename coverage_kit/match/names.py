"""Names: whether the site writes what a question names, and whether versions and years agree.

An identifier that is nowhere on the site is evidence of a gap, however near the question's subject
is. So is a passage about another version or another year than the question's.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverage_kit.text.atoms import atoms
from coverage_kit.text.identifiers import Name, asked, find_identifiers
from coverage_kit.text.versions import versions, years

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
# What has a version, and the version.
Versions = set[tuple[str, str]]


class NameIndex:
    """The names of questions, and which passages have each of them.

    Args:
        passage_texts: the site's passages, with their headings.
        query_texts: the questions; all results have their order.
        find_names: what counts as a name: `find_identifiers`, or the weaker `find_proper_names`.
    """

    def __init__(
        self,
        passage_texts: Sequence[str],
        query_texts: Sequence[str],
        find_names: Callable[[str], list[Name]] = find_identifiers,
    ) -> None:
        names_by_query = [find_names(text) for text in query_texts]
        self.names = list(dict.fromkeys(name for names in names_by_query for name in names))
        self._column_of = columns_of(self.names)
        # which names a query has, (n queries, n names)
        self.queries = incidence(names_by_query, self._column_of)
        self._n_names = np.asarray(self.queries.sum(axis=1)).ravel()
        self._names_of_key: dict[str, list[Name]] = {}
        for name in self.names:
            for key in name.keys:
                self._names_of_key.setdefault(key, []).append(name)
        self._beginnings = {key[:end] for key in self._names_of_key for end in range(len(key) + 1)}
        # which passages have a name, (n names, n passages)
        self._holders = self.names_of(passage_texts).T.tocsr()

    def names_of(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Return which names each text has, 0 or 1, shape (len(texts), n names)."""
        return incidence(map(self._names_in, texts), self._column_of)

    def presence(self, hidden: Flags | None = None, added_texts: Sequence[str] = ()) -> Floats:
        """Return the share of each query's names that the site has, 0-1, shape (n queries,).

        It is nan where a query has no names.

        Args:
            hidden: which passages to leave out, shape (n passages,).
            added_texts: texts that the site has in addition.
        """
        n_present = self.queries @ self._is_present(hidden, added_texts).astype(np.float64)
        shares = np.full(len(n_present), np.nan)
        np.divide(n_present, self._n_names, out=shares, where=self._n_names > 0)
        return shares

    def absent(
        self, hidden: Flags | None = None, added_texts: Sequence[str] = ()
    ) -> list[tuple[str, ...]]:
        """Return the names of each query that the site does not have, in their usual form.

        For the arguments see `presence`.
        """
        is_present = self._is_present(hidden, added_texts)
        rows = np.split(self.queries.indices, self.queries.indptr[1:-1])
        return [
            tuple(self.names[column].text for column in columns if not is_present[column])
            for columns in rows[: self.queries.shape[0]]
        ]

    def _is_present(self, hidden: Flags | None, added_texts: Sequence[str]) -> Flags:
        """Return which names the site has after such a change, shape (n names,)."""
        shown = np.ones(self._holders.shape[1]) if hidden is None else 1.0 - hidden
        is_present = np.asarray(self._holders @ shown > 0, dtype=bool)
        if len(added_texts):
            is_present |= np.asarray(self.names_of(added_texts).sum(axis=0)).ravel() > 0
        return is_present

    def _names_in(self, text: str) -> Iterator[Name]:
        """Yield the names of which the text has a key as a run of whole atoms."""
        words = atoms(text)
        for start, word in enumerate(words):
            if word in self._beginnings or "." in word:
                for key in self._runs(words, start):
                    yield from self._names_of_key.get(key, ())

    def _runs(self, words: list[str], start: int) -> Iterator[str]:
        """Yield the runs of atoms from a position on, as long as they may become a key."""
        run = ""
        for word in words[start:]:
            parts = word.split(".")
            for end in range(1, len(parts)):  # 3.13.1 is a finer 3.13, and a finer 3
                yield f"{run}{'.'.join(parts[:end])}.*"
            run += word
            yield run
            if run not in self._beginnings:
                return


class VersionIndex:
    """The years and versions in questions and passages.

    A version agrees with itself, with a coarser one and with a finer one: 3.12 agrees with 3 and
    with 3.12.1, and not with 3.13.

    Args:
        passage_texts: the site's passages, with their headings.
        query_texts: the questions; all results have their order.
    """

    def __init__(self, passage_texts: Sequence[str], query_texts: Sequence[str]) -> None:
        questions = [asked(text) for text in query_texts]
        by_query = [years(text) | versions(text, in_any_case=True) for text in questions]
        by_passage = [years(text) | versions(text) for text in passage_texts]
        query_marks = [_query_marks(items) for items in by_query]
        subjects = columns_of(subject for items in by_query for subject, _ in items)
        marks = columns_of(mark for items in query_marks for mark in items)
        # what a text has versions of, and marks that a query shares with passages that agree
        self._query_subjects = incidence(map(_subjects, by_query), subjects)
        self._passage_subjects = incidence(map(_subjects, by_passage), subjects)
        self._query_marks = incidence(query_marks, marks)
        self._passage_marks = incidence((_passage_marks(items) for items in by_passage), marks)

    def compares(self, rows: Rows) -> Flags:
        """Return which passages have some version of the query's names, or a year if it has one.

        Args:
            rows: rows of k passages for each query, shape (n queries, k); so is the result.
        """
        return self._pairs(rows, self._query_subjects, self._passage_subjects)

    def agrees(self, rows: Rows) -> Flags:
        """Return which passages have a version or year of the query; shapes as in `compares`."""
        return self._pairs(rows, self._query_marks, self._passage_marks)

    def _pairs(self, rows: Rows, queries: sparse.csr_matrix, passages: sparse.csr_matrix) -> Flags:
        """Return which passages share a column with their query."""
        shares = np.zeros(rows.shape, dtype=bool)
        dated = np.flatnonzero(self.is_dated)
        for rank, column in enumerate(rows[dated].T):
            shares[dated, rank] = _shares(queries[dated], passages[column])
        return shares

    @property
    def is_dated(self) -> Flags:
        """Which queries have a version or a year, shape (n queries,)."""
        return np.asarray(self._query_subjects.getnnz(axis=1) > 0, dtype=bool)

    def agreement(self, rows: Rows) -> Floats:
        """Return whether the passages of each query are about its version and year, (n queries,).

        It is 1 if any of them has a version or year of the query, and -1 if none has, though the
        nearest has another version of the same name or another year. It is 0 if there is nothing
        to compare.

        Args:
            rows: rows of k passages for each query, the nearest first, shape (n queries, k); -1 is
                no passage.
        """
        agreement = np.zeros(len(rows))
        dated = np.flatnonzero(self.is_dated)
        for rank, column in enumerate(rows[dated].T):
            queries, passages = dated[column >= 0], column[column >= 0]
            agrees = _shares(self._query_marks[queries], self._passage_marks[passages])
            if rank == 0:
                differs = _shares(self._query_subjects[queries], self._passage_subjects[passages])
                agreement[queries[differs]] = -1
            agreement[queries[agrees]] = 1
        return agreement


def _query_marks(items: Versions) -> set[Hashable]:
    """Return the marks of a query's versions: the exact ones, and the coarser ones apart."""
    coarser = {("coarser", *item) for item in _coarser(items)}
    return {("finer", *item) for item in items} | coarser


def _passage_marks(items: Versions) -> set[Hashable]:
    """Return the marks of a passage's versions, which meet those of queries that agree.

    A passage agrees if its version is the query's or a finer one, or is a coarser one.
    """
    finer = {("finer", *item) for item in items | _coarser(items)}
    return finer | {("coarser", *item) for item in items}


def _coarser(items: Versions) -> Versions:
    """Return the coarser versions of each: 3 and 3.12 of 3.12.1."""
    return {
        (subject, version[:end])
        for subject, version in items
        for end, sign in enumerate(version)
        if sign == "."
    }


def _subjects(items: Versions) -> set[Hashable]:
    return {subject for subject, _ in items}


def _shares(left: sparse.csr_matrix, right: sparse.csr_matrix) -> Flags:
    """Return whether each row of two tables of flags shares a column."""
    return np.asarray(left.multiply(right).sum(axis=1)).ravel() > 0


def columns_of(values: Iterable[Hashable]) -> dict[Hashable, int]:
    """Return a column for each distinct value, in the order of the values."""
    return {value: column for column, value in enumerate(dict.fromkeys(values))}


def incidence(
    rows: Iterable[Iterable[Hashable]], column_of: Mapping[Hashable, int]
) -> sparse.csr_matrix:
    """Return which of the values with a column each row has, 0 or 1, shape (rows, values)."""
    by_row = [sorted({column_of[value] for value in row if value in column_of}) for row in rows]
    ends = np.cumsum([0, *(len(columns) for columns in by_row)])
    columns = np.fromiter((column for row in by_row for column in row), np.int64, ends[-1])
    flags = np.ones(len(columns))
    return sparse.csr_matrix((flags, columns, ends), shape=(len(by_row), len(column_of)))
