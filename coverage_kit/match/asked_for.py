"""Whether a near passage on a question's subject states what the question asks for.

Text on the same subject is not yet an answer (docs/method.md, related is not answered). A question
may set up to three conditions: a kind of answer, such as a price; a name among those in the site's
headings, such as a product; and a version or year. A passage meets them if a sentence of it states
that kind of answer, and if it is about no other name, version or year. What counts is how much of
the question's subject the passages have that meet the conditions, beside the passage with most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.match.heading_names import HeadingNames
from coverage_kit.match.names import VersionIndex
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.word_index import WordIndex
from coverage_kit.text.answer_kinds import AnswerKind, asked_kind, states, subject_of
from coverage_kit.text.atoms import atoms
from coverage_kit.text.sentences import split_sentences

# The nearest passages, by both retrievers, that may state what is asked for. Assumed.
NEAR_PASSAGES = 10
# A query's subject is known to a near passage if that has so much of it; otherwise nothing is said.
# Assumed.
_LEAST_SUBJECT = 0.33
# Passages are about the subject if they have so much of what the best of them has; the first is so
# in any case. A sentence is, with those around it, if it has so much of what its passage has.
# Assumed.
_ABOUT_SHARE = 0.8
_SENTENCE_SHARE = 0.5
# In place of a share, where a passage does not state what is asked for.
_NOT_STATED = -1.0
# Words without a subject that the usual list lacks.
_FURTHER_STOP_WORDS = frozenset(
    "does did doing done s t d ll m re ve need needs want get got own year years please".split()
)
# Queries that are compared at a time. Assumed.
_BLOCK_QUERIES = 256


@dataclass(frozen=True)
class Shares:
    """Shares of the subjects of c queries that k passages have, both of shape (c, k).

    `subject` is what a passage has; `stated` is what it has where it meets the conditions.
    """

    subject: Floats
    stated: Floats

    def select(self, columns: Rows) -> "Shares":
        """Return the passages in these columns."""
        return Shares(self.subject[:, columns], self.stated[:, columns])


@dataclass(frozen=True)
class _Passages:
    """What is compared of p passages.

    `words` (p, words) are those of each passage. By kind of answer, `windows` (w, words) are those
    of the sentences that state it, with the sentence before and the headings, and `rows` (w,) are
    their passages, in order. `conflicts` (c queries, p) says which are about another name.
    """

    words: sparse.csr_matrix
    windows: dict[AnswerKind, sparse.csr_matrix]
    rows: dict[AnswerKind, Rows]
    conflicts: Flags


class AskedFor:
    """What questions ask for, and which passages near them state it.

    Args:
        query_texts: the questions; all results have their order.
        headings: the heading path of each of the site's passages.
        texts: the passages' texts.
        page_rows: the number of each passage's page, shape (n passages,).
        word_index: the words of the site.
        versions: the versions and years of questions and passages.
        near_rows: rows of the passages near each query, best first, shape (n queries, k). There are
            more than NEAR_PASSAGES, so that some are left where passages are hidden.
    """

    def __init__(  # noqa: PLR0913 (each is a source of evidence)
        self,
        query_texts: Sequence[str],
        headings: Sequence[str],
        texts: Sequence[str],
        page_rows: Rows,
        word_index: WordIndex,
        versions: VersionIndex,
        near_rows: Rows,
    ) -> None:
        self._word_index = word_index
        self._names = HeadingNames(headings, texts, page_rows)
        self._n_queries = len(query_texts)
        kinds = [asked_kind(text) for text in query_texts]
        names = [self._names.names_in(text) for text in query_texts]
        is_dated = np.zeros(self._n_queries, dtype=bool)
        is_dated[versions.dated] = True
        self.rows = np.flatnonzero(
            [bool(kind or name or dated) for kind, name, dated in zip(kinds, names, is_dated, strict=True)]
        )
        self.kinds = [kinds[row] for row in self.rows]
        self.names = [names[row] for row in self.rows]
        self._subjects = word_index.stem_shares(
            [_subject_words(query_texts[row], names[row]) for row in self.rows]
        )
        self.near = near_rows[self.rows]
        self.shares = self._near_shares(headings, texts)
        self.shares.stated[versions.conflicts(near_rows)[self.rows]] = _NOT_STATED

    def _near_shares(self, headings: Sequence[str], texts: Sequence[str]) -> Shares:
        """Return the shares of the subjects that the passages near each query have."""
        shares = Shares(*(np.zeros(self.near.shape, np.float32) for _ in range(2)))
        distinct, columns = np.unique(self.near, return_inverse=True)
        columns = columns.reshape(self.near.shape)
        passages = self._read([headings[row] for row in distinct], [texts[row] for row in distinct])
        for start in range(0, len(self.rows), _BLOCK_QUERIES):
            block = slice(start, start + _BLOCK_QUERIES)
            compared = self._compare(passages, np.arange(len(self.rows))[block])
            shares.subject[block] = np.take_along_axis(compared.subject, columns[block], 1)
            shares.stated[block] = np.take_along_axis(compared.stated, columns[block], 1)
        return shares

    def compare(self, headings: Sequence[str], texts: Sequence[str]) -> Shares:
        """Return the shares of the queries' subjects that further passages have."""
        return self._compare(self._read(headings, texts), np.arange(len(self.rows)))

    def _read(self, headings: Sequence[str], texts: Sequence[str]) -> "_Passages":
        """Return the words of passages, and of their sentences that state what is asked for."""
        pairs = list(zip(headings, texts, strict=True))
        windows: dict[AnswerKind, list[str]] = {kind: [] for kind in set(self.kinds) if kind}
        passages: dict[AnswerKind, list[int]] = {kind: [] for kind in windows}
        for row, (heading, text) in enumerate(pairs):
            sentences = split_sentences(text)
            for number, sentence in enumerate(sentences):
                around = " ".join([heading, *sentences[max(0, number - 1) : number + 2]])
                for kind in windows:
                    if states(kind, sentence):
                        windows[kind].append(around)
                        passages[kind].append(row)
        return _Passages(
            words=self._word_index.incidence([" ".join(pair) for pair in pairs]),
            windows={kind: self._word_index.incidence(texts) for kind, texts in windows.items()},
            rows={kind: np.array(rows, dtype=np.int64) for kind, rows in passages.items()},
            conflicts=self._names.conflicts(self.names, headings, texts),
        )

    def _compare(self, passages: "_Passages", queries: Rows) -> Shares:
        """Return the shares of these queries' subjects, both of shape (len(queries), passages)."""
        subject = (self._subjects[queries] @ passages.words.T).toarray()
        stated = subject.copy()
        kinds = [self.kinds[query] for query in queries]
        for kind in passages.windows:
            of_kind = np.array([asked == kind for asked in kinds], dtype=bool)
            rows = passages.rows[kind]
            stated[of_kind] = _NOT_STATED
            if of_kind.any() and len(rows):
                windows = passages.windows[kind]
                shares = (self._subjects[queries[of_kind]] @ windows.T).toarray()
                starts = np.flatnonzero(np.diff(rows, prepend=-1))
                best = np.maximum.reduceat(shares, starts, axis=1)
                stated[np.ix_(of_kind, rows[starts])] = best
        stated[passages.conflicts[queries]] = _NOT_STATED
        return Shares(subject, stated)

    def measure(self, hidden: Flags | None = None, added: Shares | None = None) -> Floats:
        """Return by how much the conditions are met, 0-1, (n queries,); nan without a condition.

        Args:
            hidden: which own passages to leave out, shape (n passages,).
            added: the shares of passages that the site has in addition.
        """
        visible = np.ones(self.near.shape, bool) if hidden is None else ~hidden[self.near]
        rank = visible.cumsum(axis=1)
        visible &= rank <= NEAR_PASSAGES
        subject = np.where(visible, self.shares.subject, -1)
        stated = np.where(visible, self.shares.stated, _NOT_STATED)
        if added is not None:
            subject = np.hstack([subject, added.subject])
            stated = np.hstack([stated, added.stated])
        most = subject.max(axis=1, initial=0)
        is_about = subject >= _ABOUT_SHARE * most[:, None]
        is_about[:, : rank.shape[1]] |= visible & (rank == 1)
        is_stated = (is_about & (stated >= _SENTENCE_SHARE * np.maximum(subject, 0))).any(axis=1)
        result = np.full(self._n_queries, np.nan)
        is_near = most >= _LEAST_SUBJECT
        result[self.rows[is_near]] = is_stated[is_near]
        return result


def _subject_words(question: str, names: set[str]) -> str:
    """Return the words that a question is about, without names; with them if nothing else is."""
    words = [
        word
        for word in atoms(subject_of(question))
        if word.isalpha() and word not in ENGLISH_STOP_WORDS | _FURTHER_STOP_WORDS
    ]
    return " ".join([word for word in words if word not in names] or words)
