"""The map of queries and passages: two coordinates each, of a sample where there are many. Glue between stages.

A map is drawn anew only where much has changed. Else every point keeps its place from the map
before, and new ones go where their nearest neighbours are: a picture that is seen every week should
not turn over for one new page.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.clusters import project
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.pipeline.coverage import RunVectors
from coverage_kit.settings import Settings
from coverage_kit.storage.cache import ResultCache, digest
from coverage_kit.storage.files import write_file
from coverage_kit.tables import POINTS, Points
from coverage_kit.vectors import Embeddings

MAP_POINTS = 6000
_LEAST_KNOWN = 0.8
_NEIGHBORS = 5

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def draw_map(
    vectors: RunVectors,
    raw: RunVectors,
    is_own: Flags,
    settings: Settings,
    kept: ResultCache,
) -> Points:
    """Return map coordinates of queries and passages, of a sample where there are many.

    Args:
        vectors: queries and passages in the site's space.
        raw: both as the encoder made them: equal vectors are equal texts, by which points of the
            map before are known.
        is_own: which passages are the own site's.
        settings: seed, and the cache in which the map before is found.
        kept: what earlier runs found of the very same points.
    """
    n_asked = min(len(vectors.asked), MAP_POINTS // 2)
    rows = (
        _sample(vectors.asked.ids, n_asked),
        _sample(vectors.content.ids, MAP_POINTS - n_asked),
    )
    drawn = np.concatenate([vectors.asked.vectors[rows[0]], vectors.content.vectors[rows[1]]])
    texts = np.concatenate([raw.asked.vectors[rows[0]], raw.content.vectors[rows[1]]])
    ids = [
        *(vectors.asked.ids[row] for row in rows[0]),
        *(vectors.content.ids[row] for row in rows[1]),
    ]
    points = Embeddings(tuple(ids), drawn, vectors.asked.encoder)
    keys = [hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest() for row in texts]
    name = digest([raw.asked.encoder, settings.seed, settings.site.source])
    before = Path(settings.cache) / "maps" / f"{name}.parquet"
    flat = kept.get(
        "map",
        (drawn, settings.seed),
        lambda: {"flat": _place(points, _read_places(before, keys), settings.seed)},
    )["flat"]
    _write_places(before, keys, flat)
    kinds = ["query"] * n_asked + [
        "own passage" if own else "other passage" for own in is_own[rows[1]]
    ]
    return POINTS.table(
        [
            {"point_id": one, "kind": kind, "x": float(x), "y": float(y)}
            for one, kind, (x, y) in zip(ids, kinds, flat, strict=True)
        ]
    )


def _sample(ids: tuple[str, ...], most: int) -> Rows:
    """Return the rows of a sample drawn by the ids themselves, so that next week's is the same but for what changed."""
    if len(ids) <= most:
        return np.arange(len(ids))
    drawn = np.array(
        [hashlib.blake2b(one.encode(errors="replace"), digest_size=8).digest() for one in ids]
    )
    return np.sort(np.argsort(drawn, kind="stable")[:most])


def _place(points: Embeddings, before: Places, seed: int) -> Places:
    """Return coordinates, shape (n, 2): those from `before`, nan where not known, with the rest beside them; or all anew."""
    is_known = ~np.isnan(before[:, 0])
    drawn = points.vectors
    if not len(drawn) or is_known.mean() < _LEAST_KNOWN:
        return np.asarray(np.round(project(points, seed), 4), dtype=np.float64)
    places = before.copy()
    near = nearest_rows(drawn[~is_known], drawn[is_known], _NEIGHBORS)[1]
    places[~is_known] = np.round(before[is_known][near].mean(axis=1), 4)
    return places


def _read_places(path: Path, keys: list[str]) -> Places:
    """Return the places of these points on the map before, shape (n, 2); nan where it has none, or cannot be read."""
    try:
        before = pd.read_parquet(path).drop_duplicates("key").set_index("key")
        return np.asarray(before.reindex(keys)[["x", "y"]], dtype=np.float64)
    except (OSError, ValueError, KeyError):
        return np.full((len(keys), 2), np.nan)


def _write_places(path: Path, keys: list[str], flat: Places) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"key": keys, "x": flat[:, 0], "y": flat[:, 1]}).to_parquet(buffer, index=False)
    write_file(path, buffer.getvalue())
