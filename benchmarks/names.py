"""The first names of each set's gaps, in two files to judge blind: alone, and with questions."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.sets import data_folder, read_table
from coverage_kit.collect.claims import split_claims
from coverage_kit.commands.app import sample_folder
from coverage_kit.match.clusters import cluster_queries, topic_embeddings
from coverage_kit.match.labels import label_clusters
from coverage_kit.match.shared_results import no_shared_results
from coverage_kit.match.titles import words_of_address
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import read_settings
from coverage_kit.tables import ANSWERS, CLAIMS, QUERIES
from coverage_kit.vectors import Encoder, embed_texts

# Names that a reader judges of each set (shared rules of judging), and questions shown with each.
N_NAMES = 20
_N_QUESTIONS = 12
SAMPLE = "sample"
SETS = (SAMPLE, "chatgpt_products", "git_docs_tldr")


class NamedCluster(NamedTuple):
    """A name, and the questions that it stands for, the most asked first."""

    name: str
    questions: list[str]


def write_names(sets: Sequence[str], encoder: Encoder, out: Path, cache: Path) -> tuple[Path, Path]:
    """Write the names of these sets alone, and with their questions; return both paths.

    Args:
        sets: "sample", or names of public sets, or their folders.
        encoder: compares questions and names.
        out: file of the names; that of the questions has "-members" in its name.
        cache: folder of the sample run and its cache.

    Raises SchemaError for a set that cannot be read.
    """
    named = {name: _named(name, encoder, cache) for name in sets}
    members = out.with_name(f"{out.stem}-members{out.suffix}")
    out.write_text(_as_text(named, with_questions=False), encoding="utf-8")
    members.write_text(_as_text(named, with_questions=True), encoding="utf-8")
    return out, members


def _named(name: str, encoder: Encoder, cache: Path) -> list[NamedCluster]:
    if name == SAMPLE:
        return _sample_names(encoder, cache)
    folder = Path(name) if Path(name).is_dir() else data_folder() / name
    return set_names(folder, encoder)


def _as_text(named: dict[str, list[NamedCluster]], with_questions: bool) -> str:
    lines = []
    for set_name, clusters in named.items():
        lines += [f"# {set_name}", ""]
        for number, cluster in enumerate(clusters[:N_NAMES], 1):
            lines.append(f"{number}. {cluster.name}")
            if with_questions:
                lines += [f"   - {text}" for text in cluster.questions[:_N_QUESTIONS]]
                n_more = len(cluster.questions) - _N_QUESTIONS
                lines += [f"   - (and {n_more} more)"] * (n_more > 0)
        lines.append("")
    return "\n".join(lines)


def _sample_names(encoder: Encoder, cache: Path) -> list[NamedCluster]:
    """Return the gaps of the sample run in the order of its list."""
    settings = read_settings(sample_folder() / "coverage.toml")
    places = {"out": str(cache / "sample"), "cache": str(cache)}
    analysis = analyze(settings.model_copy(update=places), encoder)
    joined = analysis.clusters.merge(analysis.queries[["query_id", "text", "demand"]])
    questions = _texts_by_cluster(joined)
    gaps = analysis.gaps
    return [
        NamedCluster(str(label), questions[cluster_id])
        for label, cluster_id in zip(gaps["label"], gaps["cluster_id"], strict=True)
    ]


def set_names(folder: Path, encoder: Encoder) -> list[NamedCluster]:
    """Return the named clusters of a public set, the largest first.

    Its queries are clustered by what they, their answers and the pages cited for them share.
    """
    raw = read_table(folder / "queries.parquet", "query_id", "text").drop_duplicates("query_id")
    queries = QUERIES.table(raw[["query_id", "text"]].assign(demand=1.0).to_dict("records"))
    vectors = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    responses = _read_responses(folder / "responses.parquet", queries["query_id"])
    claims = CLAIMS.empty()
    shared = no_shared_results()
    titles: dict[str, list[str]] = {}
    if len(responses):
        claims = split_claims(ANSWERS.table(responses.drop(columns="urls").to_dict("records")))
        cited = responses[["query_id", "urls"]].explode("urls").dropna().drop_duplicates()
        shared = cited.rename(columns={"urls": "item"}).assign(kind="cited", strength=1.0)
        names = cited.assign(title=cited["urls"].map(words_of_address))
        by_query = names[names["title"] != ""].groupby("query_id")["title"]
        titles = {str(query_id): of_query.tolist() for query_id, of_query in by_query}
    claim_vectors = embed_texts(claims["claim_id"], claims["text"], encoder)
    rows: npt.NDArray[np.int64] = np.asarray(
        pd.Index(queries["query_id"]).get_indexer(pd.Index(claims["query_id"])), dtype=np.int64
    )
    topics = topic_embeddings(vectors, claim_vectors, rows)
    clusters, _ = cluster_queries(topics, shared)
    by_query = responses.groupby("query_id")["text"]
    answers = {str(query_id): of_query.tolist() for query_id, of_query in by_query}
    labels = label_clusters(queries, clusters, topics, encoder, answers, titles)
    questions = _texts_by_cluster(clusters.merge(queries[["query_id", "text", "demand"]]))
    by_size = sorted(
        zip(labels["cluster_id"], labels["label"], strict=True),
        key=lambda pair: -len(questions[pair[0]]),
    )
    return [NamedCluster(str(label), questions[cluster_id]) for cluster_id, label in by_size]


def _read_responses(path: Path, query_ids: Iterable[str]) -> pd.DataFrame:
    """Return the answers to these queries, with the addresses that they cite."""
    columns = ["answer_id", "query_id", "engine", "text", "urls", "has_searched"]
    if not path.exists():
        return pd.DataFrame(columns=columns)
    raw = read_table(path, "query_id", "response_text")
    raw = raw[raw["query_id"].isin(set(query_ids)) & (raw["response_text"] != "")]
    urls = raw["citations"] if "citations" in raw else pd.Series([[]] * len(raw), raw.index)
    return pd.DataFrame(
        {
            "answer_id": [f"a{number}" for number in range(len(raw))],
            "query_id": raw["query_id"].to_numpy(),
            "engine": raw["engine"].to_numpy() if "engine" in raw else "",
            "text": raw["response_text"].to_numpy(),
            "urls": [[str(url) for url in row] if row is not None else [] for row in urls],
            "has_searched": True,
        }
    )


def _texts_by_cluster(joined: pd.DataFrame) -> dict[str, list[str]]:
    ordered = joined.sort_values("demand", ascending=False, kind="stable")
    return {
        str(cluster_id): texts.tolist()
        for cluster_id, texts in ordered.groupby("cluster_id")["text"]
    }
