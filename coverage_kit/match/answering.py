"""Answer probability: whether a new passage answers a query that nothing else answers.

A new passage comes near many queries, and most of them ask something else. So a rise of coverage
counts with the probability that the passage is what the query lacks. The probability comes from a
logistic regression over features of the pair. It is fitted on public sets with judged answers by
`python -m benchmarks answering` (docs/method.md, edits), because no site knows which answers it
lacks.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import expit

from coverage_kit.match.added_passages import AddedPassages
from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.vectors import Vectors

DEFAULT_ANSWERING = Path(__file__).parent / "default_answering.json"
# The order is that of the weights in default_answering.json.
PAIR_FEATURES = (
    "lead",
    "heading",
    "heading_lead",
    "words_lead",
    "query_rank",
    "neighbors",
)


class Rivals:
    """The similarity of each query to the nearest passage of each group of edits.

    `nearest_other` then says what the other groups offer a query.
    """

    def __init__(self, n_queries: int, n_groups: int) -> None:
        self.similarity = np.full((n_queries, n_groups), -1.0, dtype=np.float32)

    def add_passages(self, similarity: Vectors, groups: Rows) -> None:
        """Add passages of these groups (a,), with their similarity to the queries (n, a)."""
        for column, group in enumerate(groups):
            np.maximum(
                self.similarity[:, group],
                similarity[:, column],
                out=self.similarity[:, group],
            )

    def nearest_other(self, group: int) -> Vectors:
        """Return each query's similarity to the nearest passage of any other group, shape (n,).

        It is -1 where there is no other group.
        """
        best, second = self._best_two
        return np.where(self._best_group == group, second, best)

    @cached_property
    def _best_group(self) -> Rows:
        return np.asarray(self.similarity.argmax(axis=1), dtype=np.int64)

    @cached_property
    def _best_two(self) -> tuple[Vectors, Vectors]:
        """The largest and the second largest similarity over the groups, both (n,)."""
        if self.similarity.shape[1] < 2:
            return self.similarity[:, 0], np.full(len(self.similarity), -1.0, np.float32)
        largest = np.partition(self.similarity, -2, axis=1)[:, -2:]
        return largest[:, 1], largest[:, 0]


@dataclass(frozen=True)
class AnswerModel:
    """A logistic regression over PAIR_FEATURES.

    `mean` and `scale` have shape (f,), `weights` (1 + f,) with the intercept first.
    """

    mean: Floats
    scale: Floats
    weights: Floats

    def probability(self, features: Floats) -> Floats:
        """Return the probability that each passage answers the query; features are (..., f)."""
        inputs = (features - self.mean) / self.scale
        return np.asarray(expit(inputs @ self.weights[1:] + self.weights[0]), dtype=np.float64)


def load_answer_model(without: str = "") -> AnswerModel:
    """Return the model fitted on all public sets.

    Args:
        without: name of a set to leave out of the fit, so that this set can test the model.
    """
    stored = json.loads(DEFAULT_ANSWERING.read_text(encoding="utf-8"))
    fit = stored["without"].get(without, stored["all"])
    return AnswerModel(
        mean=np.array(fit["mean"]),
        scale=np.array(fit["scale"]),
        weights=np.array(fit["weights"]),
    )


def pair_features(
    scorer: EvidenceScorer,
    rows: Rows,
    added: AddedPassages,
    rivals: Vectors,
    hidden: Flags,
) -> Floats:
    """Return PAIR_FEATURES of these queries with each added passage, shape (len(rows), a, f).

    - lead: how far the passage is ahead of everything that the site and other edits offer the
      query;
    - heading: similarity of the passage's heading to the query;
    - heading_lead: how far that heading is ahead of the site's headings;
    - words_lead: how many more of the query's words the passage has than any own passage, weighted
      by idf;
    - query_rank: logarithm of 1 + the number of queries that are nearer to the passage;
    - neighbors: similarity of the passage to the query's own nearest queries.

    Args:
        scorer: evidence of the site.
        rows: rows of the queries.
        added: the added passages.
        rivals: similarity of each query to the nearest passage that another edit offers, shape
            (n queries,).
        hidden: the own passages that the edit removes, shape (n passages,).
    """
    similarity = added.similarity[rows]
    heading = added.heading_similarity[rows]
    own_bests = scorer.own_bests(rows, hidden)
    own_similarity, own_heading, own_recall = (values[:, None] for values in own_bests.T)
    features = [
        similarity - np.maximum(rivals[rows, None], own_similarity),
        heading,
        heading - own_heading,
        added.recall[rows] - own_recall,
        np.log1p(added.count_nearer_queries(rows)),
        scorer.neighbor_similarity(added, rows),
    ]
    return np.stack(features, axis=2).astype(np.float64)
