"""Readable names of clusters: their most distinctive words (class-based TF-IDF), and their medoid.

The medoid is the query nearest to the cluster's mean.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.tables import LABELS, Clusters, Labels, Queries, checked
from coverage_kit.vectors import Embeddings, Vectors

# Words in a label. Assumed: a label has to fit a table's cell.
_N_WORDS = 3
# A word of two or more characters that begins with a letter: "e-bike", "km2"; not "22", and not
# the beginning of a contraction such as "don't".
_WORD = r"(?u)\b[^\W\d_][\w-]+(?!['\u2019\w])\b"
# A word in more than this share of the clusters names none of them. Assumed.
_GENERIC_SHARE = 0.25
# Characters after which a query that serves as a label is cut. Assumed.
_LABEL_LENGTH = 48

Rows = npt.NDArray[np.int64]


@checked
def label_clusters(queries: Queries, clusters: Clusters, embeddings: Embeddings) -> Labels:
    """Return a label and the medoid query of each cluster.

    The label is up to three distinctive words, or the medoid where too few words are shared. The
    words come from class-based TF-IDF: the queries of a cluster are one document. Words come first
    that several queries of the cluster share and that few other clusters have. A pair of words
    counts only where two queries share it.
    """
    joined = clusters.merge(queries[["query_id", "text"]], on="query_id").sort_values(
        "cluster_id", kind="stable"
    )
    if joined.empty:
        return LABELS.empty()
    codes, cluster_ids = pd.factorize(joined["cluster_id"])
    row_of = pd.Series(np.arange(len(embeddings)), index=list(embeddings.ids))
    rows = row_of.loc[joined["query_id"]].to_numpy()
    medoids = joined.iloc[_medoids(embeddings.vectors[rows], codes)]
    labels = [
        ", ".join(words) if len(words) > 1 else _shortened(text)
        for words, text in zip(
            _distinctive_words(joined["text"], codes), medoids["text"], strict=True
        )
    ]
    return LABELS.typed(
        pd.DataFrame(
            {
                "cluster_id": cluster_ids,
                "label": labels,
                "medoid_query_id": medoids["query_id"].array,
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


def _distinctive_words(texts: "pd.Series[str]", codes: Rows) -> list[list[str]]:
    """Return up to three words of each cluster, the most distinctive first.

    `codes` is the cluster of each text.
    """
    counter = CountVectorizer(
        ngram_range=(1, 2),
        stop_words="english",
        token_pattern=_WORD,
        binary=True,
    )
    n = int(codes.max()) + 1
    try:
        # a word counts once a query, so that one rambling query does not name the cluster
        words_of_texts = counter.fit_transform(texts)
    except ValueError:  # the texts have stop words only
        return [[] for _ in range(n)]
    words = counter.get_feature_names_out()
    counts = (_indicator(codes) @ words_of_texts).tocoo()
    n_clusters_with = np.bincount(counts.col, minlength=len(words))
    rarity = np.log((1 + n) / (1 + n_clusters_with)) + 1e-3
    # with five clusters or fewer, a word of two clusters would already count as generic
    rarity[(n_clusters_with > _GENERIC_SHARE * n) & (n > 5)] = 0
    # the exponent puts words that many queries share before rare words that two share: assumed
    weights = np.where(counts.data > 1, counts.data**1.5, 0) * rarity[counts.col]
    order = np.lexsort((counts.col, -np.round(weights, 9), counts.row))
    by_cluster = np.split(order, np.searchsorted(counts.row[order], np.arange(1, n)))
    return [_distinct(words[counts.col[entries]], weights[entries]) for entries in by_cluster]


def _shortened(text: str) -> str:
    """Return the text, cut after a word where it is long."""
    text = " ".join(text.split())
    if len(text) <= _LABEL_LENGTH:
        return text
    return text[:_LABEL_LENGTH].rsplit(" ", 1)[0] + " …"


def _distinct(words: npt.NDArray[np.object_], weights: npt.NDArray[np.float64]) -> list[str]:
    """Return the first few words, leaving out those that repeat an earlier word or its plural."""
    chosen: list[str] = []
    chosen_stems: set[str] = set()
    for word, weight in zip(words, weights, strict=True):
        stems = {single.rstrip("s") for single in str(word).split()}
        if weight <= 0 or len(chosen) == _N_WORDS:
            break
        if not stems & chosen_stems:
            chosen.append(str(word))
            chosen_stems |= stems
    return chosen
