"""Clusters of queries against BERTopic's defaults, on the same vectors: agreement with labelled topics, and between seeds."""

import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from coverage_kit.match.clusters import cluster_queries
from coverage_kit.match.labels import label_clusters
from coverage_kit.tables import QUERIES
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

Labels = npt.NDArray[np.int64]
Report = dict[str, dict[str, dict[str, float]]]
Method = Callable[[Embeddings, list[str], int | None], tuple[Labels, float]]

SAMPLE = 5000


def measure_clusters(folder: Path, encoder: Encoder, seeds: int = 10) -> Report:
    """Return {method: {metric: {value, low, high}}}: means over seeds, with the range of the seeds (of pairs, for stability).

    The seeds cluster a sample of about 5,000 queries stratified by `topic`; methods marked "all
    queries" cluster the whole set once, without a seed. Queries that are not `answerable` (out of
    scope) have no topic: they are clustered, but not scored. `ari` and `nmi` take dropped queries
    as the one group that BERTopic returns; `ari_alone` takes each as a cluster of its own.
    `seconds` of one run after a first small one, which compiles; a seed keeps UMAP to one thread,
    so the quickest run counts.
    """
    queries = (
        pd.read_parquet(folder / "queries.parquet")
        .drop_duplicates("query_id")
        .reset_index(drop=True)
    )
    asked = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    share = min(1.0, SAMPLE / len(queries))
    sample = queries.groupby("topic").sample(frac=share, random_state=0).sort_index()
    report: Report = {}
    methods: dict[str, Method] = {"coverage_kit": _ours, "bertopic": _bertopic}
    for name, method in methods.items():
        _run(method, queries.iloc[:: max(1, len(queries) // 500)], asked, None)
        runs = [_run(method, sample, asked, seed) for seed in range(seeds)]
        report[name] = _scores(sample, runs)
        report[name]["seconds"] = _range(
            [
                min(
                    _run(method, sample, asked, None)[1],
                    *(seconds for _, seconds in runs),
                )
            ]
        )
        report[f"{name}, all queries"] = _scores(queries, [_run(method, queries, asked, None)])
    return report


def print_clusters(report: Report) -> None:
    """Print one line a method."""
    metrics = (
        "n",
        "ari",
        "ari_alone",
        "nmi",
        "n_clusters",
        "dropped",
        "low_membership",
        "stability",
        "seconds",
    )
    print(f"{'method':<28}" + "".join(f"{metric:>16}" for metric in metrics))
    for method, scores in report.items():
        values = (
            f"{scores[metric]['value']:.10g}" if metric in scores else "" for metric in metrics
        )
        print(f"{method:<28}" + "".join(f"{value:>16}" for value in values))


def _run(
    method: Method, queries: pd.DataFrame, asked: Embeddings, seed: int | None
) -> tuple[pd.DataFrame, float]:
    chosen = Embeddings(tuple(queries["query_id"]), asked.vectors[queries.index], asked.encoder)
    start = time.perf_counter()
    labels, low = method(chosen, list(queries["text"]), seed)
    seconds = time.perf_counter() - start
    return pd.DataFrame({"label": labels, "low": low}), seconds


def _ours(asked: Embeddings, texts: list[str], seed: int | None) -> tuple[Labels, float]:
    clusters, quality = cluster_queries(asked, seed or 0)
    queries = QUERIES.typed(
        pd.DataFrame({"query_id": list(asked.ids), "text": texts, "demand": 1.0})
    )
    label_clusters(queries, clusters, asked)  # BERTopic names its topics as well
    return pd.factorize(clusters["cluster_id"])[0].astype(np.int64), quality.low_membership_share


def _bertopic(asked: Embeddings, texts: list[str], seed: int | None) -> tuple[Labels, float]:
    from bertopic import BERTopic

    model = BERTopic()
    model.umap_model.random_state = seed
    labels = np.asarray(model.fit_transform(texts, asked.vectors)[0], dtype=np.int64)
    return labels, float((labels < 0).mean())


def _scores(
    queries: pd.DataFrame, runs: list[tuple[pd.DataFrame, float]]
) -> dict[str, dict[str, float]]:
    is_scored = queries["answerable"].to_numpy(bool)
    topics = queries["topic"].to_numpy()[is_scored]
    found = [run["label"].to_numpy() for run, _ in runs]
    scores = {
        "n": [len(queries)],
        "ari": [adjusted_rand_score(topics, labels[is_scored]) for labels in found],
        "ari_alone": [adjusted_rand_score(topics, _alone(labels)[is_scored]) for labels in found],
        "nmi": [normalized_mutual_info_score(topics, labels[is_scored]) for labels in found],
        "n_clusters": [len(np.unique(labels[labels >= 0])) for labels in found],
        "dropped": [(labels < 0).mean() for labels in found],
        "low_membership": [run["low"].iloc[0] for run, _ in runs],
        "seconds": [seconds for _, seconds in runs],
    }
    if len(found) > 1:
        scores["stability"] = [
            adjusted_rand_score(one, other) for one, other in combinations(found, 2)
        ]
    return {metric: _range(values) for metric, values in scores.items()}


def _alone(labels: Labels) -> Labels:
    """Return labels with each dropped query in a cluster of its own."""
    return np.where(labels < 0, labels.max() + 1 + np.arange(len(labels)), labels)


def _range(values: list[float]) -> dict[str, float]:
    return {
        "value": round(float(np.mean(values)), 4),
        "low": round(float(min(values)), 4),
        "high": round(float(max(values)), 4),
    }
