"""analyze(): one run from settings to an Analysis."""

import platform
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.analysis import About, Analysis
from coverage_kit.headline import predict_covered
from coverage_kit.match.clusters import ClusterQuality
from coverage_kit.match.themes import describe_themes
from coverage_kit.pipeline.coverage import RunCoverage, RunVectors, embed_inputs, fit_coverage
from coverage_kit.pipeline.edits import EditPlan, plan_edits
from coverage_kit.pipeline.gaps import RunGaps, find_gaps
from coverage_kit.pipeline.inputs import Inputs, read_inputs
from coverage_kit.pipeline.levels import (
    describe_checked,
    draw_outcomes,
    find_asked,
    share_covered,
    share_unanswered,
)
from coverage_kit.pipeline.map import draw_map
from coverage_kit.pipeline.run import Run, open_run
from coverage_kit.pipeline.visibility import VisibilityTables, track_visibility
from coverage_kit.rank.causes import demand_weights
from coverage_kit.settings import Settings
from coverage_kit.vectors import Encoder

# Libraries whose versions may change the figures of a run.
_LIBRARIES = (
    "coverage_kit",
    "sentence-transformers",
    "torch",
    "faiss-cpu",
    "scikit-learn",
    "umap-learn",
    "trafilatura",
)


def analyze(settings: Settings, encoder: Encoder | None = None) -> Analysis:
    """Return the analysis of a site against its log: gaps, edits and every table on the way.

    Args:
        settings: every setting (`read_settings`).
        encoder: used instead of the encoder that the settings name.

    Raises CoverageKitError, with where, what, found and cure, for input that cannot be used.
    """
    run = open_run(settings, encoder)
    inputs = read_inputs(run)
    vectors = embed_inputs(run, inputs)
    coverage = fit_coverage(run, inputs, vectors)
    gaps = find_gaps(run, inputs, coverage)
    plan = plan_edits(run, inputs, coverage, gaps)
    visibility = track_visibility(run, inputs, coverage, gaps, plan)
    return assemble(run, inputs, vectors, coverage, gaps, plan, visibility)


def assemble(  # noqa: PLR0913 (what each step of a run returns)
    run: Run,
    inputs: Inputs,
    vectors: RunVectors,
    coverage: RunCoverage,
    gaps: RunGaps,
    plan: EditPlan,
    visibility: VisibilityTables,
) -> Analysis:
    """Return the analysis of what the steps return; draw the map and book the cost of embedding."""
    log = inputs.log
    audit = plan.audit
    points = draw_map(coverage.vectors, vectors, inputs.is_own_passage, run.settings, run.cache)
    run.clock.finish("map")
    run.ledger.add(run.settings.out, "embed", run.encoder.name, run.clock.spent)
    return Analysis(
        pages=inputs.pages,
        passages=inputs.passages,
        queries=log.queries,
        answers=log.answers,
        citations=log.citations,
        mentions=inputs.mentions,
        searches=log.searches,
        failures=log.failures,
        rejects=visibility.rejects,
        matches=coverage.matches,
        evidence=gaps.evidence,
        coverage=gaps.coverage,
        clusters=coverage.clusters,
        themes=describe_themes(coverage.clusters, log.queries, coverage.names.themes, gaps.gaps),
        gaps=plan.gaps,
        edits=plan.edits,
        changes=plan.changes,
        effects=plan.effects,
        facts=plan.facts,
        frontier=plan.frontier,
        points=points,
        visibility=visibility.visibility,
        about=replace(describe_run(run, inputs, coverage, gaps, plan), seen_at=visibility.seen_at),
        stages=run.clock.table(),
        spans=log.spans,
        sources=log.sources,
        unread=inputs.sites.unread,
        holders=visibility.holders,
        competitors=visibility.competitors,
        verdicts=visibility.verdicts,
        drifts=visibility.drifts,
        sessions=visibility.sessions,
        search_demand=visibility.search_demand,
        referrals=visibility.referrals,
        associations=visibility.associations,
        fetches=inputs.fetches.fetches,
        fetch_files=inputs.fetches.files,
        absent_pages=visibility.absent_pages,
        page_effects=visibility.page_effects,
        statements=audit.statements,
        disagreements=audit.disagreements,
        groups=inputs.groups,
        audits=audit.audits,
        findings=audit.findings,
        checks=audit.checks,
        brand_claims=audit.brand_claims,
        claim_rates=audit.claim_rates,
        question_checks=inputs.question_checks,
        missing_items=inputs.missing_items,
        embeddings={"query_vectors": vectors.queries, "passage_vectors": vectors.passages},
    )


def describe_run(
    run: Run, inputs: Inputs, coverage: RunCoverage, gaps: RunGaps, plan: EditPlan
) -> About:
    """Return what a reader needs to judge the run: settings, versions, self-test, clustering."""
    calibration = coverage.calibration
    self_test = calibration.self_test
    versions = {name: version(name) for name in _LIBRARIES}
    # with checks, the draws of the level hold what is not known of the outcomes
    outcomes = coverage.draws
    if coverage.checked is None:
        clusters = coverage.clusters.set_index("query_id")["cluster_id"]
        topics = pd.factorize(clusters.reindex(inputs.log.queries["query_id"]))[0]
        outcomes = draw_outcomes(coverage.draws, np.asarray(topics, dtype=np.int64), run.seed)
    is_asked = find_asked(inputs.log.queries)
    outcomes = outcomes[:, is_asked]
    covered = share_covered(outcomes, demand_weights(inputs.log.queries)[is_asked])
    demand = float(inputs.log.queries["demand"].sum())
    return About(
        own_site=inputs.own_site,
        brand=inputs.brand or inputs.own_site,
        encoder=run.encoder.name,
        settings=run.settings.model_dump(mode="json"),
        self_test=asdict(self_test) if self_test else None,
        retrievers=asdict(coverage.scorer.reliability),
        covered=covered,
        unanswered=share_unanswered(outcomes),
        question_check=describe_checked(coverage.checked),
        evidence_used=list(calibration.names),
        unanswered_share=float(calibration.unanswered_share[0]),
        clustering=_plain_quality(coverage.quality),
        log_columns=inputs.log.mapping,
        index=coverage.index,
        n_answers_read=inputs.log.n_answers_read,
        share_of_answers_kept=inputs.log.share_of_answers_kept,
        n_queries_read=inputs.n_queries_read,
        n_holdout=len(run.holdout),
        causes_not_assessed=gaps.causes_not_assessed,
        n_candidates=plan.n_candidates,
        n_small_edits=plan.n_small,
        least_edit_gain=plan.least_gain,
        log_months=plan.log_months,
        planned=predict_covered(covered["value"], demand, plan.edits, plan.frontier),
        share_of_bound=plan.share_of_bound,
        track_record=asdict(plan.track_record),
        choice_model=plan.citations.choice_model,
        no_choice_model=plan.citations.reason,
        seed=run.seed,
        versions={"python": platform.python_version(), **versions},
    )


def _plain_quality(quality: ClusterQuality) -> dict[str, Any]:
    """Return the quality of all clusters together; what is known of each is in the gaps."""
    values = asdict(quality)
    del values["pairs_kept_by_cluster"]
    return values
