"""Addition: passages to add to the own site in thought, with all that they are near."""

from dataclasses import dataclass

import numpy as np

from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.vectors import Vectors


@dataclass(frozen=True)
class Addition:
    """Passages to add in thought, with all that they are near: a passages, n queries, m claims of answers.

    `vectors` and those of their `headings` are (a, d); `similarity`, `heading_similarity` and word
    `recall` (n, a); `claim_similarity` (m, a); `rivals` and `heading_rivals` (a,) are the mean
    similarity of the ten queries nearest to each; `page_rows` (a,) say on whose page each stands:
    that of its nearest own passage. `kept` are the similarity and the rows of the own passages
    nearest to each, both (a, up to 5). `read` (n, a) are scores by a cross-encoder, -inf where
    nobody read the pair.
    """

    vectors: Vectors
    headings: Vectors
    similarity: Vectors
    heading_similarity: Vectors
    recall: Vectors
    claim_similarity: Vectors
    rivals: Floats
    heading_rivals: Floats
    page_rows: Rows
    kept: tuple[Vectors, Rows]
    read: Vectors | None = None

    def pick(self, columns: Rows) -> "Addition":
        """Return some of the passages."""
        return Addition(
            self.vectors[columns],
            self.headings[columns],
            self.similarity[:, columns],
            self.heading_similarity[:, columns],
            self.recall[:, columns],
            self.claim_similarity[:, columns],
            self.rivals[columns],
            self.heading_rivals[columns],
            self.page_rows[columns],
            (self.kept[0][columns], self.kept[1][columns]),
            None if self.read is None else self.read[:, columns],
        )

    def nearest_kept(self, hidden: Flags) -> Vectors:
        """Return the similarity of each passage to the nearest own passage that is not hidden, shape (a,)."""
        similarity, near = self.kept
        return np.asarray(
            np.where(hidden[near], -1.0, similarity).max(axis=1, initial=-1.0),
            dtype=np.float32,
        )

    def queries_nearer(self, rows: Rows) -> Rows:
        """Return how many queries are nearer than each of these to each passage, shape (len(rows), a)."""
        ranked = np.sort(self.similarity, axis=0)
        near = [
            np.searchsorted(ranked[:, one], self.similarity[rows, one], "right")
            for one in range(ranked.shape[1])
        ]
        return len(ranked) - np.stack(near, axis=1) if near else np.zeros((len(rows), 0), np.int64)


def gather_vectors(vectors: Vectors, added: Addition | None, rows: Rows) -> Vectors:
    """Return the vectors of passages that are there and, from row len(vectors) on, of added ones, without joining the two."""
    if added is None:
        return vectors[rows]
    is_new = rows >= len(vectors)
    found = vectors[np.where(is_new, 0, rows)]
    found[is_new] = added.vectors[rows[is_new] - len(vectors)]
    return found
