"""Whether the passages on a question's subject state what the question asks for.

Text on the same subject is not yet an answer (docs/method.md, related is not answered). A question
may set up to three conditions: a kind of answer, such as a price; a name among those in the site's
headings, such as a product; and a version or year. A passage meets them if a sentence of it states
that kind of answer, and if it is about no other name, version or year.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.match.added_passages import NOT_STATED, Shares
from coverage_kit.match.heading_names import HeadingNames
from coverage_kit.match.name_evidence import NameEvidence
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.word_index import WordIndex
from coverage_kit.tables import Passages
from coverage_kit.text.answer_kinds import AnswerKind, asked_kind, states, subject_of
from coverage_kit.text.atoms import atoms
from coverage_kit.text.identifiers import asked
from coverage_kit.text.sentences import split_sentences

# The nearest passages, by both retrievers, that may state what is asked for. Assumed.
NEAR_PASSAGES = 10
# A query's subject is known to a near passage if that has so much of it; otherwise nothing is said.
# Assumed.
_LEAST_SUBJECT = 1 / 3
# Passages are about the subject if they have so much of what the best of them has; the nearest is
# so in any case. A sentence is, with the one before and after, if it has so much of what its
# passage has. Chosen on public sets, where answered questions seldom fail it (docs/method.md).
_ABOUT_SHARE = 0.8
_NEAREST_SHARE = 0.4
_SENTENCE_SHARE = 0.3
# Queries that are compared at a time. Assumed.
_BLOCK_QUERIES = 256
# Words without a subject, some of which the usual list lacks.
_NO_SUBJECT = ENGLISH_STOP_WORDS.union(
    ("does", "did", "doing", "done", "s", "t", "d", "ll", "m", "re", "ve", "need", "needs", "want"),
    ("get", "got", "own", "year", "years", "please"),
)


@dataclass(frozen=True)
class _Statements:
    """What p passages state.

    `words` (p, words) are those of each passage. By kind of answer, `sentences` (s, words) are the
    words of the sentences that state it, with those around and the headings, and `rows` (s,) are
    their passages, in order. `in_headings` and `names` (p, names) are the names of each passage, in
    its headings and in all.
    """

    words: sparse.csr_matrix
    sentences: dict[AnswerKind, sparse.csr_matrix]
    rows: dict[AnswerKind, Rows]
    in_headings: sparse.csr_matrix
    names: sparse.csr_matrix


class AskedFor:
    """What questions ask for, and which passages near them state it.

    Only questions that set a condition are compared: c of n.

    Args:
        query_texts: the questions; all results have their order.
        passages: the site's passages.
        word_index: the words of the site.
        name_evidence: the versions and years of questions and passages.
        near_rows: rows of the passages near each query, best first, shape (n queries, k). There are
            more than NEAR_PASSAGES, so that some are left where passages are hidden.
    """

    def __init__(
        self,
        query_texts: Sequence[str],
        passages: Passages,
        word_index: WordIndex,
        name_evidence: NameEvidence,
        near_rows: Rows,
    ) -> None:
        self._word_index = word_index
        self._names = HeadingNames(passages)
        self._n_queries = len(query_texts)
        kinds = [asked_kind(text) for text in query_texts]
        names = self._names.incidence(query_texts)
        has_kind = np.array([kind is not None for kind in kinds], dtype=bool)
        is_conditional = has_kind | name_evidence.is_dated | (names.getnnz(axis=1) > 0)
        # what a story is about is in its other sentences
        is_conditional &= [asked(text) == text for text in query_texts]
        # the rows of the queries that set a condition, and what they ask for
        self._rows = np.flatnonzero(is_conditional)
        self._kinds = np.array([kinds[row] for row in self._rows], dtype=object)
        self._asked_names = names[self._rows]
        self._subjects = word_index.stem_shares(
            [self._subject_words(query_texts[row]) for row in self._rows.tolist()]
        )
        self._near = near_rows[self._rows]
        self._shares = self._near_shares(passages)
        self._shares.stated[name_evidence.version_conflicts(near_rows)[self._rows]] = NOT_STATED

    def _subject_words(self, question: str) -> str:
        """Return the words that a question is about, without names, or with them if only these."""
        words = [
            word
            for word in atoms(subject_of(question))
            if word.isalpha() and word not in _NO_SUBJECT
        ]
        return " ".join([word for word in words if word not in self._names.names] or words)

    def _near_shares(self, passages: Passages) -> Shares:
        """Return the shares of the subjects that the passages near each query have."""
        shares = Shares(*(np.zeros(self._near.shape, np.float32) for _ in range(2)))
        distinct, columns = np.unique(self._near, return_inverse=True)
        columns = columns.reshape(self._near.shape)
        near = passages.iloc[distinct]
        # a passage is read for the kinds that are asked near it
        read = {kind: np.unique(columns[self._kinds == kind]) for kind in self._asked_kinds}
        statements = self._read(list(near["heading_path"]), list(near["text"]), read)
        for start in range(0, len(self._rows), _BLOCK_QUERIES):
            block = slice(start, start + _BLOCK_QUERIES)
            compared = self._compare(statements, np.arange(len(self._rows))[block])
            shares.subject[block] = np.take_along_axis(compared.subject, columns[block], 1)
            shares.stated[block] = np.take_along_axis(compared.stated, columns[block], 1)
        return shares

    def compare(self, headings: Sequence[str], texts: Sequence[str]) -> Shares:
        """Return the shares of the subjects that further passages have, shape (c, passages)."""
        read = dict.fromkeys(self._asked_kinds, np.arange(len(texts)))
        return self._compare(self._read(headings, texts, read), np.arange(len(self._rows)))

    @property
    def _asked_kinds(self) -> set[AnswerKind]:
        """The kinds of answers that are asked for."""
        return set(self._kinds) - {None}

    def _read(
        self, headings: Sequence[str], texts: Sequence[str], read: dict[AnswerKind, Rows]
    ) -> _Statements:
        """Return what passages state; `read` are the rows of those that are read, by kind."""
        by_passage = [split_sentences(text) for text in texts]
        sentences = [sentence for parts in by_passage for sentence in parts]
        owners = np.repeat(np.arange(len(texts)), [len(parts) for parts in by_passage])
        starts = np.searchsorted(owners, np.arange(len(texts) + 1))
        words = self._word_index.incidence(sentences)
        in_headings = self._word_index.incidence(list(headings))
        # a sentence counts with its headings, the one before and the one after
        numbers = np.arange(len(owners))
        before, after = (
            np.where(owners == np.roll(owners, step), np.roll(numbers, step), numbers)
            for step in (1, -1)
        )
        rows = {
            kind: np.array(
                [
                    number
                    for passage in passages
                    for number in range(starts[passage], starts[passage + 1])
                    if states(kind, sentences[number])
                ],
                dtype=np.int64,
            )
            for kind, passages in read.items()
        }
        of_passage = sparse.csr_matrix(
            (np.ones(len(owners), np.float32), (owners, numbers)),
            shape=(len(texts), len(owners)),
        )
        wholes = [" ".join(pair) for pair in zip(headings, texts, strict=True)]
        return _Statements(
            words=_flags(of_passage @ words + in_headings),
            sentences={
                kind: _flags(
                    in_headings[owners[chosen]]
                    + words[chosen]
                    + words[before[chosen]]
                    + words[after[chosen]]
                )
                for kind, chosen in rows.items()
            },
            rows={kind: owners[chosen] for kind, chosen in rows.items()},
            in_headings=self._names.incidence(headings),
            names=self._names.incidence(wholes),
        )

    def _compare(self, passages: _Statements, queries: Rows) -> Shares:
        """Return the shares of these queries' subjects, shape (len(queries), passages)."""
        subject = (self._subjects[queries] @ passages.words.T).toarray()
        stated = subject.copy()
        for kind, rows in passages.rows.items():
            of_kind = self._kinds[queries] == kind
            stated[of_kind] = NOT_STATED
            if of_kind.any() and len(rows):
                sentences = passages.sentences[kind]
                shares = (self._subjects[queries[of_kind]] @ sentences.T).toarray()
                starts = np.flatnonzero(np.diff(rows, prepend=-1))
                best = np.maximum.reduceat(shares, starts, axis=1)
                stated[np.ix_(of_kind, rows[starts])] = best
        names = self._asked_names[queries]
        is_other = (names.getnnz(axis=1) > 0)[:, None] & (passages.in_headings.getnnz(axis=1) > 0)
        stated[is_other & ((names @ passages.names.T).toarray() == 0)] = NOT_STATED
        return Shares(subject, stated)

    def conditions(self) -> list[str | None]:
        """Return what each query asks for: its kind of answer, "name", or "version"; None if free.

        "name" stands for a question that asks for no kind, but names what a heading names;
        "version" for one that has only a version or year.
        """
        conditions: list[str | None] = [None] * self._n_queries
        has_name = self._asked_names.getnnz(axis=1) > 0
        for row, kind, is_named in zip(self._rows.tolist(), self._kinds, has_name, strict=True):
            conditions[row] = str(kind) if kind else "name" if is_named else "version"
        return conditions

    def stated(self, hidden: Flags | None = None, added: Shares | None = None) -> Floats:
        """Return 1 where a passage on a query's subject states what it asks for, (n queries,).

        It is 0 where none does, and nan where the query sets no condition, or no passage of the
        site as it is or as it becomes knows its subject.

        Args:
            hidden: which own passages to leave out, shape (n passages,).
            added: the shares of passages that the site has in addition.
        """
        subject, stated = self._shares.subject, self._shares.stated
        visible = np.ones(subject.shape, bool) if hidden is None else ~hidden[self._near]
        rank = visible.cumsum(axis=1)
        visible &= rank <= NEAR_PASSAGES
        is_nearest = visible & (rank == 1)
        if added is not None:
            subject = np.hstack([subject, added.subject])
            stated = np.hstack([stated, added.stated])
            visible, is_nearest = (
                np.pad(flags, ((0, 0), (0, added.subject.shape[1])), constant_values=is_new)
                for flags, is_new in ((visible, True), (is_nearest, False))
            )
        most = np.where(visible, subject, 0).max(axis=1, initial=0)[:, None]
        least = np.where(is_nearest, _NEAREST_SHARE, _ABOUT_SHARE) * most
        is_about = visible & (subject >= least)
        is_stated = (is_about & (stated >= _SENTENCE_SHARE * subject)).any(axis=1)
        is_known = subject.max(axis=1, initial=0) >= _LEAST_SUBJECT
        result = np.full(self._n_queries, np.nan)
        result[self._rows[is_known]] = is_stated[is_known]
        return result


def _flags(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return 1 in place of every count."""
    flags = sparse.csr_matrix(counts)
    flags.data[:] = 1
    return flags
