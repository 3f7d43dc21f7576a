"""Public sets in the common format (passages, queries, qrels, as Parquet), read as sites with their queries."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.embed.texts import passage_texts
from coverage_kit.match.clusters import cluster_queries
from coverage_kit.match.evidence import EvidenceScorer
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.tables import PASSAGES, QUERIES, Clusters
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

OWN = "own"
Flags = npt.NDArray[np.bool_]


def data_folder() -> Path:
    """Return the folder of the public sets: COVERAGE_KIT_BENCH_DATA, or ../shared/data."""
    return Path(os.environ.get("COVERAGE_KIT_BENCH_DATA", "../shared/data"))


@dataclass(frozen=True)
class BenchSet:
    """One set: passages, queries with `answerable`, judged pairs of query and passage, and embeddings."""

    name: str
    passages: pd.DataFrame
    queries: pd.DataFrame
    qrels: pd.DataFrame
    content: Embeddings
    asked: Embeddings


@dataclass(frozen=True)
class Trial:
    """A site with some of its content removed: evidence, clusters, and which queries are gaps."""

    scorer: EvidenceScorer
    clusters: Clusters
    is_gap: Flags


def read_set(folder: Path, encoder: Encoder) -> BenchSet:
    """Return a set with its texts embedded. A query's text follows its `scenario`, where there is one."""
    raw = pd.read_parquet(folder / "passages.parquet").drop_duplicates("section_id").reset_index(drop=True)
    asked = pd.read_parquet(folder / "queries.parquet").drop_duplicates("query_id")
    asked = asked[asked["standalone"]] if "standalone" in asked else asked
    scenario = asked["scenario"].fillna("") + " " if "scenario" in asked else ""
    queries = pd.DataFrame({"query_id": asked["query_id"], "text": scenario + asked["text"], "demand": 1.0})
    queries["is_answerable"] = asked["answerable"].fillna(True).astype(bool) if "answerable" in asked else True
    passages = pd.DataFrame(
        {
            "passage_id": raw["section_id"],
            "page_id": raw["doc_id"],
            "site": OWN,
            "position": raw.groupby("doc_id").cumcount(),
            "heading_path": raw["heading_path"].fillna(""),
            "text": raw["text"],
            "n_words": raw["text"].str.count(r"\S+"),
        }
    )
    passages, queries = PASSAGES.table(passages.to_dict("records")), QUERIES.table(queries.to_dict("records"))
    return BenchSet(
        folder.name,
        passages,
        queries,
        pd.read_parquet(folder / "qrels.parquet"),
        embed_texts(passages["passage_id"], passage_texts(passages), encoder),
        embed_texts(queries["query_id"], queries["text"], encoder, "query"),
    )


def natural_trial(bench: BenchSet) -> Trial:
    """Return the set as it is: gaps are the queries that it calls not answerable."""
    return _trial(bench, np.ones(len(bench.passages), dtype=bool), bench.queries, ~bench.queries["is_answerable"].to_numpy())


def planted_trial(bench: BenchSet, unit: str, share: float, seed: int) -> Trial:
    """Return the set with a share of its pages (`page_id`) or sections (`passage_id`) removed.

    A query is a gap if none of its judged passages or pages is left; queries without judgement are left out.
    """
    rng = np.random.default_rng(seed)
    places = bench.passages[unit].unique()
    kept = ~bench.passages[unit].isin(rng.choice(places, int(len(places) * share), replace=False)).to_numpy()
    key = "section_id" if "section_id" in bench.qrels else "doc_id"
    left = set(bench.passages.loc[kept, "passage_id" if key == "section_id" else "page_id"])
    is_left = bench.qrels[key].isin(left).groupby(bench.qrels["query_id"]).any()
    judged = bench.queries[bench.queries["query_id"].isin(is_left.index) & bench.queries["is_answerable"]]
    return _trial(bench, kept, judged, ~is_left.loc[judged["query_id"]].to_numpy())


def _trial(bench: BenchSet, kept: Flags, queries: pd.DataFrame, is_gap: Flags) -> Trial:
    passages = bench.passages[kept].reset_index(drop=True)
    content = bench.content.select(list(passages["passage_id"]))
    asked = bench.asked.select(list(queries["query_id"]))
    matches = nearest_passages(asked, passages, content, OWN)
    queries = queries.reset_index(drop=True)
    clusters, _ = cluster_queries(asked)
    return Trial(EvidenceScorer(queries, passages, matches, OWN, content), clusters, is_gap)
