"""Clusters against known topics: pairs of one topic, topics torn, clusters mixed, stability.

The sample is measured with all that its log holds, without citations, and as questions alone.
"""

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import pair_confusion_matrix

from benchmarks.sets import OWN, read_claims, read_set, read_table
from coverage_kit.collect.urls import page_id
from coverage_kit.match.clusters import cluster_queries, topic_embeddings
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.shared_results import (
    find_shared_results,
    no_shared_results,
    share_passages,
)
from coverage_kit.match.whitening import fit_space
from coverage_kit.pipeline.coverage import embed_inputs
from coverage_kit.pipeline.inputs import Inputs, read_inputs
from coverage_kit.pipeline.run import open_run
from coverage_kit.settings import read_settings
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

# The sample project, and the planted topics of its questions.
SAMPLE = Path(__file__).parent.parent / "data"
# Columns of responses.parquet with lists, and the kinds of what they hold.
_LISTS = {
    "citations": ("cited", "retrieved"),
    "citations_additional": ("retrieved",),
    "recommended_products": ("mentions",),
}
# Share of a cluster that one topic has to hold; else the cluster is mixed.
_PURE = 2 / 3

Report = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Case:
    """Questions with known topics: their embeddings, what they share, and the topic of each."""

    name: str
    embeddings: Embeddings
    shared: pd.DataFrame
    topics: Sequence[str]


def measure_clusters(case: Case) -> Report:
    """Return the figures of a case, under its name: agreement, and what the clustering says."""
    start = time.perf_counter()
    clusters, quality = cluster_queries(case.embeddings, case.shared)
    seconds = time.perf_counter() - start
    figures = score_clusters(case.topics, list(clusters["cluster_id"])) | {
        "n_alone": quality.n_alone,
        "n_themes": quality.n_themes,
        "max_distance": quality.max_distance,
        "stability": quality.stability or 0.0,
        "seconds": seconds,
    }
    return {case.name: {name: round(float(value), 4) for name, value in figures.items()}}


def score_clusters(topics: Sequence[str], clusters: Sequence[str]) -> dict[str, float]:
    """Return how well the clusters of questions agree with their topics.

    Precision is the share of the pairs in one cluster that are of one topic, recall the share of
    the pairs of one topic that are in one cluster. A topic is torn if two clusters or more hold two
    or more of its questions; a cluster of several is mixed if no topic has two thirds of it.
    """
    counts = pd.crosstab(np.asarray(topics), np.asarray(clusters))
    pairs = pair_confusion_matrix(np.asarray(topics), np.asarray(clusters))
    sizes = counts.sum()
    is_mixed = (sizes > 1) & (counts.max() < _PURE * sizes)
    return {
        "n": len(topics),
        "ari": float(adjusted_rand_score(np.asarray(topics), np.asarray(clusters))),
        "precision": float(pairs[1, 1] / max(1, pairs[:, 1].sum())),
        "recall": float(pairs[1, 1] / max(1, pairs[1].sum())),
        "n_topics": len(counts),
        "n_torn": int(((counts >= 2).sum(axis=1) > 1).sum()),
        "n_clusters": counts.shape[1],
        "n_mixed": int(is_mixed.sum()),
    }


def sample_cases(folder: Path, encoder: Encoder) -> Iterator[Case]:
    """Yield the sample project with its log, without citations, and as questions alone."""
    with tempfile.TemporaryDirectory() as out:
        settings = read_settings(folder / "coverage.toml")
        run = open_run(settings.model_copy(update={"out": out, "cache": f"{out}/cache"}), encoder)
        inputs = read_inputs(run)
        raw = embed_inputs(run, inputs)
    space = fit_space(raw.passages, raw.queries)
    queries = space.of_queries(raw.queries)
    passages = space.of_passages(raw.passages)
    matches = nearest_passages(queries, inputs.passages, passages, inputs.own_site)
    claims = space.of_passages(raw.claims)
    rows = pd.Index(queries.ids).get_indexer(pd.Index(inputs.claims["query_id"]))
    topics = _planted_topics(folder / "truth" / "queries.csv", inputs)

    def make_case(name: str, has_answers: bool, has_citations: bool) -> Case:
        log = inputs.log
        n_claims = len(rows) if has_answers else 0
        citations = log.citations.assign(url=log.citations["url"].map(page_id))
        shared = find_shared_results(
            log.answers,
            citations if has_citations else citations[:0],
            log.searches if has_answers else log.searches[:0],
            inputs.mentions if has_answers else inputs.mentions[:0],
            matches,
        )
        embeddings = topic_embeddings(
            queries, claims.select(claims.ids[:n_claims]), rows[:n_claims].astype(np.int64)
        )
        return Case(name, embeddings, shared, topics)

    yield make_case("sample", has_answers=True, has_citations=True)
    yield make_case("sample, no citations", has_answers=True, has_citations=False)
    yield make_case("sample, questions alone", has_answers=False, has_citations=False)


def set_cases(folder: Path, encoder: Encoder) -> Iterator[Case]:
    """Yield a public set, whose queries name their topic.

    Answers and the lists beside them count where it has responses.parquet; else the nearest
    passages, where it has passages. Queries that are not of the test split, or out of scope, are
    left out.
    """
    name = folder.resolve().name
    if (folder / "passages.parquet").exists() and not (folder / "responses.parquet").exists():
        bench = read_set(folder, encoder)
        space = fit_space(bench.passage_vectors, bench.query_vectors)
        vectors = space.of_queries(bench.query_vectors)
        passages = space.of_passages(bench.passage_vectors)
        shared = share_passages(nearest_passages(vectors, bench.passages, passages, OWN))
        none = passages.select([])
        embeddings = topic_embeddings(vectors, none, np.zeros(0, np.int64))
        yield Case(name, embeddings, shared, list(bench.queries["topic"]))
        return
    queries = read_table(folder / "queries.parquet", "query_id", "text", "topic")
    if "split" in queries:
        queries = queries[(queries["split"] == "test") & queries["answerable"]]
    queries = queries.drop_duplicates("query_id").reset_index(drop=True)
    vectors = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    shared, claims, rows = no_shared_results(), vectors.select([]), np.zeros(0, np.int64)
    if (folder / "responses.parquet").exists():
        table = read_claims(folder / "responses.parquet", queries)
        claims = embed_texts(table["claim_id"], table["text"], encoder)
        rows = pd.Index(vectors.ids).get_indexer(pd.Index(table["query_id"]))
        shared = _listed(pd.read_parquet(folder / "responses.parquet"))
    embeddings = topic_embeddings(vectors, claims, rows.astype(np.int64))
    yield Case(name, embeddings, shared, list(queries["topic"]))


def missed_cluster_floors(report: Report, floors: dict[str, dict[str, float]]) -> list[str]:
    """Return a sentence for each figure that is below its floor."""
    return [
        f"{name}/clusters: {metric} is {figures[metric]:.3f}, below {floor:.3f}"
        for name, figures in report.items()
        for metric, floor in floors.get(f"{name}/clusters", {}).items()
        if figures[metric] < floor
    ]


def print_clusters(report: Report) -> None:
    """Print a line for each case."""
    metrics = list(next(iter(report.values()), {}))
    print(f"{'set':<26}" + "".join(f"{metric:>13}" for metric in metrics))
    for name, figures in report.items():
        print(f"{name:<26}" + "".join(f"{figures[metric]:>13.10g}" for metric in metrics))


def _planted_topics(path: Path, inputs: Inputs) -> list[str]:
    """Return the topic of each question, whatever its case and punctuation."""
    truth = pd.read_csv(path)
    topic_of = dict(zip(truth["query"].map(_plain), truth["topic"], strict=True))
    return [topic_of[_plain(text)] for text in inputs.log.queries["text"]]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _listed(responses: pd.DataFrame) -> pd.DataFrame:
    """Return what the lists of responses hold, as shared results; what is cited is retrieved."""
    tables = [no_shared_results()]
    for column, kinds in _LISTS.items():
        if column in responses:
            listed = responses[["query_id", column]].explode(column).dropna()
            plain = str.casefold if "mentions" in kinds else page_id
            table = pd.DataFrame(
                {"query_id": listed["query_id"], "item": listed[column].map(plain), "strength": 1.0}
            )
            tables += [table.assign(kind=kind) for kind in kinds]
    return pd.concat(tables, ignore_index=True).drop_duplicates()
