"""From vectors to coverage and clusters: what is near what, how far that can be trusted, which queries belong together.

Glue between stages. What earlier runs found of the same input is taken over (`Reuse`).
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.collect.urls import page_id
from coverage_kit.embed.encoders import CrossEncoderScorer
from coverage_kit.match.clusters import (
    ClusterQuality,
    QueryGraph,
    cluster_queries,
    part_by_coverage,
    topic_embeddings,
)
from coverage_kit.match.coverage import (
    Calibration,
    SelfTest,
    fit_calibration,
    measure_coverage,
)
from coverage_kit.match.evidence import Claims, EvidenceScorer
from coverage_kit.match.labels import label_clusters
from coverage_kit.match.masking import Plan
from coverage_kit.match.neighbors import Indexes, best_similarity
from coverage_kit.match.whitening import Space, fit_space
from coverage_kit.parallel import WorkPlan
from coverage_kit.settings import Settings
from coverage_kit.storage.cache import ResultCache
from coverage_kit.tables import (
    Clusters,
    Coverage,
    Labels,
    LogTables,
    Matches,
    Passages,
)
from coverage_kit.vectors import Embeddings

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RunVectors:
    """Vectors of a run: of the queries, of all passages, of the own passages' headings, and of the answers' claims."""

    asked: Embeddings
    content: Embeddings
    titled: Embeddings
    said: Embeddings


@dataclass(frozen=True)
class Matched:
    """What is near what, and what follows of coverage and clusters.

    `vectors` are in `space`; `on_subject` (n queries,) is the cosine of each query with its nearest
    passage before that; `elsewhere` (n claims,) that of each claim with the nearest passage of
    another site. `draws` has shape (1 + bootstraps, n). `index` says for each site how its passages
    were searched.
    """

    space: Space
    vectors: RunVectors
    on_subject: Floats
    elsewhere: Floats
    matches: Matches
    scorer: EvidenceScorer
    calibration: Calibration
    coverage: Coverage
    draws: Floats
    clusters: Clusters
    quality: ClusterQuality
    labels: Labels
    index: dict[str, dict[str, Any]]


def match_site(
    settings: Settings,
    log: LogTables,
    claims: pd.DataFrame,
    passages: Passages,
    own: Passages,
    raw: RunVectors,
    known: Flags,
    kept: ResultCache,
    work_plan: WorkPlan,
) -> Matched:
    """Return coverage and clusters of the log's queries on the site whose passages are `own`.

    Args:
        settings: every knob.
        log: the log's tables.
        claims: claims of its answers.
        passages: of all sites.
        own: of the own site.
        raw: vectors as the encoder made them.
        known: which queries have an answer that cites the own site, shape (n queries,).
        kept: what earlier runs found.
        spread: how the settings want matching done.
    """
    match = settings.match
    seed = settings.seed
    own_site = str(own["site"].iloc[0])
    space, on_subject, (asked, content, titled, said) = place_in_space(
        raw.asked, raw.content, raw.titled, raw.said
    )
    k = (match.neighbors, match.competitor_neighbors)
    given = (asked, content, passages, own_site, k)
    indexes = Indexes(Path(settings.cache) / "indexes")

    def find_matches() -> dict[str, Any]:
        table = work_plan.match(asked, passages, content, own_site, k, indexes)
        return {
            "table": table,
            "index": {site: asdict(facts) for site, facts in indexes.about.items()},
        }

    nearest = kept.get("matches", given, find_matches)
    matches = nearest["table"]
    rows = np.asarray(
        pd.Index(asked.ids).get_indexer(pd.Index(claims["query_id"])),
        dtype=np.int64,
    )
    elsewhere = best_similarity(said, content, passages["passage_id"][passages["site"] != own_site])
    reader = CrossEncoderScorer(match.cross_encoder) if match.cross_encoder else None
    spoken = Claims(rows, said, elsewhere)
    own_content = content.select(list(own["passage_id"]))
    scorer = EvidenceScorer(
        log.queries,
        own,
        matches,
        own_site,
        asked,
        own_content,
        titled,
        spoken,
        reader,
    )
    topics = topic_embeddings(asked, said, rows)
    graph = QueryGraph(topics)
    clusters, quality = _clusters(
        kept.get(
            "topics",
            (topics, seed),
            lambda: _as_found(cluster_queries(graph, seed)),
        )
    )
    plan = Plan(match.calibration_rounds, match.bootstraps, seed, match.unanswered_share)
    basis = (
        *given,
        titled,
        said,
        rows,
        log.queries,
        known,
        plan,
        match.cross_encoder,
    )
    calibration = _link(
        kept.get(
            "calibration",
            basis,
            lambda: asdict(fit_calibration(scorer, clusters, known, plan)),
        )
    )
    coverage, draws = measure_coverage(scorer, calibration, known)
    trust = 2 * calibration.self_test.auc - 1 if calibration.self_test else 0.0
    parted = (topics, coverage["coverage"].to_numpy(), trust, quality, seed)
    clusters, quality = _clusters(
        kept.get(
            "clusters",
            parted,
            lambda: _as_found(part_by_coverage(graph, coverage, trust, quality, seed)),
        )
    )
    labels = label_clusters(log.queries, clusters, topics)
    vectors = RunVectors(asked, content, titled, said)
    found = (
        matches,
        scorer,
        calibration,
        coverage,
        draws,
        clusters,
        quality,
        labels,
        nearest["index"],
    )
    return Matched(space, vectors, on_subject, elsewhere, *found)


def is_cited(log: LogTables, own_pages: pd.DataFrame) -> Flags:
    """Return which queries have an answer that cites one of these pages, shape (n queries,)."""
    is_own = log.citations["url"].map(page_id).isin(own_pages["page_id"])
    cited = log.citations[(log.citations["kind"] == "cited") & is_own]
    answers = log.answers[log.answers["answer_id"].isin(cited["answer_id"])]
    return np.asarray(log.queries["query_id"].isin(answers["query_id"]), dtype=bool)


def place_in_space(
    asked: Embeddings, *written: Embeddings
) -> tuple[Space, Floats, tuple[Embeddings, ...]]:
    """Return the space of the passages (the first of `written`) and queries, and everything in it.

    Between the two: the cosine of each query with its nearest passage before, shape (n queries,).
    """
    space = fit_space(written[0], asked)
    on_subject = best_similarity(asked, written[0], written[0].ids)
    return (
        space,
        on_subject,
        (space.of_queries(asked), *map(space.of_passages, written)),
    )


def _as_found(clustered: tuple[Clusters, ClusterQuality]) -> dict[str, Any]:
    return {"table": clustered[0], "quality": asdict(clustered[1])}


def _clusters(found: dict[str, Any]) -> tuple[Clusters, ClusterQuality]:
    return found["table"], ClusterQuality(**found["quality"])


def _link(found: dict[str, Any]) -> Calibration:
    test = SelfTest(**found["self_test"]) if found["self_test"] else None
    return Calibration(**{**found, "names": tuple(found["names"]), "self_test": test})
