"""Readable names of clusters: the words that set a cluster apart (class-based TF-IDF), and its medoid query."""

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

from coverage_kit.tables import LABELS, Clusters, Labels, Queries, checked
from coverage_kit.vectors import Embeddings

_N_WORDS = 3
_WORD = r"(?u)\b[^\W\d_][\w-]+(?!['\u2019\w])\b"
_GENERIC_SHARE = 0.25
_LABEL_LENGTH = 48


@checked
def label_clusters(queries: Queries, clusters: Clusters, embeddings: Embeddings) -> Labels:
    """Return a label and the medoid query for each cluster: up to three telling words, or the medoid where too few are shared.

    Class-based TF-IDF: the queries of a cluster are one document; words that several of its queries share, and few other
    clusters have, come first; a pair of words counts only where two queries share it.
    """
    joined = clusters.merge(queries[["query_id", "text"]], on="query_id")
    if joined.empty:
        return LABELS.empty()
    place = {name: row for row, name in enumerate(embeddings.ids)}
    groups = joined.groupby("cluster_id", sort=True)
    words = _telling_words([list(group["text"]) for _, group in groups])
    rows = []
    for (cluster_id, group), telling in zip(groups, words, strict=True):
        vectors = embeddings.vectors[[place[name] for name in group["query_id"]]]
        medoid = int(np.argmax(np.round(vectors @ vectors.mean(axis=0), 6)))
        label = ", ".join(telling) if len(telling) > 1 else _shortened(group["text"].iloc[medoid])
        rows.append({"cluster_id": cluster_id, "label": label, "medoid_query_id": group["query_id"].iloc[medoid]})
    return LABELS.table(rows)


def _telling_words(documents: list[list[str]]) -> list[list[str]]:
    counter = CountVectorizer(ngram_range=(1, 2), stop_words="english", token_pattern=_WORD)
    try:
        counter.fit([text for texts in documents for text in texts])
    except ValueError:  # nothing but stop words
        return [[] for _ in documents]
    names = counter.get_feature_names_out()
    # a word counts once a query, so that one rambling query does not name the cluster
    counts = np.stack([np.asarray((counter.transform(texts) > 0).sum(axis=0)).ravel() for texts in documents])
    rarity = np.log((1 + len(documents)) / (1 + (counts > 0).sum(axis=0))) + 1e-3
    is_pair = np.array([" " in name for name in names])
    is_generic = (counts > 0).mean(axis=0) > _GENERIC_SHARE
    rarity = np.where(is_generic & (len(documents) > 5), 0, rarity)
    weights = np.where(is_pair & (counts < 2), 0, np.where(counts > 1, counts**1.5, 0)) * rarity
    orders = [np.argsort(-np.round(row, 9), kind="stable") for row in weights]
    return [_distinct(names[order], row[order]) for order, row in zip(orders, weights, strict=True)]


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
