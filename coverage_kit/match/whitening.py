"""The space in which a site and its log are compared: vectors are centred, then whitened.

Texts of one site share most of their direction ("this is about bikes"), and questions share another
direction ("this is a question"). Neither says anything about which passage answers which question.
Removing both raised the AUC of the nearest passage's similarity by .05 on the mean of five public
tasks, and by .14 on one of them (docs/method.md, space).
"""

from dataclasses import dataclass

import numpy as np

from coverage_kit.vectors import Embeddings, Vectors, on_one_thread, to_unit_length

# Added to the covariance, in units of its mean eigenvalue. Measured: every value from 3 to 30 did
# about as well on the public sets (docs/method.md, what did not help).
_SHRINKAGE = 10.0
# How many texts at the prior mean weigh against the site's own texts. Assumed.
_TRUST_IN_PASSAGES = 10
_TRUST_IN_QUERIES = 30
# Vectors in double precision at a time: 300 MB at 384 dimensions.
_BLOCK = 100_000


@dataclass(frozen=True)
class Space:
    """A linear change of vectors: subtract a mean, whiten with shrinkage, make unit length.

    `passage_mean` and `query_mean` have shape (d,), `whitening` (d, d).
    """

    passage_mean: Vectors
    query_mean: Vectors
    whitening: Vectors

    def of_passages(self, embeddings: Embeddings) -> Embeddings:
        """Return embeddings of passages, or of texts that read like passages, in this space."""
        return Embeddings(
            embeddings.ids,
            self.move_passages(embeddings.vectors),
            _name(embeddings),
        )

    def of_queries(self, embeddings: Embeddings) -> Embeddings:
        """Return embeddings of queries in this space."""
        return Embeddings(
            embeddings.ids,
            self._move(embeddings.vectors, self.query_mean),
            _name(embeddings),
        )

    def move_passages(self, vectors: Vectors) -> Vectors:
        """Return vectors of new passages in this space, shape (n, d)."""
        return self._move(vectors, self.passage_mean)

    def _move(self, vectors: Vectors, mean: Vectors) -> Vectors:
        """Return the vectors in this space.

        They are summed in double precision, so that a vector does not depend on the other vectors
        of its batch.
        """
        blocks = np.array_split(vectors, 1 + len(vectors) // _BLOCK)
        return np.concatenate(
            [
                to_unit_length(
                    (block.astype(np.float64) - mean) @ self.whitening.astype(np.float64)
                )
                for block in blocks
            ]
        )


@on_one_thread
def fit_space(passages: Embeddings, queries: Embeddings) -> Space:
    """Return the space of these passages and queries.

    With few texts, a mean says more about these texts than about their kind. So the mean of the
    passages is drawn towards zero, and that of the queries towards that of the passages. Whitening
    is by the passages' covariance plus ten times its mean eigenvalue; every value from 3 to 30 did
    as well on the public sets.
    """
    n = len(passages)
    passage_mean = passages.vectors.sum(axis=0, dtype=np.float64) / (n + _TRUST_IN_PASSAGES)
    pull = _TRUST_IN_QUERIES * passage_mean
    query_mean = (queries.vectors.sum(axis=0, dtype=np.float64) + pull) / (
        len(queries) + _TRUST_IN_QUERIES
    )
    centred = passages.vectors - passage_mean
    covariance = centred.T.astype(np.float64) @ centred / max(n, 1)
    values, axes = np.linalg.eigh(covariance)
    level = max(float(values.mean()), 1e-9)
    whitening = (
        (axes * (np.maximum(values, 0) + _SHRINKAGE * level) ** -0.5)
        @ axes.T
        * np.sqrt(_SHRINKAGE * level)
    )
    return Space(
        passage_mean=passage_mean.astype(np.float32),
        query_mean=query_mean.astype(np.float32),
        whitening=whitening.astype(np.float32),
    )


def _name(embeddings: Embeddings) -> str:
    return f"{embeddings.encoder} in the site's space"
