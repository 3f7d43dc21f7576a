"""Passages that a simulation adds to the site, with everything that they are compared with."""

from dataclasses import dataclass

import numpy as np

from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.vectors import Vectors

# In place of a share, where a passage does not state what is asked for.
NOT_STATED = -1.0


@dataclass(frozen=True)
class Shares:
    """Shares of the subjects of c queries that k passages have, both of shape (c, k).

    `subject` is what a passage has. `stated` is what its sentences have that state what the query
    asks for; NOT_STATED where none does, or the passage is about another name, version or year.
    """

    subject: Vectors
    stated: Vectors

    def select(self, columns: Rows) -> "Shares":
        """Return the passages in these columns."""
        return Shares(self.subject[:, columns], self.stated[:, columns])


@dataclass(frozen=True)
class AddedPassages:
    """Passages that a simulation adds, compared with the site and the log.

    There are a added passages, n queries and m claims of answers. `texts` are the passages' words
    as they were embedded. `vectors` and `heading_vectors`
    have shape (a, d). `similarity`, `heading_similarity` and word `recall` have shape (n, a),
    `claim_similarity` (m, a). `rival_similarity` and `heading_rival_similarity` (a,) are the mean
    similarity of the ten queries nearest to each passage or heading.

    `page_rows` (a,) is the page to which each passage is assigned: the page of its nearest own
    passage. `own_similarity` and `own_rows`, both (a, up to 5), are the similarity and the rows of
    the own passages nearest to each. `words` (n, a) are the scores by the site's words, and
    `rival_words` (a,) their mean over the ten queries that fit each passage best. `asked_for` says
    what the passages state of what queries ask for.
    `cross_encoder_scores` (n, a) are the scores by a
    cross-encoder, -inf for pairs that it did not read; None where no cross-encoder is in use.
    """

    texts: tuple[str, ...]
    vectors: Vectors
    heading_vectors: Vectors
    similarity: Vectors
    heading_similarity: Vectors
    recall: Vectors
    claim_similarity: Vectors
    rival_similarity: Floats
    heading_rival_similarity: Floats
    page_rows: Rows
    own_similarity: Vectors
    own_rows: Rows
    words: Vectors
    rival_words: Floats
    asked_for: Shares
    cross_encoder_scores: Vectors | None = None

    def select(self, columns: Rows) -> "AddedPassages":
        """Return the passages in these columns."""
        scores = self.cross_encoder_scores
        return AddedPassages(
            texts=tuple(self.texts[column] for column in columns),
            vectors=self.vectors[columns],
            heading_vectors=self.heading_vectors[columns],
            similarity=self.similarity[:, columns],
            heading_similarity=self.heading_similarity[:, columns],
            recall=self.recall[:, columns],
            claim_similarity=self.claim_similarity[:, columns],
            rival_similarity=self.rival_similarity[columns],
            heading_rival_similarity=self.heading_rival_similarity[columns],
            page_rows=self.page_rows[columns],
            own_similarity=self.own_similarity[columns],
            own_rows=self.own_rows[columns],
            words=self.words[:, columns],
            rival_words=self.rival_words[columns],
            asked_for=self.asked_for.select(columns),
            cross_encoder_scores=None if scores is None else scores[:, columns],
        )

    def similarity_to_remaining(self, hidden: Flags) -> Vectors:
        """Return each passage's similarity to the nearest own passage that is not hidden, (a,)."""
        return np.asarray(
            np.where(hidden[self.own_rows], -1.0, self.own_similarity).max(axis=1, initial=-1.0),
            dtype=np.float32,
        )

    def count_nearer_queries(self, rows: Rows) -> Rows:
        """Return how many queries are nearer to each passage than each of these queries is.

        The shape is (len(rows), a).
        """
        ranked = np.sort(self.similarity, axis=0)
        positions = [
            np.searchsorted(ranked[:, column], self.similarity[rows, column], "right")
            for column in range(ranked.shape[1])
        ]
        if not positions:
            return np.zeros((len(rows), 0), np.int64)
        return len(ranked) - np.stack(positions, axis=1)


def gather_vectors(vectors: Vectors, added: AddedPassages | None, rows: Rows) -> Vectors:
    """Return the vectors in these rows, without copying own and added passages into one array.

    Rows from len(vectors) on are those of the added passages.
    """
    if added is None:
        return vectors[rows]
    is_added = rows >= len(vectors)
    gathered = vectors[np.where(is_added, 0, rows)]
    gathered[is_added] = added.vectors[rows[is_added] - len(vectors)]
    return gathered
