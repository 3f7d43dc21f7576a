"""The panel: a fixed, versioned set of queries, drawn from a log or written by hand, kept as CSV."""

import csv
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.collect.logs.columns import SYNONYMS, find_column
from coverage_kit.collect.logs.tabulate import query_id
from coverage_kit.collect.logs.values import flag_of
from coverage_kit.errors import SettingsError
from coverage_kit.tables import PANELS, Clusters, Panels, Queries, checked

_COLUMNS = ("query", "is_holdout", "cluster_id")
_CURE = "Write one column named query, or make a panel: coverage-kit panel RUN --out panel.csv"


@checked
def make_panel(
    queries: Queries,
    clusters: Clusters,
    n: int = 100,
    share_of_holdout: float = 0.3,
    seed: int = 0,
    name: str = "panel",
) -> Panels:
    """Return a panel of n queries, or of all where there are fewer: a stratified sample over the clusters, in random order.

    Each cluster gets places in proportion to its demand, one at least where n allows; within it
    queries are drawn without replacement by demand (Efraimidis and Spirakis 2006). The holdout is a
    systematic sample over the clusters, so that each has its share of it, to one query. Queries of
    no cluster are a stratum of their own. Its version is that of `read_panel`, where the panel is
    written to a file of this name.

    Raises SettingsError for no queries, n below 1 and a share outside 0 to 1.
    """
    if queries.empty or n < 1 or not 0 <= share_of_holdout < 1:
        found = f"{len(queries)} queries, n = {n}, share_of_holdout = {share_of_holdout}"
        raise SettingsError(
            "make_panel",
            "queries, n of 1 or more, a share of holdout of 0 to below 1",
            found,
            "Change them.",
        )
    random = np.random.default_rng(seed)
    asked = queries.merge(
        clusters[["query_id", "cluster_id"]], on="query_id", how="left"
    ).sort_values("query_id")
    strata = [group for _, group in asked.groupby(asked["cluster_id"].fillna(""), sort=True)]
    demand = np.array([group["demand"].sum() for group in strata])
    places = share_places(demand, [len(group) for group in strata], n)
    drawn = pd.concat(
        [_draw(group, k, random) for group, k in zip(strata, places, strict=True)],
        ignore_index=True,
    )
    drawn["is_holdout"] = _every(len(drawn), share_of_holdout, random.random())
    rows = drawn.iloc[random.permutation(len(drawn))].to_dict("records")
    return _number([{str(key): value for key, value in row.items()} for row in rows], name)


def share_places(weights: "np.ndarray[Any, Any]", sizes: Sequence[int], n: int) -> list[int]:
    """Return how many of n places each stratum gets, by its weight: largest remainders, never more than its size.

    Each gets one first; where n is smaller than the number of strata, the heaviest get one.

    >>> share_places(np.array([6.0, 3.0, 1.0]), [9, 9, 9], 6), share_places(np.array([6.0, 3.0, 1.0]), [9, 9, 9], 2)
    ([3, 2, 1], [1, 1, 0])
    """
    weights = np.maximum(weights, 1e-12)
    order = np.argsort(-weights, kind="stable")
    places = np.zeros(len(weights), dtype=int)
    places[order[:n]] = 1
    room = np.array(sizes) - places
    ideal = weights / weights.sum() * n
    while places.sum() < n and room.any():
        neediest = np.argmax(np.where(room > 0, ideal - places, -np.inf))
        places[neediest] += 1
        room[neediest] -= 1
    return [int(k) for k in places]


@checked
def write_panel(panel: Panels, path: str | Path) -> Path:
    """Write a panel as CSV (query, is_holdout, cluster_id), in the order of asking; return its path."""
    path = Path(path)
    ordered = panel.sort_values("position")
    rows = zip(
        ordered["text"],
        ordered["is_holdout"],
        ordered["cluster_id"].fillna(""),
        strict=True,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows(
                (text, "yes" if held else "no", cluster) for text, held, cluster in rows
            )
    except OSError as error:
        raise SettingsError(
            str(path),
            "a panel that can be written",
            str(error),
            "Name another file.",
        ) from None
    return path


@checked
def read_panel(path: str | Path) -> Panels:
    """Return the panel of a CSV file: a column query, and, where they are there, is_holdout and cluster_id.

    Its version is the file's name and a digest of its queries: the same queries in another order
    are the same panel, one query more is another. Raises SettingsError for a file that is missing,
    has no column of queries, or has a query twice.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise SettingsError(
            str(path), "a panel of queries", error.strerror or "no file", _CURE
        ) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise SettingsError(str(path), "CSV in UTF-8", str(error), _CURE) from None
    column = find_column([name for name in (rows[0] if rows else {}) if name], SYNONYMS["query"])
    found = [_read_row(row, column) for row in rows if column and (row[column] or "").strip()]
    if not found:
        raise SettingsError(str(path), "a column query, with queries", "none", _CURE)
    _check_repeats(found, str(path))
    return _number(found, path.stem)


def panel_version(panel: Panels) -> str:
    """Return the name and version of a panel."""
    return str(panel["panel"].iloc[0])


def _read_row(row: dict[str, Any], column: str) -> dict[str, Any]:
    text = _collapse(row[column])
    held = flag_of(row.get("is_holdout")) or False
    return {
        "query_id": query_id(text),
        "text": text,
        "cluster_id": row.get("cluster_id") or None,
        "is_holdout": held,
    }


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _check_repeats(rows: Sequence[dict[str, Any]], where: str) -> None:
    met: dict[str, str] = {}
    for row in rows:
        if row["query_id"] in met:
            found = f"{met[row['query_id']]!r} and {row['text']!r}"
            raise SettingsError(
                where,
                "each query once",
                found,
                "Leave one out: they differ in spelling alone.",
            )
        met[row["query_id"]] = row["text"]


def _number(rows: Sequence[dict[str, Any]], name: str) -> Panels:
    """Return the rows as a panel, named by its file and the digest of its queries, in which spaces and line ends are alike."""
    rows = [{**row, "text": _collapse(row["text"])} for row in rows]
    texts = "\x1f".join(sorted(row["text"] for row in rows))
    stem = re.sub(r"[^\w-]+", "-", name)
    version = f"{stem}-{hashlib.blake2b(texts.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"
    kept = ("query_id", "text", "cluster_id", "is_holdout")
    return PANELS.table(
        [
            {
                "panel": version,
                "position": i,
                **{name: row[name] for name in kept},
            }
            for i, row in enumerate(rows)
        ]
    )


def _draw(group: pd.DataFrame, k: int, random: np.random.Generator) -> pd.DataFrame:
    keys = np.log(random.random(len(group))) / np.maximum(group["demand"].to_numpy(float), 1e-12)
    return group.iloc[np.argsort(-keys, kind="stable")[:k]]


def _every(n: int, share: float, start: float) -> "np.ndarray[Any, Any]":
    """Return n flags of which a share are set, evenly spread."""
    steps = np.floor(np.arange(n + 1) * share + start)
    flags: np.ndarray[Any, Any] = np.diff(steps) > 0
    return flags
