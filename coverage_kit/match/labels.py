"""Names of clusters: a noun phrase of the topic, or a short question that people ask; and medoids.

Candidates (`name_candidates`) are scored by the words of the cluster (`name_words`) and by how near
they are to it in the encoder's vectors. The medoid is the query nearest to the cluster's mean.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from coverage_kit.match.name_candidates import CandidateFinder, rank_of
from coverage_kit.match.name_words import Candidate, Rows
from coverage_kit.tables import LABELS, Clusters, Labels, Queries, checked
from coverage_kit.text.questions import MAX_LENGTH
from coverage_kit.vectors import Embeddings, Encoder, Vectors, to_unit_length

# Of a candidate's score: its mean cosine with the members, and how much nearer it is to them than
# to the next cluster, at most so much. Assumed.
_NEARNESS_WEIGHT = 1.0
_MARGIN_WEIGHT = 0.5
_MAX_MARGIN = 0.1
# Two names whose telling words are the same are near-twins; words that tell less do not count.
_TWIN_TELLING = 0.3
# Candidates that are compared with all clusters at a time, to bound memory.
_BLOCK = 4096


@checked
def label_clusters(  # noqa: PLR0913 (what names are made of)
    queries: Queries,
    clusters: Clusters,
    embeddings: Embeddings,
    encoder: Encoder | None = None,
    answers: Mapping[str, Sequence[str]] | None = None,
    titles: Mapping[str, Sequence[str]] | None = None,
    brands: Collection[str] = (),
) -> Labels:
    """Return a name and the medoid query of each cluster.

    A name has at most 60 characters. No two clusters share one. Questions in other languages than
    English name their cluster themselves.

    Args:
        queries: the queries, with their demand.
        clusters: the cluster of each query.
        embeddings: vectors of the queries in which the medoid is the nearest to the mean.
        encoder: compares candidates with the cluster; without it only words do.
        answers: texts of the answers to a query, by its id.
        titles: titles of the pages that those answers cite, by query id.
        brands: names of brands and sites, which name no topic by themselves.
    """
    joined = clusters.merge(queries[["query_id", "text", "demand"]], on="query_id").sort_values(
        ["cluster_id", "query_id"], kind="stable"
    )
    if joined.empty:
        return LABELS.empty()
    codes, cluster_ids = pd.factorize(joined["cluster_id"])
    row_of = pd.Series(np.arange(len(embeddings)), index=list(embeddings.ids))
    medoids = _medoids(embeddings.vectors[row_of.loc[joined["query_id"]].to_numpy()], codes)
    finder = CandidateFinder(joined, codes, answers or {}, titles or {}, brands)
    members = np.split(np.arange(len(codes)), np.flatnonzero(np.diff(codes)) + 1)
    candidates = [finder.find(code, rows) for code, rows in enumerate(members)]
    if encoder is not None:
        _compare(candidates, encoder, finder, codes)
    demand = np.bincount(codes, joined["demand"].to_numpy(np.float64))
    names = _choose(candidates, finder, members, medoids, np.argsort(-demand, kind="stable"))
    return LABELS.typed(
        pd.DataFrame(
            {
                "cluster_id": cluster_ids,
                "label": names,
                "medoid_query_id": joined["query_id"].iloc[medoids].array,
            }
        )
    )


def _medoids(vectors: Vectors, codes: Rows) -> Rows:
    """Return the row of the query nearest to each cluster's mean, the first of equals.

    Codes ascend from 0.
    """
    means = _indicator(codes) @ vectors / np.bincount(codes)[:, None].astype(np.float32)
    similarity = np.round(np.einsum("ij,ij->i", vectors, means[codes]), 6)
    order = np.lexsort((-similarity, codes))
    return np.asarray(order[np.flatnonzero(np.diff(codes, prepend=-1))], dtype=np.int64)


def _indicator(codes: Rows) -> sparse.csr_matrix:
    """Return which rows are in which cluster, shape (clusters, rows)."""
    return sparse.csr_matrix((np.ones(len(codes), np.float32), (codes, np.arange(len(codes)))))


def _compare(
    candidates: list[list[Candidate]], encoder: Encoder, finder: CandidateFinder, codes: Rows
) -> None:
    """Add to the scores how near each candidate is to its cluster, and how far from others.

    A question is not compared with itself.
    """
    flat = [(code, item) for code, items in enumerate(candidates) for item in items]
    if not flat:
        return
    members = encoder.encode(finder.texts, "query")
    # On a site about one subject, all texts share a direction.
    centre = members.mean(axis=0)
    members = to_unit_length(members - centre)
    shares = finder.shares.astype(np.float32)
    means = sparse.csr_matrix((shares, (codes, np.arange(len(codes))))) @ members
    directions = to_unit_length(means)
    vectors = to_unit_length(encoder.encode([item.text for _, item in flat], "query") - centre)
    for start in range(0, len(flat), _BLOCK):
        block = vectors[start : start + _BLOCK]
        cosines = block @ directions.T
        own = np.array([code for code, _ in flat[start : start + _BLOCK]])
        own_cosines = cosines[np.arange(len(block)), own]
        cosines[np.arange(len(block)), own] = -1
        margins = own_cosines - cosines.max(axis=1) if len(directions) > 1 else own_cosines * 0
        nearness = np.einsum("ij,ij->i", block, means[own])
        for number, (_, item) in enumerate(flat[start : start + _BLOCK]):
            near = float(nearness[number])
            if item.row >= 0 and shares[item.row] < 1:
                share = float(shares[item.row])
                near = (near - share * float(block[number] @ members[item.row])) / (1 - share)
            margin = min(_MAX_MARGIN, float(margins[number]))
            item.score += _NEARNESS_WEIGHT * near + _MARGIN_WEIGHT * margin


def _choose(
    candidates: list[list[Candidate]],
    finder: CandidateFinder,
    members: list[Rows],
    medoids: Rows,
    order: Rows,
) -> list[str]:
    """Return the name of each cluster; those first in this order choose first.

    A cluster gets its best candidate that is no near-twin of a name that is taken, and no question
    of another cluster.
    """
    names = [""] * len(candidates)
    taken: set[str] = set()
    marks: set[frozenset[str]] = set()
    for code in order:
        ranked = sorted(candidates[code], key=rank_of)
        # stable, so that the best come first among the distinct and among the others
        ranked.sort(
            key=lambda item: (
                _mark(item, finder) in marks or finder.is_asked_elsewhere(item, int(code))
            )
        )
        for item in ranked:
            name = finder.show(item, members[code])
            if name.lower() not in taken:
                marks.add(_mark(item, finder))
                break
        else:
            name = _numbered(finder.fallback(int(medoids[code])), taken)
        names[code] = name
        taken.add(name.lower())
    return names


def _mark(item: Candidate, finder: CandidateFinder) -> frozenset[str]:
    """Return the telling words of a candidate, by which near-twins are known."""
    telling = {word for word in item.stems if finder.words.telling(word) > _TWIN_TELLING}
    return frozenset(telling or item.stems or {item.text.lower()})


def _numbered(text: str, taken: set[str]) -> str:
    """Return the text, with a number behind it where it is taken."""
    name, number = text, 2
    while name.lower() in taken:
        ending = f" ({number})"
        name = text[: MAX_LENGTH - len(ending)].rstrip() + ending
        number += 1
    return name
