"""The panel: a fixed, versioned set of queries in a CSV, drawn from a log or written by hand."""

import csv
import hashlib
import io
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
from coverage_kit.storage.files import write_file
from coverage_kit.tables import PANELS, Clusters, Panels, Queries, checked

_COLUMNS = ("query", "is_holdout", "cluster_id")
# A demand of 0 would divide by 0. A query of so small a demand is drawn last.
_MIN_DEMAND = 1e-12
# Everything that should not stand in a file name, such as the space in "our panel".
_NO_FILE_NAME = re.compile(r"[^\w-]+")
_CURE = "Write one column named query, or make a panel: coverage-kit panel RUN --out panel.csv"


@checked
def make_panel(  # noqa: PLR0913 (what to draw from, how to draw, and a name)
    queries: Queries,
    clusters: Clusters,
    n: int = 100,
    share_of_holdout: float = 0.3,
    seed: int = 0,
    name: str = "panel",
) -> Panels:
    """Return a panel of n queries in random order: a stratified sample over the clusters.

    Where there are fewer than n queries, the panel holds all of them. Each cluster gets a number of
    queries in proportion to its demand, at least one where n allows. Within a cluster, queries are
    drawn without replacement by demand (Efraimidis and Spirakis 2006). The holdout is a systematic
    sample over the clusters, so that each cluster has its share of it, to one query. Queries
    without a cluster are a stratum of their own. The version is the one that `read_panel` gives to
    the panel when it is written to a file of this name.

    Raises SettingsError for no queries, n below 1 and a share outside 0 to 1.
    """
    if queries.empty or n < 1 or not 0 <= share_of_holdout < 1:
        problem = f"{len(queries)} queries, n = {n}, share_of_holdout = {share_of_holdout}"
        raise SettingsError(
            "make_panel",
            "queries, n of 1 or more, a share of holdout of 0 to below 1",
            problem,
            "Change them.",
        )
    random = np.random.default_rng(seed)
    # Sorted by id, so that the order of the log does not change the panel.
    clustered = queries.merge(
        clusters[["query_id", "cluster_id"]], on="query_id", how="left"
    ).sort_values("query_id")
    strata = [
        group for _, group in clustered.groupby(clustered["cluster_id"].fillna(""), sort=True)
    ]
    demand = np.array([group["demand"].sum() for group in strata])
    sample_sizes = allocate_sample(demand, [len(group) for group in strata], n)
    drawn = pd.concat(
        [_draw(group, k, random) for group, k in zip(strata, sample_sizes, strict=True)],
        ignore_index=True,
    )
    # The rows are in the order of their strata, so a systematic sample covers all strata evenly.
    drawn["is_holdout"] = _every(len(drawn), share_of_holdout, random.random())
    rows = drawn.iloc[random.permutation(len(drawn))].to_dict("records")
    return _number([{str(key): value for key, value in row.items()} for row in rows], name)


def allocate_sample(weights: "np.ndarray[Any, Any]", sizes: Sequence[int], n: int) -> list[int]:
    """Return how many of n items to draw from each stratum, by its weight and largest remainders.

    No stratum gives more items than it has. Each gives one first; where n is smaller than the
    number of strata, the heaviest give one.

    >>> allocate_sample(np.array([6.0, 3.0, 1.0]), [9, 9, 9], 6)
    [3, 2, 1]
    >>> allocate_sample(np.array([6.0, 3.0, 1.0]), [9, 9, 9], 2)
    [1, 1, 0]
    """
    weights = np.maximum(weights, _MIN_DEMAND)
    order = np.argsort(-weights, kind="stable")
    allocated = np.zeros(len(weights), dtype=int)
    allocated[order[:n]] = 1
    room = np.array(sizes) - allocated
    ideal = weights / weights.sum() * n
    # One by one, the item goes to the stratum that is furthest below its ideal share.
    while allocated.sum() < n and room.any():
        neediest = np.argmax(np.where(room > 0, ideal - allocated, -np.inf))
        allocated[neediest] += 1
        room[neediest] -= 1
    return [int(k) for k in allocated]


@checked
def write_panel(panel: Panels, path: str | Path) -> Path:
    """Write a panel as CSV in the order of asking; return its path.

    The columns are query, is_holdout and cluster_id. Raises SettingsError for a file that cannot be
    written.
    """
    path = Path(path)
    ordered = panel.sort_values("position")
    rows = zip(
        ordered["text"],
        ordered["is_holdout"],
        ordered["cluster_id"].fillna(""),
        strict=True,
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(
        (text, "yes" if is_holdout else "no", cluster) for text, is_holdout, cluster in rows
    )
    content = text.getvalue().encode("utf-8", "replace")
    write_file(path, content, error=SettingsError, cure="Name another file.")
    return path


@checked
def read_panel(path: str | Path) -> Panels:
    """Return the panel of a CSV file with a column query, and perhaps is_holdout and cluster_id.

    The version of a panel consists of the file's name and a digest of its queries: the same queries
    in another order are the same panel, with one query more it is another panel. Raises
    SettingsError for a file that is missing, has no column of queries, or has a query twice.
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
    names = [name for name in (rows[0] if rows else {}) if name]
    column = find_column(names, SYNONYMS["query"])
    queries = [_read_row(row, column) for row in rows if column and (row[column] or "").strip()]
    if not queries:
        raise SettingsError(str(path), "a column query, with queries", "none", _CURE)
    _check_repeats(queries, str(path))
    return _number(queries, path.stem)


def panel_version(panel: Panels) -> str:
    """Return the name and version of a panel."""
    return str(panel["panel"].iloc[0])


def _read_row(row: dict[str, Any], column: str) -> dict[str, Any]:
    text = _collapse(row[column])
    return {
        "query_id": query_id(text),
        "text": text,
        "cluster_id": row.get("cluster_id") or None,
        "is_holdout": flag_of(row.get("is_holdout")) or False,
    }


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _check_repeats(rows: Sequence[dict[str, Any]], path: str) -> None:
    text_of_id: dict[str, str] = {}
    for row in rows:
        earlier_text = text_of_id.get(row["query_id"])
        if earlier_text is not None:
            raise SettingsError(
                path,
                "each query once",
                f"{earlier_text!r} and {row['text']!r}",
                "Leave one of them out: they differ only in spelling.",
            )
        text_of_id[row["query_id"]] = row["text"]


def _number(rows: Sequence[dict[str, Any]], name: str) -> Panels:
    """Return the rows as a panel, named by its file and a digest of its queries.

    Spaces and line ends do not change the digest.
    """
    texts = [_collapse(row["text"]) for row in rows]
    # The separator counts as white space, so no collapsed text holds it.
    content = "\x1f".join(sorted(texts)).encode("utf-8", "surrogatepass")
    # Eight hexadecimal digits distinguish the panels of one name: assumed.
    digest = hashlib.blake2b(content, digest_size=4).hexdigest()
    version = f"{_NO_FILE_NAME.sub('-', name)}-{digest}"
    return PANELS.table(
        [
            {
                "panel": version,
                "position": position,
                "query_id": row["query_id"],
                "text": text,
                "cluster_id": row["cluster_id"],
                "is_holdout": row["is_holdout"],
            }
            for position, (row, text) in enumerate(zip(rows, texts, strict=True))
        ]
    )


def _draw(group: pd.DataFrame, k: int, random: np.random.Generator) -> pd.DataFrame:
    demand = np.maximum(group["demand"].to_numpy(float), _MIN_DEMAND)
    # The k largest u ** (1 / demand) are a sample by demand (Efraimidis and Spirakis 2006); the
    # logarithm keeps their order.
    keys = np.log(random.random(len(group))) / demand
    return group.iloc[np.argsort(-keys, kind="stable")[:k]]


def _every(n: int, share: float, start: float) -> "np.ndarray[Any, Any]":
    """Return n flags, of which a share is set, evenly spread: a systematic sample."""
    # The flag is set wherever the running sum of the share passes a whole number.
    steps = np.floor(np.arange(n + 1) * share + start)
    flags: np.ndarray[Any, Any] = np.diff(steps) > 0
    return flags
