"""Whether new text is what a query asks for: the probability that a passage answers it, if nothing else does.

A new passage comes near many queries, and most of them ask something else. So a rise of coverage
counts with the probability that the passage is what the query lacks. It is a logistic over what is
seen of the pair, fitted on public sets with judged answers by `python -m benchmarks answering`
(docs/method.md, edits), because no site knows the answers that it lacks.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import expit

from coverage_kit.match.added_passages import Addition
from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.vectors import Vectors

DEFAULT_ANSWERING = Path(__file__).parent / "default_answering.json"
PAIR_FEATURES = (
    "lead",
    "heading",
    "heading_lead",
    "words_lead",
    "query_rank",
    "neighbors",
)


class Rivals:
    """How near the passages of each group of edits come to each query; `beside` then tells what the other groups offer."""

    def __init__(self, n_queries: int, n_groups: int) -> None:
        self.similarity = np.full((n_queries, n_groups), -1.0, dtype=np.float32)

    def meet(self, similarity: Vectors, groups: Rows) -> None:
        """Take in passages of these groups (a,), as near to the queries as `similarity` (n, a) says."""
        for column, group in enumerate(groups):
            np.maximum(
                self.similarity[:, group],
                similarity[:, column],
                out=self.similarity[:, group],
            )

    def beside(self, group: int) -> Vectors:
        """Return the similarity of the nearest passage of any other group, shape (n,); -1 without another."""
        first, second = self._best_two
        return np.where(self._owner == group, second, first)

    @cached_property
    def _owner(self) -> Rows:
        return np.asarray(self.similarity.argmax(axis=1), dtype=np.int64)

    @cached_property
    def _best_two(self) -> tuple[Vectors, Vectors]:
        if self.similarity.shape[1] < 2:
            return self.similarity[:, 0], np.full(len(self.similarity), -1.0, np.float32)
        two = np.partition(self.similarity, -2, axis=1)[:, -2:]
        return two[:, 1], two[:, 0]


@dataclass(frozen=True)
class AnswerModel:
    """A logistic over PAIR_FEATURES: `mean`, `scale` (f,) and `weights` (1 + f,), intercept first."""

    mean: Floats
    scale: Floats
    weights: Floats

    def probability(self, features: Floats) -> Floats:
        """Return the probability that each passage answers the query, for features of shape (..., f)."""
        inputs = (features - self.mean) / self.scale
        return np.asarray(expit(inputs @ self.weights[1:] + self.weights[0]), dtype=np.float64)


def load_answer_model(without: str = "") -> AnswerModel:
    """Return the model fitted on all public sets, or on all but one, so that this one can test it."""
    stored = json.loads(DEFAULT_ANSWERING.read_text(encoding="utf-8"))
    fit = stored["without"].get(without, stored["all"])
    return AnswerModel(*(np.array(fit[name]) for name in ("mean", "scale", "weights")))


def pair_features(
    scorer: EvidenceScorer,
    rows: Rows,
    added: Addition,
    rivals: Vectors,
    hidden: Flags,
) -> Floats:
    """Return PAIR_FEATURES of some queries with each added passage, shape (len(rows), a, f).

    How far the passage is ahead of all that the site and other edits offer the query; how near its
    heading is, and how far ahead of the site's headings; how many more of the query's words it has
    than any own passage, weighted by idf; how many queries are nearer to it (as a logarithm); and
    how near the query's own neighbours are to it.

    `rivals` (n,) is the similarity of the nearest passage that another edit offers each query;
    `hidden` says which own passages the edit removes.
    """
    similarity = added.similarity[rows]
    heading = added.heading_similarity[rows]
    own, own_heading, own_words = (values[:, None] for values in scorer.own_bests(rows, hidden).T)
    features = [
        similarity - np.maximum(rivals[rows, None], own),
        heading,
        heading - own_heading,
        added.recall[rows] - own_words,
        np.log1p(added.queries_nearer(rows)),
        scorer.nearness_of_neighbors(added, rows),
    ]
    return np.stack(features, axis=2).astype(np.float64)
