"""Nearest neighbours: the one place that knows FAISS. Search is exact."""

from collections.abc import Iterable

import faiss
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.tables import MATCHES, Matches, Passages, checked
from coverage_kit.vectors import Embeddings, Vectors


def nearest_rows(vectors: Vectors, others: Vectors, k: int) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """Return the k largest cosines of each vector with the others, and the others' rows.

    Both have shape (len(vectors), min(k, len(others))), nearest first. Cosines are rounded to 6 decimals, beyond which they
    depend on the batch in which a text was encoded.
    """
    k = min(k, len(others))
    if k == 0 or not len(vectors):
        return np.zeros((len(vectors), k), np.float32), np.zeros((len(vectors), k), np.int64)
    index = faiss.IndexFlatIP(others.shape[1])
    index.add(np.ascontiguousarray(others))
    similarity, rows = index.search(np.ascontiguousarray(vectors), k)
    similarity = np.clip(np.round(similarity, 6), -1, 1)
    order = np.lexsort((rows, -similarity), axis=1)
    return np.take_along_axis(similarity, order, 1), np.take_along_axis(rows, order, 1)


def best_similarity(embeddings: Embeddings, others: Embeddings, among: Iterable[str]) -> npt.NDArray[np.float64]:
    """Return the similarity of each embedding to the nearest of the others with these ids; nan where there is none."""
    similarity, _ = nearest_rows(embeddings.vectors, others.select(list(among)).vectors, 1)
    return similarity[:, 0].astype(np.float64) if similarity.shape[1] else np.full(len(embeddings), np.nan)


@checked
def nearest_passages(
    queries: Embeddings, passages: Passages, embeddings: Embeddings, own_site: str, k: tuple[int, int] = (100, 5)
) -> Matches:
    """Return each query's nearest passages, searched in each site separately.

    One search over all sites would hide the worst gaps: no own passage would be among the neighbours.

    Args:
        queries: query embeddings.
        passages: the passages of all sites.
        embeddings: their embeddings, by passage_id.
        own_site: the own site's name.
        k: neighbours kept of the own site, and of each other site.
    """
    queries.similarity(embeddings.select([]))  # raises where the encoders differ
    parts = []
    for site, group in passages.groupby("site", sort=True):
        own = embeddings.select(list(group["passage_id"]))
        similarity, rows = nearest_rows(queries.vectors, own.vectors, k[0] if site == own_site else k[1])
        parts.append(_match_rows(queries.ids, group["passage_id"].to_numpy()[rows], str(site), similarity))
    matches = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return matches if len(matches) else MATCHES.empty()


def _match_rows(
    query_ids: tuple[str, ...], passage_ids: npt.NDArray[np.object_], site: str, similarity: Vectors
) -> pd.DataFrame:
    n, k = similarity.shape
    return pd.DataFrame(
        {
            "query_id": pd.Series(np.repeat(np.array(query_ids, dtype=object), k), dtype="str"),
            "passage_id": pd.Series(passage_ids.ravel(), dtype="str"),
            "site": pd.Series([site] * (n * k), dtype="str"),
            "rank": np.tile(np.arange(1, k + 1), n),
            "similarity": similarity.ravel().astype(np.float64),
        }
    )
