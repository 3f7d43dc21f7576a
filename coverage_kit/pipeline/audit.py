"""What is weak on the own pages, and what answers get wrong about the brand. Glue between stages."""

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
from coverage_kit.measure.pillars.check_associations import (
    CitedLog,
    measure_checks,
)
from coverage_kit.measure.pillars.site import SiteTables
from coverage_kit.pipeline.edits import year_of
from coverage_kit.rank.candidates import Candidate, Site
from coverage_kit.rank.edits import touches
from coverage_kit.rank.repairs import (
    clusters_of_pages,
    price_finding,
    propose_facts,
    propose_repairs,
)
from coverage_kit.settings import Settings
from coverage_kit.tables import (
    Audits,
    BrandClaims,
    Checks,
    ClaimRates,
    Clusters,
    Coverage,
    Disagreements,
    Findings,
    Gaps,
    LogTables,
    Mentions,
    Pages,
    Passages,
    Statements,
)

_NEAR = 12  # own passages that a claim is held against


@dataclass(frozen=True)
class AuditInputs:
    """What an audit reads beside the own site: pages of all sites, what is asked, how far it is covered, who is named.

    From queries of the `holdout` no words are written.
    """

    pages: Pages
    gaps: Gaps
    coverage: Coverage
    clusters: Clusters
    mentions: Mentions
    holdout: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AuditTables:
    """What an audit found, by the names of an Analysis' tables; findings are priced (`cost_minutes`)."""

    statements: Statements
    disagreements: Disagreements
    audits: Audits
    findings: Findings
    checks: Checks
    brand_claims: BrandClaims
    claim_rates: ClaimRates


@dataclass(frozen=True)
class Audited:
    """What an audit found, and the candidate edits that mend it."""

    tables: AuditTables
    repairs: tuple[Candidate, ...]


def audit_site(
    settings: Settings,
    log: LogTables,
    asked: AuditInputs,
    names: Sequence[Sequence[str]],
    model: SiteModel,
) -> Audited:
    """Return what is told of the brand, how the own pages stand along the four pillars, and what answers get wrong.

    Args:
        settings: every knob.
        log: the log's tables.
        asked: what else is known.
        names: names of each tracked brand, the own one first.
        model: the own site's passages and their vectors.
    """
    own = model.scorer.passages
    brand = settings.site.brand
    own_site = str(own["site"].iloc[0])
    pages = asked.pages[asked.pages["site"] == own_site]
    statements = collect_statements(pages, log.answers, brand)
    disagreements = find_disagreements(statements)
    site = SiteTables(
        *(
            own_site,
            asked.pages,
            own,
            outline_pages(pages),
            brand,
            year_of(log),
            statements,
            disagreements,
        ),
        *(
            asked.gaps,
            log.queries,
            asked.coverage,
            asked.clusters,
            log.answers,
            log.citations,
            asked.mentions,
        ),
        holdout=asked.holdout,
    )
    audits, findings = audit_pages(site)
    prices = [price_finding(row, settings.rank) for row in findings.to_dict("records")]
    priced = findings.assign(cost_minutes=pd.Series(prices, index=findings.index, dtype="float64"))
    checks = measure_checks(
        audits,
        CitedLog(log.answers, log.citations, asked.coverage, page_id),
        settings.seed,
    )
    claims = find_wrong_claims(log, names if brand else (), model)
    found = AuditTables(
        statements,
        disagreements,
        audits,
        priced,
        checks,
        claims,
        measure_claim_rates(claims),
    )
    return Audited(found, _list_repairs(settings, log, asked, found, own))


def _list_repairs(
    settings: Settings,
    log: LogTables,
    asked: AuditInputs,
    found: AuditTables,
    own: Passages,
) -> tuple[Candidate, ...]:
    """Return the candidate edits that mend what the audit found, and that state what answers get wrong, for winnable gaps."""
    is_closable = asked.gaps.loc[asked.gaps["is_closable"].astype(bool), "cluster_id"]
    clusters = asked.clusters[asked.clusters["cluster_id"].isin(is_closable)]
    cluster_of = clusters_of_pages(asked.coverage, clusters, log.queries, own)
    repairs = propose_repairs(found.findings, cluster_of, Site(own), settings.rank)
    told = found.brand_claims[~found.brand_claims["query_id"].isin(list(asked.holdout))]
    facts = propose_facts(told, log.queries, clusters, Site(own), settings.rank)
    return tuple(one for one in (*repairs, *facts) if not touches(one, settings.rank.locked_pages))


def find_wrong_claims(
    log: LogTables, names: Sequence[Sequence[str]], model: SiteModel
) -> BrandClaims:
    """Return what the log's answers claim of the own brand, each held against the nearest own passages by words and figures.

    Args:
        log: the log's tables.
        names: names of each tracked brand, the own one first.
        model: the own site's passages and their vectors.
    """
    claims = split_brand_claims(log.answers, names)
    texts: list[str] = claims["text"].unique().tolist()
    near = dict(zip(texts, _nearest(texts, model), strict=True)) if texts else {}
    return judge_brand_claims(claims, near, PlainClaimJudge(names[0] if names else ()))


def _nearest(texts: list[str], model: SiteModel) -> list[list[OwnPassage]]:
    """Return for each text the own passages nearest to it, the nearest first."""
    passages = model.scorer.passages
    vectors = model.space.move_passages(model.encoder.encode(texts))
    _, rows = nearest_rows(np.ascontiguousarray(vectors), model.scorer.content, _NEAR)
    own = [
        OwnPassage(*one)
        for one in zip(passages["passage_id"], passage_texts(passages), strict=True)
    ]
    return [[own[row] for row in of_text] for of_text in rows]
