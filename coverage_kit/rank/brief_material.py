"""What briefs are written from: topics, the log, and your passages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from coverage_kit.tables import Answers, Citations, Claims, Clusters, Passages, Queries
from coverage_kit.vectors import Vectors


class Topic(NamedTuple):
    """A topic that your site does not answer: its name, and its unanswered questions alone."""

    cluster_id: str
    label: str
    query_ids: tuple[str, ...]


@dataclass(frozen=True)
class BriefMaterial:
    """What briefs are written from.

    Attributes:
        queries: all questions of the log.
        clusters: the cluster of every question.
        answers: the logged answers.
        claims: their sentences.
        citations: what they cite.
        own_passages: passages of your site.
        other_passages: passages of the tracked other brands' sites.
        claim_vectors: unit vectors of the claims, shape (n claims, d).
        query_vectors: unit vectors of the questions, shape (n queries, d).
        passage_vectors: unit vectors of your passages, shape (n passages, d).
        other_vectors: unit vectors of the other brands' passages, shape (n other passages, d).
        brand_names: the names of each tracked brand, your own brand first.
    """

    queries: Queries
    clusters: Clusters
    answers: Answers
    claims: Claims
    citations: Citations
    own_passages: Passages
    other_passages: Passages
    claim_vectors: Vectors
    query_vectors: Vectors
    passage_vectors: Vectors
    other_vectors: Vectors
    brand_names: Sequence[tuple[str, ...]] = ()
