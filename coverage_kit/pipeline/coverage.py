"""From texts to coverage and clusters of queries."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.collect.urls import page_id
from coverage_kit.embed.encoders import CrossEncoderScorer
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match.checked_coverage import CheckedCoverage, check_coverage, read_checks
from coverage_kit.match.clusters import ClusterQuality, cluster_queries, topic_embeddings
from coverage_kit.match.coverage import (
    Calibration,
    fit_calibration,
    measure_coverage,
    weigh_citations,
)
from coverage_kit.match.evidence import Claims, EvidenceScorer, EvidenceVectors
from coverage_kit.match.masking import CitedPages, MaskingPlan
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import Indexes, best_similarity
from coverage_kit.match.sampling import Questions
from coverage_kit.match.self_test import SelfTest
from coverage_kit.match.shared_results import find_shared_results
from coverage_kit.match.whitening import Space, fit_space
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.names import Names, name_topics
from coverage_kit.pipeline.run import Run
from coverage_kit.rank.causes import demand_weights
from coverage_kit.tables import Clusters, Coverage, Matches
from coverage_kit.vectors import Embeddings, embed_texts

Floats = npt.NDArray[np.float64]
IndexFacts = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class RunVectors:
    """Vectors of a run: queries, passages of all sites, headings of your passages, claims."""

    queries: Embeddings
    passages: Embeddings
    headings: Embeddings
    claims: Embeddings


@dataclass(frozen=True)
class RunCoverage:
    """Coverage of the queries, their clusters, and everything that they rest on.

    Attributes:
        space: the space of this site and log, in which all vectors are compared.
        vectors: the run's vectors in that space.
        subject_similarity: cosine of each query with its nearest passage of any site, as the
            encoder made the vectors, shape (n queries,).
        competitor_similarity: cosine of each claim with the nearest passage of another site,
            shape (n claims,).
        matches: the nearest passages of each query, site by site.
        index: by site, how its passages were searched.
        scorer: the evidence of each query, with any passages hidden or added.
        calibration: from evidence to coverage.
        citation_odds: by what the log's citations multiply each query's odds of being covered,
            shape (n queries,).
        checked: what people's checks say of coverage; None where nobody checked.
        coverage: coverage of each query, without causes.
        draws: coverage under each calibration, shape (1 + bootstraps, n queries).
        clusters: the cluster of each query.
        quality: how well the queries fall into clusters.
        names: names of clusters and themes.
    """

    space: Space
    vectors: RunVectors
    subject_similarity: Floats
    competitor_similarity: Floats
    matches: Matches
    index: IndexFacts
    scorer: EvidenceScorer
    calibration: Calibration
    citation_odds: Floats
    checked: CheckedCoverage | None
    coverage: Coverage
    draws: Floats
    clusters: Clusters
    quality: ClusterQuality
    names: Names

    def site_model(self, run: Run, inputs: Inputs) -> SiteModel:
        """Return the model of your site, which says what coverage would be with other passages."""
        return SiteModel(self.scorer, self.calibration, run.encoder, self.space, self.citation_odds)


def embed_inputs(run: Run, inputs: Inputs) -> RunVectors:
    """Return the vectors of the run's texts, as the encoder makes them."""
    queries = inputs.log.queries
    passages = inputs.passages
    own = inputs.own_passages
    claims = inputs.claims
    encoder = run.encoder
    vectors = RunVectors(
        queries=embed_texts(queries["query_id"], queries["text"], encoder, "query"),
        passages=embed_texts(passages["passage_id"], passage_texts(passages), encoder),
        headings=embed_texts(own["passage_id"], headings(own), encoder),
        claims=embed_texts(claims["claim_id"], claims["text"], encoder),
    )
    run.clock.finish("embed")
    return vectors


def fit_coverage(run: Run, inputs: Inputs, raw: RunVectors) -> RunCoverage:
    """Return coverage and clusters of the log's queries on your site.

    Args:
        run: the run.
        inputs: what it reads.
        raw: vectors as the encoder made them.
    """
    # All similarities from here on are those of the centred, whitened space of this site and log.
    space = fit_space(raw.passages, raw.queries)
    vectors = _move_into(space, raw)
    matches, index = _match(run, inputs, vectors)
    claim_rows = _rows_of_claims(inputs, vectors.queries)
    is_competitors = inputs.passages["passage_id"][~inputs.is_own_passage]
    competitor_similarity = best_similarity(vectors.claims, vectors.passages, is_competitors)
    claims = Claims(claim_rows, vectors.claims, competitor_similarity)
    scorer = _open_scorer(run, inputs, vectors, matches, claims)
    # What a question is about: its own words and what answers to it say.
    topics = topic_embeddings(vectors.queries, vectors.claims, claim_rows)
    # Whole topics are hidden to fit coverage, so the topics must be known before.
    clusters, quality = _cluster(run, inputs, topics, matches)
    cited = inputs.cited_pages.without_far_report(scorer)
    calibration = _calibrate(run, inputs, vectors, scorer, clusters, cited)
    citation_odds = weigh_citations(cited, float(calibration.unanswered_share[0]))
    coverage, draws = measure_coverage(scorer, calibration, citation_odds)
    checked = _check(run, inputs, clusters, draws)
    if checked:
        calibration = replace(calibration, recalibration=checked.recalibration)
        coverage, draws = measure_coverage(scorer, calibration, citation_odds)
    names, themed = name_topics(run, inputs, clusters, topics)
    fitted = RunCoverage(
        space=space,
        vectors=vectors,
        # Whether a question is out of scope is judged by the encoder's own cosine (docs/method.md,
        # Causes), so these are the vectors from before the space.
        subject_similarity=best_similarity(raw.queries, raw.passages, raw.passages.ids),
        competitor_similarity=competitor_similarity,
        matches=_with_fused(matches, scorer, inputs.own_site),
        index=index,
        scorer=scorer,
        calibration=calibration,
        citation_odds=citation_odds,
        checked=checked,
        coverage=coverage,
        draws=draws,
        clusters=themed,
        quality=replace(quality, n_themes=len(names.themes)),
        names=names,
    )
    run.clock.finish("match")
    return fitted


def _move_into(space: Space, raw: RunVectors) -> RunVectors:
    """Return the vectors in the space; headings and claims are compared as passages are."""
    return RunVectors(
        queries=space.of_queries(raw.queries),
        passages=space.of_passages(raw.passages),
        headings=space.of_passages(raw.headings),
        claims=space.of_passages(raw.claims),
    )


def _neighbors_kept(run: Run) -> tuple[int, int]:
    """Return how many passages of your site, and of each other site, are kept for each query."""
    match = run.settings.match
    return match.neighbors, match.competitor_neighbors


def _matching_basis(run: Run, inputs: Inputs, vectors: RunVectors) -> tuple[object, ...]:
    """Return everything that the nearest passages depend on."""
    k = _neighbors_kept(run)
    return vectors.queries, vectors.passages, inputs.passages, inputs.own_site, k


def _match(run: Run, inputs: Inputs, vectors: RunVectors) -> tuple[Matches, IndexFacts]:
    """Return the nearest passages of each query, and by site how they were searched."""
    indexes = Indexes(Path(run.settings.cache) / "indexes")

    def find_matches() -> dict[str, Any]:
        table = run.work_plan.match(
            vectors.queries,
            inputs.passages,
            vectors.passages,
            inputs.own_site,
            _neighbors_kept(run),
            indexes,
        )
        return {
            "table": table,
            "index": {site: asdict(facts) for site, facts in indexes.about.items()},
        }

    nearest = run.cache.get_or_compute(
        "matches", _matching_basis(run, inputs, vectors), find_matches
    )
    return nearest["table"], nearest["index"]


def _rows_of_claims(inputs: Inputs, queries: Embeddings) -> npt.NDArray[np.int64]:
    """Return the row of the query that each claim belongs to, shape (n claims,)."""
    rows = pd.Index(queries.ids).get_indexer(pd.Index(inputs.claims["query_id"]))
    return np.asarray(rows, dtype=np.int64)


def _open_scorer(
    run: Run, inputs: Inputs, vectors: RunVectors, matches: Matches, claims: Claims
) -> EvidenceScorer:
    """Return the scorer of your site, with the cross-encoder that the settings switch on."""
    model = run.settings.match.cross_encoder
    own = inputs.own_passages
    return EvidenceScorer(
        queries=inputs.log.queries,
        passages=own,
        matches=matches,
        own_site=inputs.own_site,
        vectors=EvidenceVectors(
            queries=vectors.queries,
            passages=vectors.passages.select(list(own["passage_id"])),
            headings=vectors.headings,
        ),
        claims=claims,
        cross_encoder=CrossEncoderScorer(model) if model else None,
    )


def _calibrate(  # noqa: PLR0913 (a value of each step before)
    run: Run,
    inputs: Inputs,
    vectors: RunVectors,
    scorer: EvidenceScorer,
    by_topic: Clusters,
    cited: CitedPages,
) -> Calibration:
    """Return the calibration, fitted by hiding your passages, or reused where nothing changed."""
    match = run.settings.match
    plan = MaskingPlan(
        match.calibration_rounds,
        match.bootstraps,
        run.seed,
        match.unanswered_share,
    )
    basis = (
        *_matching_basis(run, inputs, vectors),
        vectors.headings,
        vectors.claims,
        _rows_of_claims(inputs, vectors.queries),
        inputs.log.queries,
        cited.is_cited,
        cited.is_reported,
        cited.is_asked,
        cited.query_rows,
        cited.page_ids,
        plan,
        match.cross_encoder,
    )

    def fit() -> dict[str, Any]:
        return asdict(fit_calibration(scorer, by_topic, cited, plan))

    # The cache stores plain values as JSON, which has neither tuples nor dataclasses: both are
    # built again here.
    stored = run.cache.get_or_compute("calibration", basis, fit)
    self_test = SelfTest(**stored["self_test"]) if stored["self_test"] else None
    plain = {**stored, "names": tuple(stored["names"]), "self_test": self_test}
    return Calibration(**plain)


def _check(run: Run, inputs: Inputs, by_topic: Clusters, draws: Floats) -> CheckedCoverage | None:
    """Return what people's checks say of coverage; None where nobody checked."""
    queries = inputs.log.queries
    checks = read_checks(inputs.question_checks, list(queries["query_id"]))
    if not len(checks):
        return None
    topics = by_topic.set_index("query_id")["cluster_id"].reindex(queries["query_id"])
    questions = Questions(
        coverage=draws,
        clusters=np.asarray(pd.factorize(topics)[0], dtype=np.int64),
        demand=np.asarray(demand_weights(queries), dtype=np.float64),
        is_cited=inputs.is_cited,
    )
    return check_coverage(questions, checks, run.seed)


def _with_fused(matches: Matches, scorer: EvidenceScorer, own_site: str) -> Matches:
    """Return the matches with your passages in the order of both retrievers."""
    others = matches[matches["site"] != own_site]
    return pd.concat([scorer.own_matches(own_site), others], ignore_index=True)


def _cluster(
    run: Run, inputs: Inputs, topics: Embeddings, matches: Matches
) -> tuple[Clusters, ClusterQuality]:
    """Return clusters and their quality, computed or from an earlier run on the same basis."""
    log = inputs.log
    citations = log.citations.assign(url=log.citations["url"].map(page_id))
    shared = find_shared_results(log.answers, citations, log.searches, inputs.mentions, matches)

    def compute() -> dict[str, Any]:
        table, quality = cluster_queries(topics, shared, run.seed)
        return {"table": table, "quality": asdict(quality)}

    stored = run.cache.get_or_compute("clusters", (topics, shared, run.seed), compute)
    return stored["table"], ClusterQuality(**stored["quality"])
