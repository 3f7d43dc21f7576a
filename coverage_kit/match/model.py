"""SiteModel: what coverage would be with passages added or removed. Ranking receives it as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coverage_kit.match.coverage import Link
from coverage_kit.match.evidence import Addition, EvidenceScorer, Flags, Floats
from coverage_kit.vectors import Embeddings, Encoder


@dataclass(frozen=True)
class SiteModel:
    """A fitted link with the evidence and the encoder behind it."""

    scorer: EvidenceScorer
    link: Link
    encoder: Encoder
    queries: Embeddings
    known: Flags | None = None

    def prepare(self, texts: Sequence[str]) -> None:
        """Encode texts ahead, all at once."""
        self.encoder.encode(list(dict.fromkeys(texts)))

    def coverage_with(self, added: Sequence[str], removed: Sequence[str] = ()) -> Floats:
        """Return coverage with passages added (their texts with headings) and removed (their ids).

        Shape (1 + bootstraps, n queries); the first row is the estimate.
        """
        hidden = self.scorer.passages["passage_id"].isin(list(removed)).to_numpy()
        addition = self._addition(list(added)) if added else None
        return self.link.coverage(self.scorer.features(hidden, addition), self.known)

    def _addition(self, texts: list[str]) -> Addition:
        vectors = self.encoder.encode(texts)
        claims = self.scorer.claims
        claim_vectors = claims.embeddings.vectors if claims is not None else np.zeros((0, vectors.shape[1]), np.float32)
        return Addition(
            np.round(self.queries.vectors @ vectors.T, 6),
            self.scorer.lexicon.recall_of(texts),
            np.round(claim_vectors @ vectors.T, 6),
        )
