"""SiteModel: what coverage would be with passages added or removed. Ranking receives it as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

from coverage_kit.match.coverage import Link
from coverage_kit.match.evidence import Addition, EvidenceScorer, Flags, Floats
from coverage_kit.match.space import Space
from coverage_kit.passage import PassageText
from coverage_kit.vectors import Encoder


@dataclass(frozen=True)
class SiteModel:
    """A fitted link with the evidence, the encoder and the space behind it."""

    scorer: EvidenceScorer
    link: Link
    encoder: Encoder
    space: Space
    known: Flags | None = None

    def prepare(self, added: Sequence[PassageText]) -> None:
        """Encode new passages ahead, all at once."""
        texts = [text for passage in added for text in (passage.embedded, passage.heading)]
        self.encoder.encode(list(dict.fromkeys(texts)))

    def coverage_with(self, added: Sequence[PassageText], removed: Sequence[str] = ()) -> Floats:
        """Return coverage with passages added and removed (their ids).

        Shape (1 + bootstraps, n queries); the first row is the estimate.
        """
        hidden = self.scorer.passages["passage_id"].isin(list(removed)).to_numpy()
        addition = self._addition(list(added)) if added else None
        return self.link.coverage(self.scorer.features(hidden, addition), self.known)

    def _addition(self, added: list[PassageText]) -> Addition:
        texts = [passage.embedded for passage in added]
        vectors = self.space.move_passages(self.encoder.encode(texts))
        headings = self.space.move_passages(self.encoder.encode([passage.heading for passage in added]))
        scorer = self.scorer
        return Addition(vectors, headings, scorer.lexicon.recall_of(texts), scorer.read_addition(texts, vectors))
