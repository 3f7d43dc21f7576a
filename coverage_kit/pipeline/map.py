"""The map of queries and passages: two coordinates each, of a sample where there are many.

A map is drawn anew only where much has changed. Otherwise every point keeps its coordinates from
the previous map, and new points go where their nearest neighbours are: a picture that people look
at every week should not turn over for one new page.
"""

import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.clusters import project
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.pipeline.coverage import RunVectors
from coverage_kit.settings import Settings
from coverage_kit.storage.cache import ResultCache, digest
from coverage_kit.storage.store import Store
from coverage_kit.tables import POINTS, Points
from coverage_kit.vectors import Embeddings, Vectors

# More points make the page slow and the picture no clearer (measured: UMAP takes 20 s for 6,000).
MAX_MAP_POINTS = 6000
# Where less of the map is known from before, it is drawn anew (assumed).
_MIN_KNOWN_SHARE = 0.8
# Neighbours between which a new point is put on an old map (assumed).
_NEIGHBORS = 5
# A map has 300 kB at most, and a cache is shared by few sites and encoders (assumed).
_MAX_MAPS = 100
_MAP = "map.parquet"

Flags = npt.NDArray[np.bool_]
Coordinates = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def draw_map(
    vectors: RunVectors, raw: RunVectors, is_own: Flags, settings: Settings, cache: ResultCache
) -> Points:
    """Return map coordinates of queries and passages, of a sample where there are many.

    Args:
        vectors: queries and passages in the site's space.
        raw: both as the encoder made them. Equal vectors are equal texts: so points of the previous
            map are recognised.
        is_own: which passages are your site's, shape (n passages,).
        settings: seed, and the cache that holds the previous map.
        cache: results of earlier runs of the same points.
    """
    # Half of the points at most are queries, so that the passages around them are seen.
    n_queries = min(len(vectors.queries), MAX_MAP_POINTS // 2)
    query_rows = _sample(vectors.queries.ids, n_queries)
    passage_rows = _sample(vectors.passages.ids, MAX_MAP_POINTS - n_queries)

    def pick(queries: Any, passages: Any) -> Any:
        return np.concatenate([queries[query_rows], passages[passage_rows]])

    ids = pick(np.array(vectors.queries.ids, object), np.array(vectors.passages.ids, object))
    drawn = pick(vectors.queries.vectors, vectors.passages.vectors)
    points = Embeddings(tuple(ids), drawn, vectors.queries.encoder)
    # Vectors as the encoder made them: those of the space change with every run.
    keys = _keys(pick(raw.queries.vectors, raw.passages.vectors))
    name = digest([raw.queries.encoder, settings.seed, settings.site.source])
    store = open_maps(Path(settings.cache))

    def compute() -> dict[str, Any]:
        return {"flat": _place(points, _read_coordinates(store, name, keys), settings.seed)}

    flat = cache.get_or_compute("map", (drawn, settings.seed), compute)["flat"]
    table = pd.DataFrame({"key": keys, "x": flat[:, 0], "y": flat[:, 1]})
    store.keep(name, {}, {_MAP: partial(table.to_parquet, index=False)})
    kinds = ["query"] * n_queries
    kinds += ["own passage" if own else "other passage" for own in is_own[passage_rows]]
    rows = zip(ids, kinds, flat, strict=True)
    return POINTS.table(
        [
            {"point_id": point_id, "kind": kind, "x": float(x), "y": float(y)}
            for point_id, kind, (x, y) in rows
        ]
    )


def _keys(vectors: Vectors) -> list[str]:
    """Return a digest of each vector, by which points of the previous map are recognised."""
    return [_digest_of(row.tobytes()).hexdigest() for row in vectors]


def _digest_of(content: bytes) -> Any:
    # 8 bytes are enough to keep a few thousand points of a map distinct (assumed).
    return hashlib.blake2b(content, digest_size=8)


def _sample(ids: tuple[str, ...], n_max: int) -> Rows:
    """Return the rows of a sample drawn by the ids, so that it hardly changes from week to week."""
    if len(ids) <= n_max:
        return np.arange(len(ids))
    order = np.argsort(_digests(ids), kind="stable")
    # The drawn rows return to the order of the table.
    return np.sort(order[:n_max])


def _digests(ids: Iterable[str]) -> npt.NDArray[np.bytes_]:
    return np.array([_digest_of(name.encode(errors="replace")).digest() for name in ids])


def _place(points: Embeddings, previous: Coordinates, seed: int) -> Coordinates:
    """Return coordinates, shape (n, 2): the previous ones with new points added, or all anew.

    `previous` (n, 2) is nan for points that the previous map does not hold.
    """
    is_known = ~np.isnan(previous[:, 0])
    vectors = points.vectors
    if not len(vectors) or is_known.mean() < _MIN_KNOWN_SHARE:
        # Rounded, so that the map does not change by the last bits of a processor.
        return np.asarray(np.round(project(points, seed), 4), dtype=np.float64)
    coordinates = previous.copy()
    _, neighbor_rows = nearest_rows(vectors[~is_known], vectors[is_known], _NEIGHBORS)
    centres = previous[is_known][neighbor_rows].mean(axis=1)
    coordinates[~is_known] = np.round(centres, 4)
    return coordinates


def open_maps(cache: Path) -> Store:
    """Return the store of the last map of each site in a project's cache."""
    return Store(cache / "maps", max_entries=_MAX_MAPS)


def _read_coordinates(store: Store, name: str, keys: list[str]) -> Coordinates:
    """Return the points' coordinates on the previous map, shape (n, 2); nan where unknown."""
    entry = store.get(name)
    store.warn_damaged()
    try:
        previous = pd.read_parquet(entry.files[_MAP]) if entry else pd.DataFrame({"key": []})
        known = previous.drop_duplicates("key").set_index("key").reindex(keys)
        return np.asarray(known[["x", "y"]], dtype=np.float64)
    except (OSError, ValueError, KeyError):
        return np.full((len(keys), 2), np.nan)
