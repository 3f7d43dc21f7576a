"""Clusters of queries against BERTopic's defaults: agreement with topics, and between seeds."""

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

# Queries of the stratified sample that is clustered with every seed.
SAMPLE = 5000


def measure_clusters(folder: Path, encoder: Encoder, seeds: int = 10) -> Report:
    """Return {method: {metric: {value, low, high}}}: means over seeds, with their range.

    The range of stability is over pairs of seeds. The seeds cluster a sample of about 5,000 queries
    stratified by `topic`; methods marked "all queries" cluster the complete set once, without a
    seed. Queries that are not `answerable` (out of scope) have no topic: they are clustered, but
    not scored. `ari` and `nmi` take dropped queries as the single group that BERTopic returns;
    `ari_alone` takes each as a cluster of its own. `seconds` are those of a run after a first small
    run, which compiles; a seed restricts UMAP to a single thread, so the quickest run counts.
    """
    queries = (
        pd.read_parquet(folder / "queries.parquet")
        .drop_duplicates("query_id")
        .reset_index(drop=True)
    )
    query_vectors = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    share = min(1.0, SAMPLE / len(queries))
    sample = queries.groupby("topic").sample(frac=share, random_state=0).sort_index()
    report: Report = {}
    methods: dict[str, Method] = {"coverage_kit": _coverage_kit, "bertopic": _bertopic}
    for name, method in methods.items():
        _run(method, queries.iloc[:: max(1, len(queries) // 500)], query_vectors, None)
        runs = [_run(method, sample, query_vectors, seed) for seed in range(seeds)]
        report[name] = _scores(sample, runs)
        report[name]["seconds"] = _range(
            [
                min(
                    _run(method, sample, query_vectors, None)[1],
                    *(seconds for _, seconds in runs),
                )
            ]
        )
        report[f"{name}, all queries"] = _scores(
            queries, [_run(method, queries, query_vectors, None)]
        )
    return report


def print_clusters(report: Report) -> None:
    """Print a line for each method."""
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
    method: Method, queries: pd.DataFrame, query_vectors: Embeddings, seed: int | None
) -> tuple[pd.DataFrame, float]:
    chosen = Embeddings(
        tuple(queries["query_id"]), query_vectors.vectors[queries.index], query_vectors.encoder
    )
    start = time.perf_counter()
    labels, low = method(chosen, list(queries["text"]), seed)
    seconds = time.perf_counter() - start
    return pd.DataFrame({"label": labels, "low": low}), seconds


def _coverage_kit(
    query_vectors: Embeddings, texts: list[str], seed: int | None
) -> tuple[Labels, float]:
    clusters, quality = cluster_queries(query_vectors, seed=seed or 0)
    queries = QUERIES.typed(
        pd.DataFrame({"query_id": list(query_vectors.ids), "text": texts, "demand": 1.0})
    )
    label_clusters(queries, clusters, query_vectors)  # BERTopic names its topics as well
    return pd.factorize(clusters["cluster_id"])[0].astype(np.int64), quality.low_membership_share


def _bertopic(
    query_vectors: Embeddings, texts: list[str], seed: int | None
) -> tuple[Labels, float]:
    from bertopic import BERTopic  # noqa: PLC0415 (optional)

    model = BERTopic()
    model.umap_model.random_state = seed
    labels = np.asarray(model.fit_transform(texts, query_vectors.vectors)[0], dtype=np.int64)
    return labels, float((labels < 0).mean())


def _scores(
    queries: pd.DataFrame, runs: list[tuple[pd.DataFrame, float]]
) -> dict[str, dict[str, float]]:
    is_scored = queries["answerable"].to_numpy(bool)
    topics = queries["topic"].to_numpy()[is_scored]
    labellings = [run["label"].to_numpy() for run, _ in runs]
    scores = {
        "n": [len(queries)],
        "ari": [adjusted_rand_score(topics, labels[is_scored]) for labels in labellings],
        "ari_alone": [
            adjusted_rand_score(topics, _alone(labels)[is_scored]) for labels in labellings
        ],
        "nmi": [normalized_mutual_info_score(topics, labels[is_scored]) for labels in labellings],
        "n_clusters": [len(np.unique(labels[labels >= 0])) for labels in labellings],
        "dropped": [(labels < 0).mean() for labels in labellings],
        "low_membership": [run["low"].iloc[0] for run, _ in runs],
        "seconds": [seconds for _, seconds in runs],
    }
    if len(labellings) > 1:
        scores["stability"] = [
            adjusted_rand_score(first, second) for first, second in combinations(labellings, 2)
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
