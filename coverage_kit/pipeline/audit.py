"""What is weak on your pages, what answers get wrong about the brand, and edits that mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_kit.collect.brand_claims import split_brand_claims
from coverage_kit.collect.outline import outline_pages
from coverage_kit.collect.statements import collect_statements
from coverage_kit.collect.urls import page_id
from coverage_kit.embed.texts import passage_texts
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.measure.brand_claims import (
    OwnPassage,
    PlainClaimJudge,
    judge_brand_claims,
    measure_claim_rates,
)
from coverage_kit.measure.consistency import find_disagreements
from coverage_kit.measure.pillars.audit import audit_pages
from coverage_kit.measure.pillars.check_associations import CitedLog, measure_checks
from coverage_kit.measure.pillars.site import SiteTables
from coverage_kit.pipeline.coverage import RunCoverage
from coverage_kit.pipeline.gaps import RunGaps
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.run import Run
from coverage_kit.rank.candidates import Candidate, EditedSite
from coverage_kit.rank.edits import touches
from coverage_kit.rank.repairs import (
    clusters_of_pages,
    price_finding,
    propose_facts,
    propose_repairs,
)
from coverage_kit.tables import (
    Audits,
    BrandClaims,
    Checks,
    ClaimRates,
    Disagreements,
    Findings,
    LogTables,
    Statements,
)
from coverage_kit.vocabulary import DISMISSED

# Passages of your site that each claim about the brand is compared with (assumed: more cost time,
# and half of the claims that are missed lie further away than any such number would reach).
_PASSAGES_OF_A_CLAIM = 12


@dataclass(frozen=True)
class AuditTables:
    """What an audit shows, by the names of an Analysis' tables; findings have `cost_minutes`."""

    statements: Statements
    disagreements: Disagreements
    audits: Audits
    findings: Findings
    checks: Checks
    brand_claims: BrandClaims
    claim_rates: ClaimRates


@dataclass(frozen=True)
class Audit:
    """What an audit shows, and the candidate edits that mend it."""

    tables: AuditTables
    repairs: tuple[Candidate, ...]


def audit_site(
    run: Run, inputs: Inputs, fitted: RunCoverage, ranked: RunGaps, model: SiteModel
) -> Audit:
    """Return statements about the brand, weaknesses of your pages, and what answers get wrong.

    Args:
        run: the run.
        inputs: what it reads.
        fitted: coverage and clusters.
        ranked: gaps and causes.
        model: the model of your site.
    """
    log = inputs.log
    brand_names = run.settings.site.brand
    statements = collect_statements(inputs.own_pages, log.answers, brand_names)
    disagreements = find_disagreements(statements)
    site = SiteTables(
        own_site=inputs.own_site,
        pages=inputs.pages,
        passages=inputs.own_passages,
        outlines=outline_pages(inputs.own_pages),
        names=brand_names,
        this_year=inputs.last_year,
        statements=statements,
        disagreements=disagreements,
        gaps=ranked.gaps,
        queries=log.queries,
        coverage=ranked.coverage,
        clusters=fitted.clusters,
        answers=log.answers,
        citations=log.citations,
        mentions=inputs.mentions,
        holdout=run.holdout,
    )
    audits, findings = audit_pages(site)
    minutes = [price_finding(row, run.settings.rank) for row in findings.to_dict("records")]
    costs = pd.Series(minutes, index=findings.index, dtype="float64")
    cited = CitedLog(log.answers, log.citations, ranked.coverage, page_id)
    # Without a brand in the settings, the answers are not searched for claims about it.
    claims = find_wrong_claims(log, inputs.brand_names if brand_names else (), model)
    tables = AuditTables(
        statements=statements,
        disagreements=disagreements,
        audits=audits,
        findings=findings.assign(cost_minutes=costs),
        checks=measure_checks(audits, cited, run.seed),
        brand_claims=claims,
        claim_rates=measure_claim_rates(claims),
    )
    return Audit(tables, _list_repairs(run, inputs, fitted, ranked, tables))


def _list_repairs(
    run: Run, inputs: Inputs, fitted: RunCoverage, ranked: RunGaps, tables: AuditTables
) -> tuple[Candidate, ...]:
    """Return the edits that mend findings or correct answers, for gaps that an edit can close.

    Dismissed gaps have none.
    """
    effort = run.settings.rank
    queries = inputs.log.queries
    own = inputs.own_passages
    site = EditedSite(own)
    is_closable = ranked.gaps["is_closable"].astype(bool)
    is_closable &= ranked.gaps["listing"] != DISMISSED
    closable = ranked.gaps.loc[is_closable, "cluster_id"]
    clusters = fitted.clusters[fitted.clusters["cluster_id"].isin(closable)]
    cluster_of = clusters_of_pages(ranked.coverage, clusters, queries, own)
    repairs = propose_repairs(tables.findings, cluster_of, site, effort)
    # Held-out questions judge the edits, so no fact is proposed from the answers to them.
    is_holdout = tables.brand_claims["query_id"].isin(list(run.holdout))
    facts = propose_facts(tables.brand_claims[~is_holdout], queries, clusters, site, effort)
    return tuple(
        candidate for candidate in (*repairs, *facts) if not touches(candidate, effort.locked_pages)
    )


def find_wrong_claims(
    log: LogTables, names: Sequence[Sequence[str]], model: SiteModel
) -> BrandClaims:
    """Return what answers claim about your brand, compared with your nearest passages.

    Args:
        log: the log's tables.
        names: names of each tracked brand, your own first.
        model: the passages of your site and their vectors.
    """
    claims = split_brand_claims(log.answers, names)
    # Many answers repeat a sentence. Each distinct sentence is encoded and searched once.
    texts: list[str] = claims["text"].unique().tolist()
    near = dict(zip(texts, _nearest_passages(texts, model), strict=True)) if texts else {}
    judge = PlainClaimJudge(names[0] if names else (), passage_texts(model.scorer.passages))
    return judge_brand_claims(claims, near, judge)


def _nearest_passages(texts: list[str], model: SiteModel) -> list[list[OwnPassage]]:
    """Return for each text your passages that are nearest to it, the nearest first."""
    passages = model.scorer.passages
    vectors = model.space.move_passages(model.encoder.encode(texts))
    content = model.scorer.passage_vectors
    _, rows_by_text = nearest_rows(np.ascontiguousarray(vectors), content, _PASSAGES_OF_A_CLAIM)
    own = [
        OwnPassage(passage_id, text)
        for passage_id, text in zip(passages["passage_id"], passage_texts(passages), strict=True)
    ]
    return [[own[row] for row in rows] for rows in rows_by_text]
