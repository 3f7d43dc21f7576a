"""Readable names of clusters: the words that set a cluster apart (class-based TF-IDF), and its medoid query."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.tables import LABELS, Clusters, Labels, Queries, checked
from coverage_kit.vectors import Embeddings, Vectors

_N_WORDS = 3
_WORD = r"(?u)\b[^\W\d_][\w-]+(?!['\u2019\w])\b"
_GENERIC_SHARE = 0.25
_LABEL_LENGTH = 48

Rows = npt.NDArray[np.int64]


@checked
def label_clusters(queries: Queries, clusters: Clusters, embeddings: Embeddings) -> Labels:
    """Return a label and the medoid query for each cluster: up to three telling words, or the medoid where too few are shared.

    Class-based TF-IDF: the queries of a cluster are one document; words that several of its queries
    share, and few other clusters have, come first; a pair of words counts only where two queries
    share it.
    """
    joined = clusters.merge(queries[["query_id", "text"]], on="query_id").sort_values(
        "cluster_id", kind="stable"
    )
    if joined.empty:
        return LABELS.empty()
    codes, names = pd.factorize(joined["cluster_id"])
    rows = (
        pd.Series(np.arange(len(embeddings)), index=list(embeddings.ids))
        .loc[joined["query_id"]]
        .to_numpy()
    )
    medoids = joined.iloc[_medoids(embeddings.vectors[rows], codes)]
    labels = [
        ", ".join(telling) if len(telling) > 1 else _shortened(text)
        for telling, text in zip(
            _telling_words(joined["text"], codes), medoids["text"], strict=True
        )
    ]
    return LABELS.typed(
        pd.DataFrame(
            {
                "cluster_id": names,
                "label": labels,
                "medoid_query_id": medoids["query_id"].array,
            }
        )
    )


def _medoids(vectors: Vectors, codes: Rows) -> Rows:
    """Return the row of each cluster's query nearest to its mean, the first of equals; codes ascend from 0."""
    means = _indicator(codes) @ vectors / np.bincount(codes)[:, None].astype(np.float32)
    near = np.round(np.einsum("ij,ij->i", vectors, means[codes]), 6)
    order = np.lexsort((-near, codes))
    return np.asarray(order[np.flatnonzero(np.diff(codes, prepend=-1))], dtype=np.int64)


def _indicator(codes: Rows) -> sparse.csr_matrix:
    """Return which rows are in which cluster, shape (clusters, rows)."""
    return sparse.csr_matrix((np.ones(len(codes), np.float32), (codes, np.arange(len(codes)))))


def _telling_words(texts: "pd.Series[str]", codes: Rows) -> list[list[str]]:
    """Return up to three words of each cluster, the most telling first; `codes` names the cluster of each text."""
    counter = CountVectorizer(
        ngram_range=(1, 2),
        stop_words="english",
        token_pattern=_WORD,
        binary=True,
    )
    n = int(codes.max()) + 1
    try:
        # a word counts once a query, so that one rambling query does not name the cluster
        found = counter.fit_transform(texts)
    except ValueError:  # nothing but stop words
        return [[] for _ in range(n)]
    names = counter.get_feature_names_out()
    counts = (_indicator(codes) @ found).tocoo()
    n_with = np.bincount(counts.col, minlength=len(names))
    rarity = np.log((1 + n) / (1 + n_with)) + 1e-3
    rarity[(n_with > _GENERIC_SHARE * n) & (n > 5)] = 0
    weights = np.where(counts.data > 1, counts.data**1.5, 0) * rarity[counts.col]
    order = np.lexsort((counts.col, -np.round(weights, 9), counts.row))
    parts = np.split(order, np.searchsorted(counts.row[order], np.arange(1, n)))
    return [_distinct(names[counts.col[part]], weights[part]) for part in parts]


def _shortened(text: str) -> str:
    """Return the text, cut after a word where it is long."""
    words = " ".join(text.split())
    return words if len(words) <= _LABEL_LENGTH else words[:_LABEL_LENGTH].rsplit(" ", 1)[0] + " …"


def _distinct(names: npt.NDArray[np.object_], weights: npt.NDArray[np.float64]) -> list[str]:
    """Return the first few names, none of which repeats a word of one before it (nor its plural)."""
    chosen: list[str] = []
    seen: set[str] = set()
    for name, weight in zip(names, weights, strict=True):
        stems = {word.rstrip("s") for word in str(name).split()}
        if weight <= 0 or len(chosen) == _N_WORDS:
            break
        if not stems & seen:
            chosen.append(str(name))
            seen |= stems
    return chosen
